//! What is done is what was confirmed: what moved since the plan is left alone, what shrinks asks, and what a step of several
//! left behind is told.

use awsmcp_testing::{Request, Response, Server, Stub, holds};
use serde_json::{Value, json};

use crate::world::CLOUDWATCH;

fn alarm(name: &str) -> Value {
    json!({"AlarmName": name, "StateValue": "OK", "Namespace": "N", "MetricName": "M", "Statistic": "Sum", "Period": 60,
        "EvaluationPeriods": 1, "Threshold": 1.0, "ComparisonOperator": "GreaterThanThreshold", "ActionsEnabled": true,
        "AlarmActions": ["arn:aws:sns:us-east-1:123456789012:ops"]})
}

fn alarms(asked: &Request, all: &[Value]) -> Value {
    let names = asked.json()["AlarmNames"].clone();
    let wanted = |alarm: &&Value| names.as_array().is_some_and(|names| names.contains(&alarm["AlarmName"]));
    json!({"MetricAlarms": all.iter().filter(wanted).collect::<Vec<_>>()})
}

fn group() -> Value {
    json!({"logGroupName": "/g", "creationTime": 1, "retentionInDays": 30, "deletionProtectionEnabled": false, "storedBytes": 10})
}

fn metric_filter() -> Value {
    json!({"filterName": "f", "filterPattern": "ERROR", "creationTime": 1,
        "metricTransformations": [{"metricNamespace": "App", "metricName": "Errs", "metricValue": "1"}]})
}

fn subscription() -> Value {
    json!({"filterName": "s", "filterPattern": "x", "creationTime": 1, "destinationArn": "arn:aws:kinesis:us-east-1:123456789012:stream/s"})
}

fn index() -> Value {
    json!({"indexPolicies": [
        {"source": "ACCOUNT", "policyDocument": "{\"Fields\":[\"of-all\"]}"},
        {"source": "LOG_GROUP", "policyDocument": "{\"Fields\":[\"a\",\"b\"],\"FieldsV2\":{\"c\":{\"type\":\"FACET\"}}}"},
    ]})
}

fn body(title: &str) -> String {
    json!({"widgets": [{"type": "metric", "properties": {"title": title, "metrics": [["N", "M"]]}}]})
        .to_string()
}

fn query(statement: &str) -> Value {
    json!({"queryDefinitions": [{"queryDefinitionId": "id", "name": "q", "queryString": statement, "logGroupNames": ["/g"], "lastModified": 1,
        "parameters": [{"name": "p", "defaultValue": "v"}]}]})
}

fn rule(alarms: &[&str]) -> Value {
    json!({"Name": "m", "Description": "of the night", "MuteTargets": {"AlarmNames": alarms},
        "Rule": {"Schedule": {"Expression": "cron(0 2 * * ? *)", "Duration": "PT2H"}}})
}

/// An account with one of everything.
fn there(request: &Request) -> Response {
    Response::output(match request.operation() {
        "DescribeAlarms" => alarms(request, &[alarm("a"), alarm("b")]),
        "DescribeLogGroups" => json!({"logGroups": [group()]}),
        "DescribeMetricFilters" => json!({"metricFilters": [metric_filter()]}),
        "DescribeSubscriptionFilters" => json!({"subscriptionFilters": [subscription()]}),
        "DescribeIndexPolicies" => index(),
        "DescribeLogStreams" => json!({"logStreams": []}),
        "GetDashboard" => json!({"DashboardName": "d", "DashboardBody": body("Orders")}),
        "DescribeQueryDefinitions" => query("fields a"),
        "PutQueryDefinition" => json!({"queryDefinitionId": "id"}),
        "GetAlarmMuteRule" => rule(&["a"]),
        "CreateExportTask" => json!({"taskId": "t"}),
        _ => json!({}),
    })
}

/// A change, the operation that shows its object, what that answers after somebody else was there, and what must not be sent
/// then.
type Move = (&'static str, Value, &'static str, Value, &'static str);

fn moves() -> Vec<Move> {
    let with = |mut value: Value, name: &str, other: Value| {
        value[name] = other;
        value
    };
    let other_alarm = || json!({"MetricAlarms": [with(alarm("a"), "Threshold", json!(7.0))]});
    let in_group = |more: Value| {
        let mut call = json!({"log_group": "/g"});
        call.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        call
    };
    let groups = |group: Value| json!({"logGroups": [group]});
    vec![
        (
            "put_alarm",
            json!({"alarm": "a", "threshold": 5}),
            "DescribeAlarms",
            other_alarm(),
            "PutMetricAlarm",
        ),
        (
            "set_alarm",
            json!({"alarms": ["a"], "actions": "disable"}),
            "DescribeAlarms",
            other_alarm(),
            "DisableAlarmActions",
        ),
        (
            "set_alarm",
            json!({"alarms": ["a"], "state": "alarm", "reason": "r"}),
            "DescribeAlarms",
            json!({"MetricAlarms": [with(alarm("a"), "AlarmActions", json!(["arn:aws:sns:us-east-1:123456789012:pager"]))]}),
            "SetAlarmState",
        ),
        (
            "set_alarm",
            json!({"alarms": ["b"], "mute": "m", "minutes": 5}),
            "GetAlarmMuteRule",
            rule(&["z"]),
            "PutAlarmMuteRule",
        ),
        (
            "set_alarm",
            json!({"alarms": ["a"], "mute": "m"}),
            "GetAlarmMuteRule",
            rule(&["a", "z"]),
            "DeleteAlarmMuteRule",
        ),
        ("delete_alarms", json!({"alarms": ["a"]}), "DescribeAlarms", other_alarm(), "DeleteAlarms"),
        (
            "put_dashboard",
            json!({"dashboard": "d", "body": {"widgets": []}}),
            "GetDashboard",
            json!({"DashboardName": "d", "DashboardBody": body("Others")}),
            "PutDashboard",
        ),
        (
            "delete_dashboards",
            json!({"dashboards": ["d"]}),
            "GetDashboard",
            json!({"DashboardName": "d", "DashboardBody": body("Others")}),
            "DeleteDashboards",
        ),
        (
            "delete_log_group",
            json!({"log_group": "/g"}),
            "DescribeLogGroups",
            groups(with(group(), "creationTime", json!(2))),
            "DeleteLogGroup",
        ),
        (
            "save_query",
            json!({"name": "q", "statement": "fields b"}),
            "DescribeQueryDefinitions",
            query("fields z"),
            "PutQueryDefinition",
        ),
        (
            "set_log_group",
            in_group(json!({"retention_days": 7})),
            "DescribeLogGroups",
            groups(with(group(), "retentionInDays", json!(365))),
            "PutRetentionPolicy",
        ),
        (
            "set_log_group",
            in_group(
                json!({"metric_filter": {"name": "f", "pattern": "FATAL", "namespace": "App", "metric": "Errs"}}),
            ),
            "DescribeMetricFilters",
            json!({"metricFilters": [with(metric_filter(), "filterPattern", json!("WARN"))]}),
            "PutMetricFilter",
        ),
        (
            "set_log_group",
            in_group(json!({"metric_filter": {"name": "f", "remove": true}})),
            "DescribeMetricFilters",
            json!({"metricFilters": [with(metric_filter(), "filterPattern", json!("WARN"))]}),
            "DeleteMetricFilter",
        ),
        (
            "set_log_group",
            in_group(json!({"subscription": {"name": "s", "remove": true}})),
            "DescribeSubscriptionFilters",
            json!({"subscriptionFilters": [with(subscription(), "filterPattern", json!("y"))]}),
            "DeleteSubscriptionFilter",
        ),
        (
            "set_log_group",
            in_group(json!({"index_fields": ["a", "b", "d"]})),
            "DescribeIndexPolicies",
            json!({"indexPolicies": [{"source": "LOG_GROUP", "policyDocument": "{\"Fields\":[\"z\"]}"}]}),
            "PutIndexPolicy",
        ),
        (
            "set_log_group",
            in_group(json!({"deletion_protection": "on"})),
            "DescribeLogGroups",
            groups(with(group(), "creationTime", json!(2))),
            "PutLogGroupDeletionProtection",
        ),
    ]
}

/// How often a plan looks at it, and whether the call asks.
fn looks(tool: &str, arguments: &Value, shows: &str) -> (usize, bool) {
    let stub = Stub::start(there);
    let mut server = CLOUDWATCH.at(stub.env()).start();
    server.plan(tool, arguments.clone()).ok();
    let looks = stub.of(shows).len();
    (looks, server.call(tool, arguments.clone()).plan_token().is_some())
}

/// Calls a tool, and confirms where it asks.
fn done(server: &mut Server, tool: &str, arguments: &Value) -> String {
    let first = server.call(tool, arguments.clone());
    match first.plan_token() {
        Some(_) => server.confirmed(tool, arguments.clone()).ok().to_owned(),
        None => first.ok().to_owned(),
    }
}

#[test]
fn what_moved_between_plan_and_deed_is_left_alone() {
    for (tool, arguments, shows, other, changes) in moves() {
        let (looks, asks) = looks(tool, &arguments, shows);
        let last = if asks { 2 * looks } else { looks };
        let stub = Stub::start(move |request| match request.operation() {
            operation if operation == shows && request.nth > last => Response::output(other.clone()),
            _ => there(request),
        });
        let mut server = CLOUDWATCH.at(stub.env()).start();
        let moved = if asks {
            server.confirmed(tool, arguments.clone())
        } else {
            server.call(tool, arguments.clone())
        };
        holds(moved.error(), &["changed since the plan; nothing was done"]);
        assert!(stub.of(changes).is_empty(), "{tool} {arguments}");
        // Where nothing moved, it is done.
        let still = Stub::start(there);
        done(&mut CLOUDWATCH.at(still.env()).start(), tool, &arguments);
        assert_eq!(still.of(changes).len(), 1, "{tool} {arguments}");
    }
}

#[test]
fn a_confirmation_fits_only_the_world_that_it_was_given_for() {
    for (tool, arguments, shows, other, changes) in moves() {
        let (looks, asks) = looks(tool, &arguments, shows);
        if !asks {
            continue;
        }
        let stub = Stub::start(move |request| match request.operation() {
            operation if operation == shows && request.nth > looks => Response::output(other.clone()),
            _ => there(request),
        });
        let again = CLOUDWATCH.at(stub.env()).start().confirmed(tool, arguments.clone());
        again.holds(&["nothing was done yet"]);
        assert!(stub.of(changes).is_empty(), "{tool} {arguments}");
    }
}

#[test]
fn a_state_that_moves_by_itself_does_not_stop_a_change() {
    let stub = Stub::start(|request| match request.operation() {
        "DescribeAlarms" => {
            let mut flapping = alarm("a");
            flapping["StateReason"] = json!(format!("look {}", request.nth));
            flapping["StateUpdatedTimestamp"] = json!(request.nth);
            Response::output(json!({"MetricAlarms": [flapping]}))
        }
        _ => there(request),
    });
    let mut server = CLOUDWATCH.at(stub.env()).start();
    server.confirmed("delete_alarms", json!({"alarms": ["a"]})).ok();
    server.call("put_alarm", json!({"alarm": "a", "threshold": 5})).ok();
}

#[test]
fn of_several_the_one_that_moved_is_left_alone_and_told() {
    let stub = Stub::start(|request| match request.operation() {
        // Plan and confirmed plan look at each by name, and the deed at both at once.
        "DescribeAlarms" if request.json()["AlarmNames"].as_array().is_some_and(|names| names.len() == 2) => {
            let mut moved = alarm("b");
            moved["Threshold"] = json!(9.0);
            Response::output(json!({"MetricAlarms": [alarm("a"), moved]}))
        }
        _ => there(request),
    });
    let mut server = CLOUDWATCH.at(stub.env()).start();
    let done = server.confirmed("delete_alarms", json!({"alarms": ["a", "b"]}));
    done.holds(&["\"deleted\":[\"a\"]", "changed since the plan, and left as they were: b"]);
    assert_eq!(stub.of("DeleteAlarms")[0].json()["AlarmNames"], json!(["a"]));
    let done = server.call("set_alarm", json!({"alarms": ["a", "b"], "actions": "enable"}));
    done.holds(&["\"alarms\":[\"a\"]", "left as they were: b"]);
    assert_eq!(stub.of("EnableAlarmActions")[0].json()["AlarmNames"], json!(["a"]));
}

#[test]
fn what_shrinks_or_ends_asks_first() {
    let stub = Stub::start(there);
    let mut server = CLOUDWATCH.at(stub.env()).start();
    for (tool, arguments, why) in [
        ("put_alarm", json!({"alarm": "a", "alarm_actions": []}), "no longer told of an ALARM: arn:aws:sns"),
        ("set_alarm", json!({"alarms": ["a"], "actions": "disable"}), "nobody is told of an ALARM"),
        (
            "set_alarm",
            json!({"alarms": ["b"], "mute": "m", "minutes": 5}),
            "replaces the mute rule of that name: of a, for PT2H",
        ),
        (
            "put_dashboard",
            json!({"dashboard": "d", "body": {"widgets": []}}),
            "these widgets go, and are nowhere else: Orders",
        ),
        (
            "set_log_group",
            json!({"log_group": "/g", "index_fields": ["a"]}),
            "queries by b scan everything again",
        ),
        (
            "set_log_group",
            json!({"log_group": "/g", "metric_filter": {"name": "f", "namespace": "App", "metric": "Other"}}),
            "App Errs gets no more values",
        ),
    ] {
        server.call(tool, arguments).holds(&["nothing was done yet", why]);
    }
    let stub = Stub::start(|request| match request.operation() {
        "DescribeLogGroups" => {
            let mut safe = group();
            safe["deletionProtectionEnabled"] = json!(true);
            Response::output(json!({"logGroups": [safe]}))
        }
        _ => there(request),
    });
    let off = CLOUDWATCH
        .at(stub.env())
        .start()
        .call("set_log_group", json!({"log_group": "/g", "deletion_protection": "off"}));
    off.holds(&["nothing was done yet", "whoever may delete log groups can delete it then"]);
}

#[test]
fn what_is_so_already_is_not_put_again() {
    let stub = Stub::start(there);
    let mut server = CLOUDWATCH.at(stub.env()).start();
    for (tool, arguments) in [
        ("put_alarm", json!({"alarm": "a", "threshold": 1})),
        (
            "put_dashboard",
            json!({"dashboard": "d", "body": serde_json::from_str::<Value>(&body("Orders")).unwrap()}),
        ),
        ("save_query", json!({"name": "q", "statement": "fields a"})),
        (
            "set_log_group",
            json!({"log_group": "/g", "retention_days": 30, "deletion_protection": "off", "index_fields": ["a", "b"]}),
        ),
    ] {
        server.plan(tool, arguments.clone()).holds(&["nothing changes"]);
        server.call(tool, arguments).ok();
    }
    let put: Vec<String> = stub
        .calls()
        .iter()
        .map(|request| request.operation().to_owned())
        .filter(|operation| operation.starts_with("Put") || operation.starts_with("Delete"))
        .collect();
    assert_eq!(put, [""; 0]);
}

#[test]
fn a_saved_query_keeps_what_a_call_does_not_name() {
    let stub = Stub::start(there);
    CLOUDWATCH.at(stub.env()).start().call("save_query", json!({"name": "q", "statement": "fields b"})).ok();
    let mut sent = stub.of("PutQueryDefinition")[0].json();
    sent.as_object_mut().unwrap().remove("clientToken");
    assert_eq!(
        sent,
        json!({"name": "q", "queryDefinitionId": "id", "queryString": "fields b", "queryLanguage": "CWLI", "logGroupNames": ["/g"],
            "parameters": [{"name": "p", "defaultValue": "v"}]})
    );
}

#[test]
fn an_index_policy_keeps_what_a_call_does_not_name() {
    let stub = Stub::start(there);
    let call = json!({"log_group": "/g", "index_fields": ["a", "b", "d"]});
    CLOUDWATCH.at(stub.env()).start().call("set_log_group", call).ok();
    let sent = stub.of("PutIndexPolicy")[0].json()["policyDocument"].as_str().unwrap().to_owned();
    assert_eq!(
        serde_json::from_str::<Value>(&sent).unwrap(),
        json!({"Fields": ["a", "b", "d"], "FieldsV2": {"c": {"type": "FACET"}}})
    );
}

#[test]
fn a_composite_alarm_keeps_what_a_call_does_not_name() {
    let composite = json!({"AlarmName": "c", "AlarmRule": "ALARM(\"a\")", "AlarmDescription": "d", "StateValue": "OK", "ActionsEnabled": false,
        "AlarmActions": ["arn:aws:sns:us-east-1:123456789012:a"], "OKActions": ["arn:aws:sns:us-east-1:123456789012:o"],
        "InsufficientDataActions": ["arn:aws:sns:us-east-1:123456789012:i"], "ActionsSuppressor": "arn:aws:cloudwatch:us-east-1:123456789012:alarm:s",
        "ActionsSuppressorWaitPeriod": 60, "ActionsSuppressorExtensionPeriod": 120});
    let described = composite.clone();
    let stub = Stub::start(move |request| match request.operation() {
        "DescribeAlarms" if request.json()["AlarmNames"] == json!(["c"]) => {
            Response::output(json!({"CompositeAlarms": [described]}))
        }
        _ => there(request),
    });
    CLOUDWATCH.at(stub.env()).start().call("put_alarm", json!({"alarm": "c", "description": "other"})).ok();
    let mut expected = composite;
    expected["AlarmDescription"] = json!("other");
    expected.as_object_mut().unwrap().remove("StateValue");
    assert_eq!(stub.of("PutCompositeAlarm")[0].json(), expected);
}

#[test]
fn an_alarm_on_promql_changes_its_description_only() {
    let stub = Stub::start(|request| match request.operation() {
        "DescribeAlarms" => Response::output(
            json!({"MetricAlarms": [{"AlarmName": "p", "StateValue": "OK", "ActionsEnabled": true, "EvaluationInterval": 60,
                "EvaluationCriteria": {"PromQLCriteria": {"Query": "up == 0", "PendingPeriod": 60}}}]}),
        ),
        _ => there(request),
    });
    let mut server = CLOUDWATCH.at(stub.env()).start();
    server.call("put_alarm", json!({"alarm": "p", "threshold": 5})).fails(&["watches a query in PromQL"]);
    server.call("put_alarm", json!({"alarm": "p", "description": "down"})).ok();
    let mut sent = stub.of("PutMetricAlarm")[0].json();
    // Empty lists of actions are none.
    sent.as_object_mut().unwrap().retain(|_, value| *value != json!([]));
    assert_eq!(
        sent,
        json!({"AlarmName": "p", "AlarmDescription": "down", "ActionsEnabled": true, "EvaluationInterval": 60,
            "EvaluationCriteria": {"PromQLCriteria": {"Query": "up == 0", "PendingPeriod": 60}}})
    );
}

#[test]
fn a_metric_named_again_keeps_its_unit_and_its_account() {
    let mut counted = alarm("a");
    counted["Unit"] = json!("Count");
    let stub = Stub::start(move |request| match request.operation() {
        "DescribeAlarms" => Response::output(json!({"MetricAlarms": [counted]})),
        _ => there(request),
    });
    let mut server = CLOUDWATCH.at(stub.env()).start();
    let same = json!({"namespace": "N", "name": "M", "stat": "Sum"});
    let call = |metric: Value| json!({"alarm": "a", "metrics": [metric]});
    server.plan("put_alarm", call(same)).holds(&["nothing changes"]);
    // Another metric has another unit.
    let other = json!({"namespace": "N", "name": "Other", "stat": "Sum"});
    server.plan("put_alarm", call(other.clone())).holds(&["-  \"Unit\": \"Count\""]);
    server.call("put_alarm", call(other)).ok();
    assert_eq!(stub.of("PutMetricAlarm")[0].json().get("Unit"), None);
}

#[test]
fn what_a_step_of_several_left_behind_is_told() {
    let stub = Stub::start(|request| match request.operation() {
        "DescribeLogGroups" => Response::output(json!({"logGroups": []})),
        "PutRetentionPolicy" => Response::error(400, "OperationAbortedException", "try later"),
        _ => there(request),
    });
    let call = json!({"log_group": "/new", "create": true, "retention_days": 7, "deletion_protection": "on"});
    CLOUDWATCH.at(stub.env()).start().call("set_log_group", call).fails(&[
        "try later",
        "set before: class; not set: retention, deletion_protection",
        "call again with the rest only",
    ]);
    assert!(stub.of("PutLogGroupDeletionProtection").is_empty());
    // Of events, how many are there.
    let stub = Stub::start(|request| match (request.operation(), request.nth) {
        ("PutLogEvents", 2) => Response::error(400, "InvalidParameterException", "no"),
        _ => there(request),
    });
    let events = json!([{"message": "new"}, {"message": "old", "time": "-2d"}]);
    let call = json!({"log_group": "/g", "stream": "fresh", "events": events});
    CLOUDWATCH
        .at(stub.env())
        .start()
        .call("put_logs", call)
        .fails(&["the stream fresh was made", "1 of 2 events, the oldest, were written"]);
    // Of alarms, which.
    let stub = Stub::start(|request| match (request.operation(), request.nth) {
        ("SetAlarmState", 2) => Response::error(400, "InternalServiceFault", "no"),
        _ => there(request),
    });
    let call = json!({"alarms": ["a", "b"], "state": "ok", "reason": "r"});
    CLOUDWATCH.at(stub.env()).start().confirmed("set_alarm", call).fails(&["set before: a; not set: b"]);
}

#[test]
fn a_stream_that_somebody_made_meanwhile_is_written() {
    let stub = Stub::start(|request| match request.operation() {
        "CreateLogStream" => Response::error(400, "ResourceAlreadyExistsException", "there"),
        _ => there(request),
    });
    let call = json!({"log_group": "/g", "stream": "s", "events": [{"message": "m"}]});
    CLOUDWATCH.at(stub.env()).start().call("put_logs", call).holds(&["\"written\":1"]);
    // One look: the plan's.
    assert_eq!(stub.of("DescribeLogStreams").len(), 1);
}

#[test]
fn the_description_of_a_mute_rule_stays() {
    let stub = Stub::start(there);
    let mut server = CLOUDWATCH.at(stub.env()).start();
    server.confirmed("set_alarm", json!({"alarms": ["b"], "mute": "m", "minutes": 5})).ok();
    assert_eq!(stub.of("PutAlarmMuteRule")[0].json()["Description"], "of the night");
    let stub = Stub::start(|request| match request.operation() {
        "GetAlarmMuteRule" => Response::error(404, "ResourceNotFoundException", "no such rule"),
        _ => there(request),
    });
    let ended = CLOUDWATCH.at(stub.env()).start().call("set_alarm", json!({"alarms": ["a"], "mute": "m"}));
    ended.fails(&["there is no mute rule m"]);
}

#[test]
fn an_export_that_has_no_task_is_not_started() {
    let stub = Stub::start(|request| match request.operation() {
        "CreateExportTask" => Response::new(200, "{}").with("content-type", "application/x-amz-json-1.1"),
        _ => there(request),
    });
    let call = json!({"log_group": "/g", "bucket": "b"});
    CLOUDWATCH.at(stub.env()).start().call("export_logs", call).fails(&["it has no taskId"]);
}
