//! From blocks of Alloy's language to settings: the `stage.…` blocks of a pipeline and the `rule`
//! blocks of a relabelling, with every mistake told where it is.

use alloy::ast::Block;
use alloy::decode::{Arguments, Outcome};
use alloy::{Diagnostic, FromValue, Value};

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

/// The settings of the `stage.…` blocks of a component, in order. What is wrong is told among its
/// diagnostics, and left out.
#[must_use]
pub fn stages(args: &mut Arguments<'_, '_>) -> Vec<StageConfig> {
    inner_stages(args, 0)
}

/// The settings of the `rule` blocks of a component, in order. What is wrong is told among its
/// diagnostics.
#[must_use]
pub fn rules(args: &mut Arguments<'_, '_>) -> Vec<relabel::Config> {
    rules_of(args, "rule")
}

/// The same, where the blocks have another name.
#[must_use]
pub fn rules_of(args: &mut Arguments<'_, '_>, name: &str) -> Vec<relabel::Config> {
    let blocks = args.blocks(&[name]);
    let rules = blocks.into_iter().map(|block| {
        let mut nested = args.nested(block);
        let rule = relabel::Config::decode(&mut nested);
        if nested.finish() == Outcome::Complete
            && let Err(error) = relabel::Rules::build(std::slice::from_ref(&rule))
        {
            args.push(located(&error, block));
        }
        rule
    });
    rules.collect()
}

/// The stages inside a block that stands so deep.
pub(crate) fn inner_stages(args: &mut Arguments<'_, '_>, depth: usize) -> Vec<StageConfig> {
    let blocks = args.blocks(&["stage.*"]);
    blocks.into_iter().filter_map(|block| stage(block, depth, args)).collect()
}

fn stage<'a>(block: &'a Block, depth: usize, args: &mut Arguments<'a, '_>) -> Option<StageConfig> {
    let name = block.name.text.strip_prefix(PREFIX).unwrap_or(&block.name.text);
    if depth >= DEPTH_MAX {
        let message = format!("stages may stand at most {DEPTH_MAX} deep in one another");
        args.push(Diagnostic::error(block.head(), message));
        return None;
    }
    let mut nested = args.nested(block);
    let Some(config) = decode(name, depth, &mut nested) else {
        // Its arguments are those of a stage that is not here: nothing is to be said of them.
        args.push(unknown_stage(name, block));
        return None;
    };
    if nested.finish() == Outcome::Complete {
        let parts = Parts { reads: Reads::default(), seed: 0 };
        // A mistake of a stage inside was told when that was read.
        let error = config.build(&parts).err().filter(|error| error.path.is_empty());
        error.into_iter().for_each(|error| args.push(located(&error, block)));
    }
    Some(config)
}

/// Reads the settings of the stage of this name; `None` when there is none.
fn decode(name: &str, depth: usize, args: &mut Arguments<'_, '_>) -> Option<StageConfig> {
    use StageConfig as S;
    Some(match name {
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
        "traceback" => S::Traceback,
        "truncate" => S::Truncate(truncate::Config::decode(args)),
        _ => return None,
    })
}

fn unknown_stage(name: &str, block: &Block) -> Diagnostic {
    if let Some((_, why)) = UNSUPPORTED.iter().find(|(known, _)| *known == name) {
        let message = format!("stage.{name} is not supported: {why}");
        return Diagnostic::error(block.head(), message);
    }
    let problem = Diagnostic::error(block.head(), format!("there is no stage.{name}"));
    match alloy::diag::nearest(name, NAMES) {
        Some(near) => problem.hint(format!("did you mean stage.{near}?")),
        None => problem,
    }
}

/// A mistake of building, at the argument that it is about, or at the head of the block.
fn located(error: &Error, block: &Block) -> Diagnostic {
    let inside = block.body.blocks().flat_map(|inner| inner.body.attributes());
    let mut attributes = block.body.attributes().chain(inside);
    let attribute = attributes.find(|attribute| attribute.name.text == error.argument);
    let message = match error.argument {
        "" => format!("{} {}", block.name.text, error.message),
        argument => format!("\"{argument}\": {}", error.message),
    };
    Diagnostic::error(attribute.map_or(block.head(), |found| found.value.span), message)
}

/// A size in bytes, with units of 1024 whatever their names: where Alloy's stages take sizes, `8KB`
/// are 8192 bytes.
pub(crate) fn bytes(args: &mut Arguments<'_, '_>, name: &str) -> Option<u64> {
    args.given_as(name, |value: Value| read_bytes(&value))
}

/// The same, and it has to be there.
pub(crate) fn required_bytes(args: &mut Arguments<'_, '_>, name: &str) -> u64 {
    args.required_as(name, |value: Value| read_bytes(&value)).unwrap_or(0)
}

fn read_bytes(value: &Value) -> Result<u64, String> {
    if let Value::Number(_) = value {
        return u64::from_value(value).map_err(|mismatch| mismatch.to_string());
    }
    let text = String::from_value(value).map_err(|mismatch| mismatch.to_string())?;
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let power = match unit.trim_end_matches('B').trim_end_matches('i') {
        "" => Some(0),
        "K" => Some(1),
        "M" => Some(2),
        "G" => Some(3),
        "T" => Some(4),
        _ => None,
    };
    let size = number.parse::<f64>().ok().zip(power);
    let size = size.map(|(number, power)| number * 1024_f64.powi(power));
    let wrong = || format!("\"{text}\" is no size, write one like \"8KB\" or \"1MiB\"");
    size.filter(|size| *size < EXACT_MAX).map(whole).ok_or_else(wrong)
}

/// Below this every whole number is one of `f64`.
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "digits, and bounded")]
fn whole(number: f64) -> u64 {
    number as u64
}

/// One of some words, which has to be there.
pub(crate) fn required_choice<T: Copy>(
    args: &mut Arguments<'_, '_>,
    name: &str,
    choices: &[(&str, T)],
    default: T,
) -> T {
    let choice = |text: String| {
        let found = choices.iter().find(|(word, _)| *word == text);
        let words: Vec<_> = choices.iter().map(|(word, _)| format!("\"{word}\"")).collect();
        let wrong = || format!("must be one of {}, not \"{text}\"", words.join(", "));
        found.map(|(_, choice)| *choice).ok_or_else(wrong)
    };
    args.required_as(name, choice).unwrap_or(default)
}

#[cfg(test)]
mod tests;
