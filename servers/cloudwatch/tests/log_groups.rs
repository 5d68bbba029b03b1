//! Making, setting, filling, exporting and deleting log groups.
#![cfg(test)]

use awsmcp_testing::{LocalAws, Response, Server, Stub};
use serde_json::{Value, json};

fn spawn(args: &[&str], env: Vec<(String, String)>) -> Server {
    let args = [&["--toolsets", "all"], args].concat();
    let mut server = Server::spawn(env!("CARGO_BIN_EXE_awsmcp-cloudwatch"), args, env);
    server.initialize();
    server
}

fn server() -> Server {
    spawn(&["--allow", "write,destroy"], LocalAws::shared().env())
}

fn dry(server: &mut Server, tool: &str, mut arguments: Value) -> String {
    arguments["dry_run"] = json!(true);
    server.call(tool, arguments).ok().to_owned()
}

fn make(name: &str) {
    LocalAws::shared().call("logs", "CreateLogGroup", json!({"logGroupName": name}));
}

#[test]
fn a_group_is_made_as_asked_and_only_once() {
    let mut server = server();
    let call =
        json!({"log_group": "/made/app", "create": true, "class": "infrequent_access", "retention_days": 30});
    let plan = dry(&mut server, "set_log_group", call.clone());
    assert!(
        plan.contains("would create the log group /made/app") && plan.contains("retention\t30 days"),
        "{plan}"
    );
    let none = server.call("list_log_groups", json!({"prefix": "/made/"}));
    assert!(none.ok().contains("0 rows"), "{}", none.text);
    let done = server.call("set_log_group", call.clone());
    assert!(done.ok().contains("retention: 30 days"), "{}", done.text);
    let listed = server.call("list_log_groups", json!({"prefix": "/made/"}));
    assert!(listed.ok().contains("\t30\tinfrequent_access\t"), "{}", listed.text);
    let again = server.call("set_log_group", call);
    assert!(
        again.error().contains("exists already") && again.text.contains("leave `create` out"),
        "{}",
        again.text
    );
}

#[test]
fn a_shorter_retention_deletes_and_needs_leave_and_a_question() {
    make("/kept/app");
    let call = json!({"log_group": "/kept/app", "retention_days": 7});
    let mut writer = spawn(&["--allow", "write"], LocalAws::shared().env());
    let refused = writer.call("set_log_group", call.clone());
    assert!(refused.error().contains("--allow destroy"), "{}", refused.text);
    let mut server = server();
    let asked = server.call("set_log_group", call.clone());
    assert!(
        asked.ok().contains("nothing was done yet")
            && asked.text.contains("older than 7 days will be deleted"),
        "{}",
        asked.text
    );
    assert!(asked.text.contains("retention\tfor ever\t7 days"), "{}", asked.text);
    server.confirmed("set_log_group", call.clone()).ok();
    assert!(dry(&mut server, "set_log_group", call).contains("nothing changes"));
    // Longer loses nothing.
    let longer = server.call("set_log_group", json!({"log_group": "/kept/app", "retention_days": 0}));
    assert!(longer.ok().contains("retention: for ever"), "{}", longer.text);
}

#[test]
fn filters_are_put_shown_and_removed() {
    make("/filtered/app");
    let mut server = server();
    let filter = json!({"name": "errors", "pattern": "ERROR", "namespace": "Shop", "metric": "Errors"});
    let done = server.call("set_log_group", json!({"log_group": "/filtered/app", "metric_filter": filter}));
    assert!(done.ok().contains("metric_filter: ERROR: Shop Errors = 1"), "{}", done.text);
    let removal = json!({"log_group": "/filtered/app", "metric_filter": {"name": "errors", "remove": true}});
    let plan = dry(&mut server, "set_log_group", removal.clone());
    assert!(
        plan.contains("ERROR: Shop Errors = 1\tremoved") && plan.contains("alarms on it no more data"),
        "{plan}"
    );
    server.confirmed("set_log_group", removal.clone()).ok();
    let gone = server.call("set_log_group", removal);
    assert!(gone.error().contains("has no metric filter errors"), "{}", gone.text);
    let subscription =
        json!({"name": "s", "destination_arn": "arn:aws:lambda:us-east-1:123456789012:function:f"});
    let done =
        server.call("set_log_group", json!({"log_group": "/filtered/app", "subscription": subscription}));
    assert!(done.ok().contains("subscription:  to arn:aws:lambda"), "{}", done.text);
}

#[test]
fn what_cannot_be_set_is_told_with_a_good_one() {
    make("/wrong/app");
    let mut server = server();
    let mut error = |with: Value| {
        let mut arguments = with;
        arguments["log_group"] = json!("/wrong/app");
        server.call("set_log_group", arguments).error().to_owned()
    };
    let text = error(json!({"retention_days": 31}));
    assert!(text.contains("the nearest that can is 30"), "{text}");
    let text = error(json!({}));
    assert!(text.contains("at least one thing to set"), "{text}");
    let text = error(json!({"metric_filter": {"name": "x"}}));
    assert!(text.contains("\"namespace\": \"Shop\""), "{text}");
    let text = error(json!({"class": "standard"}));
    assert!(text.contains("are of `create`"), "{text}");
    let missing = server.call("set_log_group", json!({"log_group": "/wrong/apq", "retention_days": 1}));
    assert!(missing.error().contains("did you mean /wrong/app"), "{}", missing.text);
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
    let mut server = spawn(&["--allow", "write"], stub.env());
    let call = json!({"log_group": "/indexed/app", "index_fields": ["a", "b"], "deletion_protection": "on"});
    let done = server.call("set_log_group", call);
    assert!(done.ok().contains("deletion_protection: on"), "{}", done.text);
    assert_eq!(stub.of("PutIndexPolicy")[0].json()["policyDocument"], "{\"Fields\":[\"a\",\"b\"]}");
    assert_eq!(stub.of("PutLogGroupDeletionProtection")[0].json()["deletionProtectionEnabled"], true);
}

#[test]
fn events_are_written_to_a_stream_that_is_made_for_them() {
    make("/written/app");
    let mut server = server();
    let call = json!({"log_group": "/written/app", "stream": "deploys", "events": [{"message": "second"}, {"message": "first", "time": "-5m"}]});
    let plan = dry(&mut server, "put_logs", call.clone());
    assert!(plan.contains("would write 2 events, 11 B, to deploys of /written/app, a new stream"), "{plan}");
    assert!(server.call("put_logs", call).ok().contains("\"written\":2"));
    let found = server.call("filter_logs", json!({"log_groups": ["/written/app"], "end": "now"}));
    assert!(found.ok().contains("\tfirst\n"), "{}", found.text);
    let missing = server
        .call("put_logs", json!({"log_group": "/written/ap", "stream": "s", "events": [{"message": "m"}]}));
    assert!(missing.error().contains("did you mean /written/app"), "{}", missing.text);
    let bad = server.call(
        "put_logs",
        json!({"log_group": "/written/app", "stream": "a:b", "events": [{"message": "m"}]}),
    );
    assert!(bad.error().contains("web-1/2026-11-22"), "{}", bad.text);
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
    let mut server = spawn(&["--allow", "write"], stub.env());
    let events = json!([{"message": "old"}, {"message": "good"}, {"message": "new"}]);
    let done =
        server.call("put_logs", json!({"log_group": "/rejected/app", "stream": "s", "events": events}));
    assert!(
        done.ok().contains("\"written\":1")
            && done.text.contains("1: older than 14 days")
            && done.text.contains("1: more than 2 hours"),
        "{}",
        done.text
    );
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
    let mut server = spawn(&["--allow", "write"], stub.env());
    let call = json!({"name": "team/errors", "statement": "fields a\n| limit 2", "log_groups": ["g"]});
    let plan = dry(&mut server, "save_query", call.clone());
    assert!(
        plan.contains("would replace the query team/errors")
            && plan.contains("-    \"| limit 1\"")
            && plan.contains("+    \"| limit 2\""),
        "{plan}"
    );
    server.call("save_query", call).ok();
    assert_eq!(stub.of("PutQueryDefinition")[0].json()["queryDefinitionId"], "id-1");
    let plan = dry(&mut server, "save_query", json!({"name": "team/new", "statement": "fields a"}));
    assert!(plan.contains("would save the query team/new"), "{plan}");
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
    let mut server = spawn(&["--allow", "write"], stub.env());
    let call = json!({"log_group": "/exported/app", "bucket": "archive", "prefix": "logs", "start": "-2d", "wait": true});
    let plan = dry(&mut server, "export_logs", call.clone());
    assert!(plan.contains("would export /exported/app to s3://archive/logs"), "{plan}");
    let done = server.call("export_logs", call);
    assert!(done.ok().contains("\"task_id\":\"t-1\",\"status\":\"COMPLETED\""), "{}", done.text);
    assert_eq!(stub.of("CreateExportTask")[0].json()["destination"], "archive");
    let reversed = server.call(
        "export_logs",
        json!({"log_group": "/exported/app", "bucket": "b", "start": "-1h", "end": "-2h"}),
    );
    assert!(reversed.error().contains("is not before `end`"), "{}", reversed.text);
}

#[test]
fn a_group_is_deleted_after_a_plan_unless_it_is_protected() {
    make("/doomed/app");
    let mut server = server();
    let call = json!({"log_group": "/doomed/app"});
    let plan = dry(&mut server, "delete_log_group", call.clone());
    assert!(plan.contains("would delete the log group /doomed/app, 0 B; it has no events"), "{plan}");
    server.confirmed("delete_log_group", call.clone()).ok();
    let gone = server.call("delete_log_group", call);
    assert!(gone.error().contains("there is no log group /doomed/app"), "{}", gone.text);
    let stub = Stub::start(|_| {
        Response::output(json!({"logGroups": [{"logGroupName": "safe", "deletionProtectionEnabled": true}]}))
    });
    let mut server = spawn(&["--allow", "write,destroy"], stub.env());
    let safe = server.call("delete_log_group", json!({"log_group": "safe"}));
    assert!(safe.error().contains("is protected against deletion"), "{}", safe.text);
    assert!(stub.of("DeleteLogGroup").is_empty());
}
