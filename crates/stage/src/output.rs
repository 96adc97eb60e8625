//! `stage.output`: makes an extracted value the line.

use alloy::decode::Arguments;

use crate::entry::Entry;
use crate::error::Error;
use crate::process::{Context, Flow, Process};

/// The settings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    /// The extracted value.
    pub source: String,
}

impl Config {
    /// Reads the settings of a block.
    pub(crate) fn decode(args: &mut Arguments<'_, '_>) -> Self {
        Self { source: args.required("source") }
    }
}

/// The stage.
#[derive(Debug)]
pub(crate) struct Output {
    source: String,
}

impl Output {
    pub(crate) fn build(config: &Config) -> Result<Self, Error> {
        if config.source.is_empty() {
            return Err(Error::new("source", "must name an extracted value"));
        }
        Ok(Self { source: config.source.clone() })
    }
}

impl Process for Output {
    fn process(&mut self, entry: &mut Entry, _context: &mut Context<'_>) -> Flow {
        if let Some(text) = entry.extracted.text(&self.source) {
            entry.line = text.into_owned();
        }
        Flow::Next
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::StageConfig;
    use crate::testing::{check, check_error};

    fn of(source: &str) -> StageConfig {
        StageConfig::Output(Config { source: source.into() })
    }

    #[test]
    fn a_value_becomes_the_line() {
        check(&[of("app")], r#"{app="web"}"#, "x", r#"{app="web"} web"#);
        check(&[of("none")], r#"{app="web"}"#, "x", r#"{app="web"} x"#);
        let expressions = [("n".to_owned(), String::new()), ("z".to_owned(), String::new())].into();
        let json = crate::json::Config { expressions, ..Default::default() };
        let json = StageConfig::Json(json);
        check(&[json.clone(), of("n")], "{}", r#"{"n":2.0}"#, "{} 2 <n=2, z=null>");
        check(&[json, of("z")], "{}", r#"{"z":null}"#, r#"{} {"z":null} <n=null, z=null>"#);
        check_error(of(""), "stage.output: source: must name an extracted value");
    }
}
