use aws_sdk_bedrockruntime::{config::Builder, primitives::Blob};
use awsmcp_mcp::{AsIs, Call, Error, One, Result, Spec, Tool, human_size};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    Bedrock, arns,
    behind::behind,
    bodies::{asked_for, choices},
    families::{Answers, limit, partition},
    json::Json,
    names::{GuardrailId, GuardrailVersion, ModelId},
    pace::Pace,
    spending::{Caps, Most, about, may_have_run},
    usage::Usage,
    wire::Figures,
};

/// Calls a model with a body of its own form, as for embeddings and images. For chat: converse.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct InvokeModel {
    model: ModelId,
    /// `{"inputText":"hello"}`
    body: Json,
    guardrail: Option<GuardrailId>,
    /// Default: the draft.
    guardrail_version: Option<GuardrailVersion>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Answered {
    body: AsIs,
    usage: Option<Usage>,
    latency_ms: Option<u64>,
}

impl Tool for InvokeModel {
    type Service = Bedrock;
    type Output = One<Answered>;
    const SPEC: Spec =
        arns::on_models(Spec::invoke("invoke_model", "Invoke model"), &["bedrock:InvokeModel"])
            .on(arns::APPLICATION_INFERENCE_PROFILE, &["bedrock:GetInferenceProfile"])
            .when("guardrail")
            .on(arns::GUARDRAIL, &["bedrock:ApplyGuardrail"])
            .minutes(15)
            .quotes()
            .optional();

    async fn call(self, cx: &Call<Bedrock>) -> Result<Self::Output> {
        let caps = Caps::of(cx)?;
        let mut body = self.body.0;
        let model = behind(cx, &self.model).await;
        let most = most(cx, &caps, &model, &mut body)?;
        let input = body.to_string();
        let mut pace = Pace::new(cx);
        // Every family names its cache points in words of its own.
        let caches = input.contains("cache");
        let can_use =
            Most { input: about(input.len()), output: most, caches, tier: None, behind: Some(&model) };
        let hold = pace.of(caps.hold(&self.model, can_use)).await?;
        let version = self
            .guardrail
            .as_ref()
            .map(|_| self.guardrail_version.as_ref().map_or("DRAFT", GuardrailVersion::as_str).to_owned());
        let figures = Figures::default();
        let asked = cx
            .client()
            .runtime
            .invoke_model()
            .model_id(self.model.as_str())
            .content_type("application/json")
            .accept("*/*")
            .set_guardrail_identifier(self.guardrail.as_ref().map(ToString::to_string))
            .set_guardrail_version(version)
            .body(Blob::new(input))
            .customize()
            .interceptor(figures.clone())
            .config_override(Builder::default().retry_partition(partition(&model)))
            .send();
        let out = match pace.of(asked).await {
            Ok(out) => out,
            Err(error) => {
                let error = Error::from(error);
                if !may_have_run(&error) {
                    hold.release();
                }
                return Err(error);
            }
        };
        let body = out.body.into_inner();
        let (mut usage, latency_ms) = figures.told();
        match &mut usage {
            Some(usage) => cx.note(hold.settle(usage)),
            None => cx.note("AWS did not tell what was used: the most that the call could use is counted"),
        }
        Ok(One(Answered { body: AsIs(shown(&out.content_type, body)), usage, latency_ms }))
    }
}

/// The most output tokens that a call with this body may have. A limit that it lacks is written into it where the family of
/// the model has one.
fn most(cx: &Call<Bedrock>, caps: &Caps, model: &ModelId, body: &mut Value) -> Result<u64> {
    let answers = Answers::of(model);
    if answers == Answers::Media {
        caps.unmetered("a model of images, video or speech")?;
    }
    let each = match (asked_for(body), answers) {
        (Some(asked), _) => caps.output(Some(asked))?,
        (None, Answers::Numbers | Answers::Media) => return Ok(0),
        (None, Answers::Text(path)) => {
            limit(body, path, caps.most());
            cx.note(format!(
                "the body set no limit of output tokens: {} at `{}` was added",
                caps.most(),
                path.join(".")
            ));
            caps.most()
        }
        (None, Answers::Unknown) if caps.in_all() => {
            return Err(Error::refused(format!(
                "the body sets no limit of output tokens, and what {model} may answer at most is not known"
            ))
            .with_next(
                "give the limit in the body by the model's own name for it, such as \"max_tokens\": 500",
            ));
        }
        (None, Answers::Unknown) => 0,
    };
    Ok(each.saturating_mul(choices(body)))
}

/// JSON, text, or what it is.
fn shown(content_type: &str, body: Vec<u8>) -> Value {
    match (serde_json::from_slice(&body), std::str::from_utf8(&body)) {
        (Ok(value), _) => value,
        (Err(_), Ok(text)) => json!(text),
        (Err(_), Err(_)) => json!({
            "content_type": content_type,
            "size": human_size(body.len() as u64),
            "base64": BASE64_STANDARD.encode(body),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_shown_as_what_it_is() {
        assert_eq!(shown("application/json", b"{\"a\":1}".to_vec()), json!({"a": 1}));
        assert_eq!(shown("text/plain", b"hello".to_vec()), json!("hello"));
        assert_eq!(shown("audio/mpeg", vec![0xff, 0xfe])["size"], "2 B");
    }
}
