use aws_sdk_cloudwatchlogs::types::{
    LogGroup as Description, MetricFilter, MetricTransformation, SubscriptionFilter,
};
use awsmcp_mcp::{Call, Change, Error, Kind, One, Plan, Result, Risk, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

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

/// Counts what matches as a metric.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Filter {
    name: String,
    pattern: Option<String>,
    namespace: Option<String>,
    metric: Option<String>,
    /// A number, or `$.field`; default 1.
    value: Option<String>,
    #[serde(default)]
    remove: bool,
}

/// Sends what matches elsewhere.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Subscription {
    name: String,
    pattern: Option<String>,
    /// A Lambda function, Kinesis or Firehose stream.
    destination_arn: Option<String>,
    role_arn: Option<String>,
    #[serde(default)]
    remove: bool,
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
    type Items = ();
    const SPEC: Spec = Spec::write("set_log_group", "Set log group")
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

    async fn plan(&self, cx: &Call<CloudWatch>) -> Result<Plan> {
        self.check()?;
        let now = self.current(cx).await?;
        let (steps, warnings, ask) = self.steps(cx, &now)?;
        let headline = match (&now.group, self.create) {
            (None, true) => format!("create the log group {}", self.log_group),
            _ if steps.is_empty() => {
                format!("leave the log group {} as it is: nothing changes", self.log_group)
            }
            _ => format!("change the log group {}", self.log_group),
        };
        let mut plan = Plan::new(headline).state(now.state());
        for (setting, before, after) in steps {
            plan = plan.row(json!({"setting": setting, "now": before, "then": after}));
        }
        plan = warnings.into_iter().fold(plan, Plan::warning);
        Ok(if ask { plan.ask() } else { plan })
    }

    async fn apply(self, (): (), cx: &Call<CloudWatch>) -> Result<Self::Output> {
        self.check()?;
        let now = self.current(cx).await?;
        let (steps, ..) = self.steps(cx, &now)?;
        let (logs, name) = (&cx.client().logs, self.log_group.name());
        if now.group.is_none() {
            let request = logs.create_log_group().log_group_name(name).set_kms_key_id(self.kms_key.clone());
            request.set_log_group_class(self.class.map(Class::sdk)).send().await?;
        }
        match self.retention_days {
            Some(0) => {
                logs.delete_retention_policy().log_group_name(name).send().await?;
            }
            Some(days) => {
                logs.put_retention_policy().log_group_name(name).retention_in_days(days).send().await?;
            }
            None => {}
        }
        if let Some(filter) = &self.metric_filter {
            filter.put(cx, name).await?;
        }
        if let Some(subscription) = &self.subscription {
            subscription.put(cx, name).await?;
        }
        match self.index_fields.as_deref() {
            Some([]) => {
                logs.delete_index_policy().log_group_identifier(name).send().await?;
            }
            Some(fields) => {
                let policy = json!({"Fields": fields}).to_string();
                logs.put_index_policy().log_group_identifier(name).policy_document(policy).send().await?;
            }
            None => {}
        }
        if let Some(protection) = self.deletion_protection {
            let request = logs.put_log_group_deletion_protection().log_group_identifier(name);
            request.deletion_protection_enabled(protection == Protection::On).send().await?;
        }
        let done = steps.into_iter().map(|(setting, _, after)| format!("{setting}: {after}"));
        Ok(One(Done { log_group: name.to_owned(), done: done.collect() }))
    }
}

/// What there is, of what the call is about.
struct Current {
    group: Option<Description>,
    filter: Option<MetricFilter>,
    subscription: Option<SubscriptionFilter>,
    index: Option<Value>,
}

type Step = (&'static str, String, String);

impl Current {
    fn state(&self) -> Value {
        json!([
            self.group.as_ref().map(|group| group.retention_in_days),
            self.filter.as_ref().map(filter_words),
            self.subscription.as_ref().map(subscription_words),
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
        if let Some(filter) = self.metric_filter.as_ref().filter(|filter| !filter.remove)
            && (filter.namespace.is_none() || filter.metric.is_none())
        {
            return Err(Error::invalid("a `metric_filter` needs `namespace` and `metric`")
                .with_next(r#"a good one is {"name": "errors", "pattern": "ERROR", "namespace": "Shop", "metric": "Errors"}"#));
        }
        if let Some(subscription) = self.subscription.as_ref().filter(|subscription| !subscription.remove)
            && subscription.destination_arn.is_none()
        {
            return Err(Error::invalid("a `subscription` needs a `destination_arn`"));
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
        let (logs, name) = (&cx.client().logs, self.log_group.name());
        if let Some(filter) = &self.metric_filter {
            let request =
                logs.describe_metric_filters().log_group_name(name).filter_name_prefix(&filter.name);
            let found = request.send().await?.metric_filters.unwrap_or_default();
            current.filter =
                found.into_iter().find(|known| known.filter_name() == Some(filter.name.as_str()));
            if filter.remove && current.filter.is_none() {
                return Err(Error::not_found(format!("{name} has no metric filter {}", filter.name))
                    .with_next("log_group_detail shows them"));
            }
        }
        if let Some(subscription) = &self.subscription {
            let request = logs.describe_subscription_filters().log_group_name(name);
            let found = request.filter_name_prefix(&subscription.name).send().await?;
            let mut found = found.subscription_filters.unwrap_or_default().into_iter();
            current.subscription =
                found.find(|known| known.filter_name() == Some(subscription.name.as_str()));
            if subscription.remove && current.subscription.is_none() {
                return Err(Error::not_found(format!("{name} has no subscription {}", subscription.name))
                    .with_next("log_group_detail shows them"));
            }
        }
        if self.index_fields.is_some() {
            let page = logs.describe_index_policies().log_group_identifiers(name).send().await?;
            let policy =
                page.index_policies.unwrap_or_default().into_iter().find_map(|policy| policy.policy_document);
            current.index = policy.and_then(|policy| serde_json::from_str(&policy).ok());
        }
        Ok(current)
    }

    /// What becomes of each setting, what to warn of, and whether to ask first.
    fn steps(&self, cx: &Call<CloudWatch>, now: &Current) -> Result<(Vec<Step>, Vec<String>, bool)> {
        let (mut steps, mut warnings, mut ask) = (Vec::new(), Vec::new(), false);
        if self.create {
            let class = self.class.map_or("standard".to_owned(), |class| class.sdk().as_str().to_lowercase());
            steps.push(("class", String::new(), class));
        }
        if let Some(days) = self.retention_days {
            let before = now.group.as_ref().and_then(|group| group.retention_in_days);
            let after = Some(days).filter(|days| *days > 0);
            let words = |days: Option<i32>| days.map_or("for ever".to_owned(), |days| format!("{days} days"));
            if before != after || now.group.is_none() {
                let shorter = after.is_some_and(|after| before.is_none_or(|before| after < before));
                if now.group.is_some() && shorter {
                    cx.permit("a shorter retention, which deletes logs", Risk::Destroy)?;
                    warnings.push(format!("what is older than {days} days will be deleted, for good"));
                    ask = true;
                }
                let kept = if now.group.is_some() { words(before) } else { String::new() };
                steps.push(("retention", kept, words(after)));
            }
        }
        if let Some(filter) = &self.metric_filter {
            let before = now.filter.as_ref().map(filter_words).unwrap_or_default();
            let after = if filter.remove { "removed".to_owned() } else { filter.words() };
            if before != after {
                if filter.remove {
                    warnings.push("its metric gets no more values, and alarms on it no more data".to_owned());
                    ask = true;
                }
                steps.push(("metric_filter", before, after));
            }
        }
        if let Some(subscription) = &self.subscription {
            let before = now.subscription.as_ref().map(subscription_words).unwrap_or_default();
            let after = if subscription.remove { "removed".to_owned() } else { subscription.words() };
            if before != after {
                if !before.is_empty() {
                    warnings.push("what was sent there so far is sent there no more".to_owned());
                    ask = true;
                }
                steps.push(("subscription", before, after));
            }
        }
        if let Some(fields) = &self.index_fields {
            let before = now.index.as_ref().and_then(|policy| policy.get("Fields")).map(Value::to_string);
            let after = if fields.is_empty() { "removed".to_owned() } else { json!(fields).to_string() };
            if before.as_deref() != Some(after.as_str()) {
                steps.push(("index_fields", before.unwrap_or_default(), after));
            }
        }
        if let Some(protection) = self.deletion_protection {
            let before =
                now.group.as_ref().and_then(|group| group.deletion_protection_enabled).unwrap_or(false);
            let word = |on: bool| if on { "on" } else { "off" }.to_owned();
            if before != (protection == Protection::On) {
                steps.push(("deletion_protection", word(before), word(!before)));
            }
        }
        Ok((steps, warnings, ask))
    }
}

fn filter_words(filter: &MetricFilter) -> String {
    let metrics = filter.metric_transformations().iter();
    let metrics: Vec<String> = metrics
        .map(|metric| format!("{} {} = {}", metric.metric_namespace, metric.metric_name, metric.metric_value))
        .collect();
    format!("{}: {}", filter.filter_pattern().unwrap_or_default(), metrics.join(", "))
}

fn subscription_words(subscription: &SubscriptionFilter) -> String {
    let pattern = subscription.filter_pattern().unwrap_or_default();
    format!("{pattern} to {}", subscription.destination_arn().unwrap_or_default())
}

impl Filter {
    fn words(&self) -> String {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let value = self.value.as_deref().unwrap_or("1");
        format!("{}: {} {} = {value}", text(&self.pattern), text(&self.namespace), text(&self.metric))
    }

    async fn put(&self, cx: &Call<CloudWatch>, group: &str) -> Result<()> {
        let logs = &cx.client().logs;
        if self.remove {
            logs.delete_metric_filter().log_group_name(group).filter_name(&self.name).send().await?;
            return Ok(());
        }
        let metric = MetricTransformation::builder()
            .metric_namespace(self.namespace.clone().unwrap_or_default())
            .metric_name(self.metric.clone().unwrap_or_default())
            .metric_value(self.value.as_deref().unwrap_or("1"))
            .build()
            .map_err(|error| Error::internal(error.to_string()))?;
        let request = logs.put_metric_filter().log_group_name(group).filter_name(&self.name);
        let request = request.filter_pattern(self.pattern.clone().unwrap_or_default());
        request.metric_transformations(metric).send().await?;
        Ok(())
    }
}

impl Subscription {
    fn words(&self) -> String {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        format!("{} to {}", text(&self.pattern), text(&self.destination_arn))
    }

    async fn put(&self, cx: &Call<CloudWatch>, group: &str) -> Result<()> {
        let logs = &cx.client().logs;
        if self.remove {
            logs.delete_subscription_filter().log_group_name(group).filter_name(&self.name).send().await?;
            return Ok(());
        }
        let request = logs.put_subscription_filter().log_group_name(group).filter_name(&self.name);
        let request = request.filter_pattern(self.pattern.clone().unwrap_or_default());
        let request = request.set_destination_arn(self.destination_arn.clone());
        request.set_role_arn(self.role_arn.clone()).send().await?;
        Ok(())
    }
}
