//! Go's date layouts: a layout is the reference time `Mon Jan 2 15:04:05 MST 2006` written the way
//! the date is to look.
//!
//! - [`element`]: a layout taken apart
//! - [`format`]: a time written by a layout
//! - [`parse`]: a text read by a layout

mod element;
mod format;
mod parse;

#[cfg(test)]
mod tests;

pub(crate) use format::format;
pub(crate) use parse::parse;
