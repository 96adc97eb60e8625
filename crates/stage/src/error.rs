//! Why a pipeline cannot be built.

use std::fmt;

/// A setting that makes no sense, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// The stage, from the outermost `stage.match` inwards: its place among its neighbours, from 0,
    /// and its name.
    pub path: Vec<(usize, &'static str)>,
    /// The argument; empty when none in particular is wrong.
    pub argument: &'static str,
    /// What is wrong with it.
    pub message: String,
}

impl Error {
    pub(crate) fn new(argument: &'static str, message: impl Into<String>) -> Self {
        Self { path: Vec::new(), argument, message: message.into() }
    }

    /// The same error, of a stage inside this one.
    pub(crate) fn inside(mut self, at: usize, name: &'static str) -> Self {
        self.path.insert(0, (at, name));
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (_, name) in &self.path {
            write!(f, "stage.{name}: ")?;
        }
        if !self.argument.is_empty() {
            write!(f, "{}: ", self.argument)?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}
