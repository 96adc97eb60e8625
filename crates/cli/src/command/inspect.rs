//! `barogram inspect`: looks into a store without its lock, and changes nothing.

use std::io::{self, Write};

use anyhow::{Context, Result};
use serde::Serialize;
use store::inspect::Inspection;

use crate::args::{InspectArgs, InspectCommand, OutputArgs, OutputMode, SegmentArgs, SpaceArgs};
use crate::show::inspect::Tables;
use crate::show::{color, json};
use crate::time;

pub(super) async fn run(output: &OutputArgs, args: &InspectArgs) -> Result<()> {
    let found = open(args).await?;
    let zone = time::zone(&output.timezone)?;
    let printer = Printer { mode: output.output, tables: Tables::new(zone, color::wanted()) };
    match args.command.as_ref().unwrap_or(&InspectCommand::Manifest) {
        InspectCommand::Manifest => printer.one(&found.manifest(), Tables::manifest)?,
        InspectCommand::Segments => printer.many(&found.segments(), Tables::segments)?,
        InspectCommand::Segment(args) => segment(&printer, &found, args).await?,
        InspectCommand::Space(SpaceArgs { by: None }) => {
            printer.many(&found.days(), Tables::days)?;
        }
        InspectCommand::Space(SpaceArgs { by: Some(label) }) => {
            let spaces = found.space_by(label).await?;
            printer.many(&spaces, |tables, out, spaces| tables.label(out, label, spaces))?;
        }
        InspectCommand::Wal => printer.many(&found.log().await?, Tables::log)?,
    }
    Ok(())
}

async fn open(args: &InspectArgs) -> Result<Inspection> {
    let found = Inspection::folder(&args.data).await;
    found.with_context(|| format!("there is no store to look into in {}", args.data.display()))
}

async fn segment(printer: &Printer, found: &Inspection, args: &SegmentArgs) -> Result<()> {
    let depth = found.segment(&args.segment, args.streams).await?;
    let depth = depth.with_context(|| {
        let name = &args.segment;
        format!("there is no segment {name:?}: `barogram inspect segments` lists those there are")
    })?;
    Ok(printer.one(&depth, Tables::segment)?)
}

/// How things are printed: as tables for people, as JSON for programs.
struct Printer {
    mode: OutputMode,
    tables: Tables,
}

type Stdout = io::BufWriter<io::StdoutLock<'static>>;

impl Printer {
    fn one<T: Serialize>(
        &self,
        thing: &T,
        table: impl Fn(&Tables, &mut Stdout, &T) -> io::Result<()>,
    ) -> io::Result<()> {
        let out = &mut io::BufWriter::new(io::stdout().lock());
        match self.mode {
            OutputMode::Jsonl => json::line(out, thing)?,
            OutputMode::Raw => json::indented(out, thing)?,
            OutputMode::Default | OutputMode::Chart => table(&self.tables, out, thing)?,
        }
        out.flush()
    }

    fn many<T: Serialize>(
        &self,
        things: &[T],
        table: impl Fn(&Tables, &mut Stdout, &[T]) -> io::Result<()>,
    ) -> io::Result<()> {
        let out = &mut io::BufWriter::new(io::stdout().lock());
        match self.mode {
            OutputMode::Jsonl => things.iter().try_for_each(|thing| json::line(out, thing))?,
            OutputMode::Raw => json::indented(out, &things)?,
            OutputMode::Default | OutputMode::Chart => table(&self.tables, out, things)?,
        }
        out.flush()
    }
}
