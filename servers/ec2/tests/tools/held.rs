//! Each look alone holds a call to the operator's list: what the tools ask for is what their arguments name, and a request
//! that names something else is not sent although nobody judged the arguments.

use std::sync::{Arc, Mutex};

use aws_sdk_ec2::config::Credentials;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use awsmcp_mcp::{Answer, Caller, Confirm, Engine, Looks, Risk, Settings};
use awsmcp_sdk::{Session, SessionConfig};
use serde_json::{Value, json};

/// The ending of every id that the operator allows, and of every other.
const OURS: &str = "0123456789abcdef0";
const THEIRS: &str = "0fedcba9876543210";

/// All that the operator allows by name.
const NAMED: &[&str] = &[
    "instance/i-",
    "volume/vol-",
    "security-group/sg-",
    "subnet/subnet-",
    "vpc/vpc-",
    "route-table/rtb-",
    "elastic-ip/eipalloc-",
    "key-pair/web-",
    "launch-template/lt-",
    "natgateway/nat-",
    "network-interface/eni-",
];

/// One call, and what it touches that has no name yet.
struct Row {
    tool: &'static str,
    arguments: Value,
    /// Patterns of what is made, behind the account.
    more: &'static [&'static str],
}

fn row(tool: &'static str, arguments: &str, more: &'static [&'static str]) -> Row {
    let arguments = arguments.replace('@', OURS);
    Row { tool, arguments: serde_json::from_str(&arguments).unwrap(), more }
}

fn rows() -> Vec<Row> {
    const LAUNCHED: &[&str] = &["instance/*", "volume/*", "network-interface/*"];
    vec![
        row(
            "run_instances",
            r#"{"image": "ami-@", "instance_type": "t3.micro", "subnet": "subnet-@", "security_groups": ["sg-@"],
                "key_pair": "web-@", "launch_template": "lt-@", "instance_profile": "web", "name": "n", "no_wait": true}"#,
            LAUNCHED,
        ),
        row(
            "run_instances",
            r#"{"image": "ami-@", "instance_type": "t3.micro", "subnet": "subnet-@", "security_groups": ["sg-@"],
                "public_ip": true, "no_wait": true}"#,
            LAUNCHED,
        ),
        // An alias may stand for any image, so that all must be allowed; its parameter is AWS's own.
        row(
            "run_instances",
            r#"{"image": "al2023", "instance_type": "t3.micro", "subnet": "subnet-@", "security_groups": ["sg-@"],
                "no_wait": true}"#,
            &["instance/*", "volume/*", "network-interface/*", ":image/*"],
        ),
        row("list_images", r#"{"of": "aliases"}"#, &[]),
        row("describe_instance", r#"{"instance": "i-@"}"#, &[]),
        row("console_output", r#"{"instance": "i-@"}"#, &[]),
        row("console_screenshot", r#"{"instance": "i-@"}"#, &[]),
        row("get_user_data", r#"{"instance": "i-@"}"#, &[]),
        row("describe_network", r#"{"vpc": "vpc-@"}"#, &[]),
        row("set_security_group", r#"{"group": "sg-@", "add": ["in tcp 443 from 10.0.0.0/8"]}"#, &[]),
        row("set_security_group", r#"{"group": "sg-@", "remove": ["in tcp 22 from 10.0.0.0/8"]}"#, &[]),
        row("set_security_group", r#"{"name": "n", "vpc": "vpc-@"}"#, &["security-group/*"]),
        row("create_network", r#"{"part": "vpc", "cidr": "10.0.0.0/16"}"#, &["vpc/*"]),
        row(
            "create_network",
            r#"{"part": "subnet", "vpc": "vpc-@", "cidr": "10.0.1.0/24", "public": true}"#,
            &["subnet/*"],
        ),
        row("create_network", r#"{"part": "internet_gateway", "vpc": "vpc-@"}"#, &["internet-gateway/*"]),
        row(
            "create_network",
            r#"{"part": "nat_gateway", "subnets": ["subnet-@"], "address": "eipalloc-@"}"#,
            &["natgateway/*"],
        ),
        row(
            "create_network",
            r#"{"part": "route_table", "vpc": "vpc-@", "subnets": ["subnet-@"]}"#,
            &["route-table/*"],
        ),
        row(
            "create_network",
            r#"{"part": "route", "route_table": "rtb-@", "destination": "0.0.0.0/0", "target": "igw-01234567"}"#,
            &[],
        ),
        row("create_network", r#"{"part": "elastic_ip", "instance": "i-@"}"#, &["elastic-ip/*"]),
        row(
            "create_network",
            r#"{"part": "endpoint", "vpc": "vpc-@", "service": "ssm", "subnets": ["subnet-@"], "security_groups": ["sg-@"]}"#,
            &["vpc-endpoint/*"],
        ),
        row(
            "create_network",
            r#"{"part": "endpoint", "vpc": "vpc-@", "service": "s3", "route_table": "rtb-@"}"#,
            &["vpc-endpoint/*"],
        ),
        row(
            "create_network",
            r#"{"part": "peering", "vpc": "vpc-@", "peer_vpc": "vpc-01234567"}"#,
            &["vpc-peering-connection/*", "vpc/vpc-01234567"],
        ),
        row(
            "create_network",
            r#"{"part": "peering", "vpc": "vpc-01234567", "peer_vpc": "vpc-@"}"#,
            &["vpc-peering-connection/*", "vpc/vpc-01234567"],
        ),
        row("create_volume", r#"{"zone": "us-east-1a", "snapshot": "snap-@", "name": "n"}"#, &["volume/*"]),
        row("attach_volume", r#"{"volume": "vol-@", "instance": "i-@"}"#, &[]),
        row("attach_volume", r#"{"volume": "vol-@", "instance": "i-@", "detach": true}"#, &[]),
        row("create_snapshot", r#"{"volume": "vol-@"}"#, &[":snapshot/*"]),
        row("create_snapshot", r#"{"instance": "i-@"}"#, &[":snapshot/*", "volume/*"]),
        row("create_image", r#"{"instance": "i-@", "name": "image"}"#, &[":image/*", ":snapshot/*"]),
        row("set_instances", r#"{"instances": ["i-@"], "action": "start", "no_wait": true}"#, &[]),
        row("set_instances", r#"{"instances": ["i-@"], "action": "stop", "no_wait": true}"#, &[]),
        row("set_instances", r#"{"instances": ["i-@"], "action": "reboot", "no_wait": true}"#, &[]),
        row(
            "modify_instance",
            r#"{"instance": "i-@", "instance_type": "t3.large", "security_groups": ["sg-@"], "imdsv2_only": true,
                "termination_protection": true, "detailed_monitoring": true, "instance_profile": "web"}"#,
            &[],
        ),
        row("modify_instance", r#"{"instance": "i-@", "detailed_monitoring": false}"#, &[]),
        row("create_key_pair", r#"{"name": "web-@", "path": "web.pem"}"#, &[]),
        row("run_command", r#"{"instances": ["i-@"], "document": "AWS-RunPatchBaseline"}"#, &[]),
        row("tag_resources", r#"{"resources": ["vol-@"], "set": {"a": "b"}}"#, &[]),
        row("tag_resources", r#"{"resources": ["snap-@"], "remove": ["team"]}"#, &[]),
        row("terminate_instances", r#"{"instances": ["i-@"], "no_wait": true}"#, &[]),
        row("delete_resources", r#"{"volumes": ["vol-@"]}"#, &[]),
        row("delete_resources", r#"{"snapshots": ["snap-@"]}"#, &[]),
        row("delete_resources", r#"{"images": ["ami-@"]}"#, &[]),
        row("delete_resources", r#"{"security_groups": ["sg-@"]}"#, &[]),
        row("delete_resources", r#"{"addresses": ["eipalloc-@"]}"#, &[]),
        row("delete_resources", r#"{"key_pairs": ["web-@"]}"#, &[]),
        row("delete_resources", r#"{"nat_gateways": ["nat-@"]}"#, &[]),
        row("delete_resources", r#"{"interfaces": ["eni-@"]}"#, &[]),
    ]
}

/// An AWS that would do everything, and keeps what reached it.
#[derive(Clone, Debug)]
struct Wire {
    /// The instance of the call: it has the volume that is to be detached.
    instance: String,
    attached: Arc<Mutex<bool>>,
    /// Operation and body.
    sent: Arc<Mutex<Vec<(String, String)>>>,
}

impl Wire {
    fn of(arguments: &Value) -> Wire {
        let text = arguments.to_string();
        let instance = text.split('"').find(|part| part.starts_with("i-")).unwrap_or("i-01234567").to_owned();
        let attached = Arc::new(Mutex::new(text.contains("detach")));
        Wire { instance, attached, sent: Arc::default() }
    }

    fn answer(&self, request: &HttpRequest) -> (u16, String) {
        let body = String::from_utf8_lossy(request.body().bytes().unwrap_or_default()).into_owned();
        if let Some(target) = request.headers().get("x-amz-target") {
            let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
            let answer = in_json(&operation, &body);
            self.sent.lock().unwrap().push((operation, body));
            return (200, answer);
        }
        let field = |name: &str| {
            let mut pairs = body.split('&').filter_map(|pair| pair.split_once('='));
            pairs.find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
        };
        // What is no form is CBOR, which names its operation at the end of its path.
        let of_path = || request.uri().rsplit('/').next().unwrap_or_default().to_owned();
        let operation = field("Action").unwrap_or_else(of_path);
        self.sent.lock().unwrap().push((operation.clone(), body.clone()));
        if field("DryRun").as_deref() == Some("true") {
            let error = "<Response><Errors><Error><Code>DryRunOperation</Code><Message>yes</Message></Error></Errors>\
                         <RequestID>r</RequestID></Response>";
            return (412, error.to_owned());
        }
        match operation.as_str() {
            "AttachVolume" => *self.attached.lock().unwrap() = true,
            "DetachVolume" => *self.attached.lock().unwrap() = false,
            _ => {}
        }
        let inner = self.inner(&operation, &field);
        if operation == "GetCallerIdentity" {
            return (200, format!("<{operation}Response>{inner}</{operation}Response>"));
        }
        (200, format!("<{operation}Response><requestId>r</requestId>{inner}</{operation}Response>"))
    }

    /// What EC2 answers, about whatever is asked for.
    fn inner(&self, operation: &str, field: &dyn Fn(&str) -> Option<String>) -> String {
        let first = |name: &str| field(&format!("{name}.1")).unwrap_or_default();
        match operation {
            "GetCallerIdentity" => "<GetCallerIdentityResult><Account>123456789012</Account><Arn>arn:aws:iam::123456789012:\
                user/u</Arn><UserId>u</UserId></GetCallerIdentityResult>"
                .to_owned(),
            "DescribeInstances" => format!(
                "<reservationSet><item><instancesSet><item><instanceId>{}</instanceId><instanceState><name>stopped</name>\
                 </instanceState></item></instancesSet></item></reservationSet>",
                self.instance
            ),
            "DescribeVolumes" => {
                let id = field("VolumeId.1").unwrap_or_else(|| "vol-01234567".to_owned());
                let (state, attachments) = match *self.attached.lock().unwrap() {
                    true => ("in-use", format!("<item><instanceId>{}</instanceId></item>", self.instance)),
                    false => ("available", String::new()),
                };
                format!(
                    "<volumeSet><item><volumeId>{id}</volumeId><status>{state}</status><attachmentSet>{attachments}\
                     </attachmentSet></item></volumeSet>"
                )
            }
            "DescribeLaunchTemplateVersions" => "<launchTemplateVersionSet><item><versionNumber>3</versionNumber></item>\
                </launchTemplateVersionSet>"
                .to_owned(),
            "DescribeSnapshots" => {
                format!("<snapshotSet><item><snapshotId>{}</snapshotId></item></snapshotSet>", first("SnapshotId"))
            }
            "DescribeImages" => {
                format!("<imagesSet><item><imageId>{}</imageId></item></imagesSet>", first("ImageId"))
            }
            "DescribeSecurityGroups" => match field("GroupId.1") {
                Some(id) => format!("<securityGroupInfo><item><groupId>{id}</groupId></item></securityGroupInfo>"),
                None => "<securityGroupInfo/>".to_owned(),
            },
            "DescribeSecurityGroupRules" => "<securityGroupRuleSet><item><securityGroupRuleId>sgr-01234567\
                </securityGroupRuleId><isEgress>false</isEgress><ipProtocol>tcp</ipProtocol><fromPort>22</fromPort>\
                <toPort>22</toPort><cidrIpv4>10.0.0.0/8</cidrIpv4></item></securityGroupRuleSet>"
                .to_owned(),
            "DescribeNetworkInterfaces" => match field("NetworkInterfaceId.1") {
                Some(id) => format!(
                    "<networkInterfaceSet><item><networkInterfaceId>{id}</networkInterfaceId></item></networkInterfaceSet>"
                ),
                None => "<networkInterfaceSet/>".to_owned(),
            },
            "DescribeRouteTables" => "<routeTableSet/>".to_owned(),
            "DescribeAddresses" => format!(
                "<addressesSet><item><allocationId>{}</allocationId></item></addressesSet>",
                first("AllocationId")
            ),
            "DescribeKeyPairs" => match field("KeyName.1") {
                Some(name) => format!("<keySet><item><keyName>{name}</keyName></item></keySet>"),
                None => "<keySet/>".to_owned(),
            },
            "DescribeTags" => {
                let id = field("Filter.1.Value.1").unwrap_or_default();
                format!("<tagSet><item><resourceId>{id}</resourceId><key>team</key><value>x</value></item></tagSet>")
            }
            "DescribeNatGateways" => {
                let id = field("NatGatewayId.1").unwrap_or_else(|| "nat-01234567".to_owned());
                format!(
                    "<natGatewaySet><item><natGatewayId>{id}</natGatewayId><state>available</state></item></natGatewaySet>"
                )
            }
            "DescribeNetworkAcls" => "<networkAclSet/>".to_owned(),
            "DescribeVpcs" => match field("VpcId.1") {
                Some(id) => format!("<vpcSet><item><vpcId>{id}</vpcId></item></vpcSet>"),
                None => "<vpcSet/>".to_owned(),
            },
            "CreateVpc" => "<vpc><vpcId>vpc-01234567</vpcId></vpc>".to_owned(),
            "CreateSubnet" => "<subnet><subnetId>subnet-01234567</subnetId></subnet>".to_owned(),
            "CreateInternetGateway" => {
                "<internetGateway><internetGatewayId>igw-01234567</internetGatewayId></internetGateway>".to_owned()
            }
            "CreateNatGateway" => "<natGateway><natGatewayId>nat-01234567</natGatewayId></natGateway>".to_owned(),
            "CreateRouteTable" => "<routeTable><routeTableId>rtb-01234567</routeTableId></routeTable>".to_owned(),
            "AllocateAddress" => "<allocationId>eipalloc-01234567</allocationId>".to_owned(),
            "CreateVpcEndpoint" => "<vpcEndpoint><vpcEndpointId>vpce-01234567</vpcEndpointId></vpcEndpoint>".to_owned(),
            "CreateVpcPeeringConnection" => "<vpcPeeringConnection><vpcPeeringConnectionId>pcx-01234567\
                </vpcPeeringConnectionId></vpcPeeringConnection>"
                .to_owned(),
            "CreateSecurityGroup" => "<groupId>sg-01234567</groupId>".to_owned(),
            "CreateVolume" => "<volumeId>vol-01234567</volumeId>".to_owned(),
            "CreateSnapshot" => "<snapshotId>snap-01234567</snapshotId>".to_owned(),
            "CreateSnapshots" => "<snapshotSet/>".to_owned(),
            "CreateImage" => "<imageId>ami-01234567</imageId>".to_owned(),
            "CreateKeyPair" => "<keyName>k</keyName><keyMaterial>PRIVATE KEY</keyMaterial>".to_owned(),
            "RunInstances" => "<instancesSet><item><instanceId>i-01234567</instanceId></item></instancesSet>".to_owned(),
            _ => "<return>true</return>".to_owned(),
        }
    }
}

/// What SSM answers.
fn in_json(operation: &str, body: &str) -> String {
    match operation {
        "GetParameters" => {
            let asked: Value = serde_json::from_str(body).unwrap();
            let named = asked["Names"].as_array().cloned().unwrap_or_default().into_iter();
            let found: Vec<Value> =
                named.map(|name| json!({"Name": name, "Value": format!("ami-{OURS}")})).collect();
            json!({"Parameters": found})
        }
        "SendCommand" => json!({"Command": {"CommandId": "11111111-2222-3333-4444-555555555555"}}),
        "GetCommandInvocation" => json!({"Status": "Success", "ResponseCode": 0}),
        "DescribeInstanceInformation" => json!({"InstanceInformationList": []}),
        _ => json!({}),
    }
    .to_string()
}

impl HttpConnector for Wire {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (status, body) = self.answer(&request);
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body))))
    }
}

impl HttpClient for Wire {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

/// What a call says under the list, and what reached AWS.
fn called(row: &Row, arguments: &Value, looks: Looks) -> (String, Vec<(String, String)>) {
    let wire = Wire::of(arguments);
    let config = SessionConfig { region: Some("us-east-1".to_owned()), ..SessionConfig::default() };
    let session = Session::with_http_client(config, SharedHttpClient::new(wire.clone()))
        .with_credentials(Credentials::new("AKIDEXAMPLE", "secret", None, None, "test"));
    let place = tempfile::tempdir().unwrap();
    let named = NAMED.iter().map(|kind| format!("arn:aws:ec2:us-east-1:123456789012:{kind}{OURS}"));
    let made = row.more.iter().map(|kind| match kind.strip_prefix(':') {
        Some(shared) => format!("arn:aws:ec2:us-east-1::{shared}"),
        None => format!("arn:aws:ec2:us-east-1:123456789012:{kind}"),
    });
    let others = [
        format!("arn:aws:ec2:us-east-1::snapshot/snap-{OURS}"),
        format!("arn:aws:ec2:us-east-1::image/ami-{OURS}"),
        "arn:aws:ssm:*:*:document/AWS-RunPatchBaseline".to_owned(),
        "arn:aws:ssm:*:*:parameter/*".to_owned(),
        "arn:aws:iam::123456789012:role/*".to_owned(),
    ];
    let settings = Settings {
        allow: [Risk::Read, Risk::Reveal, Risk::Invoke, Risk::Write, Risk::Destroy].into(),
        toolsets: vec!["all".to_owned()],
        allow_arns: named.chain(made).chain(others).map(|arn| arn.parse().unwrap()).collect(),
        allow_dirs: vec![place.path().to_owned()],
        confirm: Confirm::Off,
        looks,
        ..Settings::default()
    };
    let engine = Engine::new(awsmcp_ec2::server(), session, settings).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let arguments = arguments.as_object().cloned().unwrap();
    let answer = runtime.block_on(engine.call(row.tool, arguments, &Caller::default())).unwrap();
    let text = match answer {
        Answer::Done { text, .. } | Answer::Planned { text } | Answer::Failed { text, .. } => text,
        Answer::Ask { question, .. } => question,
    };
    let sent = wire.sent.lock().unwrap().clone();
    (text, sent)
}

/// The arguments with one of their names another's, each in turn.
fn foreign(arguments: &Value) -> Vec<Value> {
    let text = arguments.to_string();
    let places: Vec<usize> = text.match_indices(OURS).map(|(at, _)| at).collect();
    let other = |at: &usize| format!("{}{THEIRS}{}", &text[..*at], &text[at + OURS.len()..]);
    places.iter().map(|at| serde_json::from_str(&other(at)).unwrap()).collect()
}

/// Whether AWS grants the operation on everything or not at all.
fn on_everything(operation: &str) -> bool {
    operation == "GetMetricData" || (operation.starts_with("Describe") && !operation.ends_with("Attribute"))
}

#[test]
fn what_is_allowed_passes_both_looks() {
    for row in rows() {
        let (text, sent) = called(&row, &row.arguments, Looks { first: true, second: true });
        for refusal in ["was not sent", "outside what the operator allowed"] {
            assert!(!text.contains(refusal), "{} {}: {text}", row.tool, row.arguments);
        }
        let asked: Vec<&String> = sent
            .iter()
            .map(|(operation, _)| operation)
            .filter(|it| !on_everything(it) && *it != "GetCallerIdentity")
            .collect();
        assert!(!asked.is_empty(), "{} {} asked only for {asked:?}: {text}", row.tool, row.arguments);
    }
}

#[test]
fn a_name_outside_the_list_is_stopped_by_either_look_alone() {
    let mut tried = 0;
    for row in rows() {
        for arguments in foreign(&row.arguments) {
            for (looks, why) in [
                (Looks { first: false, second: true }, "was not sent"),
                (Looks { first: true, second: false }, "outside what the operator allowed"),
            ] {
                let (text, sent) = called(&row, &arguments, looks);
                let leaked: Vec<_> = sent
                    .iter()
                    .filter(|(operation, body)| body.contains(THEIRS) && !on_everything(operation))
                    .collect();
                assert!(leaked.is_empty(), "{} {arguments} {looks:?}: {leaked:?}", row.tool);
                assert!(text.contains(why), "{} {arguments} {looks:?}: {text}", row.tool);
                tried += 1;
            }
        }
    }
    assert!(tried > 100, "{tried}");
}
