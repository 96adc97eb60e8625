//! What the server says about itself.

use serde::{Deserialize, Serialize};

/// The version of Loki whose API we speak: clients switch features on by it.
pub const API_VERSION: &str = "3.7.6";

/// The answer to `status/buildinfo`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct BuildInfo {
    /// Of the API: see [`API_VERSION`].
    pub version: String,
    /// The product and its own version.
    pub revision: String,
    /// Of the source.
    pub branch: String,
    /// Who built it.
    pub build_user: String,
    /// When.
    pub build_date: String,
    /// Not ours.
    pub go_version: String,
}

impl Default for BuildInfo {
    fn default() -> Self {
        Self {
            version: API_VERSION.to_owned(),
            revision: String::new(),
            branch: String::new(),
            build_user: String::new(),
            build_date: String::new(),
            go_version: String::new(),
        }
    }
}

/// The answer to `drilldown-limits`: what Logs Drilldown offers depends on it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DrilldownLimits {
    /// Limits of the tenant, by Loki's names.
    pub limits: serde_json::Map<String, serde_json::Value>,
    /// Whether `patterns` answers.
    pub pattern_ingester_enabled: bool,
    /// Of the API: see [`API_VERSION`].
    pub version: String,
}

impl Default for DrilldownLimits {
    fn default() -> Self {
        let limits = serde_json::Map::new();
        Self { limits, pattern_ingester_enabled: false, version: String::new() }
    }
}

/// The answer to `format_query`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "kebab-case")]
pub enum FormatResponse {
    /// The query, well laid out.
    Success {
        /// LogQL.
        data: String,
    },
    /// It is not LogQL.
    InvalidQuery {
        /// Why.
        error: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(response: &FormatResponse, expect: &str) {
        assert_eq!(serde_json::to_string(response).unwrap(), expect);
        assert_eq!(&serde_json::from_str::<FormatResponse>(expect).unwrap(), response);
    }

    #[test]
    fn a_formatted_query_says_whether_it_is_one() {
        let data = "{a=`b`}".to_owned();
        check(&FormatResponse::Success { data }, r#"{"status":"success","data":"{a=`b`}"}"#);
        let error = "parse error".to_owned();
        let expect = r#"{"status":"invalid-query","error":"parse error"}"#;
        check(&FormatResponse::InvalidQuery { error }, expect);
    }

    #[test]
    fn clients_read_the_version_of_the_api() {
        let json = serde_json::to_value(BuildInfo::default()).unwrap();
        assert_eq!(json["version"], "3.7.6");
        assert_eq!(json["goVersion"], "");
    }
}
