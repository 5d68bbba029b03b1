//! A KMS key that is an argument.

use awsmcp_spec::{Arn, ResourceRef};

use crate::{ResourceArgument, resource_string};

/// A KMS key: its id or ARN, or the name or ARN of an alias.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KmsKey {
    text: String,
    resource: ResourceRef,
}

impl KmsKey {
    /// As AWS takes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl ResourceArgument for KmsKey {
    /// <https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#key-id>
    fn parse(text: &str) -> Result<Self, String> {
        let letters = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_');
        let is_id = |id: &str| (1..=256).contains(&id.len()) && id.chars().all(letters);
        let is_alias = |name: &str| {
            name.strip_prefix("alias/").is_some_and(|name| {
                (1..=256).contains(&name.len()) && name.chars().all(|letter| letters(letter) || letter == '/')
            })
        };
        let resource = match text.starts_with("arn:") {
            // It may be another account's, and in another region than the call's.
            true => Arn::parse(text)
                .ok()
                .filter(|arn| {
                    let of_region = arn.service == "kms" && !arn.region.is_empty() && arn.account.len() == 12;
                    of_region && (arn.name("kms", "key/").is_some_and(is_id) || is_alias(&arn.resource))
                })
                .map(ResourceRef::Whole),
            // An alias's name stands for some key of the account.
            false => (is_id(text) || is_alias(text)).then(|| ResourceRef::Name(text.to_owned())),
        };
        let resource = resource.ok_or_else(|| {
            format!(
                "{text:?} is not a KMS key: good ones are 1234abcd-12ab-34cd-56ef-1234567890ab, alias/my-key and \
                 arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
            )
        })?;
        Ok(KmsKey { text: text.to_owned(), resource })
    }

    fn resource(&self) -> ResourceRef {
        self.resource.clone()
    }
}

impl From<KmsKey> for String {
    fn from(key: KmsKey) -> Self {
        key.text
    }
}

resource_string!(KmsKey);
