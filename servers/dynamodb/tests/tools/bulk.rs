use awsmcp_testing::{LocalAws, Response, Stub};
use serde_json::{Value, json};

use crate::world::{DYNAMODB, aws, orders, table};

fn stored(table: &str, sk: &str) -> Value {
    aws("GetItem", json!({"TableName": table, "Key": {"pk": {"S": "u"}, "sk": {"S": sk}}}))["Item"].clone()
}

#[test]
fn all_that_a_filter_fits_is_changed_after_a_plan_that_counts_it() {
    table("bulk");
    orders("bulk", "u", 60);
    let mut server = DYNAMODB.start();
    let open = json!([{"attribute": "status", "op": "=", "value": "open"}]);
    let ask = json!({"table": "bulk", "filter": open, "set": {"flag": true}, "remove": ["empty", "total"]});
    let plan = server.plan("update_items", ask.clone());
    plan.holds(&[
        "change 20 items of 60 items of bulk: set flag = true, remove empty, remove total",
        "the first 10 are shown",
    ]);
    plan.holds(&["pk=u, sk=ORDER#00000", r#""total":0"#, r#""flag":null"#]);
    assert_eq!(stored("bulk", "ORDER#00000")["empty"]["S"], "", "a plan changes nothing");
    server.call("update_items", ask.clone()).holds(&["nothing was done yet"]);
    let done = server.confirmed("update_items", ask).object();
    assert_eq!(done, json!({"changed": 20}));
    let changed = stored("bulk", "ORDER#00003");
    assert_eq!(
        changed,
        json!({"pk": {"S": "u"}, "sk": {"S": "ORDER#00003"}, "status": {"S": "open"}, "flag": {"BOOL": true}})
    );
    let other = stored("bulk", "ORDER#00004");
    assert_eq!((other["flag"].clone(), other["total"]["N"].as_str()), (Value::Null, Some("4")));
    let key = json!({"table": "bulk", "filter": [{"attribute": "total", "op": ">", "value": 1}], "set": {"sk": "x"}});
    server.call("update_items", key).fails(&["sk is part of the key"]);
    let none = json!({"table": "bulk", "filter": [{"attribute": "status", "op": "=", "value": "lost"}], "remove": ["x"]});
    server.call("update_items", none).fails(&["no item of 60 items that were looked at fits the filter"]);
    server.call("update_items", json!({"table": "bulk", "filter": [], "remove": ["x"]})).fails(&["filter"]);
}

#[test]
fn a_bulk_change_goes_on_where_it_ended() {
    table("bulk-pages");
    orders("bulk-pages", "u", 90);
    let mut server = DYNAMODB.start();
    // `add` shows what was changed twice.
    let mut ask = json!({"table": "bulk-pages", "filter": [{"attribute": "status", "op": "in", "value": ["open", "paid"]}],
        "add": {"seen": 1}, "max_items": 40});
    let mut changed = 0;
    for _ in 0..3 {
        let done = server.confirmed("update_items", ask.clone()).object();
        changed += done["changed"].as_u64().unwrap();
        if done["next"].is_null() {
            break;
        }
        ask["after"] = done["next"].clone();
    }
    assert_eq!(changed, 60);
    let all = aws("Scan", json!({"TableName": "bulk-pages"}));
    let once = all["Items"].as_array().unwrap().iter().filter(|item| item["seen"]["N"] == "1").count();
    assert_eq!(once, 60);
}

#[test]
fn an_item_that_moved_since_the_plan_is_left_out_of_a_bulk_change() {
    table("bulk-moved");
    orders("bulk-moved", "u", 9);
    // Right before the first change somebody pays one order and sets the attribute of another.
    let others = std::sync::Once::new();
    let stub = Stub::before(LocalAws::shared(), move |request| {
        let put = |sk: &str, status: &str| {
            let item =
                json!({"pk": {"S": "u"}, "sk": {"S": sk}, "status": {"S": status}, "flag": {"S": "theirs"}});
            aws("PutItem", json!({"TableName": "bulk-moved", "Item": item}));
        };
        if request.operation() == "UpdateItem" {
            others.call_once(|| {
                put("ORDER#00000", "paid");
                put("ORDER#00003", "open");
            });
        }
        Response::HandOn
    });
    let mut server = DYNAMODB.at(stub.env()).start();
    let open = json!([{"attribute": "status", "op": "=", "value": "open"}]);
    let ask = json!({"table": "bulk-moved", "filter": open, "set": {"flag": "ours"}});
    let done = server.confirmed("update_items", ask);
    done.holds(&["\"changed\":1", "ORDER#00000", "ORDER#00003", "it changed while this was planned"]);
    assert_eq!(stored("bulk-moved", "ORDER#00000")["flag"]["S"], "theirs");
    assert_eq!(stored("bulk-moved", "ORDER#00003")["flag"]["S"], "theirs");
    assert_eq!(stored("bulk-moved", "ORDER#00006")["flag"]["S"], "ours");
}

#[test]
fn a_change_of_one_whose_answer_was_lost_is_told_as_not_known() {
    table("bulk-lost");
    orders("bulk-lost", "u", 6);
    let stub = Stub::before(LocalAws::shared(), |request| match (request.operation(), request.nth) {
        ("UpdateItem", 1) => Response::HangUp,
        _ => Response::HandOn,
    });
    let mut server = DYNAMODB.at(stub.env()).start();
    let open = json!([{"attribute": "status", "op": "=", "value": "open"}]);
    let done =
        server.confirmed("update_items", json!({"table": "bulk-lost", "filter": open, "add": {"n": 1}}));
    done.holds(&["\"changed\":1", "whether it was changed is not known"]);
    assert_eq!(stub.of("UpdateItem").len(), 2, "nothing is sent twice");
}
