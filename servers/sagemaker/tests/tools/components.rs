//! Models that share an endpoint as inference components.

use awsmcp_testing::{Request, Response, Stub};
use serde_json::{Value, json};

use crate::world::SAGEMAKER;

fn arn(what: &str) -> String {
    format!("arn:aws:sagemaker:us-east-1:123456789012:{what}")
}

/// All that a component may be made of, as it was asked for.
fn specification() -> Value {
    json!({
        "ModelName": "llama", "StartupParameters": {"ContainerStartupHealthCheckTimeoutInSeconds": 900},
        "ComputeResourceRequirements": {"NumberOfAcceleratorDevicesRequired": 1.0, "MinMemoryRequiredInMb": 8192},
        "DataCacheConfig": {"EnableCaching": true},
    })
}

/// The endpoint `llm`; `component` answers the looks at its component.
fn world(component: impl Fn(&Request) -> Response + Send + Sync + 'static) -> Stub {
    Stub::start(move |request| match request.operation() {
        "DescribeInferenceComponent" => component(request),
        "DescribeEndpoint" => Response::output(
            json!({"EndpointName": "llm", "EndpointArn": arn("endpoint/llm"), "EndpointConfigName": "c",
            "EndpointStatus": "InService", "CreationTime": 1, "LastModifiedTime": 1, "ProductionVariants": [{"VariantName": "gpu"}]}),
        ),
        "DescribeModel" => {
            Response::output(json!({"ModelName": "m", "CreationTime": 1, "ModelArn": arn("model/m")}))
        }
        "CreateInferenceComponent" | "UpdateInferenceComponent" => {
            Response::output(json!({"InferenceComponentArn": arn("inference-component/llama-ic")}))
        }
        "DeleteInferenceComponent" => Response::new(200, ""),
        _ => Response::error(400, "ValidationException", "not scripted"),
    })
}

fn missing(_: &Request) -> Response {
    Response::error(400, "ValidationException", "Could not find inference component \"llama-ic\".")
}

fn described(status: &str, modified: i64) -> Response {
    Response::output(
        json!({"InferenceComponentName": "llama-ic", "InferenceComponentArn": arn("inference-component/llama-ic"),
        "EndpointName": "llm", "EndpointArn": arn("endpoint/llm"), "VariantName": "gpu", "CreationTime": 1, "LastModifiedTime": modified,
        "InferenceComponentStatus": status, "Specification": specification(),
        "RuntimeConfig": {"DesiredCopyCount": 3, "CurrentCopyCount": 3}}),
    )
}

fn call(more: Value) -> Value {
    let mut call = json!({"endpoint": "llm", "component": "llama-ic"});
    call.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    call
}

#[test]
fn a_component_is_made_on_the_only_variant() {
    let stub = world(missing);
    let mut server = SAGEMAKER.at(stub.env()).start();
    let new = call(json!({"model": "llama", "accelerators": 0.5, "memory_mb": 8192,
        "specification": {"StartupParameters": {"ModelDataDownloadTimeoutInSeconds": 900}}}));
    server.call("set_component", new).holds(&["being created"]);
    let expected = json!({"InferenceComponentName": "llama-ic", "EndpointName": "llm", "VariantName": "gpu",
        "RuntimeConfig": {"CopyCount": 1}, "Specification": {"ModelName": "llama",
            "ComputeResourceRequirements": {"NumberOfAcceleratorDevicesRequired": 0.5, "MinMemoryRequiredInMb": 8192},
            "StartupParameters": {"ModelDataDownloadTimeoutInSeconds": 900}}});
    assert_eq!(stub.of("CreateInferenceComponent")[0].json(), expected);
    for (wrong, words) in [
        (json!({"memory_mb": 128}), "a new component needs a `model`"),
        (json!({"model": "llama"}), "a new component needs `memory_mb`"),
        (json!({"model": "llama", "memory_mb": 128, "variant": "cpu"}), "give `variant`: llm has gpu"),
        (json!({"specification": {"ModelName": "x"}}), "`specification` cannot change ModelName"),
        (
            json!({"model": "llama", "memory_mb": 128, "specification": {"Startup": {}}}),
            "no field `Specification.Startup`",
        ),
    ] {
        server.call("set_component", call(wrong)).fails(&[words]);
    }
    assert_eq!(stub.of("CreateInferenceComponent").len(), 1);
}

#[test]
fn another_model_changes_nothing_else_of_a_component() {
    let stub = world(|_| described("InService", 1));
    let mut server = SAGEMAKER.at(stub.env()).start();
    server.call("set_component", call(json!({"model": "llama-2"}))).holds(&["being updated"]);
    let mut expected = specification();
    expected["ModelName"] = json!("llama-2");
    let sent = stub.of("UpdateInferenceComponent")[0].json();
    assert_eq!(sent, json!({"InferenceComponentName": "llama-ic", "Specification": expected}));
    // A number alone leaves the specification alone.
    server.call("set_component", call(json!({"copies": 4}))).holds(&["being updated"]);
    let sent = stub.of("UpdateInferenceComponent")[1].json();
    assert_eq!(sent, json!({"InferenceComponentName": "llama-ic", "RuntimeConfig": {"CopyCount": 4}}));
    server.call("set_component", call(json!({}))).fails(&["give what shall change"]);
}

#[test]
fn fewer_copies_and_settings_that_go_are_asked_about() {
    for (more, words) in [
        (json!({"copies": 1}), "2 of the 3 copies end"),
        (json!({"specification": {"DataCacheConfig": null}}), "these settings are lost: DataCacheConfig"),
    ] {
        let stub = world(|_| described("InService", 1));
        let asked = SAGEMAKER.at(stub.env()).start().call("set_component", call(more));
        asked.holds(&[words]);
        assert!(asked.plan_token().is_some(), "{}", asked.text);
        assert!(stub.of("UpdateInferenceComponent").is_empty());
    }
}

#[test]
fn a_component_that_moved_or_is_another_endpoints_is_left_alone() {
    let stub = world(|request| described("InService", if request.nth > 1 { 9 } else { 1 }));
    let mut server = SAGEMAKER.at(stub.env()).start();
    server
        .call("set_component", call(json!({"model": "llama-2"})))
        .fails(&["the component llama-ic changed since the plan"]);
    let other = json!({"endpoint": "other", "component": "llama-ic", "copies": 1});
    server.call("set_component", other).fails(&["belongs to the endpoint llm"]);
    let busy = world(|_| described("Updating", 1));
    SAGEMAKER
        .at(busy.env())
        .start()
        .call("set_component", call(json!({"copies": 4})))
        .fails(&["is Updating", "wait until"]);
    assert!(stub.of("UpdateInferenceComponent").is_empty() && busy.of("UpdateInferenceComponent").is_empty());
}

#[test]
fn a_component_is_deleted_as_it_was_planned() {
    let stub = world(|_| described("InService", 1));
    let mut server = SAGEMAKER.at(stub.env()).start();
    let one = json!({"component": "llama-ic"});
    server.plan("delete_component", one.clone()).holds(&["of the endpoint llm, of which 3 copies run"]);
    server.confirmed("delete_component", one.clone()).holds(&[r#""deleted":"llama-ic""#]);
    assert_eq!(stub.of("DeleteInferenceComponent").len(), 1);
    let moved = world(|request| described("InService", if request.nth > 2 { 9 } else { 1 }));
    SAGEMAKER
        .at(moved.env())
        .start()
        .confirmed("delete_component", one)
        .fails(&["the component llama-ic changed since the plan"]);
    assert!(moved.of("DeleteInferenceComponent").is_empty());
}

#[test]
fn a_component_is_changed_in_the_way_of_its_last_change() {
    let last = json!({"RollingUpdatePolicy": {"MaximumBatchSize": {"Type": "COPY_COUNT", "Value": 1}, "WaitIntervalInSeconds": 60},
        "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "llama-5xx"}]}});
    let kept = last.clone();
    let stub = world(move |_| {
        let mut spec = specification();
        spec.as_object_mut().unwrap().remove("ModelName");
        spec["Container"] =
            json!({"DeployedImage": {"SpecifiedImage": "vllm:1"}, "Environment": {"HF_TOKEN": "hunter2"}});
        Response::output(
            json!({"InferenceComponentName": "llama-ic", "InferenceComponentArn": arn("inference-component/llama-ic"),
            "EndpointName": "llm", "EndpointArn": arn("endpoint/llm"), "VariantName": "gpu", "CreationTime": 1, "LastModifiedTime": 1,
            "InferenceComponentStatus": "InService", "Specification": spec, "LastDeploymentConfig": kept,
            "RuntimeConfig": {"DesiredCopyCount": 3, "CurrentCopyCount": 3}}),
        )
    });
    let mut server = SAGEMAKER.at(stub.env()).start();
    let more = call(json!({"specification": {"Container": {"Environment": {"HF_TOKEN": "swordfish"}}}}));
    server
        .plan("set_component", more.clone())
        .holds(&["(hidden, as given)"])
        .lacks(&["hunter2", "swordfish"]);
    server.call("set_component", more).holds(&["being updated"]);
    let sent = stub.of("UpdateInferenceComponent")[0].json();
    assert_eq!(sent["DeploymentConfig"], last);
    assert_eq!(sent["Specification"]["Container"]["Environment"], json!({"HF_TOKEN": "swordfish"}));
    // A number alone is no deployment.
    let number = call(json!({"copies": 4}));
    server.plan("set_component", number.clone()).holds(&["where it scales by itself that may undo it"]);
    server.call("set_component", number).holds(&["being updated"]);
    assert_eq!(stub.of("UpdateInferenceComponent")[1].json()["DeploymentConfig"], Value::Null);
}
