//! Everything an operator can set: a flag, an environment variable, or a key of a TOML file. Flags win over
//! variables, variables over the file.

mod web;

use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context, Result, anyhow, bail};
use awsmcp_aws::{Role, SessionConfig};
use awsmcp_mcp::{Audit, COMMON_TOOLSETS, Extra, OutputMode, Risk, SealKey, Settings, WHOAMI, unprefixed};
use clap::{Arg, ArgMatches, Args, ValueEnum, builder::BoolishValueParser};
use serde::Deserialize;
pub(crate) use web::Address;
use web::WebOptions;

/// The operator's choices, each of them optional.
#[derive(Args, Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Options {
    /// TOML file with any of these settings; its keys are the flags' names.
    #[arg(long, global = true, env = "AWSMCP_CONFIG", value_name = "FILE")]
    #[serde(skip)]
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
    /// Only these resources; an ARN with IAM's wildcards, such as arn:aws:s3:::team-*.
    #[arg(long, global = true, env = "AWSMCP_ALLOW_ARN", value_delimiter = ',', value_name = "ARN", help_heading = SAFETY)]
    allow_arn: Vec<String>,
    /// A local directory that tools may read and write.
    #[arg(long, global = true, env = "AWSMCP_ALLOW_DIR", value_delimiter = ',', value_name = "DIRECTORY", help_heading = SAFETY)]
    allow_dir: Vec<PathBuf>,
    /// Further regions that a call may name; eu-* and * work.
    #[arg(long, global = true, env = "AWSMCP_ALLOW_REGION", value_delimiter = ',', value_name = "REGION", help_heading = SAFETY)]
    allow_region: Vec<String>,
    /// Further profiles that a call may name; * for any.
    #[arg(long, global = true, env = "AWSMCP_ALLOW_PROFILE", value_delimiter = ',', value_name = "PROFILE", help_heading = SAFETY)]
    allow_profile: Vec<String>,
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
    #[serde(skip)]
    pub(crate) web: WebOptions,

    /// What was set of the server's own settings, by name.
    #[arg(skip)]
    #[serde(skip)]
    extras: BTreeMap<&'static str, String>,
}

const SAFETY: &str = "Safety";
const ACCOUNT: &str = "Account";
const ANSWERS: &str = "Answers";
const LOGS: &str = "Logs";
const OWN: &str = "This server";

/// How answers are given.
#[derive(Clone, Copy, Debug, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
enum Output {
    /// Tables, compact JSON, bodies: the fewest tokens.
    Text,
    /// `structuredContent` with output schemas.
    Structured,
}

/// How much is logged.
#[derive(Clone, Copy, Debug, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
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

    /// Adds what the file says where neither a flag nor a variable does.
    ///
    /// # Errors
    /// When the file cannot be read, or has a key or a value that is none.
    pub(crate) fn with_file(self, extras: impl IntoIterator<Item = &'static Extra>) -> Result<Options> {
        let Some(path) = &self.config else { return Ok(self) };
        let text =
            std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let file = read(&text, extras).with_context(|| format!("in {}", path.display()))?;
        Ok(self.over(file))
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

    fn over(self, file: Options) -> Options {
        Options {
            config: self.config,
            allow: first(self.allow, file.allow),
            tools: first(self.tools, file.tools),
            exclude_tools: first(self.exclude_tools, file.exclude_tools),
            toolsets: first(self.toolsets, file.toolsets),
            allow_arn: first(self.allow_arn, file.allow_arn),
            allow_dir: first(self.allow_dir, file.allow_dir),
            allow_region: first(self.allow_region, file.allow_region),
            allow_profile: first(self.allow_profile, file.allow_profile),
            confirm_within: self.confirm_within.or(file.confirm_within),
            seal_key: self.seal_key.or(file.seal_key),
            audit_log: self.audit_log.or(file.audit_log),
            profile: self.profile.or(file.profile),
            region: self.region.or(file.region),
            role_arn: self.role_arn.or(file.role_arn),
            external_id: self.external_id.or(file.external_id),
            session_name: self.session_name.or(file.session_name),
            session_tag: first(self.session_tag, file.session_tag),
            source_identity: self.source_identity.or(file.source_identity),
            session_policy: self.session_policy || file.session_policy,
            fips: self.fips || file.fips,
            dual_stack: self.dual_stack || file.dual_stack,
            max_attempts: self.max_attempts.or(file.max_attempts),
            connect_timeout: self.connect_timeout.or(file.connect_timeout),
            output: self.output.or(file.output),
            max_chars: self.max_chars.or(file.max_chars),
            page_size: self.page_size.or(file.page_size),
            timeout: self.timeout.or(file.timeout),
            max_calls: self.max_calls.or(file.max_calls),
            max_waiting: self.max_waiting.or(file.max_waiting),
            log_level: self.log_level.or(file.log_level),
            log_file: self.log_file.or(file.log_file),
            web: self.web.over(file.web),
            extras: file.extras.into_iter().chain(self.extras).collect(),
        }
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
            allow_arns: self
                .allow_arn
                .iter()
                .map(|arn| arn.parse().with_context(|| "--allow-arn".to_owned()))
                .collect::<Result<_>>()?,
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
            confirm_within: self.confirm_within.map_or(default.confirm_within, Duration::from_secs),
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

/// A configuration file: the keys of every server and the server's own.
fn read(text: &str, extras: impl IntoIterator<Item = &'static Extra>) -> Result<Options> {
    let mut table: toml::Table = toml::from_str(text)?;
    let mut own = BTreeMap::new();
    for extra in extras {
        if let Some(value) = table.remove(extra.name) {
            own.insert(extra.name, written(&value).with_context(|| extra.name)?);
        }
    }
    let of_web = WebOptions::augment_args(clap::Command::new("web"));
    let of_web = |key: &String| of_web.get_arguments().any(|flag| flag.get_long() == Some(key));
    let (web, rest): (toml::Table, toml::Table) = table.into_iter().partition(|(key, _)| of_web(key));
    // From the text where that is possible: its errors show the line.
    let simple = own.is_empty() && web.is_empty();
    let options: Options = if simple { toml::from_str(text)? } else { rest.try_into()? };
    Ok(Options { extras: own, web: web.try_into()?, ..options })
}

/// A value as a flag takes it.
fn written(value: &toml::Value) -> Result<String> {
    match value {
        toml::Value::String(text) => Ok(text.clone()),
        toml::Value::Integer(number) => Ok(number.to_string()),
        toml::Value::Float(number) => Ok(number.to_string()),
        toml::Value::Boolean(flag) => Ok(flag.to_string()),
        toml::Value::Array(items) => {
            Ok(items.iter().map(written).collect::<Result<Vec<String>>>()?.join(","))
        }
        _ => bail!("a text, a number or a list of them is wanted"),
    }
}

fn first<T>(given: Vec<T>, otherwise: Vec<T>) -> Vec<T> {
    if given.is_empty() { otherwise } else { given }
}

#[cfg(test)]
mod tests {
    use clap::{Command, FromArgMatches};

    use super::*;

    const EXTRAS: &[Extra] = &[Extra {
        name: "max-things",
        value: "COUNT",
        help: "The most things of a call.",
        default: Some("10"),
        check: |value| match value.parse::<u32>() {
            Ok(_) => Ok(()),
            Err(_) => Err("a good one is 10".to_owned()),
        },
    }];

    fn options(arguments: &[&str], file: Option<&str>) -> Result<Options> {
        let command =
            Options::augment_args(Command::new("x").no_binary_name(true)).args(Options::own_flags(EXTRAS));
        let matches = command.try_get_matches_from(arguments)?;
        let options = Options::from_arg_matches(&matches)?.with_own(EXTRAS, &matches);
        match file {
            Some(text) => Ok(options.over(read(text, EXTRAS)?)),
            None => Ok(options),
        }
    }

    fn things(arguments: &[&str], file: Option<&str>) -> Result<Option<String>> {
        Ok(options(arguments, file)?.settings(EXTRAS)?.extras.remove("max-things"))
    }

    #[test]
    fn a_servers_own_setting_is_a_flag_or_a_key_of_the_file() {
        assert_eq!(things(&[], None).unwrap(), None);
        assert_eq!(things(&["--max-things", "3"], None).unwrap().as_deref(), Some("3"));
        let file = "max-things = 4\npage-size = 7\n";
        assert_eq!(things(&[], Some(file)).unwrap().as_deref(), Some("4"));
        assert_eq!(things(&["--max-things", "3"], Some(file)).unwrap().as_deref(), Some("3"));
        assert_eq!(options(&[], Some(file)).unwrap().settings(EXTRAS).unwrap().page_size, 7);
    }

    #[test]
    fn a_wrong_value_stops_the_start_and_shows_a_good_one() {
        let error = things(&["--max-things", "many"], None).unwrap_err();
        assert_eq!(format!("{error:#}"), "--max-things \"many\": a good one is 10");
        assert!(things(&[], Some("max-things = {a = 1}")).is_err());
        assert!(things(&[], Some("max-stuff = 1")).is_err());
    }

    #[test]
    fn what_is_set_of_http_may_stand_in_the_file_too() {
        let file = "http = \"localhost:8080\"\nhttp-rate = 60\ntrust-upstream = true\npage-size = 7\n";
        let set = options(&[], Some(file)).unwrap();
        assert_eq!(set.web.http.unwrap().0, "127.0.0.1:8080".parse().unwrap());
        assert_eq!(set.web.web().unwrap().limits.rate.unwrap().get(), 60);
        let over = options(&["--http", "[::1]:1"], Some(file)).unwrap();
        assert_eq!(over.web.http.unwrap().0, "[::1]:1".parse().unwrap());
        let error = format!("{:#}", options(&[], Some("http = \"8080\"")).unwrap_err());
        assert!(error.contains("a good one is 127.0.0.1:8080"), "{error}");
        assert!(options(&[], Some("http-speed = 1")).is_err());
    }

    #[test]
    fn settings_of_http_that_belong_together_are_set_together() {
        for (given, word) in [
            (&["--http-tls-cert", "c"][..], "--http-tls-key"),
            (&["--oauth-audience", "a"], "--oauth-issuer"),
            (&["--oauth-issuer", "https://idp.example"], "--oauth-audience or --public-url"),
            (&["--trust-scopes-header", "x"], "--trust-upstream"),
            (&["--public-url", "mcp.example.com"], "https://mcp.example.com/mcp"),
            (&["--http-allow-origin", "app.example.com"], "https://app.example.com:443"),
        ] {
            let error = format!("{:#}", options(given, None).unwrap().web.web().unwrap_err());
            assert!(error.contains(word), "{given:?}: {error}");
        }
    }
}
