//! The shapes of a bucket's settings, as the AWS CLI's JSON has them.
//!
//! Reading and writing go through the same shapes, so what is shown can be put back, and a field that is not
//! known here is refused instead of dropped. A test holds each shape to its SDK type, field by field.

#![expect(deprecated, reason = "old rules still carry the field `Prefix`, and must survive")]

use aws_sdk_s3::{error::BuildError, primitives::DateTime, types};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use awsmcp_sdk::utc_second;

/// A JSON shape of an SDK type.
pub(crate) trait Shape<Sdk>: Sized {
    fn of(sdk: Sdk) -> Self;
    /// # Errors
    /// Says which value is none and which are.
    fn sdk(self) -> Result<Sdk, String>;
}

/// Shapes with the same value on both sides.
macro_rules! plain {
    ($($type:ty),*) => {$(
        impl Shape<$type> for $type {
            fn of(sdk: $type) -> Self {
                sdk
            }

            fn sdk(self) -> Result<$type, String> {
                Ok(self)
            }
        }
    )*};
}

plain!(String, bool, i32, i64);

impl<S, T: Shape<S>> Shape<Option<S>> for Option<T> {
    fn of(sdk: Option<S>) -> Self {
        sdk.map(T::of)
    }

    fn sdk(self) -> Result<Option<S>, String> {
        self.map(T::sdk).transpose()
    }
}

impl<S, T: Shape<S>> Shape<Vec<S>> for Vec<T> {
    fn of(sdk: Vec<S>) -> Self {
        sdk.into_iter().map(T::of).collect()
    }

    fn sdk(self) -> Result<Vec<S>, String> {
        self.into_iter().map(T::sdk).collect()
    }
}

impl Shape<DateTime> for String {
    fn of(sdk: DateTime) -> Self {
        utc_second(sdk)
    }

    fn sdk(self) -> Result<DateTime, String> {
        let midnight = format!("{self}T00:00:00Z");
        let time: Result<Timestamp, _> = self.parse().or_else(|_| midnight.parse());
        let time = time.map_err(|_| format!("{self:?} is not a date; a good one is 2027-01-01"))?;
        Ok(DateTime::from_secs(time.as_second()))
    }
}

/// Words of which AWS knows only some.
macro_rules! words {
    ($($type:ident),*) => {$(
        impl Shape<types::$type> for String {
            fn of(sdk: types::$type) -> Self {
                sdk.as_str().to_owned()
            }

            fn sdk(self) -> Result<types::$type, String> {
                let known = types::$type::values();
                if known.contains(&self.as_str()) {
                    return Ok(types::$type::from(self.as_str()));
                }
                Err(format!("{self:?} is none of {}", known.join(", ")))
            }
        }
    )*};
}

words!(
    BucketAccelerateStatus,
    BucketLogsPermission,
    BucketVersioningStatus,
    DeleteMarkerReplicationStatus,
    EncryptionType,
    Event,
    ExistingObjectReplicationStatus,
    ExpirationStatus,
    FilterRuleName,
    MetricsStatus,
    MfaDelete,
    ObjectLockEnabled,
    ObjectLockRetentionMode,
    ObjectOwnership,
    OwnerOverride,
    PartitionDateSource,
    Payer,
    Permission,
    Protocol,
    ReplicaModificationsStatus,
    ReplicationRuleStatus,
    ReplicationTimeStatus,
    ServerSideEncryption,
    SseKmsEncryptedObjectsStatus,
    StorageClass,
    TransitionDefaultMinimumObjectSize,
    TransitionStorageClass,
    Type
);

trait Built<T> {
    fn built(self) -> Result<T, String>;
}

impl<T> Built<T> for Result<T, BuildError> {
    fn built(self) -> Result<T, String> {
        self.map_err(|error| error.to_string())
    }
}

/// A struct with AWS's names, and the way to the SDK's type of the same name and back. `sure` where the SDK builds
/// it from any fields, `tries` where it may refuse; `need` and `may` are what the SDK requires and what it does not.
macro_rules! shape {
    ($name:ident $build:ident $({ $($want:ident $field:ident $set:ident $json:literal: $type:ty,)* })?) => {
        #[derive(Debug, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(crate) struct $name {
            $($(#[serde(rename = $json)] pub(crate) $field: shape!(@type $want $type),)*)?
        }

        impl Shape<types::$name> for $name {
            fn of(_sdk: types::$name) -> Self {
                $name { $($($field: Shape::of(_sdk.$field),)*)? }
            }

            fn sdk(self) -> Result<types::$name, String> {
                let builder = types::$name::builder();
                $($(let builder = shape!(@set $want builder.$set(self.$field));)*)?
                shape!(@build $build builder)
            }
        }

        #[cfg(test)]
        impl $name {
            /// The fields here, and the SDK's builder in its own words.
            fn fields() -> (Vec<&'static str>, String) {
                (vec![$($(stringify!($field),)*)?], format!("{:?}", types::$name::builder()))
            }
        }
    };
    (@type need $type:ty) => { $type };
    (@type may $type:ty) => { Option<$type> };
    (@set need $builder:ident.$set:ident($($value:tt)*)) => { $builder.$set(Some(Shape::sdk($($value)*)?)) };
    (@set may $builder:ident.$set:ident($($value:tt)*)) => { $builder.$set(Shape::sdk($($value)*)?) };
    (@build sure $builder:ident) => { Ok($builder.build()) };
    (@build tries $builder:ident) => { $builder.build().built() };
}

mod by_id;
pub(crate) use by_id::{
    AnalyticsConfiguration, IntelligentTieringConfiguration, InventoryConfiguration, MetricsConfiguration,
};

shape!(VersioningConfiguration sure {
    may mfa_delete set_mfa_delete "MFADelete": String,
    may status set_status "Status": String,
});
shape!(ServerSideEncryptionConfiguration tries {
    need rules set_rules "Rules": Vec<ServerSideEncryptionRule>,
});
shape!(ServerSideEncryptionRule sure {
    may apply_server_side_encryption_by_default set_apply_server_side_encryption_by_default "ApplyServerSideEncryptionByDefault": ServerSideEncryptionByDefault,
    may bucket_key_enabled set_bucket_key_enabled "BucketKeyEnabled": bool,
    may blocked_encryption_types set_blocked_encryption_types "BlockedEncryptionTypes": BlockedEncryptionTypes,
});
shape!(ServerSideEncryptionByDefault tries {
    need sse_algorithm set_sse_algorithm "SSEAlgorithm": String,
    may kms_master_key_id set_kms_master_key_id "KMSMasterKeyID": String,
});
shape!(BlockedEncryptionTypes sure {
    may encryption_type set_encryption_type "EncryptionType": Vec<String>,
});
shape!(PublicAccessBlockConfiguration sure {
    may block_public_acls set_block_public_acls "BlockPublicAcls": bool,
    may ignore_public_acls set_ignore_public_acls "IgnorePublicAcls": bool,
    may block_public_policy set_block_public_policy "BlockPublicPolicy": bool,
    may restrict_public_buckets set_restrict_public_buckets "RestrictPublicBuckets": bool,
});
shape!(OwnershipControls tries {
    need rules set_rules "Rules": Vec<OwnershipControlsRule>,
});
shape!(OwnershipControlsRule tries {
    need object_ownership set_object_ownership "ObjectOwnership": String,
});
shape!(LifecycleRule tries {
    may id set_id "ID": String,
    may prefix set_prefix "Prefix": String,
    may filter set_filter "Filter": LifecycleRuleFilter,
    need status set_status "Status": String,
    may expiration set_expiration "Expiration": LifecycleExpiration,
    may transitions set_transitions "Transitions": Vec<Transition>,
    may noncurrent_version_transitions set_noncurrent_version_transitions "NoncurrentVersionTransitions": Vec<NoncurrentVersionTransition>,
    may noncurrent_version_expiration set_noncurrent_version_expiration "NoncurrentVersionExpiration": NoncurrentVersionExpiration,
    may abort_incomplete_multipart_upload set_abort_incomplete_multipart_upload "AbortIncompleteMultipartUpload": AbortIncompleteMultipartUpload,
});
shape!(LifecycleExpiration sure {
    may date set_date "Date": String,
    may days set_days "Days": i32,
    may expired_object_delete_marker set_expired_object_delete_marker "ExpiredObjectDeleteMarker": bool,
});
shape!(LifecycleRuleFilter sure {
    may prefix set_prefix "Prefix": String,
    may tag set_tag "Tag": Tag,
    may object_size_greater_than set_object_size_greater_than "ObjectSizeGreaterThan": i64,
    may object_size_less_than set_object_size_less_than "ObjectSizeLessThan": i64,
    may and set_and "And": LifecycleRuleAndOperator,
});
shape!(LifecycleRuleAndOperator sure {
    may prefix set_prefix "Prefix": String,
    may tags set_tags "Tags": Vec<Tag>,
    may object_size_greater_than set_object_size_greater_than "ObjectSizeGreaterThan": i64,
    may object_size_less_than set_object_size_less_than "ObjectSizeLessThan": i64,
});
shape!(Transition sure {
    may date set_date "Date": String,
    may days set_days "Days": i32,
    may storage_class set_storage_class "StorageClass": String,
});
shape!(NoncurrentVersionTransition sure {
    may noncurrent_days set_noncurrent_days "NoncurrentDays": i32,
    may storage_class set_storage_class "StorageClass": String,
    may newer_noncurrent_versions set_newer_noncurrent_versions "NewerNoncurrentVersions": i32,
});
shape!(NoncurrentVersionExpiration sure {
    may noncurrent_days set_noncurrent_days "NoncurrentDays": i32,
    may newer_noncurrent_versions set_newer_noncurrent_versions "NewerNoncurrentVersions": i32,
});
shape!(AbortIncompleteMultipartUpload sure {
    may days_after_initiation set_days_after_initiation "DaysAfterInitiation": i32,
});
shape!(CorsConfiguration tries {
    need cors_rules set_cors_rules "CORSRules": Vec<CorsRule>,
});
shape!(CorsRule tries {
    may id set_id "ID": String,
    may allowed_headers set_allowed_headers "AllowedHeaders": Vec<String>,
    need allowed_methods set_allowed_methods "AllowedMethods": Vec<String>,
    need allowed_origins set_allowed_origins "AllowedOrigins": Vec<String>,
    may expose_headers set_expose_headers "ExposeHeaders": Vec<String>,
    may max_age_seconds set_max_age_seconds "MaxAgeSeconds": i32,
});
shape!(BucketLoggingStatus sure {
    may logging_enabled set_logging_enabled "LoggingEnabled": LoggingEnabled,
});
shape!(LoggingEnabled tries {
    need target_bucket set_target_bucket "TargetBucket": String,
    may target_grants set_target_grants "TargetGrants": Vec<TargetGrant>,
    need target_prefix set_target_prefix "TargetPrefix": String,
    may target_object_key_format set_target_object_key_format "TargetObjectKeyFormat": TargetObjectKeyFormat,
});
shape!(TargetGrant sure {
    may grantee set_grantee "Grantee": Grantee,
    may permission set_permission "Permission": String,
});
shape!(Grantee tries {
    may display_name set_display_name "DisplayName": String,
    may email_address set_email_address "EmailAddress": String,
    may id set_id "ID": String,
    may uri set_uri "URI": String,
    need r#type set_type "Type": String,
});
shape!(TargetObjectKeyFormat sure {
    may simple_prefix set_simple_prefix "SimplePrefix": SimplePrefix,
    may partitioned_prefix set_partitioned_prefix "PartitionedPrefix": PartitionedPrefix,
});
shape!(SimplePrefix sure);
shape!(PartitionedPrefix sure {
    may partition_date_source set_partition_date_source "PartitionDateSource": String,
});
shape!(Tagging tries {
    need tag_set set_tag_set "TagSet": Vec<Tag>,
});
shape!(Tag tries {
    need key set_key "Key": String,
    need value set_value "Value": String,
});
shape!(NotificationConfiguration sure {
    may topic_configurations set_topic_configurations "TopicConfigurations": Vec<TopicConfiguration>,
    may queue_configurations set_queue_configurations "QueueConfigurations": Vec<QueueConfiguration>,
    may lambda_function_configurations set_lambda_function_configurations "LambdaFunctionConfigurations": Vec<LambdaFunctionConfiguration>,
    may event_bridge_configuration set_event_bridge_configuration "EventBridgeConfiguration": EventBridgeConfiguration,
});
shape!(TopicConfiguration tries {
    may id set_id "Id": String,
    need topic_arn set_topic_arn "TopicArn": String,
    need events set_events "Events": Vec<String>,
    may filter set_filter "Filter": NotificationConfigurationFilter,
});
shape!(QueueConfiguration tries {
    may id set_id "Id": String,
    need queue_arn set_queue_arn "QueueArn": String,
    need events set_events "Events": Vec<String>,
    may filter set_filter "Filter": NotificationConfigurationFilter,
});
shape!(LambdaFunctionConfiguration tries {
    may id set_id "Id": String,
    need lambda_function_arn set_lambda_function_arn "LambdaFunctionArn": String,
    need events set_events "Events": Vec<String>,
    may filter set_filter "Filter": NotificationConfigurationFilter,
});
shape!(EventBridgeConfiguration sure);
shape!(NotificationConfigurationFilter sure {
    may key set_key "Key": S3KeyFilter,
});
shape!(S3KeyFilter sure {
    may filter_rules set_filter_rules "FilterRules": Vec<FilterRule>,
});
shape!(FilterRule sure {
    may name set_name "Name": String,
    may value set_value "Value": String,
});
shape!(WebsiteConfiguration sure {
    may error_document set_error_document "ErrorDocument": ErrorDocument,
    may index_document set_index_document "IndexDocument": IndexDocument,
    may redirect_all_requests_to set_redirect_all_requests_to "RedirectAllRequestsTo": RedirectAllRequestsTo,
    may routing_rules set_routing_rules "RoutingRules": Vec<RoutingRule>,
});
shape!(IndexDocument tries {
    need suffix set_suffix "Suffix": String,
});
shape!(ErrorDocument tries {
    need key set_key "Key": String,
});
shape!(RedirectAllRequestsTo tries {
    need host_name set_host_name "HostName": String,
    may protocol set_protocol "Protocol": String,
});
shape!(RoutingRule sure {
    may condition set_condition "Condition": Condition,
    may redirect set_redirect "Redirect": Redirect,
});
shape!(Condition sure {
    may http_error_code_returned_equals set_http_error_code_returned_equals "HttpErrorCodeReturnedEquals": String,
    may key_prefix_equals set_key_prefix_equals "KeyPrefixEquals": String,
});
shape!(Redirect sure {
    may host_name set_host_name "HostName": String,
    may http_redirect_code set_http_redirect_code "HttpRedirectCode": String,
    may protocol set_protocol "Protocol": String,
    may replace_key_prefix_with set_replace_key_prefix_with "ReplaceKeyPrefixWith": String,
    may replace_key_with set_replace_key_with "ReplaceKeyWith": String,
});
shape!(ObjectLockConfiguration sure {
    may object_lock_enabled set_object_lock_enabled "ObjectLockEnabled": String,
    may rule set_rule "Rule": ObjectLockRule,
});
shape!(ObjectLockRule sure {
    may default_retention set_default_retention "DefaultRetention": DefaultRetention,
});
shape!(DefaultRetention sure {
    may mode set_mode "Mode": String,
    may days set_days "Days": i32,
    may years set_years "Years": i32,
    may default_event_hold set_default_event_hold "DefaultEventHold": EventHoldDuration,
});
shape!(EventHoldDuration sure {
    may days set_days "Days": i32,
    may years set_years "Years": i32,
});
shape!(ReplicationConfiguration tries {
    need role set_role "Role": String,
    need rules set_rules "Rules": Vec<ReplicationRule>,
});
shape!(ReplicationRule tries {
    may id set_id "ID": String,
    may priority set_priority "Priority": i32,
    may prefix set_prefix "Prefix": String,
    may filter set_filter "Filter": ReplicationRuleFilter,
    need status set_status "Status": String,
    may source_selection_criteria set_source_selection_criteria "SourceSelectionCriteria": SourceSelectionCriteria,
    may existing_object_replication set_existing_object_replication "ExistingObjectReplication": ExistingObjectReplication,
    may destination set_destination "Destination": Destination,
    may delete_marker_replication set_delete_marker_replication "DeleteMarkerReplication": DeleteMarkerReplication,
});
shape!(ReplicationRuleFilter sure {
    may prefix set_prefix "Prefix": String,
    may tag set_tag "Tag": Tag,
    may and set_and "And": ReplicationRuleAndOperator,
});
shape!(ReplicationRuleAndOperator sure {
    may prefix set_prefix "Prefix": String,
    may tags set_tags "Tags": Vec<Tag>,
});
shape!(Destination tries {
    need bucket set_bucket "Bucket": String,
    may account set_account "Account": String,
    may storage_class set_storage_class "StorageClass": String,
    may access_control_translation set_access_control_translation "AccessControlTranslation": AccessControlTranslation,
    may encryption_configuration set_encryption_configuration "EncryptionConfiguration": EncryptionConfiguration,
    may replication_time set_replication_time "ReplicationTime": ReplicationTime,
    may metrics set_metrics "Metrics": Metrics,
});
shape!(SourceSelectionCriteria sure {
    may sse_kms_encrypted_objects set_sse_kms_encrypted_objects "SseKmsEncryptedObjects": SseKmsEncryptedObjects,
    may replica_modifications set_replica_modifications "ReplicaModifications": ReplicaModifications,
});
shape!(SseKmsEncryptedObjects tries {
    need status set_status "Status": String,
});
shape!(ReplicaModifications tries {
    need status set_status "Status": String,
});
shape!(ExistingObjectReplication tries {
    need status set_status "Status": String,
});
shape!(DeleteMarkerReplication sure {
    may status set_status "Status": String,
});
shape!(AccessControlTranslation tries {
    need owner set_owner "Owner": String,
});
shape!(EncryptionConfiguration sure {
    may replica_kms_key_id set_replica_kms_key_id "ReplicaKmsKeyID": String,
});
shape!(ReplicationTime tries {
    need status set_status "Status": String,
    may time set_time "Time": ReplicationTimeValue,
});
shape!(ReplicationTimeValue sure {
    may minutes set_minutes "Minutes": i32,
});
shape!(Metrics tries {
    need status set_status "Status": String,
    may event_threshold set_event_threshold "EventThreshold": ReplicationTimeValue,
});
shape!(Owner sure {
    may display_name set_display_name "DisplayName": String,
    may id set_id "ID": String,
});
shape!(Grant sure {
    may grantee set_grantee "Grantee": Grantee,
    may permission set_permission "Permission": String,
});
shape!(AccessControlPolicy sure {
    may grants set_grants "Grants": Vec<Grant>,
    may owner set_owner "Owner": Owner,
});

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// What is not known here would be dropped when a setting is written back: a new SDK must not slip through.
    #[test]
    fn every_field_of_the_sdk_is_known() {
        let shapes = [
            VersioningConfiguration::fields(),
            ServerSideEncryptionConfiguration::fields(),
            ServerSideEncryptionRule::fields(),
            ServerSideEncryptionByDefault::fields(),
            BlockedEncryptionTypes::fields(),
            PublicAccessBlockConfiguration::fields(),
            OwnershipControls::fields(),
            OwnershipControlsRule::fields(),
            LifecycleRule::fields(),
            LifecycleExpiration::fields(),
            LifecycleRuleFilter::fields(),
            LifecycleRuleAndOperator::fields(),
            Transition::fields(),
            NoncurrentVersionTransition::fields(),
            NoncurrentVersionExpiration::fields(),
            AbortIncompleteMultipartUpload::fields(),
            CorsConfiguration::fields(),
            CorsRule::fields(),
            BucketLoggingStatus::fields(),
            LoggingEnabled::fields(),
            TargetGrant::fields(),
            Grantee::fields(),
            TargetObjectKeyFormat::fields(),
            SimplePrefix::fields(),
            PartitionedPrefix::fields(),
            Tagging::fields(),
            Tag::fields(),
            NotificationConfiguration::fields(),
            TopicConfiguration::fields(),
            QueueConfiguration::fields(),
            LambdaFunctionConfiguration::fields(),
            EventBridgeConfiguration::fields(),
            NotificationConfigurationFilter::fields(),
            S3KeyFilter::fields(),
            FilterRule::fields(),
            WebsiteConfiguration::fields(),
            IndexDocument::fields(),
            ErrorDocument::fields(),
            RedirectAllRequestsTo::fields(),
            RoutingRule::fields(),
            Condition::fields(),
            Redirect::fields(),
            ObjectLockConfiguration::fields(),
            ObjectLockRule::fields(),
            DefaultRetention::fields(),
            EventHoldDuration::fields(),
            ReplicationConfiguration::fields(),
            ReplicationRule::fields(),
            ReplicationRuleFilter::fields(),
            ReplicationRuleAndOperator::fields(),
            Destination::fields(),
            SourceSelectionCriteria::fields(),
            SseKmsEncryptedObjects::fields(),
            ReplicaModifications::fields(),
            ExistingObjectReplication::fields(),
            DeleteMarkerReplication::fields(),
            AccessControlTranslation::fields(),
            EncryptionConfiguration::fields(),
            ReplicationTime::fields(),
            ReplicationTimeValue::fields(),
            Metrics::fields(),
            Owner::fields(),
            Grant::fields(),
            AccessControlPolicy::fields(),
        ];
        all_known(shapes);
    }

    /// Holds the fields of shapes to those of their SDK types.
    pub(super) fn all_known(shapes: impl IntoIterator<Item = (Vec<&'static str>, String)>) {
        for (known, builder) in shapes {
            let (name, fields) = builder.split_once(" { ").unwrap_or((&builder, ""));
            let fields = fields.trim_end_matches(" }").split(", ").filter(|field| !field.is_empty());
            let theirs: BTreeSet<&str> =
                fields.map(|field| field.split(':').next().unwrap_or(field)).collect();
            let ours: BTreeSet<&str> =
                known.into_iter().map(|field| field.trim_start_matches("r#")).collect();
            assert_eq!(ours, theirs, "{name}");
        }
    }

    #[test]
    fn a_setting_survives_the_sdk() {
        let json = serde_json::json!({"ID": "old", "Filter": {"And": {"Prefix": "logs/", "Tags": [{"Key": "k", "Value": ""}]}},
            "Status": "Enabled", "Transitions": [{"Date": "2027-01-01T00:00:00Z", "StorageClass": "GLACIER"}],
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7}});
        let shape: LifecycleRule = serde_json::from_value(json.clone()).unwrap();
        let mut back = serde_json::to_value(LifecycleRule::of(shape.sdk().unwrap())).unwrap();
        super::super::shown::without_nulls(&mut back);
        assert_eq!(back, json);
    }

    #[test]
    fn what_aws_does_not_know_is_refused() {
        let unknown =
            serde_json::from_value::<LifecycleRule>(serde_json::json!({"Status": "Enabled", "Expires": 1}));
        assert!(unknown.unwrap_err().to_string().contains("unknown field `Expires`"));
        let missing = serde_json::from_value::<LifecycleRule>(serde_json::json!({}));
        assert!(missing.unwrap_err().to_string().contains("missing field `Status`"));
        let word: LifecycleRule = serde_json::from_value(serde_json::json!({"Status": "On"})).unwrap();
        assert_eq!(word.sdk().unwrap_err(), "\"On\" is none of Disabled, Enabled");
        let date: Transition = serde_json::from_value(serde_json::json!({"Date": "soon"})).unwrap();
        assert!(date.sdk().unwrap_err().contains("2027-01-01"));
    }
}
