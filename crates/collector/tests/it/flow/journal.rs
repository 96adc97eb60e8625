//! The journal of systemd, as it has written it.

use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::time::Duration;

use flate2::read::GzDecoder;
use tokio::time::sleep;

use super::agent::{Place, shown, until, until_stored};
use crate::store::Store;

/// Entries of each of the journals that have a message.
const MESSAGES: usize = 46;
/// Where a journal tells how many entries it has.
const COUNT_AT: usize = 152;

fn text(more: &str) -> String {
    format!(
        r#"
loki.source.journal "j" {{
  path          = "FOLDER/journal"
  labels        = {{ cluster = "c" }}
  relabel_rules = loki.relabel.r.rules
  forward_to    = [loki.write.w.receiver]
  {more}
}}
loki.relabel "r" {{
  forward_to = []
  rule {{
    source_labels = ["__journal_syslog_identifier"]
    target_label  = "app"
  }}
  rule {{
    source_labels = ["__journal_priority_keyword"]
    target_label  = "level"
  }}
}}
loki.write "w" {{ ENDPOINT }}
"#
    )
}

const ALL: &str = "max_age = \"1000000h\"";

/// Puts a journal with its first entries where the agent looks.
fn put(place: &Place, name: &str, entries: Option<u64>) {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/journal");
    let mut bytes = Vec::new();
    let packed = fs::File::open(data.join(format!("{name}.journal.gz"))).unwrap();
    GzDecoder::new(packed).read_to_end(&mut bytes).unwrap();
    if let Some(entries) = entries {
        bytes[COUNT_AT..COUNT_AT + 8].copy_from_slice(&entries.to_le_bytes());
    }
    let folder = place.path("journal/0123456789abcdef0123456789abcdef");
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join(format!("{name}.journal"));
    if !path.exists() {
        let part = place.path("part");
        fs::write(&part, &bytes).unwrap();
        fs::rename(part, path).unwrap();
        return;
    }
    // In its place, as whoever writes it does.
    let mut file = fs::OpenOptions::new().write(true).open(path).unwrap();
    file.write_all(&bytes).unwrap();
}

/// Entries that come while it runs, while it does not, and in a file that is new: each once.
#[tokio::test]
async fn each_entry_once() {
    let (place, store) = (Place::new(), Store::start([]).await);
    put(&place, "compact", Some(10));
    let agent = place.start(&text(ALL), &store);
    until_stored(&store, 10).await;
    put(&place, "compact", Some(20));
    until_stored(&store, 20).await;
    sleep(Duration::from_millis(100)).await;
    agent.kill().await;
    put(&place, "compact", None);
    put(&place, "regular", None);
    let agent = place.start(&text("max_age = \"1ms\""), &store);
    until_stored(&store, 2 * MESSAGES).await;
    sleep(Duration::from_millis(100)).await;
    agent.stop().await;
    let stored = store.stored().entries;
    assert_eq!(stored.len(), 2 * MESSAGES, "what is new is read, however old it is");
    assert!(stored.values().all(|(_, count)| *count == 1), "each came once");
    let expect = "{app=\"app\", cluster=\"c\", job=\"loki.source.journal.j\", level=\"warning\"} \
                  hello from the journal";
    assert!(shown(&store).iter().any(|line| line == expect), "{:#?}", shown(&store));
}

/// What is asked for, and nothing else; through a new configuration.
#[tokio::test]
async fn entries_that_are_meant() {
    let (place, store) = (Place::new(), Store::start([]).await);
    put(&place, "compact", Some(5));
    let matches = "matches = \"SYSLOG_IDENTIFIER=py SYSLOG_IDENTIFIER=app PRIORITY=3\"";
    let agent = place.start(&text(&format!("{ALL}\n{matches}")), &store);
    until_stored(&store, 1).await;
    let none = "matches = \"NOTE=none\"";
    agent.reload(&place.text(&text(&format!("{ALL}\n{none}")), &store)).await.unwrap();
    put(&place, "compact", Some(20));
    let count = || {
        let all = agent.control.components();
        let detail = all.iter().find(|it| it.name == "loki.source.journal").unwrap().stats.detail();
        format!("{detail:?}")
    };
    until(|| count().contains("20 of 20"), count).await;
    let all = "format_as_json = true\n matches = \"_HOSTNAME=node-1 SYSLOG_IDENTIFIER=py\"";
    agent.reload(&place.text(&text(&format!("{ALL}\n{all}")), &store)).await.unwrap();
    put(&place, "compact", None);
    until_stored(&store, 2).await;
    agent.stop().await;
    let labels = r#"{app="py", cluster="c", job="loki.source.journal.j", level="#;
    let found = shown(&store);
    assert_eq!(found[0], format!("{labels}\"error\"}} two\nlines"));
    assert!(
        found[1].starts_with(&format!("{labels}\"info\"}} {{\"NOTE\":\"no message\"")),
        "{found:?}"
    );
    assert_eq!(found.len(), 2);
}

/// Where nothing was read before, what is too old is left out; that there is no journal is told.
#[tokio::test]
async fn the_first_time() {
    let (place, store) = (Place::new(), Store::start([]).await);
    let agent = place.start(&text("max_age = \"1ms\""), &store);
    let problem = || {
        let all = agent.control.components();
        all.iter().find(|it| it.name == "loki.source.journal").and_then(|it| it.stats.problem())
    };
    until(|| problem().is_some(), || "a problem".to_owned()).await;
    put(&place, "compact", None);
    until(|| problem().is_none(), || format!("{:?}", problem())).await;
    put(&place, "regular", None);
    until_stored(&store, MESSAGES).await;
    agent.stop().await;
    assert_eq!(shown(&store).len(), MESSAGES);
}
