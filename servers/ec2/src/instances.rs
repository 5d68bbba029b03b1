//! Instances: found by what a caller knows of them, and waited for.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_ec2::types::{Instance as Described, InstanceStateName, Reservation};
use aws_smithy_types::DateTime;
use awsmcp_mcp::{Call, Error, Extra, Result, Waited};
use serde::Serialize;

use crate::{
    Ec2,
    names::{Instance, InstanceId},
    tags::Filters,
};

/// How many instances one call of `run_instances` may launch.
pub(crate) const MOST: Extra = Extra {
    name: "max-instances",
    value: "COUNT",
    help: "The most instances that one call of run_instances or scale_group launches.",
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
    // Another page may hold another of that name.
    let found: Vec<Reservation> = request.into_paginator().items().send().try_collect().await?;
    let mut found: Vec<Described> =
        found.into_iter().flat_map(|it| it.instances.unwrap_or_default()).collect();
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
pub(crate) fn literal(name: &str) -> String {
    name.replace('\\', "\\\\").replace('*', "\\*").replace('?', "\\?")
}

/// All of these, in this order.
///
/// # Errors
/// When one does not exist.
pub(crate) async fn all(cx: &Call<Ec2>, ids: &[String]) -> Result<Vec<Described>> {
    let request = cx.client().ec2.describe_instances().set_instance_ids(Some(ids.to_vec()));
    let found: Vec<Reservation> = request.into_paginator().items().send().try_collect().await?;
    let mut found: Vec<Described> =
        found.into_iter().flat_map(|it| it.instances.unwrap_or_default()).collect();
    found.sort_by_key(|one| ids.iter().position(|id| one.instance_id.as_deref() == Some(id)));
    Ok(found)
}

/// The one that has this id.
///
/// # Errors
/// When there is none.
pub(crate) async fn one(cx: &Call<Ec2>, id: &InstanceId) -> Result<Described> {
    let found = all(cx, &[id.to_string()]).await?;
    found.into_iter().next().ok_or_else(|| Error::not_found(format!("there is no instance {id}")))
}

/// The word for an instance's state.
pub(crate) fn state(instance: &Described) -> &str {
    instance.state.as_ref().and_then(|state| state.name.as_ref()).map_or("unknown", |name| name.as_str())
}

/// An instance as a plan saw it: what it is changed under.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Seen {
    pub(crate) id: String,
    state: String,
    /// When it was started last, in seconds.
    launched: Option<i64>,
    /// The volumes that go when it is terminated, where that matters.
    lost: Vec<String>,
}

impl Seen {
    /// What matters to all that starts and stops it.
    pub(crate) fn of(instance: &Described) -> Seen {
        Seen {
            id: instance.instance_id.clone().unwrap_or_default(),
            state: state(instance).to_owned(),
            launched: instance.launch_time.as_ref().map(DateTime::secs),
            lost: Vec::new(),
        }
    }

    /// And what matters when it is terminated.
    pub(crate) fn with_volumes(instance: &Described) -> Seen {
        let disks = instance.block_device_mappings.iter().flatten().filter_map(|disk| disk.ebs.as_ref());
        let lost = disks
            .filter(|ebs| ebs.delete_on_termination == Some(true))
            .filter_map(|ebs| ebs.volume_id.clone())
            .collect();
        Seen { lost, ..Seen::of(instance) }
    }

    /// How it is another by now; none where it is as it was.
    fn moved(&self, now: &Seen) -> Option<String> {
        let id = &self.id;
        if self.state != now.state {
            return Some(format!("{id} was left alone: it was {} and is {} by now", self.state, now.state));
        }
        if self.launched != now.launched {
            return Some(format!("{id} was left alone: it was started anew meanwhile"));
        }
        (self.lost != now.lost).then(|| format!("{id} was left alone: other volumes would go with it by now"))
    }
}

/// Those that are as the plan saw them; a note names each of the others, which are left alone.
///
/// # Errors
/// When none is left.
pub(crate) async fn unmoved(
    cx: &Call<Ec2>,
    seen: &[Seen],
    read: impl Fn(&Described) -> Seen,
) -> Result<Vec<String>> {
    let ids: Vec<String> = seen.iter().map(|one| one.id.clone()).collect();
    let now: Vec<Seen> = all(cx, &ids).await?.iter().map(read).collect();
    let (mut still, mut moved) = (Vec::new(), Vec::new());
    for one in seen {
        let how = match now.iter().find(|now| now.id == one.id) {
            Some(now) => one.moved(now),
            None => Some(format!("{} was left alone: it is gone", one.id)),
        };
        match how {
            Some(how) => moved.push(how),
            None => still.push(one.id.clone()),
        }
    }
    if still.is_empty() {
        return Err(Error::conflict(moved.join("; "))
            .with_next("nothing was done: call again with what is there now"));
    }
    moved.into_iter().for_each(|how| cx.note(how));
    Ok(still)
}

/// How often an instance that is to run may be found stopped before it counts as not started: AWS's own description may
/// lag behind the start by some seconds.
const LOOKS_AT_REST: usize = 6;

/// Waits until all of these are in that state; a note says so where some are not yet.
///
/// # Errors
/// When one goes elsewhere.
pub(crate) async fn settled(
    cx: &Call<Ec2>,
    ids: &[String],
    wanted: &InstanceStateName,
) -> Result<Vec<Described>> {
    const PATIENCE: Duration = Duration::from_secs(13 * 60);
    let history: Mutex<BTreeMap<String, History>> = Mutex::default();
    let waited = cx
        .until(PATIENCE, || async {
            let found = all(cx, ids).await;
            let mut history = history.lock().unwrap_or_else(PoisonError::into_inner);
            let found = match found {
                // It takes AWS a moment until it knows what it launched.
                Err(error)
                    if error.code.as_deref() == Some("InvalidInstanceID.NotFound")
                        && history.entry(String::new()).or_default().is_news() =>
                {
                    return Ok(Waited::Still("waiting until AWS knows them".to_owned()));
                }
                found => found?,
            };
            for one in &found {
                let id = one.instance_id.clone().unwrap_or_default();
                if history.entry(id).or_default().is_lost(state(one), wanted) {
                    return Err(elsewhere(one, wanted));
                }
            }
            let there = found.iter().filter(|one| state(one) == wanted.as_str()).count();
            Ok(match there == ids.len() {
                true => Waited::Ready(found),
                false if ids.len() == 1 => Waited::Still(format!("waiting for {wanted}")),
                false => Waited::Still(format!("waiting for {wanted}: {there} of {} are", ids.len())),
            })
        })
        .await?;
    match waited {
        Waited::Ready(found) => Ok(found),
        Waited::Still(how) => {
            cx.note(format!(
                "AWS took it and goes on, but this call stopped {how}; list_instances shows how far they are"
            ));
            all(cx, ids).await
        }
    }
}

/// What was seen of an instance while it was waited for.
#[derive(Debug, Default)]
struct History {
    /// Whether it was on its way.
    began: bool,
    /// How often it was found stopped.
    at_rest: usize,
}

impl History {
    /// Whether it may be too new to be known.
    fn is_news(&mut self) -> bool {
        self.at_rest += 1;
        self.at_rest <= LOOKS_AT_REST
    }

    /// Whether it can no longer come to where it is wanted.
    fn is_lost(&mut self, state: &str, wanted: &InstanceStateName) -> bool {
        match (state, wanted) {
            (_, InstanceStateName::Terminated) => false,
            ("terminated" | "shutting-down", _) => true,
            ("pending", InstanceStateName::Running) => {
                self.began = true;
                false
            }
            // AWS takes a start back where a volume's key may not be used or there is no room.
            ("stopped" | "stopping", InstanceStateName::Running) => {
                self.at_rest += 1;
                self.began || self.at_rest >= LOOKS_AT_REST
            }
            _ => false,
        }
    }
}

fn elsewhere(instance: &Described, wanted: &InstanceStateName) -> Error {
    let why = instance.state_reason.as_ref().and_then(|reason| reason.message.as_deref());
    Error::conflict(format!(
        "{} is {} instead of {wanted}: {}",
        instance.instance_id.as_deref().unwrap_or_default(),
        state(instance),
        why.unwrap_or("AWS gives no reason")
    ))
    .with_next("console_output may show why")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_no_pattern() {
        assert_eq!(literal(r"a*b?\"), r"a\*b\?\\");
    }

    #[test]
    fn a_start_that_is_taken_back_is_noticed() {
        let running = InstanceStateName::Running;
        let mut one = History::default();
        assert!(!one.is_lost("stopped", &running) && !one.is_lost("pending", &running));
        assert!(one.is_lost("stopping", &running));
        let mut slow = History::default();
        assert!((1..LOOKS_AT_REST).all(|_| !slow.is_lost("stopped", &running)));
        assert!(slow.is_lost("stopped", &running));
        assert!(!History::default().is_lost("shutting-down", &InstanceStateName::Terminated));
        assert!(!History::default().is_lost("stopping", &InstanceStateName::Stopped));
    }

    #[test]
    fn what_moved_is_told_by_what_moved() {
        let of = |state: &str, launched, lost: &[&str]| Seen {
            id: "i-1".to_owned(),
            state: state.to_owned(),
            launched: Some(launched),
            lost: lost.iter().map(|id| (*id).to_owned()).collect(),
        };
        let seen = of("running", 1, &["vol-1"]);
        assert_eq!(seen.moved(&seen.clone()), None);
        for (now, how) in [
            (of("stopped", 1, &["vol-1"]), "was running and is stopped"),
            (of("running", 2, &["vol-1"]), "started anew"),
            (of("running", 1, &["vol-1", "vol-2"]), "other volumes"),
        ] {
            assert!(seen.moved(&now).is_some_and(|told| told.contains(how)), "{how}");
        }
    }

    #[test]
    fn the_cap_takes_whole_numbers() {
        assert!((MOST.check)("5").is_ok());
        for wrong in ["0", "-1", "many", "1001"] {
            assert!((MOST.check)(wrong).unwrap_err().contains("a good one is 5"), "{wrong}");
        }
    }
}
