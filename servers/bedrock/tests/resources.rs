//! What is judged is what is sent: under an allow-list no request names anything outside it, however it was written.
#![cfg(test)]

use awsmcp_testing::{Response, Server, Stub};
use serde_json::{Value, json};

const NOVA: &str = "amazon.nova-lite-v1:0";
const CLAUDE: &str = "anthropic.claude-3-haiku-20240307-v1:0";

/// The ARN of something of the account's own.
fn own(what: &str) -> String {
    format!("arn:aws:bedrock:us-east-1:123456789012:{what}")
}

fn foundation(model: &str) -> String {
    format!("arn:aws:bedrock:us-east-1::foundation-model/{model}")
}

/// An AWS that answers what tools look at before they change something, and refuses everything else.
fn stub() -> Stub {
    Stub::start(|request| match request.operation() {
        "ListInferenceProfiles" => Response::output(json!({"inferenceProfileSummaries": []})),
        "CreateInferenceProfile" => Response::output(
            json!({"inferenceProfileArn": own("application-inference-profile/ab12"), "status": "ACTIVE"}),
        ),
        "GetModelInvocationJob" => Response::output(
            json!({"jobArn": own("model-invocation-job/j1"), "jobName": "j", "status": "InProgress",
            "modelId": NOVA, "roleArn": "arn:aws:iam::123456789012:role/r", "submitTime": "2026-11-22T10:00:00Z",
            "inputDataConfig": {"s3InputDataConfig": {"s3Uri": "s3://bucket/x"}},
            "outputDataConfig": {"s3OutputDataConfig": {"s3Uri": "s3://bucket/y"}}}),
        ),
        "StopModelInvocationJob" => Response::output(json!({})),
        "Retrieve" => Response::output(json!({"retrievalResults": []})),
        "InvokeModel" => Response::new(200, "{}"),
        _ => Response::error(400, "ValidationException", "not here"),
    })
}

/// What was sent so far, without what went to STS.
fn sent(stub: &Stub) -> Vec<String> {
    let text = |body: &[u8]| String::from_utf8_lossy(body).into_owned();
    stub.calls().iter().map(|request| format!("{} {}", request.target, text(&request.body))).collect()
}

fn started(stub: &Stub, arguments: &[&str]) -> Server {
    let mut server = Server::spawn(env!("CARGO_BIN_EXE_awsmcp-bedrock"), arguments, stub.env());
    server.initialize();
    server
}

/// A server whose calls are held to these ARNs.
fn held<A: AsRef<str>>(stub: &Stub, arns: &[A]) -> Server {
    let mut arguments = vec!["--allow", "write,destroy,invoke", "--toolsets", "all"];
    arguments.extend(arns.iter().flat_map(|arn| ["--allow-arn", arn.as_ref()]));
    started(stub, &arguments)
}

/// A call of every tool that runs a model, or puts one to work.
fn of_model(model: &str) -> Vec<(&'static str, Value)> {
    let role = "arn:aws:iam::123456789012:role/team-batch";
    vec![
        ("converse", json!({"model": model, "prompt": "x"})),
        ("converse", json!({"model": model, "prompt": "x", "whole": true})),
        ("invoke_model", json!({"model": model, "body": {}})),
        ("count_tokens", json!({"model": model, "prompt": "x"})),
        ("get_model", json!({"model": model})),
        ("rerank", json!({"model": model, "question": "q", "texts": ["a"]})),
        ("retrieve", json!({"knowledge_base": "KB1", "question": "q", "rerank": model})),
        ("retrieve_and_generate", json!({"knowledge_base": "KB1", "question": "q", "model": model})),
        ("create_profile", json!({"name": "p", "model": model})),
        ("start_job", json!({"model": model, "model_input": {}, "output": "s3://team-bucket/out/"})),
        (
            "start_job",
            json!({"model": model, "input": "s3://team-bucket/in.jsonl", "output": "s3://team-bucket/out/", "name": "n", "role": role}),
        ),
    ]
}

/// All that those calls touch besides the model.
fn around() -> Vec<String> {
    vec![
        own("knowledge-base/KB1"),
        own("application-inference-profile/*"),
        own("async-invoke/*"),
        own("model-invocation-job/*"),
        "arn:aws:s3:::team-*".to_owned(),
        "arn:aws:iam::123456789012:role/team-*".to_owned(),
    ]
}

#[test]
fn no_request_names_a_model_outside_the_list() {
    let stub = stub();
    let mut allowed = around();
    allowed.extend([foundation("amazon.nova-*"), own("inference-profile/us.amazon.nova-*")]);
    let mut server = held(&stub, &allowed);
    for model in [
        CLAUDE,
        "us.anthropic.claude-3-haiku-20240307-v1:0",
        &foundation(CLAUDE),
        &own("provisioned-model/ab12cd34ef56"),
        &own("default-prompt-router/amazon.nova-lite-v1:0"),
        &own("imported-model/ab12cd34ef56"),
        "ab12cd34ef56",
        "arn:aws:bedrock:us-east-1:999999999999:application-inference-profile/ab12",
        "arn:aws:bedrock:eu-west-1::foundation-model/amazon.nova-lite-v1:0",
        " amazon.nova-lite-v1:0",
        "amazon.nova-lite-v1:0 ",
        "arn:aws:kms:us-east-1:123456789012:foundation-model/amazon.nova-lite-v1:0",
        "*",
    ] {
        for (tool, arguments) in of_model(model) {
            server.call(tool, arguments).error();
        }
    }
    assert_eq!(sent(&stub), [""; 0]);
    for model in [NOVA, "us.amazon.nova-lite-v1:0", &foundation(NOVA)] {
        for (tool, arguments) in of_model(model) {
            let answer = server.call(tool, arguments);
            assert!(!answer.text.contains("outside"), "{tool}: {}", answer.text);
        }
    }
    let sent = sent(&stub);
    assert!(sent.len() > 20, "{sent:?}");
    assert!(!sent.iter().any(|request| request.contains("claude")), "{sent:?}");
}

#[test]
fn a_model_is_put_behind_a_name_only_where_it_might_be_called() {
    let stub = stub();
    let mut server = held(&stub, &[foundation("amazon.nova-*"), own("application-inference-profile/*")]);
    for model in [CLAUDE, &foundation(CLAUDE), "us.amazon.nova-lite-v1:0"] {
        let refused = server.call("create_profile", json!({"name": "team-p", "model": model}));
        assert!(refused.error().contains("outside what the operator allowed"), "{}", refused.text);
    }
    assert_eq!(sent(&stub), [""; 0]);
    server.call("create_profile", json!({"name": "team-p", "model": NOVA})).ok();
    assert_eq!(
        stub.of("CreateInferenceProfile")[0].json()["modelSource"],
        json!({"copyFrom": foundation(NOVA)})
    );
}

#[test]
fn an_arn_of_any_kind_is_held_to_itself() {
    let stub = stub();
    for arn in [
        own("application-inference-profile/ab12"),
        own("provisioned-model/ab12cd34ef56"),
        own("imported-model/ab12cd34ef56"),
        own("custom-model-deployment/ab12cd34ef56"),
        own("prompt-router/ab12cd34ef56"),
        own("default-prompt-router/anthropic.claude:1"),
        "arn:aws:bedrock:us-east-1:999999999999:provisioned-model/ab12cd34ef56".to_owned(),
        "arn:aws:sagemaker:us-east-1:123456789012:endpoint/mine".to_owned(),
    ] {
        let before = stub.of("InvokeModel").len();
        held(&stub, &[&arn]).call("invoke_model", json!({"model": arn, "body": {}})).ok();
        let sent = stub.of("InvokeModel");
        assert_eq!(sent.len(), before + 1, "{arn}");
        let path = sent[before].path().replace("%3A", ":").replace("%2F", "/");
        assert!(path.contains(&arn), "{path}");
    }
}

#[test]
fn a_job_is_held_to_its_own_arn() {
    let stub = stub();
    let (mine, other) = (own("model-invocation-job/j1"), own("model-invocation-job/j2"));
    let mut server = held(&stub, &[&mine]);
    for wrong in [
        &other,
        &own("evaluation-job/j1"),
        &own("custom-model/x:model-invocation-job/j1"),
        &format!(" {mine}"),
        "arn:aws:bedrock:us-east-1:999999999999:model-invocation-job/j1",
        &own(&format!("model-invocation-job/{mine}")),
    ] {
        server.call("stop_job", json!({"job": wrong})).error();
        server.call("delete_artefact", json!({"artefact": wrong})).error();
    }
    assert_eq!(sent(&stub), [""; 0]);
    server.confirmed("stop_job", json!({"job": mine})).ok();
    assert_eq!(stub.of("StopModelInvocationJob").len(), 1);
}

#[test]
fn what_has_an_id_is_judged_the_same_by_its_arn() {
    let stub = stub();
    let mut server = held(&stub, &[own("knowledge-base/KB1"), own("guardrail/g1")]);
    for base in
        ["KB2", &own("knowledge-base/KB2"), "arn:aws:bedrock:us-east-1:999999999999:knowledge-base/KB1"]
    {
        server.call("retrieve", json!({"knowledge_base": base, "question": "q"})).error();
    }
    for guardrail in ["g2", &own("guardrail/g2"), "arn:aws:bedrock:us-east-1:999999999999:guardrail/g1"] {
        server.call("get_guardrail", json!({"guardrail": guardrail})).error();
        let guarded = json!({"knowledge_base": "KB1", "question": "q", "guardrail": guardrail});
        server.call("retrieve", guarded).error();
    }
    assert_eq!(sent(&stub), [""; 0]);
    for base in ["KB1", &own("knowledge-base/KB1")] {
        server.call("retrieve", json!({"knowledge_base": base, "question": "q"})).ok();
    }
    let sent = sent(&stub);
    assert!(sent.len() == 2 && sent.iter().all(|request| request.contains("/KB1/")), "{sent:?}");
    server.call("get_guardrail", json!({"guardrail": own("guardrail/g1")}));
    assert_eq!(stub.of("GetGuardrail").len(), 1);
}

#[test]
fn an_agent_without_an_alias_is_its_draft() {
    let stub = stub();
    let mut server = held(&stub, &[own("agent-alias/A1/TSTALIASID"), own("flow/F1/alias/AL")]);
    for refused in [
        json!({"agent": "A1", "alias": "LIVE", "prompt": "x"}),
        json!({"agent": "A2", "prompt": "x"}),
        json!({"agent": own("agent/A2"), "prompt": "x"}),
        json!({"agent": own("agent-alias/A1/TSTALIASID"), "prompt": "x"}),
    ] {
        server.call("invoke_agent", refused).error();
    }
    server.call("invoke_flow", json!({"flow": own("flow/F2"), "alias": "AL", "input": "x"})).error();
    assert_eq!(sent(&stub), [""; 0]);
    for agent in ["A1", &own("agent/A1")] {
        server.call("invoke_agent", json!({"agent": agent, "prompt": "x"}));
    }
    let sent = sent(&stub);
    let draft = |request: &String| request.contains("/agents/A1/agentAliases/TSTALIASID/");
    assert!(sent.len() == 2 && sent.iter().all(draft), "{sent:?}");
    server.call("invoke_flow", json!({"flow": own("flow/F1"), "alias": "AL", "input": "x"}));
    assert!(stub.of("InvokeFlow")[0].path().contains("/flows/F1/aliases/AL"));
}

#[test]
fn a_place_in_s3_is_judged_as_its_object() {
    let stub = stub();
    let nova = foundation(NOVA);
    let mut server = held(&stub, &[nova.as_str(), "arn:aws:s3:::team-bucket/up/*"]);
    for wrong in [
        "s3://secret-bucket/team-bucket/up/a.png",
        "s3://team-bucket/other/a.png",
        " s3://team-bucket/up/a.png",
        "s3://secret-bucket/x:s3:::team-bucket/up/a.png",
        "arn:aws:s3:::team-bucket/up/a.png",
    ] {
        server.call("converse", json!({"model": NOVA, "prompt": "x", "s3": [wrong]})).error();
    }
    assert_eq!(sent(&stub), [""; 0]);
    server.call("converse", json!({"model": NOVA, "prompt": "x", "s3": ["s3://team-bucket/up/a.png"]}));
    assert_eq!(stub.of("GetObject").len(), 1);
}

#[test]
fn an_arn_takes_the_call_to_its_region() {
    let stub = stub();
    let mut server = started(&stub, &["--allow", "invoke", "--toolsets", "all", "--allow-region", "*"]);
    let model = "arn:aws:bedrock:eu-west-1:123456789012:provisioned-model/ab12cd34ef56";
    server.call("invoke_model", json!({"model": model, "body": {}})).ok();
    assert_eq!(stub.of("InvokeModel")[0].region(), Some("eu-west-1"));
}
