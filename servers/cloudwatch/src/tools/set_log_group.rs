use std::collections::BTreeMap;

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
        let changes = |setting: &str| steps.iter().any(|(name, ..)| *name == setting);
        if let Some(filter) = self.metric_filter.as_ref().filter(|_| changes("metric_filter")) {
            filter.put(cx, name, now.filter.as_ref()).await?;
        }
        if let Some(subscription) = self.subscription.as_ref().filter(|_| changes("subscription")) {
            subscription.put(cx, name, now.subscription.as_ref()).await?;
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
            let after = if filter.remove {
                "removed".to_owned()
            } else {
                filter_words(&filter.over(now.filter.as_ref())?)
            };
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
            let after = if subscription.remove {
                "removed".to_owned()
            } else {
                subscription_words(&subscription.over(now.subscription.as_ref()))
            };
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

/// A filter in a line, with all that AWS keeps of it.
fn filter_words(filter: &MetricFilter) -> String {
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

fn subscription_words(subscription: &SubscriptionFilter) -> String {
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

impl Filter {
    /// What it becomes: the one there is, with what the call names. Of several metrics the call speaks of the first.
    fn over(&self, before: Option<&MetricFilter>) -> Result<MetricFilter> {
        let known = before.map(MetricFilter::metric_transformations).unwrap_or_default();
        let first = known.first();
        let metric = MetricTransformation::builder()
            .set_metric_namespace(self.namespace.clone())
            .set_metric_name(self.metric.clone())
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

    async fn put(&self, cx: &Call<CloudWatch>, group: &str, before: Option<&MetricFilter>) -> Result<()> {
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
            .await?;
        Ok(())
    }
}

impl Subscription {
    /// What it becomes: the one there is, with what the call names.
    fn over(&self, before: Option<&SubscriptionFilter>) -> SubscriptionFilter {
        let mut filter = before.cloned().unwrap_or_else(|| SubscriptionFilter::builder().build());
        filter.filter_pattern =
            self.pattern.clone().or(filter.filter_pattern).or_else(|| Some(String::new()));
        filter.destination_arn = self.destination_arn.clone();
        filter.role_arn = self.role_arn.clone().or(filter.role_arn);
        filter
    }

    async fn put(
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
        let filter = self.over(before);
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
            .await?;
        Ok(())
    }
}
