use aws_sdk_bedrockagent::types::{
    DataSourceSummary, IngestionJobSortBy, IngestionJobSortByAttribute, KnowledgeBaseSummary, SortOrder,
};
use awsmcp_mcp::{Call, Page, Result, Spec, Tool};
use awsmcp_sdk::utc_second;
use futures::{StreamExt, TryStreamExt, stream};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Bedrock, arns, builders::missing};

/// Lists knowledge bases with their data sources and when each was last synced.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListKnowledgeBases {}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Row {
    id: String,
    name: String,
    status: String,
    updated: String,
    data_sources: Vec<Source>,
    description: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct Source {
    id: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<String>,
    /// `never`, or the state of the last sync.
    sync: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    synced: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scanned: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failed: Option<i64>,
}

impl Tool for ListKnowledgeBases {
    type Service = Bedrock;
    type Output = Page<Row>;
    const SPEC: Spec = Spec::list("list_knowledge_bases", "List knowledge bases")
        .on("*", &["bedrock:ListKnowledgeBases", "bedrock:ListDataSources", "bedrock:ListIngestionJobs"])
        .rows(arns::LISTED_KNOWLEDGE_BASE)
        .regional();

    async fn call(self, cx: &Call<Bedrock>) -> Result<Self::Output> {
        const AT_ONCE: usize = 4;
        let asked = cx.client().agent.list_knowledge_bases().max_results(cx.page_size());
        let out = asked.set_next_token(cx.token()).send().await?;
        let work: Vec<_> = out.knowledge_base_summaries.into_iter().map(|base| row(cx, base)).collect();
        let rows: Vec<Row> = stream::iter(work).buffered(AT_ONCE).try_collect().await?;
        Ok(cx.page(rows, out.next_token))
    }
}

async fn row(cx: &Call<Bedrock>, base: KnowledgeBaseSummary) -> Result<Row> {
    const AT_ONCE: usize = 4;
    const MOST: i32 = 50;
    let asked = cx.client().agent.list_data_sources().knowledge_base_id(&base.knowledge_base_id);
    let listed = asked.max_results(MOST).send().await?;
    if listed.next_token.is_some() {
        cx.note(format!("{} has more than {MOST} data sources", base.knowledge_base_id));
    }
    let work: Vec<_> = listed.data_source_summaries.into_iter().map(|found| source(cx, found)).collect();
    Ok(Row {
        data_sources: stream::iter(work).buffered(AT_ONCE).try_collect().await?,
        id: base.knowledge_base_id,
        name: base.name,
        status: base.status.to_string(),
        updated: utc_second(base.updated_at),
        description: base.description,
    })
}

async fn source(cx: &Call<Bedrock>, found: DataSourceSummary) -> Result<Source> {
    let newest = IngestionJobSortBy::builder()
        .attribute(IngestionJobSortByAttribute::StartedAt)
        .order(SortOrder::Descending)
        .build()
        .map_err(missing)?;
    let jobs = cx
        .client()
        .agent
        .list_ingestion_jobs()
        .knowledge_base_id(&found.knowledge_base_id)
        .data_source_id(&found.data_source_id)
        .sort_by(newest)
        .max_results(1)
        .send()
        .await?;
    let last = jobs.ingestion_job_summaries.into_iter().next();
    let figures = last.as_ref().and_then(|job| job.statistics.as_ref());
    Ok(Source {
        status: Some(found.status.to_string()).filter(|status| status != "AVAILABLE"),
        scanned: figures.map(|figures| figures.number_of_documents_scanned),
        failed: figures.map(|figures| figures.number_of_documents_failed).filter(|failed| *failed > 0),
        synced: last.as_ref().map(|job| utc_second(job.updated_at)),
        sync: last.map_or_else(|| "never".to_owned(), |job| job.status.to_string().to_lowercase()),
        id: found.data_source_id,
        name: found.name,
    })
}
