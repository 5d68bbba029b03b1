use aws_sdk_sagemaker::types::{ClusterInstanceGroupDetails, ClusterInstanceGroupSpecification};
use awsmcp_mcp::{Call, Change, Error, One, Plan, Result, Spec, moved};
use awsmcp_sdk::utc_second;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{SageMaker, arns, jobs::gone, names::ClusterName, shape};

/// Sets how many machines a group of a HyperPod cluster has, or brings the cluster's software up to date.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpdateCluster {
    cluster: ClusterName,
    group: Option<String>,
    #[schemars(range(min = 0))]
    instances: Option<i32>,
    /// Of all groups, or of `group`; nodes restart.
    #[serde(default)]
    software: bool,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Updated {
    cluster: String,
    outcome: String,
}

/// The groups that are meant as they were seen, and the one that is sent with another number.
#[derive(Serialize)]
pub(crate) struct Items {
    seen: Value,
    group: Option<Value>,
}

impl Change for UpdateCluster {
    type Service = SageMaker;
    type Output = One<Updated>;
    type Items = Items;
    const SPEC: Spec = Spec::write("update_cluster", "Update cluster")
        .shown_by("list_clusters")
        .on(arns::CLUSTER, &["sagemaker:DescribeCluster"])
        .when("instances")
        .on(arns::CLUSTER, &["sagemaker:UpdateCluster", "sagemaker:ListClusterNodes"])
        .on(arns::ANY_ROLE, &["iam:PassRole"])
        .when("software")
        .on(arns::CLUSTER, &["sagemaker:UpdateClusterSoftware"])
        .minutes(5)
        .optional();

    async fn plan(&self, cx: &Call<SageMaker>) -> Result<Plan<Items>> {
        let groups = self.groups(cx).await?;
        let seen = seen(&groups)?;
        let cluster = &self.cluster;
        match (&self.group, self.instances, groups.first()) {
            (Some(name), Some(wanted), Some(group)) => {
                let now = group.current_count.or(group.target_count).unwrap_or_default();
                let most = now.max(group.target_count.unwrap_or_default());
                let instance =
                    group.instance_type.as_ref().map(|instance| instance.as_str()).unwrap_or_default();
                let mut plan = Plan::new(format!(
                    "set the group {name} of {cluster} from {now} to {wanted} x {instance}"
                ));
                plan = if wanted < most {
                    let plan = plan.warning("SageMaker chooses which nodes end; what runs on them is lost");
                    self.with_nodes(cx, name, plan).await?.ask()
                } else {
                    plan.warning("each more machine bills from when it runs")
                };
                let group = specification(group, wanted)?;
                Ok(plan.items(Items { seen, group: Some(group) }))
            }
            _ => {
                let names: Vec<&str> =
                    groups.iter().filter_map(|group| group.instance_group_name.as_deref()).collect();
                let plan =
                    Plan::new(format!("bring the software of {} of {cluster} up to date", names.join(", ")))
                        .warning(
                            "nodes restart, and jobs on them end; what is not on shared storage is lost",
                        );
                Ok(plan.ask().items(Items { seen, group: None }))
            }
        }
    }

    async fn apply(self, items: Items, cx: &Call<SageMaker>) -> Result<Self::Output> {
        let groups = self.groups(cx).await?;
        if seen(&groups)? != items.seen {
            return Err(moved(&format!("the cluster {}", self.cluster)));
        }
        let cluster = self.cluster.as_str();
        let client = &cx.client().sagemaker;
        let outcome = match (items.group, groups.first()) {
            (Some(specification), Some(group)) => {
                let before = group.current_count.unwrap_or_default();
                let specification =
                    shape::strict(&specification, ClusterInstanceGroupSpecification::deserialize)?;
                let (name, wanted) =
                    (specification.instance_group_name.clone(), specification.instance_count);
                client.update_cluster().cluster_name(cluster).instance_groups(specification).send().await?;
                format!("{} goes from {before} to {}", name.unwrap_or_default(), wanted.unwrap_or_default())
            }
            _ => {
                let request = client.update_cluster_software().cluster_name(cluster);
                let request = match &self.group {
                    Some(group) => request.instance_groups(
                        aws_sdk_sagemaker::types::UpdateClusterSoftwareInstanceGroupSpecification::builder()
                            .instance_group_name(group)
                            .build(),
                    ),
                    None => request,
                };
                request.send().await?;
                "the software is being updated".to_owned()
            }
        };
        cx.note("list_clusters with `cluster` shows how it goes on");
        Ok(One(Updated { cluster: cluster.to_owned(), outcome }))
    }
}

impl UpdateCluster {
    /// The plan with the nodes of which some end.
    async fn with_nodes(&self, cx: &Call<SageMaker>, group: &str, plan: Plan) -> Result<Plan> {
        const MOST: usize = 100;
        let (mut nodes, mut token) = (Vec::new(), None);
        while nodes.len() <= MOST {
            let request = cx.client().sagemaker.list_cluster_nodes().cluster_name(self.cluster.as_str());
            let request = request.instance_group_name_contains(group).max_results(100);
            let found = request.set_next_token(token).send().await?;
            let page = found.cluster_node_summaries.unwrap_or_default().into_iter();
            nodes.extend(page.filter(|node| node.instance_group_name.as_deref() == Some(group)));
            token = found.next_token.filter(|token| !token.is_empty());
            if token.is_none() {
                break;
            }
        }
        let plan = match nodes.len() > MOST {
            true => plan.warning(format!("it has more nodes than the {MOST} shown")),
            false => plan,
        };
        Ok(nodes.into_iter().take(MOST).fold(plan, |plan, node| {
            let status = node.instance_status.and_then(|status| status.status).map(|it| it.to_string());
            plan.row(json!({
                "node": node.instance_id.or(node.node_logical_id),
                "status": status,
                "launched": node.launch_time.as_ref().map(utc_second),
            }))
        }))
    }

    /// The groups that are meant.
    async fn groups(&self, cx: &Call<SageMaker>) -> Result<Vec<ClusterInstanceGroupDetails>> {
        let wrong = |what: &str| {
            Err(Error::invalid(what.to_owned())
                .with_next(r#"good ones are {"cluster":"c","group":"workers","instances":4} and {"cluster":"c","software":true}"#))
        };
        match (self.instances.is_some(), self.software, self.group.is_some()) {
            (true, false, true) | (false, true, _) => {}
            (true, true, _) => return wrong("one thing at a time: `instances` or `software`"),
            (true, false, false) => return wrong("`instances` is of a `group`"),
            (false, false, _) => return wrong("give `group` with `instances`, or `software`"),
        }
        let sent = cx.client().sagemaker.describe_cluster().cluster_name(self.cluster.as_str()).send().await;
        let found = sent.map_err(|error| gone(Error::from(error)))?;
        let mut groups = found.instance_groups.unwrap_or_default();
        let restricted = found.restricted_instance_groups.unwrap_or_default();
        if restricted.iter().any(|group| group.instance_group_name == self.group && self.group.is_some()) {
            return Err(Error::conflict(format!(
                "{} is a restricted group, which AWS looks after itself: this tool does not change it",
                self.group.as_deref().unwrap_or_default()
            )));
        }
        if let Some(name) = &self.group {
            let names: Vec<String> =
                groups.iter().filter_map(|group| group.instance_group_name.clone()).collect();
            groups.retain(|group| group.instance_group_name.as_ref() == Some(name));
            if groups.is_empty() {
                return Err(Error::not_found(format!(
                    "the cluster has no group {name}; it has {}",
                    names.join(", ")
                )));
            }
        }
        Ok(groups)
    }
}

fn seen(groups: &[ClusterInstanceGroupDetails]) -> Result<Value> {
    groups.iter().map(shape::json).collect::<Result<Vec<Value>>>().map(Value::Array)
}

/// The group as AWS wants it: whole, as it was described, with the new number. What stands under other names in a
/// description is put under those of the request, or it would be taken away.
fn specification(group: &ClusterInstanceGroupDetails, wanted: i32) -> Result<Value> {
    const RENAMED: [(&str, &[&str]); 7] = [
        ("/MinInstanceCount", &["/MinCount"]),
        ("/ImageReleaseVersion", &["/DesiredImageReleaseVersion", "/CurrentImageReleaseVersion"]),
        (
            "/InstanceRequirements/InstanceTypes",
            &["/InstanceRequirements/DesiredInstanceTypes", "/InstanceRequirements/CurrentInstanceTypes"],
        ),
        ("/KubernetesConfig/Labels", &["/KubernetesConfig/DesiredLabels", "/KubernetesConfig/CurrentLabels"]),
        ("/KubernetesConfig/Taints", &["/KubernetesConfig/DesiredTaints", "/KubernetesConfig/CurrentTaints"]),
        (
            "/AutoPatchConfig/PatchSchedule",
            &["/AutoPatchConfig/DesiredPatchSchedule", "/AutoPatchConfig/CurrentPatchSchedule"],
        ),
        // A managed image is told by its version.
        ("/ImageId", &["/DesiredImageId", "/CurrentImageId"]),
    ];
    let mut described = shape::json(group)?;
    for (wants, has) in RENAMED {
        let found = has.iter().find_map(|pointer| described.pointer(pointer)).cloned();
        let is_managed = wants == "/ImageId" && described.get("ImageReleaseVersion").is_some();
        let (parent, name) = wants.rsplit_once('/').unwrap_or_default();
        if let (Some(found), Some(fields)) = (found.filter(|_| !is_managed), described.pointer_mut(parent))
            && let Some(fields) = fields.as_object_mut()
        {
            fields.insert(name.to_owned(), found);
        }
    }
    if let Some(fields) = described.as_object_mut() {
        fields.insert("InstanceCount".to_owned(), json!(wanted));
    }
    let taken = shape::taken(&described, ClusterInstanceGroupSpecification::deserialize)?;
    shape::strict(&taken, ClusterInstanceGroupSpecification::deserialize)?;
    Ok(taken)
}

#[cfg(test)]
mod tests {
    use aws_sdk_sagemaker::types::ClusterLifeCycleConfig;

    use super::*;

    #[test]
    fn a_group_keeps_all_but_its_number() {
        let life = ClusterLifeCycleConfig::builder().source_s3_uri("s3://b/l").on_create("x.sh").build();
        let group = ClusterInstanceGroupDetails::builder()
            .instance_group_name("w")
            .instance_type("ml.g5.xlarge".into())
            .current_count(2)
            .life_cycle_config(life.clone())
            .execution_role("r")
            .threads_per_core(1)
            .build();
        let made = specification(&group, 5).unwrap();
        let made = shape::strict(&made, ClusterInstanceGroupSpecification::deserialize).unwrap();
        assert_eq!((made.instance_count, made.instance_group_name.as_deref()), (Some(5), Some("w")));
        assert_eq!(made.life_cycle_config, Some(life));
        assert_eq!((made.execution_role.as_deref(), made.threads_per_core), (Some("r"), Some(1)));
    }

    #[test]
    fn what_has_another_name_in_the_description_is_kept() {
        use aws_sdk_sagemaker::types::{ClusterInstanceRequirementDetails, ClusterKubernetesConfigDetails};
        let labels = ClusterKubernetesConfigDetails::builder()
            .current_labels("team", "old")
            .desired_labels("team", "vision")
            .build();
        let types = ClusterInstanceRequirementDetails::builder()
            .current_instance_types("ml.g5.xlarge".into())
            .build();
        let group = ClusterInstanceGroupDetails::builder()
            .instance_group_name("w")
            .current_count(2)
            .min_count(1)
            .kubernetes_config(labels)
            .instance_requirements(types)
            .current_image_id("ami-1")
            .current_image_release_version("1.2.3")
            .build();
        let made = specification(&group, 1).unwrap();
        let expected = json!({"InstanceCount": 1, "MinInstanceCount": 1, "InstanceGroupName": "w",
            "InstanceRequirements": {"InstanceTypes": ["ml.g5.xlarge"]}, "ImageReleaseVersion": "1.2.3",
            "KubernetesConfig": {"Labels": {"team": "vision"}}});
        assert_eq!(made, expected);
        let own =
            ClusterInstanceGroupDetails::builder().instance_group_name("w").current_image_id("ami-1").build();
        assert_eq!(specification(&own, 1).unwrap()["ImageId"], json!("ami-1"));
    }
}
