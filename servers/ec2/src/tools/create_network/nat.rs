use std::time::Duration;

use aws_sdk_ec2::{
    operation::create_nat_gateway::builders::CreateNatGatewayFluentBuilder,
    types::{DomainType, NatGateway as Described, NatGatewayState, ResourceType, TagSpecification},
};
use awsmcp_mcp::{Call, Error, Plan, Result, Waited};

use super::{CreateNetwork, Made, Piece};
use crate::{Ec2, dry_run::would, lists::once, tags::Filters};

/// How long the call waits for a NAT gateway; AWS takes a minute or two.
const PATIENCE: Duration = Duration::from_secs(8 * 60);

/// A NAT gateway in a subnet, with an address of its own.
pub(super) struct NatGateway {
    tags: Option<Vec<TagSpecification>>,
    subnet: String,
    /// None is one that is allocated for it.
    address: Option<String>,
}

impl NatGateway {
    fn request(&self, cx: &Call<Ec2>, address: &str) -> CreateNatGatewayFluentBuilder {
        let request = cx.client().ec2.create_nat_gateway().subnet_id(&self.subnet).allocation_id(address);
        request.set_tag_specifications(self.tags.clone())
    }
}

impl Piece for NatGateway {
    const PART: &'static str = "nat_gateway";

    fn read(wanted: &CreateNetwork) -> Result<Self> {
        let subnets = once(&wanted.subnets);
        let [subnet] = subnets.as_slice() else {
            return Err(Error::invalid("a nat_gateway needs one subnet in `subnets`, a public one"));
        };
        let address = wanted.address.as_ref().map(ToString::to_string);
        Ok(NatGateway { tags: wanted.tagged(ResourceType::Natgateway), subnet: subnet.to_string(), address })
    }

    async fn plan(&self, _: &Call<Ec2>) -> Result<Plan> {
        let plan = Plan::new(format!("create a NAT gateway in {}", self.subnet));
        let plan = plan.warning("it costs by the hour and by the byte, from now on");
        Ok(match &self.address {
            Some(_) => plan,
            None => plan.warning("an Elastic IP is allocated for it"),
        })
    }

    async fn rehearse(&self, cx: &Call<Ec2>) -> Result<()> {
        match &self.address {
            Some(address) => would(self.request(cx, address).dry_run(true).send()).await,
            // Without the address, which is not there yet, AWS says no to the gateway itself.
            None => {
                let request = cx.client().ec2.allocate_address().domain(DomainType::Vpc);
                would(request.dry_run(true).send()).await
            }
        }
    }

    async fn make(&self, cx: &Call<Ec2>, made: &mut Made) -> Result<()> {
        let address = match &self.address {
            Some(address) => address.clone(),
            None => {
                let request = cx.client().ec2.allocate_address().domain(DomainType::Vpc);
                let id = request.send().await?.allocation_id.unwrap_or_default();
                made.also.push(format!("allocated {id}"));
                id
            }
        };
        let out = self.request(cx, &address).send().await?;
        made.id = out.nat_gateway.and_then(|nat| nat.nat_gateway_id).unwrap_or_default();
        match cx.until(PATIENCE, || look(cx, &made.id)).await? {
            Waited::Ready(nat) => {
                made.state = Some("available".to_owned());
                made.public_ip = nat.nat_gateway_addresses.into_iter().flatten().find_map(|it| it.public_ip);
            }
            Waited::Still(_) => {
                made.state = Some("pending".to_owned());
                cx.note("it is not available yet: describe_network shows when it is");
            }
        }
        Ok(())
    }

    fn rest(&self, made: &Made) -> String {
        let address = match made.also.first() {
            Some(allocated) => format!("{allocated}, which costs until delete_resources gives it back"),
            None => "its address stays yours".to_owned(),
        };
        match made.id.is_empty() {
            true => format!("correct that and call again with it as `address`: {address}"),
            false => format!(
                "describe_network shows how {} stands, before anything is tried again; {address}",
                made.id
            ),
        }
    }
}

/// How a NAT gateway stands.
async fn look(cx: &Call<Ec2>, id: &str) -> Result<Waited<Described>> {
    let filters = Filters::default().any("nat-gateway-id", [id]).build();
    let out = cx.client().ec2.describe_nat_gateways().set_filter(filters).send().await?;
    let nat = out.nat_gateways.unwrap_or_default().pop();
    Ok(match nat {
        Some(nat) if nat.state == Some(NatGatewayState::Available) => Waited::Ready(nat),
        Some(nat) if nat.state == Some(NatGatewayState::Failed) => {
            let why = nat.failure_message.unwrap_or_default();
            return Err(Error::conflict(format!("AWS could not make {id}: {why}")));
        }
        Some(nat) if matches!(nat.state, Some(NatGatewayState::Deleted | NatGatewayState::Deleting)) => {
            return Err(Error::conflict(format!("{id} was deleted while it was made")));
        }
        _ => Waited::Still(format!("waiting for {id}")),
    })
}
