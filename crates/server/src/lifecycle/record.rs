//! What is kept of one try or one run: an entry of the stream `{source="airflow.lifecycle"}`.

use std::time::Duration;

use airflow::MapIndex;
use airflow::TaskTry;
use airflow::lifecycle::{Cause, Facts, RunRecord, State, Subject, TryRecord};
use loki::service_name::SERVICE_NAME;
use loki::time::rfc3339;
use model::{Entry, Labels, Stream, Timestamp};
use serde::{Deserialize, Serialize};

/// The value of the label `source`, and of the service's name.
pub(crate) const SOURCE: &str = "airflow.lifecycle";

/// One try or one run, as its entry's line has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Record {
    /// `try` or `run`.
    pub(crate) kind: Kind,
    /// The namespace that tells the deployment; absent where its lines have none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) namespace: String,
    /// The DAG.
    pub(crate) dag_id: String,
    /// The run.
    pub(crate) run_id: String,
    /// The task, of a try.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) task_id: Option<String>,
    /// -1 where the task is not mapped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) map_index: Option<i64>,
    /// From 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) try_number: Option<u32>,
    /// As Airflow's database has it; `running` while there is no end.
    pub(crate) state: String,
    /// RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) start: Option<String>,
    /// RFC 3339; also the time of the entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) end: Option<String>,
    /// From start to end, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) duration: Option<f64>,
    /// RFC 3339: when the try was queued.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) queued: Option<String>,
    /// From then to the start, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) queued_duration: Option<f64>,
    /// The operator's class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) operator: Option<String>,
    /// The executor's class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) executor: Option<String>,
    /// Why it failed, where a line told: `zombie`, or `exit code N`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cause: Option<String>,
    /// Whether the times are those of Airflow's database.
    pub(crate) exact: bool,
    /// 0 of the first record of its subject; a correction has the next number.
    pub(crate) revision: u32,
}

/// What a record is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Try,
    Run,
}

impl Kind {
    /// The value of the label `kind` of a first record.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Try => "try",
            Self::Run => "run",
        }
    }
}

impl Record {
    /// The record of what is known.
    pub(crate) fn new(namespace: &str, subject: &Subject, facts: &Facts, revision: u32) -> Self {
        let end = facts.end();
        let between = |from: Option<Timestamp>, to: Option<Timestamp>| {
            let (from, to) = (from?, to?);
            (from <= to).then(|| seconds(to.since(from)))
        };
        let (dag_id, run_id) = match subject {
            Subject::Try(task) => (&task.dag_id, &task.run_id),
            Subject::Run { dag_id, run_id } => (dag_id, run_id),
        };
        let record = Self {
            kind: Kind::Run,
            namespace: namespace.to_owned(),
            dag_id: dag_id.clone(),
            run_id: run_id.clone(),
            task_id: None,
            map_index: None,
            try_number: None,
            state: end.map_or("running", |(state, _)| state.as_str()).to_owned(),
            start: facts.start().map(rfc3339),
            end: end.map(|(_, at)| rfc3339(at)),
            duration: between(facts.start(), end.map(|(_, at)| at)),
            queued: None,
            queued_duration: None,
            operator: None,
            executor: None,
            cause: None,
            exact: facts.is_exact(),
            revision,
        };
        let (Subject::Try(task), Facts::Try(of_try)) = (subject, facts) else { return record };
        Self {
            kind: Kind::Try,
            task_id: Some(task.task_id.clone()),
            map_index: Some(match task.map_index {
                MapIndex::Unmapped => -1,
                MapIndex::At(index) => index.into(),
            }),
            try_number: Some(task.try_number),
            queued: of_try.queued.map(rfc3339),
            queued_duration: between(of_try.queued, of_try.start),
            operator: of_try.operator.clone(),
            executor: of_try.executor.clone(),
            cause: of_try.cause.as_ref().map(cause_text),
            ..record
        }
    }

    /// Whom it is about; `None` of a record that is broken.
    pub(crate) fn subject(&self) -> Option<Subject> {
        let (dag_id, run_id) = (self.dag_id.clone(), self.run_id.clone());
        if self.kind == Kind::Run {
            return Some(Subject::Run { dag_id, run_id });
        }
        let map_index = match self.map_index? {
            -1 => MapIndex::Unmapped,
            index => MapIndex::At(u32::try_from(index).ok()?),
        };
        let (task_id, try_number) = (self.task_id.clone()?, self.try_number?);
        Some(Subject::Try(TaskTry { dag_id, run_id, task_id, map_index, try_number }))
    }

    /// What it tells.
    pub(crate) fn facts(&self) -> Facts {
        let time = |text: &Option<String>| text.as_deref().and_then(time);
        let (state, start, end) = (State::parse(&self.state), time(&self.start), time(&self.end));
        if self.kind == Kind::Run {
            return Facts::Run(RunRecord { state, start, end });
        }
        Facts::Try(TryRecord {
            state,
            start,
            end,
            queued: time(&self.queued),
            operator: self.operator.clone(),
            executor: self.executor.clone(),
            cause: self.cause.as_deref().map(cause),
            is_exact: self.exact,
        })
    }

    /// When it ended.
    pub(crate) fn end_time(&self) -> Option<Timestamp> {
        self.end.as_deref().and_then(time)
    }

    /// The entry that keeps it, in its stream; `None` as long as there is no end. A correction has
    /// another label, so that who counts records counts each try once.
    pub(crate) fn stream(&self) -> Option<Stream> {
        let timestamp = self.end_time()?;
        let correction = if self.revision == 0 { "" } else { "-correction" };
        let kind = format!("{}{correction}", self.kind.as_str());
        let labels = [
            ("source", SOURCE),
            (SERVICE_NAME, SOURCE),
            ("kind", &kind),
            ("dag_id", &self.dag_id),
            ("task_id", self.task_id.as_deref().unwrap_or_default()),
            ("state", &self.state),
        ];
        let text = |number: Option<i64>| number.map_or(String::new(), |number| number.to_string());
        // No label: who asks for the lines of a namespace does not ask for these.
        let metadata = [
            ("namespace", self.namespace.clone()),
            ("run_id", self.run_id.clone()),
            ("try_number", text(self.try_number.map(Into::into))),
            ("map_index", text(self.map_index)),
        ];
        let line = serde_json::to_string(self).ok()?;
        let entry = Entry { timestamp, line, metadata: Labels::new(metadata) };
        Some(Stream { labels: Labels::new(labels), entries: vec![entry] })
    }
}

fn time(text: &str) -> Option<Timestamp> {
    model::rfc3339::parse(text.as_bytes())
}

/// To the microsecond, as Airflow's database.
fn seconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e6
}

const EXIT_CODE: &str = "exit code ";

fn cause_text(cause: &Cause) -> String {
    match cause {
        Cause::Pod(reason) => reason.clone(),
        Cause::TimedOut => "timed out".to_owned(),
        Cause::ExitCode(code) => format!("{EXIT_CODE}{code}"),
        Cause::Zombie => "zombie".to_owned(),
        Cause::Executor => "executor".to_owned(),
    }
}

fn cause(text: &str) -> Cause {
    match text {
        "timed out" => Cause::TimedOut,
        "zombie" => Cause::Zombie,
        "executor" => Cause::Executor,
        text => match text.strip_prefix(EXIT_CODE) {
            Some(code) => Cause::ExitCode(code.to_owned()),
            None => Cause::Pod(text.to_owned()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(
        namespace: &str,
        subject: Subject,
        facts: Facts,
        expect_labels: &str,
        expect_line: &str,
    ) {
        let record = Record::new(namespace, &subject, &facts, 0);
        assert_eq!((record.subject(), record.facts()), (Some(subject), facts));
        let stream = record.stream().unwrap();
        assert_eq!(stream.labels.to_string(), expect_labels);
        assert_eq!(stream.entries[0].line, expect_line);
        let read: Record = serde_json::from_str(&stream.entries[0].line).unwrap();
        assert_eq!(read, record);
    }

    #[test]
    fn a_record_tells_what_was_known() {
        let at = |seconds: i64| Some(Timestamp::from_secs(1_768_860_000 + seconds));
        check(
            "airflow",
            Subject::Try(TaskTry::parse("d/r/t/3/2").unwrap()),
            Facts::Try(TryRecord {
                state: Some(State::Failed),
                start: at(2),
                end: at(5),
                queued: at(1),
                operator: Some("PythonOperator".to_owned()),
                executor: None,
                cause: Some(Cause::ExitCode("-9".to_owned())),
                is_exact: true,
            }),
            r#"{dag_id="d", kind="try", service_name="airflow.lifecycle", source="airflow.lifecycle", state="failed", task_id="t"}"#,
            concat!(
                r#"{"kind":"try","namespace":"airflow","dag_id":"d","run_id":"r","task_id":"t","map_index":3,"#,
                r#""try_number":2,"state":"failed","start":"2026-01-19T22:00:02Z","#,
                r#""end":"2026-01-19T22:00:05Z","duration":3.0,"queued":"2026-01-19T22:00:01Z","#,
                r#""queued_duration":1.0,"operator":"PythonOperator","cause":"exit code -9","#,
                r#""exact":true,"revision":0}"#,
            ),
        );
        check(
            "",
            Subject::Run { dag_id: "d".to_owned(), run_id: "r".to_owned() },
            Facts::Run(RunRecord { state: Some(State::Success), start: None, end: at(5) }),
            r#"{dag_id="d", kind="run", service_name="airflow.lifecycle", source="airflow.lifecycle", state="success"}"#,
            concat!(
                r#"{"kind":"run","dag_id":"d","run_id":"r","state":"success","#,
                r#""end":"2026-01-19T22:00:05Z","exact":true,"revision":0}"#,
            ),
        );
    }

    #[test]
    fn what_runs_is_not_kept() {
        let subject = Subject::Try(TaskTry::parse("d/r/t/-1/1").unwrap());
        let facts = Facts::Try(TryRecord { start: Some(Timestamp(1)), ..TryRecord::default() });
        let record = Record::new("", &subject, &facts, 0);
        assert_eq!((record.state.as_str(), record.stream()), ("running", None));
    }
}
