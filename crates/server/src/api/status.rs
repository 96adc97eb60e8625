//! `/loki/api/v1/status/…` and `/barogram/v1/status`: what the server says about itself.

use std::sync::Arc;

use axum::extract::State;
use loki::status::BuildInfo;
use loki::time::rfc3339;
use model::Timestamp;
use serde::Serialize;
use store::{Retained, UpkeepReport};

use super::json::Json;
use crate::app::App;

/// The version of the API, by which clients switch features on; ours stands in `revision`.
pub(crate) async fn build_info() -> Json<BuildInfo> {
    let revision = concat!("barogram-", env!("CARGO_PKG_VERSION")).to_owned();
    Json(BuildInfo { revision, ..BuildInfo::default() })
}

/// How much is stored, and what the upkeep has done and will do.
pub(crate) async fn store(State(app): State<Arc<App>>) -> Json<StoreStatus> {
    let status = app.store.status();
    Json(StoreStatus {
        segments: status.segments,
        rows: status.segment_rows,
        bytes: status.segment_bytes,
        manifest: status.manifest,
        head_rows: status.head_rows,
        head_bytes: status.head_bytes,
        log_files: status.wal_files,
        log_bytes: status.wal_bytes,
        upkeep: UpkeepStatus::new(app.store.upkeep_report()),
    })
}

/// The answer to `/barogram/v1/status`.
#[derive(Debug, Serialize)]
pub(crate) struct StoreStatus {
    segments: u64,
    rows: u64,
    bytes: u64,
    manifest: u64,
    head_rows: u64,
    head_bytes: u64,
    log_files: u64,
    log_bytes: u64,
    upkeep: UpkeepStatus,
}

/// What this process has done since it began.
#[derive(Debug, Serialize)]
struct UpkeepStatus {
    ran_at: Option<String>,
    merged_segments: u64,
    swept_objects: u64,
    expired: FreedStatus,
    erased: FreedStatus,
    expires_next: Option<NextStatus>,
}

#[derive(Debug, Serialize)]
struct FreedStatus {
    last_at: Option<String>,
    rows: u64,
    bytes: u64,
}

#[derive(Debug, Serialize)]
struct NextStatus {
    at: String,
    segments: u64,
    bytes: u64,
}

impl UpkeepStatus {
    fn new(report: UpkeepReport) -> Self {
        let next = report.next;
        Self {
            ran_at: text(report.ran_at),
            merged_segments: report.merged_segments,
            swept_objects: report.swept_objects,
            expired: FreedStatus::new(report.expired),
            erased: FreedStatus::new(report.erased),
            expires_next: next.map(|next| NextStatus {
                at: rfc3339(next.at),
                segments: next.segments,
                bytes: next.bytes,
            }),
        }
    }
}

impl FreedStatus {
    fn new(freed: Retained) -> Self {
        Self { last_at: text(freed.last_at), rows: freed.rows, bytes: freed.bytes }
    }
}

fn text(time: Option<Timestamp>) -> Option<String> {
    time.map(rfc3339)
}
