use aws_sdk_ec2::{
    operation::create_subnet::builders::CreateSubnetFluentBuilder,
    types::{AttributeBooleanValue, ResourceType, TagSpecification},
};
use awsmcp_mcp::{Call, Plan, Result};

use super::{CreateNetwork, Made, Piece};
use crate::{Ec2, dry_run::would};

/// A subnet of a VPC.
pub(super) struct Subnet {
    tags: Option<Vec<TagSpecification>>,
    vpc: String,
    cidr: String,
    zone: Option<String>,
    /// Whether its instances get public addresses.
    public: bool,
}

impl Subnet {
    fn request(&self, cx: &Call<Ec2>) -> CreateSubnetFluentBuilder {
        let request = cx.client().ec2.create_subnet().vpc_id(&self.vpc).cidr_block(&self.cidr);
        request.set_availability_zone(self.zone.clone()).set_tag_specifications(self.tags.clone())
    }
}

impl Piece for Subnet {
    const PART: &'static str = "subnet";

    fn read(wanted: &CreateNetwork) -> Result<Self> {
        Ok(Subnet {
            tags: wanted.tagged(ResourceType::Subnet),
            vpc: wanted.vpc(Self::PART)?.to_owned(),
            cidr: wanted.cidr()?.to_owned(),
            zone: wanted.zone.clone(),
            public: wanted.public,
        })
    }

    async fn plan(&self, _: &Call<Ec2>) -> Result<Plan> {
        let public = if self.public { ", whose instances get public addresses" } else { "" };
        Ok(Plan::new(format!("create a subnet {} in {}{public}", self.cidr, self.vpc)))
    }

    async fn rehearse(&self, cx: &Call<Ec2>) -> Result<()> {
        would(self.request(cx).dry_run(true).send()).await
    }

    async fn make(&self, cx: &Call<Ec2>, made: &mut Made) -> Result<()> {
        let out = self.request(cx).send().await?;
        made.id = out.subnet.and_then(|subnet| subnet.subnet_id).unwrap_or_default();
        if self.public {
            let yes = AttributeBooleanValue::builder().value(true).build();
            let request = cx.client().ec2.modify_subnet_attribute().subnet_id(&made.id);
            request.map_public_ip_on_launch(yes).send().await?;
        }
        Ok(())
    }

    fn rest(&self, made: &Made) -> String {
        format!(
            "do not create it again: use {} as it is, where run_instances gives an instance a public address by \
             `public_ip`",
            made.id
        )
    }
}
