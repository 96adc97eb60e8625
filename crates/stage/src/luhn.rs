//! `stage.luhn`: hides numbers whose check digit is right, as those of payment cards.

use alloy::decode::Arguments;
use logql::regex::Regex;

use crate::entry::Entry;
use crate::error::Error;
use crate::json::named_source;
use crate::process::{Context, Flow, Process};

/// The longest number that is looked at, in digits: what Alloy's 64 bits can hold is shorter, and
/// no card's number is longer.
const DIGITS_MAX: usize = 64;

/// The settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Shorter numbers are left alone.
    pub min_length: usize,
    /// What stands in the place of a number.
    pub replacement: String,
    /// The extracted value to read; `None`: the line. What comes of it is the line.
    pub source: Option<String>,
    /// Characters that may stand between the digits of a number.
    pub delimiters: String,
    /// Numbers that match this stay; empty: none.
    pub skip_regex: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            min_length: 13,
            replacement: "**REDACTED**".to_owned(),
            source: None,
            delimiters: String::new(),
            skip_regex: String::new(),
        }
    }
}

impl Config {
    /// Reads the settings of a block.
    pub(crate) fn decode(args: &mut Arguments<'_, '_>) -> Self {
        let default = Self::default();
        Self {
            min_length: args.optional("min_length", default.min_length),
            replacement: args.optional("replacement", default.replacement),
            source: args.given::<Option<String>>("source").flatten(),
            delimiters: args.optional("delimiters", String::new()),
            skip_regex: args.optional("skip_regex", String::new()),
        }
    }
}

/// The stage.
#[derive(Debug)]
pub(crate) struct Luhn {
    min_length: usize,
    replacement: String,
    source: Option<String>,
    delimiters: String,
    skip: Option<Regex>,
}

impl Luhn {
    pub(crate) fn build(config: &Config) -> Result<Self, Error> {
        let default = Config::default();
        let skip = Regex::new(&config.skip_regex);
        let skip = skip.map_err(|error| Error::new("skip_regex", error))?;
        Ok(Self {
            min_length: match config.min_length {
                0 => default.min_length,
                length => length,
            },
            replacement: match config.replacement.as_str() {
                "" => default.replacement,
                replacement => replacement.to_owned(),
            },
            source: named_source(config.source.as_ref())?,
            delimiters: config.delimiters.clone(),
            skip: (!config.skip_regex.is_empty()).then_some(skip),
        })
    }
}

impl Process for Luhn {
    fn process(&mut self, entry: &mut Entry, _context: &mut Context<'_>) -> Flow {
        let Some(text) = entry.input(self.source.as_deref()) else { return Flow::Next };
        let hidden = self.hide(&text);
        if let Some(line) = hidden.or_else(|| self.source.is_some().then(|| text.into_owned())) {
            entry.line = line;
        }
        Flow::Next
    }
}

impl Luhn {
    /// The text without its numbers, if there were any.
    fn hide(&self, text: &str) -> Option<String> {
        let mut out: Option<String> = None;
        let (mut at, mut copied) = (0, 0);
        while let Some(start) = text[at..].find(|c: char| c.is_ascii_digit()) {
            let start = at + start;
            let end = self.number_end(text, start);
            if self.is_secret(&text[start..end]) {
                let out = out.get_or_insert_default();
                out.push_str(&text[copied..start]);
                out.push_str(&self.replacement);
                copied = end;
            }
            at = end;
        }
        let mut out = out?;
        out.push_str(&text[copied..]);
        Some(out)
    }

    /// Where a number ends: behind its last digit.
    fn number_end(&self, text: &str, start: usize) -> usize {
        let mut end = start;
        for (at, c) in text[start..].char_indices() {
            if c.is_ascii_digit() {
                end = start + at + 1;
            } else if !self.delimiters.contains(c) {
                break;
            }
        }
        end
    }

    fn is_secret(&self, number: &str) -> bool {
        let digits = || number.bytes().filter(u8::is_ascii_digit);
        let length = digits().count();
        let is_long = length >= self.min_length && length <= DIGITS_MAX;
        let stays = || self.skip.as_ref().is_some_and(|skip| skip.is_match(number));
        is_long && checksum(digits()) == 0 && !stays()
    }
}

/// Luhn's sum of the digits, modulo 10: every second one counts twice, from the right.
fn checksum(digits: impl DoubleEndedIterator<Item = u8>) -> u32 {
    let sum = digits.rev().enumerate().map(|(at, digit)| {
        let digit = u32::from(digit - b'0') << (at % 2);
        if digit > 9 { digit - 9 } else { digit }
    });
    sum.sum::<u32>() % 10
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::StageConfig;
    use crate::testing::check_error;

    #[track_caller]
    fn check(config: Config, line: &str, expect: &str) {
        let expect = format!("{{app=\"4032032513548443\"}} {expect}");
        let labels = "{app=\"4032032513548443\"}";
        crate::testing::check(&[StageConfig::Luhn(config)], labels, line, &expect);
    }

    #[test]
    fn numbers_are_hidden() {
        let config = Config { replacement: "**DELETED**".into(), ..Config::default() };
        check(
            config,
            "message=\"credit card approved 4032032513548443\" extra",
            "message=\"credit card approved **DELETED**\" extra",
        );
        check(Config::default(), "4032032513548444", "4032032513548444");
        check(Config::default(), "x 79927398713", "x 79927398713");
        let short = Config { min_length: 11, ..Config::default() };
        check(short, "x 79927398713 79927398713", "x **REDACTED** **REDACTED**");
        check(Config::default(), "é4032032513548443é", "é**REDACTED**é");
    }

    #[test]
    fn delimiters_between_digits() {
        let config = Config { delimiters: " -".into(), ..Config::default() };
        check(config.clone(), "card 4032-0325-1354-8443 ok", "card **REDACTED** ok");
        check(config, "card 4032-0325-1354-8444 - ok", "card 4032-0325-1354-8444 - ok");
    }

    #[test]
    fn some_numbers_stay() {
        let config = Config { skip_regex: "^4032".into(), ..Config::default() };
        check(config, "4032032513548443", "4032032513548443");
        let config = Config { source: Some("app".into()), ..Config::default() };
        check(config, "x", "**REDACTED**");
        let config = Config { source: Some("none".into()), ..Config::default() };
        check(config, "4032032513548443", "4032032513548443");
    }

    #[test]
    fn settings_that_make_no_sense() {
        check_error(
            StageConfig::Luhn(Config { source: Some(String::new()), ..Config::default() }),
            "stage.luhn: source: must not be empty; leave it out to use the line",
        );
    }
}
