//! How every command speaks: a table, then one last line with the figures.
//!
//! The only place that writes to the terminal, so that a command is a function from its input to a
//! [`Report`] and can be tested as such.

use std::io::Write as _;

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use indicatif::{ProgressBar, ProgressStyle};

/// What a command has to say.
pub struct Report {
    /// The table's column titles.
    pub head: Vec<&'static str>,
    /// The table's rows, each as long as the head.
    pub rows: Vec<Vec<String>>,
    /// What stands between the table and the last line, one a line.
    pub details: Vec<String>,
    /// The last line: the figures.
    pub figures: String,
    /// Whether the project holds.
    pub verdict: Verdict,
}

/// Whether the project is what the command asks for; decides the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is.
    Holds,
    /// It is not, and the report says where.
    FallsShort,
}

impl Report {
    /// Prints the report and passes its verdict on.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub fn print(&self) -> anyhow::Result<Verdict> {
        let mut out = std::io::stdout().lock();
        writeln!(out, "{}", self.table())?;
        for detail in &self.details {
            writeln!(out, "{detail}")?;
        }
        writeln!(out, "{}", self.figures)?;
        Ok(self.verdict)
    }

    /// The table; columns of numbers stand to the right.
    fn table(&self) -> Table {
        let mut table = Table::new();
        table.load_preset(presets::UTF8_FULL_CONDENSED);
        table.set_content_arrangement(ContentArrangement::Disabled);
        table.set_header(&self.head);
        table.add_rows(&self.rows);
        for (at, column) in table.column_iter_mut().enumerate() {
            if self.is_numeric(at) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        table
    }

    /// Whether a column holds nothing but numbers and gaps.
    fn is_numeric(&self, column: usize) -> bool {
        let cells = || self.rows.iter().filter_map(|row| row.get(column));
        cells().all(|cell| cell.is_empty() || cell.parse::<u64>().is_ok())
            && cells().any(|cell| !cell.is_empty())
    }
}

/// A bar that shows how much of a long command is done, where somebody looks.
pub fn progress(steps: u64, what: &str) -> ProgressBar {
    let bar = ProgressBar::new(steps);
    let style = "{prefix} {bar:30} {pos} of {len}  {msg}";
    bar.set_style(ProgressStyle::with_template(style).expect("the template is a constant"));
    bar.set_prefix(what.to_owned());
    bar
}

/// Tells why a command could not do its work.
pub fn failure(error: &anyhow::Error) {
    // Nothing is left to be done when standard error is closed too.
    let _ = writeln!(std::io::stderr(), "xtask: {error:#}");
}
