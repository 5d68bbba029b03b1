//! Who may call over HTTP, and what: tokens, OAuth, what stands before the server; and nothing of one caller for another.
#![cfg(test)]

use std::io::Read;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use awsmcp_testing::{LocalAws, Reply, Request, Server, Web, WebServer, binary, outcome};
use awsmcp_tests::{Issuer, Response, Stub, run, serve, token};
use serde_json::{Value, json};

const AUDIENCE: &str = "https://mcp.example.com/mcp";

fn stub() -> Stub {
    Stub::start(|_| Response::buckets(&["a-bucket"], None))
}

/// The answer to a call of a tool by the bearer of a token.
fn called(web: &Web, token: &str, tool: &str, arguments: Value) -> Reply {
    let authorization = format!("Bearer {token}");
    let call = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": arguments}});
    web.post(&[("authorization", &authorization)], &call)
}

fn lists(web: &Web, token: &str) -> u16 {
    called(web, token, "list_buckets", json!({})).status
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

#[test]
fn a_token_of_the_file_lets_its_bearer_in_until_it_is_withdrawn() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("tokens");
    let ((alice, alices), (bob, bobs)) = (token("alice", ""), token("bob", ""));
    std::fs::write(&file, format!("# the team\n{alices}\n")).unwrap();
    let stub = stub();
    let web = serve(&stub, &["--token-file", file.to_str().unwrap()]);
    assert_eq!((lists(&web, &alice), lists(&web, &bob), lists(&web, "")), (200, 401, 400));
    let nobody = web.post(&[], &json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}));
    assert_eq!((nobody.status, nobody.header("www-authenticate")), (401, Some("Bearer")));
    assert!(nobody.text().contains("Authorization: Bearer TOKEN"));
    std::fs::write(&file, format!("{bobs}\n")).unwrap();
    std::thread::sleep(Duration::from_millis(1100));
    assert_eq!((lists(&web, &alice), lists(&web, &bob)), (401, 200));
    let wrong = run(stub.env(), &["--http", "127.0.0.1:0", "--token-file", "/nowhere"], "");
    assert!(wrong.code == 2 && wrong.stderr.contains("--token-file /nowhere"), "{}", wrong.stderr);
    let clear = run(stub.env(), &["--http", "127.0.0.1:0", "--tokens", "alice in-the-clear"], "");
    assert!(clear.code == 2 && clear.stderr.contains("sha256:") && !clear.stderr.contains("in-the-clear"));
}

#[test]
fn scopes_narrow_what_the_flags_allow_and_never_widen_it() {
    let ((reader, line_1), (writer, line_2)) = (token("reader", "read"), token("writer", "read,write"));
    let lines = format!("{line_1},{line_2}");
    let stub = stub();
    let web = serve(&stub, &["--tokens", &lines, "--allow", "write,destroy", "--toolsets", "all"]);
    let plan = json!({"bucket": "a-new-bucket", "dry_run": true});
    let refused = called(&web, &reader, "create_bucket", plan.clone());
    assert_eq!(refused.status, 403);
    let challenge = refused.header("www-authenticate").unwrap();
    assert!(challenge.contains("error=\"insufficient_scope\""), "{challenge}");
    assert!(refused.text().contains("awsmcp:write"), "{}", refused.text());
    assert_eq!(called(&web, &writer, "create_bucket", plan.clone()).status, 200);
    assert_eq!(called(&web, &writer, "delete_bucket", json!({"bucket": "a-bucket"})).status, 403);
    // The list is the same for all: it never depends on the connection.
    let list = |token: &str| {
        let authorization = format!("Bearer {token}");
        web.request(&[("authorization", &authorization)], "tools/list", json!({})).unwrap()
    };
    assert_eq!(list(&reader), list(&writer));
    let narrow = serve(&stub, &["--tokens", &lines]);
    let off = called(&narrow, &writer, "create_bucket", plan);
    assert!(outcome(&off).unwrap()["content"][0]["text"].as_str().unwrap().contains("--allow write"));
}

#[test]
#[ignore = "runs an OAuth issuer in Node"]
fn an_access_token_of_the_issuer_lets_its_bearer_in() {
    let (issuer, stub) = (Issuer::start(), stub());
    let web = serve(
        &stub,
        &["--oauth-issuer", issuer.url(), "--public-url", AUDIENCE, "--allow", "write", "--toolsets", "all"],
    );
    let token = issuer.grant("awsmcp:read", AUDIENCE);
    let host = [("host", "mcp.example.com"), ("authorization", &format!("Bearer {token}"))];
    assert!(web.call(&host, "list_buckets", json!({})).ok().contains("a-bucket"));
    web.logged(&["list_buckets", "principal", "agent"]);

    // A client that knows nothing yet is told where to learn it.
    let nobody = web.post(&[], &json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}));
    let challenge = nobody.header("www-authenticate").unwrap();
    let place = "https://mcp.example.com/.well-known/oauth-protected-resource/mcp";
    assert!(
        nobody.status == 401 && challenge.contains(&format!("resource_metadata=\"{place}\"")),
        "{challenge}"
    );
    let metadata = web.send("GET", "/.well-known/oauth-protected-resource/mcp", &[], "");
    let metadata: Value = serde_json::from_str(&metadata.text()).unwrap();
    assert_eq!(
        (&metadata["resource"], &metadata["authorization_servers"]),
        (&json!(AUDIENCE), &json!([issuer.url()]))
    );
    assert!(metadata["scopes_supported"].as_array().unwrap().contains(&json!("awsmcp:destroy")));

    let refused = called(&web, &token, "create_bucket", json!({"bucket": "a-new-bucket", "dry_run": true}));
    let challenge = refused.header("www-authenticate").unwrap();
    assert!(refused.status == 403 && challenge.contains("scope=\"awsmcp:write\""), "{challenge}");
    let may = issuer.grant("awsmcp:read awsmcp:write", AUDIENCE);
    assert_eq!(
        called(&web, &may, "create_bucket", json!({"bucket": "a-new-bucket", "dry_run": true})).status,
        200
    );
}

#[test]
#[ignore = "runs an OAuth issuer in Node"]
fn a_token_that_is_not_good_is_refused_and_says_why() {
    let (issuer, stub) = (Issuer::start(), stub());
    let web = serve(&stub, &["--oauth-issuer", issuer.url(), "--oauth-audience", AUDIENCE]);
    let claims = |changes: Value| {
        let mut claims = json!({
            "iss": issuer.url(), "aud": AUDIENCE, "sub": "alice", "scope": "awsmcp:read",
            "iat": now(), "exp": now() + 300,
        });
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        claims
    };
    for alg in ["RS256", "ES256"] {
        let good = issuer.forge("own", json!({"alg": alg}), claims(json!({})));
        assert_eq!(lists(&web, &good), 200, "{alg}");
    }
    let listed = issuer.forge("own", json!({}), claims(json!({"aud": ["https://other.example", AUDIENCE]})));
    assert_eq!(lists(&web, &listed), 200);
    let array = issuer.forge("own", json!({}), claims(json!({"scope": null, "scp": ["awsmcp:read"]})));
    assert_eq!(lists(&web, &array), 200);
    for (key, header, changes, why) in [
        ("other", json!({}), json!({}), "signature"),
        ("other", json!({"alg": "ES256"}), json!({}), "signature"),
        ("none", json!({}), json!({}), "not"),
        ("own", json!({"alg": "HS256"}), json!({}), "RS256 or ES256"),
        ("own", json!({"kid": "another"}), json!({}), "none of the issuer's"),
        ("own", json!({"kid": "ES256-2"}), json!({}), "signature"),
        ("own", json!({}), json!({"aud": "https://other.example/mcp"}), "another audience"),
        ("own", json!({}), json!({"aud": null}), "lacks"),
        ("own", json!({}), json!({"iss": "https://other.example"}), "another issuer"),
        ("own", json!({}), json!({"exp": now() - 120}), "expired"),
        ("own", json!({}), json!({"exp": null}), "lacks"),
        ("own", json!({}), json!({"nbf": now() + 120}), "not valid yet"),
        ("own", json!({}), json!({"sub": null}), "names nobody"),
        ("own", json!({"crit": ["b64"], "b64": true}), json!({}), "crit"),
        ("own", json!({}), json!({"iss": [issuer.url()]}), "not one text"),
        ("own", json!({}), json!({"exp": "soon"}), "not a number"),
    ] {
        let token = issuer.forge(key, header.clone(), claims(changes.clone()));
        let refused = called(&web, &token, "list_buckets", json!({}));
        let challenge = refused.header("www-authenticate").unwrap_or_default().to_owned();
        assert_eq!(refused.status, 401, "{header} {changes}: {}", refused.text());
        assert!(
            challenge.contains("error=\"invalid_token\"") && challenge.contains(why),
            "{header} {changes}: {challenge}"
        );
    }
    let foreign = issuer.forge("own", json!({}), claims(json!({"scope": "https://other/awsmcp:read"})));
    assert_eq!(lists(&web, &foreign), 403);
    let scopeless = issuer.forge("own", json!({}), claims(json!({"scope": "openid profile"})));
    assert_eq!(lists(&web, &scopeless), 403);
    for nonsense in ["a.b.c", "..", "e30.e30.e30", "x"] {
        assert_eq!(lists(&web, nonsense), 401, "{nonsense}");
    }
    let mut cut = issuer.forge("own", json!({}), claims(json!({})));
    cut.pop();
    assert_eq!(lists(&web, &cut), 401);
    assert_eq!(stub.calls().len(), 4, "no refused call reached AWS");
}

#[test]
#[ignore = "runs an OAuth issuer in Node"]
fn the_issuers_keys_may_change_and_the_issuer_may_be_away() {
    let (issuer, stub) = (Issuer::start(), stub());
    let web = serve(&stub, &["--oauth-issuer", issuer.url(), "--oauth-audience", AUDIENCE]);
    // Away before a key was ever seen: the caller is told to come back, and the server is not ready.
    issuer.down(true);
    let early = called(&web, &issuer.grant("awsmcp:read", AUDIENCE), "list_buckets", json!({}));
    assert_eq!((early.status, early.header("retry-after")), (503, Some("5")));
    assert_eq!(web.send("GET", "/readyz", &[], "").status, 503);
    issuer.down(false);
    std::thread::sleep(Duration::from_millis(5100));
    assert_eq!(web.send("GET", "/readyz", &[], "").status, 200);
    let old = issuer.grant("awsmcp:read", AUDIENCE);
    assert_eq!(lists(&web, &old), 200);
    // Away with keys that are known: nobody notices.
    issuer.down(true);
    assert_eq!(lists(&web, &old), 200);
    issuer.down(false);
    // Other keys, in mid-run.
    issuer.rotate();
    let new = issuer.grant("awsmcp:read", AUDIENCE);
    std::thread::sleep(Duration::from_millis(5100));
    assert_eq!(lists(&web, &new), 200);
    assert_eq!(lists(&web, &old), 401, "a key that the issuer withdrew opens nothing");
    // Unknown keys do not make the server ask the issuer each time.
    let asked = issuer.asked();
    for _ in 0..50 {
        let unknown = issuer.forge("own", json!({"kid": "another"}), json!({}));
        assert_eq!(lists(&web, &unknown), 401);
    }
    assert!(issuer.asked() - asked <= 2, "{}", issuer.asked() - asked);
}

#[test]
fn what_stands_before_the_server_is_believed_by_explicit_flag_only() {
    let stub = stub();
    let list = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "list_buckets", "arguments": {}}});
    // Not asked to believe: the header is nobody's word.
    let plain = serve(&stub, &["--tokens", &token("alice", "").1]);
    assert_eq!(plain.post(&[("x-user", "admin")], &list).status, 401);
    assert_eq!(plain.post(&[("x-amzn-oidc-identity", "admin")], &list).status, 401);
    let believing = serve(
        &stub,
        &["--trust-upstream", "--trust-principal-header", "x-user", "--trust-scopes-header", "x-scopes"],
    );
    assert_eq!(believing.post(&[("x-user", "alice"), ("x-scopes", "awsmcp:read")], &list).status, 200);
    believing.logged(&["principal", "alice"]);
    assert_eq!(believing.post(&[("x-user", "alice")], &list).status, 403);
    assert_eq!(believing.post(&[("x-scopes", "awsmcp:read")], &list).status, 401);
    let twice = [("x-user", "alice"), ("x-user", "admin"), ("x-scopes", "awsmcp:read")];
    assert_eq!(believing.post(&twice, &list).status, 400);
    let spelled = [("x-user", "alice"), ("X_User", "admin"), ("x-scopes", "awsmcp:read")];
    assert_eq!(believing.post(&spelled, &list).status, 200);
    assert!(!believing.process.stderr().contains("admin"));
    let alone = run(stub.env(), &["--http", "127.0.0.1:0", "--trust-principal-header", "x-user"], "");
    assert!(alone.code == 2 && alone.stderr.contains("--trust-upstream"), "{}", alone.stderr);
}

/// STS gives each session of the role keys that name it; S3 answers with a bucket named after the keys.
fn owner_of_keys() -> Stub {
    Stub::bare(|request: &Request| match request.operation() {
        "AssumeRole" => {
            let body = String::from_utf8_lossy(&request.body).into_owned();
            let form = body.split('&').find_map(|field| field.strip_prefix("RoleSessionName="));
            let name = form.unwrap_or("nobody").to_owned();
            Response::new(
                200,
                format!(
                    "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult><Credentials>\
                     <AccessKeyId>ASIA{name}</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>\
                     <Expiration>2099-01-01T00:00:00Z</Expiration></Credentials><AssumedRoleUser><AssumedRoleId>A:{name}</AssumedRoleId>\
                     <Arn>arn:aws:sts::123456789012:assumed-role/r/{name}</Arn></AssumedRoleUser></AssumeRoleResult>\
                     </AssumeRoleResponse>"
                ),
            )
            .with("content-type", "text/xml")
        }
        _ => {
            let signed = request.header("authorization").unwrap_or_default();
            let key = signed.split("Credential=ASIA").nth(1).and_then(|rest| rest.split('/').next());
            Response::buckets(&[&format!("of-{}", key.unwrap_or("nobody"))], None)
        }
    })
}

#[test]
fn two_callers_at_once_each_get_only_what_is_theirs() {
    let stub = owner_of_keys();
    let audit = tempfile::NamedTempFile::new().unwrap();
    let ((alice, line_1), (bob, line_2)) = (token("alice", ""), token("bob", ""));
    let web = serve(
        &stub,
        &[
            "--tokens",
            &format!("{line_1},{line_2}"),
            "--role-arn",
            "arn:aws:iam::123456789012:role/r",
            "--audit-log",
            audit.path().to_str().unwrap(),
            "--max-calls",
            "32",
        ],
    );
    const EACH: usize = 100;
    std::thread::scope(|scope| {
        for (name, token) in [("alice", &alice), ("bob", &bob)].repeat(4) {
            let web = Web::clone(&web);
            scope.spawn(move || {
                for _ in 0..EACH / 4 {
                    let answer = called(&web, token, "list_buckets", json!({})).text();
                    let (own, other) =
                        if name == "alice" { ("of-alice", "of-bob") } else { ("of-bob", "of-alice") };
                    assert!(answer.contains(own) && !answer.contains(other), "{name}: {answer}");
                }
            });
        }
    });
    assert_eq!(stub.of("AssumeRole").len(), 2, "each caller has one session of the role");
    let mut lines = String::new();
    audit.reopen().unwrap().read_to_string(&mut lines).unwrap();
    for name in ["alice", "bob"] {
        let of = |line: &&str| serde_json::from_str::<Value>(line).unwrap()["principal"] == name;
        assert_eq!(lines.lines().filter(of).count(), EACH, "{name}");
    }
}

#[test]
fn a_cursor_and_a_confirmation_are_good_for_their_caller_only() {
    let aws = LocalAws::start();
    aws.create_bucket("b-1");
    aws.create_bucket("b-2");
    let ((alice, line_1), (bob, line_2)) = (token("alice", ""), token("bob", ""));
    let lines = format!("{line_1},{line_2}");
    let args = ["--tokens", &lines, "--allow", "destroy", "--toolsets", "all"];
    let web = WebServer::start(binary("s3"), args, aws.env());
    let text = |token: &str, tool: &str, arguments: Value| {
        outcome(&called(&web, token, tool, arguments)).unwrap()["content"][0]["text"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let page = text(&alice, "list_buckets", json!({"limit": 1}));
    let cursor = page.rsplit_once("next: ").unwrap().1;
    let again = json!({"limit": 1, "cursor": cursor});
    assert!(text(&alice, "list_buckets", again.clone()).contains("b-2"));
    assert!(!text(&bob, "list_buckets", again).contains("b-2"));
    let bearer = format!("Bearer {alice}");
    let plan = web.call(&[("authorization", &bearer)], "delete_bucket", json!({"bucket": "b-1"}));
    let confirmed = json!({"bucket": "b-1", "confirm": plan.token()});
    assert!(text(&bob, "delete_bucket", confirmed.clone()).contains("is not the token of this very call"));
    assert!(text(&bob, "list_buckets", json!({})).contains("b-1"));
    text(&alice, "delete_bucket", confirmed);
    assert!(!text(&bob, "list_buckets", json!({})).contains("b-1"));
}

#[test]
fn processes_with_one_seal_key_take_each_others_confirmations() {
    let aws = LocalAws::start();
    aws.create_bucket("b-1");
    let key = "0123456789abcdef0123456789abcdef";
    let args = ["--allow", "destroy", "--toolsets", "all", "--seal-key", key];
    let start = || WebServer::start(binary("s3"), args, aws.env());
    let (one, other) = (start(), start());
    let plan = one.call(&[], "delete_bucket", json!({"bucket": "b-1"}));
    let confirm = plan.token().to_owned();
    other.call(&[], "delete_bucket", json!({"bucket": "b-1", "confirm": confirm})).ok();
    assert!(!one.call(&[], "list_buckets", json!({})).ok().contains("b-1"));
    let short = run(aws.env(), &["--seal-key", "short", "tools"], "");
    assert!(
        short.code == 2 && short.stderr.contains("32") && !short.stderr.contains("\"short\""),
        "{}",
        short.stderr
    );
}

#[test]
fn sessions_are_kept_on_request_bounded_and_their_callers_own() {
    let stub = stub();
    let ((alice, line_1), (bob, line_2)) = (token("alice", ""), token("bob", ""));
    let lines = format!("{line_1},{line_2}");
    let hello = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": Server::LEGACY, "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}});
    let bearer = |token: &str| format!("Bearer {token}");
    let without = serve(&stub, &["--tokens", &lines]);
    let greeted = without.post(&[("authorization", &bearer(&alice))], &hello);
    assert_eq!((greeted.status, greeted.header("mcp-session-id")), (200, None));

    let web = serve(
        &stub,
        &["--tokens", &lines, "--http-sessions", "--http-max-sessions", "2", "--http-session-idle", "2"],
    );
    let begin = |token: &str| web.post(&[("authorization", &bearer(token))], &hello);
    let session = begin(&alice).header("mcp-session-id").unwrap().to_owned();
    let call = json!({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "list_buckets", "arguments": {}}});
    let within = |token: &str| {
        let version = ("mcp-protocol-version", Server::LEGACY);
        web.post(&[("authorization", &bearer(token)), ("mcp-session-id", &session), version], &call)
    };
    let ready = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    let version = ("mcp-protocol-version", Server::LEGACY);
    let told = web.post(&[("authorization", &bearer(&alice)), ("mcp-session-id", &session), version], &ready);
    assert_eq!(told.status, 202);
    assert!(within(&alice).text().contains("a-bucket"));
    assert_eq!(within(&bob).status, 404, "another's session is no session");
    assert_eq!(begin(&bob).status, 200);
    let full = begin(&bob);
    assert_eq!((full.status, full.header("retry-after")), (429, Some("30")));
    let ended = [("authorization", &*bearer(&alice)), ("mcp-session-id", &*session), version];
    assert_eq!(web.send("DELETE", "/mcp", &ended, "").status, 204);
    assert_eq!(within(&alice).status, 404, "a session that its caller ended is over");
    assert_eq!((begin(&bob).status, begin(&bob).status), (200, 429));
    std::thread::sleep(Duration::from_secs(4));
    assert_eq!(begin(&bob).status, 200, "sessions without requests end");
}
