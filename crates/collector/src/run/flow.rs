//! How entries, and samples, go from one component to the next.

use std::future::pending;

use crate::component::To;

/// Sends a batch to each of these, as fast as the slowest takes it. Where there is nobody, its
/// entries are dealt with.
pub async fn send<T: Clone>(to: &[To<T>], batch: Vec<T>) {
    if batch.is_empty() {
        return;
    }
    let Some((last, others)) = to.split_last() else { return };
    for receiver in others {
        send_to(receiver, batch.clone()).await;
    }
    send_to(last, batch).await;
}

async fn send_to<T>(To(receiver): &To<T>, batch: Vec<T>) {
    if let Err(lost) = receiver.send(batch).await {
        // The component has failed, and with it the collector will end. What it did not take must
        // not look as if it were dealt with.
        let _held = lost;
        tracing::error!(component = receiver.id(), "a component has ended that should not have");
        pending::<()>().await;
    }
}
