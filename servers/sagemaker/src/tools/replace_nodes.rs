use std::collections::BTreeMap;

use awsmcp_mcp::{Call, Change, Error, Page, Plan, Result, Spec, moved};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{SageMaker, arns, jobs::gone, names::ClusterName};

/// Replaces nodes of a HyperPod cluster by new machines, or restarts them. Their local disks are lost when replaced.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReplaceNodes {
    cluster: ClusterName,
    /// As `list_clusters` shows them.
    #[schemars(length(min = 1, max = 25))]
    nodes: Vec<String>,
    /// Restarts them instead.
    #[serde(default)]
    reboot: bool,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Row {
    node: String,
    outcome: String,
}

impl Change for ReplaceNodes {
    type Service = SageMaker;
    type Output = Page<Row>;
    /// The nodes, each with its group and how it stood.
    type Items = Vec<(String, String, String)>;
    const SPEC: Spec = Spec::destroy("replace_nodes", "Replace nodes")
        .shown_by("list_clusters")
        .on(arns::CLUSTER, &["sagemaker:ListClusterNodes"])
        .when("not reboot")
        .on(arns::CLUSTER, &["sagemaker:BatchReplaceClusterNodes"])
        .when("reboot")
        .on(arns::CLUSTER, &["sagemaker:BatchRebootClusterNodes"])
        .optional();

    async fn plan(&self, cx: &Call<SageMaker>) -> Result<Plan<Self::Items>> {
        let known = nodes(cx, self.cluster.as_str()).await?;
        if let Some(unknown) = self.nodes.iter().find(|node| !known.contains_key(*node)) {
            return Err(Error::not_found(format!("the cluster {} has no node {unknown}", self.cluster))
                .with_next("list_clusters with show=nodes lists them"));
        }
        let what = if self.reboot { "restart" } else { "replace" };
        let count = self.nodes.len();
        let plan = Plan::new(format!("{what} {count} of the {} nodes of {}", known.len(), self.cluster));
        let plan = self.nodes.iter().fold(plan, |plan, node| {
            let (group, status) = known.get(node).cloned().unwrap_or_default();
            plan.row(json!({"node": node, "group": group, "status": status}))
        });
        let plan = if self.reboot {
            plan.warning("jobs on them end")
        } else {
            plan.warning("jobs on them end, and their local disks are lost for good")
        };
        let items = self.nodes.iter().map(|node| {
            let (group, status) = known.get(node).cloned().unwrap_or_default();
            (node.clone(), group, status)
        });
        Ok(plan.items(items.collect()))
    }

    async fn apply(self, items: Self::Items, cx: &Call<SageMaker>) -> Result<Self::Output> {
        let cluster = self.cluster.as_str();
        let client = &cx.client().sagemaker;
        // An id is of one machine, and never of another; but it may have gone, or be at other work by now.
        let now = nodes(cx, cluster).await?;
        let stands = |(node, group, status): &(String, String, String)| {
            now.get(node).is_some_and(|(now_in, now_is)| now_in == group && now_is == status)
        };
        let other: Vec<&str> =
            items.iter().filter(|item| !stands(item)).map(|(node, ..)| node.as_str()).collect();
        if !other.is_empty() {
            return Err(moved(&format!("the state of {} in {cluster}", other.join(", "))));
        }
        let nodes = Some(items.into_iter().map(|(node, ..)| node).collect());
        let (done, failed): (Vec<String>, Vec<(String, String)>) = if self.reboot {
            let out =
                client.batch_reboot_cluster_nodes().cluster_name(cluster).set_node_ids(nodes).send().await?;
            let failed = out.failed.unwrap_or_default().into_iter();
            (
                out.successful.unwrap_or_default(),
                failed
                    .map(|failed| (failed.node_id.unwrap_or_default(), failed.message.unwrap_or_default()))
                    .collect(),
            )
        } else {
            let out =
                client.batch_replace_cluster_nodes().cluster_name(cluster).set_node_ids(nodes).send().await?;
            let failed = out.failed.unwrap_or_default().into_iter();
            (
                out.successful.unwrap_or_default(),
                failed
                    .map(|failed| (failed.node_id.unwrap_or_default(), failed.message.unwrap_or_default()))
                    .collect(),
            )
        };
        let word = if self.reboot { "restarts" } else { "is being replaced" };
        let done = done.into_iter().map(|node| Row { node, outcome: word.to_owned() });
        let failed = failed.into_iter().map(|(node, why)| Row { node, outcome: format!("failed: {why}") });
        let rows: Vec<Row> = done.chain(failed).collect();
        if rows.is_empty() {
            cx.note(
                "AWS took the request and names no node; list_clusters with show=nodes shows what happens",
            );
        }
        Ok(cx.page(rows, None))
    }
}

/// Every node with its group and its status.
async fn nodes(cx: &Call<SageMaker>, cluster: &str) -> Result<BTreeMap<String, (String, String)>> {
    let (mut all, mut token) = (BTreeMap::new(), None);
    loop {
        let request = cx.client().sagemaker.list_cluster_nodes().cluster_name(cluster).max_results(100);
        let sent = request.set_next_token(token).send().await;
        let out = sent.map_err(|error| gone(Error::from(error)))?;
        for node in out.cluster_node_summaries.unwrap_or_default() {
            let status =
                node.instance_status.and_then(|status| status.status).map(|status| status.to_string());
            let about = (node.instance_group_name.unwrap_or_default(), status.unwrap_or_default());
            // One that is still to be launched has no id, and nothing to replace.
            if let Some(id) = node.instance_id {
                all.insert(id, about);
            }
        }
        token = out.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            return Ok(all);
        }
    }
}
