//! What AWS does under load, and no emulator: leaves writes over, throttles, cancels, takes its time.

use awsmcp_testing::{LocalAws, Response, Stub};
use serde_json::{Value, json};

use crate::world::{DYNAMODB, orders, table};

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
    assert_eq!(waits.count(), 2, "{told:?}");
    let stub = Stub::before(LocalAws::shared(), |request| match (request.operation(), request.nth) {
        ("UpdateTable", _) => Response::output(json!({"TableDescription": {"TableName": "slow-table"}})),
        ("DescribeTable", 3..) => {
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
