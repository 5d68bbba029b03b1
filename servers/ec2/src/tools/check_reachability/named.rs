//! Interfaces of what is no instance, by the name of what has them: AWS writes it into their descriptions.

use aws_sdk_ec2::types::NetworkInterface;
use awsmcp_mcp::{Call, Error, Result};

use crate::{Ec2, instances::literal, tags::Filters};

/// How services begin the descriptions of their interfaces, and what then follows behind the name.
///
/// Databases of RDS, clusters of Redshift and tasks of ECS write no name there.
const DESCRIPTIONS: &[(&str, &str, Rest)] = &[
    ("load balancer", "ELB app/", Rest::Part),
    ("load balancer", "ELB net/", Rest::Part),
    ("load balancer", "ELB gwy/", Rest::Part),
    ("load balancer", "ELB ", Rest::Nothing),
    ("Lambda function", "AWS Lambda VPC ENI-", Rest::Uuid),
    ("cache", "ElastiCache ", Rest::Node),
    ("EKS cluster", "Amazon EKS ", Rest::Nothing),
    ("file system", "EFS mount target for ", Rest::Mount),
    ("endpoint", "VPC Endpoint Interface ", Rest::Nothing),
    ("NAT gateway", "Interface for NAT Gateway ", Rest::Nothing),
    ("transit gateway's attachment", "Network Interface for Transit Gateway Attachment ", Rest::Nothing),
];

/// What stands behind a name: it tells whole names from those that only begin so.
#[derive(Clone, Copy)]
enum Rest {
    Nothing,
    /// `/50dc6c495c0c9188`.
    Part,
    /// `-` and a UUID.
    Uuid,
    /// Nothing, or the numbers of a node: `-0001-001`.
    Node,
    /// ` (fsmt-0123456789abcdef0)`.
    Mount,
}

impl Rest {
    fn fits(self, rest: &str) -> bool {
        let of = |text: &str, good: fn(u8) -> bool| !text.is_empty() && text.bytes().all(good);
        match self {
            Rest::Nothing => rest.is_empty(),
            Rest::Part => rest.strip_prefix('/').is_some_and(|id| of(id, |byte| byte.is_ascii_hexdigit())),
            Rest::Uuid => rest
                .strip_prefix('-')
                .is_some_and(|id| id.len() == 36 && of(id, |byte| byte.is_ascii_hexdigit() || byte == b'-')),
            Rest::Node => {
                rest.is_empty()
                    || rest
                        .strip_prefix('-')
                        .is_some_and(|id| of(id, |byte| byte.is_ascii_digit() || byte == b'-'))
            }
            Rest::Mount => rest.starts_with(" (") && rest.ends_with(')'),
        }
    }
}

/// What has an interface of this description, if its name is that.
pub(super) fn owner(description: &str, name: &str) -> Option<&'static str> {
    DESCRIPTIONS
        .iter()
        .find(|(_, begin, rest)| {
            let behind = description.strip_prefix(begin).and_then(|text| text.strip_prefix(name));
            behind.is_some_and(|behind| rest.fits(behind))
        })
        .map(|(what, _, _)| *what)
}

/// The interfaces that something of this name has, and what that is; none where there is none.
///
/// # Errors
/// When things of several kinds have the name.
pub(super) async fn interfaces(
    cx: &Call<Ec2>,
    name: &str,
) -> Result<Option<(&'static str, Vec<NetworkInterface>)>> {
    let patterns = DESCRIPTIONS.iter().map(|(_, begin, rest)| {
        let behind = if matches!(rest, Rest::Nothing) { "" } else { "*" };
        format!("{begin}{}{behind}", literal(name))
    });
    let filters = Filters::default().any("description", patterns).build();
    let request = cx.client().ec2.describe_network_interfaces().set_filters(filters);
    let all: Vec<NetworkInterface> = request.into_paginator().items().send().try_collect().await?;
    let mut found: Vec<(&'static str, NetworkInterface)> =
        all.into_iter().filter_map(|one| Some((owner(one.description.as_deref()?, name)?, one))).collect();
    found.sort_by(|(_, one), (_, other)| one.network_interface_id.cmp(&other.network_interface_id));
    let Some(what) = found.first().map(|(what, _)| *what) else { return Ok(None) };
    if let Some((other, _)) = found.iter().find(|(other, _)| *other != what) {
        let ids: Vec<&str> =
            found.iter().take(5).filter_map(|(_, one)| one.network_interface_id.as_deref()).collect();
        return Err(Error::invalid(format!("a {what} and a {other} are called {name}"))
            .with_next(format!("give one of their interfaces: {}", ids.join(", "))));
    }
    Ok(Some((what, found.into_iter().map(|(_, one)| one).collect())))
}

/// Why nothing of that name was found.
pub(super) fn unknown(cx: &Call<Ec2>, name: &str) -> Error {
    Error::not_found(format!(
        "there is no instance {name} in {}, nor a load balancer, function, cache, EKS cluster, file system or endpoint of \
         that name with an interface",
        cx.region()
    ))
    .with_next(
        "list_instances shows the names and ids of this region; databases of RDS and tasks of ECS write no name: give the \
         address that their host name resolves to",
    )
}

#[cfg(test)]
mod tests {
    use super::owner;

    #[test]
    fn what_has_an_interface_is_read_from_its_description() {
        for (description, name, what) in [
            ("ELB app/web/50dc6c495c0c9188", "web", Some("load balancer")),
            ("ELB net/web/50dc6c495c0c9188", "web", Some("load balancer")),
            ("ELB web", "web", Some("load balancer")),
            (
                "AWS Lambda VPC ENI-orders-12345678-90ab-cdef-1234-567890abcdef",
                "orders",
                Some("Lambda function"),
            ),
            ("ElastiCache sessions-0001-001", "sessions", Some("cache")),
            ("EFS mount target for fs-01234567 (fsmt-01234567)", "fs-01234567", Some("file system")),
            ("VPC Endpoint Interface vpce-01234567", "vpce-01234567", Some("endpoint")),
            // Names that only begin so are others.
            ("ELB app/web-2/50dc6c495c0c9188", "web", None),
            ("ELB web-2", "web", None),
            ("AWS Lambda VPC ENI-orders-dev-12345678-90ab-cdef-1234-567890abcdef", "orders", None),
            ("ElastiCache sessions-eu-001", "sessions", None),
            ("ELB app/web/../web/1", "web", None),
            ("RDSNetworkInterface", "RDSNetworkInterface", None),
            ("my web", "web", None),
        ] {
            assert_eq!(owner(description, name), what, "{description}");
        }
    }
}
