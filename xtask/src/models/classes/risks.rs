//! What a call may do: by AWS's access level first, then by its verb and by what it answers.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use awsmcp_spec::Risk;
use serde_json::Value;

use super::rows::{self, fits};
use crate::iam::Level;

/// What a verb says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Verb {
    Looks,
    Runs,
    Changes,
    Ends,
}

/// The table of verbs, and of operations that are not as their verb says.
pub(super) struct Risks {
    verbs: BTreeMap<String, Verb>,
    /// Patterns of `service.Operation`.
    exceptions: Vec<(String, Risk)>,
}

impl Risks {
    pub(super) fn read(directory: &Path) -> Result<Risks> {
        let mut risks = Risks { verbs: BTreeMap::new(), exceptions: Vec::new() };
        for row in rows::read(directory, "risks.txt")? {
            let verb = match row.key.as_str() {
                "looks" => Some(Verb::Looks),
                "runs" => Some(Verb::Runs),
                "changes" => Some(Verb::Changes),
                "ends" => Some(Verb::Ends),
                _ => None,
            };
            for name in row.left {
                match verb {
                    Some(verb) => {
                        let twice = risks.verbs.insert(name.clone(), verb);
                        ensure!(twice.is_none(), "the verb {name} stands twice");
                    }
                    None => {
                        let risk = row.key.parse().map_err(|error: String| anyhow::anyhow!(error))?;
                        risks.exceptions.push((name, risk));
                    }
                }
            }
        }
        Ok(risks)
    }

    /// The risk of an operation whose actions are of these levels; none where nobody knows of its actions.
    pub(super) fn of(
        &self,
        service: &str,
        operation: &str,
        levels: &[Level],
        is_secret: bool,
    ) -> Result<Risk> {
        let Some(first) = levels.first() else { return Ok(Risk::Destroy) };
        let reads = levels.iter().all(|level| level.reads());
        let permits = levels.contains(&Level::PermissionsManagement);
        if let Some(risk) = self.exception(service, operation) {
            return match risk {
                // Where it changes something too, only what is always confirmed holds both.
                Risk::Reveal if !reads => Ok(Risk::Destroy),
                Risk::Read if !reads => bail!("{service}.{operation} writes by AWS's reference"),
                risk if permits && risk != Risk::Destroy => {
                    bail!("{service}.{operation} manages permissions by AWS's reference")
                }
                risk => Ok(risk),
            };
        }
        let verb = self.verb(operation);
        let risk = match (first, verb) {
            _ if permits => Risk::Destroy,
            (_, Some(Verb::Ends) | None) => Risk::Destroy,
            _ if !reads && levels.contains(&Level::Tagging) => Risk::Write,
            (_, Some(Verb::Runs)) => Risk::Invoke,
            (_, Some(Verb::Changes)) => Risk::Write,
            (_, Some(Verb::Looks)) if reads => Risk::Read,
            (_, Some(Verb::Looks)) => Risk::Write,
        };
        Ok(if risk == Risk::Read && is_secret { Risk::Reveal } else { risk })
    }

    /// What the table says of the operation itself: by its name before a pattern, the gravest of several patterns.
    fn exception(&self, service: &str, operation: &str) -> Option<Risk> {
        let name = format!("{service}.{operation}");
        let exact = self.exceptions.iter().find(|(pattern, _)| *pattern == name);
        let fitting =
            self.exceptions.iter().filter(|(pattern, _)| pattern.contains('*') && fits(pattern, &name));
        exact.map(|(_, risk)| *risk).or_else(|| fitting.map(|(_, risk)| *risk).max())
    }

    /// What the operation's first word says; `Batch`, `Bulk` and `Admin` only say how.
    fn verb(&self, operation: &str) -> Option<Verb> {
        let words = words(operation);
        let mut words = words.iter().map(String::as_str);
        let first = words.next()?;
        let word = match first {
            "Batch" | "Bulk" | "Admin" => words.next().filter(|word| self.verbs.contains_key(*word)),
            _ => None,
        };
        self.verbs.get(word.unwrap_or(first)).copied()
    }

    /// The verbs and the exceptions that no operation has.
    pub(super) fn unused(&self, operations: &BTreeMap<String, Vec<String>>) -> Vec<String> {
        let mut named = BTreeSet::new();
        let mut words_seen = BTreeSet::new();
        for (service, all) in operations {
            for operation in all {
                named.insert(format!("{service}.{operation}"));
                words_seen.extend(words(operation).into_iter().take(2));
            }
        }
        let verbs = self.verbs.keys().filter(|verb| !words_seen.contains(*verb)).cloned();
        let patterns = self.exceptions.iter().map(|(pattern, _)| pattern);
        let is_used = |pattern: &str| named.contains(pattern) || named.iter().any(|name| fits(pattern, name));
        let patterns = patterns.filter(|pattern| !is_used(pattern)).cloned();
        verbs.chain(patterns).collect()
    }
}

/// The words of a name: `ListDBClusters` is `List`, `DB`, `Clusters`.
pub(super) fn words(name: &str) -> Vec<String> {
    let letters: Vec<char> = name.chars().collect();
    let mut words: Vec<String> = Vec::new();
    for (at, letter) in letters.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| letters.get(at));
        let after = letters.get(at + 1);
        let starts = letter.is_uppercase()
            && before.is_none_or(|it| !it.is_uppercase() || after.is_some_and(|it| it.is_lowercase()));
        match words.last_mut().filter(|_| !starts) {
            Some(word) => word.push(*letter),
            None => words.push(letter.to_string()),
        }
    }
    words
}

/// How secrets are called.
const SECRET: [&str; 17] = [
    "secret",
    "token",
    "passw",
    "passphrase",
    "credential",
    "privatekey",
    "apikey",
    "accesskey",
    "plaintext",
    "sharedkey",
    "authkey",
    "authcode",
    "signedurl",
    "connectionstring",
    "joinkey",
    "streamkey",
    "keymaterial",
];
/// The end of what is called so, and only says where to go on or what something is.
const HARMLESS: [&str; 7] = ["arn", "name", "id", "type", "nexttoken", "paginationtoken", "status"];

/// Whether an operation answers with a member that its model marks as sensitive and that is called like a secret.
pub(super) fn is_secret(service: &Value, operation: &Value) -> Result<bool> {
    let Some(root) = operation.pointer("/output/shape").and_then(Value::as_str) else { return Ok(false) };
    let shapes = service.get("shapes").context("there are no shapes")?;
    let (mut waiting, mut seen) = (vec![root], BTreeSet::new());
    while let Some(name) = waiting.pop() {
        if !seen.insert(name) {
            continue;
        }
        let shape = shapes.get(name).with_context(|| format!("there is no shape {name}"))?;
        for (own, member) in shape.get("members").and_then(Value::as_object).into_iter().flatten() {
            let of = member.get("shape").and_then(Value::as_str).unwrap_or_default();
            let marked = |it: &Value| it.get("sensitive").and_then(Value::as_bool).unwrap_or_default();
            let is_marked = marked(member) || shapes.get(of).is_some_and(marked);
            let small: String = own.to_lowercase().replace(['_', '-'], "");
            let is_harmless = HARMLESS.iter().any(|end| small.ends_with(end));
            if is_marked && !is_harmless && SECRET.iter().any(|word| small.contains(word)) {
                return Ok(true);
            }
            waiting.push(of);
        }
        for part in ["member", "key", "value"] {
            waiting.extend(shape.get(part).and_then(|it| it.get("shape")).and_then(Value::as_str));
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn risks() -> Risks {
        let verbs = [
            ("Get", Verb::Looks),
            ("Invoke", Verb::Runs),
            ("Create", Verb::Changes),
            ("Tag", Verb::Changes),
            ("Delete", Verb::Ends),
        ];
        let exceptions =
            [("x.GetKey", Risk::Reveal), ("x.Create*Key", Risk::Reveal), ("x.GetIt", Risk::Read)];
        Risks {
            verbs: verbs.map(|(name, verb)| (name.to_owned(), verb)).into(),
            exceptions: exceptions.map(|(name, risk)| (name.to_owned(), risk)).into(),
        }
    }

    fn of(operation: &str, levels: &[Level], is_secret: bool) -> Risk {
        risks().of("x", operation, levels, is_secret).unwrap()
    }

    #[test]
    fn the_level_goes_before_the_verb() {
        for (operation, level, wanted) in [
            ("GetItem", Level::Read, Risk::Read),
            ("GetItem", Level::List, Risk::Read),
            ("GetItem", Level::Write, Risk::Write),
            ("GetItem", Level::PermissionsManagement, Risk::Destroy),
            ("CreateItem", Level::Write, Risk::Write),
            ("CreateItem", Level::Read, Risk::Write),
            ("DeleteItem", Level::Read, Risk::Destroy),
            ("DeleteTags", Level::Tagging, Risk::Destroy),
            ("TagItem", Level::Tagging, Risk::Write),
            ("InvokeItem", Level::Read, Risk::Invoke),
            ("BatchDeleteItem", Level::Write, Risk::Destroy),
            ("BatchItem", Level::Write, Risk::Destroy),
            ("Frobnicate", Level::Read, Risk::Destroy),
        ] {
            assert_eq!(of(operation, &[level], false), wanted, "{operation} {level:?}");
        }
        assert_eq!(of("GetItem", &[], false), Risk::Destroy);
        assert_eq!(of("GetItem", &[Level::Read, Level::Write], true), Risk::Write);
    }

    #[test]
    fn what_reveals_and_changes_must_be_confirmed() {
        assert_eq!(of("GetKey", &[Level::Read], false), Risk::Reveal);
        assert_eq!(of("GetItem", &[Level::Read], true), Risk::Reveal);
        assert_eq!(of("CreateAccessKey", &[Level::Write], false), Risk::Destroy);
    }

    #[test]
    fn no_table_makes_a_change_a_look() {
        assert!(risks().of("x", "GetIt", &[Level::Write], false).is_err());
        assert!(risks().of("x", "GetIt", &[Level::Tagging], false).is_err());
        assert!(risks().of("x", "GetIt", &[Level::Read], false).is_ok());
    }

    #[test]
    fn a_marked_member_that_is_called_like_a_secret_is_one() {
        let service = |name: &str, mark: bool| {
            json!({"shapes": {
                "Out": {"type": "structure", "members": {"Items": {"shape": "List"}}},
                "List": {"type": "list", "member": {"shape": "Item"}},
                "Item": {"type": "structure", "members": {name: {"shape": "Text"}, "Next": {"shape": "Out"}}},
                "Text": {"type": "string", "sensitive": mark},
            }})
        };
        let operation = json!({"output": {"shape": "Out"}});
        for (name, mark, wanted) in [
            ("ClientSecret", true, true),
            ("client_secret", true, true),
            ("ClientSecret", false, false),
            ("SecretArn", true, false),
            ("NextToken", true, false),
            ("Title", true, false),
        ] {
            assert_eq!(is_secret(&service(name, mark), &operation).unwrap(), wanted, "{name}");
        }
    }

    #[test]
    fn a_name_falls_into_words() {
        assert_eq!(words("ListDBClustersV2"), ["List", "DB", "Clusters", "V2"]);
        assert_eq!(words("GetItem"), ["Get", "Item"]);
        assert_eq!(words(""), Vec::<String>::new());
    }
}
