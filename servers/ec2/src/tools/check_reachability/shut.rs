//! The block of public access, which a region has for all of its networks.

use std::collections::BTreeMap;

use aws_sdk_ec2::types::{
    InternetGatewayBlockMode, InternetGatewayExclusionMode, VpcBlockPublicAccessExclusion,
    VpcBlockPublicAccessExclusionState,
};
use awsmcp_mcp::{Call, Result};

use crate::{
    Ec2,
    reachability::{Shut, ShutFor},
};

/// What it keeps out, and what is left out of it. What cannot be read is not known.
pub(super) async fn shut(cx: &Call<Ec2>) -> Shut {
    read(cx)
        .await
        .unwrap_or_else(|error| Shut { ways: ShutFor::Unread(error.message.clone()), ..Shut::default() })
}

async fn read(cx: &Call<Ec2>) -> Result<Shut> {
    let ec2 = &cx.client().ec2;
    let out = ec2.describe_vpc_block_public_access_options().send().await?;
    let mode = out.vpc_block_public_access_options.and_then(|options| options.internet_gateway_block_mode);
    let ways = match mode {
        None | Some(InternetGatewayBlockMode::Off) => return Ok(Shut::default()),
        Some(InternetGatewayBlockMode::BlockIngress) => ShutFor::ComingIn,
        Some(_) => ShutFor::BothWays,
    };
    let (mut exclusions, mut token) = (BTreeMap::new(), None);
    loop {
        let request = ec2.describe_vpc_block_public_access_exclusions().max_results(1000);
        let out = request.set_next_token(token).send().await?;
        let found = out.vpc_block_public_access_exclusions.unwrap_or_default();
        exclusions.extend(found.iter().filter_map(exclusion));
        token = out.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            return Ok(Shut { ways, exclusions });
        }
    }
}

/// The network or subnet that is left out, and whether it can also be reached.
fn exclusion(one: &VpcBlockPublicAccessExclusion) -> Option<(String, bool)> {
    let is_there = matches!(
        one.state,
        Some(
            VpcBlockPublicAccessExclusionState::CreateComplete
                | VpcBlockPublicAccessExclusionState::UpdateComplete
        )
    );
    let id = one.resource_arn.as_deref()?.rsplit('/').next()?.to_owned();
    let both = one.internet_gateway_exclusion_mode == Some(InternetGatewayExclusionMode::AllowBidirectional);
    is_there.then_some((id, both))
}
