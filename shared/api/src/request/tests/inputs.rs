//! What requests look like.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::{Case, cases, encoded, mapped, xml};
use crate::input::{check, complete, host_prefix};
use crate::model::Protocol;
use crate::request::request;

/// Cases that differ, and why that is right.
const DIFFERENT: &[(&str, &str)] = &[
    ("SDKAppliedContentEncoding_ec2Query", COMPRESSED),
    ("SDKAppendsGzipAndIgnoresHttpProvidedEncoding_ec2Query", COMPRESSED),
    ("SDKAppliedContentEncoding_awsJson1_1", COMPRESSED),
    ("SDKAppendsGzipAndIgnoresHttpProvidedEncoding_awsJson1_1", COMPRESSED),
    ("SDKAppliedContentEncoding_awsJson1_0", COMPRESSED),
    ("SDKAppendsGzipAndIgnoresHttpProvidedEncoding_awsJson1_0", COMPRESSED),
    ("SDKAppliedContentEncoding_awsQuery", COMPRESSED),
    ("SDKAppendsGzipAndIgnoresHttpProvidedEncoding_awsQuery", COMPRESSED),
    ("SDKAppliedContentEncoding_restJson1", COMPRESSED),
    ("SDKAppendedGzipAfterProvidedEncoding_restJson1", COMPRESSED),
    ("SDKAppliedContentEncoding_restXml", COMPRESSED),
    ("SDKAppendedGzipAfterProvidedEncoding_restXml", COMPRESSED),
    ("RestXmlHttpPayloadWithUnion", NAMED),
    ("HttpPayloadWithXmlName", NAMED),
    ("HttpPayloadWithXmlNamespace", NAMED),
    ("HttpPayloadWithXmlNamespaceAndPrefix", NAMED),
    ("XmlAttributesOnPayload", NAMED),
];

const COMPRESSED: &str = "only one operation of AWS may be sent compressed, and need not be";
const NAMED: &str = "the model names the member that is the body, and the case expects the name of its shape; \
                     botocore follows its models here, too, and excuses the case";

#[test]
fn requests_are_those_of_botocore() {
    let (mut held, mut failed) = (0, Vec::new());
    for case in cases().iter().filter(|case| case.serialized.is_some()) {
        let name = case.name();
        let excused = DIFFERENT.iter().any(|(id, _)| Some(*id) == case.id.as_deref());
        match (compare(case), excused) {
            (Ok(()), false) => held += 1,
            (Err(_), true) => {}
            (Ok(()), true) => failed.push(format!("{name}: no longer differs")),
            (Err(why), false) => failed.push(format!("{name}: {why}")),
        }
    }
    assert!(failed.is_empty(), "{held} hold, {} do not:\n{}", failed.len(), failed.join("\n"));
    assert!(held > 250, "{held}");
}

fn compare(case: &Case) -> Result<(), String> {
    let operation = case.operation();
    let given = Value::Object(case.params.clone().unwrap_or_default());
    let shape = operation.input.as_deref().unwrap_or_default();
    let Value::Object(mut input) = mapped(&case.model, shape, &given, &encoded) else { unreachable!() };
    check(&case.model, operation, &input).map_err(|wrong| format!("refused: {wrong}"))?;
    complete(&case.model, operation, &mut input, || "00000000-0000-4000-8000-000000000000".to_owned());
    let ours = request(&case.model, &case.operation, operation, &input).map_err(|error| error.to_string())?;
    let theirs = case.serialized.as_ref().expect("it was looked for");
    let text = |key: &str| theirs.get(key).and_then(Value::as_str);
    if let Some(method) = text("method") {
        same("method", ours.method(), method)?;
    }
    // The base path of an endpoint is put before it later.
    let base = case.endpoint.as_deref().map(|it| it.splitn(4, '/').nth(3).unwrap_or_default());
    let uri = text("uri").unwrap_or("/");
    let uri = match base.filter(|it| !it.is_empty()) {
        Some(base) => uri.strip_prefix(&format!("/{base}")).unwrap_or(uri),
        None => uri,
    };
    let split = |uri: &str| {
        let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
        (path.to_owned(), sorted(query))
    };
    let (ours_path, ours_query) = split(ours.uri());
    let (theirs_path, theirs_query) = split(uri);
    same("path", &ours_path, &theirs_path)?;
    same("query", &ours_query, &theirs_query)?;
    headers(&ours, theirs)?;
    if let (Some(host), Some(endpoint)) = (text("host"), &case.endpoint) {
        let prefix = host_prefix(operation, &input).map_err(|wrong| wrong.to_string())?.unwrap_or_default();
        let own = endpoint.trim_start_matches("https://");
        same("host", &format!("{prefix}{own}"), host)?;
    }
    let body = ours.body().bytes().ok_or("the body is a stream")?;
    match text("body") {
        Some(wanted) => same_body(case.model.protocol, body, wanted),
        None => Ok(()),
    }
}

fn headers(ours: &aws_smithy_runtime_api::http::Request, theirs: &Value) -> Result<(), String> {
    let empty = Map::new();
    for (name, value) in theirs.get("headers").and_then(Value::as_object).unwrap_or(&empty) {
        let all: Vec<&str> = ours.headers().get_all(name.to_lowercase()).collect();
        let wanted = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        same(name, &all.join(", "), &wanted)?;
    }
    for name in theirs.get("forbidHeaders").and_then(Value::as_array).into_iter().flatten() {
        if ours.headers().contains_key(name.as_str().unwrap_or_default().to_lowercase()) {
            return Err(format!("the header {name} is there"));
        }
    }
    for name in theirs.get("requireHeaders").and_then(Value::as_array).into_iter().flatten() {
        let name = name.as_str().unwrap_or_default().to_lowercase();
        if name != "content-length" && !ours.headers().contains_key(&name) {
            return Err(format!("the header {name} is not there"));
        }
    }
    Ok(())
}

pub(super) fn same_body(protocol: Protocol, ours: &[u8], theirs: &str) -> Result<(), String> {
    if protocol == Protocol::Cbor {
        let theirs = STANDARD.decode(theirs).map_err(|error| error.to_string())?;
        if ours == theirs {
            return Ok(());
        }
        let read = |bytes: &[u8]| ciborium::from_reader(bytes).map(|it| format!("{:?}", in_order(it)));
        return same("body", &read(ours).unwrap_or_default(), &read(&theirs).unwrap_or_default());
    }
    let ours = String::from_utf8_lossy(ours);
    if ours == theirs {
        return Ok(());
    }
    match protocol {
        Protocol::Query | Protocol::Ec2 => same("body", &sorted(&ours), &sorted(theirs)),
        _ if theirs.trim_start().starts_with('<') => {
            same("body", &xml::canonical(&ours), &xml::canonical(theirs))
        }
        _ => match (serde_json::from_str::<Value>(&ours), serde_json::from_str::<Value>(theirs)) {
            (Ok(ours), Ok(theirs)) if ours == theirs => Ok(()),
            _ => same("body", &ours, theirs),
        },
    }
}

/// A map's entries come in any order.
fn in_order(value: ciborium::Value) -> ciborium::Value {
    match value {
        ciborium::Value::Map(all) => {
            let mut all: Vec<_> = all.into_iter().map(|(key, value)| (key, in_order(value))).collect();
            all.sort_by_key(|(key, _)| format!("{key:?}"));
            ciborium::Value::Map(all)
        }
        // A time in seconds, whole or with parts.
        ciborium::Value::Tag(1, time) if time.as_float().is_some_and(|it| it.fract() == 0.0) => {
            let seconds = time.as_float().map_or(0, |it| it as i64);
            ciborium::Value::Tag(1, Box::new(ciborium::Value::from(seconds)))
        }
        ciborium::Value::Array(all) => ciborium::Value::Array(all.into_iter().map(in_order).collect()),
        other => other,
    }
}

pub(super) fn sorted(query: &str) -> String {
    let mut parts: Vec<&str> = query.split('&').collect();
    parts.sort_unstable();
    parts.join("&")
}

pub(super) fn same(what: &str, ours: &str, theirs: &str) -> Result<(), String> {
    if ours == theirs { Ok(()) } else { Err(format!("{what}\n    ours   {ours}\n    theirs {theirs}")) }
}
