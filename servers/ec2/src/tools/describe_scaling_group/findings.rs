//! Why a group has not the size that it should have, or does not change it.

use awsmcp_mcp::counted;

use super::{Around, words};
use crate::scaling::Group;

/// What follows from a process that does not run.
const SUSPENDED: &[(&str, &str)] = &[
    ("Launch", "no instance is launched"),
    ("Terminate", "no instance is ended"),
    ("HealthCheck", "no instance is found unhealthy by it"),
    ("ReplaceUnhealthy", "unhealthy instances are not replaced"),
    ("AZRebalance", "instances are not spread anew over the zones"),
    ("AlarmNotification", "policies by alarms do not scale it"),
    ("ScheduledActions", "scheduled actions are passed over"),
    ("AddToLoadBalancer", "new instances are not registered with load balancers, later neither"),
    ("InstanceRefresh", "instances are not refreshed"),
];

pub(super) fn findings(group: &Group, around: &Around) -> Vec<String> {
    let mut found = Vec::new();
    if group.is_going() {
        found.push("the group is being deleted".to_owned());
    }
    for (process, effect) in SUSPENDED.iter().filter(|(process, _)| group.is_suspended(process)) {
        found.push(format!("{process} is suspended: {effect}"));
    }
    found.extend(size(group, around));
    found.extend(ends(around));
    found.extend(waits(group, around));
    found.extend(scaled(group, around));
    found
}

/// What is missing, and what the last failure said of it.
fn size(group: &Group, around: &Around) -> Vec<String> {
    let mut found = Vec::new();
    let in_units = group.desired_capacity_type.as_deref().is_none_or(|unit| unit == "units")
        && group.instances.iter().all(|one| one.weighted_capacity.is_none());
    let serving = i64::try_from(group.in_service()).unwrap_or(i64::MAX);
    if in_units && serving < group.desired_capacity {
        found.push(format!("{serving} of {} serve", group.desired_capacity));
    }
    let last = around.activities.iter().flatten().next();
    if let Some(failed) = last.filter(|activity| activity.failed()) {
        let why = failed.error.as_deref().unwrap_or("AWS does not say why");
        found.push(format!("its last activity failed ({}): {why}", failed.what));
    }
    found
}

/// Instances that are launched and end again.
fn ends(around: &Around) -> Option<String> {
    let activities = around.activities.as_deref()?;
    let by_check = |who: &str| {
        let is = |activity: &&words::Activity| {
            activity.what.starts_with("Terminating")
                && activity.cause.contains(&format!("{who} "))
                && activity.cause.contains("health check")
        };
        activities.iter().filter(is).count()
    };
    let (balancer, machine) = (by_check("ELB system"), by_check("EC2"));
    let next = if balancer > 0 { "; check_target_health shows why the checks fail" } else { "" };
    (balancer + machine > 0).then(|| {
        format!(
            "of its last {}, {} ended an instance that failed a health check ({balancer} of a load balancer, {machine} of \
             EC2){next}",
            counted(activities.len(), "activity"),
            balancer + machine
        )
    })
}

/// Instances that a lifecycle hook holds.
fn waits(group: &Group, around: &Around) -> Vec<String> {
    let held = |state: &str, transition: &str| {
        let ids: Vec<&str> = group
            .instances
            .iter()
            .filter(|one| one.lifecycle_state == state)
            .map(|one| one.instance_id.as_str())
            .collect();
        let hooks: Vec<&str> = around
            .hooks
            .iter()
            .flatten()
            .filter(|hook| words::text(hook, "LifecycleTransition") == transition)
            .map(|hook| words::text(hook, "LifecycleHookName"))
            .collect();
        (!ids.is_empty()).then(|| {
            format!(
                "{state}: {} until the hook {} is completed or times out",
                ids.join(", "),
                hooks.join(" or ")
            )
        })
    };
    [
        held("Pending:Wait", "autoscaling:EC2_INSTANCE_LAUNCHING"),
        held("Terminating:Wait", "autoscaling:EC2_INSTANCE_TERMINATING"),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Whether anything scales it, and whether it can.
fn scaled(group: &Group, around: &Around) -> Option<String> {
    let (policies, scheduled) = (around.policies.as_deref()?, around.scheduled.as_deref()?);
    let on = policies.iter().filter(|policy| words::is_on(policy)).count();
    let desired = group.desired_capacity;
    match (on, scheduled.is_empty()) {
        (0, true) if !policies.is_empty() => {
            Some("all of its policies are off: nothing scales it".to_owned())
        }
        (0, true) => Some("nothing scales it: it has no policy and no scheduled action".to_owned()),
        (0, false) => None,
        _ if group.min_size == group.max_size => {
            Some(format!("min and max are both {desired}: no policy can change its size"))
        }
        _ if desired >= group.max_size => {
            Some(format!("it is at its max of {}: no policy adds to it", group.max_size))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{super::words::Activity, *};
    use crate::scaling::tests::group;

    fn around(activities: &[(&str, &str, &str, &str)], policies: Vec<Value>) -> Around {
        let activity = |(what, status, error, cause): &(&str, &str, &str, &str)| {
            Activity::new(
                &json!({"StartTime": "2026-11-30T10:00:00Z", "Description": what, "StatusCode": status,
                "StatusMessage": error, "Cause": cause}),
            )
        };
        Around {
            activities: Some(activities.iter().map(activity).collect()),
            policies: Some(policies),
            scheduled: Some(Vec::new()),
            ..Around::default()
        }
    }

    #[test]
    fn a_group_that_cannot_launch_says_why() {
        let failed = around(
            &[(
                "Launching a new EC2 instance",
                "Failed",
                "We currently do not have sufficient t3.micro capacity",
                "",
            )],
            vec![json!({"PolicyName": "cpu"})],
        );
        let told =
            findings(&group(json!({"SuspendedProcesses": [{"ProcessName": "AlarmNotification"}]})), &failed);
        assert_eq!(
            told,
            [
                "AlarmNotification is suspended: policies by alarms do not scale it",
                "0 of 2 serve",
                "its last activity failed (Launching a new EC2 instance): We currently do not have sufficient t3.micro \
                 capacity"
            ]
        );
    }

    #[test]
    fn instances_that_come_and_go_are_told_with_whose_check_ends_them() {
        let cause = "At 2026-11-30T10:00:00Z an instance was taken out of service in response to an ELB system health check \
                     failure.";
        let own = "At 2026-11-30T10:00:00Z an instance was taken out of service in response to an EC2 health check indicating \
                   it has been terminated or stopped.";
        let many = around(
            &[
                ("Terminating EC2 instance: i-1", "Successful", "", cause),
                (
                    "Launching a new EC2 instance: i-2",
                    "Successful",
                    "",
                    "in response to an unhealthy instance",
                ),
                ("Terminating EC2 instance: i-0", "Successful", "", own),
                ("Terminating EC2 instance: i-9", "Successful", "", "a user request to shrink"),
            ],
            Vec::new(),
        );
        let told = findings(&group(json!({"DesiredCapacity": 0, "MinSize": 0})), &many);
        assert_eq!(
            told,
            [
                "of its last 4 activities, 2 ended an instance that failed a health check (1 of a load balancer, 1 of EC2); \
                 check_target_health shows why the checks fail",
                "nothing scales it: it has no policy and no scheduled action"
            ]
        );
    }

    #[test]
    fn what_was_not_read_is_no_finding() {
        assert!(findings(&group(json!({"DesiredCapacity": 0})), &Around::default()).is_empty());
    }

    #[test]
    fn a_group_at_its_max_and_one_whose_policies_are_off_say_so() {
        let full = |more: Value, policies: Vec<Value>| findings(&group(more), &around(&[], policies));
        let on = || vec![json!({"PolicyName": "cpu"})];
        let none = json!({"DesiredCapacity": 0, "MaxSize": 0, "MinSize": 0});
        assert_eq!(full(none, on()), ["min and max are both 0: no policy can change its size"]);
        let units = |desired| json!({"DesiredCapacity": desired, "DesiredCapacityType": "vcpu"});
        assert_eq!(full(units(4), on()), ["it is at its max of 4: no policy adds to it"]);
        assert!(full(units(3), on()).is_empty());
        let off = vec![json!({"PolicyName": "cpu", "Enabled": false})];
        assert_eq!(full(units(3), off), ["all of its policies are off: nothing scales it"]);
    }

    #[test]
    fn what_a_hook_holds_is_named_with_the_hook() {
        let held = group(json!({"DesiredCapacity": 0, "Instances": [
            {"InstanceId": "i-1", "AvailabilityZone": "a", "LifecycleState": "Pending:Wait", "HealthStatus": "Healthy"},
        ]}));
        let hook = |name: &str, at: &str| json!({"LifecycleHookName": name, "LifecycleTransition": format!("autoscaling:EC2_INSTANCE_{at}")});
        let hooks = Around {
            hooks: Some(vec![hook("boot", "LAUNCHING"), hook("drain", "TERMINATING")]),
            ..Around::default()
        };
        assert_eq!(
            findings(&held, &hooks),
            ["Pending:Wait: i-1 until the hook boot is completed or times out"]
        );
    }
}
