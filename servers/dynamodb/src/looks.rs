//! Where requests name tables, for the second look at each request.

use awsmcp_mcp::Look;
use awsmcp_sdk::RequestView;

use crate::partiql;

const fn look(operations: &'static [&'static str], arn: &'static str) -> Look {
    Look { operations, arn }
}

const READS: &[&str] = &["Query", "Scan", "SearchVectors"];
/// Application Auto Scaling's: what is held is the table that scales.
const SCALE: &[&str] = &["DeregisterScalableTarget", "PutScalingPolicy", "RegisterScalableTarget"];

pub(crate) const LOOKS: &[Look] = &[
    look(&["*"], "arn:{partition}:dynamodb:{region}:{account}:table/{TableName}"),
    look(&["*"], "arn:{partition}:dynamodb:{region}:{account}:table/{TargetTableName}"),
    look(&["*"], "arn:{partition}:dynamodb:{region}:{account}:table/{SourceTableName}"),
    look(READS, "arn:{partition}:dynamodb:{region}:{account}:table/{TableName}"),
    look(READS, "arn:{partition}:dynamodb:{region}:{account}:table/{TableName}/index/{IndexName}"),
    look(&["*"], "arn:{partition}:dynamodb:{region}:{account}:table/{SourceTableArn}"),
    look(&["UpdateTable"], "arn:{partition}:dynamodb:{region}:{account}:table/{TableName}"),
    look(
        &["UpdateTable"],
        "arn:{partition}:dynamodb:{ReplicaUpdates[].Create.RegionName}:{account}:table/{TableName}",
    ),
    look(
        &["UpdateTable"],
        "arn:{partition}:dynamodb:{ReplicaUpdates[].Delete.RegionName}:{account}:table/{TableName}",
    ),
    look(&["RestoreTableFromBackup"], "arn:{partition}:dynamodb:{region}:{account}:table/{TargetTableName}"),
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
    look(&["ExportTableToPointInTime"], "arn:{partition}:kms:{region}:{account}:key/{key of the request}"),
    look(&["ExportTableToPointInTime", "CreateTable"], "{alias of the request}"),
    look(&["CreateTable"], "arn:{partition}:dynamodb:{region}:{account}:table/{TableName}"),
    look(&["CreateTable"], "arn:{partition}:kms:{region}:{account}:key/{key of the request}"),
    look(&["ImportTable"], "arn:{partition}:s3:::{S3BucketSource.S3Bucket}"),
    look(&["ImportTable"], "arn:{partition}:s3:::{S3BucketSource.S3Bucket}/*"),
    look(&["DescribeExport"], "arn:{partition}:dynamodb:{region}:{account}:table/{ExportArn}"),
    look(&["DescribeImport"], "arn:{partition}:dynamodb:{region}:{account}:table/{ImportArn}"),
    look(
        &["DescribeStream", "GetShardIterator"],
        "arn:{partition}:dynamodb:{region}:{account}:table/{StreamArn}",
    ),
    look(&["ExecuteStatement"], "arn:{partition}:dynamodb:{region}:{account}:table/{table of the statement}"),
    look(
        &["ExecuteStatement"],
        "arn:{partition}:dynamodb:{region}:{account}:table/{table of the statement}/index/{index of the statement}",
    ),
    look(&["GetInsightRuleReport"], "arn:{partition}:cloudwatch:{region}:{account}:insight-rule/{RuleName}"),
    look(SCALE, "arn:{partition}:dynamodb:{region}:{account}:table/{table that scales}"),
    // A shard's iterator is a token that AWS gave for a stream that was looked at before.
    look(&["GetRecords"], "*"),
];

/// What needs more than its name: the table that a PartiQL statement names, by our own reading of what is sent; and a KMS
/// key, apart from the ARN of an alias, which is no key's.
pub(crate) fn place(place: &str, request: &RequestView) -> Option<Vec<String>> {
    let keys = || {
        ["SSESpecification.KMSMasterKeyId", "S3SseKmsKeyId"].into_iter().flat_map(|path| request.texts(path))
    };
    let is_alias = |text: &String| text.starts_with("arn:") && text.contains(":alias/");
    let statements = || request.texts("Statement").into_iter().filter_map(|text| partiql::parse(&text).ok());
    match place {
        "table of the statement" => Some(statements().map(|read| read.table).collect()),
        "index of the statement" => Some(statements().filter_map(|read| read.index).collect()),
        // `table/orders` or `table/orders/index/by-date`
        "table that scales" => {
            let ids = request.texts("ResourceId");
            let names = ids.iter().filter_map(|id| id.strip_prefix("table/")?.split('/').next());
            Some(names.map(str::to_owned).collect())
        }
        // All below it.
        "export prefix" => {
            let prefix = request.texts("S3Prefix").into_iter().next().unwrap_or_default();
            Some(vec![format!("{prefix}*")])
        }
        "key of the request" => Some(keys().filter(|text| !is_alias(text)).collect()),
        "alias of the request" => Some(keys().filter(is_alias).collect()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::actions;

    /// The operations that an action may stand for.
    fn operations(action: &str) -> BTreeSet<String> {
        let of_table = actions::TABLE.iter().filter(|(_, actions)| actions.contains(&action));
        let mut operations: BTreeSet<String> = of_table.map(|(name, _)| (*name).to_owned()).collect();
        operations.extend(action.split_once(':').map(|(_, name)| name.to_owned()));
        operations
    }

    /// Whether this server sends it: the rest DynamoDB does itself, with the caller's permissions.
    fn is_sent(operation: &str) -> bool {
        const ITS_OWN: [&str; 14] = [
            "AbortMultipartUpload",
            "ConditionCheckItem",
            "CreateGrant",
            "CreateLogGroup",
            "CreateLogStream",
            "CreateTableReplica",
            "Decrypt",
            "DeleteTableReplica",
            "DescribeKey",
            "DescribeLogStreams",
            "GenerateDataKey",
            "PutLogEvents",
            "PutObjectAcl",
            "PutRetentionPolicy",
        ];
        let is_language = operation.starts_with("PartiQL");
        let is_others =
            ["BatchExecuteStatement", "ExecuteTransaction", "GetObject", "ListBucket", "PutObject"];
        !ITS_OWN.contains(&operation) && !is_language && !is_others.contains(&operation)
    }

    /// The operations that the table looks at by the members that all of DynamoDB's have, and those members.
    fn names_a_table(operation: &str) -> bool {
        const PLAIN: [&str; 16] = [
            "CreateBackup",
            "DeleteItem",
            "DeleteTable",
            "DescribeContinuousBackups",
            "DescribeContributorInsights",
            "DescribeTable",
            "DescribeTimeToLive",
            "GetItem",
            "PutItem",
            "RestoreTableToPointInTime",
            "UpdateContinuousBackups",
            "UpdateContributorInsights",
            "UpdateItem",
            "UpdateTimeToLive",
            "ListExports",
            "ListImports",
        ];
        PLAIN.contains(&operation)
    }

    #[test]
    fn every_operation_that_is_declared_on_an_arn_is_looked_at() {
        let manifest = crate::server().manifest();
        let on_arns = manifest.tools.iter().flat_map(|tool| &tool.needs).filter(|need| need.arn != "*");
        let mut seen = BTreeSet::new();
        for operation in on_arns.flat_map(|need| operations(&need.action)).filter(|name| is_sent(name)) {
            let is_named = LOOKS.iter().any(|look| look.operations.contains(&operation.as_str()));
            assert!(is_named || names_a_table(&operation), "no look is about {operation}");
            seen.insert(operation);
        }
        assert!(seen.len() > 30, "{seen:?}");
        for look in LOOKS {
            let stray = look.operations.iter().find(|name| **name != "*" && !seen.contains(**name));
            assert_eq!(stray, None, "a look is about what no tool declares");
        }
    }
}
