//! Lines, as logcli prints them: time, the labels that tell streams apart, line.

use std::io::{self, Write};

use anyhow::Result;
use jiff::tz::TimeZone;
use loki::query::Direction;
use loki::response::{LabelMap, StreamEntry, StreamValues};
use serde::Serialize;

use super::{color, json, labels};
use crate::args::{LabelDisplayArgs, OutputArgs, OutputMode};
use crate::time::TimestampFormat;

/// How lines are shown.
#[derive(Debug, Clone)]
pub struct Style {
    /// Which form.
    pub output: OutputMode,
    /// Which labels.
    pub labels: LabelDisplayArgs,
    /// The zone of times.
    pub zone: TimeZone,
    /// How times are written in the default form.
    pub times: TimestampFormat,
    /// Whether lines are coloured.
    pub colored: bool,
    /// Whether nothing is said beside the lines.
    pub quiet: bool,
}

impl Style {
    /// As the arguments say; lines are coloured where a terminal shows them.
    ///
    /// # Errors
    /// When there is no such time zone.
    pub fn new(output: &OutputArgs, labels: &LabelDisplayArgs) -> Result<Self> {
        Ok(Self {
            output: output.output,
            labels: labels.clone(),
            zone: crate::time::zone(&output.timezone)?,
            times: output.output_timestamp_format,
            colored: color::wanted(),
            quiet: output.quiet,
        })
    }
}

/// Prints batch after batch of one answer.
#[derive(Debug)]
pub struct Lines {
    style: Style,
    /// What was last said to be common; nothing before the first batch.
    common: Option<LabelMap>,
}

/// A line for programs. logcli sorts the keys, and leaves labels out if told to.
#[derive(Serialize)]
struct JsonLine<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    labels: Option<&'a LabelMap>,
    line: &'a str,
    timestamp: String,
}

impl Lines {
    /// Nothing is printed yet.
    #[must_use]
    pub fn new(style: Style) -> Self {
        Self { style, common: None }
    }

    /// Prints the entries of all streams in one order of time, without the labels that all share.
    /// What those are is told beside the lines, the first time and when it changes.
    ///
    /// # Errors
    /// When an output cannot be written.
    pub fn print(
        &mut self,
        out: &mut impl Write,
        beside: &mut impl Write,
        streams: &[StreamValues],
        direction: Direction,
    ) -> io::Result<()> {
        if streams.is_empty() {
            return Ok(());
        }
        let mut common = labels::common(streams);
        // A label that was asked for is shown, even if all have it.
        common.retain(|name, _| !self.style.labels.include_label.contains(name));
        self.tell(beside, &common)?;
        let none = LabelMap::new();
        let hidden = if self.style.labels.include_common_labels { &none } else { &common };
        let shown: Vec<LabelMap> = streams
            .iter()
            .map(|stream| labels::shown(&stream.stream, hidden, &self.style.labels))
            .collect();
        let width = shown.iter().map(|labels| labels::text(labels).len()).max();
        let width = width.unwrap_or_default().max(self.style.labels.labels_length);
        for (index, entry) in in_order(streams, direction) {
            self.entry(out, &shown[index], width, entry)?;
        }
        Ok(())
    }

    /// Prints lines as they arrive: with all labels, because what is common is not known yet.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub fn print_live(&self, out: &mut impl Write, streams: &[StreamValues]) -> io::Result<()> {
        let none = LabelMap::new();
        let width = self.style.labels.labels_length;
        for (index, entry) in in_order(streams, Direction::Forward) {
            let shown = labels::shown(&streams[index].stream, &none, &self.style.labels);
            self.entry(out, &shown, width, entry)?;
        }
        Ok(())
    }

    /// Says which labels are not beside the lines.
    fn tell(&mut self, beside: &mut impl Write, common: &LabelMap) -> io::Result<()> {
        let is_first = self.common.is_none();
        if self.style.quiet || self.common.as_ref() == Some(common) {
            return Ok(());
        }
        let red = |text: &str| color::red(text, self.style.colored);
        if !common.is_empty() {
            writeln!(beside, "Common labels: {}", red(&labels::text(common)))?;
        }
        let LabelDisplayArgs { exclude_label, include_label, .. } = &self.style.labels;
        if is_first && !exclude_label.is_empty() {
            writeln!(beside, "Ignoring labels key: {}", red(&exclude_label.join(",")))?;
        }
        if is_first && !include_label.is_empty() {
            writeln!(beside, "Print only labels key: {}", red(&include_label.join(",")))?;
        }
        self.common = Some(common.clone());
        Ok(())
    }

    fn entry(
        &self,
        out: &mut impl Write,
        labels: &LabelMap,
        width: usize,
        entry: &StreamEntry,
    ) -> io::Result<()> {
        let style = &self.style;
        match style.output {
            OutputMode::Raw => writeln!(out, "{}", entry.line),
            OutputMode::Jsonl => {
                let line = JsonLine {
                    labels: (!style.labels.no_labels).then_some(labels),
                    line: &entry.line,
                    timestamp: TimestampFormat::Rfc3339Nano.show(entry.timestamp, &style.zone),
                };
                json::line(out, &line)
            }
            OutputMode::Default | OutputMode::Chart => {
                let time = style.times.show(entry.timestamp, &style.zone);
                write!(out, "{} ", color::blue(&time, style.colored))?;
                if !style.labels.no_labels {
                    write!(out, "{} ", self.colored_labels(labels, width))?;
                }
                writeln!(out, "{}", entry.line.trim())
            }
        }
    }

    fn colored_labels(&self, labels: &LabelMap, width: usize) -> String {
        let text = labels::text(labels);
        // Go counts bytes.
        let padding = width.saturating_sub(text.len());
        let padded = format!("{text}{:padding$}", "");
        if self.style.labels.colored_output {
            color::by_key(&padded, &text, self.style.colored)
        } else {
            color::red(&padded, self.style.colored)
        }
    }
}

/// Entries with the number of their stream.
fn in_order(streams: &[StreamValues], direction: Direction) -> Vec<(usize, &StreamEntry)> {
    let entries = streams.iter().enumerate();
    let mut entries: Vec<_> =
        entries.flat_map(|(i, stream)| stream.values.iter().map(move |e| (i, e))).collect();
    match direction {
        Direction::Forward => entries.sort_by_key(|(_, entry)| entry.timestamp),
        Direction::Backward => entries.sort_by_key(|(_, e)| std::cmp::Reverse(e.timestamp)),
    }
    entries
}

#[cfg(test)]
mod tests;
