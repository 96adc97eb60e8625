//! `barogram tail` against the server itself: lines that are pushed while it runs are printed.

use model::{Clock, Entry, Labels, Stream, SystemClock};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::time::timeout;

use crate::ask;
use crate::client::stub::command;
use crate::site::{PATIENCE, Process, Site};

async fn push(url: &str, line: &str) {
    let labels = Labels::new([("dag_id", "etl")]);
    let entries = vec![Entry::new(SystemClock.now(), line)];
    assert_eq!(ask::push(url, &[Stream { labels, entries }]).await.unwrap().status, 204);
}

#[tokio::test]
async fn lines_are_printed_as_they_are_pushed() {
    let site = Site::new();
    let server = Process::start(&site.serve()).await;
    push(&server.url, "before").await;
    let arguments = ["tail", "--dag", "etl", "-o", "raw", "--quiet"];
    let mut process = command(&server.url, &arguments).spawn().unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    for line in ["before", "one", "two", "three"] {
        if line != "before" {
            push(&server.url, line).await;
        }
        let printed = timeout(PATIENCE, lines.next_line()).await.expect("a line comes").unwrap();
        assert_eq!(printed.as_deref(), Some(line));
    }
    // The server says goodbye, which is no error.
    server.stop().await;
    let status = timeout(PATIENCE, process.wait()).await.expect("it ends").unwrap();
    assert_eq!(status.code(), Some(0));
}
