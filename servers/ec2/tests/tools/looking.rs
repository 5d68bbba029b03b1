//! What looks at instances, volumes, images, groups and networks.

use awsmcp_testing::{Response, Stub};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use crate::cloud::{IMAGE, ec2, group, id, instance, subnet, volume, vpc};
use crate::world::{EC2, aws};

/// EC2's answer to an operation.
fn xml(operation: &str, inner: &str) -> Response {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{operation}Response xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">\
         <requestId>r</requestId>{inner}</{operation}Response>"
    );
    Response::new(200, body).with("content-type", "text/xml")
}

/// The filters of a request, as `name=value,value`.
fn filters(form: &Value) -> Vec<String> {
    let get = |name: String| form.get(name).and_then(Value::as_str).map(str::to_owned);
    (1..)
        .map_while(|index| {
            let name = get(format!("Filter.{index}.Name"))?;
            let values: Vec<String> =
                (1..).map_while(|at| get(format!("Filter.{index}.Value.{at}"))).collect();
            Some(format!("{name}={}", values.join(",")))
        })
        .collect()
}

#[test]
#[ignore = "runs fakecloud"]
fn instances_are_found_by_name_state_type_and_address() {
    let one = instance(aws(), "look-web-1", &[("PrivateIpAddress", "172.31.9.11")]);
    let two = instance(aws(), "look-db-1", &[("InstanceType", "t3.small")]);
    ec2(aws(), "StopInstances", &[("InstanceId.1", &two)]);
    let mut server = EC2.start();
    let mut list = |arguments: Value| server.call("list_instances", arguments).ok().to_owned();
    let all = list(json!({"name": "look-"}));
    assert!(all.starts_with("name\tid\tstate\ttype\tprivate_ip\tpublic_ip\tzone\tage_seconds\n"), "{all}");
    assert!(all.contains(&one) && all.contains(&two), "{all}");
    for (filter, in_it, not_in_it) in [
        (json!({"name": "*-web-1"}), &one, &two),
        (json!({"name": "look-", "state": "running"}), &one, &two),
        (json!({"name": "look-", "state": "stopped"}), &two, &one),
        (json!({"name": "look-", "instance_type": "t3.micro"}), &one, &two),
        (json!({"tag": "Name=look-db-1"}), &two, &one),
        (json!({"address": "172.31.9.11"}), &one, &two),
    ] {
        let text = list(filter.clone());
        assert!(text.contains(in_it) && !text.contains(not_in_it), "{filter}: {text}");
    }
    ec2(aws(), "TerminateInstances", &[("InstanceId.1", &two)]);
    assert!(!list(json!({"name": "look-db"})).contains(&two));
    assert!(list(json!({"name": "look-db", "state": "terminated"})).contains(&two));
}

#[test]
#[ignore = "runs fakecloud"]
fn filters_go_to_aws_and_pages_go_on() {
    for at in 0..7 {
        instance(aws(), &format!("page-{at}"), &[]);
    }
    let stub = Stub::before(aws(), |_| Response::HandOn);
    let mut server = EC2.at(stub.env()).start();
    let (mut cursor, mut seen, mut pages) = (None::<String>, Vec::new(), 0);
    loop {
        let mut call = json!({"name": "page-", "limit": 3});
        if let Some(cursor) = &cursor {
            call["cursor"] = json!(cursor);
        }
        let text = server.call("list_instances", call).ok().to_owned();
        let rows: Vec<String> = text
            .lines()
            .filter(|line| line.starts_with("page-"))
            .map(|line| line.split('\t').next().unwrap().to_owned())
            .collect();
        assert!(rows.len() <= 3, "{text}");
        seen.extend(rows);
        pages += 1;
        cursor =
            text.lines().last().and_then(|line| line.split_once("next: ")).map(|(_, next)| next.to_owned());
        if cursor.is_none() || pages > 9 {
            break;
        }
    }
    seen.sort();
    assert_eq!(seen, (0..7).map(|at| format!("page-{at}")).collect::<Vec<_>>(), "in {pages} pages");
    let asked = stub.of("DescribeInstances")[0].json();
    assert_eq!(
        filters(&asked),
        ["tag:Name=page-*", "instance-state-name=pending,running,shutting-down,stopping,stopped"]
    );
    // EC2 refuses fewer than five.
    assert_eq!(asked["MaxResults"], "5");
}

#[test]
#[ignore = "runs fakecloud"]
fn every_list_goes_on_where_its_page_ended() {
    let net = vpc(aws(), "10.62.0.0/16");
    let disk = volume(aws());
    for at in 0..6 {
        let tagged = [
            ("AvailabilityZone", "us-east-1a"),
            ("Size", "1"),
            ("TagSpecification.1.ResourceType", "volume"),
            ("TagSpecification.1.Tag.1.Key", "Name"),
            ("TagSpecification.1.Tag.1.Value", "pages"),
        ];
        ec2(aws(), "CreateVolume", &tagged);
        ec2(aws(), "CreateSnapshot", &[("VolumeId", &disk)]);
        group(aws(), &net, &format!("pages-{at}"));
        ec2(aws(), "CreateKeyPair", &[("KeyName", &format!("pages-{at}"))]);
        let template = format!("pages-{at}");
        let template =
            [("LaunchTemplateName", template.as_str()), ("LaunchTemplateData.InstanceType", "t3.micro")];
        ec2(aws(), "CreateLaunchTemplate", &template);
    }
    let mut server = EC2.start();
    for (tool, filter, mark) in [
        ("list_volumes", json!({"name": "pages"}), "vol-"),
        ("list_snapshots", json!({"volume": disk}), "snap-"),
        ("list_security_groups", json!({"vpc": net, "name": "pages-"}), "sg-"),
        ("list_key_pairs", json!({"name": "pages-"}), "pages-"),
        ("list_launch_templates", json!({"name": "pages-"}), "pages-"),
    ] {
        let (mut seen, mut cursor) = (std::collections::BTreeSet::new(), None::<String>);
        for page in 0..4 {
            let mut call = filter.clone();
            call["limit"] = json!(2);
            if let Some(cursor) = &cursor {
                call["cursor"] = json!(cursor);
            }
            let text = server.call(tool, call).ok().to_owned();
            let rows: Vec<&str> =
                text.lines().skip(1).filter(|line| line.contains(mark) && line.contains('\t')).collect();
            assert!(rows.len() <= 2, "{tool}: {text}");
            seen.extend(rows.into_iter().map(str::to_owned));
            cursor = text
                .lines()
                .last()
                .and_then(|line| line.split_once("next: "))
                .map(|(_, next)| next.to_owned());
            if cursor.is_none() {
                assert!(page >= 2, "{tool} ended early: {text}");
                break;
            }
        }
        assert_eq!(seen.len(), 6, "{tool}: {seen:?}");
    }
}

#[test]
#[ignore = "runs fakecloud"]
fn regions_are_asked_together() {
    let mut server = EC2.at(aws().env()).and(&["--allow-region", "us-east-1,eu-west-1"]).start();
    instance(aws(), "region-here", &[]);
    let text = server.call("list_instances", json!({"name": "region-", "regions": ["*"]}));
    assert!(text.ok().contains("region") && text.text.contains("us-east-1"), "{}", text.text);
}

#[test]
#[ignore = "runs fakecloud"]
fn a_card_is_gathered_from_all_sides_and_told_by_name() {
    let one = instance(
        aws(),
        "card-1",
        &[("BlockDeviceMapping.1.DeviceName", "/dev/xvda"), ("BlockDeviceMapping.1.Ebs.VolumeSize", "9")],
    );
    let mut server = EC2.start();
    let card = server.call("describe_instance", json!({"instance": "card-1"}));
    for part in [
        &one,
        "\"state\":\"running\"",
        "\"checks\":",
        "\"volumes\":[{",
        "\"size_gib\":9",
        "\"does not report\"",
        "IMDSv1 is on",
    ] {
        assert!(card.ok().contains(part), "{part}: {}", card.text);
    }
    let by_id = server.call("describe_instance", json!({"instance": one}));
    assert_eq!(by_id.ok().split("\"launched\"").next(), card.text.split("\"launched\"").next());
    assert!(
        server
            .call("describe_instance", json!({"instance": "card-9"}))
            .error()
            .contains("there is no instance card-9")
    );
    let lost = server.call("describe_instance", json!({"instance": "i-0123456789abcdef0"}));
    assert!(lost.error().contains("list_instances"), "{}", lost.text);
    instance(aws(), "card-twin", &[]);
    instance(aws(), "card-twin", &[]);
    let twins = server.call("describe_instance", json!({"instance": "card-twin"}));
    assert!(
        twins.error().contains("2 instances are called card-twin") && twins.text.contains("give an id"),
        "{}",
        twins.text
    );
}

#[test]
#[ignore = "runs fakecloud"]
fn a_part_of_a_card_that_fails_is_a_note() {
    let one = instance(aws(), "card-part", &[]);
    let stub = Stub::before(aws(), |request| match request.operation() {
        "DescribeInstanceInformation" => Response::denied("ssm:DescribeInstanceInformation"),
        "GetMetricData" => Response::error(500, "InternalFailure", "it is late"),
        _ => Response::HandOn,
    });
    let card = EC2.at(stub.env()).start().call("describe_instance", json!({"instance": one}));
    assert!(card.ok().contains("note: the SSM agent could not be read"), "{}", card.text);
    assert!(card.text.contains("note: CPU could not be read"), "{}", card.text);
    assert!(card.text.contains("\"checks\":"), "{}", card.text);
    // They are asked at the same time.
    assert!(stub.most_at_once() > 1, "{}", stub.most_at_once());
}

#[test]
#[ignore = "runs fakecloud"]
fn the_processor_and_the_checks_are_read() {
    let one = instance(aws(), "card-cpu", &[]);
    let id = one.clone();
    let stub = Stub::before(aws(), move |request| match request.operation() {
        "GetMetricData" => Response::output(json!({"MetricDataResults": [
            {"Id": "average", "Values": [95.04], "Timestamps": ["2026-11-22T10:00:00Z"]},
            {"Id": "highest", "Values": [100.0], "Timestamps": ["2026-11-22T10:00:00Z"]}]})),
        "DescribeInstanceStatus" => xml(
            "DescribeInstanceStatus",
            &format!(
                "<instanceStatusSet><item><instanceId>{id}</instanceId><systemStatus><status>impaired</status></systemStatus>\
                 <instanceStatus><status>ok</status></instanceStatus><eventsSet><item><code>instance-retirement</code>\
                 <description>The host goes</description><notBefore>2026-12-01T00:00:00.000Z</notBefore></item></eventsSet>\
                 </item></instanceStatusSet>"
            ),
        ),
        "DescribeInstanceInformation" => Response::output(json!({"InstanceInformationList": [
            {"InstanceId": id, "PingStatus": "Online", "AgentVersion": "3.3.1", "PlatformName": "Amazon Linux", "PlatformVersion": "2023"}]})),
        _ => Response::HandOn,
    });
    let card = EC2.at(stub.env()).start().call("describe_instance", json!({"instance": one}));
    for part in [
        "\"average_percent\":95.0",
        "\"highest_percent\":100.0",
        "\"system\":\"impaired\"",
        "instance-retirement 2026-12-01T00:00:00Z The host goes",
        "stop and start moves it",
        "\"status\":\"Online\"",
        "\"os\":\"Amazon Linux 2023\"",
        "busy nearly all",
    ] {
        assert!(card.ok().contains(part), "{part}: {}", card.text);
    }
}

#[test]
#[ignore = "runs fakecloud"]
fn the_console_is_read_from_its_end_and_seen() {
    let one = instance(aws(), "console-1", &[]);
    let lines: String = (1..=300).map(|line| format!("line {line}\r\n")).collect();
    let picture = BASE64_STANDARD.encode([0xff, 0xd8, 0xff, 0xe0]);
    let stub = Stub::before(aws(), move |request| match request.operation() {
        "GetConsoleOutput" => xml(
            "GetConsoleOutput",
            &format!(
                "<instanceId>i</instanceId><timestamp>2026-11-22T10:00:00.000Z</timestamp><output>{}</output>",
                BASE64_STANDARD.encode(&lines)
            ),
        ),
        "GetConsoleScreenshot" => xml(
            "GetConsoleScreenshot",
            &format!("<instanceId>i</instanceId><imageData>{picture}</imageData>"),
        ),
        _ => Response::HandOn,
    });
    let mut server = EC2.at(stub.env()).start();
    let text = server.call("console_output", json!({"instance": "console-1", "lines": 2, "latest": true}));
    assert!(text.ok().contains("2026-11-22T10:00:00Z, the last 2 of 300 lines"), "{}", text.text);
    assert!(text.text.contains("line 299\nline 300") && !text.text.contains("line 298"), "{}", text.text);
    assert_eq!(stub.of("GetConsoleOutput")[0].json()["Latest"], "true");
    let screen = server.call("console_screenshot", json!({"instance": one}));
    assert!(
        screen.content.iter().any(|block| block["type"] == "image" && block["mimeType"] == "image/jpeg"),
        "{}",
        screen.raw
    );
    let mut bare = EC2.start();
    assert!(bare.call("console_output", json!({"instance": one})).ok().contains("nothing yet"));
    assert!(bare.call("console_screenshot", json!({"instance": one})).error().contains("AWS has no picture"));
}

#[test]
#[ignore = "runs fakecloud"]
fn user_data_is_a_secret_and_comes_decoded() {
    let text = "#!/bin/sh\necho hi";
    let one = instance(aws(), "user-data", &[("UserData", &BASE64_STANDARD.encode(text))]);
    let closed = EC2.start().call("get_user_data", json!({"instance": one}));
    assert!(closed.error().contains("--allow reveal"), "{}", closed.text);
    let mut open = EC2.at(aws().env()).and(&["--allow", "reveal"]).start();
    let data = open.call("get_user_data", json!({"instance": one}));
    assert!(data.ok().contains(text), "{}", data.text);
    let none = instance(aws(), "no-user-data", &[]);
    assert!(open.call("get_user_data", json!({"instance": none})).ok().contains("has no user data"));
}

#[test]
#[ignore = "runs fakecloud"]
fn types_are_found_by_need_and_shown_where_they_are_offered() {
    let stub = Stub::before(aws(), |request| match request.operation() {
        "DescribeInstanceTypeOfferings" => xml(
            "DescribeInstanceTypeOfferings",
            "<instanceTypeOfferingSet><item><instanceType>t3.micro</instanceType><locationType>availability-zone</locationType>\
             <location>us-east-1b</location></item><item><instanceType>t3.micro</instanceType>\
             <locationType>availability-zone</locationType><location>us-east-1a</location></item></instanceTypeOfferingSet>",
        ),
        _ => Response::HandOn,
    });
    let mut server = EC2.at(stub.env()).start();
    let found = server.call(
        "find_instance_types",
        json!({"min_vcpus": 2, "max_vcpus": 2, "min_memory_gib": 1.0, "architecture": "x86_64"}),
    );
    assert!(
        found.ok().contains("t3.micro\t2\t1.0\tx86_64") && found.text.contains("us-east-1a,us-east-1b"),
        "{}",
        found.text
    );
    let asked = stub.of("GetInstanceTypesFromInstanceRequirements")[0].json();
    for (name, value) in [
        ("InstanceRequirements.VCpuCount.Min", "2"),
        ("InstanceRequirements.VCpuCount.Max", "2"),
        ("InstanceRequirements.MemoryMiB.Min", "1024"),
        ("ArchitectureType.1", "x86_64"),
    ] {
        assert_eq!(asked[name], value, "{asked}");
    }
    let named = server.call("find_instance_types", json!({"types": ["m5.large"]}));
    assert!(named.ok().contains("m5.large\t2"), "{}", named.text);
    let prices = server.call("spot_prices", json!({"types": ["t3.micro"]}));
    assert!(
        prices.ok().contains("type\tzone\tusd_per_hour\tsince") && prices.text.contains("0.0035"),
        "{}",
        prices.text
    );
    assert!(server.call("spot_prices", json!({"types": []})).error().contains("types"));
}

#[test]
#[ignore = "runs fakecloud"]
fn images_are_listed_by_alias_and_owner() {
    let stub = Stub::before(aws(), |request| match request.operation() {
        "GetParameters" => Response::output(json!({"Parameters": [
            {"Name": "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64", "Value": IMAGE}]})),
        _ => Response::HandOn,
    });
    let mut server = EC2.at(stub.env()).start();
    let aliases = server.call("list_images", json!({"of": "aliases"}));
    assert!(aliases.ok().contains(&format!("al2023\t{IMAGE}")), "{}", aliases.text);
    let machine = instance(aws(), "for-image", &[]);
    let made =
        id(&ec2(aws(), "CreateImage", &[("InstanceId", &machine), ("Name", "own-image-1")]), "imageId");
    let own = server.call("list_images", json!({"name": "own-image"}));
    assert!(own.ok().contains(&made), "{}", own.text);
    let amazon = server.call("list_images", json!({"of": "amazon", "name": "al2023-*"}));
    assert!(amazon.ok().contains(IMAGE), "{}", amazon.text);
}

#[test]
#[ignore = "runs fakecloud"]
fn volumes_and_snapshots_are_listed() {
    let one = volume(aws());
    let snapshot = id(&ec2(aws(), "CreateSnapshot", &[("VolumeId", &one)]), "snapshotId");
    let mut server = EC2.start();
    let free = server.call("list_volumes", json!({"unattached": true, "limit": 1000}));
    assert!(free.ok().contains(&one) && free.text.contains("available\t5\tgp3"), "{}", free.text);
    let named = server.call("list_volumes", json!({"volumes": [one], "encrypted": false}));
    assert!(named.ok().contains(&one), "{}", named.text);
    let snapshots = server.call("list_snapshots", json!({"volume": one}));
    assert!(snapshots.ok().contains(&snapshot), "{}", snapshots.text);
    let lost = server.call("list_volumes", json!({"volumes": ["vol-0123456789abcdef0"]}));
    assert!(lost.error().contains("vol-0123456789abcdef0"), "{}", lost.text);
    assert!(
        server
            .call("list_volumes", json!({"volumes": ["disk"]}))
            .error()
            .contains("a good one looks like vol-")
    );
}

#[test]
#[ignore = "runs fakecloud"]
fn groups_show_rules_users_and_what_they_expose() {
    let net = vpc(aws(), "10.60.0.0/16");
    let one = group(aws(), &net, "look-open");
    let rule = [
        ("GroupId", one.as_str()),
        ("IpPermissions.1.IpProtocol", "tcp"),
        ("IpPermissions.1.FromPort", "22"),
        ("IpPermissions.1.ToPort", "22"),
        ("IpPermissions.1.IpRanges.1.CidrIp", "0.0.0.0/0"),
        ("IpPermissions.1.IpRanges.1.Description", "oops"),
    ];
    ec2(aws(), "AuthorizeSecurityGroupIngress", &rule);
    let place = subnet(aws(), &net, "10.60.1.0/24");
    let eni = ec2(
        aws(),
        "CreateNetworkInterface",
        &[("SubnetId", &place), ("SecurityGroupId.1", &one), ("Description", "ELB app/front")],
    );
    id(&eni, "networkInterfaceId");
    let stub = Stub::before(aws(), |_| Response::HandOn);
    let mut server = EC2.at(stub.env()).start();
    let text = server.call("list_security_groups", json!({"vpc": net, "name": "look-"}));
    assert!(text.ok().contains("SSH (22)\tin tcp 22 from 0.0.0.0/0 # oops\tELB app/front"), "{}", text.text);
    assert!(!text.text.contains("out all"), "{}", text.text);
    server.call("list_security_groups", json!({"open_to": "ipv6"})).ok();
    assert_eq!(filters(&stub.of("DescribeSecurityGroups")[1].json()), ["ip-permission.ipv6-cidr=::/0"]);
}

#[test]
#[ignore = "runs fakecloud"]
fn a_network_is_one_map() {
    let net = vpc(aws(), "10.61.0.0/16");
    let place = subnet(aws(), &net, "10.61.1.0/24");
    let hidden = subnet(aws(), &net, "10.61.2.0/24");
    let gateway = id(&ec2(aws(), "CreateInternetGateway", &[]), "internetGatewayId");
    ec2(aws(), "AttachInternetGateway", &[("InternetGatewayId", &gateway), ("VpcId", &net)]);
    let table = id(&ec2(aws(), "CreateRouteTable", &[("VpcId", &net)]), "routeTableId");
    ec2(aws(), "AssociateRouteTable", &[("RouteTableId", &table), ("SubnetId", &place)]);
    let route =
        [("RouteTableId", table.as_str()), ("DestinationCidrBlock", "0.0.0.0/0"), ("GatewayId", &gateway)];
    ec2(aws(), "CreateRoute", &route);
    let mut server = EC2.start();
    let answer = server.call("describe_network", json!({"vpc": net}));
    let map: Value = serde_json::from_str(answer.ok()).unwrap_or_else(|_| panic!("{}", answer.text));
    let of = |id: &str| map["subnets"].as_array().unwrap().iter().find(|it| it["id"] == id).unwrap().clone();
    assert_eq!(
        (&of(&place)["reaches"], &of(&hidden)["reaches"]),
        (&json!("public"), &json!("nothing outside"))
    );
    assert!(map["route_tables"][&table].to_string().contains(&format!("0.0.0.0/0 to {gateway}")), "{map}");
    assert!(map["gateways"].to_string().contains(&gateway), "{map}");
    let all = server.call("describe_network", json!({}));
    assert!(all.ok().contains(&net) && !all.text.contains("route_tables"), "{}", all.text);
    assert!(
        server
            .call("describe_network", json!({"vpc": "vpc-0123456789abcdef0"}))
            .error()
            .contains("vpc-0123456789abcdef0")
    );
}

#[test]
#[ignore = "runs fakecloud"]
fn addresses_keys_and_templates_are_listed() {
    let made = ec2(aws(), "AllocateAddress", &[("Domain", "vpc")]);
    let (address, ip) = (id(&made, "allocationId"), id(&made, "publicIp"));
    ec2(aws(), "CreateKeyPair", &[("KeyName", "look-key"), ("KeyType", "ed25519")]);
    let template = [("LaunchTemplateName", "look-template"), ("LaunchTemplateData.InstanceType", "m5.large")];
    ec2(aws(), "CreateLaunchTemplate", &template);
    let mut server = EC2.start();
    let addresses = server.call("list_addresses", json!({"unused": true, "limit": 1000}));
    assert!(addresses.ok().contains(&address) && addresses.text.contains(&ip), "{}", addresses.text);
    let first = server.call("list_addresses", json!({"limit": 1}));
    assert!(first.ok().lines().count() == 3, "{}", first.text);
    let keys = server.call("list_key_pairs", json!({"name": "look-"}));
    assert!(keys.ok().contains("look-key") && keys.text.contains("ed25519"), "{}", keys.text);
    let templates = server.call("list_launch_templates", json!({"name": "look-template"}));
    assert!(
        templates.ok().contains("look-template") && templates.text.contains("m5.large"),
        "{}",
        templates.text
    );
}

#[test]
#[ignore = "runs fakecloud"]
fn waste_is_found_and_says_why() {
    let one = volume(aws());
    let address = id(&ec2(aws(), "AllocateAddress", &[("Domain", "vpc")]), "allocationId");
    // What the local AWS makes is of 2024.
    let snapshot = id(&ec2(aws(), "CreateSnapshot", &[("VolumeId", &one)]), "snapshotId");
    let idle = instance(aws(), "waste-idle", &[]);
    let text = EC2.start().call("find_waste", json!({"limit": 1000}));
    assert!(
        text.ok().contains(&format!("volume\t{one}")) && text.text.contains("attached to nothing"),
        "{}",
        text.text
    );
    assert!(text.text.contains(&format!("elastic-ip\t{address}")), "{}", text.text);
    assert!(text.text.contains(&format!("snapshot\t{snapshot}")), "{}", text.text);
    assert!(!text.text.contains(&idle), "without figures nothing is called idle: {}", text.text);
    // Every instance used as much of its processor.
    let using = |percent: f64| {
        Stub::before(aws(), move |request| match request.operation() {
            "GetMetricData" => {
                let queries = request.json()["MetricDataQueries"].as_array().cloned().unwrap_or_default();
                let results: Vec<Value> = queries
                    .iter()
                    .map(|query| json!({"Id": query["Id"], "Values": [0.1, percent], "Timestamps": ["2026-11-21T00:00:00Z", "2026-11-22T00:00:00Z"]}))
                    .collect();
                Response::output(json!({"MetricDataResults": results}))
            }
            _ => Response::HandOn,
        })
    };
    let (lazy, busy) = (using(1.25), using(60.0));
    let found = EC2.at(lazy.env()).start().call("find_waste", json!({"limit": 1000}));
    assert!(found.ok().contains(&format!("instance\t{idle}")), "{}", found.text);
    assert!(
        found.text.contains("t3.micro that never used more than 1.2 % of its CPU in 7 days"),
        "{}",
        found.text
    );
    let found = EC2.at(busy.env()).start().call("find_waste", json!({"limit": 1000}));
    assert!(!found.ok().contains(&idle), "{}", found.text);
    let denied = Stub::before(aws(), |request| match request.operation() {
        operation if operation.starts_with("Describe") => Response::denied(&format!("ec2:{operation}")),
        _ => Response::HandOn,
    });
    let nothing = EC2.at(denied.env()).start().call("find_waste", json!({}));
    assert!(nothing.error().contains("ec2:Describe"), "{}", nothing.text);
}

#[test]
#[ignore = "runs fakecloud"]
fn calls_held_to_arns_see_only_their_own() {
    let (mine, other) = (instance(aws(), "arn-mine", &[]), instance(aws(), "arn-other", &[]));
    let arn = format!("arn:aws:ec2:*:*:instance/{mine}");
    let mut server = EC2.at(aws().env()).and(&["--allow-arn", &arn]).start();
    let list = server.call("list_instances", json!({"name": "arn-"}));
    assert!(list.ok().contains(&mine) && !list.text.contains(&other), "{}", list.text);
    assert!(server.call("describe_instance", json!({"instance": mine})).ok().contains(&mine));
    assert!(
        server
            .call("describe_instance", json!({"instance": other}))
            .error()
            .contains("outside what the operator allowed")
    );
    let named = server.call("describe_instance", json!({"instance": "arn-other"}));
    assert!(named.error().contains("by its id, not by its name"), "{}", named.text);
    let tagged = server.call("tag_resources", json!({"resources": [other], "set": {"a": "b"}}));
    assert!(tagged.error().contains("outside what the operator allowed"), "{}", tagged.text);
    let stop = server.call("set_instances", json!({"instances": [mine, other], "action": "stop"}));
    assert!(stop.error().contains("outside what the operator allowed"), "{}", stop.text);
    server.call("tag_resources", json!({"resources": [mine], "set": {"a": "b"}})).ok();
}

#[test]
#[ignore = "runs fakecloud"]
fn an_instance_is_a_resource_whose_name_is_completed() {
    let one = instance(aws(), "resource-web", &[]);
    let mut server = EC2.start();
    let read = server.request("resources/read", json!({"uri": "ec2://resource-web"}));
    assert!(read["contents"][0]["text"].as_str().is_some_and(|text| text.contains(&one)), "{read}");
    let ask = json!({"ref": {"type": "ref/resource", "uri": "ec2://{instance}"}, "argument": {"name": "instance", "value": "resource-"}});
    let completed = server.request("completion/complete", ask);
    assert_eq!(completed["completion"]["values"], json!(["resource-web"]));
}

#[test]
fn what_a_backup_or_a_disabled_image_needs_is_no_waste() {
    let stub = Stub::start(|request| {
        let snapshot = |id: &str, tag: &str| {
            format!(
                "<item><snapshotId>{id}</snapshotId><startTime>2020-01-01T00:00:00.000Z</startTime>{tag}</item>"
            )
        };
        let inner = match request.operation() {
            "DescribeVolumes" => "<volumeSet/>".to_owned(),
            "DescribeNetworkInterfaces" => "<networkInterfaceSet/>".to_owned(),
            // It shut itself down, so that AWS does not say when.
            "DescribeInstances" => "<reservationSet><item><instancesSet><item><instanceId>i-0123456789abcdef0</instanceId>\
                <instanceState><name>stopped</name></instanceState><reason/><launchTime>2020-01-01T00:00:00.000Z</launchTime>\
                <stateReason><code>Client.InstanceInitiatedShutdown</code></stateReason></item></instancesSet></item>\
                </reservationSet>"
                .to_owned(),
            "DescribeImages" if request.json()["IncludeDisabled"] == "true" => {
                "<imagesSet><item><imageId>ami-01234567</imageId><blockDeviceMapping><item><ebs><snapshotId>snap-01234567\
                 </snapshotId></ebs></item></blockDeviceMapping></item></imagesSet>"
                    .to_owned()
            }
            "DescribeSnapshots" => {
                let tag = "<tagSet><item><key>aws:backup:source-resource</key><value>x</value></item></tagSet>";
                let all = [snapshot("snap-01234567", ""), snapshot("snap-76543210", tag), snapshot("snap-0fedcba9", "")];
                format!("<snapshotSet>{}</snapshotSet>", all.concat())
            }
            _ => String::new(),
        };
        xml(request.operation(), &inner)
    });
    let found = EC2.at(stub.env()).start().call("find_waste", json!({}));
    found.holds(&["i-0123456789abcdef0", "stopped, since when AWS does not say", "snap-0fedcba9"]);
    found.lacks(&["snap-01234567", "snap-76543210"]);
}

#[test]
fn the_default_list_is_small_and_reads_only() {
    let manifest = awsmcp_ec2::server().manifest();
    assert!(manifest.default_list_bytes <= 10_000, "{}", manifest.default_list_bytes);
    for tool in &manifest.tools {
        assert!(tool.description.len() < 300, "{}: {}", tool.name, tool.description.len());
    }
}
