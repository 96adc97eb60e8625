//! How a server is reached: logcli's flags and environment variables.

use std::path::PathBuf;

use clap::Args;

/// Reaching a server.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Client")]
pub struct ClientArgs {
    /// The server's address
    #[arg(long, global = true, env = "LOKI_ADDR", default_value = "http://localhost:3100")]
    pub addr: String,
    /// User name for HTTP basic authentication
    #[arg(long, global = true, env = "LOKI_USERNAME")]
    pub username: Option<String>,
    /// Password for HTTP basic authentication
    #[arg(long, global = true, env = "LOKI_PASSWORD", hide_env_values = true)]
    pub password: Option<String>,
    /// A token for the authorization header
    #[arg(long, global = true, env = "LOKI_BEARER_TOKEN", hide_env_values = true)]
    pub bearer_token: Option<String>,
    /// A file with that token
    #[arg(long, global = true, env = "LOKI_BEARER_TOKEN_FILE")]
    pub bearer_token_file: Option<PathBuf>,
    /// The name of the authorization header [default: Authorization]
    #[arg(long, global = true, env = "LOKI_AUTH_HEADER")]
    pub auth_header: Option<String>,
    /// The tenant (X-Scope-OrgID)
    #[arg(long, global = true, env = "LOKI_ORG_ID")]
    pub org_id: Option<String>,
    /// Tags for the server's own statistics (X-Query-Tags), as key=value,key=value
    #[arg(long, global = true, env = "LOKI_QUERY_TAGS")]
    pub query_tags: Option<String>,
    /// Ask for an answer that comes from no cache
    #[arg(long, global = true, env = "LOKI_NO_CACHE")]
    pub nocache: bool,
    /// Another header, as "Name: value"; may be repeated
    #[arg(long, global = true)]
    pub header: Vec<String>,
    /// A file with the certificate of the authority that the server's certificate is checked by
    #[arg(long, global = true, env = "LOKI_CA_CERT_PATH")]
    pub ca_cert: Option<PathBuf>,
    /// Do not check the server's certificate
    #[arg(long, global = true, env = "LOKI_TLS_SKIP_VERIFY")]
    pub tls_skip_verify: bool,
    /// A file with our own certificate, for servers that ask for one
    #[arg(long, global = true, env = "LOKI_CLIENT_CERT_PATH")]
    pub cert: Option<PathBuf>,
    /// A file with the key of that certificate
    #[arg(long, global = true, env = "LOKI_CLIENT_KEY_PATH")]
    pub key: Option<PathBuf>,
    /// The HTTP proxy to go through
    #[arg(long, global = true, env = "LOKI_HTTP_PROXY_URL")]
    pub proxy_url: Option<String>,
    /// Go through the proxy that HTTP_PROXY, HTTPS_PROXY and NO_PROXY name
    #[arg(long, global = true, env = "LOKI_ENV_PROXY")]
    pub envproxy: bool,
    /// Ask for compressed answers
    #[arg(long, global = true, env = "LOKI_HTTP_COMPRESSION")]
    pub compress: bool,
    /// How often a failed request is tried again
    #[arg(long, global = true, env = "LOKI_CLIENT_RETRIES", default_value_t = 0)]
    pub retries: u32,
    /// The first pause before a request is tried again, in seconds; 0: half a second
    #[arg(long, global = true, env = "LOKI_CLIENT_MIN_BACKOFF", default_value_t = 0)]
    pub min_backoff: u64,
    /// The longest such pause, in seconds (each is twice the one before); 0: ten seconds
    #[arg(long, global = true, env = "LOKI_CLIENT_MAX_BACKOFF", default_value_t = 0)]
    pub max_backoff: u64,
    /// Query the lines of standard input instead of a server; they have the label source="logcli"
    #[arg(long, global = true)]
    pub stdin: bool,
}
