//! Whatever a node does to its logs, whatever the store answers, and whenever the collector is
//! killed: every line arrives once, in its order, said to be of the pod and the task that wrote it.
//!
//! A schedule follows from its seed, and a failure names the seed. `BAROGRAM_SCHEDULES=1000` runs
//! so many instead of a few, `BAROGRAM_SCHEDULE_SEED=7` begins with another seed than 0.

use std::fmt::Write as _;
use std::fs;
use std::sync::Arc;
use std::time::Duration;

use barogram_collector::Endpoint;
use fastrand::Rng;
use kubelet::{Arrived, Format, Kubelet, Needs, Received, Settings, Step};
use model::SystemClock;
use tokio::time::sleep;

use crate::node::{Node, Running};
use crate::store::{Fate, Store};

/// How many schedules are run, unless the environment says otherwise.
const SCHEDULES: u64 = 16;
/// Schedules in which a line was lost or doubled once.
const REGRESSIONS: [u64; 3] = [200, 277, 280];
/// How many are run at once: they wait most of the time.
const AT_ONCE: usize = 8;
/// Places for pods on the node.
const PODS: usize = 3;
/// Steps of a schedule.
const STEPS: usize = 40;
/// The pod whose lines the store refuses, in some schedules.
const REFUSED_POD: &str = "mark=1.";

/// A node, a collector that is killed now and then, and a store that has its moods.
struct World {
    node: Node,
    store: Store,
    kubelet: Kubelet,
    random: Rng,
    running: Option<Running>,
    /// Whether lines may be in no file any more and not yet with the store.
    has_removed: bool,
    told: String,
}

impl World {
    async fn new(seed: u64) -> Self {
        let store = Store::start([]).await;
        let mut node = Node::new(&store.url);
        node.config.poll_interval = Duration::from_millis(30);
        node.config.endpoints[0] = Endpoint {
            push_timeout: Duration::from_millis(150),
            ..node.config.endpoints[0].clone()
        };
        let mut random = Rng::with_seed(seed);
        let settings = Settings {
            pods_folder: node.config.pods_folder.clone(),
            pods_file: node.pods_file(),
            format: if random.u8(..4) == 0 { Format::Docker } else { Format::Cri },
            record_bytes_max: 100,
            seed,
        };
        if random.u8(..4) == 0 {
            store.refuse(REFUSED_POD);
        }
        let kubelet = Kubelet::new(settings, Arc::new(SystemClock)).unwrap();
        let told = String::new();
        Self { node, store, kubelet, random, running: None, has_removed: false, told }
    }

    async fn run(&mut self) {
        let steps = kubelet::random(STEPS, PODS, &mut self.random);
        for step in steps {
            let _ = write!(self.told, "{step:?} ");
            match self.random.u8(..12) {
                0 => self.kill().await,
                1 => self.stop().await,
                2..5 => self.start(),
                5 => self.trouble(),
                _ => {}
            }
            self.step(&step).await;
        }
        self.kubelet.end_parts().unwrap();
        self.start();
        self.drain().await;
        self.stop().await;
    }

    async fn step(&mut self, step: &Step) {
        if step.needs() > Needs::Nothing {
            self.start();
        }
        match step.needs() {
            Needs::Nothing => {}
            Needs::Opened => {
                let running = self.running.as_ref().unwrap();
                // The round that is under way may have passed by what was written last.
                let scans = running.status().scans + 2;
                running.until(|status| status.scans >= scans).await;
                self.has_removed = true;
            }
            Needs::Read => self.drain().await,
        }
        if let Step::Pause(millis) = step {
            sleep(Duration::from_millis(*millis)).await;
        }
        self.kubelet.run(step).unwrap();
    }

    fn start(&mut self) {
        if self.running.is_none() {
            self.told += "start ";
            self.running = Some(self.node.start());
        }
    }

    async fn drain(&mut self) {
        self.kubelet.end_parts().unwrap();
        self.running.as_mut().unwrap().drained().await;
        if std::mem::take(&mut self.has_removed) {
            // A line of which one half is in a file that is gone cannot be made again: the position
            // behind it must be on disk.
            sleep(2 * self.node.config.position_interval).await;
        }
    }

    /// What is in no file any more is lost with a collector that has not queued it.
    async fn kill(&mut self) {
        if self.running.is_some() && self.has_removed {
            self.drain().await;
        }
        if let Some(running) = self.running.take() {
            self.told += "kill ";
            running.kill().await;
        }
    }

    async fn stop(&mut self) {
        if self.running.is_some() && self.has_removed {
            self.drain().await;
        }
        if let Some(running) = self.running.take() {
            self.told += "stop ";
            running.stop().await.unwrap();
        }
    }

    /// The next pushes fare badly.
    fn trouble(&mut self) {
        let fates = [
            Fate::Answered(500),
            Fate::Answered(429),
            Fate::Answered(503),
            Fate::StoredAndAnswered(500),
            Fate::StoredInSilence,
            Fate::Reset,
            Fate::StoredAndReset,
            Fate::Stored,
        ];
        let count = self.random.usize(1..6);
        let next = || fates[self.random.usize(..fates.len())];
        self.store.will(std::iter::repeat_with(next).take(count).collect::<Vec<_>>());
    }

    /// What was put aside, which is nothing but what the store refuses.
    fn put_aside(&self) -> Received {
        let mut put_aside = Received::default();
        let folder = self.node.config.state_folder.join("dead-letters/store");
        for entry in fs::read_dir(folder).unwrap() {
            let letter = fs::read_to_string(entry.unwrap().path()).unwrap();
            let (_, body) = letter.split_once('\n').unwrap();
            let (json, limits) = (Some("application/json"), loki::push::PushLimits::default());
            put_aside.take(loki::push::decode(json, None, body.as_bytes(), &limits).unwrap());
        }
        put_aside
    }

    /// The faults, if there are any.
    fn audit(&self) -> Result<(), String> {
        let (received, put_aside) = (self.store.received(), self.put_aside());
        let fine = |entry: &&Arrived| !entry.line.contains(REFUSED_POD);
        if let Some(entry) = put_aside.entries().iter().find(fine) {
            return Err(format!("put aside though nothing is wrong with it: {entry:?}"));
        }
        if let Some(entry) = received.changed.first() {
            return Err(format!("not the same when it came again: {entry:?}"));
        }
        let audit =
            self.kubelet.ledger().audit(received.entries().iter().chain(put_aside.entries()));
        if audit.holds() { Ok(()) } else { Err(format!("{audit}: {:#?}", audit.faults)) }
    }
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_happens_every_line_arrives_once_in_order_and_attributed() {
    let first = setting("BAROGRAM_SCHEDULE_SEED", 0);
    let seeds = first..first + setting("BAROGRAM_SCHEDULES", SCHEDULES);
    let mut seeds = REGRESSIONS.into_iter().chain(seeds);
    let mut running = tokio::task::JoinSet::new();
    let mut faults = Vec::new();
    loop {
        if running.len() < AT_ONCE
            && let Some(seed) = seeds.next()
        {
            running.spawn(async move {
                let mut world = World::new(seed).await;
                world.run().await;
                let told = std::mem::take(&mut world.told);
                world.audit().err().map(|fault| format!("seed {seed}: {fault}\nafter {told}"))
            });
            continue;
        }
        match running.join_next().await {
            Some(ended) => faults.extend(ended.unwrap()),
            None => break,
        }
    }
    assert!(faults.is_empty(), "{} schedules failed:\n{}", faults.len(), faults.join("\n\n"));
}

/// Pods that live for a moment, many at once, while the store is away and comes back.
#[tokio::test(flavor = "multi_thread")]
async fn pods_that_live_for_a_moment_arrive_whole() {
    let mut world = World::new(1).await;
    world.store.refuse("nothing of it");
    world.store.will(std::iter::repeat_n(Fate::Answered(503), 10));
    // Opening must not depend on folders being looked through.
    world.node.config.poll_interval = Duration::from_secs(2);
    world.start();
    world.running.as_ref().unwrap().until(|status| status.scans > 0).await;
    let (pods, rounds, lines) = (20, 5, 20);
    let mut kubelet = world.kubelet;
    let living = tokio::task::spawn_blocking(move || {
        for _ in 0..rounds {
            for _ in 0..lines {
                let write = |pod| Step::Write {
                    pod,
                    lines: 1,
                    form: kubelet::Form::Text,
                    is_stderr: false,
                    piece: usize::MAX,
                };
                (0..pods).for_each(|pod| kubelet.run(&write(pod)).unwrap());
                std::thread::sleep(Duration::from_millis(2));
            }
            (0..pods).for_each(|pod| kubelet.run(&Step::Remove(pod)).unwrap());
        }
        kubelet
    });
    world.kubelet = living.await.unwrap();
    world.drain().await;
    world.stop().await;
    let opened = world.kubelet.ledger().pods();
    assert_eq!((opened, world.audit()), (pods * rounds, Ok(())));
}
