use std::net::IpAddr;

use aws_sdk_ec2::types::Instance;
use awsmcp_mcp::{Call, Page, Result, Spec, Tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Ec2, arns,
    instances::{ALIVE, state},
    names::{GroupId, SubnetId, VpcId},
    paging::Paging,
    reachability::is_private,
    tags::{Filters, name},
    times::age_seconds,
};

/// Lists instances with state, type, addresses and age; those just terminated only with `state`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListInstances {
    /// Tag Name: its start, or `*-db`.
    name: Option<String>,
    /// `team` or `team=data`; `*` and `?` are wildcards, `\*` is a star.
    tag: Option<String>,
    state: Option<State>,
    /// `t3.*`
    instance_type: Option<String>,
    /// Private or public, or `10.0.1.*`.
    address: Option<String>,
    vpc: Option<VpcId>,
    subnet: Option<SubnetId>,
    security_group: Option<GroupId>,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum State {
    Pending,
    Running,
    ShuttingDown,
    Terminated,
    Stopping,
    Stopped,
}

impl State {
    fn name(self) -> &'static str {
        match self {
            State::Pending => "pending",
            State::Running => "running",
            State::ShuttingDown => "shutting-down",
            State::Terminated => "terminated",
            State::Stopping => "stopping",
            State::Stopped => "stopped",
        }
    }
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Row {
    name: Option<String>,
    id: String,
    state: String,
    r#type: Option<String>,
    private_ip: Option<String>,
    public_ip: Option<String>,
    zone: Option<String>,
    /// Since its last start.
    age_seconds: Option<i64>,
}

impl Tool for ListInstances {
    type Service = Ec2;
    type Output = Page<Row>;
    const SPEC: Spec = Spec::list("list_instances", "List instances")
        .on("*", &["ec2:DescribeInstances"])
        .rows(arns::EACH_INSTANCE)
        .regional();

    async fn call(self, cx: &Call<Ec2>) -> Result<Self::Output> {
        let paging = Paging::new(cx);
        let states: Vec<&str> = self.state.map_or_else(|| ALIVE.to_vec(), |state| vec![state.name()]);
        let address = self.address.as_deref();
        let filters = Filters::default()
            .named("tag:Name", self.name.as_deref())
            .tag(self.tag.as_deref())
            .any("instance-state-name", states)
            .any("instance-type", self.instance_type)
            .any(address.map_or("", kind), address)
            .any("vpc-id", self.vpc.as_ref().map(VpcId::as_str))
            .any("subnet-id", self.subnet.as_ref().map(SubnetId::as_str))
            .any("instance.group-id", self.security_group.as_ref().map(GroupId::as_str));
        let out = cx
            .client()
            .ec2
            .describe_instances()
            .set_filters(filters.build())
            .max_results(paging.size(1000))
            .set_next_token(paging.token())
            .send()
            .await?;
        let found = out.reservations.unwrap_or_default().into_iter();
        let rows = found.flat_map(|it| it.instances.unwrap_or_default()).map(Row::new).collect();
        Ok(paging.page(cx, rows, out.next_token))
    }
}

/// Which filter an address, or the start of one, is for.
fn kind(address: &str) -> &'static str {
    let start = address.split(['*', '?']).next().unwrap_or_default();
    let octets: Vec<&str> = start.split('.').filter(|octet| !octet.is_empty()).collect();
    let filled = octets.iter().copied().chain(["0"; 4]).take(4).collect::<Vec<_>>().join(".");
    match filled.parse::<IpAddr>() {
        _ if address.contains(':') => "ipv6-address",
        // Of 172 alone nothing can be told, and most such addresses are private.
        Ok(found) if is_private(found) || octets == ["172"] || octets == ["192"] => "private-ip-address",
        _ => "ip-address",
    }
}

impl Row {
    fn new(instance: Instance) -> Row {
        Row {
            name: name(instance.tags.as_ref()),
            state: state(&instance).to_owned(),
            r#type: instance.instance_type.map(|kind| kind.to_string()),
            private_ip: instance.private_ip_address.or(instance.ipv6_address),
            public_ip: instance.public_ip_address,
            zone: instance.placement.and_then(|placement| placement.availability_zone),
            age_seconds: instance.launch_time.as_ref().map(age_seconds),
            id: instance.instance_id.unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_goes_to_the_filter_of_its_kind() {
        for (address, filter) in [
            ("10.0.1.*", "private-ip-address"),
            ("10.*", "private-ip-address"),
            ("172.31.5.4", "private-ip-address"),
            ("192.168.*", "private-ip-address"),
            ("52.1.2.3", "ip-address"),
            ("52.*", "ip-address"),
            ("2600:1f18::5", "ipv6-address"),
        ] {
            assert_eq!(kind(address), filter, "{address}");
        }
    }
}
