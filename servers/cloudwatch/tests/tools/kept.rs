//! What a change does not name stays as it was, and what AWS no longer keeps is not told as absent.

use awsmcp_testing::{Response, Stub};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::world::CLOUDWATCH;

const DAY: i64 = 24 * 3600;

#[test]
fn an_alarm_on_another_accounts_metric_stays_one() {
    let query = json!({"Id": "m1", "AccountId": "999999999999", "ReturnData": true, "Label": "theirs",
        "MetricStat": {"Metric": {"Namespace": "Other", "MetricName": "M"}, "Period": 60, "Stat": "Sum", "Unit": "Count"}});
    let described = query.clone();
    let stub = Stub::start(move |request| match request.operation() {
        "DescribeAlarms" => Response::output(
            json!({"MetricAlarms": [{"AlarmName": "xacc", "StateValue": "OK", "Metrics": [described],
            "EvaluationPeriods": 1, "Threshold": 1.0, "ComparisonOperator": "GreaterThanThreshold", "ActionsEnabled": true}]}),
        ),
        "PutMetricAlarm" => Response::output(json!({})),
        other => Response::error(400, "InvalidOperationException", other),
    });
    CLOUDWATCH.at(stub.env()).start().call("put_alarm", json!({"alarm": "xacc", "threshold": 5})).ok();
    let sent = stub.of("PutMetricAlarm")[0].json();
    let mut back = sent["Metrics"][0].clone();
    // A metric without dimensions may be sent with an empty list of them.
    if let Some(metric) = back["MetricStat"]["Metric"].as_object_mut() {
        metric.remove("Dimensions");
    }
    assert_eq!(back, query);
    assert_eq!(sent["Threshold"], 5.0);
}

/// A log group with a metric filter and a subscription that have all that AWS knows.
fn filtered() -> Stub {
    Stub::start(|request| match request.operation() {
        "DescribeLogGroups" => Response::output(json!({"logGroups": [{"logGroupName": "/mf"}]})),
        "DescribeMetricFilters" => Response::output(json!({"metricFilters": [{
            "filterName": "errs", "filterPattern": "ERROR", "applyOnTransformedLogs": true,
            "fieldSelectionCriteria": "@aws.account = 1", "emitSystemFieldDimensions": ["@aws.region"],
            "metricTransformations": [
                {"metricNamespace": "App", "metricName": "Errs", "metricValue": "1", "defaultValue": 0.0, "unit": "Count", "dimensions": {"H": "$.h"}},
            ],
        }]})),
        "DescribeSubscriptionFilters" => Response::output(json!({"subscriptionFilters": [{
            "filterName": "sub", "filterPattern": "x", "destinationArn": "arn:aws:kinesis:us-east-1:123456789012:stream/s",
            "roleArn": "arn:aws:iam::123456789012:role/r", "distribution": "Random", "applyOnTransformedLogs": true,
        }]})),
        "PutMetricFilter" | "PutSubscriptionFilter" => Response::output(json!({})),
        other => Response::error(400, "InvalidOperationException", other),
    })
}

#[test]
fn a_metric_filter_keeps_what_a_call_does_not_name() {
    let stub = filtered();
    let mut server = CLOUDWATCH.at(stub.env()).start();
    let same =
        json!({"name": "errs", "pattern": "ERROR", "namespace": "App", "metric": "Errs", "value": "1"});
    let call = json!({"log_group": "/mf", "metric_filter": same});
    server.plan("set_log_group", call.clone()).holds(&["nothing changes"]);
    server.call("set_log_group", call).ok();
    assert!(stub.of("PutMetricFilter").is_empty());
    let other = json!({"log_group": "/mf", "metric_filter": {"name": "errs", "pattern": "FATAL", "namespace": "App", "metric": "Errs"}});
    server
        .plan("set_log_group", other.clone())
        .holds(&["ERROR: App Errs = 1 or else 0 Count, H=$.h", "FATAL: App Errs = 1 or else 0 Count, H=$.h"]);
    server.call("set_log_group", other).ok();
    let sent = stub.of("PutMetricFilter")[0].json();
    assert_eq!(
        sent,
        json!({"logGroupName": "/mf", "filterName": "errs", "filterPattern": "FATAL", "applyOnTransformedLogs": true,
            "fieldSelectionCriteria": "@aws.account = 1", "emitSystemFieldDimensions": ["@aws.region"],
            "metricTransformations": [{"metricNamespace": "App", "metricName": "Errs", "metricValue": "1", "defaultValue": 0.0,
                "unit": "Count", "dimensions": {"H": "$.h"}}]})
    );
}

#[test]
fn a_subscription_keeps_what_a_call_does_not_name() {
    let stub = filtered();
    let mut server = CLOUDWATCH.at(stub.env()).start();
    let to = "arn:aws:kinesis:us-east-1:123456789012:stream/other";
    let call = json!({"log_group": "/mf", "subscription": {"name": "sub", "destination_arn": to}});
    server.confirmed("set_log_group", call).ok();
    assert_eq!(
        stub.of("PutSubscriptionFilter")[0].json(),
        json!({"logGroupName": "/mf", "filterName": "sub", "filterPattern": "x", "destinationArn": to,
            "roleArn": "arn:aws:iam::123456789012:role/r", "distribution": "Random", "applyOnTransformedLogs": true})
    );
}

/// Metrics as AWS keeps them: a value every minute, of 60 s for 15 days, of 300 s for 63.
fn aged() -> Stub {
    Stub::start(|request| match request.operation() {
        "DescribeAlarms" => {
            let since = Timestamp::now().as_second() - 20 * DAY;
            Response::output(
                json!({"MetricAlarms": [{"AlarmName": "pay-ok-20d", "StateValue": "OK", "StateUpdatedTimestamp": since,
                "Namespace": "Shop", "MetricName": "Latency", "Statistic": "Average", "Period": 60, "EvaluationPeriods": 1,
                "Threshold": 1.0, "ComparisonOperator": "GreaterThanThreshold", "ActionsEnabled": true, "AlarmActions": ["arn:aws:sns:us-east-1:123456789012:t"]}]}),
            )
        }
        "DescribeAlarmHistory" => Response::output(json!({"AlarmHistoryItems": []})),
        "GetMetricData" => {
            let asked = request.json();
            let period = asked["MetricDataQueries"][0]["MetricStat"]["Period"].as_i64().unwrap();
            let start = asked["StartTime"].as_f64().unwrap() as i64;
            let age = Timestamp::now().as_second() - start;
            let kept = if age > 15 * DAY { 300 } else { 60 };
            let points: Vec<i64> = (0..5).map(|n| start + n * period).filter(|_| period >= kept).collect();
            let values: Vec<f64> = points.iter().map(|_| if age > DAY { 7.0 } else { 3.0 }).collect();
            Response::output(
                json!({"MetricDataResults": [{"Id": "m1", "Label": "Latency", "Timestamps": points, "Values": values, "StatusCode": "Complete"}]}),
            )
        }
        "GetMetricStatistics" => Response::output(json!({"Label": "Latency", "Datapoints": []})),
        other => Response::error(400, "InvalidOperationException", other),
    })
}

#[test]
fn an_alarm_that_has_been_quiet_for_long_has_a_metric() {
    let stub = aged();
    let explained = CLOUDWATCH.at(stub.env()).start().call("explain_alarm", json!({"alarm": "pay-ok-20d"}));
    explained.lacks(&["has no value"]).holds(&["300 s used"]);
    let metric: Value = explained.object()["metrics"][0].clone();
    // Around the change it was 7, now it is 3.
    assert_eq!((&metric["max"], &metric["last"]), (&json!(7), &json!(3)), "{metric}");
    assert!(
        metric["around_change"].as_array().unwrap().last().unwrap().as_str().unwrap().ends_with(" 3"),
        "{metric}"
    );
}

#[test]
fn a_period_that_is_no_longer_kept_is_raised_and_said() {
    let stub = aged();
    let mut server = CLOUDWATCH.at(stub.env()).start();
    let metrics = json!([{"namespace": "Shop", "name": "Latency"}]);
    let old = server.call(
        "get_metrics",
        json!({"metrics": metrics, "start": "-20d", "end": "-19d", "period_seconds": 60}),
    );
    old.holds(&["AWS keeps no values of 60 s for 20 days: 300 s used", "a value every 300 s"])
        .lacks(&["no value in that time"]);
    let new = server.call("get_metrics", json!({"metrics": metrics, "start": "-1h", "period_seconds": 60}));
    new.holds(&["a value every 60 s"]).lacks(&["used"]);
}
