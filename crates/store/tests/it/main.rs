//! The store as its users see it, from append to scan, over good and bad object stores.

mod life;
mod world;
