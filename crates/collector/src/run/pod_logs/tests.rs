//! Which logs are read from the API, and turns.

use std::time::Duration;

use super::*;

fn wanted(node: Option<&str>, folder: &str) -> Wanted {
    let name = |text: &str| text.to_owned();
    Wanted {
        container: Container { namespace: name("a"), pod: name("p"), container: name("c") },
        folder: folder.to_owned(),
        labels: Labels::default(),
        node: node.map(ToOwned::to_owned),
        state: String::new(),
        is_finished: false,
    }
}

/// Which way a pod of node `n1` or `n2` goes, at once and when it has been wanted for a while.
#[track_caller]
fn check(here: &Here, of: &Wanted, expect: (bool, bool)) {
    assert_eq!((here.is_read_by_api(of, false), here.is_read_by_api(of, true)), expect, "{here:?}");
}

#[test]
fn files_where_they_are_and_the_api_where_they_are_not() {
    let here = |is_mounted, node: Option<&str>, is_shared| Here {
        is_mounted,
        folders: HashSet::from(["a_p_1".to_owned()]),
        node: node.map(ToOwned::to_owned),
        is_shared,
    };
    let (ours, other) = (wanted(Some("n1"), "a_p_1"), wanted(Some("n2"), "a_p_2"));
    let ours_without_folder = wanted(Some("n1"), "a_p_3");
    let anywhere = wanted(None, "a_q_*");
    check(&here(false, Some("n1"), true), &ours, (true, true));
    check(&here(true, Some("n1"), false), &ours, (false, false));
    check(&here(true, Some("n1"), false), &ours_without_folder, (false, false));
    check(&here(true, Some("n1"), false), &other, (true, true));
    check(&here(true, Some("n1"), true), &other, (false, false));
    check(&here(true, None, false), &other, (false, true));
    check(&here(true, None, false), &wanted(None, "a_p_*"), (false, false));
    check(&here(true, Some("n1"), false), &anywhere, (false, true));
}

#[test]
fn a_node_is_that_of_its_folders() {
    let mut here = Here { is_mounted: true, ..Here::default() };
    here.folders.insert("a_p_1".to_owned());
    here.learn_node(&[wanted(Some("n2"), "a_p_2"), wanted(Some("n1"), "a_p_1")]);
    assert_eq!(here.node.as_deref(), Some("n1"));
}

#[tokio::test]
async fn turns_are_bounded_and_told() {
    let metrics = Metrics::default();
    let turns = Turns::of(1, &metrics);
    let first = turns.take().await;
    let (of, told) = (turns.clone(), metrics.clone());
    let second = tokio::spawn(async move {
        drop(of.take().await);
        told.api_streams_waiting.get()
    });
    sleep(Duration::from_millis(20)).await;
    assert!(turns.is_wanted());
    assert_eq!((metrics.api_streams.get(), metrics.api_streams_waiting.get()), (1, 1));
    drop(first);
    assert_eq!(second.await.unwrap(), 0);
    assert!(!turns.is_wanted());
    assert_eq!(metrics.api_streams.get(), 0);
}
