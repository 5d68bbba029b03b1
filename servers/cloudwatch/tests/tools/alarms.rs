//! Listing, explaining, making, setting and deleting alarms.

use awsmcp_testing::{LocalAws, Response, Stub, expect};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::world::CLOUDWATCH;

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
    let mut server = CLOUDWATCH.start();
    let first = server.call("list_alarms", json!({"prefix": "listed-", "limit": 3}));
    first.holds(&["Sum of Alarms/Shop Errors (Service=listed-0) > 5 for 2 of 3 periods of 60 s"]);
    let cursor = first.next().expect("a second page");
    let second = server.call("list_alarms", json!({"prefix": "listed-", "limit": 3, "cursor": cursor}));
    second.holds(&["listed-3"]).lacks(&["listed-2"]);
    let firing = server.call("list_alarms", json!({"prefix": "listed-", "state": "alarm"}));
    firing.holds(&["listed-2\tALARM\t2", "1 row"]);
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
    let mut server = CLOUDWATCH.start();
    let tree = server.call("list_alarms", json!({"tree": "top"}));
    let order: Vec<&str> =
        tree.ok().lines().skip(1).take(4).filter_map(|line| line.split('\t').next()).collect();
    assert_eq!(order, ["top", "middle", "leaf-a", "leaf-b"], "{}", tree.text);
    let shown = server.call("explain_alarm", json!({"alarm": "top"}));
    shown.holds(&["\"children\":[{\"name\":\"middle\""]);
    let mixed = server.call("list_alarms", json!({"tree": "top", "prefix": "x"}));
    mixed.fails(&["`tree` goes alone"]);
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
    let mut server = CLOUDWATCH.at(stub.env()).start();
    let tree = server.call("list_alarms", json!({"tree": "one"}));
    tree.holds(&["2 rows", "two names alarms that do not exist: gone"]);
    let shown = server.call("explain_alarm", json!({"alarm": "two"}));
    shown.holds(&["its rule names alarms that do not exist: gone"]);
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
    let mut server = CLOUDWATCH.start();
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
    let mut server = CLOUDWATCH.start();
    let shown = server.call("explain_alarm", json!({"alarm": "silent"}));
    shown.holds(&["its actions are disabled: it tells nobody", "the metric has no value in that time"]);
    let missing = server.call("explain_alarm", json!({"alarm": "silnet"}));
    missing.fails(&["did you mean silent?"]);
    let bad = server.call("explain_alarm", json!({"alarm": ""}));
    bad.fails(&["orders-5xx"]);
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
    let mut server = CLOUDWATCH.at(stub.env()).start();
    let listed = server.call("list_alarms", json!({}));
    listed.holds(&["errors-in-logs\tOK\tlog\tquery result > 3 for 2 of 3 results"]);
    let shown = server.call("explain_alarm", json!({"alarm": "errors-in-logs"}));
    shown.holds(&["\"kind\":\"log\""]);
    let put = server.call("put_alarm", json!({"alarm": "errors-in-logs", "threshold": 4}));
    put.fails(&["watches a scheduled query"]);
}

#[test]
fn a_new_alarm_is_planned_and_made_and_then_changed_in_part() {
    let mut server = CLOUDWATCH.start();
    let call = json!({"alarm": "made", "metrics": [{"namespace": "AWS/Lambda", "name": "Errors", "dimensions": {"FunctionName": "f"}, "stat": "Sum"}],
        "comparison": "greater", "threshold": 0, "missing_data": "not_breaching", "periods": 3, "datapoints": 2,
        "alarm_actions": ["arn:aws:sns:us-east-1:123456789012:ops"]});
    let plan = server.plan("put_alarm", call.clone());
    plan.shows(expect![[r#"
        dry run, nothing was changed. put_alarm would create the metric alarm made
        diff
        +{
        +  "ActionsEnabled": true,
        +  "AlarmActions": [
        +    "arn:aws:sns:us-east-1:123456789012:ops"
        +  ],
        +  "ComparisonOperator": "GreaterThanThreshold",
        +  "DatapointsToAlarm": 2,
        +  "Dimensions": {
        +    "FunctionName": "f"
        +  },
        +  "EvaluationPeriods": 3,
        +  "MetricName": "Errors",
        +  "Namespace": "AWS/Lambda",
        +  "Period": 60,
        +  "Stat": "Sum",
        +  "Threshold": 0.0,
        +  "TreatMissingData": "notBreaching"
        +}
        18 rows"#]]);
    assert!(server.call("explain_alarm", json!({"alarm": "made"})).is_error);
    let made = server.call("put_alarm", call.clone());
    made.holds(&["\"outcome\":\"created\"", "> 0 for 2 of 3 periods of 60 s"]);
    let same = server.plan("put_alarm", call);
    same.holds(&["nothing changes"]);
    let change = json!({"alarm": "made", "threshold": 2, "description": "d"});
    let plan = server.plan("put_alarm", change.clone());
    plan.shows(expect![[r#"
        dry run, nothing was changed. put_alarm would change the alarm made
        diff
             "arn:aws:sns:us-east-1:123456789012:ops"
           ],
        +  "AlarmDescription": "d",
           "ComparisonOperator": "GreaterThanThreshold",
           "DatapointsToAlarm": 2,
        ...
           "Period": 60,
           "Stat": "Sum",
        -  "Threshold": 0.0,
        +  "Threshold": 2.0,
           "TreatMissingData": "notBreaching"
         }
        12 rows"#]]);
    plan.lacks(&["-  \"Namespace\""]);
    let changed = server.call("put_alarm", change);
    changed.holds(&["Sum of AWS/Lambda Errors (FunctionName=f) > 2 for 2 of 3 periods of 60 s"]);
    let shown = server.call("explain_alarm", json!({"alarm": "made"}));
    shown.holds(&["arn:aws:sns:us-east-1:123456789012:ops", "notBreaching"]);
}

#[test]
fn percentiles_math_and_bands_reach_aws_as_it_wants_them() {
    let stub = Stub::start(|request| match request.operation() {
        "DescribeAlarms" => Response::output(json!({"MetricAlarms": []})),
        _ => Response::output(json!({})),
    });
    let mut server = CLOUDWATCH.at(stub.env()).start();
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
    let mut server = CLOUDWATCH.start();
    let mut failing = |arguments: Value| server.call("put_alarm", arguments);
    let metric = json!([{"namespace": "N", "name": "M"}]);
    failing(json!({"alarm": "new-one"})).fails(&["needs `metrics`", "orders-errors"]);
    failing(json!({"alarm": "new-one", "metrics": metric, "comparison": "greater"}))
        .fails(&["`threshold` or `band`"]);
    failing(json!({"alarm": "new-one", "metrics": metric, "comparison": "outside", "threshold": 1}))
        .fails(&["outside is of a `band`"]);
    failing(
        json!({"alarm": "new-one", "metrics": metric, "comparison": "greater", "threshold": 1, "datapoints": 3, "periods": 2}),
    ).fails(&["`datapoints` 3 is more than"]);
    failing(json!({"alarm": "is-metric", "rule": "TRUE"})).fails(&["is a metric alarm"]);
    failing(json!({"alarm": "x", "rule": "TRUE", "threshold": 1})).fails(&["one or the other"]);
}

#[test]
fn a_composite_alarm_is_made_and_its_rule_is_checked() {
    make("part");
    let mut server = CLOUDWATCH.start();
    let call = json!({"alarm": "whole", "rule": "ALARM(\"part\") OR ALARM(\"absent\")"});
    let plan = server.plan("put_alarm", call.clone());
    plan.shows(expect![[r#"
        dry run, nothing was changed. put_alarm would create the composite alarm whole
        warning: it has no action for ALARM: it tells nobody
        warning: the rule names alarms that do not exist: absent
        diff
        +{
        +  "AlarmRule": "ALARM(\\"part\\") OR ALARM(\\"absent\\")"
        +}
        3 rows"#]]);
    let rule = json!({"alarm": "whole", "rule": "ALARM(\"part\")"});
    server.call("put_alarm", rule).holds(&["\"outcome\":\"created\""]);
    let changed = server.call("put_alarm", json!({"alarm": "whole", "description": "all of it"}));
    changed.holds(&["\"condition\":\"ALARM(\\\"part\\\")\""]);
}

#[test]
fn actions_are_turned_off_and_on() {
    make("switched");
    let mut server = CLOUDWATCH.start();
    let off = json!({"alarms": ["switched"], "actions": "disable"});
    let plan = server.plan("set_alarm", off.clone());
    plan.shows(expect![[r#"
        dry run, nothing was changed. set_alarm would turn off the actions of 1 alarm
        warning: nobody is told of an ALARM until they are enabled again; a mute ends by itself
        alarm	state	actions_enabled	actions
        switched	INSUFFICIENT_DATA	true	arn:aws:sns:us-east-1:123456789012:ops
        1 row"#]]);
    server.confirmed("set_alarm", off).ok();
    let listed = server.call("list_alarms", json!({"prefix": "switched"}));
    listed.holds(&["actions_enabled", "false"]);
    server.call("set_alarm", json!({"alarms": ["switched"], "actions": "enable"})).ok();
    let listed = server.call("list_alarms", json!({"prefix": "switched"}));
    listed.ok();
    listed.lacks(&["actions_enabled"]);
    let missing = server.call("set_alarm", json!({"alarms": ["swithced"], "actions": "enable"}));
    missing.fails(&["did you mean switched?"]);
}

#[test]
fn a_state_is_set_with_a_reason_and_after_a_question() {
    make("forced");
    let mut server = CLOUDWATCH.start();
    let call = json!({"alarms": ["forced"], "state": "alarm", "reason": "fire drill"});
    let asked = server.call("set_alarm", call.clone());
    asked.holds(&["nothing was done yet", "people may be called"]);
    server.confirmed("set_alarm", call).ok();
    let shown = server.call("explain_alarm", json!({"alarm": "forced"}));
    shown.holds(&["fire drill", "\"state\":\"ALARM\""]);
    let bare = server.call("set_alarm", json!({"alarms": ["forced"], "state": "ok"}));
    bare.fails(&["needs a `reason`"]);
    let none = server.call("set_alarm", json!({"alarms": ["forced"]}));
    none.fails(&["\"mute\""]);
}

#[test]
fn alarms_are_muted_for_a_while_and_heard_again() {
    make("muted");
    let stub = Stub::before(LocalAws::shared(), |request| match request.operation() {
        // It is there from the mute on.
        "GetAlarmMuteRule" if request.nth < 3 => {
            Response::error(404, "ResourceNotFoundException", "no such rule")
        }
        "GetAlarmMuteRule" => {
            Response::output(json!({"Name": "maintenance", "MuteTargets": {"AlarmNames": ["muted"]}}))
        }
        "PutAlarmMuteRule" | "DeleteAlarmMuteRule" => Response::output(json!({})),
        _ => Response::HandOn,
    });
    let mut server = CLOUDWATCH.at(stub.env()).start();
    let done = server.call("set_alarm", json!({"alarms": ["muted"], "mute": "maintenance", "minutes": 90}));
    done.holds(&["muted until about 2"]);
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
    let mut server = CLOUDWATCH.start();
    let call = json!({"alarms": ["doomed-1", "doomed-2"]});
    let plan = server.call("delete_alarms", call.clone());
    plan.holds(&["would delete 2 alarms", "doomed-2\t"]);
    server.confirmed("delete_alarms", call.clone()).holds(&["doomed-1"]);
    let gone = server.call("delete_alarms", call);
    gone.fails(&["there is no alarm doomed-1"]);
}

#[test]
fn a_plan_is_for_the_alarm_as_it_was() {
    make("moving");
    let mut server = CLOUDWATCH.start();
    let call = json!({"alarms": ["moving"]});
    let plan = server.call("delete_alarms", call.clone());
    let token = plan.token().to_owned();
    let mut input = alarm("moving");
    input["Threshold"] = json!(99.0);
    LocalAws::shared().call("cloudwatch", "PutMetricAlarm", input);
    let again = server.call("delete_alarms", json!({"alarms": ["moving"], "confirm": token}));
    again.holds(&["things have changed since that plan was made"]);
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
    let mut server = CLOUDWATCH.at(stub.env()).start();
    let metric = json!({"namespace": "N", "name": "Latency"});
    let found = server.call("suggest_alarm", json!({"metric": metric}));
    found.holds(&[
        "greater\t50\t300\t1\tmissing\t0\t0\tmore than ever",
        "1000 values in 14 days, median 5",
        "highest 50",
    ]);
    let few = Stub::start(|request| match request.operation() {
        "ListMetrics" => Response::output(json!({"Metrics": []})),
        _ => Response::output(json!({"MetricDataResults": []})),
    });
    let few = CLOUDWATCH.at(few.env()).start().call("suggest_alarm", json!({"metric": metric}));
    few.fails(&["0 values in 14 days are too few"]);
    let bad = server.call("suggest_alarm", json!({"metric": {"name": "x"}}));
    bad.fails(&["AWS/Lambda"]);
}

/// An alarm on a band, whose id is not ours, of a metric of another account.
fn band() -> Value {
    let stat = json!({"Metric": {"Namespace": "N", "MetricName": "Latency", "Dimensions": []}, "Period": 300, "Stat": "p99"});
    json!({"AlarmName": "b", "StateValue": "OK", "ActionsEnabled": true, "EvaluationPeriods": 3,
    "ComparisonOperator": "LessThanLowerOrGreaterThanUpperThreshold", "ThresholdMetricId": "ad1", "Metrics": [
        {"Id": "ad1", "Expression": "ANOMALY_DETECTION_BAND(m1, 2.5)", "Label": "usual", "ReturnData": true},
        {"Id": "m1", "MetricStat": stat, "ReturnData": true, "AccountId": "210987654321"},
    ]})
}

fn with_band() -> Stub {
    Stub::start(|request| match request.operation() {
        "DescribeAlarms" => Response::output(json!({"MetricAlarms": [band()]})),
        "DescribeAlarmHistory" => Response::output(json!({"AlarmHistoryItems": []})),
        "GetMetricData" => {
            let now = jiff::Timestamp::now().as_second() / 300 * 300 - 600;
            let of = |id: &str, label: &str, value: f64| json!({"Id": id, "Label": label, "Timestamps": [now], "Values": [value], "StatusCode": "Complete"});
            Response::output(
                json!({"MetricDataResults": [of("ad1", "usual", 90.0), of("ad1", "usual", 10.0), of("m1", "", 50.0)]}),
            )
        }
        _ => Response::output(json!({})),
    })
}

#[test]
fn an_alarm_on_a_band_shows_both_edges_and_what_it_compares() {
    let stub = with_band();
    let shown = CLOUDWATCH.at(stub.env()).start().call("explain_alarm", json!({"alarm": "b"}));
    shown.holds(&["p99 of N Latency outside ANOMALY_DETECTION_BAND(m1, 2.5) for 3 periods of 300 s"]);
    let shown = shown.object();
    let last: Vec<&Value> =
        shown["metrics"].as_array().unwrap().iter().map(|metric| &metric["last"]).collect();
    assert_eq!(last, [&json!(90), &json!(10), &json!(50)], "{shown}");
    let asked = stub.of("GetMetricData")[0].json();
    assert_eq!(asked["MetricDataQueries"][1]["AccountId"], "210987654321", "{asked}");
}

#[test]
fn a_band_goes_with_its_alarm_until_a_threshold_takes_its_place() {
    let put = |mut call: Value| {
        let stub = with_band();
        call["alarm"] = json!("b");
        let told = CLOUDWATCH.at(stub.env()).start().call("put_alarm", call);
        (told, stub.of("PutMetricAlarm").last().map(awsmcp_testing::Request::json).unwrap_or_default())
    };
    // Another metric: the band is as wide around it.
    let (told, sent) = put(json!({"metrics": [{"namespace": "N", "name": "Other", "stat": "p99"}]}));
    told.ok();
    assert_eq!(sent["Metrics"][1]["Expression"], "ANOMALY_DETECTION_BAND(m1, 2.5)", "{sent}");
    assert_eq!((&sent["ThresholdMetricId"], sent.get("Threshold")), (&json!("band"), None), "{sent}");
    // A threshold instead: the band goes, and the comparison must be one of thresholds.
    put(json!({"threshold": 5})).0.fails(&["is only of a band: give `comparison` too"]);
    let (told, sent) = put(json!({"threshold": 5, "comparison": "greater"}));
    told.ok();
    assert_eq!((&sent["Threshold"], sent.get("ThresholdMetricId")), (&json!(5.0), None), "{sent}");
    assert_eq!(sent["Metrics"].as_array().unwrap().len(), 1, "{sent}");
    assert_eq!(
        (&sent["Metrics"][0]["Id"], &sent["Metrics"][0]["AccountId"]),
        (&json!("m1"), &json!("210987654321"))
    );
    // What does not speak of it leaves it as it is.
    let (told, sent) = put(json!({"periods": 2}));
    told.ok();
    assert_eq!((&sent["Metrics"], &sent["ThresholdMetricId"]), (&band()["Metrics"], &json!("ad1")), "{sent}");
}

#[test]
fn an_alarm_on_promql_is_explained_by_its_query() {
    let stub = Stub::start(|request| match request.operation() {
        "DescribeAlarms" => Response::output(
            json!({"MetricAlarms": [{"AlarmName": "p", "StateValue": "OK", "ActionsEnabled": true,
                "EvaluationCriteria": {"PromQLCriteria": {"Query": "up == 0", "PendingPeriod": 60}}}]}),
        ),
        _ => Response::output(json!({"AlarmHistoryItems": []})),
    });
    let mut server = CLOUDWATCH.at(stub.env()).start();
    server.call("list_alarms", json!({})).holds(&["PromQL up == 0 for 60 s"]);
    let shown = server.call("explain_alarm", json!({"alarm": "p"}));
    shown.holds(&["PromQL up == 0 for 60 s"]).lacks(&["no value"]);
    assert!(stub.of("GetMetricData").is_empty());
}

#[test]
fn an_alarm_that_is_named_twice_is_one_and_its_parents_stand_on_any_page() {
    let stub = Stub::start(|request| match request.operation() {
        "DescribeAlarms" => {
            let asked = request.json();
            let of = |name: &str, rule: &str| json!({"AlarmName": name, "AlarmRule": rule, "StateValue": "OK", "ActionsEnabled": true});
            match (asked["ParentsOfAlarmName"].as_str(), asked["NextToken"].as_str()) {
                (Some(_), None) => Response::output(json!({"CompositeAlarms": [], "NextToken": "2"})),
                (Some(_), Some(_)) => {
                    Response::output(json!({"CompositeAlarms": [of("above", "ALARM(\"one\")")]}))
                }
                (None, _) => Response::output(json!({"MetricAlarms": [alarm("one")]})),
            }
        }
        _ => Response::output(json!({})),
    });
    let mut server = CLOUDWATCH.at(stub.env()).start();
    let twice = json!(["one", "one", "arn:aws:cloudwatch:us-east-1:123456789012:alarm:one"]);
    let plan = server.plan("delete_alarms", json!({"alarms": twice}));
    plan.holds(&["delete 1 alarm", "one is part of the rule of above"]);
    server
        .plan("set_alarm", json!({"alarms": twice, "actions": "disable"}))
        .holds(&["turn off the actions of 1 alarm"]);
    server.confirmed("delete_alarms", json!({"alarms": twice})).ok();
    assert_eq!(stub.of("DeleteAlarms")[0].json()["AlarmNames"], json!(["one"]));
}

#[test]
fn an_alarm_below_two_is_shown_once_and_said_twice() {
    let stub = Stub::start(|request| match request.operation() {
        "DescribeAlarms" => {
            let wanted = request.json()["AlarmNames"].as_array().cloned().unwrap_or_default();
            let of = |name: &str, rule: &str| json!({"AlarmName": name, "AlarmRule": rule, "StateValue": "OK", "ActionsEnabled": true});
            let all = [
                of("top", "ALARM(left) OR ALARM(right)"),
                of("left", "ALARM(one)"),
                of("right", "ALARM(one)"),
            ];
            let composite: Vec<Value> =
                all.into_iter().filter(|one| wanted.contains(&one["AlarmName"])).collect();
            let metric: Vec<Value> = if wanted.contains(&json!("one")) { vec![alarm("one")] } else { vec![] };
            Response::output(json!({"CompositeAlarms": composite, "MetricAlarms": metric}))
        }
        _ => Response::output(json!({})),
    });
    let tree = CLOUDWATCH.at(stub.env()).start().call("list_alarms", json!({"tree": "top"}));
    assert_eq!(tree.column("name"), ["top", "left", "one", "right"]);
    tree.holds(&["right also names what is shown elsewhere: one"]);
}
