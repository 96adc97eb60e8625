//! Where a server keeps its objects, as arguments, environment and Loki's configuration say.

use std::sync::Arc;

use anyhow::{Context, Result, bail};
use object_store::ObjectStore;
use server::Bucket;
use store::{ObjectPlace, ObjectSettings};

use crate::args::ServeArgs;

/// The object store that `--store` names, or else the bucket of Loki's configuration, or else none:
/// then objects are in the data folder.
///
/// # Errors
/// When the place or its settings make no sense.
pub fn objects(args: &ServeArgs, loki: Option<&Bucket>) -> Result<Option<Arc<dyn ObjectStore>>> {
    named(args.store.as_deref(), &args.store_options, loki)
}

/// The same for a command that has `--store` and `--store-option` and does not serve.
///
/// # Errors
/// As [`objects`], and when a folder is named that is not there: it would be made.
pub fn existing(
    place: Option<&str>,
    store_options: &[String],
) -> Result<Option<Arc<dyn ObjectStore>>> {
    if let Some(text) = place
        && !text.contains("://")
    {
        std::fs::metadata(text).with_context(|| format!("failed to open the store {text}"))?;
    }
    named(place, store_options, None)
}

fn named(
    place: Option<&str>,
    store_options: &[String],
    loki: Option<&Bucket>,
) -> Result<Option<Arc<dyn ObjectStore>>> {
    let variables = std::env::vars_os();
    let variables = variables
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let settings = ObjectSettings::from_environment(with_aws_file(variables.collect()));
    let (place, settings) = match (place, loki) {
        (Some(place), _) => (place, settings),
        (None, Some(bucket)) => (&*bucket.url, settings.over(bucket.settings.clone())),
        (None, None) if store_options.is_empty() => return Ok(None),
        (None, None) => bail!("--store-option says nothing without --store"),
    };
    let settings = settings.over(options(store_options)?);
    let objects = place.parse::<ObjectPlace>()?.open(&settings)?;
    tracing::info!(store = %objects, "objects are kept elsewhere");
    Ok(Some(objects))
}

/// `AWS_PROFILE` alone means a profile of the file in the home folder.
fn with_aws_file(mut variables: Vec<(String, String)>) -> Vec<(String, String)> {
    const FILE: &str = "AWS_SHARED_CREDENTIALS_FILE";
    let get = |wanted: &str| variables.iter().find(|(name, _)| name == wanted);
    if get("AWS_PROFILE").is_some()
        && get(FILE).is_none()
        && let Some((_, home)) = get("HOME")
    {
        let path = format!("{home}/.aws/credentials");
        variables.push((FILE.to_owned(), path));
    }
    variables
}

fn options(texts: &[String]) -> Result<Vec<(String, String)>> {
    let pair = |(at, text): (usize, &String)| {
        // The text is not repeated: it may be a key.
        let (name, value) = text.split_once('=').with_context(|| {
            format!("--store-option number {} has no =: write it as key=value", at + 1)
        })?;
        Ok((name.to_owned(), value.to_owned()))
    };
    texts.iter().enumerate().map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_pairs_and_are_not_repeated_in_errors() {
        let texts = ["endpoint=http://rgw?a=b", "s3cr3t"].map(str::to_owned);
        let expect = ("endpoint".to_owned(), "http://rgw?a=b".to_owned());
        assert_eq!(options(&texts[..1]).unwrap(), [expect]);
        let error = options(&texts).unwrap_err().to_string();
        assert_eq!(error, "--store-option number 2 has no =: write it as key=value");
    }

    #[track_caller]
    fn check(variables: &[&str], expect: Option<&str>) {
        let pairs = variables.iter().map(|pair| pair.split_once('=').unwrap());
        let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let told = with_aws_file(pairs);
        let file = told.iter().rfind(|(name, _)| name == "AWS_SHARED_CREDENTIALS_FILE");
        assert_eq!(file.map(|(_, path)| path.as_str()), expect);
    }

    #[test]
    fn a_profile_is_looked_for_in_the_home_folder() {
        check(&["HOME=/h"], None);
        check(&["AWS_PROFILE=a"], None);
        check(&["HOME=/h", "AWS_PROFILE=a"], Some("/h/.aws/credentials"));
        check(&["HOME=/h", "AWS_PROFILE=a", "AWS_SHARED_CREDENTIALS_FILE=/f"], Some("/f"));
    }
}
