use std::borrow::Cow;

use aws_sdk_lambda::operation::get_function_configuration::GetFunctionConfigurationOutput;
use awsmcp_mcp::{Call, Change, Error, Kind, One, Plan, Result, Risk, Spec};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{
    Lambda, arns,
    configuration::{Config, current, given},
    names::{FunctionName, RoleArn},
    runtimes::warning,
    settling::settled,
    times::modified,
};

/// Changes a function's configuration by a merge patch; the plan shows the difference. Waits until it is through.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpdateConfig {
    function: FunctionName,
    /// In AWS's names: Description, Handler, Runtime, MemorySize, Timeout, Environment.Variables, Layers, VpcConfig,
    /// DeadLetterConfig, KMSKeyArn, TracingConfig, EphemeralStorage, SnapStart, LoggingConfig, ImageConfig. null removes.
    patch: Option<Json>,
    /// ARN of a new execution role.
    role: Option<RoleArn>,
}

/// Any JSON object.
#[derive(Clone, Debug, Default, Deserialize)]
struct Json(Map<String, Value>);

impl JsonSchema for Json {
    fn schema_name() -> Cow<'static, str> {
        "Patch".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "object"})
    }
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Updated {
    function: String,
    changed: Vec<String>,
    last_update: Option<String>,
    modified: Option<String>,
}

/// What was confirmed: the configuration as it was and as it is to be, which AWS takes while the revision is that one.
#[derive(Serialize)]
pub(crate) struct Step {
    before: Config,
    after: Config,
    /// The names of what differs.
    changed: Vec<String>,
    revision: Option<String>,
    last_update: Option<String>,
    last_modified: Option<String>,
}

impl Change for UpdateConfig {
    type Service = Lambda;
    type Output = One<Updated>;
    type Items = Step;
    const SPEC: Spec = Spec::write("update_config", "Update configuration")
        .shown_by("get_function")
        .on(arns::FUNCTION, &["lambda:GetFunctionConfiguration", "lambda:UpdateFunctionConfiguration"])
        .when("role")
        .on(arns::ROLE, &["iam:PassRole"])
        .minutes(6)
        .idempotent();

    async fn plan(&self, cx: &Call<Lambda>) -> Result<Plan<Step>> {
        let function = self.checked()?;
        let out = current(cx, &function, None).await?;
        let before = Config::of(&out);
        self.readable(&out)?;
        let after = before.patched(&self.patch())?;
        let (mut old, mut new) = if cx.settings().allow.contains(&Risk::Reveal) {
            (before.json(), after.json())
        } else {
            (before.masked(&[]), after.masked(&given(&self.patch())))
        };
        let mut changed = self.changes(&before, &after, out.role.as_deref());
        // A value that is given counts as set, also where it is what the variable has: who may not see it may not find out.
        let environment = "Environment".to_owned();
        let is_hidden = !cx.settings().allow.contains(&Risk::Reveal);
        if is_hidden && !given(&self.patch()).is_empty() && !changed.contains(&environment) {
            changed.insert(0, environment);
        }
        let wanted = self.role.as_ref().map(RoleArn::to_string);
        for (shown, role) in [(&mut old, &out.role), (&mut new, &wanted)] {
            if let Some(fields) = shown.as_object_mut() {
                fields.insert("Role".to_owned(), json!(role));
                fields.retain(|name, _| changed.contains(name));
            }
        }
        let mut plan = Plan::new(if changed.is_empty() {
            format!("leave the configuration of {} as it is: nothing changes", self.function)
        } else {
            format!("change {} of {}", changed.join(", "), self.function)
        });
        plan = plan.difference(Some(&old), Some(&new));
        let lost: Vec<&str> = before
            .variables()
            .filter(|(name, _)| after.variables().all(|(kept, _)| kept != *name))
            .map(|(name, _)| name.as_str())
            .collect();
        if !lost.is_empty() {
            plan = plan.warning(format!("the values of these variables are lost: {}", lost.join(", ")));
        }
        if let Some(why) = after.runtime().and_then(warning).filter(|_| after.runtime() != before.runtime()) {
            plan = plan.warning(why);
        }
        Ok(plan.items(Step {
            before,
            after,
            changed,
            revision: out.revision_id,
            last_update: out.last_update_status.map(|status| status.to_string()),
            last_modified: out.last_modified.as_deref().map(modified),
        }))
    }

    async fn apply(self, step: Step, cx: &Call<Lambda>) -> Result<Self::Output> {
        let function = self.function.base();
        let Step { before, after, changed, revision, last_update, last_modified } = step;
        let name = self.function.to_string();
        if changed.is_empty() {
            return Ok(One(Updated { function: name, changed, last_update, modified: last_modified }));
        }
        let request = cx.client().lambda.update_function_configuration().function_name(&function);
        // What was confirmed must still hold, or values that somebody set since would be lost.
        let request = request.set_revision_id(revision).set_role(self.role.map(|role| role.to_string()));
        after.request(&before, request).send().await?;
        let done = settled(cx, &function).await?;
        Ok(One(Updated {
            function: name,
            changed,
            last_update: done.last_update_status.map(|status| status.to_string()),
            modified: done.last_modified.as_deref().map(modified),
        }))
    }
}

impl UpdateConfig {
    fn checked(&self) -> Result<String> {
        self.function.unqualified()?;
        if self.patch.is_none() && self.role.is_none() {
            return Err(Error::invalid("give `patch`, or `role`")
                .with_next("a good one is {\"function\":\"f\",\"patch\":{\"Timeout\":30}}"));
        }
        Ok(self.function.base())
    }

    /// # Errors
    /// When variables are to be changed that AWS does not show: all of them are put at once, and those would be lost.
    fn readable(&self, out: &GetFunctionConfigurationOutput) -> Result<()> {
        let hidden = out.environment.as_ref().and_then(|environment| environment.error.as_ref());
        let Some(error) = hidden.filter(|_| self.patch().contains_key("Environment")) else { return Ok(()) };
        let why = error.message.as_deref().unwrap_or("no reason was given");
        Err(Error::new(
            Kind::AccessDenied,
            format!("AWS could not decrypt the environment, so that a change would take away the variables that it has: {why}"),
        )
        .with_next("the caller needs kms:Decrypt on the function's key; get_function shows which that is"))
    }

    fn patch(&self) -> Map<String, Value> {
        self.patch.clone().unwrap_or_default().0
    }

    /// The names of what differs.
    fn changes(&self, before: &Config, after: &Config, role: Option<&str>) -> Vec<String> {
        let (before, after) = (before.json(), after.json());
        let names = |value: &Value| {
            value.as_object().map(|fields| fields.keys().cloned().collect()).unwrap_or_default()
        };
        let mut all: Vec<String> = names(&before);
        all.extend(names(&after));
        all.sort();
        all.dedup();
        all.retain(|name| before.get(name) != after.get(name));
        if self.role.as_ref().is_some_and(|wanted| Some(wanted.to_string().as_str()) != role) {
            all.push("Role".to_owned());
        }
        all
    }
}
