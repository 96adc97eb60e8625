//! What sort of world a seed makes. Each seed leaves some faults out and has much of others, since
//! a fault that is always there hides what needs a quiet moment.

use std::time::Duration;

use fastrand::Rng;
use store::Config;

use crate::trace::rng;

/// The sort of a world.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) hosts: usize,
    pub(crate) writers: usize,
    /// Appends of all writers together, not counting those that are sent again.
    pub(crate) steps: u32,
    pub(crate) objects: ObjectFaults,
    pub(crate) disk: DiskFaults,
    /// How often a host dies, in mean seconds between two deaths; `None` for never.
    pub(crate) death_every: Option<u64>,
    /// Of a hundred deaths, how many leave the dead one going on.
    pub(crate) zombie_percent: u32,
    /// How often something is wrong with the gateway or a clock, in mean seconds.
    pub(crate) weather_every: Option<u64>,
    /// Of a hundred of those, how many are days that are jumped over.
    pub(crate) jump_percent: u32,
    /// How often somebody asks for lines to be deleted, in mean seconds.
    pub(crate) delete_every: Option<u64>,
    pub(crate) config: Config,
}

/// Faults of the object store, each in requests of a thousand.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ObjectFaults {
    /// Nothing happens.
    pub(crate) refused: u32,
    /// It is done, and the answer is lost.
    pub(crate) answer_lost: u32,
    /// It is done minutes after the client has given up.
    pub(crate) late: u32,
}

/// Faults of a disk, each in operations of a thousand.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct DiskFaults {
    /// A write is cut short, since the disk is full.
    pub(crate) full: u32,
    /// A sync fails, and what was to be synced is forgotten.
    pub(crate) sync: u32,
    /// No file can be created.
    pub(crate) create: u32,
}

impl Settings {
    /// The world of a seed.
    pub(crate) fn of(seed: u64, steps: u32) -> Self {
        let rng = &mut rng(seed, "settings");
        Self {
            hosts: rng.usize(2..=3),
            writers: rng.usize(2..=4),
            steps,
            objects: ObjectFaults {
                refused: some(rng, 40),
                answer_lost: some(rng, 40),
                late: some(rng, 15),
            },
            disk: DiskFaults { full: some(rng, 10), sync: some(rng, 10), create: some(rng, 60) },
            death_every: rarely(rng, 5..120),
            zombie_percent: some(rng, 40),
            weather_every: rarely(rng, 20..300),
            jump_percent: some(rng, 50),
            delete_every: rarely(rng, 30..600),
            config: config(rng),
        }
    }
}

/// Small limits, so that a few hundred lines pass all of them.
fn config(rng: &mut Rng) -> Config {
    Config {
        wal_segment_bytes: rng.u64(300..4000),
        wal_bytes_max: rng.u64(30_000..500_000),
        wal_group_bytes: rng.usize(200..20_000),
        append_queue: rng.usize(1..8),
        flush_rows: rng.u64(10..200),
        flush_age: Duration::from_secs(rng.u64(5..120)),
        head_bytes_max: rng.u64(50_000..1_000_000),
        row_group_rows: rng.usize(8..64),
        page_rows: rng.usize(4..16),
        partition_rows: rng.u64(10..60),
        compact_inputs_min: rng.usize(2..5),
        fingerprint_cache_bytes: if rng.bool() { 1000 } else { 1 << 20 },
        footer_cache_bytes: if rng.bool() { 10_000 } else { 1 << 20 },
        append_patience: Duration::from_millis(rng.u64(0..8000)),
        append_waiters: rng.usize(0..4),
        ..Config::default()
    }
}

/// Nothing, in one seed of three; else up to so much.
fn some(rng: &mut Rng, max: u32) -> u32 {
    if rng.u8(..3) == 0 { 0 } else { rng.u32(1..=max) }
}

fn rarely(rng: &mut Rng, seconds: std::ops::Range<u64>) -> Option<u64> {
    (rng.u8(..4) > 0).then(|| rng.u64(seconds))
}
