//! Google Cloud Storage.

use object_store::ObjectStore;
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};

use super::settings::{SettingName, is_plain_http, last};
use super::{ObjectSettings, requests};

/// A client of a bucket.
pub(super) fn open(
    bucket: &str,
    settings: &ObjectSettings,
) -> Result<Box<dyn ObjectStore>, String> {
    let named: Vec<(Name, String)> = settings.effective()?;
    let mut options = requests::client_options();
    if let Some(endpoint) = last(&named, |name| name.0 == GoogleConfigKey::BaseUrl) {
        options = options.with_allow_http(is_plain_http(endpoint)?);
    }
    let mut builder = GoogleCloudStorageBuilder::new()
        .with_client_options(options)
        .with_retry(requests::retries());
    for (name, value) in named {
        builder = builder.with_config(name.0, value);
    }
    let client = builder.with_bucket_name(bucket).build();
    let client = client.map_err(|error| without_quote(&settings.hide(&error.to_string())))?;
    Ok(Box::new(client))
}

/// Where JSON is not what was expected, the text quotes it, and it may be a private key.
fn without_quote(text: &str) -> String {
    if text.contains("decode") || text.contains("expected") {
        return "its service account or credentials are not the JSON that they must be".to_owned();
    }
    text.to_owned()
}

struct Name(GoogleConfigKey);

impl SettingName for Name {
    fn parse(name: &str) -> Option<Self> {
        // The URL names the bucket.
        name.parse().ok().filter(|key| *key != GoogleConfigKey::Bucket).map(Self)
    }

    fn group(&self) -> &str {
        match &self.0 {
            GoogleConfigKey::ServiceAccount
            | GoogleConfigKey::ServiceAccountKey
            | GoogleConfigKey::ApplicationCredentials
            | GoogleConfigKey::SkipSignature => "credentials",
            key => key.as_ref(),
        }
    }
}
