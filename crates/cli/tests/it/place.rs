//! Objects in another place than the data folder.

use model::{Clock, Entry, Labels, Stream, SystemClock};

use crate::ask;
use crate::errors::check_start;
use crate::site::{Process, Site};

fn serve(site: &Site, more: &[&str]) -> Vec<String> {
    site.serve().into_iter().chain(more.iter().map(|word| (*word).to_owned())).collect()
}

#[tokio::test]
async fn a_server_keeps_its_objects_where_it_is_told() {
    let site = Site::new();
    let place = site.path().join("elsewhere");
    let arguments = serve(&site, &["--store", &format!("file://{}", place.display())]);
    for _ in 0..2 {
        let process = Process::start(&arguments).await;
        let entries = vec![Entry::new(SystemClock.now(), "one")];
        let stream = Stream { labels: Labels::new([("test", "place")]), entries };
        assert_eq!(ask::push(&process.url, &[stream]).await.unwrap().status, 204);
        process.stop().await;
    }
    assert!(place.join("VERSION").exists());
    assert!(site.data().join("wal").exists() && !site.data().join("objects").exists());
}

#[tokio::test]
async fn a_bucket_of_a_loki_is_taken_unless_another_place_is_named() {
    let site = Site::new();
    // Nobody listens at port 1.
    let yaml = "storage_config: {aws: {bucketnames: chunks, endpoint: '127.0.0.1:1', \
                insecure: true, access_key_id: AKEY, secret_access_key: s3cr3t}}\n";
    std::fs::write(site.path().join("loki.yaml"), yaml).unwrap();
    check_start(&site.serve(), &["http://127.0.0.1:1/chunks/barogram/VERSION"]).await;
    let option = ["--store-option", "endpoint=http://127.0.0.1:2"];
    check_start(&serve(&site, &option), &["http://127.0.0.1:2/chunks/barogram/VERSION"]).await;
    let place = site.path().join("elsewhere").display().to_string();
    Process::start(&serve(&site, &["--store", &place])).await.stop().await;
}

#[tokio::test]
async fn a_place_that_cannot_be_used() {
    let site = Site::new();
    let check = async |more: &[&str], text: &str| check_start(&serve(&site, more), &[text]).await;
    check(&["--store", "ftp://logs"], "the object store ftp://logs cannot be used").await;
    check(&["--store", "s3://k:s3cr3t@logs"], "s3://******@logs cannot be used: keys").await;
    check(&["--store-option", "region=eu"], "says nothing without --store").await;
    let option = ["--store", "s3://logs", "--store-option", "s3cr3t"];
    check(&option, "--store-option number 1 has no =").await;
    let option = ["--store", "s3://logs", "--store-option", "regoin=eu"];
    check(&option, "s3://logs cannot be used: it has no setting \"regoin\"").await;
}
