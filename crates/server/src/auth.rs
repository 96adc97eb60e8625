//! Who may come in: everybody, or whoever has the token.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::app::App;
use crate::config::Config;
use crate::error::Error;
use crate::refusal::Refusal;

/// The path that probes ask; it tells nothing and needs no token.
const OPEN_PATH: &str = "/ready";

/// Refuses to serve the network without a token, unless told that this is meant.
pub(crate) fn check_exposure(config: &Config) -> Result<(), Error> {
    let local = config.listen.ip().is_loopback();
    if local || config.token.is_some() || config.insecure_no_token {
        return Ok(());
    }
    Err(Error::Exposed(config.listen))
}

/// Lets a request pass, or answers 401.
pub(crate) async fn check(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let allowed = match &app.config.token {
        None => true,
        Some(_) if request.uri().path() == OPEN_PATH => true,
        Some(token) => secret(request.headers()).is_some_and(|secret| token.is(&secret)),
    };
    if allowed {
        return next.run(request).await;
    }
    let text = "no valid token; send `Authorization: Bearer <token>`, or the token as password";
    let challenge = [(header::WWW_AUTHENTICATE, "Bearer, Basic realm=\"barogram\"")];
    (challenge, Refusal::new(StatusCode::UNAUTHORIZED, text)).into_response()
}

/// The token of a request: a bearer's, or the password of basic authentication, which is all that
/// some clients can send.
fn secret(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, credentials) = value.split_once(' ')?;
    match scheme.to_ascii_lowercase().as_str() {
        "bearer" => Some(credentials.trim().to_owned()),
        "basic" => {
            let decoded = String::from_utf8(STANDARD.decode(credentials.trim()).ok()?).ok()?;
            decoded.split_once(':').map(|(_, password)| password.to_owned())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;
    use crate::config::Token;

    #[track_caller]
    fn check(listen: &str, token: Option<&str>, insecure: bool, ok: bool) {
        let config = Config {
            listen: listen.parse().unwrap(),
            token: token.and_then(Token::new),
            insecure_no_token: insecure,
            ..Config::default()
        };
        assert_eq!(check_exposure(&config).is_ok(), ok, "for {listen}");
    }

    #[test]
    fn the_network_is_served_with_a_token_or_on_demand() {
        check("127.0.0.1:3100", None, false, true);
        check("[::1]:3100", None, false, true);
        check("0.0.0.0:3100", None, false, false);
        check("[::]:3100", None, false, false);
        check("10.0.0.7:3100", Some("s3cret\n"), false, true);
        check("10.0.0.7:3100", Some(" \n"), false, false);
        check("10.0.0.7:3100", None, true, true);
    }

    #[track_caller]
    fn check_secret(authorization: &str, expect: Option<&str>) {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, HeaderValue::from_str(authorization).unwrap());
        assert_eq!(secret(&headers).as_deref(), expect, "for {authorization}");
    }

    #[test]
    fn the_token_comes_as_a_bearer_s_or_as_a_password() {
        check_secret("Bearer abc", Some("abc"));
        check_secret("bearer  abc ", Some("abc"));
        check_secret("Basic dXNlcjphOmI=", Some("a:b"));
        check_secret("Basic !", None);
        check_secret("Digest abc", None);
        check_secret("abc", None);
    }
}
