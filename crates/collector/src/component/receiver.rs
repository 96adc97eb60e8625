//! Where a component takes entries, or samples: what `loki.process.x.receiver` stands for.

use std::fmt;
use std::sync::Arc;

use ::stage::Entry;
use alloy::decode::Arguments;
use alloy::{Capsule, Encapsulated, Handle, Value};
use tokio::sync::mpsc;

use crate::limits::MAILBOX_BATCHES_MAX;
use crate::prometheus::Sample;

/// Entries that travel together, in their order.
pub type Batch = Vec<Entry>;

/// The way into a component. It stays the same while the component has the same name, whatever its
/// arguments become, so that whoever sends to it does not notice a new configuration.
pub struct Receiver<T = Entry> {
    id: String,
    sender: mpsc::Sender<Vec<T>>,
}

/// A receiver that entries, or samples, are sent to.
#[derive(Debug, Clone)]
pub struct To<T = Entry>(pub Arc<Receiver<T>>);

impl<T> Receiver<T> {
    /// The way into a component, and its other end. The component ends once nobody holds the way in
    /// any more.
    #[must_use]
    pub fn new(id: &str) -> (Arc<Self>, mpsc::Receiver<Vec<T>>) {
        let (sender, inbox) = mpsc::channel(MAILBOX_BATCHES_MAX);
        (Arc::new(Self { id: id.to_owned(), sender }), inbox)
    }

    /// The component that it leads to.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// As a value of the language.
    #[must_use]
    pub fn value(self: &Arc<Self>) -> Value
    where
        Self: Encapsulated,
    {
        Value::Capsule(Capsule::new(Self::TYPE_NAME, Arc::clone(self)))
    }

    /// Waits until there is room for a batch.
    ///
    /// # Errors
    /// When the component has ended, which it does not while somebody holds the way in.
    pub async fn send(&self, batch: Vec<T>) -> Result<(), mpsc::error::SendError<Vec<T>>> {
        self.sender.send(batch).await
    }
}

impl Encapsulated for Receiver {
    const TYPE_NAME: &'static str = "loki.LogsReceiver";
}

impl Encapsulated for Receiver<Sample> {
    const TYPE_NAME: &'static str = "storage.Appendable";
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Receiver({})", self.id)
    }
}

/// Equal if it is the same.
impl<T> PartialEq for To<T> {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// Reads `forward_to`.
pub fn forward_to<T>(args: &mut Arguments<'_, '_>) -> Vec<To<T>>
where
    Receiver<T>: Encapsulated,
{
    let handles: Vec<Handle<Receiver<T>>> = args.required("forward_to");
    handles.into_iter().map(|handle| To(handle.0)).collect()
}
