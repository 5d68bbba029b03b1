use awsmcp_testing::{Response, Stub};
use serde_json::json;

use crate::world::{DYNAMODB, orders, table};

#[test]
fn a_select_reads_and_anything_else_is_refused() {
    table("partiql");
    orders("partiql", "u1", 30);
    let mut server = DYNAMODB.start();
    let ask = |statement: &str| json!({"table": "partiql", "statement": statement});
    let with = json!({"table": "partiql", "statement": "SELECT * FROM \"partiql\" WHERE pk = ? AND total < ? -- few", "parameters": ["u1", 5]});
    let found = server.call("run_partiql", with);
    assert_eq!(found.objects().len(), 5);
    found.lacks(&["it scans"]);
    let scan = server.call("run_partiql", ask("SELECT sk FROM \"partiql\" WHERE total > 27"));
    scan.holds(&["it scans: nothing holds the partition key pk"]);
    let index = server.call(
        "run_partiql",
        ask("SELECT * FROM \"partiql\".\"by-status\" WHERE status = 'open' AND begins_with(sk, 'ORDER')"),
    );
    index.lacks(&["it scans"]);
    assert_eq!(index.objects().len(), 10, "{}", index.text);
    for (statement, words) in [
        ("DELETE FROM \"partiql\" WHERE pk = 'u1' AND sk = 'select'", "this is DELETE"),
        ("/* SELECT */ UPDATE \"partiql\" SET a = 1 WHERE pk = 'u1' AND sk = 'x'", "this is UPDATE"),
        ("INSERT INTO \"partiql\" VALUE {'pk': 'SELECT', 'sk': 'x'}", "this is INSERT"),
        (
            "SELECT * FROM \"partiql\"; DELETE FROM \"partiql\" WHERE pk = 'u1'",
            "one at a time, found DELETE at character 26",
        ),
        ("EXISTS(SELECT * FROM \"partiql\" WHERE pk = 'u1')", "condition of transactions"),
        ("SELECT * FROM \"other-table\"", "the statement is about \"other-table\", `table` says partiql"),
        ("SELECT * FROM \"partiql\" WHERE pk = 'open", "the quotation does not end at character 36"),
        ("SELECT * FROM \"partiql\" WHERE pk = ?", "1 `?` and 0 parameters"),
        ("SELECT count(*) FROM \"partiql\"", "query and scan do, with `count`"),
        ("SELECT * FROM \"partiql\" LIMIT 5", "the argument `limit` says how many rows"),
    ] {
        let failed = server.call("run_partiql", ask(statement));
        assert!(failed.error().contains(words), "{statement}: {}", failed.text);
    }
    let unchanged = server.call(
        "query",
        json!({"table": "partiql", "key": [{"attribute": "pk", "op": "=", "value": "u1"}], "count": true}),
    );
    unchanged.holds(&["30\t30"]);
}

#[test]
fn writing_statements_show_what_they_find_and_deleting_is_graver() {
    table("partiql-write");
    let mut server = DYNAMODB.start();
    let ask = |statement: &str| json!({"table": "partiql-write", "statement": statement});
    let insert = json!({"table": "partiql-write", "statement": "INSERT INTO \"partiql-write\" VALUE {'pk': ?, 'sk': '1', 'n': ?}", "parameters": ["a", {"$number": "12345678901234567890123456789.5"}]});
    server.call("write_partiql", insert.clone()).holds(&["INSERT"]);
    server.call("write_partiql", insert).fails(&["Duplicate"]);
    let update = json!({
        "table": "partiql-write", "statement": "UPDATE \"partiql-write\" SET v = ? WHERE pk = ? AND sk = '1' RETURNING ALL NEW *", "parameters": [2, "a"],
    });
    let plan = server.plan("write_partiql", update.clone());
    plan.holds(&["{\"pk\":\"a\",\"sk\":\"1\",\"n\":"]);
    let updated = server.call("write_partiql", update);
    assert_eq!(updated.objects()[0]["v"], 2);
    let delete = ask("DELETE FROM \"partiql-write\" WHERE pk = 'a' AND sk = '1'");
    let mut writer = DYNAMODB.only(&["--toolsets", "all", "--allow", "write"]).start();
    writer.call("write_partiql", delete.clone()).fails(&["it needs --allow destroy"]);
    server.confirmed("write_partiql", delete).ok();
    let gone = server.call("run_partiql", ask("SELECT * FROM \"partiql-write\" WHERE pk = 'a'"));
    gone.holds(&["0 rows"]);
    server.call("write_partiql", ask("SELECT * FROM \"partiql-write\"")).fails(&["run_partiql runs SELECT"]);
    server.call("write_partiql", ask("DELETE FROM \"partiql-write\"")).fails(&["needs WHERE"]);
}

#[test]
fn large_items_are_read_by_a_statement_without_reading_them_again_for_every_page() {
    const TOTAL: usize = 40;
    // As AWS: as many items as are asked for, and a token where there are more.
    let stub = Stub::start(|request| match request.operation() {
        "DescribeTable" => Response::output(json!({"Table": {"TableName": "large"}})),
        _ => {
            let input = request.json();
            let from: usize = input["NextToken"].as_str().map_or(0, |token| token.parse().unwrap());
            let to = TOTAL.min(from + input["Limit"].as_u64().unwrap() as usize);
            let item = |number: usize| json!({"sk": {"S": format!("{number:02}")}, "body": {"S": "x".repeat(10_000)}});
            let items: Vec<_> = (from..to).map(item).collect();
            let mut out =
                json!({"Items": items, "ConsumedCapacity": {"TableName": "large", "CapacityUnits": 1.0}});
            if to < TOTAL {
                out["NextToken"] = json!(to.to_string());
            }
            Response::output(out)
        }
    });
    let mut server = DYNAMODB.at(stub.env()).start();
    let ask =
        json!({"table": "large", "statement": "SELECT * FROM \"large\"", "limit": 500, "max_chars": 30_000});
    let mut found = Vec::new();
    for page in server.pages("run_partiql", ask) {
        found.extend(page.objects().iter().map(|item| item["sk"].as_str().unwrap().to_owned()));
    }
    assert_eq!(found, (0..TOTAL).map(|number| format!("{number:02}")).collect::<Vec<_>>());
    let asked: Vec<u64> =
        stub.of("ExecuteStatement").iter().map(|request| request.json()["Limit"].as_u64().unwrap()).collect();
    // The first request cannot know how large items are.
    assert!(asked[1..].iter().sum::<u64>() <= 2 * TOTAL as u64, "{asked:?}");
}
