//! How long a request may take, and how often it is tried: a store that hangs must become an error,
//! which those who flush and those who ask know how to meet.

use std::time::Duration;

use object_store::{BackoffConfig, ClientConfigKey, ClientOptions, RetryConfig};

/// A gateway in the same network answers in milliseconds, so this is one that is not there.
const CONNECT_TIMEOUT: &str = "5s";
/// From the first byte sent to the last one received. A segment of 64 MB takes as long at 2 MB/s.
const REQUEST_TIMEOUT: &str = "30s";
/// Gateways close idle connections after about a minute; a request must not meet that moment.
const IDLE_TIMEOUT: &str = "30s";
/// Answers like 503, and connections that fail, come in bursts of a second or so. Those who flush
/// try again for ever, so this is only to spare them the noise.
const RETRIES_MAX: usize = 4;
/// No new try after this long. With the last request's own time, a question to a store that hangs
/// ends within 90 s.
const RETRY_TIME: Duration = Duration::from_secs(60);
/// The pause before the first retry; the following ones grow at random from here.
const PAUSE: Duration = Duration::from_millis(100);
/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// What clients of all services have in common. Settings may change each of them.
pub(super) fn client_options() -> ClientOptions {
    ClientOptions::new()
        .with_config(ClientConfigKey::ConnectTimeout, CONNECT_TIMEOUT)
        .with_config(ClientConfigKey::Timeout, REQUEST_TIMEOUT)
        .with_config(ClientConfigKey::PoolIdleTimeout, IDLE_TIMEOUT)
        .with_config(ClientConfigKey::UserAgent, concat!("barogram/", env!("CARGO_PKG_VERSION")))
}

/// How failed requests are tried again.
pub(super) fn retries() -> RetryConfig {
    let backoff = BackoffConfig { init_backoff: PAUSE, max_backoff: PAUSE_MAX, base: 2.0 };
    RetryConfig { backoff, max_retries: RETRIES_MAX, retry_timeout: RETRY_TIME }
}
