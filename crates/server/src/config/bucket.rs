//! The bucket that a Loki configuration names: `common.storage.s3` or `storage_config.aws`.

use std::fmt;

use serde_json::{Map, Value};

/// The folder in that bucket, so that nothing of ours lies among Loki's objects.
const PREFIX: &str = "barogram";

/// A bucket of S3, and how it is reached.
#[derive(Clone, PartialEq, Eq)]
pub struct Bucket {
    /// Like `s3://logs/barogram`.
    pub url: String,
    /// Settings of the client, in the names that it gives them. Some are secrets.
    pub settings: Vec<(String, String)>,
}

impl Bucket {
    /// Whether a setting of Loki's has a meaning here. One that Loki would take from its
    /// environment has none: there, we have names of our own for it.
    pub(super) fn knows(name: &str, value: &Value) -> bool {
        const KNOWN: [&str; 8] = [
            "bucketnames",
            "endpoint",
            "insecure",
            "region",
            "access_key_id",
            "secret_access_key",
            "session_token",
            "s3forcepathstyle",
        ];
        KNOWN.contains(&name) && !value.as_str().is_some_and(|text| text.contains("${"))
    }

    /// The bucket that these settings name, the first one if they name several.
    pub(super) fn of_loki(fields: &Map<String, Value>) -> Option<Self> {
        let text = |name: &str| fields.get(name).map(plain).filter(|text| !text.is_empty());
        let names = text("bucketnames")?;
        let url = format!("s3://{}/{PREFIX}", names.split(',').next()?.trim());
        let same = ["region", "access_key_id", "secret_access_key", "session_token"];
        let mut settings: Vec<_> =
            same.iter().filter_map(|name| Some(((*name).to_owned(), text(name)?))).collect();
        if let Some(endpoint) = text("endpoint") {
            let is_insecure = text("insecure").is_some_and(|text| text == "true");
            let scheme = if is_insecure { "http" } else { "https" };
            let is_whole = endpoint.contains("://");
            let endpoint = if is_whole { endpoint } else { format!("{scheme}://{endpoint}") };
            settings.push(("endpoint".to_owned(), endpoint));
        }
        if let Some(path_style) = text("s3forcepathstyle") {
            let is_hosted = path_style != "true";
            settings.push(("virtual_hosted_style_request".to_owned(), is_hosted.to_string()));
        }
        Some(Self { url, settings })
    }
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bucket").field("url", &self.url).finish_non_exhaustive()
    }
}

/// A key that looks like a number is one all the same, and an error would print it.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::super::Config;

    #[track_caller]
    fn check(yaml: &str, expect: Option<(&str, &str)>, expect_ignored: &[&str]) {
        let mut config = Config::default();
        let ignored = config.take_loki_yaml(yaml).unwrap();
        let told = config.bucket.as_ref().map(|bucket| {
            let settings = bucket.settings.iter().map(|(name, value)| format!("{name}={value}"));
            (bucket.url.as_str(), settings.collect::<Vec<_>>().join(" "))
        });
        assert_eq!(told.as_ref().map(|(url, settings)| (*url, settings.as_str())), expect);
        assert_eq!(ignored, expect_ignored);
        assert!(!format!("{config:?}").contains("s3cr3t"));
        assert!(!config.to_yaml().contains("s3cr3t"));
    }

    #[test]
    fn the_bucket_of_a_loki_is_found() {
        check(
            "common:\n  path_prefix: /loki\n  storage:\n    s3:\n      endpoint: rgw:7480\n      \
             bucketnames: loki\n      insecure: true\n      access_key_id: 123\n      \
             secret_access_key: s3cr3t\n      s3forcepathstyle: true\n      http_config: {}\n",
            Some((
                "s3://loki/barogram",
                "access_key_id=123 secret_access_key=s3cr3t endpoint=http://rgw:7480 \
                 virtual_hosted_style_request=false",
            )),
            &["common.path_prefix", "common.storage.s3.http_config"],
        );
        // What is said of the store stands over what is said for all.
        check(
            "common: {storage: {s3: {bucketnames: a}, filesystem: {}}}\n\
             storage_config: {aws: {bucketnames: 'b, c', region: eu, endpoint: s3.eu}}\n",
            Some(("s3://b/barogram", "region=eu endpoint=https://s3.eu")),
            &["common.storage.filesystem"],
        );
        check("storage_config: {aws: {region: eu}}", None, &[]);
        check("common: {storage: {}}\nstorage_config:", None, &[]);
    }

    #[test]
    fn what_is_in_lokis_environment_is_named() {
        check(
            "storage_config: {aws: {bucketnames: b, secret_access_key: '${KEY}'}}",
            Some(("s3://b/barogram", "")),
            &["storage_config.aws.secret_access_key"],
        );
    }
}
