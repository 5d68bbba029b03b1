//! What is rarer: jobs that load test or compile models, partner apps, online feature stores, training plans.

use aws_sdk_sagemaker::{
    operation::describe_feature_group::DescribeFeatureGroupOutput,
    types::{
        AiBenchmarkJobStatus, AiRecommendationJobStatus, FeatureGroupStatus, OptimizationJobStatus,
        PartnerAppStatus, RecommendationJobStatus, StorageType, ThroughputMode, TrainingPlanStatus,
        TrainingPlanSummary,
    },
};
use aws_smithy_types::DateTime;
use awsmcp_mcp::{Call, Error, Kind as ErrorKind, Result};
use awsmcp_sdk::utc_second;
use futures::{StreamExt, TryStreamExt, stream};

use super::{AT_ONCE, Row, every, row};
use crate::{SageMaker, scope};

fn since(time: Option<&DateTime>) -> Option<i64> {
    time.map(DateTime::secs)
}

/// Those that try a model on machines of several types: on endpoints of their own, which no list shows.
pub(super) async fn recommendation_jobs(cx: &Call<SageMaker>) -> Result<Vec<Row>> {
    let page = |token| async move {
        let request = cx.client().sagemaker.list_inference_recommendations_jobs();
        let request = request.status_equals(RecommendationJobStatus::InProgress).max_results(100);
        let out = request.set_next_token(token).send().await?;
        Ok((out.inference_recommendations_jobs, out.next_token))
    };
    let jobs = every(cx, "recommendation jobs", page, |job| {
        job.status == Some(RecommendationJobStatus::InProgress)
            && scope::allows(cx, "sagemaker:ListInferenceRecommendationsJobs", job.job_arn.as_deref())
    });
    let jobs = jobs.await?.into_iter();
    Ok(jobs
        .map(|job| {
            let status = job.status.map(|status| status.to_string());
            row(
                "recommendation job",
                job.job_name.unwrap_or_default(),
                status,
                since(job.creation_time.as_ref()),
            )
            .remarked("tries the model on endpoints of its own")
        })
        .collect())
}

pub(super) async fn optimization_jobs(cx: &Call<SageMaker>) -> Result<Vec<Row>> {
    let page = |token| async move {
        let request = cx.client().sagemaker.list_optimization_jobs();
        let request = request.status_equals(OptimizationJobStatus::Inprogress).max_results(100);
        let out = request.set_next_token(token).send().await?;
        Ok((out.optimization_job_summaries, out.next_token))
    };
    let jobs = every(cx, "optimization jobs", page, |job| {
        job.optimization_job_status == Some(OptimizationJobStatus::Inprogress)
            && scope::allows(cx, "sagemaker:ListOptimizationJobs", job.optimization_job_arn.as_deref())
    });
    let jobs = jobs.await?.into_iter();
    Ok(jobs
        .map(|job| {
            let began = since(job.optimization_start_time.as_ref().or(job.creation_time.as_ref()));
            let status = job.optimization_job_status.map(|status| status.to_string());
            let instance = job.deployment_instance_type.map(|instance| instance.to_string());
            row("optimization job", job.optimization_job_name.unwrap_or_default(), status, began).on(
                instance,
                Some(1),
                began,
            )
        })
        .collect())
}

pub(super) async fn benchmark_jobs(cx: &Call<SageMaker>) -> Result<Vec<Row>> {
    let page = |token| async move {
        let request = cx.client().sagemaker.list_ai_benchmark_jobs();
        let request = request.status_equals(AiBenchmarkJobStatus::InProgress).max_results(100);
        let out = request.set_next_token(token).send().await?;
        Ok((out.ai_benchmark_jobs, out.next_token))
    };
    let jobs = every(cx, "benchmark jobs", page, |job| {
        job.ai_benchmark_job_status == Some(AiBenchmarkJobStatus::InProgress)
            && scope::allows(cx, "sagemaker:ListAIBenchmarkJobs", job.ai_benchmark_job_arn.as_deref())
    });
    let jobs = jobs.await?.into_iter();
    Ok(jobs
        .map(|job| {
            let status = job.ai_benchmark_job_status.map(|status| status.to_string());
            let began = since(job.creation_time.as_ref());
            row("benchmark job", job.ai_benchmark_job_name.unwrap_or_default(), status, began)
        })
        .collect())
}

pub(super) async fn ai_recommendation_jobs(cx: &Call<SageMaker>) -> Result<Vec<Row>> {
    let page = |token| async move {
        let request = cx.client().sagemaker.list_ai_recommendation_jobs();
        let request = request.status_equals(AiRecommendationJobStatus::InProgress).max_results(100);
        let out = request.set_next_token(token).send().await?;
        Ok((out.ai_recommendation_jobs, out.next_token))
    };
    let jobs = every(cx, "AI recommendation jobs", page, |job| {
        job.ai_recommendation_job_status == Some(AiRecommendationJobStatus::InProgress)
            && scope::allows(
                cx,
                "sagemaker:ListAIRecommendationJobs",
                job.ai_recommendation_job_arn.as_deref(),
            )
    });
    let jobs = jobs.await?.into_iter();
    Ok(jobs
        .map(|job| {
            let status = job.ai_recommendation_job_status.map(|status| status.to_string());
            let began = since(job.creation_time.as_ref());
            row("AI recommendation job", job.ai_recommendation_job_name.unwrap_or_default(), status, began)
        })
        .collect())
}

pub(super) async fn partner_apps(cx: &Call<SageMaker>) -> Result<Vec<Row>> {
    let gone = [PartnerAppStatus::Deleted, PartnerAppStatus::Deleting, PartnerAppStatus::Failed];
    let page = |token| async move {
        let request = cx.client().sagemaker.list_partner_apps().max_results(100);
        let out = request.set_next_token(token).send().await?;
        Ok((out.summaries, out.next_token))
    };
    let apps = every(cx, "partner apps", page, |app| {
        !app.status.as_ref().is_some_and(|status| gone.contains(status))
            && scope::allows(cx, "sagemaker:ListPartnerApps", app.arn.as_deref())
    });
    let apps = apps.await?.into_iter();
    Ok(apps
        .map(|app| {
            let kind = app.r#type.map(|kind| kind.to_string()).unwrap_or_default();
            let status = app.status.map(|status| status.to_string());
            row("partner app", app.name.unwrap_or_default(), status, since(app.creation_time.as_ref()))
                .remarked(format!("{kind}; bills by its tier until it is deleted, which no tool here does"))
        })
        .collect())
}

/// Feature groups whose online store bills by the hour: what is kept in memory, and throughput that is provisioned.
pub(super) async fn feature_stores(cx: &Call<SageMaker>) -> Result<Vec<Row>> {
    let page = |token| async move {
        let request = cx.client().sagemaker.list_feature_groups().max_results(100);
        let out = request.set_next_token(token).send().await?;
        Ok((out.feature_group_summaries, out.next_token))
    };
    let groups = every(cx, "feature groups", page, |group| {
        group.feature_group_status == Some(FeatureGroupStatus::Created)
            && scope::allows(cx, "sagemaker:DescribeFeatureGroup", group.feature_group_arn.as_deref())
    });
    let groups = groups.await?.into_iter();
    let rows: Vec<Option<Row>> = stream::iter(groups.map(|group| async move {
        let name = group.feature_group_name.unwrap_or_default();
        let sent = cx.client().sagemaker.describe_feature_group().feature_group_name(&name).send().await;
        let found = match sent.map_err(|error| crate::jobs::gone(Error::from(error))) {
            Ok(found) => found,
            Err(error) if error.kind == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let began = since(group.creation_time.as_ref());
        let status = group.feature_group_status.map(|status| status.to_string());
        let remark = bills_by_the_hour(&found);
        Ok::<_, Error>(remark.map(|remark| row("online feature store", name, status, began).remarked(remark)))
    }))
    .buffered(AT_ONCE)
    .try_collect()
    .await?;
    Ok(rows.into_iter().flatten().collect())
}

/// For what the online store of a group bills by the hour, if for anything.
fn bills_by_the_hour(group: &DescribeFeatureGroupOutput) -> Option<String> {
    let online =
        group.online_store_config.as_ref().filter(|store| store.enable_online_store == Some(true))?;
    let in_memory = online.storage_type == Some(StorageType::InMemory);
    let throughput = group.throughput_config.as_ref();
    let throughput = throughput
        .filter(|config| config.throughput_mode == Some(ThroughputMode::Provisioned))
        .map(|config| {
            format!(
                "{} reading and {} writing units provisioned",
                config.provisioned_read_capacity_units.unwrap_or_default(),
                config.provisioned_write_capacity_units.unwrap_or_default()
            )
        });
    let parts = [in_memory.then(|| "kept in memory".to_owned()), throughput];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| format!("{}; no tool here changes it", parts.join(", ")))
}

pub(super) async fn training_plans(cx: &Call<SageMaker>) -> Result<Vec<Row>> {
    let page = |token| async move {
        let request = cx.client().sagemaker.list_training_plans().max_results(100);
        let out = request.set_next_token(token).send().await?;
        Ok((out.training_plan_summaries, out.next_token))
    };
    let plans = every(cx, "training plans", page, |plan| {
        matches!(plan.status, Some(TrainingPlanStatus::Active | TrainingPlanStatus::Scheduled))
            && scope::allows(cx, "sagemaker:ListTrainingPlans", plan.training_plan_arn.as_deref())
    });
    let plans = plans.await?.into_iter();
    Ok(plans.map(plan).collect())
}

/// A plan is paid before it begins and cannot be ended: what it costs is shown, used or not.
fn plan(plan: TrainingPlanSummary) -> Row {
    let fee = match (plan.upfront_fee, plan.currency_code) {
        (Some(fee), Some(currency)) => format!("{fee} {currency} paid in advance"),
        _ => "paid in advance".to_owned(),
    };
    let until = plan.end_time.as_ref().map(|end| format!(", until {}", utc_second(end))).unwrap_or_default();
    let free = plan.available_instance_count.filter(|free| *free > 0);
    let free = free.map(|free| format!(", {free} unused")).unwrap_or_default();
    let total = plan.total_instance_count.map(|total| format!(", {total} instances")).unwrap_or_default();
    let status = plan.status.map(|status| status.to_string());
    row("training plan", plan.training_plan_name.unwrap_or_default(), status, since(plan.start_time.as_ref()))
        .remarked(format!("{fee}{until}{total}{free}"))
}
