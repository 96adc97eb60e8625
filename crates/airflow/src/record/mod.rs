//! A whole record: everything that a line of Airflow, or of the servers it runs in, says of itself.
//!
//! [`crate::line::recognise`] tells the form and the level, cheaply, for every line; this reads the
//! rest, for the lines whose words matter: time, logger, source position, message, and the keys.

mod access;
mod console;
mod json;
mod read;
mod text;
mod time;

pub use console::{Tail, is_glued, tail};
pub use read::{Fields, Record, Source, read, stamp};
pub use time::{Stamp, Zone, parse as parse_time};
