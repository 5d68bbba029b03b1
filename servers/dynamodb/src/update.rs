//! Changes of single attributes: as structure, as DynamoDB's expression, and what they would make of an item.

use aws_sdk_dynamodb::types::AttributeValue;
use awsmcp_mcp::{Error, Result};
use serde_json::{Value, json};

use crate::{
    applying::{added, place, without},
    expression::{Expressions, Path},
    value::{self, Attributes, Item, plain},
};

/// What is set, added, taken from sets and removed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Changes {
    set: Vec<(Path, AttributeValue)>,
    add: Vec<(Path, AttributeValue)>,
    delete: Vec<(Path, AttributeValue)>,
    remove: Vec<Path>,
}

impl Changes {
    /// # Errors
    /// When a path or a value is not one, or nothing is changed.
    pub(crate) fn read(
        set: Option<&Item>,
        add: Option<&Item>,
        delete: Option<&Item>,
        remove: &[Path],
    ) -> Result<Changes> {
        let read = |item: Option<&Item>| -> Result<Vec<(Path, AttributeValue)>> {
            let fields = item.map(|item| &item.0).into_iter().flatten();
            let read = fields.map(|(path, value)| {
                Ok((Path::parse(path).map_err(Error::invalid)?, value::attribute(value, path)?))
            });
            read.collect()
        };
        let changes =
            Changes { set: read(set)?, add: read(add)?, delete: read(delete)?, remove: remove.to_vec() };
        for (path, value) in &changes.add {
            if !matches!(
                value,
                AttributeValue::N(_) | AttributeValue::Ss(_) | AttributeValue::Ns(_) | AttributeValue::Bs(_)
            ) {
                return Err(Error::invalid(format!(
                    "`add` of {path} takes a number to count with or a {{\"$set\": [...]}} to join, not {}",
                    value::type_name(value)
                ))
                .with_next("`set` sets a value"));
            }
        }
        for (path, value) in &changes.delete {
            if !matches!(value, AttributeValue::Ss(_) | AttributeValue::Ns(_) | AttributeValue::Bs(_)) {
                return Err(Error::invalid(format!(
                    "`delete` of {path} takes the elements to take out of a set, {{\"$set\": [...]}}, not {}",
                    value::type_name(value)
                ))
                .with_next("`remove` removes an attribute"));
            }
        }
        Ok(changes)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.set.is_empty() && self.add.is_empty() && self.delete.is_empty() && self.remove.is_empty()
    }

    /// Where it changes something.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &Path> {
        let valued = self.set.iter().chain(&self.add).chain(&self.delete).map(|(path, _)| path);
        valued.chain(&self.remove)
    }

    /// # Errors
    /// When it would change the key.
    pub(crate) fn leave_alone(&self, keys: &[String]) -> Result<()> {
        let key = self.paths().find(|path| keys.iter().any(|key| key == path.attribute()));
        key.map_or(Ok(()), |path| {
            Err(Error::invalid(format!("{path} is part of the key, which cannot change"))
                .with_next("put_items writes the item under another key, delete_items removes this one"))
        })
    }

    /// Whether these changes alone may have made `after` of `before`. Where they reach into lists, only the other attributes
    /// are compared.
    pub(crate) fn made_all_of(&self, before: &Attributes, after: &Attributes) -> bool {
        if let Some(wanted) = self.applied(before) {
            return value::identity(&wanted) == value::identity(after);
        }
        let others = |item: &Attributes| {
            let mut item = item.clone();
            item.retain(|name, _| !self.paths().any(|path| path.attribute() == name));
            value::identity(&item)
        };
        others(before) == others(after)
    }

    /// What they make of an item; none where that is not reckoned here.
    fn applied(&self, before: &Attributes) -> Option<Attributes> {
        let mut item = before.clone();
        for (path, value) in &self.set {
            let (map, name) = place(&mut item, &path.names()?)?;
            map.insert(name.to_owned(), value.clone());
        }
        for (path, more) in &self.add {
            let (map, name) = place(&mut item, &path.names()?)?;
            let all = added(map.get(name), more)?;
            map.insert(name.to_owned(), all);
        }
        for (path, less) in &self.delete {
            let (map, name) = place(&mut item, &path.names()?)?;
            let Some(now) = map.get(name) else { continue };
            match without(now, less)? {
                Some(left) => drop(map.insert(name.to_owned(), left)),
                None => drop(map.remove(name)),
            }
        }
        for path in &self.remove {
            let (map, name) = place(&mut item, &path.names()?)?;
            map.remove(name);
        }
        Some(item)
    }

    /// The update expression.
    pub(crate) fn expression(&self, expressions: &mut Expressions) -> String {
        let mut clauses = Vec::new();
        let mut clause = |word: &str, parts: Vec<String>| {
            if !parts.is_empty() {
                clauses.push(format!("{word} {}", parts.join(", ")));
            }
        };
        let mut valued = |parts: &[(Path, AttributeValue)], sign: &str| -> Vec<String> {
            let part = |(path, value): &(Path, AttributeValue)| {
                format!("{}{sign}{}", expressions.path(path), expressions.value(value.clone()))
            };
            parts.iter().map(part).collect()
        };
        clause("SET", valued(&self.set, " = "));
        clause("ADD", valued(&self.add, " "));
        clause("DELETE", valued(&self.delete, " "));
        clause("REMOVE", self.remove.iter().map(|path| expressions.path(path)).collect());
        clauses.join(" ")
    }

    /// The changes in words: `set status = "paid", remove old`.
    pub(crate) fn words(&self) -> String {
        let value = |value: &AttributeValue| plain(value.clone()).to_string();
        let valued = |parts: &[(Path, AttributeValue)], action: &str, sign: &str| -> Vec<String> {
            parts.iter().map(|(path, to)| format!("{action} {path}{sign}{}", value(to))).collect()
        };
        let mut words = valued(&self.set, "set", " = ");
        words.extend(valued(&self.add, "add to", " "));
        words.extend(valued(&self.delete, "take out of", " "));
        words.extend(self.remove.iter().map(|path| format!("remove {path}")));
        words.join(", ")
    }

    /// Each change beside what is there now.
    pub(crate) fn rows(&self, item: &Attributes) -> Vec<Value> {
        let row = |path: &Path, action: &str, value: Option<&AttributeValue>| {
            let text = |value: &AttributeValue| plain(value.clone()).to_string();
            json!({
                "attribute": path.to_string(),
                "now": path.find(item).map(text),
                "action": action,
                "value": value.map(text),
            })
        };
        let of = |parts: &[(Path, AttributeValue)], action: &str| -> Vec<Value> {
            parts.iter().map(|(path, value)| row(path, action, Some(value))).collect()
        };
        let mut rows = of(&self.set, "set");
        rows.extend(of(&self.add, "add"));
        rows.extend(of(&self.delete, "delete"));
        rows.extend(self.remove.iter().map(|path| row(path, "remove", None)));
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(text: &str) -> Item {
        Item(serde_json::from_str(text).unwrap())
    }

    #[test]
    fn changes_become_an_expression_and_rows() {
        let set = item(r#"{"status": "paid", "a.b[1]": null}"#);
        let (add, delete) = (item(r#"{"count": 1}"#), item(r#"{"tags": {"$set": ["x"]}}"#));
        let remove = [Path::parse("old").unwrap()];
        let changes = Changes::read(Some(&set), Some(&add), Some(&delete), &remove).unwrap();
        let mut expressions = Expressions::default();
        assert_eq!(
            changes.expression(&mut expressions),
            "SET #a0 = :v0, #a1.#a2[1] = :v1 ADD #a3 :v2 DELETE #a4 :v3 REMOVE #a5"
        );
        let rows = changes.rows(&item(r#"{"status": "open", "old": 5}"#).attributes().unwrap());
        assert_eq!(
            rows[0],
            json!({"attribute": "status", "now": "\"open\"", "action": "set", "value": "\"paid\""})
        );
        assert_eq!(rows[4], json!({"attribute": "old", "now": "5", "action": "remove", "value": null}));
        assert!(changes.leave_alone(&["a".into()]).unwrap_err().message.contains("part of the key"));
        assert!(changes.leave_alone(&["pk".into()]).is_ok());
    }

    #[test]
    fn what_others_changed_is_told_apart() {
        let read = |text: &str| item(text).attributes().unwrap();
        let changes =
            Changes::read(Some(&item(r#"{"a.b": 1}"#)), None, None, &[Path::parse("c").unwrap()]).unwrap();
        let before = read(r#"{"pk": "x", "a": {"b": 0}, "c": 1, "d": 1.0}"#);
        assert!(changes.made_all_of(&before, &read(r#"{"pk": "x", "a": {"b": 1}, "d": 1}"#)));
        assert!(!changes.made_all_of(&before, &read(r#"{"pk": "x", "a": {"b": 1}, "d": 2}"#)));
        assert!(!changes.made_all_of(&before, &read(r#"{"pk": "x", "a": {"b": 1}, "d": 1, "e": 1}"#)));
        assert!(!changes.made_all_of(&before, &read(r#"{"pk": "x", "a": {"b": 1, "c": 2}, "d": 1}"#)));
        // Where a change reaches into a list, the rest is compared.
        let changes = Changes::read(Some(&item(r#"{"l[0]": 1}"#)), None, None, &[]).unwrap();
        let before = read(r#"{"pk": "x", "l": [0], "d": 1}"#);
        assert!(changes.made_all_of(&before, &read(r#"{"pk": "x", "l": [1], "d": 1}"#)));
        assert!(!changes.made_all_of(&before, &read(r#"{"pk": "x", "l": [1], "d": 2}"#)));
    }

    #[test]
    fn what_is_counted_and_joined_adds_up_exactly() {
        let read = |text: &str| item(text).attributes().unwrap();
        let adds = |add: &str, before: &str, after: &str| {
            let changes = Changes::read(None, Some(&item(add)), None, &[]).unwrap();
            changes.made_all_of(&read(before), &read(after))
        };
        let long = r#"{"n": 12345678901234567890123456789012345678}"#;
        for (add, before, after, same) in [
            (r#"{"n": 1}"#, r#"{"n": 10}"#, r#"{"n": 11}"#, true),
            (r#"{"n": 1}"#, r#"{"n": 10}"#, r#"{"n": 12}"#, false),
            (r#"{"n": 1}"#, "{}", r#"{"n": 1}"#, true),
            (r#"{"n": -0.75}"#, r#"{"n": 0.5}"#, r#"{"n": -0.25}"#, true),
            (r#"{"n": -0.75}"#, r#"{"n": 0.5}"#, r#"{"n": 0.25}"#, false),
            (r#"{"n": 1e-3}"#, r#"{"n": 1e3}"#, r#"{"n": 1000.001}"#, true),
            (r#"{"n": 1}"#, long, r#"{"n": 12345678901234567890123456789012345679}"#, true),
            (r#"{"n": 1}"#, long, long, false),
            // So far apart that it is not reckoned: the rest is compared.
            (r#"{"n": 1e-100}"#, r#"{"n": 1e100}"#, r#"{"n": 7}"#, true),
            (
                r#"{"s": {"$set": ["b"]}}"#,
                r#"{"s": {"$set": ["a", "b"]}}"#,
                r#"{"s": {"$set": ["b", "a"]}}"#,
                true,
            ),
            (r#"{"s": {"$set": [1.0, 2]}}"#, r#"{"s": {"$set": [1]}}"#, r#"{"s": {"$set": [2, 1]}}"#, true),
            (
                r#"{"s": {"$set": ["b"]}}"#,
                r#"{"s": {"$set": ["a"]}}"#,
                r#"{"s": {"$set": ["b", "c"]}}"#,
                false,
            ),
        ] {
            assert_eq!(adds(add, before, after), same, "{add} to {before} is {after}");
        }
        let taken = Changes::read(None, None, Some(&item(r#"{"s": {"$set": ["a"]}}"#)), &[]).unwrap();
        assert!(taken.made_all_of(&read(r#"{"s": {"$set": ["a"]}}"#), &read("{}")));
        assert!(!taken.made_all_of(&read(r#"{"s": {"$set": ["a", "b"]}}"#), &read("{}")));
    }

    #[test]
    fn what_cannot_be_added_or_taken_out_is_told() {
        let error = Changes::read(None, Some(&item(r#"{"a": "x"}"#)), None, &[]).unwrap_err();
        assert!(error.message.contains("a number to count with"), "{error}");
        let error = Changes::read(None, None, Some(&item(r#"{"a": 1}"#)), &[]).unwrap_err();
        assert!(error.message.contains("$set"), "{error}");
    }
}
