//! A model without what no request and no answer needs.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value, json};

use super::source::Files;

/// The most characters of an operation's sentence.
const SENTENCE: usize = 160;

/// The model as shared/api reads it.
pub(super) fn model(name: &str, files: &Files) -> Result<Value> {
    let service = &files.service;
    let metadata = service.get("metadata").context("it has no metadata")?;
    let text = |key: &str| metadata.get(key).and_then(Value::as_str);
    let operations = object(service, "operations")?;
    let mut model = Map::new();
    let mut put = |key: &str, value: Value| {
        if !is_nothing(&value) {
            model.insert(key.to_owned(), value);
        }
    };
    put("name", json!(name));
    put("title", json!(text("serviceFullName").context("it has no name")?));
    put("id", json!(text("serviceId").context("it has no id")?));
    put("version", json!(text("apiVersion").context("it has no version")?));
    put("protocol", json!(protocol(metadata)?));
    put("target", json!(text("targetPrefix").unwrap_or_default()));
    let signs = text("signingName").or(text("endpointPrefix")).context("it is signed for nothing")?;
    put("signs", json!(signs));
    put("namespace", json!(text("xmlNamespace").unwrap_or_default()));
    put("auth", auth(metadata, text("signatureVersion")));
    put("query_compatible", json!(metadata.get("awsQueryCompatible").is_some()));
    put(
        "operations",
        operations.iter().map(|(name, it)| (name.clone(), operation(it))).collect::<Map<_, _>>().into(),
    );
    put("shapes", shapes(service, operations)?.into());
    if name == "s3" {
        put_bucket_into_host(&mut model)?;
    }
    if name == "iam" {
        mark_encoded(&mut model)?;
    }
    let mut put = |key: &str, value: Value| {
        if !is_nothing(&value) {
            model.insert(key.to_owned(), value);
        }
    };
    put("endpoint_rules", files.endpoint_rules.clone());
    put("pages", pages(files.pages.as_ref()));
    put("waiters", waiters(files.waiters.as_ref()));
    Ok(model.into())
}

/// IAM answers its policies in the encoding of URLs, which its model does not say.
fn mark_encoded(model: &mut Map<String, Value>) -> Result<()> {
    let shape = model.get_mut("shapes").and_then(|shapes| shapes.get_mut("policyDocumentType"));
    let shape = shape.and_then(Value::as_object_mut).context("IAM has no shape policyDocumentType")?;
    shape.insert("encoded".to_owned(), json!(true));
    Ok(())
}

/// S3's model has the bucket in the path and in the arguments of the endpoint rules, which put it where it belongs.
fn put_bucket_into_host(model: &mut Map<String, Value>) -> Result<()> {
    let operations =
        model.get_mut("operations").and_then(Value::as_object_mut).context("there are no operations")?;
    for operation in operations.values_mut() {
        let path = operation.get_mut("path").context("an operation has no path")?;
        if let Some(rest) = path.as_str().and_then(|path| path.strip_prefix("/{Bucket}")) {
            *path = if rest.starts_with('/') { json!(rest) } else { json!(format!("/{rest}")) };
        }
    }
    let shapes = model.get_mut("shapes").and_then(Value::as_object_mut).context("there are no shapes")?;
    for shape in shapes.values_mut() {
        if let Some(bucket) = shape.pointer_mut("/members/Bucket").and_then(Value::as_object_mut)
            && bucket.get("location") == Some(&json!("uri"))
        {
            bucket.insert("location".to_owned(), json!("host"));
        }
    }
    Ok(())
}

/// The partitions without their prose.
pub(super) fn partitions(given: &Value) -> Result<Vec<u8>> {
    let list = given.get("partitions").and_then(Value::as_array).context("there are no partitions")?;
    let kept = list.iter().map(|partition| {
        let regions: Vec<&String> = partition
            .get("regions")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .map(|(name, _)| name)
            .collect();
        json!({
            "id": partition.get("id"),
            "outputs": partition.get("outputs"),
            "regionRegex": partition.get("regionRegex"),
            "regions": regions,
        })
    });
    let mut text = serde_json::to_vec_pretty(&kept.collect::<Vec<_>>())?;
    text.push(b'\n');
    Ok(text)
}

/// The first of the service's protocols that botocore takes, in botocore's order.
fn protocol(metadata: &Value) -> Result<&'static str> {
    let all: Vec<&str> = match metadata.get("protocols").and_then(Value::as_array) {
        Some(all) => all.iter().filter_map(Value::as_str).collect(),
        None => metadata.get("protocol").and_then(Value::as_str).into_iter().collect(),
    };
    let version = metadata.get("jsonVersion").and_then(Value::as_str);
    let order = ["json", "rest-json", "rest-xml", "smithy-rpc-v2-cbor", "query", "ec2"];
    Ok(match order.into_iter().find(|it| all.contains(it)) {
        Some("smithy-rpc-v2-cbor") => "cbor",
        Some("json") if version == Some("1.0") => "json-1.0",
        Some("json") => "json-1.1",
        Some("rest-json") => "rest-json",
        Some("rest-xml") => "rest-xml",
        Some("query") => "query",
        Some("ec2") => "ec2",
        _ => bail!("none of its protocols is known: {}", all.join(", ")),
    })
}

/// How requests are signed: what the model says, else what its signature's version means.
fn auth(of: &Value, signature: Option<&str>) -> Value {
    match (of.get("auth"), of.get("authtype").and_then(Value::as_str), signature) {
        (Some(auth), ..) => auth.clone(),
        (None, Some("none"), _) => json!(["smithy.api#noAuth"]),
        (None, None, Some("bearer")) => json!(["smithy.api#httpBearerAuth"]),
        _ => Value::Null,
    }
}

fn operation(of: &Value) -> Value {
    let at = |pointer: &str| of.pointer(pointer).cloned().unwrap_or_default();
    let mut out = Map::new();
    let mut put = |key: &str, value: Value| {
        if !is_nothing(&value) {
            out.insert(key.to_owned(), value);
        }
    };
    put("about", json!(sentence(of.get("documentation").and_then(Value::as_str).unwrap_or_default())));
    put("method", at("/http/method"));
    put("path", at("/http/requestUri"));
    put("input", at("/input/shape"));
    put("output", at("/output/shape"));
    put("root", at("/input/locationName"));
    put("root_namespace", at("/input/xmlNamespace/uri"));
    put("host_prefix", at("/endpoint/hostPrefix"));
    put("auth", auth(of, None));
    put("unsigned", json!(at("/unsignedPayload") == true || at("/authtype") == "v4-unsigned-body"));
    put(
        "checksum",
        json!(at("/httpChecksumRequired") == true || at("/httpChecksum/requestChecksumRequired") == true),
    );
    put("checksum_member", at("/httpChecksum/requestAlgorithmMember"));
    put("fixed", values(&at("/staticContextParams")));
    put("deprecated", at("/deprecated"));
    out.into()
}

/// `{"Name": {"value": it}}` as `{"Name": it}`.
fn values(of: &Value) -> Value {
    let all = of.as_object().into_iter().flatten();
    all.filter_map(|(name, it)| Some((name.clone(), it.get("value")?.clone()))).collect::<Map<_, _>>().into()
}

/// The shapes that inputs and answers are made of, sorted by name.
fn shapes(service: &Value, operations: &Map<String, Value>) -> Result<Map<String, Value>> {
    let all = object(service, "shapes")?;
    let root = |it: &Value, key: &str| it.pointer(key).and_then(Value::as_str).map(str::to_owned);
    let mut waiting: Vec<String> = operations
        .values()
        .flat_map(|it| [root(it, "/input/shape"), root(it, "/output/shape")])
        .flatten()
        .collect();
    let mut seen = BTreeSet::new();
    while let Some(name) = waiting.pop() {
        if !seen.insert(name.clone()) {
            continue;
        }
        let shape = all.get(&name).with_context(|| format!("there is no shape {name}"))?;
        let members = shape.get("members").and_then(Value::as_object).into_iter().flatten().map(|(_, it)| it);
        let parts = ["member", "key", "value"].iter().filter_map(|part| shape.get(part));
        waiting.extend(members.chain(parts).filter_map(|it| root(it, "/shape")));
    }
    seen.into_iter().map(|name| Ok((name.clone(), shape(all.get(&name).context("it was seen")?)))).collect()
}

fn shape(of: &Value) -> Value {
    let at = |pointer: &str| of.pointer(pointer).cloned().unwrap_or_default();
    let mut out = Map::new();
    let mut put = |key: &str, value: Value| {
        if !is_nothing(&value) {
            out.insert(key.to_owned(), value);
        }
    };
    put("type", at("/type"));
    let members = of.get("members").and_then(Value::as_object).into_iter().flatten();
    put("members", members.map(|(name, it)| (name.clone(), member(it))).collect::<Map<_, _>>().into());
    for part in ["member", "key", "value"] {
        put(part, of.get(part).map(member).unwrap_or_default());
    }
    for same in [
        "required",
        "enum",
        "min",
        "max",
        "union",
        "payload",
        "streaming",
        "flattened",
        "document",
        "eventstream",
        "sparse",
        "sensitive",
    ] {
        put(same, of.get(same).cloned().unwrap_or_default());
    }
    put("time", at("/timestampFormat"));
    put("wire", at("/locationName"));
    put("namespace", namespace(at("/xmlNamespace")));
    out.into()
}

fn member(of: &Value) -> Value {
    let at = |pointer: &str| of.pointer(pointer).cloned().unwrap_or_default();
    let mut out = Map::new();
    let mut put = |key: &str, value: Value| {
        if !is_nothing(&value) {
            out.insert(key.to_owned(), value);
        }
    };
    put("shape", at("/shape"));
    put("location", at("/location").as_str().map(|it| json!(it.to_lowercase())).unwrap_or_default());
    put("wire", at("/locationName"));
    put("query", at("/queryName"));
    put("flattened", at("/flattened"));
    put("attribute", at("/xmlAttribute"));
    put("namespace", namespace(at("/xmlNamespace")));
    put("token", at("/idempotencyToken"));
    put("streaming", at("/streaming"));
    put("json", at("/jsonvalue"));
    put("event_header", at("/eventheader"));
    put("event_payload", at("/eventpayload"));
    put("context", at("/contextParam/name"));
    put("deprecated", at("/deprecated"));
    out.into()
}

/// A namespace is its address, or its address with the prefix that stands for it.
fn namespace(of: Value) -> Value {
    if of.is_string() { json!({ "uri": of }) } else { of }
}

fn pages(of: Option<&Value>) -> Value {
    let list = |value: Option<&Value>| match value {
        Some(Value::String(one)) => json!([one]),
        Some(Value::Array(all)) => json!(all),
        _ => Value::Null,
    };
    let all = of.and_then(|it| it.get("pagination")).and_then(Value::as_object).into_iter().flatten();
    all.map(|(name, it)| {
        let mut out = Map::new();
        for (key, value) in [
            ("input", list(it.get("input_token"))),
            ("output", list(it.get("output_token"))),
            ("limit", it.get("limit_key").cloned().unwrap_or_default()),
            ("more", it.get("more_results").cloned().unwrap_or_default()),
            ("rows", list(it.get("result_key"))),
        ] {
            if !is_nothing(&value) {
                out.insert(key.to_owned(), value);
            }
        }
        (name.clone(), out.into())
    })
    .collect::<Map<_, _>>()
    .into()
}

/// By the names that the AWS CLI has for them: `InstanceRunning` is `instance-running`.
fn waiters(of: Option<&Value>) -> Value {
    let all = of.and_then(|it| it.get("waiters")).and_then(Value::as_object).into_iter().flatten();
    all.map(|(name, it)| {
        let mut it = it.clone();
        if let Some(it) = it.as_object_mut() {
            it.remove("description");
        }
        (dashed(name), it)
    })
    .collect::<Map<_, _>>()
    .into()
}

fn dashed(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut out = String::new();
    for (at, letter) in letters.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| letters.get(at));
        let after = letters.get(at + 1);
        let starts = letter.is_uppercase()
            && before.is_some_and(|it| !it.is_uppercase() || after.is_some_and(|it| it.is_lowercase()));
        if starts {
            out.push('-');
        }
        out.extend(letter.to_lowercase());
    }
    out
}

/// The first sentence of AWS's prose, without its marks, and not longer than a line.
fn sentence(html: &str) -> String {
    let mut plain = String::new();
    let mut in_tag = false;
    for letter in html.chars() {
        match letter {
            '<' => in_tag = true,
            '>' if in_tag => {
                in_tag = false;
                plain.push(' ');
            }
            letter if !in_tag => plain.push(letter),
            _ => {}
        }
    }
    let plain = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    let plain = plain
        .replace(" .", ".")
        .replace(" ,", ",")
        .replace("&amp;", "&")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"");
    let end = plain.match_indices(". ").map(|(at, _)| at).find(|at| {
        // An abbreviation ends no sentence.
        !["e.g", "i.e", "etc", "vs"].iter().any(|it| plain.get(..*at).is_some_and(|text| text.ends_with(it)))
    });
    let first = end.and_then(|at| plain.get(..at)).unwrap_or(plain.trim_end_matches('.'));
    if first.chars().count() <= SENTENCE {
        return first.to_owned();
    }
    let cut: String = first.chars().take(SENTENCE).collect();
    let cut = cut.rsplit_once(' ').map_or(cut.as_str(), |(kept, _)| kept);
    format!("{}…", cut.trim_end_matches([',', ';', ':']))
}

fn object<'a>(of: &'a Value, key: &str) -> Result<&'a Map<String, Value>> {
    of.get(key).and_then(Value::as_object).with_context(|| format!("it has no {key}"))
}

/// What is left out, since it is what is taken for granted.
fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(all) => all.is_empty(),
        Value::Object(all) => all.is_empty(),
        _ => false,
    }
}
