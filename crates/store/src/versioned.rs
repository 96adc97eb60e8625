//! Reads what was written as JSON with a version: manifests and delete requests.

use object_store::path::Path;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::Error;

/// The document in an object, unless a newer program has written it.
pub(crate) fn parse<T: DeserializeOwned>(
    path: &Path,
    json: &[u8],
    supported: u32,
) -> Result<T, Error> {
    // The version is read first, since a later one may have other fields.
    #[derive(Deserialize)]
    struct Version {
        version: u32,
    }
    let corrupt = |error: serde_json::Error| {
        // Both count from 1, and a column is 0 at the end of a line.
        let lines = json.split_inclusive(|byte| *byte == b'\n');
        let before: usize = lines.take(error.line().saturating_sub(1)).map(<[u8]>::len).sum();
        let offset = before + error.column().saturating_sub(1);
        let (place, reason) = (path.to_string(), error.to_string());
        Error::Corrupt { place, offset: offset as u64, reason }
    };
    let Version { version } = serde_json::from_slice(json).map_err(corrupt)?;
    if version > supported {
        return Err(Error::Newer { place: path.to_string(), found: version, supported });
    }
    serde_json::from_slice(json).map_err(corrupt)
}
