//! A subscription: what matches is sent elsewhere.

use aws_sdk_cloudwatchlogs::types::SubscriptionFilter;
use awsmcp_mcp::{Call, Error, Result};
use schemars::JsonSchema;
use serde::Deserialize;

use super::steps::{Setting, Steps};
use crate::{CloudWatch, quoting};

/// Sends what matches elsewhere.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Subscription {
    name: String,
    pattern: Option<String>,
    /// A Lambda function, Kinesis or Firehose stream.
    destination_arn: Option<String>,
    role_arn: Option<String>,
    #[serde(default)]
    remove: bool,
}

impl Subscription {
    /// The subscription of that name, if there is one.
    pub(super) async fn existing(
        &self,
        cx: &Call<CloudWatch>,
        group: &str,
    ) -> Result<Option<SubscriptionFilter>> {
        let request = cx.client().logs.describe_subscription_filters().log_group_name(group);
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
            return Err(Error::not_found(format!("{group} has no subscription {}", self.name))
                .with_next("log_group_detail shows them"));
        }
        Ok(found)
    }

    /// What becomes of it: nothing where it is so already.
    pub(super) fn step(&self, now: Option<&SubscriptionFilter>, steps: &mut Steps) -> Result<()> {
        let before = now.map(words).unwrap_or_default();
        let after = if self.remove { "removed".to_owned() } else { words(&self.over(now)?) };
        if before == after {
            return Ok(());
        }
        if !before.is_empty() {
            steps.ask("what was sent there so far is sent there no more".to_owned());
        }
        steps.add(Setting::Subscription, before, after);
        Ok(())
    }

    /// What it becomes: the one there is, with what the call names.
    fn over(&self, before: Option<&SubscriptionFilter>) -> Result<SubscriptionFilter> {
        let mut filter = before.cloned().unwrap_or_else(|| SubscriptionFilter::builder().build());
        filter.filter_pattern =
            self.pattern.clone().or(filter.filter_pattern).or_else(|| Some(String::new()));
        filter.destination_arn = self.destination_arn.clone().or(filter.destination_arn);
        filter.role_arn = self.role_arn.clone().or(filter.role_arn);
        if filter.destination_arn.is_none() {
            return Err(Error::invalid("a new `subscription` needs a `destination_arn`"));
        }
        Ok(filter)
    }

    pub(super) async fn put(
        &self,
        cx: &Call<CloudWatch>,
        group: &str,
        before: Option<&SubscriptionFilter>,
    ) -> Result<()> {
        let logs = &cx.client().logs;
        if self.remove {
            logs.delete_subscription_filter().log_group_name(group).filter_name(&self.name).send().await?;
            return Ok(());
        }
        let filter = self.over(before)?;
        let request = logs.put_subscription_filter().log_group_name(group).filter_name(&self.name);
        request
            .set_filter_pattern(filter.filter_pattern)
            .set_destination_arn(filter.destination_arn)
            .set_role_arn(filter.role_arn)
            .set_distribution(filter.distribution)
            .set_apply_on_transformed_logs(Some(filter.apply_on_transformed_logs).filter(|applies| *applies))
            .set_field_selection_criteria(filter.field_selection_criteria)
            .set_emit_system_fields(filter.emit_system_fields)
            .send()
            .await
            .map_err(|error| quoting::explain(error.into(), self.pattern.as_deref()))?;
        Ok(())
    }
}

/// A subscription in a line, with all that AWS keeps of it.
pub(super) fn words(subscription: &SubscriptionFilter) -> String {
    let pattern = subscription.filter_pattern().unwrap_or_default();
    let mut words = format!("{pattern} to {}", subscription.destination_arn().unwrap_or_default());
    if let Some(role) = subscription.role_arn() {
        words.push_str(&format!(" as {role}"));
    }
    if let Some(distribution) = &subscription.distribution {
        words.push_str(&format!(", {}", distribution.as_str()));
    }
    if subscription.apply_on_transformed_logs {
        words.push_str(", of transformed logs");
    }
    if let Some(criteria) = subscription.field_selection_criteria() {
        words.push_str(&format!(", where {criteria}"));
    }
    if !subscription.emit_system_fields().is_empty() {
        words.push_str(&format!(", with {}", subscription.emit_system_fields().join(" and ")));
    }
    words
}
