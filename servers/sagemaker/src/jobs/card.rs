//! What is worth reading of a job: times, what it costs, why it failed, what came of it.

use std::collections::BTreeMap;

use awsmcp_mcp::AsIs;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{Found, Kind};
use crate::{
    fields::{flag, keys, list, map, text, time, whole},
    names::last_part,
    times::written,
};

/// A job, in short.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(crate) struct Card {
    kind: &'static str,
    name: String,
    status: String,
    /// Where its work stands.
    stage: Option<String>,
    failure_reason: Option<String>,
    created: Option<String>,
    started: Option<String>,
    ended: Option<String>,
    queued_seconds: Option<i64>,
    duration_seconds: Option<i64>,
    /// Of each instance.
    billable_seconds: Option<i64>,
    billable_instance_hours: Option<f64>,
    spot_saving_percent: Option<f64>,
    max_runtime_seconds: Option<i64>,
    instances: Vec<String>,
    volume_gb: Option<i64>,
    code: Option<String>,
    role: Option<String>,
    inputs: Vec<String>,
    outputs: Vec<String>,
    hyper_parameters: BTreeMap<String, AsIs>,
    /// Their values may be secrets.
    environment_names: Vec<String>,
    metrics: Map<String, Value>,
    /// What only this kind has.
    result: Map<String, Value>,
    stages: Vec<Stage>,
    /// Percent over the whole time, average and highest: of one instance, all its processors together.
    pub(crate) utilization: Map<String, Value>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Stage {
    stage: String,
    seconds: Option<i64>,
    message: Option<String>,
}

/// The card of a job.
pub(crate) fn card(found: &Found) -> Card {
    let job = &found.described;
    let created = time(job, "/CreationTime");
    let began =
        found.started().filter(|_| !matches!(found.kind, Kind::Tuning | Kind::Automl | Kind::Labeling));
    let mut card = Card {
        kind: found.kind.word(),
        name: found.name.clone(),
        status: found.status(),
        failure_reason: text(job, "/FailureReason"),
        created: created.map(written),
        started: began.map(written),
        ended: found.ended().map(written),
        queued_seconds: began.zip(created).map(|(began, created)| began.saturating_sub(created)),
        duration_seconds: found.seconds(),
        max_runtime_seconds: whole(job, "/StoppingCondition/MaxRuntimeInSeconds"),
        role: text(job, "/RoleArn").map(|arn| last_part(&arn).to_owned()),
        environment_names: keys(job, "/Environment"),
        ..Card::default()
    };
    match found.kind {
        Kind::Training => training(job, &mut card),
        Kind::Processing => processing(job, &mut card),
        Kind::Transform => transform(job, &mut card),
        Kind::Tuning => tuning(job, &mut card),
        Kind::Automl => automl(job, &mut card),
        Kind::Compilation => compilation(job, &mut card),
        Kind::Labeling => labeling(job, &mut card),
    }
    card
}

fn training(job: &Value, card: &mut Card) {
    card.stage = text(job, "/SecondaryStatus").filter(|stage| *stage != card.status);
    let config = job.pointer("/ResourceConfig");
    let machines = config.map(|config| instances(config, &mut card.instances)).unwrap_or_default();
    card.volume_gb = whole(job, "/ResourceConfig/VolumeSizeInGB");
    let billable = whole(job, "/BillableTimeInSeconds");
    let trained = whole(job, "/TrainingTimeInSeconds");
    card.billable_seconds = billable;
    card.billable_instance_hours = billable.map(|seconds| hours(seconds * machines));
    if flag(job, "/EnableManagedSpotTraining") {
        let saving = |(billable, trained): (i64, i64)| {
            (trained > 0).then(|| ((1.0 - billable as f64 / trained as f64) * 1000.0).round() / 10.0)
        };
        card.spot_saving_percent = billable.zip(trained).and_then(saving);
        card.result.insert("spot".to_owned(), json!(true));
    }
    card.code = text(job, "/AlgorithmSpecification/TrainingImage")
        .or_else(|| text(job, "/AlgorithmSpecification/AlgorithmName"));
    card.inputs = channels(list(job, "/InputDataConfig"));
    card.outputs.extend(
        text(job, "/ModelArtifacts/S3ModelArtifacts").or_else(|| text(job, "/OutputDataConfig/S3OutputPath")),
    );
    card.hyper_parameters = texts(job, "/HyperParameters");
    for metric in list(job, "/FinalMetricDataList") {
        if let Some(name) = text(metric, "/MetricName") {
            card.metrics.insert(name, metric.get("Value").cloned().unwrap_or_default());
        }
    }
    for (name, pointer) in [
        ("tuning_job", "/TuningJobArn"),
        ("automl_job", "/AutoMLJobArn"),
        ("warm_pool", "/WarmPoolStatus/Status"),
        ("checkpoints", "/CheckpointConfig/S3Uri"),
        ("model_package", "/OutputModelPackageArn"),
    ] {
        if let Some(found) = text(job, pointer) {
            let short = if found.starts_with("arn:") { last_part(&found).to_owned() } else { found };
            card.result.insert(name.to_owned(), json!(short));
        }
    }
    card.stages = list(job, "/SecondaryStatusTransitions")
        .iter()
        .map(|change| Stage {
            stage: text(change, "/Status").unwrap_or_default(),
            seconds: time(change, "/EndTime").zip(time(change, "/StartTime")).map(|(end, start)| end - start),
            message: text(change, "/StatusMessage"),
        })
        .collect();
}

fn processing(job: &Value, card: &mut Card) {
    let config = job.pointer("/ProcessingResources/ClusterConfig");
    let machines = config.map(|config| instances(config, &mut card.instances)).unwrap_or_default();
    card.volume_gb = whole(job, "/ProcessingResources/ClusterConfig/VolumeSizeInGB");
    ran(card, machines);
    card.code = text(job, "/AppSpecification/ImageUri");
    let entry: Vec<&str> =
        list(job, "/AppSpecification/ContainerEntrypoint").iter().filter_map(Value::as_str).collect();
    insert(card, "entrypoint", Some(entry.join(" ")).filter(|entry| !entry.is_empty()));
    insert(card, "exit_message", text(job, "/ExitMessage"));
    let place =
        |item: &Value| text(item, "/S3Input/S3Uri").or_else(|| text(item, "/DatasetDefinition/LocalPath"));
    card.inputs = list(job, "/ProcessingInputs")
        .iter()
        .filter_map(|item| labelled(item, "/InputName", place(item)))
        .collect();
    let place = |item: &Value| {
        text(item, "/S3Output/S3Uri").or_else(|| text(item, "/FeatureStoreOutput/FeatureGroupName"))
    };
    card.outputs = list(job, "/ProcessingOutputConfig/Outputs")
        .iter()
        .filter_map(|item| labelled(item, "/OutputName", place(item)))
        .collect();
}

fn transform(job: &Value, card: &mut Card) {
    let config = job.pointer("/TransformResources");
    let machines = config.map(|config| instances(config, &mut card.instances)).unwrap_or_default();
    ran(card, machines);
    insert(card, "model", text(job, "/ModelName"));
    insert(card, "batch_strategy", text(job, "/BatchStrategy"));
    card.inputs.extend(text(job, "/TransformInput/DataSource/S3DataSource/S3Uri"));
    card.outputs.extend(text(job, "/TransformOutput/S3OutputPath"));
}

fn tuning(job: &Value, card: &mut Card) {
    let one = job.pointer("/TrainingJobDefinition").into_iter();
    for definition in one.chain(list(job, "/TrainingJobDefinitions")) {
        if let Some(config) = definition.pointer("/ResourceConfig") {
            instances(config, &mut card.instances);
        }
        card.code = card.code.take().or_else(|| text(definition, "/AlgorithmSpecification/TrainingImage"));
        card.inputs.extend(channels(list(definition, "/InputDataConfig")));
        card.outputs.extend(text(definition, "/OutputDataConfig/S3OutputPath"));
        card.max_runtime_seconds = whole(definition, "/StoppingCondition/MaxRuntimeInSeconds");
        card.role = text(definition, "/RoleArn").map(|arn| last_part(&arn).to_owned());
    }
    insert(card, "strategy", text(job, "/HyperParameterTuningJobConfig/Strategy"));
    for (name, pointer) in [
        ("max_training_jobs", "/HyperParameterTuningJobConfig/ResourceLimits/MaxNumberOfTrainingJobs"),
        ("completed", "/TrainingJobStatusCounters/Completed"),
        ("in_progress", "/TrainingJobStatusCounters/InProgress"),
        ("stopped", "/TrainingJobStatusCounters/Stopped"),
    ] {
        if let Some(count) = whole(job, pointer) {
            card.result.insert(name.to_owned(), json!(count));
        }
    }
    let failed = ["RetryableError", "NonRetryableError"]
        .iter()
        .filter_map(|name| whole(job, &format!("/TrainingJobStatusCounters/{name}")))
        .sum::<i64>();
    if failed > 0 {
        card.result.insert("failed".to_owned(), json!(failed));
    }
    if let Some(best) = job.pointer("/BestTrainingJob") {
        insert(card, "best_training_job", text(best, "/TrainingJobName"));
        card.hyper_parameters = texts(best, "/TunedHyperParameters");
        let metric = "/FinalHyperParameterTuningJobObjectiveMetric";
        if let Some(name) = text(best, &format!("{metric}/MetricName")) {
            let value = best.pointer(&format!("{metric}/Value")).cloned();
            card.metrics.insert(name, value.unwrap_or_default());
        }
    }
}

fn automl(job: &Value, card: &mut Card) {
    card.stage = text(job, "/AutoMLJobSecondaryStatus").filter(|stage| *stage != card.status);
    card.inputs = list(job, "/AutoMLJobInputDataConfig")
        .iter()
        .filter_map(|channel| {
            labelled(channel, "/ChannelType", text(channel, "/DataSource/S3DataSource/S3Uri"))
        })
        .collect();
    card.outputs.extend(text(job, "/OutputDataConfig/S3OutputPath"));
    insert(card, "problem", keys(job, "/AutoMLProblemTypeConfig").first().cloned());
    insert(card, "best_candidate", text(job, "/BestCandidate/CandidateName"));
    insert(card, "deployed_to", text(job, "/ModelDeployResult/EndpointName"));
    let partial = list(job, "/PartialFailureReasons")
        .iter()
        .filter_map(|reason| text(reason, "/PartialFailureMessage"));
    let partial: Vec<String> = partial.collect();
    insert(card, "partial_failures", Some(partial.join("; ")).filter(|text| !text.is_empty()));
    let metric = "/BestCandidate/FinalAutoMLJobObjectiveMetric";
    if let Some(name) = text(job, &format!("{metric}/MetricName")) {
        card.metrics.insert(name, job.pointer(&format!("{metric}/Value")).cloned().unwrap_or_default());
    }
}

fn compilation(job: &Value, card: &mut Card) {
    card.inputs.extend(text(job, "/InputConfig/S3Uri"));
    card.outputs.extend(
        text(job, "/ModelArtifacts/S3ModelArtifacts").or_else(|| text(job, "/OutputConfig/S3OutputLocation")),
    );
    insert(card, "framework", text(job, "/InputConfig/Framework"));
    insert(
        card,
        "target",
        text(job, "/OutputConfig/TargetDevice").or_else(|| text(job, "/OutputConfig/TargetPlatform/Os")),
    );
    insert(card, "inference_image", text(job, "/InferenceImage"));
}

fn labeling(job: &Value, card: &mut Card) {
    card.inputs.extend(text(job, "/InputConfig/DataSource/S3DataSource/ManifestS3Uri"));
    card.outputs.extend(
        text(job, "/LabelingJobOutput/OutputDatasetS3Uri")
            .or_else(|| text(job, "/OutputConfig/S3OutputPath")),
    );
    insert(card, "task", text(job, "/HumanTaskConfig/TaskTitle"));
    insert(card, "workteam", text(job, "/HumanTaskConfig/WorkteamArn").map(|arn| last_part(&arn).to_owned()));
    for (name, pointer) in [
        ("labeled", "/LabelCounters/TotalLabeled"),
        ("labeled_by_machine", "/LabelCounters/MachineLabeled"),
        ("unlabeled", "/LabelCounters/Unlabeled"),
        ("failed", "/LabelCounters/FailedNonRetryableError"),
    ] {
        if let Some(count) = whole(job, pointer) {
            card.result.insert(name.to_owned(), json!(count));
        }
    }
}

/// A map of texts, empty ones too.
fn texts(job: &Value, pointer: &str) -> BTreeMap<String, AsIs> {
    map(job, pointer).into_iter().map(|(name, value)| (name, AsIs(value))).collect()
}

/// Adds `2 x ml.m5.large`, and answers how many there are.
fn instances(config: &Value, to: &mut Vec<String>) -> i64 {
    let groups = list(config, "/InstanceGroups");
    let mut machines = 0;
    for config in std::iter::once(config).filter(|_| groups.is_empty()).chain(groups) {
        let count =
            whole(config, "/SelectedInstanceCount").or_else(|| whole(config, "/InstanceCount")).unwrap_or(1);
        if let Some(instance) =
            text(config, "/SelectedInstanceType").or_else(|| text(config, "/InstanceType"))
        {
            to.push(format!("{count} x {instance}"));
        }
        machines += count;
    }
    machines
}

/// Jobs without a figure of their own bill from start to end.
fn ran(card: &mut Card, machines: i64) {
    if card.started.is_some() {
        card.billable_seconds = card.duration_seconds;
        card.billable_instance_hours = card.duration_seconds.map(|seconds| hours(seconds * machines));
    }
}

fn channels(channels: &[Value]) -> Vec<String> {
    let place = |channel: &Value| {
        text(channel, "/DataSource/S3DataSource/S3Uri")
            .or_else(|| text(channel, "/DataSource/FileSystemDataSource/FileSystemId"))
    };
    channels.iter().filter_map(|channel| labelled(channel, "/ChannelName", place(channel))).collect()
}

fn labelled(item: &Value, name: &str, place: Option<String>) -> Option<String> {
    match (text(item, name), place) {
        (Some(name), Some(place)) => Some(format!("{name}: {place}")),
        (name, place) => place.or(name),
    }
}

fn insert(card: &mut Card, name: &str, value: Option<String>) {
    if let Some(value) = value {
        card.result.insert(name.to_owned(), json!(value));
    }
}

/// With two digits, which is more than AWS's rounding leaves true.
pub(crate) fn hours(seconds: i64) -> f64 {
    (seconds as f64 / 36.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(kind: Kind, described: Value) -> Value {
        let card = card(&Found { kind, name: "j".to_owned(), described });
        serde_json::to_value(card).unwrap()
    }

    #[test]
    fn a_training_job_tells_its_cost_and_its_end() {
        let card = of(
            Kind::Training,
            json!({
                "TrainingJobStatus": "Failed", "SecondaryStatus": "Failed", "FailureReason": "AlgorithmError: exit code 1",
                "CreationTime": 1_700_000_000.5, "TrainingStartTime": 1_700_000_060.0, "TrainingEndTime": 1_700_003_660.0,
                "TrainingTimeInSeconds": 3600, "BillableTimeInSeconds": 1080, "EnableManagedSpotTraining": true,
                "ResourceConfig": {"InstanceType": "ml.p3.2xlarge", "InstanceCount": 2, "VolumeSizeInGB": 50},
                "FinalMetricDataList": [{"MetricName": "loss", "Value": 0.25}],
                "InputDataConfig": [{"ChannelName": "train", "DataSource": {"S3DataSource": {"S3Uri": "s3://b/i"}}}],
                "Environment": {"TOKEN": "secret"}, "RoleArn": "arn:aws:iam::123456789012:role/ml/sm",
            }),
        );
        for (field, expected) in [
            ("queued_seconds", json!(60)),
            ("duration_seconds", json!(3600)),
            ("billable_seconds", json!(1080)),
            ("billable_instance_hours", json!(0.6)),
            ("spot_saving_percent", json!(70.0)),
            ("instances", json!(["2 x ml.p3.2xlarge"])),
            ("metrics", json!({"loss": 0.25})),
            ("inputs", json!(["train: s3://b/i"])),
            ("environment_names", json!(["TOKEN"])),
            ("role", json!("sm")),
            ("started", json!("2023-11-14T22:14:20Z")),
        ] {
            assert_eq!(card[field], expected, "{field}");
        }
        assert!(!card.to_string().contains("secret"));
        assert_eq!(card["stage"], Value::Null);
    }

    #[test]
    fn a_tuning_job_tells_its_best() {
        let card = of(
            Kind::Tuning,
            json!({
                "HyperParameterTuningJobStatus": "Completed",
                "TrainingJobStatusCounters": {"Completed": 8, "NonRetryableError": 2},
                "BestTrainingJob": {"TrainingJobName": "j-003", "TunedHyperParameters": {"lr": "0.1"},
                    "FinalHyperParameterTuningJobObjectiveMetric": {"MetricName": "auc", "Value": 0.9}},
            }),
        );
        assert_eq!(card["result"], json!({"completed": 8, "failed": 2, "best_training_job": "j-003"}));
        assert_eq!(
            (&card["metrics"], &card["hyper_parameters"]),
            (&json!({"auc": 0.9}), &json!({"lr": "0.1"}))
        );
    }
}
