//! Finding, filtering, summarizing and following log events.
#![cfg(test)]

use awsmcp_testing::{LocalAws, Response, Server, Stub};
use jiff::Timestamp;
use serde_json::{Value, json};

fn server(args: &[&str]) -> Server {
    spawn(args, LocalAws::shared().env())
}

fn spawn(args: &[&str], env: Vec<(String, String)>) -> Server {
    let mut server = Server::spawn(env!("CARGO_BIN_EXE_awsmcp-cloudwatch"), args, env);
    server.initialize();
    server
}

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

/// The cells of one column, header left out.
fn column(text: &str, name: &str) -> Vec<String> {
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split('\t').collect()).collect();
    let header =
        rows.iter().position(|row| row.contains(&name)).unwrap_or_else(|| panic!("no column {name}: {text}"));
    let at = rows[header].iter().position(|cell| *cell == name).unwrap();
    let width = rows[header].len();
    rows[header + 1..]
        .iter()
        .take_while(|row| row.len() == width && width > 1)
        .map(|row| row[at].to_owned())
        .collect()
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
    let mut server = server(&[]);
    let first = server.call("list_log_groups", json!({"prefix": "/listed/", "limit": 3}));
    assert_eq!(column(first.ok(), "name"), ["/listed/app-0", "/listed/app-1", "/listed/app-2"]);
    let cursor = first.text.split("next: ").nth(1).expect("a second page").trim();
    let second = server.call("list_log_groups", json!({"prefix": "/listed/", "limit": 3, "cursor": cursor}));
    assert_eq!(column(second.ok(), "name"), ["/listed/app-3", "/listed/app-4"]);
    assert_eq!(column(&second.text, "retention_days"), ["7", ""]);
    assert!(!second.text.contains("next:"), "{}", second.text);
    let found = server.call("list_log_groups", json!({"pattern": "LISTED/app-4"}));
    assert_eq!(column(found.ok(), "name"), ["/listed/app-4"]);
    let both = server.call("list_log_groups", json!({"pattern": "a", "prefix": "b"}));
    assert!(both.error().contains("not both"), "{}", both.text);
}

#[test]
fn events_are_found_by_term_and_time_and_marked_as_data() {
    group("/filter/plain", &["INFO start", "ERROR first", "INFO go", "ERROR second\n"]);
    let mut server = server(&[]);
    let found = server.call("filter_logs", json!({"log_groups": ["/filter/plain"], "pattern": "ERROR"}));
    assert_eq!(column(found.ok(), "message"), ["ERROR first", "ERROR second"]);
    assert!(found.text.starts_with("<data "), "{}", found.text);
    let arn = "arn:aws:logs:us-east-1:123456789012:log-group:/filter/plain:*";
    let by_arn =
        server.call("filter_logs", json!({"log_groups": [arn], "pattern": "first", "with_stream": true}));
    assert_eq!(column(by_arn.ok(), "stream"), ["main"]);
    let early =
        server.call("filter_logs", json!({"log_groups": ["/filter/plain"], "start": "-2d", "end": "-1d"}));
    assert!(early.ok().contains("no event matches; searched /filter/plain, 2"), "{}", early.text);
}

#[test]
fn a_filter_that_matches_nothing_says_what_was_searched() {
    group("/filter/nothing", &["hello"]);
    let mut server = server(&[]);
    let call = json!({"log_groups": ["/filter/nothing"], "pattern": "absent", "streams": ["main"]});
    let found = server.call("filter_logs", call);
    assert!(found.ok().contains("pattern absent, streams main"), "{}", found.text);
}

#[test]
fn fields_of_json_events_are_columns() {
    group("/filter/json", &[r#"{"level":"warn","error":{"code":7}}"#, "not json"]);
    let mut server = server(&[]);
    let found = server
        .call("filter_logs", json!({"log_groups": ["/filter/json"], "fields": ["level", "error.code"]}));
    assert_eq!(column(found.ok(), "level"), ["warn", ""]);
    assert_eq!(column(&found.text, "error.code"), ["7", ""]);
    assert_eq!(column(&found.text, "message"), ["", "not json"]);
}

#[test]
fn several_groups_are_one_stream_in_the_order_of_time() {
    group("/merge/a", &["a1", "a2", "a3"]);
    group("/merge/b", &["b1", "b2", "b3"]);
    let mut server = server(&[]);
    let found = server.call("filter_logs", json!({"log_groups": ["/merge/a", "/merge/b"]}));
    let times = column(found.ok(), "time");
    let mut sorted = times.clone();
    // Without its Z, .94 comes before .948 in the order of letters too.
    sorted.sort_by_key(|time| time.trim_end_matches('Z').to_owned());
    assert_eq!(times, sorted);
    assert_eq!(times.len(), 6);
    let groups = column(&found.text, "log_group");
    assert!(groups.contains(&"/merge/a".to_owned()) && groups.contains(&"/merge/b".to_owned()), "{groups:?}");
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
    let mut server = spawn(&[], stub.env());
    for newest_first in [false, true] {
        for limit in [4, 7, 100] {
            let mut call = json!({"log_groups": ["g"], "start": "2026-11-01", "limit": limit, "newest_first": newest_first});
            let mut seen = Vec::new();
            loop {
                let page = server.call("filter_logs", call.clone());
                seen.extend(column(page.ok(), "message"));
                match page.text.split("next: ").nth(1) {
                    Some(rest) => call["cursor"] = json!(rest.lines().next().unwrap().trim()),
                    None => break,
                }
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
    let mut server = spawn(&[], stub.env());
    let found =
        server.call("filter_logs", json!({"log_groups": ["g"], "start": "2026-11-01", "max_chars": 5000}));
    assert!(found.ok().contains("stopped at 2026-11-18T") && found.text.contains("next: "), "{}", found.text);
    assert!(found.text.chars().count() < 6000);
    assert!((8..13).contains(&column(&found.text, "message").len()), "{}", found.text);
}

#[test]
fn a_search_that_takes_too_long_stops_between_pages_and_can_go_on() {
    let stub = Stub::start(|request| {
        Response::output(json!({"events": [], "nextToken": format!("page-{}", request.nth)}))
            .late(std::time::Duration::from_millis(100))
    });
    let mut server = spawn(&["--timeout", "2"], stub.env());
    let found = server.call("filter_logs", json!({"log_groups": ["g"], "start": "-1d"}));
    assert!(
        found.ok().contains("before all was searched") && found.text.contains("next: "),
        "{}",
        found.text
    );
}

#[test]
fn bad_input_is_told_with_what_a_good_one_looks_like() {
    group("/bad/orders-api", &["x"]);
    let mut server = server(&[]);
    let mut error = |arguments: Value| server.call("filter_logs", arguments).error().to_owned();
    let text = error(json!({"log_groups": ["/bad/orders-apy"]}));
    assert!(
        text.contains("did you mean /bad/orders-api?") && text.contains("ResourceNotFoundException"),
        "{text}"
    );
    let text = error(json!({"log_groups": ["/bad/orders-api"], "start": "-1h", "end": "-2h"}));
    assert!(text.contains("is not before `end`") && text.contains("swap them"), "{text}");
    let text = error(json!({"log_groups": ["/bad/orders-api"], "start": "2099-01-01"}));
    assert!(text.contains("is in the future; it is now"), "{text}");
    let text = error(json!({"log_groups": ["/bad/orders-api"], "start": "yesterday"}));
    assert!(text.contains("-1h"), "{text}");
    let text = error(json!({"log_groups": ["no spaces please"]}));
    assert!(text.contains("/aws/lambda/my-function"), "{text}");
    let text = error(json!({"log_groups": []}));
    assert!(text.contains("log_groups"), "{text}");
    let text = error(json!({"log_groups": ["/bad/orders-api"], "streams": ["a"], "stream_prefix": "b"}));
    assert!(text.contains("not both"), "{text}");
    let text = error(json!({"log_groups": ["/bad/orders-api"], "cursor": "AAAA"}));
    assert!(text.contains("cursor"), "{text}");
}

#[test]
fn lines_are_summarized_by_template() {
    let mut messages: Vec<String> =
        (0..30).map(|n| format!("INFO order {n} placed by user{}", n % 3)).collect();
    messages.extend((0..5).map(|n| format!("ERROR cannot reach 10.0.0.{n}: timeout")));
    messages.push("INFO shutting down now please".to_owned());
    group("/summary/app", &messages.iter().map(String::as_str).collect::<Vec<_>>());
    let mut server = server(&[]);
    let most = server.call("summarize_logs", json!({"log_groups": ["/summary/app"]}));
    assert_eq!(column(most.ok(), "count"), ["30", "5", "1"]);
    assert_eq!(
        column(&most.text, "template"),
        ["INFO order <*> placed by <*>", "ERROR cannot reach <*>: timeout", "INFO shutting down now please"]
    );
    assert!(most.text.contains("36 lines") && most.text.contains("in 3 templates"), "{}", most.text);
    let rare =
        server.call("summarize_logs", json!({"log_groups": ["/summary/app"], "order": "rarest", "top": 1}));
    assert_eq!(column(rare.ok(), "count"), ["1"]);
    assert!(rare.text.contains("2 more templates"), "{}", rare.text);
    let newest = server.call("summarize_logs", json!({"log_groups": ["/summary/app"], "order": "newest"}));
    assert_eq!(column(newest.ok(), "template")[0], "INFO shutting down now please");
    let errors = server.call("summarize_logs", json!({"log_groups": ["/summary/app"], "pattern": "ERROR"}));
    assert_eq!(column(errors.ok(), "count"), ["5"]);
    let bounded = server.call("summarize_logs", json!({"log_groups": ["/summary/app"], "max_lines": 10}));
    assert!(bounded.ok().contains("`max_lines` of 10: what came later is not counted"), "{}", bounded.text);
    let none = server.call("summarize_logs", json!({"log_groups": ["/summary/app"], "pattern": "absent"}));
    assert!(none.ok().contains("no event matches; searched /summary/app"), "{}", none.text);
    let missing = server.call("summarize_logs", json!({"log_groups": ["/summary/ap"]}));
    assert!(missing.error().contains("did you mean /summary/app?"), "{}", missing.text);
}

#[test]
fn what_is_written_while_it_watches_is_answered() {
    group("/tail/app", &["before"]);
    let mut server = server(&["--toolsets", "all"]);
    let id = server.send(
        "tools/call",
        json!({"name": "tail_logs", "arguments": {"log_groups": ["/tail/app"], "seconds": 20, "events": 2}}),
    );
    std::thread::sleep(std::time::Duration::from_millis(1500));
    let now = Timestamp::now().as_millisecond();
    for (n, message) in ["one", "two"].into_iter().enumerate() {
        let events = json!([{"timestamp": now + n as i64, "message": message}]);
        LocalAws::shared().call(
            "logs",
            "PutLogEvents",
            json!({"logGroupName": "/tail/app", "logStreamName": "main", "logEvents": events}),
        );
    }
    let answer = server.wait(id).expect("an answer");
    let text = answer["content"][0]["text"].as_str().unwrap();
    assert_eq!(column(text, "message"), ["one", "two"], "{text}");
    let none = server.call("tail_logs", json!({"log_groups": ["/tail/app"], "seconds": 1}));
    assert!(none.ok().contains("no event in 1 s; watched /tail/app"), "{}", none.text);
    let missing = server.call("tail_logs", json!({"log_groups": ["/tail/ap"]}));
    assert!(missing.error().contains("did you mean /tail/app"), "{}", missing.text);
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
    let mut server = server(&["--toolsets", "all"]);
    let shown = server.call("log_group_detail", json!({"log_group": "/detail/app"}));
    let text = shown.ok();
    assert!(text.contains("\"metrics\":[\"Shop Errors = 1\"]"), "{text}");
    assert!(text.contains("\"latest_streams\":[\"main 2"), "{text}");
    assert!(text.contains("\"unsupported\":[") && text.contains("anomalies"), "{text}");
    let missing = server.call("log_group_detail", json!({"log_group": "/detail/apq"}));
    assert!(missing.error().contains("did you mean /detail/app"), "{}", missing.text);
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
    let mut server = spawn(&["--toolsets", "all"], stub.env());
    let shown = server.call("log_group_detail", json!({"log_group": "/detail/rich"}));
    let text = shown.ok();
    for part in [
        "ERROR <*> refused",
        "\"anomaly_detectors\":1",
        "\"indexed_fields\":[\"requestId\"]",
        "level 97%",
        "2026-11-18T",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}
