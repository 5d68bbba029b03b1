//! What services beside EC2 are asked, by their models.

use awsmcp_api::{Client, Service};
use awsmcp_mcp::{Call, Error, Result};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::Ec2;

/// The answer to one operation. What is `null` in the input is not sent.
pub(crate) async fn ask<T: DeserializeOwned>(
    cx: &Call<Ec2>,
    service: &Service,
    operation: &str,
    input: Value,
) -> Result<T> {
    let answer = call(cx, service, operation, input).await?;
    read(operation, Value::Object(answer))
}

/// One operation, whose answer says nothing.
pub(crate) async fn call(
    cx: &Call<Ec2>,
    service: &Service,
    operation: &str,
    input: Value,
) -> Result<Map<String, Value>> {
    let Value::Object(mut input) = input else { return Err(Error::internal("an input is an object")) };
    input.retain(|_, value| !value.is_null());
    Client::new(cx.sdk(), cx.tap().clone()).call(service, operation, input).await
}

/// A list of a service: under which names it has its rows, and the token of the next page in requests and in answers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct List {
    pub(crate) operation: &'static str,
    pub(crate) rows: &'static str,
    pub(crate) token: &'static str,
    pub(crate) next: &'static str,
}

/// Some of a list's rows, and whether there are more.
#[derive(Debug)]
pub(crate) struct Listed<T> {
    pub(crate) rows: Vec<T>,
    pub(crate) has_more: bool,
}

/// Up to so many pages of a list.
pub(crate) async fn all<T: DeserializeOwned>(
    cx: &Call<Ec2>,
    service: &Service,
    list: List,
    mut input: Value,
    most_pages: usize,
) -> Result<Listed<T>> {
    let mut rows = Vec::new();
    for _ in 0..most_pages {
        let mut answer = call(cx, service, list.operation, input.clone()).await?;
        let page = answer.shift_remove(list.rows).unwrap_or_else(|| Value::Array(Vec::new()));
        rows.extend(read::<Vec<T>>(list.operation, page)?);
        let next = answer.get(list.next).and_then(Value::as_str).filter(|token| !token.is_empty());
        let (Some(next), Value::Object(input)) = (next, &mut input) else {
            return Ok(Listed { rows, has_more: false });
        };
        input.insert(list.token.to_owned(), next.into());
    }
    Ok(Listed { rows, has_more: true })
}

fn read<T: DeserializeOwned>(operation: &str, answer: Value) -> Result<T> {
    serde_json::from_value(answer)
        .map_err(|error| Error::internal(format!("the answer to {operation} cannot be read: {error}")))
}
