//! Finds blocks: in memory, on disk, or with whoever fetches them already; and fetches the rest.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures::stream::{self, StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{Error, GetOptions, GetRange, ObjectStore, PutPayload, Result};

use super::block::{Block, BlockKey, Cut, Grid, runs};
use super::disk::Disk;
use super::flight::{Flight, Flights, Lead, Role};
use super::metrics::PartMetrics;
use super::recent::Cache;

/// How many blocks a read may touch. A query's reads touch a few; what reads more than this at
/// once, a copy for example, would only drive out what queries need.
const READ_BLOCKS_MAX: u64 = 256;
/// How many requests one read sends at a time.
const FETCHES_AT_ONCE: usize = 8;
/// How many files one read opens at a time.
const FILES_AT_ONCE: usize = 8;
/// What a block takes in memory besides its bytes: its key, twice, and its places in two maps.
const BLOCK_EXTRA_BYTES: usize = 512;
/// How many objects' sizes are known: all that a query may open, and then some.
const SIZES_MAX: usize = 8192;
/// An object that is written goes into memory when it takes no more than this part of it, the rest
/// being left to what is read: compaction writes much that nobody asks for soon.
const WRITTEN_PART: u64 = 4;

/// Both parts of the cache over an object store.
#[derive(Debug)]
pub(super) struct Reader {
    pub(super) objects: Arc<dyn ObjectStore>,
    grid: Grid,
    pub(super) memory: Cache<BlockKey, Block>,
    /// The sizes of objects by their paths.
    sizes: Cache<Arc<str>, u64>,
    pub(super) disk: Option<Arc<Disk>>,
    flights: Arc<Flights>,
    /// Of the part in memory.
    pub(super) metrics: PartMetrics,
}

/// What was read.
#[derive(Debug)]
pub(super) struct Found {
    /// For each range the bytes of it that the object has, and which these are.
    pub(super) parts: Vec<(Range<u64>, Bytes)>,
    /// The size of the object.
    pub(super) object_bytes: u64,
}

impl Reader {
    /// Nothing is known yet but what is on disk.
    pub(super) fn new(
        objects: Arc<dyn ObjectStore>,
        grid: Grid,
        memory_bytes: usize,
        disk: Option<Arc<Disk>>,
        metrics: PartMetrics,
    ) -> Self {
        let (memory, sizes) = (Cache::new(memory_bytes), Cache::new(SIZES_MAX));
        Self { objects, grid, memory, sizes, disk, flights: Arc::default(), metrics }
    }

    /// Reads ranges of an object. `None` when one of them is not for the cache to answer: it is
    /// empty, begins after the end, or is larger than what a query reads.
    pub(super) async fn read(
        self: &Arc<Self>,
        path: &Path,
        ranges: &[Range<u64>],
    ) -> Result<Option<Found>> {
        let blocks = ranges.iter().map(|range| self.grid.blocks(range));
        let count = blocks.clone().map(|blocks| blocks.end.saturating_sub(blocks.start));
        let count = count.fold(0, u64::saturating_add);
        if ranges.iter().any(Range::is_empty) || count > READ_BLOCKS_MAX {
            return Ok(None);
        }
        let found = self.blocks(path, blocks.flatten().collect()).await?;
        let Some(first) = found.values().next() else { return Ok(None) };
        let object_bytes = first.object_bytes;
        let parts = ranges.iter().map(|range| {
            let range = range.start..range.end.min(object_bytes);
            (!range.is_empty()).then(|| (range.clone(), self.grid.assemble(&found, &range)))
        });
        Ok(parts.collect::<Option<_>>().map(|parts| Found { parts, object_bytes }))
    }

    /// Keeps an object that was written.
    pub(super) async fn keep(&self, path: &Path, payload: PutPayload) {
        let object: Arc<str> = path.as_ref().into();
        let object_bytes = payload.content_length() as u64;
        let cut = |payload: PutPayload| Cut::new(payload.into_iter(), self.grid, 0, object_bytes);
        if object_bytes <= self.memory.bytes_max() as u64 / WRITTEN_PART {
            for (index, block) in cut(payload.clone()) {
                self.remember(BlockKey { object: Arc::clone(&object), index }, block);
            }
        }
        if let Some(disk) = &self.disk {
            disk.put_all(object, cut(payload)).await;
        }
    }

    /// Drops the blocks of an object.
    pub(super) async fn forget(&self, path: &Path) {
        let object: Arc<str> = path.as_ref().into();
        let key = |index| BlockKey { object: Arc::clone(&object), index };
        self.memory.remove_range(key(0)..=key(u64::MAX));
        self.metrics.kept(0, self.memory.bytes());
        if let Some(disk) = &self.disk {
            disk.forget(&object).await;
        }
    }

    /// The blocks with these numbers; empty ones where the object has ended.
    async fn blocks(
        self: &Arc<Self>,
        path: &Path,
        wanted: BTreeSet<u64>,
    ) -> Result<BTreeMap<u64, Block>> {
        let object: Arc<str> = path.as_ref().into();
        let (mut found, mut wanted) = (BTreeMap::new(), wanted);
        while !wanted.is_empty() {
            let (mut leads, mut flights) = (Vec::new(), Vec::new());
            for index in wanted {
                match self.join(BlockKey { object: Arc::clone(&object), index }) {
                    Role::Found(block) => drop(found.insert(index, block)),
                    Role::Follow(flight) => flights.push((index, flight)),
                    Role::Lead(lead) => leads.push(lead),
                }
            }
            if !leads.is_empty() {
                // A task of its own: whoever reads may stop to ask for more for a while, and must
                // not hold up those who wait for the same block.
                let led = tokio::spawn(Arc::clone(self).lead(path.clone(), leads));
                let led = led.await.map_err(|source| Error::JoinError { source })?;
                found.extend(led?);
            }
            wanted = follow(flights, &mut found).await?;
        }
        Ok(found)
    }

    fn join(&self, key: BlockKey) -> Role {
        let role = self.flights.join(key, |key| self.memory.get(key));
        // Who follows has no request to make.
        let is_miss = matches!(role, Role::Lead(_));
        let counter = if is_miss { &self.metrics.misses } else { &self.metrics.hits };
        counter.inc();
        role
    }

    /// Brings blocks from the disk, and where it does not have them, from the object store.
    async fn lead(self: Arc<Self>, path: Path, leads: Vec<Lead>) -> Result<BTreeMap<u64, Block>> {
        let (mut found, mut missing) = (BTreeMap::new(), BTreeMap::new());
        let lookups: Vec<_> = leads.into_iter().map(|lead| self.look_up(lead)).collect();
        let mut lookups = stream::iter(lookups).buffer_unordered(FILES_AT_ONCE);
        while let Some((lead, block)) = lookups.next().await {
            match block {
                Some(block) => drop(found.insert(lead.key.index, self.land(lead, block))),
                None => drop(missing.insert(lead.key.index, lead)),
            }
        }
        let mut runs: VecDeque<_> = runs(missing.keys().copied()).into();
        let object: Arc<str> = path.as_ref().into();
        if runs.len() > 1 && self.sizes.get(&object).is_none() {
            // One of the later runs may begin after the end, which is an error.
            let run = runs.pop_front().expect("there are two");
            let leads = take_before(&mut missing, run.end);
            found.extend(self.fetch(&path, run, leads).await?);
        }
        if let Some(object_bytes) = self.sizes.get(&object) {
            let count = self.grid.count(object_bytes);
            runs.retain(|run| run.start < count);
            runs.iter_mut().for_each(|run| run.end = run.end.min(count));
            for (index, lead) in missing.split_off(&count) {
                found.insert(index, self.land(lead, beyond(object_bytes)));
            }
        }
        let fetches = runs.into_iter().map(|run| {
            let leads = take_before(&mut missing, run.end);
            self.fetch(&path, run, leads)
        });
        let fetches: Vec<_> = fetches.collect();
        let mut fetches = stream::iter(fetches).buffer_unordered(FETCHES_AT_ONCE);
        while let Some(blocks) = fetches.try_next().await? {
            found.extend(blocks);
        }
        Ok(found)
    }

    async fn look_up(&self, lead: Lead) -> (Lead, Option<Block>) {
        let block = match &self.disk {
            Some(disk) => disk.get(&lead.key).await,
            None => None,
        };
        (lead, block)
    }

    /// Fetches neighbouring blocks by one request, and tells who waits for them.
    async fn fetch(
        &self,
        path: &Path,
        run: Range<u64>,
        leads: BTreeMap<u64, Lead>,
    ) -> Result<Vec<(u64, Block)>> {
        match self.request(path, &run).await {
            Ok((mut blocks, object_bytes)) => {
                let land = leads.into_iter().map(|(index, lead)| {
                    let block = blocks.remove(&index).unwrap_or_else(|| beyond(object_bytes));
                    if let (Some(disk), false) = (&self.disk, block.bytes.is_empty()) {
                        disk.put_soon(lead.key.clone(), block.clone());
                    }
                    (index, self.land(lead, block))
                });
                Ok(land.collect())
            }
            Err(error) => {
                let error = Arc::new(error);
                leads.into_values().for_each(|lead| lead.land(Err(Arc::clone(&error))));
                Err(told(error))
            }
        }
    }

    /// The blocks of a run as far as the object goes, and its size.
    async fn request(&self, path: &Path, run: &Range<u64>) -> Result<(BTreeMap<u64, Block>, u64)> {
        let asked = self.grid.bytes(run);
        let range = Some(GetRange::Bounded(asked.clone()));
        let options = GetOptions { range, ..GetOptions::default() };
        let answer = self.objects.get_opts(path, options).await?;
        let (object_bytes, range) = (answer.meta.size, answer.range.clone());
        let chunks: Vec<Bytes> = answer.into_stream().try_collect().await?;
        let length: usize = chunks.iter().map(Bytes::len).sum();
        let expect = asked.start..asked.end.min(object_bytes);
        if range != expect || length as u64 != expect.end - expect.start {
            let source = format!("{length} bytes came of {range:?} where {expect:?} was asked for");
            return Err(Error::Generic { store: "cache", source: source.into() });
        }
        let blocks = Cut::new(chunks.into_iter(), self.grid, run.start, object_bytes).collect();
        Ok((blocks, object_bytes))
    }

    /// Makes a block known, tells who waits for it, and gives it back.
    fn land(&self, lead: Lead, block: Block) -> Block {
        if !block.bytes.is_empty() {
            self.remember(lead.key.clone(), block.clone());
        }
        lead.land(Ok(block.clone()));
        block
    }

    fn remember(&self, key: BlockKey, block: Block) {
        self.sizes.insert(Arc::clone(&key.object), block.object_bytes, 1);
        let bytes = block.bytes.len() + BLOCK_EXTRA_BYTES;
        let evicted = self.memory.insert(key, block, bytes);
        self.metrics.kept(evicted.len(), self.memory.bytes());
    }
}

/// Takes the leads of the blocks before this one.
fn take_before(leads: &mut BTreeMap<u64, Lead>, end: u64) -> BTreeMap<u64, Lead> {
    let rest = leads.split_off(&end);
    std::mem::replace(leads, rest)
}

/// Waits for what others fetch, and returns the numbers of those that gave up.
async fn follow(
    flights: Vec<(u64, Flight)>,
    found: &mut BTreeMap<u64, Block>,
) -> Result<BTreeSet<u64>> {
    let mut left = BTreeSet::new();
    for (index, flight) in flights {
        match flight.await {
            Ok(Ok(block)) => drop(found.insert(index, block)),
            Ok(Err(error)) => return Err(told(error)),
            Err(_) => drop(left.insert(index)),
        }
    }
    Ok(left)
}

/// A block after the end of an object.
fn beyond(object_bytes: u64) -> Block {
    Block { bytes: Bytes::new(), object_bytes }
}

/// The answer to a request for which others have waited too.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
struct Told(Arc<Error>);

/// An error as each of those who waited for it gets it.
fn told(error: Arc<Error>) -> Error {
    let error = match Arc::try_unwrap(error) {
        Ok(error) => return error,
        Err(error) => error,
    };
    match &*error {
        Error::NotFound { path, .. } => {
            Error::NotFound { path: path.clone(), source: Box::new(Told(error)) }
        }
        _ => Error::Generic { store: "cache", source: Box::new(Told(error)) },
    }
}
