//! Reads and commits manifests: compare-and-swap by create-if-absent.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use futures::TryStreamExt;
use model::Clock;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutMode};
use ulid::Ulid;

use super::change::{Applied, Change};
use super::document::Manifest;
use super::{MANIFEST_VERSION, invariant};
use crate::{Error, layout, versioned};

/// How many other writers may be faster before a commit gives up. Each of them made progress.
const LOST_MAX: u32 = 100;
/// How often a create whose outcome is unknown is tried again before the caller is told.
const UNKNOWN_MAX: u32 = 4;
/// The pause before the first of those tries; it doubles.
const PAUSE: Duration = Duration::from_millis(50);

/// A change is not committed any more when its objects were named so long ago: those that no
/// manifest knows are swept away at `Config::orphan_age`, which is far longer.
pub(crate) const CHANGE_AGE_MAX: Duration = Duration::from_secs(3600);

/// How many manifests are kept for those who are behind.
const KEPT: u64 = 256;
/// Old manifests are looked for at every so many commits: it costs a list.
const TRIM_EVERY: u64 = 64;

/// The manifests of an object store.
#[derive(Debug, Clone)]
pub(crate) struct Manifests {
    objects: Arc<dyn ObjectStore>,
}

/// What became of a commit.
#[derive(Debug, Clone)]
pub(crate) enum Committed {
    /// The change is in this manifest.
    Done(Arc<Manifest>),
    /// Somebody else has replaced or dropped what was to be replaced; this is what there is.
    Superseded(Arc<Manifest>),
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
        for _ in 0..LOST_MAX {
            let Some(number) = self.numbers().await?.pop() else {
                return self.follow(Arc::new(Manifest::empty())).await;
            };
            // Others may have committed so often since the list that this one is removed already.
            if let Some(newest) = self.read(number).await? {
                return self.follow(Arc::new(newest)).await;
            }
        }
        Err(Error::Contended { attempts: LOST_MAX })
    }

    /// The newest manifest, looked for upwards from one that is known.
    pub(crate) async fn newer(&self, known: Arc<Manifest>) -> Result<Arc<Manifest>, Error> {
        let newest = self.follow(Arc::clone(&known)).await?;
        if self.is_whole_since(&known).await? { Ok(newest) } else { self.newest().await }
    }

    /// Commits a change on top of `base` or of whatever was committed since. `id` must be the same
    /// when the same change is tried again.
    ///
    /// # Errors
    /// When the outcome stays unknown, or others are faster too often: the change may yet turn
    /// out to be committed, so it must be tried again until this returns. When the writer's log was
    /// opened by another process, which nothing mends. When it took so long, the machine having
    /// slept perhaps, that its new objects may be swept away: it must be made anew.
    pub(crate) async fn commit(
        &self,
        base: Arc<Manifest>,
        change: &Change,
        id: Ulid,
        clock: &dyn Clock,
    ) -> Result<Committed, Error> {
        let mut known = Arc::clone(&base);
        let mut base = base;
        for _ in 0..LOST_MAX {
            let next = match base.apply(change, id) {
                Applied::Next(next) => *next,
                Applied::Already => return Ok(Committed::Done(base)),
                Applied::Superseded => return Ok(Committed::Superseded(base)),
                Applied::Fenced => return Err(Error::Fenced),
            };
            let age = change.objects_since().map(|since| clock.now().since(since));
            if age.is_some_and(|age| age >= CHANGE_AGE_MAX) {
                return Err(Error::Overdue);
            }
            invariant::check_follows(&base, &next)?;
            match self.create(&next).await? {
                Attempt::Won if self.is_whole_since(&known).await? => {
                    self.trim(next.number).await;
                    return Ok(Committed::Done(Arc::new(next)));
                }
                Attempt::Won => {
                    base = self.newest().await?;
                    known = Arc::clone(&base);
                }
                Attempt::Lost(winner) => {
                    invariant::check_follows(&base, &winner)?;
                    base = Arc::new(winner);
                }
            }
        }
        Err(Error::Contended { attempts: LOST_MAX })
    }

    /// Follows the numbers upwards.
    async fn follow(&self, known: Arc<Manifest>) -> Result<Arc<Manifest>, Error> {
        let mut newest = known;
        while let Some(next) = self.read(newest.number + 1).await? {
            invariant::check_follows(&newest, &next)?;
            newest = Arc::new(next);
        }
        Ok(newest)
    }

    /// Whether every manifest after this one is still there. Old ones are removed from the lowest
    /// up, so this is so as long as it is there itself, and not another that somebody has made
    /// under its number. Who slept while his numbers were removed could otherwise create one again,
    /// and take it for a commit.
    async fn is_whole_since(&self, known: &Manifest) -> Result<bool, Error> {
        // The commit is one of the first fields.
        const BEGINNING: Range<u64> = 0..256;
        if known.number == 0 {
            let numbers = self.numbers().await?;
            return Ok((1..).zip(&numbers).all(|(expect, number)| expect == *number));
        }
        let path = layout::manifest_path(known.number);
        let commit = known.commit.to_string();
        match self.objects.get_range(&path, BEGINNING).await {
            Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).contains(&commit)),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(Error::object("read", &path)(error)),
        }
    }

    /// Removes old manifests now and then, from the lowest up, each one before the next. A failure
    /// leaves some for the next time.
    async fn trim(&self, newest: u64) {
        if !newest.is_multiple_of(TRIM_EVERY) {
            return;
        }
        let Ok(numbers) = self.numbers().await else { return };
        for number in numbers.into_iter().take_while(|number| number + KEPT <= newest) {
            match self.objects.delete(&layout::manifest_path(number)).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => {
                    tracing::debug!(%error, number, "an old manifest stays for now");
                    return;
                }
            }
        }
    }

    /// The numbers that are there, ascending.
    pub(crate) async fn numbers(&self) -> Result<Vec<u64>, Error> {
        let folder = Path::from(layout::MANIFEST_FOLDER);
        let listed = self.objects.list(Some(&folder));
        let numbers =
            listed.try_filter_map(async |object| Ok(layout::parse_manifest_path(&object.location)));
        let numbers = numbers.try_collect::<Vec<u64>>().await;
        let mut numbers = numbers.map_err(Error::object("list", &folder))?;
        numbers.sort_unstable();
        Ok(numbers)
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

    /// The manifest with this number, if it is there.
    pub(crate) async fn read(&self, number: u64) -> Result<Option<Manifest>, Error> {
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
