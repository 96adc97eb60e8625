//! The blocks that are no components: `logging`, `livedebugging`, `http` and their kin.

use alloy::ast::Block;
use alloy::decode::Arguments;
use alloy::{Diagnostic, Diagnostics, Scope, Value};

/// Looks whether a setting says what it may, and says what has no effect here.
pub fn check_setting(block: &Block, scope: &Scope, diagnostics: &mut Diagnostics) {
    match block.name.text.as_str() {
        "logging" => logging(block, scope, diagnostics),
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
}

fn logging(block: &Block, scope: &Scope, diagnostics: &mut Diagnostics) {
    let mut args = Arguments::of_block(block, scope, diagnostics);
    let levels = [("error", ()), ("warn", ()), ("info", ()), ("debug", ())];
    args.one_of("level", &levels, ());
    args.one_of("format", &[("logfmt", ()), ("json", ()), ("otel", ())], ());
    if let Some((value, span)) = args.value("write_to")
        && !matches!(&value, Value::Null)
        && !matches!(&value, Value::Array(elements) if elements.is_empty())
    {
        let message = "our own log goes to the standard error only: its pod's log is collected";
        args.push(Diagnostic::warning(span, message));
    }
    args.finish();
}
