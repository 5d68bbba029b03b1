//! AWS Lambda: the same server as a function, behind its own URL, API Gateway, a load balancer or AgentCore Gateway.
//!
//! The binary is its own `bootstrap`. Each HTTP event becomes a request to the server's router, so paths, checks and
//! answers are those of HTTP. What differs is who calls: what stands before the function has authorized the request and
//! says for whom, in a part of the event that no client writes. Nothing runs after an answer, because Lambda freezes the
//! process until the next one.

mod caller;
mod event;
mod gateway;
mod runtime;

use std::{
    convert::Infallible,
    sync::Arc,
    time::{Duration, SystemTime},
};

use ::http::{Response, StatusCode};
use anyhow::Result;
use awsmcp_mcp::{Engine, Handler, Service};
use axum::{
    Router,
    body::{Body, BodyDataStream},
};
use bytes::Bytes;
use event::{Event, Front};
use futures::{
    StreamExt as _,
    stream::{self, BoxStream},
};
use gateway::GatewayCall;
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use lambda_http::{
    Adapter, Context, LambdaEvent, Service as _, StreamAdapter, lambda_runtime::StreamResponse,
    request::LambdaRequest, service_fn,
};
use runtime::{Invocation, Outcome, RuntimeApi};
use serde_json::Value;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::{
    answer::{self, error_answer},
    auth::Scopes,
    environment,
    http::{self, Web},
    served::{self, Served},
    stop,
};

/// Where the Runtime API is, if this process was started by Lambda.
pub(crate) fn runtime_api() -> Option<String> {
    environment::variable("AWS_LAMBDA_RUNTIME_API")?.into_string().ok()
}

/// Tells Lambda, if it started this process, why the server does not start.
pub(crate) fn init_failed(message: &str) {
    if let Some(address) = runtime_api() {
        runtime::init_failed(&address, message);
    }
}

/// Answers invocations, one after the other, until told to stop. `streaming` sends answers on as they come, to the fronts
/// that can.
///
/// # Errors
/// When the Runtime API is gone.
pub(crate) async fn serve<S: Service>(
    engine: Arc<Engine<S>>,
    version: &'static str,
    runtime_api: String,
    web: Web,
    streaming: bool,
) -> Result<()> {
    let function = Function::new(engine, version, web, streaming);
    let mut api = RuntimeApi::at(runtime_api);
    let run = async {
        loop {
            let invocation = api.next().await?;
            let outcome = function.answer(&invocation).await;
            api.answer(&invocation, outcome).await?;
        }
    };
    tokio::select! {
        ended = run => ended,
        () = stop::signalled() => Ok(()),
    }
}

/// The server, as a function answers.
struct Function<S: Service> {
    engine: Arc<Engine<S>>,
    handler: Handler<S>,
    router: TowerToHyperService<Router>,
    streaming: bool,
    /// Whether a request that nobody authorized goes on to the router: it checks tokens, or the operator trusts what
    /// stands before.
    unauthorized_go_on: bool,
    /// Which scopes narrow what a caller may do.
    scopes: Scopes,
}

/// What is kept of an invocation's time to say that it is over.
const RESERVE: Duration = Duration::from_millis(500);

impl<S: Service> Function<S> {
    fn new(engine: Arc<Engine<S>>, version: &'static str, web: Web, streaming: bool) -> Self {
        let unauthorized_go_on = !web.auth.is_open();
        let scopes = web.auth.scopes().clone();
        let mut web = web;
        // Which names lead here is settled by what stands before, and the next request may come to another process.
        web.names.any_host = true;
        web.sessions = None;
        let never = CancellationToken::new();
        let handler = served::handler(&engine, version, true);
        let router = http::router(Served::alone(handler.clone()), web, never.clone(), never);
        let router = TowerToHyperService::new(router);
        Function { engine, handler, router, streaming, unauthorized_go_on, scopes }
    }

    async fn answer(&self, invocation: &Invocation) -> Outcome {
        let time = Time::left(invocation.deadline);
        let Ok(event) = serde_json::from_slice::<Value>(&invocation.event) else {
            return Outcome::Failed("the event is not JSON".to_owned());
        };
        if let Some(call) = GatewayCall::read(&invocation.context) {
            return self.gateway(call, event, &time).await;
        }
        match Event::read(event) {
            Ok((event, request)) => self.http(event, request, time).await,
            Err(why) => Outcome::Failed(why),
        }
    }

    async fn gateway(&self, call: GatewayCall, arguments: Value, time: &Time) -> Outcome {
        let answer = time.within(call.answer(&self.engine, &self.handler, arguments)).await;
        idle(&self.engine, time).await;
        let answer = answer.unwrap_or_else(|| gateway::failed(&time.over())).to_string();
        Outcome::Whole(if answer.len() > MOST {
            gateway::failed(&too_large(answer.len(), MOST)).to_string()
        } else {
            answer
        })
    }

    async fn http(&self, event: Event, request: LambdaRequest, time: Time) -> Outcome {
        let invocation = LambdaEvent::new(request, Context::default());
        if self.streaming && matches!(event.front, Front::FunctionUrl | Front::RestApi) {
            let answer = service_fn(|made| async {
                let response = self.response(&event, made, &time).await;
                Ok::<_, Infallible>(response.map(|body| self.streamed(body, &event, &time)))
            });
            let Ok(StreamResponse { metadata_prelude, stream }) =
                StreamAdapter::from(answer).call(invocation).await;
            return match serde_json::to_value(metadata_prelude) {
                Ok(head) => Outcome::Streamed(head, stream.boxed()),
                Err(error) => Outcome::Failed(error.to_string()),
            };
        }
        let answer = service_fn(|made| async {
            let response = self.response(&event, made, &time).await;
            Ok::<_, Infallible>(self.whole(response, &event, &time).await)
        });
        let Ok(answer) = Adapter::from(answer).call(invocation).await;
        serde_json::to_string(&answer).map_or_else(|error| Outcome::Failed(error.to_string()), Outcome::Whole)
    }

    /// What the server answers, in time.
    async fn response(&self, event: &Event, made: lambda_http::Request, time: &Time) -> Response<Body> {
        let mut request = event.request(made);
        match caller::caller(event.front, &event.context, &self.scopes) {
            Some(caller) => {
                request.extensions_mut().insert(caller);
            }
            None if !self.unauthorized_go_on && !event.for_anybody() => return refused(event.front),
            None => {}
        }
        match time.within(self.router.call(request)).await {
            Some(answered) => {
                let Ok::<_, Infallible>(response) = answered;
                response
            }
            None => failed(&event.body, &time.over()),
        }
    }

    /// A response of which all is there, and after which nothing goes on.
    async fn whole(&self, response: Response<Body>, event: &Event, time: &Time) -> Response<Body> {
        let (head, body) = response.into_parts();
        let body = time.within(axum::body::to_bytes(body, usize::MAX)).await;
        idle(&self.engine, time).await;
        let most = if event.front == Front::LoadBalancer { MOST_OF_A_BALANCER } else { MOST };
        match body {
            Some(Ok(body)) => match written(&body) {
                size if size > most => failed(&event.body, &too_large(size, most)),
                _ => Response::from_parts(head, body.into()),
            },
            Some(Err(error)) => failed(&event.body, &format!("the answer broke off: {error}")),
            None => failed(&event.body, &time.over()),
        }
    }

    /// A body that is sent on as it comes, and after which nothing goes on.
    fn streamed(&self, body: Body, event: &Event, time: &Time) -> Body {
        let (engine, asked, time) = (self.engine.clone(), event.body.clone(), time.clone());
        Body::from_stream(Rest { body: Some(body.into_data_stream()), engine, asked, time }.stream())
    }
}

/// The most that Lambda carries of a whole answer, in bytes of JSON, less room for the head.
const MOST: usize = 6 * 1024 * 1024 - 16 * 1024;
/// The most that a load balancer takes.
const MOST_OF_A_BALANCER: usize = 1_000_000;

/// How many bytes a body has as JSON text.
fn written(body: &Bytes) -> usize {
    let escaped = |byte: &u8| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' => 2,
        0..0x20 => 6,
        _ => 1,
    };
    body.iter().map(escaped).sum()
}

/// Waits until nothing of an invocation goes on, as long as there is time.
async fn idle<S: Service>(engine: &Engine<S>, time: &Time) {
    match time.until {
        None => engine.idle().await,
        Some(until) => {
            if timeout_at(until + RESERVE / 2, engine.idle()).await.is_err() {
                tracing::warn!("something of a call goes on after its answer");
            }
        }
    }
}

/// The time of one invocation.
#[derive(Clone)]
struct Time {
    /// When it is over for the work; never where the Runtime API does not say.
    until: Option<Instant>,
    /// How long it was in all.
    all: Duration,
}

impl Time {
    fn left(deadline: Option<SystemTime>) -> Time {
        let left = deadline.map(|deadline| deadline.duration_since(SystemTime::now()).unwrap_or_default());
        Time {
            until: left.map(|left| Instant::now() + left.saturating_sub(RESERVE)),
            all: left.unwrap_or_default(),
        }
    }

    /// What comes of the work, unless its time is over first.
    async fn within<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        match self.until {
            Some(until) => timeout_at(until, work).await.ok(),
            None => Some(work.await),
        }
    }

    fn over(&self) -> String {
        format!(
            "the function's time was over before the tool had an answer: it had {:.1} s. Ask for less, or have the \
             operator raise the function's timeout",
            self.all.as_secs_f64()
        )
    }
}

/// What is left of an answer that is streamed.
struct Rest<S: Service> {
    body: Option<BodyDataStream>,
    engine: Arc<Engine<S>>,
    asked: Bytes,
    time: Time,
}

impl<S: Service> Rest<S> {
    fn stream(self) -> BoxStream<'static, Result<Bytes, axum::Error>> {
        stream::unfold(self, |mut rest| async move {
            let body = rest.body.as_mut()?;
            match rest.time.within(body.next()).await {
                Some(Some(chunk)) => Some((chunk, rest)),
                Some(None) => {
                    rest.body = None;
                    idle(&rest.engine, &rest.time).await;
                    None
                }
                None => {
                    rest.body = None;
                    idle(&rest.engine, &rest.time).await;
                    let over = answer::error(Some(id(&rest.asked)), INTERNAL, &rest.time.over());
                    Some((Ok(format!("event: message\ndata: {over}\n\n").into()), rest))
                }
            }
        })
        .boxed()
    }
}

/// The answer to a request that nothing has authorized.
fn refused(front: Front) -> Response<Body> {
    let mend = match front {
        Front::FunctionUrl => "give the function's URL the AuthType AWS_IAM",
        Front::HttpApi => {
            "give the API's route an authorizer: IAM, JWT, or a Lambda that answers a principalId"
        }
        Front::RestApi => {
            "give the API's method an authorizer: IAM, Cognito, or a Lambda that answers a principalId; an API key is none"
        }
        Front::LoadBalancer => {
            "behind a load balancer with an authenticate action, set AWSMCP_TRUST_UPSTREAM=true and \
             AWSMCP_TRUST_PRINCIPAL_HEADER=x-amzn-oidc-identity"
        }
    };
    let text = format!(
        "nothing authorized this request before it reached the function. Its operator can mend that: {mend}; or let the \
         server check tokens itself (AWSMCP_TOKENS, AWSMCP_OAUTH_ISSUER)"
    );
    error_answer(StatusCode::FORBIDDEN, &text)
}

fn too_large(size: usize, most: usize) -> String {
    format!(
        "the answer has {size} bytes, and here at most {most} are carried. Ask for less, with limit or max_chars, or have \
         the operator stream answers (--lambda-streaming)"
    )
}

/// An error that a client shows: the answer to the JSON-RPC request, if it was one.
fn failed(asked: &Bytes, text: &str) -> Response<Body> {
    answer::rpc_error(StatusCode::OK, Some(id(asked)), INTERNAL, text)
}

/// JSON-RPC's code for what went wrong on our side.
const INTERNAL: i64 = -32_603;

/// The id of the JSON-RPC request that a body is; null if it is none.
fn id(asked: &Bytes) -> Value {
    let asked: Value = serde_json::from_slice(asked).unwrap_or_default();
    asked.get("id").cloned().unwrap_or_default()
}
