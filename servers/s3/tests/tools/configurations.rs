//! The settings of which a bucket has many, each with an id. The local AWS serves none of them: a stub before it does.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use awsmcp_testing::{Request, Response, Server, Stub};
use serde_json::{Value, json};

use crate::world::{READER, S3, aws, overview};

/// The kind of a configuration in a request's query, and the elements of its list and of itself.
const KINDS: [(&str, &str, &str); 4] = [
    (
        "intelligent-tiering",
        "ListBucketIntelligentTieringConfigurationsOutput",
        "IntelligentTieringConfiguration",
    ),
    ("inventory", "ListInventoryConfigurationsResult", "InventoryConfiguration"),
    ("metrics", "ListMetricsConfigurationsResult", "MetricsConfiguration"),
    ("analytics", "ListBucketAnalyticsConfigurationResult", "AnalyticsConfiguration"),
];

/// What is configured, as it was put: by kind and id.
type Configured = Arc<Mutex<BTreeMap<(String, String), String>>>;

/// The local AWS with these settings, one on each page of a list.
fn keeping() -> (Stub, Configured) {
    let configured = Configured::default();
    let kept = Arc::clone(&configured);
    let stub = Stub::before(aws(), move |request| {
        let kind = KINDS.into_iter().find(|(kind, ..)| request.query(kind).is_some());
        kind.map_or(Response::HandOn, |kind| answer(request, kind, &mut kept.lock().unwrap()))
    });
    (stub, configured)
}

fn answer(
    request: &Request,
    (kind, list, element): (&str, &str, &str),
    kept: &mut BTreeMap<(String, String), String>,
) -> Response {
    let id = request.query("id");
    let at = (kind.to_owned(), id.unwrap_or_default().to_owned());
    match (request.method.as_str(), id) {
        ("GET", None) => {
            let after = request.query("continuation-token").unwrap_or_default();
            let mut rest = kept.iter().filter(|((of, id), _)| of == kind && id.as_str() > after);
            let (one, more) = (rest.next(), rest.next().is_some());
            let body = one.map(|(_, body)| body.as_str()).unwrap_or_default();
            let next = one.filter(|_| more).map(|((_, id), _)| id.as_str()).unwrap_or_default();
            let next = format!(
                "<IsTruncated>{more}</IsTruncated><NextContinuationToken>{next}</NextContinuationToken>"
            );
            Response::new(200, format!("<{list}>{next}{body}</{list}>"))
        }
        ("GET", Some(_)) => match kept.get(&at) {
            Some(body) => Response::new(200, body.clone()),
            None => {
                Response::s3_error(404, "NoSuchConfiguration", "The specified configuration does not exist.")
            }
        },
        ("PUT", _) => {
            let body = String::from_utf8(request.body.clone()).unwrap();
            let body = body.replace(" xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"", "");
            assert!(body.starts_with(&format!("<{element}>")), "{body}");
            kept.insert(at, body);
            Response::new(200, "")
        }
        _ => {
            kept.remove(&at);
            Response::new(204, "")
        }
    }
}

/// All that is configured of an aspect, as `bucket_overview` shows it in full.
fn listed(server: &mut Server, bucket: &str, aspect: &str) -> Vec<Value> {
    let shown = server.call("bucket_overview", json!({"bucket": bucket, "aspect": aspect}));
    let Some(json) = shown.ok().lines().find(|line| line.starts_with('{')) else { return Vec::new() };
    let whole: serde_json::Map<String, Value> = serde_json::from_str(json).unwrap();
    assert_eq!(whole.len(), 1, "{whole:?}");
    let (name, all) = whole.into_iter().next().unwrap();
    assert!(name.ends_with("ConfigurationList"), "{name}");
    all.as_array().unwrap().clone()
}

fn tiers(id: &str) -> Value {
    json!({"Id": id, "Filter": {"And": {"Prefix": "old/", "Tags": [{"Key": "team", "Value": "web"}]}}, "Status": "Enabled",
        "Tierings": [{"Days": 90, "AccessTier": "ARCHIVE_ACCESS"}]})
}

fn reports(id: &str, bucket: &str) -> Value {
    json!({"Id": id, "IsEnabled": true, "Filter": {"Prefix": "in/"}, "IncludedObjectVersions": "All",
        "OptionalFields": ["Size", "ETag"], "Schedule": {"Frequency": "Daily"},
        "Destination": {"S3BucketDestination": {"Bucket": format!("arn:aws:s3:::{bucket}"), "Format": "CSV", "Prefix": "reports",
            "Encryption": {"SSES3": {}}}}})
}

fn export(id: &str, bucket: &str) -> Value {
    json!({"Id": id, "Filter": {"Tag": {"Key": "team", "Value": "web"}}, "StorageClassAnalysis": {"DataExport": {
        "OutputSchemaVersion": "V_1", "Destination": {"S3BucketDestination": {
            "Format": "CSV", "Bucket": format!("arn:aws:s3:::{bucket}"), "Prefix": "analysis"}}}}})
}

fn put(bucket: &str, aspect: &str, value: &Value) -> Value {
    json!({"bucket": bucket, "aspect": aspect, "value": value})
}

#[test]
fn each_of_many_is_put_shown_and_removed_without_the_others() {
    aws().create_bucket("many-round");
    let (stub, _) = keeping();
    let mut server = S3.at(stub.env()).start();
    type Made = fn(&str) -> Value;
    let rounds: [(&str, Made); 4] = [
        ("intelligent_tiering", tiers),
        ("inventory", |id| reports(id, "many-round")),
        ("metrics", |id| json!({"Id": id, "Filter": {"Prefix": "images/"}})),
        ("analytics", |id| export(id, "many-round")),
    ];
    for (aspect, made) in rounds {
        assert_eq!(listed(&mut server, "many-round", aspect), Vec::<Value>::new(), "{aspect}");
        let (first, second) = (made("first"), made("second"));
        for value in [&first, &second] {
            let call = put("many-round", aspect, value);
            let plan = server.plan("put_bucket_config", call.clone());
            plan.holds(&[&format!("would add {aspect} \"{}\" to many-round", value["Id"].as_str().unwrap())]);
            let set = match aspect {
                "intelligent_tiering" => server.confirmed("put_bucket_config", call),
                _ => server.call("put_bucket_config", call),
            };
            set.holds(&["\"outcome\":\"set\"", &format!("\"id\":{}", value["Id"])]);
        }
        // Each lies on a page of its own.
        assert_eq!(listed(&mut server, "many-round", aspect), [first.clone(), second.clone()], "{aspect}");
        let same = server.plan("put_bucket_config", put("many-round", aspect, &first));
        same.holds(&["as it is: nothing changes"]);
        let remove = |id: &str| json!({"bucket": "many-round", "aspect": aspect, "id": id, "remove": true});
        server.call("put_bucket_config", remove("first")).holds(&["\"outcome\":\"removed\""]);
        assert_eq!(listed(&mut server, "many-round", aspect), [second], "{aspect}");
        server.call("put_bucket_config", remove("first")).fails(&[
            &format!("many-round has no {aspect} \"first\"; nothing was removed"),
            "it has \"second\"",
        ]);
    }
    for delete in [
        "DeleteBucketIntelligentTieringConfiguration",
        "DeleteBucketInventoryConfiguration",
        "DeleteBucketMetricsConfiguration",
        "DeleteBucketAnalyticsConfiguration",
    ] {
        assert_eq!(stub.of(delete).len(), 1, "{delete}");
    }
}

#[test]
fn one_of_many_keeps_what_a_call_does_not_name() {
    aws().create_bucket("many-keeps");
    let (stub, _) = keeping();
    let mut server = S3.at(stub.env()).start();
    let with = |mut value: Value, pointer: &str, new: Value| {
        *value.pointer_mut(pointer).unwrap() = new;
        value
    };
    let daily = reports("daily", "many-keeps");
    let format = "/Destination/S3BucketDestination/Format";
    let analysis = export("web", "many-keeps");
    let prefix = "/StorageClassAnalysis/DataExport/Destination/S3BucketDestination/Prefix";
    let images = json!({"Id": "images", "Filter": {"Prefix": "images/"}});
    for (aspect, whole, named, changed) in [
        (
            "intelligent_tiering",
            tiers("old"),
            json!({"Status": "Disabled"}),
            with(tiers("old"), "/Status", json!("Disabled")),
        ),
        (
            "inventory",
            daily.clone(),
            json!({"Destination": {"S3BucketDestination": {"Format": "Parquet"}}}),
            with(daily, format, json!("Parquet")),
        ),
        (
            "analytics",
            analysis.clone(),
            json!({"StorageClassAnalysis": {"DataExport": {"Destination": {"S3BucketDestination": {"Prefix": "new"}}}}}),
            with(analysis, prefix, json!("new")),
        ),
        (
            "metrics",
            images,
            json!({"Filter": {"Prefix": "img/"}}),
            json!({"Id": "images", "Filter": {"Prefix": "img/"}}),
        ),
    ] {
        let id = whole["Id"].clone();
        let first = put("many-keeps", aspect, &whole);
        match aspect {
            "intelligent_tiering" => server.confirmed("put_bucket_config", first).ok(),
            _ => server.call("put_bucket_config", first).ok(),
        };
        let mut change = put("many-keeps", aspect, &named);
        change["id"] = id;
        let plan = server.plan("put_bucket_config", change.clone());
        if aspect != "metrics" {
            plan.holds(&["kept, since `value` does not name it: "]);
        }
        server.call("put_bucket_config", change).holds(&["\"outcome\":\"set\""]);
        assert_eq!(listed(&mut server, "many-keeps", aspect), [changed], "{aspect}");
    }
    // `null` takes a member away: these metrics are then of all of the bucket.
    let all = json!({"bucket": "many-keeps", "aspect": "metrics", "id": "images", "value": {"Filter": null}});
    server.call("put_bucket_config", all).ok();
    assert_eq!(listed(&mut server, "many-keeps", "metrics"), [json!({"Id": "images"})]);
}

#[test]
fn one_of_many_that_changed_since_the_plan_is_left_as_it_is() {
    aws().create_bucket("many-moved");
    let (stub, configured) = keeping();
    let mut server = S3.at(stub.env()).start();
    let call = put("many-moved", "intelligent_tiering", &tiers("old"));
    let asked = server.call("put_bucket_config", call.clone());
    asked.holds(&["nothing was done yet", "that nobody read for 90 days (ARCHIVE_ACCESS)"]);
    let token = asked.token().to_owned();
    let theirs = "<IntelligentTieringConfiguration><Id>old</Id><Status>Disabled</Status></IntelligentTieringConfiguration>";
    let at = ("intelligent-tiering".to_owned(), "old".to_owned());
    configured.lock().unwrap().insert(at.clone(), theirs.to_owned());
    let mut late = call.clone();
    late["confirm"] = json!(token);
    server.call("put_bucket_config", late).holds(&["things have changed since that plan was made"]);
    assert_eq!(configured.lock().unwrap()[&at], theirs);

    // Between the plan that holds and its deed, too.
    let kept = Arc::clone(&configured);
    let between = Stub::before(aws(), move |request| {
        let mut kept = kept.lock().unwrap();
        if request.operation() == "GetBucketMetricsConfiguration" && request.nth == 2 {
            let theirs = "<MetricsConfiguration><Id>all</Id></MetricsConfiguration>";
            kept.insert(("metrics".to_owned(), "all".to_owned()), theirs.to_owned());
        }
        match request.query("metrics") {
            Some(_) => answer(request, KINDS[2], &mut kept),
            None => Response::HandOn,
        }
    });
    let mut server = S3.at(between.env()).start();
    let mine = put("many-moved", "metrics", &json!({"Id": "all", "Filter": {"Prefix": "a/"}}));
    server.call("put_bucket_config", mine).fails(&["metrics \"all\" of many-moved changed since the plan"]);
    assert!(between.of("PutBucketMetricsConfiguration").is_empty());
}

#[test]
fn reports_to_another_account_are_asked_about() {
    aws().create_bucket("many-reports");
    let (stub, _) = keeping();
    let mut server = S3.at(stub.env()).start();
    let to = |account: Value| {
        let mut value = reports("daily", "elsewhere");
        value["Destination"]["S3BucketDestination"]["AccountId"] = account;
        put("many-reports", "inventory", &value)
    };
    let asked = server.call("put_bucket_config", to(json!("999999999999")));
    asked.holds(&[
        "nothing was done yet",
        "account 999999999999 gets reports of what lies in this bucket, in arn:aws:s3:::elsewhere",
    ]);
    server
        .plan("put_bucket_config", to(json!(null)))
        .holds(&["whose bucket arn:aws:s3:::elsewhere is was not checked"]);
    let own = server.call("put_bucket_config", to(json!(awsmcp_testing::LocalAws::ACCOUNT)));
    own.holds(&["\"outcome\":\"set\""]).lacks(&["was not checked", "gets reports"]);
    let mut analysis = export("web", "elsewhere");
    analysis["StorageClassAnalysis"]["DataExport"]["Destination"]["S3BucketDestination"]["BucketAccountId"] =
        json!("999999999999");
    let asked = server.call("put_bucket_config", put("many-reports", "analytics", &analysis));
    asked.holds(&["nothing was done yet", "account 999999999999 gets reports"]);
}

#[test]
fn what_is_wrong_with_one_of_many_is_said_with_what_is_right() {
    aws().create_bucket("many-wrong");
    let (stub, _) = keeping();
    let mut server = S3.at(stub.env()).start();
    let mut refused =
        |call: Value, says: &[&str]| drop(server.call("put_bucket_config", call).fails(says).clone());
    let ask = |aspect: &str, more: Value| {
        let mut call = json!({"bucket": "many-wrong", "aspect": aspect});
        call.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        call
    };
    refused(ask("metrics", json!({"remove": true})), &["give `id`", "bucket_overview with aspect metrics"]);
    refused(ask("cors", json!({"id": "a", "remove": true})), &["a bucket has one cors, so leave it out"]);
    refused(
        ask("metrics", json!({"id": "a", "value": {"Id": "b"}})),
        &["\"a\"", "\"b\"", "give one of them"],
    );
    refused(ask("metrics", json!({"id": "", "remove": true})), &["daily-report"]);
    refused(
        ask("metrics", json!({"id": "a", "remove": true})),
        &["no metrics \"a\"", "it has no metrics at all"],
    );
    refused(ask("metrics", json!({"id": "a", "value": {"Filter": {}}})), &["exactly one of Prefix, Tag"]);
    refused(
        ask("inventory", json!({"id": "a", "value": {"IsEnabled": true}})),
        &["missing field", "Destination"],
    );
    let mut by_name = reports("a", "x");
    by_name["Destination"]["S3BucketDestination"]["Bucket"] = json!("my-reports");
    refused(
        put("many-wrong", "inventory", &by_name),
        &["not the ARN of a bucket", "arn:aws:s3:::my-reports"],
    );
    let mut weekly = reports("a", "many-wrong");
    weekly["Schedule"]["Frequency"] = json!("Monthly");
    refused(put("many-wrong", "inventory", &weekly), &["none of Daily, Weekly"]);
    assert!(stub.calls().iter().all(|request| request.method == "GET"));
}

#[test]
fn an_overview_says_what_is_configured_in_a_few_words() {
    aws().create_bucket("many-brief");
    let (stub, _) = keeping();
    let mut server = S3.at(stub.env()).start();
    server.call("put_bucket_config", put("many-brief", "inventory", &reports("daily", "many-brief"))).ok();
    server.call("put_bucket_config", put("many-brief", "metrics", &json!({"Id": "all"}))).ok();
    server.call("put_bucket_config", put("many-brief", "analytics", &export("web", "many-brief"))).ok();
    server.confirmed("put_bucket_config", put("many-brief", "intelligent_tiering", &tiers("old"))).ok();
    let shown = overview(&mut READER.at(stub.env()).start(), "many-brief");
    let settings = &shown["settings"];
    assert_eq!(settings["intelligent_tiering"], json!(["old old/ filtered: to ARCHIVE_ACCESS after 90 d"]));
    let reports = "daily in/: Daily CSV to arn:aws:s3:::many-brief/reports, all versions";
    assert_eq!(settings["inventory"], json!([reports]));
    assert_eq!(settings["metrics"], json!(["all"]));
    assert_eq!(settings["analytics"], json!(["web filtered: CSV to arn:aws:s3:::many-brief/analysis"]));
}

#[test]
fn a_store_that_does_not_know_them_is_shown_without_them() {
    aws().create_bucket("many-store");
    let stub =
        Stub::before(aws(), |request| match KINDS.iter().any(|(kind, ..)| request.query(kind).is_some()) {
            true => Response::s3_error(400, "InvalidArgument", "Unsupported query parameter"),
            false => Response::HandOn,
        });
    let shown = overview(&mut READER.at(stub.env()).start(), "many-store");
    let unsupported: Vec<&str> =
        shown["unsupported"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    for aspect in ["intelligent_tiering", "inventory", "metrics", "analytics"] {
        assert!(unsupported.contains(&aspect), "{shown}");
    }
    assert!(shown["none"].as_array().unwrap().contains(&json!("policy")), "{shown}");
}
