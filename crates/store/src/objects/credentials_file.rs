//! Keys in a file of AWS's form, as in `~/.aws/credentials`: sections of profiles, lines of pairs.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use object_store::CredentialProvider;
use object_store::aws::AwsCredential;
use tokio::time::Instant;

/// How old what was read may be: a key that was replaced in the file is used after this long.
const AGE_MAX: Duration = Duration::from_secs(60);

/// The keys of a profile, read again now and then, because some are replaced while we run.
#[derive(Debug)]
pub(super) struct CredentialsFile {
    path: PathBuf,
    profile: String,
    read: Mutex<Option<(Instant, Arc<AwsCredential>)>>,
}

impl CredentialsFile {
    /// The keys of this profile; the file must have them now.
    pub(super) fn open(path: PathBuf, profile: String) -> Result<Self, String> {
        let file = Self { path, profile, read: Mutex::default() };
        file.parse(std::fs::read_to_string(&file.path))?;
        Ok(file)
    }

    fn parse(&self, text: std::io::Result<String>) -> Result<AwsCredential, String> {
        let credential = text.map_err(|error| error.to_string());
        credential
            .and_then(|text| parse(&text, &self.profile))
            .map_err(|reason| format!("its credentials file {}: {reason}", self.path.display()))
    }

    async fn get(&self, now: Instant) -> Result<Arc<AwsCredential>, String> {
        if let Some(credential) = self.fresh(now) {
            return Ok(credential);
        }
        let credential = Arc::new(self.parse(tokio::fs::read_to_string(&self.path).await)?);
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        *read = Some((now, Arc::clone(&credential)));
        Ok(credential)
    }

    fn fresh(&self, now: Instant) -> Option<Arc<AwsCredential>> {
        let read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, credential) = read.as_ref()?;
        (now.duration_since(*at) < AGE_MAX).then(|| Arc::clone(credential))
    }
}

#[async_trait]
impl CredentialProvider for CredentialsFile {
    type Credential = AwsCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<AwsCredential>> {
        let credential = self.get(Instant::now()).await;
        credential
            .map_err(|reason| object_store::Error::Generic { store: "S3", source: reason.into() })
    }
}

/// The keys of a profile in the text of a file.
fn parse(text: &str, profile: &str) -> Result<AwsCredential, String> {
    let (mut section, mut is_there) = ("", false);
    let (mut key_id, mut secret_key, mut token) = (None, None, None);
    for line in text.lines().map(without_comment) {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            section = name.trim();
            is_there |= section == profile;
        } else if section == profile
            && let Some((name, value)) = line.split_once('=')
        {
            let value = Some(value.trim().to_owned()).filter(|value| !value.is_empty());
            match name.trim() {
                "aws_access_key_id" => key_id = value,
                "aws_secret_access_key" => secret_key = value,
                "aws_session_token" => token = value,
                _ => {}
            }
        }
    }
    if !is_there {
        return Err(format!("there is no profile [{profile}] in it"));
    }
    let missing = |name: &str| format!("the profile [{profile}] has no {name}");
    let key_id = key_id.ok_or_else(|| missing("aws_access_key_id"))?;
    let secret_key = secret_key.ok_or_else(|| missing("aws_secret_access_key"))?;
    Ok(AwsCredential { key_id, secret_key, token })
}

/// A comment is a line of its own, or stands after a blank: keys may have a `#` within.
fn without_comment(line: &str) -> &str {
    if line.starts_with(['#', ';']) {
        return "";
    }
    let end = [" #", " ;", "\t#", "\t;"].iter().filter_map(|mark| line.find(mark)).min();
    line[..end.unwrap_or(line.len())].trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, profile: &str, expect: Result<(&str, &str, Option<&str>), &str>) {
        let found = parse(text, profile);
        let found = found.as_ref().map(|found| {
            (found.key_id.as_str(), found.secret_key.as_str(), found.token.as_deref())
        });
        assert_eq!(found.map_err(String::as_str), expect);
    }

    #[test]
    fn profiles_are_read() {
        let text = "# ours\n[default]\naws_access_key_id = AK\naws_secret_access_key=a/b+c=\n\
                    \n[ prod ]\r\n  aws_access_key_id=PK # of 2026\n;aws_session_token = no\n\
                    aws_secret_access_key = x#y\t; odd\nregion = eu\naws_session_token = T==\n";
        check(text, "default", Ok(("AK", "a/b+c=", None)));
        check(text, "prod", Ok(("PK", "x#y", Some("T=="))));
        check(text, "dev", Err("there is no profile [dev] in it"));
        check("", "default", Err("there is no profile [default] in it"));
        let again = format!("{text}[default]\naws_access_key_id = LATER\n");
        check(&again, "default", Ok(("LATER", "a/b+c=", None)));
    }

    #[test]
    fn a_profile_without_keys_is_refused() {
        let check = |text, missing| {
            check(text, "p", Err(&format!("the profile [p] has no {missing}")));
        };
        check("[p]\nrole_arn = arn:x\n", "aws_access_key_id");
        check("[p]\naws_access_key_id = A\naws_secret_access_key =\n", "aws_secret_access_key");
        check("[p]\naws_secret_access_key\n[q]\naws_access_key_id = A\n", "aws_access_key_id");
    }

    #[tokio::test]
    async fn keys_that_were_replaced_are_used_after_a_minute() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("credentials");
        let write = |key: &str| {
            let text = format!("[a]\naws_access_key_id={key}\naws_secret_access_key=s3cr3t\n");
            std::fs::write(&path, text).unwrap();
        };
        write("one");
        let file = CredentialsFile::open(path.clone(), "a".to_owned()).unwrap();
        let start = Instant::now();
        assert_eq!(file.get(start).await.unwrap().key_id, "one");
        write("two");
        assert_eq!(file.get(start + AGE_MAX / 2).await.unwrap().key_id, "one");
        assert_eq!(file.get(start + AGE_MAX).await.unwrap().key_id, "two");
        assert!(!format!("{file:?}").contains("s3cr3t"));
        std::fs::remove_file(&path).unwrap();
        let error = file.get(start + AGE_MAX * 2).await.unwrap_err();
        assert!(error.contains(&path.display().to_string()), "{error}");
    }
}
