//! Lines that are to be seen no more: deleted, though they are still in their segments.

use logql::ast::LogExpr;
use logql::eval::SelectorScope;
use logql::pipeline::{Pipeline, RowLabels, StageError};
use model::{Entry, Labels, TimeRange, Timestamp};

use crate::selector::Selector;

/// Which lines are deleted: those that a query for lines finds between two times, both included.
#[derive(Debug, Clone, PartialEq)]
pub struct Deletion {
    /// The query.
    pub log: LogExpr,
    /// The time of the first line.
    pub start: Timestamp,
    /// The time of the last line.
    pub end: Timestamp,
}

impl Deletion {
    fn overlaps(&self, range: TimeRange) -> bool {
        self.start <= self.end && range.overlaps(self.start, self.end)
    }
}

/// The deletions that a reader of lines has to mind, compiled. Where there are none, they cost
/// nothing.
#[derive(Debug, Default)]
pub struct Hidden(Vec<Hide>);

#[derive(Debug)]
struct Hide {
    selector: Selector,
    stages: Pipeline,
    start: Timestamp,
    end: Timestamp,
}

impl Hidden {
    /// Those that may hide lines of a time.
    ///
    /// # Errors
    /// When a matcher or a filter of one cannot be built.
    pub fn new(
        deletions: &[Deletion],
        range: TimeRange,
        scope: SelectorScope,
    ) -> Result<Self, StageError> {
        let open = deletions.iter().filter(|deletion| deletion.overlaps(range));
        let hides = open.map(|deletion| {
            Ok(Hide {
                selector: Selector::new(&deletion.log.selector, scope)?,
                stages: Pipeline::new(&deletion.log.stages)?,
                start: deletion.start,
                end: deletion.end,
            })
        });
        hides.collect::<Result<_, _>>().map(Self)
    }

    /// Whether an entry of a stream is hidden: for whoever meets entries one by one. The labels are
    /// room to work in.
    #[must_use]
    pub fn hides_entry(&self, stream: &Labels, entry: &Entry, labels: &mut RowLabels) -> bool {
        let about = self.about(stream, &entry.metadata);
        let (line, base) = ((entry.timestamp, &*entry.line), (stream, &entry.metadata));
        self.hides(&about, line, base, labels)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a line has to be read to know whether it is hidden.
    pub(crate) fn needs_line(&self) -> bool {
        self.0.iter().any(|hide| hide.stages.needs_line())
    }

    /// Those that are about lines of a stream with this metadata, by number.
    pub(crate) fn about(&self, stream: &Labels, metadata: &Labels) -> Vec<usize> {
        let numbered = self.0.iter().enumerate();
        let about = numbered.filter(|(_, hide)| hide.selector.matches(stream, metadata));
        about.map(|(number, _)| number).collect()
    }

    /// Whether any of these hides a line. The labels are those of the line, and are changed.
    pub(crate) fn hides(
        &self,
        some: &[usize],
        (time, line): (Timestamp, &str),
        (stream, metadata): (&Labels, &Labels),
        labels: &mut RowLabels,
    ) -> bool {
        some.iter().map(|number| &self.0[*number]).any(|hide| {
            if !(hide.start..=hide.end).contains(&time) {
                return false;
            }
            labels.reset(stream, metadata);
            // A filter that could not be tried (`| task > 5` where the task is no number) lets the
            // line pass with an error: enough to show it, not enough to take it away.
            hide.stages.process(time, line, labels).is_some() && labels.error().is_empty()
        })
    }
}
