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
    engine.every().map(|spec| (spec.name.to_owned(), spec.risk))
}

#[cfg(test)]
mod tests {
    use awsmcp_mcp::{Call, Named, One, Result, Server, Settings, Spec, Tool};
    use awsmcp_sdk::{SdkConfig, Session, SessionConfig, Tap};
    use schemars::{JsonSchema, Schema, SchemaGenerator};
    use serde::{Deserialize, Serialize};

    use super::*;

    /// A service that needs no AWS.
    struct Fake;

    impl Service for Fake {
        const ID: &'static str = "fake";
        const TITLE: &'static str = "Fake";
        const SUMMARY: &'static str = "Looks at things.";
        const PREFIXES: &'static [(&'static str, &'static str)] = &[];
        const ACTIONS: &'static [(&'static str, &'static [&'static str])] = &[];
        const NAMES: &'static [Named] = &[];
        type Client = ();

        fn client(_: &SdkConfig, _: Tap) {}
    }

    /// A tool whose schema must not be made.
    #[derive(Deserialize)]
    struct GetThing;

    impl JsonSchema for GetThing {
        fn schema_name() -> std::borrow::Cow<'static, str> {
            "GetThing".into()
        }

        fn json_schema(_: &mut SchemaGenerator) -> Schema {
            panic!("the schema of a tool is made before anybody asked for it")
        }
    }

    #[derive(Serialize, JsonSchema)]
    struct Thing {}

    impl Tool for GetThing {
        type Service = Fake;
        type Output = One<Thing>;
        const SPEC: Spec = Spec::read("get_thing", "Get thing");

        async fn call(self, _: &Call<Fake>) -> Result<One<Thing>> {
            Ok(One(Thing {}))
        }
    }

    #[test]
    fn a_start_makes_no_schema() {
        let server = Server::new("").toolset("things", "things").tool::<GetThing>();
        let session = Session::new(SessionConfig::default());
        let engine = Arc::new(Engine::new(server, session, Settings::default()).unwrap());
        assert!(engine.unmatched_arns().is_empty());
        let served = Served::alone(handler(&engine, "1", true));
        assert_eq!(served.risks.last().map(|(name, _)| name.as_str()), Some("get_thing"));
        let made = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| engine.overview().count()));
        assert!(made.is_err(), "a schema that is made is seen");
    }
}
