//! What is printed of an answer, and what is said beside it.

use std::io::{self, Write};

use anyhow::Result;
use loki::query::Direction;
use loki::response::{QueryResponse, QueryResult};

use crate::args::OutputArgs;
use crate::show::lines::{Lines, Style};
use crate::show::{color, numbers, stats};

/// Prints an answer, batch by batch.
pub(in crate::command) struct Answer {
    style: Style,
    lines: Lines,
    direction: Direction,
}

impl Answer {
    pub(in crate::command) fn new(style: Style, direction: Direction) -> Self {
        Self { lines: Lines::new(style.clone()), style, direction }
    }

    /// Prints to standard output, and hints to standard error.
    pub(in crate::command) fn print(&mut self, result: &QueryResult) -> Result<()> {
        let mut out = io::BufWriter::new(io::stdout().lock());
        self.write(&mut out, &mut io::stderr().lock(), result)?;
        out.flush()?;
        Ok(())
    }

    /// Prints to what is given, and hints beside it.
    pub(super) fn write(
        &mut self,
        out: &mut impl Write,
        beside: &mut impl Write,
        result: &QueryResult,
    ) -> Result<()> {
        match result {
            QueryResult::Streams(streams) => {
                self.lines.print(out, beside, streams, self.direction)?;
            }
            numbers => numbers::print(out, numbers, self.style.output, &self.style.zone)?,
        }
        Ok(())
    }
}

/// Says on standard error what the server hints at, and what the query cost if that was asked for.
pub(in crate::command) fn tell(output: &OutputArgs, response: &QueryResponse) -> Result<()> {
    let beside = &mut io::stderr().lock();
    for warning in response.warnings.iter().filter(|_| !output.quiet) {
        writeln!(beside, "warning: {warning}")?;
    }
    if output.stats {
        stats::query(beside, &response.data.stats, color::wanted_beside())?;
    }
    Ok(())
}
