//! What a call names is what it is held to, and what it is refused for never leaves.

use awsmcp_testing::{Request, Response, Server, Stub};
use serde_json::json;

use crate::world::EC2;

const VPC: &str = "vpc-0123456789abcdef0";
const OTHER_VPC: &str = "vpc-0fedcba9876543210";
const SUBNET: &str = "subnet-0123456789abcdef0";

/// An EC2 that would do everything, makes what is asked for, and refuses what `broken` names.
fn cloud(broken: &'static [&'static str]) -> Stub {
    Stub::start(move |request| {
        let operation = request.operation();
        if request.json()["DryRun"] == "true" {
            return Response::error(412, "DryRunOperation", "Request would have succeeded");
        }
        if broken.contains(&operation) {
            return Response::error(400, "UnauthorizedOperation", &format!("not you: {operation}"));
        }
        Response::new(200, answer(request.operation()))
    })
}

/// What EC2 answers, in its own XML.
fn answer(operation: &str) -> String {
    let made = match operation {
        "CreateSubnet" => "<subnet><subnetId>subnet-0123456789abcdef0</subnetId></subnet>",
        "CreateInternetGateway" => {
            "<internetGateway><internetGatewayId>igw-0123456789abcdef0</internetGatewayId></internetGateway>"
        }
        "CreateRouteTable" => "<routeTable><routeTableId>rtb-0123456789abcdef0</routeTableId></routeTable>",
        "AllocateAddress" => {
            "<allocationId>eipalloc-0123456789abcdef0</allocationId><publicIp>192.0.2.7</publicIp>"
        }
        "CreateNatGateway" => "<natGateway><natGatewayId>nat-0123456789abcdef0</natGatewayId></natGateway>",
        "DescribeNatGateways" => {
            "<natGatewaySet><item><natGatewayId>nat-0123456789abcdef0</natGatewayId><state>failed</state>\
             <failureMessage>the subnet is full</failureMessage></item></natGatewaySet>"
        }
        "CreateVpcPeeringConnection" => {
            "<vpcPeeringConnection><vpcPeeringConnectionId>pcx-0123456789abcdef0</vpcPeeringConnectionId>\
             </vpcPeeringConnection>"
        }
        "DescribeTags" => "<tagSet/>",
        _ => "<return>true</return>",
    };
    format!(
        "<{operation}Response xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><requestId>r</requestId>{made}\
         </{operation}Response>"
    )
}

fn server(stub: &Stub, args: &[&str]) -> Server {
    let all = ["--allow", "write,destroy,invoke,reveal", "--toolsets", "all"];
    EC2.at(stub.env()).only(&all).and(args).set("AWS_REGION", "us-east-1").start()
}

/// The operations of EC2 that were asked for, but for rehearsals.
fn done(stub: &Stub) -> Vec<String> {
    let real = |request: &Request| request.service() == Some("ec2") && request.json()["DryRun"] != "true";
    stub.requests().iter().filter(|request| real(request)).map(|it| it.operation().to_owned()).collect()
}

#[test]
fn a_subnet_is_held_to_what_a_subnet_touches() {
    let stub = cloud(&[]);
    let vpc = format!("arn:aws:ec2:*:*:vpc/{VPC}");
    let mut server = server(&stub, &["--allow-arn", &vpc, "--allow-arn", "arn:aws:ec2:*:*:subnet/*"]);
    let call = json!({"part": "subnet", "vpc": VPC, "cidr": "10.0.1.0/24"});
    assert!(server.call("create_network", call).ok().contains(SUBNET));
    let before = done(&stub);
    for (call, outside) in [
        (json!({"part": "subnet", "vpc": OTHER_VPC, "cidr": "10.0.1.0/24"}), OTHER_VPC),
        (json!({"part": "internet_gateway", "vpc": VPC}), "internet-gateway/*"),
        (json!({"part": "vpc", "cidr": "10.0.0.0/16"}), "vpc/*"),
        (json!({"part": "nat_gateway", "subnets": [SUBNET]}), "natgateway/*"),
        (json!({"part": "route_table", "vpc": VPC, "subnets": [SUBNET]}), "route-table/*"),
        (json!({"part": "elastic_ip"}), "elastic-ip/*"),
        (json!({"part": "endpoint", "vpc": VPC, "service": "s3", "subnets": [SUBNET]}), "vpc-endpoint/*"),
        (json!({"part": "peering", "vpc": VPC, "peer_vpc": OTHER_VPC}), OTHER_VPC),
    ] {
        let refused = server.call("create_network", call.clone());
        assert!(refused.error().contains("outside what the operator allowed"), "{call}: {}", refused.text);
        assert!(refused.text.contains(outside), "{call}: {}", refused.text);
    }
    assert_eq!(done(&stub), before);
}

#[test]
fn what_exists_is_named_when_a_later_step_fails() {
    let other = "subnet-0fedcba9876543210";
    for (call, broken, exists) in [
        (
            json!({"part": "subnet", "vpc": VPC, "cidr": "10.0.1.0/24", "public": true}),
            "ModifySubnetAttribute",
            &["subnet subnet-0123456789abcdef0 was created", "run_instances"][..],
        ),
        (
            json!({"part": "internet_gateway", "vpc": VPC}),
            "AttachInternetGateway",
            &["igw-0123456789abcdef0 was created but is not attached"],
        ),
        (
            json!({"part": "route_table", "vpc": VPC, "subnets": [SUBNET, other]}),
            "AssociateRouteTable",
            &["route_table rtb-0123456789abcdef0 was created", SUBNET, other],
        ),
        (
            json!({"part": "elastic_ip", "instance": "i-0123456789abcdef0"}),
            "AssociateAddress",
            &["eipalloc-0123456789abcdef0 was allocated and costs", "delete_resources"],
        ),
        (
            json!({"part": "nat_gateway", "subnets": [SUBNET]}),
            "CreateNatGateway",
            &["allocated eipalloc-0123456789abcdef0", "call again with it as `address`"],
        ),
        (
            json!({"part": "nat_gateway", "subnets": [SUBNET]}),
            "DescribeNatGateways",
            &["nat-0123456789abcdef0 was created", "allocated eipalloc-0123456789abcdef0"],
        ),
        (
            json!({"part": "nat_gateway", "subnets": [SUBNET]}),
            "nothing",
            &["the subnet is full", "nat-0123456789abcdef0", "allocated eipalloc-0123456789abcdef0"],
        ),
        (
            json!({"part": "peering", "vpc": VPC, "peer_vpc": OTHER_VPC}),
            "AcceptVpcPeeringConnection",
            &["peering pcx-0123456789abcdef0 was created", "is not accepted yet"],
        ),
    ] {
        let list: &'static [&'static str] = Box::leak(vec![broken].into_boxed_slice());
        let stub = cloud(list);
        let failed = server(&stub, &[]).call("create_network", call.clone());
        for part in exists {
            assert!(failed.error().contains(part), "{call}: {part} is not in {}", failed.text);
        }
    }
}

#[test]
fn nothing_is_said_to_exist_when_the_first_step_fails() {
    let stub = cloud(&["CreateSubnet"]);
    let call = json!({"part": "subnet", "vpc": VPC, "cidr": "10.0.1.0/24", "public": true});
    let failed = server(&stub, &[]).call("create_network", call);
    assert!(failed.error().contains("not you: CreateSubnet"), "{}", failed.text);
    assert!(!failed.text.contains("was created"), "{}", failed.text);
}

#[test]
fn an_arn_of_another_kind_or_service_never_leaves() {
    let stub = cloud(&[]);
    let mut server = server(&stub, &["--allow-arn", "*"]);
    let at = "arn:aws:ec2:us-east-1:123456789012";
    for (tool, call) in [
        ("describe_instance", json!({"instance": format!("{at}:volume/i-0123456789abcdef0")})),
        ("describe_instance", json!({"instance": format!("{at}:volume/x:instance/i-0123456789abcdef0")})),
        ("describe_instance", json!({"instance": " i-0123456789abcdef0"})),
        (
            "terminate_instances",
            json!({"instances": ["arn:aws:kms:us-east-1:123456789012:key/x:ec2:/i-0123456789abcdef0"]}),
        ),
        ("terminate_instances", json!({"instances": [format!("{at}:instance/x/i-0123456789abcdef0")]})),
        ("describe_network", json!({"vpc": format!("{at}:subnet/{VPC}")})),
        ("delete_resources", json!({"images": [format!("{at}:image/ami-0123456789abcdef0")]})),
        ("delete_resources", json!({"key_pairs": [format!("{at}:instance/web")]})),
        ("delete_resources", json!({"key_pairs": ["web "]})),
        ("tag_resources", json!({"resources": [format!("{at}:subnet/{VPC}")], "set": {"a": "b"}})),
        (
            "run_command",
            json!({"instances": ["i-0123456789abcdef0"], "document": "arn:aws:s3:::document/Team-Restart"}),
        ),
        ("run_instances", json!({"instance_type": "t3.micro", "launch_template": "web"})),
        (
            "check_reachability",
            json!({"from": format!("{at}:volume/eni-0123456789abcdef0"), "to": "internet"}),
        ),
    ] {
        let refused = server.call(tool, call.clone());
        assert!(refused.error().contains("is not "), "{tool} {call}: {}", refused.text);
        assert!(refused.text.contains("good one"), "{tool} {call}: {}", refused.text);
    }
    assert_eq!(done(&stub), Vec::<String>::new());
}

#[test]
fn an_arn_moves_the_call_to_its_region_and_stays_in_its_account() {
    let stub = cloud(&[]);
    let mut server = server(
        &stub,
        &[
            "--region",
            "us-east-1",
            "--allow-region",
            "eu-west-1",
            "--allow-arn",
            "arn:aws:ec2:*:123456789012:*",
        ],
    );
    let arn =
        |region: &str, account: &str| format!("arn:aws:ec2:{region}:{account}:volume/vol-0123456789abcdef0");
    let tag = |arn: String| json!({"resources": [arn], "set": {"team": "data"}});
    server.call("tag_resources", tag(arn("eu-west-1", "123456789012"))).ok();
    let sent = stub.of("CreateTags");
    assert!(sent.iter().all(|request| request.region() == Some("eu-west-1")), "{sent:?}");
    assert_eq!(sent.last().unwrap().json()["ResourceId.1"], "vol-0123456789abcdef0");
    let count = done(&stub).len();
    let foreign = server.call("tag_resources", tag(arn("eu-west-1", "210987654321")));
    assert!(foreign.error().contains("is of account 210987654321"), "{}", foreign.text);
    let elsewhere = server.call("tag_resources", tag(arn("ap-south-1", "123456789012")));
    assert!(elsewhere.error().contains("which the operator did not allow"), "{}", elsewhere.text);
    assert_eq!(done(&stub).len(), count);
}

#[test]
fn what_is_tagged_is_held_to_its_own_kind() {
    let stub = cloud(&[]);
    let args = ["--allow-arn", "arn:aws:ec2:*:*:volume/*", "--allow-arn", "arn:aws:ec2:*::snapshot/*"];
    let mut server = server(&stub, &args);
    let tag = |id: &str| json!({"resources": [id], "set": {"team": "data"}});
    server.call("tag_resources", tag("vol-0123456789abcdef0")).ok();
    server.call("tag_resources", tag("snap-0123456789abcdef0")).ok();
    server.call("tag_resources", tag("arn:aws:ec2:us-east-1::snapshot/snap-0123456789abcdef0")).ok();
    let refused = server.call("tag_resources", tag("i-0123456789abcdef0"));
    assert!(refused.error().contains(":instance/i-0123456789abcdef0 is outside"), "{}", refused.text);
}
