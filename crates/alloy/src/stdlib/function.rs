//! What a function is, and how it is called.

use std::fmt;
use std::sync::Arc;

use crate::limits::{ELEMENTS_MAX, TEXT_BYTES_MAX};
use crate::scope::Environment;
use crate::value::{Object, Value};

/// A function of the standard library.
pub struct Function {
    /// Its name, with its namespace.
    pub name: &'static str,
    /// How many arguments it takes at least.
    pub least: usize,
    /// How many it takes at most.
    pub most: usize,
    pub(super) run: fn(&Call<'_>) -> Result<Value, CallError>,
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "(function {})", self.name)
    }
}

/// One call: the arguments and the world.
pub(super) struct Call<'a> {
    pub(super) values: &'a [Value],
    pub(super) environment: &'a dyn Environment,
}

/// Why a call failed.
#[derive(Debug)]
pub(crate) struct CallError {
    /// Because of which argument, counted from 0.
    pub(crate) argument: Option<usize>,
    /// What it says.
    pub(crate) message: String,
}

/// Calls a function. With an argument of which a part is unknown, the result is.
pub(crate) fn call(
    function: &Function,
    values: &[Value],
    environment: &dyn Environment,
) -> Result<Value, CallError> {
    if values.len() < function.least || values.len() > function.most {
        let wanted = match (function.least, function.most) {
            (least, usize::MAX) => format!("at least {least}"),
            (least, most) if least == most => least.to_string(),
            (least, most) => format!("{least} to {most}"),
        };
        let s = if wanted.ends_with('1') { "" } else { "s" };
        return Err(CallError::new(format!("takes {wanted} argument{s}, not {}", values.len())));
    }
    if values.iter().any(Value::has_unknown) {
        return Ok(Value::Unknown);
    }
    (function.run)(&Call { values, environment })
}

impl CallError {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { argument: None, message: message.into() }
    }

    pub(super) fn at(argument: usize, message: impl Into<String>) -> Self {
        Self { argument: Some(argument), message: message.into() }
    }
}

impl Call<'_> {
    /// An argument that is a string, or a number that is taken as one.
    pub(super) fn text(&self, at: usize) -> Result<Arc<str>, CallError> {
        text(&self.values[at]).ok_or_else(|| self.wrong(at, "string", &self.values[at]))
    }

    /// An argument that is an array.
    pub(super) fn array(&self, at: usize) -> Result<&Arc<Vec<Value>>, CallError> {
        match &self.values[at] {
            Value::Array(elements) => Ok(elements),
            other => Err(self.wrong(at, "array", other)),
        }
    }

    /// An argument that is an array of strings.
    pub(super) fn texts(&self, at: usize) -> Result<Vec<Arc<str>>, CallError> {
        let elements = self.array(at)?.iter();
        elements
            .map(|element| text(element).ok_or_else(|| self.wrong(at, "array of strings", element)))
            .collect()
    }

    /// An argument that is an array of objects.
    pub(super) fn objects(&self, at: usize) -> Result<Vec<&Arc<Object>>, CallError> {
        let elements = self.array(at)?.iter();
        elements
            .map(|element| match element {
                Value::Object(object) => Ok(object),
                other => Err(self.wrong(at, "array of objects", other)),
            })
            .collect()
    }

    /// An argument that is true or false, or false if it is not there.
    pub(super) fn flag(&self, at: usize) -> Result<bool, CallError> {
        match self.values.get(at) {
            None => Ok(false),
            Some(Value::Bool(value)) => Ok(*value),
            Some(other) => Err(self.wrong(at, "bool", other)),
        }
    }

    pub(super) fn wrong(&self, at: usize, wanted: &str, found: &Value) -> CallError {
        CallError::at(
            at,
            format!("argument {} must be {wanted}, not {}", at + 1, found.type_name()),
        )
    }
}

/// A value as a string, if strings are made of its type without being asked.
pub(super) fn text(value: &Value) -> Option<Arc<str>> {
    match value {
        Value::String(text) => Some(Arc::clone(text)),
        Value::OptionalSecret { text, is_secret: false } => Some(text.expose().into()),
        Value::Number(number) => Some(number.to_string().into()),
        _ => None,
    }
}

/// A string, unless it is longer than strings may be.
pub(super) fn bounded(text: impl Into<Arc<str>>) -> Result<Value, CallError> {
    let text = text.into();
    check_length(text.len())?;
    Ok(Value::String(text))
}

/// An error if a string of that length would be too long.
pub(super) fn check_length(length: usize) -> Result<(), CallError> {
    if length <= TEXT_BYTES_MAX {
        return Ok(());
    }
    Err(CallError::new(format!("the result would have more than {TEXT_BYTES_MAX} bytes")))
}

/// An error if an array of that many elements would be too long.
pub(super) fn check_count(count: usize) -> Result<(), CallError> {
    if count <= ELEMENTS_MAX {
        return Ok(());
    }
    Err(CallError::new(format!("the result would have more than {ELEMENTS_MAX} elements")))
}
