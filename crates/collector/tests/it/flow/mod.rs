//! Alloy's configurations at work: files on one side, a store on the other.

mod agent;
mod delivery;
mod discovery;
mod docker;
mod events;
mod journal;
mod kubernetes;
mod metrics;
mod page;
mod pod_ends;
mod pod_logs;
mod podlogs;
mod reload;
mod remote;
mod short;
mod syslog;
