use aws_sdk_ec2::types::{Instance as Described, InstanceAttributeName, InstanceStateName};
use awsmcp_mcp::{Call, Change, Error, Page, Plan, Result, Spec};
use futures::{StreamExt, TryStreamExt, stream};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    Ec2, arns,
    dry_run::would,
    instances::{all, settled, state},
    names::InstanceId,
    parts::counted,
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
    type Items = ();
    const SPEC: Spec = Spec::destroy("terminate_instances", "Terminate instances")
        .on("*", &["ec2:DescribeInstances", "ec2:DescribeVolumes"])
        .on(arns::INSTANCES, &["ec2:DescribeInstanceAttribute", "ec2:TerminateInstances"])
        .names_no_resource()
        .idempotent()
        .minutes(15);

    async fn plan(&self, cx: &Call<Ec2>) -> Result<Plan> {
        const AT_ONCE: usize = 8;
        let found = all(cx, &self.instances).await?;
        let protected: Vec<Option<String>> = stream::iter(self.instances.clone())
            .map(|id| protection(cx, id))
            .buffered(AT_ONCE)
            .try_collect()
            .await?;
        let protected: Vec<String> = protected.into_iter().flatten().collect();
        if !protected.is_empty() {
            return Err(Error::conflict(format!("protected from termination: {}", protected.join(", ")))
                .with_next("if it is meant, modify_instance with termination_protection false first"));
        }
        would(
            cx.client()
                .ec2
                .terminate_instances()
                .set_instance_ids(Some(self.instances.iter().map(ToString::to_string).collect()))
                .dry_run(true)
                .send(),
        )
        .await?;
        let ids: Vec<&str> = self.instances.iter().map(InstanceId::as_str).collect();
        let filters = Filters::default().any("attachment.instance-id", &ids).build();
        let volumes =
            cx.client().ec2.describe_volumes().set_filters(filters).send().await?.volumes.unwrap_or_default();
        let (mut lost, mut kept) = (Vec::new(), Vec::new());
        for volume in &volumes {
            let goes = volume.attachments.iter().flatten().any(|it| {
                it.delete_on_termination == Some(true)
                    && it.instance_id.as_deref().is_some_and(|id| ids.contains(&id))
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
        let states: Vec<(&Option<String>, &str)> =
            found.iter().map(|one| (&one.instance_id, state(one))).collect();
        Ok(plan.state(json!([states, lost])))
    }

    async fn apply(self, (): (), cx: &Call<Ec2>) -> Result<Self::Output> {
        let ids = self.instances.iter().map(ToString::to_string).collect();
        cx.client().ec2.terminate_instances().set_instance_ids(Some(ids)).send().await?;
        let found = match self.no_wait {
            true => all(cx, &self.instances).await?,
            false => settled(cx, &self.instances, &InstanceStateName::Terminated).await?,
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
async fn protection(cx: &Call<Ec2>, id: InstanceId) -> Result<Option<String>> {
    let request = cx.client().ec2.describe_instance_attribute().instance_id(id.as_str());
    let out = request.attribute(InstanceAttributeName::DisableApiTermination).send().await?;
    let on = out.disable_api_termination.and_then(|flag| flag.value) == Some(true);
    Ok(on.then(|| id.to_string()))
}
