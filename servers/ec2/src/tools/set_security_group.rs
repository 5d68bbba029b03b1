use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_ec2::types::ResourceType;
use awsmcp_mcp::{Call, Change, Error, One, Plan, Result, Spec, Waited, counted};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    Ec2, arns,
    dry_run::would,
    names::{GroupId, VpcId},
    rules::{Rule, listed},
    tags::{Filters, specification},
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

/// What is to be done to a group.
#[derive(Serialize)]
pub(crate) struct Changes {
    /// None of a group that is made.
    group: Option<String>,
    add: Vec<Rule>,
    remove: Vec<Held>,
}

/// A rule that a group has.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Held {
    /// EC2's id of it; none of the rule that a group is made with.
    id: Option<String>,
    rule: Rule,
}

impl Change for SetSecurityGroup {
    type Service = Ec2;
    type Output = One<Done>;
    type Items = Changes;
    const SPEC: Spec = Spec::write("set_security_group", "Set security group")
        .shown_by("list_security_groups")
        .on("*", &["ec2:DescribeSecurityGroups", "ec2:DescribeSecurityGroupRules"])
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
        .optional();

    async fn plan(&self, cx: &Call<Ec2>) -> Result<Plan<Changes>> {
        let group = self.present(cx).await?;
        let held = match &group {
            Some(id) => held(cx, id).await?,
            None => vec![Held { id: None, rule: everything_out() }],
        };
        let changes = self.changes(group, &held)?;
        self.rehearse(cx, &changes).await?;
        let headline = match (&changes.group, changes.add.len(), changes.remove.len()) {
            (None, add, _) => {
                format!("create the security group {} with {}", self.label(), counted(add, "rule"))
            }
            (Some(_), 0, 0) => format!("leave {} as it is: nothing changes", self.label()),
            (Some(_), add, remove) => {
                format!("change {}: add {}, remove {remove}", self.label(), counted(add, "rule"))
            }
        };
        let plan = warned(Plan::new(headline), &changes, &held);
        let text = |rules: Vec<&Rule>| {
            let mut lines: Vec<String> = rules.into_iter().map(ToString::to_string).collect();
            lines.sort();
            json!(lines)
        };
        let stay = held.iter().filter(|one| !changes.remove.contains(one)).map(|one| &one.rule);
        let after = text(stay.chain(&changes.add).collect());
        let before = changes.group.is_some().then(|| text(held.iter().map(|one| &one.rule).collect()));
        Ok(plan.difference(before.as_ref(), Some(&after)).state(json!(before)).items(changes))
    }

    async fn apply(self, changes: Changes, cx: &Call<Ec2>) -> Result<Self::Output> {
        let created = changes.group.is_none();
        let id = match changes.group.clone() {
            Some(id) => id,
            None => self.creation(cx).send().await?.group_id.unwrap_or_default(),
        };
        let mut done = Done { group: id, created: created.then_some(true), added: vec![], removed: vec![] };
        match carry_out(cx, changes, &mut done).await {
            Ok(()) => Ok(One(done)),
            Err(error) => Err(done.left_by(error)),
        }
    }
}

impl Done {
    /// A failure after the first step: names what is so by now.
    fn left_by(&self, mut error: Error) -> Error {
        let steps = [("added", &self.added), ("removed", &self.removed)];
        let done: Vec<String> = steps
            .into_iter()
            .filter(|(_, rules)| !rules.is_empty())
            .map(|(what, rules)| format!("{what} {}", rules.join(", ")))
            .collect();
        if !done.is_empty() {
            error.message = format!("{}; by then: {}", error.message.trim_end_matches('.'), done.join("; "));
        }
        match self.created {
            Some(_) => {
                let next = format!(
                    "the group {} was created; call again with `group` {} for its rules",
                    self.group, self.group
                );
                error.with_next(next)
            }
            None => error,
        }
    }
}

/// What a reader must not miss, and whether it is asked about.
fn warned(mut plan: Plan, changes: &Changes, held: &[Held]) -> Plan {
    let mut exposed: Vec<String> = changes.add.iter().flat_map(Rule::exposes).collect();
    exposed.sort();
    exposed.dedup();
    if !exposed.is_empty() {
        let shown = exposed.iter().take(6).cloned().collect::<Vec<_>>().join(", ");
        let more = if exposed.len() > 6 { format!(" and {} more", exposed.len() - 6) } else { String::new() };
        plan = plan.warning(format!("the whole internet may then reach {shown}{more}")).ask();
    } else if let Some(open) = changes.add.iter().find(|rule| rule.is_open()) {
        plan = plan.warning(format!("the whole internet may then come in: {}", open.key()));
    }
    let goes_out = |one: &&Held| one.rule.egress;
    let stays = |one: &Held| one.rule.egress && !changes.remove.contains(one);
    if changes.remove.iter().any(|one| goes_out(&one))
        && !held.iter().any(stays)
        && !changes.add.iter().any(|rule| rule.egress)
    {
        plan = plan.warning("nothing may then go out, not even for updates or the SSM agent");
    }
    plan
}

/// The rules that a group has, by their ids.
async fn held(cx: &Call<Ec2>, group: &str) -> Result<Vec<Held>> {
    let (mut found, mut token) = (Vec::new(), None);
    loop {
        let filters = Filters::default().any("group-id", [group]).build();
        let request = cx.client().ec2.describe_security_group_rules().set_filters(filters);
        let out = request.max_results(1000).set_next_token(token).send().await?;
        found.extend(out.security_group_rules.unwrap_or_default().iter().filter_map(|rule| {
            Some(Held { id: Some(rule.security_group_rule_id.clone()?), rule: listed(rule)? })
        }));
        token = out.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            return Ok(found);
        }
    }
}

/// The rules of a group that was just made: it takes EC2 a moment until it lists them.
async fn first_rules(cx: &Call<Ec2>, group: &str) -> Result<Vec<Held>> {
    const PATIENCE: Duration = Duration::from_secs(20);
    let look = || async {
        let found = held(cx, group).await?;
        Ok(match found.is_empty() {
            true => Waited::Still("waiting for the group's first rule".to_owned()),
            false => Waited::Ready(found),
        })
    };
    match cx.until(PATIENCE, look).await? {
        Waited::Ready(found) => Ok(found),
        Waited::Still(_) => Ok(Vec::new()),
    }
}

/// Adds before it removes, so that what stays allowed is allowed at every moment. What moved meanwhile is left alone, which a
/// note says.
async fn carry_out(cx: &Call<Ec2>, changes: Changes, done: &mut Done) -> Result<()> {
    let now = match (done.created, changes.remove.is_empty()) {
        (None, _) => held(cx, &done.group).await?,
        // A group that was just made has but the rule that EC2 gave it.
        (Some(_), true) => Vec::new(),
        (Some(_), false) => first_rules(cx, &done.group).await?,
    };
    for egress in [false, true] {
        let is_new = |rule: &Rule| !now.iter().any(|one| one.rule.key() == rule.key());
        let add: Vec<Rule> =
            changes.add.iter().filter(|rule| rule.egress == egress && is_new(rule)).cloned().collect();
        if !add.is_empty() {
            authorize(cx, &done.group, &add, egress, false).await?;
            done.added.extend(add.iter().map(Rule::key));
        }
    }
    let (mut gone, mut moved) = (Vec::new(), Vec::new());
    for one in changes.remove {
        // A group that is made gets its first rule with an id that no plan can know.
        let is_it = |other: &&Held| other.rule == one.rule && (one.id.is_none() || other.id == one.id);
        match now.iter().find(is_it) {
            Some(found) => gone.push(found.clone()),
            None => moved.push(one.rule.key()),
        }
    }
    if !moved.is_empty() {
        cx.note(format!("left alone, since it is another rule or gone by now: {}", moved.join(", ")));
    }
    for egress in [false, true] {
        let remove: Vec<Held> = gone.iter().filter(|one| one.rule.egress == egress).cloned().collect();
        if !remove.is_empty() {
            revoke(cx, &done.group, &remove, egress, false).await?;
            done.removed.extend(remove.iter().map(|one| one.rule.key()));
        }
    }
    Ok(())
}

/// Adds rules of one direction; `dry` only asks whether they would be added.
async fn authorize(cx: &Call<Ec2>, group: &str, rules: &[Rule], egress: bool, dry: bool) -> Result<()> {
    let permissions = Some(rules.iter().map(Rule::permission).collect());
    let ec2 = &cx.client().ec2;
    if egress {
        let request = ec2.authorize_security_group_egress().group_id(group);
        let sent = request.set_ip_permissions(permissions).set_dry_run(dry.then_some(true)).send();
        if dry { would(sent).await } else { Ok(sent.await.map(drop)?) }
    } else {
        let request = ec2.authorize_security_group_ingress().group_id(group);
        let sent = request.set_ip_permissions(permissions).set_dry_run(dry.then_some(true)).send();
        if dry { would(sent).await } else { Ok(sent.await.map(drop)?) }
    }
}

/// Removes rules of one direction by their ids; `dry` only asks whether they would be removed.
async fn revoke(cx: &Call<Ec2>, group: &str, rules: &[Held], egress: bool, dry: bool) -> Result<()> {
    let ids = Some(rules.iter().filter_map(|one| one.id.clone()).collect());
    let ec2 = &cx.client().ec2;
    let dry_run = dry.then_some(true);
    let unknown = if egress {
        let request = ec2.revoke_security_group_egress().group_id(group);
        let sent = request.set_security_group_rule_ids(ids).set_dry_run(dry_run).send();
        if dry {
            return would(sent).await;
        }
        let out = sent.await?;
        out.r#return == Some(false) || !out.unknown_ip_permissions.unwrap_or_default().is_empty()
    } else {
        let request = ec2.revoke_security_group_ingress().group_id(group);
        let sent = request.set_security_group_rule_ids(ids).set_dry_run(dry_run).send();
        if dry {
            return would(sent).await;
        }
        let out = sent.await?;
        out.r#return == Some(false) || !out.unknown_ip_permissions.unwrap_or_default().is_empty()
    };
    // AWS says yes to the request and lists what it did not find.
    match unknown {
        false => Ok(()),
        true => Err(Error::conflict(format!("AWS did not find all of these rules in {group}"))
            .with_next("list_security_groups shows what is left")),
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
    async fn present(&self, cx: &Call<Ec2>) -> Result<Option<String>> {
        match (&self.group, &self.name, &self.vpc) {
            (Some(group), None, None) => {
                let out = cx.client().ec2.describe_security_groups().group_ids(group.as_str()).send().await?;
                let found = out.security_groups.unwrap_or_default().pop().and_then(|group| group.group_id);
                found.map(Some).ok_or_else(|| Error::not_found(format!("there is no security group {group}")))
            }
            (None, Some(name), Some(vpc)) => {
                let filters = Filters::default().any("group-name", [name]).any("vpc-id", [vpc.as_str()]);
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

    fn changes(&self, group: Option<String>, present: &[Held]) -> Result<Changes> {
        let has = |rules: &[Rule], rule: &Rule| rules.iter().any(|other| other.key() == rule.key());
        let is_there = |rule: &Rule| present.iter().any(|one| one.rule.key() == rule.key());
        if let Some(rule) = self.add.iter().find(|rule| has(&self.remove, rule)) {
            return Err(Error::invalid(format!("`{}` is both to be added and to be removed", rule.key())));
        }
        if let Some(rule) = self.remove.iter().find(|rule| !is_there(rule)) {
            return Err(Error::not_found(format!("it has no rule `{}`", rule.key()))
                .with_next("list_security_groups shows its rules as they are written here"));
        }
        if self.exact && self.add.is_empty() {
            return Err(Error::invalid("`exact` without `add` would leave it without rules")
                .with_next("name what goes in `remove`"));
        }
        let mut add: Vec<Rule> = Vec::new();
        for rule in &self.add {
            if !is_there(rule) && !has(&add, rule) {
                add.push(rule.clone());
            }
        }
        let goes = |one: &&Held| has(&self.remove, &one.rule) || self.exact && !has(&self.add, &one.rule);
        Ok(Changes { group, add, remove: present.iter().filter(goes).cloned().collect() })
    }

    /// Asks AWS whether it would do it.
    async fn rehearse(&self, cx: &Call<Ec2>, changes: &Changes) -> Result<()> {
        let Some(group) = &changes.group else {
            return would(self.creation(cx).dry_run(true).send()).await;
        };
        for egress in [false, true] {
            let add: Vec<Rule> = changes.add.iter().filter(|rule| rule.egress == egress).cloned().collect();
            if !add.is_empty() {
                authorize(cx, group, &add, egress, true).await?;
            }
        }
        for egress in [false, true] {
            let remove = changes.remove.iter().filter(|one| one.rule.egress == egress);
            let remove: Vec<Held> = remove.cloned().collect();
            if !remove.is_empty() {
                revoke(cx, group, &remove, egress, true).await?;
            }
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

    fn rules(texts: &[&str]) -> Vec<Held> {
        let rule = |text: &&str| serde_json::from_value(json!(text)).unwrap();
        texts.iter().map(|text| Held { id: None, rule: rule(text) }).collect()
    }

    #[test]
    fn only_what_differs_is_changed() {
        let present =
            rules(&["in tcp 80 from 0.0.0.0/0 # web", "in tcp 22 from 10.0.0.0/8", "out all to 0.0.0.0/0"]);
        let of = |more| {
            let changes = asked(more).changes(Some("sg-1".to_owned()), &present).unwrap();
            let removed: Vec<String> = changes.remove.iter().map(|one| one.rule.key()).collect();
            (changes.add.iter().map(Rule::key).collect::<Vec<_>>().join("; "), removed.join("; "))
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
        let wrong = |more| {
            asked(more).changes(None, &rules(&["in tcp 80 from 0.0.0.0/0"])).err().unwrap().message.clone()
        };
        assert!(wrong(json!({"remove": ["in tcp 81 from 0.0.0.0/0"]})).contains("it has no rule"));
        assert!(wrong(json!({"exact": true})).contains("without rules"));
        let both = json!({"add": ["in tcp 80 from 0.0.0.0/0"], "remove": ["in tcp 80 from 0.0.0.0/0"]});
        assert!(wrong(both).contains("both"));
    }
}
