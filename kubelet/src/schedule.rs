//! What is done to logs, as data.

use fastrand::Rng;

use crate::text::Form;

/// One thing that a runtime or the kubelet does. `pod` is a place on the node: when the pod that is
/// there has been removed, the next write there makes another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Lines are written, in pieces of so many bytes.
    Write {
        /// The pod.
        pod: usize,
        /// How many.
        lines: usize,
        /// What sort of lines.
        form: Form,
        /// Whether to stderr.
        is_stderr: bool,
        /// How many bytes are written at a time.
        piece: usize,
    },
    /// The first record of a line that is cut is written; the next write there ends the line.
    Part(usize),
    /// The log is renamed to `N.log.TIMESTAMP`; so many lines still go there before the runtime
    /// opens another.
    Rotate {
        /// The pod.
        pod: usize,
        /// Lines that the runtime writes to what was renamed.
        late: usize,
    },
    /// The eldest rotated log becomes `N.log.TIMESTAMP.gz`.
    Compress(usize),
    /// The eldest rotated log, compressed or not, is deleted.
    Prune(usize),
    /// The log is copied to `N.log.TIMESTAMP` and truncated.
    CopyTruncate(usize),
    /// The log is truncated.
    Truncate(usize),
    /// The log is deleted and made anew, mostly with the same inode.
    Recreate(usize),
    /// The container starts again, with the next log.
    Restart(usize),
    /// The pod's folder is removed with all that is in it.
    Remove(usize),
    /// Nothing happens for so many milliseconds; for whoever runs the step to wait.
    Pause(u64),
}

/// What must be true of a collector before a step, or lines are lost to anybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Needs {
    /// Nothing: all that is there stays.
    Nothing,
    /// It has opened all files that are there.
    Opened,
    /// It has read all that is there.
    Read,
}

impl Step {
    /// What must be true of a collector before this.
    #[must_use]
    pub fn needs(&self) -> Needs {
        match self {
            Self::Truncate(_) => Needs::Read,
            Self::Prune(_) | Self::Recreate(_) | Self::Remove(_) => Needs::Opened,
            _ => Needs::Nothing,
        }
    }
}

/// So many steps on so many pods, mostly writes.
#[must_use]
pub fn random(steps: usize, pods: usize, random: &mut Rng) -> Vec<Step> {
    std::iter::repeat_with(|| step(pods, random)).take(steps).collect()
}

fn step(pods: usize, random: &mut Rng) -> Step {
    let pod = random.usize(..pods);
    match random.u32(..30) {
        0..14 => Step::Write {
            pod,
            lines: random.usize(1..12),
            form: Form::ALL[random.usize(..Form::ALL.len())],
            is_stderr: random.u32(..4) == 0,
            piece: if random.bool() { usize::MAX } else { random.usize(20..400) },
        },
        14..16 => Step::Part(pod),
        16..19 => Step::Rotate { pod, late: random.usize(..3) },
        19..21 => Step::Compress(pod),
        21 => Step::Prune(pod),
        22 => Step::CopyTruncate(pod),
        23 => Step::Truncate(pod),
        24 => Step::Recreate(pod),
        25 => Step::Restart(pod),
        26 => Step::Remove(pod),
        _ => Step::Pause(random.u64(..60)),
    }
}
