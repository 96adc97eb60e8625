//! Repairs, one at a time. The folder is locked: the store is not being served from it. Other
//! stores may share the objects, so the manifest is changed by commits as always.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use model::{Clock, Timestamp};
use object_store::path::Path as ObjectPath;
use object_store::{ObjectStore, ObjectStoreExt};
use serde::Serialize;
use ulid::Ulid;

use super::check::Verification;
use super::salvage::{Salvaged, salvage};
use super::step::{Repair, Step};
use crate::filter::Extent;
use crate::folder::{DataFolder, Lock};
use crate::id::{self, Ids};
use crate::layout::{SegmentPath, quarantine_path};
use crate::manifest::{Change, Committed, Manifests, SegmentRecord};
use crate::objects::DurableFiles;
use crate::segment::{self, Segment};
use crate::wal::{self, Checkpoint, Mended};
use crate::{Config, Error, inspect};

/// Whoever repairs a store has its data folder for himself.
#[derive(Debug)]
pub struct Repairs {
    objects: Arc<dyn ObjectStore>,
    manifests: Manifests,
    verification: Verification,
    clock: Arc<dyn Clock>,
    ids: Ids,
    config: Config,
    _lock: Option<Lock>,
}

/// What came of a repair.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Repaired {
    /// What was done, in words.
    pub done: String,
    /// What is gone for good, but for what is in quarantine.
    pub lost: Vec<Loss>,
}

/// Lines that are lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Loss {
    /// Whose; `None` where nobody knows.
    pub tenant: Option<String>,
    /// Of which UTC day; `None` where nobody knows.
    pub day: Option<String>,
    /// How many rows; of a log, how many records, each of them some appends.
    pub rows: u64,
    /// The time of the first, as far as it is known.
    #[serde(serialize_with = "nanos")]
    pub min_timestamp: Option<Timestamp>,
    /// The time of the last.
    #[serde(serialize_with = "nanos")]
    pub max_timestamp: Option<Timestamp>,
    /// What happened to them.
    pub what: String,
}

fn nanos<S: serde::Serializer>(time: &Option<Timestamp>, to: S) -> Result<S::Ok, S::Error> {
    time.map(Timestamp::as_nanos).serialize(to)
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.rows, self.what)?;
        if let (Some(tenant), Some(day)) = (&self.tenant, &self.day) {
            write!(f, ", tenant {tenant}, day {day}")?;
        }
        if let (Some(min), Some(max)) = (self.min_timestamp, self.max_timestamp) {
            write!(f, ", between {min} and {max}")?;
        }
        Ok(())
    }
}

impl Repairs {
    /// Locks a data folder whose objects may be elsewhere.
    ///
    /// # Errors
    /// When another process has the folder, or there is no store.
    pub fn lock(
        data: &Path,
        objects: Option<Arc<dyn ObjectStore>>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Error> {
        let place = objects.as_ref().map_or_else(|| data.display().to_string(), |o| o.to_string());
        let objects: Arc<dyn ObjectStore> = match objects {
            Some(objects) => objects,
            None => {
                // Asked first, so that no store is made where none is.
                inspect::folder(data)?;
                Arc::new(DurableFiles::open(&DataFolder::objects(data))?)
            }
        };
        let folder = data.exists().then(|| DataFolder::open(data)).transpose()?;
        let (wal_dir, lock) = folder.map(|folder| (folder.wal_dir, folder.lock)).unzip();
        let now = clock.now();
        let ids = Ids::new(id::new_writer(now, std::process::id(), data), 0);
        let manifests = Manifests::new(Arc::clone(&objects));
        let verification = Verification::new(Arc::clone(&objects), wal_dir, place, now);
        let config = Config::default();
        Ok(Self { objects, manifests, verification, clock, ids, config, _lock: lock })
    }

    /// A look at the store, which says what there is to repair.
    #[must_use]
    pub fn verification(&self) -> &Verification {
        &self.verification
    }

    /// Does one repair. Doing it again, when it has failed or was cut short, does no harm.
    ///
    /// # Errors
    /// When the object store or the disk fails.
    pub async fn run(&self, repair: &Repair) -> Result<Repaired, Error> {
        match &repair.0 {
            Step::RemoveOrphan { path, .. } => self.remove(path).await,
            Step::Restore { record } => self.restore(record).await,
            Step::Rewrite { record, .. } | Step::TakeOut { record, .. }
                if !self.is_live(record).await? =>
            {
                let done = format!("{} is not live any more", record.path);
                Ok(Repaired { done, lost: Vec::new() })
            }
            Step::Rewrite { record, origin } => self.rewrite(record, origin).await,
            Step::TakeOut { record, is_there } => self.take_out(record, *is_there).await,
            Step::CutLog { path, length } => {
                wal::cut(path, *length)?;
                let done = format!("{} was cut", path.display());
                Ok(Repaired { done, lost: Vec::new() })
            }
            Step::MendLog { folder, writer } => self.mend(folder, *writer).await,
        }
    }

    async fn remove(&self, path: &ObjectPath) -> Result<Repaired, Error> {
        // Somebody may have committed it since we looked.
        let newest = self.manifests.newest().await?;
        let live = newest.segments.iter().map(|segment| &segment.path);
        let mut known = live.chain(newest.removed.iter().map(|removed| &removed.path));
        let done = if known.any(|known| known.path() == *path) {
            format!("{path} stays: a manifest knows it now")
        } else {
            match self.objects.delete(path).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => format!("{path} is removed"),
                Err(error) => return Err(Error::object("remove", path)(error)),
            }
        };
        Ok(Repaired { done, lost: Vec::new() })
    }

    async fn restore(&self, record: &SegmentRecord) -> Result<Repaired, Error> {
        self.commit(&Change::Restore { segments: vec![record.clone()] }).await?;
        let done = format!("{} with {} rows is live again", record.path, record.rows);
        Ok(Repaired { done, lost: Vec::new() })
    }

    async fn is_live(&self, record: &SegmentRecord) -> Result<bool, Error> {
        let newest = self.manifests.newest().await?;
        Ok(newest.segments.iter().any(|segment| segment.path == record.path))
    }

    async fn take_out(&self, record: &SegmentRecord, is_there: bool) -> Result<Repaired, Error> {
        if is_there {
            self.set_aside(record).await?;
        }
        self.replace(record, Vec::new()).await?;
        let done = format!("{} is out of the manifest", record.path);
        let lost = vec![loss(record, record.rows, "rows are out of reach")];
        Ok(Repaired { done, lost })
    }

    async fn rewrite(
        &self,
        record: &SegmentRecord,
        origin: &SegmentPath,
    ) -> Result<Repaired, Error> {
        let object = record.path.path();
        let size = match self.objects.head(&object).await {
            Ok(found) => found.size,
            Err(error) => return Err(Error::object("read", &object)(error)),
        };
        let broken = Segment::open(Arc::clone(&self.objects), object, size).await?;
        let path = SegmentPath { id: self.ids.next(self.clock.now()), ..origin.clone() };
        let mut salvaged = salvage(&broken, &path, &self.config).await?;
        self.set_aside(record).await?;
        let new = match salvaged.encoded.take() {
            Some(encoded) => vec![segment::upload(&self.objects, &path, encoded).await?],
            None => Vec::new(),
        };
        let rows = salvaged.rows;
        self.replace(record, new).await?;
        let done = match rows {
            0 => format!("{} is out of the manifest", record.path),
            rows => format!("{path} with {rows} rows stands for {}", record.path),
        };
        Ok(Repaired { done, lost: losses(record, origin, &broken, &salvaged) })
    }

    /// Copies a broken object to where nothing looks for it. The store removes the object itself in
    /// a while, as any that is not live.
    async fn set_aside(&self, record: &SegmentRecord) -> Result<(), Error> {
        let from = record.path.path();
        let to = quarantine_path(&from);
        self.objects.copy(&from, &to).await.map_err(Error::object("copy", &from))
    }

    async fn replace(&self, old: &SegmentRecord, new: Vec<SegmentRecord>) -> Result<(), Error> {
        let (old, at) = (vec![old.path.clone()], self.clock.now());
        self.commit(&Change::Replace { old, new, at }).await
    }

    async fn commit(&self, change: &Change) -> Result<(), Error> {
        let base = self.manifests.newest().await?;
        let id = self.ids.next(self.clock.now());
        match self.manifests.commit(base, change, id, &*self.clock).await? {
            // Somebody has replaced it meanwhile, so it is not in the way any more.
            Committed::Done(_) | Committed::Superseded(_) => Ok(()),
        }
    }

    async fn mend(&self, folder: &Path, writer: Ulid) -> Result<Repaired, Error> {
        // As a start does: a commit that the last process had on its way must not be served now.
        self.commit(&Change::Take { writer }).await?;
        let newest = self.manifests.newest().await?;
        let checkpoint = newest.checkpoint(writer).unwrap_or(Checkpoint::START);
        let log = folder.to_owned();
        let mended = tokio::task::spawn_blocking(move || wal::mend(&log, writer, checkpoint));
        let Mended { kept, lost, copied } = mended.await.map_err(Error::Task)??;
        let done = format!(
            "the log in {} has {kept} records that are not in segments; copies of {copied} files \
             are in quarantine/",
            folder.display()
        );
        let what = "records of the log, each with the lines of some pushes".to_owned();
        let (tenant, day, min_timestamp, max_timestamp) = (None, None, None, None);
        let lost = Loss { tenant, day, rows: lost, min_timestamp, max_timestamp, what };
        Ok(Repaired { done, lost: if lost.rows > 0 { vec![lost] } else { Vec::new() } })
    }
}

fn loss(record: &SegmentRecord, rows: u64, what: &str) -> Loss {
    Loss {
        tenant: Some(record.path.tenant.to_string()),
        day: Some(record.path.day.to_string()),
        rows,
        min_timestamp: Some(record.min_timestamp),
        max_timestamp: Some(record.max_timestamp),
        what: what.to_owned(),
    }
}

/// What is lost of a segment that was written anew.
fn losses(
    record: &SegmentRecord,
    origin: &SegmentPath,
    broken: &Segment,
    salvaged: &Salvaged,
) -> Vec<Loss> {
    let record = SegmentRecord { path: origin.clone(), ..record.clone() };
    let mut losses = Vec::new();
    let rows: u64 = salvaged.lost.iter().map(|rows| rows.end - rows.start).sum();
    if rows > 0 {
        // Their times cannot be read, but the stream table tells those of their streams.
        let overlaps = |extent: &Extent| {
            salvaged.lost.iter().any(|r| r.start < extent.end_row() && extent.first_row < r.end)
        };
        let streams = broken.streams().0.iter().map(|stream| stream.extent).filter(overlaps);
        let spans: Vec<_> = streams.map(|extent| (extent.min, extent.max)).collect();
        let lost = loss(&record, rows, "rows cannot be read");
        let min_timestamp = spans.iter().map(|(min, _)| *min).min();
        let max_timestamp = spans.iter().map(|(_, max)| *max).max();
        losses.push(Loss { min_timestamp, max_timestamp, ..lost });
    }
    let mut note = |rows: u64, what: &str| {
        if rows > 0 {
            losses.push(loss(&record, rows, what));
        }
    };
    note(salvaged.without_columns, "rows have lost columns");
    note(salvaged.outside, "rows are of another day and were left out");
    note(salvaged.twice, "rows were there twice");
    losses
}
