use awsmcp_testing::{LocalAws, Response, Stub};
use serde_json::{Value, json};

use crate::world::{DYNAMODB, aws, orders, table, unscaled};

#[test]
fn tables_are_listed_by_pages_and_prefix_with_details() {
    for name in ["listed-a", "listed-b", "listed-c"] {
        table(name);
    }
    let mut server = DYNAMODB.start();
    let mut ask = json!({"prefix": "listed-", "limit": 2});
    let first = server.call("list_tables", ask.clone());
    assert!(first.ok().starts_with("table\nlisted-a\nlisted-b\n2 rows, next: "), "{}", first.text);
    ask["cursor"] = json!(first.next().unwrap());
    assert!(server.call("list_tables", ask).ok().starts_with("table\nlisted-c\n1 row"));
    let details = server.call("list_tables", json!({"prefix": "listed-c", "details": true}));
    details.holds(&["listed-c\tACTIVE\tpk (S), sk (S)\tby-status\t"]);
}

#[test]
fn what_is_switched_on_at_all_tables_is_one_list_and_a_failure_stands_in_its_row() {
    for name in ["options-a", "options-b", "options-c"] {
        table(name);
    }
    aws(
        "UpdateTimeToLive",
        json!({"TableName": "options-a", "TimeToLiveSpecification": {"Enabled": true, "AttributeName": "expires"}}),
    );
    aws(
        "UpdateContinuousBackups",
        json!({"TableName": "options-b", "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": true}}),
    );
    aws("UpdateTable", json!({"TableName": "options-b", "DeletionProtectionEnabled": true}));
    let stub = Stub::before(LocalAws::shared(), |request| match request.operation() {
        "DescribeTimeToLive" if request.json()["TableName"] == "options-c" => Response::error(
            400,
            "AccessDeniedException",
            "not authorized to perform: dynamodb:DescribeTimeToLive",
        ),
        _ => Response::HandOn,
    });
    let mut server = DYNAMODB.at(stub.env()).start();
    let listed = server.call("list_tables", json!({"prefix": "options-", "options": true}));
    listed.holds(&[
        "1 table could not be looked at whole",
        "ttl (dynamodb:DescribeTimeToLive): AccessDeniedException",
    ]);
    let ask = json!({"prefix": "options-", "options": true, "query": "[].{t: table, ttl: ttl, pitr: pitr, p: protected, s: stream, r: resource_policy}"});
    let rows = server.call("list_tables", ask);
    rows.holds(&[
        "pitr\tttl\tp\tt\tr\ts\n",
        "off\tby expires\tfalse\toptions-a\tfalse\tNEW_AND_OLD_IMAGES\n",
    ]);
    rows.holds(&["\toff\ttrue\toptions-b\t", "off\t\tfalse\toptions-c\t", "from 2"]);
}

#[test]
fn a_table_is_made_changed_described_and_deleted() {
    let stub = unscaled();
    let mut server = DYNAMODB.at(stub.env()).start();
    let ask = json!({
        "table": "life-of-one", "partition_key": "id", "sort_key": "at:N", "stream": "NEW_IMAGE", "tags": {"team": "web"},
        "indexes": [{"name": "by-kind", "partition_key": "kind", "sort_key": "at:N", "include": ["title"]}],
        "local_indexes": [{"name": "by-size", "partition_key": "id", "sort_key": "size:N", "include": []}],
    });
    let plan = server.plan("create_table", ask.clone());
    plan.holds(&["key\tid (S), at (N)\n", "global index by-kind\tkind (S), at (N)"]);
    server.call("describe_table", json!({"table": "life-of-one"})).fails(&["ResourceNotFound"]);
    server.call("create_table", ask.clone()).holds(&["\"status\":\"ACTIVE\""]);
    server.call("create_table", ask).fails(&["exists already: life-of-one has the key id (S), at (N)"]);
    let card = server.call("describe_table", json!({"table": "life-of-one"})).object();
    assert_eq!(card["key"], "id (S), at (N)");
    assert_eq!(card["indexes"][0]["projection"], "keys and title");
    assert_eq!(card["indexes"][1]["projection"], "keys only");
    assert_eq!((card["billing"].as_str(), card["stream"].as_str()), (Some("on demand"), Some("NEW_IMAGE")));
    assert_eq!(card["tags"], json!({"team": "web"}));
    let change = json!({
        "table": "life-of-one", "read_units": 5, "write_units": 6, "delete_indexes": ["by-kind"],
        "create_indexes": [{"name": "by-owner", "partition_key": "owner"}], "stream": "OFF", "deletion_protection": true,
    });
    let plan = server.plan("update_table", change.clone());
    plan.holds(&["in 5 steps", "provisioned 5 read, 6 write\ton demand\n"]);
    let done = server.confirmed("update_table", change);
    done.holds(&["\"create index by-owner: owner (S)\",\"stream off\",\"deletion protection on\""]);
    let card = server.call("describe_table", json!({"table": "life-of-one"})).object();
    assert_eq!(card["billing"], "provisioned 5 read, 6 write");
    assert_eq!(card["indexes"][0]["name"], "by-owner");
    assert_eq!(card["deletion_protection"], true);
    server.call("delete_table", json!({"table": "life-of-one"})).fails(&["protected against deletion"]);
    server.confirmed("update_table", json!({"table": "life-of-one", "deletion_protection": false})).ok();
    let plan = server.plan("delete_table", json!({"table": "life-of-one"}));
    plan.holds(&["delete table life-of-one for good", "point-in-time recovery is off"]);
    server.confirmed("delete_table", json!({"table": "life-of-one"})).holds(&["\"status\":\"deleted\""]);
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
        failed.fails(&[words]);
    }
}

#[test]
fn an_index_that_is_not_there_is_told_with_the_nearest() {
    table("index-names");
    let mut server = DYNAMODB.start();
    let failed = server.call("update_table", json!({"table": "index-names", "delete_indexes": ["by-state"]}));
    failed.fails(&["did you mean by-status?"]);
    let failed = server.call(
        "update_table",
        json!({"table": "index-names", "create_indexes": [{"name": "by-status", "partition_key": "x"}]}),
    );
    failed.fails(&["has an index by-status already"]);
    server.call("update_table", json!({"table": "index-names"})).fails(&["nothing to change"]);
}

#[test]
fn what_a_table_is_already_is_no_step_and_what_dynamodb_refuses_is_told_before() {
    let key = |name: &str| json!([{"AttributeName": name, "KeyType": "HASH"}]);
    let typed = |name: &str| json!({"AttributeName": name, "AttributeType": "S"});
    aws(
        "CreateTable",
        json!({
            "TableName": "so-already", "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}, {"AttributeName": "at", "KeyType": "RANGE"}],
            "AttributeDefinitions": [typed("id"), typed("at"), typed("kind"), typed("size")],
            "GlobalSecondaryIndexes": [
                {"IndexName": "by-kind", "KeySchema": key("kind"), "Projection": {"ProjectionType": "ALL"}}],
            "LocalSecondaryIndexes": [{"IndexName": "by-size", "Projection": {"ProjectionType": "ALL"},
                "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}, {"AttributeName": "size", "KeyType": "RANGE"}]}],
            "StreamSpecification": {"StreamEnabled": true, "StreamViewType": "NEW_IMAGE"},
        }),
    );
    let stub = Stub::before(LocalAws::shared(), |_| Response::HandOn);
    let mut server = DYNAMODB.at(stub.env()).start();
    let ask = |more: Value| {
        let mut ask = json!({"table": "so-already"});
        ask.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        ask
    };
    let same = json!({"stream": "NEW_IMAGE", "on_demand": true, "table_class": "STANDARD"});
    server.call("update_table", ask(same)).fails(&["nothing to change: so-already is so already"]);
    let some = ask(json!({"stream": "NEW_IMAGE", "deletion_protection": true}));
    server.call("update_table", some).holds(&["[\"deletion protection on\"]"]);
    let view = ask(json!({"stream": "KEYS_ONLY"}));
    server.call("update_table", view).fails(&["has a stream of NEW_IMAGE", "`stream` OFF"]);
    server
        .call("update_table", ask(json!({"delete_indexes": ["by-size"]})))
        .fails(&["by-size is a local index"]);
    let anew = json!({"delete_indexes": ["by-kind"], "create_indexes": [{"name": "by-kind", "partition_key": "kind:N"}]});
    server.confirmed("update_table", ask(anew)).holds(&["create index by-kind: kind (N)"]);
    let made = stub.of("UpdateTable").into_iter().map(|request| request.json()).last().unwrap();
    let given: Vec<String> = made["AttributeDefinitions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            format!("{}{}", one["AttributeName"].as_str().unwrap(), one["AttributeType"].as_str().unwrap())
        })
        .collect();
    assert_eq!(given, ["idS", "atS", "sizeS", "kindN"]);
}

#[test]
fn options_are_set_shown_and_taken_back() {
    table("options");
    let mut server = DYNAMODB.start();
    let on = json!({"table": "options", "ttl_attribute": "expires", "pitr": true, "tags": {"a": "1", "b": "2"}, "insights": true});
    let plan = server.call("set_table_option", on.clone());
    plan.holds(&["nothing was done yet", "are deleted, within days, by DynamoDB"]);
    server.confirmed("set_table_option", on).holds(&["[\"ttl\",\"pitr\",\"tags\",\"insights\"]"]);
    let card = server.call("describe_table", json!({"table": "options"})).object();
    assert_eq!((card["ttl"].as_str(), card["tags"]["b"].as_str()), (Some("by expires"), Some("2")));
    assert!(card["pitr"].as_str().unwrap().starts_with("from 20"), "{card}");
    assert!(card["insights"].as_str().unwrap().starts_with("ENABL"), "{card}");
    let other = server.call("set_table_option", json!({"table": "options", "ttl_attribute": "until"}));
    other.fails(&["TTL goes by expires now"]);
    let off = json!({"table": "options", "ttl_attribute": "", "pitr": false, "remove_tags": ["a"], "insights": false});
    let plan = server.plan("set_table_option", off.clone());
    plan.holds(&["what could be restored so far cannot"]);
    server.confirmed("set_table_option", off).ok();
    let card = server.call("describe_table", json!({"table": "options"})).object();
    assert_eq!((card["ttl"].as_str(), card["pitr"].as_str()), (Some("off"), Some("off")));
    assert_eq!(card["tags"], json!({"b": "2"}));
    let policy = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}, "Action": "dynamodb:GetItem", "Resource": "*"}]});
    let put = json!({"table": "options", "policy": policy});
    let plan = server.plan("set_table_option", put.clone());
    plan.holds(&["\"Action\": \"dynamodb:GetItem\""]);
    server.confirmed("set_table_option", put).ok();
    server.confirmed("set_table_option", json!({"table": "options", "remove_policy": true})).ok();
    server.call("set_table_option", json!({"table": "options"})).fails(&["nothing to set"]);
}

#[test]
fn a_backup_is_made_listed_restored_and_deleted() {
    table("kept");
    orders("kept", "u1", 30);
    let mut server = DYNAMODB.start();
    let made = server.call("create_backup", json!({"table": "kept", "name": "nightly"}));
    let arn = made.object()["arn"].as_str().unwrap().to_owned();
    let listed = server.call("list_backups", json!({"table": "kept"}));
    listed.holds(&["nightly\tkept\tAVAILABLE"]);
    let restore = json!({"table": "kept-again", "backup": arn});
    let plan = server.plan("restore_table", restore.clone());
    plan.holds(&["restore the backup nightly of kept, made "]);
    server.call("restore_table", restore.clone()).holds(&["ACTIVE"]);
    let count = json!({"table": "kept-again", "count": true});
    server.call("scan", count).holds(&["30\t30"]);
    server.call("restore_table", restore).fails(&["kept-again exists already"]);
    let off = server.call("restore_table", json!({"table": "kept-then", "source_table": "kept"}));
    off.fails(&["point-in-time recovery of kept is off"]);
    server.confirmed("delete_backup", json!({"backup": arn})).ok();
    server.call("list_backups", json!({"table": "kept"})).holds(&["0 rows"]);
    let gone = server.call("delete_backup", json!({"backup": arn}));
    gone.fails(&["BackupNotFound"]);
    server.call("delete_backup", json!({"backup": "nightly"})).fails(&["list_backups shows them"]);
}

#[test]
fn exports_and_imports_are_started_and_listed() {
    table("moved");
    let mut server = DYNAMODB.start();
    let export = json!({"table": "moved", "bucket": "exports", "prefix": "x"});
    server.call("export_table", export.clone()).fails(&["point-in-time recovery of moved is off"]);
    server.call("set_table_option", json!({"table": "moved", "pitr": true})).ok();
    let reversed = json!({"table": "moved", "bucket": "exports", "since": "-1h", "time": "-2h"});
    server.call("export_table", reversed).fails(&["nothing between them"]);
    let started = server.call("export_table", export);
    assert!(started.ok().contains("IN_PROGRESS") || started.text.contains("COMPLETED"), "{}", started.text);
    let listed = server.call("list_backups", json!({"kind": "exports", "table": "moved"}));
    listed.holds(&["moved\t"]);
    let now = server.call("restore_table", json!({"table": "moved-back", "source_table": "moved"}));
    now.holds(&["ACTIVE"]);
    let early = server.call(
        "restore_table",
        json!({"table": "moved-early", "source_table": "moved", "time": "2020-01-01"}),
    );
    early.fails(&["is outside of what can be restored"]);
    let import = json!({"table": "moved-in", "partition_key": "id", "bucket": "imports", "format": "csv", "header": ["id", "name"]});
    server.plan("import_table", import.clone()).holds(&["import s3://imports/ into the new table moved-in"]);
    server.call("import_table", import).ok();
    server.call("list_backups", json!({"kind": "imports"})).holds(&["moved-in"]);
    let there = json!({"table": "moved", "partition_key": "id", "bucket": "imports", "format": "ion"});
    server.call("import_table", there).fails(&["an import makes a new one"]);
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
    let mut server = DYNAMODB.start();
    let said = server.call("diagnose_table", json!({"table": "diagnosed"}));
    said.holds(&[
        "high: index by-status throttled 7 writes: a hot partition key",
        "\"peak_read_units_per_second\":100",
        "contributor insights are off",
    ]);
    let reversed = server.call("diagnose_table", json!({"table": "diagnosed", "since": "2100-01-01"}));
    reversed.fails(&["nothing between them"]);
}

fn jiff_now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(since.as_secs()).unwrap()
}
