//! MCP server for Amazon Bedrock: find models that can be called, talk to them within limits, guard them, search knowledge
//! bases, run agents, flows and jobs.

mod actions;
mod agents;
mod answered;
mod arns;
mod attachments;
mod behind;
mod blocks;
mod bodies;
mod book;
mod builders;
mod chat;
mod citing;
mod coming;
mod control;
mod conversation;
mod families;
mod findings;
mod guardrail;
mod json;
mod looks;
mod models;
mod moved;
mod names;
mod once;
mod operations;
mod pace;
mod prices;
mod prompts;
mod retrieval;
mod spending;
mod stored;
mod tools;
mod turn;
mod usage;
mod wire;

use std::{borrow::Cow, sync::Arc};

use awsmcp_mcp::{Extra, Look, Named, Resource, Server, Service};
use awsmcp_operations::with_operations;
use awsmcp_sdk::{Error, Kind, Lazy, RequestView, SdkConfig, Tap, lazily};
use tools::*;

/// Amazon Bedrock, as the tools use it.
#[derive(Debug)]
pub struct Bedrock;

/// The clients of one call.
#[derive(Debug)]
pub struct Client {
    pub(crate) bedrock: Lazy<aws_sdk_bedrock::Client>,
    pub(crate) runtime: Lazy<aws_sdk_bedrockruntime::Client>,
    pub(crate) agent: Lazy<aws_sdk_bedrockagent::Client>,
    pub(crate) agent_runtime: Lazy<aws_sdk_bedrockagentruntime::Client>,
    pub(crate) s3: Lazy<aws_sdk_s3::Client>,
}

impl Service for Bedrock {
    const ID: &'static str = "bedrock";
    const TITLE: &'static str = "Amazon Bedrock";
    const SUMMARY: &'static str = "Find and call models on Amazon Bedrock within limits; guardrails, knowledge bases, prompts, agents and jobs.";
    const PREFIXES: &'static [(&'static str, &'static str)] = &[
        ("Bedrock", "bedrock"),
        ("Bedrock Runtime", "bedrock"),
        ("Bedrock Agent", "bedrock"),
        ("Bedrock Agent Runtime", "bedrock"),
        ("S3", "s3"),
    ];
    const PATIENCE: &'static [(&'static str, u64)] = &[
        ("Converse", 15),
        ("ConverseStream", 15),
        ("InvokeAgent", 15),
        ("InvokeFlow", 15),
        ("InvokeInlineAgent", 15),
        ("InvokeModel", 15),
        ("InvokeModelWithResponseStream", 15),
        ("Rerank", 2),
        ("Retrieve", 2),
        ("RetrieveAndGenerate", 15),
    ];
    const ACTIONS: &'static [(&'static str, &'static [&'static str])] = actions::TABLE;
    const FORMS: &'static [&'static str] = &[arns::ANY_ENDPOINT];
    const LOOKS: &'static [Look] = looks::LOOKS;
    // It puts the whole draft. What makes or starts something carries a client token, and is known by that.
    const REPEATABLE: &'static [&'static str] = &["UpdateGuardrail"];
    const ALWAYS: &'static [(&'static str, &'static [&'static str])] = &[
        ("CountTokens", &["inputTokens"]),
        ("CreateGuardrail", &["guardrailId", "version"]),
        ("CreateGuardrailVersion", &["guardrailId", "version"]),
        ("CreateInferenceProfile", &["inferenceProfileArn"]),
        ("CreateModelInvocationJob", &["jobArn"]),
        ("GetGuardrail", &["guardrailId", "version", "status"]),
        ("ListGuardrails", &["guardrails"]),
        ("Rerank", &["results"]),
        ("Retrieve", &["retrievalResults"]),
        ("StartAsyncInvoke", &["invocationArn"]),
        ("StartIngestionJob", &["ingestionJob"]),
        ("UpdateGuardrail", &["guardrailId", "version"]),
    ];
    const EXTRAS: &'static [Extra] = spending::EXTRAS;
    const NAMES: &'static [Named] = &[
        Named { argument: "model", tool: "list_models", column: "id" },
        Named { argument: "guardrail", tool: "list_guardrails", column: "id" },
        Named { argument: "knowledge_base", tool: "list_knowledge_bases", column: "id" },
    ];
    type Client = Client;

    fn client(sdk: &SdkConfig, tap: Tap) -> Client {
        let sdk = Arc::new(sdk.clone());
        Client {
            bedrock: lazily!(aws_sdk_bedrock, &sdk, &tap),
            runtime: lazily!(aws_sdk_bedrockruntime, &sdk, &tap),
            agent: lazily!(aws_sdk_bedrockagent, &sdk, &tap),
            agent_runtime: lazily!(aws_sdk_bedrockagentruntime, &sdk, &tap),
            s3: lazily!(aws_sdk_s3, &sdk, &tap),
        }
    }

    fn arn(arn: &str) -> Result<Option<String>, String> {
        names::arn(arn)
    }

    fn place(place: &str, request: &RequestView) -> Option<Vec<String>> {
        looks::place(place, request)
    }

    fn hint(error: &Error) -> Option<Cow<'static, str>> {
        let message = error.message.to_lowercase();
        let operation = error.operation.as_deref().unwrap_or_default();
        let talks = matches!(operation, "Converse" | "ConverseStream" | "InvokeModel" | "CountTokens");
        Some(Cow::Borrowed(match (error.code.as_deref()?, error.kind) {
            ("ValidationException", _) if message.contains("on-demand throughput") => {
                "this model needs an inference profile: list_models shows the id that can be called here"
            }
            ("ValidationException", _) if message.contains("model identifier") => {
                "list_models shows the ids that can be called in this region"
            }
            ("ValidationException", _) if operation == "ConverseStream" && message.contains("stream") => {
                "`whole` takes the answer in one piece; list_models shows which models stream"
            }
            ("ValidationException", _) if operation == "CountTokens" => {
                "not every model counts tokens, and profiles of the account's own do not: give the model's own id"
            }
            ("ValidationException", _) if message.contains("hybrid") => {
                "this knowledge base's store has no hybrid search: use `search` semantic, or leave it out"
            }
            ("AccessDeniedException", _) if message.contains("access to the model") => {
                "the account has not been granted this model: get_model with check_access says what is missing; \
                 somebody grants it in the console under Model access"
            }
            ("ResourceNotFoundException", _)
                if message.contains("legacy") || message.contains("end of its life") =>
            {
                "AWS retired this model for accounts that have not used it lately: list_models shows current ones"
            }
            ("ModelNotReadyException", _) => "AWS loads this model: try again in a few minutes",
            ("ModelTimeoutException", _) => "ask for fewer tokens, or stream (leave `whole` out)",
            ("ThrottlingException" | "ServiceQuotaExceededException", _) if talks => {
                "wait a little; a global or area profile of the same model (`areas` in list_models) has more room"
            }
            ("DependencyFailedException", _) => {
                "what stands behind it failed: a knowledge base's store or model, or an agent's function; its role and \
                 logs say more"
            }
            ("ConflictException", Kind::Conflict) if operation == "StartIngestionJob" => {
                "a sync of this data source is under way: list_knowledge_bases shows it"
            }
            _ => return None,
        }))
    }
}

/// The table of contents.
#[must_use]
pub fn server() -> Server<Bedrock> {
    with_operations(own_tools())
}

/// Its own tools.
fn own_tools() -> Server<Bedrock> {
    Server::new(
        "Start with list_models: its ids can be called here. converse talks to a model; what models use is counted and \
         capped by the operator. Knowledge bases: list_knowledge_bases, then retrieve.",
    )
    .toolset("models", "find models and talk to them")
    .tool::<ListModels>()
    .tool::<GetModel>()
    .tool::<Converse>()
    .tool::<CountTokens>()
    .tool::<Embed>()
    .tool::<InvokeModel>()
    .tool::<ListProfiles>()
    .change::<CreateProfile>()
    .toolset("knowledge", "search knowledge bases and keep them in step with their sources")
    .tool::<ListKnowledgeBases>()
    .tool::<Retrieve>()
    .tool::<RetrieveAndGenerate>()
    .tool::<Rerank>()
    .change::<SyncKnowledgeBase>()
    .toolset("guardrails", "make, test, publish and apply guardrails")
    .tool::<ListGuardrails>()
    .tool::<GetGuardrail>()
    .tool::<ApplyGuardrail>()
    .tool::<CheckTexts>()
    .change::<CreateGuardrail>()
    .change::<UpdateGuardrail>()
    .change::<PublishGuardrail>()
    .change::<DeleteGuardrail>()
    .toolset("agents", "stored prompts, agents and flows")
    .tool::<RenderPrompt>()
    .tool::<ListPrompts>()
    .tool::<ListAgents>()
    .tool::<InvokeAgent>()
    .tool::<InvokeInlineAgent>()
    .tool::<InvokeFlow>()
    .toolset("jobs", "batches, asynchronous calls, and what jobs leave behind")
    .tool::<ListJobs>()
    .change::<StartJob>()
    .change::<StopJob>()
    .change::<DeleteArtefact>()
    .prompt(prompts::CHOOSE_MODEL)
    .prompt(prompts::TEST_GUARDRAIL)
    .prompt(prompts::POOR_ANSWERS)
    .resource(Resource {
        template: "bedrock://guardrail/{guardrail}",
        name: "guardrail",
        description: "A guardrail's draft: its policies and messages.",
        tool: "get_guardrail",
        complete: &[],
    })
    .resource(Resource {
        template: "bedrock://model/{+model}",
        name: "model",
        description: "A model: what it takes, its life cycle, how it can be called.",
        tool: "get_model",
        complete: &[],
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_manifest_conforms() {
        awsmcp_testing::conformance(&super::server().manifest(), &[]);
    }
}
