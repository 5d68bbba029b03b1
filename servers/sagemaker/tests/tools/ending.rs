//! What ends that no other tool ends, what is started and stopped, and where Studio's things are.

use awsmcp_testing::{Response, Stub};
use serde_json::{Value, json};

use crate::world::SAGEMAKER;

/// Two apps of one name, one of a space and one of a user, and one that was deleted.
fn apps(changed: bool) -> Stub {
    Stub::start(move |request| match request.operation() {
        "ListApps" => {
            let created = if changed && request.nth > 4 { 1_700_009_999 } else { 1_700_000_000 };
            let app = |field: &str, owner: &str, status: &str| {
                json!({"DomainId": "d-1", field: owner, "AppType": "JupyterLab",
                "AppName": "default", "Status": status, "CreationTime": created, "ResourceSpec": {"InstanceType": "ml.g5.xlarge"}})
            };
            let page = match request.json()["NextToken"].as_str() {
                None => json!({"NextToken": "2", "Apps": [app("UserProfileName", "ann", "InService")]}),
                Some(_) => {
                    json!({"Apps": [app("SpaceName", "lab", "InService"), app("UserProfileName", "bob", "Deleted")]})
                }
            };
            Response::output(page)
        }
        "DeleteApp" => Response::new(200, ""),
        _ => Response::error(400, "ValidationException", "not scripted"),
    })
}

fn app(owner: &str) -> Value {
    json!({"kind": "app", "name": "default", "domain": "d-1", "owner": owner, "app_type": "JupyterLab"})
}

#[test]
fn an_app_is_found_on_any_page_and_ended_as_its_owners() {
    for (owner, field) in [("lab", "SpaceName"), ("ann", "UserProfileName")] {
        let stub = apps(false);
        let mut server = SAGEMAKER.at(stub.env()).start();
        server.plan("stop_running", app(owner)).holds(&[
            "end the JupyterLab app default of",
            owner,
            "what was not saved is lost",
        ]);
        server.confirmed("stop_running", app(owner)).holds(&[r#""outcome":"being deleted""#]);
        let expected =
            json!({"DomainId": "d-1", field: owner, "AppType": "JupyterLab", "AppName": "default"});
        assert_eq!(stub.of("DeleteApp")[0].json(), expected);
    }
}

#[test]
fn an_app_that_is_not_there_or_was_made_anew_is_not_ended() {
    let stub = apps(true);
    let mut server = SAGEMAKER.at(stub.env()).start();
    server.call("stop_running", app("eve")).fails(&["there is no such app default in d-1", "list_studio"]);
    server.call("stop_running", app("bob")).fails(&["there is nothing to end: the app default is Deleted"]);
    let stub = apps(true);
    let mut server = SAGEMAKER.at(stub.env()).start();
    server
        .confirmed("stop_running", app("lab"))
        .fails(&["the app default changed since the plan; nothing was done"]);
    assert!(stub.of("DeleteApp").is_empty());
    for wrong in
        [json!({"kind": "app", "name": "default"}), json!({"kind": "warm_pool", "name": "j", "owner": "eve"})]
    {
        server
            .call("stop_running", wrong)
            .fails(&["are of an app, which needs all three", r#""kind":"warm_pool""#]);
    }
}

#[test]
fn an_app_outside_the_list_is_not_ended() {
    let stub = apps(false);
    let allowed = &["--allow-arn", "arn:aws:sagemaker:*:*:app/d-1/ann/*"];
    let mut server = SAGEMAKER.and(allowed).at(stub.env()).start();
    server.call("stop_running", app("lab")).fails(&["outside what the operator allowed"]);
    let studio = server.call("list_studio", json!({"show": "apps"}));
    studio.holds(&["d-1\tann\tJupyterLab\tdefault"]);
    studio.lacks(&["lab"]);
    server.confirmed("stop_running", app("ann")).holds(&["being deleted"]);
}

/// A training job that is over, with a warm pool that is so.
fn pool(status: &'static str) -> Stub {
    Stub::start(move |request| match request.operation() {
        "DescribeTrainingJob" => {
            let mut job = crate::world::training("warm");
            // A description has none.
            job.as_object_mut().unwrap().remove("Tags");
            for (field, value) in [
                ("TrainingJobArn", json!("arn:aws:sagemaker:us-east-1:123456789012:training-job/warm")),
                ("ModelArtifacts", json!({"S3ModelArtifacts": "s3://b/out"})),
                ("TrainingJobStatus", json!("Completed")),
                ("SecondaryStatus", json!("Completed")),
                ("CreationTime", json!(1)),
                ("WarmPoolStatus", json!({"Status": status})),
            ] {
                job[field] = value;
            }
            Response::output(job)
        }
        "UpdateTrainingJob" => Response::output(
            json!({"TrainingJobArn": "arn:aws:sagemaker:us-east-1:123456789012:training-job/warm"}),
        ),
        _ => Response::error(400, "ValidationException", "not scripted"),
    })
}

#[test]
fn a_warm_pool_is_ended_and_one_that_works_is_not() {
    let call = json!({"kind": "warm_pool", "name": "warm"});
    let stub = pool("Available");
    SAGEMAKER
        .at(stub.env())
        .start()
        .confirmed("stop_running", call.clone())
        .holds(&["warm pool", "being stopped"]);
    let expected = json!({"TrainingJobName": "warm", "ResourceConfig": {"KeepAlivePeriodInSeconds": 0}});
    assert_eq!(stub.of("UpdateTrainingJob")[0].json(), expected);
    let stub = pool("InUse");
    SAGEMAKER.at(stub.env()).start().call("stop_running", call).fails(&["the warm pool warm is InUse"]);
    assert!(stub.of("UpdateTrainingJob").is_empty());
}

#[test]
fn jobs_that_are_over_are_not_stopped() {
    for (kind, status, ends) in [("benchmark_job", "InProgress", true), ("benchmark_job", "Completed", false)]
    {
        let stub = Stub::start(move |request| match request.operation() {
            "DescribeAIBenchmarkJob" => Response::output(
                json!({"AIBenchmarkJobName": "race", "AIBenchmarkJobStatus": status, "CreationTime": 1,
                "AIBenchmarkJobArn": "arn:aws:sagemaker:us-east-1:123456789012:ai-benchmark-job/race", "BenchmarkTarget": {"Endpoint": {"Identifier": "e"}},
                "OutputConfig": {"S3OutputLocation": "s3://b/o"}, "AIWorkloadConfigIdentifier": "w", "RoleArn": "arn:aws:iam::123456789012:role/r"}),
            ),
            "StopAIBenchmarkJob" => Response::output(
                json!({"AIBenchmarkJobArn": "arn:aws:sagemaker:us-east-1:123456789012:ai-benchmark-job/race"}),
            ),
            _ => Response::error(400, "ValidationException", "not scripted"),
        });
        let mut server = SAGEMAKER.at(stub.env()).start();
        let call = json!({"kind": kind, "name": "race"});
        if ends {
            server.confirmed("stop_running", call).holds(&["being stopped"]);
        } else {
            server
                .call("stop_running", call)
                .fails(&["there is nothing to end: the benchmark job race is Completed"]);
        }
        assert_eq!(stub.of("StopAIBenchmarkJob").len(), usize::from(ends));
    }
}

fn tracker(status: &'static str) -> Stub {
    Stub::start(move |request| match request.operation() {
        "DescribeMlflowTrackingServer" => {
            Response::output(json!({"TrackingServerName": "track", "TrackingServerStatus": status,
            "TrackingServerSize": "Small", "CreationTime": 1}))
        }
        "StopMlflowTrackingServer" | "StartMlflowTrackingServer" => Response::output(json!({})),
        _ => Response::error(400, "ValidationException", "not scripted"),
    })
}

#[test]
fn an_mlflow_server_is_stopped_after_a_question_and_started_without() {
    let stub = tracker("Started");
    let mut server = SAGEMAKER.at(stub.env()).start();
    let stop = json!({"server": "track", "state": "stopped"});
    let asked = server.call("set_mlflow", stop.clone());
    asked.holds(&["stop the MLflow server track (Small), which is Started", "jobs that log to it fail"]);
    assert!(asked.plan_token().is_some(), "{}", asked.text);
    server.confirmed("set_mlflow", stop).holds(&[r#""name":"track""#]);
    server.call("set_mlflow", json!({"server": "track", "state": "started"})).ok();
    assert_eq!(
        (stub.of("StopMlflowTrackingServer").len(), stub.of("StartMlflowTrackingServer").len()),
        (1, 0)
    );
    let stub = tracker("Stopped");
    SAGEMAKER.at(stub.env()).start().call("set_mlflow", json!({"server": "track", "state": "started"})).ok();
    assert_eq!(stub.of("StartMlflowTrackingServer").len(), 1);
}

#[test]
fn studios_domains_users_spaces_and_apps_are_listed() {
    let stub = Stub::start(|request| match request.operation() {
        "ListDomains" => Response::output(
            json!({"Domains": [{"DomainId": "d-1", "DomainName": "science", "Status": "InService",
            "DomainArn": "arn:aws:sagemaker:us-east-1:123456789012:domain/d-1", "CreationTime": 1, "Url": "https://d-1.studio"}]}),
        ),
        "ListUserProfiles" => Response::output(
            json!({"UserProfiles": [{"DomainId": "d-1", "UserProfileName": "eve", "Status": "InService",
            "CreationTime": 1}]}),
        ),
        "ListSpaces" => Response::output(
            json!({"Spaces": [{"DomainId": "d-1", "SpaceName": "lab", "Status": "InService", "LastModifiedTime": 1,
            "OwnershipSettingsSummary": {"OwnerUserProfileName": "eve"},
            "SpaceSettingsSummary": {"AppType": "JupyterLab", "SpaceStorageSettings": {"EbsStorageSettings": {"EbsVolumeSizeInGb": 100}}}}]}),
        ),
        "ListApps" => Response::output(json!({"Apps": []})),
        _ => Response::error(400, "ValidationException", "not scripted"),
    });
    let mut server = SAGEMAKER.at(stub.env()).start();
    server.call("list_studio", json!({})).holds(&["d-1\tscience\tInService\t", "https://d-1.studio"]);
    server
        .call("list_studio", json!({"show": "users", "domain": "d-1", "name": "e"}))
        .holds(&["d-1\teve\tInService"]);
    assert_eq!(stub.of("ListUserProfiles")[0].json()["DomainIdEquals"], json!("d-1"));
    server
        .call("list_studio", json!({"show": "spaces"}))
        .holds(&["d-1\tlab\teve\tJupyterLab\t100\tInService"]);
    server.call("list_studio", json!({"show": "apps"})).holds(&["0 rows"]);
    server.call("list_studio", json!({"domain": "d-1"})).fails(&["are of users, spaces and apps"]);
}

#[test]
fn what_cannot_be_stopped_is_shown_by_the_tool_that_knows_it() {
    let arn = "arn:aws:sagemaker:us-east-1:123456789012:pipeline/p/execution/x";
    let stub = Stub::start(|request| match request.operation() {
        "DescribePipelineExecution" => Response::output(json!({"PipelineExecutionStatus": "Executing"})),
        "StopPipelineExecution" => Response::error(400, "ValidationException", "it is not running"),
        "DescribeNotebookInstance" => Response::output(
            json!({"NotebookInstanceName": "n", "NotebookInstanceStatus": "InService", "InstanceType": "ml.t3.medium"}),
        ),
        "StopNotebookInstance" => {
            Response::error(400, "ValidationException", "Status (Pending) not in [InService]")
        }
        _ => Response::error(400, "ValidationException", "not scripted"),
    });
    let mut server = SAGEMAKER.at(stub.env()).start();
    let pipeline = server.confirmed("stop_pipeline", json!({"execution": arn}));
    pipeline.fails(&["describe_execution shows where it stands"]).lacks(&["describe_job"]);
    let notebook = server.confirmed("set_notebook", json!({"notebook": "n", "state": "stopped"}));
    notebook.fails(&["list_notebooks shows where it stands"]).lacks(&["describe_job"]);
}
