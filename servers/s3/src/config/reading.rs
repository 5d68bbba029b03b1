//! Settings as AWS has them, in the JSON of its command line.

use aws_sdk_s3::{Client, types};
use awsmcp_mcp::{Call, Result};
use serde_json::{Value, json};

use super::{
    Aspect, Setting,
    by_id::ById,
    shapes::{self, Shape},
    shown::{present, shown, unreadable},
};
use crate::S3;

impl Aspect {
    /// The aspect as AWS has it; none where the bucket has none.
    pub(crate) async fn read(self, cx: &Call<S3>, bucket: &str) -> Result<Option<Value>> {
        self.read_by(cx.client(), bucket).await
    }

    /// The same with a client of the bucket's own region.
    pub(crate) async fn read_by(self, client: &Client, bucket: &str) -> Result<Option<Value>> {
        present(self.ask(client, bucket).await)
    }

    async fn ask(self, client: &Client, bucket: &str) -> Result<Option<Value>> {
        match self {
            Aspect::Versioning => versioning(client, bucket).await,
            Aspect::Encryption => encryption(client, bucket).await,
            Aspect::PublicAccessBlock => public_access_block(client, bucket).await,
            Aspect::Policy => policy(client, bucket).await,
            Aspect::Acl => acl(client, bucket).await,
            Aspect::Ownership => ownership(client, bucket).await,
            Aspect::Lifecycle => lifecycle(client, bucket).await,
            Aspect::Cors => cors(client, bucket).await,
            Aspect::Logging => logging(client, bucket).await,
            Aspect::Replication => replication(client, bucket).await,
            Aspect::ObjectLock => object_lock(client, bucket).await,
            Aspect::Website => website(client, bucket).await,
            Aspect::Notifications => notifications(client, bucket).await,
            Aspect::Tags => tags(client, bucket).await,
            Aspect::Accelerate => accelerate(client, bucket).await,
            Aspect::RequestPayment => request_payment(client, bucket).await,
            Aspect::IntelligentTiering => ById::IntelligentTiering.list(client, bucket).await,
            Aspect::Inventory => ById::Inventory.list(client, bucket).await,
            Aspect::Metrics => ById::Metrics.list(client, bucket).await,
            Aspect::Analytics => ById::Analytics.list(client, bucket).await,
        }
    }
}

impl Setting {
    /// The setting as AWS has it, or the one of this id where a bucket has many; none where there is none.
    pub(crate) async fn there(self, cx: &Call<S3>, bucket: &str, id: Option<&str>) -> Result<Option<Value>> {
        match self.by_id().zip(id) {
            Some((kind, id)) => kind.one(cx.client(), bucket, id).await,
            None => self.aspect().read(cx, bucket).await,
        }
    }
}

async fn versioning(client: &Client, bucket: &str) -> Result<Option<Value>> {
    let out = client.get_bucket_versioning().bucket(bucket).send().await?;
    Ok(Some(json!({
        "Status": out.status.map(|status| status.as_str().to_owned()),
        "MFADelete": out.mfa_delete.map(|status| status.as_str().to_owned()),
    })))
}

async fn encryption(client: &Client, bucket: &str) -> Result<Option<Value>> {
    let out = client.get_bucket_encryption().bucket(bucket).send().await?;
    shown::<_, shapes::ServerSideEncryptionConfiguration>(out.server_side_encryption_configuration)
}

async fn public_access_block(client: &Client, bucket: &str) -> Result<Option<Value>> {
    let out = client.get_public_access_block().bucket(bucket).send().await?;
    shown::<_, shapes::PublicAccessBlockConfiguration>(out.public_access_block_configuration)
}

async fn policy(client: &Client, bucket: &str) -> Result<Option<Value>> {
    let out = client.get_bucket_policy().bucket(bucket).send().await?;
    Ok(out.policy.map(|text| serde_json::from_str(&text).unwrap_or(Value::String(text))))
}

async fn acl(client: &Client, bucket: &str) -> Result<Option<Value>> {
    let out = client.get_bucket_acl().bucket(bucket).send().await?;
    let policy = types::AccessControlPolicy::builder().set_grants(out.grants).set_owner(out.owner).build();
    shown::<_, shapes::AccessControlPolicy>(Some(policy))
}

async fn ownership(client: &Client, bucket: &str) -> Result<Option<Value>> {
    let out = client.get_bucket_ownership_controls().bucket(bucket).send().await?;
    shown::<_, shapes::OwnershipControls>(out.ownership_controls)
}

async fn lifecycle(client: &Client, bucket: &str) -> Result<Option<Value>> {
    let out = client.get_bucket_lifecycle_configuration().bucket(bucket).send().await?;
    let rules: Vec<shapes::LifecycleRule> = Shape::of(out.rules.unwrap_or_default());
    let least = out.transition_default_minimum_object_size.map(|size| size.as_str().to_owned());
    Ok(Some(json!({
        "Rules": serde_json::to_value(rules).map_err(unreadable)?,
        "TransitionDefaultMinimumObjectSize": least,
    })))
}

async fn cors(client: &Client, bucket: &str) -> Result<Option<Value>> {
    let out = client.get_bucket_cors().bucket(bucket).send().await?;
    let rules: Vec<shapes::CorsRule> = Shape::of(out.cors_rules.unwrap_or_default());
    Ok(Some(json!({"CORSRules": serde_json::to_value(rules).map_err(unreadable)?})))
}

async fn logging(client: &Client, bucket: &str) -> Result<Option<Value>> {
    let out = client.get_bucket_logging().bucket(bucket).send().await?;
    let status = types::BucketLoggingStatus::builder().set_logging_enabled(out.logging_enabled).build();
    shown::<_, shapes::BucketLoggingStatus>(Some(status))
}

async fn replication(client: &Client, bucket: &str) -> Result<Option<Value>> {
    let out = client.get_bucket_replication().bucket(bucket).send().await?;
    shown::<_, shapes::ReplicationConfiguration>(out.replication_configuration)
}

async fn object_lock(client: &Client, bucket: &str) -> Result<Option<Value>> {
    let out = client.get_object_lock_configuration().bucket(bucket).send().await?;
    shown::<_, shapes::ObjectLockConfiguration>(out.object_lock_configuration)
}

async fn website(client: &Client, bucket: &str) -> Result<Option<Value>> {
    let out = client.get_bucket_website().bucket(bucket).send().await?;
    let website = types::WebsiteConfiguration::builder()
        .set_error_document(out.error_document)
        .set_index_document(out.index_document)
        .set_redirect_all_requests_to(out.redirect_all_requests_to)
        .set_routing_rules(out.routing_rules)
        .build();
    shown::<_, shapes::WebsiteConfiguration>(Some(website))
}

async fn notifications(client: &Client, bucket: &str) -> Result<Option<Value>> {
    let out = client.get_bucket_notification_configuration().bucket(bucket).send().await?;
    let notifications = types::NotificationConfiguration::builder()
        .set_topic_configurations(out.topic_configurations)
        .set_queue_configurations(out.queue_configurations)
        .set_lambda_function_configurations(out.lambda_function_configurations)
        .set_event_bridge_configuration(out.event_bridge_configuration)
        .build();
    shown::<_, shapes::NotificationConfiguration>(Some(notifications))
}

async fn tags(client: &Client, bucket: &str) -> Result<Option<Value>> {
    let out = client.get_bucket_tagging().bucket(bucket).send().await?;
    let tags: Vec<shapes::Tag> = Shape::of(out.tag_set);
    Ok(Some(json!({"TagSet": serde_json::to_value(tags).map_err(unreadable)?})))
}

async fn accelerate(client: &Client, bucket: &str) -> Result<Option<Value>> {
    let out = client.get_bucket_accelerate_configuration().bucket(bucket).send().await?;
    Ok(Some(json!({"Status": out.status.map(|status| status.as_str().to_owned())})))
}

async fn request_payment(client: &Client, bucket: &str) -> Result<Option<Value>> {
    let out = client.get_bucket_request_payment().bucket(bucket).send().await?;
    Ok(Some(json!({"Payer": out.payer.map(|payer| payer.as_str().to_owned())})))
}
