//! Calls that are held to the operator's list of resources: what only a statement, a rule or an answer names, too.

use awsmcp_testing::{Request, Response, Server, Stub};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::world::CLOUDWATCH;

const ACCOUNT: &str = "123456789012";
const TEAM: [&str; 6] = [
    "--allow-arn",
    "arn:aws:logs:*:123456789012:log-group:/team/*",
    "--allow-arn",
    "arn:aws:cloudwatch:*:*:alarm:team-*",
    "--allow-arn",
    "arn:aws:cloudwatch::*:dashboard/team-*",
];

fn alarm(name: &str) -> Value {
    json!({"AlarmName": name, "AlarmArn": format!("arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:{name}"), "StateValue": "ALARM",
        "MetricName": "M", "Namespace": "N", "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1, "Threshold": 1.0,
        "ComparisonOperator": "GreaterThanThreshold", "ActionsEnabled": true})
}

/// An account with groups, alarms and dashboards of two owners.
fn world() -> Stub {
    Stub::start(|request| match request.operation() {
        "GetCallerIdentity" => Response::output(
            json!({"Account": ACCOUNT, "Arn": format!("arn:aws:iam::{ACCOUNT}:user/u"), "UserId": "U"}),
        ),
        "DescribeLogGroups" => {
            let asked = request.json();
            let wanted = |name: &&str| {
                asked["logGroupNamePrefix"].as_str().is_none_or(|prefix| name.starts_with(prefix))
            };
            let described = |name: &str| json!({"logGroupName": name, "arn": format!("arn:aws:logs:us-east-1:{ACCOUNT}:log-group:{name}:*"), "storedBytes": 1000});
            let groups: [&str; 3] = ["/secret/payroll", "/team/app", "/team/pay"];
            Response::output(
                json!({"logGroups": groups.into_iter().filter(wanted).map(described).collect::<Vec<_>>()}),
            )
        }
        "StartQuery" => Response::output(json!({"queryId": "q"})),
        "GetQueryResults" => {
            Response::output(json!({"status": "Complete", "results": [[{"field": "n", "value": "1"}]]}))
        }
        "DescribeLogStreams" => Response::output(json!({"logStreams": []})),
        "CreateLogStream" | "PutLogEvents" => Response::output(json!({})),
        "DescribeQueryDefinitions" => Response::output(json!({"queryDefinitions": []})),
        "PutQueryDefinition" => Response::output(json!({"queryDefinitionId": "d"})),
        "DescribeAlarms" => {
            let asked = request.json();
            let names: Option<Vec<&str>> =
                asked["AlarmNames"].as_array().map(|names| names.iter().filter_map(Value::as_str).collect());
            let wanted = |name: &&str| names.as_ref().is_none_or(|names| names.contains(name));
            let metric =
                ["secret-pay", "team-pay"].iter().filter(|name| wanted(name)).map(|name| alarm(name));
            let rule = r#"AT_LEAST(1, ALARM, ("team-pay", "secret-pay", "team-gone")) OR OK("secret-gone")"#;
            let parents = ["secret-all", "team-all"].iter().filter(|name| wanted(name)).map(|name| {
                json!({"AlarmName": name, "AlarmRule": rule, "StateValue": "OK", "ActionsEnabled": true})
            });
            Response::output(
                json!({"MetricAlarms": metric.collect::<Vec<_>>(), "CompositeAlarms": parents.collect::<Vec<_>>()}),
            )
        }
        "DescribeAlarmHistory" => Response::output(json!({"AlarmHistoryItems": []})),
        "GetDashboard" => Response::error(404, "ResourceNotFound", "no such dashboard"),
        "ListDashboards" => Response::output(
            json!({"DashboardEntries": [{"DashboardName": "secret-man"}, {"DashboardName": "team-main"}]}),
        ),
        other => Response::error(400, "InvalidOperationException", other),
    })
}

fn held(stub: &Stub) -> Server {
    CLOUDWATCH.and(&TEAM).at(stub.env()).start()
}

fn free(stub: &Stub) -> Server {
    CLOUDWATCH.at(stub.env()).start()
}

#[test]
fn an_arn_of_another_kind_carries_no_log_group_past_the_list() {
    let stub = world();
    let mut server = held(&stub);
    let group = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:team-x:log-group:/secret/payroll";
    let events = json!([{"message": "x"}]);
    server
        .call("put_logs", json!({"log_group": group, "stream": "s", "events": events}))
        .fails(&["is not a log group"]);
    for tool in ["set_log_group", "delete_log_group", "log_group_detail"] {
        server
            .call(tool, json!({"log_group": group}))
            .fails(&["is not a log group", "/aws/lambda/my-function"]);
    }
    server.call("filter_logs", json!({"log_groups": [group]})).fails(&["is not a log group"]);
    for group in [
        " /team/app",
        "/team/app ",
        "/team/app\u{0}",
        "/team/*",
        "arn:aws:logs:us-east-1:123456789012:log-group:/team/app:log-stream:s",
    ] {
        server
            .call("put_logs", json!({"log_group": group, "stream": "s", "events": events}))
            .fails(&["is not a log group"]);
    }
    assert!(stub.of("PutLogEvents").is_empty() && stub.of("DescribeLogGroups").is_empty());
    // By name and by both forms of its ARN it is the same group.
    for group in [
        "/team/app",
        "arn:aws:logs:us-east-1:123456789012:log-group:/team/app",
        "arn:aws:logs:us-east-1:123456789012:log-group:/team/app:*",
    ] {
        server.call("put_logs", json!({"log_group": group, "stream": "s", "events": events})).ok();
    }
    let sent = stub.of("PutLogEvents");
    assert!(sent.len() == 3 && sent.iter().all(|request| request.json()["logGroupName"] == "/team/app"));
    server
        .call("put_logs", json!({"log_group": "/secret/payroll", "stream": "s", "events": events}))
        .fails(&["outside what the operator allowed"]);
}

#[test]
fn a_stream_outside_the_list_is_not_written() {
    let stub = world();
    let stream = [
        "--allow-arn",
        "arn:aws:logs:*:*:log-group:/team/app:log-stream:web-*",
        "--allow-arn",
        "arn:aws:logs:*:*:log-group:/team/app:*",
    ];
    let mut server = CLOUDWATCH.and(&stream[..2]).at(stub.env()).start();
    // The group's own ARN is needed to look at its streams.
    server
        .call("put_logs", json!({"log_group": "/team/app", "stream": "web-1", "events": [{"message": "x"}]}))
        .fails(&["logs:DescribeLogStreams"]);
    server
        .call("put_logs", json!({"log_group": "/team/app", "stream": "a:b", "events": [{"message": "x"}]}))
        .fails(&["is not a stream's name"]);
    let mut server = CLOUDWATCH.and(&stream).at(stub.env()).start();
    server
        .call("put_logs", json!({"log_group": "/team/app", "stream": "web-1", "events": [{"message": "x"}]}))
        .ok();
    assert_eq!(stub.of("PutLogEvents").len(), 1);
}

#[test]
fn every_group_that_a_statement_names_is_held_to_the_list() {
    let stub = world();
    let mut server = held(&stub);
    let mut ask = |statement: &str, language: &str, groups: &[&str]| {
        let mut call = json!({"statement": statement, "language": language});
        if !groups.is_empty() {
            call["log_groups"] = json!(groups);
        }
        server.call("query_logs", call)
    };
    for statement in [
        "SOURCE logGroups(namePrefix: ['/secret']) | fields @message",
        "SOURCE '/secret/payroll' | fields @message",
        "fields @message | join type=inner left=a right=b where a.i=b.i (SOURCE '/secret/payroll')",
        "filter i in (source \"/secret/payroll\" | fields i)",
        // A prefix that reaches beyond the list, and one whose owner may be another account.
        "SOURCE logGroups(namePrefix: ['/team'], accountIdentifiers: ['123456789012'])",
        "SOURCE logGroups(namePrefix: ['/team/'])",
        "SOURCE 'arn:aws:logs:us-east-1:999999999999:log-group:/team/app'",
    ] {
        ask(statement, "cwli", &["/team/app"]).fails(&["outside what the operator allowed"]);
    }
    for (statement, language) in [
        ("SOURCE /secret/payroll", "cwli"),
        ("fields @message # '\n| SOURCE /secret/payroll", "cwli"),
        ("fields @message | lookup secrets id", "cwli"),
        ("source = `/team/app` | join left=l right=r on l.i = r.i `/secret/payroll`", "ppl"),
        ("source /* x */ = `/secret/payroll`", "ppl"),
    ] {
        ask(statement, language, &["/team/app"])
            .fails(&["cannot be held against this statement", "`log_groups`"]);
    }
    ask("SELECT * FROM `/team/app` JOIN `/secret/payroll`", "sql", &[])
        .fails(&["/secret/payroll", "outside what the operator allowed"]);
    ask("SELECT * FROM `/team/app` -- x", "sql", &[]).fails(&["it has a comment"]);
    ask("SELECT 1", "sql", &[]).fails(&["FROM"]);
    ask("fields @message", "cwli", &[]).fails(&["`log_groups` is missing"]);
    ask("fields @message", "cwli", &["/secret/payroll"]).fails(&["outside what the operator allowed"]);
    assert!(stub.of("StartQuery").is_empty());
    // What is inside the list is sent as it was understood.
    ask("source\n\"/team/app\",`/team/pay` | fields @message", "cwli", &[]).ok();
    ask("filter source = 'x' | fields source", "cwli", &["/team/app"]).ok();
    ask("SOURCE logGroups(namePrefix: ['/team/'], accountIdentifiers: [\"123456789012\"])", "cwli", &[]).ok();
    ask("SELECT n FROM `/team/app` WHERE m = 'from here'", "sql", &[]).ok();
    let sent: Vec<String> = stub
        .of("StartQuery")
        .iter()
        .map(|sent| sent.json()["queryString"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        sent,
        [
            "SOURCE '/team/app', '/team/pay' | fields @message",
            "filter source = 'x' | fields source",
            "SOURCE logGroups(namePrefix: ['/team/'], accountIdentifiers: ['123456789012'])",
            "SELECT n FROM `/team/app` WHERE m = 'from here'",
        ]
    );
}

#[test]
fn what_a_statement_names_is_part_of_the_estimate() {
    let stub = world();
    let mut server = CLOUDWATCH.and(&["--max-scan", "100B"]).at(stub.env()).start();
    let asked = server
        .call("query_logs", json!({"statement": "SOURCE '/team/app' | fields x", "start": "2020-01-01"}));
    asked.fails(&["would scan about", "--max-scan is 100 B"]);
    assert!(stub.of("StartQuery").is_empty());
    let unknown = json!({"statement": "SOURCE logGroups() | fields x", "start": "2020-01-01"});
    server.call("query_logs", unknown).holds(&["was not known beforehand"]);
}

#[test]
fn without_a_list_a_statement_may_name_what_it_likes() {
    let stub = world();
    let mut server = free(&stub);
    let statements = ["SOURCE /x # a comment", "fields x | lookup t id"];
    for statement in statements {
        server.call("query_logs", json!({"log_groups": ["/team/app"], "statement": statement})).ok();
    }
    let sent: Vec<Value> =
        stub.of("StartQuery").iter().map(|sent| sent.json()["queryString"].clone()).collect();
    assert_eq!(sent, statements);
}

#[test]
fn a_query_that_is_saved_is_held_to_the_list_as_if_it_were_run() {
    let stub = world();
    let mut server = held(&stub);
    server
        .call("save_query", json!({"name": "n", "statement": "SOURCE '/secret/payroll'"}))
        .fails(&["outside what the operator allowed"]);
    server
        .call("save_query", json!({"name": "n", "statement": "fields x", "log_groups": ["/secret/payroll"]}))
        .fails(&["outside what the operator allowed"]);
    assert!(stub.of("PutQueryDefinition").is_empty());
    server
        .call("save_query", json!({"name": "n", "statement": "fields x", "log_groups": ["/team/app"]}))
        .ok();
    assert_eq!(stub.of("PutQueryDefinition").len(), 1);
}

#[test]
fn only_names_inside_the_list_are_suggested() {
    let stub = world();
    let mut server = held(&stub);
    let group =
        server.call("query_logs", json!({"log_groups": ["/team/payroll"], "statement": "fields @message"}));
    group.fails(&["there is no log group /team/payroll", "did you mean /team/pay"]).lacks(&["/secret"]);
    server.call("explain_alarm", json!({"alarm": "team-pax"})).fails(&["did you mean team-pay?"]);
    server
        .call("explain_alarm", json!({"alarm": "team-secret-pay"}))
        .fails(&["there is no alarm"])
        .lacks(&["secret-pay?"]);
    server.call("get_dashboard", json!({"dashboard": "team-man"})).fails(&["did you mean team-main?"]);
    // Without a list all are.
    let mut server = free(&stub);
    server
        .call("query_logs", json!({"log_groups": ["/secret/payrol"], "statement": "fields x"}))
        .fails(&["did you mean /secret/payroll"]);
    server.call("get_dashboard", json!({"dashboard": "secret-ma"})).fails(&["did you mean secret-man?"]);
}

#[test]
fn alarms_that_a_rule_names_are_shown_only_inside_the_list() {
    let stub = world();
    let mut server = held(&stub);
    let explained = server.call("explain_alarm", json!({"alarm": "team-all"}));
    let object = explained.object();
    let children: Vec<&Value> =
        object["children"].as_array().unwrap().iter().map(|child| &child["name"]).collect();
    assert_eq!(children, ["team-pay"]);
    explained.holds(&[
        "its rule names alarms that do not exist: team-gone\"",
        "2 of the alarms that its rule names are outside what the operator allowed",
        "in ALARM below it: team-pay\"",
    ]);
    let tree = server.call("list_alarms", json!({"tree": "team-all"}));
    assert_eq!(tree.column("name"), ["team-all", "team-pay"]);
    tree.holds(&["do not exist: team-gone", "names 2 alarms outside what the operator allowed"]);
    let asked = stub.of("DescribeAlarms");
    assert!(asked.iter().all(|request| !request.json()["AlarmNames"].to_string().contains("secret")));
    // Its state would tell that of what is below it.
    let rule = json!({"alarm": "team-new", "rule": "ALARM(\"secret-pay\")"});
    server.call("put_alarm", rule).fails(&["alarm:secret-pay", "outside what the operator allowed"]);
    // Without a list all are.
    let tree = free(&stub).call("list_alarms", json!({"tree": "team-all"}));
    assert_eq!(tree.column("name"), ["team-all", "team-pay", "secret-pay"]);
}

#[test]
fn what_a_deletion_breaks_is_told_without_names_outside_the_list() {
    let stub = world();
    let plan = held(&stub).call("delete_alarms", json!({"alarms": ["team-pay"], "dry_run": true}));
    plan.holds(&[
        "team-pay is part of the rule of team-all",
        "of 1 alarms that the operator's list does not hold",
    ]);
    plan.lacks(&["secret-all"]);
}

#[test]
fn an_arn_of_another_account_finds_nothing_of_the_same_name_here() {
    const ELSEWHERE: &str = "is of account 999999999999, and calls reach things of 123456789012 only";
    let stub = world();
    let mut server = free(&stub);
    let arn = "arn:aws:logs:us-east-1:999999999999:log-group:/team/app";
    server.call("delete_log_group", json!({"log_group": arn, "dry_run": true})).fails(&[ELSEWHERE]);
    let alarm = "arn:aws:cloudwatch:us-east-1:999999999999:alarm:team-pay";
    server.call("delete_alarms", json!({"alarms": [alarm], "dry_run": true})).fails(&[ELSEWHERE]);
}

#[test]
fn a_group_of_a_linked_account_is_queried_by_its_arn() {
    const ARN: &str = "arn:aws:logs:us-east-1:999999999999:log-group:/other/app";
    let stub = Stub::start(|request| match request.operation() {
        "DescribeLogGroups" if request.json()["logGroupIdentifiers"] == json!([ARN]) => {
            let now = Timestamp::now().as_millisecond();
            Response::output(
                json!({"logGroups": [{"logGroupName": "/other/app", "arn": format!("{ARN}:*"), "storedBytes": 10, "creationTime": now}]}),
            )
        }
        "DescribeLogGroups" => Response::output(json!({"logGroups": []})),
        "StartQuery" => Response::output(json!({"queryId": "q"})),
        "GetQueryResults" => Response::output(json!({"status": "Complete", "results": []})),
        other => Response::error(400, "InvalidOperationException", other),
    });
    free(&stub)
        .call("query_logs", json!({"log_groups": [format!("{ARN}:*")], "statement": "fields @message"}))
        .ok();
    assert_eq!(stub.of("StartQuery")[0].json()["logGroupIdentifiers"], json!([ARN]));
}

/// An account of the team that has everything; what is named `fresh` is not there yet.
fn whole(request: &Request) -> Response {
    let asked = request.json();
    let is_fresh = asked.to_string().contains("fresh");
    Response::output(match request.operation() {
        "DescribeLogGroups" if is_fresh => json!({"logGroups": []}),
        "DescribeLogGroups" => {
            let arn = format!("arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/team/app:*");
            json!({"logGroups": [{"logGroupName": "/team/app", "arn": arn, "creationTime": 1, "retentionInDays": 30, "storedBytes": 1}]})
        }
        "DescribeAlarms" if is_fresh => json!({"MetricAlarms": []}),
        "DescribeAlarms" => json!({"MetricAlarms": [alarm("team-pay")]}),
        "DescribeMetricFilters" => json!({"metricFilters": [{"filterName": "f", "filterPattern": "x"}]}),
        "DescribeSubscriptionFilters" => {
            json!({"subscriptionFilters": [{"filterName": "s", "filterPattern": "x"}]})
        }
        "DescribeAlarmHistory" => json!({"AlarmHistoryItems": []}),
        "GetMetricData" => json!({"MetricDataResults": []}),
        "GetDashboard" => json!({"DashboardName": "team-main", "DashboardBody": "{\"widgets\":[]}"}),
        "GetAlarmMuteRule" => json!({"Name": "team-night"}),
        "GetLogGroupFields" => json!({"logGroupFields": []}),
        "FilterLogEvents" => json!({"events": []}),
        "StartQuery" => json!({"queryId": "q"}),
        "GetQueryResults" => json!({"status": "Complete", "results": []}),
        "GetLogRecord" => json!({"logRecord": {"@log": format!("{ACCOUNT}:/team/app"), "@message": "m"}}),
        "CreateExportTask" => json!({"taskId": "t"}),
        "ListLogAnomalyDetectors" => json!({"anomalyDetectors": []}),
        "ListMetricStreams" => json!({"Entries": [{"Name": "team-out"}, {"Name": "secret-out"}]}),
        _ => json!({}),
    })
}

#[test]
fn every_declared_operation_is_sent_under_a_list_that_holds_just_what_it_is_about() {
    let stub = Stub::start(whole);
    let list: Vec<String> = [
        "logs:us-east-1:123456789012:log-group:/team/app:*",
        "logs:us-east-1:123456789012:log-group:/team/fresh:*",
        "logs:us-east-1:123456789012:log-group:/team/app:log-stream:s",
        "cloudwatch:us-east-1:123456789012:alarm:team-pay",
        "cloudwatch:us-east-1:123456789012:alarm:team-fresh",
        "cloudwatch:us-east-1:123456789012:alarm-mute-rule:team-night",
        "cloudwatch::123456789012:dashboard/team-main",
        "cloudwatch:us-east-1:123456789012:metric-stream/team-out",
    ]
    .iter()
    .flat_map(|arn| ["--allow-arn".to_owned(), format!("arn:aws:{arn}")])
    .collect();
    let list: Vec<&str> = list.iter().map(String::as_str).collect();
    let mut server = CLOUDWATCH.and(&list).at(stub.env()).start();
    let group = |more: Value| {
        let mut call = json!({"log_group": "/team/app"});
        call.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        ("set_log_group", call)
    };
    for (tool, arguments) in [
        ("filter_logs", json!({"log_groups": ["/team/app"]})),
        ("query_logs", json!({"log_groups": ["/team/app"], "statement": "fields a"})),
        ("get_log_record", json!({"pointer": "CmEK"})),
        ("log_group_detail", json!({"log_group": "/team/app"})),
        ("put_logs", json!({"log_group": "/team/app", "stream": "s", "events": [{"message": "m"}]})),
        ("set_log_group", json!({"log_group": "/team/fresh", "create": true})),
        group(json!({"retention_days": 7})),
        group(json!({"retention_days": 0})),
        group(json!({"metric_filter": {"name": "g", "namespace": "N", "metric": "M"}})),
        group(json!({"metric_filter": {"name": "f", "remove": true}})),
        group(
            json!({"subscription": {"name": "t", "destination_arn": "arn:aws:lambda:us-east-1:123456789012:function:f"}}),
        ),
        group(json!({"subscription": {"name": "s", "remove": true}})),
        group(json!({"deletion_protection": "on"})),
        ("export_logs", json!({"log_group": "/team/app", "bucket": "b"})),
        ("delete_log_group", json!({"log_group": "/team/app"})),
        ("explain_alarm", json!({"alarm": "team-pay"})),
        ("put_alarm", json!({"alarm": "team-pay", "threshold": 5})),
        ("put_alarm", json!({"alarm": "team-fresh", "rule": "ALARM(\"team-pay\")"})),
        ("set_alarm", json!({"alarms": ["team-pay"], "actions": "disable"})),
        ("set_alarm", json!({"alarms": ["team-pay"], "actions": "enable"})),
        ("set_alarm", json!({"alarms": ["team-pay"], "state": "ok", "reason": "r"})),
        ("set_alarm", json!({"alarms": ["team-pay"], "mute": "team-night", "minutes": 5})),
        ("set_alarm", json!({"alarms": ["team-pay"], "mute": "team-night"})),
        ("delete_alarms", json!({"alarms": ["team-pay"]})),
        ("put_dashboard", json!({"dashboard": "team-main", "body": {"widgets": [{"type": "text"}]}})),
        ("delete_dashboards", json!({"dashboards": ["team-main"]})),
        ("list_pipelines", json!({"kind": "metric_streams"})),
    ] {
        let first = server.call(tool, arguments.clone());
        let last = match first.plan_token() {
            Some(_) => server.confirmed(tool, arguments.clone()),
            None => first,
        };
        last.ok();
        last.lacks(&["was not sent", "denied"]);
    }
    for tool in awsmcp_cloudwatch::server().manifest().tools {
        for need in tool.needs.iter().filter(|need| need.arn != "*") {
            let (_, operation) = need.action.split_once(':').unwrap();
            assert!(!stub.of(operation).is_empty(), "{} never sent {operation}", tool.name);
        }
    }
}

#[test]
fn an_alarm_outside_the_list_is_not_muted_by_a_rule_inside_it() {
    let stub = Stub::start(whole);
    let rule = ["--allow-arn", "arn:aws:cloudwatch:*:*:alarm-mute-rule:team-*"];
    let mut server = CLOUDWATCH.and(&rule).at(stub.env()).start();
    let call = json!({"alarms": ["team-pay"], "mute": "team-night", "minutes": 5});
    server.call("set_alarm", call).fails(&["alarm:team-pay", "outside what the operator allowed"]);
    assert!(stub.of("PutAlarmMuteRule").is_empty());
}
