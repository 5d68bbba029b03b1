use aws_sdk_cloudwatchlogs::types::{MetricFilter, OrderBy, SubscriptionFilter, SuppressionState};
use awsmcp_mcp::{Call, Error, Kind, One, Result, Spec, Tool, human_size, to_millisecond};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    CloudWatch, arns, groups,
    names::OwnLogGroup,
    tools::{policy_fields, protected},
};

/// Shows one log group: size, retention, latest streams, metric and subscription filters, fields, indexes, anomalies.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LogGroupDetail {
    log_group: OwnLogGroup,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Detail {
    name: String,
    size_bytes: Option<i64>,
    size: Option<String>,
    retention_days: Option<i32>,
    class: Option<String>,
    created: Option<String>,
    kms_key_id: Option<String>,
    deletion_protected: Option<bool>,
    data_protection: Option<String>,
    /// The kinds of data that its own policy hides.
    hides: Option<String>,
    /// The latest first: name and last event.
    latest_streams: Vec<String>,
    metric_filters: Vec<Metrics>,
    subscriptions: Vec<Subscription>,
    /// Fields of the last events, and in how many percent of them each is.
    fields: Vec<String>,
    indexed_fields: Vec<String>,
    anomalies: Vec<Anomaly>,
    /// Whether anybody looks for anomalies.
    anomaly_detectors: Option<usize>,
    denied: Vec<String>,
    unsupported: Vec<&'static str>,
}

#[derive(Serialize, JsonSchema)]
struct Metrics {
    name: String,
    pattern: String,
    metrics: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
struct Subscription {
    name: String,
    pattern: String,
    destination: String,
}

#[derive(Serialize, JsonSchema)]
struct Anomaly {
    pattern: String,
    priority: Option<String>,
    first_seen: String,
    last_seen: String,
    description: String,
}

impl Tool for LogGroupDetail {
    type Service = CloudWatch;
    type Output = One<Detail>;
    const SPEC: Spec = Spec::read("log_group_detail", "Log group detail")
        .on(
            "*",
            &[
                "logs:DescribeLogGroups",
                "logs:ListLogAnomalyDetectors",
                "logs:ListAnomalies",
                "logs:DescribeIndexPolicies",
            ],
        )
        .on(
            arns::LOG_GROUP,
            &[
                "logs:DescribeLogStreams",
                "logs:DescribeMetricFilters",
                "logs:DescribeSubscriptionFilters",
                "logs:GetLogGroupFields",
                "logs:GetDataProtectionPolicy",
            ],
        )
        .names_no_resource()
        .quotes()
        .optional();

    async fn call(self, cx: &Call<CloudWatch>) -> Result<Self::Output> {
        let group = groups::describe(cx, &self.log_group).await?;
        let name = self.log_group.name();
        let arn = group.log_group_arn.clone().or_else(|| group.arn.clone()).unwrap_or_default();
        let (streams, metrics, subscriptions, fields, indexes, protection, anomalies) = tokio::join!(
            streams(cx, name),
            metric_filters(cx, name),
            subscriptions(cx, name),
            fields(cx, name),
            indexes(cx, name),
            protection(cx, name),
            anomalies(cx, arn.trim_end_matches(":*")),
        );
        let mut gaps = Gaps::default();
        let anomalies = gaps.or_none("anomalies", "logs:ListLogAnomalyDetectors", anomalies)?;
        Ok(One(Detail {
            name: name.to_owned(),
            size_bytes: group.stored_bytes,
            size: group.stored_bytes.and_then(|bytes| u64::try_from(bytes).ok()).map(human_size),
            retention_days: group.retention_in_days,
            class: group.log_group_class.map(|class| class.as_str().to_lowercase()),
            created: group.creation_time.map(groups::day),
            kms_key_id: group.kms_key_id,
            deletion_protected: group.deletion_protection_enabled,
            data_protection: group.data_protection_status.map(|status| status.as_str().to_lowercase()),
            hides: gaps.or_none("data_protection", "logs:GetDataProtectionPolicy", protection)?,
            latest_streams: gaps.or_none("streams", "logs:DescribeLogStreams", streams)?,
            metric_filters: gaps.or_none("metric_filters", "logs:DescribeMetricFilters", metrics)?,
            subscriptions: gaps.or_none(
                "subscriptions",
                "logs:DescribeSubscriptionFilters",
                subscriptions,
            )?,
            fields: gaps.or_none("fields", "logs:GetLogGroupFields", fields)?,
            indexed_fields: gaps.or_none("indexed_fields", "logs:DescribeIndexPolicies", indexes)?,
            anomaly_detectors: anomalies.detectors,
            anomalies: anomalies.found,
            denied: gaps.denied,
            unsupported: gaps.unsupported,
        }))
    }
}

/// What could not be looked at.
#[derive(Default)]
struct Gaps {
    denied: Vec<String>,
    unsupported: Vec<&'static str>,
}

impl Gaps {
    fn or_none<T: Default>(&mut self, what: &'static str, action: &str, found: Result<T>) -> Result<T> {
        match found {
            Ok(found) => Ok(found),
            Err(error) if error.kind == Kind::AccessDenied => {
                let action = error
                    .denied
                    .as_ref()
                    .and_then(|denied| denied.action.clone())
                    .unwrap_or(action.to_owned());
                self.denied.push(format!("{what} ({action})"));
                Ok(T::default())
            }
            Err(error) if is_unsupported(&error) => {
                self.unsupported.push(what);
                Ok(T::default())
            }
            Err(error) => Err(error),
        }
    }
}

/// Not every class of log group, and not every endpoint, has everything.
fn is_unsupported(error: &Error) -> bool {
    matches!(
        error.code.as_deref(),
        Some(
            "InvalidOperationException"
                | "UnknownOperationException"
                | "OperationAbortedException"
                | "ValidationException"
                | "InvalidParameterException"
        )
    ) || error.status.is_some_and(|status| matches!(status, 404 | 405 | 501))
}

async fn streams(cx: &Call<CloudWatch>, group: &str) -> Result<Vec<String>> {
    let request = cx.client().logs.describe_log_streams().log_group_name(group);
    let page = request.order_by(OrderBy::LastEventTime).descending(true).limit(5).send().await?;
    let streams = page.log_streams.unwrap_or_default().into_iter().map(|stream| {
        let last = stream.last_event_timestamp.map(|millis| format!(" {}", to_millisecond(millis)));
        format!("{}{}", stream.log_stream_name.unwrap_or_default(), last.unwrap_or_default())
    });
    Ok(streams.collect())
}

async fn metric_filters(cx: &Call<CloudWatch>, group: &str) -> Result<Vec<Metrics>> {
    let request = cx.client().logs.describe_metric_filters().log_group_name(group);
    let filters: Vec<MetricFilter> = request.into_paginator().items().send().try_collect().await?;
    Ok(filters.into_iter().map(Metrics::new).collect())
}

async fn subscriptions(cx: &Call<CloudWatch>, group: &str) -> Result<Vec<Subscription>> {
    let request = cx.client().logs.describe_subscription_filters().log_group_name(group);
    let filters: Vec<SubscriptionFilter> = request.into_paginator().items().send().try_collect().await?;
    Ok(filters.into_iter().map(Subscription::new).collect())
}

async fn fields(cx: &Call<CloudWatch>, group: &str) -> Result<Vec<String>> {
    let page = cx.client().logs.get_log_group_fields().log_group_name(group).send().await?;
    let fields = page.log_group_fields.unwrap_or_default().into_iter();
    Ok(fields.map(|field| format!("{} {}%", field.name.unwrap_or_default(), field.percent)).collect())
}

async fn indexes(cx: &Call<CloudWatch>, group: &str) -> Result<Vec<String>> {
    let (mut found, mut token) = (Vec::new(), None);
    loop {
        let request = cx.client().logs.describe_index_policies().log_group_identifiers(group);
        let page = request.set_next_token(token).send().await?;
        for policy in page.index_policies.unwrap_or_default() {
            found.extend(policy_fields(policy.policy_document().unwrap_or_default()));
        }
        token = page.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            return Ok(found);
        }
    }
}

/// The kinds of data that the group's own policy hides; none where it has no policy.
async fn protection(cx: &Call<CloudWatch>, group: &str) -> Result<Option<String>> {
    let policy = cx.client().logs.get_data_protection_policy().log_group_identifier(group).send().await;
    match policy.map_err(Error::from) {
        Ok(policy) => Ok(policy.policy_document.as_deref().map(protected)),
        Err(error) if error.kind == Kind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[derive(Default)]
struct Anomalies {
    detectors: Option<usize>,
    found: Vec<Anomaly>,
}

async fn anomalies(cx: &Call<CloudWatch>, arn: &str) -> Result<Anomalies> {
    const SHOWN: i32 = 10;
    let logs = &cx.client().logs;
    let page = logs.list_log_anomaly_detectors().filter_log_group_arn(arn).send().await?;
    let detectors = page.anomaly_detectors.unwrap_or_default();
    let mut found = Vec::new();
    for detector in &detectors {
        let request = logs.list_anomalies().set_anomaly_detector_arn(detector.anomaly_detector_arn.clone());
        let page = request.suppression_state(SuppressionState::Unsuppressed).limit(SHOWN).send().await?;
        found.extend(page.anomalies.unwrap_or_default().into_iter().map(|anomaly| Anomaly {
            pattern: anomaly.pattern_string,
            priority: anomaly.priority,
            first_seen: to_millisecond(anomaly.first_seen),
            last_seen: to_millisecond(anomaly.last_seen),
            description: anomaly.description,
        }));
    }
    Ok(Anomalies { detectors: Some(detectors.len()), found })
}

impl Metrics {
    fn new(filter: MetricFilter) -> Self {
        let metrics = filter.metric_transformations.unwrap_or_default().into_iter();
        Metrics {
            name: filter.filter_name.unwrap_or_default(),
            pattern: filter.filter_pattern.unwrap_or_default(),
            metrics: metrics
                .map(|metric| {
                    format!("{} {} = {}", metric.metric_namespace, metric.metric_name, metric.metric_value)
                })
                .collect(),
        }
    }
}

impl Subscription {
    fn new(filter: SubscriptionFilter) -> Self {
        Subscription {
            name: filter.filter_name.unwrap_or_default(),
            pattern: filter.filter_pattern.unwrap_or_default(),
            destination: filter.destination_arn.unwrap_or_default(),
        }
    }
}
