//! Who knows the pods of this node.

mod pods_file;

pub use pods_file::PodsFile;
