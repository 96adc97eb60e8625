//! Reads and commits manifests: compare-and-swap by create-if-absent.

use std::sync::Arc;
use std::time::Duration;

use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutMode};
use ulid::Ulid;

use super::document::{Change, Manifest};
use super::{MANIFEST_VERSION, invariant};
use crate::{Error, layout, versioned};

/// How many other writers may be faster before a commit gives up. Each of them made progress.
const LOST_MAX: u32 = 100;
/// How often a create whose outcome is unknown is tried again before the caller is told.
const UNKNOWN_MAX: u32 = 4;
/// The pause before the first of those tries; it doubles.
const PAUSE: Duration = Duration::from_millis(50);

/// The manifests of an object store.
#[derive(Debug, Clone)]
pub(crate) struct Manifests {
    objects: Arc<dyn ObjectStore>,
}

/// What became of one attempt to create a number.
enum Attempt {
    Won,
    /// Somebody else has this number.
    Lost(Manifest),
}

impl Manifests {
    /// The manifests of this object store.
    pub(crate) fn new(objects: Arc<dyn ObjectStore>) -> Self {
        Self { objects }
    }

    /// The newest manifest; the empty one when there is none.
    pub(crate) async fn newest(&self) -> Result<Arc<Manifest>, Error> {
        let folder = Path::from(layout::MANIFEST_FOLDER);
        let listed = self.objects.list(Some(&folder));
        let numbers =
            listed.try_filter_map(async |object| Ok(layout::parse_manifest_path(&object.location)));
        let fold = numbers.try_fold(0, async |newest, number| Ok(newest.max(number)));
        let newest = fold.await.map_err(Error::object("list", &folder))?;
        let known = match newest {
            0 => Manifest::empty(),
            number => self.read(number).await?.unwrap_or_else(Manifest::empty),
        };
        self.newer(Arc::new(known)).await
    }

    /// The newest manifest, looked for upwards from one that is known.
    pub(crate) async fn newer(&self, known: Arc<Manifest>) -> Result<Arc<Manifest>, Error> {
        let mut newest = known;
        while let Some(next) = self.read(newest.number + 1).await? {
            invariant::check_follows(&newest, &next)?;
            newest = Arc::new(next);
        }
        Ok(newest)
    }

    /// Commits a change on top of `base` or of whatever was committed since. `id` must be the same
    /// when the same change is tried again.
    ///
    /// # Errors
    /// When the outcome stays unknown, or others are faster too often. The change may yet turn
    /// out to be committed, so it must be tried again until this returns a manifest.
    pub(crate) async fn commit(
        &self,
        base: Arc<Manifest>,
        change: &Change,
        id: Ulid,
    ) -> Result<Arc<Manifest>, Error> {
        let mut base = base;
        for _ in 0..LOST_MAX {
            let next = base.next(change, id);
            invariant::check_follows(&base, &next)?;
            match self.create(&next).await? {
                Attempt::Won => return Ok(Arc::new(next)),
                Attempt::Lost(winner) => {
                    invariant::check_follows(&base, &winner)?;
                    base = Arc::new(winner);
                }
            }
        }
        Err(Error::Contended { attempts: LOST_MAX })
    }

    async fn create(&self, next: &Manifest) -> Result<Attempt, Error> {
        let path = layout::manifest_path(next.number);
        let json = serde_json::to_vec_pretty(next).expect("a manifest is plain data");
        let mut pause = PAUSE;
        let mut tries = 0;
        loop {
            let put =
                self.objects.put_opts(&path, json.clone().into(), PutMode::Create.into()).await;
            let Err(error) = put else { return Ok(Attempt::Won) };
            // "Exists already" is an answer, but perhaps to a repetition of our own request. After
            // any other error we cannot know whether the object was created, nor whether a request
            // that seems lost will still be served. Both are settled by what is there.
            match self.read(next.number).await {
                Ok(Some(found)) if found.commit == next.commit => return Ok(Attempt::Won),
                Ok(Some(winner)) => return Ok(Attempt::Lost(winner)),
                // The same bytes under the same number: whichever request is served first, we win.
                Ok(None) | Err(Error::Object { .. }) if tries < UNKNOWN_MAX => {}
                Ok(None) => return Err(Error::object("create", &path)(error)),
                Err(other) => return Err(other),
            }
            tokio::time::sleep(pause).await;
            (tries, pause) = (tries + 1, pause * 2);
        }
    }

    async fn read(&self, number: u64) -> Result<Option<Manifest>, Error> {
        let path = layout::manifest_path(number);
        let failed = || Error::object("read", &path);
        let bytes = match self.objects.get(&path).await {
            Ok(object) => object.bytes().await.map_err(failed())?,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(failed()(error)),
        };
        let manifest: Manifest = versioned::parse(&path, &bytes, MANIFEST_VERSION)?;
        if manifest.number != number {
            let reason = format!("it says that it is manifest {}", manifest.number);
            return Err(Error::Corrupt { place: path.to_string(), offset: 0, reason });
        }
        invariant::check(&manifest)?;
        Ok(Some(manifest))
    }
}
