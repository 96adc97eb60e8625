//! The end of a run: nothing fails any more, everything is published, merged and swept, and what is
//! then there is exactly what must be.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures::TryStreamExt as _;
use model::Timestamp;
use object_store::ObjectStoreExt;
use object_store::path::Path;
use store::{Rules, Store};
use tokio::time::sleep;

use crate::host::Process;
use crate::ledger::{LineId, Violation};
use crate::power::End;
use crate::reader::{Expect, look};
use crate::rules::Tags;
use crate::trace::lock;
use crate::world::{World, describe};
use crate::{trouble, writer};

/// Rounds of upkeep until nothing changes. Each may merge a few groups of segments.
const ROUNDS_MAX: u32 = 200;
/// So many manifests are kept, and some more until the next look.
const MANIFESTS_MAX: usize = 256 + 64 + 8;
/// The lines of this tag are deleted at the end.
const LAST_TAG: u8 = 0;

/// Ends a run.
///
/// # Errors
/// When something is wrong.
pub(crate) async fn end(world: &Arc<World>) -> Result<(), Violation> {
    world.trace.note("end", "nothing fails any more");
    calm(world).await?;
    deliver_backlog(world).await?;
    publish(world).await?;
    audit(world, Expect::All).await?;
    if !trouble::ask(world, &world.hosts[0], LAST_TAG, Timestamp(0), Timestamp::MAX).await {
        return Err(Violation("a request to delete is refused though nothing fails".into()));
    }
    // Then every day is over, and every request is due.
    world.time.jump(Duration::from_secs(2 * 86_400));
    settle(world).await?;
    audit(world, Expect::Once).await?;
    // Then nobody reads what was removed, and what nobody knows is old. One merges after the other,
    // so that there is nothing new that nobody knows.
    processes(world)?.iter().for_each(|process| process.rest());
    world.time.jump(world.settings.config.orphan_age + world.settings.config.sweep_age);
    settle(world).await?;
    check_objects(world).await?;
    restart(world).await?;
    audit(world, Expect::Once).await
}

/// Faults stop, zombies go, all hosts are up, and nothing is under way.
async fn calm(world: &World) -> Result<(), Violation> {
    world.bucket.calm();
    for host in &world.hosts {
        host.heal();
        host.zombies().iter().for_each(|zombie| host.bury(zombie));
        host.up().into_iter().for_each(|process| process.power.disarm());
    }
    for _ in 0..1000 {
        sleep(Duration::from_secs(10)).await;
        if world.bucket.is_settled() && world.hosts.iter().all(|host| host.up().is_some()) {
            return Ok(());
        }
    }
    Err(Violation("not all hosts come up though nothing fails".into()))
}

fn processes(world: &World) -> Result<Vec<Arc<Process>>, Violation> {
    let up = world.hosts.iter().map(|host| host.up());
    let up: Option<Vec<_>> = up.collect();
    up.ok_or_else(|| Violation("a host has ended though nobody has killed it".into()))
}

/// What writers could not get rid of is taken now.
async fn deliver_backlog(world: &World) -> Result<(), Violation> {
    let mut rng = world.rng("backlog");
    let backlog = std::mem::take(&mut *lock(&world.backlog));
    for ids in backlog {
        let mut tries = 0;
        while !writer::push(world, &mut rng, world.any_host(&mut world.rng("host")), &ids).await {
            tries += 1;
            if tries == 100 {
                return Err(Violation(format!("{ids:?} are refused though nothing fails")));
            }
            sleep(Duration::from_secs(10)).await;
        }
    }
    Ok(())
}

async fn publish(world: &World) -> Result<(), Violation> {
    for process in processes(world)? {
        work(world, &process, "flush", process.store.flush().await)?;
    }
    for process in processes(world)? {
        work(world, &process, "refresh", process.store.refresh().await)?;
    }
    Ok(())
}

fn work(
    world: &World,
    process: &Process,
    what: &str,
    done: Result<(), store::Error>,
) -> Result<(), Violation> {
    world.trace.note(&process.name, format_args!("{what}: {:?}", done.is_ok()));
    done.map_err(|error| {
        let error = describe(&error);
        Violation(format!("{} fails to {what} though nothing fails: {error}", process.name))
    })
}

/// Upkeep, until nothing changes.
async fn settle(world: &World) -> Result<(), Violation> {
    let rules: Arc<dyn Rules> = Arc::new(Tags);
    let mut last = 0;
    for _ in 0..ROUNDS_MAX {
        for process in processes(world)? {
            work(world, &process, "refresh", process.store.refresh().await)?;
            work(world, &process, "upkeep", process.store.upkeep(&rules).await)?;
        }
        let manifests = world.hosts.iter().filter_map(|host| host.up());
        let number = manifests.map(|process| manifest(&process.store)).max().unwrap_or(0);
        if number == last {
            return Ok(());
        }
        last = number;
        world.time.jump(world.settings.config.removed_age);
        // A day is merged when nothing was added to it for a while.
        world.time.jump(Duration::from_secs(3600));
    }
    Err(Violation(format!("upkeep does not come to an end after {ROUNDS_MAX} rounds")))
}

fn manifest(store: &Store) -> u64 {
    store.status().manifest
}

/// Every host shows what it must, and nothing else.
async fn audit(world: &World, expect: Expect) -> Result<(), Violation> {
    let now = world.time.now();
    for (host, process) in world.hosts.iter().zip(processes(world)?) {
        work(world, &process, "refresh", process.store.refresh().await)?;
        let found = look(world, host, &process, expect).await;
        let found = found.ok_or_else(|| Violation(format!("{} cannot be read", process.name)))?;
        let found: BTreeSet<LineId> = found.iter().map(|row| row.id).collect();
        if expect == Expect::Once {
            let ledger = lock(&world.ledger);
            let expired = |id: &&LineId| ledger.must_be_gone(**id, now);
            let deleted = |id: &&LineId| ledger.line(**id).tag == LAST_TAG;
            let wrong = found.iter().find(|id| expired(id) || deleted(id));
            if let Some(id) = wrong {
                let line = ledger.line(*id);
                return Err(Violation(format!("line {id} should be gone: {line:?}")));
            }
        }
    }
    Ok(())
}

/// There are the objects that the manifest names, and no others.
async fn check_objects(world: &World) -> Result<(), Violation> {
    let manifests = world.bucket.paths("manifest").await;
    if manifests.len() > MANIFESTS_MAX {
        return Err(Violation(format!("{} manifests are kept", manifests.len())));
    }
    let Some(newest) = manifests.iter().max() else { return Ok(()) };
    let read = world.bucket.objects.get(&Path::from(newest.as_str())).await;
    let stream = read.expect("it was listed").into_stream();
    let bytes: Vec<bytes::Bytes> = stream.try_collect().await.expect("memory does not fail");
    let manifest: serde_json::Value =
        serde_json::from_slice(&bytes.concat()).expect("a manifest is JSON");
    let named = manifest["segments"].as_array().into_iter().flatten();
    let named = named.filter_map(|segment| segment["path"].as_str().map(str::to_owned));
    let named: BTreeSet<String> = named.collect();
    let there: BTreeSet<String> = world.bucket.paths("tenants").await.into_iter().collect();
    if let Some(missing) = named.difference(&there).next() {
        return Err(Violation(format!("{missing} is in the manifest, and gone")));
    }
    if let Some(orphan) = there.difference(&named).next() {
        return Err(Violation(format!("{orphan} is there, and no manifest knows it")));
    }
    Ok(())
}

/// Every process is killed, and another one opens the same log.
async fn restart(world: &World) -> Result<(), Violation> {
    for host in &world.hosts {
        host.kill(End::PowerLost);
    }
    calm(world).await
}
