//! The requests that make jobs: from a template, or from what an earlier job was made of.

use aws_sdk_sagemaker::operation::{
    create_auto_ml_job_v2::CreateAutoMlJobV2Input, create_compilation_job::CreateCompilationJobInput,
    create_hyper_parameter_tuning_job::CreateHyperParameterTuningJobInput,
    create_labeling_job::CreateLabelingJobInput, create_processing_job::CreateProcessingJobInput,
    create_training_job::CreateTrainingJobInput, create_transform_job::CreateTransformJobInput,
};
use awsmcp_mcp::{Error, Result, thousands};
use serde_json::{Map, Value, json};

use super::Kind;
use crate::{
    fields::{flag, list, text, whole},
    known::ALGORITHMS,
    shape,
};

/// The request that would make the described job again.
///
/// # Errors
/// When the description cannot be read as one.
pub(crate) fn base(kind: Kind, described: &Value) -> Result<Value> {
    let mut base = match kind {
        Kind::Training => shape::taken(described, CreateTrainingJobInput::deserialize),
        Kind::Processing => shape::taken(described, CreateProcessingJobInput::deserialize),
        Kind::Transform => shape::taken(described, CreateTransformJobInput::deserialize),
        Kind::Tuning => shape::taken(described, CreateHyperParameterTuningJobInput::deserialize),
        Kind::Automl => shape::taken(described, CreateAutoMlJobV2Input::deserialize),
        Kind::Compilation => shape::taken(described, CreateCompilationJobInput::deserialize),
        Kind::Labeling => shape::taken(described, CreateLabelingJobInput::deserialize),
    }?;
    // AWS adds these itself, to the training jobs of a tuning job too, and takes them from nobody.
    let own = |name: &str| name.starts_with("_tuning_objective_metric");
    for definition in definitions(&mut base) {
        if let Some(statics) = definition.get_mut("StaticHyperParameters").and_then(Value::as_object_mut) {
            statics.retain(|name, _| !own(name));
        }
    }
    if let Some(parameters) = base.get_mut("HyperParameters").and_then(Value::as_object_mut) {
        parameters.retain(|name, _| !own(name));
    }
    for algorithm in algorithms(&mut base) {
        // AWS refuses those of its own algorithms, which it names in every description.
        let image = algorithm.get("TrainingImage").and_then(Value::as_str).unwrap_or_default();
        if is_of_aws(image, account_of(described)) {
            algorithm.shift_remove("MetricDefinitions");
        }
    }
    if kind == Kind::Training
        && let Some(config) = base.get_mut("ResourceConfig").and_then(Value::as_object_mut)
    {
        for field in ["SelectedInstanceType", "SelectedInstanceCount"] {
            config.shift_remove(field);
        }
    }
    Ok(base)
}

/// The account of the role that a job works as.
fn account_of(described: &Value) -> Option<&str> {
    let roles = ["/RoleArn", "/TrainingJobDefinition/RoleArn", "/TrainingJobDefinitions/0/RoleArn"];
    roles.iter().find_map(|pointer| described.pointer(pointer)?.as_str()?.split(':').nth(4))
}

/// Whether an image is of one of SageMaker's own algorithms: by its name, in a registry that is not the account's.
fn is_of_aws(image: &str, account: Option<&str>) -> bool {
    let Some((registry, name)) = image.split_once('/') else { return false };
    let name = name.split([':', '@']).next().unwrap_or_default();
    let is_known = ALGORITHMS.rows.contains(&name.strip_prefix("sagemaker-").unwrap_or(name));
    is_known && registry.contains(".dkr.ecr.") && registry.split('.').next() != account
}

/// # Errors
/// Names what is unknown, missing or of the wrong type.
pub(crate) fn checked(kind: Kind, request: &Value) -> Result<()> {
    if let Some(field) = required(kind).iter().find(|field| request.get(**field).is_none_or(Value::is_null)) {
        return Err(Error::invalid(format!("`{field}` is missing")).with_next(example(kind)));
    }
    match kind {
        Kind::Training => shape::strict(request, CreateTrainingJobInput::deserialize).map(drop),
        Kind::Processing => shape::strict(request, CreateProcessingJobInput::deserialize).map(drop),
        Kind::Transform => shape::strict(request, CreateTransformJobInput::deserialize).map(drop),
        Kind::Tuning => shape::strict(request, CreateHyperParameterTuningJobInput::deserialize).map(drop),
        Kind::Automl => shape::strict(request, CreateAutoMlJobV2Input::deserialize).map(drop),
        Kind::Compilation => shape::strict(request, CreateCompilationJobInput::deserialize).map(drop),
        Kind::Labeling => shape::strict(request, CreateLabelingJobInput::deserialize).map(drop),
    }
    .map_err(|error| {
        if error.message.ends_with("is missing") {
            return error.with_next(example(kind));
        }
        let version = if kind == Kind::Automl { "V2" } else { "" };
        error.with_next(format!(
            "its fields are those of AWS's Create{}{version}, written as there",
            kind.noun()
        ))
    })
}

/// Models write numbers where AWS takes only texts: in maps of hyperparameters and variables nothing else can be meant.
pub(crate) fn worded(request: &mut Value) {
    match request {
        Value::Object(fields) => {
            for (name, value) in fields {
                let is_map =
                    matches!(name.as_str(), "HyperParameters" | "StaticHyperParameters" | "Environment");
                match value {
                    Value::Object(map) if is_map => {
                        for value in map.values_mut().filter(|value| value.is_number() || value.is_boolean())
                        {
                            *value = json!(value.to_string());
                        }
                    }
                    value => worded(value),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(worded),
        _ => {}
    }
}

/// The request with the new job's name and role in their places.
pub(crate) fn named(kind: Kind, mut request: Value, name: &str, role: Option<&str>) -> Value {
    if let Some(fields) = request.as_object_mut() {
        fields.insert(format!("{}Name", kind.noun()), json!(name));
        if let Some(role) = role
            && kind != Kind::Tuning
        {
            fields.insert("RoleArn".to_owned(), json!(role));
        }
    }
    if let Some(role) = role {
        for definition in definitions(&mut request) {
            definition.insert("RoleArn".to_owned(), json!(role));
        }
    }
    request
}

/// What it may take: instances, the longest time, and instance hours; for a headline.
pub(crate) fn effort(kind: Kind, request: &Value) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut instances = Vec::new();
    match kind {
        Kind::Training => instances.extend(request.pointer("/ResourceConfig")),
        Kind::Processing => instances.extend(request.pointer("/ProcessingResources/ClusterConfig")),
        Kind::Transform => instances.extend(request.pointer("/TransformResources")),
        Kind::Tuning => {
            let one = request.pointer("/TrainingJobDefinition").into_iter();
            let all = one.chain(list(request, "/TrainingJobDefinitions"));
            instances.extend(all.filter_map(|definition| definition.pointer("/ResourceConfig")));
        }
        Kind::Automl | Kind::Compilation | Kind::Labeling => {}
    }
    let mut machines = 0;
    for config in instances {
        let groups = list(config, "/InstanceGroups");
        for config in std::iter::once(config).filter(|_| groups.is_empty()).chain(groups) {
            let count = whole(config, "/InstanceCount").unwrap_or(1);
            machines += count;
            if let Some(instance) = text(config, "/InstanceType") {
                parts.push(format!("{count} x {instance}"));
            }
        }
    }
    let limit = [
        "/StoppingCondition/MaxRuntimeInSeconds",
        "/TrainingJobDefinition/StoppingCondition/MaxRuntimeInSeconds",
    ]
    .iter()
    .find_map(|pointer| whole(request, pointer));
    let jobs = whole(request, "/HyperParameterTuningJobConfig/ResourceLimits/MaxNumberOfTrainingJobs");
    if let Some(jobs) = jobs {
        let parallel =
            whole(request, "/HyperParameterTuningJobConfig/ResourceLimits/MaxParallelTrainingJobs");
        parts.push(format!("{jobs} training jobs, {} at a time", parallel.unwrap_or(1)));
    }
    if let Some(limit) = limit {
        parts.push(format!("at most {} s", thousands(limit.unsigned_abs())));
        if machines > 0 {
            let hours = (machines * limit * jobs.unwrap_or(1)) as f64 / 3600.0;
            parts.push(format!("{:.1} instance hours", hours));
        }
    }
    if flag(request, "/EnableManagedSpotTraining") {
        parts.push("spot".to_owned());
    }
    parts.join(", ")
}

/// What whoever agrees to it should know. `from` is the job it was cloned from.
pub(crate) fn risks(kind: Kind, request: &Value, from: Option<&Value>) -> Vec<String> {
    let mut risks = Vec::new();
    let same = |pointer: &str| {
        let now = text(request, pointer)?;
        from.and_then(|from| text(from, pointer)).filter(|before| *before == now)
    };
    match kind {
        Kind::Training => {
            if let Some(place) = same("/CheckpointConfig/S3Uri") {
                risks.push(format!("it goes on from the checkpoints that the earlier job left in {place}"));
            }
            if let Some(kept) =
                whole(request, "/ResourceConfig/KeepAlivePeriodInSeconds").filter(|kept| *kept > 0)
            {
                let kept = thousands(kept.unsigned_abs());
                risks.push(format!("its machines are kept warm, and bill, for {kept} s after its end"));
            }
            let spot = flag(request, "/EnableManagedSpotTraining");
            if spot && request.pointer("/CheckpointConfig").is_none() {
                risks.push("a spot job without checkpoints begins anew after each interruption".to_owned());
            }
        }
        Kind::Processing => {
            for output in list(request, "/ProcessingOutputConfig/Outputs") {
                let place = text(output, "/S3Output/S3Uri");
                let before =
                    from.map(|from| list(from, "/ProcessingOutputConfig/Outputs")).unwrap_or_default();
                if let Some(place) = place
                    && before.iter().any(|output| text(output, "/S3Output/S3Uri").as_ref() == Some(&place))
                {
                    risks.push(format!(
                        "it writes to {place} as the earlier job did: objects of the same name are replaced"
                    ));
                }
            }
        }
        Kind::Transform => {
            if let Some(place) = same("/TransformOutput/S3OutputPath") {
                risks.push(format!(
                    "it writes to {place} as the earlier job did: objects of the same name are replaced"
                ));
            }
        }
        Kind::Tuning | Kind::Automl | Kind::Compilation | Kind::Labeling => {}
    }
    let unlimited = matches!(kind, Kind::Training | Kind::Processing)
        && whole(request, "/StoppingCondition/MaxRuntimeInSeconds").is_none();
    if unlimited {
        risks.push("it has no StoppingCondition.MaxRuntimeInSeconds: AWS stops it after a day".to_owned());
    }
    risks
}

/// The algorithms of a training job, or of the training jobs that a tuning job makes.
fn algorithms(request: &mut Value) -> Vec<&mut Map<String, Value>> {
    // A training job is its own definition.
    let of_definition =
        |definition: &'_ mut Map<String, Value>| definition.contains_key("AlgorithmSpecification");
    if request.as_object_mut().is_some_and(of_definition) {
        return request
            .get_mut("AlgorithmSpecification")
            .and_then(Value::as_object_mut)
            .into_iter()
            .collect();
    }
    let own = definitions(request).into_iter();
    own.filter_map(|definition| definition.get_mut("AlgorithmSpecification")?.as_object_mut()).collect()
}

fn definitions(request: &mut Value) -> Vec<&mut Map<String, Value>> {
    let Some(fields) = request.as_object_mut() else { return Vec::new() };
    let mut found = Vec::new();
    for (name, value) in fields {
        match (name.as_str(), value) {
            ("TrainingJobDefinition", Value::Object(definition)) => found.push(definition),
            ("TrainingJobDefinitions", Value::Array(items)) => {
                found.extend(items.iter_mut().filter_map(Value::as_object_mut));
            }
            _ => {}
        }
    }
    found
}

const fn required(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Training => {
            &["AlgorithmSpecification", "RoleArn", "OutputDataConfig", "ResourceConfig", "StoppingCondition"]
        }
        Kind::Processing => &["ProcessingResources", "AppSpecification", "RoleArn"],
        Kind::Transform => &["ModelName", "TransformInput", "TransformOutput", "TransformResources"],
        Kind::Tuning => &["HyperParameterTuningJobConfig"],
        Kind::Automl => {
            &["AutoMLJobInputDataConfig", "OutputDataConfig", "AutoMLProblemTypeConfig", "RoleArn"]
        }
        Kind::Compilation => &["RoleArn", "OutputConfig", "StoppingCondition"],
        Kind::Labeling => {
            &["LabelAttributeName", "InputConfig", "OutputConfig", "RoleArn", "HumanTaskConfig"]
        }
    }
}

const fn example(kind: Kind) -> &'static str {
    match kind {
        Kind::Training => {
            r#"a good request is {"AlgorithmSpecification":{"TrainingImage":"...","TrainingInputMode":"File"},"RoleArn":"arn:aws:iam::123456789012:role/sagemaker","InputDataConfig":[{"ChannelName":"train","DataSource":{"S3DataSource":{"S3DataType":"S3Prefix","S3Uri":"s3://bucket/in"}}}],"OutputDataConfig":{"S3OutputPath":"s3://bucket/out"},"ResourceConfig":{"InstanceType":"ml.m5.large","InstanceCount":1,"VolumeSizeInGB":30},"StoppingCondition":{"MaxRuntimeInSeconds":3600}}; or give `clone`"#
        }
        Kind::Processing => {
            r#"a good request is {"AppSpecification":{"ImageUri":"...","ContainerEntrypoint":["python3","/opt/ml/processing/input/code/run.py"]},"RoleArn":"arn:aws:iam::123456789012:role/sagemaker","ProcessingResources":{"ClusterConfig":{"InstanceType":"ml.m5.large","InstanceCount":1,"VolumeSizeInGB":30}},"StoppingCondition":{"MaxRuntimeInSeconds":3600}}; or give `clone`"#
        }
        Kind::Transform => {
            r#"a good request is {"ModelName":"my-model","TransformInput":{"DataSource":{"S3DataSource":{"S3DataType":"S3Prefix","S3Uri":"s3://bucket/in"}}},"TransformOutput":{"S3OutputPath":"s3://bucket/out"},"TransformResources":{"InstanceType":"ml.m5.large","InstanceCount":1}}; or give `clone`"#
        }
        Kind::Tuning | Kind::Automl | Kind::Compilation | Kind::Labeling => {
            "`request` is what AWS's API reference has for this kind of job (CreateHyperParameterTuningJob, CreateAutoMLJobV2, \
             CreateCompilationJob, CreateLabelingJob); or give `clone` and only what differs"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn training() -> Value {
        json!({
            "TrainingJobName": "t", "RoleArn": "r",
            "AlgorithmSpecification": {"TrainingImage": "i", "TrainingInputMode": "File"},
            "OutputDataConfig": {"S3OutputPath": "s3://b"},
            "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 30},
            "StoppingCondition": {"MaxRuntimeInSeconds": 7200}, "EnableManagedSpotTraining": true,
            "Environment": {"KEY": "secret"},
        })
    }

    #[test]
    fn effort_is_told_in_instance_hours() {
        assert_eq!(
            effort(Kind::Training, &training()),
            "2 x ml.m5.large, at most 7,200 s, 4.0 instance hours, spot"
        );
        let tuning = json!({
            "HyperParameterTuningJobConfig": {"ResourceLimits": {"MaxNumberOfTrainingJobs": 10, "MaxParallelTrainingJobs": 2}},
            "TrainingJobDefinition": {"ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
                "StoppingCondition": {"MaxRuntimeInSeconds": 3600}},
        });
        assert_eq!(
            effort(Kind::Tuning, &tuning),
            "1 x ml.m5.large, 10 training jobs, 2 at a time, at most 3,600 s, 10.0 instance hours"
        );
    }

    #[test]
    fn a_description_becomes_the_request_it_came_from() {
        let mut described = training();
        described["SecondaryStatus"] = json!("Completed");
        described["ResourceConfig"]["SelectedInstanceCount"] = json!(2);
        assert_eq!(base(Kind::Training, &described).unwrap(), training());
        let tuning = json!({"TrainingJobDefinition": {"StaticHyperParameters": {"a": "1", "_tuning_objective_metric": "x"}}});
        let base = base(Kind::Tuning, &tuning).unwrap();
        assert_eq!(base["TrainingJobDefinition"]["StaticHyperParameters"], json!({"a": "1"}));
        let mut best = training();
        best["HyperParameters"] = json!({"a": "1", "_tuning_objective_metric": "x"});
        assert_eq!(super::base(Kind::Training, &best).unwrap()["HyperParameters"], json!({"a": "1"}));
    }

    #[test]
    fn metrics_of_aws_own_algorithms_are_left_to_aws() {
        let of = |image: &str| {
            let mut job = training();
            job["RoleArn"] = json!("arn:aws:iam::123456789012:role/r");
            job["AlgorithmSpecification"] = json!({"TrainingImage": image, "TrainingInputMode": "File",
                "MetricDefinitions": [{"Name": "train:auc", "Regex": ".*"}]});
            base(Kind::Training, &job).unwrap()["AlgorithmSpecification"].get("MetricDefinitions").cloned()
        };
        for own in [
            "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1",
            "382416733822.dkr.ecr.us-east-1.amazonaws.com/kmeans:1",
            "387376663083.dkr.ecr.cn-north-1.amazonaws.com.cn/blazingtext:1",
        ] {
            assert_eq!(of(own), None, "{own}");
        }
        for other in [
            "123456789012.dkr.ecr.us-east-1.amazonaws.com/kmeans:1",
            "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.1",
            "kmeans",
        ] {
            assert!(of(other).is_some(), "{other}");
        }
        let algorithm = json!({"TrainingImage": "382416733822.dkr.ecr.us-east-1.amazonaws.com/pca:1",
            "MetricDefinitions": [{"Name": "m", "Regex": ".*"}]});
        let tuning = json!({"TrainingJobDefinition": {"RoleArn": "arn:aws:iam::123456789012:role/r", "AlgorithmSpecification": algorithm}});
        let made = base(Kind::Tuning, &tuning).unwrap();
        assert_eq!(made["TrainingJobDefinition"]["AlgorithmSpecification"].get("MetricDefinitions"), None);
    }

    #[test]
    fn risks_are_told() {
        let mut request = training();
        let told = |request: &Value, from: Option<&Value>| risks(Kind::Training, request, from).join("; ");
        assert!(told(&request, None).contains("without checkpoints"));
        request["ResourceConfig"]["KeepAlivePeriodInSeconds"] = json!(3600);
        assert!(told(&request, None).contains("bill, for 3,600 s after its end"));
        request["ResourceConfig"]["KeepAlivePeriodInSeconds"] = json!(0);
        request["CheckpointConfig"] = json!({"S3Uri": "s3://b/c"});
        assert!(told(&request, Some(&request)).contains("goes on from the checkpoints"));
        assert_eq!(told(&request, None), "");
        let processing =
            json!({"ProcessingOutputConfig": {"Outputs": [{"S3Output": {"S3Uri": "s3://b/o"}}]}});
        assert!(risks(Kind::Processing, &processing, Some(&processing))[0].contains("are replaced"));
    }

    #[test]
    fn name_and_role_have_their_places() {
        let request = named(Kind::Tuning, json!({"TrainingJobDefinition": {}}), "n", Some("r"));
        assert_eq!(
            request,
            json!({"TrainingJobDefinition": {"RoleArn": "r"}, "HyperParameterTuningJobName": "n"})
        );
        assert_eq!(named(Kind::Training, json!({}), "n", Some("r"))["RoleArn"], json!("r"));
    }

    #[test]
    fn numbers_in_maps_of_texts_become_texts() {
        let mut request = json!({"HyperParameters": {"lr": 0.2, "fast": true, "gone": null}, "ResourceConfig": {"InstanceCount": 2}});
        worded(&mut request);
        assert_eq!(
            request,
            json!({"HyperParameters": {"lr": "0.2", "fast": "true", "gone": null}, "ResourceConfig": {"InstanceCount": 2}})
        );
    }

    #[test]
    fn what_is_missing_is_said_with_an_example() {
        let mut request = training();
        request.as_object_mut().unwrap().remove("OutputDataConfig");
        let error = checked(Kind::Training, &request).unwrap_err();
        assert_eq!(error.message, "`OutputDataConfig` is missing");
        assert!(error.next.as_deref().unwrap().contains("S3OutputPath"));
        checked(Kind::Training, &training()).unwrap();
    }
}
