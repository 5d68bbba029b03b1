//! What a call names is what it is held to, and what only an answer names is asked for before it is used.

use awsmcp_testing::{Response, Stub};
use serde_json::{Value, json};

use crate::world::SAGEMAKER;

fn described(config: &str) -> Value {
    json!({"EndpointName": "e", "EndpointArn": "arn:aws:sagemaker:us-east-1:123456789012:endpoint/e",
        "EndpointConfigName": config, "EndpointStatus": "InService", "CreationTime": 1_700_000_000,
        "LastModifiedTime": 1_700_000_000})
}

/// An endpoint that runs the model of another team on a configuration of theirs.
fn shared() -> Stub {
    Stub::start(|request| match request.operation() {
        "DescribeEndpoint" => Response::output(described("Other-Config")),
        "DescribeEndpointConfig" => Response::output(json!({
            "EndpointConfigName": "Other-Config", "CreationTime": 1_700_000_000,
            "EndpointConfigArn": "arn:aws:sagemaker:us-east-1:123456789012:endpoint-config/other-config",
            "ProductionVariants": [{"VariantName": "v", "ModelName": "Other-Model", "InstanceType": "ml.m5.large",
                "InitialInstanceCount": 1}],
        })),
        "DeleteEndpoint" | "DeleteEndpointConfig" | "DeleteModel" => Response::new(200, ""),
        _ => Response::error(400, "ValidationException", "not scripted"),
    })
}

const AT: &str = "arn:aws:sagemaker:*:*:";

#[test]
fn an_arn_of_another_kind_or_service_never_leaves() {
    let stub = shared();
    let mut server = SAGEMAKER.and(&["--allow-arn", "*"]).at(stub.env()).start();
    let at = "arn:aws:sagemaker:us-east-1:123456789012";
    for (tool, call) in [
        ("describe_endpoint", json!({"endpoint": " e"})),
        ("describe_endpoint", json!({"endpoint": format!("{at}:model/e")})),
        ("describe_endpoint", json!({"endpoint": format!("{at}:endpoint/x/e")})),
        ("describe_endpoint", json!({"endpoint": "arn:aws:kms:us-east-1:123456789012:key/x:endpoint/e"})),
        ("describe_job", json!({"job": format!("{at}:endpoint/j")})),
        ("delete_model", json!({"model": format!("{at}:endpoint/m")})),
        ("stop_pipeline", json!({"execution": format!("{at}:pipeline/p")})),
        ("stop_pipeline", json!({"execution": format!("{at}:pipeline/*/execution/x")})),
        ("approve_model", json!({"package": format!("{at}:model/g/1"), "approval": "approved"})),
        ("create_job", json!({"kind": "training", "name": "a/b", "clone": "c"})),
        ("create_job", json!({"kind": "training", "name": "b", "clone": "c", "role": "arn:aws:s3:::role/r"})),
    ] {
        let refused = server.call(tool, call.clone());
        assert!(refused.error().contains("good one"), "{tool} {call}: {}", refused.text);
    }
    assert!(stub.calls().is_empty(), "{:?}", stub.calls());
}

#[test]
fn an_arn_moves_the_call_to_its_region_and_stays_in_its_account() {
    let stub = shared();
    let args = ["--allow-region", "eu-west-1", "--allow-arn", "arn:aws:sagemaker:*:123456789012:*"];
    let mut server = SAGEMAKER.and(&args).at(stub.env()).start();
    let call = |region: &str, account: &str| json!({"endpoint": format!("arn:aws:sagemaker:{region}:{account}:endpoint/e"), "dry_run": true});
    server.call("delete_endpoint", call("eu-west-1", "123456789012")).ok();
    let sent = stub.of("DescribeEndpoint");
    assert!(sent.iter().all(|request| request.region() == Some("eu-west-1")), "{sent:?}");
    assert_eq!(sent.last().unwrap().json()["EndpointName"], json!("e"));
    let count = sent.len();
    let foreign = server.call("delete_endpoint", call("eu-west-1", "210987654321"));
    assert!(foreign.error().contains("is of account 210987654321"), "{}", foreign.text);
    assert_eq!(stub.of("DescribeEndpoint").len(), count);
}

#[test]
fn an_endpoints_configuration_is_read_only_where_it_is_allowed() {
    let stub = shared();
    let endpoint = format!("{AT}endpoint/e");
    let mut server = SAGEMAKER.and(&["--allow-arn", &endpoint]).at(stub.env()).start();
    let card = server.call("describe_endpoint", json!({"endpoint": "e"}));
    assert!(card.ok().contains("endpoint-config/other-config is outside"), "{}", card.text);
    assert!(!card.text.contains("Other-Model"), "{}", card.text);
    let plan = server.call("delete_endpoint", json!({"endpoint": "e", "dry_run": true}));
    assert!(plan.ok().contains("delete the endpoint e"), "{}", plan.text);
    assert!(stub.of("DescribeEndpointConfig").is_empty());
    let config = format!("{AT}endpoint-config/other-*");
    let mut server =
        SAGEMAKER.and(&["--allow-arn", &endpoint, "--allow-arn", &config]).at(stub.env()).start();
    let card = server.call("describe_endpoint", json!({"endpoint": "e"}));
    assert!(!card.ok().contains("is outside what the operator allowed"), "{}", card.text);
    assert_eq!(stub.of("DescribeEndpointConfig").len(), 1);
}

#[test]
fn what_is_deleted_with_an_endpoint_is_asked_for_by_name() {
    let stub = shared();
    let (endpoint, config) = (format!("{AT}endpoint/e"), format!("{AT}endpoint-config/other-*"));
    for (call, allowed, outside) in [
        (json!({"endpoint": "e", "config": true}), "", "endpoint-config/other-config is outside"),
        (json!({"endpoint": "e", "models": true}), "", "endpoint-config/other-config is outside"),
        (json!({"endpoint": "e", "models": true}), config.as_str(), "model/other-model is outside"),
    ] {
        let mut args = vec!["--allow-arn", &endpoint];
        if !allowed.is_empty() {
            args.extend(["--allow-arn", allowed]);
        }
        let refused = SAGEMAKER.and(&args).at(stub.env()).start().call("delete_endpoint", call.clone());
        assert!(refused.error().contains(outside), "{call}: {}", refused.text);
    }
    for operation in ["DeleteEndpoint", "DeleteEndpointConfig", "DeleteModel"] {
        assert!(stub.of(operation).is_empty(), "{operation}");
    }
}

#[test]
fn the_model_that_a_job_runs_is_held_as_if_it_were_called() {
    let stub = Stub::start(|request| match (request.operation(), request.nth) {
        ("DescribeTransformJob", 1 | 2) => {
            Response::error(400, "ValidationException", "Requested resource not found.")
        }
        ("CreateTransformJob", _) => Response::output(
            json!({"TransformJobArn": "arn:aws:sagemaker:us-east-1:123456789012:transform-job/t"}),
        ),
        _ => Response::error(400, "ValidationException", "not scripted"),
    });
    let data = json!({"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://b/i"}}});
    let call = |model: &str| {
        let request = json!({"ModelName": model, "TransformInput": data, "TransformOutput": {"S3OutputPath": "s3://b/o"},
            "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1}});
        json!({"kind": "transform", "name": "t", "request": request})
    };
    let (job, model) = (format!("{AT}transform-job/t"), format!("{AT}model/team-*"));
    let args = ["--allow-arn", &job, "--allow-arn", &model, "--allow-arn", "arn:aws:iam::*:role/*"];
    let mut server = SAGEMAKER.and(&args).at(stub.env()).start();
    server.call("create_job", call("secret")).fails(&["model/secret is outside what the operator allowed"]);
    assert!(stub.of("CreateTransformJob").is_empty());
    server.call("create_job", call("Team-m")).ok();
    assert_eq!(stub.of("CreateTransformJob").len(), 1);
}

#[test]
fn what_scales_is_held_by_its_endpoint_or_component() {
    let stub = Stub::start(|request| match request.operation() {
        "DescribeEndpoint" => {
            let mut found = described("c");
            found["ProductionVariants"] =
                json!([{"VariantName": "v", "CurrentInstanceCount": 1, "CurrentWeight": 1.0}]);
            Response::output(found)
        }
        "DescribeInferenceComponent" => {
            Response::output(json!({"InferenceComponentName": "Comp", "EndpointName": "e",
            "InferenceComponentArn": "arn:aws:sagemaker:us-east-1:123456789012:inference-component/comp", "CreationTime": 1,
            "EndpointArn": "arn:aws:sagemaker:us-east-1:123456789012:endpoint/e", "LastModifiedTime": 1,
            "RuntimeConfig": {"DesiredCopyCount": 1, "CurrentCopyCount": 1}}))
        }
        "DescribeScalingPolicies" => Response::output(json!({"ScalingPolicies": []})),
        "RegisterScalableTarget" => Response::output(json!({})),
        "PutScalingPolicy" => Response::output(
            json!({"PolicyARN": "arn:aws:autoscaling:us-east-1:123456789012:scalingPolicy:x"}),
        ),
        _ => Response::error(400, "ValidationException", "not scripted"),
    });
    let (endpoint, component) = (format!("{AT}endpoint/e"), format!("{AT}inference-component/comp"));
    let mut server = SAGEMAKER.and(&["--allow-arn", &endpoint]).at(stub.env()).start();
    server.call("scale_endpoint", json!({"endpoint": "e", "min": 1, "max": 2})).ok();
    let of_component = json!({"endpoint": "e", "component": "Comp", "min": 1, "max": 2});
    server
        .call("scale_endpoint", of_component.clone())
        .fails(&["inference-component/comp is outside what the operator allowed"]);
    assert_eq!(stub.of("PutScalingPolicy").len(), 1);
    let both = ["--allow-arn", &endpoint, "--allow-arn", &component];
    SAGEMAKER.and(&both).at(stub.env()).start().call("scale_endpoint", of_component).ok();
    assert_eq!(stub.of("PutScalingPolicy")[1].json()["ResourceId"], json!("inference-component/Comp"));
}

#[test]
fn an_answer_in_s3_is_read_only_where_it_is_allowed() {
    let stub = Stub::start(|request| match request.operation() {
        "InvokeEndpointAsync" => Response::new(202, r#"{"InferenceId":"i"}"#)
            .with("x-amzn-sagemaker-outputlocation", "s3://results/out/a.json"),
        "GetObject" => Response::new(200, "42").with("content-type", "text/plain"),
        _ => Response::error(400, "ValidationError", "not scripted"),
    });
    let endpoint = format!("{AT}endpoint/e");
    let call = json!({"endpoint": "e", "payload": 1, "mode": "async"});
    let mut server = SAGEMAKER.and(&["--allow-arn", &endpoint]).at(stub.env()).start();
    server
        .call("invoke_endpoint", call.clone())
        .fails(&["the call was made", "s3://results/out/a.json cannot be read"]);
    assert!(stub.of("GetObject").is_empty());
    let with = ["--allow-arn", &endpoint, "--allow-arn", "arn:aws:s3:::results/out/*"];
    SAGEMAKER.and(&with).at(stub.env()).start().call("invoke_endpoint", call).holds(&["42"]);
    let component = json!({"endpoint": "e", "payload": 1, "component": "other"});
    server.call("invoke_endpoint", component).fails(&["inference-component/other is outside"]);
    assert!(stub.of("InvokeEndpoint").is_empty());
}

#[test]
fn a_deployment_under_a_list_uses_what_the_list_has() {
    let stub = Stub::start(|request| match (request.operation(), request.nth) {
        ("DescribeEndpoint", 1..=3) => Response::output(described("Other-Config")),
        ("DescribeEndpoint", _) => Response::output(described("e-somebody-elses")),
        ("DescribeEndpointConfig", _) => Response::output(json!({
            "EndpointConfigName": "Other-Config", "CreationTime": 1_700_000_000,
            "EndpointConfigArn": "arn:aws:sagemaker:us-east-1:123456789012:endpoint-config/other-config",
            "ProductionVariants": [
                {"VariantName": "v", "ModelName": "Team-1", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1},
                {"VariantName": "w", "ModelName": "Other-Model", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1},
            ],
        })),
        ("DescribeModel", _) => Response::output(
            json!({"ModelName": "m", "CreationTime": 1, "ModelArn": "arn:aws:sagemaker:us-east-1:123456789012:model/m"}),
        ),
        ("CreateEndpointConfig", _) => Response::output(
            json!({"EndpointConfigArn": "arn:aws:sagemaker:us-east-1:123456789012:endpoint-config/x"}),
        ),
        ("UpdateEndpoint", _) => {
            Response::output(json!({"EndpointArn": "arn:aws:sagemaker:us-east-1:123456789012:endpoint/e"}))
        }
        ("DeleteEndpointConfig", _) => Response::new(200, ""),
        ("DescribeLogStreams", _) => Response::error(400, "ResourceNotFoundException", "no such group"),
        _ => Response::error(400, "ValidationException", "not scripted"),
    });
    let call = json!({"endpoint": "e", "model": "team-2", "variant": "v"});
    let list = ["endpoint/e", "endpoint-config/e-*", "endpoint-config/other-*", "model/team-*"]
        .map(|it| format!("{AT}{it}"));
    let logs = "arn:aws:logs:*:*:log-group:/aws/sagemaker/Endpoints/e:*".to_owned();
    let flags = |more: &[String]| {
        let all = list.iter().chain([&logs]).chain(more);
        all.flat_map(|arn| ["--allow-arn".to_owned(), arn.clone()]).collect::<Vec<String>>()
    };
    let start = |flags: &[String]| {
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        SAGEMAKER.and(&flags).at(stub.env()).start()
    };
    // The other variant's model is put behind the endpoint anew.
    start(&flags(&[]))
        .call("deploy_model", call.clone())
        .fails(&["model/other-model is outside what the operator allowed"]);
    assert!(stub.of("CreateEndpointConfig").is_empty());
    let more = [format!("{AT}model/other-model")];
    // The stub's endpoint ends on another configuration than the new one.
    start(&flags(&more)).call("deploy_model", call).fails(&["AWS rolled the update back"]);
    let sent = stub.of("CreateEndpointConfig")[0].json();
    let models: Vec<&Value> =
        sent["ProductionVariants"].as_array().unwrap().iter().map(|variant| &variant["ModelName"]).collect();
    assert_eq!(models, ["team-2", "Other-Model"]);
}

#[test]
fn the_log_of_a_step_is_read_only_where_it_is_allowed() {
    const EXECUTION: &str = "arn:aws:sagemaker:us-east-1:123456789012:pipeline/p/execution/abc";
    let stub = Stub::start(|request| match request.operation() {
        "DescribePipelineExecution" => Response::output(json!({
            "PipelineArn": "arn:aws:sagemaker:us-east-1:123456789012:pipeline/p", "PipelineExecutionArn": EXECUTION,
            "PipelineExecutionStatus": "Failed", "CreationTime": 1_700_000_000, "LastModifiedTime": 1_700_000_900,
        })),
        "ListPipelineExecutionSteps" => Response::output(json!({"PipelineExecutionSteps": [
            {"StepName": "Train", "StepStatus": "Failed", "Metadata": {"TrainingJob":
                {"Arn": "arn:aws:sagemaker:us-east-1:123456789012:training-job/train-1"}}}]})),
        "ListPipelineParametersForExecution" => Response::output(json!({"PipelineParameters": []})),
        "DescribeTrainingJob" => Response::output(json!({
            "TrainingJobName": "train-1", "TrainingJobArn": "arn:aws:sagemaker:us-east-1:123456789012:training-job/train-1",
            "TrainingJobStatus": "Failed", "SecondaryStatus": "Failed", "ModelArtifacts": {"S3ModelArtifacts": "s3://b"},
            "CreationTime": 1_700_000_300, "AlgorithmSpecification": {"TrainingInputMode": "File"},
            "StoppingCondition": {},
        })),
        "DescribeLogStreams" => {
            Response::output(json!({"logStreams": [{"logStreamName": "train-1/algo-1-1700000300"}]}))
        }
        "GetLogEvents" => {
            Response::output(json!({"events": [{"timestamp": 1_700_000_890_000_i64, "message": "KeyError"}]}))
        }
        _ => Response::error(400, "ValidationException", "not scripted"),
    });
    let (pipeline, job) = (format!("{AT}pipeline/p/*"), format!("{AT}training-job/train-*"));
    let mut server = SAGEMAKER.and(&["--allow-arn", &pipeline, "--allow-arn", &job]).at(stub.env()).start();
    let card = server.call("describe_execution", json!({"execution": EXECUTION}));
    assert!(card.ok().contains("log-group:/aws/sagemaker/TrainingJobs"), "{}", card.text);
    assert!(stub.of("DescribeLogStreams").is_empty() && stub.of("GetLogEvents").is_empty());
    assert_eq!(stub.of("DescribeTrainingJob").len(), 1);
    let logs = "arn:aws:logs:*:*:log-group:/aws/sagemaker/TrainingJobs*";
    let args = ["--allow-arn", &pipeline, "--allow-arn", &job, "--allow-arn", logs];
    let card = SAGEMAKER
        .and(&args)
        .at(stub.env())
        .start()
        .call("describe_execution", json!({"execution": EXECUTION}));
    assert!(card.ok().contains("KeyError"), "{}", card.text);
}

#[test]
fn a_refusal_names_the_action_on_the_jobs_own_kind() {
    let stub = Stub::start(|_| Response::error(400, "ValidationException", "not scripted"));
    let allowed = &["--allow-arn", "arn:aws:sagemaker:us-east-1:*:compilation-job/edge-1"];
    let mut server = SAGEMAKER.and(allowed).at(stub.env()).start();
    let refused = server.call("describe_job", json!({"job": "edge-2", "kind": "compilation"}));
    refused.fails(&[
        "sagemaker:DescribeCompilationJob on ",
        ":compilation-job/edge-2 is outside what the operator allowed",
    ]);
    refused.lacks(&["DescribeTrainingJob"]);
}

#[test]
fn records_of_a_group_outside_the_list_are_not_asked_for() {
    let stub =
        Stub::start(|_| Response::output(json!({"Records": [], "Errors": [], "UnprocessedIdentifiers": []})));
    let allowed = format!("{AT}feature-group/team-*");
    let mut server = SAGEMAKER.and(&["--allow-arn", &allowed]).at(stub.env()).start();
    let call = json!({"feature_groups": ["team-people", "payroll"], "ids": ["1"]});
    server.call("get_records", call).fails(&["feature-group/payroll is outside what the operator allowed"]);
    assert!(stub.of("BatchGetRecord").is_empty());
    server.call("get_records", json!({"feature_groups": ["Team-People"], "ids": ["1"]})).ok();
}
