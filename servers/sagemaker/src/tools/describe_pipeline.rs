use awsmcp_mcp::{AsIs, Call, Error, One, Result, Spec, Tool};
use awsmcp_sdk::utc_second;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    SageMaker, arns,
    fields::{list, text},
    jobs::gone,
    names::PipelineName,
    secrets,
};

/// Shows a pipeline: its parameters with their defaults, its steps and what each waits for, and on request its whole definition.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DescribePipeline {
    pipeline: PipelineName,
    /// Also the definition as AWS keeps it; with a step, only that step's part.
    #[serde(default)]
    definition: bool,
    /// The name of one.
    step: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Card {
    name: String,
    status: Option<String>,
    description: Option<String>,
    role: Option<String>,
    created: Option<String>,
    modified: Option<String>,
    last_run: Option<String>,
    most_steps_at_once: Option<i32>,
    parameters: Vec<Parameter>,
    steps: Vec<Step>,
    definition: Option<Value>,
}

#[derive(Serialize, JsonSchema)]
struct Parameter {
    name: String,
    #[serde(rename = "type")]
    sort: Option<String>,
    default: Option<AsIs>,
    one_of: Option<Value>,
}

#[derive(Debug, PartialEq, Serialize, JsonSchema)]
struct Step {
    name: String,
    #[serde(rename = "type")]
    sort: Option<String>,
    after: Vec<String>,
    /// Of which branch of a condition: `check: if`.
    within: Option<String>,
}

impl Tool for DescribePipeline {
    type Service = SageMaker;
    type Output = One<Card>;
    const SPEC: Spec = Spec::read("describe_pipeline", "Describe pipeline")
        .on(arns::PIPELINE, &["sagemaker:DescribePipeline"])
        .optional();

    async fn call(self, cx: &Call<SageMaker>) -> Result<Self::Output> {
        let name = self.pipeline.as_str();
        let sent = cx.client().sagemaker.describe_pipeline().pipeline_name(name).send().await;
        let found = sent.map_err(|error| gone(Error::from(error)))?;
        let written = found.pipeline_definition.unwrap_or_default();
        let definition: Value = serde_json::from_str(&written).unwrap_or_else(|_| {
            cx.note("its definition is no JSON: it is shown as it is");
            Value::String(written)
        });
        let mut parts = Vec::new();
        walk(list(&definition, "/Steps"), None, &mut parts);
        let shown = match (&self.step, self.definition) {
            (Some(step), _) => {
                let part = parts.iter().find(|(row, _)| row.name == *step).map(|(_, part)| (*part).clone());
                let names: Vec<&str> = parts.iter().map(|(row, _)| row.name.as_str()).collect();
                Some(part.ok_or_else(|| {
                    Error::not_found(format!("the pipeline has no step {step}; it has {}", names.join(", ")))
                })?)
            }
            (None, true) => Some(definition.clone()),
            (None, false) => None,
        };
        let steps = parts.into_iter().map(|(row, _)| row).collect();
        Ok(One(Card {
            name: name.to_owned(),
            status: found.pipeline_status.map(|status| status.to_string()),
            description: found.pipeline_description,
            role: found.role_arn,
            created: found.creation_time.as_ref().map(utc_second),
            modified: found.last_modified_time.as_ref().map(utc_second),
            last_run: found.last_run_time.as_ref().map(utc_second),
            most_steps_at_once: found
                .parallelism_configuration
                .and_then(|most| most.max_parallel_execution_steps),
            parameters: list(&definition, "/Parameters").iter().map(parameter).collect(),
            steps,
            // Its steps' variables may be secrets.
            definition: shown.map(|part| secrets::shown(cx, &part, None)),
        }))
    }
}

fn parameter(parameter: &Value) -> Parameter {
    Parameter {
        name: text(parameter, "/Name").unwrap_or_default(),
        sort: text(parameter, "/Type"),
        default: parameter.get("DefaultValue").cloned().map(AsIs),
        one_of: parameter.get("EnumValues").cloned(),
    }
}

/// All steps in their order, those of conditions' branches too, each with its part of the definition.
fn walk<'a>(steps: &'a [Value], within: Option<&str>, into: &mut Vec<(Step, &'a Value)>) {
    for step in steps {
        let name = text(step, "/Name").unwrap_or_default();
        let after = list(step, "/DependsOn").iter().filter_map(Value::as_str).map(str::to_owned).collect();
        let row =
            Step { name: name.clone(), sort: text(step, "/Type"), after, within: within.map(str::to_owned) };
        into.push((row, step));
        for (branch, pointer) in [("if", "/Arguments/IfSteps"), ("else", "/Arguments/ElseSteps")] {
            walk(list(step, pointer), Some(&format!("{name}: {branch}")), into);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn steps_of_branches_are_told_with_their_branch() {
        let steps = json!([{"Name": "train", "Type": "Training"},
            {"Name": "good", "Type": "Condition", "DependsOn": ["train"], "Arguments": {
                "IfSteps": [{"Name": "register", "Type": "RegisterModel"}],
                "ElseSteps": [{"Name": "fail", "Type": "Fail"}]}}]);
        let mut parts = Vec::new();
        walk(steps.as_array().unwrap(), None, &mut parts);
        let told: Vec<_> = parts.iter().map(|(row, _)| (row.name.as_str(), row.within.as_deref())).collect();
        let expected =
            [("train", None), ("good", None), ("register", Some("good: if")), ("fail", Some("good: else"))];
        assert_eq!(told, expected);
        assert_eq!(parts[1].0.after, ["train"]);
    }
}
