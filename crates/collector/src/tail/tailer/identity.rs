//! What a file is known by: its name, and its first bytes.

use std::path::Path;

use crate::tail::position::FileNo;
use crate::tail::tailer::Tailer;

impl Tailer {
    /// Notes the name that a file has now, and its first bytes.
    pub(super) fn describe(&mut self, no: FileNo, path: &Path) {
        let Some(tailing) = self.files.get_mut(&no) else { return };
        let fingerprint = tailing.file.fingerprint();
        if tailing.path == path && tailing.noted == fingerprint {
            return;
        }
        tailing.noted = fingerprint;
        let inode = tailing.file.inode();
        let had = std::mem::replace(&mut tailing.path, path.to_owned());
        self.forget_path(no, &had);
        self.by_path.insert(path.to_owned(), no);
        self.positions().describe(no, |saved| {
            path.clone_into(&mut saved.path);
            (saved.inode, saved.fingerprint) = (inode, fingerprint);
        });
    }

    /// Notes more of a file's first bytes before what was read of it is dealt with: the next
    /// collector could not tell whose a position is that stands beside none.
    pub(super) fn identify(&mut self, no: FileNo) {
        let grown = self.files.get(&no).filter(|it| it.noted != it.file.fingerprint());
        if let Some(path) = grown.map(|tailing| tailing.path.clone()) {
            self.describe(no, &path);
        }
    }

    /// Forgets that a file had this name, if no other has it since.
    pub(super) fn forget_path(&mut self, no: FileNo, path: &Path) {
        if self.by_path.get(path) == Some(&no) {
            self.by_path.remove(path);
        }
    }
}
