//! S3, and what speaks like it: Ceph's gateway, MinIO.

use std::path::PathBuf;
use std::sync::Arc;

use object_store::ClientConfigKey;
use object_store::ObjectStore;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey, S3ConditionalPut};

use super::credentials_file::CredentialsFile;
use super::settings::{SettingName, is_plain_http, last};
use super::{ObjectSettings, requests};

/// The profile of a credentials file when none is named, as with all tools of AWS.
const PROFILE: &str = "default";

/// A client of a bucket.
pub(super) fn open(
    bucket: &str,
    settings: &ObjectSettings,
) -> Result<Box<dyn ObjectStore>, String> {
    let client = builder(bucket, settings)?.build();
    let client = client.map_err(|error| settings.hide(&error.to_string()))?;
    Ok(Box::new(client))
}

fn builder(bucket: &str, settings: &ObjectSettings) -> Result<AmazonS3Builder, String> {
    let settings: Vec<(Name, String)> = settings.effective()?;
    let mut builder = AmazonS3Builder::new()
        .with_client_options(requests::client_options())
        .with_retry(requests::retries());
    for (name, value) in &settings {
        if let Name::Client(key) = name {
            builder = builder.with_config(*key, value);
        }
    }
    builder = with_endpoint(builder, bucket, &settings)?;
    if let Some(file) = credentials_file(&settings)? {
        builder = builder.with_credentials(Arc::new(file));
    }
    // Commits are creates: `If-None-Match: *`, whatever the settings say.
    Ok(builder.with_bucket_name(bucket).with_conditional_put(S3ConditionalPut::ETagMatch))
}

/// Where requests go. A gateway by its own address has the bucket in the path, unless it is told
/// otherwise; AWS has it in the name of the host, where no certificate covers a name with dots.
fn with_endpoint(
    builder: AmazonS3Builder,
    bucket: &str,
    settings: &[(Name, String)],
) -> Result<AmazonS3Builder, String> {
    use AmazonS3ConfigKey::{Endpoint, S3Endpoint, VirtualHostedStyleRequest};
    let get = |key| last(settings, |name| *name == Name::Client(key));
    let hosted = match get(VirtualHostedStyleRequest) {
        None => None,
        Some(text) => Some(text.parse::<bool>().map_err(|_| {
            format!("its virtual_hosted_style_request must be true or false, not {text:?}")
        })?),
    };
    let Some(endpoint) = get(S3Endpoint).or(get(Endpoint)).filter(|text| !text.is_empty()) else {
        let hosted = hosted.unwrap_or(!bucket.contains('.'));
        return Ok(builder.with_virtual_hosted_style_request(hosted));
    };
    let is_plain = is_plain_http(endpoint)?;
    let hosted = hosted.unwrap_or(false);
    let endpoint = if hosted { with_host(endpoint, bucket) } else { endpoint.to_owned() };
    let builder = builder.with_virtual_hosted_style_request(hosted);
    let builder = if is_plain { builder.with_allow_http(true) } else { builder };
    // The one for S3 goes before the one for all services, so it is the one to set.
    Ok(builder.with_config(S3Endpoint, endpoint))
}

/// The endpoint with the bucket before the host's name, where it may stand already.
fn with_host(endpoint: &str, bucket: &str) -> String {
    match endpoint.split_once("://") {
        Some((scheme, host)) if !host.starts_with(&format!("{bucket}.")) => {
            format!("{scheme}://{bucket}.{host}")
        }
        _ => endpoint.to_owned(),
    }
}

/// The credentials file, if one is named and no key is.
fn credentials_file(settings: &[(Name, String)]) -> Result<Option<CredentialsFile>, String> {
    let get = |wanted| last(settings, |name| *name == wanted);
    let (path, profile) = (get(Name::CredentialsFile), get(Name::Profile));
    if get(Name::Client(AmazonS3ConfigKey::AccessKeyId)).is_some() {
        return Ok(None);
    }
    match (path, profile) {
        (None, None) => Ok(None),
        (None, Some(profile)) => {
            Err(format!("it is to use the profile {profile:?}, but no credentials_file is named"))
        }
        (Some(path), profile) => {
            let profile = profile.unwrap_or(PROFILE).to_owned();
            CredentialsFile::open(PathBuf::from(path), profile).map(Some)
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Name {
    Client(AmazonS3ConfigKey),
    CredentialsFile,
    Profile,
}

impl SettingName for Name {
    fn parse(name: &str) -> Option<Self> {
        use AmazonS3ConfigKey::{Bucket, ConditionalPut, S3Express};
        match name {
            "aws_shared_credentials_file" | "credentials_file" => Some(Self::CredentialsFile),
            "aws_profile" | "profile" => Some(Self::Profile),
            _ => match name.parse().ok()? {
                // The URL names the bucket, and how commits are made is no matter of choice. An
                // express bucket lists in no order.
                Bucket | ConditionalPut | S3Express => None,
                key => Some(Self::Client(key)),
            },
        }
    }

    fn group(&self) -> &str {
        use AmazonS3ConfigKey as Key;
        let Self::Client(key) = self else { return "credentials" };
        match key {
            Key::AccessKeyId
            | Key::SecretAccessKey
            | Key::Token
            | Key::WebIdentityTokenFile
            | Key::RoleArn
            | Key::RoleSessionName
            | Key::ContainerCredentialsRelativeUri
            | Key::ContainerCredentialsFullUri
            | Key::ContainerAuthorizationTokenFile
            | Key::SkipSignature => "credentials",
            // An address goes with how it is spoken to.
            Key::Endpoint
            | Key::S3Endpoint
            | Key::VirtualHostedStyleRequest
            | Key::Client(ClientConfigKey::AllowHttp) => "endpoint",
            Key::Region | Key::DefaultRegion => "region",
            key => key.as_ref(),
        }
    }
}

#[cfg(test)]
mod tests;
