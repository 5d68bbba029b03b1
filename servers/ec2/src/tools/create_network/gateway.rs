use aws_sdk_ec2::types::{ResourceType, TagSpecification};
use awsmcp_mcp::{Call, Plan, Result};

use super::{CreateNetwork, Made, Piece};
use crate::{Ec2, dry_run::would};

/// An internet gateway, attached to a VPC.
pub(super) struct InternetGateway {
    tags: Option<Vec<TagSpecification>>,
    vpc: String,
}

impl Piece for InternetGateway {
    const PART: &'static str = "internet_gateway";

    fn read(wanted: &CreateNetwork) -> Result<Self> {
        Ok(InternetGateway {
            tags: wanted.tagged(ResourceType::InternetGateway),
            vpc: wanted.vpc(Self::PART)?.to_owned(),
        })
    }

    async fn plan(&self, _: &Call<Ec2>) -> Result<Plan> {
        Ok(Plan::new(format!("create an internet gateway and attach it to {}", self.vpc)))
    }

    async fn rehearse(&self, cx: &Call<Ec2>) -> Result<()> {
        would(cx.client().ec2.create_internet_gateway().dry_run(true).send()).await
    }

    async fn make(&self, cx: &Call<Ec2>, made: &mut Made) -> Result<()> {
        let ec2 = &cx.client().ec2;
        let request = ec2.create_internet_gateway().set_tag_specifications(self.tags.clone());
        let created = request.send().await?.internet_gateway;
        made.id = created.and_then(|gateway| gateway.internet_gateway_id).unwrap_or_default();
        ec2.attach_internet_gateway().internet_gateway_id(&made.id).vpc_id(&self.vpc).send().await?;
        made.also.push(format!("attached to {}", self.vpc));
        Ok(())
    }

    fn rest(&self, made: &Made) -> String {
        format!(
            "{} was created but is not attached: describe_network shows whether {} has one already",
            made.id, self.vpc
        )
    }
}
