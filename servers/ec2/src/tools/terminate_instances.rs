use aws_sdk_ec2::types::{Instance as Described, InstanceAttributeName, InstanceStateName, Volume};
use awsmcp_mcp::{Call, Change, Error, Page, Plan, Result, Spec, counted};
use futures::{StreamExt, TryStreamExt, stream};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    Ec2, arns,
    dry_run::would,
    instances::{Seen, all, settled, state, unmoved},
    lists::once,
    names::InstanceId,
    tags::{Filters, manager, name},
    times::age_days,
};

/// Terminates instances for good. The plan shows protection, the volumes that go with them, and what they belong to.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TerminateInstances {
    #[schemars(length(min = 1, max = 20))]
    instances: Vec<InstanceId>,
    /// Does not wait.
    #[serde(default)]
    no_wait: bool,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Row {
    id: String,
    name: Option<String>,
    state: String,
}

impl Change for TerminateInstances {
    type Service = Ec2;
    type Output = Page<Row>;
    type Items = Vec<Seen>;
    const SPEC: Spec = Spec::destroy("terminate_instances", "Terminate instances")
        .shown_by("list_instances")
        .on("*", &["ec2:DescribeInstances", "ec2:DescribeVolumes"])
        .on(arns::INSTANCES, &["ec2:DescribeInstanceAttribute", "ec2:TerminateInstances"])
        .names_no_resource()
        .idempotent()
        .minutes(15);

    async fn plan(&self, cx: &Call<Ec2>) -> Result<Plan<Vec<Seen>>> {
        const AT_ONCE: usize = 8;
        let ids = once(&self.instances);
        let found = all(cx, &ids).await?;
        let protected: Vec<Option<String>> =
            stream::iter(ids.clone()).map(|id| protection(cx, id)).buffered(AT_ONCE).try_collect().await?;
        let protected: Vec<String> = protected.into_iter().flatten().collect();
        if !protected.is_empty() {
            return Err(Error::conflict(format!("protected from termination: {}", protected.join(", ")))
                .with_next("if it is meant, modify_instance with termination_protection false first"));
        }
        let request = cx.client().ec2.terminate_instances().set_instance_ids(Some(ids.clone()));
        would(request.dry_run(true).send()).await?;
        let filters = Filters::default().any("attachment.instance-id", &ids).build();
        let request = cx.client().ec2.describe_volumes().set_filters(filters);
        let volumes: Vec<Volume> = request.into_paginator().items().send().try_collect().await?;
        let (mut lost, mut kept) = (Vec::new(), Vec::new());
        for volume in &volumes {
            let goes = volume.attachments.iter().flatten().any(|it| {
                it.delete_on_termination == Some(true)
                    && it.instance_id.as_ref().is_some_and(|id| ids.contains(id))
            });
            let text = format!(
                "{} ({} GiB)",
                volume.volume_id.as_deref().unwrap_or_default(),
                volume.size.unwrap_or(0)
            );
            if goes { lost.push(text) } else { kept.push(text) }
        }
        let mut plan = Plan::new(format!("terminate {}, for good", counted(found.len(), "instance")));
        for instance in &found {
            plan = plan.row(row(instance));
        }
        if !lost.is_empty() {
            plan = plan.warning(format!("these volumes and all that is on them go too: {}", lost.join(", ")));
        }
        if !kept.is_empty() {
            plan = plan.warning(format!("these volumes stay, and cost: {}", kept.join(", ")));
        }
        for instance in &found {
            if let Some(manager) = manager(instance.tags.as_ref()) {
                let id = instance.instance_id.as_deref().unwrap_or_default();
                plan =
                    plan.warning(format!("{id} belongs to {manager}, which may start another in its place"));
            }
        }
        Ok(plan.state(json!(lost)).items(found.iter().map(Seen::with_volumes).collect()))
    }

    async fn apply(self, seen: Vec<Seen>, cx: &Call<Ec2>) -> Result<Self::Output> {
        let ids = unmoved(cx, &seen, Seen::with_volumes).await?;
        cx.client().ec2.terminate_instances().set_instance_ids(Some(ids.clone())).send().await?;
        let found = match self.no_wait {
            true => all(cx, &ids).await?,
            false => settled(cx, &ids, &InstanceStateName::Terminated).await?,
        };
        let rows = found.into_iter().map(|instance| Row {
            state: state(&instance).to_owned(),
            name: name(instance.tags.as_ref()),
            id: instance.instance_id.unwrap_or_default(),
        });
        Ok(cx.page(rows, None))
    }
}

fn row(instance: &Described) -> serde_json::Value {
    json!({
        "id": instance.instance_id,
        "name": name(instance.tags.as_ref()),
        "state": state(instance),
        "type": instance.instance_type.as_ref().map(ToString::to_string),
        "private_ip": instance.private_ip_address,
        "public_ip": instance.public_ip_address,
        "age_days": instance.launch_time.as_ref().map(age_days),
    })
}

/// The id, of an instance that is protected.
async fn protection(cx: &Call<Ec2>, id: String) -> Result<Option<String>> {
    let request = cx.client().ec2.describe_instance_attribute().instance_id(&id);
    let out = request.attribute(InstanceAttributeName::DisableApiTermination).send().await?;
    let on = out.disable_api_termination.and_then(|flag| flag.value) == Some(true);
    Ok(on.then_some(id))
}
