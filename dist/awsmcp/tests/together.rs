//! Several servers in one process, as a client meets them.
#![cfg(test)]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use awsmcp_testing::{Era, LocalAws, Server, WebServer, with};
use serde_json::{Value, json};

fn program() -> PathBuf {
    env!("CARGO_BIN_EXE_awsmcp").into()
}

fn aws() -> &'static LocalAws {
    LocalAws::shared()
}

fn serve(args: &[&str]) -> Server {
    Server::spawn(program(), [&["serve"], args].concat(), aws().env())
}

fn connect(args: &[&str]) -> Server {
    let mut server = serve(args);
    server.initialize();
    server
}

fn run(args: &[&str]) -> Output {
    Command::new(program()).args(args).envs(aws().env()).output().unwrap()
}

fn refused(args: &[&str]) -> String {
    let output = run(args);
    assert_eq!(output.status.code(), Some(2), "{args:?}: {output:?}");
    String::from_utf8(output.stderr).unwrap()
}

fn names(server: &mut Server) -> Vec<String> {
    server.tools().iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

fn ids() -> Vec<String> {
    let mut ids: Vec<String> = fs::read_dir(root().join("servers"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    ids.sort();
    ids
}

#[test]
fn each_server_is_in_it_and_is_itself() {
    let ids = ids();
    assert!(ids.len() >= 7, "{ids:?}");
    for id in &ids {
        let printed = run(&[id, "manifest"]).stdout;
        let printed: Value = serde_json::from_slice(&printed).unwrap();
        let text = fs::read_to_string(root().join(format!("servers/{id}/manifest.json"))).unwrap();
        assert_eq!(printed, serde_json::from_str::<Value>(&text).unwrap(), "{id}");
    }
    let help = String::from_utf8(run(&["s3", "--help"]).stdout).unwrap();
    assert!(help.contains("Usage: awsmcp s3 [OPTIONS] [COMMAND]"), "{help}");
    let mut server = Server::spawn(program(), ["s3"], aws().env());
    server.initialize();
    assert!(names(&mut server).contains(&"list_buckets".to_owned()));
    assert!(server.close().success());
    let answer = run(&["s3", "call", "whoami"]);
    assert!(answer.status.success(), "{answer:?}");
    assert!(refused(&["s3", "--allow-dir", "/nowhere"]).starts_with("awsmcp s3: --allow-dir /nowhere"));
}

#[test]
fn all_of_them_serve_together_under_names_that_clients_take() {
    let ids = ids();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let directory = tempfile::tempdir().unwrap();
    let more = ["--allow", "write,invoke,destroy,reveal", "--toolsets", "all", "--allow-dir"];
    let all = [&ids[..], &more, &[directory.path().to_str().unwrap()]].concat();
    let mut server = connect(&all);
    let listed = names(&mut server);
    let mut expected = Vec::new();
    for (index, id) in ids.iter().enumerate() {
        let text = fs::read_to_string(root().join(format!("servers/{id}/manifest.json"))).unwrap();
        let manifest: Value = serde_json::from_str(&text).unwrap();
        for tool in manifest["tools"].as_array().unwrap() {
            let name = tool["name"].as_str().unwrap();
            // All answer alike who calls: it is listed once.
            if index == 0 || name != "whoami" {
                expected.push(format!("{id}_{name}"));
            }
        }
    }
    assert_eq!(listed, expected);
    for name in &listed {
        // Claude puts `mcp__` and the server's own name before it, and takes 64 characters.
        assert!(format!("mcp__aws__{name}").len() <= 64, "{name}");
    }
    assert!(server.close().success());
}

#[test]
fn tools_prompts_and_resources_find_their_servers_in_both_eras() {
    aws().create_bucket("together");
    aws().put_object("together", "a/note.txt", &[], "text in an object");
    for era in [Era::legacy(), Era::Modern] {
        let mut server = serve(&["s3", "dynamodb"]);
        match era {
            Era::Modern => server.modern(),
            Era::Legacy(_) => drop(server.initialize()),
        }
        let listed = names(&mut server);
        assert_eq!(listed.first().map(String::as_str), Some("s3_whoami"));
        for name in ["s3_list_buckets", "dynamodb_list_tables"] {
            assert!(listed.iter().any(|listed| listed == name), "{listed:?}");
        }
        assert!(!listed.iter().any(|name| name == "dynamodb_whoami"), "{listed:?}");
        assert!(server.call("s3_list_buckets", json!({})).ok().contains("together"));
        assert!(server.call("dynamodb_list_tables", json!({})).ok().contains("row"));

        let wrong = server.try_call("list_tables", json!({})).unwrap_err();
        assert!(wrong.message.contains("did you mean dynamodb_list_tables?"), "{wrong:?}");
        let wrong = server.try_call("s3_list_bucket", json!({})).unwrap_err();
        assert!(wrong.message.contains("list_buckets"), "{wrong:?}");

        let prompts = server.request("prompts/list", json!({}));
        let prompts: Vec<&str> = prompts["prompts"]
            .as_array()
            .unwrap()
            .iter()
            .map(|prompt| prompt["name"].as_str().unwrap())
            .collect();
        assert!(
            prompts.contains(&"s3_storage_costs") && prompts.contains(&"dynamodb_hot_table"),
            "{prompts:?}"
        );
        let costs = json!({"name": "s3_storage_costs", "arguments": {"bucket": "together"}});
        assert!(server.request("prompts/get", costs).to_string().contains("together"));

        let templates = server.request("resources/templates/list", json!({})).to_string();
        assert!(templates.contains("s3://") && templates.contains("dynamodb://"), "{templates}");
        let read = server.request("resources/read", json!({"uri": "s3://together/a/note.txt"}));
        assert!(read.to_string().contains("text in an object"), "{read}");
        let wrong = server.try_request("resources/read", json!({"uri": "ec2://x"})).unwrap_err();
        assert!(wrong.message.contains("s3://, dynamodb://"), "{wrong:?}");
        let completed = server.request(
            "completion/complete",
            json!({
                "ref": {"type": "ref/resource", "uri": "s3://{bucket}/{+key}"},
                "argument": {"name": "bucket", "value": "toge"},
            }),
        );
        assert!(
            completed["completion"]["values"].as_array().unwrap().contains(&json!("together")),
            "{completed}"
        );
        assert!(server.request("resources/list", json!({}))["resources"].as_array().unwrap().is_empty());
        assert!(server.close().success());
    }
}

#[test]
fn the_gate_the_plan_and_the_audit_line_are_each_servers_own() {
    aws().create_bucket("together-gate");
    aws().put_object("together-gate", "k", &[], "x");
    let put = json!({"bucket": "together-gate", "key": "new", "text": "y"});
    let mut server = connect(&["s3", "dynamodb"]);
    let text = server.call("s3_put_object", put.clone()).error().to_owned();
    assert!(text.contains("--allow write"), "{text}");
    assert!(server.close().success());

    let directory = tempfile::tempdir().unwrap();
    let log = directory.path().join("audit");
    let log = log.to_str().unwrap();
    let mut server = connect(&["s3", "dynamodb", "--allow", "write,destroy", "--audit-log", log]);
    server.call("s3_put_object", put).ok();
    server.call("dynamodb_list_tables", json!({})).ok();
    server.confirmed("s3_delete_objects", json!({"bucket": "together-gate", "keys": ["k"]})).ok();
    assert_eq!(aws().request("s3", "HEAD", "/together-gate/k", &[], &[], b"").status, 404);
    assert!(server.close().success());
    let lines = fs::read_to_string(log).unwrap();
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of =
        |server: &str, tool: &str| lines.iter().any(|line| line["server"] == server && line["tool"] == tool);
    assert!(
        of("s3", "put_object") && of("s3", "delete_objects") && of("dynamodb", "list_tables"),
        "{lines:?}"
    );
}

#[test]
fn tools_are_chosen_by_the_names_they_have_together() {
    let mut server = connect(&[
        "s3",
        "dynamodb",
        "--tools",
        "s3_list_buckets,dynamodb_whoami",
        "--toolsets",
        "default",
        "--exclude-tools",
        "dynamodb_scan",
    ]);
    let listed = names(&mut server);
    for (name, there) in [("s3_list_buckets", true), ("dynamodb_whoami", true), ("dynamodb_scan", false)] {
        assert_eq!(listed.iter().any(|listed| listed == name), there, "{name} in {listed:?}");
    }
    assert!(server.close().success());
    let mut server = connect(&["s3", "dynamodb", "--tools", "s3_list_buckets,dynamodb_query"]);
    assert_eq!(names(&mut server), ["s3_list_buckets", "dynamodb_query"]);
    assert!(server.close().success());
    for (args, words) in [
        (&["s3", "s3"][..], "s3 is named twice"),
        (&["s3", "dynamodb", "--tools", "list_buckets"], "its server's id before it, as s3_list_buckets"),
        (&["s3", "dynamodb", "--tools", "s3_list_buckets"], "name nothing of dynamodb"),
        (&["s3", "--tools", "s3_list_bucket"], "did you mean list_buckets?"),
        (&["s3", "--toolsets", "dynamodb_items"], "is of none of s3"),
        (&["s3", "cloudwatch", "--max-scan", "much"], "--max-scan"),
        (&["s3", "--http", "0.0.0.0:0"], "`awsmcp s3 token NAME`"),
    ] {
        let text = refused(&[&["serve"], args].concat());
        assert!(text.contains(words), "{args:?}: {text}");
    }
    let output = Command::new(program()).args(["serve", "sqs"]).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("cloudwatch"), "{output:?}");
    let env = with(aws().env(), &[("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9")]);
    let output = Command::new(program()).args(["serve", "s3", "ec2"]).envs(env).output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(text.contains("a function of its own") && text.contains("`awsmcp ec2`"), "{text}");
}

#[test]
fn over_http_a_callers_scopes_hold_for_every_server() {
    aws().create_bucket("together-http");
    let made = String::from_utf8(run(&["s3", "token", "reader", "--scopes", "read"]).stdout).unwrap();
    let (token, line) = (made.lines().nth(1).unwrap(), made.lines().nth(3).unwrap());
    let directory = tempfile::tempdir().unwrap();
    let tokens = directory.path().join("tokens");
    fs::write(&tokens, line).unwrap();
    let args = ["serve", "s3", "dynamodb", "--allow", "write", "--token-file", tokens.to_str().unwrap()];
    let server = WebServer::start(program(), args, aws().env());
    let list = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
    assert_eq!(server.post(&[], &list).status, 401);
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str())];
    assert!(server.call(&headers, "s3_list_buckets", json!({})).ok().contains("together-http"));
    let put = json!({
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {
            "name": "s3_put_object",
            "arguments": {"bucket": "together-http", "key": "k", "text": "x"}
        }
    });
    let reply = server.post(&headers, &put);
    assert_eq!(reply.status, 403, "{reply:?}");
    assert!(reply.header("www-authenticate").unwrap().contains("awsmcp:write"), "{reply:?}");
}

#[test]
fn what_config_writes_starts_the_servers() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("mcp.json");
    fs::write(
        &file,
        r#"{"mcpServers": {"other": {"command": "x"}, "aws": {"command": "y", "env": {"A": "b"}}}}"#,
    )
    .unwrap();
    let path = file.to_str().unwrap();
    let words = ["config", "cursor", "s3", "dynamodb", "--file", path];
    let more = ["--together", "--write", "--", "--allow", "write"];
    let printed = run(&words);
    let printed: Value = serde_json::from_slice(&printed.stdout).unwrap();
    assert_eq!(printed["mcpServers"]["aws-s3"]["args"], json!(["s3"]));
    assert!(run(&[&words[..], &more].concat()).status.success());
    let written: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    assert_eq!(written["mcpServers"]["other"]["command"], "x");
    let entry = &written["mcpServers"]["aws"];
    assert_eq!(entry["env"], json!({"A": "b"}));
    assert!(directory.path().join("mcp.json.bak").exists());
    let args: Vec<&str> = entry["args"].as_array().unwrap().iter().map(|arg| arg.as_str().unwrap()).collect();
    let mut server = Server::spawn(entry["command"].as_str().unwrap(), args, aws().env());
    server.initialize();
    assert!(names(&mut server).contains(&"s3_put_object".to_owned()));
    assert!(server.close().success());
}
