use std::collections::BTreeMap;

use awsmcp_mcp::{Call, Moment, Page, Result, Spec, TimeRange, Tool};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    CloudWatch,
    absent::{missing, why_none},
    figures::{Exact, Figure},
    metrics::{Fetched, Metric, Series, add_units, fetch, usual_time},
    room::fitting,
};

/// Reads metrics: minimum, average, maximum, last value and a sparkline each; every value with `rows`.
///
/// To see them use `chart_metrics`; `list_metrics` shows which there are.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GetMetrics {
    #[schemars(length(min = 1, max = 100))]
    metrics: Vec<Metric>,
    /// Default -3h; of S3's daily metrics -3d.
    start: Option<Moment>,
    end: Option<Moment>,
    /// Default: what fits the range.
    #[schemars(range(min = 1, max = 2_592_000))]
    period_seconds: Option<u32>,
    #[serde(default)]
    rows: bool,
}

#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Row {
    Summary(Box<SummaryRow>),
    Values {
        time: String,
        #[serde(flatten)]
        values: BTreeMap<String, Exact>,
    },
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct SummaryRow {
    metric: String,
    unit: Option<String>,
    points: usize,
    min: Option<Figure>,
    avg: Option<Figure>,
    max: Option<Figure>,
    last: Option<Figure>,
    sparkline: Option<String>,
    /// When it was highest.
    max_at: Option<String>,
}

impl Tool for GetMetrics {
    type Service = CloudWatch;
    type Output = Page<Row>;
    const SPEC: Spec = Spec::read("get_metrics", "Get metrics")
        .on("*", &["cloudwatch:GetMetricData", "cloudwatch:GetMetricStatistics", "cloudwatch:ListMetrics"])
        .names_no_resource()
        .regional();

    async fn call(self, cx: &Call<CloudWatch>) -> Result<Self::Output> {
        let range = TimeRange::new(self.start, self.end, usual_time(&self.metrics))?;
        let mut fetched = fetch(cx, &self.metrics, range, self.period_seconds).await?;
        if fetched.series.iter().all(|series| series.points.is_empty()) {
            cx.note(format!("no value in that time; {}", why_none(cx, &self.metrics).await));
        } else {
            add_units(cx, &self.metrics, &mut fetched).await;
            for why in missing(cx, &fetched, &self.metrics).await {
                cx.note(why);
            }
        }
        cx.note(format!("{}, a value every {} s", fetched.range, fetched.period));
        if !self.rows && fetched.series.iter().any(is_rounded) {
            cx.note("figures are rounded to six digits: `rows` shows every value as it is");
        }
        let (rows, more) = match self.rows {
            true => fitting(cx, values(&fetched)),
            false => fitting(cx, fetched.series.iter().map(|series| summary(series, &fetched))),
        };
        if more {
            cx.note("not all fits: a longer period_seconds, a shorter time or fewer metrics shows the rest");
        }
        Ok(cx.page(rows, None))
    }
}

fn summary(series: &Series, fetched: &Fetched) -> Row {
    let summary = series.summary();
    Row::Summary(Box::new(SummaryRow {
        metric: series.label.clone(),
        unit: series.unit.clone(),
        points: series.points.len(),
        min: summary.map(|summary| Figure(summary.min)),
        avg: summary.map(|summary| Figure(summary.avg)),
        max: summary.map(|summary| Figure(summary.max)),
        last: summary.map(|summary| Figure(summary.last)),
        sparkline: series.sparkline(fetched.range, fetched.period),
        max_at: summary.map(|summary| summary.peak(fetched.range)),
    }))
}

/// Whether a summary leaves digits out.
fn is_rounded(series: &Series) -> bool {
    series.summary().is_some_and(|summary| {
        [summary.min, summary.avg, summary.max, summary.last]
            .into_iter()
            .any(|value| Figure(value).is_rounded())
    })
}

/// A row for each time, a column for each series.
fn values(fetched: &Fetched) -> Vec<Row> {
    let mut times: BTreeMap<i64, BTreeMap<String, Exact>> = BTreeMap::new();
    let mut names: Vec<String> = Vec::new();
    for series in &fetched.series {
        let unit = series.unit.as_ref().map(|unit| format!(" ({unit})")).unwrap_or_default();
        let mut name = format!("{}{unit}", series.label);
        // Two columns of one name would be one.
        while names.contains(&name) {
            name.push('\'');
        }
        for (time, value) in &series.points {
            times.entry(*time).or_default().insert(name.clone(), Exact(*value));
        }
        names.push(name);
    }
    let row = |(time, values): (i64, BTreeMap<String, Exact>)| Row::Values {
        time: Timestamp::from_second(time).map_or_else(|_| time.to_string(), |time| time.to_string()),
        values,
    };
    times.into_iter().map(row).collect()
}
