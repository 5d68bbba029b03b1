//! Each tool needs the IAM actions that it declares, all of them and no other.
//!
//! A row makes what its calls need, as root, and then calls the tool so that every declared action is used. From the
//! rows follow the proofs: what is called is what is declared, the policy that `iam-policy` prints is enough, and
//! without any one of its actions the tool fails by name.
#![cfg(test)]

use awsmcp_cloudwatch::CloudWatch;
use awsmcp_mcp::{Risk, Server};
use awsmcp_testing::{Exception, LocalAws, Permissions, Request, Response, Row, Run};
use jiff::Timestamp;
use serde_json::{Value, json};

fn permissions() -> Permissions {
    Permissions {
        binary: env!("CARGO_BIN_EXE_awsmcp-cloudwatch"),
        aws: LocalAws::shared_with_iam,
        manifest: awsmcp_cloudwatch::server().manifest(),
        actions: |operation| {
            let service = if METRICS.contains(&operation) { "CloudWatch" } else { "CloudWatch Logs" };
            Server::<CloudWatch>::actions(service, operation)
        },
        arns: |name| vec![format!("arn:aws:logs:us-east-1:123456789012:log-group:{name}*")],
        rows: ROWS,
        exceptions: EXCEPTIONS,
    }
}

/// The operations of metrics, alarms and dashboards; all others are of logs.
const METRICS: [&str; 21] = [
    "DeleteAlarmMuteRule",
    "DeleteAlarms",
    "DeleteDashboards",
    "DescribeAlarmHistory",
    "DescribeAlarms",
    "DisableAlarmActions",
    "EnableAlarmActions",
    "GetAlarmMuteRule",
    "GetDashboard",
    "GetMetricData",
    "GetMetricStatistics",
    "GetMetricStream",
    "ListDashboards",
    "ListMetricStreams",
    "ListMetrics",
    "PutAlarmMuteRule",
    "PutCompositeAlarm",
    "PutDashboard",
    "PutMetricAlarm",
    "PutMetricData",
    "SetAlarmState",
];

/// The local AWS sees no names in requests of metrics and of queries, and holds them to `*`.
const ANY: &[&str] = &["*"];

awsmcp_testing::permission_proofs!(permissions);

type Ended = Result<(), awsmcp_testing::Stopped>;

const ROWS: &[Row] = &[
    Row::new("whoami", |run| run.call(json!({}), "arn:aws:iam::123456789012:").map(drop)),
    Row::new("list_log_groups", |run| {
        let group = group(run);
        run.call(json!({"prefix": group}), &group).map(drop)
    }),
    Row::new("filter_logs", |run| events(run, json!({}), "line one")),
    Row::new("summarize_logs", |run| events(run, json!({}), "line one")),
    Row::new("tail_logs", |run| events(run, json!({"seconds": 1}), "no event")),
    Row::new("query_logs", |run| {
        let group = group(run);
        let call = json!({"log_groups": [group], "statement": "fields @message"});
        run.call(call, "line one")?;
        // It scans more than it may, and is stopped.
        let wide = json!({"log_groups": [group], "statement": "fields wide"});
        run.fails(wide, "was stopped after it had scanned").map(drop)
    })
    .allows(Risk::Invoke)
    .arns(ANY)
    .serves(|request| match request.operation() {
        "StartQuery" if request.json()["queryString"] == "fields wide" => Some(Response::output(json!({"queryId": "wide"}))),
        "GetQueryResults" if request.json()["queryId"] == "wide" => {
            Some(Response::output(json!({"status": "Running", "statistics": {"bytesScanned": 9e12}})))
        }
        _ => None,
    }),
    Row::new("get_log_record", |run| {
        let group = group(run);
        let aws = run.aws();
        let now = Timestamp::now().as_second();
        let query = json!({"logGroupName": group, "queryString": "fields @message", "startTime": now - 3600, "endTime": now});
        let id = aws.call("logs", "StartQuery", query)["queryId"].clone();
        let found = aws.call("logs", "GetQueryResults", json!({"queryId": id}));
        let fields = found["results"][0].as_array().cloned().unwrap_or_default();
        let pointer = fields.iter().find(|field| field["field"] == "@ptr").map(|field| field["value"].clone());
        run.call(json!({"pointer": pointer}), "line one").map(drop)
    })
    .arns(ANY),
    Row::new("log_group_detail", |run| {
        let group = group(run);
        // What is denied would stand behind this.
        run.call(json!({"log_group": group}), "\"anomaly_detectors\":1}").map(drop)
    })
    .arns(ANY)
    .serves(detail),
    Row::new("suggest_indexes", |run| {
        let group = group(run);
        run.call(json!({"log_groups": [group]}), "read 0 saved and 0 recent queries").map(drop)
    })
    .arns(ANY)
    .serves(|request| match request.operation() {
        "DescribeQueryDefinitions" => Some(Response::output(json!({"queryDefinitions": []}))),
        "DescribeQueries" => Some(Response::output(json!({"queries": []}))),
        "DescribeIndexPolicies" => Some(Response::output(json!({"indexPolicies": []}))),
        _ => None,
    }),
    Row::new("list_pipelines", |run| {
        for kind in ["metric_streams", "deliveries", "data_protection", "anomaly_detectors"] {
            run.call(json!({"kind": kind}), "the-one")?;
        }
        Ok(())
    })
    .arns(ANY)
    .serves(|request| match request.operation() {
        "ListMetricStreams" => Some(Response::output(json!({"Entries": [{"Name": "the-one"}]}))),
        "GetMetricStream" => Some(Response::output(json!({"Name": "the-one"}))),
        "DescribeDeliveries" => Some(Response::output(json!({"deliveries": [{"id": "the-one"}]}))),
        "DescribeDeliverySources" => Some(Response::output(json!({"deliverySources": []}))),
        "DescribeDeliveryDestinations" => Some(Response::output(json!({"deliveryDestinations": []}))),
        "DescribeAccountPolicies" => Some(Response::output(json!({"accountPolicies": [{"policyName": "the-one"}]}))),
        "ListLogAnomalyDetectors" => Some(Response::output(json!({"anomalyDetectors": [{"detectorName": "the-one"}]}))),
        _ => None,
    }),
    Row::new("put_logs", |run| {
        let group = group(run);
        run.call(json!({"log_group": group, "stream": "fresh", "events": [{"message": "m"}]}), "\"written\":1").map(drop)
    }),
    Row::new("set_log_group", |run| {
        let fresh = run.name("fresh");
        run.call(json!({"log_group": fresh, "create": true}), "class: standard")?;
        let group = group(run);
        let filter = json!({"name": "f", "pattern": "ERROR", "namespace": "N", "metric": "M"});
        let subscription = json!({"name": "s", "pattern": "", "destination_arn": "arn:aws:lambda:us-east-1:123456789012:function:f"});
        for (call, expected) in [
            (json!({"retention_days": 30}), "retention: 30 days"),
            (json!({"retention_days": 0}), "retention: for ever"),
            (json!({"metric_filter": filter}), "metric_filter: ERROR"),
            (json!({"metric_filter": {"name": "f", "remove": true}}), "metric_filter: removed"),
            (json!({"subscription": subscription}), "subscription:  to arn"),
            (json!({"subscription": {"name": "s", "remove": true}}), "subscription: removed"),
            (json!({"index_fields": ["a"]}), "index_fields: [\\\"a\\\"]"),
            (json!({"index_fields": []}), "index_fields: removed"),
            (json!({"deletion_protection": "on"}), "deletion_protection: on"),
        ] {
            let mut call = call;
            call["log_group"] = json!(group);
            run.call(call, expected)?;
        }
        Ok(())
    })
    .arns(ANY)
    .allows(Risk::Destroy)
    .serves(|request| match request.operation() {
        "DescribeIndexPolicies" => {
            Some(Response::output(json!({"indexPolicies": [{"policyDocument": "{\"Fields\":[\"b\"]}"}]})))
        }
        "PutIndexPolicy" | "DeleteIndexPolicy" | "PutLogGroupDeletionProtection" => Some(Response::output(json!({}))),
        _ => None,
    }),
    Row::new("save_query", |run| run.call(json!({"name": run.name("q"), "statement": "fields a"}), "\"q-1\"").map(drop))
        .arns(ANY)
        .serves(|request| match request.operation() {
            "DescribeQueryDefinitions" => Some(Response::output(json!({"queryDefinitions": []}))),
            "PutQueryDefinition" => Some(Response::output(json!({"queryDefinitionId": "q-1"}))),
            _ => None,
        }),
    Row::new("export_logs", |run| {
        let group = group(run);
        run.call(json!({"log_group": group, "bucket": "b", "wait": true}), "COMPLETED").map(drop)
    })
    .serves(|request| match request.operation() {
        "CreateExportTask" => Some(Response::output(json!({"taskId": "t"}))),
        "DescribeExportTasks" => {
            Some(Response::output(json!({"exportTasks": [{"taskId": "t", "status": {"code": "COMPLETED"}}]})))
        }
        _ => None,
    }),
    Row::new("delete_log_group", |run| {
        let group = group(run);
        run.call(json!({"log_group": group}), "\"deleted\"").map(drop)
    }),
    Row::new("list_metrics", |run| {
        let namespace = values(run);
        run.call(json!({"namespace": namespace}), "Orders").map(drop)
    }),
    Row::new("get_metrics", |run| {
        let namespace = values(run);
        run.call(json!({"metrics": [{"namespace": namespace, "name": "Orders"}], "start": "-20m"}), "\tCount\t")?;
        run.call(json!({"metrics": [{"namespace": namespace, "name": "Unknown"}]}), "AWS knows none of that name").map(drop)
    }),
    Row::new("chart_metrics", |run| {
        let namespace = values(run);
        run.call(json!({"metrics": [{"namespace": namespace, "name": "Orders"}], "start": "-20m"}), "last 3 Count")?;
        run.fails(json!({"metrics": [{"namespace": namespace, "name": "Unknown"}]}), "AWS knows none of that name").map(drop)
    }),
    Row::new("put_metrics", |run| {
        run.call(json!({"namespace": run.name("n"), "values": [{"name": "Orders", "value": 1}]}), "\"sent\":1").map(drop)
    }),
    Row::new("list_alarms", |run| {
        let alarm = alarm(run);
        run.call(json!({"prefix": alarm}), &alarm).map(drop)
    })
    .arns(ANY),
    Row::new("explain_alarm", |run| {
        let alarm = alarm(run);
        run.call(json!({"alarm": alarm}), "\"unit\":\"Count\"")?;
        let silent = run.name("silent");
        alarm_on(run, &silent, "Unknown");
        run.call(json!({"alarm": silent}), "AWS knows none of that name").map(drop)
    })
    .arns(ANY),
    Row::new("suggest_alarm", |run| {
        let namespace = values(run);
        run.fails(json!({"metric": {"namespace": namespace, "name": "Unknown"}}), "AWS knows none of that name").map(drop)
    }),
    Row::new("put_alarm", |run| {
        let metric = json!({"namespace": "N", "name": "M", "stat": "Sum"});
        let call = json!({"alarm": run.name("a"), "metrics": [metric], "comparison": "greater", "threshold": 1});
        run.call(call, "created")?;
        run.call(json!({"alarm": run.name("c"), "rule": "TRUE"}), "created").map(drop)
    })
    .arns(ANY),
    Row::new("set_alarm", |run| {
        let alarm = alarm(run);
        for (call, expected) in [
            (json!({"actions": "disable"}), "disabled"),
            (json!({"actions": "enable"}), "enabled"),
            (json!({"state": "ok", "reason": "r"}), "set to OK"),
            (json!({"mute": "rule", "minutes": 5}), "muted until"),
            (json!({"mute": "rule"}), "is gone"),
        ] {
            let mut call = call;
            call["alarms"] = json!([alarm]);
            run.call(call, expected)?;
        }
        Ok(())
    })
    .arns(ANY)
    .serves(|request| match request.operation() {
        "GetAlarmMuteRule" => Some(Response::output(json!({"Name": "rule"}))),
        "PutAlarmMuteRule" | "DeleteAlarmMuteRule" => Some(Response::output(json!({}))),
        _ => None,
    }),
    Row::new("delete_alarms", |run| {
        let alarm = alarm(run);
        run.call(json!({"alarms": [alarm]}), "\"deleted\"").map(drop)
    })
    .arns(ANY),
    Row::new("list_dashboards", |run| run.call(json!({}), "main").map(drop)).arns(ANY).serves(dashboards),
    Row::new("get_dashboard", |run| {
        let dashboard = dashboard(run);
        run.call(json!({"dashboard": dashboard, "values": true}), "Orders")?;
        run.fails(json!({"dashboard": "maim"}), "did you mean main?").map(drop)
    })
    .arns(ANY)
    .serves(dashboards),
    Row::new("put_dashboard", |run| {
        run.call(json!({"dashboard": run.name("d"), "body": {"widgets": []}}), "\"widgets\":0").map(drop)
    })
    .arns(ANY),
    Row::new("delete_dashboards", |run| {
        let dashboard = dashboard(run);
        run.fails(json!({"dashboards": ["maim"]}), "did you mean main?")?;
        run.call(json!({"dashboards": [dashboard]}), "\"deleted\"").map(drop)
    })
    .arns(ANY)
    .serves(dashboards),
];

const EXCEPTIONS: &[Exception] = &[
    Exception::of(
        &["whoami"],
        "sts:GetCallerIdentity",
        "AWS answers it to everybody; it is asked for by the session",
    )
    .unmade()
    .unnoticed(),
    Exception::of(
        &["query_logs"],
        "logs:StopQuery",
        "the local AWS takes any id; a failure to stop is only logged",
    )
    .unnoticed(),
    Exception::of(&["list_pipelines"], "cloudwatch:ListMetricStreams", NOT_SERVED)
        .unchecked(|it| it.operation() == "ListMetricStreams"),
    Exception::of(&["list_pipelines"], "cloudwatch:GetMetricStream", NOT_SERVED)
        .unchecked(|it| it.operation() == "GetMetricStream"),
    Exception::of(&["list_pipelines"], "logs:DescribeDeliveries", NOT_SERVED)
        .unchecked(|it| it.operation() == "DescribeDeliveries"),
    Exception::of(&["list_pipelines"], "logs:DescribeDeliverySources", NOT_SERVED)
        .unchecked(|it| it.operation() == "DescribeDeliverySources"),
    Exception::of(&["list_pipelines"], "logs:DescribeDeliveryDestinations", NOT_SERVED)
        .unchecked(|it| it.operation() == "DescribeDeliveryDestinations"),
    Exception::of(&["list_pipelines"], "logs:DescribeAccountPolicies", NOT_SERVED)
        .unchecked(|it| it.operation() == "DescribeAccountPolicies"),
    Exception::of(&["suggest_indexes"], "logs:DescribeQueries", NOT_SERVED)
        .unchecked(|it| it.operation() == "DescribeQueries"),
    Exception::of(&["log_group_detail"], "logs:GetDataProtectionPolicy", NOT_SERVED)
        .unchecked(|it| it.operation() == "GetDataProtectionPolicy"),
    Exception::of(&["log_group_detail"], "logs:ListAnomalies", NOT_SERVED)
        .unchecked(|it| it.operation() == "ListAnomalies"),
    Exception::of(&["log_group_detail", "list_pipelines"], "logs:ListLogAnomalyDetectors", NOT_SERVED)
        .unchecked(|it| it.operation() == "ListLogAnomalyDetectors"),
    Exception::of(
        &["log_group_detail", "set_log_group", "suggest_indexes"],
        "logs:DescribeIndexPolicies",
        NOT_SERVED,
    )
    .unchecked(|it| it.operation() == "DescribeIndexPolicies"),
    Exception::of(&["set_log_group"], "logs:PutIndexPolicy", NOT_SERVED)
        .unchecked(|it| it.operation() == "PutIndexPolicy"),
    Exception::of(&["set_log_group"], "logs:DeleteIndexPolicy", NOT_SERVED)
        .unchecked(|it| it.operation() == "DeleteIndexPolicy"),
    Exception::of(&["set_log_group"], "logs:PutLogGroupDeletionProtection", NOT_SERVED)
        .unchecked(|it| it.operation() == "PutLogGroupDeletionProtection"),
    Exception::of(&["save_query", "suggest_indexes"], "logs:DescribeQueryDefinitions", NOT_SERVED)
        .unchecked(|it| it.operation() == "DescribeQueryDefinitions"),
    Exception::of(&["save_query"], "logs:PutQueryDefinition", NOT_SERVED)
        .unchecked(|it| it.operation() == "PutQueryDefinition"),
    Exception::of(&["export_logs"], "logs:CreateExportTask", NOT_SERVED)
        .unchecked(|it| it.operation() == "CreateExportTask"),
    Exception::of(&["export_logs"], "logs:DescribeExportTasks", NOT_SERVED)
        .unchecked(|it| it.operation() == "DescribeExportTasks"),
    Exception::of(&["set_alarm"], "cloudwatch:GetAlarmMuteRule", NOT_SERVED)
        .unchecked(|it| it.operation() == "GetAlarmMuteRule"),
    Exception::of(&["set_alarm"], "cloudwatch:PutAlarmMuteRule", NOT_SERVED)
        .unchecked(|it| it.operation() == "PutAlarmMuteRule"),
    Exception::of(&["set_alarm"], "cloudwatch:DeleteAlarmMuteRule", NOT_SERVED)
        .unchecked(|it| it.operation() == "DeleteAlarmMuteRule"),
    Exception::of(
        &["list_dashboards", "get_dashboard", "delete_dashboards"],
        "cloudwatch:ListDashboards",
        NOT_SERVED,
    )
    .unchecked(|it| it.operation() == "ListDashboards"),
];

const NOT_SERVED: &str = "the local AWS does not serve it, or in a form that the SDK cannot read";

/// A log group of this row's own, with an event.
fn group(run: &Run<'_>) -> String {
    let name = run.name("group");
    let aws = run.aws();
    aws.call("logs", "CreateLogGroup", json!({"logGroupName": name}));
    aws.call("logs", "CreateLogStream", json!({"logGroupName": name, "logStreamName": "s"}));
    let events = json!([{"timestamp": Timestamp::now().as_millisecond() - 60_000, "message": "line one"}]);
    aws.call(
        "logs",
        "PutLogEvents",
        json!({"logGroupName": name, "logStreamName": "s", "logEvents": events}),
    );
    name
}

/// Reads a group, and one that does not exist: its nearest name is looked up.
fn events(run: &mut Run<'_>, with: Value, expected: &str) -> Ended {
    let name = group(run);
    let call = |name: String| {
        let mut call = with.clone();
        call["log_groups"] = json!([name]);
        call
    };
    run.call(call(name.clone()), expected)?;
    run.fails(call(format!("{name}x")), "did you mean").map(drop)
}

/// A namespace with values.
fn values(run: &Run<'_>) -> String {
    let name = run.name("metrics");
    put(run, &name);
    name
}

fn put(run: &Run<'_>, namespace: &str) {
    let now = Timestamp::now().as_second();
    let datum =
        |n: i64| json!({"MetricName": "Orders", "Value": 3, "Unit": "Count", "Timestamp": now - n * 60});
    let data = json!([datum(4), datum(3)]);
    run.aws().call("cloudwatch", "PutMetricData", json!({"Namespace": namespace, "MetricData": data}));
}

/// An alarm on such values.
fn alarm(run: &Run<'_>) -> String {
    let name = run.name("alarm");
    put(run, &name);
    alarm_on(run, &name, "Orders");
    name
}

fn alarm_on(run: &Run<'_>, name: &str, metric: &str) {
    let input = json!({"AlarmName": name, "Namespace": name, "MetricName": metric, "Statistic": "Sum", "Period": 60,
        "EvaluationPeriods": 1, "Threshold": 1.0, "ComparisonOperator": "GreaterThanThreshold"});
    run.aws().call("cloudwatch", "PutMetricAlarm", input);
}

fn dashboard(run: &Run<'_>) -> String {
    let name = run.name("board");
    put(run, &name);
    let body = json!({"widgets": [{"type": "metric", "properties": {"region": "us-east-1", "metrics": [[name, "Orders"]]}}]});
    run.aws().call(
        "cloudwatch",
        "PutDashboard",
        json!({"DashboardName": name, "DashboardBody": body.to_string()}),
    );
    name
}

fn dashboards(request: &Request) -> Option<Response> {
    let entry = json!({"DashboardName": "main", "LastModified": "2026-11-22T10:00:00Z", "Size": 1});
    (request.operation() == "ListDashboards").then(|| Response::output(json!({"DashboardEntries": [entry]})))
}

fn detail(request: &Request) -> Option<Response> {
    let arn = "arn:aws:logs:us-east-1:123456789012:anomaly-detector:d";
    match request.operation() {
        "ListLogAnomalyDetectors" => {
            Some(Response::output(json!({"anomalyDetectors": [{"anomalyDetectorArn": arn}]})))
        }
        "ListAnomalies" => Some(Response::output(json!({"anomalies": []}))),
        "DescribeIndexPolicies" => Some(Response::output(json!({"indexPolicies": []}))),
        "GetDataProtectionPolicy" => Some(Response::output(json!({}))),
        _ => None,
    }
}
