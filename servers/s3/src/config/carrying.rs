//! What a new value of a setting does not name stays as it is: AWS replaces settings whole.

use serde_json::{Map, Value};

use super::Setting;

impl Setting {
    /// The whole value that is put for `value`, given what there is: members that are not named stay, `null` takes one
    /// away. Also the names of those that stay.
    pub(crate) fn whole(self, there: Option<&Value>, value: Value) -> (Value, Vec<String>) {
        let mut kept = Vec::new();
        let value = match self {
            Setting::PublicAccessBlock
            | Setting::Lifecycle
            | Setting::Notifications
            | Setting::ObjectLock
            | Setting::Website
            | Setting::IntelligentTiering
            | Setting::Metrics => carried(there, value, &mut kept),
            Setting::Inventory => {
                carried_along(&["Destination", "S3BucketDestination"], there, value, &mut kept)
            }
            Setting::Analytics => {
                let path = ["StorageClassAnalysis", "DataExport", "Destination", "S3BucketDestination"];
                carried_along(&path, there, value, &mut kept)
            }
            Setting::Logging => carried_in("LoggingEnabled", there, value, &mut kept),
            Setting::Encryption => carried_in_rule(there, value, &mut kept),
            // One member that is the whole setting, or a document that is written as a whole. MFADelete, which is kept by
            // AWS itself, can only be named with a code.
            Setting::Versioning | Setting::Policy | Setting::Ownership | Setting::Cors | Setting::Tags => {
                value
            }
        };
        (value, kept)
    }
}

/// Members that AWS takes only without each other: naming the one ends the other.
const APART: [(&str, &[&str]); 1] =
    [("RedirectAllRequestsTo", &["IndexDocument", "ErrorDocument", "RoutingRules"])];

fn excludes(named: &Map<String, Value>, member: &str) -> bool {
    let has = |name: &str| named.get(name).is_some_and(|value| !value.is_null());
    APART.iter().any(|(one, others)| {
        (others.contains(&member) && has(one)) || (*one == member && others.iter().any(|other| has(other)))
    })
}

fn carried(there: Option<&Value>, value: Value, kept: &mut Vec<String>) -> Value {
    let Value::Object(mut named) = value else { return value };
    let members = there.and_then(Value::as_object).into_iter().flatten();
    let stay: Vec<(String, Value)> = members
        .filter(|(member, value)| {
            !named.contains_key(*member) && !excludes(&named, member) && **value != Value::Array(Vec::new())
        })
        .map(|(member, value)| (member.clone(), value.clone()))
        .collect();
    kept.extend(stay.iter().map(|(member, _)| member.clone()));
    named.extend(stay);
    named.retain(|_, value| !value.is_null());
    Value::Object(named)
}

/// What is not named stays, and so it does within the structures along `path`, one inside the other, that are named.
fn carried_along(path: &[&str], there: Option<&Value>, mut value: Value, kept: &mut Vec<String>) -> Value {
    if let Some((outer, deeper)) = path.split_first()
        && let Some(inner) = value.get_mut(outer).filter(|inner| inner.is_object())
    {
        let mut below = Vec::new();
        *inner = carried_along(deeper, there.and_then(|there| there.get(outer)), inner.take(), &mut below);
        kept.extend(below.into_iter().map(|member| format!("{outer}.{member}")));
    }
    carried(there, value, kept)
}

fn carried_in(outer: &str, there: Option<&Value>, mut value: Value, kept: &mut Vec<String>) -> Value {
    if let Some(inner) = value.get_mut(outer) {
        *inner = carried(there.and_then(|there| there.get(outer)), inner.take(), kept);
    }
    value
}

/// A bucket has one rule of encryption.
fn carried_in_rule(there: Option<&Value>, mut value: Value, kept: &mut Vec<String>) -> Value {
    let before = there.and_then(|there| there.pointer("/Rules/0"));
    if let Some([rule]) = value.get_mut("Rules").and_then(Value::as_array_mut).map(Vec::as_mut_slice) {
        *rule = carried(before, rule.take(), kept);
    }
    value
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn whole(setting: Setting, there: Value, value: Value) -> Value {
        setting.whole(Some(&there), value).0
    }

    #[test]
    fn what_is_not_named_stays() {
        let block = |on: bool| json!({"BlockPublicAcls": on, "IgnorePublicAcls": true, "BlockPublicPolicy": true, "RestrictPublicBuckets": true});
        let changed = whole(Setting::PublicAccessBlock, block(true), json!({"BlockPublicAcls": false}));
        assert_eq!(changed, block(false));
        let rules = json!([{"ID": "r", "Status": "Enabled"}]);
        let there = json!({"Rules": [], "TransitionDefaultMinimumObjectSize": "varies_by_storage_class"});
        let (put, kept) = Setting::Lifecycle.whole(Some(&there), json!({"Rules": rules}));
        assert_eq!(put["TransitionDefaultMinimumObjectSize"], "varies_by_storage_class");
        assert_eq!(kept, ["TransitionDefaultMinimumObjectSize"]);
        let there = json!({"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"},
            "BlockedEncryptionTypes": {"EncryptionType": ["SSE-C"]}}]});
        let named = json!({"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]});
        let put = whole(Setting::Encryption, there, named);
        assert_eq!(put["Rules"][0]["BlockedEncryptionTypes"], json!({"EncryptionType": ["SSE-C"]}));
        assert_eq!(put["Rules"][0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"], "aws:kms");
        let there = json!({"LoggingEnabled": {"TargetBucket": "logs", "TargetPrefix": "a/",
            "TargetObjectKeyFormat": {"SimplePrefix": {}}}});
        let named = json!({"LoggingEnabled": {"TargetPrefix": "b/"}});
        let put = whole(Setting::Logging, there, named);
        assert_eq!(
            put,
            json!({"LoggingEnabled": {"TargetBucket": "logs", "TargetPrefix": "b/", "TargetObjectKeyFormat": {"SimplePrefix": {}}}})
        );
    }

    #[test]
    fn what_is_not_named_within_what_is_named_stays() {
        let there = json!({"Id": "daily", "IsEnabled": true, "OptionalFields": ["Size"], "Filter": {"Prefix": "a/"},
            "Destination": {"S3BucketDestination": {"Bucket": "arn:aws:s3:::x", "Format": "CSV", "Prefix": "p",
                "Encryption": {"SSES3": {}}}}});
        let named = json!({"Id": "daily", "Destination": {"S3BucketDestination": {"Format": "Parquet",
            "Encryption": {"SSEKMS": {"KeyId": "k"}}}}, "Filter": null});
        let (put, kept) = Setting::Inventory.whole(Some(&there), named);
        assert_eq!(
            put,
            json!({"Id": "daily", "IsEnabled": true, "OptionalFields": ["Size"], "Destination": {"S3BucketDestination": {
                "Bucket": "arn:aws:s3:::x", "Format": "Parquet", "Prefix": "p", "Encryption": {"SSEKMS": {"KeyId": "k"}}}}})
        );
        let within = "Destination.S3BucketDestination.";
        assert_eq!(
            kept,
            [&format!("{within}Bucket"), &format!("{within}Prefix"), "IsEnabled", "OptionalFields"]
        );
        let there =
            json!({"Id": "a", "StorageClassAnalysis": {"DataExport": {"OutputSchemaVersion": "V_1"}}});
        assert_eq!(
            whole(Setting::Analytics, there.clone(), json!({"Filter": {"Prefix": "a"}}))["StorageClassAnalysis"],
            there["StorageClassAnalysis"]
        );
        let ended = json!({"StorageClassAnalysis": {"DataExport": null}});
        assert_eq!(whole(Setting::Analytics, there, ended)["StorageClassAnalysis"], json!({}));
    }

    #[test]
    fn null_takes_away_and_so_does_what_excludes() {
        let there = json!({"QueueConfigurations": [{"QueueArn": "q"}], "EventBridgeConfiguration": {}});
        let put = whole(Setting::Notifications, there.clone(), json!({"EventBridgeConfiguration": null}));
        assert_eq!(put, json!({"QueueConfigurations": [{"QueueArn": "q"}]}));
        let put = whole(Setting::Notifications, there, json!({"QueueConfigurations": []}));
        assert_eq!(put, json!({"QueueConfigurations": [], "EventBridgeConfiguration": {}}));
        let site = json!({"IndexDocument": {"Suffix": "i"}, "ErrorDocument": {"Key": "e"}});
        let redirect = json!({"RedirectAllRequestsTo": {"HostName": "h"}});
        assert_eq!(whole(Setting::Website, site.clone(), redirect.clone()), redirect);
        let index = json!({"IndexDocument": {"Suffix": "i"}});
        assert_eq!(whole(Setting::Website, redirect, index.clone()), index);
        assert_eq!(whole(Setting::Website, site.clone(), index), site);
    }
}
