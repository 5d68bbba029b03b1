//! Versions of launch templates: which there are, how they differ, and which one is launched.

use awsmcp_testing::{Request, Response, Stub};
use serde_json::{Value, json};

use crate::world::EC2;

const TEMPLATE: &str = "lt-0123456789abcdef0";

/// A template with three versions, of which the second is the default one.
fn cloud() -> Stub {
    Stub::start(|request| {
        let operation = request.operation();
        let inner = match operation {
            "DescribeLaunchTemplates" => format!(
                "<launchTemplates><item><launchTemplateId>{TEMPLATE}</launchTemplateId><launchTemplateName>web\
                 </launchTemplateName><defaultVersionNumber>2</defaultVersionNumber><latestVersionNumber>3\
                 </latestVersionNumber></item></launchTemplates>"
            ),
            "DescribeLaunchTemplateVersions" => versions(request),
            "DescribeInstanceTypes" => "<instanceTypeSet><item><instanceType>t4g.small</instanceType><processorInfo>\
                <supportedArchitectures><item>arm64</item></supportedArchitectures></processorInfo></item></instanceTypeSet>"
                .to_owned(),
            "DescribeImages" => "<imagesSet><item><imageId>ami-0123456789abcdef9</imageId><rootDeviceName>/dev/xvda\
                </rootDeviceName></item></imagesSet>"
                .to_owned(),
            "RunInstances" if request.json()["DryRun"] == "true" => {
                let error = "<Response><Errors><Error><Code>DryRunOperation</Code><Message>yes</Message></Error></Errors>\
                             <RequestID>r</RequestID></Response>";
                return Response::new(412, error).with("content-type", "text/xml");
            }
            "GetParameters" => {
                let name = request.json()["Names"][0].clone();
                let found = json!({"Parameters": [{"Name": name, "Value": "ami-0123456789abcdef9"}]});
                return Response::output(found);
            }
            _ => String::new(),
        };
        let body = format!("<{operation}Response><requestId>r</requestId>{inner}</{operation}Response>");
        Response::new(200, body).with("content-type", "text/xml")
    })
}

fn versions(request: &Request) -> String {
    let one = |number: u8, kind: &str, more: &str| {
        format!(
            "<item><launchTemplateId>{TEMPLATE}</launchTemplateId><launchTemplateName>web</launchTemplateName><versionNumber>\
             {number}</versionNumber><versionDescription>made for {kind}</versionDescription><defaultVersion>{}\
             </defaultVersion><launchTemplateData><instanceType>{kind}</instanceType><imageId>ami-0123456789abcdef0</imageId>\
             <networkInterfaceSet><item><groupSet><groupId>sg-0123456789abcdef0</groupId></groupSet></item>\
             </networkInterfaceSet>{more}</launchTemplateData></item>",
            number == 2
        )
    };
    let (first, second) =
        (one(1, "t3.micro", ""), one(2, "t4g.small", "<userData>cGFzc3dvcmQ9YQ==</userData>"));
    // A setting that no SDK knows yet, and user data that differs.
    let third =
        one(3, "t4g.small", "<userData>cGFzc3dvcmQ9Yg==</userData><novelty><depth>7</depth></novelty>");
    let shown = match request.json()["LaunchTemplateVersion.1"].as_str() {
        Some("$Default" | "2") => second,
        Some("$Latest" | "3") => third,
        Some("1") => first,
        Some(_) => String::new(),
        None => [third, second, first].concat(),
    };
    format!("<launchTemplateVersionSet>{shown}</launchTemplateVersionSet>")
}

#[test]
fn the_versions_of_a_template_are_listed_with_which_is_the_default() {
    let stub = cloud();
    let mut server = EC2.at(stub.env()).start();
    let shown = server.call("list_launch_templates", json!({"versions_of": TEMPLATE}));
    shown.holds(&["made for t3.micro", "made for t4g.small", "default_version", "sg-0123456789abcdef0"]);
    assert_eq!(shown.text.matches(TEMPLATE).count(), 3, "{}", shown.text);
    let mixed = json!({"versions_of": TEMPLATE, "name": "web"});
    server.call("list_launch_templates", mixed).fails(&["`versions_of` names one"]);
}

#[test]
fn a_version_is_shown_whole_and_its_user_data_is_not_told() {
    let stub = cloud();
    let mut server = EC2.at(stub.env()).start();
    let ask = |version: Option<&str>| json!({"launch_template": TEMPLATE, "version": version});
    let default = server.call("describe_launch_template", ask(None));
    default.holds(&[
        "\"version\":2",
        "\"is_default\":true",
        "\"instance_type\":\"t4g.small\"",
        "10 bytes, checksum",
    ]);
    default.lacks(&["cGFzc3dvcmQ9YQ", "password"]);
    let newest = server.call("describe_launch_template", ask(Some("latest")));
    newest.holds(&["\"version\":3", "\"is_default\":false", "\"novelty\":{\"depth\":\"7\"}"]);
    server.call("describe_launch_template", ask(Some("9"))).fails(&["has no version 9", "versions_of"]);
    server
        .call("describe_launch_template", ask(Some("newest")))
        .fails(&["good ones are 3, default and latest"]);
}

#[test]
fn two_versions_are_compared() {
    let stub = cloud();
    let mut server = EC2.at(stub.env()).start();
    let ask =
        |this: &str, other: &str| json!({"launch_template": TEMPLATE, "version": this, "compare_to": other});
    let types = server.call("describe_launch_template", ask("2", "1"));
    types.holds(&[
        "\"compared_to\":1",
        "-  \\\"instance_type\\\": \\\"t3.micro\\\"",
        "+  \\\"instance_type\\\": \\\"t4g.small\\\"",
    ]);
    types.lacks(&["\"data\""]);
    // What no SDK knows, and what is not told, differ too.
    let rest = server.call("describe_launch_template", ask("latest", "default"));
    rest.holds(&["novelty", "checksum"]).lacks(&["instance_type"]);
    server.call("describe_launch_template", ask("3", "3")).holds(&["it says what version 3 says"]);
}

#[test]
fn a_plan_names_the_version_and_what_it_launches() {
    let stub = cloud();
    let mut server = EC2.at(stub.env()).start();
    let plan = |more: Value| {
        let mut call = json!({"launch_template": TEMPLATE, "dry_run": true});
        call.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        call
    };
    let default = server.call("run_instances", plan(json!({})));
    default.holds(&["launch 1 × t4g.small", "sg-0123456789abcdef0", "ami-0123456789abcdef0"]);
    default.lacks(&["default security group"]);
    let asked =
        |stub: &Stub| stub.of("RunInstances").last().unwrap().json()["LaunchTemplate.Version"].clone();
    assert_eq!(asked(&stub), "2");
    // The latest is launched as the number that it has now.
    server.call("run_instances", plan(json!({"template_version": "latest"}))).holds(&["template_version"]);
    assert_eq!(asked(&stub), "3");
    // An alias is of the architecture that the template's type has.
    server.call("run_instances", plan(json!({"image": "al2023"}))).holds(&["ami-0123456789abcdef9"]);
    let path = stub.of("GetParameters")[0].json()["Names"][0].clone();
    assert!(path.as_str().unwrap().ends_with("-arm64"), "{path}");
    let alone = json!({"instance_type": "t3.micro", "template_version": "3"});
    server.call("run_instances", alone).fails(&["`template_version` is one of a `launch_template`"]);
}
