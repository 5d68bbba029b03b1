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

/// What [`describe`] sends, of a job of any kind.
pub(crate) const FIND: &[&str] = &[
    "sagemaker:DescribeTrainingJob",
    "sagemaker:DescribeProcessingJob",
    "sagemaker:DescribeTransformJob",
    "sagemaker:DescribeHyperParameterTuningJob",
    "sagemaker:DescribeAutoMLJobV2",
    "sagemaker:DescribeCompilationJob",
    "sagemaker:DescribeLabelingJob",
];

/// What [`list`] sends.
pub(crate) const LIST: &[&str] = &[
    "sagemaker:ListTrainingJobs",
    "sagemaker:ListProcessingJobs",
    "sagemaker:ListTransformJobs",
    "sagemaker:ListHyperParameterTuningJobs",
    "sagemaker:ListAutoMLJobs",
    "sagemaker:ListCompilationJobs",
    "sagemaker:ListLabelingJobs",
];

/// What [`stop`] sends.
pub(crate) const STOP: &[&str] = &[
    "sagemaker:StopTrainingJob",
    "sagemaker:StopProcessingJob",
    "sagemaker:StopTransformJob",
    "sagemaker:StopHyperParameterTuningJob",
    "sagemaker:StopAutoMLJob",
    "sagemaker:StopCompilationJob",
    "sagemaker:StopLabelingJob",
];

/// What [`create`] sends, which tags what it makes.
pub(crate) const CREATE: &[&str] = &[
    "sagemaker:CreateTrainingJob",
    "sagemaker:CreateProcessingJob",
    "sagemaker:CreateTransformJob",
    "sagemaker:CreateHyperParameterTuningJob",
    "sagemaker:CreateAutoMLJobV2",
    "sagemaker:CreateCompilationJob",
    "sagemaker:CreateLabelingJob",
    "sagemaker:AddTags",
];

/// Rows, and AWS's token for the next page.
type Listed = Result<(Vec<Summary>, Option<String>)>;

/// The page that is asked for.
struct Asked<'a> {
    cx: &'a Call<SageMaker>,
    kind: Kind,
    filter: &'a Filter,
    most: i32,
    token: Option<String>,
}

/// Lists jobs of one kind: the fields are those of its operation, its answer and its rows.
macro_rules! list {
    ($page:ident, $job:ident => {
        operation: $operation:ident,
        rows: $rows:ident,
        status: $status:ident,
        sort: $sort:expr,
        order: $order:expr,
        name: $name:ident,
        state: $state:ident,
        ended: $ended:expr,
        failure: $failure:expr,
        detail: $detail:expr,
    }) => {{
        let Asked { cx, kind, filter, most, token } = $page;
        let out = cx
            .client()
            .sagemaker
            .$operation()
            .set_name_contains(filter.name.clone())
            .set_status_equals(filter.status.map(|status| $status::from(status.of(kind).as_str())))
            .set_creation_time_after(filter.after)
            .set_creation_time_before(filter.before)
            .sort_by($sort)
            .sort_order($order)
            .max_results(most)
            .set_next_token(token)
            .send()
            .await?;
        let rows = out.$rows.unwrap_or_default().into_iter().map(|$job| Summary {
            kind,
            status: $job.$state.as_ref().map(|status| status.as_str().to_owned()).unwrap_or_default(),
            created: $job.creation_time,
            seconds: between($job.creation_time.as_ref(), $ended),
            failure: $failure,
            detail: $detail,
            name: $job.$name.unwrap_or_default(),
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
) -> Listed {
    // AWS's pages have at most 100 rows.
    let page = Asked { cx, kind, filter, most: most.clamp(1, 100), token };
    match kind {
        Kind::Training => training(page).await,
        Kind::Processing => processing(page).await,
        Kind::Transform => transform(page).await,
        Kind::Tuning => tuning(page).await,
        Kind::Automl => automl(page).await,
        Kind::Compilation => compilation(page).await,
        Kind::Labeling => labeling(page).await,
    }
}

async fn training(page: Asked<'_>) -> Listed {
    list!(page, job => {
        operation: list_training_jobs,
        rows: training_job_summaries,
        status: TrainingJobStatus,
        sort: SortBy::CreationTime,
        order: SortOrder::Descending,
        name: training_job_name,
        state: training_job_status,
        ended: job.training_end_time.as_ref(),
        failure: None,
        detail: job.secondary_status.as_ref().map(|word| word.as_str().to_owned()),
    })
}

async fn processing(page: Asked<'_>) -> Listed {
    list!(page, job => {
        operation: list_processing_jobs,
        rows: processing_job_summaries,
        status: ProcessingJobStatus,
        sort: SortBy::CreationTime,
        order: SortOrder::Descending,
        name: processing_job_name,
        state: processing_job_status,
        ended: job.processing_end_time.as_ref(),
        failure: job.failure_reason.clone(),
        detail: job.exit_message.clone(),
    })
}

async fn transform(page: Asked<'_>) -> Listed {
    list!(page, job => {
        operation: list_transform_jobs,
        rows: transform_job_summaries,
        status: TransformJobStatus,
        sort: SortBy::CreationTime,
        order: SortOrder::Descending,
        name: transform_job_name,
        state: transform_job_status,
        ended: job.transform_end_time.as_ref(),
        failure: job.failure_reason.clone(),
        detail: None,
    })
}

async fn tuning(page: Asked<'_>) -> Listed {
    list!(page, job => {
        operation: list_hyper_parameter_tuning_jobs,
        rows: hyper_parameter_tuning_job_summaries,
        status: HyperParameterTuningJobStatus,
        sort: HyperParameterTuningJobSortByOptions::CreationTime,
        order: SortOrder::Descending,
        name: hyper_parameter_tuning_job_name,
        state: hyper_parameter_tuning_job_status,
        ended: job.hyper_parameter_tuning_end_time.as_ref(),
        failure: None,
        detail: job.strategy.as_ref().map(|word| word.as_str().to_owned()),
    })
}

async fn automl(page: Asked<'_>) -> Listed {
    list!(page, job => {
        operation: list_auto_ml_jobs,
        rows: auto_ml_job_summaries,
        status: AutoMlJobStatus,
        sort: AutoMlSortBy::CreationTime,
        order: AutoMlSortOrder::Descending,
        name: auto_ml_job_name,
        state: auto_ml_job_status,
        ended: job.end_time.as_ref(),
        failure: job.failure_reason.clone(),
        detail: job.auto_ml_job_secondary_status.as_ref().map(|word| word.as_str().to_owned()),
    })
}

async fn compilation(page: Asked<'_>) -> Listed {
    list!(page, job => {
        operation: list_compilation_jobs,
        rows: compilation_job_summaries,
        status: CompilationJobStatus,
        sort: ListCompilationJobsSortBy::CreationTime,
        order: SortOrder::Descending,
        name: compilation_job_name,
        state: compilation_job_status,
        ended: job.compilation_end_time.as_ref(),
        failure: None,
        detail: job.compilation_target_device.as_ref().map(|word| word.as_str().to_owned()),
    })
}

async fn labeling(page: Asked<'_>) -> Listed {
    list!(page, job => {
        operation: list_labeling_jobs,
        rows: labeling_job_summary_list,
        status: LabelingJobStatus,
        sort: SortBy::CreationTime,
        order: SortOrder::Descending,
        name: labeling_job_name,
        state: labeling_job_status,
        ended: None,
        failure: job.failure_reason.clone(),
        detail: None,
    })
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
