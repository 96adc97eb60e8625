//! What waits for a sink, on disk: one file a batch, removed when the sink has it.
//!
//! - [`folder`]: the queue, in its order and within its bound
//! - [`record`]: one batch, byte for byte

mod folder;
mod record;

pub use folder::{Front, Queue};
pub use record::Record;
