//! Of every operation what it may do, which IAM actions it takes and which resources it touches.
//!
//! AWS's Service Authorization Reference says what each action can do and on what it is used. The tables of
//! xtask/data/operations say the rest: which action an operation takes that is not called like it, which verbs end or run
//! something, and which members name a resource under another name.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use awsmcp_spec::Risk;
use serde::Serialize;
use serde_json::{Value, json};

use crate::iam::{Facts, Level};

mod actions;
mod places;
mod risks;
mod rows;

use actions::{Actions, Needed};
use places::{Names, Place};
use risks::Risks;

/// Where the tables are, from the root.
const TABLES: &str = "xtask/data/operations";

/// What is known of an operation.
#[derive(Debug)]
pub(super) struct Class {
    pub(super) risk: Risk,
    pub(super) needs: Vec<Need>,
    /// Whether nobody knows which actions it takes.
    pub(super) is_unknown: bool,
    /// What AWS says that its actions can do.
    pub(super) levels: Vec<Level>,
}

/// One need of an operation, as shared/api reads it.
#[derive(Debug, Default, Serialize)]
pub(super) struct Need {
    pub(super) action: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) on: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) also: Vec<String>,
}

/// The tables and the reference.
pub(super) struct Classes<'f> {
    actions: Actions<'f>,
    risks: Risks,
    names: Names,
}

impl<'f> Classes<'f> {
    pub(super) fn read(root: &Path, facts: &'f Facts) -> Result<Classes<'f>> {
        let directory: PathBuf = root.join(TABLES);
        Ok(Classes {
            actions: Actions::read(&directory, facts)?,
            risks: Risks::read(&directory)?,
            names: Names::read(&directory)?,
        })
    }

    /// The class of every operation of a service, by name.
    pub(super) fn of(&self, service: &str, model: &Value) -> Result<BTreeMap<String, Class>> {
        let metadata = |key: &str| model.pointer(&format!("/metadata/{key}")).and_then(Value::as_str);
        let signs =
            metadata("signingName").or(metadata("endpointPrefix")).context("it is signed for nothing")?;
        let operations =
            model.get("operations").and_then(Value::as_object).context("it has no operations")?;
        let class = |(name, operation): (&String, &Value)| {
            let class = self.class(service, signs, model, name, operation);
            Ok((name.clone(), class.with_context(|| format!("{service} {name}"))?))
        };
        operations.iter().map(class).collect()
    }

    fn class(
        &self,
        service: &str,
        signs: &str,
        model: &Value,
        name: &str,
        operation: &Value,
    ) -> Result<Class> {
        let needed = self.actions.of(service, signs, name)?;
        let method = operation.pointer("/http/method").and_then(Value::as_str).unwrap_or_default();
        let levels: Vec<Level> = needed.iter().map(|need| need.level(method)).collect();
        let is_secret = risks::is_secret(model, operation)?;
        let risk = self.risks.of(service, name, &levels, is_secret)?;
        let slots = places::slots(model, operation);
        let place = Place { service, operation: name, slots: &slots };
        let needs = needed.iter().filter_map(|need| self.need(need, &place, method, model, operation));
        let mut needs: Vec<Need> = needs.collect();
        let is_unknown = needed.is_empty();
        if is_unknown {
            needs.push(Need { action: "*".to_owned(), ..Need::default() });
        }
        Ok(Class { risk, needs, is_unknown, levels })
    }

    fn need(
        &self,
        needed: &Needed<'_>,
        place: &Place<'_>,
        method: &str,
        model: &Value,
        operation: &Value,
    ) -> Option<Need> {
        match needed {
            Needed::Nothing(_) => None,
            Needed::Unlisted { name, .. } => Some(Need { action: name.clone(), ..Need::default() }),
            Needed::Path { prefix } => Some(Need {
                action: format!("{prefix}:{method}"),
                on: vec![places::by_path(prefix, model, operation)],
                also: Vec::new(),
            }),
            Needed::Known { name, on, .. } if !on.is_empty() => {
                let (also, on): (Vec<&str>, Vec<&str>) =
                    on.iter().map(String::as_str).partition(|template| template.starts_with('?'));
                let owned =
                    |all: Vec<&str>| all.iter().map(|it| it.trim_start_matches('?').to_owned()).collect();
                Some(Need { action: name.clone(), on: owned(on), also: owned(also) })
            }
            Needed::Known { name, service, action, .. } => {
                let places::Templates { on, also } = self.names.templates(place, service, action);
                Some(Need { action: name.clone(), on, also })
            }
        }
    }

    /// Holds the tables to the operations that there are: each is known, none that changes something is said to look, and
    /// nothing is said of others.
    pub(super) fn complete(&self, services: &BTreeMap<String, BTreeMap<String, Class>>) -> Result<()> {
        let mut wrong = Vec::new();
        for (service, of) in services {
            for (name, class) in of {
                if class.is_unknown {
                    wrong.push(format!("{service}: {name}: nobody knows which actions it takes"));
                }
                let looks = matches!(class.risk, Risk::Read | Risk::Reveal);
                if looks && !class.levels.iter().all(|level| level.reads()) {
                    wrong.push(format!("{service}: {name}: it changes something by AWS's reference"));
                }
            }
        }
        let names =
            services.iter().map(|(service, of)| (service.clone(), of.keys().cloned().collect())).collect();
        let unused = self.actions.unused(&names).into_iter().chain(self.risks.unused(&names));
        wrong.extend(unused.map(|row| format!("{row}: there is no such operation")));
        ensure!(wrong.is_empty(), "in {TABLES}:\n{}", wrong.join("\n"));
        Ok(())
    }
}

/// Puts the classes into a compact model.
pub(super) fn put(model: &mut Value, classes: &BTreeMap<String, Class>) -> Result<()> {
    for (name, class) in classes {
        let operation = model.pointer_mut(&format!("/operations/{name}")).and_then(Value::as_object_mut);
        let operation = operation.with_context(|| format!("there is no operation {name}"))?;
        if !class.needs.is_empty() {
            operation.insert("needs".to_owned(), json!(class.needs));
        }
    }
    Ok(())
}
