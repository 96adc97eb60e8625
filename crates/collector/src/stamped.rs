//! A line of a log behind its time, as the Kubernetes API and Docker's engine tell it.

use model::{Timestamp, rfc3339};

/// A line, and its time.
pub fn stamped(line: &[u8]) -> Option<(Timestamp, &[u8])> {
    let end = memchr::memchr(b' ', line).unwrap_or(line.len());
    let time = rfc3339::parse(&line[..end])?;
    Some((time, line.get(end + 1..).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_behind_their_time() {
        let check = |line: &str, expect: Option<&str>| {
            let found = stamped(line.as_bytes()).map(|(_, text)| text);
            assert_eq!(found, expect.map(str::as_bytes), "for {line:?}");
        };
        check("2026-11-22T08:00:00.5Z a b", Some("a b"));
        check("2026-11-22T08:00:00Z", Some(""));
        check("2026-11-22T08:00:00Z ", Some(""));
        check("unable to retrieve container logs for containerd://1", None);
        check("", None);
    }
}
