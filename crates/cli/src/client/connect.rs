//! The way to a server: certificates, proxies, and the headers that say who one is.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{AUTHORIZATION, CACHE_CONTROL, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Certificate, Identity, NoProxy, Proxy, Url};

use crate::args::ClientArgs;

/// How long a server may take to accept a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How soon a peer that has vanished is noticed while lines are awaited.
const KEEPALIVE: Duration = Duration::from_secs(15);

/// A client that goes the way that the arguments say.
pub(super) fn http(args: &ClientArgs) -> Result<reqwest::Client> {
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("barogram/", env!("CARGO_PKG_VERSION")))
        // An upgrade to a WebSocket is a matter of HTTP/1.1.
        .http1_only()
        .connect_timeout(CONNECT_TIMEOUT)
        .tcp_keepalive(KEEPALIVE)
        .default_headers(headers(args)?)
        .gzip(args.compress)
        .danger_accept_invalid_certs(args.tls_skip_verify);
    if let Some(path) = &args.ca_cert {
        let certificates = Certificate::from_pem_bundle(&read("--ca-cert", path)?)
            .with_context(|| format!("--ca-cert {} holds no certificate", path.display()))?;
        builder =
            certificates.into_iter().fold(builder, reqwest::ClientBuilder::add_root_certificate);
    }
    if let Some(identity) = identity(args)? {
        builder = builder.identity(identity);
    }
    builder = match &args.proxy_url {
        Some(url) => {
            let proxy = Proxy::all(url)
                .with_context(|| format!("--proxy-url {url:?} is not like http://proxy:3128"))?;
            // Set by hand, the proxy holds for every host, whatever NO_PROXY says.
            builder.proxy(proxy.no_proxy(NoProxy::from_string("")))
        }
        None if args.envproxy => builder,
        None => builder.no_proxy(),
    };
    Ok(builder.build()?)
}

/// The server's address, to which paths are added.
pub(super) fn base(addr: &str) -> Result<Url> {
    let hint = || format!("--addr {addr:?} is not an address: write it like http://localhost:3100");
    let url: Url = addr.parse().with_context(hint)?;
    if !matches!(url.scheme(), "http" | "https") {
        bail!(hint());
    }
    Ok(url)
}

fn identity(args: &ClientArgs) -> Result<Option<Identity>> {
    let (cert, key) = match (&args.cert, &args.key) {
        (None, None) => return Ok(None),
        (Some(cert), Some(key)) => (cert, key),
        _ => bail!("--cert and --key go together: give both or neither"),
    };
    let mut pem = read("--key", key)?;
    pem.push(b'\n');
    pem.extend(read("--cert", cert)?);
    let identity = Identity::from_pem(&pem).with_context(|| {
        format!("{} and {} are no key and certificate in PEM", key.display(), cert.display())
    })?;
    Ok(Some(identity))
}

fn read(flag: &str, path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("failed to read {flag} {}", path.display()))
}

fn headers(args: &ClientArgs) -> Result<HeaderMap> {
    let mut headers = HeaderMap::new();
    let mut add = |name: &str, value: &str, is_secret: bool| -> Result<()> {
        let name: HeaderName =
            name.parse().with_context(|| format!("{name:?} is not the name of a header"))?;
        let mut value = HeaderValue::from_str(value)
            .with_context(|| format!("the value of the header {name} cannot be sent"))?;
        value.set_sensitive(is_secret);
        headers.insert(name, value);
        Ok(())
    };
    if let Some(tenant) = &args.org_id {
        add("X-Scope-OrgID", tenant, false)?;
    }
    if let Some(tags) = &args.query_tags {
        add("X-Query-Tags", tags, false)?;
    }
    if args.nocache {
        add(CACHE_CONTROL.as_str(), "no-cache", false)?;
    }
    if let Some(credentials) = credentials(args)? {
        let name = args.auth_header.as_deref().unwrap_or(AUTHORIZATION.as_str());
        add(name, &credentials, true)?;
    }
    for header in &args.header {
        let (name, value) = header
            .split_once(':')
            .with_context(|| format!("--header {header:?} is not of the form \"Name: value\""))?;
        add(name.trim(), value.trim(), true)?;
    }
    Ok(headers)
}

/// What the authorization header says.
fn credentials(args: &ClientArgs) -> Result<Option<String>> {
    let token = token(args.bearer_token.as_deref(), args.bearer_token_file.as_deref())?;
    match (&args.username, token) {
        (Some(_), Some(_)) => bail!(
            "give a user name or a token, not both: --username with --password, --bearer-token, \
             or --bearer-token-file (look for LOKI_USERNAME and LOKI_BEARER_TOKEN too)"
        ),
        (Some(user), None) => {
            let password = args.password.as_deref().unwrap_or_default();
            Ok(Some(format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))))
        }
        (None, token) => Ok(token.map(|token| format!("Bearer {token}"))),
    }
}

/// A token given directly or in a file.
///
/// # Errors
/// When the file cannot be read, or is empty.
pub fn token(given: Option<&str>, file: Option<&Path>) -> Result<Option<String>> {
    let Some(path) = file else { return Ok(given.map(str::to_owned)) };
    let text = fs::read_to_string(path)
        .with_context(|| format!("failed to read the token from {}", path.display()))?;
    match text.trim() {
        "" => bail!("the token file {} is empty", path.display()),
        token => Ok(Some(token.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The headers that the arguments give, or why there are none.
    #[track_caller]
    fn check(args: &ClientArgs, expect: &str) {
        let seen = match headers(args) {
            Ok(headers) => {
                let show = |(name, value): (&HeaderName, &HeaderValue)| {
                    format!("{name}: {}", value.to_str().unwrap())
                };
                headers.iter().map(show).collect::<Vec<_>>().join("; ")
            }
            Err(error) => format!("{error:#}"),
        };
        assert_eq!(seen, expect);
    }

    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn headers_say_who_asks() {
        let none = ClientArgs::default;
        check(&none(), "");
        check(&ClientArgs { org_id: some("t"), ..none() }, "x-scope-orgid: t");
        check(&ClientArgs { query_tags: some("a=b"), ..none() }, "x-query-tags: a=b");
        check(&ClientArgs { nocache: true, ..none() }, "cache-control: no-cache");
        check(&ClientArgs { bearer_token: some("t"), ..none() }, "authorization: Bearer t");
        let basic = ClientArgs { username: some("u"), password: some("p"), ..none() };
        check(&basic, "authorization: Basic dTpw");
        check(&ClientArgs { auth_header: some("X-Auth"), ..basic }, "x-auth: Basic dTpw");
        check(&ClientArgs { header: vec!["X-A: b: c".into()], ..none() }, "x-a: b: c");
    }

    #[test]
    fn what_cannot_be_sent_is_named() {
        let none = ClientArgs::default;
        check(
            &ClientArgs { header: vec!["no colon".into()], ..none() },
            "--header \"no colon\" is not of the form \"Name: value\"",
        );
        let both = ClientArgs { username: some("u"), bearer_token: some("t"), ..none() };
        check(
            &both,
            "give a user name or a token, not both: --username with --password, --bearer-token, \
             or --bearer-token-file (look for LOKI_USERNAME and LOKI_BEARER_TOKEN too)",
        );
        let half = ClientArgs { cert: Some("c.pem".into()), ..none() };
        let error = http(&half).unwrap_err().to_string();
        assert_eq!(error, "--cert and --key go together: give both or neither");
    }

    #[track_caller]
    fn check_base(addr: &str, expect: Option<&str>) {
        let seen = base(addr).map_err(|error| error.to_string());
        let hint =
            format!("--addr {addr:?} is not an address: write it like http://localhost:3100");
        assert_eq!(seen.map(|url| url.to_string()), expect.map(str::to_owned).ok_or(hint));
    }

    #[test]
    fn addresses() {
        check_base("http://localhost:3100", Some("http://localhost:3100/"));
        check_base("https://logs.example/loki/", Some("https://logs.example/loki/"));
        check_base("localhost:3100", None);
        check_base("", None);
    }
}
