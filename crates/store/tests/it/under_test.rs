//! The object store under test. `BAROGRAM_TEST_STORE` says which: nothing is memory, `folder` a
//! folder, and a URL like `s3://bucket/prefix` a bucket, which the variables `AWS_…` tell how to
//! reach. Each test has a part of it for itself.

use std::ops::Deref;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock};

use barogram_store::{ObjectPlace, ObjectSettings};
use object_store::ObjectStore;
use object_store::memory::InMemory;
use tempfile::TempDir;

/// An object store with nothing in it.
#[derive(Debug)]
pub struct Fresh {
    objects: Arc<dyn ObjectStore>,
    _folder: Option<TempDir>,
}

impl Deref for Fresh {
    type Target = Arc<dyn ObjectStore>;

    fn deref(&self) -> &Self::Target {
        &self.objects
    }
}

/// An object store of the kind under test, with nothing in it.
pub fn fresh_objects() -> Fresh {
    match test_store().as_deref() {
        None => Fresh { objects: Arc::new(InMemory::new()), _folder: None },
        Some("folder") => {
            let folder = tempfile::tempdir().unwrap();
            let objects = open(folder.path().to_str().unwrap());
            Fresh { objects, _folder: Some(folder) }
        }
        Some(url) => Fresh { objects: open(&format!("{url}/{}", unique())), _folder: None },
    }
}

/// What is under test, if not memory.
pub fn test_store() -> Option<String> {
    std::env::var("BAROGRAM_TEST_STORE").ok().filter(|store| !store.is_empty())
}

/// Opens a place as the environment says.
pub fn open(place: &str) -> Arc<dyn ObjectStore> {
    let place: ObjectPlace = place.parse().unwrap();
    place.open(&ObjectSettings::from_environment(std::env::vars())).unwrap()
}

/// A name that no other test, of this run or an earlier one, has in the bucket.
fn unique() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    static RUN: LazyLock<String> = LazyLock::new(|| {
        let folder = tempfile::Builder::new().prefix("run-").tempdir().unwrap();
        folder.path().file_name().unwrap().to_str().unwrap().to_owned()
    });
    format!("{}-{count}", *RUN)
}
