use aws_sdk_lambda::{
    operation::get_event_source_mapping::GetEventSourceMappingOutput,
    types::{
        DestinationConfig, EventSourcePosition, Filter, FilterCriteria, FunctionResponseType, OnFailure,
        ScalingConfig,
    },
};
use awsmcp_mcp::{Call, Change, Error, One, Plan, Result, Spec, unchanged};
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

/// What was confirmed.
#[derive(Serialize)]
pub(crate) enum Step {
    /// A new mapping: AWS makes no second one of the same source and function.
    Connect,
    /// Another setting of the mapping that was described so. AWS takes it under no condition.
    Change(Value),
    /// Nothing differs.
    Nothing(Value),
}

impl Change for SetEventSource {
    type Service = Lambda;
    type Output = One<Done>;
    type Items = Step;
    const SPEC: Spec = Spec::write("set_event_source", "Set event source")
        .shown_by("list_event_sources")
        .when("uuid")
        .on(arns::EVENT_SOURCE_MAPPING, &["lambda:GetEventSourceMapping", "lambda:UpdateEventSourceMapping"])
        .when("function")
        .on(arns::FUNCTION, &["lambda:GetFunctionConfiguration"])
        .on("*", &["lambda:CreateEventSourceMapping"])
        // AWS grants it on everything or not at all, and holds it to the function by a condition.
        .rows(arns::FUNCTION)
        .optional();

    async fn plan(&self, cx: &Call<Lambda>) -> Result<Plan<Step>> {
        match (&self.uuid, &self.function, &self.source_arn) {
            (Some(uuid), None, None) => self.change(cx, uuid.as_str()).await,
            (None, Some(function), Some(source)) => self.connection(cx, function, source).await,
            _ => Err(Error::invalid(
                "give `uuid` to change a mapping, or `function` and `source_arn` to make one",
            )
            .with_next("list_event_sources shows the mappings")),
        }
    }

    async fn apply(self, step: Step, cx: &Call<Lambda>) -> Result<Self::Output> {
        match (step, &self.uuid, &self.function) {
            (Step::Connect, None, Some(function)) => self.connect(cx, function).await,
            (Step::Change(seen), Some(uuid), None) => self.set(cx, uuid.as_str(), &seen).await,
            (Step::Nothing(seen), Some(uuid), None) => {
                let text = |name: &str| seen.get(name).and_then(Value::as_str).map(str::to_owned);
                Ok(One(Done {
                    uuid: Some(uuid.as_str().to_owned()),
                    function: arn_function(&text("function").unwrap_or_default()).to_owned(),
                    source: text("source"),
                    state: text("state"),
                }))
            }
            _ => Err(Error::internal("the step is not of these arguments")),
        }
    }
}

impl SetEventSource {
    async fn change(&self, cx: &Call<Lambda>, uuid: &str) -> Result<Plan<Step>> {
        let out = cx.client().lambda.get_event_source_mapping().uuid(uuid).send().await?;
        // Which function it feeds, only AWS's answer names.
        if let Some(function) = &out.function_arn {
            cx.may_on("lambda:UpdateEventSourceMapping", function)?;
        }
        let before = settings(&out);
        let mut after = before.clone();
        if let Some(fields) = after.as_object_mut() {
            fields.extend(self.given());
        }
        let function = arn_function(out.function_arn.as_deref().unwrap_or_default());
        let source = out.event_source_arn.as_deref().unwrap_or_default();
        if before == after {
            let headline =
                format!("leave the mapping {uuid} from {source} to {function} as it is: nothing changes");
            return Ok(Plan::new(headline).items(Step::Nothing(described(&out))));
        }
        let mut plan = Plan::new(format!("change the mapping {uuid} from {source} to {function}"));
        if self.enabled == Some(false) && before.get("enabled") == Some(&json!(true)) {
            plan = plan.warning("messages then wait at the source, and expire there in time").ask();
        }
        if self.filters.as_ref().is_some_and(|filters| !filters.is_empty())
            && before.get("filters") != after.get("filters")
        {
            plan = plan.warning("what none of the filters fits is dropped, and gone from a queue").ask();
        }
        Ok(plan.difference(Some(&before), Some(&after)).items(Step::Change(described(&out))))
    }

    async fn connection(
        &self,
        cx: &Call<Lambda>,
        function: &FunctionName,
        source: &str,
    ) -> Result<Plan<Step>> {
        let base = function.base();
        let qualifier = function.qualifier(None)?;
        let config = current(cx, &base, qualifier.as_deref()).await?;
        let kind = source.split(':').nth(2).unwrap_or_default();
        if let Some(why) = self.astray(source, kind) {
            return Err(why);
        }
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
        Ok(plan.difference(None, Some(&given)).items(Step::Connect))
    }

    /// Why AWS takes no such mapping of a source of this kind.
    fn astray(&self, source: &str, kind: &str) -> Option<Error> {
        let of_streams = [
            ("on_failure", self.on_failure.is_some()),
            ("max_retries", self.max_retries.is_some()),
            ("start", self.start.is_some()),
        ];
        let given = of_streams.iter().find(|(_, is_given)| *is_given).map(|(name, _)| *name);
        let batch = self.batch_size.unwrap_or_default();
        let window = self.batch_window_seconds.unwrap_or_default();
        let why = match (kind, given) {
            ("kafka" | "mq" | "rds", _) => format!(
                "a source of {kind} needs topics, queues or a database and credentials, which this tool does not set: AWS's \
                 CreateEventSourceMapping takes them"
            ),
            ("sqs", Some(name)) => {
                format!(
                    "a queue takes no `{name}`: what becomes of messages that fail is in its own redrive policy"
                )
            }
            ("sqs", None) if source.ends_with(".fifo") && (batch > 10 || window > 0) => {
                "of a FIFO queue a batch has at most 10 messages, and no `batch_window_seconds`".to_owned()
            }
            ("sqs", None) if batch > 10 && window == 0 => {
                "a batch of more than 10 messages of a queue needs `batch_window_seconds` of at least 1"
                    .to_owned()
            }
            (kind, _) if kind != "sqs" && self.max_concurrency.is_some() => {
                "`max_concurrency` is of queues: AWS takes it of no other source".to_owned()
            }
            _ => return None,
        };
        Some(Error::invalid(why))
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

    /// Sets what the call names; the rest stays, that of settings which AWS replaces as one included.
    async fn set(&self, cx: &Call<Lambda>, uuid: &str, seen: &Value) -> Result<One<Done>> {
        let client = &cx.client().lambda;
        let present = client.get_event_source_mapping().uuid(uuid).send().await?;
        unchanged(&format!("the mapping {uuid}"), seen, &described(&present))?;
        let out = client
            .update_event_source_mapping()
            .uuid(uuid)
            .set_enabled(self.enabled)
            .set_batch_size(self.batch_size)
            .set_maximum_batching_window_in_seconds(self.batch_window_seconds)
            .set_filter_criteria(self.criteria())
            .set_scaling_config(self.scaling())
            .set_function_response_types(self.responses(present.function_response_types))
            .set_destination_config(self.destinations(present.destination_config))
            .set_maximum_retry_attempts(self.max_retries)
            .send()
            .await?;
        let function = arn_function(out.function_arn.as_deref().unwrap_or_default()).to_owned();
        Ok(One(Done { uuid: out.uuid, function, source: out.event_source_arn, state: out.state }))
    }

    async fn connect(&self, cx: &Call<Lambda>, function: &FunctionName) -> Result<One<Done>> {
        let out = cx
            .client()
            .lambda
            .create_event_source_mapping()
            .function_name(function.with_qualifier())
            .set_event_source_arn(self.source_arn.clone())
            .set_enabled(self.enabled)
            .set_batch_size(self.batch_size)
            .set_maximum_batching_window_in_seconds(self.batch_window_seconds)
            .set_filter_criteria(self.criteria())
            .set_scaling_config(self.scaling())
            .set_function_response_types(self.responses(None))
            .set_destination_config(self.destinations(None))
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

    fn scaling(&self) -> Option<ScalingConfig> {
        self.max_concurrency.map(|most| ScalingConfig::builder().maximum_concurrency(most).build())
    }

    /// The forms of answers, of which the call names one: the others stay.
    fn responses(&self, before: Option<Vec<FunctionResponseType>>) -> Option<Vec<FunctionResponseType>> {
        let partial = self.partial_failures?;
        let mut all = before.unwrap_or_default();
        all.retain(|known| *known != FunctionResponseType::ReportBatchItemFailures);
        if partial {
            all.push(FunctionResponseType::ReportBatchItemFailures);
        }
        Some(all)
    }

    /// Where what failed goes; where what succeeded goes stays.
    fn destinations(&self, before: Option<DestinationConfig>) -> Option<DestinationConfig> {
        let failure = OnFailure::builder().destination(self.on_failure.as_ref()?).build();
        let success = before.and_then(|before| before.on_success);
        Some(DestinationConfig::builder().set_on_success(success).on_failure(failure).build())
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

/// A mapping's settings, under the names of the arguments that set them.
fn settings(mapping: &GetEventSourceMappingOutput) -> Value {
    let filters = mapping.filter_criteria.as_ref().and_then(|criteria| criteria.filters.as_deref());
    let patterns: Vec<Value> = filters
        .unwrap_or_default()
        .iter()
        .filter_map(|filter| serde_json::from_str(filter.pattern.as_deref()?).ok())
        .collect();
    let responses = mapping.function_response_types.as_deref().unwrap_or_default();
    let to = mapping.destination_config.as_ref();
    json!({
        "enabled": !matches!(mapping.state.as_deref(), Some("Disabled" | "Disabling")),
        "batch_size": mapping.batch_size,
        "batch_window_seconds": mapping.maximum_batching_window_in_seconds,
        "max_concurrency": mapping.scaling_config.as_ref().and_then(|scaling| scaling.maximum_concurrency),
        "filters": patterns,
        "partial_failures": responses.contains(&FunctionResponseType::ReportBatchItemFailures),
        "on_failure": to.and_then(|to| to.on_failure.as_ref()?.destination.as_deref()),
        "max_retries": mapping.maximum_retry_attempts,
    })
}

/// All that a change of a mapping goes by: what it sets, what it is sent along with, and whose it is.
fn described(mapping: &GetEventSourceMappingOutput) -> Value {
    let responses = mapping.function_response_types.as_deref().unwrap_or_default();
    let responses: Vec<&str> = responses.iter().map(FunctionResponseType::as_str).collect();
    let to = mapping.destination_config.as_ref();
    json!({
        "settings": settings(mapping),
        "state": mapping.state,
        "function": mapping.function_arn,
        "source": mapping.event_source_arn,
        "responses": responses,
        "on_success": to.and_then(|to| to.on_success.as_ref()?.destination.as_deref()),
    })
}

fn target_name(function: &FunctionName) -> String {
    match function.qualifier(None) {
        Ok(Some(qualifier)) => format!("{function}:{qualifier}"),
        _ => function.to_string(),
    }
}
