//! What a call names is what it is held to: nothing leaves for what is outside the operator's list or regions.
#![cfg(test)]

use awsmcp_testing::{Response, Server, Stub};
use serde_json::{Value, json};

/// A stub with a table that has one item, and a server that may do everything to what is in the list.
fn held(flags: &[&str]) -> (Stub, Server) {
    let stub = Stub::start(|request| match request.operation() {
        "DescribeTable" => Response::output(json!({"Table": {
            "TableName": "team-orders",
            "TableStatus": "ACTIVE",
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
        }})),
        "ExecuteStatement" => Response::output(json!({"Items": []})),
        "UpdateTable" => Response::output(json!({"TableDescription": {"TableName": "team-orders"}})),
        "Scan" => Response::output(json!({"Items": [], "Count": 0, "ScannedCount": 0})),
        _ => Response::error(400, "ResourceNotFoundException", "nothing is here"),
    });
    let env = stub.env().into_iter().filter(|(name, _)| !name.contains("REGION"));
    let base = ["--toolsets", "all", "--allow", "write,destroy", "--region", "us-east-1"];
    let args = base.iter().chain(flags).copied();
    let mut server = Server::spawn(env!("CARGO_BIN_EXE_awsmcp-dynamodb"), args, env);
    server.initialize();
    (stub, server)
}

#[track_caller]
fn refused(stub: &Stub, server: &mut Server, tool: &str, arguments: Value, why: &str) {
    let before = stub.calls().len();
    let answer = server.call(tool, arguments.clone());
    assert!(answer.error().contains(why), "{tool} {arguments}: {}", answer.error());
    let calls = stub.calls().split_off(before);
    assert!(calls.is_empty(), "{tool} {arguments} sent {calls:?}");
}

const OUTSIDE: &str = "is outside what the operator allowed";
const LIST: [&str; 2] = ["--allow-arn", "arn:aws:dynamodb:us-east-1:*:table/team-*"];

/// The statements that reached DynamoDB.
fn statements(stub: &Stub) -> Vec<String> {
    let sent = stub.of("ExecuteStatement").into_iter();
    sent.map(|request| request.json()["Statement"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn an_arn_of_something_else_is_no_table() {
    let (stub, mut server) =
        held(&["--allow-arn", "arn:aws:dynamodb:us-east-1:*:table/team-*,arn:aws:s3:::*"]);
    for table in [
        "arn:aws:s3:::x:table/secret",
        "arn:aws:dynamodb:us-east-1:123456789012:table/team-a:table/secret",
        "arn:aws:dynamodb:us-east-1:123456789012:table/team-a/index/x",
        " team-orders",
    ] {
        for (tool, more) in [
            ("describe_table", json!({})),
            ("scan", json!({})),
            ("get_items", json!({"keys": [{"pk": "a"}]})),
            ("put_items", json!({"items": [{"pk": "a"}]})),
            ("delete_table", json!({})),
        ] {
            let mut call = json!({"table": table});
            call.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            refused(&stub, &mut server, tool, call, "is not a table");
        }
        let write = json!({"write": [{"op": "put", "table": table, "item": {"pk": "a"}}]});
        refused(&stub, &mut server, "transact", write, "is not a table");
    }
    let other = "arn:aws:dynamodb:us-east-1:999999999999:table/secret";
    refused(&stub, &mut server, "scan", json!({"table": other}), OUTSIDE);
    let index = json!({"table": "team-orders", "index": "x/../../secret"});
    refused(&stub, &mut server, "scan", index, "is not an index");
}

#[test]
fn a_table_of_another_account_is_named_by_its_whole_arn() {
    let (stub, mut server) = held(&LIST);
    let table = "arn:aws:dynamodb:us-east-1:999999999999:table/team-orders";
    server.call("scan", json!({"table": table})).ok();
    assert_eq!(stub.of("Scan")[0].json()["TableName"], table);
}

#[test]
fn a_comment_cannot_hide_what_a_statement_does() {
    let (stub, mut server) = held(&LIST);
    let ask = |statement: &str| json!({"table": "team-orders", "statement": statement});
    let hidden =
        "/* /* */ DELETE FROM \"team-orders\" WHERE pk='vic' AND sk='1' --*/ SELECT * FROM \"team-orders\"";
    refused(&stub, &mut server, "run_partiql", ask(hidden), "they do not nest");
    for hidden in [
        "-- \rDELETE FROM \"team-orders\" WHERE pk='vic'",
        "-- \u{2028}DELETE FROM \"team-orders\" WHERE pk='vic'",
        "/* SELECT */ DELETE FROM \"team-orders\" WHERE pk='vic'",
    ] {
        refused(&stub, &mut server, "run_partiql", ask(hidden), "this is DELETE");
    }
    for other in [
        "SELECT * FROM \"secret\"",
        "SELECT * FROM \"team-orders\", \"secret\"",
        "SELECT * FROM (SELECT * FROM \"secret\")",
        "SELECT * FROM \"team-orders\" WHERE pk IN (SELECT pk FROM \"secret\")",
    ] {
        let answer = server.call("run_partiql", ask(other));
        assert!(!answer.error().is_empty());
    }
    assert_eq!(statements(&stub), Vec::<String>::new());
}

#[test]
fn a_statement_is_sent_as_it_was_read() {
    let (stub, mut server) = held(&LIST);
    let statement =
        "SELECT  * /* it's all */ FROM \"team-orders\"\n-- of one\nWHERE pk = 'it''s -- no comment' ;";
    server.call("run_partiql", json!({"table": "team-orders", "statement": statement})).ok();
    assert_eq!(statements(&stub), ["SELECT * FROM \"team-orders\" WHERE pk = 'it''s -- no comment'"]);
    let write = "UPDATE \"team-orders\" /* quietly */ SET a = 1 WHERE pk = 'x' -- one";
    let plan =
        server.call("write_partiql", json!({"table": "team-orders", "statement": write, "dry_run": true}));
    assert!(plan.ok().contains("UPDATE \"team-orders\" SET a = 1 WHERE pk = 'x'"), "{}", plan.text);
    assert!(!plan.text.contains("quietly"), "{}", plan.text);
    server.call("write_partiql", json!({"table": "team-orders", "statement": write})).ok();
    assert_eq!(statements(&stub).last().unwrap(), "UPDATE \"team-orders\" SET a = 1 WHERE pk = 'x'");
}

#[test]
fn a_replica_is_held_to_its_region() {
    let (stub, mut server) = held(&["--allow-region", "eu-central-1", LIST[0], LIST[1]]);
    let add = |region: &str| json!({"table": "team-orders", "add_replicas": [region], "wait_seconds": 0});
    // Outside the allowed regions, and then inside them but outside the list.
    refused(&stub, &mut server, "update_table", add("ap-south-1"), "ap-south-1");
    refused(&stub, &mut server, "update_table", add("eu-central-1"), OUTSIDE);
    let delete = json!({"table": "team-orders", "delete_replicas": ["eu-central-1"]});
    refused(&stub, &mut server, "update_table", delete, OUTSIDE);
    refused(&stub, &mut server, "update_table", add("eu-central-1:1:table/x"), "is not a region");
    assert!(stub.of("UpdateTable").is_empty());

    let both = "arn:aws:dynamodb:us-east-1:*:table/team-*,arn:aws:dynamodb:eu-*:*:table/team-*";
    let (stub, mut server) = held(&["--allow-region", "eu-central-1", "--allow-arn", both]);
    server.call("update_table", add("eu-central-1")).ok();
    let sent = stub.of("UpdateTable")[0].json();
    assert_eq!(sent["ReplicaUpdates"][0]["Create"]["RegionName"], "eu-central-1");
}

#[test]
fn a_backup_is_held_by_its_own_arn() {
    let (stub, mut server) =
        held(&["--allow-arn", "arn:aws:dynamodb:us-east-1:*:table/team-*,arn:aws:s3:::*"]);
    let backup = |table: &str| json!({"backup": format!("arn:aws:dynamodb:us-east-1:123456789012:table/{table}/backup/1-a")});
    refused(&stub, &mut server, "delete_backup", backup("secret"), OUTSIDE);
    let other = json!({"backup": "arn:aws:s3:::x:table/secret/backup/1-a"});
    refused(&stub, &mut server, "delete_backup", other, "is not a backup's ARN");
    let inside = server.call("delete_backup", backup("team-orders"));
    assert!(inside.error().contains("nothing is here"), "{}", inside.error());
    assert_eq!(stub.calls().len(), 1);
}

#[test]
fn a_key_is_held_by_its_own_arn() {
    let key = |key: &str| format!("arn:aws:kms:us-east-1:123456789012:key/{key}");
    let list = format!("arn:aws:dynamodb:us-east-1:*:table/team-*,{},arn:aws:s3:::exports/*", key("k1"));
    let (stub, mut server) = held(&["--allow-arn", &list]);
    let export = |key: &str| json!({"table": "team-orders", "bucket": "exports", "kms_key": key});
    let create =
        |key: &str| json!({"table": "team-new", "partition_key": "id", "kms_key": key, "wait_seconds": 0});
    for outside in [
        "k2",
        &key("k2"),
        "alias/mine",
        "arn:aws:kms:us-east-1:123456789012:alias/mine",
        "arn:aws:kms:us-east-1:999999999999:key/k1",
    ] {
        refused(&stub, &mut server, "export_table", export(outside), OUTSIDE);
        refused(&stub, &mut server, "create_table", create(outside), OUTSIDE);
    }
    for wrong in [" k1", "arn:aws:s3:::k1", "key/k1"] {
        refused(&stub, &mut server, "create_table", create(wrong), "is not a KMS key");
    }
    for inside in ["k1", &key("k1")] {
        server.call("export_table", export(inside));
    }
    assert!(!stub.of("DescribeTable").is_empty());
}

#[test]
fn a_statement_is_held_to_its_index_where_it_names_one() {
    let (stub, mut server) = held(&["--allow-arn", "arn:aws:dynamodb:us-east-1:*:table/team-orders"]);
    let ask = |statement: &str| json!({"table": "team-orders", "statement": statement});
    server.call("run_partiql", ask("SELECT * FROM \"team-orders\"")).ok();
    refused(&stub, &mut server, "run_partiql", ask("SELECT * FROM \"team-orders\".\"by-date\""), OUTSIDE);
    let list = "arn:aws:dynamodb:us-east-1:*:table/team-orders,arn:aws:dynamodb:us-east-1:*:table/team-orders/index/by-date";
    let (stub, mut server) = held(&["--allow-arn", list]);
    server.call("run_partiql", ask("SELECT * FROM \"team-orders\".\"by-date\"")).ok();
    refused(&stub, &mut server, "run_partiql", ask("SELECT * FROM \"team-orders\".\"by-name\""), OUTSIDE);
    assert_eq!(statements(&stub).len(), 1);
}
