//! Which rows a query may want, by what stands in their metadata: the store reads the lines of the
//! others in vain, so it is told before.

use std::collections::BTreeSet;
use std::sync::Arc;

use logql::ast::Stage;
use logql::pipeline::{Pipeline, RowLabels, StageError};
use model::{Labels, Timestamp};
use store::RowTest;

use super::projection::filter_names;
use crate::selector::Selector;

/// The test of a selector and of the label filters before any stage that sets labels: of
/// `{namespace="airflow", run_id="a"} |= "x" | try_number="2" | json | rows > 7` the run and the
/// try. `None` when they do not look at metadata.
pub(crate) fn row_test(
    selector: &Selector,
    stages: &[Stage],
) -> Result<Option<RowTest>, StageError> {
    let filters: Vec<Stage> = stages
        .iter()
        .take_while(|stage| matches!(stage, Stage::LineFilter(_) | Stage::LabelFilter(_)))
        .filter(|stage| matches!(stage, Stage::LabelFilter(_)))
        .cloned()
        .collect();
    let mut names: BTreeSet<String> = selector.names().into_iter().map(str::to_owned).collect();
    for stage in &filters {
        if let Stage::LabelFilter(filter) = stage {
            filter_names(filter, &mut names);
        }
    }
    // Errors are set by stages; metadata whose name the stream has goes by another.
    let is_made = |name: &String| name.starts_with("__") || name.ends_with("_extracted");
    if names.is_empty() || names.iter().any(is_made) {
        return Ok(None);
    }
    let (selector, filters) = (selector.clone(), Pipeline::new(&filters)?);
    let test = move |stream: &Labels, metadata: &Labels| {
        let mut labels = RowLabels::new(stream, metadata);
        selector.matches(stream, metadata)
            && filters.process(Timestamp(0), "", &mut labels).is_some()
    };
    Ok(Some(RowTest { names: names.into_iter().collect(), test: Arc::new(test) }))
}
