//! The store as its users see it, from append to scan, over good and bad object stores.

mod duplicates;
mod faults;
mod faulty_objects;
mod folder;
mod formats;
mod life;
mod random;
mod world;
mod writers;
