//! Jobs: started, listed, stopped, and what they leave.

use awsmcp_testing::{LocalAws, Response, Stub};
use serde_json::{Value, json};

use crate::around::{MODEL, confirmed, holds, object, server, server_at};

const ROLE: &str = "arn:aws:iam::123456789012:role/batch";

#[test]
fn a_batch_is_planned_confirmed_started_and_stopped() {
    let aws = LocalAws::shared();
    aws.create_bucket("batch-bucket");
    aws.put_object("batch-bucket", "in.jsonl", &[], "{\"recordId\":\"1\"}\n");
    let mut server = server(&[]);
    let call = json!({"model": MODEL, "input": "s3://batch-bucket/in.jsonl", "output": "s3://batch-bucket/out/", "name": "nightly", "role": ROLE});
    let plan = server.call(
        "start_job",
        json!({"model": MODEL, "input": "s3://batch-bucket/in.jsonl", "output": "s3://batch-bucket/out/",
        "name": "nightly", "role": ROLE, "dry_run": true}),
    );
    holds(
        plan.ok(),
        &[
            "start batch nightly of amazon.nova-lite-v1:0 over s3://batch-bucket/in.jsonl (17 B)",
            "costs as such",
        ],
    );
    let started = confirmed(&mut server, "start_job", call);
    let arn = started.split_once("\"arn\":\"").unwrap().1.split('"').next().unwrap().to_owned();
    holds(&arn, &[":model-invocation-job/"]);
    holds(
        server.call("stop_job", json!({"job": arn, "dry_run": true})).ok(),
        &["stop batch job", "which is "],
    );
    holds(server.call("stop_job", json!({"job": arn})).ok(), &["\"stopping\":\"arn:aws:bedrock:"]);
}

#[test]
fn an_asynchronous_call_is_started_and_listed() {
    let mut server = server(&[]);
    let call = json!({"model": "amazon.nova-reel-v1:0", "model_input": {"taskType": "TEXT_VIDEO"}, "output": "s3://video-bucket/out/"});
    let mut dry = call.clone();
    dry["dry_run"] = json!(true);
    holds(server.call("start_job", dry).ok(), &["asynchronously", "cannot be stopped", "TEXT_VIDEO"]);
    let arn = object(&server.call("start_job", call))["arn"].as_str().unwrap().to_owned();
    let listed = server.call("list_jobs", json!({"kind": "async", "since": "-1h"}));
    holds(listed.ok(), &[&arn, "amazon.nova-reel-v1:0", "s3://video-bucket/out/"]);
    holds(server.call("stop_job", json!({"job": arn})).error(), &["no job that can be stopped"]);
    holds(
        server.call("list_jobs", json!({"kind": "async", "name_contains": "x"})).error(),
        &["have no name"],
    );
}

#[test]
fn what_a_job_lacks_is_said() {
    let stub = Stub::start(|_| Response::error(400, "ValidationException", "no"));
    let mut server = server_at(stub.env(), &[]);
    let mut refused = |call: Value, part: &str| holds(server.call("start_job", call).error(), &[part]);
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
    holds(server.call("stop_job", json!({"job": "job"})).error(), &["model-invocation-job/ab12cd34ef56"]);
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
    let mut server = server_at(stub.env(), &[]);
    let call = json!({"kind": "batch", "status": "in_progress", "name_contains": "night", "since": "2026-11-01", "limit": 5});
    let batch = server.call("list_jobs", call.clone());
    holds(
        batch.ok(),
        &[
            "nightly\tInProgress\tamazon.nova-lite-v1:0\t2026-11-22T10:00:00Z\t120 of 200\t3\ts3://b/out/",
            "next: ",
        ],
    );
    let sent = &stub.of("ListModelInvocationJobs")[0];
    assert_eq!((sent.query("statusEquals"), sent.query("nameContains")), (Some("InProgress"), Some("night")));
    assert_eq!((sent.query("sortOrder"), sent.query("maxResults")), (Some("Descending"), Some("5")));
    assert!(sent.query("submitTimeAfter").is_some_and(|time| time.starts_with("2026-11-01")));
    let cursor = batch.text.split_once("next: ").unwrap().1.trim().to_owned();
    let mut next = call;
    next["cursor"] = json!(cursor);
    holds(server.call("list_jobs", next).ok(), &["0 rows"]);
    for (kind, parts) in [
        ("customization", ["tune\tCompleted", ":custom-model/ab12cd34ef56"]),
        ("import", ["bring\tCompleted", ":imported-model/ab12cd34ef56"]),
        ("evaluation", ["judge\tFailed", "amazon.nova-lite-v1:0"]),
    ] {
        holds(server.call("list_jobs", json!({"kind": kind})).ok(), &parts);
    }
    holds(
        server.call("list_jobs", json!({"kind": "import", "status": "stopped"})).error(),
        &["cannot be stopped"],
    );
    holds(server.call("list_jobs", json!({"kind": "other"})).error(), &["batch"]);
    let stub = Stub::start(|_| Response::denied("bedrock:ListEvaluationJobs"));
    let error = server_at(stub.env(), &[]).call("list_jobs", json!({"kind": "evaluation"}));
    holds(error.error(), &["bedrock:ListEvaluationJobs"]);
}

#[test]
fn a_plan_to_stop_says_how_far_a_job_is() {
    let stub = jobs();
    let mut server = server_at(stub.env(), &[]);
    let job = |kind: &str| json!({"job": format!("arn:aws:bedrock:us-east-1:123456789012:{kind}/ab12cd34ef56"), "dry_run": true});
    let batch = server.call("stop_job", job("model-invocation-job"));
    holds(
        batch.ok(),
        &[
            "stop batch job nightly, which is Completed",
            "200 of 200 records are done",
            "it has ended already",
        ],
    );
    holds(
        server.call("stop_job", job("model-customization-job")).ok(),
        &["stop customization job tune, which is InProgress"],
    );
    assert!(stub.of("StopModelInvocationJob").is_empty());
    server
        .call(
            "stop_job",
            json!({"job": "arn:aws:bedrock:us-east-1:123456789012:model-customization-job/ab12cd34ef56"}),
        )
        .ok();
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
    let mut server = server_at(stub.env(), &[]);
    let of = |kind: &str| json!({"artefact": arn(kind)});
    let done = confirmed(&mut server, "delete_artefact", of("custom-model"));
    holds(&done, &["\"deleted\":\"arn:aws:bedrock:"]);
    assert_eq!(stub.of("DeleteCustomModel").len(), 1);
    let mut dry = of("custom-model");
    dry["dry_run"] = json!(true);
    holds(server.call("delete_artefact", dry).ok(), &["delete custom model tuned", "serves it: serving"]);
    confirmed(&mut server, "delete_artefact", of("imported-model"));
    assert_eq!(stub.of("DeleteImportedModel").len(), 1);
    let first = server.call("delete_artefact", of("evaluation-job"));
    holds(first.ok(), &["which is InProgress", "its results in S3 stay"]);
    let mut confirm = of("evaluation-job");
    confirm["confirm"] = json!(first.token());
    holds(server.call("delete_artefact", confirm).error(), &["it still runs", "stop_job stops it"]);
    holds(server.call("delete_artefact", of("agent")).error(), &["nothing that this tool deletes"]);
}
