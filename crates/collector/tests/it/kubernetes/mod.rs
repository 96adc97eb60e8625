//! The collector's view of Kubernetes, beside an API server that fails as it is told to.

pub mod api;
mod logs;
mod pods;
