//! Which files are read: those whose lines nobody prints.
//!
//! What a pod of the KubernetesExecutor prints is collected from its stdout, with what the task's
//! log file has and more. To read the file as well would give its lines twice.

use airflow::log_file::Author;
use airflow::path::LogPath;

use crate::config::TaskLogsMode;
use crate::volumes::role::Role;

/// What is known of the folder in which files are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Whose {
    /// Whether a Celery worker has it.
    pub workers: bool,
    /// Whether a scheduler has it.
    pub schedulers: bool,
    /// Whether a triggerer has it.
    pub triggerers: bool,
    /// Whether a pod of the KubernetesExecutor has it, or had it since we look.
    pub executors: bool,
    /// Whether it was named to us, whosever it is.
    pub named: bool,
    /// Whether a DAG processor keeps its logs in it too, which in Airflow 3 is never the scheduler.
    pub has_processors: bool,
    /// Whether it is on a volume that no other pod can have.
    pub is_own: bool,
}

/// What is done with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// It is read.
    Read,
    /// It is not.
    Leave,
    /// More of it must be known.
    Ask,
}

impl Whose {
    /// Notes that a pod has it.
    pub fn add(&mut self, role: Role) {
        match role {
            Role::Worker => self.workers = true,
            Role::Scheduler => self.schedulers = true,
            Role::Triggerer => self.triggerers = true,
            Role::Executors => self.executors = true,
            Role::Other => {}
        }
    }

    /// Whether any file in it may be read.
    pub fn is_wanted(&self) -> bool {
        self.workers || self.schedulers || self.triggerers || self.named
    }

    /// Whether files in it of which nobody knows who wrote them are those of tasks that no pod was
    /// made for. A scheduler either shares its logs with the executor's pods, and then with the DAG
    /// processor too, or has the local executor.
    fn is_of_runners(&self) -> bool {
        let schedulers = self.schedulers && !self.has_processors;
        (self.workers || self.named || schedulers) && !self.executors
    }
}

/// Whether a file is read that this is known of. Without `author` its first bytes were not looked
/// at.
pub fn choose(
    mode: TaskLogsMode,
    whose: Whose,
    path: &LogPath,
    author: Option<Author<'_>>,
) -> Choice {
    let of = |is_read: bool| if is_read { Choice::Read } else { Choice::Leave };
    // A trigger's lines are in its file alone. And what lies on the own volume of a worker or of a
    // scheduler has come from the tasks that it runs itself.
    let is_sure = mode == TaskLogsMode::On || path.trigger_job.is_some() || whose.is_own;
    if mode == TaskLogsMode::Off || !whose.is_wanted() || is_sure {
        return of(mode != TaskLogsMode::Off && whose.is_wanted());
    }
    let untold = of(whose.is_of_runners());
    match author {
        None | Some(Author::Unknown) => Choice::Ask,
        Some(Author::Untold) => untold,
        Some(Author::Host(host)) => {
            path.is_of_executors_pod(host).map_or(untold, |is_executors| of(!is_executors))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TASK: &str = "dag_id=sales/run_id=r/task_id=load/attempt=1.log";
    const TRIGGER: &str = "dag_id=sales/run_id=r/task_id=load/attempt=1.log.trigger.4.log";

    #[track_caller]
    fn check(roles: &[Role], is_own: bool, path: &str, author: Author<'_>, expect: Choice) {
        let mut whose = Whose { is_own, ..Whose::default() };
        roles.iter().for_each(|role| whose.add(*role));
        let path = LogPath::parse(path).unwrap();
        let choice = choose(TaskLogsMode::Auto, whose, &path, Some(author));
        assert_eq!(choice, expect, "for {roles:?}, {author:?}");
        let at_first = choose(TaskLogsMode::Auto, whose, &path, None);
        assert!([expect, Choice::Ask].contains(&at_first), "{at_first:?} became {expect:?}");
        let is_wanted = roles.iter().any(|it| ![Role::Executors, Role::Other].contains(it));
        let expect = if is_wanted { Choice::Read } else { Choice::Leave };
        assert_eq!(choose(TaskLogsMode::On, whose, &path, None), expect, "where all are read");
        assert_eq!(choose(TaskLogsMode::Off, whose, &path, None), Choice::Leave);
    }

    #[test]
    fn nothing_is_read_that_somebody_prints() {
        use Author::{Host, Unknown, Untold};
        use Choice::{Ask, Leave, Read};
        use Role::{Executors, Other, Scheduler, Triggerer, Worker};
        let (celery, pod) = (Host("airflow-worker-0"), Host("sales-load-x1y2z3a4"));
        // On a volume of its own.
        check(&[Worker], true, TASK, Unknown, Read);
        check(&[Scheduler], true, TASK, Untold, Read);
        check(&[Triggerer], true, TRIGGER, Untold, Read);
        check(&[Executors], true, TASK, Untold, Leave);
        check(&[Other], true, TASK, Untold, Leave);
        // On one that many have: Airflow 2 tells who wrote a file.
        for roles in [&[Worker][..], &[Scheduler], &[Worker, Executors], &[Triggerer]] {
            check(roles, false, TASK, celery, Read);
            check(roles, false, TASK, pod, Leave);
            check(roles, false, TASK, Unknown, Ask);
            check(roles, false, TRIGGER, Untold, Read);
        }
        // Airflow 3 does not.
        check(&[Worker], false, TASK, Untold, Read);
        check(&[Worker, Executors], false, TASK, Untold, Leave);
        check(&[Triggerer], false, TASK, Untold, Leave);
        check(&[Worker], false, TASK, Host("10.1.2.3"), Read);
    }

    #[test]
    fn a_scheduler_that_shares_its_logs_has_executors_pods() {
        let path = LogPath::parse(TASK).unwrap();
        for (has_processors, expect) in [(false, Choice::Read), (true, Choice::Leave)] {
            let whose = Whose { schedulers: true, has_processors, ..Whose::default() };
            for author in [Author::Untold, Author::Host("10.1.2.3")] {
                let choice = choose(TaskLogsMode::Auto, whose, &path, Some(author));
                assert_eq!(choice, expect, "for {author:?}");
            }
        }
    }
}
