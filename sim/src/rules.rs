//! How long lines are kept, and what a request to delete means: its query is the tag of lines.

use std::sync::Arc;
use std::time::Duration;

use model::{Labels, TenantId};
use store::{DeleteRequest, Erasure, Rules};

use crate::ledger::{ERASED_AFTER, STREAMS};

/// The rules of every host.
#[derive(Debug)]
pub(crate) struct Tags;

/// How lines of a tag show it.
pub(crate) fn query(tag: u8) -> String {
    format!("tag-{tag};")
}

fn days(days: u64) -> Duration {
    Duration::from_secs(days * 86_400)
}

impl Rules for Tags {
    fn kept(&self, _: &TenantId, labels: &Labels) -> Option<Duration> {
        let stream = STREAMS.iter().find(|(app, _)| labels.get("app") == Some(app));
        stream.map(|(_, kept)| days(*kept))
    }

    fn kept_between(&self, _: &TenantId) -> (Option<Duration>, Option<Duration>) {
        let kept = || STREAMS.iter().map(|(_, kept)| days(*kept));
        (kept().min(), kept().max())
    }

    fn erased_after(&self) -> Duration {
        ERASED_AFTER
    }

    fn erasure(&self, request: &DeleteRequest) -> Option<Erasure> {
        let query = request.query.clone();
        let entries = Arc::new(move |_: &Labels, entry: &model::Entry| entry.line.contains(&query));
        Some(Erasure { streams: Arc::new(|_| true), entries })
    }
}
