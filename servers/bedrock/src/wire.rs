//! What goes over the wire, as AWS's JSON, where that is passed on as it is: a guardrail has forty nested types, whose
//! names callers know from AWS's own reference.

use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        interceptors::{Intercept, context::AfterDeserializationInterceptorContextRef, dyn_dispatch_hint},
        orchestrator::HttpRequest,
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::{body::SdkBody, config_bag::ConfigBag};
use awsmcp_mcp::{Error, Result};
use serde_json::Value;

use crate::usage::Usage;

/// Hears the body of an answer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Heard(Arc<Mutex<Vec<u8>>>);

impl Heard {
    /// # Errors
    /// When it was no JSON.
    pub(crate) fn json(&self) -> Result<Value> {
        let body = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        serde_json::from_slice(&body)
            .map_err(|error| Error::internal(format!("AWS's answer is not JSON: {error}")))
    }
}

#[dyn_dispatch_hint]
impl Intercept for Heard {
    fn name(&self) -> &'static str {
        "awsmcp heard"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(bytes) = context.response().body().bytes() {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = bytes.to_vec();
        }
        Ok(())
    }
}

/// Sends `body` in place of what the SDK wrote, but for the token that AWS knows a request by which is sent twice. It is put
/// there before the request is signed.
pub(crate) fn saying(body: &Value) -> impl Fn(&mut HttpRequest) + Send + Sync + 'static {
    const TOKEN: &str = "clientRequestToken";
    let body = body.clone();
    move |request| {
        let mut body = body.clone();
        let written = request.body().bytes().and_then(|bytes| serde_json::from_slice::<Value>(bytes).ok());
        if let (Some(fields), Some(token)) =
            (body.as_object_mut(), written.as_ref().and_then(|written| written.get(TOKEN)))
        {
            fields.insert(TOKEN.to_owned(), token.clone());
        }
        let body = body.to_string();
        request.headers_mut().insert("content-length", body.len().to_string());
        *request.body_mut() = SdkBody::from(body);
    }
}

/// What the headers of an answer tell of its use, whatever the model's own form is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Figures(Arc<Mutex<(Option<Usage>, Option<u64>)>>);

impl Figures {
    pub(crate) fn told(&self) -> (Option<Usage>, Option<u64>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[dyn_dispatch_hint]
impl Intercept for Figures {
    fn name(&self) -> &'static str {
        "awsmcp figures"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let header = |name: &str| {
            context
                .response()
                .headers()
                .get(format!("x-amzn-bedrock-{name}"))
                .and_then(|text| text.parse().ok())
        };
        let usage = header("input-token-count").map(|input_tokens| Usage {
            input_tokens,
            output_tokens: header("output-token-count").unwrap_or(0),
            cache_read_tokens: header("cache-read-input-token-count").filter(|count| *count > 0),
            cache_write_tokens: header("cache-write-input-token-count").filter(|count| *count > 0),
            ..Usage::default()
        });
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = (usage, header("invocation-latency"));
        Ok(())
    }
}
