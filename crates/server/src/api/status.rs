//! `/loki/api/v1/status/…`: what the server says about itself.

use loki::status::BuildInfo;

use super::json::Json;

/// The version of the API, by which clients switch features on; ours stands in `revision`.
pub(crate) async fn build_info() -> Json<BuildInfo> {
    let revision = concat!("barogram-", env!("CARGO_PKG_VERSION")).to_owned();
    Json(BuildInfo { revision, ..BuildInfo::default() })
}
