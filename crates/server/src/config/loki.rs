//! Reads a Loki configuration: takes what has a meaning here, and says what it has no use for.

use std::time::Duration;

use model::TenantId;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::human::duration;
use super::{Bucket, Config, Limits};
use crate::Error;

impl Config {
    /// Takes over the settings of a Loki configuration in YAML. Returns the names of what has no
    /// meaning here (ring, caches, chunk formats …): to be shown to whoever starts the server.
    ///
    /// # Errors
    /// When the text is no YAML, or a setting that we have cannot be read.
    pub fn take_loki_yaml(&mut self, text: &str) -> Result<Vec<String>, Error> {
        let document: Option<Map<String, Value>> =
            serde_saphyr::from_str(text).map_err(|e| Error::Config(e.to_string()))?;
        let mut document = document.unwrap_or_default();
        let (mut ignored, overrides) = (Vec::new(), document.remove("overrides"));
        let retention = document.remove("retention");
        for (name, value) in document {
            self.take_section(&name, value, &mut ignored)?;
        }
        // Ours, so it is stronger than what Loki's sections say.
        if let Some(value) = retention {
            let Span(period) = read("retention", value)?;
            (self.retention_enabled, self.limits.retention_period) = (true, period);
        }
        // What a tenant does not override is as for all, so those limits must be known by now.
        self.take_overrides(overrides.unwrap_or_default(), &mut ignored)?;
        Ok(ignored)
    }

    fn take_section(
        &mut self,
        name: &str,
        value: Value,
        ignored: &mut Vec<String>,
    ) -> Result<(), Error> {
        match name {
            "auth_enabled" => self.multi_tenant = read(name, value)?,
            "limits_config" => self.limits = limits(name, &Limits::default(), value, ignored)?,
            "ingester" => {
                // Loki's ingester takes entries up to half of it behind the newest of their stream.
                if let Some(Span(age)) = one(name, "max_chunk_age", value, ignored)? {
                    self.out_of_order_window = Some(age / 2);
                }
            }
            "frontend" => {
                if let Some(Span(time)) = one(name, "log_queries_longer_than", value, ignored)? {
                    self.log_queries_longer_than = time;
                }
            }
            "compactor" => self.take_compactor(value, ignored)?,
            "common" => self.take_bucket(name, &["storage", "s3"], value, ignored)?,
            "storage_config" => self.take_bucket(name, &["aws"], value, ignored)?,
            _ => ignored.push(name.to_owned()),
        }
        Ok(())
    }

    fn take_compactor(&mut self, value: Value, ignored: &mut Vec<String>) -> Result<(), Error> {
        const KNOWN: [&str; 2] = ["delete_request_cancel_period", "retention_enabled"];
        let (mut known, rest) = split("compactor", value, |name, _| KNOWN.contains(&name))?;
        ignored.extend(rest);
        if let Some(value) = known.remove("delete_request_cancel_period") {
            let Span(period) = read("compactor.delete_request_cancel_period", value)?;
            self.delete_request_cancel_period = period;
        }
        if let Some(value) = known.remove("retention_enabled") {
            self.retention_enabled = read("compactor.retention_enabled", value)?;
        }
        Ok(())
    }

    /// The bucket that stands in a section at the end of a path.
    fn take_bucket(
        &mut self,
        section: &str,
        path: &[&str],
        value: Value,
        ignored: &mut Vec<String>,
    ) -> Result<(), Error> {
        if let [next, path @ ..] = path {
            let inner = format!("{section}.{next}");
            return match one::<Value>(section, next, value, ignored)? {
                Some(value) => self.take_bucket(&inner, path, value, ignored),
                None => Ok(()),
            };
        }
        let (known, rest) = split(section, value, Bucket::knows)?;
        ignored.extend(rest);
        self.bucket = Bucket::of_loki(&known).or(self.bucket.take());
        Ok(())
    }

    /// `overrides: {tenant: {…}}`, as in Loki's file of run-time settings.
    fn take_overrides(&mut self, value: Value, ignored: &mut Vec<String>) -> Result<(), Error> {
        let tenants: Option<Map<String, Value>> = read("overrides", value)?;
        for (name, value) in tenants.unwrap_or_default() {
            let section = format!("overrides.{name}");
            let tenant = TenantId::new(&name)
                .map_err(|error| Error::Config(format!("{section}: {error}")))?;
            let limits = limits(&section, &self.limits, value, ignored)?;
            self.overrides.insert(tenant, limits);
        }
        Ok(())
    }
}

/// A duration as Loki's files have it.
#[derive(Deserialize)]
struct Span(#[serde(with = "duration")] Duration);

/// The one setting of a section that we have, if it is there.
fn one<T: serde::de::DeserializeOwned>(
    section: &str,
    name: &str,
    value: Value,
    ignored: &mut Vec<String>,
) -> Result<Option<T>, Error> {
    let (mut known, rest) = split(section, value, |known, _| known == name)?;
    ignored.extend(rest);
    known.remove(name).map(|value| read(section, value)).transpose()
}

/// The limits of a section; those that it does not name are as in `base`.
fn limits(
    section: &str,
    base: &Limits,
    value: Value,
    ignored: &mut Vec<String>,
) -> Result<Limits, Error> {
    let mut all: Map<String, Value> =
        read(section, serde_json::to_value(base).unwrap_or_default())?;
    let (known, rest) = split(section, value, |name, _| all.contains_key(name))?;
    ignored.extend(rest);
    all.extend(known);
    read(section, Value::Object(all))
}

/// The settings of a section that we have, and the full names of the others.
fn split(
    section: &str,
    value: Value,
    known: impl Fn(&str, &Value) -> bool,
) -> Result<(Map<String, Value>, Vec<String>), Error> {
    let map: Option<Map<String, Value>> = read(section, value)?;
    let (known, rest): (Map<_, _>, Map<_, _>) =
        map.unwrap_or_default().into_iter().partition(|(name, value)| known(name, value));
    Ok((known, rest.into_iter().map(|(name, _)| format!("{section}.{name}")).collect()))
}

fn read<T: serde::de::DeserializeOwned>(section: &str, value: Value) -> Result<T, Error> {
    serde_json::from_value(value).map_err(|e| Error::Config(format!("{section}: {e}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::RetentionStream;

    #[track_caller]
    fn check(yaml: &str, expect: Result<(Config, &[&str]), &str>) {
        let mut config = Config::default();
        let ignored = config.take_loki_yaml(yaml).map_err(|error| error.to_string());
        match (ignored, expect) {
            (Ok(ignored), Ok((expect, names))) => {
                assert_eq!(config, expect);
                assert_eq!(ignored, names);
            }
            (Err(error), Err(part)) => assert!(error.contains(part), "{error}"),
            (got, _) => panic!("{got:?}"),
        }
    }

    #[test]
    fn what_has_a_meaning_here_is_taken_and_the_rest_is_named() {
        let limits = Limits {
            max_line_size: 65_536,
            max_query_length: Duration::ZERO,
            discover_service_name: Vec::new(),
            discover_log_levels: false,
            ..Limits::default()
        };
        let config = Config {
            multi_tenant: true,
            limits,
            out_of_order_window: Some(Duration::from_secs(3600)),
            ..Config::default()
        };
        check(
            "auth_enabled: true\n\
             schema_config:\n  configs: []\n\
             ingester:\n  max_chunk_age: 2h\n  wal: {enabled: true}\n\
             limits_config:\n  max_line_size: 64KB\n  max_query_length: 0s\n  \
             discover_service_name: []\n  discover_log_levels: false\n  unordered_writes: true\n",
            Ok((config, &["ingester.wal", "limits_config.unordered_writes", "schema_config"])),
        );
        check("", Ok((Config::default(), &[])));
        check("limits_config:\n", Ok((Config::default(), &[])));
    }

    #[test]
    fn a_tenant_s_own_limits_stand_on_those_of_all() {
        let limits = Limits { max_query_series: 7, ..Limits::default() };
        let own = Limits { max_line_size: 1024, ingestion_rate_mb: 0.5, ..limits.clone() };
        let config = Config {
            limits,
            overrides: [(TenantId::new("team-a").unwrap(), own)].into(),
            log_queries_longer_than: Duration::from_secs(10),
            delete_request_cancel_period: Duration::from_secs(3600),
            ..Config::default()
        };
        check(
            "overrides:\n  team-a: {max_line_size: 1KB, ingestion_rate_mb: 0.5, nosuch: 1}\n\
             frontend: {log_queries_longer_than: 10s, max_outstanding: 4}\n\
             compactor: {delete_request_cancel_period: 1h, compaction_interval: 1m}\n\
             limits_config:\n  max_query_series: 7\n",
            Ok((
                config,
                &[
                    "compactor.compaction_interval",
                    "frontend.max_outstanding",
                    "overrides.team-a.nosuch",
                ],
            )),
        );
        check("overrides: {a/b: {}}", Err("overrides.a/b: the tenant's name"));
        check("overrides: {a: {max_query_series: many}}", Err("overrides.a: invalid type"));
    }

    #[test]
    fn retention_is_one_setting_or_lokis_two() {
        let day = Duration::from_secs(86_400);
        let kept = |enabled, period, streams: &[RetentionStream]| Config {
            retention_enabled: enabled,
            limits: Limits {
                retention_period: period,
                retention_stream: streams.to_vec(),
                ..Limits::default()
            },
            ..Config::default()
        };
        check("retention: 30d", Ok((kept(true, 30 * day, &[]), &[])));
        check("limits_config: {retention_period: 744h}", Ok((kept(false, 31 * day, &[]), &[])));
        let (selector, priority, period) = ("{dag_id=\"audit\"}".to_owned(), 1, 365 * day);
        check(
            "compactor: {retention_enabled: true}\nlimits_config:\n  retention_period: 30d\n  \
             retention_stream:\n  - {selector: '{dag_id=\"audit\"}', priority: 1, period: 1y}\n",
            Ok((kept(true, 30 * day, &[RetentionStream { selector, priority, period }]), &[])),
        );
        check("retention: soon", Err("\"soon\" is no duration"));
        check("limits_config: {retention_stream: [{selector: '{}'}]}", Err("period"));
    }

    #[test]
    fn what_is_printed_is_read() {
        let mut config = Config { multi_tenant: true, ..Config::default() };
        config.limits.max_query_lookback = Duration::from_secs(90_000);
        config.limits.required_labels = vec!["namespace".to_owned()];
        config.out_of_order_window = Some(Duration::from_secs(60));
        config.delete_request_cancel_period = Duration::from_secs(60);
        config.retention_enabled = true;
        config.limits.retention_period = Duration::from_secs(86_400);
        config.overrides.insert(TenantId::new("a").unwrap(), Limits::default());
        let mut again = Config::default();
        let ignored = again.take_loki_yaml(&config.to_yaml()).unwrap();
        assert_eq!((again, ignored), (config, vec!["server".to_owned()]));
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        check("a: [", Err("configuration"));
        check("limits_config: {max_line_size: big}", Err("limits_config: \"big\" is no size"));
        check("limits_config: {max_query_length: 1.5h}", Err("\"1.5h\" is no duration"));
        check("auth_enabled: maybe", Err("auth_enabled"));
    }
}
