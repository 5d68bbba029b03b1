//! What answers mean.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::date_time::{DateTime, Format};
use aws_smithy_types::error::metadata::ProvideErrorMetadata as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{Case, cases, encoded, mapped};
use crate::failure::failure;
use crate::model::{Kind, Protocol};
use crate::request::answer;

/// Cases that differ, and why that is right.
const DIFFERENT: &[(&str, &str)] = &[("Ec2ComplexError", MESSAGE), ("ComplexError", MESSAGE)];

const MESSAGE: &str =
    "the case expects no message, since its error has a member of that name, which holds the same text";

#[test]
fn answers_mean_what_they_mean_to_botocore() {
    let (mut held, mut failed) = (0, Vec::new());
    for case in cases().iter().filter(|case| case.response.is_some()) {
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
    let response = response(case);
    if case.error.is_some() {
        let found = failure(&case.model, &case.operation, &response);
        let ours = json!({"code": found.code(), "message": found.message()});
        let theirs = json!({"code": case.code, "message": case.message});
        return same(&ours, &theirs);
    }
    let operation = case.operation();
    let ours =
        answer(&case.model, &case.operation, operation, &response).map_err(|error| error.to_string())?;
    let shape = operation.output.as_deref().unwrap_or_default();
    let ours = mapped(&case.model, shape, &Value::Object(ours), &|kind, value| match kind {
        Kind::Timestamp => seconds(value),
        kind => number(kind, value),
    });
    let theirs =
        mapped(&case.model, shape, case.result.as_ref().unwrap_or(&json!({})), &|kind, value| match kind {
            Kind::Timestamp => json!(value.as_f64()),
            kind => number(kind, &encoded(kind, value)),
        });
    same(&ours, &theirs)
}

fn response(case: &Case) -> HttpResponse {
    let given = case.response.as_ref().expect("it was looked for");
    let body = given.get("body").and_then(Value::as_str).unwrap_or_default();
    let body = if case.model.protocol == Protocol::Cbor {
        STANDARD.decode(body).expect("it is Base64")
    } else {
        body.as_bytes().to_vec()
    };
    let status = given.get("status_code").and_then(Value::as_u64).unwrap_or(200);
    let status = u16::try_from(status).expect("it is a status").try_into().expect("it is a status");
    let mut response = HttpResponse::new(status, SdkBody::from(body));
    for (name, value) in given.get("headers").and_then(Value::as_object).into_iter().flatten() {
        response.headers_mut().insert(name.to_lowercase(), value.as_str().unwrap_or_default().to_owned());
    }
    response
}

fn seconds(time: &Value) -> Value {
    let parsed = time.as_str().and_then(|text| DateTime::from_str(text, Format::DateTime).ok());
    json!(parsed.map(|it| it.as_secs_f64()))
}

/// JSON writes a whole number in two ways.
fn number(kind: Kind, value: &Value) -> Value {
    match (kind, value.as_f64()) {
        (Kind::Float | Kind::Double, Some(number)) => json!(number),
        _ => value.clone(),
    }
}

fn same(ours: &Value, theirs: &Value) -> Result<(), String> {
    if ours == theirs { Ok(()) } else { Err(format!("\n    ours   {ours}\n    theirs {theirs}")) }
}
