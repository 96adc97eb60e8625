//! From bytes of one file to entries with labels: unwrap (`cri`), ask whose a line is (`owner`),
//! join (`multiline`), tell equals apart (`distinct`), name what is known (`airflow`).
//!
//! Nothing here waits or reads a file. What comes out depends on the bytes alone, with one
//! exception that positions make harmless: [`Pipeline::end_idle`].

mod airflow;
mod cri;
mod distinct;
mod docker;
mod lane;
mod line;
mod multiline;
mod owner;
mod pipeline;
mod task_log;

pub use airflow::{Labeller, NoPods, PodSource};
pub use cri::{Joiner, parse as parse_record, stray};
pub use distinct::Distinct;
pub use lane::Lane;
pub use lane::Lanes;
pub use line::{Physical, Splitter};
pub use pipeline::{Carry, Checkpoint, Parcel, Pipeline, Position, Start, is_stamped};
pub use task_log::{TaskEntry, TaskLog, TaskPlace};
