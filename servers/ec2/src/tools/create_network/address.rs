use aws_sdk_ec2::types::{DomainType, ResourceType, TagSpecification};
use awsmcp_mcp::{Call, Plan, Result};

use super::{CreateNetwork, Made, Piece};
use crate::{Ec2, dry_run::would};

/// An Elastic IP address, and the instance that it is for.
pub(super) struct Address {
    tags: Option<Vec<TagSpecification>>,
    instance: Option<String>,
}

impl Piece for Address {
    const PART: &'static str = "elastic_ip";

    fn read(wanted: &CreateNetwork) -> Result<Self> {
        Ok(Address {
            tags: wanted.tagged(ResourceType::ElasticIp),
            instance: wanted.instance.as_ref().map(ToString::to_string),
        })
    }

    async fn plan(&self, _: &Call<Ec2>) -> Result<Plan> {
        Ok(match &self.instance {
            Some(instance) => Plan::new(format!("allocate an Elastic IP and give it to {instance}"))
                .warning("the instance loses the public address that it has"),
            None => Plan::new("allocate an Elastic IP").warning("it costs by the hour, used or not"),
        })
    }

    async fn rehearse(&self, cx: &Call<Ec2>) -> Result<()> {
        would(cx.client().ec2.allocate_address().domain(DomainType::Vpc).dry_run(true).send()).await
    }

    async fn make(&self, cx: &Call<Ec2>, made: &mut Made) -> Result<()> {
        let ec2 = &cx.client().ec2;
        let request = ec2.allocate_address().domain(DomainType::Vpc);
        let request = request.set_tag_specifications(self.tags.clone());
        let out = request.send().await?;
        made.public_ip = out.public_ip;
        made.id = out.allocation_id.unwrap_or_default();
        if let Some(instance) = &self.instance {
            let request = ec2.associate_address().allocation_id(&made.id);
            request.instance_id(instance).send().await?;
            made.also.push(format!("given to {instance}"));
        }
        Ok(())
    }

    fn rest(&self, made: &Made) -> String {
        format!("{} was allocated and costs: delete_resources gives it back", made.id)
    }
}
