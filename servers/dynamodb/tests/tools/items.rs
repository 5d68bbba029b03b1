use awsmcp_testing::{LocalAws, Server};
use serde_json::{Value, json};

use super::{aws, items, next, orders, server, table};

fn pk(value: &str) -> Value {
    json!([{"attribute": "pk", "op": "=", "value": value}])
}

#[test]
fn a_query_reads_one_partition_page_by_page_in_order() {
    table("query-pages");
    orders("query-pages", "u1", 120);
    orders("query-pages", "u2", 3);
    let mut server = server();
    let mut found = Vec::new();
    let mut ask = json!({"table": "query-pages", "key": pk("u1"), "limit": 50});
    loop {
        let page = server.call("query", ask.clone());
        found.extend(items(&page));
        assert!(page.text.contains("consumed"), "{}", page.text);
        match next(&page) {
            Some(cursor) => ask["cursor"] = json!(cursor),
            None => break,
        }
    }
    let numbers: Vec<_> = found.iter().map(|item| item["total"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (0..120).collect::<Vec<_>>());
    assert_eq!(found[0].as_object().unwrap().keys().next().unwrap(), "pk");
    assert_eq!(found[0]["empty"], "");
    let last = server
        .call("query", json!({"table": "query-pages", "key": pk("u1"), "limit": 1, "descending": true}));
    assert_eq!(items(&last)[0]["total"], 119);
}

#[test]
fn a_filter_is_followed_over_pages_until_the_page_is_full() {
    table("query-filter");
    orders("query-filter", "u1", 300);
    let mut server = server();
    let filter = json!([{"attribute": "status", "op": "=", "value": "open"}, {"attribute": "total", "op": ">=", "value": 150}]);
    let mut ask = json!({"table": "query-filter", "key": pk("u1"), "filter": filter, "attributes": ["total"], "limit": 20});
    let first = server.call("query", ask.clone());
    ask["cursor"] = json!(next(&first).unwrap());
    let mut found = items(&first);
    found.extend(items(&server.call("query", ask.clone())));
    ask["cursor"] = json!(next(&server.call("query", ask.clone())).unwrap());
    found.extend(items(&server.call("query", ask)));
    let numbers: Vec<_> = found.iter().map(|item| item["total"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (150..300).step_by(3).collect::<Vec<_>>());
    assert_eq!(found[0].as_object().unwrap().len(), 1);
    let nothing = json!({"table": "query-filter", "key": pk("u1"), "filter": [{"attribute": "status", "op": "=", "value": "lost"}]});
    let nothing = server.call("query", nothing);
    assert!(nothing.ok().contains("looked at 300 items to the end, 0 fit"), "{}", nothing.text);
}

#[test]
fn an_index_and_raw_expressions_and_counts_serve_too() {
    table("query-index");
    orders("query-index", "u1", 30);
    let mut server = server();
    let key = json!([{"attribute": "status", "op": "=", "value": "open"}, {"attribute": "sk", "op": "between", "value": ["ORDER#00003", "ORDER#00009"]}]);
    let found = server.call("query", json!({"table": "query-index", "index": "by-status", "key": key}));
    assert_eq!(items(&found).len(), 3);
    let raw = json!({
        "table": "query-index", "key_expression": "pk = :p", "filter_expression": "#s = :s AND #t < :t",
        "names": {"#s": "status", "#t": "total"}, "values": {":p": "u1", ":s": "paid", ":t": 10}, "count": true,
    });
    let counted = server.call("query", raw);
    assert!(counted.ok().contains("count\tscanned\n3\t30\n"), "{}", counted.text);
    let reserved = json!({"table": "query-index", "key_expression": "pk = :p", "filter_expression": "status = :s", "values": {":p": "u1", ":s": "x"}});
    let reserved = server.call("query", reserved);
    assert!(
        reserved.error().contains("reserved keyword") && reserved.text.contains("\"#name\""),
        "{}",
        reserved.text
    );
}

#[test]
fn a_query_that_does_not_fit_says_what_would() {
    table("query-wrong");
    let mut server = server();
    let mut failing = |ask: Value| server.call("query", ask).error().to_owned();
    let text =
        failing(json!({"table": "query-wrong", "key": [{"attribute": "id", "op": "=", "value": "x"}]}));
    assert!(
        text.contains("query-wrong has the key pk (S), sk (S); indexes by-status: status (S), sk (S)"),
        "{text}"
    );
    let text = failing(json!({"table": "query-wrong", "key": []}));
    assert!(text.contains("\"op\": \"=\""), "{text}");
    let text = failing(json!({"table": "query-wrong", "index": "by-statu", "key": pk("x")}));
    assert!(text.contains("indexes by-status"), "{text}");
    let text = failing(json!({"table": "query-wron", "key": pk("x")}));
    assert!(text.contains("did you mean query-wrong?"), "{text}");
    let text = failing(
        json!({"table": "query-wrong", "key": pk("x"), "filter": [{"attribute": "a", "op": "between", "value": 1}]}),
    );
    assert!(text.contains("between on a takes [low, high], not 1"), "{text}");
    let text = failing(json!({"table": "no", "key": pk("x")}));
    assert!(text.contains("orders-prod"), "{text}");
}

#[test]
fn numbers_stay_exact_from_the_message_to_the_table_and_back() {
    table("exact");
    let mut server = server();
    let text = r#"{"table": "exact", "items": [{"pk": "n", "sk": "1", "big": 12345678901234567890123456789012345678,
        "small": -0.1000000000000000000000000000000000001, "tiny": 1e-130, "huge": 9.9999999999999999999999999999999999999E+125,
        "set": {"$set": [12345678901234567890123456789012345678, 1.5]}, "deep": {"list": [0.12345678901234567890123456789]}}]}"#;
    server.call("put_items", serde_json::from_str(text).unwrap()).ok();
    let stored = aws("GetItem", json!({"TableName": "exact", "Key": {"pk": {"S": "n"}, "sk": {"S": "1"}}}));
    assert_eq!(stored["Item"]["big"]["N"], "12345678901234567890123456789012345678");
    assert_eq!(stored["Item"]["small"]["N"], "-0.1000000000000000000000000000000000001");
    let read = server.call("get_items", json!({"table": "exact", "keys": [{"pk": "n", "sk": "1"}]}));
    for exact in [
        "\"big\":12345678901234567890123456789012345678,",
        "\"small\":-0.1000000000000000000000000000000000001",
        "12345678901234567890123456789012345678]}",
        "{\"list\":[0.12345678901234567890123456789]}",
    ] {
        let sorted = read.ok().replace(
            "1.5,12345678901234567890123456789012345678]",
            "12345678901234567890123456789012345678]",
        );
        assert!(sorted.replace(",1.5]", "]").contains(exact), "{exact}: {}", read.text);
    }
    // A number of a filter is as exact, and so is one that `query` selects.
    let by = json!({"table": "exact", "keys": [{"pk": "n", "sk": "1"}], "query": "[?item.big > `12345678901234567890`].item.small"});
    assert!(server.call("get_items", by).ok().contains("-0.1000000000000000000000000000000000001"));
    let long: Value = serde_json::from_str(&format!(
        r#"{{"table": "exact", "items": [{{"pk": "n", "sk": "2", "n": {}}}]}}"#,
        "7".repeat(39)
    ))
    .unwrap();
    let long = server.call("put_items", long);
    assert!(
        long.error().contains("item 0: n: 777") && long.text.contains("39 significant digits"),
        "{}",
        long.text
    );
}

#[test]
fn every_kind_of_value_comes_back_as_it_was() {
    table("kinds");
    let mut server = server();
    let item = json!({
        "pk": "k", "sk": "1", "empty": "", "none": null, "no": false, "list": [], "map": {}, "nested": {"a": [null, "", {"b": null}]},
        "bytes": {"$binary": "AAEC/w=="}, "words": {"$set": ["b", "a"]}, "looks": {"$map": {"$set": ["x"]}}, "tab": "a\tb\u{202e}\\",
    });
    server.call("put_items", json!({"table": "kinds", "items": [item]})).ok();
    let read =
        items(&server.call(
            "get_items",
            json!({"table": "kinds", "keys": [{"pk": "k", "sk": "1"}], "consistent": true}),
        ));
    let mut read = read[0].clone();
    read["words"]["$set"].as_array_mut().unwrap().sort_by_key(ToString::to_string);
    let mut item = item;
    item["words"]["$set"] = json!(["a", "b"]);
    assert_eq!(read, item);
    let typed = json!({"table": "kinds", "items": [{"pk": {"S": "k"}, "sk": {"S": "2"}}]});
    assert!(server.call("put_items", typed).error().contains("plain JSON"));
}

#[test]
fn items_are_got_in_the_order_asked_and_the_missing_are_named() {
    table("get-order");
    orders("get-order", "u1", 120);
    let mut server = server();
    let key = |number: usize| json!({"pk": "u1", "sk": format!("ORDER#{number:05}")});
    let keys: Vec<Value> = (0..90).rev().map(key).chain([key(999)]).collect();
    let got = server.call("get_items", json!({"table": "get-order", "keys": keys, "attributes": ["total"]}));
    let numbers: Vec<_> = items(&got).iter().map(|item| item["total"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (0..90).rev().collect::<Vec<_>>());
    assert!(got.text.contains("no such item: pk=u1, sk=ORDER#00999"), "{}", got.text);
    let twice = server.call("get_items", json!({"table": "get-order", "keys": [key(1), key(1)]}));
    assert!(twice.error().contains("pk=u1, sk=ORDER#00001 is given twice"), "{}", twice.text);
    let half = server.call("get_items", json!({"table": "get-order", "keys": [{"pk": "u1"}]}));
    assert!(half.error().contains("the key pk (S), sk (S)"), "{}", half.text);
}

#[test]
fn a_scan_in_segments_finds_every_item_once_over_pages() {
    table("scan-all");
    for user in 0..12 {
        orders("scan-all", &format!("u{user}"), 25);
    }
    let mut server = server();
    for segments in [1, 4] {
        let mut ask =
            json!({"table": "scan-all", "segments": segments, "limit": 70, "attributes": ["pk", "sk"]});
        let mut found = std::collections::BTreeSet::new();
        let mut rows = 0;
        loop {
            let page = server.call("scan", ask.clone());
            rows += items(&page).len();
            found.extend(items(&page).iter().map(ToString::to_string));
            match next(&page) {
                Some(cursor) => ask["cursor"] = json!(cursor),
                None => break,
            }
        }
        assert_eq!((rows, found.len()), (300, 300), "{segments} segments");
    }
    let counted = server.call("scan", json!({"table": "scan-all", "segments": 3, "count": true}));
    assert!(counted.ok().contains("300\t300\n"), "{}", counted.text);
}

#[test]
fn a_scan_ends_with_its_budget_and_says_when_a_query_would_do() {
    table("scan-budget");
    orders("scan-budget", "u1", 300);
    let mut server = server();
    let ask = json!({"table": "scan-budget", "count": true, "max_items": 100});
    let part = server.call("scan", ask.clone());
    assert!(
        part.ok().contains("100\t100\n") && part.text.contains("the budget of this call is spent"),
        "{}",
        part.text
    );
    let mut more = ask;
    more["cursor"] = json!(next(&part).unwrap());
    assert!(server.call("scan", more).ok().contains("100\t100\n"));
    let units = server.call("scan", json!({"table": "scan-budget", "limit": 1000, "max_read_units": 1}));
    assert!(items(&units).len() < 300 && next(&units).is_some(), "{}", units.text);
    let raw = json!({"table": "scan-budget", "filter_expression": "#s = :s", "names": {"#s": "status"}, "values": {":s": "open"}, "limit": 1});
    for ask in [
        json!({"table": "scan-budget", "filter": [{"attribute": "status", "op": "=", "value": "open"}], "limit": 1}),
        raw,
    ] {
        let told = server.call("scan", ask);
        assert!(told.ok().contains("status is the partition key of index by-status"), "{}", told.text);
    }
    let told = server.call("scan", json!({"table": "scan-budget", "filter": [{"attribute": "total", "op": "=", "value": 3}], "limit": 1}));
    assert!(!told.ok().contains("a query would do"), "{}", told.text);
}

#[test]
fn large_items_do_not_overflow_an_answer_and_none_is_lost() {
    table("large-items");
    for number in 0..12 {
        let item =
            json!({"pk": {"S": "u"}, "sk": {"S": format!("{number:02}")}, "body": {"S": "x".repeat(20_000)}});
        aws("PutItem", json!({"TableName": "large-items", "Item": item}));
    }
    let mut server = server();
    let mut ask = json!({"table": "large-items", "key": pk("u"), "max_chars": 30_000});
    let mut found = Vec::new();
    loop {
        let page = server.call("query", ask.clone());
        assert!(page.ok().len() < 32_000);
        found.extend(items(&page).iter().map(|item| item["sk"].as_str().unwrap().to_owned()));
        match next(&page) {
            Some(cursor) => ask["cursor"] = json!(cursor),
            None => break,
        }
    }
    assert_eq!(found, (0..12).map(|number| format!("{number:02}")).collect::<Vec<_>>());
}

#[test]
fn a_schema_is_inferred_from_a_sample() {
    table("inferred");
    orders("inferred", "USER#17", 40);
    let profile = json!({"pk": {"S": "USER#17"}, "sk": {"S": "PROFILE"}, "name": {"S": "a"}});
    aws("PutItem", json!({"TableName": "inferred", "Item": profile}));
    let mut server = server();
    let inferred = server.call("infer_schema", json!({"table": "inferred"}));
    let shown: Value =
        serde_json::from_str(inferred.ok().lines().find(|line| line.starts_with('{')).unwrap()).unwrap();
    assert_eq!(shown["sampled"], 41);
    assert_eq!(shown["entities"][0]["keys"], json!({"pk": "USER#<n>", "sk": "ORDER#<n>"}));
    assert_eq!(shown["entities"][0]["attributes"]["total"], "N");
    assert_eq!(shown["entities"][1]["keys"]["sk"], "PROFILE");
    assert!(inferred.text.contains("consumed"), "{}", inferred.text);
    table("inferred-empty");
    assert!(
        server
            .call("infer_schema", json!({"table": "inferred-empty"}))
            .ok()
            .contains("the table has no items")
    );
}

#[test]
fn a_stream_tells_what_happened_to_an_item() {
    table("streamed");
    let mut server = server();
    let key = json!({"pk": "u", "sk": "1"});
    server.call("put_items", json!({"table": "streamed", "items": [{"pk": "u", "sk": "1", "n": 1, "same": "x"}, {"pk": "u", "sk": "2"}]})).ok();
    server.call("update_item", json!({"table": "streamed", "key": key, "set": {"n": 2.5}})).ok();
    server.confirmed("delete_items", json!({"table": "streamed", "keys": [key]})).ok();
    let all = server.call("read_stream", json!({"table": "streamed", "key": key}));
    assert!(
        all.ok().contains("\tMODIFY\t{\"pk\":\"u\",\"sk\":\"1\"}\t{\"n\":1}\t{\"n\":2.5}\n"),
        "{}",
        all.text
    );
    assert!(all.text.contains("\tREMOVE\t") && all.text.contains("looked at 4 records"), "{}", all.text);
    let mut ask = json!({"table": "streamed", "limit": 3});
    let first = server.call("read_stream", ask.clone());
    assert!(first.ok().contains("3 rows, next: "), "{}", first.text);
    ask["cursor"] = json!(next(&first).unwrap());
    let second = server.call("read_stream", ask);
    assert!(second.ok().contains("\tREMOVE\t") && second.text.contains("1 row"), "{}", second.text);
    let none = server.call("read_stream", json!({"table": "streamed", "since": "2100-01-01"}));
    assert!(none.ok().contains("0 rows"), "{}", none.text);
    aws(
        "CreateTable",
        json!({"TableName": "unstreamed", "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}], "BillingMode": "PAY_PER_REQUEST"}),
    );
    let off = server.call("read_stream", json!({"table": "unstreamed"}));
    assert!(
        off.error().contains("unstreamed has no stream") && off.text.contains("NEW_AND_OLD_IMAGES"),
        "{}",
        off.text
    );
}

#[test]
fn a_table_is_a_resource_with_its_name_completed() {
    table("resource-of");
    let mut server = Server::spawn(env!("CARGO_BIN_EXE_awsmcp-dynamodb"), [""; 0], LocalAws::shared().env());
    server.initialize();
    let read = server.request("resources/read", json!({"uri": "dynamodb://resource-of"}));
    assert!(read["contents"][0]["text"].as_str().unwrap().contains("pk (S), sk (S)"), "{read}");
    let ask = json!({"ref": {"type": "ref/resource", "uri": "dynamodb://{table}"}, "argument": {"name": "table", "value": "resource-"}});
    let completed = server.request("completion/complete", ask);
    assert_eq!(completed["completion"]["values"], json!(["resource-of"]));
}
