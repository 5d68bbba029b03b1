//! Endpoints: looked at, deployed with what fails taken back, scaled, deleted.

use awsmcp_testing::{Response, Stub};
use serde_json::{Value, json};

use crate::world::{ROLE, SAGEMAKER, aws, endpoint, model, next};

#[test]
#[ignore = "runs fakecloud"]
fn endpoints_and_models_are_listed_page_by_page() {
    for name in ["list-e-1", "list-e-2", "list-e-3"] {
        endpoint(name);
    }
    let mut server = SAGEMAKER.start();
    for tool in ["list_endpoints", "list_models"] {
        let first = server.call(tool, json!({"name": "list-e-", "limit": 2}));
        let second = server.call(tool, json!({"name": "list-e-", "limit": 2, "cursor": next(first.ok())}));
        for name in ["list-e-1", "list-e-2", "list-e-3"] {
            let seen = [first.ok(), second.ok()].iter().filter(|text| text.contains(name)).count();
            assert_eq!(seen, 1, "{tool} {name}: {} {}", first.text, second.text);
        }
    }
    let one = server.call("list_endpoints", json!({"name": "list-e-1"}));
    assert!(one.ok().contains("list-e-1\tInService\t2"), "{}", one.text);
    let details = server.call("list_models", json!({"name": "list-e-1", "details": true}));
    assert!(details.ok().contains("image:1\ts3://b/model.tar.gz\tsagemaker"), "{}", details.text);
}

#[test]
fn filters_of_endpoints_are_aws_own() {
    let stub = Stub::start(|_| Response::output(json!({"Endpoints": []})));
    let mut server = SAGEMAKER.at(stub.env()).start();
    server.call("list_endpoints", json!({"name": "x", "status": "rolling_back"})).ok();
    let asked = stub.of("ListEndpoints")[0].json();
    assert_eq!((&asked["NameContains"], &asked["StatusEquals"]), (&json!("x"), &json!("RollingBack")));
}

#[test]
#[ignore = "runs fakecloud"]
fn an_endpoint_lives_from_deployment_to_deletion() {
    let mut server = SAGEMAKER.start();
    let call = json!({"endpoint": "life", "image": "image:1", "data": "s3://b/model.tar.gz", "role": ROLE, "instance_type": "ml.m5.large",
        "tags": {"team": "data"}});
    let mut planned = call.clone();
    planned["dry_run"] = json!(true);
    let plan = server.call("deploy_model", planned);
    assert!(
        plan.ok().contains("create the endpoint life with a new model of image:1 on 1 x ml.m5.large; it bills until it is deleted"),
        "{}",
        plan.text
    );
    assert!(server.call("describe_endpoint", json!({"endpoint": "life"})).is_error);
    let made = server.call("deploy_model", call);
    assert!(
        made.ok().contains(r#""endpoint":"life","outcome":"created","status":"InService""#),
        "{}",
        made.text
    );
    let card = server.call("describe_endpoint", json!({"endpoint": "life"}));
    assert!(card.ok().contains(r#""name":"life","status":"InService","config":"life-2"#), "{}", card.text);
    assert!(card.text.contains(r#""variants":[{"name":"AllTraffic","model":"life-2"#), "{}", card.text);

    model("life-other");
    let update = json!({"endpoint": "life", "model": "life-other", "serverless_memory_mb": 2048, "rollback_alarms": ["errors"]});
    let mut planned = update.clone();
    planned["dry_run"] = json!(true);
    let plan = server.call("deploy_model", planned);
    assert!(plan.ok().contains("replace what the endpoint life runs (now life-2"), "{}", plan.text);
    assert!(plan.text.contains("by the model life-other on 2048 MB serverless"), "{}", plan.text);
    // Names of configurations tell the second they were made in.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    // Its machines end.
    plan.holds(&["these settings are lost:", "InitialInstanceCount", "InstanceType"]);
    let updated = server.confirmed("deploy_model", update);
    assert!(
        updated.ok().contains(r#""outcome":"updated""#)
            && updated.text.contains(r#""previous_config":"life-2"#),
        "{}",
        updated.text
    );

    let gone =
        server.confirmed("delete_endpoint", json!({"endpoint": "life", "config": true, "models": true}));
    gone.holds(&[r#""deleted":["endpoint life","configuration life-2"#, "model life-other"]);
    let missing = server.call("describe_endpoint", json!({"endpoint": "life"}));
    assert!(
        missing.error().contains("not exist") && missing.text.contains("list_endpoints shows"),
        "{}",
        missing.text
    );
}

#[test]
#[ignore = "runs fakecloud"]
fn what_cannot_be_deployed_is_said_before() {
    model("deploy-known");
    let mut server = SAGEMAKER.start();
    let mut with = |more: Value| {
        let mut call = json!({"endpoint": "deploy-bad", "dry_run": true});
        call.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        server.call("deploy_model", call)
    };
    for (call, words) in [
        (
            json!({"instance_type": "ml.m5.large"}),
            "exactly one of `model`, `image`, `package` and `for_components`",
        ),
        (json!({"image": "i", "instance_type": "ml.m5.large"}), "needs a `role`"),
        (json!({"model": "deploy-known"}), "either `instance_type` or `serverless_memory_mb`"),
        (
            json!({"model": "deploy-known", "role": ROLE, "instance_type": "ml.m5.large"}),
            "are of a new model",
        ),
        (json!({"model": "deploy-unknown", "instance_type": "ml.m5.large"}), "does not exist"),
    ] {
        let wrong = with(call);
        assert!(wrong.error().contains(words), "{words}: {}", wrong.text);
    }
    assert!(
        with(json!({"model": "deploy-known", "instance_type": "ml.m5.large"}))
            .ok()
            .contains("create the endpoint")
    );
}

fn described(status: &str, config: &str, more: Value) -> Value {
    let mut found = json!({"EndpointName": "e", "EndpointArn": "arn:aws:sagemaker:us-east-1:123456789012:endpoint/e",
        "EndpointConfigName": config, "EndpointStatus": status, "CreationTime": 1_700_000_000, "LastModifiedTime": 1_700_000_000});
    found.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
    found
}

fn arn(what: &str) -> Value {
    json!(format!("arn:aws:sagemaker:us-east-1:123456789012:{what}/x"))
}

#[test]
fn a_deployment_that_fails_is_taken_back_with_its_log() {
    let stub = Stub::start(|request| match (request.operation(), request.nth) {
        ("DescribeEndpoint", 1 | 2) => {
            Response::error(400, "ValidationException", "Could not find endpoint \"e\".")
        }
        ("DescribeEndpoint", 3) => Response::output(described("Creating", "c", json!({}))),
        ("DescribeEndpoint", _) => Response::output(described(
            "Failed",
            "c",
            json!({"FailureReason": "The primary container for production variant AllTraffic did not pass the ping health check."}),
        )),
        ("CreateModel", _) => Response::output(json!({"ModelArn": arn("model")})),
        ("CreateEndpointConfig", _) => Response::output(json!({"EndpointConfigArn": arn("endpoint-config")})),
        ("CreateEndpoint", _) => Response::output(json!({"EndpointArn": arn("endpoint")})),
        ("DescribeLogStreams", _) => {
            Response::output(json!({"logStreams": [{"logStreamName": "AllTraffic/i-1"}]}))
        }
        ("GetLogEvents", _) => Response::output(
            json!({"events": [{"timestamp": 1, "message": "ModuleNotFoundError: No module named 'torch'"}]}),
        ),
        ("DeleteEndpoint" | "DeleteEndpointConfig" | "DeleteModel", _) => Response::new(200, ""),
        _ => Response::error(400, "ValidationException", "not scripted"),
    });
    let mut server = SAGEMAKER.at(stub.env()).start();
    let call = json!({"endpoint": "e", "image": "i", "role": ROLE, "instance_type": "ml.m5.large"});
    let id = server.send(
        "tools/call",
        json!({"name": "deploy_model", "arguments": call, "_meta": {"progressToken": "p"}}),
    );
    let told = server.wait_notification("notifications/progress");
    assert!(told["params"]["message"].as_str().unwrap().starts_with("e is Creating since"), "{told}");
    let done = server.wait(id).unwrap().to_string();
    for part in [
        "the endpoint does not start (Failed)",
        "did not pass the ping health check",
        "ModuleNotFoundError",
        "taken back: endpoint e, configuration e-2",
        ", model e-2",
    ] {
        assert!(done.contains(part), "{part}: {done}");
    }
    let deleted: Vec<String> = stub
        .calls()
        .iter()
        .filter(|request| request.operation().starts_with("Delete"))
        .map(|request| request.operation().to_owned())
        .collect();
    assert_eq!(deleted, ["DeleteEndpoint", "DeleteEndpointConfig", "DeleteModel"]);
    let made = stub.of("CreateEndpointConfig")[0].json();
    assert_eq!(made["EndpointConfigName"], stub.of("DeleteEndpointConfig")[0].json()["EndpointConfigName"]);
}

#[test]
fn a_configuration_that_is_refused_leaves_no_model_behind() {
    let stub = Stub::start(|request| match request.operation() {
        "DescribeEndpoint" => Response::error(400, "ValidationException", "Could not find endpoint \"e\"."),
        "CreateModel" => Response::output(json!({"ModelArn": arn("model")})),
        "CreateEndpointConfig" => {
            Response::error(400, "ValidationException", "1 validation error: instanceType")
        }
        "DeleteModel" => Response::new(200, ""),
        _ => Response::error(400, "ValidationException", "not scripted"),
    });
    let call = json!({"endpoint": "e", "image": "i", "role": ROLE, "instance_type": "ml.nothing"});
    let error = SAGEMAKER.at(stub.env()).start().call("deploy_model", call);
    assert!(
        error.error().contains("instanceType") && error.text.contains("taken back: model e-2"),
        "{}",
        error.text
    );
    assert!(stub.of("CreateEndpoint").is_empty() && stub.of("DeleteEndpoint").is_empty());
}

#[test]
fn an_update_that_aws_rolls_back_keeps_the_endpoint() {
    let stub = Stub::start(|request| match (request.operation(), request.nth) {
        ("DescribeEndpoint", 3) => Response::output(described("Updating", "old", json!({}))),
        ("DescribeEndpoint", nth) if nth > 3 => {
            Response::output(described("InService", "old", json!({"FailureReason": "an alarm went off"})))
        }
        ("DescribeEndpoint", _) => Response::output(described("InService", "old", json!({}))),
        ("DescribeModel", _) => {
            Response::output(json!({"ModelName": "m", "CreationTime": 1, "ModelArn": arn("model")}))
        }
        ("CreateEndpointConfig", _) => Response::output(json!({"EndpointConfigArn": arn("endpoint-config")})),
        ("DescribeEndpointConfig", _) => Response::output(json!({
            "EndpointConfigName": "old", "EndpointConfigArn": arn("endpoint-config"), "CreationTime": 1,
            "ProductionVariants": [{"VariantName": "v", "ModelName": "before", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}],
        })),
        ("UpdateEndpoint", _) => Response::output(json!({"EndpointArn": arn("endpoint")})),
        ("DescribeLogStreams", _) => Response::error(400, "ResourceNotFoundException", "no such group"),
        ("DeleteEndpointConfig", _) => Response::new(200, ""),
        _ => Response::error(400, "ValidationException", "not scripted"),
    });
    let call =
        json!({"endpoint": "e", "model": "m", "instance_type": "ml.m5.large", "rollback_alarms": ["errors"]});
    let error = SAGEMAKER.at(stub.env()).start().call("deploy_model", call);
    assert!(
        error.error().contains("AWS rolled the update back (InService): an alarm went off"),
        "{}",
        error.text
    );
    assert!(error.text.contains("taken back: configuration e-2"), "{}", error.text);
    assert!(stub.of("DeleteEndpoint").is_empty());
    let sent = stub.of("UpdateEndpoint")[0].json();
    assert_eq!(
        sent["DeploymentConfig"]["AutoRollbackConfiguration"]["Alarms"],
        json!([{"AlarmName": "errors"}])
    );
}

#[test]
fn a_card_shows_variants_scaling_figures_and_log() {
    let stub = Stub::start(|request| match request.operation() {
        "DescribeEndpoint" => Response::output(described(
            "InService",
            "c",
            json!({"ProductionVariants": [{"VariantName": "blue", "CurrentWeight": 1.0, "CurrentInstanceCount": 2, "DesiredInstanceCount": 3}]}),
        )),
        "DescribeEndpointConfig" => Response::output(json!({
            "EndpointConfigName": "c", "EndpointConfigArn": arn("endpoint-config"), "CreationTime": 1,
            "ProductionVariants": [{"VariantName": "blue", "ModelName": "m", "InstanceType": "ml.g5.xlarge", "InitialInstanceCount": 1}],
        })),
        "ListInferenceComponents" => {
            Response::output(json!({"InferenceComponents": []})).late(std::time::Duration::from_millis(200))
        }
        "DescribeScalableTargets" => Response::output(json!({"ScalableTargets": [{
            "ServiceNamespace": "sagemaker", "ResourceId": "endpoint/e/variant/blue", "MinCapacity": 1, "MaxCapacity": 4,
            "ScalableDimension": "sagemaker:variant:DesiredInstanceCount", "RoleARN": "r", "CreationTime": 1,
        }]})),
        "DescribeScalingPolicies" => Response::denied("application-autoscaling:DescribeScalingPolicies"),
        "GetMetricData" => {
            let found = [
                ("calls_0", 1200.0),
                ("e5_0", 3.0),
                ("e4_0", 0.0),
                ("latency_0", 12_340.0),
                ("p95_0", 80_000.0),
                ("cpu_0", 71.0),
            ];
            let results =
                found.map(|(id, value)| json!({"Id": id, "Timestamps": [1_700_000_120], "Values": [value]}));
            Response::output(json!({"MetricDataResults": results}))
                .late(std::time::Duration::from_millis(200))
        }
        "DescribeLogStreams" => Response::output(json!({"logStreams": [{"logStreamName": "blue/i-1"}]})),
        "GetLogEvents" => Response::output(json!({"events": [{"timestamp": 1, "message": "Worker died\n"}]})),
        _ => Response::error(400, "ValidationException", "not scripted"),
    });
    let mut server = SAGEMAKER.at(stub.env()).start();
    let card = server.call("describe_endpoint", json!({"endpoint": "e", "log_lines": 5}));
    for part in [
        r#""name":"blue","model":"m","instance_type":"ml.g5.xlarge","instances":2,"desired_instances":3,"weight":1.0,"scaling":"1-4""#,
        r#""invocations":1200.0,"errors_5xx":3.0,"latency_ms":12.3,"p95_ms":80.0,"max_cpu_percent":71.0"#,
        r#""log":["Worker died"]"#,
        "note: scaling policies cannot be shown",
    ] {
        assert!(card.ok().contains(part), "{part}: {}", card.text);
    }
    assert!(!card.text.contains("errors_4xx"), "{}", card.text);
    assert!(stub.most_at_once() > 1, "the parts are asked for one after another");
}

/// An endpoint that waits for machines, with a component that ran out of memory.
fn stuck() -> Stub {
    Stub::start(|request| match request.operation() {
        "DescribeEndpoint" => Response::output(described(
            "Updating",
            "c",
            json!({"ProductionVariants": [{"VariantName": "blue"}], "PendingDeploymentSummary": {
                "EndpointConfigName": "next", "StartTime": 1_700_000_000, "ProductionVariants": [{"VariantName": "green",
                    "InstanceType": "ml.p5.48xlarge", "CurrentInstanceCount": 0, "DesiredInstanceCount": 2, "VariantStatus": [
                        {"Status": "Creating", "StatusMessage": "Unable to provision: InsufficientInstanceCapacity", "StartTime": 1_700_000_060}]}]}}),
        )),
        "DescribeEndpointConfig" => Response::output(json!({
            "EndpointConfigName": "c", "EndpointConfigArn": arn("endpoint-config"), "CreationTime": 1, "ProductionVariants": [],
        })),
        "ListInferenceComponents" => Response::output(json!({"InferenceComponents": [
            {"InferenceComponentName": "llama-ic", "VariantName": "blue", "InferenceComponentStatus": "Failed", "CreationTime": 1,
                "InferenceComponentArn": arn("inference-component"), "EndpointArn": arn("endpoint"), "EndpointName": "e",
                "LastModifiedTime": 1}]})),
        "DescribeInferenceComponent" => Response::output(json!({
            "InferenceComponentName": "llama-ic", "InferenceComponentArn": arn("inference-component"), "EndpointName": "e",
            "EndpointArn": arn("endpoint"), "CreationTime": 1, "LastModifiedTime": 1, "InferenceComponentStatus": "Failed",
            "FailureReason": "Failed to load the model", "RuntimeConfig": {"DesiredCopyCount": 2, "CurrentCopyCount": 0},
        })),
        "DescribeLogStreams" => match request.json()["logGroupName"].as_str() {
            Some("/aws/sagemaker/InferenceComponents/llama-ic") => {
                Response::output(json!({"logStreams": [{"logStreamName": "blue/1"}]}))
            }
            _ => Response::error(400, "ResourceNotFoundException", "no such group"),
        },
        "GetLogEvents" => {
            Response::output(json!({"events": [{"timestamp": 1, "message": "OutOfMemoryError"}]}))
        }
        "DescribeScalableTargets" => Response::output(json!({"ScalableTargets": []})),
        "DescribeScalingPolicies" => Response::output(json!({"ScalingPolicies": []})),
        "GetMetricData" => Response::output(json!({"MetricDataResults": []})),
        _ => Response::error(400, "ValidationException", "not scripted"),
    })
}

#[test]
fn why_an_endpoint_is_stuck_is_told_with_what_helps() {
    let stub = stuck();
    let card =
        SAGEMAKER.at(stub.env()).start().call("describe_endpoint", json!({"endpoint": "e", "log_lines": 5}));
    card.holds(&[
        r#""pending_config":"next","pending":[{"variant":"green","instance_type":"ml.p5.48xlarge","instances":0,"desired_instances":2"#,
        r#""status":"Creating: Unable to provision: InsufficientInstanceCapacity","since":"2023-11-14T22:14:20Z""#,
        "try another instance type",
        r#""status":"Failed","failure_reason":"Failed to load the model","copies":0,"desired_copies":2,"log":["OutOfMemoryError"]"#,
    ]);
}

#[test]
fn a_component_outside_the_list_is_not_looked_into() {
    let stub = stuck();
    let of = |resource: &str| format!("arn:aws:sagemaker:us-east-1:*:{resource}");
    let logs = "arn:aws:logs:us-east-1:*:log-group:/aws/sagemaker/Endpoints/e:*";
    let args =
        ["--allow-arn", &of("endpoint/e"), "--allow-arn", &of("endpoint-config/c"), "--allow-arn", logs];
    let card = SAGEMAKER
        .and(&args)
        .at(stub.env())
        .start()
        .call("describe_endpoint", json!({"endpoint": "e", "log_lines": 5}));
    card.holds(&["the component llama-ic cannot be shown", "the log of llama-ic cannot be shown"])
        .lacks(&["OutOfMemoryError"]);
    assert!(stub.of("DescribeInferenceComponent").is_empty() && stub.of("GetLogEvents").is_empty());
}

#[test]
#[ignore = "runs fakecloud"]
fn a_variant_is_scaled_by_hand_and_automatically() {
    endpoint("scale");
    let mut server = SAGEMAKER.start();
    let plan = server.call("scale_endpoint", json!({"endpoint": "scale", "instances": 3, "dry_run": true}));
    assert!(
        plan.ok().contains("scale the variant AllTraffic of scale to 3 instances from 1"),
        "{}",
        plan.text
    );
    assert!(plan.text.contains("bills from when it runs"), "{}", plan.text);
    server.call("scale_endpoint", json!({"endpoint": "scale", "instances": 3})).ok();
    let now = aws("DescribeEndpoint", json!({"EndpointName": "scale"}));
    assert_eq!(now["ProductionVariants"][0]["DesiredInstanceCount"], json!(3));
    let auto = server.call("scale_endpoint", json!({"endpoint": "scale", "min": 1, "max": 4, "target": 100}));
    assert!(auto.ok().contains("it scales between 1 and 4"), "{}", auto.text);
    let card = server.call("describe_endpoint", json!({"endpoint": "scale"}));
    assert!(
        card.ok().contains(r#""scaling":"1-4, 100 SageMakerVariantInvocationsPerInstance""#),
        "{}",
        card.text
    );
    // What is set by hand does not stay.
    let undone = server.plan("scale_endpoint", json!({"endpoint": "scale", "instances": 4}));
    undone.holds(&["it scales by itself between 1 and 4, which may undo it"]);
    let fixed = server.call("scale_endpoint", json!({"endpoint": "scale", "fixed": true}));
    assert!(fixed.ok().contains("no longer automatic"), "{}", fixed.text);
    let card = server.call("describe_endpoint", json!({"endpoint": "scale"}));
    assert!(!card.ok().contains("\"scaling\""), "{}", card.text);
    for (call, words) in [
        (json!({}), "give `instances`, `weight`"),
        (json!({"min": 4, "max": 1}), "`min` is not more than `max`"),
        (json!({"variant": "green", "instances": 1}), "has no variant green; it has AllTraffic"),
        (json!({"fixed": true, "min": 1, "max": 2}), "leave `min` and `max` out"),
    ] {
        let mut arguments = json!({"endpoint": "scale"});
        arguments.as_object_mut().unwrap().extend(call.as_object().unwrap().clone());
        let wrong = server.call("scale_endpoint", arguments);
        assert!(wrong.error().contains(words), "{words}: {}", wrong.text);
    }
}

#[test]
#[ignore = "runs fakecloud"]
fn the_copies_of_a_component_are_scaled() {
    endpoint("copies");
    let specification = json!({"ModelName": "copies", "ComputeResourceRequirements": {"MinMemoryRequiredInMb": 128, "NumberOfCpuCoresRequired": 1}});
    aws(
        "CreateInferenceComponent",
        json!({"InferenceComponentName": "copies-c", "EndpointName": "copies", "VariantName": "AllTraffic",
            "Specification": specification, "RuntimeConfig": {"CopyCount": 1}}),
    );
    let mut server = SAGEMAKER.start();
    let done =
        server.call("scale_endpoint", json!({"endpoint": "copies", "component": "copies-c", "instances": 2}));
    assert!(done.ok().contains("the component copies-c"), "{}", done.text);
    let card = server.call("describe_endpoint", json!({"endpoint": "copies"}));
    assert!(card.ok().contains(r#""components":[{"name":"copies-c""#), "{}", card.text);
    let other = server
        .call("scale_endpoint", json!({"endpoint": "scale-x", "component": "copies-c", "instances": 2}));
    assert!(other.is_error, "{}", other.text);
}

#[test]
#[ignore = "runs fakecloud"]
fn deleting_shows_first_what_goes_and_what_stays() {
    endpoint("going");
    let mut server = SAGEMAKER.start();
    let plan = server.call("delete_endpoint", json!({"endpoint": "going", "config": true, "dry_run": true}));
    for part in [
        "delete the endpoint going (InService; 1 x ml.m5.large)",
        "configuration\tgoing\tdeleted",
        "model\tgoing\tkept",
    ] {
        assert!(plan.ok().contains(part), "{part}: {}", plan.text);
    }
    let gone = server.confirmed("delete_endpoint", json!({"endpoint": "going"}));
    gone.holds(&[r#"{"deleted":["endpoint going"]}"#]);
    let plan = server.call("delete_model", json!({"model": "going", "dry_run": true}));
    assert!(plan.ok().contains("delete the model going of image:1"), "{}", plan.text);
    let gone = server.confirmed("delete_model", json!({"model": "going"}));
    gone.holds(&[r#""deleted":"going""#]);
    let missing = server.call("delete_model", json!({"model": "going"}));
    assert!(missing.error().contains("does not exist"), "{}", missing.text);
}

#[test]
fn what_is_changing_or_failed_is_not_updated() {
    for (status, words) in
        [("Updating", "the endpoint e is Updating"), ("Failed", "delete_endpoint removes it")]
    {
        let stub = Stub::start(move |request| match request.operation() {
            "DescribeEndpoint" => Response::output(described(status, "c", json!({}))),
            "DescribeModel" => {
                Response::output(json!({"ModelName": "m", "CreationTime": 1, "ModelArn": arn("model")}))
            }
            _ => Response::error(400, "ValidationException", "not scripted"),
        });
        let call = json!({"endpoint": "e", "model": "m", "instance_type": "ml.m5.large"});
        let refused = SAGEMAKER.at(stub.env()).start().call("deploy_model", call);
        assert!(refused.error().contains(words), "{words}: {}", refused.text);
        assert!(stub.of("CreateEndpointConfig").is_empty());
    }
}

#[test]
fn an_endpoint_in_use_warns_before_it_goes() {
    let stub = Stub::start(|request| match request.operation() {
        "DescribeEndpoint" => Response::output(described("InService", "c", json!({}))),
        "DescribeEndpointConfig" => Response::output(json!({
            "EndpointConfigName": "c", "EndpointConfigArn": arn("endpoint-config"), "CreationTime": 1,
            "ProductionVariants": [{"VariantName": "v", "ModelName": "m", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}],
        })),
        "GetMetricData" => Response::output(
            json!({"MetricDataResults": [{"Id": "calls_0", "Timestamps": [1_700_000_120], "Values": [42.0]}]}),
        ),
        _ => Response::error(400, "ValidationException", "not scripted"),
    });
    let plan =
        SAGEMAKER.at(stub.env()).start().call("delete_endpoint", json!({"endpoint": "e", "dry_run": true}));
    assert!(plan.ok().contains("warning: it was called 42 times in the last day"), "{}", plan.text);
    assert!(stub.of("DeleteEndpoint").is_empty());
}

#[test]
fn a_variant_that_waits_for_machines_is_told_with_what_helps() {
    let card = |message: &'static str, reason: Value| {
        let stub = Stub::start(move |request| match request.operation() {
            "DescribeEndpoint" => {
                let variant = json!({"VariantName": "v", "CurrentInstanceCount": 1, "DesiredInstanceCount": 4,
                    "VariantStatus": [{"Status": "Baking"}, {"Status": "ActivatingTraffic", "StatusMessage": message}]});
                let mut more = json!({"ProductionVariants": [variant]});
                if reason.is_string() {
                    more["FailureReason"] = reason.clone();
                }
                Response::output(described("Updating", "c", more))
            }
            "DescribeEndpointConfig" => Response::output(
                json!({"EndpointConfigName": "c", "EndpointConfigArn": arn("endpoint-config"), "CreationTime": 1, "ProductionVariants": []}),
            ),
            "ListInferenceComponents" => Response::output(json!({"InferenceComponents": []})),
            "DescribeScalableTargets" => Response::output(json!({"ScalableTargets": []})),
            "DescribeScalingPolicies" => Response::output(json!({"ScalingPolicies": []})),
            "GetMetricData" => Response::output(json!({"MetricDataResults": []})),
            _ => Response::error(400, "ValidationException", "not scripted"),
        });
        SAGEMAKER.at(stub.env()).start().call("describe_endpoint", json!({"endpoint": "e"}))
    };
    let lack = "Unable to provision requested ML compute capacity due to InsufficientInstanceCapacity error.";
    let told = card(lack, json!(null));
    told.holds(&["Baking; ActivatingTraffic: Unable to provision", "try another instance type"]);
    // Said of the variant and of the endpoint, it helps once.
    assert_eq!(card(lack, json!(lack)).text.matches("try another instance type").count(), 1);
    let limit = "The account-level service limit 'ml.g5.xlarge for endpoint usage' is 2 Instances";
    card("waits", json!(limit)).holds(&["Service Quotas raises it"]).lacks(&["no such machines free"]);
}

#[test]
fn whatever_scales_by_itself_says_so() {
    let stub = Stub::start(|request| match request.operation() {
        "DescribeEndpoint" => Response::output(described(
            "InService",
            "c",
            json!({"ProductionVariants": [{"VariantName": "v", "CurrentInstanceCount": 1,
                "ManagedInstanceScaling": {"Status": "ENABLED", "MinInstanceCount": 1, "MaxInstanceCount": 3}}]}),
        )),
        "DescribeEndpointConfig" => Response::output(
            json!({"EndpointConfigName": "c", "EndpointConfigArn": arn("endpoint-config"), "CreationTime": 1, "ProductionVariants": []}),
        ),
        "ListInferenceComponents" => Response::output(json!({"InferenceComponents": [
            {"InferenceComponentName": "llama", "VariantName": "v", "InferenceComponentStatus": "InService", "CreationTime": 1,
                "InferenceComponentArn": arn("inference-component"), "EndpointArn": arn("endpoint"), "EndpointName": "e",
                "LastModifiedTime": 1}]})),
        "DescribeInferenceComponent" => Response::output(json!({
            "InferenceComponentName": "llama", "InferenceComponentArn": arn("inference-component"), "EndpointName": "e",
            "EndpointArn": arn("endpoint"), "CreationTime": 1, "LastModifiedTime": 1, "InferenceComponentStatus": "InService",
            "RuntimeConfig": {"DesiredCopyCount": 0, "CurrentCopyCount": 0},
        })),
        // Its target comes on the second page.
        "DescribeScalableTargets" if request.json()["NextToken"].is_null() => {
            Response::output(json!({"ScalableTargets": [], "NextToken": "2"}))
        }
        "DescribeScalableTargets" => {
            let is_component = request.json()["ResourceIds"] == json!(["inference-component/llama"]);
            let target = json!({"ServiceNamespace": "sagemaker", "ResourceId": "inference-component/llama", "MinCapacity": 0,
                "MaxCapacity": 4, "ScalableDimension": "sagemaker:inference-component:DesiredCopyCount", "RoleARN": "r",
                "CreationTime": 1, "SuspendedState": {"DynamicScalingOutSuspended": true}});
            Response::output(json!({"ScalableTargets": if is_component { vec![target] } else { vec![] }}))
        }
        "DescribeScalingPolicies" => Response::output(json!({"ScalingPolicies": []})),
        "GetMetricData" => Response::output(json!({"MetricDataResults": []})),
        _ => Response::error(400, "ValidationException", "not scripted"),
    });
    let card = SAGEMAKER.at(stub.env()).start().call("describe_endpoint", json!({"endpoint": "e"}));
    card.holds(&[
        r#""scaling":"1-3, by AWS as its components need them""#,
        r#""scaling":"0-4, suspended: out""#,
    ]);
}
