//! `/airflow/v1/errors`: what went wrong, how often and where, by what the lines have in common.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use axum::extract::State;
use drain::{Config, Miner, TemplateId};
use loki::detect_level::DETECTED_LEVEL;
use loki::time::{Bounds, rfc3339};
use model::labels::Quoted;
use model::{Labels, Timestamp};
use serde::Serialize;

use super::asked;
use crate::api::json::Json;
use crate::app::App;
use crate::limit::check_bounds;
use crate::lines::each_line;
use crate::params::Asked;
use crate::refusal::Refusal;
use crate::tenant::Tenant;

/// Groups of an answer that does not say how many it wants: a person looks at a few dozen.
const LIMIT: usize = 100;
/// Tasks that a group names, those with the most errors.
const TASKS_MAX: usize = 20;
/// What is shown of an example, in bytes.
const EXAMPLE_BYTES_MAX: usize = 4096;
/// Levels of errors.
const LEVELS: [&str; 3] = ["error", "critical", "fatal"];

pub(crate) async fn errors(
    State(app): State<Arc<App>>,
    Tenant(tenant): Tenant,
    Asked(params): Asked,
) -> Result<Json<Errors>, Refusal> {
    let now = app.clock.now();
    let policy = app.policy(&tenant);
    let limit = params.limit("limit", LIMIT)?;
    let bounds = check_bounds(Bounds::parse_ordered(&params, now)?, now, &policy.limits)?;
    let mut query = asked::lines(&params);
    if policy.limits.discover_log_levels {
        // Lines have their level beside them, so that most need not be read.
        query = format!("{query} | {DETECTED_LEVEL}=~{}", Quoted(&LEVELS.join("|")));
    }
    let mut groups = Groups::default();
    each_line(&app, &tenant, policy.parse(&query)?, bounds, |labels, time, line| {
        let level = policy.levels.detector.detect(&labels.stream, &labels.metadata, line);
        if LEVELS.contains(&level) {
            groups.add(&labels.stream, time, line);
        }
    })
    .await?;
    Ok(Json(groups.finish(limit)))
}

#[derive(Debug, Serialize)]
pub(crate) struct Errors {
    errors: Vec<Shown>,
    /// How many groups there are; `errors` may have fewer.
    total: usize,
}

#[derive(Debug, Serialize)]
struct Shown {
    template: String,
    count: u64,
    first: String,
    last: String,
    /// The latest line.
    example: String,
    tasks: Vec<Task>,
}

#[derive(Debug, Serialize)]
struct Task {
    #[serde(skip_serializing_if = "String::is_empty")]
    namespace: String,
    dag_id: String,
    task_id: String,
    count: u64,
}

/// Lines by the template of what they tell.
#[derive(Debug)]
struct Groups {
    miner: Miner,
    /// Those that tell nothing have no template.
    groups: HashMap<Option<TemplateId>, Group>,
}

impl Default for Groups {
    fn default() -> Self {
        Self { miner: Miner::new(Config::default()), groups: HashMap::new() }
    }
}

#[derive(Debug, Default)]
struct Group {
    count: u64,
    /// The first and the last time.
    span: Option<(Timestamp, Timestamp)>,
    example: String,
    /// By namespace, DAG and task.
    tasks: BTreeMap<[String; 3], u64>,
}

impl Groups {
    fn add(&mut self, stream: &Labels, time: Timestamp, line: &str) {
        let template = self.miner.learn(&told(line));
        let label = |name| stream.get(name).unwrap_or_default().to_owned();
        let group = self.groups.entry(template).or_default();
        let task = ["namespace", "dag_id", "task_id"].map(label);
        *group.tasks.entry(task).or_default() += 1;
        group.count += 1;
        let (first, last) = group.span.unwrap_or((time, time));
        if time >= last {
            group.example = cut(line).to_owned();
        }
        group.span = Some((first.min(time), last.max(time)));
    }

    /// The groups, the most frequent first. Two templates may print the same.
    fn finish(self, limit: usize) -> Errors {
        let mut by_text: BTreeMap<String, Group> = BTreeMap::new();
        for (template, group) in self.groups {
            let text = template.and_then(|template| self.miner.template(template));
            by_text
                .entry(text.map(ToString::to_string).unwrap_or_default())
                .or_default()
                .join(group);
        }
        let total = by_text.len();
        let mut groups: Vec<_> = by_text.into_iter().collect();
        groups.sort_by_key(|(_, group)| Reverse((group.count, group.span.map(|(_, last)| last))));
        groups.truncate(limit);
        let errors = groups.into_iter().map(|(template, group)| group.shown(template)).collect();
        Errors { errors, total }
    }
}

impl Group {
    fn join(&mut self, other: Self) {
        let is_later = other.span.map(|(_, last)| last) >= self.span.map(|(_, last)| last);
        if is_later {
            self.example = other.example;
        }
        let spans = [self.span, other.span].into_iter().flatten();
        self.span = spans.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
        self.count += other.count;
        for (task, count) in other.tasks {
            *self.tasks.entry(task).or_default() += count;
        }
    }

    fn shown(self, template: String) -> Shown {
        let (first, last) = self.span.unwrap_or_default();
        let mut tasks: Vec<_> = self.tasks.into_iter().collect();
        tasks.sort_by_key(|(_, count)| Reverse(*count));
        tasks.truncate(TASKS_MAX);
        let task = |(names, count)| {
            let [namespace, dag_id, task_id]: [String; 3] = names;
            Task { namespace, dag_id, task_id, count }
        };
        let tasks = tasks.into_iter().map(task).collect();
        let (first, last) = (rfc3339(first), rfc3339(last));
        Shown { template, count: self.count, first, last, example: self.example, tasks }
    }
}

/// What tells one error from another: the exception that ends a traceback, which stands at the
/// margin; else what the record says.
fn told(line: &str) -> Cow<'_, str> {
    let mut lines = line.lines().filter(|line| !line.trim().is_empty());
    let first = lines.next().unwrap_or_default();
    let is_exception = |line: &&str| !line.starts_with(char::is_whitespace);
    if let Some(exception) = lines.next_back().filter(is_exception) {
        return Cow::Borrowed(exception);
    }
    match airflow::record::read(first) {
        Some(record) => match record.fields.exception {
            Some(exception) => Cow::Owned(format!("{exception}: {}", record.message)),
            None => record.message,
        },
        None => Cow::Borrowed(first),
    }
}

fn cut(line: &str) -> &str {
    &line[..line.floor_char_boundary(EXAMPLE_BYTES_MAX)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expect: &str) {
        assert_eq!(told(line), expect);
    }

    #[test]
    fn an_error_is_told_by_its_exception_or_its_message() {
        check("", "");
        check("boom", "boom");
        check("[2026-01-19T23:45:00.000+0000] {a.py:1} ERROR - it broke", "it broke");
        check(
            "[2026-01-19T23:45:00.000+0000] {a.py:1} ERROR - Task failed with exception\n\
             Traceback (most recent call last):\n  File \"a.py\", line 1\n\
             KeyError: 'rows'\n",
            "KeyError: 'rows'",
        );
        check("boom\n  at line 1", "boom");
    }

    #[test]
    fn what_differs_in_numbers_is_one_group() {
        let mut groups = Groups::default();
        let stream = |task| Labels::new([("dag_id", "d"), ("task_id", task)]);
        for (task, time, line) in [
            ("a", 3, "lost 7 rows"),
            ("b", 1, "lost 9 rows"),
            ("b", 2, "lost 1 rows"),
            ("a", 9, ""),
        ] {
            groups.add(&stream(task), Timestamp::from_secs(time), line);
        }
        let Errors { errors, total } = groups.finish(1);
        let [lost] = &errors[..] else { panic!("{errors:?}") };
        assert_eq!((total, lost.template.as_str(), lost.count), (2, "lost <_> rows", 3));
        assert_eq!((&*lost.first, &*lost.last), ("1970-01-01T00:00:01Z", "1970-01-01T00:00:03Z"));
        assert_eq!(lost.example, "lost 7 rows");
        let tasks: Vec<_> = lost.tasks.iter().map(|t| (t.task_id.as_str(), t.count)).collect();
        assert_eq!(tasks, [("b", 2), ("a", 1)]);
    }
}
