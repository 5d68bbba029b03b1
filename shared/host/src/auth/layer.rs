//! Authentication as a layer of the HTTP service, and what tells clients how to authenticate.

use std::sync::Arc;

use awsmcp_mcp::{Risk, scope};
use axum::{
    Json,
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{
    HeaderMap, HeaderValue, StatusCode, Uri,
    header::{HOST, RETRY_AFTER, WWW_AUTHENTICATE},
};
use serde_json::json;

use super::{ASK_AGAIN, Auth, Denied};
use crate::answer::error_answer;

/// Lets requests of known callers pass, with the caller in their extensions; all others are told how to become one.
pub(crate) async fn authenticate(State(auth): State<Arc<Auth>>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    match auth.caller(&parts).await {
        Ok(caller) => {
            if let Some(caller) = caller {
                parts.extensions.insert(caller);
            }
            next.run(Request::from_parts(parts, body)).await
        }
        Err(denied) => auth.refused(&parts.headers, &denied),
    }
}

/// RFC 9728: what this resource is, who issues tokens for it, and which scopes there are.
pub(crate) async fn metadata(State(auth): State<Arc<Auth>>, headers: HeaderMap) -> Response {
    let Some(oauth) = &auth.oauth else { return StatusCode::NOT_FOUND.into_response() };
    Json(json!({
        "resource": auth.resource(&headers),
        "authorization_servers": [oauth.issuer()],
        "bearer_methods_supported": ["header"],
        "scopes_supported": Risk::ALL.map(scope),
    }))
    .into_response()
}

impl Auth {
    fn refused(&self, headers: &HeaderMap, denied: &Denied) -> Response {
        let (status, error) = match denied {
            Denied::Nobody => (StatusCode::UNAUTHORIZED, None),
            Denied::Malformed(_) => (StatusCode::BAD_REQUEST, Some("invalid_request")),
            Denied::BadToken(_) => (StatusCode::UNAUTHORIZED, Some("invalid_token")),
            Denied::Unknown(_) => (StatusCode::SERVICE_UNAVAILABLE, None),
        };
        let mut response = error_answer(status, &denied.to_string());
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(ASK_AGAIN.as_secs()));
        } else {
            self.challenge(&mut response, headers, error, Risk::Read, &denied.to_string());
        }
        response
    }

    /// The answer to a caller whose scopes do not reach.
    pub(crate) fn lacks(&self, headers: &HeaderMap, what: &str, risk: Risk) -> Response {
        let why = format!("{what} needs the scope {}: sign in with it", scope(risk));
        let mut response = error_answer(StatusCode::FORBIDDEN, &why);
        self.challenge(&mut response, headers, Some("insufficient_scope"), risk, &why);
        response
    }

    fn challenge(
        &self,
        response: &mut Response,
        headers: &HeaderMap,
        error: Option<&str>,
        risk: Risk,
        why: &str,
    ) {
        let mut words = Vec::new();
        if let Some(error) = error {
            words.push(format!("error=\"{error}\""));
            words.push(format!("error_description=\"{}\"", why.replace(['"', '\\'], "'")));
        }
        if self.oauth.is_some() {
            let resource = self.resource(headers);
            if let Ok(uri) = resource.parse::<Uri>()
                && let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority())
            {
                let place = format!("{scheme}://{authority}{METADATA}{}", uri.path().trim_end_matches('/'));
                words.push(format!("resource_metadata=\"{place}\""));
            }
            words.push(format!("scope=\"{}\"", scope(risk)));
        }
        let challenge =
            if words.is_empty() { "Bearer".to_owned() } else { format!("Bearer {}", words.join(", ")) };
        if let Ok(value) = challenge.parse() {
            response.headers_mut().insert(WWW_AUTHENTICATE, value);
        }
    }

    /// The address that clients know this server by.
    fn resource(&self, headers: &HeaderMap) -> String {
        match &self.public {
            Some(uri) => uri.to_string(),
            None => {
                let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
                format!("http://{host}/mcp")
            }
        }
    }
}

/// Where RFC 9728 puts the metadata, before the resource's own path.
pub(crate) const METADATA: &str = "/.well-known/oauth-protected-resource";
