//! The object store under test, whose puts fail as planned, in the ways in which puts fail.

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

use crate::under_test::{Fresh, fresh_objects};

/// How a put fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing happened.
    Refused,
    /// It was done, and the answer was lost.
    AnswerLost,
    /// Nothing happened, but the answer is that it exists: two requests met.
    Conflict,
    /// It is not done yet, and will be when [`FaultyObjects::land_late_puts`] is called.
    Late,
}

#[derive(Debug)]
pub struct FaultyObjects {
    objects: Fresh,
    /// The folder, how its puts fail, and how many of them.
    plan: Mutex<Option<(&'static str, Fault, usize)>>,
    late: Mutex<Vec<(Path, PutPayload, PutOptions)>>,
}

impl FaultyObjects {
    /// Over an empty one of the kind under test.
    pub fn new() -> Arc<Self> {
        let (plan, late) = (Mutex::default(), Mutex::default());
        Arc::new(Self { objects: fresh_objects(), plan, late })
    }

    /// The next `times` puts into this folder fail.
    pub fn fail(&self, folder: &'static str, fault: Fault, times: usize) {
        *lock(&self.plan) = Some((folder, fault, times));
    }

    /// No more puts fail.
    pub fn heal(&self) {
        *lock(&self.plan) = None;
    }

    /// The gateway comes back and serves what it had taken.
    pub async fn land_late_puts(&self) {
        let late = std::mem::take(&mut *lock(&self.late));
        for (path, payload, options) in late {
            // Nobody waits for the answer.
            let _ = self.objects.put_opts(&path, payload, options).await;
        }
    }

    fn next_fault(&self, path: &Path) -> Option<Fault> {
        let mut plan = lock(&self.plan);
        let (folder, fault, times) = plan.as_mut()?;
        if *times == 0 || !path.as_ref().starts_with(*folder) {
            return None;
        }
        *times -= 1;
        Some(*fault)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap()
}

fn timeout() -> Error {
    Error::Generic { store: "faulty", source: "the request timed out".into() }
}

impl fmt::Display for FaultyObjects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FaultyObjects")
    }
}

#[async_trait]
impl ObjectStore for FaultyObjects {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        match self.next_fault(location) {
            None => self.objects.put_opts(location, payload, options).await,
            Some(Fault::Refused) => Err(timeout()),
            Some(Fault::Conflict) => {
                let (path, source) = (location.to_string(), "409 Conflict".into());
                Err(Error::AlreadyExists { path, source })
            }
            Some(Fault::AnswerLost) => {
                self.objects.put_opts(location, payload, options).await?;
                Err(timeout())
            }
            Some(Fault::Late) => {
                lock(&self.late).push((location.clone(), payload, options));
                Err(timeout())
            }
        }
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.objects.put_multipart_opts(location, options).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.objects.get_opts(location, options).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.objects.get_ranges(location, ranges).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.objects.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.objects.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.objects.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.objects.copy_opts(from, to, options).await
    }
}
