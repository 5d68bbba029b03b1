use std::sync::{Arc, Mutex};

use awsmcp_testing::{LocalAws, Request, Response, Stub};
use serde_json::{Value, json};

use crate::world::{DYNAMODB, aws};

/// A table with 10 read and 20 write units, and an index with as many.
fn provisioned(name: &str) {
    let units = json!({"ReadCapacityUnits": 10, "WriteCapacityUnits": 20});
    let key = |name: &str| json!([{"AttributeName": name, "KeyType": "HASH"}]);
    aws(
        "CreateTable",
        json!({
            "TableName": name, "KeySchema": key("pk"), "ProvisionedThroughput": units,
            "AttributeDefinitions": [
                {"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "kind", "AttributeType": "S"}],
            "GlobalSecondaryIndexes": [{"IndexName": "by-kind", "KeySchema": key("kind"),
                "Projection": {"ProjectionType": "ALL"}, "ProvisionedThroughput": units}],
        }),
    );
}

const ROLE: &str =
    "arn:aws:iam::123456789012:role/aws-service-role/dynamodb.application-autoscaling.amazonaws.com/a";

fn target(id: &str, dimension: &str, min: i64, max: i64) -> Value {
    json!({"ServiceNamespace": "dynamodb", "ResourceId": id, "ScalableDimension": dimension,
        "MinCapacity": min, "MaxCapacity": max, "RoleARN": ROLE, "CreationTime": 1})
}

/// A policy that somebody made.
fn theirs(id: &str, dimension: &str, metric: &str) -> Value {
    json!({
        "PolicyARN": "arn:aws:autoscaling:us-east-1:123456789012:scalingPolicy:x", "PolicyName": "theirs",
        "ServiceNamespace": "dynamodb", "ResourceId": id, "ScalableDimension": dimension, "CreationTime": 1,
        "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": {"TargetValue": 55.0, "ScaleInCooldown": 600, "DisableScaleIn": true,
            "PredefinedMetricSpecification": {"PredefinedMetricType": metric}},
    })
}

/// Application Auto Scaling, which the local AWS does not serve, with what scales already.
fn scaling(targets: Vec<Value>, policies: Vec<Value>) -> Stub {
    let targets = Arc::new(Mutex::new(targets));
    Stub::before(LocalAws::shared(), move |request| {
        let ask = || request.json();
        match request.operation() {
            "DescribeScalableTargets" => {
                let ids = ask()["ResourceIds"].as_array().cloned().unwrap_or_default();
                let all = targets.lock().unwrap();
                let own: Vec<&Value> =
                    all.iter().filter(|target| ids.contains(&target["ResourceId"])).collect();
                Response::output(json!({"ScalableTargets": own}))
            }
            "DescribeScalingPolicies" => {
                let id = ask()["ResourceId"].clone();
                let own: Vec<&Value> = policies.iter().filter(|policy| policy["ResourceId"] == id).collect();
                Response::output(json!({"ScalingPolicies": own}))
            }
            "RegisterScalableTarget" | "DeregisterScalableTarget" => Response::output(json!({})),
            "PutScalingPolicy" => Response::output(
                json!({"PolicyARN": "arn:aws:autoscaling:us-east-1:123456789012:scalingPolicy:x"}),
            ),
            _ => Response::HandOn,
        }
    })
}

fn sent(stub: &Stub, operation: &str) -> Vec<Value> {
    stub.of(operation).iter().map(Request::json).collect()
}

#[test]
fn units_follow_their_use_between_bounds() {
    provisioned("scaled");
    let stub = scaling(Vec::new(), Vec::new());
    let mut server = DYNAMODB.at(stub.env()).start();
    let ask = json!({"table": "scaled", "min": 10, "max": 50});
    let plan = server.plan("scale_table", ask.clone());
    plan.holds(&[
        "scale scaled by its use",
        "read\t10 units\t10 to 50 at 70 %",
        "write\t20 units\t10 to 50 at 70 %",
    ]);
    server.call("scale_table", ask).holds(&[
        "read 10 to 50",
        "read at 70 %",
        "write 10 to 50",
        "write at 70 %",
    ]);
    let registered = sent(&stub, "RegisterScalableTarget");
    assert_eq!(
        registered[0],
        json!({"ServiceNamespace": "dynamodb", "ResourceId": "table/scaled", "MinCapacity": 10, "MaxCapacity": 50,
            "ScalableDimension": "dynamodb:table:ReadCapacityUnits"})
    );
    let index =
        json!({"table": "scaled", "index": "by-kind", "units": "write", "min": 30, "max": 90, "target": 50});
    server.call("scale_table", index).holds(&["[\"write 30 to 90\",\"write at 50 %\"]"]);
    let put = &sent(&stub, "PutScalingPolicy")[2];
    assert_eq!(put["ResourceId"], "table/scaled/index/by-kind");
    assert_eq!(put["ScalableDimension"], "dynamodb:index:WriteCapacityUnits");
    let tracking = &put["TargetTrackingScalingPolicyConfiguration"];
    assert_eq!(tracking["TargetValue"], 50.0);
    assert_eq!(
        tracking["PredefinedMetricSpecification"]["PredefinedMetricType"],
        "DynamoDBWriteCapacityUtilization"
    );
    // Fewer than are provisioned: asked about.
    let less = json!({"table": "scaled", "units": "write", "min": 1, "max": 5});
    server
        .call("scale_table", less)
        .holds(&["20 write units are provisioned now, and will be fewer", "nothing was done yet"]);
    for (ask, words) in [
        (json!({"table": "scaled", "max": 50}), "its read units do not scale yet: give both"),
        (json!({"table": "scaled", "min": 5, "max": 4}), "`min` is more than `max`"),
        (json!({"table": "scaled"}), "give `min` and `max`, or `fixed`"),
        (json!({"table": "scaled", "fixed": true}), "the units of scaled are fixed already"),
        (json!({"table": "scaled", "index": "by-kin", "min": 1, "max": 4}), "did you mean by-kind?"),
    ] {
        server.call("scale_table", ask).fails(&[words]);
    }
    crate::world::table("scaled-on-demand");
    let on_demand = json!({"table": "scaled-on-demand", "min": 1, "max": 4});
    server.call("scale_table", on_demand).fails(&["bills on demand"]);
}

#[test]
fn what_scales_already_is_shown_and_keeps_what_is_not_named() {
    provisioned("scales");
    let read = "dynamodb:table:ReadCapacityUnits";
    let stub = scaling(
        vec![
            target("table/scales", read, 5, 40),
            target("table/scales/index/by-kind", "dynamodb:index:WriteCapacityUnits", 6, 60),
        ],
        vec![theirs("table/scales", read, "DynamoDBReadCapacityUtilization")],
    );
    let mut server = DYNAMODB.at(stub.env()).start();
    let card = server.call("describe_table", json!({"table": "scales", "scaling": true})).object();
    assert_eq!(card["scaling"], json!(["index by-kind write 6 to 60 by no policy", "read 5 to 40 at 55 %"]));
    server
        .call("scale_table", json!({"table": "scales", "units": "read", "max": 80}))
        .holds(&["[\"read 5 to 80\"]"]);
    assert!(sent(&stub, "PutScalingPolicy").is_empty(), "the policy is as it was");
    server
        .call("scale_table", json!({"table": "scales", "units": "read", "target": 60}))
        .holds(&["read at 60 %"]);
    let put = &sent(&stub, "PutScalingPolicy")[0];
    assert_eq!(put["PolicyName"], "theirs");
    let tracking = &put["TargetTrackingScalingPolicyConfiguration"];
    assert_eq!((&tracking["ScaleInCooldown"], &tracking["DisableScaleIn"]), (&json!(600), &json!(true)));
    assert_eq!(tracking["TargetValue"], 60.0);
    let fix = json!({"table": "scales", "fixed": true});
    let plan = server.plan("scale_table", fix.clone());
    plan.holds(&["read\t5 to 40\t10 units"]);
    plan.lacks(&["write\t"]);
    server.confirmed("scale_table", fix).holds(&["read fixed at 10"]);
    assert_eq!(sent(&stub, "DeregisterScalableTarget").len(), 1);
}

#[test]
fn a_table_on_demand_is_not_asked_how_it_scales_and_what_may_not_be_asked_is_named() {
    crate::world::table("unscaled");
    provisioned("unasked");
    let stub = Stub::before(LocalAws::shared(), |request| match request.operation() {
        "DescribeScalableTargets" => Response::denied("application-autoscaling:DescribeScalableTargets"),
        _ => Response::HandOn,
    });
    let mut server = DYNAMODB.at(stub.env()).start();
    for quiet in [json!({"table": "unscaled", "scaling": true}), json!({"table": "unasked"})] {
        server.call("describe_table", quiet).lacks(&["application-autoscaling"]);
    }
    assert!(stub.of("DescribeScalableTargets").is_empty());
    let shown = server.call("describe_table", json!({"table": "unasked", "scaling": true}));
    shown.holds(&[
        "scaling (application-autoscaling:DescribeScalableTargets): AccessDenied",
        "provisioned 10 read, 20 write",
    ]);
}

#[test]
fn units_that_scale_by_themselves_are_told_before_they_are_set() {
    provisioned("overruled");
    let read = target("table/overruled", "dynamodb:table:ReadCapacityUnits", 5, 100);
    let stub = scaling(vec![read], Vec::new());
    let mut server = DYNAMODB.at(stub.env()).start();
    let set = |read: i64| json!({"table": "overruled", "read_units": read, "write_units": 30});
    let within = server.plan("update_table", set(50));
    within.holds(&["the read units scale by their use between 5 and 100", "moves 50 again", "scale_table"]);
    within.lacks(&["write units scale"]);
    server.plan("update_table", set(500)).holds(&["does not leave them at 500"]);
    server
        .plan("update_table", json!({"table": "overruled", "deletion_protection": true}))
        .lacks(&["scale by"]);
    assert_eq!(stub.of("DescribeScalableTargets").len(), 2);
}
