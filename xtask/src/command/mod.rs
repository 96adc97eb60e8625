//! One file or folder a command. Each offers `Args` (clap) and `run`.

pub mod attribution;
pub mod bench;
pub mod crash;
pub mod fuzz;
pub mod shortpods;
pub mod tidy;
