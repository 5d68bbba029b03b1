use aws_sdk_ec2::{
    operation::create_vpc_peering_connection::builders::CreateVpcPeeringConnectionFluentBuilder,
    types::{ResourceType, TagSpecification},
};
use awsmcp_mcp::{Call, Plan, Result};

use super::{CreateNetwork, Made, Piece, lacks};
use crate::{Ec2, dry_run::would};

/// A way between two VPCs of one account and region.
pub(super) struct Peering {
    tags: Option<Vec<TagSpecification>>,
    vpc: String,
    peer: String,
}

impl Peering {
    fn request(&self, cx: &Call<Ec2>) -> CreateVpcPeeringConnectionFluentBuilder {
        let request =
            cx.client().ec2.create_vpc_peering_connection().vpc_id(&self.vpc).peer_vpc_id(&self.peer);
        request.set_tag_specifications(self.tags.clone())
    }
}

impl Piece for Peering {
    const PART: &'static str = "peering";

    fn read(wanted: &CreateNetwork) -> Result<Self> {
        let vpc = wanted.vpc(Self::PART)?.to_owned();
        let peer = wanted.peer_vpc.as_ref().map(ToString::to_string);
        let peer = peer.ok_or_else(|| lacks(Self::PART, "peer_vpc", "vpc-0123456789abcdef0"))?;
        Ok(Peering { tags: wanted.tagged(ResourceType::VpcPeeringConnection), vpc, peer })
    }

    async fn plan(&self, _: &Call<Ec2>) -> Result<Plan> {
        Ok(Plan::new(format!("peer {} with {}", self.vpc, self.peer)))
    }

    async fn rehearse(&self, cx: &Call<Ec2>) -> Result<()> {
        would(self.request(cx).dry_run(true).send()).await
    }

    async fn make(&self, cx: &Call<Ec2>, made: &mut Made) -> Result<()> {
        let connection = self.request(cx).send().await?.vpc_peering_connection;
        made.id = connection.and_then(|it| it.vpc_peering_connection_id).unwrap_or_default();
        let request = cx.client().ec2.accept_vpc_peering_connection().vpc_peering_connection_id(&made.id);
        let code = request.send().await?.vpc_peering_connection.and_then(|it| it.status?.code);
        made.state = code.map(|code| code.to_string());
        cx.note("each side needs a route to the other's addresses: part=route with this id as target");
        Ok(())
    }

    fn rest(&self, made: &Made) -> String {
        format!("{} is not accepted yet, and lapses after a week where nobody accepts it", made.id)
    }
}
