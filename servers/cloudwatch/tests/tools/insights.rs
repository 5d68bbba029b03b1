//! Queries: their results, cost, limits, mistakes, and that nothing of them is left running.

use std::time::Duration;

use awsmcp_testing::{LocalAws, Response, Stub};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::world::CLOUDWATCH;

fn group(name: &str, messages: usize) {
    let aws = LocalAws::shared();
    aws.call("logs", "CreateLogGroup", json!({"logGroupName": name}));
    aws.call("logs", "CreateLogStream", json!({"logGroupName": name, "logStreamName": "main"}));
    let now = Timestamp::now().as_millisecond();
    let event = |n: usize| json!({"timestamp": now - 60_000 + n as i64, "message": format!("line {n}")});
    let events: Vec<Value> = (0..messages).map(event).collect();
    aws.call(
        "logs",
        "PutLogEvents",
        json!({"logGroupName": name, "logStreamName": "main", "logEvents": events}),
    );
}

/// A query that is running until it was asked about so often; one group, of a gigabyte, a day old.
fn scripted(polls: usize, bytes: f64) -> Stub {
    Stub::start(move |request| match request.operation() {
        "DescribeLogGroups" => {
            let day = 24 * 3600 * 1000;
            Response::output(
                json!({"logGroups": [{"logGroupName": "g", "storedBytes": 1_000_000_000_i64, "creationTime": Timestamp::now().as_millisecond() - day}]}),
            )
        }
        "StartQuery" => Response::output(json!({"queryId": "q-1"})),
        "StopQuery" => Response::output(json!({"success": true})),
        "GetQueryResults" => {
            let over = request.nth >= polls;
            let part = request.nth as f64 / polls as f64;
            let row = |n: usize| json!([{"field": "n", "value": n.to_string()}, {"field": "@ptr", "value": "long"}]);
            Response::output(json!({
                "status": if over { "Complete" } else { "Running" },
                "results": if over { (0..5).map(row).collect::<Vec<_>>() } else { Vec::new() },
                "statistics": {"bytesScanned": bytes * part.min(1.0), "recordsMatched": 5.0, "recordsScanned": 1000.0},
            }))
        }
        other => Response::error(400, "InvalidOperationException", other),
    })
}

#[test]
fn a_query_is_run_and_its_cost_told() {
    group("/query/app", 20);
    let mut server = CLOUDWATCH.start();
    let call = json!({"log_groups": ["/query/app"], "statement": "fields @timestamp, @message | sort @timestamp desc | limit 3"});
    let found = server.call("query_logs", call);
    found.holds(&["line 19\n"]);
    found.lacks(&["@ptr"]);
    found.holds(&["3 rows", "us-east-1: scanned 1", "under $0.0001"]);
    let none = server.call(
        "query_logs",
        json!({"log_groups": ["/query/app"], "statement": "fields @message | filter @message like /absent/"}),
    );
    none.holds(&["no result; searched /query/app"]);
}

#[test]
fn progress_is_told_and_the_next_page_runs_nothing_again() {
    let stub = scripted(3, 2e9);
    let mut server = CLOUDWATCH.at(stub.env()).start();
    let first = server.call("query_logs", json!({"log_groups": ["g"], "statement": "fields n", "limit": 2}));
    first.holds(&["2 of 5 rows, next: ", "scanned 1.9 GiB, about $0.0100 (5 of 1,000 records match)"]);
    let cursor = first.next().unwrap();
    let second = server.call(
        "query_logs",
        json!({"log_groups": ["g"], "statement": "fields n", "limit": 2, "cursor": cursor}),
    );
    second.holds(&["n\n2\n3\n"]);
    assert_eq!(stub.of("StartQuery").len(), 1);
    assert_eq!(stub.of("GetQueryResults").len(), 4);
    assert!(stub.of("StopQuery").is_empty());
}

#[test]
fn what_would_scan_too_much_is_not_started() {
    let stub = scripted(1, 1.0);
    let mut server = CLOUDWATCH.at(stub.env()).and(&["--max-scan", "100MB"]).start();
    let refused =
        server.call("query_logs", json!({"log_groups": ["g"], "statement": "fields n", "start": "-12h"}));
    refused.fails(&["would scan about 47", "--max-scan is 95.4 MiB", "shorter time"]);
    assert!(stub.of("StartQuery").is_empty());
    // An hour of a day's gigabyte.
    server.call("query_logs", json!({"log_groups": ["g"], "statement": "fields n", "start": "-1h"})).ok();
}

#[test]
fn what_scans_more_than_was_thought_is_stopped() {
    let stub = scripted(1000, 100e9);
    let mut server = CLOUDWATCH.at(stub.env()).and(&["--max-scan", "200MB"]).start();
    let stopped = server.call("query_logs", json!({"log_groups": ["g"], "statement": "fields n"}));
    stopped.fails(&["the query was stopped after it had scanned"]);
    assert_eq!(stub.of("StopQuery").len(), 1);
    assert_eq!(stub.of("StopQuery")[0].json()["queryId"], "q-1");
}

#[test]
fn a_cancelled_call_stops_its_query() {
    let stub = scripted(100_000, 1.0);
    let mut server = CLOUDWATCH.at(stub.env()).start();
    let id = server.send(
        "tools/call",
        json!({"name": "query_logs", "arguments": {"log_groups": ["g"], "statement": "fields n"}}),
    );
    stub.wait("the query runs", |stub| stub.of("GetQueryResults").len() > 1);
    server.notify("notifications/cancelled", json!({"requestId": id}));
    stub.wait("it is stopped", |stub| stub.of("StopQuery").len() == 1);
    assert_eq!(stub.of("StopQuery")[0].json()["queryId"], "q-1");
}

#[test]
fn a_call_cancelled_while_its_query_starts_stops_it_too() {
    let stub = Stub::start(|request| match request.operation() {
        "DescribeLogGroups" => Response::output(json!({"logGroups": [{"logGroupName": "g"}]})),
        "StartQuery" => Response::output(json!({"queryId": "q-late"})).late(Duration::from_millis(700)),
        "StopQuery" => Response::output(json!({"success": true})),
        other => Response::error(400, "InvalidOperationException", other),
    });
    let mut server = CLOUDWATCH.at(stub.env()).start();
    let id = server.send(
        "tools/call",
        json!({"name": "query_logs", "arguments": {"log_groups": ["g"], "statement": "fields n"}}),
    );
    stub.wait("it starts", |stub| stub.of("StartQuery").len() == 1);
    server.notify("notifications/cancelled", json!({"requestId": id}));
    stub.wait("it is stopped", |stub| stub.of("StopQuery").len() == 1);
    assert_eq!(stub.of("StopQuery")[0].json()["queryId"], "q-late");
}

#[test]
fn a_malformed_query_keeps_the_words_of_aws_and_marks_the_place() {
    let stub = Stub::start(|request| match request.operation() {
        "DescribeLogGroups" => Response::output(json!({"logGroups": [{"logGroupName": "g"}]})),
        "StartQuery" => {
            let body = json!({"__type": "MalformedQueryException", "message": "unexpected symbol found filtre at line 2 and position 2",
                "queryCompileError": {"location": {"startCharOffset": 18, "endCharOffset": 23}, "message": "unexpected symbol found filtre"}});
            Response::new(400, body.to_string()).with("content-type", "application/x-amz-json-1.1")
        }
        other => Response::error(400, "InvalidOperationException", other),
    });
    let mut server = CLOUDWATCH.at(stub.env()).start();
    let wrong = server
        .call("query_logs", json!({"log_groups": ["g"], "statement": "fields @message  \n| filtre x = 1"}));
    wrong.fails(&[
        "unexpected symbol found filtre at line 2 and position 2",
        "MalformedQueryException",
        "\n| filtre x = 1\n^^^^^^ line 2, column 1",
        "next: correct the place marked",
    ]);
}

#[test]
fn a_query_that_fails_says_how_it_ended() {
    for status in ["Failed", "Timeout", "Cancelled"] {
        let stub = Stub::start(move |request| match request.operation() {
            "DescribeLogGroups" => Response::output(json!({"logGroups": [{"logGroupName": "g"}]})),
            "StartQuery" => Response::output(json!({"queryId": "q"})),
            "GetQueryResults" => {
                Response::output(json!({"status": status, "statistics": {"bytesScanned": 5e9}}))
            }
            other => Response::error(400, "InvalidOperationException", other),
        });
        let mut server = CLOUDWATCH.at(stub.env()).start();
        let ended = server.call("query_logs", json!({"log_groups": ["g"], "statement": "fields n"}));
        let words = format!("ended with the status {status} after it had scanned 4.7 GiB, about $0.0250");
        ended.fails(&[&words]);
    }
}

#[test]
fn several_regions_are_asked_at_once_and_each_tells_its_cost() {
    let stub = scripted(1, 1e9);
    let mut server = CLOUDWATCH.at(stub.env()).and(&["--allow-region", "eu-west-1"]).start();
    let found = server.call(
        "query_logs",
        json!({"log_groups": ["g"], "statement": "fields n", "regions": ["us-east-1", "eu-west-1"]}),
    );
    found.holds(&["eu-west-1\t0\n", "us-east-1\t0\n", "eu-west-1: scanned", "us-east-1: scanned"]);
}

#[test]
fn every_language_reaches_aws_as_its_own() {
    let stub = scripted(1, 1.0);
    let mut server = CLOUDWATCH.at(stub.env()).start();
    server.call("query_logs", json!({"log_groups": ["g"], "statement": "fields n", "language": "ppl"})).ok();
    server.call("query_logs", json!({"statement": "SELECT n FROM `g`", "language": "sql"})).ok();
    let sent: Vec<Value> = stub.of("StartQuery").iter().map(awsmcp_testing::Request::json).collect();
    assert_eq!(sent[0]["queryLanguage"], "PPL");
    assert_eq!(sent[0]["logGroupIdentifiers"], json!(["g"]));
    assert_eq!(sent[1]["queryLanguage"], "SQL");
    assert_eq!(sent[1].get("logGroupIdentifiers"), None);
}

#[test]
fn bad_input_is_told_before_anything_is_started() {
    group("/query/orders", 1);
    let mut server = CLOUDWATCH.start();
    let mut failing = |arguments: Value| server.call("query_logs", arguments);
    failing(json!({"statement": "fields @message"})).fails(&["`log_groups` is missing"]);
    failing(json!({"log_groups": ["/query/order"], "statement": "fields @message"}))
        .fails(&["there is no log group /query/order", "did you mean /query/orders"]);
    failing(
        json!({"log_groups": ["/query/orders"], "statement": "fields @message", "start": "-1h", "end": "-3h"}),
    ).fails(&["is not before `end`"]);
    failing(json!({"log_groups": ["g"], "statement": "SELECT 1", "language": "sql"})).fails(&["FROM"]);
}

#[test]
fn it_needs_the_operators_leave() {
    let mut server = CLOUDWATCH.only(&[]).start();
    assert!(!server.tools().iter().any(|tool| tool["name"] == "query_logs"));
    let refused = server.call("query_logs", json!({"log_groups": ["g"], "statement": "fields n"}));
    refused.fails(&["--allow invoke"]);
}

const RECORD: &str = "a long message";

/// A query of one row, whose pointer opens a record of `log`.
fn recorded(log: Option<&'static str>) -> Stub {
    Stub::start(move |request| match request.operation() {
        "DescribeLogGroups" => Response::output(json!({"logGroups": [{"logGroupName": "/team/app"}]})),
        "StartQuery" => Response::output(json!({"queryId": "q-1"})),
        "GetQueryResults" => {
            let row = json!([{"field": "@message", "value": "a long"}, {"field": "@ptr", "value": "CmEK"}]);
            Response::output(json!({"status": "Complete", "results": [row]}))
        }
        "GetLogRecord" if request.json()["logRecordPointer"] == "CmEK" => {
            let mut record =
                json!({"@message": RECORD, "@timestamp": "1795341000000", "@logStream": "s", "@ptr": "CmEK"});
            if let Some(log) = log {
                record["@log"] = json!(log);
            }
            Response::output(json!({"logRecord": record}))
        }
        "GetLogRecord" => {
            Response::error(400, "InvalidParameterException", "Invalid logRecordPointer provided")
        }
        other => Response::error(400, "InvalidOperationException", other),
    })
}

#[test]
fn a_row_is_opened_by_its_pointer() {
    let stub = recorded(Some("123456789012:/team/app"));
    let mut server = CLOUDWATCH.at(stub.env()).start();
    let query = |statement: &str| json!({"log_groups": ["/team/app"], "statement": statement});
    server.call("query_logs", query("fields @message")).lacks(&["CmEK"]);
    // Asked for by name it is there, and opens the row.
    server.call("query_logs", query("fields @message, @ptr")).holds(&["@ptr", "CmEK"]);
    let whole = server.call("get_log_record", json!({"pointer": "CmEK"}));
    whole.holds(&[RECORD, "\"@logStream\":\"s\"", "record of 123456789012:/team/app s 1795341000000"]);
    whole.lacks(&["@ptr"]);
    let message = server.call("get_log_record", json!({"pointer": "CmEK", "field": "@message", "from": 2}));
    message.holds(&["long message", "characters 2 to 14 of 14"]);
    message.lacks(&[RECORD]);
    server
        .call("get_log_record", json!({"pointer": "CmEK", "field": "level"}))
        .fails(&["no field level", "@log, @logStream, @message"]);
    server.call("get_log_record", json!({"pointer": "x"})).fails(&["Invalid logRecordPointer"]);
}

#[test]
fn a_record_is_held_to_the_list_by_the_group_that_it_is_of() {
    let team = ["--allow-arn", "arn:aws:logs:*:123456789012:log-group:/team/*"];
    for (log, refusal) in [
        (Some("123456789012:/team/app"), None),
        (Some("123456789012:/secret/payroll"), Some("outside what the operator allowed")),
        // A group of the same name in another account is another one.
        (Some("999999999999:/team/app"), Some("outside what the operator allowed")),
        (None, Some("does not say of which log group")),
    ] {
        let stub = recorded(log);
        let mut server = CLOUDWATCH.and(&team).at(stub.env()).start();
        let answer = server.call("get_log_record", json!({"pointer": "CmEK"}));
        match refusal {
            None => answer.holds(&[RECORD]),
            Some(why) => answer.fails(&[why]).lacks(&[RECORD]),
        };
    }
}

#[test]
fn the_last_second_of_a_query_is_whole() {
    let stub = scripted(1, 1.0);
    let mut server = CLOUDWATCH.at(stub.env()).start();
    let call = json!({"log_groups": ["g"], "statement": "fields n", "start": "2026-11-22T10:00:00.7Z",
        "end": "2026-11-22T10:00:09.2Z"});
    server.call("query_logs", call).ok();
    let sent = stub.of("StartQuery")[0].json();
    assert_eq!(
        (sent["startTime"].as_i64(), sent["endTime"].as_i64()),
        (Some(1_795_341_600), Some(1_795_341_610))
    );
}

#[test]
fn a_query_is_not_lost_with_one_look() {
    let stub = Stub::start(|request| match (request.operation(), request.nth) {
        ("DescribeLogGroups", _) => Response::output(json!({"logGroups": [{"logGroupName": "g"}]})),
        ("StartQuery", _) => Response::output(json!({"queryId": "q"})),
        ("GetQueryResults", 1) => Response::output(json!({"status": "Running"})),
        ("GetQueryResults", 2..=4) => Response::error(500, "ServiceUnavailableException", "later"),
        ("GetQueryResults", _) => {
            Response::output(json!({"status": "Complete", "results": [[{"field": "n", "value": "7"}]]}))
        }
        (other, _) => Response::error(400, "InvalidOperationException", other),
    });
    let mut server = CLOUDWATCH.at(stub.env()).start().patience(Duration::from_secs(60));
    server.call("query_logs", json!({"log_groups": ["g"], "statement": "fields n"})).holds(&["n\n7\n"]);
    assert!(stub.of("StopQuery").is_empty());
}
