//! Each tool needs the IAM actions that it declares, all of them and no other.
//!
//! A row makes what its calls need, as root, and then calls the tool so that every declared action is used. From the
//! rows follow the proofs: what is called is what is declared, the policy that `iam-policy` prints is enough, and
//! without any one of its actions the tool fails by name.
#![cfg(test)]

use std::{collections::BTreeSet, sync::Mutex};

use awsmcp_mcp::Server;
use awsmcp_sagemaker::SageMaker;
use awsmcp_testing::{Exception, LocalAws, Permissions, Request, Response, Row, Run, Stopped};
use serde_json::{Value, json};

fn permissions() -> Permissions {
    Permissions {
        binary: env!("CARGO_BIN_EXE_awsmcp-sagemaker"),
        aws: LocalAws::shared_fakecloud_with_iam,
        manifest: awsmcp_sagemaker::server().manifest(),
        actions: |operation| {
            let service = match operation {
                "DescribeLogStreams" | "GetLogEvents" | "FilterLogEvents" => "CloudWatch Logs",
                "GetMetricData" => "CloudWatch",
                "GetObject" => "S3",
                "GetRecord" | "BatchGetRecord" => "SageMaker FeatureStore Runtime",
                "GetProducts" => "Pricing",
                _ if operation.starts_with("InvokeEndpoint") => "SageMaker Runtime",
                _ if operation.contains("Scal") => "Application Auto Scaling",
                _ => "SageMaker",
            };
            Server::<SageMaker>::actions(service, operation)
        },
        arns: |name| {
            vec![
                format!("arn:aws:sagemaker:*:*:*/{name}*"),
                format!("arn:aws:s3:::{name}*"),
                "arn:aws:sagemaker:*:*:model-package/*".to_owned(),
                "arn:aws:logs:*:*:log-group:/aws/sagemaker/*".to_owned(),
                "arn:aws:iam::*:role/*".to_owned(),
            ]
        },
        rows: ROWS,
        exceptions: EXCEPTIONS,
    }
}

awsmcp_testing::permission_proofs!(permissions, ignore = "runs fakecloud");

const ROLE: &str = "arn:aws:iam::123456789012:role/sagemaker";
/// Of some operations fakecloud does not know the resource: it checks them on `*`.
const ANY: &[&str] = &["*"];
const KINDS: [&str; 7] =
    ["training", "processing", "transform", "tuning", "automl", "compilation", "labeling"];

const ROWS: &[Row] = &[
    Row::new("whoami", |run| run.call(json!({}), "arn:aws:iam::123456789012:").map(drop)),
    Row::new("list_jobs", |run| {
        let name = job(run, "training");
        run.call(json!({"name": name}), &name).map(drop)
    }),
    Row::new("describe_job", |run| {
        for kind in KINDS {
            let name = job(run, kind);
            complete(run, json!({"job": name, "kind": kind}), &name)?;
        }
        Ok(())
    })
    .serves(started)
    .arns(ANY),
    Row::new("job_logs", |run| {
        for kind in KINDS {
            let name = job(run, kind);
            match kind {
                "automl" => run.fails(json!({"job": name, "kind": kind}), "works through jobs of other kinds")?,
                _ => run.call(json!({"job": name, "kind": kind}), "a line of the log")?,
            };
        }
        let name = job(run, "training");
        run.call(json!({"job": name, "kind": "training", "from": "first"}), "a line of the log").map(drop)
    })
    .serves(logs)
    .arns(ANY),
    Row::new("create_job", |run| {
        for kind in KINDS {
            let name = run.name(kind);
            run.call(json!({"kind": kind, "name": name, "role": role(kind), "request": request(kind)}), &name)?;
        }
        let (first, again) = (run.name("training"), run.name("again"));
        run.call(json!({"kind": "training", "name": again, "clone": first}), &again).map(drop)
    })
    .arns(ANY),
    Row::new("stop_job", |run| {
        for kind in KINDS {
            let name = run.name(kind);
            run.call(json!({"job": name, "kind": kind}), &name)?;
        }
        Ok(())
    })
    .serves(stopping),
    Row::new("list_endpoints", |run| {
        let name = endpoint(run, "e");
        run.call(json!({"name": name}), &name).map(drop)
    }),
    Row::new("describe_endpoint", |run| {
        let name = endpoint(run, "e");
        component(run, &name);
        complete(run, json!({"endpoint": name, "log_lines": 3}), "a line of the log")
    })
    .serves(|request| match request.operation() {
        // fakecloud lists the components of all endpoints.
        "ListInferenceComponents" => {
            let endpoint = request.json()["EndpointNameEquals"].as_str().unwrap_or_default().to_owned();
            let component = format!("{}c", endpoint.trim_end_matches('e'));
            Some(Response::output(json!({"InferenceComponents": [{"InferenceComponentName": component, "VariantName": "AllTraffic",
                "InferenceComponentArn": format!("arn:aws:sagemaker:us-east-1:123456789012:inference-component/{component}"),
                "EndpointName": endpoint, "EndpointArn": "arn:aws:sagemaker:us-east-1:123456789012:endpoint/e",
                "InferenceComponentStatus": "InService", "CreationTime": 1, "LastModifiedTime": 1}]})))
        }
        _ => logs(request),
    }),
    Row::new("list_models", |run| {
        let name = model(run, "m");
        run.call(json!({"name": name, "details": true}), "image:1").map(drop)
    }),
    Row::new("invoke_endpoint", |run| {
        let (endpoint, component) = (run.name("e"), run.name("c"));
        run.call(json!({"endpoint": endpoint, "payload": 1}), "answer")?;
        run.call(json!({"endpoint": endpoint, "payload": 1, "component": component}), "answer")?;
        run.call(json!({"endpoint": endpoint, "payload": 1, "mode": "stream"}), "streamed")?;
        run.aws().create_bucket(&endpoint);
        run.aws().put_object(&endpoint, "out", &[], "from S3");
        run.call(json!({"endpoint": endpoint, "payload": 1, "mode": "async"}), "from S3").map(drop)
    })
    .serves(answers),
    Row::new("deploy_model", |run| {
        let (endpoint, bad) = (run.name("e"), run.name("bad"));
        let machine = |more: Value| with(json!({"role": ROLE, "image": "i", "instance_type": "ml.m5.large"}), more);
        run.call(machine(json!({"endpoint": endpoint, "tags": {"a": "b"}})), "created")?;
        let model = model(run, "m");
        // Names of configurations tell the second they were made in.
        std::thread::sleep(std::time::Duration::from_millis(1050));
        run.call(json!({"endpoint": endpoint, "model": model, "instance_type": "ml.m5.large"}), "updated")?;
        let package = package(run);
        let other = run.name("p");
        run.call(
            json!({"endpoint": other, "package": package, "role": ROLE, "instance_type": "ml.m5.large"}),
            "created",
        )?;
        let text = run.fails(machine(json!({"endpoint": bad})), "taken back: endpoint")?;
        match text.contains("cannot be read") || text.contains("left behind") {
            true => run.fails(machine(json!({"endpoint": bad})), "all of it").map(drop),
            false => Ok(()),
        }
    })
    .serves(failing)
    .arns(ANY),
    Row::new("scale_endpoint", |run| {
        let endpoint = endpoint(run, "e");
        run.call(json!({"endpoint": endpoint, "instances": 2}), "under way")?;
        run.call(json!({"endpoint": endpoint, "min": 1, "max": 2}), "between 1 and 2")?;
        run.call(json!({"endpoint": endpoint, "fixed": true}), "no longer automatic")?;
        let component = component(run, &endpoint);
        run.call(json!({"endpoint": endpoint, "component": component, "instances": 2}), "under way").map(drop)
    })
    .arns(ANY),
    Row::new("set_component", |run| {
        let endpoint = endpoint(run, "e");
        let name = run.name("c");
        let new = json!({"endpoint": endpoint, "component": name, "model": endpoint, "memory_mb": 128});
        run.call(new, "being created")?;
        run.call(json!({"endpoint": endpoint, "component": name, "copies": 2}), "being updated").map(drop)
    })
    .serves(placed),
    Row::new("list_monitors", |run| {
        run.call(json!({}), "")?;
        let schedule = run.name("s");
        run.call(json!({"schedule": schedule}), "the schedule is Scheduled").map(drop)
    })
    .serves(monitors),
    Row::new("create_monitor", |run| {
        let (schedule, clone) = (run.name("new-monitor"), run.name("s"));
        let call = json!({"schedule": schedule, "clone": clone, "role": ROLE, "request": watching()});
        run.call(call, &schedule).map(drop)
    })
    .serves(monitors),
    Row::new("set_monitor", |run| {
        let (runs, stopped) = (run.name("s"), run.name("stopped"));
        run.call(json!({"schedule": runs, "state": "stopped"}), &runs)?;
        run.call(json!({"schedule": stopped, "state": "started"}), &stopped).map(drop)
    })
    .serves(monitors),
    Row::new("delete_monitor", |run| {
        let schedule = run.name("s");
        run.call(json!({"schedule": schedule}), &schedule).map(drop)
    })
    .serves(monitors),
    Row::new("list_pipelines", |run| {
        let (pipeline, execution) = execution(run);
        run.call(json!({"prefix": pipeline}), &pipeline)?;
        run.call(json!({"pipeline": pipeline}), &execution).map(drop)
    })
    .arns(ANY),
    Row::new("describe_pipeline", |run| {
        let (pipeline, _) = execution(run);
        run.call(json!({"pipeline": pipeline}), "Training").map(drop)
    })
    .arns(ANY),
    Row::new("describe_execution", |run| {
        let (pipeline, execution) = execution(run);
        complete(run, json!({"pipeline": pipeline}), "a line of the log")?;
        complete(run, json!({"execution": execution}), "a line of the log")
    })
    .serves(steps)
    .arns(ANY),
    Row::new("start_pipeline", |run| {
        let (pipeline, _) = execution(run);
        run.call(json!({"pipeline": pipeline}), &pipeline).map(drop)
    })
    .arns(ANY),
    Row::new("stop_pipeline", |run| {
        let (_, execution) = execution(run);
        run.call(json!({"execution": execution}), &execution).map(drop)
    }),
    Row::new("retry_pipeline", |run| {
        let (_, execution) = execution(run);
        run.call(json!({"execution": execution}), &execution).map(drop)
    })
    .serves(|request| match request.operation() {
        "DescribePipelineExecution" => Some(Response::output(json!({"PipelineExecutionStatus": "Failed"}))),
        _ => None,
    }),
    Row::new("list_model_packages", |run| {
        let package = package(run);
        let group = run.name("g");
        run.call(json!({"name": group}), &group)?;
        run.call(json!({"package_group": group}), package.as_str().unwrap_or_default()).map(drop)
    })
    .arns(ANY),
    Row::new("approve_model", |run| {
        let package = package(run);
        run.call(json!({"package": package, "approval": "rejected"}), "Rejected").map(drop)
    }),
    // Prices are of nobody's ARN.
    Row::new("running_costs", |run| complete(run, json!({}), "running now")).serves(bill).arns(ANY),
    Row::new("stop_running", |run| {
        let name = run.name("x");
        let app = json!({"kind": "app", "name": name, "domain": run.name("d"), "owner": run.name("o"), "app_type": "JupyterLab"});
        run.call(app, "being deleted")?;
        for kind in ["warm_pool", "recommendation_job", "optimization_job", "benchmark_job", "ai_recommendation_job"] {
            run.call(json!({"kind": kind, "name": name}), "being stopped")?;
        }
        Ok(())
    })
    .serves(ending),
    Row::new("list_studio", |run| {
        run.call(json!({}), "")?;
        for show in ["domains", "users", "spaces", "apps"] {
            run.call(json!({"show": show}), "")?;
        }
        Ok(())
    })
    .serves(ending),
    Row::new("create_studio", |run| {
        let (domain, owner, name) = (run.name("d"), run.name("o"), run.name("x"));
        for kind in ["space", "app"] {
            let call = json!({"kind": kind, "domain": domain, "owner": owner, "name": name, "app_type": "JupyterLab"});
            run.call(call, &name)?;
        }
        Ok(())
    })
    .serves(studio),
    Row::new("delete_space", |run| {
        let (domain, space) = (run.name("d"), run.name("full"));
        run.call(json!({"domain": domain, "space": space}), &space).map(drop)
    })
    .serves(studio),
    Row::new("set_mlflow", |run| {
        let name = run.name("t");
        run.call(json!({"server": name, "state": "stopped"}), &name)?;
        let other = run.name("stopped");
        run.call(json!({"server": other, "state": "started"}), &other).map(drop)
    })
    .serves(ending),
    Row::new("list_notebooks", |run| {
        let name = notebook(run);
        run.call(json!({"name": name}), &name).map(drop)
    }),
    Row::new("set_notebook", |run| {
        let name = notebook(run);
        run.call(json!({"notebook": name, "state": "stopped"}), &name)?;
        run.call(json!({"notebook": name, "state": "started"}), "InService").map(drop)
    }),
    Row::new("list_clusters", |run| {
        let name = cluster(run);
        run.call(json!({"name": name}), &name)?;
        run.call(json!({"cluster": name}), "workers")?;
        run.call(json!({"cluster": name, "show": "nodes"}), "")?;
        run.call(json!({"cluster": name, "show": "events"}), "").map(drop)
    })
    .arns(ANY),
    Row::new("update_cluster", |run| {
        let name = cluster(run);
        run.call(json!({"cluster": name, "group": "workers", "instances": 3}), "from 2 to 3")?;
        run.call(json!({"cluster": name, "group": "workers", "instances": 1}), "to 1")?;
        run.call(json!({"cluster": name, "software": true}), "being updated").map(drop)
    })
    .arns(ANY),
    Row::new("replace_nodes", |run| {
        let name = cluster(run);
        run.call(json!({"cluster": name, "nodes": ["i-1"]}), "i-1")?;
        run.call(json!({"cluster": name, "nodes": ["i-1"], "reboot": true}), "i-1").map(drop)
    })
    .serves(|request| match request.operation() {
        "ListClusterNodes" => Some(Response::output(json!({"ClusterNodeSummaries": [
            {"InstanceGroupName": "workers", "InstanceId": "i-1", "InstanceType": "ml.g5.xlarge", "LaunchTime": 1,
                "InstanceStatus": {"Status": "Running"}}]}))),
        _ => None,
    })
    .arns(ANY),
    Row::new("list_features", |run| {
        let name = features(run);
        run.call(json!({"name": name}), &name)?;
        run.call(json!({"feature_group": name}), "identifier").map(drop)
    }),
    Row::new("get_record", |run| {
        let name = run.name("f");
        run.call(json!({"feature_group": name, "id": "1"}), "answer").map(drop)
    })
    .serves(answers),
    Row::new("get_records", |run| {
        let name = run.name("f");
        run.call(json!({"feature_groups": [name], "ids": ["1"]}), "answer").map(drop)
    })
    .serves(answers),
    Row::new("put_record", |run| {
        let name = run.name("f");
        run.call(json!({"feature_group": name, "record": {"id": "answer"}}), "event_time").map(drop)
    })
    .serves(answers),
    Row::new("search", |run| {
        let name = job(run, "training");
        let filters = json!([{"name": "TrainingJobName", "value": name}]);
        run.call(json!({"resource": "training_job", "filters": filters}), &name).map(drop)
    }),
    Row::new("delete_endpoint", |run| {
        let name = endpoint(run, "e");
        let call = json!({"endpoint": name, "config": true, "models": true});
        let plan = run.plan(call.clone(), &name)?;
        if plan.contains("is not known") {
            return run.plan(call, "how often it was called").map(drop);
        }
        run.call(call, &format!("model {name}")).map(drop)
    }),
    Row::new("delete_component", |run| {
        let endpoint = endpoint(run, "e");
        let name = component(run, &endpoint);
        run.call(json!({"component": name}), &name).map(drop)
    })
    .arns(ANY),
    Row::new("delete_model", |run| {
        let name = model(run, "m");
        run.call(json!({"model": name}), &name).map(drop)
    }),
    Row::new("delete_notebook", |run| {
        let name = notebook(run);
        sagemaker(run, "StopNotebookInstance", json!({"NotebookInstanceName": name}));
        run.call(json!({"notebook": name}), "\"deleted\"").map(drop)
    }),
    Row::new("delete_pipeline", |run| {
        let (pipeline, _) = execution(run);
        run.call(json!({"pipeline": pipeline}), "\"deleted\"").map(drop)
    })
    .arns(ANY),
];

/// What fakecloud does not serve, or not as the row needs it: the row answers it, and the proof refuses it in
/// fakecloud's place.
macro_rules! exceptions {
    ($($action:literal $operation:literal [$($tool:literal),+];)* and $($more:expr),* $(,)?) => {
        &[
            $(Exception::of(&[$($tool),+], $action, "fakecloud does not serve it, or serves it otherwise than the row needs")
                .unchecked(|request| request.operation() == $operation),)*
            $($more,)*
        ]
    };
}

const EXCEPTIONS: &[Exception] = exceptions! {
    "sagemaker:ListTrainingJobs" "ListTrainingJobs" ["running_costs"];
    "sagemaker:ListProcessingJobs" "ListProcessingJobs" ["running_costs"];
    "sagemaker:ListTransformJobs" "ListTransformJobs" ["running_costs"];
    "sagemaker:DescribeTrainingJob" "DescribeTrainingJob" ["describe_job", "stop_job", "describe_execution", "running_costs", "stop_running"];
    "sagemaker:DescribeProcessingJob" "DescribeProcessingJob" ["stop_job", "describe_execution", "running_costs"];
    "sagemaker:DescribeTransformJob" "DescribeTransformJob" ["stop_job", "describe_execution", "running_costs"];
    "sagemaker:DescribeHyperParameterTuningJob" "DescribeHyperParameterTuningJob" ["stop_job", "describe_execution"];
    "sagemaker:DescribeAutoMLJobV2" "DescribeAutoMLJobV2" ["stop_job", "describe_execution"];
    "sagemaker:DescribeCompilationJob" "DescribeCompilationJob" ["stop_job"];
    "sagemaker:DescribeLabelingJob" "DescribeLabelingJob" ["stop_job"];
    "sagemaker:StopTrainingJob" "StopTrainingJob" ["stop_job"];
    "sagemaker:StopProcessingJob" "StopProcessingJob" ["stop_job"];
    "sagemaker:StopTransformJob" "StopTransformJob" ["stop_job"];
    "sagemaker:StopHyperParameterTuningJob" "StopHyperParameterTuningJob" ["stop_job"];
    "sagemaker:StopAutoMLJob" "StopAutoMLJob" ["stop_job"];
    "sagemaker:StopCompilationJob" "StopCompilationJob" ["stop_job"];
    "sagemaker:StopLabelingJob" "StopLabelingJob" ["stop_job"];
    "logs:DescribeLogStreams" "DescribeLogStreams" ["job_logs", "describe_endpoint", "deploy_model", "describe_execution"];
    "logs:GetLogEvents" "GetLogEvents" ["job_logs", "describe_endpoint", "deploy_model", "describe_execution"];
    "logs:FilterLogEvents" "FilterLogEvents" ["job_logs"];
    "sagemaker:ListEndpoints" "ListEndpoints" ["running_costs"];
    "sagemaker:DescribeEndpoint" "DescribeEndpoint" ["running_costs"];
    "sagemaker:DescribeEndpointConfig" "DescribeEndpointConfig" ["running_costs"];
    "sagemaker:ListInferenceComponents" "ListInferenceComponents" ["running_costs", "describe_endpoint"];
    "sagemaker:InvokeEndpoint" "InvokeEndpoint" ["invoke_endpoint"];
    "sagemaker:InvokeEndpointWithResponseStream" "InvokeEndpointWithResponseStream" ["invoke_endpoint"];
    "sagemaker:InvokeEndpointAsync" "InvokeEndpointAsync" ["invoke_endpoint"];
    "sagemaker:DeleteEndpoint" "DeleteEndpoint" ["deploy_model"];
    "sagemaker:DescribePipelineExecution" "DescribePipelineExecution" ["retry_pipeline"];
    "sagemaker:ListPipelineExecutionSteps" "ListPipelineExecutionSteps" ["describe_execution"];
    "sagemaker:ListNotebookInstances" "ListNotebookInstances" ["running_costs"];
    "sagemaker:ListApps" "ListApps" ["running_costs", "stop_running", "list_studio", "delete_space"];
    "sagemaker:ListMlflowTrackingServers" "ListMlflowTrackingServers" ["running_costs"];
    "sagemaker:ListClusters" "ListClusters" ["running_costs"];
    "sagemaker:ListInferenceRecommendationsJobs" "ListInferenceRecommendationsJobs" ["running_costs"];
    "sagemaker:ListOptimizationJobs" "ListOptimizationJobs" ["running_costs"];
    "sagemaker:ListAIBenchmarkJobs" "ListAIBenchmarkJobs" ["running_costs"];
    "sagemaker:ListAIRecommendationJobs" "ListAIRecommendationJobs" ["running_costs"];
    "sagemaker:ListPartnerApps" "ListPartnerApps" ["running_costs"];
    "sagemaker:ListFeatureGroups" "ListFeatureGroups" ["running_costs"];
    "sagemaker:DescribeFeatureGroup" "DescribeFeatureGroup" ["running_costs"];
    "sagemaker:ListTrainingPlans" "ListTrainingPlans" ["running_costs"];
    "sagemaker:DeleteApp" "DeleteApp" ["stop_running"];
    "sagemaker:CreateInferenceComponent" "CreateInferenceComponent" ["set_component"];
    "sagemaker:UpdateInferenceComponent" "UpdateInferenceComponent" ["set_component"];
    "sagemaker:DescribeInferenceComponent" "DescribeInferenceComponent" ["set_component"];
    "sagemaker:UpdateTrainingJob" "UpdateTrainingJob" ["stop_running"];
    "sagemaker:DescribeInferenceRecommendationsJob" "DescribeInferenceRecommendationsJob" ["stop_running"];
    "sagemaker:StopInferenceRecommendationsJob" "StopInferenceRecommendationsJob" ["stop_running"];
    "sagemaker:DescribeOptimizationJob" "DescribeOptimizationJob" ["stop_running"];
    "sagemaker:StopOptimizationJob" "StopOptimizationJob" ["stop_running"];
    "sagemaker:DescribeAIBenchmarkJob" "DescribeAIBenchmarkJob" ["stop_running"];
    "sagemaker:StopAIBenchmarkJob" "StopAIBenchmarkJob" ["stop_running"];
    "sagemaker:DescribeAIRecommendationJob" "DescribeAIRecommendationJob" ["stop_running"];
    "sagemaker:StopAIRecommendationJob" "StopAIRecommendationJob" ["stop_running"];
    "sagemaker:ListDomains" "ListDomains" ["list_studio"];
    "sagemaker:ListUserProfiles" "ListUserProfiles" ["list_studio"];
    "sagemaker:ListSpaces" "ListSpaces" ["list_studio"];
    "sagemaker:DescribeMlflowTrackingServer" "DescribeMlflowTrackingServer" ["set_mlflow"];
    "sagemaker:StartMlflowTrackingServer" "StartMlflowTrackingServer" ["set_mlflow"];
    "sagemaker:StopMlflowTrackingServer" "StopMlflowTrackingServer" ["set_mlflow"];
    "sagemaker:ListMonitoringSchedules" "ListMonitoringSchedules" ["list_monitors"];
    "sagemaker:ListMonitoringExecutions" "ListMonitoringExecutions" ["list_monitors"];
    "sagemaker:DescribeMonitoringSchedule" "DescribeMonitoringSchedule" ["list_monitors", "create_monitor", "set_monitor", "delete_monitor"];
    "sagemaker:StartMonitoringSchedule" "StartMonitoringSchedule" ["set_monitor"];
    "sagemaker:StopMonitoringSchedule" "StopMonitoringSchedule" ["set_monitor"];
    "sagemaker:DeleteMonitoringSchedule" "DeleteMonitoringSchedule" ["delete_monitor"];
    "sagemaker:ListTags" "ListTags" ["create_monitor"];
    "sagemaker:CreateMonitoringSchedule" "CreateMonitoringSchedule" ["create_monitor"];
    "sagemaker:AddTags" "CreateMonitoringSchedule" ["create_monitor"];
    "iam:PassRole" "CreateMonitoringSchedule" ["create_monitor"];
    "sagemaker:DescribeSpace" "DescribeSpace" ["create_studio", "delete_space"];
    "sagemaker:DeleteSpace" "DeleteSpace" ["delete_space"];
    "sagemaker:CreateSpace" "CreateSpace" ["create_studio"];
    "sagemaker:DescribeApp" "DescribeApp" ["create_studio"];
    "sagemaker:CreateApp" "CreateApp" ["create_studio"];
    "sagemaker:PutRecord" "PutRecord" ["put_record"];
    "sagemaker:DescribeFeatureGroup" "DescribeFeatureGroup" ["put_record"];
    "sagemaker:DescribeCluster" "DescribeCluster" ["running_costs"];
    "sagemaker:ListClusterNodes" "ListClusterNodes" ["replace_nodes"];
    "sagemaker:GetRecord" "GetRecord" ["get_record", "put_record"];
    "sagemaker:BatchGetRecord" "BatchGetRecord" ["get_records"];
    and
    Exception::of(&["whoami"], "sts:GetCallerIdentity", "AWS answers it to everybody; it is asked for by the session")
        .unmade()
        .unnoticed(),
    // What SageMaker itself asks of the caller, besides the operation's own action.
    Exception::of(&["create_job", "deploy_model", "update_cluster"], "iam:PassRole", "fakecloud does not check that a role may be passed")
        .unnoticed(),
    Exception::of(&["create_job", "deploy_model"], "sagemaker:AddTags", "fakecloud does not check tags that come along").unnoticed(),
    // Without prices both go on.
    Exception::of(&["running_costs", "deploy_model"], "pricing:GetProducts", "fakecloud does not serve the price list")
        .unchecked(|request| request.operation() == "GetProducts")
        .unnoticed(),
    Exception::of(&["invoke_endpoint"], "s3:ListBucket", "S3 asks for it where a key is not there yet").unmade().unnoticed(),
};

/// Calls a tool that goes on without what it may not see, and ends the row where something is missing.
fn complete(run: &mut Run<'_>, call: Value, expected: &str) -> Result<(), Stopped> {
    const LACKS: [&str; 5] =
        ["cannot be shown", "cannot be read", "cannot be described", "is not known", "are missing"];
    let text = run.call(call.clone(), "")?;
    match LACKS.iter().any(|words| text.contains(words)) {
        true => run.fails(call, "everything").map(drop),
        false => run.call(call, expected).map(drop),
    }
}

fn sagemaker(run: &Run<'_>, operation: &str, input: Value) -> Value {
    run.aws().call("sagemaker", operation, input)
}

fn with(mut call: Value, more: Value) -> Value {
    if let (Some(call), Value::Object(more)) = (call.as_object_mut(), more) {
        call.extend(more);
    }
    call
}

fn noun(kind: &str) -> &'static str {
    match kind {
        "training" => "TrainingJob",
        "processing" => "ProcessingJob",
        "transform" => "TransformJob",
        "tuning" => "HyperParameterTuningJob",
        "automl" => "AutoMLJob",
        "compilation" => "CompilationJob",
        _ => "LabelingJob",
    }
}

/// Transform jobs have none.
fn role(kind: &str) -> Option<&'static str> {
    (kind != "transform").then_some(ROLE)
}

fn request(kind: &str) -> Value {
    let s3 = json!({"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://b/i"}});
    let machine = json!({"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10});
    let training = json!({"RoleArn": ROLE, "AlgorithmSpecification": {"TrainingImage": "i", "TrainingInputMode": "File"},
        "OutputDataConfig": {"S3OutputPath": "s3://b/o"}, "ResourceConfig": machine, "StoppingCondition": {"MaxRuntimeInSeconds": 60}});
    match kind {
        "training" => training,
        "processing" => {
            json!({"RoleArn": ROLE, "AppSpecification": {"ImageUri": "i"}, "ProcessingResources": {"ClusterConfig": machine}})
        }
        "transform" => {
            json!({"ModelName": "m", "TransformInput": {"DataSource": s3}, "TransformOutput": {"S3OutputPath": "s3://b/o"},
            "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1}})
        }
        "tuning" => {
            json!({"TrainingJobDefinition": training, "HyperParameterTuningJobConfig": {"Strategy": "Random",
            "ResourceLimits": {"MaxNumberOfTrainingJobs": 2, "MaxParallelTrainingJobs": 1}}})
        }
        "automl" => {
            json!({"RoleArn": ROLE, "AutoMLJobInputDataConfig": [{"ChannelType": "training", "DataSource": s3}],
            "OutputDataConfig": {"S3OutputPath": "s3://b/o"}, "AutoMLProblemTypeConfig": {"TabularJobConfig": {"TargetAttributeName": "y"}}})
        }
        "compilation" => {
            json!({"RoleArn": ROLE, "InputConfig": {"S3Uri": "s3://b/m", "Framework": "PYTORCH"},
            "OutputConfig": {"S3OutputLocation": "s3://b/o", "TargetDevice": "ml_c5"}, "StoppingCondition": {"MaxRuntimeInSeconds": 60}})
        }
        _ => json!({"RoleArn": ROLE, "LabelAttributeName": "l", "OutputConfig": {"S3OutputPath": "s3://b/o"},
            "InputConfig": {"DataSource": {"S3DataSource": {"ManifestS3Uri": "s3://b/m"}}}, "HumanTaskConfig": {
                "WorkteamArn": "arn:aws:sagemaker:us-east-1:123456789012:workteam/private-crowd/t", "UiConfig": {"UiTemplateS3Uri": "s3://b/t"},
                "TaskTitle": "t", "TaskDescription": "d", "NumberOfHumanWorkersPerDataObject": 1, "TaskTimeLimitInSeconds": 60}}),
    }
}

/// A job that exists; one for each row and kind.
fn job(run: &Run<'_>, kind: &str) -> String {
    let name = run.name(kind);
    let field = format!("{}Name", noun(kind));
    let version = if kind == "automl" { "V2" } else { "" };
    let describe = format!("Describe{}{version}", noun(kind));
    static MADE: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    if MADE.lock().unwrap().insert(format!("{describe} {name}")) {
        let input = with(request(kind), json!({field: name}));
        sagemaker(run, &format!("Create{}{version}", noun(kind)), input);
    }
    name
}

fn model(run: &Run<'_>, what: &str) -> String {
    let name = run.name(what);
    let input =
        json!({"ModelName": name, "ExecutionRoleArn": ROLE, "PrimaryContainer": {"Image": "image:1"}});
    sagemaker(run, "CreateModel", input);
    name
}

fn endpoint(run: &Run<'_>, what: &str) -> String {
    let name = model(run, what);
    let variant = json!({"VariantName": "AllTraffic", "ModelName": name, "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"});
    sagemaker(
        run,
        "CreateEndpointConfig",
        json!({"EndpointConfigName": name, "ProductionVariants": [variant]}),
    );
    sagemaker(run, "CreateEndpoint", json!({"EndpointName": name, "EndpointConfigName": name}));
    let wanted = json!([{"VariantName": "AllTraffic", "DesiredInstanceCount": 1}]);
    sagemaker(
        run,
        "UpdateEndpointWeightsAndCapacities",
        json!({"EndpointName": name, "DesiredWeightsAndCapacities": wanted}),
    );
    name
}

/// A component on an endpoint, which runs the model of the endpoint's name.
fn component(run: &Run<'_>, endpoint: &str) -> String {
    let name = run.name("c");
    let specification =
        json!({"ModelName": endpoint, "ComputeResourceRequirements": {"MinMemoryRequiredInMb": 128}});
    sagemaker(
        run,
        "CreateInferenceComponent",
        json!({"InferenceComponentName": name, "EndpointName": endpoint, "VariantName": "AllTraffic",
            "Specification": specification, "RuntimeConfig": {"CopyCount": 1}}),
    );
    name
}

/// A pipeline, and the ARN of an execution of it.
fn execution(run: &Run<'_>) -> (String, String) {
    let name = run.name("p");
    let definition =
        json!({"Version": "2020-12-01", "Steps": [{"Name": "s", "Type": "Training", "Arguments": {}}]})
            .to_string();
    sagemaker(
        run,
        "CreatePipeline",
        json!({"PipelineName": name, "PipelineDefinition": definition, "ClientRequestToken": "a".repeat(32), "RoleArn": ROLE}),
    );
    let started = sagemaker(
        run,
        "StartPipelineExecution",
        json!({"PipelineName": name, "ClientRequestToken": "b".repeat(32)}),
    );
    (name, started["PipelineExecutionArn"].as_str().unwrap_or_default().to_owned())
}

/// The ARN of an approved version.
fn package(run: &Run<'_>) -> Value {
    let group = run.name("g");
    sagemaker(run, "CreateModelPackageGroup", json!({"ModelPackageGroupName": group}));
    let specification = json!({"Containers": [{"Image": "i"}], "SupportedContentTypes": ["text/csv"], "SupportedResponseMIMETypes": ["text/csv"]});
    let made = sagemaker(
        run,
        "CreateModelPackage",
        json!({"ModelPackageGroupName": group, "ModelApprovalStatus": "Approved", "InferenceSpecification": specification}),
    );
    made["ModelPackageArn"].clone()
}

fn notebook(run: &Run<'_>) -> String {
    let name = run.name("n");
    sagemaker(
        run,
        "CreateNotebookInstance",
        json!({"NotebookInstanceName": name, "InstanceType": "ml.t3.medium", "RoleArn": ROLE}),
    );
    sagemaker(run, "StartNotebookInstance", json!({"NotebookInstanceName": name}));
    name
}

fn cluster(run: &Run<'_>) -> String {
    let name = run.name("c");
    let group = json!({"InstanceCount": 2, "InstanceGroupName": "workers", "InstanceType": "ml.g5.xlarge", "ExecutionRole": ROLE,
        "LifeCycleConfig": {"SourceS3Uri": "s3://b/l", "OnCreate": "x.sh"}});
    sagemaker(run, "CreateCluster", json!({"ClusterName": name, "InstanceGroups": [group]}));
    name
}

fn features(run: &Run<'_>) -> String {
    let name = run.name("f");
    let definitions = json!([{"FeatureName": "id", "FeatureType": "String"}, {"FeatureName": "at", "FeatureType": "String"}]);
    sagemaker(
        run,
        "CreateFeatureGroup",
        json!({"FeatureGroupName": name, "RecordIdentifierFeatureName": "id", "EventTimeFeatureName": "at", "RoleArn": ROLE,
            "FeatureDefinitions": definitions}),
    );
    name
}

/// A training job that has begun: only of such there are figures.
fn started(request: &Request) -> Option<Response> {
    match request.operation() {
        "DescribeTrainingJob" => Some(Response::output(described("training", request, "InProgress"))),
        _ => None,
    }
}

/// Logs that have a line, of any job, in streams that are called as those of its kind are.
fn logs(request: &Request) -> Option<Response> {
    let input = request.json();
    let asked = input["logStreamNamePrefix"].as_str().unwrap_or("AllTraffic");
    let end = match asked.chars().last() {
        Some('-') => "001-0a1b2c3d/algo-1-1700000000",
        Some('/') => "algo-1-1700000000",
        _ => "",
    };
    let stream = format!("{asked}{end}");
    let line = json!([{"timestamp": 1, "message": "a line of the log", "logStreamName": stream}]);
    match request.operation() {
        "DescribeLogStreams" => Some(Response::output(json!({"logStreams": [{"logStreamName": stream}]}))),
        "FilterLogEvents" => Some(Response::output(json!({"events": line}))),
        "GetLogEvents" => {
            Some(Response::output(json!({"events": [{"timestamp": 1, "message": "a line of the log"}]})))
        }
        _ => None,
    }
}

/// Jobs of every kind that run, and stop when they are told.
fn stopping(request: &Request) -> Option<Response> {
    if let Some(kind) = request.operation().strip_prefix("Describe").and_then(kind) {
        return Some(Response::output(described(kind, request, "InProgress")));
    }
    request.operation().strip_prefix("Stop").and_then(kind).map(|_| Response::new(200, ""))
}

fn kind(operation: &str) -> Option<&'static str> {
    KINDS.into_iter().find(|kind| noun(kind) == operation.trim_end_matches("V2"))
}

/// A description of the job that is asked for.
fn described(kind: &str, request: &Request, status: &str) -> Value {
    let noun = noun(kind);
    let mut found = with(
        self::request(kind),
        json!({format!("{noun}Name"): request.json()[format!("{noun}Name")], format!("{noun}Arn"): "arn:aws:sagemaker:us-east-1:123456789012:x/x",
            format!("{noun}Status"): status, "CreationTime": 1_700_000_000}),
    );
    let more = match kind {
        "training" => {
            json!({"SecondaryStatus": "Training", "ModelArtifacts": {"S3ModelArtifacts": "s"}, "TrainingStartTime": 1_700_000_000})
        }
        "tuning" => json!({"TrainingJobStatusCounters": {}, "ObjectiveStatusCounters": {}}),
        "automl" => json!({"AutoMLJobSecondaryStatus": "Starting", "LastModifiedTime": 1}),
        "compilation" => {
            json!({"CompilationJobStatus": "INPROGRESS", "LastModifiedTime": 1, "FailureReason": "", "ModelArtifacts": {"S3ModelArtifacts": "s"}})
        }
        "labeling" => json!({"LabelCounters": {}, "LastModifiedTime": 1, "JobReferenceCode": "r"}),
        _ => json!({}),
    };
    found = with(found, more);
    found
}

/// The runtimes.
fn answers(request: &Request) -> Option<Response> {
    let endpoint = request.path().split('/').nth(2).unwrap_or_default();
    match request.operation() {
        "InvokeEndpoint" => Some(Response::new(200, "answer").with("content-type", "text/plain")),
        "InvokeEndpointWithResponseStream" => {
            Some(Response::events([awsmcp_testing::Event::bytes("PayloadPart", "streamed")]))
        }
        "InvokeEndpointAsync" => Some(
            Response::new(202, r#"{"InferenceId":"i"}"#)
                .with("x-amzn-sagemaker-outputlocation", &format!("s3://{endpoint}/out")),
        ),
        "GetRecord" => {
            Some(Response::output(json!({"Record": [{"FeatureName": "id", "ValueAsString": "answer"}]})))
        }
        "BatchGetRecord" => {
            let group = request.json()["Identifiers"][0]["FeatureGroupName"].clone();
            Some(Response::output(
                json!({"Records": [{"FeatureGroupName": group, "RecordIdentifierValueAsString": "1",
                "Record": [{"FeatureName": "id", "ValueAsString": "answer"}]}], "Errors": [], "UnprocessedIdentifiers": []}),
            ))
        }
        "PutRecord" => Some(Response::new(200, "")),
        "DescribeFeatureGroup" => {
            let name = request.json()["FeatureGroupName"].as_str().unwrap_or_default().to_owned();
            let feature = |name: &str| json!({"FeatureName": name, "FeatureType": "String"});
            Some(Response::output(json!({"FeatureGroupName": name, "RecordIdentifierFeatureName": "id",
                "FeatureGroupArn": format!("arn:aws:sagemaker:us-east-1:123456789012:feature-group/{name}"),
                "EventTimeFeatureName": "at", "FeatureDefinitions": [feature("id"), feature("at")],
                "CreationTime": 1, "NextToken": "", "OnlineStoreConfig": {"EnableOnlineStore": true}})))
        }
        _ => None,
    }
}

/// What a monitoring schedule runs, in AWS's words.
fn watching() -> Value {
    json!({"MonitoringScheduleConfig": {"ScheduleConfig": {"ScheduleExpression": "cron(0 * ? * * *)"},
        "MonitoringJobDefinition": {"MonitoringAppSpecification": {"ImageUri": "i"}, "MonitoringInputs": [],
            "MonitoringOutputConfig": {"MonitoringOutputs": []}, "MonitoringResources": {"ClusterConfig":
                {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 5}}}}})
}

fn studio(request: &Request) -> Option<Response> {
    let arn = |kind: &str| format!("arn:aws:sagemaker:us-east-1:123456789012:{kind}/d/x");
    let space = request.json()["SpaceName"].clone();
    match request.operation() {
        "DescribeSpace" if space.as_str().is_some_and(|name| name.ends_with("full")) => {
            Some(Response::output(json!({"SpaceName": space, "Status": "InService", "CreationTime": 1})))
        }
        "ListApps" => Some(Response::output(json!({"Apps": []}))),
        "DeleteSpace" => Some(Response::new(200, "")),
        "DescribeSpace" | "DescribeApp" => {
            Some(Response::error(400, "ResourceNotFound", "it does not exist"))
        }
        "CreateSpace" => Some(Response::output(json!({"SpaceArn": arn("space")}))),
        "CreateApp" => Some(Response::output(json!({"AppArn": arn("app")}))),
        _ => None,
    }
}

/// Endpoints whose name ends in `bad` fail once they are made.
fn failing(request: &Request) -> Option<Response> {
    static MADE: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    let input = request.json();
    let name = input["EndpointName"].as_str().unwrap_or_default().to_owned();
    let mut made = MADE.lock().unwrap();
    match request.operation() {
        "DescribeLogStreams" | "GetLogEvents" => logs(request),
        "GetProducts" => Some(Response::output(json!({"PriceList": []}))),
        "CreateEndpoint" if name.ends_with("bad") => {
            made.insert(name);
            Some(Response::output(
                json!({"EndpointArn": "arn:aws:sagemaker:us-east-1:123456789012:endpoint/x"}),
            ))
        }
        "DeleteEndpoint" if name.ends_with("bad") => {
            made.remove(&name);
            Some(Response::new(200, ""))
        }
        "DescribeEndpoint" if made.contains(&name) => {
            Some(Response::output(json!({"EndpointName": name, "EndpointStatus": "Failed",
            "EndpointArn": "arn:aws:sagemaker:us-east-1:123456789012:endpoint/x", "EndpointConfigName": "c", "CreationTime": 1, "LastModifiedTime": 1})))
        }
        _ => None,
    }
}

/// An execution that failed in a step of each kind.
fn steps(request: &Request) -> Option<Response> {
    match request.operation() {
        "ListPipelineExecutionSteps" => {
            let input = request.json();
            let arn = input["PipelineExecutionArn"].as_str().unwrap_or_default();
            let name = arn.split('/').nth(1).unwrap_or_default();
            let step = |sort: &str, resource: &str| {
                json!({"StepName": sort, "StepStatus": "Failed",
                    "Metadata": {sort: {"Arn": format!("arn:aws:sagemaker:us-east-1:123456789012:{resource}/{name}-{resource}")}}})
            };
            Some(Response::output(json!({"PipelineExecutionSteps": [
                step("TrainingJob", "training-job"), step("ProcessingJob", "processing-job"), step("TransformJob", "transform-job"),
                step("TuningJob", "hyper-parameter-tuning-job"), step("AutoMLJob", "automl-job"),
            ]})))
        }
        operation => match operation.strip_prefix("Describe").and_then(kind) {
            Some(kind) => Some(Response::output(described(kind, request, "Failed"))),
            None => logs(request),
        },
    }
}

/// One of everything that bills, each with the name that the row may see.
fn bill(request: &Request) -> Option<Response> {
    let arn = |resource: &str| format!("arn:aws:sagemaker:us-east-1:123456789012:{resource}/running-costs-x");
    let listed = |noun: &str, resource: &str| json!([{format!("{noun}Name"): "running-costs-x", format!("{noun}Arn"): arn(resource), format!("{noun}Status"): "InProgress", "CreationTime": 1}]);
    // What an endpoint runs on is held to the row's names too.
    let (name, config) = ("running-costs-x", "running-costs-c");
    let found = match request.operation() {
        "ListEndpoints" => {
            json!({"Endpoints": [{"EndpointName": name, "EndpointArn": arn("endpoint"), "CreationTime": 1, "LastModifiedTime": 1,
            "EndpointStatus": "InService"}]})
        }
        "DescribeEndpoint" => {
            json!({"EndpointName": name, "EndpointArn": arn("endpoint"), "EndpointConfigName": config, "EndpointStatus": "InService",
            "CreationTime": 1, "LastModifiedTime": 1})
        }
        "DescribeEndpointConfig" => {
            json!({"EndpointConfigName": config, "EndpointConfigArn": "a", "CreationTime": 1,
            "ProductionVariants": [{"VariantName": "v", "ModelName": "m", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}]})
        }
        "GetProducts" => json!({"PriceList": []}),
        "ListInferenceComponents" => json!({"InferenceComponents": []}),
        "ListNotebookInstances" => json!({"NotebookInstances": []}),
        "ListApps" => json!({"Apps": []}),
        "ListInferenceRecommendationsJobs" => json!({"InferenceRecommendationsJobs": []}),
        "ListOptimizationJobs" => json!({"OptimizationJobSummaries": []}),
        "ListAIBenchmarkJobs" => json!({"AIBenchmarkJobs": []}),
        "ListAIRecommendationJobs" => json!({"AIRecommendationJobs": []}),
        "ListPartnerApps" => json!({"Summaries": []}),
        "ListTrainingPlans" => json!({"TrainingPlanSummaries": []}),
        "ListFeatureGroups" => {
            json!({"FeatureGroupSummaries": [{"FeatureGroupName": name, "FeatureGroupArn": arn("feature-group"),
                "CreationTime": 1, "FeatureGroupStatus": "Created"}]})
        }
        "DescribeFeatureGroup" => {
            json!({"FeatureGroupName": name, "FeatureGroupArn": arn("feature-group"), "CreationTime": 1,
                "RecordIdentifierFeatureName": "id", "EventTimeFeatureName": "at", "FeatureDefinitions": [], "NextToken": ""})
        }
        "ListMlflowTrackingServers" => json!({"TrackingServerSummaries": []}),
        "ListTrainingJobs" => json!({"TrainingJobSummaries": listed("TrainingJob", "training-job")}),
        "ListProcessingJobs" => json!({"ProcessingJobSummaries": listed("ProcessingJob", "processing-job")}),
        "ListTransformJobs" => json!({"TransformJobSummaries": listed("TransformJob", "transform-job")}),
        "ListClusters" => {
            json!({"ClusterSummaries": [{"ClusterArn": arn("cluster"), "ClusterName": name, "CreationTime": 1, "ClusterStatus": "InService"}]})
        }
        "DescribeCluster" => {
            json!({"ClusterArn": arn("cluster"), "ClusterStatus": "InService", "InstanceGroups": []})
        }
        operation => {
            return operation.strip_prefix("Describe").and_then(kind).map(|kind| {
                let found = described(kind, request, "InProgress");
                let own = arn(match kind {
                    "training" => "training-job",
                    "processing" => "processing-job",
                    _ => "transform-job",
                });
                Response::output(with(found, json!({format!("{}Arn", noun(kind)): own})))
            });
        }
    };
    Some(Response::output(found))
}

/// Things that run, of every sort that `stop_running` and `set_mlflow` know, and Studio's lists.
fn ending(request: &Request) -> Option<Response> {
    let input = request.json();
    let text = |field: &str| input[field].as_str().unwrap_or_default().to_owned();
    let found = match request.operation() {
        "ListApps" => {
            let domain = text("DomainIdEquals");
            let part = |what: &str| format!("{}{what}", domain.trim_end_matches('d'));
            json!({"Apps": [{"DomainId": domain, "UserProfileName": part("o"), "AppType": "JupyterLab", "AppName": part("x"),
                "Status": "InService", "CreationTime": 1}]})
        }
        "ListDomains" => json!({"Domains": []}),
        "ListUserProfiles" => json!({"UserProfiles": []}),
        "ListSpaces" => json!({"Spaces": []}),
        "DescribeTrainingJob" => {
            let found = described("training", request, "Completed");
            with(found, json!({"WarmPoolStatus": {"Status": "Available"}}))
        }
        "UpdateTrainingJob" => {
            json!({"TrainingJobArn": "arn:aws:sagemaker:us-east-1:123456789012:training-job/x"})
        }
        "DescribeInferenceRecommendationsJob" => {
            json!({"JobName": text("JobName"), "JobType": "Default", "RoleArn": ROLE, "Status": "IN_PROGRESS", "CreationTime": 1,
                "JobArn": "arn:aws:sagemaker:us-east-1:123456789012:inference-recommendations-job/x", "LastModifiedTime": 1,
                "InputConfig": {}})
        }
        "DescribeOptimizationJob" => {
            json!({"OptimizationJobName": text("OptimizationJobName"), "OptimizationJobStatus": "INPROGRESS", "CreationTime": 1,
                "OptimizationJobArn": "arn:aws:sagemaker:us-east-1:123456789012:optimization-job/x", "LastModifiedTime": 1,
                "ModelSource": {}, "DeploymentInstanceType": "ml.g5.xlarge", "OptimizationConfigs": [], "RoleArn": ROLE,
                "OutputConfig": {"S3OutputLocation": "s3://b/o"}, "StoppingCondition": {}})
        }
        "DescribeAIBenchmarkJob" => {
            json!({"AIBenchmarkJobName": text("AIBenchmarkJobName"), "AIBenchmarkJobStatus": "InProgress", "CreationTime": 1,
                "AIBenchmarkJobArn": "arn:aws:sagemaker:us-east-1:123456789012:ai-benchmark-job/x", "BenchmarkTarget": {"Endpoint": {"Identifier": "e"}},
                "OutputConfig": {"S3OutputLocation": "s3://b/o"}, "AIWorkloadConfigIdentifier": "w", "RoleArn": ROLE})
        }
        "DescribeAIRecommendationJob" => {
            json!({"AIRecommendationJobName": text("AIRecommendationJobName"), "AIRecommendationJobStatus": "InProgress", "CreationTime": 1,
                "AIRecommendationJobArn": "arn:aws:sagemaker:us-east-1:123456789012:ai-recommendation-job/x", "ModelSource": {"S3": {"S3Uri": "s3://b/m"}},
                "OutputConfig": {"S3OutputLocation": "s3://b/o"}, "AIWorkloadConfigIdentifier": "w", "RoleArn": ROLE})
        }
        "StopAIBenchmarkJob" => {
            json!({"AIBenchmarkJobArn": "arn:aws:sagemaker:us-east-1:123456789012:ai-benchmark-job/x"})
        }
        "StopAIRecommendationJob" => {
            json!({"AIRecommendationJobArn": "arn:aws:sagemaker:us-east-1:123456789012:ai-recommendation-job/x"})
        }
        "DescribeMlflowTrackingServer" => {
            let name = text("TrackingServerName");
            let status = if name.ends_with("stopped") { "Stopped" } else { "Started" };
            json!({"TrackingServerName": name, "TrackingServerStatus": status, "CreationTime": 1})
        }
        operation if operation.starts_with("Stop") || operation.starts_with("Start") => json!({}),
        "DeleteApp" => json!({}),
        _ => return None,
    };
    Some(Response::output(found))
}

/// A component that is there once it was made, which fakecloud changes only so far.
fn placed(request: &Request) -> Option<Response> {
    static MADE: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    let input = request.json();
    let name = input["InferenceComponentName"].as_str().unwrap_or_default().to_owned();
    let arn = json!({"InferenceComponentArn": format!("arn:aws:sagemaker:us-east-1:123456789012:inference-component/{name}")});
    match request.operation() {
        "CreateInferenceComponent" => {
            MADE.lock().unwrap().insert(name);
            Some(Response::output(arn))
        }
        "UpdateInferenceComponent" => Some(Response::output(arn)),
        "DescribeInferenceComponent" if MADE.lock().unwrap().contains(&name) => {
            let endpoint = format!("{}e", name.trim_end_matches('c'));
            Some(Response::output(with(
                arn,
                json!({"InferenceComponentName": name, "EndpointName": endpoint, "EndpointArn": "a", "CreationTime": 1,
                    "LastModifiedTime": 1, "InferenceComponentStatus": "InService", "RuntimeConfig": {"DesiredCopyCount": 1, "CurrentCopyCount": 1},
                    "Specification": {"ModelName": endpoint, "ComputeResourceRequirements": {"MinMemoryRequiredInMb": 128}}}),
            )))
        }
        "DescribeInferenceComponent" => {
            Some(Response::error(400, "ValidationException", "Could not find inference component"))
        }
        _ => None,
    }
}

fn monitors(request: &Request) -> Option<Response> {
    match request.operation() {
        "ListMonitoringSchedules" => Some(Response::output(json!({"MonitoringScheduleSummaries": []}))),
        "ListMonitoringExecutions" => Some(Response::output(json!({"MonitoringExecutionSummaries": []}))),
        "ListTags" => Some(Response::output(json!({"Tags": []}))),
        "StartMonitoringSchedule" | "StopMonitoringSchedule" | "DeleteMonitoringSchedule" => {
            Some(Response::new(200, ""))
        }
        "CreateMonitoringSchedule" => Some(Response::output(json!({"MonitoringScheduleArn":
            "arn:aws:sagemaker:us-east-1:123456789012:monitoring-schedule/s"}))),
        "DescribeMonitoringSchedule" => {
            let name = request.json()["MonitoringScheduleName"].clone();
            if name.as_str().is_some_and(|name| name.contains("new-monitor")) {
                return Some(Response::error(400, "ResourceNotFound", "it does not exist"));
            }
            let arn = format!(
                "arn:aws:sagemaker:us-east-1:123456789012:monitoring-schedule/{}",
                name.as_str().unwrap_or_default()
            );
            let is_stopped = name.as_str().is_some_and(|name| name.ends_with("stopped"));
            let status = if is_stopped { "Stopped" } else { "Scheduled" };
            Some(Response::output(json!({"MonitoringScheduleName": name, "MonitoringScheduleStatus": status,
                "MonitoringScheduleArn": arn, "CreationTime": 1,
                "LastModifiedTime": 1, "MonitoringScheduleConfig": {}})))
        }
        _ => None,
    }
}
