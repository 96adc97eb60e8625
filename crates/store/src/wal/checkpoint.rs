//! How far a log has been published, and which of its files that makes superfluous.

use std::collections::VecDeque;

/// The first record of a log that is not in any published segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Checkpoint {
    /// The record's sequence number. The first record of a log has number 1.
    pub(crate) sequence: u64,
}

impl Checkpoint {
    /// Where a log begins of which nothing was published.
    pub(crate) const START: Self = Self { sequence: 1 };
}

/// What must be known of a file to decide whether it is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FileStart {
    /// The file's number.
    pub(crate) number: u64,
    /// The sequence number of its first record, or of the one that would be first.
    pub(crate) sequence: u64,
    /// Its length in bytes, as far as it is known to be good.
    pub(crate) bytes: u64,
}

/// Takes the files that no recovery needs from the front. The last file is never taken: it says
/// where the numbers go on.
pub(crate) fn take_superfluous(
    files: &mut VecDeque<FileStart>,
    checkpoint: Checkpoint,
) -> Vec<FileStart> {
    let mut taken = Vec::new();
    while let (Some(first), Some(second)) = (files.front().copied(), files.get(1)) {
        let empty = first.sequence == second.sequence;
        if second.sequence > checkpoint.sequence && !empty {
            break;
        }
        taken.push(first);
        files.pop_front();
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(starts: &[u64], checkpoint: u64, expect_taken: usize) {
        let files = starts.iter().zip(1..);
        let mut files: VecDeque<FileStart> =
            files.map(|(&sequence, number)| FileStart { number, sequence, bytes: 0 }).collect();
        let taken = take_superfluous(&mut files, Checkpoint { sequence: checkpoint });
        assert_eq!(taken.len(), expect_taken, "of {starts:?} at {checkpoint}");
        assert_eq!(files.len() + taken.len(), starts.len());
    }

    #[test]
    fn only_files_before_the_checkpoint_go() {
        check(&[], 9, 0);
        check(&[1], 9, 0);
        check(&[1, 5], 4, 0);
        check(&[1, 5], 5, 1);
        check(&[1, 5, 9], 9, 2);
        check(&[1, 5, 9], 8, 1);
    }

    #[test]
    fn a_file_without_records_goes() {
        check(&[5, 5], 1, 1);
        check(&[1, 5, 5], 1, 0);
    }
}
