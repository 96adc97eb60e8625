//! `stage.timestamp`: reads the entry's time from an extracted value.

use std::collections::HashMap;

use alloy::decode::Arguments;
use gotemplate::DateLayout;
use model::{Labels, Timestamp, rfc3339};

use crate::entry::Entry;
use crate::error::Error;
use crate::process::{Context, Flow, Process};

/// How many label sets have their last time remembered, as in Alloy; beyond, those that were not
/// seen for longest are forgotten.
const STREAMS_MAX: usize = 10_000;

/// The settings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    /// The extracted value.
    pub source: String,
    /// The name of a format, or a layout of Go's.
    pub format: String,
    /// Formats to try when the first does not fit.
    pub fallback_formats: Vec<String>,
    /// The zone of times that name none, by its name in the IANA database; empty: UTC.
    pub location: String,
    /// What happens when there is no time to be read.
    pub action_on_failure: OnFailure,
    /// What happens when the time is the one of the entry before.
    pub action_on_duplicate_timestamp: OnDuplicate,
}

/// What happens when there is no time to be read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnFailure {
    /// The time is a nanosecond after the last one of these labels.
    #[default]
    Fudge,
    /// The time stays as it is.
    Skip,
}

/// What happens to a time that comes again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnDuplicate {
    /// It is moved a nanosecond behind the last one of these labels.
    #[default]
    Fudge,
    /// It is kept.
    Keep,
}

impl Config {
    /// Reads the settings of a block.
    pub(crate) fn decode(args: &mut Arguments<'_, '_>) -> Self {
        let on_failure = [("fudge", OnFailure::Fudge), ("skip", OnFailure::Skip)];
        let on_duplicate = [("fudge", OnDuplicate::Fudge), ("keep", OnDuplicate::Keep)];
        let duplicate = "action_on_duplicate_timestamp";
        Self {
            source: args.required("source"),
            format: args.required("format"),
            fallback_formats: args.optional("fallback_formats", Vec::new()),
            location: args.optional("location", String::new()),
            action_on_failure: args.one_of("action_on_failure", &on_failure, OnFailure::Fudge),
            action_on_duplicate_timestamp: args.one_of(
                duplicate,
                &on_duplicate,
                OnDuplicate::Fudge,
            ),
        }
    }
}

/// The stage.
#[derive(Debug)]
pub(crate) struct SetTimestamp {
    source: String,
    formats: Vec<Format>,
    on_failure: OnFailure,
    on_duplicate: OnDuplicate,
    last: Last,
}

#[derive(Debug)]
enum Format {
    Rfc3339,
    /// Units of so many nanoseconds since 1970.
    Unix(i64),
    Layout(DateLayout),
}

impl SetTimestamp {
    pub(crate) fn build(config: &Config) -> Result<Self, Error> {
        if config.source.is_empty() {
            return Err(Error::new("source", "must name an extracted value"));
        }
        if config.format.is_empty() {
            return Err(Error::new("format", "a format or a layout is needed"));
        }
        let formats = std::iter::once(&config.format).chain(&config.fallback_formats);
        let formats = formats.map(|format| Format::new(format, &config.location));
        let unknown = || Error::new("location", format!("there is no zone {:?}", config.location));
        // A format with a name has no use for it; it is a mistake all the same.
        DateLayout::new("2006", &config.location).ok_or_else(unknown)?;
        Ok(Self {
            source: config.source.clone(),
            formats: formats.collect::<Option<_>>().ok_or_else(unknown)?,
            on_failure: config.action_on_failure,
            on_duplicate: config.action_on_duplicate_timestamp,
            last: Last::default(),
        })
    }
}

impl Format {
    /// `None` when there is no such location.
    fn new(format: &str, location: &str) -> Option<Self> {
        let (layout, location) = match format {
            "ANSIC" => ("Mon Jan _2 15:04:05 2006", ""),
            "UnixDate" => ("Mon Jan _2 15:04:05 MST 2006", ""),
            "RubyDate" => ("Mon Jan 02 15:04:05 -0700 2006", ""),
            "RFC822" => ("02 Jan 06 15:04 MST", ""),
            "RFC822Z" => ("02 Jan 06 15:04 -0700", ""),
            "RFC850" => ("Monday, 02-Jan-06 15:04:05 MST", ""),
            "RFC1123" => ("Mon, 02 Jan 2006 15:04:05 MST", ""),
            "RFC1123Z" => ("Mon, 02 Jan 2006 15:04:05 -0700", ""),
            "RFC3339" | "RFC3339Nano" => return Some(Self::Rfc3339),
            "Unix" => return Some(Self::Unix(1_000_000_000)),
            "UnixMs" => return Some(Self::Unix(1_000_000)),
            "UnixUs" => return Some(Self::Unix(1_000)),
            "UnixNs" => return Some(Self::Unix(1)),
            layout => (layout, location),
        };
        // The formats with a name have a zone in the text, or mean UTC.
        DateLayout::new(layout, location).map(Self::Layout)
    }

    fn read(&self, text: &str, now: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Rfc3339 => rfc3339::parse(text.as_bytes()),
            Self::Unix(unit) => unix(text, *unit).map(Timestamp),
            Self::Layout(layout) => layout.read(text, now.0).map(Timestamp),
        }
    }
}

/// Units since 1970; seconds may have decimals.
fn unix(text: &str, unit: i64) -> Option<i64> {
    let (whole, decimals) = match text.split_once('.') {
        Some((whole, decimals)) if unit == 1_000_000_000 => (whole, decimals),
        _ => (text, ""),
    };
    let nanos = match decimals.get(..9).unwrap_or(decimals) {
        "" if decimals.is_empty() && whole.len() == text.len() => 0,
        digits => format!("{digits:0<9}").parse::<u32>().ok()?,
    };
    whole.parse::<i64>().ok()?.checked_mul(unit)?.checked_add(i64::from(nanos))
}

impl Process for SetTimestamp {
    fn process(&mut self, entry: &mut Entry, context: &mut Context<'_>) -> Flow {
        let text = entry.extracted.text(&self.source);
        let read =
            |text: &str| self.formats.iter().find_map(|format| format.read(text, context.now));
        let read = text.and_then(|text| read(&text));
        if read.is_none() && self.on_failure == OnFailure::Skip {
            return Flow::Next;
        }
        let last = self.last.get(&entry.labels);
        let behind = last.map(|last| Timestamp(last.given.0.saturating_add(1)));
        let is_again = last.is_some_and(|last| Some(last.read) == read);
        let fudges = is_again && self.on_duplicate == OnDuplicate::Fudge;
        let time = if fudges { behind } else { read.or(behind) };
        // Without any time before there is nothing to go by.
        let Some(given) = time else { return Flow::Next };
        entry.timestamp = given;
        let read = read.or(last.map(|last| last.read)).unwrap_or(given);
        self.last.set(&entry.labels, Times { read, given });
        Flow::Next
    }
}

/// What an entry's time was read as, and what it was given.
#[derive(Debug, Clone, Copy)]
struct Times {
    read: Timestamp,
    given: Timestamp,
}

/// The last time of each label set, those that were seen lately and those of before.
#[derive(Debug, Default)]
struct Last {
    young: HashMap<Labels, Times>,
    old: HashMap<Labels, Times>,
}

impl Last {
    fn get(&self, labels: &Labels) -> Option<Times> {
        self.young.get(labels).or_else(|| self.old.get(labels)).copied()
    }

    fn set(&mut self, labels: &Labels, times: Times) {
        if let Some(last) = self.young.get_mut(labels) {
            *last = times;
            return;
        }
        if self.young.len() >= STREAMS_MAX / 2 {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(labels.clone(), times);
    }
}

#[cfg(test)]
mod tests;
