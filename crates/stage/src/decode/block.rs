//! An evaluated block, and what is wrong with it.

use std::collections::BTreeMap;
use std::ops::Range;

/// A block: a name, attributes, and blocks inside.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Block {
    /// The name, such as `stage.cri`.
    pub name: String,
    /// Where the name is, in bytes of the file.
    pub span: Range<usize>,
    /// The attributes, in order.
    pub attributes: Vec<Attribute>,
    /// The blocks inside, in order.
    pub blocks: Vec<Block>,
}

/// An attribute: a name and a value.
#[derive(Debug, Clone, PartialEq)]
pub struct Attribute {
    /// The name.
    pub name: String,
    /// Where it is, with its value, in bytes of the file.
    pub span: Range<usize>,
    /// The value.
    pub value: Value,
}

/// A value, as far as settings of stages can be made of it.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number.
    Number(f64),
    /// A text; secrets too.
    Text(String),
    /// A list.
    List(Vec<Value>),
    /// An object.
    Object(BTreeMap<String, Value>),
    /// Anything else, by the name of its type.
    Other(String),
}

/// A mistake and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// What is wrong, and what to do.
    pub message: String,
    /// Where, in bytes of the file.
    pub span: Range<usize>,
}

impl Value {
    /// The name of the type, for messages.
    #[must_use]
    pub fn type_name(&self) -> &str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "bool",
            Self::Number(_) => "number",
            Self::Text(_) => "string",
            Self::List(_) => "list",
            Self::Object(_) => "object",
            Self::Other(name) => name,
        }
    }

    /// The value as a text; numbers become texts, as everywhere in Alloy's language.
    pub(super) fn text(&self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text.clone()),
            Self::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    /// The value as a number; texts are read.
    pub(super) fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(text) => text.parse().ok(),
            _ => None,
        }
    }
}
