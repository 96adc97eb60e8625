//! The one place where errors become status codes. The texts are those of the crates where the
//! errors arise; Loki sends them as plain text, and Grafana shows them as they are.

use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use loki::ParamError;
use loki::push::{PushError, PushErrorKind};

/// When to ask a store again that is full or cannot write: it looks every second for what it can
/// do, and a flush takes a few.
const STORE_PAUSE: Duration = Duration::from_secs(5);

/// A request that is not answered, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    status: StatusCode,
    text: String,
    retry_after: Option<Duration>,
}

impl Refusal {
    /// A refusal with this status and text.
    pub fn new(status: StatusCode, text: impl Into<String>) -> Self {
        Self { status, text: text.into(), retry_after: None }
    }

    /// The same, with when to ask again, in whole seconds.
    #[must_use]
    pub fn retry_after(self, after: Duration) -> Self {
        Self { retry_after: Some(after), ..self }
    }

    /// The sender is at fault.
    pub fn bad_request(text: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, text)
    }

    /// The status code.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The text, without a newline at its end.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// There is no such path. Go's words, which clients know.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "404 page not found")
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Self { status, mut text, retry_after } = self;
        if status.is_server_error() {
            tracing::error!(status = status.as_u16(), error = text, "a request failed");
        }
        text.push('\n');
        let headers = [
            (header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8")),
            (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        ];
        let mut response = (status, headers, text).into_response();
        if let Some(after) = retry_after {
            let seconds = after.as_secs() + u64::from(after.subsec_nanos() > 0);
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
        response
    }
}

impl From<ParamError> for Refusal {
    fn from(error: ParamError) -> Self {
        Self::bad_request(error.to_string())
    }
}

impl From<PushError> for Refusal {
    fn from(error: PushError) -> Self {
        let status = match error.kind() {
            PushErrorKind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            PushErrorKind::Empty => StatusCode::UNPROCESSABLE_ENTITY,
            PushErrorKind::BadRequest => StatusCode::BAD_REQUEST,
        };
        Self::new(status, error.to_string())
    }
}

impl From<logql::error::ParseError> for Refusal {
    /// Loki's text, and on a line of its own what the author may have meant.
    fn from(error: logql::error::ParseError) -> Self {
        let text = error.to_string();
        Self::bad_request(match error.hint {
            Some(hint) => format!("{text}\nhint: {hint}"),
            None => text,
        })
    }
}

impl From<query::Error> for Refusal {
    fn from(error: query::Error) -> Self {
        let status = match error.kind() {
            query::ErrorKind::BadRequest | query::ErrorKind::TooLarge => StatusCode::BAD_REQUEST,
            query::ErrorKind::Timeout => StatusCode::GATEWAY_TIMEOUT,
            query::ErrorKind::Retry => StatusCode::SERVICE_UNAVAILABLE,
            query::ErrorKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self::new(status, with_causes(&error))
    }
}

impl From<store::Error> for Refusal {
    fn from(error: store::Error) -> Self {
        let status = match error.kind() {
            store::ErrorKind::Request => StatusCode::PAYLOAD_TOO_LARGE,
            store::ErrorKind::Retry => StatusCode::SERVICE_UNAVAILABLE,
            store::ErrorKind::Operator => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let refusal = Self::new(status, with_causes(&error));
        if status == StatusCode::SERVICE_UNAVAILABLE {
            return refusal.retry_after(STORE_PAUSE);
        }
        refusal
    }
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let error_text = error.to_string();
        if !text.ends_with(&error_text) {
            text = format!("{text}: {error_text}");
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(error: store::Error, expect_status: u16, expect_retry_after: Option<&str>) {
        let response = Refusal::from(error).into_response();
        let retry_after = response.headers().get(header::RETRY_AFTER);
        assert_eq!(response.status().as_u16(), expect_status);
        assert_eq!(retry_after.map(|value| value.to_str().unwrap()), expect_retry_after);
    }

    #[test]
    fn a_store_that_may_recover_is_asked_again_later() {
        check(store::Error::LogFull { bytes: 9, limit: 9 }, 503, Some("5"));
        check(store::Error::HeadFull { bytes: 9, limit: 9 }, 503, Some("5"));
        let full = store::Error::LogFull { bytes: 9, limit: 9 };
        check(store::Error::NotLogged(std::sync::Arc::new(full)), 503, Some("5"));
        check(store::Error::TooLarge { bytes: 9, limit: 9 }, 413, None);
        let reason = String::new();
        check(store::Error::Corrupt { place: String::new(), offset: 0, reason }, 500, None);
    }
}
