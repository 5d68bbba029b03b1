//! Caps on what models use, for the process.

use std::time::Duration;

use awsmcp_testing::{Event, Response, Stub};
use serde_json::json;

use crate::world::{BEDROCK, MODEL, piece, talk};

fn stub() -> Stub {
    Stub::start(|request| match request.operation() {
        "ConverseStream" => Response::events(talk(vec![piece("ok")], "end_turn", 1_000, 500)),
        other => Response::error(400, "ValidationException", other),
    })
}

#[test]
fn what_was_used_and_what_it_cost_is_told_in_every_answer() {
    let stub = stub();
    let mut server = BEDROCK.at(stub.env()).and(&["--price", "*nova-lite*=0.06/0.24"]).start();
    let call = json!({"model": MODEL, "prompt": "x"});
    let first = server.call("converse", call.clone());
    assert_eq!(
        first.object()["usage"],
        json!({"input_tokens": 1000, "output_tokens": 500, "cost_usd": 0.00018})
    );
    first.holds(&["so far 1 call used 1,000 tokens in and 500 out; $0.0002"]);
    let second = server.call("converse", call);
    second.holds(&["so far 2 calls used 2,000 tokens in and 1,000 out; $0.0004"]);
    assert_eq!(stub.of("ConverseStream")[0].json()["inferenceConfig"]["maxTokens"], 4096);
}

#[test]
fn a_call_that_could_pass_the_cap_is_not_sent() {
    let stub = stub();
    let args = ["--max-spend", "0.01", "--price", "*nova*=1/10", "--max-output-tokens", "600"];
    let mut server = BEDROCK.at(stub.env()).and(&args).start();
    let call = json!({"model": MODEL, "prompt": "x", "max_tokens": 600});
    server.call("converse", call.clone()).ok();
    let refused = server.call("converse", call);
    refused.fails(&[
        "may use $0.0060, which is more than --max-spend leaves",
        "$0.0060 of $0.01",
        "only the operator",
    ]);
    let smaller = server.call("converse", json!({"model": MODEL, "prompt": "x", "max_tokens": 100}));
    smaller.holds(&["so far 2 calls"]);
    assert_eq!(stub.of("ConverseStream").len(), 2);
}

#[test]
fn a_model_without_a_price_is_refused_where_money_is_capped() {
    let stub = stub();
    let mut server = BEDROCK.at(stub.env()).and(&["--max-spend", "5", "--price", "*claude*=3/15"]).start();
    let refused = server.call("converse", json!({"model": MODEL, "prompt": "x"}));
    refused.fails(&["no price is known", "--price 'amazon.nova-lite-v1:0=IN/OUT'"]);
    for (tool, call) in [
        ("invoke_agent", json!({"agent": "AAAAAAAAAA", "prompt": "x"})),
        ("invoke_flow", json!({"flow": "AAAAAAAAAA", "alias": "BBBBBBBBBB", "input": "x"})),
        ("rerank", json!({"model": "amazon.rerank-v1:0", "question": "x", "texts": ["y"]})),
        ("retrieve_and_generate", json!({"knowledge_base": "AAAAAAAAAA", "question": "x", "model": MODEL})),
        (
            "retrieve",
            json!({"knowledge_base": "AAAAAAAAAA", "question": "x", "rerank": "amazon.rerank-v1:0"}),
        ),
        ("start_job", json!({"model": MODEL, "model_input": {}, "output": "s3://out-bucket/x/"})),
    ] {
        server.call(tool, call).fails(&["cannot be held to --max-spend"]);
    }
    assert!(stub.calls().is_empty());
}

#[test]
fn tokens_are_capped_too_and_a_broken_call_counts_as_the_most_it_could_use() {
    let stub = Stub::start(|request| match request.nth {
        1 => Response::events(vec![
            Event::new("messageStart", json!({"role": "assistant"})),
            Event::exception("modelStreamErrorException", "broke"),
        ]),
        _ => Response::events(talk(vec![piece("ok")], "end_turn", 10, 5)),
    });
    let mut server = BEDROCK.at(stub.env()).and(&["--max-tokens-total", "1000"]).start();
    let call = |most: u64| json!({"model": MODEL, "prompt": "x", "max_tokens": most});
    server.call("converse", call(2000)).fails(&["2,001 tokens", "--max-tokens-total"]);
    server.call("converse", call(800)).fails(&["broke"]);
    let refused = server.call("converse", call(300));
    refused.fails(&["at most 801 in calls that broke off", "of 1,000 in all"]);
    server.call("converse", call(100)).ok();
}

#[test]
fn a_cancelled_call_counts_as_the_most_it_could_use() {
    let stub = Stub::start(|request| match request.nth {
        1 => {
            let mut all = vec![Event::new("messageStart", json!({"role": "assistant"})), piece("one")];
            all.extend((0..50).map(|_| piece(" more").after(Duration::from_millis(200))));
            Response::events(all)
        }
        _ => Response::events(talk(vec![piece("ok")], "end_turn", 10, 5)),
    });
    let mut server = BEDROCK.at(stub.env()).start();
    let arguments = json!({"model": MODEL, "prompt": "x", "max_tokens": 600});
    let call = json!({"name": "converse", "arguments": arguments, "_meta": {"progressToken": "p"}});
    let id = server.send("tools/call", call);
    server.wait_notification("notifications/progress");
    server.cancel(id);
    stub.wait("the server to hang up", |stub| stub.hung_up() == 1);
    server.call("converse", arguments).holds(&["so far 2 calls", "at most 601 in calls that broke off"]);
}

#[test]
fn a_model_that_failed_while_it_ran_counts_too() {
    let stub = Stub::start(|request| match request.nth {
        1 => Response::error(424, "ModelErrorException", "The model failed"),
        _ => Response::events(talk(vec![piece("ok")], "end_turn", 10, 5)),
    });
    let mut server = BEDROCK.at(stub.env()).start();
    let call = json!({"model": MODEL, "prompt": "x", "max_tokens": 100});
    server.call("converse", call.clone()).error();
    server.call("converse", call).holds(&["so far 2 calls", "at most 101 in calls that broke off"]);
}

#[test]
fn a_call_that_aws_refuses_costs_nothing() {
    let stub = Stub::start(|request| match request.nth {
        1 => Response::error(400, "ValidationException", "no"),
        _ => Response::events(talk(vec![piece("ok")], "end_turn", 10, 5)),
    });
    let mut server = BEDROCK.at(stub.env()).and(&["--max-tokens-total", "1000"]).start();
    let call = json!({"model": MODEL, "prompt": "x", "max_tokens": 900});
    server.call("converse", call.clone()).error();
    server.call("converse", call).holds(&["so far 1 call used 10 tokens in and 5 out, of 1,000 in all"]);
}

#[test]
fn calls_at_the_same_time_share_the_cap() {
    let stub = Stub::start(|_| {
        let mut all = talk(vec![piece("ok")], "end_turn", 10, 5);
        all[0] = all[0].clone().after(Duration::from_millis(500));
        Response::events(all)
    });
    let mut server = BEDROCK.at(stub.env()).and(&["--max-tokens-total", "1000"]).start();
    let call = json!({"model": MODEL, "prompt": "x", "max_tokens": 600});
    let first = server.send_call("converse", call.clone());
    stub.wait("the first call", |stub| stub.of("ConverseStream").len() == 1);
    server.call("converse", call).fails(&["--max-tokens-total"]);
    assert!(server.wait(first).is_ok());
}

#[test]
fn a_wrong_setting_stops_the_start() {
    for (flag, value, good) in [
        ("--max-spend", "much", "2.50"),
        ("--price", "nova=1", "*nova-lite*=0.06/0.24"),
        ("--max-output-tokens", "0", "4096"),
        ("--max-tokens-total", "-1", "4096"),
    ] {
        let out = std::process::Command::new(env!("CARGO_BIN_EXE_awsmcp-bedrock"))
            .args(["call", "whoami", "{}", &format!("{flag}={value}")])
            .env_clear()
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&out.stderr);
        assert!(!out.status.success() && text.contains(good), "{flag} {value}: {text}");
    }
}

/// What a model answers to a raw call, with the use that AWS tells.
fn raw(output: u32) -> Response {
    Response::new(200, "{}")
        .with("content-type", "application/json")
        .with("x-amzn-bedrock-input-token-count", "10")
        .with("x-amzn-bedrock-output-token-count", &output.to_string())
}

#[test]
fn a_raw_call_is_held_to_the_caps_too() {
    let stub = Stub::start(|_| raw(500));
    let args = ["--max-tokens-total", "2000", "--max-output-tokens", "500"];
    let mut server = BEDROCK.at(stub.env()).and(&args).start();
    let call = |model: &str, body: serde_json::Value| json!({"model": model, "body": body});
    let book = json!({"messages": [{"role": "user", "content": "write a book"}]});
    // What this model may answer is not known, and the body does not say.
    server
        .call("invoke_model", call("acme.m-v1:0", book.clone()))
        .fails(&["sets no limit of output tokens", "max_tokens"]);
    server
        .call(
            "invoke_model",
            call("acme.m-v1:0", json!({"requests": [{"max_tokens": 300}, {"max_tokens": "300"}]})),
        )
        .fails(&["600 output tokens"]);
    server
        .call("invoke_model", call("amazon.nova-canvas-v1:0", json!({"taskType": "TEXT_IMAGE"})))
        .fails(&["cannot be held to"]);
    server
        .call("invoke_model", call("acme.m-v1:0", json!({"max_tokens": 400, "n": 8})))
        .fails(&["more than --max-tokens-total leaves"]);
    assert!(stub.calls().is_empty());
    // Of a family that is known the limit is written into the body.
    server.call("invoke_model", call(MODEL, book)).holds(&["500 at `inferenceConfig.maxTokens` was added"]);
    assert_eq!(stub.of("InvokeModel")[0].json()["inferenceConfig"]["maxTokens"], 500);
    server.call("invoke_model", call("amazon.titan-embed-text-v2:0", json!({"inputText": "x"}))).ok();
    assert_eq!(stub.of("InvokeModel")[1].json(), json!({"inputText": "x"}));
}

#[test]
fn a_model_whose_answer_was_lost_is_not_run_again() {
    let stub = Stub::start(|_| Response::HangUp);
    let mut server = BEDROCK.at(stub.env()).set("AWS_MAX_ATTEMPTS", "3").start();
    for (tool, call) in [
        ("converse", json!({"model": MODEL, "prompt": "hi", "max_tokens": 500})),
        ("converse", json!({"model": MODEL, "prompt": "hi", "max_tokens": 500, "whole": true})),
        ("invoke_model", json!({"model": MODEL, "body": {"inferenceConfig": {"maxTokens": 500}}})),
    ] {
        let before = stub.calls().len();
        server.call(tool, call).fails(&["not known"]);
        assert_eq!(stub.calls().len(), before + 1, "{tool}");
    }
}

#[test]
fn calls_at_once_of_a_model_that_counts_more_than_was_thought_hold_the_cap() {
    const INPUT: usize = 9_000;
    let stub = Stub::start(|_| {
        let mut all = talk(vec![piece("ok")], "end_turn", 9_000, 5);
        all[0] = all[0].clone().after(Duration::from_millis(20));
        Response::events(all)
    });
    let mut server = BEDROCK.at(stub.env()).and(&["--max-tokens-total", "60000"]).start();
    // AWS counts nine times what is estimated.
    let call = json!({"model": MODEL, "prompt": "x".repeat(3_000), "max_tokens": 100});
    let ids: Vec<_> = (0..32).map(|_| server.send_call("converse", call.clone())).collect();
    for id in ids {
        let _ = server.wait(id);
    }
    let used = stub.of("ConverseStream").len() * (INPUT + 5);
    assert!((INPUT..=60_000 + INPUT).contains(&used), "{used}");
}

#[test]
fn what_is_served_at_another_price_needs_that_price() {
    let stub = stub();
    let args = ["--max-spend", "5", "--price", "*nova*=1/10,*nova*@priority=2/20"];
    let mut server = BEDROCK.at(stub.env()).and(&args).start();
    let ask = |more: &str, value: serde_json::Value| json!({"model": MODEL, "prompt": "x", more: value});
    let refused = server.call("converse", ask("fast", json!(true)));
    refused.fails(&["no price is known of amazon.nova-lite-v1:0 served fast", "@fast=IN/OUT"]);
    let dear = server.call("converse", ask("tier", json!("priority")));
    assert_eq!(dear.object()["usage"]["cost_usd"], 0.012);
}
