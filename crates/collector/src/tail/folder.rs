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

/// What the name of a file in a container's folder says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogName {
    /// How often the container had been started again when the file was made.
    pub restarts: u64,
    /// Whether it is `<restarts>.log`, which the runtime writes; else it is
    /// `<restarts>.log.<time>`, which the kubelet has moved aside, and to which a little more may
    /// be written.
    pub is_current: bool,
    /// Whether the kubelet has compressed it.
    pub is_packed: bool,
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
    /// Reads the name of a file. `None` for what is no log.
    pub fn parse(name: &OsStr) -> Option<Self> {
        let (restarts, rest) = name.to_str()?.split_once(".log")?;
        if !restarts.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let restarts = restarts.parse().ok()?;
        let is_time = |text: &str| text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
        let Some(rest) = rest.strip_prefix('.') else {
            let current = Self { restarts, is_current: true, is_packed: false };
            return rest.is_empty().then_some(current);
        };
        let (time, is_packed) = rest.strip_suffix(".gz").map_or((rest, false), |time| (time, true));
        is_time(time).then_some(Self { restarts, is_current: false, is_packed })
    }

    /// What puts the elder first, with the name for those that were moved aside.
    pub fn age(&self) -> (u64, bool) {
        (self.restarts, self.is_current)
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
        let log =
            |restarts, is_current, is_packed| Some(LogName { restarts, is_current, is_packed });
        check("0.log", log(0, true, false));
        check("12.log", log(12, true, false));
        check("0.log.20261122-082843", log(0, false, false));
        check("0.log.20261122-082843.gz", log(0, false, true));
        check("0.log.gz", None);
        check("0.log.20261122-082843.gz.tmp", None);
        check("0.log.20261122-082843.tmp", None);
        check("x.log", None);
        check(".log", None);
        check("+1.log", None);
    }

    #[test]
    fn the_elder_comes_first() {
        let names = ["0.log.20261122-082843", "0.log", "1.log.20261122-082843", "1.log", "12.log"];
        assert!(names.map(|name| LogName::parse(OsStr::new(name)).unwrap().age()).is_sorted());
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
