//! Everything an operator can set: a flag, an environment variable, or a key of a TOML file. Flags win over
//! variables, variables over the file.
//!
//! A setting is declared once, as a flag; its variable and its key follow from the flag's name.

mod file;
mod parsed;
#[cfg(test)]
mod tests;
mod web;

use std::{collections::BTreeMap, ffi::OsString, path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context, Result, anyhow, bail};
#[cfg(debug_assertions)]
use awsmcp_mcp::Looks;
use awsmcp_mcp::{
    Audit, COMMON_TOOLSETS, Confirm, Extra, OutputMode, Risk, SealKey, Settings, WHOAMI, unprefixed,
};
use awsmcp_sdk::{Role, SessionConfig};
use clap::{Arg, ArgMatches, Args, Command, ValueEnum, builder::BoolishValueParser};
use file::File;
use parsed::parsed;
pub(crate) use web::Address;
use web::WebOptions;

use crate::environment;

/// The operator's choices, each of them optional.
#[derive(Args, Clone, Debug)]
pub(crate) struct Options {
    /// TOML file with any of these settings; its keys are the flags' names.
    #[arg(long, global = true, env = "AWSMCP_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Risks that calls may take besides reading.
    #[arg(long, global = true, env = "AWSMCP_ALLOW", value_delimiter = ',', value_name = "RISK", help_heading = SAFETY)]
    allow: Vec<Risk>,
    /// Only these tools.
    #[arg(long, global = true, env = "AWSMCP_TOOLS", value_delimiter = ',', value_name = "TOOL", help_heading = SAFETY)]
    tools: Vec<String>,
    /// All but these tools.
    #[arg(long, global = true, env = "AWSMCP_EXCLUDE_TOOLS", value_delimiter = ',', value_name = "TOOL", help_heading = SAFETY)]
    exclude_tools: Vec<String>,
    /// Only these groups of tools; `all` for every group, `default` for the usual ones.
    #[arg(long, global = true, env = "AWSMCP_TOOLSETS", value_delimiter = ',', value_name = "TOOLSET", help_heading = SAFETY)]
    toolsets: Vec<String>,
    /// Only these operations, in the tools that take the name of one: sqs:ListQueues, sqs:List*, *:Describe*.
    #[arg(long, global = true, env = "AWSMCP_OPERATIONS", value_delimiter = ',', value_name = "PATTERN", help_heading = SAFETY)]
    operations: Vec<String>,
    /// All but these operations.
    #[arg(long, global = true, env = "AWSMCP_EXCLUDE_OPERATIONS", value_delimiter = ',', value_name = "PATTERN", help_heading = SAFETY)]
    exclude_operations: Vec<String>,
    /// Only these resources; an ARN with IAM's wildcards, such as arn:aws:s3:::team-*.
    #[arg(long, global = true, env = "AWSMCP_ALLOW_ARN", value_delimiter = ',', value_name = "ARN", help_heading = SAFETY)]
    allow_arn: Vec<String>,
    /// Holds calls to these resources by one look alone, at the arguments or at the requests, so that a test can show that
    /// either holds. No release has it.
    #[cfg(debug_assertions)]
    #[arg(long, global = true, hide = true, value_name = "LOOK", help_heading = SAFETY)]
    only_look: Option<Look>,
    /// A local directory that tools may read and write.
    #[arg(long, global = true, env = "AWSMCP_ALLOW_DIR", value_delimiter = ',', value_name = "DIRECTORY", help_heading = SAFETY)]
    allow_dir: Vec<PathBuf>,
    /// Further regions that a call may name; eu-* and * work.
    #[arg(long, global = true, env = "AWSMCP_ALLOW_REGION", value_delimiter = ',', value_name = "REGION", help_heading = SAFETY)]
    allow_region: Vec<String>,
    /// Further profiles that a call may name; * for any.
    #[arg(long, global = true, env = "AWSMCP_ALLOW_PROFILE", value_delimiter = ',', value_name = "PROFILE", help_heading = SAFETY)]
    allow_profile: Vec<String>,
    /// How what must be confirmed is confirmed: `ask` the user, and give the model a token only where its client cannot ask;
    /// always by `token`; or `off` [default: ask].
    #[arg(long, global = true, env = "AWSMCP_CONFIRM", value_name = "HOW", help_heading = SAFETY)]
    confirm: Option<ConfirmMode>,
    /// How long the confirmation of a plan is good, in seconds [default: 300].
    #[arg(long, global = true, env = "AWSMCP_CONFIRM_WITHIN", value_name = "SECONDS", help_heading = SAFETY)]
    confirm_within: Option<u64>,
    /// Secret of 32 characters or more that several processes share, so that one takes the confirmation of another's plan.
    #[arg(long, global = true, env = "AWSMCP_SEAL_KEY", value_name = "SECRET", help_heading = SAFETY)]
    seal_key: Option<String>,
    /// File for one JSON line per call; `-` for stderr.
    #[arg(long, global = true, env = "AWSMCP_AUDIT_LOG", value_name = "FILE", help_heading = SAFETY)]
    audit_log: Option<PathBuf>,

    /// Profile of the AWS configuration files [default: the SDK's].
    #[arg(long, global = true, env = "AWSMCP_PROFILE", value_name = "PROFILE", help_heading = ACCOUNT)]
    profile: Option<String>,
    /// Region [default: the SDK's].
    #[arg(long, global = true, env = "AWSMCP_REGION", value_name = "REGION", help_heading = ACCOUNT)]
    region: Option<String>,
    /// Role to assume with the profile's credentials.
    #[arg(long, global = true, env = "AWSMCP_ROLE_ARN", value_name = "ARN", help_heading = ACCOUNT)]
    role_arn: Option<String>,
    /// External id for the role.
    #[arg(long, global = true, env = "AWSMCP_EXTERNAL_ID", value_name = "ID", help_heading = ACCOUNT)]
    external_id: Option<String>,
    /// Name of the role's session for calls of nobody in particular; a caller known by name gives it that name.
    #[arg(long, global = true, env = "AWSMCP_SESSION_NAME", value_name = "NAME", help_heading = ACCOUNT)]
    session_name: Option<String>,
    /// Tag of the role's session, KEY=VALUE.
    #[arg(long, global = true, env = "AWSMCP_SESSION_TAG", value_delimiter = ',', value_name = "KEY=VALUE", help_heading = ACCOUNT)]
    session_tag: Vec<String>,
    /// Source identity of the role's session.
    #[arg(long, global = true, env = "AWSMCP_SOURCE_IDENTITY", value_name = "NAME", help_heading = ACCOUNT)]
    source_identity: Option<String>,
    /// Narrow the role's session to the policy that `iam-policy` prints.
    #[arg(long, global = true, env = "AWSMCP_SESSION_POLICY", value_parser = BoolishValueParser::new(), help_heading = ACCOUNT)]
    session_policy: bool,
    /// Use FIPS endpoints.
    #[arg(long, global = true, env = "AWSMCP_FIPS", value_parser = BoolishValueParser::new(), help_heading = ACCOUNT)]
    fips: bool,
    /// Use dual-stack endpoints.
    #[arg(long, global = true, env = "AWSMCP_DUAL_STACK", value_parser = BoolishValueParser::new(), help_heading = ACCOUNT)]
    dual_stack: bool,
    /// How often a request is tried [default: 3, or AWS_MAX_ATTEMPTS].
    #[arg(long, global = true, env = "AWSMCP_MAX_ATTEMPTS", value_name = "COUNT", help_heading = ACCOUNT)]
    max_attempts: Option<u32>,
    /// Seconds to wait for a connection [default: 3.1].
    #[arg(long, global = true, env = "AWSMCP_CONNECT_TIMEOUT", value_name = "SECONDS", help_heading = ACCOUNT)]
    connect_timeout: Option<f64>,

    /// How answers are given [default: text].
    #[arg(long, global = true, env = "AWSMCP_OUTPUT", value_name = "MODE", help_heading = ANSWERS)]
    output: Option<Output>,
    /// The most characters of an answer [default: 40000].
    #[arg(long, global = true, env = "AWSMCP_MAX_CHARS", value_name = "COUNT", help_heading = ANSWERS)]
    max_chars: Option<usize>,
    /// Rows of a page where a call names no limit [default: 100].
    #[arg(long, global = true, env = "AWSMCP_PAGE_SIZE", value_name = "COUNT", help_heading = ANSWERS)]
    page_size: Option<u32>,
    /// The longest an ordinary call may take, in seconds [default: 60].
    #[arg(long, global = true, env = "AWSMCP_TIMEOUT", value_name = "SECONDS", help_heading = ANSWERS)]
    timeout: Option<u64>,
    /// Calls in flight at once [default: 16].
    #[arg(long, global = true, env = "AWSMCP_MAX_CALLS", value_name = "COUNT", help_heading = ANSWERS)]
    max_calls: Option<usize>,
    /// Calls that may wait for their turn; more are refused [default: 1000].
    #[arg(long, global = true, env = "AWSMCP_MAX_WAITING", value_name = "COUNT", help_heading = ANSWERS)]
    max_waiting: Option<usize>,

    /// How much is logged [default: warn; over HTTP info].
    #[arg(long, global = true, env = "AWSMCP_LOG_LEVEL", value_name = "LEVEL", help_heading = LOGS)]
    pub(crate) log_level: Option<Level>,
    /// File for the log [default: stderr].
    #[arg(long, global = true, env = "AWSMCP_LOG_FILE", value_name = "FILE", help_heading = LOGS)]
    pub(crate) log_file: Option<PathBuf>,

    /// What was set of HTTP.
    #[command(flatten)]
    pub(crate) web: WebOptions,

    /// What was set of the server's own settings, by name.
    #[arg(skip)]
    extras: BTreeMap<&'static str, String>,
}

const SAFETY: &str = "Safety";
const ACCOUNT: &str = "Account";
const ANSWERS: &str = "Answers";
const LOGS: &str = "Logs";
const OWN: &str = "This server";

/// How answers are given.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Output {
    /// Tables, compact JSON, bodies: the fewest tokens.
    Text,
    /// `structuredContent` with output schemas.
    Structured,
}

/// How what must be confirmed is confirmed.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum ConfirmMode {
    /// By the user; by a token only where the client cannot ask.
    Ask,
    /// By a token that the model gives back: for agents that run without a person.
    Token,
    /// Not at all.
    Off,
}

/// A look that holds a call to the list of resources.
#[cfg(debug_assertions)]
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Look {
    /// At what the arguments name.
    First,
    /// At what each request names.
    Second,
}

/// How much is logged.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Level {
    /// Nothing.
    Off,
    /// Faults.
    Error,
    /// What should be looked at.
    Warn,
    /// What goes on.
    Info,
}

/// Reads a command line: a flag wins over its variable, a variable over the file that `--config` names.
///
/// The settings may be those of a subcommand, which `within` names. `command` is made a second time only where there is a
/// file: clap takes apart the one that it reads by.
///
/// # Errors
/// A [`clap::Error`] for a mistake in the command line or a variable, or for a text that was asked for; otherwise what is
/// wrong with the file.
pub(crate) fn parse(
    command: impl Fn() -> Command,
    within: Option<&str>,
    arguments: impl Iterator<Item = OsString>,
) -> Result<ArgMatches> {
    let arguments: Vec<OsString> = arguments.collect();
    let variables = |command: &Command, name: &str| {
        command.get_arguments().any(|arg| arg.get_env().is_some_and(|variable| variable == name))
    };
    let first = command();
    let settings = within.and_then(|name| first.find_subcommand(name)).unwrap_or(&first);
    if let Some(name) = environment::in_other_case(|name| variables(settings, name)) {
        bail!("the variable {name} has no meaning: it is written {}", name.to_ascii_uppercase());
    }
    let careful = |command: Command| match within {
        Some(name) => command.mut_subcommand(name, with_careful_variables),
        None => with_careful_variables(command),
    };
    let given = careful(first).try_get_matches_from(&arguments)?;
    let settings = match within {
        Some(name) => given.subcommand_matches(name),
        None => Some(&given),
    };
    let Some((settings, path)) =
        settings.and_then(|given| Some((given, given.get_one::<PathBuf>("config")?)))
    else {
        return Ok(given);
    };
    let command = careful(command());
    let with_file = |command: Command| Ok(File::read(path, &command)?.below(command, settings));
    let command = match within {
        Some(name) => {
            let inner = command.find_subcommand(name).cloned().unwrap_or_default();
            let inner: Result<Command> = with_file(inner);
            let inner = inner?;
            command.mut_subcommand(name, |_| inner)
        }
        None => with_file(command)?,
    };
    Ok(command.try_get_matches_from(&arguments)?)
}

/// Hosts set a variable to nothing for what a person left out; that is no setting. And what a variable holds stays out
/// of the help, which is pasted into issues.
fn with_careful_variables(command: Command) -> Command {
    command.mut_args(|arg| {
        if arg.get_env().is_some_and(environment::is_set_to_nothing) {
            arg.env(None::<&'static str>)
        } else {
            arg.hide_env_values(true)
        }
    })
}

/// Whether a flag is a setting that only one server has.
fn is_own(arg: &Arg) -> bool {
    arg.get_help_heading() == Some(OWN)
}

impl Options {
    /// The flags of a server's own settings.
    pub(crate) fn own_flags(extras: impl IntoIterator<Item = &'static Extra>) -> impl Iterator<Item = Arg> {
        extras.into_iter().map(|extra| {
            Arg::new(extra.name)
                .long(extra.name)
                .global(true)
                .env(extra.variable())
                .value_name(extra.value)
                .help(extra.about())
                .help_heading(OWN)
        })
    }

    /// Adds what flags and variables say of the server's own settings.
    pub(crate) fn with_own(
        mut self,
        extras: impl IntoIterator<Item = &'static Extra>,
        matches: &ArgMatches,
    ) -> Options {
        for extra in extras {
            if let Some(value) = matches.get_one::<String>(extra.name) {
                self.extras.insert(extra.name, value.clone());
            }
        }
        self
    }

    /// These settings as one server of several takes them: each tool and toolset is named with its server's id before it,
    /// but for the toolsets that every server has.
    ///
    /// All servers answer alike who calls, so only the `first` of them offers that unasked.
    ///
    /// # Errors
    /// When tools are chosen, but none of this server.
    pub(crate) fn for_member(&self, id: &str, first: bool) -> Result<Options> {
        let own = |names: &[String]| -> Vec<String> {
            names.iter().filter_map(|name| unprefixed(id, name)).map(str::to_owned).collect()
        };
        let (tools, mut toolsets) = (own(&self.tools), own(&self.toolsets));
        toolsets.extend(self.toolsets.iter().filter(|set| COMMON_TOOLSETS.contains(&set.as_str())).cloned());
        let chosen = !self.tools.is_empty() || !self.toolsets.is_empty();
        if chosen && tools.is_empty() && toolsets.is_empty() {
            bail!(
                "--tools and --toolsets name nothing of {id}: leave it out, or add {id}_whoami and the like"
            );
        }
        let mut exclude_tools = own(&self.exclude_tools);
        if !first && !tools.iter().any(|tool| tool == WHOAMI) {
            exclude_tools.push(WHOAMI.to_owned());
        }
        Ok(Options { tools, toolsets, exclude_tools, ..self.clone() })
    }

    /// Checks that every tool and toolset that is named is of one of these servers.
    ///
    /// # Errors
    /// Names the first that is not.
    pub(crate) fn check_members(&self, ids: &[&str]) -> Result<()> {
        let sets = self.toolsets.iter().filter(|set| !COMMON_TOOLSETS.contains(&set.as_str()));
        let named = [("--tools", &self.tools), ("--exclude-tools", &self.exclude_tools)]
            .into_iter()
            .flat_map(|(flag, names)| names.iter().map(move |name| (flag, name)))
            .chain(sets.map(|set| ("--toolsets", set)));
        for (flag, name) in named {
            if !ids.iter().any(|id| unprefixed(id, name).is_some()) {
                bail!(
                    "{flag}: {name:?} is of none of {}; with several servers a good one has its server's id before it, \
                     as {}_{name}",
                    ids.join(", "),
                    ids.first().unwrap_or(&"s3")
                );
            }
        }
        Ok(())
    }

    /// What the session needs to know.
    ///
    /// # Errors
    /// When settings contradict each other.
    pub(crate) fn session(&self) -> Result<SessionConfig> {
        Ok(SessionConfig {
            profile: self.profile.clone(),
            region: self.region.clone(),
            role: self.role()?,
            allow_profiles: self.allow_profile.clone(),
            allow_regions: self.allow_region.clone(),
            fips: self.fips.then_some(true),
            dual_stack: self.dual_stack.then_some(true),
            max_attempts: self.max_attempts,
            connect_timeout: self.connect_timeout.map(Duration::try_from_secs_f64).transpose()?,
            // Silence ends before the call does, so that its error can say what happened; but what AWS takes for an
            // ordinary answer is no silence, and there the call's own end speaks.
            read_timeout: self.timeout.map(|seconds| {
                let third = Duration::from_secs_f64(seconds as f64 * 0.3);
                third.clamp(Duration::from_secs(5), SessionConfig::READ_TIMEOUT)
            }),
            app_name: Some("awsmcp".to_owned()),
            ..SessionConfig::default()
        })
    }

    fn role(&self) -> Result<Option<Role>> {
        let Some(arn) = self.role_arn.clone() else {
            let alone = [
                ("--external-id", self.external_id.is_some()),
                ("--session-name", self.session_name.is_some()),
                ("--session-tag", !self.session_tag.is_empty()),
                ("--source-identity", self.source_identity.is_some()),
                ("--session-policy", self.session_policy),
            ];
            if let Some((flag, _)) = alone.iter().find(|(_, given)| *given) {
                bail!("{flag} is about a role; give --role-arn too");
            }
            return Ok(None);
        };
        let mut tags = Vec::new();
        for tag in &self.session_tag {
            let (key, value) = tag
                .split_once('=')
                .with_context(|| format!("--session-tag {tag:?}: a good one looks like team=data"))?;
            tags.push((key.to_owned(), value.to_owned()));
        }
        Ok(Some(Role {
            arn,
            external_id: self.external_id.clone(),
            session_name: self.session_name.clone(),
            tags,
            source_identity: self.source_identity.clone(),
            policy: None,
        }))
    }

    /// Whether the role's session is to be narrowed to the printed policy.
    pub(crate) fn narrows_session(&self) -> bool {
        self.session_policy
    }

    /// What the engine needs to know.
    ///
    /// # Errors
    /// When a value is none, or the audit file cannot be opened.
    pub(crate) fn settings(&self, extras: &'static [Extra]) -> Result<Settings> {
        for (extra, value) in extras.iter().filter_map(|extra| Some((extra, self.extras.get(extra.name)?))) {
            (extra.check)(value).map_err(|wrong| anyhow!("--{} {value:?}: {wrong}", extra.name))?;
        }
        let default = Settings::default();
        let mut allow = default.allow.clone();
        allow.extend(&self.allow);
        let mut allow_dirs = Vec::new();
        for dir in &self.allow_dir {
            if !dir.is_dir() {
                bail!("--allow-dir {}: there is no such directory", dir.display());
            }
            allow_dirs.push(dir.clone());
        }
        let bounded = |flag: &str, value: Option<usize>, least: usize, usual: usize| match value {
            Some(value) if value < least => bail!("{flag} {value}: at least {least}"),
            value => Ok(value.unwrap_or(usual)),
        };
        Ok(Settings {
            allow,
            tools: self.tools.clone(),
            exclude_tools: self.exclude_tools.clone(),
            toolsets: self.toolsets.clone(),
            operations: parsed("--operations", &self.operations)?,
            exclude_operations: parsed("--exclude-operations", &self.exclude_operations)?,
            allow_arns: parsed("--allow-arn", &self.allow_arn)?,
            allow_dirs,
            output: match self.output {
                Some(Output::Structured) => OutputMode::Structured,
                _ => OutputMode::Text,
            },
            max_chars: bounded("--max-chars", self.max_chars, 1000, default.max_chars)?,
            page_size: bounded(
                "--page-size",
                self.page_size.map(|size| size as usize),
                1,
                default.page_size as usize,
            )?
            .min(1000)
            .try_into()?,
            timeout: Duration::from_secs(
                bounded("--timeout", self.timeout.map(|s| s as usize), 1, 60)? as u64
            ),
            max_calls: bounded("--max-calls", self.max_calls, 1, default.max_calls)?,
            max_waiting: self.max_waiting.unwrap_or(default.max_waiting),
            #[cfg(debug_assertions)]
            looks: match self.only_look {
                None => default.looks,
                Some(Look::First) => Looks { first: true, second: false },
                Some(Look::Second) => Looks { first: false, second: true },
            },
            #[cfg(not(debug_assertions))]
            looks: default.looks,
            confirm: match self.confirm {
                None | Some(ConfirmMode::Ask) => Confirm::Ask,
                Some(ConfirmMode::Token) => Confirm::Token,
                Some(ConfirmMode::Off) => Confirm::Off,
            },
            confirm_within: self.confirm_within.map_or(default.confirm_within, Duration::from_secs),
            clock: default.clock,
            seal_key: self
                .seal_key
                .as_deref()
                .map(|key| SealKey::new(key).map_err(|wrong| anyhow!("--seal-key: {wrong}")))
                .transpose()?,
            extras: self.extras.clone(),
            audit: self.audit()?,
        })
    }

    fn audit(&self) -> Result<Option<Arc<Audit>>> {
        let Some(path) = &self.audit_log else { return Ok(None) };
        if path.as_os_str() == "-" {
            return Ok(Some(Arc::new(Audit::new(std::io::stderr()))));
        }
        let file = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .with_context(|| format!("--audit-log {}", path.display()))?;
        Ok(Some(Arc::new(Audit::new(file))))
    }
}
