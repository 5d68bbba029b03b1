//! The second look alone: with the first one turned off, no request leaves for what is outside the operator's list.
#![cfg(test)]

use std::sync::{Arc, Mutex};

use aws_sdk_bedrock::config::Credentials;
use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn},
    orchestrator::{HttpRequest, HttpResponse},
};
use aws_smithy_types::body::SdkBody;
use awsmcp_bedrock::{Bedrock, server};
use awsmcp_mcp::{Answer, Caller, Confirm, Engine, Looks, Risk, Settings};
use awsmcp_sdk::{Session, SessionConfig};
use serde_json::{Value, json};

const NOVA: &str = "amazon.nova-lite-v1:0";
const CLAUDE: &str = "anthropic.claude-3-haiku-20240307-v1:0";
const TEAM: &str = "arn:aws:iam::123456789012:role/team-batch";

/// An AWS that keeps what it is asked: method, host and path.
#[derive(Clone, Debug, Default)]
struct Wire(Arc<Mutex<Vec<String>>>);

impl HttpConnector for Wire {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let identity = "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/u</Arn>\
            <UserId>U</UserId><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>";
        let asked = format!("{} {}", request.method(), request.uri());
        let (status, body) = match asked.as_str() {
            asked if asked.contains("//sts.") => (200, identity),
            asked if asked.contains("/inference-profiles?") => (200, "{\"inferenceProfileSummaries\":[]}"),
            asked if asked.contains("/guardrails?") => (200, "{\"guardrails\":[]}"),
            asked if asked.starts_with("HEAD ") => (200, ""),
            asked if asked.starts_with("GET ") && asked.contains("/a.txt") => (200, "hello"),
            _ => (400, "{}"),
        };
        let is_named = !["//sts.", "/inference-profiles?", "/guardrails?", "/provisioned-model-throughputs"]
            .iter()
            .any(|other| asked.contains(other));
        if is_named {
            self.0.lock().unwrap().push(asked);
        }
        let mut response = HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body));
        response.headers_mut().insert("content-length", body.len().to_string());
        HttpConnectorFuture::ready(Ok(response))
    }
}

/// The ARN of something of the account's own.
fn own(what: &str) -> String {
    format!("arn:aws:bedrock:us-east-1:123456789012:{what}")
}

/// What is in the operator's list.
fn allowed() -> Vec<String> {
    let mut all: Vec<String> = [
        "inference-profile/us.amazon.nova-*",
        "application-inference-profile/ab12",
        "knowledge-base/KB1",
        "guardrail/g1",
        "agent-alias/A1/TSTALIASID",
        "flow/F1/alias/AL",
        "prompt/P1",
        "model-invocation-job/j1",
        "model-customization-job/j1",
        "evaluation-job/j1",
        "custom-model/m1",
        "imported-model/m1",
    ]
    .map(own)
    .into();
    all.push("arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-*".to_owned());
    all.push("arn:aws:s3:::team-bucket/*".to_owned());
    all.push("arn:aws:iam::123456789012:role/team-*".to_owned());
    all
}

fn engine(wire: &Wire) -> Engine<Bedrock> {
    let connector = SharedHttpConnector::new(wire.clone());
    let config = SessionConfig {
        region: Some("us-east-1".to_owned()),
        max_attempts: Some(1),
        ..SessionConfig::default()
    };
    let session = Session::with_http_client(config, http_client_fn(move |_, _| connector.clone()))
        .with_credentials(Credentials::new("AKIA", "secret", None, None, "test"));
    let settings = Settings {
        allow: Risk::ALL.into(),
        toolsets: vec!["all".to_owned()],
        allow_arns: allowed().iter().map(|arn| arn.parse().unwrap()).collect(),
        looks: Looks { first: false, second: true },
        confirm: Confirm::Off,
        ..Settings::default()
    };
    Engine::new(server(), session, settings).unwrap()
}

/// Calls of every tool that names something, with everything in the list.
fn inside() -> Vec<(&'static str, Value)> {
    let batch = json!({"model": NOVA, "input": "s3://team-bucket/in.jsonl", "output": "s3://team-bucket/out/", "name": "n", "role": TEAM});
    vec![
        ("converse", json!({"model": NOVA, "prompt": "x", "guardrail": "g1"})),
        ("converse", json!({"model": format!("us.{NOVA}"), "prompt": "x", "whole": true, "guardrail": "g1"})),
        ("converse", json!({"model": NOVA, "prompt": "x", "s3": ["s3://team-bucket/a.txt"]})),
        (
            "converse",
            json!({"model": NOVA, "messages": [{"role": "user", "text": "x", "s3": ["s3://team-bucket/a.txt"]}]}),
        ),
        ("invoke_model", json!({"model": NOVA, "body": {"modelId": CLAUDE}, "guardrail": "g1"})),
        ("invoke_model", json!({"model": own("application-inference-profile/ab12"), "body": {}})),
        ("count_tokens", json!({"model": NOVA, "prompt": "x"})),
        ("get_model", json!({"model": NOVA})),
        ("get_model", json!({"model": format!("us.{NOVA}")})),
        ("get_model", json!({"model": own("custom-model/m1")})),
        ("get_model", json!({"model": own("imported-model/m1")})),
        ("create_profile", json!({"name": "p", "model": NOVA})),
        ("retrieve", json!({"knowledge_base": "KB1", "question": "q", "guardrail": "g1", "rerank": NOVA})),
        (
            "retrieve_and_generate",
            json!({"knowledge_base": "KB1", "question": "q", "model": NOVA, "guardrail": "g1"}),
        ),
        ("rerank", json!({"model": NOVA, "question": "q", "texts": ["a"]})),
        ("sync_knowledge_base", json!({"knowledge_base": "KB1", "data_source": "DS1"})),
        ("get_guardrail", json!({"guardrail": "g1"})),
        ("apply_guardrail", json!({"guardrail": "g1", "cases": [{"text": "x"}]})),
        ("update_guardrail", json!({"guardrail": "g1", "patch": {"wordPolicy": null}})),
        ("publish_guardrail", json!({"guardrail": "g1"})),
        ("delete_guardrail", json!({"guardrail": "g1"})),
        ("render_prompt", json!({"prompt": "P1"})),
        ("invoke_agent", json!({"agent": "A1", "prompt": "x"})),
        ("invoke_flow", json!({"flow": "F1", "alias": "AL", "input": "x"})),
        ("start_job", json!({"model": NOVA, "model_input": {}, "output": "s3://team-bucket/out/"})),
        ("start_job", batch),
        ("stop_job", json!({"job": own("model-invocation-job/j1")})),
        ("stop_job", json!({"job": own("model-customization-job/j1")})),
        ("stop_job", json!({"job": own("evaluation-job/j1")})),
        ("delete_artefact", json!({"artefact": own("custom-model/m1")})),
        ("delete_artefact", json!({"artefact": own("imported-model/m1")})),
        ("delete_artefact", json!({"artefact": own("evaluation-job/j1")})),
        ("delete_artefact", json!({"artefact": own("application-inference-profile/ab12")})),
    ]
}

/// The same call with one of its names changed to what is not in the list, for each of its names.
fn outside(arguments: &Value) -> Vec<Value> {
    let mut all = Vec::new();
    for (name, value) in arguments.as_object().unwrap() {
        let others: Vec<Value> = match (name.as_str(), value.as_str()) {
            ("model", Some(id)) if id.starts_with("arn:") => {
                vec![json!(id.replace("/ab12", "/cd34").replace("/m1", "/m2"))]
            }
            ("model", _) => {
                vec![json!(CLAUDE), json!(format!("eu.{CLAUDE}")), json!(own("provisioned-model/ab12"))]
            }
            ("guardrail", _) => vec![json!("g2"), json!(own("guardrail/g2"))],
            ("rerank", _) => vec![json!(CLAUDE)],
            ("knowledge_base", _) => vec![json!("KB2")],
            ("prompt", Some("P1")) => vec![json!("P2")],
            ("agent", _) => vec![json!("A2")],
            ("flow", _) => vec![json!("F2")],
            ("alias", _) => vec![json!("OTHER")],
            ("role", _) => vec![json!("arn:aws:iam::123456789012:role/admin")],
            ("input", Some(uri)) if uri.starts_with("s3:") => vec![json!("s3://secret-bucket/in.jsonl")],
            ("s3", _) => vec![json!(["s3://secret-bucket/a.txt"])],
            ("messages", _) => {
                let seen = json!({"role": "user", "tool_results": [{"id": "t1", "s3": ["s3://secret-bucket/a.txt"]}]});
                let asks = json!({"role": "assistant", "tool_use": [{"id": "t1", "name": "n", "input": {}}]});
                vec![
                    json!([{"role": "user", "text": "x", "s3": ["s3://secret-bucket/a.txt"]}]),
                    json!([asks, seen]),
                ]
            }
            ("job" | "artefact", Some(arn)) => {
                vec![json!(arn.replace("/j1", "/j2").replace("/m1", "/m2").replace("/ab12", "/cd34"))]
            }
            _ => Vec::new(),
        };
        all.extend(others.into_iter().map(|other| {
            let mut call = arguments.clone();
            call[name] = other;
            call
        }));
    }
    all
}

async fn told(engine: &Engine<Bedrock>, tool: &str, arguments: Value) -> String {
    let arguments = arguments.as_object().unwrap().clone();
    match engine.call(tool, arguments, &Caller::default()).await.unwrap() {
        Answer::Failed { text, .. } | Answer::Done { text, .. } => text,
        other => panic!("{tool}: {other:?}"),
    }
}

#[tokio::test]
async fn it_lets_through_what_is_allowed_and_nothing_else() {
    let wire = Wire::default();
    let engine = engine(&wire);
    let taken = || std::mem::take(&mut *wire.0.lock().unwrap());
    let mut refused = 0;
    for (tool, arguments) in inside() {
        let text = told(&engine, tool, arguments.clone()).await;
        assert!(!taken().is_empty(), "{tool} {arguments} sent nothing: {text}");
        for other in outside(&arguments) {
            let text = told(&engine, tool, other.clone()).await;
            assert!(text.contains("was not sent"), "{tool} {other}: {text}");
            let sent = taken();
            let names = [
                "claude",
                "/g2",
                "KB2",
                "P2",
                "A2",
                "F2",
                "OTHER",
                "secret",
                "j2",
                "m2",
                "cd34",
                "provisioned-model",
                "jobs",
            ];
            let stray = sent.iter().find(|request| names.iter().any(|name| request.contains(name)));
            assert_eq!(stray, None, "{tool} {other}");
            refused += 1;
        }
    }
    assert!(refused > 35, "{refused}");
}
