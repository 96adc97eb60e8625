//! Logs that Docker's engine tells.

use std::fs;
use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::agent::{Agent, Place, shown, until, until_stored};
use crate::docker_engine::{Engine, Fault};
use crate::store::Store;

/// What stands in configurations of the field.
const TEXT: &str = r#"
discovery.docker "local" { host = "unix://SOCKET" }

discovery.relabel "local" {
  targets = []
  rule {
    source_labels = ["__meta_docker_container_name"]
    regex         = "/(.*)"
    target_label  = "container"
  }
  rule {
    source_labels = ["__meta_docker_container_log_stream"]
    target_label  = "stream"
  }
}

loki.source.docker "local" {
  host          = "unix://SOCKET"
  targets       = discovery.docker.local.targets
  labels        = { by = "docker" }
  relabel_rules = discovery.relabel.local.rules
  forward_to    = [loki.write.w.receiver]
}

loki.write "w" { ENDPOINT }
"#;

struct Scene {
    place: Place,
    store: Store,
    engine: Engine,
}

impl Scene {
    async fn new() -> Self {
        let (place, store) = (Place::new(), Store::start([]).await);
        let engine = Engine::start(&place.path(""));
        Self { place, store, engine }
    }

    fn start(&self) -> Agent {
        let socket = self.engine.socket.display().to_string();
        self.place.start(&TEXT.replace("SOCKET", &socket), &self.store)
    }

    /// How many lines were pushed, those among them that came again.
    fn pushed(&self) -> usize {
        self.store.stored().entries.values().map(|(_, count)| count).sum()
    }

    /// What is stored, without the labels that all have.
    #[track_caller]
    fn check(&self, expect: &[&str]) {
        let own = r#"by="docker", container="#;
        let lines = shown(&self.store).into_iter().map(|line| {
            assert!(line.contains(own), "{line}");
            line.replace(own, "").replace("stream=", "")
        });
        assert_eq!(lines.collect::<Vec<_>>(), expect);
    }

    fn positions(&self) -> String {
        let path = "state/loki.source.docker.local/docker-positions.json";
        fs::read_to_string(self.place.path(path)).unwrap_or_default()
    }
}

/// Both streams are followed, lines that the engine has cut are joined, and a container that begins
/// is heard of at once: nobody waits for the next look, a minute later.
#[tokio::test]
async fn lines_are_followed() {
    let scene = Scene::new().await;
    let agent = scene.start();
    sleep(Duration::from_millis(300)).await;
    scene.engine.run("c1", false);
    scene.engine.write("c1", 1, "01.1", "one\n");
    scene.engine.write("c1", 2, "01.1", "an error\n");
    scene.engine.write("c1", 1, "01.2", "in three ");
    scene.engine.write("c1", 2, "01.3", "between\n");
    scene.engine.write("c1", 1, "01.2", "parts, ");
    scene.engine.write("c1", 1, "01.2", "joined\n");
    until_stored(&scene.store, 4).await;
    scene.engine.write("c1", 1, "01.4", "\n");
    scene.engine.write("c1", 1, "01.5", "later\n");
    until_stored(&scene.store, 6).await;
    let metrics = agent.control.metrics().unwrap();
    assert!(metrics.contains("loki_source_docker_target_entries_total 6"), "{metrics}");
    timeout(Duration::from_secs(2), agent.stop()).await.expect("a log that is open ends at once");
    scene.check(&[
        r#"{"c1-name", "stderr"} an error"#,
        r#"{"c1-name", "stderr"} between"#,
        r#"{"c1-name", "stdout"} "#,
        r#"{"c1-name", "stdout"} in three parts, joined"#,
        r#"{"c1-name", "stdout"} later"#,
        r#"{"c1-name", "stdout"} one"#,
    ]);
}

#[tokio::test]
async fn a_terminal_is_no_two_streams() {
    let scene = Scene::new().await;
    scene.engine.run("c1", true);
    scene.engine.write("c1", 1, "01.1", "\u{1b}[1mbold\u{1b}[0m\n");
    scene.engine.write("c1", 1, "01.2", "two\n");
    let agent = scene.start();
    until_stored(&scene.store, 2).await;
    agent.stop().await;
    scene.check(&[
        "{\"c1-name\", \"stdout\"} \u{1b}[1mbold\u{1b}[0m",
        r#"{"c1-name", "stdout"} two"#,
    ]);
}

/// The connection breaks in the middle of a message, the engine is overloaded, the agent is killed
/// and started again.
#[tokio::test]
async fn after_breaks_it_goes_on_where_it_was() {
    let scene = Scene::new().await;
    let write = |from: usize, to: usize| {
        for line in from..to {
            // Many lines of one time, and equal ones among them.
            let time = format!("{:02}.000000001", line / 50);
            scene.engine.write("c1", 1 + (line % 2) as u8, &time, &format!("line {}\n", line / 4));
        }
    };
    scene.engine.run("c1", false);
    write(0, 200);
    let faults = [Fault::Cut(3), Fault::Status(500), Fault::Cut(150), Fault::Cut(151)];
    scene.engine.world().faults.extend(faults);
    let agent = scene.start();
    // Equal lines of one time and stream are one entry, as often as they came.
    let all = |count: usize| {
        let scene = &scene;
        until(move || scene.pushed() >= count, move || format!("{count} lines"))
    };
    all(200).await;
    sleep(Duration::from_millis(100)).await;
    agent.kill().await;
    write(200, 300);
    let agent = scene.start();
    all(300).await;
    sleep(Duration::from_millis(200)).await;
    agent.stop().await;
    assert_eq!(scene.pushed(), 300, "no line is lost, and none came twice");
    let world = scene.engine.world();
    assert!(world.requests.len() >= 6, "{:?}", world.requests);
    let last = world.requests.last().unwrap();
    assert!(last.starts_with("c1 1795334"), "{last} asks from where it was");
}

/// A container that ends and is removed is read to its end, and then nothing is kept of it.
#[tokio::test]
async fn a_container_that_is_gone_is_read_to_its_end() {
    let scene = Scene::new().await;
    scene.engine.run("c1", false);
    scene.engine.write("c1", 1, "01.1", "first\n");
    let agent = scene.start();
    until_stored(&scene.store, 1).await;
    until(|| scene.positions().contains("\"c1\""), || scene.positions()).await;
    scene.engine.write("c1", 2, "01.2", "last words\n");
    scene.engine.end("c1");
    until_stored(&scene.store, 2).await;
    scene.engine.remove("c1");
    until(|| !scene.positions().contains("\"c1\""), || scene.positions()).await;
    agent.stop().await;
    scene.check(&[r#"{"c1-name", "stderr"} last words"#, r#"{"c1-name", "stdout"} first"#]);
}

/// What has ended cannot write the rest of a line.
#[tokio::test]
async fn a_line_without_its_end() {
    let scene = Scene::new().await;
    scene.engine.run("c1", false);
    scene.engine.write("c1", 1, "01.1", "killed in the mid");
    let agent = scene.start();
    sleep(Duration::from_millis(500)).await;
    assert_eq!(scene.pushed(), 0, "the rest may come");
    scene.engine.end("c1");
    until_stored(&scene.store, 1).await;
    agent.stop().await;
    scene.check(&[r#"{"c1-name", "stdout"} killed in the mid"#]);
}

/// Where no engine is, one is waited for.
#[tokio::test]
async fn an_engine_that_comes_late() {
    let (place, store) = (Place::new(), Store::start([]).await);
    let socket = place.path("docker.sock").display().to_string();
    let agent = place.start(&TEXT.replace("SOCKET", &socket), &store);
    let problem = || {
        let mut all = agent.control.components().into_iter();
        all.find_map(|it| it.stats.problem()).unwrap_or_default()
    };
    until(|| problem().starts_with("no engine is reached at "), problem).await;
    let engine = Engine::start(&place.path(""));
    engine.run("c1", false);
    engine.write("c1", 1, "01.1", "one\n");
    until_stored(&store, 1).await;
    assert_eq!(problem(), "");
    agent.stop().await;
}
