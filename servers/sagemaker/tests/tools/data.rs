//! Features, records and search.

use awsmcp_testing::{Response, Stub};
use serde_json::json;

use crate::world::{ROLE, SAGEMAKER, aws, next, training};

fn group(name: &str) {
    aws(
        "CreateFeatureGroup",
        json!({"FeatureGroupName": name, "RecordIdentifierFeatureName": "id", "EventTimeFeatureName": "at", "RoleArn": ROLE,
            "FeatureDefinitions": [{"FeatureName": "id", "FeatureType": "String"}, {"FeatureName": "at", "FeatureType": "String"}, {"FeatureName": "age", "FeatureType": "Integral"}],
            "OnlineStoreConfig": {"EnableOnlineStore": true}}),
    );
}

#[test]
#[ignore = "runs fakecloud"]
fn groups_and_their_features_are_listed() {
    for name in ["feat-1", "feat-2", "feat-3"] {
        group(name);
    }
    let mut server = SAGEMAKER.start();
    let first = server.call("list_features", json!({"name": "feat-", "limit": 2}));
    let second =
        server.call("list_features", json!({"name": "feat-", "limit": 2, "cursor": next(first.ok())}));
    for name in ["feat-1", "feat-2", "feat-3"] {
        let seen = [first.ok(), second.ok()].iter().filter(|text| text.contains(name)).count();
        assert_eq!(seen, 1, "{name}: {} {}", first.text, second.text);
    }
    let features = server.call("list_features", json!({"feature_group": "feat-1"}));
    for part in ["id\tString\tidentifier", "at\tString\tevent time", "age\tIntegral", "online store on"] {
        assert!(features.ok().contains(part), "{part}: {}", features.text);
    }
    let some = server.call("list_features", json!({"feature_group": "feat-1", "name": "ag"}));
    assert!(some.ok().contains("age") && !some.text.contains("String"), "{}", some.text);
    let missing = server.call("list_features", json!({"feature_group": "feat-9"}));
    assert!(missing.error().contains("does not exist"), "{}", missing.text);
}

#[test]
fn a_record_is_read_from_the_online_store() {
    let stub = Stub::start(|request| match (request.operation(), request.nth) {
        ("GetRecord", 1) => Response::output(json!({"Record": [
            {"FeatureName": "id", "ValueAsString": "7"}, {"FeatureName": "age", "ValueAsString": "42"},
        ]})),
        ("GetRecord", _) => Response::output(json!({})),
        _ => Response::error(400, "ValidationError", "not scripted"),
    });
    let mut server = SAGEMAKER.at(stub.env()).start();
    let found =
        server.call("get_record", json!({"feature_group": "g", "id": "7", "features": ["id", "age"]}));
    assert!(found.ok().contains(r#"{"id":"7","record":{"age":"42","id":"7"}}"#), "{}", found.text);
    let sent = &stub.of("GetRecord")[0];
    assert_eq!(sent.query("RecordIdentifierValueAsString"), Some("7"));
    let none = server.call("get_record", json!({"feature_group": "g", "id": "8"}));
    assert!(none.error().contains("has no record 8"), "{}", none.text);
    let stub = Stub::start(|_| Response::error(404, "ResourceNotFound", "Feature group not found"));
    let missing =
        SAGEMAKER.at(stub.env()).start().call("get_record", json!({"feature_group": "g", "id": "8"}));
    assert!(missing.error().contains("Feature group not found"), "{}", missing.text);
}

#[test]
#[ignore = "runs fakecloud"]
fn jobs_are_searched_by_their_properties() {
    for name in ["hunt-1", "hunt-2", "hunt-3"] {
        aws("CreateTrainingJob", training(name));
    }
    let mut server = SAGEMAKER.start();
    let by_name = json!([{"name": "TrainingJobName", "op": "contains", "value": "hunt-"}, {"name": "HyperParameters.lr", "op": "exists"}]);
    let found = server.call("search", json!({"resource": "training_job", "filters": by_name}));
    assert!(found.ok().starts_with("name\tcreated\tTrainingJobName\tHyperParameters.lr"), "{}", found.text);
    for name in ["hunt-1", "hunt-2", "hunt-3"] {
        assert!(found.text.contains(&format!("{name}\t2")), "{name}: {}", found.text);
    }
    assert!(!found.text.contains("hunter2"), "{}", found.text);
    let wrong =
        server.call("search", json!({"resource": "training_job", "filters": [{"name": "Tags.team"}]}));
    assert!(wrong.error().contains("the filter on Tags.team needs a `value`"), "{}", wrong.text);
    let kind = server.call("search", json!({"resource": "everything"}));
    assert!(kind.error().contains("training_job"), "{}", kind.text);
}

#[test]
fn a_search_goes_on_and_is_held_to_the_allowed_arns() {
    let stub = Stub::start(|request| {
        let job = |name: &str| {
            json!({"TrainingJob": {"TrainingJobName": name, "TrainingJobStatus": "Completed", "CreationTime": 1_700_000_000,
                "TrainingJobArn": format!("arn:aws:sagemaker:us-east-1:123456789012:training-job/{name}"),
                "FinalMetricDataList": [{"MetricName": "auc", "Value": 0.9, "Timestamp": 1}]}})
        };
        match (request.operation(), request.json()["NextToken"].is_string()) {
            ("Search", false) => Response::output(
                json!({"Results": [job("team-a"), job("other")], "NextToken": "more", "TotalHits": {"Value": 3, "Relation": "EqualTo"}}),
            ),
            ("Search", true) => Response::output(json!({"Results": [job("team-b")]})),
            _ => Response::error(400, "ValidationException", "not scripted"),
        }
    });
    let mut server =
        SAGEMAKER.and(&["--allow-arn", "arn:aws:sagemaker:*:*:training-job/team-*"]).at(stub.env()).start();
    let call = json!({"resource": "training_job", "filters": [{"name": "Metrics.auc", "op": "greater", "value": "0.5"}], "sort_by": "Metrics.auc", "limit": 2});
    let first = server.call("search", call.clone());
    assert!(
        first.ok().contains("team-a\tCompleted\t2023-11-14T22:13:20Z\t0.9") && !first.text.contains("other"),
        "{}",
        first.text
    );
    let mut again = call;
    again["cursor"] = next(&first.text);
    let second = server.call("search", again);
    assert!(second.ok().contains("team-b"), "{}", second.text);
    let sent = stub.of("Search")[0].json();
    assert_eq!(
        sent["SearchExpression"]["Filters"],
        json!([{"Name": "Metrics.auc", "Operator": "GreaterThan", "Value": "0.5"}])
    );
    assert_eq!((&sent["SortBy"], &sent["SortOrder"]), (&json!("Metrics.auc"), &json!("Descending")));
}

#[test]
fn monitoring_schedules_and_their_runs_are_listed() {
    let stub = awsmcp_testing::Stub::start(|request| match request.operation() {
        "ListMonitoringSchedules" => {
            awsmcp_testing::Response::output(json!({"MonitoringScheduleSummaries": [
            {"MonitoringScheduleName": "drift", "MonitoringScheduleArn": "arn:aws:sagemaker:us-east-1:123456789012:monitoring-schedule/drift",
                "CreationTime": 1, "LastModifiedTime": 1, "MonitoringScheduleStatus": "Scheduled", "EndpointName": "fraud",
                "MonitoringType": "DataQuality"}]}))
        }
        "DescribeMonitoringSchedule" => awsmcp_testing::Response::output(
            json!({"MonitoringScheduleName": "drift", "MonitoringScheduleArn": "a",
            "MonitoringScheduleStatus": "Scheduled", "CreationTime": 1, "LastModifiedTime": 1,
            "MonitoringScheduleConfig": {"ScheduleConfig": {"ScheduleExpression": "cron(0 * ? * * *)"}}}),
        ),
        "ListMonitoringExecutions" => {
            awsmcp_testing::Response::output(json!({"MonitoringExecutionSummaries": [
            {"MonitoringScheduleName": "drift", "ScheduledTime": 1_700_000_000, "CreationTime": 1, "LastModifiedTime": 1,
                "MonitoringExecutionStatus": "CompletedWithViolations", "EndpointName": "fraud",
                "ProcessingJobArn": "arn:aws:sagemaker:us-east-1:123456789012:processing-job/drift-1"}]}))
        }
        _ => awsmcp_testing::Response::error(400, "ValidationException", "not scripted"),
    });
    let mut server = SAGEMAKER.at(stub.env()).start();
    server
        .call("list_monitors", json!({"endpoint": "fraud"}))
        .holds(&["drift\tfraud\tDataQuality\tScheduled"]);
    assert_eq!(stub.of("ListMonitoringSchedules")[0].json()["EndpointName"], json!("fraud"));
    server.call("list_monitors", json!({"schedule": "drift"})).holds(&[
        "2023-11-14T22:13:20Z\tCompletedWithViolations\tdrift-1\tfraud",
        "the schedule is Scheduled, cron(0 * ? * * *)",
    ]);
    server
        .call("list_monitors", json!({"schedule": "drift", "name": "x"}))
        .fails(&["`name` is of schedules"]);
}

#[test]
fn features_of_a_name_are_found_on_every_page() {
    let stub = awsmcp_testing::Stub::start(|request| {
        let (from, count, next) =
            if request.json()["NextToken"].is_null() { (0, 2500, "2") } else { (2500, 10, "") };
        let feature = |at: usize| json!({"FeatureName": format!("f{at}"), "FeatureType": "String"});
        awsmcp_testing::Response::output(
            json!({"FeatureGroupName": "g", "FeatureGroupArn": "a", "CreationTime": 1,
            "RecordIdentifierFeatureName": "f0", "EventTimeFeatureName": "f1", "NextToken": next,
            "FeatureDefinitions": (from..from + count).map(feature).collect::<Vec<_>>()}),
        )
    });
    let mut server = SAGEMAKER.at(stub.env()).start();
    let call = json!({"feature_group": "g", "name": "f2501"});
    let first = server.call("list_features", call.clone());
    let mut again = call;
    again["cursor"] = next(first.ok());
    server.call("list_features", again).holds(&["f2501\tString"]);
}

#[test]
fn records_of_several_groups_are_read_and_what_aws_left_is_asked_again() {
    let stub = Stub::start(|request| {
        let record = |group: &str, id: &str, value: &str| {
            json!({"FeatureGroupName": group, "RecordIdentifierValueAsString": id,
                "Record": [{"FeatureName": "id", "ValueAsString": id}, {"FeatureName": "name", "ValueAsString": value}]})
        };
        match request.nth {
            1 => Response::output(json!({
                "Records": [record("people", "1", "Ann")],
                // A group that was given by name is told by its ARN.
                "Errors": [{"FeatureGroupName": "arn:aws:sagemaker:us-east-1:123456789012:feature-group/cars",
                    "RecordIdentifierValueAsString": "1", "ErrorCode": "ValidationError", "ErrorMessage": "no online store"}],
                "UnprocessedIdentifiers": [{"FeatureGroupName": "people", "RecordIdentifiersValueAsString": ["2"]}],
            })),
            _ => Response::output(
                json!({"Records": [record("people", "2", "")], "Errors": [], "UnprocessedIdentifiers": []}),
            ),
        }
    });
    let call = json!({"feature_groups": ["people", "cars"], "ids": ["1", "2", "1"]});
    let rows = SAGEMAKER.at(stub.env()).start().call("get_records", call);
    assert_eq!(rows.column("feature_group"), ["people", "people", "cars", "cars"], "{}", rows.text);
    assert_eq!(rows.column("id"), ["1", "2", "1", "2"]);
    rows.holds(&["Ann", r#""name":"""#, "ValidationError: no online store", "there is no such record"]);
    let asked = stub.of("BatchGetRecord");
    assert_eq!(asked.len(), 2);
    let left = json!([{"FeatureGroupName": "people", "RecordIdentifiersValueAsString": ["2"]}]);
    assert_eq!(asked[1].json()["Identifiers"], left);
    let mut server = SAGEMAKER.at(stub.env()).start();
    let features = json!({"feature_groups": ["people", "cars"], "ids": ["1"], "features": ["name"]});
    server.call("get_records", features).fails(&["`features` are of one feature group"]);
    // What AWS never comes to is not told as missing.
    let busy = Stub::start(|request| {
        Response::output(
            json!({"Records": [], "Errors": [], "UnprocessedIdentifiers": request.json()["Identifiers"]}),
        )
    });
    let rows = SAGEMAKER
        .at(busy.env())
        .start()
        .call("get_records", json!({"feature_groups": ["people"], "ids": ["1"]}));
    rows.holds(&["AWS did not come to it"]).lacks(&["there is no such record"]);
}
