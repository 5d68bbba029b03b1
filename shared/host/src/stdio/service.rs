//! What stands around the service on a stream: the order in which a client may speak, and an answer to every request.

use std::{borrow::Cow, panic::AssertUnwindSafe};

use futures::FutureExt as _;
use rmcp::{
    ErrorData, RoleServer, Service,
    model::{ClientNotification, ClientRequest, ProtocolVersion, ServerConfig, ServerResult},
    service::{NotificationContext, RequestContext},
};

/// A service on a stream: a request comes after `initialize`, or carries its own protocol version.
pub(super) struct Opened<S>(pub(super) S);

impl<S: Service<RoleServer>> Service<RoleServer> for Opened<S> {
    async fn handle_request(
        &self,
        request: ClientRequest,
        context: RequestContext<RoleServer>,
    ) -> Result<ServerResult, ErrorData> {
        let opens = matches!(
            request,
            ClientRequest::InitializeRequest(_)
                | ClientRequest::PingRequest(_)
                | ClientRequest::DiscoverRequest(_)
        );
        if context.protocol_version().is_none() && !opens {
            return Err(ErrorData::invalid_request(
                "this request came before `initialize`, and without the protocol version and capabilities in \
                 _meta that 2026-07-28 wants: send initialize first, or add them",
                None,
            ));
        }
        self.0.handle_request(request, context).await
    }

    async fn handle_notification(
        &self,
        notification: ClientNotification,
        context: NotificationContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.0.handle_notification(notification, context).await
    }

    fn get_info(&self) -> ServerConfig {
        self.0.get_info()
    }

    fn supported_protocol_versions(&self) -> Cow<'static, [ProtocolVersion]> {
        self.0.supported_protocol_versions()
    }
}

/// A service that answers every request, also when its handler panics: rmcp then sends nothing.
pub(super) struct Answering<S>(pub(super) S);

impl<S: Service<RoleServer>> Service<RoleServer> for Answering<S> {
    async fn handle_request(
        &self,
        request: ClientRequest,
        context: RequestContext<RoleServer>,
    ) -> Result<ServerResult, ErrorData> {
        let call = async { self.0.handle_request(request, context).await };
        AssertUnwindSafe(call).catch_unwind().await.unwrap_or_else(|_| {
            Err(ErrorData::internal_error("the server failed on this request: this is a bug", None))
        })
    }

    async fn handle_notification(
        &self,
        notification: ClientNotification,
        context: NotificationContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.0.handle_notification(notification, context).await
    }

    fn get_info(&self) -> ServerConfig {
        self.0.get_info()
    }

    fn supported_protocol_versions(&self) -> Cow<'static, [ProtocolVersion]> {
        self.0.supported_protocol_versions()
    }
}
