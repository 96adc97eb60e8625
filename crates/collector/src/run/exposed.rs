//! What the stages of one `loki.process` count, for `/metrics`: under Alloy's names, which are as
//! many as users write.

use std::fmt::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

use ::stage::metrics::{Family, Measure};
use model::Labels;

/// What was counted at last.
#[derive(Debug, Default)]
pub struct Exposed(Mutex<(Vec<Count>, Vec<Family>)>);

type Count = (&'static str, Labels, u64);

impl Exposed {
    /// What is counted by now.
    pub fn tell(&self, counts: Vec<Count>, families: Vec<Family>) {
        *self.lock() = (counts, families);
    }

    fn lock(&self) -> MutexGuard<'_, (Vec<Count>, Vec<Family>)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the stages of several components count, in Prometheus' text format.
#[must_use]
pub fn text<'a>(all: impl Iterator<Item = (&'a str, &'a Exposed)>) -> String {
    let mut families: Vec<(String, String, &'static str, Vec<String>)> = Vec::new();
    for (id, exposed) in all {
        let exposed = exposed.lock();
        for (name, labels, count) in &exposed.0 {
            let line = format!("{name}{} {count}", series(labels, id, None));
            put(&mut families, name, "What stages have counted", "counter", vec![line]);
        }
        for Family { name, help, series } in &exposed.1 {
            for (labels, measure) in series {
                let (kind, lines) = measured(name, labels, id, measure);
                put(&mut families, name, help, kind, lines);
            }
        }
    }
    let mut out = String::new();
    for (name, help, kind, lines) in families {
        let help = help.replace('\\', "\\\\").replace('\n', "\\n");
        let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
        lines.iter().for_each(|line| {
            let _ = writeln!(out, "{line}");
        });
    }
    out
}

fn put(
    families: &mut Vec<(String, String, &'static str, Vec<String>)>,
    name: &str,
    help: &str,
    kind: &'static str,
    lines: Vec<String>,
) {
    match families.iter_mut().find(|(known, ..)| known == name) {
        Some((.., all)) => all.extend(lines),
        None => families.push((name.to_owned(), help.to_owned(), kind, lines)),
    }
}

fn measured(
    name: &str,
    labels: &Labels,
    id: &str,
    measure: &Measure,
) -> (&'static str, Vec<String>) {
    let plain = series(labels, id, None);
    match measure {
        Measure::Counter(value) => ("counter", vec![format!("{name}{plain} {value}")]),
        Measure::Gauge(value) => ("gauge", vec![format!("{name}{plain} {value}")]),
        Measure::Histogram { buckets, sum, count } => {
            let bounds = buckets.iter().map(|(bound, count)| (bound.to_string(), *count));
            let bounds = bounds.chain([("+Inf".to_owned(), *count)]);
            let bucket = |(bound, count): (String, u64)| {
                format!("{name}_bucket{} {count}", series(labels, id, Some(&bound)))
            };
            let mut lines: Vec<String> = bounds.map(bucket).collect();
            lines.push(format!("{name}_sum{plain} {sum}"));
            lines.push(format!("{name}_count{plain} {count}"));
            ("histogram", lines)
        }
    }
}

fn series(labels: &Labels, id: &str, bound: Option<&str>) -> String {
    let own = labels.iter().filter(|(name, _)| !name.starts_with("__") && *name != "component_id");
    let all = [("component_id", id)].into_iter().chain(own).chain(bound.map(|it| ("le", it)));
    let pair = |(name, value): (&str, &str)| {
        let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        format!("{name}=\"{value}\"")
    };
    format!("{{{}}}", all.map(pair).collect::<Vec<_>>().join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_exposed() {
        let exposed = Exposed::default();
        let labels = Labels::new([("reason", "a \"b\"")]);
        let histogram =
            Measure::Histogram { buckets: vec![(0.5, 1), (1.0, 2)], sum: 3.5, count: 3 };
        let family = Family {
            name: "loki_process_custom_x".to_owned(),
            help: "x\ny".to_owned(),
            series: vec![(Labels::default(), histogram)],
        };
        exposed.tell(vec![("loki_process_dropped_lines_total", labels, 2)], vec![family]);
        let text = text([("loki.process.p", &exposed)].into_iter());
        let expect = "\
# HELP loki_process_dropped_lines_total What stages have counted
# TYPE loki_process_dropped_lines_total counter
loki_process_dropped_lines_total{component_id=\"loki.process.p\",reason=\"a \\\"b\\\"\"} 2
# HELP loki_process_custom_x x\\ny
# TYPE loki_process_custom_x histogram
loki_process_custom_x_bucket{component_id=\"loki.process.p\",le=\"0.5\"} 1
loki_process_custom_x_bucket{component_id=\"loki.process.p\",le=\"1\"} 2
loki_process_custom_x_bucket{component_id=\"loki.process.p\",le=\"+Inf\"} 3
loki_process_custom_x_sum{component_id=\"loki.process.p\"} 3.5
loki_process_custom_x_count{component_id=\"loki.process.p\"} 3
";
        assert_eq!(text, expect);
    }
}
