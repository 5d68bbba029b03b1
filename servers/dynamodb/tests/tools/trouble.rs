//! What AWS does under load, and no emulator: leaves writes over, throttles, cancels, takes its time.

use awsmcp_testing::{LocalAws, Response, Stub};
use serde_json::{Value, json};

use crate::world::{DYNAMODB, aws, orders, table};

#[test]
fn writes_that_are_left_over_are_tried_again() {
    table("left-over");
    let stub = Stub::before(LocalAws::shared(), |request| match (request.operation(), request.nth) {
        ("BatchWriteItem", 1 | 2) => {
            Response::output(json!({"UnprocessedItems": request.json()["RequestItems"]}))
        }
        _ => Response::HandOn,
    });
    let mut server = DYNAMODB.at(stub.env()).start();
    let all: Vec<Value> = (0..20).map(|number| json!({"pk": "u", "sk": number.to_string()})).collect();
    let put = server.call("put_items", json!({"table": "left-over", "items": all, "overwrite": true}));
    put.holds(&["\"written\":20"]);
    assert_eq!(stub.of("BatchWriteItem").len(), 3);
}

#[test]
fn what_is_never_written_is_listed() {
    table("never-written");
    let stub = Stub::before(LocalAws::shared(), |request| match request.operation() {
        "BatchWriteItem" => {
            let writes = request.json()["RequestItems"]["never-written"].clone();
            let stuck: Vec<Value> = writes
                .as_array()
                .unwrap()
                .iter()
                .filter(|write| write["PutRequest"]["Item"]["sk"]["S"] == "7")
                .cloned()
                .collect();
            match stuck.is_empty() {
                true => Response::output(json!({})),
                false => Response::output(json!({"UnprocessedItems": {"never-written": stuck}})),
            }
        }
        _ => Response::HandOn,
    });
    let mut server = DYNAMODB.at(stub.env()).start();
    let all: Vec<Value> = (0..30).map(|number| json!({"pk": "u", "sk": number.to_string()})).collect();
    let put = server.call("put_items", json!({"table": "never-written", "items": all, "overwrite": true}));
    put.holds(&[
        "\"written\":29",
        "{\"key\":{\"pk\":\"u\",\"sk\":\"7\"},\"why\":\"DynamoDB left it unprocessed",
    ]);
    // Both batches, and the first again until it gives up.
    assert_eq!(stub.of("BatchWriteItem").len(), 9);
}

#[test]
fn a_batch_that_is_refused_does_not_hide_what_was_written() {
    table("half-refused");
    let stub = Stub::before(LocalAws::shared(), |request| match request.operation() {
        "BatchWriteItem"
            if request.json()["RequestItems"]["half-refused"][0]["PutRequest"]["Item"]["sk"]["S"] == "25" =>
        {
            Response::error(400, "ItemCollectionSizeLimitExceededException", "Collection size exceeded.")
        }
        _ => Response::HandOn,
    });
    let mut server = DYNAMODB.at(stub.env()).start();
    let all: Vec<Value> = (0..30).map(|number| json!({"pk": "u", "sk": number.to_string()})).collect();
    let put = server.call("put_items", json!({"table": "half-refused", "items": all, "overwrite": true}));
    put.holds(&["\"written\":25", "Collection size exceeded"]);
}

#[test]
fn keys_that_are_left_over_are_asked_again() {
    table("left-keys");
    orders("left-keys", "u", 4);
    let stub = Stub::before(LocalAws::shared(), |request| match (request.operation(), request.nth) {
        ("BatchGetItem", 1) => {
            let asked = request.json()["RequestItems"].clone();
            Response::output(json!({"Responses": {"left-keys": []}, "UnprocessedKeys": asked,
                "ConsumedCapacity": [{"TableName": "left-keys", "CapacityUnits": 1.5}]}))
        }
        _ => Response::HandOn,
    });
    let mut server = DYNAMODB.at(stub.env()).start();
    let keys: Vec<Value> =
        (0..4).map(|number| json!({"pk": "u", "sk": format!("ORDER#{number:05}")})).collect();
    let got = server.call("get_items", json!({"table": "left-keys", "keys": keys}));
    assert_eq!(got.objects().len(), 4);
    got.holds(&["consumed 1.5 read units"]);
    assert_eq!(stub.of("BatchGetItem").len(), 2);
}

#[test]
fn throttling_is_told_with_what_helps() {
    table("throttled");
    let stub = Stub::before(LocalAws::shared(), |request| match request.operation() {
        "Query" => Response::error(
            400,
            "ProvisionedThroughputExceededException",
            "The level of configured provisioned throughput for the table was exceeded.",
        ),
        _ => Response::HandOn,
    });
    let mut server = DYNAMODB.at(stub.env()).start();
    let ask = json!({"table": "throttled", "key": [{"attribute": "pk", "op": "=", "value": "u"}]});
    let failed = server.call("query", ask);
    failed.fails(&["diagnose_table", "trying again may help"]);
}

#[test]
fn a_transaction_conflict_names_the_item() {
    table("conflicting");
    let stub = Stub::before(LocalAws::shared(), |request| {
        match request.operation() {
        "TransactWriteItems" => Response::new(
            400,
            json!({
                "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
                "Message": "Transaction cancelled, please refer cancellation reasons for specific reasons [None, TransactionConflict]",
                "CancellationReasons": [{"Code": "None"}, {"Code": "TransactionConflict", "Message": "Transaction is ongoing for the item"}],
            })
            .to_string(),
        )
        .with("content-type", "application/x-amz-json-1.0"),
        _ => Response::HandOn,
    }
    });
    let mut server = DYNAMODB.at(stub.env()).start();
    let put = |sk: &str| json!({"op": "put", "table": "conflicting", "item": {"pk": "t", "sk": sk}});
    let failed = server.call("transact", json!({"write": [put("1"), put("2")]}));
    let why = "1 (put conflicting pk=t, sk=2): TransactionConflict: Transaction is ongoing for the item";
    failed.fails(&[why, "call again"]);
}

#[test]
fn a_table_that_takes_its_time_is_waited_for_and_then_told() {
    table("slow-table");
    let stub = Stub::before(LocalAws::shared(), |request| match (request.operation(), request.nth) {
        ("UpdateTable", _) => Response::output(
            json!({"TableDescription": {"TableName": "slow-table", "TableStatus": "UPDATING"}}),
        ),
        ("DescribeTable", 3 | 4) => Response::output(json!({"Table": {
            "TableName": "slow-table", "TableStatus": "UPDATING",
            "GlobalSecondaryIndexes": [{"IndexName": "by-owner", "IndexStatus": "CREATING", "Backfilling": true}],
        }})),
        _ => Response::HandOn,
    });
    let mut server = DYNAMODB.at(stub.env()).start();
    let ask =
        json!({"table": "slow-table", "create_indexes": [{"name": "by-owner", "partition_key": "owner"}]});
    let told = json!({"name": "update_table", "arguments": ask, "_meta": {"progressToken": "p"}});
    let done = server.request("tools/call", told);
    assert!(done.to_string().contains(r#"\"status\":\"ACTIVE\""#), "{done}");
    assert_eq!(stub.of("DescribeTable").len(), 5);
    let told: Vec<String> = server.notifications().iter().map(ToString::to_string).collect();
    let waits =
        told.iter().filter(|told| told.contains("table UPDATING, index by-owner CREATING (backfilling)"));
    // Progress is told once a second: both looks fall into the first.
    assert_eq!(waits.count(), 1, "{told:?}");
    let stub = Stub::before(LocalAws::shared(), |request| match (request.operation(), request.nth) {
        ("UpdateTable", _) => Response::output(json!({"TableDescription": {"TableName": "slow-table"}})),
        // Two plans and the look right before the deed see the table as it is.
        ("DescribeTable", 4..) => {
            Response::output(json!({"Table": {"TableName": "slow-table", "TableStatus": "UPDATING"}}))
        }
        _ => Response::HandOn,
    });
    let mut server = DYNAMODB.at(stub.env()).start();
    let mut ask = ask;
    ask["wait_seconds"] = json!(0);
    ask["stream"] = json!("OFF");
    let told = server.confirmed("update_table", ask);
    told.holds(&["\"status\":\"table UPDATING\"", "1 further steps were not begun"]);
}

#[test]
fn hot_keys_are_read_where_contributor_insights_are_on() {
    table("hot-keys");
    let stub = Stub::before(LocalAws::shared(), |request| match request.operation() {
        "DescribeContributorInsights" => Response::output(json!({
            "TableName": "hot-keys", "ContributorInsightsStatus": "ENABLED",
            "ContributorInsightsRuleList": ["DynamoDBContributorInsights-PKT-hot-keys-1"],
        })),
        "GetMetricData" => Response::output(json!({"MetricDataResults": []})),
        "GetInsightRuleReport" => Response::output(json!({
            "KeyLabels": ["pk"], "Contributors": [{"Keys": ["USER#1"], "ApproximateAggregateValue": 42.0, "Datapoints": []}],
        })),
        _ => Response::HandOn,
    });
    let mut server = DYNAMODB.at(stub.env()).start();
    let said = server.call("diagnose_table", json!({"table": "hot-keys"}));
    said.holds(&["high: the key USER#1 was throttled most, 42 times"]);
}

/// A stub before the local AWS that lets somebody else write, right before the request of this operation that is the `nth`.
fn meddled(operation: &'static str, nth: usize, other: impl Fn() + Send + Sync + 'static) -> Stub {
    Stub::before(LocalAws::shared(), move |request| {
        if request.operation() == operation && request.nth == nth {
            other();
        }
        Response::HandOn
    })
}

#[test]
fn a_count_that_somebody_else_moved_too_is_told() {
    table("counted");
    let key = json!({"pk": {"S": "ctr"}, "sk": {"S": "1"}});
    let count = |by: &str| {
        json!({"TableName": "counted", "Key": key, "UpdateExpression": "ADD visits :n",
            "ExpressionAttributeValues": {":n": {"N": by}}})
    };
    aws("UpdateItem", count("10"));
    let other = count("1");
    let stub = meddled("UpdateItem", 1, move || drop(aws("UpdateItem", other.clone())));
    let mut server = DYNAMODB.at(stub.env()).start();
    let add = json!({"table": "counted", "key": {"pk": "ctr", "sk": "1"}, "add": {"visits": 1}});
    let moved = server.call("update_item", add.clone());
    moved.holds(&["\"visits\":10}", "\"visits\":12}", "somebody else changed the item too"]);
    // Left alone, it adds up.
    let alone = server.call("update_item", add);
    alone.holds(&["\"visits\":13}"]).lacks(&["somebody else"]);
}

#[test]
fn a_transactions_dry_run_says_that_its_conditions_were_not_checked() {
    table("unchecked");
    let check = json!({"op": "check", "table": "unchecked", "key": {"pk": "u", "sk": "1"},
        "condition": [{"attribute": "pk", "op": "exists"}]});
    let put = json!({"op": "put", "table": "unchecked", "item": {"pk": "u", "sk": "2"}});
    let mut server = DYNAMODB.start();
    server.plan("transact", json!({"write": [check, put]})).holds(&["whether the conditions hold"]);
    server.plan("transact", json!({"write": [put]})).lacks(&["whether the conditions hold"]);
}

#[test]
fn an_item_that_changed_since_the_plan_is_not_deleted() {
    table("moved-deletes");
    for sk in ["1", "2", "3"] {
        aws("PutItem", json!({"TableName": "moved-deletes", "Item": {"pk": {"S": "u"}, "sk": {"S": sk}}}));
    }
    // Two plans look, and then the deed once more.
    let stub = meddled("BatchGetItem", 3, || {
        aws(
            "PutItem",
            json!({"TableName": "moved-deletes", "Item": {"pk": {"S": "u"}, "sk": {"S": "2"}, "new": {"N": "1"}}}),
        );
        aws("DeleteItem", json!({"TableName": "moved-deletes", "Key": {"pk": {"S": "u"}, "sk": {"S": "3"}}}));
    });
    let mut server = DYNAMODB.at(stub.env()).start();
    let keys: Vec<Value> = ["1", "2", "3"].map(|sk| json!({"pk": "u", "sk": sk})).into();
    let done = server.confirmed("delete_items", json!({"table": "moved-deletes", "keys": keys}));
    done.holds(&[
        "\"deleted\":1",
        r#"{"key":{"pk":"u","sk":"2"},"why":"it changed while this was planned, and was left as it is"}"#,
        r#"{"key":{"pk":"u","sk":"3"},"why":"it is gone already"}"#,
    ]);
    let left = aws("Scan", json!({"TableName": "moved-deletes"}));
    assert_eq!(left["Items"], json!([{"pk": {"S": "u"}, "sk": {"S": "2"}, "new": {"N": "1"}}]));
}

#[test]
fn an_item_that_came_up_since_the_plan_is_not_overwritten() {
    table("moved-puts");
    let stub = meddled("BatchGetItem", 2, || {
        aws(
            "PutItem",
            json!({"TableName": "moved-puts", "Item": {"pk": {"S": "u"}, "sk": {"S": "2"}, "theirs": {"N": "1"}}}),
        );
    });
    let mut server = DYNAMODB.at(stub.env()).start();
    let items = json!([{"pk": "u", "sk": "1", "ours": 1}, {"pk": "u", "sk": "2", "ours": 1}]);
    let done = server.call("put_items", json!({"table": "moved-puts", "items": items, "overwrite": true}));
    done.holds(&["\"written\":1", "it changed while this was planned, and was left as it is"]);
    let kept =
        aws("GetItem", json!({"TableName": "moved-puts", "Key": {"pk": {"S": "u"}, "sk": {"S": "2"}}}));
    assert_eq!(kept["Item"]["theirs"]["N"], "1");
}

#[test]
fn a_put_whose_answer_was_lost_is_told_as_written() {
    table("lost-puts");
    // The first answer is lost after AWS has written; the second finds the very item.
    let stub = Stub::before(LocalAws::shared(), |request| match (request.operation(), request.nth) {
        ("PutItem", 1) => {
            let item = request.json()["Item"].clone();
            aws("PutItem", json!({"TableName": "lost-puts", "Item": item}));
            Response::HangUp
        }
        _ => Response::HandOn,
    });
    let mut server = DYNAMODB.at(stub.env()).start();
    let put =
        server.call("put_items", json!({"table": "lost-puts", "items": [{"pk": "n", "sk": "1", "v": 1}]}));
    put.holds(&["\"written\":1"]);
    assert_eq!(stub.of("PutItem").len(), 2);
}

#[test]
fn a_statement_that_selects_and_gets_no_answer_leaves_no_doubt() {
    table("lost-select");
    let stub = Stub::before(LocalAws::shared(), |request| match request.operation() {
        "ExecuteStatement" => Response::HangUp,
        _ => Response::HandOn,
    });
    let mut server = DYNAMODB.at(stub.env()).start();
    let statement = "SELECT * FROM \"lost-select\" WHERE pk = 'u'";
    let failed = server.call("run_partiql", json!({"table": "lost-select", "statement": statement}));
    failed.fails(&["broke off", "Call again"]);
    failed.lacks(&["not known", "could do it twice"]);
    assert!(stub.of("ExecuteStatement").len() > 1, "what selects is asked again");
}

#[test]
fn a_transaction_about_items_that_moved_writes_nothing() {
    table("moved-transaction");
    for sk in ["1", "2"] {
        aws(
            "PutItem",
            json!({"TableName": "moved-transaction", "Item": {"pk": {"S": "u"}, "sk": {"S": sk}}}),
        );
    }
    let stub = meddled("TransactGetItems", 3, || {
        aws(
            "PutItem",
            json!({"TableName": "moved-transaction", "Item": {"pk": {"S": "u"}, "sk": {"S": "2"}, "new": {"N": "1"}}}),
        );
    });
    let mut server = DYNAMODB.at(stub.env()).start();
    let delete =
        |sk: &str| json!({"op": "delete", "table": "moved-transaction", "key": {"pk": "u", "sk": sk}});
    let done = server.confirmed("transact", json!({"write": [delete("1"), delete("2")]}));
    done.fails(&["pk=u, sk=2 of moved-transaction changed while this was planned; nothing was done"]);
    assert_eq!(aws("Scan", json!({"TableName": "moved-transaction"}))["Count"], 2);
}

#[test]
fn a_statement_about_an_item_that_moved_is_not_run() {
    table("moved-statement");
    aws("PutItem", json!({"TableName": "moved-statement", "Item": {"pk": {"S": "u"}, "sk": {"S": "1"}}}));
    let stub = meddled("ExecuteStatement", 3, || {
        aws(
            "PutItem",
            json!({"TableName": "moved-statement", "Item": {"pk": {"S": "u"}, "sk": {"S": "1"}, "new": {"N": "1"}}}),
        );
    });
    let mut server = DYNAMODB.at(stub.env()).start();
    let statement = "DELETE FROM \"moved-statement\" WHERE pk = 'u' AND sk = '1'";
    let done = server.confirmed("write_partiql", json!({"table": "moved-statement", "statement": statement}));
    done.fails(&["what the statement is about changed while this was planned"]);
    assert_eq!(aws("Scan", json!({"TableName": "moved-statement"}))["Count"], 1);
}

#[test]
fn a_table_that_moved_since_the_plan_is_left_alone() {
    let described = |more: Value| {
        let mut table = json!({"TableName": "moved-table", "TableStatus": "ACTIVE", "TableId": "id-1",
            "TableArn": "arn:aws:dynamodb:us-east-1:123456789012:table/moved-table",
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}]});
        table.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        Response::output(json!({"Table": table}))
    };
    let stub = |after: Value| {
        Stub::start(move |request| match (request.operation(), request.nth) {
            ("DescribeTable", 3..) => described(after.clone()),
            ("DescribeTable", _) => described(json!({})),
            ("DescribeContinuousBackups", _) => Response::output(json!({})),
            ("ListBackups", _) => Response::output(json!({"BackupSummaries": []})),
            _ => Response::error(400, "ValidationException", "not here"),
        })
    };
    let moved = "the table moved-table changed while this was planned; nothing was done";
    let protect = json!({"table": "moved-table", "deletion_protection": false, "wait_seconds": 0});
    let other = stub(json!({"TableClassSummary": {"TableClass": "STANDARD_INFREQUENT_ACCESS"}}));
    DYNAMODB.at(other.env()).start().confirmed("update_table", protect).fails(&[moved]);
    let other = stub(json!({"TableId": "id-2"}));
    let delete = json!({"table": "moved-table"});
    DYNAMODB.at(other.env()).start().confirmed("delete_table", delete).fails(&[moved]);
    assert!(other.of("DeleteTable").is_empty());
}

#[test]
fn a_policy_is_put_under_the_condition_that_it_is_what_was_seen() {
    let stub = Stub::start(|request| match request.operation() {
        "DescribeTable" => Response::output(json!({"Table": {"TableName": "policies",
            "TableArn": "arn:aws:dynamodb:us-east-1:123456789012:table/policies"}})),
        "GetResourcePolicy" => Response::output(json!({"Policy": "{\"Statement\":[]}", "RevisionId": "r7"})),
        "DescribeContinuousBackups" => Response::output(json!({"ContinuousBackupsDescription": {
            "ContinuousBackupsStatus": "ENABLED", "PointInTimeRecoveryDescription": {
            "PointInTimeRecoveryStatus": "ENABLED", "RecoveryPeriodInDays": 20}}})),
        _ => Response::output(json!({})),
    });
    let mut server = DYNAMODB.at(stub.env()).start();
    let policy = json!({"Version": "2012-10-17", "Statement": []});
    server.confirmed("set_table_option", json!({"table": "policies", "policy": policy})).ok();
    server.confirmed("set_table_option", json!({"table": "policies", "remove_policy": true})).ok();
    assert_eq!(stub.of("PutResourcePolicy")[0].json()["ExpectedRevisionId"], "r7");
    assert_eq!(stub.of("DeleteResourcePolicy")[0].json()["ExpectedRevisionId"], "r7");
    // Days that are not named stay what they are; fewer of them are asked about.
    server.call("set_table_option", json!({"table": "policies", "pitr": true})).ok();
    let put = &stub.of("UpdateContinuousBackups")[0].json()["PointInTimeRecoverySpecification"];
    assert_eq!(put["RecoveryPeriodInDays"], 20);
    let fewer = server.call("set_table_option", json!({"table": "policies", "pitr": true, "pitr_days": 5}));
    fewer.holds(&["nothing was done yet", "20 days", "5 days"]);
}

#[test]
fn what_lets_a_table_serve_less_is_asked_about() {
    let stub = Stub::start(|request| match request.operation() {
        "DescribeTable" => Response::output(json!({"Table": {"TableName": "units", "TableStatus": "ACTIVE",
            "BillingModeSummary": {"BillingMode": "PROVISIONED"},
            "ProvisionedThroughput": {"ReadCapacityUnits": 10, "WriteCapacityUnits": 10}}})),
        "DescribeScalableTargets" => Response::output(json!({"ScalableTargets": []})),
        _ => Response::output(json!({"TableDescription": {"TableName": "units"}})),
    });
    let mut server = DYNAMODB.at(stub.env()).start();
    let units = |read: u32, write: u32| json!({"table": "units", "read_units": read, "write_units": write});
    server.call("update_table", units(10, 5)).holds(&["nothing was done yet", "may be throttled"]);
    server.call("update_table", units(10, 20)).holds(&["\"done\":"]);
    server.call("update_table", json!({"table": "units", "on_demand": true})).holds(&["\"done\":"]);
}

/// A stream of one open shard whose records come behind empty answers: what each `GetRecords` answers, by its number.
fn streamed(records: fn(usize) -> Vec<Value>) -> Stub {
    let arn = "arn:aws:dynamodb:us-east-1:123456789012:table/streams/stream/2026-11-22T10:00:00.000";
    Stub::start(move |request| match request.operation() {
        "DescribeTable" => Response::output(json!({"Table": {"TableName": "streams", "LatestStreamArn": arn,
                "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
                "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}]}})),
        "DescribeStream" => Response::output(json!({"StreamDescription": {"Shards": [
            {"ShardId": "shardId-000000000000000000001", "SequenceNumberRange": {"StartingSequenceNumber": "100000000000000000001"}}]}})),
        "GetShardIterator" => Response::output(json!({"ShardIterator": "i"})),
        _ => Response::output(json!({"Records": records(request.nth), "NextShardIterator": "i"})),
    })
}

fn record(number: usize, key: &str) -> Value {
    json!({"eventName": "MODIFY", "dynamodb": {"Keys": {"pk": {"S": key}}, "SequenceNumber": format!("{:021}", 100 + number),
        "ApproximateCreationDateTime": 1_795_341_600, "StreamViewType": "KEYS_ONLY"}})
}

#[test]
fn an_empty_answer_is_no_end_of_a_stream() {
    let stub = streamed(|nth| match nth {
        1..=4 => Vec::new(),
        5 => (0..5).map(|number| record(number, "a")).collect(),
        _ => Vec::new(),
    });
    let mut server = DYNAMODB.at(stub.env()).start();
    let all = server.call("read_stream", json!({"table": "streams"}));
    all.holds(&["5 rows, next: ", "read 5 records", "read up to 2026-11-22T", "behind the cursor"]);
    // The cursor goes on behind the last record that was seen.
    let next = json!({"table": "streams", "cursor": all.next().unwrap()});
    server.call("read_stream", next).holds(&["0 rows", "no record was there yet"]);
    let asked = stub.of("GetShardIterator")[1].json();
    assert_eq!(asked["ShardIteratorType"], "AFTER_SEQUENCE_NUMBER");
    assert_eq!(asked["SequenceNumber"], format!("{:021}", 104));
}

#[test]
fn a_stream_that_is_longer_than_a_call_is_patient_goes_on_with_its_cursor() {
    // The only record of the wanted key stands behind more answers than one call reads.
    let stub = streamed(|nth| vec![record(nth, if nth == 202 { "wanted" } else { "other" })]);
    let mut server = DYNAMODB.at(stub.env()).start();
    let ask = json!({"table": "streams", "key": {"pk": "wanted"}});
    let first = server.call("read_stream", ask.clone());
    first.holds(&["0 rows, next: ", "looked at 200 records"]);
    let next =
        json!({"table": "streams", "key": {"pk": "wanted"}, "cursor": first.next().unwrap(), "limit": 1});
    server.call("read_stream", next).holds(&["wanted", "1 row, next: "]);
}

#[test]
fn what_went_past_the_day_of_a_stream_behind_a_cursor_is_told_and_the_rest_is_read() {
    let arn = "arn:aws:dynamodb:us-east-1:123456789012:table/streams/stream/2026-11-22T10:00:00.000";
    let stub = Stub::start(move |request| match request.operation() {
        "DescribeTable" => {
            Response::output(json!({"Table": {"TableName": "streams", "LatestStreamArn": arn}}))
        }
        "DescribeStream" => Response::output(json!({"StreamDescription": {"Shards": [
            {"ShardId": "shardId-000000000000000000001", "SequenceNumberRange": {"StartingSequenceNumber": "100000000000000000001"}}]}})),
        "GetShardIterator" if request.json()["ShardIteratorType"] == "AFTER_SEQUENCE_NUMBER" => {
            Response::error(
                400,
                "TrimmedDataAccessException",
                "The operation attempted to read past the oldest stream record in a shard.",
            )
        }
        "GetShardIterator" => Response::output(json!({"ShardIterator": "i"})),
        // The next call finds what was written in the meantime.
        _ if request.nth == 1 => {
            Response::output(json!({"Records": [record(1, "early")], "NextShardIterator": "i"}))
        }
        _ if request.nth == 2 => {
            Response::output(json!({"Records": [record(9, "late")], "NextShardIterator": "i"}))
        }
        _ => Response::output(json!({"Records": [], "NextShardIterator": "i"})),
    });
    let mut server = DYNAMODB.at(stub.env()).start();
    let first = server.call("read_stream", json!({"table": "streams", "limit": 1}));
    first.holds(&["early", "1 row, next: "]);
    let next = json!({"table": "streams", "limit": 1, "cursor": first.next().unwrap()});
    server
        .call("read_stream", next)
        .holds(&["late", "went past the stream's 24 hours before they were read"]);
}

#[test]
fn a_batch_without_an_answer_is_not_told_as_not_written() {
    table("lost-batch");
    let stub = Stub::before(LocalAws::shared(), |request| match request.operation() {
        "BatchWriteItem" => {
            let writes = request.json()["RequestItems"]["lost-batch"].to_string();
            if writes.contains("\"25\"") { Response::HangUp } else { Response::HandOn }
        }
        _ => Response::HandOn,
    });
    let mut server = DYNAMODB.at(stub.env()).start();
    let all: Vec<Value> = (0..30).map(|number| json!({"pk": "u", "sk": number.to_string()})).collect();
    let put = server.call("put_items", json!({"table": "lost-batch", "items": all, "overwrite": true}));
    put.holds(&["\"written\":25", "whether it was written is not known"]);
    for number in 20..30 {
        let item = json!({"pk": {"S": "u"}, "sk": {"S": number.to_string()}});
        aws("PutItem", json!({"TableName": "lost-batch", "Item": item}));
    }
    let deleted = server.confirmed("delete_items", json!({"table": "lost-batch", "keys": all}));
    deleted.holds(&["whether it was deleted is not known"]);
}

#[test]
fn a_deletion_whose_answer_was_lost_is_told_as_done() {
    table("lost-deletes");
    aws(
        "PutItem",
        json!({"TableName": "lost-deletes", "Item": {"pk": {"S": "u"}, "sk": {"S": "1"}, "s": {"S": "x"}}}),
    );
    let stub = Stub::before(LocalAws::shared(), |request| match (request.operation(), request.nth) {
        ("DeleteItem", 1) => {
            let key = request.json()["Key"].clone();
            aws("DeleteItem", json!({"TableName": "lost-deletes", "Key": key}));
            Response::HangUp
        }
        _ => Response::HandOn,
    });
    let mut server = DYNAMODB.at(stub.env()).start();
    let ask = json!({"table": "lost-deletes", "keys": [{"pk": "u", "sk": "1"}],
        "condition": [{"attribute": "s", "op": "=", "value": "x"}]});
    let done = server.confirmed("delete_items", ask);
    done.holds(&["\"deleted\":1", "the answer to one try was lost"]);
    assert_eq!(stub.of("DeleteItem").len(), 2);
}

#[test]
fn a_count_that_is_not_of_all_says_so() {
    table("half-counted");
    orders("half-counted", "u", 6);
    let stub = Stub::before(LocalAws::shared(), |request| match request.operation() {
        "Query" => Response::output(json!({"Count": 200_000, "ScannedCount": 200_000,
            "LastEvaluatedKey": {"pk": {"S": "u"}, "sk": {"S": "ORDER#00002"}}})),
        _ => Response::HandOn,
    });
    let mut server = DYNAMODB.at(stub.env()).start();
    let on = "this counts only what was looked at here";
    let scanned = server.call("scan", json!({"table": "half-counted", "count": true, "max_items": 2}));
    scanned.holds(&[on, "next: "]);
    let key = json!([{"attribute": "pk", "op": "=", "value": "u"}]);
    let queried = server.call("query", json!({"table": "half-counted", "key": key, "count": true}));
    queried.holds(&[on, "next: "]);
    server.call("scan", json!({"table": "half-counted", "count": true})).lacks(&[on]);
}

#[test]
fn a_filter_that_an_index_cannot_answer_is_told() {
    table("narrow-index");
    orders("narrow-index", "u", 6);
    let mut server = DYNAMODB.start();
    let new = json!([{"name": "narrow", "partition_key": "status", "sort_key": "sk", "include": ["empty"]}]);
    server.call("update_table", json!({"table": "narrow-index", "create_indexes": new})).ok();
    let key = json!([{"attribute": "status", "op": "=", "value": "open"}]);
    let says = "the filter asks about total, which index narrow does not hold";
    let filter =
        json!([{"attribute": "total", "op": ">", "value": 0}, {"attribute": "empty", "op": "exists"}]);
    for more in [json!({}), json!({"count": true}), json!({"whole": true})] {
        let mut ask = json!({"table": "narrow-index", "index": "narrow", "key": key, "filter": filter});
        ask.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        server.call("query", ask).holds(&[says]);
    }
    let raw = json!({"table": "narrow-index", "index": "narrow", "count": true,
        "filter_expression": "#t > :t", "names": {"#t": "total"}, "values": {":t": 0}});
    server.call("scan", raw).holds(&[says]);
    let held = json!([{"attribute": "empty", "op": "exists"}, {"attribute": "pk", "op": "=", "value": "u"}]);
    let ask = json!({"table": "narrow-index", "index": "narrow", "key": key, "filter": held});
    server.call("query", ask).lacks(&["the filter asks about"]);
}

#[test]
fn a_table_of_another_account_is_not_taken_for_one_of_the_same_name() {
    let stub = Stub::start(|request| match request.operation() {
        "DescribeTable" => Response::output(json!({"Table": {"TableName": "orders", "TableStatus": "ACTIVE",
            "ProvisionedThroughput": {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}}})),
        "DescribeTimeToLive" => Response::output(json!({})),
        "DescribeContinuousBackups" => Response::output(json!({})),
        "DescribeContributorInsights" => Response::output(json!({})),
        "GetResourcePolicy" => Response::error(400, "PolicyNotFoundException", "none"),
        "ListTagsOfResource" => Response::output(json!({"Tags": []})),
        _ => Response::error(400, "ValidationException", "nothing else should be asked"),
    });
    let mut server = DYNAMODB.at(stub.env()).start();
    let table = "arn:aws:dynamodb:us-east-1:999999999999:table/orders";
    server
        .call("scale_table", json!({"table": table, "min": 1, "max": 5}))
        .fails(&["is of account 999999999999"]);
    server.call("diagnose_table", json!({"table": table})).fails(&["is of account 999999999999"]);
    let shown = server.call("describe_table", json!({"table": table, "scaling": true}));
    shown.holds(&["\"unknown\":[\"scaling (application-autoscaling:DescribeScalableTargets)"]);
    server.plan("update_table", json!({"table": table, "read_units": 9, "write_units": 9})).ok();
    assert!(stub.of("DescribeScalableTargets").is_empty() && stub.of("GetMetricData").is_empty());
}

#[test]
fn all_kinds_of_backups_are_counted_before_a_table_goes() {
    table("backed-up");
    let stub = Stub::before(LocalAws::shared(), |request| match request.operation() {
        "ListBackups" if request.json()["BackupType"] == "ALL" => {
            let arn = "arn:aws:dynamodb:us-east-1:123456789012:table/backed-up/backup/1-a";
            Response::output(
                json!({"BackupSummaries": [{"BackupName": "a", "BackupArn": arn, "BackupType": "AWS_BACKUP"}],
                "LastEvaluatedBackupArn": arn}),
            )
        }
        _ => Response::HandOn,
    });
    let mut server = DYNAMODB.at(stub.env()).start();
    server
        .plan("delete_table", json!({"table": "backed-up"}))
        .holds(&["1 backups stay, and more: list_backups"]);
}

#[test]
fn an_export_that_is_forgotten_does_not_hide_the_others() {
    let arn = |name: &str| format!("arn:aws:dynamodb:us-east-1:123456789012:table/kept/export/{name}");
    let stub = Stub::start(move |request| match request.operation() {
        "ListExports" => Response::output(json!({"ExportSummaries": [
            {"ExportArn": arn("old"), "ExportStatus": "COMPLETED"}, {"ExportArn": arn("new"), "ExportStatus": "COMPLETED"}]})),
        _ if request.json()["ExportArn"] == arn("old") => {
            Response::error(400, "ExportNotFoundException", "Export not found")
        }
        _ => Response::output(
            json!({"ExportDescription": {"ExportArn": arn("new"), "ExportStatus": "COMPLETED",
            "S3Bucket": "out", "S3Prefix": "p", "ItemCount": 7}}),
        ),
    });
    let mut server = DYNAMODB.at(stub.env()).start();
    let listed = server.call("list_backups", json!({"kind": "exports"}));
    listed.holds(&["Export not found", "/export/old", "s3://out/p", "2 rows"]);
}
