//! Every recorded case, asked of a server over a real store. A case that differs on purpose is
//! listed here with its reason, and in `docs/compatibility.md`.

use std::collections::BTreeMap;

use barogram_conformance::{Case, Recording, cases, compare};

use crate::ask::Asked;

/// Cases that differ, and why.
const DIFFERENCES: &[(&str, &str)] = &[];

#[tokio::test(flavor = "multi_thread")]
async fn the_recording_without_automatic_labels() {
    check(Recording::Plain).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_recording_with_lokis_defaults() {
    check(Recording::Defaults).await;
}

/// `BAROGRAM_CASE` narrows it down to the cases whose id begins so.
async fn check(recording: Recording) {
    let asked = Asked::start(recording).await;
    let wanted = std::env::var("BAROGRAM_CASE").unwrap_or_default();
    let differences: BTreeMap<_, _> = DIFFERENCES.iter().copied().collect();
    let (mut passed, mut failures) = (0, Vec::new());
    for case in cases(recording).unwrap().iter().filter(|case| case.id.starts_with(&wanted)) {
        let outcome = outcome(&asked, case).await;
        match (outcome, differences.get(case.id.as_str())) {
            (Ok(()), None) => passed += 1,
            (Err(_), Some(_)) => {}
            (Ok(()), Some(reason)) => {
                failures.push(format!("{}: no longer differs ({reason})", case.id));
            }
            (Err(what), None) => failures.push(format!("{}: {:?}\n  {what}", case.id, case.params)),
        }
    }
    let count = failures.len();
    println!("{passed} passed, {count} failed");
    assert!(failures.is_empty(), "{count} cases differ:\n{}", failures.join("\n"));
}

async fn outcome(asked: &Asked, case: &Case) -> Result<(), String> {
    let (status, body) = asked.answer(case).await;
    compare(case, status, &body)
}
