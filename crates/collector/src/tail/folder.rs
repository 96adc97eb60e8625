//! The names that the kubelet gives to log folders and files.

use std::ffi::OsStr;

/// What the name of a pod's folder says: `<namespace>_<pod>_<uid>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodFolder {
    /// The namespace.
    pub namespace: String,
    /// The pod.
    pub pod: String,
    /// The uid; for a static pod the hash of its configuration.
    pub uid: String,
}

/// What the name of a file in a container's folder says. The elder comes first; of those that were
/// moved aside, the one with the lesser name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LogName {
    /// How often the container had been started again when the file was made.
    pub restarts: u64,
    /// Whether it is `<restarts>.log`, which the runtime writes; else it is
    /// `<restarts>.log.<time>`, which the kubelet has moved aside, and to which a little more may
    /// be written.
    pub is_current: bool,
}

impl PodFolder {
    /// Reads the name of a folder.
    pub fn parse(name: &OsStr) -> Option<Self> {
        let mut parts = name.to_str()?.split('_');
        let (namespace, pod, uid) = (parts.next()?, parts.next()?, parts.next()?);
        let is_whole = parts.next().is_none() && ![namespace, pod, uid].contains(&"");
        is_whole.then(|| Self {
            namespace: namespace.to_owned(),
            pod: pod.to_owned(),
            uid: uid.to_owned(),
        })
    }
}

impl LogName {
    /// Reads the name of a file. `None` for what is no log, or is compressed: its lines were read
    /// when it was not.
    pub fn parse(name: &OsStr) -> Option<Self> {
        let (restarts, rest) = name.to_str()?.split_once(".log")?;
        if !restarts.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let restarts = restarts.parse().ok()?;
        let is_time = |text: &str| text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
        match rest.strip_prefix('.') {
            None if rest.is_empty() => Some(Self { restarts, is_current: true }),
            Some(time) if is_time(time) => Some(Self { restarts, is_current: false }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, expect: Option<LogName>) {
        assert_eq!(LogName::parse(OsStr::new(name)), expect, "for {name}");
    }

    #[test]
    fn log_files() {
        check("0.log", Some(LogName { restarts: 0, is_current: true }));
        check("12.log", Some(LogName { restarts: 12, is_current: true }));
        check("0.log.20261122-082843", Some(LogName { restarts: 0, is_current: false }));
        check("0.log.20261122-082843.gz", None);
        check("0.log.20261122-082843.tmp", None);
        check("x.log", None);
        check(".log", None);
        check("+1.log", None);
    }

    #[test]
    fn the_elder_comes_first() {
        let names = ["0.log.20261122-082843", "0.log", "1.log.20261122-082843", "1.log", "12.log"];
        assert!(names.map(|name| LogName::parse(OsStr::new(name)).unwrap()).is_sorted());
    }

    #[test]
    fn pod_folders() {
        let parse = |name: &str| PodFolder::parse(OsStr::new(name));
        let folder = parse("airflow_sales-load-x1_90b36801-3b93").unwrap();
        assert_eq!([&*folder.namespace, &*folder.pod], ["airflow", "sales-load-x1"]);
        assert_eq!(folder.uid, "90b36801-3b93");
        assert_eq!(parse("airflow_x"), None);
        assert_eq!(parse("a_b_c_d"), None);
        assert_eq!(parse("a__c"), None);
    }
}
