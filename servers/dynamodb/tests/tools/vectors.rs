use serde_json::{Value, json};

use crate::world::{DYNAMODB, aws, table};

fn index(name: &str) -> Value {
    json!({
        "name": name, "attribute": "embedding", "dimensions": 3, "distance": "EUCLIDEAN",
        "partition_key": "tenant", "filters": ["kind"], "include": ["title"],
    })
}

fn thing(sk: &str, tenant: &str, vector: [f64; 3]) -> Value {
    json!({"pk": "thing", "sk": sk, "tenant": tenant, "kind": "book", "title": sk, "other": 1, "embedding": vector})
}

#[test]
fn a_vector_index_is_made_shown_searched_and_deleted() {
    table("library");
    let mut server = DYNAMODB.start();
    let make = json!({"table": "library", "create_vector_indexes": [index("by-meaning")]});
    let plan = server.plan("update_table", make.clone());
    plan.holds(&["create vector index by-meaning: embedding (3 numbers, EUCLIDEAN), of one tenant (S), filters kind (S)"]);
    server.call("update_table", make.clone()).holds(&["create vector index", "\"status\":\"ACTIVE\""]);
    server.call("update_table", make).fails(&["has an index by-meaning already"]);
    let card = server.call("describe_table", json!({"table": "library"})).object();
    let shown =
        card["indexes"].as_array().unwrap().iter().find(|index| index["name"] == "by-meaning").unwrap();
    assert_eq!(shown["kind"], "vector");
    assert_eq!(shown["key"], "embedding (3 numbers, EUCLIDEAN), of one tenant (S), filters kind (S)");
    assert_eq!(shown["projection"], "keys and title");
    server
        .call("list_tables", json!({"prefix": "library", "details": true}))
        .holds(&["by-status, by-meaning"]);

    let things = [
        thing("far", "t1", [9.0, 9.0, 9.0]),
        thing("near", "t1", [1.0, 0.0, 0.5]),
        thing("same", "t1", [1.0, 0.0, 0.0]),
        thing("others", "t2", [1.0, 0.0, 0.0]),
    ];
    server.call("put_items", json!({"table": "library", "items": things})).ok();
    let of = |tenant: &str| json!([{"attribute": "tenant", "op": "=", "value": tenant}]);
    let ask = |more: Value| {
        let mut ask = json!({"table": "library", "index": "by-meaning", "filter": of("t1")});
        ask.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        ask
    };
    let by_vector = server.call("search_vectors", ask(json!({"vector": [1, 0, 0], "top": 2})));
    by_vector.holds(&[
        "score: the distance, 0 is the same",
        "of vector search",
        "there may be more",
        "2 rows",
    ]);
    by_vector.holds(&["0.5\t{\"pk\":\"thing\",\"sk\":\"near\""]);
    assert!(by_vector.text.find("\"same\"") < by_vector.text.find("\"near\""), "{}", by_vector.text);
    by_vector.lacks(&["embedding\":", "others"]);
    let like = server.call("search_vectors", ask(json!({"like": {"pk": "thing", "sk": "near"}})));
    like.holds(&["0.5\t{\"pk\":\"thing\",\"sk\":\"same\"", "3 rows"]);
    assert!(like.text.find("\"near\"") < like.text.find("\"same\""), "{}", like.text);
    like.lacks(&["there may be more"]);
    let named = json!({"vector": [1, 0, 0], "top": 1, "attributes": ["embedding"]});
    server.call("search_vectors", ask(named)).holds(&["\"embedding\":["]);

    for (more, words) in [
        (json!({"vector": [1, 0]}), "has 3 numbers, not 2"),
        (json!({"vector": [1, 0, "a"]}), "vector[2] is S, not a number"),
        (json!({"vector": [1, 0, 0], "index": "by-meanin"}), "did you mean by-meaning?"),
        (json!({"vector": [1, 0, 0], "filter": []}), "a search of by-meaning is of one value of tenant"),
        (json!({"like": {"pk": "thing", "sk": "none"}}), "has no item pk=thing, sk=none"),
        (json!({}), "give `vector` or `like`"),
    ] {
        server.call("search_vectors", ask(more)).fails(&[words]);
    }
    aws("PutItem", json!({"TableName": "library", "Item": {"pk": {"S": "thing"}, "sk": {"S": "bare"}}}));
    let bare = ask(json!({"like": {"pk": "thing", "sk": "bare"}}));
    server.call("search_vectors", bare).fails(&["has no embedding, so that it is not in the index"]);
    let key = json!([{"attribute": "tenant", "op": "=", "value": "t1"}]);
    let query = server.call("query", json!({"table": "library", "index": "by-meaning", "key": key}));
    query.fails(&["by-meaning (vectors): embedding (3 numbers, EUCLIDEAN)"]);

    let gone = json!({"table": "library", "delete_indexes": ["by-meaning"]});
    server.plan("update_table", gone.clone()).holds(&["delete vector index by-meaning"]);
    server.confirmed("update_table", gone).ok();
    server.call("describe_table", json!({"table": "library"})).lacks(&["by-meaning"]);
}

#[test]
fn a_vector_index_needs_a_table_on_demand() {
    table("fixed-units");
    let mut server = DYNAMODB.start();
    let ask = json!({
        "table": "fixed-units", "read_units": 5, "write_units": 5, "create_vector_indexes": [index("by-meaning")],
    });
    server.call("update_table", ask).fails(&["only of tables that bill on demand"]);
}
