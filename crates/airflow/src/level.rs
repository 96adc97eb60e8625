//! The one level vocabulary: Python's five names in lower case, as Airflow 3 writes them.

use std::fmt;

/// How grave a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Level {
    /// For who searches a fault.
    Debug,
    /// As planned.
    Info,
    /// Unexpected, and dealt with.
    Warning,
    /// Something failed.
    Error,
    /// The process cannot go on.
    Critical,
}

impl Level {
    /// Reads a level as Python's logging, structlog or the servers that Airflow runs in write it,
    /// in either case. `None` for any other word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        const WORDS: [(&str, Level); 9] = [
            ("info", Level::Info),
            ("warning", Level::Warning),
            ("error", Level::Error),
            ("debug", Level::Debug),
            ("critical", Level::Critical),
            ("warn", Level::Warning),
            ("exception", Level::Error),
            ("fatal", Level::Critical),
            ("trace", Level::Debug),
        ];
        WORDS.iter().find(|(known, _)| known.eq_ignore_ascii_case(word)).map(|(_, level)| *level)
    }

    /// The name, as the label `level` has it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(word: &str, expect: Option<&str>) {
        assert_eq!(Level::parse(word).map(Level::as_str), expect, "for {word}");
    }

    #[test]
    fn one_word_for_each_level() {
        check("INFO", Some("info"));
        check("WARN", Some("warning"));
        check("Warning", Some("warning"));
        check("CRITICAL", Some("critical"));
        check("fatal", Some("critical"));
        check("NOTICE", None);
        check("", None);
    }
}
