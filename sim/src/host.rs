//! A host: a disk, a clock, and one process after the other that opens the store on them.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use model::Clock;
use store::{Hop, Parts, Rules, Store, Threads};
use tokio::task::AbortHandle;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::bucket::Connection;
use crate::clock::HostClock;
use crate::disk::{Medium, Mounted};
use crate::ledger::LineId;
use crate::power::{End, Power};
use crate::rules::Tags;
use crate::trace::lock;
use crate::world::World;

/// A host.
#[derive(Debug)]
pub(crate) struct Host {
    pub(crate) index: usize,
    pub(crate) name: String,
    pub(crate) clock: Arc<HostClock>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    medium: Medium,
    up: Option<Arc<Process>>,
    /// A process that is opening its store.
    starting: Option<Power>,
    /// Processes that go on though another has taken their place.
    zombies: Vec<Arc<Process>>,
    started: u32,
    /// Lines that a snapshot of this host has shown.
    seen: BTreeSet<LineId>,
}

/// A process with an open store.
#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) name: String,
    pub(crate) store: Store,
    pub(crate) power: Power,
    parted: Arc<AtomicBool>,
    lapsed: AtomicBool,
    tasks: Mutex<Vec<AbortHandle>>,
}

impl Process {
    /// Whether what it says now will be true later: it lives, and nobody has taken its place.
    pub(crate) fn can_promise(&self) -> bool {
        self.power.is_on() && !self.lapsed.load(Ordering::Relaxed)
    }

    /// Ends what it does in the background.
    pub(crate) fn rest(&self) {
        lock(&self.tasks).iter().for_each(AbortHandle::abort);
    }
}

impl Host {
    pub(crate) fn new(index: usize, clock: Arc<HostClock>, medium: Medium) -> Arc<Self> {
        let (up, starting, started) = (None, None, 0);
        let (zombies, seen) = Default::default();
        let state = Mutex::new(State { medium, up, starting, zombies, started, seen });
        Arc::new(Self { index, name: format!("s{}", index + 1), clock, state })
    }

    /// The process that serves, if one does.
    pub(crate) fn up(&self) -> Option<Arc<Process>> {
        lock(&self.state).up.clone()
    }

    /// The processes that should not be there any more.
    pub(crate) fn zombies(&self) -> Vec<Arc<Process>> {
        lock(&self.state).zombies.clone()
    }

    /// Lines that must be seen again, unless they may be gone.
    pub(crate) fn seen(&self) -> BTreeSet<LineId> {
        lock(&self.state).seen.clone()
    }

    /// Notes what was seen, without what may be gone.
    pub(crate) fn saw(&self, ids: impl Iterator<Item = LineId>, keep: impl Fn(LineId) -> bool) {
        let seen = &mut lock(&self.state).seen;
        seen.extend(ids);
        seen.retain(|id| keep(*id));
    }

    /// Nothing fails on its disk any more.
    pub(crate) fn heal(&self) {
        lock(&self.state).medium.heal();
    }

    /// Ends the process that serves or is about to.
    pub(crate) fn kill(&self, end: End) {
        let state = lock(&self.state);
        let power = state.up.as_ref().map(|process| &process.power).or(state.starting.as_ref());
        power.into_iter().for_each(|power| power.cut(end));
    }

    /// Ends the process that serves, when it passes a hop.
    pub(crate) fn kill_at(&self, hop: Hop, passes: u32, end: End) {
        if let Some(process) = self.up() {
            process.power.set_fuse(hop, passes, end);
        }
    }

    /// Somebody takes the process for dead, and starts another on a copy of its disk; it goes on,
    /// cut off from the object store until the other one has the log. Its own disk may be gone.
    pub(crate) fn replace(&self, detach: bool) -> Option<Arc<Process>> {
        let mut state = lock(&self.state);
        let process = state.up.take()?;
        process.lapsed.store(true, Ordering::Relaxed);
        process.parted.store(true, Ordering::Relaxed);
        let copy = state.medium.fork();
        if detach {
            state.medium.detach();
        }
        state.medium = copy;
        state.zombies.push(Arc::clone(&process));
        process.power.leave();
        Some(process)
    }

    /// Ends a process that should not be there any more.
    pub(crate) fn bury(&self, zombie: &Arc<Process>) {
        zombie.power.cut(End::Killed);
        zombie.rest();
        lock(&self.state).zombies.retain(|known| !Arc::ptr_eq(known, zombie));
    }

    /// Starts processes, each when the one before it has ended.
    pub(crate) async fn keep_up(self: Arc<Self>, world: Arc<World>) {
        let mut rng = world.rng(&self.name);
        loop {
            let power = Power::default();
            if let Some(process) = self.start(&world, &power).await {
                process.power.over().await;
                if !process.power.is_on() {
                    process.rest();
                    lock(&self.state).up = None;
                }
            }
            let medium = lock(&self.state).medium.clone();
            match power.end() {
                Some(End::PowerLost) => {
                    let bytes = medium.lose_power();
                    world.trace.note(&self.name, format_args!("power fails: {bytes} bytes lost"));
                }
                Some(End::Killed) => world.trace.note(&self.name, "killed"),
                None => {}
            }
            sleep(Duration::from_millis(rng.u64(1..30_000))).await;
        }
    }

    async fn start(&self, world: &Arc<World>, power: &Power) -> Option<Arc<Process>> {
        let (number, medium) = {
            let mut state = lock(&self.state);
            state.started += 1;
            state.starting = Some(power.clone());
            (state.started, state.medium.clone())
        };
        let name = format!("{}.{number}", self.name);
        world.trace.note(&name, "opens");
        let parted = Arc::new(AtomicBool::new(false));
        let parts = self.parts(world, &name, medium, power, &parted);
        let opened = Store::open(world.settings.config.clone(), parts).await;
        lock(&self.state).starting = None;
        if !power.is_on() {
            return None;
        }
        let store = match opened {
            Ok(store) => store,
            Err(error) => {
                world.judge(&name, "open", &error);
                return None;
            }
        };
        world.trace.note(&name, format_args!("is open: {:?}", store.status()));
        let process = self.begin(world, name, store, power, parted);
        let mut state = lock(&self.state);
        state.up = Some(Arc::clone(&process));
        for zombie in &state.zombies {
            zombie.parted.store(false, Ordering::Relaxed);
        }
        Some(process)
    }

    fn parts(
        &self,
        world: &World,
        name: &str,
        medium: Medium,
        power: &Power,
        parted: &Arc<AtomicBool>,
    ) -> Parts {
        let (power, parted) = (power.clone(), Arc::clone(parted));
        let (host, bucket) = (name.to_owned(), Arc::clone(&world.bucket));
        let (trace, who) = (world.trace.clone(), name.to_owned());
        let ended = move |hop| trace.note(&who, format_args!("ends at {hop}"));
        let fail_points = power.fail_points(ended);
        let log = Mounted { path: self.name.clone().into(), medium, power: power.clone() };
        let objects = Connection { host, bucket, power, parted };
        let clock = Arc::clone(&self.clock) as Arc<dyn Clock>;
        Parts {
            log: Arc::new(log),
            fail_points,
            threads: Threads::InPlace,
            process: u32::try_from(self.index).expect("there are few hosts"),
            ..Parts::new(Arc::new(objects), self.name.clone().into(), clock)
        }
    }

    /// Starts what a server does in the background.
    fn begin(
        &self,
        world: &Arc<World>,
        name: String,
        store: Store,
        power: &Power,
        parted: Arc<AtomicBool>,
    ) -> Arc<Process> {
        let (power, lapsed, tasks) = (power.clone(), AtomicBool::new(false), Mutex::default());
        let process = Arc::new(Process { name, store, power, parted, lapsed, tasks });
        let store = process.store.clone();
        let flushes = tokio::spawn(async move { store.run(CancellationToken::new()).await });
        let upkeep = tokio::spawn(upkeep(Arc::clone(world), Arc::clone(&process)));
        lock(&process.tasks).extend([flushes.abort_handle(), upkeep.abort_handle()]);
        process
    }
}

async fn upkeep(world: Arc<World>, process: Arc<Process>) {
    let rules: Arc<dyn Rules> = Arc::new(Tags);
    loop {
        sleep(world.settings.config.maintain_age).await;
        if let Err(error) = process.store.upkeep(&rules).await
            && process.can_promise()
        {
            world.judge(&process.name, "upkeep", &error);
        }
    }
}
