//! Auto Scaling groups and the targets of load balancers.

use awsmcp_testing::{LocalAws, Request, Response, Server, Stub, expect};
use serde_json::{Value, json};

use crate::cloud::{autoscaling, balancing, id, scaling_group, target_group, vpc};
use crate::query::answer;
use crate::world::EC2;

const GROUP: &str =
    "arn:aws:autoscaling:us-east-1:123456789012:autoScalingGroup:0b5c-1:autoScalingGroupName/web";

fn member(id: &str, state: &str, protected: bool) -> Value {
    json!({"InstanceId": id, "InstanceType": "t3.micro", "AvailabilityZone": "us-east-1a", "LifecycleState": state,
        "HealthStatus": "Healthy", "ProtectedFromScaleIn": protected})
}

/// A group of 2 to 6, of which 3 are wanted and there.
fn group(name: &str, more: Value) -> Value {
    let mut whole = json!({
        "AutoScalingGroupName": name, "AutoScalingGroupARN": GROUP, "MinSize": 2, "MaxSize": 6, "DesiredCapacity": 3,
        "DefaultCooldown": 300, "AvailabilityZones": ["us-east-1a"], "HealthCheckType": "ELB",
        "HealthCheckGracePeriod": 60, "CreatedTime": "2026-11-01T00:00:00Z", "TerminationPolicies": ["OldestInstance"],
        "Instances": [member("i-1", "InService", false), member("i-2", "InService", true), member("i-3", "Standby", false),
            member("i-4", "InService", false)],
    });
    whole.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
    whole
}

/// An Auto Scaling whose one group is this.
fn of(one: Value) -> Stub {
    Stub::start(move |request| match request.operation() {
        "DescribeAutoScalingGroups" => answer(request, &json!({"AutoScalingGroups": [one.clone()]})),
        _ => answer(request, &json!({})),
    })
}

fn server(stub: &Stub) -> Server {
    EC2.at(stub.env()).set("AWS_REGION", "us-east-1").start()
}

#[test]
fn groups_are_listed_by_the_start_of_their_names_page_by_page() {
    let aws = LocalAws::shared();
    for name in ["list-web-1", "list-web-2", "list-db"] {
        scaling_group(aws, name, "2", &[]);
    }
    let mut server = EC2.at(aws.env()).start();
    let found = server.call("list_scaling_groups", json!({"name": "list-web"}));
    found.holds(&["launch configuration list-web-1", "us-east-1a"]);
    assert_eq!(found.column("name"), ["list-web-1", "list-web-2"]);
    assert_eq!(found.column("in_service"), ["2", "2"]);
    let pages = server.pages("list_scaling_groups", json!({"name": "list-*", "limit": 1}));
    let names: Vec<&str> = pages.iter().flat_map(|page| page.column("name")).collect();
    assert_eq!(names, ["list-web-1", "list-web-2", "list-db"]);
}

#[test]
fn a_name_is_looked_for_on_the_pages_behind_and_a_tag_is_a_filter() {
    let stub = Stub::start(|request| {
        let page = |names: &[&str], next: Option<&str>| {
            let groups: Vec<Value> = names.iter().map(|name| group(name, json!({}))).collect();
            answer(request, &json!({"AutoScalingGroups": groups, "NextToken": next}))
        };
        match request.json()["NextToken"].as_str() {
            None => page(&["a", "b"], Some("2")),
            Some("2") => page(&[], Some("3")),
            Some(_) => page(&["web-1", "a-web"], None),
        }
    });
    let mut server = server(&stub);
    let found = server.call("list_scaling_groups", json!({"name": "web", "tag": "team=data"}));
    assert_eq!(found.column("name"), ["web-1"]);
    let asked = stub.of("DescribeAutoScalingGroups")[0].json();
    assert_eq!(asked["Filters.member.1.Name"], "tag:team", "{asked}");
    assert_eq!(asked["Filters.member.1.Values.member.1"], "data", "{asked}");
}

#[test]
fn a_group_shows_what_scales_it_and_what_holds_it() {
    let aws = LocalAws::shared();
    scaling_group(aws, "shown", "4", &[]);
    let policy = [
        ("AutoScalingGroupName", "shown"),
        ("PolicyName", "cpu"),
        ("PolicyType", "TargetTrackingScaling"),
        ("TargetTrackingConfiguration.TargetValue", "60"),
        (
            "TargetTrackingConfiguration.PredefinedMetricSpecification.PredefinedMetricType",
            "ASGAverageCPUUtilization",
        ),
    ];
    autoscaling(aws, "PutScalingPolicy", &policy);
    let nights = [
        ("AutoScalingGroupName", "shown"),
        ("ScheduledActionName", "nights"),
        ("Recurrence", "0 20 * * *"),
        ("MinSize", "0"),
        ("DesiredCapacity", "0"),
    ];
    autoscaling(aws, "PutScheduledUpdateGroupAction", &nights);
    let hook = [
        ("AutoScalingGroupName", "shown"),
        ("LifecycleHookName", "boot"),
        ("LifecycleTransition", "autoscaling:EC2_INSTANCE_LAUNCHING"),
        ("HeartbeatTimeout", "600"),
        ("DefaultResult", "ABANDON"),
    ];
    autoscaling(aws, "PutLifecycleHook", &hook);
    let mut server = EC2.at(aws.env()).start();
    let shown = server.call("describe_scaling_group", json!({"group": "shown"}));
    shown.holds(&[
        "\"in_service\":4",
        "it is at its max of 4: no policy adds to it",
        "cpu: keeps ASGAverageCPUUtilization at 60",
        "nights: min 0, desired 0",
        "boot: at autoscaling:EC2_INSTANCE_LAUNCHING, waits up to 600 s, then ABANDON",
    ]);
    shown.lacks(&["could not be read"]);
    server.call("describe_scaling_group", json!({"group": "sho"})).fails(&["list_scaling_groups"]);
}

#[test]
fn an_activity_that_failed_is_told_with_its_cause_and_what_cannot_be_read_is_said() {
    let stub = Stub::start(|request| match request.operation() {
        "DescribeAutoScalingGroups" => {
            let suspended = json!([{"ProcessName": "Launch", "SuspensionReason": "User suspended at 2026-11-30T09:00:00Z"}]);
            let one = group("web", json!({"SuspendedProcesses": suspended}));
            answer(request, &json!({"AutoScalingGroups": [one]}))
        }
        "DescribeScalingActivities" => answer(
            request,
            &json!({"Activities": [{"ActivityId": "a", "AutoScalingGroupName": "web", "StartTime": "2026-11-30T10:00:00Z",
                "Description": "Launching a new EC2 instance.  Status Reason: no capacity", "StatusCode": "Failed",
                "StatusMessage": "We currently do not have sufficient capacity", "Cause": "At 2026-11-30T10:00:00Z a user \
                request changed the desired capacity from 2 to 3."}]}),
        ),
        "DescribePolicies" => Response::denied("autoscaling:DescribePolicies"),
        "DescribeInstanceRefreshes" => answer(
            request,
            &json!({"InstanceRefreshes": [{"Status": "Failed", "PercentageComplete": 40, "InstancesToUpdate": 0,
                "StatusReason": "an alarm went off"}]}),
        ),
        _ => answer(request, &json!({})),
    });
    let shown = server(&stub).call("describe_scaling_group", json!({"group": GROUP, "activities": 1}));
    shown.holds(&[
        "Launch is suspended: no instance is launched",
        "Launch: User suspended at",
        "its last activity failed",
        "We currently do not have sufficient capacity",
        "changed the desired capacity from 2 to 3",
        "Failed, 40 %, 0 instances left: an alarm went off",
        "policies could not be read",
    ]);
    // It is not known whether anything scales it.
    shown.lacks(&["nothing scales it"]);
    assert_eq!(stub.of("DescribeScalingActivities")[0].json()["MaxRecords"], "1");
    let gone = GROUP.replace("0b5c-1", "0b5c-0");
    server(&stub)
        .call("describe_scaling_group", json!({"group": gone}))
        .fails(&["another one is called web now"]);
}

/// All that Auto Scaling says of a group, but for its instances and one more field.
fn whole(aws: &LocalAws, name: &str, without: &str) -> String {
    let all =
        autoscaling(aws, "DescribeAutoScalingGroups", &[("AutoScalingGroupNames.member.1", name)]).text();
    let cut = |text: String, element: &str| match text.split_once(&format!("<{element}>")) {
        Some((before, rest)) => {
            let (_, behind) = rest.split_once(&format!("</{element}>")).unwrap();
            format!("{before}{behind}")
        }
        None => text,
    };
    let all = cut(cut(all, "Instances"), without);
    cut(all, "RequestId")
}

#[test]
fn a_size_is_set_and_the_rest_stays_and_fewer_instances_are_asked_about() {
    let aws = LocalAws::shared();
    scaling_group(aws, "sized", "3", &[("HealthCheckGracePeriod", "77"), ("DefaultCooldown", "123")]);
    let before = whole(aws, "sized", "DesiredCapacity");
    let mut server = EC2.at(aws.env()).start();
    let more = server.call("scale_group", json!({"group": "sized", "desired": 4}));
    more.holds(&["\"desired\":4", "describe_scaling_group"]).lacks(&["confirm"]);
    let plan = server.plan("scale_group", json!({"group": "sized", "desired": 1}));
    plan.holds(&[
        "desired 1 instead of 4, min 1 as it is, max 4 as it is; 3 of these 4 instances end",
        "us-east-1a",
    ]);
    assert_eq!(plan.column("id").len(), 4);
    server.confirmed("scale_group", json!({"group": "sized", "desired": 1})).holds(&["\"desired\":1"]);
    assert_eq!(whole(aws, "sized", "DesiredCapacity"), before);
    let same = server.plan("scale_group", json!({"group": "sized", "desired": 1}));
    same.holds(&["leave sized as it is: nothing changes"]);
}

#[test]
fn a_plan_that_ends_instances_reads_so() {
    let more = json!({"SuspendedProcesses": [{"ProcessName": "Terminate"}], "Tags": [{"Key": "eks:cluster-name",
        "Value": "prod", "PropagateAtLaunch": true, "ResourceId": "web", "ResourceType": "auto-scaling-group"}]});
    let stub = of(group("web", more));
    server(&stub).plan("scale_group", json!({"group": "web", "min": 0, "desired": 0})).shows(expect![[r#"
        dry run, nothing was changed. scale_group would set web: desired 0 instead of 3, min 0 instead of 2, max 6 as it is; 3 instances end, all that it has
        warning: 1 instance protected: fewer end than the size asks for
        warning: what is only on disks that go with them is lost
        warning: Terminate is suspended: none ends until it is resumed
        warning: it belongs to EKS cluster prod, which may set its size back
        id	zone	type	state	health	protected
        i-1	us-east-1a	t3.micro	InService	Healthy	false
        i-2	us-east-1a	t3.micro	InService	Healthy	true
        i-4	us-east-1a	t3.micro	InService	Healthy	false
        3 rows"#]]);
    assert!(stub.of("UpdateAutoScalingGroup").is_empty());
}

#[test]
fn a_desired_size_out_of_bounds_is_refused_before_anything_is_sent() {
    let stub = of(group("web", json!({})));
    let mut server = server(&stub);
    for (call, why) in [
        (json!({"desired": 7}), "its max is 6"),
        (json!({"desired": 1}), "its min is 2"),
        (json!({"min": 7}), "more than the group's max 6"),
        (json!({"min": 4, "desired": 3}), "`min` is at most `desired`"),
        (json!({}), "give `desired`"),
        (json!({"max": 50, "desired": 9}), "--max-instances"),
    ] {
        let mut call = call;
        call["group"] = json!("web");
        server.call("scale_group", call.clone()).fails(&[why]);
    }
    assert!(stub.of("UpdateAutoScalingGroup").is_empty());
}

#[test]
fn a_group_that_moved_while_it_was_asked_about_is_left_alone() {
    for (name, other) in [
        ("size", json!({"DesiredCapacity": 4})),
        (
            "instances",
            json!({"Instances": [member("i-1", "InService", false), member("i-9", "InService", false)]}),
        ),
        ("another", json!({"AutoScalingGroupARN": GROUP.replace("0b5c-1", "0b5c-2")})),
    ] {
        let stub = Stub::start(move |request| match (request.operation(), request.nth) {
            ("DescribeAutoScalingGroups", 1 | 2) => {
                answer(request, &json!({"AutoScalingGroups": [group("web", json!({}))]}))
            }
            ("DescribeAutoScalingGroups", _) => {
                answer(request, &json!({"AutoScalingGroups": [group("web", other.clone())]}))
            }
            _ => answer(request, &json!({})),
        });
        let told = server(&stub).confirmed("scale_group", json!({"group": "web", "desired": 2}));
        told.fails(&["web changed since the plan; nothing was done"]);
        assert!(stub.of("UpdateAutoScalingGroup").is_empty(), "{name}");
    }
}

#[test]
fn only_the_sizes_that_change_are_sent_and_a_lost_answer_is_not_known() {
    let stub = Stub::start(|request| match (request.operation(), request.nth) {
        ("DescribeAutoScalingGroups", _) => {
            answer(request, &json!({"AutoScalingGroups": [group("web", json!({}))]}))
        }
        ("UpdateAutoScalingGroup", 1) => answer(request, &json!({})),
        _ => Response::HangUp,
    });
    let mut server = server(&stub);
    // A minimum above what is there takes the size along, as AWS does.
    server.call("scale_group", json!({"group": "web", "min": 5})).holds(&["\"desired\":5", "\"max\":6"]);
    let sent = stub.of("UpdateAutoScalingGroup")[0].json();
    assert_eq!((&sent["MinSize"], &sent["DesiredCapacity"]), (&json!("5"), &json!("5")), "{sent}");
    assert_eq!((sent.get("MaxSize"), sent.get("LaunchConfigurationName")), (None, None), "{sent}");
    let lost = server.call("scale_group", json!({"group": "web", "max": 8}));
    lost.fails(&["UpdateAutoScalingGroup", "describe_scaling_group"]);
}

#[test]
fn a_group_is_held_to_the_operators_list_by_its_name() {
    let stub = of(group("web", json!({})));
    let start = |pattern: &str| {
        let flags = ["--allow", "write", "--toolsets", "all", "--allow-arn", pattern];
        EC2.at(stub.env()).only(&flags).set("AWS_REGION", "us-east-1").start()
    };
    let groups =
        |name: &str| format!("arn:aws:autoscaling:*:*:autoScalingGroup:*:autoScalingGroupName/{name}");
    let mut outside = start(&groups("db*"));
    for call in [
        ("scale_group", json!({"group": "web", "desired": 4})),
        ("describe_scaling_group", json!({"group": "web"})),
    ] {
        outside.call(call.0, call.1).fails(&["outside what the operator allowed"]);
    }
    outside.call("list_scaling_groups", json!({})).lacks(&["\tus-east-1a"]);
    assert!(stub.of("UpdateAutoScalingGroup").is_empty());
    let mut within = start(&groups("web"));
    within.call("scale_group", json!({"group": "web", "desired": 4})).holds(&["\"desired\":4"]);
    within.call("list_scaling_groups", json!({})).holds(&["us-east-1a"]);
}

#[test]
fn the_targets_of_a_balancer_are_found_by_its_name() {
    let aws = LocalAws::shared();
    let net = vpc(aws, "10.91.0.0/16");
    let targets = target_group(aws, "front-web", &net);
    let parameters =
        [("Name", "front"), ("Subnets.member.1", "subnet-01234567"), ("Subnets.member.2", "subnet-76543210")];
    let balancer = id(&balancing(aws, "CreateLoadBalancer", &parameters), "LoadBalancerArn");
    let listens = [
        ("LoadBalancerArn", balancer.as_str()),
        ("Protocol", "HTTP"),
        ("Port", "80"),
        ("DefaultActions.member.1.Type", "forward"),
        ("DefaultActions.member.1.TargetGroupArn", &targets),
    ];
    balancing(aws, "CreateListener", &listens);
    let one = [("TargetGroupArn", targets.as_str()), ("Targets.member.1.Id", "i-0123456789abcdef0")];
    balancing(aws, "RegisterTargets", &one);
    let mut server = EC2.at(aws.env()).start();
    for call in [
        json!({"load_balancer": "front"}),
        json!({"load_balancer": balancer}),
        json!({"target_group": "front-web"}),
        json!({"target_group": targets}),
    ] {
        server.call("check_target_health", call).holds(&[
            "\"name\":\"front-web\"",
            "i-0123456789abcdef0",
            "\"healthy\":1",
        ]);
    }
    server
        .call("check_target_health", json!({"load_balancer": "back"}))
        .fails(&["classic one has no target groups"]);
    server
        .call("check_target_health", json!({"target_group": "web", "load_balancer": "front"}))
        .fails(&["give one of"]);
}

/// Two target groups, of instances and of addresses, on two pages.
fn two_groups(request: &Request) -> Value {
    let one = |name: &str, kind: &str| {
        json!({"TargetGroupArn": format!("arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/{name}/1"),
            "TargetGroupName": name, "TargetType": kind, "Protocol": "HTTP", "Port": 80, "VpcId": "vpc-01234567",
            "HealthCheckProtocol": "HTTP", "HealthCheckPort": "traffic-port", "HealthCheckPath": "/health",
            "Matcher": {"HttpCode": "200"}, "LoadBalancerArns":
                ["arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/front/2"]})
    };
    match request.json()["Marker"].as_str() {
        None => json!({"TargetGroups": [one("by-id", "instance"), one("fun", "lambda")], "NextMarker": "2"}),
        Some(_) => json!({"TargetGroups": [one("by-address", "ip"), one("other", "ip")]}),
    }
}

fn balanced() -> Stub {
    Stub::start(|request| {
        let state = |id: &str, state: &str, reason: &str, words: &str| {
            json!({"Target": {"Id": id, "Port": 8080}, "HealthCheckPort": "8080",
                "TargetHealth": {"State": state, "Reason": reason, "Description": words}})
        };
        match request.operation() {
            "DescribeInstances" => Response::new(
                200,
                "<DescribeInstancesResponse><reservationSet><item><instancesSet><item><instanceId>i-0123456789abcdef0\
                 </instanceId><vpcId>vpc-01234567</vpcId><privateIpAddress>10.0.0.7</privateIpAddress></item></instancesSet>\
                 </item></reservationSet></DescribeInstancesResponse>",
            ),
            "DescribeTargetGroups" => answer(request, &two_groups(request)),
            "DescribeTargetHealth" => {
                let arn = request.json()["TargetGroupArn"].as_str().unwrap_or_default().to_owned();
                let healthy =
                    json!({"Target": {"Id": "i-0fedcba9876543210"}, "TargetHealth": {"State": "healthy"}});
                let rows = match arn.split('/').nth(1) {
                    Some("by-id") => vec![
                        healthy,
                        state("i-0123456789abcdef0", "unhealthy", "Target.Timeout", "Request timed out"),
                    ],
                    Some("by-address") => {
                        vec![state(
                            "10.0.0.7",
                            "unhealthy",
                            "Target.ResponseCodeMismatch",
                            "Health checks failed with these codes: [503]",
                        )]
                    }
                    _ => vec![state("10.0.0.8", "draining", "Target.DeregistrationInProgress", "")],
                };
                answer(request, &json!({"TargetHealthDescriptions": rows}))
            }
            _ => answer(request, &json!({})),
        }
    })
}

#[test]
fn an_instance_is_found_by_its_id_and_its_address_on_every_page() {
    let stub = balanced();
    let found = server(&stub).call("check_target_health", json!({"instance": "i-0123456789abcdef0"}));
    found.holds(&[
        "\"name\":\"by-id\"",
        "Target.Timeout: Request timed out",
        r#"check_reachability {\"from\":\"front\",\"to\":\"i-0123456789abcdef0\",\"port\":8080}"#,
        "\"name\":\"by-address\"",
        "[503]",
        "10.0.0.7 answers, but not with HTTP 200 on /health",
        "HTTP on the port of each target, /health, wants HTTP 200",
    ]);
    found.lacks(&["i-0fedcba9876543210", "\"name\":\"other\"", "10.0.0.8"]);
    // A function is no instance.
    assert_eq!(stub.of("DescribeTargetHealth").len(), 3);
}

#[test]
fn target_groups_outside_of_the_operators_list_are_left_out_and_counted() {
    let stub = balanced();
    let start = |pattern: &str| {
        let flags =
            ["--toolsets", "all", "--allow-arn", "arn:aws:ec2:*:*:instance/*", "--allow-arn", pattern];
        EC2.at(stub.env()).only(&flags).set("AWS_REGION", "us-east-1").start()
    };
    let mut server = start("arn:aws:elasticloadbalancing:*:*:targetgroup/by-id/*");
    let found = server.call("check_target_health", json!({"instance": "i-0123456789abcdef0"}));
    found
        .holds(&["\"name\":\"by-id\"", "2 more are outside what the operator allowed"])
        .lacks(&["by-address"]);
    let mut server = start("arn:aws:elasticloadbalancing:*:*:targetgroup/none/*");
    server
        .call("check_target_health", json!({"target_group": "by-id"}))
        .fails(&["outside what the operator allowed"]);
}
