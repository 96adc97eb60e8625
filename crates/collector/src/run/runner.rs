//! A configuration at work: started, evaluated again when something is known that was not, read
//! anew, ended.

use std::sync::Arc;

use alloy::{Diagnostics, Value};
use prometheus_client::registry::Registry;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::Error;
use crate::component::Logging;
use crate::configuration::{Configuration, Machine, News, Program, check};
use crate::limits::NEWS_MAX;
use crate::metrics::Metrics;
use crate::run::exposition::Exposition;
use crate::run::running::{RunnerConfig, RunnerParts, Running};
use crate::run::view::{View, Viewed};

/// A configuration that is set up, about to run.
pub struct Runner {
    running: Running,
    program: Program,
    machine: Machine,
    news: mpsc::Receiver<(String, Value)>,
    reloads: mpsc::Receiver<Reload>,
    control: Control,
}

/// A new configuration, and who wants to know what became of it.
struct Reload {
    configuration: Configuration,
    answer: oneshot::Sender<Result<(), String>>,
}

/// Looks on at a runner, and gives it new configurations.
#[derive(Debug, Clone)]
pub struct Control {
    reloads: mpsc::Sender<Reload>,
    view: View,
    exposition: Exposition,
    logging: watch::Sender<Option<Logging>>,
}

impl std::fmt::Debug for Reload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Reload")
    }
}

/// A configuration that cannot run: what is wrong with it, for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refused(pub String);

impl Runner {
    /// Sets a configuration up and starts its components.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn start(
        configuration: &Configuration,
        machine: Machine,
        config: RunnerConfig,
        parts: RunnerParts,
        registry: &mut Registry,
    ) -> Result<Self, Refused> {
        let program = checked(configuration, &machine)?;
        let (news, news_of) = mpsc::channel(NEWS_MAX);
        let (reloads, reloads_of) = mpsc::channel(1);
        let view = View::default();
        let exposition = Exposition::of(view.clone(), machine.hostname.clone());
        let metrics = Metrics::register(registry);
        let running = Running::new(config, parts, metrics, (news, exposition.clone()));
        let logging = watch::Sender::new(program.logging);
        let control = Control { reloads, view, exposition, logging };
        let mut runner =
            Self { running, program, machine, news: news_of, reloads: reloads_of, control };
        let births = Arc::clone(&runner.running.births);
        let poll = runner.running.config.poll_interval;
        let saved_enough = runner.running.saved_enough.clone();
        runner.running.saving.spawn(births.run(poll, saved_enough));
        runner.evaluate(&News::new());
        Ok(runner)
    }

    /// Looks on, and gives new configurations.
    #[must_use]
    pub fn control(&self) -> Control {
        self.control.clone()
    }

    /// Runs until it is told to end. Then nothing more is read; what was read is pushed for at most
    /// the drain timeout, and what was not acknowledged by then waits on disk, or in its files.
    ///
    /// # Errors
    /// When a component fails in a way that it should not, or positions cannot be kept.
    pub async fn run(mut self, cancel: CancellationToken) -> Result<(), Error> {
        loop {
            tokio::select! {
                () = cancel.cancelled() => break,
                news = self.news.recv() => {
                    let Some(first) = news else { break };
                    let mut news = News::from([first]);
                    while let Ok((id, exports)) = self.news.try_recv() {
                        news.insert(id, exports);
                    }
                    self.hear(news);
                }
                reload = self.reloads.recv() => {
                    let Some(Reload { configuration, answer }) = reload else { break };
                    let result = self.reload(&configuration);
                    let _ = answer.send(result.map_err(|Refused(why)| why));
                }
                Some(ended) = self.running.tasks.join_next() => ended.map_err(Error::Task)?,
            }
        }
        self.end().await
    }

    /// Works in what components export now.
    fn hear(&mut self, mut news: News) {
        news.retain(|id, exports| match self.running.nodes.get_mut(id) {
            Some(node) if node.exports != *exports => {
                node.exports = exports.clone();
                true
            }
            _ => false,
        });
        if !news.is_empty() {
            self.evaluate(&news);
        }
    }

    /// Puts a new configuration in the place of the one that runs. Components that it tells the
    /// same go on as they are.
    fn reload(&mut self, configuration: &Configuration) -> Result<(), Refused> {
        self.program = checked(configuration, &self.machine)?;
        self.running.generation += 1;
        self.control.logging.send_replace(self.program.logging);
        self.evaluate(&News::new());
        self.running.sweep();
        tracing::info!("the new configuration runs");
        Ok(())
    }

    fn evaluate(&mut self, news: &News) {
        let problems: Diagnostics = self.program.evaluate(news, &mut self.running);
        if !problems.is_empty() {
            let told = self.program.sources.render_all(&problems, false);
            tracing::error!("something is wrong with what components are told:\n{told}");
        }
        let viewed = self.program.known().into_iter().map(|known| {
            let node = self.running.nodes.get(&known.id);
            Viewed::new(known, node, &self.program.sources)
        });
        self.control.view.show(viewed.collect());
    }

    /// Ends all: sources first, since whatever nobody sends to any more ends by itself.
    async fn end(self) -> Result<(), Error> {
        let Self { mut running, program, news, .. } = self;
        running.nodes.values().for_each(|node| node.cancel.cancel());
        running.nodes.clear();
        running.ways.clear();
        running.sample_ways.clear();
        // These hold ways into components.
        drop((program, news));
        let drained = timeout(running.config.drain_timeout, async {
            while let Some(ended) = running.tasks.join_next().await {
                ended.map_err(Error::Task)?;
            }
            Ok(())
        });
        let result = drained.await.unwrap_or_else(|_| {
            tracing::warn!("not all that was read could be pushed in time, it waits on disk");
            Ok(())
        });
        // Before the tasks: what they let go of then is not dealt with.
        running.closings.clear();
        running.tasks.shutdown().await;
        running.save_at_last().await.and(result)
    }
}

impl Control {
    /// Gives a new configuration to the runner.
    ///
    /// # Errors
    /// Why it is refused, for people; the old one runs on.
    pub async fn reload(&self, configuration: Configuration) -> Result<(), String> {
        let (answer, answered) = oneshot::channel();
        let ended = || "the collector is about to end".to_owned();
        let reload = Reload { configuration, answer };
        self.reloads.send(reload).await.map_err(|_| ended())?;
        answered.await.map_err(|_| ended())?
    }

    /// What the configuration says about our own log, now and after each new one.
    #[must_use]
    pub fn logging(&self) -> watch::Receiver<Option<Logging>> {
        self.logging.subscribe()
    }

    /// The components as they are now.
    #[must_use]
    pub fn components(&self) -> Vec<Viewed> {
        self.view.components()
    }

    /// Says where everything is counted, once all has registered what it counts.
    pub fn counts_in(&self, registry: Registry) {
        self.exposition.counts_in(registry);
    }

    /// What is counted, in Prometheus' text format.
    ///
    /// # Errors
    /// Why that cannot be told, for people.
    pub fn metrics(&self) -> Result<String, String> {
        self.exposition.text()
    }
}

/// A configuration that is right, put together. Warnings are logged.
fn checked(configuration: &Configuration, machine: &Machine) -> Result<Program, Refused> {
    let checked = check(configuration, machine);
    let told = checked.rendered(false);
    if checked.diagnostics.has_errors() {
        return Err(Refused(told));
    }
    if !checked.diagnostics.is_empty() {
        tracing::warn!("the configuration has what is not as it may seem:\n{told}");
    }
    Ok(Program::build(configuration, machine).0)
}
