use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::SecurityGroup;
use awsmcp_mcp::{Call, Page, Result, Spec, Tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Ec2, arns,
    names::{GroupId, VpcId},
    paging::Paging,
    rules::of_group,
    tags::Filters,
};

/// Lists security groups with their rules as text, who uses them, and which admin ports they open to the world.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListSecurityGroups {
    /// Its start, or `*-web`.
    name: Option<String>,
    tag: Option<String>,
    vpc: Option<VpcId>,
    #[schemars(length(max = 100))]
    #[serde(default)]
    groups: Vec<GroupId>,
    /// Only with a rule for everybody, of this family.
    open_to: Option<World>,
    /// Only with a rule that lets in this group.
    from_group: Option<GroupId>,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum World {
    Ipv4,
    Ipv6,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Row {
    id: String,
    name: Option<String>,
    vpc: Option<String>,
    /// Admin ports that everybody may reach.
    exposes: Vec<String>,
    rules: Vec<String>,
    /// Instances, or interfaces of something else.
    used_by: Vec<String>,
    description: Option<String>,
}

impl Tool for ListSecurityGroups {
    type Service = Ec2;
    type Output = Page<Row>;
    const SPEC: Spec = Spec::list("list_security_groups", "List security groups")
        .on("*", &["ec2:DescribeSecurityGroups", "ec2:DescribeNetworkInterfaces"])
        .rows(arns::EACH_SECURITY_GROUP)
        .regional();

    async fn call(self, cx: &Call<Ec2>) -> Result<Self::Output> {
        let paging = Paging::new(cx);
        let world = self.open_to.map(|world| match world {
            World::Ipv4 => ("ip-permission.cidr", "0.0.0.0/0"),
            World::Ipv6 => ("ip-permission.ipv6-cidr", "::/0"),
        });
        let filters = Filters::default()
            .named("group-name", self.name.as_deref())
            .tag(self.tag.as_deref())
            .any("vpc-id", self.vpc.as_ref().map(VpcId::as_str))
            .any("ip-permission.group-id", self.from_group.as_ref().map(GroupId::as_str))
            .any(world.map_or("", |(filter, _)| filter), world.map(|(_, net)| net));
        let mut request = cx.client().ec2.describe_security_groups().set_filters(filters.build());
        if self.groups.is_empty() {
            // What is asked of the interfaces names each group, at most 200 at a time.
            request = request.max_results(paging.size(200)).set_next_token(paging.token());
        } else {
            request = request.set_group_ids(Some(self.groups.into_iter().map(String::from).collect()));
        }
        let out = request.send().await?;
        let groups = out.security_groups.unwrap_or_default();
        let ids: Vec<String> = groups.iter().filter_map(|group| group.group_id.clone()).collect();
        let mut users = cx.part("who uses them", users(cx, &ids).await).unwrap_or_default();
        let rows = groups.into_iter().map(|group| {
            let used_by = group.group_id.as_ref().and_then(|id| users.remove(id)).unwrap_or_default();
            Row::new(group, used_by)
        });
        Ok(paging.page(cx, rows.collect(), out.next_token))
    }
}

/// The instances and other owners of interfaces that are in each group.
async fn users(cx: &Call<Ec2>, groups: &[String]) -> Result<BTreeMap<String, BTreeSet<String>>> {
    const MOST_PAGES: usize = 5;
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut token = None;
    if groups.is_empty() {
        return Ok(found);
    }
    for page in 0.. {
        let out = cx
            .client()
            .ec2
            .describe_network_interfaces()
            .set_filters(Filters::default().any("group-id", groups).build())
            .max_results(1000)
            .set_next_token(token)
            .send()
            .await?;
        for interface in out.network_interfaces.unwrap_or_default() {
            let instance = interface.attachment.and_then(|attachment| attachment.instance_id);
            let about = interface.description.filter(|text| !text.is_empty());
            let user = instance.or(about).or(interface.network_interface_id).unwrap_or_default();
            for group in interface.groups.unwrap_or_default() {
                found.entry(group.group_id.unwrap_or_default()).or_default().insert(user.clone());
            }
        }
        token = out.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            break;
        }
        if page + 1 == MOST_PAGES {
            cx.note("they are used by more than 5,000 interfaces: `used_by` is not whole");
            break;
        }
    }
    Ok(found)
}

impl Row {
    fn new(group: SecurityGroup, users: BTreeSet<String>) -> Row {
        const SHOWN: usize = 5;
        let rules = of_group(&group);
        let mut exposes: Vec<String> = rules.iter().flat_map(|rule| rule.exposes()).collect();
        exposes.sort();
        exposes.dedup();
        if exposes.len() > SHOWN {
            let more = exposes.len() - SHOWN;
            exposes.truncate(SHOWN);
            exposes.push(format!("{more} more"));
        }
        let mut used_by: Vec<String> = users.iter().take(SHOWN).cloned().collect();
        if users.len() > SHOWN {
            used_by.push(format!("{} more", users.len() - SHOWN));
        }
        // Every group begins with this one.
        let usual = |rule: &String| rule != "out all to 0.0.0.0/0";
        Row {
            id: group.group_id.unwrap_or_default(),
            vpc: group.vpc_id,
            exposes,
            rules: rules.iter().map(ToString::to_string).filter(usual).collect(),
            used_by,
            // What EC2 itself writes says nothing.
            description: group.description.filter(|text| {
                Some(text) != group.group_name.as_ref() && text != "default VPC security group"
            }),
            name: group.group_name,
        }
    }
}
