//! What one sees of a configuration at work.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use alloy::Sources;

use crate::configuration::Known;
use crate::limits::VIEWED_BYTES_MAX;
use crate::run::exposed::{self, Exposed};
use crate::run::node::Node;
use crate::run::stats::Stats;

/// The components, as they were when something changed last.
#[derive(Debug, Clone, Default)]
pub struct View(Arc<Mutex<Vec<Viewed>>>);

/// One component.
#[derive(Debug, Clone)]
pub struct Viewed {
    /// Its identity.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The identities of those that it needs.
    pub needs: Vec<String>,
    /// What it says, without secrets.
    pub arguments: String,
    /// What it exports, without secrets.
    pub exports: String,
    /// Whether it is run.
    pub is_run: bool,
    /// What it counts.
    pub stats: Arc<Stats>,
    /// What its stages count.
    pub exposed: Option<Arc<Exposed>>,
}

impl Viewed {
    /// What one sees of a component.
    #[must_use]
    pub fn new(known: Known, node: Option<&Node>, sources: &Sources) -> Self {
        let Known { id, name, needs, exports, block, is_run } = known;
        let arguments = without_secrets(sources.slice(block.body.span));
        let exports = cut(exports.to_string());
        let stats = node.map(|node| Arc::clone(&node.stats)).unwrap_or_default();
        let exposed = node.and_then(|node| node.exposed.clone());
        Self { id, name, needs, arguments, exports, is_run, stats, exposed }
    }
}

impl View {
    /// Shows these from now on.
    pub fn show(&self, viewed: Vec<Viewed>) {
        *self.lock() = viewed;
    }

    /// The components.
    #[must_use]
    pub fn components(&self) -> Vec<Viewed> {
        self.lock().clone()
    }

    /// What stages count, in Prometheus' text format.
    #[must_use]
    pub fn stage_metrics(&self) -> String {
        let viewed = self.lock();
        let all = viewed.iter().filter_map(|it| Some((it.id.as_str(), &**it.exposed.as_ref()?)));
        exposed::text(all)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Viewed>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The text of a block without what its arguments hide: a page is easily left open.
fn without_secrets(text: &str) -> String {
    const HIDDEN: [&str; 6] = ["password", "token", "credentials", "secret", "key", "headers"];
    let line = |line: &str| {
        let name = line.split('=').next().unwrap_or_default().trim();
        let is_hidden = HIDDEN.iter().any(|word| name.to_ascii_lowercase().contains(word));
        let is_set = line.contains('=') && !line.contains("_file");
        if is_hidden && is_set {
            format!("{}= (secret)", line.split('=').next().unwrap_or(""))
        } else {
            line.to_owned()
        }
    };
    cut(text.lines().map(line).collect::<Vec<_>>().join("\n"))
}

fn cut(mut text: String) -> String {
    if text.len() > VIEWED_BYTES_MAX {
        text.truncate(text.floor_char_boundary(VIEWED_BYTES_MAX));
        text.push_str(" …");
    }
    text
}
