//! A client that goes away takes its query with it.

use std::net::SocketAddr;
use std::time::Duration;

use barogram_server::Server;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::{plain, uri};
use crate::stalled::stalled_parts;

/// Only a test that fails waits so long.
const PATIENCE: Duration = Duration::from_secs(20);

async fn send(addr: SocketAddr, request: &str) -> TcpStream {
    let mut connection = TcpStream::connect(addr).await.unwrap();
    let request = format!("{request} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    connection.write_all(request.as_bytes()).await.unwrap();
    connection
}

/// Waits until so many queries are being answered.
async fn until_running(addr: SocketAddr, route: &str, count: usize) {
    let wanted = format!("http_requests_in_flight{{route=\"{route}\"}} {count}\n");
    let looking = async {
        loop {
            let mut answer = String::new();
            let mut connection = send(addr, "GET /metrics").await;
            connection.read_to_string(&mut answer).await.unwrap();
            if answer.contains(&wanted) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, looking).await.expect("the query starts or ends");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_ends_when_nobody_waits_for_it() {
    let (_folder, parts) = stalled_parts().await;
    let listener = Server::listen(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
    let addr = listener.local_addr().unwrap();
    let server = Server::build(plain(), parts).unwrap();
    tokio::spawn(server.serve(listener, std::future::pending()));

    for route in ["/loki/api/v1/query_range", "/loki/api/v1/patterns"] {
        // The segment is never read: without an end from outside, the query runs to its time limit.
        let query = uri(route, &[("query", r#"{app="a"}"#), ("since", "1h")]);
        let connection = send(addr, &format!("GET {query}")).await;
        until_running(addr, route, 1).await;
        drop(connection);
        until_running(addr, route, 0).await;
    }
}
