//! Reads a Loki configuration: takes what has a meaning here, and says what it has no use for.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::human::duration;
use super::{Config, Limits};
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
        let mut ignored = Vec::new();
        for (name, value) in document.unwrap_or_default() {
            match name.as_str() {
                "auth_enabled" => self.multi_tenant = read(&name, value)?,
                "limits_config" => self.limits = limits(value, &mut ignored)?,
                "ingester" => self.take_ingester(value, &mut ignored)?,
                _ => ignored.push(name),
            }
        }
        Ok(ignored)
    }

    fn take_ingester(&mut self, value: Value, ignored: &mut Vec<String>) -> Result<(), Error> {
        #[derive(Deserialize)]
        struct Ingester {
            #[serde(with = "duration")]
            max_chunk_age: std::time::Duration,
        }
        let (known, rest) = split("ingester", value, |name| name == "max_chunk_age")?;
        ignored.extend(rest);
        if !known.is_empty() {
            let ingester: Ingester = read("ingester", Value::Object(known))?;
            // Loki's ingester takes entries up to half of it behind the newest of their stream.
            self.out_of_order_window = Some(ingester.max_chunk_age / 2);
        }
        Ok(())
    }
}

fn limits(value: Value, ignored: &mut Vec<String>) -> Result<Limits, Error> {
    let ours = serde_json::to_value(Limits::default()).unwrap_or_default();
    let (known, rest) = split("limits_config", value, |name| ours.get(name).is_some())?;
    ignored.extend(rest);
    read("limits_config", Value::Object(known))
}

/// The settings of a section that we have, and the full names of the others.
fn split(
    section: &str,
    value: Value,
    known: impl Fn(&str) -> bool,
) -> Result<(Map<String, Value>, Vec<String>), Error> {
    let map: Option<Map<String, Value>> = read(section, value)?;
    let (known, rest): (Map<_, _>, Map<_, _>) =
        map.unwrap_or_default().into_iter().partition(|(name, _)| known(name));
    Ok((known, rest.into_iter().map(|(name, _)| format!("{section}.{name}")).collect()))
}

fn read<T: serde::de::DeserializeOwned>(section: &str, value: Value) -> Result<T, Error> {
    serde_json::from_value(value).map_err(|e| Error::Config(format!("{section}: {e}")))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

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
    fn what_cannot_be_read_is_refused() {
        check("a: [", Err("configuration"));
        check("limits_config: {max_line_size: big}", Err("limits_config: \"big\" is no size"));
        check("limits_config: {max_query_length: 1.5h}", Err("\"1.5h\" is no duration"));
        check("auth_enabled: maybe", Err("auth_enabled"));
    }
}
