//! Records and telling lines, read back from the store.

use std::collections::BTreeMap;
use std::time::Duration;

use airflow::lifecycle::{Subject, TELLING_WORDS};
use logql::pipeline::ResultLabels;
use loki::time::Bounds;
use model::labels::Quoted;
use model::{TenantId, Timestamp};

use super::record::SOURCE;
use super::{Kind, Record};
use crate::app::App;
use crate::lines::each_line;
use crate::refusal::Refusal;

/// How far back records are read when a process begins: longer than a correction takes.
const RECORDS: Duration = Duration::from_secs(86_400);
/// How far back lines are read: longer than a server is away, and than a task waits for its end to
/// be kept. Of an older try the start is not known any more, unless the end tells it.
const LINES: Duration = Duration::from_secs(2 * 3600);
/// The most telling lines that are read then.
const LINES_MAX: usize = 200_000;

/// Which records.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    /// Only of tries, or of runs.
    pub(crate) kind: Option<Kind>,
    /// Names of columns with the values that they must have.
    pub(crate) equal: Vec<(&'static str, String)>,
}

impl Wanted {
    fn query(&self) -> String {
        let kinds =
            self.kind.map_or(".+".to_owned(), |kind| format!("{}(-correction)?", kind.as_str()));
        narrowed(&format!("source={}, kind=~{}", Quoted(SOURCE), Quoted(&kinds)), &self.equal)
    }

    /// Whether a record is wanted that was not asked of the store.
    pub(crate) fn passes(&self, record: &Record) -> bool {
        let text = |number: Option<i64>| number.map(|number| number.to_string());
        self.kind.is_none_or(|wanted| wanted == record.kind)
            && self.equal.iter().all(|(name, value)| {
                let has = match *name {
                    "namespace" => Some(record.namespace.clone()),
                    "dag_id" => Some(record.dag_id.clone()),
                    "run_id" => Some(record.run_id.clone()),
                    "task_id" => record.task_id.clone(),
                    "state" => Some(record.state.clone()),
                    "try_number" => text(record.try_number.map(Into::into)),
                    "map_index" => text(record.map_index),
                    _ => None,
                };
                has.as_ref() == Some(value)
            })
    }
}

/// The LogQL of what these matchers select, whose columns have these values. They are quoted:
/// whatever is in them, it is a value.
pub(crate) fn narrowed(matchers: &str, equal: &[(&str, String)]) -> String {
    let terms = |of_entry: bool, before: &str| -> String {
        let those = equal.iter().filter(|(name, _)| is_of_entry(name) == of_entry);
        those.map(|(name, value)| format!("{before}{name}={}", Quoted(value))).collect()
    };
    format!("{{{matchers}{}}}{}", terms(false, ", "), terms(true, " | "))
}

fn is_of_entry(name: &str) -> bool {
    matches!(name, "namespace" | "run_id" | "try_number" | "map_index")
}

/// Records by whom they are about, and in which namespace: of each the last revision.
#[derive(Debug, Default)]
pub(crate) struct Found(BTreeMap<Subject, BTreeMap<String, Record>>);

impl Found {
    /// Takes a record, unless a later one of the same is there.
    pub(crate) fn add(&mut self, record: Record) {
        let Some(subject) = record.subject() else { return };
        let known = self.0.entry(subject).or_default();
        if known.get(&record.namespace).is_none_or(|known| known.revision < record.revision) {
            known.insert(record.namespace.clone(), record);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The records. One of before its namespace was known is of the only one that has the same.
    pub(crate) fn into_records(self) -> Vec<Record> {
        let joined = |mut known: BTreeMap<String, Record>| {
            if known.len() == 2
                && let Some(unnamed) = known.remove("")
                && let Some(named) = known.values_mut().next()
                && named.revision < unnamed.revision
            {
                *named = Record { namespace: named.namespace.clone(), ..unnamed };
            }
            known.into_values()
        };
        self.0.into_values().flat_map(joined).collect()
    }
}

/// The records in a range of time by their end.
pub(crate) async fn records(
    app: &App,
    tenant: &TenantId,
    wanted: &Wanted,
    bounds: Bounds,
) -> Result<Found, Refusal> {
    let mut found = Found::default();
    let query = app.policy(tenant).parse(&wanted.query())?;
    each_line(app, tenant, query, both_ends(bounds), |_, _, line| {
        if let Ok(record) = serde_json::from_str(line) {
            found.add(record);
        }
    })
    .await?;
    Ok(found)
}

/// What was kept and told before now: records, and the lines that may tell more.
pub(super) async fn before(
    app: &App,
    tenant: &TenantId,
    now: Timestamp,
    lines: &mut Vec<(ResultLabels, String)>,
) -> Result<Vec<Record>, Refusal> {
    let back = |by| Bounds { start: now - by, end: now };
    let kept = records(app, tenant, &Wanted::default(), back(RECORDS)).await?;
    let words = TELLING_WORDS.map(|word| Quoted(word).to_string()).join(" or ");
    let query = format!("{{dag_id=~\".+\", attributed_by=~\".+\"}} |= {words}");
    let query = app.policy(tenant).parse(&query)?;
    each_line(app, tenant, query, both_ends(back(LINES)), |labels, _, line| {
        if lines.len() < LINES_MAX {
            lines.push((labels.clone(), line.to_owned()));
        }
    })
    .await?;
    Ok(kept.into_records())
}

/// A record may end, and a line be of, the very last moment.
fn both_ends(bounds: Bounds) -> Bounds {
    Bounds { end: Timestamp(bounds.end.as_nanos().saturating_add(1)), ..bounds }
}
