//! What is good only for a while, by a clock that the test moves.
#![cfg(test)]

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use awsmcp_mcp::{
    Answer, Call, Caller, Change, Clock, Consent, Engine, Named, One, Plan, Result, Risk, Server, Service,
    Settings, Spec, Waited,
};
use awsmcp_sdk::{SdkConfig, Session, SessionConfig, Tap};
use futures::future::BoxFuture;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// A service that needs no AWS.
struct Fake;

impl Service for Fake {
    const ID: &'static str = "fake";
    const TITLE: &'static str = "Fake";
    const SUMMARY: &'static str = "Deletes things.";
    const PREFIXES: &'static [(&'static str, &'static str)] = &[];
    const ACTIONS: &'static [(&'static str, &'static [&'static str])] = &[];
    const NAMES: &'static [Named] = &[];
    type Client = ();

    fn client(_: &SdkConfig, _: Tap) {}
}

/// The things that were deleted: each test has names of its own.
static DELETED: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn is_deleted(name: &str) -> bool {
    DELETED.lock().unwrap().iter().any(|deleted| deleted == name)
}

/// Deletes a thing.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct DeleteThing {
    name: String,
}

#[derive(Serialize, JsonSchema)]
struct Deleted {
    deleted: String,
}

impl Change for DeleteThing {
    type Service = Fake;
    type Output = One<Deleted>;
    type Items = ();
    const SPEC: Spec = Spec::destroy("delete_thing", "Delete thing").on("*", &["fake:DeleteThing"]);

    async fn plan(&self, _: &Call<Fake>) -> Result<Plan> {
        Ok(Plan::new(format!("delete {}", self.name)))
    }

    async fn apply(self, (): (), _: &Call<Fake>) -> Result<One<Deleted>> {
        DELETED.lock().unwrap().push(self.name.clone());
        Ok(One(Deleted { deleted: self.name }))
    }
}

/// How a wait in the test went: how often it looked.
static LOOKS: AtomicU32 = AtomicU32::new(0);

/// Starts a thing and waits until it runs, which it never does; `deaf` gets no answer about it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct StartThing {
    deaf: bool,
}

#[derive(Serialize, JsonSchema)]
struct Started {
    stands: String,
}

impl Change for StartThing {
    type Service = Fake;
    type Output = One<Started>;
    type Items = ();
    const SPEC: Spec = Spec::destroy("start_thing", "Start thing").on("*", &["fake:StartThing"]);

    async fn plan(&self, _: &Call<Fake>) -> Result<Plan> {
        Ok(Plan::new("start it"))
    }

    async fn apply(self, (): (), cx: &Call<Fake>) -> Result<One<Started>> {
        let deaf = self.deaf;
        let waited = cx
            .until(Duration::from_secs(600), || async move {
                if LOOKS.fetch_add(1, Ordering::Relaxed) > 0 && deaf {
                    std::future::pending::<()>().await;
                }
                Ok(Waited::<()>::Still("it is pending".to_owned()))
            })
            .await?;
        let Waited::Still(stands) = waited else { panic!("{waited:?}") };
        Ok(One(Started { stands }))
    }
}

/// Plans are good for a minute, by this clock.
fn engine(clock: &Clock) -> Engine<Fake> {
    let settings = Settings {
        allow: [Risk::Read, Risk::Destroy].into(),
        confirm_within: Duration::from_secs(60),
        clock: clock.clone(),
        ..Settings::default()
    };
    let config = SessionConfig { region: Some("eu-west-1".to_owned()), ..SessionConfig::default() };
    let server = Server::<Fake>::new("").toolset("things", "").change::<DeleteThing>().change::<StartThing>();
    Engine::new(server, Session::new(config), settings).unwrap()
}

async fn call(engine: &Engine<Fake>, arguments: Value, consent: Consent) -> Answer {
    let arguments: Map<String, Value> = arguments.as_object().unwrap().clone();
    let caller = Caller { consent, ..Caller::default() };
    engine.call("delete_thing", arguments, &caller).await.unwrap()
}

/// The plan's text and its token.
async fn planned(engine: &Engine<Fake>, arguments: Value) -> (String, String) {
    let Answer::Planned { text } = call(engine, arguments, Consent::Token).await else { panic!("no plan") };
    let token = text.split("\"confirm\":\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    (text, token)
}

/// The question of a round and its state.
async fn asked(
    engine: &Engine<Fake>,
    name: &str,
    answer: Option<bool>,
    state: Option<&str>,
) -> (String, String) {
    let consent = Consent::Round { answer, state: state.map(str::to_owned) };
    match call(engine, json!({"name": name}), consent).await {
        Answer::Ask { question, state } => (question, state),
        other => panic!("it does not ask: {other:?}"),
    }
}

#[tokio::test]
async fn a_token_expires_and_the_next_one_does_the_call() {
    let clock = Clock::standing_at(Timestamp::UNIX_EPOCH);
    let engine = engine(&clock);
    let (text, first) = planned(&engine, json!({"name": "by-token"})).await;
    assert!(!text.contains("expired"), "{text}");
    clock.advance(61);
    let (text, second) = planned(&engine, json!({"name": "by-token", "confirm": first})).await;
    assert!(text.contains("expired"), "{text}");
    assert!(!is_deleted("by-token"));
    clock.advance(60);
    let done = call(&engine, json!({"name": "by-token", "confirm": second}), Consent::Token).await;
    assert!(matches!(done, Answer::Done { .. }), "{done:?}");
    assert!(is_deleted("by-token"));
}

#[tokio::test]
async fn a_state_expires_and_the_next_one_does_the_call() {
    let clock = Clock::standing_at(Timestamp::UNIX_EPOCH);
    let engine = engine(&clock);
    let (question, first) = asked(&engine, "by-state", None, None).await;
    assert!(!question.contains("expired"), "{question}");
    clock.advance(61);
    let (question, second) = asked(&engine, "by-state", Some(true), Some(&first)).await;
    assert!(question.contains("expired"), "{question}");
    assert!(!is_deleted("by-state"));
    clock.advance(60);
    let consent = Consent::Round { answer: Some(true), state: Some(second) };
    let done = call(&engine, json!({"name": "by-state"}), consent).await;
    assert!(matches!(done, Answer::Done { .. }), "{done:?}");
    assert!(is_deleted("by-state"));
}

/// The time that a person takes is not the call's: what waits afterwards has all of its own, and ends before the call does,
/// whether AWS answers or not.
#[tokio::test]
async fn a_wait_after_a_question_has_its_time_and_ends_within_it() {
    for deaf in [false, true] {
        let settings = Settings {
            allow: [Risk::Read, Risk::Destroy].into(),
            timeout: Duration::from_secs(4),
            ..Settings::default()
        };
        let config = SessionConfig { region: Some("eu-west-1".to_owned()), ..SessionConfig::default() };
        let server = Server::<Fake>::new("").toolset("things", "").change::<StartThing>();
        let engine = Engine::new(server, Session::new(config), settings).unwrap();
        // Longer than the call may take by itself.
        let ask = |_| {
            let answered = async {
                tokio::time::sleep(Duration::from_secs(5)).await;
                Some(true)
            };
            Box::pin(answered) as BoxFuture<'static, Option<bool>>
        };
        let caller = Caller { consent: Consent::Ask(Arc::new(ask)), ..Caller::default() };
        let arguments: Map<String, Value> = json!({"deaf": deaf}).as_object().unwrap().clone();
        LOOKS.store(0, Ordering::Relaxed);
        let Answer::Done { text, .. } = engine.call("start_thing", arguments, &caller).await.unwrap() else {
            panic!("the wait outlasted its call")
        };
        assert!(text.contains("it is pending"), "{text}");
        assert!(LOOKS.load(Ordering::Relaxed) > 1, "it looked once only");
    }
}
