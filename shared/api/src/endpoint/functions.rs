//! The functions that rules may call, as Smithy and AWS define them.

use std::net::IpAddr;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::partitions;

/// What stays as it is in a URL.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Nothing, where the function is not known. What has no answer is null.
pub(super) fn call(name: &str, arguments: &[Value]) -> Option<Value> {
    let at = |index: usize| arguments.get(index).unwrap_or(&Value::Null);
    let text = |index: usize| at(index).as_str().unwrap_or_default();
    let flag = |index: usize| at(index) == &Value::Bool(true);
    Some(match name {
        "isSet" => (!at(0).is_null()).into(),
        "not" => (!flag(0) && (at(0).is_null() || at(0).is_boolean())).into(),
        "booleanEquals" | "stringEquals" => (at(0) == at(1)).into(),
        "getAttr" => attribute(at(0), text(1)),
        "substring" => substring(at(0), at(1), at(2), flag(3)),
        "isValidHostLabel" => is_host_label(text(0), flag(1)).into(),
        "uriEncode" => utf8_percent_encode(text(0), UNRESERVED).to_string().into(),
        "parseURL" => url(text(0)),
        "aws.partition" => partitions::of(text(0)),
        "aws.parseArn" => arn(text(0)),
        "aws.isVirtualHostableS3Bucket" => is_virtual_hostable(text(0), flag(1)).into(),
        _ => return None,
    })
}

/// A part of a value by its path: `name`, `resourceId[1]`, `[0]`, several with dots between.
pub(super) fn attribute(of: &Value, path: &str) -> Value {
    let mut found = of;
    for part in path.split('.') {
        let (name, index) = match part.split_once('[') {
            Some((name, index)) => (name, index.strip_suffix(']').and_then(|it| it.parse::<usize>().ok())),
            None => (part, None),
        };
        if !name.is_empty() {
            found = found.get(name).unwrap_or(&Value::Null);
        }
        if let Some(index) = index {
            found = found.get(index).unwrap_or(&Value::Null);
        }
    }
    found.clone()
}

/// Part of a text of ASCII; nothing, where the text is too short.
fn substring(text: &Value, start: &Value, stop: &Value, reverse: bool) -> Value {
    let place = |value: &Value| value.as_u64().and_then(|it| usize::try_from(it).ok());
    let (Some(text), Some(start), Some(stop)) = (text.as_str(), place(start), place(stop)) else {
        return Value::Null;
    };
    if start >= stop || text.len() < stop || !text.is_ascii() {
        return Value::Null;
    }
    let (start, stop) = if reverse { (text.len() - stop, text.len() - start) } else { (start, stop) };
    text.get(start..stop).into()
}

fn is_host_label(text: &str, with_dots: bool) -> bool {
    if with_dots {
        return text.split('.').all(|label| is_host_label(label, false));
    }
    (1..=63).contains(&text.len())
        && text.starts_with(|it: char| it.is_ascii_alphanumeric())
        && text.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-')
}

fn is_virtual_hostable(bucket: &str, with_dots: bool) -> bool {
    is_host_label(bucket, with_dots)
        && (3..=63).contains(&bucket.len())
        && bucket.split('.').all(|label| {
            let fits = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-';
            label.bytes().all(fits) && !label.starts_with('-') && !label.ends_with('-')
        })
        && bucket.parse::<IpAddr>().is_err()
}

fn arn(text: &str) -> Value {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let ["arn", partition, service, region, account, resource] = parts.as_slice() else { return Value::Null };
    if partition.is_empty() || service.is_empty() || resource.is_empty() {
        return Value::Null;
    }
    json!({
        "partition": partition,
        "service": service,
        "region": region,
        "accountId": account,
        "resourceId": resource.split([':', '/']).collect::<Vec<_>>(),
    })
}

pub(super) fn url(text: &str) -> Value {
    let Some((scheme, rest)) = text.split_once("://") else { return Value::Null };
    if !matches!(scheme, "http" | "https") || text.contains('?') {
        return Value::Null;
    }
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    if authority.is_empty() {
        return Value::Null;
    }
    let normal = if path.ends_with('/') { path.to_owned() } else { format!("{path}/") };
    let host = match authority.strip_prefix('[').and_then(|it| it.split_once(']')) {
        Some((host, _)) => host,
        None => authority.rsplit_once(':').map_or(authority, |(host, _)| host),
    };
    json!({
        "scheme": scheme,
        "authority": authority,
        "path": path,
        "normalizedPath": normal,
        "isIp": host.parse::<IpAddr>().is_ok(),
    })
}
