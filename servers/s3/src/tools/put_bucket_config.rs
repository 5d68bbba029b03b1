use std::borrow::Cow;

use awsmcp_mcp::{Call, Change, Error, One, Plan, Result, Risk, Spec, difference, quoted};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::{
    S3, arns,
    config::{
        Setting,
        risks::{Risks, expiring, given_away},
    },
    names::{BucketName, ConfigId},
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
    /// Which of the bucket's intelligent_tiering, inventory, metrics or analytics: `value` is that one.
    id: Option<ConfigId>,
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
    id: Option<String>,
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
                "s3:GetIntelligentTieringConfiguration",
                "s3:PutIntelligentTieringConfiguration",
                "s3:GetInventoryConfiguration",
                "s3:PutInventoryConfiguration",
                "s3:GetMetricsConfiguration",
                "s3:PutMetricsConfiguration",
                "s3:GetAnalyticsConfiguration",
                "s3:PutAnalyticsConfiguration",
            ],
        )
        .optional()
        .idempotent();

    async fn plan(&self, cx: &Call<S3>) -> Result<Plan<Step>> {
        self.check()?;
        let id = self.which()?;
        let value = self.value(id.as_ref());
        // Before anything is asked, and again of the whole that is put.
        if let Some(value) = &value {
            self.may(value, cx).await?;
        }
        let old = self.there(cx, id.as_ref()).await?;
        let (new, kept) = match value {
            Some(value) => {
                let (whole, kept) = self.aspect.whole(old.as_ref(), value);
                (Some(self.aspect.with_whole_keys(cx, whole).await?), kept)
            }
            None => (None, Vec::new()),
        };
        match &new {
            Some(new) => {
                self.aspect.wanted(new.clone())?;
                self.may(new, cx).await?;
            }
            None if old.is_none() => self.has_such(cx, id.as_ref()).await?,
            None => {}
        }
        if self.aspect == Setting::Lifecycle && !expiring(old.as_ref(), new.as_ref()).is_empty() {
            cx.permit("a new lifecycle rule that deletes objects or versions", Risk::Destroy)?;
        }
        let mut plan = self.shown(&self.name(id.as_ref()), old.as_ref(), new.as_ref());
        if !kept.is_empty() {
            plan = plan.warning(format!("kept, since `value` does not name it: {}", kept.join(", ")));
        }
        let others = given_away(cx, self.aspect, old.as_ref(), new.as_ref()).await?;
        plan = match others.is_empty() {
            true => plan,
            false => others.into_iter().fold(plan, Plan::warning).ask(),
        };
        if let Some(text) = self.unchecked(old.as_ref(), new.as_ref()) {
            plan = plan.warning(text);
        }
        Ok(plan.items(Step { seen: digest(old.as_ref()), put: new }))
    }

    async fn apply(self, step: Step, cx: &Call<S3>) -> Result<Self::Output> {
        let (id, bucket) = (self.which()?, self.bucket.as_str());
        // AWS replaces settings without conditions: what changed is found right before.
        let now = self.there(cx, id.as_ref()).await?;
        if digest(now.as_ref()) != step.seen {
            let name = self.name(id.as_ref());
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
                self.aspect.remove(cx, bucket, id.as_ref().map(ConfigId::as_str)).await?;
                "removed"
            }
        };
        let (aspect, id) = (self.aspect.aspect().name(), id.map(|id| id.to_string()));
        Ok(One(Done { bucket: self.bucket.to_string(), aspect, id, outcome }))
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

impl PutBucketConfig {
    /// The value, with the id of the one that it is where a bucket has many.
    fn value(&self, id: Option<&ConfigId>) -> Option<Value> {
        let Json(mut value) = self.value.clone()?;
        if let Some(id) = id {
            value.insert("Id".to_owned(), Value::String(id.to_string()));
        }
        Some(Value::Object(value))
    }

    /// Where a bucket has many of a setting, which of them the call is about.
    ///
    /// # Errors
    /// When that is not said, or said twice, or there is only one.
    fn which(&self) -> Result<Option<ConfigId>> {
        let within = self.value.as_ref().and_then(|Json(value)| value.get("Id")?.as_str());
        let name = self.aspect.aspect().name();
        match (self.aspect.by_id(), &self.id, within) {
            (None, None, _) => Ok(None),
            (None, Some(_), _) => Err(Error::invalid(format!(
                "`id` is for intelligent_tiering, inventory, metrics and analytics: a bucket has one {name}, so leave it out"
            ))),
            (Some(_), Some(id), Some(within)) if id.as_str() != within => Err(Error::invalid(format!(
                "`id` is {} and the `Id` in `value` is {}: give one of them",
                quoted(id.as_str()),
                quoted(within)
            ))),
            (Some(_), Some(id), _) => Ok(Some(id.clone())),
            (Some(_), None, Some(within)) => ConfigId::parse(within).map(Some).map_err(Error::invalid),
            (Some(_), None, None) => Err(Error::invalid(format!(
                "a bucket may have many of {name}: give `id`, or `Id` in `value`"
            ))
            .with_next(format!("bucket_overview with aspect {name} shows those that there are"))),
        }
    }

    async fn there(&self, cx: &Call<S3>, id: Option<&ConfigId>) -> Result<Option<Value>> {
        self.aspect.there(cx, self.bucket.as_str(), id.map(ConfigId::as_str)).await
    }

    /// `cors`, or `inventory "daily"`
    fn name(&self, id: Option<&ConfigId>) -> String {
        let name = self.aspect.aspect().name();
        id.map_or_else(|| name.to_owned(), |id| format!("{name} {}", quoted(id.as_str())))
    }

    /// # Errors
    /// When there is none of this id to take away; it names those that there are.
    async fn has_such(&self, cx: &Call<S3>, id: Option<&ConfigId>) -> Result<()> {
        let (Some(kind), Some(id)) = (self.aspect.by_id(), id) else { return Ok(()) };
        let ids = kind.ids(cx.client(), self.bucket.as_str()).await?;
        let there: Vec<String> = ids.iter().take(20).map(|id| quoted(id)).collect();
        let next = match there.is_empty() {
            true => format!("it has no {} at all", self.aspect.aspect().name()),
            false => format!("it has {}", there.join(", ")),
        };
        let (name, bucket) = (self.name(Some(id)), &self.bucket);
        Err(Error::invalid(format!("{bucket} has no {name}; nothing was removed")).with_next(next))
    }

    /// What nobody checks of where reports go.
    fn unchecked(&self, old: Option<&Value>, new: Option<&Value>) -> Option<String> {
        let to = self.aspect.new_receiver(old, new)?;
        let own = to.bucket.ends_with(&format!(":{}", self.bucket));
        (to.account.is_none() && !own).then(|| {
            format!(
                "whose bucket {} is was not checked: with {} beside it, AWS compares that",
                to.bucket, to.member
            )
        })
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
        match (&self.value, self.remove) {
            (Some(_), false) => Ok(()),
            (None, true) => self.aspect.removable(),
            (Some(_), true) => Err(Error::invalid("give `value` or `remove`, not both")),
            (None, false) => Err(Error::invalid(format!(
                "give `value`, or `remove: true` to take {} away",
                self.aspect.aspect().name()
            ))),
        }
    }

    /// The difference, and what it may bring about.
    fn shown(&self, name: &str, old: Option<&Value>, new: Option<&Value>) -> Plan {
        let bucket = &self.bucket;
        let (before, after) = (old.map(usual), new.map(usual));
        let same = difference(before.as_ref(), after.as_ref()).is_empty();
        let mut plan = Plan::new(match (old, new) {
            _ if same => format!("leave {name} of {bucket} as it is: nothing changes"),
            (None, _) if self.aspect.by_id().is_some() => format!("add {name} to {bucket}"),
            (None, _) => format!("set {name} of {bucket}, which has none"),
            (Some(_), Some(_)) => format!("replace {name} of {bucket}"),
            (Some(_), None) => format!("remove {name} of {bucket}"),
        });
        plan = plan.difference(before.as_ref(), after.as_ref());
        let Risks { warnings, ask } = if same { Risks::default() } else { Risks::of(self.aspect, old, new) };
        plan = warnings.into_iter().fold(plan, Plan::warning);
        if ask { plan.ask() } else { plan }
    }
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
