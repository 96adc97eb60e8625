//! How a running component tells what it exports.

use alloy::Value;
use tokio::sync::mpsc;

/// The way from one component to whoever evaluates the configuration.
#[derive(Debug, Clone)]
pub struct Exports {
    id: String,
    news: mpsc::Sender<(String, Value)>,
}

impl Exports {
    /// The way of the component of this identity.
    #[must_use]
    pub fn new(id: &str, news: mpsc::Sender<(String, Value)>) -> Self {
        Self { id: id.to_owned(), news }
    }

    /// Tells what is exported from now on.
    pub async fn tell(&self, exports: Value) {
        // Nobody listens any more only when everything ends.
        let _ = self.news.send((self.id.clone(), exports)).await;
    }
}
