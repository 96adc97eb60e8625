//! What the upkeep of a store is told by those who know tenants' settings and LogQL.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use model::{Entry, Labels, TenantId};

use crate::{DeleteRequest, StreamTest};

/// How long lines are kept, and what a request to delete means.
pub trait Rules: fmt::Debug + Send + Sync {
    /// How long the lines of a stream are kept; `None` for ever.
    fn kept(&self, tenant: &TenantId, labels: &Labels) -> Option<Duration>;

    /// The shortest and the longest time for which any stream of a tenant is kept.
    fn kept_between(&self, tenant: &TenantId) -> (Option<Duration>, Option<Duration>);

    /// How long a request may be cancelled, before the lines are erased.
    fn erased_after(&self) -> Duration;

    /// Which lines a request means; `None` when it cannot be read.
    fn erasure(&self, request: &DeleteRequest) -> Option<Erasure>;
}

/// See [`Erasure::entries`].
pub type EntryTest = dyn Fn(&Labels, &Entry) -> bool + Send + Sync;

/// Which lines are erased.
#[derive(Clone)]
pub struct Erasure {
    /// May any line of this stream be erased?
    pub streams: StreamTest,
    /// Is this entry of a stream erased?
    pub entries: Arc<EntryTest>,
}

impl fmt::Debug for Erasure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Erasure").finish_non_exhaustive()
    }
}
