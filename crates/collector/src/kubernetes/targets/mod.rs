//! What the API tells of objects → the targets that `discovery.kubernetes` makes of them, with the
//! labels that Prometheus gives them. Labels without a value are left out.

mod label;
mod node;
mod pod;
mod service;

pub use label::{address, all, put};
pub use node::targets_of as targets_of_node;
pub use pod::targets_of;
pub use service::targets_of as targets_of_service;
