//! Lines as they arrive, over a WebSocket that may break.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use insta::assert_snapshot;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Message};
use tokio_tungstenite::{WebSocketStream, accept_hdr_async};

use super::stub::{Said, barogram, command};
use crate::site::PATIENCE;

/// What a server does with a connection.
enum Act {
    /// Sends a text.
    Send(&'static str),
    /// Says goodbye, with a reason.
    Close(CloseCode, &'static str),
    /// Breaks the connection without a word.
    Break,
    /// Waits until the client says goodbye.
    Wait,
}

/// A server that does one list of things for each connection. Gives its address, and the path and
/// query of each.
async fn server(connections: Vec<Vec<Act>>) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let seen = Arc::clone(&asked);
    tokio::spawn(async move {
        for acts in connections {
            let (tcp, _) = listener.accept().await.unwrap();
            #[expect(clippy::result_large_err, reason = "the type of the handshake's callback")]
            let note = |request: &Request, response: Response| {
                seen.lock().unwrap().push(request.uri().to_string());
                Ok(response)
            };
            play(accept_hdr_async(tcp, note).await.unwrap(), acts).await;
        }
    });
    (url, asked)
}

async fn play(mut socket: WebSocketStream<TcpStream>, acts: Vec<Act>) {
    for act in acts {
        match act {
            Act::Send(text) => {
                socket.send(Message::Ping("alive".into())).await.unwrap();
                socket.send(Message::text(text)).await.unwrap();
            }
            Act::Close(code, reason) => {
                let frame = CloseFrame { code, reason: reason.into() };
                socket.close(Some(frame)).await.unwrap();
                while socket.next().await.is_some_and(|message| message.is_ok()) {}
            }
            Act::Break => return,
            Act::Wait => while socket.next().await.is_some_and(|message| message.is_ok()) {},
        }
    }
}

const FIRST: &str = r#"{"streams":[{"stream":{"dag_id":"etl"},"values":[
    ["1768456801000000000","one"],["1768456802000000000","two"]]}],"dropped_entries":null}"#;
/// Begins with what the first had last.
const SECOND: &str = r#"{"streams":[{"stream":{"dag_id":"etl"},"values":[
    ["1768456802000000000","two"],["1768456802000000000","two again"],
    ["1768456803000000000","three"]]}]}"#;
const DROPPED: &str = r#"{"streams":[],"dropped_entries":[
    {"labels":{"dag_id":"etl"},"timestamp":"2026-01-15T06:00:04Z"}]}"#;

fn shown(said: &Said) -> String {
    format!("{}--\n{}exit {:?}", said.out, said.errors, said.code)
}

#[tokio::test]
async fn a_tail_ends_well_when_the_server_says_goodbye() {
    let acts = vec![Act::Send(FIRST), Act::Send(DROPPED), Act::Close(CloseCode::Normal, "")];
    let (url, asked) = server(vec![acts]).await;
    let arguments = ["tail", "--dag", "etl", "--from", "2026-01-15T06:00:00Z", "--delay-for", "2"];
    assert_snapshot!(shown(&barogram(&url, &arguments, "").await), @r#"
    2026-01-15T06:00:01Z {dag_id="etl"} one
    2026-01-15T06:00:02Z {dag_id="etl"} two
    --
    the server dropped 1 entries because we were too slow:
    2026-01-15T06:00:04Z {dag_id="etl"}
    exit Some(0)
    "#);
    assert_snapshot!(asked.lock().unwrap()[0], @r"/loki/api/v1/tail?query=%7Bdag_id%3D%22etl%22%7D&start=1768456800000000000&limit=30&delay_for=2");
}

#[tokio::test]
async fn a_lost_connection_is_made_again_where_it_broke() {
    let first = vec![Act::Send(FIRST), Act::Break];
    let second = vec![Act::Send(SECOND), Act::Close(CloseCode::Normal, "")];
    let (url, asked) = server(vec![first, second]).await;
    let said = barogram(&url, &["query", "-f", "{dag_id=\"etl\"}", "-o", "raw"], "").await;
    assert_eq!((said.out.as_str(), said.code), ("one\ntwo\ntwo again\nthree\n", Some(0)));
    assert!(said.errors.starts_with("the connection was lost ("), "{}", said.errors);
    assert!(asked.lock().unwrap()[1].contains("start=1768456802000000000"));
}

#[tokio::test]
async fn the_server_may_end_a_tail_with_a_reason() {
    let acts = vec![Act::Close(CloseCode::Error, "reached tail max duration limit")];
    let (url, _) = server(vec![acts]).await;
    let said = barogram(&url, &["tail", "{a=\"b\"}"], "").await;
    assert_snapshot!(shown(&said), @r"
    --
    error: the server ended the tail: reached tail max duration limit (code 1011); begin it again to go on
    exit Some(1)
    ");
}

#[tokio::test]
async fn a_refused_tail_has_the_server_s_words() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut tcp, _) = listener.accept().await.unwrap();
        let _ = tcp.read(&mut [0; 4096]).await.unwrap();
        let refusal = "HTTP/1.1 400 Bad Request\r\ncontent-length: 11\r\n\r\nparse error";
        tcp.write_all(refusal.as_bytes()).await.unwrap();
    });
    let said = barogram(&url, &["tail", "{a=\"b\"}"], "").await;
    assert_snapshot!(shown(&said), @r"
    --
    error: the server answered 400 Bad Request: parse error
    exit Some(1)
    ");
}

#[tokio::test]
async fn an_interrupt_is_no_error() {
    let (url, _) = server(vec![vec![Act::Send(FIRST), Act::Wait]]).await;
    let mut process = command(&url, &["tail", "{a=\"b\"}", "-o", "raw"]).spawn().unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let line = timeout(PATIENCE, lines.next_line()).await.expect("a line comes").unwrap();
    assert_eq!(line.as_deref(), Some("one"));
    let id = process.id().unwrap().to_string();
    let kill = tokio::process::Command::new("kill").args(["-INT", &id]).status().await.unwrap();
    assert!(kill.success());
    let status = timeout(Duration::from_secs(20), process.wait()).await.expect("it ends").unwrap();
    assert_eq!(status.code(), Some(0));
}
