//! What is done is what was planned: the very things that a plan saw, and each only while it is as it was.

use awsmcp_testing::{Request, Response, Server, Stub};
use serde_json::json;

use crate::world::EC2;

const ONE: &str = "i-0123456789abcdef0";
const TWO: &str = "i-0fedcba9876543210";
const GROUP: &str = "sg-0123456789abcdef0";

/// EC2's answer to a request.
fn xml(request: &Request, inner: &str) -> Response {
    let operation = request.operation();
    let body = format!(
        "<{operation}Response xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><requestId>r</requestId>{inner}\
         </{operation}Response>"
    );
    Response::new(200, body).with("content-type", "text/xml")
}

/// An EC2 that would do everything, and answers what `script` says; `<return>true</return>` where that is nothing.
fn cloud(script: impl Fn(&Request) -> Option<String> + Send + Sync + 'static) -> Stub {
    Stub::start(move |request| {
        if request.json()["DryRun"] == "true" {
            return Response::error(412, "DryRunOperation", "Request would have succeeded");
        }
        if request.service() != Some("ec2") {
            return Response::HandOn;
        }
        match script(request) {
            Some(refused) if refused.starts_with("refuse:") => Response::error(400, "Refused", &refused),
            Some(inner) => xml(request, &inner),
            None => xml(request, "<return>true</return>"),
        }
    })
}

fn server(stub: &Stub) -> Server {
    EC2.at(stub.env()).set("AWS_REGION", "us-east-1").start()
}

/// The requests of an operation that were no rehearsals.
fn done(stub: &Stub, operation: &str) -> Vec<serde_json::Value> {
    let forms = stub.of(operation).into_iter().map(|request| request.json());
    forms.filter(|form| form["DryRun"] != "true").collect()
}

fn machines(states: &[(&str, &str, &str)]) -> String {
    let one = |(id, state, more): &(&str, &str, &str)| {
        format!(
            "<item><instanceId>{id}</instanceId><instanceType>t3.micro</instanceType><instanceState><code>0</code>\
             <name>{state}</name></instanceState>{more}</item>"
        )
    };
    let all: String = states.iter().map(one).collect();
    format!("<reservationSet><item><instancesSet>{all}</instancesSet></item></reservationSet>")
}

#[test]
fn an_instance_that_is_named_twice_is_one() {
    let stub = cloud(|request| match request.operation() {
        "DescribeInstances" => Some(machines(&[(ONE, "running", "")])),
        _ => None,
    });
    let arn = format!("arn:aws:ec2:us-east-1:123456789012:instance/{ONE}");
    let told = server(&stub).call("set_instances", json!({"instances": [ONE, ONE, arn], "action": "reboot"}));
    told.holds(&["running", "1 row"]);
    let sent = done(&stub, "RebootInstances");
    assert_eq!((sent.len(), &sent[0]["InstanceId.1"], sent[0].get("InstanceId.2")), (1, &json!(ONE), None));
}

#[test]
fn a_start_that_aws_takes_back_is_told_with_its_reason() {
    let why = "<stateReason><code>Client.InternalError</code><message>Client.InternalError: Client error on launch</message></stateReason>";
    let stub = cloud(move |request| match (request.operation(), request.nth) {
        ("DescribeInstances", 1 | 2) => Some(machines(&[(ONE, "stopped", "")])),
        ("DescribeInstances", 3) => Some(machines(&[(ONE, "pending", "")])),
        ("DescribeInstances", _) => Some(machines(&[(ONE, "stopped", why)])),
        _ => None,
    });
    let told = server(&stub).call("set_instances", json!({"instances": [ONE], "action": "start"}));
    told.fails(&["is stopped instead of running", "Client error on launch"]);
    assert_eq!(stub.of("DescribeInstances").len(), 4);
}

#[test]
fn an_instance_that_moved_while_its_end_was_confirmed_is_left_alone() {
    let disk = |id: &str| {
        format!(
            "<blockDeviceMapping><item><deviceName>/dev/sdb</deviceName><ebs><volumeId>{id}</volumeId>\
             <deleteOnTermination>true</deleteOnTermination></ebs></item></blockDeviceMapping>"
        )
    };
    let stub = cloud(move |request| match (request.operation(), request.nth) {
        // Both plans see the same; then another volume comes to one of the instances.
        ("DescribeInstances", 1 | 2) => {
            Some(machines(&[(ONE, "running", &disk("vol-01234567")), (TWO, "running", "")]))
        }
        ("DescribeInstances", 3) => {
            Some(machines(&[(ONE, "running", &disk("vol-76543210")), (TWO, "running", "")]))
        }
        ("DescribeInstances", _) => Some(machines(&[(TWO, "terminated", "")])),
        ("DescribeVolumes", _) => Some("<volumeSet/>".to_owned()),
        ("DescribeInstanceAttribute", _) => {
            Some("<disableApiTermination><value>false</value></disableApiTermination>".to_owned())
        }
        _ => None,
    });
    let told = server(&stub).confirmed("terminate_instances", json!({"instances": [ONE, TWO]}));
    told.holds(&[TWO, "terminated", &format!("{ONE} was left alone: other volumes would go with it by now")]);
    let sent = done(&stub, "TerminateInstances");
    assert_eq!((sent.len(), &sent[0]["InstanceId.1"], sent[0].get("InstanceId.2")), (1, &json!(TWO), None));
}

#[test]
fn nothing_is_stopped_where_everything_moved() {
    let stub = cloud(|request| match (request.operation(), request.nth) {
        ("DescribeInstances", 1 | 2) => Some(machines(&[(ONE, "running", "")])),
        ("DescribeInstances", _) => Some(machines(&[(ONE, "stopping", "")])),
        _ => None,
    });
    let told = server(&stub).confirmed("set_instances", json!({"instances": [ONE], "action": "stop"}));
    told.fails(&["it was running and is stopping by now", "nothing was done"]);
    assert!(done(&stub, "StopInstances").is_empty());
}

/// A rule as EC2 lists it.
fn rule(id: &str, egress: bool, protocol: &str, ports: (i32, i32), net: &str) -> String {
    format!(
        "<item><securityGroupRuleId>{id}</securityGroupRuleId><groupId>{GROUP}</groupId><isEgress>{egress}</isEgress>\
         <ipProtocol>{protocol}</ipProtocol><fromPort>{}</fromPort><toPort>{}</toPort><cidrIpv4>{net}</cidrIpv4></item>",
        ports.0, ports.1
    )
}

fn group(rules: &[String]) -> impl Fn(&Request) -> Option<String> + Send + Sync + use<> {
    let rules = format!("<securityGroupRuleSet>{}</securityGroupRuleSet>", rules.concat());
    move |request| match request.operation() {
        "DescribeSecurityGroups" => {
            Some(format!("<securityGroupInfo><item><groupId>{GROUP}</groupId></item></securityGroupInfo>"))
        }
        "DescribeSecurityGroupRules" => Some(rules.clone()),
        _ => None,
    }
}

#[test]
fn the_very_rule_that_was_shown_is_removed() {
    let nearly_all = rule("sgr-01234567", false, "tcp", (1, 65_535), "10.0.0.0/8");
    let all = rule("sgr-76543210", false, "tcp", (0, 65_535), "10.0.0.0/8");
    let stub = cloud(group(&[nearly_all, all]));
    let mut server = server(&stub);
    let call = json!({"group": GROUP, "remove": ["in tcp 1-65535 from 10.0.0.0/8"]});
    server.call("set_security_group", call).holds(&["\"removed\":[\"in tcp 1-65535 from 10.0.0.0/8\"]"]);
    let sent = done(&stub, "RevokeSecurityGroupIngress");
    assert_eq!(
        (&sent[0]["SecurityGroupRuleId.1"], sent[0].get("SecurityGroupRuleId.2"), &sent[0]["GroupId"]),
        (&json!("sgr-01234567"), None, &json!(GROUP))
    );
}

#[test]
fn a_rule_that_aws_did_not_find_is_not_said_to_be_removed() {
    let one = rule("sgr-01234567", false, "tcp", (22, 22), "10.0.0.0/8");
    let found = group(&[one]);
    let stub = cloud(move |request| match request.operation() {
        "RevokeSecurityGroupIngress" => Some(
            "<return>true</return><unknownIpPermissionSet><item><ipProtocol>tcp</ipProtocol></item>\
             </unknownIpPermissionSet>"
                .to_owned(),
        ),
        _ => found(request),
    });
    let call = json!({"group": GROUP, "add": ["in tcp 443 from 10.0.0.0/8"], "remove": ["in tcp 22 from 10.0.0.0/8"]});
    let told = server(&stub).call("set_security_group", call);
    told.fails(&["did not find all of these rules", "by then: added in tcp 443 from 10.0.0.0/8"]);
}

#[test]
fn a_rule_that_became_another_is_left_alone() {
    let before = group(&[rule("sgr-01234567", false, "tcp", (22, 22), "10.0.0.0/8")]);
    let after = group(&[rule("sgr-01234567", false, "tcp", (443, 443), "10.0.0.0/8")]);
    let stub = cloud(move |request| match (request.operation(), request.nth) {
        ("DescribeSecurityGroupRules", nth) if nth > 1 => after(request),
        _ => before(request),
    });
    let call = json!({"group": GROUP, "remove": ["in tcp 22 from 10.0.0.0/8"]});
    server(&stub)
        .call("set_security_group", call)
        .holds(&["left alone", "in tcp 22 from"])
        .lacks(&["removed"]);
    assert!(done(&stub, "RevokeSecurityGroupIngress").is_empty());
}

#[test]
fn the_rule_that_a_new_group_comes_with_is_removed_when_it_is_listed() {
    let own = rule("sgr-01234567", true, "-1", (-1, -1), "0.0.0.0/0");
    let stub = cloud(move |request| match (request.operation(), request.nth) {
        ("DescribeSecurityGroups", _) => Some("<securityGroupInfo/>".to_owned()),
        ("CreateSecurityGroup", _) => Some(format!("<groupId>{GROUP}</groupId>")),
        ("DescribeSecurityGroupRules", 1) => Some("<securityGroupRuleSet/>".to_owned()),
        ("DescribeSecurityGroupRules", _) => {
            Some(format!("<securityGroupRuleSet>{own}</securityGroupRuleSet>"))
        }
        _ => None,
    });
    let call = json!({"name": "web", "vpc": "vpc-0123456789abcdef0", "add": ["out tcp 443 to 0.0.0.0/0"], "exact": true});
    let told = server(&stub).call("set_security_group", call);
    told.holds(&[
        "\"created\":true",
        "\"added\":[\"out tcp 443 to 0.0.0.0/0\"]",
        "\"removed\":[\"out all to 0.0.0.0/0\"]",
    ]);
    assert_eq!(done(&stub, "RevokeSecurityGroupEgress")[0]["SecurityGroupRuleId.1"], "sgr-01234567");
}

#[test]
fn a_key_pair_that_was_made_anew_is_left_alone() {
    let pair =
        |id: &str| format!("<keySet><item><keyName>web</keyName><keyPairId>{id}</keyPairId></item></keySet>");
    let stub = cloud(move |request| match (request.operation(), request.nth) {
        ("DescribeKeyPairs", 1 | 2) => Some(pair("key-01234567")),
        ("DescribeKeyPairs", _) => Some(pair("key-76543210")),
        _ => None,
    });
    let told = server(&stub).confirmed("delete_resources", json!({"key_pairs": ["web"]}));
    told.fails(&["web changed since the plan"]);
    assert!(done(&stub, "DeleteKeyPair").is_empty());
}

#[test]
fn a_group_goes_before_the_one_that_it_names() {
    let other = "sg-0fedcba9876543210";
    let stub = cloud(move |request| match request.operation() {
        "DescribeSecurityGroups" => {
            let naming = format!(
                "<ipPermissions><item><ipProtocol>tcp</ipProtocol><fromPort>80</fromPort><toPort>80</toPort><groups><item>\
                 <groupId>{GROUP}</groupId></item></groups></item></ipPermissions>"
            );
            let item = |id: &str, more: &str| format!("<item><groupId>{id}</groupId>{more}</item>");
            let wanted = request.json();
            let asked: Vec<&str> =
                ["GroupId.1", "GroupId.2"].into_iter().filter_map(|at| wanted[at].as_str()).collect();
            let items: String =
                asked.iter().map(|id| item(id, if *id == other { &naming } else { "" })).collect();
            Some(format!("<securityGroupInfo>{items}</securityGroupInfo>"))
        }
        "DescribeNetworkInterfaces" => Some("<networkInterfaceSet/>".to_owned()),
        _ => None,
    });
    let told = server(&stub).confirmed("delete_resources", json!({"security_groups": [GROUP, other]}));
    assert_eq!(told.column("outcome"), ["deleted", "deleted"]);
    let order: Vec<_> =
        done(&stub, "DeleteSecurityGroup").iter().map(|form| form["GroupId"].clone()).collect();
    assert_eq!(order, [other, GROUP]);
}

#[test]
fn an_interface_goes_before_its_group_and_a_nat_gateway_with_a_word_about_its_routes() {
    let (interface, nat) = ("eni-0123456789abcdef0", "nat-0123456789abcdef0");
    let stub = cloud(move |request| match request.operation() {
        "DescribeSecurityGroups" => {
            Some(format!("<securityGroupInfo><item><groupId>{GROUP}</groupId></item></securityGroupInfo>"))
        }
        "DescribeNetworkInterfaces" => Some(format!(
            "<networkInterfaceSet><item><networkInterfaceId>{interface}</networkInterfaceId><groupSet><item><groupId>\
             {GROUP}</groupId></item></groupSet></item></networkInterfaceSet>"
        )),
        "DescribeNatGateways" => Some(format!(
            "<natGatewaySet><item><natGatewayId>{nat}</natGatewayId><state>available</state></item></natGatewaySet>"
        )),
        "DescribeRouteTables" => Some(
            "<routeTableSet><item><routeTableId>rtb-01234567</routeTableId></item></routeTableSet>"
                .to_owned(),
        ),
        _ => None,
    });
    let mut server = server(&stub);
    let alone = server.call("delete_resources", json!({"security_groups": [GROUP]}));
    alone.fails(&[&format!("{interface} is in the security group {GROUP}")]);
    let call = json!({"security_groups": [GROUP], "interfaces": [interface], "nat_gateways": [nat]});
    server
        .plan("delete_resources", call.clone())
        .holds(&["lead nowhere then: of rtb-01234567", "addresses stay"]);
    let told = server.confirmed("delete_resources", call);
    assert_eq!(told.column("id"), [interface, GROUP, nat]);
    assert_eq!(told.column("outcome"), ["deleted", "deleted", "is being deleted, which takes some minutes"]);
}

fn tags(pairs: &[(&str, &str, &str)]) -> String {
    let item = |(id, key, value): &(&str, &str, &str)| {
        format!(
            "<item><resourceId>{id}</resourceId><resourceType>volume</resourceType><key>{key}</key><value>{value}</value></item>"
        )
    };
    format!("<tagSet>{}</tagSet>", pairs.iter().map(item).collect::<String>())
}

#[test]
fn a_tag_is_removed_only_with_the_value_that_was_shown() {
    let (one, two) = ("vol-0123456789abcdef0", "vol-0fedcba9876543210");
    let stub = cloud(move |request| match (request.operation(), request.nth) {
        ("DescribeTags", 1) => Some(tags(&[(one, "team", "data"), (two, "team", "web"), (two, "env", "x")])),
        // Somebody gave the second another team meanwhile.
        ("DescribeTags", _) => Some(tags(&[(one, "team", "data"), (two, "team", "ops"), (two, "env", "x")])),
        _ => None,
    });
    let call = json!({"resources": [one, two], "remove": ["team"]});
    server(&stub).call("tag_resources", call).holds(&["\"resources\":1", "left alone", two]);
    let sent = done(&stub, "DeleteTags");
    assert_eq!(
        (sent.len(), &sent[0]["ResourceId.1"], &sent[0]["Tag.1.Key"], &sent[0]["Tag.1.Value"]),
        (1, &json!(one), &json!("team"), &json!("data"))
    );
}

#[test]
fn the_image_that_was_shown_is_launched_and_fits_the_type() {
    let stub = Stub::start(|request| {
        if request.json()["DryRun"] == "true" {
            return Response::error(412, "DryRunOperation", "Request would have succeeded");
        }
        match request.operation() {
            "GetParameters" => {
                let name = request.json()["Names"][0].clone();
                // Each time that one asks there is a newer one.
                let value = format!("ami-0000000{}", request.nth);
                Response::output(json!({"Parameters": [{"Name": name, "Value": value}]}))
            }
            "DescribeInstanceTypes" => xml(
                request,
                "<instanceTypeSet><item><instanceType>t4g.small</instanceType><processorInfo><supportedArchitectures>\
                 <item>arm64</item></supportedArchitectures></processorInfo></item></instanceTypeSet>",
            ),
            "DescribeImages" => xml(
                request,
                "<imagesSet><item><imageId>ami-00000001</imageId><rootDeviceName>/dev/xvda</rootDeviceName>\
                 <blockDeviceMapping><item><deviceName>/dev/sdb</deviceName><ebs><snapshotId>snap-01234567</snapshotId>\
                 <deleteOnTermination>false</deleteOnTermination></ebs></item></blockDeviceMapping></item></imagesSet>",
            ),
            "RunInstances" => {
                let item =
                    format!("<instancesSet><item><instanceId>{ONE}</instanceId></item></instancesSet>");
                xml(request, &item)
            }
            // AWS does not know at once what it launched.
            "DescribeInstances" if request.nth == 1 => {
                Response::error(400, "InvalidInstanceID.NotFound", "does not exist")
            }
            _ => xml(request, &machines(&[(ONE, "running", "")])),
        }
    });
    let call = json!({"instance_type": "t4g.small"});
    let mut server = server(&stub);
    server.plan("run_instances", call.clone()).holds(&["these volumes stay", "/dev/sdb"]);
    let before = stub.of("GetParameters").len();
    server.call("run_instances", call).holds(&[ONE, "running"]);
    let asked = stub.of("GetParameters");
    assert_eq!(asked.len(), before + 1);
    assert!(asked[0].json()["Names"][0].as_str().is_some_and(|path| path.ends_with("-arm64")), "{asked:?}");
    let sent = done(&stub, "RunInstances").remove(0);
    assert_eq!(sent["ImageId"], "ami-00000001");
    let keeps = |at: u8| sent[format!("BlockDeviceMapping.{at}.Ebs.DeleteOnTermination")].clone();
    assert_eq!((keeps(1), keeps(2)), (json!("true"), json!("false")));
}

#[test]
fn the_version_of_a_template_that_was_shown_is_launched() {
    let stub = cloud(|request| match (request.operation(), request.nth) {
        ("DescribeLaunchTemplateVersions", nth) => Some(format!(
            "<launchTemplateVersionSet><item><versionNumber>{}</versionNumber></item></launchTemplateVersionSet>",
            nth + 2
        )),
        ("RunInstances", _) => {
            Some(format!("<instancesSet><item><instanceId>{ONE}</instanceId></item></instancesSet>"))
        }
        ("DescribeInstances", _) => Some(machines(&[(ONE, "running", "")])),
        _ => None,
    });
    let call = json!({"launch_template": "lt-0123456789abcdef0"});
    server(&stub).call("run_instances", call).holds(&[ONE, "running"]);
    assert_eq!(done(&stub, "RunInstances")[0]["LaunchTemplate.Version"], "3");
    assert_eq!(stub.of("DescribeLaunchTemplateVersions").len(), 1);
}

#[test]
fn a_later_step_that_fails_names_what_was_changed() {
    let stub = cloud(|request| match request.operation() {
        "DescribeInstances" => Some(machines(&[(ONE, "stopped", "")])),
        "ModifyInstanceMetadataOptions" => Some("refuse: not now".to_owned()),
        _ => None,
    });
    let call = json!({"instance": ONE, "instance_type": "t3.large", "imdsv2_only": true});
    let told = server(&stub).call("modify_instance", call);
    told.fails(&["not now; by then it has its new instance_type"]);
}

#[test]
fn an_instance_that_is_another_by_now_is_not_modified() {
    let stub = cloud(|request| match (request.operation(), request.nth) {
        ("DescribeInstances", 1) => Some(machines(&[(ONE, "stopped", "")])),
        ("DescribeInstances", _) => Some(machines(&[(ONE, "pending", "")])),
        _ => None,
    });
    let call = json!({"instance": ONE, "instance_type": "t3.large"});
    server(&stub).call("modify_instance", call).fails(&["is another by now", "nothing was changed"]);
    assert!(done(&stub, "ModifyInstanceAttribute").is_empty());
}
