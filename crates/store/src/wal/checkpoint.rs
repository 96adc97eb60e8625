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

/// The position of the first file that no recovery needs: its records are published, or it has
/// none. The last file is never superfluous: it says where the numbers go on.
pub(crate) fn superfluous(files: &VecDeque<FileStart>, checkpoint: Checkpoint) -> Option<usize> {
    files.iter().zip(files.iter().skip(1)).position(|(file, next)| {
        next.sequence <= checkpoint.sequence || next.sequence == file.sequence
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(starts: &[u64], checkpoint: u64, expect_left: &[u64]) {
        let files = starts.iter().zip(1..);
        let mut files: VecDeque<FileStart> =
            files.map(|(&sequence, number)| FileStart { number, sequence, bytes: 0 }).collect();
        while let Some(at) = superfluous(&files, Checkpoint { sequence: checkpoint }) {
            files.remove(at);
        }
        let left: Vec<u64> = files.iter().map(|file| file.sequence).collect();
        assert_eq!(left, expect_left, "of {starts:?} at {checkpoint}");
    }

    #[test]
    fn only_files_before_the_checkpoint_go() {
        check(&[], 9, &[]);
        check(&[1], 9, &[1]);
        check(&[1, 5], 4, &[1, 5]);
        check(&[1, 5], 5, &[5]);
        check(&[1, 5, 9], 9, &[9]);
        check(&[1, 5, 9], 8, &[5, 9]);
    }

    #[test]
    fn a_file_without_records_goes() {
        check(&[5, 5], 1, &[5]);
        check(&[1, 5, 5, 5, 9], 1, &[1, 5, 9]);
    }
}
