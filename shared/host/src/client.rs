//! `config`: what makes a client start the servers, printed or written into the client's own file.

use std::{
    fs::{self, Permissions},
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail, ensure};
use clap::{Args, FromArgMatches, ValueEnum, builder::PossibleValuesParser};
use serde::Serialize;
use serde_json::{Map, Value, json, ser::PrettyFormatter};
use tempfile::NamedTempFile;

/// The command line of `config`. `ids` are the servers.
pub(crate) fn command(ids: &[&'static str]) -> clap::Command {
    let servers = PossibleValuesParser::new(ids.iter().copied());
    Wish::augment_args(clap::Command::new("config"))
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
    let wish = Wish::from_arg_matches(matches)?;
    crate::commands::report(&fulfil(&wish, &Machine::this()?, out)?)
}

/// What the command line asks for.
#[derive(Args)]
struct Wish {
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

/// What starts the servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Client {
    ClaudeCode,
    ClaudeDesktop,
    Cursor,
    Vscode,
    Kiro,
}

/// Where clients keep their files depends on it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum System {
    Linux,
    Mac,
    Windows,
}

/// What the answer depends on besides the command line.
struct Machine {
    system: System,
    home: Option<PathBuf>,
    /// `APPDATA` on Windows, `XDG_CONFIG_HOME` on Linux.
    config: Option<PathBuf>,
    /// `LOCALAPPDATA` on Windows.
    local: Option<PathBuf>,
    directory: PathBuf,
    program: Option<PathBuf>,
}

/// One server as a client knows it.
struct Entry {
    name: String,
    words: Vec<String>,
}

/// Prints or writes. Answers what to tell the person.
fn fulfil(wish: &Wish, machine: &Machine, out: &mut dyn Write) -> Result<String> {
    let entries = wish.entries(machine)?;
    let file = match &wish.file {
        Some(file) => machine.directory.join(file),
        None => wish.client.file(machine)?,
    };
    let servers: Map<String, Value> =
        entries.iter().map(|entry| (entry.name.clone(), entry.value(wish.client))).collect();
    if wish.write {
        return write(&file, wish.client, servers);
    }
    let key = wish.client.key();
    writeln!(out, "{}", pretty(&json!({ key: servers }), "  ")?).context("stdout is closed")?;
    let mut told = format!("Put this into {}, beside what its `{key}` has; --write does it.", file.display());
    if wish.client == Client::ClaudeCode {
        told.push_str("\nFor all your projects instead:");
        for Entry { name, words } in &entries {
            let words = shlex::try_join(words.iter().map(String::as_str))?;
            told.push_str(&format!("\n  claude mcp add --scope user {name} -- {words}"));
        }
    }
    Ok(told)
}

impl Wish {
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

impl Client {
    /// Where its file has the servers.
    fn key(self) -> &'static str {
        match self {
            Self::Vscode => "servers",
            _ => "mcpServers",
        }
    }

    /// The person's own file; for Claude Code the project's, since it rewrites the person's own while it runs.
    fn file(self, machine: &Machine) -> Result<PathBuf> {
        Ok(match self {
            Self::ClaudeCode => machine.directory.join(".mcp.json"),
            Self::ClaudeDesktop => {
                let directory = match machine.packaged_claude() {
                    Some(directory) => directory,
                    None => machine.config()?.join("Claude"),
                };
                directory.join("claude_desktop_config.json")
            }
            Self::Cursor => machine.home()?.join(".cursor").join("mcp.json"),
            Self::Vscode => machine.config()?.join("Code").join("User").join("mcp.json"),
            Self::Kiro => machine.home()?.join(".kiro").join("settings").join("mcp.json"),
        })
    }

    /// How it takes up a change.
    fn next(self) -> &'static str {
        match self {
            Self::ClaudeCode => {
                "Start a new session of Claude Code there and allow it; `/mcp` lists its tools."
            }
            Self::ClaudeDesktop => "Restart Claude Desktop.",
            Self::Cursor => {
                "Settings, MCP in Cursor shows whether it runs; if it is not there, restart Cursor."
            }
            Self::Vscode => "\"MCP: List Servers\" in VS Code starts it.",
            Self::Kiro => "Kiro's MCP view shows whether it runs; if it is not there, restart Kiro.",
        }
    }
}

impl Machine {
    fn this() -> Result<Self> {
        let system = match std::env::consts::OS {
            "windows" => System::Windows,
            "macos" => System::Mac,
            _ => System::Linux,
        };
        // The clients' variables, not the servers' settings. A relative path counts as none, as XDG has it.
        let variable = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let (config, local) = match system {
            System::Linux => (variable("XDG_CONFIG_HOME"), None),
            System::Mac => (None, None),
            System::Windows => (variable("APPDATA"), variable("LOCALAPPDATA")),
        };
        let home = std::env::home_dir().filter(|home| home.is_absolute());
        let directory = std::env::current_dir().context("the current directory is gone")?;
        Ok(Self { system, home, config, local, directory, program: std::env::current_exe().ok() })
    }

    fn home(&self) -> Result<&Path> {
        self.home.as_deref().context(
            "your home directory is not known; name the client's file, such as \
             --file /home/me/.cursor/mcp.json",
        )
    }

    /// Where programs keep their configuration.
    fn config(&self) -> Result<PathBuf> {
        if let Some(config) = &self.config {
            return Ok(config.clone());
        }
        let home = self.home()?;
        Ok(match self.system {
            System::Linux => home.join(".config"),
            System::Mac => home.join("Library").join("Application Support"),
            System::Windows => home.join("AppData").join("Roaming"),
        })
    }

    /// What Windows shows Claude Desktop in place of `%APPDATA%\Claude` if it came as an MSIX package:
    /// <https://github.com/anthropics/claude-code/issues/26073>.
    fn packaged_claude(&self) -> Option<PathBuf> {
        let packages = fs::read_dir(self.local.as_ref()?.join("Packages")).ok()?;
        packages
            .flatten()
            .filter(|package| package.file_name().to_string_lossy().starts_with("Claude_"))
            .map(|package| package.path().join("LocalCache").join("Roaming").join("Claude"))
            .find(|directory| directory.is_dir())
    }

    /// What starts this program again, also after its cache was emptied.
    fn itself(&self) -> Result<Vec<String>> {
        let path = self.program.as_deref().and_then(Path::to_str).context(
            "the path of this program is not known or not Unicode; say what to start, such as \
             --command \"npx -y awsmcp\"",
        )?;
        if path.split(['/', '\\']).any(|part| part == "_npx") {
            return Ok(["npx", "-y", "awsmcp"].map(str::to_owned).to_vec());
        }
        if path.split(['/', '\\']).any(of_uv_cache) {
            return Ok(["uvx", "awsmcp"].map(str::to_owned).to_vec());
        }
        // Homebrew's next version removes this one's directory; the link in `bin` stays.
        if let Some((prefix, below)) = path.split_once("/Cellar/")
            && let Some((_, name)) = below.rsplit_once('/')
        {
            return Ok(vec![format!("{prefix}/bin/{name}")]);
        }
        Ok(vec![path.to_owned()])
    }
}

/// The parts of uv's cache that hold programs, whatever their version: `archive-v0`, `environments-v2`.
fn of_uv_cache(part: &str) -> bool {
    part.rsplit_once("-v").is_some_and(|(bucket, version)| {
        matches!(bucket, "archive" | "builds" | "environments") && version.parse::<u32>().is_ok()
    })
}

/// Puts the servers into the file. Answers what was done, on one line.
fn write(file: &Path, client: Client, servers: Map<String, Value>) -> Result<String> {
    let names = servers.keys().cloned().collect::<Vec<_>>().join(", ");
    let file = followed(file);
    let change = || {
        let before = Before::read(&file)?;
        let bytes = before.as_ref().map_or(&[][..], |before| &before.bytes);
        let text = std::str::from_utf8(bytes).context("it is not UTF-8; save it as UTF-8 and try again")?;
        let Some(merged) = merge(text, client.key(), servers)? else { return Ok(None) };
        let backup = replace(&file, before.as_ref(), merged.text.as_bytes())?;
        anyhow::Ok(Some((merged.replaced, backup)))
    };
    let done = change().with_context(|| {
        format!(
            "nothing was written to {}; without --write the entry is printed, to be put in by hand",
            file.display()
        )
    })?;
    let Some((replaced, backup)) = done else {
        return Ok(format!("{} has {names} already; nothing was written.", file.display()));
    };
    let mut told = format!("{names} written to {}", file.display());
    if !replaced.is_empty() {
        told.push_str(&format!(", in place of another {}", replaced.join(", ")));
    }
    if let Some(backup) = backup {
        told.push_str(&format!("; as it was: {}", backup.display()));
    }
    Ok(format!("{told}. {}", client.next()))
}

/// What a link leads to, even if that is not there yet.
fn followed(file: &Path) -> PathBuf {
    let mut file = file.to_owned();
    // A circle of links ends here too, and is told when it is read.
    for _ in 0..40 {
        match (fs::read_link(&file), file.parent()) {
            (Ok(target), Some(directory)) => file = directory.join(target),
            _ => break,
        }
    }
    file
}

/// The file as it was.
struct Before {
    bytes: Vec<u8>,
    permissions: Permissions,
}

impl Before {
    fn read(file: &Path) -> Result<Option<Self>> {
        let bytes = match fs::read(file) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).context("it cannot be read"),
        };
        let permissions = fs::metadata(file)?.permissions();
        ensure!(!permissions.readonly(), "it is read-only");
        Ok(Some(Self { bytes, permissions }))
    }
}

struct Merged {
    text: String,
    /// The names that stood for something else.
    replaced: Vec<String>,
}

/// The text with the servers in it, everything else and the layout kept; none if they are in it already.
fn merge(text: &str, key: &str, servers: Map<String, Value>) -> Result<Option<Merged>> {
    let json = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut document = parse(json, key)?;
    let Value::Object(present) = document.entry(key).or_insert_with(|| json!({})) else {
        bail!("its `{key}` is no object; a good one looks like {{\"{key}\": {{}}}}");
    };
    let mut replaced = Vec::new();
    let mut changed = false;
    for (name, server) in servers {
        let server = over(present.get(&name), server);
        if present.get(&name) == Some(&server) {
            continue;
        }
        changed = true;
        if present.insert(name.clone(), server).is_some() {
            replaced.push(name);
        }
    }
    if !changed {
        return Ok(None);
    }
    let mut lines = pretty(&Value::Object(document), indent(json))?;
    if json.contains("\r\n") {
        lines = lines.replace('\n', "\r\n");
    }
    let mark = text.strip_suffix(json).unwrap_or_default();
    let end = match json.trim_end() {
        "" => "\n",
        body => json.strip_prefix(body).unwrap_or_default(),
    };
    Ok(Some(Merged { text: format!("{mark}{lines}{end}"), replaced }))
}

/// The entry with what a person added to the one before: an environment, what needs no question.
fn over(before: Option<&Value>, server: Value) -> Value {
    match (before.and_then(Value::as_object), server) {
        (Some(before), Value::Object(server)) if before.contains_key("command") => {
            Value::Object(before.clone().into_iter().chain(server).collect())
        }
        (_, server) => server,
    }
}

fn parse(json: &str, key: &str) -> Result<Map<String, Value>> {
    if json.trim().is_empty() {
        return Ok(Map::new());
    }
    match serde_json::from_str(json) {
        Ok(Value::Object(document)) => Ok(document),
        Ok(_) => bail!("it is no JSON object; a good one looks like {{\"{key}\": {{}}}}"),
        Err(error) => Err(error)
            .context("it is not plain JSON, such as with comments or trailing commas, which would be lost"),
    }
}

/// What the first indented line begins with.
fn indent(json: &str) -> &str {
    json.lines()
        .filter(|line| !line.trim().is_empty())
        .filter_map(|line| line.strip_suffix(line.trim_start_matches([' ', '\t'])))
        .find(|indent| !indent.is_empty())
        .unwrap_or("  ")
}

fn pretty(value: &Value, indent: &str) -> Result<String> {
    let mut bytes = Vec::new();
    let layout = PrettyFormatter::with_indent(indent.as_bytes());
    value.serialize(&mut serde_json::Serializer::with_formatter(&mut bytes, layout))?;
    Ok(String::from_utf8(bytes)?)
}

/// Writes beside the file and renames over it, so that a reader sees the old or the new. Answers the backup.
fn replace(file: &Path, before: Option<&Before>, after: &[u8]) -> Result<Option<PathBuf>> {
    let directory = file.parent().context("it is a directory; name a file, such as mcp.json")?;
    fs::create_dir_all(directory).with_context(|| format!("cannot make {}", directory.display()))?;
    let new = beside(directory, after, before)?;
    let Some(before) = before else {
        // What came to be there meanwhile stays: it has no backup.
        new.persist_noclobber(file).map_err(|error| error.error).context("cannot make it")?;
        return Ok(None);
    };
    let backup = back_up(file, beside(directory, &before.bytes, Some(before))?)?;
    new.persist(file).map_err(|error| error.error).context("cannot replace it")?;
    Ok(Some(backup))
}

/// A file of no lasting name, as private as the one before at any moment.
fn beside(directory: &Path, bytes: &[u8], before: Option<&Before>) -> Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".awsmcp-");
    // A new file is anybody's whom the umask leaves in: a project's goes with the repository.
    #[cfg(unix)]
    if before.is_none() {
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    }
    let mut file =
        builder.tempfile_in(directory).with_context(|| format!("cannot write in {}", directory.display()))?;
    file.write_all(bytes)?;
    if let Some(before) = before {
        file.as_file().set_permissions(before.permissions.clone())?;
    }
    file.as_file().sync_all()?;
    Ok(file)
}

/// Gives the copy the first free name beside the file.
fn back_up(file: &Path, mut copy: NamedTempFile) -> Result<PathBuf> {
    for number in 1..1000 {
        let mut path = file.as_os_str().to_owned();
        path.push(if number == 1 { ".bak".to_owned() } else { format!(".bak{number}") });
        match copy.persist_noclobber(&path) {
            Ok(_) => return Ok(path.into()),
            Err(taken) if taken.error.kind() == ErrorKind::AlreadyExists => copy = taken.file,
            Err(failed) => return Err(failed.error).context("cannot back it up"),
        }
    }
    bail!("it has 999 backups; remove some")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROGRAM: &str = "/opt/awsmcp/bin/awsmcp";

    fn wish(words: &[&str]) -> Wish {
        let line = ["config"].iter().chain(words);
        let matches = command(&["s3", "dynamodb", "ec2"]).try_get_matches_from(line).unwrap();
        Wish::from_arg_matches(&matches).unwrap()
    }

    fn machine(system: System) -> Machine {
        Machine {
            system,
            home: Some("/home/me".into()),
            config: None,
            local: None,
            directory: "/project".into(),
            program: Some(PROGRAM.into()),
        }
    }

    /// What goes to stdout and what is told.
    fn printed_on(machine: &Machine, words: &[&str]) -> (String, String) {
        let mut out = Vec::new();
        let told = fulfil(&wish(words), machine, &mut out).unwrap();
        (String::from_utf8(out).unwrap(), told)
    }

    fn printed(words: &[&str]) -> Value {
        serde_json::from_str(&printed_on(&machine(System::Linux), words).0).unwrap()
    }

    fn refused_on(machine: &Machine, words: &[&str]) -> String {
        let mut out = Vec::new();
        let error = fulfil(&wish(words), machine, &mut out).unwrap_err();
        assert_eq!(out, b"");
        format!("{error:#}")
    }

    /// A directory with a client's file.
    struct Place(tempfile::TempDir);

    impl Place {
        fn new(content: &str) -> Self {
            let place = Self(tempfile::tempdir().unwrap());
            fs::write(place.path("mcp.json"), content).unwrap();
            place
        }

        fn path(&self, name: &str) -> PathBuf {
            self.0.path().join(name)
        }

        fn read(&self, name: &str) -> String {
            fs::read_to_string(self.path(name)).unwrap()
        }

        fn names(&self) -> Vec<String> {
            let entries = fs::read_dir(self.0.path()).unwrap();
            let mut names: Vec<String> =
                entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
            names.sort();
            names
        }

        fn try_write(&self, client: &str, more: &[&str]) -> Result<String> {
            let file = self.path("mcp.json");
            let words = [&[client, "s3", "--write", "--file", file.to_str().unwrap()], more].concat();
            let mut out = Vec::new();
            let told = fulfil(&wish(&words), &machine(System::Linux), &mut out);
            assert_eq!(out, b"");
            told
        }

        fn write(&self, more: &[&str]) -> String {
            self.try_write("cursor", more).unwrap()
        }
    }

    #[test]
    fn every_client_gets_its_shape() {
        for client in ["claude-code", "claude-desktop", "cursor", "kiro"] {
            let entry = json!({ "command": PROGRAM, "args": ["s3", "--profile", "dev"] });
            let expected = json!({ "mcpServers": { "aws-s3": entry } });
            assert_eq!(printed(&[client, "s3", "--", "--profile", "dev"]), expected, "{client}");
        }
        let entry = json!({ "type": "stdio", "command": PROGRAM, "args": ["s3"] });
        assert_eq!(printed(&["vscode", "s3"]), json!({ "servers": { "aws-s3": entry } }));
    }

    #[test]
    fn servers_are_entries_or_together_one() {
        let apart = printed(&["cursor", "dynamodb", "s3", "--", "--region", "eu-central-1"]);
        let servers = apart["mcpServers"].as_object().unwrap();
        assert_eq!(servers.keys().collect::<Vec<_>>(), ["aws-dynamodb", "aws-s3"]);
        assert_eq!(servers["aws-s3"]["args"], json!(["s3", "--region", "eu-central-1"]));
        let one = printed(&["cursor", "dynamodb", "s3", "--together", "--command", "uvx awsmcp", "--", "-x"]);
        let entry = json!({ "command": "uvx", "args": ["awsmcp", "serve", "dynamodb", "s3", "-x"] });
        assert_eq!(one, json!({ "mcpServers": { "aws": entry } }));
    }

    #[test]
    fn every_client_has_its_file() {
        let mac = "/home/me/Library/Application Support";
        for (client, linux, on_mac, windows) in [
            (
                "claude-code",
                "/project/.mcp.json".to_owned(),
                "/project/.mcp.json".to_owned(),
                "/project/.mcp.json",
            ),
            (
                "claude-desktop",
                "/home/me/.config/Claude/claude_desktop_config.json".to_owned(),
                format!("{mac}/Claude/claude_desktop_config.json"),
                "/home/me/AppData/Roaming/Claude/claude_desktop_config.json",
            ),
            (
                "cursor",
                "/home/me/.cursor/mcp.json".to_owned(),
                "/home/me/.cursor/mcp.json".to_owned(),
                "/home/me/.cursor/mcp.json",
            ),
            (
                "vscode",
                "/home/me/.config/Code/User/mcp.json".to_owned(),
                format!("{mac}/Code/User/mcp.json"),
                "/home/me/AppData/Roaming/Code/User/mcp.json",
            ),
            (
                "kiro",
                "/home/me/.kiro/settings/mcp.json".to_owned(),
                "/home/me/.kiro/settings/mcp.json".to_owned(),
                "/home/me/.kiro/settings/mcp.json",
            ),
        ] {
            let file = |system| wish(&[client, "s3"]).client.file(&machine(system)).unwrap();
            assert_eq!(file(System::Linux), Path::new(&linux));
            assert_eq!(file(System::Mac), Path::new(&on_mac));
            assert_eq!(file(System::Windows), Path::new(windows));
        }
        let moved = Machine { config: Some("/elsewhere".into()), ..machine(System::Linux) };
        assert_eq!(Client::Vscode.file(&moved).unwrap(), Path::new("/elsewhere/Code/User/mcp.json"));
        let homeless = Machine { home: None, ..machine(System::Linux) };
        assert!(refused_on(&homeless, &["cursor", "s3"]).contains("--file /home/me/.cursor/mcp.json"));
        assert!(printed_on(&homeless, &["cursor", "s3", "--file", "x.json"]).1.contains("x.json"));
    }

    #[test]
    fn a_packaged_claude_desktop_has_its_own_directory() {
        let local = tempfile::tempdir().unwrap();
        let windows = Machine { local: Some(local.path().to_owned()), ..machine(System::Windows) };
        let usual = Client::ClaudeDesktop.file(&windows).unwrap();
        assert_eq!(usual, Path::new("/home/me/AppData/Roaming/Claude/claude_desktop_config.json"));
        let own = local.path().join("Packages/Claude_pzs8sxrjxfjjc/LocalCache/Roaming/Claude");
        fs::create_dir_all(&own).unwrap();
        fs::create_dir_all(local.path().join("Packages/Other_1/LocalCache/Roaming/Claude")).unwrap();
        assert_eq!(Client::ClaudeDesktop.file(&windows).unwrap(), own.join("claude_desktop_config.json"));
    }

    #[test]
    fn the_file_is_told_and_for_claude_code_the_command_too() {
        let (out, told) = printed_on(&machine(System::Linux), &["kiro", "s3"]);
        assert!(out.starts_with("{\n  \"mcpServers\"") && out.ends_with("}\n"), "{out}");
        assert!(told.contains("/home/me/.kiro/settings/mcp.json") && !told.contains("claude"), "{told}");
        let words = ["claude-code", "s3", "ec2", "--", "--allow-arn", "arn:aws:s3:::dev-*"];
        let told = printed_on(&machine(System::Linux), &words).1;
        let add = "claude mcp add --scope user";
        assert!(
            told.contains(&format!("{add} aws-s3 -- {PROGRAM} s3 --allow-arn 'arn:aws:s3:::dev-*'")),
            "{told}"
        );
        assert!(told.contains(&format!("{add} aws-ec2 -- {PROGRAM} ec2 ")), "{told}");
    }

    #[test]
    fn a_program_in_a_cache_is_started_by_what_fills_the_cache() {
        let npx = &["npx", "-y", "awsmcp"][..];
        let uvx = &["uvx", "awsmcp"][..];
        for (path, start) in [
            ("/home/me/.npm/_npx/0d3/node_modules/@awsmcp/linux-x64/bin/awsmcp", npx),
            (r"C:\Users\me\AppData\Local\npm-cache\_npx\0d3\node_modules\awsmcp\awsmcp.exe", npx),
            ("/home/me/.cache/uv/archive-v0/5mledyZ/bin/awsmcp", uvx),
            ("/Users/me/.cache/uv/environments-v2/409d/2351/bin/awsmcp", uvx),
            (r"C:\Users\me\AppData\Local\uv\cache\archive-v0\x\Scripts\awsmcp.exe", uvx),
            (
                "/home/linuxbrew/.linuxbrew/Cellar/awsmcp/0.1.0/bin/awsmcp",
                &["/home/linuxbrew/.linuxbrew/bin/awsmcp"],
            ),
            (
                "/home/me/.local/share/uv/tools/awsmcp/bin/awsmcp",
                &["/home/me/.local/share/uv/tools/awsmcp/bin/awsmcp"],
            ),
            ("/srv/archive-vault/my_npx/awsmcp", &["/srv/archive-vault/my_npx/awsmcp"]),
        ] {
            let machine = Machine { program: Some(path.into()), ..machine(System::Linux) };
            assert_eq!(wish(&["cursor", "s3"]).start(&machine).unwrap(), start, "{path}");
        }
        let unknown = Machine { program: None, ..machine(System::Linux) };
        assert!(refused_on(&unknown, &["cursor", "s3"]).contains("--command \"npx -y awsmcp\""));
    }

    #[test]
    fn a_command_is_split_as_a_shell_does() {
        let start = |system, words: &[&str]| wish(words).start(&machine(system)).unwrap();
        let quoted = ["cursor", "s3", "--command", "'/my tools/awsmcp' --x"];
        assert_eq!(start(System::Linux, &quoted), ["/my tools/awsmcp", "--x"]);
        for command in [r"C:\tools\awsmcp.exe", r#""C:\tools\awsmcp.exe""#] {
            assert_eq!(
                start(System::Windows, &["cursor", "s3", "--command", command]),
                [r"C:\tools\awsmcp.exe"]
            );
        }
        let npx = |client| start(System::Windows, &[client, "s3", "--command", "npx -y awsmcp"]);
        assert_eq!(npx("claude-code"), ["cmd", "/c", "npx", "-y", "awsmcp"]);
        assert_eq!(npx("claude-desktop"), ["npx", "-y", "awsmcp"]);
        for wrong in ["", " ", "'npx", "''"] {
            let error = refused_on(&machine(System::Linux), &["cursor", "s3", "--command", wrong]);
            assert!(error.contains("a good one looks like --command \"npx -y awsmcp\""), "{error}");
        }
    }

    #[test]
    fn the_command_line_is_checked() {
        let twice = refused_on(&machine(System::Linux), &["cursor", "s3", "ec2", "s3"]);
        assert_eq!(twice, "s3 is named twice; name each server once, such as: s3 dynamodb");
        command(&["s3"]).debug_assert();
        for wrong in
            [&["config"][..], &["config", "cursor"], &["config", "cursor", "s4"], &["config", "emacs", "s3"]]
        {
            assert!(command(&["s3"]).try_get_matches_from(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn merging_keeps_what_is_there() {
        let before = r#"{
    "zeta": [
        1.0,
        12345678901234567890123
    ],
    "mcpServers": {
        "other": {
            "command": "o",
            "env": {
                "KEY": "ü\u0001"
            }
        },
        "aws-s3": {
            "command": "old"
        },
        "last": {
            "url": "https://x.example"
        }
    },
    "alpha": null
}"#;
        let place = Place::new(before);
        let told = place.write(&["--", "--profile", "dev"]);
        let after = before.replace(
            r#""command": "old""#,
            r#""command": "/opt/awsmcp/bin/awsmcp",
            "args": [
                "s3",
                "--profile",
                "dev"
            ]"#,
        );
        assert_eq!(place.read("mcp.json"), after);
        assert_eq!(place.read("mcp.json.bak"), before);
        assert_eq!(place.names(), ["mcp.json", "mcp.json.bak"]);
        let (file, backup) = (place.path("mcp.json"), place.path("mcp.json.bak"));
        let expected = format!(
            "aws-s3 written to {}, in place of another aws-s3; as it was: {}. {}",
            file.display(),
            backup.display(),
            Client::Cursor.next()
        );
        assert_eq!(told, expected);
    }

    #[test]
    fn the_layout_is_kept() {
        let entry = |indent: &str, end: &str| {
            let entry = json!({ "mcpServers": { "aws-s3": { "command": PROGRAM, "args": ["s3"] } } });
            pretty(&entry, indent).unwrap() + end
        };
        for (before, after) in [
            ("", entry("  ", "\n")),
            (" \n\n", entry("  ", "\n")),
            ("{}", entry("  ", "")),
            ("{}\n", entry("  ", "\n")),
            ("{\n\t\"mcpServers\": {}\n}\n\n", entry("\t", "\n\n")),
            ("{\n    \"mcpServers\": {}\n}", entry("    ", "")),
            ("{\r\n  \"mcpServers\": {}\r\n}\r\n", entry("  ", "\n").replace('\n', "\r\n")),
            ("\u{feff}{}\n", format!("\u{feff}{}", entry("  ", "\n"))),
            ("\u{feff}", format!("\u{feff}{}", entry("  ", "\n"))),
        ] {
            let place = Place::new(before);
            place.write(&[]);
            assert_eq!(place.read("mcp.json"), after, "{before:?}");
            assert_eq!(place.read("mcp.json.bak"), before);
        }
    }

    #[test]
    fn without_a_change_nothing_is_written() {
        let place = Place::new(
            "{\"mcpServers\":{\"aws-s3\":{\"args\":[\"s3\"],\"command\":\"/opt/awsmcp/bin/awsmcp\"}}}",
        );
        let before = place.read("mcp.json");
        assert!(place.write(&[]).contains("has aws-s3 already; nothing was written"));
        assert_eq!((place.read("mcp.json"), place.names()), (before, vec!["mcp.json".to_owned()]));
    }

    #[test]
    fn no_backup_is_overwritten() {
        let place = Place::new("{}");
        for profile in ["a", "b", "c"] {
            place.write(&["--", "--profile", profile]);
        }
        assert_eq!(place.names(), ["mcp.json", "mcp.json.bak", "mcp.json.bak2", "mcp.json.bak3"]);
        assert_eq!(place.read("mcp.json.bak"), "{}");
        assert!(place.read("mcp.json.bak2").contains("\"a\""));
        assert!(place.read("mcp.json.bak3").contains("\"b\""));
        assert!(place.read("mcp.json").contains("\"c\""));
    }

    #[test]
    fn a_missing_file_is_made_with_its_directories() {
        let home = tempfile::tempdir().unwrap();
        let machine = Machine { home: Some(home.path().to_owned()), ..machine(System::Linux) };
        let told = fulfil(&wish(&["kiro", "s3", "--write"]), &machine, &mut Vec::new()).unwrap();
        let file = home.path().join(".kiro/settings/mcp.json");
        assert_eq!(told, format!("aws-s3 written to {}. {}", file.display(), Client::Kiro.next()));
        assert_eq!(fs::read_to_string(&file).unwrap(), printed_on(&machine, &["kiro", "s3"]).0);
        assert_eq!(fs::read_dir(file.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn what_would_be_lost_is_refused() {
        for (before, why) in [
            ("{\n  // mine\n  \"servers\": {}\n}", "not plain JSON, such as with comments"),
            ("{\"servers\": {},}", "line 1 column"),
            ("{\"servers\": {}} {}", "not plain JSON"),
            ("[]", "it is no JSON object; a good one looks like {\"servers\": {}}"),
            ("{\"servers\": []}", "its `servers` is no object; a good one looks like {\"servers\": {}}"),
            ("{\"servers\": null}", "its `servers` is no object"),
        ] {
            let place = Place::new(before);
            let error = format!("{:#}", place.try_write("vscode", &[]).unwrap_err());
            let file = place.path("mcp.json");
            assert!(
                error.starts_with(&format!("nothing was written to {}; without --write", file.display()))
            );
            assert!(error.contains(why), "{error}");
            assert_eq!(
                (place.read("mcp.json").as_str(), place.names()),
                (before, vec!["mcp.json".to_owned()])
            );
        }
        let place = Place::new("");
        let utf_16 = b"\xff\xfe{\0}\0";
        fs::write(place.path("mcp.json"), utf_16).unwrap();
        assert!(format!("{:#}", place.try_write("cursor", &[]).unwrap_err()).contains("not UTF-8"));
        assert_eq!(fs::read(place.path("mcp.json")).unwrap(), utf_16);
    }

    #[cfg(unix)]
    mod unix {
        use std::os::unix::fs::{PermissionsExt, symlink};

        use super::*;

        fn mode(path: &Path) -> u32 {
            fs::metadata(path).unwrap().permissions().mode() & 0o777
        }

        #[test]
        fn permissions_are_kept_and_the_backup_has_them() {
            for kept in [0o600, 0o640, 0o664] {
                let place = Place::new("{}");
                fs::set_permissions(place.path("mcp.json"), Permissions::from_mode(kept)).unwrap();
                place.write(&[]);
                assert_eq!((mode(&place.path("mcp.json")), mode(&place.path("mcp.json.bak"))), (kept, kept));
            }
            let place = Place::new("{}");
            fs::set_permissions(place.path("mcp.json"), Permissions::from_mode(0o444)).unwrap();
            assert!(format!("{:#}", place.try_write("cursor", &[]).unwrap_err()).contains("read-only"));
            assert_eq!((place.read("mcp.json").as_str(), place.names()), ("{}", vec!["mcp.json".to_owned()]));
        }

        #[test]
        fn a_new_file_has_the_permissions_of_any_new_file() {
            let place = Place::new("{}");
            let any = mode(&place.path("mcp.json"));
            fs::remove_file(place.path("mcp.json")).unwrap();
            place.write(&[]);
            assert_eq!((mode(&place.path("mcp.json")), place.names()), (any, vec!["mcp.json".to_owned()]));
        }

        #[test]
        fn a_link_is_followed() {
            let place = Place::new("{}");
            fs::create_dir(place.path("dotfiles")).unwrap();
            fs::rename(place.path("mcp.json"), place.path("dotfiles/real.json")).unwrap();
            symlink("real.json", place.path("dotfiles/link.json")).unwrap();
            symlink("dotfiles/link.json", place.path("mcp.json")).unwrap();
            place.write(&[]);
            assert_eq!(fs::read_link(place.path("mcp.json")).unwrap(), Path::new("dotfiles/link.json"));
            assert!(place.read("dotfiles/real.json").contains("aws-s3"));
            assert_eq!(place.read("dotfiles/real.json.bak"), "{}");
            assert_eq!(place.names(), ["dotfiles", "mcp.json"]);
        }

        #[test]
        fn a_link_to_nothing_is_filled_and_a_circle_refused() {
            let place = Place::new("{}");
            fs::remove_file(place.path("mcp.json")).unwrap();
            symlink("later/real.json", place.path("mcp.json")).unwrap();
            place.write(&[]);
            assert!(place.read("later/real.json").contains("aws-s3"));
            assert_eq!(place.names(), ["later", "mcp.json"]);
            fs::remove_file(place.path("mcp.json")).unwrap();
            symlink("mcp.json", place.path("mcp.json")).unwrap();
            assert!(
                format!("{:#}", place.try_write("cursor", &[]).unwrap_err()).contains("it cannot be read")
            );
        }
    }
}
