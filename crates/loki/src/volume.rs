//! How many bytes there are, by stream or by label.

use std::collections::BTreeMap;
use std::time::Duration;

use model::{Labels, Timestamp};

use crate::error::ParamError;
use crate::params::Params;
use crate::query::step;
use crate::response::LabelMap;
use crate::time::{Bounds, duration_text};

/// The series of an answer that does not say how many it wants.
pub const DEFAULT_LIMIT: usize = 100;

const KIB: u64 = 1024;

/// What the bytes are summed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AggregateBy {
    /// By the values of the labels that are asked for.
    #[default]
    Series,
    /// By label name alone.
    Labels,
}

/// A question about volume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VolumeQuery {
    /// A selector.
    pub query: String,
    /// When.
    pub bounds: Bounds,
    /// Of `volume_range`: between two points.
    pub step: Duration,
    /// The most series; the largest are kept.
    pub limit: usize,
    /// The labels that are asked for; none stands for those that the selector names.
    pub target_labels: Vec<String>,
    /// By what.
    pub aggregate_by: AggregateBy,
}

impl VolumeQuery {
    /// Reads the parameters.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn parse(params: &Params, now: Timestamp) -> Result<Self, ParamError> {
        let bounds = Bounds::parse_ordered(params, now)?;
        let limit = match params.integer("limit")? {
            None | Some(0) => DEFAULT_LIMIT,
            Some(limit) => usize::try_from(limit).map_err(|_| ParamError::Limit)?,
        };
        let aggregate_by = match params.get("aggregateBy") {
            None | Some("series") => AggregateBy::Series,
            Some("labels") => AggregateBy::Labels,
            Some(_) => return Err(ParamError::AggregateBy),
        };
        let targets = params.get("targetLabels").unwrap_or_default().split(',');
        Ok(Self {
            query: params.get("query").unwrap_or_default().to_owned(),
            step: step(params, &bounds)?,
            bounds,
            limit,
            target_labels: targets.filter(|name| !name.is_empty()).map(str::to_owned).collect(),
            aggregate_by,
        })
    }

    /// The parameters that [`VolumeQuery::parse`] reads as this.
    #[must_use]
    pub fn to_params(&self) -> Vec<(&'static str, String)> {
        let mut params = vec![("query", self.query.clone())];
        params.extend(self.bounds.to_params());
        params.push(("step", duration_text(self.step)));
        params.push(("limit", self.limit.to_string()));
        if !self.target_labels.is_empty() {
            params.push(("targetLabels", self.target_labels.join(",")));
        }
        if self.aggregate_by == AggregateBy::Labels {
            params.push(("aggregateBy", "labels".to_owned()));
        }
        params
    }
}

/// Sums bytes by series or by label name.
#[derive(Debug, Clone)]
pub struct Volumes {
    by: AggregateBy,
    /// The labels that are looked at; none stands for all.
    names: Vec<String>,
    sums: BTreeMap<LabelMap, u64>,
}

impl Volumes {
    /// An empty sum for a query whose selector names `matched`.
    #[must_use]
    pub fn new(query: &VolumeQuery, matched: &[String]) -> Self {
        let names = match (query.target_labels.as_slice(), query.aggregate_by) {
            ([], AggregateBy::Series) => matched.to_vec(),
            (targets, _) => targets.to_vec(),
        };
        Self { by: query.aggregate_by, names, sums: BTreeMap::new() }
    }

    /// Counts the bytes of a stream. By series, a stream with none of the labels does not count.
    ///
    /// Loki's index holds sizes in KiB, rounded; ours are rounded alike, and both show the same.
    pub fn add(&mut self, labels: &Labels, bytes: u64) {
        let bytes = (bytes + KIB / 2) / KIB * KIB;
        let wanted = |name: &str| self.names.is_empty() || self.names.iter().any(|n| n == name);
        let found = labels.iter().filter(|(name, _)| wanted(name));
        match self.by {
            AggregateBy::Series => {
                let key: LabelMap = found.map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
                if !key.is_empty() {
                    *self.sums.entry(key).or_default() += bytes;
                }
            }
            AggregateBy::Labels => {
                for (name, _) in found {
                    let key = LabelMap::from([(name.to_owned(), String::new())]);
                    *self.sums.entry(key).or_default() += bytes;
                }
            }
        }
    }

    /// The series with their bytes, the largest first, those of equal size by name.
    #[must_use]
    pub fn largest(self, limit: usize) -> Vec<(LabelMap, u64)> {
        let mut sums: Vec<_> = self.sums.into_iter().collect();
        sums.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
        sums.truncate(limit);
        sums
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(pairs: &[(&str, &str)]) -> Result<VolumeQuery, ParamError> {
        let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        VolumeQuery::parse(&Params::new(pairs), Timestamp::from_secs(10_000))
    }

    #[track_caller]
    fn check(pairs: &[(&str, &str)], expect: &str) {
        let query = parse(pairs).unwrap();
        let matched = vec!["app".to_owned()];
        let mut volumes = Volumes::new(&query, &matched);
        for (labels, bytes) in [
            (r#"{app="a", pod="p"}"#, 5 * KIB + 511),
            (r#"{app="b", pod="q"}"#, 7 * KIB - 512),
            (r#"{app="a"}"#, 3 * KIB),
            (r#"{node="n"}"#, KIB),
        ] {
            volumes.add(&Labels::parse(labels).unwrap(), bytes);
        }
        let shown: Vec<_> = volumes
            .largest(query.limit)
            .into_iter()
            .map(|(key, bytes)| format!("{key:?} {}", bytes / KIB))
            .collect();
        assert_eq!(shown.join("; ").replace('"', ""), expect);
    }

    #[test]
    fn bytes_are_summed_by_the_labels_asked_for() {
        check(&[], "{app: a} 8; {app: b} 7");
        check(&[("limit", "1")], "{app: a} 8");
        check(&[("targetLabels", "pod,node")], "{pod: q} 7; {pod: p} 5; {node: n} 1");
        check(&[("aggregateBy", "labels")], "{app: } 15; {pod: } 12; {node: } 1");
        check(&[("aggregateBy", "labels"), ("targetLabels", "pod")], "{pod: } 12");
    }

    #[test]
    fn parameters_go_there_and_back() {
        let query = parse(&[("query", "q"), ("aggregateBy", "labels"), ("targetLabels", "a,b")]);
        let query = query.unwrap();
        assert_eq!(query.limit, DEFAULT_LIMIT);
        let params = query.to_params();
        let pairs: Vec<_> = params.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(parse(&pairs).unwrap(), query);
        assert_eq!(parse(&[("limit", "0")]).unwrap().limit, DEFAULT_LIMIT);
        assert_eq!(parse(&[("aggregateBy", "x")]), Err(ParamError::AggregateBy));
        assert_eq!(parse(&[("limit", "-1")]), Err(ParamError::Limit));
    }
}
