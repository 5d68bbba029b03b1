//! What decides an answer may stand on a second page.

use awsmcp_testing::{Request, Response, Stub};
use serde_json::json;

use crate::world::EC2;

const VPC: &str = "vpc-0123456789abcdef0";

/// An EC2 whose lists have nothing on their first page but the token of the second.
fn cloud() -> Stub {
    Stub::start(|request| {
        if request.json()["DryRun"] == "true" {
            return Response::error(412, "DryRunOperation", "Request would have succeeded");
        }
        let operation = request.operation();
        let inner = match (request.json()["NextToken"] == "more", second(request)) {
            (false, Some((list, _))) => format!("<{list}/><nextToken>more</nextToken>"),
            (true, Some((list, items))) => format!("<{list}>{items}</{list}>"),
            (_, None) => String::new(),
        };
        let body = format!("<{operation}Response><requestId>r</requestId>{inner}</{operation}Response>");
        Response::new(200, body).with("content-type", "text/xml")
    })
}

/// The list that an operation answers, and what is on its second page.
fn second(request: &Request) -> Option<(&'static str, &'static str)> {
    Some(match request.operation() {
        "DescribeInstances" => (
            "reservationSet",
            "<item><instancesSet><item><instanceId>i-01234567</instanceId></item><item><instanceId>i-76543210</instanceId>\
             </item></instancesSet></item>",
        ),
        "DescribeVpcs" => (
            "vpcSet",
            "<item><vpcId>vpc-0123456789abcdef0</vpcId><cidrBlock>10.0.0.0/16</cidrBlock><cidrBlockAssociationSet><item>\
             <cidrBlock>10.77.0.0/16</cidrBlock></item></cidrBlockAssociationSet></item>",
        ),
        "DescribeSubnets" => ("subnetSet", "<item><subnetId>subnet-01234567</subnetId></item>"),
        "DescribeInternetGateways" => {
            ("internetGatewaySet", "<item><internetGatewayId>igw-01234567</internetGatewayId></item>")
        }
        "DescribeEgressOnlyInternetGateways" => (
            "egressOnlyInternetGatewaySet",
            "<item><egressOnlyInternetGatewayId>eigw-01234567</egressOnlyInternetGatewayId><attachmentSet><item>\
             <vpcId>vpc-0123456789abcdef0</vpcId></item></attachmentSet></item>",
        ),
        "DescribeNatGateways" => ("natGatewaySet", "<item><natGatewayId>nat-01234567</natGatewayId></item>"),
        "DescribeTransitGatewayVpcAttachments" => (
            "transitGatewayVpcAttachments",
            "<item><transitGatewayAttachmentId>tgw-attach-01234567</transitGatewayAttachmentId><transitGatewayId>tgw-01234567\
             </transitGatewayId></item>",
        ),
        "DescribeVpcEndpoints" => {
            ("vpcEndpointSet", "<item><vpcEndpointId>vpce-01234567</vpcEndpointId></item>")
        }
        "DescribeVpcPeeringConnections" => (
            "vpcPeeringConnectionSet",
            "<item><vpcPeeringConnectionId>pcx-01234567</vpcPeeringConnectionId></item>",
        ),
        "DescribeNetworkInterfaces" => {
            ("networkInterfaceSet", "<item><networkInterfaceId>eni-01234567</networkInterfaceId></item>")
        }
        "DescribeRouteTables" => ("routeTableSet", "<item><routeTableId>rtb-01234567</routeTableId></item>"),
        "DescribeNetworkAcls" => ("networkAclSet", "<item><networkAclId>acl-01234567</networkAclId></item>"),
        _ => return None,
    })
}

#[test]
fn a_map_of_a_network_has_what_is_on_second_pages() {
    let stub = cloud();
    let map = EC2.at(stub.env()).start().call("describe_network", json!({"vpc": VPC}));
    map.holds(&[
        VPC,
        "subnet-01234567",
        "rtb-01234567",
        "igw-01234567",
        "eigw-01234567",
        "nat-01234567",
        "tgw-01234567 by tgw-attach-01234567",
        "vpce-01234567",
        "pcx-01234567",
    ]);
    map.lacks(&["could not be read"]);
}

#[test]
fn a_name_is_ambiguous_on_whatever_page_its_second_owner_stands() {
    let stub = cloud();
    let mut server = EC2.at(stub.env()).start();
    let told = server.call("describe_instance", json!({"instance": "web"}));
    told.fails(&["2 instances are called web", "i-01234567, i-76543210"]);
}

#[test]
fn a_new_network_is_held_against_every_network_of_the_others() {
    let stub = cloud();
    let mut server = EC2.at(stub.env()).start();
    for cidr in ["10.0.128.0/20", "10.77.1.0/24", "10.0.0.0/8"] {
        let plan = server.plan("create_network", json!({"part": "vpc", "cidr": cidr}));
        plan.holds(&[&format!("its addresses are also those of {VPC}: the two can never be peered")]);
    }
    server.plan("create_network", json!({"part": "vpc", "cidr": "10.78.0.0/16"})).lacks(&["never be peered"]);
}

#[test]
fn flow_logs_are_looked_for_by_interfaces_of_every_page() {
    let stub = cloud();
    EC2.at(stub.env()).start().call("list_flow_logs", json!({"resource": "i-0123456789abcdef0"})).ok();
    let asked = stub.of("DescribeFlowLogs")[0].json();
    assert_eq!(asked["Filter.1.Value.1"], "eni-01234567", "{asked}");
}
