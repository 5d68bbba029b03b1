use awsmcp_mcp::{Call, One, Result, Spec, Tool, human_size};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Lambda;

/// Shows the account's concurrency and code storage: limits, use and what is left.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccountLimits {}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Limits {
    functions: Option<i64>,
    concurrent_executions: Option<i32>,
    unreserved_concurrent_executions: Option<i32>,
    code_storage_used: Option<String>,
    code_storage_limit: Option<String>,
    code_storage_percent: Option<f64>,
    zip_limit_bytes: Option<i64>,
    unzipped_limit_bytes: Option<i64>,
}

impl Tool for AccountLimits {
    type Service = Lambda;
    type Output = One<Limits>;
    const SPEC: Spec = Spec::read("account_limits", "Account limits")
        .on("*", &["lambda:GetAccountSettings"])
        .names_no_resource()
        .regional()
        .optional();

    async fn call(self, cx: &Call<Lambda>) -> Result<Self::Output> {
        let out = cx.client().lambda.get_account_settings().send().await?;
        let (limit, usage) = (out.account_limit, out.account_usage);
        let used = usage.as_ref().map(|usage| usage.total_code_size);
        let room = limit.as_ref().map(|limit| limit.total_code_size).filter(|room| *room > 0);
        let size = |bytes: i64| human_size(bytes.try_into().unwrap_or_default());
        Ok(One(Limits {
            functions: usage.map(|usage| usage.function_count),
            concurrent_executions: limit.as_ref().map(|limit| limit.concurrent_executions),
            unreserved_concurrent_executions: limit
                .as_ref()
                .and_then(|limit| limit.unreserved_concurrent_executions),
            code_storage_used: used.map(size),
            code_storage_limit: room.map(size),
            code_storage_percent: used
                .zip(room)
                .map(|(used, room)| crate::metrics::rounded(100.0 * used as f64 / room as f64)),
            zip_limit_bytes: limit.as_ref().map(|limit| limit.code_size_zipped),
            unzipped_limit_bytes: limit.map(|limit| limit.code_size_unzipped),
        }))
    }
}
