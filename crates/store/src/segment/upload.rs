//! Puts a segment into the object store, under its name that never comes twice.

use std::sync::Arc;

use object_store::ObjectStore;

use super::writer::Encoded;
use crate::Error;
use crate::layout::SegmentPath;
use crate::manifest::SegmentRecord;
use crate::objects::create_own;

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
    create_own(objects, &path.path(), encoded.bytes).await?;
    Ok(record)
}
