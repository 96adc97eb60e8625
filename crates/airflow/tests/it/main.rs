//! The facts of real deployments against what their databases say.

mod pods;
