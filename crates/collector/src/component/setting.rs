//! The blocks that are no components: `logging`, `livedebugging`, `http` and their kin.

use alloy::ast::Block;
use alloy::decode::Arguments;
use alloy::{Diagnostic, Diagnostics, Scope};

/// What a configuration says about our own log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Logging {
    /// From which level on it is written.
    pub level: LogLevel,
    /// What its lines look like, if that is said.
    pub format: Option<LogFormat>,
}

/// How much is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is what it is called")]
pub enum LogLevel {
    Error,
    Warn,
    Info,
    Debug,
}

/// What lines of our own log look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// Names and values.
    Logfmt,
    /// An object.
    Json,
}

/// Looks whether a setting says what it may, and says what has no effect here. Returns what it says
/// about our own log.
pub fn check_setting(
    block: &Block,
    scope: &Scope,
    diagnostics: &mut Diagnostics,
) -> Option<Logging> {
    match block.name.text.as_str() {
        "logging" => return Some(logging(block, scope, diagnostics)),
        "livedebugging" => {
            // It is always on: it costs something only while somebody looks.
            let mut args = Arguments::of_block(block, scope, diagnostics);
            args.optional("enabled", false);
            args.optional("buffer_size", 0_u32);
            args.finish();
        }
        name => {
            let message = format!("\"{name}\" has no effect: barogram has no such setting");
            diagnostics.push(Diagnostic::warning(block.head(), message));
        }
    }
    None
}

fn logging(block: &Block, scope: &Scope, diagnostics: &mut Diagnostics) -> Logging {
    let mut args = Arguments::of_block(block, scope, diagnostics);
    let levels = [
        ("error", LogLevel::Error),
        ("warn", LogLevel::Warn),
        ("info", LogLevel::Info),
        ("debug", LogLevel::Debug),
    ];
    let level = args.one_of("level", &levels, LogLevel::Info);
    let formats =
        [("logfmt", Some(LogFormat::Logfmt)), ("json", Some(LogFormat::Json)), ("otel", None)];
    let format = args.one_of("format", &formats, None);
    // They name components, which are not known here, so none of them is evaluated.
    for (name, effect) in [
        ("write_to", "our own log goes to the standard error only: its pod's log is collected"),
        ("destination", "our own log goes to the standard error always"),
    ] {
        if let Some(span) = args.ignored(name) {
            args.push(Diagnostic::warning(span, format!("\"{name}\" has no effect: {effect}")));
        }
    }
    if let Some(block) = args.block("rate_limiting") {
        let message = "\"rate_limiting\" has no effect: our own log is not limited";
        args.push(Diagnostic::warning(block.head(), message));
    }
    args.finish();
    Logging { level, format }
}
