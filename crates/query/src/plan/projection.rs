//! Which columns a query has to read.

use std::collections::BTreeSet;

use logql::ast::{LabelFilter, RangeAggregation, RangeOp, Stage};
use store::MetadataColumns;

use crate::selector::Selector;

/// The metadata columns under a range aggregation.
pub(crate) fn metadata(aggregation: &RangeAggregation, selector: &Selector) -> MetadataColumns {
    let mut names: BTreeSet<String> = match (&aggregation.grouping, aggregation.op) {
        (_, RangeOp::AbsentOverTime) => BTreeSet::new(),
        (Some(grouping), _) if !grouping.without => grouping.labels.iter().cloned().collect(),
        _ => return MetadataColumns::All,
    };
    names.extend(selector.names().into_iter().map(str::to_owned));
    if let Some(unwrap) = &aggregation.unwrap {
        names.insert(unwrap.label.clone());
        unwrap.filters.iter().for_each(|filter| filter_names(filter, &mut names));
    }
    for stage in &aggregation.log.stages {
        match stage {
            Stage::LineFilter(_) | Stage::Decolorize => {}
            Stage::LabelFilter(filter) => filter_names(filter, &mut names),
            // A parsed label gives way to metadata of its name, so the names must be known; a
            // template may ask for any.
            _ => return MetadataColumns::All,
        }
    }
    MetadataColumns::Named(names.into_iter().collect())
}

/// The names that a label filter looks at.
pub(super) fn filter_names(filter: &LabelFilter, names: &mut BTreeSet<String>) {
    let name = match filter {
        LabelFilter::Matcher(matcher) => &matcher.name,
        LabelFilter::Number(comparison) => &comparison.name,
        LabelFilter::Duration(comparison) => &comparison.name,
        LabelFilter::Bytes(comparison) => &comparison.name,
        LabelFilter::Ip { name, .. } => name,
        LabelFilter::And(left, right) | LabelFilter::Or(left, right) => {
            filter_names(left, names);
            return filter_names(right, names);
        }
    };
    names.insert(name.clone());
}
