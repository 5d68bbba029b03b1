use aws_sdk_lambda::types::{
    DestinationConfig, EventSourcePosition, Filter, FilterCriteria, FunctionResponseType, OnFailure,
    ScalingConfig,
};
use awsmcp_mcp::{Call, Change, Error, One, Plan, Result, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{
    Lambda, arns,
    configuration::current,
    names::{FunctionName, MappingId, arn_function},
};

/// Connects a queue or stream to a function (`function`, `source_arn`), or changes such a mapping (`uuid`): on, off, batches, filters.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetEventSource {
    /// As list_event_sources shows it.
    uuid: Option<MappingId>,
    function: Option<FunctionName>,
    source_arn: Option<String>,
    enabled: Option<bool>,
    #[schemars(range(min = 1, max = 10000))]
    batch_size: Option<i32>,
    #[schemars(range(min = 0, max = 300))]
    batch_window_seconds: Option<i32>,
    #[schemars(range(min = 2))]
    max_concurrency: Option<i32>,
    /// Event patterns as JSON objects; an empty list takes all away.
    filters: Option<Vec<Map<String, Value>>>,
    /// Whether the function tells which messages of a batch failed.
    partial_failures: Option<bool>,
    /// ARN for what keeps failing; streams only.
    on_failure: Option<String>,
    max_retries: Option<i32>,
    /// Where in a stream to start.
    start: Option<Start>,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Start {
    Latest,
    Oldest,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Done {
    uuid: Option<String>,
    function: String,
    source: Option<String>,
    state: Option<String>,
}

impl Change for SetEventSource {
    type Service = Lambda;
    type Output = One<Done>;
    type Items = ();
    const SPEC: Spec = Spec::write("set_event_source", "Set event source")
        .when("uuid")
        .on(arns::EVENT_SOURCE_MAPPING, &["lambda:GetEventSourceMapping", "lambda:UpdateEventSourceMapping"])
        .when("function")
        .on(arns::FUNCTION, &["lambda:GetFunctionConfiguration"])
        .on("*", &["lambda:CreateEventSourceMapping"])
        // AWS grants it on everything or not at all, and holds it to the function by a condition.
        .rows(arns::FUNCTION)
        .optional();

    async fn plan(&self, cx: &Call<Lambda>) -> Result<Plan> {
        match (&self.uuid, &self.function, &self.source_arn) {
            (Some(uuid), None, None) => self.change(cx, uuid.as_str()).await,
            (None, Some(function), Some(source)) => self.connection(cx, function, source).await,
            _ => Err(Error::invalid(
                "give `uuid` to change a mapping, or `function` and `source_arn` to make one",
            )
            .with_next("list_event_sources shows the mappings")),
        }
    }

    async fn apply(self, (): (), cx: &Call<Lambda>) -> Result<Self::Output> {
        let client = &cx.client().lambda;
        let filters = self.criteria();
        let scaling =
            self.max_concurrency.map(|most| ScalingConfig::builder().maximum_concurrency(most).build());
        let responses = self.partial_failures.map(|partial| {
            if partial { vec![FunctionResponseType::ReportBatchItemFailures] } else { Vec::new() }
        });
        let failure = self.on_failure.as_ref().map(|arn| {
            DestinationConfig::builder().on_failure(OnFailure::builder().destination(arn).build()).build()
        });
        if let Some(uuid) = self.uuid {
            let out = client
                .update_event_source_mapping()
                .uuid(uuid.as_str())
                .set_enabled(self.enabled)
                .set_batch_size(self.batch_size)
                .set_maximum_batching_window_in_seconds(self.batch_window_seconds)
                .set_filter_criteria(filters)
                .set_scaling_config(scaling)
                .set_function_response_types(responses)
                .set_destination_config(failure)
                .set_maximum_retry_attempts(self.max_retries)
                .send()
                .await?;
            let function = arn_function(out.function_arn.as_deref().unwrap_or_default()).to_owned();
            return Ok(One(Done {
                uuid: out.uuid,
                function,
                source: out.event_source_arn,
                state: out.state,
            }));
        }
        let Some(function) = &self.function else {
            return Err(Error::invalid("the argument `function` is missing"));
        };
        let out = client
            .create_event_source_mapping()
            .function_name(function.with_qualifier())
            .set_event_source_arn(self.source_arn)
            .set_enabled(self.enabled)
            .set_batch_size(self.batch_size)
            .set_maximum_batching_window_in_seconds(self.batch_window_seconds)
            .set_filter_criteria(filters)
            .set_scaling_config(scaling)
            .set_function_response_types(responses)
            .set_destination_config(failure)
            .set_maximum_retry_attempts(self.max_retries)
            .set_starting_position(self.start.map(|start| match start {
                Start::Latest => EventSourcePosition::Latest,
                Start::Oldest => EventSourcePosition::TrimHorizon,
            }))
            .send()
            .await?;
        Ok(One(Done {
            uuid: out.uuid,
            function: function.to_string(),
            source: out.event_source_arn,
            state: out.state,
        }))
    }
}

impl SetEventSource {
    async fn change(&self, cx: &Call<Lambda>, uuid: &str) -> Result<Plan> {
        let out = cx.client().lambda.get_event_source_mapping().uuid(uuid).send().await?;
        // Which function it feeds, only AWS's answer names.
        if let Some(function) = &out.function_arn {
            cx.may_on("lambda:UpdateEventSourceMapping", function)?;
        }
        let filters =
            out.filter_criteria.as_ref().and_then(|criteria| criteria.filters.clone()).unwrap_or_default();
        let patterns: Vec<Value> = filters
            .iter()
            .filter_map(|filter| serde_json::from_str(filter.pattern.as_deref()?).ok())
            .collect();
        let responses = out.function_response_types.unwrap_or_default();
        let before = json!({
            "enabled": !matches!(out.state.as_deref(), Some("Disabled" | "Disabling")),
            "batch_size": out.batch_size,
            "batch_window_seconds": out.maximum_batching_window_in_seconds,
            "max_concurrency": out.scaling_config.and_then(|scaling| scaling.maximum_concurrency),
            "filters": patterns,
            "partial_failures": responses.contains(&FunctionResponseType::ReportBatchItemFailures),
            "on_failure": out.destination_config.and_then(|to| to.on_failure?.destination),
            "max_retries": out.maximum_retry_attempts,
        });
        let mut after = before.clone();
        if let Some(fields) = after.as_object_mut() {
            fields.extend(self.given());
        }
        let function = arn_function(out.function_arn.as_deref().unwrap_or_default());
        let source = out.event_source_arn.unwrap_or_default();
        let same = before == after;
        let plan = Plan::new(if same {
            format!("leave the mapping {uuid} from {source} to {function} as it is: nothing changes")
        } else {
            format!("change the mapping {uuid} from {source} to {function}")
        });
        let plan = match self.enabled {
            Some(false) if !same => {
                plan.warning("messages then wait at the source, and expire there in time")
            }
            _ => plan,
        };
        Ok(plan.difference(Some(&before), Some(&after)).state(before))
    }

    async fn connection(&self, cx: &Call<Lambda>, function: &FunctionName, source: &str) -> Result<Plan> {
        let base = function.base();
        let qualifier = function.qualifier(None)?;
        let config = current(cx, &base, qualifier.as_deref()).await?;
        let kind = source.split(':').nth(2).unwrap_or_default();
        let is_stream = matches!(kind, "kinesis" | "dynamodb" | "kafka");
        if is_stream && self.start.is_none() {
            return Err(Error::invalid("a stream needs `start`: latest or oldest"));
        }
        let plan = Plan::new(format!(
            "connect {source} to {}{}",
            target_name(function),
            if self.enabled == Some(false) { ", turned off" } else { "" }
        ));
        let plan = match config.timeout {
            Some(seconds) if kind == "sqs" => plan.warning(format!(
                "the queue's visibility timeout should be at least {} s, six times the function's timeout",
                seconds.saturating_mul(6)
            )),
            _ => plan,
        };
        let given = Value::Object(self.given().into_iter().collect());
        Ok(plan.difference(None, Some(&given)).state(json!(config.revision_id)))
    }

    /// What the call sets.
    fn given(&self) -> Vec<(String, Value)> {
        let fields = [
            ("enabled", json!(self.enabled)),
            ("batch_size", json!(self.batch_size)),
            ("batch_window_seconds", json!(self.batch_window_seconds)),
            ("max_concurrency", json!(self.max_concurrency)),
            ("filters", json!(self.filters)),
            ("partial_failures", json!(self.partial_failures)),
            ("on_failure", json!(self.on_failure)),
            ("max_retries", json!(self.max_retries)),
        ];
        fields
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }

    fn criteria(&self) -> Option<FilterCriteria> {
        let filters = self
            .filters
            .as_ref()?
            .iter()
            .map(|pattern| Filter::builder().pattern(Value::Object(pattern.clone()).to_string()).build());
        Some(FilterCriteria::builder().set_filters(Some(filters.collect())).build())
    }
}

fn target_name(function: &FunctionName) -> String {
    match function.qualifier(None) {
        Ok(Some(qualifier)) => format!("{function}:{qualifier}"),
        _ => function.to_string(),
    }
}
