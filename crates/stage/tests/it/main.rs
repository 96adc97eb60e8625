//! The properties of stages, over odd input.

mod property;
