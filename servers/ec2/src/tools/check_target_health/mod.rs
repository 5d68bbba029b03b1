use awsmcp_api::ELBV2;
use awsmcp_mcp::{Call, Error, One, Result, Spec, Tool};
use futures::{StreamExt, stream};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    Ec2,
    asked::ask,
    names::{Instance, LoadBalancer, TargetGroup},
};

mod groups;
mod words;

use groups::{Described, Wanted};
use words::{Health, next, why};

/// Says of each target of a load balancer, target group or instance whether it is healthy, why not, how it is checked and what
/// to look at next.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CheckTargetHealth {
    /// Name or ARN.
    load_balancer: Option<LoadBalancer>,
    /// Name or ARN.
    target_group: Option<TargetGroup>,
    /// In every group that has it.
    instance: Option<Instance>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Found {
    target_groups: Vec<Group>,
}

#[derive(Serialize, JsonSchema)]
struct Group {
    name: String,
    load_balancers: Vec<String>,
    /// What the targets are: `instance`, `ip`, `lambda`, `alb`.
    of: String,
    serves: String,
    check: String,
    healthy: usize,
    /// Those that are not healthy first.
    targets: Vec<Target>,
    next: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
struct Target {
    id: String,
    port: Option<i64>,
    zone: Option<String>,
    state: String,
    why: Option<String>,
    /// What holds whatever the checks say, such as a zonal shift.
    overridden: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Healths {
    #[serde(default)]
    target_health_descriptions: Vec<Health>,
}

const HEALTH: &str = "elasticloadbalancing:DescribeTargetHealth";

impl Tool for CheckTargetHealth {
    type Service = Ec2;
    type Output = One<Found>;
    const SPEC: Spec = Spec::read("check_target_health", "Check target health")
        .on("*", &["elasticloadbalancing:DescribeTargetGroups", HEALTH])
        .when("load_balancer")
        .on("*", &["elasticloadbalancing:DescribeLoadBalancers"])
        .when("instance")
        .on("*", &["ec2:DescribeInstances"])
        .always()
        .names_no_resource()
        .optional();

    async fn call(self, cx: &Call<Ec2>) -> Result<Self::Output> {
        const AT_ONCE: usize = 5;
        let wanted = match (self.load_balancer, self.target_group, self.instance) {
            (Some(balancer), None, None) => Wanted::of_balancer(cx, &balancer).await?,
            (None, Some(group), None) => Wanted::of_group(cx, &group).await?,
            (None, None, Some(instance)) => Wanted::of_instance(cx, &instance).await?,
            _ => return Err(Error::invalid("give one of `load_balancer`, `target_group` and `instance`")),
        };
        let asked: Vec<(Described, Result<Healths>)> = stream::iter(wanted.groups)
            .map(|group| async {
                let input = json!({"TargetGroupArn": group.arn});
                let health = ask::<Healths>(cx, &ELBV2, "DescribeTargetHealth", input).await;
                (group, health)
            })
            .buffered(AT_ONCE)
            .collect()
            .await;
        let mut target_groups = Vec::new();
        let all_failed = asked.iter().all(|(_, health)| health.is_err());
        for (group, health) in asked {
            // Where nothing can be read, the reason is the answer.
            let health = if all_failed { Some(health?) } else { cx.part(&group.name, health) };
            let Some(health) = health else { continue };
            let mut found = health.target_health_descriptions;
            if let Some(ids) = &wanted.only {
                found.retain(|one| ids.contains(&one.target.id));
                if found.is_empty() {
                    continue;
                }
            }
            target_groups.push(Group::new(group, found));
        }
        if target_groups.is_empty() {
            cx.note(wanted.none);
        }
        Ok(One(Found { target_groups }))
    }
}

impl Group {
    fn new(group: Described, mut found: Vec<Health>) -> Group {
        found.sort_by_key(Health::is_healthy);
        let healthy = found.iter().filter(|one| one.is_healthy()).count();
        Group {
            next: next(&group, &found),
            check: group.check(),
            serves: group.serves(),
            load_balancers: group.balancers(),
            of: group.target_type,
            name: group.name,
            healthy,
            targets: found.into_iter().map(Target::new).collect(),
        }
    }
}

impl Target {
    fn new(health: Health) -> Target {
        Target {
            why: why(&health),
            overridden: health.overridden(),
            id: health.target.id,
            port: health.target.port,
            zone: health.target.availability_zone,
            state: health.target_health.state,
        }
    }
}
