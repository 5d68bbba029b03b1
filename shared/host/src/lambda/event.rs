//! The HTTP request in an event, as whoever stands before the function wrote it down.
//!
//! `lambda_http` makes the request of it. What it would do to an event as it comes is prevented here: of several values of
//! a header of a REST API it keeps the last, so that a smuggled second one would go unseen; it panics at a Host header or
//! a forwarded scheme that are none, and at a body that is not the base64 it is said to be; and it takes the stage for a
//! part of the path.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use http::{
    HeaderValue, Uri,
    header::{CONTENT_LENGTH, HOST, TRANSFER_ENCODING},
};
use lambda_http::request::LambdaRequest;
use serde_json::{Map, Value, json};

/// What stands before the function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Front {
    /// The function's own URL.
    FunctionUrl,
    /// API Gateway, an HTTP API, payload format 2.0.
    HttpApi,
    /// API Gateway, a REST API (or an HTTP API with payload format 1.0).
    RestApi,
    /// An Application Load Balancer.
    LoadBalancer,
}

/// An event that holds an HTTP request.
#[derive(Debug)]
pub(super) struct Event {
    pub(super) front: Front,
    /// What the front says of the request, among it who makes it. Of the event, only this is not the caller's word.
    pub(super) context: Value,
    pub(super) body: Bytes,
    /// The server's own path: what an API puts before it, a stage or a base path, is cut off.
    path: Uri,
    host: Option<HeaderValue>,
}

impl Event {
    /// The event, and its request as `lambda_http` takes it.
    ///
    /// # Errors
    /// When it holds none; the text says what does.
    pub(super) fn read(event: Value) -> Result<(Event, LambdaRequest), String> {
        let Value::Object(mut event) = event else { return Err(NO_REQUEST.to_owned()) };
        let context = event.remove("requestContext").unwrap_or_default();
        let front = front(&event, &context).ok_or(NO_REQUEST)?;
        let (method, path) = match front {
            Front::FunctionUrl | Front::HttpApi => (context.pointer("/http/method"), event.get("rawPath")),
            Front::RestApi | Front::LoadBalancer => (event.get("httpMethod"), event.get("path")),
        };
        let method = method.cloned().ok_or(NO_REQUEST)?;
        let path: Uri = path
            .and_then(Value::as_str)
            .and_then(|path| own(path).parse().ok())
            .filter(|path: &Uri| path.path().starts_with('/'))
            .ok_or(NO_REQUEST)?;
        let body = body(event.remove("body"), event.get("isBase64Encoded"))?;
        let (headers, host) = headers(&mut event);
        let request = match front {
            Front::FunctionUrl | Front::HttpApi => {
                let context = json!({"http": {"method": method}});
                let (name, headers) = headers;
                let event = json!({"rawPath": path.path(), name: headers, "requestContext": context});
                serde_json::from_value(event).map(LambdaRequest::ApiGatewayV2)
            }
            Front::RestApi => {
                let context = json!({"httpMethod": method});
                let (name, headers) = headers;
                let event = json!({"httpMethod": method, "path": path.path(), name: headers, "requestContext": context});
                serde_json::from_value(event).map(LambdaRequest::ApiGatewayV1)
            }
            Front::LoadBalancer => {
                let context = json!({"elb": {}});
                let (name, headers) = headers;
                let event = json!({"httpMethod": method, "path": path.path(), name: headers, "requestContext": context});
                serde_json::from_value(event).map(LambdaRequest::Alb)
            }
        };
        let request = request.map_err(|error| format!("{NO_REQUEST}: {error}"))?;
        Ok((Event { front, context, body, path, host }, request))
    }

    /// Whether the request is for what the server tells everybody: that it is there, and who issues its tokens.
    pub(super) fn for_anybody(&self) -> bool {
        matches!(self.path.path(), "/healthz" | "/readyz") || self.path.path().starts_with("/.well-known/")
    }

    /// The request that `lambda_http` made, as the server takes it.
    pub(super) fn request(&self, made: lambda_http::Request) -> axum::extract::Request {
        let (made, _) = made.into_parts();
        let mut request = axum::extract::Request::new(self.body.clone().into());
        *request.method_mut() = made.method;
        *request.uri_mut() = self.path.clone();
        *request.headers_mut() = made.headers;
        if let Some(host) = &self.host {
            request.headers_mut().insert(HOST, host.clone());
        }
        // Counted by the client before the body was put into the event.
        request.headers_mut().remove(TRANSFER_ENCODING);
        request.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(self.body.len()));
        request
    }
}

const NO_REQUEST: &str = "this event holds no HTTP request; the function serves its own URL, API Gateway's HTTP and \
    REST APIs, Application Load Balancers, and Lambda targets of AgentCore Gateway, whose tool stands in \
    client_context.custom.bedrockAgentCoreToolName";

fn front(event: &Map<String, Value>, context: &Value) -> Option<Front> {
    if context.get("elb").is_some() {
        return Some(Front::LoadBalancer);
    }
    if context.get("http").is_some() {
        let domain = context.get("domainName").and_then(Value::as_str).unwrap_or_default();
        return Some(if domain.contains(".lambda-url.") { Front::FunctionUrl } else { Front::HttpApi });
    }
    (context.is_object() && event.contains_key("httpMethod")).then_some(Front::RestApi)
}

/// The path without what an API puts before it. What that is, it may say in several places or nowhere; the server's own
/// paths are few.
fn own(path: &str) -> &str {
    let last = path.rfind('/').and_then(|at| path.get(at..)).unwrap_or(path);
    if matches!(last, "/mcp" | "/healthz" | "/readyz") && !path.contains("/.well-known/") {
        return last;
    }
    path.find("/.well-known/").and_then(|at| path.get(at..)).unwrap_or(path)
}

/// The headers in the one form that has all their values, under its name, and the host apart.
fn headers(event: &mut Map<String, Value>) -> ((&'static str, Value), Option<HeaderValue>) {
    let mut taken =
        |name: &str| event.remove(name).and_then(|headers| headers.as_object().cloned()).unwrap_or_default();
    let (several, single) = (taken("multiValueHeaders"), taken("headers"));
    let (form, mut headers) =
        if several.is_empty() { ("headers", single) } else { ("multiValueHeaders", several) };
    let mut host = None;
    headers.retain(|name, value| {
        if name.eq_ignore_ascii_case("host") {
            let first = value.get(0).unwrap_or(value).as_str();
            host = first.and_then(|host| host.parse().ok());
            return false;
        }
        !name.eq_ignore_ascii_case("x-forwarded-proto")
    });
    ((form, Value::Object(headers)), host)
}

fn body(body: Option<Value>, encoded: Option<&Value>) -> Result<Bytes, String> {
    let Some(Value::String(text)) = body else { return Ok(Bytes::new()) };
    if encoded != Some(&Value::Bool(true)) {
        return Ok(text.into());
    }
    let decoded = BASE64_STANDARD.decode(text);
    decoded
        .map(Bytes::from)
        .map_err(|error| format!("the event's body is not the base64 it says it is: {error}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_an_api_puts_before_a_path_is_cut_off() {
        for path in ["/mcp", "/prod/mcp", "/base/path/mcp"] {
            assert_eq!(own(path), "/mcp");
        }
        assert_eq!(own("/prod/healthz"), "/healthz");
        assert_eq!(
            own("/prod/.well-known/oauth-protected-resource"),
            "/.well-known/oauth-protected-resource"
        );
        assert_eq!(
            own("/.well-known/oauth-protected-resource/mcp"),
            "/.well-known/oauth-protected-resource/mcp"
        );
        assert_eq!(own("/mcp/secret"), "/mcp/secret");
        assert_eq!(own("/not-mcp"), "/not-mcp");
    }

    fn request(event: Value) -> Result<axum::extract::Request, String> {
        let (event, request) = Event::read(event)?;
        Ok(event.request(request.into()))
    }

    #[test]
    fn every_value_of_a_header_is_kept() {
        let event = |context: Value| {
            json!({
                "httpMethod": "POST", "path": "/mcp", "requestContext": context,
                "headers": {"Origin": "https://b"},
                "multiValueHeaders": {"Origin": ["https://a", "https://b"], "Host": ["no host\\"]}
            })
        };
        for context in [json!({"elb": {}}), json!({"stage": "prod", "httpMethod": "POST"})] {
            let request = request(event(context)).unwrap();
            let origins: Vec<_> = request.headers().get_all("origin").iter().collect();
            assert_eq!(origins, ["https://a", "https://b"]);
            assert_eq!(
                (request.uri().path(), request.headers()["host"].as_bytes()),
                ("/mcp", &b"no host\\"[..])
            );
        }
    }

    #[test]
    fn a_body_is_counted_as_it_is() {
        let event = |body: &str| {
            request(json!({
                "rawPath": "/mcp", "requestContext": {"stage": "a", "http": {"method": "POST"}},
                "headers": {"Content-Length": "999", "transfer-encoding": "chunked", "x-forwarded-proto": "no scheme"},
                "body": body, "isBase64Encoded": true
            }))
        };
        let request = event("e30=").unwrap();
        assert_eq!(request.headers()[CONTENT_LENGTH], "2");
        assert_eq!(request.headers().get(TRANSFER_ENCODING), None);
        assert!(event("{}").unwrap_err().contains("not the base64"));
    }

    #[test]
    fn an_event_without_a_request_is_told_apart() {
        for event in [json!(null), json!({}), json!({"Records": []}), json!({"requestContext": {}})] {
            assert!(request(event).unwrap_err().contains("holds no HTTP request"));
        }
    }
}
