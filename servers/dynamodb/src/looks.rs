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

/// The table that a PartiQL statement names, by our own reading of what is sent.
pub(crate) fn place(place: &str, request: &RequestView) -> Option<Vec<String>> {
    if place != "table of the statement" {
        return None;
    }
    let statements = request.texts("Statement");
    Some(statements.iter().filter_map(|text| partiql::parse(text).ok()).map(|read| read.table).collect())
}
