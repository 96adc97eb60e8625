//! The sample's pods, from the node's files to the answer of a query: every line, once, and whose
//! it is.

use std::time::Duration;

use barogram_cli::demo::play::{self, play};
use barogram_cli::demo::sample::Sample;
use model::SystemClock;

use crate::site::Site;
use crate::{ask, truth};

/// Short, so that hundreds of pods are born and gone while others are read.
const DURATION: Duration = Duration::from_secs(3);
/// Small, so that logs are rotated in the middle of lines and of tracebacks.
const ROTATE_BYTES: usize = 32 * 1024;

#[tokio::test(flavor = "multi_thread")]
async fn every_line_arrives_once_and_is_its_task_s() {
    let site = Site::new();
    let sample = Sample::load().unwrap();
    let mut machines = site.machines().await;
    let node = play::Config { rotate_bytes: ROTATE_BYTES, ..site.play(DURATION) };
    let played = play(&sample, &node, &SystemClock, |_| {}).await.unwrap();
    machines.arrived().await;
    assert!(played.rotated > 50 && played.removed > 200, "{played:?}");

    let streams = ask::lines(&machines.url, r#"{namespace=~".+"}"#).await;
    let (written, found) = (truth::written(&sample), truth::found(&streams));
    assert_eq!(written.count(), played.lines);
    truth::assert_none("lines differ", &written.differences(&found));
    truth::assert_none("facts are wrong", &truth::misattributed(&sample, &streams));
    machines.stop().await;
}
