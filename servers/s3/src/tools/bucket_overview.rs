use std::collections::BTreeMap;

use awsmcp_mcp::{Body, Call, Error, Kind, One, Output, Part, Reply, Result, Spec, Tool, counted};
use futures::future::join_all;
use schemars::{JsonSchema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    S3, arns,
    config::{
        Aspect, brief,
        by_id::ById,
        findings::{ACCOUNT_BLOCK, Known},
        is_unsupported, policy,
    },
    names::BucketName,
};

/// Shows a bucket's configuration in brief with findings (public, unencrypted, no TLS rule, ...), or one aspect in
/// full.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BucketOverview {
    bucket: BucketName,
    /// Only this, as AWS's JSON.
    aspect: Option<Aspect>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Overview {
    bucket: String,
    /// Unless it is not known.
    region: Option<String>,
    findings: Vec<String>,
    settings: Settings,
    /// Aspects that the bucket does not have.
    none: Vec<&'static str>,
    /// What may not be read, and the action that would allow it.
    denied: Vec<String>,
    unsupported: Vec<&'static str>,
}

#[derive(Default, Serialize, JsonSchema)]
struct Settings {
    versioning: Option<String>,
    encryption: Option<String>,
    public_access_block: Vec<String>,
    policy: Option<String>,
    acl: Vec<String>,
    ownership: Option<String>,
    lifecycle: Vec<String>,
    cors: Vec<String>,
    logging: Option<String>,
    replication: Vec<String>,
    object_lock: Option<String>,
    website: Option<String>,
    notifications: Vec<String>,
    tags: BTreeMap<String, String>,
    accelerate: Option<String>,
    request_payment: Option<String>,
    intelligent_tiering: Vec<String>,
    inventory: Vec<String>,
    metrics: Vec<String>,
    analytics: Vec<String>,
}

/// The overview, or one aspect exactly as it can be put back: the brief form drops what is empty.
pub(crate) enum Shown {
    Overview(Box<Overview>),
    Aspect(Body),
}

impl Output for Shown {
    fn reply(self) -> Result<Reply> {
        match self {
            Shown::Overview(overview) => One(*overview).reply(),
            Shown::Aspect(body) => body.reply(),
        }
    }

    fn schema(generator: &mut SchemaGenerator) -> Value {
        One::<Overview>::schema(generator)
    }
}

impl Tool for BucketOverview {
    type Service = S3;
    type Output = Shown;
    const SPEC: Spec = Spec::read("bucket_overview", "Bucket overview").on(
        arns::BUCKET,
        &[
            "s3:ListBucket",
            "s3:GetBucketVersioning",
            "s3:GetEncryptionConfiguration",
            "s3:GetBucketPublicAccessBlock",
            "s3:GetBucketPolicy",
            "s3:GetBucketPolicyStatus",
            "s3:GetBucketAcl",
            "s3:GetBucketOwnershipControls",
            "s3:GetLifecycleConfiguration",
            "s3:GetBucketCORS",
            "s3:GetBucketLogging",
            "s3:GetReplicationConfiguration",
            "s3:GetBucketObjectLockConfiguration",
            "s3:GetBucketWebsite",
            "s3:GetBucketNotification",
            "s3:GetBucketTagging",
            "s3:GetAccelerateConfiguration",
            "s3:GetBucketRequestPayment",
            "s3:GetIntelligentTieringConfiguration",
            "s3:GetInventoryConfiguration",
            "s3:GetMetricsConfiguration",
            "s3:GetAnalyticsConfiguration",
        ],
    );

    async fn call(self, cx: &Call<S3>) -> Result<Self::Output> {
        match self.aspect {
            Some(aspect) => self.one(aspect, cx).await,
            None => self.all(cx).await,
        }
    }
}

impl BucketOverview {
    async fn one(self, aspect: Aspect, cx: &Call<S3>) -> Result<Shown> {
        let found = aspect.read(cx, self.bucket.as_str()).await?;
        let label = format!("{} of {}", aspect.name(), self.bucket);
        if aspect == Aspect::PublicAccessBlock {
            cx.note(ACCOUNT_BLOCK);
        }
        Ok(Shown::Aspect(match found {
            Some(value) => Body { label, parts: vec![Part::Text(value.to_string())], ..Body::default() },
            None => Body { label: format!("{label}: none"), ..Body::default() },
        }))
    }

    async fn all(self, cx: &Call<S3>) -> Result<Shown> {
        let bucket = self.bucket.as_str();
        let head = async { Ok(cx.client().head_bucket().bucket(bucket).send().await?) };
        let status = async { Ok(cx.client().get_bucket_policy_status().bucket(bucket).send().await?) };
        let aspects =
            join_all(Aspect::ALL.map(|aspect| async move { (aspect, aspect.read(cx, bucket).await) }));
        let (head, status, aspects): (Result<_>, Result<_>, _) = tokio::join!(head, status, aspects);
        let mut known = Known { is_directory: self.bucket.is_directory(), ..Known::default() };
        let (mut none, mut denied, mut unsupported) = (Vec::new(), Vec::new(), Vec::new());
        let mut refusal = None;
        for (aspect, found) in aspects {
            match found {
                Ok(value) => {
                    if value.is_none() {
                        none.push(aspect.name());
                    }
                    known.settings.push((aspect, value));
                }
                Err(error) if error.kind == Kind::AccessDenied => {
                    denied.push(lacking(aspect.name(), aspect.action()));
                    refusal = Some(error);
                }
                Err(error) if is_unsupported(&error) || is_foreign(aspect, &error) => {
                    unsupported.push(aspect.name());
                }
                Err(error) => return Err(error),
            }
        }
        if known.settings.is_empty()
            && let Some(error) = refusal
        {
            return Err(error);
        }
        if known.value(Aspect::Policy).is_some_and(|policy| !policy::guests(policy).is_empty()) {
            // Whose account is the caller's own; without that, all are named.
            known.account = cx.identity().await.ok().map(|identity| identity.account);
        }
        known.policy_is_public = match status {
            Ok(out) => out.policy_status.and_then(|status| status.is_public),
            Err(error) => {
                if error.kind == Kind::AccessDenied {
                    denied.push(lacking("policy_status", "s3:GetBucketPolicyStatus"));
                }
                None
            }
        };
        let region = match head {
            Ok(head) => head.bucket_region.or_else(|| Some(cx.region().to_owned())),
            Err(error) if is_grave(&error) => return Err(error),
            Err(error) => {
                denied.extend(hides_region(&error).then(|| lacking("region", "s3:ListBucket")));
                error.region.clone()
            }
        };
        if !self.bucket.is_directory() {
            cx.note(ACCOUNT_BLOCK);
        }
        Ok(Shown::Overview(Box::new(Overview {
            bucket: self.bucket.to_string(),
            region,
            findings: known.findings(),
            settings: Settings::new(&known),
            none,
            denied,
            unsupported,
        })))
    }
}

/// `policy (s3:GetBucketPolicy)`
fn lacking(what: &str, action: &str) -> String {
    format!("{what} ({action})")
}

/// Who may not look at the bucket itself may still read its settings.
fn is_grave(error: &Error) -> bool {
    error.kind != Kind::AccessDenied && !is_unsupported(error)
}

/// Stores that resemble S3 and buckets of other kinds may not know the question: the rest is shown all the same.
fn is_foreign(aspect: Aspect, error: &Error) -> bool {
    aspect.by_id().is_some() && error.status == Some(400)
}

/// AWS names the region even to whom it denies the bucket; not every endpoint does.
fn hides_region(error: &Error) -> bool {
    error.kind == Kind::AccessDenied && error.region.is_none()
}

impl Settings {
    fn new(known: &Known) -> Self {
        let value = |aspect| known.value(aspect).cloned().unwrap_or_default();
        let each = |aspect, field: &str, brief: fn(&Value) -> String| -> Vec<String> {
            let value = value(aspect);
            value.get(field).and_then(Value::as_array).into_iter().flatten().map(brief).collect()
        };
        let text =
            |aspect, pointer: &str| value(aspect).pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        let by_id = |aspect: Aspect, brief: fn(&Value) -> String| {
            each(aspect, aspect.by_id().map_or("", ById::list_name), brief)
        };
        let block = value(Aspect::PublicAccessBlock);
        Settings {
            versioning: text(Aspect::Versioning, "/Status").map(|status| {
                match text(Aspect::Versioning, "/MFADelete").as_deref() {
                    Some("Enabled") => format!("{status}, MFA delete"),
                    _ => status,
                }
            }),
            encryption: each(Aspect::Encryption, "Rules", brief::encryption).into_iter().next(),
            public_access_block: block
                .as_object()
                .into_iter()
                .flatten()
                .filter(|(_, on)| **on == Value::Bool(true))
                .map(|(name, _)| name.clone())
                .collect(),
            policy: known.value(Aspect::Policy).map(|policy| {
                let count = policy::statements(policy).count();
                let public = if known.policy_opens() { "public" } else { "not public" };
                format!("{}, {public}", counted(count, "statement"))
            }),
            acl: known.value(Aspect::Acl).map(brief::grants).unwrap_or_default(),
            ownership: text(Aspect::Ownership, "/Rules/0/ObjectOwnership"),
            lifecycle: each(Aspect::Lifecycle, "Rules", brief::lifecycle),
            cors: each(Aspect::Cors, "CORSRules", brief::cors),
            logging: text(Aspect::Logging, "/LoggingEnabled/TargetBucket").map(|bucket| {
                let prefix = text(Aspect::Logging, "/LoggingEnabled/TargetPrefix").unwrap_or_default();
                format!("s3://{bucket}/{prefix}")
            }),
            replication: each(Aspect::Replication, "Rules", brief::replication),
            object_lock: known.value(Aspect::ObjectLock).map(brief::object_lock),
            website: text(Aspect::Website, "/IndexDocument/Suffix").or(text(
                Aspect::Website,
                "/RedirectAllRequestsTo/HostName",
            )
            .map(|host| format!("redirects to {host}"))),
            notifications: known.value(Aspect::Notifications).map(brief::notifications).unwrap_or_default(),
            tags: brief::tags(&value(Aspect::Tags)),
            accelerate: text(Aspect::Accelerate, "/Status"),
            // That the owner pays is the rule.
            request_payment: text(Aspect::RequestPayment, "/Payer").filter(|payer| payer != "BucketOwner"),
            intelligent_tiering: by_id(Aspect::IntelligentTiering, brief::intelligent_tiering),
            inventory: by_id(Aspect::Inventory, brief::inventory),
            metrics: by_id(Aspect::Metrics, brief::metrics),
            analytics: by_id(Aspect::Analytics, brief::analytics),
        }
    }
}

#[cfg(test)]
mod tests {

    use super::*;

    #[test]
    fn a_region_that_is_not_named_is_not_guessed() {
        let mut denied = Error::new(Kind::AccessDenied, "AWS gave no reason");
        assert!(hides_region(&denied));
        denied.region = Some("eu-west-1".to_owned());
        assert!(!hides_region(&denied));
        assert_eq!(lacking("region", "s3:ListBucket"), "region (s3:ListBucket)");
    }

    #[test]
    fn what_would_allow_an_aspect_is_declared() {
        for aspect in Aspect::ALL {
            let mut declared = BucketOverview::SPEC.declared();
            assert!(declared.any(|need| need.action == aspect.action()), "{}", aspect.action());
        }
    }
}
