//! The command line, the configuration and the transports that every server has.

mod auth;
mod client;
mod commands;
mod http;
mod lambda;
mod logging;
mod options;
mod reference;
mod served;
mod stdio;
mod together;

use std::{ffi::OsString, process::ExitCode, sync::Arc};

use anyhow::{Result, anyhow};
use awsmcp_aws::Session;
use awsmcp_mcp::{Engine, Handler, Risk, Server, Service};
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use options::Options;
use served::{Served, serve};

pub use together::{Program, run_all};

/// Runs a server's binary: reads the command line, then serves or does what it was told.
pub fn run<S: Service>(server: fn() -> Server<S>, version: &'static str) -> ExitCode {
    run_as(&format!("awsmcp-{}", S::ID), std::env::args_os().skip(1), server, version)
}

/// Runs a server as `program`, with what follows that name on the command line.
fn run_as<S: Service>(
    program: &str,
    arguments: impl Iterator<Item = OsString>,
    server: fn() -> Server<S>,
    version: &'static str,
) -> ExitCode {
    let command = Cli::command()
        .name(format!("awsmcp-{}", S::ID))
        .bin_name(program)
        .no_binary_name(true)
        .about(format!(
            "{}. Without a command it serves MCP on stdin and stdout.",
            S::SUMMARY.trim_end_matches('.')
        ))
        .version(version)
        .args(Options::own_flags(S::EXTRAS));
    // A mistyped flag is explained by clap, with its own exit code.
    let matches = with_careful_variables(command).try_get_matches_from(arguments).unwrap_or_else(|mistake| {
        lambda::init_failed(&mistake.to_string());
        mistake.exit()
    });
    let ran = Cli::from_arg_matches(&matches).map_err(anyhow::Error::from).and_then(|cli| {
        let options = cli.options.with_own(S::EXTRAS, &matches).with_file(S::EXTRAS)?;
        start(&options, cli.command, server, version)
    });
    match ran {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => failed(program, &error),
    }
}

/// Tells why a program did not do what it was told.
fn failed(program: &str, error: &anyhow::Error) -> ExitCode {
    // With stderr closed there is nobody left to tell.
    let _ = commands::report(&format!("{program}: {error:#}"));
    lambda::init_failed(&format!("{error:#}"));
    ExitCode::from(2)
}

/// Hosts set a variable to nothing for what a person left out; that is no setting. And what a variable holds
/// stays out of the help, which is pasted into issues.
fn with_careful_variables(command: clap::Command) -> clap::Command {
    command.mut_args(|arg| {
        let empty = arg.get_env().and_then(std::env::var_os).is_some_and(|value| value.is_empty());
        if empty { arg.env(None::<&'static str>) } else { arg.hide_env_values(true) }
    })
}

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    options: Options,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
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
    let engine = Arc::new(engine(options, server)?);
    run_to_end(async {
        let done = match command {
            None => Box::pin(serve_alone(engine.clone(), version, options)).await.map(|()| true),
            Some(Command::Call { tool, json, yes }) => {
                Box::pin(commands::call(&engine, &tool, &json, yes)).await
            }
            Some(Command::Tools) => commands::tools(&engine).map(|()| true),
            Some(Command::Manifest { .. }) => {
                commands::gateway_manifest(&Handler::new(engine.clone(), version)).map(|()| true)
            }
            Some(Command::Token { .. }) => Ok(true),
            Some(Command::IamPolicy { partition }) => {
                commands::iam_policy(&engine, &partition).map(|()| true)
            }
            Some(Command::Doctor) => Box::pin(commands::doctor(&engine)).await,
        };
        engine.settled().await;
        done
    })
}

/// Runs what the process is there for.
fn run_to_end<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    // The SDK's futures are large and are moved over the stack, many at once where a tool asks several things side
    // by side; only what is used of a stack becomes memory.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .thread_stack_size(16 * 1024 * 1024)
        .enable_all()
        .build()?;
    let done = runtime.block_on(work);
    // A read of stdin that never returns must not hold the exit.
    runtime.shutdown_background();
    done
}

fn engine<S: Service>(options: &Options, server: fn() -> Server<S>) -> Result<Engine<S>> {
    let settings = options.settings(S::EXTRAS)?;
    let mut session = options.session()?;
    if options.narrows_session()
        && let Some(role) = &mut session.role
    {
        let bare = Engine::new(server(), Session::new(options.session()?), settings.clone());
        let partition = role.arn.split(':').nth(1).unwrap_or("aws").to_owned();
        let policy = commands::least_policy(&bare.map_err(|message| anyhow!(message))?, &partition);
        role.policy = Some(serde_json::to_string(&policy)?);
    }
    Engine::new(server(), Session::new(session), settings).map_err(|message| anyhow!(message))
}

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
    serve(Served::alone(&engine, version, options.web.http.is_some()), options).await
}
