//! Jobs: started, listed, stopped, and what they leave.

use std::sync::atomic::{AtomicUsize, Ordering};

use awsmcp_testing::{LocalAws, Response, Stub, expect, holds};
use serde_json::{Value, json};

use crate::world::{BEDROCK, MODEL};

const ROLE: &str = "arn:aws:iam::123456789012:role/batch";

#[test]
fn a_batch_is_planned_confirmed_started_and_stopped() {
    let aws = LocalAws::shared();
    aws.create_bucket("batch-bucket");
    aws.put_object("batch-bucket", "in.jsonl", &[], "{\"recordId\":\"1\"}\n");
    let mut server = BEDROCK.start();
    let call = json!({"model": MODEL, "input": "s3://batch-bucket/in.jsonl", "output": "s3://batch-bucket/out/", "name": "nightly", "role": ROLE});
    let plan = server.plan(
        "start_job",
        json!({"model": MODEL, "input": "s3://batch-bucket/in.jsonl", "output": "s3://batch-bucket/out/",
        "name": "nightly", "role": ROLE}),
    );
    plan.shows(expect![[r#"
        dry run, nothing was changed. start_job would start batch nightly of amazon.nova-lite-v1:0 over s3://batch-bucket/in.jsonl (17 B) into s3://batch-bucket/out/
        warning: each record is a call of the model and costs as such"#]]);
    let started = server.confirmed("start_job", call);
    let arn = started.object()["arn"].as_str().unwrap().to_owned();
    holds(&arn, &[":model-invocation-job/"]);
    server.plan("stop_job", json!({"job": arn})).holds(&["stop batch job", "which is "]);
    server.confirmed("stop_job", json!({"job": arn})).holds(&["\"stopping\":\"arn:aws:bedrock:"]);
}

#[test]
fn an_asynchronous_call_is_started_and_listed() {
    let mut server = BEDROCK.start();
    let call = json!({"model": "amazon.nova-reel-v1:0", "model_input": {"taskType": "TEXT_VIDEO"}, "output": "s3://video-bucket/out/"});
    let mut dry = call.clone();
    dry["dry_run"] = json!(true);
    server.call("start_job", dry).holds(&["asynchronously", "cannot be stopped", "TEXT_VIDEO"]);
    let arn = server.call("start_job", call).object()["arn"].as_str().unwrap().to_owned();
    let listed = server.call("list_jobs", json!({"kind": "async", "since": "-1h"}));
    listed.holds(&[&arn, "amazon.nova-reel-v1:0", "s3://video-bucket/out/"]);
    server.call("stop_job", json!({"job": arn})).fails(&["no job that can be stopped"]);
    server.call("list_jobs", json!({"kind": "async", "name_contains": "x"})).fails(&["have no name"]);
}

#[test]
fn what_a_job_lacks_is_said() {
    let stub = Stub::start(|_| Response::error(400, "ValidationException", "no"));
    let mut server = BEDROCK.at(stub.env()).start();
    let mut refused = |call: Value, part: &str| {
        server.call("start_job", call).fails(&[part]);
    };
    refused(json!({"model": MODEL, "output": "s3://out-bucket/x/"}), "give `input` for a batch");
    refused(
        json!({"model": MODEL, "output": "s3://out-bucket/x/", "input": "s3://in-bucket/a.jsonl"}),
        "`name` and `role`",
    );
    refused(
        json!({"model": MODEL, "output": "s3://out-bucket/x/", "model_input": {}, "name": "n"}),
        "are of batches",
    );
    refused(json!({"model": MODEL, "output": "out"}), "s3://my-bucket/folder/cat.png");
    assert!(stub.calls().is_empty());
    refused(
        json!({"model": MODEL, "output": "s3://out-bucket/x/", "input": "s3://in-bucket/a.jsonl", "name": "n", "role": ROLE}),
        "400",
    );
    server.call("stop_job", json!({"job": "job"})).fails(&["model-invocation-job/ab12cd34ef56"]);
}

fn jobs() -> Stub {
    let arn = |kind: &str| format!("arn:aws:bedrock:us-east-1:123456789012:{kind}/ab12cd34ef56");
    let time = "2026-11-22T10:00:00Z";
    let model = "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0";
    Stub::start(move |request| {
        if request.query("nextToken").is_some() {
            return Response::output(json!({}));
        }
        Response::output(match request.operation() {
            "ListModelInvocationJobs" => json!({"nextToken": "more", "invocationJobSummaries": [{
                "jobArn": arn("model-invocation-job"), "jobName": "nightly", "modelId": model, "roleArn": ROLE, "status": "InProgress",
                "submitTime": time, "totalRecordCount": 200, "processedRecordCount": 120, "errorRecordCount": 3,
                "inputDataConfig": {"s3InputDataConfig": {"s3Uri": "s3://b/in.jsonl"}},
                "outputDataConfig": {"s3OutputDataConfig": {"s3Uri": "s3://b/out/"}}}]}),
            "ListModelCustomizationJobs" => json!({"modelCustomizationJobSummaries": [{
                "jobArn": arn("model-customization-job"), "baseModelArn": model, "jobName": "tune", "status": "Completed",
                "creationTime": time, "endTime": time, "customModelArn": arn("custom-model"), "customModelName": "tuned"}]}),
            "ListModelImportJobs" => {
                json!({"modelImportJobSummaries": [{"jobArn": arn("model-import-job"), "jobName": "bring",
                "status": "Completed", "creationTime": time, "importedModelArn": arn("imported-model")}]})
            }
            "ListEvaluationJobs" => {
                json!({"jobSummaries": [{"jobArn": arn("evaluation-job"), "jobName": "judge", "status": "Failed",
                "creationTime": time, "jobType": "Automated", "evaluationTaskTypes": ["Summarization"],
                "inferenceConfigSummary": {"modelConfigSummary": {"bedrockModelIdentifiers": [model]}}}]})
            }
            "GetEvaluationJob" => {
                json!({"jobArn": arn("evaluation-job"), "jobName": "judge", "status": "Failed", "roleArn": ROLE,
                "jobType": "Automated", "creationTime": time, "failureMessages": ["no metric", "no data"],
                "evaluationConfig": {"human": {"datasetMetricConfigs": []}}, "inferenceConfig": {"models": []},
                "outputDataConfig": {"s3Uri": "s3://b/o"}})
            }
            "GetModelCustomizationJob" => {
                json!({"jobArn": arn("model-customization-job"), "jobName": "tune", "outputModelName": "m",
                "roleArn": ROLE, "creationTime": time, "baseModelArn": model, "status": "InProgress",
                "trainingDataConfig": {"s3Uri": "s3://b/t"}, "validationDataConfig": {"validators": []},
                "outputDataConfig": {"s3Uri": "s3://b/o"}})
            }
            "GetModelInvocationJob" => {
                json!({"jobArn": arn("model-invocation-job"), "jobName": "nightly", "modelId": model,
                "roleArn": ROLE, "submitTime": time, "status": "Completed", "totalRecordCount": 200, "processedRecordCount": 200,
                "inputDataConfig": {"s3InputDataConfig": {"s3Uri": "s3://b/in.jsonl"}},
                "outputDataConfig": {"s3OutputDataConfig": {"s3Uri": "s3://b/out/"}}})
            }
            _ => json!({}),
        })
    })
}

#[test]
fn jobs_of_each_kind_are_rows_of_one_shape() {
    let stub = jobs();
    let mut server = BEDROCK.at(stub.env()).start();
    let call = json!({"kind": "batch", "status": "in_progress", "name_contains": "night", "since": "2026-11-01", "limit": 5});
    let batch = server.call("list_jobs", call.clone());
    batch.holds(&[
        "nightly\tInProgress\tamazon.nova-lite-v1:0\t2026-11-22T10:00:00Z\t120 of 200\t3\ts3://b/out/",
        "next: ",
    ]);
    let sent = &stub.of("ListModelInvocationJobs")[0];
    assert_eq!((sent.query("statusEquals"), sent.query("nameContains")), (Some("InProgress"), Some("night")));
    assert_eq!((sent.query("sortOrder"), sent.query("maxResults")), (Some("Descending"), Some("5")));
    assert!(sent.query("submitTimeAfter").is_some_and(|time| time.starts_with("2026-11-01")));
    let cursor = batch.next().unwrap();
    let mut next = call;
    next["cursor"] = json!(cursor);
    server.call("list_jobs", next).holds(&["0 rows"]);
    for (kind, parts) in [
        ("customization", ["tune\tCompleted", ":custom-model/ab12cd34ef56"]),
        ("import", ["bring\tCompleted", ":imported-model/ab12cd34ef56"]),
        ("evaluation", ["judge\tFailed", "amazon.nova-lite-v1:0"]),
    ] {
        server.call("list_jobs", json!({"kind": kind})).holds(&parts);
    }
    server.call("list_jobs", json!({"kind": "evaluation"})).holds(&["no metric; no data"]);
    server.call("list_jobs", json!({"kind": "import", "status": "stopped"})).fails(&["cannot be stopped"]);
    server.call("list_jobs", json!({"kind": "other"})).fails(&["batch"]);
    let stub = Stub::start(|_| Response::denied("bedrock:ListEvaluationJobs"));
    let error = BEDROCK.at(stub.env()).start().call("list_jobs", json!({"kind": "evaluation"}));
    error.fails(&["bedrock:ListEvaluationJobs"]);
}

#[test]
fn a_plan_to_stop_says_how_far_a_job_is() {
    let stub = jobs();
    let mut server = BEDROCK.at(stub.env()).start();
    let job = |kind: &str| json!({"job": format!("arn:aws:bedrock:us-east-1:123456789012:{kind}/ab12cd34ef56"), "dry_run": true});
    let batch = server.call("stop_job", job("model-invocation-job"));
    batch.holds(&[
        "stop batch job nightly, which is Completed",
        "200 of 200 records are done",
        "it has ended already",
    ]);
    server
        .call("stop_job", job("model-customization-job"))
        .holds(&["stop customization job tune, which is InProgress"]);
    assert!(stub.of("StopModelInvocationJob").is_empty());
    let running =
        json!({"job": "arn:aws:bedrock:us-east-1:123456789012:model-customization-job/ab12cd34ef56"});
    server.confirmed("stop_job", running).ok();
    assert_eq!(stub.of("StopModelCustomizationJob").len(), 1);
}

#[test]
fn what_jobs_leave_is_deleted_after_a_look_at_who_uses_it() {
    let arn = |kind: &str| format!("arn:aws:bedrock:us-east-1:123456789012:{kind}/m1");
    let time = "2026-11-22T10:00:00Z";
    let stub = Stub::start(move |request| {
        Response::output(match request.operation() {
            "GetCustomModel" => {
                json!({"modelArn": arn("custom-model"), "modelName": "tuned", "creationTime": time})
            }
            "ListProvisionedModelThroughputs" => json!({"provisionedModelSummaries": [{
                "provisionedModelName": "serving", "provisionedModelArn": arn("provisioned-model"), "modelArn": arn("custom-model"),
                "desiredModelArn": arn("custom-model"), "foundationModelArn": arn("custom-model"), "modelUnits": 1,
                "desiredModelUnits": 1, "status": "InService", "creationTime": time, "lastModifiedTime": time}]}),
            "GetImportedModel" => json!({"modelArn": arn("imported-model"), "modelName": "brought"}),
            "GetEvaluationJob" => {
                json!({"jobArn": arn("evaluation-job"), "jobName": "judge", "status": "InProgress", "roleArn": ROLE,
                "jobType": "Automated", "creationTime": time, "evaluationConfig": {"human": {"datasetMetricConfigs": []}},
                "inferenceConfig": {"models": []}, "outputDataConfig": {"s3Uri": "s3://b/o"}})
            }
            "BatchDeleteEvaluationJob" => {
                json!({"evaluationJobs": [], "errors": [{"jobIdentifier": "m1", "code": "409",
                "message": "it still runs"}]})
            }
            _ => json!({}),
        })
    });
    let mut server = BEDROCK.at(stub.env()).start();
    let of = |kind: &str| json!({"artefact": arn(kind)});
    let done = server.confirmed("delete_artefact", of("custom-model"));
    done.holds(&["\"deleted\":\"arn:aws:bedrock:"]);
    assert_eq!(stub.of("DeleteCustomModel").len(), 1);
    server.plan("delete_artefact", of("custom-model")).shows(expect![[r#"
        dry run, nothing was changed. delete_artefact would delete custom model tuned, made 2026-11-22T10:00:00Z
        warning: only training it again brings it back
        warning: provisioned throughput serves it: serving"#]]);
    server.confirmed("delete_artefact", of("imported-model")).ok();
    assert_eq!(stub.of("DeleteImportedModel").len(), 1);
    let first = server.call("delete_artefact", of("evaluation-job"));
    first.holds(&["which is InProgress", "its results in S3 stay"]);
    let mut confirm = of("evaluation-job");
    confirm["confirm"] = json!(first.token());
    server.call("delete_artefact", confirm).fails(&["it still runs", "stop_job stops it"]);
    server.call("delete_artefact", of("agent")).fails(&["nothing that this tool deletes"]);
}

#[test]
fn a_batch_takes_a_folder() {
    let arn = "arn:aws:bedrock:us-east-1:123456789012:model-invocation-job/ab12cd34ef56";
    let stub = Stub::start(move |request| match request.operation() {
        "CreateModelInvocationJob" => Response::output(json!({"jobArn": arn})),
        other => Response::error(400, "ValidationException", other),
    });
    let mut server = BEDROCK.at(stub.env()).start();
    let call = json!({"model": MODEL, "input": "s3://batch-bucket/prompts/", "output": "s3://batch-bucket/out/",
        "name": "nightly", "role": ROLE});
    server
        .plan("start_job", call.clone())
        .holds(&["over s3://batch-bucket/prompts/ (every JSONL file under it)"]);
    server.confirmed("start_job", call).holds(&[arn]);
    let sent = stub.of("CreateModelInvocationJob")[0].json();
    assert_eq!(sent["inputDataConfig"]["s3InputDataConfig"]["s3Uri"], "s3://batch-bucket/prompts/");
}

#[test]
fn a_batch_is_over_the_file_that_was_planned() {
    let heads = AtomicUsize::new(0);
    let stub = Stub::start(move |request| match request.operation() {
        // Somebody writes another file between the plan and the start.
        "HeadObject" => {
            let tag = if heads.fetch_add(1, Ordering::Relaxed) < 2 { "\"seen\"" } else { "\"another\"" };
            Response::new(200, "").with("etag", tag)
        }
        other => Response::error(400, "ValidationException", other),
    });
    let mut server = BEDROCK.at(stub.env()).start();
    let call = json!({"model": MODEL, "input": "s3://batch-bucket/in.jsonl", "output": "s3://batch-bucket/out/",
        "name": "nightly", "role": ROLE});
    let first = server.call("start_job", call.clone());
    let mut confirm = call;
    confirm["confirm"] = json!(first.token());
    server.call("start_job", confirm).fails(&["s3://batch-bucket/in.jsonl changed while this was planned"]);
    assert!(stub.of("CreateModelInvocationJob").is_empty());
}

#[test]
fn an_artefact_that_is_another_by_now_is_left_alone() {
    let arn = "arn:aws:bedrock:us-east-1:123456789012:evaluation-job/m1";
    let looks = AtomicUsize::new(0);
    let stub = Stub::start(move |request| match request.operation() {
        "GetEvaluationJob" => {
            let status = if looks.fetch_add(1, Ordering::Relaxed) < 2 { "Completed" } else { "InProgress" };
            Response::output(json!({"jobArn": arn, "jobName": "judge", "status": status, "roleArn": ROLE,
                "jobType": "Automated", "creationTime": "2026-11-22T10:00:00Z",
                "evaluationConfig": {"human": {"datasetMetricConfigs": []}},
                "inferenceConfig": {"models": []}, "outputDataConfig": {"s3Uri": "s3://b/o"}}))
        }
        other => Response::error(400, "ValidationException", other),
    });
    let mut server = BEDROCK.at(stub.env()).start();
    server.confirmed("delete_artefact", json!({"artefact": arn})).fails(&["changed while this was planned"]);
    assert!(stub.of("BatchDeleteEvaluationJob").is_empty());
}

#[test]
fn a_word_for_what_became_of_jobs_covers_all_of_its_states() {
    let stub = Stub::start(|request| {
        let state = request.query("statusEquals").unwrap_or("none").to_owned();
        let arn = "arn:aws:bedrock:us-east-1:123456789012:model-invocation-job/ab12cd34ef56";
        let job = json!({"jobArn": arn, "jobName": state, "modelId": MODEL, "roleArn": ROLE, "status": state,
            "submitTime": "2026-11-22T10:00:00Z", "inputDataConfig": {"s3InputDataConfig": {"s3Uri": "s3://b/in.jsonl"}},
            "outputDataConfig": {"s3OutputDataConfig": {"s3Uri": "s3://b/out/"}}});
        let is_there = ["Submitted", "Scheduled", "InProgress", "PartiallyCompleted", "Expired"]
            .contains(&state.as_str());
        Response::output(json!({"invocationJobSummaries": if is_there { vec![job] } else { Vec::new() }}))
    });
    let mut server = BEDROCK.at(stub.env()).start();
    for (status, names) in [
        ("in_progress", vec!["InProgress", "Submitted", "Scheduled"]),
        ("completed", vec!["PartiallyCompleted"]),
        ("failed", vec!["Expired"]),
        ("stopped", vec![]),
    ] {
        let pages = server.pages("list_jobs", json!({"kind": "batch", "status": status}));
        let lines = pages.iter().flat_map(|page| page.text.lines()).filter(|line| line.starts_with("arn:"));
        let found: Vec<&str> = lines.filter_map(|line| line.split('\t').nth(1)).collect();
        assert_eq!(found, names, "{status}");
    }
}

#[test]
fn why_a_job_failed_stands_beside_it() {
    let arn = |kind: &str| format!("arn:aws:bedrock:us-east-1:123456789012:{kind}/ab12cd34ef56");
    let time = "2026-11-22T10:00:00Z";
    let model = "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0";
    let stub = Stub::start(move |request| match request.operation() {
        "ListModelCustomizationJobs" => Response::output(json!({"modelCustomizationJobSummaries": [{
            "jobArn": arn("model-customization-job"), "baseModelArn": model, "jobName": "tune", "status": "Failed",
            "creationTime": time}]})),
        "GetModelCustomizationJob" => {
            Response::output(json!({"jobArn": arn("model-customization-job"), "jobName": "tune",
            "outputModelName": "m", "roleArn": ROLE, "creationTime": time, "baseModelArn": model, "status": "Failed",
            "failureMessage": "the training data has no line", "trainingDataConfig": {"s3Uri": "s3://b/t"},
            "validationDataConfig": {"validators": []}, "outputDataConfig": {"s3Uri": "s3://b/o"}}))
        }
        "ListModelImportJobs" => {
            Response::output(json!({"modelImportJobSummaries": [{"jobArn": arn("model-import-job"),
            "jobName": "bring", "status": "Failed", "creationTime": time}]}))
        }
        "GetModelImportJob" => {
            Response::output(json!({"status": "Failed", "failureMessage": "no such architecture"}))
        }
        "ListEvaluationJobs" => {
            Response::output(json!({"jobSummaries": [{"jobArn": arn("evaluation-job"), "jobName": "judge",
            "status": "Failed", "creationTime": time, "jobType": "Automated", "evaluationTaskTypes": ["Summarization"]}]}))
        }
        _ => Response::denied("bedrock:GetEvaluationJob"),
    });
    let mut server = BEDROCK.at(stub.env()).start();
    let of = |kind: &str| json!({"kind": kind, "status": "failed"});
    server.call("list_jobs", of("customization")).holds(&["the training data has no line"]);
    server.call("list_jobs", of("import")).holds(&["no such architecture"]);
    // What may not be looked at is said, and the list is shown.
    server
        .call("list_jobs", of("evaluation"))
        .holds(&["judge", "why an evaluation failed could not be read"]);
    let list = "arn:aws:bedrock:*:*:model-import-job/*";
    let mut held = BEDROCK.at(stub.env()).and(&["--allow-arn", list]).start();
    held.call("list_jobs", of("customization")).lacks(&["tune", "the training data"]);
}
