//! One look at a store: the newest manifest when it was taken, and what is read on its behalf.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::stream::{self, StreamExt, TryStreamExt};
use object_store::local::LocalFileSystem;
use object_store::path::Path as ObjectPath;
use object_store::{ObjectStore, ObjectStoreExt};

use super::log::{self, LogFileState};
use super::segment::SegmentDepth;
use super::space::{LabelSpace, LabelSpaces};
use super::state::{self, DayState, ManifestState, SegmentState};
use crate::manifest::{Manifest, Manifests};
use crate::segment::Segment;
use crate::{Error, layout, open};

/// How many segments are opened at the same time: each is one or two small reads.
const OPEN_AT_ONCE: usize = 16;

/// A look at a store at one moment. A store that is being served goes on meanwhile, so objects
/// that were removed since cannot be looked into, and the end of the log may be in the writing.
#[derive(Debug)]
pub struct Inspection {
    objects: Arc<dyn ObjectStore>,
    wal_dir: Option<PathBuf>,
    manifest: Arc<Manifest>,
}

impl Inspection {
    /// Looks at a data folder.
    ///
    /// # Errors
    /// When there is no store in it, or one that a newer program wrote.
    pub async fn folder(path: &Path) -> Result<Self, Error> {
        let (objects, wal_dir) = folder(path)?;
        Self::open(objects, Some(wal_dir), &path.display().to_string()).await
    }

    /// Looks at an object store, and at the log of one of its stores, if there is one here.
    /// `place` is what errors call it.
    ///
    /// # Errors
    /// As [`Inspection::folder`], and when the object store fails.
    pub async fn open(
        objects: Arc<dyn ObjectStore>,
        wal_dir: Option<PathBuf>,
        place: &str,
    ) -> Result<Self, Error> {
        let path = layout::version_path();
        let marker = objects.get(&path).await.map_err(Error::object("read", &path))?;
        let text = marker.bytes().await.map_err(Error::object("read", &path))?;
        open::check_version(&String::from_utf8_lossy(&text), place)?;
        let manifest = Manifests::new(Arc::clone(&objects)).newest().await?;
        Ok(Self { objects, wal_dir, manifest })
    }

    /// The manifest.
    #[must_use]
    pub fn manifest(&self) -> ManifestState {
        state::manifest(&self.manifest)
    }

    /// The live segments, in the order in which they were published.
    #[must_use]
    pub fn segments(&self) -> Vec<SegmentState> {
        self.manifest.segments.iter().map(state::segment).collect()
    }

    /// The days of each tenant.
    #[must_use]
    pub fn days(&self) -> Vec<DayState> {
        state::days(&self.segments())
    }

    /// Looks into a segment, which is named by its path or, if it is live, by its id, with its
    /// largest streams, no more than so many. `None` when there is none of this name.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn segment(&self, name: &str, streams: usize) -> Result<Option<SegmentDepth>, Error> {
        let is_named = |segment: &SegmentState| segment.path == name || segment.id == name;
        if let Some(live) = self.segments().into_iter().find(is_named) {
            let path = ObjectPath::from(live.path.as_str());
            let segment = self.load(path, live.bytes).await?;
            return Ok(Some(SegmentDepth::new(&segment, live.path, true, live.bytes, streams)));
        }
        let path = ObjectPath::from(name);
        if !layout::is_segment(&path) {
            return Ok(None);
        }
        let bytes = match self.objects.head(&path).await {
            Ok(found) => found.size,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(Error::object("read", &path)(error)),
        };
        let segment = self.load(path, bytes).await?;
        Ok(Some(SegmentDepth::new(&segment, name.to_owned(), false, bytes, streams)))
    }

    /// What each value of a label takes, the largest first. The footer of every live segment is
    /// read for it.
    ///
    /// # Errors
    /// When one of them cannot be read.
    pub async fn space_by(&self, label: &str) -> Result<Vec<LabelSpace>, Error> {
        let mut spaces = LabelSpaces::new(label);
        let opened: Vec<_> = self.segments().into_iter().map(|state| self.look(state)).collect();
        let mut opened = stream::iter(opened).buffer_unordered(OPEN_AT_ONCE);
        while let Some((state, segment)) = opened.try_next().await? {
            spaces.add(&state.tenant, state.bytes, segment.streams());
        }
        Ok(spaces.finish())
    }

    /// The files of the log, the oldest first; none when there is no log here.
    ///
    /// # Errors
    /// When a file cannot be read, or was written by a newer program.
    pub async fn log(&self) -> Result<Vec<LogFileState>, Error> {
        match self.wal_dir.clone().filter(|folder| folder.exists()) {
            Some(folder) => log::files(folder, &self.manifest()).await,
            None => Ok(Vec::new()),
        }
    }

    async fn look(&self, state: SegmentState) -> Result<(SegmentState, Segment), Error> {
        let segment = self.load(ObjectPath::from(state.path.as_str()), state.bytes).await?;
        Ok((state, segment))
    }

    async fn load(&self, path: ObjectPath, bytes: u64) -> Result<Segment, Error> {
        Segment::open(Arc::clone(&self.objects), path, bytes).await
    }
}

/// The objects of a data folder, and where its log is. Neither is made if it is not there.
pub(crate) fn folder(path: &Path) -> Result<(Arc<dyn ObjectStore>, PathBuf), Error> {
    let (objects, wal_dir) = (path.join("objects"), path.join("wal"));
    std::fs::metadata(&objects).map_err(Error::file("open", &objects))?;
    let objects = LocalFileSystem::new_with_prefix(&objects);
    let objects = objects.map_err(Error::object("open", &ObjectPath::default()))?;
    Ok((Arc::new(objects), wal_dir))
}
