//! What a setting names besides its own bucket: keys, the bucket that takes logs or reports, who is told of events.

use awsmcp_mcp::{Arn, Call, Error, ResourceArgument, ResourceRef, Result};
use awsmcp_sdk::partition;
use serde_json::Value;

use super::Setting;
use crate::{
    S3, arns,
    names::{BucketName, KmsKey},
};

/// A resource that a setting names.
#[derive(Debug)]
pub(crate) enum Named {
    Key(KmsKey),
    Bucket(BucketName),
    /// The bucket that takes reports, and the action that puts them there.
    Reports(Arn, &'static str),
    /// A topic, a queue or a function.
    Listener(Arn),
}

impl Setting {
    /// What a value of this setting names. Each is read as strictly as an argument.
    ///
    /// # Errors
    /// Names the member, and shows what a good one looks like.
    pub(crate) fn named(self, value: &Value) -> Result<Vec<Named>> {
        let wrong = |member: &str| {
            let member = member.to_owned();
            move |why: String| Error::invalid(format!("`{member}`: {why}"))
        };
        match self {
            Setting::Encryption => {
                let rules = items(value, "Rules");
                let keys = rules.filter_map(|rule| text_of(rule, BUCKET_KEY));
                let keys =
                    keys.map(|key| KmsKey::parse(key).map(Named::Key).map_err(wrong("KMSMasterKeyID")));
                keys.collect()
            }
            Setting::Logging => {
                let target = value.pointer("/LoggingEnabled/TargetBucket").and_then(Value::as_str);
                let target = target
                    .map(|name| BucketName::parse(name).map(Named::Bucket).map_err(wrong("TargetBucket")));
                target.into_iter().collect()
            }
            Setting::Notifications => {
                let each = LISTENERS.into_iter().flat_map(|(list, member, service)| {
                    let found = items(value, list).filter_map(move |one| one.get(member)?.as_str());
                    found.map(move |arn| listener(arn, service).map_err(wrong(member)))
                });
                each.collect()
            }
            Setting::Inventory => {
                let bucket = self.reports(value, "s3:PutInventoryConfiguration");
                let key = text_of(value, INVENTORY_KEY);
                let key = key.map(|key| KmsKey::parse(key).map(Named::Key).map_err(wrong("KeyId")));
                bucket.into_iter().chain(key).collect()
            }
            Setting::Analytics => self.reports(value, "s3:PutAnalyticsConfiguration").into_iter().collect(),
            _ => Ok(Vec::new()),
        }
    }
}

const INVENTORY: &str = "/Destination/S3BucketDestination";
const INVENTORY_KEY: &str = "/Destination/S3BucketDestination/Encryption/SSEKMS/KeyId";
const ANALYTICS: &str = "/StorageClassAnalysis/DataExport/Destination/S3BucketDestination";
const BUCKET_KEY: &str = "/ApplyServerSideEncryptionByDefault/KMSMasterKeyID";

/// Where reports go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Receiver {
    /// Its ARN.
    pub(crate) bucket: String,
    /// Whose it has to be: AWS compares it before each report.
    pub(crate) account: Option<String>,
    /// The member that says so.
    pub(crate) member: &'static str,
}

impl Setting {
    /// The bucket that takes the reports of this value.
    fn receiver(self, value: &Value) -> Option<Receiver> {
        let (to, member) = match self {
            Setting::Inventory => (value.pointer(INVENTORY)?, "AccountId"),
            Setting::Analytics => (value.pointer(ANALYTICS)?, "BucketAccountId"),
            _ => return None,
        };
        let text = |member: &str| to.get(member)?.as_str().map(str::to_owned);
        Some(Receiver { bucket: text("Bucket")?, account: text(member), member })
    }

    /// The bucket that takes the reports of a new value, where it is not that of the old one.
    pub(crate) fn new_receiver(self, old: Option<&Value>, new: Option<&Value>) -> Option<Receiver> {
        let before = old.and_then(|old| self.receiver(old));
        new.and_then(|new| self.receiver(new)).filter(|to| before.as_ref() != Some(to))
    }

    fn reports(self, value: &Value, action: &'static str) -> Option<Result<Named>> {
        let to = self.receiver(value)?;
        let bucket = whole_bucket(&to.bucket).map(|arn| Named::Reports(arn, action));
        Some(bucket.map_err(|why| Error::invalid(format!("`Bucket`: {why}"))))
    }
}

impl Setting {
    /// The accounts of the keys and listeners that a value names, each with what it has in its hands.
    pub(crate) fn in_hands(self, value: &Value) -> Vec<(String, String)> {
        let named = self.named(value).unwrap_or_default().into_iter();
        let hands = named.filter_map(|named| match named {
            Named::Key(key) => match key.resource() {
                ResourceRef::Whole(arn) => {
                    let text = format!(
                        "account {} holds the key {arn}: without it nothing can be read",
                        arn.account
                    );
                    Some((arn.account, text))
                }
                _ => None,
            },
            Named::Listener(arn) => {
                let text = format!("account {} hears of what happens in this bucket, by {arn}", arn.account);
                Some((arn.account, text))
            }
            Named::Bucket(_) | Named::Reports(..) => None,
        });
        hands.collect()
    }
}

fn text_of<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer)?.as_str()
}

/// A bucket that is named by its ARN, as AWS wants it here.
fn whole_bucket(text: &str) -> Result<Arn, String> {
    let arn = text.starts_with("arn:").then(|| BucketName::parse(text).ok()).flatten();
    match arn.map(|bucket| bucket.resource()) {
        Some(ResourceRef::Own { arn, .. }) => Ok(arn),
        _ => Err(format!("{text:?} is not the ARN of a bucket; a good one is arn:aws:s3:::my-reports")),
    }
}

/// The lists of a notification's listeners, the member that names each, and of which service it is.
const LISTENERS: [(&str, &str, &str); 3] = [
    ("TopicConfigurations", "TopicArn", "sns"),
    ("QueueConfigurations", "QueueArn", "sqs"),
    ("LambdaFunctionConfigurations", "LambdaFunctionArn", "lambda"),
];

fn items<'a>(value: &'a Value, list: &str) -> impl Iterator<Item = &'a Value> {
    value.get(list).and_then(Value::as_array).into_iter().flatten()
}

fn listener(text: &str, service: &str) -> Result<Named, String> {
    let arn = Arn::parse(text).ok().filter(|arn| {
        let plain = !arn.resource.contains(['*', '?', '/']);
        arn.service == service && !arn.region.is_empty() && arn.account.len() == 12 && plain
    });
    arn.map(Named::Listener).ok_or_else(|| {
        let end = if service == "lambda" { "function:my-function" } else { "my-name" };
        format!("{text:?} is not an ARN of {service}; a good one is arn:aws:{service}:us-east-1:123456789012:{end}")
    })
}

impl Named {
    /// # Errors
    /// When it is outside the operator's list.
    pub(crate) async fn may(&self, cx: &Call<S3>) -> Result<()> {
        match self {
            Named::Key(key) => cx.may_on("kms:GenerateDataKey", &spelled_out(cx, key).await?),
            Named::Bucket(bucket) => match bucket.resource() {
                ResourceRef::Whole(arn) => cx.may_on("s3:PutBucketLogging", &arn.to_string()),
                _ => cx.may("s3:PutBucketLogging", arns::BUCKET, &[("bucket", bucket.as_str())]).await,
            },
            Named::Reports(arn, action) => cx.may_on(action, &arn.to_string()),
            Named::Listener(arn) => cx.may_on("s3:PutBucketNotification", &arn.to_string()),
        }
    }
}

/// The key as it is put: where calls are held to a list, its id or alias is spelled out as the ARN that was judged, and the
/// request names exactly that.
pub(crate) async fn spelled_out(cx: &Call<S3>, key: &KmsKey) -> Result<String> {
    let text = key.as_str();
    if cx.settings().allow_arns.is_empty() || matches!(key.resource(), ResourceRef::Whole(_)) {
        return Ok(text.to_owned());
    }
    let resource = if text.starts_with("alias/") { text.to_owned() } else { format!("key/{text}") };
    let (region, account) = (cx.region(), cx.identity().await?.account);
    Ok(format!("arn:{}:kms:{region}:{account}:{resource}", partition(region)))
}

impl Setting {
    /// The value with its KMS keys spelled out.
    ///
    /// # Errors
    /// When one is no key.
    pub(crate) async fn with_whole_keys(self, cx: &Call<S3>, mut value: Value) -> Result<Value> {
        for key in self.keys_of(&mut value) {
            if let Some(text) = key.as_str() {
                let parsed = KmsKey::parse(text).map_err(Error::invalid)?;
                *key = Value::String(spelled_out(cx, &parsed).await?);
            }
        }
        Ok(value)
    }

    /// Where a value of this setting names KMS keys.
    fn keys_of(self, value: &mut Value) -> Vec<&mut Value> {
        match self {
            Setting::Encryption => {
                let rules = value.get_mut("Rules").and_then(Value::as_array_mut).into_iter().flatten();
                rules.filter_map(|rule| rule.pointer_mut(BUCKET_KEY)).collect()
            }
            Setting::Inventory => value.pointer_mut(INVENTORY_KEY).into_iter().collect(),
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_setting_names_is_read_strictly() {
        let wrong = |setting: Setting, value: Value| setting.named(&value).unwrap_err().to_string();
        let key = |key: &str| json!({"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}]});
        assert!(wrong(Setting::Encryption, key("arn:aws:s3:::b")).contains("`KMSMasterKeyID`"));
        assert_eq!(Setting::Encryption.named(&key("alias/my-key")).unwrap().len(), 1);
        let logs = |bucket: &str| json!({"LoggingEnabled": {"TargetBucket": bucket, "TargetPrefix": ""}});
        assert!(
            wrong(Setting::Logging, logs("arn:aws:kms:us-east-1:123456789012:key/x:s3:::b"))
                .contains("`TargetBucket`")
        );
        let queue = |arn: &str| json!({"QueueConfigurations": [{"QueueArn": arn, "Events": []}]});
        for bad in ["arn:aws:sns:us-east-1:123456789012:q", "arn:aws:sqs:us-east-1:123456789012:*", "q"] {
            assert!(wrong(Setting::Notifications, queue(bad)).contains("is not an ARN of sqs"), "{bad}");
        }
        assert_eq!(
            Setting::Notifications.named(&queue("arn:aws:sqs:us-east-1:123456789012:q")).unwrap().len(),
            1
        );
        assert!(Setting::Tags.named(&json!({"TagSet": []})).unwrap().is_empty());
    }

    #[test]
    fn the_bucket_of_reports_is_named_by_its_arn() {
        let inventory = |bucket: &str, key: &str| {
            json!({"Destination": {"S3BucketDestination": {"AccountId": "123456789012", "Bucket": bucket,
                "Encryption": {"SSEKMS": {"KeyId": key}}}}})
        };
        let good = inventory("arn:aws:s3:::reports", "alias/my-key");
        assert_eq!(Setting::Inventory.named(&good).unwrap().len(), 2);
        let to = Setting::Inventory.receiver(&good).unwrap();
        assert_eq!(
            (to.bucket.as_str(), to.account.as_deref()),
            ("arn:aws:s3:::reports", Some("123456789012"))
        );
        for bad in [
            "reports",
            "arn:aws:s3:::a/b",
            "arn:aws:s3:us-east-1:123456789012:accesspoint/p",
            "arn:aws:s3:::*",
        ] {
            let wrong = Setting::Inventory.named(&inventory(bad, "alias/my-key")).unwrap_err().to_string();
            assert!(wrong.contains("`Bucket`") && wrong.contains("arn:aws:s3:::my-reports"), "{wrong}");
        }
        let wrong =
            Setting::Inventory.named(&inventory("arn:aws:s3:::reports", "arn:aws:s3:::b")).unwrap_err();
        assert!(wrong.to_string().contains("`KeyId`"), "{wrong}");
        let export = json!({"StorageClassAnalysis": {"DataExport": {"Destination": {"S3BucketDestination": {"Bucket": "b"}}}}});
        assert!(Setting::Analytics.named(&export).is_err());
    }
}
