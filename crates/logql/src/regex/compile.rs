//! A compiled regular expression.

use super::loose::{self, Loose};
use super::shape::{self, Search, Whole};
use super::translate::{Translation, translate};

/// A regular expression in Go's syntax, compiled. Matching takes time linear in the text.
#[derive(Debug, Clone)]
pub struct Regex {
    compiled: ::regex::Regex,
    translation: Translation,
}

impl Regex {
    /// Compiles an expression that may match anywhere in a text: line filters, `regexp`.
    ///
    /// # Errors
    /// In Go's words (`error parsing regexp: …`), why it is none.
    pub fn new(pattern: &str) -> Result<Self, String> {
        let translation = translate(pattern)?;
        Self::compile(translation)
    }

    /// Compiles an expression of a label filter. It must match the whole value, but for some that
    /// Loki takes for searches: see the module `loose`.
    ///
    /// # Errors
    /// As [`Regex::new`].
    pub fn of_label_filter(pattern: &str) -> Result<Self, String> {
        match loose::read(pattern) {
            Some(Loose::Anything) => Self::of_selector(pattern),
            Some(Loose::Search(search)) => Self::new(&search),
            None => Self::anchored(pattern),
        }
    }

    /// Compiles an expression that must match a whole text: `label_replace`.
    ///
    /// # Errors
    /// As [`Regex::new`].
    pub fn anchored(pattern: &str) -> Result<Self, String> {
        let translation = translate(pattern)?;
        let pattern = format!("^(?:{})$", translation.pattern);
        Self::compile(Translation { pattern, ..translation })
    }

    /// Compiles an expression that must match a whole text, in which `.` is any character, line
    /// breaks too: the matchers of a selector.
    ///
    /// # Errors
    /// As [`Regex::new`].
    pub fn of_selector(pattern: &str) -> Result<Self, String> {
        let translation = translate(pattern)?;
        let pattern = format!("^(?s:{})$", translation.pattern);
        Self::compile(Translation { pattern, ..translation })
    }

    /// Whether it matches.
    #[must_use]
    pub fn is_match(&self, text: &str) -> bool {
        self.compiled.is_match(text)
    }

    /// What its groups matched.
    #[must_use]
    pub fn captures<'t>(&self, text: &'t str) -> Option<::regex::Captures<'t>> {
        self.compiled.captures(text)
    }

    /// Number and name of each named group. A name may come twice.
    #[must_use]
    pub fn names(&self) -> &[(usize, String)] {
        &self.translation.names
    }

    /// The compiled expression. Its groups have numbers only.
    #[must_use]
    pub fn inner(&self) -> &::regex::Regex {
        &self.compiled
    }

    /// What an expression made by [`Regex::new`] comes down to.
    #[must_use]
    pub fn as_search(&self) -> Search {
        shape::search(&self.translation.pattern)
    }

    /// What an expression made by [`Regex::anchored`] or [`Regex::of_selector`] comes down to.
    #[must_use]
    pub fn as_whole(&self) -> Whole {
        shape::whole(&self.translation.pattern)
    }

    fn compile(translation: Translation) -> Result<Self, String> {
        match ::regex::Regex::new(&translation.pattern) {
            Ok(compiled) => Ok(Self { compiled, translation }),
            Err(::regex::Error::CompiledTooBig(_)) => {
                Err("error parsing regexp: expression too large".to_owned())
            }
            Err(error) => {
                let last = error.to_string();
                let reason = last.lines().last().unwrap_or_default();
                let reason = reason.strip_prefix("error: ").unwrap_or(reason);
                Err(format!("error parsing regexp: {reason}"))
            }
        }
    }
}

#[cfg(test)]
mod tests;
