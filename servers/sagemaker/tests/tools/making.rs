//! Records, monitoring schedules, spaces and apps that are made.

use awsmcp_testing::{Request, Response, Stub, expect};
use serde_json::{Value, json};

use crate::world::{ROLE, SAGEMAKER};

fn arn(what: &str) -> String {
    format!("arn:aws:sagemaker:us-east-1:123456789012:{what}")
}

/// A feature group of people, whose event times are of this type, and what its online store answers.
fn people(
    time: &'static str,
    online: bool,
    record: impl Fn(&Request) -> Response + Send + Sync + 'static,
) -> Stub {
    Stub::start(move |request| match request.operation() {
        "DescribeFeatureGroup" => {
            let feature = |name: &str, sort: &str| json!({"FeatureName": name, "FeatureType": sort});
            let mut tags = feature("tags", "String");
            tags["CollectionType"] = json!("List");
            Response::output(
                json!({"FeatureGroupName": "people", "FeatureGroupArn": arn("feature-group/people"),
                "RecordIdentifierFeatureName": "id", "EventTimeFeatureName": "at", "CreationTime": 1, "NextToken": "",
                "FeatureDefinitions": [feature("id", "String"), feature("at", time), feature("age", "Integral"),
                    feature("city", "String"), tags],
                "OnlineStoreConfig": {"EnableOnlineStore": online}}),
            )
        }
        "GetRecord" => record(request),
        "PutRecord" => Response::new(200, ""),
        other => Response::error(400, "ValidationException", other),
    })
}

fn ann(_: &Request) -> Response {
    Response::output(json!({"ExpiresAt": "2020-01-02T00:00:00Z", "Record": [
        {"FeatureName": "id", "ValueAsString": "7"}, {"FeatureName": "at", "ValueAsString": "2020-01-01T00:00:00Z"},
        {"FeatureName": "age", "ValueAsString": "41"}, {"FeatureName": "city", "ValueAsString": ""},
        {"FeatureName": "tags", "ValueAsStringList": ["a", "b"]},
    ]}))
}

/// The features of the last record that was put, by their names.
fn put(stub: &Stub) -> Value {
    let sent = stub.of("PutRecord").pop().unwrap().json();
    let features = sent["Record"].as_array().unwrap().iter().map(|feature| {
        let value = ["ValueAsString", "ValueAsStringList"].iter().find_map(|member| feature.get(*member));
        (feature["FeatureName"].as_str().unwrap().to_owned(), value.unwrap().clone())
    });
    Value::Object(features.collect())
}

#[test]
fn a_record_keeps_what_the_call_does_not_name() {
    let stub = people("String", true, ann);
    let mut server = SAGEMAKER.at(stub.env()).start();
    let at = "2020-01-01T12:00:00Z";
    let call = json!({"feature_group": "people", "record": {"id": 7, "age": 42, "at": at}});
    server.call("put_record", call).holds(&["\"id\":\"7\"", "\"features\":5", at]);
    assert_eq!(put(&stub), json!({"id": "7", "at": at, "age": "42", "city": "", "tags": ["a", "b"]}));
    // It expires when it would have.
    let sent = stub.of("PutRecord")[0].json();
    assert_eq!(sent["TtlDuration"], json!({"Unit": "Seconds", "Value": 43_200}));
    // An event time that is not named is now.
    server.call("put_record", json!({"feature_group": "people", "record": {"id": "7"}})).ok();
    let written = put(&stub)["at"].as_str().unwrap().to_owned();
    assert!(written.as_str() > "2026" && written.ends_with('Z'), "{written}");
    assert!(stub.of("PutRecord")[1].json().get("TtlDuration").is_none());
}

#[test]
fn what_a_record_would_lose_is_asked_about() {
    let stub = people("String", true, ann);
    let mut server = SAGEMAKER.at(stub.env()).start();
    let at = "2020-01-01T12:00:00Z";
    let call = json!({"feature_group": "people", "record": {"id": "7", "at": at, "city": null}});
    server.plan("put_record", call.clone()).shows(expect![[r#"
        dry run, nothing was changed. put_record would change the record 7 of people, as of 2020-01-01T12:00:00Z
        warning: it loses city
        diff
         {
           "age": "41",
        -  "at": "2020-01-01T00:00:00Z",
        -  "city": "",
        +  "at": "2020-01-01T12:00:00Z",
           "id": "7",
           "tags": [
        7 rows"#]]);
    assert!(stub.of("PutRecord").is_empty());
    server.confirmed("put_record", call).holds(&["\"features\":4"]);
    let bare = json!({"feature_group": "people", "record": {"id": "7", "at": at}, "replace": true});
    server.plan("put_record", bare).holds(&["it loses age, city, tags"]);
}

#[test]
fn a_record_that_is_older_than_the_stores_is_said_to_be() {
    let stub = people("String", true, |_| {
        Response::output(json!({"Record": [{"FeatureName": "id", "ValueAsString": "7"},
            {"FeatureName": "at", "ValueAsString": "2999-01-01T00:00:00Z"}]}))
    });
    let mut server = SAGEMAKER.at(stub.env()).start();
    let call = |record: Value| json!({"feature_group": "people", "record": record, "dry_run": true});
    let old = json!({"id": "7", "at": "2020-01-01T00:00:00Z"});
    server.call("put_record", call(old)).holds(&["this one is older, and goes to the offline store only"]);
    server.call("put_record", call(json!({"id": "7"}))).fails(&["is later than now", "name a later `at`"]);
}

#[test]
fn a_new_record_has_numbers_lists_and_times_as_the_store_takes_them() {
    let stub = people("Fractional", true, |_| Response::output(json!({})));
    let mut server = SAGEMAKER.at(stub.env()).start();
    let record = json!({"id": "8", "age": 12_345_678_901_234_567_u64, "tags": ["x", 1]});
    server.call("put_record", json!({"feature_group": "people", "record": record, "ttl_seconds": 60})).ok();
    let sent = put(&stub);
    assert_eq!((&sent["age"], &sent["tags"]), (&json!("12345678901234567"), &json!(["x", "1"])));
    assert!(sent["at"].as_str().unwrap().parse::<f64>().unwrap() > 1.7e9, "{sent}");
    assert_eq!(stub.of("PutRecord")[0].json()["TtlDuration"]["Value"], 60);
    for (record, words) in [
        (json!({"id": "8", "aeg": 1}), "did you mean age?"),
        (json!({"age": 1}), "has no id"),
        (json!({"id": "8", "age": {"a": 1}}), "no text, no number"),
    ] {
        server.call("put_record", json!({"feature_group": "people", "record": record})).fails(&[words]);
    }
    let offline = people("String", false, |_| Response::error(400, "ValidationError", "no online store"));
    let call = json!({"feature_group": "people", "record": {"id": "8"}, "dry_run": true});
    SAGEMAKER.at(offline.env()).start().call("put_record", call).holds(&["no online store"]);
}

#[test]
fn a_record_that_moved_since_its_plan_is_left_alone() {
    let stub = people("String", true, |request| match request.nth {
        1 => Response::output(json!({})),
        _ => ann(request),
    });
    let mut server = SAGEMAKER.at(stub.env()).start();
    server
        .call("put_record", json!({"feature_group": "people", "record": {"id": "7"}}))
        .fails(&["the record 7"]);
    assert!(stub.of("PutRecord").is_empty());
}

/// All that a schedule may be made of.
fn schedule() -> Value {
    json!({"ScheduleConfig": {"ScheduleExpression": "cron(0 * ? * * *)"}, "MonitoringType": "DataQuality",
        "MonitoringJobDefinition": {"RoleArn": ROLE, "Environment": {"EMPTY": "", "KEY": "hunter2"},
            "MonitoringInputs": [{"EndpointInput": {"EndpointName": "fraud", "LocalPath": "/in"}}],
            "MonitoringOutputConfig": {"MonitoringOutputs": [{"S3Output": {"S3Uri": "s3://b/o", "LocalPath": "/out"}}]},
            "MonitoringAppSpecification": {"ImageUri": "image:1"},
            "MonitoringResources": {"ClusterConfig": {"InstanceCount": 2, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 20}}}})
}

fn monitors() -> Stub {
    Stub::start(|request| match (request.operation(), request.json()["MonitoringScheduleName"].as_str()) {
        ("DescribeMonitoringSchedule", Some("hourly")) => Response::output(json!({
            "MonitoringScheduleName": "hourly", "MonitoringScheduleArn": arn("monitoring-schedule/hourly"),
            "MonitoringScheduleStatus": "Scheduled", "CreationTime": 1, "LastModifiedTime": 1, "EndpointName": "fraud",
            "MonitoringType": "DataQuality", "MonitoringScheduleConfig": schedule()})),
        ("DescribeMonitoringSchedule", _) => Response::error(400, "ResourceNotFound", "it does not exist"),
        ("CreateMonitoringSchedule", _) => {
            Response::output(json!({"MonitoringScheduleArn": arn("monitoring-schedule/daily")}))
        }
        // Of the one that is cloned, on two pages.
        ("ListTags", _) if request.json()["ResourceArn"] != json!(arn("monitoring-schedule/hourly")) => {
            Response::error(400, "ValidationException", "another's tags")
        }
        ("ListTags", _) if request.json()["NextToken"].is_null() => {
            Response::output(json!({"NextToken": "2", "Tags": [
            {"Key": "aws:cloudformation:stack-id", "Value": "x"}, {"Key": "team", "Value": "risk"}]}))
        }
        ("ListTags", _) => Response::output(json!({"Tags": [{"Key": "cost", "Value": "7"}]})),
        (other, _) => Response::error(400, "ValidationException", other),
    })
}

#[test]
fn a_monitoring_schedule_is_made_as_another_is() {
    let stub = monitors();
    let mut server = SAGEMAKER.at(stub.env()).start();
    let change =
        json!({"MonitoringScheduleConfig": {"ScheduleConfig": {"ScheduleExpression": "cron(0 0 ? * * *)"}}});
    let call = json!({"schedule": "daily", "clone": "hourly", "request": change});
    server
        .plan("create_monitor", call.clone())
        .holds(&[
            "make the monitoring schedule daily: cron(0 0 ? * * *), watches fraud, on 2 x ml.m5.large",
            "machines bill",
        ])
        .lacks(&["hunter2"]);
    server.call("create_monitor", call).holds(&["\"schedule\":\"daily\"", "monitoring-schedule/daily"]);
    let mut made = schedule();
    made["ScheduleConfig"]["ScheduleExpression"] = json!("cron(0 0 ? * * *)");
    let sent = stub.of("CreateMonitoringSchedule")[0].json();
    let tags = json!([{"Key": "team", "Value": "risk"}, {"Key": "cost", "Value": "7"}]);
    assert_eq!(
        sent,
        json!({"MonitoringScheduleName": "daily", "MonitoringScheduleConfig": made, "Tags": tags})
    );
    let taken = json!({"schedule": "hourly", "clone": "hourly"});
    server.call("create_monitor", taken).fails(&["there is a monitoring schedule hourly already"]);
    let wrong = json!({"schedule": "x", "request": {"MonitoringScheduleConfg": {}}});
    server.call("create_monitor", wrong).fails(&["did you mean `MonitoringScheduleConfig`?"]);
    server.call("create_monitor", json!({"schedule": "x"})).fails(&["give `clone`, or a whole `request`"]);
    let held = [
        "--allow-arn",
        "arn:aws:sagemaker:us-east-1:123456789012:monitoring-schedule/*",
        "--allow-arn",
        "arn:aws:iam::123456789012:role/*",
    ];
    let call = json!({"schedule": "weekly", "clone": "hourly"});
    SAGEMAKER.at(stub.env()).and(&held).start().call("create_monitor", call).fails(&["endpoint/fraud"]);
    assert_eq!(stub.of("CreateMonitoringSchedule").len(), 1);
}

#[test]
fn a_space_and_its_app_are_made() {
    let stub = Stub::start(|request| match request.operation() {
        "DescribeApp" if request.nth == 1 => {
            Response::output(json!({"Status": "Deleted", "AppName": "default"}))
        }
        "DescribeApp" => Response::output(json!({"Status": "InService", "AppName": "default"})),
        "DescribeSpace" => Response::error(400, "ResourceNotFound", "it does not exist"),
        "CreateSpace" => Response::output(json!({"SpaceArn": arn("space/d-abc/lab")})),
        "CreateApp" => Response::output(json!({"AppArn": arn("app/d-abc/lab/JupyterLab/default")})),
        other => Response::error(400, "ValidationException", other),
    });
    let mut server = SAGEMAKER.at(stub.env()).start();
    let space = json!({"kind": "space", "domain": "d-abc", "name": "lab", "owner": "eve", "app_type": "JupyterLab",
        "instance_type": "ml.t3.medium", "storage_gb": 20});
    server.call("create_studio", space).holds(&["space/d-abc/lab"]);
    assert_eq!(
        stub.of("CreateSpace")[0].json(),
        json!({"DomainId": "d-abc", "SpaceName": "lab", "OwnershipSettings": {"OwnerUserProfileName": "eve"},
            "SpaceSharingSettings": {"SharingType": "Private"},
            "SpaceSettings": {"AppType": "JupyterLab",
                "SpaceStorageSettings": {"EbsStorageSettings": {"EbsVolumeSizeInGb": 20}},
                "JupyterLabAppSettings": {"DefaultResourceSpec": {"InstanceType": "ml.t3.medium"}}}})
    );
    let app = json!({"kind": "app", "domain": "d-abc", "name": "default", "owner": "lab", "app_type": "JupyterLab"});
    server.call("create_studio", app.clone()).holds(&["JupyterLab/default"]);
    assert_eq!(
        stub.of("CreateApp")[0].json(),
        json!({"DomainId": "d-abc", "SpaceName": "lab", "AppType": "JupyterLab", "AppName": "default"})
    );
    server.call("create_studio", app).fails(&["there is the app default already: it is InService"]);
    let canvas = json!({"kind": "space", "domain": "d", "name": "x", "owner": "eve", "app_type": "Canvas"});
    server.call("create_studio", canvas).fails(&["for JupyterLab or CodeEditor"]);
    let wrong = json!({"kind": "app", "domain": "d", "name": "x", "owner": "eve", "app_type": "JupyterLab", "instance_type": "ml.t3.medum"});
    server.call("create_studio", wrong).fails(&["did you mean ml.t3.medium?"]);
    assert_eq!((stub.of("CreateSpace").len(), stub.of("CreateApp").len()), (1, 1));
}

/// The schedule `drift` as it is at each look.
fn drift(status: impl Fn(usize) -> (&'static str, i64) + Send + Sync + 'static, by_name: bool) -> Stub {
    Stub::start(move |request| match request.operation() {
        "DescribeMonitoringSchedule" => {
            let (status, modified) = status(request.nth);
            let mut config = json!({"ScheduleConfig": {"ScheduleExpression": "cron(0 * ? * * *)"}});
            if by_name {
                config["MonitoringJobDefinitionName"] = json!("drift-definition");
            }
            Response::output(
                json!({"MonitoringScheduleName": "drift", "MonitoringScheduleArn": arn("monitoring-schedule/drift"),
                "MonitoringScheduleStatus": status, "CreationTime": 1, "LastModifiedTime": modified, "EndpointName": "fraud",
                "MonitoringScheduleConfig": config}),
            )
        }
        "StartMonitoringSchedule" | "StopMonitoringSchedule" | "DeleteMonitoringSchedule" => {
            Response::new(200, "")
        }
        other => Response::error(400, "ValidationException", other),
    })
}

#[test]
fn a_monitoring_schedule_is_stopped_after_a_question_and_started_without() {
    let stub = drift(|_| ("Scheduled", 1), true);
    let mut server = SAGEMAKER.at(stub.env()).start();
    let stop = json!({"schedule": "drift", "state": "stopped"});
    let asked = server.call("set_monitor", stop.clone());
    asked.holds(&[
        "stop the monitoring schedule drift (cron(0 * ? * * *), watches fraud), which is Scheduled",
    ]);
    assert!(asked.plan_token().is_some() && stub.of("StopMonitoringSchedule").is_empty(), "{}", asked.text);
    server.confirmed("set_monitor", stop).holds(&[r#""name":"drift""#]);
    // It runs already.
    let start = json!({"schedule": "drift", "state": "started"});
    server.plan("set_monitor", start.clone()).holds(&["nothing to do: drift is Scheduled"]);
    server.call("set_monitor", start.clone()).ok();
    assert_eq!((stub.of("StopMonitoringSchedule").len(), stub.of("StartMonitoringSchedule").len()), (1, 0));
    // Stopped, and failed at its making.
    for status in ["Stopped", "Failed"] {
        let stub = drift(move |_| (status, 1), true);
        SAGEMAKER.at(stub.env()).start().call("set_monitor", start.clone()).ok();
        assert_eq!(stub.of("StartMonitoringSchedule").len(), 1, "{status}");
    }
    let moved = drift(|nth| if nth > 1 { ("Stopped", 2) } else { ("Stopped", 1) }, true);
    SAGEMAKER
        .at(moved.env())
        .start()
        .call("set_monitor", start)
        .fails(&["the monitoring schedule drift changed"]);
    assert!(moved.of("StartMonitoringSchedule").is_empty());
}

#[test]
fn a_monitoring_schedule_is_deleted_as_it_was_planned() {
    let call = json!({"schedule": "drift"});
    let stub = drift(|_| ("Scheduled", 1), true);
    let mut server = SAGEMAKER.at(stub.env()).start();
    server
        .plan("delete_monitor", call.clone())
        .holds(&["watches fraud", "its definition drift-definition stays"]);
    server.confirmed("delete_monitor", call.clone()).holds(&[r#""deleted":"drift""#]);
    let stub = drift(|_| ("Scheduled", 1), false);
    SAGEMAKER.at(stub.env()).start().plan("delete_monitor", call.clone()).holds(&["lost for good"]);
    let moved = drift(|nth| if nth > 2 { ("Scheduled", 2) } else { ("Scheduled", 1) }, true);
    let refused = SAGEMAKER.at(moved.env()).start().confirmed("delete_monitor", call.clone());
    refused.fails(&["the monitoring schedule drift changed"]);
    assert!(moved.of("DeleteMonitoringSchedule").is_empty());
    let gone = Stub::start(|_| Response::error(400, "ResourceNotFound", "Monitoring schedule not found"));
    SAGEMAKER.at(gone.env()).start().call("delete_monitor", call).fails(&["list_monitors shows"]);
}

#[test]
fn a_space_goes_with_its_disk_when_nothing_runs_in_it() {
    let space = |apps: Value, created: fn(usize) -> i64| {
        Stub::start(move |request| match request.operation() {
            "DescribeSpace" => {
                Response::output(json!({"SpaceName": "lab", "DomainId": "d-abc", "Status": "InService",
                "CreationTime": created(request.nth), "LastModifiedTime": 1, "OwnershipSettings": {"OwnerUserProfileName": "eve"},
                "SpaceSettings": {"SpaceStorageSettings": {"EbsStorageSettings": {"EbsVolumeSizeInGb": 100}}}}))
            }
            // Its apps come on the second page.
            "ListApps" if request.json()["NextToken"].is_null() => {
                Response::output(json!({"NextToken": "2", "Apps": []}))
            }
            "ListApps" => Response::output(json!({"Apps": apps})),
            "DeleteSpace" => Response::new(200, ""),
            other => Response::error(400, "ValidationException", other),
        })
    };
    let app = |space: &str, status: &str| json!({"DomainId": "d-abc", "SpaceName": space, "AppType": "JupyterLab", "AppName": "default", "Status": status});
    let call = json!({"domain": "d-abc", "space": "lab"});
    let stub = space(json!([app("lab", "InService")]), |_| 1);
    let mut server = SAGEMAKER.at(stub.env()).start();
    server
        .call("delete_space", call.clone())
        .fails(&["has apps that run: default (JupyterLab)", "stop_running"]);
    let stub = space(json!([app("lab", "Deleted"), app("laboratory", "InService")]), |_| 1);
    let mut server = SAGEMAKER.at(stub.env()).start();
    server
        .plan("delete_space", call.clone())
        .holds(&["delete the space lab of eve in d-abc with its disk of 100 GB", "lost for good"]);
    server.confirmed("delete_space", call.clone()).holds(&[r#""outcome":"being deleted""#]);
    assert_eq!(stub.of("DeleteSpace")[0].json(), json!({"DomainId": "d-abc", "SpaceName": "lab"}));
    let moved = space(json!([]), |nth| if nth > 2 { 9 } else { 1 });
    let refused = SAGEMAKER.at(moved.env()).start().confirmed("delete_space", call);
    refused.fails(&["the space lab changed"]);
    assert!(moved.of("DeleteSpace").is_empty());
}
