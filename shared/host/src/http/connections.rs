//! Connections: how many there are, how long they may take, and how they end.
//!
//! HTTP/1.1 only: what proxies speak to the servers behind them, and all that MCP clients need.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Result;
use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, sleep, timeout, timeout_at},
};
use tokio_io_timeout::TimeoutStream;
use tokio_util::sync::CancellationToken;

use super::{Limits, Tls};

/// The longest head of a request.
const HEAD_BYTES: usize = 64 * 1024;
const HEADERS: usize = 100;
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long connections are taken that waited when the server was told to stop.
const LAST_ARRIVALS: Duration = Duration::from_millis(50);

/// Who is at the other end of a connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer(pub(super) SocketAddr);

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
    let places = Arc::new(Semaphore::new(limits.connections));
    let ending = GracefulShutdown::new();
    loop {
        // A connection that finds no place waits in the system's queue, as a busy server has it.
        let (place, accepted) = tokio::select! {
            taken = accept(&listener, &places) => taken,
            () = stop.cancelled() => break,
        };
        open(accepted, place, &router, tls.as_ref(), limits, &ending);
    }
    // What the system has accepted by now has an answer coming; what it accepts while this goes on has not.
    let until = Instant::now() + LAST_ARRIVALS;
    while let Ok((place, accepted)) = timeout_at(until, accept(&listener, &places)).await {
        open(accepted, place, &router, tls.as_ref(), limits, &ending);
    }
    drop(listener);
    tokio::select! {
        () = ending.shutdown() => {}
        () = sleep(limits.drain) => tracing::warn!("calls still in flight are cancelled"),
    }
    calls.cancel();
    Ok(())
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> (OwnedSemaphorePermit, (TcpStream, SocketAddr)) {
    loop {
        let Ok(place) = places.clone().acquire_owned().await else {
            // Nobody closes the semaphore.
            std::future::pending().await
        };
        match listener.accept().await {
            Ok(accepted) => return (place, accepted),
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
    (stream, peer): (TcpStream, SocketAddr),
    place: OwnedSemaphorePermit,
    router: &Router,
    tls: Option<&Tls>,
    limits: Limits,
    ending: &GracefulShutdown,
) {
    // An answer is written at once and is whole: waiting to fill a packet only delays it.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "no TCP_NODELAY");
    }
    let router = router.clone().layer(Extension(Peer(peer)));
    let mut stream = TimeoutStream::new(stream);
    // A client that does not take its answer is cut off. Reading has its own times: of the head, and of the body.
    stream.set_write_timeout(Some(limits.slowest));
    let watcher = ending.watcher();
    let tls = tls.map(Tls::acceptor);
    tokio::spawn(async move {
        let _place = place;
        let stream = Box::pin(stream);
        match tls {
            None => speak(stream, router, limits, watcher).await,
            Some(tls) => match timeout(HANDSHAKE, tls.accept(stream)).await {
                Ok(Ok(stream)) => speak(stream, router, limits, watcher).await,
                Ok(Err(error)) => tracing::debug!(%peer, %error, "no TLS"),
                Err(_) => tracing::debug!(%peer, "TLS took too long"),
            },
        }
    });
}

async fn speak(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    router: Router,
    limits: Limits,
    watcher: hyper_util::server::graceful::Watcher,
) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.idle)
        .max_headers(HEADERS)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    if let Err(error) = watcher.watch(connection).await {
        // What ends a connection is the client's doing: it went away, was too slow, or spoke no HTTP.
        tracing::debug!(%error, "a connection ended");
    }
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
