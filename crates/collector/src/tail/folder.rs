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

/// What the name of a file in a container's folder says. The elder comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogName {
    /// `<restarts>.log.<time>`: the kubelet has moved it aside; a little more may be written.
    Rotated,
    /// `<restarts>.log`: the runtime writes it.
    Current,
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
        if restarts.is_empty() || !restarts.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let time = rest.strip_prefix('.');
        match time {
            None if rest.is_empty() => Some(Self::Current),
            Some(time) if time.bytes().all(|b| b.is_ascii_digit() || b == b'-') => {
                Some(Self::Rotated)
            }
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
        check("0.log", Some(LogName::Current));
        check("12.log", Some(LogName::Current));
        check("0.log.20261122-082843", Some(LogName::Rotated));
        check("0.log.20261122-082843.gz", None);
        check("0.log.20261122-082843.tmp", None);
        check("x.log", None);
        check(".log", None);
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
