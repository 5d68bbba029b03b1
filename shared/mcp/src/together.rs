//! Several servers behind one connection: a server's id stands before the names of its tools and prompts.

use std::sync::Arc;

use rmcp::{
    ErrorData, RoleServer, ServerHandler,
    model::{
        CacheScope, CallToolRequest, CallToolRequestParams, CallToolResponse, ClientRequest, CompleteRequest,
        CompleteRequestParams, CompleteResult, DiscoverResult, GetPromptRequest, GetPromptRequestParams,
        GetPromptResponse, Implementation, InitializeRequestParams, InitializeResult, ListPromptsRequest,
        ListPromptsResult, ListResourceTemplatesRequest, ListResourceTemplatesResult, ListResourcesRequest,
        ListResourcesResult, ListToolsRequest, ListToolsResult, PaginatedRequestParams, ReadResourceRequest,
        ReadResourceRequestParams, ReadResourceResponse, Reference, ServerCapabilities, ServerConfig,
        ServerResult,
    },
    service::{DynService, RequestContext},
};
use serde_json::json;

use crate::{
    Handler, Service,
    greeting::{discovered, initialized},
    names::{LONGEST_NAME, prefixed, unprefixed},
    server::COMMON,
    text::{nearest, quoted},
};

/// Several servers as one.
#[derive(Clone)]
pub struct Together {
    members: Arc<[Member]>,
    info: Implementation,
}

/// A server among others.
pub struct Member {
    id: &'static str,
    guide: &'static str,
    /// The names of its tools and prompts.
    names: Vec<&'static str>,
    /// How the addresses of its resources begin.
    schemes: Vec<&'static str>,
    service: Box<dyn DynService<RoleServer>>,
}

impl Member {
    /// Takes a server. Its answers go out in the name of all of them: whoever serves [`Together`] stamps them.
    pub fn new<S: Service>(handler: Handler<S>) -> Member {
        let server = &handler.engine().server;
        let tools = server.entries.iter().map(|entry| entry.spec.name);
        let names = tools.chain(server.prompts.iter().map(|prompt| prompt.name));
        Member {
            id: S::ID,
            guide: server.guide,
            names: names.collect(),
            schemes: server.resources.iter().filter_map(|resource| scheme(resource.template)).collect(),
            service: Box::new(handler),
        }
    }
}

fn scheme(uri: &str) -> Option<&str> {
    uri.split_once("://").map(|(scheme, _)| scheme)
}

impl Together {
    /// Takes the servers, in the order in which they are shown; `version` is the binary's.
    #[must_use]
    pub fn new(members: Vec<Member>, version: &str) -> Self {
        let info = Implementation::new("awsmcp", version)
            .with_title("AWS (awsmcp)")
            .with_description("Several AWS services behind one connection");
        Together { members: members.into(), info }
    }

    fn ids(&self) -> String {
        self.members.iter().map(|member| member.id).collect::<Vec<_>>().join(", ")
    }

    /// What holds for all comes first, then what each is about, as far as hosts show it: they cut at 2,048 characters.
    fn instructions(&self) -> String {
        const MOST: usize = 2_048;
        let mut text = format!(
            "AWS services behind one connection: {}. A tool's name begins with its service, as in s3_list_buckets; texts \
             leave that out when they name tools of their own service.\n{COMMON}",
            self.ids()
        );
        for member in self.members.iter() {
            let line = format!("\n{}: {}", member.id, member.guide);
            if text.chars().count() + line.chars().count() <= MOST {
                text.push_str(&line);
            }
        }
        text
    }

    /// Whose tool or prompt this is, and its name there.
    fn owner<'a>(&self, what: &str, name: &'a str) -> Result<(&Member, &'a str), ErrorData> {
        let found = self.members.iter().find_map(|member| Some((member, unprefixed(member.id, name)?)));
        found.ok_or_else(|| {
            let full =
                |member: &Member| member.names.iter().map(|own| prefixed(member.id, own)).collect::<Vec<_>>();
            let names: Vec<String> = self.members.iter().flat_map(full).collect();
            let names = || names.iter().map(String::as_str);
            let meant = names()
                .find(|known| known.ends_with(&format!("_{name}")))
                .or_else(|| nearest(name, names()))
                .map(|meant| format!("; did you mean {meant}?"));
            let text = format!(
                "no {what} {}: its name begins with one of {} and an underscore{}",
                quoted(name),
                self.ids(),
                meant.unwrap_or_default()
            );
            ErrorData::invalid_params(text, None)
        })
    }

    /// Whose resource this is.
    fn holder(&self, uri: &str) -> Result<&Member, ErrorData> {
        let found = scheme(uri)
            .and_then(|scheme| self.members.iter().find(|member| member.schemes.contains(&scheme)));
        found.ok_or_else(|| {
            let schemes: Vec<String> = self
                .members
                .iter()
                .flat_map(|member| &member.schemes)
                .map(|scheme| format!("{scheme}://"))
                .collect();
            let text = format!("no resource has this address; it begins with one of {}", schemes.join(", "));
            ErrorData::resource_not_found(text, Some(json!({"uri": uri})))
        })
    }

    /// What every server answers, made one.
    async fn every<L>(
        &self,
        request: impl Fn() -> ClientRequest,
        context: &RequestContext<RoleServer>,
        read: impl Fn(&str, ServerResult) -> Option<L>,
        join: impl Fn(L, L) -> L,
    ) -> Result<L, ErrorData> {
        let mut all = None;
        for member in self.members.iter() {
            let answer = member.service.handle_request(request(), context.clone()).await?;
            let list = read(member.id, answer).ok_or_else(unexpected)?;
            all = Some(match all {
                Some(all) => join(all, list),
                None => list,
            });
        }
        all.ok_or_else(unexpected)
    }
}

fn unexpected() -> ErrorData {
    ErrorData::internal_error("a server gave an answer of another kind: this is a bug", None)
}

impl ServerHandler for Together {
    fn get_info(&self) -> ServerConfig {
        let announces = |member: &Member| {
            member.service.get_info().capabilities.tools.and_then(|tools| tools.list_changed) == Some(true)
        };
        let capabilities = ServerCapabilities::builder()
            .enable_tools()
            .enable_resources()
            .enable_prompts()
            .enable_completions();
        let capabilities = if self.members.iter().any(announces) {
            capabilities.enable_tool_list_changed().build()
        } else {
            capabilities.build()
        };
        ServerConfig::new(capabilities)
            .with_server_info(self.info.clone())
            .with_instructions(self.instructions())
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
        let read = |id: &str, answer| {
            let ServerResult::ListToolsResult(mut list) = answer else { return None };
            for tool in &mut list.tools {
                tool.name = prefixed(id, &tool.name).into();
            }
            // One that is too long makes hosts refuse the whole list. Only what the account names can be.
            list.tools.retain(|tool| {
                let fits = tool.name.len() <= LONGEST_NAME;
                if !fits {
                    tracing::warn!(tool = %tool.name, "not listed: its name is longer than {LONGEST_NAME}");
                }
                fits
            });
            Some(list)
        };
        let join = |mut all: ListToolsResult, list: ListToolsResult| {
            all.tools.extend(list.tools);
            // As short-lived, and as private, as the most so of them.
            all.ttl_ms = all.ttl_ms.min(list.ttl_ms);
            if list.cache_scope == Some(CacheScope::Private) {
                all.cache_scope = list.cache_scope;
            }
            all
        };
        self.every(|| ClientRequest::ListToolsRequest(ListToolsRequest::default()), &context, read, join)
            .await
    }

    async fn call_tool(
        &self,
        mut request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let (member, name) = self.owner("tool", &request.name)?;
        request.name = name.to_owned().into();
        let asked = ClientRequest::CallToolRequest(CallToolRequest::new(request));
        match member.service.handle_request(asked, context).await? {
            ServerResult::CallToolResult(result) => Ok(result.into()),
            ServerResult::InputRequiredResult(result) => Ok(result.into()),
            _ => Err(unexpected()),
        }
    }

    async fn list_resources(
        &self,
        _: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let read = |_: &str, answer| match answer {
            ServerResult::ListResourcesResult(list) => Some(list),
            _ => None,
        };
        let join = |mut all: ListResourcesResult, list: ListResourcesResult| {
            all.resources.extend(list.resources);
            all
        };
        let request = || ClientRequest::ListResourcesRequest(ListResourcesRequest::default());
        self.every(request, &context, read, join).await
    }

    async fn list_resource_templates(
        &self,
        _: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        let read = |_: &str, answer| match answer {
            ServerResult::ListResourceTemplatesResult(list) => Some(list),
            _ => None,
        };
        let join = |mut all: ListResourceTemplatesResult, list: ListResourceTemplatesResult| {
            all.resource_templates.extend(list.resource_templates);
            all
        };
        let request = || ClientRequest::ListResourceTemplatesRequest(ListResourceTemplatesRequest::default());
        self.every(request, &context, read, join).await
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let member = self.holder(&request.uri)?;
        let asked = ClientRequest::ReadResourceRequest(ReadResourceRequest::new(request));
        match member.service.handle_request(asked, context).await? {
            ServerResult::ReadResourceResult(result) => Ok(result.into()),
            ServerResult::InputRequiredResult(result) => Ok(result.into()),
            _ => Err(unexpected()),
        }
    }

    async fn complete(
        &self,
        mut request: CompleteRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        let member = match &mut request.r#ref {
            Reference::Resource(reference) => self.holder(&reference.uri)?,
            Reference::Prompt(reference) => {
                let (member, name) = self.owner("prompt", &reference.name)?;
                reference.name = name.to_owned();
                member
            }
            _ => return Err(ErrorData::invalid_params("only resources and prompts are completed", None)),
        };
        let asked = ClientRequest::CompleteRequest(CompleteRequest::new(request));
        match member.service.handle_request(asked, context).await? {
            ServerResult::CompleteResult(result) => Ok(result),
            _ => Err(unexpected()),
        }
    }

    async fn list_prompts(
        &self,
        _: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        let read = |id: &str, answer| {
            let ServerResult::ListPromptsResult(mut list) = answer else { return None };
            for prompt in &mut list.prompts {
                prompt.name = prefixed(id, &prompt.name);
            }
            Some(list)
        };
        let join = |mut all: ListPromptsResult, list: ListPromptsResult| {
            all.prompts.extend(list.prompts);
            all
        };
        self.every(|| ClientRequest::ListPromptsRequest(ListPromptsRequest::default()), &context, read, join)
            .await
    }

    async fn get_prompt(
        &self,
        mut request: GetPromptRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let (member, name) = self.owner("prompt", &request.name)?;
        request.name = name.to_owned();
        let asked = ClientRequest::GetPromptRequest(GetPromptRequest::new(request));
        match member.service.handle_request(asked, context).await? {
            ServerResult::GetPromptResult(result) => Ok(result.into()),
            ServerResult::InputRequiredResult(result) => Ok(result.into()),
            _ => Err(unexpected()),
        }
    }
}
