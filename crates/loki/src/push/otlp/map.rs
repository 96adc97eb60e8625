//! From OTLP's resources, scopes and records to streams.

use std::collections::BTreeMap;

use model::{Labels, Timestamp};

use super::message::{AnyValue, ExportLogs, KeyValue, LogRecord, Resource, Scope};
use super::room::{Pairs, Room};
use super::value::{flatten, text};
use crate::push::decode::RawStream;
use crate::push::error::PushError;
use crate::push::metadata::metadata_name;
use crate::service_name::SERVICE_NAME;

/// The attributes of a resource that become labels (Loki's default).
const INDEX_LABELS: [&str; 18] = [
    "service.name",
    "service.namespace",
    "service.instance.id",
    "deployment.environment",
    "deployment.environment.name",
    "cloud.region",
    "cloud.availability_zone",
    "k8s.cluster.name",
    "k8s.namespace.name",
    "k8s.pod.name",
    "k8s.container.name",
    "container.name",
    "k8s.replicaset.name",
    "k8s.deployment.name",
    "k8s.statefulset.name",
    "k8s.daemonset.name",
    "k8s.cronjob.name",
    "k8s.job.name",
];

/// The streams of an export: one for each resource's labels.
///
/// A resource without a service's name gets it from the first of `sources` that it has.
///
/// # Errors
/// When there is not room enough for them.
pub(super) fn streams(
    export: &ExportLogs,
    sources: &[String],
    now: Timestamp,
    room: &mut Room,
) -> Result<Vec<RawStream>, PushError> {
    let mut streams: BTreeMap<Labels, RawStream> = BTreeMap::new();
    for logs in &export.resource_logs {
        let (labels, resource) = split(logs.resource.as_ref(), sources, room)?;
        let stream = streams.entry(labels.clone()).or_insert_with(|| RawStream::new(Ok(labels)));
        for scope_logs in &logs.scope_logs {
            let mut shared = room.copy(&resource)?;
            if let Some(scope) = &scope_logs.scope {
                shared.extend(scope_pairs(scope, room)?);
            }
            for record in &scope_logs.log_records {
                let own = record_pairs(record, room)?;
                room.take(&own)?;
                let mut pairs = room.copy(&shared)?;
                pairs.extend(own);
                let line = record.body.as_ref().map(text).unwrap_or_default();
                stream.add(time(record, now), line, &pairs);
            }
        }
    }
    Ok(streams.into_values().collect())
}

/// The labels of a resource, and its other attributes.
fn split(
    resource: Option<&Resource>,
    sources: &[String],
    room: &mut Room,
) -> Result<(Labels, Pairs), PushError> {
    let (mut labels, mut rest) = (Vec::new(), Vec::new());
    for KeyValue { key, value } in resource.map_or(&[][..], |r| &r.attributes) {
        let Some(value) = value else { continue };
        match metadata_name(key) {
            Ok(name) if INDEX_LABELS.contains(&key.as_str()) => {
                labels.push((name.into_owned(), text(value)));
            }
            _ => flatten(key, value, &mut rest, room)?,
        }
    }
    if !labels.iter().any(|(name, _)| name == SERVICE_NAME) {
        let named =
            rest.iter().chain(&labels).filter_map(|(k, v)| Some((metadata_name(k).ok()?, v)));
        let named: BTreeMap<_, _> = named.collect();
        if let Some(service) = sources.iter().find_map(|source| named.get(source.as_str())) {
            let service = (*service).clone();
            labels.push((SERVICE_NAME.to_owned(), service));
        }
    }
    Ok((Labels::new(labels), rest))
}

fn scope_pairs(scope: &Scope, room: &mut Room) -> Result<Pairs, PushError> {
    let mut pairs = attribute_pairs(&scope.attributes, room)?;
    add(&mut pairs, "scope_name", scope.name.clone());
    add(&mut pairs, "scope_version", scope.version.clone());
    add_count(&mut pairs, "scope_dropped_attributes_count", scope.dropped_attributes_count.into());
    Ok(pairs)
}

fn record_pairs(record: &LogRecord, room: &mut Room) -> Result<Pairs, PushError> {
    let mut pairs = attribute_pairs(&record.attributes, room)?;
    add_count(&mut pairs, "observed_timestamp", record.observed_time_unix_nano.into());
    add_count(&mut pairs, "severity_number", record.severity_number.into());
    add(&mut pairs, "severity_text", record.severity_text.clone());
    add_count(&mut pairs, "dropped_attributes_count", record.dropped_attributes_count.into());
    add_count(&mut pairs, "flags", record.flags.into());
    add(&mut pairs, "trace_id", hex(&record.trace_id));
    add(&mut pairs, "span_id", hex(&record.span_id));
    add(&mut pairs, "event_name", record.event_name.clone());
    Ok(pairs)
}

fn attribute_pairs(attributes: &[KeyValue], room: &mut Room) -> Result<Pairs, PushError> {
    let mut pairs = Vec::with_capacity(attributes.len());
    for KeyValue { key, value } in attributes {
        flatten(key, value.as_ref().unwrap_or(&AnyValue { value: None }), &mut pairs, room)?;
    }
    Ok(pairs)
}

fn add(pairs: &mut Pairs, name: &str, value: String) {
    if !value.is_empty() {
        pairs.push((name.to_owned(), value));
    }
}

/// Zero is what OTLP sends for "not set".
fn add_count(pairs: &mut Pairs, name: &str, count: i128) {
    if count != 0 {
        pairs.push((name.to_owned(), count.to_string()));
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// When it happened, else when it was seen, else now.
fn time(record: &LogRecord, now: Timestamp) -> Timestamp {
    let times = [record.time_unix_nano, record.observed_time_unix_nano];
    let given = times.into_iter().find(|nanos| *nanos != 0);
    given.map_or(now, |nanos| Timestamp(i64::try_from(nanos).unwrap_or(i64::MAX)))
}
