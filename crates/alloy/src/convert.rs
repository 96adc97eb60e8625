//! Values as what a component wants. A number is taken where a string is wanted and the other way
//! round; nothing else is guessed.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::capsule::Capsule;
use crate::duration::parse_duration;
use crate::scanner::parse_number;
use crate::secret::Secret;
use crate::size::{ByteSize, parse_size};
use crate::value::{Number, Value};

/// What can be read from a value.
pub trait FromValue: Sized {
    /// Reads it.
    ///
    /// # Errors
    /// What was wanted, and what was found.
    fn from_value(value: &Value) -> Result<Self, Mismatch>;

    /// What `null` stands for; also what stands in the place of a value that is unknown or wrong,
    /// so that reading can go on to the next problem.
    fn zero() -> Self;

    /// What stands in the place of a value that is not known yet.
    fn unknown() -> Self {
        Self::zero()
    }
}

/// A value of which something else was wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// Where in the value, from the outside: `[2].name`. Empty if it is the value itself.
    pub path: String,
    /// What is wrong.
    pub message: String,
}

impl Mismatch {
    /// Something is wrong with the value itself.
    pub fn new(message: impl Into<String>) -> Self {
        Self { path: String::new(), message: message.into() }
    }

    fn wanted(wanted: &str, found: &Value) -> Self {
        let shown = match found {
            Value::String(_) | Value::Number(_) | Value::Bool(_) => shortened(found),
            _ => String::new(),
        };
        let found = found.type_name();
        Self::new(format!("expected {wanted}, found {found}{shown}"))
    }

    /// The same within a larger value.
    #[must_use]
    pub fn within(mut self, outer: &str) -> Self {
        self.path.insert_str(0, outer);
        self
    }
}

/// The value after a space, if it is short enough to help.
fn shortened(value: &Value) -> String {
    const CHARS_MAX: usize = 40;
    let text = value.to_string();
    if text.chars().count() > CHARS_MAX { String::new() } else { format!(" {text}") }
}

impl std::fmt::Display for Mismatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.path.is_empty() {
            return f.write_str(&self.message);
        }
        write!(f, "at {}: {}", self.path, self.message)
    }
}

impl FromValue for Value {
    fn from_value(value: &Value) -> Result<Self, Mismatch> {
        Ok(value.clone())
    }

    fn zero() -> Self {
        Self::Null
    }

    fn unknown() -> Self {
        Self::Unknown
    }
}

impl FromValue for bool {
    fn from_value(value: &Value) -> Result<Self, Mismatch> {
        match value {
            Value::Bool(value) => Ok(*value),
            other => Err(Mismatch::wanted("bool", other)),
        }
    }

    fn zero() -> Self {
        false
    }
}

impl FromValue for String {
    fn from_value(value: &Value) -> Result<Self, Mismatch> {
        match value {
            Value::String(text) => Ok(text.to_string()),
            Value::Number(number) => Ok(number.to_string()),
            Value::OptionalSecret { text, is_secret: false } => Ok(text.expose().to_owned()),
            Value::Secret(_) | Value::OptionalSecret { .. } => Err(Mismatch::new(
                "expected string, found secret: wrap it in convert.nonsensitive() if it may be shown",
            )),
            other => Err(Mismatch::wanted("string", other)),
        }
    }

    fn zero() -> Self {
        Self::new()
    }
}

impl FromValue for Secret {
    fn from_value(value: &Value) -> Result<Self, Mismatch> {
        match value {
            Value::Secret(text) | Value::OptionalSecret { text, .. } => Ok(text.clone()),
            Value::String(text) => Ok(Self::new(Arc::clone(text))),
            Value::Number(number) => Ok(Self::new(number.to_string())),
            other => Err(Mismatch::wanted("secret", other)),
        }
    }

    fn zero() -> Self {
        Self::default()
    }
}

impl FromValue for Number {
    fn from_value(value: &Value) -> Result<Self, Mismatch> {
        match value {
            Value::Number(number) => Ok(*number),
            Value::String(text) => {
                parse_number(text).ok_or_else(|| Mismatch::wanted("number", value))
            }
            other => Err(Mismatch::wanted("number", other)),
        }
    }

    fn zero() -> Self {
        Self::Int(0)
    }
}

impl FromValue for f64 {
    fn from_value(value: &Value) -> Result<Self, Mismatch> {
        Number::from_value(value).map(Number::to_f64)
    }

    fn zero() -> Self {
        0.0
    }
}

macro_rules! whole_numbers {
    ($($type:ty,)*) => {$(
        impl FromValue for $type {
            fn from_value(value: &Value) -> Result<Self, Mismatch> {
                let number = Number::from_value(value)?;
                let Some(whole) = number.to_i128() else {
                    return Err(Mismatch::new(format!("expected a whole number, found {number}")));
                };
                whole.try_into().map_err(|_| {
                    let (least, most) = (Self::MIN, Self::MAX);
                    Mismatch::new(format!("{whole} is not between {least} and {most}"))
                })
            }

            fn zero() -> Self {
                0
            }
        }
    )*};
}

whole_numbers! { u16, u32, u64, usize, i32, i64, }

impl FromValue for Duration {
    fn from_value(value: &Value) -> Result<Self, Mismatch> {
        match value {
            Value::String(text) => parse_duration(text).map_err(Mismatch::new),
            Value::Number(number) if number.to_f64() == 0.0 => Ok(Self::ZERO),
            Value::Number(number) => Err(Mismatch::new(format!(
                "expected duration, found number {number}: write a string such as \"{number}s\""
            ))),
            other => Err(Mismatch::wanted("duration", other)),
        }
    }

    fn zero() -> Self {
        Self::ZERO
    }
}

impl FromValue for ByteSize {
    fn from_value(value: &Value) -> Result<Self, Mismatch> {
        match value {
            Value::String(text) => parse_size(text).map_err(Mismatch::new),
            Value::Number(_) => u64::from_value(value).map(Self),
            other => Err(Mismatch::wanted("size", other)),
        }
    }

    fn zero() -> Self {
        Self(0)
    }
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: &Value) -> Result<Self, Mismatch> {
        match value {
            Value::Null => Ok(None),
            value => T::from_value(value).map(Some),
        }
    }

    fn zero() -> Self {
        None
    }
}

/// Unknown elements are left out: how many there will be is not known either.
impl<T: FromValue> FromValue for Vec<T> {
    fn from_value(value: &Value) -> Result<Self, Mismatch> {
        let Value::Array(elements) = value else { return Err(Mismatch::wanted("array", value)) };
        let known = elements.iter().enumerate().filter(|(_, element)| **element != Value::Unknown);
        known
            .map(|(at, element)| read(element).map_err(|error| error.within(&format!("[{at}]"))))
            .collect()
    }

    fn zero() -> Self {
        Self::new()
    }
}

/// Fields in the order of their names.
impl<T: FromValue> FromValue for BTreeMap<String, T> {
    fn from_value(value: &Value) -> Result<Self, Mismatch> {
        fields(value)
    }

    fn zero() -> Self {
        Self::new()
    }
}

/// Fields in the order in which they were written.
impl<T: FromValue> FromValue for Vec<(String, T)> {
    fn from_value(value: &Value) -> Result<Self, Mismatch> {
        fields(value)
    }

    fn zero() -> Self {
        Self::new()
    }
}

/// What is found somewhere, by labels: what discovery exports and sources take.
pub type Target = BTreeMap<String, String>;

/// What is in a capsule of one type.
#[derive(Debug, Clone)]
pub struct Handle<T>(pub Arc<T>);

/// A type that travels in capsules.
pub trait Encapsulated: Any + Send + Sync {
    /// The name that users know: `loki.LogsReceiver`.
    const TYPE_NAME: &'static str;
}

/// Nothing stands in the place of what is unknown: there is no receiver without a component.
impl<T: Encapsulated> FromValue for Option<Handle<T>> {
    fn from_value(value: &Value) -> Result<Self, Mismatch> {
        match value {
            Value::Null => Ok(None),
            Value::Capsule(capsule) => {
                capsule.get().map(|inner| Some(Handle(inner))).ok_or_else(|| wrong::<T>(value))
            }
            other => Err(wrong::<T>(other)),
        }
    }

    fn zero() -> Self {
        None
    }
}

/// Unknown elements and nulls are left out.
impl<T: Encapsulated> FromValue for Vec<Handle<T>> {
    fn from_value(value: &Value) -> Result<Self, Mismatch> {
        let Value::Array(elements) = value else { return Err(Mismatch::wanted("array", value)) };
        let mut out = Self::new();
        for (at, element) in elements.iter().enumerate() {
            let handle: Result<Option<Handle<T>>, _> = read(element);
            out.extend(handle.map_err(|error| error.within(&format!("[{at}]")))?);
        }
        Ok(out)
    }

    fn zero() -> Self {
        Self::new()
    }
}

fn wrong<T: Encapsulated>(found: &Value) -> Mismatch {
    Mismatch::wanted(&format!("capsule(\"{}\")", T::TYPE_NAME), found)
}

impl FromValue for Capsule {
    fn from_value(value: &Value) -> Result<Self, Mismatch> {
        match value {
            Value::Capsule(capsule) => Ok(capsule.clone()),
            other => Err(Mismatch::wanted("capsule", other)),
        }
    }

    fn zero() -> Self {
        Self::new("nothing", Arc::new(()))
    }
}

/// A value, its null and its unknown.
pub(crate) fn read<T: FromValue>(value: &Value) -> Result<T, Mismatch> {
    match value {
        Value::Null => Ok(T::zero()),
        Value::Unknown => Ok(T::unknown()),
        value => T::from_value(value),
    }
}

fn fields<T: FromValue, C: FromIterator<(String, T)>>(value: &Value) -> Result<C, Mismatch> {
    let Value::Object(object) = value else { return Err(Mismatch::wanted("object", value)) };
    let read_field = |(name, value): (&Arc<str>, &Value)| {
        let read = read(value).map_err(|error| error.within(&format!(".{name}")))?;
        Ok((name.to_string(), read))
    };
    object.iter().map(read_field).collect()
}
