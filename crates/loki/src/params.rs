//! The parameters of a request: names and values, from the query string or a form.

use crate::error::ParamError;

/// Names with values, in the order of the request; a name may come more than once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Params(Vec<(String, String)>);

impl Params {
    /// The parameters of these pairs.
    pub fn new(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(pairs.into_iter().collect())
    }

    /// The first value of a name; empty counts as absent, as in Loki.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let first = self.0.iter().find(|(known, _)| known == name);
        first.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// All values of a name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// A whole number, or `None` when it is absent.
    ///
    /// # Errors
    /// When the value is not a whole number.
    pub fn integer(&self, name: &'static str) -> Result<Option<i64>, ParamError> {
        let Some(value) = self.get(name) else { return Ok(None) };
        match value.parse() {
            Ok(number) => Ok(Some(number)),
            Err(_) => Err(ParamError::Count { name, value: value.to_owned() }),
        }
    }

    /// A whole number above zero, or the default.
    ///
    /// # Errors
    /// When the value is not a whole number, or not above zero.
    pub fn limit(&self, name: &'static str, default: usize) -> Result<usize, ParamError> {
        match self.integer(name)? {
            None => Ok(default),
            Some(number) => match usize::try_from(number) {
                Ok(number) if number > 0 => Ok(number),
                _ => Err(ParamError::Limit),
            },
        }
    }
}
