//! `/flush`: what is in memory goes to the object store now.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;

use crate::app::App;
use crate::refusal::Refusal;

pub(crate) async fn flush(State(app): State<Arc<App>>) -> Result<StatusCode, Refusal> {
    app.store.flush().await?;
    Ok(StatusCode::NO_CONTENT)
}
