use serde_json::{Value, json};

use crate::world::{DYNAMODB, aws, table};

fn count(table: &str) -> u64 {
    aws("Scan", json!({"TableName": table, "Select": "COUNT"}))["Count"].as_u64().unwrap()
}

#[test]
fn many_items_are_put_in_batches_and_what_exists_is_not_replaced_unasked() {
    table("put-many");
    let mut server = DYNAMODB.start();
    let item = |number: usize, more: &str| json!({"pk": "u", "sk": format!("{number:04}"), "note": more});
    let all: Vec<Value> = (0..130).map(|number| item(number, "first")).collect();
    let plan = server.plan("put_items", json!({"table": "put-many", "items": all}));
    plan.holds(&["would put 130 items", "all new"]);
    assert_eq!(count("put-many"), 0);
    let put = server.call("put_items", json!({"table": "put-many", "items": all}));
    put.holds(&["\"written\":130", "consumed"]);
    let again = server
        .call("put_items", json!({"table": "put-many", "items": [item(5, "second"), item(500, "second")]}));
    again.fails(&["1 of 2 items exist already: pk=u, sk=0005; nothing was written"]);
    assert_eq!(count("put-many"), 130);
    let over: Vec<Value> = (100..160).map(|number| item(number, "second")).collect();
    let over = json!({"table": "put-many", "items": over, "overwrite": true});
    server.plan("put_items", over.clone()).holds(&["30 of them replaced whole"]);
    server.call("put_items", over).holds(&["\"written\":60"]);
    assert_eq!(count("put-many"), 160);
}

#[test]
fn a_condition_holds_for_each_item_and_what_failed_is_listed() {
    table("put-if");
    let mut server = DYNAMODB.start();
    server.call("put_items", json!({"table": "put-if", "items": [{"pk": "a", "sk": "1", "v": 1}, {"pk": "b", "sk": "1", "v": 2}]})).ok();
    let put = server.call(
        "put_items",
        json!({
            "table": "put-if", "items": [{"pk": "a", "sk": "1", "v": 9}, {"pk": "b", "sk": "1", "v": 9}],
            "condition": [{"attribute": "v", "op": "=", "value": 1}],
        }),
    );
    put.holds(&["\"written\":1", "ConditionalCheckFailedException", "\"pk\":\"b\""]);
    let none = server.call("put_items", json!({"table": "put-if", "items": [{"pk": "b", "sk": "1"}], "condition": [{"attribute": "v", "op": "=", "value": 1}]}));
    none.fails(&["nothing was written"]);
}

#[test]
fn an_item_that_cannot_be_stored_is_told_before_the_call() {
    table("put-wrong");
    let mut server = DYNAMODB.start();
    let mut failing = |item: Value| server.call("put_items", json!({"table": "put-wrong", "items": [item]}));
    failing(json!({"pk": "a"}))
        .fails(&["item 0: the key attribute sk is missing; the table's key is pk (S), sk (S)"]);
    failing(json!({"pk": "a", "sk": 5})).fails(&["the key attribute sk is S, not N"]);
    failing(json!({"pk": "a", "sk": "1", "body": "x".repeat(410_000)}))
        .fails(&["at most 400 KiB; \"body\" alone"]);
    failing(json!({"pk": "a", "sk": "1", "s": {"$set": [1, "a"]}})).fails(&["s: a set is"]);
    let twice = json!({"table": "put-wrong", "items": [{"pk": "a", "sk": "1"}, {"pk": "a", "sk": "1"}]});
    server.call("put_items", twice).fails(&["item 1: the key pk=a, sk=1 was given before"]);
    // NaN is no JSON: the message itself is refused.
    server.write_line(r#"{"jsonrpc": "2.0", "id": 99, "method": "tools/call", "params": {"name": "put_items", "arguments": {"table": "put-wrong", "items": [{"pk": "a", "sk": "1", "n": NaN}]}}}"#);
    let refused = server.read().unwrap();
    assert_eq!(refused["error"]["code"], -32700, "{refused}");
    assert_eq!(count("put-wrong"), 0);
}

#[test]
fn an_update_answers_before_and_after_and_makes_nothing_unasked() {
    table("updated");
    let mut server = DYNAMODB.start();
    server.call("put_items", json!({"table": "updated", "items": [{"pk": "a", "sk": "1", "n": 1, "tags": {"$set": ["x", "y"]}, "old": true, "m": {"l": [1]}}]})).ok();
    let key = json!({"pk": "a", "sk": "1"});
    let ask = json!({
        "table": "updated", "key": key, "set": {"status": "paid", "m.l[0]": "one"}, "add": {"n": 0.5},
        "delete": {"tags": {"$set": ["x"]}}, "remove": ["old"], "condition": [{"attribute": "n", "op": "=", "value": 1}],
    });
    let plan = server.plan("update_item", ask.clone());
    plan.holds(&["m.l[0]\t1\tset\t\"one\"\n", "old\ttrue\tremove"]);
    let done = server.call("update_item", ask.clone());
    done.holds(&["before\t{\"pk\":\"a\",\"sk\":\"1\",\"m\":{\"l\":[1]},\"n\":1,\"old\":true"]);
    let after = "after\t{\"pk\":\"a\",\"sk\":\"1\",\"m\":{\"l\":[\"one\"]},\"n\":1.5,\"status\":\"paid\",\"tags\":{\"$set\":[\"y\"]}}\n";
    done.holds(&[after]);
    let again = server.call("update_item", ask);
    again.fails(&["ConditionalCheckFailed", "the item is {\"pk\":\"a\""]);
    let missing = json!({"table": "updated", "key": {"pk": "z", "sk": "1"}, "set": {"n": 1}});
    server.call("update_item", missing.clone()).fails(&["has no item pk=z, sk=1"]);
    let mut upsert = missing;
    upsert["upsert"] = json!(true);
    server.call("update_item", upsert).holds(&["after\t{\"pk\":\"z\""]);
    let raw = json!({"table": "updated", "key": key, "update_expression": "SET #s = if_not_exists(#s, :s)", "names": {"#s": "state"}, "values": {":s": null}});
    server.call("update_item", raw).holds(&["\"state\":null"]);
    for (bad, words) in [
        (json!({"set": {"pk": "b"}}), "pk is part of the key"),
        (json!({"add": {"n": "x"}}), "a number to count with"),
        (json!({}), "nothing to change"),
        (json!({"set": {"a..b": 1}}), "is not a path"),
    ] {
        let mut ask = json!({"table": "updated", "key": key});
        ask.as_object_mut().unwrap().extend(bad.as_object().unwrap().clone());
        let failed = server.call("update_item", ask);
        failed.fails(&[words]);
    }
}

#[test]
fn what_is_deleted_is_shown_first_and_asked_again_if_it_changed() {
    table("deleted");
    let mut server = DYNAMODB.start();
    let all: Vec<Value> = (0..60).map(|number| json!({"pk": "u", "sk": format!("{number:03}")})).collect();
    server.call("put_items", json!({"table": "deleted", "items": all})).ok();
    let ask = json!({"table": "deleted", "keys": [{"pk": "u", "sk": "000"}, {"pk": "u", "sk": "999"}]});
    let plan = server.call("delete_items", ask.clone());
    plan.holds(&["nothing was done yet", "delete 1 item", "1 do not exist: pk=u, sk=999"]);
    let token = plan.token().to_owned();
    server
        .call("update_item", json!({"table": "deleted", "key": {"pk": "u", "sk": "000"}, "set": {"new": 1}}))
        .ok();
    let mut moved = ask.clone();
    moved["confirm"] = json!(token);
    server.call("delete_items", moved).holds(&["things have changed"]);
    server.confirmed("delete_items", json!({"table": "deleted", "keys": all})).holds(&["\"deleted\":60"]);
    assert_eq!(count("deleted"), 0);
    server.call("put_items", json!({"table": "deleted", "items": [{"pk": "a", "sk": "1", "v": 1}, {"pk": "b", "sk": "1", "v": 2}]})).ok();
    let when = json!({"table": "deleted", "keys": [{"pk": "a", "sk": "1"}, {"pk": "b", "sk": "1"}], "condition": [{"attribute": "v", "op": "<", "value": 2}]});
    let done = server.confirmed("delete_items", when);
    done.holds(&["\"deleted\":1", "ConditionalCheckFailed"]);
}

#[test]
fn a_transaction_is_all_or_nothing_and_says_which_item_stood_in_the_way() {
    table("transacted");
    let mut server = DYNAMODB.start();
    let put =
        |sk: &str, v: u32| json!({"op": "put", "table": "transacted", "item": {"pk": "t", "sk": sk, "v": v}});
    server.call("transact", json!({"write": [put("1", 1), put("2", 2)]})).ok();
    let key = |sk: &str| json!({"pk": "t", "sk": sk});
    let ask = |v: u32| {
        json!({"write": [
            {"op": "update", "table": "transacted", "key": key("1"), "add": {"v": 1}},
            {"op": "check", "table": "transacted", "key": key("2"), "condition": [{"attribute": "v", "op": "=", "value": v}]},
            {"op": "put", "table": "transacted", "item": {"pk": "t", "sk": "3"}, "condition": [{"attribute": "pk", "op": "not_exists"}]},
        ]})
    };
    let failed = server.call("transact", ask(9));
    let why = "nothing was written; in the way stood 1 (check transacted pk=t, sk=2): ConditionalCheckFailed";
    failed.fails(&[why, "there is {"]);
    assert_eq!(count("transacted"), 2);
    let plan = server.plan("transact", ask(2));
    plan.holds(&["all or none: 1 put, 1 update, 1 check"]);
    server.call("transact", ask(2)).holds(&["consumed"]);
    let read = server.call(
        "transact",
        json!({"get": [{"table": "transacted", "key": key("1")}, {"table": "transacted", "key": key("9")}]}),
    );
    read.holds(&[
        "get\ttransacted\tpk=t, sk=1\t{\"pk\":\"t\",\"sk\":\"1\",\"v\":2}\n",
        "missing\ttransacted\tpk=t, sk=9",
    ]);
    let deleting = json!({"write": [{"op": "delete", "table": "transacted", "key": key("3")}]});
    let mut writer = DYNAMODB.only(&["--toolsets", "all", "--allow", "write"]).start();
    writer.call("transact", deleting.clone()).fails(&["it needs --allow destroy"]);
    server.confirmed("transact", deleting).ok();
    assert_eq!(count("transacted"), 2);
    for (bad, words) in [
        (json!({}), "give `get` or `write`"),
        (
            json!({"write": [{"op": "check", "table": "transacted", "key": key("1")}]}),
            "check needs `condition`",
        ),
        (
            json!({"write": [{"op": "put", "table": "transacted", "key": key("1")}]}),
            "write 0 (put) takes `item`",
        ),
        (
            json!({"write": [{"op": "delete", "table": "transacted", "key": key("1"), "set": {"a": 1}}]}),
            "only that",
        ),
    ] {
        let failed = server.call("transact", bad);
        failed.fails(&[words]);
    }
    let read = server.call("get_items", json!({"table": "transacted", "keys": [key("1")]}));
    assert_eq!(read.object()["v"], 2);
}
