//! A model put behind an endpoint that runs: what is not named stays, and what AWS did not say failed is left alone.

use awsmcp_testing::{Request, Response, Server, Stub};
use serde_json::{Value, json};

use crate::world::{ROLE, SAGEMAKER};

fn arn(what: &str) -> String {
    format!("arn:aws:sagemaker:us-east-1:123456789012:{what}/fraud")
}

/// All that a configuration may have, as it was made.
fn config() -> Value {
    json!({
        "ProductionVariants": [{
            "VariantName": "prod", "ModelName": "fraud-v1", "InstanceType": "ml.c5.2xlarge", "InitialInstanceCount": 2,
            "InitialVariantWeight": 0.3, "VolumeSizeInGB": 64, "ContainerStartupHealthCheckTimeoutInSeconds": 900,
            "EnableSSMAccess": true, "RoutingConfig": {"RoutingStrategy": "LEAST_OUTSTANDING_REQUESTS"},
        }],
        "DataCaptureConfig": {"EnableCapture": true, "InitialSamplingPercentage": 20, "DestinationS3Uri": "s3://b/capture",
            "CaptureOptions": [{"CaptureMode": "Input"}]},
        "KmsKeyId": "key-1",
        "VpcConfig": {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]},
        "AsyncInferenceConfig": {"OutputConfig": {"S3OutputPath": "s3://b/out"}},
        "MetricsConfig": {"EnableEnhancedMetrics": true},
    })
}

fn described(status: &str, config: &str) -> Response {
    described_with(status, config, json!({}))
}

fn described_with(status: &str, config: &str, more: Value) -> Response {
    let mut found = json!({"EndpointName": "fraud", "EndpointArn": arn("endpoint"), "EndpointConfigName": config,
        "EndpointStatus": status, "CreationTime": 1_700_000_000, "LastModifiedTime": 1_700_000_000,
        "ProductionVariants": [{"VariantName": "prod", "CurrentInstanceCount": 6, "DesiredInstanceCount": 6, "CurrentWeight": 0.3}]});
    found.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    Response::output(found)
}

/// The endpoint `fraud` on `fraud-config`, as [`config`] has it, scaled to six machines since. `looked` answers the looks at
/// the endpoint from the third on, after those of plan and deed.
fn running(looked: impl Fn(&str, usize) -> Response + Send + Sync + 'static) -> Stub {
    running_after(json!({}), looked)
}

/// The same; `more` is what else AWS says of the endpoint.
fn running_after(more: Value, looked: impl Fn(&str, usize) -> Response + Send + Sync + 'static) -> Stub {
    let made = std::sync::Mutex::new("fraud-config".to_owned());
    Stub::start(move |request: &Request| match (request.operation(), request.nth) {
        ("DescribeEndpoint", nth) if nth > 2 => looked(&made.lock().unwrap(), nth),
        ("DescribeEndpoint", _) => described_with("InService", "fraud-config", more.clone()),
        ("GetProducts", _) => {
            let price = json!({"unit": "Hrs", "pricePerUnit": {"USD": "0.408"}});
            let entry = json!({"product": {"attributes": {"usagetype": "USE1-AsyncInf:ml.c5.2xlarge"}},
                "publicationDate": "2026-11-20T00:00:00Z", "terms": {"OnDemand": {"a": {"priceDimensions": {"b": price}}}}});
            Response::output(json!({"FormatVersion": "aws_v1", "PriceList": [entry.to_string()]}))
        }
        ("DescribeEndpointConfig", _) => {
            let mut found = config();
            found["EndpointConfigName"] = json!("fraud-config");
            found["EndpointConfigArn"] = json!(arn("endpoint-config"));
            found["CreationTime"] = json!(1_700_000_000);
            Response::output(found)
        }
        ("DescribeModel", _) => {
            Response::output(json!({"ModelName": "m", "CreationTime": 1, "ModelArn": arn("model")}))
        }
        ("CreateModel", _) => Response::output(json!({"ModelArn": arn("model")})),
        ("CreateEndpointConfig", _) => {
            *made.lock().unwrap() = request.json()["EndpointConfigName"].as_str().unwrap().to_owned();
            Response::output(json!({"EndpointConfigArn": arn("endpoint-config")}))
        }
        ("UpdateEndpoint", _) => Response::output(json!({"EndpointArn": arn("endpoint")})),
        ("DeleteEndpointConfig" | "DeleteModel" | "DeleteEndpoint", _) => Response::new(200, ""),
        _ => Response::error(400, "ValidationException", "not scripted"),
    })
}

fn on_the_new(config: &str, _: usize) -> Response {
    described("InService", config)
}

fn at(stub: &Stub) -> Server {
    SAGEMAKER.at(stub.env()).set("AWS_MAX_ATTEMPTS", "1").start()
}

#[track_caller]
fn nothing_is_deleted(stub: &Stub) {
    let deleted = stub.calls().into_iter().filter(|request| request.operation().starts_with("Delete"));
    let deleted: Vec<String> = deleted.map(|request| request.operation().to_owned()).collect();
    assert_eq!(deleted, Vec::<String>::new());
}

#[test]
fn another_model_changes_nothing_else_of_a_running_endpoint() {
    let stub = running(on_the_new);
    let call = json!({"endpoint": "fraud", "model": "fraud-v2", "instance_type": "ml.c5.2xlarge"});
    let mut server = at(&stub);
    server.plan("deploy_model", call.clone()).holds(&[
        "by the model fraud-v2 on 6 x ml.c5.2xlarge",
        r#"-      "ModelName": "fraud-v1""#,
        r#"+      "ModelName": "fraud-v2""#,
    ]);
    // It is no less than before, so nobody needs to be asked.
    let stub = running(on_the_new);
    at(&stub)
        .call("deploy_model", call)
        .holds(&[r#""outcome":"updated""#, r#""previous_config":"fraud-config""#]);
    let mut sent = stub.of("CreateEndpointConfig")[0].json();
    let name = sent.as_object_mut().unwrap().remove("EndpointConfigName").unwrap();
    assert!(name.as_str().unwrap().starts_with("fraud-2"), "{name}");
    let mut expected = config();
    expected["ProductionVariants"][0]["ModelName"] = json!("fraud-v2");
    // As many as run now, not as many as it began with.
    expected["ProductionVariants"][0]["InitialInstanceCount"] = json!(6);
    let weight = sent["ProductionVariants"][0]["InitialVariantWeight"].take().as_f64().unwrap();
    assert!((weight - 0.3).abs() < 1e-6, "{weight}");
    expected["ProductionVariants"][0]["InitialVariantWeight"] = Value::Null;
    assert_eq!(sent, expected);
    let update = stub.of("UpdateEndpoint")[0].json();
    assert_eq!(update["RetainAllVariantProperties"], json!(true));
    assert_eq!(update["ExcludeRetainedVariantProperties"], Value::Null);
}

#[test]
fn less_than_runs_and_settings_that_go_are_asked_about() {
    for (more, words) in [
        (json!({"instances": 1}), "warning: 1 instances in place of 6"),
        (json!({"settings": {"KmsKeyId": null}}), "these settings are lost: KmsKeyId"),
        (json!({"variant_settings": {"VolumeSizeInGB": null}}), "ProductionVariants.0.VolumeSizeInGB"),
        (json!({"serverless_memory_mb": 2048}), "ProductionVariants.0.InstanceType"),
    ] {
        let stub = running(on_the_new);
        let mut call = json!({"endpoint": "fraud", "model": "fraud-v2"});
        call.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let asked = at(&stub).call("deploy_model", call);
        asked.holds(&[words]);
        assert!(asked.plan_token().is_some(), "{}", asked.text);
        assert!(stub.of("CreateEndpointConfig").is_empty());
    }
    let stub = running(on_the_new);
    let more = json!({"endpoint": "fraud", "model": "fraud-v2", "instances": 8,
        "variant_settings": {"ContainerStartupHealthCheckTimeoutInSeconds": 1800}});
    at(&stub).call("deploy_model", more).holds(&[r#""outcome":"updated""#]);
    let variant = stub.of("CreateEndpointConfig")[0].json()["ProductionVariants"][0].clone();
    assert_eq!((&variant["InitialInstanceCount"], &variant["VolumeSizeInGB"]), (&json!(8), &json!(64)));
    assert_eq!(variant["ContainerStartupHealthCheckTimeoutInSeconds"], json!(1800));
    // A number that was asked for is not one to retain.
    let excluded = stub.of("UpdateEndpoint")[0].json()["ExcludeRetainedVariantProperties"].clone();
    assert_eq!(excluded, json!([{"VariantPropertyType": "DesiredInstanceCount"}]));
}

#[test]
fn a_setting_that_is_asked_for_is_not_kept_as_it_was() {
    let stub = running(on_the_new);
    let call = json!({"endpoint": "fraud", "model": "fraud-v2", "variant_settings": {"InitialVariantWeight": 1.0},
        "settings": {"DataCaptureConfig": {"InitialSamplingPercentage": 50}}});
    at(&stub).call("deploy_model", call).holds(&[r#""outcome":"updated""#]);
    let sent = stub.of("CreateEndpointConfig")[0].json();
    let capture = &sent["DataCaptureConfig"];
    assert_eq!(
        (&capture["InitialSamplingPercentage"], &capture["DestinationS3Uri"]),
        (&json!(50), &json!("s3://b/capture"))
    );
    let excluded = stub.of("UpdateEndpoint")[0].json()["ExcludeRetainedVariantProperties"].clone();
    let expected =
        json!([{"VariantPropertyType": "DesiredWeight"}, {"VariantPropertyType": "DataCaptureConfig"}]);
    assert_eq!(excluded, expected);
}

#[test]
fn settings_say_nothing_that_has_an_argument_and_nothing_unknown() {
    let stub = running(on_the_new);
    let mut server = at(&stub);
    for (more, words) in [
        (json!({"settings": {"ExecutionRoleArn": ROLE}}), "`settings` cannot change ExecutionRoleArn"),
        (json!({"variant_settings": {"ModelName": "x"}}), "`variant_settings` cannot change ModelName"),
        (json!({"settings": {"KmsKey": "x"}}), "no field `KmsKey`; did you mean `KmsKeyId`?"),
        (json!({"variant": "canary"}), "has no variant canary; it has prod"),
    ] {
        let mut call = json!({"endpoint": "fraud", "model": "fraud-v2"});
        call.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        server.call("deploy_model", call).fails(&[words]);
    }
    assert!(stub.of("CreateEndpointConfig").is_empty());
}

#[test]
fn a_look_that_is_throttled_is_no_failed_deployment() {
    let stub = running(|config, nth| match nth {
        3 | 4 => described("Updating", "fraud-config"),
        5..=7 => Response::throttled(),
        _ => described("InService", config),
    });
    let call = json!({"endpoint": "fraud", "image": "i", "role": ROLE});
    at(&stub).call("deploy_model", call).holds(&[r#""outcome":"updated","status":"InService""#]);
    nothing_is_deleted(&stub);
}

#[test]
fn what_cannot_be_seen_is_not_taken_back() {
    let stub = running(|_, _| Response::denied("sagemaker:DescribeEndpoint"));
    let call = json!({"endpoint": "fraud", "image": "i", "role": ROLE});
    at(&stub).call("deploy_model", call).fails(&[
        "the state of the endpoint fraud is not known",
        "made and left alone: model fraud-2",
        ", configuration fraud-2",
        "describe_endpoint fraud shows",
    ]);
    nothing_is_deleted(&stub);
}

#[test]
fn an_update_whose_answer_is_lost_leaves_what_it_may_run_on() {
    let stub = lost();
    let call = json!({"endpoint": "fraud", "image": "i", "role": ROLE});
    at(&stub).call("deploy_model", call).fails(&[
        "whether there is now the update of the endpoint fraud is not known",
        "made and left alone: model fraud-2",
    ]);
    nothing_is_deleted(&stub);
}

/// As [`running`], but what AWS answers to the update breaks off.
fn lost() -> Stub {
    Stub::start(|request| match request.operation() {
        "DescribeEndpoint" => described("InService", "fraud-config"),
        "DescribeEndpointConfig" => {
            let mut found = config();
            found["EndpointConfigName"] = json!("fraud-config");
            found["EndpointConfigArn"] = json!(arn("endpoint-config"));
            found["CreationTime"] = json!(1_700_000_000);
            Response::output(found)
        }
        "CreateModel" => Response::output(json!({"ModelArn": arn("model")})),
        "CreateEndpointConfig" => Response::output(json!({"EndpointConfigArn": arn("endpoint-config")})),
        "UpdateEndpoint" => Response::output(json!({"EndpointArn": arn("endpoint")})).cut_off(5),
        "DeleteEndpointConfig" | "DeleteModel" | "DeleteEndpoint" => Response::new(200, ""),
        _ => Response::error(400, "ValidationException", "not scripted"),
    })
}

#[test]
fn an_endpoint_that_moved_since_the_plan_is_left_alone() {
    let stub = Stub::start(|request| match (request.operation(), request.nth) {
        ("DescribeEndpoint", 1) => described("InService", "fraud-config"),
        ("DescribeEndpoint", _) => described("InService", "somebody-elses"),
        ("DescribeEndpointConfig", _) => {
            let mut found = config();
            found["EndpointConfigName"] = json!("fraud-config");
            found["EndpointConfigArn"] = json!(arn("endpoint-config"));
            found["CreationTime"] = json!(1_700_000_000);
            Response::output(found)
        }
        ("DescribeModel", _) => {
            Response::output(json!({"ModelName": "m", "CreationTime": 1, "ModelArn": arn("model")}))
        }
        _ => Response::error(400, "ValidationException", "not scripted"),
    });
    let call = json!({"endpoint": "fraud", "model": "fraud-v2"});
    at(&stub)
        .call("deploy_model", call)
        .fails(&["the endpoint fraud changed since the plan; nothing was done"]);
    assert!(stub.of("CreateEndpointConfig").is_empty());
}

#[test]
fn a_lack_of_machines_is_told_with_what_helps() {
    let stub = Stub::start(|request| match (request.operation(), request.nth) {
        ("DescribeEndpoint", 1 | 2) => {
            Response::error(400, "ValidationException", "Could not find endpoint.")
        }
        ("DescribeEndpoint", _) => {
            Response::output(json!({"EndpointName": "fraud", "EndpointArn": arn("endpoint"),
            "EndpointConfigName": "c", "EndpointStatus": "Failed", "CreationTime": 1, "LastModifiedTime": 1,
            "FailureReason": "Unable to provision requested ML compute capacity due to InsufficientInstanceCapacity error."}))
        }
        ("CreateModel", _) => Response::output(json!({"ModelArn": arn("model")})),
        ("CreateEndpointConfig", _) => Response::output(json!({"EndpointConfigArn": arn("endpoint-config")})),
        ("CreateEndpoint", _) => Response::output(json!({"EndpointArn": arn("endpoint")})),
        ("DescribeLogStreams", _) => Response::error(400, "ResourceNotFoundException", "no such group"),
        ("DeleteEndpointConfig" | "DeleteModel" | "DeleteEndpoint", _) => Response::new(200, ""),
        _ => Response::error(400, "ValidationException", "not scripted"),
    });
    let call = json!({"endpoint": "fraud", "image": "i", "role": ROLE, "instance_type": "ml.p5.48xlarge"});
    let failed = at(&stub).call("deploy_model", call);
    failed.fails(&[
        "InsufficientInstanceCapacity",
        "try another instance type",
        "taken back: endpoint fraud",
    ]);
    // What was taken back is not told as done.
    failed.lacks(&["not taken back", "CreateEndpoint", "DeleteModel"]);
}

/// No endpoint yet; `after` answers the looks at the one that was made.
fn new_endpoint(after: impl Fn(usize) -> Response + Send + Sync + 'static) -> Stub {
    Stub::start(move |request| match (request.operation(), request.nth) {
        ("DescribeEndpoint", 1 | 2) => {
            Response::error(400, "ValidationException", "Could not find endpoint.")
        }
        ("DescribeEndpoint", nth) => after(nth),
        ("CreateModel", _) => Response::output(json!({"ModelArn": arn("model")})),
        ("CreateEndpointConfig", _) => Response::output(json!({"EndpointConfigArn": arn("endpoint-config")})),
        ("CreateEndpoint", _) => Response::output(json!({"EndpointArn": arn("endpoint")})),
        _ => Response::error(400, "ValidationException", "not scripted"),
    })
}

#[test]
fn a_cancelled_wait_leaves_what_was_begun_and_names_it() {
    let stub = new_endpoint(|_| described("Creating", "c"));
    let book = std::env::temp_dir().join(format!("awsmcp-sagemaker-cancelled-{}.jsonl", std::process::id()));
    let path = book.to_str().unwrap().to_owned();
    let mut server = SAGEMAKER.and(&["--audit-log", &path]).at(stub.env()).start();
    let arguments = json!({"endpoint": "fraud", "image": "i", "role": ROLE, "instance_type": "ml.m5.large"});
    let call = json!({"name": "deploy_model", "arguments": arguments, "_meta": {"progressToken": "p"}});
    let id = server.send("tools/call", call);
    let told = server.wait_notification("notifications/progress").to_string();
    assert!(told.contains("; made: model fraud-2") && told.contains(", endpoint fraud"), "{told}");
    server.cancel(id);
    server.call("whoami", json!({}));
    drop(server);
    nothing_is_deleted(&stub);
    let lines = std::fs::read_to_string(&book).unwrap();
    let line = lines.lines().find(|line| line.contains("deploy_model")).unwrap();
    for part in
        ["CreateModel", "CreateEndpointConfig", "CreateEndpoint", "endpoint/fraud", "\"outcome\":\"partly\""]
    {
        assert!(line.contains(part), "{part}: {line}");
    }
    std::fs::remove_file(book).unwrap();
}

#[test]
fn a_new_model_has_its_network_and_files_that_are_not_packed() {
    let stub = new_endpoint(|_| described("InService", "other"));
    let network = json!({"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]});
    let call = json!({"endpoint": "fraud", "image": "i", "role": ROLE, "instance_type": "ml.g5.xlarge", "data": "s3://b/llm/",
        "model_settings": {"VpcConfig": network, "PrimaryContainer": {"Mode": "SingleModel"}},
        "settings": {"AsyncInferenceConfig": {"OutputConfig": {"S3OutputPath": "s3://b/out"}}},
        "variant_settings": {"VolumeSizeInGB": 200, "ModelDataDownloadTimeoutInSeconds": 1800}});
    let mut server = at(&stub);
    server.call("deploy_model", call);
    let mut model = stub.of("CreateModel")[0].json();
    model.as_object_mut().unwrap().remove("ModelName");
    let source = json!({"S3Uri": "s3://b/llm/", "S3DataType": "S3Prefix", "CompressionType": "None"});
    let expected = json!({"ExecutionRoleArn": ROLE, "VpcConfig": network,
        "PrimaryContainer": {"Image": "i", "Mode": "SingleModel", "ModelDataSource": {"S3DataSource": source}}});
    assert_eq!(model, expected);
    let config = stub.of("CreateEndpointConfig")[0].json();
    assert_eq!(config["AsyncInferenceConfig"]["OutputConfig"]["S3OutputPath"], json!("s3://b/out"));
    assert_eq!(config["ProductionVariants"][0]["VolumeSizeInGB"], json!(200));
    for (more, words) in [
        (
            json!({"model_settings": {"ExecutionRoleArn": "x"}}),
            "`model_settings` cannot change ExecutionRoleArn",
        ),
        (json!({"model_settings": {"Vpc": {}}}), "AWS's request has no field `Vpc`"),
    ] {
        let mut call =
            json!({"endpoint": "fraud", "image": "i", "role": ROLE, "instance_type": "ml.g5.xlarge"});
        call.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        server.call("deploy_model", call).fails(&[words]);
    }
    let mixed = json!({"endpoint": "fraud", "model": "m", "instance_type": "ml.g5.xlarge", "model_settings": {"VpcConfig": {}}});
    server.call("deploy_model", mixed).fails(&["are of a new model"]);
    assert_eq!(stub.of("CreateModel").len(), 1);
}

#[test]
fn an_endpoint_for_components_has_a_role_and_no_model() {
    let stub = new_endpoint(|_| described("InService", "other"));
    let call = json!({"endpoint": "fraud", "for_components": true, "role": ROLE, "instance_type": "ml.g5.12xlarge",
        "variant_settings": {"ManagedInstanceScaling": {"Status": "ENABLED", "MinInstanceCount": 1, "MaxInstanceCount": 2}}});
    let mut server = at(&stub);
    server
        .plan("deploy_model", call.clone())
        .holds(&["create the endpoint fraud with room for inference components on 1 x ml.g5.12xlarge"]);
    let stub = new_endpoint(|_| described("InService", "other"));
    at(&stub).call("deploy_model", call);
    let config = stub.of("CreateEndpointConfig")[0].json();
    assert_eq!(config["ExecutionRoleArn"], json!(ROLE));
    assert_eq!(config["ProductionVariants"][0]["ModelName"], Value::Null);
    assert!(stub.of("CreateModel").is_empty() && stub.of("CreateEndpoint").len() == 1);
    let existing = running(on_the_new);
    let call =
        json!({"endpoint": "fraud", "for_components": true, "role": ROLE, "instance_type": "ml.g5.12xlarge"});
    at(&existing).call("deploy_model", call).fails(&["there is an endpoint fraud already", "set_component"]);
    for (wrong, words) in [
        (json!({"endpoint": "e", "for_components": true, "instance_type": "ml.g5.xlarge"}), "needs a `role`"),
        (json!({"endpoint": "e", "for_components": true, "model": "m"}), "give exactly one of"),
        (
            json!({"endpoint": "e", "for_components": true, "role": ROLE, "serverless_memory_mb": 2048}),
            "has machines",
        ),
    ] {
        server.call("deploy_model", wrong).fails(&[words]);
    }
}

#[test]
fn smaller_machines_and_no_calls_are_asked_about() {
    for (more, words) in [
        (
            json!({"instance_type": "ml.c5.large"}),
            "ml.c5.large in place of ml.c5.2xlarge: 12 vCPUs in place of 48",
        ),
        (json!({"instance_type": "ml.p9.48xlarge"}), "whether it has less accelerators is not known"),
        (json!({"variant_settings": {"InitialVariantWeight": 0.0}}), "with a weight of 0 it gets no calls"),
    ] {
        let stub = running(on_the_new);
        let mut call = json!({"endpoint": "fraud", "model": "fraud-v2"});
        call.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let asked = at(&stub).call("deploy_model", call);
        asked.holds(&[words]);
        assert!(asked.plan_token().is_some(), "{}", asked.text);
        assert!(stub.of("CreateEndpointConfig").is_empty());
    }
    let stub = running(on_the_new);
    let larger = json!({"endpoint": "fraud", "model": "fraud-v2", "instance_type": "ml.c5.4xlarge"});
    at(&stub).call("deploy_model", larger).holds(&[r#""outcome":"updated""#]);
}

#[test]
fn an_update_goes_out_as_the_last_one_did() {
    let steps = json!({"TrafficRoutingConfiguration": {"Type": "CANARY", "WaitIntervalInSeconds": 600,
        "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 10}}, "TerminationWaitInSeconds": 300});
    let last = json!({"LastDeploymentConfig": {"BlueGreenUpdatePolicy": steps,
        "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "fraud-5xx"}]}}});
    let stub = running_after(last.clone(), on_the_new);
    let call = json!({"endpoint": "fraud", "model": "fraud-v2"});
    at(&stub)
        .plan("deploy_model", call.clone())
        .holds(&["as the last update was, and back where these go off: fraud-5xx"])
        .lacks(&["no alarm rolls it back"]);
    let stub = running_after(last.clone(), on_the_new);
    at(&stub).call("deploy_model", call).holds(&[r#""outcome":"updated""#]);
    let sent = stub.of("UpdateEndpoint")[0].json();
    assert_eq!((&sent["RetainDeploymentConfig"], &sent["DeploymentConfig"]), (&json!(true), &Value::Null));
    // Other alarms change nothing of its steps.
    let stub = running_after(last, on_the_new);
    let call = json!({"endpoint": "fraud", "model": "fraud-v2", "rollback_alarms": ["fraud-p95"]});
    at(&stub).call("deploy_model", call).holds(&[r#""outcome":"updated""#]);
    let sent = stub.of("UpdateEndpoint")[0].json();
    let expected = json!({"BlueGreenUpdatePolicy": steps,
        "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "fraud-p95"}]}});
    assert_eq!((&sent["RetainDeploymentConfig"], &sent["DeploymentConfig"]), (&Value::Null, &expected));
    // Rolling updates stay such.
    let rolling =
        json!({"MaximumBatchSize": {"Type": "INSTANCE_COUNT", "Value": 1}, "WaitIntervalInSeconds": 60});
    let last = json!({"LastDeploymentConfig": {"RollingUpdatePolicy": rolling}});
    let stub = running_after(last, on_the_new);
    let call = json!({"endpoint": "fraud", "model": "fraud-v2", "rollback_alarms": ["fraud-p95"]});
    at(&stub).call("deploy_model", call).holds(&[r#""outcome":"updated""#]);
    let sent = stub.of("UpdateEndpoint")[0].json()["DeploymentConfig"].clone();
    assert_eq!((&sent["RollingUpdatePolicy"], &sent["BlueGreenUpdatePolicy"]), (&rolling, &Value::Null));
}

#[test]
fn an_endpoint_that_still_looks_as_before_has_not_been_rolled_back() {
    let stub = running(|config, nth| match nth {
        3 | 4 => described("InService", "fraud-config"),
        5 => described("Updating", "fraud-config"),
        _ => described("InService", config),
    });
    let call = json!({"endpoint": "fraud", "image": "i", "role": ROLE});
    at(&stub).call("deploy_model", call.clone()).holds(&[r#""outcome":"updated""#]);
    nothing_is_deleted(&stub);
    // What never shows the update may still run it.
    let stub = running(|_, _| described("InService", "fraud-config"));
    at(&stub)
        .call("deploy_model", call)
        .fails(&["AWS took the update, and the endpoint does not show it", "made and left alone"]);
    nothing_is_deleted(&stub);
}

#[test]
fn a_plan_tells_what_its_machines_cost_and_what_its_tags_are_of() {
    let stub = running(on_the_new);
    let call = json!({"endpoint": "fraud", "model": "fraud-v2", "tags": {"team": "risk"}});
    let plan = at(&stub).plan("deploy_model", call);
    plan.holds(&[
        "the endpoint keeps those it has, and gets no others",
        "6 x ml.c5.2xlarge: 2.448 USD an hour; prices: USD on demand",
        "2026-11-20",
    ]);
}
