//! Names that never come twice, without randomness.
//!
//! A writer's id is made once, when its log is created, from the time, the process and the folder;
//! every later name follows from that id, the log file that the store opened, and a counter.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use model::Timestamp;
use ulid::Ulid;
use xxhash_rust::xxh3::xxh3_128;

/// Makes the ids of one opening of a store.
#[derive(Debug)]
pub(crate) struct Ids {
    writer: Ulid,
    /// The first log file of this opening: no two openings of a log have the same.
    opening: u64,
    count: AtomicU64,
}

impl Ids {
    /// The ids of the opening that writes this log file first.
    pub(crate) fn new(writer: Ulid, opening: u64) -> Self {
        Self { writer, opening, count: AtomicU64::new(0) }
    }

    /// The next id. Ids of one opening sort as they were made, unless time goes back.
    pub(crate) fn next(&self, now: Timestamp) -> Ulid {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        let mut seed = [0; 28];
        seed[..16].copy_from_slice(&self.writer.to_bytes());
        seed[16..24].copy_from_slice(&self.opening.to_le_bytes());
        // The count has the last 32 bits, and what is beyond them is hashed with the rest.
        seed[24..].copy_from_slice(&((count >> 32) as u32).to_le_bytes());
        ulid(now, xxh3_128(&seed) << 32 | u128::from(count as u32))
    }
}

/// The id of a writer whose log this process creates now in this folder.
pub(crate) fn new_writer(now: Timestamp, process: u32, folder: &Path) -> Ulid {
    let mut seed = now.as_nanos().to_le_bytes().to_vec();
    seed.extend_from_slice(&process.to_le_bytes());
    seed.extend_from_slice(folder.as_os_str().as_encoded_bytes());
    ulid(now, xxh3_128(&seed))
}

/// Only the last 80 bits of the second part count.
fn ulid(now: Timestamp, rest: u128) -> Ulid {
    Ulid::from_parts(u64::try_from(now.as_millis()).unwrap_or(0), rest)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_id_comes_twice_even_while_time_stands_still() {
        let mut ids = HashSet::new();
        for folder in ["a", "b"] {
            let writer = new_writer(Timestamp(0), 7, Path::new(folder));
            for opening in 1..4 {
                let made = Ids::new(writer, opening);
                ids.extend((0..10).map(|_| made.next(Timestamp(0))));
            }
        }
        assert_eq!(ids.len(), 60);
    }

    #[test]
    fn ids_sort_by_time() {
        let ids = Ids::new(Ulid::nil(), 1);
        let later = ids.next(Timestamp::from_millis(2));
        assert!(ids.next(Timestamp::from_millis(1)) < later);
        let same: Vec<Ulid> = (0..9).map(|_| ids.next(Timestamp(0))).collect();
        assert!(same.is_sorted());
    }
}
