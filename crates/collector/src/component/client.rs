//! The arguments that every client of HTTP has: who one is, whom one trusts, what one sends
//! besides.

use std::path::PathBuf;
use std::time::Duration;

use alloy::decode::Arguments;
use alloy::{Diagnostic, Secret as Hidden};

use crate::limits::POLL_PAUSE_MIN;
use crate::write::{Auth, Secret};

/// Arguments of clients that change how a proxy or a redirection is dealt with.
const WITHOUT_EFFECT: [&str; 7] = [
    "proxy_url",
    "no_proxy",
    "proxy_from_environment",
    "proxy_connect_header",
    "follow_redirects",
    "enable_http2",
    "http_headers",
];

/// Who one is, and whom one trusts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Client {
    /// How one proves who one is.
    pub auth: Auth,
    /// A file of certificates to trust besides the system's, in PEM.
    pub ca_file: Option<PathBuf>,
    /// Whether any certificate is trusted.
    pub is_insecure: bool,
}

/// Reads them.
pub fn decode(args: &mut Arguments<'_, '_>) -> Client {
    let mut client = Client::default();
    let token: Option<Hidden> = args.given("bearer_token");
    let token_file: Option<String> = args.given("bearer_token_file");
    let ways =
        [basic_auth(args), authorization(args), token.as_ref().map(bearer), token_file.map(file)];
    let mut ways = ways.into_iter().flatten();
    client.auth = ways.next().unwrap_or_default();
    if ways.next().is_some() {
        let message = "there may be one of basic_auth, authorization, bearer_token and \
                       bearer_token_file only";
        args.push(Diagnostic::error(args.head(), message));
    }
    if let Some(block) = args.block("oauth2") {
        args.push(Diagnostic::error(block.head(), "barogram has no oauth2: use a token in a file"));
    }
    tls_config(args, &mut client);
    for name in WITHOUT_EFFECT {
        if let Some(span) = args.ignored(name).filter(|_| name.contains("proxy")) {
            args.push(Diagnostic::warning(span, format!("\"{name}\" has no effect")));
        }
    }
    client
}

/// How often something is asked for again.
pub fn poll_frequency(args: &mut Arguments<'_, '_>) -> Duration {
    let frequency = args.optional("poll_frequency", Duration::from_secs(60));
    if frequency < POLL_PAUSE_MIN {
        let span = args.span("poll_frequency");
        let message = format!("\"poll_frequency\" must be {POLL_PAUSE_MIN:?} at least");
        args.push(Diagnostic::error(span, message));
    }
    frequency
}

/// Reads them where the client is Kubernetes', which knows by itself who it is, and says what has
/// no effect.
pub fn ignore(args: &mut Arguments<'_, '_>) {
    let client = decode(args);
    if client.auth != Auth::None || client.ca_file.is_some() || client.is_insecure {
        let message = "Kubernetes is reached as the pod's service account or a kubeconfig says: \
                       other credentials have no effect";
        args.push(Diagnostic::warning(args.head(), message));
    }
}

/// Reads the block that makes agents share work, which they do not here. Tells whether they should.
pub fn clustering(args: &mut Arguments<'_, '_>) -> bool {
    let Some(block) = args.block("clustering") else { return false };
    let mut nested = args.nested(block);
    let is_enabled = nested.required("enabled");
    if is_enabled {
        let message = "agents do not share work: let each collect the pods of its node";
        nested.push(Diagnostic::warning(block.head(), message));
    }
    nested.finish();
    is_enabled
}

/// Reads the block that says how Kubernetes is reached: an address, or a kubeconfig.
pub fn kubernetes(args: &mut Arguments<'_, '_>) -> (Option<String>, Option<PathBuf>) {
    let Some(block) = args.block("client") else { return (None, None) };
    let mut nested = args.nested(block);
    let api_server = nested.given("api_server");
    let kubeconfig_file = nested.given("kubeconfig_file").map(|path: String| path.into());
    ignore(&mut nested);
    nested.finish();
    (api_server, kubeconfig_file)
}

fn bearer(token: &Hidden) -> Auth {
    Auth::Bearer(Secret(token.expose().to_owned()))
}

fn file(path: String) -> Auth {
    Auth::BearerFile(path.into())
}

fn basic_auth(args: &mut Arguments<'_, '_>) -> Option<Auth> {
    let block = args.block("basic_auth")?;
    let mut nested = args.nested(block);
    let user = nested.optional("username", String::new());
    let password: Hidden = nested.optional("password", Hidden::default());
    if let Some(span) = nested.ignored("password_file") {
        let problem = Diagnostic::error(span, "a password is not read from a file here");
        nested.push(problem.hint("write password = local.file.NAME.content"));
    }
    nested.finish();
    Some(Auth::Basic { user, password: Secret(password.expose().to_owned()) })
}

fn authorization(args: &mut Arguments<'_, '_>) -> Option<Auth> {
    let block = args.block("authorization")?;
    let mut nested = args.nested(block);
    let is_bearer = |kind: String| match kind.as_str() {
        "Bearer" => Ok(()),
        _ => Err(format!("{kind:?} is not supported, only \"Bearer\" is")),
    };
    nested.given_as("type", is_bearer);
    let token: Option<Hidden> = nested.given("credentials");
    let path: Option<String> = nested.given("credentials_file");
    nested.finish();
    token.as_ref().map(bearer).or(path.map(file))
}

fn tls_config(args: &mut Arguments<'_, '_>, client: &mut Client) {
    let Some(block) = args.block("tls_config") else { return };
    let mut nested = args.nested(block);
    client.ca_file = nested.given("ca_file").map(|path: String| path.into());
    client.is_insecure = nested.optional("insecure_skip_verify", false);
    for name in ["server_name", "min_version"] {
        nested.ignored(name);
    }
    for name in ["ca_pem", "cert_pem", "cert_file", "key_pem", "key_file"] {
        if let Some(span) = nested.ignored(name) {
            let message = format!("\"{name}\" is not supported: certificates are read by ca_file");
            nested.push(Diagnostic::error(span, message));
        }
    }
    nested.finish();
}
