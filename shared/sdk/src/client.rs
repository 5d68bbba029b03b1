//! The HTTP client: the machine's trust, its proxies, one pool of connections, an end to silence.

mod silence;

use std::time::Duration;

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{self, TlsContext, TrustStore};
use aws_smithy_http_client::{Builder, Connector, ConnectorBuilder};
use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use aws_types::os_shim_internal::Env;

use crate::words::text;
use silence::Attentive;
pub(crate) use silence::{SHORT, Silence};

/// Reads a small public document, such as an issuer's keys: over TLS, or from this machine.
///
/// # Errors
/// In words: an address that is none or not safe, no connection, an answer that is not 200, or one that is too long or
/// too slow.
pub async fn fetch(url: &str, most_bytes: usize, patience: Duration) -> Result<Vec<u8>, String> {
    tokio::time::timeout(patience, fetched(url, most_bytes))
        .await
        .unwrap_or_else(|_| Err(format!("no answer within {} s", patience.as_secs())))
}

async fn fetched(url: &str, most_bytes: usize) -> Result<Vec<u8>, String> {
    let request = HttpRequest::get(url).map_err(|error| format!("{url} is no address: {error}"))?;
    let uri: http::Uri = url.parse().map_err(|error| format!("{url} is no address: {error}"))?;
    let local = matches!(uri.host(), Some("localhost" | "127.0.0.1" | "[::1]"));
    if uri.scheme_str() != Some("https") && !local {
        return Err(format!("{url} is not https"));
    }
    let bundle = Env::real().get("AWS_CA_BUNDLE").ok().filter(|path| !path.is_empty());
    let mut answer = connector(&tls(bundle), None, None)
        .call(request)
        .await
        .map_err(|error| format!("no connection: {}", text(&error)))?;
    if answer.status().as_u16() != 200 {
        return Err(format!("HTTP {}", answer.status()));
    }
    let mut read = Vec::new();
    let mut body = ByteStream::new(std::mem::replace(answer.body_mut(), SdkBody::taken()));
    loop {
        match body.next().await {
            None => return Ok(read),
            Some(Ok(bytes)) if read.len() + bytes.len() <= most_bytes => read.extend_from_slice(&bytes),
            Some(Ok(_)) => return Err(format!("more than {most_bytes} bytes")),
            Some(Err(error)) => return Err(format!("the answer broke off: {error}")),
        }
    }
}

/// The client that the SDK makes by default, made once: each SDK client would make its own pool of connections.
pub(crate) fn http_client(ca_bundle: Option<String>) -> SharedHttpClient {
    let context = tls(ca_bundle);
    attentive(Builder::new().build_with_connector_fn(move |settings, components| {
        connector(&context, settings.cloned(), components)
    }))
}

/// The same client, with the read timeout as the time in which nothing moves.
pub(crate) fn attentive(client: SharedHttpClient) -> SharedHttpClient {
    SharedHttpClient::new(Ours(client))
}

/// What the machine trusts, and what `AWS_CA_BUNDLE` adds.
fn tls(ca_bundle: Option<String>) -> Option<TlsContext> {
    let mut trust = TrustStore::default();
    if let Some(path) = ca_bundle {
        match std::fs::read(&path) {
            Ok(pem) => trust = trust.with_pem_certificate(pem),
            Err(error) => tracing::warn!(path, %error, "AWS_CA_BUNDLE cannot be read"),
        }
    }
    TlsContext::builder().with_trust_store(trust).build().ok()
}

fn connector(
    context: &Option<TlsContext>,
    settings: Option<HttpConnectorSettings>,
    components: Option<&RuntimeComponents>,
) -> Connector {
    let mut connector = ConnectorBuilder::default()
        .proxy_config(ProxyConfig::from_env())
        .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::AwsLc));
    if let Some(context) = context {
        connector.set_tls_context(context.clone());
    }
    connector.set_connector_settings(settings);
    connector.set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
    connector.build()
}

/// A client that ends exchanges in which nothing moves, and that is not tried out whenever an SDK client is made: each
/// try reads every root certificate there is, and each call of a tool makes an SDK client.
#[derive(Debug)]
struct Ours(SharedHttpClient);

impl HttpClient for Ours {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        // The pool of connections is the same whatever the time for an answer is.
        let mut pooled = HttpConnectorSettings::builder();
        pooled.set_connect_timeout(settings.connect_timeout());
        let inner = self.0.http_connector(&pooled.build(), components);
        match settings.read_timeout() {
            Some(limit) => SharedHttpConnector::new(Attentive { inner, limit }),
            None => inner,
        }
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.0.connector_metadata()
    }
}
