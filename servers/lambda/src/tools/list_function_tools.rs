use std::collections::HashMap;

use awsmcp_mcp::{Call, Error, Page, Result, Spec, Tool};
use futures::{StreamExt, stream};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{
    Lambda, arns,
    function_tools::{Pattern, Patterns, describe, file, name, registry, short, tame},
};

/// Lists the functions that are tools of their own, or would be by `patterns`, with their input schemas.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListFunctionTools {
    /// Instead of the operator's: names, `orders-*`, `tag:KEY=VALUE`, separated by commas.
    patterns: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Row {
    name: String,
    title: String,
    function: String,
    description: String,
    /// Where the schema comes from.
    schema_from: Option<&'static str>,
    schema: Map<String, Value>,
    /// The arguments of invoke_function that are fixed.
    with: Map<String, Value>,
}

/// A function that is to be a tool.
struct Found {
    name: String,
    arn: String,
    description: String,
}

impl Tool for ListFunctionTools {
    type Service = Lambda;
    type Output = Page<Row>;
    const SPEC: Spec = Spec::list("list_function_tools", "List function tools")
        // Any function's tag may name any schema.
        .on("*", &["lambda:ListFunctions", "lambda:ListTags", "schemas:DescribeSchema"])
        .rows(arns::FUNCTION)
        .optional();

    async fn call(self, cx: &Call<Lambda>) -> Result<Self::Output> {
        const AT_ONCE: usize = 8;
        let text = match &self.patterns {
            Some(text) => text.as_str(),
            None => cx.extra("function-tools").ok_or_else(|| {
                Error::invalid("the operator made no function a tool")
                    .with_next("give `patterns` to see what they would be; --function-tools makes them tools")
            })?,
        };
        let patterns = Patterns::read(text).map_err(Error::invalid)?;
        let schemas = cx.extra("function-schemas").map(file).transpose()?.unwrap_or_default();
        let most = cx.limit() as usize;
        let mut rows = Vec::new();
        let candidates = self.candidates(cx, &patterns).await?;
        let (patterns, schemas) = (&patterns, &schemas);
        let mut asked = stream::iter(candidates)
            .map(|found| async move { row(cx, found, patterns, schemas).await })
            .buffered(AT_ONCE);
        while let Some(found) = asked.next().await {
            if rows.len() >= most {
                cx.note(format!("only the first {most} are tools: narrow the patterns"));
                break;
            }
            rows.extend(found?);
        }
        Ok(cx.page(rows, None))
    }
}

impl ListFunctionTools {
    /// Those whose names fit, and where tags count all of them.
    async fn candidates(&self, cx: &Call<Lambda>, patterns: &Patterns) -> Result<Vec<Found>> {
        const MOST_PAGES: usize = 100;
        let (mut found, mut marker) = (Vec::new(), None);
        for page in 0..MOST_PAGES {
            if page + 1 == MOST_PAGES {
                cx.note("there are more functions than were looked at: some that fit may be missing");
            }
            let out = cx.client().lambda.list_functions().set_marker(marker).send().await?;
            for function in out.functions.unwrap_or_default() {
                let name = function.function_name.unwrap_or_default();
                let arn = function.function_arn.unwrap_or_default();
                // What may not be run is no tool, and is named nowhere.
                if patterns.may_fit(&name) && cx.may_on("lambda:InvokeFunction", &arn).is_ok() {
                    let description = function.description.unwrap_or_default();
                    found.push(Found { name, arn, description });
                }
            }
            marker = out.next_marker.filter(|marker| !marker.is_empty());
            if marker.is_none() {
                break;
            }
        }
        Ok(found)
    }
}

async fn row(
    cx: &Call<Lambda>,
    found: Found,
    patterns: &Patterns,
    schemas: &HashMap<String, Value>,
) -> Result<Option<Row>> {
    let tags = cx.client().lambda.list_tags().resource(&found.arn).send().await?.tags.unwrap_or_default();
    if !patterns.0.iter().any(|pattern| Pattern::fits(pattern, &found.name, &tags)) {
        return Ok(None);
    }
    let (schema_from, schema) = if let Some(schema) = schemas.get(&found.name) {
        (Some("file"), Some(schema.clone()))
    } else if let Some(text) = tags.get("awsmcp:input") {
        (Some("tag"), short(text))
    } else if let Some(place) = tags.get("awsmcp:schema") {
        (Some("registry"), registry(cx, place).await)
    } else {
        (None, None)
    };
    let schema = schema.as_ref().and_then(tame);
    if schema_from.is_some() && schema.is_none() {
        cx.note(format!("the schema of {} could not be used; it takes any object", found.name));
    }
    Ok(Some(Row {
        name: name(&found.name),
        title: found.name.clone(),
        description: describe(&found.name, &found.description),
        schema_from: schema_from.filter(|_| schema.is_some()),
        schema: schema.unwrap_or_else(|| Map::from_iter([("type".to_owned(), json!("object"))])),
        with: Map::from_iter([("function".to_owned(), json!(found.name))]),
        function: found.name,
    }))
}
