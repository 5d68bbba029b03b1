use std::collections::HashSet;

use aws_sdk_dynamodb::types::{AttributeValue, TableDescription};
use awsmcp_mcp::{Call, Error, Kind, Page, Result, Spec, Tool};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    DynamoDb, arns, batch,
    expression::{Expressions, Path},
    names::TableName,
    reading::Row,
    table::{self, Keys, explained, key_words, layout},
    value::{self, Attributes, Item, identity},
};

/// Reads items by their whole keys, in the order asked.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GetItems {
    table: TableName,
    /// {"pk": "USER#1", "sk": "PROFILE"}
    #[schemars(length(min = 1, max = 100))]
    keys: Vec<Item>,
    /// Only these.
    #[serde(default)]
    attributes: Vec<Path>,
    #[serde(default)]
    consistent: bool,
}

impl Tool for GetItems {
    type Service = DynamoDb;
    type Output = Page<Row>;
    const SPEC: Spec = Spec::read("get_items", "Get items")
        .on(arns::TABLE, &["dynamodb:BatchGetItem", "dynamodb:DescribeTable"])
        .quotes();

    async fn call(self, cx: &Call<DynamoDb>) -> Result<Self::Output> {
        let keys = self.keys.iter().map(Item::attributes).collect::<Result<Vec<_>>>()?;
        // All rows are alike: the key comes first, as the first one was written.
        let first = self.keys.first().map(Item::names).unwrap_or_default();
        each_once(&keys, &first)?;
        let mut expressions = Expressions::default();
        let mut paths = self.attributes.clone();
        if !paths.is_empty() {
            // The key tells which item it is.
            let missing =
                first.iter().filter(|name| !paths.iter().any(|path| path.attribute() == name.as_str()));
            let missing: Vec<Path> = missing.map(|name| Path::of(name)).collect();
            paths.splice(0..0, missing);
        }
        let projection = expressions.projection(&paths);
        let projection = projection.as_deref().map(|text| (text, &expressions));
        let (keys, got) = match batch::get(cx, &self.table, &keys, projection, self.consistent).await {
            Ok(got) => (keys, got),
            // The table's key tells what is wrong, and a long number given as text from a text.
            Err(error) if error.kind == Kind::Invalid && is_about_keys(&error) => {
                let Ok(table) = table::describe(cx, &self.table).await else {
                    return Err(explained(cx, &self.table, error).await);
                };
                let own = Keys::of(&table);
                let read = keys.iter().map(|key| own.exactly(key, "key")).collect::<Result<Vec<_>>>();
                let read = read.map_err(|wrong| told(wrong, &table))?;
                if !has_number_as_text(&keys) {
                    return Err(explained(cx, &self.table, error).await);
                }
                each_once(&read, &first)?;
                let got = batch::get(cx, &self.table, &read, projection, self.consistent).await?;
                (read, got)
            }
            Err(error) => return Err(explained(cx, &self.table, error).await),
        };
        cx.note(got.consumed.words());
        let of = |item: &Attributes| identity(&value::only(item, &first));
        let mut found: Vec<(String, Attributes)> =
            got.items.into_iter().map(|item| (of(&item), item)).collect();
        let left: HashSet<String> = got.left.iter().map(identity).collect();
        let (mut rows, mut missing) = (Vec::new(), Vec::new());
        for key in &keys {
            let id = identity(key);
            match found.iter().position(|(other, _)| *other == id) {
                Some(at) => rows.push(value::item(found.swap_remove(at).1, &first)),
                None if left.contains(&id) => {}
                None => missing.push(key_words(key, &first)),
            }
        }
        if !missing.is_empty() {
            cx.note(format!("no such item: {}", missing.join("; ")));
        }
        if !got.left.is_empty() {
            let left: Vec<String> = got.left.iter().map(|key| key_words(key, &first)).collect();
            cx.note(format!(
                "DynamoDB did not process, although asked 8 times: {}; ask again later",
                left.join("; ")
            ));
        }
        Ok(cx.page(Row::items(rows), None))
    }
}

/// Whether DynamoDB complains of what the keys are, or of one that is there twice, as number and as text.
fn is_about_keys(error: &Error) -> bool {
    ["key element", "contains duplicates"].iter().any(|words| error.message.contains(words))
}

/// # Errors
/// Names a key that is there twice: DynamoDB refuses all of them then.
fn each_once(keys: &[Attributes], first: &[String]) -> Result<()> {
    let mut seen = HashSet::new();
    match keys.iter().find(|key| !seen.insert(identity(key))) {
        Some(twice) => Err(Error::invalid(format!("the key {} is given twice", key_words(twice, first)))),
        None => Ok(()),
    }
}

/// What is wrong with a key, and the keys that there are.
fn told(wrong: Error, table: &TableDescription) -> Error {
    let keys = layout(table);
    let next = wrong.next.as_ref().map(|next| format!("{next}; {keys}"));
    wrong.with_next(next.unwrap_or(keys))
}

fn has_number_as_text(keys: &[Attributes]) -> bool {
    let is_number = |value: &AttributeValue| match value {
        AttributeValue::S(text) => value::number_of_text(text).is_some(),
        _ => false,
    };
    keys.iter().any(|key| key.values().any(is_number))
}
