//! Provisioned units that Application Auto Scaling sets by itself, of a table and of its indexes.

use aws_sdk_applicationautoscaling::types::{
    MetricType, ScalableDimension, ScalableTarget, ScalingPolicy, ServiceNamespace,
};
use aws_sdk_dynamodb::types::TableDescription;
use awsmcp_mcp::{Call, Error, Result};
use futures::future::try_join_all;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::DynamoDb;

/// What a table is provisioned with, each scaled for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Units {
    Read,
    Write,
}

impl Units {
    pub(crate) const BOTH: [Units; 2] = [Units::Read, Units::Write];

    pub(crate) fn word(self) -> &'static str {
        match self {
            Units::Read => "read",
            Units::Write => "write",
        }
    }

    pub(crate) fn metric(self) -> MetricType {
        match self {
            Units::Read => MetricType::DynamoDbReadCapacityUtilization,
            Units::Write => MetricType::DynamoDbWriteCapacityUtilization,
        }
    }

    pub(crate) fn dimension(self, of_index: bool) -> ScalableDimension {
        match (self, of_index) {
            (Units::Read, false) => ScalableDimension::DynamoDbTableReadCapacityUnits,
            (Units::Write, false) => ScalableDimension::DynamoDbTableWriteCapacityUnits,
            (Units::Read, true) => ScalableDimension::DynamoDbIndexReadCapacityUnits,
            (Units::Write, true) => ScalableDimension::DynamoDbIndexWriteCapacityUnits,
        }
    }
}

/// As Application Auto Scaling names a table, or an index of it.
pub(crate) fn resource(table: &str, index: Option<&str>) -> String {
    match index {
        Some(index) => format!("table/{table}/index/{index}"),
        None => format!("table/{table}"),
    }
}

/// The names of a table and of all of its global indexes.
pub(crate) fn resources(table: &TableDescription) -> Vec<String> {
    let name = table.table_name().unwrap_or_default();
    let indexes = table.global_secondary_indexes().iter().filter_map(|index| index.index_name());
    std::iter::once(resource(name, None)).chain(indexes.map(|index| resource(name, Some(index)))).collect()
}

/// What of these scales by itself.
///
/// # Errors
/// When that may not be asked.
pub(crate) async fn targets(cx: &Call<DynamoDb>, ids: &[String]) -> Result<Vec<ScalableTarget>> {
    let (mut found, mut next) = (Vec::new(), None);
    loop {
        let asked = cx.client().scaling.describe_scalable_targets();
        let asked = asked.service_namespace(ServiceNamespace::Dynamodb).set_resource_ids(Some(ids.to_vec()));
        let out = asked.set_next_token(next).send().await?;
        found.extend(out.scalable_targets.unwrap_or_default());
        next = out.next_token;
        if next.is_none() {
            return Ok(found);
        }
    }
}

/// By which policies these scale.
///
/// # Errors
/// When that may not be asked.
pub(crate) async fn policies(cx: &Call<DynamoDb>, ids: &[String]) -> Result<Vec<ScalingPolicy>> {
    let of_one = async |id: &String| {
        let (mut found, mut next) = (Vec::new(), None);
        loop {
            let asked = cx.client().scaling.describe_scaling_policies();
            let asked = asked.service_namespace(ServiceNamespace::Dynamodb).resource_id(id);
            let out = asked.set_next_token(next).send().await.map_err(Error::from)?;
            found.extend(out.scaling_policies.unwrap_or_default());
            next = out.next_token;
            if next.is_none() {
                return Ok::<_, Error>(found);
            }
        }
    };
    Ok(try_join_all(ids.iter().map(of_one)).await?.into_iter().flatten().collect())
}

/// How a table and its indexes scale: `read 5 to 100 at 70 %`, `index by-status write 5 to 50 at 70 %`.
///
/// Without a word of policies where they could not be read.
pub(crate) fn words(targets: &[ScalableTarget], policies: Option<&[ScalingPolicy]>) -> Vec<String> {
    let mut lines: Vec<String> = targets
        .iter()
        .map(|target| {
            let index = target.resource_id.split_once("/index/").map(|(_, index)| format!("index {index} "));
            let units = Units::BOTH.into_iter().find(|units| {
                [false, true].map(|of_index| units.dimension(of_index)).contains(&target.scalable_dimension)
            });
            let units = units.map_or_else(|| target.scalable_dimension.as_str(), |units| units.word());
            let by = policies.map(|policies| {
                let by: Vec<String> =
                    policies.iter().filter(|policy| is_of(policy, target)).map(at).collect();
                if by.is_empty() { " by no policy".to_owned() } else { by.join(",") }
            });
            let by = by.unwrap_or_default();
            let suspended = target.suspended_state.as_ref().is_some_and(|state| {
                state.dynamic_scaling_in_suspended == Some(true)
                    || state.dynamic_scaling_out_suspended == Some(true)
            });
            format!(
                "{}{units} {} to {}{by}{}",
                index.unwrap_or_default(),
                target.min_capacity,
                target.max_capacity,
                if suspended { ", suspended" } else { "" }
            )
        })
        .collect();
    lines.sort();
    lines
}

/// What of these units of a table scales by itself, and sets them again whatever they are set to.
pub(crate) fn overrules(
    targets: &[ScalableTarget],
    table: &str,
    units: Units,
    wanted: i64,
) -> Option<String> {
    let id = resource(table, None);
    let target = targets
        .iter()
        .find(|target| target.resource_id == id && target.scalable_dimension == units.dimension(false))?;
    let (min, max, word) = (target.min_capacity, target.max_capacity, units.word());
    let is_within = (i64::from(min)..=i64::from(max)).contains(&wanted);
    let what = match is_within {
        true => format!("Application Auto Scaling moves {wanted} again as they are used"),
        false => format!("Application Auto Scaling does not leave them at {wanted}"),
    };
    Some(format!(
        "the {word} units scale by their use between {min} and {max}: {what}; scale_table sets its bounds, or ends it with `fixed`"
    ))
}

fn is_of(policy: &ScalingPolicy, target: &ScalableTarget) -> bool {
    policy.resource_id == target.resource_id && policy.scalable_dimension == target.scalable_dimension
}

/// What a policy aims at.
fn at(policy: &ScalingPolicy) -> String {
    match &policy.target_tracking_scaling_policy_configuration {
        Some(own) if own.predefined_metric_specification.is_some() => format!(" at {} %", own.target_value),
        _ => format!(" by {}", policy.policy_name),
    }
}
