//! All that was told of one try, and what is concluded from it.

use model::Timestamp;

use crate::lifecycle::own::Own;
use crate::lifecycle::scheduler::Scheduler;
use crate::lifecycle::{Cause, State, TryRecord};
use crate::pod::PodEnd;

/// What was told of a try, by whom.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Evidence {
    /// By the try itself and its supervisor.
    pub(super) own: Own,
    /// By the scheduler.
    pub(super) scheduler: Scheduler,
    /// By Kubernetes: how its last pod ended.
    pub(super) pod: Option<PodEnd>,
    /// What was concluded before a restart.
    pub(super) kept: TryRecord,
}

/// How a try ended, and between which times.
#[derive(Clone, Copy)]
struct Ending {
    state: Option<State>,
    start: Option<Timestamp>,
    end: Option<Timestamp>,
    is_exact: bool,
}

impl Evidence {
    /// What all of it makes of the try.
    pub(super) fn conclude(&self) -> TryRecord {
        let (scheduler, kept) = (&self.scheduler, &self.kept);
        let Ending { state, start, end, is_exact } = self.ending();
        let first = |all: &[&Option<String>]| all.iter().copied().find_map(Clone::clone);
        let cause = self.cause().or_else(|| kept.cause.clone());
        TryRecord {
            state,
            start,
            end,
            queued: scheduler.queued.or(kept.queued),
            operator: first(&[&scheduler.operator, &self.own.operator().cloned(), &kept.operator]),
            executor: first(&[&scheduler.executor, &kept.executor]),
            cause: cause.filter(|_| state == Some(State::Failed)),
            is_exact,
        }
    }

    /// Takes how one of its pods ended; of several, the last counts.
    pub(super) fn pod_ended(&mut self, end: PodEnd) {
        if self.pod.as_ref().is_none_or(|known| known.at() <= end.at()) {
            self.pod = Some(end);
        }
    }

    fn ending(&self) -> Ending {
        let own = self.of_own();
        if let Some(ending) = self.of_database() {
            return Ending {
                start: ending.start.or(own.start),
                end: ending.end.or(own.end),
                ..ending
            };
        }
        self.of_given_up().unwrap_or_else(|| self.with_kept(own))
    }

    /// The database's words: a state that is an end, or the dates of a try after which the next was
    /// on its way already. Between two attempts of a sensor that is rescheduled such dates stand
    /// too, so they need somebody who says that this try has failed.
    fn of_database(&self) -> Option<Ending> {
        if let Some((state, start, end)) = self.scheduler.finished {
            let is_exact = start.is_some() && end.is_some();
            return Some(Ending { state: Some(state), start, end, is_exact });
        }
        let followed = self.scheduler.followed?;
        let has_failed = followed.is_executor_failed || self.own.state() == Some(State::Failed);
        (has_failed && !self.own.is_rescheduled).then_some(Ending {
            state: Some(State::Failed),
            start: Some(followed.start),
            end: Some(followed.end),
            is_exact: true,
        })
    }

    /// The scheduler fails a try at once whose executor says that it is over, when the database
    /// says that it is not; unless the try has told its own end, which is only late then.
    fn of_given_up(&self) -> Option<Ending> {
        let given_up = self.scheduler.given_up?;
        let is_silent = self.own.state().is_none() && given_up.is_executor_failed;
        (is_silent || self.own.is_killed()).then_some(Ending {
            state: Some(State::Failed),
            start: given_up.start,
            end: Some(given_up.at),
            is_exact: false,
        })
    }

    /// What the try has told; else that the scheduler has not heard of it any more, which is when
    /// it fails it; else that its pod has failed.
    fn of_own(&self) -> Ending {
        let own = &self.own;
        let failed_pod = self.pod.as_ref().filter(|pod| pod.has_failed() && own.state().is_none());
        let others = self.scheduler.zombie.or_else(|| failed_pod.and_then(PodEnd::at));
        let state = own.state().or(others.map(|_| State::Failed));
        let end = if own.state().is_none() { others } else { own.end().or(others) };
        Ending { state, start: own.start(), end, is_exact: false }
    }

    /// What a try tells after a restart is a part of what it has told.
    fn with_kept(&self, own: Ending) -> Ending {
        let kept = &self.kept;
        if kept.is_exact {
            let TryRecord { state, start, end, is_exact, .. } = *kept;
            return Ending { state, start, end, is_exact };
        }
        let (state, start) = (own.state.or(kept.state), kept.start.or(own.start));
        Ending { state, start, end: own.end.max(kept.end), is_exact: false }
    }

    fn cause(&self) -> Option<Cause> {
        if let Some(reason) = self.pod.as_ref().and_then(PodEnd::reason) {
            return Some(Cause::Pod(reason.to_owned()));
        }
        if self.own.is_timed_out {
            return Some(Cause::TimedOut);
        }
        if let Some(code) = self.own.exit_code() {
            return Some(Cause::ExitCode(code.clone()));
        }
        let zombie = self.scheduler.zombie.map(|_| Cause::Zombie);
        zombie.or_else(|| self.of_given_up().map(|_| Cause::Executor))
    }
}
