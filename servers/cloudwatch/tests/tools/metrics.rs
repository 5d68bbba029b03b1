//! Finding, reading, drawing and sending metrics.

use awsmcp_testing::{LocalAws, Response, Stub};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::world::CLOUDWATCH;

/// Values of a metric, a minute apart, the last one three minutes ago.
fn put(namespace: &str, name: &str, dimension: &str, unit: &str, values: &[f64]) {
    let now = Timestamp::now().as_second();
    let datum = |(at, value): (usize, &f64)| {
        json!({"MetricName": name, "Dimensions": [{"Name": "Service", "Value": dimension}], "Unit": unit, "Value": value,
            "Timestamp": now - 60 * (values.len() as i64 - at as i64 + 2)})
    };
    let data: Vec<Value> = values.iter().enumerate().map(datum).collect();
    LocalAws::shared().call(
        "cloudwatch",
        "PutMetricData",
        json!({"Namespace": namespace, "MetricData": data}),
    );
}

fn metric(namespace: &str, name: &str, dimension: &str) -> Value {
    json!({"namespace": namespace, "name": name, "dimensions": {"Service": dimension}})
}

#[test]
fn namespaces_come_first_and_then_their_metrics() {
    put("Listed/Shop", "Orders", "web", "Count", &[1.0]);
    put("Listed/Shop", "Orders", "app", "Count", &[1.0]);
    put("Listed/Shop", "Errors", "web", "Count", &[1.0]);
    let mut server = CLOUDWATCH.start();
    let all = server.call("list_metrics", json!({}));
    all.holds(&["Listed/Shop\t3\t2\t"]);
    let shop = server.call("list_metrics", json!({"namespace": "Listed/Shop", "name": "Orders"}));
    shop.holds(&["Orders\tService=web\n"]);
    assert!(shop.text.ends_with("2 rows"), "{}", shop.text);
    let web =
        server.call("list_metrics", json!({"namespace": "Listed/Shop", "dimensions": {"Service": "web"}}));
    assert!(web.ok().ends_with("2 rows"), "{}", web.text);
    let found = server.call("list_metrics", json!({"search": "listed/SHOP"}));
    found.holds(&["3 rows", "looked at "]);
    let near = server.call("list_metrics", json!({"namespace": "Listed/Shp"}));
    near.holds(&["no metric of namespace Listed/Shp", "there is Listed/Shop"]);
}

#[test]
fn metrics_are_listed_page_by_page_however_large_a_page_of_aws_is() {
    let stub = Stub::start(|request| {
        let (from, next) = match request.json()["NextToken"].as_str() {
            None => (0, Some("b")),
            Some("b") => (5, Some("c")),
            Some(_) => (10, None),
        };
        let metric = |n: usize| json!({"Namespace": "N", "MetricName": format!("m{n}")});
        let mut output = json!({"Metrics": (from..from + 5).map(metric).collect::<Vec<_>>()});
        if let Some(next) = next {
            output["NextToken"] = json!(next);
        }
        Response::output(output)
    });
    let mut server = CLOUDWATCH.at(stub.env()).start();
    for limit in [2, 5, 7, 100] {
        let mut seen = Vec::new();
        for page in server.pages("list_metrics", json!({"namespace": "N", "limit": limit})) {
            seen.extend(page.ok().lines().filter(|line| line.starts_with('m')).map(str::to_owned));
        }
        assert_eq!(seen, (0..15).map(|n| format!("m{n}")).collect::<Vec<_>>(), "{limit}");
    }
}

#[test]
fn a_metric_is_summed_up_in_a_row_with_its_unit() {
    put("Read/Shop", "Latency", "web", "Milliseconds", &[10.0, 20.0, 60.0, 30.0]);
    let mut server = CLOUDWATCH.start();
    let found = server
        .call("get_metrics", json!({"metrics": [metric("Read/Shop", "Latency", "web")], "start": "-30m"}));
    found.holds(&["Latency Average web\tMilliseconds\t4\t10\t30\t60\t30\t", "a value every 60 s"]);
    assert!(found.text.contains('█'), "{}", found.text);
    let rows = server.call(
        "get_metrics",
        json!({"metrics": [metric("Read/Shop", "Latency", "web")], "start": "-30m", "rows": true}),
    );
    rows.holds(&["(Milliseconds)\n", "Z\t10\n", "Z\t60\n", "4 rows"]);
    let none = server
        .call("get_metrics", json!({"metrics": [metric("Read/Shop", "Latency", "wep")], "start": "-30m"}));
    none.holds(&["no value in that time; list_metrics shows"]);
}

#[test]
fn what_is_asked_reaches_aws_as_it_wants_it() {
    let stub = Stub::start(|request| match request.operation() {
        "GetMetricData" => Response::output(json!({"MetricDataResults": []})),
        "ListMetrics" => Response::output(json!({"Metrics": []})),
        _ => Response::output(json!({"Datapoints": []})),
    });
    let mut server = CLOUDWATCH.at(stub.env()).start();
    let metrics = json!([
        {"namespace": "AWS/Lambda", "name": "Duration", "dimensions": {"FunctionName": "f"}, "stat": "p99"},
        {"namespace": "AWS/Lambda", "name": "Errors", "stat": "Sum", "id": "errors", "label": "E"},
        {"expression": "100*errors/m1"},
        {"expression": "SEARCH('{AWS/Lambda,FunctionName} Errors', 'Sum')", "id": "all"},
    ]);
    server.call("get_metrics", json!({"metrics": metrics, "start": "-1d"})).ok();
    let sent = stub.of("GetMetricData")[0].json();
    let queries = sent["MetricDataQueries"].as_array().unwrap();
    assert_eq!(queries[0]["Id"], "m1");
    assert_eq!(queries[0]["MetricStat"]["Stat"], "p99");
    assert_eq!(queries[0]["MetricStat"]["Period"], 900);
    assert_eq!(
        queries[0]["MetricStat"]["Metric"]["Dimensions"],
        json!([{"Name": "FunctionName", "Value": "f"}])
    );
    assert_eq!(queries[0]["Label"], "Duration p99 f");
    assert_eq!(queries[1]["Id"], "errors");
    assert_eq!(queries[1]["Label"], "E");
    assert_eq!(queries[2]["Id"], "m3");
    assert_eq!(queries[2]["Expression"], "100*errors/m1");
    assert_eq!(queries[3]["Id"], "all");
}

/// Two pages of a search that finds two series.
fn searched() -> Stub {
    Stub::start(|request| match request.operation() {
        "GetMetricData" => {
            let now = Timestamp::now().as_second() / 60 * 60;
            let times = |from: i64, to: i64| (from..to).map(|n| now - 3600 + n * 60).collect::<Vec<_>>();
            let series = |label: &str, from: i64, to: i64, by: f64| {
                json!({"Id": "m1", "Label": label, "StatusCode": "PartialData", "Timestamps": times(from, to),
                    "Values": (from..to).map(|n| n as f64 * by).collect::<Vec<_>>()})
            };
            match request.json()["NextToken"].as_str() {
                None => Response::output(
                    json!({"NextToken": "b", "MetricDataResults": [series("orders", 0, 20, 1.0), series("payments", 0, 20, 2.0)]}),
                ),
                Some(_) => Response::output(
                    json!({"MetricDataResults": [series("orders", 20, 40, 1.0)], "Messages": [{"Code": "MaxMetricsExceeded", "Value": "only 500 are shown"}]}),
                ),
            }
        }
        _ => Response::output(json!({"Datapoints": []})),
    })
}

#[test]
fn a_search_is_followed_over_all_pages_and_what_aws_says_is_passed_on() {
    let stub = searched();
    let mut server = CLOUDWATCH.at(stub.env()).start();
    let search = json!([{"expression": "SEARCH('{AWS/Lambda,FunctionName} Errors', 'Sum')"}]);
    let found = server.call("get_metrics", json!({"metrics": search, "start": "-1h"}));
    found.holds(&[
        "orders\t40\t0\t19.5\t39\t39\t",
        "payments\t20\t0\t19\t38\t38\t",
        "MaxMetricsExceeded: only 500 are shown",
    ]);
    assert_eq!(stub.of("GetMetricData").len(), 2);
    // An expression has no unit to look up.
    assert!(stub.of("GetMetricStatistics").is_empty());
}

#[test]
fn a_chart_is_an_image_and_its_figures_are_told_too() {
    put("Chart/Shop", "Latency", "web", "Milliseconds", &[10.0, 20.0, 60.0, 30.0]);
    let mut server = CLOUDWATCH.start();
    let call = json!({"metrics": [metric("Chart/Shop", "Latency", "web")], "start": "-30m", "title": "Latency", "threshold": 50});
    let chart = server.call("chart_metrics", call);
    assert!(chart.ok().starts_with("Latency, 2"), "{}", chart.text);
    chart.holds(&["min 10, avg 30, max 60, last 30 Milliseconds"]);
    let image = chart.content.iter().find(|block| block["type"] == "image").expect("an image");
    assert_eq!(image["mimeType"], "image/png");
    let png = BASE64_STANDARD.decode(image["data"].as_str().unwrap()).unwrap();
    assert_eq!(&png[..8], b"\x89PNG\r\n\x1a\n");
    assert_eq!((&png[16..20], &png[20..24]), (&[0, 0, 3, 32][..], &[0, 0, 1, 144][..]));
    assert!(png.len() < 60_000, "{} bytes", png.len());
    let none = server.call("chart_metrics", json!({"metrics": [metric("Chart/Shop", "Latency", "nobody")]}));
    none.fails(&["nothing to draw", "list_metrics"]);
}

#[test]
fn of_many_series_the_highest_are_drawn() {
    let stub = Stub::start(|_| {
        let now = Timestamp::now().as_second() / 60 * 60;
        let series = |n: i64| json!({"Id": "m1", "Label": format!("s{n}"), "Timestamps": [now - 120, now - 60], "Values": [n, n]});
        Response::output(json!({"MetricDataResults": (0..12).map(series).collect::<Vec<_>>()}))
    });
    let mut server = CLOUDWATCH.at(stub.env()).start();
    let chart = server.call("chart_metrics", json!({"metrics": [{"expression": "SEARCH('x', 'Sum')"}]}));
    chart.holds(&["the 8 highest of 12 series are drawn", "s11:"]).lacks(&["s3:"]);
}

#[test]
fn bad_input_is_told_with_what_a_good_one_looks_like() {
    let mut server = CLOUDWATCH.start();
    for tool in ["get_metrics", "chart_metrics"] {
        let mut failing = |arguments: Value| server.call(tool, arguments);
        failing(json!({"metrics": [{"name": "Errors"}]})).fails(&["AWS/Lambda"]);
        failing(json!({"metrics": [{"namespace": "N", "name": "M", "expression": "m1"}]}))
            .fails(&["not both"]);
        failing(json!({"metrics": [metric("N", "M", "s")], "start": "-1h", "end": "-2h"}))
            .fails(&["is not before `end`"]);
        failing(json!({"metrics": [metric("N", "M", "s")], "start": "2099-01-01"}))
            .fails(&["is in the future"]);
        failing(json!({"metrics": []})).fails(&["metrics"]);
    }
}

#[test]
fn an_error_of_aws_is_passed_on() {
    let stub = Stub::start(|_| {
        Response::error(400, "ValidationError", "Error in expression 'm1': Unmatched parenthesis")
    });
    let mut server = CLOUDWATCH.at(stub.env()).start();
    let wrong = server.call("get_metrics", json!({"metrics": [{"expression": "SUM(m2"}]}));
    wrong.fails(&["Unmatched parenthesis"]);
}

#[test]
fn values_are_sent_after_a_plan_that_counts_them() {
    let mut server = CLOUDWATCH.start();
    let values = json!([
        {"name": "Orders", "value": 3, "unit": "Count", "dimensions": {"Service": "web"}},
        {"name": "Orders", "value": 4.5, "unit": "Count", "dimensions": {"Service": "web"}, "time": "-5m"},
        {"name": "Latency", "value": 12, "unit": "Milliseconds"},
    ]);
    let call = json!({"namespace": "Sent/Shop", "values": values});
    let mut dry = call.clone();
    dry["dry_run"] = json!(true);
    let plan = server.call("put_metrics", dry);
    plan.holds(&["would send 3 values to 2 metrics of Sent/Shop", "Orders Service=web\t2\n"]);
    let none = server.call("list_metrics", json!({"namespace": "Sent/Shop"}));
    none.holds(&["0 rows"]);
    server.call("put_metrics", call).holds(&["\"sent\":3"]);
    let read = server.call(
        "get_metrics",
        json!({"metrics": [metric("Sent/Shop", "Orders", "web")], "start": "-10m", "end": "now"}),
    );
    read.holds(&["Count\t"]);
    let mut failing =
        |values: Value| server.call("put_metrics", json!({"namespace": "Sent/Shop", "values": values}));
    failing(json!([{"name": "A", "value": 1, "unit": "Parsec"}])).fails(&["not a unit", "Milliseconds"]);
    failing(json!([{"name": "A", "value": 1e300}])).fails(&["out of range"]);
    failing(json!([{"name": "A", "value": 1, "time": "-30d"}])).fails(&["last two weeks"]);
    server
        .call("put_metrics", json!({"namespace": "AWS/EC2", "values": [{"name": "A", "value": 1}]}))
        .fails(&["Shop/Orders"]);
}

#[test]
fn the_series_of_a_search_stay_apart_over_pages() {
    let stub = Stub::start(|request| {
        let start = Timestamp::now().as_second() - 600;
        let second = request.json()["NextToken"] == "more";
        let result = |value: f64| json!({"Id": "m1", "Label": "Errors", "Timestamps": [start + i64::from(second) * 60], "Values": [value], "StatusCode": "Complete"});
        let results: Vec<Value> = [1.0, 100.0, 10_000.0].into_iter().map(result).collect();
        match second {
            true => Response::output(json!({"MetricDataResults": results})),
            false => Response::output(json!({"MetricDataResults": results, "NextToken": "more"})),
        }
    });
    let search =
        json!({"expression": "SEARCH('{AWS/Lambda,FunctionName} Errors', 'Sum')", "label": "Errors"});
    let found =
        CLOUDWATCH.at(stub.env()).start().call("get_metrics", json!({"metrics": [search], "start": "-10m"}));
    assert_eq!(found.column("max"), ["1", "100", "10000"]);
    assert_eq!(found.column("points"), ["2", "2", "2"]);
}

#[test]
fn numbers_keep_their_digits() {
    let stub = Stub::start(|request| match request.operation() {
        "GetMetricData" => {
            let start = Timestamp::now().as_second() - 300;
            Response::output(
                json!({"MetricDataResults": [{"Id": "m1", "Label": "Requests", "StatusCode": "Complete",
                "Timestamps": [start, start + 60], "Values": [1_234_567.0, 0.123_456_789]}]}),
            )
        }
        _ => Response::output(json!({"Label": "Requests", "Datapoints": []})),
    });
    let mut server = CLOUDWATCH.at(stub.env()).start();
    let mut call =
        json!({"metrics": [{"namespace": "Shop", "name": "Requests", "stat": "Sum"}], "start": "-5m"});
    let summary = server.call("get_metrics", call.clone());
    assert_eq!((summary.column("max"), summary.column("min")), (vec!["1234567"], vec!["0.123457"]));
    summary.holds(&["figures are rounded to six digits: `rows` shows every value as it is"]);
    call["rows"] = json!(true);
    server.call("get_metrics", call).holds(&["1234567", "0.123456789"]).lacks(&["rounded"]);
}

#[test]
fn a_metric_that_comes_once_a_day_is_looked_for_over_days() {
    let stub = Stub::start(|request| match request.operation() {
        "GetMetricData" => {
            let asked = request.json();
            let day_ago = Timestamp::now().as_second() - 26 * 3600;
            let is_there = asked["StartTime"].as_f64().unwrap() < day_ago as f64;
            let (times, values) = if is_there { (vec![day_ago], vec![7.0]) } else { (vec![], vec![]) };
            Response::output(
                json!({"MetricDataResults": [{"Id": "m1", "Label": "size", "Timestamps": times, "Values": values, "StatusCode": "Complete"}]}),
            )
        }
        _ => Response::output(json!({"Label": "size", "Datapoints": []})),
    });
    let mut server = CLOUDWATCH.at(stub.env()).start();
    let size = json!({"namespace": "AWS/S3", "name": "BucketSizeBytes", "dimensions": {"BucketName": "b", "StorageType": "StandardStorage"}});
    let found = server.call("get_metrics", json!({"metrics": [size]}));
    assert_eq!(found.column("last"), ["7"]);
    let near = server.call("get_metrics", json!({"metrics": [size], "start": "-3h"}));
    near.holds(&["BucketSizeBytes comes once a day", "look at `start` -3d"])
        .lacks(&["dimensions must be exact"]);
}

#[test]
fn what_is_no_number_is_a_gap_of_a_chart_and_teaches_nothing() {
    let now = jiff::Timestamp::now().as_second() / 300 * 300;
    let stub = Stub::start(move |request| match request.operation() {
        "GetMetricData" => {
            let times: Vec<i64> = (1..=100).rev().map(|at| now - at * 300).collect();
            let values: Vec<Value> =
                (0..100).map(|at| if at % 10 == 0 { json!("NaN") } else { json!(5.0) }).collect();
            Response::output(
                json!({"MetricDataResults": [{"Id": "m1", "Label": "L", "Timestamps": times, "Values": values,
                "StatusCode": "Complete"}]}),
            )
        }
        _ => Response::output(json!({})),
    });
    let mut server = CLOUDWATCH.at(stub.env()).start();
    let metric = json!({"namespace": "Shop", "name": "Ratio"});
    let chart = server.call("chart_metrics", json!({"metrics": [metric], "start": "-9h"}));
    chart.holds(&["10 values that are no numbers are gaps", "min 5, avg 5, max 5"]);
    let suggested = server.call("suggest_alarm", json!({"metric": metric}));
    suggested.holds(&["10 values that are no numbers were left out", "90 values"]).lacks(&["NaN"]);
    server.call("get_metrics", json!({"metrics": [metric], "start": "-9h"})).holds(&["NaN"]);
}
