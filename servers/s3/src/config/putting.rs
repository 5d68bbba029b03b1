//! Settings as AWS is to have them: read from JSON, put in place of what is there, and taken away.

use aws_sdk_s3::types;
use awsmcp_mcp::{Call, Error, Result};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{
    Setting, Wanted,
    shapes::{self, Shape},
};
use crate::S3;

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
            Setting::IntelligentTiering => {
                r#"{"Id":"archive","Status":"Enabled","Filter":{"Prefix":"old/"},"Tierings":[{"AccessTier":"ARCHIVE_ACCESS","Days":90}]}"#
            }
            Setting::Inventory => {
                r#"{"Id":"daily","IsEnabled":true,"IncludedObjectVersions":"Current","Schedule":{"Frequency":"Daily"},"Destination":{"S3BucketDestination":{"Bucket":"arn:aws:s3:::my-reports","Format":"CSV","Prefix":"inventory"}}}"#
            }
            Setting::Metrics => r#"{"Id":"images","Filter":{"Prefix":"images/"}}"#,
            Setting::Analytics => {
                r#"{"Id":"logs","Filter":{"Prefix":"logs/"},"StorageClassAnalysis":{"DataExport":{"OutputSchemaVersion":"V_1","Destination":{"S3BucketDestination":{"Bucket":"arn:aws:s3:::my-reports","Format":"CSV"}}}}}"#
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
            Setting::IntelligentTiering => {
                Wanted::IntelligentTiering(shape::<shapes::IntelligentTieringConfiguration, _>(value)?)
            }
            // The SDK takes structures for optional that AWS wants.
            Setting::Inventory => {
                wants(&value, &["/Destination/S3BucketDestination", "/Schedule"])?;
                Wanted::Inventory(shape::<shapes::InventoryConfiguration, _>(value)?)
            }
            Setting::Metrics => Wanted::Metrics(shape::<shapes::MetricsConfiguration, _>(value)?),
            Setting::Analytics => {
                wants(&value, &["/StorageClassAnalysis"])?;
                Wanted::Analytics(shape::<shapes::AnalyticsConfiguration, _>(value)?)
            }
        })
    }

    /// Takes the setting away, or the one of this id where a bucket has many.
    ///
    /// # Errors
    /// Where AWS has no way to do that, says what there is instead.
    pub(crate) async fn remove(self, cx: &Call<S3>, bucket: &str, id: Option<&str>) -> Result<()> {
        self.removable()?;
        let client = cx.client();
        if let Some((kind, id)) = self.by_id().zip(id) {
            return kind.remove(client, bucket, id).await;
        }
        match self {
            Setting::Versioning | Setting::ObjectLock => {}
            Setting::IntelligentTiering | Setting::Inventory | Setting::Metrics | Setting::Analytics => {
                return Err(Error::internal(format!("{} without an id", self.aspect().name())));
            }
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
                .with_next(r#"drop its default rule: `value` {"ObjectLockEnabled":"Enabled","Rule":null}"#)),
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
            Wanted::IntelligentTiering(config) => {
                let put = client.put_bucket_intelligent_tiering_configuration().bucket(bucket).id(&config.id);
                put.intelligent_tiering_configuration(config).send().await?;
            }
            Wanted::Inventory(config) => {
                let put = client.put_bucket_inventory_configuration().bucket(bucket).id(&config.id);
                put.inventory_configuration(config).send().await?;
            }
            Wanted::Metrics(config) => {
                let put = client.put_bucket_metrics_configuration().bucket(bucket).id(&config.id);
                put.metrics_configuration(config).send().await?;
            }
            Wanted::Analytics(config) => {
                let put = client.put_bucket_analytics_configuration().bucket(bucket).id(&config.id);
                put.analytics_configuration(config).send().await?;
            }
        }
        Ok(())
    }
}

/// # Errors
/// Names the first of these structures that is not there.
fn wants(value: &Value, pointers: &[&str]) -> Result<(), String> {
    match pointers.iter().find(|pointer| !value.pointer(pointer).is_some_and(Value::is_object)) {
        Some(pointer) => {
            Err(format!("missing field `{}`", pointer.trim_start_matches('/').replace('/', ".")))
        }
        None => Ok(()),
    }
}

fn from<T: DeserializeOwned>(value: Value) -> Result<T, String> {
    serde_json::from_value(value).map_err(|error| error.to_string())
}

fn shape<T: Shape<S> + DeserializeOwned, S>(value: Value) -> Result<S, String> {
    from::<T>(value)?.sdk()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const SETTINGS: [Setting; 16] = [
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
        Setting::IntelligentTiering,
        Setting::Inventory,
        Setting::Metrics,
        Setting::Analytics,
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
}
