use aws_sdk_bedrockruntime::{config::Builder, primitives::Blob};
use awsmcp_mcp::{Call, Error, Page, Result, Spec, Tool};
use futures::{StreamExt, stream};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    Bedrock, arns,
    behind::found,
    families::{Embeds, partition},
    names::ModelId,
    pace::Pace,
    spending::{Caps, Most, about, may_have_run},
    wire::Figures,
};

/// Makes vectors of texts, with a model of Titan, Cohere or Nova, in the form that its family wants. Of images and by other
/// models: invoke_model.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Embed {
    /// `amazon.titan-embed-text-v2:0`, `cohere.embed-v4:0`
    model: ModelId,
    #[schemars(length(min = 1, max = 256))]
    texts: Vec<String>,
    /// They are questions, and not what is searched.
    #[serde(default)]
    questions: bool,
    /// How long each vector is, where the model has several lengths.
    #[schemars(range(min = 1, max = 4096))]
    dimensions: Option<u32>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Row {
    /// Which of `texts`, from 0.
    index: usize,
    vector: Option<Value>,
    error: Option<String>,
}

impl Tool for Embed {
    type Service = Bedrock;
    type Output = Page<Row>;
    const SPEC: Spec = arns::on_models(Spec::invoke("embed", "Embed texts"), &["bedrock:InvokeModel"])
        .on(arns::APPLICATION_INFERENCE_PROFILE, &["bedrock:GetInferenceProfile"])
        .minutes(15)
        .quotes()
        .optional();

    async fn call(self, cx: &Call<Bedrock>) -> Result<Self::Output> {
        const AT_ONCE: usize = 4;
        let model = found(cx, &self.model).await?;
        let embeds = Embeds::of(&model).ok_or_else(|| {
            Error::invalid(format!("how {model} is asked for vectors is not known here")).with_next(
                "good ones are amazon.titan-embed-text-v2:0 and cohere.embed-v4:0; invoke_model takes a body of any form",
            )
        })?;
        if self.texts.iter().any(|text| text.trim().is_empty()) {
            return Err(Error::invalid("one of `texts` is empty"));
        }
        if self.dimensions.is_some() && !embeds.has_lengths(&model) {
            return Err(Error::invalid(format!(
                "the vectors of {model} have one length: leave `dimensions` out"
            )));
        }
        let caps = Caps::of(cx)?;
        let mut pace = Pace::new(cx);
        let work: Vec<_> = self
            .texts
            .chunks(embeds.at_once())
            .map(|part| self.made(cx, &caps, (embeds, &model), part))
            .collect();
        let mut running = stream::iter(work).buffered(AT_ONCE);
        let (mut rows, mut first, mut failed) = (Vec::with_capacity(self.texts.len()), None, 0);
        let mut told = None;
        while let Some((done, count)) = pace.of(running.next()).await {
            match done {
                Ok((vectors, used)) => {
                    told = used.or(told);
                    let vectors = vectors.into_iter().map(Some).chain(std::iter::repeat(None)).take(count);
                    for vector in vectors {
                        let error = vector.is_none().then(|| "the model answered no vector".to_owned());
                        rows.push(Row { index: rows.len(), vector, error });
                    }
                }
                // The others were made, and are billed.
                Err(error) => {
                    failed += count;
                    for _ in 0..count {
                        let error = Some(error.message.clone());
                        rows.push(Row { index: rows.len(), vector: None, error });
                    }
                    first.get_or_insert(error);
                }
            }
            pace.keep();
        }
        match first {
            Some(error) if failed == rows.len() => return Err(error),
            Some(_) => cx.note(format!("{failed} of {} have no vector: `error` says why", rows.len())),
            None => {}
        }
        match told {
            // Others went on meanwhile: the sum is told as it is now.
            Some(_) => cx.note(caps.so_far()),
            None => cx.note("AWS did not tell what was used: the most that the calls could use is counted"),
        }
        Ok(cx.page(rows, None))
    }
}

/// Vectors, and what was used so far.
type Made = (Vec<Value>, Option<String>);

impl Embed {
    /// The vectors of some of the texts, and how many those are.
    async fn made(
        &self,
        cx: &Call<Bedrock>,
        caps: &Caps,
        by: (Embeds, &ModelId),
        texts: &[String],
    ) -> (Result<Made>, usize) {
        (self.vectors(cx, caps, by, texts).await, texts.len())
    }

    async fn vectors(
        &self,
        cx: &Call<Bedrock>,
        caps: &Caps,
        (embeds, model): (Embeds, &ModelId),
        texts: &[String],
    ) -> Result<Made> {
        let body = embeds.body(model, texts, self.questions, self.dimensions).to_string();
        let can_use = Most { input: about(body.len()), behind: Some(model), ..Most::default() };
        let hold = caps.hold(&self.model, can_use).await?;
        let figures = Figures::default();
        let asked = cx.client().runtime.invoke_model().model_id(self.model.as_str());
        let sent = asked
            .content_type("application/json")
            .accept("*/*")
            .body(Blob::new(body))
            .customize()
            .interceptor(figures.clone())
            .config_override(Builder::default().retry_partition(partition(model)))
            .send();
        let out = match sent.await.map_err(Error::from) {
            Ok(out) => out,
            Err(error) => {
                if !may_have_run(&error) {
                    hold.release();
                }
                return Err(error);
            }
        };
        let used = figures.told().0.map(|mut usage| hold.settle(&mut usage));
        let answer: Value = serde_json::from_slice(out.body.as_ref())
            .map_err(|error| Error::internal(format!("the model's answer is not JSON: {error}")))?;
        Ok((embeds.vectors(&answer), used))
    }
}
