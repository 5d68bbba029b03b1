//! Lists: where a page begins, what its rows are, and where the next one is.

use awsmcp_api::{Kind, Model, Operation, Pages};
use awsmcp_mcp::{Error, Result, select};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// Where a list goes on.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(crate) struct At {
    /// The members of the input that say so.
    tokens: Map<String, Value>,
    /// The size of its pages, where the caller named one.
    limit: Option<u32>,
}

/// Rows, and what AWS said beside them.
pub(crate) struct Rows {
    pub(crate) rows: Vec<Value>,
    pub(crate) beside: Map<String, Value>,
}

impl At {
    /// The same with the size that the caller names now.
    pub(crate) fn with_limit(self, limit: Option<u32>) -> At {
        At { limit: self.limit.or(limit), ..self }
    }

    /// Asks for this page.
    pub(crate) fn put(
        &self,
        model: &Model,
        operation: &Operation,
        pages: &Pages,
        input: &mut Map<String, Value>,
    ) {
        for (name, token) in &self.tokens {
            input.insert(name.clone(), token.clone());
        }
        // Some operations take no size beside what they are given, so that only a caller's own is passed on.
        let (Some(limit), Some(name)) = (self.limit, &pages.limit) else { return };
        if input.get(name).is_some_and(|given| !given.is_null()) {
            return;
        }
        let shape = operation.input.as_deref().and_then(|shape| model.shape(shape));
        let Some(size) = shape.and_then(|it| it.members.get(name)).and_then(|it| model.shape(&it.shape))
        else {
            return;
        };
        let least = size.min.unwrap_or(1.0);
        let limit = f64::from(limit).clamp(least, size.max.unwrap_or(f64::MAX).max(least)) as u64;
        let value = if size.kind == Kind::String { json!(limit.to_string()) } else { json!(limit) };
        input.insert(name.clone(), value);
    }

    /// The page behind an answer, and the answer.
    ///
    /// # Errors
    /// When AWS gives the same place again, which would never end.
    pub(crate) fn next(
        &self,
        pages: &Pages,
        answer: Map<String, Value>,
    ) -> Result<(Option<At>, Map<String, Value>)> {
        let answer = Value::Object(answer);
        let next = self.behind(pages, &answer)?;
        let Value::Object(answer) = answer else { return Err(Error::internal("an answer is an object")) };
        Ok((next, answer))
    }

    fn behind(&self, pages: &Pages, answer: &Value) -> Result<Option<At>> {
        if let Some(more) = &pages.more
            && !is_true(&select(more, answer)?)
        {
            return Ok(None);
        }
        let mut tokens = Map::new();
        for (name, place) in pages.input.iter().zip(&pages.output) {
            let token = select(place, answer)?;
            if !token.is_null() && token != "" {
                tokens.insert(name.clone(), token);
            }
        }
        if tokens.is_empty() {
            return Ok(None);
        }
        if tokens == self.tokens {
            return Err(Error::internal("AWS named the page that was just read as the next one")
                .with_next("narrow the list by the operation's own members"));
        }
        Ok(Some(At { tokens, limit: self.limit }))
    }
}

fn is_true(value: &Value) -> bool {
    *value == Value::Bool(true) || value == "true"
}

/// The rows of a page.
///
/// An answer of which they cannot be told is one row.
pub(crate) fn rows(pages: &Pages, answer: Map<String, Value>) -> Result<Rows> {
    let answer = Value::Object(answer);
    let mut rows = Vec::new();
    let mut found = false;
    let mut lists = Vec::new();
    for place in &pages.rows {
        if let Value::Array(items) = select(place, &answer)? {
            found = true;
            rows.extend(items);
            lists.push(first(place));
        }
    }
    let mut beside = match answer {
        Value::Object(beside) if found || beside.values().all(is_plain) => beside,
        whole => return Ok(Rows { rows: vec![whole], beside: Map::new() }),
    };
    for name in
        lists.into_iter().chain(pages.output.iter().map(|place| first(place))).chain(pages.more.as_deref())
    {
        beside.remove(name);
    }
    Ok(Rows { rows, beside })
}

/// The member that an expression begins with.
fn first(expression: &str) -> &str {
    let end = expression.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    end.and_then(|end| expression.get(..end)).unwrap_or(expression)
}

/// The rows of an answer that is not paged, where it is one list and nothing else that has parts.
pub(crate) fn only_list(
    model: &Model,
    operation: &Operation,
    answer: &mut Map<String, Value>,
) -> Option<Rows> {
    let output = model.shape(operation.output.as_deref()?)?;
    let kind = |shape: &str| model.shape(shape).map(|shape| shape.kind);
    let mut lists = output.members.iter().filter(|(_, member)| kind(&member.shape) == Some(Kind::List));
    let (Some((name, _)), None) = (lists.next(), lists.next()) else { return None };
    let has_parts = |(_, member): (&str, &awsmcp_api::Member)| {
        matches!(kind(&member.shape), None | Some(Kind::Structure | Kind::Map | Kind::Blob))
    };
    if output.members.iter().any(has_parts) {
        return None;
    }
    let rows = match answer.shift_remove(name) {
        Some(Value::Array(rows)) => rows,
        _ => Vec::new(),
    };
    Some(Rows { rows, beside: std::mem::take(answer) })
}

fn is_plain(value: &Value) -> bool {
    !value.is_array() && !value.is_object()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pages(value: Value) -> Pages {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn the_next_page_is_where_aws_says() {
        let pages_of = pages(
            json!({"input": ["Marker"], "output": ["NextMarker || Contents[-1].Key"], "more": "IsTruncated", "rows": ["Contents", "CommonPrefixes"]}),
        );
        let at = At { tokens: Map::new(), limit: Some(5) };
        let answer = json!({"IsTruncated": true, "Contents": [{"Key": "a"}, {"Key": "b"}]});
        let next = at.behind(&pages_of, &answer).unwrap().unwrap();
        assert_eq!(serde_json::to_value(&next).unwrap(), json!({"tokens": {"Marker": "b"}, "limit": 5}));
        assert!(next.behind(&pages_of, &answer).unwrap_err().message.contains("just read"));
        assert!(at.behind(&pages_of, &json!({"IsTruncated": false, "NextMarker": "x"})).unwrap().is_none());
        let plain = pages(json!({"input": ["NextToken"], "output": ["NextToken"]}));
        assert!(at.behind(&plain, &json!({"NextToken": ""})).unwrap().is_none());
    }

    #[test]
    fn every_list_of_a_page_is_rows_and_the_rest_is_beside() {
        let of = pages(
            json!({"input": ["T"], "output": ["NextT"], "more": "More", "rows": ["Contents", "CommonPrefixes", "Count"]}),
        );
        let answer = json!({"Contents": [{"Key": "a"}], "CommonPrefixes": [{"Prefix": "p/"}], "Count": 2, "NextT": "x", "More": true});
        let Value::Object(answer) = answer else { unreachable!() };
        let found = rows(&of, answer).unwrap();
        assert_eq!(found.rows, [json!({"Key": "a"}), json!({"Prefix": "p/"})]);
        assert_eq!(Value::Object(found.beside), json!({"Count": 2}));
        let nothing = rows(&of, Map::from_iter([("Count".to_owned(), json!(0))])).unwrap();
        assert!(nothing.rows.is_empty());
    }
}
