//! The resources that tools touch, as templates of their ARNs: `{name}` is the tool's argument of that name,
//! `{partition}`, `{region}` and `{account}` are the call's.

pub(crate) const ANY_ROLE: &str = "arn:{partition}:iam::{account}:role/*";
pub(crate) const CLONED_JOB: &str = "arn:{partition}:sagemaker:{region}:{account}:{kind}/{clone}";
pub(crate) const EACH_ENDPOINT: &str = "arn:{partition}:sagemaker:{region}:{account}:endpoint/{name}";
pub(crate) const EACH_JOB: &str = "arn:{partition}:sagemaker:{region}:{account}:{kind}/{name}";
pub(crate) const EACH_MODEL: &str = "arn:{partition}:sagemaker:{region}:{account}:model/{name}";
pub(crate) const EACH_NOTEBOOK_INSTANCE: &str =
    "arn:{partition}:sagemaker:{region}:{account}:notebook-instance/{name}";
pub(crate) const EACH_PIPELINE: &str = "arn:{partition}:sagemaker:{region}:{account}:pipeline/{name}";
pub(crate) const ENDPOINT: &str = "arn:{partition}:sagemaker:{region}:{account}:endpoint/{endpoint}";
pub(crate) const ENDPOINT_CONFIGS: &str =
    "arn:{partition}:sagemaker:{region}:{account}:endpoint-config/{endpoint}-*";
pub(crate) const ENDPOINT_LOGS: &str =
    "arn:{partition}:logs:{region}:{account}:log-group:/aws/sagemaker/Endpoints/{endpoint}:*";
pub(crate) const ENDPOINT_MODELS: &str = "arn:{partition}:sagemaker:{region}:{account}:model/{endpoint}-*";
pub(crate) const FEATURE_GROUP: &str =
    "arn:{partition}:sagemaker:{region}:{account}:feature-group/{feature_group}";
pub(crate) const INFERENCE_COMPONENT: &str =
    "arn:{partition}:sagemaker:{region}:{account}:inference-component/{component}";
pub(crate) const JOB: &str = "arn:{partition}:sagemaker:{region}:{account}:{kind}/{job}";
pub(crate) const MODEL: &str = "arn:{partition}:sagemaker:{region}:{account}:model/{model}";
pub(crate) const MODEL_PACKAGE: &str = "arn:{partition}:sagemaker:{region}:{account}:model-package/{package}";
pub(crate) const MODEL_PACKAGE_GROUP: &str =
    "arn:{partition}:sagemaker:{region}:{account}:model-package-group/{package_group}";
pub(crate) const NAMED_JOB: &str = "arn:{partition}:sagemaker:{region}:{account}:{kind}/{name}";
pub(crate) const NOTEBOOK: &str = "arn:{partition}:sagemaker:{region}:{account}:notebook-instance/{notebook}";
pub(crate) const PARTS_OF_ENDPOINT: &str = "arn:{partition}:sagemaker:{region}:{account}:*/{endpoint}*";
pub(crate) const PIPELINE: &str = "arn:{partition}:sagemaker:{region}:{account}:pipeline/{pipeline}";
pub(crate) const ROLE: &str = "arn:{partition}:iam::{account}:role/{role}";
pub(crate) const SAGEMAKER_LOGS: &str = "arn:{partition}:logs:{region}:{account}:log-group:/aws/sagemaker/*";
