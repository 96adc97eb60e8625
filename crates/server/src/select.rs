//! Selectors over streams: what the routes about labels, series and volumes ask.

use std::sync::Arc;

use logql::pipeline::matcher::LabelMatcher;
use loki::time::Bounds;
use model::{Labels, TenantId, TimeRange, Timestamp};
use store::{Filter, StreamStats};

use crate::app::App;
use crate::limit::check_bounds;
use crate::refusal::Refusal;

/// A compiled selector, over the labels of streams alone.
#[derive(Debug, Clone)]
pub(crate) struct Selector(Arc<[(String, LabelMatcher)]>);

impl Selector {
    /// Reads a selector; where only matchers can stand, a pipeline is refused.
    pub(crate) fn parse(text: &str) -> Result<Self, Refusal> {
        let selector = logql::parse_selector(text)?;
        let matchers = selector.matchers.iter().map(|matcher| {
            let compiled = LabelMatcher::new(matcher);
            let compiled = compiled.map_err(|error| Refusal::bad_request(error.to_string()))?;
            Ok((matcher.name.clone(), compiled))
        });
        Ok(Self(matchers.collect::<Result<_, Refusal>>()?))
    }

    pub(crate) fn matches(&self, labels: &Labels) -> bool {
        self.0.iter().all(|(name, matcher)| matcher.matches(labels.get(name).unwrap_or_default()))
    }

    /// The names that it looks at.
    pub(crate) fn names(&self) -> Vec<String> {
        self.0.iter().map(|(name, _)| name.clone()).collect()
    }
}

/// The streams with entries in a range, of which any of the selectors matches; without selectors,
/// all.
pub(crate) async fn streams(
    app: &App,
    tenant: &TenantId,
    bounds: &Bounds,
    selectors: Vec<Selector>,
) -> Result<Vec<StreamStats>, Refusal> {
    let bounds = check_bounds(*bounds, app.clock.now(), &app.policy(tenant).limits)?;
    // Both ends count: a range of no length is a moment.
    let end = Timestamp(bounds.end.as_nanos().saturating_add(1));
    let filter = Filter {
        time: TimeRange { start: bounds.start, end },
        streams: Arc::new(move |labels| {
            selectors.is_empty() || selectors.iter().any(|selector| selector.matches(labels))
        }),
        rows: None,
        texts: Vec::new(),
    };
    Ok(app.store.snapshot(tenant).streams(&filter).await?)
}
