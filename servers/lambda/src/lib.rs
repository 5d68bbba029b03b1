//! MCP server for AWS Lambda: find functions, see why they fail, invoke them, change their code and configuration.

mod actions;
mod arns;
mod configuration;
mod deployment;
mod durable;
mod function_tools;
mod invoking;
mod lists;
mod looks;
mod metrics;
mod names;
mod operations;
mod package;
mod policy;
mod prompts;
mod report;
mod runtimes;
mod settling;
mod times;
mod tools;

use std::{borrow::Cow, sync::Arc};

use aws_sdk_cloudwatch as cloudwatch;
use aws_sdk_cloudwatchlogs as logs;
use awsmcp_mcp::{Completion, Extra, Look, Named, Resource, Server, Service};
use awsmcp_operations::with_operations;
use awsmcp_sdk::{Error, Kind, Lazy, RequestView, SdkConfig, Tap, lazily};
use tools::*;

/// AWS Lambda, as the tools use it.
#[derive(Debug)]
pub struct Lambda;

/// The clients of one call.
#[derive(Debug)]
pub struct Client {
    pub(crate) lambda: Lazy<aws_sdk_lambda::Client>,
    pub(crate) logs: Lazy<logs::Client>,
    pub(crate) metrics: Lazy<cloudwatch::Client>,
    pub(crate) schemas: Lazy<aws_sdk_schemas::Client>,
}

impl Service for Lambda {
    const ID: &'static str = "lambda";
    const TITLE: &'static str = "AWS Lambda";
    const SUMMARY: &'static str =
        "Find, understand, invoke and change AWS Lambda functions, their logs and figures included.";
    const PREFIXES: &'static [(&'static str, &'static str)] = &[
        ("Lambda", "lambda"),
        ("CloudWatch Logs", "logs"),
        ("CloudWatch", "cloudwatch"),
        ("schemas", "schemas"),
    ];
    const ACTIONS: &'static [(&'static str, &'static [&'static str])] = actions::TABLE;
    const LOOKS: &'static [Look] = looks::LOOKS;
    // Puts and deletions of one value: the second finds what the first made. What names a revision is not among them: its
    // second is refused, since the first made another.
    const REPEATABLE: &'static [&'static str] =
        &["DeleteFunctionConcurrency", "PutFunctionConcurrency", "PutProvisionedConcurrencyConfig"];
    const ALWAYS: &'static [(&'static str, &'static [&'static str])] = &[
        ("AddPermission", &["Statement"]),
        ("CreateAlias", &["Name"]),
        ("CreateEventSourceMapping", &["UUID"]),
        ("CreateFunction", &["FunctionName"]),
        ("CreateFunctionUrlConfig", &["FunctionUrl"]),
        ("PublishLayerVersion", &["LayerVersionArn"]),
        ("PublishVersion", &["Version"]),
        ("PutFunctionConcurrency", &["ReservedConcurrentExecutions"]),
        ("PutProvisionedConcurrencyConfig", &["RequestedProvisionedConcurrentExecutions"]),
        ("UpdateAlias", &["Name"]),
        ("UpdateEventSourceMapping", &["UUID"]),
        ("UpdateFunctionCode", &["FunctionName"]),
        ("UpdateFunctionConfiguration", &["FunctionName"]),
        ("UpdateFunctionUrlConfig", &["FunctionUrl"]),
    ];
    const PATIENCE: &'static [(&'static str, u64)] = &[("Invoke", 15), ("InvokeWithResponseStream", 15)];
    const FORMS: &'static [&'static str] = &[arns::LOG_GROUP];
    const EXTRAS: &'static [Extra] = function_tools::EXTRAS;
    const NAMES: &'static [Named] = &[Named { argument: "function", tool: "list_functions", column: "name" }];
    type Client = Client;

    fn client(sdk: &SdkConfig, tap: Tap) -> Client {
        let sdk = Arc::new(sdk.clone());
        Client {
            lambda: lazily!(aws_sdk_lambda, &sdk, &tap),
            logs: lazily!(logs, &sdk, &tap),
            metrics: lazily!(cloudwatch, &sdk, &tap),
            schemas: lazily!(aws_sdk_schemas, &sdk, &tap),
        }
    }

    fn arn(arn: &str) -> Result<Option<String>, String> {
        Ok(names::arn(arn))
    }

    fn place(place: &str, request: &RequestView) -> Option<Vec<String>> {
        looks::place(place, request)
    }

    fn hint(error: &Error) -> Option<Cow<'static, str>> {
        let operation = error.operation.as_deref().unwrap_or_default();
        Some(Cow::Borrowed(match (error.code.as_deref()?, error.kind) {
            ("ResourceNotFoundException", _) if operation == "FilterLogEvents" => {
                "it has not written a log yet, or may not: its role needs logs:CreateLogGroup, \
                 logs:CreateLogStream and logs:PutLogEvents"
            }
            ("ResourceNotFoundException", _) => shows(operation),
            ("CodeStorageExceededException", _) => {
                "account_limits shows the room for code; delete_function with `version` frees some"
            }
            // Of other operations too many were asked for, which says nothing of the function.
            ("TooManyRequestsException", _) if operation.starts_with("Invoke") => {
                "wait a little; function_health shows the concurrency, set_concurrency raises a function's share"
            }
            ("ResourceConflictException", _) if operation == "AddPermission" => {
                "a statement of that id is there already: get_function shows it"
            }
            ("ResourceConflictException", _) if operation.contains("EventSourceMapping") => {
                "it is being changed or there is one already: list_event_sources shows it"
            }
            ("ResourceConflictException", _) if !operation.starts_with("Delete") => {
                "an update is under way or it exists already: get_function shows it"
            }
            ("PreconditionFailedException", _) => "somebody changed it since: look again, then decide",
            ("InvalidZipFileException" | "InvalidParameterValueException", Kind::Invalid)
                if operation.ends_with("FunctionCode") || operation == "CreateFunction" =>
            {
                "AWS's message says which parameter; list_functions shows values that work"
            }
            _ => return None,
        }))
    }
}

/// The tool that knows the names of what an operation did not find.
fn shows(operation: &str) -> &'static str {
    const TOOLS: [(&str, &str); 4] = [
        ("EventSourceMapping", "list_event_sources shows the mappings of this region"),
        ("Layer", "list_layers shows the layers of this region, and with `layer` their versions"),
        ("DurableExecution", "list_executions shows the executions of a function"),
        ("Schema", "the tag awsmcp:schema names it: registry/schema"),
    ];
    let own = TOOLS.iter().find(|(part, _)| operation.contains(part)).map(|(_, shows)| *shows);
    own.unwrap_or(
        "list_functions shows the functions of this region, list_versions their versions and aliases",
    )
}

/// The table of contents.
#[must_use]
pub fn server() -> Server<Lambda> {
    with_operations(own_tools())
}

/// Its own tools.
fn own_tools() -> Server<Lambda> {
    Server::new(
        "Start with list_functions. For a failing function: function_health, then function_logs. \
         A function is given by name or ARN.",
    )
    .toolset("functions", "find and understand functions")
    .tool::<ListFunctions>()
    .tool::<GetFunction>()
    .tool::<FunctionLogs>()
    .tool::<FunctionHealth>()
    .tool::<ExplainFailures>()
    .tool::<ListVersions>()
    .tool::<ListEventSources>()
    .tool::<GetCode>()
    .tool::<GetEnvironment>()
    .tool::<WhoMayCall>()
    .tool::<ListLayers>()
    .tool::<AccountLimits>()
    .tool::<ListExecutions>()
    .tool::<GetExecution>()
    .toolset("invoke", "run functions")
    .tool::<InvokeFunction>()
    .tool::<ListFunctionTools>()
    .derived(function_tools::DERIVED)
    .toolset("deploy", "change code, configuration and versions")
    .change::<UpdateCode>()
    .change::<UpdateConfig>()
    .change::<PublishVersion>()
    .change::<SetAlias>()
    .change::<CreateFunction>()
    .change::<PublishLayer>()
    .toolset("access", "concurrency, event sources, URLs and permissions")
    .change::<SetConcurrency>()
    .change::<SetEventSource>()
    .change::<SetUrl>()
    .change::<SetPermission>()
    .toolset("delete", "remove functions and what belongs to them")
    .change::<DeleteFunction>()
    .prompt(prompts::FAILING_FUNCTION)
    .prompt(prompts::SLOW_FUNCTION)
    .prompt(prompts::OLD_RUNTIMES)
    .resource(Resource {
        template: "lambda://{function}",
        name: "function",
        description: "A function's configuration, policy, URLs and findings.",
        tool: "get_function",
        complete: &[Completion {
            variable: "function",
            tool: "list_functions",
            prefix: "prefix",
            given: &[],
            column: "name",
        }],
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_manifest_conforms() {
        awsmcp_testing::conformance(&super::server().manifest(), &[]);
    }
}
