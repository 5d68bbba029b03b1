//! A bucket's settings: reading, changing and removing each in AWS's own shape.

pub(crate) mod findings;
pub(crate) mod policy;
mod shapes;

use aws_sdk_s3::{error::BuildError, types};
use awsmcp_mcp::{Call, Error, Kind, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use shapes::Shape;

use crate::S3;

// One aspect of a bucket's configuration. Not a doc comment: that would be text of every schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Aspect {
    Versioning,
    Encryption,
    PublicAccessBlock,
    Policy,
    Acl,
    Ownership,
    Lifecycle,
    Cors,
    Logging,
    Replication,
    ObjectLock,
    Website,
    Notifications,
    Tags,
    Accelerate,
    RequestPayment,
}

impl Aspect {
    pub(crate) const ALL: [Aspect; 16] = [
        Aspect::Versioning,
        Aspect::Encryption,
        Aspect::PublicAccessBlock,
        Aspect::Policy,
        Aspect::Acl,
        Aspect::Ownership,
        Aspect::Lifecycle,
        Aspect::Cors,
        Aspect::Logging,
        Aspect::Replication,
        Aspect::ObjectLock,
        Aspect::Website,
        Aspect::Notifications,
        Aspect::Tags,
        Aspect::Accelerate,
        Aspect::RequestPayment,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Aspect::Versioning => "versioning",
            Aspect::Encryption => "encryption",
            Aspect::PublicAccessBlock => "public_access_block",
            Aspect::Policy => "policy",
            Aspect::Acl => "acl",
            Aspect::Ownership => "ownership",
            Aspect::Lifecycle => "lifecycle",
            Aspect::Cors => "cors",
            Aspect::Logging => "logging",
            Aspect::Replication => "replication",
            Aspect::ObjectLock => "object_lock",
            Aspect::Website => "website",
            Aspect::Notifications => "notifications",
            Aspect::Tags => "tags",
            Aspect::Accelerate => "accelerate",
            Aspect::RequestPayment => "request_payment",
        }
    }

    /// The IAM action that reads it.
    pub(crate) fn action(self) -> &'static str {
        match self {
            Aspect::Versioning => "s3:GetBucketVersioning",
            Aspect::Encryption => "s3:GetEncryptionConfiguration",
            Aspect::PublicAccessBlock => "s3:GetBucketPublicAccessBlock",
            Aspect::Policy => "s3:GetBucketPolicy",
            Aspect::Acl => "s3:GetBucketAcl",
            Aspect::Ownership => "s3:GetBucketOwnershipControls",
            Aspect::Lifecycle => "s3:GetLifecycleConfiguration",
            Aspect::Cors => "s3:GetBucketCORS",
            Aspect::Logging => "s3:GetBucketLogging",
            Aspect::Replication => "s3:GetReplicationConfiguration",
            Aspect::ObjectLock => "s3:GetBucketObjectLockConfiguration",
            Aspect::Website => "s3:GetBucketWebsite",
            Aspect::Notifications => "s3:GetBucketNotification",
            Aspect::Tags => "s3:GetBucketTagging",
            Aspect::Accelerate => "s3:GetAccelerateConfiguration",
            Aspect::RequestPayment => "s3:GetBucketRequestPayment",
        }
    }

    /// The aspect as AWS has it; none where the bucket has none.
    pub(crate) async fn read(self, cx: &Call<S3>, bucket: &str) -> Result<Option<Value>> {
        match self.ask(cx, bucket).await {
            Ok(value) => value
                .map(|mut value| {
                    without_nulls(&mut value);
                    value
                })
                .filter(says_something)
                .map(Ok)
                .transpose(),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn ask(self, cx: &Call<S3>, bucket: &str) -> Result<Option<Value>> {
        let client = cx.client();
        Ok(match self {
            Aspect::Versioning => {
                let out = client.get_bucket_versioning().bucket(bucket).send().await?;
                Some(json!({
                    "Status": out.status.map(|status| status.as_str().to_owned()),
                    "MFADelete": out.mfa_delete.map(|status| status.as_str().to_owned()),
                }))
            }
            Aspect::Encryption => {
                let out = client.get_bucket_encryption().bucket(bucket).send().await?;
                shown::<_, shapes::ServerSideEncryptionConfiguration>(
                    out.server_side_encryption_configuration,
                )?
            }
            Aspect::PublicAccessBlock => {
                let out = client.get_public_access_block().bucket(bucket).send().await?;
                shown::<_, shapes::PublicAccessBlockConfiguration>(out.public_access_block_configuration)?
            }
            Aspect::Policy => {
                let out = client.get_bucket_policy().bucket(bucket).send().await?;
                out.policy.map(|text| serde_json::from_str(&text).unwrap_or(Value::String(text)))
            }
            Aspect::Acl => {
                let out = client.get_bucket_acl().bucket(bucket).send().await?;
                let policy =
                    types::AccessControlPolicy::builder().set_grants(out.grants).set_owner(out.owner).build();
                shown::<_, shapes::AccessControlPolicy>(Some(policy))?
            }
            Aspect::Ownership => {
                let out = client.get_bucket_ownership_controls().bucket(bucket).send().await?;
                shown::<_, shapes::OwnershipControls>(out.ownership_controls)?
            }
            Aspect::Lifecycle => {
                let out = client.get_bucket_lifecycle_configuration().bucket(bucket).send().await?;
                let rules: Vec<shapes::LifecycleRule> = Shape::of(out.rules.unwrap_or_default());
                Some(json!({
                    "Rules": serde_json::to_value(rules).map_err(unreadable)?,
                    "TransitionDefaultMinimumObjectSize":
                        out.transition_default_minimum_object_size.map(|size| size.as_str().to_owned()),
                }))
            }
            Aspect::Cors => {
                let out = client.get_bucket_cors().bucket(bucket).send().await?;
                let rules: Vec<shapes::CorsRule> = Shape::of(out.cors_rules.unwrap_or_default());
                Some(json!({"CORSRules": serde_json::to_value(rules).map_err(unreadable)?}))
            }
            Aspect::Logging => {
                let out = client.get_bucket_logging().bucket(bucket).send().await?;
                let status =
                    types::BucketLoggingStatus::builder().set_logging_enabled(out.logging_enabled).build();
                shown::<_, shapes::BucketLoggingStatus>(Some(status))?
            }
            Aspect::Replication => {
                let out = client.get_bucket_replication().bucket(bucket).send().await?;
                shown::<_, shapes::ReplicationConfiguration>(out.replication_configuration)?
            }
            Aspect::ObjectLock => {
                let out = client.get_object_lock_configuration().bucket(bucket).send().await?;
                shown::<_, shapes::ObjectLockConfiguration>(out.object_lock_configuration)?
            }
            Aspect::Website => {
                let out = client.get_bucket_website().bucket(bucket).send().await?;
                let website = types::WebsiteConfiguration::builder()
                    .set_error_document(out.error_document)
                    .set_index_document(out.index_document)
                    .set_redirect_all_requests_to(out.redirect_all_requests_to)
                    .set_routing_rules(out.routing_rules)
                    .build();
                shown::<_, shapes::WebsiteConfiguration>(Some(website))?
            }
            Aspect::Notifications => {
                let out = client.get_bucket_notification_configuration().bucket(bucket).send().await?;
                let notifications = types::NotificationConfiguration::builder()
                    .set_topic_configurations(out.topic_configurations)
                    .set_queue_configurations(out.queue_configurations)
                    .set_lambda_function_configurations(out.lambda_function_configurations)
                    .set_event_bridge_configuration(out.event_bridge_configuration)
                    .build();
                shown::<_, shapes::NotificationConfiguration>(Some(notifications))?
            }
            Aspect::Tags => {
                let out = client.get_bucket_tagging().bucket(bucket).send().await?;
                let tags: Vec<shapes::Tag> = Shape::of(out.tag_set);
                Some(json!({"TagSet": serde_json::to_value(tags).map_err(unreadable)?}))
            }
            Aspect::Accelerate => {
                let out = client.get_bucket_accelerate_configuration().bucket(bucket).send().await?;
                Some(json!({"Status": out.status.map(|status| status.as_str().to_owned())}))
            }
            Aspect::RequestPayment => {
                let out = client.get_bucket_request_payment().bucket(bucket).send().await?;
                Some(json!({"Payer": out.payer.map(|payer| payer.as_str().to_owned())}))
            }
        })
    }
}

// The aspects that can be changed. Not a doc comment: that would be text of every schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Setting {
    Versioning,
    Encryption,
    PublicAccessBlock,
    Policy,
    Ownership,
    Lifecycle,
    Cors,
    Logging,
    Tags,
    Notifications,
    Website,
    ObjectLock,
}

/// A change that AWS's types can carry.
#[derive(Clone, Debug)]
pub(crate) enum Wanted {
    Versioning(types::VersioningConfiguration),
    Encryption(types::ServerSideEncryptionConfiguration),
    PublicAccessBlock(types::PublicAccessBlockConfiguration),
    Policy(String),
    Ownership(types::OwnershipControls),
    Lifecycle(types::BucketLifecycleConfiguration, Option<types::TransitionDefaultMinimumObjectSize>),
    Cors(types::CorsConfiguration),
    Logging(types::BucketLoggingStatus),
    Tags(types::Tagging),
    Notifications(types::NotificationConfiguration),
    Website(types::WebsiteConfiguration),
    ObjectLock(types::ObjectLockConfiguration),
}

/// The CLI has the second as a parameter of its own; here the two are one setting.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Lifecycle {
    #[serde(rename = "Rules")]
    rules: Vec<shapes::LifecycleRule>,
    #[serde(rename = "TransitionDefaultMinimumObjectSize")]
    least: Option<String>,
}

impl Setting {
    pub(crate) fn aspect(self) -> Aspect {
        match self {
            Setting::Versioning => Aspect::Versioning,
            Setting::Encryption => Aspect::Encryption,
            Setting::PublicAccessBlock => Aspect::PublicAccessBlock,
            Setting::Policy => Aspect::Policy,
            Setting::Ownership => Aspect::Ownership,
            Setting::Lifecycle => Aspect::Lifecycle,
            Setting::Cors => Aspect::Cors,
            Setting::Logging => Aspect::Logging,
            Setting::Tags => Aspect::Tags,
            Setting::Notifications => Aspect::Notifications,
            Setting::Website => Aspect::Website,
            Setting::ObjectLock => Aspect::ObjectLock,
        }
    }

    /// A good value, for whoever gave a bad one.
    fn example(self) -> &'static str {
        match self {
            Setting::Versioning => r#"{"Status":"Enabled"}"#,
            Setting::Encryption => {
                r#"{"Rules":[{"ApplyServerSideEncryptionByDefault":{"SSEAlgorithm":"aws:kms","KMSMasterKeyID":"KEY ARN"},"BucketKeyEnabled":true}]}"#
            }
            Setting::PublicAccessBlock => {
                r#"{"BlockPublicAcls":true,"IgnorePublicAcls":true,"BlockPublicPolicy":true,"RestrictPublicBuckets":true}"#
            }
            Setting::Policy => {
                r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::BUCKET","arn:aws:s3:::BUCKET/*"],"Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}"#
            }
            Setting::Ownership => r#"{"Rules":[{"ObjectOwnership":"BucketOwnerEnforced"}]}"#,
            Setting::Lifecycle => {
                r#"{"Rules":[{"ID":"tidy","Status":"Enabled","Filter":{"Prefix":""},"AbortIncompleteMultipartUpload":{"DaysAfterInitiation":7}}]}"#
            }
            Setting::Cors => {
                r#"{"CORSRules":[{"AllowedOrigins":["https://example.com"],"AllowedMethods":["GET"],"AllowedHeaders":["*"]}]}"#
            }
            Setting::Logging => r#"{"LoggingEnabled":{"TargetBucket":"my-logs","TargetPrefix":"s3/"}}"#,
            Setting::Tags => r#"{"TagSet":[{"Key":"team","Value":"web"}]}"#,
            Setting::Notifications => {
                r#"{"QueueConfigurations":[{"QueueArn":"ARN","Events":["s3:ObjectCreated:*"]}]}"#
            }
            Setting::Website => r#"{"IndexDocument":{"Suffix":"index.html"}}"#,
            Setting::ObjectLock => {
                r#"{"ObjectLockEnabled":"Enabled","Rule":{"DefaultRetention":{"Mode":"GOVERNANCE","Days":30}}}"#
            }
        }
    }

    /// Reads a value in AWS's shape.
    ///
    /// # Errors
    /// Names the field or the word that AWS does not know, and shows a good value.
    pub(crate) fn wanted(self, value: Value) -> Result<Wanted> {
        self.read(value).map_err(|wrong| {
            Error::invalid(format!("`value` of {} is not AWS's shape: {wrong}", self.aspect().name()))
                .with_next(format!("a good one is {}", self.example()))
        })
    }

    fn read(self, value: Value) -> Result<Wanted, String> {
        Ok(match self {
            Setting::Versioning => {
                let shape: shapes::VersioningConfiguration = from(value)?;
                if shape.mfa_delete.is_some() {
                    return Err(
                        "MFADelete can only be changed by the root user with an MFA device, not here"
                            .to_owned(),
                    );
                }
                Wanted::Versioning(shape.sdk()?)
            }
            Setting::Encryption => {
                Wanted::Encryption(shape::<shapes::ServerSideEncryptionConfiguration, _>(value)?)
            }
            Setting::PublicAccessBlock => {
                Wanted::PublicAccessBlock(shape::<shapes::PublicAccessBlockConfiguration, _>(value)?)
            }
            Setting::Policy => match value.get("Statement") {
                Some(_) => Wanted::Policy(value.to_string()),
                None => return Err("a policy has the field `Statement`".to_owned()),
            },
            Setting::Ownership => Wanted::Ownership(shape::<shapes::OwnershipControls, _>(value)?),
            Setting::Lifecycle => {
                let Lifecycle { rules, least } = from(value)?;
                let rules =
                    types::BucketLifecycleConfiguration::builder().set_rules(Some(rules.sdk()?)).build();
                Wanted::Lifecycle(rules.map_err(|error| error.to_string())?, least.sdk()?)
            }
            Setting::Cors => Wanted::Cors(shape::<shapes::CorsConfiguration, _>(value)?),
            Setting::Logging => Wanted::Logging(shape::<shapes::BucketLoggingStatus, _>(value)?),
            Setting::Tags => Wanted::Tags(shape::<shapes::Tagging, _>(value)?),
            Setting::Notifications => {
                Wanted::Notifications(shape::<shapes::NotificationConfiguration, _>(value)?)
            }
            Setting::Website => Wanted::Website(shape::<shapes::WebsiteConfiguration, _>(value)?),
            Setting::ObjectLock => Wanted::ObjectLock(shape::<shapes::ObjectLockConfiguration, _>(value)?),
        })
    }

    /// Takes the setting away.
    ///
    /// # Errors
    /// Where AWS has no way to do that, says what there is instead.
    pub(crate) async fn remove(self, cx: &Call<S3>, bucket: &str) -> Result<()> {
        self.removable()?;
        let client = cx.client();
        match self {
            Setting::Versioning | Setting::ObjectLock => {}
            Setting::Encryption => drop(client.delete_bucket_encryption().bucket(bucket).send().await?),
            Setting::PublicAccessBlock => {
                drop(client.delete_public_access_block().bucket(bucket).send().await?)
            }
            Setting::Policy => drop(client.delete_bucket_policy().bucket(bucket).send().await?),
            Setting::Ownership => {
                drop(client.delete_bucket_ownership_controls().bucket(bucket).send().await?)
            }
            Setting::Lifecycle => drop(client.delete_bucket_lifecycle().bucket(bucket).send().await?),
            Setting::Cors => drop(client.delete_bucket_cors().bucket(bucket).send().await?),
            Setting::Tags => drop(client.delete_bucket_tagging().bucket(bucket).send().await?),
            Setting::Website => drop(client.delete_bucket_website().bucket(bucket).send().await?),
            Setting::Logging => {
                Wanted::Logging(types::BucketLoggingStatus::builder().build()).put(cx, bucket).await?;
            }
            Setting::Notifications => {
                Wanted::Notifications(types::NotificationConfiguration::builder().build())
                    .put(cx, bucket)
                    .await?;
            }
        }
        Ok(())
    }

    /// # Errors
    /// Where AWS has no way to remove this.
    pub(crate) fn removable(self) -> Result<()> {
        match self {
            Setting::Versioning => Err(Error::invalid("versioning cannot be removed once it was on")
                .with_next(r#"suspend it: `value` {"Status":"Suspended"}"#)),
            Setting::ObjectLock => Err(Error::invalid("object lock cannot be removed once it was on")
                .with_next(r#"drop its default rule: `value` {"ObjectLockEnabled":"Enabled"}"#)),
            _ => Ok(()),
        }
    }
}

impl Wanted {
    /// Replaces the bucket's setting with this.
    pub(crate) async fn put(self, cx: &Call<S3>, bucket: &str) -> Result<()> {
        let client = cx.client();
        match self {
            Wanted::Versioning(config) => {
                client.put_bucket_versioning().bucket(bucket).versioning_configuration(config).send().await?;
            }
            Wanted::Encryption(config) => {
                let put = client.put_bucket_encryption().bucket(bucket);
                put.server_side_encryption_configuration(config).send().await?;
            }
            Wanted::PublicAccessBlock(config) => {
                let put = client.put_public_access_block().bucket(bucket);
                put.public_access_block_configuration(config).send().await?;
            }
            Wanted::Policy(policy) => {
                client.put_bucket_policy().bucket(bucket).policy(policy).send().await?;
            }
            Wanted::Ownership(config) => {
                client
                    .put_bucket_ownership_controls()
                    .bucket(bucket)
                    .ownership_controls(config)
                    .send()
                    .await?;
            }
            Wanted::Lifecycle(config, least) => {
                let put = client.put_bucket_lifecycle_configuration().bucket(bucket);
                let put =
                    put.lifecycle_configuration(config).set_transition_default_minimum_object_size(least);
                put.send().await?;
            }
            Wanted::Cors(config) => {
                client.put_bucket_cors().bucket(bucket).cors_configuration(config).send().await?;
            }
            Wanted::Logging(config) => {
                client.put_bucket_logging().bucket(bucket).bucket_logging_status(config).send().await?;
            }
            Wanted::Tags(config) => {
                client.put_bucket_tagging().bucket(bucket).tagging(config).send().await?;
            }
            Wanted::Notifications(config) => {
                let put = client.put_bucket_notification_configuration().bucket(bucket);
                put.notification_configuration(config).send().await?;
            }
            Wanted::Website(config) => {
                client.put_bucket_website().bucket(bucket).website_configuration(config).send().await?;
            }
            Wanted::ObjectLock(config) => {
                let put = client.put_object_lock_configuration().bucket(bucket);
                put.object_lock_configuration(config).send().await?;
            }
        }
        Ok(())
    }
}

/// Whether AWS says that the bucket has no such setting, rather than that there is no bucket.
fn is_missing(error: &Error) -> bool {
    error.kind == Kind::NotFound && error.code.as_deref().is_some_and(|code| code != "NoSuchBucket")
}

/// Whether this kind of bucket, or this endpoint, does not have the setting at all.
pub(crate) fn is_unsupported(error: &Error) -> bool {
    let codes = ["MethodNotAllowed", "NotImplemented", "UnsupportedArgument", "UnsupportedOperation"];
    // An endpoint that overlooks what it does not know answers with a list of objects: a success that cannot be read.
    matches!(error.status, Some(200 | 405 | 501))
        || error.code.as_deref().is_some_and(|code| codes.contains(&code))
}

fn says_something(value: &Value) -> bool {
    match value {
        Value::Object(fields) => fields.values().any(|value| match value {
            Value::Array(items) => !items.is_empty(),
            other => !other.is_null(),
        }),
        other => !other.is_null(),
    }
}

fn shown<S, T: Shape<S> + Serialize>(sdk: Option<S>) -> Result<Option<Value>> {
    sdk.map(|sdk| serde_json::to_value(T::of(sdk)).map_err(unreadable)).transpose()
}

fn unreadable(error: serde_json::Error) -> Error {
    Error::internal(error.to_string())
}

/// A type of the SDK that could be built.
pub(crate) fn built<T>(built: Result<T, BuildError>) -> Result<T> {
    built.map_err(|error| Error::internal(error.to_string()))
}

fn from<T: DeserializeOwned>(value: Value) -> Result<T, String> {
    serde_json::from_value(value).map_err(|error| error.to_string())
}

fn shape<T: Shape<S> + DeserializeOwned, S>(value: Value) -> Result<S, String> {
    from::<T>(value)?.sdk()
}

/// Absent fields are `null` in Rust's structs and absent in AWS's JSON.
fn without_nulls(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, value| !value.is_null());
            fields.values_mut().for_each(without_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(without_nulls),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: [Setting; 12] = [
        Setting::Versioning,
        Setting::Encryption,
        Setting::PublicAccessBlock,
        Setting::Policy,
        Setting::Ownership,
        Setting::Lifecycle,
        Setting::Cors,
        Setting::Logging,
        Setting::Tags,
        Setting::Notifications,
        Setting::Website,
        Setting::ObjectLock,
    ];

    #[test]
    fn every_example_is_good() {
        for setting in SETTINGS {
            let value = serde_json::from_str(setting.example()).unwrap();
            assert!(setting.wanted(value).is_ok(), "{setting:?}");
        }
    }

    #[test]
    fn a_bad_value_is_answered_with_a_good_one() {
        for setting in SETTINGS {
            let error = setting.wanted(json!({"Nonsense": 1})).unwrap_err();
            assert!(
                error.next.as_deref().unwrap_or_default().contains(setting.example()),
                "{setting:?}: {error}"
            );
        }
        let error =
            Setting::Versioning.wanted(json!({"Status": "Enabled", "MFADelete": "Enabled"})).unwrap_err();
        assert!(error.message.contains("MFA device"), "{error}");
    }

    #[test]
    fn names_are_those_of_the_input() {
        for aspect in Aspect::ALL {
            let read: Aspect = serde_json::from_value(json!(aspect.name())).unwrap();
            assert_eq!(read, aspect);
        }
    }
}
