//! Which server gave a result: said once, by what stands outermost, to clients that have no handshake.
#![cfg(test)]

use std::sync::Arc;

use awsmcp_mcp::{
    Call, Change, Engine, Error, Handler, Member, Named, One, Plan, Prompt, Resource, Result, Risk, Server,
    Service, Settings, Spec, Stamped, Together, Tool,
};
use awsmcp_sdk::{SdkConfig, Session, SessionConfig, Tap};
use rmcp::{ServerHandler, service::serve_directly};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream};

/// A service that needs no AWS.
struct Fake;

impl Service for Fake {
    const ID: &'static str = "fake";
    const TITLE: &'static str = "Fake";
    const SUMMARY: &'static str = "Knows things.";
    const PREFIXES: &'static [(&'static str, &'static str)] = &[];
    const ACTIONS: &'static [(&'static str, &'static [&'static str])] = &[];
    const NAMES: &'static [Named] = &[];
    type Client = ();

    fn client(_: &SdkConfig, _: Tap) {}
}

#[derive(Serialize, JsonSchema)]
struct Thing {
    name: String,
}

/// Gets a thing.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct GetThing {
    name: String,
}

impl Tool for GetThing {
    type Service = Fake;
    type Output = One<Thing>;
    const SPEC: Spec = Spec::read("get_thing", "Get thing").on("*", &["fake:GetThing"]);

    async fn call(self, _: &Call<Fake>) -> Result<One<Thing>> {
        match self.name.as_str() {
            "absent" => Err(Error::not_found("there is no such thing")),
            _ => Ok(One(Thing { name: self.name })),
        }
    }
}

/// Deletes a thing.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct DeleteThing {
    name: String,
}

impl Change for DeleteThing {
    type Service = Fake;
    type Output = One<Thing>;
    type Items = ();
    const SPEC: Spec = Spec::destroy("delete_thing", "Delete thing").on("*", &["fake:DeleteThing"]);

    async fn plan(&self, _: &Call<Fake>) -> Result<Plan> {
        Ok(Plan::new(format!("delete {}", self.name)))
    }

    async fn apply(self, (): (), _: &Call<Fake>) -> Result<One<Thing>> {
        Ok(One(Thing { name: self.name }))
    }
}

const RESOURCE: Resource = Resource {
    template: "fake://{name}",
    name: "thing",
    description: "A thing.",
    tool: "get_thing",
    complete: &[],
};

const PROMPT: Prompt = Prompt {
    name: "look",
    title: "Look",
    description: "Looks.",
    arguments: &[],
    text: "Look at the things.",
};

fn handler() -> Handler<Fake> {
    let settings = Settings { allow: [Risk::Read, Risk::Destroy].into(), ..Settings::default() };
    let config = SessionConfig { region: Some("eu-west-1".to_owned()), ..SessionConfig::default() };
    let server = Server::<Fake>::new("")
        .toolset("things", "")
        .tool::<GetThing>()
        .change::<DeleteThing>()
        .resource(RESOURCE)
        .prompt(PROMPT);
    Handler::new(Arc::new(Engine::new(server, Session::new(config), settings).unwrap()), "1.2.3")
}

/// Every kind of request that a server answers with a result. `prefix` stands before the names of tools and prompts.
fn requests(prefix: &str) -> Vec<(&'static str, Value)> {
    let tool =
        |name: &str, arguments: Value| json!({"name": format!("{prefix}{name}"), "arguments": arguments});
    vec![
        ("tools/list", json!({})),
        ("tools/call", tool("get_thing", json!({"name": "a"}))),
        ("tools/call", tool("get_thing", json!({"name": "absent"}))),
        ("tools/call", tool("delete_thing", json!({"name": "a", "dry_run": true}))),
        ("tools/call", tool("delete_thing", json!({"name": "a"}))),
        ("resources/list", json!({})),
        ("resources/templates/list", json!({})),
        ("resources/read", json!({"uri": "fake://a"})),
        ("prompts/list", json!({})),
        ("prompts/get", json!({"name": format!("{prefix}look")})),
        (
            "completion/complete",
            json!({
                "ref": {"type": "ref/resource", "uri": "fake://{name}"},
                "argument": {"name": "name", "value": ""},
            }),
        ),
    ]
}

/// A client, one line at a time.
struct Client {
    stream: BufReader<DuplexStream>,
    modern: bool,
}

impl Client {
    /// Connects; a client of 2025 begins with `initialize` and can be asked nothing, one of 2026 can.
    async fn of(served: impl ServerHandler, modern: bool) -> Client {
        let (ours, theirs) = tokio::io::duplex(1 << 20);
        tokio::spawn(serve_directly(served, theirs, None).waiting());
        let mut client = Client { stream: BufReader::new(ours), modern };
        if !modern {
            let hello = json!({
                "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "0"},
            });
            client.ask("initialize", hello).await;
        }
        client
    }

    async fn ask(&mut self, method: &str, mut params: Value) -> Value {
        if self.modern {
            params["_meta"] = json!({
                "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "0"},
                "io.modelcontextprotocol/clientCapabilities": {"elicitation": {}},
            });
        }
        let request = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        self.stream.get_mut().write_all(format!("{request}\n").as_bytes()).await.unwrap();
        let mut line = String::new();
        self.stream.read_line(&mut line).await.unwrap();
        let answer: Value = serde_json::from_str(&line).unwrap();
        assert!(answer["result"].is_object(), "{method}: {answer}");
        answer["result"].clone()
    }
}

const NAME: &str = "io.modelcontextprotocol/serverInfo";

#[tokio::test]
async fn every_result_says_which_server_gave_it() {
    let mut client = Client::of(Stamped::new(handler()), true).await;
    let own = client.ask("server/discover", json!({})).await["_meta"][NAME].clone();
    assert_eq!((&own["name"], &own["version"]), (&json!("awsmcp-fake"), &json!("1.2.3")));
    let mut kinds = Vec::new();
    for (method, params) in requests("") {
        let result = client.ask(method, params).await;
        assert_eq!(result["_meta"][NAME], own, "{method}: {result}");
        kinds.push((result["resultType"].as_str().unwrap().to_owned(), result["isError"] == json!(true)));
    }
    // A failure and a question are among them.
    assert!(kinds.contains(&("complete".to_owned(), true)), "{kinds:?}");
    assert!(kinds.contains(&("input_required".to_owned(), false)), "{kinds:?}");
}

#[tokio::test]
async fn one_of_several_answers_in_the_name_of_all() {
    let together = || Together::new(vec![Member::new(handler())], "1.2.3");
    let mut client = Client::of(Stamped::new(together()), true).await;
    let mut inner = Client::of(together(), true).await;
    for (method, params) in requests("fake_") {
        let result = client.ask(method, params.clone()).await;
        assert_eq!(result["_meta"][NAME]["name"], "awsmcp", "{method}: {result}");
        // It is the wrapper that says so, nothing inside.
        let result = inner.ask(method, params).await;
        assert!(result.get("_meta").is_none(), "{method}: {result}");
    }
}

#[tokio::test]
async fn a_client_with_a_handshake_knows_it_already() {
    let mut client = Client::of(Stamped::new(handler()), false).await;
    for (method, params) in requests("") {
        let result = client.ask(method, params).await;
        assert!(result.get("_meta").is_none(), "{method}: {result}");
    }
}
