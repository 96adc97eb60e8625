//! A component at work: what it was told, how it is told anew, and how it is ended.

use std::sync::Arc;

use alloy::Value;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::component::{Receiver, Settings};
use crate::custody::Closing;
use crate::prometheus::Sample;
use crate::run::exposed::Exposed;
use crate::run::stats::Stats;

/// A component at work.
pub struct Node {
    /// What it was told last.
    pub settings: Settings,
    /// What it exports.
    pub exports: Value,
    /// What it counts.
    pub stats: Arc<Stats>,
    /// What its stages count.
    pub exposed: Option<Arc<Exposed>>,
    /// The way into it, for entries,
    pub receiver: Option<Arc<Receiver>>,
    /// or for samples.
    pub samples: Option<Arc<Receiver<Sample>>>,
    /// Ends it, if nobody has to send to it for it to work.
    pub cancel: CancellationToken,
    /// Closes what it answers for. Dropped when everything is torn down.
    pub closing: Vec<Closing>,
    /// Which evaluation has told of it last.
    pub generation: u64,
    update: Option<Update>,
}

/// Tells a component anew.
type Update = Box<dyn Fn(&Settings) + Send>;

impl Node {
    /// A component that does nothing yet.
    #[must_use]
    pub fn new(settings: Settings, exports: Value) -> Self {
        Self {
            settings,
            exports,
            stats: Stats::new(),
            exposed: None,
            receiver: None,
            samples: None,
            cancel: CancellationToken::new(),
            closing: Vec::new(),
            generation: 0,
            update: None,
        }
    }

    /// How the component hears of these settings and of those that come after.
    pub fn told<T: Clone + Send + Sync + 'static>(
        &mut self,
        settings: &T,
        of: fn(&Settings) -> Option<&T>,
    ) -> watch::Receiver<T> {
        let (sender, receiver) = watch::channel(settings.clone());
        self.update = Some(Box::new(move |settings| {
            if let Some(settings) = of(settings) {
                sender.send_replace(settings.clone());
            }
        }));
        receiver
    }

    /// Tells it anew.
    pub fn update(&mut self, settings: Settings) {
        if let Some(update) = &self.update {
            update(&settings);
        }
        self.settings = settings;
    }
}
