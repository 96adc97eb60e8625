//! Every limit, its default, and why the number is what it is. Names are Loki's where Loki has one.

/// The longest line that is stored, in bytes (Loki's `max_line_size`, 256 KB).
pub const MAX_LINE_SIZE: usize = 256 * 1024;
/// The longest label name, in bytes (Loki's `max_label_name_length`).
pub const MAX_LABEL_NAME_LENGTH: usize = 1024;
/// The longest label value, in bytes (Loki's `max_label_value_length`).
pub const MAX_LABEL_VALUE_LENGTH: usize = 2048;
/// Labels a stream (Loki's `max_label_names_per_series`).
pub const MAX_LABEL_NAMES_PER_SERIES: usize = 15;
/// Structured metadata of an entry, in bytes (Loki's `max_structured_metadata_size`, 64 KB).
pub const MAX_STRUCTURED_METADATA_SIZE: usize = 64 * 1024;
/// Structured metadata of an entry, in pairs (Loki's `max_structured_metadata_entries_count`).
pub const MAX_STRUCTURED_METADATA_ENTRIES_COUNT: usize = 128;
/// How far ahead of our clock an entry may be, in seconds (Loki's `creation_grace_period`, 10 m).
pub const CREATION_GRACE_PERIOD_SECONDS: u64 = 600;
/// The longest query, in bytes (Loki's scanner has the same).
pub const MAX_QUERY_BYTES: usize = 131_072;
/// The body of a push as received, in bytes (Loki's `max_recv_msg_size`, 100 MiB).
pub const MAX_RECV_MSG_SIZE: usize = 100 * 1024 * 1024;
/// The body of a push once decompressed, in bytes. Loki allows 5000 MiB; a node cannot need that,
/// and a bomb of 100 MiB must not take the server with it.
pub const MAX_DECOMPRESSED_SIZE: usize = 512 * 1024 * 1024;
/// Entries a log query returns when it does not say (Loki's default `limit`).
pub const DEFAULT_QUERY_LIMIT: usize = 100;
/// Entries a log query may ask for (Loki's `max_entries_limit_per_query`).
pub const MAX_ENTRIES_LIMIT_PER_QUERY: usize = 5000;
/// Points a series may have in one answer (Loki's resolution limit).
pub const MAX_POINTS_PER_SERIES: i64 = 11_000;
