//! Where requests name tables, for the second look at each request.

use awsmcp_aws::RequestView;
use awsmcp_mcp::Look;

use crate::partiql;

const fn look(operations: &'static [&'static str], arn: &'static str) -> Look {
    Look { operations, arn }
}

pub(crate) const LOOKS: &[Look] = &[
    look(&["*"], "arn:{partition}:dynamodb:{region}:{account}:table/{TableName}"),
    look(&["*"], "arn:{partition}:dynamodb:{region}:{account}:table/{TargetTableName}"),
    look(&["*"], "arn:{partition}:dynamodb:{region}:{account}:table/{SourceTableName}"),
    look(&["Query", "Scan"], "arn:{partition}:dynamodb:{region}:{account}:table/{TableName}"),
    look(
        &["Query", "Scan"],
        "arn:{partition}:dynamodb:{region}:{account}:table/{TableName}/index/{IndexName}",
    ),
    look(
        &["TagResource", "UntagResource", "ListTagsOfResource", "GetResourcePolicy", "PutResourcePolicy"],
        "arn:{partition}:dynamodb:{region}:{account}:table/{ResourceArn}",
    ),
    look(&["DeleteResourcePolicy"], "arn:{partition}:dynamodb:{region}:{account}:table/{ResourceArn}"),
    look(
        &["BatchGetItem", "BatchWriteItem"],
        "arn:{partition}:dynamodb:{region}:{account}:table/{RequestItems.*}",
    ),
    look(
        &["TransactGetItems", "TransactWriteItems"],
        "arn:{partition}:dynamodb:{region}:{account}:table/{TransactItems[].*.TableName}",
    ),
    look(&["ExportTableToPointInTime"], "arn:{partition}:dynamodb:{region}:{account}:table/{TableArn}"),
    // DynamoDB writes there as the caller.
    look(&["ExportTableToPointInTime"], "arn:{partition}:s3:::{S3Bucket}/{export prefix}"),
    look(
        &["ImportTable"],
        "arn:{partition}:dynamodb:{region}:{account}:table/{TableCreationParameters.TableName}",
    ),
    look(
        &["DescribeBackup", "DeleteBackup", "RestoreTableFromBackup"],
        "arn:{partition}:dynamodb:{region}:{account}:table/{BackupArn}",
    ),
    look(&["DescribeExport"], "arn:{partition}:dynamodb:{region}:{account}:table/{ExportArn}"),
    look(&["DescribeImport"], "arn:{partition}:dynamodb:{region}:{account}:table/{ImportArn}"),
    look(
        &["DescribeStream", "GetShardIterator"],
        "arn:{partition}:dynamodb:{region}:{account}:table/{StreamArn}",
    ),
    look(&["ExecuteStatement"], "arn:{partition}:dynamodb:{region}:{account}:table/{table of the statement}"),
    look(&["GetInsightRuleReport"], "arn:{partition}:cloudwatch:{region}:{account}:insight-rule/{RuleName}"),
    // A shard's iterator is a token that AWS gave for a stream that was looked at before.
    look(&["GetRecords"], "*"),
];

pub(crate) fn place(place: &str, request: &RequestView) -> Option<Vec<String>> {
    match place {
        // By our own reading of what is sent.
        "table of the statement" => {
            let statements = request.texts("Statement");
            Some(
                statements
                    .iter()
                    .filter_map(|text| partiql::parse(text).ok())
                    .map(|read| read.table)
                    .collect(),
            )
        }
        // All below it.
        "export prefix" => {
            let prefix = request.texts("S3Prefix").into_iter().next().unwrap_or_default();
            Some(vec![format!("{prefix}*")])
        }
        _ => None,
    }
}
