//! Instances that stand still, and those that run and do nothing.

use aws_sdk_ec2::types::{Instance, Tag};
use awsmcp_mcp::{Call, Result};
use jiff::Timestamp;

use super::{MOST, Row, cut, highest};
use crate::{
    Ec2, costs,
    instances::{ALIVE, state},
    tags::{self, Filters},
    times::{age_days, transition},
};

/// Those that have been stopped for so many days, and those that never used more than this of their CPU in a week.
pub(super) async fn instances(cx: &Call<Ec2>, days: i64, idle_percent: f64) -> Result<Vec<Row>> {
    let (mut rows, mut running) = (Vec::new(), Vec::new());
    for instance in all(cx).await? {
        match state(&instance) {
            "stopped" => rows.extend(stopped(instance, days)),
            // What is younger than the week that is looked at says nothing.
            "running" if instance.launch_time.as_ref().is_some_and(|at| age_days(at) >= 7) => {
                running.push(instance);
            }
            _ => {}
        }
    }
    let ids: Vec<String> = running.iter().filter_map(|instance| instance.instance_id.clone()).collect();
    let busy = highest(cx, "AWS/EC2", "CPUUtilization", "InstanceId", "Maximum", &ids).await;
    let Some(busy) = cx.part("CPU", busy) else { return Ok(rows) };
    rows.extend(running.into_iter().filter_map(|instance| {
        let highest = *busy.get(instance.instance_id.as_deref()?)?;
        (highest <= idle_percent).then(|| idle(instance, highest))
    }));
    Ok(rows)
}

async fn all(cx: &Call<Ec2>) -> Result<Vec<Instance>> {
    let (mut found, mut token) = (Vec::<Instance>::new(), None);
    loop {
        let filters = Filters::default().any("instance-state-name", ALIVE).build();
        let request = cx.client().ec2.describe_instances().set_filters(filters).max_results(1000);
        let out = request.set_next_token(token).send().await?;
        found.extend(
            out.reservations.unwrap_or_default().into_iter().flat_map(|it| it.instances.unwrap_or_default()),
        );
        token = out.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            return Ok(found);
        }
        if found.len() >= MOST {
            cut(cx, "instances");
            return Ok(found);
        }
    }
}

/// One that is stopped, where that is long ago.
fn stopped(instance: Instance, days: i64) -> Option<Row> {
    let since = instance.state_transition_reason.as_deref().and_then(transition);
    let age = since.map(|since| (Timestamp::now().as_second() - since.as_second()) / 86_400);
    let is_long = match age {
        Some(age) => age >= days,
        // One that shut itself down has no time of that, and was launched at least as long ago.
        None => instance.launch_time.as_ref().is_none_or(|at| age_days(at) >= days),
    };
    let why = match age {
        Some(_) => "stopped: its volumes and addresses still cost",
        None => "stopped, since when AWS does not say: its volumes and addresses still cost",
    };
    is_long.then(|| Row {
        kind: "instance",
        // It is its volumes that cost.
        cost: None,
        per_month: None,
        name: tags::name(instance.tags.as_ref()),
        why: managed(instance.tags.as_ref(), why),
        size_gib: None,
        age_days: age,
        id: instance.instance_id.unwrap_or_default(),
    })
}

fn idle(instance: Instance, highest: f64) -> Row {
    let kind = instance.instance_type.as_ref().map(ToString::to_string).unwrap_or_default();
    let why = format!("{kind} that never used more than {highest:.1} % of its CPU in 7 days");
    Row {
        kind: "instance",
        cost: costs::of_instance(&instance),
        per_month: None,
        name: tags::name(instance.tags.as_ref()),
        why: managed(instance.tags.as_ref(), &why),
        size_gib: None,
        age_days: instance.launch_time.as_ref().map(age_days),
        id: instance.instance_id.unwrap_or_default(),
    }
}

/// Why an instance is waste, and whose it is: a warm pool keeps stopped ones, and a group replaces what goes.
fn managed(tags: Option<&Vec<Tag>>, why: &str) -> String {
    match tags::manager(tags) {
        Some(manager) => format!("{why}; it belongs to {manager}, which may want it so"),
        None => why.to_owned(),
    }
}
