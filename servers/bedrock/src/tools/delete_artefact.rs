use awsmcp_aws::utc_second;
use awsmcp_mcp::{Call, Change, Error, One, Plan, Result, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{Bedrock, arns, models::model_of, names::BedrockArn};

/// Deletes what a job left: a custom or imported model, an ended evaluation; or an inference profile of the account's own.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeleteArtefact {
    /// A `result` or `arn` of list_jobs, or an `id` of list_profiles.
    artefact: BedrockArn,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Deleted {
    deleted: String,
}

enum Kind {
    Custom,
    Imported,
    Evaluation,
    Profile,
}

impl Change for DeleteArtefact {
    type Service = Bedrock;
    type Output = One<Deleted>;
    type Items = ();
    const SPEC: Spec = Spec::destroy("delete_artefact", "Delete artefact")
        .on(arns::CUSTOM_MODEL_ARTEFACT, &["bedrock:GetCustomModel", "bedrock:DeleteCustomModel"])
        .on(arns::IMPORTED_MODEL_ARTEFACT, &["bedrock:GetImportedModel", "bedrock:DeleteImportedModel"])
        .on(arns::EVALUATION_ARTEFACT, &["bedrock:GetEvaluationJob", "bedrock:BatchDeleteEvaluationJob"])
        .on(arns::SYSTEM_PROFILE_ARTEFACT, &["bedrock:GetInferenceProfile"])
        .on(arns::PROFILE_ARTEFACT, &["bedrock:GetInferenceProfile", "bedrock:DeleteInferenceProfile"])
        .on("*", &["bedrock:ListProvisionedModelThroughputs"])
        .names_no_resource()
        .optional();

    async fn plan(&self, cx: &Call<Bedrock>) -> Result<Plan> {
        let client = &cx.client().bedrock;
        let (id, short) = (self.artefact.as_str(), model_of(self.artefact.as_str()));
        match self.kind()? {
            Kind::Custom => {
                let (model, served) = tokio::join!(
                    client.get_custom_model().model_identifier(id).send(),
                    client.list_provisioned_model_throughputs().model_arn_equals(id).max_results(100).send()
                );
                let (model, served) = (model?, served?.provisioned_model_summaries.unwrap_or_default());
                let mut plan = Plan::new(format!(
                    "delete custom model {}, made {}",
                    model.model_name,
                    utc_second(model.creation_time)
                ))
                .warning("only training it again brings it back")
                .state(json!(model.model_arn));
                if !served.is_empty() {
                    let names: Vec<&str> =
                        served.iter().map(|found| found.provisioned_model_name.as_str()).collect();
                    plan = plan.warning(format!("provisioned throughput serves it: {}", names.join(", ")));
                }
                Ok(plan)
            }
            Kind::Imported => {
                let model = client.get_imported_model().model_identifier(id).send().await?;
                Ok(Plan::new(format!("delete imported model {}", model.model_name.unwrap_or_default()))
                    .warning("calls that name it fail from then on"))
            }
            Kind::Evaluation => {
                let job = client.get_evaluation_job().job_identifier(id).send().await?;
                Ok(Plan::new(format!("delete evaluation {}, which is {}", job.job_name, job.status))
                    .warning("its results in S3 stay")
                    .state(json!(job.status.as_str())))
            }
            Kind::Profile => {
                let profile =
                    client.get_inference_profile().inference_profile_identifier(short).send().await?;
                // It is asked for by its id alone, which may be that of another profile here.
                if profile.inference_profile_arn != id {
                    return Err(Error::not_found(format!("there is no {id} here"))
                        .with_next("list_profiles shows the profiles of this region"));
                }
                Ok(Plan::new(format!("delete inference profile {}", profile.inference_profile_name))
                    .warning("calls that name it fail from then on"))
            }
        }
    }

    async fn apply(self, (): (), cx: &Call<Bedrock>) -> Result<Self::Output> {
        let client = &cx.client().bedrock;
        let (id, short) = (self.artefact.as_str(), model_of(self.artefact.as_str()));
        match self.kind()? {
            Kind::Custom => drop(client.delete_custom_model().model_identifier(id).send().await?),
            Kind::Imported => drop(client.delete_imported_model().model_identifier(id).send().await?),
            Kind::Profile => {
                drop(client.delete_inference_profile().inference_profile_identifier(short).send().await?)
            }
            Kind::Evaluation => {
                let out = client.batch_delete_evaluation_job().job_identifiers(id).send().await?;
                if let Some(error) = out.errors.into_iter().next() {
                    return Err(Error::conflict(format!(
                        "the evaluation was not deleted: {} ({})",
                        error.message.unwrap_or_default(),
                        error.code
                    ))
                    .with_next("only an evaluation that has ended can be deleted: stop_job stops it"));
                }
            }
        }
        Ok(One(Deleted { deleted: self.artefact.to_string() }))
    }
}

impl DeleteArtefact {
    fn kind(&self) -> Result<Kind> {
        match self.artefact.kind() {
            "custom-model" => Ok(Kind::Custom),
            "imported-model" => Ok(Kind::Imported),
            "evaluation-job" => Ok(Kind::Evaluation),
            "application-inference-profile" | "inference-profile" => Ok(Kind::Profile),
            _ => Err(Error::invalid(format!("{} is nothing that this tool deletes", self.artefact)).with_next(
                "it deletes custom-model, imported-model, evaluation-job and application-inference-profile",
            )),
        }
    }
}
