mod filter;
mod index;
mod steps;
mod subscription;

use aws_sdk_cloudwatchlogs::types::{LogGroup as Description, MetricFilter, SubscriptionFilter};
use awsmcp_mcp::{Call, Change, Error, Kind, One, Plan, Result, Risk, Spec, unchanged};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use self::{
    filter::Filter,
    steps::{Setting, Steps, partly},
    subscription::Subscription,
};
use crate::{CloudWatch, arns, groups, names::OwnLogGroup, tools::list_log_groups::Class};

/// Creates a log group, or sets its retention, a metric filter, a subscription, indexed fields or deletion protection.
///
/// What deletes logs or stops their flow is confirmed first.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetLogGroup {
    log_group: OwnLogGroup,
    #[serde(default)]
    create: bool,
    /// With `create`.
    class: Option<Class>,
    /// With `create`.
    kms_key: Option<String>,
    /// 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, ...; 0 keeps for ever.
    retention_days: Option<i32>,
    metric_filter: Option<Filter>,
    subscription: Option<Subscription>,
    /// All of them; none removes the index.
    #[schemars(length(max = 20))]
    index_fields: Option<Vec<String>>,
    deletion_protection: Option<Protection>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Protection {
    On,
    Off,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Done {
    log_group: String,
    done: Vec<String>,
}

impl Change for SetLogGroup {
    type Service = CloudWatch;
    type Output = One<Done>;
    /// What the call is about, as it was looked at.
    type Items = Value;
    const SPEC: Spec = Spec::write("set_log_group", "Set log group")
        .shown_by("log_group_detail")
        .on("*", &["logs:DescribeLogGroups"])
        .when("create")
        .on(arns::LOG_GROUP, &["logs:CreateLogGroup"])
        .when("retention_days")
        .on(arns::LOG_GROUP, &["logs:PutRetentionPolicy", "logs:DeleteRetentionPolicy"])
        .when("metric_filter")
        .on(
            arns::LOG_GROUP,
            &["logs:DescribeMetricFilters", "logs:PutMetricFilter", "logs:DeleteMetricFilter"],
        )
        .when("subscription")
        .on(
            arns::LOG_GROUP,
            &[
                "logs:DescribeSubscriptionFilters",
                "logs:PutSubscriptionFilter",
                "logs:DeleteSubscriptionFilter",
            ],
        )
        .when("index_fields")
        // IAM knows no resource of these three: they are granted on all groups or not at all.
        .on("*", &["logs:DescribeIndexPolicies", "logs:PutIndexPolicy", "logs:DeleteIndexPolicy"])
        .when("deletion_protection")
        .on(arns::LOG_GROUP, &["logs:PutLogGroupDeletionProtection"])
        .names_no_resource()
        .optional()
        .idempotent();

    async fn plan(&self, cx: &Call<CloudWatch>) -> Result<Plan<Value>> {
        self.check()?;
        let now = self.current(cx).await?;
        let steps = self.steps(cx, &now)?;
        let mut plan = Plan::new(match (&now.group, self.create) {
            (None, true) => format!("create the log group {}", self.log_group),
            _ if steps.all.is_empty() => {
                format!("leave the log group {} as it is: nothing changes", self.log_group)
            }
            _ => format!("change the log group {}", self.log_group),
        });
        for step in steps.all {
            plan = plan.row(json!({"setting": step.setting.name(), "now": step.before, "then": step.after}));
        }
        plan = steps.warnings.into_iter().fold(plan, Plan::warning);
        if steps.asks {
            plan = plan.ask();
        }
        Ok(plan.items(now.state()))
    }

    async fn apply(self, seen: Value, cx: &Call<CloudWatch>) -> Result<Self::Output> {
        let now = self.current(cx).await?;
        unchanged(&format!("the log group {}", self.log_group), &seen, &now.state())?;
        let steps = self.steps(cx, &now)?.all;
        for (at, step) in steps.iter().enumerate() {
            self.put(cx, step.setting, &now).await.map_err(|error| partly(error, &steps, at))?;
        }
        let done = steps.into_iter().map(|step| format!("{}: {}", step.setting.name(), step.after));
        Ok(One(Done { log_group: self.log_group.name().to_owned(), done: done.collect() }))
    }
}

/// What there is, of what the call is about.
struct Current {
    group: Option<Description>,
    filter: Option<MetricFilter>,
    subscription: Option<SubscriptionFilter>,
    /// The index policy of the group itself, as AWS keeps it.
    index: Option<Value>,
}

impl Current {
    fn retention(&self) -> Option<i32> {
        self.group.as_ref().and_then(|group| group.retention_in_days)
    }

    fn is_protected(&self) -> bool {
        self.group.as_ref().and_then(|group| group.deletion_protection_enabled).unwrap_or(false)
    }

    fn state(&self) -> Value {
        json!([
            self.group.as_ref().map(|group| group.creation_time),
            self.retention(),
            self.is_protected(),
            self.filter.as_ref().map(|filter| (filter.creation_time, filter::words(filter))),
            self.subscription.as_ref().map(|filter| (filter.creation_time, subscription::words(filter))),
            self.index,
        ])
    }
}

impl SetLogGroup {
    fn check(&self) -> Result<()> {
        const DAYS: [i32; 23] = [
            0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
            3288, 3653,
        ];
        if let Some(days) = self.retention_days.filter(|days| !DAYS.contains(days)) {
            let near = DAYS.into_iter().min_by_key(|known| (known - days).abs()).unwrap_or(30);
            return Err(Error::invalid(format!(
                "logs cannot be kept for {days} days; the nearest that can is {near}"
            )));
        }
        if !self.create && (self.class.is_some() || self.kms_key.is_some()) {
            return Err(Error::invalid(
                "`class` and `kms_key` are of `create`: they cannot be changed later",
            ));
        }
        let asks = self.create
            || self.retention_days.is_some()
            || self.metric_filter.is_some()
            || self.subscription.is_some()
            || self.index_fields.is_some()
            || self.deletion_protection.is_some();
        if asks {
            Ok(())
        } else {
            Err(Error::invalid("give at least one thing to set, such as `retention_days`"))
        }
    }

    async fn current(&self, cx: &Call<CloudWatch>) -> Result<Current> {
        let group = match groups::describe(cx, &self.log_group).await {
            Ok(_) if self.create => {
                let next = "leave `create` out to change it";
                return Err(Error::conflict(format!("the log group {} exists already", self.log_group))
                    .with_next(next));
            }
            Ok(group) => Some(group),
            Err(error) if error.kind == Kind::NotFound && self.create => None,
            Err(error) => return Err(error),
        };
        let mut current = Current { group, filter: None, subscription: None, index: None };
        if current.group.is_none() {
            return Ok(current);
        }
        let name = self.log_group.name();
        if let Some(filter) = &self.metric_filter {
            current.filter = filter.existing(cx, name).await?;
        }
        if let Some(subscription) = &self.subscription {
            current.subscription = subscription.existing(cx, name).await?;
        }
        if self.index_fields.is_some() {
            current.index = index::existing(cx, name).await?;
        }
        Ok(current)
    }

    /// What becomes of each setting, what to warn of, and whether to ask first.
    fn steps(&self, cx: &Call<CloudWatch>, now: &Current) -> Result<Steps> {
        let mut steps = Steps::default();
        if self.create {
            let class = self.class.map_or("standard".to_owned(), |class| class.sdk().as_str().to_lowercase());
            steps.add(Setting::Group, String::new(), class);
        }
        if let Some(days) = self.retention_days {
            self.keep(cx, days, now, &mut steps)?;
        }
        if let Some(filter) = &self.metric_filter {
            filter.step(now.filter.as_ref(), &mut steps)?;
        }
        if let Some(subscription) = &self.subscription {
            subscription.step(now.subscription.as_ref(), &mut steps)?;
        }
        if let Some(fields) = &self.index_fields {
            index::step(fields, now.index.as_ref(), &mut steps);
        }
        if let Some(protection) = self.deletion_protection {
            let word = |on: bool| if on { "on" } else { "off" }.to_owned();
            let (before, after) = (now.is_protected(), protection == Protection::On);
            if before && !after {
                steps.ask("whoever may delete log groups can delete it then".to_owned());
            }
            if before != after {
                steps.add(Setting::DeletionProtection, word(before), word(after));
            }
        }
        Ok(steps)
    }

    fn keep(&self, cx: &Call<CloudWatch>, days: i32, now: &Current, steps: &mut Steps) -> Result<()> {
        let (before, after) = (now.retention(), Some(days).filter(|days| *days > 0));
        let words = |days: Option<i32>| days.map_or("for ever".to_owned(), |days| format!("{days} days"));
        if now.group.is_none() {
            steps.add(Setting::Retention, String::new(), words(after));
        } else if before != after {
            if after.is_some_and(|after| before.is_none_or(|before| after < before)) {
                cx.permit("a shorter retention, which deletes logs", Risk::Destroy)?;
                steps.ask(format!("what is older than {days} days will be deleted, for good"));
            }
            steps.add(Setting::Retention, words(before), words(after));
        }
        Ok(())
    }

    /// Does one step.
    async fn put(&self, cx: &Call<CloudWatch>, setting: Setting, now: &Current) -> Result<()> {
        let (logs, name) = (&cx.client().logs, self.log_group.name());
        match setting {
            Setting::Group => {
                let request =
                    logs.create_log_group().log_group_name(name).set_kms_key_id(self.kms_key.clone());
                request.set_log_group_class(self.class.map(Class::sdk)).send().await?;
            }
            Setting::Retention => match self.retention_days.filter(|days| *days > 0) {
                Some(days) => {
                    logs.put_retention_policy().log_group_name(name).retention_in_days(days).send().await?;
                }
                // A new group keeps for ever.
                None if now.group.is_none() => {}
                None => {
                    logs.delete_retention_policy().log_group_name(name).send().await?;
                }
            },
            Setting::MetricFilter => {
                if let Some(filter) = &self.metric_filter {
                    filter.put(cx, name, now.filter.as_ref()).await?;
                }
            }
            Setting::Subscription => {
                if let Some(subscription) = &self.subscription {
                    subscription.put(cx, name, now.subscription.as_ref()).await?;
                }
            }
            Setting::IndexFields => {
                let fields = self.index_fields.as_deref().unwrap_or_default();
                index::put(cx, name, fields, now.index.as_ref()).await?;
            }
            Setting::DeletionProtection => {
                let request = logs.put_log_group_deletion_protection().log_group_identifier(name);
                let is_on = self.deletion_protection == Some(Protection::On);
                request.deletion_protection_enabled(is_on).send().await?;
            }
        }
        Ok(())
    }
}
