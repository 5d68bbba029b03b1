//! botocore's own tests of every service's rules.

use std::collections::BTreeMap;
use std::io::Read as _;

use flate2::read::GzDecoder;
use serde_json::{Value, json};

use super::{Endpoint, resolve};
use crate::services;

fn cases() -> BTreeMap<String, Vec<Value>> {
    let mut text = Vec::new();
    let packed = include_bytes!("../../tests/endpoints.json.gz");
    GzDecoder::new(packed.as_slice()).read_to_end(&mut text).expect("it is a gzip");
    serde_json::from_slice(&text).expect("it holds cases by service")
}

/// Services whose cases run in every test; the whole takes longer.
const SOME: &[&str] =
    &["s3", "s3control", "dynamodb", "sts", "iam", "lambda", "ec2", "events", "route53", "sqs"];

#[test]
fn endpoints_are_those_of_botocore() {
    hold(|service| SOME.contains(&service), 700);
}

#[test]
#[ignore = "takes a minute: the rules of every service"]
fn endpoints_of_every_service_are_those_of_botocore() {
    hold(|_| true, 14_000);
}

fn hold(wanted: impl Fn(&str) -> bool, least: usize) {
    let (mut held, mut failed) = (0, Vec::new());
    for (service, cases) in cases() {
        if !wanted(&service) {
            continue;
        }
        let known = services::ALL.iter().find(|it| it.name == service);
        let model = known.unwrap_or_else(|| panic!("there is no {service}")).model().expect("it is read");
        for case in cases {
            let params = case["params"].as_object().cloned().unwrap_or_default().into_iter().collect();
            let found = resolve(&model.endpoint_rules, &params);
            let wanted = &case["expect"];
            let same = match (&found, wanted.get("error")) {
                (Err(refused), Some(error)) => Some(refused.0.as_str()) == error.as_str(),
                (Ok(endpoint), None) => is_same(endpoint, &wanted["endpoint"]),
                _ => false,
            };
            if same {
                held += 1;
            } else {
                failed.push(format!("{service} {params:?}\n    ours   {found:?}\n    theirs {wanted}"));
            }
        }
    }
    let shown = failed.iter().take(30).cloned().collect::<Vec<_>>().join("\n");
    assert!(failed.is_empty(), "{held} hold, {} do not:\n{shown}", failed.len());
    assert!(held > least, "{held}");
}

fn is_same(ours: &Endpoint, theirs: &Value) -> bool {
    let properties = theirs.get("properties").cloned().unwrap_or_else(|| json!({}));
    let headers = theirs.get("headers").cloned().unwrap_or_else(|| json!({}));
    ours.url == theirs["url"] && json!(ours.headers) == headers && json!(ours.properties) == properties
}
