use aws_sdk_sagemaker::types::{PipelineExecutionStep, SortOrder, SortPipelineExecutionsBy, StepStatus};
use awsmcp_mcp::{Call, Error, One, Result, Spec, Tool};
use awsmcp_sdk::utc_second;
use futures::future::try_join3;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{
    SageMaker, arns,
    fields::text,
    jobs::{self, Kind, between, gone},
    names::{ExecutionArn, PipelineName},
    scope, shape,
};

/// Shows an execution of a pipeline, down to the step that failed, its job, and the last lines of that job's log.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DescribeExecution {
    /// ARN, as `list_pipelines` returns it.
    execution: Option<ExecutionArn>,
    /// Its latest execution instead.
    pipeline: Option<PipelineName>,
    /// Default 20.
    #[schemars(range(min = 0, max = 200))]
    log_lines: Option<usize>,
}

#[derive(Default, Serialize, JsonSchema)]
pub(crate) struct Card {
    execution: String,
    status: Option<String>,
    failure_reason: Option<String>,
    created: Option<String>,
    modified: Option<String>,
    parameters: Map<String, Value>,
    steps: Vec<Step>,
    failed: Vec<Failed>,
}

#[derive(Serialize, JsonSchema)]
struct Step {
    name: String,
    status: Option<String>,
    /// What it works by: `training-job/name`.
    by: Option<String>,
    seconds: Option<i64>,
    cached: Option<bool>,
    attempts: Option<i32>,
}

#[derive(Default, Serialize, JsonSchema)]
struct Failed {
    step: String,
    failure_reason: Option<String>,
    kind: Option<Kind>,
    job: Option<String>,
    /// What the job itself says.
    job_failure_reason: Option<String>,
    log: Vec<String>,
}

impl Tool for DescribeExecution {
    type Service = SageMaker;
    type Output = One<Card>;
    const SPEC: Spec = Spec::read("describe_execution", "Describe execution")
        .on(
            arns::STEP_JOB,
            &[
                "sagemaker:DescribeTrainingJob",
                "sagemaker:DescribeProcessingJob",
                "sagemaker:DescribeTransformJob",
                "sagemaker:DescribeHyperParameterTuningJob",
                "sagemaker:DescribeAutoMLJobV2",
            ],
        )
        .on(arns::STEP_LOGS, &["logs:DescribeLogStreams"])
        .on(arns::STEP_LOG_STREAMS, &["logs:GetLogEvents"])
        .when("pipeline")
        .on(arns::PIPELINE, &["sagemaker:ListPipelineExecutions"])
        .on(
            arns::EXECUTIONS_OF_PIPELINE,
            &[
                "sagemaker:DescribePipelineExecution",
                "sagemaker:ListPipelineExecutionSteps",
                "sagemaker:ListPipelineParametersForExecution",
            ],
        )
        .when("execution")
        .on(
            arns::EXECUTION,
            &[
                "sagemaker:DescribePipelineExecution",
                "sagemaker:ListPipelineExecutionSteps",
                "sagemaker:ListPipelineParametersForExecution",
            ],
        )
        .names_no_resource()
        .quotes()
        .optional();

    async fn call(self, cx: &Call<SageMaker>) -> Result<Self::Output> {
        let arn = self.arn(cx).await?;
        let client = &cx.client().sagemaker;
        let (found, steps, parameters) = try_join3(
            async {
                let sent = client.describe_pipeline_execution().pipeline_execution_arn(&arn).send().await;
                sent.map_err(|error| gone(Error::from(error)))
            },
            steps(cx, &arn),
            parameters(cx, &arn),
        )
        .await?;
        let mut failed = Vec::new();
        let broken: Vec<_> =
            steps.iter().filter(|step| step.step_status == Some(StepStatus::Failed)).collect();
        if broken.len() > MOST_FAILED {
            cx.note(format!("{} steps failed; the first {MOST_FAILED} are looked into", broken.len()));
        }
        for step in broken.into_iter().take(MOST_FAILED) {
            failed.push(self.failed(cx, step).await?);
        }
        Ok(One(Card {
            execution: arn,
            status: found.pipeline_execution_status.map(|status| status.to_string()),
            failure_reason: found.failure_reason,
            created: found.creation_time.as_ref().map(utc_second),
            modified: found.last_modified_time.as_ref().map(utc_second),
            parameters,
            steps: steps.iter().map(Step::new).collect::<Result<_>>()?,
            failed,
        }))
    }
}

/// What the execution was started with: all pages of it.
async fn parameters(cx: &Call<SageMaker>, arn: &str) -> Result<Map<String, Value>> {
    let (mut all, mut token) = (Map::new(), None);
    loop {
        let request = cx.client().sagemaker.list_pipeline_parameters_for_execution();
        let request = request.pipeline_execution_arn(arn).max_results(100).set_next_token(token);
        let out = request.send().await?;
        let page = out.pipeline_parameters.unwrap_or_default().into_iter();
        all.extend(page.filter_map(|parameter| Some((parameter.name?, json!(parameter.value?)))));
        token = out.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            return Ok(all);
        }
    }
}

/// Each costs a few requests.
const MOST_FAILED: usize = 10;

impl DescribeExecution {
    async fn arn(&self, cx: &Call<SageMaker>) -> Result<String> {
        match (&self.execution, &self.pipeline) {
            (Some(execution), None) => Ok(execution.here(cx)?.to_owned()),
            (None, Some(pipeline)) => {
                let name = pipeline.as_str();
                let sent = cx
                    .client()
                    .sagemaker
                    .list_pipeline_executions()
                    .pipeline_name(name)
                    .sort_by(SortPipelineExecutionsBy::CreationTime)
                    .sort_order(SortOrder::Descending)
                    .max_results(1)
                    .send()
                    .await;
                let found = sent
                    .map_err(|error| gone(Error::from(error)))?
                    .pipeline_execution_summaries
                    .unwrap_or_default();
                let arn = found.into_iter().next().and_then(|execution| execution.pipeline_execution_arn);
                arn.ok_or_else(|| Error::not_found(format!("the pipeline {name} was never executed")))
            }
            _ => Err(Error::invalid("give either `execution` or `pipeline`")
                .with_next(r#"a good one is {"pipeline":"my-pipeline"}, for its latest execution"#)),
        }
    }

    /// What a failed step did, and what the job behind it says.
    async fn failed(&self, cx: &Call<SageMaker>, step: &PipelineExecutionStep) -> Result<Failed> {
        const LINES: usize = 20;
        let mut failed = Failed {
            step: step.step_name.clone().unwrap_or_default(),
            failure_reason: step.failure_reason.clone(),
            ..Failed::default()
        };
        let arn = by(step)?;
        let Some((kind, name)) = arn.as_deref().and_then(job) else { return Ok(failed) };
        (failed.kind, failed.job) = (Some(kind), Some(name.clone()));
        let job_of_step = [("answer.kind", kind.resource()), ("answer.job", name.as_str())];
        if scope::may(cx, "sagemaker:DescribeTrainingJob", arns::STEP_JOB, &job_of_step).await.is_err() {
            cx.note(format!("the job {name} is outside what the operator allowed"));
            return Ok(failed);
        }
        match jobs::describe(cx, kind, &name).await {
            Ok(described) => {
                failed.job_failure_reason = text(&described, "/FailureReason").filter(|reason| {
                    !failed.failure_reason.as_deref().unwrap_or_default().contains(reason.as_str())
                });
            }
            Err(error) => cx.note(format!("the job {name} cannot be described: {error}")),
        }
        let most = self.log_lines.unwrap_or(LINES);
        if let Some(group) = kind.log_group().filter(|_| most > 0) {
            match lines(cx, kind, group, &name, most).await {
                Ok(lines) => failed.log = lines,
                Err(error) => cx.note(format!("the log of {name} cannot be read: {error}")),
            }
        }
        Ok(failed)
    }
}

async fn lines(cx: &Call<SageMaker>, kind: Kind, group: &str, job: &str, most: usize) -> Result<Vec<String>> {
    let of_kind = group.strip_prefix("/aws/sagemaker/").unwrap_or(group);
    let named = [("answer.group", of_kind), ("answer.job", job)];
    cx.may("logs:DescribeLogStreams", arns::STEP_LOGS, &named).await?;
    cx.may("logs:GetLogEvents", arns::STEP_LOG_STREAMS, &named).await?;
    let streams = jobs::streams(cx, kind, group, job, None).await?;
    let (lines, _) = jobs::tail(cx, group, job, streams, most, None).await?;
    Ok(lines.into_iter().map(|line| line.message).collect())
}

async fn steps(cx: &Call<SageMaker>, arn: &str) -> Result<Vec<PipelineExecutionStep>> {
    const MOST: usize = 500;
    let (mut all, mut token) = (Vec::new(), None);
    loop {
        let out = cx
            .client()
            .sagemaker
            .list_pipeline_execution_steps()
            .pipeline_execution_arn(arn)
            .sort_order(SortOrder::Ascending)
            .max_results(100)
            .set_next_token(token)
            .send()
            .await?;
        all.extend(out.pipeline_execution_steps.unwrap_or_default());
        token = out.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            return Ok(all);
        }
        if all.len() >= MOST {
            cx.note(format!("it has more than {MOST} steps; the first {MOST} are shown"));
            return Ok(all);
        }
    }
}

/// The ARN of what a step works by, whichever sort of step it is.
fn by(step: &PipelineExecutionStep) -> Result<Option<String>> {
    let Some(metadata) = &step.metadata else { return Ok(None) };
    let Value::Object(sorts) = shape::json(metadata)? else { return Ok(None) };
    Ok(sorts.values().find_map(|sort| text(sort, "/Arn")))
}

fn job(arn: &str) -> Option<(Kind, String)> {
    Kind::of_arn(arn).map(|(kind, name)| (kind, name.to_owned()))
}

impl Step {
    fn new(step: &PipelineExecutionStep) -> Result<Step> {
        Ok(Step {
            name: step.step_name.clone().unwrap_or_default(),
            status: step.step_status.as_ref().map(|status| status.as_str().to_owned()),
            by: by(step)?.map(|arn| arn.splitn(6, ':').nth(5).unwrap_or(arn.as_str()).to_owned()),
            seconds: between(step.start_time.as_ref(), step.end_time.as_ref()),
            cached: step.cache_hit_result.as_ref().map(|_| true),
            attempts: step.attempt_count.filter(|attempts| *attempts > 1),
        })
    }
}
