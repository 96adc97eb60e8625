//! What else must be known of an object store: endpoint, region, keys. Pairs of key and value, of
//! which later layers stand over earlier ones: the environment, a file, the command line.

use std::collections::BTreeSet;
use std::fmt;

/// What is printed in place of a value.
const HIDDEN: &str = "******";

/// Settings of an object store. Their values are never printed: some are secrets.
#[derive(Clone, Default)]
pub struct ObjectSettings {
    layers: Vec<Layer>,
}

#[derive(Clone)]
struct Layer {
    /// An environment has variables that mean nothing to us; whoever sets a thing here by name
    /// wants to know that it does nothing.
    may_be_unknown: bool,
    pairs: Vec<(String, String)>,
}

/// The name of a setting of one service.
pub(super) trait SettingName: Sized {
    /// Reads a name in small letters.
    fn parse(name: &str) -> Option<Self>;

    /// The name of what it sets together with others. A layer that sets one of a group sets them
    /// all: a key from here with a token from there is a fault that nobody finds.
    fn group(&self) -> &str;
}

impl ObjectSettings {
    /// The variables of an environment that are about object stores, by their names (`AWS_…`,
    /// `GOOGLE_…`, `AZURE_…`). The caller reads it: this crate does not.
    pub fn from_environment(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let is_ours =
            |name: &str| ["AWS_", "GOOGLE_", "AZURE_"].iter().any(|p| name.starts_with(p));
        let pairs = variables.into_iter().filter(|(name, _)| is_ours(name)).collect();
        Self { layers: vec![Layer { may_be_unknown: true, pairs }] }
    }

    /// These pairs over what is here. A name that the service does not know is an error when the
    /// place is opened.
    #[must_use]
    pub fn over(mut self, pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        let pairs = pairs.into_iter().collect();
        self.layers.push(Layer { may_be_unknown: false, pairs });
        self
    }

    /// A text of somebody else's without the secrets that are here.
    pub(super) fn hide(&self, text: &str) -> String {
        let pairs = self.layers.iter().flat_map(|layer| &layer.pairs);
        let secrets = pairs.filter(|(name, value)| is_secret(name) && !value.is_empty());
        secrets.fold(text.to_owned(), |text, (_, value)| text.replace(value.as_str(), HIDDEN))
    }

    /// What holds, once later layers have taken the place of earlier ones.
    pub(super) fn effective<N: SettingName>(&self) -> Result<Vec<(N, String)>, String> {
        let mut all: Vec<(N, String)> = Vec::new();
        for layer in &self.layers {
            let pairs = layer.named::<N>()?;
            let groups: BTreeSet<&str> = pairs.iter().map(|(name, _)| name.group()).collect();
            all.retain(|(name, _)| !groups.contains(name.group()));
            all.extend(pairs);
        }
        Ok(all)
    }
}

impl Layer {
    fn named<N: SettingName>(&self) -> Result<Vec<(N, String)>, String> {
        let mut named = Vec::new();
        for (name, value) in &self.pairs {
            match N::parse(&name.to_ascii_lowercase()) {
                Some(name) => named.push((name, value.clone())),
                None if self.may_be_unknown => {}
                None => return Err(format!("it has no setting {name:?}")),
            }
        }
        Ok(named)
    }
}

impl fmt::Debug for ObjectSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pairs = self.layers.iter().flat_map(|layer| &layer.pairs);
        f.debug_map().entries(pairs.map(|(name, _)| (name, HIDDEN))).finish()
    }
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["key", "secret", "token", "sas"].iter().any(|part| name.contains(part))
}

/// The value that holds for a setting: the last one given.
pub(super) fn last<N>(settings: &[(N, String)], is_wanted: impl Fn(&N) -> bool) -> Option<&str> {
    settings.iter().rev().find(|(name, _)| is_wanted(name)).map(|(_, value)| value.as_str())
}

/// Whether this endpoint is plain HTTP.
pub(super) fn is_plain_http(endpoint: &str) -> Result<bool, String> {
    match endpoint.split_once("://") {
        Some(("http", _)) => Ok(true),
        Some(("https", _)) => Ok(false),
        _ => Err(format!("its endpoint {endpoint:?} must begin with http:// or https://")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Name(&'static str);

    impl SettingName for Name {
        fn parse(name: &str) -> Option<Self> {
            ["aws_key", "aws_token", "region"].into_iter().find(|known| *known == name).map(Self)
        }

        fn group(&self) -> &str {
            if self.0 == "region" { self.0 } else { "credentials" }
        }
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[track_caller]
    fn check(environment: &[(&str, &str)], over: &[(&str, &str)], expect: &str) {
        let settings = ObjectSettings::from_environment(pairs(environment)).over(pairs(over));
        let told = settings.effective::<Name>().map(|settings| {
            let pairs = settings.iter().map(|(name, value)| format!("{}={value}", name.0));
            pairs.collect::<Vec<_>>().join(" ")
        });
        assert_eq!(told.unwrap_or_else(|error| error), expect);
    }

    #[test]
    fn later_layers_stand_over_earlier_ones_by_groups() {
        check(&[("AWS_KEY", "a"), ("AWS_PAGER", "less"), ("HOME", "/")], &[], "aws_key=a");
        check(&[("AWS_KEY", "a")], &[("Region", "b")], "aws_key=a region=b");
        check(&[("AWS_KEY", "a"), ("AWS_TOKEN", "b")], &[("aws_key", "c")], "aws_key=c");
        check(&[("AWS_TOKEN", "a")], &[("region", "b"), ("region", "c")], {
            "aws_token=a region=b region=c"
        });
        check(&[], &[("rgion", "s3cr3t")], "it has no setting \"rgion\"");
    }

    #[test]
    fn values_are_not_printed() {
        let environment = pairs(&[("AWS_SECRET_ACCESS_KEY", "s3cr3t"), ("PASSWORD", "s3cr3t")]);
        let settings = ObjectSettings::from_environment(environment);
        let told = format!("{:?}", settings.over(pairs(&[("token", "s3cr3t")])));
        assert_eq!(told, r#"{"AWS_SECRET_ACCESS_KEY": "******", "token": "******"}"#);
    }

    #[test]
    fn endpoints_say_how_they_are_spoken_to() {
        assert_eq!(is_plain_http("http://rgw:7480"), Ok(true));
        assert_eq!(is_plain_http("https://rgw"), Ok(false));
        assert!(is_plain_http("rgw:7480").unwrap_err().contains("must begin with http://"));
    }
}
