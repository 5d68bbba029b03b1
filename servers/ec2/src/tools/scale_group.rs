use awsmcp_api::AUTOSCALING;
use awsmcp_mcp::{Call, Change, Error, One, Plan, Result, Spec, counted, unchanged};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    Ec2, arns,
    asked::call,
    instances::MOST,
    knowledge::MANAGER_TAGS,
    names::ScalingGroup,
    scaling::{Group, Member, find},
};

/// Sets how many instances an Auto Scaling group has, or may have. What ends instances names them and asks first.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ScaleGroup {
    group: ScalingGroup,
    #[schemars(range(min = 0, max = 100_000))]
    desired: Option<i64>,
    #[schemars(range(min = 0, max = 100_000))]
    min: Option<i64>,
    #[schemars(range(min = 0, max = 100_000))]
    max: Option<i64>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Done {
    group: String,
    min: i64,
    desired: i64,
    max: i64,
}

/// A group as the plan saw it, and what it is to be.
#[derive(Serialize)]
pub(crate) struct Items {
    name: String,
    seen: Seen,
    wanted: Size,
}

#[derive(Debug, PartialEq, Serialize)]
struct Seen {
    /// A group that was made anew under the same name has another.
    arn: String,
    size: Size,
    /// Those of which some end, where any does.
    instances: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
struct Size {
    min: i64,
    desired: i64,
    max: i64,
}

impl Change for ScaleGroup {
    type Service = Ec2;
    type Output = One<Done>;
    type Items = Items;
    const SPEC: Spec = Spec::write("scale_group", "Scale group")
        .shown_by("describe_scaling_group")
        .on("*", &["autoscaling:DescribeAutoScalingGroups"])
        .on(arns::SCALING_GROUP, &["autoscaling:UpdateAutoScalingGroup"])
        .names_no_resource()
        .idempotent()
        .optional();

    async fn plan(&self, cx: &Call<Ec2>) -> Result<Plan<Items>> {
        self.check()?;
        let group = find(cx, &self.group).await?;
        if group.is_going() {
            return Err(Error::conflict(format!("{} is being deleted", group.name)));
        }
        let (now, wanted) = (Size::of(&group), self.wanted(&group)?);
        let most = cx.extra(MOST.name).and_then(|text| text.parse().ok()).unwrap_or(5);
        growth(&group, wanted, most)?;
        let items = |instances| Items {
            name: group.name.clone(),
            seen: Seen { arn: group.arn.clone(), size: now, instances },
            wanted,
        };
        if now == wanted {
            let as_it_is = format!("leave {} as it is: nothing changes", group.name);
            return Ok(Plan::new(as_it_is).items(items(Vec::new())));
        }
        let members: Vec<&Member> = group.instances.iter().filter(|one| one.counts()).collect();
        let shrinks = wanted.desired < now.desired || ended(&group, wanted).is_some_and(|count| count > 0);
        let mut plan = Plan::new(headline(&group, now, wanted));
        if shrinks {
            plan = plan.ask();
            for one in &members {
                plan = plan.row(json!({
                    "id": one.instance_id, "zone": one.availability_zone, "type": one.instance_type,
                    "state": one.lifecycle_state, "health": one.health_status,
                    "protected": one.is_protected(),
                }));
            }
        }
        for warning in warnings(&group, now, wanted) {
            plan = plan.warning(warning);
        }
        Ok(plan.items(items(if shrinks { ids(&group) } else { Vec::new() })))
    }

    async fn apply(self, items: Items, cx: &Call<Ec2>) -> Result<Self::Output> {
        let Items { name, seen, wanted } = items;
        let Size { min, desired, max } = wanted;
        if seen.size != wanted {
            let group = find(cx, &self.group).await?;
            let instances = if seen.instances.is_empty() { Vec::new() } else { ids(&group) };
            let now = Seen { arn: group.arn.clone(), size: Size::of(&group), instances };
            unchanged(&name, &seen, &now)?;
            let changed = |now: i64, wanted: i64| Some(wanted).filter(|wanted| *wanted != now);
            let input = json!({
                "AutoScalingGroupName": name,
                "MinSize": changed(seen.size.min, min),
                "DesiredCapacity": changed(seen.size.desired, desired),
                "MaxSize": changed(seen.size.max, max),
            });
            call(cx, &AUTOSCALING, "UpdateAutoScalingGroup", input).await?;
            cx.note("AWS took it; describe_scaling_group shows the instances come and go");
        }
        Ok(One(Done { group: name, min, desired, max }))
    }
}

/// Those that take part, in a fixed order.
fn ids(group: &Group) -> Vec<String> {
    let members = group.instances.iter().filter(|one| one.counts());
    let mut ids: Vec<String> = members.map(|one| one.instance_id.clone()).collect();
    ids.sort();
    ids
}

impl Size {
    fn of(group: &Group) -> Size {
        Size { min: group.min_size, desired: group.desired_capacity, max: group.max_size }
    }
}

impl ScaleGroup {
    /// What is wrong whatever the group is.
    fn check(&self) -> Result<()> {
        if self.desired.or(self.min).or(self.max).is_none() {
            return Err(Error::invalid("give `desired`, `min` or `max`"));
        }
        let above =
            |less: Option<i64>, more: Option<i64>| less.zip(more).is_some_and(|(less, more)| less > more);
        if above(self.min, self.max) || above(self.min, self.desired) || above(self.desired, self.max) {
            return Err(Error::invalid("`min` is at most `desired`, and that at most `max`"));
        }
        Ok(())
    }

    /// The whole size that comes of it. AWS moves a desired size that is not named into the new bounds.
    fn wanted(&self, group: &Group) -> Result<Size> {
        let (min, max) = (self.min.unwrap_or(group.min_size), self.max.unwrap_or(group.max_size));
        if min > max {
            let (what, other) = match self.min {
                Some(_) => (format!("`min` {min} is more than the group's max {max}"), "max"),
                None => (format!("`max` {max} is less than the group's min {min}"), "min"),
            };
            return Err(Error::invalid(what).with_next(format!("give `{other}` too, if that is meant")));
        }
        let desired = self.desired.unwrap_or_else(|| group.desired_capacity.clamp(min, max));
        if desired < min || desired > max {
            let (bound, other) = if desired < min { ("min", min) } else { ("max", max) };
            return Err(Error::invalid(format!(
                "`desired` {desired} is outside of the group's {min} to {max}: its {bound} is {other}"
            ))
            .with_next(format!("give `{bound}` too, if that is meant")));
        }
        Ok(Size { min, desired, max })
    }
}

/// In what a group's capacity is counted.
enum Unit {
    Instances,
    /// Of each at least one: virtual CPUs, or weights of one's own.
    Parts(&'static str),
    /// Of which no instance has fewer than 512.
    Mebibytes,
}

impl Unit {
    fn of(group: &Group) -> Unit {
        match group.desired_capacity_type.as_deref() {
            Some("vcpu") => Unit::Parts("vCPUs"),
            Some("memory-mib") => Unit::Mebibytes,
            _ if group.instances.iter().any(|one| one.weighted_capacity.is_some()) || is_weighted(group) => {
                Unit::Parts("weights")
            }
            _ => Unit::Instances,
        }
    }
}

fn is_weighted(group: &Group) -> bool {
    let overrides =
        group.mixed_instances_policy.as_ref().and_then(|it| it.pointer("/LaunchTemplate/Overrides"));
    let mut overrides = overrides.and_then(|it| it.as_array()).into_iter().flatten();
    overrides.any(|one| one.get("WeightedCapacity").is_some())
}

/// Holds what may be launched by one call to what the operator allowed.
fn growth(group: &Group, wanted: Size, most: i64) -> Result<()> {
    let more = (wanted.desired - group.desired_capacity).max(0);
    let instances = match Unit::of(group) {
        Unit::Instances | Unit::Parts(_) => more,
        Unit::Mebibytes => (more + 511) / 512,
    };
    if instances > most {
        return Err(Error::refused(format!(
            "up to {instances} instances more are more than the {most} of one call"
        ))
        .with_next("add fewer, or ask the operator to raise --max-instances"));
    }
    Ok(())
}

/// How many instances end; none where that is AWS's to find out.
fn ended(group: &Group, wanted: Size) -> Option<i64> {
    let there = i64::try_from(group.instances.iter().filter(|one| one.counts()).count()).ok()?;
    matches!(Unit::of(group), Unit::Instances).then(|| (there - wanted.desired).max(0))
}

fn headline(group: &Group, now: Size, wanted: Size) -> String {
    let part = |word: &str, now: i64, wanted: i64| match now == wanted {
        true => format!("{word} {now} as it is"),
        false => format!("{word} {wanted} instead of {now}"),
    };
    let sizes = [
        part("desired", now.desired, wanted.desired),
        part("min", now.min, wanted.min),
        part("max", now.max, wanted.max),
    ];
    let there = group.instances.iter().filter(|one| one.counts()).count();
    let end = match ended(group, wanted) {
        Some(0) => String::new(),
        Some(count) if usize::try_from(count).is_ok_and(|count| count >= there) => {
            format!("; {} end, all that it has", counted(there, "instance"))
        }
        Some(count) => format!("; {count} of these {} end", counted(there, "instance")),
        None if wanted.desired < now.desired => "; some of these instances end".to_owned(),
        None => String::new(),
    };
    format!("set {}: {}{end}", group.name, sizes.join(", "))
}

fn warnings(group: &Group, now: Size, wanted: Size) -> Vec<String> {
    let mut warnings = Vec::new();
    let unit = match Unit::of(group) {
        Unit::Instances => None,
        Unit::Parts(unit) => Some(unit),
        Unit::Mebibytes => Some("MiB of memory"),
    };
    warnings.extend(unit.map(|unit| format!("its sizes are counted in {unit}, not in instances")));
    let end = ended(group, wanted);
    let shrinks = wanted.desired < now.desired || end.is_some_and(|count| count > 0);
    let members = || group.instances.iter().filter(|one| one.counts());
    if shrinks {
        let kept = members().filter(|one| one.is_protected()).count();
        let free = i64::try_from(members().count() - kept).unwrap_or(i64::MAX);
        if kept > 0 && end.is_none_or(|count| count > free) {
            warnings
                .push(format!("{} protected: fewer end than the size asks for", counted(kept, "instance")));
        }
        if !group.termination_policies.is_empty() && end.is_none_or(|count| count < free) {
            warnings.push(format!("AWS chooses which end: {}", group.termination_policies.join(", ")));
        }
        warnings.push("what is only on disks that go with them is lost".to_owned());
        if group.is_suspended("Terminate") {
            warnings.push("Terminate is suspended: none ends until it is resumed".to_owned());
        }
    }
    if wanted.desired > now.desired && group.is_suspended("Launch") {
        warnings.push("Launch is suspended: none starts until it is resumed".to_owned());
    }
    for (key, what) in MANAGER_TAGS.rows.iter().filter(|(key, _)| *key != "aws:autoscaling:groupName") {
        warnings.extend(
            group.tag(key).map(|value| format!("it belongs to {what} {value}, which may set its size back")),
        );
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scaling::tests::group;

    fn scale(desired: Option<i64>, min: Option<i64>, max: Option<i64>) -> ScaleGroup {
        serde_json::from_value(json!({"group": "web", "desired": desired, "min": min, "max": max})).unwrap()
    }

    fn wanted(desired: Option<i64>, min: Option<i64>, max: Option<i64>) -> Result<(i64, i64, i64)> {
        let scale = scale(desired, min, max);
        scale.check()?;
        // It has 1 to 4, and 2 now.
        scale.wanted(&group(json!({}))).map(|size| (size.min, size.desired, size.max))
    }

    #[test]
    fn a_size_that_is_not_named_stays_or_moves_into_the_bounds() {
        assert_eq!(wanted(Some(4), None, None).unwrap(), (1, 4, 4));
        assert_eq!(wanted(None, Some(3), None).unwrap(), (3, 3, 4));
        assert_eq!(wanted(None, None, Some(1)).unwrap(), (1, 1, 1));
        assert_eq!(wanted(None, Some(0), None).unwrap(), (0, 2, 4));
        assert_eq!(wanted(Some(0), Some(0), Some(0)).unwrap(), (0, 0, 0));
        assert_eq!(wanted(Some(9), None, Some(9)).unwrap(), (1, 9, 9));
    }

    #[test]
    fn what_is_out_of_bounds_says_which_bound_to_give() {
        let why = |desired, min, max| {
            let error = wanted(desired, min, max).unwrap_err();
            format!("{} | {}", error.message, error.next.clone().unwrap_or_default())
        };
        assert!(why(Some(9), None, None).contains("its max is 4 | give `max` too"));
        assert!(why(Some(0), None, None).contains("its min is 1 | give `min` too"));
        assert!(why(None, Some(5), None).contains("max 4 | give `max` too"));
        assert!(why(None, None, Some(0)).contains("min 1 | give `min` too"));
        assert!(why(None, Some(3), Some(2)).contains("at most"));
        assert!(why(Some(1), Some(2), None).contains("at most"));
        assert!(why(None, None, None).contains("give `desired`"));
    }

    #[test]
    fn one_call_adds_no_more_than_the_operator_allows() {
        let grow = |more: serde_json::Value, desired: i64| {
            growth(&group(more), Size { min: 0, desired, max: 100_000 }, 5)
        };
        assert!(grow(json!({}), 7).is_ok());
        assert!(grow(json!({}), 8).unwrap_err().next.clone().unwrap().contains("--max-instances"));
        assert!(grow(json!({"DesiredCapacityType": "vcpu"}), 8).is_err());
        assert!(grow(json!({"DesiredCapacityType": "memory-mib", "DesiredCapacity": 1024}), 3584).is_ok());
        assert!(grow(json!({"DesiredCapacityType": "memory-mib", "DesiredCapacity": 1024}), 3585).is_err());
        assert!(grow(json!({"DesiredCapacity": 50}), 3).is_ok());
    }
}
