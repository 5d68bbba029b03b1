//! Deployment packages, in memory and within bounds.

use std::io::{Cursor, Read};
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_lambda::operation::get_function::GetFunctionOutput;
use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        http::{HttpClient, HttpConnector, HttpConnectorSettings},
        interceptors::{Intercept, context::BeforeSerializationInterceptorContextRef, dyn_dispatch_hint},
        orchestrator::HttpRequest,
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::{byte_stream::ByteStream, config_bag::ConfigBag};
use awsmcp_mcp::{Call, Error, Kind, Result, human_size};
use zip::{ZipArchive, read::ZipFile};

use crate::Lambda;

/// A package that lies in memory.
pub(crate) type Package = ZipArchive<Cursor<Vec<u8>>>;

/// The largest package that is fetched. AWS takes 50 MB directly and 250 MB, unpacked, through S3.
pub(crate) const MOST_BYTES: usize = 128 * 1024 * 1024;

/// Fetches a function's package from where AWS keeps it.
///
/// # Errors
/// When there is none, it is too large, or it cannot be fetched.
pub(crate) async fn fetch(cx: &Call<Lambda>, function: &str, qualifier: Option<String>) -> Result<Package> {
    let parts = Parts::default();
    let out = cx
        .client()
        .lambda
        .get_function()
        .function_name(function)
        .set_qualifier(qualifier)
        .customize()
        .interceptor(parts.clone())
        .send()
        .await?;
    let url = location(&out)?;
    let bytes = parts.get(cx, &url).await?;
    open(bytes)
}

/// Fetches a layer's version from where AWS keeps it.
///
/// # Errors
/// As [`fetch`].
pub(crate) async fn fetch_layer(cx: &Call<Lambda>, layer: &str, version: i64) -> Result<Package> {
    let parts = Parts::default();
    let request = cx.client().lambda.get_layer_version().layer_name(layer).version_number(version);
    let out = request.customize().interceptor(parts.clone()).send().await?;
    let url = out.content.and_then(|content| content.location);
    let url =
        url.ok_or_else(|| Error::not_found("AWS names no place from where its code could be fetched"))?;
    let bytes = parts.get(cx, &url).await?;
    open(bytes)
}

fn location(out: &GetFunctionOutput) -> Result<String> {
    let code = out.code.as_ref();
    if let Some(image) = code.and_then(|code| code.image_uri.as_deref()) {
        return Err(Error::invalid(format!("its code is the container image {image}, not a package"))
            .with_next("look into the image with a tool for containers"));
    }
    let url = code.and_then(|code| code.location.clone());
    url.ok_or_else(|| Error::not_found("AWS names no place from where its code could be fetched"))
}

/// Opens a package.
///
/// # Errors
/// When it is not a zip file.
pub(crate) fn open(bytes: Vec<u8>) -> Result<Package> {
    ZipArchive::new(Cursor::new(bytes)).map_err(|error| {
        Error::invalid(format!("it is not a zip file: {error}"))
            .with_next("a package is a zip file with the handler's file at its top")
    })
}

/// The files of a package and their sizes, unpacked, in order of their paths. Nothing is unpacked.
pub(crate) fn entries(package: &mut Package) -> Vec<(String, u64)> {
    let mut found: Vec<(String, u64)> = (0..package.len())
        .filter_map(|at| {
            let file = package.by_index_raw(at).ok()?;
            let name = String::from_utf8_lossy(file.name_raw()).into_owned();
            (!file.is_dir()).then(|| (name, file.size()))
        })
        .collect();
    found.sort();
    found
}

/// At most `most` bytes of a file of a package.
///
/// # Errors
/// When the file is packed in a way that cannot be read.
pub(crate) fn read(file: ZipFile<'_, Cursor<Vec<u8>>>, most: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(most)
        .read_to_end(&mut bytes)
        .map_err(|error| Error::invalid(format!("the file cannot be unpacked: {error}")))?;
    Ok(bytes)
}

/// The parts that the SDK sends requests with: its HTTP client, with its proxy and its trusted certificates.
#[derive(Clone, Debug, Default)]
struct Parts(Arc<Mutex<Option<RuntimeComponents>>>);

#[dyn_dispatch_hint]
impl Intercept for Parts {
    fn name(&self) -> &'static str {
        "parts"
    }

    fn read_before_serialization(
        &self,
        _: &BeforeSerializationInterceptorContextRef<'_>,
        components: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(components.clone());
        Ok(())
    }
}

impl Parts {
    /// Gets a signed address, unsigned by us.
    async fn get(&self, cx: &Call<Lambda>, url: &str) -> Result<Vec<u8>> {
        let parts = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let parts = parts.ok_or_else(|| Error::internal("the SDK told no HTTP client"))?;
        let client = parts.http_client().ok_or_else(|| Error::internal("the SDK has no HTTP client"))?;
        let connector = client.http_connector(&HttpConnectorSettings::default(), &parts);
        let request = HttpRequest::get(url)
            .map_err(|error| Error::internal(format!("AWS's address of the code is none: {error}")))?;
        let response = connector.call(request).await.map_err(|error| {
            Error::new(Kind::Network, format!("the package could not be fetched: {error:?}"))
        })?;
        let status = response.status().as_u16();
        if status != 200 {
            return Err(Error::conflict(format!("the package could not be fetched: HTTP {status}")));
        }
        let total = response.headers().get("content-length").and_then(|size| size.parse::<u64>().ok());
        let mut body = ByteStream::new(response.into_body());
        let mut bytes = Vec::new();
        while let Some(chunk) = body.next().await {
            let chunk = chunk
                .map_err(|error| Error::new(Kind::Network, format!("the package broke off: {error}")))?;
            if bytes.len() + chunk.len() > MOST_BYTES || total.is_some_and(|total| total > MOST_BYTES as u64)
            {
                return Err(Error::invalid(format!(
                    "the package is larger than {}",
                    human_size(MOST_BYTES as u64)
                ))
                .with_next("packages of that size are not opened here"));
            }
            bytes.extend_from_slice(&chunk);
            cx.progress(bytes.len() as u64, total, format!("fetched {}", human_size(bytes.len() as u64)));
        }
        Ok(bytes)
    }
}
