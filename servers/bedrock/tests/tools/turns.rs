//! Conversations that go on: what a model said goes back to it whole, and any turn may show something.

use awsmcp_testing::{Event, LocalAws, Response, Stub};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use crate::world::{BEDROCK, MODEL, piece, talk};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89";

fn thought(text: &str, signature: &str) -> Value {
    json!({"reasoningContent": {"reasoningText": {"text": text, "signature": signature}}})
}

fn weather(id: &str) -> Value {
    json!({"toolUse": {"toolUseId": id, "name": "weather", "input": {"city": "Bern", "days": 1.5}}})
}

/// One of each kind that a model may answer with, in an order that only a list can keep.
fn every_block() -> Vec<Value> {
    vec![
        thought("first", "SIG1"),
        json!({"text": "I look"}),
        json!({"reasoningContent": {"redactedContent": "AQL/"}}),
        json!({"toolUse": {"toolUseId": "s1", "name": "nova_grounding", "input": {}, "type": "server_tool_use"}}),
        json!({"toolResult": {"toolUseId": "s1", "content": [{"json": {"hits": 2}}], "status": "success",
            "type": "nova_grounding_result"}}),
        thought("then", "SIG2"),
        json!({"citationsContent": {"content": [{"text": " It rained."}], "citations": [{"title": "Report", "source": "r",
            "sourceContent": [{"text": "rain"}], "location": {"documentPage": {"documentIndex": 0, "start": 2, "end": 3}}}]}}),
        weather("t1"),
        weather("t2"),
    ]
}

fn tools() -> Value {
    json!([{"name": "weather", "schema": {"type": "object"}}])
}

/// The blocks of an answer.
fn in_order(answer: &Value) -> Vec<Value> {
    serde_json::from_str(answer["content"].as_str().expect("an answer with its blocks in order")).unwrap()
}

/// Goes on with an answer, and gives what AWS was sent of it.
fn sent_back(answer: &Value, stub: &Stub, turn: Value) -> Value {
    let results: Vec<Value> = answer["tool_use"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|tool| json!({"id": tool["id"], "result": {"celsius": 3}}))
        .collect();
    let messages =
        json!([{"role": "user", "text": "weather?"}, turn, {"role": "user", "tool_results": results}]);
    let mut server = BEDROCK.at(stub.env()).start();
    server.call("converse", json!({"model": MODEL, "messages": messages, "tools": tools()})).ok();
    let sent = stub.of("ConverseStream").pop().unwrap().json();
    sent["messages"][1]["content"].clone()
}

#[test]
fn every_block_of_an_answer_goes_back_as_it_came() {
    let whole = json!({
        "output": {"message": {"role": "assistant", "content": every_block()}},
        "stopReason": "tool_use",
        "usage": {"inputTokens": 5, "outputTokens": 6, "totalTokens": 11},
        "metrics": {"latencyMs": 9},
    });
    let stub = Stub::start(move |request| match request.operation() {
        "Converse" => Response::new(200, whole.to_string()).with("content-type", "application/json"),
        _ => Response::events(talk(vec![piece("ok")], "end_turn", 1, 1)),
    });
    let call = json!({"model": MODEL, "prompt": "weather?", "tools": tools(), "whole": true});
    let answer = BEDROCK.at(stub.env()).start().call("converse", call).object();
    assert_eq!(answer["text"], "I look It rained.");
    assert_eq!(
        answer["reasoning"],
        json!([{"text": "first", "signature": "SIG1"}, {"redacted": "AQL/"}, {"text": "then", "signature": "SIG2"}])
    );
    // What AWS itself ran is nobody's to answer.
    assert_eq!(answer["tool_use"].as_array().unwrap().len(), 2);
    assert_eq!(in_order(&answer), every_block());
    let turn = json!({"role": "assistant", "content": answer["content"]});
    assert_eq!(sent_back(&answer, &stub, turn), json!(every_block()));
    // A turn that repeats the whole answer says nothing twice.
    let turn = json!({"role": "assistant", "content": answer["content"], "text": answer["text"],
        "reasoning": answer["reasoning"], "tool_use": answer["tool_use"]});
    assert_eq!(sent_back(&answer, &stub, turn), json!(every_block()));
}

#[test]
fn a_tools_input_goes_back_with_all_that_it_says() {
    let tool = json!({"toolUse": {"toolUseId": "t1", "name": "weather",
        "input": {"city": "", "days": [], "unit": null, "id": 9_007_199_254_740_993_u64}}});
    for blocks in [vec![tool], vec![json!({"toolUse": {"toolUseId": "t1", "name": "weather", "input": {}}})]]
    {
        let whole = json!({
            "output": {"message": {"role": "assistant", "content": blocks}},
            "stopReason": "tool_use",
            "usage": {"inputTokens": 5, "outputTokens": 6, "totalTokens": 11},
            "metrics": {"latencyMs": 9},
        });
        let stub = Stub::start(move |request| match request.operation() {
            "Converse" => Response::new(200, whole.to_string()).with("content-type", "application/json"),
            _ => Response::events(talk(vec![piece("ok")], "end_turn", 1, 1)),
        });
        let call = json!({"model": MODEL, "prompt": "weather?", "tools": tools(), "whole": true});
        let answer = BEDROCK.at(stub.env()).start().call("converse", call).object();
        let mut turn = json!({"role": "assistant", "tool_use": answer["tool_use"]});
        if let Some(content) = answer.get("content") {
            turn["content"] = content.clone();
        }
        assert_eq!(sent_back(&answer, &stub, turn), json!(blocks));
    }
}

/// The events of a block, at a place.
fn events(at: usize, block: &Value) -> Vec<Event> {
    let delta =
        |delta: Value| Event::new("contentBlockDelta", json!({"contentBlockIndex": at, "delta": delta}));
    let start =
        |start: Value| Event::new("contentBlockStart", json!({"contentBlockIndex": at, "start": start}));
    let without = |value: &Value, name: &str| {
        let mut value = value.clone();
        value.as_object_mut().unwrap().remove(name);
        value
    };
    let (kind, inner) = block.as_object().unwrap().iter().next().unwrap();
    match kind.as_str() {
        "text" => vec![delta(block.clone())],
        "reasoningContent" => match inner.get("reasoningText") {
            Some(text) => vec![
                delta(json!({"reasoningContent": {"text": text["text"]}})),
                delta(json!({"reasoningContent": {"signature": text["signature"]}})),
            ],
            None => vec![delta(block.clone())],
        },
        "citationsContent" => {
            let mut all = vec![delta(inner["content"][0].clone())];
            all.extend(
                inner["citations"].as_array().unwrap().iter().map(|one| delta(json!({"citation": one}))),
            );
            all
        }
        "toolUse" => {
            let text = inner["input"].to_string();
            let (first, last) = text.split_at(1);
            vec![
                start(json!({"toolUse": without(inner, "input")})),
                delta(json!({"toolUse": {"input": first}})),
                delta(json!({"toolUse": {"input": last}})),
            ]
        }
        _ => vec![
            start(json!({"toolResult": without(inner, "content")})),
            delta(json!({"toolResult": inner["content"]})),
        ],
    }
}

#[test]
fn a_stream_is_put_together_to_the_blocks_of_a_whole_answer() {
    let stub = Stub::start(|request| match request.nth {
        1 => {
            let blocks = every_block();
            let all = blocks.iter().enumerate().flat_map(|(at, block)| events(at, block)).collect();
            Response::events(talk(all, "tool_use", 5, 6))
        }
        _ => Response::events(talk(vec![piece("ok")], "end_turn", 1, 1)),
    });
    let call = json!({"model": MODEL, "prompt": "weather?", "tools": tools()});
    let answer = BEDROCK.at(stub.env()).start().call("converse", call).object();
    assert_eq!(in_order(&answer), every_block());
    let turn = json!({"role": "assistant", "content": answer["content"]});
    assert_eq!(sent_back(&answer, &stub, turn), json!(every_block()));
}

#[test]
fn thoughts_in_a_row_keep_each_its_own_signature() {
    let blocks = vec![thought("a", "SIG1"), thought("b", "SIG2"), json!({"text": "so"}), weather("t1")];
    let streamed = blocks.clone();
    let stub = Stub::start(move |request| match request.nth {
        1 => {
            let all = streamed.iter().enumerate().flat_map(|(at, block)| events(at, block)).collect();
            Response::events(talk(all, "tool_use", 5, 6))
        }
        _ => Response::events(talk(vec![piece("ok")], "end_turn", 1, 1)),
    });
    let call = json!({"model": MODEL, "prompt": "weather?", "tools": tools()});
    let answer = BEDROCK.at(stub.env()).start().call("converse", call).object();
    // The order is the usual one: the parts say it all.
    assert!(answer.get("content").is_none(), "{answer}");
    let turn = json!({"role": "assistant", "text": answer["text"], "reasoning": answer["reasoning"],
        "tool_use": answer["tool_use"]});
    assert_eq!(sent_back(&answer, &stub, turn), json!(blocks));
}

#[test]
fn any_turn_and_any_result_may_show_something() {
    let aws = LocalAws::shared();
    aws.create_bucket("bedrock-turns");
    aws.put_object("bedrock-turns", "page.png", &[], PNG);
    let stub = Stub::before(aws, |request| match request.operation() {
        "ConverseStream" => Response::events(talk(vec![piece("seen")], "end_turn", 1, 1)),
        "CountTokens" => Response::output(json!({"inputTokens": 12})),
        _ => Response::HandOn,
    });
    let csv = json!([{"name": "t.csv", "base64": BASE64_STANDARD.encode("a,b")}]);
    let messages = json!([
        {"role": "user", "text": "read this", "inline": csv},
        {"role": "assistant", "tool_use": [{"id": "t1", "name": "weather", "input": {}}]},
        {"role": "user", "tool_results": [{"id": "t1", "s3": ["s3://bedrock-turns/page.png"]}]},
    ]);
    let mut server = BEDROCK.at(stub.env()).start();
    let call = json!({"model": MODEL, "messages": messages, "tools": tools()});
    server.call("converse", call.clone()).ok();
    let sent = stub.of("ConverseStream")[0].json();
    assert_eq!(sent["messages"][0]["content"][0]["document"]["format"], "csv");
    assert_eq!(sent["messages"][0]["content"][1], json!({"text": "read this"}));
    let image = json!({"image": {"format": "png", "source": {"bytes": BASE64_STANDARD.encode(PNG)}}});
    assert_eq!(
        sent["messages"][2]["content"],
        json!([{"toolResult": {"toolUseId": "t1", "content": [image]}}])
    );
    // Attachments of the last turn go with the results, without more words.
    let mut more = call.clone();
    more["inline"] = csv.clone();
    server.call("converse", more).ok();
    assert!(stub.of("ConverseStream")[1].json()["messages"][2]["content"][1]["document"].is_object());
    server.call("count_tokens", call).fails(&["does not read in S3", "`inline`"]);
    let counted = json!({"model": "us.amazon.nova-lite-v1:0", "prompt": "x", "inline": csv});
    assert_eq!(server.call("count_tokens", counted).object()["input_tokens"], 12);
    assert!(stub.of("CountTokens")[0].path().contains("/amazon.nova-lite-v1"), "the model's own id counts");
    // The operator's list holds for objects of any turn.
    let list = "arn:aws:bedrock:*::foundation-model/*,arn:aws:s3:::bedrock-turns/open/*";
    let mut held = BEDROCK.at(stub.env()).and(&["--allow-arn", list]).start();
    for turn in [
        json!([{"role": "user", "text": "x", "s3": ["s3://bedrock-turns/page.png"]}]),
        json!([{"role": "assistant", "tool_use": [{"id": "t1", "name": "weather", "input": {}}]},
            {"role": "user", "tool_results": [{"id": "t1", "s3": ["s3://bedrock-turns/page.png"]}]}]),
    ] {
        held.call("converse", json!({"model": MODEL, "messages": turn, "tools": tools()}))
            .fails(&["s3:GetObject on arn:aws:s3:::bedrock-turns/page.png is outside"]);
    }
    let hidden = json!([{"role": "user", "content": [{"image": {"format": "png",
        "source": {"s3Location": {"uri": "s3://bedrock-turns/page.png"}}}}]}]);
    held.call("converse", json!({"model": MODEL, "messages": hidden})).fails(&["cannot name places in S3"]);
}

#[test]
fn documents_are_as_large_as_the_model_takes_them() {
    let large = || [b"%PDF-1.7".as_slice(), &vec![b' '; 6_000_000]].concat();
    let huge = || vec![b' '; 26 * 1024 * 1024 + 1];
    let stub = Stub::start(move |request| match request.operation() {
        "ConverseStream" => Response::events(talk(vec![piece("seen")], "end_turn", 1, 1)),
        "GetObject" if request.path().contains("huge") => Response::new(200, huge()),
        "GetObject" => Response::new(200, large()),
        other => Response::error(400, "ValidationException", other),
    });
    let mut server = BEDROCK.at(stub.env()).start();
    let ask = |model: &str, key: &str| json!({"model": model, "prompt": "what?", "s3": [format!("s3://docs-bucket/{key}")]});
    let new = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";
    server.call("converse", ask(new, "a.pdf")).ok();
    let old = "anthropic.claude-3-haiku-20240307-v1:0";
    server.call("converse", ask(old, "a.pdf")).fails(&["a.pdf has 5.7 MiB", "4.5 MiB"]);
    // What is too large to carry along AWS reads itself, where the model takes that.
    server.call("converse", ask(MODEL, "huge.pdf")).ok();
    let sent = stub.of("ConverseStream").pop().unwrap().json();
    assert_eq!(
        sent["messages"][0]["content"][0]["document"]["source"],
        json!({"s3Location": {"uri": "s3://docs-bucket/huge.pdf"}})
    );
    server.call("converse", ask(new, "huge.pdf")).fails(&["26.0 MiB", "make it smaller"]);
    let six: Vec<Value> = (0..6).map(|n| json!({"name": format!("{n}.md"), "base64": "YQ=="})).collect();
    let call = json!({"model": MODEL, "prompt": "x", "inline": six});
    server.call("converse", call).fails(&["6 documents are more than the 5"]);
    assert_eq!(stub.of("ConverseStream").len(), 2);
}

#[test]
fn a_missing_object_is_named_and_no_model_is_suggested() {
    let stub = Stub::start(|request| match request.operation() {
        "GetObject" | "HeadObject" => Response::error(404, "NoSuchKey", "The specified key does not exist."),
        other => Response::error(400, "ValidationException", other),
    });
    let mut server = BEDROCK.at(stub.env()).start();
    let ask = json!({"model": MODEL, "prompt": "summarise", "s3": ["s3://docs-bucket/reprot.pdf"]});
    let said = server.call("converse", ask);
    said.fails(&["s3://docs-bucket/reprot.pdf does not exist (NoSuchKey)"]);
    said.lacks(&["did you mean"]);
    let batch = json!({"model": MODEL, "input": "s3://docs-bucket/in.jsonl", "output": "s3://docs-bucket/o/", "name": "n",
        "role": "arn:aws:iam::123456789012:role/r"});
    let said = server.call("start_job", batch);
    said.fails(&["s3://docs-bucket/in.jsonl does not exist"]);
    said.lacks(&["did you mean"]);
    assert!(stub.of("ListFoundationModels").is_empty());
}

#[test]
fn the_form_effort_tier_and_cache_of_an_answer_are_told_to_aws() {
    let stub = Stub::start(|_| {
        let mut all = talk(vec![piece("{\"city\":\"Bern\"}")], "end_turn", 4, 5);
        all.pop();
        all.push(Event::new(
            "metadata",
            json!({"usage": {"inputTokens": 4, "outputTokens": 5, "totalTokens": 9, "cacheWriteInputTokens": 30,
                "cacheDetails": [{"ttl": "1h", "inputTokens": 30}]},
                "metrics": {"latencyMs": 5}, "serviceTier": {"type": "flex"}}),
        ));
        Response::events(all)
    });
    let mut server = BEDROCK.at(stub.env()).start();
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}});
    let call = json!({"model": MODEL, "prompt": "where?", "system": "be brief", "answer_schema": schema, "effort": "low",
        "tier": "flex", "cache": ["system"], "cache_ttl": "1h", "metadata": {"team": "a"},
        "tools": [{"name": "t", "schema": {"type": "object"}, "strict": true}]});
    let answer = server.call("converse", call).object();
    assert_eq!(answer["tier"], "flex");
    assert_eq!(answer["usage"]["cache_write_1h_tokens"], 30);
    let sent = stub.of("ConverseStream")[0].json();
    let format = &sent["outputConfig"]["textFormat"];
    assert_eq!((&format["type"], &sent["outputConfig"]["effort"]), (&json!("json_schema"), &json!("low")));
    let written = format["structure"]["jsonSchema"]["schema"].as_str().unwrap();
    assert_eq!(serde_json::from_str::<Value>(written).unwrap(), schema);
    assert_eq!(sent["serviceTier"], json!({"type": "flex"}));
    assert_eq!(sent["system"][1], json!({"cachePoint": {"type": "default", "ttl": "1h"}}));
    assert_eq!(sent["requestMetadata"], json!({"team": "a"}));
    assert_eq!(sent["toolConfig"]["tools"][0]["toolSpec"]["strict"], true);
    let wrong = json!({"model": MODEL, "prompt": "x", "answer_schema": "city"});
    server.call("converse", wrong).fails(&["`answer_schema` is not a JSON schema", "a good one"]);
}

#[test]
fn a_silent_model_is_said_to_be_at_work() {
    let stub = Stub::start(|_| {
        let mut all = talk(vec![piece("late")], "end_turn", 1, 1);
        all[0] = all[0].clone().after(std::time::Duration::from_millis(5_600));
        Response::events(all)
    });
    let mut server = BEDROCK.at(stub.env()).start();
    let call = json!({"name": "converse", "arguments": {"model": MODEL, "prompt": "x"}, "_meta": {"progressToken": "p"}});
    let id = server.send("tools/call", call);
    let told = server.wait_notification("notifications/progress");
    assert_eq!(told["params"]["message"], "at work for 5 s");
    assert!(server.wait(id).is_ok());
}
