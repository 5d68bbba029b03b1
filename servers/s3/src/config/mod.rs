//! A bucket's settings: reading, changing and removing each in AWS's own shape.

pub(crate) mod brief;
pub(crate) mod by_id;
mod carrying;
pub(crate) mod findings;
pub(crate) mod looking;
pub(crate) mod named;
pub(crate) mod policy;
mod putting;
mod reading;
pub(crate) mod risks;
mod shapes;
mod shown;

use aws_sdk_s3::{error::BuildError, types};
use awsmcp_mcp::{Error, Result};
use schemars::JsonSchema;
use serde::Deserialize;

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
    IntelligentTiering,
    Inventory,
    Metrics,
    Analytics,
}

impl Aspect {
    pub(crate) const ALL: [Aspect; 20] = [
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
        Aspect::IntelligentTiering,
        Aspect::Inventory,
        Aspect::Metrics,
        Aspect::Analytics,
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
            Aspect::IntelligentTiering => "intelligent_tiering",
            Aspect::Inventory => "inventory",
            Aspect::Metrics => "metrics",
            Aspect::Analytics => "analytics",
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
            Aspect::IntelligentTiering => "s3:GetIntelligentTieringConfiguration",
            Aspect::Inventory => "s3:GetInventoryConfiguration",
            Aspect::Metrics => "s3:GetMetricsConfiguration",
            Aspect::Analytics => "s3:GetAnalyticsConfiguration",
        }
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
    IntelligentTiering,
    Inventory,
    Metrics,
    Analytics,
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
    IntelligentTiering(types::IntelligentTieringConfiguration),
    Inventory(types::InventoryConfiguration),
    Metrics(types::MetricsConfiguration),
    Analytics(types::AnalyticsConfiguration),
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
            Setting::IntelligentTiering => Aspect::IntelligentTiering,
            Setting::Inventory => Aspect::Inventory,
            Setting::Metrics => Aspect::Metrics,
            Setting::Analytics => Aspect::Analytics,
        }
    }
}

/// Whether this kind of bucket, or this endpoint, does not have the setting at all.
pub(crate) fn is_unsupported(error: &Error) -> bool {
    let codes = ["MethodNotAllowed", "NotImplemented", "UnsupportedArgument", "UnsupportedOperation"];
    // An endpoint that overlooks what it does not know answers with a list of objects: a success that cannot be read.
    matches!(error.status, Some(200 | 405 | 501))
        || error.code.as_deref().is_some_and(|code| codes.contains(&code))
}

/// A type of the SDK that could be built.
pub(crate) fn built<T>(built: Result<T, BuildError>) -> Result<T> {
    built.map_err(|error| Error::internal(error.to_string()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_are_those_of_the_input() {
        for aspect in Aspect::ALL {
            let read: Aspect = serde_json::from_value(json!(aspect.name())).unwrap();
            assert_eq!(read, aspect);
        }
    }
}
