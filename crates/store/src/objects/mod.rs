//! Where objects are kept: a local folder, or a bucket of S3, Google or Azure, named by a URL.
//!
//! - [`place`]: the URL, and how it is opened
//! - [`settings`]: what else must be known, as pairs of key and value in layers
//! - [`s3`], [`google`], [`azure`]: from settings to a client, one file a service
//! - [`credentials_file`]: keys in a file of AWS's form
//! - [`requests`]: how long a request may take and how often it is tried
//! - [`bucket`]: what the store is given, which shows no secret
//! - [`create`]: an object of our own, whatever becomes of the answer
//! - [`counted`]: how often an object store was asked
//! - [`durable_files`]: a local folder whose files survive a power cut

mod azure;
mod bucket;
mod counted;
mod create;
mod credentials_file;
mod durable_files;
mod google;
mod place;
mod requests;
mod s3;
mod settings;

pub(crate) use counted::{CountedObjects, ObjectRequests};
pub(crate) use create::create_own;
pub(crate) use durable_files::DurableFiles;
pub use place::ObjectPlace;
pub use settings::ObjectSettings;
