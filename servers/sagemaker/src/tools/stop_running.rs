use aws_sdk_sagemaker::types::{AppDetails, AppStatus, AppType, ResourceConfigForUpdate};
use aws_smithy_types::DateTime;
use awsmcp_mcp::{Call, Change, Error, One, Plan, Result, Spec, moved};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    SageMaker, arns, fields,
    jobs::{self, gone},
    names::PlainName,
};

/// Ends what `running_costs` lists and no other tool ends: apps of Studio and Canvas, warm pools, and jobs that recommend, optimize or benchmark.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StopRunning {
    kind: Sort,
    /// Of an app without its owner; of a warm pool its training job's.
    name: PlainName,
    /// An app's.
    domain: Option<PlainName>,
    /// An app's user profile or space.
    owner: Option<PlainName>,
    /// An app's.
    app_type: Option<AppSort>,
}

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Sort {
    App,
    WarmPool,
    RecommendationJob,
    OptimizationJob,
    BenchmarkJob,
    AiRecommendationJob,
}

/// As AWS writes them.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub(crate) enum AppSort {
    JupyterLab,
    CodeEditor,
    JupyterServer,
    KernelGateway,
    Canvas,
    TensorBoard,
    DetailedProfiler,
    RStudioServerPro,
    RSessionGateway,
}

impl AppSort {
    pub(crate) fn aws(self) -> AppType {
        match self {
            AppSort::JupyterLab => AppType::JupyterLab,
            AppSort::CodeEditor => AppType::CodeEditor,
            AppSort::JupyterServer => AppType::JupyterServer,
            AppSort::KernelGateway => AppType::KernelGateway,
            AppSort::Canvas => AppType::Canvas,
            AppSort::TensorBoard => AppType::TensorBoard,
            AppSort::DetailedProfiler => AppType::DetailedProfiler,
            AppSort::RStudioServerPro => AppType::RStudioServerPro,
            AppSort::RSessionGateway => AppType::RSessionGateway,
        }
    }

    /// Whether it runs in spaces only, and they are made for it.
    pub(crate) fn has_spaces(self) -> bool {
        matches!(self, AppSort::JupyterLab | AppSort::CodeEditor)
    }
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Ended {
    kind: &'static str,
    name: String,
    outcome: &'static str,
}

/// What is to be ended, as it was seen.
#[derive(PartialEq, Serialize)]
pub(crate) struct Item {
    status: String,
    /// Another of the same name may have been made since.
    created: Option<i64>,
    /// Whether an app belongs to a space, and not to a user profile.
    is_of_space: bool,
}

impl Change for StopRunning {
    type Service = SageMaker;
    type Output = One<Ended>;
    type Items = Item;
    const SPEC: Spec = Spec::destroy("stop_running", "Stop running")
        .shown_by("running_costs")
        .when("kind=app")
        .on("*", &["sagemaker:ListApps"])
        .on(arns::APP, &["sagemaker:DeleteApp"])
        .when("kind=warm_pool")
        .on(arns::POOLED_JOB, &["sagemaker:DescribeTrainingJob", "sagemaker:UpdateTrainingJob"])
        .when("kind=recommendation_job")
        .on(
            arns::RECOMMENDATION_JOB,
            &["sagemaker:DescribeInferenceRecommendationsJob", "sagemaker:StopInferenceRecommendationsJob"],
        )
        .when("kind=optimization_job")
        .on(arns::OPTIMIZATION_JOB, &["sagemaker:DescribeOptimizationJob", "sagemaker:StopOptimizationJob"])
        .when("kind=benchmark_job")
        .on(arns::BENCHMARK_JOB, &["sagemaker:DescribeAIBenchmarkJob", "sagemaker:StopAIBenchmarkJob"])
        .when("kind=ai_recommendation_job")
        .on(
            arns::AI_RECOMMENDATION_JOB,
            &["sagemaker:DescribeAIRecommendationJob", "sagemaker:StopAIRecommendationJob"],
        )
        .names_no_resource()
        .optional();

    async fn plan(&self, cx: &Call<SageMaker>) -> Result<Plan<Item>> {
        self.check()?;
        let item = self.found(cx).await?;
        let (name, status) = (&self.name, item.status.as_str());
        if self.is_over(&item) {
            let what = self.kind.words();
            return Err(Error::conflict(format!("there is nothing to end: the {what} {name} is {status}"))
                .with_next("running_costs shows what runs"));
        }
        let plan = match self.kind {
            Sort::App => {
                let owner = self.owner.as_ref().map(ToString::to_string).unwrap_or_default();
                let sort = self.app_type.map(|sort| sort.aws().to_string()).unwrap_or_default();
                Plan::new(format!("end the {sort} app {name} of {owner}, which is {status}"))
                    .warning("what runs in it ends, and what was not saved is lost; its owner's files stay")
            }
            Sort::WarmPool => Plan::new(format!("end the warm pool of the training job {name}"))
                .warning("the next job waits for machines, and what its cache holds is lost"),
            kind => Plan::new(format!("stop the {} {name}, which is {status}", kind.words()))
                .warning("what it found so far may be lost"),
        };
        Ok(plan.items(item))
    }

    async fn apply(self, item: Item, cx: &Call<SageMaker>) -> Result<Self::Output> {
        if self.found(cx).await? != item {
            return Err(moved(&format!("the {} {}", self.kind.words(), self.name)));
        }
        let client = &cx.client().sagemaker;
        let name = self.name.as_str();
        match self.kind {
            Sort::App => {
                let owner = self.owner.as_ref().map(ToString::to_string);
                let (space, user) = if item.is_of_space { (owner, None) } else { (None, owner) };
                let request = client.delete_app().app_name(name).set_space_name(space);
                let request =
                    request.set_user_profile_name(user).set_app_type(self.app_type.map(AppSort::aws));
                request.set_domain_id(self.domain.as_ref().map(ToString::to_string)).send().await?;
            }
            Sort::WarmPool => {
                let at_once = ResourceConfigForUpdate::builder().keep_alive_period_in_seconds(0).build();
                client.update_training_job().training_job_name(name).resource_config(at_once).send().await?;
            }
            Sort::RecommendationJob => {
                client.stop_inference_recommendations_job().job_name(name).send().await?;
            }
            Sort::OptimizationJob => {
                client.stop_optimization_job().optimization_job_name(name).send().await?;
            }
            Sort::BenchmarkJob => {
                client.stop_ai_benchmark_job().ai_benchmark_job_name(name).send().await?;
            }
            Sort::AiRecommendationJob => {
                client.stop_ai_recommendation_job().ai_recommendation_job_name(name).send().await?;
            }
        }
        cx.note("running_costs shows when it is gone");
        let outcome = if self.kind == Sort::App { "being deleted" } else { "being stopped" };
        Ok(One(Ended { kind: self.kind.words(), name: name.to_owned(), outcome }))
    }
}

impl StopRunning {
    fn check(&self) -> Result<()> {
        let of_app = [self.domain.is_some(), self.owner.is_some(), self.app_type.is_some()];
        let is_good = match self.kind {
            Sort::App => !of_app.contains(&false),
            _ => !of_app.contains(&true),
        };
        if is_good {
            return Ok(());
        }
        Err(Error::invalid("`domain`, `owner` and `app_type` are of an app, which needs all three").with_next(
            r#"good ones are {"kind":"app","name":"default","domain":"d-abc","owner":"eve","app_type":"JupyterLab"} and {"kind":"warm_pool","name":"my-job"}"#,
        ))
    }

    /// What there is of it.
    async fn found(&self, cx: &Call<SageMaker>) -> Result<Item> {
        let client = &cx.client().sagemaker;
        let name = self.name.as_str();
        let missing = |error: Error| gone(error).with_next("running_costs shows what runs");
        let (status, created) = match self.kind {
            Sort::App => return self.app(cx).await,
            Sort::WarmPool => {
                let job = jobs::describe(cx, jobs::Kind::Training, name).await.map_err(missing)?;
                let pool = fields::text(&job, "/WarmPoolStatus/Status");
                (pool.unwrap_or_else(|| "not there".to_owned()), fields::time(&job, "/CreationTime"))
            }
            Sort::RecommendationJob => {
                let sent = client.describe_inference_recommendations_job().job_name(name).send().await;
                let job = sent.map_err(|error| missing(Error::from(error)))?;
                (word(job.status), seconds(job.creation_time))
            }
            Sort::OptimizationJob => {
                let sent = client.describe_optimization_job().optimization_job_name(name).send().await;
                let job = sent.map_err(|error| missing(Error::from(error)))?;
                (word(job.optimization_job_status), seconds(job.creation_time))
            }
            Sort::BenchmarkJob => {
                let sent = client.describe_ai_benchmark_job().ai_benchmark_job_name(name).send().await;
                let job = sent.map_err(|error| missing(Error::from(error)))?;
                (word(job.ai_benchmark_job_status), seconds(job.creation_time))
            }
            Sort::AiRecommendationJob => {
                let request = client.describe_ai_recommendation_job().ai_recommendation_job_name(name);
                let job = request.send().await.map_err(|error| missing(Error::from(error)))?;
                (word(job.ai_recommendation_job_status), seconds(job.creation_time))
            }
        };
        Ok(Item { status, created, is_of_space: false })
    }

    /// The app of this name, owner and sort: AWS lists those of user profiles and of spaces together.
    async fn app(&self, cx: &Call<SageMaker>) -> Result<Item> {
        let text = |name: &Option<PlainName>| name.as_ref().map(ToString::to_string);
        let (domain, owner, sort) = (text(&self.domain), text(&self.owner), self.app_type.map(AppSort::aws));
        let is_it = |app: &AppDetails| {
            app.app_name.as_deref() == Some(self.name.as_str())
                && app.app_type == sort
                && [&app.user_profile_name, &app.space_name].contains(&&owner)
        };
        let (mut found, mut token): (Option<AppDetails>, _) = (None, None);
        loop {
            let request = cx.client().sagemaker.list_apps().set_domain_id_equals(domain.clone());
            let out = request.max_results(100).set_next_token(token).send().await?;
            for app in out.apps.unwrap_or_default().into_iter().filter(is_it) {
                // AWS keeps those that were deleted in its list for a day.
                let is_newer = found.as_ref().is_none_or(|known| app.creation_time > known.creation_time);
                found = if is_newer { Some(app) } else { found };
            }
            token = out.next_token.filter(|token| !token.is_empty());
            if token.is_none() {
                break;
            }
        }
        let app = found.ok_or_else(|| {
            Error::not_found(format!("there is no such app {} in {}", self.name, domain.unwrap_or_default()))
                .with_next("list_studio with show=apps lists the apps")
        })?;
        Ok(Item {
            status: word(app.status),
            created: seconds(app.creation_time),
            is_of_space: app.space_name.is_some(),
        })
    }

    /// Whether it has ended, or is about to.
    fn is_over(&self, item: &Item) -> bool {
        match self.kind {
            Sort::App => {
                [AppStatus::Deleted, AppStatus::Deleting].iter().any(|over| over.as_str() == item.status)
            }
            Sort::WarmPool => item.status != "Available",
            _ => jobs::is_over(&item.status) || item.status.eq_ignore_ascii_case("Stopping"),
        }
    }
}

impl Sort {
    fn words(self) -> &'static str {
        match self {
            Sort::App => "app",
            Sort::WarmPool => "warm pool",
            Sort::RecommendationJob => "recommendation job",
            Sort::OptimizationJob => "optimization job",
            Sort::BenchmarkJob => "benchmark job",
            Sort::AiRecommendationJob => "AI recommendation job",
        }
    }
}

fn word(status: Option<impl ToString>) -> String {
    status.map(|status| status.to_string()).unwrap_or_default()
}

fn seconds(time: Option<DateTime>) -> Option<i64> {
    time.map(|time| time.secs())
}
