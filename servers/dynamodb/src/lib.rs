//! MCP server for Amazon DynamoDB: read and write items as plain JSON, look after tables.

mod actions;
mod applying;
mod arns;
mod batch;
mod blueprint;
mod capacity;
mod entity;
mod expression;
mod looks;
mod moved;
mod names;
mod operations;
mod options;
mod partiql;
mod prompts;
mod reading;
mod scaling;
mod statement;
mod table;
mod tools;
mod update;
mod value;
mod vectors;
mod waiting;

use std::{borrow::Cow, sync::Arc};

use awsmcp_mcp::{Completion, Look, Named, Resource, Server, Service};
use awsmcp_operations::with_operations;
use awsmcp_sdk::{Error, Kind, Lazy, RequestView, SdkConfig, Tap, lazily};
use tools::*;

/// Amazon DynamoDB, as the tools use it.
#[derive(Debug)]
pub struct DynamoDb;

/// The clients of one call.
#[derive(Debug)]
pub struct Clients {
    pub(crate) db: Lazy<aws_sdk_dynamodb::Client>,
    /// The client of the table's changes.
    pub(crate) streams: Lazy<aws_sdk_dynamodbstreams::Client>,
    /// The client of the table's metrics.
    pub(crate) metrics: Lazy<aws_sdk_cloudwatch::Client>,
    /// The client of what sets a table's units.
    pub(crate) scaling: Lazy<aws_sdk_applicationautoscaling::Client>,
}

impl Service for DynamoDb {
    const ID: &'static str = "dynamodb";
    const TITLE: &'static str = "Amazon DynamoDB";
    const SUMMARY: &'static str =
        "Read and write Amazon DynamoDB items as plain JSON, and look after tables.";
    const PREFIXES: &'static [(&'static str, &'static str)] = &[
        ("DynamoDB", "dynamodb"),
        ("DynamoDB Streams", "dynamodb"),
        ("CloudWatch", "cloudwatch"),
        ("Application Auto Scaling", "application-autoscaling"),
    ];
    const ACTIONS: &'static [(&'static str, &'static [&'static str])] = actions::TABLE;
    const LOOKS: &'static [Look] = looks::LOOKS;
    const REPEATABLE: &'static [&'static str] = &["DeleteItem", "PutItem", "TagResource", "UntagResource"];
    const ALWAYS: &'static [(&'static str, &'static [&'static str])] = &[
        ("BatchGetItem", &["Responses"]),
        ("DescribeTable", &["Table"]),
        ("ListTables", &["TableNames"]),
        ("Query", &["Count"]),
        ("Scan", &["Count"]),
    ];
    const NAMES: &'static [Named] = &[Named { argument: "table", tool: "list_tables", column: "table" }];
    type Client = Clients;

    fn client(sdk: &SdkConfig, tap: Tap) -> Clients {
        let sdk = Arc::new(sdk.clone());
        Clients {
            db: lazily!(aws_sdk_dynamodb, &sdk, &tap),
            streams: lazily!(aws_sdk_dynamodbstreams, &sdk, &tap),
            metrics: lazily!(aws_sdk_cloudwatch, &sdk, &tap),
            scaling: lazily!(aws_sdk_applicationautoscaling, &sdk, &tap),
        }
    }

    fn place(place: &str, request: &RequestView) -> Option<Vec<String>> {
        looks::place(place, request)
    }

    fn hint(error: &Error) -> Option<Cow<'static, str>> {
        let says = |words: &str| error.message.contains(words);
        Some(Cow::Borrowed(match (error.code.as_deref()?, error.kind) {
            ("ResourceNotFoundException", _) => "list_tables shows the tables of this region",
            ("ConditionalCheckFailedException", _) => {
                "the item is not as the condition wants it, and nothing was written: get_items shows it"
            }
            ("ProvisionedThroughputExceededException", _) => {
                "the table's capacity does not suffice: wait, read or write less, and see diagnose_table"
            }
            ("ItemCollectionSizeLimitExceededException", _) => {
                "items of one partition key and their local indexes share 10 GB: write under another partition key"
            }
            ("ResourceInUseException", _) => {
                "another change of the table is under way, or the name is taken: describe_table shows it"
            }
            ("ValidationException", _) if says("reserved keyword") => {
                "in a raw expression write #name and give `names` {\"#name\": \"name\"}; structured conditions need none of this"
            }
            (_, Kind::NotFound) => "list_tables and list_backups show what there is",
            _ => return None,
        }))
    }
}

/// The table of contents.
#[must_use]
pub fn server() -> Server<DynamoDb> {
    with_operations(own_tools())
}

/// Its own tools.
fn own_tools() -> Server<DynamoDb> {
    Server::new(
        "Start with list_tables and describe_table; query reads by key, scan reads everything. Items are plain JSON, \
         numbers exact to 38 digits; long ones, which clients round, come and go as {\"$number\": \"92838584930183242888\"}. \
         A set is {\"$set\": [..]}, binary is {\"$binary\": \"base64\"}, a map that looks like one of these is {\"$map\": {..}}. Paths: a.b[0], \"odd.name\".x. In `query` (JMESPath) items are \
         [].item; a long number is to_number(x.\"$number\"). Every answer tells the capacity it consumed.",
    )
    .toolset("items", "find and read items")
    .tool::<ListTables>()
    .tool::<DescribeTable>()
    .tool::<Query>()
    .tool::<Scan>()
    .tool::<GetItems>()
    .tool::<InferSchema>()
    .tool::<SearchVectors>()
    .tool::<RunPartiql>()
    .tool::<ReadStream>()
    .tool::<DiagnoseTable>()
    .toolset("write", "put, change and remove items")
    .change::<PutItems>()
    .change::<UpdateItem>()
    .change::<Transact>()
    .change::<UpdateItems>()
    .change::<WritePartiql>()
    .change::<DeleteItems>()
    .toolset("tables", "make, change, back up, move and remove tables")
    .tool::<ListBackups>()
    .change::<CreateTable>()
    .change::<UpdateTable>()
    .change::<ScaleTable>()
    .change::<SetTableOption>()
    .change::<CreateBackup>()
    .change::<RestoreTable>()
    .change::<ExportTable>()
    .change::<ImportTable>()
    .change::<DeleteTable>()
    .change::<DeleteBackup>()
    .prompt(prompts::HOT_TABLE)
    .prompt(prompts::PATTERN_COST)
    .prompt(prompts::SINGLE_TABLE_DESIGN)
    .prompt(prompts::WHAT_HAPPENED)
    .resource(Resource {
        template: "dynamodb://{table}",
        name: "table",
        description: "A table's keys, indexes and settings.",
        tool: "describe_table",
        complete: &[Completion {
            variable: "table",
            tool: "list_tables",
            prefix: "prefix",
            given: &[],
            column: "table",
        }],
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_manifest_conforms() {
        awsmcp_testing::conformance(&super::server().manifest(), &["hot_keys", "to_number"]);
    }
}
