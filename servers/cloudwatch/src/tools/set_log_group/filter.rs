//! A metric filter: what matches is counted as a metric.

use std::collections::BTreeMap;

use aws_sdk_cloudwatchlogs::types::{MetricFilter, MetricTransformation};
use awsmcp_mcp::{Call, Error, Result};
use schemars::JsonSchema;
use serde::Deserialize;

use super::steps::{Setting, Steps};
use crate::{CloudWatch, quoting};

/// Counts what matches as a metric.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Filter {
    name: String,
    pattern: Option<String>,
    namespace: Option<String>,
    metric: Option<String>,
    /// A number, or `$.field`; default 1.
    value: Option<String>,
    #[serde(default)]
    remove: bool,
}

impl Filter {
    /// The filter of that name, if there is one.
    pub(super) async fn existing(&self, cx: &Call<CloudWatch>, group: &str) -> Result<Option<MetricFilter>> {
        let request = cx.client().logs.describe_metric_filters().log_group_name(group);
        // AWS finds them by the start of their names, in the order of these: the very name is the first of those that start
        // with it, and no page behind it is asked for.
        let mut pages = request.filter_name_prefix(&self.name).into_paginator().items().send();
        let found = loop {
            match pages.try_next().await? {
                Some(known) if known.filter_name() == Some(self.name.as_str()) => break Some(known),
                Some(_) => {}
                None => break None,
            }
        };
        if self.remove && found.is_none() {
            return Err(Error::not_found(format!("{group} has no metric filter {}", self.name))
                .with_next("log_group_detail shows them"));
        }
        Ok(found)
    }

    /// What becomes of it: nothing where it is so already.
    pub(super) fn step(&self, now: Option<&MetricFilter>, steps: &mut Steps) -> Result<()> {
        let before = now.map(words).unwrap_or_default();
        let wanted = if self.remove { None } else { Some(self.over(now)?) };
        let after = wanted.as_ref().map_or_else(|| "removed".to_owned(), words);
        if before == after {
            return Ok(());
        }
        let names = |filter: &MetricFilter| -> Vec<String> {
            let metrics = filter.metric_transformations().iter();
            metrics.map(|metric| format!("{} {}", metric.metric_namespace, metric.metric_name)).collect()
        };
        let kept = wanted.as_ref().map(names).unwrap_or_default();
        let mut lost = now.map(names).unwrap_or_default();
        lost.retain(|metric| !kept.contains(metric));
        if !lost.is_empty() {
            steps.ask(format!("{} gets no more values, and alarms on it no more data", lost.join(" and ")));
        }
        steps.add(Setting::MetricFilter, before, after);
        Ok(())
    }

    /// What it becomes: the one there is, with what the call names. Of several metrics the call speaks of the first.
    fn over(&self, before: Option<&MetricFilter>) -> Result<MetricFilter> {
        let known = before.map(MetricFilter::metric_transformations).unwrap_or_default();
        let first = known.first();
        let lacks = || {
            Error::invalid("a new `metric_filter` needs `namespace` and `metric`").with_next(
                r#"a good one is {"name": "errors", "pattern": "ERROR", "namespace": "Shop", "metric": "Errors"}"#,
            )
        };
        let namespace = self.namespace.clone().or_else(|| Some(first?.metric_namespace.clone()));
        let name = self.metric.clone().or_else(|| Some(first?.metric_name.clone()));
        let metric = MetricTransformation::builder()
            .metric_namespace(namespace.ok_or_else(lacks)?)
            .metric_name(name.ok_or_else(lacks)?)
            .metric_value(
                self.value.as_deref().or(first.map(|metric| metric.metric_value.as_str())).unwrap_or("1"),
            )
            .set_default_value(first.and_then(|metric| metric.default_value))
            .set_unit(first.and_then(|metric| metric.unit.clone()))
            .set_dimensions(first.and_then(|metric| metric.dimensions.clone()))
            .build()
            .map_err(|error| Error::internal(error.to_string()))?;
        let metrics = std::iter::once(metric).chain(known.iter().skip(1).cloned()).collect();
        let mut filter = before.cloned().unwrap_or_else(|| MetricFilter::builder().build());
        filter.filter_pattern =
            self.pattern.clone().or(filter.filter_pattern).or_else(|| Some(String::new()));
        filter.metric_transformations = Some(metrics);
        Ok(filter)
    }

    pub(super) async fn put(
        &self,
        cx: &Call<CloudWatch>,
        group: &str,
        before: Option<&MetricFilter>,
    ) -> Result<()> {
        let logs = &cx.client().logs;
        if self.remove {
            logs.delete_metric_filter().log_group_name(group).filter_name(&self.name).send().await?;
            return Ok(());
        }
        let filter = self.over(before)?;
        // AWS replaces the whole filter: what the call does not name goes back as it was.
        let request = logs.put_metric_filter().log_group_name(group).filter_name(&self.name);
        request
            .set_filter_pattern(filter.filter_pattern)
            .set_metric_transformations(filter.metric_transformations)
            .set_apply_on_transformed_logs(Some(filter.apply_on_transformed_logs).filter(|applies| *applies))
            .set_field_selection_criteria(filter.field_selection_criteria)
            .set_emit_system_field_dimensions(filter.emit_system_field_dimensions)
            .send()
            .await
            .map_err(|error| quoting::explain(error.into(), self.pattern.as_deref()))?;
        Ok(())
    }
}

/// A filter in a line, with all that AWS keeps of it.
pub(super) fn words(filter: &MetricFilter) -> String {
    let metrics: Vec<String> = filter.metric_transformations().iter().map(metric_words).collect();
    let mut words = format!("{}: {}", filter.filter_pattern().unwrap_or_default(), metrics.join(", "));
    if filter.apply_on_transformed_logs {
        words.push_str(", of transformed logs");
    }
    if let Some(criteria) = filter.field_selection_criteria() {
        words.push_str(&format!(", where {criteria}"));
    }
    if !filter.emit_system_field_dimensions().is_empty() {
        words.push_str(&format!(", by {}", filter.emit_system_field_dimensions().join(" and ")));
    }
    words
}

fn metric_words(metric: &MetricTransformation) -> String {
    let mut words = format!("{} {} = {}", metric.metric_namespace, metric.metric_name, metric.metric_value);
    if let Some(value) = metric.default_value {
        words.push_str(&format!(" or else {value}"));
    }
    if let Some(unit) = &metric.unit {
        words.push_str(&format!(" {}", unit.as_str()));
    }
    let dimensions: BTreeMap<_, _> = metric.dimensions().into_iter().flatten().collect();
    for (name, value) in dimensions {
        words.push_str(&format!(", {name}={value}"));
    }
    words
}
