use std::process::Command as Process;

use clap::{ArgAction, FromArgMatches};

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

/// The flags of every server, and one that only this server has.
fn command() -> Command {
    Options::augment_args(Command::new("x").no_binary_name(true)).args(Options::own_flags(EXTRAS))
}

fn matches(arguments: &[&str], file: Option<&str>) -> Result<ArgMatches> {
    let mut arguments: Vec<OsString> = arguments.iter().map(Into::into).collect();
    let directory = tempfile::tempdir().unwrap();
    if let Some(text) = file {
        let path = directory.path().join("awsmcp.toml");
        std::fs::write(&path, text).unwrap();
        arguments.extend(["--config".into(), path.into()]);
    }
    parse(command, None, arguments.into_iter())
}

fn options(arguments: &[&str], file: Option<&str>) -> Result<Options> {
    let matches = matches(arguments, file)?;
    Ok(Options::from_arg_matches(&matches)?.with_own(EXTRAS, &matches))
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

/// A flag under test: its name, its variable, and three values that differ where it has as many.
struct Setting {
    arg: Arg,
    values: [&'static str; 3],
}

impl Setting {
    /// Every flag that has a variable.
    fn all() -> Vec<Setting> {
        let command = command();
        let args = command.get_arguments().filter(|arg| arg.get_env().is_some() && arg.get_id() != "config");
        args.map(|arg| Setting { arg: arg.clone(), values: values_of(arg) }).collect()
    }

    fn name(&self) -> &str {
        self.arg.get_long().unwrap()
    }

    fn is_switch(&self) -> bool {
        matches!(self.arg.get_action(), ArgAction::SetTrue)
    }

    /// The line of a file that sets it.
    fn line(&self, value: &str) -> String {
        let value = if self.is_switch() { value.to_owned() } else { format!("{value:?}") };
        let value = if self.arg.get_value_delimiter().is_some() { format!("[{value}]") } else { value };
        format!("{} = {value}\n", self.name())
    }

    fn flag(&self, value: &str) -> String {
        if self.is_switch() { format!("--{}", self.name()) } else { format!("--{}={value}", self.name()) }
    }

    /// What is set in the end.
    fn in_force(&self, matches: &ArgMatches) -> Vec<String> {
        let raw = matches.get_raw(self.arg.get_id().as_str()).unwrap_or_default();
        raw.map(|value| value.to_str().unwrap().to_owned()).collect()
    }
}

/// Values for the file, the variable and the flag.
fn values_of(arg: &Arg) -> [&'static str; 3] {
    match arg.get_id().as_str() {
        // A flag that is given says true: so the variable says false over a file's true, and the flag true over that.
        _ if matches!(arg.get_action(), ArgAction::SetTrue) => ["true", "false", "true"],
        "http" => ["127.0.0.1:11", "127.0.0.1:12", "127.0.0.1:13"],
        "allow" => ["write", "destroy", "reveal"],
        "output" => ["text", "structured", "text"],
        "log_level" => ["error", "warn", "info"],
        "confirm" => ["ask", "token", "off"],
        _ => ["11", "12", "13"],
    }
}

#[test]
fn a_flag_wins_over_its_variable_and_a_variable_over_the_file() {
    assert!(Setting::all().len() > 50, "{}", Setting::all().len());
    // The environment is the whole process's, so the variables are those of another one.
    let mut process = Process::new(std::env::current_exe().unwrap());
    process.args([
        "--exact",
        "options::tests::each_variable_is_over_the_file_and_under_the_flag",
        "--ignored",
    ]);
    process.env_clear().env("AWSMCP_HOST_TESTS_VARIABLES", "set");
    for setting in Setting::all() {
        process.env(setting.arg.get_env().unwrap(), setting.values[1]);
    }
    let output = process.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

#[test]
#[ignore = "runs in a process that has every variable, which the test before starts"]
fn each_variable_is_over_the_file_and_under_the_flag() {
    if environment::variable("AWSMCP_HOST_TESTS_VARIABLES").is_none() {
        return;
    }
    for setting in Setting::all() {
        let [of_file, of_variable, of_flag] = setting.values;
        let file = setting.line(of_file);
        let variable = matches(&[], Some(&file)).unwrap();
        assert_eq!(setting.in_force(&variable), [of_variable], "{file}");
        let flag = matches(&[&setting.flag(of_flag)], Some(&file)).unwrap();
        assert_eq!(setting.in_force(&flag), [of_flag], "{file}");
    }
}

#[test]
fn every_flag_is_a_key_of_the_file_and_wins_over_it() {
    for setting in Setting::all() {
        let [of_file, of_variable, of_flag] = setting.values;
        for value in [of_file, of_variable] {
            let file = setting.line(value);
            let alone = matches(&[], Some(&file)).unwrap_or_else(|error| panic!("{file}: {error:#}"));
            assert_eq!(setting.in_force(&alone), [value], "{file}");
            let flag = matches(&[&setting.flag(of_flag)], Some(&file)).unwrap();
            assert_eq!(setting.in_force(&flag), [of_flag], "{file}");
        }
    }
}

#[test]
fn what_is_false_in_the_file_is_false() {
    let file = "trust-upstream = false\nsession-policy = true\nfips = false\n";
    let set = options(&["--fips"], Some(file)).unwrap();
    assert!(set.narrows_session() && set.session().unwrap_err().to_string().contains("--session-policy"));
    let set = options(&["--fips"], Some("dual-stack = true")).unwrap().session().unwrap();
    assert_eq!((set.fips, set.dual_stack), (Some(true), Some(true)));
    assert!(options(&[], Some(file)).unwrap().web.web().unwrap().auth.is_open());
}

#[test]
fn an_item_of_the_files_list_may_hold_a_comma() {
    let of = |arguments: &[&str]| {
        let file = "session-tag = [\"team=a,b\", \"cost=1\"]\nrole-arn = \"arn:aws:iam::1:role/r\"";
        let session = options(arguments, Some(file)).unwrap().session().unwrap();
        session
            .role
            .unwrap()
            .tags
            .into_iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect::<Vec<_>>()
    };
    assert_eq!(of(&[]), ["team=a,b", "cost=1"]);
    assert_eq!(of(&["--session-tag", "team=c,cost=2"]), ["team=c", "cost=2"]);
}

#[test]
fn a_key_or_a_value_that_is_none_is_refused_with_its_line() {
    for (file, words) in [
        ("page-size = 7\nalow = [\"write\"]\n", &["line 2", "`alow`", "did you mean `allow`?"][..]),
        ("http-speed = 1", &["line 1", "`http-speed`", "did you mean `http"]),
        ("[s3]\nallow = [\"write\"]", &["`s3`"]),
        ("config = \"other.toml\"", &["`config`"]),
        ("help = true", &["`help`"]),
        ("allow = \"write\"", &["line 1", "`allow` is a list, such as allow = [\"…\"]"]),
        ("allow = [\"banana\"]", &["banana", "destroy"]),
        ("region = [\"a\"]", &["`region` is one text"]),
        ("fips = \"yes\"", &["`fips` is true or false"]),
        ("timeout = -1", &["line 1", "-1", "--timeout"]),
        ("tools = [{a = 1}]", &["`tools` is a list"]),
        ("= nonsense", &["line 1"]),
    ] {
        let error = format!("{:#}", matches(&[], Some(file)).unwrap_err());
        for word in words {
            assert!(error.contains(word), "{file}: {word:?} is not in: {error}");
        }
        assert!(error.contains("awsmcp.toml"), "{error}");
    }
}

/// An empty list of what is allowed must not allow everything, and an empty list of more does nothing.
#[test]
fn an_empty_list_never_means_everything() {
    for key in ["allow-arn", "tools", "toolsets"] {
        let error = matches(&[], Some(&format!("page-size = 7\n{key} = []"))).unwrap_err();
        let text = format!("{error:#}");
        assert!(text.contains("line 2") && text.contains("is empty"), "{text}");
    }
    let file = "allow = []\nallow-dir = []\nallow-region = []\nallow-profile = []\nexclude-tools = []";
    let settings = options(&[], Some(file)).unwrap().settings(EXTRAS).unwrap();
    assert_eq!(settings.allow, Settings::default().allow);
    assert!(settings.allow_dirs.is_empty());
}

/// What has the wrong type is refused with its line, whatever it is.
#[test]
fn a_value_of_another_type_is_refused() {
    for line in [
        "allow = \"write\"",
        "allow = [[\"write\"]]",
        "allow = [1]",
        "allow-arn = [true]",
        "allow-arn = {a = 1}",
        "session-policy = \"yes\"",
        "session-policy = 1",
        "trust-upstream = []",
        "timeout = \"\"",
        "timeout = -1",
        "timeout = 1.5",
        "timeout = nan",
        "timeout = [60]",
        "timeout = 2026-11-30",
        "max-calls = 99999999999999999999",
        "http = 8080",
        "confirm = true",
        "allow.write = true",
        "\"--timeout\" = 5",
        "TIMEOUT = 5",
        "timeout = 5\ntimeout = 6",
    ] {
        let read = options(&[], Some(line)).and_then(|options| options.settings(EXTRAS));
        assert!(read.is_err(), "{line}");
    }
}

#[test]
fn a_flag_wins_over_the_file_before_a_subcommand_and_behind_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("awsmcp.toml");
    std::fs::write(&path, "page-size = 7\nallow = [\"write\"]\n").unwrap();
    let page_size = |arguments: &[&str]| {
        let mut arguments: Vec<OsString> = arguments.iter().map(Into::into).collect();
        arguments.splice(0..0, ["--config".into(), path.clone().into()]);
        let command = || command().subcommand(Command::new("call"));
        let matches = parse(command, None, arguments.into_iter()).unwrap();
        Options::from_arg_matches(&matches).unwrap().settings(&[]).unwrap().page_size
    };
    assert_eq!(page_size(&["call"]), 7);
    assert_eq!(page_size(&["--page-size", "8", "call"]), 8);
    assert_eq!(page_size(&["call", "--page-size", "8"]), 8);
}
