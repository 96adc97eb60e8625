//! How many files are open at once: idle ones give their handles back when too many are.

use std::fs;
use std::io;
use std::path::Path;

use tokio::time::Instant;

use crate::tail::file::Change;
use crate::tail::position::FileNo;
use crate::tail::tailer::Tailer;

/// Of the handles that the process may have, this share may be log files: the rest is for
/// connections, the state and, in one process with it, the store.
const SHARE: (usize, usize) = (1, 2);
/// How many files may be open where the system does not tell its limit.
const UNTOLD: usize = 512;
/// So many handles more than needed are given back at a time, so that it is not done for each file.
const SPARE: usize = 16;

impl Tailer {
    /// Gives back the handles of idle files, if more are open than may be.
    pub(super) fn release_idle(&mut self) {
        let open = self.files.values().filter(|tailing| !tailing.file.is_released()).count();
        let Some(excess) = open.checked_sub(self.handles_max).filter(|excess| *excess > 0) else {
            return;
        };
        let mut idle: Vec<(Instant, FileNo)> = Vec::new();
        for (no, tailing) in &mut self.files {
            let is_read = matches!(tailing.file.look(), Ok(Change::Unread(0)));
            // What may go on in another file is looked at again before long.
            if is_read && tailing.is_at_rest() && !tailing.is_due && tailing.missed_scans == 0 {
                idle.push((tailing.read_at, *no));
            }
        }
        idle.sort();
        for (_, no) in idle.into_iter().take(excess + SPARE) {
            self.files.entry(no).and_modify(|tailing| tailing.file.release());
        }
    }

    /// Opens a file again that was idle and has grown. Tells whether it is still the same.
    pub(super) fn reopen(&mut self, no: FileNo, path: &Path, size: u64) -> io::Result<bool> {
        let Some(tailing) = self.files.get_mut(&no) else { return Ok(true) };
        if !tailing.file.is_released() || size == tailing.file.offset() {
            return Ok(true);
        }
        tailing.file.reopen(path)
    }
}

/// How many files may be open at once.
pub(super) fn handles_max() -> usize {
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    limit(&limits).map_or(UNTOLD, |limit| limit / SHARE.1 * SHARE.0).max(1)
}

/// The limit of open files that holds now; `None` where there is none.
fn limit(limits: &str) -> Option<usize> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_read() {
        let limits = "Limit  Soft Limit  Hard Limit  Units\n\
                      Max cpu time  unlimited  unlimited  seconds\n\
                      Max open files            1024                 524288               files\n";
        assert_eq!(limit(limits), Some(1024));
        assert_eq!(limit(&limits.replace("1024", "unlimited")), None);
        assert_eq!(limit(""), None);
    }
}
