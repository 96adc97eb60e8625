//! A log folder in a bucket, where Airflow's remote logging keeps it.

use std::io::{self, Read};
use std::sync::Arc;

use anyhow::{Context, Result};
use bytes::{Buf, Bytes};
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use model::Timestamp;
use object_store::path::Path;
use object_store::{GetOptions, GetRange, ObjectStore};
use tokio::runtime::Handle;

use super::logs::{Found, LogFile};

/// Looks for all objects.
///
/// # Errors
/// When they cannot be listed.
pub async fn find(objects: &Arc<dyn ObjectStore>) -> Result<Found> {
    let mut found = Found::default();
    let mut list = objects.list(None);
    while let Some(object) = list.next().await {
        let object = object.with_context(|| format!("failed to list {objects}"))?;
        let modified = Timestamp::from_millis(object.last_modified.timestamp_millis());
        found.add(object.location.to_string(), object.size, modified);
    }
    Ok(found)
}

/// The bytes of an object from an offset on.
///
/// # Errors
/// When its name is none of an object.
pub fn open(
    objects: &Arc<dyn ObjectStore>,
    runtime: &Handle,
    file: &LogFile,
    from: u64,
) -> Result<Box<dyn Read + Send>> {
    if from >= file.bytes {
        // Nobody has such a range.
        return Ok(Box::new(io::empty()));
    }
    let failed = || format!("failed to read {}", file.name);
    let path = Path::parse(&file.name).with_context(failed)?;
    let options =
        GetOptions { range: Some(GetRange::Bounded(from..file.bytes)), ..GetOptions::default() };
    let object = runtime.block_on(objects.get_opts(&path, options)).with_context(failed)?;
    let chunks = object.into_stream().map_err(io::Error::other).boxed();
    Ok(Box::new(Reader { runtime: runtime.clone(), chunks, rest: Bytes::new() }))
}

/// Chunks as they come, for who reads on a thread that may wait.
struct Reader {
    runtime: Handle,
    chunks: BoxStream<'static, io::Result<Bytes>>,
    rest: Bytes,
}

impl Read for Reader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.rest.is_empty() {
            match self.runtime.block_on(self.chunks.next()) {
                Some(chunk) => self.rest = chunk?,
                None => return Ok(0),
            }
        }
        let length = self.rest.len().min(into.len());
        self.rest.copy_to_slice(&mut into[..length]);
        Ok(length)
    }
}
