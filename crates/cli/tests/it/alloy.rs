//! Alloy configurations: checked, laid out, and run by a process that is killed.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::sleep;

use crate::ask;
use crate::site::{Process, Site, run};

const CONFIG: &str = r#"loki.source.file "app" {
	targets    = [{"__path__" = "FOLDER/app.log"}]
	forward_to = [loki.process.app.receiver]
}

loki.process "app" {
	stage.cri { }

	stage.static_labels {
		values = { version = "1" }
	}

	stage.label_drop {
		values = ["filename"]
	}
	forward_to = [loki.write.store.receiver]
}

loki.write "store" {
	endpoint {
		url        = "URL/loki/api/v1/push"
		batch_wait = "20ms"
	}
}
"#;

/// What a command prints on standard output, and its exit code.
async fn said(arguments: &[&str]) -> (String, Option<i32>) {
    let output = run(arguments).await;
    (String::from_utf8(output.stdout).unwrap(), output.status.code())
}

#[tokio::test]
async fn a_configuration_is_checked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.alloy");
    let path = path.to_str().unwrap();
    fs::write(path, CONFIG.replace("URL", "http://x")).unwrap();
    assert_eq!(said(&["check", path]).await, (String::new(), Some(0)));
    fs::write(path, "loki.proces \"a\" {\n\tforward_to = []\n}\n").unwrap();
    let expect = format!(
        "{path}:1:1: there is no component \"loki.proces\"\n  loki.proces \"a\" {{\n  \
         ^^^^^^^^^^^^^^^\n  hint: did you mean \"loki.process\"?\n\n"
    );
    assert_eq!(said(&["check", path]).await, (expect, Some(1)));
    let (_, code) = said(&["collect", "--config", path]).await;
    assert_eq!(code, Some(1), "it does not run");
}

#[tokio::test]
async fn a_configuration_is_laid_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.alloy");
    let path = path.to_str().unwrap();
    fs::write(path, "a  {\nb=1\n}").unwrap();
    assert_eq!(said(&["fmt", "--test", path]).await, (format!("{path}\n"), Some(1)));
    assert_eq!(said(&["fmt", path]).await, ("a {\n\tb = 1\n}\n".to_owned(), Some(0)));
    assert_eq!(said(&["fmt", "--write", path]).await, (String::new(), Some(0)));
    assert_eq!(fs::read_to_string(path).unwrap(), "a {\n\tb = 1\n}\n");
    assert_eq!(said(&["fmt", "--test", path]).await, (String::new(), Some(0)));
}

/// Adds lines to a file.
fn write(path: &Path, numbers: std::ops::Range<u64>) {
    let mut file = fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
    for number in numbers {
        let text = format!("2026-11-22T08:00:00.{number:09}Z stdout F line {number}\n");
        file.write_all(text.as_bytes()).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_killed_and_told_anew_and_loses_nothing() {
    let site = Site::new();
    let machines = site.machines().await;
    let folder = site.path().display().to_string();
    let config = CONFIG.replace("FOLDER", &folder).replace("URL", &machines.url);
    let (path, log) = (site.path().join("config.alloy"), site.path().join("app.log"));
    fs::write(&path, &config).unwrap();
    let state = site.path().join("agent").display().to_string();
    let path_text = path.display().to_string();
    let arguments =
        ["collect", "--config", &path_text, "--listen", "127.0.0.1:0", "--state", &state];
    let arguments = arguments.map(str::to_owned);
    let mut written = 0;
    for round in 0..4 {
        let agent = Process::start(&arguments).await;
        for _ in 0..20 {
            write(&log, written..written + 50);
            written += 50;
            sleep(Duration::from_millis(10)).await;
        }
        sleep(Duration::from_millis(40 * round)).await;
        agent.kill().await;
    }
    let agent = Process::start(&arguments).await;
    let count = |version: &'static str| {
        let query = format!("sum(count_over_time({{version=~\"{version}\"}}[10y]))");
        let url = machines.url.clone();
        async move { ask::number(&url, &query).await }
    };
    all_stored(&count, written).await;
    fs::write(&path, config.replace("version = \"1\"", "version = \"2\"")).unwrap();
    let id = agent.id().to_string();
    assert!(Command::new("kill").args(["-HUP", &id]).status().await.unwrap().success());
    // It is read when it is: lines that come later have the new label.
    while count("2").await == 0.0 {
        write(&log, written..written + 1);
        written += 1;
        sleep(Duration::from_millis(100)).await;
    }
    all_stored(&count, written).await;
    let ready = reqwest::get(format!("{}/-/ready", agent.url)).await.unwrap();
    assert_eq!(ready.status(), 200);
    agent.stop().await;
    machines.stop().await;
}

/// Waits until each line is there, and fails where one is there twice.
async fn all_stored<F: Future<Output = f64>>(count: &impl Fn(&'static str) -> F, written: u64) {
    for _ in 0..400 {
        if count(".+").await >= written as f64 {
            break;
        }
        sleep(Duration::from_millis(50)).await;
    }
    let stored = count(".+").await;
    assert!((stored - written as f64).abs() < 0.5, "{stored} of {written}");
}
