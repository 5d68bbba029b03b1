//! Instances: found by what a caller knows of them, and waited for.

use std::time::Duration;

use aws_sdk_ec2::types::{Instance as Described, InstanceStateName};
use awsmcp_mcp::{Call, Error, Extra, Result};

use crate::{
    Ec2,
    names::{Instance, InstanceId},
    tags::Filters,
};

/// How many instances one call of `run_instances` may launch.
pub(crate) const MOST: Extra = Extra {
    name: "max-instances",
    value: "COUNT",
    help: "The most instances that one call of run_instances launches.",
    default: Some("5"),
    check: |text| match text.parse::<i32>() {
        Ok(1..=1000) => Ok(()),
        _ => Err("a good one is 5; from 1 to 1000".to_owned()),
    },
};

/// States in which an instance still is something.
pub(crate) const ALIVE: [&str; 5] = ["pending", "running", "shutting-down", "stopping", "stopped"];

/// The one that is meant.
///
/// # Errors
/// When there is none, or a name is that of several.
pub(crate) async fn find(cx: &Call<Ec2>, instance: &Instance) -> Result<Described> {
    let request = cx.client().ec2.describe_instances();
    let request = match instance {
        Instance::Id(id) => request.instance_ids(id.as_str()),
        Instance::Name(name) => request.set_filters(
            Filters::default().any("tag:Name", [literal(name)]).any("instance-state-name", ALIVE).build(),
        ),
    };
    let mut found: Vec<Described> = request
        .send()
        .await?
        .reservations
        .unwrap_or_default()
        .into_iter()
        .flat_map(|it| it.instances.unwrap_or_default())
        .collect();
    match (found.len(), found.pop()) {
        (1, Some(one)) => Ok(one),
        (0, _) | (_, None) => {
            Err(Error::not_found(format!("there is no instance {instance} in {}", cx.region()))
                .with_next("list_instances shows the names and ids of this region"))
        }
        (count, Some(last)) => {
            found.push(last);
            let ids: Vec<&str> = found.iter().take(5).filter_map(|one| one.instance_id.as_deref()).collect();
            Err(Error::invalid(format!("{count} instances are called {instance}"))
                .with_next(format!("give an id, such as one of {}", ids.join(", "))))
        }
    }
}

/// A name in which nothing stands for anything else, as filters take it.
fn literal(name: &str) -> String {
    name.replace('\\', "\\\\").replace('*', "\\*").replace('?', "\\?")
}

/// All of these, in this order.
///
/// # Errors
/// When one does not exist.
pub(crate) async fn all(cx: &Call<Ec2>, ids: &[InstanceId]) -> Result<Vec<Described>> {
    let ids: Vec<String> = ids.iter().map(|id| id.as_str().to_owned()).collect();
    let out = cx.client().ec2.describe_instances().set_instance_ids(Some(ids.clone())).send().await?;
    let mut found: Vec<Described> = out
        .reservations
        .unwrap_or_default()
        .into_iter()
        .flat_map(|it| it.instances.unwrap_or_default())
        .collect();
    found.sort_by_key(|one| ids.iter().position(|id| one.instance_id.as_deref() == Some(id)));
    Ok(found)
}

/// The word for an instance's state.
pub(crate) fn state(instance: &Described) -> &str {
    instance.state.as_ref().and_then(|state| state.name.as_ref()).map_or("unknown", |name| name.as_str())
}

/// Waits until all of these are in that state.
///
/// # Errors
/// When one goes elsewhere, or it takes too long.
pub(crate) async fn settled(
    cx: &Call<Ec2>,
    ids: &[InstanceId],
    wanted: &InstanceStateName,
) -> Result<Vec<Described>> {
    const PATIENCE: Duration = Duration::from_secs(13 * 60);
    let start = tokio::time::Instant::now();
    let total = u64::try_from(ids.len()).unwrap_or(u64::MAX);
    let mut pause = Duration::from_millis(500);
    loop {
        let found = all(cx, ids).await?;
        let there = found.iter().filter(|one| state(one) == wanted.as_str()).count();
        if there == ids.len() {
            return Ok(found);
        }
        let lost = |one: &&Described| {
            matches!(state(one), "terminated" | "shutting-down") && *wanted != InstanceStateName::Terminated
        };
        if let Some(lost) = found.iter().find(lost) {
            let why = lost.state_reason.as_ref().and_then(|reason| reason.message.clone());
            return Err(Error::conflict(format!(
                "{} is {} instead of {wanted}: {}",
                lost.instance_id.as_deref().unwrap_or_default(),
                state(lost),
                why.as_deref().unwrap_or("AWS gives no reason")
            ))
            .with_next("console_output may show why"));
        }
        cx.progress(there.try_into().unwrap_or(0), Some(total), format!("waiting for {wanted}"));
        if start.elapsed() > PATIENCE {
            return Err(Error::timeout(format!(
                "AWS took it, but after {} min not all are {wanted}",
                PATIENCE.as_secs() / 60
            ))
            .with_next("list_instances shows how far they are; the change goes on without this call"));
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(5));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_no_pattern() {
        assert_eq!(literal(r"a*b?\"), r"a\*b\?\\");
    }

    #[test]
    fn the_cap_takes_whole_numbers() {
        assert!((MOST.check)("5").is_ok());
        for wrong in ["0", "-1", "many", "1001"] {
            assert!((MOST.check)(wrong).unwrap_err().contains("a good one is 5"), "{wrong}");
        }
    }
}
