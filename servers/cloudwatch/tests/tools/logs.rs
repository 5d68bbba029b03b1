//! Finding, filtering, summarizing and following log events.

use awsmcp_testing::{Answer, LocalAws, Response, Stub};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::world::CLOUDWATCH;

/// A log group with a stream and these messages, a second apart, the last one now.
fn group(name: &str, messages: &[&str]) {
    let aws = LocalAws::shared();
    aws.call("logs", "CreateLogGroup", json!({"logGroupName": name}));
    aws.call("logs", "CreateLogStream", json!({"logGroupName": name, "logStreamName": "main"}));
    write(name, messages);
}

fn write(name: &str, messages: &[&str]) {
    let now = Timestamp::now().as_millisecond();
    let first = now - messages.len() as i64 * 1000;
    let events: Vec<Value> = messages
        .iter()
        .enumerate()
        .map(|(at, message)| json!({"timestamp": first + at as i64 * 1000, "message": message}))
        .collect();
    let input = json!({"logGroupName": name, "logStreamName": "main", "logEvents": events});
    LocalAws::shared().call("logs", "PutLogEvents", input);
}

#[test]
fn log_groups_are_listed_by_pattern_and_prefix_page_by_page() {
    for n in 0..5 {
        group(&format!("/listed/app-{n}"), &["x"]);
    }
    LocalAws::shared().call(
        "logs",
        "PutRetentionPolicy",
        json!({"logGroupName": "/listed/app-3", "retentionInDays": 7}),
    );
    let mut server = CLOUDWATCH.start();
    let first = server.call("list_log_groups", json!({"prefix": "/listed/", "limit": 3}));
    assert_eq!(first.column("name"), ["/listed/app-0", "/listed/app-1", "/listed/app-2"]);
    let cursor = first.next().expect("a second page");
    let second = server.call("list_log_groups", json!({"prefix": "/listed/", "limit": 3, "cursor": cursor}));
    assert_eq!(second.column("name"), ["/listed/app-3", "/listed/app-4"]);
    assert_eq!(second.column("retention_days"), ["7", ""]);
    second.lacks(&["next:"]);
    let found = server.call("list_log_groups", json!({"pattern": "LISTED/app-4"}));
    assert_eq!(found.column("name"), ["/listed/app-4"]);
    let both = server.call("list_log_groups", json!({"pattern": "a", "prefix": "b"}));
    both.fails(&["not both"]);
}

#[test]
fn events_are_found_by_term_and_time_and_marked_as_data() {
    group("/filter/plain", &["INFO start", "ERROR first", "INFO go", "ERROR second\n"]);
    let mut server = CLOUDWATCH.start();
    let found = server.call("filter_logs", json!({"log_groups": ["/filter/plain"], "pattern": "ERROR"}));
    assert_eq!(found.column("message"), ["ERROR first", "ERROR second"]);
    assert!(found.text.starts_with("<data "), "{}", found.text);
    let arn = "arn:aws:logs:us-east-1:123456789012:log-group:/filter/plain:*";
    let by_arn =
        server.call("filter_logs", json!({"log_groups": [arn], "pattern": "first", "with_stream": true}));
    assert_eq!(by_arn.column("stream"), ["main"]);
    let early =
        server.call("filter_logs", json!({"log_groups": ["/filter/plain"], "start": "-2d", "end": "-1d"}));
    early.holds(&["no event matches; searched /filter/plain, 2"]);
}

#[test]
fn a_filter_that_matches_nothing_says_what_was_searched() {
    group("/filter/nothing", &["hello"]);
    let mut server = CLOUDWATCH.start();
    let call = json!({"log_groups": ["/filter/nothing"], "pattern": "absent", "streams": ["main"]});
    let found = server.call("filter_logs", call);
    found.holds(&["pattern absent, streams main"]);
}

#[test]
fn fields_of_json_events_are_columns() {
    group("/filter/json", &[r#"{"level":"warn","error":{"code":7}}"#, "not json"]);
    let mut server = CLOUDWATCH.start();
    let found = server
        .call("filter_logs", json!({"log_groups": ["/filter/json"], "fields": ["level", "error.code"]}));
    assert_eq!(found.column("level"), ["warn", ""]);
    assert_eq!(found.column("error.code"), ["7", ""]);
    assert_eq!(found.column("message"), ["", "not json"]);
}

#[test]
fn several_groups_are_one_stream_in_the_order_of_time() {
    group("/merge/a", &["a1", "a2", "a3"]);
    group("/merge/b", &["b1", "b2", "b3"]);
    let mut server = CLOUDWATCH.start();
    let found = server.call("filter_logs", json!({"log_groups": ["/merge/a", "/merge/b"]}));
    let times = found.column("time");
    let mut sorted = times.clone();
    // Without its Z, .94 comes before .948 in the order of letters too.
    sorted.sort_by_key(|time| time.trim_end_matches('Z').to_owned());
    assert_eq!(times, sorted);
    assert_eq!(times.len(), 6);
    let groups = found.column("log_group");
    assert!(groups.contains(&"/merge/a") && groups.contains(&"/merge/b"), "{groups:?}");
}

/// A group of 25 events, two of AWS's pages with an empty one between them; whoever asks newest first gets them so.
fn paged() -> Stub {
    Stub::start(|request| match request.operation() {
        "FilterLogEvents" => {
            let input = request.json();
            let down = input["startFromHead"] == json!(false);
            let (low, high, next) = match input["nextToken"].as_str() {
                None => (0, 10, json!("two")),
                Some("two") => (0, 0, json!("three")),
                Some(_) => (10, 25, Value::Null),
            };
            let event = |n: i64| {
                let n = if down { 24 - n } else { n };
                json!({"logStreamName": "s", "timestamp": 1_795_000_000_000_i64 + n, "message": format!("event {n}"), "eventId": n.to_string()})
            };
            let mut output = json!({"events": (low..high).map(event).collect::<Vec<_>>()});
            if !next.is_null() {
                output["nextToken"] = next;
            }
            Response::output(output)
        }
        _ => Response::error(400, "InvalidOperationException", "not scripted"),
    })
}

#[test]
fn pages_of_aws_are_followed_and_taken_up_again_exactly() {
    let stub = paged();
    let mut server = CLOUDWATCH.at(stub.env()).start();
    for newest_first in [false, true] {
        for limit in [4, 7, 100] {
            let call = json!({"log_groups": ["g"], "start": "2026-11-01", "limit": limit, "newest_first": newest_first});
            let mut seen = Vec::new();
            for page in server.pages("filter_logs", call) {
                seen.extend(page.column("message").into_iter().map(str::to_owned));
            }
            let mut expected: Vec<String> = (0..25).map(|n| format!("event {n}")).collect();
            if newest_first {
                expected.reverse();
            }
            assert_eq!(seen, expected, "{limit} {newest_first}");
        }
    }
}

#[test]
fn a_full_answer_says_where_it_stopped_and_how_to_go_on() {
    let stub = Stub::start(|_| {
        let event = |n: i64| json!({"logStreamName": "s", "timestamp": 1_795_000_000_000_i64 + n, "message": "x".repeat(400), "eventId": n.to_string()});
        Response::output(json!({"events": (0..100).map(event).collect::<Vec<_>>(), "nextToken": "more"}))
    });
    let mut server = CLOUDWATCH.at(stub.env()).start();
    let found =
        server.call("filter_logs", json!({"log_groups": ["g"], "start": "2026-11-01", "max_chars": 5000}));
    found.holds(&["stopped at 2026-11-18T", "next: "]);
    assert!(found.text.chars().count() < 6000);
    assert!((8..13).contains(&found.column("message").len()), "{}", found.text);
}

#[test]
fn a_search_that_takes_too_long_stops_between_pages_and_can_go_on() {
    let stub = Stub::start(|request| {
        Response::output(json!({"events": [], "nextToken": format!("page-{}", request.nth)}))
            .late(std::time::Duration::from_millis(100))
    });
    let mut server = CLOUDWATCH.at(stub.env()).and(&["--timeout", "2"]).start();
    let found = server.call("filter_logs", json!({"log_groups": ["g"], "start": "-1d"}));
    found.holds(&["before all was searched", "next: "]);
}

#[test]
fn bad_input_is_told_with_what_a_good_one_looks_like() {
    group("/bad/orders-api", &["x"]);
    let mut server = CLOUDWATCH.start();
    let mut failing = |arguments: Value| server.call("filter_logs", arguments);
    failing(json!({"log_groups": ["/bad/orders-apy"]}))
        .fails(&["did you mean /bad/orders-api?", "ResourceNotFoundException"]);
    failing(json!({"log_groups": ["/bad/orders-api"], "start": "-1h", "end": "-2h"}))
        .fails(&["is not before `end`", "swap them"]);
    failing(json!({"log_groups": ["/bad/orders-api"], "start": "2099-01-01"}))
        .fails(&["is in the future; it is now"]);
    failing(json!({"log_groups": ["/bad/orders-api"], "start": "yesterday"})).fails(&["-1h"]);
    failing(json!({"log_groups": ["no spaces please"]})).fails(&["/aws/lambda/my-function"]);
    failing(json!({"log_groups": []})).fails(&["log_groups"]);
    failing(json!({"log_groups": ["/bad/orders-api"], "streams": ["a"], "stream_prefix": "b"}))
        .fails(&["not both"]);
    failing(json!({"log_groups": ["/bad/orders-api"], "cursor": "AAAA"})).fails(&["cursor"]);
}

#[test]
fn lines_are_summarized_by_template() {
    let mut messages: Vec<String> =
        (0..30).map(|n| format!("INFO order {n} placed by user{}", n % 3)).collect();
    messages.extend((0..5).map(|n| format!("ERROR cannot reach 10.0.0.{n}: timeout")));
    messages.push("INFO shutting down now please".to_owned());
    group("/summary/app", &messages.iter().map(String::as_str).collect::<Vec<_>>());
    let mut server = CLOUDWATCH.start();
    let most = server.call("summarize_logs", json!({"log_groups": ["/summary/app"]}));
    assert_eq!(most.column("count"), ["30", "5", "1"]);
    assert_eq!(
        most.column("template"),
        ["INFO order <*> placed by <*>", "ERROR cannot reach <*>: timeout", "INFO shutting down now please"]
    );
    most.holds(&["36 lines", "in 3 templates"]);
    let rare =
        server.call("summarize_logs", json!({"log_groups": ["/summary/app"], "order": "rarest", "top": 1}));
    assert_eq!(rare.column("count"), ["1"]);
    rare.holds(&["2 more templates"]);
    let newest = server.call("summarize_logs", json!({"log_groups": ["/summary/app"], "order": "newest"}));
    assert_eq!(newest.column("template")[0], "INFO shutting down now please");
    let errors = server.call("summarize_logs", json!({"log_groups": ["/summary/app"], "pattern": "ERROR"}));
    assert_eq!(errors.column("count"), ["5"]);
    let bounded = server.call("summarize_logs", json!({"log_groups": ["/summary/app"], "max_lines": 10}));
    bounded.holds(&["`max_lines` of 10: what came later is not counted"]);
    let none = server.call("summarize_logs", json!({"log_groups": ["/summary/app"], "pattern": "absent"}));
    none.holds(&["no event matches; searched /summary/app"]);
    let missing = server.call("summarize_logs", json!({"log_groups": ["/summary/ap"]}));
    missing.fails(&["did you mean /summary/app?"]);
}

#[test]
fn what_is_written_while_it_watches_is_answered() {
    group("/tail/app", &["before"]);
    let stub = Stub::before(LocalAws::shared(), |_| Response::HandOn);
    let mut server = CLOUDWATCH.at(stub.env()).start();
    let id = server.send(
        "tools/call",
        json!({"name": "tail_logs", "arguments": {"log_groups": ["/tail/app"], "seconds": 20, "events": 2}}),
    );
    stub.wait("a first look", |stub| !stub.of("FilterLogEvents").is_empty());
    let now = Timestamp::now().as_millisecond();
    for (n, message) in ["one", "two"].into_iter().enumerate() {
        let events = json!([{"timestamp": now + n as i64, "message": message}]);
        LocalAws::shared().call(
            "logs",
            "PutLogEvents",
            json!({"logGroupName": "/tail/app", "logStreamName": "main", "logEvents": events}),
        );
    }
    let answer = Answer::from(server.wait(id).expect("an answer"));
    assert_eq!(answer.column("message"), ["one", "two"], "{}", answer.text);
    let none = server.call("tail_logs", json!({"log_groups": ["/tail/app"], "seconds": 1}));
    none.holds(&["no event in 1 s; watched /tail/app"]);
    let missing = server.call("tail_logs", json!({"log_groups": ["/tail/ap"]}));
    missing.fails(&["did you mean /tail/app"]);
}

#[test]
fn one_group_is_shown_whole_and_what_is_lacking_is_said() {
    group("/detail/app", &[r#"{"level":"info","ms":3}"#]);
    let aws = LocalAws::shared();
    aws.call(
        "logs",
        "PutMetricFilter",
        json!({"logGroupName": "/detail/app", "filterName": "errors", "filterPattern": "ERROR",
        "metricTransformations": [{"metricNamespace": "Shop", "metricName": "Errors", "metricValue": "1"}]}),
    );
    let mut server = CLOUDWATCH.start();
    let shown = server.call("log_group_detail", json!({"log_group": "/detail/app"}));
    shown.holds(&["\"metrics\":[\"Shop Errors = 1\"]"]);
    shown.holds(&["\"latest_streams\":[\"main 2"]);
    shown.holds(&["\"unsupported\":[", "anomalies"]);
    let missing = server.call("log_group_detail", json!({"log_group": "/detail/apq"}));
    missing.fails(&["did you mean /detail/app"]);
}

#[test]
fn anomalies_and_indexes_are_part_of_the_detail() {
    group("/detail/rich", &["x"]);
    let stub = Stub::before(LocalAws::shared(), |request| match request.operation() {
        "ListLogAnomalyDetectors" => {
            assert_eq!(
                request.json()["filterLogGroupArn"],
                "arn:aws:logs:us-east-1:123456789012:log-group:/detail/rich"
            );
            Response::output(
                json!({"anomalyDetectors": [{"anomalyDetectorArn": "arn:aws:logs:us-east-1:123456789012:anomaly-detector:d"}]}),
            )
        }
        "ListAnomalies" => Response::output(json!({"anomalies": [{
            "anomalyId": "a", "patternId": "p", "anomalyDetectorArn": "arn:aws:logs:us-east-1:123456789012:anomaly-detector:d",
            "patternString": "ERROR <*> refused", "firstSeen": 1_795_000_000_000_i64, "lastSeen": 1_795_000_100_000_i64,
            "description": "50% increase", "active": true, "state": "Active", "histogram": {}, "logSamples": [],
            "patternTokens": [], "logGroupArnList": [], "priority": "HIGH",
        }]})),
        "DescribeIndexPolicies" => {
            Response::output(json!({"indexPolicies": [{"policyDocument": "{\"Fields\":[\"requestId\"]}"}]}))
        }
        "GetLogGroupFields" => {
            Response::output(json!({"logGroupFields": [{"name": "level", "percent": 97}]}))
        }
        _ => Response::HandOn,
    });
    let mut server = CLOUDWATCH.at(stub.env()).start();
    let shown = server.call("log_group_detail", json!({"log_group": "/detail/rich"}));
    shown.holds(&[
        "ERROR <*> refused",
        "\"anomaly_detectors\":1",
        "\"indexed_fields\":[\"requestId\"]",
        "level 97%",
        "2026-11-18T",
    ]);
}

/// A log group whose events come in these pages: the seconds of each.
fn unordered(pages: &'static [&'static [i64]]) -> Stub {
    Stub::start(move |request| {
        let at = request.json()["nextToken"].as_str().map_or(0, |token| token.parse::<usize>().unwrap());
        let start = Timestamp::now().as_millisecond() - 60_000;
        let events: Vec<Value> = pages[at]
            .iter()
            .map(|second| json!({"timestamp": start + second * 1000, "message": format!("second {second}"), "eventId": second.to_string()}))
            .collect();
        match at + 1 < pages.len() {
            true => Response::output(json!({"events": events, "nextToken": (at + 1).to_string()})),
            false => Response::output(json!({"events": events})),
        }
    })
}

#[test]
fn one_answer_is_in_the_order_of_time_over_all_its_pages() {
    let stub = unordered(&[&[5, 3, 9], &[1, 7], &[2]]);
    let mut server = CLOUDWATCH.at(stub.env()).start();
    let all = server.call("filter_logs", json!({"log_groups": ["/unordered"]}));
    let seconds = ["1", "2", "3", "5", "7", "9"].map(|second| format!("second {second}"));
    assert_eq!(all.column("message"), seconds);
    let newest = server.call("filter_logs", json!({"log_groups": ["/unordered"], "newest_first": true}));
    let reversed: Vec<String> = seconds.into_iter().rev().collect();
    assert_eq!(newest.column("message"), reversed);
}

#[test]
fn a_tail_reads_on_over_empty_pages() {
    let stub = Stub::start(|request| match request.json()["nextToken"].as_str() {
        None => Response::output(json!({"events": [], "nextToken": "a"})),
        Some("a") => Response::output(json!({"events": [], "nextToken": "b"})),
        _ => Response::output(
            json!({"events": [{"timestamp": Timestamp::now().as_millisecond() + 1000, "message": "there", "eventId": "1"}]}),
        ),
    });
    let mut server = CLOUDWATCH.at(stub.env()).start();
    let tail = server.call("tail_logs", json!({"log_groups": ["/empty/pages"], "seconds": 10, "events": 1}));
    tail.holds(&["1 events in", "there"]);
}

#[test]
fn a_pattern_that_is_none_is_shown_in_quotes() {
    let stub = Stub::start(|request| match request.operation() {
        "FilterLogEvents" => Response::error(400, "InvalidParameterException", "Invalid filter pattern"),
        _ => Response::output(json!({"logGroups": [{"logGroupName": "/a"}]})),
    });
    let mut server = CLOUDWATCH.at(stub.env()).start();
    for tool in ["filter_logs", "tail_logs", "summarize_logs"] {
        let wrong = server.call(tool, json!({"log_groups": ["/a"], "pattern": "ORDER-ITEM-1"}));
        wrong.fails(&["stand in double quotes: \"ORDER-ITEM-1\""]);
    }
}

#[test]
fn a_rare_event_is_a_template_of_its_own_and_few_values_are_counted() {
    let stub = Stub::start(|_| {
        let now = Timestamp::now().as_millisecond() - 60_000;
        let event = |n: i64, message: String| json!({"timestamp": now + n, "message": message, "eventId": n.to_string()});
        let mut events: Vec<Value> = (0..40)
            .map(|n| event(n, format!("WARN session {n} of shard-{} was closed by its peer", 2 + n % 2)))
            .collect();
        events.push(event(40, "WARN session 40 of shard-2 was hijacked by its peer".to_owned()));
        Response::output(json!({"events": events}))
    });
    let mut server = CLOUDWATCH.at(stub.env()).start();
    let rows = server.call("summarize_logs", json!({"log_groups": ["/s"]}));
    assert_eq!(rows.column("count"), ["40", "1"]);
    rows.holds(&["was hijacked by"]);
    let closed = server.call("summarize_logs", json!({"log_groups": ["/s"], "order": "rarest"}));
    assert!(closed.column("template")[0].contains("was hijacked by"), "{}", closed.text);
}

/// A group whose first page has two events, and whose second fails so often.
fn breaking(times: usize) -> Stub {
    Stub::start(move |request| match request.operation() {
        "FilterLogEvents" if request.json()["nextToken"].is_null() => {
            let event = |n: i64| json!({"logStreamName": "s", "timestamp": 1_795_000_000_000_i64 + n, "message": format!("event {n}"), "eventId": n.to_string()});
            Response::output(json!({"events": [event(1), event(2)], "nextToken": "two"}))
        }
        "FilterLogEvents" if request.nth <= times + 1 => {
            Response::error(500, "ServiceUnavailableException", "later")
        }
        "FilterLogEvents" => {
            let event = json!({"logStreamName": "s", "timestamp": 1_795_000_000_003_i64, "message": "event 3", "eventId": "3"});
            Response::output(json!({"events": [event]}))
        }
        other => Response::error(400, "InvalidOperationException", other),
    })
}

#[test]
fn what_was_read_is_shown_where_the_next_page_fails() {
    let stub = breaking(usize::MAX - 1);
    let mut server = CLOUDWATCH.at(stub.env()).start();
    let summary = server.call("summarize_logs", json!({"log_groups": ["/g"]}));
    summary.holds(&[
        "event <*>",
        "2 lines",
        "a page of AWS's that could not be read",
        "what came later is not counted",
    ]);
    let stub = breaking(9);
    let mut server = CLOUDWATCH.at(stub.env()).start();
    let first = server.call("filter_logs", json!({"log_groups": ["/g"]}));
    first.holds(&["event 1", "event 2", "could not be read", "`cursor` goes on from there"]);
    let mut next = first.next().expect("a cursor");
    // Where it goes on, nothing is shown twice and nothing is lost.
    for _ in 0..9 {
        let more = server.call("filter_logs", json!({"log_groups": ["/g"], "cursor": next.clone()}));
        if more.is_error {
            continue;
        }
        if more.text.contains("event 3") {
            more.lacks(&["event 1", "event 2"]);
            return;
        }
        next = more.next().expect("a cursor");
    }
    panic!("event 3 never came");
}

#[test]
fn what_came_while_it_watched_is_shown_where_a_later_look_fails() {
    let stub = Stub::start(|request| match (request.operation(), request.nth) {
        ("FilterLogEvents", 1) => {
            let event = json!({"logStreamName": "s", "timestamp": Timestamp::now().as_millisecond(), "message": "event 1", "eventId": "1"});
            Response::output(json!({"events": [event]}))
        }
        ("FilterLogEvents", _) => Response::error(500, "ServiceUnavailableException", "later"),
        (other, _) => Response::error(400, "InvalidOperationException", other),
    });
    let mut server = CLOUDWATCH.at(stub.env()).start();
    let tail = server.call("tail_logs", json!({"log_groups": ["/g"], "seconds": 2}));
    tail.holds(&["event 1", "the last look failed, so that later events may be missing"]);
}
