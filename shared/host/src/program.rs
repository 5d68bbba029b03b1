//! The program of one server: its command line, and what each command does.

use std::{env::args_os, ffi::OsString, path::PathBuf, process::ExitCode, sync::Arc};

use anyhow::Result;
use awsmcp_mcp::{Engine, Handler, Risk, Server, Service};
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::{
    commands, lambda, launch, logging,
    options::{self, Options},
    served::{self, Served},
    transport,
};

/// Runs a server's binary: reads the command line, then serves or does what it was told.
pub fn run<S: Service>(server: fn() -> Server<S>, version: &'static str) -> ExitCode {
    run_as(&format!("awsmcp-{}", S::ID), args_os().skip(1), server, version)
}

/// Runs a server as `program`, with what follows that name on the command line.
pub(crate) fn run_as<S: Service>(
    program: &str,
    arguments: impl Iterator<Item = OsString>,
    server: fn() -> Server<S>,
    version: &'static str,
) -> ExitCode {
    let command = || {
        Cli::command()
            .name(format!("awsmcp-{}", S::ID))
            .bin_name(program)
            .no_binary_name(true)
            .about(format!(
                "{}. Without a command it serves MCP on stdin and stdout.",
                S::SUMMARY.trim_end_matches('.')
            ))
            .version(version)
            .args(Options::own_flags(S::EXTRAS))
    };
    let ran = options::parse(command, None, arguments).and_then(|matches| {
        let cli = Cli::from_arg_matches(&matches)?;
        let options = cli.options.with_own(S::EXTRAS, &matches);
        start(&options, cli.command, server, version)
    });
    match ran {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => launch::failed(program, error),
    }
}

#[derive(Parser)]
pub(crate) struct Cli {
    #[command(flatten)]
    options: Options,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Run one tool and print its answer; exit code 1 when it fails.
    Call {
        /// The tool's name.
        tool: String,
        /// Its arguments, a JSON object; `-` reads them from stdin.
        #[arg(default_value = "{}")]
        json: String,
        /// Confirm what the tool asks about.
        #[arg(long)]
        yes: bool,
    },
    /// Call one operation of AWS and print its answer: `call-operation sqs ListQueues`; exit code 1 when it fails.
    CallOperation(commands::OperationCall),
    /// The table of tools: what each may do, and which are on.
    Tools,
    /// The contract: every tool with its schema, risk and needs, as JSON.
    Manifest {
        /// Only the enabled tools, as a Lambda target of AgentCore Gateway takes them.
        #[arg(long)]
        gateway: bool,
    },
    /// The least IAM policy for the enabled tools and allowed ARNs.
    IamPolicy {
        /// AWS partition of the policy's ARNs.
        #[arg(long, default_value = "aws")]
        partition: String,
        /// Of the calls in this audit log that succeeded, instead of what is enabled.
        #[arg(long, value_name = "FILE")]
        from_audit: Option<PathBuf>,
    },
    /// Check identity, region, credentials, clock and permissions.
    Doctor,
    /// Make a token for a caller over HTTP: prints it, and the line for --token-file.
    Token {
        /// Whose token it is, as the audit log will name its bearer.
        name: String,
        /// Risks that its bearer may take, of those that --allow allows [default: all of them].
        #[arg(long, value_delimiter = ',', value_name = "RISK")]
        scopes: Vec<Risk>,
    },
}

/// Does what the command line says.
fn start<S: Service>(
    options: &Options,
    command: Option<Command>,
    server: fn() -> Server<S>,
    version: &'static str,
) -> Result<bool> {
    logging::start(options)?;
    if let Some(Command::Manifest { gateway: false }) = command {
        commands::manifest(&server())?;
        return Ok(true);
    }
    if let Some(Command::Token { name, scopes }) = &command {
        commands::token(name, scopes)?;
        return Ok(true);
    }
    let engine = Arc::new(launch::engine(options, server)?);
    launch::check_arns(&format!("awsmcp-{}", S::ID), &engine.unmatched_arns())?;
    launch::run_to_end(async {
        let done = match command {
            None => Box::pin(serve_alone(engine.clone(), version, options)).await.map(|()| true),
            Some(Command::Call { tool, json, yes }) => {
                Box::pin(commands::call(&engine, &tool, commands::arguments(&json)?, yes)).await
            }
            Some(Command::CallOperation(asked)) => Box::pin(commands::call_operation(&engine, asked)).await,
            Some(Command::Tools) => commands::tools(&engine).map(|()| true),
            Some(Command::Manifest { .. }) => {
                commands::gateway_manifest(&Handler::new(engine.clone(), version)).map(|()| true)
            }
            Some(Command::Token { .. }) => Ok(true),
            Some(Command::IamPolicy { partition, from_audit }) => {
                commands::iam_policy(&engine, &partition, from_audit.as_deref()).map(|()| true)
            }
            Some(Command::Doctor) => Box::pin(commands::doctor(&engine)).await,
        };
        engine.settled().await;
        done
    })
}

/// Serves one server, by whatever reaches it: as a Lambda function where Lambda started this process, else as the settings
/// say.
async fn serve_alone<S: Service>(
    engine: Arc<Engine<S>>,
    version: &'static str,
    options: &Options,
) -> Result<()> {
    let risks: Vec<&str> = commands::risks(&engine).into_iter().map(Risk::name).collect();
    tracing::info!(
        server = S::ID,
        version,
        tools = engine.tools().count(),
        risks = risks.join(","),
        "starting"
    );
    if options.web.http.is_none()
        && let Some(runtime_api) = lambda::runtime_api()
    {
        let web = options.web.web()?;
        return lambda::serve(engine, version, runtime_api, web, options.web.lambda_streaming).await;
    }
    let handler = served::handler(&engine, version, options.web.http.is_some());
    transport::serve(Served::alone(handler), options).await
}
