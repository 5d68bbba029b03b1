//! What a transport serves.

use std::sync::Arc;

use awsmcp_mcp::{Engine, Handler, Risk, Service};

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
