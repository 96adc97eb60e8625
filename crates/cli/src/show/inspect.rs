//! What is in a store, as tables.

use std::io::{self, Write};

use jiff::tz::TimeZone;
use model::Timestamp;
use store::inspect::{
    DayState, LabelSpace, LogFileState, ManifestState, SegmentDepth, SegmentState, Tail,
};

use super::{bytes, color, columns};
use crate::time;

/// Prints tables with times of one zone.
#[derive(Debug, Clone)]
pub struct Tables {
    zone: TimeZone,
    colored: bool,
}

impl Tables {
    /// Tables with times of this zone.
    #[must_use]
    pub fn new(zone: TimeZone, colored: bool) -> Self {
        Self { zone, colored }
    }

    /// Prints how much a manifest holds, and its writers.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub fn manifest(&self, out: &mut impl Write, manifest: &ManifestState) -> io::Result<()> {
        let (count, size) = (manifest.removed_segments, bytes::human(manifest.removed_bytes));
        let removed = format!("{count} segments, {size} of objects that go soon");
        self.facts(
            out,
            &[
                ("manifest", manifest.number.to_string()),
                ("commit", manifest.commit.clone()),
                ("segments", manifest.segments.to_string()),
                ("rows", manifest.rows.to_string()),
                ("bytes", bytes::human(manifest.bytes)),
                ("removed", removed),
            ],
        )?;
        let writers = manifest.writers.iter();
        let rows = writers.map(|writer| {
            [writer.id.clone(), writer.epoch.to_string(), writer.next_sequence.to_string()]
        });
        writeln!(out)?;
        self.table(out, ["writer", "epoch", "next record"], rows)
    }

    /// Prints a line for each segment.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub fn segments(&self, out: &mut impl Write, segments: &[SegmentState]) -> io::Result<()> {
        let rows = segments.iter().map(|segment| {
            let (first, last) = (segment.min_timestamp, segment.max_timestamp);
            let [first, last] = [first, last].map(|time| self.time(time));
            let (rows, bytes) = (segment.rows.to_string(), bytes::human(segment.bytes));
            [rows, bytes, first, last, segment.path.clone()]
        });
        self.table(out, ["rows", "bytes", "first", "last", "segment"], rows)
    }

    /// Prints a segment in depth.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub fn segment(&self, out: &mut impl Write, segment: &SegmentDepth) -> io::Result<()> {
        let is_live = if segment.is_live { "yes" } else { "no: no manifest lists it" };
        let created_by = segment.created_by.as_deref().unwrap_or("-").to_owned();
        self.facts(
            out,
            &[
                ("segment", segment.path.clone()),
                ("live", is_live.to_owned()),
                ("created by", created_by),
                ("rows", segment.rows.to_string()),
                ("bytes", bytes::human(segment.bytes)),
                ("of its lines", bytes::human(segment.line_bytes)),
                ("in its footer", bytes::human(segment.footer_bytes)),
                ("streams", segment.streams.to_string()),
            ],
        )?;
        self.row_groups(out, segment)?;
        self.columns(out, segment)?;
        let rows = segment.largest_streams.iter().map(|stream| {
            let (rows, bytes) = (stream.rows.to_string(), bytes::human(stream.line_bytes));
            let first = self.time(stream.min_timestamp);
            [rows, bytes, first, self.time(stream.max_timestamp), stream.labels.clone()]
        });
        writeln!(out)?;
        self.table(out, ["rows", "line bytes", "first", "last", "largest streams"], rows)
    }

    fn row_groups(&self, out: &mut impl Write, segment: &SegmentDepth) -> io::Result<()> {
        let groups = segment.row_groups.iter().zip(0_u64..);
        let rows = groups.map(|(group, number)| {
            let sizes = [group.compressed_bytes, group.uncompressed_bytes].map(bytes::human);
            let [stored, unpacked] = sizes;
            [number.to_string(), group.rows.to_string(), stored, unpacked]
        });
        writeln!(out)?;
        self.table(out, ["row group", "rows", "bytes", "uncompressed"], rows)
    }

    fn columns(&self, out: &mut impl Write, segment: &SegmentDepth) -> io::Result<()> {
        let rows = segment.columns.iter().map(|column| {
            let sizes = [column.compressed_bytes, column.uncompressed_bytes].map(bytes::human);
            let [stored, unpacked] = sizes;
            let (name, kind) = (column.name.clone(), column.kind.clone());
            [name, kind, stored, unpacked, column.compression.clone(), column.encodings.join(" ")]
        });
        writeln!(out)?;
        let names = ["column", "kind", "bytes", "uncompressed", "compression", "encodings"];
        self.table(out, names, rows)
    }

    /// Prints a line for each tenant and day.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub fn days(&self, out: &mut impl Write, days: &[DayState]) -> io::Result<()> {
        let rows = days.iter().map(|day| {
            let (segments, rows) = (day.segments.to_string(), day.rows.to_string());
            [day.day.clone(), segments, rows, bytes::human(day.bytes), day.tenant.clone()]
        });
        self.table(out, ["day", "segments", "rows", "bytes", "tenant"], rows)
    }

    /// Prints a line for each tenant and value of a label.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub fn label(
        &self,
        out: &mut impl Write,
        label: &str,
        spaces: &[LabelSpace],
    ) -> io::Result<()> {
        let rows = spaces.iter().map(|space| {
            let [lines, stored] = [space.line_bytes, space.stored_bytes].map(bytes::human);
            let (segments, rows) = (space.segments.to_string(), space.rows.to_string());
            let value = space.value.clone().unwrap_or_else(|| "-".to_owned());
            [segments, rows, lines, stored, space.tenant.clone(), value]
        });
        let names = ["segments", "rows", "line bytes", "about stored", "tenant", label];
        self.table(out, names, rows)
    }

    /// Prints a line for each file of the log.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub fn log(&self, out: &mut impl Write, files: &[LogFileState]) -> io::Result<()> {
        let rows = files.iter().map(|file| {
            let records = match file.records {
                0 => "-".to_owned(),
                count => format!("{}-{}", file.first_sequence, file.first_sequence + count - 1),
            };
            let end = match file.tail {
                Tail::Whole => "whole".to_owned(),
                Tail::Torn { offset } => format!("torn at byte {offset}: a start cuts it off"),
                Tail::Damaged { offset } => format!("DAMAGED at byte {offset}: a start refuses it"),
            };
            let (bytes, waiting) = (bytes::human(file.bytes), file.unpublished_records.to_string());
            [file.name.clone(), bytes, records, waiting, end]
        });
        self.table(out, ["file", "bytes", "records", "not in segments", "end"], rows)
    }

    fn facts(&self, out: &mut impl Write, facts: &[(&str, String)]) -> io::Result<()> {
        let width = facts.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        for (name, value) in facts {
            let name = color::blue(&format!("{name:width$}"), self.colored);
            writeln!(out, "{name}  {value}")?;
        }
        Ok(())
    }

    fn table<const N: usize>(
        &self,
        out: &mut impl Write,
        names: [&str; N],
        rows: impl Iterator<Item = [String; N]>,
    ) -> io::Result<()> {
        columns::headed(out, names, rows.collect(), self.colored)
    }

    fn time(&self, time: Timestamp) -> String {
        time::show(time, &self.zone)
    }
}

#[cfg(test)]
mod tests;
