//! `detected_level`: the level of an entry, found as Loki finds it, because Grafana colours lines
//! and draws its volume histogram by it.

use model::Labels;
use serde_json::Value;

/// The name of the structured metadata that holds the result.
pub const DETECTED_LEVEL: &str = "detected_level";
/// The level when nothing tells.
pub const UNKNOWN: &str = "unknown";
/// How deep in a JSON line a field is looked for (Loki's `log_level_from_json_max_depth`).
pub const DEFAULT_JSON_DEPTH: usize = 2;
/// The fields that tell the level, by default (Loki's `log_level_fields`).
pub const DEFAULT_FIELDS: [&str; 14] = [
    "level",
    "LEVEL",
    "Level",
    "log.level",
    "severity",
    "SEVERITY",
    "Severity",
    "SeverityText",
    "lvl",
    "LVL",
    "Lvl",
    "severity_text",
    "Severity_Text",
    "SEVERITY_TEXT",
];

/// A line larger than this is not parsed as JSON for its level alone.
const JSON_BYTES_MAX: usize = 64 * 1024;

/// Where a level may be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LevelDetector {
    fields: Vec<String>,
    json_depth: usize,
}

impl Default for LevelDetector {
    fn default() -> Self {
        Self::new(DEFAULT_FIELDS.map(str::to_owned).into(), DEFAULT_JSON_DEPTH)
    }
}

impl LevelDetector {
    /// A detector that looks at these fields, in JSON lines down to a depth.
    #[must_use]
    pub fn new(fields: Vec<String>, json_depth: usize) -> Self {
        Self { fields, json_depth }
    }

    /// The level of an entry. Asked in this order, the first that tells wins: `detected_level` in
    /// its metadata, a field among the labels of its stream, a field in its metadata, OTLP's
    /// `severity_number`, a field in the line (JSON or logfmt), the first word in the line that is
    /// a level.
    #[must_use]
    pub fn detect(&self, labels: &Labels, metadata: &Labels, line: &str) -> &'static str {
        self.told(labels, metadata).unwrap_or_else(|| self.of_line(line))
    }

    /// The level of every entry with these labels and this metadata, if they tell one: then its
    /// line is not asked.
    #[must_use]
    pub fn told(&self, labels: &Labels, metadata: &Labels) -> Option<&'static str> {
        let told = metadata.get(DETECTED_LEVEL);
        let told = told.or_else(|| self.field_of(labels)).or_else(|| self.field_of(metadata));
        match told {
            Some(value) => Some(level_of(value).unwrap_or(UNKNOWN)),
            None => metadata.get("severity_number").and_then(level_of_severity),
        }
    }

    /// The level of an entry of which neither labels nor metadata tell one.
    #[must_use]
    pub fn of_line(&self, line: &str) -> &'static str {
        let trimmed = line.trim();
        let field = if trimmed.starts_with('{') && trimmed.ends_with('}') {
            self.json_field(trimmed).and_then(|value| level_of(&value))
        } else if line.contains('=') {
            self.logfmt_field(line).and_then(level_of)
        } else {
            None
        };
        field.or_else(|| first_level_word(line)).unwrap_or(UNKNOWN)
    }

    fn field_of<'a>(&self, labels: &'a Labels) -> Option<&'a str> {
        // Names of labels have no point in them.
        self.fields.iter().find_map(|field| {
            labels.get(field).or_else(|| {
                field.contains('.').then(|| labels.get(&field.replace('.', "_"))).flatten()
            })
        })
    }

    fn json_field(&self, line: &str) -> Option<String> {
        if line.len() > JSON_BYTES_MAX {
            return None;
        }
        let value: Value = serde_json::from_str(line).ok()?;
        let mut objects = vec![&value];
        for _ in 0..self.json_depth {
            let maps: Vec<_> = objects.iter().filter_map(|value| value.as_object()).collect();
            for map in &maps {
                if let Some(Value::String(text)) = self.fields.iter().find_map(|f| map.get(f)) {
                    return Some(text.clone());
                }
            }
            objects = maps.iter().flat_map(|map| map.values()).collect();
        }
        None
    }

    fn logfmt_field<'a>(&self, line: &'a str) -> Option<&'a str> {
        let mut rest = line;
        loop {
            rest = rest.trim_start();
            let end = rest.find(|c: char| c == '=' || c.is_whitespace())?;
            let (key, tail) = rest.split_at(end);
            let Some(tail) = tail.strip_prefix('=') else {
                rest = tail;
                continue;
            };
            let (value, tail) = logfmt_value(tail);
            if self.fields.iter().any(|field| field == key) {
                return Some(value);
            }
            rest = tail;
        }
    }
}

/// A value and what follows it; escapes in quotes are skipped over, not undone: no level has any.
fn logfmt_value(text: &str) -> (&str, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        return text.split_at(text.find(char::is_whitespace).unwrap_or(text.len()));
    };
    let mut escaped = false;
    for (at, byte) in quoted.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return (&quoted[..at], &quoted[at + 1..]),
            _ => {}
        }
    }
    (quoted, "")
}

/// Loki's name of a level, from the ways in which programs write it.
fn level_of(text: &str) -> Option<&'static str> {
    const NAMES: [(&str, &str); 15] = [
        ("trace", "trace"),
        ("trc", "trace"),
        ("debug", "debug"),
        ("dbg", "debug"),
        ("info", "info"),
        ("inf", "info"),
        ("information", "info"),
        ("warn", "warn"),
        ("wrn", "warn"),
        ("warning", "warn"),
        ("error", "error"),
        ("err", "error"),
        ("critical", "critical"),
        ("fatal", "fatal"),
        ("unknown", UNKNOWN),
    ];
    let found = NAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(text));
    found.map(|(_, level)| *level)
}

/// OTLP's severities come in fours.
fn level_of_severity(number: &str) -> Option<&'static str> {
    let level = match number.parse::<i64>().ok()? {
        1..=4 => "trace",
        5..=8 => "debug",
        9..=12 => "info",
        13..=16 => "warn",
        17..=20 => "error",
        21..=24 => "fatal",
        _ => UNKNOWN,
    };
    Some(level)
}

/// The words that are looked for in a line; a word comes after those that begin with it.
const WORDS: [(&str, &str); 10] = [
    ("trace", "trace"),
    ("debug", "debug"),
    ("fatal", "fatal"),
    ("critical", "critical"),
    ("error", "error"),
    ("err", "error"),
    ("warning", "warn"),
    ("warn", "warn"),
    ("info", "info"),
    ("information", "info"),
];

/// What may stand before a level.
const BEFORE: &str = " \t\n[({\"'=|—";
/// What else may stand after it.
const AFTER: &str = "])}:,!";

fn first_level_word(line: &str) -> Option<&'static str> {
    let mut at_start = true;
    for (at, c) in line.char_indices() {
        if at_start && c.is_ascii_alphabetic() {
            let rest = &line[at..];
            let found = WORDS.iter().find(|(word, _)| starts_with_word(rest, word));
            if let Some((_, level)) = found {
                return Some(level);
            }
        }
        at_start = BEFORE.contains(c);
    }
    None
}

fn starts_with_word(text: &str, word: &str) -> bool {
    let Some((head, tail)) = text.split_at_checked(word.len()) else { return false };
    head.eq_ignore_ascii_case(word)
        && tail.chars().next().is_none_or(|c| BEFORE.contains(c) || AFTER.contains(c))
}

#[cfg(test)]
mod tests;
