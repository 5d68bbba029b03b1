use std::collections::HashSet;

use awsmcp_mcp::{Body, Call, Error, Moment, Part, Result, Spec, TimeRange, Tool, counted};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    CloudWatch,
    absent::{missing, why_none},
    chart::{Chart, Line, MOST, png},
    figures::Figure,
    metrics::{Fetched, Metric, Series, add_units, fetch, usual_time},
};

/// Draws metrics over time as an image (PNG, 800x400). For numbers use `get_metrics`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChartMetrics {
    /// As in `get_metrics`.
    #[schemars(length(min = 1, max = 100))]
    metrics: Vec<Metric>,
    /// As in `get_metrics`.
    start: Option<Moment>,
    end: Option<Moment>,
    #[schemars(range(min = 1, max = 2_592_000))]
    period_seconds: Option<u32>,
    title: Option<String>,
    /// A level to mark.
    threshold: Option<f64>,
}

impl Tool for ChartMetrics {
    type Service = CloudWatch;
    type Output = Body;
    const SPEC: Spec = Spec::read("chart_metrics", "Chart metrics")
        .on("*", &["cloudwatch:GetMetricData", "cloudwatch:GetMetricStatistics", "cloudwatch:ListMetrics"])
        .names_no_resource();

    async fn call(self, cx: &Call<CloudWatch>) -> Result<Self::Output> {
        let range = TimeRange::new(self.start, self.end, usual_time(&self.metrics))?;
        let mut fetched = fetch(cx, &self.metrics, range, self.period_seconds).await?;
        let strange = fetched.only_numbers();
        if strange > 0 {
            cx.note(format!("{} that are no numbers are gaps", counted(strange, "value")));
        }
        let silent = match fetched.series.iter().any(|series| !series.points.is_empty()) {
            true => missing(cx, &fetched, &self.metrics).await,
            false => Vec::new(),
        };
        silent.into_iter().for_each(|why| cx.note(why));
        fetched.series.retain(|series| !series.points.is_empty());
        if fetched.series.is_empty() {
            return Err(Error::not_found(format!("there is no value from {range}, so nothing to draw"))
                .with_next(format!("{}; or look at a longer time", why_none(cx, &self.metrics).await)));
        }
        add_units(cx, &self.metrics, &mut fetched).await;
        if fetched.series.len() > MOST {
            cx.note(format!("the {MOST} highest of {} series are drawn", fetched.series.len()));
            fetched.series.sort_by(|left, right| highest(right).total_cmp(&highest(left)));
            fetched.series.truncate(MOST);
        }
        let units: HashSet<Option<&str>> =
            fetched.series.iter().map(|series| series.unit.as_deref()).collect();
        if units.len() > 1 {
            cx.note("the units differ: each line is drawn as a part of its own greatest value; a chart for each shows more");
            if self.threshold.is_some() {
                cx.note("the threshold is not drawn: of lines with different units it is a level of none");
            }
        }
        let title = self.title.unwrap_or_else(|| title(&fetched));
        let chart = Chart {
            title: &title,
            lines: fetched.series.iter().map(line).collect(),
            range: fetched.range,
            period: fetched.period,
            threshold: self.threshold,
        };
        let data = png(&chart)?;
        let words: Vec<String> = fetched.series.iter().map(|series| words(series, fetched.range)).collect();
        Ok(Body {
            label: format!("{title}, {}, a value every {} s", fetched.range, fetched.period),
            parts: vec![Part::Text(words.join("\n")), Part::Image { data, mime: "image/png".to_owned() }],
            ..Body::default()
        })
    }
}

fn line(series: &Series) -> Line<'_> {
    Line { label: &series.label, unit: series.unit.as_deref(), points: &series.points }
}

fn highest(series: &Series) -> f64 {
    series.summary().map_or(f64::NEG_INFINITY, |summary| summary.max)
}

fn title(fetched: &Fetched) -> String {
    let labels: Vec<&str> = fetched.series.iter().map(|series| series.label.as_str()).take(3).collect();
    let more = fetched.series.len().saturating_sub(labels.len());
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", labels.join(", "))
}

/// What the picture shows, for readers who do not see it.
fn words(series: &Series, range: TimeRange) -> String {
    let unit = series.unit.as_ref().map(|unit| format!(" {unit}")).unwrap_or_default();
    match series.summary() {
        Some(summary) => format!(
            "{}: min {}, avg {}, max {}, last {}{unit}, highest at {}",
            series.label,
            Figure(summary.min),
            Figure(summary.avg),
            Figure(summary.max),
            Figure(summary.last),
            summary.peak(range)
        ),
        None => format!("{}: no value", series.label),
    }
}
