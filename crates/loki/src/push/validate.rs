//! Sifts the streams of a push by a tenant's limits, with Loki's reasons and texts.

use model::{Entry, Labels, Stream, Timestamp};

use crate::push::error::{Reason, Rejection};
use crate::push::limits::EntryLimits;
use crate::service_name::SERVICE_NAME;
use crate::time::rfc3339;

/// Takes out of a push what the limits forbid, and says why. Streams that lose all their entries
/// go.
pub fn validate(streams: &mut Vec<Stream>, limits: &EntryLimits, now: Timestamp) -> Vec<Rejection> {
    let mut rejected = Vec::new();
    streams.retain_mut(|stream| {
        if let Err((reason, text)) = check_labels(&stream.labels, limits) {
            let bytes = stream.entries.iter().map(|entry| entry.line.len()).sum();
            rejected.push(Rejection { reason, text, entries: stream.entries.len(), bytes });
            return false;
        }
        let labels = &stream.labels;
        stream.entries.retain_mut(|entry| {
            if limits.max_line_size_truncate {
                truncate(&mut entry.line, limits.max_line_size);
            }
            let Err((reason, text)) = check_entry(entry, labels, limits, now) else { return true };
            rejected.push(Rejection { reason, text, entries: 1, bytes: entry.line.len() });
            false
        });
        !stream.entries.is_empty()
    });
    rejected
}

type Refusal = (Reason, String);

fn check_labels(labels: &Labels, limits: &EntryLimits) -> Result<(), Refusal> {
    // The name that we give a stream ourselves does not count.
    let limit = limits.max_label_names_per_series;
    let count = labels.len() - usize::from(labels.get(SERVICE_NAME).is_some());
    if count > limit {
        let text = format!(
            "entry for stream '{labels}' has {count} label names; limit {limit}; make some of them \
             structured metadata, or raise `limits_config.max_label_names_per_series`"
        );
        return Err((Reason::MaxLabelNamesPerSeries, text));
    }
    // Mostly all of them together are shorter than any may be.
    if labels.text_bytes() <= limits.max_label_name_length.min(limits.max_label_value_length) {
        return Ok(());
    }
    for (name, value) in labels.iter() {
        if name.len() > limits.max_label_name_length {
            let text = format!("stream '{labels}' has label name too long: '{name}'");
            return Err((Reason::LabelNameTooLong, text));
        }
        if value.len() > limits.max_label_value_length {
            let text = format!("stream '{labels}' has label value too long: '{value}'");
            return Err((Reason::LabelValueTooLong, text));
        }
    }
    Ok(())
}

fn check_entry(
    entry: &Entry,
    labels: &Labels,
    limits: &EntryLimits,
    now: Timestamp,
) -> Result<(), Refusal> {
    check_time(entry.timestamp, labels, limits, now)?;
    let (size, max) = (entry.line.len(), limits.max_line_size);
    if size > max {
        let text = format!(
            "max entry size '{max}' bytes exceeded for stream '{labels}' while adding an entry \
             with length '{size}' bytes"
        );
        return Err((Reason::LineTooLong, text));
    }
    check_metadata(&entry.metadata, labels, limits)
}

fn check_time(
    time: Timestamp,
    labels: &Labels,
    limits: &EntryLimits,
    now: Timestamp,
) -> Result<(), Refusal> {
    if limits.reject_old_samples_max_age.is_some_and(|age| time < now - age) {
        let oldest = limits.reject_old_samples_max_age.map_or(now, |age| now - age);
        let (time, oldest) = (rfc3339(time), rfc3339(oldest));
        let text = format!(
            "entry for stream '{labels}' has timestamp too old: {time}, oldest acceptable \
             timestamp is: {oldest}"
        );
        return Err((Reason::GreaterThanMaxSampleAge, text));
    }
    if time > now + limits.creation_grace_period {
        let time = rfc3339(time);
        let text = format!("entry for stream '{labels}' has timestamp too new: {time}");
        return Err((Reason::TooFarInFuture, text));
    }
    Ok(())
}

fn check_metadata(metadata: &Labels, labels: &Labels, limits: &EntryLimits) -> Result<(), Refusal> {
    if metadata.is_empty() {
        return Ok(());
    }
    if !limits.allow_structured_metadata {
        let text = format!(
            "stream '{labels}' includes structured metadata, but this feature is disallowed. \
             Please see `limits_config.allow_structured_metadata` to enable it"
        );
        return Err((Reason::DisallowedStructuredMetadata, text));
    }
    let size = metadata.text_bytes();
    let max = limits.max_structured_metadata_size;
    if size > max {
        let text = format!(
            "stream '{labels}' has structured metadata too large: '{size}' bytes, limit: '{max}' \
             bytes. Please see `limits_config.max_structured_metadata_size` to increase it"
        );
        return Err((Reason::StructuredMetadataTooLarge, text));
    }
    let (count, max) = (metadata.len(), limits.max_structured_metadata_entries_count);
    if count > max {
        let text = format!(
            "stream '{labels}' has too many structured metadata labels: '{count}', limit: '{max}'. \
             Please see `limits_config.max_structured_metadata_entries_count` to increase it"
        );
        return Err((Reason::StructuredMetadataTooMany, text));
    }
    Ok(())
}

/// Cuts a line at a character's boundary.
fn truncate(line: &mut String, max: usize) {
    if line.len() > max {
        line.truncate(line.floor_char_boundary(max));
    }
}

#[cfg(test)]
mod tests;
