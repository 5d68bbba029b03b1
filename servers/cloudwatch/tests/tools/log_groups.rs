//! Making, setting, filling, exporting and deleting log groups.

use awsmcp_testing::{LocalAws, Response, Stub, expect};
use serde_json::{Value, json};

use crate::world::CLOUDWATCH;

fn make(name: &str) {
    LocalAws::shared().call("logs", "CreateLogGroup", json!({"logGroupName": name}));
}

#[test]
fn a_group_is_made_as_asked_and_only_once() {
    let mut server = CLOUDWATCH.start();
    let call =
        json!({"log_group": "/made/app", "create": true, "class": "infrequent_access", "retention_days": 30});
    let plan = server.plan("set_log_group", call.clone());
    plan.shows(expect![[r#"
        dry run, nothing was changed. set_log_group would create the log group /made/app
        setting	then
        class	infrequent_access
        retention	30 days
        2 rows"#]]);
    let none = server.call("list_log_groups", json!({"prefix": "/made/"}));
    none.holds(&["0 rows"]);
    let done = server.call("set_log_group", call.clone());
    done.holds(&["retention: 30 days"]);
    let listed = server.call("list_log_groups", json!({"prefix": "/made/"}));
    listed.holds(&["\t30\tinfrequent_access\t"]);
    let again = server.call("set_log_group", call);
    again.fails(&["exists already", "leave `create` out"]);
}

#[test]
fn a_shorter_retention_deletes_and_needs_leave_and_a_question() {
    make("/kept/app");
    let call = json!({"log_group": "/kept/app", "retention_days": 7});
    let mut writer = CLOUDWATCH.only(&["--toolsets", "all", "--allow", "write"]).start();
    let refused = writer.call("set_log_group", call.clone());
    refused.fails(&["--allow destroy"]);
    let mut server = CLOUDWATCH.start();
    let asked = server.call("set_log_group", call.clone());
    asked.holds(&[
        "nothing was done yet",
        "older than 7 days will be deleted",
        "retention\tfor ever\t7 days",
    ]);
    server.confirmed("set_log_group", call.clone()).ok();
    server.plan("set_log_group", call).holds(&["nothing changes"]);
    // Longer loses nothing.
    let longer = server.call("set_log_group", json!({"log_group": "/kept/app", "retention_days": 0}));
    longer.holds(&["retention: for ever"]);
}

#[test]
fn filters_are_put_shown_and_removed() {
    make("/filtered/app");
    let mut server = CLOUDWATCH.start();
    let filter = json!({"name": "errors", "pattern": "ERROR", "namespace": "Shop", "metric": "Errors"});
    let done = server.call("set_log_group", json!({"log_group": "/filtered/app", "metric_filter": filter}));
    done.holds(&["metric_filter: ERROR: Shop Errors = 1"]);
    let removal = json!({"log_group": "/filtered/app", "metric_filter": {"name": "errors", "remove": true}});
    let plan = server.plan("set_log_group", removal.clone());
    plan.shows(expect![[r#"
        dry run, nothing was changed. set_log_group would change the log group /filtered/app
        warning: Shop Errors gets no more values, and alarms on it no more data
        setting	now	then
        metric_filter	ERROR: Shop Errors = 1	removed
        1 row"#]]);
    server.confirmed("set_log_group", removal.clone()).ok();
    let gone = server.call("set_log_group", removal);
    gone.fails(&["has no metric filter errors"]);
    let subscription =
        json!({"name": "s", "destination_arn": "arn:aws:lambda:us-east-1:123456789012:function:f"});
    let done =
        server.call("set_log_group", json!({"log_group": "/filtered/app", "subscription": subscription}));
    done.holds(&["subscription:  to arn:aws:lambda"]);
}

#[test]
fn what_cannot_be_set_is_told_with_a_good_one() {
    make("/wrong/app");
    let mut server = CLOUDWATCH.start();
    let mut failing = |with: Value| {
        let mut arguments = with;
        arguments["log_group"] = json!("/wrong/app");
        server.call("set_log_group", arguments)
    };
    failing(json!({"retention_days": 31})).fails(&["the nearest that can is 30"]);
    failing(json!({})).fails(&["at least one thing to set"]);
    failing(json!({"metric_filter": {"name": "x"}})).fails(&["\"namespace\": \"Shop\""]);
    failing(json!({"class": "standard"})).fails(&["are of `create`"]);
    let missing = server.call("set_log_group", json!({"log_group": "/wrong/apq", "retention_days": 1}));
    missing.fails(&["did you mean /wrong/app"]);
}

#[test]
fn indexes_and_protection_reach_aws_as_it_wants_them() {
    make("/indexed/app");
    let stub = Stub::before(LocalAws::shared(), |request| match request.operation() {
        "DescribeIndexPolicies" => {
            Response::output(json!({"indexPolicies": [{"policyDocument": "{\"Fields\":[\"a\"]}"}]}))
        }
        "PutIndexPolicy" | "PutLogGroupDeletionProtection" => Response::output(json!({})),
        _ => Response::HandOn,
    });
    let mut server = CLOUDWATCH.at(stub.env()).only(&["--toolsets", "all", "--allow", "write"]).start();
    let call = json!({"log_group": "/indexed/app", "index_fields": ["a", "b"], "deletion_protection": "on"});
    let done = server.call("set_log_group", call);
    done.holds(&["deletion_protection: on"]);
    assert_eq!(stub.of("PutIndexPolicy")[0].json()["policyDocument"], "{\"Fields\":[\"a\",\"b\"]}");
    assert_eq!(stub.of("PutLogGroupDeletionProtection")[0].json()["deletionProtectionEnabled"], true);
}

#[test]
fn events_are_written_to_a_stream_that_is_made_for_them() {
    make("/written/app");
    let mut server = CLOUDWATCH.start();
    let call = json!({"log_group": "/written/app", "stream": "deploys", "events": [{"message": "second"}, {"message": "first", "time": "-5m"}]});
    let plan = server.plan("put_logs", call.clone());
    plan.holds(&["would write 2 events, 11 B, to deploys of /written/app, a new stream"]);
    server.call("put_logs", call).holds(&["\"written\":2"]);
    let found = server.call("filter_logs", json!({"log_groups": ["/written/app"], "end": "now"}));
    found.holds(&["\tfirst\n"]);
    let missing = server
        .call("put_logs", json!({"log_group": "/written/ap", "stream": "s", "events": [{"message": "m"}]}));
    missing.fails(&["did you mean /written/app"]);
    let bad = server.call(
        "put_logs",
        json!({"log_group": "/written/app", "stream": "a:b", "events": [{"message": "m"}]}),
    );
    bad.fails(&["web-1/2026-11-22"]);
}

#[test]
fn what_aws_rejects_of_the_events_is_told() {
    make("/rejected/app");
    let stub = Stub::before(LocalAws::shared(), |request| match request.operation() {
        "PutLogEvents" => Response::output(
            json!({"rejectedLogEventsInfo": {"tooOldLogEventEndIndex": 1, "tooNewLogEventStartIndex": 2}}),
        ),
        _ => Response::HandOn,
    });
    let mut server = CLOUDWATCH.at(stub.env()).only(&["--toolsets", "all", "--allow", "write"]).start();
    let events = json!([{"message": "old"}, {"message": "good"}, {"message": "new"}]);
    let done =
        server.call("put_logs", json!({"log_group": "/rejected/app", "stream": "s", "events": events}));
    done.holds(&["\"written\":1", "1: older than 14 days", "1: more than 2 hours"]);
}

#[test]
fn a_query_is_saved_and_replaced_under_its_name() {
    let stub = Stub::start(|request| match request.operation() {
        "DescribeQueryDefinitions" => Response::output(json!({"queryDefinitions": [
            {"queryDefinitionId": "id-1", "name": "team/errors", "queryString": "fields a\n| limit 1", "logGroupNames": ["g"]},
            {"queryDefinitionId": "id-2", "name": "team/errors-old", "queryString": "x"},
        ]})),
        _ => Response::output(json!({"queryDefinitionId": "id-1"})),
    });
    let mut server = CLOUDWATCH.at(stub.env()).only(&["--toolsets", "all", "--allow", "write"]).start();
    let call = json!({"name": "team/errors", "statement": "fields a\n| limit 2", "log_groups": ["g"]});
    let plan = server.plan("save_query", call.clone());
    plan.shows(expect![[r#"
        dry run, nothing was changed. save_query would replace the query team/errors
        diff
           "statement": [
             "fields a",
        -    "| limit 1"
        +    "| limit 2"
           ]
         }
        6 rows"#]]);
    server.call("save_query", call).ok();
    assert_eq!(stub.of("PutQueryDefinition")[0].json()["queryDefinitionId"], "id-1");
    let plan = server.plan("save_query", json!({"name": "team/new", "statement": "fields a"}));
    plan.holds(&["would save the query team/new"]);
}

#[test]
fn an_export_is_planned_started_and_waited_for() {
    make("/exported/app");
    let stub = Stub::before(LocalAws::shared(), |request| match request.operation() {
        "CreateExportTask" => Response::output(json!({"taskId": "t-1"})),
        "DescribeExportTasks" => {
            let code = if request.nth < 2 { "RUNNING" } else { "COMPLETED" };
            Response::output(
                json!({"exportTasks": [{"taskId": "t-1", "status": {"code": code, "message": "done"}}]}),
            )
        }
        _ => Response::HandOn,
    });
    let mut server = CLOUDWATCH.at(stub.env()).only(&["--toolsets", "all", "--allow", "write"]).start();
    let call = json!({"log_group": "/exported/app", "bucket": "archive", "prefix": "logs", "start": "-2d", "wait": true});
    let plan = server.plan("export_logs", call.clone());
    plan.holds(&["would export /exported/app to s3://archive/logs"]);
    let done = server.call("export_logs", call);
    done.holds(&["\"task_id\":\"t-1\",\"status\":\"COMPLETED\""]);
    assert_eq!(stub.of("CreateExportTask")[0].json()["destination"], "archive");
    let reversed = server.call(
        "export_logs",
        json!({"log_group": "/exported/app", "bucket": "b", "start": "-1h", "end": "-2h"}),
    );
    reversed.fails(&["is not before `end`"]);
}

#[test]
fn a_group_is_deleted_after_a_plan_unless_it_is_protected() {
    make("/doomed/app");
    let mut server = CLOUDWATCH.start();
    let call = json!({"log_group": "/doomed/app"});
    let plan = server.plan("delete_log_group", call.clone());
    plan.holds(&["would delete the log group /doomed/app, 0 B; it has no events"]);
    server.confirmed("delete_log_group", call.clone()).ok();
    let gone = server.call("delete_log_group", call);
    gone.fails(&["there is no log group /doomed/app"]);
    let stub = Stub::start(|_| {
        Response::output(json!({"logGroups": [{"logGroupName": "safe", "deletionProtectionEnabled": true}]}))
    });
    let mut server = CLOUDWATCH.at(stub.env()).start();
    let safe = server.call("delete_log_group", json!({"log_group": "safe"}));
    safe.fails(&["is protected against deletion"]);
    assert!(stub.of("DeleteLogGroup").is_empty());
}

/// A group of many filters, of which each page has one; the very name is on the first that has any.
#[test]
fn a_filter_is_found_without_the_pages_of_those_that_begin_with_its_name() {
    let stub = Stub::start(|request| {
        let page = |member: &str, more: Value| {
            let (name, next) = match request.json()["nextToken"].as_str() {
                None => (None, "1"),
                Some("1") => (Some("errs"), "2"),
                Some("2") => (Some("errs-more"), "3"),
                Some(_) => (Some("errs-most"), ""),
            };
            let mut filter = more;
            filter["filterName"] = json!(name.unwrap_or_default());
            filter["filterPattern"] = json!("ERROR");
            let filters: Vec<Value> = name.map(|_| filter).into_iter().collect();
            let mut output = json!({member: filters});
            if !next.is_empty() {
                output["nextToken"] = json!(next);
            }
            Response::output(output)
        };
        match request.operation() {
            "DescribeLogGroups" => Response::output(json!({"logGroups": [{"logGroupName": "/g"}]})),
            "DescribeMetricFilters" => {
                let metric = json!({"metricNamespace": "App", "metricName": "Errs", "metricValue": "1"});
                page("metricFilters", json!({"metricTransformations": [metric]}))
            }
            "DescribeSubscriptionFilters" => page(
                "subscriptionFilters",
                json!({"destinationArn": "arn:aws:lambda:us-east-1:123456789012:function:f"}),
            ),
            other => Response::error(400, "InvalidOperationException", other),
        }
    });
    let mut server = CLOUDWATCH.at(stub.env()).start();
    let mut planned = |filter: Value| {
        let mut call = filter;
        call["log_group"] = json!("/g");
        call["dry_run"] = json!(true);
        server.call("set_log_group", call).text
    };
    let metric = planned(json!({"metric_filter": {"name": "errs", "pattern": "FATAL"}}));
    assert!(metric.contains("ERROR: App Errs = 1") && metric.contains("FATAL: App Errs = 1"), "{metric}");
    assert_eq!(stub.of("DescribeMetricFilters").len(), 2);
    let subscription = planned(json!({"subscription": {"name": "errs", "pattern": "FATAL"}}));
    assert!(subscription.contains("ERROR to arn:aws:lambda"), "{subscription}");
    assert_eq!(stub.of("DescribeSubscriptionFilters").len(), 2);
    // One that is not there is not taken for those that begin like it: all of these are looked at.
    let absent = planned(json!({"subscription": {"name": "err", "pattern": "x"}}));
    assert!(absent.contains("a new `subscription` needs a `destination_arn`"), "{absent}");
    assert_eq!(stub.of("DescribeSubscriptionFilters").len(), 6);
}

#[test]
fn a_pattern_of_a_filter_that_is_none_is_shown_in_quotes() {
    let stub = Stub::start(|request| match request.operation() {
        "DescribeLogGroups" => {
            let group =
                json!({"logGroupName": "/mf", "arn": "arn:aws:logs:us-east-1:123456789012:log-group:/mf:*"});
            Response::output(json!({"logGroups": [group]}))
        }
        "DescribeMetricFilters" => Response::output(json!({"metricFilters": []})),
        "DescribeSubscriptionFilters" => Response::output(json!({"subscriptionFilters": []})),
        "PutMetricFilter" | "PutSubscriptionFilter" => {
            Response::error(400, "InvalidParameterException", "Invalid filter pattern")
        }
        _ => Response::output(json!({})),
    });
    let mut server = CLOUDWATCH.at(stub.env()).start();
    let filter = json!({"name": "errs", "pattern": "ORDER-ITEM-1", "namespace": "App", "metric": "Errs"});
    server
        .call("set_log_group", json!({"log_group": "/mf", "metric_filter": filter}))
        .fails(&["Invalid filter pattern", "\"ORDER-ITEM-1\""]);
    let sent = json!({"name": "out", "pattern": "a.b", "destination_arn": "arn:aws:lambda:us-east-1:123456789012:function:f"});
    server
        .call("set_log_group", json!({"log_group": "/mf", "subscription": sent}))
        .fails(&["Invalid filter pattern", "\"a.b\""]);
}
