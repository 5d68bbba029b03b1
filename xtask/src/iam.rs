//! What AWS's Service Authorization Reference says of the IAM actions that tools declare.
//!
//! data/iam.json is a snapshot of it, so that no check needs the network: of every IAM prefix that a manifest uses, each
//! action with its access level and its resource types, and each resource type with the form of its ARN. `cargo xtask
//! gen --iam` makes it anew, from the npm package that the tool `iam-data` pins.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use awsmcp_spec::Manifest;
use serde::{Deserialize, Serialize};

use crate::say;

mod check;
mod form;
mod reasons;
mod rule;
mod snapshot;

pub(crate) use check::broken;

/// Where the snapshot is, from the root.
const SNAPSHOT: &str = "xtask/data/iam.json";
/// Where the access levels of the declared actions are, from the root.
const LEVELS: &str = "xtask/data/access-levels.json";

/// The files that are made of the reference: the snapshot, where its source is installed or wanted, and the access levels.
pub(crate) fn documents(root: &Path, manifests: &[Manifest], wanted: bool) -> Result<Vec<(PathBuf, String)>> {
    let source = if wanted { Some(Source::provide()?) } else { Source::installed() };
    let mut files = Vec::new();
    let facts = match source {
        Some(source) => {
            let facts = source.facts(&prefixes(manifests))?;
            files.push((root.join(SNAPSHOT), snapshot::text(&facts)?));
            facts
        }
        None => {
            say::progress(format!(
                "{SNAPSHOT} was not compared with its source, which is not installed: `cargo xtask gen --iam` installs it"
            ));
            Facts::read(root)?
        }
    };
    files.push((root.join(LEVELS), snapshot::levels(&facts, manifests)?));
    Ok(files)
}

/// The snapshot.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Facts {
    /// The package that it was made from, and its version.
    pub(crate) source: String,
    /// When the package's own source was read.
    pub(crate) updated: String,
    licence: String,
    /// By IAM prefix: `s3`, `application-autoscaling`.
    pub(crate) services: BTreeMap<String, Service>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
pub(crate) struct Service {
    /// The form of each resource type's ARN, such as `arn:${Partition}:s3:::${BucketName}`.
    pub(crate) resources: BTreeMap<String, String>,
    /// By name, without the prefix.
    pub(crate) actions: BTreeMap<String, Action>,
}

#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Action {
    pub(crate) level: Level,
    /// The resource types that it is always used on, or one of which it is used on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) required: Vec<String>,
    /// The resource types that a policy may name besides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) optional: Vec<String>,
    /// The actions that whoever calls it must be allowed too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    dependent: Vec<String>,
}

/// What an action can do, as AWS sorts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) enum Level {
    List,
    Read,
    Write,
    Tagging,
    #[serde(rename = "Permissions management")]
    PermissionsManagement,
}

impl Level {
    /// Whether it leaves everything as it was.
    pub(crate) fn reads(self) -> bool {
        matches!(self, Level::List | Level::Read)
    }

    fn name(self) -> &'static str {
        match self {
            Level::List => "List",
            Level::Read => "Read",
            Level::Write => "Write",
            Level::Tagging => "Tagging",
            Level::PermissionsManagement => "Permissions management",
        }
    }
}

impl Facts {
    pub(crate) fn read(root: &Path) -> Result<Facts> {
        let path = root.join(SNAPSHOT);
        let text = fs::read_to_string(&path)
            .with_context(|| format!("{SNAPSHOT} is missing; `cargo xtask gen --iam` makes it"))?;
        serde_json::from_str(&text).with_context(|| format!("in {}", path.display()))
    }

    /// An action such as `s3:GetObject`, with its service.
    fn action(&self, action: &str) -> Option<(&Service, &Action)> {
        let (prefix, name) = action.split_once(':')?;
        let service = self.services.get(prefix)?;
        Some((service, service.actions.get(name)?))
    }
}

impl Action {
    fn resource_types(&self) -> impl Iterator<Item = &str> {
        self.required.iter().chain(&self.optional).map(String::as_str)
    }
}

/// The IAM prefixes of all that tools declare.
fn prefixes(manifests: &[Manifest]) -> BTreeSet<String> {
    actions(manifests).into_iter().filter_map(|action| Some(action.split_once(':')?.0.to_owned())).collect()
}

/// Every action that a tool declares.
fn actions(manifests: &[Manifest]) -> BTreeSet<&str> {
    let tools = manifests.iter().flat_map(|manifest| &manifest.tools);
    tools.flat_map(|tool| &tool.needs).map(|need| need.action.as_str()).collect()
}

/// The package that the snapshot is made from, where it is unpacked.
pub(crate) struct Source(PathBuf);
