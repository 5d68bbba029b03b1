use aws_sdk_sagemaker::operation::create_monitoring_schedule::CreateMonitoringScheduleInput;
use awsmcp_mcp::{Call, Change, Error, Kind as ErrorKind, One, Plan, Result, Spec, patched};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    SageMaker, arns,
    fields::{list, text, whole},
    jobs::{Object, gone},
    names::{RoleArn, ScheduleName},
    scope,
    secrets::shown,
    shape,
    tags::tags,
};

/// Makes a monitoring schedule: as an earlier one is (`clone`) with changes, or by a whole `request` in AWS's own words.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateMonitor {
    /// Of the new one.
    schedule: ScheduleName,
    clone: Option<ScheduleName>,
    /// AWS's CreateMonitoringSchedule, without the name; of a clone only what differs, null takes a field away.
    #[serde(default)]
    request: Object,
    /// ARN, in place of the request's.
    role: Option<RoleArn>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Created {
    schedule: String,
    arn: Option<String>,
}

const JOB: &str = "/MonitoringScheduleConfig/MonitoringJobDefinition";

impl Change for CreateMonitor {
    type Service = SageMaker;
    type Output = One<Created>;
    /// The whole request.
    type Items = Value;
    const SPEC: Spec = Spec::write("create_monitor", "Create monitor")
        .shown_by("list_monitors")
        .on(
            arns::SCHEDULE,
            &[
                "sagemaker:DescribeMonitoringSchedule",
                "sagemaker:CreateMonitoringSchedule",
                "sagemaker:AddTags",
            ],
        )
        .on(arns::ROLE, &["iam:PassRole"])
        .when("clone")
        .on(arns::CLONED_SCHEDULE, &["sagemaker:DescribeMonitoringSchedule", "sagemaker:ListTags"])
        .optional();

    async fn plan(&self, cx: &Call<SageMaker>) -> Result<Plan<Value>> {
        let name = self.schedule.as_str();
        match described(cx, name).await {
            Ok(_) => {
                return Err(Error::conflict(format!("there is a monitoring schedule {name} already"))
                    .with_next("choose another name; list_monitors shows them"));
            }
            Err(error) if error.kind == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let mut request = Value::Object(self.request.0.clone());
        let mut from = None;
        if let Some(clone) = &self.clone {
            let found = described(cx, clone.as_str()).await?;
            let mut base = shape::taken(&found, CreateMonitoringScheduleInput::deserialize)?;
            let own = tags(cx, text(&found, "/MonitoringScheduleArn")).await?;
            if let Some(fields) = base.as_object_mut()
                && !own.is_empty()
            {
                fields.insert("Tags".to_owned(), Value::Array(own));
            }
            request = patched(base.clone(), &request);
            from = Some(base);
        } else if self.request.0.is_empty() {
            return Err(Error::invalid("give `clone`, or a whole `request`").with_next(
                r#"a good one is {"schedule":"my-schedule","request":{"MonitoringScheduleConfig":{"ScheduleConfig":{"ScheduleExpression":"cron(0 * ? * * *)"},"MonitoringJobDefinitionName":"my-quality","MonitoringType":"DataQuality"}}}"#,
            ));
        }
        if let Some(fields) = request.as_object_mut() {
            fields.insert("MonitoringScheduleName".to_owned(), json!(name));
        }
        if let Some(role) = &self.role {
            let job = request.pointer_mut(JOB).and_then(Value::as_object_mut).ok_or_else(|| {
                Error::invalid("`role` is of a request with a MonitoringJobDefinition: this one names a definition, whose role it has")
            })?;
            job.insert("RoleArn".to_owned(), json!(role.as_str()));
        }
        shape::strict(&request, CreateMonitoringScheduleInput::deserialize).map_err(|error| {
            error.with_next("its fields are those of AWS's CreateMonitoringSchedule, written as there")
        })?;
        held(cx, &request).await?;
        let plan = Plan::new(format!("make the monitoring schedule {name}: {}", words(&request)))
            .warning("each of its runs is a processing job, whose machines bill");
        let from = from.as_ref().map(|from| shown(cx, from, None));
        let given = Value::Object(self.request.0.clone());
        let told = shown(cx, &request, from.as_ref().map(|_| &given));
        Ok(plan.difference(from.as_ref(), Some(&told)).items(request))
    }

    async fn apply(self, request: Value, cx: &Call<SageMaker>) -> Result<Self::Output> {
        let input = shape::strict(&request, CreateMonitoringScheduleInput::deserialize)?;
        let asked = cx.client().sagemaker.create_monitoring_schedule().customize();
        let made = asked.interceptor(shape::Filled(input)).send().await?;
        Ok(One(Created { schedule: self.schedule.to_string(), arn: made.monitoring_schedule_arn }))
    }
}

async fn described(cx: &Call<SageMaker>, name: &str) -> Result<Value> {
    let sent =
        cx.client().sagemaker.describe_monitoring_schedule().monitoring_schedule_name(name).send().await;
    shape::json(&sent.map_err(|error| gone(Error::from(error)))?)
}

/// What a schedule watches is held as if it were called.
async fn held(cx: &Call<SageMaker>, request: &Value) -> Result<()> {
    for input in list(request, &format!("{JOB}/MonitoringInputs")) {
        if let Some(endpoint) = text(input, "/EndpointInput/EndpointName") {
            let named = [("endpoint", endpoint.as_str())];
            scope::may(cx, "sagemaker:CreateMonitoringSchedule", arns::ENDPOINT, &named).await?;
        }
    }
    Ok(())
}

/// When it runs, what it watches, and on which machines.
fn words(request: &Value) -> String {
    let mut parts = Vec::new();
    let when = text(request, "/MonitoringScheduleConfig/ScheduleConfig/ScheduleExpression");
    parts.push(when.unwrap_or_else(|| "at no time that is told".to_owned()));
    for input in list(request, &format!("{JOB}/MonitoringInputs")) {
        parts.extend(text(input, "/EndpointInput/EndpointName").map(|name| format!("watches {name}")));
    }
    let definition = text(request, "/MonitoringScheduleConfig/MonitoringJobDefinitionName");
    parts.extend(definition.map(|name| format!("by the definition {name}")));
    let machines = format!("{JOB}/MonitoringResources/ClusterConfig");
    if let Some(instance) = text(request, &format!("{machines}/InstanceType")) {
        let count = whole(request, &format!("{machines}/InstanceCount")).unwrap_or(1);
        parts.push(format!("on {count} x {instance}"));
    }
    parts.join(", ")
}
