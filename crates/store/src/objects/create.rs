//! Creates an object whose name is ours alone: of another's there is none that it could meet.

use bytes::Bytes;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutMode};

use crate::Error;

/// Creates an object under a name that nobody else uses, so that it may be tried again.
///
/// "Exists already" is the answer when an earlier try was served whose answer was lost. But it is
/// also what S3 answers (409) to one of two requests that were under way at once, and then nothing
/// may have come of either: so what is there decides, not the answer.
///
/// # Errors
/// When the object store fails, or the object is not there with all its bytes.
pub(crate) async fn create_own(
    objects: &dyn ObjectStore,
    path: &Path,
    bytes: Bytes,
) -> Result<(), Error> {
    let length = bytes.len() as u64;
    let put = objects.put_opts(path, bytes.into(), PutMode::Create.into()).await;
    let Err(error) = put else { return Ok(()) };
    if !matches!(error, object_store::Error::AlreadyExists { .. }) {
        return Err(Error::object("create", path)(error));
    }
    match objects.head(path).await {
        Ok(object) if object.size == length => Ok(()),
        Ok(_) | Err(object_store::Error::NotFound { .. }) => {
            Err(Error::object("create", path)(error))
        }
        Err(unknown) => Err(Error::object("look for", path)(unknown)),
    }
}
