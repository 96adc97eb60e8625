//! Messages of syslog → entries, as the settings say that are in force when they come.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use ::stage::Entry;
use ::stage::relabel::Rules;
use model::{Clock, Labels};
use tokio::sync::watch;

use crate::component::loki_source_syslog::{Listener, Settings};
use crate::component::{Batch, To};
use crate::metrics::Metrics;
use crate::run::loki_source_syslog::Parts;
use crate::run::stats::Stats;
use crate::stage::Distinct;
use crate::syslog::{Format, Frame, Framer, Message};

/// Makes entries of the messages of one connection, or of one place.
pub struct Entries {
    settings: watch::Receiver<Settings>,
    /// What is told about the place; what was, once it is not wanted any more.
    listener: Listener,
    forward_to: Vec<To>,
    rules: Rules,
    clock: Arc<dyn Clock>,
    metrics: Metrics,
    stats: Arc<Stats>,
    distinct: Distinct,
    batch: Batch,
}

impl Entries {
    /// None yet.
    #[must_use]
    pub fn new(listener: Listener, parts: &Parts) -> Self {
        let mut settings = parts.settings.clone();
        settings.mark_changed();
        let mut entries = Self {
            settings,
            listener,
            forward_to: Vec::new(),
            rules: Rules::default(),
            clock: Arc::clone(&parts.clock),
            metrics: parts.metrics.clone(),
            stats: Arc::clone(&parts.stats),
            distinct: Distinct::default(),
            batch: Batch::new(),
        };
        entries.hear();
        entries
    }

    /// Cuts a stream into messages.
    #[must_use]
    pub fn framer(&self) -> Framer {
        let has_counts = self.listener.format != Format::Raw;
        Framer::new(self.listener.delimiter, has_counts, self.listener.message_bytes_max)
    }

    /// Bytes of one message.
    #[must_use]
    pub fn message_bytes_max(&self) -> usize {
        self.listener.message_bytes_max
    }

    /// How long a connection may say nothing.
    #[must_use]
    pub fn idle_timeout(&self) -> Duration {
        self.listener.idle_timeout
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.batch.len()
    }

    /// The entries, and who wants them.
    pub fn take(&mut self) -> (Vec<To>, Batch) {
        let batch = std::mem::take(&mut self.batch);
        self.stats.send(&batch);
        self.metrics.syslog.entries.inc_by(batch.len() as u64);
        (self.forward_to.clone(), batch)
    }

    /// Takes a message.
    pub fn push(&mut self, frame: &Frame, peer: IpAddr) {
        self.hear();
        let now = self.clock.now();
        let text = String::from_utf8_lossy(&frame.bytes);
        let message = Message::parse(self.listener.format, &text, now);
        let counts = &self.metrics.syslog;
        if message.is_odd {
            counts.parsing_errors.inc();
        }
        if frame.is_cut {
            self.metrics.cut_entries.inc();
        }
        if message.text.is_empty() && !self.listener.allows_empty {
            counts.empty_messages.inc();
            return;
        }
        let Some(labels) = self.rules.apply(&labels(&self.listener, &message, peer)) else {
            return;
        };
        let labels = labels.filter(|name| !name.starts_with("__"));
        let told = message.timestamp.filter(|_| self.listener.use_incoming_timestamp);
        let is_whole = self.listener.use_rfc5424_message && self.listener.format == Format::Rfc5424;
        let line = if is_whole { text.into_owned() } else { message.text };
        let time = told.unwrap_or(now);
        if self.distinct.is_past(time) {
            self.distinct.reset();
        }
        let time = self.distinct.place(time, &line);
        self.batch.push(Entry::new(labels, time, line));
    }

    /// Hears of settings that are new.
    fn hear(&mut self) {
        if !self.settings.has_changed().unwrap_or(false) {
            return;
        }
        let settings = self.settings.borrow_and_update().clone();
        if let Some(listener) = settings.listeners.into_iter().find(|it| it.at == self.listener.at)
        {
            self.listener = listener;
            self.rules = Rules::build(&settings.rules.0).unwrap_or_default();
            self.forward_to = settings.forward_to;
        }
    }
}

/// What rules are told of a message.
fn labels(listener: &Listener, message: &Message, peer: IpAddr) -> Labels {
    let mut pairs: Vec<(String, String)> =
        listener.labels.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    pairs.push(("__syslog_connection_ip_address".to_owned(), peer.to_canonical().to_string()));
    for (name, value) in [
        ("severity", message.severity_name()),
        ("facility", message.facility_name()),
        ("hostname", message.hostname.as_deref()),
        ("app_name", message.app_name.as_deref()),
        ("proc_id", message.proc_id.as_deref()),
        ("msg_id", message.msg_id.as_deref()),
    ] {
        let value = value.map(|value| (format!("__syslog_message_{name}"), value.to_owned()));
        pairs.extend(value);
    }
    if listener.label_structured_data {
        let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
        for (id, params) in &message.data {
            for (name, value) in params {
                let name: String =
                    format!("__syslog_message_sd_{id}_{name}").chars().map(plain).collect();
                pairs.push((name, value.clone()));
            }
        }
    }
    Labels::new(pairs)
}
