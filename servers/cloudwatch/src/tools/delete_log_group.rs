use aws_sdk_cloudwatchlogs::types::OrderBy;
use awsmcp_mcp::{Call, Change, Error, One, Plan, Result, Spec, human_size, unchanged};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{CloudWatch, arns, groups, names::OwnLogGroup};

/// Deletes a log group with all its events, filters and subscriptions, for good.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeleteLogGroup {
    log_group: OwnLogGroup,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Done {
    deleted: String,
}

impl Change for DeleteLogGroup {
    type Service = CloudWatch;
    type Output = One<Done>;
    /// The group as it was looked at, but for its events: a plan that changed with each of them could not be confirmed.
    type Items = Value;
    const SPEC: Spec = Spec::destroy("delete_log_group", "Delete log group")
        .shown_by("list_log_groups")
        .on("*", &["logs:DescribeLogGroups"])
        .on(
            arns::LOG_GROUP,
            &["logs:DescribeLogStreams", "logs:DescribeSubscriptionFilters", "logs:DeleteLogGroup"],
        )
        .names_no_resource()
        .optional();

    async fn plan(&self, cx: &Call<CloudWatch>) -> Result<Plan<Value>> {
        let (plan, seen) = self.look(cx).await?;
        Ok(plan.items(seen))
    }

    async fn apply(self, seen: Value, cx: &Call<CloudWatch>) -> Result<Self::Output> {
        let (_, now) = self.look(cx).await?;
        unchanged(&format!("the log group {}", self.log_group), &seen, &now)?;
        cx.client().logs.delete_log_group().log_group_name(self.log_group.name()).send().await?;
        Ok(One(Done { deleted: self.log_group.to_string() }))
    }
}

impl DeleteLogGroup {
    /// What deleting it would do, and what it is now.
    async fn look(&self, cx: &Call<CloudWatch>) -> Result<(Plan, Value)> {
        let group = groups::describe(cx, &self.log_group).await?;
        let name = self.log_group.name();
        if group.deletion_protection_enabled == Some(true) {
            return Err(Error::conflict(format!("{name} is protected against deletion"))
                .with_next("set_log_group with deletion_protection off lifts that, if the user wants it"));
        }
        let logs = &cx.client().logs;
        let latest = logs.describe_log_streams().log_group_name(name).order_by(OrderBy::LastEventTime);
        let (latest, subscriptions) = tokio::join!(
            latest.descending(true).limit(1).send(),
            logs.describe_subscription_filters().log_group_name(name).send(),
        );
        let latest = latest?.log_streams.unwrap_or_default().into_iter().next();
        let latest = latest.and_then(|stream| stream.last_event_timestamp);
        let size = group.stored_bytes.and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or(0);
        // To the day: a plan that changed with every event of a group in use could not be confirmed.
        let last = latest
            .map_or("it has no events".to_owned(), |at| format!("the last event is of {}", groups::day(at)));
        let mut plan = Plan::new(format!("delete the log group {name}, {}; {last}", human_size(size)));
        let mut readers = Vec::new();
        for subscription in subscriptions?.subscription_filters.unwrap_or_default() {
            let to = subscription.destination_arn.unwrap_or_default();
            plan = plan.warning(format!("its subscription to {to} ends"));
            readers.push(to);
        }
        if let Some(filters) = group.metric_filter_count.filter(|count| *count > 0) {
            plan = plan.warning(format!(
                "{filters} metric filters go too: alarms on their metrics get no more data"
            ));
        }
        Ok((plan, json!([group.arn, group.creation_time, group.metric_filter_count, readers])))
    }
}
