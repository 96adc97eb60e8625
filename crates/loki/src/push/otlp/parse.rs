//! From the bytes of an export to streams, by what its headers say.

use std::borrow::Cow;

use model::Timestamp;
use prost::Message;

use super::message::ExportLogs;
use super::room::Room;
use super::{count, map};
use crate::push::decode::{Push, PushLimits, sift};
use crate::push::encoding::inflate;
use crate::push::error::PushError;
use crate::push::known::name_services;

/// An export once decompressed, in bytes: exporters send a few megabytes at most (the collector's
/// own default is 20 MiB).
const OTLP_BYTES_MAX: usize = 32 * 1024 * 1024;
/// A record of two bytes takes two hundred in memory, four times what an element of a push does.
const ELEMENT_WEIGHT: usize = 4;

/// Which of its two forms an export has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OtlpForm {
    /// `application/json`
    Json,
    /// `application/x-protobuf`
    Protobuf,
}

impl OtlpForm {
    /// The form that a `Content-Type` names.
    ///
    /// # Errors
    /// When it is neither.
    pub fn of(content_type: Option<&str>) -> Result<Self, PushError> {
        let media_type = content_type.unwrap_or_default().split(';').next().unwrap_or_default();
        match media_type.trim().to_ascii_lowercase().as_str() {
            "application/json" => Ok(Self::Json),
            "application/x-protobuf" => Ok(Self::Protobuf),
            _ => Err(PushError::ContentType(content_type.unwrap_or_default().to_owned())),
        }
    }
}

/// Reads an export. `sources` are the attributes that tell a service's name where `service.name`
/// does not; `now` is the time of records that have none.
///
/// # Errors
/// When the body is too large or becomes so, is not what the headers say, or holds nothing at all.
pub fn parse(
    form: OtlpForm,
    content_encoding: Option<&str>,
    body: &[u8],
    limits: &PushLimits,
    sources: &[String],
    now: Timestamp,
) -> Result<Push, PushError> {
    if body.len() > limits.max_recv_msg_size {
        let limit = limits.max_recv_msg_size;
        return Err(PushError::BodyTooLarge { bytes: body.len(), limit });
    }
    let limit = limits.max_decompressed_size.min(OTLP_BYTES_MAX);
    let body = match content_encoding.map_or("", str::trim) {
        "" => Cow::Borrowed(body),
        encoding => Cow::Owned(inflate(encoding, body, limit)?),
    };
    if body.len() > limit {
        return Err(PushError::DecompressedTooLarge { limit });
    }
    let elements = match form {
        OtlpForm::Json => count::json(&body),
        OtlpForm::Protobuf => count::protobuf(&body),
    };
    let limit = limits.max_elements / ELEMENT_WEIGHT;
    if elements > limit {
        return Err(PushError::TooManyElements { limit });
    }
    let export = match form {
        OtlpForm::Json => read_json(&body).map_err(PushError::OtlpJson)?,
        OtlpForm::Protobuf => ExportLogs::decode(&*body).map_err(PushError::OtlpProto)?,
    };
    let mut streams = map::streams(&export, sources, now, &mut Room::new(limits))?;
    if streams.is_empty() {
        return Err(PushError::NoStreams);
    }
    name_services(&mut streams, sources);
    Ok(sift(streams))
}

fn read_json(body: &[u8]) -> Result<ExportLogs, serde_json::Error> {
    // Serde would take an array for a struct whose fields come in order.
    if body.trim_ascii_start().starts_with(b"[") {
        return Err(serde::de::Error::custom("expected an object, found an array"));
    }
    serde_json::from_slice(body)
}

#[cfg(test)]
mod tests;
