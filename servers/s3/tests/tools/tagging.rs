//! Tagging objects.

use serde_json::json;

use crate::world::{S3, aws, done, planned, tag_count, version_ids, versioned};

#[test]
fn tags_are_merged_and_removed() {
    let mut server = S3.start();
    aws().create_bucket("tag-merge");
    aws().put_object("tag-merge", "k", &[("x-amz-tagging", "team=data&draft=yes")], "x");
    let change = json!({"bucket": "tag-merge", "key": "k", "set": {"team": "ops", "env": "prod"}, "remove": ["draft"]});
    let plan = planned(&mut server, "tag_object", change.clone());
    assert!(plan.contains("change 3 of the tags of s3://tag-merge/k; it then has 2"), "{plan}");
    assert!(plan.contains("draft\tyes\t\nenv\t\tprod\nteam\tdata\tops\n"), "{plan}");
    let tagged = done(&server.call("tag_object", change.clone()));
    assert_eq!(tagged["tags"], json!({"env": "prod", "team": "ops"}));
    let plan = planned(&mut server, "tag_object", change);
    assert!(plan.contains("change no tag"), "{plan}");
    done(&server.call("tag_object", json!({"bucket": "tag-merge", "key": "k", "remove": ["env", "team"]})));
    assert_eq!(tag_count("tag-merge", "k"), 0);
}

#[test]
fn one_version_can_be_tagged() {
    let mut server = S3.start();
    versioned("tag-version");
    aws().put_object("tag-version", "k", &[], "one");
    aws().put_object("tag-version", "k", &[], "two");
    let old = version_ids(&mut server, "tag-version", "k")[1].clone();
    let tagged = server.call(
        "tag_object",
        json!({"bucket": "tag-version", "key": "k", "version_id": old, "set": {"a": "1"}}),
    );
    assert_eq!(done(&tagged)["version_id"], json!(old));
    assert_eq!(tag_count("tag-version", "k"), 0);
}

#[test]
fn limits_are_checked_before_anything_changes() {
    let mut server = S3.start();
    aws().create_bucket("tag-limits");
    let nine: Vec<String> = (0..9).map(|n| format!("t{n}=x")).collect();
    aws().put_object("tag-limits", "k", &[("x-amz-tagging", &nine.join("&"))], "x");
    let set = |tags| json!({"bucket": "tag-limits", "key": "k", "set": tags});
    let answer = server.call("tag_object", set(json!({"a": "1", "b": "2"})));
    assert!(answer.error().contains("has 9 tags and would have 11; AWS allows 10"), "{}", answer.error());
    let nothing = server.call("tag_object", json!({"bucket": "tag-limits", "key": "k"}));
    assert!(nothing.error().contains("give `set`, `remove` or both"), "{}", nothing.error());
    let both = server
        .call("tag_object", json!({"bucket": "tag-limits", "key": "k", "set": {"a": "1"}, "remove": ["a"]}));
    assert!(both.error().contains("both in `set` and in `remove`"), "{}", both.error());
    let nowhere = server.call("tag_object", json!({"bucket": "tag-limits", "key": "nope", "remove": ["a"]}));
    assert!(nowhere.error().contains("NoSuchKey"), "{}", nowhere.error());
}
