//! What can be set, as plain data.

mod bucket;
mod human;
mod limits;
mod loki;
mod print;
mod retention;

use std::collections::BTreeMap;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use model::TenantId;

pub(crate) use print::fields;

pub use bucket::Bucket;
pub use limits::{BlockedQuery, DeletionMode, Limits, QueryType, RetentionStream, SeriesExceeded};

/// The settings of a server.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Where to listen. Other than loopback needs a token, or the word that none is wanted.
    pub listen: SocketAddr,
    /// Whether the header `X-Scope-OrgID` names a tenant, and is required (Loki's `auth_enabled`).
    pub multi_tenant: bool,
    /// What clients must send; `None` lets everybody in.
    pub token: Option<Token>,
    /// Serve everybody who can reach the address, without a token.
    pub insecure_no_token: bool,
    /// Limits of pushes and queries.
    pub limits: Limits,
    /// Limits of tenants that have their own.
    pub overrides: BTreeMap<TenantId, Limits>,
    /// A query that takes so long is logged with its plan; zero logs none (Loki's
    /// `frontend.log_queries_longer_than`).
    pub log_queries_longer_than: Duration,
    /// For how long a delete request is cancelled without force (Loki's
    /// `compactor.delete_request_cancel_period`).
    pub delete_request_cancel_period: Duration,
    /// Whether lines expire as the limits say (Loki's `compactor.retention_enabled`). Off, a
    /// `retention_period` deletes nothing, as in Loki; our own `retention` turns it on.
    pub retention_enabled: bool,
    /// How far behind the newest entry of its stream an entry may be; `None` takes them all, which
    /// costs us nothing. Loki's window is half of its ingester's `max_chunk_age`.
    pub out_of_order_window: Option<Duration>,
    /// The bucket that Loki would keep its chunks in. Whoever opens the store may take it.
    pub bucket: Option<Bucket>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, DEFAULT_PORT)),
            multi_tenant: false,
            token: None,
            insecure_no_token: false,
            limits: Limits::default(),
            overrides: BTreeMap::new(),
            log_queries_longer_than: SLOW_QUERY,
            delete_request_cancel_period: CANCEL_PERIOD,
            retention_enabled: false,
            out_of_order_window: None,
            bucket: None,
        }
    }
}

/// A person notices a query that takes so long, and its plan tells why.
const SLOW_QUERY: Duration = Duration::from_secs(5);

/// Loki's default: who has deleted the wrong lines notices within a day.
const CANCEL_PERIOD: Duration = Duration::from_secs(86_400);

/// Loki's port.
pub const DEFAULT_PORT: u16 = 3100;

/// A secret that clients send in the header `Authorization`. It is not printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// A token from a file's text: spaces and newlines around it do not count. `None` when nothing
    /// is left.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        (!text.is_empty()).then(|| Self(text.to_owned()))
    }

    /// Whether this is the token. Takes as long for a wrong one as for the right one.
    #[must_use]
    pub fn is(&self, text: &str) -> bool {
        let (own, other) = (self.0.as_bytes(), text.as_bytes());
        let differences = own.iter().zip(other).fold(0, |sum, (a, b)| sum | (a ^ b));
        own.len() == other.len() && differences == 0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}
