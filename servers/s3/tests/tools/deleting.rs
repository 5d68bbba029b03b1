//! Deleting objects, versions and what lies under a prefix.

use awsmcp_testing::{LocalAws, Response, Stub};
use serde_json::json;

use crate::world::{S3, aws, confirm, contents, done, planned, version_ids, versioned, versioning};

#[test]
fn keys_are_deleted_after_their_plan_is_confirmed() {
    let mut server = S3.start();
    aws().create_bucket("del-keys");
    aws().put_objects("del-keys", ["a", "longer", "kept"]);
    let call = json!({"bucket": "del-keys", "keys": ["a", "longer", "nope"]});
    let plan = server.call("delete_objects", call.clone());
    assert!(
        plan.ok().contains("would permanently delete 2 objects (7 B) of bucket del-keys"),
        "{}",
        plan.ok()
    );
    assert!(plan.ok().contains("not there: 1 (nope)"), "{}", plan.ok());
    assert!(plan.ok().contains("longer\t6\t"), "{}", plan.ok());
    assert!(contents("del-keys", "a").is_some());
    let deleted = done(&confirm(&mut server, "delete_objects", call.clone(), &plan));
    assert_eq!(deleted, json!({"deleted": 2, "not_found": 1, "outcome": "gone for good"}));
    assert_eq!(contents("del-keys", "a"), None);
    assert!(contents("del-keys", "kept").is_some());
    let nothing = server.call("delete_objects", call);
    assert!(nothing.error().contains("none of these 3 exists"), "{}", nothing.error());
}

#[test]
fn a_changed_object_asks_again() {
    let mut server = S3.start();
    aws().create_bucket("del-moved");
    aws().put_object("del-moved", "k", &[], "one");
    let call = json!({"bucket": "del-moved", "keys": ["k"]});
    let plan = server.call("delete_objects", call.clone());
    aws().put_object("del-moved", "k", &[], "two");
    let again = confirm(&mut server, "delete_objects", call.clone(), &plan);
    assert!(again.ok().contains("things have changed since that plan was made"), "{}", again.ok());
    assert_eq!(contents("del-moved", "k").unwrap(), "two");
    done(&confirm(&mut server, "delete_objects", call, &again));
    assert_eq!(contents("del-moved", "k"), None);
}

#[test]
fn with_versioning_keys_get_delete_markers() {
    let mut server = S3.start();
    versioned("del-markers");
    aws().put_object("del-markers", "k", &[], "x");
    let call = json!({"bucket": "del-markers", "keys": ["k"]});
    let plan = planned(&mut server, "delete_objects", call.clone());
    assert!(plan.contains("put delete markers over 1 object (1 B)"), "{plan}");
    assert!(plan.contains("a copy of one onto its key brings it back"), "{plan}");
    let deleted = done(&server.confirmed("delete_objects", call));
    assert!(deleted["outcome"].as_str().unwrap().contains("under delete markers"), "{deleted}");
    versioning("del-markers", "Suspended");
    aws().put_object("del-markers", "k", &[], "y");
    let plan = planned(&mut server, "delete_objects", json!({"bucket": "del-markers", "prefix": "k"}));
    assert!(plan.contains("delete 1 object (1 B) under s3://del-markers/k"), "{plan}");
    assert!(plan.contains("versioning is suspended"), "{plan}");
}

#[test]
fn a_prefix_is_counted_before_it_goes() {
    let mut server = S3.start();
    aws().create_bucket("del-prefix");
    let keys: Vec<String> = (0..1100).map(|n| format!("logs/{n:04}")).collect();
    std::thread::scope(|scope| {
        for part in keys.chunks(275) {
            scope.spawn(|| aws().put_objects("del-prefix", part.iter().map(String::as_str)));
        }
    });
    aws().put_objects("del-prefix", ["other"]);
    let call = json!({"bucket": "del-prefix", "prefix": "logs/"});
    let plan = server.call("delete_objects", call.clone());
    assert!(
        plan.ok().contains("permanently delete 1,100 objects (9.7 KiB) under s3://del-prefix/logs/"),
        "{}",
        plan.ok()
    );
    assert!(plan.ok().contains("the 20 largest of 1100 follow"), "{}", plan.ok());
    let deleted = done(&confirm(&mut server, "delete_objects", call, &plan));
    assert_eq!(deleted, json!({"deleted": 1100, "outcome": "gone for good"}));
    assert!(contents("del-prefix", "other").is_some());
    let whole = planned(&mut server, "delete_objects", json!({"bucket": "del-prefix", "prefix": ""}));
    assert!(whole.contains("of the WHOLE bucket del-prefix"), "{whole}");
}

#[test]
fn versions_go_for_good() {
    let mut server = S3.start();
    versioned("del-versions");
    aws().put_object("del-versions", "k", &[], "one");
    aws().put_object("del-versions", "k", &[], "two");
    aws().put_object("del-versions", "k2", &[], "other");
    aws().request("s3", "DELETE", "/del-versions/k", &[], &[], b"");
    let ids = version_ids(&mut server, "del-versions", "k");
    let single = json!({"bucket": "del-versions", "versions": [
        {"key": "k", "version_id": ids[0]}, {"key": "k", "version_id": ids[2]}, {"key": "k", "version_id": "nope"}]});
    let plan = server.call("delete_objects", single.clone());
    assert!(plan.ok().contains("permanently delete 1 version (3 B) and 1 delete marker"), "{}", plan.ok());
    assert!(plan.ok().contains("the version below comes back"), "{}", plan.ok());
    assert!(plan.ok().contains("not there: 1 (k version nope)"), "{}", plan.ok());
    done(&confirm(&mut server, "delete_objects", single, &plan));
    assert_eq!(contents("del-versions", "k").unwrap(), "two");
    // Of the key alone: k2 starts with it and stays.
    let all = json!({"bucket": "del-versions", "keys": ["k"], "all_versions": true});
    assert_eq!(done(&server.confirmed("delete_objects", all))["deleted"], 1);
    assert!(version_ids(&mut server, "del-versions", "k").is_empty());
    assert!(contents("del-versions", "k2").is_some());
    let rest = json!({"bucket": "del-versions", "prefix": "", "all_versions": true});
    assert_eq!(done(&server.confirmed("delete_objects", rest))["outcome"], "gone for good");
    assert_eq!(contents("del-versions", "k2"), None);
}

#[test]
fn locked_versions_are_told_before_and_after() {
    let mut server = S3.start();
    let lock = [("x-amz-bucket-object-lock-enabled", "true")];
    let reply = aws().request("s3", "PUT", "/del-locked", &[], &lock, b"");
    assert_eq!(reply.status, 200, "{}", reply.text());
    let held = [
        ("x-amz-object-lock-mode", "GOVERNANCE"),
        ("x-amz-object-lock-retain-until-date", "2100-01-01T00:00:00Z"),
    ];
    aws().put_object("del-locked", "held", &held, "x");
    aws().put_object("del-locked", "free", &[], "longer");
    let mut all = json!({"bucket": "del-locked", "prefix": "", "all_versions": true});
    let plan = server.call("delete_objects", all.clone());
    assert!(plan.ok().contains("AWS will refuse 1: object lock holds them"), "{}", plan.ok());
    let first = plan.ok().lines().find(|line| line.starts_with("held\t")).unwrap();
    assert!(first.ends_with("GOVERNANCE until 2100-01-01T00:00:00Z"), "{first}");
    let answer = confirm(&mut server, "delete_objects", all.clone(), &plan);
    let deleted = done(&answer);
    assert_eq!((&deleted["deleted"], &deleted["failed"]), (&json!(1), &json!(1)));
    assert_eq!(deleted["failures"][0]["code"], "AccessDenied");
    assert!(answer.ok().contains("1 of 2 were NOT deleted"), "{}", answer.ok());
    let none = server.confirmed("delete_objects", all.clone());
    assert!(none.error().contains("held was not removed"), "{}", none.error());
    assert!(none.error().contains("bypass_governance"), "{}", none.error());
    all["bypass_governance"] = json!(true);
    assert_eq!(done(&server.confirmed("delete_objects", all))["deleted"], 1);
}

#[test]
fn exactly_one_way_of_naming_is_taken() {
    let mut server = S3.start();
    aws().create_bucket("del-ways");
    for (more, why) in [
        (json!({}), "nothing is named to delete"),
        (json!({"keys": ["a"], "prefix": "b"}), "give only one of"),
        (json!({"versions": [{"key": "a", "version_id": "v"}], "all_versions": true}), "not with versions"),
        (json!({"keys": []}), "at least 1"),
        (json!({"prefix": "nothing/"}), "nothing lies under s3://del-ways/nothing/"),
    ] {
        let mut input = json!({"bucket": "del-ways"});
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let answer = server.call("delete_objects", input);
        assert!(answer.error().contains(why), "{}", answer.error());
    }
    let nowhere = server.call("delete_objects", json!({"bucket": "del-nowhere", "keys": ["k"]}));
    assert!(nowhere.error().contains("NoSuchBucket"), "{}", nowhere.error());
}

#[test]
fn each_way_of_naming_is_held_to_the_allow_list() {
    aws().create_bucket("del-scope");
    aws().put_objects("del-scope", ["mine/a", "mine/b", "theirs/a"]);
    let mut server = S3.and(&["--allow-arn", "arn:aws:s3:::del-scope,arn:aws:s3:::del-scope/mine/*"]).start();
    for inside in [
        json!({"bucket": "del-scope", "keys": ["mine/a"]}),
        json!({"bucket": "del-scope", "keys": ["mine/a"], "all_versions": false}),
        json!({"bucket": "del-scope", "prefix": "mine/"}),
        json!({"bucket": "del-scope", "prefix": "mine/", "all_versions": true}),
        json!({"bucket": "del-scope", "keys": ["mine/a"], "all_versions": true, "bypass_governance": true}),
    ] {
        planned(&mut server, "delete_objects", inside);
    }
    for outside in [
        json!({"bucket": "del-scope", "keys": ["mine/a", "theirs/a"]}),
        json!({"bucket": "del-scope", "prefix": "m"}),
        json!({"bucket": "del-scope", "prefix": ""}),
        json!({"bucket": "del-scope", "versions": [{"key": "theirs/a", "version_id": "v"}]}),
    ] {
        let answer = server.call("delete_objects", outside);
        assert!(answer.error().contains("outside what the operator allowed"), "{}", answer.error());
    }
}

#[test]
fn what_aws_was_too_busy_for_is_tried_again() {
    let failed = |code: &str, key: &str| {
        format!("<Error><Key>{key}</Key><Code>{code}</Code><Message>m</Message></Error>")
    };
    let stub = Stub::start(move |request| match (request.operation(), request.nth) {
        ("HeadObject", _) => Response::new(200, "hello").with("etag", "\"e\""),
        ("GetBucketVersioning", _) => Response::new(200, "<VersioningConfiguration/>"),
        (_, round) => {
            let errors = match round {
                1 => failed("InternalError", "a") + &failed("AccessDenied", "b"),
                // Only what was busy is asked for again.
                _ if String::from_utf8_lossy(&request.body).contains("<Key>b</Key>") => {
                    failed("AskedAgain", "b")
                }
                2 => failed("SlowDown", "a"),
                _ => String::new(),
            };
            Response::new(200, format!("<DeleteResult>{errors}</DeleteResult>"))
        }
    });
    let mut server = S3.at(stub.env()).start();
    let answer = server.confirmed("delete_objects", json!({"bucket": "busy", "keys": ["a", "b", "c"]}));
    let deleted = done(&answer);
    assert_eq!(deleted["deleted"], 2, "{deleted}");
    assert_eq!(deleted["failures"], json!([{"key": "b", "code": "AccessDenied", "message": "m"}]));
}

#[test]
fn mfa_delete_is_explained_before_anything_is_asked() {
    let stub = Stub::start(|_| {
        Response::new(
            200,
            "<VersioningConfiguration><Status>Enabled</Status><MfaDelete>Enabled</MfaDelete></VersioningConfiguration>",
        )
    });
    let mut server = S3.at(stub.env()).start();
    let call = json!({"bucket": "mfa", "prefix": "", "all_versions": true});
    let answer = server.call("delete_objects", call);
    assert!(answer.error().contains("removes versions only with an MFA code"), "{}", answer.error());
    assert!(answer.error().contains("root user"), "{}", answer.error());
}

#[test]
fn what_the_tool_declares_is_enough_for_it() {
    let iam = LocalAws::shared_with_iam();
    iam.create_bucket("del-least");
    iam.put_objects("del-least", ["tmp/a", "tmp/b", "mine"]);
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["s3:GetBucketVersioning", "s3:ListBucket"], "Resource": "arn:aws:s3:::del-least"},
        {"Effect": "Allow", "Action": ["s3:DeleteObject"], "Resource": "arn:aws:s3:::del-least/tmp/*"}]});
    let user = iam.create_user("del-least", &policy.to_string());
    let mut server = S3.at(iam.env_as(&user)).start();
    let blind = planned(&mut server, "delete_objects", json!({"bucket": "del-least", "keys": ["mine"]}));
    assert!(blind.contains("1 object (size not known)") && blind.contains("(s3:GetObject, and"), "{blind}");
    assert!(!blind.contains("0 B"), "{blind}");
    let gone = server.confirmed("delete_objects", json!({"bucket": "del-least", "prefix": "tmp/"}));
    assert_eq!(done(&gone)["deleted"], 2);
    // Who may not look may still try; AWS decides.
    let refused = server.confirmed("delete_objects", json!({"bucket": "del-least", "keys": ["mine"]}));
    assert!(
        refused.error().contains("s3:DeleteObject on arn:aws:s3:::del-least/mine"),
        "{}",
        refused.error()
    );
}

#[test]
fn a_removal_without_an_answer_is_not_told_as_none() {
    let stub = Stub::start(|request| match request.operation() {
        "HeadObject" => Response::new(200, "").with("etag", "\"e\""),
        "GetBucketVersioning" => Response::new(200, "<VersioningConfiguration/>"),
        "DeleteObjects" => Response::new(200, "<DeleteResult/>"),
        _ => Response::HangUp,
    });
    let mut server = S3.at(stub.env()).start();
    // The second goes by a request of its own: XML has no place for it. What is named twice counts once.
    let call = json!({"bucket": "lost-removals", "keys": ["plain", "odd\u{1}", "plain"]});
    let answer = server.confirmed("delete_objects", call);
    answer.holds(&["\"deleted\":1", "OutcomeUnknown", "whether 1 of 2 were deleted is not known"]);
    answer.lacks(&["NOT deleted"]);
}
