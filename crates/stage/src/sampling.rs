//! `stage.sampling`: keeps a share of the entries, by chance.

use alloy::decode::Arguments;
use fastrand::Rng;
use model::Labels;

use crate::counts::{DROPPED_LINES, reason};
use crate::entry::Entry;
use crate::error::Error;
use crate::process::{Context, Flow, Process};

/// The settings.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Config {
    /// The share that is kept, from 0 to 1.
    pub rate: f64,
    /// The `reason` under which dropped lines are counted; empty: `sampling_stage`.
    pub drop_counter_reason: String,
}

impl Config {
    /// Reads the settings of a block.
    pub(crate) fn decode(args: &mut Arguments<'_, '_>) -> Self {
        let rate = args.required("rate");
        Self {
            rate,
            drop_counter_reason: args.optional("drop_counter_reason", "sampling_stage".to_owned()),
        }
    }
}

/// The stage.
#[derive(Debug)]
pub(crate) struct Sampling {
    rate: f64,
    reason: Labels,
    chance: Rng,
}

impl Sampling {
    pub(crate) fn build(config: &Config, seed: u64) -> Result<Self, Error> {
        if !(0.0..=1.0).contains(&config.rate) {
            return Err(Error::new("rate", format!("must be from 0 to 1, not {}", config.rate)));
        }
        let why = match config.drop_counter_reason.as_str() {
            "" => "sampling_stage",
            why => why,
        };
        Ok(Self { rate: config.rate, reason: reason(why), chance: Rng::with_seed(seed) })
    }
}

impl Process for Sampling {
    fn process(&mut self, _entry: &mut Entry, context: &mut Context<'_>) -> Flow {
        // The generator's numbers are below 1, so a rate of 1 keeps all and one of 0 none.
        if self.chance.f64() < self.rate {
            return Flow::Next;
        }
        context.counts.add(DROPPED_LINES, &self.reason, 1);
        Flow::Drop
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::StageConfig;
    use crate::pipeline::Pipeline;
    use crate::testing::{NOW, check_error};

    fn kept(rate: f64) -> usize {
        let stage = StageConfig::Sampling(Config { rate, ..Config::default() });
        let mut pipeline = Pipeline::new(&[stage], 7).unwrap();
        let mut out = Vec::new();
        for _ in 0..1000 {
            pipeline.process(Entry::default(), NOW, &mut out);
        }
        let dropped = pipeline.counts().get(DROPPED_LINES, &reason("sampling_stage"));
        assert_eq!(out.len() as u64 + dropped, 1000);
        out.len()
    }

    #[test]
    fn a_share_is_kept() {
        assert_eq!((kept(0.0), kept(1.0)), (0, 1000));
        assert!((200..300).contains(&kept(0.25)), "{}", kept(0.25));
        assert_eq!(kept(0.25), kept(0.25), "the same by the same seed");
    }

    #[test]
    fn settings_that_make_no_sense() {
        let stage = StageConfig::Sampling(Config { rate: 1.5, ..Config::default() });
        check_error(stage, "stage.sampling: rate: must be from 0 to 1, not 1.5");
    }
}
