use awsmcp_mcp::{Call, Change, One, Plan, Result, Spec, counted};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    CloudWatch, arns,
    dashboards::{existing, find, widgets},
    names::DashboardName,
};

/// Deletes dashboards. `get_dashboard` with `json` shows what would bring one back.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeleteDashboards {
    #[schemars(length(min = 1, max = 100))]
    dashboards: Vec<DashboardName>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Done {
    deleted: Vec<String>,
}

impl Change for DeleteDashboards {
    type Service = CloudWatch;
    type Output = One<Done>;
    /// The dashboards as they were looked at: name and body of each.
    type Items = Vec<(String, Value)>;
    const SPEC: Spec = Spec::destroy("delete_dashboards", "Delete dashboards")
        .shown_by("list_dashboards")
        .on(arns::DASHBOARDS, &["cloudwatch:GetDashboard", "cloudwatch:DeleteDashboards"])
        .on("*", &["cloudwatch:ListDashboards"])
        .names_no_resource()
        .optional()
        .idempotent();

    async fn plan(&self, cx: &Call<CloudWatch>) -> Result<Plan<Vec<(String, Value)>>> {
        let count = self.dashboards.len();
        let mut plan = Plan::new(format!("delete {}", counted(count, "dashboard")));
        let mut bodies = Vec::new();
        for name in &self.dashboards {
            let body = find(cx, name).await?;
            let widgets = widgets(&body);
            let titles: Vec<&str> =
                widgets.iter().filter_map(|widget| widget.title.as_deref()).take(5).collect();
            plan = plan.row(json!({"dashboard": name.as_str(), "widgets": widgets.len(), "titles": titles}));
            bodies.push((name.as_str().to_owned(), body));
        }
        Ok(plan.items(bodies))
    }

    async fn apply(self, seen: Vec<(String, Value)>, cx: &Call<CloudWatch>) -> Result<Self::Output> {
        let mut now = Vec::new();
        for name in &self.dashboards {
            now.extend(existing(cx, name).await?.map(|body| (name.as_str().to_owned(), body)));
        }
        let names = cx.still(seen, &now)?;
        cx.client().metrics.delete_dashboards().set_dashboard_names(Some(names.clone())).send().await?;
        Ok(One(Done { deleted: names }))
    }
}
