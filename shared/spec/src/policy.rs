//! The least-privilege IAM policy of a set of tools.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{Environment, NeedEntry, Pattern, resources};

/// An IAM policy document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Policy {
    /// The policy language's version.
    pub version: String,
    /// What is allowed.
    pub statement: Vec<Statement>,
}

/// One statement of a policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Statement {
    /// Always `Allow`.
    pub effect: String,
    /// The IAM actions.
    pub action: Vec<String>,
    /// The ARNs they may be used on.
    pub resource: Vec<String>,
}

impl Policy {
    /// Allows exactly `needs`, held to `allowed` where any pattern is given.
    ///
    /// An action that AWS can only grant on `*` keeps `*`: the server itself holds its rows to the allow-list.
    pub fn least(
        needs: impl IntoIterator<Item = NeedEntry>,
        allowed: &[Pattern],
        environment: Environment<'_>,
    ) -> Policy {
        let mut actions: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for need in needs {
            let found = actions.entry(need.action).or_default();
            for resource in resources(&need.arn, environment, |_| Vec::new()) {
                let resource = squeeze(&resource);
                if allowed.is_empty() || resource == "*" {
                    found.insert(resource);
                } else {
                    found.extend(
                        allowed
                            .iter()
                            .filter(|arn| arn.overlaps(&resource))
                            .map(|arn| arn.as_str().to_owned()),
                    );
                }
            }
        }
        let mut statements: BTreeMap<Vec<String>, Vec<String>> = BTreeMap::new();
        for (action, resources) in actions {
            if !resources.is_empty() {
                statements.entry(resources.into_iter().collect()).or_default().push(action);
            }
        }
        Policy {
            version: "2012-10-17".to_owned(),
            statement: statements
                .into_iter()
                .map(|(resource, action)| Statement { effect: "Allow".to_owned(), action, resource })
                .collect(),
        }
    }
}

/// Two stars in a row say no more than one.
fn squeeze(arn: &str) -> String {
    let mut out = String::with_capacity(arn.len());
    for letter in arn.chars() {
        if letter != '*' || !out.ends_with('*') {
            out.push(letter);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn need(action: &str, arn: &str) -> NeedEntry {
        NeedEntry { action: action.to_owned(), arn: arn.to_owned(), when: None }
    }

    fn s3() -> Vec<NeedEntry> {
        vec![
            need("s3:ListAllMyBuckets", "*"),
            need("s3:ListBucket", "arn:{partition}:s3:::{bucket}"),
            need("s3:GetObject", "arn:{partition}:s3:::{bucket}/{key}"),
            need("s3:GetObject", "arn:{partition}:s3:::{bucket}/{prefix}*"),
        ]
    }

    #[test]
    fn without_an_allow_list_templates_open_up() {
        let policy = Policy::least(s3(), &[], Environment::ANY);
        let lines: Vec<_> =
            policy.statement.iter().map(|s| (s.action.join(","), s.resource.join(","))).collect();
        assert_eq!(
            lines,
            [
                ("s3:ListAllMyBuckets".to_owned(), "*".to_owned()),
                ("s3:ListBucket".to_owned(), "arn:aws:s3:::*".to_owned()),
                ("s3:GetObject".to_owned(), "arn:aws:s3:::*/*".to_owned()),
            ]
        );
    }

    #[test]
    fn an_allow_list_holds_each_action_to_the_arns_that_fit_it() {
        let allowed = ["arn:aws:s3:::one".parse().unwrap(), "arn:aws:s3:::one/*".parse().unwrap()];
        let policy = Policy::least(s3(), &allowed, Environment::ANY);
        let of = |action: &str| {
            policy.statement.iter().find(|s| s.action.iter().any(|a| a == action)).unwrap().resource.clone()
        };
        assert_eq!(of("s3:GetObject"), ["arn:aws:s3:::one/*"]);
        assert_eq!(of("s3:ListBucket"), ["arn:aws:s3:::one", "arn:aws:s3:::one/*"]);
        assert_eq!(of("s3:ListAllMyBuckets"), ["*"]);
    }
}
