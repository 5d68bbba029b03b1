//! Any operation of AWS: this server's call of it, beside the peer's.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::client::Client;
use super::local_aws::LocalAws;
use super::report::{Sample, Section, Table, mebibytes, number, times};
use super::web::{OFFLINE, PEER};
use super::{Bench, alone, aws, tool};
use xtask_common::{run, say, tools};

/// The instances that there are.
const INSTANCES: usize = 500;
/// What both are asked to pick of each instance.
const PICKED: &str = "InstanceId, type: InstanceType, state: State.Name";

pub(super) fn measure(bench: &Bench) -> Result<Section> {
    say::progress("measuring calls of any operation");
    let home = bench.memory.directory("home")?;
    let local = LocalAws::start(bench)?;
    fill(&local, &home)?;
    let mut ours = ours(bench, &home, &local)?;
    let mut theirs = theirs(&home, &local)?;
    let rounds = bench.count(10, 2);
    let version = tools::version(PEER);
    let mut table = Table::new(&["", "awsmcp-aws", &version, "the peer takes"]);
    for ask in asks(bench) {
        let (mut own, mut peer) = (Vec::new(), Vec::new());
        let (mut own_text, mut peer_text) = (String::new(), String::new());
        for _ in 0..rounds {
            for _ in 0..ask.calls {
                let (text, took) = ours.call("call_operation", &ask.own)?;
                ask.check("awsmcp-aws", &text)?;
                own.push(took);
                own_text = text;
                let (text, took) = theirs.call("call_aws", &json!({"cli_command": ask.peer}))?;
                ask.check(PEER, &text)?;
                peer.push(took);
                peer_text = text;
            }
        }
        let (own, peer) = (Sample::milliseconds(&own), Sample::milliseconds(&peer));
        let shown = |value: f64| format!("{} ms", number(value));
        for (name, share) in [("p50", 0.5), ("p95", 0.95)] {
            let (own, peer) = (own.at(share), peer.at(share));
            table.row(&[
                &format!("{}, {name} of {} calls", ask.what, number((rounds * ask.calls) as f64)),
                &shown(own),
                &shown(peer),
                &times(own, peer),
            ]);
        }
        let (own, peer) = (own_text.len() as f64, peer_text.len() as f64);
        table.row(&[
            "its answer",
            &format!("{} bytes", number(own)),
            &format!("{} bytes", number(peer)),
            &times(own, peer),
        ]);
    }
    let (own, peer) = (mebibytes(ours.memory()?.now), mebibytes(theirs.memory()?.now));
    let shown = |value: f64| format!("{} MiB", number(value));
    table.row(&["resident memory after all of it", &shown(own), &shown(peer), &times(own, peer)]);
    Ok(table.section(
        "Any operation",
        "One process each on stdio, in turns, against ministack, which takes part of the time of both. The peer gets no list \
         of services from the internet. Starts, lists and sizes of both stand under \"Before the first call: awsmcp-aws\".",
    ))
}

fn asks(bench: &Bench) -> [Ask; 3] {
    [
        Ask {
            what: "`sts GetCallerIdentity`",
            calls: bench.count(50, 5),
            own: of("sts", "GetCallerIdentity", json!({})),
            peer: "aws sts get-caller-identity".to_owned(),
            holds: "123456789012",
            times: 1,
        },
        Ask {
            what: "`ec2 DescribeInstances` of 500, whole",
            calls: bench.count(3, 1),
            own: of("ec2", "DescribeInstances", json!({"limit": 1_000})),
            peer: "aws ec2 describe-instances".to_owned(),
            holds: "InstanceType",
            times: 1,
        },
        Ask {
            what: "`ec2 DescribeInstances` of 500, three fields of each",
            calls: bench.count(3, 1),
            own: of(
                "ec2",
                "DescribeInstances",
                json!({"limit": 1_000, "query": format!("[].Instances[].{{id: {PICKED}}}")}),
            ),
            peer: format!("aws ec2 describe-instances --query 'Reservations[].Instances[].{{id: {PICKED}}}'"),
            holds: "m5.large",
            times: INSTANCES,
        },
    ]
}

/// What both are asked.
struct Ask {
    what: &'static str,
    calls: usize,
    /// The arguments of `call_operation`.
    own: Value,
    /// The command of the peer.
    peer: String,
    /// What a right answer holds, and how often at least.
    holds: &'static str,
    times: usize,
}

impl Ask {
    fn check(&self, who: &str, text: &str) -> Result<()> {
        let found = text.matches(self.holds).count();
        ensure!(
            found >= self.times,
            "{who} says {} only {found} times of {}: {}",
            self.holds,
            self.what,
            text.chars().take(300).collect::<String>()
        );
        Ok(())
    }
}

fn of(service: &str, operation: &str, mut arguments: Value) -> Value {
    if let Some(arguments) = arguments.as_object_mut() {
        arguments.insert("service".to_owned(), json!(service));
        arguments.insert("operation".to_owned(), json!(operation));
    }
    arguments
}

fn ours(bench: &Bench, home: &Path, local: &LocalAws) -> Result<Client> {
    let mut command = Command::new(bench.program("aws"));
    // Room for all of them in one answer.
    alone(&mut command, home, &aws(&local.endpoint())).args(["--max-chars", "5000000"]);
    let mut client = Client::spawn(&mut command)?;
    client.initialize()?;
    Ok(client)
}

fn theirs(home: &Path, local: &LocalAws) -> Result<Client> {
    let mut command = Command::new(tool(PEER, "bin/python"));
    alone(&mut command, home, &aws(&local.endpoint())).args(["-c", OFFLINE]);
    command.env("AWS_API_MCP_TELEMETRY", "false").env("FASTMCP_LOG_LEVEL", "ERROR");
    let mut client = Client::spawn(&mut command)?;
    client.initialize()?;
    Ok(client)
}

/// Launches the instances, by the Python SDK that comes with ministack.
fn fill(local: &LocalAws, home: &Path) -> Result<()> {
    let mut python = Command::new(tool("ministack", "bin/python"));
    alone(&mut python, home, &aws(&local.endpoint()));
    run::quiet(python.args(["-c", FILL, &INSTANCES.to_string()]))
}

const FILL: &str = r#"
import sys, boto3
left, ec2 = int(sys.argv[1]), boto3.client("ec2")
while left:
    count = min(left, 100)
    ec2.run_instances(ImageId="ami-12345678", InstanceType="m5.large", MinCount=count, MaxCount=count,
                      TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": f"web-{left}"}]}])
    left -= count
"#;
