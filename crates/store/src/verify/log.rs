//! The write-ahead log: every record, and whether it goes on where the manifest says.

use std::path::Path;

use ulid::Ulid;

use super::finding::{Finding, Severity};
use super::manifests::History;
use super::report::Reporter;
use super::step::Step;
use crate::Error;
use crate::manifest::{Manifest, Manifests};
use crate::wal::{self, Audit, Checkpoint, Fault};

const MEND: &str = "--repair keeps the records that are whole, and copies of the files";

/// Looks at the log in this folder.
///
/// # Errors
/// When a file cannot be read, a newer program wrote it, or the object store fails.
pub(super) async fn check(
    folder: &Path,
    manifests: &Manifests,
    history: &History,
    reporter: &mut Reporter<'_>,
) -> Result<(), Error> {
    let audit = {
        let folder = folder.to_owned();
        tokio::task::spawn_blocking(move || wal::audit(&folder)).await.map_err(Error::Task)??
    };
    let before = checkpoint(&history.newest, audit.writer);
    let summary = reporter.summary();
    (summary.log_files, summary.log_records) = (audit.files, audit.records);
    let published = before.sequence.saturating_sub(audit.first).min(audit.records);
    summary.log_records_unpublished = audit.records - published;
    let mut is_broken = false;
    for (path, fault) in &audit.faults {
        let finding = tell(path, fault);
        is_broken |= finding.severity == Severity::Error;
        reporter.add(finding);
    }
    if history.is_whole {
        is_broken |= fits(folder, &audit, before, manifests, reporter).await?;
        plan(folder, &audit, is_broken, &history.newest, reporter);
    }
    Ok(())
}

fn checkpoint(manifest: &Manifest, writer: Option<Ulid>) -> Checkpoint {
    writer.and_then(|writer| manifest.checkpoint(writer)).unwrap_or(Checkpoint::START)
}

/// Whether the log does not fit the manifest: it begins too late, or ends too early.
async fn fits(
    folder: &Path,
    audit: &Audit,
    before: Checkpoint,
    manifests: &Manifests,
    reporter: &mut Reporter<'_>,
) -> Result<bool, Error> {
    if audit.files == 0 {
        return Ok(false);
    }
    let place = folder.display();
    if let Some(reached) = audit.reached.filter(|reached| *reached < before.sequence) {
        let needed = before.sequence;
        let what = format!("it ends before record {reached}, and the manifest tells of {needed}");
        reporter.add(Finding::error("log.behind", place, what, MEND));
        return Ok(true);
    }
    // What was published since we read the manifest may be trimmed already.
    let needed = checkpoint(&*manifests.newest().await?, audit.writer).sequence;
    if audit.first > needed {
        let first = audit.first;
        let what = format!("it begins at record {first}, and {needed} is the first one needed");
        reporter.add(Finding::error("log.gap", place, what, MEND));
        return Ok(true);
    }
    Ok(false)
}

fn plan(
    folder: &Path,
    audit: &Audit,
    is_broken: bool,
    newest: &Manifest,
    reporter: &mut Reporter<'_>,
) {
    let repairs = &mut reporter.report.repairs;
    if audit.faults.iter().any(|(_, fault)| matches!(fault, Fault::OtherWriter { .. })) {
        // Nobody but a person can tell them apart.
        return;
    }
    if is_broken {
        // Where no header is left, the one writer of the store must be it.
        let only = newest.writers.first().filter(|_| newest.writers.len() == 1);
        if let Some(writer) = audit.writer.or(only.map(|writer| writer.id)) {
            let folder = folder.to_owned();
            repairs.push(Step::MendLog { folder, writer }.into());
        }
        return;
    }
    for (path, fault) in &audit.faults {
        if let Fault::Torn { length, .. } = fault {
            let (path, length) = (path.clone(), *length);
            repairs.push(Step::CutLog { path, length }.into());
        }
    }
}

fn tell(path: &Path, fault: &Fault) -> Finding {
    let place = path.display();
    let start = "nothing is to do: the next start removes it";
    match fault {
        Fault::Torn { length, bytes } => {
            let what =
                format!("its last {bytes} bytes are no whole record and were never acknowledged");
            Finding::note("log.torn", place, what, start).at(Some(*length))
        }
        Fault::Unfinished => {
            Finding::note("log.unfinished", place, "its creation was cut short", start)
        }
        Fault::Damaged { offset } => {
            let what = "a record's checksum does not fit its bytes";
            Finding::error("log.record", place, what, MEND).at(Some(*offset))
        }
        Fault::Undecodable { sequence, offset } => {
            let what = format!("no append can be read from record {sequence}");
            Finding::error("log.payload", place, what, MEND).at(Some(*offset))
        }
        Fault::NoHeader => {
            let what = "its header's checksum does not fit its bytes";
            Finding::error("log.header", place, what, MEND).at(Some(0))
        }
        Fault::OtherNumber { found } => {
            let what = format!("its header says that it is file {found}");
            Finding::error("log.header", place, what, MEND).at(Some(12))
        }
        Fault::OtherWriter { found } => {
            let what = format!("it is of another log, that of writer {found}");
            let advice = "put each log into a folder of its own";
            Finding::error("log.writer", place, what, advice).at(Some(28))
        }
        Fault::Gap { found, expected } => {
            let what = format!("it begins at record {found}, and {expected} is the next one");
            Finding::error("log.gap", place, what, MEND).at(Some(20))
        }
    }
}
