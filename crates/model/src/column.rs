//! A fact promoted to a column of its own, as plain data.

/// Whether a column identifies its stream or describes one entry of it.
///
/// Loki calls the two "labels" and "structured metadata". A name may be a label in one stream and
/// metadata in another, so a column is its kind *and* its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ColumnKind {
    /// Part of the stream's identity.
    Label,
    /// Belongs to one entry (Loki's structured metadata).
    Metadata,
}

/// The name and the kind of one column.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Column {
    /// Label or metadata.
    pub kind: ColumnKind,
    /// The name, as a query says it.
    pub name: String,
}

impl Column {
    /// A label column.
    #[must_use]
    pub fn label(name: impl Into<String>) -> Self {
        Self { kind: ColumnKind::Label, name: name.into() }
    }

    /// A structured-metadata column.
    #[must_use]
    pub fn metadata(name: impl Into<String>) -> Self {
        Self { kind: ColumnKind::Metadata, name: name.into() }
    }
}
