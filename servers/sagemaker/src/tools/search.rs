use aws_sdk_sagemaker::types::{
    BooleanOperator, Filter, Operator, ResourceType, SearchExpression, SearchSortOrder,
};
use awsmcp_mcp::{Call, Error, Page, Result, Spec, Tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{
    SageMaker,
    fields::{moment, text, whole},
    scope, secrets, shape,
};

/// Finds jobs, experiments, models and more by any of their properties, such as a metric, a hyperparameter or a tag.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Search {
    resource: Resource,
    #[serde(default)]
    #[schemars(length(max = 20))]
    filters: Vec<Condition>,
    /// Any filter is enough.
    #[serde(default)]
    any: bool,
    /// A property; default CreationTime.
    sort_by: Option<String>,
    #[serde(default)]
    ascending: bool,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Resource {
    TrainingJob,
    TuningJob,
    Experiment,
    Trial,
    TrialComponent,
    Endpoint,
    Model,
    ModelPackage,
    ModelPackageGroup,
    Pipeline,
    PipelineExecution,
    FeatureGroup,
    Project,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Condition {
    /// Such as `Metrics.accuracy`, `HyperParameters.lr`, `Tags.team`, `TrainingJobStatus`.
    name: String,
    #[serde(default)]
    op: Op,
    value: Option<String>,
}

#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Op {
    #[default]
    Equals,
    NotEquals,
    Contains,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
    Exists,
    NotExists,
    /// Values separated by commas.
    In,
}

/// A name, its status and time, and the properties that were asked for.
#[derive(Serialize, JsonSchema)]
#[serde(transparent)]
pub(crate) struct Row(Map<String, Value>);

impl Tool for Search {
    type Service = SageMaker;
    type Output = Page<Row>;
    const SPEC: Spec = Spec::list("search", "Search")
        .on("*", &["sagemaker:Search"])
        .names_no_resource()
        .regional()
        .optional();

    async fn call(self, cx: &Call<SageMaker>) -> Result<Self::Output> {
        let expression = self.expression()?;
        let properties: Vec<String> =
            self.filters.iter().map(|filter| filter.name.clone()).chain(self.sort_by.clone()).collect();
        let out = cx
            .client()
            .sagemaker
            .search()
            .resource(self.resource.sdk())
            .set_search_expression(expression)
            .sort_by(self.sort_by.unwrap_or_else(|| "CreationTime".to_owned()))
            .sort_order(if self.ascending { SearchSortOrder::Ascending } else { SearchSortOrder::Descending })
            .max_results(cx.page_size().min(100))
            .set_next_token(cx.token())
            .send()
            .await?;
        let mut rows = Vec::new();
        for record in out.results.unwrap_or_default() {
            let Value::Object(found) = shape::json(&record)? else { continue };
            let Some(found) = found.into_iter().map(|(_, found)| found).next() else { continue };
            let found = secrets::shown(cx, &whole_record(found), None);
            if scope::allows(cx, "sagemaker:Search", arn(&found).as_deref()) {
                rows.push(row(&found, &properties, self.resource));
            }
        }
        let mut page = cx.page(rows, out.next_token);
        page.total = out.total_hits.and_then(|hits| hits.value).and_then(|hits| u64::try_from(hits).ok());
        Ok(page)
    }
}

impl Search {
    fn expression(&self) -> Result<Option<SearchExpression>> {
        if self.filters.is_empty() {
            return Ok(None);
        }
        let mut filters = Vec::new();
        for condition in &self.filters {
            let wants_value = !matches!(condition.op, Op::Exists | Op::NotExists);
            if wants_value != condition.value.is_some() {
                let what = if wants_value { "needs a `value`" } else { "takes no `value`" };
                return Err(Error::invalid(format!("the filter on {} {what}", condition.name)).with_next(
                    r#"good ones are {"name":"Metrics.accuracy","op":"greater","value":"0.9"} and {"name":"Tags.team","op":"exists"}"#,
                ));
            }
            filters.push(
                Filter::builder()
                    .name(&condition.name)
                    .operator(condition.op.sdk())
                    .set_value(condition.value.clone())
                    .build(),
            );
        }
        let operator = if self.any { BooleanOperator::Or } else { BooleanOperator::And };
        Ok(Some(SearchExpression::builder().set_filters(Some(filters)).operator(operator).build()))
    }
}

/// A record of a model holds the model beside what uses it: as those of other things, its fields stand by themselves.
fn whole_record(found: Value) -> Value {
    let Value::Object(mut fields) = found else { return found };
    if let Some(Value::Object(model)) = fields.shift_remove("Model") {
        fields = model.into_iter().chain(fields).collect();
    }
    Value::Object(fields)
}

fn row(found: &Value, properties: &[String], resource: Resource) -> Row {
    let mut row = Map::new();
    let fields = found.as_object().into_iter().flatten();
    let ending = |end: &str| {
        fields
            .clone()
            .find(|(name, value)| name.ends_with(end) && value.is_string())
            .and_then(|(_, value)| value.as_str())
    };
    // By its own name other tools find it, whatever people see it called.
    let own = noun(found).and_then(|noun| text(found, &format!("/{noun}Name")));
    let called = ending("DisplayName").map(str::to_owned);
    let name = own.or_else(|| called.clone()).or_else(|| ending("Name").map(str::to_owned));
    let name = name.or_else(|| arn(found).map(|arn| crate::names::last_part(&arn).to_owned()));
    let called = called.filter(|called| Some(called) != name.as_ref());
    row.insert("name".to_owned(), json!(name));
    if called.is_some() {
        row.insert("display_name".to_owned(), json!(called));
    }
    let status = ending("Status").map(str::to_owned).or_else(|| text(found, "/Status/PrimaryStatus"));
    row.insert("status".to_owned(), json!(status));
    // What is known by its ARN only, and a version by whether it may be deployed.
    if matches!(resource, Resource::ModelPackage) {
        row.insert("status".to_owned(), json!(text(found, "/ModelPackageStatus")));
        row.insert("version".to_owned(), json!(whole(found, "/ModelPackageVersion")));
        row.insert("approval".to_owned(), json!(text(found, "/ModelApprovalStatus")));
    }
    if matches!(resource, Resource::ModelPackage | Resource::PipelineExecution) {
        row.insert("arn".to_owned(), json!(arn(found)));
    }
    row.insert("created".to_owned(), json!(moment(found, "/CreationTime")));
    for property in properties {
        if !["CreationTime"].contains(&property.as_str()) {
            row.insert(property.clone(), property_of(found, property).unwrap_or_default());
        }
    }
    Row(row)
}

/// `Metrics.loss`, `Tags.team` and `HyperParameters.lr` are not where AWS's records have them.
fn property_of(found: &Value, property: &str) -> Option<Value> {
    let (first, rest) = property.split_once('.').unwrap_or((property, ""));
    if rest.is_empty() {
        return found.get(first).cloned();
    }
    let named = |items: &str, key: &str, value: &str| {
        let items = found.get(items)?.as_array()?;
        items.iter().find(|item| item.get(key).and_then(Value::as_str) == Some(rest))?.get(value).cloned()
    };
    match first {
        "Metrics" => named("FinalMetricDataList", "MetricName", "Value")
            .or_else(|| named("Metrics", "MetricName", "Last")),
        "Tags" => named("Tags", "Key", "Value"),
        _ => property.split('.').try_fold(found, |value, part| value.get(part)).cloned(),
    }
}

/// What it is, as its fields begin: the first of which there are both a name and an ARN.
fn noun(found: &Value) -> Option<&str> {
    let fields = found.as_object()?;
    fields.keys().filter_map(|name| name.strip_suffix("Arn")).find(|noun| {
        !noun.is_empty()
            && !matches!(*noun, "Role" | "ExecutionRole")
            && fields.contains_key(&format!("{noun}Name"))
    })
}

/// Its own, which is the first of its ARNs that ends in nothing but `Arn` of the thing.
fn arn(found: &Value) -> Option<String> {
    if let Some(noun) = noun(found) {
        return text(found, &format!("/{noun}Arn"));
    }
    // A version of a package has no name of its own.
    let unnamed = |name: &str| name.ends_with("ExecutionArn") || name == "ModelPackageArn";
    let own = found.as_object()?.keys().find(|name| unnamed(name))?;
    text(found, &format!("/{own}"))
}

impl Resource {
    fn sdk(self) -> ResourceType {
        match self {
            Resource::TrainingJob => ResourceType::TrainingJob,
            Resource::TuningJob => ResourceType::HyperParameterTuningJob,
            Resource::Experiment => ResourceType::Experiment,
            Resource::Trial => ResourceType::ExperimentTrial,
            Resource::TrialComponent => ResourceType::ExperimentTrialComponent,
            Resource::Endpoint => ResourceType::Endpoint,
            Resource::Model => ResourceType::Model,
            Resource::ModelPackage => ResourceType::ModelPackage,
            Resource::ModelPackageGroup => ResourceType::ModelPackageGroup,
            Resource::Pipeline => ResourceType::Pipeline,
            Resource::PipelineExecution => ResourceType::PipelineExecution,
            Resource::FeatureGroup => ResourceType::FeatureGroup,
            Resource::Project => ResourceType::Project,
        }
    }
}

impl Op {
    fn sdk(self) -> Operator {
        match self {
            Op::Equals => Operator::Equals,
            Op::NotEquals => Operator::NotEquals,
            Op::Contains => Operator::Contains,
            Op::Greater => Operator::GreaterThan,
            Op::GreaterOrEqual => Operator::GreaterThanOrEqualTo,
            Op::Less => Operator::LessThan,
            Op::LessOrEqual => Operator::LessThanOrEqualTo,
            Op::Exists => Operator::Exists,
            Op::NotExists => Operator::NotExists,
            Op::In => Operator::In,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_tells_what_was_asked_for() {
        let found = json!({
            "TrainingJobName": "t", "TrainingJobStatus": "Completed", "CreationTime": 1_700_000_000, "RoleArn": "r",
            "TrainingJobArn": "arn:aws:sagemaker:us-east-1:123456789012:training-job/t",
            "FinalMetricDataList": [{"MetricName": "loss", "Value": 0.5}],
            "Tags": [{"Key": "team", "Value": "a"}], "HyperParameters": {"lr": "0.1"},
        });
        let asked =
            ["Metrics.loss", "Tags.team", "HyperParameters.lr", "CreationTime", "Nothing"].map(str::to_owned);
        let Row(row) = row(&found, &asked, Resource::TrainingJob);
        assert_eq!(
            Value::Object(row),
            json!({"name": "t", "status": "Completed", "created": "2023-11-14T22:13:20Z", "Metrics.loss": 0.5,
                "Tags.team": "a", "HyperParameters.lr": "0.1", "Nothing": null})
        );
        assert!(arn(&found).unwrap().ends_with("training-job/t"));
        let package = "arn:aws:sagemaker:us-east-1:123456789012:model-package/fraud/3";
        let found = json!({"ModelPackageGroupName": "fraud", "ModelPackageVersion": 3, "ModelPackageArn": package,
            "ModelApprovalStatus": "PendingManualApproval", "ModelPackageStatus": "Completed"});
        let Row(row) = self::row(&found, &[], Resource::ModelPackage);
        assert_eq!(
            Value::Object(row),
            json!({"name": "fraud", "status": "Completed", "version": 3, "approval": "PendingManualApproval", "arn": package,
                "created": null})
        );
    }

    #[test]
    fn a_row_has_the_name_by_which_other_tools_find_it() {
        let of = |found: Value, resource| Value::Object(self::row(&whole_record(found), &[], resource).0);
        let arn = |what: &str| format!("arn:aws:sagemaker:us-east-1:123456789012:{what}");
        let pipeline = json!({"PipelineArn": arn("pipeline/nightly"), "PipelineName": "nightly",
            "PipelineDisplayName": "Every night", "PipelineStatus": "Active"});
        assert_eq!(
            of(pipeline, Resource::Pipeline),
            json!({"name": "nightly", "display_name": "Every night", "status": "Active", "created": null})
        );
        let trial = json!({"TrialComponentName": "t-1", "DisplayName": "t-1", "TrialComponentArn": arn("experiment-trial-component/t-1"),
            "Status": {"PrimaryStatus": "Completed"}});
        assert_eq!(
            of(trial, Resource::TrialComponent),
            json!({"name": "t-1", "status": "Completed", "created": null})
        );
        let model = json!({"Model": {"ModelName": "fraud", "ModelArn": arn("model/fraud"), "CreationTime": 1_700_000_000},
            "Endpoints": [{"EndpointName": "e", "EndpointArn": arn("endpoint/e"), "EndpointStatus": "InService"}]});
        assert_eq!(self::arn(&whole_record(model.clone())), Some(arn("model/fraud")));
        assert_eq!(
            of(model, Resource::Model),
            json!({"name": "fraud", "status": null, "created": "2023-11-14T22:13:20Z"})
        );
        let execution = json!({"PipelineArn": arn("pipeline/p"), "PipelineExecutionArn": arn("pipeline/p/execution/x"),
            "PipelineExecutionDisplayName": "first", "PipelineExecutionStatus": "Failed"});
        assert_eq!(of(execution, Resource::PipelineExecution)["arn"], json!(arn("pipeline/p/execution/x")));
    }
}
