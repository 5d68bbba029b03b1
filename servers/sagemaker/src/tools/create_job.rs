use awsmcp_mcp::{Call, Change, Error, Kind as ErrorKind, One, Plan, Result, Spec, patched};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    SageMaker, arns, fields,
    jobs::{self, Kind, Object},
    names::{JobName, NewJobName, RoleArn},
    scope,
    secrets::shown,
    tags::tags,
};

/// Runs a job: an earlier one again (`clone`) with changes, or a whole `request` in AWS's own words. The plan shows all of it and what differs.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateJob {
    kind: Kind,
    /// Of the new job.
    name: NewJobName,
    /// The job to run again.
    clone: Option<JobName>,
    /// AWS's Create...Job request, without the name; of a clone only what differs, null takes a field away.
    #[serde(default)]
    request: Object,
    /// ARN, in place of the request's.
    role: Option<RoleArn>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Created {
    kind: &'static str,
    name: String,
    status: Option<String>,
    arn: Option<String>,
}

/// What is to be run, and what it is made from.
struct Wanted {
    request: Value,
    /// The request of the job it was cloned from.
    from: Option<Value>,
}

impl Change for CreateJob {
    type Service = SageMaker;
    type Output = One<Created>;
    /// The whole request.
    type Items = Value;
    const SPEC: Spec = Spec::write("create_job", "Create job")
        .shown_by("describe_job")
        .on(arns::NAMED_JOB, jobs::FIND)
        .on(arns::NAMED_JOB, jobs::CREATE)
        .on(arns::ROLE, &["iam:PassRole"])
        .when("clone")
        .on(arns::CLONED_JOB, &["sagemaker:ListTags"]);

    async fn plan(&self, cx: &Call<SageMaker>) -> Result<Plan<Value>> {
        self.is_free(cx).await?;
        let wanted = self.wanted(cx).await?;
        let effort = jobs::effort(self.kind, &wanted.request);
        let role = fields::text(&wanted.request, "/RoleArn")
            .or_else(|| fields::text(&wanted.request, "/TrainingJobDefinition/RoleArn"));
        let headline = [
            Some(format!("run the {} job {}", self.kind, self.name)),
            self.clone.as_ref().map(|clone| format!(" as {clone} was")),
            Some(effort).filter(|effort| !effort.is_empty()).map(|effort| format!(": {effort}")),
            role.map(|role| format!("; role {role}")),
        ];
        let plan = Plan::new(headline.into_iter().flatten().collect::<String>());
        let from = wanted.from.as_ref().map(|from| shown(cx, from, None));
        let given = Value::Object(self.request.0.clone());
        let request = shown(cx, &wanted.request, from.as_ref().map(|_| &given));
        let plan = plan.difference(from.as_ref(), Some(&request));
        let plan = if from.is_some() {
            plan.row(json!({"diff": "the whole request:"})).row(json!({"diff": request.to_string()}))
        } else {
            plan
        };
        let risks = jobs::risks(self.kind, &wanted.request, wanted.from.as_ref());
        Ok(risks.into_iter().fold(plan, Plan::warning).items(wanted.request))
    }

    async fn apply(self, request: Value, cx: &Call<SageMaker>) -> Result<Self::Output> {
        let arn = jobs::create(cx, self.kind, &request).await?;
        let name = self.name.to_string();
        cx.note("describe_job shows how it goes on");
        // It was made, whatever becomes of this look.
        let status = match jobs::describe(cx, self.kind, &name).await {
            Ok(described) => Some(jobs::Found { kind: self.kind, name: name.clone(), described }.status()),
            Err(error) => {
                cx.note(format!("it was made, but its status cannot be read: {}", error.message));
                None
            }
        };
        Ok(One(Created { kind: self.kind.word(), name, status, arn }))
    }
}

impl CreateJob {
    /// Only the plan needs to look: AWS refuses a name that is taken.
    async fn is_free(&self, cx: &Call<SageMaker>) -> Result<()> {
        // Of these AWS takes shorter names than of others.
        let most = if matches!(self.kind, Kind::Tuning | Kind::Automl) { 32 } else { 63 };
        if self.name.as_str().len() > most {
            return Err(Error::invalid(format!(
                "`name` {:?} is not a name of a {} job",
                self.name.as_str(),
                self.kind
            ))
            .with_next(format!("a good one is my-{}-2, at most {most} long", self.kind)));
        }
        match jobs::describe(cx, self.kind, self.name.as_str()).await {
            Ok(_) => Err(Error::conflict(format!("there is a {} job {} already", self.kind, self.name))
                .with_next("names of jobs are never free again: choose another")),
            Err(error) if error.kind == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn wanted(&self, cx: &Call<SageMaker>) -> Result<Wanted> {
        let mut from = None;
        let mut request = Value::Object(self.request.0.clone());
        jobs::worded(&mut request);
        if let Some(clone) = &self.clone {
            jobs::told(Some(self.kind), clone)?;
            let described = jobs::describe(cx, self.kind, clone.as_str()).await?;
            let mut base = jobs::base(self.kind, &described)?;
            let found = jobs::Found { kind: self.kind, name: clone.to_string(), described };
            let tags = tags(cx, found.arn()).await?;
            if let Some(fields) = base.as_object_mut()
                && !tags.is_empty()
            {
                fields.insert("Tags".to_owned(), Value::Array(tags));
            }
            request = patched(base.clone(), &request);
            from = Some(base);
        } else if self.request.0.is_empty() {
            return Err(Error::invalid("give `clone`, or a whole `request`").with_next(
                r#"a good one is {"kind":"training","name":"my-job-2","clone":"my-job-1","request":{"HyperParameters":{"epochs":"20"}}}"#,
            ));
        }
        let request =
            jobs::named(self.kind, request, self.name.as_str(), self.role.as_ref().map(RoleArn::as_str));
        jobs::checked(self.kind, &request)?;
        // What a job runs is held as if it were called.
        if let Some(model) = fields::text(&request, "/ModelName") {
            let named = [("answer.model", model.as_str())];
            scope::may(cx, "sagemaker:CreateTransformJob", arns::MODEL_OF_ENDPOINT, &named).await?;
        }
        Ok(Wanted { request, from })
    }
}
