//! Reading, writing and deleting dashboards, and what is read by address.

use awsmcp_testing::{LocalAws, Response, Server, Stub, expect};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::world::CLOUDWATCH;

/// A server, and before the local AWS what that gets wrong: it lists dashboards with times that are none.
fn before_its_lists() -> (Server, Stub) {
    let stub = Stub::before(LocalAws::shared(), |request| match request.operation() {
        "ListDashboards" => {
            let prefix = request.json()["DashboardNamePrefix"].as_str().unwrap_or_default().to_owned();
            let names = ["addressed", "live", "shop"].into_iter().filter(|name| name.starts_with(&prefix));
            let entry =
                |name| json!({"DashboardName": name, "LastModified": "2026-11-22T10:00:00Z", "Size": 100});
            Response::output(json!({"DashboardEntries": names.map(entry).collect::<Vec<_>>()}))
        }
        _ => Response::HandOn,
    });
    (CLOUDWATCH.at(stub.env()).start(), stub)
}

fn body(service: &str) -> Value {
    json!({"widgets": [
        {"type": "metric", "x": 0, "y": 0, "width": 12, "height": 6, "properties": {"region": "us-east-1", "title": "Orders", "stat": "Sum",
            "period": 60, "metrics": [["Boards/Shop", "Orders", "Service", service], [".", "Errors", ".", "."]]}},
        {"type": "text", "x": 0, "y": 6, "width": 12, "height": 2, "properties": {"markdown": "call the owner"}},
    ]})
}

#[test]
fn a_dashboard_is_written_shown_and_replaced_with_a_difference() {
    let (mut server, _stub) = before_its_lists();
    let call = json!({"dashboard": "shop", "body": body("web")});
    let plan = server.plan("put_dashboard", call.clone());
    plan.holds(&["would create the dashboard shop with 2 widgets"]);
    let done = server.call("put_dashboard", call.clone());
    done.holds(&["\"widgets\":2"]);
    let same = server.plan("put_dashboard", call);
    same.holds(&["nothing changes"]);
    let shown = server.call("get_dashboard", json!({"dashboard": "shop"}));
    shown.holds(&[
        "1\t\tOrders\tSum of Boards/Shop Orders (Service=web); Sum of Boards/Shop Errors (Service=web)",
        "2\ttext\t\tcall the owner",
    ]);
    assert!(shown.text.starts_with("<data "), "{}", shown.text);
    let raw = server.call(
        "get_dashboard",
        json!({"dashboard": "shop", "json": true, "query": "widgets[0].properties.title"}),
    );
    raw.holds(&["Orders"]);
    let replace = server.plan("put_dashboard", json!({"dashboard": "shop", "body": body("app")}));
    replace.shows(expect![[r#"
        dry run, nothing was changed. put_dashboard would replace the dashboard shop: 2 widgets before, 2 after
        diff
                     "Orders",
                     "Service",
        -            "web"
        +            "app"
                   ],
                   [
        6 rows"#]]);
    let listed = server.call("list_dashboards", json!({"prefix": "sho"}));
    listed.holds(&["shop\t100\t2026-11-22T10:00:00Z"]);
    let bad = server.call("put_dashboard", json!({"dashboard": "shop", "body": {}}));
    bad.fails(&["\"widgets\""]);
    let missing = server.call("get_dashboard", json!({"dashboard": "shopp"}));
    missing.fails(&["did you mean shop?"]);
}

#[test]
fn a_dashboards_values_are_read_on_request() {
    let aws = LocalAws::shared();
    let now = Timestamp::now().as_second();
    let datum = |n: i64| json!({"MetricName": "Orders", "Dimensions": [{"Name": "Service", "Value": "live"}], "Value": n, "Timestamp": now - 60 * n});
    let data: Vec<Value> = (3..6).map(datum).collect();
    aws.call("cloudwatch", "PutMetricData", json!({"Namespace": "Boards/Shop", "MetricData": data}));
    aws.call(
        "cloudwatch",
        "PutDashboard",
        json!({"DashboardName": "live", "DashboardBody": body("live").to_string()}),
    );
    let (mut server, _stub) = before_its_lists();
    let shown = server.call("get_dashboard", json!({"dashboard": "live", "values": true, "start": "-30m"}));
    shown.holds(&["\t3\t4\t5\t3\t"]);
    assert!(shown.text.contains('█'), "{}", shown.text);
}

#[test]
fn dashboards_are_deleted_after_a_plan() {
    let aws = LocalAws::shared();
    aws.call(
        "cloudwatch",
        "PutDashboard",
        json!({"DashboardName": "doomed", "DashboardBody": body("x").to_string()}),
    );
    let (mut server, _stub) = before_its_lists();
    let plan = server.call("delete_dashboards", json!({"dashboards": ["doomed"]}));
    plan.holds(&["would delete 1 dashboard", "doomed\t2\tOrders"]);
    server.confirmed("delete_dashboards", json!({"dashboards": ["doomed"]})).ok();
    let gone = server.call("get_dashboard", json!({"dashboard": "doomed"}));
    gone.fails(&["there is no dashboard doomed"]);
}

#[test]
fn resources_are_read_and_completed() {
    let aws = LocalAws::shared();
    aws.call(
        "cloudwatch",
        "PutDashboard",
        json!({"DashboardName": "addressed", "DashboardBody": body("x").to_string()}),
    );
    aws.call("logs", "CreateLogGroup", json!({"logGroupName": "/addressed/app"}));
    aws.call("cloudwatch", "PutMetricAlarm", json!({"AlarmName": "addressed alarm", "Namespace": "N", "MetricName": "M", "Statistic": "Sum",
        "Period": 60, "EvaluationPeriods": 1, "Threshold": 1.0, "ComparisonOperator": "GreaterThanThreshold"}));
    let (mut server, _stub) = before_its_lists();
    let mut read = |uri: &str| {
        server.request("resources/read", json!({"uri": uri}))["contents"][0]["text"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    assert!(read("cloudwatch://dashboard/addressed").contains("call the owner"));
    assert!(read("cloudwatch://alarm/addressed%20alarm").contains("Sum of N M > 1"));
    assert!(read("cloudwatch://log-group//addressed/app").contains("\"name\":\"/addressed/app\""));
    for (template, variable, typed, expected) in [
        ("cloudwatch://dashboard/{dashboard}", "dashboard", "addr", "addressed"),
        ("cloudwatch://alarm/{+alarm}", "alarm", "addr", "addressed alarm"),
        ("cloudwatch://log-group/{+log_group}", "log_group", "/addr", "/addressed/app"),
    ] {
        let params = json!({"ref": {"type": "ref/resource", "uri": template}, "argument": {"name": variable, "value": typed}});
        let found = server.request("completion/complete", params);
        assert_eq!(found["completion"]["values"], json!([expected]), "{template}");
    }
}
