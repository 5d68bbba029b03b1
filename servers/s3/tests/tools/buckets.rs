//! Making, looking at and removing buckets.

use awsmcp_testing::{LocalAws, Response, Server, Stub};
use serde_json::{Value, json};

use crate::world::{READER, S3, aws, overview};

#[test]
fn a_new_bucket_is_private_encrypted_and_what_was_asked_for() {
    let mut server = S3.start();
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
    let mut server = S3.and(&["--allow-region", "eu-west-1"]).start();
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
    let aws = aws();
    for name in ["many-plain", "many-web", "many-shut"] {
        aws.create_bucket(name);
    }
    let site = "<WebsiteConfiguration><IndexDocument><Suffix>index.html</Suffix></IndexDocument></WebsiteConfiguration>";
    aws.expect("s3", "PUT", "/many-web", &[("website", "")], site);
    let stub = Stub::before(aws, |request| match (request.path(), request.query("policy")) {
        ("/many-shut" | "/many-shut/", Some(_)) => Response::s3_error(403, "AccessDenied", "Access Denied"),
        _ => Response::HandOn,
    });
    let mut server = READER.at(stub.env()).and(&["--allow-arn", "arn:aws:s3:::many-*"]).start();
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
    let aws = aws();
    aws.create_bucket("open-doors");
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Sid":"Web","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::open-doors/*"}]}"#;
    aws.expect("s3", "PUT", "/open-doors", &[("policy", "")], policy);
    let mut server = S3.start();
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
fn whatever_calls_a_bucket_open_or_closed_says_that_the_accounts_block_was_not_read() {
    let unread = "the account's own public access block was not read, and may close what is open here";
    let place = "aws s3control get-public-access-block --account-id ACCOUNT";
    aws().create_bucket("block-open");
    aws().create_bucket("block-shut");
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Sid":"Web","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::block-open/*"}]}"#;
    aws().expect("s3", "PUT", "/block-open", &[("policy", "")], policy);
    let all = json!({"BlockPublicAcls": true, "IgnorePublicAcls": true, "BlockPublicPolicy": true, "RestrictPublicBuckets": true});
    let shut = json!({"bucket": "block-shut", "aspect": "public_access_block", "value": all});
    let mut server = S3.start();
    server.call("put_bucket_config", shut.clone()).ok();
    for bucket in ["block-open", "block-shut"] {
        server.call("bucket_overview", json!({"bucket": bucket})).holds(&[unread, place]);
        let block = json!({"bucket": bucket, "aspect": "public_access_block"});
        server.call("bucket_overview", block).holds(&[unread, place]);
    }
    let rows = server.call("list_buckets", json!({"prefix": "block-", "findings": true}));
    rows.holds(&["high: public: the policy lets anybody in (Web)", unread, place]);
    // Where nothing is judged, nothing is said.
    server.call("list_buckets", json!({"prefix": "block-"})).lacks(&["public access block"]);
    server
        .call("bucket_overview", json!({"bucket": "block-open", "aspect": "tags"}))
        .lacks(&["public access block"]);
    // A plan that opens speaks of this bucket only.
    let mut off = shut;
    off["value"] = json!({"RestrictPublicBuckets": false});
    server
        .plan("put_bucket_config", off)
        .holds(&["RestrictPublicBuckets goes off", "the account's own block, which was not read"]);
    let open = json!({"bucket": "block-open", "aspect": "policy", "value": serde_json::from_str::<Value>(&policy.replace("Web", "All")).unwrap()});
    server
        .plan("put_bucket_config", open)
        .holds(&["public: anybody is let in by statement All", "which were not read"]);
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
    let mut server = READER.at(aws.env_as(&user)).start();
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
    let flags = ["--toolsets", "all", "--allow", "write"];
    let mut server = S3.at(aws.env_as(&user)).only(&flags).start();
    let shown = overview(&mut server, "unseen-bucket");
    // The refusal names it.
    assert_eq!(shown["region"], "us-east-1");
    let taken = server.call("create_bucket", json!({"bucket": "unseen-bucket"}));
    let whose = "it belongs to somebody else, or these credentials lack s3:ListBucket on it (HTTP 403)";
    assert!(taken.error().contains(whose), "{}", taken.text);
}

#[test]
fn a_bucket_is_deleted_empty_or_emptied_with_a_confirmed_plan() {
    let aws = aws();
    aws.create_bucket("gone-full");
    let on = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
    aws.expect("s3", "PUT", "/gone-full", &[("versioning", "")], on);
    for key in ["a", "a", "b"] {
        aws.put_object("gone-full", key, &[], "123");
    }
    aws.expect("s3", "DELETE", "/gone-full/b", &[], "");
    aws.expect("s3", "POST", "/gone-full/c", &[("uploads", "")], "");
    let mut server = S3.start();
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
    let aws = aws();
    aws.create_bucket("gone-moved");
    aws.put_object("gone-moved", "a", &[], "1");
    let mut server = S3.start();
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

#[test]
fn only_the_uploads_of_the_plan_are_aborted() {
    aws().create_bucket("abort-moved");
    let begin =
        |key: &str| drop(aws().expect("s3", "POST", &format!("/abort-moved/{key}"), &[("uploads", "")], ""));
    begin("one");
    let stub = Stub::before(aws(), move |request| {
        if request.operation() == "AbortMultipartUpload" {
            begin("late");
        }
        Response::HandOn
    });
    let mut server = S3.at(stub.env()).start();
    let call = json!({"bucket": "abort-moved", "older_than": "2100-01-01"});
    let aborted = server.confirmed("abort_uploads", call);
    aborted.holds(&["\"aborted\":1"]);
    let left = aws().expect("s3", "GET", "/abort-moved", &[("uploads", "")], "");
    assert!(left.text().contains("<Key>late</Key>"), "{}", left.text());
    assert_eq!(stub.of("ListMultipartUploads").len(), 2, "once for each plan, never for the deed");
}

#[test]
fn what_was_written_since_the_plan_keeps_the_bucket() {
    aws().create_bucket("gone-late");
    aws().put_objects("gone-late", ["a", "b"]);
    let stub = Stub::before(aws(), |request| {
        if request.operation() == "DeleteObjects" {
            aws().put_object("gone-late", "late", &[], "x");
        }
        Response::HandOn
    });
    let mut server = S3.at(stub.env()).start();
    let kept = server.confirmed("delete_bucket", json!({"bucket": "gone-late", "empty": true}));
    kept.fails(&[
        "something was written to gone-late meanwhile",
        "2 versions and 0 uploads that were there before are gone",
    ]);
    assert_eq!(aws().expect("s3", "GET", "/gone-late/late", &[], "").text(), "x");
}
