//! The parameters of a request: from the query string, and from a form in the body.

use axum::Form;
use axum::extract::{FromRequest, Query, Request};
use axum::http::{Method, StatusCode, header};
use axum::response::IntoResponse;
use loki::Params;

use crate::refusal::Refusal;

/// The parameters of a request, those of the body first, as in Go.
pub(crate) struct Asked(pub(crate) Params);

type Pairs = Vec<(String, String)>;

impl<S: Send + Sync> FromRequest<S> for Asked {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let Query(mut pairs) = Query::<Pairs>::try_from_uri(request.uri())
            .map_err(|error| Refusal::bad_request(error.body_text()))?;
        // Go reads a body only when it says that it is a form, and not that of any method.
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        if kind.is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"))
            && matches!(*request.method(), Method::POST | Method::PUT)
        {
            let form = Form::<Pairs>::from_request(request, state).await;
            let Form(mut body) = form.map_err(|rejection| {
                let text = rejection.body_text();
                let status = rejection.into_response().status();
                Refusal::new(
                    if status.is_client_error() { status } else { StatusCode::BAD_REQUEST },
                    text,
                )
            })?;
            body.append(&mut pairs);
            pairs = body;
        }
        Ok(Self(Params::new(pairs)))
    }
}
