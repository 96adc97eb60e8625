//! Every recorded case, asked of a server over a real store.

use barogram_conformance::{Recording, compare};

use crate::ask::Asked;
use crate::differences::Engine;
use crate::tally::{Tally, wanted};

#[tokio::test(flavor = "multi_thread")]
async fn the_recording_without_automatic_labels() {
    check(Recording::Plain).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_recording_with_lokis_defaults() {
    check(Recording::Defaults).await;
}

async fn check(recording: Recording) {
    let asked = Asked::start(recording).await;
    let mut tally = Tally::new(Engine::Server);
    for case in wanted(recording) {
        let (status, body) = asked.answer(&case).await;
        tally.add(&case, compare(&case, status, &body));
    }
    tally.finish();
}
