//! What Kubernetes knows: the pods of this node, followed as they come and go.
//!
//! This folder is the only place that knows the API and the crate that speaks it. Nothing here
//! holds up a log file: while the API is away, the pods that were seen stay known, and the lines of
//! others go out with what their path says.
//!
//! Start here: [`Pods`]. `cache` is pure; `watch` is how any kind of object is followed.

mod cache;
mod client;
pub(crate) mod event;
pub(crate) mod log;
mod object;
mod pod_ends;
pub(crate) mod podlogs;
mod pods;
mod targets;
mod watch;

pub use client::{Access, SERVICE_ACCOUNT_FOLDER};
pub(crate) use client::{connect, connect_patiently};
pub(crate) use object::pod as pod_of;
pub(crate) use pod_ends::PodEnds;
pub use pods::{Pods, PodsParts, PodsSettings};
pub(crate) use targets::{targets_of, targets_of_node, targets_of_service};
pub(crate) use watch::{Failure, Observer, Patience, Selection, follow, follow_from};
