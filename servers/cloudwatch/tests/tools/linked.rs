//! What other accounts have, where they are linked, and why a metric has no value.

use awsmcp_testing::{Request, Response, Stub};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::world::CLOUDWATCH;

const OTHER: &str = "999999999999";

fn unserved(request: &Request) -> Response {
    Response::error(400, "InvalidOperationException", request.operation())
}

#[test]
fn metrics_of_a_linked_account_are_listed_and_read() {
    let stub = Stub::start(|request| match request.operation() {
        "ListMetrics" => Response::output(json!({
            "Metrics": [{"Namespace": "Shop", "MetricName": "Orders"}, {"Namespace": "Shop", "MetricName": "Orders"}],
            "OwningAccounts": ["123456789012", OTHER],
        })),
        "GetMetricData" => Response::output(json!({"MetricDataResults": [{"Id": "m1", "Label": "Orders",
            "Timestamps": [Timestamp::now().as_second() - 60], "Values": [3.0], "StatusCode": "Complete"}]})),
        _ => unserved(request),
    });
    let mut server = CLOUDWATCH.at(stub.env()).start();
    let all = server.call("list_metrics", json!({"namespace": "Shop", "account": "all"}));
    assert_eq!(all.column("account"), ["123456789012", OTHER]);
    let sent = stub.of("ListMetrics")[0].json();
    assert_eq!((&sent["IncludeLinkedAccounts"], &sent["OwningAccount"]), (&json!(true), &Value::Null));
    server.call("list_metrics", json!({"namespace": "Shop", "account": OTHER})).ok();
    assert_eq!(stub.of("ListMetrics")[1].json()["OwningAccount"], OTHER);
    server.call("list_metrics", json!({"namespace": "Shop"})).lacks(&[OTHER]);
    assert_eq!(stub.of("ListMetrics")[2].json().get("IncludeLinkedAccounts"), None);
    server.call("list_metrics", json!({"account": "prod"})).fails(&["123456789012"]);
    let metric = json!({"namespace": "Shop", "name": "Orders", "account": OTHER});
    server.call("get_metrics", json!({"metrics": [metric]})).holds(&["\t3\t"]);
    assert_eq!(stub.of("GetMetricData")[0].json()["MetricDataQueries"][0]["AccountId"], OTHER);
    server
        .call("get_metrics", json!({"metrics": [{"namespace": "N", "name": "M", "account": "1"}]}))
        .fails(&["\"1\" is not an account"]);
}

#[test]
fn groups_of_a_linked_account_are_listed_by_an_arn_that_other_tools_take() {
    let arn = format!("arn:aws:logs:us-east-1:{OTHER}:log-group:/other/app");
    let described = arn.clone();
    let stub = Stub::start(move |request| match request.operation() {
        "DescribeLogGroups" => {
            let asked = request.json();
            let own = json!({"logGroupName": "/own", "arn": "arn:aws:logs:us-east-1:123456789012:log-group:/own:*", "storedBytes": 1});
            let other =
                json!({"logGroupName": "/other/app", "arn": format!("{described}:*"), "storedBytes": 1});
            let linked = asked["includeLinkedAccounts"] == true;
            Response::output(json!({"logGroups": if linked { vec![own, other] } else { vec![own] }}))
        }
        "FilterLogEvents" => Response::output(json!({"events": []})),
        "StartQuery" => Response::output(json!({"queryId": "q"})),
        "GetQueryResults" => {
            Response::output(json!({"status": "Complete", "results": [[{"field": "n", "value": "1"}]]}))
        }
        _ => unserved(request),
    });
    let mut server = CLOUDWATCH.at(stub.env()).start();
    let found = server.call("list_log_groups", json!({"account": "all"}));
    assert_eq!(found.column("name"), ["/own", arn.as_str()]);
    assert_eq!(server.call("list_log_groups", json!({})).column("name"), ["/own"]);
    server.call("list_log_groups", json!({"account": OTHER})).ok();
    assert_eq!(stub.of("DescribeLogGroups")[2].json()["accountIdentifiers"], json!([OTHER]));
    for (tool, mut call) in [
        ("query_logs", json!({"statement": "fields @message"})),
        ("filter_logs", json!({})),
        ("summarize_logs", json!({})),
        ("tail_logs", json!({"seconds": 1})),
    ] {
        call["log_groups"] = json!([arn]);
        server.call(tool, call).ok();
    }
    assert_eq!(stub.of("StartQuery")[0].json()["logGroupIdentifiers"], json!([arn]));
    assert!(
        stub.of("FilterLogEvents").iter().all(|asked| asked.json()["logGroupIdentifier"] == arn.as_str())
    );
    // What the operator's list does not hold is not shown under a name that is another's.
    let mut held = CLOUDWATCH
        .at(stub.env())
        .and(&["--allow-arn", "arn:aws:logs:us-east-1:123456789012:log-group:/*"])
        .start();
    held.call("list_log_groups", json!({"account": "all"})).holds(&["/own"]).lacks(&["/other/app"]);
}

/// Metrics that AWS lists, and when the one of the route `pay` had its last value.
fn quiet(last: i64) -> Stub {
    Stub::start(move |request| match request.operation() {
        "GetMetricData" => {
            let asked = request.json();
            let (start, end) =
                (asked["StartTime"].as_f64().unwrap() as i64, asked["EndTime"].as_f64().unwrap() as i64);
            let is_pay =
                asked["MetricDataQueries"][0]["MetricStat"]["Metric"]["Dimensions"][0]["Value"] == "pay";
            let points: Vec<i64> =
                [last].into_iter().filter(|at| is_pay && (start..end).contains(at)).collect();
            Response::output(json!({"MetricDataResults": [{"Id": "m1", "Label": "L", "Timestamps": points,
                "Values": points.iter().map(|_| 1.0).collect::<Vec<_>>(), "StatusCode": "Complete"}]}))
        }
        "ListMetrics" => {
            let asked = request.json();
            let pay = json!({"Namespace": "Shop", "MetricName": "Latency", "Dimensions": [{"Name": "Route", "Value": "pay"}]});
            let wants = asked["Dimensions"][0]["Value"].as_str().is_none_or(|value| value == "pay")
                && asked["MetricName"] == "Latency";
            Response::output(json!({"Metrics": if wants { vec![pay] } else { vec![] }}))
        }
        _ => unserved(request),
    })
}

#[test]
fn a_name_is_blamed_only_where_aws_does_not_know_it() {
    let day = 24 * 3600;
    let now = Timestamp::now().as_second();
    let ask = |stub: &Stub, name: &str, route: &str| {
        let metric = json!({"namespace": "Shop", "name": name, "dimensions": {"Route": route}});
        CLOUDWATCH.at(stub.env()).start().call("get_metrics", json!({"metrics": [metric]})).ok().to_owned()
    };
    let stub = quiet(now - 5 * day);
    let known = ask(&stub, "Latency", "pay");
    assert!(
        known.contains("its last value is of the hour from") && known.contains("look at `start` -6d"),
        "{known}"
    );
    assert!(!known.contains("exact and complete"), "{known}");
    let other = ask(&stub, "Latency", "pya");
    assert!(other.contains("exact and complete; it is there with others, such as Route=pay"), "{other}");
    let unknown = ask(&stub, "Latensy", "pay");
    assert!(
        unknown.contains("AWS knows none of that name that had a value in the last two weeks"),
        "{unknown}"
    );
    let long = ask(&quiet(now - 30 * day), "Latency", "pay");
    assert!(long.contains("AWS knows the metric, but has no value of the last two weeks"), "{long}");
}

#[test]
fn an_alarm_shows_what_its_metric_says_now_however_long_ago_it_changed() {
    for ago in [60, 1800, 3600, 5400, 10_000, 100_000] {
        let since = Timestamp::now().as_second() - ago;
        let stub = Stub::start(move |request| match request.operation() {
            "DescribeAlarms" => Response::output(
                json!({"MetricAlarms": [{"AlarmName": "a", "StateValue": "OK", "StateUpdatedTimestamp": since,
                "Metrics": [{"Id": "m1", "AccountId": OTHER, "MetricStat": {"Metric": {"Namespace": "Shop", "MetricName": "Latency"}, "Period": 60, "Stat": "Sum"}}],
                "EvaluationPeriods": 1, "Threshold": 1.0, "ComparisonOperator": "GreaterThanThreshold"}]}),
            ),
            "DescribeAlarmHistory" => Response::output(json!({"AlarmHistoryItems": []})),
            "GetMetricData" => {
                let asked = request.json();
                assert_eq!(asked["MetricDataQueries"][0]["AccountId"], OTHER);
                let (start, end) =
                    (asked["StartTime"].as_f64().unwrap() as i64, asked["EndTime"].as_f64().unwrap() as i64);
                let now = Timestamp::now().as_second();
                let points: Vec<i64> = (start..end).step_by(60).collect();
                // In the last five minutes it is 42.
                let values: Vec<f64> =
                    points.iter().map(|at| if now - at < 300 { 42.0 } else { 1.0 }).collect();
                Response::output(
                    json!({"MetricDataResults": [{"Id": "m1", "Label": "L", "Timestamps": points, "Values": values, "StatusCode": "Complete"}]}),
                )
            }
            _ => unserved(request),
        });
        let shown = CLOUDWATCH.at(stub.env()).start().call("explain_alarm", json!({"alarm": "a"})).object();
        let metric = &shown["metrics"][0];
        assert_eq!(metric["last"], 42, "{ago} s ago: {metric}");
        let near = metric["around_change"].as_array().unwrap();
        assert!(near.last().unwrap().as_str().unwrap().ends_with(" 42"), "{ago} s ago: {metric}");
        let mut sorted = near.clone();
        sorted.sort_by_key(|value| value.as_str().unwrap().to_owned());
        sorted.dedup();
        assert_eq!(&sorted, near, "{ago} s ago");
    }
}

#[test]
fn a_composite_alarm_says_how_many_of_at_least_there_are() {
    let alarm = |name: &str, state: &str| {
        json!({"AlarmName": name, "StateValue": state, "Namespace": "N", "MetricName": "M", "Statistic": "Sum", "Period": 60,
            "EvaluationPeriods": 1, "Threshold": 1.0, "ComparisonOperator": "GreaterThanThreshold"})
    };
    let stub = Stub::start(move |request| match request.operation() {
        "DescribeAlarms" if request.json()["AlarmNames"][0] == "comp" => {
            Response::output(json!({"CompositeAlarms": [{"AlarmName": "comp",
            "StateValue": "OK", "AlarmRule": "AT_LEAST( 2,\n ALARM, (\"a\", b,\n\"c\"))"}]}))
        }
        "DescribeAlarms" => Response::output(
            json!({"MetricAlarms": [alarm("a", "ALARM"), alarm("b", "OK"), alarm("c", "OK")]}),
        ),
        "DescribeAlarmHistory" => Response::output(json!({"AlarmHistoryItems": []})),
        _ => unserved(request),
    });
    let mut server = CLOUDWATCH.at(stub.env()).start();
    let shown = server.call("explain_alarm", json!({"alarm": "comp"}));
    shown.holds(&["of 3 alarms 1 are in ALARM; its rule wants 2", "in ALARM below it: a"]);
    assert_eq!(shown.object()["children"].as_array().unwrap().len(), 3);
    assert_eq!(server.call("list_alarms", json!({"tree": "comp"})).column("name"), ["comp", "a", "b", "c"]);
    server
        .call("put_alarm", json!({"alarm": "new", "rule": "ALARM(a) ALARM(b)"}))
        .fails(&["at character 10", "AT_LEAST(2"]);
}

#[test]
fn a_metric_is_known_on_whatever_page_it_is_listed_and_one_of_several_is_told() {
    let now = Timestamp::now().as_second();
    let stub = Stub::start(move |request| match request.operation() {
        "GetMetricData" => {
            let asked = request.json();
            let queries = asked["MetricDataQueries"].as_array().unwrap().clone();
            let results: Vec<Value> = queries
                .iter()
                .map(|query| {
                    let has = query["MetricStat"]["Metric"]["MetricName"] == "Calls";
                    let points: Vec<i64> = if has { vec![now - 60] } else { Vec::new() };
                    json!({"Id": query["Id"], "Label": query["Label"], "Timestamps": points,
                        "Values": points.iter().map(|_| 1.0).collect::<Vec<_>>(), "StatusCode": "Complete"})
                })
                .collect();
            Response::output(json!({"MetricDataResults": results}))
        }
        "ListMetrics" => {
            let of = |dimensions: Value| json!({"Namespace": "Shop", "MetricName": "Latency", "Dimensions": dimensions});
            let route = json!({"Name": "Route", "Value": "pay"});
            match request.json()["NextToken"].as_str() {
                None => {
                    let wider = of(json!([route, {"Name": "Host", "Value": "a"}]));
                    Response::output(json!({"Metrics": [wider], "NextToken": "2"}))
                }
                Some(_) => Response::output(json!({"Metrics": [of(json!([route]))]})),
            }
        }
        _ => unserved(request),
    });
    let metric = |name: &str| json!({"namespace": "Shop", "name": name, "dimensions": {"Route": "pay"}});
    let mut server = CLOUDWATCH.at(stub.env()).start();
    let told = server.call("get_metrics", json!({"metrics": [metric("Calls"), metric("Latency")]}));
    told.holds(&[
        "no value of Average of Shop Latency (Route=pay) in that time",
        "AWS knows the metric, but has no value of the last two weeks",
    ]);
    told.lacks(&["exact and complete"]);
}
