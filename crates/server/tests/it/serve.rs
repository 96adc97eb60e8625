//! A server on a socket: it starts, says why it does not, and stops.

use std::net::SocketAddr;

use barogram_server::{Config, Error, Server};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

use crate::harness::{parts, plain};

const ANY_PORT: ([u8; 4], u16) = ([127, 0, 0, 1], 0);

#[tokio::test]
async fn it_serves_until_it_is_told_to_stop() {
    let (_folder, _clock, parts) = parts().await;
    let listener = Server::listen(SocketAddr::from(ANY_PORT)).await.unwrap();
    let addr = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let server = Server::build(plain(), parts).unwrap();
    let serving = tokio::spawn(server.serve(listener, async {
        let _ = stopped.await;
    }));
    let mut connection = TcpStream::connect(addr).await.unwrap();
    let request = b"GET /ready HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    connection.write_all(request).await.unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("ready\n"), "{answer}");
    stop.send(()).unwrap();
    serving.await.unwrap().unwrap();
    assert!(TcpStream::connect(addr).await.is_err());
}

#[tokio::test]
async fn a_port_in_use_is_named() {
    let listener = Server::listen(SocketAddr::from(ANY_PORT)).await.unwrap();
    let addr = listener.local_addr().unwrap();
    let error = Server::listen(addr).await.unwrap_err();
    assert!(matches!(error, Error::PortInUse(taken) if taken == addr), "{error}");
}

#[tokio::test]
async fn the_network_is_not_served_by_accident() {
    let (_folder, _clock, parts) = parts().await;
    let config = Config { listen: "0.0.0.0:3100".parse().unwrap(), ..plain() };
    let error = Server::build(config, parts).unwrap_err();
    assert!(error.to_string().contains("--token-file"), "{error}");
}
