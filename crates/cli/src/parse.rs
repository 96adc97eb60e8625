//! Reads LogQL that somebody typed: an error comes with the hint that goes with it.

use anyhow::{Result, anyhow};
use logql::ast::Expr;

/// The selector that may be left out where there is but one stream to select.
pub const LOCAL_SELECTOR: &str = "{source=\"logcli\"}";

/// Reads a query.
///
/// # Errors
/// When it is none, with what its author may have meant.
pub fn query(text: &str) -> Result<Expr> {
    logql::parse(text).map_err(|error| failed(&error))
}

/// Reads a query that may begin with its first filter, or be empty: it is about
/// [`LOCAL_SELECTOR`] then.
///
/// # Errors
/// When it is none; places are those of the text.
pub fn local_query(text: &str) -> Result<Expr> {
    if !(text.trim().is_empty() || text.trim_start().starts_with(['|', '!'])) {
        return query(text);
    }
    logql::parse(&format!("{LOCAL_SELECTOR}{text}")).map_err(|mut error| {
        let added = u32::try_from(LOCAL_SELECTOR.len()).unwrap_or_default();
        if let Some(position) = error.position.as_mut().filter(|position| position.line == 1) {
            position.col = position.col.saturating_sub(added);
        }
        failed(&error)
    })
}

fn failed(error: &logql::ParseError) -> anyhow::Error {
    match &error.hint {
        Some(hint) => anyhow!("failed to read the query: {error} ({hint})"),
        None => anyhow!("failed to read the query: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: &str) {
        let seen = local_query(text).map(|expr| expr.to_string());
        assert_eq!(seen.unwrap_or_else(|error| error.to_string()), expect);
    }

    #[test]
    fn a_selector_may_be_left_out() {
        check("", "{source=\"logcli\"}");
        check("|= \"x\"", "{source=\"logcli\"} |= \"x\"");
        check("{a=\"b\"}", "{a=\"b\"}");
    }

    #[test]
    fn errors_name_a_place_and_a_way_out() {
        let expected = "failed to read the query: parse error at line 1, col 4: syntax error: \
                        unexpected IDENTIFIER, expecting STRING";
        check("|= word", &format!("{expected} or ip (put it in quotes: \"word\")"));
        check("{a=b}", &format!("{expected} (put it in quotes: \"b\")"));
    }
}
