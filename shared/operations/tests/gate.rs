//! What the operator did not allow is not sent, whatever operation it is.
#![cfg(test)]

use awsmcp_api::ALL;
use awsmcp_mcp::{Answer, Caller, Engine, Kind, Risk, Server, Service, Settings};
use awsmcp_operations::{Operations, with_operations};
use awsmcp_sdk::{SdkConfig, Session, SessionConfig, Tap};
use serde_json::{Value, json};

struct Whole;

impl Service for Whole {
    const ID: &'static str = "whole";
    const TITLE: &'static str = "AWS";
    const SUMMARY: &'static str = "All of it.";
    const PREFIXES: &'static [(&'static str, &'static str)] = &[];
    const ACTIONS: &'static [(&'static str, &'static [&'static str])] = &[];
    type Client = ();

    fn client(_: &SdkConfig, _: Tap) {}
}

impl Operations for Whole {
    const ARE_ALL: bool = true;

    fn services() -> &'static [&'static awsmcp_api::Service] {
        ALL
    }
}

/// What would be asked of AWS fails otherwise than what is refused.
fn engine(settings: Settings) -> Engine<Whole> {
    let config = SessionConfig { region: Some("us-east-1".to_owned()), ..SessionConfig::default() };
    Engine::new(with_operations(Server::new("")), Session::new(config), settings).unwrap()
}

async fn call(engine: &Engine<Whole>, arguments: Value) -> Answer {
    let arguments = arguments.as_object().unwrap().clone();
    engine.call("call_operation", arguments, &Caller::default()).await.unwrap()
}

fn refused(answer: &Answer) -> Option<&str> {
    match answer {
        Answer::Failed { text, kind: Kind::Refused } => Some(text),
        _ => None,
    }
}

#[tokio::test]
async fn while_only_reading_is_allowed_nothing_else_is_sent() {
    let engine = engine(Settings::default());
    let (mut held, mut read) = (0, 0);
    for service in ALL {
        let model = service.model().unwrap();
        for (name, operation) in &model.operations {
            if operation.risk == Risk::Read {
                read += 1;
                continue;
            }
            let answer = call(&engine, json!({"service": service.name, "operation": name})).await;
            let said = refused(&answer).unwrap_or_else(|| panic!("{} {name}: {answer:?}", service.name));
            let flag = format!("it needs --allow {}", operation.risk);
            assert!(said.contains(&flag), "{} {name}: {said}", service.name);
            held += 1;
        }
    }
    assert!(held > 9_000 && read > 6_000, "{held} held, {read} read");
}

#[tokio::test]
async fn what_the_operator_left_out_is_not_sent() {
    let only = |operations: &[&str], not: &[&str]| Settings {
        allow: Risk::ALL.into_iter().collect(),
        operations: operations.iter().map(|it| it.parse().unwrap()).collect(),
        exclude_operations: not.iter().map(|it| it.parse().unwrap()).collect(),
        ..Settings::default()
    };
    let said = async |settings: Settings, operation: &str| {
        let answer = call(&engine(settings), json!({"service": "sqs", "operation": operation})).await;
        refused(&answer).unwrap_or_else(|| panic!("{answer:?}")).to_owned()
    };
    let text = said(only(&["sqs:List*", "sns:*"], &[]), "SendMessage").await;
    assert!(
        text.contains(
            "sqs SendMessage is turned off: the operator wants only sqs:list*, sns:* (--operations)"
        ),
        "{text}"
    );
    let text = said(only(&["sqs:*"], &["*:Purge*"]), "PurgeQueue").await;
    assert!(text.contains("the operator excluded *:purge* (--exclude-operations)"), "{text}");
}
