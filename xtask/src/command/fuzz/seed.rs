//! First inputs, made of what the conformance data holds, so that nothing large is committed.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use conformance::{Case, Recording, cases, dataset};
use loki::push::{PushLimits, decode, encode};
use model::Stream;

use super::target::Seeds;

/// The first byte of an input that the target compresses itself (`fuzz/src/envelope.rs`).
const PACKED: u8 = 2;
/// Set in the first byte: the protobuf form of OTLP, the older form of JSON.
const OTHER_FORM: u8 = 0x80;
/// A longer input is left out: short ones are mutated to more effect.
const SEED_BYTES_MAX: usize = 4096;
/// Lines of a stream for one input of the miner.
const LINES_A_SEED: usize = 16;
/// More than there are queries in `fuzz_targets/logql_pipeline.rs`: each of them sees lines of each
/// stream.
const ROWS_A_STREAM: u8 = 24;

/// Writes the inputs into a folder; those that are there already are the same.
///
/// # Errors
/// When the data cannot be read or the folder cannot be written.
pub(super) fn plant(seeds: Seeds, folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)?;
    let short = inputs(seeds)?.into_iter().filter(|input| input.len() <= SEED_BYTES_MAX);
    for (number, input) in short.enumerate() {
        let path = folder.join(format!("seed-{number:04}"));
        fs::write(&path, input).with_context(|| format!("failed to write {}", path.display()))?;
    }
    Ok(())
}

fn inputs(seeds: Seeds) -> Result<BTreeSet<Vec<u8>>> {
    Ok(match seeds {
        Seeds::Queries => queries()?.into_iter().map(String::into_bytes).collect(),
        Seeds::Templates => queries()?.iter().flat_map(|query| templates(query)).collect(),
        Seeds::Rows => streams()?.iter().flat_map(rows).collect(),
        Seeds::Lines => streams()?.iter().flat_map(lines).collect(),
        Seeds::Json => bodies("push", json)?,
        Seeds::Proto => bodies("push", protobuf)?,
        Seeds::Otlp => bodies("v1/logs", otlp)?,
        Seeds::Configurations => configurations(),
    })
}

fn recorded() -> Result<Vec<Case>> {
    Ok([cases(Recording::Plain)?, cases(Recording::Defaults)?].concat())
}

fn queries() -> Result<BTreeSet<String>> {
    let cases = recorded()?;
    Ok(cases.iter().filter_map(|case| case.param("query")).map(str::to_owned).collect())
}

/// The recipe as a whole, and each of its parts between blank lines.
fn configurations() -> BTreeSet<Vec<u8>> {
    let recipe = include_str!("../../../../crates/alloy/tests/data/recipe.alloy");
    let parts = recipe.split("\n\n").chain([recipe]);
    parts.map(|part| part.as_bytes().to_vec()).collect()
}

/// The strings of a query that look like templates, each with a line to render it for.
fn templates(query: &str) -> Vec<Vec<u8>> {
    let quote = if query.contains('`') { '`' } else { '"' };
    let strings = query.split(quote).skip(1).step_by(2).filter(|text| text.contains("{{"));
    strings.map(|text| format!("{text}\0level=error took=5ms").into_bytes()).collect()
}

/// All streams of the data set.
fn streams() -> Result<Vec<Stream>> {
    let json = Some("application/json");
    let mut streams = Vec::new();
    for payload in dataset()? {
        streams.extend(decode(json, None, payload.as_bytes(), &PushLimits::default())?);
    }
    Ok(streams)
}

/// Some lines of a stream, each behind the number of another query.
fn rows(stream: &Stream) -> Vec<Vec<u8>> {
    let numbered = (0..ROWS_A_STREAM).zip(&stream.entries);
    numbered.map(|(query, entry)| [&[query], entry.line.as_bytes()].concat()).collect()
}

/// Some lines of a stream in one input.
fn lines(stream: &Stream) -> Option<Vec<u8>> {
    let lines = stream.entries.iter().take(LINES_A_SEED).map(|entry| entry.line.as_str());
    Some(lines.collect::<Vec<_>>().join("\n").into_bytes())
}

/// The bodies that were sent to some path, as inputs.
fn bodies(path: &str, input: fn(&Case) -> Option<Vec<u8>>) -> Result<BTreeSet<Vec<u8>>> {
    let cases = recorded()?;
    Ok(cases.iter().filter(|case| case.path.ends_with(path)).filter_map(input).collect())
}

fn json(case: &Case) -> Option<Vec<u8>> {
    let form = if case.path.starts_with("/api/prom") { OTHER_FORM } else { 0 };
    Some(packed(form, case.request_body.as_ref()?.as_bytes()))
}

/// A recorded body, or what we would send instead of its JSON, without the snappy block around it.
fn protobuf(case: &Case) -> Option<Vec<u8>> {
    let block = match &case.request_body {
        Some(text) => {
            let json = Some("application/json");
            encode(&decode(json, None, text.as_bytes(), &PushLimits::default()).ok()?)
        }
        None => STANDARD.decode(case.request_body_base64.as_ref()?).ok()?,
    };
    Some(packed(0, &snap::raw::Decoder::new().decompress_vec(&block).ok()?))
}

fn otlp(case: &Case) -> Option<Vec<u8>> {
    match &case.request_body {
        Some(text) => Some(packed(0, text.as_bytes())),
        None => {
            let body = STANDARD.decode(case.request_body_base64.as_ref()?).ok()?;
            Some(packed(OTHER_FORM, &body))
        }
    }
}

fn packed(form: u8, body: &[u8]) -> Vec<u8> {
    [&[PACKED | form], body].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(seeds: Seeds, at_least: usize, one: &[u8]) {
        let inputs = inputs(seeds).unwrap();
        let short = inputs.iter().filter(|input| input.len() <= SEED_BYTES_MAX).count();
        assert!(short >= at_least, "{seeds:?}: {short} inputs");
        assert!(inputs.iter().any(|input| input.starts_with(one)), "{seeds:?}");
    }

    #[test]
    fn each_target_has_inputs_of_its_form() {
        check(Seeds::Queries, 1000, b"{namespace=\"airflow\"}");
        check(Seeds::Templates, 100, b"{{");
        check(Seeds::Rows, 400, &[3]);
        check(Seeds::Lines, 20, b"");
        check(Seeds::Json, 30, &[PACKED, b'{']);
        check(Seeds::Json, 30, &[PACKED | OTHER_FORM, b'{']);
        check(Seeds::Proto, 30, &[PACKED, 0x0a]);
        check(Seeds::Otlp, 10, &[PACKED, b'{']);
        check(Seeds::Otlp, 10, &[PACKED | OTHER_FORM, 0x0a]);
        check(Seeds::Configurations, 10, b"loki.process");
    }
}
