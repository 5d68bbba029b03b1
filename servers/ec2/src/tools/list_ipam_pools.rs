use aws_sdk_ec2::types::{IpamPool, IpamPoolAllocation, IpamPoolCidrState};
use awsmcp_mcp::{Call, Page, Result, Spec, Tool};
use futures::{StreamExt, TryStreamExt, stream};
use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Ec2, arns,
    names::IpamPoolId,
    paging::Paging,
    tags::{Filters, name},
};

/// Lists pools of IPAM with their addresses and the largest block that is free; of one `pool`, also who has what of it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListIpamPools {
    pool: Option<IpamPoolId>,
    /// The region whose networks take from it.
    locale: Option<String>,
    tag: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Row {
    id: String,
    name: Option<String>,
    description: Option<String>,
    /// `ipv4` or `ipv6`.
    family: Option<String>,
    /// `private` or `public`.
    scope: Option<String>,
    locale: Option<String>,
    /// The pool that its addresses are from.
    source: Option<String>,
    /// The account, which may be another that shares it.
    owner: Option<String>,
    state: Option<String>,
    cidrs: Vec<String>,
    /// `/18`: so large a network it still gives; none where it is full.
    largest_free: Option<String>,
    allocations: Option<usize>,
    /// Of `pool`: `10.0.0.0/16 vpc vpc-0123456789abcdef0, us-east-1, 123456789012`.
    allocated: Option<Vec<String>>,
}

impl Tool for ListIpamPools {
    type Service = Ec2;
    type Output = Page<Row>;
    const SPEC: Spec = Spec::list("list_ipam_pools", "List IPAM pools")
        .on("*", &["ec2:DescribeIpamPools"])
        .on(arns::ANSWERED_IPAM_POOL, &["ec2:GetIpamPoolCidrs", "ec2:GetIpamPoolAllocations"])
        .rows(arns::EACH_IPAM_POOL)
        .regional()
        .optional();

    async fn call(self, cx: &Call<Ec2>) -> Result<Self::Output> {
        const AT_ONCE: usize = 4;
        let paging = Paging::new(cx);
        let filters = Filters::default()
            .any("ipam-pool-id", self.pool.as_ref().map(IpamPoolId::as_str))
            .any("locale", self.locale.as_ref())
            .tag(self.tag.as_deref());
        let request = cx.client().ec2.describe_ipam_pools().set_filters(filters.build());
        let out = request.max_results(paging.size(100)).set_next_token(paging.token()).send().await?;
        let pools = out.ipam_pools.unwrap_or_default();
        let is_named = self.pool.is_some();
        let rows = stream::iter(pools).map(|pool| row(cx, pool, is_named)).buffered(AT_ONCE);
        Ok(paging.page(cx, rows.try_collect().await?, out.next_token))
    }
}

/// A pool with what it has and gave. Of one that is not allowed nothing more is asked: its row is not shown.
async fn row(cx: &Call<Ec2>, pool: IpamPool, is_named: bool) -> Result<Row> {
    let id = pool.ipam_pool_id.unwrap_or_default();
    let may = cx.may("ec2:GetIpamPoolCidrs", arns::ANSWERED_IPAM_POOL, &[("answer.pool", &id)]).await;
    let (mut cidrs, mut given) = (None, None);
    if may.is_ok() {
        cidrs = cx.part(&format!("the addresses of {id}"), provisioned(cx, &id).await);
        given = cx.part(&format!("what {id} gave"), allocations(cx, &id).await);
    }
    let free = match (&cidrs, &given) {
        (Some(cidrs), Some(given)) => {
            largest_free(&nets(cidrs.iter()), &nets(given.iter().filter_map(|one| one.cidr.as_ref())))
        }
        _ => None,
    };
    Ok(Row {
        name: name(pool.tags.as_ref()),
        description: pool.description.filter(|text| !text.is_empty()),
        family: pool.address_family.map(|family| family.to_string()),
        scope: pool.ipam_scope_type.map(|scope| scope.to_string()),
        locale: pool.locale,
        source: pool.source_ipam_pool_id,
        owner: pool.owner_id,
        state: match (pool.state, pool.state_message.filter(|why| !why.is_empty())) {
            (Some(state), Some(why)) => Some(format!("{state}: {why}")),
            (state, _) => state.map(|state| state.to_string()),
        },
        cidrs: cidrs.unwrap_or_default(),
        largest_free: free.map(|length| format!("/{length}")),
        allocations: given.as_ref().map(Vec::len),
        allocated: given.filter(|_| is_named).map(|given| given.iter().map(words).collect()),
        id,
    })
}

/// The networks that a pool has by now.
async fn provisioned(cx: &Call<Ec2>, id: &str) -> Result<Vec<String>> {
    let request = cx.client().ec2.get_ipam_pool_cidrs().ipam_pool_id(id);
    let all: Vec<_> = request.into_paginator().items().send().try_collect().await?;
    let has =
        |state: Option<&IpamPoolCidrState>| state.is_none_or(|it| *it == IpamPoolCidrState::Provisioned);
    Ok(all.into_iter().filter(|one| has(one.state.as_ref())).filter_map(|one| one.cidr).collect())
}

async fn allocations(cx: &Call<Ec2>, id: &str) -> Result<Vec<IpamPoolAllocation>> {
    let request = cx.client().ec2.get_ipam_pool_allocations().ipam_pool_id(id);
    Ok(request.into_paginator().items().send().try_collect().await?)
}

fn words(given: &IpamPoolAllocation) -> String {
    let kind = given.resource_type.as_ref().map(|kind| kind.as_str());
    let what = [given.cidr.as_deref(), kind, given.resource_id.as_deref()];
    let what: Vec<&str> = what.into_iter().flatten().filter(|part| !part.is_empty()).collect();
    let whose =
        [given.resource_region.as_deref(), given.resource_owner.as_deref(), given.description.as_deref()];
    let whose = whose.into_iter().flatten().filter(|part| !part.is_empty());
    std::iter::once(what.join(" ")).chain(whose.map(str::to_owned)).collect::<Vec<String>>().join(", ")
}

fn nets<'a>(cidrs: impl Iterator<Item = &'a String>) -> Vec<IpNet> {
    cidrs.filter_map(|cidr| cidr.parse::<IpNet>().ok()).map(|net| net.trunc()).collect()
}

/// The prefix length of the largest network in these that nobody has.
fn largest_free(has: &[IpNet], given: &[IpNet]) -> Option<u8> {
    has.iter().filter_map(|net| free_within(*net, given)).min()
}

fn free_within(net: IpNet, given: &[IpNet]) -> Option<u8> {
    let mut inside = Vec::new();
    for one in given {
        if one.contains(&net) {
            return None;
        }
        if net.contains(one) {
            inside.push(*one);
        }
    }
    if inside.is_empty() {
        return Some(net.prefix_len());
    }
    let halves = net.subnets(net.prefix_len() + 1).ok()?;
    halves.filter_map(|half| free_within(half, &inside)).min()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn free(has: &[&str], given: &[&str]) -> Option<u8> {
        let parsed = |cidrs: &[&str]| cidrs.iter().map(|cidr| cidr.parse().unwrap()).collect::<Vec<IpNet>>();
        largest_free(&parsed(has), &parsed(given))
    }

    #[test]
    fn the_largest_free_block_lies_beside_what_is_given() {
        assert_eq!(free(&["10.0.0.0/8"], &[]), Some(8));
        assert_eq!(free(&["10.0.0.0/16"], &["10.0.0.0/18"]), Some(17));
        assert_eq!(free(&["10.0.0.0/16"], &["10.0.0.0/17", "10.0.128.0/18"]), Some(18));
        // As many addresses may be free, and yet no such block.
        assert_eq!(free(&["10.0.0.0/30"], &["10.0.0.0/32", "10.0.0.2/32"]), Some(32));
        assert_eq!(free(&["10.0.0.0/16"], &["10.0.0.0/16"]), None);
        assert_eq!(free(&["10.0.0.0/16", "10.9.0.0/20"], &["10.0.0.0/16"]), Some(20));
        assert_eq!(free(&["10.0.0.0/16"], &["10.0.0.0/8"]), None);
        assert_eq!(free(&["2001:db8::/32"], &["2001:db8::/56"]), Some(33));
        assert_eq!(free(&["::/0"], &["::1/128"]), Some(1));
        assert_eq!(free(&[], &[]), None);
    }

    proptest! {
        #[test]
        fn a_free_block_is_found_where_there_is_one(given in proptest::collection::vec((0u8..=255, 4u8..=8), 0..12)) {
            // A /24 of which blocks of up to 16 addresses are given.
            let given: Vec<IpNet> = given
                .into_iter()
                .map(|(last, bits)| format!("10.0.0.{last}/{}", 24 + bits).parse::<IpNet>().unwrap().trunc())
                .collect();
            let has: IpNet = "10.0.0.0/24".parse().unwrap();
            let all = (24..=32).find(|length| {
                has.subnets(*length).unwrap().any(|block| {
                    !given.iter().any(|one| one.contains(&block) || block.contains(one))
                })
            });
            prop_assert_eq!(largest_free(&[has], &given), all);
        }
    }
}
