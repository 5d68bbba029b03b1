use std::collections::BTreeMap;

use aws_sdk_ec2::types::{ResourceType, SecurityGroup};
use awsmcp_mcp::{Call, Change, Error, One, Plan, Result, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    Ec2, arns,
    dry_run::would,
    names::{GroupId, VpcId},
    parts::counted,
    rules::{Rule, of_group},
    tags::specification,
};

/// Adds and removes rules of a security group, or creates one (`name`, `vpc`). The plan shows the difference.
///
/// Opening an admin port to the world asks first.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetSecurityGroup {
    group: Option<GroupId>,
    /// Of a new one.
    name: Option<String>,
    vpc: Option<VpcId>,
    description: Option<String>,
    /// `in tcp 443 from 0.0.0.0/0 # web`, `out all to sg-...`, as list_security_groups shows them.
    #[schemars(length(max = 60))]
    #[serde(default)]
    add: Vec<Rule>,
    #[schemars(length(max = 60))]
    #[serde(default)]
    remove: Vec<Rule>,
    /// Removes all that is not in `add`.
    #[serde(default)]
    exact: bool,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Done {
    group: String,
    created: Option<bool>,
    added: Vec<String>,
    removed: Vec<String>,
}

/// What is to be done to the rules.
struct Changes {
    add: Vec<Rule>,
    remove: Vec<Rule>,
}

impl Change for SetSecurityGroup {
    type Service = Ec2;
    type Output = One<Done>;
    type Items = ();
    const SPEC: Spec = Spec::write("set_security_group", "Set security group")
        .on("*", &["ec2:DescribeSecurityGroups"])
        .on(
            arns::GROUP,
            &[
                "ec2:AuthorizeSecurityGroupIngress",
                "ec2:AuthorizeSecurityGroupEgress",
                "ec2:RevokeSecurityGroupIngress",
                "ec2:RevokeSecurityGroupEgress",
            ],
        )
        .when("name")
        .on(arns::ANY_SECURITY_GROUP, &["ec2:CreateSecurityGroup", "ec2:CreateTags"])
        .on(arns::VPC, &["ec2:CreateSecurityGroup"])
        .names_no_resource()
        .idempotent()
        .optional();

    async fn plan(&self, cx: &Call<Ec2>) -> Result<Plan> {
        let before = self.present(cx).await?;
        let rules = before.as_ref().map(of_group).unwrap_or_else(|| vec![everything_out()]);
        let changes = self.changes(&rules)?;
        let headline = match (&before, changes.add.len(), changes.remove.len()) {
            (None, add, _) => {
                format!("create the security group {} with {}", self.label(), counted(add, "rule"))
            }
            (Some(_), 0, 0) => format!("leave {} as it is: nothing changes", self.label()),
            (Some(_), add, remove) => {
                format!("change {}: add {}, remove {remove}", self.label(), counted(add, "rule"))
            }
        };
        match &before {
            Some(group) => {
                self.carry_out(cx, group.group_id.as_deref().unwrap_or_default(), &changes, true).await?
            }
            None => {
                would(self.creation(cx).dry_run(true).send()).await?;
            }
        }
        let mut plan = Plan::new(headline);
        let mut exposed: Vec<String> = changes.add.iter().flat_map(Rule::exposes).collect();
        exposed.sort();
        exposed.dedup();
        if !exposed.is_empty() {
            let shown = exposed.iter().take(6).cloned().collect::<Vec<_>>().join(", ");
            let more =
                if exposed.len() > 6 { format!(" and {} more", exposed.len() - 6) } else { String::new() };
            plan = plan.warning(format!("the whole internet may then reach {shown}{more}")).ask();
        } else if let Some(open) = changes.add.iter().find(|rule| rule.is_open()) {
            plan = plan.warning(format!("the whole internet may then come in: {}", open.key()));
        }
        if changes.remove.iter().any(|rule| rule.egress)
            && !rules.iter().any(|rule| rule.egress && !changes.remove.contains(rule))
            && !changes.add.iter().any(|rule| rule.egress)
        {
            plan = plan.warning("nothing may then go out, not even for updates or the SSM agent");
        }
        let text = |rules: &[Rule]| {
            let mut lines: Vec<String> = rules.iter().map(ToString::to_string).collect();
            lines.sort();
            json!(lines)
        };
        let after: Vec<Rule> =
            rules.iter().filter(|rule| !changes.remove.contains(rule)).chain(&changes.add).cloned().collect();
        let shown = before.is_some().then(|| text(&rules));
        Ok(plan.difference(shown.as_ref(), Some(&text(&after))).state(json!(shown)))
    }

    async fn apply(self, (): (), cx: &Call<Ec2>) -> Result<Self::Output> {
        let (id, rules, created) = match self.present(cx).await? {
            Some(group) => (group.group_id.clone().unwrap_or_default(), of_group(&group), None),
            None => {
                let out = self.creation(cx).send().await?;
                (out.group_id.unwrap_or_default(), vec![everything_out()], Some(true))
            }
        };
        let changes = self.changes(&rules)?;
        self.carry_out(cx, &id, &changes, false).await.map_err(|error| match created {
            // It exists by now, and the caller must know.
            Some(_) => {
                let next = format!("the group {id} was created; call again with `group` {id} for its rules");
                error.with_next(next)
            }
            None => error,
        })?;
        Ok(One(Done {
            group: id,
            created,
            added: changes.add.iter().map(Rule::key).collect(),
            removed: changes.remove.iter().map(Rule::key).collect(),
        }))
    }
}

/// What EC2 gives to a new group.
fn everything_out() -> Rule {
    Rule {
        egress: true,
        protocol: crate::rules::Protocol::All,
        ports: None,
        peer: crate::rules::Peer::Net(ipnet::IpNet::V4(ipnet::Ipv4Net::default())),
        description: None,
    }
}

impl SetSecurityGroup {
    fn label(&self) -> String {
        self.group.as_ref().map_or_else(|| self.name.clone().unwrap_or_default(), ToString::to_string)
    }

    fn creation(
        &self,
        cx: &Call<Ec2>,
    ) -> aws_sdk_ec2::operation::create_security_group::builders::CreateSecurityGroupFluentBuilder {
        let name = self.name.clone().unwrap_or_default();
        let tags = specification(ResourceType::SecurityGroup, Some(&name), &BTreeMap::new());
        cx.client()
            .ec2
            .create_security_group()
            .description(self.description.as_ref().unwrap_or(&name))
            .group_name(name)
            .set_vpc_id(self.vpc.clone().map(String::from))
            .set_tag_specifications(tags.map(|tags| vec![tags]))
    }

    /// The group that is to be changed; none where one is to be made.
    async fn present(&self, cx: &Call<Ec2>) -> Result<Option<SecurityGroup>> {
        match (&self.group, &self.name, &self.vpc) {
            (Some(group), None, None) => {
                let out = cx.client().ec2.describe_security_groups().group_ids(group.as_str()).send().await?;
                let found = out.security_groups.unwrap_or_default().pop();
                found.map(Some).ok_or_else(|| Error::not_found(format!("there is no security group {group}")))
            }
            (None, Some(name), Some(vpc)) => {
                let filters =
                    crate::tags::Filters::default().any("group-name", [name]).any("vpc-id", [vpc.as_str()]);
                let out =
                    cx.client().ec2.describe_security_groups().set_filters(filters.build()).send().await?;
                match out.security_groups.unwrap_or_default().pop() {
                    Some(group) => {
                        Err(Error::conflict(format!("{vpc} has a security group {name} already")).with_next(
                            format!("give `group` {} to change it", group.group_id.unwrap_or_default()),
                        ))
                    }
                    None => Ok(None),
                }
            }
            _ => Err(Error::invalid("give `group`, or for a new one `name` and `vpc`")),
        }
    }

    fn changes(&self, present: &[Rule]) -> Result<Changes> {
        let has = |rules: &[Rule], rule: &Rule| rules.iter().any(|other| other.key() == rule.key());
        if let Some(rule) = self.add.iter().find(|rule| has(&self.remove, rule)) {
            return Err(Error::invalid(format!("`{}` is both to be added and to be removed", rule.key())));
        }
        if let Some(rule) = self.remove.iter().find(|rule| !has(present, rule)) {
            return Err(Error::not_found(format!("it has no rule `{}`", rule.key()))
                .with_next("list_security_groups shows its rules as they are written here"));
        }
        if self.exact && self.add.is_empty() {
            return Err(Error::invalid("`exact` without `add` would leave it without rules")
                .with_next("name what goes in `remove`"));
        }
        let mut add: Vec<Rule> = Vec::new();
        for rule in &self.add {
            if !has(present, rule) && !has(&add, rule) {
                add.push(rule.clone());
            }
        }
        let goes = |rule: &&Rule| has(&self.remove, rule) || self.exact && !has(&self.add, rule);
        Ok(Changes { add, remove: present.iter().filter(goes).cloned().collect() })
    }

    /// Adds before it removes, so that what stays allowed is allowed at every moment.
    async fn carry_out(&self, cx: &Call<Ec2>, id: &str, changes: &Changes, dry: bool) -> Result<()> {
        let ec2 = &cx.client().ec2;
        let of = |rules: &[Rule], egress: bool| {
            let found: Vec<_> =
                rules.iter().filter(|rule| rule.egress == egress).map(Rule::permission).collect();
            (!found.is_empty()).then_some(found)
        };
        let dry_run = dry.then_some(true);
        if let Some(rules) = of(&changes.add, false) {
            let sent = ec2
                .authorize_security_group_ingress()
                .group_id(id)
                .set_ip_permissions(Some(rules))
                .set_dry_run(dry_run)
                .send();
            if dry { would(sent).await? } else { sent.await.map(drop)? }
        }
        if let Some(rules) = of(&changes.add, true) {
            let sent = ec2
                .authorize_security_group_egress()
                .group_id(id)
                .set_ip_permissions(Some(rules))
                .set_dry_run(dry_run)
                .send();
            if dry { would(sent).await? } else { sent.await.map(drop)? }
        }
        if let Some(rules) = of(&changes.remove, false) {
            let sent = ec2
                .revoke_security_group_ingress()
                .group_id(id)
                .set_ip_permissions(Some(rules))
                .set_dry_run(dry_run)
                .send();
            if dry { would(sent).await? } else { sent.await.map(drop)? }
        }
        if let Some(rules) = of(&changes.remove, true) {
            let sent = ec2
                .revoke_security_group_egress()
                .group_id(id)
                .set_ip_permissions(Some(rules))
                .set_dry_run(dry_run)
                .send();
            if dry { would(sent).await? } else { sent.await.map(drop)? }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(more: serde_json::Value) -> SetSecurityGroup {
        serde_json::from_value(more).unwrap()
    }

    fn rules(texts: &[&str]) -> Vec<Rule> {
        texts.iter().map(|text| serde_json::from_value(json!(text)).unwrap()).collect()
    }

    #[test]
    fn only_what_differs_is_changed() {
        let present =
            rules(&["in tcp 80 from 0.0.0.0/0 # web", "in tcp 22 from 10.0.0.0/8", "out all to 0.0.0.0/0"]);
        let of = |more| {
            let changes = asked(more).changes(&present).unwrap();
            let text = |rules: &[Rule]| rules.iter().map(Rule::key).collect::<Vec<_>>().join("; ");
            (text(&changes.add), text(&changes.remove))
        };
        let none = String::new();
        assert_eq!(of(json!({"add": ["in tcp 80 from 0.0.0.0/0"]})), (none.clone(), none.clone()));
        assert_eq!(
            of(json!({"add": ["in tcp 443 from ::/0"], "remove": ["in tcp 22 from 10.0.0.0/8"]})),
            ("in tcp 443 from ::/0".to_owned(), "in tcp 22 from 10.0.0.0/8".to_owned())
        );
        assert_eq!(
            of(json!({"add": ["in tcp 80 from 0.0.0.0/0"], "exact": true})),
            (none, "in tcp 22 from 10.0.0.0/8; out all to 0.0.0.0/0".to_owned())
        );
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let wrong =
            |more| asked(more).changes(&rules(&["in tcp 80 from 0.0.0.0/0"])).err().unwrap().message.clone();
        assert!(wrong(json!({"remove": ["in tcp 81 from 0.0.0.0/0"]})).contains("it has no rule"));
        assert!(wrong(json!({"exact": true})).contains("without rules"));
        let both = json!({"add": ["in tcp 80 from 0.0.0.0/0"], "remove": ["in tcp 80 from 0.0.0.0/0"]});
        assert!(wrong(both).contains("both"));
    }
}
