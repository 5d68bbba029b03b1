//! Each tool needs the IAM actions that it declares, all of them and no other.
//!
//! A row makes what its calls need, as root, and then calls the tool so that every declared action is used. From the
//! rows follow the proofs: what is called is what is declared, the policy that `iam-policy` prints is enough, and
//! without any one of its actions the tool fails by name.
#![cfg(test)]

mod cloud;

use awsmcp_ec2::Ec2;
use awsmcp_mcp::{Risk, Server};
use awsmcp_testing::{Exception, LocalAws, Permissions, Request, Response, Row};
use serde_json::json;

use cloud::{IMAGE, balancing, ec2, group, id, instance, scaling_group, subnet, target_group, volume, vpc};

fn permissions() -> Permissions {
    Permissions {
        binary: env!("CARGO_BIN_EXE_awsmcp-ec2"),
        aws: LocalAws::shared_fakecloud_with_iam,
        manifest: awsmcp_ec2::server().manifest(),
        actions: |operation| {
            let service = match operation {
                "DescribeInstanceInformation"
                | "GetParameters"
                | "SendCommand"
                | "ListCommandInvocations"
                | "GetCommandInvocation"
                | "CancelCommand" => "SSM",
                "GetMetricData" => "CloudWatch",
                "DescribeTargetGroups" | "DescribeTargetHealth" | "DescribeLoadBalancers" => {
                    "Elastic Load Balancing v2"
                }
                "GetProducts" => "Pricing",
                operation if SCALING.contains(&operation) => "Auto Scaling",
                _ => "EC2",
            };
            Server::<Ec2>::actions(service, operation)
        },
        // The local AWS checks EC2's actions on `*`.
        arns: |_| vec!["*".to_owned()],
        rows: ROWS,
        exceptions: EXCEPTIONS,
    }
}

/// The operations of Auto Scaling.
const SCALING: &[&str] = &[
    "DescribeAutoScalingGroups",
    "DescribeInstanceRefreshes",
    "DescribeLifecycleHooks",
    "DescribePolicies",
    "DescribeScalingActivities",
    "DescribeScheduledActions",
    "UpdateAutoScalingGroup",
];

awsmcp_testing::permission_proofs!(permissions, ignore = "runs fakecloud");

/// What is denied would be a note.
fn whole(text: &str) -> Option<&str> {
    text.split_once("could not be read: ").map(|(_, why)| why)
}

/// Waits until a command has ended on an instance; the word for how.
fn ended(aws: &LocalAws, command: &str, instance: &str) -> &'static str {
    for _ in 0..100 {
        let seen =
            aws.call("ssm", "GetCommandInvocation", json!({"CommandId": command, "InstanceId": instance}));
        if seen["Status"] == "Success" {
            return "Success";
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    "still running"
}

const ROWS: &[Row] = &[
    Row::new("whoami", |run| run.call(json!({}), "arn:aws:iam::123456789012:").map(drop)),
    Row::new("list_instances", |run| {
        let name = run.name("i");
        instance(run.aws(), &name, &[]);
        run.call(json!({"name": name}), &name).map(drop)
    }),
    Row::new("describe_instance", |run| {
        let one = instance(run.aws(), &run.name("i"), &[]);
        let text = run.call(json!({"instance": one}), &one)?;
        match whole(&text) {
            Some(why) => run.fails(json!({"instance": one}), why).map(drop),
            None => Ok(()),
        }
    }),
    Row::new("console_output", |run| {
        let one = instance(run.aws(), &run.name("i"), &[]);
        run.call(json!({"instance": one}), "console of").map(drop)
    }),
    Row::new("console_screenshot", |run| {
        let one = instance(run.aws(), &run.name("i"), &[]);
        run.fails(json!({"instance": one}), "AWS has no picture of").map(drop)
    }),
    Row::new("get_user_data", |run| {
        let one = instance(run.aws(), &run.name("i"), &[("UserData", "IyEvYmluL3No")]);
        run.call(json!({"instance": one}), "#!/bin/sh").map(drop)
    }),
    Row::new("find_instance_types", |run| {
        let text = run.call(json!({"min_vcpus": 2, "max_vcpus": 2}), "t3.micro")?;
        match whole(&text) {
            Some(why) => run.fails(json!({"min_vcpus": 2}), why).map(drop),
            None => Ok(()),
        }
    }),
    Row::new("spot_prices", |run| run.call(json!({"types": ["t3.micro"]}), "usd_per_hour").map(drop)),
    Row::new("check_reachability", |run| {
        let aws = run.aws();
        let net = vpc(aws, "10.80.0.0/16");
        let (one, two) = (subnet(aws, &net, "10.80.1.0/24"), subnet(aws, &net, "10.80.2.0/24"));
        let other = vpc(aws, "10.81.0.0/16");
        let far = subnet(aws, &other, "10.81.1.0/24");
        let peering = ec2(aws, "CreateVpcPeeringConnection", &[("VpcId", &net), ("PeerVpcId", &other)]);
        let peering = id(&peering, "vpcPeeringConnectionId");
        ec2(aws, "AcceptVpcPeeringConnection", &[("VpcPeeringConnectionId", &peering)]);
        let address = id(&ec2(aws, "AllocateAddress", &[("Domain", "vpc")]), "allocationId");
        let nat = ec2(aws, "CreateNatGateway", &[("SubnetId", &two), ("AllocationId", &address)]);
        let nat = id(&nat, "natGatewayId");
        let table = id(&ec2(aws, "CreateRouteTable", &[("VpcId", &net)]), "routeTableId");
        ec2(aws, "AssociateRouteTable", &[("RouteTableId", &table), ("SubnetId", &one)]);
        let to =
            [("RouteTableId", table.as_str()), ("DestinationCidrBlock", "0.0.0.0/0"), ("NatGatewayId", &nat)];
        ec2(aws, "CreateRoute", &to);
        let to = [
            ("RouteTableId", table.as_str()),
            ("DestinationCidrBlock", "10.81.0.0/16"),
            ("VpcPeeringConnectionId", &peering),
        ];
        ec2(aws, "CreateRoute", &to);
        let a = instance(aws, &run.name("a"), &[("SubnetId", &one), ("PrivateIpAddress", "10.80.1.10")]);
        let b = instance(aws, &run.name("b"), &[("SubnetId", &far), ("PrivateIpAddress", "10.81.1.10")]);
        run.call(json!({"from": a, "to": b}), "reachable")?;
        let out = json!({"from": a, "to": "10.80.2.99"});
        let text = run.call(out.clone(), "reachable")?;
        match whole(&text) {
            Some(why) => run.fails(out, why).map(drop),
            None => Ok(()),
        }
    })
    .serves(shut),
    Row::new("list_security_groups", |run| {
        let net = vpc(run.aws(), "10.82.0.0/16");
        let name = run.name("sg");
        group(run.aws(), &net, &name);
        let text = run.call(json!({"name": name}), &name)?;
        match whole(&text) {
            Some(why) => run.fails(json!({"name": name}), why).map(drop),
            None => Ok(()),
        }
    }),
    Row::new("describe_network", |run| {
        let net = vpc(run.aws(), "10.83.0.0/16");
        subnet(run.aws(), &net, "10.83.1.0/24");
        let text = run.call(json!({"vpc": net}), "10.83.1.0/24")?;
        match whole(&text) {
            Some(why) => run.fails(json!({"vpc": net}), why).map(drop),
            None => Ok(()),
        }
    }),
    Row::new("list_addresses", |run| {
        let address = id(&ec2(run.aws(), "AllocateAddress", &[("Domain", "vpc")]), "allocationId");
        run.call(json!({"unused": true}), &address).map(drop)
    }),
    Row::new("list_flow_logs", |run| {
        let aws = run.aws();
        let place = subnet(aws, &vpc(aws, "10.89.0.0/16"), "10.89.1.0/24");
        let interface =
            id(&ec2(aws, "CreateNetworkInterface", &[("SubnetId", &place)]), "networkInterfaceId");
        run.call(json!({"resource": place}), "no flow log records")?;
        run.call(json!({"resource": interface}), "no flow log records").map(drop)
    }),
    Row::new("list_ipam_pools", |run| {
        let aws = run.aws();
        let scope = id(&ec2(aws, "CreateIpam", &[]), "privateDefaultScopeId");
        let pool = ec2(aws, "CreateIpamPool", &[("IpamScopeId", &scope), ("AddressFamily", "ipv4")]);
        let pool = id(&pool, "ipamPoolId");
        let text = run.call(json!({"pool": pool}), &pool)?;
        match whole(&text) {
            Some(why) => run.fails(json!({"pool": pool}), why).map(drop),
            None => Ok(()),
        }
    }),
    Row::new("set_security_group", |run| {
        let net = vpc(run.aws(), "10.84.0.0/16");
        let name = run.name("sg");
        let made =
            run.call(json!({"name": name, "vpc": net, "add": ["in tcp 80 from 10.0.0.0/8"]}), "created")?;
        let one = made
            .split("\"group\":\"")
            .nth(1)
            .and_then(|rest| rest.split('"').next())
            .unwrap_or_default()
            .to_owned();
        run.call(json!({"group": one, "add": ["out tcp 443 to 0.0.0.0/0"]}), "out tcp 443")?;
        let remove = json!(["in tcp 80 from 10.0.0.0/8", "out tcp 443 to 0.0.0.0/0"]);
        run.call(json!({"group": one, "remove": remove}), "removed").map(drop)
    }),
    Row::new("create_network", |run| {
        let aws = run.aws();
        let name = run.name("net");
        let made = |text: &str| -> String {
            text.rsplit("\"id\":\"")
                .next()
                .and_then(|rest| rest.split('"').next())
                .unwrap_or_default()
                .to_owned()
        };
        let net = made(&run.call(json!({"part": "vpc", "cidr": "10.85.0.0/16", "name": name}), "vpc-")?);
        let part =
            json!({"part": "subnet", "vpc": net, "cidr": "10.85.1.0/24", "public": true, "tags": {"a": "b"}});
        let one = made(&run.call(part, "subnet-")?);
        let gateway = made(&run.call(json!({"part": "internet_gateway", "vpc": net}), "igw-")?);
        let table = made(&run.call(json!({"part": "route_table", "vpc": net, "subnets": [one]}), "rtb-")?);
        let route =
            json!({"part": "route", "route_table": table, "destination": "0.0.0.0/0", "target": gateway});
        run.call(route, "rtb-")?;
        run.call(json!({"part": "nat_gateway", "subnets": [one]}), "nat-")?;
        let machine = instance(aws, &run.name("i"), &[("SubnetId", &one)]);
        run.call(json!({"part": "elastic_ip", "instance": machine}), "eipalloc-")?;
        run.call(json!({"part": "endpoint", "vpc": net, "service": "s3", "route_table": table}), "vpce-")?;
        let other = vpc(aws, "10.86.0.0/16");
        run.call(json!({"part": "peering", "vpc": net, "peer_vpc": other}), "pcx-").map(drop)
    }),
    Row::new("list_volumes", |run| {
        let one = volume(run.aws());
        run.call(json!({"volumes": [one]}), &one).map(drop)
    }),
    Row::new("list_images", |run| run.call(json!({"of": "aliases"}), "al2023").map(drop)).serves(|request| {
        let name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64";
        let found = || Response::output(json!({"Parameters": [{"Name": name, "Value": IMAGE}]}));
        (request.operation() == "GetParameters").then(found)
    }),
    Row::new("list_snapshots", |run| {
        let one = volume(run.aws());
        let snapshot = id(&ec2(run.aws(), "CreateSnapshot", &[("VolumeId", &one)]), "snapshotId");
        run.call(json!({"volume": one}), &snapshot).map(drop)
    }),
    Row::new("create_volume", |run| {
        let name = run.name("v");
        run.call(json!({"zone": "us-east-1a", "size_gib": 5, "name": name}), "vol-")?;
        let one = volume(run.aws());
        let snapshot = id(&ec2(run.aws(), "CreateSnapshot", &[("VolumeId", &one)]), "snapshotId");
        run.call(json!({"zone": "us-east-1a", "snapshot": snapshot, "tags": {"a": "b"}}), "vol-").map(drop)
    }),
    Row::new("attach_volume", |run| {
        let machine = instance(run.aws(), &run.name("i"), &[]);
        let one = volume(run.aws());
        run.call(json!({"volume": one, "instance": machine}), "in-use")?;
        run.call(json!({"volume": one, "instance": machine, "detach": true}), "available").map(drop)
    }),
    Row::new("create_snapshot", |run| {
        let machine = instance(
            run.aws(),
            &run.name("i"),
            &[("BlockDeviceMapping.1.DeviceName", "/dev/xvda"), ("BlockDeviceMapping.1.Ebs.VolumeSize", "8")],
        );
        let one = volume(run.aws());
        run.call(json!({"volume": one, "name": run.name("s")}), "snap-")?;
        run.call(json!({"instance": machine, "tags": {"a": "b"}}), "snap-").map(drop)
    }),
    Row::new("create_image", |run| {
        let machine = instance(run.aws(), &run.name("i"), &[]);
        let name = run.name("image");
        run.call(json!({"instance": machine, "name": name, "tags": {"a": "b"}, "wait": true}), "available")
            .map(drop)
    }),
    Row::new("run_instances", |run| {
        let (name, path) = (run.name("i"), format!("/{}", run.name("ami")));
        run.aws().call("ssm", "PutParameter", json!({"Name": path, "Value": IMAGE, "Type": "String"}));
        let image = format!("ssm:{path}");
        let call = json!({"instance_type": "t3.micro", "image": image, "name": name, "tags": {"a": "b"}});
        run.call(call, "running")?;
        run.call(json!({"vcpus": 2, "memory_gib": 1.0, "image": IMAGE}), "running")?;
        let template = run.name("lt");
        let data =
            [("LaunchTemplateName", template.as_str()), ("LaunchTemplateData.InstanceType", "t3.micro")];
        let template = id(&ec2(run.aws(), "CreateLaunchTemplate", &data), "launchTemplateId");
        run.call(
            json!({"launch_template": template, "instance_type": "t3.micro", "image": IMAGE}),
            "running",
        )?;
        run.call(json!({"instance_type": "t3.micro", "image": IMAGE, "instance_profile": "web"}), "running")
            .map(drop)
    }),
    Row::new("set_instances", |run| {
        let machine = instance(run.aws(), &run.name("i"), &[]);
        run.call(json!({"instances": [machine], "action": "stop"}), "stopped")?;
        run.call(json!({"instances": [machine], "action": "start"}), "running")?;
        run.call(json!({"instances": [machine], "action": "reboot"}), "running").map(drop)
    }),
    Row::new("modify_instance", |run| {
        let aws = run.aws();
        let machine = instance(aws, &run.name("i"), &[]);
        ec2(aws, "StopInstances", &[("InstanceId.1", &machine)]);
        let text = run.call(json!({"instance": machine, "instance_type": "t3.small"}), "instance_type")?;
        assert!(text.contains(&machine));
        let protect = json!({"instance": machine, "termination_protection": false, "stop_protection": false,
            "imdsv2_only": true, "detailed_monitoring": true});
        run.call(protect, "imdsv2_only")?;
        run.call(json!({"instance": machine, "detailed_monitoring": false}), "detailed_monitoring")?;
        run.call(json!({"instance": machine, "instance_profile": "web"}), "instance_profile")?;
        run.call(json!({"instance": machine, "instance_profile": "api"}), "instance_profile").map(drop)
    }),
    Row::new("list_launch_templates", |run| {
        let name = run.name("lt");
        let parameters =
            [("LaunchTemplateName", name.as_str()), ("LaunchTemplateData.InstanceType", "t3.micro")];
        ec2(run.aws(), "CreateLaunchTemplate", &parameters);
        run.call(json!({"name": name}), "t3.micro").map(drop)
    }),
    Row::new("describe_launch_template", |run| {
        let name = run.name("lt");
        let parameters =
            [("LaunchTemplateName", name.as_str()), ("LaunchTemplateData.InstanceType", "t3.micro")];
        let template = id(&ec2(run.aws(), "CreateLaunchTemplate", &parameters), "launchTemplateId");
        run.call(json!({"launch_template": template}), "t3.micro").map(drop)
    }),
    Row::new("list_capacity_reservations", |run| run.call(json!({"state": "active"}), "").map(drop)),
    Row::new("list_key_pairs", |run| {
        let name = run.name("key");
        ec2(run.aws(), "CreateKeyPair", &[("KeyName", &name)]);
        run.call(json!({"name": name}), &name).map(drop)
    }),
    Row::new("create_key_pair", |run| {
        let name = run.name("key");
        let path = run.directory().join(format!("{name}.pem"));
        run.call(json!({"name": name, "path": path}), "fingerprint").map(drop)
    }),
    Row::new("run_command", |run| {
        let machine = instance(run.aws(), &run.name("i"), &[]);
        let call = json!({"instances": [machine], "document": "AWS-RunPatchBaseline", "timeout_seconds": 30});
        run.call(call, "Success").map(drop)
    })
    .allows(Risk::Invoke),
    Row::new("get_command", |run| {
        let machine = instance(run.aws(), &run.name("i"), &[]);
        let sent = run.aws().call(
            "ssm",
            "SendCommand",
            json!({"DocumentName": "AWS-RunPatchBaseline", "InstanceIds": [machine]}),
        );
        let command = sent["Command"]["CommandId"].as_str().unwrap_or_default().to_owned();
        // It ends a moment after it is sent; whoever asks before is told that it runs.
        let expected = ended(run.aws(), &command, &machine);
        run.call(json!({"command": command}), expected).map(drop)
    }),
    Row::new("list_scaling_groups", |run| {
        let name = run.name("group");
        scaling_group(run.aws(), &name, "1", &[]);
        run.call(json!({"name": name}), &name).map(drop)
    }),
    Row::new("describe_scaling_group", |run| {
        let name = run.name("group");
        scaling_group(run.aws(), &name, "1", &[]);
        let text = run.call(json!({"group": name}), &name)?;
        match whole(&text) {
            Some(why) => run.fails(json!({"group": name}), why).map(drop),
            None => Ok(()),
        }
    })
    .serves(around_a_group)
    .arns(&["arn:aws:autoscaling:*:*:autoScalingGroup:*:autoScalingGroupName/*"]),
    Row::new("check_target_health", |run| {
        let aws = run.aws();
        let net = vpc(aws, "10.90.0.0/16");
        let one = subnet(aws, &net, "10.90.1.0/24");
        // A balancer wants several zones.
        let other =
            [("VpcId", net.as_str()), ("CidrBlock", "10.90.2.0/24"), ("AvailabilityZone", "us-east-1b")];
        let two = id(&ec2(aws, "CreateSubnet", &other), "subnetId");
        let machine = instance(aws, &run.name("i"), &[("SubnetId", &one)]);
        let short: String = run.name("tg").chars().rev().take(24).collect::<String>().replace('_', "-");
        let name = format!("t{}", short.trim_matches('-'));
        let targets = target_group(aws, &name, &net);
        let parameters = [("TargetGroupArn", targets.as_str()), ("Targets.member.1.Id", &machine)];
        balancing(aws, "RegisterTargets", &parameters);
        let parameters = [("Name", name.as_str()), ("Subnets.member.1", &one), ("Subnets.member.2", &two)];
        let balancer = id(&balancing(aws, "CreateLoadBalancer", &parameters), "LoadBalancerArn");
        run.call(json!({"target_group": name}), &machine)?;
        run.call(json!({"load_balancer": balancer}), "target group")?;
        run.call(json!({"instance": machine}), &name).map(drop)
    })
    .arns(&["arn:aws:elasticloadbalancing:*:*:*", "arn:aws:ec2:*:*:instance/*"]),
    Row::new("scale_group", |run| {
        let name = run.name("group");
        scaling_group(run.aws(), &name, "1", &[]);
        run.call(json!({"group": name, "desired": 2, "max": 5}), "\"desired\":2").map(drop)
    })
    .arns(&["arn:aws:autoscaling:*:*:autoScalingGroup:*:autoScalingGroupName/*"]),
    Row::new("find_waste", |run| {
        let one = volume(run.aws());
        ec2(run.aws(), "CreateSnapshot", &[("VolumeId", &one)]);
        // What a page does not show is not asked about.
        let all = json!({"limit": 1000});
        let text = run.call(all.clone(), &one)?;
        match whole(&text) {
            Some(why) => run.fails(all, why).map(drop),
            None => Ok(()),
        }
    })
    .serves(prices),
    Row::new("tag_resources", |run| {
        let one = volume(run.aws());
        run.call(json!({"resources": [one], "set": {"team": "data"}}), "\"set\":1")?;
        run.call(json!({"resources": [one], "remove": ["team"]}), "\"removed\":1").map(drop)
    }),
    Row::new("terminate_instances", |run| {
        let machine = instance(run.aws(), &run.name("i"), &[]);
        run.call(json!({"instances": [machine]}), "terminated").map(drop)
    }),
    Row::new("delete_resources", |run| {
        let aws = run.aws();
        let one = volume(aws);
        let snapshot = id(&ec2(aws, "CreateSnapshot", &[("VolumeId", &one)]), "snapshotId");
        let machine = instance(aws, &run.name("i"), &[]);
        let image = ec2(aws, "CreateImage", &[("InstanceId", &machine), ("Name", &run.name("image"))]);
        let image = id(&image, "imageId");
        let security = group(aws, &vpc(aws, "10.87.0.0/16"), &run.name("sg"));
        let address = id(&ec2(aws, "AllocateAddress", &[("Domain", "vpc")]), "allocationId");
        let key = run.name("key");
        ec2(aws, "CreateKeyPair", &[("KeyName", &key)]);
        let place = subnet(aws, &vpc(aws, "10.88.0.0/16"), "10.88.1.0/24");
        let interface =
            id(&ec2(aws, "CreateNetworkInterface", &[("SubnetId", &place)]), "networkInterfaceId");
        let own = id(&ec2(aws, "AllocateAddress", &[("Domain", "vpc")]), "allocationId");
        let nat = id(
            &ec2(aws, "CreateNatGateway", &[("SubnetId", &place), ("AllocationId", &own)]),
            "natGatewayId",
        );
        for call in [json!({"snapshots": [snapshot]}), json!({"images": [image]})] {
            if let Some(why) = whole(&run.plan(call.clone(), "delete 1 thing")?) {
                return run.fails(call, why).map(drop);
            }
        }
        for call in [
            json!({"nat_gateways": [nat]}),
            json!({"interfaces": [interface]}),
            json!({"volumes": [one]}),
            json!({"snapshots": [snapshot]}),
            json!({"images": [image]}),
            json!({"security_groups": [security]}),
            json!({"addresses": [address]}),
            json!({"key_pairs": [key]}),
        ] {
            run.call(call, "deleted")?;
        }
        Ok(())
    }),
];

/// The block of public access, which is on for what comes in.
fn shut(request: &Request) -> Option<Response> {
    let operation = request.operation();
    let inner = match operation {
        "DescribeVpcBlockPublicAccessOptions" => {
            "<vpcBlockPublicAccessOptions><internetGatewayBlockMode>block-ingress</internetGatewayBlockMode>\
             </vpcBlockPublicAccessOptions>"
        }
        "DescribeVpcBlockPublicAccessExclusions" => "<vpcBlockPublicAccessExclusionSet/>",
        _ => return None,
    };
    let body = format!("<{operation}Response><requestId>r</requestId>{inner}</{operation}Response>");
    Some(Response::new(200, body).with("content-type", "text/xml"))
}

/// A price list of nothing.
fn prices(request: &Request) -> Option<Response> {
    let nothing = || Response::output(json!({"FormatVersion": "aws_v1", "PriceList": []}));
    (request.operation() == "GetProducts").then(nothing)
}

/// What the local AWS does not know of a group.
fn around_a_group(request: &Request) -> Option<Response> {
    let operation = request.operation();
    let unknown = [
        "DescribePolicies",
        "DescribeScheduledActions",
        "DescribeInstanceRefreshes",
        "DescribeLifecycleHooks",
    ];
    let body = format!(
        "<{operation}Response xmlns=\"http://autoscaling.amazonaws.com/doc/2011-01-01/\"><{operation}Result/>\
         <ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></{operation}Response>"
    );
    unknown.contains(&operation).then(|| Response::new(200, body).with("content-type", "text/xml"))
}

/// Whether a request of this operation has tags for what it makes.
fn tags(request: &Request, operation: &str) -> bool {
    let has =
        || request.json().as_object().is_some_and(|form| form.keys().any(|name| name.starts_with("TagSpec")));
    request.operation() == operation && has()
}

/// Whether a request names a profile, whose role is passed to the instance.
fn passes(request: &Request) -> bool {
    request
        .json()
        .as_object()
        .is_some_and(|form| form.keys().any(|name| name.starts_with("IamInstanceProfile")))
}

const TAGS: &str = "the local AWS does not check the tags that come along";
const NO_POLICIES: &str = "the local AWS knows no policies, schedules, refreshes and hooks of a group";
const NO_PRICES: &str = "the local AWS has no price list: the row serves one";
const SHUT: &str = "the block holds for the whole account, where other rows are at work: the row serves it";
const PASSED: &str = "the local AWS does not check that a role may be passed";

const EXCEPTIONS: &[Exception] = &[
    Exception::of(
        &["whoami"],
        "sts:GetCallerIdentity",
        "AWS answers it to everybody; it is asked for by the session",
    )
    .unmade()
    .unnoticed(),
    Exception::of(&["run_instances"], "ec2:CreateTags", TAGS)
        .unchecked(|request| tags(request, "RunInstances")),
    Exception::of(&["create_volume"], "ec2:CreateTags", TAGS)
        .unchecked(|request| tags(request, "CreateVolume")),
    Exception::of(&["create_snapshot"], "ec2:CreateTags", TAGS)
        .unchecked(|request| tags(request, "CreateSnapshot") || tags(request, "CreateSnapshots")),
    Exception::of(&["create_image"], "ec2:CreateTags", TAGS)
        .unchecked(|request| tags(request, "CreateImage")),
    Exception::of(&["set_security_group"], "ec2:CreateTags", TAGS)
        .unchecked(|request| tags(request, "CreateSecurityGroup")),
    Exception::of(&["create_network"], "ec2:CreateTags", TAGS)
        .unchecked(|request| tags(request, "CreateVpc") || tags(request, "CreateSubnet")),
    Exception::of(&["check_reachability"], "ec2:DescribeVpcBlockPublicAccessOptions", SHUT)
        .unchecked(|request| request.operation() == "DescribeVpcBlockPublicAccessOptions"),
    Exception::of(&["check_reachability"], "ec2:DescribeVpcBlockPublicAccessExclusions", SHUT)
        .unchecked(|request| request.operation() == "DescribeVpcBlockPublicAccessExclusions"),
    Exception::of(
        &["run_instances"],
        "pricing:GetProducts",
        "an image of the local AWS does not say what it is billed as, without which nothing is asked",
    )
    .unmade()
    .unnoticed(),
    Exception::of(&["find_waste"], "pricing:GetProducts", NO_PRICES)
        .unchecked(|request| request.operation() == "GetProducts"),
    Exception::of(&["describe_scaling_group"], "autoscaling:DescribePolicies", NO_POLICIES)
        .unchecked(|request| request.operation() == "DescribePolicies"),
    Exception::of(&["describe_scaling_group"], "autoscaling:DescribeScheduledActions", NO_POLICIES)
        .unchecked(|request| request.operation() == "DescribeScheduledActions"),
    Exception::of(&["describe_scaling_group"], "autoscaling:DescribeInstanceRefreshes", NO_POLICIES)
        .unchecked(|request| request.operation() == "DescribeInstanceRefreshes"),
    Exception::of(&["describe_scaling_group"], "autoscaling:DescribeLifecycleHooks", NO_POLICIES)
        .unchecked(|request| request.operation() == "DescribeLifecycleHooks"),
    Exception::of(&["run_instances", "modify_instance"], "iam:PassRole", PASSED).unchecked(passes),
    Exception::of(
        &["list_images"],
        "ssm:GetParameters",
        "the local AWS names images there that it does not have: the row serves them",
    )
    .unchecked(|request| request.operation() == "GetParameters"),
    Exception::of(
        &["create_key_pair"],
        "ec2:DeleteKeyPair",
        "only a key that cannot be written is deleted again",
    )
    .unmade()
    .unnoticed(),
    Exception::of(
        &["run_command"],
        "ssm:CancelCommand",
        "only a command that takes too long, or whose caller is gone, is cancelled",
    )
    .unmade()
    .unnoticed(),
];
