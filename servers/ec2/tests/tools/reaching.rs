//! What gets through networks that are really there, with known answers.

use awsmcp_testing::{Response, Server, Stub};
use serde_json::{Value, json};

use crate::cloud::{ec2, group, id, instance, subnet, vpc};
use crate::world::{EC2, aws};

/// Two subnets of one VPC, a machine in each, and the table and the ACL of the second's own.
struct Net {
    vpc: String,
    a: String,
    b: String,
    group_a: String,
    group_b: String,
    subnet_a: String,
    subnet_b: String,
    start: String,
}

fn net(octet: u8) -> Net {
    let aws = aws();
    let start = format!("10.{octet}");
    let vpc = vpc(aws, &format!("{start}.0.0/16"));
    let (subnet_a, subnet_b) =
        (subnet(aws, &vpc, &format!("{start}.1.0/24")), subnet(aws, &vpc, &format!("{start}.2.0/24")));
    let (group_a, group_b) =
        (group(aws, &vpc, &format!("a-{octet}")), group(aws, &vpc, &format!("b-{octet}")));
    let machine = |name: &str, subnet: &str, group: &str, address: &str| {
        let more = [("SubnetId", subnet), ("SecurityGroupId.1", group), ("PrivateIpAddress", address)];
        instance(aws, name, &more)
    };
    let a = machine(&format!("a-{octet}"), &subnet_a, &group_a, &format!("{start}.1.10"));
    let b = machine(&format!("b-{octet}"), &subnet_b, &group_b, &format!("{start}.2.10"));
    Net { vpc, a, b, group_a, group_b, subnet_a, subnet_b, start }
}

fn allow(group: &str, port: &str, peer: (&str, &str)) {
    let name = format!("IpPermissions.1.{}", peer.0);
    let rule = [
        ("GroupId", group),
        ("IpPermissions.1.IpProtocol", "tcp"),
        ("IpPermissions.1.FromPort", port),
        ("IpPermissions.1.ToPort", port),
        (name.as_str(), peer.1),
    ];
    ec2(aws(), "AuthorizeSecurityGroupIngress", &rule);
}

const CIDR: &str = "IpRanges.1.CidrIp";

/// A network ACL of a subnet's own, with these entries: number, egress, ports, action.
fn acl(net: &Net, subnet: &str, entries: &[(&str, bool, (&str, &str), &str)]) -> String {
    let aws = aws();
    let made = id(&ec2(aws, "CreateNetworkAcl", &[("VpcId", &net.vpc)]), "networkAclId");
    for (number, egress, (from, to), action) in entries {
        let entry = [
            ("NetworkAclId", made.as_str()),
            ("RuleNumber", number),
            ("Protocol", "6"),
            ("RuleAction", action),
            ("Egress", if *egress { "true" } else { "false" }),
            ("CidrBlock", "0.0.0.0/0"),
            ("PortRange.From", from),
            ("PortRange.To", to),
        ];
        ec2(aws, "CreateNetworkAclEntry", &entry);
    }
    let filter = [("Filter.1.Name", "association.subnet-id"), ("Filter.1.Value.1", subnet)];
    let present = ec2(aws, "DescribeNetworkAcls", &filter).text();
    // The association of this very subnet, whatever else the same ACL is for.
    let own = present.split("<networkAclAssociationId>").skip(1).find(|rest| {
        rest.split("</item>")
            .next()
            .is_some_and(|item| item.contains(&format!("<subnetId>{subnet}</subnetId>")))
    });
    let association = own.and_then(|rest| rest.split('<').next()).unwrap_or_else(|| panic!("{present}"));
    let swap = [("AssociationId", association), ("NetworkAclId", made.as_str())];
    ec2(aws, "ReplaceNetworkAclAssociation", &swap);
    made
}

/// A route table of a subnet's own.
fn table(net: &Net, subnet: &str) -> String {
    let made = id(&ec2(aws(), "CreateRouteTable", &[("VpcId", &net.vpc)]), "routeTableId");
    ec2(aws(), "AssociateRouteTable", &[("RouteTableId", &made), ("SubnetId", subnet)]);
    made
}

fn route(table: &str, to: &str, target: (&str, &str)) {
    let field = if to.contains(':') { "DestinationIpv6CidrBlock" } else { "DestinationCidrBlock" };
    ec2(aws(), "CreateRoute", &[("RouteTableId", table), (field, to), target]);
}

fn gateway(net: &Net) -> String {
    let made = id(&ec2(aws(), "CreateInternetGateway", &[]), "internetGatewayId");
    ec2(aws(), "AttachInternetGateway", &[("InternetGatewayId", &made), ("VpcId", &net.vpc)]);
    made
}

#[track_caller]
fn says(server: &mut Server, question: Value, reachable: &str, because: &str) -> Value {
    let answer = server.call("check_reachability", question);
    let found: Value =
        serde_json::from_str(answer.ok().split("\nnote: ").next().unwrap_or_default()).unwrap_or_default();
    assert_eq!(found["reachable"], reachable, "{}", answer.text);
    assert!(
        because.is_empty() || found["because"].to_string().contains(because),
        "{because}: {}",
        answer.text
    );
    found
}

#[test]
#[ignore = "runs fakecloud"]
fn a_rule_lets_pass_and_its_absence_blocks() {
    let net = net(101);
    let mut server = EC2.start();
    let ask = |port: u16| json!({"from": net.a, "to": net.b, "port": port});
    says(&mut server, ask(80), "no", &format!("{}: no rule lets tcp 80 in from 10.101.1.10", net.group_b));
    allow(&net.group_b, "80", (CIDR, "10.101.1.0/24"));
    let found = says(&mut server, ask(80), "yes", "");
    assert_eq!(found["traffic"], "tcp 80");
    assert!(found["path"].to_string().contains("in tcp 80 from 10.101.1.0/24"), "{found}");
    says(&mut server, ask(81), "no", "tcp 81");
    // By name, and by the group of the other side.
    allow(&net.group_b, "22", ("Groups.1.GroupId", &net.group_a));
    says(&mut server, json!({"from": "a-101", "to": "b-101", "port": 22}), "yes", "");
    says(&mut server, json!({"from": "b-101", "to": "a-101", "port": 22}), "no", &net.group_a);
}

#[test]
#[ignore = "runs fakecloud"]
fn what_does_not_run_is_not_reached() {
    let net = net(113);
    allow(&net.group_b, "80", (CIDR, "10.113.1.0/24"));
    // The local AWS keeps no interfaces of instances.
    let interface = format!(
        "<item><networkInterfaceId>eni-0123456789abcdef0</networkInterfaceId><vpcId>{}</vpcId><subnetId>{}</subnetId>\
         <privateIpAddress>10.113.2.10</privateIpAddress><attachment><instanceId>{}</instanceId></attachment><groupSet>\
         <item><groupId>{}</groupId></item></groupSet></item>",
        net.vpc, net.subnet_b, net.b, net.group_b
    );
    let stub = Stub::before(aws(), move |request| match request.operation() {
        "DescribeNetworkInterfaces" => {
            let set = format!("<networkInterfaceSet>{interface}</networkInterfaceSet>");
            let body =
                format!("<DescribeNetworkInterfacesResponse>{set}</DescribeNetworkInterfacesResponse>");
            Response::new(200, body).with("content-type", "text/xml")
        }
        _ => Response::HandOn,
    });
    let mut server = EC2.at(stub.env()).start();
    says(&mut server, json!({"from": net.a, "to": "10.113.2.10", "port": 80}), "yes", "");
    ec2(aws(), "StopInstances", &[("InstanceId.1", &net.b)]);
    // By its name as by its address, which it keeps.
    for end in ["b-113", "10.113.2.10"] {
        let ask = json!({"from": net.a, "to": end, "port": 80});
        says(&mut server, ask.clone(), "no", "it is stopped: nothing answers there");
        server.call("check_reachability", ask).holds(&["were it running, the answer would be \"yes\""]);
    }
}

#[test]
#[ignore = "runs fakecloud"]
fn the_deciding_entry_of_an_acl_is_named() {
    let net = net(102);
    allow(&net.group_b, "80", (CIDR, "10.0.0.0/8"));
    let mut server = EC2.start();
    let ask = || json!({"from": net.a, "to": net.b, "port": 80});
    let all = ("0", "65535");
    let denied = acl(
        &net,
        &net.subnet_b,
        &[("90", false, ("80", "80"), "deny"), ("100", false, all, "allow"), ("100", true, all, "allow")],
    );
    says(&mut server, ask(), "no", &format!("{denied}: inbound rule 90 denies tcp 80 from 10.102.1.10"));
    let late = acl(
        &net,
        &net.subnet_b,
        &[("100", false, all, "allow"), ("110", false, ("80", "80"), "deny"), ("100", true, all, "allow")],
    );
    let found = says(&mut server, ask(), "yes", "");
    assert!(found["path"].to_string().contains(&late), "{found}");
    let silent =
        acl(&net, &net.subnet_b, &[("100", false, all, "allow"), ("100", true, ("80", "80"), "allow")]);
    says(
        &mut server,
        ask(),
        "no",
        &format!("{silent} on the way back: no outbound rule allows answers (tcp 1024-65535) to 10.102.1.10"),
    );
    acl(
        &net,
        &net.subnet_b,
        &[("100", false, ("80", "80"), "allow"), ("100", true, ("32768", "60999"), "allow")],
    );
    says(&mut server, ask(), "yes", "");
}

#[test]
#[ignore = "runs fakecloud"]
fn in_one_subnet_acl_and_routes_do_not_count() {
    let net = net(103);
    allow(&net.group_b, "80", (CIDR, "10.103.0.0/16"));
    let more = [
        ("SubnetId", net.subnet_b.as_str()),
        ("SecurityGroupId.1", &net.group_a),
        ("PrivateIpAddress", "10.103.2.20"),
    ];
    let neighbour = instance(aws(), "c-103", &more);
    acl(&net, &net.subnet_b, &[]);
    let mut server = EC2.start();
    says(&mut server, json!({"from": neighbour, "to": net.b, "port": 80}), "yes", "");
    says(&mut server, json!({"from": net.a, "to": net.b, "port": 80}), "no", "no inbound rule allows");
}

#[test]
#[ignore = "runs fakecloud"]
fn the_internet_needs_a_gateway_a_route_and_a_public_address() {
    let net = net(104);
    let mut server = EC2.start();
    let out = || json!({"from": net.a, "to": "internet"});
    says(&mut server, out(), "no", "no route leads to the internet");
    let own = table(&net, &net.subnet_a);
    route(&own, "0.0.0.0/0", ("GatewayId", &gateway(&net)));
    says(&mut server, out(), "no", "has no public address: it needs one, or a route to a NAT gateway");
    says(&mut server, json!({"from": "internet", "to": net.a, "port": 22}), "no", "it has no public address");
    let public = [("SubnetId", net.subnet_a.as_str()), ("MapPublicIpOnLaunch.Value", "true")];
    ec2(aws(), "ModifySubnetAttribute", &public);
    let more = [("SubnetId", net.subnet_a.as_str()), ("SecurityGroupId.1", &net.group_a)];
    let net = Net { a: instance(aws(), "p-104", &more), ..net };
    says(&mut server, json!({"from": net.a, "to": "internet"}), "yes", "");
    says(&mut server, json!({"from": "internet", "to": net.a, "port": 22}), "no", &net.group_a);
    allow(&net.group_a, "22", (CIDR, "203.0.113.0/24"));
    says(
        &mut server,
        json!({"from": "internet", "to": net.a, "port": 22}),
        "unknown",
        "only a part of the internet",
    );
    says(&mut server, json!({"from": "203.0.113.7", "to": net.a, "port": 22}), "yes", "");
    says(&mut server, json!({"from": "198.51.100.7", "to": net.a, "port": 22}), "no", "198.51.100.7");
    // An interface of its own has none.
    let parameters = [
        ("SubnetId", net.subnet_a.as_str()),
        ("PrivateIpAddress", "10.104.1.77"),
        ("SecurityGroupId.1", &net.group_a),
    ];
    let eni = id(&ec2(aws(), "CreateNetworkInterface", &parameters), "networkInterfaceId");
    says(
        &mut server,
        json!({"from": eni, "to": "internet"}),
        "no",
        "has no public address: it needs one, or a route to a NAT gateway",
    );
    let by_address =
        says(&mut server, json!({"from": "10.104.1.77", "to": "1.1.1.1"}), "no", "has no public address");
    assert!(by_address["from"].to_string().contains(&eni), "{by_address}");
}

#[test]
#[ignore = "runs fakecloud"]
fn a_nat_gateway_leads_out_and_not_in() {
    let net = net(105);
    let address = id(&ec2(aws(), "AllocateAddress", &[("Domain", "vpc")]), "allocationId");
    let made = ec2(aws(), "CreateNatGateway", &[("SubnetId", &net.subnet_b), ("AllocationId", &address)]);
    let nat = id(&made, "natGatewayId");
    let inner = table(&net, &net.subnet_a);
    route(&inner, "0.0.0.0/0", ("NatGatewayId", &nat));
    let mut server = EC2.start();
    let out = || json!({"from": net.a, "to": "internet"});
    says(&mut server, out(), "no", "no route leads to the internet");
    let outer = table(&net, &net.subnet_b);
    route(&outer, "0.0.0.0/0", ("GatewayId", &gateway(&net)));
    says(&mut server, out(), "yes", "");
    allow(&net.group_a, "22", (CIDR, "0.0.0.0/0"));
    says(
        &mut server,
        json!({"from": "internet", "to": net.a, "port": 22}),
        "no",
        &format!("leads to {nat}, through which nothing comes in"),
    );
    let tight = acl(
        &net,
        &net.subnet_b,
        &[("100", false, ("443", "443"), "allow"), ("100", true, ("0", "65535"), "allow")],
    );
    says(&mut server, out(), "no", &format!("{tight} on the way back: no inbound rule allows answers"));
}

#[test]
#[ignore = "runs fakecloud"]
fn a_peering_needs_routes_there_and_back() {
    let (one, two) = (net(106), net(107));
    allow(&two.group_b, "80", (CIDR, "10.106.0.0/16"));
    let mut server = EC2.start();
    let ask = || json!({"from": one.a, "to": two.b, "port": 80});
    says(&mut server, ask(), "no", "no route leads to 10.107.2.10");
    let made = ec2(aws(), "CreateVpcPeeringConnection", &[("VpcId", &one.vpc), ("PeerVpcId", &two.vpc)]);
    let peering = id(&made, "vpcPeeringConnectionId");
    let there = table(&one, &one.subnet_a);
    route(&there, "10.107.0.0/16", ("VpcPeeringConnectionId", &peering));
    says(&mut server, ask(), "no", &format!("{peering}, which is not active"));
    ec2(aws(), "AcceptVpcPeeringConnection", &[("VpcPeeringConnectionId", &peering)]);
    says(&mut server, ask(), "no", "on the way back: no route leads to 10.106.1.10");
    let back = table(&two, &two.subnet_b);
    route(&back, "10.106.0.0/16", ("VpcPeeringConnectionId", &peering));
    says(&mut server, ask(), "yes", "");
    // What is behind a peering is not reached through it.
    says(&mut server, json!({"from": one.b, "to": two.b, "port": 80}), "no", "no route leads to 10.107.2.10");
}

#[test]
#[ignore = "runs fakecloud"]
fn a_prefix_list_is_unknown() {
    let net = net(108);
    let list = ec2(
        aws(),
        "CreateManagedPrefixList",
        &[("PrefixListName", "offices"), ("MaxEntries", "5"), ("AddressFamily", "IPv4")],
    );
    let list = id(&list, "prefixListId");
    allow(&net.group_b, "80", ("PrefixListIds.1.PrefixListId", &list));
    says(
        &mut EC2.start(),
        json!({"from": net.a, "to": net.b, "port": 80}),
        "unknown",
        &format!("from {list}` may let it in"),
    );
}

#[test]
#[ignore = "runs fakecloud"]
fn ipv6_goes_its_own_way() {
    const ADDRESS: &str = "2600:1f18:1234:5600::5";
    let net = net(110);
    let (vpc, subnet, group) = (net.vpc.clone(), net.subnet_a.clone(), net.group_a.clone());
    // The local AWS gives no interface an IPv6 address. Groups, ACLs and routes are its own.
    let stub = Stub::before(aws(), move |request| match request.operation() {
        "DescribeNetworkInterfaces" => {
            let body = format!(
                "<DescribeNetworkInterfacesResponse><networkInterfaceSet><item><networkInterfaceId>eni-0123456789abcdef0\
                 </networkInterfaceId><subnetId>{subnet}</subnetId><vpcId>{vpc}</vpcId><ipv6AddressesSet><item><ipv6Address>\
                 {ADDRESS}</ipv6Address></item></ipv6AddressesSet><groupSet><item><groupId>{group}</groupId></item></groupSet>\
                 </item></networkInterfaceSet></DescribeNetworkInterfacesResponse>"
            );
            Response::new(200, body).with("content-type", "text/xml")
        }
        _ => Response::HandOn,
    });
    let mut server = EC2.at(stub.env()).start();
    let out = || json!({"from": ADDRESS, "to": "internet"});
    says(&mut server, out(), "no", "no outbound rule allows tcp 443 to the internet");
    let open = acl(&net, &net.subnet_a, &[]);
    for egress in ["true", "false"] {
        let entry = [
            ("NetworkAclId", open.as_str()),
            ("RuleNumber", "101"),
            ("Protocol", "-1"),
            ("RuleAction", "allow"),
            ("Egress", egress),
            ("Ipv6CidrBlock", "::/0"),
        ];
        ec2(aws(), "CreateNetworkAclEntry", &entry);
    }
    says(&mut server, out(), "no", "no route leads to the internet");
    let own = table(&net, &net.subnet_a);
    let gate = id(
        &ec2(aws(), "CreateEgressOnlyInternetGateway", &[("VpcId", &net.vpc)]),
        "egressOnlyInternetGatewayId",
    );
    route(&own, "::/0", ("EgressOnlyInternetGatewayId", &gate));
    says(&mut server, out(), "no", "no rule lets tcp 443 out to the internet");
    for (operation, port) in
        [("AuthorizeSecurityGroupEgress", "443"), ("AuthorizeSecurityGroupIngress", "22")]
    {
        let rule = [
            ("GroupId", net.group_a.as_str()),
            ("IpPermissions.1.IpProtocol", "tcp"),
            ("IpPermissions.1.FromPort", port),
            ("IpPermissions.1.ToPort", port),
            ("IpPermissions.1.Ipv6Ranges.1.CidrIpv6", "::/0"),
        ];
        ec2(aws(), operation, &rule);
    }
    says(&mut server, out(), "yes", "");
    let inward = json!({"from": "internet", "to": "eni-0123456789abcdef0", "port": 22, "ipv6": true});
    says(&mut server, inward, "no", &format!("leads to {gate}, through which nothing comes in"));
}

#[test]
#[ignore = "runs fakecloud"]
fn a_question_that_makes_no_sense_shows_a_good_one() {
    let net = net(109);
    let mut server = EC2.start();
    let mut ask = |question: Value| server.call("check_reachability", question).error().to_owned();
    assert!(ask(json!({"from": "internet", "to": "1.1.1.1"})).contains("neither end is an interface"));
    assert!(
        ask(json!({"from": net.a, "to": net.b, "protocol": "ping", "port": 7}))
            .contains("a ping has no port")
    );
    assert!(
        ask(json!({"from": net.a, "to": "no such machine"})).contains("there is no instance no such machine")
    );
    assert!(ask(json!({"from": net.a, "to": "i-nonsense"})).contains("good ones are i-0123456789abcdef0"));
    assert!(
        ask(json!({"from": "10.0.0.1", "to": "2600:1f18::1"})).contains("one end is IPv4 and the other IPv6")
    );
    assert!(ask(json!({"from": net.a, "to": net.b, "ipv6": true})).contains("has no IPv6 address"));
    assert!(ask(json!({"from": net.a, "to": net.b, "port": 0})).contains("port"));
    assert!(ask(json!({"from": "eni-0123456789abcdef0", "to": net.b})).contains("eni-0123456789abcdef0"));
    // The way from here to itself does not leave the machine; that to an address nobody has ends in the VPC.
    let start = &net.start;
    says(&mut server, json!({"from": net.a, "to": net.a}), "yes", "");
    says(&mut server, json!({"from": net.a, "to": format!("{start}.9.9")}), "no", "but no interface has it");
}

/// An interface as EC2 describes it.
fn described(id: &str, about: &str, more: &str) -> String {
    format!(
        "<item><networkInterfaceId>{id}</networkInterfaceId><description>{about}</description><vpcId>vpc-01234567</vpcId>\
         <subnetId>subnet-01234567</subnetId><privateIpAddress>10.0.0.9</privateIpAddress>{more}<groupSet><item><groupId>\
         sg-01234567</groupId></item></groupSet></item>"
    )
}

/// One VPC, whose subnet leads to the internet, whose ACL and group let everything pass; the group may not be shown.
fn around(operation: &str, is_shown: bool) -> Option<String> {
    let pass = |egress| {
        format!(
            "<item><ruleNumber>100</ruleNumber><protocol>-1</protocol><ruleAction>allow</ruleAction><egress>{egress}</egress>\
             <cidrBlock>0.0.0.0/0</cidrBlock></item>"
        )
    };
    Some(match operation {
        "DescribeInstances" => "<reservationSet/>".to_owned(),
        "DescribeNetworkAcls" => format!(
            "<networkAclSet><item><networkAclId>acl-01234567</networkAclId><vpcId>vpc-01234567</vpcId><default>true</default>\
             <entrySet>{}{}</entrySet></item></networkAclSet>",
            pass(true),
            pass(false)
        ),
        "DescribeRouteTables" => {
            "<routeTableSet><item><routeTableId>rtb-01234567</routeTableId><vpcId>vpc-01234567</vpcId><associationSet><item>\
             <main>true</main></item></associationSet><routeSet><item><destinationCidrBlock>0.0.0.0/0</destinationCidrBlock>\
             <gatewayId>igw-01234567</gatewayId></item></routeSet></item></routeTableSet>"
                .to_owned()
        }
        "DescribeSecurityGroups" if is_shown => {
            let peer = "<item><ipProtocol>-1</ipProtocol><ipRanges><item><cidrIp>0.0.0.0/0</cidrIp></item></ipRanges></item>";
            format!(
                "<securityGroupInfo><item><groupId>sg-01234567</groupId><ipPermissions>{peer}</ipPermissions>\
                 <ipPermissionsEgress>{peer}</ipPermissionsEgress></item></securityGroupInfo>"
            )
        }
        "DescribeSecurityGroups" => "<securityGroupInfo/>".to_owned(),
        _ => return None,
    })
}

/// EC2 with these interfaces.
fn with_interfaces(interfaces: String, is_shown: bool) -> Stub {
    Stub::start(move |request| {
        let operation = request.operation();
        let inner = match operation {
            "DescribeNetworkInterfaces" => format!("<networkInterfaceSet>{interfaces}</networkInterfaceSet>"),
            operation => around(operation, is_shown).unwrap_or_default(),
        };
        let body = format!("<{operation}Response>{inner}</{operation}Response>");
        Response::new(200, body).with("content-type", "text/xml")
    })
}

const PUBLIC: &str = "<association><publicIp>52.0.0.9</publicIp></association>";

#[test]
fn a_load_balancer_is_found_by_its_name() {
    let all = [
        described("eni-0123456789abcdef1", "ELB app/web-2/50dc6c495c0c9188", PUBLIC),
        described("eni-0123456789abcdef3", "ELB app/web/50dc6c495c0c9188", PUBLIC),
        described("eni-0123456789abcdef2", "ELB app/web/50dc6c495c0c9188", PUBLIC),
    ];
    let stub = with_interfaces(all.concat(), true);
    let mut server = EC2.at(stub.env()).start();
    let ask = json!({"from": "internet", "to": "web"});
    let found = says(&mut server, ask.clone(), "yes", "");
    assert_eq!(found["to"], "web (load balancer, eni-0123456789abcdef2)");
    let note =
        "web was taken by its interface eni-0123456789abcdef2; ask about eni-0123456789abcdef3 by its id";
    server.call("check_reachability", ask).holds(&[note]);
    server
        .call("check_reachability", json!({"from": "internet", "to": "other"}))
        .fails(&["there is no instance other in us-east-1, nor a load balancer", "databases of RDS"]);
}

#[test]
fn an_interface_that_nothing_has_is_not_reached() {
    let free = described("eni-0123456789abcdef1", "", &format!("{PUBLIC}<status>available</status>"));
    let stub = with_interfaces(free, true);
    let mut server = EC2.at(stub.env()).start();
    let ask = json!({"from": "internet", "to": "eni-0123456789abcdef1"});
    says(&mut server, ask, "no", "it is attached to nothing: nothing answers there");
}

#[test]
fn a_group_that_aws_does_not_show_is_unknown() {
    let stub = with_interfaces(described("eni-0123456789abcdef1", "", PUBLIC), false);
    let mut server = EC2.at(stub.env()).start();
    let ask = json!({"from": "internet", "to": "eni-0123456789abcdef1"});
    says(&mut server, ask, "unknown", "sg-01234567: no other rule lets it pass");
}

#[test]
fn a_second_private_address_has_its_own_public_one() {
    let second = format!(
        "{PUBLIC}<privateIpAddressesSet><item><privateIpAddress>10.0.0.9</privateIpAddress>{PUBLIC}</item><item>\
         <privateIpAddress>10.0.0.10</privateIpAddress></item></privateIpAddressesSet>"
    );
    let stub = with_interfaces(described("eni-0123456789abcdef1", "", &second), true);
    let mut server = EC2.at(stub.env()).start();
    says(&mut server, json!({"from": "internet", "to": "10.0.0.9"}), "yes", "");
    says(&mut server, json!({"from": "internet", "to": "10.0.0.10"}), "no", "it has no public address");
}
