//! What a transport serves, and which transport that is.

use std::sync::Arc;

use anyhow::Result;
use awsmcp_mcp::{Engine, Handler, Risk, Service};
use rmcp::ServerHandler;
use tokio_util::sync::CancellationToken;

use crate::{
    http,
    options::{Address, Options},
    stdio,
};

/// The risk of each tool, on or off.
pub(crate) type Risks = Arc<[(String, Risk)]>;

/// What a transport serves.
pub(crate) struct Served<H> {
    pub(crate) handler: H,
    /// What an operator types to start it.
    pub(crate) program: String,
    pub(crate) risks: Risks,
}

impl<S: Service> Served<Handler<S>> {
    /// One server. Each request of it is on its own, or comes over a connection that lasts.
    pub(crate) fn alone(engine: &Arc<Engine<S>>, version: &'static str, per_request: bool) -> Self {
        let handler = Handler::new(engine.clone(), version);
        Served {
            handler: if per_request { handler.per_request() } else { handler },
            program: format!("awsmcp-{}", S::ID),
            risks: engine.overview().map(|tool| (tool.name.to_owned(), tool.risk)).collect(),
        }
    }
}

/// Serves over HTTP if the operator says so, and on stdin and stdout otherwise, until the process is told to stop.
pub(crate) async fn serve<H: ServerHandler + Clone>(served: Served<H>, options: &Options) -> Result<()> {
    let stop = CancellationToken::new();
    let told = stop.clone();
    if let Some(Address(address)) = options.web.http {
        let web = options.web.web()?;
        tokio::spawn(async move {
            stdio::told_by_signal().await;
            told.cancel();
        });
        return http::serve(served, address, web, stop).await;
    }
    tokio::spawn(async move {
        stdio::told_to_stop().await;
        told.cancel();
    });
    stdio::serve_stdio(served.handler, stdio::Limits::default(), stop).await
}
