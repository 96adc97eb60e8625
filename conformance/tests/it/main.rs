//! The recorded cases, asked of a whole server.

mod ask;
mod server;
