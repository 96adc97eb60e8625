//! Syslog as it comes over a network: bytes → messages → what they say. Pure.
//!
//! - [`frame`]: where messages end, by their count of bytes or by a newline
//! - [`message`]: what a message says, as RFC 5424 or RFC 3164 writes it

mod frame;
mod message;
mod rfc3164;
mod rfc5424;

pub(crate) use frame::{Frame, Framer};
pub(crate) use message::{Format, Message};
