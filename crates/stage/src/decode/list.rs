//! Blocks in a row: the stages of a pipeline, the rules of a relabelling.

use super::arguments::Arguments;
use super::block::{Block, Diagnostic};
use super::nearest::nearest;
use crate::config::{NAMES, Parts, StageConfig};
use crate::error::Error;
use crate::reads::Reads;
use crate::{
    cri, drop, json, label_drop, label_keep, labels, limit, logfmt, luhn, r#match, metrics,
    multiline, output, pack, pattern, regex, relabel, replace, sampling, split_json, static_labels,
    structured_metadata, structured_metadata_drop, template, tenant, timestamp, truncate,
};

/// What the names of stages begin with.
const PREFIX: &str = "stage.";

/// How deep `stage.match` blocks may stand in one another.
const DEPTH_MAX: usize = 16;

/// Stages of Alloy that are not here, and why.
const UNSUPPORTED: [(&str, &str); 3] = [
    ("geoip", "it needs a database of MaxMind's, which the agent does not carry"),
    ("eventlogmessage", "it reads the event log of Windows, where the agent does not run"),
    ("windowsevent", "it reads the event log of Windows, where the agent does not run"),
];

/// The settings of `stage.…` blocks, in order; blocks with other names are passed over.
///
/// # Errors
/// All mistakes, in the order of the file.
pub fn stages(blocks: &[Block]) -> Result<Vec<StageConfig>, Vec<Diagnostic>> {
    let mut diagnostics = Vec::new();
    let blocks: Vec<&Block> = blocks.iter().filter(|b| b.name.starts_with(PREFIX)).collect();
    let stages = stages_into(&blocks, 0, &mut diagnostics);
    sorted(diagnostics).map_or(Ok(stages), Err)
}

/// The settings of `rule` blocks, in order; blocks with other names are passed over.
///
/// # Errors
/// All mistakes, in the order of the file.
pub fn rules(blocks: &[Block]) -> Result<Vec<relabel::Config>, Vec<Diagnostic>> {
    let mut diagnostics = Vec::new();
    let rules = blocks.iter().filter(|block| block.name == "rule").map(|block| {
        let mut found = Vec::new();
        let mut arguments = Arguments::new(block, &mut found);
        let rule = relabel::Config::decode(&mut arguments);
        arguments.finish();
        if found.is_empty() {
            let built = relabel::Rules::build(std::slice::from_ref(&rule));
            found.extend(built.err().map(|error| located(&error, block)));
        }
        diagnostics.append(&mut found);
        rule
    });
    let rules = rules.collect();
    sorted(diagnostics).map_or(Ok(rules), Err)
}

/// The stages inside a block.
pub(crate) fn inner_stages(arguments: &mut Arguments<'_>, depth: usize) -> Vec<StageConfig> {
    let blocks = arguments.blocks(PREFIX);
    stages_into(&blocks, depth, arguments.diagnostics())
}

fn stages_into(
    blocks: &[&Block],
    depth: usize,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<StageConfig> {
    blocks.iter().filter_map(|block| stage(block, depth, diagnostics)).collect()
}

fn stage(block: &Block, depth: usize, diagnostics: &mut Vec<Diagnostic>) -> Option<StageConfig> {
    let mut found = Vec::new();
    let name = block.name.strip_prefix(PREFIX).unwrap_or(&block.name);
    let config = if depth < DEPTH_MAX {
        let mut arguments = Arguments::new(block, &mut found);
        let config = decode(name, depth, &mut arguments);
        if config.is_ok() {
            arguments.finish();
        }
        config
    } else {
        Err(format!("stages may stand at most {DEPTH_MAX} deep in one another"))
    };
    match &config {
        Err(message) => found.push(at_name(block, message.clone())),
        Ok(config) if found.is_empty() => {
            let parts = Parts { reads: Reads::default(), seed: 0 };
            // A mistake of a stage inside was noted when that was read.
            let error = config.build(&parts).err().filter(|error| error.path.is_empty());
            found.extend(error.map(|error| located(&error, block)));
        }
        Ok(_) => {}
    }
    diagnostics.append(&mut found);
    config.ok()
}

/// Reads the settings of the stage of this name.
fn decode(name: &str, depth: usize, args: &mut Arguments<'_>) -> Result<StageConfig, String> {
    use StageConfig as S;
    Ok(match name {
        "airflow" => S::Airflow,
        "cri" => S::Cri(cri::Config::decode(args)),
        "decolorize" => S::Decolorize,
        "docker" => S::Docker,
        "drop" => S::Drop(drop::Config::decode(args)),
        "json" => S::Json(json::Config::decode(args)),
        "label_drop" => S::LabelDrop(label_drop::Config::decode(args)),
        "label_keep" => S::LabelKeep(label_keep::Config::decode(args)),
        "labels" => S::Labels(labels::Config::decode(args)),
        "limit" => S::Limit(limit::Config::decode(args)),
        "logfmt" => S::Logfmt(logfmt::Config::decode(args)),
        "luhn" => S::Luhn(luhn::Config::decode(args)),
        "match" => S::Match(r#match::Config::decode(args, depth)),
        "metrics" => S::Metrics(metrics::Config::decode(args)),
        "multiline" => S::Multiline(multiline::Config::decode(args)),
        "output" => S::Output(output::Config::decode(args)),
        "pack" => S::Pack(pack::Config::decode(args)),
        "pattern" => S::Pattern(pattern::Config::decode(args)),
        "regex" => S::Regex(regex::Config::decode(args)),
        "replace" => S::Replace(replace::Config::decode(args)),
        "sampling" => S::Sampling(sampling::Config::decode(args)),
        "split_json" => S::SplitJson(split_json::Config::decode(args)),
        "static_labels" => S::StaticLabels(static_labels::Config::decode(args)),
        "structured_metadata" => S::StructuredMetadata(structured_metadata::Config::decode(args)),
        "structured_metadata_drop" => {
            S::StructuredMetadataDrop(structured_metadata_drop::Config::decode(args))
        }
        "template" => S::Template(template::Config::decode(args)),
        "tenant" => S::Tenant(tenant::Config::decode(args)),
        "timestamp" => S::Timestamp(timestamp::Config::decode(args)),
        "truncate" => S::Truncate(truncate::Config::decode(args)),
        unknown => return Err(unknown_stage(unknown)),
    })
}

fn unknown_stage(name: &str) -> String {
    if let Some((_, why)) = UNSUPPORTED.iter().find(|(known, _)| *known == name) {
        return format!("stage.{name} is not supported: {why}");
    }
    match nearest(name, NAMES.into_iter()) {
        Some(near) => format!("there is no stage.{name}; did you mean stage.{near}?"),
        None => format!("there is no stage.{name}"),
    }
}

/// A mistake of building, at the argument that it is about, or at the name of the block.
fn located(error: &Error, block: &Block) -> Diagnostic {
    let attributes =
        || block.attributes.iter().chain(block.blocks.iter().flat_map(|b| &b.attributes));
    let attribute = attributes().find(|attribute| attribute.name == error.argument);
    match (attribute, error.argument) {
        (Some(attribute), argument) => {
            let message = format!("{argument}: {}", error.message);
            Diagnostic { message, span: attribute.span.clone() }
        }
        (None, "") => at_name(block, format!("{} {}", block.name, error.message)),
        (None, argument) => {
            at_name(block, format!("{}: {argument}: {}", block.name, error.message))
        }
    }
}

fn at_name(block: &Block, message: String) -> Diagnostic {
    Diagnostic { message, span: block.span.clone() }
}

/// The mistakes in the order of the file; `None` when there are none.
fn sorted(mut diagnostics: Vec<Diagnostic>) -> Option<Vec<Diagnostic>> {
    diagnostics.sort_by_key(|diagnostic| diagnostic.span.start);
    (!diagnostics.is_empty()).then_some(diagnostics)
}
