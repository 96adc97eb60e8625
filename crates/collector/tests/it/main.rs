//! The collector as its users have it: a folder of logs on one side, a store on the other.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop there")]

mod attribution;
mod corpus;
mod delivery;
mod docker_engine;
mod files;
mod flow;
mod kubernetes;
mod metrics_store;
mod node;
mod schedules;
mod store;
mod task_logs;
mod volumes;
