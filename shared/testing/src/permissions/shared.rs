//! Rows of tools that every server brings along in the same way.

use std::borrow::Cow;

use awsmcp_spec::{Manifest, ToolEntry};
use serde_json::json;

use super::row::Row;

/// The toolset of these tools.
const TOOLSET: &str = "operations";

const ROWS: &[Row] = &[
    Row::new("list_changes", |run| run.call(json!({"resource": "a", "start": "-1h"}), "").map(drop))
        .arns(&["*"]),
    Row::new("explain_access", |run| {
        let user = run.name("user");
        run.aws().create_user(&user, POLICY);
        let principal = format!("arn:aws:iam::123456789012:user/{user}");
        run.call(json!({"actions": ["s3:GetObject"], "principal": principal}), "s3:GetObject").map(drop)
    })
    .arns(&["*"]),
];

/// Of the user that is explained.
const POLICY: &str = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}"#;

/// The actions that their operations stand for.
const ACTIONS: &[(&str, &str)] = &[
    ("LookupEvents", "cloudtrail:LookupEvents"),
    ("SimulatePrincipalPolicy", "iam:SimulatePrincipalPolicy"),
];

/// The rows, of a server that has the tools.
pub(super) fn rows(manifest: &Manifest) -> &'static [Row] {
    if manifest.toolsets.iter().any(|toolset| toolset.name == TOOLSET) { ROWS } else { &[] }
}

/// What such an operation stands for; none of a server's own.
pub(super) fn action(operation: &str) -> Option<Cow<'static, str>> {
    ACTIONS.iter().find(|(name, _)| *name == operation).map(|(_, action)| Cow::Borrowed(*action))
}

/// Whether a tool needs no row: it takes no permission of its own. Of one that calls operations by their names each
/// operation does.
pub(super) fn takes_none(tool: &ToolEntry) -> bool {
    tool.toolset == TOOLSET && tool.needs.is_empty()
}
