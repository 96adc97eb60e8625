//! The streams of one container, which share a file and are joined apart.

use std::ops::{Index, IndexMut};

use serde::{Deserialize, Serialize};

/// Which stream of its container a record is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lane {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
    /// Not told: a line that is no CRI record.
    Unknown,
}

/// One of something for each lane.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lanes<T>([T; 3]);

impl Lane {
    /// All of them, in the order in which they are flushed.
    pub const ALL: [Self; 3] = [Self::Stdout, Self::Stderr, Self::Unknown];

    /// The value of the metadata `stream`; empty when it is not known.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
            Self::Unknown => "",
        }
    }
}

impl<T> Lanes<T> {
    /// The same for each lane.
    pub fn each(mut make: impl FnMut(Lane) -> T) -> Self {
        Self(Lane::ALL.map(&mut make))
    }
}

impl<T> Index<Lane> for Lanes<T> {
    type Output = T;

    fn index(&self, lane: Lane) -> &T {
        &self.0[lane as usize]
    }
}

impl<T> IndexMut<Lane> for Lanes<T> {
    fn index_mut(&mut self, lane: Lane) -> &mut T {
        &mut self.0[lane as usize]
    }
}
