//! Where requests name what they are about, for the second look at each request.

use awsmcp_mcp::Look;
use awsmcp_sdk::RequestView;

/// A resource of SageMaker's, as its ARN ends.
macro_rules! own {
    ($resource:literal) => {
        concat!("arn:{partition}:sagemaker:{region}:{account}:", $resource)
    };
}

const fn look(operations: &'static [&'static str], arn: &'static str) -> Look {
    Look { operations, arn }
}

/// All operations that no look names: a member of one name is of one kind in all of them.
const ANY: &[&str] = &["*"];

const INVOKE: &[&str] = &["InvokeEndpoint", "InvokeEndpointAsync", "InvokeEndpointWithResponseStream"];

/// The id of a scalable target is in no request: what is held is the thing that scales.
const SCALE: &[&str] = &["DeregisterScalableTarget", "PutScalingPolicy", "RegisterScalableTarget"];

pub(crate) const LOOKS: &[Look] = &[
    look(ANY, own!("ai-benchmark-job/{AIBenchmarkJobName}")),
    look(ANY, own!("ai-recommendation-job/{AIRecommendationJobName}")),
    look(ANY, own!("automl-job/{AutoMLJobName}")),
    look(ANY, own!("cluster/{ClusterName}")),
    look(ANY, own!("compilation-job/{CompilationJobName}")),
    look(ANY, own!("endpoint/{EndpointName}")),
    look(ANY, own!("endpoint-config/{EndpointConfigName}")),
    look(ANY, own!("feature-group/{FeatureGroupName}")),
    look(ANY, own!("hyper-parameter-tuning-job/{HyperParameterTuningJobName}")),
    look(ANY, own!("inference-component/{InferenceComponentName}")),
    look(ANY, own!("inference-component/{Specification.BaseInferenceComponentName}")),
    look(ANY, own!("inference-recommendations-job/{JobName}")),
    look(ANY, own!("labeling-job/{LabelingJobName}")),
    look(ANY, own!("mlflow-tracking-server/{TrackingServerName}")),
    look(ANY, own!("model/{ModelName}")),
    look(ANY, own!("model/{Specification.ModelName}")),
    look(ANY, own!("model-package/{ModelPackageArn}")),
    look(ANY, own!("model-package/{ModelPackageName}")),
    look(ANY, own!("model-package-group/{ModelPackageGroupName}")),
    look(ANY, own!("monitoring-schedule/{MonitoringScheduleName}")),
    look(ANY, own!("notebook-instance/{NotebookInstanceName}")),
    look(ANY, own!("optimization-job/{OptimizationJobName}")),
    look(ANY, own!("pipeline/{PipelineName}")),
    look(ANY, own!("processing-job/{ProcessingJobName}")),
    look(ANY, own!("training-job/{TrainingJobName}")),
    look(ANY, own!("transform-job/{TransformJobName}")),
    look(ANY, "{PipelineExecutionArn}"),
    look(ANY, "{ResourceArn}"),
    // What is put behind an endpoint is held as if it were called by its own name.
    look(ANY, own!("model/{ProductionVariants[].ModelName}")),
    look(ANY, own!("model/{ShadowProductionVariants[].ModelName}")),
    look(ANY, own!("model-package/{PrimaryContainer.ModelPackageName}")),
    // Whoever makes something passes it a role.
    look(ANY, "arn:{partition}:iam::{account}:role/{RoleArn}"),
    look(ANY, "arn:{partition}:iam::{account}:role/{ExecutionRoleArn}"),
    look(
        ANY,
        "arn:{partition}:iam::{account}:role/{MonitoringScheduleConfig.MonitoringJobDefinition.RoleArn}",
    ),
    look(
        ANY,
        own!(
            "endpoint/{MonitoringScheduleConfig.MonitoringJobDefinition.MonitoringInputs[].EndpointInput.EndpointName}"
        ),
    ),
    look(ANY, "arn:{partition}:iam::{account}:role/{InstanceGroups[].ExecutionRole}"),
    look(ANY, "arn:{partition}:iam::{account}:role/{TrainingJobDefinition.RoleArn}"),
    look(ANY, "arn:{partition}:iam::{account}:role/{TrainingJobDefinitions[].RoleArn}"),
    look(&["CreateApp", "DeleteApp", "DescribeApp"], own!("app/{app}")),
    look(&["CreateSpace", "DeleteSpace", "DescribeSpace"], own!("space/{space}")),
    look(&["ListModelPackages"], own!("model-package/{ModelPackageGroupName}/*")),
    look(&["GetRecord", "PutRecord"], own!("feature-group/{path:1}")),
    look(&["BatchGetRecord"], own!("feature-group/{Identifiers[].FeatureGroupName}")),
    look(INVOKE, own!("endpoint/{path:1}")),
    look(INVOKE, own!("inference-component/{header:x-amzn-sagemaker-inference-component}")),
    look(SCALE, own!("endpoint/{endpoint that scales}")),
    look(SCALE, own!("inference-component/{component that scales}")),
    look(
        &["DescribeLogStreams", "FilterLogEvents"],
        "arn:{partition}:logs:{region}:{account}:log-group:{logGroupName}:*",
    ),
    look(
        &["GetLogEvents"],
        "arn:{partition}:logs:{region}:{account}:log-group:{logGroupName}:log-stream:{logStreamName}",
    ),
    look(&["GetObject"], "arn:{partition}:s3:::{bucket}/{key}"),
];

/// What Application Auto Scaling calls `endpoint/my-endpoint/variant/my-variant` or `inference-component/my-component`.
pub(crate) fn place(place: &str, request: &RequestView) -> Option<Vec<String>> {
    if place == "app" {
        return Some(app(request));
    }
    if place == "space" {
        let parts = [request.texts("DomainId"), request.texts("SpaceName")].concat();
        return Some(if parts.len() == 2 { vec![parts.join("/")] } else { Vec::new() });
    }
    let kind = match place {
        "endpoint that scales" => "endpoint/",
        "component that scales" => "inference-component/",
        _ => return None,
    };
    let ids = request.texts("ResourceId");
    let names = ids.iter().filter_map(|id| id.strip_prefix(kind)?.split('/').next());
    Some(names.map(str::to_owned).collect())
}

/// `d-abc/eve/JupyterLab/default`: an app is named by four members of a request.
fn app(request: &RequestView) -> Vec<String> {
    let owner = ["UserProfileName", "SpaceName"].iter().flat_map(|member| request.texts(member));
    let mut parts = request.texts("DomainId");
    parts.extend(owner);
    parts.extend(request.texts("AppType"));
    parts.extend(request.texts("AppName"));
    // One that names less, or an owner of each kind, is not one app.
    if parts.len() == 4 { vec![parts.join("/")] } else { Vec::new() }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use aws_sdk_sagemaker::config::http::HttpRequest;
    use aws_smithy_types::body::SdkBody;
    use proptest::prelude::*;

    use super::*;

    /// `sagemaker` and `endpoint` of an endpoint's ARN.
    fn kind(arn: &str) -> (String, String) {
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        let [_, _, service, _, _, resource] = parts.as_slice() else { panic!("{arn}") };
        let kind = resource.split(['/', ':']).next().unwrap_or_default();
        // A kind that only a call tells, and a bucket, begin with a place.
        let kind = if kind.starts_with('{') { "{" } else { kind };
        ((*service).to_owned(), kind.to_owned())
    }

    /// Whether a look at `operation` reads things of the kind of this ARN.
    fn is_read(operation: &str, arn: &str) -> bool {
        let named = LOOKS.iter().any(|look| look.operations.contains(&operation));
        let own = if named { operation } else { "*" };
        LOOKS.iter().filter(|look| look.operations.contains(&own)).any(|look| {
            if look.arn.starts_with('{') {
                return ["ListTags", "Pipeline"].iter().any(|of| operation.contains(of));
            }
            let (read, declared) = (kind(look.arn), kind(arn));
            let of_any_job = declared.1.starts_with('{') && read.1.ends_with("-job");
            read == declared || read.0 == declared.0 && of_any_job || declared.1 == "scalable-target"
        })
    }

    #[test]
    fn every_operation_on_a_resource_is_looked_at() {
        // Permissions that requests need besides their own, and no operation is named after.
        let no_operation = ["iam:PassRole", "s3:ListBucket", "sagemaker:AddTags"];
        let manifest = crate::server().manifest();
        let mut declared = BTreeSet::new();
        for need in manifest.tools.iter().flat_map(|tool| &tool.needs) {
            if need.arn == "*" || no_operation.contains(&need.action.as_str()) {
                continue;
            }
            let (_, operation) = need.action.split_once(':').unwrap();
            declared.insert(operation.to_owned());
            assert!(is_read(operation, &need.arn), "no look at {operation} reads {}", need.arn);
        }
        assert!(declared.len() > 60, "{declared:?}");
        for operation in LOOKS.iter().flat_map(|look| look.operations).filter(|name| **name != "*") {
            assert!(declared.contains(*operation), "no tool declares {operation} on a resource");
        }
    }

    fn request(service: &str, operation: &str, uri: &str, body: &serde_json::Value) -> RequestView {
        let mut http = HttpRequest::new(SdkBody::from(body.to_string()));
        http.set_uri(format!("https://example.com{uri}")).unwrap();
        http.headers_mut().insert("content-type", "application/x-amz-json-1.1");
        RequestView::of(service, operation, &http, None, "us-east-1").unwrap()
    }

    /// The ARNs that the looks at an operation read in a request, as they are written.
    fn read(request: &RequestView) -> Vec<String> {
        let texts = |place: &str| super::place(place, request).unwrap_or_else(|| request.texts(place));
        let named = LOOKS.iter().any(|look| look.operations.contains(&request.operation.as_str()));
        let own = if named { request.operation.as_str() } else { "*" };
        let looks = LOOKS.iter().filter(|look| look.operations.contains(&own));
        looks
            .filter_map(|look| {
                let resource = look.arn.splitn(6, ':').nth(5).unwrap_or(look.arn);
                let (before, rest) = resource.split_once('{')?;
                let (place, behind) = rest.split_once('}')?;
                Some(
                    texts(place)
                        .into_iter()
                        .map(|text| format!("{before}{text}{behind}"))
                        .collect::<Vec<_>>(),
                )
            })
            .flatten()
            .collect()
    }

    proptest! {
        #[test]
        fn what_scales_is_read_from_the_id_of_its_target(name in "[a-zA-Z0-9-]{1,20}", variant in "[a-zA-Z0-9-]{1,9}") {
            let of = |id: String| {
                let body = serde_json::json!({"ResourceId": id, "ServiceNamespace": "sagemaker"});
                read(&request("Application Auto Scaling", "PutScalingPolicy", "/", &body))
            };
            let (endpoint, component) = (format!("endpoint/{name}"), format!("inference-component/{name}"));
            let of_variant = of(format!("{endpoint}/variant/{variant}"));
            prop_assert_eq!(of_variant, [endpoint]);
            prop_assert_eq!(of(component.clone()), [component]);
            // Things of other services name nothing of SageMaker's, so that they are not sent.
            let of_others = of(format!("table/{name}"));
            prop_assert_eq!(of_others, Vec::<String>::new());
        }
    }

    #[test]
    fn an_app_is_read_from_four_members() {
        let of = |body: serde_json::Value| read(&request("SageMaker", "DeleteApp", "/", &body));
        let app = serde_json::json!({"DomainId": "d-1", "UserProfileName": "eve", "AppType": "Canvas", "AppName": "default"});
        assert_eq!(of(app.clone()), ["app/d-1/eve/Canvas/default"]);
        let mut both = app.clone();
        both["SpaceName"] = serde_json::json!("s");
        assert_eq!(of(both), Vec::<String>::new());
        let mut less = app;
        less.as_object_mut().unwrap().remove("DomainId");
        assert_eq!(of(less), Vec::<String>::new());
    }

    #[test]
    fn all_that_a_request_names_is_read() {
        let none = serde_json::json!({});
        let invoked = request("SageMaker Runtime", "InvokeEndpoint", "/endpoints/a%20b/invocations", &none);
        assert_eq!(read(&invoked), ["endpoint/a b"]);
        let record = request("SageMaker FeatureStore Runtime", "GetRecord", "/FeatureGroup/f?x=1", &none);
        assert_eq!(read(&record), ["feature-group/f"]);
        let variants = serde_json::json!([{"ModelName": "m1"}, {"ModelName": "m2"}]);
        let role = "arn:aws:iam::1:role/r";
        let body = serde_json::json!({"EndpointConfigName": "c", "ProductionVariants": variants, "ExecutionRoleArn": role});
        let made = request("SageMaker", "CreateEndpointConfig", "/", &body);
        assert_eq!(read(&made), ["endpoint-config/c", "model/m1", "model/m2", &format!("role/{role}")]);
    }
}
