//! Live tail: what is stored is sent on as it becomes visible.
//!
//! A tail is two machines in one task. `lines` asks the store for what is there and watches what
//! comes, passes it through the query and keeps it in order in a bounded queue (`pending`); as
//! often as the reader takes something, it makes a `frame` of what is due. `socket` writes frames
//! and pings, hears whether somebody is still there, and says goodbye. A slow reader fills its own
//! queue and loses lines, which it is told; it never makes a push wait.

mod frame;
mod lines;
mod open;
mod pending;
mod socket;

pub(crate) use frame::Form;
pub(crate) use lines::Lines;
pub(crate) use open::{Slot, Tails};
pub(crate) use socket::{MESSAGE_BYTES_MAX, converse};
