//! MCP: the protocol's requests, answered from the engine.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use futures::future::BoxFuture;
use rmcp::{
    ErrorData, RoleServer, ServerHandler,
    model::{
        CacheScope, CallToolRequestParams, CallToolResponse, CallToolResult, ClientCapabilities,
        CompleteRequestParams, CompleteResult, CompletionInfo, ContentBlock, DiscoverResult, ElicitRequest,
        ElicitRequestParams, ElicitationAction, ElicitationSchema, Extensions, GetPromptRequestParams,
        GetPromptResponse, GetPromptResult, Implementation, InitializeRequestParams, InitializeResult,
        InputRequest, InputRequests, InputRequiredResult, JsonObject, ListPromptsResult,
        ListResourceTemplatesResult, ListResourcesResult, ListToolsResult, MetaObject,
        PaginatedRequestParams, ProgressNotificationParam, ProgressToken, ProtocolVersion,
        ReadResourceRequestParams, ReadResourceResponse, ReadResourceResult, Reference, ResourceContents,
        ResourceTemplate, ServerCapabilities, ServerConfig, Tool, ToolAnnotations,
    },
    service::{Peer, RequestContext},
};
use serde_json::{Value, json};
use tokio_util::task::TaskTracker;

use crate::{
    Answer, Caller, Engine, Kind, OutputMode, Part, Principal, Server, Service, Settings, engine::Consent,
    gate::Gate, schema,
};

/// Lists and discovery are the same for the whole life of the process.
const STATIC_TTL_MS: u64 = 3_600_000;
/// What a resource holds may change at any time.
const READ_TTL_MS: u64 = 5_000;

/// A server, as rmcp runs it.
pub struct Handler<S: Service> {
    engine: Arc<Engine<S>>,
    tools: Arc<std::sync::OnceLock<Vec<Tool>>>,
    watching: Arc<AtomicBool>,
    version: &'static str,
    info: Arc<Value>,
    lasting: bool,
}

impl<S: Service> Clone for Handler<S> {
    fn clone(&self) -> Self {
        Handler {
            engine: self.engine.clone(),
            tools: self.tools.clone(),
            watching: self.watching.clone(),
            version: self.version,
            info: self.info.clone(),
            lasting: self.lasting,
        }
    }
}

impl<S: Service> Handler<S> {
    /// Serves `engine`; `version` is the binary's.
    pub fn new(engine: Arc<Engine<S>>, version: &'static str) -> Self {
        let mut handler = Handler {
            engine,
            tools: Arc::default(),
            watching: Arc::default(),
            version,
            info: Arc::default(),
            lasting: true,
        };
        handler.info = Arc::new(serde_json::to_value(handler.implementation()).unwrap_or_default());
        handler
    }

    /// For a transport whose connections end with their request: nothing is announced later, and nothing is left
    /// running after an answer.
    #[must_use]
    pub fn per_request(self) -> Self {
        Handler { lasting: false, ..self }
    }

    /// Gives answers in the name of another, of which this server is a part.
    pub(crate) fn known_as(self, name: &Implementation) -> Self {
        Handler { info: Arc::new(serde_json::to_value(name).unwrap_or_default()), ..self }
    }

    /// What the server answers from.
    pub fn engine(&self) -> &Arc<Engine<S>> {
        &self.engine
    }

    /// Says in a result which server gave it, as 2026-07-28 wants.
    fn stamped<T: Stamp>(&self, mut result: T, context: &RequestContext<RoleServer>) -> T {
        let modern =
            context.protocol_version().is_some_and(|version| version >= ProtocolVersion::V_2026_07_28);
        if modern && let Some(meta) = result.meta() {
            meta.get_or_insert_default().insert(SERVER_INFO.to_owned(), Value::clone(&self.info));
        }
        result
    }

    /// The name and version that every answer carries.
    pub fn implementation(&self) -> Implementation {
        Implementation::new(format!("awsmcp-{}", S::ID), self.version)
            .with_title(format!("{} (awsmcp)", S::TITLE))
            .with_description(S::SUMMARY)
    }

    /// The tools that are on, as clients are shown them; without those that only the account knows.
    pub fn tools(&self) -> &[Tool] {
        self.tools.get_or_init(|| {
            tools(&self.engine.server, &self.engine.gate, &self.engine.settings, &self.engine.common())
        })
    }

    /// The tools that only the account knows.
    async fn derived(&self) -> Vec<Tool> {
        let risk = self.engine.derived_risk();
        Box::pin(self.engine.derived()).await.iter().map(|made| made.listed(risk)).collect()
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

    fn caller(&self, context: &RequestContext<RoleServer>, consent: Consent, told: &TaskTracker) -> Caller {
        let progress = |token| progress(context.peer.clone(), token, told.clone());
        Caller {
            principal: principal(&context.extensions),
            cancel: context.ct.clone(),
            progress: context.meta.get_progress_token().map(progress),
            consent,
        }
    }
}

/// The tools that are on, as `tools/list` shows them.
pub(crate) fn tools<S: Service>(
    server: &Server<S>,
    gate: &Gate,
    settings: &Settings,
    common: &schema::Common,
) -> Vec<Tool> {
    let on = server.entries.iter().enumerate().filter(|(index, _)| gate.is_on(*index));
    on.map(|(_, entry)| {
        let spec = &entry.spec;
        let input = entry.input();
        let mut hints =
            ToolAnnotations::new().read_only(!spec.risk.changes() && spec.risk != crate::Risk::Invoke);
        if hints.read_only_hint == Some(false) {
            hints = hints.destructive(spec.risk == crate::Risk::Destroy);
        }
        if spec.idempotent && spec.risk.changes() {
            hints = hints.idempotent(true);
        }
        let tool = Tool::new(spec.name, input.description.clone(), common.add_to(spec, &input.schema))
            .with_title(spec.title)
            .with_annotations(hints);
        match settings.output {
            OutputMode::Text => tool,
            OutputMode::Structured => tool.with_raw_output_schema(Arc::new(entry.output())),
        }
    })
    .collect()
}

/// The size of a `tools/list` answer.
pub(crate) fn list_bytes(tools: &[Tool]) -> usize {
    serde_json::to_vec(&json!({"tools": tools})).map_or(0, |bytes| bytes.len())
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
            return Ok(self.stamped(list, &context));
        }
        let list = ListToolsResult::with_all_items(tools)
            .with_ttl_ms(STATIC_TTL_MS)
            .with_cache_scope(CacheScope::Public);
        Ok(self.stamped(list, &context))
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        self.tools().iter().find(|tool| tool.name == name).cloned()
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let consent = consent(&request, &context);
        let told = TaskTracker::new();
        let caller = self.caller(&context, consent, &told);
        let arguments = request.arguments.unwrap_or_default();
        let answer = Box::pin(self.engine.call(&request.name, arguments, &caller)).await;
        told_before(&told, &context).await;
        let answer = answer.map_err(|message| ErrorData::invalid_params(message, None))?;
        Ok(match answer {
            Answer::Done { text, parts, structured } => {
                let mut result = CallToolResult::success(content(text, parts));
                result.is_error = None;
                result.structured_content = structured;
                self.stamped(result, &context).into()
            }
            Answer::Planned { text } => {
                let mut result = CallToolResult::success(vec![ContentBlock::text(text)]);
                result.is_error = None;
                self.stamped(result, &context).into()
            }
            Answer::Ask { question, state } => {
                let ask = InputRequest::Elicitation(ElicitRequest::new(question_form(question)?));
                let requests = InputRequests::from([(CONFIRM.to_owned(), ask)]);
                self.stamped(InputRequiredResult::new(Some(requests), Some(state)), &context).into()
            }
            Answer::Failed { text, .. } => {
                self.stamped(CallToolResult::error(vec![ContentBlock::text(text)]), &context).into()
            }
        })
    }

    async fn list_resources(
        &self,
        _: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let list = ListResourcesResult::with_all_items(Vec::new())
            .with_ttl_ms(STATIC_TTL_MS)
            .with_cache_scope(CacheScope::Public);
        Ok(self.stamped(list, &context))
    }

    async fn list_resource_templates(
        &self,
        _: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        let on = |tool: &str| self.engine.tools().any(|spec| spec.name == tool);
        let templates =
            self.engine.server.resources.iter().filter(|resource| on(resource.tool)).map(|resource| {
                ResourceTemplate::new(resource.template, resource.name).with_description(resource.description)
            });
        let list = ListResourceTemplatesResult::with_all_items(templates.collect())
            .with_ttl_ms(STATIC_TTL_MS)
            .with_cache_scope(CacheScope::Public);
        Ok(self.stamped(list, &context))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let uri = &request.uri;
        let found = self
            .engine
            .server
            .resources
            .iter()
            .find_map(|resource| resource.variables(uri).map(|variables| (resource, variables)));
        let Some((resource, variables)) = found else {
            let known: Vec<&str> =
                self.engine.server.resources.iter().map(|resource| resource.template).collect();
            return Err(ErrorData::resource_not_found(
                format!("no resource has this address; the templates are: {}", known.join(", ")),
                Some(json!({"uri": uri})),
            ));
        };
        let told = TaskTracker::new();
        let caller = self.caller(&context, Consent::Token, &told);
        let answer = Box::pin(self.engine.call(resource.tool, variables, &caller)).await;
        told_before(&told, &context).await;
        match answer.map_err(|message| ErrorData::invalid_params(message, None))? {
            Answer::Done { text, parts, .. } => {
                let mut contents: Vec<ResourceContents> = parts
                    .into_iter()
                    .filter_map(|part| match part {
                        Part::Text(_) => None,
                        Part::Image { data, mime } | Part::Blob { data, mime } => Some(
                            ResourceContents::blob(BASE64_STANDARD.encode(data), uri.clone())
                                .with_mime_type(mime),
                        ),
                    })
                    .collect();
                if contents.is_empty() {
                    contents.push(ResourceContents::text(text, uri.clone()));
                }
                let read = ReadResourceResult::new(contents)
                    .with_ttl_ms(READ_TTL_MS)
                    .with_cache_scope(CacheScope::Private);
                Ok(self.stamped(read, &context).into())
            }
            Answer::Failed { text, kind: Kind::NotFound } => {
                Err(ErrorData::resource_not_found(text, Some(json!({"uri": uri}))))
            }
            Answer::Failed { text, kind: Kind::Invalid } => {
                Err(ErrorData::invalid_params(text, Some(json!({"uri": uri}))))
            }
            Answer::Failed { text, .. } | Answer::Planned { text } => {
                Err(ErrorData::internal_error(text, Some(json!({"uri": uri}))))
            }
            Answer::Ask { question, .. } => Err(ErrorData::internal_error(question, None)),
        }
    }

    async fn complete(
        &self,
        request: CompleteRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        let values = match &request.r#ref {
            Reference::Resource(reference) => {
                let resource =
                    self.engine.server.resources.iter().find(|resource| resource.template == reference.uri);
                let Some(resource) = resource else {
                    return Err(ErrorData::invalid_params(
                        format!("no resource template {}", reference.uri),
                        None,
                    ));
                };
                self.completions(resource, &request, &context).await
            }
            Reference::Prompt(reference) => {
                if !self.engine.server.prompts.iter().any(|prompt| prompt.name == reference.name) {
                    return Err(ErrorData::invalid_params(format!("no prompt {}", reference.name), None));
                }
                Vec::new()
            }
            _ => Vec::new(),
        };
        let more = values.len() > CompletionInfo::MAX_VALUES;
        let shown = values.into_iter().take(CompletionInfo::MAX_VALUES).collect();
        let info = CompletionInfo::with_pagination(shown, None, more)
            .map_err(|message| ErrorData::internal_error(message, None))?;
        Ok(self.stamped(CompleteResult::new(info), &context))
    }

    async fn list_prompts(
        &self,
        _: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        let prompts = self.engine.server.prompts.iter().map(crate::Prompt::listed);
        let list = ListPromptsResult::with_all_items(prompts.collect())
            .with_ttl_ms(STATIC_TTL_MS)
            .with_cache_scope(CacheScope::Public);
        Ok(self.stamped(list, &context))
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let prompt = self.engine.server.prompts.iter().find(|prompt| prompt.name == request.name);
        let Some(prompt) = prompt else {
            let known: Vec<&str> = self.engine.server.prompts.iter().map(|prompt| prompt.name).collect();
            return Err(ErrorData::invalid_params(
                format!("no prompt {:?}; the prompts are: {}", request.name, known.join(", ")),
                None,
            ));
        };
        let filled = prompt.filled(&request.arguments.unwrap_or_default())?;
        Ok(self.stamped(filled, &context).into())
    }
}

impl<S: Service> Handler<S> {
    /// The values that a list tool finds for a variable; none where it fails: completion is a convenience.
    async fn completions(
        &self,
        resource: &crate::Resource,
        request: &CompleteRequestParams,
        context: &RequestContext<RoleServer>,
    ) -> Vec<String> {
        let how = resource.complete.iter().find(|completion| completion.variable == request.argument.name);
        let Some(how) = how else { return Vec::new() };
        let mut arguments = JsonObject::new();
        if !request.argument.value.is_empty() {
            arguments.insert(how.prefix.to_owned(), json!(request.argument.value));
        }
        let given = request.context.as_ref().and_then(|context| context.arguments.as_ref());
        for variable in how.given {
            let Some(value) = given.and_then(|given| given.get(*variable)) else { return Vec::new() };
            arguments.insert((*variable).to_owned(), json!(value));
        }
        let caller = self.caller(context, Consent::Token, &TaskTracker::new());
        Box::pin(self.engine.column(how.tool, arguments, how.column, &caller)).await
    }
}

/// Agrees on a version with a client that begins with `initialize`.
pub(crate) fn initialized(
    server: &impl ServerHandler,
    mut request: InitializeRequestParams,
    context: &RequestContext<RoleServer>,
) -> Result<InitializeResult, ErrorData> {
    let result = server.negotiate_initialize(&request)?;
    // What was agreed counts from here on, not what was asked for.
    request.protocol_version = result.protocol_version.clone();
    context.peer.set_peer_info(request);
    Ok(result)
}

/// What a server says of itself to a client that does not begin.
pub(crate) fn discovered(server: &impl ServerHandler) -> DiscoverResult {
    let versions = server.supported_protocol_versions().into_owned();
    DiscoverResult::from_server_info(versions, server.get_info())
        .with_ttl_ms(STATIC_TTL_MS)
        .with_cache_scope(CacheScope::Public)
}

/// Who calls: what the HTTP side of the transport found out, in the request's extensions.
fn principal(extensions: &Extensions) -> Option<Principal> {
    extensions.get::<http::request::Parts>()?.extensions.get::<Principal>().cloned()
}

const CONFIRM: &str = "confirm";

/// How this very request's caller can confirm a plan.
fn consent(request: &CallToolRequestParams, context: &RequestContext<RoleServer>) -> Consent {
    let can_ask = context.client_capabilities().as_ref().is_some_and(asks_by_form);
    if !can_ask {
        return Consent::Token;
    }
    let modern = context.protocol_version().is_some_and(|version| version >= ProtocolVersion::V_2026_07_28);
    if modern {
        let answer = request.input_responses.as_ref().and_then(|answers| answers.get(CONFIRM)).map(agreed);
        return Consent::Round { answer, state: request.request_state.clone() };
    }
    let peer = context.peer.clone();
    Consent::Ask(Arc::new(move |question| {
        let peer = peer.clone();
        Box::pin(async move { ask(&peer, question).await }) as BoxFuture<'static, Option<bool>>
    }))
}

/// A client that declares elicitation without saying how takes forms.
fn asks_by_form(capabilities: &ClientCapabilities) -> bool {
    capabilities.elicitation.as_ref().is_some_and(|how| how.form.is_some() || how.url.is_none())
}

fn agreed(answer: &Value) -> bool {
    let says_yes = answer.get("content").and_then(|content| content.get(CONFIRM)) == Some(&json!(true));
    answer.get("action") == Some(&json!("accept")) && says_yes
}

async fn ask(peer: &Peer<RoleServer>, question: String) -> Option<bool> {
    let form = question_form(question).ok()?;
    let answer = peer.create_elicitation(form).await.ok()?;
    let says_yes = answer.content.as_ref().and_then(|content| content.get(CONFIRM)) == Some(&json!(true));
    Some(answer.action == ElicitationAction::Accept && says_yes)
}

fn question_form(message: String) -> Result<ElicitRequestParams, ErrorData> {
    let form = ElicitationSchema::builder()
        .required_bool_with(CONFIRM, |field| field.title("Yes, do it"))
        .build()
        .map_err(|error| ErrorData::internal_error(error, None))?;
    Ok(ElicitRequestParams::FormElicitationParams { meta: None, message, requested_schema: form })
}

/// The blocks of a tool's result: its text, and the parts that follow it.
pub fn content(text: impl Into<String>, parts: Vec<Part>) -> Vec<ContentBlock> {
    std::iter::once(ContentBlock::text(text)).chain(parts.into_iter().map(block)).collect()
}

fn block(part: Part) -> ContentBlock {
    match part {
        Part::Text(text) => ContentBlock::text(text),
        Part::Image { data, mime } => ContentBlock::image(BASE64_STANDARD.encode(data), mime),
        Part::Blob { data, .. } => ContentBlock::text(BASE64_STANDARD.encode(data)),
    }
}

/// Waits until what was told of a call on its way is sent: behind the answer, a client must not see it.
async fn told_before(told: &TaskTracker, context: &RequestContext<RoleServer>) {
    told.close();
    tokio::select! {
        () = told.wait() => {}
        () = context.ct.cancelled() => {}
    }
}

/// Sends progress, at most ten times a second and always forward.
fn progress(peer: Peer<RoleServer>, token: ProgressToken, told: TaskTracker) -> crate::call::Progress {
    const APART: Duration = Duration::from_millis(100);
    let last = std::sync::Mutex::new((None::<std::time::Instant>, f64::MIN));
    Arc::new(move |done, total, message| {
        {
            let mut last = last.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            let soon = last.0.is_some_and(|at| at.elapsed() < APART) && total != Some(done);
            if soon || done <= last.1 {
                return;
            }
            *last = (Some(std::time::Instant::now()), done);
        }
        let mut param = ProgressNotificationParam::new(token.clone(), done).with_message(message);
        if let Some(total) = total {
            param = param.with_total(total);
        }
        let peer = peer.clone();
        told.spawn(async move {
            // Progress is a courtesy: a caller that is gone misses nothing.
            let _ = peer.notify_progress(param).await;
        });
    })
}

const SERVER_INFO: &str = "io.modelcontextprotocol/serverInfo";

/// A result that can say which server gave it.
trait Stamp {
    fn meta(&mut self) -> Option<&mut Option<MetaObject>>;
}

macro_rules! stamp {
    ($($result:ty)*) => {$(
        impl Stamp for $result {
            fn meta(&mut self) -> Option<&mut Option<MetaObject>> {
                Some(&mut self.meta)
            }
        }
    )*};
}

stamp!(CallToolResult InputRequiredResult ListToolsResult ListResourcesResult ListResourceTemplatesResult
    ReadResourceResult ListPromptsResult GetPromptResult CompleteResult);
