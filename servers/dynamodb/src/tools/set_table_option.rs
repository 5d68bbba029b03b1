use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::{
    ContributorInsightsAction, PointInTimeRecoverySpecification, PointInTimeRecoveryStatus, Tag,
    TimeToLiveSpecification,
};
use awsmcp_mcp::{Call, Change, Error, Kind, One, Plan, Result, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{DynamoDb, arns, blueprint::failed, moved::moved, names::TableName, table, value::Item};

/// Sets TTL, point-in-time recovery, tags, resource policy or contributor insights of a table.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetTableOption {
    table: TableName,
    /// The attribute with the second (Unix time) when an item may go; "" turns TTL off.
    ttl_attribute: Option<String>,
    pitr: Option<bool>,
    #[schemars(range(min = 1, max = 35))]
    pitr_days: Option<i32>,
    tags: Option<BTreeMap<String, String>>,
    #[serde(default)]
    remove_tags: Vec<String>,
    policy: Option<Item>,
    #[serde(default)]
    remove_policy: bool,
    /// Which keys are read and written most.
    insights: Option<bool>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Done {
    table: String,
    set: Vec<&'static str>,
}

/// What is set now, of that which shall be set.
#[derive(Debug, Default, PartialEq, Serialize)]
pub(crate) struct Seen {
    arn: String,
    /// The attribute that TTL goes by.
    ttl: Option<String>,
    recovery: Option<Recovery>,
    policy: Option<Policy>,
}

/// How point-in-time recovery stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
struct Recovery {
    on: bool,
    days: Option<i32>,
}

/// A resource policy with AWS's own number of its state.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Policy {
    text: Value,
    revision: Option<String>,
}

impl Change for SetTableOption {
    type Service = DynamoDb;
    type Output = One<Done>;
    type Items = Seen;
    const SPEC: Spec = Spec::write("set_table_option", "Set table option")
        .shown_by("describe_table")
        .on(arns::TABLE, &["dynamodb:DescribeTable"])
        .when("ttl_attribute")
        .on(arns::TABLE, &["dynamodb:DescribeTimeToLive", "dynamodb:UpdateTimeToLive"])
        .when("pitr")
        .on(arns::TABLE, &["dynamodb:DescribeContinuousBackups", "dynamodb:UpdateContinuousBackups"])
        .when("tags")
        .on(arns::TABLE, &["dynamodb:TagResource"])
        .when("remove_tags")
        .on(arns::TABLE, &["dynamodb:UntagResource"])
        .when("policy")
        .on(arns::TABLE, &["dynamodb:GetResourcePolicy", "dynamodb:PutResourcePolicy"])
        .when("remove_policy")
        .on(arns::TABLE, &["dynamodb:GetResourcePolicy", "dynamodb:DeleteResourcePolicy"])
        .when("insights")
        .on(arns::TABLE, &["dynamodb:UpdateContributorInsights"])
        .idempotent()
        .optional();

    async fn plan(&self, cx: &Call<DynamoDb>) -> Result<Plan<Seen>> {
        self.check()?;
        let seen = self.look(cx).await?;
        let mut plan = Plan::new(format!("set {} of {}", self.names().join(", "), self.table));
        let mut ask = false;
        if let Some(wanted) = &self.ttl_attribute {
            let old = seen.ttl.as_deref().unwrap_or("off");
            let new = if wanted.is_empty() { "off" } else { wanted };
            plan = plan.row(json!({"option": "ttl", "now": old, "wanted": new}));
            if let Some(other) = seen.ttl.as_ref().filter(|now| !wanted.is_empty() && *now != wanted) {
                return Err(Error::conflict(format!(
                    "TTL goes by {other} now, and DynamoDB changes it only in two steps"
                ))
                .with_next("turn it off first, with ttl_attribute \"\"; an hour later it can be set anew"));
            }
            if !wanted.is_empty() {
                plan = plan.warning(format!(
                    "items whose {wanted} is a Unix time in the past are deleted, within days, by DynamoDB"
                ));
                ask = true;
            }
        }
        if let Some(on) = self.pitr {
            let now = seen.recovery.unwrap_or_default();
            let days = |on: bool, days: Option<i32>| match (on, days) {
                (false, _) => json!(false),
                (true, None) => json!(true),
                (true, Some(days)) => json!(format!("{days} days")),
            };
            let wanted = days(on, self.pitr_days.or(now.days));
            plan = plan.row(json!({"option": "pitr", "now": days(now.on, now.days), "wanted": wanted}));
            let fewer = self.pitr_days.zip(now.days).is_some_and(|(wanted, now)| wanted < now);
            if now.on && (!on || fewer) {
                plan = plan.warning(match on {
                    true => "what could be restored from the days before cannot be any more",
                    false => {
                        "what could be restored so far cannot be any more, even if it is turned on again"
                    }
                });
                ask = true;
            }
        }
        if let Some(tags) = &self.tags {
            plan = plan.row(json!({"option": "tags", "wanted": tags}));
        }
        if !self.remove_tags.is_empty() {
            plan = plan.row(json!({"option": "remove_tags", "wanted": self.remove_tags}));
        }
        if self.policy.is_some() || self.remove_policy {
            let new = self.policy.as_ref().map(|policy| Value::Object(policy.0.clone()));
            plan = plan.difference(seen.policy.as_ref().map(|policy| &policy.text), new.as_ref());
            plan = plan
                .warning("a resource policy decides who of other accounts, and who here, may use the table");
            ask = true;
        }
        if let Some(on) = self.insights {
            plan = plan.row(json!({"option": "insights", "wanted": on}));
            if on {
                plan = plan.warning("contributor insights are billed by events");
            }
        }
        let plan = if ask { plan.ask() } else { plan };
        Ok(plan.items(seen))
    }

    async fn apply(self, seen: Seen, cx: &Call<DynamoDb>) -> Result<Self::Output> {
        // Only for policies AWS takes a condition.
        if self.look(cx).await? != seen {
            return Err(moved(&format!("what is set of {}", self.table)));
        }
        let mut set = Vec::new();
        for option in self.names() {
            self.put(cx, option, &seen).await.map_err(|mut error: Error| {
                let before =
                    if set.is_empty() { String::new() } else { format!("; set before: {}", set.join(", ")) };
                error.message = format!("{option}: {}{before}", error.message);
                error
            })?;
            set.push(option);
        }
        Ok(One(Done { table: self.table.to_string(), set }))
    }
}

impl SetTableOption {
    /// What is to be set, in order.
    fn names(&self) -> Vec<&'static str> {
        let all = [
            ("ttl", self.ttl_attribute.is_some()),
            ("pitr", self.pitr.is_some()),
            ("tags", self.tags.is_some()),
            ("remove_tags", !self.remove_tags.is_empty()),
            ("policy", self.policy.is_some()),
            ("remove_policy", self.remove_policy),
            ("insights", self.insights.is_some()),
        ];
        all.into_iter().filter(|(_, given)| *given).map(|(name, _)| name).collect()
    }

    fn check(&self) -> Result<()> {
        if self.names().is_empty() {
            return Err(Error::invalid("nothing to set")
                .with_next("good ones are \"ttl_attribute\": \"expires_at\", \"pitr\": true, \"tags\": {\"team\": \"web\"}"));
        }
        if self.policy.is_some() && self.remove_policy {
            return Err(Error::invalid("give `policy` or `remove_policy`, not both"));
        }
        if self.pitr_days.is_some() && self.pitr != Some(true) {
            return Err(Error::invalid("`pitr_days` goes with `pitr: true`"));
        }
        Ok(())
    }

    /// What is set now.
    async fn look(&self, cx: &Call<DynamoDb>) -> Result<Seen> {
        let found = table::describe(cx, &self.table).await?;
        let arn = found.table_arn.ok_or_else(|| Error::internal("AWS named no ARN of the table"))?;
        let ttl = match self.ttl_attribute {
            Some(_) => self.ttl(cx).await?,
            None => None,
        };
        let recovery = match self.pitr {
            Some(_) => Some(self.recovery(cx).await?),
            None => None,
        };
        let policy = match self.policy.is_some() || self.remove_policy {
            true => present_policy(cx, &arn).await?,
            false => None,
        };
        Ok(Seen { arn, ttl, recovery, policy })
    }

    /// The attribute that TTL goes by.
    async fn ttl(&self, cx: &Call<DynamoDb>) -> Result<Option<String>> {
        let out = cx.client().db.describe_time_to_live().table_name(self.table.as_str()).send().await?;
        let ttl = out.time_to_live_description;
        let on = ttl
            .as_ref()
            .and_then(|ttl| ttl.time_to_live_status())
            .is_some_and(|it| it.as_str().starts_with("ENABL"));
        Ok(ttl.and_then(|ttl| ttl.attribute_name).filter(|_| on))
    }

    async fn recovery(&self, cx: &Call<DynamoDb>) -> Result<Recovery> {
        let out = cx.client().db.describe_continuous_backups().table_name(self.table.as_str()).send().await?;
        let found = out.continuous_backups_description.and_then(|it| it.point_in_time_recovery_description);
        let on = found.as_ref().and_then(|it| it.point_in_time_recovery_status.as_ref())
            == Some(&PointInTimeRecoveryStatus::Enabled);
        Ok(Recovery { on, days: found.and_then(|it| it.recovery_period_in_days).filter(|_| on) })
    }

    async fn put(&self, cx: &Call<DynamoDb>, option: &str, seen: &Seen) -> Result<()> {
        let (db, name, arn) = (&cx.client().db, self.table.as_str(), seen.arn.as_str());
        match option {
            "ttl" => self.put_ttl(cx, seen.ttl.as_ref()).await?,
            "pitr" => {
                let on = self.pitr.unwrap_or(false);
                // What is not named stays as it is: AWS takes its own 35 days where none are given.
                let days = self.pitr_days.or(seen.recovery.and_then(|now| now.days)).filter(|_| on);
                let wanted = PointInTimeRecoverySpecification::builder()
                    .point_in_time_recovery_enabled(on)
                    .set_recovery_period_in_days(days)
                    .build()
                    .map_err(failed)?;
                let request = db.update_continuous_backups().table_name(name);
                request.point_in_time_recovery_specification(wanted).send().await?;
            }
            "tags" => {
                let tags = self.tags.iter().flatten();
                let tags =
                    tags.map(|(key, value)| Tag::builder().key(key).value(value).build().map_err(failed));
                let tags = tags.collect::<Result<Vec<_>>>()?;
                db.tag_resource().resource_arn(arn).set_tags(Some(tags)).send().await?;
            }
            "remove_tags" => {
                let keys = Some(self.remove_tags.clone());
                db.untag_resource().resource_arn(arn).set_tag_keys(keys).send().await?;
            }
            "policy" => {
                let policy = json!(self.policy).to_string();
                let request = db.put_resource_policy().resource_arn(arn).policy(policy);
                // The word is AWS's own.
                let none = seen.policy.is_none().then(|| "NO_POLICY".to_owned());
                request.set_expected_revision_id(none.or_else(|| revision(seen))).send().await?;
            }
            "remove_policy" => {
                let request = db.delete_resource_policy().resource_arn(arn);
                request.set_expected_revision_id(revision(seen)).send().await?;
            }
            _ => {
                let action = match self.insights {
                    Some(true) => ContributorInsightsAction::Enable,
                    _ => ContributorInsightsAction::Disable,
                };
                let request = db.update_contributor_insights().table_name(name);
                request.contributor_insights_action(action).send().await?;
            }
        }
        Ok(())
    }

    async fn put_ttl(&self, cx: &Call<DynamoDb>, now: Option<&String>) -> Result<()> {
        let wanted = self.ttl_attribute.clone().unwrap_or_default();
        let (enabled, attribute) = match (wanted.is_empty(), now) {
            // It is as it shall be.
            (true, None) => return Ok(()),
            (false, Some(now)) if *now == wanted => return Ok(()),
            (true, Some(now)) => (false, now.clone()),
            (false, _) => (true, wanted),
        };
        let wanted = TimeToLiveSpecification::builder()
            .enabled(enabled)
            .attribute_name(attribute)
            .build()
            .map_err(failed)?;
        let request = cx.client().db.update_time_to_live().table_name(self.table.as_str());
        request.time_to_live_specification(wanted).send().await?;
        Ok(())
    }
}

/// AWS's number of the policy that was seen.
fn revision(seen: &Seen) -> Option<String> {
    seen.policy.as_ref().and_then(|policy| policy.revision.clone())
}

async fn present_policy(cx: &Call<DynamoDb>, arn: &str) -> Result<Option<Policy>> {
    match cx.client().db.get_resource_policy().resource_arn(arn).send().await.map_err(Error::from) {
        Ok(out) => Ok(out.policy.map(|text| Policy {
            text: serde_json::from_str(&text).unwrap_or(Value::String(text)),
            revision: out.revision_id,
        })),
        Err(error) if error.kind == Kind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
