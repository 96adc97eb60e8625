//! Why the collector cannot start or go on. What it deals with itself (a store that is away, a
//! refused batch, a file that vanished) is logged and counted instead.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// Why the collector cannot start or go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The folder of pod logs is there and cannot be read.
    #[error(
        "failed to read the pods folder {}; let the collector read it (on Kubernetes: mount it \
         with hostPath and run as root)",
        path.display()
    )]
    PodsFolder {
        /// The folder.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The folder of the collector's own state cannot be used.
    #[error(
        "failed to write to the state folder {}; give the collector a folder of its own that \
         outlives it",
        path.display()
    )]
    StateFolder {
        /// The folder or the file in it.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The file of pods cannot be read or is none.
    #[error(
        "failed to read pods from {}; write a Kubernetes PodList as JSON there",
        path.display()
    )]
    PodsFile {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The Kubernetes API cannot be reached as it was set up.
    #[error("failed to set up access to the Kubernetes API with {what}; mend what it names")]
    Kubernetes {
        /// The file or the address that cannot be used.
        what: String,
        /// Why not.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The address of the store is none.
    #[error("the store's url {url:?} is no http or https address: {reason}")]
    Url {
        /// What was given.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// What should be PEM is none.
    #[error("there is no PEM as it is needed in {place}")]
    Pem {
        /// Where it is.
        place: String,
        /// What is wrong.
        #[source]
        source: reqwest::Error,
    },
    /// A file of certificates, or of a key, cannot be read.
    #[error("failed to read {}; write certificates and keys there in PEM", path.display())]
    PemFile {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The name of an endpoint cannot be the name of its folder, or is another's too.
    #[error(
        "the endpoint's name {name:?} must be another than the others' and consist of letters, \
         digits, '-' and '_'"
    )]
    EndpointName {
        /// The name.
        name: String,
    },
    /// The HTTP client cannot be made.
    #[error("failed to set up the http client")]
    HttpClient(#[source] reqwest::Error),
    /// The thread that reads files cannot be set up.
    #[error(
        "failed to set up what reads files; raise the limits of open files and threads for the \
         collector"
    )]
    Thread(#[source] io::Error),
    /// A part of the collector ended that should not have.
    #[error("a task of the collector failed; this is a bug, please report it")]
    Task(#[source] tokio::task::JoinError),
}

/// What to do about an [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// Change the configuration or the deployment.
    Configuration,
    /// Page someone: the machine or the program is at fault.
    Internal,
}

impl Error {
    /// What to do about it.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::PodsFolder { .. }
            | Self::StateFolder { .. }
            | Self::PodsFile { .. }
            | Self::Pem { .. }
            | Self::PemFile { .. }
            | Self::EndpointName { .. }
            | Self::Kubernetes { .. }
            | Self::Url { .. }
            | Self::Thread(_) => ErrorKind::Configuration,
            Self::HttpClient(_) | Self::Task(_) => ErrorKind::Internal,
        }
    }
}

/// Prints an error with its causes, for a log line: each prints itself only.
#[derive(Debug, Clone, Copy)]
pub struct Chain<'a>(pub &'a dyn std::error::Error);

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut causes = std::iter::successors(self.0.source(), |cause| cause.source());
        causes.try_for_each(|cause| write!(f, ": {cause}"))
    }
}
