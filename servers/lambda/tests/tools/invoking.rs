//! Functions that really run: results, failures, timeouts, streams, and what their logs and figures say.

use std::time::Duration;

use awsmcp_testing::{Event, LocalAws, Response, Stub, holds};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use crate::world::{ECHO, FAIL, LAMBDA, SLEEP, create, package};

#[test]
fn a_result_comes_with_its_log() {
    create(LocalAws::shared(), "run-echo", ECHO, json!({"Environment": {"Variables": {"LEVEL": "info"}}}));
    let mut server = LAMBDA.start();
    let done = server.call("invoke_function", json!({"function": "run-echo", "payload": {"id": 1}}));
    done.holds(&[
        r#""outcome":"succeeded","version":"$LATEST","result":{"echo":{"id":1},"level":"info"}"#,
        r#""log":"got {'id': 1}""#,
        "request_id",
    ]);
    let picked = server
        .call("invoke_function", json!({"function": "run-echo", "payload": [1], "query": "result.echo[0]"}));
    picked.holds(&["\n1\n"]);
    let text = server.call("invoke_function", json!({"function": "run-echo", "payload": "{\"a\":1}"}));
    text.holds(&[r#""echo":{"a":1}"#, "the JSON was sent"]);
}

#[test]
fn a_failure_is_answered_whole() {
    create(LocalAws::shared(), "run-fail", FAIL, json!({}));
    let done = LAMBDA.start().call("invoke_function", json!({"function": "run-fail", "payload": {"id": 7}}));
    done.holds(&[
        r#""outcome":"failed""#,
        r#""kind":"Unhandled""#,
        "no such order: 7",
        "about to fail",
        "in handler",
    ]);
}

#[test]
fn a_timeout_is_a_failure_of_the_function() {
    create(LocalAws::shared(), "run-slow", SLEEP, json!({"Timeout": 1}));
    let mut server = LAMBDA.start();
    let done = server.call("invoke_function", json!({"function": "run-slow", "payload": {"seconds": 5}}));
    done.holds(&["Task timed out after 1.00 seconds"]);
    let rows = server.call("function_logs", json!({"function": "run-slow", "show": "invocations"}));
    rows.holds(&["\ttimeout\n", "1 timeout,"]);
}

#[test]
fn a_long_run_tells_that_it_goes_on() {
    create(LocalAws::shared(), "run-long", SLEEP, json!({"Timeout": 30}));
    let mut server = LAMBDA.start();
    let call = json!({"name": "invoke_function", "arguments": {"function": "run-long", "payload": {"seconds": 7}}, "_meta": {"progressToken": "p"}});
    let id = server.send("tools/call", call);
    let told = server.wait_notification("notifications/progress");
    assert!(told["params"]["message"].as_str().unwrap().starts_with("running for "), "{told}");
    let done = server.wait(id).unwrap();
    assert!(done.to_string().contains("succeeded"), "{done}");
}

#[test]
fn a_cancelled_call_hangs_up() {
    let stub = Stub::start(|request| match request.operation() {
        "Invoke" => Response::Never,
        _ => Response::error(404, "ResourceNotFoundException", "none"),
    });
    let mut server = LAMBDA.at(stub.env()).start();
    let id = server.send_call("invoke_function", json!({"function": "f"}));
    stub.wait("the call", |stub| !stub.of("Invoke").is_empty());
    server.cancel(id);
    stub.wait("the client to hang up", |stub| stub.hung_up() == 1);
}

#[test]
fn a_bootstrap_of_ones_own_runs() {
    let script = "#!/bin/sh\nwhile true; do\n  H=$(mktemp)\n  E=$(curl -sS -D $H http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation/next)\n  \
                  I=$(grep -i lambda-runtime-aws-request-id $H | tr -d '[:space:]' | cut -d: -f2)\n  \
                  curl -sS -X POST http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation/$I/response -d \"{\\\"custom\\\": $E}\" > /dev/null\ndone\n";
    let code = json!({"Runtime": "provided.al2023", "Handler": "bootstrap",
        "Code": {"ZipFile": BASE64_STANDARD.encode(package(&[("bootstrap", script)]))}});
    create(LocalAws::shared(), "run-bootstrap", "", code);
    let done =
        LAMBDA.start().call("invoke_function", json!({"function": "run-bootstrap", "payload": {"n": 1}}));
    done.holds(&[r#""result":{"custom":{"n":1}}"#]);
}

#[test]
fn asynchronous_and_dry_calls_do_not_wait() {
    create(LocalAws::shared(), "run-async", ECHO, json!({}));
    let mut server = LAMBDA.start();
    let mut mode = |mode: &str| {
        server.call("invoke_function", json!({"function": "run-async", "payload": {}, "mode": mode}))
    };
    mode("async").holds(&[r#""outcome":"queued""#]);
    mode("dry_run").holds(&[r#""outcome":"may be invoked""#]);
}

#[test]
fn a_version_is_called_by_alias_or_number() {
    let aws = LocalAws::shared();
    create(aws, "run-version", ECHO, json!({"Publish": true}));
    aws.call(
        "lambda",
        "CreateAlias",
        json!({"FunctionName": "run-version", "Name": "prod", "FunctionVersion": "1"}),
    );
    let mut server = LAMBDA.start();
    for call in
        [json!({"function": "run-version:prod"}), json!({"function": "run-version", "qualifier": "1"})]
    {
        let done = server.call("invoke_function", call);
        done.holds(&[r#""version":"1""#]);
    }
    let both = server.call("invoke_function", json!({"function": "run-version:prod", "qualifier": "1"}));
    both.fails(&["give one of them"]);
}

#[test]
fn a_payload_over_the_limit_is_not_sent() {
    let stub = Stub::start(|_| Response::output(json!({})));
    let mut server = LAMBDA.at(stub.env()).start();
    let error =
        server.call("invoke_function", json!({"function": "f", "payload": "x".repeat(6 * 1024 * 1024)}));
    error.fails(&["the payload has 6,291,458 bytes; Lambda takes at most 6,291,456"]);
    let error = server.call(
        "invoke_function",
        json!({"function": "f", "mode": "async", "payload": "x".repeat(1024 * 1024)}),
    );
    error.fails(&["at most 1,048,576", "put the data into S3"]);
    assert!(stub.calls().is_empty());
}

/// The tail of a log as AWS sends it.
const TAIL: &str = "START RequestId: 4f40e3d6-1234-4e0a-b2ad-0123456789ab Version: $LATEST\nhello\n\
    END RequestId: 4f40e3d6-1234-4e0a-b2ad-0123456789ab\n\
    REPORT RequestId: 4f40e3d6-1234-4e0a-b2ad-0123456789ab\tDuration: 12.34 ms\tBilled Duration: 13 ms\tMemory Size: 128 MB\t\
    Max Memory Used: 40 MB\tInit Duration: 101.5 ms\t\nXRAY TraceId: 1-58406520-a006649127e371903a2de979\tSampled: true\n";

#[test]
fn the_report_is_read_from_the_tail() {
    let stub = Stub::start(|request| {
        match request.operation() {
        "Invoke" => Response::new(200, r#"{"errorType":"Error","errorMessage":"no","trace":["Error: no","    at handler (/var/task/index.js:1:7)"]}"#)
            .with("x-amz-executed-version", "3")
            .with("x-amz-function-error", "Unhandled")
            .with("x-amz-log-result", &BASE64_STANDARD.encode(TAIL)),
        _ => Response::error(404, "ResourceNotFoundException", "none"),
    }
    });
    let done = LAMBDA.at(stub.env()).start().call("invoke_function", json!({"function": "f"}));
    done.holds(&[
        r#""version":"3""#,
        r#""error":{"kind":"Unhandled","type":"Error","message":"no","stack":["Error: no","    at handler (/var/task/index.js:1:7)"]}"#,
        r#""report":{"duration_ms":12.34,"billed_ms":13.0,"memory_mb":128,"max_memory_mb":40,"cold_start_ms":101.5}"#,
        r#""log":"hello""#,
        r#""request_id":"4f40e3d6-1234-4e0a-b2ad-0123456789ab","trace_id":"1-58406520-a006649127e371903a2de979""#,
    ]);
}

#[test]
fn a_throttled_call_is_sent_once() {
    let stub = Stub::start(|request| match request.operation() {
        "Invoke" => Response::error(429, "TooManyRequestsException", "Rate Exceeded."),
        _ => Response::error(404, "ResourceNotFoundException", "none"),
    });
    let env = awsmcp_testing::with(stub.env(), &[("AWS_MAX_ATTEMPTS", "3")]);
    let error = LAMBDA.at(env).start().call("invoke_function", json!({"function": "f"}));
    error.fails(&["Rate Exceeded", "set_concurrency"]);
    assert_eq!(stub.of("Invoke").len(), 1);
}

#[test]
fn a_function_of_the_local_aws_streams() {
    create(LocalAws::shared(), "run-stream", ECHO, json!({}));
    let call = json!({"function": "run-stream", "payload": {"id": 1}, "mode": "stream"});
    let done = LAMBDA.start().call("invoke_function", call);
    done.holds(&[r#""result":{"echo":{"id":1}"#, "came in 1 part"]);
}

fn streaming(events: fn() -> Vec<Event>) -> Stub {
    Stub::start(move |request| match request.operation() {
        "InvokeWithResponseStream" => Response::events(events()),
        _ => Response::error(404, "ResourceNotFoundException", "none"),
    })
}

#[test]
fn a_stream_is_taken_as_it_comes() {
    let stub = streaming(|| {
        let wait = Duration::from_millis(300);
        vec![
            Event::bytes("PayloadChunk", "Hello, "),
            Event::bytes("PayloadChunk", "wor").after(wait),
            Event::bytes("PayloadChunk", "ld").after(wait),
            Event::new("InvokeComplete", json!({"LogResult": BASE64_STANDARD.encode(TAIL)})).after(wait),
        ]
    });
    let mut server = LAMBDA.at(stub.env()).start();
    let arguments = json!({"function": "f", "mode": "stream"});
    let id = server.send(
        "tools/call",
        json!({"name": "invoke_function", "arguments": arguments, "_meta": {"progressToken": "p"}}),
    );
    let told = server.wait_notification("notifications/progress");
    assert_eq!(told["params"]["message"], json!("7 B in 1 part"));
    let done = server.wait(id).unwrap().to_string();
    holds(&done, &["Hello, world", "12 B came in 3 parts", "billed_ms"]);
}

#[test]
fn a_stream_may_fail_in_its_middle() {
    let stub = streaming(|| {
        vec![
            Event::bytes("PayloadChunk", "some of it"),
            Event::new(
                "InvokeComplete",
                json!({"ErrorCode": "Runtime.ExitError", "ErrorDetails": "it ended"}),
            ),
        ]
    });
    let done =
        LAMBDA.at(stub.env()).start().call("invoke_function", json!({"function": "f", "mode": "stream"}));
    done.holds(&[
        r#""outcome":"failed""#,
        r#""type":"Runtime.ExitError","message":"it ended""#,
        "some of it",
    ]);
    let stub = streaming(|| vec![Event::bytes("PayloadChunk", "some")]);
    let broken =
        LAMBDA.at(stub.env()).start().call("invoke_function", json!({"function": "f", "mode": "stream"}));
    broken.fails(&["broke off after 4 B in 1 part, which begin \"some\""]);
}

#[test]
fn null_is_a_result() {
    let stub = Stub::start(|request| match request.operation() {
        "Invoke" if request.nth == 1 => Response::new(200, "null"),
        _ => Response::new(200, "null").with("x-amz-function-error", "Handled"),
    });
    let mut server = LAMBDA.at(stub.env()).start();
    let done = server.call("invoke_function", json!({"function": "f"}));
    done.holds(&[r#""outcome":"succeeded""#, r#""result":null"#]);
    let failed = server.call("invoke_function", json!({"function": "f"}));
    failed.holds(&[r#""outcome":"failed""#, r#""payload":null"#]).lacks(&["\"result\""]);
    let left = json!({"function": "f", "mode": "async"});
    server.call("invoke_function", left).lacks(&["\"result\"", "\"payload\""]);
}

#[test]
fn trouble_that_a_filter_does_not_find_is_told() {
    let stub = Stub::start(|request| match request.operation() {
        "FilterLogEvents" if request.json()["filterPattern"] == json!("ERROR") => {
            Response::output(json!({"events": []}))
        }
        "FilterLogEvents" => {
            let report = |id: u32, more: &str| {
                let text = format!(
                    "REPORT RequestId: r{id}\tDuration: 3000.00 ms\tMemory Size: 128 MB\tMax Memory Used: 40 MB\t{more}"
                );
                json!({"eventId": id.to_string(), "logStreamName": "s", "timestamp": id, "message": text})
            };
            Response::output(json!({"events": [report(1, "Status: timeout"), report(2, "Status: timeout"),
                report(3, "Status: error\tError Type: Runtime.OutOfMemory")]}))
        }
        _ => Response::output(json!({"FunctionName": "f", "Timeout": 60})),
    });
    let mut server = LAMBDA.at(stub.env()).start();
    let found = server.call("function_logs", json!({"function": "f", "filter": "ERROR"}));
    found.holds(&["no line fits ERROR", "had trouble all the same: 1 x out of memory, 2 x timeout"]);
}

#[test]
fn figures_that_cloudwatch_keeps_no_longer_are_not_told_as_none() {
    let stub = Stub::start(|request| match request.operation() {
        "GetFunctionConfiguration" => Response::output(json!({"FunctionName": "f", "Timeout": 3})),
        _ => Response::output(json!({"MetricDataResults": []})),
    });
    let mut server = LAMBDA.at(stub.env()).start();
    let gone = json!({"function": "f", "start": "-500d", "end": "-460d"});
    server.call("function_health", gone).holds(&["not known"]).lacks(&["it was not called"]);
    let old = json!({"function": "f", "start": "-30d", "end": "-29d"});
    server.call("function_health", old).holds(&["it was not called"]);
    let periods: Vec<u64> = stub.of("GetMetricData")[1].json()["MetricDataQueries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|query| query["MetricStat"]["Period"].as_u64().unwrap())
        .collect();
    assert!(periods.iter().all(|period| period % 300 == 0), "{periods:?}");
}

#[test]
fn a_streamed_http_answer_shows_its_status() {
    let stub = streaming(|| {
        vec![
            Event::bytes("PayloadChunk", "{\"statusCode\":201}\0\0\0\0\0\0\0\0made"),
            Event::new("InvokeComplete", json!({})),
        ]
    });
    let done =
        LAMBDA.at(stub.env()).start().call("invoke_function", json!({"function": "f", "mode": "stream"}));
    done.holds(&[r#""result":{"statusCode":201,"body":"made"}"#]);
}

#[test]
fn logs_are_read_by_name_filter_and_request() {
    create(LocalAws::shared(), "run-logs", FAIL, json!({}));
    let mut server = LAMBDA.start();
    for id in [1, 2] {
        server.call("invoke_function", json!({"function": "run-logs", "payload": {"id": id}})).ok();
    }
    let mut logs = |more: Value| {
        let mut call = json!({"function": "run-logs"});
        call.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        server.call("function_logs", call)
    };
    let lines = logs(json!({}));
    lines.holds(&["no such order: 1", "no such order: 2"]);
    lines.lacks(&["START RequestId"]);
    let found = logs(json!({"filter": "ValueError:"}));
    found.holds(&["2 rows"]);
    let none = logs(json!({"filter": "nothing-like-this"}));
    none.holds(&["no line fits nothing-like-this in /aws/lambda/run-logs from"]);
    let rows = logs(json!({"show": "invocations"}));
    rows.holds(&["2 rows"]);
    let id = rows.text.lines().nth(2).unwrap().split('\t').nth(1).unwrap().to_owned();
    let one = logs(json!({"request_id": id}));
    assert_eq!(one.ok().matches("ValueError: no such order: ").count(), 1, "{}", one.text);
    one.holds(&["about to fail"]);
    let reversed = logs(json!({"start": "-1h", "end": "-2h"}));
    reversed.fails(&["is not before `end`"]);
    let future = logs(json!({"start": "2999-01-01"}));
    future.fails(&["in the future"]);
}

#[test]
fn a_long_log_goes_on_where_it_stopped() {
    let stub = Stub::start(|request| match request.operation() {
        "GetFunctionConfiguration" => Response::output(json!({"FunctionName": "f"})),
        "FilterLogEvents" => {
            let asked = request.json();
            let from = asked["nextToken"].as_str().map_or(0, |token| token.parse::<i64>().unwrap());
            // AWS may answer an empty page although there are more.
            if from == 2 {
                return Response::output(json!({"events": [], "nextToken": "3"}));
            }
            let events: Vec<Value> =
                (from..(from + asked["limit"].as_i64().unwrap()).min(5).min(if from < 2 { 2 } else { 5 }))
                    .map(|at| json!({"timestamp": at, "message": format!("line {at}\n")}))
                    .collect();
            let next = from + events.len() as i64;
            let mut page = json!({"events": events});
            if next < 5 {
                page["nextToken"] = json!(next.to_string());
            }
            Response::output(page)
        }
        _ => Response::error(404, "ResourceNotFoundException", "none"),
    });
    let mut server = LAMBDA.at(stub.env()).start();
    let mut found = Vec::new();
    for page in server.pages("function_logs", json!({"function": "f", "limit": 2})) {
        let numbers = page.ok().lines().filter_map(|line| line.split_once("line "));
        found.extend(numbers.map(|(_, at)| at.to_owned()));
    }
    assert_eq!(found, ["0", "1", "3", "4"]);
}

#[test]
fn json_logs_are_read_too() {
    let aws = LocalAws::shared();
    create(
        aws,
        "run-json",
        ECHO,
        json!({"LoggingConfig": {"LogFormat": "JSON", "LogGroup": "run-json-group"}}),
    );
    aws.call("logs", "CreateLogGroup", json!({"logGroupName": "run-json-group"}));
    aws.call("logs", "CreateLogStream", json!({"logGroupName": "run-json-group", "logStreamName": "s"}));
    let record = |status: &str| {
        json!({"type": "platform.report", "record": {"requestId": "r", "status": status,
            "metrics": {"durationMs": 10.0, "billedDurationMs": 10, "memorySizeMB": 128, "maxMemoryUsedMB": 128, "initDurationMs": 55.5}}})
        .to_string()
    };
    let now = i64::try_from(
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis(),
    )
    .unwrap();
    let events = json!([{"timestamp": now, "message": record("success")}, {"timestamp": now, "message": record("error")}]);
    aws.call(
        "logs",
        "PutLogEvents",
        json!({"logGroupName": "run-json-group", "logStreamName": "s", "logEvents": events}),
    );
    let stub = Stub::before(aws, |request| match request.operation() {
        // The local AWS knows no patterns over JSON: without one it answers all, of which the reports are picked.
        "FilterLogEvents" => {
            assert_eq!(request.json()["filterPattern"], json!("{ $.type = \"platform.report\" }"));
            Response::HandOn
        }
        _ => Response::HandOn,
    });
    let rows = LAMBDA
        .at(stub.env())
        .start()
        .call("function_logs", json!({"function": "run-json", "show": "invocations", "start": "-5m"}));
    rows.holds(&["\t55.5\tout of memory", "2 cold starts (up to 55.5 ms)"]);
}

#[test]
fn health_is_read_from_figures() {
    let aws = LocalAws::shared();
    create(aws, "run-health", FAIL, json!({"Timeout": 1}));
    let mut server = LAMBDA.start();
    let quiet = server.call("function_health", json!({"function": "run-health"}));
    quiet.holds(&["it was not called in this time"]);
    server.call("invoke_function", json!({"function": "run-health", "payload": {}})).ok();
    let ill = server.call("function_health", json!({"function": "run-health", "start": "-1h"}));
    ill.holds(&[
        r#""invocations":1,"errors":1,"error_percent":100.0"#,
        "high: 100 % of calls failed",
        r#""trouble":[{"from":"#,
    ]);
}

#[test]
fn health_asks_for_all_figures_at_once() {
    let stub = Stub::start(|request| match request.operation() {
        "GetFunctionConfiguration" => Response::output(json!({"FunctionName": "f", "Timeout": 3})),
        "GetMetricData" => {
            let point = |id: &str, value: f64| json!({"Id": id, "Timestamps": ["2026-11-22T10:00:00Z"], "Values": [value], "StatusCode": "Complete"});
            Response::output(json!({"MetricDataResults": [
                point("invocations", 200.0), point("errors", 4.0), point("throttles", 3.0), point("longest", 3000.0),
                point("p50", 20.0), point("p95", 90.0), point("p99", 2900.0), point("concurrent", 17.0), point("iterator_age", 120_000.0),
            ]}))
        }
        _ => Response::error(404, "ResourceNotFoundException", "none"),
    });
    let health =
        LAMBDA.at(stub.env()).start().call("function_health", json!({"function": "f", "start": "-6h"}));
    health.holds(&[
        r#""error_percent":2.0,"throttles":3,"p50_ms":20.0,"p95_ms":90.0,"p99_ms":2900.0,"max_ms":3000.0,"timeout_seconds":3,"concurrent_max":17"#,
        "medium: 2 % of calls failed",
        "3 calls were throttled",
        "ran into the timeout",
        "more than a minute late",
    ]);
    assert_eq!(stub.of("GetMetricData").len(), 1);
}
