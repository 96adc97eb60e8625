//! One place that lines are pushed to, as plain data.

use std::time::Duration;

use crate::write::auth::{Auth, Secret};
use crate::write::tls::Tls;

/// Where lines go and how: the arguments of one `endpoint` of Alloy's `loki.write`, and how much
/// may wait for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// What it is called in metrics and in the folder of its queue: letters, digits, `-` and `_`.
    pub name: String,
    /// The whole address of its push API.
    pub url: String,
    /// Whose lines these are, when the store has tenants.
    pub tenant: Option<String>,
    /// How the collector proves who it is.
    pub auth: Auth,
    /// Headers that are sent besides.
    pub headers: Vec<(String, Secret)>,
    /// Whom it trusts.
    pub tls: Tls,
    /// A batch is sent when it has so many bytes of lines and metadata,
    pub batch_bytes: usize,
    /// or when its first line is so old.
    pub batch_wait: Duration,
    /// How long a push may take.
    pub push_timeout: Duration,
    /// The pause after the first push that failed; it doubles with each that fails after it,
    pub backoff_min: Duration,
    /// up to this.
    pub backoff_max: Duration,
    /// What may wait on disk for it, in bytes as they are sent. With it full, no more is read.
    pub queue_bytes_max: u64,
}

impl Endpoint {
    /// The store at this address, which is given without the path of its push API.
    #[must_use]
    pub fn of_store(url: &str) -> Self {
        let url = format!("{}/loki/api/v1/push", url.trim_end_matches('/'));
        Self { url, ..Self::default() }
    }
}

impl Default for Endpoint {
    fn default() -> Self {
        Self {
            name: "store".to_owned(),
            url: "http://localhost:3100/loki/api/v1/push".to_owned(),
            tenant: None,
            auth: Auth::None,
            headers: Vec::new(),
            tls: Tls::default(),
            batch_bytes: 1024 * 1024,
            batch_wait: Duration::from_millis(200),
            push_timeout: Duration::from_secs(10),
            backoff_min: Duration::from_millis(500),
            backoff_max: Duration::from_secs(60),
            queue_bytes_max: 1024 * 1024 * 1024,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::write::auth::Credential;

    #[test]
    fn secrets_are_not_shown() {
        let password = Credential::Text(Secret("hunter2".to_owned()));
        let auth = Auth::Basic { user: "u".to_owned(), password };
        let headers = vec![("X-Key".to_owned(), Secret("hunter2".to_owned()))];
        let shown = format!("{:?}", Endpoint { auth, headers, ..Endpoint::default() });
        assert!(!shown.contains("hunter2") && shown.contains("(secret)"), "{shown}");
    }
}
