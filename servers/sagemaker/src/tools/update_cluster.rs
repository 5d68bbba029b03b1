use aws_sdk_sagemaker::types::{ClusterInstanceGroupDetails, ClusterInstanceGroupSpecification};
use awsmcp_mcp::{Call, Change, Error, One, Plan, Result, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

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

impl Change for UpdateCluster {
    type Service = SageMaker;
    type Output = One<Updated>;
    type Items = ();
    const SPEC: Spec = Spec::write("update_cluster", "Update cluster")
        .on(arns::CLUSTER, &["sagemaker:DescribeCluster"])
        .when("instances")
        .on(arns::CLUSTER, &["sagemaker:UpdateCluster"])
        .on(arns::ANY_ROLE, &["iam:PassRole"])
        .when("software")
        .on(arns::CLUSTER, &["sagemaker:UpdateClusterSoftware"])
        .minutes(5)
        .optional();

    async fn plan(&self, cx: &Call<SageMaker>) -> Result<Plan> {
        let groups = self.groups(cx).await?;
        let state = groups
            .iter()
            .map(|group| json!([group.instance_group_name, group.current_count, group.target_count]));
        let state = json!(state.collect::<Vec<_>>());
        let cluster = &self.cluster;
        let plan = match (&self.group, self.instances, groups.first()) {
            (Some(name), Some(wanted), Some(group)) => {
                let now = group.current_count.unwrap_or_default();
                let instance =
                    group.instance_type.as_ref().map(|instance| instance.as_str()).unwrap_or_default();
                let plan = Plan::new(format!(
                    "set the group {name} of {cluster} from {now} to {wanted} x {instance}"
                ));
                if wanted < now {
                    plan.warning("SageMaker chooses which nodes end; what runs on them is lost")
                } else {
                    plan.warning("each more machine bills from when it runs")
                }
            }
            _ => {
                let names: Vec<&str> =
                    groups.iter().filter_map(|group| group.instance_group_name.as_deref()).collect();
                Plan::new(format!("bring the software of {} of {cluster} up to date", names.join(", ")))
                    .warning("nodes restart, and jobs on them end; what is not on shared storage is lost")
            }
        };
        Ok(plan.state(state))
    }

    async fn apply(self, (): (), cx: &Call<SageMaker>) -> Result<Self::Output> {
        let groups = self.groups(cx).await?;
        let cluster = self.cluster.as_str();
        let client = &cx.client().sagemaker;
        let outcome = match (self.instances, groups.into_iter().next()) {
            (Some(wanted), Some(group)) => {
                let before = group.current_count.unwrap_or_default();
                let specification = specification(&group, wanted)?;
                client.update_cluster().cluster_name(cluster).instance_groups(specification).send().await?;
                format!("{} goes from {before} to {wanted}", group.instance_group_name.unwrap_or_default())
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
        let mut groups = sent.map_err(|error| gone(Error::from(error)))?.instance_groups.unwrap_or_default();
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

/// AWS wants the group whole, as it was described, with the new number.
fn specification(
    group: &ClusterInstanceGroupDetails,
    wanted: i32,
) -> Result<ClusterInstanceGroupSpecification> {
    let mut described = shape::json(group)?;
    if let Some(fields) = described.as_object_mut() {
        fields.insert("InstanceCount".to_owned(), json!(wanted));
    }
    let taken = shape::taken(&described, ClusterInstanceGroupSpecification::deserialize)?;
    shape::strict(&taken, ClusterInstanceGroupSpecification::deserialize)
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
        assert_eq!((made.instance_count, made.instance_group_name.as_deref()), (Some(5), Some("w")));
        assert_eq!(made.life_cycle_config, Some(life));
        assert_eq!((made.execution_role.as_deref(), made.threads_per_core), (Some("r"), Some(1)));
    }
}
