//! Each tool needs the IAM actions that it declares, all of them and no other.
//!
//! A row makes what its calls need, as root, and then calls the tool so that every declared action is used. From the
//! rows follow the proofs: what is called is what is declared, the policy that `iam-policy` prints is enough, and
//! without any one of its actions the tool fails by name.
#![cfg(test)]

use awsmcp_dynamodb::DynamoDb;
use awsmcp_mcp::{Risk, Server};
use awsmcp_testing::{Exception, LocalAws, Permissions, Request, Response, Row, Run};
use serde_json::{Value, json};

fn permissions() -> Permissions {
    Permissions {
        binary: env!("CARGO_BIN_EXE_awsmcp-dynamodb"),
        aws: LocalAws::shared_with_iam,
        manifest: awsmcp_dynamodb::server().manifest(),
        actions: |operation| {
            let service = match operation {
                "GetMetricData" | "GetInsightRuleReport" => "CloudWatch",
                _ if operation.contains("Scal") => "Application Auto Scaling",
                _ => "DynamoDB",
            };
            Server::<DynamoDb>::actions(service, operation)
        },
        arns: |name| vec![format!("arn:aws:dynamodb:us-east-1:123456789012:table/{name}*")],
        rows: ROWS,
        exceptions: EXCEPTIONS,
    }
}

awsmcp_testing::permission_proofs!(permissions);

const ROWS: &[Row] = &[
    Row::new("whoami", |run| run.call(json!({}), "arn:aws:iam::123456789012:").map(drop)),
    Row::new("list_tables", |run| {
        let table = table(run);
        run.call(json!({"prefix": table}), &table)?;
        run.call(json!({"prefix": table, "details": true}), "pk (S)")?;
        for part in ["off\toff", "own key\tfalse"] {
            run.call(json!({"prefix": table, "options": true}), part)?;
        }
        Ok(())
    }),
    Row::new("describe_table", |run| {
        let table = table(run);
        let tags = json!([{"Key": "team", "Value": "web"}]);
        aws(run, "TagResource", json!({"ResourceArn": arn(&table), "Tags": tags}));
        run.call(json!({"table": table}), "\"ttl\":\"off\",\"pitr\":\"off\"")?;
        run.call(json!({"table": table}), "\"tags\":{\"team\":\"web\"}")?;
        run.call(json!({"table": table}), "\"insights\":\"off\",\"resource_policy\":false")?;
        let provisioned = provisioned(run);
        run.call(json!({"table": provisioned, "scaling": true}), "read 5 to 100 at 70 %").map(drop)
    })
    .serves(scaling),
    Row::new("query", |run| {
        let table = table(run);
        put(run, &table, "a");
        let key = |attribute: &str| json!([{"attribute": attribute, "op": "=", "value": "a"}]);
        run.call(json!({"table": table, "key": key("pk")}), "\"pk\":\"a\"")?;
        run.call(json!({"table": table, "index": "by-status", "key": key("status")}), "0 rows")?;
        run.call(json!({"table": table, "index": "by-status", "key": key("status"), "whole": true}), "0 rows")?;
        aws(run, "PutItem", json!({"TableName": table, "Item": {"pk": {"S": "b"}, "status": {"S": "b"}}}));
        let key_b = json!([{"attribute": "status", "op": "=", "value": "b"}]);
        run.call(json!({"table": table, "index": "by-status", "key": key_b, "whole": true}), "1 row")?;
        run.fails(json!({"table": table, "key": key("id")}), "has the key pk (S)").map(drop)
    }),
    Row::new("scan", |run| {
        let table = table(run);
        put(run, &table, "a");
        run.call(json!({"table": table}), "\"pk\":\"a\"")?;
        run.call(json!({"table": table, "index": "by-status"}), "1 row")?;
        let filter = json!([{"attribute": "pk", "op": "=", "value": "a"}]);
        run.call(json!({"table": table, "filter": filter}), "a query would do: pk").map(drop)
    }),
    Row::new("get_items", |run| {
        let table = table(run);
        put(run, &table, "a");
        run.call(json!({"table": table, "keys": [{"pk": "a"}]}), "\"pk\":\"a\"")?;
        run.fails(json!({"table": table, "keys": [{"id": "a"}]}), "has the key pk (S)").map(drop)
    }),
    Row::new("infer_schema", |run| {
        let table = table(run);
        put(run, &table, "a");
        run.call(json!({"table": table}), "\"sampled\":1").map(drop)
    }),
    Row::new("search_vectors", |run| {
        let table = run.name("vectors");
        aws(
            run,
            "CreateTable",
            json!({
                "TableName": table, "BillingMode": "PAY_PER_REQUEST",
                "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
                "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
                "VectorIndexes": [{
                    "IndexName": "by-vector", "VectorAttribute": {"AttributeName": "v"}, "Dimensions": 2,
                    "DistanceFunction": "COSINE", "Projection": {"ProjectionType": "ALL"},
                }],
            }),
        );
        let vector = json!({"L": [{"N": "1"}, {"N": "0"}]});
        aws(run, "PutItem", json!({"TableName": table, "Item": {"pk": {"S": "a"}, "v": vector}}));
        run.call(json!({"table": table, "index": "by-vector", "vector": [1, 0]}), "\"pk\":\"a\"")?;
        run.call(json!({"table": table, "index": "by-vector", "like": {"pk": "a"}}), "\"pk\":\"a\"").map(drop)
    }),
    Row::new("run_partiql", |run| {
        let table = table(run);
        put(run, &table, "a");
        let statement = format!("SELECT * FROM \"{table}\"");
        run.call(json!({"table": table, "statement": statement}), "the partition key pk").map(drop)
    }),
    Row::new("read_stream", |run| {
        let table = table(run);
        put(run, &table, "a");
        run.call(json!({"table": table}), "INSERT").map(drop)
    }),
    Row::new("diagnose_table", |run| {
        let table = table(run);
        run.call(json!({"table": table}), "contributor insights are off").map(drop)
    })
    .arns(&["arn:aws:cloudwatch:*:*:insight-rule/*"]),
    Row::new("put_items", |run| {
        let table = table(run);
        run.call(json!({"table": table, "items": [{"pk": "a"}]}), "\"written\":1")?;
        run.call(json!({"table": table, "items": [{"pk": "a"}], "overwrite": true}), "\"written\":1").map(drop)
    }),
    Row::new("update_item", |run| {
        let table = table(run);
        put(run, &table, "a");
        run.call(json!({"table": table, "key": {"pk": "a"}, "set": {"n": 1}}), "after").map(drop)
    }),
    Row::new("update_items", |run| {
        let table = table(run);
        put(run, &table, "a");
        let filter = json!([{"attribute": "pk", "op": "=", "value": "a"}]);
        run.call(json!({"table": table, "filter": filter, "set": {"n": 1}}), "\"changed\":1").map(drop)
    }),
    Row::new("delete_items", |run| {
        let table = table(run);
        for key in ["a", "b", "c"] {
            put(run, &table, key);
        }
        run.call(json!({"table": table, "keys": [{"pk": "a"}]}), "\"deleted\":1")?;
        let condition = json!([{"attribute": "pk", "op": "exists"}]);
        run.call(json!({"table": table, "keys": [{"pk": "b"}], "condition": condition}), "\"deleted\":1")?;
        let raw = json!({"table": table, "keys": [{"pk": "c"}], "condition_expression": "attribute_exists(pk)"});
        run.call(raw, "\"deleted\":1").map(drop)
    }),
    Row::new("transact", |run| {
        let table = table(run);
        for key in ["a", "b", "c"] {
            put(run, &table, key);
        }
        run.call(json!({"get": [{"table": table, "key": {"pk": "a"}}]}), "get\t")?;
        let write = json!([
            {"op": "put", "table": table, "item": {"pk": "d"}},
            {"op": "update", "table": table, "key": {"pk": "a"}, "set": {"n": 1}},
            {"op": "delete", "table": table, "key": {"pk": "b"}},
            {"op": "check", "table": table, "key": {"pk": "c"}, "condition": [{"attribute": "pk", "op": "exists"}]},
        ]);
        run.call(json!({"write": write}), "check\t").map(drop)
    })
    .allows(Risk::Destroy),
    Row::new("write_partiql", |run| {
        let table = table(run);
        let call = |statement: String| json!({"table": table, "statement": statement});
        run.call(call(format!("INSERT INTO \"{table}\" VALUE {{'pk': 'a'}}")), "INSERT")?;
        run.call(call(format!("UPDATE \"{table}\" SET n = 1 WHERE pk = 'a'")), "UPDATE")?;
        run.call(call(format!("DELETE FROM \"{table}\" WHERE pk = 'a'")), "DELETE").map(drop)
    })
    .allows(Risk::Destroy),
    Row::new("list_backups", |run| {
        // An import that finds nothing takes its table away again.
        let (import, bucket) = (run.name("import"), run.name("imported"));
        run.aws().create_bucket(&bucket);
        run.aws().put_object(&bucket, "a.csv", &[], "id\n1\n");
        aws(run, "ImportTable", importing(&import, &bucket));
        let table = table(run);
        recoverable(run, &table);
        aws(run, "CreateBackup", json!({"TableName": table, "BackupName": "nightly"}));
        aws(run, "ExportTableToPointInTime", json!({"TableArn": arn(&table), "S3Bucket": "exports"}));
        run.call(json!({"table": table}), "nightly")?;
        run.call(json!({"kind": "exports", "table": table}), &table)?;
        run.call(json!({"kind": "imports", "table": import}), &import).map(drop)
    }),
    Row::new("create_table", |run| {
        let table = run.name("new");
        let call = json!({"table": table, "partition_key": "id", "tags": {"team": "web"}, "kms_key": KEY});
        run.call(call, "ACTIVE").map(drop)
    })
    .arns(&[KEY]),
    Row::new("update_table", |run| {
        let table = table(run);
        run.call(json!({"table": table, "deletion_protection": true}), "ACTIVE")?;
        let units = json!({"table": provisioned(run), "read_units": 6, "write_units": 6});
        run.plan(units.clone(), "the read units scale by their use")?;
        run.call(units, "ACTIVE")?;
        run.call(json!({"table": table, "add_replicas": ["eu-west-1"]}), "add replica")?;
        run.call(json!({"table": table, "delete_replicas": ["eu-west-1"]}), "delete replica").map(drop)
    })
    .serves(scaling)
    .arns(&["arn:aws:dynamodb:eu-west-1:*:table/*"])
    .regions(&["eu-west-1"])
    .allows(Risk::Destroy),
    Row::new("scale_table", |run| {
        let table = provisioned(run);
        run.call(json!({"table": table, "min": 5, "max": 50, "target": 60}), "read at 60 %")?;
        run.call(json!({"table": table, "fixed": true}), "read fixed at 5").map(drop)
    })
    .serves(scaling)
    .arns(&["arn:aws:application-autoscaling:*:*:scalable-target/*"]),
    Row::new("set_table_option", |run| {
        let table = table(run);
        let policy = json!({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}, "Action": "dynamodb:GetItem", "Resource": arn(&table),
        }]});
        for (call, done) in [
            (json!({"ttl_attribute": "expires"}), "ttl"),
            (json!({"pitr": true}), "pitr"),
            (json!({"tags": {"team": "web"}}), "tags"),
            (json!({"remove_tags": ["team"]}), "remove_tags"),
            (json!({"policy": policy}), "policy"),
            (json!({"remove_policy": true}), "remove_policy"),
            (json!({"insights": true}), "insights"),
        ] {
            run.call(with(json!({"table": table}), call), &format!("\"set\":[\"{done}\"]"))?;
        }
        Ok(())
    }),
    Row::new("create_backup", |run| {
        let table = table(run);
        run.call(json!({"table": table, "name": "nightly"}), "arn").map(drop)
    }),
    Row::new("restore_table", |run| {
        let table = table(run);
        recoverable(run, &table);
        let backup = backup(run, &table);
        run.call(json!({"table": run.name("from-backup"), "backup": backup}), "ACTIVE")?;
        run.call(json!({"table": run.name("from-time"), "source_table": table}), "ACTIVE").map(drop)
    }),
    Row::new("export_table", |run| {
        let table = table(run);
        recoverable(run, &table);
        run.call(json!({"table": table, "bucket": "exports"}), "arn")?;
        run.call(json!({"table": table, "bucket": "exports", "kms_key": KEY}), "arn").map(drop)
    })
    .arns(&["arn:aws:s3:::exports/*", KEY]),
    Row::new("import_table", |run| {
        let call = json!({"table": run.name("new"), "partition_key": "id", "bucket": "imports", "format": "csv"});
        run.call(call, "arn").map(drop)
    })
    .arns(&["arn:aws:s3:::imports*", "arn:aws:logs:us-east-1:123456789012:log-group:/aws-dynamodb/*"]),
    Row::new("delete_table", |run| {
        let table = table(run);
        run.plan(json!({"table": table}), "it has no backup")?;
        run.plan(json!({"table": table}), "point-in-time recovery is off")?;
        run.call(json!({"table": table}), "\"status\":\"deleted\"").map(drop)
    }),
    Row::new("delete_backup", |run| {
        let table = table(run);
        let backup = backup(run, &table);
        run.call(json!({"backup": backup}), "\"outcome\":\"deleted\"").map(drop)
    }),
];

const KEY: &str = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const KEYS: &str = "DynamoDB itself does it with the caller's permissions; no KMS takes part here";
const FILLS: &str = "DynamoDB itself does it with the caller's permissions while it fills the new table";
const MOVES: &str = "DynamoDB itself does it with the caller's permissions; no S3 and no logs take part here";

const SCALES: &str = "the local AWS has no Application Auto Scaling";
const SCALING: &[&str] = &["describe_table", "scale_table", "update_table"];

const EXCEPTIONS: &[Exception] = &[
    Exception::of(
        &["whoami"],
        "sts:GetCallerIdentity",
        "AWS answers it to everybody; it is asked for by the session",
    )
    .unmade()
    .unnoticed(),
    Exception::of(
        &["diagnose_table"],
        "cloudwatch:GetInsightRuleReport",
        "it is asked where contributor insights have rules, and the local AWS has none",
    )
    .unmade()
    .unnoticed(),
    Exception::of(
        &["create_table"],
        "dynamodb:TagResource",
        "ministack does not check the tags of a new table",
    )
    .unmade()
    .unchecked(|request| request.operation() == "CreateTable" && request.json()["Tags"].is_array()),
    Exception::of(
        &["update_table"],
        "dynamodb:CreateTableReplica",
        "ministack does not check what UpdateTable implies",
    )
    .unmade()
    .unchecked(adds_replica),
    Exception::of(&["update_table"], "dynamodb:DeleteTableReplica", "as above").unmade().unchecked(
        |request| {
            request.operation() == "UpdateTable" && request.json()["ReplicaUpdates"][0]["Delete"].is_object()
        },
    ),
    Exception::of(&["update_table"], "dynamodb:CreateTable", FILLS).unmade().unchecked(adds_replica),
    Exception::of(FILLING, "dynamodb:BatchWriteItem", FILLS).unmade().unchecked(fills),
    Exception::of(FILLING, "dynamodb:DeleteItem", FILLS).unmade().unchecked(fills),
    Exception::of(FILLING, "dynamodb:GetItem", FILLS).unmade().unchecked(fills),
    Exception::of(FILLING, "dynamodb:PutItem", FILLS).unmade().unchecked(fills),
    Exception::of(FILLING, "dynamodb:Query", FILLS).unmade().unchecked(fills),
    Exception::of(FILLING, "dynamodb:Scan", FILLS).unmade().unchecked(fills),
    Exception::of(FILLING, "dynamodb:UpdateItem", FILLS).unmade().unchecked(fills),
    Exception::of(SCALING, "application-autoscaling:DescribeScalableTargets", SCALES)
        .unchecked(|request| request.operation() == "DescribeScalableTargets"),
    Exception::of(
        &["describe_table", "scale_table"],
        "application-autoscaling:DescribeScalingPolicies",
        SCALES,
    )
    .unchecked(|request| request.operation() == "DescribeScalingPolicies"),
    Exception::of(&["scale_table"], "application-autoscaling:RegisterScalableTarget", SCALES)
        .unchecked(|request| request.operation() == "RegisterScalableTarget"),
    Exception::of(&["scale_table"], "application-autoscaling:PutScalingPolicy", SCALES)
        .unchecked(|request| request.operation() == "PutScalingPolicy"),
    Exception::of(&["scale_table"], "application-autoscaling:DeregisterScalableTarget", SCALES)
        .unchecked(|request| request.operation() == "DeregisterScalableTarget"),
    Exception::of(&["create_table"], "kms:CreateGrant", KEYS).unmade().unchecked(encrypts),
    Exception::of(&["create_table"], "kms:DescribeKey", KEYS).unmade().unchecked(encrypts),
    Exception::of(&["export_table"], "kms:Decrypt", KEYS).unmade().unchecked(encrypts),
    Exception::of(&["export_table"], "kms:GenerateDataKey", KEYS).unmade().unchecked(encrypts),
    Exception::of(&["export_table"], "s3:PutObject", MOVES).unmade().unchecked(moves),
    Exception::of(&["export_table"], "s3:PutObjectAcl", MOVES).unmade().unchecked(moves),
    Exception::of(&["export_table"], "s3:AbortMultipartUpload", MOVES).unmade().unchecked(moves),
    Exception::of(&["import_table"], "s3:GetObject", MOVES).unmade().unchecked(moves),
    Exception::of(&["import_table"], "s3:ListBucket", MOVES).unmade().unchecked(moves),
    Exception::of(&["import_table"], "logs:CreateLogGroup", MOVES).unmade().unchecked(moves),
    Exception::of(&["import_table"], "logs:CreateLogStream", MOVES).unmade().unchecked(moves),
    Exception::of(&["import_table"], "logs:DescribeLogGroups", MOVES).unmade().unchecked(moves),
    Exception::of(&["import_table"], "logs:DescribeLogStreams", MOVES).unmade().unchecked(moves),
    Exception::of(&["import_table"], "logs:PutLogEvents", MOVES).unmade().unchecked(moves),
    Exception::of(&["import_table"], "logs:PutRetentionPolicy", MOVES).unmade().unchecked(moves),
];

/// Application Auto Scaling, with a table that scales.
fn scaling(request: &Request) -> Option<Response> {
    let scaled = |id: &Value| {
        json!({"ServiceNamespace": "dynamodb", "ResourceId": id, "ScalableDimension": "dynamodb:table:ReadCapacityUnits",
            "CreationTime": 1})
    };
    Some(Response::output(match request.operation() {
        "DescribeScalableTargets" => {
            let bounds =
                json!({"MinCapacity": 5, "MaxCapacity": 100, "RoleARN": "arn:aws:iam::123456789012:role/a"});
            json!({"ScalableTargets": [with(scaled(&request.json()["ResourceIds"][0]), bounds)]})
        }
        "DescribeScalingPolicies" => {
            let tracking = json!({"TargetValue": 70.0, "PredefinedMetricSpecification":
                {"PredefinedMetricType": "DynamoDBReadCapacityUtilization"}});
            let policy = json!({"PolicyARN": "arn:aws:autoscaling:us-east-1:123456789012:scalingPolicy:x", "PolicyName": "p",
                "PolicyType": "TargetTrackingScaling", "TargetTrackingScalingPolicyConfiguration": tracking});
            json!({"ScalingPolicies": [with(scaled(&request.json()["ResourceId"]), policy)]})
        }
        "RegisterScalableTarget" | "DeregisterScalableTarget" => json!({}),
        "PutScalingPolicy" => {
            json!({"PolicyARN": "arn:aws:autoscaling:us-east-1:123456789012:scalingPolicy:x"})
        }
        _ => return None,
    }))
}

const FILLING: &[&str] = &["restore_table", "update_table"];

fn fills(request: &Request) -> bool {
    request.operation().starts_with("RestoreTable") || adds_replica(request)
}

fn adds_replica(request: &Request) -> bool {
    request.operation() == "UpdateTable" && request.json()["ReplicaUpdates"][0]["Create"].is_object()
}

fn encrypts(request: &Request) -> bool {
    let body = request.json();
    body["SSESpecification"].is_object() || body["S3SseKmsKeyId"].is_string()
}

fn moves(request: &Request) -> bool {
    matches!(request.operation(), "ExportTableToPointInTime" | "ImportTable")
}

fn aws(run: &Run<'_>, operation: &str, input: Value) -> Value {
    run.aws().call("dynamodb", operation, input)
}

/// A table of the row's own, with a stream and an index.
fn table(run: &Run<'_>) -> String {
    let table = run.name("table");
    let hash = |name: &str| json!([{"AttributeName": name, "KeyType": "HASH"}]);
    aws(
        run,
        "CreateTable",
        json!({
            "TableName": table,
            "KeySchema": hash("pk"),
            "AttributeDefinitions": [
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "status", "AttributeType": "S"},
            ],
            "BillingMode": "PAY_PER_REQUEST",
            "GlobalSecondaryIndexes": [
                {"IndexName": "by-status", "KeySchema": hash("status"), "Projection": {"ProjectionType": "ALL"}},
            ],
            "StreamSpecification": {"StreamEnabled": true, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        }),
    );
    table
}

/// A table of the row's own with 5 units of each kind.
fn provisioned(run: &Run<'_>) -> String {
    let table = run.name("units");
    aws(
        run,
        "CreateTable",
        json!({
            "TableName": table,
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
            "ProvisionedThroughput": {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5},
        }),
    );
    table
}

fn put(run: &Run<'_>, table: &str, key: &str) {
    aws(run, "PutItem", json!({"TableName": table, "Item": {"pk": {"S": key}, "status": {"S": "open"}}}));
}

fn recoverable(run: &Run<'_>, table: &str) {
    let on = json!({"PointInTimeRecoveryEnabled": true});
    aws(run, "UpdateContinuousBackups", json!({"TableName": table, "PointInTimeRecoverySpecification": on}));
}

/// The ARN of a backup.
fn backup(run: &Run<'_>, table: &str) -> String {
    let made = aws(run, "CreateBackup", json!({"TableName": table, "BackupName": "nightly"}));
    made["BackupDetails"]["BackupArn"].as_str().unwrap().to_owned()
}

fn importing(table: &str, bucket: &str) -> Value {
    json!({
        "S3BucketSource": {"S3Bucket": bucket},
        "InputFormat": "CSV",
        "TableCreationParameters": {
            "TableName": table,
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "BillingMode": "PAY_PER_REQUEST",
        },
    })
}

fn arn(table: &str) -> String {
    format!("arn:aws:dynamodb:us-east-1:123456789012:table/{table}")
}

fn with(mut arguments: Value, more: Value) -> Value {
    arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    arguments
}
