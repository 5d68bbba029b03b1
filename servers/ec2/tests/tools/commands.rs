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
    assert_eq!(stub.of("CancelCommand")[0].json()["InstanceIds"], json!([one]));
    ran.holds(&["get_command with \"command\": \"11111111-2222-3333-4444-555555555555\""]);
}

const COMMAND: &str = "11111111-2222-3333-4444-555555555555";
const ONE: &str = "i-0123456789abcdef1";
const TWO: &str = "i-0123456789abcdef2";

/// What SSM says of the command on an instance.
fn state(state: &str, output: &str) -> Response {
    Response::output(
        json!({"Status": state, "StatusDetails": state, "ResponseCode": 0, "StandardOutputContent": output}),
    )
}

#[test]
fn a_look_that_fails_for_a_while_is_made_again() {
    let stub = Stub::start(|request| match (request.operation(), request.nth) {
        ("SendCommand", _) => Response::output(json!({"Command": {"CommandId": COMMAND}})),
        ("GetCommandInvocation", 1) => state("InProgress", "half"),
        // More than the SDK's own attempts, so that whole looks fail.
        ("GetCommandInvocation", 2..=7) => Response::error(500, "InternalServerError", "later"),
        _ => state("Success", "disk is full"),
    });
    let mut server = EC2.at(stub.env()).and(SHELL).start().patience(Duration::from_secs(90));
    let ran = server.call("run_command", script(ONE));
    ran.holds(&["\"status\":\"Success\"", "disk is full"]);
    ran.lacks(&["could not be read", "get_command"]);
    assert!(stub.of("CancelCommand").is_empty());
}

#[test]
fn what_is_known_of_a_command_is_given_where_a_part_of_it_cannot_be_seen() {
    let stub = Stub::start(|request| match request.operation() {
        "SendCommand" => Response::output(json!({"Command": {"CommandId": COMMAND}})),
        "GetCommandInvocation" if request.json()["InstanceId"] == TWO => Response::error(
            400,
            "AccessDeniedException",
            "not authorized to perform: ssm:GetCommandInvocation",
        ),
        _ => state("Success", "disk is full"),
    });
    let mut server = EC2.at(stub.env()).and(SHELL).start();
    let call = json!({"instances": [ONE, TWO], "document": "AWS-RunShellScript", "commands": ["df -h"]});
    server.call("run_command", call).holds(&[
        COMMAND,
        "disk is full",
        "\"status\":\"not known\"",
        &format!("what it did on {TWO} could not be read"),
        &format!("get_command with \"command\": \"{COMMAND}\" shows what became of it"),
    ]);
    // It does what it was started for, whether or not it is seen.
    assert!(stub.of("CancelCommand").is_empty());
}

#[test]
fn a_command_is_asked_for_later() {
    let stub = Stub::start(|request| match request.operation() {
        "ListCommandInvocations" if request.json()["CommandId"] != COMMAND => {
            Response::output(json!({"CommandInvocations": []}))
        }
        "ListCommandInvocations" if request.json()["NextToken"] == "more" => {
            Response::output(json!({"CommandInvocations": [{"InstanceId": TWO}]}))
        }
        "ListCommandInvocations" => {
            Response::output(json!({"CommandInvocations": [{"InstanceId": ONE}], "NextToken": "more"}))
        }
        "GetCommandInvocation" if request.json()["InstanceId"] == TWO => state("InProgress", "half"),
        _ => state("Failed", "disk is full"),
    });
    let mut server = EC2.at(stub.env()).start();
    let first = server.call("get_command", json!({"command": COMMAND}));
    first.holds(&[ONE, "Failed", "disk is full"]).lacks(&[TWO]);
    let all = server.pages("get_command", json!({"command": COMMAND}));
    assert_eq!(all.len(), 2);
    all[1].holds(&[TWO, "still running", "half"]);
    let other = COMMAND.replace('1', "9");
    server.call("get_command", json!({"command": other})).fails(&["AWS knows no command", "30 days"]);
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
