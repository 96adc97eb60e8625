//! Airflow's log file names, both ways: what a path says, and where the log of a try lies.

use std::fmt;

use model::Timestamp;

use crate::record::parse_time;
use crate::task::{MapIndex, TaskFacts, is_date, parse_number};

/// The path of one log file under Airflow's `base_log_folder`, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogPath {
    /// Whose log it is.
    pub task: TaskFacts,
    /// The triggerer's job that wrote it, when the file holds a trigger's lines and not the task's.
    pub trigger_job: Option<u32>,
}

impl LogPath {
    /// Reads a path in the form of Airflow 2.3 and later,
    /// `dag_id=…/run_id=…/task_id=…/[map_index=…/]attempt=N.log[.trigger.J.log]`, below any folder,
    /// or in the form that was the default before, `DAG/TASK/LOGICAL_DATE/N.log`, relative to the
    /// base folder. The latter knows the logical date and not the run.
    #[must_use]
    pub fn parse(path: &str) -> Option<Self> {
        Self::parse_named(path).or_else(|| Self::parse_positional(path))
    }

    /// The date that the path tells: the logical date, or the one that the run's id holds
    /// (`scheduled__2026-11-22T03:00:00+00:00`). The run came to its lines at some time after it.
    #[must_use]
    pub fn date(&self) -> Option<Timestamp> {
        let logical = self.task.logical_date.as_deref();
        let text =
            logical.or_else(|| self.task.run_id.as_deref()?.rsplit_once("__").map(|it| it.1))?;
        // A later Airflow adds letters of chance behind the date.
        let is_part =
            |c: char| c.is_ascii_digit() || matches!(c, '-' | ':' | '.' | '+' | 'T' | 'Z');
        let end = text.find(|c| !is_part(c)).unwrap_or(text.len());
        parse_time(&text[..end]).map(|stamp| stamp.at)
    }

    fn parse_named(path: &str) -> Option<Self> {
        let from = path.find("dag_id=").filter(|at| *at == 0 || path[..*at].ends_with('/'))?;
        // From both ends to the middle, since a run id may hold anything, slashes too.
        let (dag_id, rest) = path[from + "dag_id=".len()..].split_once("/run_id=")?;
        let (rest, file) = rest.rsplit_once("/attempt=")?;
        let (rest, task) = rest.rsplit_once("/task_id=").map(|(run, task)| (run, Some(task)))?;
        let (task_id, map_index) = match task?.split_once("/map_index=") {
            Some((task_id, index)) => (task_id, MapIndex::At(parse_number(index)?)),
            None => (task?, MapIndex::Unmapped),
        };
        let (try_number, trigger_job) = parse_file_name(file)?;
        if [dag_id, rest, task_id].contains(&"") || dag_id.contains('/') || task_id.contains('/') {
            return None;
        }
        let task = TaskFacts {
            dag_id: Some(dag_id.to_owned()),
            run_id: Some(rest.to_owned()),
            task_id: Some(task_id.to_owned()),
            map_index: Some(map_index),
            try_number: Some(try_number),
            logical_date: None,
        };
        Some(Self { task, trigger_job })
    }

    fn parse_positional(path: &str) -> Option<Self> {
        let mut parts = path.split('/');
        let (dag_id, task_id) = (parts.next()?, parts.next()?);
        let (date, file) = (parts.next()?, parts.next()?);
        let whole = parts.next().is_none() && !dag_id.is_empty() && !task_id.is_empty();
        if !whole || !is_date(date) {
            return None;
        }
        let (try_number, trigger_job) = parse_file_name(file)?;
        let task = TaskFacts {
            dag_id: Some(dag_id.to_owned()),
            task_id: Some(task_id.to_owned()),
            try_number: Some(try_number),
            logical_date: Some(date.to_owned()),
            ..TaskFacts::default()
        };
        Some(Self { task, trigger_job })
    }
}

impl fmt::Display for LogPath {
    /// The path in the form of Airflow 2.3 and later, or, when the run is not known and the logical
    /// date is, in the older form. A part that is not known is left empty.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |part: &Option<String>| part.clone().unwrap_or_default();
        let (dag_id, task_id) = (text(&self.task.dag_id), text(&self.task.task_id));
        let try_number = self.task.try_number.map_or_else(String::new, |number| number.to_string());
        match (&self.task.run_id, &self.task.logical_date) {
            (None, Some(date)) => write!(f, "{dag_id}/{task_id}/{date}/{try_number}.log")?,
            (run_id, _) => {
                write!(f, "dag_id={dag_id}/run_id={}/task_id={task_id}/", text(run_id))?;
                if let Some(MapIndex::At(index)) = self.task.map_index {
                    write!(f, "map_index={index}/")?;
                }
                write!(f, "attempt={try_number}.log")?;
            }
        }
        self.trigger_job.map_or(Ok(()), |job| write!(f, ".trigger.{job}.log"))
    }
}

/// `N.log` or `N.log.trigger.J.log`: the try, and the triggerer's job.
fn parse_file_name(name: &str) -> Option<(u32, Option<u32>)> {
    let (try_number, rest) = name.split_once(".log")?;
    let trigger_job = match rest.strip_prefix(".trigger.") {
        Some(job) => Some(parse_number(job.strip_suffix(".log")?)?),
        None if rest.is_empty() => None,
        None => return None,
    };
    Some((parse_number(try_number)?, trigger_job))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The path's try and trigger, and that a relative path is printed again as it was.
    #[track_caller]
    fn check(path: &str, expect: Option<(&str, Option<u32>)>) {
        let parsed = LogPath::parse(path);
        let shown = parsed.as_ref().map(|parsed| {
            let task = parsed.task.task_try().map_or_else(
                || parsed.task.logical_date.clone().unwrap_or_default(),
                |task| task.to_string(),
            );
            (task, parsed.trigger_job)
        });
        let expect = expect.map(|(task, job)| (task.to_owned(), job));
        assert_eq!(shown, expect, "for {path}");
        if let Some(parsed) = parsed {
            assert!(path.ends_with(&parsed.to_string()), "{path} became {parsed}");
        }
    }

    #[test]
    fn reads_and_writes_paths() {
        let run = "dag_id=sales/run_id=scheduled__2026-11-22T03:00:00+00:00";
        let name = "sales/scheduled__2026-11-22T03:00:00+00:00/load";
        let deferred = Some((format!("{name}/-1/2"), Some(4)));
        let deferred = deferred.as_ref().map(|(task, job)| (task.as_str(), *job));
        check(&format!("{run}/task_id=load/attempt=1.log"), Some((&format!("{name}/-1/1"), None)));
        check(
            &format!("/opt/airflow/logs/{run}/task_id=load/map_index=7/attempt=2.log"),
            Some((&format!("{name}/7/2"), None)),
        );
        check(&format!("{run}/task_id=load/attempt=2.log.trigger.4.log"), deferred);
        check("dag_id=d/run_id=a/b/task_id=t/attempt=1.log", Some(("d/a/b/t/-1/1", None)));
        check(
            "sales/load/2026-11-22T03:00:00+00:00/1.log",
            Some(("2026-11-22T03:00:00+00:00", None)),
        );
    }

    #[track_caller]
    fn check_date(path: &str, millis: Option<i64>) {
        let date = LogPath::parse(path).unwrap().date();
        assert_eq!(date.map(Timestamp::as_millis), millis, "for {path}");
    }

    #[test]
    fn paths_tell_a_date() {
        let of = |run: &str| format!("dag_id=d/run_id={run}/task_id=t/attempt=1.log");
        check_date(&of("scheduled__2026-11-22T03:00:00+00:00"), Some(1_795_316_400_000));
        check_date(&of("manual__2026-11-22T03:00:00.250000+00:00"), Some(1_795_316_400_250));
        check_date(&of("manual__2026-11-22T03:00:00+00:00_aB3xY"), Some(1_795_316_400_000));
        check_date("d/t/2026-11-22T03:00:00+00:00/1.log", Some(1_795_316_400_000));
        check_date(&of("by hand"), None);
        check_date(&of("a__b"), None);
    }

    #[test]
    fn refuses_what_is_no_task_log() {
        check("dag_processor/2026-11-22/sales.py.log", None);
        check("scheduler/2026-11-22/dags/sales.py.log", None);
        check("dag_id=d/run_id=r/task_id=t/attempt=x.log", None);
        check("dag_id=d/run_id=r/task_id=t/attempt=1.log.gz", None);
        check("dag_id=d/task_id=t/attempt=1.log", None);
        check("xdag_id=d/run_id=r/task_id=t/attempt=1.log", None);
        check("", None);
    }
}
