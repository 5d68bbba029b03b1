use awsmcp_testing::{Response, Stub};
use serde_json::{Value, json};

use crate::world::{DYNAMODB, aws, orders, table};

fn pk(value: &str) -> Value {
    json!([{"attribute": "pk", "op": "=", "value": value}])
}

#[test]
fn a_query_reads_one_partition_page_by_page_in_order() {
    table("query-pages");
    orders("query-pages", "u1", 120);
    orders("query-pages", "u2", 3);
    let mut server = DYNAMODB.start();
    let mut found = Vec::new();
    for page in server.pages("query", json!({"table": "query-pages", "key": pk("u1"), "limit": 50})) {
        page.holds(&["consumed"]);
        found.extend(page.objects());
    }
    let numbers: Vec<_> = found.iter().map(|item| item["total"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (0..120).collect::<Vec<_>>());
    assert_eq!(found[0].as_object().unwrap().keys().next().unwrap(), "pk");
    assert_eq!(found[0]["empty"], "");
    let last = server
        .call("query", json!({"table": "query-pages", "key": pk("u1"), "limit": 1, "descending": true}));
    assert_eq!(last.objects()[0]["total"], 119);
}

#[test]
fn a_filter_is_followed_over_pages_until_the_page_is_full() {
    table("query-filter");
    orders("query-filter", "u1", 300);
    let mut server = DYNAMODB.start();
    let filter = json!([{"attribute": "status", "op": "=", "value": "open"}, {"attribute": "total", "op": ">=", "value": 150}]);
    let mut ask = json!({"table": "query-filter", "key": pk("u1"), "filter": filter, "attributes": ["total"], "limit": 20});
    let first = server.call("query", ask.clone());
    ask["cursor"] = json!(first.next().unwrap());
    let mut found = first.objects();
    found.extend(server.call("query", ask.clone()).objects());
    ask["cursor"] = json!(server.call("query", ask.clone()).next().unwrap());
    found.extend(server.call("query", ask).objects());
    let numbers: Vec<_> = found.iter().map(|item| item["total"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (150..300).step_by(3).collect::<Vec<_>>());
    assert_eq!(found[0].as_object().unwrap().len(), 1);
    let nothing = json!({"table": "query-filter", "key": pk("u1"), "filter": [{"attribute": "status", "op": "=", "value": "lost"}]});
    let nothing = server.call("query", nothing);
    nothing.holds(&["looked at 300 items to the end, 0 fit"]);
}

#[test]
fn an_index_and_raw_expressions_and_counts_serve_too() {
    table("query-index");
    orders("query-index", "u1", 30);
    let mut server = DYNAMODB.start();
    let key = json!([{"attribute": "status", "op": "=", "value": "open"}, {"attribute": "sk", "op": "between", "value": ["ORDER#00003", "ORDER#00009"]}]);
    let found = server.call("query", json!({"table": "query-index", "index": "by-status", "key": key}));
    assert_eq!(found.objects().len(), 3);
    let raw = json!({
        "table": "query-index", "key_expression": "pk = :p", "filter_expression": "#s = :s AND #t < :t",
        "names": {"#s": "status", "#t": "total"}, "values": {":p": "u1", ":s": "paid", ":t": 10}, "count": true,
    });
    let counted = server.call("query", raw);
    counted.holds(&["count\tscanned\n3\t30\n"]);
    let reserved = json!({"table": "query-index", "key_expression": "pk = :p", "filter_expression": "status = :s", "values": {":p": "u1", ":s": "x"}});
    let reserved = server.call("query", reserved);
    reserved.fails(&["reserved keyword", "\"#name\""]);
}

#[test]
fn a_query_that_does_not_fit_says_what_would() {
    table("query-wrong");
    let mut server = DYNAMODB.start();
    let mut failing = |ask: Value| server.call("query", ask);
    failing(json!({"table": "query-wrong", "key": [{"attribute": "id", "op": "=", "value": "x"}]}))
        .fails(&["query-wrong has the key pk (S), sk (S); indexes by-status: status (S), sk (S)"]);
    failing(json!({"table": "query-wrong", "key": []})).fails(&["\"op\": \"=\""]);
    failing(json!({"table": "query-wrong", "index": "by-statu", "key": pk("x")}))
        .fails(&["indexes by-status"]);
    failing(json!({"table": "query-wron", "key": pk("x")})).fails(&["did you mean query-wrong?"]);
    let one_end = json!([{"attribute": "a", "op": "between", "value": 1}]);
    failing(json!({"table": "query-wrong", "key": pk("x"), "filter": one_end}))
        .fails(&["between on a takes [low, high], not 1"]);
    failing(json!({"table": "no", "key": pk("x")})).fails(&["orders-prod"]);
}

/// A table with the key `pk`, and an index `byg` of `g` (a text) and `n` (a number) that holds what the projection says.
fn indexed(name: &str, projection: &Value) {
    let define = |name: &str, kind: &str| json!({"AttributeName": name, "AttributeType": kind});
    let key = |name: &str, kind: &str| json!({"AttributeName": name, "KeyType": kind});
    aws(
        "CreateTable",
        json!({"TableName": name, "KeySchema": [key("pk", "HASH")], "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [define("pk", "S"), define("g", "S"), define("n", "N")],
            "GlobalSecondaryIndexes": [{"IndexName": "byg", "KeySchema": [key("g", "HASH"), key("n", "RANGE")],
                "Projection": projection}]}),
    );
    for number in 0..30 {
        let item = json!({"pk": {"S": format!("p{number:02}")}, "g": {"S": "G"}, "n": {"N": number.to_string()},
            "title": {"S": "t"}, "body": {"S": "b".repeat(2000)}});
        aws("PutItem", json!({"TableName": name, "Item": item}));
    }
}

#[test]
fn a_key_of_a_wrong_type_is_told_with_the_type_that_it_has() {
    indexed("typed-keys", &json!({"ProjectionType": "ALL"}));
    let mut server = DYNAMODB.start();
    let by = |op: &str, value: Value| {
        json!({"table": "typed-keys", "index": "byg", "count": true,
            "key": [{"attribute": "g", "op": "=", "value": "G"}, {"attribute": "n", "op": op, "value": value}]})
    };
    let told = server.call("query", by(">", json!("one")));
    told.fails(&["n is N in the key, not S", "n is a number: a good value is 1"]);
    server.call("query", by("between", json!([1, true]))).fails(&["n is N in the key, not BOOL"]);
    // A long number comes as text from many clients, and so may a short one.
    let taken = server.call("query", by(">", json!("19")));
    taken.holds(&["10\t10", "n is a number in the key: \"19\" was taken as 19"]);
    let partition = json!({"table": "typed-keys", "key": [{"attribute": "pk", "op": "=", "value": 5}]});
    server
        .call("query", partition)
        .fails(&["pk is S in the key, not N", "pk is a text: a good value is \"5\""]);
    server
        .call("get_items", json!({"table": "typed-keys", "keys": [{"pk": 5}]}))
        .fails(&["pk is a text: a good value is \"5\""]);
    let item = json!({"table": "typed-keys", "key": {"pk": 5}, "set": {"title": "x"}});
    server.call("update_item", item).fails(&["pk is a text: a good value is \"5\""]);
    let filter = json!({"table": "typed-keys", "filter": [{"attribute": "pk", "op": "=", "value": 5}]});
    server.call("scan", filter).holds(&["no item fits the filter: pk is S in the key, not N"]);
    let object = server.call("query", json!({"table": "typed-keys", "key": {"pk": "p01"}}));
    object.fails(&["`key` takes an array of objects with attribute, op, value, not {\"pk\":\"p01\"}"]);
}

#[test]
fn an_index_that_holds_half_an_item_says_so_and_the_other_half_can_be_had() {
    indexed("half-items", &json!({"ProjectionType": "INCLUDE", "NonKeyAttributes": ["title"]}));
    let mut server = DYNAMODB.start();
    let ask = |more: Value| {
        let mut ask = json!({"table": "half-items", "index": "byg", "key": [{"attribute": "g", "op": "=", "value": "G"}]});
        ask.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        ask
    };
    let lacks = "the items of index byg hold keys and title, not all of an item's attributes";
    let half = server.call("query", ask(json!({})));
    half.holds(&[lacks, "`whole` gets the rest"]);
    assert_eq!(half.objects()[3], json!({"g": "G", "n": 3, "pk": "p03", "title": "t"}));
    server.call("query", ask(json!({"attributes": ["title"]}))).lacks(&[lacks]);
    server.call("query", ask(json!({"attributes": ["title"], "count": true}))).holds(&["30\t30"]);
    server.call("scan", json!({"table": "half-items", "index": "byg"})).holds(&[lacks]);
    let statement = |what: &str| json!({"table": "half-items", "statement": format!("SELECT {what} FROM \"half-items\".\"byg\" WHERE g = 'G'")});
    server.call("run_partiql", statement("*")).holds(&[lacks]);
    server.call("run_partiql", statement("title")).lacks(&[lacks]);
    // Whole items, in the order of the index, over pages that end by their size.
    let mut found = Vec::new();
    let whole = server.pages("query", ask(json!({"whole": true, "max_chars": 9000})));
    assert!(whole.len() > 5, "{}", whole.len());
    for page in whole {
        page.lacks(&[lacks]);
        found.extend(page.objects());
    }
    let numbers: Vec<u64> = found.iter().map(|item| item["n"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (0..30).collect::<Vec<_>>());
    assert!(found.iter().all(|item| item["body"].as_str().unwrap().len() == 2000));
    let some = server
        .call("query", ask(json!({"whole": true, "attributes": ["n"], "limit": 4, "descending": true})));
    assert_eq!(some.objects()[0], json!({"n": 29, "pk": "p29"}));
    let next = ask(
        json!({"whole": true, "attributes": ["n"], "limit": 4, "descending": true, "cursor": some.next().unwrap()}),
    );
    assert_eq!(server.call("query", next).objects()[0], json!({"n": 25, "pk": "p25"}));
    let table = json!({"table": "half-items", "key": [{"attribute": "pk", "op": "=", "value": "p01"}], "whole": true});
    server.call("query", table).fails(&["`whole` is of an `index`"]);
}

#[test]
fn a_sample_that_is_larger_than_the_table_is_all_of_it() {
    aws(
        "CreateTable",
        json!({"TableName": "whole-sample", "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}], "BillingMode": "PAY_PER_REQUEST"}),
    );
    for chunk in (0..95).collect::<Vec<u32>>().chunks(25) {
        let put = |number: &u32| json!({"PutRequest": {"Item": {"id": {"S": format!("USER#{number}")}}}});
        aws(
            "BatchWriteItem",
            json!({"RequestItems": {"whole-sample": chunk.iter().map(put).collect::<Vec<_>>()}}),
        );
    }
    let mut server = DYNAMODB.start();
    let all = server.call("infer_schema", json!({"table": "whole-sample", "sample": 100}));
    all.holds(&["\"sampled\":95", "all 95 items of the table"]);
    let part = server.call("infer_schema", json!({"table": "whole-sample", "sample": 90}));
    part.holds(&["\"sampled\":90", "a sample: what is rare may be missing"]);
}

#[test]
fn numbers_stay_exact_from_the_message_to_the_table_and_back() {
    table("exact");
    let mut server = DYNAMODB.start();
    let text = r#"{"table": "exact", "items": [{"pk": "n", "sk": "1", "big": 12345678901234567890123456789012345678,
        "small": -0.1000000000000000000000000000000000001, "tiny": 1e-130, "huge": 9.9999999999999999999999999999999999999E+125,
        "set": {"$set": [12345678901234567890123456789012345678, 1.5]}, "deep": {"list": [0.12345678901234567890123456789]}}]}"#;
    server.call("put_items", serde_json::from_str(text).unwrap()).ok();
    let stored = aws("GetItem", json!({"TableName": "exact", "Key": {"pk": {"S": "n"}, "sk": {"S": "1"}}}));
    assert_eq!(stored["Item"]["big"]["N"], "12345678901234567890123456789012345678");
    assert_eq!(stored["Item"]["small"]["N"], "-0.1000000000000000000000000000000000001");
    let read = server.call("get_items", json!({"table": "exact", "keys": [{"pk": "n", "sk": "1"}]}));
    for exact in [
        "\"big\":{\"$number\":\"12345678901234567890123456789012345678\"}",
        "\"small\":{\"$number\":\"-0.1000000000000000000000000000000000001\"}",
        "{\"$number\":\"12345678901234567890123456789012345678\"}]}",
        "{\"list\":[{\"$number\":\"0.12345678901234567890123456789\"}]}",
    ] {
        let sorted = read.ok().replace("{\"$set\":[1.5,", "{\"$set\":[");
        assert!(sorted.replace(",1.5]", "]").contains(exact), "{exact}: {}", read.text);
    }
    // A number of a filter is as exact, and so is one that `query` selects.
    let by = json!({"table": "exact", "keys": [{"pk": "n", "sk": "1"}],
        "query": "[?to_number(item.big.\"$number\") > `12345678901234567890`].item.small.\"$number\""});
    server.call("get_items", by).holds(&["-0.1000000000000000000000000000000000001"]);
    let long: Value = serde_json::from_str(&format!(
        r#"{{"table": "exact", "items": [{{"pk": "n", "sk": "2", "n": {}}}]}}"#,
        "7".repeat(39)
    ))
    .unwrap();
    let long = server.call("put_items", long);
    long.fails(&["item 0: n: 777", "39 significant digits"]);
}

#[test]
fn a_number_that_a_client_would_round_goes_both_ways_as_text() {
    aws(
        "CreateTable",
        json!({"TableName": "long-ids", "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "N"}], "BillingMode": "PAY_PER_REQUEST"}),
    );
    let long = "92838584930183242888";
    let mut server = DYNAMODB.start();
    let exact = json!({"$number": long});
    server
        .call("put_items", json!({"table": "long-ids", "items": [{"id": exact, "copy": exact, "n": 1}]}))
        .ok();
    let stored = aws("GetItem", json!({"TableName": "long-ids", "Key": {"id": {"N": long}}}));
    assert_eq!(stored["Item"]["copy"]["N"], long);
    // A key may be given as text too, and comes back in the form that survives.
    for id in [exact.clone(), json!(long)] {
        let read = server.call("get_items", json!({"table": "long-ids", "keys": [{"id": id}]}));
        assert_eq!(read.object(), json!({"id": exact, "copy": exact, "n": 1}));
        server.call("update_item", json!({"table": "long-ids", "key": {"id": id}, "add": {"n": 0}})).ok();
        server
            .plan("delete_items", json!({"table": "long-ids", "keys": [{"id": id}]}))
            .holds(&["delete 1 item"]);
    }
    server.call("put_items", json!({"table": "long-ids", "items": [{"id": "92838584930183242889"}]})).ok();
    // As a client of doubles passes 92838584930183242888 on.
    let rounded: Value =
        serde_json::from_str(r#"{"table": "long-ids", "items": [{"id": 92838584930183250000}]}"#).unwrap();
    let refused = server.call("put_items", rounded);
    refused.fails(&["beyond 2^53", r#"write it as text: {"$number":"92838584930183250000"}"#]);
    assert_eq!(aws("Scan", json!({"TableName": "long-ids"}))["Count"], 2);
}

#[test]
fn numbers_of_keys_are_the_same_by_value() {
    // AWS writes numbers in a way of its own, whatever it was asked with; the emulator does not.
    let stub = Stub::start(|request| match request.operation() {
        "DescribeTable" => Response::output(json!({"Table": {"TableName": "nums",
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "N"}]}})),
        _ => Response::output(json!({"Responses": {"nums": [
            {"id": {"N": "1"}, "name": {"S": "old"}}, {"id": {"N": "1000"}, "name": {"S": "old"}}]}})),
    });
    let mut server = DYNAMODB.at(stub.env()).start();
    let keys: Value = serde_json::from_str(r#"[{"id": 1.0}, {"id": 1e3}]"#).unwrap();
    let read = server.call("get_items", json!({"table": "nums", "keys": keys}));
    assert_eq!(read.objects().len(), 2, "{}", read.text);
    read.lacks(&["no such item"]);
    let items: Value = serde_json::from_str(r#"[{"id": 1.0, "name": "new"}]"#).unwrap();
    let plan = server.plan("put_items", json!({"table": "nums", "items": items, "overwrite": true}));
    plan.holds(&["1 of them replaced whole", "exists"]);
    server.plan("delete_items", json!({"table": "nums", "keys": keys})).lacks(&["do not exist"]);
}

#[test]
fn every_kind_of_value_comes_back_as_it_was() {
    table("kinds");
    let mut server = DYNAMODB.start();
    let item = json!({
        "pk": "k", "sk": "1", "empty": "", "none": null, "no": false, "list": [], "map": {}, "nested": {"a": [null, "", {"b": null}]},
        "bytes": {"$binary": "AAEC/w=="}, "words": {"$set": ["b", "a"]}, "looks": {"$map": {"$set": ["x"]}}, "tab": "a\tb\u{202e}\\",
    });
    server.call("put_items", json!({"table": "kinds", "items": [item]})).ok();
    let ask = json!({"table": "kinds", "keys": [{"pk": "k", "sk": "1"}], "consistent": true});
    let mut read = server.call("get_items", ask).object();
    read["words"]["$set"].as_array_mut().unwrap().sort_by_key(ToString::to_string);
    let mut item = item;
    item["words"]["$set"] = json!(["a", "b"]);
    assert_eq!(read, item);
    let typed = json!({"table": "kinds", "items": [{"pk": {"S": "k"}, "sk": {"S": "2"}}]});
    server.call("put_items", typed).fails(&["plain JSON"]);
}

#[test]
fn items_are_got_in_the_order_asked_and_the_missing_are_named() {
    table("get-order");
    orders("get-order", "u1", 120);
    let mut server = DYNAMODB.start();
    let key = |number: usize| json!({"pk": "u1", "sk": format!("ORDER#{number:05}")});
    let keys: Vec<Value> = (0..90).rev().map(key).chain([key(999)]).collect();
    let got = server.call("get_items", json!({"table": "get-order", "keys": keys, "attributes": ["total"]}));
    let numbers: Vec<_> = got.objects().iter().map(|item| item["total"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (0..90).rev().collect::<Vec<_>>());
    got.holds(&["no such item: pk=u1, sk=ORDER#00999"]);
    let twice = server.call("get_items", json!({"table": "get-order", "keys": [key(1), key(1)]}));
    twice.fails(&["pk=u1, sk=ORDER#00001 is given twice"]);
    let half = server.call("get_items", json!({"table": "get-order", "keys": [{"pk": "u1"}]}));
    half.fails(&["the key pk (S), sk (S)"]);
}

#[test]
fn a_key_comes_first_as_it_was_asked_for_and_the_rest_in_one_order() {
    aws(
        "CreateTable",
        json!({
            "TableName": "visits", "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": [{"AttributeName": "user", "KeyType": "HASH"}, {"AttributeName": "at", "KeyType": "RANGE"}],
            "AttributeDefinitions": [
                {"AttributeName": "user", "AttributeType": "S"}, {"AttributeName": "at", "AttributeType": "N"}],
        }),
    );
    for at in ["1", "2"] {
        let item = json!({"user": {"S": "u"}, "at": {"N": at}, "zone": {"S": "z"}, "agent": {"S": "a"}});
        aws("PutItem", json!({"TableName": "visits", "Item": item}));
    }
    let mut server = DYNAMODB.start();
    let keys = json!([{"user": "u", "at": 2}, {"at": 1, "user": "u"}, {"user": "u", "at": 3}]);
    let got = server.call("get_items", json!({"table": "visits", "keys": keys}));
    let row = |at: u8| format!(r#"{{"user":"u","at":{at},"agent":"a","zone":"z"}}"#);
    got.holds(&[&format!("{}\n{}\n", row(2), row(1)), "no such item: user=u, at=3"]);
    let some = json!({"table": "visits", "keys": keys, "attributes": ["zone", "agent"]});
    server.call("get_items", some).holds(&[&format!("{}\n{}\n", row(2), row(1))]);
    let get: Vec<Value> =
        [2, 9].iter().map(|at| json!({"table": "visits", "key": {"user": "u", "at": at}})).collect();
    let read = server.call("transact", json!({"get": get}));
    read.holds(&["get\tvisits\tuser=u, at=2\t", &row(2), "missing\tvisits\tuser=u, at=9\t"]);
    let put = json!({"op": "put", "table": "visits", "item": {"agent": "b", "at": 2, "user": "u"}});
    server
        .plan("transact", json!({"write": [put]}))
        .holds(&["put replaces user=u, at=2 of visits whole", &row(2)]);
    // As numbers or as text, it is one key.
    let twice = json!({"table": "visits", "keys": [{"user": "u", "at": 2}, {"user": "u", "at": "2"}]});
    server.call("get_items", twice).fails(&["the key user=u, at=2 is given twice"]);
}

#[test]
fn a_long_number_of_a_key_may_be_text_wherever_a_key_is_given() {
    aws(
        "CreateTable",
        json!({
            "TableName": "long-keys", "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "N"}],
            "StreamSpecification": {"StreamEnabled": true, "StreamViewType": "NEW_IMAGE"},
        }),
    );
    let long = "92838584930183242888";
    aws("PutItem", json!({"TableName": "long-keys", "Item": {"id": {"N": long}, "v": {"N": "1"}}}));
    let mut server = DYNAMODB.start();
    for key in [json!({"id": long}), json!({"id": {"$number": long}})] {
        let get = json!({"get": [{"table": "long-keys", "key": key}]});
        server.call("transact", get).holds(&["get\tlong-keys\tid=92838584930183242888\t", "\"v\":1"]);
        let got = server.call("get_items", json!({"table": "long-keys", "keys": [key]}));
        got.holds(&["\"v\":1", "1 row"]);
        let read = server.call("read_stream", json!({"table": "long-keys", "key": key}));
        read.holds(&["INSERT", "1 row"]);
    }
    let wrong = json!({"get": [{"table": "long-keys", "key": {"id": "one"}}]});
    server.call("transact", wrong).fails(&["the key attribute id is N, not S", "a good value is 1"]);
    let half = json!({"table": "long-keys", "key": {"pk": 1}});
    server.call("read_stream", half).fails(&["the key attribute id is missing"]);
}

#[test]
fn a_scan_in_segments_finds_every_item_once_over_pages() {
    table("scan-all");
    for user in 0..12 {
        orders("scan-all", &format!("u{user}"), 25);
    }
    let mut server = DYNAMODB.start();
    for segments in [1, 4] {
        let ask = json!({"table": "scan-all", "segments": segments, "limit": 70, "attributes": ["pk", "sk"]});
        let mut found = std::collections::BTreeSet::new();
        let mut rows = 0;
        for page in server.pages("scan", ask) {
            rows += page.objects().len();
            found.extend(page.objects().iter().map(ToString::to_string));
        }
        assert_eq!((rows, found.len()), (300, 300), "{segments} segments");
    }
    let counted = server.call("scan", json!({"table": "scan-all", "segments": 3, "count": true}));
    counted.holds(&["300\t300\n"]);
}

#[test]
fn a_scan_ends_with_its_budget_and_says_when_a_query_would_do() {
    table("scan-budget");
    orders("scan-budget", "u1", 300);
    let mut server = DYNAMODB.start();
    let ask = json!({"table": "scan-budget", "count": true, "max_items": 100});
    let part = server.call("scan", ask.clone());
    part.holds(&["100\t100\n", "the budget of this call is spent"]);
    let mut more = ask;
    more["cursor"] = json!(part.next().unwrap());
    server.call("scan", more).holds(&["100\t100\n"]);
    let units = server.call("scan", json!({"table": "scan-budget", "limit": 1000, "max_read_units": 1}));
    assert!(units.objects().len() < 300 && units.next().is_some(), "{}", units.text);
    let raw = json!({"table": "scan-budget", "filter_expression": "#s = :s", "names": {"#s": "status"}, "values": {":s": "open"}, "limit": 1});
    for ask in [
        json!({"table": "scan-budget", "filter": [{"attribute": "status", "op": "=", "value": "open"}], "limit": 1}),
        raw,
    ] {
        let told = server.call("scan", ask);
        told.holds(&["status is the partition key of index by-status"]);
    }
    let told = server.call("scan", json!({"table": "scan-budget", "filter": [{"attribute": "total", "op": "=", "value": 3}], "limit": 1}));
    told.ok();
    told.lacks(&["a query would do"]);
}

#[test]
fn large_items_do_not_overflow_an_answer_and_none_is_lost() {
    table("large-items");
    for number in 0..12 {
        let item =
            json!({"pk": {"S": "u"}, "sk": {"S": format!("{number:02}")}, "body": {"S": "x".repeat(20_000)}});
        aws("PutItem", json!({"TableName": "large-items", "Item": item}));
    }
    let mut server = DYNAMODB.start();
    let mut found = Vec::new();
    for page in server.pages("query", json!({"table": "large-items", "key": pk("u"), "max_chars": 30_000})) {
        assert!(page.ok().len() < 32_000);
        found.extend(page.objects().iter().map(|item| item["sk"].as_str().unwrap().to_owned()));
    }
    assert_eq!(found, (0..12).map(|number| format!("{number:02}")).collect::<Vec<_>>());
}

#[test]
fn a_schema_is_inferred_from_a_sample() {
    table("inferred");
    orders("inferred", "USER#17", 40);
    let profile = json!({"pk": {"S": "USER#17"}, "sk": {"S": "PROFILE"}, "name": {"S": "a"}});
    aws("PutItem", json!({"TableName": "inferred", "Item": profile}));
    let mut server = DYNAMODB.start();
    let inferred = server.call("infer_schema", json!({"table": "inferred"}));
    let shown: Value =
        serde_json::from_str(inferred.ok().lines().find(|line| line.starts_with('{')).unwrap()).unwrap();
    assert_eq!(shown["sampled"], 41);
    assert_eq!(shown["entities"][0]["keys"], json!({"pk": "USER#<n>", "sk": "ORDER#<n>"}));
    assert_eq!(shown["entities"][0]["attributes"]["total"], "N");
    assert_eq!(shown["entities"][1]["keys"]["sk"], "PROFILE");
    inferred.holds(&["consumed"]);
    table("inferred-empty");
    server.call("infer_schema", json!({"table": "inferred-empty"})).holds(&["the table has no items"]);
}

#[test]
fn a_stream_tells_what_happened_to_an_item() {
    table("streamed");
    let mut server = DYNAMODB.start();
    let key = json!({"pk": "u", "sk": "1"});
    server.call("put_items", json!({"table": "streamed", "items": [{"pk": "u", "sk": "1", "n": 1, "same": "x"}, {"pk": "u", "sk": "2"}]})).ok();
    server.call("update_item", json!({"table": "streamed", "key": key, "set": {"n": 2.5}})).ok();
    server.confirmed("delete_items", json!({"table": "streamed", "keys": [key]})).ok();
    let all = server.call("read_stream", json!({"table": "streamed", "key": key}));
    all.holds(&[
        "\tMODIFY\t{\"pk\":\"u\",\"sk\":\"1\"}\t{\"n\":1}\t{\"n\":2.5}\n",
        "\tREMOVE\t",
        "looked at 4 records",
    ]);
    let mut ask = json!({"table": "streamed", "limit": 3});
    let first = server.call("read_stream", ask.clone());
    first.holds(&["3 rows, next: "]);
    ask["cursor"] = json!(first.next().unwrap());
    let second = server.call("read_stream", ask);
    second.holds(&["\tREMOVE\t", "1 row"]);
    let none = server.call("read_stream", json!({"table": "streamed", "since": "2100-01-01"}));
    none.holds(&["0 rows"]);
    aws(
        "CreateTable",
        json!({"TableName": "unstreamed", "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}], "BillingMode": "PAY_PER_REQUEST"}),
    );
    let off = server.call("read_stream", json!({"table": "unstreamed"}));
    off.fails(&["unstreamed has no stream", "NEW_AND_OLD_IMAGES"]);
}

#[test]
fn a_table_is_a_resource_with_its_name_completed() {
    table("resource-of");
    let mut server = DYNAMODB.only(&[]).start();
    let read = server.request("resources/read", json!({"uri": "dynamodb://resource-of"}));
    assert!(read["contents"][0]["text"].as_str().unwrap().contains("pk (S), sk (S)"), "{read}");
    let ask = json!({"ref": {"type": "ref/resource", "uri": "dynamodb://{table}"}, "argument": {"name": "table", "value": "resource-"}});
    let completed = server.request("completion/complete", ask);
    assert_eq!(completed["completion"]["values"], json!(["resource-of"]));
}
