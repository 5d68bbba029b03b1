//! Each tool needs the IAM actions that it declares, all of them and no other.
//!
//! A row makes what its calls need, as root, and then calls the tool so that every declared action is used. From the
//! rows follow the proofs: what is called is what is declared, the policy that `iam-policy` prints is enough, and
//! without any one of its actions the tool fails by name.
#![cfg(test)]

use awsmcp_mcp::{Risk, Server};
use awsmcp_s3::S3;
use awsmcp_testing::{Exception, LocalAws, Permissions, Request, Response, Row, Run};
use serde_json::{Value, json};

fn permissions() -> Permissions {
    Permissions {
        binary: env!("CARGO_BIN_EXE_awsmcp-s3"),
        aws: LocalAws::shared_with_iam,
        manifest: awsmcp_s3::server().manifest(),
        actions: |operation| Server::<S3>::actions("S3", operation),
        arns: |name| vec![format!("arn:aws:s3:::{name}*")],
        rows: ROWS,
        exceptions: EXCEPTIONS,
    }
}

awsmcp_testing::permission_proofs!(permissions);

const ROWS: &[Row] = &[
    Row::new("whoami", |run| run.call(json!({}), "arn:aws:iam::123456789012:").map(drop)),
    Row::new("list_buckets", |run| {
        let bucket = bucket(run);
        run.call(json!({"prefix": bucket}), &bucket)?;
        run.call(json!({"prefix": bucket, "findings": true}), "all that findings need was read").map(drop)
    }),
    Row::new("list_objects", |run| {
        let bucket = bucket(run);
        put(run, &bucket, "a.txt", &[]);
        run.call(json!({"bucket": bucket}), "a.txt").map(drop)
    }),
    Row::new("list_versions", |run| {
        let bucket = versioned(run);
        let version = put(run, &bucket, "a.txt", &[]);
        run.call(json!({"bucket": bucket, "key": "a.txt"}), &version).map(drop)
    }),
    Row::new("bucket_overview", |run| {
        let bucket = bucket(run);
        for aspect in ASPECTS {
            run.call(json!({"bucket": bucket, "aspect": aspect}), &bucket)?;
        }
        // The local AWS does not have this one, but checks its permission.
        run.fails(json!({"bucket": bucket, "aspect": "request_payment"}), "could not be read")?;
        // Nor these.
        for aspect in ["intelligent_tiering", "inventory", "metrics", "analytics"] {
            run.fails(json!({"bucket": bucket, "aspect": aspect}), "could not be read")?;
        }
        // What is denied would stand between these two.
        run.call(json!({"bucket": bucket}), "\"accelerate\"],\"unsupported\":[").map(drop)
    }),
    Row::new("get_object", |run| {
        let bucket = versioned(run);
        let version = put(run, &bucket, "a.txt", &[]);
        put(run, &bucket, "a.txt", &[]);
        run.call(json!({"bucket": bucket, "key": "a.txt"}), BODY)?;
        run.call(json!({"bucket": bucket, "key": "a.txt", "version_id": version}), BODY).map(drop)
    }),
    Row::new("head_object", |run| {
        let bucket = versioned(run);
        let version = put(run, &bucket, "a.txt", TAGGED);
        run.call(json!({"bucket": bucket, "key": "a.txt"}), SHOWN_TAG)?;
        run.call(json!({"bucket": bucket, "key": "a.txt", "version_id": version}), SHOWN_TAG).map(drop)
    })
    .adds(|request| (request.method == "HEAD").then_some("x-amz-tagging-count: 1")),
    Row::new("preview_table", |run| {
        let bucket = versioned(run);
        let version = put(run, &bucket, "a.csv", &[]);
        put(run, &bucket, "a.csv", &[]);
        let call = json!({"bucket": bucket, "key": "a.csv"});
        run.call(call.clone(), BODY)?;
        run.call(with(call, json!({"version_id": version})), BODY).map(drop)
    }),
    Row::new("search_objects", |run| {
        let bucket = bucket(run);
        put(run, &bucket, "logs/a.txt", &[]);
        run.call(json!({"bucket": bucket, "key": "logs/a.txt", "pattern": BODY}), BODY)?;
        run.call(json!({"bucket": bucket, "prefix": "logs/", "pattern": BODY}), BODY).map(drop)
    }),
    Row::new("put_object", |run| {
        let bucket = bucket(run);
        run.plan(json!({"bucket": bucket, "key": "a.txt", "text": BODY}), "(new)")?;
        run.call(json!({"bucket": bucket, "key": "a.txt", "text": BODY, "tags": {"team": "data"}}), "etag")?;
        run.call(json!({"bucket": bucket, "key": "b.txt", "text": BODY, "kms_key_id": KEY}), "etag").map(drop)
    })
    .arns(KEYS),
    Row::new("copy_object", |run| {
        let (source, target) = (versioned(run), run.name("target"));
        run.aws().create_bucket(&target);
        let version = put(run, &source, "a.txt", TAGGED);
        put(run, &source, "a.txt", TAGGED);
        let call =
            |key: &str| json!({"source_bucket": source, "source_key": "a.txt", "bucket": target, "key": key});
        run.plan(call("a.txt"), "(new)")?;
        run.call(call("a.txt"), "etag")?;
        run.call(with(call("b.txt"), json!({"source_version_id": version})), "etag")?;
        run.call(with(call("c.txt"), json!({"kms_key_id": KEY})), "etag").map(drop)
    })
    .arns(KEYS),
    Row::new("move_object", |run| {
        let (source, target) = (bucket(run), run.name("target"));
        run.aws().create_bucket(&target);
        for key in ["a.txt", "old/b.txt"] {
            put(run, &source, key, TAGGED);
        }
        let one = json!({"source_bucket": source, "source_key": "a.txt", "bucket": target, "key": "a.txt"});
        run.plan(one.clone(), "(new)")?;
        run.call(one, "verified_by")?;
        let all =
            json!({"source_bucket": source, "source_prefix": "old/", "bucket": target, "prefix": "new/"});
        run.call(all, "\"moved\":1").map(drop)
    }),
    Row::new("tag_object", |run| {
        let bucket = versioned(run);
        let version = put(run, &bucket, "a.txt", &[]);
        put(run, &bucket, "a.txt", &[]);
        for which in [json!({}), json!({"version_id": version})] {
            let call = with(json!({"bucket": bucket, "key": "a.txt"}), which);
            run.call(with(call.clone(), json!({"set": {"team": "data"}})), SHOWN_TAG)?;
            run.call(with(call, json!({"remove": ["team"]})), "a.txt")?;
        }
        Ok(())
    }),
    Row::new("restore_object", |run| {
        let bucket = versioned(run);
        put(run, &bucket, "a.txt", ARCHIVED);
        let version = put(run, &bucket, "b.txt", ARCHIVED);
        let call = |key: &str| json!({"bucket": bucket, "key": key, "days": 1});
        run.call(call("a.txt"), "restore started")?;
        run.call(with(call("b.txt"), json!({"version_id": version})), "restore started").map(drop)
    }),
    Row::new("undelete_object", |run| {
        let bucket = versioned(run);
        let version = put(run, &bucket, "a.txt", TAGGED);
        for key in ["a.txt", "b.txt", "logs/c.txt", "logs/d.txt"] {
            put(run, &bucket, key, &[]);
            delete(run, &bucket, key);
        }
        run.call(json!({"bucket": bucket, "keys": ["a.txt", "b.txt"]}), "\"restored\":2")?;
        run.call(json!({"bucket": bucket, "prefix": "logs/"}), "\"restored\":2")?;
        let call = json!({"bucket": bucket, "keys": ["a.txt"], "version_id": version});
        run.plan(call.clone(), "the bucket keeps it")?;
        run.call(call, "etag").map(drop)
    }),
    Row::new("delete_objects", |run| {
        let bucket = versioned(run);
        for key in ["a.txt", "tmp/b.txt", "c.txt", "c.txt", "old/d.txt", "old/d.txt"] {
            put(run, &bucket, key, &[]);
        }
        let versions: Vec<Value> = ["c.txt", "c.txt"]
            .map(|key| json!({"key": key, "version_id": put(run, &bucket, key, &[])}))
            .into();
        let call = |more| with(json!({"bucket": bucket}), more);
        run.call(call(json!({"keys": ["a.txt"]})), "put delete markers over 1 object (5 B)")?;
        run.call(call(json!({"prefix": "tmp/"})), "\"deleted\":1")?;
        run.call(call(json!({"versions": versions})), "2 versions (10 B)")?;
        run.call(call(json!({"keys": ["c.txt"], "all_versions": true})), "\"deleted\":2")?;
        run.call(call(json!({"prefix": "old/", "all_versions": true})), "\"deleted\":2")?;
        let locked = locked(run);
        put(run, &locked, "e.txt", GOVERNED);
        let call =
            json!({"bucket": locked, "keys": ["e.txt"], "all_versions": true, "bypass_governance": true});
        run.call(call.clone(), "object lock is on").map(drop)
    }),
    Row::new("upload_file", |run| {
        let bucket = bucket(run);
        let small = file(run, "a.txt", 10);
        let call = |path: &str, key: &str| json!({"path": path, "bucket": bucket, "key": key});
        run.plan(call(&small, "a.txt"), "(new)")?;
        run.call(with(call(&small, "a.txt"), json!({"tags": {"team": "data"}})), "etag")?;
        run.call(with(call(&small, "b.txt"), json!({"kms_key_id": KEY})), "etag")?;
        if run.is_whole() {
            // By parts, which takes the local AWS seconds.
            let large = file(run, "b.bin", (8 << 20) + 1);
            run.call(call(&large, "b.bin"), "etag")?;
        }
        Ok(())
    })
    .arns(KEYS),
    Row::new("download_file", |run| {
        let bucket = versioned(run);
        let version = put(run, &bucket, "a.txt", &[]);
        put(run, &bucket, "a.txt", &[]);
        let call = |file: &str| json!({"bucket": bucket, "key": "a.txt", "path": run.directory().join(file)});
        let (newest, older) = (call("newest.txt"), with(call("older.txt"), json!({"version_id": version})));
        run.call(newest, "size_bytes")?;
        run.call(older, &version).map(drop)
    }),
    Row::new("sync", |run| {
        let bucket = bucket(run);
        for key in ["p/stale.txt", "q/c.txt"] {
            put(run, &bucket, key, &[]);
        }
        file(run, "up/a.txt", 10);
        let call = |way: &str, directory: &str, prefix: &str| {
            let directory = run.directory().join(directory);
            json!({"direction": way, "directory": directory, "bucket": bucket, "prefix": prefix})
        };
        let (up, down) = (call("upload", "up", "p/"), call("download", "down", "q/"));
        run.call(up.clone(), "\"uploaded\":1")?;
        run.call(down, "\"downloaded\":1")?;
        run.call(with(up, json!({"delete": true})), "\"deleted\":1")?;
        let source = run.name("source");
        run.aws().create_bucket(&source);
        put(run, &source, "from/d.txt", TAGGED);
        let copy = json!({"direction": "copy", "source_bucket": source, "source_prefix": "from/", "bucket": bucket,
            "prefix": "to/"});
        run.call(copy, "\"copied\":1").map(drop)
    })
    .allows(Risk::Destroy),
    Row::new("list_uploads", |run| {
        let bucket = bucket(run);
        let upload = begin(run, &bucket, "a.bin");
        run.call(json!({"bucket": bucket, "parts": true}), &upload).map(drop)
    }),
    Row::new("create_bucket", |run| {
        let (plain, locked) = (run.name("plain"), run.name("locked"));
        let call = json!({"bucket": plain, "versioning": true, "tags": {"team": "data"}});
        run.call(call.clone(), "\"settings\"")?;
        run.fails(call, "and these credentials may use it")?;
        run.call(json!({"bucket": locked, "object_lock": true}), "object_lock").map(drop)
    }),
    Row::new("put_bucket_config", |run| {
        let (bucket, locked) = (bucket(run), locked(run));
        let logs = run.name("logs");
        run.aws().create_bucket(&logs);
        for (aspect, value) in settings(&bucket, &logs) {
            run.call(json!({"bucket": bucket, "aspect": aspect, "value": value}), "\"set\"")?;
            if aspect != "versioning" {
                run.call(json!({"bucket": bucket, "aspect": aspect, "remove": true}), "\"removed\"")?;
            }
        }
        let value = json!({"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}});
        run.call(json!({"bucket": locked, "aspect": "object_lock", "value": value}), "\"set\"")?;
        for (aspect, value) in of_many(&logs) {
            run.call(json!({"bucket": bucket, "aspect": aspect, "id": "new", "value": value}), "\"set\"")?;
            run.call(json!({"bucket": bucket, "aspect": aspect, "id": "old", "remove": true}), "\"removed\"")?;
        }
        Ok(())
    })
    .serves(one_of_many),
    Row::new("abort_uploads", |run| {
        let bucket = bucket(run);
        let upload = begin(run, &bucket, "a.bin");
        run.call(json!({"bucket": bucket, "key": "a.bin", "upload_id": upload}), "\"aborted\":1").map(drop)
    }),
    Row::new("delete_bucket", |run| {
        let bucket = versioned(run);
        for key in ["a.txt", "c.txt"] {
            put(run, &bucket, key, &[]);
        }
        begin(run, &bucket, "b.bin");
        run.call(json!({"bucket": bucket, "empty": true}), "\"uploads_aborted\":1").map(drop)
    }),
    Row::new("presign_download", |run| {
        let bucket = versioned(run);
        let version = put(run, &bucket, "a.txt", &[]);
        for which in [json!({}), json!({"version_id": version})] {
            let answer = run.call(with(json!({"bucket": bucket, "key": "a.txt"}), which), "url")?;
            run.follow("GET", &url(&answer), &[], "")?;
        }
        Ok(())
    }),
    Row::new("presign_upload", |run| {
        let bucket = bucket(run);
        put(run, &bucket, "a.txt", &[]);
        let call = json!({"bucket": bucket, "key": "a.txt"});
        run.plan(call.clone(), "it overwrites the object that lies there")?;
        let answer = run.call(call, "url")?;
        run.follow("PUT", &url(&answer), &[], BODY)
    }),
];

const EXCEPTIONS: &[Exception] = &[
    Exception::of(&["whoami"], "sts:GetCallerIdentity", "AWS answers it to everybody; it is asked for by the session")
        .unmade()
        .unnoticed(),
    // What S3 itself does with the caller's permissions.
    Exception::of(&["put_object", "copy_object", "upload_file"], "kms:GenerateDataKey", "S3 calls KMS; no KMS here")
        .unmade()
        .unchecked(|request| request.header("x-amz-server-side-encryption-aws-kms-key-id").is_some()),
    Exception::of(&["copy_object", "upload_file"], "kms:Decrypt", "S3 calls KMS, for the parts of an upload")
        .unmade()
        .unchecked(|request| request.header("x-amz-server-side-encryption-aws-kms-key-id").is_some()),
    Exception::of(&["put_object", "upload_file"], "s3:PutObjectTagging", "ministack does not check tags that come along")
        .unchecked(|request| request.header("x-amz-tagging").is_some()),
    Exception::of(
        &["copy_object", "move_object", "undelete_object", "sync"],
        "s3:PutObjectTagging",
        "ministack does not check the tags that a copy carries over",
    )
    .unchecked(copies),
    Exception::of(&["copy_object", "move_object", "sync"], "s3:GetObjectTagging", "as above").unchecked(copies),
    Exception::of(&["copy_object", "undelete_object"], "s3:GetObjectVersionTagging", "as above").unchecked(copies),
    Exception::of(&["create_bucket"], "s3:PutBucketOwnershipControls", "ministack does not check what comes with a new bucket")
        .unmade()
        .unchecked(|request| request.header("x-amz-object-ownership").is_some()),
    Exception::of(&["create_bucket"], "s3:PutBucketObjectLockConfiguration", "as above")
        .unmade()
        .unchecked(|request| request.header("x-amz-bucket-object-lock-enabled").is_some()),
    Exception::of(&["head_object"], "s3:GetObjectRetention", "S3 leaves the header out of its answer").unmade().unnoticed(),
    Exception::of(&["head_object"], "s3:GetObjectLegalHold", "S3 leaves the header out of its answer").unmade().unnoticed(),
    // What only happens where it cannot be made to happen here.
    Exception::of(
        &["copy_object", "move_object", "undelete_object", "upload_file", "sync"],
        "s3:AbortMultipartUpload",
        "only a transfer by parts that fails or is cancelled is aborted, and a copy by parts is of more than 5 GB",
    )
    .unmade()
    .unnoticed(),
    Exception::of(&["delete_bucket"], "s3:ListBucket", "only a directory bucket is listed so: ministack has none")
        .unmade()
        .unnoticed(),
    Exception::of(
        &["undelete_object", "delete_bucket"],
        "s3:DeleteObject",
        "ministack takes the first of a batch of versions for an object; AWS wants s3:DeleteObjectVersion for each",
    )
    .extra(),
    // The local AWS does not have these, but a stand-in.
    Exception::of(&["put_bucket_config"], "s3:GetIntelligentTieringConfiguration", "ministack does not serve it")
        .unchecked(|request| request.method == "GET" && request.query("intelligent-tiering").is_some()),
    Exception::of(&["put_bucket_config"], "s3:PutIntelligentTieringConfiguration", "as above")
        .unchecked(|request| request.method != "GET" && request.query("intelligent-tiering").is_some()),
    Exception::of(&["put_bucket_config"], "s3:GetInventoryConfiguration", "as above")
        .unchecked(|request| request.method == "GET" && request.query("inventory").is_some()),
    Exception::of(&["put_bucket_config"], "s3:PutInventoryConfiguration", "as above")
        .unchecked(|request| request.method != "GET" && request.query("inventory").is_some()),
    Exception::of(&["put_bucket_config"], "s3:GetMetricsConfiguration", "as above")
        .unchecked(|request| request.method == "GET" && request.query("metrics").is_some()),
    Exception::of(&["put_bucket_config"], "s3:PutMetricsConfiguration", "as above")
        .unchecked(|request| request.method != "GET" && request.query("metrics").is_some()),
    Exception::of(&["put_bucket_config"], "s3:GetAnalyticsConfiguration", "as above")
        .unchecked(|request| request.method == "GET" && request.query("analytics").is_some()),
    Exception::of(&["put_bucket_config"], "s3:PutAnalyticsConfiguration", "as above")
        .unchecked(|request| request.method != "GET" && request.query("analytics").is_some()),
    // What goes on without it, and says no less.
    Exception::of(&["bucket_overview"], "s3:ListBucket", "the refusal names the region, which is all that is asked for")
        .unnoticed(),
];

fn copies(request: &Request) -> bool {
    request.header("x-amz-copy-source").is_some()
}

const ASPECTS: [&str; 15] = [
    "versioning",
    "encryption",
    "public_access_block",
    "policy",
    "acl",
    "ownership",
    "lifecycle",
    "cors",
    "logging",
    "replication",
    "object_lock",
    "website",
    "notifications",
    "tags",
    "accelerate",
];

/// A good value of each setting that can also be removed, and of versioning.
fn settings(bucket: &str, logs: &str) -> Vec<(&'static str, Value)> {
    vec![
        ("versioning", json!({"Status": "Enabled"})),
        (
            "encryption",
            json!({"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}),
        ),
        (
            "policy",
            json!({"Version": "2012-10-17", "Statement": [{
                "Effect": "Deny",
                "Principal": {"AWS": "arn:aws:iam::123456789012:user/nobody"},
                "Action": "s3:GetObject",
                "Resource": format!("arn:aws:s3:::{bucket}/*"),
            }]}),
        ),
        ("ownership", json!({"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]})),
        (
            "lifecycle",
            json!({"Rules": [{
                "ID": "tidy",
                "Status": "Enabled",
                "Filter": {"Prefix": ""},
                "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
            }]}),
        ),
        (
            "cors",
            json!({"CORSRules": [{"AllowedOrigins": ["https://example.com"], "AllowedMethods": ["GET"]}]}),
        ),
        ("logging", json!({"LoggingEnabled": {"TargetBucket": logs, "TargetPrefix": "s3/"}})),
        ("tags", json!({"TagSet": [{"Key": "team", "Value": "web"}]})),
        ("notifications", json!({"EventBridgeConfiguration": {}})),
        ("website", json!({"IndexDocument": {"Suffix": "index.html"}})),
        (
            "public_access_block",
            json!({
                "BlockPublicAcls": true,
                "IgnorePublicAcls": true,
                "BlockPublicPolicy": true,
                "RestrictPublicBuckets": true,
            }),
        ),
    ]
}

/// A good value of each setting of which a bucket has many.
fn of_many(reports: &str) -> Vec<(&'static str, Value)> {
    let to = json!({"S3BucketDestination": {"Bucket": format!("arn:aws:s3:::{reports}"), "Format": "CSV"}});
    let export = json!({"OutputSchemaVersion": "V_1", "Destination": to});
    let tiers = json!([{"AccessTier": "ARCHIVE_ACCESS", "Days": 90}]);
    vec![
        ("intelligent_tiering", json!({"Status": "Enabled", "Tierings": tiers})),
        (
            "inventory",
            json!({"IsEnabled": true, "IncludedObjectVersions": "Current", "Schedule": {"Frequency": "Daily"}, "Destination": to}),
        ),
        ("metrics", json!({})),
        ("analytics", json!({"StorageClassAnalysis": {"DataExport": export}})),
    ]
}

/// Answers for those settings: there is `old`, and no other.
fn one_of_many(request: &Request) -> Option<Response> {
    let kinds = [
        ("intelligent-tiering", "IntelligentTieringConfiguration", "<Status>Disabled</Status>"),
        ("inventory", "InventoryConfiguration", "<IsEnabled>false</IsEnabled>"),
        ("metrics", "MetricsConfiguration", ""),
        ("analytics", "AnalyticsConfiguration", "<StorageClassAnalysis/>"),
    ];
    let (_, element, more) = kinds.into_iter().find(|(kind, ..)| request.query(kind).is_some())?;
    Some(match (request.method.as_str(), request.query("id")) {
        ("GET", Some("old")) => Response::new(200, format!("<{element}><Id>old</Id>{more}</{element}>")),
        ("GET", _) => {
            Response::s3_error(404, "NoSuchConfiguration", "The specified configuration does not exist.")
        }
        ("DELETE", _) => Response::new(204, ""),
        _ => Response::new(200, ""),
    })
}

const BODY: &str = "hello";
const TAGGED: &[(&str, &str)] = &[("x-amz-tagging", "team=data")];
const SHOWN_TAG: &str = "\"team\":\"data\"";
const ARCHIVED: &[(&str, &str)] = &[("x-amz-storage-class", "GLACIER")];
const GOVERNED: &[(&str, &str)] = &[
    ("x-amz-object-lock-mode", "GOVERNANCE"),
    ("x-amz-object-lock-retain-until-date", "2100-01-01T00:00:00Z"),
];
const KEY: &str = "1234abcd-12ab-34cd-56ef-1234567890ab";
const KEYS: &[&str] = &["arn:aws:kms:*:123456789012:key/*"];

/// A bucket of the row's own.
fn bucket(run: &Run<'_>) -> String {
    let bucket = run.name("bucket");
    run.aws().create_bucket(&bucket);
    bucket
}

fn versioned(run: &Run<'_>) -> String {
    let bucket = run.name("versioned");
    run.aws().create_bucket(&bucket);
    let on = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
    run.aws().expect("s3", "PUT", &format!("/{bucket}"), &[("versioning", "")], on);
    bucket
}

fn locked(run: &Run<'_>) -> String {
    let bucket = run.name("locked");
    let on = [("x-amz-bucket-object-lock-enabled", "true")];
    assert_eq!(run.aws().request("s3", "PUT", &format!("/{bucket}"), &[], &on, b"").status, 200);
    bucket
}

/// Puts an object and answers its version, if the bucket keeps versions.
fn put(run: &Run<'_>, bucket: &str, key: &str, headers: &[(&str, &str)]) -> String {
    let reply = run.aws().request("s3", "PUT", &format!("/{bucket}/{key}"), &[], headers, BODY.as_bytes());
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.header("x-amz-version-id").unwrap_or_default().to_owned()
}

fn delete(run: &Run<'_>, bucket: &str, key: &str) {
    run.aws().expect("s3", "DELETE", &format!("/{bucket}/{key}"), &[], "");
}

/// Begins a multipart upload and answers its id.
fn begin(run: &Run<'_>, bucket: &str, key: &str) -> String {
    let reply = run.aws().expect("s3", "POST", &format!("/{bucket}/{key}"), &[("uploads", "")], "");
    reply.element("UploadId").unwrap()
}

/// Writes a local file and answers its path.
fn file(run: &Run<'_>, name: &str, size: usize) -> String {
    let path = run.directory().join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, vec![b'x'; size]).unwrap();
    path.display().to_string()
}

fn with(mut arguments: Value, more: Value) -> Value {
    arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    arguments
}

fn url(answer: &str) -> String {
    // What was asked first may stand before it.
    let line = answer.lines().find(|line| line.starts_with('{')).unwrap();
    serde_json::from_str::<Value>(line).unwrap()["url"].as_str().unwrap().to_owned()
}
