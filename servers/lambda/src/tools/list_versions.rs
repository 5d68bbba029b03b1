use std::collections::BTreeMap;

use awsmcp_mcp::{Call, Page, Result, Spec, Tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Lambda, arns, lists, names::FunctionName, times::modified};

/// Lists a function's versions, with the aliases that point to each and their weights.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListVersions {
    function: FunctionName,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Row {
    version: String,
    /// `prod`, or `prod 10 %` where it gets only part of the calls.
    aliases: Vec<String>,
    modified: Option<String>,
    runtime: Option<String>,
    code_bytes: i64,
    /// The beginning of its SHA-256.
    code_sha256: Option<String>,
    description: Option<String>,
}

impl Tool for ListVersions {
    type Service = Lambda;
    type Output = Page<Row>;
    const SPEC: Spec = Spec::list("list_versions", "List versions")
        .on(arns::FUNCTION, &["lambda:ListVersionsByFunction", "lambda:ListAliases"]);

    async fn call(self, cx: &Call<Lambda>) -> Result<Self::Output> {
        const AWS_PAGE: u32 = 50;
        self.function.unqualified()?;
        let function = self.function.base();
        let versions = cx
            .client()
            .lambda
            .list_versions_by_function()
            .function_name(&function)
            .set_marker(cx.token())
            .max_items(cx.limit().min(AWS_PAGE).try_into().unwrap_or(50))
            .send();
        let (versions, aliases) = tokio::join!(versions, aliases(cx, &function));
        let (versions, mut aliases) = (versions?, aliases?);
        let rows = versions.versions.unwrap_or_default().into_iter().map(|version| {
            let number = version.version.unwrap_or_default();
            Row {
                aliases: aliases.remove(&number).unwrap_or_default(),
                version: number,
                modified: version.last_modified.as_deref().map(modified),
                runtime: version.runtime.map(|runtime| runtime.to_string()),
                code_bytes: version.code_size,
                code_sha256: version.code_sha256.map(|whole| whole.chars().take(12).collect()),
                description: version.description,
            }
        });
        Ok(cx.page(rows, versions.next_marker))
    }
}

/// The names of the aliases, by the version that they point to.
async fn aliases(cx: &Call<Lambda>, function: &str) -> Result<BTreeMap<String, Vec<String>>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for alias in lists::aliases(cx, function).await? {
        let name = alias.name.unwrap_or_default();
        let weights = alias.routing_config.and_then(|routing| routing.additional_version_weights);
        let mut rest = 100.0;
        for (version, weight) in weights.unwrap_or_default() {
            rest -= weight * 100.0;
            found.entry(version).or_default().push(share(&name, weight * 100.0));
        }
        found.entry(alias.function_version.unwrap_or_default()).or_default().push(share(&name, rest));
    }
    Ok(found)
}

fn share(name: &str, percent: f64) -> String {
    if percent >= 99.995 { name.to_owned() } else { format!("{name} {} %", crate::metrics::rounded(percent)) }
}
