//! The store as its users see it: open, append, snapshot, flush, shut down.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use model::{Clock, Stream, TenantId};
use object_store::ObjectStore;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use ulid::Ulid;

use crate::admit::{Appended, Received};
use crate::append::{Appender, Outcome};
use crate::delete::{DeleteRequest, DeleteWish, Deletes};
use crate::duplicate::Published;
use crate::flush::Flusher;
use crate::folder::DataFolder;
use crate::live::Live;
use crate::manifest::Snapshot;
use crate::objects::DurableFiles;
use crate::segment::Library;
use crate::upkeep::Upkeep;
use crate::watch::{Watch, Watcher};
use crate::{
    Config, Error, FailPoints, Metrics, Parts, Rules, StreamTest, UpkeepReport, folder, open,
};

/// A store of log lines. Cloning shares it.
///
/// Several stores, each with a log of its own, may share an object store. A line is stored once by
/// each; a line that one has published is a duplicate for another once it has
/// [refreshed](Self::refresh).
#[derive(Clone)]
pub struct Store(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) config: Config,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) live: Arc<Live>,
    pub(crate) appender: Appender,
    pub(crate) published: Published,
    pub(crate) library: Arc<Library>,
    pub(crate) flusher: Flusher,
    pub(crate) deletes: Deletes,
    pub(crate) upkeep: Upkeep,
    /// The turns of appends that wait for room in memory.
    pub(crate) turns: Semaphore,
}

/// How much a store holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Status {
    /// Live segments, of all tenants.
    pub segments: u64,
    /// Their rows.
    pub segment_rows: u64,
    /// The bytes of their objects.
    pub segment_bytes: u64,
    /// The number of the manifest: how many commits there were.
    pub manifest: u64,
    /// Rows in memory.
    pub head_rows: u64,
    /// What they occupy there, in bytes.
    pub head_bytes: u64,
    /// Files of the write-ahead log.
    pub wal_files: u64,
    /// Their bytes.
    pub wal_bytes: u64,
}

impl Store {
    /// Opens a store: reads the newest manifest, then replays the log. It must be called within a
    /// tokio runtime.
    ///
    /// # Errors
    /// When the log or the manifest cannot be read, or were written by a newer program.
    pub async fn open(config: Config, parts: Parts) -> Result<Self, Error> {
        let place = parts.objects.to_string();
        Ok(Self(Arc::new(open::open(config, parts, place, None).await?)))
    }

    /// Opens a data folder: objects in `objects/`, the log in `wal/`. It is made if it is not
    /// there, and no other process can open it meanwhile.
    ///
    /// # Errors
    /// As [`Store::open`], and when another process has the folder.
    pub async fn open_folder(
        path: impl AsRef<Path>,
        config: Config,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Error> {
        Self::open_in(path, None, config, clock, FailPoints::default()).await
    }

    /// Opens a data folder whose objects may be elsewhere: then it has the log in `wal/` and a
    /// cache of reads in `cache/`, and no other process can open it meanwhile. Tests say where the
    /// process ends.
    ///
    /// # Errors
    /// As [`Store::open_folder`], and when the folder has objects of its own although others are
    /// given: their lines would be out of sight.
    pub async fn open_in(
        path: impl AsRef<Path>,
        objects: Option<Arc<dyn ObjectStore>>,
        config: Config,
        clock: Arc<dyn Clock>,
        fail_points: FailPoints,
    ) -> Result<Self, Error> {
        let path = path.as_ref();
        let own = DataFolder::objects(path);
        if let Some(place) = objects.as_ref().map(ToString::to_string)
            && own.exists()
            && !folder::is_same(&own, Path::new(&place))
        {
            return Err(Error::TwoPlaces { own, place });
        }
        let DataFolder { wal_dir, lock } = DataFolder::open(path)?;
        let (place, objects, cache_dir) = match objects {
            Some(objects) => (objects.to_string(), objects, Some(path.join("cache"))),
            None => {
                let files: Arc<dyn ObjectStore> = Arc::new(DurableFiles::open(&own)?);
                (path.display().to_string(), files, None)
            }
        };
        let parts = Parts { cache_dir, fail_points, ..Parts::new(objects, wal_dir, clock) };
        Ok(Self(Arc::new(open::open(config, parts, place, Some(lock)).await?)))
    }

    /// Stores entries of a tenant. `Ok` means that they are durable and visible: they are in the
    /// log, which was synced. Entries that the store has already, with the same stream, timestamp,
    /// line and metadata, are dropped and counted.
    ///
    /// # Errors
    /// When they could not be made durable. Then none of them is stored, and all may be sent again.
    /// If the caller drops the future, they may or may not be stored; sending them again is safe.
    pub async fn append(&self, tenant: &TenantId, streams: Vec<Stream>) -> Result<Appended, Error> {
        let mut received = Received::new(tenant.clone(), streams);
        self.wait_for_room(&received).await?;
        if self.0.flusher.is_fenced() {
            return Err(Error::Fenced);
        }
        loop {
            let manifest = self.0.live.manifest();
            let published = self.0.published.find(&manifest, &received).await?;
            received.drop_published(&published);
            match self.0.appender.append(received, manifest.number).await? {
                Outcome::Acked(appended) => return Ok(appended),
                Outcome::Stale(again) => received = again,
            }
        }
    }

    /// The rows of a tenant at this moment.
    #[must_use]
    pub fn snapshot(&self, tenant: &TenantId) -> Snapshot {
        let (manifest, tables) = self.0.live.view(tenant);
        Snapshot::new(tenant.clone(), manifest, tables, Arc::clone(&self.0.library))
    }

    /// The rows of a tenant at this moment, and those of wanted streams that come after it, as they
    /// become visible: each row is in one of the two, and in one only.
    #[must_use]
    pub fn watch(&self, tenant: &TenantId, wanted: StreamTest) -> (Snapshot, Watch) {
        let watcher = Arc::new(Watcher::new(tenant.clone(), wanted));
        let (manifest, tables) = self.0.live.watch(&watcher);
        let library = Arc::clone(&self.0.library);
        let watch = Watch::new(watcher, Arc::clone(&self.0.live));
        (Snapshot::new(tenant.clone(), manifest, tables, library), watch)
    }

    /// Writes what is in memory as segments and publishes them.
    ///
    /// # Errors
    /// When the object store fails. Nothing is lost: the next flush goes on where this one ended.
    pub async fn flush(&self) -> Result<(), Error> {
        let result = self.0.flusher.flush().await;
        if result.is_err() {
            self.0.flusher.metrics.flush_failures.inc();
        }
        self.observe();
        result
    }

    /// Looks whether other writers of the same object store have published, and shows it in later
    /// snapshots.
    ///
    /// # Errors
    /// When the object store fails.
    pub async fn refresh(&self) -> Result<(), Error> {
        self.0.flusher.refresh().await?;
        self.0.deletes.refresh().await
    }

    /// A tenant's requests to delete lines, the oldest first. The store keeps them; it is up to
    /// those who read to hide what they mean.
    #[must_use]
    pub fn delete_requests(&self, tenant: &TenantId) -> Arc<[DeleteRequest]> {
        self.0.deletes.of(tenant)
    }

    /// Keeps a request to delete lines. `Ok` means that it is durable.
    ///
    /// # Errors
    /// When the tenant has [as many](crate::DELETE_REQUESTS_MAX) as it may, or the object store
    /// fails.
    pub async fn create_delete_request(
        &self,
        tenant: &TenantId,
        wish: DeleteWish,
    ) -> Result<DeleteRequest, Error> {
        let now = self.0.clock.now();
        let id = self.0.flusher.ids.next(now);
        self.0.deletes.create(tenant, wish, id, now).await
    }

    /// Forgets a request to delete lines; `false` when the tenant has none of this id.
    ///
    /// # Errors
    /// When the object store fails.
    pub async fn cancel_delete_request(&self, tenant: &TenantId, id: &str) -> Result<bool, Error> {
        let Ok(id) = Ulid::from_string(id) else { return Ok(false) };
        self.0.deletes.cancel(tenant, id).await
    }

    /// Flushes whenever the head is due, and refreshes now and then, until it is cancelled, which
    /// may leave a flush half done: the next one, or the next start, goes on with it. A flush that
    /// fails is tried again: the log and the memory bound what may wait.
    pub async fn run(&self, cancel: CancellationToken) {
        cancel.run_until_cancelled(self.run_for_ever()).await;
    }

    async fn run_for_ever(&self) {
        let mut next_refresh = self.0.clock.now() + self.0.config.refresh_age;
        let mut pause = self.0.config.flush_check;
        loop {
            tokio::time::sleep(pause).await;
            let now = self.0.clock.now();
            let mut result = Ok(());
            if self.0.live.is_due(&self.0.config, now) || self.is_log_half_full() {
                result = self.flush().await;
            }
            if result.is_ok() && now >= next_refresh {
                next_refresh = now + self.0.config.refresh_age;
                result = self.refresh().await;
            }
            pause = self.pause_after(result, pause);
            self.observe();
        }
    }

    /// Merges segments, removes what has expired or was deleted, and sweeps away objects that
    /// nobody needs, as far as any of it is due.
    ///
    /// # Errors
    /// When the object store fails. What is left is due the next time.
    pub async fn upkeep(&self, rules: &Arc<dyn Rules>) -> Result<(), Error> {
        let result = self.0.upkeep.round(&self.0.flusher, &self.0.deletes, rules).await;
        if result.is_err() {
            self.metrics().upkeep_failures.inc();
        }
        result
    }

    /// Does the [upkeep](Self::upkeep) now and then, until it is cancelled, which may leave a round
    /// half done.
    pub async fn run_upkeep(&self, rules: Arc<dyn Rules>, cancel: CancellationToken) {
        let rounds = async {
            loop {
                tokio::time::sleep(self.0.config.maintain_age).await;
                if let Err(error) = self.upkeep(&rules).await {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, "a round of upkeep failed, and will be tried again");
                }
            }
        };
        cancel.run_until_cancelled(rounds).await;
    }

    /// What the upkeep of this process has done, and what it will do next.
    #[must_use]
    pub fn upkeep_report(&self) -> UpkeepReport {
        self.0.upkeep.report()
    }

    /// Ends the store: nothing more is accepted. What was acknowledged is in the log already, so
    /// this is quick; the next start replays it.
    ///
    /// # Errors
    /// None today; a caller should be ready for some.
    pub async fn shutdown(&self) -> Result<(), Error> {
        self.0.appender.stop().await;
        Ok(())
    }

    /// How much the store holds.
    #[must_use]
    pub fn status(&self) -> Status {
        let manifest = self.0.live.manifest();
        let (head, log) = (self.0.live.usage(), self.0.appender.usage());
        Status {
            segments: manifest.segments.len() as u64,
            segment_rows: manifest.segments.iter().map(|segment| segment.rows).sum(),
            segment_bytes: manifest.segments.iter().map(|segment| segment.bytes).sum(),
            manifest: manifest.number,
            head_rows: head.rows,
            head_bytes: head.bytes,
            wal_files: log.files,
            wal_bytes: log.bytes,
        }
    }

    /// What the store counts, to be registered where it is shown.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.0.flusher.metrics
    }

    /// Waits for a flush where there is no room, if not too many wait already.
    async fn wait_for_room(&self, received: &Received) -> Result<(), Error> {
        let until_room = async {
            loop {
                let advanced = self.0.live.advanced();
                match self.check_room(received) {
                    Err(Error::HeadFull { .. }) => advanced.await,
                    checked => return checked,
                }
            }
        };
        let checked = self.check_room(received);
        if !matches!(checked, Err(Error::HeadFull { .. })) {
            return checked;
        }
        let Ok(_turn) = self.0.turns.try_acquire() else { return checked };
        timeout(self.0.config.append_patience, until_room).await.unwrap_or(checked)
    }

    fn check_room(&self, received: &Received) -> Result<(), Error> {
        let limit = self.0.config.append_bytes_max.min(self.0.config.wal_bytes_max);
        let bytes = received.bytes();
        if bytes > limit {
            return Err(Error::TooLarge { bytes, limit });
        }
        let (bytes, limit) = (self.0.live.usage().bytes, self.0.config.head_bytes_max);
        if bytes >= limit {
            return Err(Error::HeadFull { bytes, limit });
        }
        Ok(())
    }

    /// There is to be room for appends while what is in the log is being published.
    fn is_log_half_full(&self) -> bool {
        self.0.appender.usage().bytes > self.0.config.wal_bytes_max / 2
    }

    /// How long to wait for the next check: longer and longer while the object store fails.
    fn pause_after(&self, result: Result<(), Error>, pause: Duration) -> Duration {
        const PAUSE_MAX: Duration = Duration::from_secs(60);
        match result {
            Ok(()) => self.0.config.flush_check,
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "failed to flush or refresh, and will try again");
                (pause * 2).min(PAUSE_MAX.max(self.0.config.flush_check))
            }
        }
    }

    fn observe(&self) {
        let (metrics, manifest) = (&self.0.flusher.metrics, self.0.live.manifest());
        let gauges = [
            (&metrics.head_bytes, self.0.live.usage().bytes),
            (&metrics.wal_bytes, self.0.appender.usage().bytes),
            (&metrics.live_segments, manifest.segments.len() as u64),
            (&metrics.live_segment_bytes, manifest.segments.iter().map(|s| s.bytes).sum()),
        ];
        for (gauge, value) in gauges {
            gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
        }
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("status", &self.status()).finish_non_exhaustive()
    }
}
