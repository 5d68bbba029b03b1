use awsmcp_mcp::{Call, Error, Kind as ErrorKind, Page, Result, Spec, Tool};
use awsmcp_sdk::utc_second;
use futures::{StreamExt, TryStreamExt, stream};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Bedrock, arns};

/// Lists agents, or flows, with their aliases.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListAgents {
    #[serde(default)]
    kind: Kind,
}

#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Kind {
    #[default]
    Agent,
    Flow,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Row {
    id: String,
    name: String,
    status: String,
    /// `name=ID`; an agent's draft is `TSTALIASID`.
    aliases: Vec<String>,
    version: Option<String>,
    updated: String,
    description: Option<String>,
}

const AT_ONCE: usize = 4;

impl Tool for ListAgents {
    type Service = Bedrock;
    type Output = Page<Row>;
    const SPEC: Spec = Spec::list("list_agents", "List agents")
        .on("*", &["bedrock:ListAgents", "bedrock:ListAgentAliases"])
        .when("kind=flow")
        .on("*", &["bedrock:ListFlows", "bedrock:ListFlowAliases"])
        .names_no_resource()
        .regional()
        .optional();

    async fn call(self, cx: &Call<Bedrock>) -> Result<Self::Output> {
        match self.kind {
            Kind::Agent => agents(cx).await,
            Kind::Flow => flows(cx).await,
        }
    }
}

async fn agents(cx: &Call<Bedrock>) -> Result<Page<Row>> {
    let asked = cx.client().agent.list_agents().max_results(cx.page_size());
    let out = asked.set_next_token(cx.token()).send().await?;
    let work: Vec<_> = out
        .agent_summaries
        .into_iter()
        .map(async |agent| {
            let asked = cx.client().agent.list_agent_aliases().agent_id(&agent.agent_id).max_results(100);
            let aliases = asked.send().await?.agent_alias_summaries.into_iter();
            let aliases = aliases.map(|alias| (alias.agent_alias_name, alias.agent_alias_id)).collect();
            let id = agent.agent_id.as_str();
            // A draft is run by this alias, whether or not it is listed.
            let draft = [("agent", id), ("alias", "TSTALIASID")];
            let draft = may(cx, "bedrock:InvokeAgent", arns::AGENT_ALIAS, &draft).await?;
            let aliases =
                allowed(cx, "bedrock:InvokeAgent", arns::AGENT_ALIAS, ("agent", id), aliases).await?;
            Ok::<_, Error>((draft || !aliases.is_empty()).then_some(Row {
                aliases,
                id: agent.agent_id,
                name: agent.agent_name,
                status: agent.agent_status.to_string(),
                version: agent.latest_agent_version,
                updated: utc_second(agent.updated_at),
                description: agent.description,
            }))
        })
        .collect();
    let rows: Vec<Option<Row>> = stream::iter(work).buffered(AT_ONCE).try_collect().await?;
    Ok(cx.page(rows.into_iter().flatten(), out.next_token))
}

async fn flows(cx: &Call<Bedrock>) -> Result<Page<Row>> {
    let asked = cx.client().agent.list_flows().max_results(cx.page_size());
    let out = asked.set_next_token(cx.token()).send().await?;
    let work: Vec<_> = out
        .flow_summaries
        .into_iter()
        .map(async |flow| {
            let asked = cx.client().agent.list_flow_aliases().flow_identifier(&flow.id).max_results(100);
            let found = asked.send().await?.flow_alias_summaries;
            let is_bare = found.is_empty();
            let aliases = found.into_iter().map(|alias| (alias.name, alias.id)).collect();
            let aliases =
                allowed(cx, "bedrock:InvokeFlow", arns::FLOW_ALIAS, ("flow", &flow.id), aliases).await?;
            // Nothing of a flow without an alias can be run, but where all of its aliases might be, it is no secret.
            let any = [("flow", flow.id.as_str()), ("alias", "*")];
            let bare = is_bare && may(cx, "bedrock:InvokeFlow", arns::FLOW_ALIAS, &any).await?;
            Ok::<_, Error>((bare || !aliases.is_empty()).then_some(Row {
                aliases,
                id: flow.id,
                name: flow.name,
                status: flow.status.to_string(),
                version: Some(flow.version),
                updated: utc_second(flow.updated_at),
                description: flow.description,
            }))
        })
        .collect();
    let rows: Vec<Option<Row>> = stream::iter(work).buffered(AT_ONCE).try_collect().await?;
    Ok(cx.page(rows.into_iter().flatten(), out.next_token))
}

/// Those aliases (name and id) that the operator's list lets somebody run, as `name=ID`.
async fn allowed(
    cx: &Call<Bedrock>,
    action: &str,
    template: &str,
    of: (&str, &str),
    aliases: Vec<(String, String)>,
) -> Result<Vec<String>> {
    let mut shown = Vec::new();
    for (name, id) in aliases {
        if may(cx, action, template, &[of, ("alias", &id)]).await? {
            shown.push(format!("{name}={id}"));
        }
    }
    Ok(shown)
}

/// Whether the operator's list allows it.
async fn may(cx: &Call<Bedrock>, action: &str, template: &str, values: &[(&str, &str)]) -> Result<bool> {
    match cx.may(action, template, values).await {
        Ok(()) => Ok(true),
        Err(error) if error.kind == ErrorKind::Refused => Ok(false),
        Err(error) => Err(error),
    }
}
