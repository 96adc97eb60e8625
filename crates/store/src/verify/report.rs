//! What comes of a verification, and what is told on the way.

use serde::Serialize;

use super::finding::{Finding, Severity};
use super::step::Repair;

/// Findings that are kept; more are counted. Nobody reads more, and each has a text.
const FINDINGS_MAX: usize = 10_000;

/// What is told while a verification runs.
#[derive(Debug)]
pub enum Told<'a> {
    /// How far it is.
    Progress(Progress),
    /// Something was found.
    Finding(&'a Finding),
}

/// Who is told.
pub(super) type Listener<'a> = dyn FnMut(Told<'_>) + Send + 'a;

/// How far a verification is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Segments that are done.
    pub segments: u64,
    /// Of how many.
    pub segments_of: u64,
    /// The bytes of those that are done.
    pub bytes: u64,
    /// Of how many.
    pub bytes_of: u64,
}

/// What was looked at and what was found, in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Summary {
    /// Findings that are errors.
    pub errors: u64,
    /// Findings that are warnings.
    pub warnings: u64,
    /// Findings that are notes.
    pub notes: u64,
    /// The number of the newest manifest.
    pub manifest: u64,
    /// Manifests that are kept.
    pub manifests: u64,
    /// Live segments.
    pub segments: u64,
    /// The bytes of their objects.
    pub segment_bytes: u64,
    /// Their rows.
    pub rows: u64,
    /// Those of them that were read and are as they should be; none in a quick verification.
    pub rows_verified: u64,
    /// Live segments that are older than checksums.
    pub segments_without_checksums: u64,
    /// Objects of segments that no manifest knows.
    pub orphans: u64,
    /// Their bytes.
    pub orphan_bytes: u64,
    /// Requests to delete lines.
    pub delete_requests: u64,
    /// Files of the log.
    pub log_files: u64,
    /// Their records.
    pub log_records: u64,
    /// Those that are not in segments.
    pub log_records_unpublished: u64,
}

/// What came of a verification.
#[derive(Debug)]
pub struct Report {
    /// What was found, in the order in which it was; the first ten thousand.
    pub findings: Vec<Finding>,
    /// The same in numbers.
    pub summary: Summary,
    /// What would be done about it, in the order in which it would.
    pub repairs: Vec<Repair>,
}

/// A report on its way.
pub(super) struct Reporter<'a> {
    pub(super) report: Report,
    listener: &'a mut Listener<'a>,
}

impl<'a> Reporter<'a> {
    pub(super) fn new(listener: &'a mut Listener<'a>) -> Self {
        let (findings, repairs) = (Vec::new(), Vec::new());
        Self { report: Report { findings, summary: Summary::default(), repairs }, listener }
    }

    pub(super) fn add(&mut self, finding: Finding) {
        (self.listener)(Told::Finding(&finding));
        let summary = &mut self.report.summary;
        match finding.severity {
            Severity::Note => summary.notes += 1,
            Severity::Warning => summary.warnings += 1,
            Severity::Error => summary.errors += 1,
        }
        if self.report.findings.len() < FINDINGS_MAX {
            self.report.findings.push(finding);
        }
    }

    pub(super) fn progress(&mut self, progress: Progress) {
        (self.listener)(Told::Progress(progress));
    }

    pub(super) fn summary(&mut self) -> &mut Summary {
        &mut self.report.summary
    }
}
