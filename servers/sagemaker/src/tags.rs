//! The tags of what is made again.

use awsmcp_mcp::{Call, Result};
use serde_json::{Value, json};

use crate::SageMaker;

/// What a thing is tagged with, as a request has it, less what only AWS may set.
///
/// # Errors
/// When they may not be read.
pub(crate) async fn tags(cx: &Call<SageMaker>, arn: Option<String>) -> Result<Vec<Value>> {
    let Some(arn) = arn else { return Ok(Vec::new()) };
    let (mut all, mut token) = (Vec::new(), None);
    loop {
        let asked = cx.client().sagemaker.list_tags().resource_arn(&arn).set_next_token(token);
        let out = asked.send().await?;
        let own = out.tags.unwrap_or_default().into_iter().filter_map(|tag| Some((tag.key?, tag.value?)));
        let own = own.filter(|(key, _)| !key.starts_with("aws:"));
        all.extend(own.map(|(key, value)| json!({"Key": key, "Value": value})));
        token = out.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            return Ok(all);
        }
    }
}
