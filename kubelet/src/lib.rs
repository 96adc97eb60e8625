//! A fake kubelet: does to a folder of logs what containerd and the kubelet do to
//! `/var/log/pods`, and knows every line that it wrote.
//!
//! What is done is data, a [`Step`]; so a test can make it up at random, shrink it and keep it.
//! Afterwards a [`Ledger`] is compared with what has [arrived](Arrived): each line once, in its
//! order, said to be of the pod and the task that wrote it.
//!
//! Start here: [`Kubelet::run`] for what each step does, [`Ledger::audit`] for what is promised.

mod audit;
mod kubelet;
mod pod;
mod record;
mod schedule;
mod task;
mod text;

pub use audit::{Arrived, Audit, Ledger, Received};
pub use kubelet::{Kubelet, Settings};
pub use record::{Format, record};
pub use schedule::{Needs, Step, random};
pub use task::{PodSpec, Task};
pub use text::Form;
