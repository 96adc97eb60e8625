//! How much is remembered of one log. Each bound is far above what one deployment has at a time;
//! what is beyond is forgotten, oldest first, and what is forgotten is not attributed.

/// Tries, pods, Celery messages and commands of which something is remembered. A scheduler has as
/// many at a time as its parallelism allows, which is 32 unless somebody raises it.
pub const REMEMBERED_MAX: usize = 10_000;

/// Names in one line. A scheduler that queues more at once prints them one a line as well.
pub const MENTIONS_MAX: usize = 64;

/// Workloads at a time among which a line without a name is searched for its owner.
pub const RUNNING_MAX: usize = 1_000;

/// How long a record whose end is on another line is waited for: it is one write, so the end comes
/// with the next lines, unless its process died in the middle.
pub const OPEN_RECORD_SECONDS: u64 = 1;

/// How long a line waits for one that tells whose it is.
pub const WAIT_SECONDS: u64 = 1;

/// How many lines may wait, the longest multi-line messages included.
pub const WAITING_LINES_MAX: usize = 2_000;

/// How many lines of a pod's beginning are searched for the try that it runs.
pub const FIRST_LINES_MAX: usize = 200;
