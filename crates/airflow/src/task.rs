//! The identity of one try of one task instance, and what one may know of it before all is known.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One try of one task instance: what a worker pod, or one log file, is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TaskTry {
    /// The DAG.
    pub dag_id: String,
    /// The run of the DAG.
    pub run_id: String,
    /// The task, with the names of its task groups (`group.task`).
    pub task_id: String,
    /// Which of the instances of a mapped task.
    pub map_index: MapIndex,
    /// The try, from 1.
    pub try_number: u32,
}

/// Which instance of a mapped task; Airflow writes -1 for a task that is not mapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum MapIndex {
    /// The task is not mapped.
    Unmapped,
    /// The instance, from 0.
    At(u32),
}

/// What is known of a try. `None` means "not known", never "none".
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TaskFacts {
    /// The DAG.
    pub dag_id: Option<String>,
    /// The run of the DAG.
    pub run_id: Option<String>,
    /// The task.
    pub task_id: Option<String>,
    /// Which of the instances of a mapped task.
    pub map_index: Option<MapIndex>,
    /// The try, from 1.
    pub try_number: Option<u32>,
    /// The run's logical date as Airflow wrote it (ISO 8601); few places tell it.
    pub logical_date: Option<String>,
}

impl TaskTry {
    /// Reads what [`Display`](fmt::Display) writes. A run id may hold slashes, the other parts not.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (dag_id, rest) = text.split_once('/')?;
        let mut from_right = rest.rsplitn(4, '/');
        let try_number = parse_number(from_right.next()?)?;
        let map_index = MapIndex::parse(from_right.next()?)?;
        let task_id = from_right.next()?;
        let run_id = from_right.next()?;
        if [dag_id, task_id, run_id].contains(&"") {
            return None;
        }
        Some(Self {
            dag_id: dag_id.to_owned(),
            run_id: run_id.to_owned(),
            task_id: task_id.to_owned(),
            map_index,
            try_number,
        })
    }
}

impl fmt::Display for TaskTry {
    /// `dag/run/task/map_index/try`, as Airflow's triggerer names a try.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { dag_id, run_id, task_id, map_index, try_number } = self;
        write!(f, "{dag_id}/{run_id}/{task_id}/{map_index}/{try_number}")
    }
}

impl MapIndex {
    /// Reads `-1` or an index from 0.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text == "-1" { Some(Self::Unmapped) } else { parse_number(text).map(Self::At) }
    }
}

impl fmt::Display for MapIndex {
    /// Airflow's own form: `-1` for a task that is not mapped.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unmapped => f.write_str("-1"),
            Self::At(index) => write!(f, "{index}"),
        }
    }
}

impl TaskFacts {
    /// The whole identity, if nothing of it is missing.
    #[must_use]
    pub fn task_try(&self) -> Option<TaskTry> {
        Some(TaskTry {
            dag_id: self.dag_id.clone()?,
            run_id: self.run_id.clone()?,
            task_id: self.task_id.clone()?,
            map_index: self.map_index?,
            try_number: self.try_number?,
        })
    }
}

impl From<TaskTry> for TaskFacts {
    fn from(task: TaskTry) -> Self {
        Self {
            dag_id: Some(task.dag_id),
            run_id: Some(task.run_id),
            task_id: Some(task.task_id),
            map_index: Some(task.map_index),
            try_number: Some(task.try_number),
            logical_date: None,
        }
    }
}

/// A number as Airflow prints it: digits alone. (Rust's own parser would take a `+` too.)
pub(crate) fn parse_number(text: &str) -> Option<u32> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

/// Whether a text is a date and nothing else, in the form in which Airflow names runs of before
/// 2.2: `2026-11-22T03:00:00+00:00`. Of a run it is the logical date, and not the id.
pub(crate) fn is_date(text: &str) -> bool {
    let shape = b"dddd-dd-ddTdd:dd:dd";
    let begins = text.bytes().zip(shape).all(|(byte, expect)| match expect {
        b'd' => byte.is_ascii_digit(),
        expect => byte == *expect,
    });
    let is_part = |byte: u8| byte.is_ascii_digit() || b"-:.+TZ".contains(&byte);
    text.len() >= shape.len() && begins && text.bytes().all(is_part)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(input: &str, ok: bool) {
        let parsed = TaskTry::parse(input);
        assert_eq!(parsed.is_some(), ok, "for {input}");
        if let Some(parsed) = parsed {
            assert_eq!(parsed.to_string(), input);
        }
    }

    #[test]
    fn parses_what_it_prints() {
        check("sales/scheduled__2026-11-22T03:00:00+00:00/group.extract/-1/1", true);
        check("sales/a run/with/slashes/load/12/3", true);
        check("sales/run/load/-2/1", false);
        check("sales/run/load/-1/+1", false);
        check("sales/run//-1/1", false);
        check("sales/load/-1/1", false);
        check("", false);
    }

    proptest! {
        #[test]
        fn every_try_survives_its_text(
            dag_id in "[a-z.-]{1,8}", run_id in "[a-z/:+ ]{0,8}[a-z]", task_id in "[a-z.]{1,8}",
            index in proptest::option::of(0_u32..), try_number in 0_u32..,
        ) {
            let map_index = index.map_or(MapIndex::Unmapped, MapIndex::At);
            let task = TaskTry { dag_id, run_id, task_id, map_index, try_number };
            prop_assert_eq!(TaskTry::parse(&task.to_string()), Some(task));
        }
    }
}
