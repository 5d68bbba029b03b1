//! The name of the server on each of its results, as MCP wants it since 2026-07-28.

use std::{borrow::Cow, sync::Arc};

use rmcp::{
    ErrorData, RoleServer, ServerHandler,
    model::{
        CallToolRequestParams, CallToolResponse, CompleteRequestParams, CompleteResult, DiscoverResult,
        GetPromptRequestParams, GetPromptResponse, InitializeRequestParams, InitializeResult,
        ListPromptsResult, ListResourceTemplatesResult, ListResourcesResult, ListToolsResult, MetaObject,
        PaginatedRequestParams, ProtocolVersion, ReadResourceRequestParams, ReadResourceResponse,
        ServerConfig, Tool,
    },
    service::RequestContext,
};
use serde_json::Value;

/// A handler as a transport serves it: each result says which server gave it.
///
/// [`Handler`](crate::Handler) and [`Together`](crate::Together) answer without a name, so that a server can be one of
/// several. What stands outermost wraps them in this, once; the transports take nothing else.
///
/// It passes on every request that those two answer. All others, such as `tasks/get`, are refused by rmcp's own defaults, here
/// as there.
#[derive(Clone)]
pub struct Stamped<H> {
    handler: H,
    name: Arc<Value>,
}

impl<H: ServerHandler> Stamped<H> {
    /// Serves a handler under the name that it gives itself.
    pub fn new(handler: H) -> Self {
        let name = serde_json::to_value(handler.get_info().server_info).unwrap_or_default();
        Stamped { handler, name: Arc::new(name) }
    }

    /// The stamp for the result of a request; none for clients that know the server's name from `initialize`.
    fn stamp(&self, context: &RequestContext<RoleServer>) -> Stamp {
        let version = context.protocol_version();
        let modern = version.is_some_and(|version| version >= ProtocolVersion::V_2026_07_28);
        Stamp(modern.then(|| self.name.clone()))
    }
}

impl<H: ServerHandler> ServerHandler for Stamped<H> {
    fn get_info(&self) -> ServerConfig {
        self.handler.get_info()
    }

    fn supported_protocol_versions(&self) -> Cow<'static, [ProtocolVersion]> {
        self.handler.supported_protocol_versions()
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        self.handler.get_tool(name)
    }

    // A client that is greeted is told the name in the greeting itself.
    async fn initialize(
        &self,
        request: InitializeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<InitializeResult, ErrorData> {
        self.handler.initialize(request, context).await
    }

    async fn discover(&self, context: RequestContext<RoleServer>) -> Result<DiscoverResult, ErrorData> {
        self.handler.discover(context).await
    }

    async fn list_tools(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let stamp = self.stamp(&context);
        self.handler.list_tools(request, context).await.map(|result| stamp.on(result))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let stamp = self.stamp(&context);
        self.handler.call_tool(request, context).await.map(|result| stamp.on(result))
    }

    async fn list_resources(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let stamp = self.stamp(&context);
        self.handler.list_resources(request, context).await.map(|result| stamp.on(result))
    }

    async fn list_resource_templates(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        let stamp = self.stamp(&context);
        self.handler.list_resource_templates(request, context).await.map(|result| stamp.on(result))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let stamp = self.stamp(&context);
        self.handler.read_resource(request, context).await.map(|result| stamp.on(result))
    }

    async fn complete(
        &self,
        request: CompleteRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        let stamp = self.stamp(&context);
        self.handler.complete(request, context).await.map(|result| stamp.on(result))
    }

    async fn list_prompts(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        let stamp = self.stamp(&context);
        self.handler.list_prompts(request, context).await.map(|result| stamp.on(result))
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let stamp = self.stamp(&context);
        self.handler.get_prompt(request, context).await.map(|result| stamp.on(result))
    }
}

/// The name that goes on one result.
struct Stamp(Option<Arc<Value>>);

/// Where a result holds the name.
const SERVER_INFO: &str = "io.modelcontextprotocol/serverInfo";

impl Stamp {
    fn on<R: HasMeta>(self, mut result: R) -> R {
        if let (Some(name), Some(meta)) = (self.0, result.meta()) {
            meta.get_or_insert_default().insert(SERVER_INFO.to_owned(), Value::clone(&name));
        }
        result
    }
}

/// A result with room for what the protocol itself says of it.
trait HasMeta {
    /// Its `_meta`; none for a kind of result that no server of ours gives.
    fn meta(&mut self) -> Option<&mut Option<MetaObject>>;
}

macro_rules! has_meta {
    ($($result:ty)*) => {$(
        impl HasMeta for $result {
            fn meta(&mut self) -> Option<&mut Option<MetaObject>> {
                Some(&mut self.meta)
            }
        }
    )*};
}

has_meta!(ListToolsResult ListResourcesResult ListResourceTemplatesResult CompleteResult ListPromptsResult);

macro_rules! has_meta_of_either {
    ($($response:ident)*) => {$(
        impl HasMeta for $response {
            fn meta(&mut self) -> Option<&mut Option<MetaObject>> {
                match self {
                    $response::Complete(result) => Some(&mut result.meta),
                    $response::InputRequired(result) => Some(&mut result.meta),
                    _ => None,
                }
            }
        }
    )*};
}

has_meta_of_either!(CallToolResponse ReadResourceResponse GetPromptResponse);
