//! Configuring buckets.

use awsmcp_testing::{LocalAws, Response, Stub};
use serde_json::{Value, json};

use crate::world::{S3, aws, overview};

#[test]
fn a_setting_is_put_shown_as_a_difference_and_removed() {
    aws().create_bucket("config-round");
    let mut server = S3.start();
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
    aws().create_bucket("config-asks");
    let mut server = S3.start();
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
    let aws = aws();
    aws.create_bucket("config-expires");
    let mut server = S3.only(&["--toolsets", "all", "--allow", "write"]).start();
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
    aws().create_bucket("config-wrong");
    let mut server = S3.start();
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
fn a_setting_keeps_what_a_call_does_not_name() {
    aws().create_bucket("config-keeps");
    let mut server = S3.start();
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
    aws().create_bucket("config-moved");
    let tags = |who: &str| {
        format!("<Tagging><TagSet><Tag><Key>{who}</Key><Value>1</Value></Tag></TagSet></Tagging>")
    };
    aws().expect("s3", "PUT", "/config-moved", &[("tagging", "")], tags("first"));
    let stub = Stub::before(aws(), move |request| {
        if request.operation() == "GetBucketTagging" && request.nth == 2 {
            aws().expect("s3", "PUT", "/config-moved", &[("tagging", "")], tags("theirs"));
        }
        Response::HandOn
    });
    let mut server = S3.at(stub.env()).start();
    let put = json!({"bucket": "config-moved", "aspect": "tags", "value": {"TagSet": [{"Key": "mine", "Value": "1"}]}});
    server.call("put_bucket_config", put.clone()).fails(&["tags of config-moved changed since the plan"]);
    assert!(stub.of("PutBucketTagging").is_empty());
    server.call("put_bucket_config", put).holds(&["\"set\""]);
}

#[test]
fn a_policy_for_another_account_is_asked_about() {
    aws().create_bucket("config-guest");
    let mut server = S3.start();
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
fn a_policy_that_lets_others_in_by_condition_or_by_another_name_is_asked_about() {
    aws().create_bucket("config-guests");
    let mut server = S3.start();
    let all = ["arn:aws:s3:::config-guests", "arn:aws:s3:::config-guests/*"];
    let mut ask = |principal: Value, condition: Value| {
        let value = json!({"Version": "2012-10-17", "Statement": [{"Sid": "In", "Effect": "Allow", "Principal": principal,
            "Action": "s3:*", "Resource": all, "Condition": condition}]});
        server
            .call("put_bucket_config", json!({"bucket": "config-guests", "aspect": "policy", "value": value}))
    };
    let other = json!({"StringEquals": {"aws:PrincipalAccount": "999999999999"}});
    for (principal, condition, who) in [
        (
            json!("*"),
            other,
            "account 999999999999 is let in by statement In: anybody there may do everything",
        ),
        (
            json!({"CanonicalUser": "79a59df9"}),
            json!({}),
            "the account of the canonical id 79a59df9 is let in",
        ),
        (
            json!({"Federated": "accounts.google.com"}),
            json!({}),
            "whoever signs in with accounts.google.com is let in",
        ),
        (
            json!({"Service": "cloudfront.amazonaws.com"}),
            json!({}),
            "for whatever account it comes, is let in",
        ),
    ] {
        ask(principal, condition).holds(&["nothing was done yet", who]);
    }
    let own = json!({"StringEquals": {"aws:PrincipalAccount": LocalAws::ACCOUNT}});
    ask(json!("*"), own).holds(&["\"set\""]);
}

#[test]
fn a_key_or_a_listener_of_another_account_is_asked_about() {
    aws().create_bucket("config-hands");
    let mut server = S3.start();
    let mut ask = |aspect: &str, value: Value| {
        server.call("put_bucket_config", json!({"bucket": "config-hands", "aspect": aspect, "value": value}))
    };
    let key = "arn:aws:kms:us-east-1:999999999999:key/k1";
    let encryption = json!({"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}]});
    let asked = ask("encryption", encryption);
    asked.holds(&[
        "nothing was done yet",
        "account 999999999999 holds the key arn:aws:kms:us-east-1:999999999999:key/k1",
    ]);
    let queue = "arn:aws:sqs:us-east-1:999999999999:theirs";
    let listeners = json!({"QueueConfigurations": [{"QueueArn": queue, "Events": ["s3:ObjectCreated:*"]}]});
    ask("notifications", listeners)
        .holds(&["nothing was done yet", "account 999999999999 hears of what happens"]);
}
