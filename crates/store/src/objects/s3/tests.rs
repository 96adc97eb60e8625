//! What settings make of a client of S3.

use object_store::aws::AmazonS3ConfigKey as Key;

use super::*;

fn pairs(text: &str) -> Vec<(String, String)> {
    let pairs = text.split_whitespace().map(|pair| pair.split_once('=').unwrap());
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// What a builder has for some keys, after an environment and settings given by hand.
#[track_caller]
fn check(environment: &str, given: &str, wanted: &[Key], expect: &str) {
    let settings = ObjectSettings::from_environment(pairs(environment)).over(pairs(given));
    let told = builder("logs", &settings).map(|builder| {
        let values = wanted.iter().map(|key| builder.get_config_value(key));
        values.map(|value| value.unwrap_or("-".to_owned())).collect::<Vec<_>>().join(" ")
    });
    assert_eq!(told.unwrap_or_else(|error| error), expect);
}

#[test]
fn a_gateway_by_its_address_has_the_bucket_in_the_path() {
    let keys =
        [Key::S3Endpoint, Key::VirtualHostedStyleRequest, Key::Client(ClientConfigKey::AllowHttp)];
    let check =
        |environment: &str, given: &str, expect: &str| check(environment, given, &keys, expect);
    check("", "", "- true false");
    check("", "endpoint=http://rgw:7480", "http://rgw:7480 false true");
    check("AWS_ENDPOINT_URL=https://rgw", "", "https://rgw false false");
    let hosted = "virtual_hosted_style_request=true";
    check("", &format!("endpoint=https://rgw {hosted}"), "https://logs.rgw true false");
    check("", &format!("endpoint=https://logs.rgw {hosted}"), "https://logs.rgw true false");
    // What is said by hand takes the place of all that the environment says of it.
    let environment = "AWS_ENDPOINT_URL_S3=http://a AWS_VIRTUAL_HOSTED_STYLE_REQUEST=true";
    check(environment, "endpoint=https://b", "https://b false false");
    check(environment, "", "http://logs.a true true");
    check("AWS_ENDPOINT_URL_S3=http://a AWS_ENDPOINT_URL=http://b", "", "http://a false true");
    check("", "endpoint=rgw:7480", {
        "its endpoint \"rgw:7480\" must begin with http:// or https://"
    });
    check("", "virtual_hosted_style_request=maybe", {
        "its virtual_hosted_style_request must be true or false, not \"maybe\""
    });
}

#[test]
fn keys_come_from_one_layer() {
    let keys = [Key::AccessKeyId, Key::SecretAccessKey, Key::Token, Key::RoleArn];
    let check =
        |environment: &str, given: &str, expect: &str| check(environment, given, &keys, expect);
    let environment =
        "AWS_ACCESS_KEY_ID=a AWS_SECRET_ACCESS_KEY=b AWS_SESSION_TOKEN=c AWS_PAGER=less";
    check(environment, "region=eu", "a b c -");
    check(environment, "access_key_id=d secret_access_key=e", "d e - -");
    check(environment, "role_arn=r web_identity_token_file=/t", "- - - r");
    check(environment, "skip_signature=true", "- - - -");
}

#[test]
fn requests_that_hang_end() {
    let keys = [ClientConfigKey::Timeout, ClientConfigKey::ConnectTimeout].map(Key::Client);
    check("", "", &keys, "30s 5s");
    check("", "timeout=90s", &keys, "90s 5s");
    check("AWS_TIMEOUT=80s", "", &keys, "80s 5s");
}

#[test]
fn what_would_make_commits_unsafe_cannot_be_set() {
    let keys = [Key::ConditionalPut];
    check("AWS_CONDITIONAL_PUT=disabled", "", &keys, "etag");
    for name in ["conditional_put", "bucket", "s3_express", "endpiont"] {
        check("", &format!("{name}=x"), &keys, &format!("it has no setting {name:?}"));
    }
}

#[test]
fn a_credentials_file_is_used_when_no_key_is_given() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("credentials");
    let file = format!("credentials_file={}", path.display());
    let keys = [Key::AccessKeyId];
    check("", "profile=prod", &keys, {
        "it is to use the profile \"prod\", but no credentials_file is named"
    });
    let text = "[default]\naws_access_key_id=a\naws_secret_access_key=b\n";
    std::fs::write(&path, text).unwrap();
    check("", &file, &keys, "-");
    let reason =
        format!("its credentials file {}: there is no profile [prod] in it", path.display());
    check("", &format!("{file} profile=prod"), &keys, &reason);
    // A key of the same layer goes first; one of an earlier layer does not count any more.
    check("", &format!("{file} profile=prod access_key_id=c"), &keys, "c");
    check("AWS_ACCESS_KEY_ID=c", &format!("{file} profile=prod"), &keys, &reason);
}
