use awsmcp_mcp::{Body, Call, HOUR, Moment, Output, Page, Part, Reply, Result, Spec, TimeRange, Tool};
use schemars::{JsonSchema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    CloudWatch, arns,
    dashboards::{Widget, find, widgets},
    figures::Figure,
    metrics::fetch,
    names::DashboardName,
    room::fitting,
};

/// Shows a dashboard: each widget and what is in it; with `values` also what its metrics say now.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GetDashboard {
    dashboard: DashboardName,
    #[serde(default)]
    values: bool,
    /// Of `values`; default -3h.
    start: Option<Moment>,
    end: Option<Moment>,
    /// AWS's own JSON, as `put_dashboard` takes it.
    #[serde(default)]
    json: bool,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Row {
    widget: usize,
    kind: Option<String>,
    title: Option<String>,
    content: String,
    min: Option<Figure>,
    avg: Option<Figure>,
    max: Option<Figure>,
    last: Option<Figure>,
    sparkline: Option<String>,
}

pub(crate) enum Shown {
    Widgets(Page<Row>),
    Json(Body),
}

impl Output for Shown {
    fn reply(self) -> Result<Reply> {
        match self {
            Shown::Widgets(page) => page.reply(),
            Shown::Json(body) => body.reply(),
        }
    }

    fn schema(generator: &mut SchemaGenerator) -> Value {
        Page::<Row>::schema(generator)
    }
}

impl Tool for GetDashboard {
    type Service = CloudWatch;
    type Output = Shown;
    const SPEC: Spec = Spec::read("get_dashboard", "Get dashboard")
        .on(arns::DASHBOARD, &["cloudwatch:GetDashboard"])
        .on("*", &["cloudwatch:ListDashboards"])
        .when("values")
        .on("*", &["cloudwatch:GetMetricData"])
        .names_no_resource()
        .quotes()
        .optional();

    async fn call(self, cx: &Call<CloudWatch>) -> Result<Self::Output> {
        let body = find(cx, &self.dashboard).await?;
        if self.json {
            let label = format!("dashboard {}", self.dashboard);
            return Ok(Shown::Json(Body {
                label,
                parts: vec![Part::Text(body.to_string())],
                ..Body::default()
            }));
        }
        let range = TimeRange::new(self.start, self.end, 3 * HOUR)?;
        let mut rows = Vec::new();
        for (at, widget) in widgets(&body).iter().enumerate() {
            match self.values && !widget.metrics.is_empty() {
                true => rows.extend(measured(cx, at + 1, widget, range).await?),
                false => rows.push(Row::new(at + 1, widget)),
            }
        }
        if self.values {
            cx.note(format!("values of {range}"));
        }
        let (rows, more) = fitting(cx, rows);
        if more {
            cx.note("not all fits: `json` with `query` picks widgets, a larger max_chars shows all");
        }
        Ok(Shown::Widgets(cx.page(rows, None)))
    }
}

/// A row for each series of the widget.
async fn measured(
    cx: &Call<CloudWatch>,
    number: usize,
    widget: &Widget,
    range: TimeRange,
) -> Result<Vec<Row>> {
    if let Some(region) = widget.region.as_deref().filter(|region| *region != cx.region()) {
        let content = format!("{} (in {region}: call there for its values)", widget.content);
        return Ok(vec![Row { content, ..Row::new(number, widget) }]);
    }
    let fetched = match fetch(cx, &widget.metrics, range, widget.period).await {
        Ok(fetched) => fetched,
        // One widget that is wrong is no reason to show none.
        Err(error) if error.kind == awsmcp_mcp::Kind::Invalid => {
            let content = format!("{} ({})", widget.content, error.message);
            return Ok(vec![Row { content, ..Row::new(number, widget) }]);
        }
        Err(error) => return Err(error),
    };
    let each = fetched.series.iter().map(|series| {
        let summary = series.summary();
        Row {
            content: series.label.clone(),
            min: summary.map(|summary| Figure(summary.min)),
            avg: summary.map(|summary| Figure(summary.avg)),
            max: summary.map(|summary| Figure(summary.max)),
            last: summary.map(|summary| Figure(summary.last)),
            sparkline: series.sparkline(fetched.range, fetched.period),
            ..Row::new(number, widget)
        }
    });
    Ok(each.collect())
}

impl Row {
    fn new(number: usize, widget: &Widget) -> Row {
        Row {
            widget: number,
            // Most are.
            kind: Some(widget.kind.clone()).filter(|kind| kind != "metric"),
            title: widget.title.clone(),
            content: widget.content.clone(),
            min: None,
            avg: None,
            max: None,
            last: None,
            sparkline: None,
        }
    }
}
