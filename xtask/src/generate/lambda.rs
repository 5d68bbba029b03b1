//! dist/lambda/<id>.yaml: the SAM template of each server, with the policy of its role.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use awsmcp_spec::{Manifest, Policy};

const SOURCE: &str = "dist/lambda/template.in.yaml";

/// The template of a server whose role has this policy.
pub(super) fn template(root: &Path, manifest: &Manifest, policy: &Policy) -> Result<(PathBuf, String)> {
    let source = fs::read_to_string(root.join(SOURCE)).with_context(|| format!("cannot read {SOURCE}"))?;
    let text =
        filled(&source, &manifest.server, &manifest.title, policy).with_context(|| format!("in {SOURCE}"))?;
    Ok((root.join(format!("dist/lambda/{}.yaml", manifest.server)), text))
}

fn filled(source: &str, id: &str, title: &str, policy: &Policy) -> Result<String> {
    let line = source.lines().find(|line| line.trim() == "POLICY").context("it has no line POLICY")?;
    let indent = line.strip_suffix("POLICY").unwrap_or_default();
    let text = source
        .replace(&format!("{line}\n"), &written(policy, indent))
        .replace("SERVER", &format!("awsmcp-{id}"))
        .replace("TITLE", title);
    Ok(format!("# Printed by `cargo xtask gen` from {SOURCE}.\n#\n{text}"))
}

/// A policy in YAML, for whatever partition the stack is in.
fn written(policy: &Policy, indent: &str) -> String {
    let mut out = format!("{indent}Version: \"2012-10-17\"\n{indent}Statement:\n");
    for statement in &policy.statement {
        let _ = writeln!(out, "{indent}  - Effect: Allow\n{indent}    Action:");
        for action in &statement.action {
            let _ = writeln!(out, "{indent}      - {action}");
        }
        let _ = writeln!(out, "{indent}    Resource:");
        for resource in &statement.resource {
            let _ = match resource.strip_prefix("arn:aws:") {
                Some(rest) => writeln!(out, "{indent}      - !Sub \"arn:${{AWS::Partition}}:{rest}\""),
                None => writeln!(out, "{indent}      - \"{resource}\""),
            };
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_stands_in_its_place() {
        let policy: Policy = serde_json::from_value(serde_json::json!({
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": ["s3:ListBucket"], "Resource": ["*", "arn:aws:s3:::b"]}]
        }))
        .unwrap();
        let text = filled("a: SERVER for TITLE\np:\n  POLICY\nz\n", "s3", "Amazon S3", &policy).unwrap();
        let expected = "# Printed by `cargo xtask gen` from dist/lambda/template.in.yaml.\n#\na: awsmcp-s3 for Amazon S3\np:\n  Version: \"2012-10-17\"\n  Statement:\n    - Effect: Allow\n      \
                        Action:\n        - s3:ListBucket\n      Resource:\n        - \"*\"\n        \
                        - !Sub \"arn:${AWS::Partition}:s3:::b\"\nz\n";
        assert_eq!(text, expected);
        assert!(filled("no place", "s3", "Amazon S3", &policy).is_err());
    }
}
