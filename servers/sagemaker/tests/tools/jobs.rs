//! Jobs of every kind: found, described, run again, stopped.

use awsmcp_testing::{Response, Stub};
use serde_json::{Value, json};

use crate::world::{ROLE, SAGEMAKER, aws, compilation, next, training};

#[test]
#[ignore = "runs fakecloud"]
fn jobs_are_found_by_kind_name_and_status() {
    aws("CreateTrainingJob", training("find-train"));
    aws("CreateCompilationJob", compilation("find-compile"));
    let mut server = SAGEMAKER.start();
    let all = server.call("list_jobs", json!({"name": "find-"}));
    assert!(all.ok().starts_with("kind\tname\tstatus\tcreated"), "{}", all.text);
    assert!(all.text.contains("training\tfind-train\tCompleted\t2"), "{}", all.text);
    assert!(all.text.contains("compilation\tfind-compile\tINPROGRESS\t2"), "{}", all.text);
    let one = server.call("list_jobs", json!({"kind": "compilation", "name": "find-"}));
    assert!(one.ok().contains("find-compile") && !one.text.contains("find-train"), "{}", one.text);
    let none = server.call("list_jobs", json!({"name": "find-", "status": "failed"}));
    assert!(!none.ok().contains("find-"), "{}", none.text);
    let wrong = server.call("list_jobs", json!({"after": "-1h", "before": "-2h"}));
    assert!(wrong.error().contains("`after` is not before `before`"), "{}", wrong.text);
}

#[test]
#[ignore = "runs fakecloud"]
fn one_kind_is_listed_page_by_page() {
    for name in ["page-a", "page-b", "page-c"] {
        aws("CreateTrainingJob", training(name));
    }
    let mut server = SAGEMAKER.start();
    let call = json!({"kind": "training", "name": "page-", "limit": 2});
    let first = server.call("list_jobs", call.clone());
    let mut again = call;
    again["cursor"] = next(first.ok());
    let second = server.call("list_jobs", again);
    for name in ["page-a", "page-b", "page-c"] {
        let seen = [first.ok(), second.ok()].iter().filter(|text| text.contains(name)).count();
        assert_eq!(seen, 1, "{name}: {} {}", first.text, second.text);
    }
}

#[test]
fn filters_of_jobs_are_aws_own() {
    let stub = crowd();
    let mut server = SAGEMAKER.at(stub.env()).start();
    server.call("list_jobs", json!({"status": "in_progress", "name": "x", "after": "2026-01-01"})).ok();
    for (operation, status) in [("ListTrainingJobs", "InProgress"), ("ListCompilationJobs", "INPROGRESS")] {
        let asked = stub.of(operation)[0].json();
        assert_eq!(
            (&asked["StatusEquals"], &asked["NameContains"]),
            (&json!(status), &json!("x")),
            "{operation}"
        );
        assert_eq!(asked["CreationTimeAfter"].as_f64(), Some(1_767_225_600.0), "{operation}");
    }
}

/// Jobs that were made at the same moment, in two kinds.
fn crowd() -> Stub {
    Stub::start(|request| {
        let input = request.json();
        let before = input["CreationTimeBefore"].as_f64().unwrap_or(f64::MAX);
        let all = |noun: &str, jobs: &[(&str, f64)]| {
            let jobs = jobs.iter().filter(|(_, made)| *made < before).map(|(name, made)| {
                json!({format!("{noun}Name"): name, format!("{noun}Status"): "Completed", "CreationTime": made,
                    "LastModifiedTime": made,
                    format!("{noun}Arn"): format!("arn:aws:sagemaker:us-east-1:123456789012:x/{name}")})
            });
            jobs.collect::<Vec<Value>>()
        };
        match request.operation() {
            "ListTrainingJobs" => {
                let jobs = [("t-new", 300.0), ("t-same", 200.5), ("t-old", 100.0)];
                let answer = json!({"TrainingJobSummaries": all("TrainingJob", &jobs)});
                Response::output(answer).late(std::time::Duration::from_millis(100))
            }
            "ListProcessingJobs" => {
                let jobs = [("p-same-1", 200.5), ("p-same-2", 200.5)];
                Response::output(json!({"ProcessingJobSummaries": all("ProcessingJob", &jobs)}))
            }
            "ListTransformJobs" => Response::output(json!({"TransformJobSummaries": []})),
            "ListHyperParameterTuningJobs" => {
                Response::output(json!({"HyperParameterTuningJobSummaries": []}))
            }
            "ListAutoMLJobs" => Response::output(json!({"AutoMLJobSummaries": []})),
            "ListCompilationJobs" => Response::output(json!({"CompilationJobSummaries": []})),
            "ListLabelingJobs" => Response::output(json!({"LabelingJobSummaryList": []})),
            _ => Response::error(400, "ValidationException", "not scripted"),
        }
    })
}

#[test]
fn pages_of_all_kinds_lose_no_job_of_the_same_moment() {
    let stub = crowd();
    let mut server = SAGEMAKER.at(stub.env()).start();
    let mut seen = Vec::new();
    let mut call = json!({"limit": 2});
    for _ in 0..3 {
        let page = server.call("list_jobs", call.clone());
        let rows = page.ok().lines().filter(|line| line.contains("\tCompleted\t"));
        seen.extend(rows.map(|line| line.split('\t').nth(1).unwrap_or_default().to_owned()));
        if !page.text.contains("next: ") {
            break;
        }
        call["cursor"] = next(&page.text);
    }
    assert_eq!(seen, ["t-new", "t-same", "p-same-1", "p-same-2", "t-old"]);
    assert!(stub.most_at_once() > 1, "the kinds are asked one after another");
}

#[test]
fn rows_are_held_to_the_allowed_arns() {
    let stub = crowd();
    let mut server =
        SAGEMAKER.and(&["--allow-arn", "arn:aws:sagemaker:*:*:processing-job/p-*"]).at(stub.env()).start();
    let rows = server.call("list_jobs", json!({}));
    assert!(rows.ok().contains("p-same-1") && !rows.text.contains("t-new"), "{}", rows.text);
    let refused = server.call("describe_job", json!({"job": "t-new", "kind": "training"}));
    assert!(
        refused.error().contains("training-job/t-new is outside what the operator allowed"),
        "{}",
        refused.text
    );
}

#[test]
#[ignore = "runs fakecloud"]
fn a_job_is_described_whatever_its_kind() {
    aws("CreateTrainingJob", training("card-train"));
    let mut server = SAGEMAKER.start();
    let card = server.call("describe_job", json!({"job": "card-train"}));
    for part in [
        r#""kind":"training","name":"card-train","status":"Completed""#,
        r#""instances":["1 x ml.m5.large"]"#,
        r#""inputs":["train: s3://b/in"]"#,
        r#""hyper_parameters":{"epochs":"5","lr":"0.1"}"#,
        r#""environment_names":["TOKEN"]"#,
        r#""max_runtime_seconds":3600"#,
    ] {
        assert!(card.ok().contains(part), "{part}: {}", card.text);
    }
    assert!(!card.text.contains("hunter2"), "{}", card.text);
    let arn = "arn:aws:sagemaker:us-east-1:123456789012:training-job/card-train";
    assert!(server.call("describe_job", json!({"job": arn})).ok().contains("card-train"));
    let wrong = server.call("describe_job", json!({"job": arn, "kind": "transform"}));
    assert!(wrong.error().contains("the ARN is of a training job"), "{}", wrong.text);
    let missing = server.call("describe_job", json!({"job": "card-trian"}));
    assert!(missing.error().contains("card-train"), "{}", missing.text);
    let bad = server.call("describe_job", json!({"job": "card train"}));
    assert!(bad.error().contains("good ones are my-job"), "{}", bad.text);
}

/// A spot job that failed in its second hour.
fn failed() -> Value {
    let mut job = training("spot");
    for (field, value) in [
        ("TrainingJobArn", json!("arn:aws:sagemaker:us-east-1:123456789012:training-job/spot")),
        ("ModelArtifacts", json!({"S3ModelArtifacts": "s3://b/out/model.tar.gz"})),
        ("TrainingJobStatus", json!("Failed")),
        ("SecondaryStatus", json!("Failed")),
        ("FailureReason", json!("AlgorithmError: CUDA out of memory")),
        ("EnableManagedSpotTraining", json!(true)),
        ("CreationTime", json!(1_700_000_000)),
        ("TrainingStartTime", json!(1_700_000_120)),
        ("TrainingEndTime", json!(1_700_007_320)),
        ("TrainingTimeInSeconds", json!(7200)),
        ("BillableTimeInSeconds", json!(2160)),
        ("FinalMetricDataList", json!([{"MetricName": "loss", "Value": 0.1, "Timestamp": 1_700_007_000}])),
        (
            "SecondaryStatusTransitions",
            json!([{"Status": "Downloading", "StartTime": 1_700_000_060, "EndTime": 1_700_000_120, "StatusMessage": "Downloading input data"}]),
        ),
    ] {
        job[field] = value;
    }
    job.as_object_mut().unwrap().remove("Tags");
    job
}

#[test]
fn a_failed_job_tells_cost_cause_and_use() {
    let stub = Stub::start(|request| match request.operation() {
        "DescribeTrainingJob" => Response::output(failed()),
        "GetMetricData" => {
            let results =
                [("cpu_average", 35.04), ("cpu_maximum", 99.0), ("gpu_average", 2.0), ("gpu_maximum", 4.0)];
            let results = results
                .map(|(id, value)| json!({"Id": id, "Timestamps": [1_700_000_120], "Values": [value]}));
            Response::output(json!({"MetricDataResults": results}))
        }
        _ => Response::error(400, "ValidationException", "not scripted"),
    });
    let mut server = SAGEMAKER.at(stub.env()).start();
    let card = server.call("describe_job", json!({"job": "spot", "kind": "training"}));
    for part in [
        r#""failure_reason":"AlgorithmError: CUDA out of memory""#,
        r#""queued_seconds":120,"duration_seconds":7200,"billable_seconds":2160,"billable_instance_hours":0.6,"spot_saving_percent":70.0"#,
        r#""metrics":{"loss":0.1}"#,
        r#""stages":[{"stage":"Downloading","seconds":60,"message":"Downloading input data"}]"#,
        r#""utilization":{"cpu":[35.0,99.0],"gpu":[2.0,4.0]}"#,
        r#""ended":"2023-11-15T00:15:20Z""#,
    ] {
        assert!(card.ok().contains(part), "{part}: {}", card.text);
    }
}

#[test]
fn a_card_without_figures_says_so() {
    let stub = Stub::start(|request| match request.operation() {
        "DescribeTrainingJob" => Response::output(failed()),
        _ => Response::denied("cloudwatch:GetMetricData"),
    });
    let card =
        SAGEMAKER.at(stub.env()).start().call("describe_job", json!({"job": "spot", "kind": "training"}));
    assert!(
        card.ok().contains("CUDA") && card.text.contains("note: how its machines were used is not known"),
        "{}",
        card.text
    );
    assert!(card.text.contains("cloudwatch:GetMetricData"), "{}", card.text);
}

#[test]
fn a_kind_that_may_not_be_seen_does_not_hide_the_others() {
    let stub = Stub::start(|request| match request.operation() {
        "DescribeTrainingJob" => Response::output(failed()),
        "DescribeLabelingJob" => Response::denied("sagemaker:DescribeLabelingJob"),
        "GetMetricData" => Response::output(json!({})),
        _ => Response::error(400, "ValidationException", "Requested resource not found."),
    });
    let mut server = SAGEMAKER.at(stub.env()).start();
    assert!(server.call("describe_job", json!({"job": "spot"})).ok().contains("training"));
    let stub = Stub::start(|request| match request.operation() {
        "DescribeLabelingJob" => Response::denied("sagemaker:DescribeLabelingJob"),
        _ => Response::error(400, "ValidationException", "Requested resource not found."),
    });
    let unknown = SAGEMAKER.at(stub.env()).start().call("describe_job", json!({"job": "spot"}));
    assert!(unknown.error().contains("sagemaker:DescribeLabelingJob"), "{}", unknown.text);
}

#[test]
#[ignore = "runs fakecloud"]
fn a_job_is_run_again_with_changes() {
    aws("CreateTrainingJob", training("clone-1"));
    let mut server = SAGEMAKER.start();
    let call = json!({"kind": "training", "name": "clone-2", "clone": "clone-1",
        "request": {"HyperParameters": {"epochs": "20"}, "Environment": {"TOKEN": "swordfish"}, "ResourceConfig": {"InstanceCount": 2}}});
    let mut planned = call.clone();
    planned["dry_run"] = json!(true);
    let plan = server.call("create_job", planned);
    for part in [
        "run the training job clone-2 as clone-1 was: 2 x ml.m5.large, at most 3,600 s, 2.0 instance hours; role arn:aws:iam::123456789012:role/sagemaker",
        r#"-    "epochs": "5""#,
        r#"+    "epochs": "20""#,
        "(hidden, as given)",
        "the whole request:",
        r#""AlgorithmSpecification":{"#,
    ] {
        assert!(plan.ok().contains(part), "{part}: {}", plan.text);
    }
    for secret in ["hunter2", "swordfish"] {
        assert!(!plan.text.contains(secret), "{secret}: {}", plan.text);
    }
    assert!(server.call("describe_job", json!({"job": "clone-2", "kind": "training"})).is_error);
    let made = server.call("create_job", call.clone());
    assert!(
        made.ok().contains(r#""kind":"training","name":"clone-2","status":"Completed""#),
        "{}",
        made.text
    );
    let now = aws("DescribeTrainingJob", json!({"TrainingJobName": "clone-2"}));
    assert_eq!(now["HyperParameters"], json!({"lr": "0.1", "epochs": "20"}));
    assert_eq!(now["Environment"], json!({"TOKEN": "swordfish"}));
    assert_eq!(now["ResourceConfig"]["InstanceCount"], json!(2));
    let tags = aws("ListTags", json!({"ResourceArn": now["TrainingJobArn"]}));
    assert_eq!(tags["Tags"], json!([{"Key": "team", "Value": "data"}]));
    let again = server.call("create_job", call);
    assert!(again.error().contains("there is a training job clone-2 already"), "{}", again.text);
}

#[test]
#[ignore = "runs fakecloud"]
fn a_template_is_checked_before_it_is_sent() {
    let mut server = SAGEMAKER.start();
    let mut with = |change: fn(&mut Value)| {
        let mut request = training("ignored");
        request.as_object_mut().unwrap().remove("TrainingJobName");
        change(&mut request);
        server.call(
            "create_job",
            json!({"kind": "training", "name": "template-1", "request": request, "dry_run": true}),
        )
    };
    let whole = with(|_| {});
    assert!(whole.ok().contains("run the training job template-1: 1 x ml.m5.large"), "{}", whole.text);
    assert!(whole.text.contains(r#"+  "TrainingJobName": "template-1""#), "{}", whole.text);
    let wrong = with(|request| request["HyperParameter"] = json!({"a": "b"}));
    assert!(
        wrong.error().contains("no field `HyperParameter`; did you mean `HyperParameters`?"),
        "{}",
        wrong.text
    );
    let wrong = with(|request| request["ResourceConfig"]["InstanceCount"] = json!("one"));
    assert!(wrong.error().contains("`ResourceConfig.InstanceCount`: "), "{}", wrong.text);
    let wrong = with(|request| drop(request.as_object_mut().unwrap().remove("OutputDataConfig")));
    assert!(
        wrong.error().contains("`OutputDataConfig` is missing") && wrong.text.contains("a good request is"),
        "{}",
        wrong.text
    );
    let nothing = server.call("create_job", json!({"kind": "training", "name": "template-1"}));
    assert!(nothing.error().contains("give `clone`, or a whole `request`"), "{}", nothing.text);
    let name = server.call("create_job", json!({"kind": "tuning", "name": "a_b", "clone": "x"}));
    assert!(name.error().contains("at most 32 long"), "{}", name.text);
}

#[test]
#[ignore = "runs fakecloud"]
fn every_kind_can_be_made() {
    let mut server = SAGEMAKER.start();
    let s3 = |uri: &str| json!({"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri}});
    let definition = {
        let mut definition = training("x");
        for field in ["TrainingJobName", "HyperParameters", "Tags"] {
            definition.as_object_mut().unwrap().remove(field);
        }
        definition
    };
    for (kind, request) in [
        ("training", training("x")),
        (
            "processing",
            json!({"RoleArn": ROLE, "AppSpecification": {"ImageUri": "i"},
                "ProcessingResources": {"ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10}}}),
        ),
        (
            "transform",
            json!({"ModelName": "m", "TransformInput": {"DataSource": s3("s3://b/i")}, "TransformOutput": {"S3OutputPath": "s3://b/o"},
                "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1}}),
        ),
        (
            "tuning",
            json!({"HyperParameterTuningJobConfig": {"Strategy": "Random", "ResourceLimits": {"MaxNumberOfTrainingJobs": 2, "MaxParallelTrainingJobs": 1}},
                "TrainingJobDefinition": definition}),
        ),
        (
            "automl",
            json!({"RoleArn": ROLE, "AutoMLJobInputDataConfig": [{"ChannelType": "training", "DataSource": s3("s3://b/i")}],
                "OutputDataConfig": {"S3OutputPath": "s3://b/o"}, "AutoMLProblemTypeConfig": {"TabularJobConfig": {"TargetAttributeName": "y"}}}),
        ),
        ("compilation", compilation("x")),
        (
            "labeling",
            json!({"RoleArn": ROLE, "LabelAttributeName": "l", "InputConfig": {"DataSource": {"S3DataSource": {"ManifestS3Uri": "s3://b/m"}}},
                "OutputConfig": {"S3OutputPath": "s3://b/o"}, "HumanTaskConfig": {
                    "WorkteamArn": "arn:aws:sagemaker:us-east-1:123456789012:workteam/private-crowd/t", "UiConfig": {"UiTemplateS3Uri": "s3://b/t"},
                    "TaskTitle": "t", "TaskDescription": "d", "NumberOfHumanWorkersPerDataObject": 1, "TaskTimeLimitInSeconds": 60}}),
        ),
    ] {
        let first = format!("make-{kind}");
        let made = server.call("create_job", json!({"kind": kind, "name": first, "request": request}));
        assert!(made.ok().contains(&format!(r#""kind":"{kind}","name":"{first}""#)), "{kind}: {}", made.text);
        let card = server.call("describe_job", json!({"job": first, "kind": kind}));
        assert!(card.ok().contains(&first), "{kind}: {}", card.text);
        let again = format!("again-{kind}");
        let cloned = server.call("create_job", json!({"kind": kind, "name": again, "clone": first}));
        assert!(cloned.ok().contains(&again), "{kind}: {}", cloned.text);
    }
}

#[test]
#[ignore = "runs fakecloud"]
fn a_running_job_is_stopped_and_another_is_not() {
    aws("CreateCompilationJob", compilation("stop-me"));
    aws("CreateTrainingJob", training("stop-done"));
    let mut server = SAGEMAKER.start();
    let plan = server.call("stop_job", json!({"job": "stop-me", "dry_run": true}));
    assert!(plan.ok().contains("stop the compilation job stop-me, which is INPROGRESS"), "{}", plan.text);
    let done = server.confirmed("stop_job", json!({"job": "stop-me"}));
    assert!(
        done.ok().contains(r#""name":"stop-me","status":"STOPPED""#) || done.text.contains("Stopped"),
        "{}",
        done.text
    );
    let plan = server.call("stop_job", json!({"job": "stop-done", "dry_run": true}));
    assert!(plan.ok().contains("nothing to stop: the training job stop-done is Completed"), "{}", plan.text);
    let over = server.call("stop_job", json!({"job": "stop-done"}));
    assert!(over.error().contains("is Completed already"), "{}", over.text);
    let missing = server.call("stop_job", json!({"job": "stop-nothing"}));
    assert!(missing.error().contains("there is no job stop-nothing of any kind"), "{}", missing.text);
}

#[test]
fn an_account_limit_says_where_to_look() {
    let stub = Stub::start(|request| match request.operation() {
        "CreateTrainingJob" => Response::error(
            400,
            "ResourceLimitExceeded",
            "The account-level service limit 'ml.p4d.24xlarge for training job usage' is 0 Instances",
        ),
        _ => Response::error(400, "ValidationException", "Requested resource not found."),
    });
    let call = json!({"kind": "training", "name": "big", "request": training("big")});
    let error = SAGEMAKER.at(stub.env()).start().call("create_job", call);
    assert!(
        error.error().contains("ml.p4d.24xlarge") && error.text.contains("running_costs"),
        "{}",
        error.text
    );
    let sent = stub.of("CreateTrainingJob")[0].json();
    assert_eq!(sent, training("big"));
}

#[test]
fn a_job_has_an_address_and_a_runbook() {
    let stub = Stub::start(|request| match request.operation() {
        "DescribeTrainingJob" => Response::output(failed()),
        "GetMetricData" => Response::output(json!({})),
        "ListTrainingJobs" => Response::output(
            json!({"TrainingJobSummaries": [{"TrainingJobName": "spot", "TrainingJobStatus": "Failed",
            "TrainingJobArn": "arn:aws:sagemaker:us-east-1:123456789012:training-job/spot", "CreationTime": 1}]}),
        ),
        _ => Response::error(400, "ValidationException", "not scripted"),
    });
    let mut server = SAGEMAKER.at(stub.env()).start();
    let read = server.request("resources/read", json!({"uri": "sagemaker://jobs/training/spot"}));
    assert!(
        read["contents"][0]["text"].as_str().unwrap_or_default().contains("CUDA out of memory"),
        "{read}"
    );
    let complete = json!({"ref": {"type": "ref/resource", "uri": "sagemaker://jobs/{kind}/{job}"},
        "argument": {"name": "job", "value": "sp"}, "context": {"arguments": {"kind": "training"}}});
    let found = server.request("completion/complete", complete);
    assert_eq!(found["completion"]["values"], json!(["spot"]));
    assert_eq!(stub.of("ListTrainingJobs")[0].json()["NameContains"], json!("sp"));
    let prompt = server.request("prompts/get", json!({"name": "failing_job", "arguments": {"job": "spot"}}));
    assert!(prompt.to_string().contains("Find out why the SageMaker job spot failed"), "{prompt}");
}
