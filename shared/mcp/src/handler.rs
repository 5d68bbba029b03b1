//! MCP: the protocol's requests, answered from the engine.
//!
//! Each method reads a request, asks the engine, and puts its answer into the protocol's words. What takes more than that
//! stands in a room of its own: [`asking`] confirms plans, [`progress`] reports how far a call is, [`reading`] and
//! [`completing`] are of resources.

mod asking;
mod completing;
mod progress;
mod reading;

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use rmcp::{
    ErrorData, RoleServer, ServerHandler,
    model::{
        CacheScope, CallToolRequestParams, CallToolResponse, CallToolResult, CompleteRequestParams,
        CompleteResult, ContentBlock, DiscoverResult, Extensions, GetPromptRequestParams, GetPromptResponse,
        Implementation, InitializeRequestParams, InitializeResult, ListPromptsResult,
        ListResourceTemplatesResult, ListResourcesResult, ListToolsResult, PaginatedRequestParams,
        ReadResourceRequestParams, ReadResourceResponse, ServerCapabilities, ServerConfig, Tool,
    },
    service::{Peer, RequestContext},
};

use self::progress::Notifications;
use crate::{
    Answer, Caller, Consent, Engine, Principal, Prompt, Service, content,
    greeting::{STATIC_TTL_MS, discovered, initialized},
    listing,
};

/// A server, as rmcp runs it: alone, wrapped in [`Stamped`](crate::Stamped), or as a [`Member`](crate::Member) of several.
pub struct Handler<S: Service> {
    engine: Arc<Engine<S>>,
    /// The list of tools, once somebody asked for it.
    tools: Arc<OnceLock<Vec<Tool>>>,
    /// Whether somebody looks already whether the tools that only the account knows have changed.
    watching: Arc<AtomicBool>,
    version: &'static str,
    /// Whether a connection outlives its requests.
    lasting: bool,
}

impl<S: Service> Clone for Handler<S> {
    fn clone(&self) -> Self {
        Handler {
            engine: self.engine.clone(),
            tools: self.tools.clone(),
            watching: self.watching.clone(),
            version: self.version,
            lasting: self.lasting,
        }
    }
}

impl<S: Service> Handler<S> {
    /// Answers from `engine`; `version` is the binary's.
    pub fn new(engine: Arc<Engine<S>>, version: &'static str) -> Self {
        Handler { engine, tools: Arc::default(), watching: Arc::default(), version, lasting: true }
    }

    /// For a transport whose connections end with their request: nothing is announced later, and nothing is left
    /// running after an answer.
    #[must_use]
    pub fn per_request(self) -> Self {
        Handler { lasting: false, ..self }
    }

    /// What the server answers from.
    pub fn engine(&self) -> &Arc<Engine<S>> {
        &self.engine
    }

    /// The name and version of the server.
    pub fn implementation(&self) -> Implementation {
        Implementation::new(format!("awsmcp-{}", S::ID), self.version)
            .with_title(format!("{} (awsmcp)", S::TITLE))
            .with_description(S::SUMMARY)
    }

    /// The tools that are on, as clients are shown them; without those that only the account knows.
    pub fn tools(&self) -> &[Tool] {
        self.tools.get_or_init(|| {
            let engine = &self.engine;
            listing::tools(&engine.server, &engine.gate, &engine.settings, &engine.common())
        })
    }

    /// The tools that only the account knows.
    async fn derived(&self) -> Vec<Tool> {
        let risk = self.engine.derived_risk();
        // What cannot be called is not listed.
        if !self.engine.settings.allows(risk) {
            return Vec::new();
        }
        let found = Box::pin(self.engine.derived()).await;
        found.iter().map(|made| listing::derived(made, risk)).collect()
    }

    /// Looks now and then whether those tools have changed, and tells the client, for as long as it is there.
    fn watch(&self, peer: Peer<RoleServer>, every: Duration) {
        if self.watching.swap(true, Ordering::Relaxed) {
            return;
        }
        let handler = self.clone();
        tokio::spawn(async move {
            let mut known = handler.derived().await;
            loop {
                tokio::time::sleep(every).await;
                if peer.is_transport_closed() {
                    return;
                }
                let now = handler.derived().await;
                if now != known {
                    known = now;
                    if peer.notify_tool_list_changed().await.is_err() {
                        return;
                    }
                }
            }
        });
    }
}

impl<S: Service> ServerHandler for Handler<S> {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder()
            .enable_tools()
            .enable_resources()
            .enable_prompts()
            .enable_completions();
        let capabilities = match self.engine.derives() {
            Some(_) if self.lasting => capabilities.enable_tool_list_changed().build(),
            _ => capabilities.build(),
        };
        ServerConfig::new(capabilities)
            .with_server_info(self.implementation())
            .with_instructions(self.engine.server.instructions())
    }

    async fn initialize(
        &self,
        request: InitializeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<InitializeResult, ErrorData> {
        initialized(self, request, &context)
    }

    async fn discover(&self, _: RequestContext<RoleServer>) -> Result<DiscoverResult, ErrorData> {
        Ok(discovered(self))
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let mut tools = self.tools().to_vec();
        if let Some(fresh) = self.engine.derives() {
            tools.extend(self.derived().await);
            if self.lasting {
                self.watch(context.peer.clone(), fresh);
            }
            let list = ListToolsResult::with_all_items(tools)
                .with_ttl_ms(fresh.as_millis().try_into().unwrap_or(STATIC_TTL_MS))
                .with_cache_scope(CacheScope::Private);
            return Ok(list);
        }
        let list = ListToolsResult::with_all_items(tools)
            .with_ttl_ms(STATIC_TTL_MS)
            .with_cache_scope(CacheScope::Public);
        Ok(list)
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        self.tools().iter().find(|tool| tool.name == name).cloned()
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let notifications = Notifications::default();
        let caller = caller(&context, asking::consent(&request, &context), &notifications);
        let arguments = request.arguments.unwrap_or_default();
        let answer = Box::pin(self.engine.call(&request.name, arguments, &caller)).await;
        notifications.sent(&context).await;
        response(answer.map_err(|message| ErrorData::invalid_params(message, None))?)
    }

    async fn list_resources(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let list = ListResourcesResult::with_all_items(Vec::new())
            .with_ttl_ms(STATIC_TTL_MS)
            .with_cache_scope(CacheScope::Public);
        Ok(list)
    }

    async fn list_resource_templates(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        Ok(ListResourceTemplatesResult::with_all_items(self.resource_templates())
            .with_ttl_ms(STATIC_TTL_MS)
            .with_cache_scope(CacheScope::Public))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        Ok(self.read(request, &context).await?.into())
    }

    async fn complete(
        &self,
        request: CompleteRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        self.completed(&request, &context).await
    }

    async fn list_prompts(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        let prompts = self.engine.server.prompts.iter().map(Prompt::listed);
        let list = ListPromptsResult::with_all_items(prompts.collect())
            .with_ttl_ms(STATIC_TTL_MS)
            .with_cache_scope(CacheScope::Public);
        Ok(list)
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let prompt = self.engine.server.prompts.iter().find(|prompt| prompt.name == request.name);
        let Some(prompt) = prompt else {
            let known: Vec<&str> = self.engine.server.prompts.iter().map(|prompt| prompt.name).collect();
            return Err(ErrorData::invalid_params(
                format!("no prompt {:?}; the prompts are: {}", request.name, known.join(", ")),
                None,
            ));
        };
        Ok(prompt.filled(&request.arguments.unwrap_or_default())?.into())
    }
}

/// Who sends a request, as the engine is told; progress goes out by way of `notifications`.
fn caller(context: &RequestContext<RoleServer>, consent: Consent, notifications: &Notifications) -> Caller {
    Caller {
        principal: principal(&context.extensions),
        cancel: context.ct.clone(),
        progress: notifications.reporter(context),
        consent,
    }
}

/// The caller's name: what the HTTP side of the transport found out, in the request's extensions.
fn principal(extensions: &Extensions) -> Option<Principal> {
    extensions.get::<http::request::Parts>()?.extensions.get::<Principal>().cloned()
}

/// The engine's answer in the protocol's words. Only a failure says whether it is one.
fn response(answer: Answer) -> Result<CallToolResponse, ErrorData> {
    Ok(match answer {
        Answer::Done { text, parts, structured, failed } => {
            let mut result = CallToolResult::success(content(text, parts));
            result.is_error = failed.then_some(true);
            result.structured_content = structured;
            result.into()
        }
        Answer::Planned { text } => {
            let mut result = CallToolResult::success(vec![ContentBlock::text(text)]);
            result.is_error = None;
            result.into()
        }
        Answer::Ask { question, state } => asking::question(question, state)?.into(),
        Answer::Failed { text, .. } => CallToolResult::error(vec![ContentBlock::text(text)]).into(),
    })
}
