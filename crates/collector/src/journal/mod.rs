//! The journal of systemd, read from its files. Their format is
//! [documented](https://systemd.io/JOURNAL_FILE_FORMAT/); nothing is written to them, and whoever
//! writes them goes on meanwhile.
//!
//! - [`file`]: one file and its entries
//! - [`field`]: one field of an entry, packed or not

mod field;
mod file;

pub(crate) use file::{Damage, Entry, JournalFile};
