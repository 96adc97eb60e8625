//! What is known of Docker's engine: how it is asked, how it tells logs, and what its containers
//! are as targets. <https://docs.docker.com/reference/api/engine/>
//!
//! - [`engine`]: where it listens, and its answers
//! - [`frame`], [`line`]: from the bytes of a log to lines
//! - [`target`]: from containers to targets

mod engine;
mod frame;
mod line;
mod target;

pub use engine::{Address, Engine, Failure, Stream};
pub use frame::{Frames, Source};
pub use line::{Line, Lines, Taken};
pub use target::{Manner, targets};
