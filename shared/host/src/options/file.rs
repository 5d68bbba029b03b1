//! The configuration file. Its values become the defaults of clap's flags, so that clap itself decides between a flag,
//! its variable and the file.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context, Result, anyhow, bail};
use awsmcp_mcp::nearest;
use clap::{Arg, ArgAction, ArgMatches, Command, parser::ValueSource};
use toml::{Spanned, Value};

/// What a file sets: the values of flags, each under its flag's name.
#[derive(Debug)]
pub(super) struct File(BTreeMap<String, Vec<String>>);

impl File {
    /// Reads a file that sets flags of `command`.
    ///
    /// # Errors
    /// When the file cannot be read, has a key that names no flag, or a value that its flag would not take.
    pub(super) fn read(path: &Path, command: &Command) -> Result<File> {
        let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        File::parse(&text, command).with_context(|| format!("in {}", path.display()))
    }

    fn parse(text: &str, command: &Command) -> Result<File> {
        let keys: BTreeMap<Spanned<String>, Spanned<Value>> = toml::from_str(text)?;
        let values = keys.into_iter().map(|(key, value)| {
            let line = text.get(..key.span().start).unwrap_or_default().matches('\n').count() + 1;
            let key = key.into_inner();
            let values = values(&key, value.into_inner(), command).with_context(|| format!("line {line}"))?;
            Ok((key, values))
        });
        Ok(File(values.collect::<Result<_>>()?))
    }

    /// The command with this file's values as its defaults. `given` is what flags and variables say.
    pub(super) fn below(mut self, command: Command, given: &ArgMatches) -> Command {
        command.mut_args(|arg| {
            let Some(values) = arg.get_long().and_then(|name| self.0.remove(name)) else { return arg };
            // An item of the file's list is whole, although it has a comma: a flag's or a variable's list is split there.
            let is_given = given.value_source(arg.get_id().as_str()) > Some(ValueSource::DefaultValue);
            let arg = if is_given { arg } else { arg.value_delimiter(None) };
            arg.default_values(values)
        })
    }
}

/// Whether a key of the file can set a flag.
fn is_setting(arg: &Arg) -> bool {
    arg.get_long().is_some_and(|name| !matches!(name, "config" | "help" | "version"))
}

/// The values of a key as its flag takes them.
fn values(key: &str, value: Value, command: &Command) -> Result<Vec<String>> {
    let settings = || command.get_arguments().filter(|arg| is_setting(arg));
    let Some(arg) = settings().find(|arg| arg.get_long() == Some(key)) else {
        let hint = match nearest(key, settings().filter_map(Arg::get_long)) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => "a key is the name of a flag without --, such as allow-region".to_owned(),
        };
        bail!("unknown key `{key}`: {hint}");
    };
    let values = match (arg.get_action(), arg.get_value_delimiter(), value) {
        (ArgAction::SetTrue, _, Value::Boolean(value)) => return Ok(vec![value.to_string()]),
        (ArgAction::SetTrue, ..) => bail!("`{key}` is true or false"),
        (_, Some(_), Value::Array(items)) => items.iter().map(text).collect::<Option<Vec<String>>>(),
        (_, Some(_), _) => None,
        // A server's own setting takes one text, which may be a list in itself.
        (_, None, Value::Array(items)) if super::is_own(arg) => {
            items.iter().map(text).collect::<Option<Vec<String>>>().map(|items| vec![items.join(",")])
        }
        (_, None, value) => text(&value).map(|text| vec![text]),
    };
    let values = values.ok_or_else(|| match arg.get_value_delimiter() {
        Some(_) => anyhow!("`{key}` is a list, such as {key} = [\"…\"]"),
        None => anyhow!("`{key}` is one text or number"),
    })?;
    // Without them everything is on or allowed, which is hardly what an empty list means.
    if values.is_empty() && ["allow-arn", "tools", "toolsets"].contains(&key) {
        bail!(
            "`{key}` is empty, and would be as if it were left out: everything; name something, or leave it out"
        );
    }
    for value in &values {
        check(arg, key, value)?;
    }
    Ok(values)
}

/// A text or a number as a flag takes it.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        Value::Boolean(flag) => Some(flag.to_string()),
        Value::Datetime(_) | Value::Array(_) | Value::Table(_) => None,
    }
}

/// Whether the flag takes a value. Asked here and not by clap's look at its defaults, so that the answer names the file.
fn check(arg: &Arg, key: &str, value: &str) -> Result<()> {
    let arg = arg.clone().env(None::<&'static str>).value_delimiter(None).global(false);
    let command = Command::new("file").no_binary_name(true).arg(arg);
    let Err(mistake) = command.try_get_matches_from([format!("--{key}={value}")]) else { return Ok(()) };
    let shown = mistake.to_string();
    let sentence = shown.lines().take_while(|line| !line.is_empty()).map(str::trim);
    let sentence = sentence.collect::<Vec<_>>().join(" ");
    bail!("{}", sentence.strip_prefix("error: ").unwrap_or(&sentence))
}
