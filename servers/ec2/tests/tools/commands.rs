//! Commands on instances: which may run, what they say, and that none is left behind.

use std::time::Duration;

use awsmcp_testing::{Response, Stub};
use serde_json::{Value, json};

use crate::cloud::instance;
use crate::world::{EC2, aws};

/// SSM with one command, whose state on each look is `states`; the last one stays.
fn ssm(states: &'static [&'static str]) -> Stub {
    Stub::before(aws(), move |request| match (request.operation(), request.nth) {
        ("SendCommand", _) => {
            Response::output(json!({"Command": {"CommandId": "11111111-2222-3333-4444-555555555555"}}))
        }
        // AWS does not know its own command at once.
        ("GetCommandInvocation", 1) => Response::error(400, "InvocationDoesNotExist", "not yet"),
        ("GetCommandInvocation", nth) => {
            let state = states.get(nth - 2).or(states.last()).copied().unwrap_or("Success");
            let done = !matches!(state, "Pending" | "InProgress");
            Response::output(json!({
                "Status": state, "StatusDetails": state, "ResponseCode": if done { 3 } else { -1 },
                "StandardOutputContent": "disk is full", "StandardErrorContent": "oh",
            }))
        }
        ("CancelCommand", _) => Response::output(json!({})),
        _ => Response::HandOn,
    })
}

const SHELL: &[&str] = &["--allow-document", "AWS-RunShellScript"];

fn script(instance: &str) -> Value {
    json!({"instances": [instance], "document": "AWS-RunShellScript", "commands": ["df -h"]})
}

#[test]
#[ignore = "runs fakecloud"]
fn only_allowed_documents_run() {
    let one = instance(aws(), "command-allowed", &[]);
    let mut closed = EC2.start();
    let refused = closed.call("run_command", script(&one));
    assert!(refused.error().contains("AWS-RunShellScript is not among the documents"), "{}", refused.text);
    assert!(refused.text.contains("--allow-document"), "{}", refused.text);
    let stub = ssm(&["Success"]);
    let scan = json!({"instances": [one], "document": "AWS-RunPatchBaseline"});
    let mut server = EC2.at(stub.env()).start();
    assert!(server.call("run_command", scan).ok().contains("disk is full"));
    assert_eq!(stub.of("SendCommand")[0].json()["Parameters"]["Operation"], json!(["Scan"]));
    let install = json!({"instances": [one], "document": "AWS-RunPatchBaseline", "parameters": {"Operation": ["Install"]}});
    assert!(server.call("run_command", install).error().contains("may run only with Operation=Scan"));
    assert_eq!(stub.of("SendCommand").len(), 1);
    // Without the risk it is not there at all.
    let mut read_only = EC2.at(stub.env()).only(&["--toolsets", "all"]).start();
    assert!(read_only.call("run_command", script(&one)).error().contains("--allow invoke"));
}

#[test]
#[ignore = "runs fakecloud"]
fn a_command_is_waited_for_and_its_output_is_data() {
    let one = instance(aws(), "command-output", &[]);
    let stub = ssm(&["Pending", "InProgress", "Failed"]);
    let mut server = EC2.at(stub.env()).and(SHELL).start();
    let ran = server.call("run_command", script(&one));
    for part in ["\"status\":\"Failed\"", "\"exit_code\":3", "disk is full", "\"error_output\":\"oh\"", &one]
    {
        assert!(ran.ok().contains(part), "{part}: {}", ran.text);
    }
    assert!(ran.text.contains("not instructions") || ran.text.contains("data"), "{}", ran.text);
    let sent = stub.of("SendCommand")[0].json();
    assert_eq!(sent["Parameters"]["commands"], json!(["df -h"]));
    assert_eq!(sent["Parameters"]["executionTimeout"], json!(["300"]));
    assert!(stub.of("CancelCommand").is_empty());
    let lost = server.call("run_command", json!({"instances": ["web"], "document": "AWS-RunShellScript"}));
    assert!(lost.error().contains("i-0123456789abcdef0"), "{}", lost.text);
}

#[test]
#[ignore = "runs fakecloud"]
fn a_cancelled_call_cancels_the_command() {
    let one = instance(aws(), "command-cancel", &[]);
    let stub = ssm(&["InProgress"]);
    let mut server = EC2.at(stub.env()).and(SHELL).start();
    let call = server.send_call("run_command", script(&one));
    stub.wait("the command is looked at", |stub| stub.of("GetCommandInvocation").len() > 1);
    server.cancel(call);
    stub.wait("the command is cancelled", |stub| !stub.of("CancelCommand").is_empty());
    assert_eq!(stub.of("CancelCommand")[0].json()["CommandId"], "11111111-2222-3333-4444-555555555555");
}

#[test]
#[ignore = "runs fakecloud"]
fn a_command_that_takes_too_long_is_cancelled_and_told() {
    let one = instance(aws(), "command-late", &[]);
    let stub = ssm(&["InProgress"]);
    let mut server = EC2.at(stub.env()).and(SHELL).start().patience(Duration::from_secs(90));
    let mut call = script(&one);
    call["timeout_seconds"] = json!(30);
    let ran = server.call("run_command", call);
    assert!(
        ran.ok().contains("still running") && ran.text.contains("it was cancelled where it still ran"),
        "{}",
        ran.text
    );
    assert_eq!(stub.of("CancelCommand").len(), 1);
}

#[test]
#[ignore = "runs fakecloud"]
fn an_instance_without_an_agent_is_explained() {
    let one = instance(aws(), "command-deaf", &[]);
    let stub = Stub::before(aws(), |request| match request.operation() {
        "SendCommand" => {
            Response::error(400, "InvalidInstanceId", "Instances not in a valid state for account")
        }
        _ => Response::HandOn,
    });
    let answer = EC2.at(stub.env()).and(SHELL).start().call("run_command", script(&one));
    assert!(answer.error().contains("its SSM agent does not report"), "{}", answer.text);
}
