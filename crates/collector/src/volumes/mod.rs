//! Airflow's task log files, read from the volumes of this node's pods.
//!
//! With the CeleryExecutor, and with the LocalExecutor of most versions, a task's lines are in its
//! log file and nowhere else. The kubelet mounts volumes below a folder of its own, so nothing has
//! to change in Airflow for them to be read (decision 027).
//!
//! - [`layout`], [`role`]: whose volumes there are, and what their pods do
//! - [`search`], [`survey`], [`walk`]: where logs are kept in them, and which files there are
//! - [`choice`]: which of them are read
//! - [`files`], [`followed`], [`places`]: read, and how far
//! - [`reader`]: when all this is done

mod choice;
mod files;
mod followed;
mod layout;
mod places;
mod reader;
mod role;
mod search;
mod survey;
mod walk;

pub use files::{Around, Batch};
pub use places::Places;
pub use reader::Reader;
pub use role::Known;
