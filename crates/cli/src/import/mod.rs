//! Airflow's own log files → a server, once.
//!
//! - [`logs`]: which files there are, in a [`folder`] or a [`bucket`], and their bytes
//! - [`journal`]: how far each of them is imported
//! - [`read`]: files become batches
//! - [`carry`]: several files are read, and several batches pushed, at a time
//! - [`deliver`]: one batch, until the server has it or says why not
//! - [`meter`]: how far it is
//!
//! Order: the files of old runs come before those of new ones. What is in memory is bounded, but
//! for the list of the files.

pub mod bucket;
pub mod carry;
pub mod deliver;
pub mod folder;
pub mod journal;
pub mod logs;
pub mod meter;
pub mod read;
