//! Templates as Loki renders them, and as a hostile user writes them.

mod cost;
mod go;
mod loki;
mod reads;
mod scope;
