//! Who may come in, whose data they see, and paths that are none.

use axum::body::Body;
use axum::http::{Request, header};
use barogram_server::{Config, Token};

use crate::harness::{Harness, plain};

#[tokio::test]
async fn without_the_token_nobody_comes_in() {
    let server = Harness::new(Config { token: Token::new("s3cret"), ..plain() }).await;
    let ask = async |path: &str, authorization: Option<&str>| {
        let mut request = Request::get(path);
        if let Some(value) = authorization {
            request = request.header(header::AUTHORIZATION, value);
        }
        server.send(request.body(Body::empty()).unwrap()).await.status
    };
    let labels = "/loki/api/v1/labels";
    assert_eq!(ask(labels, None).await, 401);
    assert_eq!(ask(labels, Some("Bearer wrong")).await, 401);
    assert_eq!(ask(labels, Some("Bearer s3cret")).await, 200);
    assert_eq!(ask(labels, Some("Basic YW55Ym9keTpzM2NyZXQ=")).await, 200);
    assert_eq!(ask("/metrics", None).await, 401);
    assert_eq!(ask("/nosuch", None).await, 401);
    assert_eq!(ask("/ready", None).await, 200);
}

#[tokio::test]
async fn tenants_see_their_own_data() {
    let server = Harness::new(Config { multi_tenant: true, ..plain() }).await;
    let send = async |method: &str, path: &str, tenant: Option<&str>, body: &'static str| {
        let mut request = Request::builder().method(method).uri(path);
        request = request.header("Content-Type", "application/json");
        if let Some(tenant) = tenant {
            request = request.header("X-Scope-OrgID", tenant);
        }
        server.send(request.body(Body::from(body)).unwrap()).await
    };
    let body = r#"{"streams":[{"stream":{"a":"1"},"values":[["1768867140000000000","x"]]}]}"#;
    let (push, labels) = ("/loki/api/v1/push", "/loki/api/v1/labels");
    assert_eq!(send("POST", push, Some("one"), body).await.status, 204);
    assert!(send("GET", labels, Some("one"), "").await.text().contains("\"a\""));
    assert_eq!(send("GET", labels, Some("two"), "").await.text(), "{\"status\":\"success\"}\n");
    let nobody = send("GET", labels, None, "").await;
    assert_eq!(nobody.status, 401);
    assert!(nobody.text().starts_with("no org id"), "{}", nobody.text());
    assert_eq!(send("POST", push, None, body).await.status, 401);
    assert_eq!(send("GET", labels, Some("../one"), "").await.status, 400);
}

#[tokio::test]
async fn where_tenants_are_off_their_header_is_ignored() {
    let server = Harness::new(plain()).await;
    let body = r#"{"streams":[{"stream":{"a":"1"},"values":[["1768867140000000000","x"]]}]}"#;
    assert_eq!(server.push(body).await.status, 204);
    let request = Request::get("/loki/api/v1/labels").header("X-Scope-OrgID", "somebody");
    let answer = server.send(request.body(Body::empty()).unwrap()).await;
    assert!(answer.text().contains("\"a\""));
}

#[tokio::test]
async fn paths_and_methods_that_are_none() {
    let server = Harness::new(plain()).await;
    let answer = server.get("/nosuch", &[]).await;
    assert_eq!((answer.status, answer.text().as_str()), (404, "404 page not found\n"));
    assert_eq!(server.get("/loki/api/v1/push", &[]).await.status, 405);
    assert_eq!(server.get("/otlp/v1/logs", &[]).await.status, 405);
}

#[tokio::test]
async fn answers_are_compressed_on_demand() {
    let server = Harness::new(plain()).await;
    // The first request is counted, so that the second has something to tell.
    assert!(!server.get("/metrics", &[]).await.headers.contains_key(header::CONTENT_ENCODING));
    let request = Request::get("/metrics").header(header::ACCEPT_ENCODING, "gzip");
    let answer = server.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.headers[header::CONTENT_ENCODING], "gzip");
    assert!(answer.body.starts_with(&[0x1f, 0x8b]));
}
