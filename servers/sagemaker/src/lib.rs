//! MCP server for Amazon SageMaker: jobs and why they fail, endpoints and how they do, pipelines, models, and what bills now.

mod actions;
mod arns;
mod costs;
mod endpoints;
mod executions;
mod fields;
mod jobs;
mod kinds;
mod known;
mod looks;
mod metrics;
mod names;
mod operations;
mod payload;
mod prompts;
mod schedules;
mod scope;
mod secrets;
mod shape;
mod switch;
mod tags;
mod times;
mod tools;

use std::{borrow::Cow, sync::Arc};

use aws_sdk_applicationautoscaling as autoscaling;
use aws_sdk_cloudwatch as cloudwatch;
use aws_sdk_cloudwatchlogs as logs;
use aws_sdk_s3 as s3;
use aws_sdk_sagemaker as sagemaker;
use aws_sdk_sagemakerfeaturestoreruntime as features;
use aws_sdk_sagemakerruntime as runtime;
use awsmcp_mcp::{Completion, Look, Named, Resource, Server, Service};
use awsmcp_operations::with_operations;
use awsmcp_sdk::{Error, Kind, Lazy, RequestView, SdkConfig, Tap, lazily};
use tools::*;

/// Amazon SageMaker, as the tools use it.
#[derive(Debug)]
pub struct SageMaker;

/// The clients of one call.
#[derive(Debug)]
pub struct Client {
    pub(crate) sagemaker: Lazy<sagemaker::Client>,
    pub(crate) runtime: Lazy<runtime::Client>,
    pub(crate) features: Lazy<features::Client>,
    pub(crate) scaling: Lazy<autoscaling::Client>,
    pub(crate) logs: Lazy<logs::Client>,
    pub(crate) metrics: Lazy<cloudwatch::Client>,
    pub(crate) s3: Lazy<s3::Client>,
}

impl Service for SageMaker {
    const ID: &'static str = "sagemaker";
    const TITLE: &'static str = "Amazon SageMaker";
    const SUMMARY: &'static str = "Find out why jobs fail and how endpoints do, run and deploy, and see everything that bills in Amazon SageMaker.";
    const PREFIXES: &'static [(&'static str, &'static str)] = actions::PREFIXES;
    const PATIENCE: &'static [(&'static str, u64)] =
        &[("InvokeEndpoint", 2), ("InvokeEndpointWithResponseStream", 10)];
    const ACTIONS: &'static [(&'static str, &'static [&'static str])] = actions::TABLE;
    // Each puts what it names, whole. What stops, deletes or moves something is refused the second time, and what carries a
    // ClientRequestToken is known by itself.
    const REPEATABLE: &'static [&'static str] =
        &["PutScalingPolicy", "RegisterScalableTarget", "UpdateModelPackage"];
    const ALWAYS: &'static [(&'static str, &'static [&'static str])] = actions::ALWAYS;
    const LOOKS: &'static [Look] = looks::LOOKS;
    const NAMES: &'static [Named] = &[
        Named { argument: "job", tool: "list_jobs", column: "name" },
        Named { argument: "endpoint", tool: "list_endpoints", column: "name" },
        Named { argument: "model", tool: "list_models", column: "name" },
        Named { argument: "pipeline", tool: "list_pipelines", column: "name" },
        Named { argument: "notebook", tool: "list_notebooks", column: "name" },
        Named { argument: "cluster", tool: "list_clusters", column: "name" },
        Named { argument: "feature_group", tool: "list_features", column: "name" },
        Named { argument: "package_group", tool: "list_model_packages", column: "name" },
        Named { argument: "schedule", tool: "list_monitors", column: "name" },
    ];
    type Client = Client;

    fn client(sdk: &SdkConfig, tap: Tap) -> Client {
        let sdk = Arc::new(sdk.clone());
        Client {
            sagemaker: lazily!(sagemaker, &sdk, &tap),
            runtime: lazily!(runtime, &sdk, &tap),
            features: lazily!(features, &sdk, &tap),
            scaling: lazily!(autoscaling, &sdk, &tap),
            logs: lazily!(logs, &sdk, &tap),
            metrics: lazily!(cloudwatch, &sdk, &tap),
            s3: lazily!(s3, &sdk, &tap),
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
            ("ResourceLimitExceeded", _) => {
                "an account limit is reached: AWS's message names it; running_costs shows what is in use, and Service Quotas raises it"
            }
            ("ResourceInUse", _) if operation.starts_with("Create") => {
                "it exists already: choose another name"
            }
            ("ResourceInUse", _) => "something still uses it or a change is under way: wait, then try again",
            ("ModelError", _) => {
                "the model's container failed: describe_endpoint with `log_lines` shows what it wrote"
            }
            ("ModelNotReadyException", _) => "the model is being loaded: try again in a moment",
            ("ValidationError" | "ValidationException", Kind::Invalid)
                if operation.starts_with("InvokeEndpoint") && error.message.contains("not found") =>
            {
                "list_endpoints shows the endpoints of this region"
            }
            ("ValidationError" | "ValidationException", Kind::Invalid)
                if operation.starts_with("InvokeEndpoint")
                    && error.message.to_lowercase().contains("no capacity") =>
            {
                "no copy of the component runs: describe_endpoint shows them, scale_endpoint with `component` and `instances` gives \
                 it some"
            }
            ("ValidationException", Kind::Invalid) if operation.starts_with("Stop") => stands(operation)?,
            (_, Kind::NotFound) => shows(operation)?,
            ("ConflictException", _) => "somebody else is changing it: look again, then decide",
            _ => return None,
        }))
    }
}

/// The tool that shows how something stands that cannot be stopped.
fn stands(operation: &str) -> Option<&'static str> {
    const TOOLS: [(&str, &str); 8] = [
        ("InferenceRecommendationsJob", "running_costs shows whether it runs"),
        ("OptimizationJob", "running_costs shows whether it runs"),
        ("AIBenchmarkJob", "running_costs shows whether it runs"),
        ("AIRecommendationJob", "running_costs shows whether it runs"),
        ("Job", "describe_job shows where it stands"),
        ("Pipeline", "describe_execution shows where it stands"),
        ("Notebook", "list_notebooks shows where it stands"),
        ("MonitoringSchedule", "list_monitors shows where it stands"),
    ];
    TOOLS.iter().find(|(part, _)| operation.contains(part)).map(|(_, shows)| *shows)
}

/// The tool that knows the names of what an operation did not find.
fn shows(operation: &str) -> Option<&'static str> {
    const TOOLS: [(&str, &str); 18] = [
        ("InferenceRecommendationsJob", "running_costs shows the recommendation jobs that run"),
        ("OptimizationJob", "running_costs shows the optimization jobs that run"),
        ("AIBenchmarkJob", "running_costs shows the benchmark jobs that run"),
        ("AIRecommendationJob", "running_costs shows the AI recommendation jobs that run"),
        ("App", "list_studio with show=apps shows the apps of Studio"),
        ("Space", "list_studio with show=spaces shows the spaces of Studio"),
        ("Record", "list_features shows the feature groups of this region"),
        ("MonitoringSchedule", "list_monitors shows the monitoring schedules of this region"),
        ("TrackingServer", "running_costs shows the MLflow servers that run"),
        ("Job", "list_jobs shows the jobs of this region"),
        ("InferenceComponent", "describe_endpoint shows the components of an endpoint"),
        ("Endpoint", "list_endpoints shows the endpoints of this region"),
        ("ModelPackage", "list_model_packages shows the groups, and with `package_group` their versions"),
        ("Model", "list_models shows the models of this region"),
        ("Pipeline", "list_pipelines shows the pipelines, and with `pipeline` the executions"),
        ("Notebook", "list_notebooks shows the notebooks of this region"),
        ("Cluster", "list_clusters shows the clusters of this region"),
        ("Feature", "list_features shows the feature groups of this region"),
    ];
    TOOLS.iter().find(|(part, _)| operation.contains(part)).map(|(_, shows)| *shows)
}

/// The table of contents.
#[must_use]
pub fn server() -> Server<SageMaker> {
    with_operations(own_tools())
        .prompt(prompts::FAILING_JOB)
        .prompt(prompts::FAILING_ENDPOINT)
        .prompt(prompts::CUT_COSTS)
        .resource(Resource {
            template: "sagemaker://jobs/{kind}/{job}",
            name: "job",
            description: "A job's times, cost, failure and results.",
            tool: "describe_job",
            complete: &[Completion {
                variable: "job",
                tool: "list_jobs",
                prefix: "name",
                given: &["kind"],
                column: "name",
            }],
        })
        .resource(Resource {
            template: "sagemaker://endpoints/{endpoint}",
            name: "endpoint",
            description: "An endpoint's variants, scaling and figures.",
            tool: "describe_endpoint",
            complete: &[Completion {
                variable: "endpoint",
                tool: "list_endpoints",
                prefix: "name",
                given: &[],
                column: "name",
            }],
        })
}

/// Its own tools.
fn own_tools() -> Server<SageMaker> {
    Server::new(
        "For a failing job: describe_job, then job_logs; for an endpoint: describe_endpoint. Things are given by name or ARN. \
         running_costs shows what bills now.",
    )
    .toolset("jobs", "training, processing and all other jobs")
    .tool::<ListJobs>()
    .tool::<DescribeJob>()
    .tool::<JobLogs>()
    .change::<CreateJob>()
    .change::<StopJob>()
    .toolset("endpoints", "models that answer")
    .tool::<ListEndpoints>()
    .tool::<DescribeEndpoint>()
    .tool::<ListModels>()
    .tool::<InvokeEndpoint>()
    .change::<DeployModel>()
    .change::<ScaleEndpoint>()
    .change::<SetComponent>()
    .tool::<ListMonitors>()
    .change::<CreateMonitor>()
    .change::<SetMonitor>()
    .toolset("pipelines", "pipelines and model packages")
    .tool::<ListPipelines>()
    .tool::<DescribePipeline>()
    .tool::<DescribeExecution>()
    .change::<StartPipeline>()
    .change::<StopPipeline>()
    .change::<RetryPipeline>()
    .tool::<ListModelPackages>()
    .change::<ApproveModel>()
    .toolset("machines", "notebooks, clusters, and what everything costs")
    .tool::<RunningCosts>()
    .change::<StopRunning>()
    .tool::<ListStudio>()
    .change::<CreateStudio>()
    .change::<SetMlflow>()
    .tool::<ListNotebooks>()
    .change::<SetNotebook>()
    .tool::<ListClusters>()
    .change::<UpdateCluster>()
    .change::<ReplaceNodes>()
    .toolset("data", "features and search")
    .tool::<ListFeatures>()
    .tool::<GetRecord>()
    .tool::<GetRecords>()
    .change::<PutRecord>()
    .tool::<Search>()
    .toolset("delete", "remove endpoints, models, notebooks, monitors, spaces and pipelines")
    .change::<DeleteEndpoint>()
    .change::<DeleteComponent>()
    .change::<DeleteModel>()
    .change::<DeleteNotebook>()
    .change::<DeleteMonitor>()
    .change::<DeleteSpace>()
    .change::<DeletePipeline>()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_manifest_conforms() {
        awsmcp_testing::conformance(&super::server().manifest(), &[]);
    }
}
