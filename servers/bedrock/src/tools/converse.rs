use std::time::Instant;

use aws_sdk_bedrockruntime::{
    config::{Builder, StalledStreamProtectionConfig},
    types::{
        GuardrailConfiguration, GuardrailStreamConfiguration, GuardrailTrace, InferenceConfiguration,
        PerformanceConfigLatency, PerformanceConfiguration,
    },
};
use awsmcp_mcp::{Call, Error, Result, Risk, Spec, Tool};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    Bedrock, arns,
    attachments::{Attachments, Inline},
    chat::Answer,
    conversation::{Cached, Given, Offered, Said, Turn},
    json::{Json, document},
    names::{GuardrailId, GuardrailVersion, ModelId, S3Uri},
    spending::{Caps, asked_for, may_have_run},
};

/// Asks a model and tells its answer as it comes: text, reasoning, tool use, citations, usage and latency.
///
/// Only text is needed: `model` and `prompt`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Converse {
    /// An `id` of list_models.
    model: ModelId,
    prompt: Option<String>,
    system: Option<String>,
    /// Turns before `prompt`.
    messages: Option<Vec<Turn>>,
    /// Images and documents: `s3://bucket/key`.
    s3: Option<Vec<S3Uri>>,
    /// The same, from allowed local directories.
    files: Option<Vec<String>>,
    inline: Option<Vec<Inline>>,
    /// Has documents cited.
    #[serde(default)]
    citations: bool,
    tools: Option<Vec<Offered>>,
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

impl Tool for Converse {
    type Service = Bedrock;
    type Output = Answer;
    const SPEC: Spec = {
        let spec = Spec::invoke("converse", "Converse").minutes(30).quotes();
        let spec = arns::on_models(spec, &["bedrock:InvokeModelWithResponseStream"]);
        arns::on_models(spec.when("whole"), &["bedrock:InvokeModel"])
            .when("guardrail")
            .on(arns::GUARDRAIL, &["bedrock:ApplyGuardrail"])
            .when("s3")
            .on(arns::S3_OBJECT, &["s3:GetObject"])
    };

    async fn call(self, cx: &Call<Bedrock>) -> Result<Self::Output> {
        let caps = Caps::of(cx)?;
        let most = caps.output(self.max_tokens)?;
        caps.output(self.parameters.as_ref().and_then(|json| asked_for(&json.0)))?;
        if self.guardrail.is_none() && self.guardrail_version.is_some() {
            return Err(Error::invalid("`guardrail_version` goes with `guardrail`"));
        }
        let attached = Attachments {
            s3: self.s3.unwrap_or_default(),
            files: self.files.unwrap_or_default(),
            inline: self.inline.unwrap_or_default(),
            citations: self.citations,
        };
        let said = Given {
            prompt: self.prompt,
            messages: self.messages.unwrap_or_default(),
            system: self.system,
            tools: self.tools.unwrap_or_default(),
            tool_choice: self.tool_choice,
            cache: self.cache.unwrap_or_default(),
            attached: attached.load(cx).await?,
        }
        .said()?;
        let hold = caps.hold(&self.model, said.tokens, most)?;
        let inference = InferenceConfiguration::builder()
            .max_tokens(i32::try_from(most).unwrap_or(i32::MAX))
            .set_temperature(self.temperature)
            .set_top_p(self.top_p)
            .set_stop_sequences(self.stop)
            .build();
        let request = Request {
            model: self.model.to_string(),
            said,
            inference,
            guardrail: self.guardrail.map(|id| {
                let version = self.guardrail_version.as_ref().map_or("DRAFT", GuardrailVersion::as_str);
                (id.to_string(), version.to_owned())
            }),
            parameters: self.parameters,
            more_fields: self.more_fields,
            fast: self.fast,
        };
        let asked = if self.whole { request.whole(cx).await } else { request.stream(cx).await };
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
             `tool_results`",
        ),
        "content_filtered" => cx.note("the model's own filter held the answer back: say it another way"),
        "guardrail_intervened" => cx.note("the guardrail took the answer's place: `guardrail` says why"),
        "model_context_window_exceeded" => {
            cx.note("the conversation is longer than the model takes: shorten `messages`")
        }
        "malformed_model_output" | "malformed_tool_use" => {
            cx.note("the model wrote what cannot be read: call again, or use another model")
        }
        _ if answer.text.is_empty() && answer.tool_use.is_empty() && answer.images.is_empty() => {
            cx.note("the model answered nothing")
        }
        _ => {}
    }
}

struct Request {
    model: String,
    said: Said,
    inference: InferenceConfiguration,
    /// Its id and version.
    guardrail: Option<(String, String)>,
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
    async fn stream(self, cx: &Call<Bedrock>) -> Result<Answer, Failed> {
        let guardrail = self.guardrail.as_ref().map(|(id, version)| {
            GuardrailStreamConfiguration::builder()
                .guardrail_identifier(id)
                .guardrail_version(version)
                .trace(GuardrailTrace::Enabled)
                .build()
        });
        let started = Instant::now();
        // A model may think for minutes before its next word.
        let patient = Builder::default().stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        let out = cx
            .client()
            .runtime
            .converse_stream()
            .model_id(&self.model)
            .set_messages(Some(self.said.messages))
            .set_system(self.said.system)
            .set_tool_config(self.said.tools)
            .inference_config(self.inference)
            .set_guardrail_config(guardrail)
            .set_additional_model_request_fields(self.parameters.as_ref().map(|json| document(&json.0)))
            .set_additional_model_response_field_paths(self.more_fields)
            .set_performance_config(performance(self.fast))
            .customize()
            .config_override(patient)
            .send()
            .await
            .map_err(|error| Failed::of(Error::from(error)))?;
        Answer::stream(cx, out, started).await.map_err(Failed::Meanwhile)
    }

    async fn whole(self, cx: &Call<Bedrock>) -> Result<Answer, Failed> {
        let guardrail = self.guardrail.as_ref().map(|(id, version)| {
            GuardrailConfiguration::builder()
                .guardrail_identifier(id)
                .guardrail_version(version)
                .trace(GuardrailTrace::Enabled)
                .build()
        });
        let patient = Builder::default().stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        let out = cx
            .client()
            .runtime
            .converse()
            .model_id(&self.model)
            .set_messages(Some(self.said.messages))
            .set_system(self.said.system)
            .set_tool_config(self.said.tools)
            .inference_config(self.inference)
            .set_guardrail_config(guardrail)
            .set_additional_model_request_fields(self.parameters.as_ref().map(|json| document(&json.0)))
            .set_additional_model_response_field_paths(self.more_fields)
            .set_performance_config(performance(self.fast))
            .customize()
            .config_override(patient)
            .send()
            .await
            .map_err(|error| Failed::of(Error::from(error)))?;
        Ok(Answer::whole(out))
    }
}

fn performance(fast: bool) -> Option<PerformanceConfiguration> {
    fast.then(|| PerformanceConfiguration::builder().latency(PerformanceConfigLatency::Optimized).build())
}
