//! Opens a store: the format marker, the newest manifest, the log.

use std::sync::Arc;

use model::Clock;
use object_store::{ObjectStore, ObjectStoreExt, PutMode};
use tokio::sync::Mutex;
use tokio::sync::Semaphore;
use ulid::Ulid;

use crate::append::Appender;
use crate::cache::CachedObjects;
use crate::delete::Deletes;
use crate::duplicate::Published;
use crate::flush::Flusher;
use crate::folder::Lock;
use crate::id::{self, Ids};
use crate::layout::{self, FORMAT_VERSION};
use crate::live::Live;
use crate::manifest::{Change, Committed, Manifest, Manifests};
use crate::objects::CountedObjects;
use crate::replay::recover;
use crate::segment::Library;
use crate::store::Inner;
use crate::upkeep::{Rewriter, Upkeep};
use crate::wal::{self, Checkpoint, Writer};
use crate::{Config, Error, Parts};

/// Opens what a [`Store`](crate::Store) shares. `place` is what errors call it.
pub(crate) async fn open(
    config: Config,
    parts: Parts,
    place: String,
    lock: Option<Lock>,
) -> Result<Inner, Error> {
    let Parts { objects, log, cache_dir, clock, metrics, fail_points, threads, process } = parts;
    let metrics = metrics.unwrap_or_default();
    let objects = CountedObjects::over(objects, &metrics.object_requests);
    let objects = CachedObjects::over(objects, cache_dir, &config, &metrics.cache).await;
    check_format(&objects, place).await?;
    log.prepare()?;
    let new_writer = id::new_writer(clock.now(), process, log.path());
    let owner = wal::owner(&*log)?;
    let writer = owner.unwrap_or(new_writer);
    let manifests = Manifests::new(Arc::clone(&objects));
    let mut manifest = manifests.newest().await?;
    if owner.is_some() {
        manifest = fence(&manifests, manifest, writer, &*clock).await?;
    }
    let checkpoint = manifest.checkpoint(writer).unwrap_or(Checkpoint::START);
    let epoch = manifest.epoch(writer);
    let live = Arc::new(Live::new(writer, manifest));
    let recovered = recover(&live, threads, &log, writer, checkpoint).await?;
    live.begin(clock.now());
    let ids = Arc::new(Ids::new(writer, recovered.next_file()));
    let mut log = Writer::open(log, &recovered, config.wal_segment_bytes)?
        .bounded(config.wal_bytes_max)
        .with_fail_points(fail_points.clone());
    log.trim(checkpoint)?;
    let (for_log, counted) = (Arc::clone(&live), metrics.clone());
    let appender =
        Appender::start(&config, threads, log, for_log, Arc::clone(&clock), counted, lock);
    let deletes = Deletes::open(Arc::clone(&objects)).await?;
    let library = Arc::new(Library::new(Arc::clone(&objects), &config));
    let rewriter = Rewriter {
        config: config.clone(),
        objects: Arc::clone(&objects),
        library: Arc::clone(&library),
        manifests: manifests.clone(),
        live: Arc::clone(&live),
        clock: Arc::clone(&clock),
        ids: Arc::clone(&ids),
        metrics: metrics.clone(),
        fail_points: fail_points.clone(),
        threads,
    };
    let flusher = Flusher {
        config: config.clone(),
        objects,
        manifests,
        live: Arc::clone(&live),
        appender: appender.clone(),
        clock: Arc::clone(&clock),
        writer,
        epoch,
        ids,
        metrics,
        pending: Mutex::new(None),
        fail_points,
        threads,
    };
    let published = Published::new(Arc::clone(&library), &config);
    let upkeep = Upkeep::new(rewriter);
    let turns = Semaphore::new(config.append_waiters);
    Ok(Inner { config, clock, live, appender, published, library, flusher, deletes, upkeep, turns })
}

/// Refuses data of a later format, marks new data with ours, and makes sure that this object store
/// keeps the one promise on which commits are built.
async fn check_format(objects: &Arc<dyn ObjectStore>, place: String) -> Result<(), Error> {
    let path = layout::version_path();
    let create = || {
        let text = layout::version_text(FORMAT_VERSION);
        objects.put_opts(&path, text.into(), PutMode::Create.into())
    };
    match objects.get(&path).await {
        Err(object_store::Error::NotFound { .. }) => match create().await {
            Ok(_) | Err(object_store::Error::AlreadyExists { .. }) => {}
            Err(error) => return Err(Error::object("create", &path)(error)),
        },
        Err(error) => return Err(Error::object("read", &path)(error)),
        Ok(marker) => {
            let text = marker.bytes().await.map_err(Error::object("read", &path))?;
            check_version(&String::from_utf8_lossy(&text), &place)?;
        }
    }
    // The marker is there now, so creating it must fail.
    match create().await {
        Err(object_store::Error::AlreadyExists { .. }) => Ok(()),
        Ok(_) => Err(Error::UnsafeObjects { place }),
        Err(error) => Err(Error::object("create", &path)(error)),
    }
}

/// Refuses what a marker tells that a newer program wrote. `place` is what errors call it.
pub(crate) fn check_version(text: &str, place: &str) -> Result<(), Error> {
    let found = layout::parse_version(text).ok_or_else(|| Error::Corrupt {
        place: format!("{} in {place}", layout::version_path()),
        offset: 0,
        reason: "this is not a format marker".to_owned(),
    })?;
    if found > FORMAT_VERSION {
        let (place, supported) = (place.to_owned(), FORMAT_VERSION);
        return Err(Error::Newer { place, found, supported });
    }
    Ok(())
}

/// Takes over the log before it is read, so that whoever has opened it before, and may only sleep,
/// can publish nothing more. It also takes the next number: a commit that the last process had on
/// its way when it ended may still be served by the object store, minutes later, but only for this
/// number or an older one, so from here on it cannot add the rows that we replay.
async fn fence(
    manifests: &Manifests,
    newest: Arc<Manifest>,
    writer: Ulid,
    clock: &dyn Clock,
) -> Result<Arc<Manifest>, Error> {
    // Nothing else makes an id from a manifest's number, so this one is new.
    let commit = Ids::new(writer, u64::MAX - newest.number).next(clock.now());
    let committed = manifests.commit(newest, &Change::Take { writer }, commit, clock).await?;
    let (Committed::Done(manifest) | Committed::Superseded(manifest)) = committed;
    Ok(manifest)
}
