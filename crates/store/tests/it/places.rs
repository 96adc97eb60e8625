//! Places by URL: what goes over the wire to them, and what they refuse.

use std::sync::Arc;
use std::time::Duration;

use barogram_store::{Config, Error, ErrorKind, FailPoints, ObjectPlace, ObjectSettings, Store};
use model::{ManualClock, Timestamp};
use object_store::path::Path;
use object_store::{ObjectStore, PutMode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::under_test::{fresh_objects, open};
use crate::world::{at, lines, stream, tenant};

fn settings(pairs: &[(&str, &str)]) -> ObjectSettings {
    let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    ObjectSettings::default().over(pairs)
}

fn open_with(place: &str, pairs: &[(&str, &str)]) -> Result<Arc<dyn ObjectStore>, Error> {
    place.parse::<ObjectPlace>().unwrap().open(&settings(pairs))
}

async fn open_at(folder: &std::path::Path, objects: &Arc<dyn ObjectStore>) -> Result<Store, Error> {
    let clock = Arc::new(ManualClock::new(Timestamp(at(0))));
    let (objects, fail_points) = (Some(Arc::clone(objects)), FailPoints::default());
    Store::open_in(folder, objects, Config::default(), clock, fail_points).await
}

/// A gateway that tells the head of its first request, and gives this answer.
async fn gateway(answer: &'static str) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let told = tokio::spawn(async move {
        let (mut peer, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.windows(4).any(|end| end == b"\r\n\r\n") {
            let mut part = [0; 4096];
            let read = peer.read(&mut part).await.unwrap();
            head.extend_from_slice(&part[..read]);
        }
        peer.write_all(answer.as_bytes()).await.unwrap();
        String::from_utf8_lossy(&head).to_lowercase()
    });
    (address, told)
}

async fn create(objects: &Arc<dyn ObjectStore>) -> object_store::Result<()> {
    let create = PutMode::Create.into();
    objects.put_opts(&Path::from("a/b"), "".into(), create).await.map(drop)
}

#[tokio::test]
async fn a_create_is_if_none_match_below_the_prefix() {
    let answer = "HTTP/1.1 200 OK\r\netag: \"x\"\r\ncontent-length: 0\r\n\r\n";
    let (endpoint, told) = gateway(answer).await;
    let keys = [("access_key_id", "AKEY"), ("secret_access_key", "s3cr3t")];
    let pairs = [&[("endpoint", endpoint.as_str())], &keys[..]].concat();
    create(&open_with("s3://logs/prod", &pairs).unwrap()).await.unwrap();
    let head = told.await.unwrap();
    assert!(head.starts_with("put /logs/prod/a/b http/1.1\r\n"), "{head}");
    assert!(head.contains("\r\nif-none-match: *\r\n"), "{head}");
    assert!(head.contains("\r\nauthorization: aws4-hmac-sha256 credential=akey/"), "{head}");
    assert!(head.contains("\r\nuser-agent: barogram/"), "{head}");

    let (endpoint, told) = gateway(answer).await;
    let pairs =
        [("endpoint", endpoint.as_str()), ("account_name", "me"), ("skip_signature", "true")];
    create(&open_with("az://logs/prod", &pairs).unwrap()).await.unwrap();
    let head = told.await.unwrap();
    assert!(head.starts_with("put /logs/prod/a/b http/1.1\r\n"), "{head}");
    assert!(head.contains("\r\nif-none-match: *\r\n"), "{head}");

    let (endpoint, told) = gateway(answer).await;
    let account =
        r#"{"private_key": "", "private_key_id": "", "client_email": "", "disable_oauth": true}"#;
    let pairs = [("base_url", endpoint.as_str()), ("service_account_key", account)];
    create(&open_with("gs://logs/prod", &pairs).unwrap()).await.unwrap();
    let head = told.await.unwrap();
    assert!(head.starts_with("put /logs/prod%2fa%2fb http/1.1\r\n"), "{head}");
    assert!(head.contains("\r\nx-goog-if-generation-match: 0\r\n"), "{head}");
}

#[tokio::test]
async fn a_gateway_that_hangs_becomes_an_error() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let keys = [("access_key_id", "AKEY"), ("secret_access_key", "s3cr3t")];
    let pairs = [&[("endpoint", endpoint.as_str()), ("timeout", "50ms")], &keys[..]].concat();
    let objects = open_with("s3://logs", &pairs).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let opened = tokio::time::timeout(Duration::from_secs(60), open_at(folder.path(), &objects));
    let error = opened.await.expect("the request ends by itself").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Retry, "{error}");
}

#[test]
fn secrets_are_not_printed() {
    let secrets: [(&str, &[(&str, &str)]); 6] = [
        ("s3://logs", &[("access_key_id", "AKEY"), ("secret_access_key", "s3cr3t")]),
        ("s3://logs", &[("secret_access_key", "s3cr3t"), ("token", "s3cr3t")]),
        ("az://logs", &[("account_name", "me"), ("access_key", "s3cr3t==")]),
        ("az://logs", &[("account_name", "me"), ("access_key", "czNjcjN0")]),
        ("az://logs", &[("account_name", "me"), ("sas_token", "sig=s3cr3t")]),
        ("gs://logs", &[("service_account_key", "\"s3cr3t\"")]),
    ];
    // The key of Azure in the other form in which it may be printed.
    let bytes = format!("{:?}", b"s3cr3t");
    for (place, pairs) in secrets {
        let told = match open_with(place, pairs) {
            Ok(objects) => format!("{objects:?} {objects}"),
            Err(error) => format!("{error:?} {error}"),
        };
        assert!(told.contains(place), "{told}");
        assert!(!told.contains("s3cr3t") && !told.contains("czNj"), "{told}");
        assert!(!told.contains(bytes.trim_matches(['[', ']'])), "{told}");
    }
}

#[test]
fn a_setting_that_is_not_known_is_refused() {
    let error = open_with("az://logs", &[("region", "eu")]).unwrap_err();
    let expect = "the object store az://logs cannot be used: it has no setting \"region\"";
    assert_eq!((error.to_string().as_str(), error.kind()), (expect, ErrorKind::Operator));
    let error = open_with("gs://logs", &[("base_url", "gateway")]).unwrap_err();
    assert!(error.to_string().ends_with("must begin with http:// or https://"), "{error}");
}

#[tokio::test]
async fn a_log_may_be_here_and_its_objects_elsewhere() {
    let (objects, folder) = (fresh_objects(), tempfile::tempdir().unwrap());
    let store = open_at(folder.path(), &objects).await.unwrap();
    let error = open_at(folder.path(), &objects).await.unwrap_err();
    assert!(matches!(error, Error::InUse { .. }), "{error}");
    store.append(&tenant(), vec![stream("a", &[(1, "one")])]).await.unwrap();
    store.flush().await.unwrap();
    store.append(&tenant(), vec![stream("a", &[(2, "two")])]).await.unwrap();
    store.shutdown().await.unwrap();
    drop(store);
    let store = open_at(folder.path(), &objects).await.unwrap();
    assert_eq!(lines(&store).await, ["one", "two"]);
    assert!(!folder.path().join("objects").exists());
}

#[tokio::test]
async fn objects_in_the_data_folder_are_not_left_out_of_sight() {
    let (objects, folder) = (fresh_objects(), tempfile::tempdir().unwrap());
    let clock = Arc::new(ManualClock::new(Timestamp(at(0))));
    let store = Store::open_folder(folder.path(), Config::default(), clock).await.unwrap();
    store.append(&tenant(), vec![stream("a", &[(1, "one")])]).await.unwrap();
    store.flush().await.unwrap();
    store.shutdown().await.unwrap();
    drop(store);
    let error = open_at(folder.path(), &objects).await.unwrap_err();
    let own = folder.path().join("objects");
    assert!(matches!(&error, Error::TwoPlaces { own: found, .. } if *found == own), "{error}");
    // Named by hand, the folder is the same place.
    let files = open(&format!("{}/../objects", own.display()));
    assert_eq!(lines(&open_at(folder.path(), &files).await.unwrap()).await, ["one"]);
    // What the error says to do helps.
    crate::world::copy(&files, &objects).await;
    std::fs::remove_dir_all(&own).unwrap();
    assert_eq!(lines(&open_at(folder.path(), &objects).await.unwrap()).await, ["one"]);
}

/// Ceph does not keep `If-None-Match` where old versions are kept.
#[tokio::test]
async fn a_versioned_bucket_of_ceph_is_refused() {
    let Ok(place) = std::env::var("BAROGRAM_TEST_VERSIONED_STORE") else {
        assert!(std::env::var("BAROGRAM_TEST_CEPH").is_err(), "the bucket's URL was not passed");
        return;
    };
    let (objects, folder) = (open(&place), tempfile::tempdir().unwrap());
    let error = open_at(folder.path(), &objects).await.unwrap_err();
    let expect = format!(
        "the object store {place} overwrites objects that it is told only to create; turn \
         versioning off for this bucket, or use another store"
    );
    assert_eq!(error.to_string(), expect);
}
