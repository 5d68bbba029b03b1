//! Listing, explaining, making, setting and deleting alarms.
#![cfg(test)]

use awsmcp_testing::{LocalAws, Response, Server, Stub};
use jiff::Timestamp;
use serde_json::{Value, json};

fn spawn(env: Vec<(String, String)>) -> Server {
    let args = ["--toolsets", "all", "--allow", "write,destroy"];
    let mut server = Server::spawn(env!("CARGO_BIN_EXE_awsmcp-cloudwatch"), args, env);
    server.initialize();
    server
}

fn server() -> Server {
    spawn(LocalAws::shared().env())
}

fn dry(server: &mut Server, tool: &str, mut arguments: Value) -> String {
    arguments["dry_run"] = json!(true);
    server.call(tool, arguments).ok().to_owned()
}

fn alarm(name: &str) -> Value {
    json!({"AlarmName": name, "Namespace": "Alarms/Shop", "MetricName": "Errors", "Statistic": "Sum", "Period": 60,
        "Dimensions": [{"Name": "Service", "Value": name}], "EvaluationPeriods": 3, "DatapointsToAlarm": 2, "Threshold": 5.0,
        "ComparisonOperator": "GreaterThanThreshold", "TreatMissingData": "notBreaching",
        "AlarmActions": ["arn:aws:sns:us-east-1:123456789012:ops"]})
}

fn make(name: &str) {
    LocalAws::shared().call("cloudwatch", "PutMetricAlarm", alarm(name));
}

fn set(name: &str, state: &str, reason: &str) {
    let input = json!({"AlarmName": name, "StateValue": state, "StateReason": reason});
    LocalAws::shared().call("cloudwatch", "SetAlarmState", input);
}

#[test]
fn alarms_are_listed_by_prefix_and_state_page_by_page() {
    for n in 0..4 {
        make(&format!("listed-{n}"));
    }
    set("listed-2", "ALARM", "test");
    let mut server = server();
    let first = server.call("list_alarms", json!({"prefix": "listed-", "limit": 3}));
    assert!(
        first.ok().contains("Sum of Alarms/Shop Errors (Service=listed-0) > 5 for 2 of 3 periods of 60 s"),
        "{}",
        first.text
    );
    let cursor = first.text.split("next: ").nth(1).expect("a second page").trim();
    let second = server.call("list_alarms", json!({"prefix": "listed-", "limit": 3, "cursor": cursor}));
    assert!(second.ok().contains("listed-3") && !second.text.contains("listed-2"), "{}", second.text);
    let firing = server.call("list_alarms", json!({"prefix": "listed-", "state": "alarm"}));
    assert!(firing.ok().contains("listed-2\tALARM\t2") && firing.text.contains("1 row"), "{}", firing.text);
}

#[test]
fn a_composite_alarm_is_shown_with_all_below_it() {
    make("leaf-a");
    make("leaf-b");
    let aws = LocalAws::shared();
    let put = |name: &str, rule: &str| {
        aws.call("cloudwatch", "PutCompositeAlarm", json!({"AlarmName": name, "AlarmRule": rule}));
    };
    put("middle", "ALARM(\"leaf-a\") OR ALARM(\"leaf-b\")");
    put("top", "ALARM(\"middle\")");
    let mut server = server();
    let tree = server.call("list_alarms", json!({"tree": "top"}));
    let order: Vec<&str> =
        tree.ok().lines().skip(1).take(4).filter_map(|line| line.split('\t').next()).collect();
    assert_eq!(order, ["top", "middle", "leaf-a", "leaf-b"], "{}", tree.text);
    let shown = server.call("explain_alarm", json!({"alarm": "top"}));
    assert!(shown.ok().contains("\"children\":[{\"name\":\"middle\""), "{}", shown.text);
    let mixed = server.call("list_alarms", json!({"tree": "top", "prefix": "x"}));
    assert!(mixed.error().contains("`tree` goes alone"), "{}", mixed.text);
}

#[test]
fn a_circle_of_alarms_ends_and_a_missing_one_is_named() {
    let stub = Stub::start(|request| match request.operation() {
        "DescribeAlarms" => {
            let names = request.json()["AlarmNames"].clone();
            let composite =
                |name: &str, rule: &str| json!({"AlarmName": name, "AlarmRule": rule, "StateValue": "OK"});
            let all =
                [composite("one", "ALARM(\"two\")"), composite("two", "ALARM(\"one\") OR ALARM(\"gone\")")];
            let asked =
                |alarm: &Value| names.as_array().is_some_and(|names| names.contains(&alarm["AlarmName"]));
            Response::output(json!({"CompositeAlarms": all.into_iter().filter(asked).collect::<Vec<_>>()}))
        }
        _ => Response::output(json!({"AlarmHistoryItems": []})),
    });
    let mut server = spawn(stub.env());
    let tree = server.call("list_alarms", json!({"tree": "one"}));
    assert!(
        tree.ok().contains("2 rows") && tree.text.contains("two names alarms that do not exist: gone"),
        "{}",
        tree.text
    );
    let shown = server.call("explain_alarm", json!({"alarm": "two"}));
    assert!(shown.ok().contains("its rule names alarms that do not exist: gone"), "{}", shown.text);
}

#[test]
fn an_alarm_is_explained_with_the_metric_around_its_change() {
    make("explained");
    let now = Timestamp::now().as_second();
    let datum = |n: i64, value: f64| json!({"MetricName": "Errors", "Dimensions": [{"Name": "Service", "Value": "explained"}], "Value": value, "Unit": "Count", "Timestamp": now - n * 60});
    let data = json!([datum(6, 1.0), datum(5, 2.0), datum(4, 9.0), datum(3, 8.0)]);
    LocalAws::shared().call(
        "cloudwatch",
        "PutMetricData",
        json!({"Namespace": "Alarms/Shop", "MetricData": data}),
    );
    set("explained", "ALARM", "Threshold Crossed: 2 datapoints were greater than the threshold (5.0).");
    let mut server = server();
    let shown = server
        .call("explain_alarm", json!({"alarm": "arn:aws:cloudwatch:us-east-1:123456789012:alarm:explained"}));
    let shown: Value = serde_json::from_str(shown.ok()).unwrap();
    assert_eq!(shown["state"], "ALARM");
    assert!(shown["reason"].as_str().unwrap().contains("Threshold Crossed"), "{shown}");
    assert_eq!(
        shown["condition"],
        "Sum of Alarms/Shop Errors (Service=explained) > 5 for 2 of 3 periods of 60 s"
    );
    assert_eq!(shown["treats_missing_data_as"], "notBreaching");
    let metric = &shown["metrics"][0];
    assert_eq!((&metric["max"], &metric["unit"]), (&json!(9), &json!("Count")), "{shown}");
    assert!(metric["around_change"].to_string().contains("Z 9\""), "{shown}");
    assert!(shown["changes"][0]["summary"].as_str().unwrap().contains("ALARM"), "{shown}");
}

#[test]
fn what_is_wrong_with_an_alarm_is_found() {
    let mut input = alarm("silent");
    input["ActionsEnabled"] = json!(false);
    LocalAws::shared().call("cloudwatch", "PutMetricAlarm", input);
    let mut server = server();
    let shown = server.call("explain_alarm", json!({"alarm": "silent"}));
    assert!(shown.ok().contains("its actions are disabled: it tells nobody"), "{}", shown.text);
    assert!(shown.text.contains("the metric has no value in that time"), "{}", shown.text);
    let missing = server.call("explain_alarm", json!({"alarm": "silnet"}));
    assert!(missing.error().contains("did you mean silent?"), "{}", missing.text);
    let bad = server.call("explain_alarm", json!({"alarm": ""}));
    assert!(bad.error().contains("orders-5xx"), "{}", bad.text);
}

#[test]
fn an_alarm_on_a_query_is_listed_and_explained() {
    let stub = Stub::start(|request| match request.operation() {
        "DescribeAlarms" => Response::output(
            json!({"LogAlarms": [{"AlarmName": "errors-in-logs", "StateValue": "OK", "Threshold": 3.0,
            "ComparisonOperator": "GreaterThanThreshold", "QueryResultsToEvaluate": 3, "QueryResultsToAlarm": 2, "ActionsEnabled": true}]}),
        ),
        _ => Response::output(json!({"AlarmHistoryItems": []})),
    });
    let mut server = spawn(stub.env());
    let listed = server.call("list_alarms", json!({}));
    assert!(
        listed.ok().contains("errors-in-logs\tOK\tlog\tquery result > 3 for 2 of 3 results"),
        "{}",
        listed.text
    );
    let shown = server.call("explain_alarm", json!({"alarm": "errors-in-logs"}));
    assert!(shown.ok().contains("\"kind\":\"log\""), "{}", shown.text);
    let put = server.call("put_alarm", json!({"alarm": "errors-in-logs", "threshold": 4}));
    assert!(put.error().contains("watches a scheduled query"), "{}", put.text);
}

#[test]
fn a_new_alarm_is_planned_and_made_and_then_changed_in_part() {
    let mut server = server();
    let call = json!({"alarm": "made", "metrics": [{"namespace": "AWS/Lambda", "name": "Errors", "dimensions": {"FunctionName": "f"}, "stat": "Sum"}],
        "comparison": "greater", "threshold": 0, "missing_data": "not_breaching", "periods": 3, "datapoints": 2,
        "alarm_actions": ["arn:aws:sns:us-east-1:123456789012:ops"]});
    let plan = dry(&mut server, "put_alarm", call.clone());
    assert!(
        plan.contains("would create the metric alarm made")
            && plan.contains("+  \"Namespace\": \"AWS/Lambda\""),
        "{plan}"
    );
    assert!(server.call("explain_alarm", json!({"alarm": "made"})).is_error);
    let made = server.call("put_alarm", call.clone());
    assert!(
        made.ok().contains("\"outcome\":\"created\"") && made.text.contains("> 0 for 2 of 3 periods of 60 s"),
        "{}",
        made.text
    );
    let same = dry(&mut server, "put_alarm", call);
    assert!(same.contains("nothing changes"), "{same}");
    let change = json!({"alarm": "made", "threshold": 2, "description": "d"});
    let plan = dry(&mut server, "put_alarm", change.clone());
    assert!(
        plan.contains("would change the alarm made")
            && plan.contains("-  \"Threshold\": 0.0")
            && plan.contains("+  \"Threshold\": 2.0"),
        "{plan}"
    );
    assert!(!plan.contains("-  \"Namespace\""), "{plan}");
    let changed = server.call("put_alarm", change);
    assert!(
        changed.ok().contains("Sum of AWS/Lambda Errors (FunctionName=f) > 2 for 2 of 3 periods of 60 s"),
        "{}",
        changed.text
    );
    let shown = server.call("explain_alarm", json!({"alarm": "made"}));
    assert!(
        shown.ok().contains("arn:aws:sns:us-east-1:123456789012:ops") && shown.text.contains("notBreaching"),
        "{}",
        shown.text
    );
}

#[test]
fn percentiles_math_and_bands_reach_aws_as_it_wants_them() {
    let stub = Stub::start(|request| match request.operation() {
        "DescribeAlarms" => Response::output(json!({"MetricAlarms": []})),
        _ => Response::output(json!({})),
    });
    let mut server = spawn(stub.env());
    let metric = json!({"namespace": "N", "name": "Latency", "stat": "p99"});
    server.call("put_alarm", json!({"alarm": "a", "metrics": [metric], "comparison": "less_or_equal", "threshold": 1, "period_seconds": 300})).ok();
    let math = json!([{"namespace": "N", "name": "Errors", "stat": "Sum", "id": "e"}, {"namespace": "N", "name": "Calls", "stat": "Sum", "id": "c"}, {"expression": "100*e/c", "id": "rate", "label": "rate"}]);
    server
        .call("put_alarm", json!({"alarm": "b", "metrics": math, "comparison": "greater", "threshold": 1}))
        .ok();
    server
        .call("put_alarm", json!({"alarm": "c", "metrics": [metric], "comparison": "outside", "band": 2}))
        .ok();
    let sent: Vec<Value> = stub.of("PutMetricAlarm").iter().map(awsmcp_testing::Request::json).collect();
    assert_eq!(sent[0]["ExtendedStatistic"], "p99");
    assert_eq!(
        (&sent[0]["Period"], &sent[0]["ComparisonOperator"]),
        (&json!(300), &json!("LessThanOrEqualToThreshold"))
    );
    let returned: Vec<&Value> =
        sent[1]["Metrics"].as_array().unwrap().iter().map(|query| &query["ReturnData"]).collect();
    assert_eq!(returned, [&json!(false), &json!(false), &json!(true)]);
    assert_eq!(sent[2]["ThresholdMetricId"], "band");
    assert_eq!(sent[2]["Metrics"][1]["Expression"], "ANOMALY_DETECTION_BAND(m1, 2)");
    assert_eq!(sent[2]["ComparisonOperator"], "LessThanLowerOrGreaterThanUpperThreshold");
    assert_eq!(sent[2].get("Threshold"), None);
}

#[test]
fn what_makes_no_alarm_is_told_with_a_good_one() {
    make("is-metric");
    let mut server = server();
    let mut error = |arguments: Value| server.call("put_alarm", arguments).error().to_owned();
    let metric = json!([{"namespace": "N", "name": "M"}]);
    let text = error(json!({"alarm": "new-one"}));
    assert!(text.contains("needs `metrics`") && text.contains("orders-errors"), "{text}");
    let text = error(json!({"alarm": "new-one", "metrics": metric, "comparison": "greater"}));
    assert!(text.contains("`threshold` or `band`"), "{text}");
    let text = error(json!({"alarm": "new-one", "metrics": metric, "comparison": "outside", "threshold": 1}));
    assert!(text.contains("outside is of a `band`"), "{text}");
    let text = error(
        json!({"alarm": "new-one", "metrics": metric, "comparison": "greater", "threshold": 1, "datapoints": 3, "periods": 2}),
    );
    assert!(text.contains("`datapoints` 3 is more than"), "{text}");
    let text = error(json!({"alarm": "is-metric", "rule": "TRUE"}));
    assert!(text.contains("is a metric alarm"), "{text}");
    let text = error(json!({"alarm": "x", "rule": "TRUE", "threshold": 1}));
    assert!(text.contains("one or the other"), "{text}");
}

#[test]
fn a_composite_alarm_is_made_and_its_rule_is_checked() {
    make("part");
    let mut server = server();
    let call = json!({"alarm": "whole", "rule": "ALARM(\"part\") OR ALARM(\"absent\")"});
    let plan = dry(&mut server, "put_alarm", call.clone());
    assert!(plan.contains("would create the composite alarm whole"), "{plan}");
    assert!(plan.contains("warning: the rule names alarms that do not exist: absent"), "{plan}");
    let rule = json!({"alarm": "whole", "rule": "ALARM(\"part\")"});
    assert!(server.call("put_alarm", rule).ok().contains("\"outcome\":\"created\""));
    let changed = server.call("put_alarm", json!({"alarm": "whole", "description": "all of it"}));
    assert!(changed.ok().contains("\"condition\":\"ALARM(\\\"part\\\")\""), "{}", changed.text);
}

#[test]
fn actions_are_turned_off_and_on() {
    make("switched");
    let mut server = server();
    let off = json!({"alarms": ["switched"], "actions": "disable"});
    let plan = dry(&mut server, "set_alarm", off.clone());
    assert!(
        plan.contains("would turn off the actions of 1 alarm") && plan.contains("nobody is told"),
        "{plan}"
    );
    server.call("set_alarm", off).ok();
    let listed = server.call("list_alarms", json!({"prefix": "switched"}));
    assert!(listed.ok().contains("actions_enabled") && listed.text.contains("false"), "{}", listed.text);
    server.call("set_alarm", json!({"alarms": ["switched"], "actions": "enable"})).ok();
    let listed = server.call("list_alarms", json!({"prefix": "switched"}));
    assert!(!listed.ok().contains("actions_enabled"), "{}", listed.text);
    let missing = server.call("set_alarm", json!({"alarms": ["swithced"], "actions": "enable"}));
    assert!(missing.error().contains("did you mean switched?"), "{}", missing.text);
}

#[test]
fn a_state_is_set_with_a_reason_and_after_a_question() {
    make("forced");
    let mut server = server();
    let call = json!({"alarms": ["forced"], "state": "alarm", "reason": "fire drill"});
    let asked = server.call("set_alarm", call.clone());
    assert!(
        asked.ok().contains("nothing was done yet") && asked.text.contains("people may be called"),
        "{}",
        asked.text
    );
    server.confirmed("set_alarm", call).ok();
    let shown = server.call("explain_alarm", json!({"alarm": "forced"}));
    assert!(
        shown.ok().contains("fire drill") && shown.text.contains("\"state\":\"ALARM\""),
        "{}",
        shown.text
    );
    let bare = server.call("set_alarm", json!({"alarms": ["forced"], "state": "ok"}));
    assert!(bare.error().contains("needs a `reason`"), "{}", bare.text);
    let none = server.call("set_alarm", json!({"alarms": ["forced"]}));
    assert!(none.error().contains("\"mute\""), "{}", none.text);
}

#[test]
fn alarms_are_muted_for_a_while_and_heard_again() {
    make("muted");
    let stub = Stub::before(LocalAws::shared(), |request| match request.operation() {
        "PutAlarmMuteRule" | "DeleteAlarmMuteRule" => Response::output(json!({})),
        _ => Response::HandOn,
    });
    let mut server = spawn(stub.env());
    let done = server.call("set_alarm", json!({"alarms": ["muted"], "mute": "maintenance", "minutes": 90}));
    assert!(done.ok().contains("muted until about 2"), "{}", done.text);
    let sent = stub.of("PutAlarmMuteRule")[0].json();
    assert_eq!(sent["Name"], "maintenance");
    assert_eq!(sent["MuteTargets"]["AlarmNames"], json!(["muted"]));
    assert_eq!(sent["Rule"]["Schedule"]["Duration"], "PT90M");
    assert!(sent["Rule"]["Schedule"]["Expression"].as_str().unwrap().starts_with("at(2"), "{sent}");
    server.call("set_alarm", json!({"alarms": ["muted"], "mute": "maintenance"})).ok();
    assert_eq!(stub.of("DeleteAlarmMuteRule")[0].json()["AlarmMuteRuleName"], "maintenance");
}

#[test]
fn alarms_are_deleted_after_a_plan_that_shows_them() {
    make("doomed-1");
    make("doomed-2");
    let mut server = server();
    let call = json!({"alarms": ["doomed-1", "doomed-2"]});
    let plan = server.call("delete_alarms", call.clone());
    assert!(plan.ok().contains("would delete 2 alarms") && plan.text.contains("doomed-2\t"), "{}", plan.text);
    assert!(server.confirmed("delete_alarms", call.clone()).ok().contains("doomed-1"));
    let gone = server.call("delete_alarms", call);
    assert!(gone.error().contains("there is no alarm doomed-1"), "{}", gone.text);
}

#[test]
fn a_plan_is_for_the_alarm_as_it_was() {
    make("moving");
    let mut server = server();
    let call = json!({"alarms": ["moving"]});
    let plan = server.call("delete_alarms", call.clone());
    let token = plan.token().to_owned();
    let mut input = alarm("moving");
    input["Threshold"] = json!(99.0);
    LocalAws::shared().call("cloudwatch", "PutMetricAlarm", input);
    let again = server.call("delete_alarms", json!({"alarms": ["moving"], "confirm": token}));
    assert!(again.ok().contains("things have changed since that plan was made"), "{}", again.text);
    server.call("explain_alarm", json!({"alarm": "moving"})).ok();
}

#[test]
fn alarms_are_suggested_from_the_metrics_own_past() {
    let stub = Stub::start(|request| {
        let end = request.json()["EndTime"].as_f64().map_or(Timestamp::now().as_second(), |end| end as i64)
            / 300
            * 300;
        let times: Vec<i64> = (0..1000).map(|n| end - (1000 - n) * 300).collect();
        let values: Vec<f64> =
            (0..1000).map(|n| if n % 100 == 3 { 50.0 } else { f64::from(n % 10) }).collect();
        Response::output(
            json!({"MetricDataResults": [{"Id": "m1", "Label": "Latency", "Timestamps": times, "Values": values}]}),
        )
    });
    let mut server = spawn(stub.env());
    let metric = json!({"namespace": "N", "name": "Latency"});
    let found = server.call("suggest_alarm", json!({"metric": metric}));
    assert!(found.ok().contains("greater\t50\t300\t1\tmissing\t0\t0\tmore than ever"), "{}", found.text);
    assert!(
        found.text.contains("1000 values in 14 days, median 5") && found.text.contains("highest 50"),
        "{}",
        found.text
    );
    let few = Stub::start(|_| Response::output(json!({"MetricDataResults": []})));
    let few = spawn(few.env()).call("suggest_alarm", json!({"metric": metric}));
    assert!(few.error().contains("0 values in 14 days are too few"), "{}", few.text);
    let bad = server.call("suggest_alarm", json!({"metric": {"name": "x"}}));
    assert!(bad.error().contains("AWS/Lambda"), "{}", bad.text);
}
