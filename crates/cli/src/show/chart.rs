//! Numbers for people: a curve for each series over time, a bar for each at one time.

use std::io::{self, Write};

use comfy_table::Table;
use jiff::tz::TimeZone;
use loki::response::{MatrixSeries, QueryResult, Sample, VectorSample, value_text};
use model::Timestamp;

use super::labels;

/// The width when nobody says how wide the terminal is.
const WIDTH_DEFAULT: usize = 80;
/// No curve or bar is wider: beyond, the eye loses the line.
const PLOT_WIDTH_MAX: usize = 60;
/// Narrower ones tell nothing.
const PLOT_WIDTH_MIN: usize = 10;
/// Labels that are longer are cut.
const LABELS_WIDTH_MAX: usize = 50;

/// From the lowest to the highest.
const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// The end of a bar, in eighths of a column.
const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/// The width of the terminal.
#[must_use]
pub fn width() -> usize {
    Table::new().width().map_or(WIDTH_DEFAULT, usize::from)
}

/// Prints series as curves or bars, within a width where that is possible.
///
/// # Errors
/// When the output cannot be written.
pub fn print(
    out: &mut impl Write,
    result: &QueryResult,
    zone: &TimeZone,
    width: usize,
) -> io::Result<()> {
    match result {
        QueryResult::Matrix(series) => curves(out, series, zone, width),
        QueryResult::Vector(samples) => bars(out, samples, width),
        QueryResult::Scalar(sample) => writeln!(out, "{}", value_text(sample.value)),
        QueryResult::Streams(_) => Ok(()),
    }
}

/// Names on the left, all of one width.
struct Names {
    names: Vec<String>,
    width: usize,
}

impl Names {
    fn new<'a>(metrics: impl Iterator<Item = &'a loki::response::LabelMap>) -> Self {
        let names: Vec<String> = metrics.map(|metric| shortened(&labels::text(metric))).collect();
        let width = names.iter().map(|name| name.chars().count()).max().unwrap_or_default();
        Self { names, width }
    }

    /// What is left for the plot when so much is needed on the right.
    fn plot_width(&self, width: usize, right: usize) -> usize {
        let left = width.saturating_sub(self.width + right + 2);
        left.clamp(PLOT_WIDTH_MIN, PLOT_WIDTH_MAX)
    }
}

fn shortened(name: &str) -> String {
    if name.chars().count() <= LABELS_WIDTH_MAX {
        return name.to_owned();
    }
    name.chars().take(LABELS_WIDTH_MAX - 1).chain(['…']).collect()
}

fn curves(
    out: &mut impl Write,
    series: &[MatrixSeries],
    zone: &TimeZone,
    width: usize,
) -> io::Result<()> {
    let times = || series.iter().flat_map(|one| &one.values).map(|sample| sample.time);
    let (Some(first), Some(last)) = (times().min(), times().max()) else {
        return writeln!(out, "no series");
    };
    let names = Names::new(series.iter().map(|one| &one.metric));
    let summaries: Vec<String> = series.iter().map(summary).collect();
    let right = summaries.iter().map(|text| text.chars().count()).max().unwrap_or_default();
    let steps = series.iter().map(|one| one.values.len()).max().unwrap_or_default();
    let columns = names.plot_width(width, right).min(steps.max(1));
    for ((name, one), summary) in names.names.iter().zip(series).zip(summaries) {
        let curve = curve(&one.values, first, last, columns);
        writeln!(out, "{name:left$} {curve} {summary}", left = names.width)?;
    }
    let show = |time| crate::time::show(time, zone);
    writeln!(out, "{:left$} {} to {}", "", show(first), show(last), left = names.width)
}

fn summary(series: &MatrixSeries) -> String {
    let values = || series.values.iter().map(|s| s.value).filter(|value| value.is_finite());
    let last = series.values.last().map_or(f64::NAN, |sample| sample.value);
    let (min, max) = (values().fold(f64::INFINITY, f64::min), values().fold(f64::MIN, f64::max));
    if min > max {
        return format!("last {}", short(last));
    }
    format!("min {}  max {}  last {}", short(min), short(max), short(last))
}

/// The highest value of each column; a column without a value is blank. The lowest level is zero,
/// or the lowest value if that is below zero, so that twice as high means twice as much.
fn curve(values: &[Sample], first: Timestamp, last: Timestamp, columns: usize) -> String {
    let mut peaks: Vec<Option<f64>> = vec![None; columns];
    let length = last.since(first).as_nanos().max(1);
    for sample in values.iter().filter(|sample| sample.value.is_finite()) {
        let at = sample.time.since(first).as_nanos() * (columns as u128 - 1) / length;
        let peak = &mut peaks[usize::try_from(at).unwrap_or_default().min(columns - 1)];
        *peak = Some(peak.map_or(sample.value, |old| old.max(sample.value)));
    }
    let high = peaks.iter().flatten().copied().fold(0.0, f64::max);
    let low = peaks.iter().flatten().copied().fold(0.0, f64::min);
    let level = |value: f64| {
        let part = if high > low { (value - low) / (high - low) } else { 0.0 };
        LEVELS[((part * LEVELS.len() as f64) as usize).min(LEVELS.len() - 1)]
    };
    peaks.into_iter().map(|peak| peak.map_or(' ', level)).collect()
}

fn bars(out: &mut impl Write, samples: &[VectorSample], width: usize) -> io::Result<()> {
    if samples.is_empty() {
        return writeln!(out, "no series");
    }
    let names = Names::new(samples.iter().map(|sample| &sample.metric));
    let values: Vec<String> = samples.iter().map(|sample| short(sample.value.value)).collect();
    let right = values.iter().map(|text| text.chars().count()).max().unwrap_or_default();
    let columns = names.plot_width(width, right);
    let finite = samples.iter().map(|s| s.value.value.abs()).filter(|value| value.is_finite());
    let longest = finite.fold(0.0, f64::max);
    for ((name, sample), value) in names.names.iter().zip(samples).zip(values) {
        let part = if longest > 0.0 { sample.value.value.abs() / longest } else { 0.0 };
        let line = format!("{name:left$} {value:>right$} ", left = names.width);
        writeln!(out, "{}", (line + &bar(part, columns)).trim_end())?;
    }
    Ok(())
}

/// A bar that fills a part of the columns; what is not zero is seen.
fn bar(part: f64, columns: usize) -> String {
    // `as` makes zero of what is not a number, and fills the columns with what has no end.
    let eighths = (part * columns as f64 * 8.0).round() as usize;
    let eighths = eighths.clamp(usize::from(part > 0.0), columns * 8);
    format!("{}{}", "█".repeat(eighths / 8), EIGHTHS[eighths % 8])
}

/// A number with at most three decimals.
fn short(value: f64) -> String {
    if value.is_finite() && value.fract() != 0.0 && value.abs() >= 0.001 {
        let text = format!("{value:.3}");
        return text.trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    value_text(value)
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use loki::response::LabelMap;

    use super::*;

    fn metric(dag: &str) -> LabelMap {
        LabelMap::from([("dag".to_owned(), dag.to_owned())])
    }

    fn series(dag: &str, points: &[(i64, f64)]) -> MatrixSeries {
        let sample = |(secs, value): &(i64, f64)| Sample {
            time: Timestamp::from_secs(*secs),
            value: *value,
        };
        MatrixSeries { metric: metric(dag), values: points.iter().map(sample).collect() }
    }

    fn shown(result: &QueryResult, width: usize) -> String {
        let mut out = Vec::new();
        print(&mut out, result, &TimeZone::UTC, width).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn series_over_time_are_curves() {
        let rising: Vec<_> = (0..8_u8).map(|i| (i64::from(i) * 60, f64::from(i) + 1.0)).collect();
        let gap = [(0, 2.0), (60, -1.5), (420, f64::NAN)];
        let matrix = QueryResult::Matrix(vec![series("rising", &rising), series("gap", &gap)]);
        assert_snapshot!(shown(&matrix, 80), @r#"
        {dag="rising"} ▂▃▄▅▆▇██ min 1  max 8  last 8
        {dag="gap"}    █▁       min -1.5  max 2  last NaN
                       1970-01-01T00:00:00Z to 1970-01-01T00:07:00Z
        "#);
    }

    #[test]
    fn many_steps_share_columns_and_peaks_stay() {
        let points: Vec<_> = (0..1000).map(|i| (i, if i == 500 { 9.0 } else { 1.0 })).collect();
        let matrix = QueryResult::Matrix(vec![series("a", &points)]);
        let text = shown(&matrix, 60);
        assert!(text.contains('█'), "the peak is seen: {text}");
        let first = text.lines().next().unwrap();
        assert!(first.chars().count() <= 60, "{first}");
    }

    #[test]
    fn series_at_one_time_are_bars() {
        let sample = |dag: &str, value| VectorSample {
            metric: metric(dag),
            value: Sample { time: Timestamp::from_secs(0), value },
        };
        let vector = QueryResult::Vector(vec![
            sample("most", 1234.0),
            sample("half", 617.0),
            sample("hardly", 0.12345),
            sample("none", 0.0),
            sample("broken", f64::NAN),
            sample(&"long".repeat(20), f64::INFINITY),
        ]);
        assert_snapshot!(shown(&vector, 100), @r#"
        {dag="most"}                                        1234 ███████████████████████████████████████████
        {dag="half"}                                         617 █████████████████████▌
        {dag="hardly"}                                     0.123 ▏
        {dag="none"}                                           0
        {dag="broken"}                                       NaN
        {dag="longlonglonglonglonglonglonglonglonglonglon…  +Inf ███████████████████████████████████████████
        "#);
    }

    #[test]
    fn an_empty_answer_says_so() {
        assert_eq!(shown(&QueryResult::Vector(Vec::new()), 80), "no series\n");
        assert_eq!(shown(&QueryResult::Matrix(Vec::new()), 80), "no series\n");
    }
}
