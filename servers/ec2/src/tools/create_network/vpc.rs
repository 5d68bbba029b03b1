use aws_sdk_ec2::{
    operation::create_vpc::builders::CreateVpcFluentBuilder,
    types::{ResourceType, TagSpecification, Vpc as Described},
};
use awsmcp_mcp::{Call, Plan, Result};
use ipnet::IpNet;

use super::{CreateNetwork, Made, Piece};
use crate::{Ec2, dry_run::would};

/// A VPC.
pub(super) struct Vpc {
    tags: Option<Vec<TagSpecification>>,
    cidr: String,
}

impl Vpc {
    fn request(&self, cx: &Call<Ec2>) -> CreateVpcFluentBuilder {
        let request = cx.client().ec2.create_vpc().cidr_block(&self.cidr);
        request.set_tag_specifications(self.tags.clone())
    }
}

impl Piece for Vpc {
    const PART: &'static str = "vpc";

    fn read(wanted: &CreateNetwork) -> Result<Self> {
        Ok(Vpc { tags: wanted.tagged(ResourceType::Vpc), cidr: wanted.cidr()?.to_owned() })
    }

    async fn plan(&self, cx: &Call<Ec2>) -> Result<Plan> {
        let net: Option<IpNet> = self.cidr.parse().ok();
        let request = cx.client().ec2.describe_vpcs();
        let all: Vec<Described> = request.into_paginator().items().send().try_collect().await?;
        let twins: Vec<String> = all
            .into_iter()
            .filter(|vpc| {
                // Beside the first network a VPC may have others, and any of them is in the way.
                let more =
                    vpc.cidr_block_association_set.iter().flatten().filter_map(|it| it.cidr_block.as_deref());
                let mut own =
                    vpc.cidr_block.as_deref().into_iter().chain(more).filter_map(|it| it.parse().ok());
                net.is_some_and(|net| own.any(|own: IpNet| own.contains(&net) || net.contains(&own)))
            })
            .filter_map(|vpc| vpc.vpc_id)
            .collect();
        let plan = Plan::new(format!("create a VPC with {}", self.cidr));
        Ok(match twins.is_empty() {
            true => plan,
            false => plan.warning(format!(
                "its addresses are also those of {}: the two can never be peered",
                twins.join(", ")
            )),
        })
    }

    async fn rehearse(&self, cx: &Call<Ec2>) -> Result<()> {
        would(self.request(cx).dry_run(true).send()).await
    }

    async fn make(&self, cx: &Call<Ec2>, made: &mut Made) -> Result<()> {
        made.id = self.request(cx).send().await?.vpc.and_then(|vpc| vpc.vpc_id).unwrap_or_default();
        Ok(())
    }

    fn rest(&self, _: &Made) -> String {
        "describe_network shows it".to_owned()
    }
}
