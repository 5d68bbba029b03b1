use aws_sdk_applicationautoscaling::types::{
    PolicyType, PredefinedMetricSpecification, ScalableTarget, ScalingPolicy, ServiceNamespace,
    TargetTrackingScalingPolicyConfiguration,
};
use aws_sdk_dynamodb::types::{ProvisionedThroughputDescription, TableDescription};
use awsmcp_mcp::{Call, Change, Error, One, Plan, Result, Spec, nearest};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    DynamoDb, arns,
    moved::moved,
    names::{IndexName, TableName},
    scaling::{self, Units},
    table,
};

/// Lets the provisioned units of a table or index follow their use, between `min` and `max`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ScaleTable {
    table: TableName,
    /// Of this, instead of the table itself.
    index: Option<IndexName>,
    /// Both unless given.
    units: Option<Units>,
    #[schemars(range(min = 1))]
    min: Option<i32>,
    #[schemars(range(min = 1))]
    max: Option<i32>,
    /// Percent of the units that shall be in use; 70 unless given or set.
    #[schemars(range(min = 20, max = 90))]
    target: Option<f64>,
    /// Ends it: the units stay as they are.
    #[serde(default)]
    fixed: bool,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Scaled {
    table: String,
    done: Vec<String>,
}

/// One kind of units as it was seen, and as it shall be.
#[derive(Serialize)]
pub(crate) struct Step {
    units: Units,
    provisioned: i64,
    /// The bounds that it has now.
    now: Option<(i32, i32)>,
    policy: Option<Policy>,
}

/// A policy that follows the use.
#[derive(Clone, PartialEq, Serialize)]
struct Policy {
    name: String,
    target: f64,
    scale_in_cooldown: Option<i32>,
    scale_out_cooldown: Option<i32>,
    disable_scale_in: Option<bool>,
}

/// In percent.
const USUAL: f64 = 70.0;

impl Change for ScaleTable {
    type Service = DynamoDb;
    type Output = One<Scaled>;
    type Items = Vec<Step>;
    const SPEC: Spec = Spec::write("scale_table", "Scale table by its use")
        .shown_by("describe_table")
        .on(arns::TABLE, &["dynamodb:DescribeTable"])
        .on(
            "*",
            &[
                "application-autoscaling:DescribeScalableTargets",
                "application-autoscaling:DescribeScalingPolicies",
            ],
        )
        .on(
            arns::SCALABLE_TARGET,
            &[
                "application-autoscaling:RegisterScalableTarget",
                "application-autoscaling:PutScalingPolicy",
                "application-autoscaling:DeregisterScalableTarget",
            ],
        )
        .names_no_resource()
        .idempotent()
        .optional();

    async fn plan(&self, cx: &Call<DynamoDb>) -> Result<Plan<Vec<Step>>> {
        self.check()?;
        let steps = self.look(cx).await?;
        let what = match (self.fixed, &self.index) {
            (true, Some(index)) => format!("fix the units of index {index} of {}", self.table),
            (true, None) => format!("fix the units of {}", self.table),
            (false, Some(index)) => format!("scale index {index} of {} by its use", self.table),
            (false, None) => format!("scale {} by its use", self.table),
        };
        let (mut plan, mut ask) = (Plan::new(what), self.fixed);
        for step in &steps {
            let bounds = |(min, max)| format!("{min} to {max}");
            let now = step.now.map_or_else(|| format!("{} units", step.provisioned), bounds);
            let wanted = match self.fixed {
                true => format!("{} units", step.provisioned),
                false => {
                    let policy = self.policy(step);
                    format!("{} at {} %", bounds(self.bounds(step)?), policy.target)
                }
            };
            plan = plan.row(json!({"units": step.units.word(), "now": now, "then": wanted}));
            if !self.fixed && i64::from(self.bounds(step)?.1) < step.provisioned {
                plan = plan.warning(format!(
                    "{} {} units are provisioned now, and will be fewer: requests may be throttled that are served now",
                    step.provisioned,
                    step.units.word()
                ));
                ask = true;
            }
        }
        if self.fixed {
            plan = plan.warning("what needs more units later is throttled, and what needs fewer is paid for");
        }
        let plan = if ask { plan.ask() } else { plan };
        Ok(plan.items(steps))
    }

    async fn apply(self, seen: Vec<Step>, cx: &Call<DynamoDb>) -> Result<Self::Output> {
        // The units themselves move while it scales.
        let set = |steps: &[Step]| {
            steps.iter().map(|step| (step.units, step.now, step.policy.clone())).collect::<Vec<_>>()
        };
        if set(&self.look(cx).await?) != set(&seen) {
            return Err(moved(&format!("how {} scales", self.table)));
        }
        let mut done = Vec::new();
        for step in &seen {
            if let Err(mut error) = self.set(cx, step, &mut done).await {
                if !done.is_empty() {
                    error.message = format!("{}; done before: {}", error.message, done.join("; "));
                }
                return Err(error);
            }
        }
        Ok(One(Scaled { table: self.table.to_string(), done }))
    }
}

impl ScaleTable {
    fn check(&self) -> Result<()> {
        let wrong = |what: &str| {
            Err(Error::invalid(what.to_owned())
                .with_next(r#"a good one is {"table": "orders", "min": 5, "max": 100, "target": 70}"#))
        };
        let sets = self.min.is_some() || self.max.is_some() || self.target.is_some();
        if !sets && !self.fixed {
            return wrong("give `min` and `max`, or `fixed`");
        }
        if sets && self.fixed {
            return wrong("`fixed` ends scaling: leave `min`, `max` and `target` out");
        }
        if let (Some(min), Some(max)) = (self.min, self.max)
            && min > max
        {
            return wrong("`min` is more than `max`");
        }
        Ok(())
    }

    /// Each kind of units that is meant, as it is.
    async fn look(&self, cx: &Call<DynamoDb>) -> Result<Vec<Step>> {
        if let Some(account) = self.table.elsewhere(cx).await? {
            return Err(Error::invalid(format!(
                "{} is of account {account}, whose units nobody scales from here",
                self.table
            ))
            .with_next("call it with credentials of that account"));
        }
        let description = table::describe(cx, &self.table).await?;
        let units = self.provisioned(&description)?;
        let id = self.resource();
        let ids = std::slice::from_ref(&id);
        let (targets, policies) = futures::try_join!(scaling::targets(cx, ids), scaling::policies(cx, ids))?;
        let kinds = Units::BOTH.into_iter().filter(|kind| self.units.is_none_or(|meant| meant == *kind));
        let steps: Vec<Step> = kinds
            .map(|kind| {
                let dimension = kind.dimension(self.index.is_some());
                let is_own = |target: &&ScalableTarget| {
                    target.resource_id == id && target.scalable_dimension == dimension
                };
                let is_by = |policy: &&ScalingPolicy| {
                    policy.resource_id == id && policy.scalable_dimension == dimension
                };
                Step {
                    units: kind,
                    provisioned: match kind {
                        Units::Read => units.read_capacity_units.unwrap_or_default(),
                        Units::Write => units.write_capacity_units.unwrap_or_default(),
                    },
                    now: targets.iter().find(is_own).map(|target| (target.min_capacity, target.max_capacity)),
                    policy: policies.iter().filter(is_by).find_map(|policy| Policy::of(policy, kind)),
                }
            })
            .collect();
        if self.fixed && steps.iter().all(|step| step.now.is_none()) {
            return Err(Error::conflict(format!("the units of {} are fixed already", self.table))
                .with_next("describe_table shows what scales"));
        }
        Ok(steps.into_iter().filter(|step| !self.fixed || step.now.is_some()).collect())
    }

    /// The units of what is meant.
    fn provisioned(&self, table: &TableDescription) -> Result<ProvisionedThroughputDescription> {
        if table::billing(table) == "on demand" {
            return Err(Error::conflict(format!(
                "{} bills on demand: it has no units, and serves what comes",
                self.table
            ))
            .with_next(
                "update_table with read_units and write_units makes it provisioned; max_read_units bounds it",
            ));
        }
        let Some(index) = &self.index else {
            return table
                .provisioned_throughput
                .clone()
                .ok_or_else(|| Error::internal("a table without units"));
        };
        let all = table.global_secondary_indexes();
        let found = all.iter().find(|own| own.index_name() == Some(index.as_str()));
        let Some(found) = found else {
            let meant = nearest(index.as_str(), all.iter().filter_map(|own| own.index_name()));
            let meant = meant.map(|meant| format!("; did you mean {meant}?")).unwrap_or_default();
            return Err(Error::not_found(format!("{} has no global index {index}{meant}", self.table))
                .with_next(table::layout(table)));
        };
        found.provisioned_throughput.clone().ok_or_else(|| Error::internal("an index without units"))
    }

    fn resource(&self) -> String {
        scaling::resource(self.table.short(), self.index.as_ref().map(IndexName::as_str))
    }

    /// The bounds as they shall be: what is not given stays.
    fn bounds(&self, step: &Step) -> Result<(i32, i32)> {
        let min = self.min.or(step.now.map(|(min, _)| min));
        let max = self.max.or(step.now.map(|(_, max)| max));
        match (min, max) {
            (Some(min), Some(max)) if min <= max => Ok((min, max)),
            (Some(min), Some(max)) => Err(Error::invalid(format!(
                "between {min} and {max} {} units there is nothing: give both `min` and `max`",
                step.units.word()
            ))),
            _ => Err(Error::invalid(format!(
                "its {} units do not scale yet: give both `min` and `max`",
                step.units.word()
            ))),
        }
    }

    /// The policy as it shall be: one that follows the use already keeps its name and all that is not given.
    fn policy(&self, step: &Step) -> Policy {
        let own = step.policy.clone().unwrap_or_else(|| Policy {
            name: format!("{}-{}-use", self.resource().replace('/', "-"), step.units.word()),
            target: USUAL,
            scale_in_cooldown: None,
            scale_out_cooldown: None,
            disable_scale_in: None,
        });
        Policy { target: self.target.unwrap_or(own.target), ..own }
    }

    async fn set(&self, cx: &Call<DynamoDb>, step: &Step, done: &mut Vec<String>) -> Result<()> {
        let client = &cx.client().scaling;
        let (id, dimension) = (self.resource(), step.units.dimension(self.index.is_some()));
        let word = step.units.word();
        if self.fixed {
            let ended = client.deregister_scalable_target().service_namespace(ServiceNamespace::Dynamodb);
            ended.resource_id(id).scalable_dimension(dimension).send().await?;
            done.push(format!("{word} fixed at {}", step.provisioned));
            return Ok(());
        }
        let (min, max) = self.bounds(step)?;
        let bounded = client.register_scalable_target().service_namespace(ServiceNamespace::Dynamodb);
        let bounded = bounded.resource_id(&id).scalable_dimension(dimension.clone());
        bounded.min_capacity(min).max_capacity(max).send().await?;
        done.push(format!("{word} {min} to {max}"));
        let own = self.policy(step);
        if step.policy.as_ref() == Some(&own) {
            return Ok(());
        }
        let failed =
            |error: aws_sdk_applicationautoscaling::error::BuildError| Error::internal(error.to_string());
        let metric = PredefinedMetricSpecification::builder().predefined_metric_type(step.units.metric());
        let tracking = TargetTrackingScalingPolicyConfiguration::builder()
            .target_value(own.target)
            .set_scale_in_cooldown(own.scale_in_cooldown)
            .set_scale_out_cooldown(own.scale_out_cooldown)
            .set_disable_scale_in(own.disable_scale_in)
            .predefined_metric_specification(metric.build().map_err(failed)?)
            .build()
            .map_err(failed)?;
        let policy = client.put_scaling_policy().policy_name(own.name).resource_id(id);
        let policy = policy.service_namespace(ServiceNamespace::Dynamodb).scalable_dimension(dimension);
        let policy = policy.policy_type(PolicyType::TargetTrackingScaling);
        policy.target_tracking_scaling_policy_configuration(tracking).send().await?;
        done.push(format!("{word} at {} %", own.target));
        Ok(())
    }
}

impl Policy {
    /// A policy that follows the use of these units.
    fn of(policy: &ScalingPolicy, units: Units) -> Option<Policy> {
        let own = policy.target_tracking_scaling_policy_configuration.as_ref()?;
        let metric = &own.predefined_metric_specification.as_ref()?.predefined_metric_type;
        (*metric == units.metric()).then(|| Policy {
            name: policy.policy_name.clone(),
            target: own.target_value,
            scale_in_cooldown: own.scale_in_cooldown,
            scale_out_cooldown: own.scale_out_cooldown,
            disable_scale_in: own.disable_scale_in,
        })
    }
}
