//! Puts a segment into the object store, under its name that never comes twice.

use std::sync::Arc;

use object_store::{ObjectStore, PutMode};

use super::writer::Encoded;
use crate::Error;
use crate::layout::SegmentPath;
use crate::manifest::SegmentRecord;

/// Uploads a segment. What is returned is what a manifest will say of it.
///
/// # Errors
/// When the object store fails. The same may be tried again.
pub(crate) async fn upload(
    objects: &Arc<dyn ObjectStore>,
    path: &SegmentPath,
    encoded: Encoded,
) -> Result<SegmentRecord, Error> {
    let record = SegmentRecord {
        path: path.clone(),
        rows: encoded.rows,
        bytes: encoded.bytes.len() as u64,
        min_timestamp: encoded.min,
        max_timestamp: encoded.max,
    };
    let object = path.path();
    match objects.put_opts(&object, encoded.bytes.into(), PutMode::Create.into()).await {
        // The name is ours alone, so what is there is what an earlier try has left.
        Ok(_) | Err(object_store::Error::AlreadyExists { .. }) => Ok(record),
        Err(error) => Err(Error::object("create", &object)(error)),
    }
}
