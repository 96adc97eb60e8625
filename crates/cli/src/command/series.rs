//! `barogram series`

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use anyhow::Result;
use loki::response::LabelMap;
use model::SystemClock;

use crate::args::{ClientArgs, OutputArgs, SeriesArgs};
use crate::client::Client;
use crate::show::{columns, labels};
use crate::time;

pub(super) async fn run(client: &ClientArgs, output: &OutputArgs, args: &SeriesArgs) -> Result<()> {
    let bounds = time::bounds(&args.range, &time::zone(&output.timezone)?, &SystemClock)?;
    let series = Client::new(client)?.series(&args.selector, &bounds).await?;
    let mut out = io::stdout().lock();
    if args.analyze_labels {
        return Ok(analysis(&mut out, &series)?);
    }
    for stream in &series {
        writeln!(out, "{}", labels::text(stream))?;
    }
    Ok(())
}

/// For each label how many values it has, and in how many streams it is; most values first.
fn analysis(out: &mut impl Write, series: &[LabelMap]) -> io::Result<()> {
    let mut labels: BTreeMap<&str, (BTreeSet<&str>, usize)> = BTreeMap::new();
    for (name, value) in series.iter().flatten() {
        let (values, streams) = labels.entry(name).or_default();
        values.insert(value);
        *streams += 1;
    }
    let mut sorted: Vec<_> = labels.into_iter().collect();
    sorted.sort_by_key(|(_, (values, _))| std::cmp::Reverse(values.len()));
    // logcli has two spaces here.
    writeln!(out, "Total Streams:  {}\nUnique Labels:  {}\n", series.len(), sorted.len())?;
    let mut rows = vec![["Label Name", "Unique Values", "Found In Streams"].map(str::to_owned)];
    rows.extend(sorted.into_iter().map(|(name, (values, streams))| {
        [name.to_owned(), values.len().to_string(), streams.to_string()]
    }));
    columns::print(out, &rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_with_many_values_come_first() {
        let stream = |pairs: &[(&str, &str)]| -> LabelMap {
            pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect()
        };
        let series = [
            stream(&[("app", "airflow"), ("dag_id", "a")]),
            stream(&[("app", "airflow"), ("dag_id", "b")]),
            stream(&[("app", "airflow")]),
        ];
        let mut out = Vec::new();
        analysis(&mut out, &series).unwrap();
        insta::assert_snapshot!(String::from_utf8(out).unwrap(), @r"
        Total Streams:  3
        Unique Labels:  2

        Label Name  Unique Values  Found In Streams
        dag_id      2              2
        app         1              3
        ");
    }
}
