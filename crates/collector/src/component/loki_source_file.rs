//! `loki.source.file`: the lines of files.

use std::time::Duration;

use alloy::decode::Arguments;
use alloy::{Diagnostic, Target};

use crate::component::To;
use crate::component::receiver::forward_to;

/// The settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Where entries go.
    pub forward_to: Vec<To>,
    /// Whether lines keep what discovery tells of their pods, for a `stage.airflow` that they come
    /// to. No store gets it.
    pub keeps_meta: bool,
    /// Targets, each with the path of a file in `__path__`.
    pub targets: Vec<Target>,
    /// Whether files that are there at the beginning are read from their end.
    pub tail_from_end: bool,
    /// How paths that are patterns are looked for; none: they are no patterns.
    pub file_match: Option<FileMatch>,
}

/// How patterns are looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileMatch {
    /// Files that were not written to for so long are left out; zero: none.
    pub ignore_older_than: Duration,
    /// How often files are looked for, at least.
    pub sync_period: Duration,
}

/// Reads them.
pub fn decode(args: &mut Arguments<'_, '_>) -> Settings {
    let utf8 = |name: String| match name.to_ascii_lowercase().as_str() {
        "" | "utf-8" | "utf8" => Ok(()),
        _ => Err(format!("files in {name} are not read: barogram reads UTF-8")),
    };
    args.given_as("encoding", utf8);
    if let Some(span) = args.ignored("legacy_positions_file") {
        let message = "positions of others are not taken over: files are read from their beginning";
        args.push(Diagnostic::warning(span, message));
    }
    let words =
        [("restart_from_beginning", ()), ("restart_from_end", ()), ("skip", ()), ("restart", ())];
    args.one_of("on_positions_file_error", &words, ());
    if let Some(block) = args.block("decompression") {
        let mut nested = args.nested(block);
        nested.optional("initial_delay", Duration::ZERO);
        nested.required::<String>("format");
        if nested.required::<bool>("enabled") {
            let message = "compressed files are not read: barogram reads files while they are \
                           written";
            nested.push(Diagnostic::error(block.head(), message));
        }
        nested.finish();
    }
    if let Some(block) = args.block("file_watch") {
        let mut nested = args.nested(block);
        // Changes are told by the kernel, and looked for four times a second.
        nested.optional("min_poll_frequency", Duration::ZERO);
        nested.optional("max_poll_frequency", Duration::ZERO);
        nested.finish();
    }
    Settings {
        forward_to: forward_to(args),
        keeps_meta: false,
        targets: args.required("targets"),
        tail_from_end: args.optional("tail_from_end", false),
        file_match: file_match(args),
    }
}

fn file_match(args: &mut Arguments<'_, '_>) -> Option<FileMatch> {
    let block = args.block("file_match")?;
    let mut nested = args.nested(block);
    let is_on = nested.optional("enabled", false);
    let settings = FileMatch {
        ignore_older_than: nested.optional("ignore_older_than", Duration::ZERO),
        sync_period: nested.optional("sync_period", Duration::from_secs(10)),
    };
    nested.finish();
    is_on.then_some(settings)
}
