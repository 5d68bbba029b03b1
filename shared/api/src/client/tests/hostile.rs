//! Inputs and answers that nobody meant: whatever they are, each ends in a value or an error.
//!
//! `AWSMCP_FUZZ_SECONDS=3600 cargo test -p awsmcp-api --features awsmcp-sdk/one-build hostile` goes on for an hour; a
//! failure names the seed that repeats it as `AWSMCP_FUZZ_SEED`.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use awsmcp_sdk::SdkConfig;
use awsmcp_spec::Environment;
use fastrand::Rng;
use serde_json::{Map, Value, json};

use super::super::wire::Call;
use super::super::{events, prepared};
use crate::endpoint::Endpoint;
use crate::failure::{failure, is_failure};
use crate::model::{Kind, Member, Model, Shape};
use crate::services::ALL;
use crate::touched::touched;

const TEXTS: [&str; 18] = [
    "",
    " ",
    "a",
    "../../x",
    "a/b c%2F?#&=",
    "*",
    "{account}",
    "${aws:username}",
    "arn:aws:s3:::b/k",
    "arn:aws:iam::123456789012:role/r",
    "arn::::::",
    "2026-02-30T25:61:61Z",
    "9999-12-31T23:59:59.999999999Z",
    "-1e400",
    "NaN",
    "\u{0}\r\nx: y",
    "\u{202e}\u{1f600}\u{e000}e\u{301}",
    "aGVsbG8=",
];

fn text(random: &mut Rng) -> String {
    match random.u8(..8) {
        0 => "x".repeat(random.usize(..5_000)),
        1 => (0..random.usize(..12)).map(|_| random.char(..)).collect(),
        _ => TEXTS[random.usize(..TEXTS.len())].to_owned(),
    }
}

fn number(random: &mut Rng) -> Value {
    match random.u8(..6) {
        0 => json!(i64::MIN),
        1 => json!(u64::MAX),
        2 => json!(f64::MAX),
        3 => json!(-0.0),
        4 => json!(random.i64(..)),
        _ => json!(random.f64() * 1e12 - 5e11),
    }
}

/// Any JSON.
fn anything(random: &mut Rng, depth: usize) -> Value {
    match random.u8(..if depth > 3 { 5 } else { 7 }) {
        0 => Value::Null,
        1 => json!(random.bool()),
        2 => number(random),
        3 | 4 => json!(text(random)),
        5 => (0..random.usize(..4)).map(|_| anything(random, depth + 1)).collect(),
        _ => {
            let one = |random: &mut Rng| (text(random), anything(random, depth + 1));
            Value::Object((0..random.usize(..4)).map(|_| one(random)).collect())
        }
    }
}

/// A value as a shape has it, or something else in its place.
fn value(model: &Model, member: &Member, random: &mut Rng, depth: usize) -> Value {
    let Some(shape) = model.shape(&member.shape) else { return Value::Null };
    if random.u8(..20) == 0 || shape.document || depth > 7 {
        return anything(random, depth);
    }
    match shape.kind {
        Kind::Structure => Value::Object(members(model, shape, random, depth)),
        Kind::List => {
            let part = shape.member.as_ref();
            let some = random.usize(..3);
            part.into_iter().cycle().take(some).map(|it| value(model, it, random, depth + 1)).collect()
        }
        Kind::Map => {
            let part = shape.value.as_ref();
            let some = random.usize(..3);
            let one = |it| (text(random), value(model, it, random, depth + 1));
            Value::Object(part.into_iter().cycle().take(some).map(one).collect())
        }
        Kind::String if !shape.values.is_empty() && random.bool() => {
            json!(shape.values[random.usize(..shape.values.len())])
        }
        Kind::String | Kind::Blob => json!(text(random)),
        Kind::Integer | Kind::Long | Kind::Float | Kind::Double => number(random),
        Kind::Boolean => json!(random.bool()),
        Kind::Timestamp if random.bool() => number(random),
        Kind::Timestamp => json!(text(random)),
    }
}

fn members(model: &Model, shape: &Shape, random: &mut Rng, depth: usize) -> Map<String, Value> {
    let mut all = Map::new();
    for (name, member) in shape.members.iter() {
        let is_wanted = shape.required.iter().any(|it| it == name);
        if random.u8(..100) < if is_wanted { 97 } else { 30 } {
            all.insert(name.to_owned(), value(model, member, random, depth + 1));
        }
    }
    if random.u8(..40) == 0 {
        all.insert(text(random), anything(random, depth));
    }
    all
}

/// What looks like an answer of some protocol, and is damaged.
fn body(model: &Model, output: Option<&Shape>, random: &mut Rng) -> Vec<u8> {
    let value = output.map(|shape| members(model, shape, random, 0)).unwrap_or_default();
    let mut bytes = match random.u8(..5) {
        0 | 1 => Value::Object(value).to_string().into_bytes(),
        2 => {
            let mut xml = String::from("<Response>");
            for (name, value) in &value {
                xml.push_str(&format!("<{name}>{}</{name}>", value.as_str().unwrap_or("<member>1</member>")));
            }
            (xml + "</Response>").into_bytes()
        }
        3 => {
            let mut bytes = Vec::new();
            ciborium::into_writer(&value, &mut bytes).expect("it is written");
            bytes
        }
        _ => (0..random.usize(..200)).map(|_| random.u8(..)).collect(),
    };
    for _ in 0..random.usize(..3) {
        if bytes.is_empty() {
            break;
        }
        let at = random.usize(..bytes.len());
        match random.u8(..3) {
            0 => bytes.truncate(at),
            1 => bytes[at] = random.u8(..),
            _ => bytes.insert(at, random.u8(..)),
        }
    }
    bytes
}

/// Everything that happens to a call but its sending; whether it came as far as a request.
fn try_one(sdk: &SdkConfig, model: &Arc<Model>, name: &str, random: &mut Rng) -> bool {
    let operation = &model.operations[name];
    let input = operation.input.as_deref().and_then(|it| model.shape(it));
    let input = input.map(|shape| members(model, shape, random, 0)).unwrap_or_default();
    let environment = Environment { partition: "aws", region: "us-east-1", account: "123456789012" };
    let touched = touched(operation, &input, environment);
    assert!(operation.needs.is_empty() || !touched.is_empty(), "{name} touches nothing");
    let call = prepared(sdk, Arc::clone(model), name, input);
    let sent = call.is_ok_and(|call| crate::request::request(model, name, operation, &call.input).is_ok());
    // The answer may come to a call that was right.
    let call = Call {
        model: Arc::clone(model),
        operation: name.to_owned(),
        input: Map::new(),
        prefix: None,
        endpoint: Endpoint { url: String::new(), headers: BTreeMap::new(), properties: BTreeMap::new() },
        schemes: Vec::new(),
    };
    let output = operation.output.as_deref().and_then(|it| model.shape(it));
    let status = [200, 200, 204, 400, 500][random.usize(..5)];
    let status = StatusCode::try_from(status).expect("it is a status");
    let response = HttpResponse::new(status, SdkBody::from(body(model, output, random)));
    if is_failure(model, &response) {
        let _ = failure(model, name, &response);
    } else if call.has_events() {
        let _ = events::answer(&call, &response);
    } else {
        let _ = call.answer(&response);
    }
    sent
}

#[tokio::test]
async fn no_hostile_input_and_no_hostile_answer_of_any_operation_panics() {
    #[expect(clippy::disallowed_methods, reason = "a person says how long")]
    let given = |name: &str| std::env::var(name).ok().and_then(|it| it.parse::<u64>().ok());
    let seconds = Duration::from_secs(given("AWSMCP_FUZZ_SECONDS").unwrap_or(10));
    let first = given("AWSMCP_FUZZ_SEED");
    let there = super::There {
        endpoint: "http://127.0.0.1:1".to_owned(),
        credentials: aws_credential_types::Credentials::for_tests(),
    };
    let sdk = there.client(awsmcp_sdk::Tap::open()).await.sdk;
    let begin = Instant::now();
    let (mut tried, mut sent, mut seed) = (0_u64, 0_u64, first.unwrap_or(1));
    while tried == 0 || begin.elapsed() < seconds {
        let mut random = Rng::with_seed(seed);
        let service = ALL[random.usize(..ALL.len())];
        let model = service.model().expect("it is read");
        let names: Vec<&String> = model.operations.keys().collect();
        // A model is opened once for many tries.
        for _ in 0..200.min(names.len() * 4) {
            let name = names[random.usize(..names.len())].as_str();
            let done = catch_unwind(AssertUnwindSafe(|| try_one(&sdk, &model, name, &mut random)));
            let Ok(done) = done else { panic!("{} {name}: AWSMCP_FUZZ_SEED={seed}", service.name) };
            tried += 1;
            sent += u64::from(done);
        }
        if first.is_some() {
            break;
        }
        seed += 1;
    }
    println!("{tried} tries, {sent} of them requests, in {:?}", begin.elapsed());
    assert!(first.is_some() || sent > 50, "{sent} of {tried} came as far as a request");
}
