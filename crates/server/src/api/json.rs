//! Answers in JSON.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::refusal::Refusal;

/// An answer in JSON, with a newline at its end, as Loki writes it.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(mut body) => {
                body.push(b'\n');
                ([(header::CONTENT_TYPE, "application/json; charset=UTF-8")], body).into_response()
            }
            Err(error) => {
                let text = format!("failed to write the answer: {error}");
                Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, text).into_response()
            }
        }
    }
}
