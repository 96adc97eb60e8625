//! What components are told by objects in the cluster.

use std::time::Duration;

use serde_json::json;
use tokio::time::sleep;

use super::agent::{Place, shown, until, until_stored};
use crate::kubernetes::api::Api;
use crate::store::Store;

const TEXT: &str = r#"
remote.kubernetes.secret "s" {
  namespace      = "logging"
  name           = "key"
  poll_frequency = "100ms"
}
remote.kubernetes.configmap "c" {
  namespace      = "logging"
  name           = "names"
  poll_frequency = "100ms"
}
loki.source.file "f" {
  targets    = [{"__path__" = "FOLDER/app.log"}]
  forward_to = [m.x.receiver]
}
declare "m" {
  argument "cluster" { }
  argument "to" { }
  loki.process "p" {
    stage.static_labels { values = { cluster = argument.cluster.value } }
    stage.label_drop { values = ["filename"] }
    forward_to = argument.to.value
  }
  export "receiver" { value = loki.process.p.receiver }
}
m "x" {
  cluster = remote.kubernetes.configmap.c.data["cluster"]
  to      = [loki.write.w.receiver]
}
loki.write "w" {
  endpoint {
    url        = remote.kubernetes.configmap.c.data["url"]
    batch_wait = "20ms"
    basic_auth {
      username = "u"
      password = remote.kubernetes.secret.s.data["password"]
    }
  }
}
"#;

/// Nothing goes anywhere before it is known where to; what is hidden is not shown; what changes is
/// heard of.
#[tokio::test]
async fn what_is_told_later_is_waited_for() {
    let (mut place, store, api) = (Place::new(), Store::start([]).await, Api::start().await);
    place.api = Some(api.url.clone());
    let names = |cluster: &str| {
        let url = format!("{}/loki/api/v1/push", store.url);
        json!({"metadata": {"name": "names"}, "data": {"url": url, "cluster": cluster}})
    };
    api.of("configmaps").apply("names", &names("one"));
    place.write("app.log", "first\n");
    let agent = place.start(TEXT, &store);
    let problem = || {
        let all = agent.control.components();
        all.iter()
            .find(|it| it.name == "remote.kubernetes.secret")
            .and_then(|it| it.stats.problem())
    };
    let is_missed = || problem().is_some_and(|it| it.starts_with("logging/key: "));
    until(is_missed, || format!("{:?}", problem())).await;
    sleep(Duration::from_millis(300)).await;
    assert!(store.stored().entries.is_empty(), "the secret is not known yet");
    // "hunter2", in base64.
    let secret = json!({"metadata": {"name": "key"}, "data": {"password": "aHVudGVyMg=="}});
    api.of("secrets").apply("key", &secret);
    until_stored(&store, 1).await;
    until(|| problem().is_none(), || format!("{:?}", problem())).await;
    api.of("configmaps").apply("names", &names("two"));
    let exports = || {
        let all = agent.control.components().into_iter();
        all.map(|it| format!("{} {}", it.arguments, it.exports)).collect::<String>()
    };
    until(|| exports().contains("\"two\""), exports).await;
    assert!(!exports().contains("hunter2") && !exports().contains("aHVudGVy"), "{}", exports());
    assert!(exports().contains("(secret)"), "{}", exports());
    place.write("app.log", "second\n");
    until_stored(&store, 2).await;
    agent.stop().await;
    assert_eq!(shown(&store), ["{cluster=\"one\"} first", "{cluster=\"two\"} second"]);
}

/// What a server says, to whoever proves who it is; what is hidden is not shown.
#[tokio::test]
async fn what_a_server_says() {
    use axum::http::{HeaderMap, StatusCode};
    use axum::routing::get;

    let (place, store) = (Place::new(), Store::start([]).await);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let answer = |headers: HeaderMap| async move {
        let is = |name: &str, value: &str| headers.get(name).is_some_and(|it| it == value);
        let is_known = is("authorization", "Bearer t0p") && is("x-team", "data");
        if is_known { (StatusCode::OK, "hunter2") } else { (StatusCode::FORBIDDEN, "no") }
    };
    let router = axum::Router::new().route("/name", get(answer));
    let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    let text = |token: &str| {
        format!(
            r#"
remote.http "r" {{
  url            = "http://{address}/name"
  poll_frequency = "100ms"
  is_secret      = true
  headers        = {{ "X-Team" = "data" }}
  client {{ bearer_token = "{token}" }}
}}
loki.source.file "f" {{
  targets    = [{{"__path__" = "FOLDER/app.log"}}]
  forward_to = [loki.process.p.receiver]
}}
loki.process "p" {{
  stage.static_labels {{ values = {{ name = convert.nonsensitive(remote.http.r.content) }} }}
  stage.label_drop {{ values = ["filename"] }}
  forward_to = [loki.write.w.receiver]
}}
loki.write "w" {{ ENDPOINT }}
"#
        )
    };
    place.write("app.log", "first\n");
    let agent = place.start(&text("wrong"), &store);
    let seen = || {
        let it = agent.control.components().into_iter().find(|it| it.name == "remote.http");
        it.map(|it| (it.stats.problem(), it.exports)).unwrap()
    };
    until(|| seen().0.is_some_and(|it| it.contains("403")), || format!("{:?}", seen())).await;
    assert!(store.stored().entries.is_empty());
    agent.reload(&place.text(&text("t0p"), &store)).await.unwrap();
    until_stored(&store, 1).await;
    until(|| seen().0.is_none(), || format!("{:?}", seen())).await;
    assert_eq!(seen().1, "{ content = (secret) }");
    agent.stop().await;
    serving.abort();
    assert_eq!(shown(&store), ["{name=\"hunter2\"} first"]);
}
