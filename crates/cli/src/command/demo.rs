//! `barogram demo`

use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use collector::{Handle, TaskLogsMode};
use indicatif::{ProgressBar, ProgressStyle};
use loki::time::Bounds;
use model::{Clock, SystemClock};
use prometheus_client::registry::Registry;
use tokio_util::sync::CancellationToken;

use crate::agent::{Agent, Push};
use crate::args::{ClientArgs, DemoArgs, PodsArgs, ServeArgs};
use crate::assemble::{Running, Serving};
use crate::client::Client;
use crate::demo::play::{self, Played};
use crate::demo::questions;
use crate::demo::sample::Sample;

/// Marks a folder as a demo's, so that the next demo may empty it.
const MARKER: &str = "made-by-barogram-demo";
/// How long the last lines may take from the node's disk to the store.
const ARRIVAL_TIMEOUT: Duration = Duration::from_secs(60);

pub(super) async fn run(client: &ClientArgs, args: &DemoArgs) -> Result<()> {
    let mut out = std::io::stdout();
    prepare(&args.data)?;
    let sample = Sample::load()?;
    let node = play::Config::new(&args.data.join("node"), Duration::from_secs(args.seconds));
    std::fs::create_dir_all(&node.pods_dir)?;
    std::fs::write(&node.pods_file, r#"{"apiVersion":"v1","kind":"PodList","items":[]}"#)?;

    let serving = open(args).await?;
    let address = serving.address;
    let pods = PodsArgs {
        pods_dir: node.pods_dir.clone(),
        task_logs: TaskLogsMode::Off,
        kubelet_dir: node.pods_dir.clone(),
        task_logs_dirs: Vec::new(),
        pods_file: Some(node.pods_file.clone()),
        node: None,
        kubeconfig: None,
        kubernetes_url: None,
        service_host: None,
        service_port: None,
    };
    let mut registry = Registry::default();
    let (push, state) = (format!("http://{address}"), args.data.join("collector"));
    let to = Push { url: &push, token_file: None };
    let agent = Agent::open(&pods, to, &state, &mut registry).await?;
    let arrivals = agent.handle();
    let mut running = serving.start(registry)?;
    let cancel = CancellationToken::new();
    let collecting = tokio::spawn(agent.run(cancel.clone()));

    writeln!(out, "barogram demo: data in {}", args.data.display())?;
    let played = played(&sample, &node, arrivals).await?;
    let client = Client::new(&ClientArgs { addr: push.clone(), ..client.clone() })?;
    report(&client, &sample, played, &mut out).await?;

    if !args.once {
        serve_on(&mut running, &push, &mut out).await?;
    }
    cancel.cancel();
    collecting.await??;
    running.stop().await
}

/// Makes the folder empty if an earlier demo made it; another's is not touched.
fn prepare(data: &Path) -> Result<()> {
    let marker = data.join(MARKER);
    if data.exists() {
        let is_empty = std::fs::read_dir(data)?.next().is_none();
        if !is_empty && !marker.exists() {
            bail!(
                "the folder {} holds something that no demo made; name another with --data",
                data.display()
            );
        }
        std::fs::remove_dir_all(data)?;
    }
    std::fs::create_dir_all(data)
        .with_context(|| format!("failed to make the folder {}", data.display()))?;
    std::fs::write(marker, "The next demo empties this folder.\n")?;
    Ok(())
}

/// The usual port if it is free, else any; a port that was asked for must be free.
async fn open(args: &DemoArgs) -> Result<Serving> {
    let usual = SocketAddr::from(([127, 0, 0, 1], server::DEFAULT_PORT));
    let listen = match args.listen {
        Some(listen) => listen,
        None if server::Server::listen(usual).await.is_ok() => usual,
        None => SocketAddr::from(([127, 0, 0, 1], 0)),
    };
    let args = ServeArgs {
        listen,
        data: args.data.join("store"),
        store: None,
        store_options: Vec::new(),
        retention: None,
        retention_rules: Vec::new(),
        config: None,
        multi_tenant: false,
        token_file: None,
        insecure_no_token: false,
        tune: Vec::new(),
    };
    Serving::open(&args).await
}

/// Plays the sample and waits until each of its lines is in the store.
async fn played(sample: &Sample, node: &play::Config, mut arrivals: Handle) -> Result<Played> {
    let lines: usize = sample.logs.iter().map(crate::demo::sample::PodLog::lines).sum();
    let bar = ProgressBar::new(lines as u64);
    let style = "playing {bar:30} {human_pos} of {human_len} lines  {msg}";
    bar.set_style(ProgressStyle::with_template(style)?);
    let played = play::play(sample, node, &SystemClock, |so_far| {
        bar.set_position(so_far.lines as u64);
        bar.set_message(format!("{} pods, {} gone again", so_far.pods, so_far.removed));
    })
    .await?;
    let arrived = tokio::time::timeout(ARRIVAL_TIMEOUT, arrivals.drained()).await;
    bar.finish();
    match arrived {
        Ok(Some(_)) => Ok(played),
        Ok(None) => bail!("the collector ended before all lines had arrived"),
        Err(_) => bail!(
            "of {} lines {} arrived within {} s",
            played.lines,
            arrivals.status().physical_lines_acked,
            ARRIVAL_TIMEOUT.as_secs()
        ),
    }
}

async fn report(
    client: &Client,
    sample: &Sample,
    played: Played,
    out: &mut impl Write,
) -> Result<()> {
    let tasks = sample.logs.iter().filter(|log| log.truth.is_some()).count();
    writeln!(
        out,
        "played {} pods of Airflow 2.10.5 and 3.3.2, {tasks} of them task tries; {} log files were \
         rotated, {} pods are gone again",
        played.pods, played.rotated, played.removed
    )?;
    let now = SystemClock.now();
    let bounds = Bounds { start: now - loki::time::DEFAULT_SINCE, end: now };
    let recipe = questions::recipe();
    let mut found = None;
    for question in &recipe {
        let answer = questions::ask(client, question, bounds, out).await?;
        found.get_or_insert(answer.lines);
    }
    let (found, written) = (found.unwrap_or_default(), played.lines);
    writeln!(out, "\n{} queries; {written} lines written, {found} lines found", recipe.len())?;
    if found != written {
        bail!("the number of lines found differs from the number of lines written");
    }
    Ok(())
}

async fn serve_on(running: &mut Running, address: &str, out: &mut impl Write) -> Result<()> {
    writeln!(
        out,
        "\nserving on {address} until Ctrl-C. Point Grafana's Loki data source there, or ask:\n  \
         barogram --addr {address} query --dag {} --limit 20",
        questions::DAG
    )?;
    running.until_stopped().await
}
