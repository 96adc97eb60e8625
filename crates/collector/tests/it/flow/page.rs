//! The agent's own port.

use std::sync::Arc;
use std::time::Duration;

use barogram_collector::run::{PagePart, bind, serve};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::agent::{Place, until_stored};
use crate::store::Store;

const CONFIG: &str = r#"
loki.source.file "f" {
  targets    = [{"__path__" = "FOLDER/app.log"}]
  forward_to = [loki.process.p.receiver]
}
loki.process "p" {
  stage.drop { expression = "noise" }
  forward_to = [loki.write.w.receiver]
}
loki.write "w" { ENDPOINT }
"#;

#[tokio::test]
async fn what_it_shows() {
    let (place, store) = (Place::new(), Store::start([]).await);
    let agent = place.start(CONFIG, &store);
    let listener = bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let cancel = CancellationToken::new();
    let part = PagePart {
        control: agent.control.clone(),
        reread: Arc::new(|| Box::pin(async { Err("config.alloy:1:1: no".to_owned()) })),
    };
    let serving = tokio::spawn(serve(listener, part, cancel.clone()));
    let get = |path: &str| {
        let url = format!("{url}{path}");
        async move {
            let answer = reqwest::get(url).await.unwrap();
            (answer.status().as_u16(), answer.text().await.unwrap())
        }
    };
    // From now on somebody looks.
    assert_eq!(get("/api/lines?id=loki.process.p").await, (200, "[]".to_owned()));
    place.write("app.log", "noise\na <line>\n");
    until_stored(&store, 1).await;
    let (_, lines) = get("/api/lines?id=loki.process.p").await;
    assert!(lines.contains("[0 stage.drop]") && lines.contains("→ dropped"), "{lines}");
    let (_, overview) = get("/").await;
    assert!(overview.contains("loki.source.file.f") && overview.contains("healthy"), "{overview}");
    // What was acknowledged is told when files are looked at next.
    let mut component = String::new();
    for _ in 0..100 {
        component = get("/component?id=loki.source.file.f").await.1;
        if component.contains("lag 0") {
            break;
        }
        sleep(Duration::from_millis(50)).await;
    }
    assert!(component.contains("app.log") && component.contains("lag 0"), "{component}");
    let (_, metrics) = get("/metrics").await;
    let expect =
        r#"loki_process_dropped_lines_total{component_id="loki.process.p",reason="drop_stage"} 1"#;
    assert!(metrics.contains(expect), "{metrics}");
    assert_eq!(get("/-/ready").await.0, 200);
    assert_eq!(get("/-/healthy").await.0, 200);
    assert_eq!(get("/-/reload").await, (400, "config.alloy:1:1: no".to_owned()));
    assert_eq!(get("/nothing").await.0, 404);
    cancel.cancel();
    serving.await.unwrap();
    agent.stop().await;
}
