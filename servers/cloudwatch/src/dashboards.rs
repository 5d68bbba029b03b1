//! Dashboards: what their widgets show.

use std::collections::BTreeMap;

use awsmcp_mcp::{Call, Error, Kind, Result, nearest};
use serde_json::Value;

use crate::{CloudWatch, arns, groups::visible, metrics::Metric, names::DashboardName};

/// A dashboard's body; none where there is no such dashboard.
pub(crate) async fn existing(cx: &Call<CloudWatch>, name: &DashboardName) -> Result<Option<Value>> {
    let answer =
        cx.client().metrics.get_dashboard().dashboard_name(name.as_str()).send().await.map_err(Error::from);
    let body = match answer {
        Ok(answer) => answer.dashboard_body.unwrap_or_default(),
        Err(error) if error.kind == Kind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let body = serde_json::from_str(&body);
    body.map(Some).map_err(|error| Error::internal(format!("the dashboard's body is not JSON: {error}")))
}

/// A dashboard's body; where there is none, an error with the nearest name.
pub(crate) async fn find(cx: &Call<CloudWatch>, name: &DashboardName) -> Result<Value> {
    if let Some(body) = existing(cx, name).await? {
        return Ok(body);
    }
    let error = Error::not_found(format!("there is no dashboard {name}"));
    let page = match cx.client().metrics.list_dashboards().send().await.map_err(Error::from) {
        Ok(page) => page,
        Err(why) => {
            let why = format!(
                "the nearest names could not be looked up, which needs cloudwatch:ListDashboards: {why}"
            );
            return Err(error.with_next(why));
        }
    };
    let entries = page.dashboard_entries.unwrap_or_default().into_iter();
    let names = entries.filter_map(|entry| entry.dashboard_name).collect();
    let names = visible(cx, "cloudwatch:ListDashboards", arns::EACH_DASHBOARD, names).await?;
    Err(match nearest(name.as_str(), names.iter().map(String::as_str)) {
        Some(near) => error.with_next(format!("did you mean {near}? list_dashboards shows them all")),
        None => error.with_next("list_dashboards shows what there is"),
    })
}

/// A widget, as a reader needs it.
#[derive(Debug)]
pub(crate) struct Widget {
    pub(crate) kind: String,
    pub(crate) title: Option<String>,
    /// What it shows, in a line.
    pub(crate) content: String,
    pub(crate) metrics: Vec<Metric>,
    pub(crate) period: Option<u32>,
    /// Where its metrics are, if not where the dashboard is read.
    pub(crate) region: Option<String>,
}

pub(crate) fn widgets(body: &Value) -> Vec<Widget> {
    body.get("widgets").and_then(Value::as_array).into_iter().flatten().map(Widget::new).collect()
}

impl Widget {
    fn new(widget: &Value) -> Widget {
        let kind = widget.get("type").and_then(Value::as_str).unwrap_or("text").to_owned();
        let properties = widget.get("properties").cloned().unwrap_or_default();
        let text = |name: &str| properties.get(name).and_then(Value::as_str).map(str::to_owned);
        let metrics = metrics(&properties);
        let content = match kind.as_str() {
            "metric" => {
                let words: Vec<String> = metrics.iter().map(Metric::words).collect();
                words.join("; ")
            }
            "log" => text("query").unwrap_or_default(),
            "text" => text("markdown").unwrap_or_default(),
            "alarm" => {
                let arns = properties.get("alarms").and_then(Value::as_array).into_iter().flatten();
                let names =
                    arns.filter_map(Value::as_str).map(|arn| arn.rsplit(":alarm:").next().unwrap_or(arn));
                names.collect::<Vec<_>>().join(", ")
            }
            _ => String::new(),
        };
        let period =
            properties.get("period").and_then(Value::as_u64).and_then(|period| u32::try_from(period).ok());
        Widget { kind, title: text("title"), content, metrics, period, region: text("region") }
    }
}

/// The metrics of a widget: `.` repeats the field above, `...` all fields before the last.
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html>
fn metrics(properties: &Value) -> Vec<Metric> {
    let usual = properties.get("stat").and_then(Value::as_str).unwrap_or("Average");
    let mut above: Vec<String> = Vec::new();
    let mut found = Vec::new();
    let rows = properties.get("metrics").and_then(Value::as_array).into_iter().flatten();
    for row in rows.filter_map(Value::as_array) {
        let options = row.iter().find_map(Value::as_object).cloned().unwrap_or_default();
        let option = |name: &str| options.get(name).and_then(Value::as_str).map(str::to_owned);
        let (label, id) = (option("label"), option("id"));
        if let Some(expression) = option("expression") {
            found.push(Metric::expression(&expression).labelled(label, id));
            continue;
        }
        let given: Vec<&str> = row.iter().filter_map(Value::as_str).collect();
        let fields = filled(&given, &above);
        let [namespace, name, rest @ ..] = fields.as_slice() else { continue };
        let dimensions: BTreeMap<String, String> = rest
            .chunks_exact(2)
            .filter_map(|pair| Some((pair.first()?.clone(), pair.last()?.clone())))
            .collect();
        let stat = option("stat").unwrap_or_else(|| usual.to_owned());
        found.push(Metric::plain(namespace, name, dimensions, &stat).labelled(label, id));
        above = fields;
    }
    found
}

fn filled(given: &[&str], above: &[String]) -> Vec<String> {
    let mut fields: Vec<String> = Vec::new();
    for (at, field) in given.iter().enumerate() {
        match *field {
            "..." => {
                let behind = given.len() - at - 1;
                let until = above.len().saturating_sub(behind);
                fields.extend(above.get(fields.len()..until).unwrap_or_default().iter().cloned());
            }
            "." => fields.push(above.get(fields.len()).cloned().unwrap_or_default()),
            field => fields.push(field.to_owned()),
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn shorthand_of_metrics_is_written_out() {
        let body = json!({"widgets": [
            {"type": "metric", "properties": {"title": "CPU", "stat": "Maximum", "period": 300, "metrics": [
                ["AWS/EC2", "CPUUtilization", "InstanceId", "i-1"],
                [".", ".", ".", "i-2", {"stat": "p99"}],
                ["...", "i-3"],
                [{"expression": "m1+m2", "id": "e1", "label": "all"}]
            ]}},
            {"type": "text", "properties": {"markdown": "# Hi"}},
            {"type": "alarm", "properties": {"alarms": ["arn:aws:cloudwatch:us-east-1:1:alarm:a b"]}},
            {"type": "explorer"}
        ]});
        let widgets = widgets(&body);
        let contents: Vec<&str> = widgets.iter().map(|widget| widget.content.as_str()).collect();
        assert_eq!(
            contents,
            [
                "Maximum of AWS/EC2 CPUUtilization (InstanceId=i-1); p99 of AWS/EC2 CPUUtilization (InstanceId=i-2); \
                 Maximum of AWS/EC2 CPUUtilization (InstanceId=i-3); all: m1+m2",
                "# Hi",
                "a b",
                ""
            ]
        );
        assert_eq!(widgets[0].period, Some(300));
    }
}
