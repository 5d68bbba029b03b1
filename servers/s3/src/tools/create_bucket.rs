use std::collections::BTreeMap;

use aws_sdk_s3::types::{
    BucketLocationConstraint, BucketVersioningStatus, CreateBucketConfiguration, ObjectOwnership,
    PublicAccessBlockConfiguration, ServerSideEncryption, ServerSideEncryptionByDefault,
    ServerSideEncryptionConfiguration, ServerSideEncryptionRule, Tag, Tagging, VersioningConfiguration,
};
use awsmcp_mcp::{Call, Change, Error, Kind, One, Plan, Result, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    S3, arns,
    config::{
        Wanted, built,
        named::{Named, spelled_out},
    },
    names::{BucketName, KmsKey},
};

/// Creates a bucket in the call's region: public access blocked, ACLs off, encrypted.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateBucket {
    bucket: BucketName,
    #[serde(default)]
    versioning: bool,
    /// ARN, id or alias; SSE-S3 without.
    kms_key: Option<KmsKey>,
    tags: Option<BTreeMap<String, String>>,
    /// Cannot be turned off again; turns versioning on.
    #[serde(default)]
    object_lock: bool,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Created {
    bucket: String,
    region: String,
    settings: Vec<&'static str>,
}

impl Change for CreateBucket {
    type Service = S3;
    type Output = One<Created>;
    type Items = ();
    const SPEC: Spec = Spec::write("create_bucket", "Create bucket")
        .shown_by("list_buckets")
        .on(
            arns::BUCKET,
            &[
                "s3:ListBucket",
                "s3:CreateBucket",
                "s3:PutBucketOwnershipControls",
                "s3:PutBucketPublicAccessBlock",
                "s3:PutEncryptionConfiguration",
            ],
        )
        .when("versioning")
        .on(arns::BUCKET, &["s3:PutBucketVersioning"])
        .when("tags")
        .on(arns::BUCKET, &["s3:PutBucketTagging"])
        .when("object_lock")
        .on(arns::BUCKET, &["s3:PutBucketVersioning", "s3:PutBucketObjectLockConfiguration"])
        .optional();

    async fn plan(&self, cx: &Call<S3>) -> Result<Plan> {
        good_name(self.bucket.as_str())?;
        if let Some(key) = &self.kms_key {
            Named::Key(key.clone()).may(cx).await?;
        }
        self.is_free(cx).await?;
        let mut plan = Plan::new(format!("create bucket {} in {}", self.bucket, cx.region()));
        let key = self
            .kms_key
            .as_ref()
            .map_or_else(|| "SSE-S3".to_owned(), |key| format!("KMS key {}", key.as_str()));
        let rows = [
            ("public access", Some("blocked".to_owned())),
            ("ownership", Some("BucketOwnerEnforced (ACLs off)".to_owned())),
            ("encryption", Some(key)),
            ("versioning", (self.versioning || self.object_lock).then(|| "on".to_owned())),
            ("object lock", self.object_lock.then(|| "on, no default retention".to_owned())),
            ("tags", self.tags.as_ref().map(|tags| json!(tags).to_string())),
        ];
        for (setting, value) in rows {
            if let Some(value) = value {
                plan = plan.row(json!({"setting": setting, "value": value}));
            }
        }
        if self.bucket.as_str().contains('.') {
            plan = plan.warning(
                "a name with dots does not fit AWS's TLS certificate in its own host name; hyphens do",
            );
        }
        Ok(plan)
    }

    async fn apply(self, (): (), cx: &Call<S3>) -> Result<Self::Output> {
        let (bucket, region) = (self.bucket.to_string(), cx.region().to_owned());
        let key = match &self.kms_key {
            Some(key) => Some(spelled_out(cx, key).await?),
            None => None,
        };
        let steps = self.steps(key)?;
        // AWS's oldest region is the one without a name here.
        let place = (region != "us-east-1").then(|| {
            let place = BucketLocationConstraint::from(region.as_str());
            CreateBucketConfiguration::builder().location_constraint(place).build()
        });
        cx.client()
            .create_bucket()
            .bucket(&bucket)
            .set_create_bucket_configuration(place)
            .object_ownership(ObjectOwnership::BucketOwnerEnforced)
            .set_object_lock_enabled_for_bucket(self.object_lock.then_some(true))
            .send()
            .await?;
        let mut settings = vec!["ownership"];
        let mut left: Vec<&'static str> = steps.iter().map(|(name, _)| *name).collect();
        for (name, step) in steps {
            if let Err(mut error) = step.put(cx, &bucket).await {
                error.message = format!(
                    "bucket {bucket} was created in {region}, with {} set; {name} failed: {}",
                    settings.join(", "),
                    error.message
                );
                return Err(error.with_next(format!(
                    "still to set: {}; do it with put_bucket_config, or remove the bucket with delete_bucket",
                    left.join(", ")
                )));
            }
            settings.push(name);
            left.retain(|other| *other != name);
        }
        if self.object_lock {
            settings.push("object_lock");
        }
        Ok(One(Created { bucket, region, settings }))
    }
}

impl CreateBucket {
    /// # Errors
    /// When the name is taken, by whom as far as AWS says.
    async fn is_free(&self, cx: &Call<S3>) -> Result<()> {
        let taken = |whose: &str| {
            Error::conflict(format!("the bucket {} exists already: {whose}", self.bucket))
                .with_next("choose another name, or configure that bucket with put_bucket_config")
        };
        match cx.client().head_bucket().bucket(self.bucket.as_str()).send().await.map_err(Error::from) {
            Ok(out) => {
                let region = out.bucket_region.unwrap_or_else(|| cx.region().to_owned());
                Err(taken(&format!("in {region}, and these credentials may use it")))
            }
            Err(error) if error.kind == Kind::NotFound => Ok(()),
            // Not to be followed there: this is about the name alone.
            Err(error) if error.kind == Kind::WrongRegion => {
                Err(taken(&format!("in {}", error.region.as_deref().unwrap_or("another region"))))
            }
            Err(error) if error.kind == Kind::AccessDenied => {
                let mut taken =
                    taken("it belongs to somebody else, or these credentials lack s3:ListBucket on it");
                taken.status = error.status;
                Err(taken)
            }
            Err(error) => Err(error),
        }
    }

    /// What is set after the bucket exists, in order: the door is shut first.
    fn steps(&self, kms_key: Option<String>) -> Result<Vec<(&'static str, Wanted)>> {
        let block = PublicAccessBlockConfiguration::builder()
            .block_public_acls(true)
            .ignore_public_acls(true)
            .block_public_policy(true)
            .restrict_public_buckets(true)
            .build();
        let mut steps = vec![("public_access_block", Wanted::PublicAccessBlock(block))];
        let algorithm =
            if kms_key.is_some() { ServerSideEncryption::AwsKms } else { ServerSideEncryption::Aes256 };
        let encryption = ServerSideEncryptionByDefault::builder()
            .sse_algorithm(algorithm)
            .set_kms_master_key_id(kms_key.clone())
            .build();
        let rule = ServerSideEncryptionRule::builder()
            .apply_server_side_encryption_by_default(built(encryption)?)
            // One request to KMS for many objects.
            .set_bucket_key_enabled(kms_key.is_some().then_some(true))
            .build();
        let encryption = ServerSideEncryptionConfiguration::builder().rules(rule).build();
        steps.push(("encryption", Wanted::Encryption(built(encryption)?)));
        if self.versioning {
            let on = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
            steps.push(("versioning", Wanted::Versioning(on)));
        }
        if let Some(tags) = self.tags.as_ref().filter(|tags| !tags.is_empty()) {
            let tags = tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build());
            let tags = built(tags.collect::<std::result::Result<Vec<_>, _>>())?;
            steps.push(("tags", Wanted::Tags(built(Tagging::builder().set_tag_set(Some(tags)).build())?)));
        }
        Ok(steps)
    }
}

/// New names follow stricter rules than old ones.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>
fn good_name(name: &str) -> Result<()> {
    let end = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
    let letters = (3..=63).contains(&name.len())
        && name.chars().all(|letter| end(letter) || letter == '.' || letter == '-')
        && name.starts_with(end)
        && name.ends_with(end);
    let address =
        name.split('.').count() == 4 && name.chars().all(|letter| letter.is_ascii_digit() || letter == '.');
    let taken = ["xn--", "sthree-", "amzn-s3-demo-"].iter().any(|start| name.starts_with(start))
        || ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"].iter().any(|end| name.ends_with(end));
    if letters && !address && !taken {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "{name:?} cannot name a new bucket: 3 to 63 lower-case letters, digits, dots and hyphens, beginning and ending \
         with a letter or digit, none of AWS's own prefixes and suffixes, such as my-logs-2026"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_good_names_are_created() {
        for good in ["my-logs-2026", "a.b-c", "0ab"] {
            assert!(good_name(good).is_ok(), "{good}");
        }
        for bad in
            ["My-Logs", "a_b", "ab-", "-ab", "10.0.0.1", "xn--abc", "b--use1-az4--x-s3", &"a".repeat(64)]
        {
            assert!(good_name(bad).unwrap_err().message.contains("my-logs-2026"), "{bad}");
        }
    }
}
