//! The arguments that every client of HTTP has: who one is, whom one trusts, what one sends
//! besides.

use std::path::PathBuf;
use std::time::Duration;

use alloy::decode::Arguments;
use alloy::{Diagnostic, Secret as Hidden};

use crate::limits::POLL_PAUSE_MIN;
use crate::write::{Auth, ClientCertificate, Credential, Secret, Tls};

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
    /// Whom one trusts.
    pub tls: Tls,
}

/// Reads them.
pub fn decode(args: &mut Arguments<'_, '_>) -> Client {
    let mut client = Client::default();
    let token = credential(args, "bearer_token", "bearer_token_file").map(Auth::bearer);
    let ways = [basic_auth(args), authorization(args), token];
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
    client.tls = tls_config(args);
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
    if client != Client::default() {
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

/// What is given as it is, or in a file.
fn credential(args: &mut Arguments<'_, '_>, text: &str, file: &str) -> Option<Credential> {
    let given: Option<Hidden> = args.given(text);
    let path: Option<String> = args.given(file).filter(|path: &String| !path.is_empty());
    if given.is_some() && path.is_some() {
        args.wrong(file, format!("there may be one of \"{text}\" and \"{file}\" only"));
    }
    let given = given.map(|given| Credential::Text(Secret(given.expose().to_owned())));
    given.or(path.map(|path| Credential::File(path.into())))
}

fn basic_auth(args: &mut Arguments<'_, '_>) -> Option<Auth> {
    let block = args.block("basic_auth")?;
    let mut nested = args.nested(block);
    let user = nested.optional("username", String::new());
    let password = credential(&mut nested, "password", "password_file");
    nested.finish();
    let password = password.unwrap_or(Credential::Text(Secret::default()));
    Some(Auth::Basic { user, password })
}

fn authorization(args: &mut Arguments<'_, '_>) -> Option<Auth> {
    let block = args.block("authorization")?;
    let mut nested = args.nested(block);
    let scheme = nested.optional("type", "Bearer".to_owned());
    let token = credential(&mut nested, "credentials", "credentials_file");
    if scheme.eq_ignore_ascii_case("basic") {
        let problem = "a name and a password are no token: write basic_auth { … }";
        nested.wrong("type", problem);
    }
    nested.finish();
    token.map(|token| Auth::Token { scheme, token })
}

fn tls_config(args: &mut Arguments<'_, '_>) -> Tls {
    let Some(block) = args.block("tls_config") else { return Tls::default() };
    let mut nested = args.nested(block);
    let authorities = credential(&mut nested, "ca_pem", "ca_file");
    let is_insecure = nested.optional("insecure_skip_verify", false);
    let certificate = credential(&mut nested, "cert_pem", "cert_file");
    let key = credential(&mut nested, "key_pem", "key_file");
    if certificate.is_some() != key.is_some() {
        let message = "a certificate and its key belong together: one of them is missing";
        nested.push(Diagnostic::error(block.head(), message));
    }
    for name in ["server_name", "min_version"] {
        if let Some(span) = nested.ignored(name) {
            nested.push(Diagnostic::warning(span, format!("\"{name}\" has no effect")));
        }
    }
    nested.finish();
    let identity = certificate.zip(key);
    let identity = identity.map(|(certificate, key)| ClientCertificate { certificate, key });
    Tls { authorities, is_insecure, identity }
}
