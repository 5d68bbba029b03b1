//! What is recorded, reserved and left over.

use awsmcp_testing::{Request, Response, Stub};
use serde_json::json;

use crate::world::EC2;

/// EC2's answer to an operation.
fn xml(request: &Request, inner: &str) -> Response {
    let operation = request.operation();
    let body = format!(
        "<{operation}Response xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><requestId>r</requestId>{inner}\
         </{operation}Response>"
    );
    Response::new(200, body).with("content-type", "text/xml")
}

const INTERFACE: &str = "<networkInterfaceSet><item><networkInterfaceId>eni-0123456789abcdef0</networkInterfaceId>\
    <subnetId>subnet-01234567</subnetId><vpcId>vpc-01234567</vpcId></item></networkInterfaceSet>";

#[test]
fn flow_logs_are_those_of_what_a_thing_is_in_and_say_where_to_look() {
    let stub = Stub::start(|request| {
        let inner = match request.operation() {
            "DescribeNetworkInterfaces" => INTERFACE,
            "DescribeFlowLogs" => {
                "<flowLogSet><item><flowLogId>fl-01234567</flowLogId><resourceId>vpc-01234567</resourceId><trafficType>REJECT\
                 </trafficType><logDestinationType>cloud-watch-logs</logDestinationType><logGroupName>/vpc/flow</logGroupName>\
                 <deliverLogsStatus>FAILED</deliverLogsStatus><deliverLogsErrorMessage>Access error</deliverLogsErrorMessage>\
                 <logFormat>${srcaddr} ${dstport} ${action}</logFormat></item></flowLogSet>"
            }
            _ => "",
        };
        xml(request, inner)
    });
    let mut server = EC2.at(stub.env()).start();
    let ask = json!({"resource": "i-0123456789abcdef0", "rejected_port": 22});
    server.call("list_flow_logs", ask).holds(&[
        "fl-01234567",
        "FAILED: Access error",
        "query_logs of the server awsmcp-cloudwatch with log_groups [\"/vpc/flow\"]",
        "parse @message \"* * *\" as srcaddr, dstport, action | filter action = \"REJECT\" and dstport = 22",
    ]);
    let asked = stub.of("DescribeFlowLogs")[0].json();
    let ids: Vec<&str> = (1..=3).filter_map(|at| asked[format!("Filter.1.Value.{at}")].as_str()).collect();
    assert_eq!(ids, ["eni-0123456789abcdef0", "subnet-01234567", "vpc-01234567"], "{asked}");
    server
        .call("list_flow_logs", json!({"resource": "vol-01234567"}))
        .fails(&["nothing that flow logs are of"]);
}

#[test]
fn what_no_flow_log_records_is_said() {
    let stub = Stub::start(|request| {
        let inner = match request.operation() {
            "DescribeSubnets" => "<subnetSet><item><vpcId>vpc-01234567</vpcId></item></subnetSet>",
            "DescribeFlowLogs" => "<flowLogSet/>",
            _ => "",
        };
        xml(request, inner)
    });
    let mut server = EC2.at(stub.env()).start();
    let none = "no flow log records subnet-01234567, vpc-01234567: what is rejected there is kept nowhere";
    server.call("list_flow_logs", json!({"resource": "subnet-01234567"})).holds(&[none]);
    // Of those that fail there may be none while others record it.
    server
        .call("list_flow_logs", json!({"resource": "subnet-01234567", "failing": true}))
        .lacks(&["no flow log"]);
}

#[test]
fn a_reservation_says_how_much_of_it_is_free() {
    let stub = Stub::start(|request| {
        let inner = match request.operation() {
            "DescribeCapacityReservations" => {
                "<capacityReservationSet><item><capacityReservationId>cr-0123456789abcdef0</capacityReservationId>\
                 <ownerId>210987654321</ownerId><instanceType>m7g.large</instanceType><totalInstanceCount>5\
                 </totalInstanceCount><availableInstanceCount>3</availableInstanceCount><state>active</state>\
                 <instanceMatchCriteria>targeted</instanceMatchCriteria></item></capacityReservationSet>"
            }
            _ => "",
        };
        xml(request, inner)
    });
    let mut server = EC2.at(stub.env()).start();
    let found = server.call("list_capacity_reservations", json!({"instance_type": "m7g.large"}));
    found.holds(&["cr-0123456789abcdef0", "m7g.large", "5\t3", "targeted", "210987654321"]);
}

#[test]
fn what_a_launch_template_needs_is_no_waste_and_the_tool_that_removes_the_rest_is_named() {
    let stub = Stub::start(|request| {
        let snapshot = |id: &str| {
            format!(
                "<item><snapshotId>{id}</snapshotId><startTime>2020-01-01T00:00:00.000Z</startTime></item>"
            )
        };
        let inner = match request.operation() {
            "DescribeLaunchTemplateVersions" => {
                "<launchTemplateVersionSet><item><launchTemplateData><blockDeviceMappingSet><item><ebs><snapshotId>\
                 snap-01234567</snapshotId></ebs></item></blockDeviceMappingSet></launchTemplateData></item>\
                 </launchTemplateVersionSet>"
                    .to_owned()
            }
            "DescribeSnapshots" => {
                let all = [snapshot("snap-01234567"), snapshot("snap-0fedcba9")];
                format!("<snapshotSet>{}</snapshotSet>", all.concat())
            }
            "DescribeVolumes" => "<volumeSet/>".to_owned(),
            "DescribeInstances" => "<reservationSet/>".to_owned(),
            "DescribeNetworkInterfaces" => INTERFACE.to_owned(),
            _ => String::new(),
        };
        xml(request, &inner)
    });
    let found = EC2.at(stub.env()).start().call("find_waste", json!({}));
    found.holds(&[
        "snap-0fedcba9",
        "eni-0123456789abcdef0",
        "delete_resources takes the ids in snapshots, interfaces",
    ]);
    found.lacks(&["snap-01234567", "volumes", "terminate_instances"]);
    // A tool that is off is named with what turns it on.
    let reader = EC2.at(stub.env()).only(&["--toolsets", "all"]).start().call("find_waste", json!({}));
    reader.holds(&["delete_resources", "--allow destroy"]);
}

#[test]
fn what_a_service_of_aws_manages_is_no_waste() {
    let stub = Stub::start(|request| {
        let inner = match request.operation() {
            "DescribeNetworkInterfaces" => {
                "<networkInterfaceSet><item><networkInterfaceId>eni-0123456789abcdef1</networkInterfaceId><requesterManaged>\
                 true</requesterManaged></item><item><networkInterfaceId>eni-0123456789abcdef2</networkInterfaceId></item>\
                 </networkInterfaceSet>"
            }
            "DescribeAddresses" => {
                "<addressesSet><item><allocationId>eipalloc-01234567</allocationId><publicIp>52.0.0.1</publicIp>\
                 <serviceManaged>alb</serviceManaged></item><item><allocationId>eipalloc-76543210</allocationId><publicIp>\
                 52.0.0.2</publicIp></item></addressesSet>"
            }
            "DescribeVolumes" => "<volumeSet/>",
            "DescribeInstances" => "<reservationSet/>",
            _ => "",
        };
        xml(request, inner)
    });
    let found = EC2.at(stub.env()).start().call("find_waste", json!({}));
    found.holds(&["eni-0123456789abcdef2", "eipalloc-76543210"]);
    found.lacks(&["eni-0123456789abcdef1", "eipalloc-01234567"]);
}

#[test]
fn a_pool_of_ipam_says_how_large_a_network_it_still_gives_and_who_has_the_rest() {
    const POOL: &str = "ipam-pool-0123456789abcdef0";
    let stub = Stub::start(|request| {
        let second = request.json()["NextToken"] == "more";
        let inner = match request.operation() {
            "DescribeIpamPools" => format!(
                "<ipamPoolSet><item><ipamPoolId>{POOL}</ipamPoolId><ownerId>210987654321</ownerId><locale>eu-west-1</locale>\
                 <ipamScopeType>private</ipamScopeType><addressFamily>ipv4</addressFamily><state>create-complete</state>\
                 </item></ipamPoolSet>"
            ),
            "GetIpamPoolCidrs" => "<ipamPoolCidrSet><item><cidr>10.0.0.0/16</cidr><state>provisioned</state></item><item>\
                <cidr>10.9.0.0/16</cidr><state>pending-provision</state></item></ipamPoolCidrSet>"
                .to_owned(),
            // What stands on the second page is given as well.
            "GetIpamPoolAllocations" if second => "<ipamPoolAllocationSet><item><cidr>10.0.128.0/17</cidr><resourceType>\
                ipam-pool</resourceType><resourceId>ipam-pool-76543210</resourceId></item></ipamPoolAllocationSet>"
                .to_owned(),
            "GetIpamPoolAllocations" => "<ipamPoolAllocationSet><item><cidr>10.0.0.0/20</cidr><resourceType>vpc\
                </resourceType><resourceId>vpc-01234567</resourceId><resourceRegion>eu-west-1</resourceRegion>\
                <resourceOwner>123456789012</resourceOwner></item></ipamPoolAllocationSet><nextToken>more</nextToken>"
                .to_owned(),
            "GetCallerIdentity" => "<GetCallerIdentityResult><Account>123456789012</Account><Arn>arn:aws:iam::123456789012:\
                user/u</Arn><UserId>u</UserId></GetCallerIdentityResult>"
                .to_owned(),
            _ => String::new(),
        };
        xml(request, &inner)
    });
    let mut server = EC2.at(stub.env()).start();
    let all = server.call("list_ipam_pools", json!({}));
    all.holds(&[POOL, "10.0.0.0/16", "/18\t2", "210987654321"]).lacks(&["vpc-01234567", "10.9.0.0/16"]);
    let one = server.call("list_ipam_pools", json!({"pool": POOL}));
    one.holds(&["10.0.0.0/20 vpc vpc-01234567, eu-west-1, 123456789012", "10.0.128.0/17 ipam-pool"]);
    // The pools of another list are neither shown nor asked about.
    let listed = |id: &str| {
        let arn = format!("arn:aws:ec2::123456789012:ipam-pool/{id}");
        let mut held = EC2.at(stub.env()).and(&["--allow-arn", &arn]).start();
        held.call("list_ipam_pools", json!({})).ok().to_owned()
    };
    let before = stub.of("GetIpamPoolCidrs").len();
    assert!(!listed("ipam-pool-76543210").contains(POOL));
    assert_eq!(stub.of("GetIpamPoolCidrs").len(), before);
    assert!(listed(POOL).contains("/18\t2"));
}

#[test]
fn what_stands_on_a_second_page_is_no_waste_either() {
    let stub = Stub::start(|request| {
        let second = request.json()["NextToken"] == "more";
        let inner = match request.operation() {
            "DescribeImages" if second => {
                "<imagesSet><item><blockDeviceMapping><item><ebs><snapshotId>snap-01234567\
                </snapshotId></ebs></item></blockDeviceMapping></item></imagesSet>"
            }
            "DescribeImages" => "<imagesSet/><nextToken>more</nextToken>",
            "DescribeNatGateways" if second => {
                "<natGatewaySet><item><natGatewayId>nat-01234567</natGatewayId><createTime>\
                2020-01-01T00:00:00.000Z</createTime></item></natGatewaySet>"
            }
            "DescribeNatGateways" => "<natGatewaySet/><nextToken>more</nextToken>",
            "DescribeSnapshots" => {
                "<snapshotSet><item><snapshotId>snap-01234567</snapshotId><startTime>\
                2020-01-01T00:00:00.000Z</startTime></item><item><snapshotId>snap-76543210</snapshotId><startTime>\
                2020-01-01T00:00:00.000Z</startTime></item></snapshotSet>"
            }
            "DescribeVolumes" => "<volumeSet/>",
            "DescribeInstances" => {
                "<reservationSet><item><instancesSet><item><instanceId>i-01234567</instanceId>\
                <instanceState><name>running</name></instanceState><launchTime>2020-01-01T00:00:00.000Z</launchTime></item>\
                </instancesSet></item></reservationSet>"
            }
            "DescribeNetworkInterfaces" => "<networkInterfaceSet/>",
            "GetMetricData" => {
                let gateway = request.json().to_string().contains("NATGateway");
                let value = match (gateway, request.json()["NextToken"] == "later") {
                    (true, _) => 0.0,
                    // It was busy, which the second page says.
                    (false, false) => 1.0,
                    (false, true) => 90.0,
                };
                let next = (!gateway && value < 2.0).then_some("later");
                let result = json!({"Id": "m0", "Values": [value], "Timestamps": [1_795_341_000]});
                let mut page = json!({"MetricDataResults": [result]});
                if let Some(next) = next {
                    page["NextToken"] = json!(next);
                }
                return Response::output(page);
            }
            _ => "",
        };
        xml(request, inner)
    });
    let found = EC2.at(stub.env()).start().call("find_waste", json!({}));
    found.holds(&["snap-76543210", "nat-01234567", "nothing went out through it"]);
    found.lacks(&["snap-01234567", "i-01234567", "could not be read"]);
}

/// EC2 and AWS's price list, where old snapshots, a volume and an address lie about; `shared` is whose the snapshots are.
fn lying_about(shared: &'static str) -> Stub {
    Stub::start(move |request| {
        let inner = match request.operation() {
            "DescribeSnapshots" => {
                "<snapshotSet><item><snapshotId>snap-01234567</snapshotId><volumeId>vol-01234567</volumeId><volumeSize>8\
                 </volumeSize><startTime>2020-01-01T00:00:00.000Z</startTime></item></snapshotSet>"
            }
            "DescribeSnapshotAttribute" => {
                let body = format!("<createVolumePermission>{shared}</createVolumePermission>");
                return xml(request, &body);
            }
            "DescribeImages" if request.json()["ImageId.1"].is_string() => {
                "<imagesSet><item><imageId>ami-01234567</imageId><name>web</name></item></imagesSet>"
            }
            "DescribeLaunchTemplateVersions" => {
                "<launchTemplateVersionSet><item><launchTemplateId>lt-01234567</launchTemplateId><launchTemplateName>web\
                 </launchTemplateName><launchTemplateData><imageId>ami-01234567</imageId></launchTemplateData></item><item>\
                 <launchTemplateId>lt-76543210</launchTemplateId><launchTemplateData><imageId>ami-76543210</imageId>\
                 </launchTemplateData></item></launchTemplateVersionSet>"
            }
            "DescribeImageAttribute" => {
                "<launchPermission><item><group>all</group></item></launchPermission>"
            }
            "DescribeVolumes" => {
                "<volumeSet><item><volumeId>vol-76543210</volumeId><size>100</size><volumeType>gp3</volumeType></item>\
                 </volumeSet>"
            }
            "DescribeAddresses" => {
                "<addressesSet><item><allocationId>eipalloc-01234567</allocationId><publicIp>192.0.2.7</publicIp>\
                 <publicIpv4Pool>amazon</publicIpv4Pool></item></addressesSet>"
            }
            "GetProducts" => return Response::output(prices(&request.json())),
            "DescribeInstances" => "<reservationSet/>",
            _ => "",
        };
        if request.json()["DryRun"] == "true" {
            return Response::error(412, "DryRunOperation", "Request would have succeeded");
        }
        xml(request, inner)
    })
}

/// What the price list has of the product that a request filters by: the address twice, at two prices.
fn prices(request: &serde_json::Value) -> serde_json::Value {
    let entry = |usage: &str, unit: &str, amount: &str| {
        let price = json!({"unit": unit, "pricePerUnit": {"USD": amount}});
        json!({"product": {"attributes": {"usagetype": usage}}, "publicationDate": "2026-11-20T00:00:00Z",
            "terms": {"OnDemand": {"a": {"priceDimensions": {"b": price}}}}})
        .to_string()
    };
    let filters = request["Filters"].to_string();
    let list = match () {
        () if filters.contains("gp3") => vec![entry("EBS:VolumeUsage.gp3", "GB-Mo", "0.08")],
        () if filters.contains("RunInstances:0002") => {
            vec![entry("BoxUsage:t3.micro", "Hrs", "0.0196"), entry("UnusedBox:t3.micro", "Hrs", "0.5")]
        }
        () => vec![
            entry("PublicIPv4:IdleAddress", "Hrs", "0.005"),
            entry("USE1-PublicIPv4:IdleAddress", "Hrs", "0.006"),
        ],
    };
    json!({"FormatVersion": "aws_v1", "PriceList": list})
}

#[test]
fn what_waste_costs_is_told_with_its_source_and_what_has_two_prices_is_not() {
    let stub = lying_about("");
    let mut server = EC2.at(stub.env()).start();
    let found = server.call("find_waste", json!({}));
    found.holds(&["prices: USD on demand, by AWS's price list of 2026-11-20", "730 hours"]);
    let costs: Vec<(&str, &str)> = found.column("id").into_iter().zip(found.column("per_month")).collect();
    assert_eq!(costs, [("vol-76543210", "8.0"), ("eipalloc-01234567", ""), ("snap-01234567", "")]);
    // A second look asks for none again.
    let asked = stub.of("GetProducts").len();
    server.call("find_waste", json!({})).holds(&["vol-76543210"]);
    assert_eq!(stub.of("GetProducts").len(), asked);
    // Where the list of prices is not allowed, the rest is told without.
    let volumes = ["--toolsets", "all", "--allow-arn", "arn:aws:ec2:*:*:volume/*"];
    let without = EC2.at(stub.env()).only(&volumes).start().call("find_waste", json!({}));
    without.holds(&["vol-76543210", "without prices: pricing:GetProducts"]);
}

#[test]
fn a_snapshot_or_image_that_others_have_says_so_before_it_goes() {
    let theirs = "<item><userId>210987654321</userId></item>";
    let stub = lying_about(theirs);
    let mut server = EC2.at(stub.env()).start();
    server.call("find_waste", json!({})).holds(&["shared with 210987654321, who lose it too when it goes"]);
    let plan =
        server.plan("delete_resources", json!({"snapshots": ["snap-01234567"], "images": ["ami-01234567"]}));
    plan.holds(&["snap-01234567 is shared with 210987654321", "ami-01234567 is shared with everybody"]);
    plan.holds(&["these launch templates launch them", "web (lt-01234567)"]).lacks(&["lt-76543210"]);
    let own = lying_about("");
    let mut server = EC2.at(own.env()).start();
    server.call("find_waste", json!({})).holds(&["snap-01234567"]).lacks(&["shared with"]);
    server.plan("delete_resources", json!({"snapshots": ["snap-01234567"]})).lacks(&["shared with"]);
}

#[test]
fn a_launch_says_what_it_costs_and_a_spot_instance_does_not() {
    let stub = Stub::start(|request| match request.operation() {
        "RunInstances" => Response::error(412, "DryRunOperation", "Request would have succeeded"),
        "DescribeImages" => xml(
            request,
            "<imagesSet><item><imageId>ami-01234567</imageId><usageOperation>RunInstances:0002</usageOperation></item>\
             </imagesSet>",
        ),
        "GetProducts" => Response::output(prices(&request.json())),
        _ => xml(request, ""),
    });
    let mut server = EC2.at(stub.env()).start();
    let launch =
        |spot: bool| json!({"instance_type": "t3.micro", "image": "ami-01234567", "count": 2, "spot": spot});
    let plan = server.plan("run_instances", launch(false));
    plan.holds(&["0.0392 USD an hour, 28.62 USD a month, without the volumes", "price list of 2026-11-20"]);
    let filters = stub.of("GetProducts")[0].json()["Filters"].to_string();
    assert!(filters.contains("us-east-1") && filters.contains("instanceType"), "{filters}");
    server.plan("run_instances", launch(true)).lacks(&["USD"]);
}

#[test]
fn a_stopped_instance_says_who_keeps_it() {
    let stub = Stub::start(|request| {
        let inner = match request.operation() {
            "DescribeInstances" => {
                "<reservationSet><item><instancesSet><item><instanceId>i-01234567</instanceId><instanceState><name>stopped\
                 </name></instanceState><launchTime>2020-01-01T00:00:00.000Z</launchTime><tagSet><item>\
                 <key>aws:autoscaling:groupName</key><value>web</value></item></tagSet></item></instancesSet></item>\
                 </reservationSet>"
            }
            "DescribeVolumes" => "<volumeSet/>",
            "DescribeNetworkInterfaces" => "<networkInterfaceSet/>",
            "GetMetricData" => return Response::output(json!({"MetricDataResults": []})),
            _ => "",
        };
        xml(request, inner)
    });
    let found = EC2.at(stub.env()).start().call("find_waste", json!({}));
    found.holds(&["i-01234567", "it belongs to Auto Scaling group web, which may want it so"]);
}
