//! Route tables and network ACLs, and which of them counts for a subnet.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::{NetworkAcl, RouteTable};
use awsmcp_mcp::{Call, Result};

use crate::{Ec2, tags::Filters};

/// The most pages of anything in a network that are read: beyond that nobody reads the answer either.
const MOST_PAGES: usize = 10;

/// All route tables of these networks.
pub(crate) async fn route_tables(cx: &Call<Ec2>, vpcs: &BTreeSet<String>) -> Result<Vec<RouteTable>> {
    let (mut found, mut token) = (Vec::new(), None);
    for _ in 0..MOST_PAGES {
        let filters = Filters::default().any("vpc-id", vpcs).build();
        let request = cx.client().ec2.describe_route_tables().set_filters(filters).max_results(100);
        let out = request.set_next_token(token).send().await?;
        found.extend(out.route_tables.unwrap_or_default());
        token = out.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            return Ok(found);
        }
    }
    cx.note("there are more than 1,000 route tables; the others were not looked at");
    Ok(found)
}

/// All network ACLs of these networks.
pub(crate) async fn acls(cx: &Call<Ec2>, vpcs: &BTreeSet<String>) -> Result<Vec<NetworkAcl>> {
    let (mut found, mut token) = (Vec::new(), None);
    for _ in 0..MOST_PAGES {
        let filters = Filters::default().any("vpc-id", vpcs).build();
        let request = cx.client().ec2.describe_network_acls().set_filters(filters).max_results(1000);
        let out = request.set_next_token(token).send().await?;
        found.extend(out.network_acls.unwrap_or_default());
        token = out.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            return Ok(found);
        }
    }
    cx.note("there are more than 10,000 network ACLs; the others were not looked at");
    Ok(found)
}

/// The route table of a subnet: its own, or the network's main one.
pub(crate) fn table_of<'a>(subnet: &str, vpc: &str, tables: &'a [RouteTable]) -> Option<&'a RouteTable> {
    let own = tables
        .iter()
        .find(|table| table.associations.iter().flatten().any(|it| it.subnet_id.as_deref() == Some(subnet)));
    own.or_else(|| {
        tables.iter().find(|table| {
            table.vpc_id.as_deref() == Some(vpc)
                && table.associations.iter().flatten().any(|it| it.main == Some(true))
        })
    })
}

/// The network ACL of a subnet: its own, or the network's default one.
pub(crate) fn acl_of<'a>(subnet: &str, vpc: &str, acls: &'a [NetworkAcl]) -> Option<&'a NetworkAcl> {
    let own = acls
        .iter()
        .find(|acl| acl.associations.iter().flatten().any(|it| it.subnet_id.as_deref() == Some(subnet)));
    own.or_else(|| acls.iter().find(|acl| acl.vpc_id.as_deref() == Some(vpc) && acl.is_default == Some(true)))
}
