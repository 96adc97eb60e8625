//! Lines that begin in one file and end in the file that took its name.
//!
//! A rotation may fall into the middle of a line or of a traceback. So a file that took another's
//! name waits until that one is read to its end, and goes on with what it left open.

use crate::stage::Carry;
use crate::tail::position::FileNo;
use crate::tail::tailer::{Tailer, Tailing};

impl Tailer {
    /// Before the first bytes of a file that took another's name: takes over what that one left
    /// open. Tells whether it may be read; if not, the other is read first, and makes it due.
    pub(super) fn take_over(&mut self, no: FileNo) -> bool {
        let Some(tailing) = self.files.get_mut(&no) else { return false };
        // While it is empty, the runtime may still write to the other.
        if tailing.before.is_none() || !tailing.has_unread() {
            return true;
        }
        let Some(before) = self.heritage(no) else { return true };
        if self.files.get_mut(&before).is_some_and(Tailing::has_unread) {
            self.make_due(before);
            return false;
        }
        let carry = self.files.get_mut(&before).map(|elder| elder.pipeline.hand_over());
        if let Some(carry) = &carry {
            self.positions().carry(before, carry.end, no);
        }
        self.carry_on(no, carry);
        true
    }

    /// The file that this one takes over from: the one whose name it took, or if nothing was
    /// written to that, the one before it.
    fn heritage(&mut self, no: FileNo) -> Option<FileNo> {
        let mut before = self.files.get(&no)?.before?;
        while let Some(empty) = self.files.get_mut(&before).filter(|it| it.file.offset() == 0)
            && let Some(elder) = empty.before.filter(|_| !empty.has_unread())
        {
            before = elder;
            self.files.entry(no).and_modify(|tailing| tailing.before = Some(elder));
            self.files.entry(elder).and_modify(|tailing| tailing.after = Some(no));
        }
        Some(before)
    }

    /// Notes which file one goes on from that was met before it: the copy of a log that was
    /// truncated is made after it, and may hold what begins in the one and ends in the other. It
    /// then comes between that one and what was before it.
    pub(super) fn inherit(&mut self, no: FileNo, before: Option<FileNo>) {
        let Some(before) = before.filter(|before| *before != no) else { return };
        let Some(tailing) = self.files.get_mut(&no) else { return };
        if tailing.file.offset() == 0 && tailing.before != Some(before) {
            tailing.before = Some(before);
            self.files.entry(before).and_modify(|elder| elder.after = Some(no));
        }
    }

    /// The file that goes on where this one ends, if it has begun: nothing was written to those in
    /// between.
    pub(super) fn heir(&mut self, no: FileNo) -> Option<FileNo> {
        let mut after = self.after(no)?;
        loop {
            if self.files.get_mut(&after)?.has_unread() {
                return Some(after);
            }
            after = self.after(after)?;
        }
    }

    /// Lets a file begin that took another's name, with what that one left open.
    pub(super) fn carry_on(&mut self, no: FileNo, carry: Option<Carry>) {
        let Some(tailing) = self.files.get_mut(&no) else { return };
        tailing.before = None;
        carry.into_iter().for_each(|carry| tailing.pipeline.take_over(carry));
        self.make_due(no);
    }

    /// The file that took the name of this one and has not taken over from it yet.
    pub(super) fn after(&self, no: FileNo) -> Option<FileNo> {
        let after = self.files.get(&no)?.after?;
        self.files.get(&after).is_some_and(|tailing| tailing.before == Some(no)).then_some(after)
    }
}
