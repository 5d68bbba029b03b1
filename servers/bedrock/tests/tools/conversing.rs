//! Talking to models: what a stream, a whole answer and a broken one become.

use std::time::{Duration, Instant};

use awsmcp_testing::{Event, LocalAws, Response, Stub, holds};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use crate::world::{BEDROCK, MODEL, piece, talk};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89";

fn stub(events: impl Fn() -> Vec<Event> + Send + Sync + 'static) -> Stub {
    Stub::start(move |request| match request.operation() {
        "ConverseStream" => Response::events(events()),
        other => Response::error(400, "ValidationException", &format!("{other} is not part of this test")),
    })
}

#[test]
fn the_local_aws_answers_in_a_stream_and_in_one_piece() {
    let mut server = BEDROCK.start();
    for whole in [false, true] {
        let said = server.call("converse", json!({"model": MODEL, "prompt": "hello there", "whole": whole}));
        let answer = said.object();
        assert!(answer["text"].as_str().is_some_and(|text| !text.is_empty()), "{}", said.text);
        assert_eq!(answer["stop_reason"], "end_turn");
        assert!(answer["usage"]["input_tokens"].as_u64() > Some(0), "{}", said.text);
        said.holds(&["so far ", "tokens in and"]);
    }
}

#[test]
fn a_stream_is_told_piece_by_piece() {
    let stub = stub(|| {
        let slow = |text: &str| piece(text).after(Duration::from_millis(300));
        talk(vec![piece("Hel"), slow("lo, "), slow("world")], "end_turn", 7, 3)
    });
    let mut server = BEDROCK.at(stub.env()).start();
    let call = json!({"name": "converse", "arguments": {"model": MODEL, "prompt": "hi"}, "_meta": {"progressToken": "p"}});
    let id = server.send("tools/call", call);
    let mut told = String::new();
    while told.len() < "Hello, world".len() {
        let note = server.wait_notification("notifications/progress");
        told.push_str(note["params"]["message"].as_str().unwrap());
    }
    assert_eq!(told, "Hello, world");
    let done = server.wait(id).unwrap().to_string();
    holds(
        &done,
        &[
            r#"\"text\":\"Hello, world\",\"stop_reason\":\"end_turn\",\"usage\":{\"input_tokens\":7,\"output_tokens\":3}"#,
            r#"\"latency_ms\":321"#,
            r#"\"first_words_ms\":"#,
        ],
    );
}

#[test]
fn reasoning_tool_use_and_citations_are_put_together() {
    let stub = stub(|| {
        let delta = |index: u8, delta: Value| {
            Event::new("contentBlockDelta", json!({"contentBlockIndex": index, "delta": delta}))
        };
        let start =
            json!({"contentBlockIndex": 2, "start": {"toolUse": {"toolUseId": "t1", "name": "weather"}}});
        talk(
            vec![
                delta(0, json!({"reasoningContent": {"text": "Bern, "}})),
                delta(0, json!({"reasoningContent": {"text": "then"}})),
                delta(0, json!({"reasoningContent": {"signature": "sig"}})),
                delta(1, json!({"text": "I look."})),
                delta(
                    1,
                    json!({"citation": {"title": "Report", "sourceContent": [{"text": "it rained"}],
                        "location": {"documentPage": {"documentIndex": 0, "start": 2, "end": 3}}}}),
                ),
                Event::new("contentBlockStart", start),
                delta(2, json!({"toolUse": {"input": "{\"city\":"}})),
                delta(2, json!({"toolUse": {"input": "\"Bern\"}"}})),
            ],
            "tool_use",
            20,
            9,
        )
    });
    let mut server = BEDROCK.at(stub.env()).start();
    let tools = json!([{"name": "weather", "description": "Weather of a city",
        "schema": {"type": "object", "properties": {"city": {"type": "string"}}}}]);
    let said = server.call(
        "converse",
        json!({"model": MODEL, "prompt": "weather?", "system": "be brief", "tools": tools, "tool_choice": "any",
            "cache": ["system", "tools"], "temperature": 0.5, "stop": ["END"], "max_tokens": 50,
            "parameters": {"thinking": {"type": "enabled", "budget_tokens": 1024}}, "more_fields": ["/stop_sequence"]}),
    );
    let answer = said.object();
    assert_eq!(answer["text"], "I look.");
    assert_eq!(answer["reasoning"], json!({"text": "Bern, then", "signature": "sig"}));
    assert_eq!(answer["tool_use"], json!([{"id": "t1", "name": "weather", "input": {"city": "Bern"}}]));
    assert_eq!(answer["citations"], json!([{"title": "Report", "place": "pages 2-3", "text": "it rained"}]));
    said.holds(&["go on with `messages`"]);

    let sent = stub.of("ConverseStream")[0].json();
    let point = json!({"cachePoint": {"type": "default"}});
    assert_eq!(sent["system"], json!([{"text": "be brief"}, point]));
    assert_eq!(sent["toolConfig"]["tools"][0]["toolSpec"]["inputSchema"]["json"]["type"], "object");
    assert_eq!(sent["toolConfig"]["tools"][1], point);
    assert_eq!(sent["toolConfig"]["toolChoice"], json!({"any": {}}));
    assert_eq!(
        sent["inferenceConfig"],
        json!({"maxTokens": 50, "temperature": 0.5, "stopSequences": ["END"]})
    );
    assert_eq!(sent["additionalModelRequestFields"]["thinking"]["budget_tokens"], 1024);
    assert_eq!(sent["additionalModelResponseFieldPaths"], json!(["/stop_sequence"]));

    let turns = json!([
        {"role": "user", "text": "weather?"},
        {"role": "assistant", "reasoning": answer["reasoning"], "text": "I look.", "tool_use": answer["tool_use"]},
        {"role": "user", "tool_results": [{"id": "t1", "result": {"celsius": 3}}]},
    ]);
    server.call("converse", json!({"model": MODEL, "messages": turns, "tools": tools})).ok();
    let sent = stub.of("ConverseStream")[1].json();
    assert_eq!(
        sent["messages"][1]["content"],
        json!([
            {"reasoningContent": {"reasoningText": {"text": "Bern, then", "signature": "sig"}}},
            {"text": "I look."},
            {"toolUse": {"toolUseId": "t1", "name": "weather", "input": {"city": "Bern"}}},
        ])
    );
    assert_eq!(
        sent["messages"][2]["content"],
        json!([{"toolResult": {"toolUseId": "t1", "content": [{"json": {"celsius": 3}}]}}])
    );
}

#[test]
fn a_whole_answer_says_the_same_as_a_stream() {
    let stub = Stub::start(|_| {
        Response::output(json!({
            "output": {"message": {"role": "assistant", "content": [
                {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "s"}}},
                {"citationsContent": {"content": [{"text": "It rained."}], "citations": [
                    {"title": "Report", "sourceContent": [{"text": "rain"}], "location": {"web": {"url": "https://x.example"}}}]}},
                {"toolUse": {"toolUseId": "t1", "name": "weather", "input": {"city": "Bern"}}},
            ]}},
            "stopReason": "tool_use",
            "usage": {"inputTokens": 5, "outputTokens": 6, "totalTokens": 11, "cacheReadInputTokens": 100},
            "metrics": {"latencyMs": 9},
            "trace": {"promptRouter": {"invokedModelId": "amazon.nova-micro-v1:0"}},
        }))
    });
    let said = BEDROCK
        .at(stub.env())
        .start()
        .call("converse", json!({"model": MODEL, "prompt": "x", "whole": true}));
    let answer = said.object();
    assert_eq!((&answer["text"], &answer["reasoning"]["text"]), (&json!("It rained."), &json!("hm")));
    assert_eq!(answer["tool_use"][0]["input"], json!({"city": "Bern"}));
    assert_eq!(answer["citations"][0]["place"], "https://x.example");
    assert_eq!(answer["usage"]["cache_read_tokens"], 100);
    assert_eq!(answer["routed_to"], "amazon.nova-micro-v1:0");
    assert!(stub.of("ConverseStream").is_empty());
}

#[test]
fn an_image_that_a_model_makes_is_shown_as_one() {
    let image = BASE64_STANDARD.encode(PNG);
    let stub = Stub::start(move |_| {
        Response::output(json!({
            "output": {"message": {"role": "assistant", "content": [
                {"text": "Here:"}, {"image": {"format": "png", "source": {"bytes": image}}}]}},
            "stopReason": "end_turn",
            "usage": {"inputTokens": 5, "outputTokens": 6, "totalTokens": 11},
            "metrics": {"latencyMs": 9},
        }))
    });
    let said = BEDROCK
        .at(stub.env())
        .start()
        .call("converse", json!({"model": MODEL, "prompt": "x", "whole": true}));
    said.holds(&["1 images", "Here:", "end_turn"]);
    let image = said.content.iter().find(|block| block["type"] == "image").expect("an image block");
    assert_eq!(
        (&image["mimeType"], &image["data"]),
        (&json!("image/png"), &json!(BASE64_STANDARD.encode(PNG)))
    );
}

#[test]
fn images_and_documents_come_from_s3_a_directory_or_the_call() {
    let aws = LocalAws::shared();
    aws.create_bucket("bedrock-attached");
    aws.put_object("bedrock-attached", "dir/cat.png", &[], PNG);
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("notes.md"), "# Notes").unwrap();
    let stub = Stub::before(aws, |request| match request.operation() {
        "ConverseStream" => Response::events(talk(vec![piece("seen")], "end_turn", 1, 1)),
        _ => Response::HandOn,
    });
    let mut server = BEDROCK.at(stub.env()).and(&["--allow-dir", directory.path().to_str().unwrap()]).start();
    let said = server.call(
        "converse",
        json!({"model": MODEL, "prompt": "what is it?", "s3": ["s3://bedrock-attached/dir/cat.png"], "files": ["notes.md"],
            "inline": [{"name": "t.csv", "base64": BASE64_STANDARD.encode("a,b")}], "citations": true, "cache": ["messages"]}),
    );
    assert_eq!(said.object()["text"], "seen");
    let sent = stub.of("ConverseStream")[0].json();
    let content = &sent["messages"][0]["content"];
    assert_eq!(
        content[0]["image"],
        json!({"format": "png", "source": {"bytes": BASE64_STANDARD.encode(PNG)}})
    );
    assert_eq!(
        content[1]["document"],
        json!({"format": "md", "name": "notes", "source": {"bytes": BASE64_STANDARD.encode("# Notes")}, "citations": {"enabled": true}})
    );
    assert_eq!(content[2]["document"]["format"], "csv");
    assert_eq!(content[3], json!({"text": "what is it?"}));
    assert_eq!(content[4], json!({"cachePoint": {"type": "default"}}));
}

#[test]
fn what_cannot_be_attached_is_said_before_a_model_is_asked() {
    let aws = LocalAws::shared();
    aws.create_bucket("bedrock-refused");
    aws.put_object("bedrock-refused", "large.txt", &[], vec![b'x'; 4_718_593]);
    let stub = Stub::before(aws, |_| Response::HandOn);
    let mut server = BEDROCK.at(stub.env()).start();
    let mut refused = |more: Value, parts: &[&str]| {
        let mut call = json!({"model": MODEL, "prompt": "x"});
        call.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        let answer = server.call("converse", call);
        answer.fails(parts);
    };
    refused(json!({"s3": ["s3://bedrock-refused/large.txt"]}), &["4.5 MiB", "make it smaller"]);
    refused(json!({"s3": ["s3://bedrock-refused/none.txt"]}), &["NoSuchKey"]);
    refused(json!({"s3": ["https://x/y"]}), &["s3://my-bucket/folder/cat.png"]);
    refused(json!({"files": ["/etc/passwd"]}), &["--allow-dir"]);
    refused(json!({"inline": [{"name": "a.exe", "base64": "TVo="}]}), &[".png"]);
    refused(json!({"inline": [{"name": "a.txt", "base64": "?"}]}), &["not base64"]);
    assert!(stub.of("ConverseStream").is_empty());
}

#[test]
fn a_guardrails_trace_says_which_rule_found_what() {
    let stub = stub(|| {
        let mut all = talk(vec![piece("Sorry.")], "guardrail_intervened", 4, 0);
        all.pop();
        all.push(Event::new(
            "metadata",
            json!({
                "usage": {"inputTokens": 4, "outputTokens": 0, "totalTokens": 4},
                "metrics": {"latencyMs": 5},
                "trace": {"guardrail": {
                    "modelOutput": ["the secret is 42"],
                    "inputAssessment": {"g1": {
                        "topicPolicy": {"topics": [{"name": "Secrets", "type": "DENY", "action": "BLOCKED"}]},
                        "contentPolicy": {"filters": [{"type": "INSULTS", "confidence": "HIGH", "action": "BLOCKED"}]}}},
                    "outputAssessments": {"g1": [{
                        "sensitiveInformationPolicy": {"piiEntities": [{"match": "a@b.example", "type": "EMAIL", "action": "ANONYMIZED"}],
                            "regexes": []}}]}}},
            }),
        ));
        all
    });
    let call = json!({"model": MODEL, "prompt": "tell", "guardrail": "gr1", "guardrail_version": "3"});
    // Who may not see secrets learns what was found, and none of the texts.
    let hidden = BEDROCK.at(stub.env()).start().call("converse", call.clone());
    hidden.lacks(&["a@b.example", "the secret is 42"]);
    hidden.holds(&[
        r#"{"side":"output","policy":"pii","found":"EMAIL","action":"ANONYMIZED"}"#,
        "--allow reveal",
    ]);
    let said = BEDROCK.at(stub.env()).and(&["--allow", "reveal"]).start().call("converse", call);
    let trace = &said.object()["guardrail"];
    assert_eq!(
        trace["findings"],
        json!([
            {"side": "input", "policy": "topic", "found": "Secrets", "action": "BLOCKED"},
            {"side": "input", "policy": "content", "found": "INSULTS", "action": "BLOCKED", "confidence": "HIGH"},
            {"side": "output", "policy": "pii", "found": "EMAIL", "action": "ANONYMIZED", "matched": "a@b.example"},
        ])
    );
    assert_eq!(trace["model_wrote"], json!(["the secret is 42"]));
    let sent = stub.of("ConverseStream")[0].json();
    assert_eq!(
        sent["guardrailConfig"],
        json!({"guardrailIdentifier": "gr1", "guardrailVersion": "3", "trace": "enabled", "streamProcessingMode": "sync"})
    );
}

#[test]
fn an_error_in_mid_stream_tells_what_came_until_then() {
    for (kind, words) in [
        ("throttlingException", "Too many tokens"),
        ("modelStreamErrorException", "The model broke"),
        ("internalServerException", "Oops"),
    ] {
        let stub = stub(move || {
            vec![
                Event::new("messageStart", json!({"role": "assistant"})),
                piece("The answer is"),
                Event::exception(kind, words),
            ]
        });
        let error = BEDROCK.at(stub.env()).start().call("converse", json!({"model": MODEL, "prompt": "x"}));
        error.fails(&[words, "until then it said: \"The answer is\""]);
    }
}

#[test]
fn a_stream_that_ends_early_is_an_error() {
    let stub = stub(|| vec![Event::new("messageStart", json!({"role": "assistant"})), piece("Half")]);
    let error = BEDROCK.at(stub.env()).start().call("converse", json!({"model": MODEL, "prompt": "x"}));
    error.fails(&["ended before it was complete", "\"Half\""]);
}

#[test]
fn a_throttled_model_is_asked_again_and_then_explained() {
    let stub = Stub::start(|request| match (request.operation(), request.nth) {
        ("ConverseStream", 1) => Response::error(429, "ThrottlingException", "Too many requests"),
        _ => Response::events(talk(vec![piece("late")], "end_turn", 1, 1)),
    });
    let env = awsmcp_testing::with(stub.env(), &[("AWS_MAX_ATTEMPTS", "2")]);
    let said = BEDROCK.at(env).start().call("converse", json!({"model": MODEL, "prompt": "x"}));
    assert_eq!(said.object()["text"], "late");
    assert_eq!(stub.of("ConverseStream").len(), 2);

    let stub = Stub::start(|_| Response::error(429, "ThrottlingException", "Too many requests"));
    let error = BEDROCK.at(stub.env()).start().call("converse", json!({"model": MODEL, "prompt": "x"}));
    error.fails(&["Too many requests", "ThrottlingException", "has more room"]);
}

#[test]
fn a_slow_stream_that_is_cancelled_is_hung_up() {
    let stub = stub(|| {
        let mut all = vec![Event::new("messageStart", json!({"role": "assistant"})), piece("one")];
        all.extend((0..100).map(|_| piece(" more").after(Duration::from_millis(200))));
        all
    });
    let mut server = BEDROCK.at(stub.env()).start();
    let call = json!({"name": "converse", "arguments": {"model": MODEL, "prompt": "x"}, "_meta": {"progressToken": "p"}});
    let id = server.send("tools/call", call);
    server.wait_notification("notifications/progress");
    let started = Instant::now();
    server.cancel(id);
    stub.wait("the server to hang up", |stub| stub.hung_up() == 1);
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[test]
fn errors_of_models_say_what_to_do() {
    for (status, code, message, advice) in [
        (
            400,
            "ValidationException",
            "Invocation of model ID x with on-demand throughput isn’t supported. Retry your request with the ID or ARN of an \
             inference profile",
            "list_models shows the id that can be called here",
        ),
        (400, "ValidationException", "The provided model identifier is invalid.", "list_models"),
        (
            403,
            "AccessDeniedException",
            "You don't have access to the model with the specified model ID.",
            "check_access",
        ),
        (424, "ModelErrorException", "The model failed", "The model failed"),
        (429, "ModelNotReadyException", "not ready", "in a few minutes"),
    ] {
        let stub = Stub::start(move |_| Response::error(status, code, message));
        let error = BEDROCK.at(stub.env()).start().call("converse", json!({"model": MODEL, "prompt": "x"}));
        error.fails(&[code, advice]);
    }
}

#[test]
fn bad_input_shows_a_good_one() {
    let mut server = BEDROCK.start();
    let mut refused = |call: Value, part: &str| {
        server.call("converse", call).fails(&[part]);
    };
    refused(json!({"model": MODEL}), "\"prompt\":\"Say hello\"");
    refused(json!({"model": "gpt 4", "prompt": "x"}), "amazon.nova-lite-v1:0");
    refused(json!({"model": MODEL, "prompt": "x", "max_tokens": 5000}), "--max-output-tokens");
    refused(
        json!({"model": MODEL, "prompt": "x", "parameters": {"max_tokens": 100_000}}),
        "--max-output-tokens",
    );
    refused(json!({"model": MODEL, "prompt": "x", "guardrail_version": "1"}), "goes with `guardrail`");
    refused(json!({"model": MODEL, "prompt": "x", "tool_choice": "any"}), "goes with `tools`");
    refused(
        json!({"model": MODEL, "prompt": "x", "tools": [{"name": "t", "schema": "none"}]}),
        "JSON schema",
    );
}

#[test]
fn a_raw_call_answers_the_models_own_form_and_what_it_used() {
    let stub = Stub::start(|_| {
        Response::new(200, r#"{"embedding":[0.5,0.25],"inputTextTokenCount":2}"#)
            .with("content-type", "application/json")
            .with("x-amzn-bedrock-input-token-count", "2")
            .with("x-amzn-bedrock-invocation-latency", "17")
    });
    let mut server = BEDROCK.at(stub.env()).start();
    let call = json!({"model": "amazon.titan-embed-text-v2:0", "body": {"inputText": "hello"}});
    let said = server.call("invoke_model", call);
    assert_eq!(
        said.object(),
        json!({"body": {"embedding": [0.5, 0.25], "inputTextTokenCount": 2},
            "usage": {"input_tokens": 2, "output_tokens": 0}, "latency_ms": 17})
    );
    assert_eq!(stub.of("InvokeModel")[0].json(), json!({"inputText": "hello"}));
    let large = json!({"model": MODEL, "body": {"inferenceConfig": {"maxTokens": 9000}}});
    server.call("invoke_model", large).fails(&["9,000 output tokens", "--max-output-tokens"]);
}

#[test]
fn the_local_aws_takes_a_raw_call() {
    let body = json!({"anthropic_version": "bedrock-2023-05-31", "max_tokens": 10, "messages": [{"role": "user", "content": "hi"}]});
    let mut server = BEDROCK.start();
    let said =
        server.call("invoke_model", json!({"model": "anthropic.claude-3-haiku-20240307-v1:0", "body": body}));
    said.holds(&["\"body\":{", "\"role\":\"assistant\""]);
    let stub = Stub::start(|_| Response::error(400, "ValidationException", "Malformed input request"));
    let error = BEDROCK.at(stub.env()).start().call("invoke_model", json!({"model": MODEL, "body": {}}));
    error.fails(&["Malformed input request"]);
}

#[test]
fn tokens_are_counted_without_a_call() {
    let stub = Stub::start(|request| match request.operation() {
        "CountTokens" => Response::output(json!({"inputTokens": 12})),
        other => Response::error(400, "ValidationException", other),
    });
    let mut server = BEDROCK.at(stub.env()).start();
    let said = server.call("count_tokens", json!({"model": MODEL, "prompt": "hello", "system": "brief"}));
    assert_eq!(said.object(), json!({"input_tokens": 12}));
    let sent = stub.of("CountTokens")[0].json();
    assert_eq!(
        sent["input"]["converse"],
        json!({"messages": [{"role": "user", "content": [{"text": "hello"}]}], "system": [{"text": "brief"}]})
    );
    server.call("count_tokens", json!({"model": MODEL})).fails(&["nothing is said"]);
    let stub = Stub::start(|_| {
        Response::error(400, "ValidationException", "The provided model doesn't support counting tokens.")
    });
    let error = BEDROCK.at(stub.env()).start().call("count_tokens", json!({"model": MODEL, "prompt": "x"}));
    error.fails(&["give the model's own id"]);
}

#[test]
#[ignore = "runs fakecloud"]
fn an_emulator_counts_tokens() {
    let mut server = BEDROCK.at(LocalAws::shared_fakecloud().env()).start();
    let said = server.call("count_tokens", json!({"model": MODEL, "prompt": "hello there my friend"}));
    assert!(said.object()["input_tokens"].as_u64() > Some(0), "{}", said.text);
}
