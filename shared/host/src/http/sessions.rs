//! Sessions of clients from 2025 that want them: so many at most, kept for a while, and each its caller's own.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use awsmcp_mcp::Principal;
use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header::RETRY_AFTER};
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;

use super::{Sessions, message::RpcCall};
use crate::answer::error_answer;

const SESSION_ID: &str = "mcp-session-id";

/// Who began which session. Without sessions every request stands for itself, and a session's id means nothing.
#[derive(Clone)]
pub(super) struct Owners {
    manager: Arc<LocalSessionManager>,
    most: Option<usize>,
    of: Arc<Mutex<HashMap<String, Option<String>>>>,
}

impl Owners {
    pub(super) fn new(sessions: Option<Sessions>) -> Self {
        let mut manager = LocalSessionManager::default();
        if let Some(sessions) = sessions {
            manager.session_config.keep_alive = Some(sessions.idle);
        }
        Owners {
            manager: Arc::new(manager),
            most: sessions.map(|sessions| sessions.most),
            of: Arc::default(),
        }
    }

    /// What rmcp keeps the sessions in.
    pub(super) fn manager(&self) -> Arc<LocalSessionManager> {
        self.manager.clone()
    }

    fn owns(&self, id: &str, caller: Option<&str>) -> bool {
        let of = self.of.lock().unwrap_or_else(PoisonError::into_inner);
        of.get(id).is_some_and(|owner| owner.as_deref() == caller)
    }

    async fn took(&self, id: String, caller: Option<String>) {
        let alive = self.manager.sessions.read().await;
        let mut of = self.of.lock().unwrap_or_else(PoisonError::into_inner);
        of.retain(|known, _| alive.contains_key(known.as_str()));
        of.insert(id, caller);
    }
}

/// Holds a session to the caller who began it, and begins no more than may be.
pub(super) async fn owned(State(owners): State<Owners>, request: Request, next: Next) -> Response {
    let Some(most) = owners.most else { return next.run(request).await };
    let caller = request.extensions().get::<Principal>().map(|principal| principal.name.clone());
    let given = session(request.headers());
    if let Some(id) = &given
        && !owners.owns(id, caller.as_deref())
    {
        // As for a session that never was: that it is somebody else's is nobody's business.
        return error_answer(StatusCode::NOT_FOUND, "there is no such session: initialize anew");
    }
    let begins = given.is_none() && request.extensions().get::<RpcCall>().is_some_and(RpcCall::initializes);
    if begins && owners.manager.sessions.read().await.len() >= most {
        let mut full = error_answer(
            StatusCode::TOO_MANY_REQUESTS,
            "too many sessions: call again later, or without one",
        );
        full.headers_mut().insert(RETRY_AFTER, HeaderValue::from(30));
        return full;
    }
    let ends = request.method() == Method::DELETE;
    let mut response = next.run(request).await;
    if ends && response.status() == StatusCode::ACCEPTED {
        // Ended it is, and not just asked for: some clients take nothing else for success.
        *response.status_mut() = StatusCode::NO_CONTENT;
    }
    if begins && let Some(id) = session(response.headers()) {
        owners.took(id, caller).await;
    }
    response
}

fn session(headers: &HeaderMap) -> Option<String> {
    headers.get(SESSION_ID).and_then(|id| id.to_str().ok()).map(str::to_owned)
}
