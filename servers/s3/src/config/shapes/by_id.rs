//! The shapes of the settings of which a bucket has many, each with an id.

use aws_sdk_s3::types;
use serde::{Deserialize, Serialize};

use super::{Built, Shape, Tag};

words!(
    AnalyticsS3ExportFileFormat,
    IntelligentTieringAccessTier,
    IntelligentTieringStatus,
    InventoryFormat,
    InventoryFrequency,
    InventoryIncludedObjectVersions,
    InventoryOptionalField,
    StorageClassAnalysisSchemaVersion
);

/// A filter that is exactly one of some things: a union in the SDK. One that this SDK does not know is shown as
/// `Unknown`, and refused when it is to be put back.
macro_rules! one_of {
    ($name:ident { $($variant:ident $field:ident: $type:ty,)* }) => {
        #[derive(Debug, Default, Serialize, Deserialize)]
        #[serde(deny_unknown_fields, rename_all = "PascalCase")]
        pub(crate) struct $name {
            $(#[serde(default)] $field: Option<$type>,)*
            #[serde(skip_deserializing)]
            unknown: Option<bool>,
        }

        impl Shape<types::$name> for $name {
            fn of(sdk: types::$name) -> Self {
                match sdk {
                    $(types::$name::$variant(value) => $name { $field: Some(Shape::of(value)), ..$name::default() },)*
                    _ => $name { unknown: Some(true), ..$name::default() },
                }
            }

            fn sdk(self) -> Result<types::$name, String> {
                let mut given = Vec::new();
                $(if let Some(value) = self.$field {
                    given.push(types::$name::$variant(Shape::sdk(value)?));
                })*
                match <[_; 1]>::try_from(given) {
                    Ok([only]) => Ok(only),
                    Err(_) => {
                        let known = [$(stringify!($variant)),*].join(", ");
                        Err(format!("`Filter` has exactly one of {known}; And holds several"))
                    }
                }
            }
        }
    };
}

shape!(IntelligentTieringConfiguration tries {
    need id set_id "Id": String,
    may filter set_filter "Filter": IntelligentTieringFilter,
    need status set_status "Status": String,
    need tierings set_tierings "Tierings": Vec<Tiering>,
});
shape!(IntelligentTieringFilter sure {
    may prefix set_prefix "Prefix": String,
    may tag set_tag "Tag": Tag,
    may and set_and "And": IntelligentTieringAndOperator,
});
shape!(IntelligentTieringAndOperator sure {
    may prefix set_prefix "Prefix": String,
    may tags set_tags "Tags": Vec<Tag>,
});
shape!(Tiering tries {
    need days set_days "Days": i32,
    need access_tier set_access_tier "AccessTier": String,
});
shape!(InventoryConfiguration tries {
    may destination set_destination "Destination": InventoryDestination,
    need is_enabled set_is_enabled "IsEnabled": bool,
    may filter set_filter "Filter": InventoryFilter,
    need id set_id "Id": String,
    need included_object_versions set_included_object_versions "IncludedObjectVersions": String,
    may optional_fields set_optional_fields "OptionalFields": Vec<String>,
    may schedule set_schedule "Schedule": InventorySchedule,
});
shape!(InventoryDestination sure {
    may s3_bucket_destination set_s3_bucket_destination "S3BucketDestination": InventoryS3BucketDestination,
});
shape!(InventoryS3BucketDestination tries {
    may account_id set_account_id "AccountId": String,
    need bucket set_bucket "Bucket": String,
    need format set_format "Format": String,
    may prefix set_prefix "Prefix": String,
    may encryption set_encryption "Encryption": InventoryEncryption,
});
shape!(InventoryEncryption sure {
    may sses3 set_sses3 "SSES3": Sses3,
    may ssekms set_ssekms "SSEKMS": Ssekms,
});
shape!(Sses3 sure);
shape!(Ssekms tries {
    need key_id set_key_id "KeyId": String,
});
shape!(InventoryFilter tries {
    need prefix set_prefix "Prefix": String,
});
shape!(InventorySchedule tries {
    need frequency set_frequency "Frequency": String,
});
shape!(MetricsConfiguration tries {
    need id set_id "Id": String,
    may filter set_filter "Filter": MetricsFilter,
});
one_of!(MetricsFilter {
    Prefix prefix: String,
    Tag tag: Tag,
    AccessPointArn access_point_arn: String,
    And and: MetricsAndOperator,
});
shape!(MetricsAndOperator sure {
    may prefix set_prefix "Prefix": String,
    may tags set_tags "Tags": Vec<Tag>,
    may access_point_arn set_access_point_arn "AccessPointArn": String,
});
shape!(AnalyticsConfiguration tries {
    need id set_id "Id": String,
    may filter set_filter "Filter": AnalyticsFilter,
    may storage_class_analysis set_storage_class_analysis "StorageClassAnalysis": StorageClassAnalysis,
});
one_of!(AnalyticsFilter {
    Prefix prefix: String,
    Tag tag: Tag,
    And and: AnalyticsAndOperator,
});
shape!(AnalyticsAndOperator sure {
    may prefix set_prefix "Prefix": String,
    may tags set_tags "Tags": Vec<Tag>,
});
shape!(StorageClassAnalysis sure {
    may data_export set_data_export "DataExport": StorageClassAnalysisDataExport,
});
shape!(StorageClassAnalysisDataExport tries {
    need output_schema_version set_output_schema_version "OutputSchemaVersion": String,
    may destination set_destination "Destination": AnalyticsExportDestination,
});
shape!(AnalyticsExportDestination sure {
    may s3_bucket_destination set_s3_bucket_destination "S3BucketDestination": AnalyticsS3BucketDestination,
});
shape!(AnalyticsS3BucketDestination tries {
    need format set_format "Format": String,
    may bucket_account_id set_bucket_account_id "BucketAccountId": String,
    need bucket set_bucket "Bucket": String,
    may prefix set_prefix "Prefix": String,
});

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn every_field_of_the_sdk_is_known() {
        super::super::tests::all_known([
            IntelligentTieringConfiguration::fields(),
            IntelligentTieringFilter::fields(),
            IntelligentTieringAndOperator::fields(),
            Tiering::fields(),
            InventoryConfiguration::fields(),
            InventoryDestination::fields(),
            InventoryS3BucketDestination::fields(),
            InventoryEncryption::fields(),
            Sses3::fields(),
            Ssekms::fields(),
            InventoryFilter::fields(),
            InventorySchedule::fields(),
            MetricsConfiguration::fields(),
            MetricsAndOperator::fields(),
            AnalyticsConfiguration::fields(),
            AnalyticsAndOperator::fields(),
            StorageClassAnalysis::fields(),
            StorageClassAnalysisDataExport::fields(),
            AnalyticsExportDestination::fields(),
            AnalyticsS3BucketDestination::fields(),
        ]);
    }

    fn filter(value: Value) -> Result<types::MetricsFilter, String> {
        serde_json::from_value::<MetricsFilter>(value).map_err(|error| error.to_string())?.sdk()
    }

    #[test]
    fn a_filter_is_exactly_one_thing() {
        for value in [
            json!({"Prefix": "logs/"}),
            json!({"AccessPointArn": "arn:aws:s3:us-east-1:123456789012:accesspoint/p"}),
            json!({"And": {"Prefix": "a/", "Tags": [{"Key": "k", "Value": "v"}]}}),
        ] {
            let mut back = serde_json::to_value(MetricsFilter::of(filter(value.clone()).unwrap())).unwrap();
            super::super::super::shown::without_nulls(&mut back);
            assert_eq!(back, value);
        }
        for value in [json!({}), json!({"Prefix": "a", "Tag": {"Key": "k", "Value": "v"}})] {
            assert!(filter(value).unwrap_err().contains("exactly one of Prefix, Tag, AccessPointArn, And"));
        }
        // What AWS adds later is shown for what it is, and never taken for all of the bucket.
        let later =
            serde_json::to_value(MetricsFilter { unknown: Some(true), ..Default::default() }).unwrap();
        assert_eq!(later["Unknown"], true);
        assert!(filter(json!({"Unknown": true})).unwrap_err().contains("unknown field `Unknown`"));
    }
}
