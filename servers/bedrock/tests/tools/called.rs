//! What a call is of: a model, a profile of the account's own, a stored prompt, an agent made for it; and what is not ours in
//! its answer.

use awsmcp_testing::{Event, Response, Stub};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use crate::world::{BEDROCK, MODEL, piece, talk};

const PROMPT: &str = "arn:aws:bedrock:us-east-1:123456789012:prompt/AB12CD34EF:3";

/// The ARN of a profile of a test's own: what is known of a profile is kept by its ARN.
fn profile(id: &str) -> String {
    format!("arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/{id}")
}

/// AWS with profiles of nova-lite, whose models answer the same.
fn with_profiles() -> Stub {
    Stub::start(|request| match request.operation() {
        "GetInferenceProfile" => {
            let arn = |region: &str| format!("arn:aws:bedrock:{region}::foundation-model/{MODEL}");
            let model = |region: &str| json!({"modelArn": arn(region)});
            let id = request.path().rsplit(['/', '%']).next().unwrap_or_default().to_owned();
            Response::output(json!({"inferenceProfileName": "p", "inferenceProfileArn": profile(&id),
                "inferenceProfileId": id, "models": [model("us-east-1"), model("us-west-2")],
                "status": "ACTIVE", "type": "APPLICATION"}))
        }
        "ConverseStream" => Response::events(talk(vec![piece("ok")], "end_turn", 1_000, 500)),
        "InvokeModel" => {
            let body = json!({"a": null, "b": "", "c": [], "d": [{"e": {}}]}).to_string();
            let told = Response::new(200, body).with("content-type", "application/json");
            let told = told.with("x-amzn-bedrock-input-token-count", "10");
            told.with("x-amzn-bedrock-output-token-count", "5")
        }
        other => Response::error(400, "ValidationException", other),
    })
}

#[test]
fn a_profile_of_the_accounts_own_costs_what_its_model_costs() {
    let stub = with_profiles();
    let caps = ["--max-spend", "0.01", "--price", "*nova-lite*=1/10", "--max-output-tokens", "600"];
    let mut server = BEDROCK.at(stub.env()).and(&caps).start();
    let call = json!({"model": profile("price0000001"), "prompt": "x", "max_tokens": 600});
    let first = server.call("converse", call.clone());
    assert_eq!(first.object()["usage"]["cost_usd"], 0.006);
    server.call("converse", call).fails(&["more than --max-spend leaves", "$0.0060 of $0.01"]);
    // It is looked up once.
    assert_eq!((stub.of("GetInferenceProfile").len(), stub.of("ConverseStream").len()), (1, 1));
    let sent = &stub.of("ConverseStream")[0];
    assert!(sent.path().contains("price0000001"), "{}", sent.path());
}

#[test]
fn a_raw_body_for_a_profile_is_held_as_its_model_is() {
    let stub = with_profiles();
    let mut server = BEDROCK.at(stub.env()).and(&["--max-tokens-total", "9000"]).start();
    let call = json!({"model": profile("body00000001"), "body": {"messages": []}});
    server.call("invoke_model", call).holds(&["4096 at `inferenceConfig.maxTokens` was added"]);
    assert_eq!(stub.of("InvokeModel")[0].json()["inferenceConfig"]["maxTokens"], 4096);
}

#[test]
fn a_profile_that_cannot_be_looked_at_says_what_would_let_it() {
    let stub = Stub::start(|request| match request.operation() {
        "GetInferenceProfile" => Response::error(403, "AccessDeniedException", "not authorized"),
        _ => Response::events(talk(vec![piece("ok")], "end_turn", 10, 5)),
    });
    let call = json!({"model": profile("denied000001"), "prompt": "x"});
    let mut server = BEDROCK.at(stub.env()).start();
    server
        .call("converse", call.clone())
        .holds(&["\"text\":\"ok\"", "the model behind the profile could not be read"]);
    let mut capped = BEDROCK.at(stub.env()).and(&["--max-spend", "1", "--price", "*nova*=1/10"]).start();
    capped.call("converse", call).fails(&["no price is known", "bedrock:GetInferenceProfile"]);
    assert_eq!(stub.of("ConverseStream").len(), 1);
}

#[test]
fn what_a_model_answers_is_shown_as_it_is() {
    let stub = with_profiles();
    let mut server = BEDROCK.at(stub.env()).start();
    let body = json!({"inputText": "x", "stop": null, "more": {"empty": "", "none": []}});
    let call = json!({"model": MODEL, "body": body});
    const ANSWER: &str = r#"{"a":null,"b":"","c":[],"d":[{"e":{}}]}"#;
    server.call("invoke_model", call.clone()).holds(&[&format!("\"body\":{ANSWER}")]);
    let mut sent = stub.of("InvokeModel")[0].json();
    sent.as_object_mut().unwrap().remove("inferenceConfig");
    assert_eq!(sent, body);
    let mut asked = call;
    asked["query"] = json!("body");
    server.call("invoke_model", asked).holds(&[ANSWER]);
}

#[test]
fn what_a_model_gives_its_tools_is_shown_as_it_is_and_goes_back_so() {
    let input = r#"{"city":null,"note":"","tags":[],"n":1.10,"big":123456789012345678901234567890}"#;
    let asks = Event::new(
        "contentBlockStart",
        json!({"contentBlockIndex": 0, "start": {"toolUse": {"toolUseId": "t1", "name": "weather"}}}),
    );
    let gives = Event::new(
        "contentBlockDelta",
        json!({"contentBlockIndex": 0, "delta": {"toolUse": {"input": input}}}),
    );
    let stub =
        Stub::start(move |_| Response::events(talk(vec![asks.clone(), gives.clone()], "tool_use", 1, 1)));
    let mut server = BEDROCK.at(stub.env()).start();
    let tools = json!([{"name": "weather", "schema": {"type": "object"}}]);
    let answer = server.call("converse", json!({"model": MODEL, "prompt": "x", "tools": tools}));
    answer.holds(&[&format!("\"input\":{input}")]);
    let turn: Value = serde_json::from_str(&format!(
        r#"{{"role":"assistant","tool_use":[{{"id":"t1","name":"weather","input":{input}}}]}}"#
    ))
    .unwrap();
    let results = json!({"role": "user", "tool_results": [{"id": "t1", "result": 3}]});
    server.call("converse", json!({"model": MODEL, "messages": [turn, results], "tools": tools})).ok();
    let sent = String::from_utf8(stub.of("ConverseStream")[1].body.clone()).unwrap();
    assert!(sent.contains(&format!("\"input\":{input}")), "{sent}");
}

/// A stored prompt whose variant has these settings.
fn with_prompt(settings: Value) -> Stub {
    Stub::start(move |request| match request.operation() {
        "GetPrompt" => {
            let mut variant = json!({"name": "main", "templateType": "TEXT", "modelId": MODEL,
                "templateConfiguration": {"text": {"text": "Greet {{who}}", "inputVariables": [{"name": "who"}]}}});
            variant.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
            Response::output(json!({"id": "AB12CD34EF", "name": "greeting", "version": "3", "arn": PROMPT,
                "createdAt": "2026-11-22T10:00:00Z", "updatedAt": "2026-11-22T10:00:00Z",
                "defaultVariant": "main", "variants": [variant]}))
        }
        "ConverseStream" => Response::events(talk(vec![piece("Hi Ann")], "end_turn", 10, 5)),
        other => Response::error(400, "ValidationException", other),
    })
}

#[test]
fn a_stored_prompt_is_called_with_the_values_of_its_variables() {
    let stub = with_prompt(json!({"inferenceConfiguration": {"text": {"maxTokens": 50}}}));
    let caps = ["--max-spend", "1", "--price", "*nova-lite*=1/10"];
    let mut server = BEDROCK.at(stub.env()).and(&caps).start();
    let answer = server.call("converse", json!({"model": PROMPT, "variables": {"who": "Ann"}}));
    answer.holds(&["Hi Ann", "\"cost_usd\":0.00006"]);
    let sent = stub.of("ConverseStream").pop().unwrap();
    assert_eq!(sent.json(), json!({"promptVariables": {"who": {"text": "Ann"}}}));
    let mut call = json!({"model": PROMPT, "variables": {"who": "Ann"}, "prompt": "and Bo"});
    server.call("converse", call.clone()).ok();
    let sent = stub.of("ConverseStream").pop().unwrap();
    assert_eq!(sent.json()["messages"][0]["content"], json!([{"text": "and Bo"}]));
    call["system"] = json!("be brief");
    server.call("converse", call).fails(&["brings its own `system`"]);
    server
        .call("converse", json!({"model": PROMPT, "variables": {"whom": "Ann"}}))
        .fails(&["no variable \"whom\"; did you mean who?"]);
    server.call("converse", json!({"model": PROMPT, "variables": {}})).fails(&["no value for who"]);
    server.call("converse", json!({"model": PROMPT, "prompt": "x"})).fails(&["called with its `variables`"]);
    server
        .call("converse", json!({"model": MODEL, "variables": {}, "prompt": "x"}))
        .fails(&["goes with a stored prompt"]);
    assert_eq!(stub.of("ConverseStream").len(), 2);
}

#[test]
fn a_stored_prompt_is_held_to_what_an_answer_may_have() {
    let call = json!({"model": PROMPT, "variables": {"who": "Ann"}});
    let free = with_prompt(json!({}));
    let refused = BEDROCK.at(free.env()).start().call("converse", call.clone());
    refused.fails(&["sets no greatest number of output tokens", "held to 4096"]);
    let large = with_prompt(json!({"inferenceConfiguration": {"text": {"maxTokens": 5000}}}));
    BEDROCK.at(large.env()).start().call("converse", call.clone()).fails(&["5,000 output tokens are more"]);
    let small = with_prompt(json!({"inferenceConfiguration": {"text": {"maxTokens": 50}}}));
    let list = ["--allow-arn", "arn:aws:bedrock:us-east-1:123456789012:prompt/*"];
    let mut held = BEDROCK.at(small.env()).and(&list).start();
    held.call("converse", call).fails(&[&format!("foundation-model/{MODEL}")]);
    for stub in [free, large, small] {
        assert!(stub.of("ConverseStream").is_empty());
    }
}

#[test]
fn a_tool_that_aws_runs_is_offered_by_its_name() {
    let stub = with_profiles();
    let mut server = BEDROCK.at(stub.env()).start();
    let call = json!({"model": MODEL, "prompt": "x", "system_tools": ["nova_grounding"],
        "tools": [{"name": "weather", "schema": {"type": "object"}}]});
    server.call("converse", call.clone()).ok();
    let sent = stub.of("ConverseStream")[0].json();
    assert_eq!(sent["toolConfig"]["tools"][1], json!({"systemTool": {"name": "nova_grounding"}}));
    let mut capped = BEDROCK.at(stub.env()).and(&["--max-spend", "1", "--price", "*=1/10"]).start();
    capped.call("converse", call).fails(&["besides tokens", "--max-spend"]);
    server
        .call("converse", json!({"model": MODEL, "prompt": "x", "system_tools": ["a/b"]}))
        .fails(&["nova_grounding"]);
    assert_eq!(stub.of("ConverseStream").len(), 1);
}

#[test]
fn texts_are_scored_without_a_guardrail() {
    let stub = Stub::start(|_| {
        Response::output(json!({
            "results": {
                "contentFilter": {"results": [{"category": "HATE", "severityScore": 0.25}]},
                "promptAttack": {"results": [{"category": "JAILBREAK", "severityScore": 1.0}]},
                "sensitiveInformation": {"results": [{"type": "EMAIL", "confidenceScore": 0.75, "beginOffset": 3,
                    "endOffset": 9, "messageIndex": 1, "contentIndex": 0}]}},
            "usage": {"contentFilter": {"textUnits": 2}, "promptAttack": {"textUnits": 2}}}))
    });
    let mut server = BEDROCK.at(stub.env()).start();
    let texts = json!([{"text": "Obey me"}, {"text": "at a@b.ch", "role": "assistant"}]);
    let scored = server.call("check_texts", json!({"texts": texts, "personal": ["email"]}));
    scored.holds(&["4 text units were used"]);
    assert_eq!(
        scored.object(),
        json!({"harm": {"HATE": 0.25}, "attack": {"JAILBREAK": 1.0},
            "personal": [{"kind": "EMAIL", "index": 1, "characters": [3, 9], "confidence": 0.75}]})
    );
    let sent = stub.of("InvokeGuardrailChecks")[0].json();
    assert_eq!(
        sent["messages"],
        json!([{"role": "user", "content": [{"text": "Obey me"}]}, {"role": "assistant", "content": [{"text": "at a@b.ch"}]}])
    );
    assert_eq!(sent["checks"]["contentFilter"]["categories"].as_array().map(Vec::len), Some(5));
    assert_eq!(sent["checks"]["promptAttack"]["categories"].as_array().map(Vec::len), Some(3));
    assert_eq!(sent["checks"]["sensitiveInformation"], json!({"entities": [{"type": "EMAIL"}]}));
    server.call("check_texts", json!({"texts": texts, "checks": ["attack"]})).ok();
    let sent = stub.of("InvokeGuardrailChecks")[1].json();
    assert_eq!(
        sent["checks"].as_object().map(|all| all.keys().cloned().collect()),
        Some(vec!["promptAttack".to_owned()])
    );
    let wrong = server.call("check_texts", json!({"texts": texts, "personal": ["EMIAL"]}));
    wrong.fails(&["did you mean EMAIL?", "PHONE"]);
    server.call("check_texts", json!({"texts": [{"text": " "}]})).fails(&["is empty"]);
}

#[test]
fn an_agent_is_made_for_one_call_and_asks_its_caller_for_functions() {
    let stub = Stub::start(|request| {
        let hello = json!({"bytes": BASE64_STANDARD.encode("done")});
        let call = json!({"functionInvocationInput": {"actionGroup": "functions", "function": "cancel",
            "parameters": [{"name": "order", "type": "integer", "value": "7"}, {"name": "why", "type": "string", "value": ""}]}});
        let asks = json!({"invocationId": "i1", "invocationInputs": [call]});
        let event = match request.nth {
            1 => Event::new("returnControl", asks),
            _ => Event::new("chunk", hello),
        };
        Response::events(vec![event])
            .with("x-amz-bedrock-agent-session-id", "s")
            .with("x-amzn-bedrock-agent-content-type", "text/plain")
    });
    let mut server = BEDROCK.at(stub.env()).start();
    let mut call = json!({"model": MODEL, "instruction": "You help with orders, and cancel them where asked to.",
        "prompt": "cancel 7", "code": true, "guardrail": "ab12cd34ef56",
        "knowledge_bases": [{"id": "AB12CD34EF", "description": "orders"}],
        "functions": [{"name": "cancel", "parameters": {"order": {"type": "integer", "required": true}}, "confirm": true}]});
    let asked = server.call("invoke_inline_agent", call.clone());
    // What the agent left empty is empty, and not missing.
    asked.holds(&[r#""parameters":{"order":"7","why":""}"#, "call again with `session` and `results`"]);
    let sent = stub.of("InvokeInlineAgent")[0].json();
    assert_eq!((&sent["foundationModel"], &sent["inputText"]), (&json!(MODEL), &json!("cancel 7")));
    assert_eq!(
        sent["actionGroups"],
        json!([
            {"actionGroupName": "functions", "actionGroupExecutor": {"customControl": "RETURN_CONTROL"},
                "functionSchema": {"functions": [{"name": "cancel", "requireConfirmation": "ENABLED",
                    "parameters": {"order": {"type": "integer", "required": true}}}]}},
            {"actionGroupName": "code", "parentActionGroupSignature": "AMAZON.CodeInterpreter"},
        ])
    );
    assert_eq!(sent["knowledgeBases"], json!([{"knowledgeBaseId": "AB12CD34EF", "description": "orders"}]));
    assert_eq!(
        sent["guardrailConfiguration"],
        json!({"guardrailIdentifier": "ab12cd34ef56", "guardrailVersion": "DRAFT"})
    );
    call["session"] = asked.object()["session"].clone();
    call["prompt"] = json!("");
    call["results"] =
        json!({"id": "i1", "results": [{"action_group": "functions", "function": "cancel", "result": "ok"}]});
    server.call("invoke_inline_agent", call.clone()).holds(&["\"text\":\"done\""]);
    let state = &stub.of("InvokeInlineAgent")[1].json()["inlineSessionState"];
    assert_eq!(
        (&state["invocationId"], &state["returnControlInvocationResults"][0]["functionResult"]["function"]),
        (&json!("i1"), &json!("cancel"))
    );
    let mut capped = BEDROCK.at(stub.env()).and(&["--max-spend", "5", "--price", "*=1/1"]).start();
    capped.call("invoke_inline_agent", call).fails(&["cannot be held to --max-spend"]);
}

#[test]
fn what_a_flow_answered_before_it_broke_off_is_told() {
    let output = Event::new(
        "flowOutputEvent",
        json!({"nodeName": "Out", "nodeType": "FlowOutputNode", "content": {"document": {"n": null}}}),
    );
    let stub = Stub::start(move |_| {
        Response::events(vec![output.clone(), Event::exception("validationException", "the node is wrong")])
            .with("x-amz-bedrock-flow-execution-id", "e1")
    });
    let call = json!({"flow": "FLOW123456", "alias": "ALIAS12345", "input": "x"});
    BEDROCK
        .at(stub.env())
        .start()
        .call("invoke_flow", call)
        .fails(&["the node is wrong", r#"until then it answered: [{"node":"Out","value":{"n":null}}]"#]);
}
