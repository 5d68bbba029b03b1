//! A client's file: the servers are put into it, everything else in it and its layout are kept, and it is replaced in one
//! step after a backup.

use std::{
    fs::{self, Permissions},
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail, ensure};
use serde::Serialize;
use serde_json::{Map, Value, json, ser::PrettyFormatter};
use tempfile::NamedTempFile;

use super::clients::Client;

/// Puts the servers into the file. Answers what was done, on one line.
pub(super) fn write(file: &Path, client: Client, servers: Map<String, Value>) -> Result<String> {
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
    let mut summary = format!("{names} written to {}", file.display());
    if !replaced.is_empty() {
        summary.push_str(&format!(", in place of another {}", replaced.join(", ")));
    }
    if let Some(backup) = backup {
        summary.push_str(&format!("; as it was: {}", backup.display()));
    }
    Ok(format!("{summary}. {}", client.next()))
}

/// What a link leads to, even if that is not there yet.
fn followed(file: &Path) -> PathBuf {
    let mut file = file.to_owned();
    // A circle of links ends here too, and is reported when it is read.
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

/// JSON in lines, each level begun by `indent`.
pub(super) fn pretty(value: &Value, indent: &str) -> Result<String> {
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
