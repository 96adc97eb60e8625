//! What ran and how it ended: told from the lines that come in, kept beside them as entries of a
//! stream of their own, and read back from there.
//!
//! Start at [`Lifecycles`], which is shown every push; [`Record`] is what is kept of one try or
//! run, and `docs/formats/lifecycle.md` its form.

mod deployment;
mod ended;
mod lifecycles;
mod recall;
mod record;

pub(crate) use lifecycles::{Lifecycles, run};
pub(crate) use recall::{Wanted, narrowed, records};
pub(crate) use record::{Kind, Record, SOURCE};
