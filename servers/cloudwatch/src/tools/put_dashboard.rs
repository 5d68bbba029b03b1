use std::borrow::Cow;

use awsmcp_mcp::{Call, Change, Error, One, Plan, Result, Spec, unchanged};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    CloudWatch, arns,
    dashboards::{existing, widgets},
    names::DashboardName,
};

/// Creates or replaces a dashboard; the plan shows the difference.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PutDashboard {
    dashboard: DashboardName,
    /// AWS's dashboard body, as `get_dashboard` shows it with `json`.
    body: Body,
}

/// Any JSON object.
#[derive(Clone, Debug, Deserialize)]
struct Body(Map<String, Value>);

impl JsonSchema for Body {
    fn schema_name() -> Cow<'static, str> {
        "Body".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "object"})
    }
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Done {
    dashboard: String,
    widgets: usize,
    /// What AWS finds odd in it.
    warnings: Vec<String>,
}

impl Change for PutDashboard {
    type Service = CloudWatch;
    type Output = One<Done>;
    /// The body that was looked at, and is replaced; none of a dashboard that is new.
    type Items = Option<Value>;
    const SPEC: Spec = Spec::write("put_dashboard", "Put dashboard")
        .shown_by("get_dashboard")
        .on(arns::DASHBOARD, &["cloudwatch:GetDashboard", "cloudwatch:PutDashboard"])
        .optional()
        .idempotent();

    async fn plan(&self, cx: &Call<CloudWatch>) -> Result<Plan<Option<Value>>> {
        let new = self.body()?;
        let old = existing(cx, &self.dashboard).await?;
        let mut plan = Plan::new(match &old {
            None => format!("create the dashboard {} with {} widgets", self.dashboard, widgets(&new).len()),
            Some(old) if *old == new => {
                format!("leave the dashboard {} as it is: nothing changes", self.dashboard)
            }
            Some(old) => {
                let (before, after) = (widgets(old).len(), widgets(&new).len());
                format!("replace the dashboard {}: {before} widgets before, {after} after", self.dashboard)
            }
        });
        let gone = old.as_ref().map(|old| gone(old, &new)).unwrap_or_default();
        if !gone.is_empty() {
            plan = plan.warning(format!("these widgets go, and are nowhere else: {}", gone.join(", "))).ask();
        }
        Ok(plan.difference(old.as_ref(), Some(&new)).items(old))
    }

    async fn apply(self, seen: Option<Value>, cx: &Call<CloudWatch>) -> Result<Self::Output> {
        let body = self.body()?;
        let name = self.dashboard.to_string();
        if seen.as_ref() == Some(&body) {
            return Ok(One(Done { dashboard: name, widgets: widgets(&body).len(), warnings: Vec::new() }));
        }
        unchanged(&format!("the dashboard {name}"), &seen, &existing(cx, &self.dashboard).await?)?;
        let request = cx.client().metrics.put_dashboard().dashboard_name(self.dashboard.as_str());
        let answer = request.dashboard_body(body.to_string()).send().await?;
        let warnings = answer.dashboard_validation_messages.unwrap_or_default().into_iter();
        let warnings = warnings.map(|warning| {
            let place = warning.data_path.map(|path| format!(" at {path}")).unwrap_or_default();
            format!("{}{place}", warning.message.unwrap_or_default())
        });
        Ok(One(Done { dashboard: name, widgets: widgets(&body).len(), warnings: warnings.collect() }))
    }
}

impl PutDashboard {
    fn body(&self) -> Result<Value> {
        let body = Value::Object(self.body.0.clone());
        if body.get("widgets").is_some_and(Value::is_array) {
            return Ok(body);
        }
        Err(Error::invalid("`body` has no list of `widgets`").with_next(
            r#"a good one is {"widgets": [{"type": "metric", "x": 0, "y": 0, "width": 12, "height": 6, "properties": {"region": "us-east-1", "title": "Errors", "stat": "Sum", "metrics": [["AWS/Lambda", "Errors", "FunctionName", "f"]]}}]}"#,
        ))
    }
}

/// The widgets of a body that another has neither as they are nor under their title: by title, or by kind.
fn gone(old: &Value, new: &Value) -> Vec<String> {
    let all = |body: &Value| -> Vec<Value> {
        body.get("widgets").and_then(Value::as_array).cloned().unwrap_or_default()
    };
    let title =
        |widget: &Value| widget.pointer("/properties/title").and_then(Value::as_str).map(str::to_owned);
    let kind = |widget: &Value| widget.get("type").and_then(Value::as_str).unwrap_or("text").to_owned();
    let mut left = all(new);
    let mut missing = Vec::new();
    for widget in all(old) {
        match left.iter().position(|known| *known == widget) {
            Some(at) => drop(left.remove(at)),
            None => missing.push(widget),
        }
    }
    // What is left of the new ones may be the old ones, changed.
    missing.retain(|widget| {
        let same = left.iter().position(|known| kind(known) == kind(widget) && title(known) == title(widget));
        same.map(|at| left.remove(at)).is_none()
    });
    missing
        .iter()
        .map(|widget| title(widget).unwrap_or_else(|| format!("a {} widget", kind(widget))))
        .collect()
}
