//! HTTP requests signed with the caller's IAM credentials (SigV4), as a Lambda Function URL with `AWS_IAM` wants them.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};
use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use futures::stream::BoxStream;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue};
use reqwest::Url;
use rmcp::model::ClientJsonRpcMessage;
use rmcp::transport::streamable_http_client::{
    SseError, StreamableHttpClient, StreamableHttpError, StreamableHttpPostResponse,
};
use sse_stream::Sse;
use tokio::sync::Mutex;

type Headers = HashMap<HeaderName, HeaderValue>;
type Answer<T> = Result<T, StreamableHttpError<reqwest::Error>>;

/// An HTTP client for MCP that signs what it sends.
#[derive(Clone)]
pub(crate) struct Signed {
    http: reqwest::Client,
    region: String,
    provider: SharedCredentialsProvider,
    /// What the provider gave last: it may ask another service each time.
    credentials: Arc<Mutex<Option<Credentials>>>,
}

impl Signed {
    /// The region is that of the Function URL, else the one that AWS is configured with.
    pub(crate) fn new(http: reqwest::Client, url: &Url, aws: &SdkConfig) -> Result<Signed> {
        let host: Vec<_> = url.host_str().unwrap_or_default().split('.').collect();
        let region = match host.as_slice() {
            [_, "lambda-url", region, ..] => (*region).to_owned(),
            _ => aws.region().context("there is no region to sign for: set AWS_REGION")?.to_string(),
        };
        let provider = aws.credentials_provider().context("there are no AWS credentials to sign with")?;
        Ok(Signed { http, region, provider, credentials: Arc::default() })
    }

    /// The headers of a request, and those that sign it. What the HTTP client adds later is not signed.
    async fn sign(&self, method: &str, uri: &str, body: &[u8], mut headers: Headers) -> io::Result<Headers> {
        let identity = self.credentials().await?.into();
        let params = SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name("lambda")
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()
            .map_err(io::Error::other)?
            .into();
        let texts = headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
        let request = SignableRequest::new(method, uri, texts, SignableBody::Bytes(body));
        let (signature, _) =
            sign(request.map_err(io::Error::other)?, &params).map_err(io::Error::other)?.into_parts();
        for (name, value) in signature.headers() {
            let name = HeaderName::try_from(name).map_err(io::Error::other)?;
            headers.insert(name, HeaderValue::try_from(value).map_err(io::Error::other)?);
        }
        Ok(headers)
    }

    async fn credentials(&self) -> io::Result<Credentials> {
        const MARGIN: Duration = Duration::from_secs(300);
        let mut cached = self.credentials.lock().await;
        let good = |it: &&Credentials| it.expiry().is_none_or(|ends| ends > SystemTime::now() + MARGIN);
        if let Some(credentials) = cached.as_ref().filter(good) {
            return Ok(credentials.clone());
        }
        let fresh = self.provider.provide_credentials().await.map_err(io::Error::other)?;
        *cached = Some(fresh.clone());
        Ok(fresh)
    }
}

impl StreamableHttpClient for Signed {
    type Error = reqwest::Error;

    async fn post_message(
        &self,
        uri: Arc<str>,
        message: ClientJsonRpcMessage,
        session: Option<Arc<str>>,
        bearer: Option<String>,
        mut headers: Headers,
    ) -> Answer<StreamableHttpPostResponse> {
        // The very bytes that the client below sends.
        let body = serde_json::to_vec(&message)?;
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let headers = self.sign("POST", &uri, &body, headers).await?;
        self.http.post_message(uri, message, session, bearer, headers).await
    }

    async fn delete_session(
        &self,
        uri: Arc<str>,
        session: Arc<str>,
        bearer: Option<String>,
        headers: Headers,
    ) -> Answer<()> {
        let headers = self.sign("DELETE", &uri, b"", headers).await?;
        self.http.delete_session(uri, session, bearer, headers).await
    }

    async fn get_stream(
        &self,
        uri: Arc<str>,
        session: Option<Arc<str>>,
        last_event: Option<String>,
        bearer: Option<String>,
        headers: Headers,
    ) -> Answer<BoxStream<'static, Result<Sse, SseError>>> {
        let headers = self.sign("GET", &uri, b"", headers).await?;
        self.http.get_stream(uri, session, last_event, bearer, headers).await
    }
}
