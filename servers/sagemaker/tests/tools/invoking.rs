//! Endpoints that answer: at once, as streams that may break, and asynchronously. No emulator serves them, so answers are scripted.

use std::time::Duration;

use awsmcp_testing::{Event, Response, Server, Stub};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use crate::world::SAGEMAKER;

fn answering(body: &'static [u8], mime: &'static str) -> Stub {
    Stub::start(move |request| match request.operation() {
        "InvokeEndpoint" => Response::new(200, body)
            .with("content-type", mime)
            .with("x-amzn-invoked-production-variant", "blue"),
        _ => Response::error(400, "ValidationError", "not scripted"),
    })
}

fn invoke(server: &mut Server, more: Value) -> awsmcp_testing::Answer {
    let mut call = json!({"endpoint": "e"});
    call.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    server.call("invoke_endpoint", call)
}

#[test]
fn json_goes_and_comes() {
    let stub = answering(br#"{"label":"cat","score":0.9}"#, "application/json");
    let mut server = SAGEMAKER.at(stub.env()).start();
    let done = invoke(
        &mut server,
        json!({"payload": {"inputs": "x"}, "accept": "application/json", "variant": "blue", "component": "c", "target_model": "m.tar.gz",
            "custom_attributes": "a=b"}),
    );
    assert!(done.ok().contains(r#"{"label":"cat","score":0.9}"#), "{}", done.text);
    assert!(
        done.text.contains("e, variant blue, ") && done.text.contains(" ms, application/json, 27 B"),
        "{}",
        done.text
    );
    let sent = &stub.of("InvokeEndpoint")[0];
    assert_eq!(sent.body, br#"{"inputs":"x"}"#);
    for (header, value) in [
        ("content-type", "application/json"),
        ("accept", "application/json"),
        ("x-amzn-sagemaker-target-variant", "blue"),
        ("x-amzn-sagemaker-inference-component", "c"),
        ("x-amzn-sagemaker-target-model", "m.tar.gz"),
        ("x-amzn-sagemaker-custom-attributes", "a=b"),
    ] {
        assert_eq!(sent.header(header), Some(value), "{header}");
    }
    invoke(
        &mut server,
        json!({"payload": 1, "session": "NEW_SESSION", "inference_id": "mine", "target_container": "two"}),
    )
    .ok();
    let sent = &stub.of("InvokeEndpoint")[1];
    for (header, value) in [
        ("x-amzn-sagemaker-session-id", "NEW_SESSION"),
        ("x-amzn-sagemaker-inference-id", "mine"),
        ("x-amzn-sagemaker-target-container-hostname", "two"),
    ] {
        assert_eq!(sent.header(header), Some(value), "{header}");
    }
    for (more, words) in [
        (json!({"mode": "stream", "target_model": "m"}), "a streamed call takes no `target_model`"),
        (json!({"timeout_seconds": 5}), "`timeout_seconds` is for mode async"),
        (json!({"mode": "async", "session": "s"}), "or `session`"),
    ] {
        let mut call = json!({"payload": 1});
        call.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        invoke(&mut server, call).fails(&[words]);
    }
    let picked = invoke(&mut server, json!({"payload": [1], "query": "label"}));
    assert!(picked.ok().contains("cat") && !picked.text.contains("score"), "{}", picked.text);
}

#[test]
fn csv_bytes_and_files_are_sent_as_what_they_are() {
    let stub = answering(b"0.25\n", "text/csv; charset=utf-8");
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("cat.png"), [0x89, b'P', 0xff]).unwrap();
    let mut server = SAGEMAKER.and(&["--allow-dir", dir.path().to_str().unwrap()]).at(stub.env()).start();
    let csv = invoke(&mut server, json!({"payload": "1,2,3"}));
    assert!(csv.ok().contains("0.25") && csv.text.contains("text/csv"), "{}", csv.text);
    invoke(&mut server, json!({"base64": BASE64_STANDARD.encode([0, 255])})).ok();
    invoke(&mut server, json!({"path": "cat.png"})).ok();
    invoke(&mut server, json!({"payload": "plain", "content_type": "text/plain"})).ok();
    let sent: Vec<(Option<String>, Vec<u8>)> = stub
        .of("InvokeEndpoint")
        .iter()
        .map(|request| (request.header("content-type").map(str::to_owned), request.body.clone()))
        .collect();
    let expected: [(&str, &[u8]); 4] = [
        ("text/csv", b"1,2,3"),
        ("application/octet-stream", &[0, 255]),
        ("image/png", &[0x89, b'P', 0xff]),
        ("text/plain", b"plain"),
    ];
    for ((mime, body), (wanted_mime, wanted_body)) in sent.iter().zip(expected) {
        assert_eq!((mime.as_deref(), body.as_slice()), (Some(wanted_mime), wanted_body));
    }
    assert_eq!(sent.len(), 4);
    for (call, words) in [
        (json!({"path": "/etc/passwd"}), "outside the directories"),
        (json!({"base64": "?"}), "a good one is aGVsbG8="),
        (json!({}), "exactly one of"),
        (json!({"payload": 1, "base64": "AA=="}), "exactly one of"),
        (json!({"input_s3": "s3://b/k"}), "is for mode async"),
    ] {
        let wrong = invoke(&mut server, call);
        assert!(wrong.error().contains(words), "{words}: {}", wrong.text);
    }
    let mut without = SAGEMAKER.at(stub.env()).start();
    let refused = invoke(&mut without, json!({"path": "cat.png"}));
    assert!(refused.error().contains("--allow-dir"), "{}", refused.text);
}

#[test]
fn an_image_is_shown_as_one_and_bytes_as_base64() {
    let stub = answering(&[0x89, b'P', b'N', b'G', 0xff], "image/png");
    let image = invoke(&mut SAGEMAKER.at(stub.env()).start(), json!({"payload": {}}));
    assert!(
        image.content.iter().any(|block| block["type"] == "image" && block["mimeType"] == "image/png"),
        "{:?}",
        image.content
    );
    let stub = answering(&[0xff, 0xfe, 0x00], "application/x-npy");
    let bytes = invoke(&mut SAGEMAKER.at(stub.env()).start(), json!({"payload": {}}));
    assert!(bytes.raw.to_string().contains("//4A"), "{}", bytes.raw);
}

#[test]
fn a_call_is_sent_once_whatever_comes() {
    for (status, code, message, words) in [
        (429, "ThrottlingException", "Rate exceeded", "Rate exceeded"),
        (
            424,
            "ModelError",
            "Received server error (500) from primary with message \"KeyError\"",
            "log_lines",
        ),
        (503, "ServiceUnavailable", "try later", "try later"),
        (400, "ValidationError", "Endpoint e of account 123456789012 not found.", "list_endpoints"),
    ] {
        let stub = Stub::start(move |request| match request.operation() {
            "InvokeEndpoint" => Response::error(status, code, message),
            _ => Response::error(400, "ValidationError", "not scripted"),
        });
        let env = awsmcp_testing::with(stub.env(), &[("AWS_MAX_ATTEMPTS", "3")]);
        let error = invoke(&mut SAGEMAKER.at(env).start(), json!({"payload": {}}));
        assert!(error.error().contains(words), "{code}: {}", error.text);
        assert_eq!(stub.of("InvokeEndpoint").len(), 1, "{code}");
    }
}

#[test]
fn a_call_that_nobody_waits_for_hangs_up() {
    let stub = Stub::start(|request| match request.operation() {
        "InvokeEndpoint" => Response::Never,
        _ => Response::error(400, "ValidationError", "not scripted"),
    });
    let mut server = SAGEMAKER.at(stub.env()).start();
    let id = server.send_call("invoke_endpoint", json!({"endpoint": "e", "payload": {}}));
    stub.wait("the call", |stub| !stub.of("InvokeEndpoint").is_empty());
    server.cancel(id);
    stub.wait("the client to hang up", |stub| stub.hung_up() == 1);
}

fn streaming(events: fn() -> Vec<Event>) -> Stub {
    Stub::start(move |request| match request.operation() {
        "InvokeEndpointWithResponseStream" => {
            Response::events(events()).with("x-amzn-sagemaker-content-type", "text/plain")
        }
        _ => Response::error(400, "ValidationError", "not scripted"),
    })
}

#[test]
fn a_stream_is_told_as_it_comes() {
    let stub = streaming(|| {
        let wait = Duration::from_millis(300);
        vec![
            Event::bytes("PayloadPart", "Hello, "),
            Event::bytes("PayloadPart", "w\u{f6}r").after(wait),
            Event::bytes("PayloadPart", "ld").after(wait),
        ]
    });
    let mut server = SAGEMAKER.at(stub.env()).start();
    let call = json!({"endpoint": "e", "payload": {"inputs": "hi"}, "mode": "stream"});
    let id = server.send(
        "tools/call",
        json!({"name": "invoke_endpoint", "arguments": call, "_meta": {"progressToken": "p"}}),
    );
    let told = server.wait_notification("notifications/progress");
    assert_eq!(told["params"]["message"], json!("7 B in 1 part"));
    let done = server.wait(id).unwrap().to_string();
    assert!(done.contains("Hello, w\u{f6}rld") && done.contains("13 B came in 3 parts"), "{done}");
}

#[test]
fn a_stream_that_breaks_says_what_came_before() {
    let stub = streaming(|| {
        vec![
            Event::bytes("PayloadPart", "some of it"),
            Event::exception("ModelStreamError", "the model timed out"),
        ]
    });
    let broken = invoke(&mut SAGEMAKER.at(stub.env()).start(), json!({"payload": {}, "mode": "stream"}));
    assert!(
        broken.error().contains(r#"the answer broke off after 10 B in 1 part, which begin "some of it""#),
        "{}",
        broken.text
    );
    assert!(
        broken.text.contains("the model timed out") && broken.text.contains("log_lines"),
        "{}",
        broken.text
    );

    let stub = streaming(|| vec![Event::exception("InternalStreamFailure", "something broke")]);
    let broken = invoke(&mut SAGEMAKER.at(stub.env()).start(), json!({"payload": {}, "mode": "stream"}));
    assert!(
        broken.error().contains("broke off before anything came") && broken.text.contains("something broke"),
        "{}",
        broken.text
    );

    let stub =
        streaming(|| vec![Event::bytes("PayloadPart", "a"), Event::error("Other", "not in the model")]);
    let broken = invoke(&mut SAGEMAKER.at(stub.env()).start(), json!({"payload": {}, "mode": "stream"}));
    assert!(broken.error().contains("after 1 B in 1 part"), "{}", broken.text);

    let stub = Stub::start(|request| match request.operation() {
        "InvokeEndpointWithResponseStream" => Response::events([
            Event::bytes("PayloadPart", "whole"),
            Event::bytes("PayloadPart", "cut").after(Duration::from_millis(50)),
        ])
        .cut_off(100),
        _ => Response::error(400, "ValidationError", "not scripted"),
    });
    let cut = invoke(&mut SAGEMAKER.at(stub.env()).start(), json!({"payload": {}, "mode": "stream"}));
    assert!(cut.error().contains("broke off"), "{}", cut.text);
}

#[test]
fn a_throttled_stream_is_not_asked_for_again() {
    let stub = Stub::start(|request| match request.operation() {
        "InvokeEndpointWithResponseStream" => Response::throttled(),
        _ => Response::error(400, "ValidationError", "not scripted"),
    });
    let env = awsmcp_testing::with(stub.env(), &[("AWS_MAX_ATTEMPTS", "3")]);
    let error = invoke(&mut SAGEMAKER.at(env).start(), json!({"payload": {}, "mode": "stream"}));
    assert!(
        error.error().contains("Rate exceeded") && error.text.contains("Wait a little"),
        "{}",
        error.text
    );
    assert_eq!(stub.of("InvokeEndpointWithResponseStream").len(), 1);
}

#[test]
fn a_slow_stream_that_is_cancelled_is_let_go() {
    let stub = streaming(|| {
        let slow = (0..100).map(|_| Event::bytes("PayloadPart", "x").after(Duration::from_millis(200)));
        slow.collect()
    });
    let mut server = SAGEMAKER.at(stub.env()).start();
    let call = json!({"endpoint": "e", "payload": {}, "mode": "stream"});
    let id = server.send(
        "tools/call",
        json!({"name": "invoke_endpoint", "arguments": call, "_meta": {"progressToken": "p"}}),
    );
    server.wait_notification("notifications/progress");
    server.cancel(id);
    stub.wait("the client to hang up", |stub| stub.hung_up() == 1);
}

/// An endpoint that leaves its result, or its failure, in S3 at the third look.
fn leaving(failure: bool) -> Stub {
    Stub::start(move |request| match (request.operation(), request.path()) {
        ("InvokeEndpointAsync", _) => Response::new(202, r#"{"InferenceId":"id-1"}"#)
            .with("x-amzn-sagemaker-outputlocation", "s3://results/out/1.out")
            .with("x-amzn-sagemaker-failurelocation", "s3://results/failed/1.out"),
        ("GetObject", path) if path.ends_with("failed/1.out") && failure && request.nth > 3 => {
            Response::new(200, "ValueError: bad input")
        }
        ("GetObject", path)
            if path.ends_with("out/1.out") && !path.contains("failed") && !failure && request.nth > 3 =>
        {
            Response::new(200, r#"{"score":1}"#).with("content-type", "application/json")
        }
        ("GetObject", _) => Response::s3_error(404, "NoSuchKey", "The specified key does not exist."),
        _ => Response::error(400, "ValidationError", "not scripted"),
    })
}

#[test]
fn an_asynchronous_result_is_fetched_from_s3() {
    let stub = leaving(false);
    let done = invoke(
        &mut SAGEMAKER.at(stub.env()).start(),
        json!({"input_s3": "s3://data/in.json", "mode": "async", "content_type": "application/json", "queue_seconds": 600}),
    );
    assert!(
        done.ok().contains(r#"{"score":1}"#) && done.text.contains("s3://results/out/1.out"),
        "{}",
        done.text
    );
    let sent = &stub.of("InvokeEndpointAsync")[0];
    assert_eq!(sent.header("x-amzn-sagemaker-inputlocation"), Some("s3://data/in.json"));
    assert_eq!(sent.header("x-amzn-sagemaker-requestttlseconds"), Some("600"));
    let failed = leaving(true);
    let error = invoke(
        &mut SAGEMAKER.at(failed.env()).start(),
        json!({"input_s3": "s3://data/in.json", "mode": "async"}),
    );
    assert!(error.error().contains("the model failed: ValueError: bad input"), "{}", error.text);
}

#[test]
fn an_asynchronous_call_need_not_wait() {
    let stub = leaving(false);
    let mut server = SAGEMAKER.at(stub.env()).start();
    let queued =
        invoke(&mut server, json!({"input_s3": "s3://data/in.json", "mode": "async", "wait_seconds": 0}));
    assert!(
        queued.ok().contains("queued at e as id-1") && queued.text.contains("s3://results/out/1.out"),
        "{}",
        queued.text
    );
    assert!(stub.of("GetObject").is_empty());
    for (call, words) in [
        (json!({"input_s3": "data/in.json", "mode": "async"}), "a good one is s3://bucket/path/input.csv"),
        (json!({"input_s3": "s3://d/i", "mode": "async", "variant": "v"}), "takes no `component`, `variant`"),
    ] {
        let wrong = invoke(&mut server, call);
        assert!(wrong.error().contains(words), "{words}: {}", wrong.text);
    }
}

#[test]
fn a_result_outside_what_is_allowed_is_not_fetched() {
    let stub = leaving(false);
    let mut server =
        SAGEMAKER.and(&["--allow-arn", "arn:aws:sagemaker:*:*:endpoint/*"]).at(stub.env()).start();
    let refused = invoke(&mut server, json!({"input_s3": "s3://data/in.json", "mode": "async"}));
    assert!(
        refused.error().contains("the call was made")
            && refused.text.contains("--allow-arn arn:aws:s3:::results/out/1.out"),
        "{}",
        refused.text
    );
    assert!(stub.of("GetObject").is_empty());
}

#[test]
fn without_leave_to_list_s3_denies_what_is_not_there_yet() {
    let stub = Stub::start(|request| match request.operation() {
        "InvokeEndpointAsync" => Response::new(202, r#"{"InferenceId":"id-1"}"#)
            .with("x-amzn-sagemaker-outputlocation", "s3://results/out/1.out"),
        _ => Response::s3_error(403, "AccessDenied", "Access Denied"),
    });
    let error = invoke(&mut SAGEMAKER.at(stub.env()).start(), json!({"payload": {}, "mode": "async"}));
    assert!(
        error.error().contains("the call was made and its result will be at s3://results/out/1.out"),
        "{}",
        error.text
    );
    assert!(error.text.contains("s3:ListBucket"), "{}", error.text);
}

#[test]
fn a_component_without_copies_is_told_with_what_gives_it_some() {
    let stub = Stub::start(|_| {
        Response::error(
            400,
            "ValidationError",
            "Inference Component has no capacity to process this request.",
        )
    });
    let error =
        invoke(&mut SAGEMAKER.at(stub.env()).start(), json!({"payload": {}, "component": "llama-ic"}));
    error.fails(&["no copy of the component runs", "scale_endpoint with `component`"]);
}

#[test]
fn a_result_that_broke_off_is_read_again() {
    let stub = Stub::start(|request| match (request.operation(), request.nth) {
        ("InvokeEndpointAsync", _) => Response::new(202, r#"{"InferenceId":"id-1"}"#)
            .with("x-amzn-sagemaker-outputlocation", "s3://results/out/1.out"),
        ("GetObject", 1) => {
            Response::new(200, r#"{"score":1}"#).with("content-type", "application/json").cut_off(4)
        }
        ("GetObject", _) => Response::new(200, r#"{"score":1}"#).with("content-type", "application/json"),
        _ => Response::error(400, "ValidationError", "not scripted"),
    });
    let done = invoke(&mut SAGEMAKER.at(stub.env()).start(), json!({"payload": {}, "mode": "async"}));
    done.holds(&[r#"{"score":1}"#]);
    // The model is asked once.
    assert_eq!((stub.of("InvokeEndpointAsync").len(), stub.of("GetObject").len()), (1, 2));
}
