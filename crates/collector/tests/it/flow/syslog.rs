//! Messages of syslog, over TCP and UDP.

use std::net::{SocketAddr, TcpListener as Free};
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::sleep;

use super::agent::{Place, shown, until_stored};
use crate::store::Store;

/// A configuration that listens at an address, with more in its listener.
fn text(address: SocketAddr, more: &str) -> String {
    format!(
        r#"
loki.source.syslog "s" {{
  listener {{
    address = "{address}"
    labels  = {{ job = "syslog" }}
    {more}
  }}
  relabel_rules = loki.relabel.r.rules
  forward_to    = [loki.write.w.receiver]
}}
loki.relabel "r" {{
  forward_to = []
  rule {{
    action = "labelmap"
    regex  = "__syslog_message_(hostname|severity|facility|app_name|proc_id|sd_.*)"
  }}
}}
loki.write "w" {{ ENDPOINT }}
"#
    )
}

/// An address that nobody listens at.
fn free() -> SocketAddr {
    Free::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

async fn connect(address: SocketAddr) -> TcpStream {
    loop {
        if let Ok(stream) = TcpStream::connect(address).await {
            return stream;
        }
        sleep(Duration::from_millis(10)).await;
    }
}

/// What is stored of what is sent over one connection.
#[track_caller]
fn check(stored: &[String], expect: &[&str]) {
    assert_eq!(stored, expect);
}

async fn sent(more: &str, bytes: &[u8], count: usize) -> Vec<String> {
    let (place, store, address) = (Place::new(), Store::start([]).await, free());
    let agent = place.start(&text(address, more), &store);
    let mut stream = connect(address).await;
    stream.write_all(bytes).await.unwrap();
    until_stored(&store, count).await;
    agent.stop().await;
    shown(&store)
}

#[tokio::test]
async fn messages_of_tcp() {
    let line = "<165>1 2003-10-11T22:14:15.003Z h a 8 - [x@1 k=\"v\"] one";
    let counted = "<13>1 - h b - - - t\nwo";
    let bytes = format!("{line}\n{} {counted}<13>no\n<13>1 - - c - - -\n", counted.len());
    check(
        &sent("", bytes.as_bytes(), 3).await,
        &[
            r#"{app_name="a", facility="local4", hostname="h", job="syslog", proc_id="8", severity="notice"} one"#,
            "{app_name=\"b\", facility=\"user\", hostname=\"h\", job=\"syslog\", severity=\"notice\"} t\nwo",
            r#"{facility="user", job="syslog", severity="notice"} <13>no"#,
        ],
    );
    let more = "label_structured_data = true\n use_rfc5424_message = true";
    check(
        &sent(more, format!("{line}\n").as_bytes(), 1).await,
        &[&format!(
            r#"{{app_name="a", facility="local4", hostname="h", job="syslog", proc_id="8", sd_x_1_k="v", severity="notice"}} {line}"#
        )],
    );
    check(
        &sent(
            "syslog_format = \"rfc3164\"\n use_incoming_timestamp = true",
            b"<34>Oct 11 22:14:15 h su[1]: x\n<34>Oct 11 22:14:15 h su[1]: x\n",
            2,
        )
        .await,
        &[r#"{app_name="su", facility="auth", hostname="h", job="syslog", proc_id="1", severity="critical"} x"#;
            2],
    );
}

#[tokio::test]
async fn messages_of_udp() {
    let (place, store, address) = (Place::new(), Store::start([]).await, free());
    let more = "protocol = \"udp\"\n max_message_length = 24";
    let agent = place.start(&text(address, more), &store);
    sleep(Duration::from_millis(100)).await;
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    for message in ["<13>1 - h a - - - one\n", "<13>1 - h a - - - two and more"] {
        socket.send_to(message.as_bytes(), address).await.unwrap();
    }
    until_stored(&store, 2).await;
    agent.stop().await;
    let labels =
        r#"{app_name="a", facility="user", hostname="h", job="syslog", severity="notice"}"#;
    check(&shown(&store), &[&format!("{labels} one"), &format!("{labels} two an")]);
}

/// A connection lives on through new configurations, and what was sent when its place goes away is
/// taken.
#[tokio::test]
async fn nothing_is_lost_by_a_reload() {
    let (place, store, address) = (Place::new(), Store::start([]).await, free());
    let agent = place.start(&text(address, ""), &store);
    let mut stream = connect(address).await;
    for round in 0..10 {
        for line in 0..10 {
            let message = format!("<13>1 - h a - - - round {round} line {line}\n");
            stream.write_all(message.as_bytes()).await.unwrap();
        }
        let more = format!("idle_timeout = \"{}s\"", 100 + round);
        agent.reload(&place.text(&text(address, &more), &store)).await.unwrap();
    }
    let other = free();
    agent.reload(&place.text(&text(other, ""), &store)).await.unwrap();
    until_stored(&store, 100).await;
    let mut stream = connect(other).await;
    stream.write_all(b"<13>1 - h a - - - over there\n").await.unwrap();
    stream.flush().await.unwrap();
    until_stored(&store, 101).await;
    stream.write_all(b"<13>1 - h a - - - at the end\n").await.unwrap();
    agent.stop().await;
    assert_eq!(shown(&store).len(), 102);
    assert!(TcpStream::connect(address).await.is_err(), "nobody listens there any more");
}

#[tokio::test]
async fn a_place_that_is_taken_is_told_of() {
    let (place, store) = (Place::new(), Store::start([]).await);
    let taken = Free::bind("127.0.0.1:0").unwrap();
    let agent = place.start(&text(taken.local_addr().unwrap(), ""), &store);
    let problem = || {
        let all = agent.control.components();
        all.iter().find(|it| it.id == "loki.source.syslog.s").and_then(|it| it.stats.problem())
    };
    while problem().is_none() {
        sleep(Duration::from_millis(10)).await;
    }
    assert!(problem().unwrap().starts_with("it cannot listen at tcp 127.0.0.1"));
    drop(taken);
    while problem().is_some() {
        sleep(Duration::from_millis(10)).await;
    }
    agent.stop().await;
}
