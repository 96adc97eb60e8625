//! Those who make trouble: a killer, the weather, and somebody who wants lines deleted.

use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use model::Timestamp;
use store::{DeleteWish, Hop};
use tokio::task::AbortHandle;
use tokio::time::sleep;

use crate::clock::OFF_MAX;
use crate::host::Host;
use crate::ledger::{Request, TAGS};
use crate::power::End;
use crate::rules::query;
use crate::trace::lock;
use crate::world::{World, describe};

/// Starts them.
pub(crate) fn begin(world: &Arc<World>) -> Vec<AbortHandle> {
    let settings = &world.settings;
    let killer = settings.death_every.map(|mean| tokio::spawn(kill(Arc::clone(world), mean)));
    let weather = settings.weather_every.map(|mean| tokio::spawn(turn(Arc::clone(world), mean)));
    let deleter = settings.delete_every.map(|mean| tokio::spawn(delete(Arc::clone(world), mean)));
    [killer, weather, deleter].into_iter().flatten().map(|task| task.abort_handle()).collect()
}

async fn wait(rng: &mut Rng, mean_seconds: u64) {
    sleep(Duration::from_millis(rng.u64(1..mean_seconds * 2000))).await;
}

async fn kill(world: Arc<World>, mean_seconds: u64) {
    let mut rng = world.rng("killer");
    let mut host = world.any_host(&mut rng);
    loop {
        if rng.u8(..3) > 0 {
            wait(&mut rng, mean_seconds).await;
            host = world.any_host(&mut rng);
        } else {
            // Misfortunes come in pairs: what one death leaves behind, the next one takes.
            wait(&mut rng, 20).await;
        }
        let end = if rng.bool() { End::Killed } else { End::PowerLost };
        if rng.u32(..100) < world.settings.zombie_percent {
            replace(&world, &mut rng, host);
        } else if rng.bool() {
            host.kill_at(hop(&mut rng), rng.u32(..3), end);
        } else {
            host.kill(end);
        }
    }
}

/// Half of the hops are before a record is synced: there is least to go by.
fn hop(rng: &mut Rng) -> Hop {
    if rng.bool() { Hop::LogWritten } else { Hop::ALL[rng.usize(..Hop::ALL.len())] }
}

/// Starts another process in the place of one that goes on for a while.
fn replace(world: &Arc<World>, rng: &mut Rng, host: &Arc<Host>) {
    let detach = rng.bool();
    let Some(zombie) = host.replace(detach) else { return };
    world.trace.note(&zombie.name, format_args!("is replaced; its disk is gone: {detach}"));
    let (host, life) = (Arc::clone(host), Duration::from_secs(rng.u64(1..1200)));
    tokio::spawn(async move {
        sleep(life).await;
        host.bury(&zombie);
    });
}

/// The weather turns: the gateway goes away, a clock is set, or days go by.
async fn turn(world: Arc<World>, mean_seconds: u64) {
    let mut rng = world.rng("weather");
    loop {
        wait(&mut rng, mean_seconds).await;
        if rng.u32(..100) < world.settings.jump_percent {
            let seconds = rng.u64(3600..3 * 86_400);
            world.trace.note("time", format_args!("jumps by {seconds} s"));
            world.time.jump(Duration::from_secs(seconds));
        } else if rng.bool() {
            let seconds = rng.u64(1..600);
            world.trace.note("bucket", format_args!("is away for {seconds} s"));
            world.bucket.go_away(Duration::from_secs(seconds));
        } else {
            let (host, nanos) = (world.any_host(&mut rng), rng.i64(-OFF_MAX..=OFF_MAX));
            world.trace.note(&host.name, format_args!("has its clock set to {nanos} ns"));
            host.clock.set_off(nanos);
        }
    }
}

async fn delete(world: Arc<World>, mean_seconds: u64) {
    let mut rng = world.rng("deleter");
    loop {
        wait(&mut rng, mean_seconds).await;
        let (now, hour) = (world.time.now().0, 3_600_000_000_000);
        let start = Timestamp(now - rng.i64(0..100 * hour));
        let end = Timestamp(now - rng.i64(-hour..50 * hour));
        let host = world.any_host(&mut rng).clone();
        ask(&world, &host, rng.u8(..TAGS), start, end).await;
    }
}

/// Asks for lines to be deleted, and tells whether they will be.
pub(crate) async fn ask(
    world: &World,
    host: &Host,
    tag: u8,
    start: Timestamp,
    end: Timestamp,
) -> bool {
    let Some(process) = host.up() else { return false };
    let request = Request { tag, start, end, asked_at: world.time.now() };
    lock(&world.ledger).requests.push(request);
    let wish = DeleteWish { query: query(tag), start, end };
    let asked = process.store.create_delete_request(&world.tenant, wish).await;
    let told = asked.as_ref().map_or_else(describe, |request| request.id.to_string());
    world
        .trace
        .note(&process.name, format_args!("is to delete {} {start} {end}: {told}", query(tag)));
    asked.is_ok()
}
