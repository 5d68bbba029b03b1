use std::collections::BTreeMap;

use aws_sdk_sagemaker::types::Parameter;
use awsmcp_mcp::{Call, Change, Error, One, Plan, Result, Spec, moved, nearest};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    SageMaker, arns,
    fields::{list, text},
    jobs::{Object, gone},
    names::PipelineName,
};

/// Starts an execution of a pipeline.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StartPipeline {
    pipeline: PipelineName,
    /// In place of their defaults.
    #[serde(default)]
    parameters: Object,
    /// What people see it called.
    display_name: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Started {
    execution: Option<String>,
}

impl Change for StartPipeline {
    type Service = SageMaker;
    type Output = One<Started>;
    /// The definition that the plan shows.
    type Items = Value;
    const SPEC: Spec = Spec::write("start_pipeline", "Start pipeline")
        .shown_by("list_pipelines")
        .on(arns::PIPELINE, &["sagemaker:DescribePipeline", "sagemaker:StartPipelineExecution"])
        .optional();

    async fn plan(&self, cx: &Call<SageMaker>) -> Result<Plan<Value>> {
        let definition = self.definition(cx).await?;
        let defined = list(&definition, "/Parameters");
        let given = self.given();
        let known: Vec<String> = defined.iter().filter_map(|parameter| text(parameter, "/Name")).collect();
        if let Some(unknown) = given.keys().find(|name| !known.contains(name)) {
            let meant = nearest(unknown, known.iter().map(String::as_str));
            let meant = meant.map(|meant| format!("; did you mean {meant}?")).unwrap_or_default();
            return Err(Error::invalid(format!("the pipeline has no parameter {unknown}{meant}"))
                .with_next(format!("it has {}", known.join(", "))));
        }
        let mut plan = Plan::new(format!("start the pipeline {}", self.pipeline));
        let mut missing = Vec::new();
        for (name, parameter) in known.iter().zip(defined) {
            if let Some(value) = given.get(name) {
                fits(name, value, parameter)?;
            }
            let (value, from) = match (given.get(name), parameter.get("DefaultValue")) {
                (Some(value), _) => (json!(value), "given"),
                (None, Some(default)) => (default.clone(), "default"),
                (None, None) => {
                    missing.push(name.as_str());
                    continue;
                }
            };
            plan = plan.row(json!({"parameter": name, "value": value, "from": from}));
        }
        if !missing.is_empty() {
            return Err(Error::invalid(format!("these parameters have no default: {}", missing.join(", "))));
        }
        let steps: Vec<String> =
            list(&definition, "/Steps").iter().filter_map(|step| text(step, "/Type")).collect();
        if !steps.is_empty() {
            plan = plan.warning(format!("its steps run and bill: {}", steps.join(", ")));
        }
        Ok(plan.items(definition))
    }

    async fn apply(self, definition: Value, cx: &Call<SageMaker>) -> Result<Self::Output> {
        if self.definition(cx).await? != definition {
            return Err(moved(&format!("the pipeline {}", self.pipeline)));
        }
        let given = self.given();
        let parameters =
            given.into_iter().map(|(name, value)| Parameter::builder().name(name).value(value).build());
        let parameters: Vec<Parameter> = parameters.collect();
        let out = cx
            .client()
            .sagemaker
            .start_pipeline_execution()
            .pipeline_name(self.pipeline.as_str())
            .set_pipeline_execution_display_name(self.display_name)
            .set_pipeline_parameters(Some(parameters).filter(|parameters| !parameters.is_empty()))
            .send()
            .await
            .map_err(|error| gone(Error::from(error)))?;
        cx.note("describe_execution shows how it goes on");
        Ok(One(Started { execution: out.pipeline_execution_arn }))
    }
}

impl StartPipeline {
    /// AWS takes every value as a text; null is none, as in every request here.
    fn given(&self) -> BTreeMap<String, String> {
        let given = self.parameters.0.iter().filter(|(_, value)| !value.is_null());
        given.map(|(name, value)| (name.clone(), words(value))).collect()
    }

    async fn definition(&self, cx: &Call<SageMaker>) -> Result<Value> {
        let sent =
            cx.client().sagemaker.describe_pipeline().pipeline_name(self.pipeline.as_str()).send().await;
        let found = sent.map_err(|error| gone(Error::from(error)))?;
        Ok(serde_json::from_str(found.pipeline_definition.as_deref().unwrap_or_default()).unwrap_or_default())
    }
}

/// A value as a text.
fn words(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// # Errors
/// When the definition has a parameter otherwise.
fn fits(name: &str, value: &str, parameter: &Value) -> Result<()> {
    let sort = text(parameter, "/Type").unwrap_or_default();
    let is_of_it = match sort.as_str() {
        "Integer" => value.parse::<i64>().is_ok(),
        "Float" => value.parse::<f64>().is_ok(),
        "Boolean" => ["true", "false"].contains(&value.to_lowercase().as_str()),
        _ => true,
    };
    if !is_of_it {
        return Err(Error::invalid(format!(
            "the parameter {name} is of the type {sort}, and {value:?} is none"
        )));
    }
    let one_of: Vec<String> = list(parameter, "/EnumValues").iter().map(words).collect();
    if one_of.is_empty() || one_of.iter().any(|known| known == value) {
        return Ok(());
    }
    Err(Error::invalid(format!("the parameter {name} cannot be {value:?}"))
        .with_next(format!("it is one of {}", one_of.join(", "))))
}
