//! Checksums of bodies, where an operation wants them.

use aws_smithy_checksums::ChecksumAlgorithm;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_schema::serde::SerdeError;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};
use serde_json::{Map, Value};

use crate::model::{Operation, Shape};

/// Adds the checksum that the operation must have, or that the input asks for; one that the input gives stays.
pub(crate) fn add(
    operation: &Operation,
    shape: Option<&Shape>,
    input: &Map<String, Value>,
    request: &mut HttpRequest,
) -> Result<(), SerdeError> {
    let member = operation.checksum_member.as_deref();
    let asked = member.and_then(|name| input.get(name)).and_then(Value::as_str);
    let is_given = |(name, _): (&str, &str)| name.starts_with("x-amz-checksum-") || name == "content-md5";
    if (asked.is_none() && !operation.checksum) || request.headers().iter().any(is_given) {
        return Ok(());
    }
    let Some(body) = request.body().bytes() else { return Ok(()) };
    let Some(member) = member else {
        let digest = STANDARD.encode(Md5::digest(body));
        request.headers_mut().insert("content-md5", digest);
        return Ok(());
    };
    let name = asked.unwrap_or(DEFAULT);
    // The SDK reads other names as CRC32.
    let known = KNOWN.contains(&name).then(|| name.parse::<ChecksumAlgorithm>().ok()).flatten();
    let algorithm = known
        .ok_or_else(|| SerdeError::custom(format!("{member}: {name} is none of {}", KNOWN.join(", "))))?;
    let mut checksum = algorithm.into_impl();
    checksum.update(body);
    let header = checksum.header_name();
    let value = STANDARD.encode(checksum.finalize());
    request.headers_mut().insert(header, value);
    let says = shape.and_then(|shape| shape.members.get(member)).and_then(|member| member.wire.clone());
    if let Some(says) = says.filter(|it| !request.headers().contains_key(it)) {
        request.headers_mut().insert(says, name.to_owned());
    }
    Ok(())
}

const KNOWN: &[&str] = &["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"];

/// What the SDKs take where nobody says.
const DEFAULT: &str = "CRC32";
