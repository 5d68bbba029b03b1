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

#[test]
fn an_end_without_an_address_says_why_and_points_to_the_other_kind_only_where_it_has_one() {
    let ask = |state: &'static str, addresses: &'static str| {
        let stub = Stub::start(move |request| {
            let inner = match request.operation() {
                "DescribeInstances" => format!(
                    "<reservationSet><item><instancesSet><item><instanceId>i-0123456789abcdef0</instanceId><instanceState>\
                     <name>{state}</name></instanceState>{addresses}</item></instancesSet></item></reservationSet>"
                ),
                _ => String::new(),
            };
            let operation = request.operation();
            let body = format!("<{operation}Response><requestId>r</requestId>{inner}</{operation}Response>");
            Response::new(200, body).with("content-type", "text/xml")
        });
        let call = json!({"from": "internet", "to": "i-0123456789abcdef0"});
        EC2.at(stub.env()).start().call("check_reachability", call)
    };
    ask("terminated", "").fails(&["is terminated: it has no address any more"]).lacks(&["ipv6"]);
    let six = ask("running", "<ipv6Address>2600:1f18::4</ipv6Address>");
    six.fails(&["has no private IPv4 address", "ask with `ipv6`"]);
    ask("running", "").fails(&["has no private IPv4 address"]).lacks(&["ask with"]);
}

#[test]
fn a_subnet_that_is_named_twice_is_one() {
    let stub = cloud();
    let mut server = EC2.at(stub.env()).start();
    let twice = json!(["subnet-01234567", "subnet-01234567"]);
    let table = json!({"part": "route_table", "vpc": VPC, "subnets": twice});
    server.plan("create_network", table).holds(&["for 1 subnet"]);
    server
        .plan("create_network", json!({"part": "nat_gateway", "subnets": twice}))
        .holds(&["create a NAT gateway in subnet-01234567"]);
}

#[test]
fn an_image_that_can_no_longer_come_to_be_is_not_waited_for() {
    for (state, why) in
        [("failed", "<stateReason><message>no room</message></stateReason>"), ("error", ""), ("invalid", "")]
    {
        let stub = Stub::start(move |request| {
            if request.json()["DryRun"] == "true" {
                return Response::error(412, "DryRunOperation", "Request would have succeeded");
            }
            let inner = match request.operation() {
                "DescribeInstances" => {
                    "<reservationSet><item><instancesSet><item><instanceId>i-0123456789abcdef0</instanceId><instanceState>\
                     <name>stopped</name></instanceState></item></instancesSet></item></reservationSet>"
                        .to_owned()
                }
                "CreateImage" => "<imageId>ami-01234567</imageId>".to_owned(),
                "DescribeImages" => format!(
                    "<imagesSet><item><imageId>ami-01234567</imageId><imageState>{state}</imageState>{why}</item></imagesSet>"
                ),
                _ => String::new(),
            };
            let operation = request.operation();
            let body = format!("<{operation}Response><requestId>r</requestId>{inner}</{operation}Response>");
            Response::new(200, body).with("content-type", "text/xml")
        });
        let call = json!({"instance": "i-0123456789abcdef0", "name": "nightly", "wait": true});
        let told = EC2.at(stub.env()).start().call("create_image", call);
        told.fails(&["AWS could not make ami-01234567", if why.is_empty() { state } else { "no room" }]);
    }
}
