use awsmcp_mcp::{Call, Page, Result, Spec, Tool};
use awsmcp_sdk::utc_second;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{CloudWatch, arns};

/// Lists dashboards.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListDashboards {
    prefix: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Row {
    name: String,
    size_bytes: Option<i64>,
    modified: Option<String>,
}

impl Tool for ListDashboards {
    type Service = CloudWatch;
    type Output = Page<Row>;
    const SPEC: Spec = Spec::list("list_dashboards", "List dashboards")
        .on("*", &["cloudwatch:ListDashboards"])
        .rows(arns::EACH_DASHBOARD)
        .optional();

    async fn call(self, cx: &Call<CloudWatch>) -> Result<Self::Output> {
        // AWS chooses the size of a page.
        let request = cx.client().metrics.list_dashboards().set_dashboard_name_prefix(self.prefix);
        let page = request.set_next_token(cx.token()).send().await?;
        let rows = page.dashboard_entries.unwrap_or_default().into_iter().map(|entry| Row {
            name: entry.dashboard_name.unwrap_or_default(),
            size_bytes: entry.size,
            modified: entry.last_modified.map(utc_second),
        });
        Ok(cx.page(rows, page.next_token))
    }
}
