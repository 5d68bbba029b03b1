use awsmcp_mcp::{Call, Change, Error, One, Plan, Result, Spec};
use awsmcp_sdk::utc_second;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Bedrock, arns, models::model_of, moved::moved, names::BedrockArn};

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

/// What goes, as it was seen.
#[derive(Default, PartialEq, Serialize)]
pub(crate) struct Doomed {
    arn: String,
    name: String,
    /// When it was made.
    since: String,
    status: String,
    /// The provisioned throughput that serves a model.
    served: Vec<String>,
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
    type Items = Doomed;
    const SPEC: Spec = Spec::destroy("delete_artefact", "Delete artefact")
        .shown_by("list_jobs")
        .on(arns::CUSTOM_MODEL_ARTEFACT, &["bedrock:GetCustomModel", "bedrock:DeleteCustomModel"])
        .on(arns::IMPORTED_MODEL_ARTEFACT, &["bedrock:GetImportedModel", "bedrock:DeleteImportedModel"])
        .on(arns::EVALUATION_ARTEFACT, &["bedrock:GetEvaluationJob", "bedrock:BatchDeleteEvaluationJob"])
        .on(arns::SYSTEM_PROFILE_ARTEFACT, &["bedrock:GetInferenceProfile"])
        .on(arns::PROFILE_ARTEFACT, &["bedrock:GetInferenceProfile", "bedrock:DeleteInferenceProfile"])
        .on("*", &["bedrock:ListProvisionedModelThroughputs"])
        .names_no_resource()
        .optional();

    async fn plan(&self, cx: &Call<Bedrock>) -> Result<Plan<Doomed>> {
        let doomed = self.look(cx).await?;
        let Doomed { name, since, status, served, .. } = &doomed;
        let plan = match self.kind()? {
            Kind::Custom => {
                let mut plan = Plan::new(format!("delete custom model {name}, made {since}"))
                    .warning("only training it again brings it back");
                if !served.is_empty() {
                    plan = plan.warning(format!("provisioned throughput serves it: {}", served.join(", ")));
                }
                plan
            }
            Kind::Imported => Plan::new(format!("delete imported model {name}"))
                .warning("calls that name it fail from then on"),
            Kind::Evaluation => Plan::new(format!("delete evaluation {name}, which is {status}"))
                .warning("its results in S3 stay"),
            Kind::Profile => Plan::new(format!("delete inference profile {name}"))
                .warning("calls that name it fail from then on"),
        };
        Ok(plan.items(doomed))
    }

    async fn apply(self, doomed: Doomed, cx: &Call<Bedrock>) -> Result<Self::Output> {
        // AWS takes no condition.
        if self.look(cx).await? != doomed {
            return Err(moved(self.artefact.as_str()));
        }
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
    /// What there is now.
    async fn look(&self, cx: &Call<Bedrock>) -> Result<Doomed> {
        let client = &cx.client().bedrock;
        let (id, short) = (self.artefact.as_str(), model_of(self.artefact.as_str()));
        Ok(match self.kind()? {
            Kind::Custom => {
                let (model, served) = tokio::join!(
                    client.get_custom_model().model_identifier(id).send(),
                    client.list_provisioned_model_throughputs().model_arn_equals(id).max_results(100).send()
                );
                let (model, served) = (model?, served?.provisioned_model_summaries.unwrap_or_default());
                Doomed {
                    arn: model.model_arn,
                    name: model.model_name,
                    since: utc_second(model.creation_time),
                    served: served.into_iter().map(|found| found.provisioned_model_name).collect(),
                    ..Doomed::default()
                }
            }
            Kind::Imported => {
                let model = client.get_imported_model().model_identifier(id).send().await?;
                Doomed {
                    arn: model.model_arn.unwrap_or_default(),
                    name: model.model_name.unwrap_or_default(),
                    since: model.creation_time.as_ref().map(utc_second).unwrap_or_default(),
                    ..Doomed::default()
                }
            }
            Kind::Evaluation => {
                let job = client.get_evaluation_job().job_identifier(id).send().await?;
                Doomed {
                    arn: job.job_arn,
                    name: job.job_name,
                    since: utc_second(job.creation_time),
                    status: job.status.to_string(),
                    ..Doomed::default()
                }
            }
            Kind::Profile => {
                let profile =
                    client.get_inference_profile().inference_profile_identifier(short).send().await?;
                // It is asked for by its id alone, which may be that of another profile here.
                if profile.inference_profile_arn != id {
                    return Err(Error::not_found(format!("there is no {id} here"))
                        .with_next("list_profiles shows the profiles of this region"));
                }
                Doomed {
                    arn: profile.inference_profile_arn,
                    name: profile.inference_profile_name,
                    since: profile.created_at.as_ref().map(utc_second).unwrap_or_default(),
                    ..Doomed::default()
                }
            }
        })
    }

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
