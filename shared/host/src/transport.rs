//! Which transport serves: HTTP if the operator gives an address, else stdin and stdout.

use anyhow::Result;
use rmcp::ServerHandler;
use tokio_util::sync::CancellationToken;

use crate::{
    http,
    options::{Address, Options},
    served::Served,
    stdio, stop,
};

/// Serves over HTTP if the operator says so, and on stdin and stdout otherwise, until the process is told to stop.
///
/// # Errors
/// When settings contradict each other, or the transport fails.
pub(crate) async fn serve<H: ServerHandler + Clone>(served: Served<H>, options: &Options) -> Result<()> {
    let stopping = CancellationToken::new();
    if let Some(Address(address)) = options.web.http {
        let web = options.web.web()?;
        // A server on the network outlives the process that started it.
        tokio::spawn(cancel_after(stop::signalled(), stopping.clone()));
        return http::serve(served, address, web, stopping).await;
    }
    tokio::spawn(cancel_after(stop::signalled_or_orphaned(), stopping.clone()));
    stdio::serve_stdio(served.service, stdio::Limits::default(), stopping).await
}

async fn cancel_after(event: impl Future<Output = ()>, token: CancellationToken) {
    event.await;
    token.cancel();
}
