//! What is known of a log where a file of it is taken up: whether its first line is there, and what
//! was kept of the lines before.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use airflow::attribute::{Attributor, Begun};

use crate::error::Chain;
use crate::tail::folder::LogName;
use crate::tail::position::FileNo;
use crate::tail::state::Kept;
use crate::tail::tailer::Tailer;
use crate::tail::tailer::scan::linked;

impl Tailer {
    /// Keeps what became known at some places of a file, before its position comes there.
    /// [`save_first_states`](Self::save_first_states) is to follow before its lines go out.
    pub(super) fn keep_states(&mut self, no: FileNo) {
        let Some(tailing) = self.files.get_mut(&no) else { return };
        let checkpoints = tailing.pipeline.take_checkpoints();
        if !checkpoints.is_empty() {
            let is_first = self.positions().keep_states(no, checkpoints);
            self.has_first_states |= is_first;
        }
    }

    /// Writes the positions to disk with the first states of files. Where that fails, lines go out
    /// all the same; after a restart they may come twice, with different metadata.
    pub(super) fn save_first_states(&mut self) {
        if std::mem::take(&mut self.has_first_states)
            && let Err(error) = self.around.custody.save()
        {
            tracing::error!(error = %Chain(&error), "the positions cannot be kept");
        }
    }

    /// Moves the place from which a file can be read on to where it is known what the lines before
    /// have told, and says what. A file of which nothing was kept is read from its first line, and
    /// what was queued of it is left out then.
    pub(super) fn recall(
        &self,
        place: &mut u64,
        mut states: Vec<Kept>,
        is_new: bool,
    ) -> (Option<Arc<Attributor>>, Vec<Kept>) {
        states.retain(|kept| kept.at <= *place);
        let state = self.positions().recall(&mut states);
        if let Some(kept) = states.last() {
            *place = kept.at;
        } else if is_new {
            *place = 0;
        }
        (state, states)
    }

    /// What was written between this file and the one that it goes on from is lost.
    pub(super) fn begin_somewhere(&mut self, no: FileNo) {
        let tailing = self.files.get_mut(&no);
        tailing.into_iter().for_each(|tailing| tailing.pipeline.begin_somewhere());
    }
}

/// Whether the first line of a file is the first that its container wrote: nothing was rotated away
/// before it. A kubelet keeps what was rotated last, a Docker daemon, whose logs are links, need
/// not.
pub(super) fn begun(path: &Path, is_new: bool) -> Begun {
    let name = path.file_name().and_then(LogName::parse).filter(|name| name.is_current);
    let Some(name) = name.filter(|_| is_new && linked(path).is_none()) else {
        return Begun::Somewhere;
    };
    let is_elder = |entry: io::Result<fs::DirEntry>| {
        let other = entry.ok().and_then(|entry| LogName::parse(&entry.file_name()));
        other.is_none_or(|other| other.restarts == name.restarts && !other.is_current)
    };
    let folder = path.parent().map(fs::read_dir);
    match folder {
        Some(Ok(mut entries)) => {
            if entries.any(is_elder) {
                Begun::Somewhere
            } else {
                Begun::AtItsStart
            }
        }
        // It was opened at its birth, as what would have come before it was.
        Some(Err(error)) if error.kind() == io::ErrorKind::NotFound => Begun::AtItsStart,
        _ => Begun::Somewhere,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// A log of this name, in a folder with these others.
    #[track_caller]
    fn check(name: &str, others: &[&str], is_new: bool, expect: Begun) {
        let folder = tempfile::tempdir().unwrap();
        others.iter().for_each(|other| fs::write(folder.path().join(other), "").unwrap());
        let path = folder.path().join(name);
        fs::write(&path, "").unwrap();
        assert_eq!(begun(&path, is_new), expect, "{name} beside {others:?}");
        let link = folder.path().join("9.log");
        symlink(&path, &link).unwrap();
        assert_eq!(begun(&link, true), Begun::Somewhere, "a link");
    }

    #[test]
    fn only_what_nothing_was_rotated_away_of_begins_at_its_start() {
        check("0.log", &[], true, Begun::AtItsStart);
        check("3.log", &["2.log", "2.log.20261122-000001"], true, Begun::AtItsStart);
        check("0.log", &[], false, Begun::Somewhere);
        check("0.log", &["0.log.20261122-000001"], true, Begun::Somewhere);
        check("0.log", &["0.log.20261122-000001.gz"], true, Begun::Somewhere);
        check("0.log", &["0.log.20261122-000001.tmp"], true, Begun::Somewhere);
        check("0.log.20261122-000001", &[], true, Begun::Somewhere);
        // It was opened at its birth and is gone.
        let gone = Path::new("/nowhere/pods/a_b_c/base/0.log");
        assert_eq!(begun(gone, true), Begun::AtItsStart);
    }
}
