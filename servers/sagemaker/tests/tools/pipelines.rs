//! Pipelines, their executions down to the log of what failed, and the model registry.

use std::sync::{Mutex, MutexGuard, PoisonError};

use awsmcp_testing::{Response, Stub};
use serde_json::{Value, json};

use crate::world::{ROLE, SAGEMAKER, aws, next};

/// Keeps other tests from making pipelines: the local AWS lists all of them, whatever the prefix.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn pipeline(name: &str) {
    let definition = json!({"Version": "2020-12-01", "Parameters": [{"Name": "Epochs", "Type": "Integer", "DefaultValue": 1}, {"Name": "Data", "Type": "String"}],
        "Steps": [{"Name": "Train", "Type": "Training", "Arguments": {}}]});
    aws(
        "CreatePipeline",
        json!({"PipelineName": name, "PipelineDefinition": definition.to_string(), "ClientRequestToken": "a".repeat(32), "RoleArn": ROLE}),
    );
}

fn execution(text: &str) -> Value {
    let (_, rest) = text.split_once("\"execution\":\"").unwrap_or_else(|| panic!("no execution: {text}"));
    json!(rest.split('"').next().unwrap())
}

#[test]
#[ignore = "runs fakecloud"]
fn a_pipeline_is_started_stopped_and_deleted() {
    let _alone = alone();
    pipeline("flow");
    let mut server = SAGEMAKER.start();
    let listed = server.call("list_pipelines", json!({"prefix": "flow"}));
    assert!(listed.ok().contains("flow\t"), "{}", listed.text);
    let call = json!({"pipeline": "flow", "parameters": {"Data": "s3://b/in"}});
    let mut planned = call.clone();
    planned["dry_run"] = json!(true);
    let plan = server.call("start_pipeline", planned);
    for part in [
        "start the pipeline flow",
        "Epochs\t1\tdefault",
        "Data\ts3://b/in\tgiven",
        "its steps run and bill: Training",
    ] {
        assert!(plan.ok().contains(part), "{part}: {}", plan.text);
    }
    let wrong = server.call("start_pipeline", json!({"pipeline": "flow", "parameters": {"Epoch": 3}}));
    assert!(wrong.error().contains("no parameter Epoch; did you mean Epochs?"), "{}", wrong.text);
    let missing = server.call("start_pipeline", json!({"pipeline": "flow"}));
    assert!(missing.error().contains("have no default: Data"), "{}", missing.text);
    let started = server.call("start_pipeline", call);
    let execution = execution(started.ok());
    let executions = server.call("list_pipelines", json!({"pipeline": "flow"}));
    assert!(
        executions.ok().contains(execution.as_str().unwrap()) && executions.text.contains("Executing"),
        "{}",
        executions.text
    );
    let card = server.call("describe_execution", json!({"pipeline": "flow"}));
    assert!(
        card.ok().contains("\"status\":\"Executing\"") && card.text.contains(execution.as_str().unwrap()),
        "{}",
        card.text
    );
    let running = server.call("retry_pipeline", json!({"execution": execution}));
    assert!(
        running.error().contains("the execution is Executing: there is nothing to retry"),
        "{}",
        running.text
    );
    let plan = server.call("delete_pipeline", json!({"pipeline": "flow", "dry_run": true}));
    assert!(plan.ok().contains("1 of its executions are running"), "{}", plan.text);
    let plan = server.call("stop_pipeline", json!({"execution": execution, "dry_run": true}));
    assert!(
        plan.ok().contains("stop the execution ") && plan.text.contains("of flow, which is Executing"),
        "{}",
        plan.text
    );
    server.confirmed("stop_pipeline", json!({"execution": execution})).ok();
    let gone = server.confirmed("delete_pipeline", json!({"pipeline": "flow"}));
    gone.holds(&[r#""deleted":"flow""#]);
    let missing = server.call("describe_execution", json!({"execution": "flow"}));
    assert!(missing.error().contains("pipeline/my-pipeline/execution/abcdefghijkl"), "{}", missing.text);
    let neither = server.call("describe_execution", json!({}));
    assert!(neither.error().contains("give either `execution` or `pipeline`"), "{}", neither.text);
}

#[test]
#[ignore = "runs fakecloud"]
fn pipelines_are_listed_page_by_page() {
    let _alone = alone();
    for name in ["pages-p-1", "pages-p-2", "pages-p-3"] {
        pipeline(name);
    }
    let mut server = SAGEMAKER.start();
    let first = server.call("list_pipelines", json!({"prefix": "pages-p-", "limit": 2}));
    let second =
        server.call("list_pipelines", json!({"prefix": "pages-p-", "limit": 2, "cursor": next(first.ok())}));
    for name in ["pages-p-1", "pages-p-2", "pages-p-3"] {
        let seen = [first.ok(), second.ok()].iter().filter(|text| text.contains(name)).count();
        assert_eq!(seen, 1, "{name}: {} {}", first.text, second.text);
    }
}

const EXECUTION: &str = "arn:aws:sagemaker:us-east-1:123456789012:pipeline/p/execution/abc";

fn failing(status: &'static str) -> Stub {
    Stub::start(move |request| match request.operation() {
        "DescribePipelineExecution" => Response::output(json!({
            "PipelineArn": "arn:aws:sagemaker:us-east-1:123456789012:pipeline/p", "PipelineExecutionArn": EXECUTION,
            "PipelineExecutionStatus": status, "FailureReason": "Step failure: One or multiple steps failed.",
            "CreationTime": 1_700_000_000, "LastModifiedTime": 1_700_000_900,
        })),
        "ListPipelineExecutionSteps" if request.nth == 1 => Response::output(json!({
            "PipelineExecutionSteps": [
                {"StepName": "Prepare", "StepStatus": "Succeeded", "StartTime": 1_700_000_000, "EndTime": 1_700_000_300,
                    "Metadata": {"ProcessingJob": {"Arn": "arn:aws:sagemaker:us-east-1:123456789012:processing-job/prepare-1"}}},
            ],
            "NextToken": "more",
        })),
        "ListPipelineExecutionSteps" => Response::output(json!({
            "PipelineExecutionSteps": [
                {"StepName": "Train", "StepStatus": "Failed", "FailureReason": "ClientError: see the job", "StartTime": 1_700_000_300, "EndTime": 1_700_000_900,
                    "Metadata": {"TrainingJob": {"Arn": "arn:aws:sagemaker:us-east-1:123456789012:training-job/train-1"}}},
            ],
        })),
        "ListPipelineParametersForExecution" => {
            Response::output(json!({"PipelineParameters": [{"Name": "Epochs", "Value": "3"}]}))
        }
        "DescribeTrainingJob" => Response::output(json!({
            "TrainingJobName": "train-1", "TrainingJobArn": "arn:aws:sagemaker:us-east-1:123456789012:training-job/train-1",
            "TrainingJobStatus": "Failed", "SecondaryStatus": "Failed", "FailureReason": "AlgorithmError: ExecuteUserScriptError",
            "ModelArtifacts": {"S3ModelArtifacts": "s3://b"}, "CreationTime": 1_700_000_300,
            "AlgorithmSpecification": {"TrainingInputMode": "File"}, "StoppingCondition": {},
        })),
        "DescribeLogStreams" => {
            Response::output(json!({"logStreams": [{"logStreamName": "train-1/algo-1-1700000300"}]}))
        }
        "GetLogEvents" => Response::output(json!({"events": [
            {"timestamp": 1_700_000_890_000_i64, "message": "Traceback (most recent call last):"},
            {"timestamp": 1_700_000_890_001_i64, "message": "KeyError: 'label'"},
        ]})),
        "RetryPipelineExecution" => Response::output(json!({"PipelineExecutionArn": EXECUTION})),
        _ => Response::error(400, "ValidationException", "not scripted"),
    })
}

#[test]
fn an_execution_is_read_down_to_the_lines_of_the_failing_job() {
    let stub = failing("Failed");
    let mut server = SAGEMAKER.at(stub.env()).start();
    let card = server.call("describe_execution", json!({"execution": EXECUTION}));
    for part in [
        r#""parameters":{"Epochs":"3"}"#,
        r#"{"name":"Prepare","status":"Succeeded","by":"processing-job/prepare-1","seconds":300}"#,
        r#""failed":[{"step":"Train","failure_reason":"ClientError: see the job","kind":"training","job":"train-1","job_failure_reason":"AlgorithmError: ExecuteUserScriptError""#,
        r#""log":["Traceback (most recent call last):","KeyError: 'label'"]"#,
    ] {
        assert!(card.ok().contains(part), "{part}: {}", card.text);
    }
    assert_eq!(stub.of("ListPipelineExecutionSteps")[1].json()["NextToken"], json!("more"));
    let plan = server.call("retry_pipeline", json!({"execution": EXECUTION, "dry_run": true}));
    assert!(plan.ok().contains("retry the execution abc of p, which is Failed"), "{}", plan.text);
    assert!(stub.of("RetryPipelineExecution").is_empty());
    server.call("retry_pipeline", json!({"execution": EXECUTION})).ok();
    assert_eq!(stub.of("RetryPipelineExecution").len(), 1);
    let over = server.call("stop_pipeline", json!({"execution": EXECUTION}));
    assert!(over.error().contains("is Failed: there is nothing to stop"), "{}", over.text);
}

#[test]
fn a_job_outside_what_is_allowed_is_not_read() {
    let stub = failing("Failed");
    let mut server =
        SAGEMAKER.and(&["--allow-arn", "arn:aws:sagemaker:*:*:pipeline/p/*"]).at(stub.env()).start();
    let card = server.call("describe_execution", json!({"execution": EXECUTION}));
    assert!(card.ok().contains("train-1 is outside what the operator allowed"), "{}", card.text);
    assert!(stub.of("DescribeTrainingJob").is_empty() && stub.of("GetLogEvents").is_empty());
}

#[test]
#[ignore = "runs fakecloud"]
fn a_model_package_is_approved() {
    aws("CreateModelPackageGroup", json!({"ModelPackageGroupName": "registry"}));
    let specification = json!({"Containers": [{"Image": "i", "ModelDataUrl": "s3://b/m"}], "SupportedContentTypes": ["text/csv"], "SupportedResponseMIMETypes": ["text/csv"]});
    let made = aws(
        "CreateModelPackage",
        json!({"ModelPackageGroupName": "registry", "ModelApprovalStatus": "PendingManualApproval", "InferenceSpecification": specification}),
    );
    let arn = made["ModelPackageArn"].as_str().unwrap();
    let mut server = SAGEMAKER.start();
    let groups = server.call("list_model_packages", json!({"name": "regist"}));
    assert!(groups.ok().contains("registry\t2"), "{}", groups.text);
    let versions = server.call("list_model_packages", json!({"package_group": "registry"}));
    assert!(
        versions.ok().contains("PendingManualApproval") && versions.text.contains(arn),
        "{}",
        versions.text
    );
    let refused = server.call(
        "deploy_model",
        json!({"endpoint": "of-package", "package": arn, "role": ROLE, "instance_type": "ml.m5.large", "dry_run": true}),
    );
    assert!(refused.error().contains("the package is PendingManualApproval"), "{}", refused.text);
    let plan = server.call("approve_model", json!({"package": arn, "approval": "approved", "dry_run": true}));
    assert!(plan.ok().contains("to Approved; it is PendingManualApproval now"), "{}", plan.text);
    let done =
        server.call("approve_model", json!({"package": arn, "approval": "approved", "comment": "good"}));
    assert!(done.ok().contains("\"approval\":\"Approved\""), "{}", done.text);
    let now = aws("DescribeModelPackage", json!({"ModelPackageName": arn}));
    assert_eq!(
        (&now["ModelApprovalStatus"], &now["ApprovalDescription"]),
        (&json!("Approved"), &json!("good"))
    );
    let missing = server.call("list_model_packages", json!({"package_group": "registri"}));
    assert!(missing.error().contains("registry"), "{}", missing.text);
    let wrong = server.call("list_model_packages", json!({"approval": "approved"}));
    assert!(wrong.error().contains("give `package_group` too"), "{}", wrong.text);
}

#[test]
fn a_pipelines_steps_and_parameters_are_shown() {
    let definition = json!({"Version": "2020-12-01",
        "Parameters": [{"Name": "epochs", "Type": "Integer", "DefaultValue": 3}, {"Name": "data", "Type": "String"}],
        "Steps": [{"Name": "train", "Type": "Training", "Arguments": {"RoleArn": "r", "Environment": {"KEY": "hunter2"}}},
            {"Name": "good", "Type": "Condition", "DependsOn": ["train"], "Arguments": {"IfSteps": [{"Name": "register", "Type": "RegisterModel"}]}}]});
    let text = definition.to_string();
    let stub = awsmcp_testing::Stub::start(move |_| {
        awsmcp_testing::Response::output(
            json!({"PipelineName": "p", "PipelineStatus": "Active", "RoleArn": "r", "CreationTime": 1,
            "PipelineDefinition": text}),
        )
    });
    let mut server = SAGEMAKER.at(stub.env()).start();
    let card = server.call("describe_pipeline", json!({"pipeline": "p"}));
    card.holds(&[
        r#"{"name":"epochs","type":"Integer","default":3}"#,
        r#"{"name":"register","type":"RegisterModel","within":"good: if"}"#,
        r#""after":["train"]"#,
    ]);
    card.lacks(&["RoleArn", "\"definition\""]);
    let one = server.call("describe_pipeline", json!({"pipeline": "p", "step": "train"}));
    let told = r#""definition":{"Name":"train","Type":"Training","Arguments":{"RoleArn":"r","Environment":{"KEY":"(hidden)"}}}"#;
    one.holds(&[told]);
    let whole = server.call("describe_pipeline", json!({"pipeline": "p", "definition": true}));
    whole.holds(&["2020-12-01", r#""KEY":"(hidden)""#]).lacks(&["hunter2"]);
    server
        .call("describe_pipeline", json!({"pipeline": "p", "step": "x"}))
        .fails(&["no step x; it has train, good, register"]);
}

#[test]
fn a_parameter_that_the_pipeline_does_not_take_is_not_sent() {
    let definition = json!({"Parameters": [{"Name": "epochs", "Type": "Integer", "DefaultValue": 3},
        {"Name": "size", "Type": "String", "DefaultValue": "small", "EnumValues": ["small", "large"]},
        {"Name": "data", "Type": "String"}], "Steps": []})
    .to_string();
    let stub = awsmcp_testing::Stub::start(move |request| {
        let found = match request.operation() {
            "DescribePipeline" => json!({"PipelineName": "p", "PipelineDefinition": definition}),
            _ => {
                json!({"PipelineExecutionArn": "arn:aws:sagemaker:us-east-1:123456789012:pipeline/p/execution/x"})
            }
        };
        awsmcp_testing::Response::output(found)
    });
    let mut server = SAGEMAKER.at(stub.env()).start();
    for (parameters, words) in [
        (json!({"data": "d", "epochs": "many"}), "the parameter epochs is of the type Integer"),
        (json!({"data": "d", "size": "huge"}), "it is one of small, large"),
        // None is not the text null.
        (json!({"data": null}), "these parameters have no default: data"),
    ] {
        server.call("start_pipeline", json!({"pipeline": "p", "parameters": parameters})).fails(&[words]);
    }
    assert!(stub.of("StartPipelineExecution").is_empty());
    let parameters = json!({"data": "", "epochs": 20, "size": null});
    server.call("start_pipeline", json!({"pipeline": "p", "parameters": parameters})).ok();
    let sent = stub.of("StartPipelineExecution")[0].json()["PipelineParameters"].clone();
    assert_eq!(sent, json!([{"Name": "data", "Value": ""}, {"Name": "epochs", "Value": "20"}]));
}
