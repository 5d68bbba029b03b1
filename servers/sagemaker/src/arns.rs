//! The resources that tools touch, as templates of their ARNs: `{name}` is the tool's argument of that name,
//! `{partition}`, `{region}` and `{account}` are the call's. `{answer.name}` is what only an answer of AWS names: it is
//! asked for with `Call::may` before it is used.

pub(crate) const ANY_ROLE: &str = "arn:{partition}:iam::{account}:role/*";
pub(crate) const CLONED_JOB: &str = "arn:{partition}:sagemaker:{region}:{account}:{kind}/{clone}";
pub(crate) const EACH_ENDPOINT: &str = "arn:{partition}:sagemaker:{region}:{account}:endpoint/{name}";
pub(crate) const EACH_JOB: &str = "arn:{partition}:sagemaker:{region}:{account}:{kind}/{name}";
pub(crate) const EACH_MODEL: &str = "arn:{partition}:sagemaker:{region}:{account}:model/{name}";
pub(crate) const EACH_NOTEBOOK_INSTANCE: &str =
    "arn:{partition}:sagemaker:{region}:{account}:notebook-instance/{name}";
pub(crate) const EACH_PIPELINE: &str = "arn:{partition}:sagemaker:{region}:{account}:pipeline/{name}";
pub(crate) const ENDPOINT: &str = "arn:{partition}:sagemaker:{region}:{account}:endpoint/{endpoint}";
/// Configurations and models that a deployment makes have names that begin with the endpoint's.
pub(crate) const ENDPOINT_CONFIGS: &str =
    "arn:{partition}:sagemaker:{region}:{account}:endpoint-config/{endpoint}-*";
pub(crate) const ENDPOINT_LOGS: &str =
    "arn:{partition}:logs:{region}:{account}:log-group:/aws/sagemaker/Endpoints/{endpoint}:*";
pub(crate) const ENDPOINT_MODELS: &str = "arn:{partition}:sagemaker:{region}:{account}:model/{endpoint}-*";
pub(crate) const FEATURE_GROUP: &str =
    "arn:{partition}:sagemaker:{region}:{account}:feature-group/{feature_group}";
pub(crate) const INFERENCE_COMPONENT: &str =
    "arn:{partition}:sagemaker:{region}:{account}:inference-component/{component}";
pub(crate) const FEATURE_GROUPS: &str =
    "arn:{partition}:sagemaker:{region}:{account}:feature-group/{feature_groups}";
/// `{kind}` is a word such as `training`: [`crate::names::arn`] writes it as AWS does.
pub(crate) const JOB: &str = "arn:{partition}:sagemaker:{region}:{account}:{kind}/{job}";
pub(crate) const MODEL: &str = "arn:{partition}:sagemaker:{region}:{account}:model/{model}";
pub(crate) const MODEL_PACKAGE: &str = "arn:{partition}:sagemaker:{region}:{account}:model-package/{package}";
pub(crate) const MODEL_PACKAGE_GROUP: &str =
    "arn:{partition}:sagemaker:{region}:{account}:model-package-group/{package_group}";
pub(crate) const NAMED_JOB: &str = "arn:{partition}:sagemaker:{region}:{account}:{kind}/{name}";
pub(crate) const NOTEBOOK: &str = "arn:{partition}:sagemaker:{region}:{account}:notebook-instance/{notebook}";
pub(crate) const PIPELINE: &str = "arn:{partition}:sagemaker:{region}:{account}:pipeline/{pipeline}";
pub(crate) const ROLE: &str = "arn:{partition}:iam::{account}:role/{role}";
/// The groups that jobs of SageMaker write to, one for each kind.
pub(crate) const SAGEMAKER_LOGS: &str = "arn:{partition}:logs:{region}:{account}:log-group:/aws/sagemaker/*";
pub(crate) const CLUSTER: &str = "arn:{partition}:sagemaker:{region}:{account}:cluster/{cluster}";
/// The configuration that an endpoint runs on.
pub(crate) const CONFIG_OF_ENDPOINT: &str =
    "arn:{partition}:sagemaker:{region}:{account}:endpoint-config/{answer.config}";
/// A model that an endpoint's configuration names.
pub(crate) const MODEL_OF_ENDPOINT: &str =
    "arn:{partition}:sagemaker:{region}:{account}:model/{answer.model}";
pub(crate) const ENDPOINT_LOG_STREAMS: &str =
    "arn:{partition}:logs:{region}:{account}:log-group:/aws/sagemaker/Endpoints/{endpoint}:log-stream:*";
/// An execution is given by its ARN, which names its pipeline.
pub(crate) const EXECUTION: &str =
    "arn:{partition}:sagemaker:{region}:{account}:pipeline/*/execution/{execution}";
pub(crate) const EXECUTIONS_OF_PIPELINE: &str =
    "arn:{partition}:sagemaker:{region}:{account}:pipeline/{pipeline}/execution/*";
pub(crate) const PACKAGES_OF_GROUP: &str =
    "arn:{partition}:sagemaker:{region}:{account}:model-package/{package_group}/*";
/// Where an asynchronous endpoint leaves its answer.
pub(crate) const RESULT: &str = "arn:{partition}:s3:::{answer.bucket}/{answer.key}";
pub(crate) const RESULTS: &str = "arn:{partition}:s3:::{answer.bucket}";
/// AWS lists apps without their ARNs.
pub(crate) const RUNNING_APP: &str = "arn:{partition}:sagemaker:{region}:{account}:app/{answer.domain}/{answer.owner}/{answer.kind}/{answer.app}";
pub(crate) const SAGEMAKER_LOG_STREAMS: &str =
    "arn:{partition}:logs:{region}:{account}:log-group:/aws/sagemaker/*:log-stream:*";
/// Its id is in no request: a call is held to the endpoint or component that scales.
pub(crate) const SCALABLE_TARGET: &str =
    "arn:{partition}:application-autoscaling:{region}:{account}:scalable-target/{answer.target}";
/// The job by which a step of a pipeline works.
pub(crate) const STEP_JOB: &str = "arn:{partition}:sagemaker:{region}:{account}:{answer.kind}/{answer.job}";
pub(crate) const STEP_LOGS: &str =
    "arn:{partition}:logs:{region}:{account}:log-group:/aws/sagemaker/{answer.group}:*";
pub(crate) const STEP_LOG_STREAMS: &str = "arn:{partition}:logs:{region}:{account}:log-group:/aws/sagemaker/{answer.group}:log-stream:{answer.job}/*";
/// A component that runs on an endpoint's machines.
pub(crate) const COMPONENT_OF_ENDPOINT: &str =
    "arn:{partition}:sagemaker:{region}:{account}:inference-component/{answer.component}";
pub(crate) const COMPONENT_LOGS: &str = "arn:{partition}:logs:{region}:{account}:log-group:/aws/sagemaker/InferenceComponents/{answer.component}:*";
pub(crate) const COMPONENT_LOG_STREAMS: &str = "arn:{partition}:logs:{region}:{account}:log-group:/aws/sagemaker/InferenceComponents/{answer.component}:log-stream:*";
pub(crate) const APP: &str =
    "arn:{partition}:sagemaker:{region}:{account}:app/{domain}/{owner}/{app_type}/{name}";
pub(crate) const NEW_SPACE: &str = "arn:{partition}:sagemaker:{region}:{account}:space/{domain}/{name}";
pub(crate) const SPACE: &str = "arn:{partition}:sagemaker:{region}:{account}:space/{domain}/{space}";
pub(crate) const POOLED_JOB: &str = "arn:{partition}:sagemaker:{region}:{account}:training-job/{name}";
pub(crate) const RECOMMENDATION_JOB: &str =
    "arn:{partition}:sagemaker:{region}:{account}:inference-recommendations-job/{name}";
pub(crate) const OPTIMIZATION_JOB: &str =
    "arn:{partition}:sagemaker:{region}:{account}:optimization-job/{name}";
pub(crate) const BENCHMARK_JOB: &str = "arn:{partition}:sagemaker:{region}:{account}:ai-benchmark-job/{name}";
pub(crate) const AI_RECOMMENDATION_JOB: &str =
    "arn:{partition}:sagemaker:{region}:{account}:ai-recommendation-job/{name}";
pub(crate) const TRACKING_SERVER: &str =
    "arn:{partition}:sagemaker:{region}:{account}:mlflow-tracking-server/{server}";
/// AWS lists users and spaces without their ARNs.
pub(crate) const STUDIO_USER: &str =
    "arn:{partition}:sagemaker:{region}:{account}:user-profile/{answer.domain}/{answer.owner}";
pub(crate) const STUDIO_SPACE: &str =
    "arn:{partition}:sagemaker:{region}:{account}:space/{answer.domain}/{answer.owner}";
/// A model that runs as a component.
pub(crate) const MODEL_OF_COMPONENT: &str =
    "arn:{partition}:sagemaker:{region}:{account}:model/{answer.model}";
pub(crate) const CLONED_SCHEDULE: &str =
    "arn:{partition}:sagemaker:{region}:{account}:monitoring-schedule/{clone}";
pub(crate) const SCHEDULE: &str =
    "arn:{partition}:sagemaker:{region}:{account}:monitoring-schedule/{schedule}";
