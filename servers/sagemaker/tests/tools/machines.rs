//! Notebooks, clusters, and everything that bills.

use awsmcp_testing::{Request, Response, Stub};
use serde_json::{Value, json};

use crate::world::{ROLE, SAGEMAKER, aws, endpoint, next};

fn notebook(name: &str) {
    aws(
        "CreateNotebookInstance",
        json!({"NotebookInstanceName": name, "InstanceType": "ml.t3.medium", "RoleArn": ROLE}),
    );
    aws("StartNotebookInstance", json!({"NotebookInstanceName": name}));
}

fn cluster(name: &str) {
    let group = json!({"InstanceCount": 2, "InstanceGroupName": "workers", "InstanceType": "ml.g5.xlarge", "ExecutionRole": ROLE,
        "LifeCycleConfig": {"SourceS3Uri": "s3://b/l", "OnCreate": "x.sh"}});
    aws("CreateCluster", json!({"ClusterName": name, "InstanceGroups": [group]}));
}

#[test]
#[ignore = "runs fakecloud"]
fn a_notebook_is_stopped_started_and_deleted() {
    notebook("note");
    let mut server = SAGEMAKER.start();
    let listed = server.call("list_notebooks", json!({"name": "note"}));
    assert!(listed.ok().contains("note\tInService\tml.t3.medium"), "{}", listed.text);
    let running = server.call("delete_notebook", json!({"notebook": "note"}));
    assert!(running.error().contains("only a stopped one can be deleted"), "{}", running.text);
    let plan = server.call("set_notebook", json!({"notebook": "note", "state": "stopped", "dry_run": true}));
    assert!(plan.ok().contains("stop the notebook note (ml.t3.medium), which is InService"), "{}", plan.text);
    let done = server.confirmed("set_notebook", json!({"notebook": "note", "state": "stopped"}));
    assert!(done.ok().contains(r#"{"name":"note","status":"Stop"#), "{}", done.text);
    let again = server.call("set_notebook", json!({"notebook": "note", "state": "started", "dry_run": true}));
    assert!(again.ok().contains("it bills while it runs"), "{}", again.text);
    let plan = server.call("delete_notebook", json!({"notebook": "note", "dry_run": true}));
    assert!(plan.ok().contains("all files on it are lost for good"), "{}", plan.text);
    let gone = server.confirmed("delete_notebook", json!({"notebook": "note"}));
    gone.holds(&[r#""deleted":"note""#]);
    let missing = server.call("set_notebook", json!({"notebook": "note", "state": "stopped"}));
    assert!(missing.error().contains("does not exist"), "{}", missing.text);
}

#[test]
#[ignore = "runs fakecloud"]
fn notebooks_and_clusters_are_listed_page_by_page() {
    for name in ["pages-m-1", "pages-m-2", "pages-m-3"] {
        notebook(name);
        cluster(name);
    }
    let mut server = SAGEMAKER.start();
    for tool in ["list_notebooks", "list_clusters"] {
        let first = server.call(tool, json!({"name": "pages-m-", "limit": 2}));
        let second = server.call(tool, json!({"name": "pages-m-", "limit": 2, "cursor": next(first.ok())}));
        for name in ["pages-m-1", "pages-m-2", "pages-m-3"] {
            let seen = [first.ok(), second.ok()].iter().filter(|text| text.contains(name)).count();
            assert_eq!(seen, 1, "{tool} {name}: {} {}", first.text, second.text);
        }
    }
}

#[test]
#[ignore = "runs fakecloud"]
fn a_group_of_a_cluster_is_resized() {
    cluster("pod");
    let mut server = SAGEMAKER.start();
    let groups = server.call("list_clusters", json!({"cluster": "pod"}));
    assert!(groups.ok().contains("workers\tml.g5.xlarge\t2\tInService"), "{}", groups.text);
    assert!(groups.text.contains("the cluster is InService"), "{}", groups.text);
    let plan = server.call(
        "update_cluster",
        json!({"cluster": "pod", "group": "workers", "instances": 3, "dry_run": true}),
    );
    assert!(plan.ok().contains("set the group workers of pod from 2 to 3 x ml.g5.xlarge"), "{}", plan.text);
    server.call("update_cluster", json!({"cluster": "pod", "group": "workers", "instances": 3})).ok();
    let now = aws("DescribeCluster", json!({"ClusterName": "pod"}));
    let group = &now["InstanceGroups"][0];
    assert_eq!((&group["TargetCount"], &group["LifeCycleConfig"]["OnCreate"]), (&json!(3), &json!("x.sh")));
    let software = server.confirmed("update_cluster", json!({"cluster": "pod", "software": true}));
    assert!(software.ok().contains("the software is being updated"), "{}", software.text);
    for (call, words) in [
        (json!({"group": "worker", "instances": 1}), "has no group worker; it has workers"),
        (json!({"instances": 1}), "`instances` is of a `group`"),
        (json!({}), "give `group` with `instances`, or `software`"),
    ] {
        let mut arguments = json!({"cluster": "pod"});
        arguments.as_object_mut().unwrap().extend(call.as_object().unwrap().clone());
        let wrong = server.call("update_cluster", arguments);
        assert!(wrong.error().contains(words), "{words}: {}", wrong.text);
    }
    let missing = server.call("list_clusters", json!({"cluster": "pud"}));
    assert!(missing.error().contains("pod"), "{}", missing.text);
    let wrong = server.call("list_clusters", json!({"show": "nodes"}));
    assert!(wrong.error().contains("give `cluster` too"), "{}", wrong.text);
}

fn nodes() -> Stub {
    Stub::start(|request| match request.operation() {
        "ListClusterNodes" => Response::output(json!({"ClusterNodeSummaries": [
            {"InstanceGroupName": "workers", "InstanceId": "i-1", "InstanceType": "ml.g5.xlarge", "LaunchTime": 1_700_000_000,
                "InstanceStatus": {"Status": "Running"}},
            {"InstanceGroupName": "workers", "InstanceId": "i-2", "InstanceType": "ml.g5.xlarge", "LaunchTime": 1_700_000_000,
                "InstanceStatus": {"Status": "Failure", "Message": "GPU fell off the bus"}},
        ]})),
        "ListClusterEvents" => Response::output(json!({"Events": [
            {"EventId": "e", "ClusterArn": "a", "ClusterName": "c", "InstanceGroupName": "workers", "InstanceId": "i-2",
                "ResourceType": "Instance", "EventTime": 1_700_000_000, "Description": "health check failed"},
        ]})),
        "BatchReplaceClusterNodes" => Response::output(json!({"Successful": ["i-2"], "Failed": []})),
        "BatchRebootClusterNodes" => Response::output(json!({"Successful": [], "Failed": [
            {"NodeId": "i-2", "ErrorCode": "InstanceIdInUse", "Message": "is being replaced"},
        ]})),
        _ => Response::error(400, "ValidationException", "not scripted"),
    })
}

#[test]
fn nodes_are_shown_replaced_and_restarted() {
    let stub = nodes();
    let mut server = SAGEMAKER.at(stub.env()).start();
    let shown = server.call("list_clusters", json!({"cluster": "c", "show": "nodes"}));
    assert!(
        shown.ok().contains("i-2\tworkers\tml.g5.xlarge\tFailure\tGPU fell off the bus"),
        "{}",
        shown.text
    );
    let events = server.call("list_clusters", json!({"cluster": "c", "show": "events"}));
    assert!(events.ok().contains("health check failed"), "{}", events.text);
    let unknown = server.call("replace_nodes", json!({"cluster": "c", "nodes": ["i-9"]}));
    assert!(unknown.error().contains("has no node i-9"), "{}", unknown.text);
    let done = server.confirmed("replace_nodes", json!({"cluster": "c", "nodes": ["i-2"]}));
    done.holds(&["i-2\tis being replaced"]);
    let failed = server.confirmed("replace_nodes", json!({"cluster": "c", "nodes": ["i-2"], "reboot": true}));
    failed.holds(&["i-2\tfailed: is being replaced"]);
    assert_eq!(stub.of("BatchReplaceClusterNodes")[0].json()["NodeIds"], json!(["i-2"]));
}

fn job(noun: &str, name: &str, resource: &str, more: Value) -> Value {
    let mut job = json!({format!("{noun}Name"): name, format!("{noun}Status"): "InProgress", "CreationTime": 1_700_000_000,
        format!("{noun}Arn"): format!("arn:aws:sagemaker:us-east-1:123456789012:{resource}/{name}")});
    job.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    job
}

/// An account in which everything runs; the clusters may not be seen.
fn busy() -> Stub {
    Stub::start(busy_with())
}

fn busy_with() -> impl Fn(&Request) -> Response + Send + Sync + 'static {
    |request: &Request| {
        let now = jiff::Timestamp::now().as_second();
        let hours = |hours: i64| json!(now - hours * 3600);
        let machine = json!({"InstanceType": "ml.p3.2xlarge", "InstanceCount": 2, "VolumeSizeInGB": 30});
        match request.operation() {
            "ListEndpoints" => {
                let endpoint = |name: &str, status: &str| {
                    json!({"EndpointName": name, "EndpointArn": format!("arn:aws:sagemaker:us-east-1:123456789012:endpoint/{name}"),
                        "CreationTime": hours(10), "LastModifiedTime": hours(1), "EndpointStatus": status})
                };
                Response::output(
                    json!({"Endpoints": [endpoint("live", "InService"), endpoint("dead", "Failed")]}),
                )
            }
            "DescribeEndpoint" => Response::output(
                json!({"EndpointName": "live", "EndpointConfigName": "c", "EndpointStatus": "InService",
                "EndpointArn": "a", "CreationTime": hours(10), "LastModifiedTime": hours(1),
                "ProductionVariants": [{"VariantName": "big", "CurrentInstanceCount": 3}]}),
            ),
            "DescribeEndpointConfig" => Response::output(
                json!({"EndpointConfigName": "c", "EndpointConfigArn": "a", "CreationTime": 1,
                "ProductionVariants": [
                    {"VariantName": "big", "ModelName": "m", "InstanceType": "ml.g5.xlarge", "InitialInstanceCount": 1},
                    {"VariantName": "less", "ModelName": "m", "ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 5}},
                ]}),
            ),
            "ListInferenceComponents" => {
                Response::output(json!({"InferenceComponents": [{"InferenceComponentName": "comp",
                "InferenceComponentArn": "arn:aws:sagemaker:us-east-1:123456789012:inference-component/comp", "EndpointName": "live",
                "EndpointArn": "a", "VariantName": "big", "CreationTime": hours(2), "LastModifiedTime": hours(2)}]}))
            }
            "ListNotebookInstances" => {
                Response::output(json!({"NotebookInstances": [{"NotebookInstanceName": "note",
                "NotebookInstanceArn": "arn:aws:sagemaker:us-east-1:123456789012:notebook-instance/note", "NotebookInstanceStatus": "InService",
                "InstanceType": "ml.t3.medium", "LastModifiedTime": hours(100)}]}))
            }
            "ListApps" => Response::output(json!({"Apps": [
                {"DomainId": "d-1", "UserProfileName": "eve", "AppType": "JupyterLab", "AppName": "default", "Status": "InService",
                    "CreationTime": hours(5), "ResourceSpec": {"InstanceType": "ml.m5.xlarge"}},
                {"DomainId": "d-1", "UserProfileName": "eve", "AppType": "JupyterServer", "AppName": "default", "Status": "InService",
                    "CreationTime": hours(5), "ResourceSpec": {"InstanceType": "system"}},
                {"DomainId": "d-1", "UserProfileName": "ann", "AppType": "Canvas", "AppName": "default", "Status": "InService",
                    "CreationTime": hours(5), "ResourceSpec": {"InstanceType": "system"}},
            ]})),
            "ListMlflowTrackingServers" => Response::output(json!({"TrackingServerSummaries": [
                {"TrackingServerName": "track", "TrackingServerStatus": "Started", "IsActive": "Active", "LastModifiedTime": hours(7),
                    "TrackingServerArn": "arn:aws:sagemaker:us-east-1:123456789012:mlflow-tracking-server/track"},
                {"TrackingServerName": "asleep", "TrackingServerStatus": "Stopped", "IsActive": "Inactive", "LastModifiedTime": hours(7),
                    "TrackingServerArn": "arn:aws:sagemaker:us-east-1:123456789012:mlflow-tracking-server/asleep"},
            ]})),
            "ListTrainingJobs" if request.json()["WarmPoolStatusEquals"].is_string() => {
                Response::output(json!({"TrainingJobSummaries": [
                job("TrainingJob", "warm", "training-job", json!({"WarmPoolStatus": {"Status": "Available"}}))]}))
            }
            "ListTrainingJobs" => Response::output(
                json!({"TrainingJobSummaries": [job("TrainingJob", "learn", "training-job", json!({}))]}),
            ),
            "DescribeTrainingJob" => {
                let warm = request.json()["TrainingJobName"] == json!("warm");
                let mut found = job(
                    "TrainingJob",
                    if warm { "warm" } else { "learn" },
                    "training-job",
                    json!({
                    "ModelArtifacts": {"S3ModelArtifacts": "s"}, "SecondaryStatus": "Training", "AlgorithmSpecification": {"TrainingInputMode": "File"},
                    "StoppingCondition": {}, "ResourceConfig": machine, "TrainingStartTime": hours(4)}),
                );
                if warm {
                    found["TrainingJobStatus"] = json!("Completed");
                    found["TrainingEndTime"] = hours(1);
                }
                Response::output(found)
            }
            "ListProcessingJobs" => Response::output(
                json!({"ProcessingJobSummaries": [job("ProcessingJob", "wait", "processing-job", json!({}))]}),
            ),
            "DescribeProcessingJob" => Response::output(job(
                "ProcessingJob",
                "wait",
                "processing-job",
                json!({
                "ProcessingResources": {"ClusterConfig": machine}, "AppSpecification": {"ImageUri": "i"}}),
            )),
            "ListTransformJobs" => Response::output(json!({"TransformJobSummaries": []}))
                .late(std::time::Duration::from_millis(200)),
            "ListClusters" => Response::denied("sagemaker:ListClusters"),
            operation => rarer(operation, request)
                .unwrap_or_else(|| Response::error(400, "ValidationException", "not scripted")),
        }
    }
}

/// What else bills by the hour, and of each sort one that does not, or no longer.
fn rarer(operation: &str, request: &Request) -> Option<Response> {
    let hours = |hours: i64| json!(jiff::Timestamp::now().as_second() - hours * 3600);
    let arn = |resource: &str| json!(format!("arn:aws:sagemaker:us-east-1:123456789012:{resource}"));
    let found = match operation {
        "ListInferenceRecommendationsJobs" => json!({"InferenceRecommendationsJobs": [
            {"JobName": "try", "JobDescription": "", "JobType": "Default", "JobArn": arn("inference-recommendations-job/try"),
                "Status": "IN_PROGRESS", "CreationTime": hours(1), "RoleArn": "r", "LastModifiedTime": hours(1)}]}),
        "ListOptimizationJobs" => json!({"OptimizationJobSummaries": [
            {"OptimizationJobName": "smaller", "OptimizationJobArn": arn("optimization-job/smaller"), "CreationTime": hours(2),
                "OptimizationJobStatus": "INPROGRESS", "DeploymentInstanceType": "ml.p4d.24xlarge", "OptimizationTypes": []}]}),
        "ListAIBenchmarkJobs" => json!({"AIBenchmarkJobs": [
            {"AIBenchmarkJobName": "race", "AIBenchmarkJobArn": arn("ai-benchmark-job/race"), "AIBenchmarkJobStatus": "InProgress",
                "CreationTime": hours(1)},
            {"AIBenchmarkJobName": "raced", "AIBenchmarkJobArn": arn("ai-benchmark-job/raced"), "AIBenchmarkJobStatus": "Completed",
                "CreationTime": hours(1)}]}),
        "ListAIRecommendationJobs" => json!({"AIRecommendationJobs": [
            {"AIRecommendationJobName": "advise", "AIRecommendationJobArn": arn("ai-recommendation-job/advise"),
                "AIRecommendationJobStatus": "InProgress", "CreationTime": hours(1)}]}),
        // Two pages: the second has one too.
        "ListPartnerApps" if request.json()["NextToken"].is_null() => json!({"NextToken": "2", "Summaries": [
            {"Arn": arn("partner-app/app-1"), "Name": "comet", "Type": "comet", "Status": "Available", "CreationTime": hours(9)},
            {"Arn": arn("partner-app/app-2"), "Name": "gone-app", "Type": "comet", "Status": "Deleted", "CreationTime": hours(9)}]}),
        "ListPartnerApps" => json!({"Summaries": [
            {"Arn": arn("partner-app/app-3"), "Name": "checks", "Type": "deepchecks-llm-evaluation", "Status": "Available",
                "CreationTime": hours(9)}]}),
        "ListFeatureGroups" => {
            let group = |name: &str| {
                json!({"FeatureGroupName": name, "FeatureGroupArn": arn(&format!("feature-group/{name}")),
                "CreationTime": hours(20), "FeatureGroupStatus": "Created"})
            };
            json!({"FeatureGroupSummaries": [group("quick"), group("offline"), group("on-demand")]})
        }
        "DescribeFeatureGroup" => {
            let name = request.json()["FeatureGroupName"].clone();
            let mut group = json!({"FeatureGroupName": name, "FeatureGroupArn": "a", "CreationTime": 1, "RecordIdentifierFeatureName": "i",
                "EventTimeFeatureName": "t", "FeatureDefinitions": [], "NextToken": ""});
            if name != "offline" {
                group["OnlineStoreConfig"] = json!({"EnableOnlineStore": true});
            }
            if name == "quick" {
                group["OnlineStoreConfig"]["StorageType"] = json!("InMemory");
                group["ThroughputConfig"] = json!({"ThroughputMode": "Provisioned", "ProvisionedReadCapacityUnits": 100,
                    "ProvisionedWriteCapacityUnits": 50});
            }
            group
        }
        "ListTrainingPlans" => {
            let plan = |name: &str, status: &str| {
                json!({"TrainingPlanArn": arn(&format!("training-plan/{name}")), "TrainingPlanName": name,
                "Status": status, "UpfrontFee": "4242.50", "CurrencyCode": "USD", "TotalInstanceCount": 4, "AvailableInstanceCount": 3})
            };
            json!({"TrainingPlanSummaries": [plan("reserved", "Active"), plan("past-plan", "Expired")]})
        }
        _ => return None,
    };
    Some(Response::output(found))
}

#[test]
fn everything_that_bills_is_listed_largest_first() {
    let stub = busy();
    let mut server = SAGEMAKER.at(stub.env()).start();
    let rows = server.call("running_costs", json!({}));
    let text = rows.ok();
    for part in [
        "endpoint\tlive/big\tInService\tml.g5.xlarge\t3\t3\t12\t",
        "\t30.0",
        "serverless, bills per call",
        "component\tcomp\t",
        "runs on the machines of live",
        "notebook\tnote\tInService\tml.t3.medium\t1\t\t2\t",
        "app\teve/default\tInService\tml.m5.xlarge\t1\t",
        "JupyterLab of d-1",
        "app\tann/default\tInService\t",
        "Canvas of d-1; logging out of Canvas ends it too",
        "MLflow server\ttrack\tStarted\t",
        "note: not looked at, though they may bill: MLflow apps, agent fine-tuning jobs, ",
        "a measure of size and not of money",
        "recommendation job\ttry\tIN_PROGRESS\t",
        "optimization job\tsmaller\tINPROGRESS\tml.p4d.24xlarge\t1\t8\t96\t",
        "benchmark job\trace\tInProgress\t",
        "AI recommendation job\tadvise\tInProgress\t",
        "partner app\tcomet\tAvailable\t",
        "partner app\tchecks\tAvailable\t",
        "online feature store\tquick\tCreated\t",
        "kept in memory, 100 reading and 50 writing units provisioned",
        "training plan\treserved\tActive\t",
        "4242.50 USD paid in advance, 4 instances, 3 unused",
        "training job\tlearn\tInProgress\tml.p3.2xlarge\t2\t",
        "warm pool\twarm\tCompleted\tml.p3.2xlarge\t2\t",
        "waits for its machines",
        "note: clusters are missing",
        "sagemaker:ListClusters",
        "running now: 3 x ml.g5.xlarge, 1 x ml.m5.xlarge, 6 x ml.p3.2xlarge, 1 x ml.p4d.24xlarge, 1 x ml.t3.medium",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    for absent in ["dead", "system", "asleep", "raced", "gone-app", "offline", "on-demand", "past-plan"] {
        assert!(!text.contains(absent), "{absent}: {text}");
    }
    // Eight accelerators before three, and these before a small machine that has run for longer.
    let at = |row: &str| text.find(row).unwrap_or_else(|| panic!("{row}: {text}"));
    assert!(at("optimization job\tsmaller") < at("endpoint\tlive/big"), "{text}");
    assert!(at("endpoint\tlive/big") < at("notebook\tnote"), "{text}");
    assert!(stub.most_at_once() > 1, "the sorts are asked for one after another");
}

/// As [`busy`], with AWS's price list: of machines of endpoints and of training.
fn priced() -> Stub {
    let busy = busy_with();
    Stub::start(move |request| {
        if request.operation() != "GetProducts" {
            return busy(request);
        }
        let entry = |usage: &str, amount: &str| {
            let price = json!({"unit": "Hrs", "pricePerUnit": {"USD": amount}});
            json!({"product": {"attributes": {"usagetype": usage}}, "publicationDate": "2026-11-20T00:00:00Z",
                "terms": {"OnDemand": {"a": {"priceDimensions": {"b": price}}}}})
            .to_string()
        };
        let filters = request.json()["Filters"].to_string();
        let list = match () {
            // A machine has a price of its own for every use.
            () if filters.contains("ml.g5.xlarge") => {
                vec![entry("USE1-Host:ml.g5.xlarge", "1.408"), entry("USE1-Train:ml.g5.xlarge", "9")]
            }
            () if filters.contains("ml.p3.2xlarge") => vec![entry("Train:ml.p3.2xlarge", "3.825")],
            () if filters.contains("ml.t3.medium") => vec![entry("Notebk:ml.t3.medium", "0.05")],
            () => vec![],
        };
        Response::output(json!({"FormatVersion": "aws_v1", "PriceList": list}))
    })
}

#[test]
fn what_bills_has_its_price_and_the_dearest_comes_first() {
    let stub = priced();
    let rows = SAGEMAKER.at(stub.env()).start().call("running_costs", json!({}));
    rows.holds(&[
        "price list of 2026-11-20",
        "the rows with a price come to 11.92 an hour",
        "rows have no price here",
    ])
    .lacks(&["a measure of size and not of money"]);
    let (names, costs) = (rows.column("name"), rows.column("price_per_hour"));
    let first: Vec<_> = names.into_iter().zip(costs).take(4).collect();
    // The warm pool has no price in the list, nor has what waits for its machines one to pay.
    let expected = [("learn", "7.65"), ("live/big", "4.224"), ("note", "0.05")];
    assert_eq!(first[..3], expected, "{}", rows.text);
}

#[test]
fn what_bills_is_held_to_the_allowed_arns() {
    let stub = busy();
    let mut server =
        SAGEMAKER.and(&["--allow-arn", "arn:aws:sagemaker:*:*:training-job/learn"]).at(stub.env()).start();
    let rows = server.call("running_costs", json!({}));
    assert!(rows.ok().contains("training job\tlearn"), "{}", rows.text);
    for absent in [
        "live", "note\t", "warm\t", "eve", "ann", "track\t", "try\t", "smaller", "race", "advise", "comet",
        "quick", "reserved",
    ] {
        assert!(!rows.text.contains(absent), "{absent}: {}", rows.text);
    }
}

#[test]
fn an_endpoint_whose_configuration_is_gone_still_bills() {
    let stub = Stub::start(|request| match request.operation() {
        "ListEndpoints" => {
            Response::output(json!({"Endpoints": [{"EndpointName": "live", "EndpointStatus": "InService",
            "EndpointArn": "arn:aws:sagemaker:us-east-1:123456789012:endpoint/live", "CreationTime": 1, "LastModifiedTime": 1}]}))
        }
        "DescribeEndpoint" => Response::output(
            json!({"EndpointName": "live", "EndpointConfigName": "gone", "EndpointStatus": "InService",
            "EndpointArn": "a", "CreationTime": 1, "LastModifiedTime": 1,
            "ProductionVariants": [{"VariantName": "big", "CurrentInstanceCount": 2}]}),
        ),
        "DescribeEndpointConfig" => {
            Response::error(400, "ValidationException", "Could not find endpoint configuration \"gone\".")
        }
        _ => Response::denied("sagemaker:ListApps"),
    });
    let rows = SAGEMAKER.at(stub.env()).start().call("running_costs", json!({}));
    assert!(rows.ok().contains("endpoint\tlive/big\tInService\t2\t"), "{}", rows.text);
    assert!(rows.text.contains("its configuration was deleted"), "{}", rows.text);
}

#[test]
fn nothing_seen_is_an_error_and_not_an_empty_bill() {
    let stub = Stub::start(|_| Response::denied("sagemaker:ListEndpoints"));
    let error = SAGEMAKER.at(stub.env()).start().call("running_costs", json!({}));
    assert!(error.error().contains("sagemaker:ListEndpoints"), "{}", error.text);
}

#[test]
#[ignore = "runs fakecloud"]
fn the_bill_of_fakecloud_is_listed() {
    endpoint("cost-e");
    notebook("cost-n");
    cluster("cost-c");
    let mut server = SAGEMAKER.start();
    let rows = server.call("running_costs", json!({}));
    for part in ["endpoint\tcost-e/AllTraffic", "notebook\tcost-n", "cluster\tcost-c/workers"] {
        assert!(rows.ok().contains(part), "{part}: {}", rows.text);
    }
}

#[test]
fn groups_of_several_machines_and_restricted_ones_have_rows_of_their_own() {
    let stub = Stub::start(|request| match request.operation() {
        "ListClusters" => {
            Response::output(json!({"ClusterSummaries": [{"ClusterName": "hp", "ClusterStatus": "InService",
            "ClusterArn": "arn:aws:sagemaker:us-east-1:123456789012:cluster/abc", "CreationTime": 1}]}))
        }
        "DescribeCluster" => {
            Response::output(json!({"ClusterName": "hp", "ClusterArn": "a", "ClusterStatus": "InService",
            "InstanceGroups": [{"InstanceGroupName": "control", "InstanceType": "ml.m5.large", "CurrentCount": 1}],
            "RestrictedInstanceGroups": [{"InstanceGroupName": "nova", "InstanceType": "ml.p5.48xlarge", "CurrentCount": 4, "TargetCount": 4}]}))
        }
        "ListTrainingJobs" if request.json()["WarmPoolStatusEquals"].is_null() => Response::output(
            json!({"TrainingJobSummaries": [job("TrainingJob", "mixed", "training-job", json!({}))]}),
        ),
        "DescribeTrainingJob" => Response::output(job(
            "TrainingJob",
            "mixed",
            "training-job",
            json!({
            "ModelArtifacts": {"S3ModelArtifacts": "s"}, "SecondaryStatus": "Training", "AlgorithmSpecification": {"TrainingInputMode": "File"},
            "StoppingCondition": {}, "TrainingStartTime": 1_700_000_000, "ResourceConfig": {"VolumeSizeInGB": 1, "InstanceGroups": [
                {"InstanceGroupName": "a", "InstanceType": "ml.c5.xlarge", "InstanceCount": 2},
                {"InstanceGroupName": "b", "InstanceType": "ml.g5.xlarge", "InstanceCount": 1}]}}),
        )),
        "ListTrainingJobs" => Response::output(json!({"TrainingJobSummaries": []})),
        _ => Response::denied("sagemaker:ListApps"),
    });
    let mut server = SAGEMAKER.at(stub.env()).start();
    server.call("running_costs", json!({})).holds(&[
        "cluster\thp/control\tInService\tml.m5.large\t1\t",
        "cluster\thp/nova\tInService\tml.p5.48xlarge\t4\t32\t768\t",
        "training job\tmixed/a\tInProgress\tml.c5.xlarge\t2\t",
        "training job\tmixed/b\tInProgress\tml.g5.xlarge\t1\t1\t4\t",
    ]);
    server.call("list_clusters", json!({"cluster": "hp"})).holds(&["nova\tml.p5.48xlarge\t4"]);
    let restricted = json!({"cluster": "hp", "group": "nova", "instances": 1});
    server.call("update_cluster", restricted).fails(&["nova is a restricted group"]);
}

#[test]
fn nodes_that_are_at_other_work_by_now_are_left_alone() {
    let stub = Stub::start(|request| match request.operation() {
        "ListClusterNodes" => {
            // The plan, the plan of the token, and then somebody else was quicker.
            let status = if request.nth > 3 { "SystemUpdating" } else { "Running" };
            Response::output(json!({"ClusterNodeSummaries": [
                {"InstanceGroupName": "w", "InstanceId": "i-1", "InstanceType": "ml.g5.xlarge", "LaunchTime": 1,
                    "InstanceStatus": {"Status": status}}]}))
        }
        _ => Response::output(json!({"Successful": ["i-1"], "Failed": []})),
    });
    let mut server = SAGEMAKER.at(stub.env()).start();
    let plan = server.plan("replace_nodes", json!({"cluster": "c", "nodes": ["i-1"]}));
    plan.holds(&["replace 1 of the 1 nodes of c"]);
    drop(server);
    let mut server = SAGEMAKER.at(stub.env()).start();
    server
        .confirmed("replace_nodes", json!({"cluster": "c", "nodes": ["i-1"], "reboot": false}))
        .fails(&["the state of i-1 in c changed since the plan; nothing was done"]);
    assert!(stub.of("BatchReplaceClusterNodes").is_empty());
}

#[test]
fn fewer_machines_of_a_large_group_are_asked_about_with_all_pages() {
    let stub = Stub::start(|request| match request.operation() {
        "DescribeCluster" => {
            Response::output(json!({"ClusterName": "hp", "ClusterArn": "a", "ClusterStatus": "InService",
            "InstanceGroups": [{"InstanceGroupName": "w", "InstanceType": "ml.p5.48xlarge", "CurrentCount": 150, "TargetCount": 150}]}))
        }
        "ListClusterNodes" => {
            let node = |at: usize| {
                json!({"InstanceGroupName": "w", "InstanceId": format!("i-{at}"), "InstanceType": "ml.p5.48xlarge",
                "LaunchTime": 1, "InstanceStatus": {"Status": "Running"}})
            };
            let (from, next) = if request.json()["NextToken"].is_null() { (0, "2") } else { (75, "") };
            Response::output(
                json!({"NextToken": next, "ClusterNodeSummaries": (from..from + 75).map(node).collect::<Vec<_>>()}),
            )
        }
        _ => Response::error(400, "ValidationException", "not scripted"),
    });
    let call = json!({"cluster": "hp", "group": "w", "instances": 2});
    let plan = SAGEMAKER.at(stub.env()).start().call("update_cluster", call);
    plan.holds(&["from 150 to 2", "i-99\tRunning", "it has more nodes than the 100 shown"]);
    assert!(plan.plan_token().is_some(), "{}", plan.text);
}

#[test]
fn what_bills_is_found_behind_all_that_is_over() {
    let plan = |at: usize, status: &str| {
        json!({"TrainingPlanArn": format!("arn:aws:sagemaker:us-east-1:123456789012:training-plan/plan-{at}"),
            "TrainingPlanName": format!("plan-{at}"), "Status": status, "UpfrontFee": "10", "CurrencyCode": "USD"})
    };
    let stub = Stub::start(move |request| match request.operation() {
        "ListTrainingPlans" => {
            let token =
                request.json()["NextToken"].as_str().map_or(0, |token| token.parse::<usize>().unwrap());
            let status = if token == 3 { "Active" } else { "Expired" };
            let plans: Vec<Value> = (0..100).map(|at| plan(token * 100 + at, status)).collect();
            let mut page = json!({"TrainingPlanSummaries": plans});
            if token < 3 {
                page["NextToken"] = json!((token + 1).to_string());
            } else {
                page["TrainingPlanSummaries"].as_array_mut().unwrap().truncate(1);
            }
            Response::output(page)
        }
        "ListEndpoints" => {
            Response::output(json!({"Endpoints": [{"EndpointName": "live", "EndpointStatus": "InService",
            "EndpointArn": "arn:aws:sagemaker:us-east-1:123456789012:endpoint/live", "CreationTime": 1, "LastModifiedTime": 1}]}))
        }
        "DescribeEndpoint" => Response::output(
            json!({"EndpointName": "live", "EndpointConfigName": "theirs", "EndpointStatus": "InService",
            "EndpointArn": "arn:aws:sagemaker:us-east-1:123456789012:endpoint/live", "CreationTime": 1, "LastModifiedTime": 1,
            "ProductionVariants": [{"VariantName": "v", "CurrentInstanceCount": 2}]}),
        ),
        _ => Response::denied("sagemaker:Other"),
    });
    let mut server = SAGEMAKER.at(stub.env()).start();
    server
        .call("running_costs", json!({}))
        .holds(&["training plan\tplan-300\tActive"])
        .lacks(&["plan-299", "more training plans"]);
    // A configuration that may not be read is not told as gone.
    let of = |resource: &str| format!("arn:aws:sagemaker:*:*:{resource}");
    let args = ["--allow-arn", &of("endpoint/live")];
    let held = SAGEMAKER.and(&args).at(stub.env()).start().call("running_costs", json!({}));
    held.holds(&["live/v", "its configuration may not be read here"]).lacks(&["was deleted", "plan-300"]);
    let none = ["--allow-arn", &of("endpoint/other")];
    let held = SAGEMAKER.and(&none).at(stub.env()).start().call("running_costs", json!({}));
    held.holds(&["nothing bills by the hour now, of what was looked at"]);
}
