//! Servers to call, and things of SageMaker to call them on.

use awsmcp_testing::{LocalAws, Rig, rig};
use serde_json::{Value, json};

/// The role of everything here.
pub(crate) const ROLE: &str = "arn:aws:iam::123456789012:role/sagemaker";

/// With every tool, and every risk that this server has, on fakecloud: nothing else serves SageMaker.
pub(crate) const SAGEMAKER: Rig = rig!("sagemaker")
    .flags(&["--allow", "write,destroy,invoke", "--toolsets", "all"])
    .before(LocalAws::shared_fakecloud);

/// Asks fakecloud as root.
pub(crate) fn aws(operation: &str, input: Value) -> Value {
    LocalAws::shared_fakecloud().call("sagemaker", operation, input)
}

/// A training job's request.
pub(crate) fn training(name: &str) -> Value {
    json!({
        "TrainingJobName": name, "RoleArn": ROLE, "HyperParameters": {"lr": "0.1", "epochs": "5"},
        "AlgorithmSpecification": {"TrainingImage": "image:1", "TrainingInputMode": "File"},
        "InputDataConfig": [{"ChannelName": "train", "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://b/in"}}}],
        "OutputDataConfig": {"S3OutputPath": "s3://b/out"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 30},
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600}, "Environment": {"TOKEN": "hunter2"},
        "Tags": [{"Key": "team", "Value": "data"}],
    })
}

/// A compilation job, which fakecloud leaves in progress.
pub(crate) fn compilation(name: &str) -> Value {
    json!({
        "CompilationJobName": name, "RoleArn": ROLE, "InputConfig": {"S3Uri": "s3://b/m", "Framework": "PYTORCH"},
        "OutputConfig": {"S3OutputLocation": "s3://b/o", "TargetDevice": "ml_c5"},
        "StoppingCondition": {"MaxRuntimeInSeconds": 900},
    })
}

/// Makes a model, and an endpoint with a variant of it.
pub(crate) fn endpoint(name: &str) {
    model(name);
    let variant = json!({"VariantName": "AllTraffic", "ModelName": name, "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"});
    aws("CreateEndpointConfig", json!({"EndpointConfigName": name, "ProductionVariants": [variant]}));
    aws("CreateEndpoint", json!({"EndpointName": name, "EndpointConfigName": name}));
    // Only so fakecloud comes to know the variant as one that runs.
    let wanted = json!([{"VariantName": "AllTraffic", "DesiredInstanceCount": 1}]);
    aws(
        "UpdateEndpointWeightsAndCapacities",
        json!({"EndpointName": name, "DesiredWeightsAndCapacities": wanted}),
    );
}

pub(crate) fn model(name: &str) {
    let container = json!({"Image": "image:1", "ModelDataUrl": "s3://b/model.tar.gz"});
    aws("CreateModel", json!({"ModelName": name, "ExecutionRoleArn": ROLE, "PrimaryContainer": container}));
}

/// The cursor of the next page.
#[track_caller]
pub(crate) fn next(text: &str) -> Value {
    let (_, rest) = text.split_once("next: ").unwrap_or_else(|| panic!("there is no next page: {text}"));
    json!(rest.lines().next().unwrap_or_default().trim())
}
