use std::time::{Duration, Instant};

use aws_sdk_sagemakerruntime::{
    config::{Builder, StalledStreamProtectionConfig, retry::RetryConfig},
    primitives::Blob,
    types::ResponseStream,
};
use awsmcp_mcp::{Body, Call, Error, Kind, Result, Spec, Tool, Waited, counted, human_size, quoted};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    SageMaker, arns,
    names::{ComponentName, EndpointName},
    payload::{self, Json, MOST, Payload, place},
};

/// Sends data to a model and answers what it says: JSON, CSV or bytes, as a stream, or asynchronously with the result from S3.
///
/// It is sent once, never retried.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct InvokeEndpoint {
    endpoint: EndpointName,
    /// JSON, or a text such as `1,2,3`.
    payload: Option<Json>,
    /// Bytes instead.
    base64: Option<String>,
    /// A local file instead.
    path: Option<String>,
    /// s3://bucket/key instead, if async.
    input_s3: Option<String>,
    /// Guessed where it is left out.
    content_type: Option<String>,
    accept: Option<String>,
    #[serde(default)]
    mode: Mode,
    /// Inference component.
    component: Option<ComponentName>,
    variant: Option<String>,
    /// Of several in one container: its file.
    target_model: Option<String>,
    /// Of several in a row: its host name.
    target_container: Option<String>,
    /// A stateful session's, or NEW_SESSION.
    session: Option<String>,
    /// Yours, to find the call in captured data.
    inference_id: Option<String>,
    custom_attributes: Option<String>,
    /// That the model may take if async, up to 3600.
    #[schemars(range(min = 1, max = 3600))]
    timeout_seconds: Option<i32>,
    /// That it may wait in the queue if async.
    #[schemars(range(min = 60, max = 21600))]
    queue_seconds: Option<i32>,
    /// For a result if async; default 60, 0 does not wait.
    #[schemars(range(max = 3300))]
    wait_seconds: Option<u64>,
}

#[derive(Clone, Copy, Default, Deserialize, JsonSchema, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Mode {
    #[default]
    Sync,
    Stream,
    Async,
}

impl Tool for InvokeEndpoint {
    type Service = SageMaker;
    type Output = Body;
    const SPEC: Spec = Spec::invoke("invoke_endpoint", "Invoke endpoint")
        .on(
            arns::ENDPOINT,
            &[
                "sagemaker:InvokeEndpoint",
                "sagemaker:InvokeEndpointWithResponseStream",
                "sagemaker:InvokeEndpointAsync",
            ],
        )
        .when("mode=async")
        .on(arns::RESULT, &["s3:GetObject"])
        .on(arns::RESULTS, &["s3:ListBucket"])
        .when("component")
        .on(arns::INFERENCE_COMPONENT, &["sagemaker:InvokeEndpoint"])
        .names_no_resource()
        .minutes(60);

    async fn call(self, cx: &Call<SageMaker>) -> Result<Self::Output> {
        let endpoint = self.endpoint.as_str().to_owned();
        let payload = self.payload(cx).await?;
        let of_async = [("timeout_seconds", self.timeout_seconds), ("queue_seconds", self.queue_seconds)];
        let is_astray = |given: &Option<_>| self.mode != Mode::Async && given.is_some();
        if let Some((argument, _)) = of_async.iter().find(|(_, given)| is_astray(given)) {
            return Err(Error::invalid(format!("`{argument}` is for mode async")));
        }
        if self.mode == Mode::Stream && self.target_model.is_some() {
            return Err(Error::invalid("a streamed call takes no `target_model`"));
        }
        match (self.mode, payload) {
            (Mode::Async, payload) => self.leave(cx, endpoint, payload).await,
            (Mode::Sync, Some(payload)) => self.wait(cx, endpoint, payload).await,
            (Mode::Stream, Some(payload)) => self.stream(cx, endpoint, payload).await,
            (_, None) => Err(Error::invalid("`input_s3` is for mode async").with_next(
                "give `payload`, `base64` or `path`, or mode async for an endpoint that works asynchronously",
            )),
        }
    }
}

impl InvokeEndpoint {
    async fn payload(&self, cx: &Call<SageMaker>) -> Result<Option<Payload>> {
        let content_type = self.content_type.clone();
        let payload = match (&self.payload, &self.base64, &self.path, &self.input_s3) {
            (Some(Json(value)), None, None, None) => Payload::new(value, content_type),
            (None, Some(text), None, None) => Payload::of_base64(text, content_type)?,
            (None, None, Some(path), None) => Payload::of_file(cx, path, content_type).await?,
            (None, None, None, Some(uri)) => {
                place(uri)?;
                return Ok(None);
            }
            _ => {
                return Err(Error::invalid("give exactly one of `payload`, `base64`, `path` and `input_s3`")
                    .with_next(r#"a good one is {"endpoint":"my-endpoint","payload":{"inputs":"hello"}}"#));
            }
        };
        payload.fits()?;
        Ok(Some(payload))
    }

    async fn wait(self, cx: &Call<SageMaker>, endpoint: String, payload: Payload) -> Result<Body> {
        let started = Instant::now();
        let sent = cx
            .client()
            .runtime
            .invoke_endpoint()
            .endpoint_name(&endpoint)
            .body(Blob::new(payload.bytes))
            .content_type(payload.content_type)
            .set_accept(self.accept)
            .set_custom_attributes(self.custom_attributes)
            .set_target_model(self.target_model)
            .set_target_container_hostname(self.target_container)
            .set_session_id(self.session)
            .set_inference_id(self.inference_id)
            .set_target_variant(self.variant)
            .set_inference_component_name(self.component.map(|component| component.to_string()))
            .customize()
            .config_override(once())
            .send();
        let out = told(cx, sent).await?;
        let label = label(&endpoint, out.invoked_production_variant.as_deref(), started);
        let bytes = out.body.map(Blob::into_inner).unwrap_or_default();
        for session in [out.new_session_id, out.closed_session_id].into_iter().flatten() {
            cx.note(format!("session: {}", quoted(&session)));
        }
        if let Some(attributes) = out.custom_attributes {
            cx.note(format!("custom attributes: {}", quoted(&attributes)));
        }
        Ok(payload::answer(label, bytes, out.content_type.as_deref()))
    }

    async fn stream(self, cx: &Call<SageMaker>, endpoint: String, payload: Payload) -> Result<Body> {
        let started = Instant::now();
        let sent = cx
            .client()
            .runtime
            .invoke_endpoint_with_response_stream()
            .endpoint_name(&endpoint)
            .body(Blob::new(payload.bytes))
            .content_type(payload.content_type)
            .set_accept(self.accept)
            .set_custom_attributes(self.custom_attributes)
            .set_target_container_hostname(self.target_container)
            .set_session_id(self.session)
            .set_inference_id(self.inference_id)
            .set_target_variant(self.variant)
            .set_inference_component_name(self.component.map(|component| component.to_string()))
            .customize()
            .config_override(once().stalled_stream_protection(StalledStreamProtectionConfig::disabled()))
            .send();
        let mut out = told(cx, sent).await?;
        let (mut bytes, mut size, mut parts) = (Vec::new(), 0, 0_u64);
        loop {
            match out.body.recv().await {
                Ok(Some(ResponseStream::PayloadPart(part))) => {
                    let new = part.bytes.map(Blob::into_inner).unwrap_or_default();
                    (size, parts) = (size + new.len(), parts + 1);
                    bytes.extend(new.into_iter().take(MOST.saturating_sub(bytes.len())));
                    cx.progress(
                        size as u64,
                        None,
                        format!("{} in {}", human_size(size as u64), counted(parts, "part")),
                    );
                }
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(error) => return Err(broken(Error::from(error), &bytes, size, parts)),
            }
        }
        if size > bytes.len() {
            cx.note(format!(
                "it answered {}; the first {} are kept",
                human_size(size as u64),
                human_size(MOST as u64)
            ));
        }
        cx.note(format!("{} came in {}", human_size(size as u64), counted(parts, "part")));
        let label = label(&endpoint, out.invoked_production_variant.as_deref(), started);
        Ok(payload::answer(label, bytes, out.content_type.as_deref()))
    }

    async fn leave(self, cx: &Call<SageMaker>, endpoint: String, payload: Option<Payload>) -> Result<Body> {
        let of_others = [
            self.component.is_some(),
            self.variant.is_some(),
            self.target_model.is_some(),
            self.target_container.is_some(),
            self.session.is_some(),
        ];
        if of_others.contains(&true) {
            return Err(Error::invalid(
                "an asynchronous call takes no `component`, `variant`, `target_model`, `target_container` or `session`",
            ));
        }
        let wait = Duration::from_secs(self.wait_seconds.unwrap_or(60));
        let (bytes, content_type) = match payload {
            Some(payload) => (Some(Blob::new(payload.bytes)), Some(payload.content_type)),
            None => (None, self.content_type),
        };
        let out = cx
            .client()
            .runtime
            .invoke_endpoint_async()
            .endpoint_name(&endpoint)
            .set_input_location(self.input_s3)
            .set_body(bytes)
            .set_content_type(content_type)
            .set_accept(self.accept)
            .set_custom_attributes(self.custom_attributes)
            .set_inference_id(self.inference_id)
            .set_invocation_timeout_seconds(self.timeout_seconds)
            .set_request_ttl_seconds(self.queue_seconds)
            .customize()
            .config_override(once())
            .send()
            .await?;
        let result = out.output_location.unwrap_or_default();
        let id = out.inference_id.unwrap_or_default();
        let started = Instant::now();
        let waited = match wait.is_zero() {
            true => Waited::Still(String::new()),
            false => cx.until(wait, || look(cx, &result, out.failure_location.as_deref(), started)).await?,
        };
        match waited {
            Waited::Ready(Found::Result(bytes, content_type)) => {
                let label = format!("{}, {result}", label(&endpoint, None, started));
                Ok(payload::answer(label, bytes, content_type.as_deref()))
            }
            Waited::Ready(Found::Failure(said)) => Err(Error::conflict(format!("the model failed: {said}"))
                .with_next("describe_endpoint with `log_lines` shows what its container wrote")),
            Waited::Still(_) => Ok(Body {
                label: format!("queued at {endpoint} as {id}"),
                parts: Vec::new(),
                rest: Some(format!("the result will be at {result}")),
                ..Body::default()
            }),
        }
    }
}

/// What an asynchronous call left behind.
enum Found {
    Result(Vec<u8>, Option<String>),
    Failure(String),
}

/// Looks where the result, or what the model said when it failed, will be.
async fn look(
    cx: &Call<SageMaker>,
    result: &str,
    failure: Option<&str>,
    started: Instant,
) -> Result<Waited<Found>> {
    if let Some((bytes, content_type)) = fetch(cx, result).await? {
        return Ok(Waited::Ready(Found::Result(bytes, content_type)));
    }
    if let Some(failure) = failure
        && let Some((bytes, _)) = fetch(cx, failure).await?
    {
        let said = String::from_utf8_lossy(&bytes).chars().take(2000).collect();
        return Ok(Waited::Ready(Found::Failure(said)));
    }
    Ok(Waited::Still(format!("no result after {} s", started.elapsed().as_secs())))
}

/// An object, if it is there.
async fn fetch(cx: &Call<SageMaker>, uri: &str) -> Result<Option<(Vec<u8>, Option<String>)>> {
    let (bucket, key) = place(uri)?;
    may_read(cx, bucket, key).await?;
    let got = cx.client().s3.get_object().bucket(bucket).key(key).send().await.map_err(Error::from);
    let mut object = match got {
        Ok(object) => object,
        // It is looked for again: the model was called and paid for.
        Err(error) if error.kind == Kind::NotFound || error.retryable() => return Ok(None),
        Err(error) if error.kind == Kind::AccessDenied => {
            return Err(error.with_next(format!(
                "the call was made and its result will be at {uri}; to read it here allow s3:GetObject and s3:ListBucket: without \
                 the latter S3 denies what is not there yet"
            )));
        }
        Err(mut error) => {
            error.message =
                format!("the call was made; its result at {uri} cannot be read: {}", error.message);
            return Err(error);
        }
    };
    let (mut bytes, mut size) = (Vec::new(), 0);
    while let Some(chunk) = object.body.next().await {
        // It is read again: the result lies there.
        let Ok(chunk) = chunk else { return Ok(None) };
        size += chunk.len();
        bytes.extend(chunk.iter().take(MOST.saturating_sub(bytes.len())));
    }
    if size > bytes.len() {
        cx.note(format!(
            "the result has {}; the first {} are shown, and all of it lies at {uri}",
            human_size(size as u64),
            human_size(MOST as u64)
        ));
    }
    Ok(Some((bytes, object.content_type)))
}

/// Where the result lies is the endpoint's to say: it was not held to the ARN allow-list before the call.
async fn may_read(cx: &Call<SageMaker>, bucket: &str, key: &str) -> Result<()> {
    let named = [("answer.bucket", bucket), ("answer.key", key)];
    cx.may("s3:GetObject", arns::RESULT, &named).await.map_err(|refused| {
        let partition = awsmcp_sdk::partition(cx.region());
        let text = format!(
            "the call was made; its result at s3://{bucket}/{key} cannot be read: {}",
            refused.message
        );
        Error::new(refused.kind, text).with_next(format!(
            "ask the operator to add it with --allow-arn arn:{partition}:s3:::{bucket}/{key}"
        ))
    })
}

/// What came before the end counts too.
fn broken(mut error: Error, bytes: &[u8], size: usize, parts: u64) -> Error {
    let said: String = String::from_utf8_lossy(bytes).chars().take(1000).collect();
    let before = if size == 0 {
        "before anything came".to_owned()
    } else {
        format!("after {} in {}, which begin {said:?}", human_size(size as u64), counted(parts, "part"))
    };
    error.message = format!("the answer broke off {before}: {}", error.message);
    error.with_next("describe_endpoint with `log_lines` shows what its container wrote")
}

fn label(endpoint: &str, variant: Option<&str>, started: Instant) -> String {
    let variant = variant.map(|variant| format!(", variant {variant}")).unwrap_or_default();
    format!("{endpoint}{variant}, {} ms", started.elapsed().as_millis())
}

/// A second try could run a model twice.
fn once() -> Builder {
    Builder::default().retry_config(RetryConfig::disabled())
}

/// Tells the caller now and then that the model is still at work.
async fn told<T, E: Into<Error>>(
    cx: &Call<SageMaker>,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T> {
    const PAUSE: Duration = Duration::from_secs(5);
    let (started, mut work) = (Instant::now(), Box::pin(work));
    loop {
        match tokio::time::timeout(PAUSE, &mut work).await {
            Ok(done) => return done.map_err(Into::into),
            Err(_) => {
                let seconds = started.elapsed().as_secs();
                cx.progress(seconds, None, format!("at work for {seconds} s"));
            }
        }
    }
}
