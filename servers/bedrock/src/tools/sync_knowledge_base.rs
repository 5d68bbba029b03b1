use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_bedrockagent::types::{IngestionJob, IngestionJobStatus};
use awsmcp_mcp::{Call, Change, Error, One, Plan, Result, Spec, Waited};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    Bedrock, arns,
    moved::moved,
    names::{KnowledgeBaseId, ShortId},
};

/// Reads a data source into its knowledge base anew, and waits for it if told.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SyncKnowledgeBase {
    knowledge_base: KnowledgeBaseId,
    data_source: ShortId,
    #[serde(default)]
    wait: bool,
}

#[derive(Default, Serialize, JsonSchema)]
pub(crate) struct Synced {
    job: String,
    status: String,
    scanned: Option<i64>,
    added: Option<i64>,
    changed: Option<i64>,
    deleted: Option<i64>,
    failed: Option<i64>,
    reasons: Vec<String>,
}

impl Change for SyncKnowledgeBase {
    type Service = Bedrock;
    type Output = One<Synced>;
    /// When the data source was last changed: where it reads from is what it was then.
    type Items = Option<String>;
    const SPEC: Spec = Spec::write("sync_knowledge_base", "Sync knowledge base")
        .on(
            arns::KNOWLEDGE_BASE,
            &["bedrock:GetDataSource", "bedrock:ListIngestionJobs", "bedrock:StartIngestionJob"],
        )
        .when("wait")
        .on(arns::KNOWLEDGE_BASE, &["bedrock:GetIngestionJob"])
        .minutes(60)
        .optional()
        .shown_by("list_knowledge_bases");

    async fn plan(&self, cx: &Call<Bedrock>) -> Result<Plan<Option<String>>> {
        let (base, source) = (self.knowledge_base.as_str(), self.data_source.as_str());
        let agent = &cx.client().agent;
        let (found, jobs) = tokio::join!(
            agent.get_data_source().knowledge_base_id(base).data_source_id(source).send(),
            agent.list_ingestion_jobs().knowledge_base_id(base).data_source_id(source).max_results(20).send()
        );
        let found = found?.data_source;
        let name = found.as_ref().map_or(source, |found| found.name.as_str());
        let mut plan = Plan::new(format!("sync data source {name} ({source}) of knowledge base {base}"))
            .warning("embedding what is new or changed costs money; what is gone from the source is removed");
        let running = |status: &IngestionJobStatus| {
            matches!(status, IngestionJobStatus::InProgress | IngestionJobStatus::Starting)
        };
        let jobs = jobs?.ingestion_job_summaries;
        if let Some(job) = jobs.iter().find(|job| running(&job.status)) {
            plan =
                plan.warning(format!("job {} is under way: AWS will refuse another", job.ingestion_job_id));
        }
        let seen = found.map(|found| found.updated_at.to_string());
        Ok(plan.state(json!(jobs.first().map(|job| &job.ingestion_job_id))).items(seen))
    }

    async fn apply(self, seen: Option<String>, cx: &Call<Bedrock>) -> Result<Self::Output> {
        let (base, source) = (self.knowledge_base.as_str(), self.data_source.as_str());
        let agent = &cx.client().agent;
        let now = agent.get_data_source().knowledge_base_id(base).data_source_id(source).send().await?;
        if now.data_source.map(|now| now.updated_at.to_string()) != seen {
            return Err(moved("the data source"));
        }
        let started =
            agent.start_ingestion_job().knowledge_base_id(base).data_source_id(source).send().await?;
        let mut job = started.ingestion_job.ok_or_else(|| Error::internal("AWS named no job"))?;
        if self.wait && !ended(&job.status) {
            job = self.waited(cx, job).await?;
        }
        if job.status == IngestionJobStatus::Failed {
            return Err(Error::conflict(format!(
                "the sync failed: {}",
                job.failure_reasons.unwrap_or_default().join("; ")
            ))
            .with_next("the knowledge base's role needs to read the source and call the embedding model"));
        }
        if !ended(&job.status) {
            cx.note("it goes on in AWS; list_knowledge_bases shows when it is done");
        }
        Ok(One(Synced::of(job)))
    }
}

impl SyncKnowledgeBase {
    /// The job when it has ended, or how it stands when the call's time is over.
    async fn waited(&self, cx: &Call<Bedrock>, job: IngestionJob) -> Result<IngestionJob> {
        const MOST: Duration = Duration::from_secs(60 * 60);
        let (base, source) = (self.knowledge_base.as_str(), self.data_source.as_str());
        cx.progress(0, None, standing(&job));
        let (id, last) = (job.ingestion_job_id.clone(), Mutex::new(job));
        let look = || async {
            let asked = cx.client().agent.get_ingestion_job().knowledge_base_id(base).data_source_id(source);
            let now = asked.ingestion_job_id(&id).send().await?;
            let now = now.ingestion_job.ok_or_else(|| Error::internal("AWS named no job"))?;
            if ended(&now.status) {
                return Ok(Waited::Ready(now));
            }
            let how = standing(&now);
            *last.lock().unwrap_or_else(PoisonError::into_inner) = now;
            Ok(Waited::Still(how))
        };
        match cx.until(MOST, look).await? {
            Waited::Ready(job) => Ok(job),
            Waited::Still(_) => Ok(last.into_inner().unwrap_or_else(PoisonError::into_inner)),
        }
    }
}

/// How far it is, in a few words.
fn standing(job: &IngestionJob) -> String {
    let scanned = job.statistics.as_ref().map_or(0, |figures| figures.number_of_documents_scanned);
    format!("{}, {scanned} scanned", job.status)
}

fn ended(status: &IngestionJobStatus) -> bool {
    matches!(status, IngestionJobStatus::Complete | IngestionJobStatus::Failed | IngestionJobStatus::Stopped)
}

impl Synced {
    fn of(job: IngestionJob) -> Synced {
        let figures = job.statistics.as_ref();
        Synced {
            scanned: figures.map(|figures| figures.number_of_documents_scanned),
            added: figures.map(|figures| figures.number_of_new_documents_indexed),
            changed: figures.map(|figures| figures.number_of_modified_documents_indexed),
            deleted: figures.map(|figures| figures.number_of_documents_deleted),
            failed: figures.map(|figures| figures.number_of_documents_failed).filter(|failed| *failed > 0),
            reasons: job.failure_reasons.unwrap_or_default(),
            job: job.ingestion_job_id,
            status: job.status.to_string(),
        }
    }
}
