//! The server as its tests start it, and tables to call its tools on.

use awsmcp_testing::{LocalAws, Response, Rig, Stub, rig};
use serde_json::{Value, json};

/// With every tool, and every risk that this server has.
pub(crate) const DYNAMODB: Rig = rig!("dynamodb").flags(&["--toolsets", "all", "--allow", "write,destroy"]);

/// Calls an operation as root.
pub(crate) fn aws(operation: &str, input: Value) -> Value {
    LocalAws::shared().call("dynamodb", operation, input)
}

/// The local AWS with an Application Auto Scaling by which nothing scales.
///
/// It has none of its own, and to say so it first reads what services there are: that is seconds of work, under load a
/// minute, in which it answers no test at all.
pub(crate) fn unscaled() -> Stub {
    Stub::before(LocalAws::shared(), |request| match request.operation() {
        "DescribeScalableTargets" => Response::output(json!({"ScalableTargets": []})),
        _ => Response::HandOn,
    })
}

/// A table with the keys `pk` and `sk`, an index `by-status`, and a stream.
pub(crate) fn table(name: &str) {
    table_in(LocalAws::shared(), name);
}

/// The same in one of several.
pub(crate) fn table_in(local: &LocalAws, name: &str) {
    let key = |pk: &str, sk: &str| json!([{"AttributeName": pk, "KeyType": "HASH"}, {"AttributeName": sk, "KeyType": "RANGE"}]);
    local.call(
        "dynamodb",
        "CreateTable",
        json!({
            "TableName": name,
            "KeySchema": key("pk", "sk"),
            "AttributeDefinitions": [
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "sk", "AttributeType": "S"},
                {"AttributeName": "status", "AttributeType": "S"},
            ],
            "BillingMode": "PAY_PER_REQUEST",
            "GlobalSecondaryIndexes": [{
                "IndexName": "by-status",
                "KeySchema": key("status", "sk"),
                "Projection": {"ProjectionType": "ALL"},
            }],
            "StreamSpecification": {"StreamEnabled": true, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        }),
    );
}

/// `count` orders of one user, every third one open.
pub(crate) fn orders(name: &str, user: &str, count: usize) {
    for chunk in (0..count).collect::<Vec<_>>().chunks(25) {
        let puts: Vec<Value> = chunk
            .iter()
            .map(|number| {
                let status = ["open", "paid", "sent"][number % 3];
                json!({"PutRequest": {"Item": {
                    "pk": {"S": user}, "sk": {"S": format!("ORDER#{number:05}")},
                    "status": {"S": status}, "total": {"N": number.to_string()}, "empty": {"S": ""},
                }}})
            })
            .collect();
        aws("BatchWriteItem", json!({"RequestItems": {name: puts}}));
    }
}
