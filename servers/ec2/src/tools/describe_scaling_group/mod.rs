use std::collections::BTreeMap;

use awsmcp_api::AUTOSCALING;
use awsmcp_mcp::{Call, One, Result, Spec, Tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::join;

use crate::{
    Ec2,
    asked::{List, Listed, all, ask},
    names::ScalingGroup,
    scaling::{Group, Member, find, target_group_name},
};

mod findings;
mod words;

use words::Activity;

/// Shows an Auto Scaling group: its instances, what it did last and why, what scales it, and what keeps it from that.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DescribeScalingGroup {
    group: ScalingGroup,
    /// How many of its last activities; default 10.
    #[schemars(range(min = 1, max = 100))]
    activities: Option<u32>,
}

#[derive(Default, Serialize, JsonSchema)]
pub(crate) struct Card {
    name: String,
    min: i64,
    desired: i64,
    max: i64,
    /// In what these are counted, where not in instances.
    counted_in: Option<String>,
    in_service: usize,
    /// What keeps it from its size, or from changing it.
    findings: Vec<String>,
    status: Option<String>,
    launches: Option<String>,
    zones: Vec<String>,
    subnets: Vec<String>,
    /// Whose checks decide which instance is replaced, and after how long.
    health_check: String,
    target_groups: Vec<String>,
    classic_load_balancers: Vec<String>,
    suspended: Vec<String>,
    /// In which order instances end.
    termination_policies: Vec<String>,
    protects_new_instances: Option<bool>,
    max_instance_lifetime_seconds: Option<i64>,
    warm_pool: Option<i64>,
    instances: Vec<Running>,
    /// The newest first.
    activities: Vec<Activity>,
    policies: Vec<String>,
    scheduled: Vec<String>,
    /// The last refresh of its instances.
    refresh: Option<String>,
    lifecycle_hooks: Vec<String>,
    tags: BTreeMap<String, String>,
}

#[derive(Serialize, JsonSchema)]
struct Running {
    id: String,
    zone: String,
    r#type: Option<String>,
    state: String,
    health: String,
    launched_by: Option<String>,
    /// Whether it does not end when the group shrinks.
    protected: Option<bool>,
    weight: Option<String>,
}

const POLICIES: List =
    List { operation: "DescribePolicies", rows: "ScalingPolicies", token: "NextToken", next: "NextToken" };
const SCHEDULED: List = List {
    operation: "DescribeScheduledActions",
    rows: "ScheduledUpdateGroupActions",
    token: "NextToken",
    next: "NextToken",
};
/// A group has up to 50 policies and 125 scheduled actions.
const PAGES: usize = 5;

/// What is asked about a group beside itself. A part that cannot be read is none, and a note says why.
#[derive(Default)]
struct Around {
    activities: Option<Vec<Activity>>,
    policies: Option<Vec<Value>>,
    scheduled: Option<Vec<Value>>,
    refreshes: Option<Vec<Value>>,
    hooks: Option<Vec<Value>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Activities {
    #[serde(default)]
    activities: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Refreshes {
    #[serde(default)]
    instance_refreshes: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Hooks {
    #[serde(default)]
    lifecycle_hooks: Vec<Value>,
}

impl Tool for DescribeScalingGroup {
    type Service = Ec2;
    type Output = One<Card>;
    const SPEC: Spec = Spec::read("describe_scaling_group", "Describe scaling group")
        .on(
            "*",
            &[
                "autoscaling:DescribeAutoScalingGroups",
                "autoscaling:DescribeScalingActivities",
                "autoscaling:DescribePolicies",
                "autoscaling:DescribeScheduledActions",
                "autoscaling:DescribeInstanceRefreshes",
                "autoscaling:DescribeLifecycleHooks",
            ],
        )
        .names_no_resource()
        .optional();

    async fn call(self, cx: &Call<Ec2>) -> Result<Self::Output> {
        let group = find(cx, &self.group).await?;
        let around = Around::of(cx, &group.name, self.activities.unwrap_or(10)).await;
        Ok(One(Card::new(group, around)))
    }
}

impl Around {
    async fn of(cx: &Call<Ec2>, group: &str, count: u32) -> Around {
        let of = json!({"AutoScalingGroupName": group});
        let few = |count: u32| json!({"AutoScalingGroupName": group, "MaxRecords": count});
        let (activities, policies, scheduled, refreshes, hooks) = join!(
            ask::<Activities>(cx, &AUTOSCALING, "DescribeScalingActivities", few(count)),
            all::<Value>(cx, &AUTOSCALING, POLICIES, of.clone(), PAGES),
            all::<Value>(cx, &AUTOSCALING, SCHEDULED, of.clone(), PAGES),
            ask::<Refreshes>(cx, &AUTOSCALING, "DescribeInstanceRefreshes", few(1)),
            ask::<Hooks>(cx, &AUTOSCALING, "DescribeLifecycleHooks", of.clone()),
        );
        let whole = |what: &str, listed: Listed<Value>| {
            if listed.has_more {
                cx.note(format!("there are more {what} than the {} that were read", listed.rows.len()));
            }
            listed.rows
        };
        Around {
            activities: cx
                .part("activities", activities)
                .map(|found| found.activities.iter().map(Activity::new).collect()),
            policies: cx.part("policies", policies).map(|listed| whole("policies", listed)),
            scheduled: cx
                .part("scheduled actions", scheduled)
                .map(|listed| whole("scheduled actions", listed)),
            refreshes: cx.part("instance refreshes", refreshes).map(|found| found.instance_refreshes),
            hooks: cx.part("lifecycle hooks", hooks).map(|found| found.lifecycle_hooks),
        }
    }
}

impl Card {
    fn new(group: Group, around: Around) -> Card {
        let findings = findings::findings(&group, &around);
        let lines = |rows: &Option<Vec<Value>>, line: fn(&Value) -> String| {
            rows.iter().flatten().map(line).collect::<Vec<String>>()
        };
        let grace = group.health_check_grace_period.unwrap_or_default();
        Card {
            min: group.min_size,
            desired: group.desired_capacity,
            max: group.max_size,
            in_service: group.in_service(),
            findings,
            launches: group.launches(),
            health_check: format!("{}, not in the first {grace} s", group.health_check_type),
            target_groups: group
                .target_group_arns
                .iter()
                .map(|arn| target_group_name(arn).to_owned())
                .collect(),
            suspended: group
                .suspended_processes
                .iter()
                .map(|one| match one.suspension_reason.as_deref().filter(|why| !why.is_empty()) {
                    Some(why) => format!("{}: {why}", one.process_name),
                    None => one.process_name.clone(),
                })
                .collect(),
            policies: lines(&around.policies, words::policy),
            scheduled: lines(&around.scheduled, words::scheduled),
            refresh: around.refreshes.iter().flatten().next().map(words::refresh),
            lifecycle_hooks: lines(&around.hooks, words::hook),
            activities: around.activities.unwrap_or_default(),
            tags: group.own_tags(),
            name: group.name,
            counted_in: group.desired_capacity_type.filter(|unit| unit != "units" && !unit.is_empty()),
            status: group.status.filter(|status| !status.is_empty()),
            zones: group.availability_zones,
            subnets: group.subnets.split(',').filter(|id| !id.is_empty()).map(str::to_owned).collect(),
            classic_load_balancers: group.load_balancer_names,
            termination_policies: group.termination_policies,
            protects_new_instances: group.new_instances_protected_from_scale_in.filter(|protects| *protects),
            max_instance_lifetime_seconds: group.max_instance_lifetime.filter(|seconds| *seconds > 0),
            warm_pool: group.warm_pool_size.filter(|size| *size > 0),
            instances: group.instances.into_iter().map(Running::new).collect(),
        }
    }
}

impl Running {
    fn new(one: Member) -> Running {
        Running {
            launched_by: one.launched_by(),
            protected: one.protected_from_scale_in.filter(|protected| *protected),
            id: one.instance_id,
            zone: one.availability_zone,
            r#type: one.instance_type,
            state: one.lifecycle_state,
            health: one.health_status,
            weight: one.weighted_capacity,
        }
    }
}
