//! New configurations, while lines flow.

use std::time::Duration;

use barogram_collector::component::{LogFormat, LogLevel, Logging};
use tokio::time::sleep;

use super::agent::{Place, shown, until_stored};
use crate::store::Store;

fn text(mark: &str, multiline: &str) -> String {
    format!(
        r#"
loki.source.file "f" {{
  targets    = [{{"__path__" = "FOLDER/app.log"}}]
  forward_to = [loki.process.p.receiver]
}}
loki.process "p" {{
  {multiline}
  stage.static_labels {{ values = {{ mark = "{mark}" }} }}
  stage.label_drop {{ values = ["filename"] }}
  forward_to = [loki.write.w.receiver]
}}
loki.write "w" {{ ENDPOINT }}
"#
    )
}

#[tokio::test]
async fn no_line_is_lost_or_doubled() {
    let (place, store) = (Place::new(), Store::start([]).await);
    let agent = place.start(&text("0", ""), &store);
    for round in 0..10 {
        for line in 0..20 {
            place.write("app.log", &format!("round {round} line {line}\n"));
            sleep(Duration::from_millis(1)).await;
        }
        let new = place.text(&text(&format!("{}", round / 2), ""), &store);
        agent.reload(&new).await.unwrap();
    }
    until_stored(&store, 200).await;
    agent.stop().await;
    let stored = store.stored();
    assert_eq!(stored.entries.len(), 200);
    assert!(stored.entries.values().all(|(_, count)| *count == 1), "each came once");
}

#[tokio::test]
async fn what_is_wrong_leaves_the_old_running() {
    let (place, store) = (Place::new(), Store::start([]).await);
    let agent = place.start(&text("old", ""), &store);
    let why = agent.reload(&place.text(&text("new", "stage.regx { }"), &store)).await.unwrap_err();
    assert!(why.contains("there is no stage.regx"), "{why}");
    place.write("app.log", "a line\n");
    until_stored(&store, 1).await;
    assert_eq!(shown(&store), [r#"{mark="old"} a line"#]);
    agent.stop().await;
}

/// What a stage holds goes out when the stages are exchanged, and not when others are.
#[tokio::test]
async fn what_is_held_back_goes_out_once() {
    let (place, store) = (Place::new(), Store::start([]).await);
    let held = "stage.multiline {\n firstline = \"^start\"\n max_wait_time = \"1h\"\n}";
    let agent = place.start(&text("1", held), &store);
    place.write("app.log", "start\nmore\n");
    sleep(Duration::from_millis(500)).await;
    let with_other = format!("{}\nloki.echo \"e\" {{ }}", text("1", held));
    agent.reload(&place.text(&with_other, &store)).await.unwrap();
    sleep(Duration::from_millis(300)).await;
    assert!(store.stored().entries.is_empty(), "it is held as before");
    agent.reload(&place.text(&text("2", held), &store)).await.unwrap();
    until_stored(&store, 1).await;
    agent.stop().await;
    assert_eq!(store.stored().lines(), ["start\nmore"]);
}

/// A store that is away for good is exchanged for another: what was queued goes there.
#[tokio::test]
async fn a_store_is_exchanged() {
    let (place, away) = (Place::new(), Store::start([]).await);
    let store = Store::start([]).await;
    let url = away.url.clone();
    let agent = place.start(&text("1", ""), &away);
    drop(away);
    place.write("app.log", "one\n");
    sleep(Duration::from_millis(400)).await;
    let new = place.text(&text("1", ""), &store);
    assert!(!new.contains(&url));
    agent.reload(&new).await.unwrap();
    place.write("app.log", "two\n");
    until_stored(&store, 2).await;
    agent.stop().await;
    assert_eq!(store.stored().lines(), ["one", "two"]);
}

#[tokio::test]
async fn components_come_and_go() {
    let (place, store) = (Place::new(), Store::start([]).await);
    let agent = place.start("loki.echo \"e\" { }", &store);
    agent.reload(&place.text(&text("1", ""), &store)).await.unwrap();
    place.write("app.log", "one\n");
    until_stored(&store, 1).await;
    agent.reload("").await.unwrap();
    place.write("app.log", "two\n");
    sleep(Duration::from_millis(300)).await;
    assert_eq!(store.stored().entries.len(), 1);
    agent.reload(&place.text(&text("1", ""), &store)).await.unwrap();
    until_stored(&store, 2).await;
    agent.stop().await;
}

/// What a configuration says about our own log is told, at the start and anew.
#[tokio::test]
async fn our_own_log() {
    let (place, store) = (Place::new(), Store::start([]).await);
    let agent = place.start("logging { level = \"debug\" }", &store);
    let mut logging = agent.control.logging();
    let level = |logging: Option<Logging>| logging.map(|it| (it.level, it.format));
    assert_eq!(level(*logging.borrow_and_update()), Some((LogLevel::Debug, None)));
    agent.reload("logging {\n level = \"warn\"\n format = \"json\"\n}").await.unwrap();
    assert_eq!(level(*logging.borrow_and_update()), Some((LogLevel::Warn, Some(LogFormat::Json))));
    agent.reload("logging { level = \"loud\" }").await.unwrap_err();
    assert!(!logging.has_changed().unwrap(), "what is wrong changes nothing");
    agent.reload("").await.unwrap();
    assert_eq!(*logging.borrow_and_update(), None);
    agent.stop().await;
}
