//! How the API server is reached: from inside the cluster, by a kubeconfig, or by an address.

use std::path::{Path, PathBuf};
use std::time::Duration;

use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use tokio::time::sleep;

use crate::Error;
use crate::error::Chain;
use crate::kubernetes::watch::WATCH_IDLE_MAX;

/// Where Kubernetes puts a pod's service account: `token`, `ca.crt`, `namespace`.
pub const SERVICE_ACCOUNT_FOLDER: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// How long to wait before a file that could not be read, or an address, is tried again.
const CONNECT_PAUSE: Duration = Duration::from_secs(5);

/// How the API server is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// As the service account of the pod that we run in.
    InCluster {
        /// `https://` and `KUBERNETES_SERVICE_HOST:KUBERNETES_SERVICE_PORT`.
        url: String,
        /// The folder of the service account, usually [`SERVICE_ACCOUNT_FOLDER`]. The token and
        /// the certificate of the authority are read again when Kubernetes renews them.
        folder: PathBuf,
    },
    /// As the current context of a kubeconfig says.
    KubeconfigFile(PathBuf),
    /// At an address.
    Server {
        /// The address, such as `http://localhost:8001` of a `kubectl proxy`.
        url: String,
        /// A file with a bearer token, which is read again when it changes.
        token_file: Option<PathBuf>,
        /// A file with the certificates to trust, as PEM; else those of the machine.
        ca_file: Option<PathBuf>,
    },
}

/// A client that reaches the API server so. Nothing is asked of the server yet.
///
/// # Errors
/// When a file cannot be read or an address is none.
pub async fn connect(access: &Access) -> Result<Client, Error> {
    let mut config = match access {
        Access::InCluster { url, folder } => {
            at_address(url, Some(&folder.join("token")), Some(&folder.join("ca.crt")))?
        }
        Access::KubeconfigFile(path) => from_kubeconfig(path).await?,
        Access::Server { url, token_file, ca_file } => {
            at_address(url, token_file.as_deref(), ca_file.as_deref())?
        }
    };
    // A connection that died without a word would be listened to for ever.
    config.read_timeout = Some(WATCH_IDLE_MAX);
    // Pauses are ours: they grow, and no two nodes make them in step.
    config.default_retry = false;
    Client::try_from(config).map_err(|error| failed("the client", error))
}

/// A client, however long it takes. What is wrong is told each time.
pub async fn connect_patiently(access: &Access, problem: impl Fn(String)) -> Client {
    loop {
        match connect(access).await {
            Ok(client) => return client,
            Err(error) => problem(Chain(&error).to_string()),
        }
        sleep(CONNECT_PAUSE).await;
    }
}

fn at_address(url: &str, token: Option<&Path>, ca: Option<&Path>) -> Result<Config, Error> {
    let what = || format!("the address {url:?}");
    let uri: http::Uri = url.parse().map_err(|error| failed(what(), error))?;
    if !matches!(uri.scheme_str(), Some("http" | "https")) {
        return Err(failed(what(), "it must begin with http:// or https://"));
    }
    for path in token.iter().chain(&ca) {
        std::fs::metadata(path).map_err(|error| failed(path.display(), error))?;
    }
    let mut config = Config::new(uri);
    config.auth_info.token_file = token.map(|path| path.to_string_lossy().into_owned());
    config.root_cert_file = ca.map(Path::to_path_buf);
    Ok(config)
}

async fn from_kubeconfig(path: &Path) -> Result<Config, Error> {
    let failed = |error| failed(path.display(), error);
    let file = Kubeconfig::read_from(path).map_err(failed)?;
    Config::from_custom_kubeconfig(file, &KubeConfigOptions::default()).await.map_err(failed)
}

fn failed(
    what: impl std::fmt::Display,
    source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> Error {
    Error::Kubernetes { what: what.to_string(), source: source.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Chain;

    #[tokio::test]
    async fn what_is_wrong_is_told() {
        let server = |url: &str, token: Option<&str>| Access::Server {
            url: url.to_owned(),
            token_file: token.map(PathBuf::from),
            ca_file: None,
        };
        for (access, expect) in [
            (server("localhost:8001", None), "must begin with http"),
            (server("http://a b", None), "the address"),
            (server("http://x", Some("/no/token")), "/no/token"),
            (Access::KubeconfigFile("/no/config".into()), "/no/config"),
            (Access::InCluster { url: "https://x".into(), folder: "/no".into() }, "/no/token"),
        ] {
            let error = connect(&access).await.err().expect("it is refused");
            let text = Chain(&error).to_string();
            assert!(text.contains(expect), "{text:?} does not tell {expect:?}");
        }
        assert!(connect(&server("http://localhost:8001", None)).await.is_ok());
    }
}
