//! JSON merge patches, which change what they name and keep the rest.

use serde_json::{Map, Value};

/// `base` as a merge patch ([RFC 7396](https://www.rfc-editor.org/rfc/rfc7396)) changes it: `null` removes, objects are
/// merged, all else is replaced.
#[must_use]
pub fn patched(mut base: Value, patch: &Value) -> Value {
    merge(&mut base, patch);
    base
}

fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(changes) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(fields) = target else { return };
    for (name, change) in changes {
        if change.is_null() {
            fields.shift_remove(name);
        } else {
            merge(fields.entry(name.clone()).or_insert(Value::Null), change);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            ".{0,12}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
                prop::collection::btree_map("[a-z]{1,4}", inner, 0..4)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_patch_holds_afterwards(target in any_json(), patch in any_json()) {
            let once = patched(target, &patch);
            let twice = patched(once.clone(), &patch);
            prop_assert_eq!(once, twice);
        }
    }

    /// The examples of RFC 7396, appendix A.
    #[test]
    fn a_merge_patch_does_what_its_rfc_says() {
        let cases = [
            (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "b"}), json!({"b": "c"}), json!({"a": "b", "b": "c"})),
            (json!({"a": "b"}), json!({"a": null}), json!({})),
            (json!({"a": "b", "b": "c"}), json!({"a": null}), json!({"b": "c"})),
            (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "c"}), json!({"a": ["b"]}), json!({"a": ["b"]})),
            (json!({"a": {"b": "c"}}), json!({"a": {"b": "d", "c": null}}), json!({"a": {"b": "d"}})),
            (json!({"a": [{"b": "c"}]}), json!({"a": [1]}), json!({"a": [1]})),
            (json!(["a", "b"]), json!(["c", "d"]), json!(["c", "d"])),
            (json!({"a": "b"}), json!(["c"]), json!(["c"])),
            (json!({"a": "foo"}), json!("bar"), json!("bar")),
            (json!({"e": null}), json!({"a": 1}), json!({"e": null, "a": 1})),
            (json!([1, 2]), json!({"a": "b", "c": null}), json!({"a": "b"})),
            (json!({}), json!({"a": {"bb": {"ccc": null}}}), json!({"a": {"bb": {}}})),
        ];
        for (target, change, wanted) in cases {
            assert_eq!(patched(target, &change), wanted);
        }
    }

    #[test]
    fn a_patch_removes_merges_and_replaces() {
        let target = json!({"a": 1, "b": {"c": 1, "d": 2}, "e": [1, 2]});
        let target = patched(target, &json!({"a": null, "b": {"c": 3}, "e": [9]}));
        assert_eq!(target, json!({"b": {"c": 3, "d": 2}, "e": [9]}));
    }

    #[test]
    fn a_patch_changes_adds_and_takes_away() {
        let base = json!({"A": {"x": "1", "y": "2"}, "B": [1], "C": true});
        let patch = json!({"A": {"x": null, "z": "3"}, "B": [2, 3], "C": null});
        assert_eq!(patched(base, &patch), json!({"A": {"y": "2", "z": "3"}, "B": [2, 3]}));
    }
}
