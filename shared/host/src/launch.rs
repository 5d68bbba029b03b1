//! What every program does once its command line is read: put a server under the operator's settings, run to the end, and
//! tell why that did not work.

use std::process::ExitCode;

use anyhow::{Result, anyhow, bail};
use awsmcp_mcp::{Engine, Server, Service};
use awsmcp_sdk::Session;

use crate::{commands, lambda, options::Options, terminal};

/// # Errors
/// When a pattern of `--allow-arn` fits nothing that `program` can touch.
pub(crate) fn check_arns(program: &str, unmatched: &[String]) -> Result<()> {
    match unmatched {
        [] => Ok(()),
        some => bail!(
            "--allow-arn {}: nothing that {program} touches fits this; the `manifest` command prints the ARNs of every tool",
            some.join(",")
        ),
    }
}

/// A server under the operator's settings.
///
/// # Errors
/// When settings contradict each other, or name what is not there.
pub(crate) fn engine<S: Service>(options: &Options, server: fn() -> Server<S>) -> Result<Engine<S>> {
    let settings = options.settings(S::EXTRAS)?;
    let mut session = options.session()?;
    if options.narrows_session()
        && let Some(role) = &mut session.role
    {
        let bare = Engine::new(server(), Session::new(options.session()?), settings.clone());
        let bare = bare.map_err(|message| anyhow!(message))?;
        if bare.settings().operations.is_empty() && bare.tools().any(|spec| spec.dispatches) {
            bail!("--session-policy needs --operations PATTERN, since a policy cannot hold every operation");
        }
        let partition = role.arn.split(':').nth(1).unwrap_or("aws").to_owned();
        let policy = commands::least_policy(&bare, &partition);
        role.policy = Some(serde_json::to_string(&policy)?);
    }
    Engine::new(server(), Session::new(session), settings).map_err(|message| anyhow!(message))
}

/// Runs what the process is there for.
pub(crate) fn run_to_end<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
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

/// Tells why a program did not do what it was told. A mistake in the command line is explained by clap, with clap's own
/// exit code; so is a text that was asked for, such as the help.
pub(crate) fn failed(program: &str, error: anyhow::Error) -> ExitCode {
    match error.downcast::<clap::Error>() {
        Ok(mistake) => {
            lambda::init_failed(&mistake.to_string());
            mistake.exit()
        }
        Err(error) => {
            // With stderr closed there is nobody left to tell.
            let _ = terminal::report(&format!("{program}: {error:#}"));
            lambda::init_failed(&format!("{error:#}"));
            ExitCode::from(2)
        }
    }
}
