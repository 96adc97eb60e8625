//! Why a server does not start, or does not go on.

use std::net::SocketAddr;

/// What to do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// Change the settings.
    Settings,
    /// Something of the machine is in the way.
    Machine,
}

/// A server that does not run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Somebody else listens there.
    #[error("{0} is in use; stop who listens there, or choose another address with --listen")]
    PortInUse(SocketAddr),
    /// The address cannot be listened on.
    #[error("failed to listen on {addr}")]
    Listen {
        /// The address.
        addr: SocketAddr,
        /// The operating system's answer.
        source: std::io::Error,
    },
    /// Anybody could read and write the logs.
    #[error(
        "{0} can be reached from other machines, and no token is set: give --token-file, or \
         --insecure-no-token if a proxy in front of it checks who comes, or listen on 127.0.0.1"
    )]
    Exposed(SocketAddr),
    /// The configuration cannot be read.
    #[error("the configuration cannot be read: {0}")]
    Config(String),
    /// The listener broke down.
    #[error("failed to serve")]
    Serve(#[source] std::io::Error),
}

impl Error {
    /// What to do about it.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::PortInUse(_) | Self::Exposed(_) | Self::Config(_) => ErrorKind::Settings,
            Self::Listen { .. } | Self::Serve(_) => ErrorKind::Machine,
        }
    }
}
