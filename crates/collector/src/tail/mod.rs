//! Files of containers: found, opened at birth, read to their last byte, and how far.

mod file;
mod folder;
mod opener;
mod packed;
mod position;
mod reader;
mod state;
mod tailer;
mod watch;

pub use file::{Change, Fingerprint, Inode, LogFile};
pub use folder::PodFolder;
pub use position::{FileNo, Mark, Positions, Saved, write_whole};
pub use reader::{Reader, on_own_thread, send};
pub use tailer::{Delivery, Surroundings};
pub use watch::{Hints, Watcher, watch};
