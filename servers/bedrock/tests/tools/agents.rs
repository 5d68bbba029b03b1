//! Prompts, agents and flows.

use std::time::Duration;

use awsmcp_testing::{Event, LocalAws, Response, Stub};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use crate::world::BEDROCK;

#[track_caller]
fn prompt(name: &str, variants: Value) -> String {
    let input = json!({"name": name, "defaultVariant": "main", "variants": variants});
    LocalAws::shared().call("bedrock-agent", "CreatePrompt", input)["id"].as_str().unwrap().to_owned()
}

#[test]
fn a_stored_prompt_is_listed_and_filled() {
    let text = json!([{"name": "main", "templateType": "TEXT", "modelId": "amazon.nova-lite-v1:0",
        "templateConfiguration": {"text": {"text": "Greet {{who}} in {{language}}", "inputVariables": [{"name": "who"}, {"name": "language"}]}},
        "inferenceConfiguration": {"text": {"maxTokens": 50, "temperature": 0.5}}}]);
    let id = prompt("greeting", text);
    let mut server = BEDROCK.start();
    server.call("list_prompts", json!({})).holds(&[&id, "greeting\tDRAFT"]);
    let shown = server
        .call("render_prompt", json!({"prompt": id, "variables": {"who": "Ann", "language": "French"}}))
        .object();
    assert_eq!(shown["prompt"], "Greet Ann in French");
    assert_eq!((&shown["model"], &shown["max_tokens"]), (&json!("amazon.nova-lite-v1:0"), &json!(50)));
    let open = server.call("render_prompt", json!({"prompt": id, "variables": {"who": "Ann"}}));
    open.holds(&["Greet Ann in {{language}}", "no value for language"]);
    let wrong = server.call("render_prompt", json!({"prompt": id, "variables": {"whom": "Ann"}}));
    wrong.fails(&["did you mean who?", "who, language"]);
    server.call("render_prompt", json!({"prompt": id, "variant": "b"})).fails(&["it has main"]);
    server.call("render_prompt", json!({"prompt": "PRNONE1234"})).fails(&["ResourceNotFoundException"]);
}

#[test]
fn a_chat_prompt_is_filled_turn_by_turn() {
    let stub = Stub::start(|_| {
        Response::output(
            json!({"id": "P1", "name": "chat", "version": "2", "arn": "arn:aws:bedrock:us-east-1:123456789012:prompt/P1",
            "createdAt": "2026-11-22T10:00:00Z", "updatedAt": "2026-11-22T10:00:00Z", "variants": [
                {"name": "a", "templateType": "CHAT", "templateConfiguration": {"chat": {
                    "system": [{"text": "You are {{who}}"}], "inputVariables": [{"name": "who"}],
                    "messages": [{"role": "user", "content": [{"text": "Hi, {{who}}"}]}, {"role": "assistant", "content": [{"text": "Hi"}]}]}},
                    "additionalModelRequestFields": {"top_k": 5}},
                {"name": "b", "templateType": "TEXT", "templateConfiguration": {"text": {"text": "x"}}}]}),
        )
    });
    let mut server = BEDROCK.at(stub.env()).start();
    let shown = server
        .call("render_prompt", json!({"prompt": "P1", "version": "2", "variables": {"who": "Bo"}}))
        .object();
    assert_eq!(shown["system"], "You are Bo");
    assert_eq!(
        shown["messages"],
        json!([{"role": "user", "text": "Hi, Bo"}, {"role": "assistant", "text": "Hi"}])
    );
    assert_eq!((&shown["parameters"], &shown["other_variants"]), (&json!({"top_k": 5}), &json!(["b"])));
    assert_eq!(stub.of("GetPrompt")[0].query("promptVersion"), Some("2"));
}

#[test]
fn agents_and_flows_are_listed_with_their_aliases() {
    let aws = LocalAws::shared();
    let agent = aws.call(
        "bedrock-agent",
        "CreateAgent",
        json!({"agentName": "helper", "agentResourceRoleArn": "arn:aws:iam::123456789012:role/agent", "foundationModel": "amazon.nova-lite-v1:0"}),
    );
    let id = agent["agent"]["agentId"].as_str().unwrap();
    aws.call("bedrock-agent", "CreateAgentAlias", json!({"agentId": id, "agentAliasName": "live"}));
    let flow = aws.call(
        "bedrock-agent",
        "CreateFlow",
        json!({"name": "pipeline", "executionRoleArn": "arn:aws:iam::123456789012:role/flow"}),
    );
    let flow = flow["id"].as_str().unwrap();
    let mut server = BEDROCK.start();
    server.call("list_agents", json!({})).holds(&[id, "helper", "live="]);
    server.call("list_agents", json!({"kind": "flow"})).holds(&[flow, "pipeline"]);
    let said = server.call("invoke_agent", json!({"agent": id, "prompt": "hello"}));
    assert!(said.object()["text"].as_str().is_some_and(|text| !text.is_empty()), "{}", said.text);
    let ran = server.call("invoke_flow", json!({"flow": flow, "alias": "TSTALIASID", "input": "hello"}));
    ran.holds(&["\"outputs\":[{\"node\":\"OutputNode\"", "SUCCESS"]);
}

#[test]
fn lists_of_agents_flows_and_prompts_have_pages() {
    let time = "2026-11-22T10:00:00Z";
    let stub = Stub::start(move |request| {
        let first = request.query("nextToken").is_none() && request.json()["nextToken"].is_null();
        let id = if first { "ONE" } else { "TWO" };
        let mut output = match request.operation() {
            "ListAgents" => {
                json!({"agentSummaries": [{"agentId": id, "agentName": "a", "agentStatus": "PREPARED", "updatedAt": time}]})
            }
            "ListFlows" => {
                json!({"flowSummaries": [{"id": id, "name": "f", "arn": "arn:aws:bedrock:us-east-1:123456789012:flow/F",
                "status": "Prepared", "createdAt": time, "updatedAt": time, "version": "DRAFT"}]})
            }
            "ListPrompts" => {
                json!({"promptSummaries": [{"id": id, "name": "p", "arn": "arn:aws:bedrock:us-east-1:123456789012:prompt/P",
                "createdAt": time, "updatedAt": time, "version": "DRAFT"}]})
            }
            "ListAgentAliases" => return Response::output(json!({"agentAliasSummaries": []})),
            _ => return Response::output(json!({"flowAliasSummaries": []})),
        };
        if first {
            output["nextToken"] = json!("more");
        }
        Response::output(output)
    });
    let mut server = BEDROCK.at(stub.env()).start();
    for (tool, mut call) in
        [("list_agents", json!({})), ("list_agents", json!({"kind": "flow"})), ("list_prompts", json!({}))]
    {
        let first = server.call(tool, call.clone());
        let cursor = first.next().unwrap();
        call["cursor"] = json!(cursor);
        server.call(tool, call).holds(&["TWO"]);
    }
    let stub = Stub::start(|_| Response::denied("bedrock:ListAgents"));
    BEDROCK.at(stub.env()).start().call("list_agents", json!({})).fails(&["bedrock:ListAgents"]);
    let stub = Stub::start(|_| Response::denied("bedrock:ListPrompts"));
    BEDROCK.at(stub.env()).start().call("list_prompts", json!({})).fails(&["bedrock:ListPrompts"]);
}

#[test]
fn agents_and_flows_are_listed_by_the_aliases_that_may_be_run() {
    let time = "2026-11-22T10:00:00Z";
    let agent =
        move |id: &str| json!({"agentId": id, "agentName": id, "agentStatus": "PREPARED", "updatedAt": time});
    let flow = move |id: &str| {
        json!({"id": id, "name": id, "arn": format!("arn:aws:bedrock:us-east-1:123456789012:flow/{id}"),
        "status": "Prepared", "createdAt": time, "updatedAt": time, "version": "DRAFT"})
    };
    let agent_alias = move |name: &str, id: &str| json!({"agentAliasId": id, "agentAliasName": name, "agentAliasStatus": "PREPARED", "createdAt": time, "updatedAt": time});
    let flow_alias = move |name: &str, id: &str| {
        json!({"id": id, "name": name, "flowId": "F1", "arn": "arn:aws:bedrock:us-east-1:123456789012:flow/F1/alias/X",
        "routingConfiguration": [], "createdAt": time, "updatedAt": time})
    };
    let stub = Stub::start(move |request| {
        Response::output(match request.operation() {
            "ListAgents" => json!({"agentSummaries": [agent("AG1"), agent("AG2"), agent("AG3")]}),
            "ListFlows" => json!({"flowSummaries": [flow("FL1"), flow("FL2")]}),
            "ListAgentAliases" => {
                json!({"agentAliasSummaries": [agent_alias("live", "LIVE"), agent_alias("next", "NEXT")]})
            }
            _ => json!({"flowAliasSummaries": [flow_alias("live", "LIVE"), flow_alias("next", "NEXT")]}),
        })
    });
    let own = |what: &str| format!("arn:aws:bedrock:us-east-1:123456789012:{what}");
    let list = [own("agent-alias/AG1/LIVE"), own("agent-alias/AG3/TSTALIASID"), own("flow/FL2/alias/NEXT")]
        .join(",");
    let mut server = BEDROCK.at(stub.env()).and(&["--allow-arn", &list]).start();
    let agents = server.call("list_agents", json!({}));
    agents.holds(&["AG1\tAG1\tPREPARED\tlive=LIVE\t", "AG3", "2 rows"]);
    agents.lacks(&["AG2", "NEXT"]);
    let flows = server.call("list_agents", json!({"kind": "flow"}));
    flows.holds(&["FL2\tFL2\tPrepared\tnext=NEXT\t", "1 row"]);
    flows.lacks(&["FL1", "LIVE"]);
    let mut server = BEDROCK.at(stub.env()).start();
    server.call("list_agents", json!({})).holds(&["AG1", "AG2\tAG2\tPREPARED\tlive=LIVE,next=NEXT", "AG3"]);
}

fn chunk(text: &str) -> Event {
    Event::new("chunk", json!({"bytes": BASE64_STANDARD.encode(text)}))
}

fn trace(trace: Value) -> Event {
    Event::new("trace", json!({"agentId": "AGENT", "sessionId": "s", "trace": trace}))
}

#[test]
fn an_agents_steps_are_told_with_its_answer() {
    let stub = Stub::start(|_| {
        let step = |step: Value| trace(json!({"orchestrationTrace": step}));
        Response::events(vec![
            trace(json!({"guardrailTrace": {"action": "NONE", "traceId": "g"}})),
            trace(json!({"preProcessingTrace": {"modelInvocationOutput": {"parsedResponse": {"isValid": true, "rationale": "fine"}}}})),
            step(json!({"rationale": {"text": "I need the weather", "traceId": "1"}})),
            step(json!({"invocationInput": {"invocationType": "ACTION_GROUP", "actionGroupInvocationInput": {
                "actionGroupName": "weather", "function": "get", "parameters": [{"name": "city", "type": "string", "value": "Bern"}]}}})),
            step(json!({"observation": {"type": "ACTION_GROUP", "actionGroupInvocationOutput": {"text": "3 degrees",
                "metadata": {"totalTimeMs": 120}}}})),
            step(json!({"invocationInput": {"invocationType": "KNOWLEDGE_BASE", "knowledgeBaseLookupInput": {
                "knowledgeBaseId": "KB1", "text": "cold?"}}})),
            step(json!({"observation": {"type": "KNOWLEDGE_BASE", "knowledgeBaseLookupOutput": {"retrievedReferences": [{}, {}]}}})),
            step(json!({"modelInvocationOutput": {"metadata": {"usage": {"inputTokens": 100, "outputTokens": 20}}}})),
            Event::new("chunk", json!({"bytes": BASE64_STANDARD.encode("It is cold."), "attribution": {"citations": [{
                "generatedResponsePart": {"textResponsePart": {"text": "It is cold.", "span": {"start": 0, "end": 10}}},
                "retrievedReferences": [{"content": {"text": "Below 5 is cold"}, "location": {"type": "S3", "s3Location": {"uri": "s3://b/k"}}}]}]}})),
            Event::new("files", json!({"files": [{"name": "plot.png", "type": "image/png", "bytes": "AAAA"}]})),
        ])
        .with("x-amz-bedrock-agent-session-id", "s")
        .with("x-amzn-bedrock-agent-content-type", "text/plain")
    });
    let mut server = BEDROCK.at(stub.env()).start();
    let call = json!({"agent": "AGENT12345", "alias": "ALIAS12345", "prompt": "cold?", "session": "s", "attributes": {"user": "ann"}});
    let said = server.call("invoke_agent", call).object();
    assert_eq!((&said["text"], &said["session"]), (&json!("It is cold."), &json!("s")));
    let steps: Vec<String> = said["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| format!("{}: {}", step["kind"].as_str().unwrap(), step["text"].as_str().unwrap()))
        .collect();
    assert_eq!(
        steps,
        [
            "guardrail: passed",
            "input taken: fine",
            "thought: I need the weather",
            "action: weather: get(city=Bern)",
            "result: 3 degrees",
            "lookup: KB1: cold?",
            "found: 2 passages",
        ]
    );
    assert_eq!(said["usage"], json!({"input_tokens": 100, "output_tokens": 20}));
    assert_eq!(said["sources"], json!([{"of": "0-10", "source": "s3://b/k", "passage": "Below 5 is cold"}]));
    assert_eq!(said["files"], json!(["plot.png (3 B)"]));
    let sent = stub.of("InvokeAgent")[0].json();
    assert_eq!(
        (&sent["enableTrace"], &sent["sessionState"]["sessionAttributes"]["user"]),
        (&json!(true), &json!("ann"))
    );
}

#[test]
fn an_agent_that_hands_back_or_fails_says_so() {
    let headers = |response: Response| {
        response
            .with("x-amz-bedrock-agent-session-id", "s")
            .with("x-amzn-bedrock-agent-content-type", "text/plain")
    };
    let stub = Stub::start(move |_| {
        headers(Response::events(vec![Event::new(
            "returnControl",
            json!({"invocationId": "i1", "invocationInputs": [{"functionInvocationInput": {"actionGroup": "orders", "function": "cancel",
                "parameters": [{"name": "id", "type": "string", "value": "7"}]}}]}),
        )]))
    });
    let mut server = BEDROCK.at(stub.env()).start();
    let call = json!({"agent": "AGENT12345", "prompt": "cancel 7"});
    let said = server.call("invoke_agent", call.clone());
    assert_eq!(
        said.object()["return_control"],
        json!([{"id": "i1", "calls": [{"action_group": "orders", "function": "cancel", "parameters": {"id": "7"}}]}])
    );
    said.holds(&["the agent waits"]);
    let stub = Stub::start(move |_| {
        headers(Response::events(vec![
            chunk("I begin"),
            trace(json!({"failureTrace": {"failureReason": "the function failed"}})),
            Event::exception("dependencyFailedException", "Lambda said no"),
        ]))
    });
    let error = BEDROCK.at(stub.env()).start().call("invoke_agent", call.clone());
    error.fails(&["Lambda said no", "until then it said: \"I begin\"", "its last step was: failure"]);
    let stub = Stub::start(|_| Response::error(404, "ResourceNotFoundException", "no agent"));
    BEDROCK.at(stub.env()).start().call("invoke_agent", call).fails(&["no agent"]);
    server.call("invoke_agent", json!({"agent": "a b", "prompt": "x"})).fails(&["AB12CD34EF"]);
    server.call("invoke_agent", json!({"agent": "AGENT12345", "prompt": " "})).fails(&["`prompt` is empty"]);
}

#[test]
fn a_cancelled_agent_is_hung_up() {
    let stub = Stub::start(|_| {
        let mut events = vec![chunk("one")];
        events.extend((0..100).map(|_| chunk("more").after(Duration::from_millis(200))));
        Response::events(events)
            .with("x-amz-bedrock-agent-session-id", "s")
            .with("x-amzn-bedrock-agent-content-type", "text/plain")
    });
    let mut server = BEDROCK.at(stub.env()).start();
    let call = json!({"name": "invoke_agent", "arguments": {"agent": "AGENT12345", "prompt": "x"}, "_meta": {"progressToken": "p"}});
    let id = server.send("tools/call", call);
    server.wait_notification("notifications/progress");
    server.cancel(id);
    stub.wait("the server to hang up", |stub| stub.hung_up() == 1);
}

#[test]
fn a_flow_shows_its_nodes_and_what_it_asks_for() {
    let time = "2026-11-22T10:00:00Z";
    let stub = Stub::start(move |request| {
        let first = request.json()["executionId"].is_null();
        let events = if first {
            vec![
                Event::new(
                    "flowTraceEvent",
                    json!({"trace": {"nodeInputTrace": {"nodeName": "Ask", "timestamp": time,
                    "fields": [{"nodeInputName": "document", "content": {"document": "x"}}]}}}),
                ),
                Event::new(
                    "flowMultiTurnInputRequestEvent",
                    json!({"nodeName": "Ask", "nodeType": "PromptNode", "content": {"document": "Which city?"}}),
                ),
                Event::new("flowCompletionEvent", json!({"completionReason": "INPUT_REQUIRED"})),
            ]
        } else {
            vec![
                Event::new(
                    "flowOutputEvent",
                    json!({"nodeName": "Out", "nodeType": "FlowOutputNode", "content": {"document": {"celsius": 3}}}),
                ),
                Event::new("flowCompletionEvent", json!({"completionReason": "SUCCESS"})),
            ]
        };
        Response::events(events).with("x-amz-bedrock-flow-execution-id", "e1")
    });
    let mut server = BEDROCK.at(stub.env()).start();
    let call = json!({"flow": "FLOW123456", "alias": "ALIAS12345", "input": {"q": "weather"}, "trace": true});
    let asked = server.call("invoke_flow", call);
    let shown = asked.object();
    assert_eq!(shown["asks"], json!([{"node": "Ask", "value": "Which city?"}]));
    assert_eq!((&shown["ended"], &shown["execution"]), (&json!("INPUT_REQUIRED"), &json!("e1")));
    assert_eq!(shown["steps"], json!([{"node": "Ask", "what": "input", "text": "document"}]));
    asked.holds(&["the flow asks for more"]);
    let call = json!({"flow": "FLOW123456", "alias": "ALIAS12345", "input": "Bern", "node": "Ask", "execution": "e1"});
    let ran = server.call("invoke_flow", call).object();
    assert_eq!(ran, json!({"outputs": [{"node": "Out", "value": {"celsius": 3}}], "ended": "SUCCESS"}));
    let sent = stub.of("InvokeFlow");
    assert_eq!(
        sent[0].json()["inputs"],
        json!([{"nodeName": "FlowInputNode", "nodeOutputName": "document", "content": {"document": {"q": "weather"}}}])
    );
    assert_eq!(sent[1].json()["inputs"][0]["nodeName"], "Ask");
}

#[test]
fn a_flow_that_breaks_off_or_is_missing_is_an_error() {
    let call = json!({"flow": "FLOW123456", "alias": "ALIAS12345", "input": "x"});
    let stub = Stub::start(|_| Response::events(vec![]).with("x-amz-bedrock-flow-execution-id", "e1"));
    BEDROCK.at(stub.env()).start().call("invoke_flow", call.clone()).fails(&["broke off after 0 outputs"]);
    let stub = Stub::start(|_| {
        Response::events(vec![Event::exception("validationException", "the node is wrong")])
            .with("x-amz-bedrock-flow-execution-id", "e1")
    });
    BEDROCK.at(stub.env()).start().call("invoke_flow", call.clone()).fails(&["the node is wrong"]);
    let stub = Stub::start(|_| Response::error(404, "ResourceNotFoundException", "no flow"));
    BEDROCK.at(stub.env()).start().call("invoke_flow", call).fails(&["no flow"]);
    BEDROCK
        .start()
        .call("invoke_flow", json!({"flow": "a/b", "alias": "A", "input": 1}))
        .fails(&["AB12CD34EF"]);
}

#[test]
fn what_an_agent_leaves_to_its_caller_is_given_back() {
    let stub = Stub::start(|_| {
        Response::events(vec![
            // A letter is cut in two.
            Event::new("chunk", json!({"bytes": BASE64_STANDARD.encode(b"gr\xc3")})),
            Event::new("chunk", json!({"bytes": BASE64_STANDARD.encode(b"\xbcezi")})),
            Event::new(
                "files",
                json!({"files": [{"name": "plot.png", "type": "image/png", "bytes": "iVBORw0K"}]}),
            ),
        ])
        .with("x-amz-bedrock-agent-session-id", "s")
        .with("x-amzn-bedrock-agent-content-type", "text/plain")
    });
    let mut server = BEDROCK.at(stub.env()).start();
    let results = json!({"id": "i1", "results": [
        {"action_group": "orders", "function": "cancel", "result": {"cancelled": 7}},
        {"action_group": "mail", "method": "POST", "path": "/send", "result": "no", "failed": true},
        {"action_group": "orders", "function": "refund", "confirmed": false},
    ]});
    let call = json!({"agent": "AGENT12345", "session": "s", "results": results, "memory": "ann",
        "inline": [{"name": "t.csv", "base64": BASE64_STANDARD.encode("a,b")}], "for_code": true});
    server.call("invoke_agent", call).holds(&["\"text\":\"gr\u{fc}ezi\"", "`show_files`"]);
    let sent = stub.of("InvokeAgent")[0].json();
    assert_eq!((&sent["inputText"], &sent["memoryId"]), (&Value::Null, &json!("ann")));
    let state = &sent["sessionState"];
    assert_eq!(state["invocationId"], "i1");
    assert_eq!(
        state["returnControlInvocationResults"],
        json!([
            {"functionResult": {"actionGroup": "orders", "function": "cancel",
                "responseBody": {"TEXT": {"body": "{\"cancelled\":7}"}}}},
            {"apiResult": {"actionGroup": "mail", "httpMethod": "POST", "apiPath": "/send", "httpStatusCode": 500,
                "responseBody": {"application/json": {"body": "no"}}, "responseState": "FAILURE"}},
            {"functionResult": {"actionGroup": "orders", "function": "refund", "confirmationState": "DENY"}},
        ])
    );
    assert_eq!(
        state["files"],
        json!([{"name": "t.csv", "useCase": "CODE_INTERPRETER", "source": {"sourceType": "BYTE_CONTENT",
            "byteContent": {"mediaType": "text/csv", "data": BASE64_STANDARD.encode("a,b")}}}])
    );
    let shown =
        server.call("invoke_agent", json!({"agent": "AGENT12345", "prompt": "plot", "show_files": true}));
    assert!(shown.content.iter().any(|block| block["type"] == "image"), "{:?}", shown.content);
    server
        .call(
            "invoke_agent",
            json!({"agent": "AGENT12345", "results": {"id": "i1", "results": [{"action_group": "a"}]}}),
        )
        .fails(&["goes with the `session`"]);
    let wrong = json!({"agent": "AGENT12345", "session": "s", "results": {"id": "i1", "results": [{"action_group": "a"}]}});
    server.call("invoke_agent", wrong).fails(&["a `function`, or of a `method` and `path`"]);
}
