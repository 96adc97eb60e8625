//! What the lines of one deployment of Airflow have told, and what of it is still to be kept.
//! Nothing here waits.

use std::collections::BTreeMap;
use std::time::Duration;

use airflow::column::attribution;
use airflow::lifecycle::{Facts, Lifecycle, Subject, Teller};
use airflow::limits::REMEMBERED_MAX;
use model::{Labels, Timestamp};

use super::Record;

/// How long nothing new must have come before an end is kept that the database has not confirmed:
/// the scheduler tells its times some seconds after a task has told its own.
const SETTLE: Duration = Duration::from_secs(15);
/// How long what is kept is remembered, so that a correction is noticed.
const REMEMBER: Duration = Duration::from_secs(3600);
/// What has not ended after so long never will, as far as lines can tell.
const OPEN_MAX: Duration = Duration::from_secs(7 * 86_400);
/// Tries and runs of a deployment that are remembered; beyond, those go first that were kept first.
const SUBJECTS_MAX: usize = REMEMBERED_MAX / 2;

/// The tries and runs of one deployment.
///
/// Deployments are told apart by the namespace: two of them may have the same DAGs, and their
/// scheduled runs the same ids.
#[derive(Debug, Default)]
pub(crate) struct Deployment {
    /// The namespace; empty where lines have none.
    namespace: String,
    lifecycle: Lifecycle,
    /// Of whom something was told that is not kept, and when that was.
    open: BTreeMap<Subject, Timestamp>,
    kept: BTreeMap<Subject, Kept>,
}

#[derive(Debug)]
struct Kept {
    facts: Facts,
    revision: u32,
    at: Timestamp,
}

impl Deployment {
    /// The same, of which the namespace is known now.
    pub(crate) fn named(self, namespace: &str) -> Self {
        Self { namespace: namespace.to_owned(), ..self }
    }

    /// Takes a line that may tell something.
    pub(crate) fn take(&mut self, labels: &Labels, metadata: &Labels, line: &str, now: Timestamp) {
        let Some(attribution) = attribution(labels, metadata) else { return };
        let teller = Teller::of(labels.get("source"), labels.get("component"), attribution.by);
        let Some(teller) = teller else { return };
        if let Some(subject) = self.lifecycle.take(teller, line, &attribution.task) {
            self.open.insert(subject, now);
        }
    }

    /// Begins with a record that was kept before.
    pub(crate) fn remember(&mut self, record: &Record, now: Timestamp) {
        let Some(subject) = record.subject() else { return };
        if self.kept.get(&subject).is_some_and(|kept| kept.revision >= record.revision) {
            return;
        }
        let kept = Kept { facts: record.facts(), revision: record.revision, at: now };
        // What the database has said meanwhile is more than what was kept before.
        if self.lifecycle.facts(&subject).is_none_or(|facts| !facts.is_exact()) {
            self.lifecycle.remember(subject.clone(), kept.facts.clone());
        }
        self.kept.insert(subject, kept);
    }

    /// What is to be kept by now.
    pub(crate) fn due(&self, now: Timestamp) -> Vec<Record> {
        let due = self.open.iter().filter_map(|(subject, news)| {
            let facts = self.lifecycle.facts(subject)?;
            facts.end()?;
            let is_settled = facts.is_exact() || now.since(*news) >= SETTLE;
            let kept = self.kept.get(subject);
            let is_news = kept.is_none_or(|kept| kept.facts != facts);
            let revision = kept.map_or(0, |kept| kept.revision + 1);
            (is_settled && is_news).then(|| self.record(subject, &facts, revision))
        });
        due.collect()
    }

    /// This is kept now. What was told of it meanwhile is due another time.
    pub(crate) fn keep(&mut self, record: &Record, now: Timestamp) {
        let Some(subject) = record.subject() else { return };
        let facts = record.facts();
        if self.lifecycle.facts(&subject).as_ref() == Some(&facts) {
            self.open.remove(&subject);
        }
        self.kept.insert(subject, Kept { facts, revision: record.revision, at: now });
    }

    /// What is not kept: what runs, and what has ended just now.
    pub(crate) fn running(&self) -> impl Iterator<Item = Record> {
        self.open.keys().filter_map(|subject| {
            let revision = self.kept.get(subject).map_or(0, |kept| kept.revision + 1);
            Some(self.record(subject, &self.lifecycle.facts(subject)?, revision))
        })
    }

    fn record(&self, subject: &Subject, facts: &Facts, revision: u32) -> Record {
        Record::new(&self.namespace, subject, facts, revision)
    }

    /// Forgets what nothing will be told of any more, and what is too much.
    pub(crate) fn forget(&mut self, now: Timestamp) {
        for subject in self.outdated(now) {
            self.kept.remove(&subject);
            if !self.open.contains_key(&subject) {
                self.lifecycle.forget(&subject);
            }
        }
        let lost = self.open.extract_if(.., |_, news| now.since(*news) > OPEN_MAX);
        lost.for_each(|(subject, _)| self.lifecycle.forget(&subject));
    }

    /// What was kept long ago, and where there is too much, what was kept first.
    fn outdated(&self, now: Timestamp) -> Vec<Subject> {
        let too_many = (self.kept.len() + self.open.len()).saturating_sub(SUBJECTS_MAX);
        let is_old = |kept: &Kept| now.since(kept.at) > REMEMBER;
        let old = self.kept.values().filter(|kept| is_old(kept)).count();
        let count = old.max(too_many).min(self.kept.len());
        if count == 0 {
            return Vec::new();
        }
        let mut by_age: Vec<_> =
            self.kept.iter().map(|(subject, kept)| (kept.at, subject)).collect();
        by_age.sort_unstable();
        by_age.into_iter().take(count).map(|(_, subject)| subject.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MARK: &str = "[2026-11-22T08:14:35.291+0000] {taskinstance.py:353} INFO - Marking task \
        as SUCCESS. dag_id=d, task_id=t, run_id=r, execution_date=20261122T030000, \
        start_date=20261122T081434, end_date=20261122T081439";
    const FINISHED: &str = "[2026-11-22T08:21:18.304+0000] {scheduler_job_runner.py:813} INFO - \
        TaskInstance Finished: dag_id=d, task_id=t, run_id=r, map_index=-1, \
        run_start_date=2026-11-22 08:14:34.213438+00:00, \
        run_end_date=2026-11-22 08:14:39.742945+00:00, state=success, operator=PythonOperator";

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_secs(1_795_335_000 + seconds)
    }

    fn take(deployment: &mut Deployment, component: &str, by: &str, line: &str, now: Timestamp) {
        let labels = Labels::new([("component", component), ("dag_id", "d"), ("task_id", "t")]);
        let metadata = Labels::new([
            ("run_id", "r"),
            ("try_number", "1"),
            ("map_index", "-1"),
            ("attributed_by", by),
        ]);
        deployment.take(&labels, &metadata, line, now);
    }

    /// What is due, and is then kept: state, duration and revision.
    #[track_caller]
    fn check(deployment: &mut Deployment, now: Timestamp, expect: &[(&str, f64, u32)]) {
        let due = deployment.due(now);
        let told = due.iter().map(|r| (r.state.as_str(), r.duration.unwrap(), r.revision));
        assert_eq!(told.collect::<Vec<_>>(), expect);
        due.iter().for_each(|record| deployment.keep(record, now));
        assert_eq!(deployment.due(now), []);
    }

    #[test]
    fn an_end_is_kept_when_it_is_settled_and_once() {
        let mut deployment = Deployment::default();
        take(&mut deployment, "worker", "pod-annotations", MARK, at(0));
        check(&mut deployment, at(14), &[]);
        assert_eq!(deployment.running().count(), 1);
        check(&mut deployment, at(15), &[("success", 5.0, 0)]);
        assert_eq!(deployment.running().count(), 0);
        take(&mut deployment, "worker", "pod-annotations", MARK, at(16));
        check(&mut deployment, at(99), &[]);
    }

    #[test]
    fn the_schedulers_word_is_final_and_corrects() {
        let mut deployment = Deployment::default();
        take(&mut deployment, "scheduler", "line", FINISHED, at(0));
        check(&mut deployment, at(0), &[("success", 5.529_507, 0)]);
        let mut deployment = Deployment::default();
        take(&mut deployment, "worker", "pod-annotations", MARK, at(0));
        check(&mut deployment, at(15), &[("success", 5.0, 0)]);
        take(&mut deployment, "scheduler", "line", FINISHED, at(20));
        check(&mut deployment, at(20), &[("success", 5.529_507, 1)]);
    }

    #[test]
    fn what_was_kept_before_a_restart_is_not_kept_again() {
        let mut deployment = Deployment::default();
        take(&mut deployment, "scheduler", "line", FINISHED, at(0));
        let due = deployment.due(at(0));
        let mut deployment = Deployment::default();
        due.iter().for_each(|record| deployment.remember(record, at(50)));
        take(&mut deployment, "worker", "pod-annotations", MARK, at(50));
        take(&mut deployment, "scheduler", "line", FINISHED, at(50));
        check(&mut deployment, at(99), &[]);
    }

    #[test]
    fn lines_of_nobody_that_is_believed_tell_nothing() {
        let mut deployment = Deployment::default();
        take(&mut deployment, "triggerer", "line", FINISHED, at(0));
        take(&mut deployment, "worker", "nobody", MARK, at(0));
        take(&mut deployment, "worker", "pod-annotations", FINISHED, at(0));
        check(&mut deployment, at(99), &[]);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut deployment = Deployment::default();
        take(&mut deployment, "scheduler", "line", FINISHED, at(0));
        check(&mut deployment, at(0), &[("success", 5.529_507, 0)]);
        deployment.forget(at(3600));
        assert_eq!(deployment.kept.len(), 1);
        deployment.forget(at(3601));
        assert_eq!((deployment.kept.len(), deployment.lifecycle.tries().count()), (0, 0));
        let start =
            "[2026-11-22T08:14:35.291+0000] {taskinstance.py:353} INFO - Executing <Task(X): t>";
        take(&mut deployment, "worker", "pod-annotations", start, at(0));
        assert_eq!(deployment.running().next().unwrap().state, "running");
        deployment.forget(at(7 * 86_400 + 1));
        assert_eq!((deployment.open.len(), deployment.lifecycle.tries().count()), (0, 0));
    }
}
