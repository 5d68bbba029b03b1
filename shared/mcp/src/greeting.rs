//! How a client and a server meet: by `initialize` until 2025, by asking what the server is since.

use rmcp::{
    ErrorData, RoleServer, ServerHandler,
    model::{CacheScope, DiscoverResult, InitializeRequestParams, InitializeResult},
    service::RequestContext,
};

/// How long a client may keep what is the same for the whole life of the process: lists, and what a server says of itself.
pub(crate) const STATIC_TTL_MS: u64 = 3_600_000;

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

/// What a server says of itself to a client that does not begin with `initialize`.
pub(crate) fn discovered(server: &impl ServerHandler) -> DiscoverResult {
    let versions = server.supported_protocol_versions().into_owned();
    DiscoverResult::from_server_info(versions, server.get_info())
        .with_ttl_ms(STATIC_TTL_MS)
        .with_cache_scope(CacheScope::Public)
}
