//! The tools, through the built server and a local AWS.
#![cfg(test)]

mod items;
mod partiql;
mod tables;
mod trouble;
mod writes;

use awsmcp_testing::{Answer, LocalAws, Server};
use serde_json::{Value, json};

fn server() -> Server {
    server_with(LocalAws::shared().env())
}

fn server_with(env: Vec<(String, String)>) -> Server {
    let args = ["--toolsets", "all", "--allow", "write,destroy"];
    let mut server = Server::spawn(env!("CARGO_BIN_EXE_awsmcp-dynamodb"), args, env);
    server.initialize();
    server
}

fn dry(mut arguments: Value) -> Value {
    arguments["dry_run"] = json!(true);
    arguments
}

fn aws(operation: &str, input: Value) -> Value {
    LocalAws::shared().call("dynamodb", operation, input)
}

/// A table with the keys `pk` and `sk`, an index `by-status`, and a stream.
fn table(name: &str) {
    let key = |pk: &str, sk: &str| json!([{"AttributeName": pk, "KeyType": "HASH"}, {"AttributeName": sk, "KeyType": "RANGE"}]);
    aws(
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
fn orders(name: &str, user: &str, count: usize) {
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

/// The items of an answer's rows.
fn items(answer: &Answer) -> Vec<Value> {
    answer
        .ok()
        .lines()
        .filter(|line| line.starts_with('{'))
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn next(answer: &Answer) -> Option<String> {
    answer
        .ok()
        .split("rows, next: ")
        .nth(1)
        .or_else(|| answer.text.split("row, next: ").nth(1))?
        .lines()
        .next()
        .map(str::to_owned)
}
