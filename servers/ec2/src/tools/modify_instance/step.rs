//! The changes of one call, one request each, as EC2 wants it.

use aws_sdk_ec2::{
    operation::modify_instance_attribute::builders::ModifyInstanceAttributeFluentBuilder,
    types::{AttributeBooleanValue, AttributeValue, HttpTokensState, IamInstanceProfileSpecification},
};
use awsmcp_mcp::{Call, Result};

use super::{Before, ModifyInstance};
use crate::{Ec2, dry_run::would, lists::once};

/// One change.
pub(super) enum Step {
    Type(String),
    Groups(Vec<String>),
    TerminationProtection(bool),
    StopProtection(bool),
    SourceDestCheck(bool),
    Imdsv2Only(bool),
    Monitoring(bool),
    /// The profile, and the association that it replaces.
    Profile(String, Option<String>),
}

/// What a call changes, in order.
pub(super) fn steps(wanted: &ModifyInstance, before: &Before) -> Vec<Step> {
    [
        wanted.instance_type.clone().map(Step::Type),
        wanted.security_groups.as_ref().map(|groups| Step::Groups(once(groups))),
        wanted.termination_protection.map(Step::TerminationProtection),
        wanted.stop_protection.map(Step::StopProtection),
        wanted.source_dest_check.map(Step::SourceDestCheck),
        wanted.imdsv2_only.map(Step::Imdsv2Only),
        wanted.detailed_monitoring.map(Step::Monitoring),
        wanted.instance_profile.clone().map(|name| Step::Profile(name, before.association.clone())),
    ]
    .into_iter()
    .flatten()
    .collect()
}

impl Step {
    /// As the tool's input calls it.
    pub(super) fn what(&self) -> &'static str {
        match self {
            Step::Type(_) => "instance_type",
            Step::Groups(_) => "security_groups",
            Step::TerminationProtection(_) => "termination_protection",
            Step::StopProtection(_) => "stop_protection",
            Step::SourceDestCheck(_) => "source_dest_check",
            Step::Imdsv2Only(_) => "imdsv2_only",
            Step::Monitoring(_) => "detailed_monitoring",
            Step::Profile(..) => "instance_profile",
        }
    }

    /// Asks AWS whether it would do it.
    pub(super) async fn rehearse(&self, cx: &Call<Ec2>, id: &str) -> Result<()> {
        if let Some(request) = self.attribute(cx, id) {
            return would(request.dry_run(true).send()).await;
        }
        let ec2 = &cx.client().ec2;
        match self {
            Step::Imdsv2Only(only) => {
                let request = ec2.modify_instance_metadata_options().instance_id(id);
                would(request.http_tokens(tokens(*only)).dry_run(true).send()).await
            }
            Step::Monitoring(true) => {
                would(ec2.monitor_instances().instance_ids(id).dry_run(true).send()).await
            }
            Step::Monitoring(false) => {
                would(ec2.unmonitor_instances().instance_ids(id).dry_run(true).send()).await
            }
            // EC2 has no dry run of a profile.
            _ => Ok(()),
        }
    }

    /// Does it.
    pub(super) async fn take(&self, cx: &Call<Ec2>, id: &str) -> Result<()> {
        if let Some(request) = self.attribute(cx, id) {
            return Ok(request.send().await.map(drop)?);
        }
        let ec2 = &cx.client().ec2;
        match self {
            // What is not named of the metadata's options stays as it is.
            Step::Imdsv2Only(only) => {
                let request = ec2.modify_instance_metadata_options().instance_id(id);
                request.http_tokens(tokens(*only)).send().await?;
            }
            Step::Monitoring(true) => drop(ec2.monitor_instances().instance_ids(id).send().await?),
            Step::Monitoring(false) => drop(ec2.unmonitor_instances().instance_ids(id).send().await?),
            Step::Profile(name, replaced) => {
                let profile = IamInstanceProfileSpecification::builder().name(name).build();
                match replaced {
                    Some(association) => {
                        let request = ec2.replace_iam_instance_profile_association();
                        let request = request.association_id(association);
                        request.iam_instance_profile(profile).send().await?;
                    }
                    None => {
                        let request = ec2.associate_iam_instance_profile().instance_id(id);
                        request.iam_instance_profile(profile).send().await?;
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// The request, where it is one to change an attribute: EC2 takes one attribute at a time.
    fn attribute(&self, cx: &Call<Ec2>, id: &str) -> Option<ModifyInstanceAttributeFluentBuilder> {
        let flag = |on: bool| AttributeBooleanValue::builder().value(on).build();
        let request = cx.client().ec2.modify_instance_attribute().instance_id(id);
        Some(match self {
            Step::Type(kind) => request.instance_type(AttributeValue::builder().value(kind).build()),
            Step::Groups(ids) => request.set_groups(Some(ids.clone())),
            Step::TerminationProtection(on) => request.disable_api_termination(flag(*on)),
            Step::StopProtection(on) => request.disable_api_stop(flag(*on)),
            Step::SourceDestCheck(on) => request.source_dest_check(flag(*on)),
            Step::Imdsv2Only(_) | Step::Monitoring(_) | Step::Profile(..) => return None,
        })
    }
}

fn tokens(only: bool) -> HttpTokensState {
    if only { HttpTokensState::Required } else { HttpTokensState::Optional }
}
