//! MCP's own conformance suite, with every server over HTTP.
#![cfg(test)]

use std::path::Path;

use awsmcp_testing::{Era, WebServer, binary, program};
use awsmcp_tests::conformance;

/// The scenarios that ask nothing of a server but the protocol. The others want tools, resources and prompts of the
/// suite's own, or pass where nothing was tried.
const MODERN: [&str; 8] = [
    "server-stateless",
    "tools-list",
    "resources-list",
    "prompts-list",
    "caching",
    "sep-2164-resource-not-found",
    "dns-rebinding-protection",
    "http-header-validation",
];
const LEGACY: [&str; 6] =
    ["server-initialize", "ping", "tools-list", "resources-list", "prompts-list", "dns-rebinding-protection"];
/// Only where there are sessions.
const SESSIONS: [&str; 1] = ["server-session-lifecycle"];

/// What even these cannot try without a tool of the suite's own.
const UNTESTED: [&str; 4] = [
    "sep-2575-server-rejects-undeclared-capability",
    "sep-2575-missing-capability-http-400",
    "sep-2575-http-server-no-independent-requests-on-stream",
    "sep-2575-server-no-log-without-loglevel",
];

fn conforms(program: &Path, args: &[&str]) {
    let (modern, legacy) = (Era::Modern.version().to_owned(), Era::legacy().version().to_owned());
    let serve = |more: &[&'static str]| WebServer::start(program, [args, more].concat(), []);
    let stateless = serve(&[]);
    holds(&stateless, &modern, &MODERN);
    holds(&stateless, &legacy, &LEGACY);
    let sessions = serve(&["--http-sessions"]);
    holds(&sessions, &modern, &MODERN);
    holds(&sessions, &legacy, &[LEGACY.as_slice(), &SESSIONS].concat());
}

fn holds(server: &WebServer, version: &str, scenarios: &[&str]) {
    for scenario in scenarios {
        let found = conformance(&server.url(), version, scenario);
        assert!(found.broken.is_empty(), "{version} {scenario}: {found:#?}");
        assert!(!found.held.is_empty(), "{version} {scenario}: nothing was checked: {found:#?}");
        let untested = if *scenario == "server-stateless" { UNTESTED.as_slice() } else { &[] };
        assert_eq!(found.untested, untested, "{version} {scenario}");
    }
}

#[test]
#[ignore = "runs the conformance suite"]
fn the_suite_says_what_does_not_hold() {
    let server = WebServer::start(binary("s3"), [], []);
    // It wants a tool that this server does not have.
    let found = conformance(&server.url(), Era::Modern.version(), "tools-call-simple-text");
    assert!(!found.broken.is_empty(), "{found:#?}");
}

macro_rules! conformance {
    ($($name:ident $id:literal)*) => {$(
        #[test]
        #[ignore = "runs the conformance suite"]
        fn $name() {
            conforms(&binary($id), &[]);
        }
    )*};
}

conformance! {
    aws_conforms "aws"
    bedrock_conforms "bedrock"
    cloudwatch_conforms "cloudwatch"
    dynamodb_conforms "dynamodb"
    ec2_conforms "ec2"
    lambda_conforms "lambda"
    s3_conforms "s3"
    sagemaker_conforms "sagemaker"
}

#[test]
#[ignore = "runs the conformance suite"]
fn several_in_one_process_conform() {
    conforms(&program("awsmcp"), &["serve", "s3", "dynamodb", "lambda"]);
}
