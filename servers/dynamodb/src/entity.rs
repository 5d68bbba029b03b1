//! What a sample of items says of a table: entity types, their attributes and types.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use schemars::JsonSchema;
use serde::Serialize;

use crate::value::{Attributes, type_name};

/// Attributes that name an item's entity type, in single-table designs.
const TYPE_ATTRIBUTES: [&str; 12] = [
    "entity",
    "entityType",
    "entity_type",
    "EntityType",
    "Entity",
    "_et",
    "__edb_e__",
    "_type",
    "__typename",
    "type",
    "Type",
    "kind",
];

/// An entity type as a sample shows it.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
pub(crate) struct Entity {
    entity: String,
    items: usize,
    /// Of the key attributes: `USER#<id>`.
    keys: BTreeMap<String, String>,
    /// Types, with the share of items where not all have it: `S`, `N 40%`, `S|NULL`.
    attributes: BTreeMap<String, String>,
}

/// Sorts items into entity types: by the attribute that names them, or else by the shapes of their keys.
pub(crate) fn entities(items: &[Attributes], keys: &[String]) -> (Option<&'static str>, Vec<Entity>) {
    const MOST: usize = 40;
    let named = type_attribute(items, keys);
    let mut groups: BTreeMap<String, Vec<&Attributes>> = BTreeMap::new();
    for item in items {
        let shapes =
            || keys.iter().filter_map(|key| item.get(key)).map(shape).collect::<Vec<_>>().join(" / ");
        let name = named.and_then(|name| item.get(name)).and_then(|value| value.as_s().ok()).cloned();
        let mut name = name.unwrap_or_else(shapes);
        if !groups.contains_key(&name) && groups.len() >= MOST {
            name = "(others)".to_owned();
        }
        groups.entry(name).or_default().push(item);
    }
    let mut entities: Vec<Entity> =
        groups.into_iter().map(|(entity, items)| Entity::new(entity, &items, keys)).collect();
    entities.sort_by(|left, right| right.items.cmp(&left.items).then_with(|| left.entity.cmp(&right.entity)));
    (named, entities)
}

/// An attribute with a known name, that most items have as a short string, with few values.
fn type_attribute(items: &[Attributes], keys: &[String]) -> Option<&'static str> {
    TYPE_ATTRIBUTES.into_iter().find(|name| {
        let values: Vec<&String> = items
            .iter()
            .filter_map(|item| item.get(*name)?.as_s().ok())
            .filter(|value| value.len() <= 60)
            .collect();
        let kinds: std::collections::BTreeSet<&String> = values.iter().copied().collect();
        let is_key = keys.iter().any(|key| key == name);
        !is_key
            && values.len() * 10 >= items.len() * 8
            && !kinds.is_empty()
            && kinds.len() <= 30.min(1 + items.len() / 2)
    })
}

impl Entity {
    fn new(entity: String, items: &[&Attributes], keys: &[String]) -> Entity {
        let mut attributes: BTreeMap<&String, (usize, std::collections::BTreeSet<&'static str>)> =
            BTreeMap::new();
        for item in items {
            for (name, value) in *item {
                let (count, types) = attributes.entry(name).or_default();
                *count += 1;
                types.insert(type_name(value));
            }
        }
        let described =
            attributes.into_iter().filter(|(name, _)| !keys.contains(name)).map(|(name, (count, types))| {
                let types = types.into_iter().collect::<Vec<_>>().join("|");
                let share = if count == items.len() {
                    String::new()
                } else {
                    format!(" {}%", (count * 100 / items.len()).max(1))
                };
                (name.clone(), format!("{types}{share}"))
            });
        let shapes = keys.iter().map(|key| {
            let mut shapes: Vec<String> = items.iter().filter_map(|item| item.get(key)).map(shape).collect();
            shapes.sort();
            shapes.dedup();
            let more = if shapes.len() > 3 { format!(" | {} more", shapes.len() - 3) } else { String::new() };
            shapes.truncate(3);
            (key.clone(), format!("{}{more}", shapes.join(" | ")))
        });
        Entity { entity, items: items.len(), keys: shapes.collect(), attributes: described.collect() }
    }
}

/// The pattern of a key: what varies is `<id>`, `<date>`, `<n>`; words stay.
fn shape(value: &AttributeValue) -> String {
    match value {
        AttributeValue::S(text) => {
            let mut out = String::new();
            let mut part = String::new();
            for letter in text.chars() {
                // `-` and `_` belong to the words and ids between.
                if matches!(letter, '#' | '|' | '/' | ':' | '~') {
                    out.push_str(&word(&part));
                    out.push(letter);
                    part.clear();
                } else {
                    part.push(letter);
                }
            }
            let whole = out.is_empty();
            // Without a separator a lone word may as well be an id.
            if whole && !is_constant(&part) { word_or_id(&part) } else { out + &word(&part) }
        }
        AttributeValue::N(_) => "<n>".to_owned(),
        AttributeValue::B(_) => "<binary>".to_owned(),
        _ => "?".to_owned(),
    }
}

/// Whether a part looks like a word that a program wrote: `PROFILE`, `METADATA`, `v0`.
fn is_constant(part: &str) -> bool {
    !part.is_empty()
        && part.len() <= 30
        && part.starts_with(|letter: char| letter.is_ascii_alphabetic())
        && part.chars().all(|letter| letter.is_ascii_uppercase() || letter == '_' || letter == '-')
}

fn word(part: &str) -> String {
    let is_word = !part.is_empty()
        && part.len() <= 30
        && part.chars().all(|letter| letter.is_ascii_alphabetic() || letter == '_');
    if part.is_empty() || is_constant(part) || is_word && part.len() <= 12 {
        part.to_owned()
    } else {
        word_or_id(part)
    }
}

fn word_or_id(part: &str) -> String {
    let digits = part.chars().filter(char::is_ascii_digit).count();
    let is_date = part.len() >= 8
        && part.get(..4).is_some_and(|year| year.chars().all(|letter| letter.is_ascii_digit()))
        && part.get(4..5) == Some("-");
    match () {
        () if is_date => "<date>",
        () if digits == part.len() && digits > 0 => "<n>",
        () => "<id>",
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::value::Item;

    fn items(texts: &[&str]) -> Vec<Attributes> {
        texts.iter().map(|text| Item(serde_json::from_str(text).unwrap()).attributes().unwrap()).collect()
    }

    #[test]
    fn entity_types_of_a_single_table_design_come_apart_by_their_keys() {
        let items = items(&[
            r#"{"pk": "USER#17", "sk": "PROFILE", "name": "a", "age": 5}"#,
            r#"{"pk": "USER#9f3a", "sk": "PROFILE", "name": null}"#,
            r#"{"pk": "USER#17", "sk": "ORDER#2026-11-22", "total": 1}"#,
        ]);
        let (named, entities) = entities(&items, &["pk".into(), "sk".into()]);
        assert_eq!(named, None);
        let names: Vec<_> = entities.iter().map(|entity| (entity.entity.as_str(), entity.items)).collect();
        assert_eq!(
            names,
            [("USER#<id> / PROFILE", 1), ("USER#<n> / ORDER#<date>", 1), ("USER#<n> / PROFILE", 1)]
        );
    }

    #[test]
    fn an_attribute_that_names_the_type_is_used() {
        let items = items(&[
            r#"{"pk": "a1", "type": "user", "age": 5}"#,
            r#"{"pk": "a2", "type": "user", "age": "5"}"#,
            r#"{"pk": "b1", "type": "order"}"#,
            r#"{"pk": "b2", "type": "order", "tags": {"$set": ["x"]}}"#,
        ]);
        let (named, entities) = entities(&items, &["pk".into()]);
        assert_eq!(named, Some("type"));
        let user = entities.iter().find(|entity| entity.entity == "user").unwrap();
        assert_eq!(user.attributes["age"], "N|S");
        let order = entities.iter().find(|entity| entity.entity == "order").unwrap();
        assert_eq!(order.attributes["tags"], "SS 50%");
        assert_eq!(order.keys["pk"], "<id>");
    }

    #[test]
    fn keys_become_patterns() {
        let of = |text: &str| shape(&AttributeValue::S(text.to_owned()));
        assert_eq!(of("USER#123"), "USER#<n>");
        assert_eq!(of("METADATA"), "METADATA");
        assert_eq!(of("alice"), "<id>");
        assert_eq!(of("org/acme-7/user"), "org/<id>/user");
        assert_eq!(of("2026-11-22T10"), "<date>");
        assert_eq!(of(""), "<id>");
    }

    proptest! {
        #[test]
        fn no_key_makes_it_panic(text in ".*") {
            let _ = shape(&AttributeValue::S(text));
        }
    }
}
