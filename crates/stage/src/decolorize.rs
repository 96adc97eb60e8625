//! `stage.decolorize`: removes the escape sequences that colour a terminal.

use crate::entry::Entry;
use crate::process::{Context, Flow, Process};

/// The stage; it has no settings.
#[derive(Debug)]
pub(crate) struct Decolorize;

impl Process for Decolorize {
    fn process(&mut self, entry: &mut Entry, _context: &mut Context<'_>) -> Flow {
        if let Some(plain) = logql::pipeline::decolorize(&entry.line) {
            entry.line = plain;
        }
        Flow::Next
    }
}

#[cfg(test)]
mod tests {
    use crate::config::StageConfig::Decolorize;
    use crate::testing::check;

    #[test]
    fn colours_go() {
        check(
            &[Decolorize],
            "{}",
            "[2022-11-04 22:17:57.811] \x1b[0;32mhttp\x1b[0m: GET /_health (0 ms) 204",
            "{} [2022-11-04 22:17:57.811] http: GET /_health (0 ms) 204",
        );
        check(&[Decolorize], "{}", "plain", "{} plain");
    }
}
