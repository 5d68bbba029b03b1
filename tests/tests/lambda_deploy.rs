//! dist/lambda: the templates are valid, and what they deploy works with no more rights than the role has.
#![cfg(test)]

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use awsmcp_testing::{Answer, Credentials, LocalAws, Reply, binary, tool, workspace};
use serde_json::{Value, json};

const SERVERS: [&str; 8] = ["aws", "bedrock", "cloudwatch", "dynamodb", "ec2", "lambda", "s3", "sagemaker"];

#[test]
#[ignore = "drives cfn-lint"]
fn the_template_of_every_server_is_valid() {
    let templates = SERVERS.map(|id| workspace().join(format!("dist/lambda/{id}.yaml")));
    let linted = Command::new(tool("cfn-lint", "bin/cfn-lint")).args(&templates).output().unwrap();
    assert!(linted.status.success(), "{}", String::from_utf8_lossy(&linted.stdout));
    // It would say so of a wrong one.
    let directory = tempfile::tempdir().unwrap();
    let wrong = directory.path().join("wrong.yaml");
    let text = std::fs::read_to_string(&templates[0]).unwrap();
    std::fs::write(&wrong, text.replace("!GetAtt Role.Arn", "!GetAtt Rule.Arn")).unwrap();
    assert!(!Command::new(tool("cfn-lint", "bin/cfn-lint")).arg(wrong).output().unwrap().status.success());
}

#[test]
#[ignore = "deploys a function of 100 MB"]
fn the_sam_template_deploys_a_function_that_has_its_roles_rights() {
    let aws = LocalAws::with_iam();
    let directory = tempfile::tempdir().unwrap();
    aws.create_bucket("packages");
    aws.put_object("packages", "function.zip", &[], std::fs::read(archive(directory.path())).unwrap());
    aws.put_object("packages", "hello.txt", &[("content-type", "text/plain")], "hello from the bucket");

    // As `sam package` does.
    let template = std::fs::read_to_string(workspace().join("dist/lambda/s3.yaml")).unwrap();
    let uploaded = template.replace("CodeUri: function.zip", "CodeUri: s3://packages/function.zip");
    assert_ne!(template, uploaded);
    let outputs = deploy(
        &aws,
        "mcp",
        &uploaded,
        &[("Architecture", "x86_64"), ("Allow", "write"), ("Name", "s3-of-the-team")],
    );
    let output = |name: &str| outputs.iter().find(|(key, _)| key == name).unwrap().1.clone();
    assert!(output("FunctionArn").ends_with(":function:s3-of-the-team"));
    assert!(
        output("Url").starts_with("https://") && output("Url").ends_with(".on.aws/mcp"),
        "{}",
        output("Url")
    );

    let policy = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": ["lambda:InvokeFunctionUrl", "lambda:InvokeFunction"], "Resource": output("FunctionArn")
    }]});
    let caller = aws.create_user("caller", &policy.to_string());
    let stranger = aws.create_user("stranger", &policy.to_string().replace("s3-of-the-team", "another"));
    let url = output("Url");
    assert_eq!(post(&aws, &stranger, &url, &rpc("tools/list", json!({}))).status, 403);

    let ask = |tool: &str, arguments: Value| {
        Answer::from(result(&post(&aws, &caller, &url, &call(tool, arguments))))
    };
    assert!(ask("list_buckets", json!({})).ok().contains("packages"));
    assert!(
        ask("get_object", json!({"bucket": "packages", "key": "hello.txt"}))
            .ok()
            .contains("hello from the bucket")
    );
    // Who acts is the role, whoever calls.
    assert!(ask("whoami", json!({})).ok().contains("assumed-role/"));
    // The tool is on; the role lacks the right.
    let refused = ask("put_object", json!({"bucket": "packages", "key": "k", "text": "t"}));
    assert!(refused.error().contains("s3:PutObject"), "{}", refused.text);
    let tools = result(&post(&aws, &caller, &url, &rpc("tools/list", json!({}))));
    let names: Vec<_> =
        tools["tools"].as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"put_object") && !names.contains(&"delete_objects"), "{names:?}");
    let groups =
        aws.call("logs", "DescribeLogGroups", json!({"logGroupNamePrefix": "/aws/lambda/s3-of-the-team"}));
    assert_eq!(groups["logGroups"][0]["retentionInDays"], 30);
}

#[test]
#[ignore = "drives Terraform and deploys a function of 100 MB"]
fn the_terraform_module_is_valid_and_deploys() {
    let aws = LocalAws::start();
    let directory = tempfile::tempdir().unwrap();
    archive(directory.path());
    let module = workspace().join("dist/lambda/terraform");
    let endpoint = aws.endpoint();
    let text = format!(
        r#"
provider "aws" {{
  region                      = "us-east-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
  endpoints {{
    iam    = "{endpoint}"
    lambda = "{endpoint}"
    logs   = "{endpoint}"
    sts    = "{endpoint}"
  }}
}}

module "mcp" {{
  source       = "{}"
  server       = "s3"
  package      = "${{path.root}}/function.zip"
  architecture = "x86_64"
  allow        = ["write"]
}}

output "url" {{
  value = module.mcp.url
}}

output "invoke_policy" {{
  value = module.mcp.invoke_policy
}}
"#,
        module.display()
    );
    std::fs::write(directory.path().join("main.tf"), text).unwrap();
    let run = |args: &[&str]| {
        let mut command = Command::new("terraform");
        command.args(args).current_dir(directory.path()).env("CHECKPOINT_DISABLE", "1");
        let out = command.env("TF_CLI_CONFIG_FILE", "/dev/null").output().unwrap();
        let said =
            format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
        assert!(out.status.success(), "terraform {args:?}: {said}");
        String::from_utf8_lossy(&out.stdout).into_owned()
    };
    run(&["fmt", "-check", "-recursive", &module.display().to_string()]);
    let plugins = tool("terraform-aws", ".terraform/providers");
    run(&["init", "-input=false", "-no-color", &format!("-plugin-dir={}", plugins.display())]);
    run(&["validate", "-no-color"]);
    run(&["apply", "-auto-approve", "-input=false", "-no-color"]);
    let outputs: Value = serde_json::from_str(&run(&["output", "-json", "-no-color"])).unwrap();
    let url = outputs["url"]["value"].as_str().unwrap();
    assert!(outputs["invoke_policy"]["value"].as_str().unwrap().contains("lambda:InvokeFunctionUrl"));

    aws.create_bucket("deployed-by-terraform");
    let root = Credentials {
        access_key_id: "test".to_owned(),
        secret_access_key: "test".to_owned(),
        session_token: None,
    };
    let answer = Answer::from(result(&post(&aws, &root, url, &call("list_buckets", json!({})))));
    assert!(answer.ok().contains("deployed-by-terraform"));
    // A second time, there is nothing to do.
    run(&["plan", "-detailed-exitcode", "-input=false", "-no-color"]);
}

/// A zip of the built server as `bootstrap`, without debug information.
fn archive(directory: &Path) -> std::path::PathBuf {
    let bootstrap = directory.join("bootstrap");
    let stripped = Command::new("strip").arg("-o").arg(&bootstrap).arg(binary("s3")).status().unwrap();
    assert!(stripped.success());
    let archive = directory.join("function.zip");
    let python = tool("ministack", "bin/python");
    let zip =
        "import sys, zipfile\nwith zipfile.ZipFile(sys.argv[1], 'w') as z: z.write(sys.argv[2], 'bootstrap')";
    let zipped = Command::new(python).args(["-c", zip]).arg(&archive).arg(&bootstrap).status().unwrap();
    assert!(zipped.success());
    archive
}

fn rpc(method: &str, params: Value) -> Value {
    json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
}

fn call(tool: &str, arguments: Value) -> Value {
    rpc("tools/call", json!({"name": tool, "arguments": arguments}))
}

/// Sends a message to the function behind a URL, signed. The local AWS serves all of them by their path.
fn post(aws: &LocalAws, caller: &Credentials, url: &str, message: &Value) -> Reply {
    let id = url.trim_start_matches("https://").split('.').next().unwrap();
    let headers = [("content-type", "application/json"), ("accept", "application/json, text/event-stream")];
    let path = format!("/_aws/lambda-url/{id}/mcp");
    aws.request_as(caller, "lambda", "POST", &path, &[], &headers, message.to_string().as_bytes())
}

#[track_caller]
fn result(reply: &Reply) -> Value {
    assert_eq!(reply.status, 200, "{}", reply.text());
    let answer: Value = serde_json::from_slice(&reply.body).unwrap();
    assert!(answer.get("error").is_none(), "{answer}");
    answer["result"].clone()
}

/// Creates a stack and waits for it; its outputs.
fn deploy(aws: &LocalAws, stack: &str, template: &str, parameters: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut form = vec![
        ("Action".to_owned(), "CreateStack".to_owned()),
        ("Version".to_owned(), "2010-05-15".to_owned()),
        ("StackName".to_owned(), stack.to_owned()),
        ("TemplateBody".to_owned(), template.to_owned()),
        ("Capabilities.member.1".to_owned(), "CAPABILITY_IAM".to_owned()),
        ("Capabilities.member.2".to_owned(), "CAPABILITY_AUTO_EXPAND".to_owned()),
    ];
    for (nth, (key, value)) in parameters.iter().enumerate() {
        form.push((format!("Parameters.member.{}.ParameterKey", nth + 1), (*key).to_owned()));
        form.push((format!("Parameters.member.{}.ParameterValue", nth + 1), (*value).to_owned()));
    }
    let send = |form: &[(String, String)]| {
        let body: Vec<String> =
            form.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let reply = aws.request("cloudformation", "POST", "/", &[], &headers, body.join("&").as_bytes());
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply
    };
    send(&form);
    let describe = ["Action=DescribeStacks", "Version=2010-05-15"].map(|pair| pair.split_once('=').unwrap());
    let describe = describe.into_iter().chain([("StackName", stack)]);
    let describe: Vec<_> = describe.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let until = Instant::now() + Duration::from_secs(120);
    loop {
        let reply = send(&describe);
        match reply.element("StackStatus").as_deref() {
            Some("CREATE_COMPLETE") => {
                let text = reply.text();
                let outputs = text.split("<OutputKey>").skip(1).map(|rest| {
                    let (key, rest) = rest.split_once("</OutputKey>").unwrap();
                    let value =
                        rest.split_once("<OutputValue>").unwrap().1.split_once("</OutputValue>").unwrap().0;
                    (key.to_owned(), value.to_owned())
                });
                return outputs.collect();
            }
            Some("CREATE_IN_PROGRESS") if Instant::now() < until => {
                std::thread::sleep(Duration::from_millis(100))
            }
            _ => panic!("{}\n{}", reply.text(), aws.log()),
        }
    }
}

fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

#[test]
fn every_setting_in_templates_and_guides_exists() {
    let options = std::fs::read_to_string(workspace().join("docs/reference/options.md")).unwrap();
    let mut files: Vec<_> =
        ["dist/container/Containerfile", "dist/lambda/template.in.yaml", "docs/guides/lambda.md"]
            .into_iter()
            .chain([
                "docs/guides/agentcore.md",
                "dist/lambda/terraform/main.tf",
                "dist/lambda/terraform/variables.tf",
            ])
            .map(str::to_owned)
            .collect();
    files.extend(SERVERS.map(|id| format!("dist/lambda/{id}.yaml")));
    let mut seen = 0;
    for file in files {
        let text = std::fs::read_to_string(workspace().join(&file)).unwrap();
        let words = text.split(|c: char| !c.is_ascii_uppercase() && c != '_');
        for variable in words.filter(|word| word.starts_with("AWSMCP_")) {
            seen += 1;
            assert!(options.contains(&format!("`{variable}`")), "{file}: no server knows {variable}");
        }
        let flags =
            text.split(['`', '\'', '"', ' ', '\n', '(', ')', ',']).filter(|word| word.starts_with("--allow"));
        for flag in flags {
            assert!(options.contains(&format!("`{flag} ")), "{file}: no server knows {flag}");
        }
    }
    assert!(seen > 30, "{seen}");
}

#[test]
fn the_container_does_not_start_open_to_everybody() {
    let text = std::fs::read_to_string(workspace().join("dist/container/Containerfile")).unwrap();
    let known = ["ARG", "FROM", "COPY", "ENV", "EXPOSE", "ENTRYPOINT", "#"];
    for line in text.lines() {
        assert!(known.contains(&line.split(' ').next().unwrap()), "{line}");
    }
    let env: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("ENV ")?.split_once('=')).collect();
    assert!(env.contains(&("AWSMCP_HTTP", "0.0.0.0:8000")), "{env:?}");
    let ran =
        awsmcp_tests::run(env.iter().map(|(name, value)| (name.to_string(), value.to_string())), &[], "");
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(ran.stderr.contains("--trust-upstream"), "{}", ran.stderr);
}
