use aws_sdk_cloudwatchlogs::types::QueryDefinition;
use awsmcp_mcp::{Call, Change, One, Plan, Result, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    CloudWatch, groups,
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
    #[serde(default)]
    log_groups: Vec<OwnLogGroup>,
    #[serde(default)]
    language: Language,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Done {
    name: String,
    query_definition_id: Option<String>,
}

impl Change for SaveQuery {
    type Service = CloudWatch;
    type Output = One<Done>;
    type Items = ();
    const SPEC: Spec = Spec::write("save_query", "Save query")
        .on("*", &["logs:DescribeQueryDefinitions", "logs:PutQueryDefinition"])
        .names_no_resource()
        .optional()
        .idempotent();

    async fn plan(&self, cx: &Call<CloudWatch>) -> Result<Plan> {
        let old = self.existing(cx).await?.map(|old| {
            json!({"log_groups": old.log_group_names.unwrap_or_default(), "statement": lines(&old.query_string.unwrap_or_default())})
        });
        let new = json!({"log_groups": self.groups(), "statement": lines(&self.held(cx).await?)});
        let plan = Plan::new(match &old {
            None => format!("save the query {}", self.name),
            Some(old) if *old == new => format!("leave the query {} as it is: nothing changes", self.name),
            Some(_) => format!("replace the query {}", self.name),
        });
        Ok(plan.difference(old.as_ref(), Some(&new)).state(json!(old)))
    }

    async fn apply(self, (): (), cx: &Call<CloudWatch>) -> Result<Self::Output> {
        let old = self.existing(cx).await?;
        let request =
            cx.client().logs.put_query_definition().name(&self.name).query_string(self.held(cx).await?);
        let answer = request
            .query_language(self.language.sdk())
            .set_log_group_names(Some(self.groups()).filter(|groups| !groups.is_empty()))
            .set_query_definition_id(old.and_then(|old| old.query_definition_id))
            .send()
            .await?;
        Ok(One(Done { name: self.name, query_definition_id: answer.query_definition_id }))
    }
}

/// A line each, so that a difference shows only those that change.
fn lines(statement: &str) -> Vec<Value> {
    statement.lines().map(|line| json!(line)).collect()
}

impl SaveQuery {
    fn groups(&self) -> Vec<String> {
        self.log_groups.iter().map(ToString::to_string).collect()
    }

    /// The statement as it is saved. Who runs it later may see other groups than this caller: what is put behind a name is
    /// held to the list as if it were run.
    async fn held(&self, cx: &Call<CloudWatch>) -> Result<String> {
        for group in &self.log_groups {
            groups::may(cx, "logs:StartQuery", group).await?;
        }
        Ok(statement::held(cx, self.language, &self.statement).await?.text)
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
