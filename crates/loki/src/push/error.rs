//! Why a push, or a part of it, is refused.

/// Why a whole push is refused: nothing of it is stored.
#[derive(Debug, thiserror::Error)]
pub enum PushError {
    /// The body as received is too large.
    #[error("the body of {bytes} bytes is larger than the limit of {limit}; send smaller batches")]
    BodyTooLarge {
        /// What was sent.
        bytes: usize,
        /// What is allowed.
        limit: usize,
    },
    /// The body would be too large once decompressed.
    #[error("the body decompresses to more than {limit} bytes; send smaller batches")]
    DecompressedTooLarge {
        /// What is allowed.
        limit: usize,
    },
    /// More streams, entries and pairs than one push may hold.
    #[error(
        "the push holds more than {limit} streams, entries and metadata pairs; send smaller batches"
    )]
    TooManyElements {
        /// What is allowed.
        limit: usize,
    },
    /// A `Content-Encoding` that is not known.
    #[error("Content-Encoding {0:?} not supported; use gzip, deflate or snappy, or leave it out")]
    ContentEncoding(String),
    /// The compressed bytes are broken.
    #[error("{encoding}: corrupt input ({what}); send the body compressed as its headers say")]
    Corrupt {
        /// `snappy`, `gzip` or `deflate`.
        encoding: &'static str,
        /// What the decoder met.
        what: String,
    },
    /// The protobuf message is broken.
    #[error("proto: {0}; send a logproto.PushRequest, or set Content-Type to application/json")]
    Proto(#[from] prost::DecodeError),
    /// The JSON is broken, or of another shape.
    #[error(
        "json: {0}; send {{\"streams\":[{{\"stream\":{{…}},\"values\":[[\"<ns>\",\"<line>\"]]}}]}}"
    )]
    Json(#[from] serde_json::Error),
    /// An export whose type is not known.
    #[error("content type: {0} is not supported; use application/x-protobuf or application/json")]
    ContentType(String),
    /// The protobuf of an export is broken.
    #[error("otlp proto: {0}; send an ExportLogsServiceRequest")]
    OtlpProto(#[source] prost::DecodeError),
    /// The JSON of an export is broken, or of another shape.
    #[error("otlp json: {0}; send {{\"resourceLogs\":[…]}}")]
    OtlpJson(#[source] serde_json::Error),
    /// There is not one stream (Loki's text).
    #[error("error at least one valid stream is required for ingestion")]
    NoStreams,
    /// Some of its streams are unsound, and the caller wanted all or nothing.
    #[error("{0}")]
    Rejected(Rejection),
}

/// What the sender of a refused push can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PushErrorKind {
    /// Send less at a time.
    TooLarge,
    /// The request is understood, but there is nothing in it.
    Empty,
    /// Send something else: the same bytes will never be accepted.
    BadRequest,
}

impl PushError {
    /// What the sender can do about it.
    #[must_use]
    pub fn kind(&self) -> PushErrorKind {
        match self {
            Self::BodyTooLarge { .. }
            | Self::DecompressedTooLarge { .. }
            | Self::TooManyElements { .. } => PushErrorKind::TooLarge,
            Self::NoStreams => PushErrorKind::Empty,
            _ => PushErrorKind::BadRequest,
        }
    }
}

/// Why entries of a push are refused while the rest of it is stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct Rejection {
    /// The reason, by Loki's name.
    pub reason: Reason,
    /// The sentence for the sender, in Loki's words where it has some.
    pub text: String,
    /// How many entries are refused.
    pub entries: usize,
    /// The bytes of their lines.
    pub bytes: usize,
}

/// Loki's names for why entries are refused (the label `reason` of its discard counters).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The stream's labels cannot be read.
    InvalidLabels,
    /// The stream has no labels.
    MissingLabels,
    /// The stream has more labels than allowed.
    MaxLabelNamesPerSeries,
    /// A label's name is too long.
    LabelNameTooLong,
    /// A label's value is too long.
    LabelValueTooLong,
    /// The line is too long.
    LineTooLong,
    /// The entry is older than samples may be.
    GreaterThanMaxSampleAge,
    /// The entry is too far ahead of our clock.
    TooFarInFuture,
    /// The entry is too far behind the newest of its stream.
    TooFarBehind,
    /// The entry's structured metadata is too large.
    StructuredMetadataTooLarge,
    /// The entry has too many pairs of structured metadata.
    StructuredMetadataTooMany,
    /// The name of a pair of structured metadata cannot be made legal (ours: Loki refuses the
    /// whole push).
    InvalidMetadataName,
    /// Structured metadata is switched off.
    DisallowedStructuredMetadata,
    /// The tenant pushes faster than it may.
    RateLimited,
    /// The stream is pushed to faster than it may.
    PerStreamRateLimit,
    /// The tenant has as many streams as it may.
    StreamLimit,
}

impl Reason {
    /// Loki's name for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidLabels => "invalid_labels",
            Self::MissingLabels => "missing_labels",
            Self::MaxLabelNamesPerSeries => "max_label_names_per_series",
            Self::LabelNameTooLong => "label_name_too_long",
            Self::LabelValueTooLong => "label_value_too_long",
            Self::LineTooLong => "line_too_long",
            Self::GreaterThanMaxSampleAge => "greater_than_max_sample_age",
            Self::TooFarInFuture => "too_far_in_future",
            Self::TooFarBehind => "too_far_behind",
            Self::StructuredMetadataTooLarge => "structured_metadata_too_large",
            Self::StructuredMetadataTooMany => "structured_metadata_too_many",
            Self::InvalidMetadataName => "invalid_metadata_name",
            Self::DisallowedStructuredMetadata => "disallowed_structured_metadata",
            Self::RateLimited => "rate_limited",
            Self::PerStreamRateLimit => "per_stream_rate_limit",
            Self::StreamLimit => "stream_limit",
        }
    }
}
