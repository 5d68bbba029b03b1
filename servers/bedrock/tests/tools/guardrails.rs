//! Guardrails: made, changed, published, tested and deleted.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use awsmcp_testing::{LocalAws, Response, Server, Stub, holds};
use serde_json::{Value, json};

use crate::world::BEDROCK;

fn policies() -> Value {
    json!({
        "wordPolicy": {"words": [{"text": "zebra"}]},
        "sensitiveInformationPolicy": {"piiEntities": [{"type": "EMAIL", "action": "ANONYMIZE"}],
            "regexes": [{"name": "ticket", "pattern": "T-\\d+", "action": "BLOCK"}]},
    })
}

#[track_caller]
fn made(server: &mut Server, name: &str) -> String {
    let call = json!({"name": name, "policies": policies(), "description": "d", "tags": {"team": "a"}});
    server.call("create_guardrail", call).object()["id"].as_str().unwrap().to_owned()
}

#[test]
fn a_guardrail_is_planned_made_and_shown() {
    let mut server = BEDROCK.start();
    let call = json!({"name": "made", "policies": policies(), "blocked_input_message": "No."});
    let mut dry = call.clone();
    dry["dry_run"] = json!(true);
    server.call("create_guardrail", dry.clone()).holds(&[
        "create guardrail made",
        "\"text\": \"zebra\"",
        "\"No.\"",
    ]);
    server.call("list_guardrails", json!({})).ok();
    server.call("list_guardrails", json!({})).lacks(&["\tmade\t"]);
    let id = server.call("create_guardrail", call).object()["id"].as_str().unwrap().to_owned();
    server.call("list_guardrails", json!({})).holds(&[&format!("{id}\tmade\tDRAFT\tREADY")]);
    let shown = server.call("get_guardrail", json!({"guardrail": id})).object();
    assert_eq!(shown["wordPolicy"], json!({"words": [{"text": "zebra"}]}));
    assert_eq!(shown["blockedInputMessaging"], "No.");
    assert_eq!(shown["sensitiveInformationPolicy"]["regexes"][0]["name"], "ticket");
    server.call("create_guardrail", dry).holds(&["has this name already"]);
    let read = server.request("resources/read", json!({"uri": format!("bedrock://guardrail/{id}")}));
    holds(&read.to_string(), &["zebra"]);
}

#[test]
fn a_rule_that_aws_does_not_know_is_refused() {
    let mut server = BEDROCK.start();
    let mut refused = |policies: Value, part: &str| {
        server.call("create_guardrail", json!({"name": "x", "policies": policies})).fails(&[part]);
    };
    refused(json!({"wordPolicy": {"words": [{"txt": "x"}]}}), "unknown field `txt`");
    refused(json!({"words": ["x"]}), "unknown field `words`");
    refused(json!({}), "has no rule");
    refused(json!("none"), "no JSON object");
    let error = server.call("get_guardrail", json!({"guardrail": "gr-none"}));
    error.fails(&["ResourceNotFoundException"]);
    server.call("get_guardrail", json!({"guardrail": "a b"})).fails(&["list_guardrails shows them"]);
}

#[test]
fn a_change_shows_its_difference_and_sends_the_whole() {
    let mut server = BEDROCK.start();
    let id = made(&mut server, "changed");
    let call = json!({"guardrail": id, "patch": {"wordPolicy": {"words": [{"text": "lion"}]}}});
    let mut dry = call.clone();
    dry["dry_run"] = json!(true);
    let plan = server.call("update_guardrail", dry);
    plan.holds(&[
        "update the draft of guardrail changed",
        "-        \"text\": \"zebra\"",
        "+        \"text\": \"lion\"",
    ]);
    server.call("get_guardrail", json!({"guardrail": id})).holds(&["zebra"]);
    server.call("update_guardrail", call.clone()).holds(&["\"version\":\"DRAFT\""]);
    let shown = server.call("get_guardrail", json!({"guardrail": id})).object();
    assert_eq!(shown["wordPolicy"]["words"], json!([{"text": "lion"}]));
    assert_eq!(shown["sensitiveInformationPolicy"]["piiEntities"][0]["type"], "EMAIL");
    let mut again = call;
    again["dry_run"] = json!(true);
    server.call("update_guardrail", again).holds(&["it is so already"]);
    let wrong = json!({"guardrail": id, "patch": {"wordPolicy": {"wrds": []}}});
    server.call("update_guardrail", wrong).fails(&["unknown field `wrds`"]);
}

#[test]
fn a_policy_that_is_removed_is_not_sent() {
    let stub = Stub::start(|request| match request.operation() {
        "GetGuardrail" => Response::output(json!({
            "name": "n", "guardrailId": "g1", "guardrailArn": "arn:aws:bedrock:us-east-1:123456789012:guardrail/g1",
            "version": "DRAFT", "status": "READY", "createdAt": "2026-11-22T10:00:00Z", "updatedAt": "2026-11-22T10:00:00Z",
            "blockedInputMessaging": "no", "blockedOutputsMessaging": "no",
            "topicPolicy": {"topics": [{"name": "Law", "definition": "Legal advice", "type": "DENY"}], "tier": {"tierName": "CLASSIC"}},
            "contentPolicy": {"filters": [{"type": "HATE", "inputStrength": "HIGH", "outputStrength": "HIGH"}]}})),
        "UpdateGuardrail" => Response::output(
            json!({"guardrailId": "g1", "version": "DRAFT", "updatedAt": "2026-11-22T10:00:00Z",
            "guardrailArn": "arn:aws:bedrock:us-east-1:123456789012:guardrail/g1"}),
        ),
        other => Response::error(400, "ValidationException", other),
    });
    let mut server = BEDROCK.at(stub.env()).start();
    let call = json!({"guardrail": "g1", "patch": {"topicPolicy": null, "contentPolicyConfig": {"tierConfig": {"tierName": "STANDARD"}}}});
    let mut dry = call.clone();
    dry["dry_run"] = json!(true);
    server.call("update_guardrail", dry).holds(&["it will no longer have: topicPolicy"]);
    // What the policy held back gets through from then on: that is asked about.
    server.call("update_guardrail", call.clone()).holds(&["nothing was done yet"]);
    server.confirmed("update_guardrail", call).ok();
    assert_eq!(
        stub.of("UpdateGuardrail")[0].json(),
        json!({
            "name": "n", "blockedInputMessaging": "no", "blockedOutputsMessaging": "no",
            "contentPolicyConfig": {"filtersConfig": [{"type": "HATE", "inputStrength": "HIGH", "outputStrength": "HIGH"}],
                "tierConfig": {"tierName": "STANDARD"}}})
    );
}

/// A guardrail as AWS answers it, with a policy of a kind that this program has never heard of, and a key.
fn whole() -> Value {
    json!({
        "name": "n", "guardrailId": "g1", "guardrailArn": "arn:aws:bedrock:us-east-1:123456789012:guardrail/g1",
        "version": "DRAFT", "status": "READY", "createdAt": "2026-11-22T10:00:00Z", "updatedAt": "2026-11-22T10:00:00Z",
        "kmsKeyArn": "arn:aws:kms:us-east-1:123456789012:key/k1", "description": "d",
        "blockedInputMessaging": "no", "blockedOutputsMessaging": "no",
        "futurePolicy": {"rules": [{"type": "NEW", "depth": 3}]},
        "wordPolicy": {"words": [{"text": "zebra"}], "managedWordLists": [{"type": "PROFANITY"}]},
        "contentPolicy": {"filters": [{"type": "HATE", "inputStrength": "HIGH", "outputStrength": "LOW"}],
            "tier": {"tierName": "CLASSIC"}}})
}

/// An answer that the SDK's own model does not know all of.
fn answered(guardrail: &Value) -> Response {
    Response::new(200, guardrail.to_string()).with("content-type", "application/json")
}

/// What AWS answers of a guardrail that was put as `sent`.
fn stored(sent: &Value) -> Value {
    match sent {
        Value::Object(fields) => {
            let name = |name: &str| name.strip_suffix("Config").unwrap_or(name).to_owned();
            Value::Object(fields.iter().map(|(field, value)| (name(field), stored(value))).collect())
        }
        Value::Array(items) => items.iter().map(stored).collect(),
        other => other.clone(),
    }
}

#[test]
fn a_change_of_one_field_leaves_all_others_as_they_were() {
    let kept = Arc::new(Mutex::new(whole()));
    let held = kept.clone();
    let stub = Stub::start(move |request| match request.operation() {
        "GetGuardrail" => answered(&held.lock().unwrap()),
        "UpdateGuardrail" => {
            let mut after = stored(&request.json());
            after["kmsKeyArn"] = after["kmsKeyId"].take();
            after.as_object_mut().unwrap().retain(|name, _| name != "kmsKeyId");
            for name in ["guardrailId", "guardrailArn", "version", "status", "createdAt", "updatedAt"] {
                after[name] = whole()[name].clone();
            }
            *held.lock().unwrap() = after;
            Response::output(
                json!({"guardrailId": "g1", "version": "DRAFT", "updatedAt": "2026-11-22T10:00:01Z",
                "guardrailArn": "arn:aws:bedrock:us-east-1:123456789012:guardrail/g1"}),
            )
        }
        other => Response::error(400, "ValidationException", other),
    });
    let mut server = BEDROCK.at(stub.env()).start();
    let patch = json!({"wordPolicy": {"words": [{"text": "lion"}]}});
    server.call("update_guardrail", json!({"guardrail": "g1", "patch": patch})).ok();
    let mut wanted = whole();
    wanted["wordPolicy"]["words"] = json!([{"text": "lion"}]);
    assert_eq!(*kept.lock().unwrap(), wanted);
}

/// An AWS with a guardrail that somebody else changes after the first two looks at it: `after` says how.
fn meddled(after: fn(&mut Value)) -> Stub {
    let looks = AtomicUsize::new(0);
    Stub::start(move |request| match request.operation() {
        "GetGuardrail" => {
            let mut answer = whole();
            if looks.fetch_add(1, Ordering::Relaxed) >= 2 {
                after(&mut answer);
            }
            answered(&answer)
        }
        "ListGuardrails" => Response::output(json!({"guardrails": []})),
        other => Response::error(400, "ValidationException", other),
    })
}

#[test]
fn a_guardrail_that_moved_since_the_plan_is_left_alone() {
    let moved = "changed while this was planned; nothing was done";
    let guardrail = || json!({"guardrail": "g1"});
    let patch = json!({"guardrail": "g1", "patch": {"wordPolicy": null}});
    // Each is looked at twice before, by a dry run or the question, and once more right before it is changed.
    for (tool, call, operation) in [
        ("update_guardrail", patch, "UpdateGuardrail"),
        ("delete_guardrail", guardrail(), "DeleteGuardrail"),
        ("publish_guardrail", guardrail(), "CreateGuardrailVersion"),
    ] {
        let stub = meddled(|answer| answer["wordPolicy"]["words"] = json!([{"text": "lion"}]));
        let mut server = BEDROCK.at(stub.env()).start();
        if tool == "publish_guardrail" {
            server.plan(tool, call.clone()).ok();
            server.call(tool, call).fails(&["the draft", moved]);
        } else {
            server.confirmed(tool, call).fails(&[moved]);
        }
        assert!(stub.of(operation).is_empty(), "{tool}");
    }
    // How it stands at the moment is no change of it.
    let stub = meddled(|answer| answer["status"] = json!("VERSIONING"));
    let mut server = BEDROCK.at(stub.env()).start();
    server.plan("publish_guardrail", guardrail()).ok();
    server.call("publish_guardrail", guardrail()).fails(&["CreateGuardrailVersion"]);
}

#[test]
fn a_table_of_cases_is_tested_in_one_call() {
    let mut server = BEDROCK.start();
    let id = made(&mut server, "tested");
    let cases = json!([
        {"text": "a quiet day", "expect": "passed"},
        {"text": "the zebra ran", "expect": "blocked"},
        {"text": "write to a@b.example", "expect": "blocked"},
        {"text": "see T-123"},
    ]);
    let table = server.call("apply_guardrail", json!({"guardrail": id, "cases": cases}));
    let lines: Vec<&str> = table.ok().lines().collect();
    let row = |word: &str| {
        *lines.iter().find(|line| line.contains(word)).unwrap_or_else(|| panic!("{word}: {}", table.text))
    };
    holds(row("a quiet day"), &["ok\tpassed"]);
    holds(
        row("the zebra"),
        &["ok\tblocked", "\"policy\":\"word\"", "\"found\":\"zebra\"", "Sorry, this is not allowed."],
    );
    holds(row("write to"), &["WRONG\tmasked\tblocked", "\"matched\":\"a@b.example\"", "write to {EMAIL}"]);
    holds(row("see T-123"), &["\tblocked\t", "\"policy\":\"regex\",\"found\":\"ticket\""]);
    table.holds(&["2 of 3 test cases are as expected", "text units were used"]);
    server.call("apply_guardrail", json!({"guardrail": id, "cases": []})).fails(&["cases"]);
    server
        .call("apply_guardrail", json!({"guardrail": id, "cases": [{"text": " "}]}))
        .fails(&["a good one is"]);
    let none =
        server.call("apply_guardrail", json!({"guardrail": id, "version": "9", "cases": [{"text": "x"}]}));
    none.fails(&["ResourceNotFoundException"]);
}

#[test]
fn a_case_that_cannot_be_tested_does_not_hide_the_others() {
    let stub = Stub::start(|request| match request.json()["content"][0]["text"]["text"].as_str() {
        Some("too long") => Response::error(400, "ValidationException", "the text is too long"),
        _ => Response::output(json!({"action": "NONE", "outputs": [], "assessments": [],
            "usage": {"topicPolicyUnits": 1, "contentPolicyUnits": 1, "wordPolicyUnits": 0, "sensitiveInformationPolicyUnits": 0,
            "sensitiveInformationPolicyFreeUnits": 0, "contextualGroundingPolicyUnits": 0}})),
    });
    let mut server = BEDROCK.at(stub.env()).start();
    let cases = json!([{"text": "fine", "expect": "passed"}, {"text": "too long", "expect": "passed"}, {"text": "good", "expect": "passed"}]);
    let table = server.call("apply_guardrail", json!({"guardrail": "g1", "cases": cases}));
    table.holds(&[
        "error\t",
        "the text is too long",
        "2 of 2 test cases are as expected",
        "1 of 3 could not be tested",
        "4 text units",
    ]);
    let one = json!({"guardrail": "g1", "cases": [{"text": "too long"}]});
    server.call("apply_guardrail", one).fails(&["the text is too long"]);
}

#[test]
fn grounding_topics_and_reasoning_are_told_as_well() {
    let stub = Stub::start(|_| {
        Response::output(json!({
            "action": "GUARDRAIL_INTERVENED",
            "usage": {"topicPolicyUnits": 1, "contentPolicyUnits": 1, "wordPolicyUnits": 0, "sensitiveInformationPolicyUnits": 0,
                "sensitiveInformationPolicyFreeUnits": 0, "contextualGroundingPolicyUnits": 2},
            "outputs": [{"text": "No."}],
            "assessments": [{
                "topicPolicy": {"topics": [{"name": "Law", "type": "DENY", "action": "BLOCKED"}]},
                "wordPolicy": {"customWords": [], "managedWordLists": [{"match": "damn", "type": "PROFANITY", "action": "BLOCKED"}]},
                "contextualGroundingPolicy": {"filters": [{"type": "GROUNDING", "threshold": 0.7, "score": 0.2, "action": "BLOCKED"}]},
                "automatedReasoningPolicy": {"findings": [{"impossible": {}}]}}],
        }))
    });
    let case = json!({"text": "The tower is red", "source": "output", "grounding": "The tower is blue", "query": "Colour?", "expect": "blocked"});
    let mut server = BEDROCK.at(stub.env()).start();
    let table = server.call("apply_guardrail", json!({"guardrail": "g1", "version": "2", "cases": [case]}));
    table.holds(&[
        "ok\tblocked",
        r#"{"policy":"topic","found":"Law","action":"BLOCKED"}"#,
        r#""found":"PROFANITY","action":"BLOCKED","matched":"damn""#,
        r#""found":"GROUNDING","action":"BLOCKED","score":0.2,"threshold":0.7"#,
        r#""policy":"reasoning","found":"impossible""#,
        "4 text units",
    ]);
    let sent = stub.of("ApplyGuardrail")[0].json();
    assert_eq!(sent["source"], "OUTPUT");
    let qualifiers: Vec<Value> = sent["content"]
        .as_array()
        .unwrap()
        .iter()
        .map(|part| part["text"]["qualifiers"][0].clone())
        .collect();
    assert_eq!(qualifiers, ["grounding_source", "query", "guard_content"]);
}

#[test]
fn a_draft_is_published_as_a_version_and_deleted_with_all() {
    let mut server = BEDROCK.start();
    let id = made(&mut server, "published");
    let plan = server.plan("publish_guardrail", json!({"guardrail": id}));
    plan.holds(&["publish the draft of guardrail published", "after none yet"]);
    server
        .call("publish_guardrail", json!({"guardrail": id, "description": "first"}))
        .holds(&["\"version\":\"1\""]);
    server.call("get_guardrail", json!({"guardrail": id, "version": "1"})).holds(&["zebra"]);
    let plan = server.plan("delete_guardrail", json!({"guardrail": id}));
    plan.holds(&["delete guardrail published", "agents and knowledge bases"]);
    server
        .call("delete_guardrail", json!({"guardrail": id, "version": "DRAFT"}))
        .fails(&["leave `version` out"]);
    server.confirmed("delete_guardrail", json!({"guardrail": id})).ok();
    server.call("get_guardrail", json!({"guardrail": id})).fails(&["ResourceNotFoundException"]);
    server.call("publish_guardrail", json!({"guardrail": id})).fails(&["ResourceNotFoundException"]);
}

#[test]
fn versions_and_pages_of_guardrails_are_listed() {
    let row = |id: &str, version: &str| {
        json!({"id": id, "arn": format!("arn:aws:bedrock:us-east-1:123456789012:guardrail/{id}"), "status": "READY", "name": "n",
            "version": version, "createdAt": "2026-11-22T10:00:00Z", "updatedAt": "2026-11-22T10:00:00Z"})
    };
    let stub = Stub::start(move |request| {
        Response::output(match (request.query("guardrailIdentifier"), request.query("nextToken")) {
            (Some(id), _) => json!({"guardrails": [row(id, "DRAFT"), row(id, "3")]}),
            (None, None) => json!({"guardrails": [row("g1", "DRAFT")], "nextToken": "more"}),
            (None, Some(_)) => json!({"guardrails": [row("g2", "DRAFT")]}),
        })
    });
    let mut server = BEDROCK.at(stub.env()).start();
    let first = server.call("list_guardrails", json!({"limit": 1}));
    let cursor = first.next().unwrap();
    server.call("list_guardrails", json!({"limit": 1, "cursor": cursor})).holds(&["g2"]);
    server
        .call("list_guardrails", json!({"guardrail": "g1"}))
        .holds(&["g1\tn\t3\tREADY\t2026-11-22T10:00:00Z"]);
}

#[test]
#[ignore = "runs fakecloud"]
fn a_second_emulator_pages_changes_and_tests_guardrails() {
    let mut server = BEDROCK.at(LocalAws::shared_fakecloud().env()).start();
    let ids = [made(&mut server, "one"), made(&mut server, "two")];
    let first = server.call("list_guardrails", json!({"limit": 1}));
    let cursor = first.next().unwrap();
    let second = server.call("list_guardrails", json!({"limit": 1, "cursor": cursor}));
    for id in &ids {
        assert_ne!(first.text.contains(id), second.ok().contains(id), "{}\n{}", first.text, second.text);
    }
    let patch = json!({"wordPolicy": {"words": [{"text": "lion"}]}});
    server.call("update_guardrail", json!({"guardrail": ids[0], "patch": patch})).ok();
    let shown = server.call("get_guardrail", json!({"guardrail": ids[0]})).object();
    assert_eq!(shown["wordPolicy"]["words"], json!([{"text": "lion"}]));
    let cases = json!([{"text": "a lion", "expect": "blocked"}, {"text": "a zebra", "expect": "passed"}]);
    let table = server.call("apply_guardrail", json!({"guardrail": ids[0], "cases": cases}));
    table.holds(&["2 of 2 test cases are as expected"]);
}

#[test]
fn images_are_cases_too_and_free_units_are_not_told_as_billed() {
    let stub = Stub::start(|_| {
        Response::output(
            json!({"action": "NONE", "outputs": [], "assessments": [], "usage": {"topicPolicyUnits": 1,
            "contentPolicyUnits": 1, "wordPolicyUnits": 1, "sensitiveInformationPolicyUnits": 0,
            "sensitiveInformationPolicyFreeUnits": 6, "contextualGroundingPolicyUnits": 0, "contentPolicyImageUnits": 1}}),
        )
    });
    let mut server = BEDROCK.at(stub.env()).start();
    let png = "iVBORw0KGgo=";
    let call = json!({"guardrail": "gr1", "full": true, "cases": [{"images": [{"name": "a.png", "base64": png}], "expect": "passed"}]});
    server.call("apply_guardrail", call).holds(&[
        "passed",
        "3 text units were used",
        "and 1 images; 6 more are free",
    ]);
    let sent = stub.of("ApplyGuardrail")[0].json();
    assert_eq!(sent["outputScope"], "FULL");
    assert_eq!(sent["content"], json!([{"image": {"format": "png", "source": {"bytes": png}}}]));
    for (case, part) in [
        (json!({}), "no text and no image"),
        (json!({"images": [{"name": "a.md", "base64": "YQ=="}]}), "is no image"),
    ] {
        server.call("apply_guardrail", json!({"guardrail": "gr1", "cases": [case]})).fails(&[part]);
    }
}
