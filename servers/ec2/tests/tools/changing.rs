//! What changes things: plans that change nothing, AWS's own dry runs first, confirmations, and what there is afterwards.

use std::os::unix::fs::PermissionsExt;

use awsmcp_testing::{Response, Stub};
use serde_json::{Value, json};

use crate::cloud::{IMAGE, ec2, group, id, instance, subnet, volume, vpc};
use crate::world::{EC2, aws};

/// What EC2 says of something now.
fn now(operation: &str, parameter: &str, id: &str) -> String {
    ec2(aws(), operation, &[(parameter, id)]).text()
}

fn state(id: &str) -> String {
    let text = now("DescribeInstances", "InstanceId.1", id);
    let state = text.split("<instanceState>").nth(1).and_then(|rest| rest.split("<name>").nth(1));
    state.and_then(|rest| rest.split('<').next()).unwrap_or_default().to_owned()
}

/// The public parameters, whose image the local AWS has.
fn newest(asked: &Value) -> Response {
    let names = asked["Names"].as_array().cloned().unwrap_or_default();
    let found: Vec<Value> = names.iter().map(|name| json!({"Name": name, "Value": IMAGE})).collect();
    Response::output(json!({"Parameters": found}))
}

/// The first id of this kind in an answer.
#[track_caller]
fn made(text: &str, prefix: &str) -> String {
    let word = text
        .split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '-'))
        .find(|word| word.starts_with(prefix));
    word.unwrap_or_else(|| panic!("no {prefix}: {text}")).to_owned()
}

#[test]
#[ignore = "runs fakecloud"]
fn an_instance_is_launched_with_safe_defaults() {
    let stub = Stub::before(aws(), |request| match request.operation() {
        "GetParameters" => newest(&request.json()),
        _ => Response::HandOn,
    });
    let mut server = EC2.at(stub.env()).start();
    let call = json!({"instance_type": "t3.micro", "name": "run-safe", "tags": {"team": "a"}, "volume_gib": 12, "user_data": "#!/bin/sh"});
    let mut planned = call.clone();
    planned["dry_run"] = json!(true);
    let plan = server.call("run_instances", planned);
    assert!(plan.ok().contains("launch 1 × t3.micro") && plan.text.contains("v2 only"), "{}", plan.text);
    assert!(stub.of("RunInstances").iter().all(|request| request.json()["DryRun"] == "true"));
    let run = server.call("run_instances", call);
    assert!(run.ok().contains("run-safe\trunning\tt3.micro"), "{}", run.text);
    let sent = stub.of("RunInstances").last().unwrap().json();
    for (name, value) in [
        ("MetadataOptions.HttpTokens", "required"),
        ("MinCount", "1"),
        ("MaxCount", "1"),
        ("BlockDeviceMapping.1.Ebs.Encrypted", "true"),
        ("BlockDeviceMapping.1.Ebs.VolumeSize", "12"),
        ("BlockDeviceMapping.1.Ebs.VolumeType", "gp3"),
        ("UserData", "IyEvYmluL3No"),
        ("TagSpecification.1.Tag.1.Value", "run-safe"),
    ] {
        assert_eq!(sent[name], value, "{name}: {sent}");
    }
    assert!(sent.get("DryRun").is_none() && sent["ClientToken"].is_string(), "{sent}");
    // An alias became the newest image of the region.
    assert!(sent["ImageId"].as_str().is_some_and(|id| id.starts_with("ami-")), "{sent}");
    assert_eq!(
        stub.of("GetParameters")[0].json()["Names"],
        json!(["/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"])
    );
}

#[test]
#[ignore = "runs fakecloud"]
fn a_launch_is_capped_and_checked_before() {
    let mut server = EC2.start();
    let mut wrong = |more: Value| {
        let mut call = json!({"dry_run": true});
        call.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        server.call("run_instances", call).error().to_owned()
    };
    let many = wrong(json!({"instance_type": "t3.micro", "count": 6}));
    assert!(many.contains("more than the 5") && many.contains("--max-instances"), "{many}");
    assert!(wrong(json!({})).contains("say which type"));
    assert!(wrong(json!({"instance_type": "t3.micro", "vcpus": 2})).contains("not both"));
    assert!(wrong(json!({"instance_type": "t3.micro", "image": "ubunto"})).contains("did you mean ubuntu?"));
    assert!(
        wrong(json!({"instance_type": "t3.micro", "image": "ssm:/no/such"}))
            .contains("there is no parameter /no/such")
    );
    let none = Stub::before(aws(), |request| {
        match request.operation() {
        "GetInstanceTypesFromInstanceRequirements" => {
            Response::new(200, "<GetInstanceTypesFromInstanceRequirementsResponse><instanceTypeSet/></GetInstanceTypesFromInstanceRequirementsResponse>").with("content-type", "text/xml")
        }
        "GetParameters" => newest(&request.json()),
        _ => Response::HandOn,
    }
    });
    let huge = EC2.at(none.env()).start().call("run_instances", json!({"vcpus": 4000, "dry_run": true}));
    assert!(huge.error().contains("no type in us-east-1 has that much"), "{}", huge.text);
    let mut capped = EC2.at(aws().env()).and(&["--max-instances", "1"]).start();
    let two = capped.call("run_instances", json!({"instance_type": "t3.micro", "count": 2}));
    assert!(two.error().contains("more than the 1"), "{}", two.text);
}

#[test]
#[ignore = "runs fakecloud"]
fn a_type_is_chosen_by_need_and_a_secret_is_noticed() {
    let mut server = EC2.start();
    let call =
        json!({"vcpus": 2, "memory_gib": 4.0, "image": IMAGE, "user_data": "PASSWORD=x", "dry_run": true});
    let plan = server.call("run_instances", call);
    assert!(plan.ok().contains("was chosen as the smallest that fits"), "{}", plan.text);
    assert!(plan.text.contains("looks as if it held a secret"), "{}", plan.text);
}

#[test]
#[ignore = "runs fakecloud"]
fn what_aws_would_not_allow_is_told_before_anything_is_done() {
    let one = instance(aws(), "dry-denied", &[]);
    let stub = Stub::before(aws(), |request| match request.operation() {
        "StopInstances" | "RunInstances" => Response::denied("ec2:StopInstances"),
        _ => Response::HandOn,
    });
    let mut server = EC2.at(stub.env()).start();
    let denied = server.call("set_instances", json!({"instances": [one], "action": "stop"}));
    assert!(denied.error().contains("ec2:StopInstances"), "{}", denied.text);
    assert_eq!(stub.of("StopInstances").len(), 1);
    assert_eq!(stub.of("StopInstances")[0].json()["DryRun"], "true");
    assert_eq!(state(&one), "running");
    // An endpoint that does not know dry runs is not trusted.
    let careless = Stub::before(aws(), |request| match request.operation() {
        "DeleteVolume" => {
            Response::new(200, "<DeleteVolumeResponse><return>true</return></DeleteVolumeResponse>")
        }
        _ => Response::HandOn,
    });
    let disk = volume(aws());
    let answer = EC2.at(careless.env()).start().call("delete_resources", json!({"volumes": [disk]}));
    assert!(answer.error().contains("does not know dry runs"), "{}", answer.text);
}

#[test]
#[ignore = "runs fakecloud"]
fn instances_are_stopped_started_and_rebooted() {
    let one = instance(aws(), "set-1", &[]);
    let mut server = EC2.start();
    let set = |action: &str| json!({"instances": [one], "action": action});
    let mut planned = set("stop");
    planned["dry_run"] = json!(true);
    let plan = server.call("set_instances", planned);
    assert!(
        plan.ok().contains("stop 1 instance") && plan.text.contains("not an Elastic IP is lost"),
        "{}",
        plan.text
    );
    assert_eq!(state(&one), "running");
    server.call("set_instances", set("stop")).holds(&["stop 1 instance", "\"confirm\":\""]);
    assert_eq!(state(&one), "running");
    server.confirmed("set_instances", set("stop")).holds(&["stopped"]);
    assert_eq!(state(&one), "stopped");
    // What is stopped already is not asked about.
    server.call("set_instances", set("stop")).holds(&["stopped"]).lacks(&["confirm"]);
    assert!(server.call("set_instances", set("start")).ok().contains("running"));
    assert!(server.call("set_instances", set("reboot")).ok().contains("does not show in the state"));
    let force = json!({"instances": [one], "action": "start", "force": true});
    assert!(server.call("set_instances", force).error().contains("only for the action stop"));
    let lost = server.call("set_instances", json!({"instances": ["i-0123456789abcdef0"], "action": "stop"}));
    assert!(lost.error().contains("list_instances"), "{}", lost.text);
    assert!(
        server
            .call("set_instances", json!({"instances": ["set-1"], "action": "stop"}))
            .error()
            .contains("i-0123456789abcdef0")
    );
    assert!(
        server
            .call("set_instances", json!({"instances": [one], "action": "pause"}))
            .error()
            .contains("hibernate")
    );
}

/// What `DescribeInstances` answers of one instance.
fn described(id: &str, state: &str, more: &str) -> Response {
    let body = format!(
        "<DescribeInstancesResponse><reservationSet><item><instancesSet><item><instanceId>{id}</instanceId>\
         <instanceState><code>0</code><name>{state}</name></instanceState>{more}</item></instancesSet></item>\
         </reservationSet></DescribeInstancesResponse>"
    );
    Response::new(200, body).with("content-type", "text/xml")
}

#[test]
#[ignore = "runs fakecloud"]
fn a_wait_tells_how_far_it_is() {
    let one = instance(aws(), "set-waits", &[]);
    ec2(aws(), "StopInstances", &[("InstanceId.1", &one)]);
    let id = one.clone();
    let stub = Stub::before(aws(), move |request| match (request.operation(), request.nth) {
        // The first two looks are the plan's and the one right before the deed.
        ("DescribeInstances", 3..=4) => described(&id, "pending", ""),
        _ => Response::HandOn,
    });
    let mut server = EC2.at(stub.env()).start();
    let arguments = json!({"instances": [one], "action": "start"});
    let call = json!({"name": "set_instances", "arguments": arguments, "_meta": {"progressToken": "p"}});
    let call = server.send("tools/call", call);
    let told = server.wait_notification("notifications/progress");
    assert_eq!(told["params"]["message"], json!("waiting for running"));
    let done = server.wait(call).unwrap();
    assert!(done.to_string().contains("running"), "{done}");
}

#[test]
#[ignore = "runs fakecloud"]
fn an_instance_that_dies_while_it_starts_is_told() {
    let one = instance(aws(), "set-dies", &[]);
    ec2(aws(), "StopInstances", &[("InstanceId.1", &one)]);
    let id = one.clone();
    let stub = Stub::before(aws(), move |request| match (request.operation(), request.nth) {
        // The first two looks are the plan's and the one right before the deed.
        ("DescribeInstances", nth) if nth > 2 => {
            let why = "Client.InternalError: the volume's key is disabled";
            described(
                &id,
                "terminated",
                &format!("<stateReason><code>x</code><message>{why}</message></stateReason>"),
            )
        }
        _ => Response::HandOn,
    });
    let answer =
        EC2.at(stub.env()).start().call("set_instances", json!({"instances": [one], "action": "start"}));
    assert!(
        answer.error().contains("terminated instead of running: Client.InternalError"),
        "{}",
        answer.text
    );
}

#[test]
#[ignore = "runs fakecloud"]
fn terminating_shows_what_goes_and_asks() {
    let one = instance(
        aws(),
        "end-1",
        &[
            ("BlockDeviceMapping.1.DeviceName", "/dev/xvda"),
            ("BlockDeviceMapping.1.Ebs.VolumeSize", "9"),
            ("BlockDeviceMapping.1.Ebs.DeleteOnTermination", "true"),
            ("TagSpecification.1.Tag.2.Key", "aws:autoscaling:groupName"),
            ("TagSpecification.1.Tag.2.Value", "web"),
        ],
    );
    let mut server = EC2.start();
    let call = json!({"instances": [one]});
    let first = server.call("terminate_instances", call.clone());
    for part in ["terminate 1 instance, for good", "go too: vol-", "Auto Scaling group web", "\"confirm\":\""]
    {
        assert!(first.ok().contains(part), "{part}: {}", first.text);
    }
    assert_eq!(state(&one), "running");
    server.confirmed("terminate_instances", call).holds(&["terminated"]);
    assert_eq!(state(&one), "terminated");
    let kept = instance(aws(), "end-kept", &[]);
    let protect = [("InstanceId", kept.as_str()), ("DisableApiTermination.Value", "true")];
    ec2(aws(), "ModifyInstanceAttribute", &protect);
    let refused = server.call("terminate_instances", json!({"instances": [kept]}));
    assert!(
        refused.error().contains("protected from termination") && refused.text.contains("modify_instance"),
        "{}",
        refused.text
    );
}

#[test]
#[ignore = "runs fakecloud"]
fn an_instance_is_modified_with_a_difference() {
    let one = instance(aws(), "modify-1", &[]);
    let mut server = EC2.start();
    let bigger = json!({"instance": one, "instance_type": "t3.large"});
    let refused = server.call("modify_instance", bigger.clone());
    assert!(
        refused.error().contains("only while it is stopped") && refused.text.contains("set_instances"),
        "{}",
        refused.text
    );
    ec2(aws(), "StopInstances", &[("InstanceId.1", &one)]);
    let mut planned = bigger.clone();
    planned["dry_run"] = json!(true);
    let plan = server.call("modify_instance", planned);
    assert!(
        plan.ok().contains("-  \"type\": \"t3.micro\"") && plan.text.contains("+  \"type\": \"t3.large\""),
        "{}",
        plan.text
    );
    assert!(now("DescribeInstances", "InstanceId.1", &one).contains("t3.micro"));
    server.call("modify_instance", bigger).ok();
    assert!(now("DescribeInstances", "InstanceId.1", &one).contains("t3.large"));
    let safe = server.call(
        "modify_instance",
        json!({"instance": one, "imdsv2_only": true, "termination_protection": true}),
    );
    assert!(safe.ok().contains("[\"termination_protection\",\"imdsv2_only\"]"), "{}", safe.text);
    let open = server.call("modify_instance", json!({"instance": one, "imdsv2_only": false}));
    assert!(
        open.ok().contains("\"confirm\"") && open.text.contains("IMDSv1 gives the role's keys"),
        "{}",
        open.text
    );
    assert!(
        server
            .call("modify_instance", json!({"instance": one}))
            .error()
            .contains("nothing to change is given")
    );
}

#[test]
#[ignore = "runs fakecloud"]
fn tags_are_set_and_removed_with_a_difference() {
    let (one, two) = (volume(aws()), volume(aws()));
    let mut server = EC2.start();
    let call = json!({"resources": [one, two], "set": {"team": "data", "env": "test"}});
    let mut planned = call.clone();
    planned["dry_run"] = json!(true);
    let plan = server.call("tag_resources", planned);
    assert!(plan.ok().contains("+    \"team\": \"data\""), "{}", plan.text);
    server.call("tag_resources", call.clone()).ok();
    assert!(now("DescribeVolumes", "VolumeId.1", &two).contains("<value>data</value>"));
    let mut again = call;
    again["dry_run"] = json!(true);
    assert!(server.call("tag_resources", again).ok().contains("nothing changes"));
    server.call("tag_resources", json!({"resources": [two], "remove": ["team"]})).ok();
    assert!(!now("DescribeVolumes", "VolumeId.1", &two).contains("<value>data</value>"));
    let mut wrong = |call: Value| server.call("tag_resources", call).error().to_owned();
    assert!(wrong(json!({"resources": [one]})).contains("give `set`"));
    assert!(wrong(json!({"resources": [one], "set": {"aws:x": "y"}})).contains("only AWS itself"));
    assert!(wrong(json!({"resources": ["thing"], "set": {"a": "b"}})).contains("vol-0123456789abcdef0"));
}

/// What differs between two answers to the same question, tag by tag.
fn differences(before: &str, after: &str) -> Vec<String> {
    let tags = |text: &str| -> Vec<String> {
        text.split('<')
            .filter(|tag| !tag.to_lowercase().starts_with("requestid"))
            .map(str::to_owned)
            .collect()
    };
    let (before, after) = (tags(before), tags(after));
    assert_eq!(before.len(), after.len(), "{before:?} {after:?}");
    before.into_iter().zip(after).filter(|(one, other)| one != other).map(|(_, other)| other).collect()
}

#[test]
#[ignore = "runs fakecloud"]
fn what_a_change_does_not_name_stays_as_it_is() {
    let one = instance(
        aws(),
        "carried-1",
        &[("MetadataOptions.HttpTokens", "optional"), ("MetadataOptions.HttpPutResponseHopLimit", "3")],
    );
    let net = vpc(aws(), "10.77.0.0/16");
    let security = group(aws(), &net, "carried");
    let rule = [
        ("GroupId", security.as_str()),
        ("IpPermissions.1.IpProtocol", "tcp"),
        ("IpPermissions.1.FromPort", "80"),
        ("IpPermissions.1.ToPort", "81"),
        ("IpPermissions.1.IpRanges.1.CidrIp", "10.0.0.0/8"),
        ("IpPermissions.1.IpRanges.1.Description", "by hand"),
    ];
    ec2(aws(), "AuthorizeSecurityGroupIngress", &rule);
    let mut server = EC2.start();
    let look = || now("DescribeInstances", "InstanceId.1", &one);
    let before = look();
    server.call("modify_instance", json!({"instance": one, "imdsv2_only": true})).ok();
    assert_eq!(differences(&before, &look()), ["httpTokens>required"]);
    let before = look();
    server.call("modify_instance", json!({"instance": one, "source_dest_check": false})).ok();
    let changed = differences(&before, &look());
    assert!(changed.iter().all(|tag| tag == "sourceDestCheck>false"), "{changed:?}");
    // A tag that comes and goes, and a rule, leave all others as they were.
    let before = look();
    server.call("tag_resources", json!({"resources": [one], "set": {"aaa": "1"}})).ok();
    server.call("tag_resources", json!({"resources": [one], "remove": ["aaa"]})).ok();
    assert_eq!(differences(&before, &look()), Vec::<String>::new());
    let look = || now("DescribeSecurityGroups", "GroupId.1", &security);
    let before = look();
    for way in ["add", "remove"] {
        server.call("set_security_group", json!({"group": security, way: ["in tcp 443 from ::/0"]})).ok();
    }
    assert_eq!(differences(&before, &look()), Vec::<String>::new());
}

#[test]
#[ignore = "runs fakecloud"]
fn a_volume_is_made_attached_and_taken_away() {
    let one = instance(aws(), "attach-1", &[]);
    let mut server = EC2.start();
    let disk = made(
        server
            .call("create_volume", json!({"zone": "us-east-1a", "size_gib": 7, "name": "attach-disk"}))
            .ok(),
        "vol-",
    );
    assert!(now("DescribeVolumes", "VolumeId.1", &disk).contains("<encrypted>true</encrypted>"));
    let attach = json!({"volume": disk, "instance": one});
    let mut planned = attach.clone();
    planned["dry_run"] = json!(true);
    let plan = server.call("attach_volume", planned);
    assert!(plan.ok().contains(&format!("attach {disk} to {one} as /dev/sdf")), "{}", plan.text);
    assert!(server.call("attach_volume", attach.clone()).ok().contains("in-use"));
    assert!(server.call("attach_volume", attach).error().contains("is attached to"));
    let busy = server.call("delete_resources", json!({"volumes": [disk]}));
    assert!(busy.error().contains("attach_volume with detach first"), "{}", busy.text);
    let away = json!({"volume": disk, "instance": one, "detach": true});
    let mut planned = away.clone();
    planned["dry_run"] = json!(true);
    assert!(server.call("attach_volume", planned).ok().contains("unmount it there first"));
    assert!(server.call("attach_volume", away.clone()).ok().contains("available"));
    assert!(server.call("attach_volume", away).error().contains("is not attached to"));
    assert!(server.call("create_volume", json!({"zone": "us-east-1a"})).error().contains("give `size_gib`"));
    let far = made(server.call("create_volume", json!({"zone": "us-east-1b", "size_gib": 5})).ok(), "vol-");
    let apart = server.call("attach_volume", json!({"volume": far, "instance": one}));
    assert!(apart.error().contains("is in us-east-1b"), "{}", apart.text);
}

#[test]
#[ignore = "runs fakecloud"]
fn snapshots_and_images_are_made_and_deleted() {
    let disk = volume(aws());
    let one = instance(aws(), "image-1", &[]);
    let mut server = EC2.start();
    let snapshot = made(server.call("create_snapshot", json!({"volume": disk, "name": "s"})).ok(), "snap-");
    assert!(server.call("create_snapshot", json!({})).error().contains("give `volume` or `instance`"));
    let plan = server.call("create_image", json!({"instance": one, "name": "image-of-1", "dry_run": true}));
    assert!(
        plan.ok().contains("make the image image-of-1") && plan.text.contains("not yet written to disk"),
        "{}",
        plan.text
    );
    let image = made(
        server.call("create_image", json!({"instance": one, "name": "image-of-1", "wait": true})).ok(),
        "ami-",
    );
    let plan =
        server.call("delete_resources", json!({"images": [image], "snapshots": [snapshot], "dry_run": true}));
    assert!(plan.ok().contains("image-of-1") && plan.text.contains(&snapshot), "{}", plan.text);
    let gone = server.confirmed("delete_resources", json!({"images": [image], "snapshots": [snapshot]}));
    assert_eq!(gone.ok().matches("deleted").count(), 2, "{}", gone.text);
    let again = server.call("delete_resources", json!({"snapshots": [snapshot]}));
    assert!(again.error().contains("list_snapshots"), "{}", again.text);
    assert!(server.call("delete_resources", json!({})).error().contains("name what to delete"));
}

#[test]
#[ignore = "runs fakecloud"]
fn one_of_several_that_cannot_go_does_not_keep_the_others() {
    let (one, two) = (volume(aws()), volume(aws()));
    let stuck = one.clone();
    let stub = Stub::before(aws(), move |request| {
        let form = request.json();
        match request.operation() {
            "DeleteVolume" if form["VolumeId"] == stuck.as_str() && form["DryRun"] != "true" => {
                Response::error(400, "VolumeInUse", "it is busy")
            }
            _ => Response::HandOn,
        }
    });
    let mut server = EC2.at(stub.env()).start();
    let told = server.confirmed("delete_resources", json!({"volumes": [one, two]}));
    told.holds(&[&format!("{one}\tleft: "), &format!("{two}\tdeleted")]);
}

#[test]
#[ignore = "runs fakecloud"]
fn a_security_group_is_made_and_changed_with_a_difference() {
    let net = vpc(aws(), "10.70.0.0/16");
    let mut server = EC2.start();
    let text = server.call(
        "set_security_group",
        json!({"name": "set-web", "vpc": net, "add": ["in tcp 443 from 0.0.0.0/0 # web"]}),
    );
    let one = made(text.ok(), "sg-");
    let change = json!({"group": one, "add": ["in tcp 8080 from 10.0.0.0/8"], "remove": ["in tcp 443 from 0.0.0.0/0"]});
    let mut planned = change.clone();
    planned["dry_run"] = json!(true);
    let plan = server.call("set_security_group", planned);
    assert!(
        plan.ok().contains("-  \"in tcp 443 from 0.0.0.0/0 # web\"")
            && plan.text.contains("+  \"in tcp 8080 from 10.0.0.0/8\""),
        "{}",
        plan.text
    );
    assert!(now("DescribeSecurityGroups", "GroupId.1", &one).contains("443"));
    server.call("set_security_group", change).ok();
    let rules = now("DescribeSecurityGroups", "GroupId.1", &one);
    assert!(rules.contains("8080") && !rules.contains("<fromPort>443</fromPort>"), "{rules}");
    let same = server.call(
        "set_security_group",
        json!({"group": one, "add": ["in tcp 8080 from 10.0.0.0/8"], "dry_run": true}),
    );
    assert!(same.ok().contains("nothing changes"), "{}", same.text);
    let twice = server.call("set_security_group", json!({"name": "set-web", "vpc": net}));
    assert!(twice.error().contains(&one), "{}", twice.text);
    let mut wrong = |call: Value| server.call("set_security_group", call).error().to_owned();
    assert!(wrong(json!({"group": one, "add": ["open everything"]})).contains("in tcp 443 from 0.0.0.0/0"));
    assert!(wrong(json!({"group": one, "remove": ["in tcp 1 from 10.0.0.0/8"]})).contains("it has no rule"));
    assert!(wrong(json!({"add": ["in tcp 80 from 10.0.0.0/8"]})).contains("give `group`"));
    assert!(wrong(json!({"group": "sg-0123456789abcdef0"})).contains("list_security_groups"));
}

#[test]
#[ignore = "runs fakecloud"]
fn opening_an_admin_port_to_the_world_asks_first() {
    let net = vpc(aws(), "10.71.0.0/16");
    let one = group(aws(), &net, "set-admin");
    let mut server = EC2.start();
    for rule in ["in tcp 22 from 0.0.0.0/0", "in tcp 3000-4000 from ::/0", "in all from 0.0.0.0/0"] {
        let asked = server.call("set_security_group", json!({"group": one, "add": [rule]}));
        assert!(
            asked.ok().contains("the whole internet may then reach") && asked.text.contains("\"confirm\""),
            "{}",
            asked.text
        );
    }
    assert!(!now("DescribeSecurityGroups", "GroupId.1", &one).contains("<fromPort>22</fromPort>"));
    let done =
        server.confirmed("set_security_group", json!({"group": one, "add": ["in tcp 22 from 0.0.0.0/0"]}));
    done.holds(&["in tcp 22 from 0.0.0.0/0"]);
    assert!(now("DescribeSecurityGroups", "GroupId.1", &one).contains("<fromPort>22</fromPort>"));
    // A web port, and an office, are not asked about.
    let plain = server.call(
        "set_security_group",
        json!({"group": one, "add": ["in tcp 443 from 0.0.0.0/0", "in tcp 3389 from 203.0.113.0/24"]}),
    );
    assert!(plain.ok().contains("added"), "{}", plain.text);
}

#[test]
#[ignore = "runs fakecloud"]
fn a_network_is_built_part_by_part() {
    let mut server = EC2.start();
    let mut make = |call: Value, prefix: &str| made(server.call("create_network", call).ok(), prefix);
    let net = make(json!({"part": "vpc", "cidr": "10.72.0.0/16", "name": "built"}), "vpc-");
    let open = make(
        json!({"part": "subnet", "vpc": net, "cidr": "10.72.1.0/24", "zone": "us-east-1a", "public": true}),
        "subnet-",
    );
    let inner =
        make(json!({"part": "subnet", "vpc": net, "cidr": "10.72.2.0/24", "zone": "us-east-1a"}), "subnet-");
    let gateway = make(json!({"part": "internet_gateway", "vpc": net}), "igw-");
    let table = make(json!({"part": "route_table", "vpc": net, "subnets": [open]}), "rtb-");
    let out = json!({"part": "route", "route_table": table, "destination": "0.0.0.0/0", "target": gateway});
    make(out.clone(), "rtb-");
    let nat = make(json!({"part": "nat_gateway", "subnets": [open]}), "nat-");
    let own = make(json!({"part": "route_table", "vpc": net, "subnets": [inner]}), "rtb-");
    make(json!({"part": "route", "route_table": own, "destination": "0.0.0.0/0", "target": nat}), "rtb-");
    make(json!({"part": "endpoint", "vpc": net, "service": "s3", "route_table": own}), "vpce-");
    let one = instance(aws(), "built-1", &[("SubnetId", &inner), ("PrivateIpAddress", "10.72.2.10")]);
    let way = server.call("check_reachability", json!({"from": one, "to": "internet"}));
    assert!(way.ok().contains("\"reachable\":\"yes\"") && way.text.contains(&nat), "{}", way.text);
    let twice = server.call("create_network", out);
    assert!(twice.error().contains("it has a route to 0.0.0.0/0 already"), "{}", twice.text);
    let twin = server.call("create_network", json!({"part": "vpc", "cidr": "10.72.0.0/16", "dry_run": true}));
    assert!(twin.ok().contains("can never be peered") && twin.text.contains(&net), "{}", twin.text);
    let mut wrong = |call: Value| server.call("create_network", call).error().to_owned();
    assert!(wrong(json!({"part": "subnet", "cidr": "10.72.3.0/24"})).contains("needs `vpc`"));
    assert!(wrong(json!({"part": "vpc", "cidr": "10.72.3.1/24"})).contains("the network is 10.72.3.0/24"));
    assert!(
        wrong(
            json!({"part": "route", "route_table": own, "destination": "10.0.0.0/8", "target": "somewhere"})
        )
        .contains("igw-")
    );
    assert!(wrong(json!({"part": "moat"})).contains("nat_gateway"));
}

#[test]
#[ignore = "runs fakecloud"]
fn what_was_made_before_a_failure_is_told() {
    let net = vpc(aws(), "10.76.0.0/16");
    let place = subnet(aws(), &net, "10.76.1.0/24");
    let stub = Stub::before(aws(), |request| {
        let dry = request.json()["DryRun"] == "true";
        match request.operation() {
            "CreateNatGateway" if !dry => Response::error(400, "NatGatewayLimitExceeded", "five are enough"),
            "AttachInternetGateway" => Response::error(400, "Resource.AlreadyAssociated", "it has one"),
            "AuthorizeSecurityGroupIngress" if !dry => {
                Response::error(400, "RulesPerSecurityGroupLimitExceeded", "60")
            }
            _ => Response::HandOn,
        }
    });
    let mut server = EC2.at(stub.env()).start();
    let nat = server.call("create_network", json!({"part": "nat_gateway", "subnets": [place]}));
    assert!(
        nat.error().contains("allocated eipalloc-") && nat.text.contains("five are enough"),
        "{}",
        nat.text
    );
    let gateway = server.call("create_network", json!({"part": "internet_gateway", "vpc": net}));
    assert!(gateway.error().contains("was created but is not attached"), "{}", gateway.text);
    let call = json!({"name": "half", "vpc": net, "add": ["in tcp 80 from 10.0.0.0/8"]});
    let group = server.call("set_security_group", call);
    assert!(group.error().contains("was created; call again with `group` sg-"), "{}", group.text);
}

#[test]
#[ignore = "runs fakecloud"]
fn an_address_is_given_and_two_networks_are_peered() {
    let mut server = EC2.start();
    let one = instance(aws(), "address-1", &[]);
    let text = server.call("create_network", json!({"part": "elastic_ip", "instance": one}));
    let address = made(text.ok(), "eipalloc-");
    assert!(text.text.contains(&format!("given to {one}")), "{}", text.text);
    let busy = server.call("delete_resources", json!({"addresses": [address]}));
    assert!(busy.error().contains(&format!("{address} belongs to")), "{}", busy.text);
    let (left, right) = (vpc(aws(), "10.73.0.0/16"), vpc(aws(), "10.74.0.0/16"));
    let peered = server.call("create_network", json!({"part": "peering", "vpc": left, "peer_vpc": right}));
    assert!(peered.ok().contains("pcx-") && peered.text.contains("active"), "{}", peered.text);
}

#[test]
#[ignore = "runs fakecloud"]
fn a_private_key_goes_to_a_private_file_and_nowhere_else() {
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().to_str().unwrap().to_owned();
    let mut server = EC2.and(&["--allow-dir", &place]).start();
    let call = json!({"name": "own-key", "path": "keys/own.pem"});
    let done = server.call("create_key_pair", call.clone());
    assert!(done.ok().contains("keys/own.pem") && !done.text.contains("PRIVATE KEY"), "{}", done.text);
    let file = dir.path().join("keys/own.pem");
    let key = std::fs::read_to_string(&file).unwrap();
    assert!(key.contains("PRIVATE KEY"), "{key}");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!server.messages().iter().any(|message| format!("{message:?}").contains("PRIVATE KEY")));
    assert!(!server.stderr().contains("PRIVATE KEY"));
    assert!(server.call("create_key_pair", call).error().contains("exists already"));
    let other = server.call("create_key_pair", json!({"name": "own-key", "path": "other.pem"}));
    assert!(other.error().contains("there is a key pair own-key already"), "{}", other.text);
    let outside = server.call("create_key_pair", json!({"name": "k2", "path": "/etc/k2.pem"}));
    assert!(outside.error().contains("outside the directories"), "{}", outside.text);
    let mut closed = EC2.start();
    assert!(
        closed
            .call("create_key_pair", json!({"name": "k3", "path": "k3.pem"}))
            .error()
            .contains("--allow-dir")
    );
}

#[test]
#[ignore = "runs fakecloud"]
fn a_key_that_cannot_be_kept_is_not_left_behind() {
    let dir = tempfile::tempdir().unwrap();
    let stub = Stub::before(aws(), |request| match request.operation() {
        // It comes without its private half.
        "CreateKeyPair" if request.json()["DryRun"] != "true" => Response::new(
            200,
            "<CreateKeyPairResponse><keyName>lost-key</keyName><keyPairId>key-0123456789abcdef0</keyPairId></CreateKeyPairResponse>",
        ),
        _ => Response::HandOn,
    });
    let mut server = EC2.at(stub.env()).and(&["--allow-dir", dir.path().to_str().unwrap()]).start();
    let failed = server.call("create_key_pair", json!({"name": "lost-key", "path": "lost.pem"}));
    assert!(failed.error().contains("the key pair lost-key was deleted again"), "{}", failed.text);
    assert_eq!(stub.of("DeleteKeyPair").len(), 1);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
#[ignore = "runs fakecloud"]
fn what_changes_is_off_until_it_is_allowed() {
    let mut server = EC2.only(&["--toolsets", "all"]).start();
    let names: Vec<String> =
        server.tools().iter().map(|tool| tool["name"].as_str().unwrap_or_default().to_owned()).collect();
    for off in ["run_instances", "terminate_instances", "run_command", "get_user_data", "set_security_group"]
    {
        assert!(!names.iter().any(|name| name == off), "{off}");
    }
    assert!(names.iter().any(|name| name == "check_reachability"));
    let one = subnet(aws(), &vpc(aws(), "10.75.0.0/16"), "10.75.1.0/24");
    let refused = server.call("tag_resources", json!({"resources": [one], "set": {"a": "b"}}));
    assert!(refused.error().contains("--allow write"), "{}", refused.text);
    let lost = id(&ec2(aws(), "AllocateAddress", &[("Domain", "vpc")]), "allocationId");
    assert!(
        server.call("delete_resources", json!({"addresses": [lost]})).error().contains("--allow destroy")
    );
}
