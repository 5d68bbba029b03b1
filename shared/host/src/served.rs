//! What a transport serves.

use std::sync::Arc;

use awsmcp_mcp::{Engine, Handler, Risk, Service, Stamped};

/// The risk of each tool, on or off.
pub(crate) type Risks = Arc<[(String, Risk)]>;

/// What a transport serves. That the service is a [`Stamped`] one is what puts the server's name on its results.
pub(crate) struct Served<H> {
    pub(crate) service: Stamped<H>,
    /// What an operator types to start it.
    pub(crate) program: String,
    pub(crate) risks: Risks,
}

impl<S: Service> Served<Handler<S>> {
    /// One server.
    pub(crate) fn alone(handler: Handler<S>) -> Self {
        let program = format!("awsmcp-{}", S::ID);
        Served { program, risks: risks(handler.engine()).collect(), service: Stamped::new(handler) }
    }
}

/// A server's handler, each of whose requests is on its own, or comes over a connection that lasts.
pub(crate) fn handler<S: Service>(
    engine: &Arc<Engine<S>>,
    version: &'static str,
    per_request: bool,
) -> Handler<S> {
    let handler = Handler::new(engine.clone(), version);
    if per_request { handler.per_request() } else { handler }
}

/// The risk of each tool of a server.
pub(crate) fn risks<S: Service>(engine: &Engine<S>) -> impl Iterator<Item = (String, Risk)> {
    engine.overview().map(|tool| (tool.name.to_owned(), tool.risk))
}
