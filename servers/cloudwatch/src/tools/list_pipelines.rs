use std::collections::HashMap;

use aws_sdk_cloudwatch::types::MetricStreamFilter;
use aws_sdk_cloudwatchlogs::types::{DataProtectionStatus, DeliverySource, PolicyType};
use awsmcp_mcp::{Call, Error, Kind, Page, Result, Spec, Tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{CloudWatch, arns};

/// Lists what sends metrics and logs elsewhere, hides parts of logs or watches them: metric streams, log deliveries, data
/// protection, anomaly detectors.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListPipelines {
    kind: What,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum What {
    MetricStreams,
    Deliveries,
    DataProtection,
    AnomalyDetectors,
}

#[derive(Default, Serialize, JsonSchema)]
pub(crate) struct Row {
    name: String,
    state: Option<String>,
    from: Option<String>,
    to: Option<String>,
    /// What it takes and what it leaves out.
    detail: Option<String>,
}

impl Tool for ListPipelines {
    type Service = CloudWatch;
    type Output = Page<Row>;
    const SPEC: Spec = Spec::read("list_pipelines", "List pipelines")
        .when("kind=metric_streams")
        .on("*", &["cloudwatch:ListMetricStreams"])
        .on(arns::METRIC_STREAM, &["cloudwatch:GetMetricStream"])
        .when("kind=deliveries")
        .on(
            "*",
            &["logs:DescribeDeliveries", "logs:DescribeDeliverySources", "logs:DescribeDeliveryDestinations"],
        )
        .when("kind=data_protection")
        .on("*", &["logs:DescribeLogGroups", "logs:DescribeAccountPolicies"])
        .when("kind=anomaly_detectors")
        .on("*", &["logs:ListLogAnomalyDetectors"])
        .names_no_resource()
        .regional()
        .optional();

    async fn call(self, cx: &Call<CloudWatch>) -> Result<Self::Output> {
        let rows = match self.kind {
            What::MetricStreams => metric_streams(cx).await?,
            What::Deliveries => deliveries(cx).await?,
            What::DataProtection => data_protection(cx).await?,
            What::AnomalyDetectors => anomaly_detectors(cx).await?,
        };
        if rows.is_empty() {
            cx.note(format!("none in {}, all pages read", cx.region()));
        }
        Ok(cx.page(rows, None))
    }
}

/// Whether the operator's list holds something.
fn is_held(asked: Result<()>) -> Result<bool> {
    match asked {
        Ok(()) => Ok(true),
        Err(error) if error.kind == Kind::Refused => Ok(false),
        Err(error) => Err(error),
    }
}

async fn metric_streams(cx: &Call<CloudWatch>) -> Result<Vec<Row>> {
    const ACTION: &str = "cloudwatch:GetMetricStream";
    let mut pages = cx.client().metrics.list_metric_streams().into_paginator().send();
    let mut rows = Vec::new();
    while let Some(page) = pages.next().await {
        for entry in page?.entries.unwrap_or_default() {
            let name = entry.name.unwrap_or_default();
            if !is_held(cx.may(ACTION, arns::EACH_METRIC_STREAM, &[("name", &name)]).await)? {
                continue;
            }
            let stream = cx.client().metrics.get_metric_stream().name(&name).send().await?;
            let filters = |filters: &[MetricStreamFilter]| {
                let words = filters.iter().map(|filter| {
                    let names = filter.metric_names().join(", ");
                    let names = if names.is_empty() { names } else { format!(" ({names})") };
                    format!("{}{names}", filter.namespace().unwrap_or_default())
                });
                words.collect::<Vec<_>>().join(", ")
            };
            let mut detail = match (stream.include_filters(), stream.exclude_filters()) {
                ([], []) => "all metrics".to_owned(),
                ([], excluded) => format!("all metrics but {}", filters(excluded)),
                (included, []) => format!("only {}", filters(included)),
                (included, excluded) => format!("only {}, but {}", filters(included), filters(excluded)),
            };
            if stream.include_linked_accounts_metrics == Some(true) {
                detail.push_str("; of linked accounts too");
            }
            if !stream.statistics_configurations().is_empty() {
                detail.push_str("; with more statistics of some");
            }
            if let Some(format) = &stream.output_format {
                detail.push_str(&format!("; as {}", format.as_str()));
            }
            rows.push(Row {
                name,
                state: stream.state,
                from: None,
                to: stream.firehose_arn,
                detail: Some(detail),
            });
        }
    }
    Ok(rows)
}

async fn deliveries(cx: &Call<CloudWatch>) -> Result<Vec<Row>> {
    let logs = &cx.client().logs;
    let mut sources: HashMap<String, DeliverySource> = HashMap::new();
    let mut pages = logs.describe_delivery_sources().into_paginator().items().send();
    while let Some(source) = pages.next().await {
        let source = source?;
        sources.insert(source.name.clone().unwrap_or_default(), source);
    }
    let mut targets: HashMap<String, String> = HashMap::new();
    let mut pages = logs.describe_delivery_destinations().into_paginator().items().send();
    while let Some(destination) = pages.next().await {
        let destination = destination?;
        let settings = destination.delivery_destination_configuration;
        let target = settings.map(|settings| settings.destination_resource_arn);
        targets.insert(destination.arn.unwrap_or_default(), target.unwrap_or_default());
    }
    let mut rows = Vec::new();
    let mut pages = logs.describe_deliveries().into_paginator().items().send();
    while let Some(delivery) = pages.next().await {
        let delivery = delivery?;
        if !is_held(cx.may_on("logs:DescribeDeliveries", delivery.arn().unwrap_or_default()))? {
            continue;
        }
        let source = sources.remove(delivery.delivery_source_name().unwrap_or_default());
        let mut detail: Vec<String> = Vec::new();
        detail.extend(source.as_ref().and_then(|source| source.log_type.clone()));
        if !delivery.record_fields().is_empty() {
            detail.push(format!("only the fields {}", delivery.record_fields().join(", ")));
        }
        let destination = delivery.delivery_destination_arn.unwrap_or_default();
        let target = targets.get(&destination).filter(|target| !target.is_empty()).cloned();
        rows.push(Row {
            name: delivery.id.unwrap_or_default(),
            state: source
                .as_ref()
                .and_then(|source| source.status.as_ref())
                .map(|status| status.as_str().to_lowercase()),
            from: source
                .as_ref()
                .map(|source| source.resource_arns().join(", "))
                .or(delivery.delivery_source_name),
            to: target.or(Some(destination)),
            detail: Some(detail.join("; ")).filter(|detail| !detail.is_empty()),
        });
        // Several deliveries may have one source.
        if let Some(source) = source {
            sources.insert(source.name.clone().unwrap_or_default(), source);
        }
    }
    Ok(rows)
}

async fn data_protection(cx: &Call<CloudWatch>) -> Result<Vec<Row>> {
    let logs = &cx.client().logs;
    let mut rows = Vec::new();
    // A policy of the account is over every group, also those that the operator's list does not hold.
    if is_held(cx.may("logs:DescribeAccountPolicies", arns::EACH_LOG_GROUP, &[("name", "*")]).await)? {
        let mut token = None;
        loop {
            let request = logs.describe_account_policies().policy_type(PolicyType::DataProtectionPolicy);
            let page = request.set_next_token(token).send().await?;
            rows.extend(page.account_policies.unwrap_or_default().into_iter().map(|policy| Row {
                name: policy.policy_name.unwrap_or_default(),
                from: Some("every log group of the account".to_owned()),
                detail: policy.policy_document.as_deref().map(protected),
                ..Row::default()
            }));
            token = page.next_token.filter(|token| !token.is_empty());
            if token.is_none() {
                break;
            }
        }
    }
    let mut pages = logs.describe_log_groups().into_paginator().items().send();
    while let Some(group) = pages.next().await {
        let group = group.map_err(Error::from)?;
        let name = group.log_group_name.unwrap_or_default();
        let Some(status) = group.data_protection_status else { continue };
        let is_none = status == DataProtectionStatus::Deleted;
        if is_none
            || !is_held(cx.may("logs:DescribeLogGroups", arns::EACH_LOG_GROUP, &[("name", &name)]).await)?
        {
            continue;
        }
        let detail = Some("log_group_detail shows what it hides".to_owned());
        rows.push(Row {
            from: Some(name.clone()),
            name,
            state: Some(status.as_str().to_lowercase()),
            to: None,
            detail,
        });
    }
    Ok(rows)
}

/// The kinds of data that a policy of data protection looks for, by the last part of their names.
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch-logs-data-protection-policies.html>
pub(crate) fn protected(document: &str) -> String {
    let policy: serde_json::Value = serde_json::from_str(document).unwrap_or_default();
    let statements = policy.get("Statement").and_then(|it| it.as_array()).into_iter().flatten();
    let kinds = statements
        .filter_map(|statement| statement.get("DataIdentifier")?.as_array())
        .flatten()
        .filter_map(|kind| kind.as_str())
        .map(|kind| kind.rsplit('/').next().unwrap_or(kind));
    let mut words: Vec<&str> = Vec::new();
    for kind in kinds {
        // An audit and a masking statement name the same.
        if !words.contains(&kind) {
            words.push(kind);
        }
    }
    if words.is_empty() { "a policy that names no kind of data".to_owned() } else { words.join(", ") }
}

async fn anomaly_detectors(cx: &Call<CloudWatch>) -> Result<Vec<Row>> {
    let mut pages = cx.client().logs.list_log_anomaly_detectors().into_paginator().items().send();
    let mut rows = Vec::new();
    while let Some(detector) = pages.next().await {
        let detector = detector?;
        // It tells of the groups it watches: all of them must be held by the list.
        let mut held = true;
        for arn in detector.log_group_arn_list() {
            let arn = format!("{}:*", arn.trim_end_matches(":*"));
            held &= is_held(cx.may_on("logs:ListLogAnomalyDetectors", &arn))?;
        }
        if !held {
            continue;
        }
        let groups: Vec<&str> = detector
            .log_group_arn_list()
            .iter()
            .map(|arn| {
                arn.split_once(":log-group:").map_or(arn.as_str(), |(_, name)| name.trim_end_matches(":*"))
            })
            .collect();
        let mut detail: Vec<String> = Vec::new();
        detail
            .extend(detector.evaluation_frequency.as_ref().map(|often| format!("looks {}", often.as_str())));
        detail.extend(detector.filter_pattern().map(|pattern| format!("only {pattern}")));
        rows.push(Row {
            name: detector.detector_name().or(detector.anomaly_detector_arn()).unwrap_or_default().to_owned(),
            state: detector.anomaly_detector_status.as_ref().map(|status| status.as_str().to_lowercase()),
            from: Some(groups.join(", ")),
            to: None,
            detail: Some(detail.join("; ")).filter(|detail| !detail.is_empty()),
        });
    }
    Ok(rows)
}
