//! The program that holds every server: each by its id, several in one process, and what a client is told to start them.

use std::{
    env::{ArgsOs, args_os},
    iter::Skip,
    process::ExitCode,
    sync::Arc,
};

use anyhow::{Context, Result, bail};
use awsmcp_mcp::{Extra, Member, Risk, Server, Service, Stamped, Together, prefixed};
use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};
use futures::future::{BoxFuture, join_all};

use crate::{
    client, lambda, launch, logging,
    options::{self, Options},
    program::run_as,
    served::{self, Served},
    transport,
};

/// A server in the program that holds every server.
pub struct Program {
    id: &'static str,
    summary: &'static str,
    extras: &'static [Extra],
    run: Box<dyn Fn(Skip<ArgsOs>) -> ExitCode>,
    join: Box<Join>,
}

type Join = dyn Fn(&Options) -> Result<Joined>;

/// A server that was put under the operator's settings, to be one of several.
struct Joined {
    member: Member,
    risks: Vec<(String, Risk)>,
    /// The patterns of `--allow-arn` that fit nothing of this server.
    unmatched: Vec<String>,
    /// Waits until what cancelled calls left behind is cleaned up.
    settled: BoxFuture<'static, ()>,
}

impl Program {
    /// Takes a server; `version` is that of the binary that holds them all.
    pub fn new<S: Service>(server: fn() -> Server<S>, version: &'static str) -> Program {
        Program {
            id: S::ID,
            summary: S::SUMMARY,
            extras: S::EXTRAS,
            run: Box::new(move |arguments| run_as(&format!("awsmcp {}", S::ID), arguments, server, version)),
            join: Box::new(move |options| {
                let engine = Arc::new(launch::engine(options, server)?);
                let handler = served::handler(&engine, version, options.web.http.is_some());
                Ok(Joined {
                    unmatched: engine.unmatched_arns(),
                    member: Member::new(handler),
                    risks: served::risks(&engine)
                        .map(|(name, risk)| (prefixed(S::ID, &name), risk))
                        .collect(),
                    settled: Box::pin(async move { engine.settled().await }),
                })
            }),
        }
    }
}

/// Runs the program that holds every server.
pub fn run_all(programs: &[Program], version: &'static str) -> ExitCode {
    // A server reads its command line itself, so that `awsmcp s3` is in everything what `awsmcp-s3` is.
    let first = args_os().nth(1);
    if let Some(program) = programs.iter().find(|program| first.as_deref() == Some(program.id.as_ref())) {
        return (program.run)(args_os().skip(2));
    }
    let matches = options::parse(|| command(programs, version), Some("serve"), args_os());
    let ran = matches.and_then(|matches| match matches.subcommand() {
        Some(("serve", matches)) => serve_several(programs, version, matches),
        Some(("config", matches)) => client::run(matches, &mut std::io::stdout()),
        _ => Ok(()),
    });
    match ran {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => launch::failed("awsmcp", error),
    }
}

fn command(programs: &[Program], version: &'static str) -> Command {
    let ids: Vec<&'static str> = programs.iter().map(|program| program.id).collect();
    let servers =
        Arg::new("servers").value_name("SERVER").value_parser(ids.clone()).num_args(1..).required(true);
    let extras = programs.iter().flat_map(|program| program.extras);
    let serve = Options::augment_args(Command::new("serve"))
        .about("Serve several servers in one process; the name of each tool begins with its server's id.")
        .arg(servers.help("The servers, in the order in which their tools are listed."))
        .args(Options::own_flags(extras));
    let each = programs.iter().map(|program| Command::new(program.id).about(program.summary));
    Command::new("awsmcp")
        .about("MCP servers for AWS in one program. `awsmcp SERVER --help` tells what each can do.")
        .version(version)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands(each)
        .subcommands([serve, client::command(&ids)])
}

fn serve_several(programs: &[Program], version: &'static str, matches: &ArgMatches) -> Result<()> {
    let mut chosen: Vec<&Program> = Vec::new();
    for id in matches.get_many::<String>("servers").unwrap_or_default() {
        if chosen.iter().any(|program| program.id == id) {
            bail!("{id} is named twice");
        }
        chosen.extend(programs.iter().find(|program| program.id == id));
    }
    let ids: Vec<&str> = chosen.iter().map(|program| program.id).collect();
    let extras = || programs.iter().flat_map(|program| program.extras);
    let options = Options::from_arg_matches(matches)?.with_own(extras(), matches);
    options.check_members(&ids)?;
    logging::start(&options)?;
    if options.web.http.is_none() && lambda::runtime_api().is_some() {
        bail!(
            "on Lambda each server is a function of its own, with a role of its own: start `awsmcp {}`",
            ids.join("` or `awsmcp ")
        );
    }
    let joined = chosen.iter().enumerate().map(|(index, program)| {
        let options = options.for_member(program.id, index == 0)?;
        (program.join)(&options).with_context(|| program.id.to_owned())
    });
    let joined: Vec<Joined> = joined.collect::<Result<_>>()?;
    if let Some((first, others)) = joined.split_first() {
        let nowhere = |arn: &String| others.iter().all(|other| other.unmatched.contains(arn));
        let unmatched: Vec<String> = first.unmatched.iter().filter(|arn| nowhere(arn)).cloned().collect();
        launch::check_arns("any of these servers", &unmatched)?;
    }
    let (mut members, mut risks, mut settled) = (Vec::new(), Vec::new(), Vec::new());
    for server in joined {
        members.push(server.member);
        risks.extend(server.risks);
        settled.push(server.settled);
    }
    tracing::info!(servers = ids.join(","), version, "starting");
    let served = Served {
        service: Stamped::new(Together::new(members, version)),
        program: format!("awsmcp {}", ids.first().unwrap_or(&"s3")),
        risks: risks.into(),
    };
    launch::run_to_end(async {
        let done = transport::serve(served, &options).await;
        join_all(settled).await;
        done
    })
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::*;

    #[test]
    fn several_servers_take_their_settings_from_the_file_too() {
        let program = Program {
            id: "s3",
            summary: "A server.",
            extras: &[],
            run: Box::new(|_| ExitCode::SUCCESS),
            join: Box::new(|_| bail!("it is not started")),
        };
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("awsmcp.toml");
        std::fs::write(&file, "page-size = 7\n").unwrap();
        let page_size = |flags: &[&str]| {
            let line = ["awsmcp", "serve", "s3", "--config", file.to_str().unwrap()];
            let line: Vec<OsString> = line.iter().chain(flags).map(Into::into).collect();
            let command = || command(std::slice::from_ref(&program), "1");
            let matches = options::parse(command, Some("serve"), line.into_iter()).unwrap();
            let settings = Options::from_arg_matches(matches.subcommand_matches("serve").unwrap()).unwrap();
            settings.settings(&[]).unwrap().page_size
        };
        assert_eq!((page_size(&[]), page_size(&["--page-size", "8"])), (7, 8));
    }
}
