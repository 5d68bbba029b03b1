//! Settings in a few words, as a person would say them.

use std::collections::BTreeMap;

use serde_json::Value;

use super::findings::public_grants;

fn word<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn words(value: &Value, field: &str) -> String {
    let items = value.get(field).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    items.collect::<Vec<_>>().join(",")
}

pub(crate) fn encryption(rule: &Value) -> String {
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
pub(crate) fn grants(acl: &Value) -> Vec<String> {
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

pub(crate) fn lifecycle(rule: &Value) -> String {
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
    let place = place(prefix, narrowed);
    let off = if word(rule, "/Status") == "Enabled" { "" } else { " (disabled)" };
    format!("{}{place}: {}{off}", word(rule, "/ID"), does.join(", ")).trim_start_matches(": ").to_owned()
}

pub(crate) fn cors(rule: &Value) -> String {
    format!("{} from {}", words(rule, "AllowedMethods"), words(rule, "AllowedOrigins"))
}

pub(crate) fn replication(rule: &Value) -> String {
    let off = if word(rule, "/Status") == "Enabled" { "" } else { " (disabled)" };
    format!("{} to {}{off}", word(rule, "/ID"), word(rule, "/Destination/Bucket")).trim_start().to_owned()
}

pub(crate) fn object_lock(lock: &Value) -> String {
    let Some(rule) = lock.pointer("/Rule/DefaultRetention") else {
        return "on, no default retention".to_owned();
    };
    let span = ["Days", "Years"].into_iter().find_map(|unit| Some((unit, rule.get(unit)?.as_i64()?)));
    let span = span.map(|(unit, count)| format!(" {count} {}", unit.to_lowercase())).unwrap_or_default();
    format!("{}{span} by default", word(rule, "/Mode"))
}

pub(crate) fn notifications(value: &Value) -> Vec<String> {
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

pub(crate) fn tags(value: &Value) -> BTreeMap<String, String> {
    let tags = value.get("TagSet").and_then(Value::as_array).into_iter().flatten();
    tags.map(|tag| (word(tag, "/Key").to_owned(), word(tag, "/Value").to_owned())).collect()
}

/// `old to ARCHIVE_ACCESS after 90 d`
pub(crate) fn intelligent_tiering(one: &Value) -> String {
    let tiers = one.get("Tierings").and_then(Value::as_array).into_iter().flatten();
    let tiers = tiers.map(|tier| {
        let days = tier.get("Days").and_then(Value::as_i64).unwrap_or_default();
        format!("to {} after {days} d", word(tier, "/AccessTier"))
    });
    let tiers: Vec<String> = tiers.collect();
    let off = if word(one, "/Status") == "Enabled" { "" } else { " (disabled)" };
    format!("{}{}: {}{off}", word(one, "/Id"), part(one), tiers.join(", "))
}

/// `daily: Daily CSV to arn:aws:s3:::reports/inventory, all versions`
pub(crate) fn inventory(one: &Value) -> String {
    let to = "/Destination/S3BucketDestination";
    let versions = if word(one, "/IncludedObjectVersions") == "All" { ", all versions" } else { "" };
    let off = if one.get("IsEnabled") == Some(&Value::Bool(true)) { "" } else { " (disabled)" };
    let (frequency, format) = (word(one, "/Schedule/Frequency"), word(one, &format!("{to}/Format")));
    let target = target(one, to);
    format!("{}{}: {frequency} {format} to {target}{versions}{off}", word(one, "/Id"), part(one))
}

/// `images images/`
pub(crate) fn metrics(one: &Value) -> String {
    format!("{}{}", word(one, "/Id"), part(one))
}

/// `logs logs/: CSV to arn:aws:s3:::reports`
pub(crate) fn analytics(one: &Value) -> String {
    let to = "/StorageClassAnalysis/DataExport/Destination/S3BucketDestination";
    let export =
        one.pointer(to).map(|_| format!(": {} to {}", word(one, &format!("{to}/Format")), target(one, to)));
    format!("{}{}{}", word(one, "/Id"), part(one), export.unwrap_or_default())
}

/// Where reports go.
fn target(one: &Value, to: &str) -> String {
    let (bucket, prefix) = (word(one, &format!("{to}/Bucket")), word(one, &format!("{to}/Prefix")));
    if prefix.is_empty() { bucket.to_owned() } else { format!("{bucket}/{prefix}") }
}

/// The part of the bucket that something is about; nothing where it is all of it.
fn part(one: &Value) -> String {
    let Some(filter) = one.get("Filter").and_then(Value::as_object) else { return String::new() };
    let prefix = ["/Filter/Prefix", "/Filter/And/Prefix"].map(|field| word(one, field));
    let prefix = prefix.into_iter().find(|prefix| !prefix.is_empty());
    let narrowed = filter.keys().any(|member| member != "Prefix");
    place(prefix, narrowed)
}

fn place(prefix: Option<&str>, narrowed: bool) -> String {
    match (prefix, narrowed) {
        (Some(prefix), false) => format!(" {prefix}"),
        (Some(prefix), true) => format!(" {prefix} filtered"),
        (None, true) => " filtered".to_owned(),
        (None, false) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

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

    #[test]
    fn configurations_read_as_a_person_would_say_them() {
        let tiers = json!({"Id": "old", "Status": "Enabled", "Filter": {"And": {"Prefix": "a/", "Tags": []}},
            "Tierings": [{"AccessTier": "ARCHIVE_ACCESS", "Days": 90}, {"AccessTier": "DEEP_ARCHIVE_ACCESS", "Days": 180}]});
        assert_eq!(
            intelligent_tiering(&tiers),
            "old a/ filtered: to ARCHIVE_ACCESS after 90 d, to DEEP_ARCHIVE_ACCESS after 180 d"
        );
        let daily = json!({"Id": "daily", "IsEnabled": false, "IncludedObjectVersions": "All", "Schedule": {"Frequency": "Daily"},
            "Destination": {"S3BucketDestination": {"Bucket": "arn:aws:s3:::r", "Prefix": "i", "Format": "CSV"}}});
        assert_eq!(inventory(&daily), "daily: Daily CSV to arn:aws:s3:::r/i, all versions (disabled)");
        assert_eq!(metrics(&json!({"Id": "images", "Filter": {"Prefix": "images/"}})), "images images/");
        assert_eq!(metrics(&json!({"Id": "p", "Filter": {"AccessPointArn": "arn"}})), "p filtered");
        let export = json!({"Id": "l", "StorageClassAnalysis": {"DataExport": {"Destination": {"S3BucketDestination": {
            "Bucket": "arn:aws:s3:::r", "Format": "CSV"}}}}});
        assert_eq!(analytics(&export), "l: CSV to arn:aws:s3:::r");
        assert_eq!(analytics(&json!({"Id": "l", "StorageClassAnalysis": {}})), "l");
    }
}
