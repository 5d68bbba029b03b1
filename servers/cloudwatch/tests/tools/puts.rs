//! A put of AWS replaces the whole thing. Of each that this server sends: all that AWS describes is filled by AWS's own model,
//! one thing is changed, and everything else must go back as it was. A member that AWS adds later fails here.

use awsmcp_testing::{Response, Server, Stub, model_filled, model_input};
use serde_json::{Value, json};

use crate::world::CLOUDWATCH;

/// Members of a put that no description has, and why nothing is lost without them.
const APART: &[(&str, &str)] = &[
    ("Tags", "AWS keeps the tags of what exists, whatever a put says"),
    ("clientToken", "of the request, not of the thing"),
];

/// A description without what AWS writes as nothing: an empty list is none at all.
fn plain(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let full = fields.iter().map(|(name, value)| (name.clone(), plain(value)));
            full.filter(|(_, value)| !value.is_null() && *value != json!([])).collect()
        }
        Value::Array(items) => items.iter().map(plain).collect(),
        // A whole number has two spellings.
        Value::Number(number) => json!(number.as_f64()),
        other => other.clone(),
    }
}

/// Holds what was sent to what was described: only the members in `named` may differ, and they must.
#[track_caller]
fn only_differs(put: (&str, &str), described: &Value, sent: &Value, named: &[&str]) {
    let (service, operation) = put;
    let (described, sent) = (plain(described), plain(sent));
    for member in model_input(service, operation) {
        let (before, after) = (&described[&member], &sent[&member]);
        if named.contains(&member.as_str()) {
            assert_ne!(before, after, "{operation} was to change {member}");
        } else {
            assert_eq!(before, after, "{operation} changes {member}, which nobody named: {sent:#}");
        }
    }
}

/// Every member of a put is one that its description has, or is kept apart for a reason.
#[track_caller]
fn all_are_described(put: (&str, &str), described: &[Value], own: &[&str]) {
    for member in model_input(put.0, put.1) {
        let is_known = described.iter().any(|one| one.get(&member).is_some())
            || APART.iter().any(|(apart, _)| *apart == member)
            || own.contains(&member.as_str());
        assert!(is_known, "{} has {member}, which nothing here describes", put.1);
    }
}

/// Describes by `describe`, and takes every put.
fn world(describe: impl Fn(&str) -> Option<Value> + Send + Sync + 'static) -> Stub {
    Stub::start(move |request| match (describe(request.operation()), request.operation()) {
        (Some(output), _) => Response::output(output),
        (None, "PutQueryDefinition") => Response::output(json!({"queryDefinitionId": "text"})),
        (None, put) if put.starts_with("Put") => Response::output(json!({})),
        (None, other) => Response::error(400, "InvalidOperationException", other),
    })
}

/// Calls a tool, and confirms its plan where it asks.
#[track_caller]
fn agreed(server: &mut Server, tool: &str, mut call: Value) {
    let answer = server.call(tool, call.clone());
    if let Some(token) = answer.plan_token() {
        call["confirm"] = json!(token);
        server.call(tool, call).ok();
    } else {
        answer.ok();
    }
}

fn without(mut of: Value, members: &[&str]) -> Value {
    for member in members {
        of.as_object_mut().unwrap().remove(*member);
    }
    of
}

/// An alarm for each thing that one can watch, with everything else filled.
fn metric_alarms() -> Vec<Value> {
    let mut all = model_filled("cloudwatch", "MetricAlarm");
    all["AlarmName"] = json!("a");
    all["ComparisonOperator"] = json!("LessThanThreshold");
    all["DatapointsToAlarm"] = json!(3);
    let mut stat = all["Metrics"][0].clone();
    let mut expression = stat.clone();
    for only in ["Expression", "Period"] {
        stat.as_object_mut().unwrap().remove(only);
    }
    expression.as_object_mut().unwrap().remove("MetricStat");
    (stat["ReturnData"], expression["Id"]) = (json!(false), json!("e1"));
    all["Metrics"] = json!([stat, expression]);
    const ONE: [&str; 7] =
        ["MetricName", "Namespace", "Statistic", "ExtendedStatistic", "Dimensions", "Period", "Unit"];
    let rest = ["Metrics", "ThresholdMetricId", "EvaluationCriteria"];
    let one = without(all.clone(), &rest);
    vec![
        without(one.clone(), &["ExtendedStatistic"]),
        without(one, &["Statistic"]),
        without(without(all.clone(), &ONE), &["EvaluationCriteria", "ThresholdMetricId"]),
        without(without(all.clone(), &ONE), &["EvaluationCriteria", "Threshold"]),
        without(without(all, &ONE), &["Metrics", "ThresholdMetricId", "Threshold"]),
    ]
}

#[test]
fn a_metric_alarm_keeps_all_that_a_call_does_not_name() {
    const PUT: (&str, &str) = ("cloudwatch", "PutMetricAlarm");
    let alarms = metric_alarms();
    all_are_described(PUT, &alarms, &[]);
    let calls = [
        (json!({"description": "new"}), "AlarmDescription"),
        (json!({"threshold": 99}), "Threshold"),
        (json!({"comparison": "greater"}), "ComparisonOperator"),
        (json!({"periods": 9}), "EvaluationPeriods"),
        (json!({"datapoints": 2}), "DatapointsToAlarm"),
        (json!({"missing_data": "breaching"}), "TreatMissingData"),
        (json!({"alarm_actions": []}), "AlarmActions"),
        (json!({"ok_actions": []}), "OKActions"),
        (json!({"insufficient_data_actions": ["new"]}), "InsufficientDataActions"),
        (json!({"period_seconds": 600}), "Period"),
    ];
    for alarm in alarms {
        let described = alarm.clone();
        let stub = world(move |operation| {
            (operation == "DescribeAlarms").then(|| json!({"MetricAlarms": [described]}))
        });
        let mut server = CLOUDWATCH.at(stub.env()).start();
        for (call, member) in &calls {
            let of_query = alarm.get("EvaluationCriteria").is_some();
            let is_plain = alarm.get("Namespace").is_some();
            let is_band = alarm.get("ThresholdMetricId").is_some();
            // A query in PromQL has nothing of a metric; the period of several stands in each of them.
            let about_all = ["AlarmDescription", "AlarmActions", "OKActions", "InsufficientDataActions"];
            if of_query && !about_all.contains(member) || is_band && *member == "Threshold" {
                continue;
            }
            let member = if *member == "Period" && !is_plain { "Metrics" } else { member };
            let mut call = call.clone();
            call["alarm"] = json!("a");
            if is_band && member == "ComparisonOperator" {
                call["comparison"] = json!("outside");
            }
            agreed(&mut server, "put_alarm", call);
            let sent = stub.of("PutMetricAlarm").pop().unwrap().json();
            only_differs(PUT, &alarm, &sent, &[member]);
        }
    }
}

#[test]
fn metrics_that_are_named_again_keep_their_period_and_what_a_call_cannot_name() {
    let alarm = metric_alarms().remove(2);
    let metric = alarm["Metrics"][0]["MetricStat"]["Metric"].clone();
    let dimensions =
        json!({metric["Dimensions"][0]["Name"].as_str().unwrap(): metric["Dimensions"][0]["Value"]});
    let described = alarm.clone();
    let stub =
        world(move |operation| (operation == "DescribeAlarms").then(|| json!({"MetricAlarms": [described]})));
    let named = json!({"namespace": metric["Namespace"], "name": metric["MetricName"], "dimensions": dimensions, "stat": "Sum",
        "id": alarm["Metrics"][0]["Id"].as_str().unwrap().to_lowercase()});
    let expression = json!({"expression": "100*id", "id": "e1"});
    let call = json!({"alarm": "a", "metrics": [named, expression]});
    agreed(&mut CLOUDWATCH.at(stub.env()).start(), "put_alarm", call);
    let sent = stub.of("PutMetricAlarm")[0].json();
    let (before, after) = (&alarm["Metrics"][0], &sent["Metrics"][0]);
    assert_eq!(after["MetricStat"]["Stat"], "Sum");
    for kept in ["/MetricStat/Period", "/MetricStat/Unit", "/AccountId", "/Label"] {
        assert_eq!(after.pointer(kept), before.pointer(kept), "{kept}: {sent:#}");
    }
}

#[test]
fn a_composite_alarm_keeps_all_that_a_call_does_not_name() {
    const PUT: (&str, &str) = ("cloudwatch", "PutCompositeAlarm");
    let mut alarm = model_filled("cloudwatch", "CompositeAlarm");
    (alarm["AlarmName"], alarm["AlarmRule"]) = (json!("c"), json!("FALSE"));
    all_are_described(PUT, std::slice::from_ref(&alarm), &[]);
    let described = alarm.clone();
    let stub = world(move |operation| {
        (operation == "DescribeAlarms").then(|| json!({"CompositeAlarms": [described]}))
    });
    let mut server = CLOUDWATCH.at(stub.env()).start();
    for (call, member) in [
        (json!({"description": "new"}), "AlarmDescription"),
        (json!({"rule": "TRUE"}), "AlarmRule"),
        (json!({"alarm_actions": ["new"]}), "AlarmActions"),
        (json!({"ok_actions": []}), "OKActions"),
    ] {
        let mut call = call;
        call["alarm"] = json!("c");
        agreed(&mut server, "put_alarm", call);
        only_differs(PUT, &alarm, &stub.of("PutCompositeAlarm").pop().unwrap().json(), &[member]);
    }
}

#[test]
fn a_metric_filter_keeps_all_that_a_call_does_not_name() {
    const PUT: (&str, &str) = ("logs", "PutMetricFilter");
    let mut filter = model_filled("logs", "MetricFilter");
    (filter["logGroupName"], filter["filterName"]) = (json!("/g"), json!("f"));
    let mut second = filter["metricTransformations"][0].clone();
    second["metricName"] = json!("second");
    filter["metricTransformations"].as_array_mut().unwrap().push(second);
    all_are_described(PUT, std::slice::from_ref(&filter), &[]);
    let described = filter.clone();
    let stub = world(move |operation| match operation {
        "DescribeLogGroups" => Some(json!({"logGroups": [{"logGroupName": "/g"}]})),
        "DescribeMetricFilters" => Some(json!({"metricFilters": [described]})),
        _ => None,
    });
    let mut server = CLOUDWATCH.at(stub.env()).start();
    let mut put = |call: Value| {
        let mut filter = call;
        filter["name"] = json!("f");
        agreed(&mut server, "set_log_group", json!({"log_group": "/g", "metric_filter": filter}));
        stub.of("PutMetricFilter").pop().unwrap().json()
    };
    only_differs(PUT, &filter, &put(json!({"pattern": "FATAL"})), &["filterPattern"]);
    for (call, member) in [
        (json!({"value": "$.n"}), "metricValue"),
        (json!({"namespace": "New"}), "metricNamespace"),
        (json!({"metric": "New"}), "metricName"),
    ] {
        let sent = put(call);
        only_differs(PUT, &filter, &sent, &["metricTransformations"]);
        let (before, after) =
            (plain(&filter["metricTransformations"]), plain(&sent["metricTransformations"]));
        assert_eq!(after[1], before[1]);
        let mut expected = before[0].clone();
        expected[member] = after[0][member].clone();
        assert_eq!(after[0], expected, "only {member} was to change");
    }
}

#[test]
fn a_subscription_keeps_all_that_a_call_does_not_name() {
    const PUT: (&str, &str) = ("logs", "PutSubscriptionFilter");
    let mut filter = model_filled("logs", "SubscriptionFilter");
    (filter["logGroupName"], filter["filterName"]) = (json!("/g"), json!("s"));
    all_are_described(PUT, std::slice::from_ref(&filter), &[]);
    let described = filter.clone();
    let stub = world(move |operation| match operation {
        "DescribeLogGroups" => Some(json!({"logGroups": [{"logGroupName": "/g"}]})),
        "DescribeSubscriptionFilters" => Some(json!({"subscriptionFilters": [described]})),
        _ => None,
    });
    let mut server = CLOUDWATCH.at(stub.env()).start();
    let other = "arn:aws:kinesis:us-east-1:123456789012:stream/other";
    for (call, member) in [
        (json!({"pattern": "FATAL"}), "filterPattern"),
        (json!({"destination_arn": other}), "destinationArn"),
        (json!({"role_arn": "arn:aws:iam::123456789012:role/other"}), "roleArn"),
    ] {
        let mut call = call;
        call["name"] = json!("s");
        agreed(&mut server, "set_log_group", json!({"log_group": "/g", "subscription": call}));
        only_differs(PUT, &filter, &stub.of("PutSubscriptionFilter").pop().unwrap().json(), &[member]);
    }
}

#[test]
fn a_saved_query_keeps_all_that_a_call_does_not_name() {
    const PUT: (&str, &str) = ("logs", "PutQueryDefinition");
    let mut query = model_filled("logs", "QueryDefinition");
    (query["name"], query["logGroupNames"], query["queryLanguage"]) =
        (json!("q"), json!(["/g"]), json!("PPL"));
    query["queryString"] = json!("fields a");
    all_are_described(PUT, std::slice::from_ref(&query), &[]);
    let described = query.clone();
    let stub = world(move |operation| {
        (operation == "DescribeQueryDefinitions").then(|| json!({"queryDefinitions": [described]}))
    });
    let mut server = CLOUDWATCH.at(stub.env()).start();
    for (call, named) in [
        (json!({"statement": "fields b"}), vec!["queryString"]),
        (json!({"statement": "fields a", "log_groups": ["/other"]}), vec!["logGroupNames"]),
        (json!({"statement": "fields a", "language": "cwli"}), vec!["queryLanguage"]),
    ] {
        let mut call = call;
        call["name"] = json!("q");
        agreed(&mut server, "save_query", call);
        let mut sent = stub.of("PutQueryDefinition").pop().unwrap().json();
        sent.as_object_mut().unwrap().remove("clientToken");
        only_differs(PUT, &query, &sent, &named);
    }
}

#[test]
fn an_index_policy_keeps_all_that_a_call_does_not_name() {
    all_are_described(
        ("logs", "PutIndexPolicy"),
        &[model_filled("logs", "IndexPolicy")],
        &["logGroupIdentifier", "policyDocument"],
    );
    let document = json!({"Fields": ["a"], "FieldsV2": {"b": {"type": "FACET"}}, "New": [1]});
    let text = document.to_string();
    let stub = world(move |operation| match operation {
        "DescribeLogGroups" => Some(json!({"logGroups": [{"logGroupName": "/g"}]})),
        "DescribeIndexPolicies" => {
            Some(json!({"indexPolicies": [{"policyDocument": text, "source": "LOG_GROUP"}]}))
        }
        _ => None,
    });
    let call = json!({"log_group": "/g", "index_fields": ["a", "c"]});
    agreed(&mut CLOUDWATCH.at(stub.env()).start(), "set_log_group", call);
    let sent = stub.of("PutIndexPolicy")[0].json();
    let sent: Value = serde_json::from_str(sent["policyDocument"].as_str().unwrap()).unwrap();
    let mut expected = document;
    expected["Fields"] = json!(["a", "c"]);
    assert_eq!(sent, expected);
}

#[test]
fn a_mute_rule_keeps_all_that_a_call_does_not_name() {
    const PUT: (&str, &str) = ("cloudwatch", "PutAlarmMuteRule");
    let mut rule = model_filled("cloudwatch", "GetAlarmMuteRuleOutput");
    rule["Name"] = json!("r");
    // It holds already, and for long.
    rule["ExpireDate"] = json!(9_000_000_000_i64);
    all_are_described(PUT, std::slice::from_ref(&rule), &[]);
    let mute = |rule: &Value| {
        let described = rule.clone();
        let stub = world(move |operation| match operation {
            "DescribeAlarms" => Some(
                json!({"MetricAlarms": [{"AlarmName": "x", "StateValue": "OK", "MetricName": "M", "Namespace": "N",
                "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1, "Threshold": 1.0, "ComparisonOperator": "LessThanThreshold"}]}),
            ),
            "GetAlarmMuteRule" => Some(described.clone()),
            _ => None,
        });
        let call = json!({"alarms": ["x"], "mute": "r", "minutes": 5});
        let mut server = CLOUDWATCH.at(stub.env()).start();
        let plan = server.plan("set_alarm", call.clone()).ok().to_owned();
        agreed(&mut server, "set_alarm", call);
        (plan, stub.of("PutAlarmMuteRule")[0].json())
    };
    // What is muted and when is what the call is about.
    let (plan, sent) = mute(&rule);
    only_differs(PUT, &rule, &sent, &["Rule", "MuteTargets"]);
    assert!(!plan.contains("date goes"), "{plan}");
    // With the end in the past nothing would be muted.
    rule["ExpireDate"] = json!(1_700_000_000);
    let (plan, sent) = mute(&rule);
    only_differs(PUT, &rule, &sent, &["Rule", "MuteTargets", "ExpireDate"]);
    assert!(plan.contains("the rule's start or end date goes"), "{plan}");
}

#[test]
fn puts_of_one_thing_have_nothing_else_to_lose() {
    for (service, operation, own) in [
        ("logs", "PutRetentionPolicy", &["logGroupName", "retentionInDays"][..]),
        ("logs", "PutLogGroupDeletionProtection", &["logGroupIdentifier", "deletionProtectionEnabled"]),
        ("cloudwatch", "PutDashboard", &["DashboardName", "DashboardBody"]),
    ] {
        all_are_described((service, operation), &[], own);
    }
}
