//! The resources that tools touch, as templates of their ARNs: `{name}` is the tool's argument of that name,
//! `{partition}`, `{region}` and `{account}` are the call's.

pub(crate) const AGENT_ALIAS: &str = "arn:{partition}:bedrock:{region}:{account}:agent-alias/{agent}/{alias}";
pub(crate) const ANY_APPLICATION_INFERENCE_PROFILE: &str =
    "arn:{partition}:bedrock:{region}:{account}:application-inference-profile/*";
pub(crate) const ANY_GUARDRAIL: &str = "arn:{partition}:bedrock:{region}:{account}:guardrail/*";
pub(crate) const ANY_MODEL_INVOCATION_JOB: &str =
    "arn:{partition}:bedrock:{region}:{account}:model-invocation-job/*";
pub(crate) const EACH_GUARDRAIL: &str = "arn:{partition}:bedrock:{region}:{account}:guardrail/{id}";
pub(crate) const EACH_KNOWLEDGE_BASE: &str = "arn:{partition}:bedrock:{region}:{account}:knowledge-base/{id}";
pub(crate) const EACH_PROMPT: &str = "arn:{partition}:bedrock:{region}:{account}:prompt/{id}";
pub(crate) const FLOW_ALIAS: &str = "arn:{partition}:bedrock:{region}:{account}:flow/{flow}/alias/{alias}";
pub(crate) const GUARDRAIL: &str = "arn:{partition}:bedrock:{region}:{account}:guardrail/{guardrail}";
pub(crate) const INPUT_OBJECT: &str = "arn:{partition}:s3:::{input}";
pub(crate) const KNOWLEDGE_BASE: &str =
    "arn:{partition}:bedrock:{region}:{account}:knowledge-base/{knowledge_base}";
pub(crate) const PROMPT: &str = "arn:{partition}:bedrock:{region}:{account}:prompt/{prompt}";
pub(crate) const RERANK_MODEL: &str = "arn:{partition}:bedrock:{region}::foundation-model/{rerank}";
pub(crate) const S3_OBJECT: &str = "arn:{partition}:s3:::{s3}";
