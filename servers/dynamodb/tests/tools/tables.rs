use serde_json::{Value, json};

use super::{dry, orders, server, table};

fn shown(text: &str) -> Value {
    serde_json::from_str(text.lines().next().unwrap()).unwrap()
}

#[test]
fn tables_are_listed_by_pages_and_prefix_with_details() {
    for name in ["listed-a", "listed-b", "listed-c"] {
        table(name);
    }
    let mut server = server();
    let mut ask = json!({"prefix": "listed-", "limit": 2});
    let first = server.call("list_tables", ask.clone());
    assert!(first.ok().starts_with("table\nlisted-a\nlisted-b\n2 rows, next: "), "{}", first.text);
    ask["cursor"] = json!(super::next(&first).unwrap());
    assert!(server.call("list_tables", ask).ok().starts_with("table\nlisted-c\n1 row"));
    let details = server.call("list_tables", json!({"prefix": "listed-c", "details": true}));
    assert!(details.ok().contains("listed-c\tACTIVE\tpk (S), sk (S)\tby-status\t"), "{}", details.text);
}

#[test]
fn a_table_is_made_changed_described_and_deleted() {
    let mut server = server();
    let ask = json!({
        "table": "life-of-one", "partition_key": "id", "sort_key": "at:N", "stream": "NEW_IMAGE", "tags": {"team": "web"},
        "indexes": [{"name": "by-kind", "partition_key": "kind", "sort_key": "at:N", "include": ["title"]}],
        "local_indexes": [{"name": "by-size", "partition_key": "id", "sort_key": "size:N", "include": []}],
    });
    let plan = server.call("create_table", dry(ask.clone()));
    assert!(
        plan.ok().contains("key\tid (S), at (N)\n")
            && plan.text.contains("global index by-kind\tkind (S), at (N)"),
        "{}",
        plan.text
    );
    assert!(
        server.call("describe_table", json!({"table": "life-of-one"})).error().contains("ResourceNotFound")
    );
    assert!(server.call("create_table", ask.clone()).ok().contains("\"status\":\"ACTIVE\""));
    assert!(
        server
            .call("create_table", ask)
            .error()
            .contains("exists already: life-of-one has the key id (S), at (N)")
    );
    let card = shown(server.call("describe_table", json!({"table": "life-of-one"})).ok());
    assert_eq!(card["key"], "id (S), at (N)");
    assert_eq!(card["indexes"][0]["projection"], "keys and title");
    assert_eq!(card["indexes"][1]["projection"], "keys only");
    assert_eq!((card["billing"].as_str(), card["stream"].as_str()), (Some("on demand"), Some("NEW_IMAGE")));
    assert_eq!(card["tags"], json!({"team": "web"}));
    let change = json!({
        "table": "life-of-one", "read_units": 5, "write_units": 6, "delete_indexes": ["by-kind"],
        "create_indexes": [{"name": "by-owner", "partition_key": "owner"}], "stream": "OFF", "deletion_protection": true,
    });
    let plan = server.call("update_table", dry(change.clone()));
    assert!(
        plan.ok().contains("in 5 steps") && plan.text.contains("provisioned 5 read, 6 write\ton demand\n"),
        "{}",
        plan.text
    );
    let done = server.confirmed("update_table", change);
    assert!(
        done.ok().contains("\"create index by-owner: owner (S)\",\"stream off\",\"deletion protection on\""),
        "{}",
        done.text
    );
    let card = shown(server.call("describe_table", json!({"table": "life-of-one"})).ok());
    assert_eq!(card["billing"], "provisioned 5 read, 6 write");
    assert_eq!(card["indexes"][0]["name"], "by-owner");
    assert_eq!(card["deletion_protection"], true);
    assert!(
        server
            .call("delete_table", json!({"table": "life-of-one"}))
            .error()
            .contains("protected against deletion")
    );
    server.confirmed("update_table", json!({"table": "life-of-one", "deletion_protection": false})).ok();
    let plan = server.call("delete_table", dry(json!({"table": "life-of-one"})));
    assert!(
        plan.ok().contains("delete table life-of-one for good")
            && plan.text.contains("point-in-time recovery is off"),
        "{}",
        plan.text
    );
    assert!(
        server
            .confirmed("delete_table", json!({"table": "life-of-one"}))
            .ok()
            .contains("\"status\":\"deleted\"")
    );
    for (tool, bad, words) in [
        ("create_table", json!({"table": "life-two", "partition_key": "id:X"}), "S, N or B"),
        ("create_table", json!({"table": "life-two", "partition_key": "id", "read_units": 5}), "together"),
        (
            "create_table",
            json!({"table": "life-two", "partition_key": "id", "local_indexes": [{"name": "by-x", "partition_key": "x", "sort_key": "y"}]}),
            "must have the table's partition key",
        ),
        (
            "create_table",
            json!({"table": "life-two", "partition_key": "id", "indexes": [{"name": "by-id", "partition_key": "id:N"}]}),
            "an attribute has one type",
        ),
    ] {
        let failed = server.call(tool, bad);
        assert!(failed.error().contains(words), "{}", failed.text);
    }
}

#[test]
fn an_index_that_is_not_there_is_told_with_the_nearest() {
    table("index-names");
    let mut server = server();
    let failed = server.call("update_table", json!({"table": "index-names", "delete_indexes": ["by-state"]}));
    assert!(failed.error().contains("did you mean by-status?"), "{}", failed.text);
    let failed = server.call(
        "update_table",
        json!({"table": "index-names", "create_indexes": [{"name": "by-status", "partition_key": "x"}]}),
    );
    assert!(failed.error().contains("has an index by-status already"), "{}", failed.text);
    assert!(
        server.call("update_table", json!({"table": "index-names"})).error().contains("nothing to change")
    );
}

#[test]
fn options_are_set_shown_and_taken_back() {
    table("options");
    let mut server = server();
    let on = json!({"table": "options", "ttl_attribute": "expires", "pitr": true, "tags": {"a": "1", "b": "2"}, "insights": true});
    let plan = server.call("set_table_option", on.clone());
    assert!(
        plan.ok().contains("nothing was done yet")
            && plan.text.contains("are deleted, within days, by DynamoDB"),
        "{}",
        plan.text
    );
    assert!(
        server.confirmed("set_table_option", on).ok().contains("[\"ttl\",\"pitr\",\"tags\",\"insights\"]")
    );
    let card = shown(server.call("describe_table", json!({"table": "options"})).ok());
    assert_eq!((card["ttl"].as_str(), card["tags"]["b"].as_str()), (Some("by expires"), Some("2")));
    assert!(card["pitr"].as_str().unwrap().starts_with("from 20"), "{card}");
    assert!(card["insights"].as_str().unwrap().starts_with("ENABL"), "{card}");
    let other = server.call("set_table_option", json!({"table": "options", "ttl_attribute": "until"}));
    assert!(other.error().contains("TTL goes by expires now"), "{}", other.text);
    let off = json!({"table": "options", "ttl_attribute": "", "pitr": false, "remove_tags": ["a"], "insights": false});
    let plan = server.call("set_table_option", dry(off.clone()));
    assert!(plan.ok().contains("what could be restored so far cannot"), "{}", plan.text);
    server.confirmed("set_table_option", off).ok();
    let card = shown(server.call("describe_table", json!({"table": "options"})).ok());
    assert_eq!((card["ttl"].as_str(), card["pitr"].as_str()), (Some("off"), Some("off")));
    assert_eq!(card["tags"], json!({"b": "2"}));
    let policy = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}, "Action": "dynamodb:GetItem", "Resource": "*"}]});
    let put = json!({"table": "options", "policy": policy});
    let plan = server.call("set_table_option", dry(put.clone()));
    assert!(plan.ok().contains("\"Action\": \"dynamodb:GetItem\""), "{}", plan.text);
    server.confirmed("set_table_option", put).ok();
    server.confirmed("set_table_option", json!({"table": "options", "remove_policy": true})).ok();
    assert!(server.call("set_table_option", json!({"table": "options"})).error().contains("nothing to set"));
}

#[test]
fn a_backup_is_made_listed_restored_and_deleted() {
    table("kept");
    orders("kept", "u1", 30);
    let mut server = server();
    let made = server.call("create_backup", json!({"table": "kept", "name": "nightly"}));
    let arn = shown(made.ok())["arn"].as_str().unwrap().to_owned();
    let listed = server.call("list_backups", json!({"table": "kept"}));
    assert!(listed.ok().contains("nightly\tkept\tAVAILABLE"), "{}", listed.text);
    let restore = json!({"table": "kept-again", "backup": arn});
    let plan = server.call("restore_table", dry(restore.clone()));
    assert!(plan.ok().contains("restore the backup nightly of kept, made "), "{}", plan.text);
    assert!(server.call("restore_table", restore.clone()).ok().contains("ACTIVE"));
    let count = json!({"table": "kept-again", "count": true});
    assert!(server.call("scan", count).ok().contains("30\t30"));
    assert!(server.call("restore_table", restore).error().contains("kept-again exists already"));
    let off = server.call("restore_table", json!({"table": "kept-then", "source_table": "kept"}));
    assert!(off.error().contains("point-in-time recovery of kept is off"), "{}", off.text);
    server.confirmed("delete_backup", json!({"backup": arn})).ok();
    assert!(server.call("list_backups", json!({"table": "kept"})).ok().contains("0 rows"));
    let gone = server.call("delete_backup", json!({"backup": arn}));
    assert!(gone.error().contains("BackupNotFound"), "{}", gone.text);
    assert!(
        server
            .call("delete_backup", json!({"backup": "nightly"}))
            .error()
            .contains("list_backups shows them")
    );
}

#[test]
fn exports_and_imports_are_started_and_listed() {
    table("moved");
    let mut server = server();
    let export = json!({"table": "moved", "bucket": "exports", "prefix": "x"});
    assert!(
        server
            .call("export_table", export.clone())
            .error()
            .contains("point-in-time recovery of moved is off")
    );
    server.call("set_table_option", json!({"table": "moved", "pitr": true})).ok();
    let reversed = json!({"table": "moved", "bucket": "exports", "since": "-1h", "time": "-2h"});
    assert!(server.call("export_table", reversed).error().contains("nothing between them"));
    let started = server.call("export_table", export);
    assert!(started.ok().contains("IN_PROGRESS") || started.text.contains("COMPLETED"), "{}", started.text);
    let listed = server.call("list_backups", json!({"kind": "exports", "table": "moved"}));
    assert!(listed.ok().contains("moved\t"), "{}", listed.text);
    let now = server.call("restore_table", json!({"table": "moved-back", "source_table": "moved"}));
    assert!(now.ok().contains("ACTIVE"), "{}", now.text);
    let early = server.call(
        "restore_table",
        json!({"table": "moved-early", "source_table": "moved", "time": "2020-01-01"}),
    );
    assert!(early.error().contains("is outside of what can be restored"), "{}", early.text);
    let import = json!({"table": "moved-in", "partition_key": "id", "bucket": "imports", "format": "csv", "header": ["id", "name"]});
    assert!(
        server
            .call("import_table", dry(import.clone()))
            .ok()
            .contains("import s3://imports/ into the new table moved-in")
    );
    server.call("import_table", import).ok();
    assert!(server.call("list_backups", json!({"kind": "imports"})).ok().contains("moved-in"));
    let there = json!({"table": "moved", "partition_key": "id", "bucket": "imports", "format": "ion"});
    assert!(server.call("import_table", there).error().contains("an import makes a new one"));
}

#[test]
fn a_diagnosis_names_what_stands_out() {
    table("diagnosed");
    let now = jiff_now();
    let datum = |metric: &str, value: f64, dimensions: Value| json!({"MetricName": metric, "Value": value, "Timestamp": now - 600, "Dimensions": dimensions});
    let own = json!([{"Name": "TableName", "Value": "diagnosed"}]);
    let index = json!([{"Name": "TableName", "Value": "diagnosed"}, {"Name": "GlobalSecondaryIndexName", "Value": "by-status"}]);
    let data = json!([
        datum("ConsumedReadCapacityUnits", 6000.0, own.clone()),
        datum("WriteThrottleEvents", 7.0, index.clone()),
        datum("WriteKeyRangeThroughputThrottleEvents", 7.0, index),
    ]);
    awsmcp_testing::LocalAws::shared().call(
        "cloudwatch",
        "PutMetricData",
        json!({"Namespace": "AWS/DynamoDB", "MetricData": data}),
    );
    let mut server = server();
    let said = server.call("diagnose_table", json!({"table": "diagnosed"}));
    assert!(
        said.ok().contains("high: index by-status throttled 7 writes: a hot partition key"),
        "{}",
        said.text
    );
    assert!(said.text.contains("\"peak_read_units_per_second\":100"), "{}", said.text);
    assert!(said.text.contains("contributor insights are off"), "{}", said.text);
    let reversed = server.call("diagnose_table", json!({"table": "diagnosed", "since": "2100-01-01"}));
    assert!(reversed.error().contains("nothing between them"), "{}", reversed.text);
}

fn jiff_now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(since.as_secs()).unwrap()
}
