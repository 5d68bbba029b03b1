//! Which IAM actions an operation takes: those of its own name, and those that a table says.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::rows::{self, Row, fits};
use crate::iam::{Action, Facts, Level, Service};

/// The tables, and AWS's reference.
pub(super) struct Actions<'f> {
    facts: &'f Facts,
    /// The prefix of what is signed for another name.
    prefixes: BTreeMap<String, String>,
    table: Vec<Row>,
    /// The names of each prefix's actions, by themselves in small letters.
    names: BTreeMap<&'f str, BTreeMap<String, &'f str>>,
}

/// What an operation needs to be allowed.
#[derive(Debug)]
pub(super) enum Needed<'f> {
    /// An action of the reference, and the templates that a table gives it in place of the reference's.
    Known { name: String, service: &'f Service, action: &'f Action, on: Vec<String> },
    /// An action that the reference does not list, with the level that the table says that it has.
    Unlisted { name: String, level: Level },
    /// Nothing, although it does what an action of this level does.
    Nothing(Level),
    /// An action that is named like the HTTP method, on a resource that is named like the path.
    Path { prefix: String },
}

impl<'f> Actions<'f> {
    pub(super) fn read(directory: &Path, facts: &'f Facts) -> Result<Actions<'f>> {
        let mut prefixes = BTreeMap::new();
        for row in rows::read(directory, "prefixes.txt")? {
            let [prefix] = row.left.as_slice() else { bail!("{} has not one prefix", row.key) };
            prefixes.insert(row.key, prefix.clone());
        }
        let small = |service: &'f Service| {
            service.actions.keys().map(|name| (name.to_lowercase(), name.as_str())).collect()
        };
        let names =
            facts.services.iter().map(|(prefix, service)| (prefix.as_str(), small(service))).collect();
        Ok(Actions { facts, prefixes, table: rows::read(directory, "actions.txt")?, names })
    }

    /// What an operation needs; nothing at all where nobody knows.
    pub(super) fn of(&self, service: &str, signs: &str, operation: &str) -> Result<Vec<Needed<'f>>> {
        let prefix = self.prefixes.get(signs).map_or(signs, String::as_str);
        let own = |row: &&Row| row.key == service;
        let exact = self.table.iter().filter(own).find(|row| row.left.iter().any(|name| name == operation));
        if let Some(row) = exact {
            return self.by(row, prefix, operation);
        }
        if let Some(name) = self.named(prefix, operation) {
            return Ok(vec![self.known(&format!("{prefix}:{name}"), Vec::new())?]);
        }
        let wide =
            self.table.iter().filter(own).find(|row| row.left.iter().any(|name| fits(name, operation)));
        wide.map_or(Ok(Vec::new()), |row| self.by(row, prefix, operation))
    }

    /// The action of the operation's own name: without the version of the API, and in whatever capital letters.
    fn named(&self, prefix: &str, operation: &str) -> Option<&'f str> {
        let names = self.names.get(prefix)?;
        let whole = operation.to_lowercase();
        let digits = |it: char| it.is_ascii_digit() || it == '_';
        let dated = whole.trim_end_matches(digits);
        let dated = if whole.len() - dated.len() >= 8 { dated } else { &whole };
        let bare = dated.strip_suffix("v2").unwrap_or(dated);
        [whole.as_str(), dated, bare].into_iter().find_map(|name| names.get(name).copied())
    }

    fn by(&self, row: &Row, prefix: &str, operation: &str) -> Result<Vec<Needed<'f>>> {
        let needed = row.right.iter().map(|item| {
            if item == "path" {
                return Ok(Needed::Path { prefix: prefix.to_owned() });
            }
            if let Some(word) = item.strip_prefix("none/") {
                return Ok(Needed::Nothing(level(word)?));
            }
            if let Some(word) = item.strip_prefix("unlisted/") {
                return Ok(Needed::Unlisted { name: format!("{prefix}:{operation}"), level: level(word)? });
            }
            let mut parts = item.split('@');
            let name = parts.next().unwrap_or_default();
            self.known(name, parts.map(str::to_owned).collect())
        });
        needed.collect::<Result<_>>().with_context(|| format!("{}: {operation}", row.key))
    }

    fn known(&self, name: &str, on: Vec<String>) -> Result<Needed<'f>> {
        let found = name.split_once(':').and_then(|(prefix, action)| {
            let service = self.facts.services.get(prefix)?;
            Some((service, service.actions.get(action)?))
        });
        let (service, action) = found.with_context(|| format!("the reference has no action {name}"))?;
        Ok(Needed::Known { name: name.to_owned(), service, action, on })
    }

    /// The rows that no operation of these is named by, which say something of the past.
    pub(super) fn unused(&self, operations: &BTreeMap<String, Vec<String>>) -> Vec<String> {
        let is_used = |row: &Row, pattern: &str| {
            operations.get(&row.key).is_some_and(|all| all.iter().any(|name| fits(pattern, name)))
        };
        let of = |row: &Row| {
            let unused = row.left.iter().filter(|pattern| !is_used(row, pattern));
            unused.map(|pattern| format!("{}: {pattern}", row.key)).collect::<Vec<_>>()
        };
        self.table.iter().flat_map(of).collect()
    }
}

impl Needed<'_> {
    /// What AWS says that it can do.
    pub(super) fn level(&self, method: &str) -> Level {
        match self {
            Needed::Known { action, .. } => action.level,
            Needed::Unlisted { level, .. } | Needed::Nothing(level) => *level,
            Needed::Path { .. } if method == "GET" => Level::Read,
            Needed::Path { .. } => Level::Write,
        }
    }
}

fn level(word: &str) -> Result<Level> {
    Ok(match word {
        "List" => Level::List,
        "Read" => Level::Read,
        "Write" => Level::Write,
        "Tagging" => Level::Tagging,
        "Permissions" => Level::PermissionsManagement,
        _ => bail!("{word:?} is no access level"),
    })
}
