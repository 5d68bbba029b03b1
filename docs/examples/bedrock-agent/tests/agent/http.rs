//! Over HTTP: open, with a token, and to a function behind its URL, signed for with IAM.

use std::process::Command;
use std::sync::Mutex;

use awsmcp_testing::{
    Credentials, Function, LocalAws, Request, Response, Stub, WebServer, binary, verify_signature,
};
use serde_json::{Value, json};

use crate::running::{Agent, command, model, orders, query, says, text, told, uses};

fn served(options: &[&str]) -> WebServer {
    WebServer::start(binary("dynamodb"), options.iter().copied(), LocalAws::shared().env())
}

/// The function's URL: lets in what `keys` have signed, and hands it to the function as its event.
fn function_url(function: Function, keys: Credentials) -> Stub {
    // One invocation after the other, as Lambda gives them to one process.
    let function = Mutex::new(function);
    Stub::bare(move |request| {
        if let Err(why) = verify_signature(request, &keys, "lambda", LocalAws::REGION) {
            return Response::new(403, json!({"Message": format!("Forbidden: {why}")}).to_string())
                .with("content-type", "application/json");
        }
        let answer = function.lock().unwrap().invoke(event(request, &keys)).http();
        answer.headers.iter().fold(Response::new(answer.status, answer.body), |response, (name, value)| {
            response.with(name, value)
        })
    })
}

/// The event of a request to a Function URL with `AWS_IAM`.
/// <https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html>
fn event(request: &Request, keys: &Credentials) -> Value {
    let headers: Value = request.headers.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    let path = request.path();
    json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "",
        "headers": headers,
        "requestContext": {
            "accountId": LocalAws::ACCOUNT,
            "apiId": "abcdefghijklmnopqrstuvwxyz012345",
            "authentication": null,
            "authorizer": {"iam": {
                "accessKey": keys.access_key_id,
                "accountId": LocalAws::ACCOUNT,
                "callerId": "AIDAEXAMPLE",
                "cognitoIdentity": null,
                "principalOrgId": null,
                "userArn": format!("arn:aws:iam::{}:user/ada", LocalAws::ACCOUNT),
                "userId": "AIDAEXAMPLE",
            }},
            "domainName": "abcdefghijklmnopqrstuvwxyz012345.lambda-url.us-east-1.on.aws",
            "domainPrefix": "abcdefghijklmnopqrstuvwxyz012345",
            "http": {
                "method": request.method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "203.0.113.7",
                "userAgent": request.header("user-agent").unwrap_or_default(),
            },
            "requestId": "0f3b9a3c-7a5e-4f0e-9a34-0a1b2c3d4e5f",
            "routeKey": "$default",
            "stage": "$default",
            "time": "22/Nov/2026:20:00:00 +0000",
            "timeEpoch": 1_795_377_600_000_u64,
        },
        "body": String::from_utf8(request.body.clone()).unwrap(),
        "isBase64Encoded": false,
    })
}

/// What the agent has when it asks where Ada orders from, and the scripted model wants one query.
fn answered(table: &str, args: &[&str], change: impl FnOnce(&mut Command)) -> Stub {
    let stub = model([uses("", [("t1", "query", query(table))]), says("From Oslo.")]);
    let mut command = command(&stub, args);
    change(command.arg("Where does Ada order from?"));
    let ran = Agent::start(command).ended();
    assert!(ran.ok().ends_with("From Oslo.\n"), "{}", ran.stdout);
    let result = told(&stub, 2).remove(0);
    assert_eq!(result["status"], "success", "{result}");
    assert!(text(&result).contains("Oslo"), "{result}");
    // The server's own, and not through the model's endpoint.
    assert!(stub.of("Query").is_empty());
    stub
}

#[test]
fn a_server_over_http_is_used_like_one_over_pipes() {
    let table = orders("agent-http");
    let server = served(&[]);
    let stub = answered(&table, &["--server", &format!("db={}", server.url())], |_| {});
    let first = stub.of("Converse")[0].json();
    assert!(first["system"][0]["text"].as_str().unwrap().starts_with("The tools of `db`:\nRead and write"));
}

#[test]
fn a_bearer_token_opens_a_server_that_asks_for_one() {
    let table = orders("agent-bearer");
    let minted = Command::new(binary("dynamodb")).args(["token", "ada"]).output().unwrap();
    let minted = String::from_utf8(minted.stdout).unwrap();
    let lines: Vec<_> = minted.lines().collect();
    let (token, line) = (lines[1], lines[3]);
    let server = served(&["--tokens", line]);
    let target = format!("db={}", server.url());
    answered(&table, &["--server", &target, "--bearer", "db=TEAM_TOKEN"], |command| {
        command.env("TEAM_TOKEN", token);
    });

    let stub = model([]);
    let ran = Agent::run(&stub, &["--server", &target, "?"]);
    assert!(ran.failed().contains("cannot connect to the server db: "), "{}", ran.stderr);
    assert!(ran.stderr.to_lowercase().contains("auth"), "{}", ran.stderr);
    let mut command = command(&stub, &["--server", &target, "--bearer", "db=TEAM_TOKEN", "?"]);
    let ran = Agent::start({
        command.env("TEAM_TOKEN", "another");
        command
    })
    .ended();
    ran.failed();
    assert!(!ran.stderr.contains("another"), "{}", ran.stderr);
}

#[test]
fn a_function_behind_its_url_is_signed_for_with_iam() {
    let table = orders("agent-iam");
    let keys = |secret: &str, token: Option<&str>| Credentials {
        access_key_id: "AKIAADA".to_owned(),
        secret_access_key: secret.to_owned(),
        session_token: token.map(str::to_owned),
    };
    for token in [None, Some("a-session-token")] {
        let keys = keys("the-right-secret", token);
        let front = function_url(Function::start("dynamodb", LocalAws::shared().env()), keys.clone());
        let target = format!("db={}/mcp", front.endpoint());
        let signing = |secret: &str| {
            let secret = secret.to_owned();
            let keys = keys.clone();
            move |command: &mut Command| {
                command.env("AWS_ACCESS_KEY_ID", &keys.access_key_id).env("AWS_SECRET_ACCESS_KEY", secret);
                if let Some(token) = keys.session_token {
                    command.env("AWS_SESSION_TOKEN", token);
                }
            }
        };
        answered(&table, &["--server", &target, "--iam", "db"], signing("the-right-secret"));
        let sent = front.requests();
        assert!(sent.len() >= 3, "discover, list, call: {}", sent.len());
        assert!(sent.iter().all(|request| request.service() == Some("lambda")));

        let stub = model([]);
        let mut wrong = command(&stub, &["--server", &target, "--iam", "db", "?"]);
        signing("another-secret")(&mut wrong);
        let ran = Agent::start(wrong).ended();
        let why = ran.failed();
        assert!(why.contains("cannot connect to the server db: ") && why.contains("403"), "{why}");
        assert!(why.contains("the signature does not match"), "{why}");

        let unsigned = Agent::run(&stub, &["--server", &target, "?"]);
        assert!(unsigned.failed().contains("there is no header authorization"), "{}", unsigned.stderr);
        assert!(stub.of("Converse").is_empty());
    }
}

#[test]
fn credentials_are_asked_for_anew_only_before_they_end() {
    let table = orders("agent-refresh");
    let keys = Credentials {
        access_key_id: "AKIAADA".to_owned(),
        secret_access_key: "the-right-secret".to_owned(),
        session_token: None,
    };
    let front = function_url(Function::start("dynamodb", LocalAws::shared().env()), keys);
    let target = format!("db={}/mcp", front.endpoint());
    // How often credentials that end then are asked for, and how many requests they sign.
    let asked = |ends: &str| {
        let directory = tempfile::tempdir().unwrap();
        let (script, config) = (directory.path().join("credentials.sh"), directory.path().join("config"));
        let printed = r#"{"Version": 1, "AccessKeyId": "AKIAADA", "SecretAccessKey": "the-right-secret", "Expiration": "%s"}"#;
        let count = directory.path().join("count");
        let text = format!(
            "echo >> '{}'\nprintf '{printed}' \"$(date -u -d '{ends}' +%Y-%m-%dT%H:%M:%SZ)\"\n",
            count.display()
        );
        std::fs::write(&script, text).unwrap();
        std::fs::write(&config, format!("[default]\ncredential_process = sh '{}'\n", script.display()))
            .unwrap();
        let before = front.requests().len();
        answered(&table, &["--server", &target, "--iam", "db"], |command| {
            command.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY");
            command.env("AWS_CONFIG_FILE", &config);
        });
        (std::fs::read_to_string(count).unwrap().lines().count(), front.requests().len() - before)
    };
    // Once to ask Bedrock, once to sign.
    let (times, requests) = asked("+1 hour");
    assert_eq!(times, 2);
    assert!(requests >= 3, "{requests}");
    let (times, requests) = asked("+1 minute");
    assert!(times > requests, "{times} times for {requests} requests");
}
