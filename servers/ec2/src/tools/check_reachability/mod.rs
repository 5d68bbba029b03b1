use std::net::IpAddr;

use awsmcp_mcp::{Call, Error, One, Result, Spec, Tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::try_join;

use crate::{
    Ec2,
    names::End,
    reachability::{Hop, Traffic, Verdict, analyse, verdict},
    rules::Protocol,
};

mod around;
mod ends;
mod named;
mod shut;

use around::surroundings;
use ends::place;

/// Says whether traffic gets from one place to another and back, and which rule, network ACL or route blocks it.
///
/// Judged from the configuration; nothing is sent. Firewalls on the machines are not seen.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CheckReachability {
    /// Instance (id or name), load balancer or function by name, eni, IP address, or `internet`.
    from: End,
    /// As `from`.
    to: End,
    #[serde(default)]
    protocol: Kind,
    /// Default 443; a ping has none.
    #[schemars(range(min = 1, max = 65535))]
    port: Option<u16>,
    /// By the IPv6 addresses of both.
    #[serde(default)]
    ipv6: bool,
}

#[derive(Clone, Copy, Default, Deserialize, JsonSchema, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Kind {
    #[default]
    Tcp,
    Udp,
    Ping,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Found {
    reachable: &'static str,
    traffic: String,
    from: String,
    to: String,
    /// What blocks, or is not known, the first on the way first.
    because: Vec<String>,
    path: Vec<Hop>,
}

impl Tool for CheckReachability {
    type Service = Ec2;
    type Output = One<Found>;
    const SPEC: Spec = Spec::read("check_reachability", "Check reachability").on(
        "*",
        &[
            "ec2:DescribeInstances",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeNetworkAcls",
            "ec2:DescribeRouteTables",
            "ec2:DescribeNatGateways",
            "ec2:DescribeVpcPeeringConnections",
            "ec2:DescribeVpcBlockPublicAccessOptions",
            "ec2:DescribeVpcBlockPublicAccessExclusions",
        ],
    );

    async fn call(self, cx: &Call<Ec2>) -> Result<Self::Output> {
        if self.protocol == Kind::Ping && self.port.is_some() {
            return Err(Error::invalid("a ping has no port: leave `port` out, or ask for tcp or udp"));
        }
        let is_v6 = |end: &End| matches!(end, End::Address(IpAddr::V6(_)));
        let v6 = self.ipv6 || is_v6(&self.from) || is_v6(&self.to);
        let v4 = |end: &End| matches!(end, End::Address(IpAddr::V4(_)));
        if v6 && (v4(&self.from) || v4(&self.to)) {
            return Err(Error::invalid("one end is IPv4 and the other IPv6: give both of one kind"));
        }
        let traffic = Traffic {
            protocol: match self.protocol {
                Kind::Tcp => Protocol::Tcp,
                Kind::Udp => Protocol::Udp,
                Kind::Ping => Protocol::Icmp,
            },
            port: self.port.unwrap_or(443),
            v6,
        };
        let (from, to) = try_join!(place(cx, &self.from, v6), place(cx, &self.to, v6))?;
        let (mut from, mut to) = (from, to);
        let network = surroundings(cx, &mut from, &mut to).await?;
        let way = analyse(&network, &from.place, &to.place, traffic).map_err(|why| {
            Error::invalid(why)
                .with_next("give an instance or a network interface (eni-...) as at least one of them")
        })?;
        let ends = [&from, &to];
        let down: Vec<Hop> =
            ends.iter().filter_map(|end| Some(Hop::down(&end.label, end.state.as_deref()?))).collect();
        if !down.is_empty() {
            cx.note(format!("were it running, the answer would be {:?}", word(verdict(&way))));
        }
        ends.iter().filter_map(|end| end.note.clone()).for_each(|note| cx.note(note));
        let hops: Vec<Hop> = down.into_iter().chain(way).collect();
        let worst = verdict(&hops);
        let because: Vec<String> = hops
            .iter()
            .filter(|hop| hop.verdict != Verdict::Passes && hop.verdict == worst)
            .map(Hop::said)
            .collect();
        Ok(One(Found {
            reachable: word(worst),
            traffic: traffic.to_string(),
            from: from.label,
            to: to.label,
            because,
            path: hops,
        }))
    }
}

/// What an answer calls a verdict.
fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Passes => "yes",
        Verdict::Unknown => "unknown",
        Verdict::Blocks => "no",
    }
}
