//! The place of the objects, as its user writes it: a URL or a path.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use object_store::ObjectStore;
use object_store::path::Path as ObjectPath;

use super::bucket::Bucket;
use super::{DurableFiles, ObjectSettings, azure, google, s3};
use crate::Error;

/// Where objects are kept. Parsed from a path, `file:///path`, `s3://bucket/prefix`,
/// `gs://bucket/prefix` or `az://container/prefix`, and printed as such.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectPlace(Kind);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Folder(PathBuf),
    Bucket { service: Service, name: String, prefix: ObjectPath },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Service {
    S3,
    Google,
    Azure,
}

impl ObjectPlace {
    /// Opens it. Nothing is asked of a bucket yet; a folder is made if it is not there.
    ///
    /// # Errors
    /// When a setting is unknown or makes no sense, the credentials file cannot be read, or the
    /// folder cannot be made.
    pub fn open(&self, settings: &ObjectSettings) -> Result<Arc<dyn ObjectStore>, Error> {
        let (service, name, prefix) = match &self.0 {
            Kind::Folder(path) => return Ok(Arc::new(DurableFiles::open(path)?)),
            Kind::Bucket { service, name, prefix } => (service, name, prefix),
        };
        let client: Result<Box<dyn ObjectStore>, String> = match service {
            Service::S3 => s3::open(name, settings),
            Service::Google => google::open(name, settings),
            Service::Azure => azure::open(name, settings),
        };
        let client = client.map_err(|reason| Error::Place { place: self.to_string(), reason })?;
        Ok(Arc::new(Bucket::new(self.to_string(), client, prefix.clone())))
    }
}

impl FromStr for ObjectPlace {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let kind = match text.split_once("://") {
            None => folder(text),
            Some(("file", path)) => file(path),
            Some(("s3", rest)) => bucket(Service::S3, rest),
            Some(("gs", rest)) => bucket(Service::Google, rest),
            Some(("az", rest)) => bucket(Service::Azure, rest),
            Some(_) => Err("it must be a folder, file:///folder, s3://bucket/prefix, \
                            gs://bucket/prefix or az://container/prefix"
                .to_owned()),
        };
        kind.map(Self).map_err(|reason| Error::Place { place: without_user(text), reason })
    }
}

impl fmt::Display for ObjectPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Folder(path) => path.display().fmt(f),
            Kind::Bucket { service, name, prefix } => {
                write!(f, "{}://{name}", service.scheme())?;
                if prefix.as_ref().is_empty() { Ok(()) } else { write!(f, "/{prefix}") }
            }
        }
    }
}

impl Service {
    fn scheme(self) -> &'static str {
        match self {
            Self::S3 => "s3",
            Self::Google => "gs",
            Self::Azure => "az",
        }
    }
}

fn folder(path: &str) -> Result<Kind, String> {
    if path.is_empty() {
        return Err("it has no name".to_owned());
    }
    Ok(Kind::Folder(path.into()))
}

fn file(path: &str) -> Result<Kind, String> {
    if !path.starts_with('/') {
        return Err("write file:/// and the whole path, or the path alone".to_owned());
    }
    if path.contains(['%', '?', '#']) {
        return Err("a path with %, ? or # in it must be given alone, without file://".to_owned());
    }
    folder(path)
}

fn bucket(service: Service, rest: &str) -> Result<Kind, String> {
    let (name, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.contains(['@', ':']) {
        return Err("keys and endpoints are settings: they do not stand in the URL".to_owned());
    }
    if name.is_empty() || !name.chars().all(is_plain) {
        return Err(format!("{name:?} is not the name of a bucket"));
    }
    let is_plain = |c: char| is_plain(c) || matches!(c, '/' | '=');
    if let Some(odd) = prefix.chars().find(|c| !is_plain(*c)) {
        return Err(format!("the prefix has a {odd:?}: use letters, digits and -_.=/"));
    }
    let prefix = ObjectPath::parse(prefix).map_err(|error| error.to_string())?;
    Ok(Kind::Bucket { service, name: name.to_owned(), prefix })
}

/// What stands before an `@` may be a key.
fn without_user(text: &str) -> String {
    match (text.split_once("://"), text.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://******@{host}"),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: &str) {
        let place = text.parse::<ObjectPlace>();
        let told = place.as_ref().map_or_else(ToString::to_string, ToString::to_string);
        assert_eq!(told, expect);
        if let Ok(place) = place {
            assert_eq!(told.parse::<ObjectPlace>().unwrap(), place);
        }
    }

    #[test]
    fn places_are_read_and_printed() {
        check("data/objects", "data/objects");
        check("/srv/100% logs?", "/srv/100% logs?");
        check("file:///srv/logs", "/srv/logs");
        check("s3://logs", "s3://logs");
        check("s3://logs/", "s3://logs");
        check("s3://logs/prod/eu=1/", "s3://logs/prod/eu=1");
        check("gs://my.bucket_1/a", "gs://my.bucket_1/a");
        check("az://container/a/b", "az://container/a/b");
    }

    #[test]
    fn what_is_no_place_is_refused() {
        let check = |text: &str, reason: &str| {
            check(text, &format!("the object store {text} cannot be used: {reason}"));
        };
        check("", "it has no name");
        check("file://host/path", "write file:/// and the whole path, or the path alone");
        check("file:///a%20b", "a path with %, ? or # in it must be given alone, without file://");
        let known = "it must be a folder, file:///folder, s3://bucket/prefix, \
                     gs://bucket/prefix or az://container/prefix";
        check("https://s3.example.com/logs", known);
        check("S3://logs", known);
        check("s3://", "\"\" is not the name of a bucket");
        check("s3:///logs", "\"\" is not the name of a bucket");
        check(
            "s3://rgw:7480/logs",
            "keys and endpoints are settings: they do not stand in the URL",
        );
        check("s3://logs?x=1", "\"logs?x=1\" is not the name of a bucket");
        check("s3://logs/a b", "the prefix has a ' ': use letters, digits and -_.=/");
        check("s3://logs/a%20b", "the prefix has a '%': use letters, digits and -_.=/");
        check("s3://logs/a//b", "Path \"a//b\" contained empty path segment");
        assert!("s3://logs/a/../b".parse::<ObjectPlace>().is_err());
    }

    #[test]
    fn a_key_in_the_url_is_refused_and_not_repeated() {
        check(
            "s3://AKIA:s3cr3t@logs/a",
            "the object store s3://******@logs/a cannot be used: keys and endpoints are settings: \
             they do not stand in the URL",
        );
    }
}
