use aws_sdk_ec2::types::{HttpTokensState, Instance as Described, InstanceAttributeName};
use awsmcp_mcp::{Call, Change, Error, One, Plan, Result, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{
    Ec2, arns,
    instances::{one, state},
    names::{GroupId, InstanceId},
    tags::Filters,
};

mod step;

use step::steps;

/// Changes what is given of an instance: type (stopped only), security groups, protection, IMDS, instance profile.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ModifyInstance {
    instance: InstanceId,
    instance_type: Option<String>,
    /// All it shall have.
    #[schemars(length(min = 1, max = 5))]
    security_groups: Option<Vec<GroupId>>,
    termination_protection: Option<bool>,
    stop_protection: Option<bool>,
    source_dest_check: Option<bool>,
    /// Turns IMDSv1 off, or on again.
    imdsv2_only: Option<bool>,
    detailed_monitoring: Option<bool>,
    instance_profile: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Done {
    instance: String,
    changed: Vec<&'static str>,
}

/// An instance as a plan saw it.
#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct Before {
    /// Of what is to be changed.
    settings: Map<String, Value>,
    state: String,
    /// Of the profile that is to be replaced.
    association: Option<String>,
}

impl Change for ModifyInstance {
    type Service = Ec2;
    type Output = One<Done>;
    type Items = Before;
    const SPEC: Spec = Spec::write("modify_instance", "Modify instance")
        .shown_by("describe_instance")
        .on("*", &["ec2:DescribeInstances"])
        .on(arns::INSTANCE, &["ec2:DescribeInstanceAttribute", "ec2:ModifyInstanceAttribute"])
        .when("imdsv2_only=true|false")
        .on(arns::INSTANCE, &["ec2:ModifyInstanceMetadataOptions"])
        .when("detailed_monitoring=true")
        .on(arns::INSTANCE, &["ec2:MonitorInstances"])
        .when("detailed_monitoring=false")
        .on(arns::INSTANCE, &["ec2:UnmonitorInstances"])
        .when("security_groups")
        .on(arns::SECURITY_GROUPS, &["ec2:ModifyInstanceAttribute"])
        .when("instance_profile")
        .on("*", &["ec2:DescribeIamInstanceProfileAssociations"])
        .on(arns::INSTANCE, &["ec2:AssociateIamInstanceProfile", "ec2:ReplaceIamInstanceProfileAssociation"])
        .on(arns::ANY_ROLE, &["iam:PassRole"])
        .names_no_resource()
        .optional();

    async fn plan(&self, cx: &Call<Ec2>) -> Result<Plan<Before>> {
        let before = self.before(cx).await?;
        let after = self.wanted();
        if after.is_empty() {
            return Err(Error::invalid("nothing to change is given")
                .with_next("such as instance_type or security_groups"));
        }
        let is_new = |name: &str| after.get(name) != before.settings.get(name);
        if self.instance_type.is_some() && is_new("type") && before.state != "stopped" {
            return Err(Error::conflict(format!(
                "{} is {}: its type changes only while it is stopped",
                self.instance, before.state
            ))
            .with_next("set_instances with action stop first, and start afterwards"));
        }
        for step in steps(self, &before) {
            step.rehearse(cx, self.instance.as_str()).await?;
        }
        let mut plan = Plan::new(format!(
            "change {} of {}",
            after.keys().cloned().collect::<Vec<_>>().join(", "),
            self.instance
        ));
        let is_off = |name: &str| after.get(name) == Some(&json!(false)) && is_new(name);
        if is_off("termination_protection") || is_off("stop_protection") {
            plan = plan.warning("it loses its protection");
        }
        if is_off("imdsv2_only") {
            plan =
                plan.warning("IMDSv1 gives the role's keys to whoever makes the instance fetch a URL").ask();
        }
        if is_off("source_dest_check") {
            plan = plan.warning("it may then send and receive for other addresses, as routers do");
        }
        if self.instance_profile.is_some() && is_new("instance_profile") && before.association.is_some() {
            plan = plan.warning("what runs on it loses the rights of the role that it has now");
        }
        Ok(plan.difference(Some(&json!(before.settings)), Some(&Value::Object(after))).items(before))
    }

    async fn apply(self, before: Before, cx: &Call<Ec2>) -> Result<Self::Output> {
        let now = self.before(cx).await?;
        if now != before {
            return Err(Error::conflict(format!("{} is another by now", self.instance))
                .with_next("nothing was changed: call again with what is there now"));
        }
        let mut changed = Vec::new();
        for step in steps(&self, &before) {
            if let Err(mut error) = step.take(cx, self.instance.as_str()).await {
                if !changed.is_empty() {
                    let message = error.message.trim_end_matches('.');
                    error.message = format!("{message}; by then it has its new {}", changed.join(", "));
                }
                return Err(error);
            }
            changed.push(step.what());
        }
        Ok(One(Done { instance: self.instance.to_string(), changed }))
    }
}

impl ModifyInstance {
    fn wanted(&self) -> Map<String, Value> {
        let groups = self.security_groups.as_ref().map(|groups| {
            let mut ids: Vec<&str> = groups.iter().map(GroupId::as_str).collect();
            ids.sort_unstable();
            ids.dedup();
            json!(ids)
        });
        [
            ("type", self.instance_type.as_ref().map(|kind| json!(kind))),
            ("security_groups", groups),
            ("termination_protection", self.termination_protection.map(|on| json!(on))),
            ("stop_protection", self.stop_protection.map(|on| json!(on))),
            ("source_dest_check", self.source_dest_check.map(|on| json!(on))),
            ("imdsv2_only", self.imdsv2_only.map(|on| json!(on))),
            ("detailed_monitoring", self.detailed_monitoring.map(|on| json!(on))),
            ("instance_profile", self.instance_profile.as_ref().map(|name| json!(name))),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect()
    }

    /// What there is now.
    async fn before(&self, cx: &Call<Ec2>) -> Result<Before> {
        let instance = one(cx, &self.instance).await?;
        let association = match (&self.instance_profile, &instance.iam_instance_profile) {
            (Some(_), Some(_)) => association(cx, self.instance.as_str()).await?,
            _ => None,
        };
        let settings = self.present(cx, &instance).await?;
        Ok(Before { settings, state: state(&instance).to_owned(), association })
    }

    /// What there is now of what is to be changed.
    async fn present(&self, cx: &Call<Ec2>, instance: &Described) -> Result<Map<String, Value>> {
        let mut groups: Vec<&str> =
            instance.security_groups.iter().flatten().filter_map(|group| group.group_id.as_deref()).collect();
        groups.sort_unstable();
        let metadata = instance.metadata_options.as_ref().and_then(|options| options.http_tokens.as_ref());
        let monitoring = instance.monitoring.as_ref().and_then(|it| it.state.as_ref());
        let profile = instance.iam_instance_profile.as_ref().and_then(|profile| profile.arn.as_deref());
        let protection = async |attribute, asked: bool| -> Result<Option<bool>> {
            if !asked {
                return Ok(None);
            }
            let request = cx.client().ec2.describe_instance_attribute().instance_id(self.instance.as_str());
            let out = request.attribute(attribute).send().await?;
            let flag = out.disable_api_termination.or(out.disable_api_stop);
            Ok(flag.and_then(|flag| flag.value))
        };
        let (termination, stop) = tokio::try_join!(
            protection(InstanceAttributeName::DisableApiTermination, self.termination_protection.is_some()),
            protection(InstanceAttributeName::DisableApiStop, self.stop_protection.is_some()),
        )?;
        let all = [
            ("type", instance.instance_type.as_ref().map(|kind| json!(kind.as_str()))),
            ("security_groups", Some(json!(groups))),
            ("termination_protection", termination.map(|on| json!(on))),
            ("stop_protection", stop.map(|on| json!(on))),
            ("source_dest_check", instance.source_dest_check.map(|on| json!(on))),
            ("imdsv2_only", metadata.map(|tokens| json!(*tokens == HttpTokensState::Required))),
            ("detailed_monitoring", monitoring.map(|state| json!(state.as_str() == "enabled"))),
            ("instance_profile", profile.map(|arn| json!(arn.rsplit('/').next()))),
        ];
        let wanted = self.wanted();
        Ok(all
            .into_iter()
            .filter(|(name, _)| wanted.contains_key(*name))
            .filter_map(|(name, value)| Some((name.to_owned(), value?)))
            .collect())
    }
}

/// The association of an instance with its profile, by its id: the one that is to be replaced.
async fn association(cx: &Call<Ec2>, id: &str) -> Result<Option<String>> {
    let filters = Filters::default().any("instance-id", [id]).any("state", ["associated"]).build();
    let out =
        cx.client().ec2.describe_iam_instance_profile_associations().set_filters(filters).send().await?;
    let found = out.iam_instance_profile_associations.unwrap_or_default().into_iter();
    // The request to replace it names no instance, so that it is this one's is seen here.
    Ok(found.filter(|it| it.instance_id.as_deref() == Some(id)).find_map(|it| it.association_id))
}
