use awsmcp_api::AUTOSCALING;
use awsmcp_mcp::{Call, Error, Page, Result, Spec, Tool};
use globset::GlobBuilder;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    Ec2, arns,
    asked::ask,
    scaling::{GROUPS, Group},
};

/// Lists Auto Scaling groups: their size, how much of it serves, what they launch, and what is suspended.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListScalingGroups {
    /// Its start, or `*-web`.
    name: Option<String>,
    /// `team` or `team=data`.
    tag: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Row {
    name: String,
    min: i64,
    desired: i64,
    max: i64,
    /// Healthy ones.
    in_service: usize,
    unhealthy: usize,
    launches: Option<String>,
    zones: Vec<String>,
    target_groups: Vec<String>,
    suspended: Vec<String>,
    /// Only while it is deleted.
    status: Option<String>,
}

/// A page of AWS's.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Found {
    #[serde(default)]
    auto_scaling_groups: Vec<Group>,
    next_token: Option<String>,
}

/// How many pages one call reads for a name that few have.
const PAGES: usize = 20;

impl Tool for ListScalingGroups {
    type Service = Ec2;
    type Output = Page<Row>;
    const SPEC: Spec = Spec::list("list_scaling_groups", "List scaling groups")
        .on("*", &["autoscaling:DescribeAutoScalingGroups"])
        .rows(arns::EACH_SCALING_GROUP)
        .regional()
        .optional();

    async fn call(self, cx: &Call<Ec2>) -> Result<Self::Output> {
        let fits = named(self.name.as_deref())?;
        let filters = self.tag.as_deref().map(filter);
        let limit = usize::try_from(cx.limit()).unwrap_or(usize::MAX);
        let mut token: Option<String> = cx.place()?;
        let mut rows = Vec::new();
        for _ in 0..PAGES {
            // A name has no filter: it is picked from what AWS lists.
            let size = if self.name.is_some() { 100 } else { cx.limit().min(100) };
            let input = json!({"MaxRecords": size, "NextToken": token, "Filters": filters});
            let found: Found = ask(cx, &AUTOSCALING, GROUPS.operation, input).await?;
            rows.extend(found.auto_scaling_groups.iter().filter(|group| fits(&group.name)).map(Row::new));
            token = found.next_token.filter(|token| !token.is_empty());
            if token.is_none() || rows.len() >= limit {
                break;
            }
        }
        if rows.is_empty() && token.is_some() {
            cx.note(format!("none yet in {PAGES} pages of AWS's list; the cursor goes on"));
        }
        cx.page_from(rows, token)
    }
}

/// Whether a name is the one that is looked for: by its start, or by a pattern.
fn named(name: Option<&str>) -> Result<impl Fn(&str) -> bool> {
    let pattern = name.map(|name| {
        let pattern = globset::escape(name).replace("[*]", "*").replace("[?]", "?");
        if name.contains(['*', '?']) { pattern } else { format!("{pattern}*") }
    });
    let glob = pattern.map(|pattern| GlobBuilder::new(&pattern).literal_separator(false).build());
    let glob = glob.transpose().map_err(|error| Error::invalid(format!("`name`: {error}")))?;
    let matcher = glob.map(|glob| glob.compile_matcher());
    Ok(move |name: &str| matcher.as_ref().is_none_or(|matcher| matcher.is_match(name)))
}

fn filter(tag: &str) -> Value {
    match tag.split_once('=') {
        Some((key, value)) => json!([{"Name": format!("tag:{key}"), "Values": [value]}]),
        None => json!([{"Name": "tag-key", "Values": [tag]}]),
    }
}

impl Row {
    fn new(group: &Group) -> Row {
        Row {
            name: group.name.clone(),
            min: group.min_size,
            desired: group.desired_capacity,
            max: group.max_size,
            in_service: group.in_service(),
            unhealthy: group.unhealthy(),
            launches: group.launches(),
            zones: group.availability_zones.clone(),
            target_groups: group.target_groups(),
            suspended: group.suspended_processes.iter().map(|one| one.process_name.clone()).collect(),
            status: group.status.clone().filter(|status| !status.is_empty()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_start_or_a_pattern_and_nothing_else_in_it_is_one() {
        let fits = |name: &str, group: &str| named(Some(name)).unwrap()(group);
        assert!(fits("web", "web-1") && fits("web", "web") && !fits("web", "a-web"));
        assert!(fits("*-web", "a/b-web") && !fits("*-web", "a-web-2") && fits("w?b", "web"));
        assert!(fits("a[1]{b,c}!", "a[1]{b,c}!x") && !fits("a[1]", "a1"));
        assert!(named(None).unwrap()("anything"));
    }
}
