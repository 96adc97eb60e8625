//! One run: hosts on one object store, those who use them, and those who make trouble.

use std::error::Error as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fastrand::Rng;
use model::TenantId;
use store::{Error, ErrorKind};
use tokio::sync::Notify;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::timeout;

use crate::bucket::Bucket;
use crate::clock::{HostClock, WorldTime};
use crate::disk::Medium;
use crate::host::Host;
use crate::ledger::{Ledger, LineId, Violation};
use crate::settings::Settings;
use crate::trace::{Trace, lock, rng};
use crate::{end, reader, trouble, writer};

/// A run that has not ended after so much virtual time never will.
const RUN_MAX: Duration = Duration::from_secs(30 * 86_400);

/// Everything that there is.
#[derive(Debug)]
pub(crate) struct World {
    seed: u64,
    pub(crate) settings: Settings,
    pub(crate) tenant: TenantId,
    pub(crate) time: Arc<WorldTime>,
    pub(crate) trace: Trace,
    pub(crate) bucket: Arc<Bucket>,
    pub(crate) hosts: Vec<Arc<Host>>,
    pub(crate) ledger: Mutex<Ledger>,
    /// What writers could not get rid of.
    pub(crate) backlog: Mutex<Vec<Vec<LineId>>>,
    violation: Mutex<Option<Violation>>,
    violated: Notify,
}

/// What became of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// What happened, one line an event.
    pub trace: String,
    /// What is wrong, if something is.
    pub violation: Option<String>,
}

/// Plays the world of a seed to its end, or to the first thing that is wrong.
#[must_use]
pub fn run(seed: u64, steps: u32) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime of one thread needs nothing");
    runtime.block_on(async {
        let world = World::new(seed, steps);
        let played = timeout(RUN_MAX, play(Arc::clone(&world)));
        tokio::select! {
            biased;
            () = world.violated.notified() => {}
            played = played => {
                let ended = played.unwrap_or_else(|_| Err(Violation("it does not end".into())));
                ended.unwrap_or_else(|violation| world.violate(violation));
            }
        }
        let violation = lock(&world.violation).take().map(|violation| violation.0);
        Outcome { trace: world.trace.text(), violation }
    })
}

async fn play(world: Arc<World>) -> Result<(), Violation> {
    let keepers = world.hosts.iter().map(|host| Arc::clone(host).keep_up(Arc::clone(&world)));
    keepers.for_each(|keeper| drop(tokio::spawn(keeper)));
    let mut background: Vec<AbortHandle> = trouble::begin(&world);
    background.extend(reader::begin(&world));
    let mut writers = JoinSet::new();
    for index in 0..world.settings.writers {
        writers.spawn(writer::write(Arc::clone(&world), index));
    }
    while let Some(ended) = writers.join_next().await {
        ended.map_err(|error| Violation(format!("a writer ended: {error}")))?;
    }
    background.iter().for_each(AbortHandle::abort);
    end::end(&world).await
}

impl World {
    fn new(seed: u64, steps: u32) -> Arc<Self> {
        let (settings, trace, time) = (Settings::of(seed, steps), Trace::new(), WorldTime::new());
        trace.note("seed", format_args!("{seed} {settings:?}"));
        let bucket = Bucket::new(settings.objects, rng(seed, "bucket"), trace.clone());
        let hosts = (0..settings.hosts).map(|index| {
            let medium = Medium::new(settings.disk, rng(seed, &format!("disk {index}")));
            Host::new(index, HostClock::new(&time), medium)
        });
        let hosts = hosts.collect();
        let tenant = TenantId::default();
        let (ledger, backlog) = Default::default();
        let (violation, violated) = Default::default();
        Arc::new(Self {
            seed,
            settings,
            tenant,
            time,
            trace,
            bucket,
            hosts,
            ledger,
            backlog,
            violation,
            violated,
        })
    }

    /// The randomness of a part.
    pub(crate) fn rng(&self, part: &str) -> Rng {
        rng(self.seed, part)
    }

    /// One of the hosts.
    pub(crate) fn any_host(&self, rng: &mut Rng) -> &Arc<Host> {
        &self.hosts[rng.usize(..self.hosts.len())]
    }

    /// Something is wrong, which ends the run.
    pub(crate) fn violate(&self, violation: Violation) {
        self.trace.note("audit", format_args!("WRONG: {violation}"));
        lock(&self.violation).get_or_insert(violation);
        self.violated.notify_one();
    }

    /// A process that should not have failed so has failed. That the world outside fails is
    /// nothing.
    pub(crate) fn judge(&self, who: &str, what: &str, error: &Error) {
        let text = describe(error);
        self.trace.note(who, format_args!("{what} fails: {text}"));
        if error.kind() == ErrorKind::Operator {
            self.violate(Violation(format!("{who} fails for good at {what}: {text}")));
        }
    }
}

/// An error with its causes.
pub(crate) fn describe(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}
