//! Which name stands for which function or constant.

use super::function::{Call, CallError, Function};
use super::{array, convert, encoding, file, format, json_path, string, sys};
use crate::scope::Environment;
use crate::value::Value;

const ANY: usize = usize::MAX;

const fn function(
    name: &'static str,
    (least, most): (usize, usize),
    run: fn(&Call<'_>) -> Result<Value, CallError>,
) -> Function {
    Function { name, least, most, run }
}

/// Every function. A name without a namespace that is below another's stands behind it in `OLD`.
static FUNCTIONS: &[Function] = &[
    function("array.combine_maps", (3, 4), array::combine_maps),
    function("array.concat", (0, ANY), array::concat),
    function("array.group_by", (3, 3), array::group_by),
    function("coalesce", (0, ANY), convert::coalesce),
    function("convert.nonsensitive", (1, 1), convert::nonsensitive),
    function("encoding.from_URLbase64", (1, 1), encoding::from_url_base64),
    function("encoding.from_base64", (1, 1), encoding::from_base64),
    function("encoding.from_json", (1, 1), encoding::from_json),
    function("encoding.from_yaml", (1, 1), encoding::from_yaml),
    function("encoding.to_URLbase64", (1, 1), encoding::to_url_base64),
    function("encoding.to_base64", (1, 1), encoding::to_base64),
    function("encoding.to_json", (1, 1), encoding::to_json),
    function("encoding.url_decode", (1, 1), encoding::url_decode),
    function("encoding.url_encode", (1, 1), encoding::url_encode),
    function("file.path_join", (0, ANY), file::path_join),
    function("json_path", (2, 2), json_path::json_path),
    function("string.format", (1, ANY), format::format),
    function("string.join", (2, 2), string::join),
    function("string.replace", (3, 3), string::replace),
    function("string.split", (2, 2), string::split),
    function("string.to_lower", (1, 1), string::to_lower),
    function("string.to_upper", (1, 1), string::to_upper),
    function("string.trim", (2, 2), string::trim),
    function("string.trim_prefix", (2, 2), string::trim_prefix),
    function("string.trim_space", (1, 1), string::trim_space),
    function("string.trim_suffix", (2, 2), string::trim_suffix),
    function("sys.env", (1, 1), sys::env),
];

/// The spellings before there were namespaces; they are still valid.
static OLD: &[(&str, &str)] = &[
    ("base64_decode", "encoding.from_base64"),
    ("concat", "array.concat"),
    ("env", "sys.env"),
    ("format", "string.format"),
    ("join", "string.join"),
    ("json_decode", "encoding.from_json"),
    ("nonsensitive", "convert.nonsensitive"),
    ("replace", "string.replace"),
    ("split", "string.split"),
    ("to_lower", "string.to_lower"),
    ("to_upper", "string.to_upper"),
    ("trim", "string.trim"),
    ("trim_prefix", "string.trim_prefix"),
    ("trim_space", "string.trim_space"),
    ("trim_suffix", "string.trim_suffix"),
    ("yaml_decode", "encoding.from_yaml"),
];

/// What a name without dots stands for: a function, a constant, or an object with functions.
pub(crate) fn lookup(name: &str, environment: &dyn Environment) -> Option<Value> {
    match name {
        "constants" => return Some(sys::constants(environment)),
        "module_path" => return Some(Value::string(environment.module_path())),
        _ => {}
    }
    let new = OLD.iter().find(|(old, _)| *old == name).map_or(name, |(_, new)| new);
    if let Some(function) = FUNCTIONS.iter().find(|function| function.name == new) {
        return Some(Value::Function(function));
    }
    let members: Vec<_> = FUNCTIONS
        .iter()
        .filter_map(|function| {
            let (namespace, member) = function.name.split_once('.')?;
            (namespace == name).then_some((member, Value::Function(function)))
        })
        .collect();
    (!members.is_empty()).then(|| Value::object(members))
}

/// Every name that [`lookup`] knows.
pub(crate) fn names() -> Vec<&'static str> {
    let first = |name: &'static str| name.split('.').next().unwrap_or(name);
    let old = OLD.iter().map(|(old, _)| *old);
    FUNCTIONS
        .iter()
        .map(move |function| first(function.name))
        .chain(old)
        .chain(["constants", "module_path"])
        .collect()
}
