//! Who a template is written for.

/// Whose templates these are. The language is the same; some functions are not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dialect {
    /// Loki's `line_format` and `label_format`.
    #[default]
    Loki,
    /// The stages of Alloy: nearly all of sprig and `Hash` and `Sha2Hash` too. Where sprig and Loki
    /// or Go have a function of the same name (`duration`, `slice`), it is sprig's.
    Alloy,
}
