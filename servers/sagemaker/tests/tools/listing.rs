//! Lists of what changes while it is listed, and what a plan tells of machines.

use awsmcp_testing::{Response, Stub};
use serde_json::json;

use crate::world::SAGEMAKER;

#[test]
fn a_model_that_went_since_it_was_listed_ends_no_list() {
    let stub = Stub::start(|request| match request.operation() {
        "ListModels" => {
            let model = |name: &str| {
                json!({"ModelName": name, "CreationTime": 1,
                "ModelArn": format!("arn:aws:sagemaker:us-east-1:123456789012:model/{name}")})
            };
            Response::output(json!({"Models": [model("gone"), model("chain")]}))
        }
        "DescribeModel" if request.json()["ModelName"] == "gone" => {
            Response::error(400, "ValidationException", "Could not find model \"gone\".")
        }
        "DescribeModel" => Response::output(json!({"ModelName": "chain", "CreationTime": 1, "ModelArn": "a",
            "Containers": [{"Image": "first:1"}, {"Image": "second:1"}, {"Image": "third:1"}]})),
        _ => Response::error(400, "ValidationException", "not scripted"),
    });
    let rows = SAGEMAKER.at(stub.env()).start().call("list_models", json!({"details": true}));
    rows.holds(&["1 row", "chain\t", "first:1\t", "\t3"]);
    rows.lacks(&["gone"]);
}

#[test]
fn a_plan_to_delete_tells_the_machines_that_run() {
    let stub = Stub::start(|request| match request.operation() {
        "DescribeEndpoint" => Response::output(
            json!({"EndpointName": "e", "EndpointConfigName": "c", "EndpointStatus": "InService",
            "EndpointArn": "arn:aws:sagemaker:us-east-1:123456789012:endpoint/e", "CreationTime": 1, "LastModifiedTime": 1,
            "ProductionVariants": [{"VariantName": "v", "CurrentInstanceCount": 6}, {"VariantName": "pools", "CurrentInstanceCount": 2}]}),
        ),
        "DescribeEndpointConfig" => {
            Response::output(json!({"EndpointConfigName": "c", "EndpointConfigArn": "a", "CreationTime": 1,
            "ProductionVariants": [
                {"VariantName": "v", "ModelName": "m", "InstanceType": "ml.g5.xlarge", "InitialInstanceCount": 1},
                {"VariantName": "pools", "ModelName": "m", "InitialInstanceCount": 1},
                {"VariantName": "less", "ModelName": "m", "ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 5}}]}))
        }
        "GetMetricData" => Response::output(json!({"MetricDataResults": []})),
        _ => Response::error(400, "ValidationException", "not scripted"),
    });
    let plan = SAGEMAKER.at(stub.env()).start().plan("delete_endpoint", json!({"endpoint": "e"}));
    plan.holds(&["(InService; 6 x ml.g5.xlarge, 2 of its instance pools, serverless)"]);
}

#[test]
fn all_parameters_of_an_execution_are_shown() {
    let arn = "arn:aws:sagemaker:us-east-1:123456789012:pipeline/p/execution/x";
    let stub = Stub::start(|request| match request.operation() {
        "DescribePipelineExecution" => Response::output(json!({"PipelineExecutionStatus": "Succeeded"})),
        "ListPipelineExecutionSteps" => Response::output(json!({"PipelineExecutionSteps": []})),
        "ListPipelineParametersForExecution" => {
            let page = match request.json()["NextToken"].as_str() {
                None => json!({"NextToken": "2", "PipelineParameters": [{"Name": "first", "Value": "1"}]}),
                Some(_) => json!({"PipelineParameters": [{"Name": "hundredth", "Value": "2"}]}),
            };
            Response::output(page)
        }
        _ => Response::error(400, "ValidationException", "not scripted"),
    });
    let card = SAGEMAKER.at(stub.env()).start().call("describe_execution", json!({"execution": arn}));
    card.holds(&[r#""parameters":{"first":"1","hundredth":"2"}"#]);
}

#[test]
fn an_execution_that_runs_is_told_however_many_are_newer() {
    let stub = Stub::start(|request| match request.operation() {
        "DescribePipeline" => {
            Response::output(json!({"PipelineName": "p", "LastModifiedTime": 1_700_000_000}))
        }
        "ListPipelineExecutions" => {
            let execution = |at: usize, status: &str| {
                json!({"PipelineExecutionArn": format!("arn:aws:sagemaker:us-east-1:123456789012:pipeline/p/execution/{at}"),
                    "StartTime": 1_700_000_000, "PipelineExecutionStatus": status})
            };
            let page = match request.json()["NextToken"].as_str() {
                None => {
                    let newer: Vec<_> = (0..100).map(|at| execution(at, "Succeeded")).collect();
                    json!({"NextToken": "2", "PipelineExecutionSummaries": newer})
                }
                Some(_) => {
                    json!({"PipelineExecutionSummaries": [execution(100, "Executing"), execution(101, "Stopping")]})
                }
            };
            Response::output(page)
        }
        _ => Response::error(400, "ValidationException", "not scripted"),
    });
    let plan = SAGEMAKER.at(stub.env()).start().plan("delete_pipeline", json!({"pipeline": "p"}));
    plan.holds(&["2 of its executions"]);
}
