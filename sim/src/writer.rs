//! A collector: it pushes lines until they are acknowledged, sends some of them again, and gives up
//! now and then.

use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use model::Timestamp;
use tokio::time::{sleep, timeout};

use crate::host::{Host, Process};
use crate::ledger::{LineId, STREAMS, TAGS, Violation};
use crate::trace::lock;
use crate::world::{World, describe};

/// How often a batch is pushed before the writer turns to the next.
const TRIES: u32 = 6;

/// Writes its part of the lines.
pub(crate) async fn write(world: Arc<World>, index: usize) {
    let mut rng = world.rng(&format!("writer {index}"));
    let mut sent: Vec<Vec<LineId>> = Vec::new();
    let writers = u32::try_from(world.settings.writers).expect("there are few writers");
    for _ in 0..world.settings.steps / writers {
        // Bursts, and pauses in which what is due by age becomes due.
        let pause = if rng.bool() { rng.u64(1..500) } else { rng.u64(1..40_000) };
        sleep(Duration::from_millis(pause)).await;
        let ids = lines(&world, &mut rng);
        if !deliver(&world, &mut rng, index, &ids).await {
            lock(&world.backlog).push(ids.clone());
        }
        sent.push(ids);
        if rng.u8(..5) == 0 {
            let again = sent[rng.usize(..sent.len())].clone();
            let host = world.any_host(&mut rng);
            push(&world, &mut rng, host, &again).await;
        }
    }
}

/// New lines.
fn lines(world: &World, rng: &mut Rng) -> Vec<LineId> {
    let now = world.time.now().0;
    let lines = (0..rng.u32(1..12)).map(|at| {
        let timestamp = match rng.u8(..20) {
            // Late, up to a week.
            0..3 => now - rng.i64(0..7 * 86_400_000_000_000),
            // A clock that is ahead.
            3 => now + rng.i64(0..3_600_000_000_000),
            // Several lines of one time.
            4 => now,
            _ => now + i64::from(at),
        };
        let (stream, tag) = (rng.usize(..STREAMS.len()), rng.u8(..TAGS));
        lock(&world.ledger).write(stream, Timestamp(timestamp), tag)
    });
    lines.collect()
}

/// Pushes lines until they are acknowledged, mostly to the same host. `false` when it gave up.
async fn deliver(world: &World, rng: &mut Rng, index: usize, ids: &[LineId]) -> bool {
    for attempt in 0..TRIES {
        let own = &world.hosts[index % world.hosts.len()];
        let host = if rng.u8(..4) == 0 { world.any_host(rng) } else { own };
        if push(world, rng, host, ids).await {
            return true;
        }
        sleep(Duration::from_millis(rng.u64(50..1000) << attempt)).await;
    }
    false
}

/// Pushes lines once, and tells whether they were acknowledged.
pub(crate) async fn push(world: &World, rng: &mut Rng, host: &Host, ids: &[LineId]) -> bool {
    let Some(process) = process(rng, host) else { return false };
    let streams = lock(&world.ledger).send(ids, host.index);
    // A client that goes away drops the append wherever it is.
    let patience = if rng.u8(..20) == 0 { rng.u64(0..40) } else { 10_000 };
    let append = process.store.append(&world.tenant, streams);
    let appended = match timeout(Duration::from_millis(patience), append).await {
        Ok(Ok(appended)) => appended,
        Ok(Err(error)) => {
            let error = describe(&error);
            world.trace.note(&process.name, format_args!("refuses {ids:?}: {error}"));
            return false;
        }
        Err(_) => {
            world.trace.note(&process.name, format_args!("is not waited for with {ids:?}"));
            return false;
        }
    };
    world.trace.note(&process.name, format_args!("has {ids:?}: {appended:?}"));
    if appended.accepted + appended.duplicates != ids.len() {
        world.violate(Violation(format!("{appended:?} does not count {ids:?}")));
    }
    if process.can_promise() {
        lock(&world.ledger).ack(ids, host.index, world.time.now());
    }
    process.can_promise()
}

/// Who is asked; at times one who should not be there any more.
fn process(rng: &mut Rng, host: &Host) -> Option<Arc<Process>> {
    let zombies = host.zombies();
    if !zombies.is_empty() && rng.bool() {
        return Some(Arc::clone(&zombies[rng.usize(..zombies.len())]));
    }
    host.up()
}
