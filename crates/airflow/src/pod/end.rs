//! How a pod ended, as a line: what a collector writes and the lifecycle reads.

use model::{Timestamp, rfc3339};
use serde::{Deserialize, Serialize};

/// The end of a container that ran a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PodEnd {
    /// What has happened: [`EVENT`](Self::EVENT).
    event: String,
    /// When its process ended, in RFC 3339, as Kubernetes writes it.
    finished: String,
    /// Its exit code; 128 and the number of the signal that ended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    exit_code: Option<i32>,
    /// Kubernetes' word for why: `Completed`, `Error`, `OOMKilled`, of a pod `Evicted`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl PodEnd {
    /// What the line says has happened.
    pub const EVENT: &str = "task pod ended";
    /// The value of the label `source` of such lines.
    pub const SOURCE: &str = "airflow.pods";

    /// The end at a time in RFC 3339.
    #[must_use]
    pub fn new(finished: &str, exit_code: Option<i32>, reason: Option<String>) -> Self {
        let (event, finished) = (Self::EVENT.to_owned(), finished.to_owned());
        Self { event, finished, exit_code, reason }
    }

    /// The line that tells it.
    #[must_use]
    pub fn line(&self) -> String {
        // There is nothing in it that JSON cannot say.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads such a line.
    #[must_use]
    pub fn parse(line: &str) -> Option<Self> {
        let end: Self = serde_json::from_str(line).ok()?;
        (end.event == Self::EVENT && end.at().is_some()).then_some(end)
    }

    /// When its process ended.
    #[must_use]
    pub fn at(&self) -> Option<Timestamp> {
        rfc3339::parse(self.finished.as_bytes())
    }

    /// Whether its process did not end as it should.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.exit_code != Some(0)
    }

    /// Why it failed, where that is more than that it did.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        let reason = self.reason.as_deref().filter(|_| self.has_failed());
        reason.filter(|reason| !["Error", "Completed"].contains(reason))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let end = PodEnd::new("2026-11-22T08:10:00Z", Some(137), Some("OOMKilled".to_owned()));
        let line = end.line();
        let expect = concat!(
            r#"{"event":"task pod ended","finished":"2026-11-22T08:10:00Z","#,
            r#""exit_code":137,"reason":"OOMKilled"}"#,
        );
        assert_eq!(line, expect);
        assert_eq!(PodEnd::parse(&line), Some(end));
        assert_eq!(PodEnd::parse(&line.replace("task pod", "another")), None);
    }
}
