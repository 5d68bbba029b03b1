use std::collections::BTreeMap;

use awsmcp_mcp::{Body, Call, Error, Kind, One, Output, Part, Reply, Result, Spec, Tool, counted};
use futures::future::join_all;
use schemars::{JsonSchema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    S3, arns,
    config::{
        Aspect,
        findings::{Known, public_grants},
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
                Err(error) if is_unsupported(&error) => unsupported.push(aspect.name()),
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
        let block = value(Aspect::PublicAccessBlock);
        Settings {
            versioning: text(Aspect::Versioning, "/Status").map(|status| {
                match text(Aspect::Versioning, "/MFADelete").as_deref() {
                    Some("Enabled") => format!("{status}, MFA delete"),
                    _ => status,
                }
            }),
            encryption: each(Aspect::Encryption, "Rules", encryption).into_iter().next(),
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
            acl: known.value(Aspect::Acl).map(grants).unwrap_or_default(),
            ownership: text(Aspect::Ownership, "/Rules/0/ObjectOwnership"),
            lifecycle: each(Aspect::Lifecycle, "Rules", lifecycle),
            cors: each(Aspect::Cors, "CORSRules", cors),
            logging: text(Aspect::Logging, "/LoggingEnabled/TargetBucket").map(|bucket| {
                let prefix = text(Aspect::Logging, "/LoggingEnabled/TargetPrefix").unwrap_or_default();
                format!("s3://{bucket}/{prefix}")
            }),
            replication: each(Aspect::Replication, "Rules", replication),
            object_lock: known.value(Aspect::ObjectLock).map(object_lock),
            website: text(Aspect::Website, "/IndexDocument/Suffix").or(text(
                Aspect::Website,
                "/RedirectAllRequestsTo/HostName",
            )
            .map(|host| format!("redirects to {host}"))),
            notifications: known.value(Aspect::Notifications).map(notifications).unwrap_or_default(),
            tags: tags(&value(Aspect::Tags)),
            accelerate: text(Aspect::Accelerate, "/Status"),
            // That the owner pays is the rule.
            request_payment: text(Aspect::RequestPayment, "/Payer").filter(|payer| payer != "BucketOwner"),
        }
    }
}

fn word<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn words(value: &Value, field: &str) -> String {
    let items = value.get(field).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    items.collect::<Vec<_>>().join(",")
}

fn encryption(rule: &Value) -> String {
    let mut brief = word(rule, "/ApplyServerSideEncryptionByDefault/SSEAlgorithm").to_owned();
    let key = word(rule, "/ApplyServerSideEncryptionByDefault/KMSMasterKeyID");
    if !key.is_empty() {
        brief.push_str(&format!(" {key}"));
    }
    if rule.get("BucketKeyEnabled") == Some(&Value::Bool(true)) {
        brief.push_str(", bucket key");
    }
    let blocked =
        rule.get("BlockedEncryptionTypes").map(|types| words(types, "EncryptionType")).unwrap_or_default();
    if !blocked.is_empty() && blocked != "NONE" {
        brief.push_str(&format!(", refuses {blocked}"));
    }
    brief
}

/// Whom the ACL names besides the owner.
fn grants(acl: &Value) -> Vec<String> {
    let owner = word(acl, "/Owner/ID");
    let others = acl.get("Grants").and_then(Value::as_array).into_iter().flatten().filter(|grant| {
        let is_owner = !owner.is_empty() && word(grant, "/Grantee/ID") == owner;
        !is_owner
            && word(grant, "/Grantee/URI").rsplit('/').next().is_none_or(|group| !EVERYBODY.contains(&group))
    });
    let others = others.map(|grant| {
        let who = ["/Grantee/URI", "/Grantee/ID", "/Grantee/EmailAddress"].map(|field| word(grant, field));
        let who = who.into_iter().find(|who| !who.is_empty()).unwrap_or_default();
        format!("{} to {}", word(grant, "/Permission"), who.rsplit('/').next().unwrap_or(who))
    });
    public_grants(Some(acl)).into_iter().chain(others).collect()
}

const EVERYBODY: [&str; 2] = ["AllUsers", "AuthenticatedUsers"];

fn lifecycle(rule: &Value) -> String {
    let mut does = Vec::new();
    let days = |part: &Value, field: &str| {
        part.get(field).and_then(Value::as_i64).map(|days| format!("after {days} d"))
    };
    let when = |part: &Value, field: &str| {
        days(part, field)
            .or_else(|| part.get("Date").and_then(Value::as_str).map(|date| format!("on {date}")))
            .unwrap_or_default()
    };
    let list = |field: &str| rule.get(field).and_then(Value::as_array).into_iter().flatten();
    for transition in list("Transitions") {
        does.push(format!("to {} {}", word(transition, "/StorageClass"), when(transition, "Days")));
    }
    if let Some(expiration) = rule.get("Expiration") {
        if expiration.get("ExpiredObjectDeleteMarker") == Some(&Value::Bool(true)) {
            does.push("remove lone delete markers".to_owned());
        } else {
            does.push(format!("expire {}", when(expiration, "Days")));
        }
    }
    for transition in list("NoncurrentVersionTransitions") {
        does.push(format!(
            "old versions to {} {}",
            word(transition, "/StorageClass"),
            when(transition, "NoncurrentDays")
        ));
    }
    if let Some(expiration) = rule.get("NoncurrentVersionExpiration") {
        let keep = expiration.get("NewerNoncurrentVersions").and_then(Value::as_i64);
        let keep = keep.map(|count| format!(", keep {count}")).unwrap_or_default();
        does.push(format!("old versions expire {}{keep}", when(expiration, "NoncurrentDays")));
    }
    if let Some(abort) = rule.get("AbortIncompleteMultipartUpload") {
        does.push(format!("abort uploads {}", when(abort, "DaysAfterInitiation")));
    }
    let prefix = ["/Filter/Prefix", "/Filter/And/Prefix", "/Prefix"].map(|field| word(rule, field));
    let prefix = prefix.into_iter().find(|prefix| !prefix.is_empty());
    let narrowed = rule.pointer("/Filter/And").is_some() || rule.pointer("/Filter/Tag").is_some();
    let place = match (prefix, narrowed) {
        (Some(prefix), false) => format!(" {prefix}"),
        (Some(prefix), true) => format!(" {prefix} filtered"),
        (None, true) => " filtered".to_owned(),
        (None, false) => String::new(),
    };
    let off = if word(rule, "/Status") == "Enabled" { "" } else { " (disabled)" };
    format!("{}{place}: {}{off}", word(rule, "/ID"), does.join(", ")).trim_start_matches(": ").to_owned()
}

fn cors(rule: &Value) -> String {
    format!("{} from {}", words(rule, "AllowedMethods"), words(rule, "AllowedOrigins"))
}

fn replication(rule: &Value) -> String {
    let off = if word(rule, "/Status") == "Enabled" { "" } else { " (disabled)" };
    format!("{} to {}{off}", word(rule, "/ID"), word(rule, "/Destination/Bucket")).trim_start().to_owned()
}

fn object_lock(lock: &Value) -> String {
    let Some(rule) = lock.pointer("/Rule/DefaultRetention") else {
        return "on, no default retention".to_owned();
    };
    let span = ["Days", "Years"].into_iter().find_map(|unit| Some((unit, rule.get(unit)?.as_i64()?)));
    let span = span.map(|(unit, count)| format!(" {count} {}", unit.to_lowercase())).unwrap_or_default();
    format!("{}{span} by default", word(rule, "/Mode"))
}

fn notifications(value: &Value) -> Vec<String> {
    let fields = value.as_object().into_iter().flatten();
    let each = fields.flat_map(|(kind, configurations)| {
        if kind == "EventBridgeConfiguration" {
            return vec!["all to EventBridge".to_owned()];
        }
        let to = |one: &Value| {
            let arn = ["/TopicArn", "/QueueArn", "/LambdaFunctionArn"].map(|field| word(one, field));
            let arn = arn.into_iter().find(|arn| !arn.is_empty()).unwrap_or_default();
            format!("{} to {arn}", words(one, "Events"))
        };
        configurations.as_array().into_iter().flatten().map(to).collect()
    });
    each.collect()
}

fn tags(value: &Value) -> BTreeMap<String, String> {
    let tags = value.get("TagSet").and_then(Value::as_array).into_iter().flatten();
    tags.map(|tag| (word(tag, "/Key").to_owned(), word(tag, "/Value").to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

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

    #[test]
    fn rules_read_as_a_person_would_say_them() {
        let rule = json!({"ID": "tidy", "Status": "Enabled", "Filter": {"Prefix": "tmp/"}, "Expiration": {"Days": 7},
            "Transitions": [{"Days": 3, "StorageClass": "GLACIER"}],
            "NoncurrentVersionExpiration": {"NoncurrentDays": 30, "NewerNoncurrentVersions": 2},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}});
        assert_eq!(
            lifecycle(&rule),
            "tidy tmp/: to GLACIER after 3 d, expire after 7 d, old versions expire after 30 d, keep 2, abort uploads after 1 d"
        );
        assert_eq!(
            lifecycle(&json!({"Status": "Disabled", "Expiration": {"Date": "2027-01-01T00:00:00Z"}})),
            "expire on 2027-01-01T00:00:00Z (disabled)"
        );
        assert_eq!(
            object_lock(&json!({"Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Years": 1}}})),
            "COMPLIANCE 1 years by default"
        );
        let acl = json!({"Owner": {"ID": "me"}, "Grants": [
            {"Grantee": {"ID": "me"}, "Permission": "FULL_CONTROL"},
            {"Grantee": {"URI": "http://acs.amazonaws.com/groups/global/AllUsers"}, "Permission": "READ"},
            {"Grantee": {"URI": "http://acs.amazonaws.com/groups/s3/LogDelivery"}, "Permission": "WRITE"}]});
        assert_eq!(grants(&acl), ["READ to AllUsers", "WRITE to LogDelivery"]);
    }
}
