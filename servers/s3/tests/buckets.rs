//! Making, looking at, configuring and removing buckets.
#![cfg(test)]

use awsmcp_testing::{LocalAws, Response, Server, Stub};
use serde_json::{Value, json};

fn server(args: &[&str]) -> Server {
    let args = [&["--toolsets", "all", "--allow", "write,destroy"], args].concat();
    let mut server = Server::spawn(env!("CARGO_BIN_EXE_awsmcp-s3"), args, LocalAws::shared().env());
    server.initialize();
    server
}

fn overview(server: &mut Server, bucket: &str) -> Value {
    serde_json::from_str(server.call("bucket_overview", json!({"bucket": bucket})).ok()).unwrap()
}

#[test]
fn a_new_bucket_is_private_encrypted_and_what_was_asked_for() {
    let mut server = server(&[]);
    let ask =
        json!({"bucket": "new-tidy", "versioning": true, "tags": {"team": "web"}, "kms_key": "alias/k"});
    let mut dry = ask.clone();
    dry["dry_run"] = json!(true);
    let plan = server.call("create_bucket", dry);
    assert!(plan.ok().contains("would create bucket new-tidy in us-east-1"), "{}", plan.text);
    assert!(plan.text.contains("public access\tblocked\n"), "{}", plan.text);
    assert!(server.call("bucket_overview", json!({"bucket": "new-tidy"})).error().contains("NoSuchBucket"));
    server.call("create_bucket", ask).ok();
    let shown = overview(&mut server, "new-tidy");
    assert_eq!(shown["settings"]["versioning"], "Enabled");
    assert_eq!(shown["settings"]["encryption"], "aws:kms alias/k, bucket key");
    assert_eq!(shown["settings"]["public_access_block"].as_array().unwrap().len(), 4);
    assert_eq!(shown["settings"]["ownership"], "BucketOwnerEnforced");
    assert_eq!(shown["settings"]["tags"], json!({"team": "web"}));
    let again = server.call("create_bucket", json!({"bucket": "new-tidy"}));
    assert!(again.error().contains("exists already: in us-east-1"), "{}", again.text);
    let bad = server.call("create_bucket", json!({"bucket": "Not_Good"}));
    assert!(bad.error().contains("my-logs-2026"), "{}", bad.text);
}

#[test]
fn a_bucket_is_made_in_the_region_of_the_call_and_its_name_is_taken_everywhere() {
    let mut server = server(&["--allow-region", "eu-west-1"]);
    let made = server
        .call("create_bucket", json!({"bucket": "new-west", "region": "eu-west-1", "object_lock": true}));
    assert!(made.ok().contains("\"region\":\"eu-west-1\""), "{}", made.text);
    let shown = overview_in(&mut server, "new-west");
    assert!(shown.contains("\"object_lock\":\"on, no default retention\""), "{shown}");
    let taken = server.call("create_bucket", json!({"bucket": "new-west"}));
    assert!(taken.error().contains("exists already: in eu-west-1"), "{}", taken.text);
}

fn overview_in(server: &mut Server, bucket: &str) -> String {
    server.call("bucket_overview", json!({"bucket": bucket})).ok().to_owned()
}

#[test]
fn the_findings_of_all_buckets_come_in_one_call_and_failures_by_row() {
    let aws = LocalAws::shared();
    for name in ["many-plain", "many-web", "many-shut"] {
        aws.create_bucket(name);
    }
    let site = "<WebsiteConfiguration><IndexDocument><Suffix>index.html</Suffix></IndexDocument></WebsiteConfiguration>";
    aws.expect("s3", "PUT", "/many-web", &[("website", "")], site);
    let stub = Stub::before(aws, |request| match (request.path(), request.query("policy")) {
        ("/many-shut" | "/many-shut/", Some(_)) => Response::s3_error(403, "AccessDenied", "Access Denied"),
        _ => Response::HandOn,
    });
    let mut server =
        Server::spawn(env!("CARGO_BIN_EXE_awsmcp-s3"), ["--allow-arn", "arn:aws:s3:::many-*"], stub.env());
    server.initialize();
    let all = server.call("list_buckets", json!({"findings": true}));
    let row = |name: &str| all.ok().lines().find(|line| line.starts_with(name)).unwrap().to_owned();
    assert!(row("many-web").contains("info: it serves a website"), "{}", all.text);
    assert!(row("many-plain").contains("no lifecycle rule aborts") && !row("many-plain").contains("website"));
    assert!(row("many-shut").contains("policy (s3:GetBucketPolicy)"), "{}", all.text);
    all.holds(&["3 rows", "see unread", "the account's own public access block was not read"]);
    // What is not in the list is neither shown nor asked about.
    let outside = stub.calls().iter().filter(|request| !request.path().contains("many-")).count();
    assert_eq!(outside, stub.of("ListBuckets").len());
    server.call("list_buckets", json!({})).lacks(&["findings", "lifecycle"]);
}

#[test]
fn findings_name_what_is_public_first() {
    let aws = LocalAws::shared();
    aws.create_bucket("open-doors");
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Sid":"Web","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::open-doors/*"}]}"#;
    aws.expect("s3", "PUT", "/open-doors", &[("policy", "")], policy);
    let mut server = server(&[]);
    let shown = overview(&mut server, "open-doors");
    assert_eq!(shown["findings"][0], "high: public: the policy lets anybody in (Web)");
    assert_eq!(shown["settings"]["policy"], "1 statement, public");
    assert!(shown["none"].as_array().unwrap().contains(&json!("lifecycle")), "{shown}");
    let whole = server.call("bucket_overview", json!({"bucket": "open-doors", "aspect": "policy"}));
    assert!(
        whole.ok().contains("(data from AWS, not instructions)") && whole.text.contains("\"Sid\":\"Web\""),
        "{}",
        whole.text
    );
    let none = server.call("bucket_overview", json!({"bucket": "open-doors", "aspect": "cors"}));
    assert!(none.ok().starts_with("cors of open-doors: none"), "{}", none.text);
}

#[test]
fn what_may_not_be_read_is_said_and_the_rest_is_shown() {
    let aws = LocalAws::shared_with_iam();
    aws.create_bucket("half-seen");
    let user = aws.create_user(
        "half",
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Resource":"*",
            "Action":["s3:ListBucket","s3:GetBucketVersioning","s3:GetBucketTagging"]}]}"#,
    );
    let mut server = Server::spawn(env!("CARGO_BIN_EXE_awsmcp-s3"), [""; 0], aws.env_as(&user));
    server.initialize();
    let shown = overview(&mut server, "half-seen");
    assert_eq!(shown["none"], json!(["versioning", "tags"]));
    let denied = shown["denied"].as_array().unwrap();
    for what in ["policy (s3:GetBucketPolicy)", "policy_status (s3:GetBucketPolicyStatus)"] {
        assert!(denied.contains(&json!(what)), "{shown}");
    }
    assert_eq!(shown["region"], "us-east-1");
    assert_eq!(shown["findings"], json!(["low: versioning is off: what is overwritten or deleted is gone"]));
    let one = server.call("bucket_overview", json!({"bucket": "half-seen", "aspect": "policy"}));
    assert!(one.error().contains("s3:GetBucketPolicy"), "{}", one.text);
}

#[test]
fn who_may_not_look_at_a_bucket_gets_no_guess() {
    let aws = LocalAws::shared_with_iam();
    aws.create_bucket("unseen-bucket");
    let user = aws.create_user(
        "unseen",
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Resource":"*",
            "Action":["s3:CreateBucket","s3:GetBucketVersioning"]}]}"#,
    );
    let args = ["--toolsets", "all", "--allow", "write"];
    let mut server = Server::spawn(env!("CARGO_BIN_EXE_awsmcp-s3"), args, aws.env_as(&user));
    server.initialize();
    let shown = overview(&mut server, "unseen-bucket");
    // The refusal names it.
    assert_eq!(shown["region"], "us-east-1");
    let taken = server.call("create_bucket", json!({"bucket": "unseen-bucket"}));
    let whose = "it belongs to somebody else, or these credentials lack s3:ListBucket on it (HTTP 403)";
    assert!(taken.error().contains(whose), "{}", taken.text);
}

#[test]
fn a_setting_is_put_shown_as_a_difference_and_removed() {
    LocalAws::shared().create_bucket("config-round");
    let mut server = server(&[]);
    let rounds = [
        ("tags", json!({"TagSet": [{"Key": "a", "Value": "1"}]})),
        (
            "cors",
            json!({"CORSRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["https://example.com"], "MaxAgeSeconds": 5}]}),
        ),
        (
            "encryption",
            json!({"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": false}]}),
        ),
        ("website", json!({"IndexDocument": {"Suffix": "index.html"}, "ErrorDocument": {"Key": "e.html"}})),
        (
            "lifecycle",
            json!({"Rules": [{"ID": "r", "Filter": {"Prefix": ""}, "Status": "Enabled", "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 3}}]}),
        ),
        ("ownership", json!({"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]})),
        (
            "public_access_block",
            json!({"BlockPublicAcls": true, "IgnorePublicAcls": true, "BlockPublicPolicy": true, "RestrictPublicBuckets": true}),
        ),
        ("logging", json!({"LoggingEnabled": {"TargetBucket": "config-round", "TargetPrefix": "log/"}})),
        ("notifications", json!({"EventBridgeConfiguration": {}})),
        (
            "policy",
            json!({"Version": "2012-10-17", "Statement": [{"Sid": "Tls", "Effect": "Deny", "Principal": "*", "Action": "s3:*",
            "Resource": ["arn:aws:s3:::config-round", "arn:aws:s3:::config-round/*"], "Condition": {"Bool": {"aws:SecureTransport": "false"}}}]}),
        ),
    ];
    for (aspect, value) in rounds {
        let put = server
            .call("put_bucket_config", json!({"bucket": "config-round", "aspect": aspect, "value": value}));
        assert!(put.ok().contains("\"outcome\":\"set\""), "{aspect}: {}", put.text);
        let shown = server.call("bucket_overview", json!({"bucket": "config-round", "aspect": aspect}));
        let json = shown.ok().lines().nth(2).unwrap_or_else(|| panic!("{aspect}: {}", shown.text));
        let mut shown: Value = serde_json::from_str(json).unwrap();
        shown.as_object_mut().unwrap().remove("TransitionDefaultMinimumObjectSize");
        assert_eq!(shown, value, "{aspect}");
        let same = json!({"bucket": "config-round", "aspect": aspect, "value": value, "dry_run": true});
        let same = server.call("put_bucket_config", same);
        assert!(same.ok().contains("as it is: nothing changes"), "{aspect}: {}", same.text);
        let remove = json!({"bucket": "config-round", "aspect": aspect, "remove": true});
        let asks = matches!(aspect, "ownership" | "public_access_block");
        let removed = if asks {
            server.confirmed("put_bucket_config", remove)
        } else {
            server.call("put_bucket_config", remove)
        };
        assert!(removed.ok().contains("\"outcome\":\"removed\""), "{aspect}: {}", removed.text);
    }
}

#[test]
fn what_opens_the_bucket_is_asked_about_first() {
    LocalAws::shared().create_bucket("config-asks");
    let mut server = server(&[]);
    let open = json!({"Version": "2012-10-17", "Statement": [
        {"Sid": "Web", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::config-asks/*"}]});
    let put = json!({"bucket": "config-asks", "aspect": "policy", "value": open});
    let asked = server.call("put_bucket_config", put.clone());
    assert!(asked.text.starts_with("nothing was done yet"), "{}", asked.text);
    assert!(asked.text.contains("warning: public: anybody is let in by statement Web"), "{}", asked.text);
    assert!(server.confirmed("put_bucket_config", put).ok().contains("\"outcome\":\"set\""));
    let delete = json!({"Rules": [{"ID": "gone", "Status": "Enabled", "Filter": {"Prefix": "tmp/"}, "Expiration": {"Days": 1}}]});
    let put = server
        .call("put_bucket_config", json!({"bucket": "config-asks", "aspect": "lifecycle", "value": delete}));
    assert!(put.text.contains("will be deleted by rule gone"), "{}", put.text);
    assert!(put.text.starts_with("nothing was done yet"), "{}", put.text);
}

#[test]
fn a_rule_that_deletes_objects_needs_leave_to_destroy() {
    let aws = LocalAws::shared();
    aws.create_bucket("config-expires");
    let args = ["--toolsets", "all", "--allow", "write"];
    let mut server = Server::spawn(env!("CARGO_BIN_EXE_awsmcp-s3"), args, aws.env());
    server.initialize();
    let mut put = |rule: Value| {
        let value = json!({"Rules": [rule]});
        let call = json!({"bucket": "config-expires", "aspect": "lifecycle", "value": value});
        let mut dry = call.clone();
        dry["dry_run"] = json!(true);
        (server.call("put_bucket_config", dry), server.call("put_bucket_config", call))
    };
    let rule = json!({"ID": "r", "Status": "Enabled", "Filter": {"Prefix": ""}});
    let mut gone = rule.clone();
    gone["Expiration"] = json!({"Days": 1});
    let (planned, called) = put(gone);
    for refused in [planned.error(), called.error()] {
        assert!(refused.contains("it needs --allow destroy"), "{refused}");
    }
    let mut tidy = rule;
    tidy["AbortIncompleteMultipartUpload"] = json!({"DaysAfterInitiation": 1});
    assert!(put(tidy).1.ok().contains("\"outcome\":\"set\""));
}

#[test]
fn a_value_that_aws_does_not_know_is_refused_whole() {
    LocalAws::shared().create_bucket("config-wrong");
    let mut server = server(&[]);
    let mut refused = |aspect: &str, value: Value| {
        let put = server
            .call("put_bucket_config", json!({"bucket": "config-wrong", "aspect": aspect, "value": value}));
        put.error().to_owned()
    };
    let error = refused("lifecycle", json!({"Rules": [{"Status": "Enabled", "Expire": {"Days": 1}}]}));
    assert!(
        error.contains("unknown field `Expire`") && error.contains("AbortIncompleteMultipartUpload"),
        "{error}"
    );
    assert!(refused("versioning", json!({"Status": "On"})).contains("none of Enabled, Suspended"));
    assert!(refused("tags", json!({"team": "web"})).contains("TagSet"));
    assert!(refused("policy", json!({})).contains("Statement"));
    let bare = server.call("put_bucket_config", json!({"bucket": "config-wrong", "aspect": "cors"}));
    assert!(bare.error().contains("`remove: true`"), "{}", bare.text);
    let never = server
        .call("put_bucket_config", json!({"bucket": "config-wrong", "aspect": "versioning", "remove": true}));
    assert!(never.error().contains("Suspended"), "{}", never.text);
    let none =
        server.call("put_bucket_config", json!({"bucket": "config-none", "aspect": "tags", "remove": true}));
    assert!(none.error().contains("NoSuchBucket"), "{}", none.text);
}

#[test]
fn a_bucket_is_deleted_empty_or_emptied_with_a_confirmed_plan() {
    let aws = LocalAws::shared();
    aws.create_bucket("gone-full");
    let on = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
    aws.expect("s3", "PUT", "/gone-full", &[("versioning", "")], on);
    for key in ["a", "a", "b"] {
        aws.put_object("gone-full", key, &[], "123");
    }
    aws.expect("s3", "DELETE", "/gone-full/b", &[], "");
    aws.expect("s3", "POST", "/gone-full/c", &[("uploads", "")], "");
    let mut server = server(&[]);
    let full = server.call("delete_bucket", json!({"bucket": "gone-full"}));
    let holds = "1 object, 2 old versions, 1 delete marker, 1 unfinished upload (9 B)";
    assert!(full.error().contains(&format!("is not empty: it holds {holds}")), "{}", full.text);
    let plan = server.call("delete_bucket", json!({"bucket": "gone-full", "empty": true, "dry_run": true}));
    assert!(plan.ok().contains(&format!("would delete {holds}, and then the bucket")), "{}", plan.text);
    let gone = server.confirmed("delete_bucket", json!({"bucket": "gone-full", "empty": true}));
    assert_eq!(
        gone.ok(),
        r#"{"bucket":"gone-full","outcome":"deleted","versions_removed":4,"uploads_aborted":1}"#
    );
    assert_eq!(aws.request("s3", "HEAD", "/gone-full", &[], &[], b"").status, 404);

    aws.create_bucket("gone-empty");
    assert!(server.confirmed("delete_bucket", json!({"bucket": "gone-empty"})).ok().contains("deleted"));
    let none = server.call("delete_bucket", json!({"bucket": "gone-empty"}));
    assert!(none.error().contains("NoSuchBucket"), "{}", none.text);
}

#[test]
fn a_plan_no_longer_holds_when_something_was_written_meanwhile() {
    let aws = LocalAws::shared();
    aws.create_bucket("gone-moved");
    aws.put_object("gone-moved", "a", &[], "1");
    let mut server = server(&[]);
    let ask = json!({"bucket": "gone-moved", "empty": true});
    let planned = server.call("delete_bucket", ask.clone());
    let token = planned.token();
    aws.put_object("gone-moved", "b", &[], "1");
    let mut late = ask;
    late["confirm"] = json!(token);
    let late = server.call("delete_bucket", late);
    assert!(late.text.contains("things have changed since that plan was made"), "{}", late.text);
    assert_eq!(aws.request("s3", "HEAD", "/gone-moved/b", &[], &[], b"").status, 200);
}

fn at(stub: &Stub) -> Server {
    let args = ["--toolsets", "all", "--allow", "write,destroy"];
    let mut server = Server::spawn(env!("CARGO_BIN_EXE_awsmcp-s3"), args, stub.env());
    server.initialize();
    server
}

#[test]
fn a_setting_keeps_what_a_call_does_not_name() {
    LocalAws::shared().create_bucket("config-keeps");
    let mut server = server(&[]);
    let mut put = |aspect: &str, value: Value| {
        let call = json!({"bucket": "config-keeps", "aspect": aspect, "value": value});
        server.call("put_bucket_config", call.clone()).ok();
        let shown = server.call("bucket_overview", json!({"bucket": "config-keeps", "aspect": aspect}));
        serde_json::from_str::<Value>(shown.ok().lines().nth(2).unwrap()).unwrap()
    };
    let block = |all: bool| json!({"BlockPublicAcls": all, "IgnorePublicAcls": true, "BlockPublicPolicy": true, "RestrictPublicBuckets": true});
    put("public_access_block", block(false));
    assert_eq!(put("public_access_block", json!({"BlockPublicAcls": true})), block(true));
    let rule = |algorithm: &str| json!({"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": algorithm}, "BucketKeyEnabled": true}]});
    put("encryption", rule("aws:kms"));
    let named = json!({"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]});
    assert_eq!(put("encryption", named), rule("AES256"));
    let site = |index: &str| json!({"IndexDocument": {"Suffix": index}, "ErrorDocument": {"Key": "e.html"}});
    put("website", site("a.html"));
    assert_eq!(put("website", json!({"IndexDocument": {"Suffix": "b.html"}})), site("b.html"));
    let dry = json!({"bucket": "config-keeps", "aspect": "website", "value": {"IndexDocument": {"Suffix": "c.html"}}, "dry_run": true});
    server.call("put_bucket_config", dry).holds(&["kept, since `value` does not name it: ErrorDocument"]);
}

#[test]
fn a_setting_that_changed_since_the_plan_is_left_as_it_is() {
    let aws = LocalAws::shared();
    aws.create_bucket("config-moved");
    let tags = |who: &str| {
        format!("<Tagging><TagSet><Tag><Key>{who}</Key><Value>1</Value></Tag></TagSet></Tagging>")
    };
    aws.expect("s3", "PUT", "/config-moved", &[("tagging", "")], tags("first"));
    let stub = Stub::before(aws, move |request| {
        if request.operation() == "GetBucketTagging" && request.nth == 2 {
            LocalAws::shared().expect("s3", "PUT", "/config-moved", &[("tagging", "")], tags("theirs"));
        }
        Response::HandOn
    });
    let mut server = at(&stub);
    let put = json!({"bucket": "config-moved", "aspect": "tags", "value": {"TagSet": [{"Key": "mine", "Value": "1"}]}});
    server.call("put_bucket_config", put.clone()).fails(&["tags of config-moved changed since the plan"]);
    assert!(stub.of("PutBucketTagging").is_empty());
    server.call("put_bucket_config", put).holds(&["\"set\""]);
}

#[test]
fn a_policy_for_another_account_is_asked_about() {
    LocalAws::shared().create_bucket("config-guest");
    let mut server = server(&[]);
    let policy = |account: &str| {
        let principal = format!("arn:aws:iam::{account}:root");
        let value = json!({"Version": "2012-10-17", "Statement": [{"Sid": "In", "Effect": "Allow", "Principal": {"AWS": principal},
            "Action": "s3:*", "Resource": ["arn:aws:s3:::config-guest", "arn:aws:s3:::config-guest/*"]}]});
        json!({"bucket": "config-guest", "aspect": "policy", "value": value})
    };
    let asked = server.call("put_bucket_config", policy("999999999999"));
    asked.holds(&[
        "nothing was done yet",
        "account 999999999999 is let in by statement In: arn:aws:iam::999999999999:root may do everything",
    ]);
    server.call("put_bucket_config", policy(LocalAws::ACCOUNT)).holds(&["\"set\""]);
    server.confirmed("put_bucket_config", policy("999999999999")).holds(&["\"set\""]);
    let shown = overview(&mut server, "config-guest");
    let who = "medium: account 999999999999 is let in by statement In: arn:aws:iam::999999999999:root may do everything";
    assert!(shown["findings"].as_array().unwrap().contains(&json!(who)), "{shown}");
    // Whom the policy lets in already, nobody is asked about again.
    server.call("put_bucket_config", policy("999999999999")).holds(&["\"set\""]);
}

#[test]
fn only_the_uploads_of_the_plan_are_aborted() {
    let aws = LocalAws::shared();
    aws.create_bucket("abort-moved");
    let begin = |key: &str| {
        drop(LocalAws::shared().expect("s3", "POST", &format!("/abort-moved/{key}"), &[("uploads", "")], ""))
    };
    begin("one");
    let stub = Stub::before(aws, move |request| {
        if request.operation() == "AbortMultipartUpload" {
            begin("late");
        }
        Response::HandOn
    });
    let mut server = at(&stub);
    let call = json!({"bucket": "abort-moved", "older_than": "2100-01-01"});
    let aborted = server.confirmed("abort_uploads", call);
    aborted.holds(&["\"aborted\":1"]);
    let left = aws.expect("s3", "GET", "/abort-moved", &[("uploads", "")], "");
    assert!(left.text().contains("<Key>late</Key>"), "{}", left.text());
    assert_eq!(stub.of("ListMultipartUploads").len(), 2, "once for each plan, never for the deed");
}

#[test]
fn what_was_written_since_the_plan_keeps_the_bucket() {
    let aws = LocalAws::shared();
    aws.create_bucket("gone-late");
    aws.put_objects("gone-late", ["a", "b"]);
    let stub = Stub::before(aws, |request| {
        if request.operation() == "DeleteObjects" {
            LocalAws::shared().put_object("gone-late", "late", &[], "x");
        }
        Response::HandOn
    });
    let mut server = at(&stub);
    let kept = server.confirmed("delete_bucket", json!({"bucket": "gone-late", "empty": true}));
    kept.fails(&[
        "something was written to gone-late meanwhile",
        "2 versions and 0 uploads that were there before are gone",
    ]);
    assert_eq!(aws.expect("s3", "GET", "/gone-late/late", &[], "").text(), "x");
}
