use awsmcp_mcp::{Call, Change, Error, Kind as ErrorKind, One, Plan, Result, Risk, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    SageMaker, arns, fields,
    jobs::{self, Kind, Object},
    names::{JobName, NewJobName, RoleArn},
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
    status: String,
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
    type Items = ();
    const SPEC: Spec = Spec::write("create_job", "Create job")
        .on(arns::NAMED_JOB, jobs::FIND)
        .on(arns::NAMED_JOB, jobs::CREATE)
        .on(arns::ROLE, &["iam:PassRole"])
        .when("clone")
        .on(arns::CLONED_JOB, &["sagemaker:ListTags"]);

    async fn plan(&self, cx: &Call<SageMaker>) -> Result<Plan> {
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
        let (from, request) = if cx.settings().allow.contains(&Risk::Reveal) {
            (wanted.from.clone(), wanted.request.clone())
        } else {
            let from = wanted.from.as_ref().map(|from| jobs::hidden(from, None));
            (from, jobs::hidden(&wanted.request, wanted.from.as_ref()))
        };
        let plan = plan.difference(from.as_ref(), Some(&request));
        let plan = if from.is_some() {
            plan.row(json!({"diff": "the whole request:"})).row(json!({"diff": request.to_string()}))
        } else {
            plan
        };
        let risks = jobs::risks(self.kind, &wanted.request, wanted.from.as_ref());
        Ok(risks.into_iter().fold(plan, Plan::warning).state(wanted.request))
    }

    async fn apply(self, (): (), cx: &Call<SageMaker>) -> Result<Self::Output> {
        let wanted = self.wanted(cx).await?;
        let arn = jobs::create(cx, self.kind, &wanted.request).await?;
        let described = jobs::describe(cx, self.kind, self.name.as_str()).await?;
        let made = jobs::Found { kind: self.kind, name: self.name.to_string(), described };
        cx.note("describe_job shows how it goes on");
        Ok(One(Created { kind: made.kind.word(), status: made.status(), arn, name: made.name }))
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
            request = merged(base.clone(), &request);
            from = Some(base);
        } else if self.request.0.is_empty() {
            return Err(Error::invalid("give `clone`, or a whole `request`").with_next(
                r#"a good one is {"kind":"training","name":"my-job-2","clone":"my-job-1","request":{"HyperParameters":{"epochs":"20"}}}"#,
            ));
        }
        let request =
            jobs::named(self.kind, request, self.name.as_str(), self.role.as_ref().map(RoleArn::as_str));
        jobs::checked(self.kind, &request)?;
        Ok(Wanted { request, from })
    }
}

/// What a job is tagged with, less what only AWS may set.
async fn tags(cx: &Call<SageMaker>, arn: Option<String>) -> Result<Vec<Value>> {
    let Some(arn) = arn else { return Ok(Vec::new()) };
    let out = cx.client().sagemaker.list_tags().resource_arn(arn).send().await?;
    let own = out.tags.unwrap_or_default().into_iter().filter_map(|tag| Some((tag.key?, tag.value?)));
    Ok(own
        .filter(|(key, _)| !key.starts_with("aws:"))
        .map(|(key, value)| json!({"Key": key, "Value": value}))
        .collect())
}

/// A merge patch (RFC 7396) on a request.
fn merged(mut base: Value, patch: &Value) -> Value {
    let Value::Object(changes) = patch else { return patch.clone() };
    if !base.is_object() {
        base = json!({});
    }
    if let Some(fields) = base.as_object_mut() {
        for (name, change) in changes {
            if change.is_null() {
                fields.shift_remove(name);
            } else {
                let before = fields.shift_remove(name).unwrap_or_default();
                fields.insert(name.clone(), merged(before, change));
            }
        }
    }
    base
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_changes_adds_and_takes_away() {
        let base = json!({"A": {"x": "1", "y": "2"}, "B": [1], "C": true});
        let patch = json!({"A": {"x": null, "z": "3"}, "B": [2, 3], "C": null});
        assert_eq!(merged(base, &patch), json!({"A": {"y": "2", "z": "3"}, "B": [2, 3]}));
    }
}
