//! Where a target is asked, and the labels that its samples get: what Prometheus makes of the
//! labels that discovery gives.

use std::collections::BTreeMap;

use alloy::Target;
use model::Labels;
use reqwest::Url;

/// The address under which one's own metrics are found, without a network: Alloy's.
pub const SELF_ADDRESS: &str = "alloy.internal:12345";

/// What holds where a target says nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Defaults<'a> {
    /// The label `job`.
    pub job: &'a str,
    /// `http` or `https`.
    pub scheme: &'a str,
    /// The path of the metrics.
    pub path: &'a str,
    /// What stands behind the path's `?`.
    pub params: &'a [(String, Vec<String>)],
}

/// A target, ready to be asked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ScrapeTarget {
    /// Where it is asked.
    pub place: Place,
    /// What its samples get.
    pub labels: Labels,
}

/// Where a target is asked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// Here.
    Own,
    /// At this address.
    Url(String),
}

impl ScrapeTarget {
    /// A target by the labels that were discovered.
    ///
    /// # Errors
    /// What is wrong with it, for people.
    pub fn of(discovered: &Target, defaults: &Defaults<'_>) -> Result<Self, String> {
        let find = |name: &str| discovered.get(name).filter(|value| !value.is_empty());
        let or =
            |name: &str, default: &str| find(name).cloned().unwrap_or_else(|| default.to_owned());
        let address = find("__address__").ok_or("a target has no __address__")?;
        let (job, instance) = (or("job", defaults.job), or("instance", address));
        let own = [("job", job.as_str()), ("instance", instance.as_str())];
        let shown = discovered.iter().filter(|(name, _)| !name.starts_with("__"));
        let shown = shown.map(|(name, value)| (name.as_str(), value.as_str()));
        let labels = Labels::new(shown.chain(own));
        if address == SELF_ADDRESS {
            return Ok(Self { place: Place::Own, labels });
        }
        let scheme = or("__scheme__", defaults.scheme);
        let wrong = |why: &dyn std::fmt::Display| format!("the target {address:?}: {why}");
        let mut url =
            Url::parse(&format!("{scheme}://{address}")).map_err(|error| wrong(&error))?;
        if !["http", "https"].contains(&url.scheme()) {
            return Err(wrong(&format!("the scheme is {:?}", url.scheme())));
        }
        url.set_path(&or("__metrics_path__", defaults.path));
        let params = params(discovered, defaults);
        if !params.is_empty() {
            url.query_pairs_mut().extend_pairs(params);
        }
        Ok(Self { place: Place::Url(url.to_string()), labels })
    }
}

/// What is asked for: what is configured, the first value of each name as the target has it.
fn params(discovered: &Target, defaults: &Defaults<'_>) -> Vec<(String, String)> {
    let mut params: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, values) in defaults.params {
        params.insert(name, values.iter().map(String::as_str).collect());
    }
    for (name, value) in discovered {
        let Some(name) = name.strip_prefix("__param_") else { continue };
        let values = params.entry(name).or_default();
        match values.first_mut() {
            Some(first) => *first = value,
            None => values.push(value),
        }
    }
    let flat = params.into_iter().flat_map(|(name, values)| {
        values.into_iter().map(move |value| (name.to_owned(), value.to_owned()))
    });
    flat.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pairs: &[(&str, &str)], expect: &str) {
        let params = [("match[]".to_owned(), vec!["a".to_owned(), "b".to_owned()])];
        let defaults = Defaults {
            job: "prometheus.scrape.s",
            scheme: "http",
            path: "/metrics",
            params: &params,
        };
        let target =
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let shown = match ScrapeTarget::of(&target, &defaults) {
            Ok(ScrapeTarget { place: Place::Own, labels }) => format!("own {labels}"),
            Ok(ScrapeTarget { place: Place::Url(url), labels }) => format!("{url} {labels}"),
            Err(why) => why,
        };
        assert_eq!(shown, expect, "for {pairs:?}");
    }

    #[test]
    fn targets() {
        check(
            &[("__address__", "10.0.0.1:9100"), ("app", "x"), ("__meta_y", "z")],
            r#"http://10.0.0.1:9100/metrics?match%5B%5D=a&match%5B%5D=b {app="x", instance="10.0.0.1:9100", job="prometheus.scrape.s"}"#,
        );
        check(
            &[
                ("__address__", "h"),
                ("__scheme__", "https"),
                ("__metrics_path__", "/m"),
                ("__param_match[]", "c"),
                ("__param_x", "1"),
                ("job", "j"),
                ("instance", "i"),
            ],
            r#"https://h/m?match%5B%5D=c&match%5B%5D=b&x=1 {instance="i", job="j"}"#,
        );
        check(
            &[("__address__", SELF_ADDRESS), ("job", "j"), ("instance", "i")],
            r#"own {instance="i", job="j"}"#,
        );
        check(&[("app", "x")], "a target has no __address__");
        check(&[("__address__", "h h")], "the target \"h h\": invalid international domain name");
        check(
            &[("__address__", "h"), ("__scheme__", "ftp")],
            "the target \"h\": the scheme is \"ftp\"",
        );
    }
}
