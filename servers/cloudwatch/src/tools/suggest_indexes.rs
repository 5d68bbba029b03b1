use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudwatchlogs::types::QueryDefinition;
use awsmcp_mcp::{Call, Page, Result, Spec, Tool, human_size};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    CloudWatch, filtered, groups,
    names::LogGroup,
    statement::{self, Language, Source},
};

/// Suggests fields to index: those that saved and recent Logs Insights queries of the groups filter by, and whether an
/// index policy has them. An indexed field makes such queries scan, and cost, less.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SuggestIndexes {
    #[schemars(length(min = 1, max = 10))]
    log_groups: Vec<LogGroup>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Row {
    log_group: String,
    field: String,
    /// Saved queries that filter by it.
    saved: usize,
    /// Queries that ran lately.
    recent: usize,
    /// By the recent ones together.
    scanned: Option<String>,
    indexed: bool,
    advice: &'static str,
}

impl Tool for SuggestIndexes {
    type Service = CloudWatch;
    type Output = Page<Row>;
    const SPEC: Spec = Spec::read("suggest_indexes", "Suggest indexes")
        .on("*", &["logs:DescribeIndexPolicies", "logs:DescribeQueries", "logs:DescribeQueryDefinitions"])
        .names_no_resource()
        .optional();

    async fn call(self, cx: &Call<CloudWatch>) -> Result<Self::Output> {
        for group in &self.log_groups {
            groups::may(cx, "logs:DescribeIndexPolicies", group).await?;
        }
        let saved = saved(cx).await?;
        let mut rows = Vec::new();
        let (mut of_groups, mut ran) = (0, 0);
        for group in &self.log_groups {
            let indexed = indexed(cx, group).await?;
            let mut uses: BTreeMap<String, Uses> = BTreeMap::new();
            for query in saved.iter().filter(|query| is_over(query, group)) {
                of_groups += 1;
                for field in filtered::fields(query.query_string().unwrap_or_default()) {
                    uses.entry(field).or_default().saved += 1;
                }
            }
            ran += recent(cx, group, &mut uses).await?;
            for field in &indexed {
                uses.entry(field.clone()).or_default();
            }
            let found = uses.into_iter().map(|(field, uses)| Row::new(group, field, uses, &indexed));
            rows.extend(found);
        }
        rows.sort_by_key(|row| (row.indexed, std::cmp::Reverse(row.recent + row.saved)));
        cx.note(format!(
            "read {of_groups} saved and {ran} recent queries of these groups; set_log_group sets `index_fields`, all of them at \
             once, for events to come"
        ));
        Ok(cx.page(rows, None))
    }
}

/// How a field is used.
#[derive(Default)]
struct Uses {
    saved: usize,
    recent: usize,
    scanned: f64,
}

impl Row {
    fn new(group: &LogGroup, field: String, uses: Uses, indexed: &BTreeSet<String>) -> Row {
        let is_indexed = indexed.contains(&field);
        let is_used = uses.saved + uses.recent > 0;
        Row {
            log_group: group.identifier(),
            saved: uses.saved,
            recent: uses.recent,
            scanned: (uses.scanned > 0.0).then(|| human_size(uses.scanned as u64)),
            indexed: is_indexed,
            advice: match (is_indexed, is_used) {
                (false, _) => "index it",
                (true, true) => "keep it",
                (true, false) => "no query here filters by it",
            },
            field,
        }
    }
}

/// Every saved query.
async fn saved(cx: &Call<CloudWatch>) -> Result<Vec<QueryDefinition>> {
    let (mut found, mut token) = (Vec::new(), None);
    loop {
        let page = cx.client().logs.describe_query_definitions().set_next_token(token).send().await?;
        found.extend(page.query_definitions.unwrap_or_default());
        token = page.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            return Ok(found);
        }
    }
}

/// Whether a saved query is of this group, by the groups beside its statement or within it.
fn is_over(query: &QueryDefinition, group: &LogGroup) -> bool {
    let is_own = |name: &str| name == group.name() || Some(name) == group.arn().as_deref();
    if query.log_group_names().iter().any(|name| is_own(name)) {
        return true;
    }
    let language = Language::of(query.query_language());
    let read = statement::read(language, query.query_string().unwrap_or_default());
    read.is_ok_and(|statement| {
        statement.sources.iter().any(|source| match source {
            Source::Group(named) => is_own(&named.identifier()),
            Source::Prefix { prefix, .. } => group.name().starts_with(prefix.as_str()),
        })
    })
}

/// Adds the fields of the queries that ran lately, and says how many there were.
async fn recent(cx: &Call<CloudWatch>, group: &LogGroup, uses: &mut BTreeMap<String, Uses>) -> Result<usize> {
    // AWS keeps them for a while; enough of them to see what is usual.
    const PAGES: usize = 20;
    let (mut count, mut token) = (0, None);
    for _ in 0..PAGES {
        let request = cx.client().logs.describe_queries().log_group_name(group.identifier());
        let page = request.set_next_token(token).send().await?;
        for query in page.queries.unwrap_or_default() {
            count += 1;
            for field in filtered::fields(query.query_string().unwrap_or_default()) {
                let known = uses.entry(field).or_default();
                known.recent += 1;
                known.scanned += query.bytes_scanned.unwrap_or(0.0);
            }
        }
        token = page.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            return Ok(count);
        }
    }
    cx.note(format!("{group}: the latest {count} queries only; there are more"));
    Ok(count)
}

/// The fields that a policy of the group or of the whole account indexes.
async fn indexed(cx: &Call<CloudWatch>, group: &LogGroup) -> Result<BTreeSet<String>> {
    let (mut found, mut token) = (BTreeSet::new(), None);
    loop {
        let request = cx.client().logs.describe_index_policies().log_group_identifiers(group.identifier());
        let page = request.set_next_token(token).send().await?;
        for policy in page.index_policies.unwrap_or_default() {
            found.extend(policy_fields(policy.policy_document().unwrap_or_default()));
        }
        token = page.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            return Ok(found);
        }
    }
}

/// The fields of a policy: those in the list, and those that have settings of their own.
pub(crate) fn policy_fields(document: &str) -> Vec<String> {
    let policy: Value = serde_json::from_str(document).unwrap_or_default();
    let listed = policy.get("Fields").and_then(Value::as_array).into_iter().flatten();
    let listed = listed.filter_map(Value::as_str).map(str::to_owned);
    let with_settings = policy.get("FieldsV2").and_then(Value::as_object).into_iter().flatten();
    listed.chain(with_settings.map(|(field, _)| field.clone())).collect()
}
