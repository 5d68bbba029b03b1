use aws_sdk_ec2::types::{
    AttributeBooleanValue, AttributeValue, HttpTokensState, IamInstanceProfileSpecification,
    Instance as Described, InstanceAttributeName,
};
use awsmcp_mcp::{Call, Change, Error, One, Plan, Result, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{
    Ec2, arns,
    dry_run::would,
    instances::{all, state},
    names::{GroupId, InstanceId},
    tags::Filters,
};

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

impl Change for ModifyInstance {
    type Service = Ec2;
    type Output = One<Done>;
    type Items = ();
    const SPEC: Spec = Spec::write("modify_instance", "Modify instance")
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
        .idempotent()
        .optional();

    async fn plan(&self, cx: &Call<Ec2>) -> Result<Plan> {
        let instance = self.instance(cx).await?;
        let before = self.present(cx, &instance).await?;
        let after = self.wanted();
        if after.is_empty() {
            return Err(Error::invalid("nothing to change is given")
                .with_next("such as instance_type or security_groups"));
        }
        if self.instance_type.is_some()
            && after.get("type") != before.get("type")
            && state(&instance) != "stopped"
        {
            return Err(Error::conflict(format!(
                "{} is {}: its type changes only while it is stopped",
                self.instance,
                state(&instance)
            ))
            .with_next("set_instances with action stop first, and start afterwards"));
        }
        self.change(cx, &instance, true).await?;
        let mut plan = Plan::new(format!(
            "change {} of {}",
            after.keys().cloned().collect::<Vec<_>>().join(", "),
            self.instance
        ));
        let is_off =
            |name: &str| after.get(name) == Some(&json!(false)) && before.get(name) != Some(&json!(false));
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
        let (before, after) = (Value::Object(before), Value::Object(after));
        Ok(plan.difference(Some(&before), Some(&after)).state(json!([before, state(&instance)])))
    }

    async fn apply(self, (): (), cx: &Call<Ec2>) -> Result<Self::Output> {
        let instance = self.instance(cx).await?;
        let changed = self.change(cx, &instance, false).await?;
        Ok(One(Done { instance: self.instance.to_string(), changed }))
    }
}

impl ModifyInstance {
    async fn instance(&self, cx: &Call<Ec2>) -> Result<Described> {
        let found = all(cx, std::slice::from_ref(&self.instance)).await?;
        found
            .into_iter()
            .next()
            .ok_or_else(|| Error::not_found(format!("there is no instance {}", self.instance)))
    }

    fn wanted(&self) -> Map<String, Value> {
        let groups = self.security_groups.as_ref().map(|groups| {
            let mut ids: Vec<&str> = groups.iter().map(GroupId::as_str).collect();
            ids.sort_unstable();
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

    /// Changes what is given, one thing at a time, as EC2 wants it; `dry` only asks whether it would be done.
    async fn change(&self, cx: &Call<Ec2>, instance: &Described, dry: bool) -> Result<Vec<&'static str>> {
        let ec2 = &cx.client().ec2;
        let id = self.instance.as_str();
        let flag = |on: bool| AttributeBooleanValue::builder().value(on).build();
        let attribute = || ec2.modify_instance_attribute().instance_id(id).set_dry_run(dry.then_some(true));
        let mut requests = Vec::new();
        if let Some(kind) = &self.instance_type {
            let value = AttributeValue::builder().value(kind).build();
            requests.push(("instance_type", attribute().instance_type(value)));
        }
        if let Some(groups) = &self.security_groups {
            let ids = groups.iter().map(ToString::to_string).collect();
            requests.push(("security_groups", attribute().set_groups(Some(ids))));
        }
        if let Some(on) = self.termination_protection {
            requests.push(("termination_protection", attribute().disable_api_termination(flag(on))));
        }
        if let Some(on) = self.stop_protection {
            requests.push(("stop_protection", attribute().disable_api_stop(flag(on))));
        }
        if let Some(on) = self.source_dest_check {
            requests.push(("source_dest_check", attribute().source_dest_check(flag(on))));
        }
        let mut changed = Vec::new();
        for (what, request) in requests {
            if dry {
                would(request.send()).await?
            } else {
                request.send().await.map(drop)?
            }
            changed.push(what);
        }
        if let Some(only) = self.imdsv2_only {
            let tokens = if only { HttpTokensState::Required } else { HttpTokensState::Optional };
            let request = ec2.modify_instance_metadata_options().instance_id(id).http_tokens(tokens);
            let sent = request.set_dry_run(dry.then_some(true)).send();
            if dry {
                would(sent).await?
            } else {
                sent.await.map(drop)?
            }
            changed.push("imdsv2_only");
        }
        match self.detailed_monitoring {
            Some(true) => {
                let sent = ec2.monitor_instances().instance_ids(id).set_dry_run(dry.then_some(true)).send();
                if dry {
                    would(sent).await?
                } else {
                    sent.await.map(drop)?
                }
                changed.push("detailed_monitoring");
            }
            Some(false) => {
                let sent = ec2.unmonitor_instances().instance_ids(id).set_dry_run(dry.then_some(true)).send();
                if dry {
                    would(sent).await?
                } else {
                    sent.await.map(drop)?
                }
                changed.push("detailed_monitoring");
            }
            None => {}
        }
        // EC2 has no dry run of this.
        if let Some(name) = self.instance_profile.as_ref().filter(|_| !dry) {
            let profile = IamInstanceProfileSpecification::builder().name(name).build();
            let present = match instance.iam_instance_profile {
                Some(_) => {
                    let filters =
                        Filters::default().any("instance-id", [id]).any("state", ["associated"]).build();
                    let out =
                        ec2.describe_iam_instance_profile_associations().set_filters(filters).send().await?;
                    out.iam_instance_profile_associations
                        .unwrap_or_default()
                        .pop()
                        .and_then(|it| it.association_id)
                }
                None => None,
            };
            match present {
                Some(association) => {
                    let request = ec2.replace_iam_instance_profile_association().association_id(association);
                    request.iam_instance_profile(profile).send().await?;
                }
                None => {
                    ec2.associate_iam_instance_profile()
                        .instance_id(id)
                        .iam_instance_profile(profile)
                        .send()
                        .await?;
                }
            }
            changed.push("instance_profile");
        }
        Ok(changed)
    }
}
