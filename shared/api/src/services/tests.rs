//! Every operation of every service, with an input made of its model.

use serde_json::{Map, Value, json};

use super::{ALL, Service};
use crate::input::{check, complete, host_prefix};
use crate::model::{Kind, Member, Model, Shape};
use crate::request::request;

/// The smallest value that a shape takes: what is required, and no more.
fn least(model: &Model, member: &Member, depth: usize) -> Value {
    let shape = model.shape(&member.shape).unwrap_or_else(|| panic!("there is no shape {}", member.shape));
    if shape.document {
        return json!({});
    }
    match shape.kind {
        Kind::Structure => Value::Object(members(model, shape, depth)),
        Kind::List => match &shape.member {
            // Some required lists hold what holds them again.
            Some(part) if depth < 6 => json!([least(model, part, depth + 1)]),
            _ => json!([]),
        },
        Kind::Map => match &shape.value {
            Some(part) if depth < 6 => json!({"key": least(model, part, depth + 1)}),
            _ => json!({}),
        },
        Kind::String => shape.values.first().map_or_else(
            || "a".repeat(shape.min.map_or(1, |least| least.clamp(1.0, 200.0) as usize)).into(),
            |value| value.as_str().into(),
        ),
        Kind::Integer | Kind::Long => json!(shape.min.map_or(1, |least| least as i64)),
        Kind::Float | Kind::Double => json!(shape.min.unwrap_or(1.5)),
        Kind::Boolean => json!(true),
        Kind::Timestamp => json!("2026-01-31T12:00:00Z"),
        Kind::Blob => json!("aGVsbG8="),
    }
}

fn members(model: &Model, shape: &Shape, depth: usize) -> Map<String, Value> {
    let is_wanted = |name: &str, member: &Member| {
        shape.required.iter().any(|it| it == name) || member.location.is_some_and(|it| it.is_of_path())
    };
    let all = shape.members.iter().enumerate();
    let chosen =
        all.filter(|(at, (name, member))| if shape.union { *at == 0 } else { is_wanted(name, member) });
    chosen.map(|(_, (name, member))| (name.to_owned(), least(model, member, depth + 1))).collect()
}

/// Reads the model, builds every schema of an input, and writes a request.
fn serve(service: &Service, failed: &mut Vec<String>) -> usize {
    let model = service.model().expect("it is read");
    for (name, operation) in &model.operations {
        let shape = operation.input.as_deref().and_then(|it| model.shape(it));
        let mut input = shape.map(|shape| members(&model, shape, 0)).unwrap_or_default();
        let wrong = check(&model, operation, &input).err().map(|wrong| wrong.to_string());
        complete(&model, operation, &mut input, || "11111111-1111-4111-8111-111111111111".to_owned());
        let wrong = wrong.or_else(|| host_prefix(operation, &input).err().map(|wrong| wrong.to_string()));
        let wrong =
            wrong.or_else(|| request(&model, name, operation, &input).err().map(|error| error.to_string()));
        if let Some(wrong) = wrong {
            failed.push(format!("{} {name}: {wrong}", service.name));
        }
    }
    model.operations.len()
}

#[test]
fn every_operation_can_be_asked_for() {
    let mut failed = Vec::new();
    let asked: usize = ALL.iter().map(|service| serve(service, &mut failed)).sum();
    // Who speaks while AWS does needs a connection that stays open, and no call is one.
    let (streams, failed): (Vec<String>, Vec<String>) =
        failed.into_iter().partition(|it| it.contains("a stream of events"));
    assert_eq!(streams.len(), 2, "{streams:?}");
    let shown = failed.iter().take(40).cloned().collect::<Vec<_>>().join("\n");
    assert!(failed.is_empty(), "{} of {asked} cannot:\n{shown}", failed.len());
    assert!(asked > 19_000 && ALL.len() > 430, "{asked} of {}", ALL.len());
}

#[test]
fn a_model_is_held_only_while_it_is_used() {
    let service = ALL.iter().find(|it| it.name == "sts").expect("there is STS");
    let one = service.model().expect("it is read");
    assert!(std::sync::Arc::ptr_eq(&one, &service.model().expect("it is read")));
    drop(one);
    assert!(service.opened.lock().expect("nobody failed").upgrade().is_none());
}

#[test]
fn a_model_that_is_damaged_or_has_the_index_of_another_is_none() {
    let (acm, sqs) = (&crate::services::ACM, &crate::services::SQS);
    let (own, other) = (acm.index().expect("it is read"), sqs.index().expect("it is read"));
    assert!(Model::read("acm", acm.compressed, &own).is_ok());
    let of_another = Model::read("acm", acm.compressed, &other).expect_err("they differ").to_string();
    assert!(of_another.contains("the model of acm cannot be read"), "{of_another}");
    let half = acm.compressed.get(..acm.compressed.len() / 2).expect("it has a half");
    for damaged in [half, b"", b"no model at all, and no dictionary"] {
        assert!(Model::read("acm", damaged, &own).is_err());
    }
}
