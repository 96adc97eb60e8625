//! Azure Blob Storage.

use object_store::ObjectStore;
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};

use super::settings::{SettingName, is_plain_http, last};
use super::{ObjectSettings, requests};

/// A client of a container.
pub(super) fn open(
    container: &str,
    settings: &ObjectSettings,
) -> Result<Box<dyn ObjectStore>, String> {
    let named: Vec<(Name, String)> = settings.effective()?;
    let mut options = requests::client_options();
    if let Some(endpoint) = last(&named, |name| name.0 == AzureConfigKey::Endpoint) {
        options = options.with_allow_http(is_plain_http(endpoint)?);
    }
    let mut builder =
        MicrosoftAzureBuilder::new().with_client_options(options).with_retry(requests::retries());
    for (name, value) in named {
        builder = builder.with_config(name.0, value);
    }
    let client = builder.with_container_name(container).build();
    let client = client.map_err(|error| settings.hide(&error.to_string()))?;
    Ok(Box::new(client))
}

struct Name(AzureConfigKey);

impl SettingName for Name {
    fn parse(name: &str) -> Option<Self> {
        // The URL names the container.
        name.parse().ok().filter(|key| *key != AzureConfigKey::ContainerName).map(Self)
    }

    fn group(&self) -> &str {
        use AzureConfigKey as Key;
        match &self.0 {
            Key::AccessKey
            | Key::ClientId
            | Key::ClientSecret
            | Key::AuthorityId
            | Key::AuthorityHost
            | Key::SasKey
            | Key::Token
            | Key::MsiEndpoint
            | Key::ObjectId
            | Key::MsiResourceId
            | Key::FederatedTokenFile
            | Key::UseAzureCli
            | Key::SkipSignature => "credentials",
            key => key.as_ref(),
        }
    }
}
