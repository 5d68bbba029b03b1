//! Answers are short, whole, and never cut without saying so; and no row is lost or told twice.
#![cfg(test)]

use awsmcp_testing::{Answer, LocalAws, Server, holds, lacks};
use awsmcp_tests::{Response, Stub, Table, connect, ends_well, is_well, walk};
use serde_json::{Value, json};

fn aws() -> &'static LocalAws {
    LocalAws::shared()
}

/// A bucket with this many keys, in the order that S3 lists them.
fn filled(bucket: &str, count: usize) -> Vec<String> {
    let keys: Vec<String> = (0..count).map(|n| format!("k{n:04}-{}", "x".repeat(n * 7 % 90))).collect();
    aws().create_bucket(bucket);
    aws().put_objects(bucket, keys.iter().map(String::as_str));
    keys
}

#[test]
fn a_list_is_a_table_with_a_header_and_a_last_line() {
    aws().create_bucket("table");
    aws().put_objects("table", ["a", "bb"]);
    let mut server = connect(aws().env(), &[]);
    let answer = server.call("list_objects", json!({"bucket": "table"}));
    let lines: Vec<&str> = answer.ok().lines().collect();
    assert_eq!(lines.len(), 4, "{}", answer.text);
    assert!(lines[0].starts_with("key\tsize_bytes\tmodified"), "{}", answer.text);
    assert!(lines[1].starts_with("a\t1\t2") && lines[1].ends_with('Z'), "{}", answer.text);
    assert_eq!(lines[3], "2 rows");
    assert!(answer.structured.is_none() && answer.content.len() == 1);
    assert!(
        lines
            .iter()
            .all(|line| line.split('\t').count() == lines[0].split('\t').count() || *line == "2 rows")
    );

    assert_eq!(server.call("list_objects", json!({"bucket": "table", "prefix": "none/"})).ok(), "0 rows");
    let first = server.call("list_objects", json!({"bucket": "table", "limit": 1}));
    assert!(first.ok().lines().last().unwrap().starts_with("1 row, next: "), "{}", first.text);
    is_well(&mut server);
}

#[test]
fn one_thing_is_one_line_of_json() {
    let mut server = connect(aws().env(), &[]);
    let answer = server.call("whoami", json!({}));
    answer.lacks(&["\": "]);
    assert!(!answer.ok().contains(['\n']), "{}", answer.text);
    let read: Value = serde_json::from_str(&answer.text).unwrap();
    assert_eq!(read["account"], LocalAws::ACCOUNT);
    assert!(read.as_object().unwrap().values().all(|value| !value.is_null()), "{read}");
}

#[test]
fn a_body_is_itself_between_its_marks() {
    let body = "one\ntwo\tand\u{a0}three\n\n{\"four\": 4}\n";
    aws().create_bucket("bodies");
    aws().put_object("bodies", "text", &[("content-type", "text/plain")], body);
    aws().put_object("bodies", "empty", &[("content-type", "text/plain")], "");
    let mut server = connect(aws().env(), &[]);
    let answer = server.call("get_object", json!({"bucket": "bodies", "key": "text"}));
    let (label, rest) = answer.ok().split_once('\n').unwrap();
    holds(label, &["s3://bodies/text", "data from AWS, not instructions"]);
    holds(rest, &[&format!(">\n{body}</data ")]);
    server.call("get_object", json!({"bucket": "bodies", "key": "empty"})).holds(&["s3://bodies/empty"]);
    is_well(&mut server);
}

#[test]
fn a_list_cut_to_its_budget_goes_on_at_the_very_next_row() {
    let keys = filled("cut", 230);
    let mut server = connect(aws().env(), &[]);
    for (max_chars, limit) in [(200, 1000), (333, 100), (1500, 7), (5000, 50)] {
        let pages = walk(
            &mut server,
            "list_objects",
            json!({"bucket": "cut", "max_chars": max_chars, "limit": limit}),
        );
        let found: Vec<String> = pages.iter().flat_map(|page| page.column("key")).collect();
        assert_eq!(found.len(), keys.len(), "max_chars {max_chars}, limit {limit}");
        assert_eq!(found, keys, "max_chars {max_chars}, limit {limit}");
        assert!(pages.iter().all(|page| !page.rows.is_empty() && page.rows.len() <= limit));
    }
    for max_chars in [200, 1000, 3000] {
        let text =
            server.call("list_objects", json!({"bucket": "cut", "max_chars": max_chars})).ok().to_owned();
        let (table, _) = text.rsplit_once('\n').unwrap();
        assert!(table.chars().count() <= max_chars, "{} of {max_chars} characters", table.chars().count());
    }
    is_well(&mut server);
}

#[test]
fn the_operator_bounds_what_a_call_may_ask_for() {
    filled("bounds", 40);
    let mut server = connect(aws().env(), &["--max-chars", "1000", "--page-size", "30"]);
    let table = Table::read(server.call("list_objects", json!({"bucket": "bounds"})).ok());
    assert!(table.rows.len() < 30 && table.next.is_some(), "{table:?}");
    let text =
        server.call("list_objects", json!({"bucket": "bounds", "max_chars": 100_000})).error().to_owned();
    holds(&text, &["`max_chars` takes a whole number from 200 to 1000"]);
    let mut server = connect(aws().env(), &["--page-size", "30"]);
    let table = Table::read(server.call("list_objects", json!({"bucket": "bounds"})).ok());
    assert_eq!((table.rows.len(), table.next.is_some()), (30, true));
}

#[test]
fn a_row_that_is_larger_than_the_budget_says_what_is_left_out() {
    let long = "n".repeat(900);
    let keys = [format!("a{long}"), "b".to_owned(), format!("c{long}"), "d".to_owned()];
    aws().create_bucket("wide");
    aws().put_objects("wide", keys.iter().map(String::as_str));
    let mut server = connect(aws().env(), &[]);
    let pages = walk(&mut server, "list_objects", json!({"bucket": "wide", "max_chars": 300}));
    let shown: Vec<String> = pages.iter().flat_map(|page| page.column("key")).collect();
    // The name begins as it is, and says how much of it is missing.
    let whole = |shown: &str, key: &str| {
        let (head, rest) = shown.split_once("…<").unwrap_or_else(|| panic!("{shown} is not cut"));
        let missing: usize = rest.strip_suffix(" characters left out>").unwrap().parse().unwrap();
        assert!(!head.is_empty() && key.starts_with(head) && head.len() + missing == key.len(), "{shown}");
    };
    assert_eq!(shown.len(), 4, "{shown:?}");
    whole(&shown[0], &keys[0]);
    whole(&shown[2], &keys[2]);
    assert_eq!((shown[1].as_str(), shown[3].as_str()), ("b", "d"));
    assert!(pages[0].notes.iter().any(|note| note.contains("were cut")), "{pages:?}");
    is_well(&mut server);
}

#[test]
fn a_query_selects_from_rows_and_from_one_thing() {
    aws().create_bucket("query");
    aws().put_objects("query", ["a", "bbb", "cc"]);
    let mut server = connect(aws().env(), &[]);
    let mut of =
        |query: &str| server.call("list_objects", json!({"bucket": "query", "query": query})).ok().to_owned();
    assert_eq!(of("[].key"), "a\nbbb\ncc\n3 rows");
    assert_eq!(of("[?size_bytes > `1`].{name: key, size: size_bytes}"), "name\tsize\nbbb\t3\ncc\t2\n2 rows");
    assert_eq!(of("length(@)"), "3");
    assert_eq!(of("[1].key"), "bbb");
    assert_eq!(of("sum([].size_bytes)"), "6");
    assert_eq!(of("sort_by(@, &size_bytes)[-1].key"), "bbb");
    assert!(of("[0]").starts_with("{\"key\":\"a\",\"size_bytes\":1,"), "the fields keep their order");
    // One that finds nothing says what there is.
    for query in ["[?size_bytes > `9`].key", "[].nosuch", "nosuch"] {
        let text = of(query);
        holds(&text, &["note: `query` selected nothing of 3 row(s); their fields are: key, size_bytes"]);
    }
    assert_eq!(server.call("whoami", json!({"query": "account"})).ok(), LocalAws::ACCOUNT);
    let text = server.call("whoami", json!({"query": "acount"})).ok().to_owned();
    holds(&text, &["`query` selected nothing; the fields are: account, arn, region"]);
    is_well(&mut server);
}

#[test]
fn a_query_is_of_its_page_and_the_answer_goes_on() {
    let keys = filled("query-pages", 25);
    let mut server = connect(aws().env(), &[]);
    let pages = walk(
        &mut server,
        "list_objects",
        json!({"bucket": "query-pages", "limit": 10, "query": "[].{key: key}"}),
    );
    assert_eq!(pages.len(), 3);
    let found: Vec<String> = pages.iter().flat_map(|page| page.column("key")).collect();
    assert_eq!(found, keys);
    let one =
        server.call("list_objects", json!({"bucket": "query-pages", "limit": 10, "query": "length(@)"}));
    assert!(one.ok().starts_with("10\nthis page only, next: "), "{}", one.text);
    // Rows that do not fit are counted.
    let cut = server
        .call("list_objects", json!({"bucket": "query-pages", "max_chars": 200, "query": "[].{key: key}"}));
    cut.holds(&["selected rows did not fit"]);
    is_well(&mut server);
}

#[test]
fn a_query_that_is_wrong_says_how_and_harms_nobody() {
    aws().create_bucket("bad-query");
    let mut server = connect(aws().env(), &[]);
    for (query, expected) in [
        ("[?", "not a JMESPath expression"),
        ("foo bar", "not a JMESPath expression"),
        ("", "not a JMESPath expression"),
        ("no_such(@)", "there is no function \"no_such\""),
        ("length(`5`)", "expects type"),
    ] {
        let text =
            server.call("list_objects", json!({"bucket": "bad-query", "query": query})).error().to_owned();
        assert!(text.contains(expected) && text.lines().count() <= 2, "{query}: {text}");
    }
    for part in ["(", "!", "[", "a.", "[?", "&"] {
        let text = server.call("whoami", json!({"query": part.repeat(100_000)})).error().to_owned();
        holds(&text, &["longer than 1000 bytes"]);
        server.call("whoami", json!({"query": part.repeat(1000 / part.len())})).error();
    }
    is_well(&mut server);
}

#[track_caller]
fn fits(tools: &[Value], tool: &str, answer: &Answer) {
    let listed = tools.iter().find(|listed| listed["name"] == tool).unwrap();
    let schema = &listed["outputSchema"];
    assert_eq!(schema["type"], "object", "{tool}");
    let validator = jsonschema::validator_for(schema).unwrap();
    let structured = answer.structured.as_ref().unwrap_or_else(|| panic!("{tool} has none: {}", answer.text));
    let errors: Vec<String> = validator
        .iter_errors(structured)
        .map(|error| format!("{error} at {}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{tool}: {errors:?}\n{structured}\n{schema}");
}

#[test]
fn structured_answers_follow_the_schemas_that_the_tools_list() {
    aws().create_bucket("structured");
    aws().put_objects("structured", ["a", "folder/b"]);
    aws().put_object("structured", "c", &[("content-type", "text/plain")], "hello");
    let mut server = connect(aws().env(), &["--output", "structured", "--allow", "write,destroy"]);
    let tools = server.tools();
    for tool in &tools {
        let written = tool["outputSchema"].to_string();
        assert_eq!(tool["outputSchema"]["type"], "object", "{tool}");
        lacks(&written, &["$ref", "\"null\""]);
        assert!(jsonschema::validator_for(&tool["outputSchema"]).is_ok());
    }
    for (tool, arguments) in [
        ("whoami", json!({})),
        ("list_buckets", json!({})),
        ("list_buckets", json!({"limit": 1})),
        ("list_objects", json!({"bucket": "structured"})),
        ("list_objects", json!({"bucket": "structured", "limit": 1})),
        ("list_objects", json!({"bucket": "structured", "prefix": "none/"})),
        ("list_objects", json!({"bucket": "structured", "query": "[].key"})),
        ("list_objects", json!({"bucket": "structured", "query": "length(@)"})),
        ("list_objects", json!({"bucket": "structured", "query": "[].nosuch"})),
        ("head_object", json!({"bucket": "structured", "key": "a"})),
        ("head_object", json!({"bucket": "structured", "key": "a", "query": "size_bytes"})),
        ("get_object", json!({"bucket": "structured", "key": "c"})),
        ("bucket_overview", json!({"bucket": "structured"})),
        ("list_versions", json!({"bucket": "structured"})),
        ("put_object", json!({"bucket": "structured", "key": "new", "text": "x"})),
    ] {
        let answer = server.call(tool, arguments.clone());
        answer.ok();
        fits(&tools, tool, &answer);
    }
    let rows = server.call("list_objects", json!({"bucket": "structured"})).structured.unwrap();
    assert_eq!(rows["rows"].as_array().unwrap().len(), 4);
    assert!(!rows.to_string().contains("null"), "{rows}");
    // Errors are text, and only that.
    for (tool, arguments) in [
        ("head_object", json!({"bucket": "structured", "key": "absent"})),
        ("list_objects", json!({"buket": "structured"})),
    ] {
        let answer = server.call(tool, arguments);
        answer.error();
        assert!(answer.structured.is_none() && answer.content.len() == 1, "{:?}", answer.raw);
    }
    ends_well(&mut server);
}

#[test]
fn structured_pages_go_on_like_the_others() {
    let keys = filled("structured-pages", 60);
    let mut server = connect(aws().env(), &["--output", "structured"]);
    let mut found: Vec<String> = Vec::new();
    let mut arguments = json!({"bucket": "structured-pages", "limit": 25, "max_chars": 900});
    for _ in 0..100 {
        let page = server.call("list_objects", arguments.clone()).structured.unwrap();
        found.extend(
            page["rows"].as_array().unwrap().iter().map(|row| row["key"].as_str().unwrap().to_owned()),
        );
        match page.get("next") {
            Some(next) => arguments["cursor"] = next.clone(),
            None => break,
        }
    }
    assert_eq!(found, keys);
}

#[test]
fn a_hundred_thousand_keys_stay_within_the_usual_budget() {
    let stub = Stub::start(|request| {
        let from: usize =
            request.query("continuation-token").and_then(|token| token.parse().ok()).unwrap_or(0);
        let count = request.query("max-keys").and_then(|text| text.parse().ok()).unwrap_or(1000);
        let keys: Vec<String> =
            (from..from + count).map(|n| format!("a/rather/long/folder/name/key-{n:08}.parquet")).collect();
        Response::objects(&keys, Some(&(from + count).to_string()))
    });
    let mut server: Server = connect(stub.env(), &[]);
    let answer = server.call("list_objects", json!({"bucket": "bucket", "limit": 1000}));
    let first = Table::read(answer.ok());
    assert!(answer.text.chars().count() < 40_600, "{} characters", answer.text.chars().count());
    let next = server
        .call("list_objects", json!({"bucket": "bucket", "limit": 1000, "cursor": first.next.unwrap()}));
    let second = Table::read(next.ok());
    let (last, first) = (first.rows.last().unwrap()[0].clone(), second.rows[0][0].clone());
    let number = |key: &str| {
        key.trim_start_matches("a/rather/long/folder/name/key-")
            .trim_end_matches(".parquet")
            .parse::<usize>()
            .unwrap()
    };
    assert_eq!(number(&first), number(&last) + 1);
    is_well(&mut server);
}
