//! `discovery.file`: targets that stand in files, as Prometheus' file discovery reads them.

use std::time::Duration;

use alloy::Diagnostic;
use alloy::decode::Arguments;

/// The settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The files, or patterns of them.
    pub files: Vec<String>,
    /// How often they are read again, at least.
    pub refresh_interval: Duration,
}

/// What a file must end with.
const ENDINGS: [&str; 3] = [".json", ".yml", ".yaml"];

/// Reads them.
pub fn decode(args: &mut Arguments<'_, '_>) -> Settings {
    let files: Vec<String> = args.required("files");
    for file in &files {
        if let Some(problem) = problem(file) {
            args.wrong("files", format!("\"{file}\": {problem}"));
        }
    }
    let default = Duration::from_secs(300);
    let refresh_interval = args.optional("refresh_interval", default);
    if refresh_interval.is_zero() {
        let span = args.span("refresh_interval");
        args.push(Diagnostic::error(span, "\"refresh_interval\" must be longer than nothing"));
    }
    Settings { files, refresh_interval }
}

/// What is wrong with the name of a file.
fn problem(file: &str) -> Option<&'static str> {
    let lower = file.to_lowercase();
    if !ENDINGS.iter().any(|ending| lower.ends_with(ending)) {
        return Some("a file of targets ends with .json, .yml or .yaml");
    }
    let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
    folder.contains('*').then_some("only the last name of a path may have a \"*\"")
}
