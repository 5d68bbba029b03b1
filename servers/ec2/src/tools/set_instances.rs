use aws_sdk_ec2::types::{DeviceType, Instance as Described, InstanceStateName};
use awsmcp_mcp::{Call, Change, Error, Page, Plan, Result, Spec, counted};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    Ec2, arns,
    dry_run::would,
    instances::{Seen, all, settled, state, unmoved},
    lists::once,
    names::InstanceId,
    tags::{manager, name},
};

/// Starts, stops, hibernates or reboots instances, and waits until they are there. Stopping what runs asks first.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetInstances {
    #[schemars(length(min = 1, max = 50))]
    instances: Vec<InstanceId>,
    action: Action,
    /// Stops without letting the system shut down.
    #[serde(default)]
    force: bool,
    /// Does not wait.
    #[serde(default)]
    no_wait: bool,
}

#[derive(Clone, Copy, Deserialize, JsonSchema, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Action {
    Start,
    Stop,
    Hibernate,
    Reboot,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Row {
    id: String,
    name: Option<String>,
    state: String,
    private_ip: Option<String>,
    public_ip: Option<String>,
}

impl Change for SetInstances {
    type Service = Ec2;
    type Output = Page<Row>;
    type Items = Vec<Seen>;
    const SPEC: Spec = Spec::write("set_instances", "Set instances")
        .shown_by("list_instances")
        .on("*", &["ec2:DescribeInstances"])
        .when("action=start")
        .on(arns::INSTANCES, &["ec2:StartInstances"])
        .when("action=stop|hibernate")
        .on(arns::INSTANCES, &["ec2:StopInstances"])
        .when("action=reboot")
        .on(arns::INSTANCES, &["ec2:RebootInstances"])
        .names_no_resource()
        .minutes(15);

    async fn plan(&self, cx: &Call<Ec2>) -> Result<Plan<Vec<Seen>>> {
        if self.force && self.action != Action::Stop {
            return Err(Error::invalid("`force` is only for the action stop"));
        }
        let ids = once(&self.instances);
        let found = all(cx, &ids).await?;
        self.wants(cx, &ids, true).await?;
        let word = match self.action {
            Action::Start => "start",
            Action::Stop => "stop",
            Action::Hibernate => "hibernate",
            Action::Reboot => "reboot",
        };
        let mut plan = Plan::new(format!("{word} {}", counted(found.len(), "instance")));
        for instance in &found {
            plan = plan.row(json!({
                "id": instance.instance_id,
                "name": name(instance.tags.as_ref()),
                "state": state(instance),
                "type": instance.instance_type.as_ref().map(ToString::to_string),
                "public_ip": instance.public_ip_address,
            }));
        }
        for warning in self.warnings(&found) {
            plan = plan.warning(warning);
        }
        if self.ends(&found) {
            plan = plan.ask();
        }
        Ok(plan.items(found.iter().map(Seen::of).collect()))
    }

    async fn apply(self, seen: Vec<Seen>, cx: &Call<Ec2>) -> Result<Self::Output> {
        let ids = unmoved(cx, &seen, Seen::of).await?;
        self.wants(cx, &ids, false).await?;
        let wanted = match self.action {
            Action::Start | Action::Reboot => InstanceStateName::Running,
            Action::Stop | Action::Hibernate => InstanceStateName::Stopped,
        };
        let found = match self.no_wait {
            true => all(cx, &ids).await?,
            false => settled(cx, &ids, &wanted).await?,
        };
        if self.action == Action::Reboot {
            cx.note("a reboot does not show in the state; describe_instance shows when its checks pass");
        }
        let rows = found.into_iter().map(|instance| Row {
            state: state(&instance).to_owned(),
            name: name(instance.tags.as_ref()),
            id: instance.instance_id.unwrap_or_default(),
            private_ip: instance.private_ip_address,
            public_ip: instance.public_ip_address,
        });
        Ok(cx.page(rows, None))
    }
}

impl SetInstances {
    /// Asks for it; `dry` only whether it would be done.
    async fn wants(&self, cx: &Call<Ec2>, ids: &[String], dry: bool) -> Result<()> {
        let client = &cx.client().ec2;
        let ids = Some(ids.to_vec());
        let dry_run = dry.then_some(true);
        match self.action {
            Action::Start => {
                let sent = client.start_instances().set_instance_ids(ids).set_dry_run(dry_run).send();
                if dry { would(sent).await } else { Ok(sent.await.map(drop)?) }
            }
            Action::Stop | Action::Hibernate => {
                let hibernate = (self.action == Action::Hibernate).then_some(true);
                let request = client.stop_instances().set_instance_ids(ids).set_hibernate(hibernate);
                let sent = request.set_force(self.force.then_some(true)).set_dry_run(dry_run).send();
                if dry { would(sent).await } else { Ok(sent.await.map(drop)?) }
            }
            Action::Reboot => {
                let sent = client.reboot_instances().set_instance_ids(ids).set_dry_run(dry_run).send();
                if dry { would(sent).await } else { Ok(sent.await.map(drop)?) }
            }
        }
    }

    /// Whether something that runs comes to an end by it.
    fn ends(&self, found: &[Described]) -> bool {
        let stops = matches!(self.action, Action::Stop | Action::Hibernate);
        stops && found.iter().any(|one| matches!(state(one), "pending" | "running"))
    }

    fn warnings(&self, found: &[Described]) -> Vec<String> {
        let ids = |picked: &dyn Fn(&&Described) -> bool| -> Vec<String> {
            found.iter().filter(picked).filter_map(|one| one.instance_id.clone()).collect()
        };
        let mut warnings = Vec::new();
        let mut warn = |ids: Vec<String>, what: &str| {
            if !ids.is_empty() {
                warnings.push(format!("{what}: {}", ids.join(", ")));
            }
        };
        let stops = matches!(self.action, Action::Stop | Action::Hibernate);
        if stops {
            warn(
                ids(&|one| one.public_ip_address.is_some()),
                "a public address that is not an Elastic IP is lost, and another given at the next start",
            );
            warn(
                ids(&|one| one.root_device_type == Some(DeviceType::InstanceStore)),
                "their disks are lost with a stop, which AWS refuses",
            );
        }
        if self.force {
            warn(ids(&|_| true), "data not yet written to disk is lost");
        }
        let wanted = if stops { "stopped" } else { "running" };
        if self.action != Action::Reboot {
            warn(ids(&|one| state(one) == wanted), &format!("{wanted} already"));
        }
        for instance in found {
            if let Some(manager) = manager(instance.tags.as_ref()).filter(|_| self.action != Action::Start) {
                let id = instance.instance_id.as_deref().unwrap_or_default();
                warnings
                    .push(format!("{id} belongs to {manager}, which may replace it when it does not answer"));
            }
        }
        warnings
    }
}
