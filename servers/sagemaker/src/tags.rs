//! The tags of what is made again.

use aws_sdk_sagemaker::types::Tag;
use awsmcp_mcp::{Call, Result};
use serde_json::{Value, json};

use crate::SageMaker;

/// What a thing is tagged with, as a request has it, less what only AWS may set.
///
/// # Errors
/// When they may not be read.
pub(crate) async fn tags(cx: &Call<SageMaker>, arn: Option<String>) -> Result<Vec<Value>> {
    let Some(arn) = arn else { return Ok(Vec::new()) };
    let asked = cx.client().sagemaker.list_tags().resource_arn(arn);
    let all: Vec<Tag> = asked.into_paginator().items().send().try_collect().await?;
    let own = all.into_iter().filter_map(|tag| Some((tag.key?, tag.value?)));
    let own = own.filter(|(key, _)| !key.starts_with("aws:"));
    Ok(own.map(|(key, value)| json!({"Key": key, "Value": value})).collect())
}
