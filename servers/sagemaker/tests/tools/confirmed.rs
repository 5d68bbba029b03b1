//! What is done is what was confirmed: what moved since is left alone, and what ends something is asked about.

use awsmcp_testing::{Response, Stub};
use serde_json::{Value, json};

use crate::world::{SAGEMAKER, training};

const NOT_DONE: &str = "changed since the plan; nothing was done";

/// Plan, its token's plan, and then somebody is quicker than the deed.
fn third(nth: usize) -> bool {
    nth > 2
}

#[test]
fn a_model_of_the_same_name_that_was_made_since_stays() {
    let stub = Stub::start(|request| match request.operation() {
        "DescribeModel" => {
            let created = if third(request.nth) { 1_700_009_999 } else { 1_700_000_000 };
            Response::output(json!({"ModelName": "m", "CreationTime": created,
                "ModelArn": "arn:aws:sagemaker:us-east-1:123456789012:model/m"}))
        }
        _ => Response::new(200, ""),
    });
    SAGEMAKER
        .at(stub.env())
        .start()
        .confirmed("delete_model", json!({"model": "m"}))
        .fails(&["the model m", NOT_DONE]);
    assert!(stub.of("DeleteModel").is_empty());
}

#[test]
fn an_endpoint_that_was_updated_since_stays() {
    let stub = Stub::start(|request| match request.operation() {
        "DescribeEndpoint" => {
            // The test asks for the plan once more.
            let config = if third(request.nth - 1) { "new" } else { "old" };
            Response::output(
                json!({"EndpointName": "e", "EndpointArn": "arn:aws:sagemaker:us-east-1:123456789012:endpoint/e",
                "EndpointConfigName": config, "EndpointStatus": "InService", "CreationTime": 1, "LastModifiedTime": 1}),
            )
        }
        "DescribeEndpointConfig" => Response::output(json!({"EndpointConfigName": "old", "CreationTime": 1,
            "EndpointConfigArn": "arn:aws:sagemaker:us-east-1:123456789012:endpoint-config/old",
            "ProductionVariants": [{"VariantName": "v", "ModelName": "m"}, {"VariantName": "w", "ModelName": "m"}]})),
        "GetMetricData" => Response::output(json!({"MetricDataResults": []})),
        _ => Response::new(200, ""),
    });
    let call = json!({"endpoint": "e", "config": true, "models": true});
    let mut server = SAGEMAKER.at(stub.env()).start();
    let plan = server.plan("delete_endpoint", call.clone());
    assert_eq!(plan.text.matches("model\tm\tdeleted").count(), 1, "{}", plan.text);
    server.confirmed("delete_endpoint", call).fails(&["the endpoint e", NOT_DONE]);
    for operation in ["DeleteEndpoint", "DeleteEndpointConfig", "DeleteModel"] {
        assert!(stub.of(operation).is_empty(), "{operation}");
    }
}

#[test]
fn a_pipeline_that_was_changed_since_stays() {
    let stub = Stub::start(|request| match request.operation() {
        "DescribePipeline" => {
            let changed = if third(request.nth) { 1_700_009_999 } else { 1_700_000_000 };
            Response::output(json!({"PipelineName": "p", "LastModifiedTime": changed}))
        }
        "ListPipelineExecutions" => Response::output(json!({"PipelineExecutionSummaries": []})),
        _ => Response::output(json!({})),
    });
    let mut server = SAGEMAKER.at(stub.env()).start();
    server.confirmed("delete_pipeline", json!({"pipeline": "p"})).fails(&["the pipeline p", NOT_DONE]);
    assert!(stub.of("DeletePipeline").is_empty());
}

#[test]
fn a_pipeline_whose_definition_is_another_is_not_started() {
    let stub = Stub::start(|request| match request.operation() {
        "DescribePipeline" => {
            let step = if request.nth > 1 { "Processing" } else { "Training" };
            let definition = json!({"Steps": [{"Name": "s", "Type": step}]}).to_string();
            Response::output(json!({"PipelineName": "p", "PipelineDefinition": definition}))
        }
        _ => Response::output(json!({})),
    });
    SAGEMAKER
        .at(stub.env())
        .start()
        .call("start_pipeline", json!({"pipeline": "p"}))
        .fails(&["the pipeline p", NOT_DONE]);
    assert!(stub.of("StartPipelineExecution").is_empty());
}

#[test]
fn a_package_that_was_rejected_meanwhile_is_not_approved() {
    let package = "arn:aws:sagemaker:us-east-1:123456789012:model-package/g/1";
    let stub = Stub::start(move |request| match request.operation() {
        "DescribeModelPackage" => {
            let approval = if request.nth > 1 { "Rejected" } else { "PendingManualApproval" };
            Response::output(json!({"ModelPackageName": "g", "ModelPackageArn": package, "CreationTime": 1,
                "ModelPackageStatus": "Completed", "ModelPackageStatusDetails": {"ValidationStatuses": []},
                "ModelApprovalStatus": approval}))
        }
        _ => Response::output(json!({})),
    });
    let call = json!({"package": package, "approval": "approved"});
    SAGEMAKER.at(stub.env()).start().call("approve_model", call).fails(&["the approval of", NOT_DONE]);
    assert!(stub.of("UpdateModelPackage").is_empty());
}

/// A running training job; `created` tells when, by the number of the look.
fn running(created: impl Fn(usize) -> i64 + Send + Sync + 'static) -> Stub {
    Stub::start(move |request| match request.operation() {
        "DescribeTrainingJob" => {
            let mut job = training("long");
            for (field, value) in [
                ("TrainingJobArn", json!("arn:aws:sagemaker:us-east-1:123456789012:training-job/long")),
                ("ModelArtifacts", json!({"S3ModelArtifacts": "s3://b/out"})),
                ("TrainingJobStatus", json!("InProgress")),
                ("SecondaryStatus", json!("Training")),
                ("CreationTime", json!(created(request.nth))),
            ] {
                job[field] = value;
            }
            job.as_object_mut().unwrap().remove("Tags");
            Response::output(job)
        }
        "StopTrainingJob" => Response::new(200, ""),
        _ => Response::error(400, "ValidationException", "Requested resource not found."),
    })
}

#[test]
fn a_running_job_ends_only_when_somebody_agreed() {
    let stub = running(|_| 1_700_000_000);
    let mut server = SAGEMAKER.at(stub.env()).start();
    let call = json!({"job": "long", "kind": "training"});
    let asked = server.call("stop_job", call.clone());
    asked.holds(&["stop the training job long"]);
    assert!(asked.plan_token().is_some() && stub.of("StopTrainingJob").is_empty(), "{}", asked.text);
    server.confirmed("stop_job", call).ok();
    assert_eq!(stub.of("StopTrainingJob").len(), 1);
    let other = running(|nth| if third(nth) { 1_700_009_999 } else { 1_700_000_000 });
    let mut server = SAGEMAKER.at(other.env()).start();
    server
        .confirmed("stop_job", json!({"job": "long", "kind": "training"}))
        .fails(&["training job long", NOT_DONE]);
    assert!(other.of("StopTrainingJob").is_empty());
}

/// A cluster with eight machines and all that a group may have.
fn cluster(count: impl Fn(usize) -> i64 + Send + Sync + 'static) -> Stub {
    Stub::start(move |request| match request.operation() {
        "DescribeCluster" => Response::output(
            json!({"ClusterArn": "arn:aws:sagemaker:us-east-1:123456789012:cluster/abcdefghijkl",
            "ClusterStatus": "InService", "InstanceGroups": [{
                "InstanceGroupName": "workers", "InstanceType": "ml.p5.48xlarge", "CurrentCount": count(request.nth), "TargetCount": 8,
                "MinCount": 0, "ExecutionRole": "arn:aws:iam::123456789012:role/hp", "ThreadsPerCore": 2,
                "LifeCycleConfig": {"SourceS3Uri": "s3://b/l", "OnCreate": "x.sh"},
                "InstanceStorageConfigs": [{"EbsVolumeConfig": {"VolumeSizeInGB": 500}}],
                "OverrideVpcConfig": {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]},
                "KubernetesConfig": {"CurrentLabels": {"team": "vision"}, "DesiredLabels": {"team": "vision"},
                    "DesiredTaints": [{"Key": "gpu", "Value": "true", "Effect": "NoSchedule"}]},
            }]}),
        ),
        "ListClusterNodes" => Response::output(json!({"ClusterNodeSummaries": [
            {"InstanceGroupName": "workers", "InstanceId": "i-1", "InstanceType": "ml.p5.48xlarge", "LaunchTime": 1,
                "InstanceStatus": {"Status": "Running"}},
            {"InstanceGroupName": "workers-2", "InstanceId": "i-2", "InstanceType": "ml.p5.48xlarge", "LaunchTime": 1,
                "InstanceStatus": {"Status": "Running"}},
        ]})),
        "UpdateCluster" => Response::output(
            json!({"ClusterArn": "arn:aws:sagemaker:us-east-1:123456789012:cluster/abcdefghijkl"}),
        ),
        _ => Response::error(400, "ValidationException", "not scripted"),
    })
}

#[test]
fn fewer_machines_of_a_cluster_are_asked_about_with_their_nodes() {
    let stub = cluster(|_| 8);
    let mut server = SAGEMAKER.at(stub.env()).start();
    let call = json!({"cluster": "hp", "group": "workers", "instances": 0});
    let asked = server.call("update_cluster", call.clone());
    asked
        .holds(&["from 8 to 0 x ml.p5.48xlarge", "what runs on them is lost", "i-1\tRunning"])
        .lacks(&["i-2"]);
    assert!(asked.plan_token().is_some() && stub.of("UpdateCluster").is_empty(), "{}", asked.text);
    server.confirmed("update_cluster", call).holds(&["workers goes from 8 to 0"]);
    let sent = stub.of("UpdateCluster")[0].json()["InstanceGroups"][0].clone();
    let expected = json!({
        "InstanceGroupName": "workers", "InstanceType": "ml.p5.48xlarge", "InstanceCount": 0, "MinInstanceCount": 0,
        "ExecutionRole": "arn:aws:iam::123456789012:role/hp", "ThreadsPerCore": 2,
        "LifeCycleConfig": {"SourceS3Uri": "s3://b/l", "OnCreate": "x.sh"},
        "InstanceStorageConfigs": [{"EbsVolumeConfig": {"VolumeSizeInGB": 500}}],
        "OverrideVpcConfig": {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]},
        "KubernetesConfig": {"Labels": {"team": "vision"}, "Taints": [{"Key": "gpu", "Value": "true", "Effect": "NoSchedule"}]},
    });
    assert_eq!(sent, expected);
    let more = json!({"cluster": "hp", "group": "workers", "instances": 9});
    server.call("update_cluster", more).holds(&["workers goes from 8 to 9"]);
    let moved = cluster(|nth| if nth > 1 { 5 } else { 8 });
    let call = json!({"cluster": "hp", "group": "workers", "instances": 9});
    SAGEMAKER.at(moved.env()).start().call("update_cluster", call).fails(&["the cluster hp", NOT_DONE]);
    assert!(moved.of("UpdateCluster").is_empty());
}

/// A variant on four machines that scales by a policy somebody else made.
fn scaled(refuse: &'static str) -> Stub {
    Stub::start(move |request| match request.operation() {
        operation if operation == refuse => Response::error(400, "ValidationException", "not so"),
        "DescribeEndpoint" => Response::output(json!({"EndpointName": "e", "EndpointStatus": "InService",
            "EndpointArn": "arn:aws:sagemaker:us-east-1:123456789012:endpoint/e", "EndpointConfigName": "c",
            "CreationTime": 1, "LastModifiedTime": 1,
            "ProductionVariants": [{"VariantName": "v", "CurrentInstanceCount": 4, "CurrentWeight": 1.0}]})),
        "DescribeScalingPolicies" => Response::output(json!({"ScalingPolicies": [{
            "PolicyARN": "arn:aws:autoscaling:us-east-1:123456789012:scalingPolicy:x", "PolicyName": "theirs",
            "ServiceNamespace": "sagemaker", "ResourceId": "endpoint/e/variant/v", "CreationTime": 1,
            "ScalableDimension": "sagemaker:variant:DesiredInstanceCount", "PolicyType": "TargetTrackingScaling",
            "TargetTrackingScalingPolicyConfiguration": {"TargetValue": 250.0, "ScaleInCooldown": 600, "DisableScaleIn": true,
                "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"}}}]})),
        "DescribeScalableTargets" => Response::output(json!({"ScalableTargets": []})),
        "RegisterScalableTarget" => Response::output(json!({})),
        "PutScalingPolicy" => Response::output(
            json!({"PolicyARN": "arn:aws:autoscaling:us-east-1:123456789012:scalingPolicy:x"}),
        ),
        "UpdateEndpointWeightsAndCapacities" => {
            Response::output(json!({"EndpointArn": "arn:aws:sagemaker:us-east-1:123456789012:endpoint/e"}))
        }
        _ => Response::error(400, "ValidationException", "not scripted"),
    })
}

#[test]
fn a_policy_keeps_what_is_not_named() {
    let stub = scaled("");
    let mut server = SAGEMAKER.at(stub.env()).start();
    server
        .call("scale_endpoint", json!({"endpoint": "e", "min": 2, "max": 8}))
        .holds(&["it scales between 2 and 8"]);
    let put = stub.of("PutScalingPolicy")[0].json();
    assert_eq!(put["PolicyName"], json!("theirs"));
    let own = &put["TargetTrackingScalingPolicyConfiguration"];
    assert_eq!(own["TargetValue"], json!(250.0));
    assert_eq!((&own["ScaleInCooldown"], &own["DisableScaleIn"]), (&json!(600), &json!(true)));
    server.call("scale_endpoint", json!({"endpoint": "e", "min": 2, "max": 8, "target": 90})).ok();
    let own = stub.of("PutScalingPolicy")[1].json()["TargetTrackingScalingPolicyConfiguration"].clone();
    assert_eq!((&own["TargetValue"], &own["ScaleInCooldown"]), (&json!(90.0), &json!(600)));
}

#[test]
fn what_ends_machines_or_calls_of_an_endpoint_is_asked_about() {
    let stub = scaled("");
    let mut server = SAGEMAKER.at(stub.env()).start();
    for (more, words) in [
        (json!({"instances": 1}), "3 of the 4 instances end"),
        (json!({"instances": 0}), "it answers nobody"),
        (json!({"min": 1, "max": 2}), "2 of the 4 instances end"),
        (json!({"weight": 0}), "it gets no calls"),
    ] {
        let mut call = json!({"endpoint": "e"});
        call.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let asked = server.call("scale_endpoint", call);
        asked.holds(&[words]);
        assert!(asked.plan_token().is_some(), "{}", asked.text);
    }
    server.call("scale_endpoint", json!({"endpoint": "e", "instances": 5})).holds(&["under way"]);
    assert_eq!(stub.of("UpdateEndpointWeightsAndCapacities").len(), 1);
    // From none it would never come back.
    server
        .call("scale_endpoint", json!({"endpoint": "e", "min": 0, "max": 2}))
        .fails(&["NoCapacityInvocationFailures"]);
}

#[test]
fn a_step_that_fails_says_which_were_done() {
    let stub = scaled("PutScalingPolicy");
    let call = json!({"endpoint": "e", "min": 2, "max": 8});
    let failed = SAGEMAKER.at(stub.env()).start().call("scale_endpoint", call);
    failed.fails(&["not so", "done before: it scales between 2 and 8"]);
}

#[test]
fn a_job_that_was_made_is_told_although_it_cannot_be_looked_at() {
    let stub = Stub::start(|request| match (request.operation(), request.nth) {
        ("DescribeTrainingJob", 1) => {
            Response::error(400, "ValidationException", "Requested resource not found.")
        }
        ("DescribeTrainingJob", _) => Response::denied("sagemaker:DescribeTrainingJob"),
        _ => Response::output(
            json!({"TrainingJobArn": "arn:aws:sagemaker:us-east-1:123456789012:training-job/new"}),
        ),
    });
    let mut request = training("new");
    request.as_object_mut().unwrap().remove("TrainingJobName");
    let call = json!({"kind": "training", "name": "new", "request": request});
    let made: Value = SAGEMAKER
        .at(stub.env())
        .start()
        .call("create_job", call)
        .holds(&["it was made, but its status"])
        .object();
    assert_eq!(made["arn"], json!("arn:aws:sagemaker:us-east-1:123456789012:training-job/new"));
}

/// An endpoint with the variant `v`, of which AWS says this too, and with these policies.
fn scaling(variant: Value, policies: Value) -> Stub {
    scaling_by(json!([]), variant, policies)
}

fn scaling_by(targets: Value, variant: Value, policies: Value) -> Stub {
    Stub::start(move |request| match request.operation() {
        "DescribeEndpoint" => {
            let mut now = json!({"VariantName": "v", "CurrentInstanceCount": 2, "CurrentWeight": 1.0});
            now.as_object_mut().unwrap().extend(variant.as_object().unwrap().clone());
            Response::output(json!({"EndpointName": "e", "EndpointStatus": "InService",
                "EndpointArn": "arn:aws:sagemaker:us-east-1:123456789012:endpoint/e", "EndpointConfigName": "c",
                "CreationTime": 1, "LastModifiedTime": 1, "ProductionVariants": [now]}))
        }
        "DescribeScalingPolicies" => Response::output(json!({"ScalingPolicies": policies})),
        "DescribeScalableTargets" => Response::output(json!({"ScalableTargets": targets})),
        "DeregisterScalableTarget" | "RegisterScalableTarget" => Response::output(json!({})),
        "UpdateEndpointWeightsAndCapacities" => {
            Response::output(json!({"EndpointArn": "arn:aws:sagemaker:us-east-1:123456789012:endpoint/e"}))
        }
        _ => Response::error(400, "ValidationException", "not scripted"),
    })
}

#[test]
fn what_cannot_be_scaled_so_is_not_planned() {
    let nothing_was_done = |stub: &Stub| {
        for operation in ["RegisterScalableTarget", "UpdateEndpointWeightsAndCapacities"] {
            assert!(stub.of(operation).is_empty(), "{operation}");
        }
    };
    let serverless = json!({"CurrentServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 5}, "CurrentInstanceCount": 0});
    let stub = scaling(serverless, json!([]));
    let mut server = SAGEMAKER.at(stub.env()).start();
    for call in [json!({"endpoint": "e", "instances": 2}), json!({"endpoint": "e", "min": 1, "max": 3})] {
        server
            .call("scale_endpoint", call)
            .fails(&["the variant v is serverless and has no machines", "serverless_concurrency"]);
    }
    nothing_was_done(&stub);
    let managed = json!({"ManagedInstanceScaling": {"Status": "ENABLED", "MinInstanceCount": 1, "MaxInstanceCount": 4}});
    let stub = scaling(managed, json!([]));
    let mut server = SAGEMAKER.at(stub.env()).start();
    server
        .call("scale_endpoint", json!({"endpoint": "e", "min": 1, "max": 3}))
        .fails(&["AWS scales the machines of the variant v itself", "give `component`"]);
    server
        .plan("scale_endpoint", json!({"endpoint": "e", "instances": 3}))
        .holds(&["AWS scales its machines itself between 1 and 4", "which may undo it"]);
    nothing_was_done(&stub);
}

#[test]
fn policies_that_scale_it_too_are_told() {
    let policy = |name: &str, more: Value| {
        let mut policy = json!({"PolicyARN": "arn:aws:autoscaling:us-east-1:123456789012:scalingPolicy:x", "PolicyName": name,
            "ServiceNamespace": "sagemaker", "ResourceId": "endpoint/e/variant/v", "CreationTime": 1,
            "ScalableDimension": "sagemaker:variant:DesiredInstanceCount"});
        policy.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        policy
    };
    let of_metric = |metric: Value| {
        json!({"PolicyType": "TargetTrackingScaling", "TargetTrackingScalingPolicyConfiguration":
            {"TargetValue": 70.0, "CustomizedMetricSpecification": metric}})
    };
    let cpu = json!({"MetricName": "CPUUtilization", "Namespace": "/aws/sagemaker/Endpoints", "Statistic": "Average"});
    let steps = json!({"PolicyType": "StepScaling", "StepScalingPolicyConfiguration": {"AdjustmentType": "ChangeInCapacity"}});
    let stub = scaling(json!({}), json!([policy("by-cpu", of_metric(cpu)), policy("from-none", steps)]));
    let plan =
        SAGEMAKER.at(stub.env()).start().plan("scale_endpoint", json!({"endpoint": "e", "min": 2, "max": 8}));
    plan.holds(&["it scales by other policies too, which go on: by-cpu, from-none"]);
}

#[test]
fn an_endpoint_without_its_configuration_is_deleted_with_its_machines_told() {
    let stub = Stub::start(|request| match request.operation() {
        "DescribeEndpoint" => Response::output(json!({"EndpointName": "e", "EndpointStatus": "InService",
            "EndpointArn": "arn:aws:sagemaker:us-east-1:123456789012:endpoint/e", "EndpointConfigName": "c",
            "CreationTime": 1, "LastModifiedTime": 1,
            "ProductionVariants": [{"VariantName": "v", "CurrentInstanceCount": 3}]})),
        "DescribeEndpointConfig" => {
            Response::error(400, "ValidationException", "Could not find endpoint configuration \"c\".")
        }
        "GetMetricData" => Response::output(
            json!({"MetricDataResults": [{"Id": "calls_0", "Timestamps": [1_700_000_120], "Values": [42.0]}]}),
        ),
        "DeleteEndpoint" => Response::new(200, ""),
        _ => Response::error(400, "ValidationException", "not scripted"),
    });
    let call = json!({"endpoint": "e", "models": true});
    let mut server = SAGEMAKER.at(stub.env()).start();
    server.plan("delete_endpoint", call.clone()).holds(&[
        "3 of a type that only its configuration tells",
        "it was called 42 times in the last day",
        "which models it runs is not known, and all of them stay",
    ]);
    server.confirmed("delete_endpoint", call).holds(&[r#"{"deleted":["endpoint e"]}"#]);
    assert!(stub.of("DeleteModel").is_empty());
}

#[test]
fn what_goes_with_automatic_scaling_is_told() {
    let policy = |name: &str| {
        json!({"PolicyARN": "arn:aws:autoscaling:us-east-1:123456789012:scalingPolicy:x", "PolicyName": name,
            "ServiceNamespace": "sagemaker", "ResourceId": "endpoint/e/variant/v", "CreationTime": 1, "PolicyType": "StepScaling",
            "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
            "StepScalingPolicyConfiguration": {"AdjustmentType": "ChangeInCapacity"}})
    };
    let target = json!([{"ServiceNamespace": "sagemaker", "ResourceId": "endpoint/e/variant/v", "MinCapacity": 1, "MaxCapacity": 4,
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount", "RoleARN": "r", "CreationTime": 1}]);
    let stub = scaling_by(target, json!({}), json!([policy("from-none")]));
    let mut server = SAGEMAKER.at(stub.env()).start();
    let call = json!({"endpoint": "e", "fixed": true});
    let asked = server.call("scale_endpoint", call.clone());
    asked.holds(&["it scales by itself between 1 and 4: that goes", "these policies are lost: from-none"]);
    assert!(asked.plan_token().is_some() && stub.of("DeregisterScalableTarget").is_empty(), "{}", asked.text);
    server.confirmed("scale_endpoint", call.clone()).holds(&["no longer automatic"]);
    assert_eq!(stub.of("DeregisterScalableTarget").len(), 1);
    // What does not scale by itself is left as it is.
    let stub = scaling(json!({}), json!([]));
    let mut server = SAGEMAKER.at(stub.env()).start();
    server.plan("scale_endpoint", call.clone()).holds(&["there is nothing to take away"]);
    server.call("scale_endpoint", call).holds(&["it did not scale by itself"]);
    assert!(stub.of("DeregisterScalableTarget").is_empty());
}
