//! The one task that writes: it gathers appends that wait, admits them, logs them with one fsync,
//! makes them visible and acknowledges them. Sealing goes through it too, so a seal falls between
//! two groups and the checkpoint is exact.
//!
//! It runs on a thread for blocking work: all it does is to hash, copy and wait for the disk.

use std::sync::{Arc, Mutex, PoisonError};

use model::Clock;
use tokio::sync::{mpsc, oneshot};

use crate::admit::{Admitted, Appended, Received};
use crate::folder::Lock;
use crate::live::{Live, Sealed};
use crate::metrics::Metrics;
use crate::wal::{Checkpoint, Usage, Writer, Written};
use crate::{Config, Error, Hop, Threads};

/// How to reach the task.
#[derive(Debug, Clone)]
pub(crate) struct Appender {
    commands: mpsc::Sender<Command>,
    usage: Arc<Mutex<Usage>>,
}

/// What became of an append that reached the log.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// It is durable and visible.
    Acked(Appended),
    /// A manifest was published since it was checked for duplicates: check it again.
    Stale(Received),
}

#[derive(Debug)]
enum Command {
    Append { received: Received, checked: u64, reply: oneshot::Sender<Result<Outcome, Error>> },
    Seal { reply: oneshot::Sender<Option<Arc<Sealed>>> },
    Trim { checkpoint: Checkpoint, reply: oneshot::Sender<Result<(), Error>> },
    Stop { reply: oneshot::Sender<()> },
}

impl Appender {
    /// Starts the task. It ends when the last `Appender` is dropped or one of them stops it, after
    /// it has served what is queued; it holds the folder's lock until then.
    pub(crate) fn start(
        config: &Config,
        threads: Threads,
        log: Writer,
        live: Arc<Live>,
        clock: Arc<dyn Clock>,
        metrics: Metrics,
        lock: Option<Lock>,
    ) -> Self {
        let (sender, receiver) = mpsc::channel(config.append_queue.max(1));
        let group_bytes = config.wal_group_bytes as u64;
        let usage = Arc::new(Mutex::new(log.usage()));
        let told = Arc::clone(&usage);
        let task = Task { log, live, clock, metrics, receiver, group_bytes, usage, lock };
        drop(threads.start(task.run()));
        Self { commands: sender, usage: told }
    }

    /// Appends; `checked` is the manifest against which published duplicates were dropped.
    pub(crate) async fn append(&self, received: Received, checked: u64) -> Result<Outcome, Error> {
        self.send(|reply| Command::Append { received, checked, reply }).await?
    }

    /// Seals the head and returns the generation that waits to be published, if there is one.
    pub(crate) async fn seal(&self) -> Result<Option<Arc<Sealed>>, Error> {
        self.send(|reply| Command::Seal { reply }).await
    }

    /// Removes the log files that hold nothing from the checkpoint on.
    pub(crate) async fn trim(&self, checkpoint: Checkpoint) -> Result<(), Error> {
        self.send(|reply| Command::Trim { checkpoint, reply }).await?
    }

    /// Ends the task, once everything that is queued has been answered. What comes later is
    /// refused. A task that has ended already is no error.
    pub(crate) async fn stop(&self) {
        drop(self.send(|reply| Command::Stop { reply }).await);
    }

    /// What the log occupies.
    pub(crate) fn usage(&self) -> Usage {
        *self.usage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn send<T>(
        &self,
        command: impl FnOnce(oneshot::Sender<T>) -> Command,
    ) -> Result<T, Error> {
        let (reply, answer) = oneshot::channel();
        self.commands.send(command(reply)).await.map_err(|_| Error::Closed)?;
        answer.await.map_err(|_| Error::Closed)
    }
}

struct Task {
    log: Writer,
    live: Arc<Live>,
    clock: Arc<dyn Clock>,
    metrics: Metrics,
    receiver: mpsc::Receiver<Command>,
    group_bytes: u64,
    /// What the log occupies, told after every step.
    usage: Arc<Mutex<Usage>>,
    /// Nobody else may open the log while a write may be on its way.
    lock: Option<Lock>,
}

/// Appends of one group, with whom to answer.
#[derive(Default)]
struct Group {
    admitted: Vec<Admitted>,
    replies: Vec<oneshot::Sender<Result<Outcome, Error>>>,
    bytes: u64,
}

impl Task {
    async fn run(mut self) {
        let mut stopped = Vec::new();
        let mut next = self.receiver.recv().await;
        while let Some(command) = next {
            let ended_by = match command {
                Command::Stop { reply } => {
                    self.receiver.close();
                    stopped.push(reply);
                    None
                }
                command => self.step(command),
            };
            *self.usage.lock().unwrap_or_else(PoisonError::into_inner) = self.log.usage();
            next = match ended_by {
                Some(command) => Some(command),
                None => self.receiver.recv().await,
            };
        }
        drop(self.lock.take());
        for reply in stopped {
            let _ = reply.send(());
        }
    }

    /// Serves one command, or a group of appends. Returns the command that ended the group.
    fn step(&mut self, command: Command) -> Option<Command> {
        match command {
            Command::Append { received, checked, reply } => {
                let mut group = Group::default();
                self.admit(&mut group, received, checked, reply);
                let ended_by = self.gather(&mut group);
                self.commit(group);
                return ended_by;
            }
            // An answer that nobody waits for any more is no error: the caller went away.
            Command::Seal { reply } => drop(reply.send(self.seal())),
            Command::Trim { checkpoint, reply } => drop(reply.send(self.log.trim(checkpoint))),
            // It is `run` that stops.
            Command::Stop { .. } => {}
        }
        None
    }

    /// Takes in the appends that wait already, up to the size of a group.
    fn gather(&mut self, group: &mut Group) -> Option<Command> {
        while group.bytes < self.group_bytes {
            match self.receiver.try_recv() {
                Ok(Command::Append { received, checked, reply }) => {
                    self.admit(group, received, checked, reply);
                }
                Ok(other) => return Some(other),
                Err(_) => break,
            }
        }
        None
    }

    fn admit(
        &self,
        group: &mut Group,
        received: Received,
        checked: u64,
        reply: oneshot::Sender<Result<Outcome, Error>>,
    ) {
        let bytes = received.bytes();
        match self.live.admit(received, checked) {
            Ok(admitted) => {
                group.admitted.push(admitted);
                group.replies.push(reply);
                group.bytes += bytes;
            }
            Err(received) => drop(reply.send(Ok(Outcome::Stale(received)))),
        }
    }

    /// Logs a group and answers all of it. A duplicate is acknowledged with its group, because
    /// what it is a duplicate of may be in the same group.
    fn commit(&mut self, group: Group) {
        let result = if group.admitted.iter().all(Admitted::is_empty) {
            Ok(group.admitted.into_iter().map(Admitted::nothing_new).collect())
        } else {
            self.log(group.admitted)
        };
        match result {
            Ok(appended) => {
                for (reply, appended) in group.replies.into_iter().zip(appended) {
                    self.count(appended, 0);
                    drop(reply.send(Ok(Outcome::Acked(appended))));
                }
                self.count(Appended::default(), group.bytes);
                // They were told already, so nothing can fail any more.
                let _ = self.log.fail_points.pass(Hop::Acknowledged);
            }
            Err(error) => {
                let error = Arc::new(error);
                for reply in group.replies {
                    drop(reply.send(Err(Error::NotLogged(Arc::clone(&error)))));
                }
            }
        }
    }

    fn log(&mut self, admitted: Vec<Admitted>) -> Result<Vec<Appended>, Error> {
        let written = self.log.append(|record| {
            for append in admitted.iter().filter(|append| !append.is_empty()) {
                append.encode(record);
            }
        });
        match written {
            Ok(proof) => Ok(self.hold(admitted, &proof)),
            Err(error) => {
                self.live.withdraw(admitted);
                Err(error)
            }
        }
    }

    fn hold(&self, admitted: Vec<Admitted>, proof: &Written) -> Vec<Appended> {
        tracing::trace!(sequence = proof.sequence, appends = admitted.len(), "logged");
        let logged = admitted.into_iter().map(|append| append.logged(proof)).collect();
        let appended = self.live.hold(logged, self.clock.now());
        self.metrics.fsyncs.inc();
        appended
    }

    fn seal(&mut self) -> Option<Arc<Sealed>> {
        // A log that cannot begin a new file can be sealed all the same: its file is only removed
        // later. The next append will meet the same error and tell it.
        let checkpoint = match self.log.rotate() {
            Ok(checkpoint) => checkpoint,
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "failed to rotate the log"
                );
                self.log.checkpoint()
            }
        };
        self.live.seal(checkpoint)
    }

    fn count(&self, appended: Appended, bytes: u64) {
        self.metrics.appended_lines.inc_by(appended.accepted as u64);
        self.metrics.duplicate_lines.inc_by(appended.duplicates as u64);
        self.metrics.appended_bytes.inc_by(bytes);
    }
}

#[cfg(test)]
mod tests;
