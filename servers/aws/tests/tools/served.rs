//! What people ask, done with this server alone before the local AWS. Each test is an ask of docs/guides/asks.md.

use awsmcp_testing::Server;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use crate::world::{AWS, call, of};

const ROLE: &str = "arn:aws:iam::123456789012:role/asks";

/// Changes something as a person who agrees does, and gives what AWS answers, if anything.
#[track_caller]
fn does(server: &mut Server, service: &str, operation: &str, input: Value) -> Value {
    let answer = server.call("call_operation", of(service, operation, input.clone()));
    let answer = match answer.plan_token() {
        Some(_) => server.confirmed("call_operation", of(service, operation, input)),
        None => answer,
    };
    let said = answer.ok();
    if said.contains('{') { answer.object() } else { Value::Null }
}

/// What a query finds in the answer of an operation that looks, without what the server says of it.
#[track_caller]
fn finds(server: &mut Server, service: &str, operation: &str, input: Value, query: &str) -> String {
    let mut arguments = of(service, operation, input);
    arguments["query"] = json!(query);
    let answer = server.call("call_operation", arguments);
    let said = answer.ok();
    let found = said.split("\nnote: ").next().unwrap_or(said).trim();
    found.trim_matches('"').to_owned()
}

#[track_caller]
fn shows(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part} is missing in {text}");
    }
}

/// What an object holds.
#[track_caller]
fn content(server: &mut Server, bucket: &str, key: &str) -> String {
    let body = finds(server, "s3", "GetObject", json!({"Bucket": bucket, "Key": key}), "Body");
    // More than a line stands between marks.
    body.lines().filter(|line| !line.contains("data ")).collect::<Vec<_>>().join("\n")
}

fn bucket(server: &mut Server, name: &str, objects: &[(&str, &str)]) {
    does(server, "s3", "CreateBucket", json!({"Bucket": name}));
    for (key, body) in objects {
        let body = BASE64_STANDARD.encode(body.as_bytes());
        does(server, "s3", "PutObject", json!({"Bucket": name, "Key": key, "Body": body}));
    }
}

fn keys(server: &mut Server, bucket: &str) -> String {
    finds(server, "s3", "ListObjectsV2", json!({"Bucket": bucket}), "[].Key")
}

fn table(server: &mut Server, name: &str, keys: &[(&str, &str)]) {
    let schema: Vec<Value> =
        keys.iter().map(|(name, kind)| json!({"AttributeName": name, "KeyType": kind})).collect();
    let types: Vec<Value> =
        keys.iter().map(|(name, _)| json!({"AttributeName": name, "AttributeType": "S"})).collect();
    let input = json!({"TableName": name, "KeySchema": schema, "AttributeDefinitions": types, "BillingMode": "PAY_PER_REQUEST"});
    does(server, "dynamodb", "CreateTable", input);
}

#[test]
fn create_s3_bucket_with_config() {
    let mut server = AWS.start();
    let bucket = "asks-configured";
    does(&mut server, "s3", "CreateBucket", json!({"Bucket": bucket}));
    let block = json!({"BlockPublicAcls": true, "IgnorePublicAcls": true, "BlockPublicPolicy": true, "RestrictPublicBuckets": true});
    let rules = json!([{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]);
    let tags = json!([{"Key": "Environment", "Value": "Testing"}, {"Key": "Owner", "Value": "AITeam"}]);
    for (operation, member, value) in [
        ("PutPublicAccessBlock", "PublicAccessBlockConfiguration", block),
        ("PutBucketEncryption", "ServerSideEncryptionConfiguration", json!({"Rules": rules})),
        ("PutBucketVersioning", "VersioningConfiguration", json!({"Status": "Enabled"})),
        ("PutBucketTagging", "Tagging", json!({"TagSet": tags})),
    ] {
        does(&mut server, "s3", operation, json!({"Bucket": bucket, member: value}));
    }
    let named = json!({"Bucket": bucket});
    call(&mut server, "s3", "GetPublicAccessBlock", named.clone()).holds(&["\"RestrictPublicBuckets\":true"]);
    call(&mut server, "s3", "GetBucketEncryption", named.clone()).holds(&["AES256"]);
    call(&mut server, "s3", "GetBucketVersioning", named.clone()).holds(&["Enabled"]);
    call(&mut server, "s3", "GetBucketTagging", named).holds(&["Environment", "Testing", "AITeam"]);
}

#[test]
fn create_dynamodb_tables_from_csv() {
    let mut server = AWS.start();
    bucket(&mut server, "asks-csv", &[("orders.csv", "customer,order,status\nann,1,open\nbob,2,paid\n")]);
    let text = content(&mut server, "asks-csv", "orders.csv");
    let input = json!({
        "TableName": "orders",
        "KeySchema": [{"AttributeName": "customer", "KeyType": "HASH"}, {"AttributeName": "order", "KeyType": "RANGE"}],
        "AttributeDefinitions": [
            {"AttributeName": "customer", "AttributeType": "S"},
            {"AttributeName": "order", "AttributeType": "S"},
            {"AttributeName": "status", "AttributeType": "S"},
        ],
        "GlobalSecondaryIndexes": [{
            "IndexName": "by-status",
            "KeySchema": [{"AttributeName": "status", "KeyType": "HASH"}],
            "Projection": {"ProjectionType": "ALL"},
        }],
        "BillingMode": "PAY_PER_REQUEST",
    });
    does(&mut server, "dynamodb", "CreateTable", input);
    let mut waited = of("dynamodb", "DescribeTable", json!({"TableName": "orders"}));
    waited["wait"] = json!("table-exists");
    server.call("call_operation", waited).holds(&["by-status"]);
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().unwrap().split(',').collect();
    let puts: Vec<Value> = lines
        .map(|line| {
            let item: serde_json::Map<String, Value> = names
                .iter()
                .zip(line.split(','))
                .map(|(name, value)| ((*name).to_owned(), json!({"S": value})))
                .collect();
            json!({"PutRequest": {"Item": item}})
        })
        .collect();
    assert_eq!(puts.len(), 2);
    does(&mut server, "dynamodb", "BatchWriteItem", json!({"RequestItems": {"orders": puts}}));
    let query = json!({
        "TableName": "orders", "IndexName": "by-status",
        "KeyConditionExpression": "#s = :s", "ExpressionAttributeNames": {"#s": "status"},
        "ExpressionAttributeValues": {":s": {"S": "paid"}},
    });
    shows(&finds(&mut server, "dynamodb", "Query", query, "[].customer.S"), &["bob"]);
}

#[test]
fn dynamodb_strip_ec2_fields_from_prod() {
    let mut server = AWS.start();
    table(&mut server, "asks-servers", &[("id", "HASH")]);
    for (id, field) in [("web-prod", "ec2_instance_id"), ("db-prod", "rack"), ("web-test", "ec2_instance_id")]
    {
        let item = json!({"id": {"S": id}, field: {"S": "x"}});
        does(&mut server, "dynamodb", "PutItem", json!({"TableName": "asks-servers", "Item": item}));
    }
    let scan = json!({
        "TableName": "asks-servers",
        "FilterExpression": "attribute_exists(ec2_instance_id) AND contains(id, :prod)",
        "ExpressionAttributeValues": {":prod": {"S": "-prod"}},
    });
    let found = finds(&mut server, "dynamodb", "Scan", scan.clone(), "[].id.S");
    assert!(
        found.contains("web-prod") && !found.contains("web-test") && !found.contains("db-prod"),
        "{found}"
    );
    let update = json!({
        "TableName": "asks-servers", "Key": {"id": {"S": "web-prod"}},
        "UpdateExpression": "REMOVE ec2_instance_id, ec2_instance_type",
    });
    does(&mut server, "dynamodb", "UpdateItem", update);
    call(&mut server, "dynamodb", "Scan", scan).lacks(&["web-prod"]);
    let kept = json!({"TableName": "asks-servers", "Key": {"id": {"S": "web-test"}}});
    call(&mut server, "dynamodb", "GetItem", kept).holds(&["ec2_instance_id"]);
}

#[test]
fn move_s3_contents_and_cleanup() {
    let mut server = AWS.start();
    let name = "asks-moved";
    bucket(
        &mut server,
        name,
        &[("in/2023-report.txt", "old"), ("in/2025-report.txt", "new"), ("other.txt", "kept")],
    );
    for key in ["2023-report.txt", "2025-report.txt"] {
        let copy =
            json!({"Bucket": name, "Key": format!("out/{key}"), "CopySource": format!("{name}/in/{key}")});
        does(&mut server, "s3", "CopyObject", copy);
    }
    let gone =
        json!([{"Key": "in/2023-report.txt"}, {"Key": "in/2025-report.txt"}, {"Key": "out/2023-report.txt"}]);
    does(&mut server, "s3", "DeleteObjects", json!({"Bucket": name, "Delete": {"Objects": gone}}));
    let left = keys(&mut server, name);
    assert!(left.contains("out/2025-report.txt") && left.contains("other.txt"), "{left}");
    assert!(!left.contains("in/") && !left.contains("2023"), "{left}");
    assert_eq!(content(&mut server, name, "out/2025-report.txt").trim(), "new");
}

#[test]
fn expand_elasticsearch_cfn_template() {
    let mut server = AWS.start();
    let plain = json!({"Resources": {"Jobs": {"Type": "AWS::SQS::Queue"}}}).to_string();
    bucket(&mut server, "asks-templates", &[("domain.json", &plain)]);
    let read = content(&mut server, "asks-templates", "domain.json");
    let mut template: Value = serde_json::from_str(&read).unwrap();
    template["Parameters"] =
        json!({"Stage": {"Type": "String", "AllowedValues": ["alpha", "beta", "gamma"], "Default": "alpha"}});
    let text = template.to_string();
    call(&mut server, "cloudformation", "ValidateTemplate", json!({"TemplateBody": text})).holds(&["Stage"]);
    let body = BASE64_STANDARD.encode(text.as_bytes());
    does(
        &mut server,
        "s3",
        "PutObject",
        json!({"Bucket": "asks-templates", "Key": "expanded.json", "Body": body}),
    );
    shows(&keys(&mut server, "asks-templates"), &["expanded.json"]);
}

#[test]
fn invalidate_cloudfront_cache() {
    let mut server = AWS.start();
    let config = json!({
        "CallerReference": "asks", "Comment": "asks", "Enabled": true,
        "Origins": {"Quantity": 1, "Items": [{"Id": "web", "DomainName": "asks.s3.amazonaws.com", "S3OriginConfig": {"OriginAccessIdentity": ""}}]},
        "DefaultCacheBehavior": {
            "TargetOriginId": "web", "ViewerProtocolPolicy": "allow-all", "MinTTL": 0,
            "ForwardedValues": {"QueryString": false, "Cookies": {"Forward": "none"}},
        },
    });
    let made = does(&mut server, "cloudfront", "CreateDistribution", json!({"DistributionConfig": config}));
    let domain = made["Distribution"]["DomainName"].as_str().unwrap();
    let query = format!("[?DomainName=='{domain}'].Id | [0]");
    let id = finds(&mut server, "cloudfront", "ListDistributions", json!({}), &query);
    let batch = json!({"Paths": {"Quantity": 1, "Items": ["/*"]}, "CallerReference": "asks-1"});
    does(
        &mut server,
        "cloudfront",
        "CreateInvalidation",
        json!({"DistributionId": id, "InvalidationBatch": batch}),
    );
    call(&mut server, "cloudfront", "ListInvalidations", json!({"DistributionId": id})).holds(&["1 row"]);
}

#[test]
fn create_vpc_valkey_dynamodb() {
    let mut server = AWS.start();
    let vpc = does(&mut server, "ec2", "CreateVpc", json!({"CidrBlock": "10.40.0.0/16"}));
    let vpc = vpc["Vpc"]["VpcId"].clone();
    let subnet = does(&mut server, "ec2", "CreateSubnet", json!({"VpcId": vpc, "CidrBlock": "10.40.1.0/24"}));
    let subnets = json!([subnet["Subnet"]["SubnetId"]]);
    let group =
        json!({"CacheSubnetGroupName": "asks", "CacheSubnetGroupDescription": "asks", "SubnetIds": subnets});
    does(&mut server, "elasticache", "CreateCacheSubnetGroup", group);
    let cache = json!({
        "ReplicationGroupId": "asks", "ReplicationGroupDescription": "asks", "Engine": "valkey",
        "CacheNodeType": "cache.t4g.micro", "CacheSubnetGroupName": "asks", "NumCacheClusters": 1,
    });
    does(&mut server, "elasticache", "CreateReplicationGroup", cache);
    table(&mut server, "asks-storage", &[("id", "HASH")]);
    let filter = json!({"Filters": [{"Name": "vpc-id", "Values": [vpc]}]});
    call(&mut server, "ec2", "DescribeSubnets", filter).holds(&["10.40.1.0/24"]);
    let named = json!({"ReplicationGroupId": "asks"});
    call(&mut server, "elasticache", "DescribeReplicationGroups", named).holds(&["asks"]);
    call(&mut server, "dynamodb", "DescribeTable", json!({"TableName": "asks-storage"})).holds(&["ACTIVE"]);
}

#[test]
fn serverless_stripe_api_with_stream() {
    let mut server = AWS.start();
    let stream = json!({"StreamEnabled": true, "StreamViewType": "NEW_IMAGE"});
    let input = json!({
        "TableName": "asks-visitors", "BillingMode": "PAY_PER_REQUEST", "StreamSpecification": stream,
        "KeySchema": [{"AttributeName": "ip", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "ip", "AttributeType": "S"}],
    });
    does(&mut server, "dynamodb", "CreateTable", input);
    let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]});
    does(
        &mut server,
        "iam",
        "CreateRole",
        json!({"RoleName": "asks-visitors", "AssumeRolePolicyDocument": trust.to_string()}),
    );
    let zip = BASE64_STANDARD.encode(empty_zip());
    let function = json!({
        "FunctionName": "asks-visitors", "Runtime": "python3.13", "Handler": "index.handler",
        "Role": "arn:aws:iam::123456789012:role/asks-visitors", "Code": {"ZipFile": zip},
    });
    let function = does(&mut server, "lambda", "CreateFunction", function);
    let api = does(&mut server, "apigatewayv2", "CreateApi", json!({"Name": "asks", "ProtocolType": "HTTP"}));
    let integration = json!({
        "ApiId": api["ApiId"], "IntegrationType": "AWS_PROXY", "IntegrationUri": function["FunctionArn"],
        "PayloadFormatVersion": "2.0",
    });
    let made = does(&mut server, "apigatewayv2", "CreateIntegration", integration);
    let target = format!("integrations/{}", made["IntegrationId"].as_str().unwrap());
    does(
        &mut server,
        "apigatewayv2",
        "CreateRoute",
        json!({"ApiId": api["ApiId"], "RouteKey": "POST /visit", "Target": target}),
    );
    let permission = json!({
        "FunctionName": "asks-visitors", "StatementId": "api", "Action": "lambda:InvokeFunction",
        "Principal": "apigateway.amazonaws.com",
    });
    does(&mut server, "lambda", "AddPermission", permission);
    call(&mut server, "apigatewayv2", "GetRoutes", json!({"ApiId": api["ApiId"]})).holds(&["POST /visit"]);
    call(&mut server, "lambda", "GetPolicy", json!({"FunctionName": "asks-visitors"}))
        .holds(&["apigateway.amazonaws.com"]);
}

/// A ZIP file of nothing: its end alone.
fn empty_zip() -> Vec<u8> {
    [b"PK\x05\x06".as_slice(), &[0; 18]].concat()
}

#[test]
fn create_emr_cluster_multi_master() {
    let mut server = AWS.start();
    let groups = json!([
        {"InstanceRole": "MASTER", "InstanceType": "m7g.xlarge", "InstanceCount": 3},
        {"InstanceRole": "CORE", "InstanceType": "m7g.xlarge", "InstanceCount": 1},
    ]);
    let input = json!({
        "Name": "asks", "ReleaseLabel": "emr-7.5.0", "ServiceRole": ROLE, "JobFlowRole": "EMR_EC2_DefaultRole",
        "Applications": [{"Name": "Spark"}],
        "Instances": {"InstanceGroups": groups, "KeepJobFlowAliveWhenNoSteps": true, "TerminationProtected": false},
        "PlacementGroupConfigs": [{"InstanceRole": "MASTER", "PlacementStrategy": "SPREAD"}],
    });
    let plan = of("emr", "RunJobFlow", input.clone());
    server.plan("call_operation", plan).holds(&["m7g.xlarge", "SPREAD"]);
    let id = does(&mut server, "emr", "RunJobFlow", input)["JobFlowId"].clone();
    call(&mut server, "emr", "DescribeCluster", json!({"ClusterId": id})).holds(&["asks", "emr-7.5.0"]);
    call(&mut server, "emr", "ListInstanceGroups", json!({"ClusterId": id})).holds(&["MASTER", "CORE"]);
}

#[test]
fn iot_thing_restrict_vpce_ipv4() {
    let mut server = AWS.start();
    does(&mut server, "iot", "CreateThing", json!({"thingName": "asks-thing"}));
    let keys = does(&mut server, "iot", "CreateKeysAndCertificate", json!({"setAsActive": true}));
    let principal = keys["certificateArn"].clone();
    does(
        &mut server,
        "iot",
        "AttachThingPrincipal",
        json!({"thingName": "asks-thing", "principal": principal}),
    );
    let document = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Resource": "*",
        "Action": ["iot:Connect", "iot:Publish", "iot:Subscribe", "iot:Receive"],
        "Condition": {"StringEquals": {"aws:SourceVpce": "vpce-0123"}},
    }]});
    does(
        &mut server,
        "iot",
        "CreatePolicy",
        json!({"policyName": "asks-vpce", "policyDocument": document.to_string()}),
    );
    let found = finds(&mut server, "iot", "ListThingPrincipals", json!({"thingName": "asks-thing"}), "[0]");
    assert_eq!(found, principal.as_str().unwrap());
    does(&mut server, "iot", "AttachPolicy", json!({"policyName": "asks-vpce", "target": principal}));
    call(&mut server, "iot", "ListAttachedPolicies", json!({"target": principal})).holds(&["asks-vpce"]);
}

#[test]
fn ecs_on_ec2_with_cloudmap() {
    let mut server = AWS.start();
    let named = does(&mut server, "servicediscovery", "CreateHttpNamespace", json!({"Name": "asks.local"}));
    assert!(named["OperationId"].is_string(), "{named}");
    let query = "[?Name=='asks.local'].Id | [0]";
    let id = finds(&mut server, "servicediscovery", "ListNamespaces", json!({}), query);
    let registry = json!({"Name": "web", "NamespaceId": id});
    let registry = does(&mut server, "servicediscovery", "CreateService", registry);
    does(&mut server, "ecs", "CreateCluster", json!({"clusterName": "asks"}));
    let task = json!({"family": "asks-web", "containerDefinitions": [{"name": "web", "image": "nginx", "memory": 128}]});
    does(&mut server, "ecs", "RegisterTaskDefinition", task);
    let service = json!({
        "cluster": "asks", "serviceName": "web", "taskDefinition": "asks-web", "desiredCount": 0, "launchType": "EC2",
        "serviceRegistries": [{"registryArn": registry["Service"]["Arn"]}],
    });
    does(&mut server, "ecs", "CreateService", service);
    call(&mut server, "ecs", "DescribeServices", json!({"cluster": "asks", "services": ["web"]}))
        .holds(&["asks-web", "ACTIVE"]);
}

#[test]
fn kds_firehose_iceberg_athena() {
    let mut server = AWS.start();
    does(&mut server, "kinesis", "CreateStream", json!({"StreamName": "asks-clicks", "ShardCount": 1}));
    let stream =
        call(&mut server, "kinesis", "DescribeStreamSummary", json!({"StreamName": "asks-clicks"})).object();
    let stream = stream["StreamDescriptionSummary"]["StreamARN"].clone();
    bucket(&mut server, "asks-lake", &[]);
    does(&mut server, "glue", "CreateDatabase", json!({"DatabaseInput": {"Name": "asks"}}));
    let columns = json!([{"Name": "id", "Type": "string"}]);
    let input = json!({"Name": "clicks", "TableType": "ICEBERG", "StorageDescriptor": {"Columns": columns, "Location": "s3://asks-lake/clicks/"}});
    does(&mut server, "glue", "CreateTable", json!({"DatabaseName": "asks", "TableInput": input}));
    let delivery = json!({
        "DeliveryStreamName": "asks-clicks", "DeliveryStreamType": "KinesisStreamAsSource",
        "KinesisStreamSourceConfiguration": {"KinesisStreamARN": stream, "RoleARN": ROLE},
        "IcebergDestinationConfiguration": {
            "RoleARN": ROLE,
            "CatalogConfiguration": {"CatalogARN": "arn:aws:glue:us-east-1:123456789012:catalog"},
            "S3Configuration": {"RoleARN": ROLE, "BucketARN": "arn:aws:s3:::asks-lake"},
            "DestinationTableConfigurationList": [{"DestinationDatabaseName": "asks", "DestinationTableName": "clicks"}],
        },
    });
    does(&mut server, "firehose", "CreateDeliveryStream", delivery);
    call(&mut server, "firehose", "DescribeDeliveryStream", json!({"DeliveryStreamName": "asks-clicks"}))
        .holds(&["ACTIVE"]);
    let columns = finds(
        &mut server,
        "glue",
        "GetTable",
        json!({"DatabaseName": "asks", "Name": "clicks"}),
        "Table.StorageDescriptor.Columns[].Name",
    );
    shows(&columns, &["id"]);
}

#[test]
fn count_sns_topic_sqs_subscribers() {
    let mut server = AWS.start();
    let mut arguments = of("sns", "ListSubscriptions", json!({}));
    arguments["region"] = json!("us-west-2");
    // The server knows one region only, unless it is told more.
    let mut server_west = AWS.and(&["--allow-region", "us-west-2"]).start();
    for name in ["a", "b"] {
        let mut made = of("sns", "CreateTopic", json!({"Name": format!("asks-{name}")}));
        made["region"] = json!("us-west-2");
        let topic = server_west.call("call_operation", made).object()["TopicArn"].clone();
        let queue = format!("arn:aws:sqs:us-west-2:123456789012:asks-{name}");
        let mut subscribed =
            of("sns", "Subscribe", json!({"TopicArn": topic, "Protocol": "sqs", "Endpoint": queue}));
        subscribed["region"] = json!("us-west-2");
        server_west.call("call_operation", subscribed).ok();
    }
    arguments["query"] = json!("length(@)");
    let counted = server_west.call("call_operation", arguments.clone());
    assert_eq!(counted.ok().lines().next().unwrap().trim(), "2");
    server.call("call_operation", arguments).fails(&["us-west-2"]);
}

#[test]
fn cloudformation_top_stacks_resource_breakdown() {
    let mut server = AWS.start();
    for (name, kinds) in [
        ("asks-top-large", ["AWS::SQS::Queue", "AWS::SQS::Queue", "AWS::SNS::Topic"].as_slice()),
        ("asks-top-small", ["AWS::SQS::Queue"].as_slice()),
    ] {
        let resources: serde_json::Map<String, Value> =
            kinds.iter().enumerate().map(|(at, kind)| (format!("R{at}"), json!({"Type": kind}))).collect();
        let body = json!({"Resources": resources}).to_string();
        does(&mut server, "cloudformation", "CreateStack", json!({"StackName": name, "TemplateBody": body}));
        let mut waited = of("cloudformation", "DescribeStacks", json!({"StackName": name}));
        waited["wait"] = json!("stack-create-complete");
        server.call("call_operation", waited).ok();
    }
    let named = "[?starts_with(StackName, 'asks-top')].StackName";
    shows(
        &finds(&mut server, "cloudformation", "ListStacks", json!({}), named),
        &["asks-top-large", "asks-top-small"],
    );
    let kinds = finds(
        &mut server,
        "cloudformation",
        "ListStackResources",
        json!({"StackName": "asks-top-large"}),
        "[?ResourceType=='AWS::SQS::Queue'] | length(@)",
    );
    assert_eq!(kinds.lines().next().unwrap().trim(), "2");
}

#[test]
fn list_buckets_with_lifecycle_policy() {
    let mut server = AWS.start();
    for name in ["asks-rules", "asks-no-rules"] {
        bucket(&mut server, name, &[]);
    }
    let rules = json!([{"ID": "old", "Status": "Enabled", "Filter": {"Tag": {"Key": "tier", "Value": "cold"}}, "Expiration": {"Days": 30}}]);
    does(
        &mut server,
        "s3",
        "PutBucketLifecycleConfiguration",
        json!({"Bucket": "asks-rules", "LifecycleConfiguration": {"Rules": rules}}),
    );
    shows(&finds(&mut server, "s3", "ListBuckets", json!({}), "[].Name"), &["asks-rules", "asks-no-rules"]);
    call(&mut server, "s3", "GetBucketLifecycleConfiguration", json!({"Bucket": "asks-rules"}))
        .holds(&["tier", "cold", "30"]);
    call(&mut server, "s3", "GetBucketLifecycleConfiguration", json!({"Bucket": "asks-no-rules"}))
        .fails(&["NoSuchLifecycleConfiguration"]);
}

#[test]
fn s_object_versions_and_metadata() {
    let mut server = AWS.start();
    bucket(&mut server, "asks-versions", &[]);
    does(
        &mut server,
        "s3",
        "PutBucketVersioning",
        json!({"Bucket": "asks-versions", "VersioningConfiguration": {"Status": "Enabled"}}),
    );
    for body in ["one", "longer"] {
        let body = BASE64_STANDARD.encode(body.as_bytes());
        does(
            &mut server,
            "s3",
            "PutObject",
            json!({"Bucket": "asks-versions", "Key": "prod_data.txt", "Body": body}),
        );
    }
    let listed = finds(
        &mut server,
        "s3",
        "ListObjectVersions",
        json!({"Bucket": "asks-versions"}),
        "[?IsLatest].VersionId | [0]",
    );
    let head =
        call(&mut server, "s3", "HeadObject", json!({"Bucket": "asks-versions", "Key": "prod_data.txt"}))
            .object();
    assert_eq!(head["ContentLength"], json!(6));
    assert_eq!(listed, head["VersionId"].as_str().unwrap());
}

#[test]
fn list_dynamodb_tables_all_regions() {
    let mut server = AWS.and(&["--allow-region", "us-east-1,eu-west-1"]).start();
    for (region, name) in [("us-east-1", "asks-east"), ("eu-west-1", "asks-west")] {
        let mut made = of(
            "dynamodb",
            "CreateTable",
            json!({
                "TableName": name, "BillingMode": "PAY_PER_REQUEST",
                "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
                "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            }),
        );
        made["region"] = json!(region);
        server.call("call_operation", made).ok();
    }
    let mut listed = of("dynamodb", "ListTables", json!({}));
    listed["regions"] = json!(["*"]);
    server.call("call_operation", listed).holds(&["asks-east", "asks-west", "eu-west-1"]);
}

#[test]
fn audit_cognito_account_recovery() {
    let mut server = AWS.start();
    let recovery = json!({"RecoveryMechanisms": [{"Priority": 1, "Name": "admin_only"}]});
    let pool = json!({"PoolName": "asks", "AccountRecoverySetting": recovery});
    let pool = does(&mut server, "cognito-idp", "CreateUserPool", pool);
    let id = pool["UserPool"]["Id"].clone();
    let found = finds(
        &mut server,
        "cognito-idp",
        "DescribeUserPool",
        json!({"UserPoolId": id}),
        "UserPool.AccountRecoverySetting",
    );
    shows(&found, &["admin_only"]);
}

#[test]
fn list_waf_webacl_findings() {
    let mut server = AWS.start();
    let seen =
        json!({"SampledRequestsEnabled": false, "CloudWatchMetricsEnabled": false, "MetricName": "asks"});
    let rule = json!({
        "Name": "limit", "Priority": 0, "Action": {"Block": {}}, "VisibilityConfig": seen,
        "Statement": {"RateBasedStatement": {"Limit": 500, "AggregateKeyType": "IP"}},
    });
    let acl = json!({"Name": "asks", "Scope": "REGIONAL", "DefaultAction": {"Allow": {}}, "Rules": [rule], "VisibilityConfig": seen});
    does(&mut server, "wafv2", "CreateWebACL", acl);
    let id =
        finds(&mut server, "wafv2", "ListWebACLs", json!({"Scope": "REGIONAL"}), "[?Name=='asks'].Id | [0]");
    let named = json!({"Name": "asks", "Scope": "REGIONAL", "Id": id});
    let found = finds(&mut server, "wafv2", "GetWebACL", named, "WebACL.Rules[].Statement");
    shows(&found, &["500", "IP"]);
}

#[test]
fn diagnose_step_functions_failing_executions() {
    let mut server = AWS.start();
    let definition = json!({"StartAt": "Pay", "States": {"Pay": {"Type": "Fail", "Error": "CardDeclined", "Cause": "no money"}}});
    let made = json!({"name": "asks", "definition": definition.to_string(), "roleArn": ROLE});
    let machine = does(&mut server, "stepfunctions", "CreateStateMachine", made)["stateMachineArn"].clone();
    let run = does(&mut server, "stepfunctions", "StartExecution", json!({"stateMachineArn": machine}));
    let described = json!({"executionArn": run["executionArn"]});
    for _ in 0..100 {
        if call(&mut server, "stepfunctions", "DescribeExecution", described.clone()).ok().contains("FAILED")
        {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    call(&mut server, "stepfunctions", "GetExecutionHistory", described).holds(&["CardDeclined", "no money"]);
}

#[test]
fn glue_database_tables_schema_details() {
    let mut server = AWS.start();
    does(&mut server, "glue", "CreateDatabase", json!({"DatabaseInput": {"Name": "asks-schemas"}}));
    for (name, column) in [("people", "birthday"), ("orders", "amount")] {
        let columns = json!([{"Name": column, "Type": "string"}]);
        let input = json!({"Name": name, "StorageDescriptor": {"Columns": columns}});
        does(
            &mut server,
            "glue",
            "CreateTable",
            json!({"DatabaseName": "asks-schemas", "TableInput": input}),
        );
    }
    let query = "[].{table: Name, columns: StorageDescriptor.Columns[].Name}";
    let found = finds(&mut server, "glue", "GetTables", json!({"DatabaseName": "asks-schemas"}), query);
    shows(&found, &["people", "birthday", "orders", "amount"]);
}
