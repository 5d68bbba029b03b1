use std::borrow::Cow;

use awsmcp_mcp::{Call, Change, Error, One, Plan, Result, Risk, Spec, difference};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::{
    S3, arns,
    config::{Setting, policy},
    names::BucketName,
};

/// Replaces or removes one aspect of a bucket's configuration; the plan shows the difference.
///
/// What opens the bucket to the public or deletes objects is confirmed first.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PutBucketConfig {
    bucket: BucketName,
    aspect: Setting,
    /// In AWS's JSON, as `bucket_overview` shows it with `aspect`. Members not named stay; null removes one.
    value: Option<Json>,
    #[serde(default)]
    remove: bool,
}

/// Any JSON object.
#[derive(Clone, Debug, Deserialize)]
struct Json(Map<String, Value>);

impl JsonSchema for Json {
    fn schema_name() -> Cow<'static, str> {
        "Json".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "object"})
    }
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Done {
    bucket: String,
    aspect: &'static str,
    outcome: &'static str,
}

impl Change for PutBucketConfig {
    type Service = S3;
    type Output = One<Done>;
    type Items = Step;
    const SPEC: Spec = Spec::write("put_bucket_config", "Configure bucket")
        .shown_by("bucket_overview")
        .on(
            arns::BUCKET,
            &[
                "s3:GetBucketVersioning",
                "s3:PutBucketVersioning",
                "s3:GetEncryptionConfiguration",
                "s3:PutEncryptionConfiguration",
                "s3:GetBucketPublicAccessBlock",
                "s3:PutBucketPublicAccessBlock",
                "s3:GetBucketPolicy",
                "s3:PutBucketPolicy",
                "s3:DeleteBucketPolicy",
                "s3:GetBucketOwnershipControls",
                "s3:PutBucketOwnershipControls",
                "s3:GetLifecycleConfiguration",
                "s3:PutLifecycleConfiguration",
                "s3:GetBucketCORS",
                "s3:PutBucketCORS",
                "s3:GetBucketLogging",
                "s3:PutBucketLogging",
                "s3:GetBucketTagging",
                "s3:PutBucketTagging",
                "s3:GetBucketNotification",
                "s3:PutBucketNotification",
                "s3:GetBucketWebsite",
                "s3:PutBucketWebsite",
                "s3:DeleteBucketWebsite",
                "s3:GetBucketObjectLockConfiguration",
                "s3:PutBucketObjectLockConfiguration",
            ],
        )
        .optional()
        .idempotent();

    async fn plan(&self, cx: &Call<S3>) -> Result<Plan<Step>> {
        self.check()?;
        // Before anything is asked, and again of the whole that is put.
        if let Some(value) = self.value() {
            self.may(&value, cx).await?;
        }
        let old = self.aspect.aspect().read(cx, self.bucket.as_str()).await?;
        let (new, kept) = match self.value() {
            Some(value) => {
                let (whole, kept) = self.aspect.whole(old.as_ref(), value);
                (Some(self.aspect.with_whole_keys(cx, whole).await?), kept)
            }
            None => (None, Vec::new()),
        };
        if let Some(new) = &new {
            self.aspect.wanted(new.clone())?;
            self.may(new, cx).await?;
        }
        if self.aspect == Setting::Lifecycle && !expiring(old.as_ref(), new.as_ref()).is_empty() {
            cx.permit("a new lifecycle rule that deletes objects or versions", Risk::Destroy)?;
        }
        let mut plan = plan(&self.bucket, self.aspect, old.as_ref(), new.as_ref());
        if !kept.is_empty() {
            plan = plan.warning(format!("kept, since `value` does not name it: {}", kept.join(", ")));
        }
        if self.aspect == Setting::Policy {
            let others = let_in(cx, old.as_ref(), new.as_ref()).await?;
            plan = match others.is_empty() {
                true => plan,
                false => others.into_iter().fold(plan, Plan::warning).ask(),
            };
        }
        Ok(plan.items(Step { seen: digest(old.as_ref()), put: new }))
    }

    async fn apply(self, step: Step, cx: &Call<S3>) -> Result<Self::Output> {
        let (name, bucket) = (self.aspect.aspect().name(), self.bucket.as_str());
        // AWS replaces settings without conditions: what changed is found right before.
        let now = self.aspect.aspect().read(cx, bucket).await?;
        if digest(now.as_ref()) != step.seen {
            return Err(Error::conflict(format!(
                "{name} of {bucket} changed since the plan, and was left as it is"
            ))
            .with_next("call again: the plan is then of what is there now"));
        }
        let outcome = match step.put {
            Some(value) => {
                self.aspect.wanted(value)?.put(cx, bucket).await?;
                "set"
            }
            None => {
                self.aspect.remove(cx, bucket).await?;
                "removed"
            }
        };
        Ok(One(Done { bucket: self.bucket.to_string(), aspect: name, outcome }))
    }
}

/// What is put in place of what the plan saw.
#[derive(Serialize)]
pub(crate) struct Step {
    /// The digest of the setting as it was.
    seen: String,
    /// None takes the setting away.
    put: Option<Value>,
}

fn digest(value: Option<&Value>) -> String {
    let text = value.map(Value::to_string).unwrap_or_default();
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Which other accounts a policy newly lets in, each in a sentence.
async fn let_in(cx: &Call<S3>, old: Option<&Value>, new: Option<&Value>) -> Result<Vec<String>> {
    let guests = new.map(policy::guests).unwrap_or_default();
    let before = old.map(policy::guests).unwrap_or_default();
    let mut fresh = guests.into_iter().filter(|guest| !before.contains(guest)).peekable();
    if fresh.peek().is_none() {
        return Ok(Vec::new());
    }
    let own = cx.identity().await?.account;
    let others = fresh.filter(|guest| guest.account != own);
    Ok(others.map(|guest| guest.to_string()).collect())
}

impl PutBucketConfig {
    fn value(&self) -> Option<Value> {
        self.value.clone().map(|Json(value)| Value::Object(value))
    }

    /// # Errors
    /// When the value names something that is no such thing, or that is outside the operator's list.
    async fn may(&self, value: &Value, cx: &Call<S3>) -> Result<()> {
        for named in self.aspect.named(value)? {
            named.may(cx).await?;
        }
        Ok(())
    }

    /// # Errors
    /// When the arguments do not go together, or AWS has no way to remove the setting.
    fn check(&self) -> Result<()> {
        match (self.value(), self.remove) {
            (Some(_), false) => Ok(()),
            (None, true) => self.aspect.removable(),
            (Some(_), true) => Err(Error::invalid("give `value` or `remove`, not both")),
            (None, false) => Err(Error::invalid(format!(
                "give `value`, or `remove: true` to take {} away",
                self.aspect.aspect().name()
            ))),
        }
    }
}

fn plan(bucket: &BucketName, setting: Setting, old: Option<&Value>, new: Option<&Value>) -> Plan {
    let name = setting.aspect().name();
    let (before, after) = (old.map(usual), new.map(usual));
    let same = difference(before.as_ref(), after.as_ref()).is_empty();
    let mut plan = Plan::new(match (old, new) {
        _ if same => format!("leave {name} of {bucket} as it is: nothing changes"),
        (None, _) => format!("set {name} of {bucket}, which has none"),
        (Some(_), Some(_)) => format!("replace {name} of {bucket}"),
        (Some(_), None) => format!("remove {name} of {bucket}"),
    });
    plan = plan.difference(before.as_ref(), after.as_ref());
    let Risks { warnings, ask } = if same { Risks::default() } else { risks(setting, old, new) };
    plan = warnings.into_iter().fold(plan, Plan::warning);
    if ask { plan.ask() } else { plan }
}

/// Without what AWS adds to every lifecycle by itself.
fn usual(value: &Value) -> Value {
    let mut value = value.clone();
    let field = "TransitionDefaultMinimumObjectSize";
    if let Some(fields) = value.as_object_mut()
        && fields.get(field).and_then(Value::as_str) == Some("all_storage_classes_128K")
    {
        fields.remove(field);
    }
    value
}

#[derive(Debug, Default)]
struct Risks {
    warnings: Vec<String>,
    ask: bool,
}

impl Risks {
    fn warn(&mut self, text: impl Into<String>) {
        self.warnings.push(text.into());
    }

    fn ask(&mut self, text: impl Into<String>) {
        self.warn(text);
        self.ask = true;
    }
}

fn risks(setting: Setting, old: Option<&Value>, new: Option<&Value>) -> Risks {
    let mut risks = Risks::default();
    let is = |value: Option<&Value>, pointer: &str, wanted: &str| {
        value.and_then(|value| value.pointer(pointer)).and_then(Value::as_str) == Some(wanted)
    };
    match setting {
        Setting::Policy => {
            let open = new.map(policy::open_statements).unwrap_or_default();
            if !open.is_empty() {
                risks.ask(format!("public: anybody is let in by statement {}", open.join(", ")));
            }
            if new.is_some_and(policy::locks_out) {
                risks.ask(
                    "a statement denies everybody everything: only the account's root user could undo it",
                );
            }
            if old.is_some_and(policy::requires_tls) && !new.is_some_and(policy::requires_tls) {
                risks.warn("the rule that denies requests without TLS goes away");
            }
            let kept = new.map(policy::denials).unwrap_or_default();
            let lost = old.map(policy::denials).unwrap_or_default();
            let lost: Vec<String> = lost.into_iter().filter(|denial| !kept.contains(denial)).collect();
            if !lost.is_empty() {
                risks.warn(format!("what these statements deny is no longer denied: {}", lost.join(", ")));
            }
        }
        Setting::PublicAccessBlock => {
            let on = |value: Option<&Value>, name: &str| {
                value.and_then(|value| value.get(name)).and_then(Value::as_bool).unwrap_or(false)
            };
            let names = ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"];
            let off: Vec<&str> = names.into_iter().filter(|name| on(old, name) && !on(new, name)).collect();
            if !off.is_empty() {
                risks.ask(format!("public access becomes possible: {} goes off", off.join(", ")));
            }
        }
        Setting::Ownership => {
            let enforced = |value| is(value, "/Rules/0/ObjectOwnership", "BucketOwnerEnforced");
            if enforced(old) && !enforced(new) {
                risks.ask("ACLs come into force again: those of objects and bucket may be public");
            }
        }
        Setting::Lifecycle => {
            let fresh = expiring(old, new);
            if !fresh.is_empty() {
                risks.ask(format!("objects or versions will be deleted by rule {}", fresh.join(", ")));
            }
        }
        Setting::Versioning => {
            if is(new, "/Status", "Suspended") {
                risks.warn("what is overwritten or deleted from now on is gone; versions so far stay");
            }
        }
        Setting::Encryption => {
            if new.is_none() {
                risks.warn("new objects are encrypted with S3's own keys (SSE-S3) from now on");
            }
        }
        Setting::ObjectLock => {
            if is(new, "/Rule/DefaultRetention/Mode", "COMPLIANCE") {
                risks.ask(
                    "nobody, root included, can delete new objects before their COMPLIANCE retention ends",
                );
            }
        }
        Setting::Website => {
            if old.is_none() {
                risks.warn("a website endpoint serves plain HTTP, and only what is public");
            }
        }
        Setting::Notifications => {
            if old.is_some() && new.is_none() {
                risks.warn("what listens to this bucket hears nothing any more");
            }
        }
        Setting::Cors | Setting::Logging | Setting::Tags => {}
    }
    risks
}

/// The names of the rules that delete what is not deleted so far.
fn expiring(old: Option<&Value>, new: Option<&Value>) -> Vec<String> {
    let expires = |rule: &&Value| {
        ["Expiration", "NoncurrentVersionExpiration"].iter().any(|field| rule.get(field).is_some())
    };
    let before: Vec<&Value> = rules(old).filter(expires).collect();
    rules(new).filter(expires).filter(|rule| !before.contains(rule)).map(named).collect()
}

fn rules(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(|value| value.get("Rules")).and_then(Value::as_array).into_iter().flatten()
}

fn named(rule: &Value) -> String {
    let id = rule.get("ID").and_then(Value::as_str).unwrap_or_default();
    if id.is_empty() { "without ID".to_owned() } else { id.to_owned() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_opens_deletes_or_locks_is_asked_about() {
        let asks =
            |setting, old: Option<Value>, new: Option<Value>| risks(setting, old.as_ref(), new.as_ref()).ask;
        let block = |on: bool| Some(json!({"BlockPublicAcls": on, "IgnorePublicAcls": true}));
        assert!(asks(Setting::PublicAccessBlock, block(true), block(false)));
        assert!(asks(Setting::PublicAccessBlock, block(true), None));
        assert!(!asks(Setting::PublicAccessBlock, block(false), block(true)));
        let policy = |who: &str, effect: &str| {
            Some(json!({"Statement": [{"Effect": effect, "Principal": {"AWS": who}, "Action": "s3:*"}]}))
        };
        assert!(asks(Setting::Policy, None, policy("*", "Allow")));
        assert!(asks(Setting::Policy, None, policy("*", "Deny")));
        assert!(!asks(Setting::Policy, None, policy("arn:aws:iam::123456789012:root", "Allow")));
        let ownership = |how: &str| Some(json!({"Rules": [{"ObjectOwnership": how}]}));
        assert!(asks(Setting::Ownership, ownership("BucketOwnerEnforced"), ownership("ObjectWriter")));
        assert!(!asks(Setting::Ownership, ownership("ObjectWriter"), ownership("BucketOwnerEnforced")));
        let rule = |days: i32| {
            Some(json!({"Rules": [{"ID": "r", "Status": "Enabled", "Expiration": {"Days": days}}]}))
        };
        assert!(asks(Setting::Lifecycle, None, rule(1)));
        assert!(asks(Setting::Lifecycle, rule(2), rule(1)));
        assert!(!asks(Setting::Lifecycle, rule(1), rule(1)));
        assert!(!asks(Setting::Lifecycle, rule(1), None));
        let lock = |mode: &str| Some(json!({"Rule": {"DefaultRetention": {"Mode": mode, "Days": 1}}}));
        assert!(asks(Setting::ObjectLock, None, lock("COMPLIANCE")));
        assert!(!asks(Setting::ObjectLock, None, lock("GOVERNANCE")));
    }
}
