//! What each value of a label takes, from the stream tables: which DAG fills the bucket.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde::Serialize;

use crate::segment::StreamTable;

/// The lines of a tenant whose streams have one value of a label.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LabelSpace {
    /// The tenant.
    pub tenant: String,
    /// The value; `None` for streams that do not have the label.
    pub value: Option<String>,
    /// Segments with such lines.
    pub segments: u64,
    /// Such lines.
    pub rows: u64,
    /// Their bytes, uncompressed.
    pub line_bytes: u64,
    /// Their part of the bytes of the objects. It is an estimate: a segment's bytes are divided as
    /// the bytes of its lines are.
    pub stored_bytes: u64,
}

/// Sums up, segment by segment.
#[derive(Debug)]
pub(super) struct LabelSpaces<'a> {
    label: &'a str,
    found: BTreeMap<(String, Option<String>), Sums>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    segments: u64,
    rows: u64,
    line_bytes: u64,
    stored_bytes: u64,
}

impl<'a> LabelSpaces<'a> {
    pub(super) fn new(label: &'a str) -> Self {
        Self { label, found: BTreeMap::new() }
    }

    /// Adds a segment of a tenant, whose object has so many bytes.
    pub(super) fn add(&mut self, tenant: &str, bytes: u64, streams: &StreamTable) {
        let mut values: BTreeMap<Option<&str>, Sums> = BTreeMap::new();
        let mut all = 0;
        for stream in &streams.0 {
            let sums = values.entry(stream.labels.get(self.label)).or_default();
            sums.rows += stream.extent.rows;
            sums.line_bytes += stream.line_bytes;
            all += stream.line_bytes;
        }
        for (value, sums) in values {
            let key = (tenant.to_owned(), value.map(str::to_owned));
            let total = self.found.entry(key).or_default();
            total.segments += 1;
            total.rows += sums.rows;
            total.line_bytes += sums.line_bytes;
            total.stored_bytes += part(bytes, sums.line_bytes, all);
        }
    }

    /// The largest first.
    pub(super) fn finish(self) -> Vec<LabelSpace> {
        let spaces = self.found.into_iter().map(|((tenant, value), sums)| {
            let Sums { segments, rows, line_bytes, stored_bytes } = sums;
            LabelSpace { tenant, value, segments, rows, line_bytes, stored_bytes }
        });
        let mut spaces: Vec<LabelSpace> = spaces.collect();
        spaces.sort_by_key(|space| Reverse(space.line_bytes));
        spaces
    }
}

/// The part of some bytes that `some` is of `all`.
fn part(bytes: u64, some: u64, all: u64) -> u64 {
    let part = u128::from(bytes) * u128::from(some) / u128::from(all.max(1));
    u64::try_from(part).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use model::{Labels, Timestamp};

    use super::*;
    use crate::filter::Extent;
    use crate::segment::StreamEntry;

    fn table(streams: &[(&[(&str, &str)], u64)]) -> StreamTable {
        let entries = streams.iter().map(|(labels, line_bytes)| {
            let (min, max) = (Timestamp(0), Timestamp(9));
            let extent = Extent { first_row: 0, rows: 2, min, max };
            StreamEntry {
                labels: Labels::new(labels.iter().copied()),
                extent,
                line_bytes: *line_bytes,
            }
        });
        StreamTable(entries.collect())
    }

    #[test]
    fn the_largest_comes_first() {
        let mut spaces = LabelSpaces::new("dag_id");
        let (etl, audit) = ([("dag_id", "etl")], [("dag_id", "audit")]);
        let try_2 = [("dag_id", "etl"), ("try", "2")];
        spaces.add("a", 100, &table(&[(&etl, 30), (&try_2, 30), (&audit, 40)]));
        spaces.add("a", 50, &table(&[(&[("app", "web")], 0)]));
        spaces.add("b", 7, &table(&[(&audit, 500)]));
        let found: Vec<_> = spaces
            .finish()
            .into_iter()
            .map(|s| {
                format!("{} {:?} {:?}", s.tenant, s.value, (s.rows, s.line_bytes, s.stored_bytes))
            })
            .collect();
        let expect = [
            r#"b Some("audit") (2, 500, 7)"#,
            r#"a Some("etl") (4, 60, 60)"#,
            r#"a Some("audit") (2, 40, 40)"#,
            "a None (2, 0, 0)",
        ];
        assert_eq!(found, expect);
    }
}
