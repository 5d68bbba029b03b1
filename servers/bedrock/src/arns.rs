//! The resources that tools touch, as templates of their ARNs: `{name}` is the tool's argument of that name,
//! `{partition}`, `{region}` and `{account}` are the call's.

use awsmcp_mcp::Spec;

/// A model that AWS offers. An id that is a profile's stands here for the profile's model; see [`crate::names::arn`].
pub(crate) const FOUNDATION_MODEL: &str = "arn:{partition}:bedrock:{region}::foundation-model/{model}";
/// A profile of AWS's, by an id such as `us.amazon.nova-lite-v1:0`.
pub(crate) const INFERENCE_PROFILE: &str =
    "arn:{partition}:bedrock:{region}:{account}:inference-profile/{model}";
pub(crate) const APPLICATION_INFERENCE_PROFILE: &str =
    "arn:{partition}:bedrock:{region}:{account}:application-inference-profile/{model}";
pub(crate) const PROVISIONED_MODEL: &str =
    "arn:{partition}:bedrock:{region}:{account}:provisioned-model/{model}";
pub(crate) const CUSTOM_MODEL_DEPLOYMENT: &str =
    "arn:{partition}:bedrock:{region}:{account}:custom-model-deployment/{model}";
pub(crate) const CUSTOM_MODEL: &str = "arn:{partition}:bedrock:{region}:{account}:custom-model/{model}";
pub(crate) const IMPORTED_MODEL: &str = "arn:{partition}:bedrock:{region}:{account}:imported-model/{model}";
pub(crate) const PROMPT_ROUTER: &str = "arn:{partition}:bedrock:{region}:{account}:prompt-router/{model}";
pub(crate) const DEFAULT_PROMPT_ROUTER: &str =
    "arn:{partition}:bedrock:{region}:{account}:default-prompt-router/{model}";
/// A model of the marketplace, which is called by its endpoint's ARN.
pub(crate) const ANY_ENDPOINT: &str = "arn:{partition}:sagemaker:{region}:{account}:endpoint/*";
/// A profile as list_profiles shows it: AWS's own by its id, the account's by its ARN, which stands for itself.
pub(crate) const LISTED_PROFILE: &str = "arn:{partition}:bedrock:{region}:{account}:inference-profile/{id}";
/// The model that orders what was found.
pub(crate) const RERANK_MODEL: &str = "arn:{partition}:bedrock:{region}::foundation-model/{rerank}";

pub(crate) const ANY_APPLICATION_INFERENCE_PROFILE: &str =
    "arn:{partition}:bedrock:{region}:{account}:application-inference-profile/*";
pub(crate) const ANY_ASYNC_INVOKE: &str = "arn:{partition}:bedrock:{region}:{account}:async-invoke/*";
pub(crate) const ANY_GUARDRAIL: &str = "arn:{partition}:bedrock:{region}:{account}:guardrail/*";
pub(crate) const ANY_MODEL_INVOCATION_JOB: &str =
    "arn:{partition}:bedrock:{region}:{account}:model-invocation-job/*";

/// `{job}` is an ARN of one of the three kinds, and stands for itself in each of them.
pub(crate) const MODEL_INVOCATION_JOB: &str =
    "arn:{partition}:bedrock:{region}:{account}:model-invocation-job/{job}";
pub(crate) const MODEL_CUSTOMIZATION_JOB: &str =
    "arn:{partition}:bedrock:{region}:{account}:model-customization-job/{job}";
pub(crate) const EVALUATION_JOB: &str = "arn:{partition}:bedrock:{region}:{account}:evaluation-job/{job}";

/// `{artefact}` is an ARN of one of these kinds, and stands for itself in each of them.
pub(crate) const CUSTOM_MODEL_ARTEFACT: &str =
    "arn:{partition}:bedrock:{region}:{account}:custom-model/{artefact}";
pub(crate) const IMPORTED_MODEL_ARTEFACT: &str =
    "arn:{partition}:bedrock:{region}:{account}:imported-model/{artefact}";
pub(crate) const EVALUATION_ARTEFACT: &str =
    "arn:{partition}:bedrock:{region}:{account}:evaluation-job/{artefact}";
pub(crate) const SYSTEM_PROFILE_ARTEFACT: &str =
    "arn:{partition}:bedrock:{region}:{account}:inference-profile/{artefact}";
pub(crate) const PROFILE_ARTEFACT: &str =
    "arn:{partition}:bedrock:{region}:{account}:application-inference-profile/{artefact}";

pub(crate) const AGENT_ALIAS: &str = "arn:{partition}:bedrock:{region}:{account}:agent-alias/{agent}/{alias}";
/// An agent's draft, which is what a call without an alias runs.
pub(crate) const AGENT_DRAFT: &str =
    "arn:{partition}:bedrock:{region}:{account}:agent-alias/{agent}/TSTALIASID";
pub(crate) const FLOW_ALIAS: &str = "arn:{partition}:bedrock:{region}:{account}:flow/{flow}/alias/{alias}";
pub(crate) const GUARDRAIL: &str = "arn:{partition}:bedrock:{region}:{account}:guardrail/{guardrail}";
pub(crate) const LISTED_GUARDRAIL: &str = "arn:{partition}:bedrock:{region}:{account}:guardrail/{id}";
pub(crate) const KNOWLEDGE_BASE: &str =
    "arn:{partition}:bedrock:{region}:{account}:knowledge-base/{knowledge_base}";
pub(crate) const LISTED_KNOWLEDGE_BASE: &str =
    "arn:{partition}:bedrock:{region}:{account}:knowledge-base/{id}";
pub(crate) const PROMPT: &str = "arn:{partition}:bedrock:{region}:{account}:prompt/{prompt}";
/// A stored prompt that is called as a model, by its ARN.
pub(crate) const PROMPT_AS_MODEL: &str = "arn:{partition}:bedrock:{region}:{account}:prompt/{model}";
/// A tool that AWS itself runs for a model. It has no region.
pub(crate) const SYSTEM_TOOL: &str = "arn:{partition}:bedrock::{account}:system-tool/amazon.{system_tools}";
pub(crate) const INLINE_KNOWLEDGE_BASE: &str =
    "arn:{partition}:bedrock:{region}:{account}:knowledge-base/{knowledge_bases.id}";
pub(crate) const LISTED_PROMPT: &str = "arn:{partition}:bedrock:{region}:{account}:prompt/{id}";

/// `{s3}` is bucket and key at once, so that the bucket's own place stays open; see [`crate::names::arn`].
pub(crate) const S3_OBJECT: &str = "arn:{partition}:s3:::{bucket}/{s3}";
/// As above.
pub(crate) const S3_OBJECT_OF_A_TURN: &str = "arn:{partition}:s3:::{bucket}/{messages.s3}";
/// As above.
pub(crate) const S3_OBJECT_OF_A_RESULT: &str = "arn:{partition}:s3:::{bucket}/{messages.tool_results.s3}";
/// As above.
pub(crate) const INPUT_OBJECT: &str = "arn:{partition}:s3:::{bucket}/{input}";
/// The role that a batch takes on.
pub(crate) const ROLE: &str = "arn:{partition}:iam::{account}:role/{role}";

/// Jobs of a list that failed: AWS tells why of each alone.
pub(crate) const LISTED_CUSTOMIZATION: &str =
    "arn:{partition}:bedrock:{region}:{account}:model-customization-job/{answer.job}";
/// As above.
pub(crate) const LISTED_IMPORT: &str =
    "arn:{partition}:bedrock:{region}:{account}:model-import-job/{answer.job}";
/// As above.
pub(crate) const LISTED_EVALUATION: &str =
    "arn:{partition}:bedrock:{region}:{account}:evaluation-job/{answer.job}";

/// Declares actions on whatever can be called as a model.
pub(crate) const fn on_models(spec: Spec, actions: &'static [&'static str]) -> Spec {
    spec.on(FOUNDATION_MODEL, actions)
        .on(INFERENCE_PROFILE, actions)
        .on(APPLICATION_INFERENCE_PROFILE, actions)
        .on(PROVISIONED_MODEL, actions)
        .on(CUSTOM_MODEL_DEPLOYMENT, actions)
        .on(IMPORTED_MODEL, actions)
        .on(PROMPT_ROUTER, actions)
        .on(DEFAULT_PROMPT_ROUTER, actions)
}
