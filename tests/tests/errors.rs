//! Every failure says in plain words what failed, where, whether trying again helps, and what to do next.
#![cfg(test)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use awsmcp_testing::{Answer, LocalAws, Server, lacks};
use awsmcp_tests::{Response, Stub, Table, connect, ends_well, is_well, with};
use serde_json::{Value, json};

const ME: &str = "account 123456789012 as arn:aws:iam::123456789012:user/stub";

fn list() -> (&'static str, Value) {
    ("list_objects", json!({"bucket": "bucket"}))
}

fn head() -> (&'static str, Value) {
    ("head_object", json!({"bucket": "bucket", "key": "a/key"}))
}

/// The error of one call, held to what every error keeps to.
#[track_caller]
fn failed(server: &mut Server, (tool, arguments): (&str, Value)) -> String {
    let answer = server.call(tool, arguments);
    let text = answer.error();
    assert!(answer.structured.is_none() && answer.content.len() == 1, "{:?}", answer.raw);
    assert!(text.starts_with(&format!("{tool} failed: ")), "{text}");
    assert!(text.chars().count() < 900, "{} characters: {text}", text.chars().count());
    // The noise of programs: their types, their errors' inner workings, markup, blank lines.
    let noise = [
        "Some(",
        "Error {",
        "ErrorMetadata",
        "SdkError",
        "DispatchFailure",
        "dispatch failure",
        "unhandled",
        "<html",
        "<?xml",
        "</",
        "\n\n",
        "::",
        "None",
    ];
    let own = text.replace("arn:aws:s3:::", "").replace("arn:aws:iam::", "");
    for word in noise {
        assert!(!own.contains(word), "{word:?} is in: {text}");
    }
    text.to_owned()
}

/// The error of one call against an endpoint that always answers so.
#[track_caller]
fn answered(response: Response, call: (&str, Value)) -> String {
    let stub = Stub::start(move |_| response.clone());
    failed(&mut connect(stub.env(), &[]), call)
}

#[track_caller]
fn has(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "{word:?} is not in: {text}");
    }
}

#[test]
fn a_denied_call_names_the_action_the_resource_and_who_was_denied() {
    let said = |why: &str| {
        format!(
            "User: arn:aws:iam::123456789012:user/stub is not authorized to perform: s3:ListBucket on resource: \"arn:aws:s3:::bucket\" {why}"
        )
    };
    let text = answered(
        Response::s3_error(
            403,
            "AccessDenied",
            &said("because no identity-based policy allows the s3:ListBucket action"),
        ),
        list(),
    );
    has(&text, &["(AccessDenied, HTTP 403)", ME, "us-east-1", "request id REQ1234567890", "not retryable"]);
    has(
        &text,
        &[
            "next: the credentials need s3:ListBucket on arn:aws:s3:::bucket (no identity-based policy allows it)",
        ],
    );
    let text = answered(
        Response::s3_error(403, "AccessDenied", &said("with an explicit deny in a service control policy")),
        list(),
    );
    has(&text, &["explicit deny in a service control policy"]);
    // AWS often says no more than this: then it is what the tool declares.
    let text = answered(Response::s3_error(403, "AccessDenied", "Access Denied"), list());
    has(
        &text,
        &[
            "list_objects failed: Access Denied (AccessDenied, HTTP 403)",
            "the credentials need s3:ListBucket on arn:aws:s3:::bucket;",
        ],
    );
    lacks(&text, &["the key does not exist"]);
    // An answer to HEAD says nothing at all.
    let text = answered(Response::new(403, ""), head());
    has(
        &text,
        &[
            "AWS gave no reason (HTTP 403)",
            ME,
            "the credentials need s3:GetObject on arn:aws:s3:::bucket/a/key",
            "or else the key does not exist: S3 says so only to credentials that have s3:ListBucket on the bucket",
        ],
    );
}

#[test]
fn credentials_that_aws_does_not_take_are_explained() {
    let text = answered(Response::s3_error(400, "ExpiredToken", "The provided token has expired."), list());
    has(
        &text,
        &[
            "The provided token has expired (ExpiredToken, HTTP 400)",
            "us-east-1",
            "REQ1234567890",
            "not retryable",
        ],
    );
    has(&text, &["next: Refresh the credentials (`aws sso login`", "nothing needs a restart"]);
    let text = answered(
        Response::s3_error(
            403,
            "InvalidAccessKeyId",
            "The AWS Access Key Id you provided does not exist in our records.",
        ),
        list(),
    );
    has(&text, &["(InvalidAccessKeyId, HTTP 403)", "Refresh or correct the credentials"]);
    let text = answered(
        Response::s3_error(
            403,
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match.",
        ),
        list(),
    );
    has(&text, &["(SignatureDoesNotMatch, HTTP 403)", "Check the secret access key"]);
}

#[test]
fn what_is_not_there_is_said_with_where_to_look() {
    let text =
        answered(Response::s3_error(404, "NoSuchBucket", "The specified bucket does not exist"), list());
    has(
        &text,
        &[
            "The specified bucket does not exist (NoSuchBucket, HTTP 404)",
            ME,
            "next: list_buckets shows the buckets",
        ],
    );
    let text = answered(Response::new(404, ""), head());
    has(&text, &["It does not exist (NotFound, HTTP 404)", "not retryable", "next: ", "list_objects"]);
}

#[test]
fn throttling_says_how_often_it_was_tried() {
    let slow = || Response::s3_error(503, "SlowDown", "Please reduce your request rate.");
    let stub = Stub::start(move |_| slow());
    let mut server = connect(with(stub.env(), &[("AWS_MAX_ATTEMPTS", "3")]), &[]);
    let text = failed(&mut server, list());
    has(
        &text,
        &[
            "Please reduce your request rate (after 3 attempts) (SlowDown, HTTP 503)",
            "us-east-1",
            "REQ1234567890",
        ],
    );
    has(&text, &["trying again may help", "next: Wait a little and call again, with fewer calls at a time"]);
    assert_eq!(stub.calls().len(), 3);

    // Where it helped to try again, the answer says so.
    let tried = AtomicBool::new(false);
    let stub = Stub::start(move |_| match tried.swap(true, Ordering::SeqCst) {
        false => slow(),
        true => Response::objects(&["k".to_owned()], None),
    });
    let mut server = connect(with(stub.env(), &[("AWS_MAX_ATTEMPTS", "3")]), &[]);
    let answer = server.call("list_objects", json!({"bucket": "bucket"}));
    has(answer.ok(), &["k\t1\t", "note: AWS throttled 1 request(s), which were retried"]);
    // The operator's own word counts too.
    let stub = Stub::start(move |_| slow());
    failed(&mut connect(with(stub.env(), &[("AWS_MAX_ATTEMPTS", "")]), &["--max-attempts", "2"]), list());
    assert_eq!(stub.calls().len(), 2);
}

#[test]
fn an_answer_that_is_none_of_aws_is_shortened_to_its_words() {
    let page = format!(
        "<!DOCTYPE html><html><head><style>body {{ color: red }}</style></head><body><h1>502 Bad Gateway</h1>{}</body></html>",
        "<p>nginx</p>".repeat(1000)
    );
    let text = answered(Response::new(502, page).with("content-type", "text/html"), list());
    has(
        &text,
        &[
            "502 Bad Gateway",
            "HTTP 502",
            "REQ1234567890",
            "trying again may help",
            "next: Call again in a moment",
        ],
    );
    assert!(!text.contains("color") && text.matches("nginx").count() < 50, "{text}");
    let text = answered(Response::new(200, "hello"), list());
    has(&text, &["AWS's answer could not be read: hello (HTTP 200)"]);
    let text = answered(
        Response::s3_error(500, "InternalError", "We encountered an internal error. Please try again."),
        list(),
    );
    has(&text, &["(InternalError, HTTP 500)", "trying again may help"]);
    let text = answered(
        Response::s3_error(
            501,
            "NotImplemented",
            "A header you provided implies functionality that is not implemented.",
        ),
        list(),
    );
    has(&text, &["not retryable", "This endpoint does not have the operation"]);
    let text = answered(Response::s3_error(400, "Odd\u{7}Code", "bell \u{7} and \u{202e}reversed"), list());
    assert!(!text.contains(['\u{7}', '\u{202e}']), "{text:?}");
}

#[test]
fn a_wrong_clock_is_said_with_how_wrong_it_is() {
    let response = Response::s3_error(
        403,
        "RequestTimeTooSkewed",
        "The difference between the request time and the current time is too large.",
    )
    .with("date", "Thu, 01 Jan 2026 00:00:00 GMT");
    let text = answered(response, list());
    has(
        &text,
        &[
            "the local clock is",
            "s ahead of AWS's",
            "RequestTimeTooSkewed, HTTP 403",
            "next: Set the local clock",
        ],
    );
}

#[test]
fn without_credentials_the_ways_to_get_some_are_named() {
    let stub = Stub::start(|_| Response::Never);
    let env = with(stub.env(), &[("AWS_ACCESS_KEY_ID", ""), ("AWS_SECRET_ACCESS_KEY", "")]);
    let mut server = connect(env, &[]);
    for call in [list(), head(), ("whoami", json!({}))] {
        let text = failed(&mut server, call);
        has(
            &text,
            &[
                "No AWS credentials were found",
                "`aws sso login`",
                "--profile or AWS_PROFILE",
                "AWS_ACCESS_KEY_ID",
            ],
        );
    }
    assert_eq!(stub.requests().len(), 0);
    ends_well(&mut server);
}

/// A directory with AWS's configuration file, and an environment that reads it and has no keys of its own.
fn configured(stub: &Stub, config: &str) -> (tempfile::TempDir, Vec<(String, String)>) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("config");
    std::fs::write(&file, config).unwrap();
    let changes = [
        ("AWS_CONFIG_FILE", file.to_str().unwrap()),
        ("HOME", directory.path().to_str().unwrap()),
        ("AWS_ACCESS_KEY_ID", ""),
        ("AWS_SECRET_ACCESS_KEY", ""),
        ("AWS_REGION", ""),
    ];
    let env = with(stub.env(), &changes);
    (directory, env)
}

#[test]
fn a_person_who_is_not_signed_in_reads_the_exact_command() {
    let stub = Stub::start(|_| Response::Never);
    let config = "
[profile dev]
sso_session = corp
sso_account_id = 123456789012
sso_role_name = R
region = eu-west-1
[sso-session corp]
sso_start_url = https://corp.example/start
sso_region = eu-west-1
[profile old]
sso_start_url = https://corp.example/start
sso_region = eu-west-1
sso_account_id = 123456789012
sso_role_name = R
region = eu-west-1
[profile chained]
role_arn = arn:aws:iam::123456789012:role/r
source_profile = dev
";
    let (_directory, env) = configured(&stub, config);
    for (profile, command) in [
        ("dev", "`aws sso login --profile dev`"),
        ("old", "`aws sso login --profile old`"),
        ("chained", "`aws sso login --profile dev`"),
    ] {
        for (env, args) in [
            (env.clone(), vec!["--profile", profile]),
            (with(env.clone(), &[("AWS_PROFILE", profile)]), vec![]),
        ] {
            let text = failed(&mut connect(env, &args), list());
            has(&text, &["Nobody has signed in with SSO", command, "nothing needs a restart"]);
        }
        let mut server = connect(env.clone(), &["--allow-profile", "*", "--region", "eu-west-1"]);
        let text = failed(&mut server, ("list_objects", json!({"bucket": "bucket", "profile": profile})));
        has(&text, &[command]);
    }
    assert_eq!(stub.requests().len(), 0);
}

#[test]
fn a_profile_that_does_not_work_is_named_with_what_is_wrong() {
    let stub = Stub::start(|_| Response::Never);
    let config = "
[profile process]
region = eu-west-1
credential_process = sh -c 'echo no token for you >&2; exit 3'
[profile production]
region = eu-west-1
";
    let (_directory, env) = configured(&stub, config);
    let of = |profile: &str| failed(&mut connect(env.clone(), &["--profile", profile]), list());
    has(&of("process"), &["credential_process failed: no token for you", "by hand"]);
    has(
        &of("producton"),
        &["There is no AWS profile producton", "Did you mean production?", "process, production"],
    );
    has(&of("production"), &["No AWS credentials were found for the profile production"]);
    let (_directory, env) = configured(&stub, "[profile broken\nregion");
    has(
        &failed(&mut connect(env, &["--profile", "broken"]), list()),
        &["profile files cannot be read", "Correct the file"],
    );
    let (_directory, env) = configured(&stub, "");
    has(&failed(&mut connect(env, &[]), list()), &["No AWS region is set", "--region", "AWS_REGION"]);
}

#[test]
fn new_credentials_count_from_the_next_call_on() {
    let stub = Stub::start(|request| match request.key() {
        Some("AKIAOLD") => Response::s3_error(400, "ExpiredToken", "The provided token has expired."),
        _ => Response::objects(&["k".to_owned()], None),
    });
    let of = |key: &str| {
        format!("[profile p]\nregion = eu-west-1\naws_access_key_id = {key}\naws_secret_access_key = s\n")
    };
    let (directory, env) = configured(&stub, &of("AKIAOLD"));
    let mut server = connect(env, &["--profile", "p"]);
    has(&failed(&mut server, list()), &["ExpiredToken", "profile p"]);
    std::fs::write(directory.path().join("config"), of("AKIANEW")).unwrap();
    server.call("list_objects", json!({"bucket": "bucket"})).ok();
    assert_eq!(stub.calls().last().unwrap().key(), Some("AKIANEW"));
    is_well(&mut server);
}

#[test]
fn a_bucket_of_another_region_is_followed_where_that_is_allowed() {
    let moved: [fn() -> Response; 3] = [
        || {
            Response::s3_error(301, "PermanentRedirect", "must be addressed using the specified endpoint")
                .with("x-amz-bucket-region", "eu-west-1")
        },
        || {
            Response::s3_error(
                400,
                "AuthorizationHeaderMalformed",
                "the region 'us-east-1' is wrong; expecting 'eu-west-1'",
            )
        },
        || Response::new(301, "").with("x-amz-bucket-region", "eu-west-1"),
    ];
    for moved in moved {
        let stub = Stub::start(move |request| match request.region() {
            Some("eu-west-1") => Response::objects(&["k".to_owned()], None),
            _ => moved(),
        });
        let mut server = connect(stub.env(), &["--allow-region", "eu-*"]);
        let answer = server.call("list_objects", json!({"bucket": "bucket"}));
        has(answer.ok(), &["k\t1\t", "note: it is in eu-west-1"]);

        let mut server = connect(stub.env(), &["--allow-region", "us-*"]);
        let text = failed(&mut server, list());
        has(
            &text,
            &[
                "it is in eu-west-1, which the operator did not allow",
                "--allow-region eu-west-1",
                "us-east-1",
                "REQ1234567890",
            ],
        );
    }
    // HEAD has no body, only the header.
    let stub = Stub::start(|request| match request.region() {
        Some("eu-west-1") => Response::new(200, "x"),
        _ => Response::new(400, "").with("x-amz-bucket-region", "eu-west-1"),
    });
    let mut server = connect(stub.env(), &["--allow-region", "*"]);
    has(server.call("head_object", json!({"bucket": "bucket", "key": "k"})).ok(), &["it is in eu-west-1"]);
    // A redirect that names no region, or leads back here, is an error and not a loop.
    for response in [
        Response::s3_error(301, "PermanentRedirect", "m"),
        Response::s3_error(301, "PermanentRedirect", "m").with("x-amz-bucket-region", "us-east-1"),
    ] {
        let stub = Stub::start(move |_| response.clone());
        failed(&mut connect(stub.env(), &["--allow-region", "*"]), list());
        assert!(stub.calls().len() <= 3, "{:?}", stub.calls().len());
    }
}

#[test]
fn an_endpoint_that_cannot_be_reached_is_named_with_why() {
    let stub = Stub::start(|_| Response::HangUp);
    let of = |endpoint: &str| {
        failed(
            &mut connect(with(stub.env(), &[("AWS_ENDPOINT_URL", endpoint)]), &["--timeout", "20"]),
            list(),
        )
    };
    has(
        &of("http://127.0.0.1:1"),
        &[
            "The endpoint refuses connections",
            "AWS_ENDPOINT_URL is http://127.0.0.1:1",
            "us-east-1",
            "not retryable",
        ],
    );
    has(
        &of("http://no-such-host.invalid"),
        &["name could not be resolved", "no-such-host.invalid", "next: Check the network and DNS"],
    );
    has(
        &of(&stub.endpoint().replace("http:", "https:")),
        &["The TLS connection failed", "write http:// in AWS_ENDPOINT_URL"],
    );
    has(&of("nonsense"), &["nonsense", "not a valid URI"]);
    let text = of(&stub.endpoint());
    has(&text, &["The connection broke off", "trying again may help", "next: Call again"]);
    assert_eq!(text.matches(stub.address()).count(), 1, "the endpoint is repeated: {text}");
}

#[test]
fn a_slow_answer_ends_at_the_deadline() {
    let stub =
        Stub::start(|_| Response::Late(Duration::from_secs(20), Box::new(Response::objects(&[], None))));
    let mut server = connect(stub.env(), &["--timeout", "1"]);
    let text = failed(&mut server, list());
    has(&text, &["no answer within 1 s", "--timeout"]);
    ends_well(&mut server);
}

#[test]
fn regions_and_profiles_that_are_not_allowed_are_refused_before_any_request() {
    let stub = Stub::start(|_| Response::objects(&[], None));
    let mut server = connect(stub.env(), &["--allow-region", "eu-west-*"]);
    for (arguments, words) in [
        (
            json!({"bucket": "bucket", "region": "ap-south-1"}),
            vec![
                "ap-south-1 is not allowed",
                "eu-west-*, us-east-1",
                "operator",
                "--allow-region ap-south-1",
            ],
        ),
        (
            json!({"bucket": "bucket", "region": "eu-west-1.evil.example"}),
            vec!["is not the name of a region"],
        ),
        (json!({"bucket": "bucket", "region": "*"}), vec!["is not the name of a region"]),
        (
            json!({"bucket": "bucket", "profile": "admin"}),
            vec!["profile admin is not allowed", "operator", "--allow-profile admin"],
        ),
    ] {
        has(&failed(&mut server, ("list_objects", arguments)), &words);
    }
    assert_eq!(stub.requests().len(), 0);
    server.call("list_objects", json!({"bucket": "bucket", "region": "eu-west-2"})).ok();
    assert_eq!(stub.calls()[0].region(), Some("eu-west-2"));
}

#[test]
fn each_call_is_signed_with_the_keys_of_its_own_profile() {
    let stub = Stub::bare(|request| match request.service() {
        Some("sts") => {
            let account = match request.key() {
                Some("AKIAONE") => "111111111111",
                Some("AKIATWO") => "222222222222",
                _ => "333333333333",
            };
            Response::identity(account, &format!("arn:aws:iam::{account}:user/u"))
        }
        // Slow enough that calls of all profiles are under way at once.
        _ => {
            let key = vec![request.key().unwrap_or_default().to_owned()];
            Response::Late(Duration::from_millis(30), Box::new(Response::objects(&key, None)))
        }
    });
    let config = "
[profile one]
region = eu-west-1
aws_access_key_id = AKIAONE
aws_secret_access_key = s
[profile two]
region = ap-south-1
aws_access_key_id = AKIATWO
aws_secret_access_key = s
";
    let (_directory, env) = configured(&stub, config);
    // Keys in the environment are the server's own, and never another profile's.
    let own = [("AWS_ACCESS_KEY_ID", "AKIAOWN"), ("AWS_SECRET_ACCESS_KEY", "s"), ("AWS_REGION", "")];
    let args = ["--allow-profile", "one,two", "--region", "us-west-2", "--allow-region", "sa-east-1"];
    let mut server = connect(with(env, &own), &args);
    let profiles = [Some("one"), Some("two"), None];
    let key = |profile: Option<&str>| match profile {
        Some("one") => "AKIAONE",
        Some(_) => "AKIATWO",
        None => "AKIAOWN",
    };
    let calls: Vec<_> = (0..60)
        .map(|n| {
            let profile = profiles[n % 3];
            let region = (n % 2 == 0).then_some("sa-east-1");
            let id = server
                .send_call("list_objects", json!({"bucket": "bucket", "profile": profile, "region": region}));
            (id, profile)
        })
        .collect();
    for (id, profile) in calls {
        let answer = Answer::from(server.wait(id).unwrap());
        assert_eq!(Table::read(answer.ok()).column("key"), [key(profile)]);
    }
    for request in stub.calls() {
        assert!(["sa-east-1", "us-west-2"].contains(&request.region().unwrap()), "{request:?}");
    }
    for (profile, account) in
        [(Some("one"), "111111111111"), (Some("two"), "222222222222"), (None, "333333333333")]
    {
        let who = server.call("whoami", json!({"profile": profile}));
        has(who.ok(), &[account]);
        assert!(!who.text.contains(key(profile)), "whoami shows a key: {}", who.text);
    }
    // A cursor of one account is none of another.
    ends_well(&mut server);
}

#[test]
fn a_role_is_taken_on_once_and_signs_every_call() {
    let refuses = Arc::new(AtomicBool::new(false));
    let refusing = refuses.clone();
    let stub = Stub::bare(move |request| {
        let body = String::from_utf8_lossy(&request.body).into_owned();
        match request.service() {
            Some("sts") if body.contains("Action=AssumeRole") && refusing.load(Ordering::SeqCst) => {
                Response::new(
                    403,
                    "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>User: arn:aws:iam::123456789012:user/stub is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::123456789012:role/reader</Message></Error><RequestId>r</RequestId></ErrorResponse>",
                )
            }
            Some("sts") if body.contains("Action=AssumeRole") => Response::new(
                200,
                "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>",
            ),
            Some("sts") => {
                Response::identity("123456789012", "arn:aws:sts::123456789012:assumed-role/reader/me")
            }
            _ => Response::objects(&["k".to_owned()], None),
        }
    });
    let args = [
        "--role-arn",
        "arn:aws:iam::123456789012:role/reader",
        "--external-id",
        "ex-1",
        "--session-name",
        "me",
        "--session-tag",
        "team=data",
        "--source-identity",
        "ana",
        "--session-policy",
    ];
    let mut server = connect(stub.env(), &args);
    for _ in 0..3 {
        server.call("list_objects", json!({"bucket": "bucket"})).ok();
    }
    let requests = stub.requests();
    let (roles, calls): (Vec<_>, Vec<_>) =
        requests.iter().partition(|request| request.service() == Some("sts"));
    assert_eq!((roles.len(), calls.len()), (1, 3), "{requests:?}");
    assert!(calls.iter().all(|request| request.key() == Some("ASIAROLE")));
    let body = String::from_utf8_lossy(&roles[0].body).into_owned();
    has(
        &body,
        &[
            "RoleSessionName=me",
            "ExternalId=ex-1",
            "SourceIdentity=ana",
            "Key=team",
            "Value=data",
            "s3%3AListBucket",
        ],
    );
    assert!(!body.contains("s3%3ADeleteObject"), "the session can do what no tool needs: {body}");
    has(server.call("whoami", json!({})).ok(), &["assumed-role/reader/me", "2099-01-01"]);

    refuses.store(true, Ordering::SeqCst);
    let mut server = connect(stub.env(), &args);
    let text = failed(&mut server, list());
    has(&text, &["arn:aws:iam::123456789012:role/reader could not be taken on", "sts:AssumeRole"]);
}

#[test]
fn a_refusal_by_the_local_iam_names_the_missing_action() {
    let aws = LocalAws::shared_with_iam();
    aws.create_bucket("iam-errors");
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:ListAllMyBuckets","Resource":"*"}]}"#;
    let user = aws.create_user("errors-user", policy);
    let mut server = connect(aws.env_as(&user), &[]);
    server.call("list_buckets", json!({})).ok();
    let text = failed(&mut server, ("list_objects", json!({"bucket": "iam-errors"})));
    has(&text, &["HTTP 403", "s3:ListBucket", "arn:aws:s3:::iam-errors", "user/errors-user"]);
    let mut server = connect(with(aws.env_as(&user), &[("AWS_SECRET_ACCESS_KEY", "guess")]), &[]);
    has(
        &failed(&mut server, ("list_buckets", json!({}))),
        &["SignatureDoesNotMatch", "Check the secret access key"],
    );
}
