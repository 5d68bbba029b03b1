use aws_sdk_sagemaker::types::{
    ClusterEventSummary, ClusterInstanceGroupDetails, ClusterNodeSummary,
    ClusterRestrictedInstanceGroupDetails, ClusterSortBy, ClusterSummary, EventSortBy, SortOrder,
};
use awsmcp_mcp::{Call, Error, Page, Result, Spec, Tool};
use awsmcp_sdk::utc_second;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{SageMaker, arns, jobs::gone, names::ClusterName};

/// Lists HyperPod clusters, or the instance groups, nodes or events of one.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListClusters {
    cluster: Option<ClusterName>,
    /// Of the cluster; default groups.
    show: Option<Show>,
    /// Anywhere in the cluster's name, or in the group's.
    name: Option<String>,
}

#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Show {
    #[default]
    Groups,
    Nodes,
    Events,
}

#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Row {
    Cluster {
        name: String,
        status: Option<String>,
        created: Option<String>,
    },
    Group {
        group: String,
        instance_type: Option<String>,
        instances: Option<i32>,
        /// Where it differs.
        wanted: Option<i32>,
        status: Option<String>,
        image: Option<String>,
    },
    Node {
        node: String,
        group: Option<String>,
        instance_type: Option<String>,
        status: Option<String>,
        message: Option<String>,
        launched: Option<String>,
        host: Option<String>,
    },
    Event {
        time: Option<String>,
        level: Option<String>,
        group: Option<String>,
        node: Option<String>,
        description: Option<String>,
    },
}

impl Tool for ListClusters {
    type Service = SageMaker;
    type Output = Page<Row>;
    const SPEC: Spec = Spec::list("list_clusters", "List clusters")
        .on("*", &["sagemaker:ListClusters"])
        .when("cluster")
        .on(
            arns::CLUSTER,
            &["sagemaker:DescribeCluster", "sagemaker:ListClusterNodes", "sagemaker:ListClusterEvents"],
        )
        .names_no_resource()
        .regional()
        .optional();

    async fn call(self, cx: &Call<SageMaker>) -> Result<Self::Output> {
        match (&self.cluster, self.show) {
            (None, None) => self.clusters(cx).await,
            (None, Some(_)) => Err(Error::invalid("`show` is of one cluster: give `cluster` too")),
            (Some(cluster), show) => {
                let cluster = cluster.as_str();
                match show.unwrap_or_default() {
                    Show::Groups => groups(cx, cluster, self.name.as_deref()).await,
                    Show::Nodes => self.nodes(cx, cluster).await,
                    Show::Events => self.events(cx, cluster).await,
                }
            }
        }
    }
}

impl ListClusters {
    async fn clusters(self, cx: &Call<SageMaker>) -> Result<Page<Row>> {
        let out = cx
            .client()
            .sagemaker
            .list_clusters()
            .set_name_contains(self.name)
            .sort_by(ClusterSortBy::CreationTime)
            .sort_order(SortOrder::Descending)
            .max_results(cx.page_size().min(100))
            .set_next_token(cx.token())
            .send()
            .await?;
        let clusters = out.cluster_summaries.unwrap_or_default().into_iter();
        let clusters = clusters.filter(|cluster| {
            crate::scope::allows(cx, "sagemaker:ListClusters", cluster.cluster_arn.as_deref())
        });
        Ok(cx.page(clusters.map(cluster), out.next_token))
    }

    async fn nodes(&self, cx: &Call<SageMaker>, cluster: &str) -> Result<Page<Row>> {
        let sent = cx
            .client()
            .sagemaker
            .list_cluster_nodes()
            .cluster_name(cluster)
            .set_instance_group_name_contains(self.name.clone())
            .max_results(cx.page_size().min(100))
            .set_next_token(cx.token())
            .send()
            .await;
        let out = sent.map_err(|error| gone(Error::from(error)))?;
        Ok(cx.page(out.cluster_node_summaries.unwrap_or_default().into_iter().map(node), out.next_token))
    }

    async fn events(&self, cx: &Call<SageMaker>, cluster: &str) -> Result<Page<Row>> {
        let sent = cx
            .client()
            .sagemaker
            .list_cluster_events()
            .cluster_name(cluster)
            .set_instance_group_name(self.name.clone())
            .sort_by(EventSortBy::EventTime)
            .sort_order(SortOrder::Descending)
            .max_results(cx.page_size().min(100))
            .set_next_token(cx.token())
            .send()
            .await;
        let out = sent.map_err(|error| gone(Error::from(error)))?;
        Ok(cx.page(out.events.unwrap_or_default().into_iter().map(event), out.next_token))
    }
}

async fn groups(cx: &Call<SageMaker>, cluster: &str, name: Option<&str>) -> Result<Page<Row>> {
    let sent = cx.client().sagemaker.describe_cluster().cluster_name(cluster).send().await;
    let found = sent.map_err(|error| gone(Error::from(error)))?;
    let status = found.cluster_status.map(|status| status.to_string()).unwrap_or_default();
    let why = found.failure_message.map(|why| format!(": {why}")).unwrap_or_default();
    cx.note(format!("the cluster is {status}{why}"));
    let restricted = found.restricted_instance_groups.unwrap_or_default().into_iter().map(restricted);
    let groups = found.instance_groups.unwrap_or_default().into_iter().map(group).chain(restricted);
    let fits = |row: &Row| match (row, name) {
        (Row::Group { group, .. }, Some(name)) => group.contains(name),
        _ => true,
    };
    Ok(cx.page(groups.filter(fits), None))
}

fn cluster(cluster: ClusterSummary) -> Row {
    Row::Cluster {
        name: cluster.cluster_name.unwrap_or_default(),
        status: cluster.cluster_status.map(|status| status.to_string()),
        created: cluster.creation_time.as_ref().map(utc_second),
    }
}

fn group(group: ClusterInstanceGroupDetails) -> Row {
    Row::Group {
        wanted: group.target_count.filter(|wanted| Some(*wanted) != group.current_count),
        group: group.instance_group_name.unwrap_or_default(),
        instance_type: group.instance_type.map(|instance| instance.to_string()),
        instances: group.current_count,
        status: group.status.map(|status| status.to_string()),
        image: group.current_image_release_version.or(group.current_image_id),
    }
}

/// A group that AWS looks after itself, in which nobody logs in.
fn restricted(group: ClusterRestrictedInstanceGroupDetails) -> Row {
    Row::Group {
        wanted: group.target_count.filter(|wanted| Some(*wanted) != group.current_count),
        group: group.instance_group_name.unwrap_or_default(),
        instance_type: group.instance_type.map(|instance| instance.to_string()),
        instances: group.current_count,
        status: group.status.map(|status| format!("{status}, restricted")),
        image: None,
    }
}

fn node(node: ClusterNodeSummary) -> Row {
    let (status, message) = match node.instance_status {
        Some(status) => (status.status.map(|status| status.to_string()), status.message),
        None => (None, None),
    };
    Row::Node {
        node: node.instance_id.or(node.node_logical_id).unwrap_or_default(),
        group: node.instance_group_name,
        instance_type: node.instance_type.map(|instance| instance.to_string()),
        status,
        message,
        launched: node.launch_time.as_ref().map(utc_second),
        host: node.private_dns_hostname,
    }
}

fn event(event: ClusterEventSummary) -> Row {
    Row::Event {
        time: event.event_time.as_ref().map(utc_second),
        level: event.event_level.map(|level| level.to_string()),
        group: event.instance_group_name,
        node: event.instance_id,
        description: event.description,
    }
}
