//! Whose line is this: from the pod, the path, the line itself, or what ran when it was written.
//!
//! Start at [`Attributor`]. Why a line is believed or not stands in `docs/decisions/022-….md`.

mod attributor;
mod celery;
mod local;
mod memory;
mod mention;
mod multiline;
mod pod_lines;
mod running;
mod scheduler;
mod shared;
mod waiting;

pub(crate) use scheduler::value_of;

pub use attributor::{Answer, Attributor, Begun, Line, Ticket};
pub use mention::{Name, Named, find as mentions};
pub use waiting::Waiting;

#[cfg(test)]
mod tests;
