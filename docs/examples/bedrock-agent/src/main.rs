//! Gives the tools of MCP servers to a model on Amazon Bedrock, runs the calls that it asks for, and prints the
//! conversation.
//!
//! - `main.rs`: the command line, and how everything starts and ends.
//! - `conversation.rs`: the loop. Ask the model, run the tools that it asks for, tell it the results, until it is done.
//! - `tools.rs`: the tools of all servers as Bedrock wants them, and their results as it takes them.
//! - `servers.rs`: connecting to servers: over pipes, over HTTP, with a bearer token, with IAM.
//! - `signed.rs`: HTTP requests signed with SigV4, as a Lambda Function URL wants them.
//! - `person.rs`: the terminal, where questions of servers are put to the person.
//! - `json.rs`: the two forms that JSON has here.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it talks to a person at a terminal")]

mod conversation;
mod json;
mod person;
mod servers;
mod signed;
mod tools;

use std::pin::pin;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, anyhow};
use aws_config::BehaviorVersion;
use clap::Parser;

use conversation::{Conversation, Guardrail, Settings};
use person::{Person, printable};
use servers::{Server, Target};
use tools::Tools;

/// Gives the tools of MCP servers to a model on Amazon Bedrock, and prints the conversation.
///
/// Credentials and the region come from where the AWS CLI has them, such as AWS_PROFILE and AWS_REGION.
#[derive(Parser)]
struct Args {
    /// The id of a model or of an inference profile, as `aws bedrock list-inference-profiles` prints them
    #[arg(long, env = "BEDROCK_MODEL")]
    model: String,
    /// A server, to start or to connect to; as often as you like
    #[arg(long = "server", value_name = "NAME=COMMAND|URL", required = true)]
    targets: Vec<Target>,
    /// Send this server a bearer token, the value of an environment variable
    #[arg(long, value_name = "NAME=VARIABLE")]
    bearer: Vec<String>,
    /// Sign what is sent to this server with your IAM credentials, as its Lambda Function URL wants it
    #[arg(long, value_name = "NAME")]
    iam: Vec<String>,
    /// What the model is told first, besides the servers' own instructions
    #[arg(long, value_name = "TEXT")]
    system: Option<String>,
    /// A guardrail of Bedrock's
    #[arg(long, value_name = "ID:VERSION")]
    guardrail: Option<Guardrail>,
    /// The most tokens of an answer
    #[arg(long, default_value_t = 4096)]
    max_tokens: i32,
    /// How often the model is asked until its answer must be there
    #[arg(long, default_value_t = 20)]
    max_turns: usize,
    /// How many characters of a tool's result the model sees
    #[arg(long, default_value_t = 40_000)]
    max_result: usize,
    /// The longest that a tool may take, in seconds
    #[arg(long, default_value_t = 300, value_name = "SECONDS")]
    call_timeout: u64,
    /// The question; without one, a question a line from standard input
    question: Option<String>,
}

/// As a shell tells of a program that Ctrl-C ended.
const INTERRUPTED: u8 = 130;

#[tokio::main]
async fn main() -> ExitCode {
    match run(Args::parse()).await {
        Ok(ends) => ends,
        Err(error) => {
            eprintln!("error: {}", printable(&format!("{error:#}")));
            ExitCode::FAILURE
        }
    }
}

async fn run(args: Args) -> Result<ExitCode> {
    let aws = aws_config::defaults(BehaviorVersion::latest()).load().await;
    let person = Person::at_terminal();
    let targets = servers::with_access(args.targets.clone(), &args.bearer, &args.iam)?;

    // One for all that is waited for: an interruption between two waits must not be lost.
    let mut interrupted = pin!(tokio::signal::ctrl_c());
    let servers = tokio::select! {
        servers = servers::connect(targets, &aws, &person) => servers?,
        _ = &mut interrupted => return Ok(ExitCode::from(INTERRUPTED)),
    };
    let outcome = tokio::select! {
        outcome = converse(&args, &aws, &servers, &person) => outcome.map(|()| ExitCode::SUCCESS),
        _ = &mut interrupted => Ok(ExitCode::from(INTERRUPTED)),
    };
    servers::close(servers).await;
    outcome
}

async fn converse(
    args: &Args,
    aws: &aws_config::SdkConfig,
    servers: &[Server],
    person: &Person,
) -> Result<()> {
    let tools = Tools::new(servers, person, args.max_result, Duration::from_secs(args.call_timeout));
    let settings = Settings {
        model: args.model.clone(),
        system: args.system.clone(),
        guardrail: args.guardrail.clone(),
        max_tokens: args.max_tokens,
        max_turns: args.max_turns,
    };
    let mut conversation = Conversation::new(aws, settings, tools)?;
    if let Some(question) = &args.question {
        return conversation.ask(question).await;
    }
    let mut failed = 0;
    while let Some(question) = person.question().await {
        if let Err(error) = conversation.ask(&question).await {
            eprintln!("error: {}", printable(&format!("{error:#}")));
            failed += 1;
        }
    }
    if failed == 0 { Ok(()) } else { Err(anyhow!("{failed} questions have no answer")) }
}
