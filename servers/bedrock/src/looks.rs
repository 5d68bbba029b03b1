//! Where requests name models, guardrails, knowledge bases and all else that has an ARN, for the second look at each
//! request.

use awsmcp_mcp::Look;
use awsmcp_sdk::RequestView;

const fn look(operations: &'static [&'static str], arn: &'static str) -> Look {
    Look { operations, arn }
}

/// Operations that run the model of their path.
const RUNS: &[&str] = &["Converse", "ConverseStream", "InvokeModel"];

/// Operations about one knowledge base.
const OF_A_BASE: &[&str] =
    &["GetDataSource", "GetIngestionJob", "ListIngestionJobs", "Retrieve", "StartIngestionJob"];

/// A model stands in the path or in the body as an id or an ARN. Whoever calls a profile by its id needs the profile and the
/// model behind it, so both are read; see [`crate::names::arn`] for what an id stands for.
pub(crate) const LOOKS: &[Look] = &[
    look(RUNS, "arn:{partition}:bedrock:{region}::foundation-model/{path:1}"),
    look(RUNS, "arn:{partition}:bedrock:{region}:{account}:inference-profile/{path:1}"),
    look(
        &["Converse", "ConverseStream"],
        "arn:{partition}:bedrock::{account}:system-tool/amazon.{toolConfig/tools/systemTool/name}",
    ),
    look(&["InvokeInlineAgent"], "arn:{partition}:bedrock:{region}::foundation-model/{foundationModel}"),
    look(
        &["InvokeInlineAgent"],
        "arn:{partition}:bedrock:{region}:{account}:inference-profile/{foundationModel}",
    ),
    look(
        &["InvokeInlineAgent"],
        "arn:{partition}:bedrock:{region}:{account}:knowledge-base/{knowledgeBases/knowledgeBaseId}",
    ),
    look(
        &["InvokeInlineAgent"],
        "arn:{partition}:bedrock:{region}:{account}:guardrail/{guardrailConfiguration/guardrailIdentifier}",
    ),
    look(
        &["CountTokens", "GetFoundationModel"],
        "arn:{partition}:bedrock:{region}::foundation-model/{path:1}",
    ),
    look(&["StartAsyncInvoke"], "arn:{partition}:bedrock:{region}::foundation-model/{modelId}"),
    look(&["StartAsyncInvoke"], "arn:{partition}:bedrock:{region}:{account}:inference-profile/{modelId}"),
    look(&["CreateModelInvocationJob"], "arn:{partition}:bedrock:{region}::foundation-model/{modelId}"),
    look(&["CreateModelInvocationJob"], "arn:{partition}:bedrock:{region}:{account}:custom-model/{modelId}"),
    look(&["CreateModelInvocationJob"], "arn:{partition}:iam::{account}:role/{roleArn}"),
    look(&["CreateModelInvocationJob"], "arn:{partition}:s3:::{input of the batch}"),
    look(
        &["CreateInferenceProfile"],
        "arn:{partition}:bedrock:{region}::foundation-model/{modelSource/copyFrom}",
    ),
    look(
        &["RetrieveAndGenerate"],
        "arn:{partition}:bedrock:{region}::foundation-model/{retrieveAndGenerateConfiguration/knowledgeBaseConfiguration/modelArn}",
    ),
    look(
        &["RetrieveAndGenerate"],
        "arn:{partition}:bedrock:{region}:{account}:inference-profile/{retrieveAndGenerateConfiguration/knowledgeBaseConfiguration/modelArn}",
    ),
    look(
        &["Rerank"],
        "arn:{partition}:bedrock:{region}::foundation-model/{rerankingConfiguration/bedrockRerankingConfiguration/modelConfiguration/modelArn}",
    ),
    look(
        &["Retrieve"],
        "arn:{partition}:bedrock:{region}::foundation-model/{retrievalConfiguration/vectorSearchConfiguration/rerankingConfiguration/bedrockRerankingConfiguration/modelConfiguration/modelArn}",
    ),
    look(
        &["Retrieve"],
        "arn:{partition}:bedrock:{region}::foundation-model/{retrievalConfiguration/managedSearchConfiguration/rerankingConfiguration/bedrockRerankingConfiguration/modelConfiguration/modelArn}",
    ),
    look(
        &["GetInferenceProfile", "DeleteInferenceProfile"],
        "arn:{partition}:bedrock:{region}:{account}:{profile of the path}",
    ),
    // These are asked for by their ARNs, and an ARN stands for itself in this template only: in one of its own kind it would
    // be taken apart, and an id within it for what an id stands for.
    look(
        &["GetCustomModel", "DeleteCustomModel", "GetImportedModel", "DeleteImportedModel"],
        "arn:{partition}:bedrock:{region}::foundation-model/{path:1}",
    ),
    look(
        &["ApplyGuardrail", "CreateGuardrailVersion", "DeleteGuardrail", "GetGuardrail", "UpdateGuardrail"],
        "arn:{partition}:bedrock:{region}:{account}:guardrail/{path:1}",
    ),
    look(
        &["Converse", "ConverseStream"],
        "arn:{partition}:bedrock:{region}:{account}:guardrail/{guardrailConfig/guardrailIdentifier}",
    ),
    look(
        &["InvokeModel"],
        "arn:{partition}:bedrock:{region}:{account}:guardrail/{header:x-amzn-bedrock-guardrailidentifier}",
    ),
    look(
        &["Retrieve"],
        "arn:{partition}:bedrock:{region}:{account}:guardrail/{guardrailConfiguration/guardrailId}",
    ),
    look(
        &["RetrieveAndGenerate"],
        "arn:{partition}:bedrock:{region}:{account}:guardrail/{retrieveAndGenerateConfiguration/knowledgeBaseConfiguration/generationConfiguration/guardrailConfiguration/guardrailId}",
    ),
    look(OF_A_BASE, "arn:{partition}:bedrock:{region}:{account}:knowledge-base/{path:1}"),
    look(
        &["RetrieveAndGenerate"],
        "arn:{partition}:bedrock:{region}:{account}:knowledge-base/{retrieveAndGenerateConfiguration/knowledgeBaseConfiguration/knowledgeBaseId}",
    ),
    look(&["GetPrompt"], "arn:{partition}:bedrock:{region}:{account}:prompt/{path:1}"),
    look(&["InvokeAgent"], "arn:{partition}:bedrock:{region}:{account}:agent-alias/{path:1}/{path:3}"),
    look(&["InvokeFlow"], "arn:{partition}:bedrock:{region}:{account}:flow/{path:1}/alias/{path:3}"),
    look(
        &["GetModelInvocationJob", "StopModelInvocationJob"],
        "arn:{partition}:bedrock:{region}:{account}:model-invocation-job/{path:1}",
    ),
    look(
        &["GetModelCustomizationJob", "StopModelCustomizationJob"],
        "arn:{partition}:bedrock:{region}:{account}:model-customization-job/{path:1}",
    ),
    look(&["GetModelImportJob"], "arn:{partition}:bedrock:{region}:{account}:model-import-job/{path:1}"),
    look(
        &["GetEvaluationJob", "StopEvaluationJob"],
        "arn:{partition}:bedrock:{region}:{account}:evaluation-job/{path:1}",
    ),
    look(
        &["BatchDeleteEvaluationJob"],
        "arn:{partition}:bedrock:{region}:{account}:evaluation-job/{jobIdentifiers}",
    ),
    look(&["GetObject", "HeadObject"], "arn:{partition}:s3:::{bucket}/{key}"),
    // What AWS reads for a model, as the caller.
    look(&["Converse", "ConverseStream"], "arn:{partition}:s3:::{objects of the messages}"),
];

/// What needs more than its name: which of two kinds a profile's bare id is of, and a place in S3 as its ARN ends.
pub(crate) fn place(place: &str, request: &RequestView) -> Option<Vec<String>> {
    match place {
        "profile of the path" => Some(request.texts("path:1").iter().map(|id| profile(id)).collect()),
        "input of the batch" => Some(places(request.texts("inputDataConfig/s3InputDataConfig/s3Uri"))),
        "objects of the messages" => {
            let of_a_turn =
                ["audio", "document", "image", "video"].map(|kind| format!("messages/content/{kind}"));
            let of_a_result = ["document", "image", "video"]
                .map(|kind| format!("messages/content/toolResult/content/{kind}"));
            let all = of_a_turn.iter().chain(&of_a_result);
            Some(places(
                all.flat_map(|path| request.texts(&format!("{path}/source/s3Location/uri"))).collect(),
            ))
        }
        _ => None,
    }
}

/// Bucket and key, as an ARN of S3 ends.
fn places(uris: Vec<String>) -> Vec<String> {
    uris.iter().filter_map(|uri| uri.strip_prefix("s3://")).map(str::to_owned).collect()
}

/// The end of a profile's ARN: AWS's own have the model's provider in their ids, the account's are letters and digits.
fn profile(id: &str) -> String {
    match id.contains('.') {
        true => format!("inference-profile/{id}"),
        false => format!("application-inference-profile/{id}"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
    use aws_smithy_types::body::SdkBody;

    use super::*;
    use crate::actions;

    /// Actions that no operation of this server is named after: others carry them.
    const CARRIED: [&str; 4] = [
        "bedrock:InvokeModelWithResponseStream",
        "bedrock:InvokeTool",
        "bedrock:RenderPrompt",
        "iam:PassRole",
    ];

    /// The operations that an action may stand for.
    fn operations(action: &str) -> BTreeSet<String> {
        // Tags are given to what is only being made, and has no name yet.
        if action == "bedrock:TagResource" {
            return BTreeSet::new();
        }
        let of_table = actions::TABLE.iter().filter(|(_, actions)| actions.contains(&action));
        let mut operations: BTreeSet<String> = of_table.map(|(name, _)| (*name).to_owned()).collect();
        let own = action.split_once(':').map(|(_, name)| name.to_owned()).unwrap_or_default();
        let is_tabled = actions::TABLE.iter().any(|(name, _)| *name == own);
        if !is_tabled && !CARRIED.contains(&action) {
            operations.insert(own);
        }
        operations
    }

    #[test]
    fn every_operation_that_is_declared_on_an_arn_is_looked_at() {
        let manifest = crate::server().manifest();
        let on_arns = manifest.tools.iter().flat_map(|tool| &tool.needs).filter(|need| need.arn != "*");
        let mut seen = BTreeSet::new();
        for operation in on_arns.flat_map(|need| operations(&need.action)) {
            let is_looked_at = LOOKS.iter().any(|look| look.operations.contains(&operation.as_str()));
            assert!(is_looked_at, "no look is about {operation}");
            seen.insert(operation);
        }
        assert!(seen.len() > 35, "{seen:?}");
        for look in LOOKS {
            let stray = look.operations.iter().find(|operation| !seen.contains(**operation));
            assert_eq!(stray, None, "a look is about what no tool declares");
        }
    }

    #[test]
    fn what_aws_reads_for_a_model_is_looked_at() {
        let of = |kind: &str, key: &str| {
            format!(r#"{{"{kind}":{{"source":{{"s3Location":{{"uri":"s3://docs/{key}"}}}}}}}}"#)
        };
        let result = format!(r#"{{"toolResult":{{"content":[{}]}}}}"#, of("image", "b.png"));
        let body = format!(
            r#"{{"messages":[{{"content":[{},{result}]}},{{"content":[{{"text":"s3://x/y"}},{}]}}]}}"#,
            of("document", "a.pdf"),
            of("video", "c.mp4")
        );
        let mut request = HttpRequest::new(SdkBody::from(body));
        request.set_uri("https://bedrock-runtime.us-east-1.amazonaws.com/model/m/converse").unwrap();
        request.headers_mut().insert("content-type", "application/json");
        let view = RequestView::of("Bedrock Runtime", "Converse", &request, None, "us-east-1").unwrap();
        let mut found = place("objects of the messages", &view).unwrap();
        found.sort();
        assert_eq!(found, ["docs/a.pdf", "docs/b.png", "docs/c.mp4"]);
    }

    #[test]
    fn a_profile_is_of_the_kind_that_its_id_shows() {
        assert_eq!(profile("us.amazon.nova-lite-v1:0"), "inference-profile/us.amazon.nova-lite-v1:0");
        assert_eq!(profile("ab12cd34ef56"), "application-inference-profile/ab12cd34ef56");
    }
}
