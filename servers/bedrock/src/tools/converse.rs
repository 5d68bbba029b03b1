use std::collections::{BTreeMap, HashMap};

use aws_sdk_bedrockruntime::{
    config::{Builder, StalledStreamProtectionConfig, retry::RetryPartition},
    types::{
        GuardrailConfiguration, GuardrailStreamConfiguration, GuardrailTrace, InferenceConfiguration,
        JsonSchemaDefinition, OutputConfig, OutputFormat, OutputFormatStructure, OutputFormatType,
        PerformanceConfigLatency, PerformanceConfiguration, PromptVariableValues, ServiceTier,
        ServiceTierType,
    },
};
use awsmcp_mcp::{Call, Error, Result, Risk, Spec, Tool};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    Bedrock, arns,
    attachments::{Inline, Loader},
    behind::behind,
    blocks::put,
    bodies::asked_for,
    builders::missing,
    chat::Answer,
    conversation::{Cached, Given, Kept, Offered, Said},
    families::partition,
    json::{Json, document},
    names::{GuardrailId, GuardrailVersion, ModelId, S3Uri, SystemTool},
    pace::Pace,
    spending::{Caps, Most, about, may_have_run},
    stored::Stored,
    turn::Turn,
    wire::Heard,
};

/// Asks a model and tells its answer as it comes: text, reasoning, tool use, citations, usage and latency.
///
/// Only text is needed: `model` and `prompt`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Converse {
    /// An `id` of list_models, or with `variables` the ARN of a stored prompt.
    model: ModelId,
    /// Values of the stored prompt's variables.
    variables: Option<BTreeMap<String, String>>,
    prompt: Option<String>,
    system: Option<String>,
    /// Turns before `prompt`.
    messages: Option<Vec<Turn>>,
    /// Images, documents, recordings: `s3://bucket/key`.
    s3: Option<Vec<S3Uri>>,
    /// The same, from allowed local directories.
    files: Option<Vec<String>>,
    inline: Option<Vec<Inline>>,
    /// Has documents cited.
    #[serde(default)]
    citations: bool,
    tools: Option<Vec<Offered>>,
    /// Tools that AWS runs itself: `nova_grounding` searches the web.
    system_tools: Option<Vec<SystemTool>>,
    /// `auto`, `any`, or a tool's name.
    tool_choice: Option<String>,
    #[schemars(range(min = 1))]
    max_tokens: Option<u64>,
    temperature: Option<f32>,
    top_p: Option<f32>,
    stop: Option<Vec<String>>,
    guardrail: Option<GuardrailId>,
    /// Default: the draft.
    guardrail_version: Option<GuardrailVersion>,
    /// Sets cache points behind these.
    cache: Option<Vec<Cached>>,
    /// How long the cache keeps them. Default: 5m.
    cache_ttl: Option<Kept>,
    /// JSON schema that the answer's text is held to.
    answer_schema: Option<Json>,
    /// How much the model thinks: `low`, `medium`, `high`.
    effort: Option<String>,
    tier: Option<Tier>,
    /// For the log of the account's calls.
    metadata: Option<BTreeMap<String, String>>,
    /// The model's own: `{"thinking":{"type":"enabled","budget_tokens":2000}}`.
    parameters: Option<Json>,
    /// JSON pointers into what `parameters` makes the model answer besides.
    more_fields: Option<Vec<String>>,
    /// Latency-optimized, where the model has it.
    #[serde(default)]
    fast: bool,
    /// Takes the answer in one piece, of models that cannot stream.
    #[serde(default)]
    whole: bool,
}

/// How soon a call is served, and at which price.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Tier {
    Default,
    Flex,
    Priority,
    Reserved,
}

impl Tier {
    fn word(self) -> &'static str {
        match self {
            Tier::Default => "default",
            Tier::Flex => "flex",
            Tier::Priority => "priority",
            Tier::Reserved => "reserved",
        }
    }
}

impl Tool for Converse {
    type Service = Bedrock;
    type Output = Answer;
    const SPEC: Spec = {
        let spec = Spec::invoke("converse", "Converse").minutes(30).quotes();
        let spec = arns::on_models(spec, &["bedrock:InvokeModelWithResponseStream"]);
        let spec = spec.on(arns::APPLICATION_INFERENCE_PROFILE, &["bedrock:GetInferenceProfile"]);
        arns::on_models(spec.when("whole"), &["bedrock:InvokeModel"])
            .when("guardrail")
            .on(arns::GUARDRAIL, &["bedrock:ApplyGuardrail"])
            .when("variables")
            .on(arns::PROMPT_AS_MODEL, &["bedrock:GetPrompt", "bedrock:RenderPrompt"])
            .when("system_tools")
            .on(arns::SYSTEM_TOOL, &["bedrock:InvokeTool"])
            .when("s3")
            .on(arns::S3_OBJECT, &["s3:GetObject"])
            .when("messages.s3")
            .on(arns::S3_OBJECT_OF_A_TURN, &["s3:GetObject"])
            .when("messages.tool_results.s3")
            .on(arns::S3_OBJECT_OF_A_RESULT, &["s3:GetObject"])
    };

    async fn call(self, cx: &Call<Bedrock>) -> Result<Self::Output> {
        let caps = Caps::of(cx)?;
        let called = self.called(cx, &caps).await?;
        let most = called.most;
        if self.guardrail.is_none() && self.guardrail_version.is_some() {
            return Err(Error::invalid("`guardrail_version` goes with `guardrail`"));
        }
        let mut loader = Loader::new(cx, &called.behind, self.citations);
        let attached = loader.load(self.s3.as_deref(), self.files.as_deref(), self.inline.as_deref()).await?;
        let caches = self.cache.as_ref().is_some_and(|cache| !cache.is_empty());
        let said = Given {
            prompt: self.prompt,
            messages: self.messages.unwrap_or_default(),
            system: self.system,
            tools: self.tools.unwrap_or_default(),
            system_tools: self.system_tools.unwrap_or_default(),
            tool_choice: self.tool_choice,
            cache: self.cache.unwrap_or_default(),
            kept: self.cache_ttl,
            attached,
            goes_on: called.variables.is_some(),
        }
        .said(&mut loader)
        .await?;
        let mut pace = Pace::new(cx);
        let tier = match (self.fast, self.tier) {
            (true, _) => Some("fast"),
            (false, Some(tier @ (Tier::Flex | Tier::Priority))) => Some(tier.word()),
            (false, _) => None,
        };
        let input = said.tokens + called.tokens;
        let can_use = Most { input, output: most, caches, tier, behind: Some(&called.behind) };
        let hold = pace.of(caps.hold(&self.model, can_use)).await?;
        let inference = InferenceConfiguration::builder()
            .max_tokens(i32::try_from(most).unwrap_or(i32::MAX))
            .set_temperature(self.temperature)
            .set_top_p(self.top_p)
            .set_stop_sequences(
                self.stop.map(|stop| stop.into_iter().filter(|word| !word.is_empty()).collect()),
            )
            .build();
        let request = Request {
            model: self.model.to_string(),
            partition: partition(&called.behind),
            said,
            // A stored prompt brings its own.
            inference: called.variables.is_none().then_some(inference),
            variables: called.variables,
            guardrail: self.guardrail.map(|id| {
                let version = self.guardrail_version.as_ref().map_or("DRAFT", GuardrailVersion::as_str);
                (id.to_string(), version.to_owned())
            }),
            output: output(self.answer_schema.as_ref(), self.effort)?,
            tier: self.tier,
            metadata: self.metadata.map(|all| all.into_iter().collect()),
            parameters: self.parameters,
            more_fields: self.more_fields,
            fast: self.fast,
        };
        let asked = if self.whole { request.whole(cx, pace).await } else { request.stream(cx, pace).await };
        let mut answer = match asked {
            Ok(answer) => answer,
            // What AWS refused before the model ran costs nothing; what broke off later stays counted.
            Err(Failed::Before(error)) => {
                hold.release();
                return Err(error);
            }
            Err(Failed::Meanwhile(error)) => return Err(error),
        };
        match &mut answer.usage {
            Some(usage) => cx.note(hold.settle(usage)),
            None => cx.note("AWS did not tell what was used: the most that the call could use is counted"),
        }
        veil(cx, &mut answer);
        explain(cx, &answer, most, &caps);
        Ok(answer)
    }
}

/// What a call is of.
struct Called {
    /// The model whose price and limits hold.
    behind: ModelId,
    /// The most output tokens.
    most: u64,
    /// About how many input tokens a stored prompt has, besides what the call says.
    tokens: u64,
    /// Of a stored prompt.
    variables: Option<HashMap<String, PromptVariableValues>>,
}

impl Converse {
    async fn called(&self, cx: &Call<Bedrock>, caps: &Caps) -> Result<Called> {
        if self.system_tools.as_ref().is_some_and(|tools| !tools.is_empty()) {
            caps.unpriced("tools that it runs itself")?;
        }
        match (&self.variables, self.model.kind() == Some("prompt")) {
            (Some(given), true) => self.stored(cx, caps, given).await,
            (None, true) => Err(Error::invalid("a stored prompt is called with its `variables`")
                .with_next("{} where it has none; render_prompt shows them")),
            (Some(_), false) => Err(Error::invalid("`variables` goes with a stored prompt").with_next(
                "`model` is then the prompt's ARN, such as \
                 arn:aws:bedrock:us-east-1:123456789012:prompt/AB12CD34EF:1; render_prompt fills one in for other models",
            )),
            (None, false) => {
                let most = caps.output(self.max_tokens)?;
                caps.output(self.parameters.as_ref().and_then(|json| asked_for(&json.0)))?;
                Ok(Called { behind: behind(cx, &self.model).await, most, tokens: 0, variables: None })
            }
        }
    }

    /// Of a stored prompt, which says itself what model runs it and how much that may answer.
    async fn stored(
        &self,
        cx: &Call<Bedrock>,
        caps: &Caps,
        given: &BTreeMap<String, String>,
    ) -> Result<Called> {
        let brought = [
            ("system", self.system.is_some()),
            ("tools", self.tools.is_some()),
            ("system_tools", self.system_tools.is_some()),
            ("tool_choice", self.tool_choice.is_some()),
            ("max_tokens", self.max_tokens.is_some()),
            ("temperature", self.temperature.is_some()),
            ("top_p", self.top_p.is_some()),
            ("stop", self.stop.is_some()),
            ("parameters", self.parameters.is_some()),
        ];
        if let Some((field, _)) = brought.into_iter().find(|(_, is_given)| *is_given) {
            return Err(Error::invalid(format!("a stored prompt brings its own `{field}`"))
                .with_next("leave it out, or use render_prompt and give what it shows to another model"));
        }
        let stored = Stored::of(cx, self.model.as_str(), None, None).await?;
        let open = stored.open(given)?;
        if !open.is_empty() {
            return Err(Error::invalid(format!("`variables` has no value for {}", open.join(", "))));
        }
        let behind = stored.model()?;
        let action = if self.whole { "bedrock:InvokeModel" } else { "bedrock:InvokeModelWithResponseStream" };
        cx.may(action, arns::FOUNDATION_MODEL, &[("model", behind.as_str())]).await?;
        let most = stored.max_tokens().ok_or_else(|| {
            Error::refused(format!(
                "the prompt {} sets no greatest number of output tokens, and answers are held to {}",
                stored.name,
                caps.most()
            ))
            .with_next("set it in the prompt, or use render_prompt and give what it shows to the model")
        })?;
        let bytes = stored.bytes() + given.values().map(String::len).sum::<usize>();
        let variables =
            given.iter().map(|(name, value)| (name.clone(), PromptVariableValues::Text(value.clone())));
        Ok(Called {
            most: caps.output(Some(most))?,
            behind,
            tokens: about(bytes),
            variables: Some(variables.collect()),
        })
    }
}

/// Takes away what a guardrail hid: who guards a model so that nobody sees some texts must not see them beside it.
fn veil(cx: &Call<Bedrock>, answer: &mut Answer) {
    let Some(trace) = answer.guardrail.take() else { return };
    let hid = !trace.findings.is_empty() || !trace.model_wrote.is_empty();
    let may_show = cx.permit("showing what a guardrail hid", Risk::Reveal).is_ok();
    if hid && !may_show {
        cx.note("the texts that the guardrail found are not shown: that needs --allow reveal");
    }
    answer.guardrail = Some(if may_show { trace } else { trace.veiled() });
}

/// Says why an answer ended where it did, and what to do next.
fn explain(cx: &Call<Bedrock>, answer: &Answer, most: u64, caps: &Caps) {
    match answer.stop_reason.as_str() {
        "max_tokens" if most >= caps.most() => cx.note(format!(
            "the answer was cut at {most} tokens, the most that the operator allows (--max-output-tokens)"
        )),
        "max_tokens" => cx.note(format!("the answer was cut at {most} tokens: `max_tokens` asks for more")),
        "tool_use" => cx.note(
            "go on with `messages`: all turns so far, this answer as an assistant's turn, and a user's turn with \
             `tool_results`. Where it has `content`, give that back in place of its other parts",
        ),
        "content_filtered" => cx.note("the model's own filter held the answer back: say it another way"),
        "guardrail_intervened" => cx.note("the guardrail took the answer's place: `guardrail` says why"),
        "model_context_window_exceeded" => {
            cx.note("the conversation is longer than the model takes: shorten `messages`")
        }
        "malformed_model_output" | "malformed_tool_use" => {
            cx.note("the model wrote what cannot be read: call again, or use another model")
        }
        _ if answer.text.is_empty() && answer.tool_use.is_empty() && answer.media.is_empty() => {
            cx.note("the model answered nothing")
        }
        _ => {}
    }
}

struct Request {
    model: String,
    partition: RetryPartition,
    said: Said,
    inference: Option<InferenceConfiguration>,
    variables: Option<HashMap<String, PromptVariableValues>>,
    /// Its id and version.
    guardrail: Option<(String, String)>,
    output: Option<OutputConfig>,
    tier: Option<Tier>,
    metadata: Option<HashMap<String, String>>,
    parameters: Option<Json>,
    more_fields: Option<Vec<String>>,
    fast: bool,
}

/// When a call failed: it decides whether it cost something.
enum Failed {
    Before(Error),
    Meanwhile(Error),
}

impl Failed {
    fn of(error: Error) -> Failed {
        if may_have_run(&error) { Failed::Meanwhile(error) } else { Failed::Before(error) }
    }
}

impl Request {
    async fn stream(self, cx: &Call<Bedrock>, mut pace: Pace<'_>) -> Result<Answer, Failed> {
        let guardrail = self.guardrail.as_ref().map(|(id, version)| {
            GuardrailStreamConfiguration::builder()
                .guardrail_identifier(id)
                .guardrail_version(version)
                .trace(GuardrailTrace::Enabled)
                .build()
        });
        // A model may think for minutes before its next word.
        let patient = Builder::default()
            .retry_partition(self.partition)
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        let asked = cx
            .client()
            .runtime
            .converse_stream()
            .model_id(&self.model)
            .set_messages(Some(self.said.messages).filter(|messages| !messages.is_empty()))
            .set_system(self.said.system)
            .set_tool_config(self.said.tools)
            .set_inference_config(self.inference)
            .set_prompt_variables(self.variables)
            .set_guardrail_config(guardrail)
            .set_additional_model_request_fields(self.parameters.as_ref().map(|json| document(&json.0)))
            .set_additional_model_response_field_paths(self.more_fields)
            .set_performance_config(performance(self.fast))
            .set_service_tier(served(self.tier)?)
            .set_output_config(self.output)
            .set_request_metadata(self.metadata)
            .customize()
            .mutate_request(put(&self.said.raw, "/messages"))
            .config_override(patient)
            .send();
        let out = pace.of(asked).await.map_err(|error| Failed::of(Error::from(error)))?;
        Answer::stream(out, pace).await.map_err(Failed::Meanwhile)
    }

    async fn whole(self, cx: &Call<Bedrock>, mut pace: Pace<'_>) -> Result<Answer, Failed> {
        let guardrail = self.guardrail.as_ref().map(|(id, version)| {
            GuardrailConfiguration::builder()
                .guardrail_identifier(id)
                .guardrail_version(version)
                .trace(GuardrailTrace::Enabled)
                .build()
        });
        let patient = Builder::default()
            .retry_partition(self.partition)
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        let heard = Heard::default();
        let asked = cx
            .client()
            .runtime
            .converse()
            .model_id(&self.model)
            .set_messages(Some(self.said.messages).filter(|messages| !messages.is_empty()))
            .set_system(self.said.system)
            .set_tool_config(self.said.tools)
            .set_inference_config(self.inference)
            .set_prompt_variables(self.variables)
            .set_guardrail_config(guardrail)
            .set_additional_model_request_fields(self.parameters.as_ref().map(|json| document(&json.0)))
            .set_additional_model_response_field_paths(self.more_fields)
            .set_performance_config(performance(self.fast))
            .set_service_tier(served(self.tier)?)
            .set_output_config(self.output)
            .set_request_metadata(self.metadata)
            .customize()
            .mutate_request(put(&self.said.raw, "/messages"))
            .interceptor(heard.clone())
            .config_override(patient)
            .send();
        let out = pace.of(asked).await.map_err(|error| Failed::of(Error::from(error)))?;
        let body = heard.json().map_err(Failed::Meanwhile)?;
        Ok(Answer::whole(out, &body))
    }
}

fn performance(fast: bool) -> Option<PerformanceConfiguration> {
    fast.then(|| PerformanceConfiguration::builder().latency(PerformanceConfigLatency::Optimized).build())
}

fn served(tier: Option<Tier>) -> Result<Option<ServiceTier>, Failed> {
    let built = tier.map(|tier| ServiceTier::builder().r#type(ServiceTierType::from(tier.word())).build());
    built.transpose().map_err(|error| Failed::Before(missing(error)))
}

/// The form that an answer is to have, and how much is thought about it.
fn output(schema: Option<&Json>, effort: Option<String>) -> Result<Option<OutputConfig>> {
    let effort = effort.filter(|effort| !effort.trim().is_empty());
    if schema.is_none() && effort.is_none() {
        return Ok(None);
    }
    let format = schema.map(|schema| {
        if !schema.0.is_object() {
            return Err(Error::invalid("`answer_schema` is not a JSON schema").with_next(
                "a good one is {\"type\":\"object\",\"properties\":{\"city\":{\"type\":\"string\"}},\"required\":\
                 [\"city\"],\"additionalProperties\":false}",
            ));
        }
        let definition = JsonSchemaDefinition::builder().schema(schema.0.to_string()).name("answer");
        let structure = OutputFormatStructure::JsonSchema(definition.build().map_err(missing)?);
        let format = OutputFormat::builder().r#type(OutputFormatType::JsonSchema).structure(structure);
        format.build().map_err(missing)
    });
    Ok(Some(OutputConfig::builder().set_text_format(format.transpose()?).set_effort(effort).build()))
}
