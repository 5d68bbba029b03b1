//! What destroys is confirmed by a person, or by a token that fits one call with one plan, once, for a while.
#![cfg(test)]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::sleep;
use std::time::Duration;

use awsmcp_testing::{Answer, Elicited, LocalAws, Server, holds, lacks};
use awsmcp_tests::{connect, is_well, start};
use serde_json::{Value, json};

const DESTROY: [&str; 2] = ["--allow", "write,destroy"];

fn aws() -> &'static LocalAws {
    LocalAws::shared()
}

/// A bucket with these objects.
fn bucket(name: &str, keys: &[&str]) {
    aws().create_bucket(name);
    aws().put_objects(name, keys.iter().copied());
}

fn exists(bucket: &str, key: &str) -> bool {
    aws().request("s3", "HEAD", &format!("/{bucket}/{key}"), &[], &[], b"").status == 200
}

fn delete(bucket: &str, keys: &[&str]) -> Value {
    json!({"bucket": bucket, "keys": keys})
}

fn yes() -> Elicited {
    Elicited::Accept(json!({"confirm": true}))
}

/// The arguments with one more.
fn and(arguments: &Value, name: &str, value: impl Into<Value>) -> Value {
    let mut arguments = arguments.clone();
    arguments[name] = value.into();
    arguments
}

/// A server whose client speaks one era and answers all questions with this.
fn asked(
    modern: bool,
    args: &[&str],
    mut answer: impl FnMut(&Value) -> Elicited + Send + 'static,
) -> (Server, Arc<Mutex<Vec<Value>>>) {
    let seen: Arc<Mutex<Vec<Value>>> = Arc::default();
    let log = seen.clone();
    let mut server = start(aws().env(), args).elicit(move |question| {
        log.lock().unwrap().push(question.clone());
        answer(question)
    });
    if modern {
        server.discover()
    } else {
        server.initialize()
    };
    (server, seen)
}

#[test]
fn a_person_who_accepts_has_it_done_in_both_eras() {
    for modern in [false, true] {
        let name = format!("accept-{modern}");
        bucket(&name, &["a", "b", "c"]);
        let (mut server, seen) = asked(modern, &DESTROY, |_| yes());
        let answer = server.call("delete_objects", delete(&name, &["a", "b"]));
        assert!(answer.ok().contains('2'), "{}", answer.text);
        assert!(!exists(&name, "a") && !exists(&name, "b") && exists(&name, "c"));
        let seen = seen.lock().unwrap();
        assert_eq!(seen.len(), 1, "{seen:?}");
        let question = seen[0]["message"].as_str().unwrap();
        holds(question, &["delete_objects", &name]);
        assert!(question.lines().any(|line| line.starts_with('b')), "the keys are not shown: {question}");
        assert_eq!(seen[0]["requestedSchema"]["properties"]["confirm"]["type"], "boolean");
        assert_eq!(seen[0]["requestedSchema"]["required"], json!(["confirm"]));
        is_well(&mut server);
    }
}

#[test]
fn a_person_who_does_not_agree_has_nothing_done() {
    bucket("decline", &["a"]);
    for modern in [false, true] {
        for answer in [
            Elicited::Decline,
            Elicited::Cancel,
            Elicited::Accept(json!({"confirm": false})),
            Elicited::Accept(json!({})),
            Elicited::Accept(json!({"confirm": "true"})),
            Elicited::Accept(json!({"confirm": 1})),
        ] {
            let (mut server, seen) = asked(modern, &DESTROY, move |_| answer.clone());
            let answer = server.call("delete_objects", delete("decline", &["a"]));
            let text = answer.error();
            holds(text, &["did not agree; nothing was done"]);
            assert!(!text.contains("\"confirm\":"), "a refusal must not hand out a token: {text}");
            assert_eq!(seen.lock().unwrap().len(), 1);
            assert!(exists("decline", "a"));
            is_well(&mut server);
        }
    }
}

#[test]
fn a_client_that_cannot_ask_after_all_gets_a_token_only_where_the_operator_wants_that() {
    bucket("fallback", &["a"]);
    let call = delete("fallback", &["a"]);
    // It says that it can ask its user, and then answers that it knows no such method.
    let initialized = |args: &[&str]| {
        let mut server = start(aws().env(), args);
        let info = json!({"name": "t", "version": "1"});
        server.request(
            "initialize",
            json!({"protocolVersion": "2025-11-25", "capabilities": {"elicitation": {}}, "clientInfo": info}),
        );
        server.notify("notifications/initialized", json!({}));
        server
    };
    let mut server = initialized(&DESTROY);
    let refused = server.call("delete_objects", call.clone());
    refused.fails(&["could not ask its user", "nothing was done", "--confirm token"]);
    refused.lacks(&["\"confirm\":"]);
    assert!(exists("fallback", "a"));
    is_well(&mut server);

    let mut server = initialized(&["--allow", "destroy", "--confirm", "token"]);
    let token = token(&server.call("delete_objects", call.clone()));
    assert!(exists("fallback", "a"));
    server.call("delete_objects", and(&call, "confirm", token)).ok();
    assert!(!exists("fallback", "a"));
}

#[test]
fn a_person_who_takes_too_long_has_nothing_done() {
    bucket("late", &["a"]);
    let (mut server, seen) = asked(false, &["--allow", "destroy", "--confirm-within", "1"], |_| {
        sleep(Duration::from_secs(3));
        yes()
    });
    let answer = server.call("delete_objects", delete("late", &["a"]));
    holds(&answer.text, &["nothing was done"]);
    assert_eq!(seen.lock().unwrap().len(), 1);
    sleep(Duration::from_millis(300));
    assert!(exists("late", "a"), "the late answer was taken");
    is_well(&mut server);
}

#[test]
fn what_changes_while_a_person_thinks_is_asked_again() {
    for modern in [false, true] {
        let name = format!("moved-{modern}");
        bucket(&name, &["a"]);
        let (times, target) = (AtomicUsize::new(0), name.clone());
        let (mut server, seen) = asked(modern, &DESTROY, move |_| {
            if times.fetch_add(1, Ordering::SeqCst) == 0 {
                aws().put_object(&target, "a", &[], "much longer than it was when the plan was made");
            }
            yes()
        });
        server.call("delete_objects", delete(&name, &["a"])).ok();
        let seen = seen.lock().unwrap();
        assert_eq!(seen.len(), 2, "it was done on the old plan: {seen:?}");
        assert!(!exists(&name, "a"));
        drop(seen);
        is_well(&mut server);
    }
}

#[test]
fn what_only_writes_is_not_asked() {
    bucket("unasked", &[]);
    for modern in [false, true] {
        let (mut server, seen) = asked(modern, &DESTROY, |_| Elicited::Decline);
        server
            .call("put_object", json!({"bucket": "unasked", "key": format!("k-{modern}"), "text": "x"}))
            .ok();
        assert!(seen.lock().unwrap().is_empty());
        assert!(exists("unasked", &format!("k-{modern}")));
    }
}

/// A modern request of a client that can be asked.
fn round(server: &mut Server, arguments: &Value, state: Option<&str>, answer: Option<Value>) -> Value {
    let mut params = json!({
        "name": "delete_objects",
        "arguments": arguments,
        "_meta": {"io.modelcontextprotocol/clientCapabilities": {"elicitation": {"form": {}}}},
    });
    if let Some(state) = state {
        params["requestState"] = json!(state);
    }
    if let Some(answer) = answer {
        params["inputResponses"] = json!({"confirm": answer});
    }
    server.request("tools/call", params)
}

fn accepted() -> Option<Value> {
    Some(yes().result())
}

/// The state of a result that asks, and its question.
#[track_caller]
fn asks(result: &Value) -> (String, String) {
    assert_eq!(result["resultType"], "input_required", "{result}");
    let question = &result["inputRequests"]["confirm"];
    assert_eq!(question["method"], "elicitation/create", "{result}");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&result["requestState"]), text(&question["params"]["message"]))
}

#[test]
fn a_forged_or_altered_state_is_asked_again() {
    bucket("forged", &["a", "b"]);
    let mut server = start(aws().env(), &DESTROY);
    server.discover();
    let call = delete("forged", &["a"]);
    let (state, question) = asks(&round(&mut server, &call, None, None));
    lacks(&question, &["not the token"]);

    let mut other = start(aws().env(), &DESTROY);
    other.discover();
    let (foreign, _) = asks(&round(&mut other, &call, None, None));

    let altered = |at: usize| {
        let mut letters: Vec<char> = state.chars().collect();
        letters[at] = if letters[at] == 'A' { 'B' } else { 'A' };
        letters.into_iter().collect::<String>()
    };
    let last = state.len() - 2;
    for forged in [
        altered(0),
        altered(15),
        altered(30),
        altered(last),
        foreign,
        state[..last].to_owned(),
        String::new(),
        "yes".to_owned(),
        "x".repeat(100_000),
    ] {
        let (again, question) = asks(&round(&mut server, &call, Some(&forged), accepted()));
        // A change in the part that seals the plan looks like a plan that moved: it is asked again all the same.
        let why = ["not the token of this very call", "have changed"];
        assert!(why.iter().any(|why| question.contains(why)), "{question}");
        assert_ne!(again, forged);
        assert!(exists("forged", "a"));
    }
    // An answer without the state is an answer to nothing.
    asks(&round(&mut server, &call, None, accepted()));
    // The state of other arguments is no state of these.
    let (_, question) = asks(&round(&mut server, &delete("forged", &["b"]), Some(&state), accepted()));
    holds(&question, &["not the token"]);
    assert!(exists("forged", "a") && exists("forged", "b"));

    // The true one still works, once.
    Answer::from(round(&mut server, &call, Some(&state), accepted())).ok();
    assert!(!exists("forged", "a"));
    aws().put_object("forged", "a", &[], "a");
    let (_, question) = asks(&round(&mut server, &call, Some(&state), accepted()));
    assert!(question.contains("already used") || question.contains("have changed"), "{question}");
    assert!(exists("forged", "a"));
    is_well(&mut server);
}

/// That the flag reaches both eras. What an expired confirmation does, to the second, and that the next one works, is
/// shown in the tests of shared/mcp by a clock that they move. Nothing here has to happen within a time.
#[test]
fn a_confirmation_expires() {
    bucket("expired", &["a"]);
    let args = ["--allow", "destroy", "--confirm-within", "1"];
    let call = delete("expired", &["a"]);
    let (mut modern, mut legacy) = (start(aws().env(), &args), connect(aws().env(), &args));
    modern.discover();
    let (state, _) = asks(&round(&mut modern, &call, None, None));
    let token = token(&legacy.call("delete_objects", call.clone()));
    sleep(Duration::from_millis(2200));
    let (_, question) = asks(&round(&mut modern, &call, Some(&state), accepted()));
    holds(&question, &["expired"]);
    legacy.call("delete_objects", and(&call, "confirm", token)).holds(&["expired", "nothing was done yet"]);
    assert!(exists("expired", "a"));
    is_well(&mut modern);
    is_well(&mut legacy);
}

#[test]
fn each_modern_request_is_answered_by_its_own_capabilities() {
    bucket("per-request", &["a"]);
    let mut server = start(aws().env(), &DESTROY);
    server.discover();
    let call = delete("per-request", &["a"]);
    asks(&round(&mut server, &call, None, None));
    // This client's other requests declare no elicitation, so they get a token and not a question.
    let plain = server.call("delete_objects", call.clone());
    assert_ne!(plain.raw["resultType"], "input_required");
    let token = token(&plain);
    let only_url = json!({
        "name": "delete_objects",
        "arguments": call,
        "_meta": {"io.modelcontextprotocol/clientCapabilities": {"elicitation": {"url": {}}}},
    });
    let result = Answer::from(server.request("tools/call", only_url));
    assert_ne!(result.raw["resultType"], "input_required", "it cannot show a form");
    assert!(exists("per-request", "a"));
    asks(&round(&mut server, &call, None, None));
    server.call("delete_objects", and(&call, "confirm", token)).ok();
    assert!(!exists("per-request", "a"));
    is_well(&mut server);
}

/// The token of a plan, which says that nothing was done.
#[track_caller]
fn token(answer: &Answer) -> String {
    let text = answer.ok();
    holds(text, &["nothing was done yet"]);
    answer.token().to_owned()
}

#[test]
fn a_token_does_its_own_call_once() {
    bucket("token", &["a", "b", "c"]);
    for modern in [false, true] {
        aws().put_objects("token", ["a", "b", "c"]);
        let mut server = start(aws().env(), &["--allow", "write,destroy", "--allow-region", "eu-west-1"]);
        if modern {
            server.discover()
        } else {
            server.initialize()
        };
        let call = delete("token", &["a", "b"]);
        let planned = server.call("delete_objects", call.clone());
        planned.holds(&["token"]);
        assert!(planned.text.contains('b'), "{}", planned.text);
        let token = token(&planned);

        for other in [
            delete("token", &["a", "b", "c"]),
            delete("token", &["b", "a"]),
            delete("token", &["a"]),
            and(&call, "region", "eu-west-1"),
        ] {
            let refused = server.call("delete_objects", and(&other, "confirm", token.as_str()));
            refused.holds(&["not the token of this very call"]);
        }
        let garbage = server.call("delete_objects", and(&call, "confirm", "yes"));
        garbage.holds(&["not the token"]);
        assert!(exists("token", "a") && exists("token", "b") && exists("token", "c"));

        // The order in which a client writes its arguments does not matter.
        let done =
            server.call("delete_objects", json!({"confirm": token, "keys": ["a", "b"], "bucket": "token"}));
        done.ok();
        assert!(!exists("token", "a") && exists("token", "c"));

        aws().put_objects("token", ["a", "b"]);
        let again = server.call("delete_objects", and(&call, "confirm", token.as_str()));
        again.holds(&["nothing was done yet"]);
        assert!(again.text.contains("already used") || again.text.contains("have changed"), "{}", again.text);
        assert!(exists("token", "a"));
        is_well(&mut server);
    }
}

#[test]
fn a_world_that_moved_gets_a_new_plan() {
    bucket("world", &["a", "b"]);
    let mut server = connect(aws().env(), &DESTROY);
    let call = delete("world", &["a", "b"]);
    let first = token(&server.call("delete_objects", call.clone()));
    aws().put_object("world", "a", &[], "somebody wrote this meanwhile");
    let moved = server.call("delete_objects", and(&call, "confirm", first.as_str()));
    moved.holds(&["things have changed since that plan was made"]);
    assert!(exists("world", "a") && exists("world", "b"));
    // The old token stays useless; that of the new plan works.
    let second = token(&moved);
    assert_ne!(first, second);
    server.call("delete_objects", and(&call, "confirm", second)).ok();
    assert!(!exists("world", "a") && !exists("world", "b"));
    is_well(&mut server);
}

#[test]
fn a_dry_run_answers_the_plan_and_changes_nothing() {
    bucket("dry", &["a"]);
    let (mut server, seen) = asked(true, &DESTROY, |_| yes());
    let call = delete("dry", &["a"]);
    let text = server.call("delete_objects", and(&call, "dry_run", true)).ok().to_owned();
    holds(&text, &["dry run, nothing was changed"]);
    lacks(&text, &["\"confirm\":"]);
    let text = server
        .call("put_object", json!({"bucket": "dry", "key": "new", "text": "x", "dry_run": true}))
        .ok()
        .to_owned();
    holds(&text, &["dry run, nothing was changed", "dry/new"]);
    assert!(seen.lock().unwrap().is_empty(), "a dry run asks nobody");
    assert!(exists("dry", "a") && !exists("dry", "new"));

    // A dry run stays one, whatever else comes along.
    let mut server = connect(aws().env(), &DESTROY);
    let token = token(&server.call("delete_objects", call.clone()));
    let both = and(&and(&call, "confirm", token.as_str()), "dry_run", true);
    server.call("delete_objects", both).holds(&["dry run"]);
    assert!(exists("dry", "a"));
    server.call("delete_objects", and(&call, "confirm", token)).ok();
    assert!(!exists("dry", "a"));
    is_well(&mut server);
}

#[test]
fn a_question_stays_short_and_hides_nothing() {
    let keys: Vec<String> =
        (0..90).map(|n| format!("a-rather-long-key/{n:04}\u{202e}\n\u{1b}[2J{}", "x".repeat(200))).collect();
    bucket("questions", &keys.iter().map(String::as_str).collect::<Vec<_>>());
    let (mut server, seen) = asked(true, &DESTROY, |_| Elicited::Decline);
    server.call("delete_objects", json!({"bucket": "questions", "keys": keys})).error();
    let seen = seen.lock().unwrap();
    let question = seen[0]["message"].as_str().unwrap();
    assert!(question.chars().count() < 2600, "{} characters", question.chars().count());
    assert!(question.contains("90"), "the count is missing: {question}");
    assert!(!question.contains(['\u{202e}', '\u{1b}']), "{question:?}");
}
