use awsmcp_mcp::{Call, One, Result, Spec, TimeRange, Tool};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, json};

use crate::{
    SageMaker, arns,
    jobs::{self, Card, Found, Kind},
    metrics::{self, Series, mean, most, rounded},
    names::JobName,
    times::now,
};

/// Shows a job: times, billable seconds, spot saving, failure, results, final metrics, use of its machines.
///
/// `job_logs` has its output.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DescribeJob {
    job: JobName,
    /// Looked for where it is left out.
    kind: Option<Kind>,
}

impl Tool for DescribeJob {
    type Service = SageMaker;
    type Output = One<Card>;
    const SPEC: Spec = Spec::read("describe_job", "Describe job")
        .on(arns::JOB, jobs::FIND)
        .on("*", &["cloudwatch:GetMetricData"])
        .names_no_resource();

    async fn call(self, cx: &Call<SageMaker>) -> Result<Self::Output> {
        let found = jobs::find(cx, self.kind, &self.job).await?;
        let mut card = jobs::card(&found);
        match utilization(cx, &found).await {
            Ok(used) => card.utilization = used,
            Err(error) => cx.note(format!("how its machines were used is not known: {error}")),
        }
        Ok(One(card))
    }
}

/// How busy the first machine was, over the whole time.
async fn utilization(cx: &Call<SageMaker>, found: &Found) -> Result<Map<String, serde_json::Value>> {
    const METRICS: [(&str, &str); 5] = [
        ("cpu", "CPUUtilization"),
        ("memory", "MemoryUtilization"),
        ("gpu", "GPUUtilization"),
        ("gpu_memory", "GPUMemoryUtilization"),
        ("disk", "DiskUtilization"),
    ];
    let namespace = match found.kind {
        Kind::Training => "/aws/sagemaker/TrainingJobs",
        Kind::Processing => "/aws/sagemaker/ProcessingJobs",
        _ => return Ok(Map::new()),
    };
    let Some(started) = found.started() else { return Ok(Map::new()) };
    let at = |seconds: i64| Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH);
    let range =
        TimeRange { start: at(started), end: at(found.ended().unwrap_or_else(now).max(started + 60)) };
    let series = METRICS.iter().flat_map(|(id, metric)| {
        ["Average", "Maximum"].map(|stat| Series {
            id: format!("{id}_{}", stat.to_lowercase()),
            namespace,
            metric,
            dimensions: vec![("Host", format!("{}/algo-1", found.name))],
            stat,
        })
    });
    let values = metrics::ask(cx, range, series.collect()).await?;
    let mut used = Map::new();
    for (id, _) in METRICS {
        let average = mean(values.get(&format!("{id}_average"))).map(rounded);
        let maximum = most(values.get(&format!("{id}_maximum"))).map(rounded);
        if let (Some(average), Some(maximum)) = (average, maximum) {
            used.insert(id.to_owned(), json!([average, maximum]));
        }
    }
    Ok(used)
}
