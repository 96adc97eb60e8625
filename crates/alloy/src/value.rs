//! What expressions evaluate to.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use crate::capsule::Capsule;
use crate::limits::VALUE_DEPTH_MAX;
use crate::secret::Secret;
use crate::stdlib::Function;

/// A value.
#[derive(Debug, Clone)]
pub enum Value {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number.
    Number(Number),
    /// A string.
    String(Arc<str>),
    /// A string that is never shown.
    Secret(Secret),
    /// A string of which only its origin knows whether it may be shown.
    OptionalSecret {
        /// The string.
        text: Secret,
        /// Whether it is one that is never shown.
        is_secret: bool,
    },
    /// Values in their order.
    Array(Arc<Vec<Value>>),
    /// Values with names.
    Object(Arc<Object>),
    /// A function of the standard library.
    Function(&'static Function),
    /// Something that only components understand.
    Capsule(Capsule),
    /// What is not known before a configuration runs. It satisfies every type, and whatever is
    /// computed from it is unknown as well; so a configuration can be checked.
    Unknown,
}

/// A number. Alloy has one type for all three; what is kept apart is what loses nothing.
#[derive(Clone, Copy)]
pub enum Number {
    /// A whole number.
    Int(i64),
    /// A whole number beyond [`i64::MAX`].
    Uint(u64),
    /// Any other.
    Float(f64),
}

impl Value {
    /// A string.
    #[must_use]
    pub fn string(text: impl AsRef<str>) -> Self {
        Self::String(text.as_ref().into())
    }

    /// A whole number.
    #[must_use]
    pub fn int(value: i64) -> Self {
        Self::Number(Number::Int(value))
    }

    /// An array.
    #[must_use]
    pub fn array(elements: Vec<Self>) -> Self {
        Self::Array(Arc::new(elements))
    }

    /// An object; of two fields with the same name the later one counts.
    #[must_use]
    pub fn object<K: Into<Arc<str>>>(fields: impl IntoIterator<Item = (K, Self)>) -> Self {
        Self::Object(Arc::new(fields.into_iter().map(|(k, v)| (k.into(), v)).collect()))
    }

    /// The type's name, as errors have it.
    #[must_use]
    pub fn type_name(&self) -> String {
        let name = match self {
            Self::Null => "null",
            Self::Bool(_) => "bool",
            Self::Number(_) => "number",
            Self::String(_) => "string",
            Self::Secret(_) => "secret",
            Self::OptionalSecret { .. } => "optional secret",
            Self::Array(_) => "array",
            Self::Object(_) => "object",
            Self::Function(_) => "function",
            Self::Capsule(capsule) => return format!("capsule(\"{}\")", capsule.type_name()),
            Self::Unknown => "unknown",
        };
        name.to_owned()
    }

    /// Whether a part of it is not known yet.
    #[must_use]
    pub fn has_unknown(&self) -> bool {
        match self {
            Self::Unknown => true,
            Self::Array(elements) => elements.iter().any(Self::has_unknown),
            Self::Object(object) => object.iter().any(|(_, value)| value.has_unknown()),
            _ => false,
        }
    }

    /// Whether it nests no deeper than values may.
    pub(crate) fn is_shallow(&self) -> bool {
        fn fits(value: &Value, left: usize) -> bool {
            match value {
                Value::Array(elements) => {
                    left > 0 && elements.iter().all(|element| fits(element, left - 1))
                }
                Value::Object(object) => {
                    left > 0 && object.iter().all(|(_, value)| fits(value, left - 1))
                }
                _ => true,
            }
        }
        fits(self, VALUE_DEPTH_MAX)
    }

    /// What Alloy calls a zero value: what `coalesce` passes over.
    pub(crate) fn is_zero(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Bool(value) => !value,
            Self::Number(number) => number.to_f64() == 0.0,
            Self::String(text) => text.is_empty(),
            Self::Secret(text) => text.expose().is_empty(),
            Self::OptionalSecret { text, is_secret } => text.expose().is_empty() && !is_secret,
            Self::Array(elements) => elements.is_empty(),
            Self::Object(object) => object.is_empty(),
            Self::Function(_) | Self::Capsule(_) | Self::Unknown => false,
        }
    }
}

/// Equal as `==` of the language has it: numbers by their value, functions never.
impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) | (Self::Unknown, Self::Unknown) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Number(a), Self::Number(b)) => a == b,
            (Self::String(a), Self::String(b)) => a == b,
            (Self::Array(a), Self::Array(b)) => a == b,
            (Self::Object(a), Self::Object(b)) => a == b,
            (Self::Capsule(a), Self::Capsule(b)) => a == b,
            _ => match (self.secret_text(), other.secret_text()) {
                (Some(a), Some(b)) => a == b,
                _ => false,
            },
        }
    }
}

impl Value {
    /// The text of a string or of either sort of secret.
    fn secret_text(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            Self::Secret(text) | Self::OptionalSecret { text, .. } => Some(text.expose()),
            _ => None,
        }
    }
}

/// The value as it would be written; what cannot be written stands in parentheses.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Number(number) => write!(f, "{number}"),
            Self::String(text) => f.write_str(&crate::quote::quote(text)),
            Self::OptionalSecret { text, is_secret: false } => {
                f.write_str(&crate::quote::quote(text.expose()))
            }
            Self::Secret(_) | Self::OptionalSecret { .. } => f.write_str("(secret)"),
            Self::Array(elements) => {
                f.write_str("[")?;
                for (i, element) in elements.iter().enumerate() {
                    let comma = if i > 0 { ", " } else { "" };
                    write!(f, "{comma}{element}")?;
                }
                f.write_str("]")
            }
            Self::Object(object) => {
                f.write_str("{")?;
                for (i, (name, value)) in object.iter().enumerate() {
                    let comma = if i > 0 { "," } else { "" };
                    write!(f, "{comma} {} = {value}", crate::quote::key(name))?;
                }
                f.write_str(if object.is_empty() { "}" } else { " }" })
            }
            Self::Function(function) => write!(f, "(function {})", function.name),
            Self::Capsule(capsule) => write!(f, "(capsule {})", capsule.type_name()),
            Self::Unknown => f.write_str("(unknown)"),
        }
    }
}

impl Number {
    /// The number, rounded where it must be.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "Go converts it in the same way")]
    pub fn to_f64(self) -> f64 {
        match self {
            Self::Int(value) => value as f64,
            Self::Uint(value) => value as f64,
            Self::Float(value) => value,
        }
    }

    /// The number if it is a whole one.
    #[must_use]
    pub fn to_i128(self) -> Option<i128> {
        // Beyond these, a float's neighbours are further than one apart.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        match self {
            Self::Int(value) => Some(value.into()),
            Self::Uint(value) => Some(value.into()),
            Self::Float(value) if value.fract() == 0.0 && value.abs() <= EXACT => {
                #[expect(clippy::cast_possible_truncation, reason = "it is whole and small")]
                let whole = value as i128;
                Some(whole)
            }
            Self::Float(_) => None,
        }
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.partial_cmp(other) == Some(std::cmp::Ordering::Equal)
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        match (self, other) {
            (Self::Float(_), _) | (_, Self::Float(_)) => self.to_f64().partial_cmp(&other.to_f64()),
            _ => self.to_i128().partial_cmp(&other.to_i128()),
        }
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(value) => write!(f, "{value}"),
            Self::Uint(value) => write!(f, "{value}u"),
            Self::Float(value) => write!(f, "{value:?}"),
        }
    }
}

/// As Alloy makes a string of a number.
impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(value) => write!(f, "{value}"),
            Self::Uint(value) => write!(f, "{value}"),
            Self::Float(value) => write!(f, "{value}"),
        }
    }
}

/// Values with names, in the order in which they were given.
#[derive(Debug, Clone, Default)]
pub struct Object {
    fields: Vec<(Arc<str>, Value)>,
}

impl Object {
    /// The value of a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.fields.iter().find(|(known, _)| &**known == name).map(|(_, value)| value)
    }

    /// Names and values in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&Arc<str>, &Value)> {
        self.fields.iter().map(|(name, value)| (name, value))
    }

    /// The names in their order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().map(|(name, _)| &**name)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }
}

/// Of two fields with the same name, the later value counts, in the place of the first.
impl FromIterator<(Arc<str>, Value)> for Object {
    fn from_iter<I: IntoIterator<Item = (Arc<str>, Value)>>(fields: I) -> Self {
        let mut known: HashMap<Arc<str>, usize> = HashMap::new();
        let mut out: Vec<(Arc<str>, Value)> = Vec::new();
        for (name, value) in fields {
            match known.get(&name) {
                Some(at) => out[*at].1 = value,
                None => {
                    known.insert(Arc::clone(&name), out.len());
                    out.push((name, value));
                }
            }
        }
        Self { fields: out }
    }
}

/// Equal whatever the order is.
impl PartialEq for Object {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len()
            && self.iter().all(|(name, value)| other.get(name).is_some_and(|it| it == value))
    }
}
