//! `/ready`: for probes.

/// It answers, so it is ready: recovery happens before the server listens.
pub(crate) async fn ready() -> &'static str {
    "ready\n"
}
