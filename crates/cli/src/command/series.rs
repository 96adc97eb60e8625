//! `barogram series`

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use anyhow::Result;
use comfy_table::{Table, presets};
use loki::response::LabelMap;
use model::SystemClock;

use crate::args::{ClientArgs, SeriesArgs};
use crate::client::Client;
use crate::show::lines::labels_text;

pub(super) async fn run(client: &ClientArgs, args: &SeriesArgs) -> Result<()> {
    let bounds = crate::time::bounds(&args.range, &SystemClock)?;
    let series = Client::new(client)?.series(&args.selector, &bounds).await?;
    let mut out = std::io::stdout().lock();
    if args.analyze_labels {
        writeln!(out, "Total Streams: {}", series.len())?;
        writeln!(out, "{}", analysis(&series))?;
        return Ok(());
    }
    for labels in &series {
        writeln!(out, "{}", labels_text(labels))?;
    }
    Ok(())
}

/// For each label how many values it has, and in how many streams it is; most values first.
fn analysis(series: &[LabelMap]) -> Table {
    let mut values: BTreeMap<&str, (BTreeSet<&str>, usize)> = BTreeMap::new();
    for (name, value) in series.iter().flatten() {
        let (distinct, streams) = values.entry(name).or_default();
        distinct.insert(value);
        *streams += 1;
    }
    let mut rows: Vec<_> = values.into_iter().map(|(name, (v, n))| (name, v.len(), n)).collect();
    rows.sort_by_key(|(_, values, _)| std::cmp::Reverse(*values));
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_header(["Label Name", "Unique Values", "Found In Streams"]);
    table.add_rows(rows.into_iter().map(|(n, v, s)| [n.to_owned(), v.to_string(), s.to_string()]));
    table
}
