//! Stages, chained: an entry goes in, and comes out changed, later, several times, or not at all.

use std::time::Duration;

use model::Timestamp;

use crate::config::{Parts, StageConfig};
use crate::counts::Counts;
use crate::entry::Entry;
use crate::error::Error;
use crate::extracted::Extracted;
use crate::metrics::Family;
use crate::process::{After, Context, Flow, Process, Tap};
use crate::reads::Reads;

/// The stages of one `loki.process`.
#[derive(Debug)]
pub struct Pipeline {
    chain: Chain,
    counts: Counts,
    pause: Duration,
    tap: Option<Tap>,
}

/// Stages in a row: those of a pipeline, or those inside a `stage.match`.
#[derive(Debug, Default)]
pub(crate) struct Chain(Vec<(&'static str, Box<dyn Process>)>);

impl Pipeline {
    /// Builds the stages. The seed is for `stage.sampling`.
    ///
    /// # Errors
    /// The first setting that makes no sense.
    pub fn new(configs: &[StageConfig], seed: u64) -> Result<Self, Error> {
        let parts = Parts { reads: Reads::of(configs), seed };
        let chain = Chain::build(configs, &parts)?;
        Ok(Self { chain, counts: Counts::default(), pause: Duration::ZERO, tap: None })
    }

    /// Sends an entry through; what comes out is put behind what is in `out`. What was extracted
    /// from it before is forgotten: each pipeline begins with the labels.
    pub fn process(&mut self, mut entry: Entry, now: Timestamp, out: &mut Vec<Entry>) {
        entry.extracted = Extracted::of(&entry.labels);
        let (chain, mut context) = self.context(now);
        chain.run(0, entry, &mut context, out);
    }

    /// Lets out what has waited longer than it should.
    pub fn tick(&mut self, now: Timestamp, out: &mut Vec<Entry>) {
        let (chain, mut context) = self.context(now);
        chain.tick(&mut context, out);
    }

    /// When the next tick is due.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.chain.next_deadline()
    }

    /// Lets out everything: the end.
    pub fn flush(&mut self, now: Timestamp, out: &mut Vec<Entry>) {
        let (chain, mut context) = self.context(now);
        chain.flush(&mut context, out);
    }

    /// How long to wait before the next entry, because a `stage.limit` says so; asked once, it is
    /// forgotten.
    pub fn take_pause(&mut self) -> Option<Duration> {
        Some(std::mem::take(&mut self.pause)).filter(|pause| !pause.is_zero())
    }

    /// What the stages count of themselves.
    #[must_use]
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// The metrics of `stage.metrics`, without those that nothing has touched for too long.
    pub fn families(&mut self, now: Timestamp) -> Vec<Family> {
        let mut families = Vec::new();
        self.chain.families(now, &mut families);
        families
    }

    /// Shows every entry at every stage to this, or no more to anybody.
    pub fn set_tap(&mut self, tap: Option<Tap>) {
        self.tap = tap;
    }

    fn context(&mut self, now: Timestamp) -> (&mut Chain, Context<'_>) {
        let Self { chain, counts, pause, tap } = self;
        (chain, Context { now, counts, pause, tap: tap.as_mut() })
    }
}

impl Chain {
    pub(crate) fn build(configs: &[StageConfig], parts: &Parts) -> Result<Self, Error> {
        let stages = configs.iter().enumerate().map(|(at, config)| {
            let name = config.name();
            let stage = config.build(&parts.nth(at)).map_err(|error| error.inside(at, name))?;
            Ok((name, stage))
        });
        stages.collect::<Result<_, _>>().map(Self)
    }

    /// Sends an entry through the stages from `at` on. Says whether something of it is held.
    pub(crate) fn run(
        &mut self,
        mut at: usize,
        mut entry: Entry,
        context: &mut Context<'_>,
        out: &mut Vec<Entry>,
    ) -> bool {
        while let Some((name, stage)) = self.0.get_mut(at) {
            let before = context.tap.is_some().then(|| entry.clone());
            let flow = stage.process(&mut entry, context);
            if let (Some(before), Some(tap)) = (before, context.tap.as_deref_mut()) {
                tap.show(at, name, &before, &after(&flow, &entry));
            }
            at += 1;
            match flow {
                Flow::Next => {}
                Flow::Drop => return false,
                Flow::Hold => return true,
                Flow::Many(entries) => return self.run_all(at, entries, context, out),
            }
        }
        out.push(entry);
        false
    }

    fn run_all(
        &mut self,
        at: usize,
        entries: Vec<Entry>,
        context: &mut Context<'_>,
        out: &mut Vec<Entry>,
    ) -> bool {
        let mut holds = false;
        for entry in entries {
            holds |= self.run(at, entry, context, out);
        }
        holds
    }

    pub(crate) fn tick(&mut self, context: &mut Context<'_>, out: &mut Vec<Entry>) {
        for at in 0..self.0.len() {
            let mut ready = Vec::new();
            self.0[at].1.tick(context, &mut ready);
            self.run_all(at + 1, ready, context, out);
        }
    }

    pub(crate) fn next_deadline(&self) -> Option<Timestamp> {
        self.0.iter().filter_map(|(_, stage)| stage.next_deadline()).min()
    }

    pub(crate) fn flush(&mut self, context: &mut Context<'_>, out: &mut Vec<Entry>) {
        // From the first to the last: what one lets go may be held by the next.
        for at in 0..self.0.len() {
            let mut ready = Vec::new();
            self.0[at].1.flush(context, &mut ready);
            self.run_all(at + 1, ready, context, out);
        }
    }

    pub(crate) fn families(&mut self, now: Timestamp, out: &mut Vec<Family>) {
        self.0.iter_mut().for_each(|(_, stage)| stage.families(now, out));
    }
}

fn after<'a>(flow: &'a Flow, entry: &'a Entry) -> After<'a> {
    match flow {
        Flow::Next => After::Kept(entry),
        Flow::Drop => After::Dropped,
        Flow::Hold => After::Held,
        Flow::Many(entries) => After::Many(entries),
    }
}

#[cfg(test)]
mod tests;
