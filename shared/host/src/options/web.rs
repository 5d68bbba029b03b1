//! What an operator can set of serving over HTTP.

use std::{net::SocketAddr, num::NonZeroU32, path::PathBuf, str::FromStr, time::Duration};

use anyhow::{Context, Result, bail};
use clap::{Args, builder::BoolishValueParser};

use crate::{
    auth::{Auth, Oauth, Scopes, Tokens, Upstream},
    http::{Limits, Names, Sessions, Tls, Web},
};

const HTTP: &str = "HTTP";
const CALLERS: &str = "Callers over HTTP";

/// The operator's choices of how HTTP is served, each of them optional.
#[derive(Args, Clone, Debug)]
pub(crate) struct WebOptions {
    /// Serve Streamable HTTP at this address, such as 127.0.0.1:8080, in place of stdin and stdout.
    #[arg(long, global = true, env = "AWSMCP_HTTP", value_name = "ADDRESS", help_heading = HTTP)]
    pub(crate) http: Option<Address>,
    /// Further names under which clients reach this address, as their Host header has them.
    #[arg(long, global = true, env = "AWSMCP_HTTP_ALLOW_HOST", value_delimiter = ',', value_name = "HOST", help_heading = HTTP)]
    http_allow_host: Vec<String>,
    /// Further web pages that may call, as their Origin header has them, such as https://app.example.com:443.
    #[arg(long, global = true, env = "AWSMCP_HTTP_ALLOW_ORIGIN", value_delimiter = ',', value_name = "ORIGIN", help_heading = HTTP)]
    http_allow_origin: Vec<String>,
    /// Certificate chain for TLS, PEM.
    #[arg(long, global = true, env = "AWSMCP_HTTP_TLS_CERT", value_name = "FILE", help_heading = HTTP)]
    http_tls_cert: Option<PathBuf>,
    /// Private key for TLS, PEM.
    #[arg(long, global = true, env = "AWSMCP_HTTP_TLS_KEY", value_name = "FILE", help_heading = HTTP)]
    http_tls_key: Option<PathBuf>,
    /// The largest request body, in bytes [default: 4194304].
    #[arg(long, global = true, env = "AWSMCP_HTTP_MAX_BODY", value_name = "BYTES", help_heading = HTTP)]
    http_max_body: Option<usize>,
    /// The most connections at once [default: 2000].
    #[arg(long, global = true, env = "AWSMCP_HTTP_MAX_CONNECTIONS", value_name = "COUNT", help_heading = HTTP)]
    http_max_connections: Option<usize>,
    /// The most requests at once; more are answered with 429 [default: 256].
    #[arg(long, global = true, env = "AWSMCP_HTTP_MAX_REQUESTS", value_name = "COUNT", help_heading = HTTP)]
    http_max_requests: Option<usize>,
    /// The most requests of one caller in a minute; more are answered with 429 [default: no limit].
    #[arg(long, global = true, env = "AWSMCP_HTTP_RATE", value_name = "COUNT", help_heading = HTTP)]
    http_rate: Option<NonZeroU32>,
    /// How long a connection may be idle, or take to send its headers, in seconds [default: 75].
    #[arg(long, global = true, env = "AWSMCP_HTTP_IDLE", value_name = "SECONDS", help_heading = HTTP)]
    http_idle: Option<u64>,
    /// How long a client may take to send a body, or to read what it is sent, in seconds [default: 30].
    #[arg(long, global = true, env = "AWSMCP_HTTP_SLOWEST", value_name = "SECONDS", help_heading = HTTP)]
    http_slowest: Option<u64>,
    /// How long calls may go on after the server was told to stop, in seconds [default: 30].
    #[arg(long, global = true, env = "AWSMCP_HTTP_DRAIN", value_name = "SECONDS", help_heading = HTTP)]
    http_drain: Option<u64>,
    /// Keep sessions for clients of 2025 that want them.
    #[arg(long, global = true, env = "AWSMCP_HTTP_SESSIONS", value_parser = BoolishValueParser::new(), help_heading = HTTP)]
    http_sessions: bool,
    /// The most sessions at once [default: 1000].
    #[arg(long, global = true, env = "AWSMCP_HTTP_MAX_SESSIONS", value_name = "COUNT", help_heading = HTTP)]
    http_max_sessions: Option<usize>,
    /// How long a session without requests is kept, in seconds [default: 300].
    #[arg(long, global = true, env = "AWSMCP_HTTP_SESSION_IDLE", value_name = "SECONDS", help_heading = HTTP)]
    http_session_idle: Option<u64>,
    /// Stream answers of a Lambda function, for Function URLs with RESPONSE_STREAM.
    #[arg(long, global = true, env = "AWSMCP_LAMBDA_STREAMING", value_parser = BoolishValueParser::new(), help_heading = HTTP)]
    pub(crate) lambda_streaming: bool,

    /// File of tokens that callers may bear: a line for each, as `awsmcp-<server> token NAME` prints it.
    #[arg(long, global = true, env = "AWSMCP_TOKEN_FILE", value_name = "FILE", help_heading = CALLERS)]
    token_file: Option<PathBuf>,
    /// Tokens that callers may bear, in the form of the file's lines.
    #[arg(long, global = true, env = "AWSMCP_TOKENS", value_delimiter = ',', value_name = "LINE", help_heading = CALLERS)]
    tokens: Vec<String>,
    /// OAuth: who issues the access tokens, as their `iss` has it.
    #[arg(long, global = true, env = "AWSMCP_OAUTH_ISSUER", value_name = "URL", help_heading = CALLERS)]
    oauth_issuer: Option<String>,
    /// OAuth: for whom they must be, as their `aud` has it [default: the public URL].
    #[arg(long, global = true, env = "AWSMCP_OAUTH_AUDIENCE", value_delimiter = ',', value_name = "AUDIENCE", help_heading = CALLERS)]
    oauth_audience: Vec<String>,
    /// OAuth: where the issuer's keys are [default: as its metadata says].
    #[arg(long, global = true, env = "AWSMCP_OAUTH_JWKS_URL", value_name = "URL", help_heading = CALLERS)]
    oauth_jwks_url: Option<String>,
    /// The address that clients know, such as https://mcp.example.com/mcp.
    #[arg(long, global = true, env = "AWSMCP_PUBLIC_URL", value_name = "URL", help_heading = CALLERS)]
    public_url: Option<String>,
    /// What stands before this server (API Gateway, a load balancer, a private network) lets only callers in that may.
    #[arg(long, global = true, env = "AWSMCP_TRUST_UPSTREAM", value_parser = BoolishValueParser::new(), help_heading = CALLERS)]
    trust_upstream: bool,
    /// Header in which the trusted upstream names the caller, such as x-amzn-oidc-identity.
    #[arg(long, global = true, env = "AWSMCP_TRUST_PRINCIPAL_HEADER", value_name = "HEADER", help_heading = CALLERS)]
    trust_principal_header: Option<String>,
    /// Header in which the trusted upstream names the caller's scopes, separated by spaces.
    #[arg(long, global = true, env = "AWSMCP_TRUST_SCOPES_HEADER", value_name = "HEADER", help_heading = CALLERS)]
    trust_scopes_header: Option<String>,
}

/// An address to listen on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Address(pub(crate) SocketAddr);

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // The one name that needs nobody to look it up.
        let numbers = text.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
        let parsed = numbers.as_deref().unwrap_or(text).parse();
        parsed.map(Address).map_err(|_| "a good one is 127.0.0.1:8080 or [::1]:8080".to_owned())
    }
}

impl WebOptions {
    /// How requests are served, wherever they come from.
    ///
    /// # Errors
    /// When settings contradict each other, or a file cannot be read.
    pub(crate) fn web(&self) -> Result<Web> {
        let seconds = |given: Option<u64>, usual: u64| Duration::from_secs(given.unwrap_or(usual).max(1));
        let public = self.public_url()?;
        Ok(Web {
            names: self.names(public.clone())?,
            tls: match (&self.http_tls_cert, &self.http_tls_key) {
                (Some(cert), Some(key)) => Some(Tls::read(cert, key)?),
                (None, None) => None,
                (Some(_), None) => bail!("--http-tls-cert needs --http-tls-key too"),
                (None, Some(_)) => bail!("--http-tls-key needs --http-tls-cert too"),
            },
            limits: Limits {
                body: self.http_max_body.unwrap_or(4 * 1024 * 1024).max(1),
                connections: self.http_max_connections.unwrap_or(2_000).max(1),
                requests: self.http_max_requests.unwrap_or(256).max(1),
                rate: self.http_rate,
                idle: seconds(self.http_idle, 75),
                slowest: seconds(self.http_slowest, 30),
                drain: seconds(self.http_drain, 30),
            },
            sessions: self.http_sessions.then(|| Sessions {
                most: self.http_max_sessions.unwrap_or(1_000).max(1),
                idle: seconds(self.http_session_idle, 300),
            }),
            auth: self.auth(public)?,
        })
    }

    fn names(&self, public: Option<http::Uri>) -> Result<Names> {
        for origin in &self.http_allow_origin {
            let uri: Option<http::Uri> = origin.trim_end_matches(":*").parse().ok();
            if uri.is_none_or(|uri| uri.scheme().is_none() || uri.authority().is_none()) {
                bail!("--http-allow-origin {origin:?}: a good one looks like https://app.example.com:443");
            }
        }
        Ok(Names {
            any_host: false,
            hosts: self.http_allow_host.clone(),
            origins: self.http_allow_origin.clone(),
            public,
        })
    }

    fn public_url(&self) -> Result<Option<http::Uri>> {
        let Some(text) = &self.public_url else { return Ok(None) };
        let uri: http::Uri = text.parse().with_context(|| format!("--public-url {text:?}"))?;
        if uri.scheme().is_none() || uri.authority().is_none() {
            bail!("--public-url {text:?}: a good one looks like https://mcp.example.com/mcp");
        }
        Ok(Some(uri))
    }

    fn auth(&self, public: Option<http::Uri>) -> Result<Auth> {
        let tokens = Tokens::read(self.token_file.as_deref(), &self.tokens)?;
        let oauth = match &self.oauth_issuer {
            Some(issuer) => {
                let mut audiences = self.oauth_audience.clone();
                if audiences.is_empty() {
                    audiences.extend(self.public_url.clone());
                }
                if audiences.is_empty() {
                    bail!(
                        "--oauth-issuer needs --oauth-audience or --public-url: a token for another server must not \
                         open this one"
                    );
                }
                Some(Oauth::new(issuer, audiences, self.oauth_jwks_url.as_deref())?)
            }
            None if self.oauth_jwks_url.is_some() || !self.oauth_audience.is_empty() => {
                bail!("--oauth-audience and --oauth-jwks-url are about --oauth-issuer; give it too")
            }
            None => None,
        };
        let headers = [&self.trust_principal_header, &self.trust_scopes_header];
        if !self.trust_upstream && headers.iter().any(|header| header.is_some()) {
            bail!(
                "a header is believed only with --trust-upstream; give it too, if only that upstream can connect"
            );
        }
        let upstream = self.trust_upstream.then(|| {
            let header = |name: &Option<String>| {
                name.as_deref()
                    .map(|name| name.parse().with_context(|| format!("{name:?} is no name of a header")))
                    .transpose()
            };
            anyhow::Ok(Upstream {
                principal: header(&self.trust_principal_header)?,
                scopes: header(&self.trust_scopes_header)?,
            })
        });
        let own_names = self.oauth_audience.iter().chain(&self.public_url).map(String::as_str);
        Ok(Auth::new(tokens, oauth, upstream.transpose()?, public, Scopes::of(own_names)))
    }
}
