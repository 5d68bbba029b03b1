//! What a VPC is joined to.

use aws_sdk_ec2::types::{
    EgressOnlyInternetGateway, InternetGateway, NatGateway, TransitGatewayVpcAttachment, VpcEndpoint,
    VpcPeeringConnection,
};
use awsmcp_mcp::Call;
use tokio::join;

use crate::{Ec2, tags::Filters};

/// What a VPC is joined to. A part that cannot be read is a note.
#[derive(Default)]
pub(super) struct Around {
    pub(super) gateways: Vec<String>,
    pub(super) endpoints: Vec<String>,
    pub(super) peerings: Vec<String>,
}

/// All pages of a list.
macro_rules! all {
    ($request:expr) => {
        $request.into_paginator().items().send().try_collect()
    };
}

impl Around {
    pub(super) async fn of(cx: &Call<Ec2>, vpc: &str) -> Around {
        let client = &cx.client().ec2;
        let of = |filter: &str| Filters::default().any(filter, [vpc]).build();
        let (gateways, out_only, nats, vpns, transits, endpoints, asked, accepted) = join!(
            all!(client.describe_internet_gateways().set_filters(of("attachment.vpc-id"))),
            all!(client.describe_egress_only_internet_gateways()),
            all!(client.describe_nat_gateways().set_filter(of("vpc-id"))),
            client.describe_vpn_gateways().set_filters(of("attachment.vpc-id")).send(),
            all!(client.describe_transit_gateway_vpc_attachments().set_filters(of("vpc-id"))),
            all!(client.describe_vpc_endpoints().set_filters(of("vpc-id"))),
            all!(client.describe_vpc_peering_connections().set_filters(of("requester-vpc-info.vpc-id"))),
            all!(client.describe_vpc_peering_connections().set_filters(of("accepter-vpc-info.vpc-id"))),
        );
        let mut around = Around::default();
        let found: Option<Vec<InternetGateway>> = cx.part("internet gateways", gateways);
        around.gateways.extend(found.into_iter().flatten().filter_map(|it| it.internet_gateway_id));
        // They have no filter for their network.
        let found: Option<Vec<EgressOnlyInternetGateway>> = cx.part("egress-only gateways", out_only);
        let is_own = |gateway: &EgressOnlyInternetGateway| {
            gateway.attachments.iter().flatten().any(|it| it.vpc_id.as_deref() == Some(vpc))
        };
        let own = found.into_iter().flatten().filter(is_own);
        around.gateways.extend(own.filter_map(|it| it.egress_only_internet_gateway_id));
        let found: Option<Vec<NatGateway>> = cx.part("NAT gateways", nats);
        around.gateways.extend(found.into_iter().flatten().map(of_nat));
        if let Some(found) = cx.part("VPN gateways", vpns) {
            let found = found.vpn_gateways.unwrap_or_default().into_iter();
            around.gateways.extend(found.filter_map(|it| it.vpn_gateway_id));
        }
        let found: Option<Vec<TransitGatewayVpcAttachment>> = cx.part("transit gateways", transits);
        around.gateways.extend(found.into_iter().flatten().filter_map(|it| {
            Some(format!("{} by {}", it.transit_gateway_id?, it.transit_gateway_attachment_id?))
        }));
        let found: Option<Vec<VpcEndpoint>> = cx.part("endpoints", endpoints);
        around.endpoints.extend(found.into_iter().flatten().map(of_endpoint));
        for (peerings, is_asking) in [(asked, true), (accepted, false)] {
            let found: Option<Vec<VpcPeeringConnection>> = cx.part("peerings", peerings);
            around.peerings.extend(found.into_iter().flatten().map(|peering| of_peering(peering, is_asking)));
        }
        around
    }
}

/// Its state, and where it is: a regional one is in no subnet.
fn of_nat(nat: NatGateway) -> String {
    let address = nat.nat_gateway_addresses.into_iter().flatten().find_map(|it| it.public_ip);
    let state = nat.state.map(|state| state.to_string()).unwrap_or_default();
    let place = match nat.subnet_id.filter(|subnet| !subnet.is_empty()) {
        Some(subnet) => format!("in {subnet}"),
        None => "of the whole region".to_owned(),
    };
    let id = nat.nat_gateway_id.unwrap_or_default();
    format!("{id} {state} {place} {}", address.unwrap_or_default()).trim_end().to_owned()
}

fn of_endpoint(endpoint: VpcEndpoint) -> String {
    let kind = endpoint.vpc_endpoint_type.map(|kind| kind.to_string()).unwrap_or_default();
    let id = endpoint.vpc_endpoint_id.unwrap_or_default();
    format!("{id} {kind} {}", endpoint.service_name.unwrap_or_default())
}

/// A peering, by the other side of it.
fn of_peering(peering: VpcPeeringConnection, is_asking: bool) -> String {
    let info = if is_asking { peering.accepter_vpc_info } else { peering.requester_vpc_info };
    let (peer, cidr) = info.map(|it| (it.vpc_id, it.cidr_block)).unwrap_or_default();
    let status = peering.status.and_then(|it| it.code).map(|code| code.to_string());
    let line = format!(
        "{} {} with {} {}",
        peering.vpc_peering_connection_id.unwrap_or_default(),
        status.unwrap_or_default(),
        peer.unwrap_or_default(),
        cidr.unwrap_or_default()
    );
    line.trim_end().to_owned()
}
