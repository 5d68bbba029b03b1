use aws_sdk_cloudwatchlogs::types::{QueryDefinition, QueryLanguage};
use awsmcp_mcp::{Call, Change, One, Plan, Result, Spec, unchanged};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    CloudWatch, arns, groups,
    names::OwnLogGroup,
    statement::{self, Language},
};

/// Saves a Logs Insights query under a name, or replaces the one of that name. It is not run.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SaveQuery {
    /// May have folders: `team/errors`.
    #[schemars(length(min = 1, max = 255))]
    name: String,
    #[schemars(length(min = 1, max = 10000))]
    statement: String,
    /// Else those that it has.
    log_groups: Option<Vec<OwnLogGroup>>,
    /// Else that which it has, or cwli.
    language: Option<Language>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Done {
    name: String,
    query_definition_id: Option<String>,
}

/// What was looked at: the query of that name, with every setting of it; none of one that is new.
#[derive(Serialize)]
pub(crate) struct Seen {
    saved: Option<String>,
    /// Whether the call changes anything.
    changes: bool,
}

impl Change for SaveQuery {
    type Service = CloudWatch;
    type Output = One<Done>;
    type Items = Seen;
    const SPEC: Spec = Spec::write("save_query", "Save query")
        .shown_by("save_query")
        .on("*", &["logs:DescribeQueryDefinitions", "logs:PutQueryDefinition"])
        .names_no_resource()
        .optional()
        .idempotent();

    async fn plan(&self, cx: &Call<CloudWatch>) -> Result<Plan<Seen>> {
        let saved = self.existing(cx).await?;
        let new = self.over(saved.clone(), self.held(cx, saved.as_ref()).await?);
        // Those that it keeps are held to the list like those that are given.
        for group in new.log_group_names() {
            cx.may("logs:StartQuery", arns::EACH_LOG_GROUP, &[("name", group)]).await?;
        }
        let (before, after) = (saved.as_ref().map(described), described(&new));
        let changes = before.as_ref() != Some(&after);
        let plan = Plan::new(match &before {
            None => format!("save the query {}", self.name),
            Some(_) if changes => format!("replace the query {}", self.name),
            Some(_) => format!("leave the query {} as it is: nothing changes", self.name),
        });
        let saved = saved.map(|saved| format!("{saved:?}"));
        Ok(plan.difference(before.as_ref(), Some(&after)).items(Seen { saved, changes }))
    }

    async fn apply(self, seen: Seen, cx: &Call<CloudWatch>) -> Result<Self::Output> {
        let saved = self.existing(cx).await?;
        let now = saved.as_ref().map(|saved| format!("{saved:?}"));
        unchanged(&format!("the query {}", self.name), &seen.saved, &now)?;
        if !seen.changes {
            let id = saved.and_then(|saved| saved.query_definition_id);
            return Ok(One(Done { name: self.name, query_definition_id: id }));
        }
        let statement = self.held(cx, saved.as_ref()).await?;
        let new = self.over(saved, statement);
        let request = cx.client().logs.put_query_definition().set_name(new.name);
        let answer = request
            .set_query_string(new.query_string)
            .set_query_language(new.query_language)
            .set_log_group_names(new.log_group_names.filter(|groups| !groups.is_empty()))
            .set_query_definition_id(new.query_definition_id)
            .set_parameters(new.parameters)
            .send()
            .await?;
        Ok(One(Done { name: self.name, query_definition_id: answer.query_definition_id }))
    }
}

/// A saved query, for people.
fn described(query: &QueryDefinition) -> Value {
    let language = query.query_language.as_ref().map_or("CWLI", QueryLanguage::as_str);
    json!({
        "log_groups": query.log_group_names(),
        "statement": lines(query.query_string().unwrap_or_default()),
        // The usual one goes without saying.
        "language": Some(language).filter(|language| *language != "CWLI"),
    })
}

/// A line each, so that a difference shows only those that change.
fn lines(statement: &str) -> Vec<Value> {
    statement.lines().map(|line| json!(line)).collect()
}

impl SaveQuery {
    /// The query with what the call names.
    fn over(&self, saved: Option<QueryDefinition>, statement: String) -> QueryDefinition {
        let mut query = saved.unwrap_or_else(|| QueryDefinition::builder().build());
        query.name = Some(self.name.clone());
        query.query_string = Some(statement);
        let known = query.query_language.take().unwrap_or(QueryLanguage::Cwli);
        query.query_language = Some(self.language.map_or(known, Language::sdk));
        if let Some(groups) = &self.log_groups {
            query.log_group_names = Some(groups.iter().map(ToString::to_string).collect());
        }
        query
    }

    /// The statement as it is saved. Who runs it later may see other groups than this caller: what is put behind a name is
    /// held to the list as if it were run.
    async fn held(&self, cx: &Call<CloudWatch>, saved: Option<&QueryDefinition>) -> Result<String> {
        for group in self.log_groups.iter().flatten() {
            groups::may(cx, "logs:StartQuery", group).await?;
        }
        let known = || Language::of(saved.and_then(QueryDefinition::query_language));
        Ok(statement::held(cx, self.language.unwrap_or_else(known), &self.statement).await?.text)
    }

    async fn existing(&self, cx: &Call<CloudWatch>) -> Result<Option<QueryDefinition>> {
        let mut token = None;
        loop {
            let request =
                cx.client().logs.describe_query_definitions().query_definition_name_prefix(&self.name);
            let page = request.set_next_token(token).send().await?;
            let mut found = page.query_definitions.unwrap_or_default().into_iter();
            if let Some(found) = found.find(|known| known.name() == Some(self.name.as_str())) {
                return Ok(Some(found));
            }
            token = page.next_token.filter(|token| !token.is_empty());
            if token.is_none() {
                return Ok(None);
            }
        }
    }
}
