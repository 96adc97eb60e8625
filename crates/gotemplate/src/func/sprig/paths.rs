//! The parts of paths with slashes. `osBase` and its like do the same: we do not run on Windows.

use crate::func::function::{Call, Function, Param};
use crate::value::{Value, lossy};

use Param::Str;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("base", &[Str], BASE),
    Function::new("osBase", &[Str], BASE),
    Function::new("dir", &[Str], DIR),
    Function::new("osDir", &[Str], DIR),
    Function::new("clean", &[Str], CLEAN),
    Function::new("osClean", &[Str], CLEAN),
    Function::new("ext", &[Str], EXT),
    Function::new("osExt", &[Str], EXT),
    Function::new("isAbs", &[Str], IS_ABS),
    Function::new("osIsAbs", &[Str], IS_ABS),
];

const BASE: Call = |_, args| Ok(Value::owned(base(&lossy(args[0].bytes()))));
const CLEAN: Call = |_, args| Ok(Value::owned(clean(&lossy(args[0].bytes()))));
const EXT: Call = |_, args| Ok(Value::owned(extension(&lossy(args[0].bytes()))));
const IS_ABS: Call = |_, args| Ok(Value::Bool(args[0].bytes().starts_with(b"/")));
const DIR: Call = |_, args| {
    let path = lossy(args[0].bytes());
    let end = path.rfind('/').map_or(0, |at| at + 1);
    Ok(Value::owned(clean(&path[..end])))
};

fn base(path: &str) -> &str {
    match path.trim_end_matches('/') {
        "" if path.is_empty() => ".",
        "" => "/",
        path => path.rsplit('/').next().unwrap_or(path),
    }
}

/// From the last point of the last part on.
fn extension(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rfind('.').map_or("", |at| &name[at..])
}

/// The shortest path that leads to the same place, by the text alone.
fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            ".." if rooted => {}
            part => parts.push(part),
        }
    }
    match (rooted, parts.join("/")) {
        (true, path) => format!("/{path}"),
        (false, path) if path.is_empty() => ".".to_owned(),
        (false, path) => path,
    }
}
