//! Requests of real services beside those that botocore writes of the same models.

use std::io::Read as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::read::GzDecoder;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::inputs::{same, same_body, sorted};
use crate::endpoint::{Arguments, resolve};
use crate::input::check;
use crate::model::{Model, Protocol};
use crate::request::request;
use crate::services::ALL;

#[derive(Deserialize)]
struct File {
    botocore: String,
    requests: Vec<One>,
}

/// Service, operation, input, method, path, query, headers, body.
#[derive(Deserialize)]
struct One(String, String, Map<String, Value>, String, String, String, Map<String, Value>, Value);

#[test]
fn requests_of_every_service_are_those_of_botocore() {
    let mut text = Vec::new();
    let packed = include_bytes!("../../../tests/requests.json.gz");
    GzDecoder::new(packed.as_slice()).read_to_end(&mut text).expect("it is a gzip");
    let file: File = serde_json::from_slice(&text).expect("it holds requests");
    let readme = include_str!("../../../models/README.md");
    assert!(
        readme.contains(&format!("| botocore (PyPI) | {} |", file.botocore)),
        "made of botocore {}",
        file.botocore
    );
    let (mut held, mut failed) = (0, Vec::new());
    for one in &file.requests {
        match compare(one) {
            Ok(()) => held += 1,
            Err(why) => failed.push(format!("{} {}: {why}", one.0, one.1)),
        }
    }
    let shown: Vec<String> = failed.iter().take(60).map(|it| it.chars().take(900).collect()).collect();
    assert!(failed.is_empty(), "{held} hold, {} do not:\n{}", failed.len(), shown.join("\n"));
    assert!(held > 1_200, "{held}");
}

fn compare(One(service, name, input, method, path, query, headers, body): &One) -> Result<(), String> {
    let known = ALL.iter().find(|it| it.name == service).ok_or("there is no such service")?;
    let model = known.model().map_err(|error| error.to_string())?;
    let operation = model.operations.get(name).ok_or("there is no such operation")?;
    check(&model, operation, input).map_err(|wrong| format!("refused: {wrong}"))?;
    let ours = request(&model, name, operation, input).map_err(|error| error.to_string())?;
    same("method", ours.method(), method)?;
    let (own, asks) = ours.uri().split_once('?').unwrap_or((ours.uri(), ""));
    let (path, asked) = path.split_once('?').unwrap_or((path, ""));
    let own = format!("{}{own}", base(&model, input)?);
    // A bucket in the path may or may not have a slash behind it.
    let bare = |it: &str| if service == "s3" { it.trim_end_matches('/').to_owned() } else { it.to_owned() };
    same("path", &bare(&own), &bare(path))?;
    // A flag without a value may or may not have the sign before it.
    let plain = |query: &str| sorted(query).replace("=&", "&").trim_matches(['&', '=']).to_owned();
    same("query", &plain(asks), &plain(&format!("{asked}&{query}")))?;
    // botocore reads a time where the model has the text of the header.
    let told = headers.iter().filter(|(header, _)| service != "s3" || *header != "expires");
    for (header, value) in told {
        let all: Vec<&str> = ours.headers().get_all(header).collect();
        let wanted = value.as_str().unwrap_or_default();
        if header == "content-type" {
            // The character set is the one that is meant without it, too.
            let bare = |it: &str| it.split(';').next().unwrap_or_default().to_owned();
            same(header, &bare(&all.join(", ")), &bare(wanted))?;
        } else {
            let plain = |it: &str| it.replace(", ", ",");
            same(header, &plain(&all.join(",")), &plain(wanted))?;
        }
    }
    let bytes = ours.body().bytes().ok_or("the body is a stream")?;
    match body {
        Value::String(text) => same_body(model.protocol, bytes, text),
        other if model.protocol == Protocol::Cbor => {
            same_body(model.protocol, bytes, other["base64"].as_str().unwrap_or_default())
        }
        other => same("body", &STANDARD.encode(bytes), other["base64"].as_str().unwrap_or_default()),
    }
}

/// botocore's models of S3 have the bucket in the path, and ours in the endpoint, which puts it there or into the host.
fn base(model: &Model, input: &Map<String, Value>) -> Result<String, String> {
    let Some(bucket) = input.get("Bucket").filter(|_| model.name == "s3") else { return Ok(String::new()) };
    let arguments = Arguments::from_iter([
        ("Bucket".to_owned(), bucket.clone()),
        ("Region".to_owned(), "us-east-1".into()),
        ("ForcePathStyle".to_owned(), true.into()),
    ]);
    let found = resolve(&model.endpoint_rules, &arguments).map_err(|error| error.to_string())?;
    Ok(found.url.split('/').skip(3).map(|step| format!("/{step}")).collect())
}
