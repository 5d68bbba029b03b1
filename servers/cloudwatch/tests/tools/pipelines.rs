//! What sends logs and metrics elsewhere, hides or watches them, and which fields are worth an index.

use awsmcp_testing::{Response, Stub};
use serde_json::json;

use crate::world::CLOUDWATCH;

fn pipelines() -> Stub {
    Stub::start(|request| {
        let is_second = request.json().to_string().contains("\"two\"");
        match request.operation() {
            "ListMetricStreams" if is_second => {
                Response::output(json!({"Entries": [{"Name": "few", "State": "stopped"}]}))
            }
            "ListMetricStreams" => Response::output(
                json!({"Entries": [{"Name": "all", "State": "running"}], "NextToken": "two"}),
            ),
            "GetMetricStream" if request.json()["Name"] == "few" => {
                Response::output(json!({"Name": "few", "State": "stopped",
                "FirehoseArn": "arn:aws:firehose:us-east-1:123456789012:deliverystream/d", "OutputFormat": "json",
                "IncludeFilters": [{"Namespace": "AWS/EC2", "MetricNames": ["CPUUtilization"]}, {"Namespace": "AWS/Lambda"}]}))
            }
            "GetMetricStream" => Response::output(
                json!({"Name": "all", "State": "running", "IncludeLinkedAccountsMetrics": true,
                "ExcludeFilters": [{"Namespace": "Shop"}]}),
            ),
            "DescribeDeliverySources" => {
                Response::output(json!({"deliverySources": [{"name": "src", "logType": "ACCESS_LOGS",
                "resourceArns": ["arn:aws:cloudfront::123456789012:distribution/E1"]}]}))
            }
            "DescribeDeliveryDestinations" => Response::output(
                json!({"deliveryDestinations": [{"name": "dst", "arn": "arn:aws:logs:us-east-1:123456789012:delivery-destination:dst",
                "deliveryDestinationConfiguration": {"destinationResourceArn": "arn:aws:s3:::bucket"}}]}),
            ),
            "DescribeDeliveries" if is_second => Response::output(
                json!({"deliveries": [{"id": "d2", "arn": "arn:aws:logs:us-east-1:123456789012:delivery:d2",
                "deliverySourceName": "src", "deliveryDestinationArn": "arn:aws:logs:us-east-1:123456789012:delivery-destination:gone"}]}),
            ),
            "DescribeDeliveries" => Response::output(
                json!({"nextToken": "two", "deliveries": [{"id": "d1", "arn": "arn:aws:logs:us-east-1:123456789012:delivery:d1",
                "deliverySourceName": "src", "deliveryDestinationArn": "arn:aws:logs:us-east-1:123456789012:delivery-destination:dst", "recordFields": ["date", "time"]}]}),
            ),
            "DescribeAccountPolicies" => Response::output(
                json!({"accountPolicies": [{"policyName": "mask-all", "policyDocument": json!({"Statement": [
                {"DataIdentifier": ["arn:aws:dataprotection::aws:data-identifier/EmailAddress", "arn:aws:dataprotection::aws:data-identifier/AwsSecretKey"]},
                {"DataIdentifier": ["arn:aws:dataprotection::aws:data-identifier/EmailAddress"]}]}).to_string()}]}),
            ),
            "DescribeLogGroups" => Response::output(
                json!({"logGroups": [{"logGroupName": "/plain"}, {"logGroupName": "/masked", "dataProtectionStatus": "ACTIVATED"}]}),
            ),
            "ListLogAnomalyDetectors" => Response::output(
                json!({"anomalyDetectors": [{"detectorName": "watch", "anomalyDetectorStatus": "ANALYZING",
                "evaluationFrequency": "FIVE_MIN", "filterPattern": "ERROR", "logGroupArnList": ["arn:aws:logs:us-east-1:123456789012:log-group:/masked"]}]}),
            ),
            other => Response::error(400, "InvalidOperationException", other),
        }
    })
}

#[test]
fn each_kind_of_pipeline_is_listed_with_what_it_takes_and_leaves_out() {
    let stub = pipelines();
    let mut server = CLOUDWATCH.at(stub.env()).start();
    server.call("list_pipelines", json!({"kind": "metric_streams"})).holds(&[
        "all\trunning\t",
        "all metrics but Shop; of linked accounts too",
        "few\tstopped\t",
        "deliverystream/d\tonly AWS/EC2 (CPUUtilization), AWS/Lambda; as json",
    ]);
    server.call("list_pipelines", json!({"kind": "deliveries"})).holds(&[
        "d1\t",
        "distribution/E1\tarn:aws:s3:::bucket\tACCESS_LOGS; only the fields date, time",
        "d2\t",
        "delivery-destination:gone\tACCESS_LOGS",
    ]);
    server
        .call("list_pipelines", json!({"kind": "data_protection"}))
        .holds(&["mask-all\t", "EmailAddress, AwsSecretKey", "/masked\tactivated"])
        .lacks(&["/plain"]);
    server
        .call("list_pipelines", json!({"kind": "anomaly_detectors"}))
        .holds(&["watch\tanalyzing\t/masked\t", "looks FIVE_MIN; only ERROR"]);
    let held = [
        "arn:aws:logs:us-east-1:123456789012:log-group:/plain*",
        "arn:aws:cloudwatch:us-east-1:123456789012:metric-stream/few",
    ];
    let mut held = CLOUDWATCH.at(stub.env()).and(&["--allow-arn", &held.join(",")]).start();
    held.call("list_pipelines", json!({"kind": "metric_streams"})).holds(&["few"]).lacks(&["all metrics"]);
    for kind in ["deliveries", "data_protection", "anomaly_detectors"] {
        held.call("list_pipelines", json!({"kind": kind})).lacks(&["/masked", "mask-all", "d1", "watch"]);
    }
}

#[test]
fn fields_that_queries_filter_by_are_held_against_the_index_policies() {
    let stub = Stub::start(|request| match request.operation() {
        "DescribeQueryDefinitions" if request.json()["nextToken"] == "two" => {
            Response::output(json!({"queryDefinitions": [
            {"name": "c", "queryString": "SOURCE '/shop' | filter userId = 'u'"}, {"name": "d", "queryString": "filter other = 1", "logGroupNames": ["/shopping"]}]}))
        }
        "DescribeQueryDefinitions" => Response::output(json!({"nextToken": "two", "queryDefinitions": [
            {"name": "a", "queryString": "filter requestId = 'x' | stats count(*)", "logGroupNames": ["/shop"]}]})),
        "DescribeQueries" => Response::output(json!({"queries": [
            {"queryString": "fields @message | filter userId in ['a', 'b']", "bytesScanned": 5e9, "logGroupName": "/shop"},
            {"queryString": "filter level like 'E'", "bytesScanned": 1e9}]})),
        "DescribeIndexPolicies" => Response::output(json!({"indexPolicies": [
            {"policyDocument": "{\"Fields\":[\"requestId\",\"old\"],\"FieldsV2\":{\"facet\":{\"type\":\"FACET\"}}}", "source": "ACCOUNT"}]})),
        other => Response::error(400, "InvalidOperationException", other),
    });
    let mut server = CLOUDWATCH.at(stub.env()).start();
    let found = server.call("suggest_indexes", json!({"log_groups": ["/shop"]}));
    found.holds(&[
        "/shop\tuserId\t1\t1\t4.7 GiB\tfalse\tindex it",
        "/shop\trequestId\t1\t0\t\ttrue\tkeep it",
        "/shop\tfacet\t0\t0\t\ttrue\tno query here filters by it",
        "read 2 saved and 2 recent queries",
    ]);
    found.lacks(&["other", "level"]);
    let mut held = CLOUDWATCH
        .at(stub.env())
        .and(&["--allow-arn", "arn:aws:logs:us-east-1:123456789012:log-group:/other*"])
        .start();
    held.call("suggest_indexes", json!({"log_groups": ["/shop"]}))
        .fails(&["outside what the operator allowed"]);
}

#[test]
fn all_filters_and_subscriptions_of_a_group_are_shown_and_what_its_policy_hides() {
    let stub = Stub::start(|request| {
        let is_second = request.json()["nextToken"] == "two";
        match request.operation() {
            "DescribeLogGroups" => Response::output(
                json!({"logGroups": [{"logGroupName": "/g", "dataProtectionStatus": "ACTIVATED"}]}),
            ),
            "DescribeLogStreams" => Response::output(json!({"logStreams": []})),
            "DescribeMetricFilters" => {
                let name = if is_second { "late" } else { "early" };
                let mut page = json!({"metricFilters": [{"filterName": name, "filterPattern": "x", "metricTransformations": []}]});
                if !is_second {
                    page["nextToken"] = json!("two");
                }
                Response::output(page)
            }
            "DescribeSubscriptionFilters" => Response::output(json!({"subscriptionFilters": []})),
            "GetLogGroupFields" => Response::output(json!({"logGroupFields": []})),
            "DescribeIndexPolicies" => Response::output(json!({"indexPolicies": []})),
            "ListLogAnomalyDetectors" => Response::output(json!({"anomalyDetectors": []})),
            "GetDataProtectionPolicy" => Response::output(json!({"policyDocument":
                "{\"Statement\":[{\"DataIdentifier\":[\"arn:aws:dataprotection::aws:data-identifier/Address\"]}]}"})),
            other => Response::error(400, "InvalidOperationException", other),
        }
    });
    CLOUDWATCH.at(stub.env()).start().call("log_group_detail", json!({"log_group": "/g"})).holds(&[
        "\"early\"",
        "\"late\"",
        "\"hides\":\"Address\"",
    ]);
}

#[test]
fn all_rows_that_aws_keeps_of_a_query_are_paged_through() {
    let stub = Stub::start(|request| match request.operation() {
        "DescribeLogGroups" => {
            Response::output(json!({"logGroups": [{"logGroupName": "/g", "storedBytes": 1}]}))
        }
        "StartQuery" => Response::output(json!({"queryId": "q"})),
        "GetQueryResults" => {
            let token =
                request.json()["nextToken"].as_str().map_or(0, |token| token.parse::<usize>().unwrap());
            let rows: Vec<_> =
                (0..3).map(|n| json!([{"field": "n", "value": (token * 3 + n).to_string()}])).collect();
            let mut page =
                json!({"status": "Complete", "results": rows, "statistics": {"recordsMatched": 9.0}});
            if token < 2 {
                page["nextToken"] = json!((token + 1).to_string());
            }
            Response::output(page)
        }
        other => Response::error(400, "InvalidOperationException", other),
    });
    let mut server = CLOUDWATCH.at(stub.env()).start();
    let call = json!({"log_groups": ["/g"], "statement": "fields n", "rows": 50_000, "limit": 2});
    let pages = server.pages("query_logs", call);
    // The marks around what is quoted are no rows.
    let rows: Vec<&str> =
        pages.iter().flat_map(|page| page.column("n")).filter(|row| !row.starts_with("</data")).collect();
    assert_eq!(rows, ["0", "1", "2", "3", "4", "5", "6", "7", "8"]);
    assert_eq!((stub.of("StartQuery").len(), &stub.of("StartQuery")[0].json()["limit"]), (1, &json!(50_000)));
    let ppl = json!({"log_groups": ["/g"], "statement": "fields n", "rows": 50_000, "language": "ppl"});
    server.call("query_logs", ppl).fails(&["in cwli only"]);
}

#[test]
fn a_query_that_matches_more_than_aws_keeps_says_how_to_go_on() {
    let stub = Stub::start(|request| match request.operation() {
        "DescribeLogGroups" => {
            Response::output(json!({"logGroups": [{"logGroupName": "/g", "storedBytes": 1}]}))
        }
        "StartQuery" => Response::output(json!({"queryId": "q"})),
        "GetQueryResults" => {
            let rows: Vec<_> = (0..10_000).map(|n| json!([{"field": "n", "value": n.to_string()}])).collect();
            Response::output(
                json!({"status": "Complete", "results": rows, "statistics": {"recordsMatched": 250_000.0}}),
            )
        }
        other => Response::error(400, "InvalidOperationException", other),
    });
    let call = json!({"log_groups": ["/g"], "statement": "fields n", "limit": 1});
    CLOUDWATCH.at(stub.env()).start().call("query_logs", call).holds(&[
        "AWS keeps the first 10000 rows only, of 250,000 records that match: `rows` of up to 100000",
    ]);
}
