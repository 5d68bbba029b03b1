//! Connections: how many there are, how long they may take, and how they end.
//!
//! HTTP/1.1 only: what proxies speak to the servers behind them, and all that MCP clients need.

use std::{convert::Infallible, io, net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Result;
use axum::{Router, body::Body};
use http::{Request, Response, StatusCode};
use hyper::{
    body::Incoming,
    server::conn::http1,
    service::{Service as _, service_fn},
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    time::{Instant, sleep, timeout, timeout_at},
};
use tokio_io_timeout::TimeoutStream;
use tokio_util::sync::CancellationToken;

use super::{
    Limits, Tls, host,
    linger::Lingering,
    log::BodyHolding,
    places::{Activity, Place, Places},
};
use crate::answer::error_answer;

/// The longest head of a request.
const HEAD_BYTES: usize = 64 * 1024;
const HEADERS: usize = 100;
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long connections are taken that waited when the server was told to stop.
const LAST_ARRIVALS: Duration = Duration::from_millis(50);

/// Who is at the other end of a connection, and what that connection is doing.
#[derive(Clone, Debug)]
pub(super) struct Peer {
    pub(super) address: SocketAddr,
    activity: Activity,
}

/// Serves until `stop`; then takes what waits already, lets it finish for `limits.drain`, and ends the rest.
pub(super) async fn serve(
    listener: TcpListener,
    router: Router,
    tls: Option<Tls>,
    limits: Limits,
    stop: CancellationToken,
    calls: CancellationToken,
) -> Result<()> {
    room_for(limits.connections);
    let places = Places::new(limits.connections);
    let ending = GracefulShutdown::new();
    let open = |accepted, place| open(accepted, place, &router, tls.as_ref(), limits, &ending);
    loop {
        // A connection that finds no place waits, and others in the system's queue behind it, as a busy server has it.
        let (accepted, place) = tokio::select! {
            taken = accept(&listener, &places) => taken,
            () = stop.cancelled() => break,
        };
        open(accepted, place);
    }
    // What the system has accepted by now has an answer coming; what it accepts while this goes on has not.
    let until = Instant::now() + LAST_ARRIVALS;
    while let Ok((accepted, place)) = timeout_at(until, accept(&listener, &places)).await {
        open(accepted, place);
    }
    drop(listener);
    tokio::select! {
        () = ending.shutdown() => {}
        () = sleep(limits.drain) => tracing::warn!("calls still in flight are cancelled"),
    }
    calls.cancel();
    Ok(())
}

async fn accept(listener: &TcpListener, places: &Arc<Places>) -> ((TcpStream, SocketAddr), Place) {
    loop {
        match listener.accept().await {
            Ok(accepted) => match places.take(accepted.1.ip()).await {
                Some(place) => return (accepted, place),
                None => {
                    tracing::debug!(peer = %accepted.1, "this address has all connections that it may have")
                }
            },
            Err(error) if is_of_the_connection(&error) => {}
            Err(error) => {
                // Too many open files, most likely: connections that end make room.
                tracing::error!(%error, "cannot accept a connection");
                sleep(Duration::from_millis(200)).await;
            }
        }
    }
}

fn is_of_the_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

fn open(
    (stream, address): (TcpStream, SocketAddr),
    place: Place,
    router: &Router,
    tls: Option<&Tls>,
    limits: Limits,
    ending: &GracefulShutdown,
) {
    // An answer is written at once and is whole: waiting to fill a packet only delays it.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "no TCP_NODELAY");
    }
    let peer = Peer { address, activity: place.activity.clone() };
    let router = TowerToHyperService::new(router.clone());
    let mut stream = TimeoutStream::new(stream);
    // A client that does not take its answer is cut off. Reading has its own times: of the head, and of the body.
    stream.set_write_timeout(Some(limits.slowest));
    let watcher = ending.watcher();
    let tls = tls.map(Tls::acceptor);
    let spoken = async move {
        let stream = Box::pin(stream);
        match tls {
            None => speak(stream, router, peer, limits, watcher).await,
            Some(tls) => match timeout(HANDSHAKE, tls.accept(stream)).await {
                Ok(Ok(stream)) => speak(stream, router, peer, limits, watcher).await,
                Ok(Err(error)) => tracing::debug!(%address, %error, "no TLS"),
                Err(_) => tracing::debug!(%address, "TLS took too long"),
            },
        }
    };
    tokio::spawn(async move {
        tokio::select! {
            () = spoken => {}
            () = place.gives_way.cancelled() => tracing::debug!(%address, "an idle connection gave way to a new one"),
        }
        drop(place);
    });
}

async fn speak(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    router: TowerToHyperService<Router>,
    peer: Peer,
    limits: Limits,
    watcher: hyper_util::server::graceful::Watcher,
) {
    let service = service_fn(move |request| answer(router.clone(), peer.clone(), request));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.idle)
        .max_headers(HEADERS)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = watcher.watch(connection).await {
        // What ends a connection is the client's doing: it went away, was too slow, or spoke no HTTP.
        tracing::debug!(%error, "a connection ended");
    }
}

/// Answers a request of a connection, which is busy until the last byte of the answer.
async fn answer(
    router: TowerToHyperService<Router>,
    peer: Peer,
    request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    let busy = peer.activity.begin();
    let (mut parts, body) = request.into_parts();
    let body = Body::new(Lingering::new(body, &parts.headers));
    let response = match host::mistake(parts.version, &parts.uri, &parts.headers) {
        Some(why) => error_answer(StatusCode::BAD_REQUEST, why),
        None => {
            parts.extensions.insert(peer);
            router.call(Request::from_parts(parts, body)).await?
        }
    };
    Ok(response.map(|body| Body::new(BodyHolding::new(body, busy))))
}

/// Lets this process have as many files open as its connections need, if the system allows it.
#[cfg(unix)]
fn room_for(connections: usize) {
    use rustix::process::{Resource, getrlimit, setrlimit};

    // Each call may have a connection to AWS, and some files are open anyhow.
    let wanted = connections.saturating_mul(2).saturating_add(256) as u64;
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current.is_some_and(|current| current < wanted) {
        limit.current = Some(limit.maximum.map_or(wanted, |maximum| maximum.min(wanted)));
        if let Err(error) = setrlimit(Resource::Nofile, limit) {
            tracing::warn!(%error, "cannot raise the limit of open files");
        }
    }
}

#[cfg(not(unix))]
fn room_for(_: usize) {}
