//! `config`: what makes a client start the servers, printed or written into the client's own file.

mod clients;
mod file;
mod machine;

use std::{io::Write, path::PathBuf};

use anyhow::{Context, Result, ensure};
use clap::{Args, FromArgMatches, builder::PossibleValuesParser};
use clients::Client;
use machine::{Machine, System};
use serde_json::{Map, Value, json};

use crate::terminal;

/// The command line of `config`. `ids` are the servers.
pub(crate) fn command(ids: &[&'static str]) -> clap::Command {
    let servers = PossibleValuesParser::new(ids.iter().copied());
    ConfigArgs::augment_args(clap::Command::new("config"))
        .about("Print or write what makes a client start the servers")
        // `mut_arg` would move it behind the flags.
        .mut_args(|arg| if arg.get_id() == "servers" { arg.value_parser(servers.clone()) } else { arg })
}

/// Does it; what is printed goes to `out`.
///
/// # Errors
/// When the command line names nothing that can be started, `out` is closed, or the file cannot be read, is no plain
/// JSON, or cannot be replaced.
pub(crate) fn run(matches: &clap::ArgMatches, out: &mut dyn Write) -> Result<()> {
    let args = ConfigArgs::from_arg_matches(matches)?;
    terminal::report(&print_or_write(&args, &Machine::this()?, out)?)
}

/// What the command line asks for.
#[derive(Args)]
struct ConfigArgs {
    /// The client.
    client: Client,
    /// The servers it starts.
    #[arg(value_name = "SERVER", required = true)]
    servers: Vec<String>,
    /// One entry that starts all of them in one process, instead of one entry each.
    #[arg(long)]
    together: bool,
    /// Write into the client's file, after a backup, instead of printing.
    #[arg(long)]
    write: bool,
    /// The client's file, if it is not the usual one.
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// What starts awsmcp, such as "npx -y awsmcp" or "uvx awsmcp" [default: the full path of this program].
    #[arg(long, value_name = "WORDS")]
    command: Option<String>,
    /// Flags for what is started, such as -- --profile dev.
    #[arg(value_name = "FLAG", last = true)]
    flags: Vec<String>,
}

/// One server as a client knows it.
struct Entry {
    name: String,
    words: Vec<String>,
}

/// Prints or writes. Answers what to tell the person.
fn print_or_write(args: &ConfigArgs, machine: &Machine, out: &mut dyn Write) -> Result<String> {
    let entries = args.entries(machine)?;
    let file = match &args.file {
        Some(file) => machine.directory.join(file),
        None => args.client.file(machine)?,
    };
    let servers: Map<String, Value> =
        entries.iter().map(|entry| (entry.name.clone(), entry.value(args.client))).collect();
    if args.write {
        return file::write(&file, args.client, servers);
    }
    let key = args.client.key();
    writeln!(out, "{}", file::pretty(&json!({ key: servers }), "  ")?).context("stdout is closed")?;
    let mut summary =
        format!("Put this into {}, beside what its `{key}` has; --write does it.", file.display());
    if args.client == Client::ClaudeCode {
        summary.push_str("\nFor all your projects instead:");
        for Entry { name, words } in &entries {
            let words = shlex::try_join(words.iter().map(String::as_str))?;
            summary.push_str(&format!("\n  claude mcp add --scope user {name} -- {words}"));
        }
    }
    Ok(summary)
}

impl ConfigArgs {
    fn entries(&self, machine: &Machine) -> Result<Vec<Entry>> {
        let mut seen = Vec::new();
        for id in &self.servers {
            ensure!(!seen.contains(&id), "{id} is named twice; name each server once, such as: s3 dynamodb");
            seen.push(id);
        }
        let start = self.start(machine)?;
        let entry = |name: String, arguments: &[String]| Entry {
            name,
            words: [&start, arguments, &self.flags].concat(),
        };
        if self.together {
            let serve = [&["serve".to_owned()], self.servers.as_slice()].concat();
            return Ok(vec![entry("aws".to_owned(), &serve)]);
        }
        Ok(self.servers.iter().map(|id| entry(format!("aws-{id}"), std::slice::from_ref(id))).collect())
    }

    /// The words before `s3` or `serve`.
    fn start(&self, machine: &Machine) -> Result<Vec<String>> {
        let mut words = match &self.command {
            Some(command) => split(command, machine.system)?,
            None => machine.itself()?,
        };
        // `npx` is a `.cmd` there, which Claude Code does not start: https://code.claude.com/docs/en/mcp
        if machine.system == System::Windows
            && self.client == Client::ClaudeCode
            && words.first().is_some_and(|word| word == "npx")
        {
            words.splice(0..0, ["cmd".to_owned(), "/c".to_owned()]);
        }
        Ok(words)
    }
}

fn split(command: &str, system: System) -> Result<Vec<String>> {
    let words = match system {
        // A backslash is part of a path there.
        System::Windows => shlex::split(&command.replace('\\', r"\\")),
        System::Linux | System::Mac => shlex::split(command),
    };
    words.filter(|words| words.first().is_some_and(|word| !word.is_empty())).with_context(|| {
        format!(
            "--command '{command}' is empty or lacks a closing quote; a good one looks like \
             --command \"npx -y awsmcp\""
        )
    })
}

impl Entry {
    fn value(&self, client: Client) -> Value {
        let mut words = self.words.iter();
        let (command, args) = (words.next(), words.collect::<Vec<_>>());
        match client {
            Client::Vscode => json!({ "type": "stdio", "command": command, "args": args }),
            _ => json!({ "command": command, "args": args }),
        }
    }
}

#[cfg(test)]
mod tests;
