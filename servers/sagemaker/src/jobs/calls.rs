//! The same four requests of each kind of job.

use aws_sdk_sagemaker::{
    operation::{
        create_auto_ml_job_v2::CreateAutoMlJobV2Input, create_compilation_job::CreateCompilationJobInput,
        create_hyper_parameter_tuning_job::CreateHyperParameterTuningJobInput,
        create_labeling_job::CreateLabelingJobInput, create_processing_job::CreateProcessingJobInput,
        create_training_job::CreateTrainingJobInput, create_transform_job::CreateTransformJobInput,
    },
    types::{
        AutoMlJobStatus, AutoMlSortBy, AutoMlSortOrder, CompilationJobStatus,
        HyperParameterTuningJobSortByOptions, HyperParameterTuningJobStatus, LabelingJobStatus,
        ListCompilationJobsSortBy, ProcessingJobStatus, SortBy, SortOrder, TrainingJobStatus,
        TransformJobStatus,
    },
};
use aws_smithy_types::DateTime;
use awsmcp_mcp::{Call, Error, Result};
use serde_json::Value;

use super::{Kind, Status, between, gone};
use crate::{SageMaker, shape};

/// Which jobs are meant.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    /// Anywhere in the name.
    pub(crate) name: Option<String>,
    pub(crate) status: Option<Status>,
    pub(crate) after: Option<DateTime>,
    pub(crate) before: Option<DateTime>,
}

/// What a list tells of a job.
#[derive(Clone, Debug)]
pub(crate) struct Summary {
    pub(crate) kind: Kind,
    pub(crate) name: String,
    pub(crate) status: String,
    pub(crate) created: Option<DateTime>,
    pub(crate) seconds: Option<i64>,
    pub(crate) failure: Option<String>,
    /// What more there is to know of it in a few words.
    pub(crate) detail: Option<String>,
}

macro_rules! list {
    ($cx:ident, $kind:ident, $filter:ident, $most:ident, $token:ident, $operation:ident, $items:ident, $status:ident,
     $by:expr, $order:expr, $name:ident, $state:ident, |$item:ident| ($end:expr, $failure:expr, $detail:expr)) => {{
        let out = $cx
            .client()
            .sagemaker
            .$operation()
            .set_name_contains($filter.name.clone())
            .set_status_equals($filter.status.map(|status| $status::from(status.of($kind).as_str())))
            .set_creation_time_after($filter.after)
            .set_creation_time_before($filter.before)
            .sort_by($by)
            .sort_order($order)
            .max_results($most)
            .set_next_token($token)
            .send()
            .await?;
        let rows = out.$items.unwrap_or_default().into_iter().map(|$item| Summary {
            kind: $kind,
            status: $item.$state.as_ref().map(|status| status.as_str().to_owned()).unwrap_or_default(),
            created: $item.creation_time,
            seconds: between($item.creation_time.as_ref(), $end),
            failure: $failure,
            detail: $detail,
            name: $item.$name.unwrap_or_default(),
        });
        Ok((rows.collect(), out.next_token.filter(|token| !token.is_empty())))
    }};
}

/// One page of AWS's, newest first.
///
/// # Errors
/// When AWS does not answer.
pub(crate) async fn list(
    cx: &Call<SageMaker>,
    kind: Kind,
    filter: &Filter,
    most: i32,
    token: Option<String>,
) -> Result<(Vec<Summary>, Option<String>)> {
    // AWS's pages have at most 100 rows.
    let most = most.clamp(1, 100);
    match kind {
        Kind::Training => list!(
            cx,
            kind,
            filter,
            most,
            token,
            list_training_jobs,
            training_job_summaries,
            TrainingJobStatus,
            SortBy::CreationTime,
            SortOrder::Descending,
            training_job_name,
            training_job_status,
            |job| (
                job.training_end_time.as_ref(),
                None,
                job.secondary_status.as_ref().map(|status| status.as_str().to_owned())
            )
        ),
        Kind::Processing => list!(
            cx,
            kind,
            filter,
            most,
            token,
            list_processing_jobs,
            processing_job_summaries,
            ProcessingJobStatus,
            SortBy::CreationTime,
            SortOrder::Descending,
            processing_job_name,
            processing_job_status,
            |job| (job.processing_end_time.as_ref(), job.failure_reason.clone(), job.exit_message.clone())
        ),
        Kind::Transform => list!(
            cx,
            kind,
            filter,
            most,
            token,
            list_transform_jobs,
            transform_job_summaries,
            TransformJobStatus,
            SortBy::CreationTime,
            SortOrder::Descending,
            transform_job_name,
            transform_job_status,
            |job| (job.transform_end_time.as_ref(), job.failure_reason.clone(), None)
        ),
        Kind::Tuning => list!(
            cx,
            kind,
            filter,
            most,
            token,
            list_hyper_parameter_tuning_jobs,
            hyper_parameter_tuning_job_summaries,
            HyperParameterTuningJobStatus,
            HyperParameterTuningJobSortByOptions::CreationTime,
            SortOrder::Descending,
            hyper_parameter_tuning_job_name,
            hyper_parameter_tuning_job_status,
            |job| (
                job.hyper_parameter_tuning_end_time.as_ref(),
                None,
                job.strategy.as_ref().map(|strategy| strategy.as_str().to_owned())
            )
        ),
        Kind::Automl => list!(
            cx,
            kind,
            filter,
            most,
            token,
            list_auto_ml_jobs,
            auto_ml_job_summaries,
            AutoMlJobStatus,
            AutoMlSortBy::CreationTime,
            AutoMlSortOrder::Descending,
            auto_ml_job_name,
            auto_ml_job_status,
            |job| (
                job.end_time.as_ref(),
                job.failure_reason.clone(),
                job.auto_ml_job_secondary_status.as_ref().map(|status| status.as_str().to_owned())
            )
        ),
        Kind::Compilation => list!(
            cx,
            kind,
            filter,
            most,
            token,
            list_compilation_jobs,
            compilation_job_summaries,
            CompilationJobStatus,
            ListCompilationJobsSortBy::CreationTime,
            SortOrder::Descending,
            compilation_job_name,
            compilation_job_status,
            |job| (
                job.compilation_end_time.as_ref(),
                None,
                job.compilation_target_device.as_ref().map(|device| device.as_str().to_owned())
            )
        ),
        Kind::Labeling => list!(
            cx,
            kind,
            filter,
            most,
            token,
            list_labeling_jobs,
            labeling_job_summary_list,
            LabelingJobStatus,
            SortBy::CreationTime,
            SortOrder::Descending,
            labeling_job_name,
            labeling_job_status,
            |job| (None, job.failure_reason.clone(), None)
        ),
    }
}

macro_rules! describe {
    ($cx:ident, $name:ident, $operation:ident, $set:ident) => {{
        let sent = $cx.client().sagemaker.$operation().$set($name).send().await;
        shape::json(&sent.map_err(|error| gone(Error::from(error)))?)
    }};
}

/// All that AWS says of a job.
///
/// # Errors
/// When there is no such job.
pub(crate) async fn describe(cx: &Call<SageMaker>, kind: Kind, name: &str) -> Result<Value> {
    match kind {
        Kind::Training => describe!(cx, name, describe_training_job, training_job_name),
        Kind::Processing => describe!(cx, name, describe_processing_job, processing_job_name),
        Kind::Transform => describe!(cx, name, describe_transform_job, transform_job_name),
        Kind::Tuning => {
            describe!(cx, name, describe_hyper_parameter_tuning_job, hyper_parameter_tuning_job_name)
        }
        // It answers jobs of the first generation too.
        Kind::Automl => describe!(cx, name, describe_auto_ml_job_v2, auto_ml_job_name),
        Kind::Compilation => describe!(cx, name, describe_compilation_job, compilation_job_name),
        Kind::Labeling => describe!(cx, name, describe_labeling_job, labeling_job_name),
    }
}

macro_rules! stop {
    ($cx:ident, $name:ident, $operation:ident, $set:ident) => {{
        let sent = $cx.client().sagemaker.$operation().$set($name).send().await;
        sent.map(drop).map_err(|error| gone(Error::from(error)))
    }};
}

/// Asks a job to end.
///
/// # Errors
/// When it cannot be stopped.
pub(crate) async fn stop(cx: &Call<SageMaker>, kind: Kind, name: &str) -> Result<()> {
    match kind {
        Kind::Training => stop!(cx, name, stop_training_job, training_job_name),
        Kind::Processing => stop!(cx, name, stop_processing_job, processing_job_name),
        Kind::Transform => stop!(cx, name, stop_transform_job, transform_job_name),
        Kind::Tuning => stop!(cx, name, stop_hyper_parameter_tuning_job, hyper_parameter_tuning_job_name),
        Kind::Automl => stop!(cx, name, stop_auto_ml_job, auto_ml_job_name),
        Kind::Compilation => stop!(cx, name, stop_compilation_job, compilation_job_name),
        Kind::Labeling => stop!(cx, name, stop_labeling_job, labeling_job_name),
    }
}

macro_rules! create {
    ($cx:ident, $request:ident, $input:ident, $operation:ident, $arn:ident) => {{
        let input = shape::strict($request, $input::deserialize)?;
        let sent =
            $cx.client().sagemaker.$operation().customize().interceptor(shape::Filled(input)).send().await?;
        Ok(sent.$arn)
    }};
}

/// Makes a job of a whole request, and answers its ARN.
///
/// # Errors
/// When AWS does not take it.
pub(crate) async fn create(cx: &Call<SageMaker>, kind: Kind, request: &Value) -> Result<Option<String>> {
    match kind {
        Kind::Training => create!(cx, request, CreateTrainingJobInput, create_training_job, training_job_arn),
        Kind::Processing => {
            create!(cx, request, CreateProcessingJobInput, create_processing_job, processing_job_arn)
        }
        Kind::Transform => {
            create!(cx, request, CreateTransformJobInput, create_transform_job, transform_job_arn)
        }
        Kind::Tuning => create!(
            cx,
            request,
            CreateHyperParameterTuningJobInput,
            create_hyper_parameter_tuning_job,
            hyper_parameter_tuning_job_arn
        ),
        Kind::Automl => create!(cx, request, CreateAutoMlJobV2Input, create_auto_ml_job_v2, auto_ml_job_arn),
        Kind::Compilation => {
            create!(cx, request, CreateCompilationJobInput, create_compilation_job, compilation_job_arn)
        }
        Kind::Labeling => create!(cx, request, CreateLabelingJobInput, create_labeling_job, labeling_job_arn),
    }
}
