//! Streamable HTTP: one engine for many callers.
//!
//! A request passes, in this order: the log, authentication, the rate of its caller, the reading of its message, the
//! bound on requests, the caller's scopes, and then rmcp. Lambda's events take the same way. What bounds connections, and
//! what looks at a request before it is taken for one of this server, stands before that, in `connections`.

mod connections;
mod host;
mod limits;
mod linger;
mod log;
mod message;
mod places;
mod sessions;
#[cfg(test)]
mod tests;
mod tls;

use std::{net::SocketAddr, num::NonZeroU32, sync::Arc, time::Duration};

use anyhow::{Context, Result, bail};
use axum::{
    Router,
    extract::State,
    middleware::{from_fn, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::get,
};
use http::{StatusCode, Uri};
use rmcp::{
    ServerHandler,
    transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService},
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{
    auth::{Auth, METADATA, authenticate, metadata},
    served::Served,
};

pub(crate) use tls::Tls;

/// How requests are served, wherever they come from.
#[derive(Debug)]
pub(crate) struct Web {
    pub(crate) names: Names,
    pub(crate) tls: Option<Tls>,
    pub(crate) limits: Limits,
    pub(crate) sessions: Option<Sessions>,
    pub(crate) auth: Auth,
}

/// Under which names clients and their web pages may come.
#[derive(Debug)]
pub(crate) struct Names {
    /// Whether the host does not matter, since no browser can be made to come here.
    pub(crate) any_host: bool,
    /// Further hosts.
    pub(crate) hosts: Vec<String>,
    /// Further origins.
    pub(crate) origins: Vec<String>,
    /// The address that clients know.
    pub(crate) public: Option<Uri>,
}

/// What the clients may take of the server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// The largest body, in bytes.
    pub(crate) body: usize,
    /// Connections at once.
    pub(crate) connections: usize,
    /// Requests at once.
    pub(crate) requests: usize,
    /// Requests of one caller in a minute.
    pub(crate) rate: Option<NonZeroU32>,
    /// How long a connection may be idle, or take for its headers.
    pub(crate) idle: Duration,
    /// How long a body may take to come, or an answer to be taken.
    pub(crate) slowest: Duration,
    /// How long calls may go on after the server was told to stop.
    pub(crate) drain: Duration,
}

/// Sessions for clients of 2025 that want them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sessions {
    /// Sessions at once.
    pub(crate) most: usize,
    /// How long one is kept without a request.
    pub(crate) idle: Duration,
}

/// Serves at an address until `stop`; then lets calls finish for as long as the operator says.
///
/// # Errors
/// When the address is taken, or would let anybody in.
pub(crate) async fn serve<H: ServerHandler + Clone>(
    served: Served<H>,
    address: SocketAddr,
    web: Web,
    stop: CancellationToken,
) -> Result<()> {
    if web.auth.is_open() && !address.ip().is_loopback() {
        bail!(
            "--http {address} is open to the network, and nothing asks who calls. Let callers bear tokens \
             (--token-file FILE, made by `{} token NAME`; or --oauth-issuer URL), or say --trust-upstream if \
             only callers that may can reach this address, or listen on 127.0.0.1 alone",
            served.program
        );
    }
    let listener = TcpListener::bind(address).await.with_context(|| format!("--http {address}"))?;
    let address = listener.local_addr()?;
    let scheme = if web.tls.is_some() { "https" } else { "http" };
    tracing::info!(server = served.program, "serving on {scheme}://{address}/mcp");
    let calls = CancellationToken::new();
    let (limits, tls) = (web.limits, web.tls.clone());
    let router = router(served, web, stop.clone(), calls.clone());
    connections::serve(listener, router, tls, limits, stop, calls).await
}

/// The service behind every transport that speaks HTTP. `stop` makes it unready; `calls` ends what is in flight.
pub(crate) fn router<H: ServerHandler + Clone>(
    served: Served<H>,
    web: Web,
    stop: CancellationToken,
    calls: CancellationToken,
) -> Router {
    let limits = web.limits;
    let Served { service, risks, .. } = served;
    let owners = sessions::Owners::new(web.sessions);
    let mcp = StreamableHttpService::new(move || Ok(service.clone()), owners.manager(), config(&web, calls));
    let auth = Arc::new(web.auth);
    let mcp = tower::ServiceBuilder::new()
        .layer(from_fn(log::log))
        .layer(from_fn_with_state(auth.clone(), authenticate))
        .layer(from_fn_with_state(limits::Rate::new(limits.rate), limits::paced))
        .layer(from_fn_with_state((limits, limits::Unfinished::new(limits.requests)), message::read))
        .layer(from_fn_with_state(limits::Requests::new(limits.requests), limits::bounded))
        .layer(from_fn_with_state((auth.clone(), risks), message::scoped))
        .layer(from_fn_with_state(owners, sessions::owned))
        .service(mcp);
    let ready = (auth.clone(), stop);
    let metadata = get(metadata).with_state(auth);
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(readyz).with_state(ready))
        .route(METADATA, metadata.clone())
        .route(&format!("{METADATA}/{{*path}}"), metadata)
        .route_service("/mcp", mcp)
}

/// Whether calls can be answered: not while the server stops, nor before it can check who calls.
async fn readyz(State((auth, stop)): State<(Arc<Auth>, CancellationToken)>) -> Response {
    let answer = if stop.is_cancelled() {
        (StatusCode::SERVICE_UNAVAILABLE, "stopping\n")
    } else if !auth.is_ready().await {
        (StatusCode::SERVICE_UNAVAILABLE, "the token issuer's keys cannot be read\n")
    } else {
        (StatusCode::OK, "ok\n")
    };
    answer.into_response()
}

fn config(web: &Web, calls: CancellationToken) -> StreamableHttpServerConfig {
    const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];
    let mut config = StreamableHttpServerConfig::default();
    config.legacy_session_mode = web.sessions.is_some();
    config.json_response = true;
    config.sse_retry = None;
    config.cancellation_token = calls;
    config.max_request_body_bytes = web.limits.body;
    let origins = LOOPBACK.iter().flat_map(|host| [format!("http://{host}:*"), format!("https://{host}:*")]);
    let config = config.with_allowed_origins(origins.chain(web.names.origins.iter().cloned()));
    // Where callers are asked who they are, a page that got a name to point here gains nothing: it has no token. So
    // names are held to a list where nobody is asked, or where the operator gives one.
    let listed = !web.names.hosts.is_empty() || web.names.public.is_some();
    if web.names.any_host || !web.auth.is_open() && !listed {
        return config.disable_allowed_hosts();
    }
    let public = web.names.public.iter().filter_map(|uri| uri.authority().map(ToString::to_string));
    let hosts = LOOPBACK.iter().map(|host| (*host).to_owned());
    config.with_allowed_hosts(hosts.chain(public).chain(web.names.hosts.iter().cloned()))
}
