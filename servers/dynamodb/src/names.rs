//! Names with rules: parsed at the edge, with an error that shows what a good one looks like.

use aws_sdk_dynamodb::{primitives::DateTime, types::ScalarAttributeType};
pub(crate) use awsmcp_mcp::KmsKey;
use awsmcp_mcp::{Arn, Call, Error, Moment, ResourceArgument, ResourceRef, plain_string, resource_string};
use serde::Serialize;

use crate::DynamoDb;

resource_string!(TableName, Name, TablePrefix, IndexName, BackupArn, Bucket);

fn is_name(text: &str) -> bool {
    (3..=255).contains(&text.len())
        && text.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.'))
}

/// The ARN of something of DynamoDB's: all of them have a region and an account.
fn arn(text: &str) -> Option<Arn> {
    let arn = Arn::parse(text).ok()?;
    (arn.service == "dynamodb" && !arn.region.is_empty() && arn.account.len() == 12).then_some(arn)
}

/// A table: its name, or its ARN, which may be another account's.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub(crate) struct TableName(String);

impl TableName {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The name without the rest of an ARN.
    pub(crate) fn short(&self) -> &str {
        self.0.split_once(":table/").map_or(self.as_str(), |(_, name)| name)
    }

    /// The account that the table is of, where its ARN names another than the caller's: what is asked for by the plain name
    /// would be of another table.
    ///
    /// # Errors
    /// When AWS does not say who is calling.
    pub(crate) async fn elsewhere(&self, cx: &Call<DynamoDb>) -> Result<Option<String>, Error> {
        let Some(arn) = arn(&self.0) else { return Ok(None) };
        let own = cx.identity().await?.account;
        Ok(Some(arn.account).filter(|account| *account != own))
    }
}

impl ResourceArgument for TableName {
    fn parse(text: &str) -> Result<Self, String> {
        let is_arn = || arn(text).is_some_and(|arn| arn.name("dynamodb", "table/").is_some_and(is_name));
        if is_name(text) || is_arn() {
            return Ok(TableName(text.to_owned()));
        }
        Err(format!(
            "{text:?} is not a table: a good one is 3 to 255 letters, digits, underscores, hyphens and dots, such as \
             orders-prod; a table's ARN works too, such as arn:aws:dynamodb:us-east-1:123456789012:table/orders-prod"
        ))
    }

    fn resource(&self) -> ResourceRef {
        let name = self.short().to_owned();
        arn(&self.0).map_or_else(|| ResourceRef::Name(self.0.clone()), |arn| ResourceRef::Arn { arn, name })
    }
}

impl From<TableName> for String {
    fn from(name: TableName) -> Self {
        name.0
    }
}

impl std::fmt::Display for TableName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A new table, index or backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct Name(String);

impl Name {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl ResourceArgument for Name {
    fn parse(text: &str) -> Result<Self, String> {
        if is_name(text) {
            return Ok(Name(text.to_owned()));
        }
        Err(format!(
            "{text:?} is not a name: a good one is 3 to 255 letters, digits, underscores, hyphens and dots, such as by-date"
        ))
    }

    fn resource(&self) -> ResourceRef {
        ResourceRef::Name(self.0.clone())
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// What names of tables begin with; it may be empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TablePrefix(String);

impl TablePrefix {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl ResourceArgument for TablePrefix {
    fn parse(text: &str) -> Result<Self, String> {
        let letters = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.');
        if text.len() <= 255 && text.chars().all(letters) {
            return Ok(TablePrefix(text.to_owned()));
        }
        Err(format!(
            "no table's name begins with {text:?}: it has letters, digits, underscores, hyphens and dots, as in orders-"
        ))
    }

    fn resource(&self) -> ResourceRef {
        ResourceRef::Name(self.0.clone())
    }
}

/// An index of the call's table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct IndexName(String);

impl IndexName {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl ResourceArgument for IndexName {
    fn parse(text: &str) -> Result<Self, String> {
        if is_name(text) {
            return Ok(IndexName(text.to_owned()));
        }
        Err(format!(
            "{text:?} is not an index: a good one is 3 to 255 letters, digits, underscores, hyphens and dots, such as \
             by-date; describe_table shows a table's"
        ))
    }

    fn resource(&self) -> ResourceRef {
        ResourceRef::Name(self.0.clone())
    }
}

impl std::fmt::Display for IndexName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A backup, by its ARN.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct BackupArn(String);

impl BackupArn {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl ResourceArgument for BackupArn {
    fn parse(text: &str) -> Result<Self, String> {
        let is_backup = |rest: &str| {
            let id = |id: &str| {
                !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            };
            rest.split_once("/backup/").is_some_and(|(table, backup)| is_name(table) && id(backup))
        };
        if arn(text).is_some_and(|arn| arn.name("dynamodb", "table/").is_some_and(is_backup)) {
            return Ok(BackupArn(text.to_owned()));
        }
        Err(format!(
            "{text:?} is not a backup's ARN; list_backups shows them, such as \
             arn:aws:dynamodb:us-east-1:123456789012:table/orders/backup/01489602797149-73d8d5bc"
        ))
    }

    fn resource(&self) -> ResourceRef {
        arn(&self.0).map_or_else(|| ResourceRef::Name(self.0.clone()), ResourceRef::Whole)
    }
}

/// A bucket: its name, or its ARN, of which the request carries the name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bucket {
    name: String,
    resource: ResourceRef,
}

impl ResourceArgument for Bucket {
    fn parse(text: &str) -> Result<Self, String> {
        let is_bucket = |name: &str| {
            let letters = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '_');
            (3..=255).contains(&name.len()) && name.chars().all(letters) && !name.contains("..")
        };
        let of_arn = |arn: Arn| {
            let is_global = arn.service == "s3" && arn.region.is_empty() && arn.account.is_empty();
            let name = arn.resource.clone();
            (is_global && is_bucket(&name)).then_some(ResourceRef::Own { arn, name })
        };
        let resource = match text.starts_with("arn:") {
            true => Arn::parse(text).ok().and_then(of_arn),
            false => is_bucket(text).then(|| ResourceRef::Name(text.to_owned())),
        };
        match resource {
            Some(ResourceRef::Own { arn, name }) => {
                Ok(Bucket { name: name.clone(), resource: ResourceRef::Own { arn, name } })
            }
            Some(resource) => Ok(Bucket { name: text.to_owned(), resource }),
            None => Err(format!(
                "{text:?} is not a bucket: good ones are my-exports-2026 and arn:aws:s3:::my-exports-2026"
            )),
        }
    }

    fn resource(&self) -> ResourceRef {
        self.resource.clone()
    }
}

impl From<Bucket> for String {
    fn from(bucket: Bucket) -> Self {
        bucket.name
    }
}

impl std::fmt::Display for Bucket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)
    }
}

/// A key attribute with its type: `id`, `created_at:N`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeyAttribute {
    pub(crate) name: String,
    pub(crate) kind: ScalarAttributeType,
}

plain_string!(KeyAttribute);

impl KeyAttribute {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (name, kind) = text.rsplit_once(':').unwrap_or((text, "S"));
        let kind = match kind {
            "S" => ScalarAttributeType::S,
            "N" => ScalarAttributeType::N,
            "B" => ScalarAttributeType::B,
            _ => return Err(format!("{text:?}: a key's type is S, N or B, as in created_at:N")),
        };
        if name.is_empty() || name.len() > 255 {
            return Err(format!("{text:?} is not a key attribute; good ones are id and created_at:N"));
        }
        Ok(KeyAttribute { name: name.to_owned(), kind })
    }
}

impl std::fmt::Display for KeyAttribute {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.name, self.kind)
    }
}

/// A moment as AWS takes it.
pub(crate) fn date_time(moment: Moment) -> DateTime {
    DateTime::from_secs(moment.0.as_second())
}

#[cfg(test)]
mod tests {
    use awsmcp_spec::{Environment, resources};
    use proptest::prelude::*;

    use super::*;
    use crate::arns;

    #[test]
    fn table_names_and_arns_are_taken() {
        for good in ["orders", "a.b-c_d", "arn:aws:dynamodb:us-east-1:123456789012:table/orders"] {
            assert!(!TableName::parse(good).unwrap().short().contains(':'), "{good}");
        }
        for bad in [
            "",
            "ab",
            "or ders",
            " orders",
            "orders\u{0}",
            "orders/index/x",
            "arn:aws:s3:::bucket",
            "\u{1}abc",
            "arn:aws:kms:us-east-1:123456789012:key/x:table/orders",
            "arn:aws:s3:us-east-1:123456789012:table/orders",
            "arn:aws:dynamodb:us-east-1:123456789012:table/orders/index/by-date",
            "arn:aws:dynamodb:us-east-1:123456789012:table/a:table/orders",
            "arn:aws:dynamodb::123456789012:table/orders",
            "arn:aws:dynamodb:us-east-1::table/orders",
            "arn:aws:dynamodb:us-east-1:123456789012:table/*",
            " arn:aws:dynamodb:us-east-1:123456789012:table/orders",
        ] {
            assert!(TableName::parse(bad).unwrap_err().contains("orders-prod"), "{bad}");
        }
    }

    #[test]
    fn key_attributes_have_a_type() {
        let read = |text| KeyAttribute::parse(text).map(|key| key.to_string());
        assert_eq!(read("id").unwrap(), "id (S)");
        assert_eq!(read("a:b:N").unwrap(), "a:b (N)");
        assert!(read("id:X").is_err());
        assert!(read(":N").is_err());
    }

    #[test]
    fn a_backup_is_named_by_its_arn() {
        let arn = "arn:aws:dynamodb:us-east-1:123456789012:table/orders/backup/1-a";
        assert_eq!(BackupArn::parse(arn).unwrap().as_str(), arn);
        for bad in [
            "nightly",
            "arn:aws:dynamodb:us-east-1:123456789012:table/orders",
            "arn:aws:dynamodb:us-east-1:123456789012:table/orders/backup/",
            "arn:aws:dynamodb:us-east-1:123456789012:table/orders/backup/1-a/backup/2-b",
            "arn:aws:kms:us-east-1:123456789012:table/orders/backup/1-a",
            "arn:aws:dynamodb:us-east-1:123456789012:table/*/backup/1-a",
        ] {
            assert!(BackupArn::parse(bad).unwrap_err().contains("list_backups"), "{bad}");
        }
    }

    #[test]
    fn a_bucket_is_sent_by_its_name() {
        for good in ["exports", "arn:aws:s3:::exports", "arn:aws-cn:s3:::exports"] {
            assert_eq!(String::from(Bucket::parse(good).unwrap()), "exports");
        }
        for bad in ["ab", "a/b", " exports", "arn:aws:s3:::exports/k", "arn:aws:kms:us-east-1:1:key/x:s3:::b"]
        {
            assert!(Bucket::parse(bad).unwrap_err().contains("my-exports-2026"), "{bad}");
        }
    }

    #[test]
    fn kms_keys_are_read_strictly() {
        for good in [
            "1234abcd-12ab-34cd-56ef-1234567890ab",
            "alias/my-key",
            "alias/aws/dynamodb",
            "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            "arn:aws:kms:us-east-1:123456789012:alias/my-key",
        ] {
            assert_eq!(String::from(KmsKey::parse(good).unwrap()), good);
        }
        for bad in [
            "",
            "alias/",
            "key/x",
            " alias/my-key",
            "x:y",
            "arn:aws:s3:::key/x",
            "arn:aws:kms:us-east-1:1:key/x",
        ] {
            assert!(KmsKey::parse(bad).unwrap_err().contains("alias/my-key"), "{bad}");
        }
    }

    /// Texts that try to be read in two ways.
    fn hostile() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            "[a-zA-Z0-9._-]{0,12}",
            Just("arn:aws:dynamodb:us-east-1:123456789012:table/".to_owned()),
            Just("arn:aws:dynamodb:eu-west-1:999999999999:table/".to_owned()),
            Just("arn:aws:kms:us-east-1:123456789012:key/".to_owned()),
            Just("arn:aws:s3:::".to_owned()),
            Just(":table/".to_owned()),
            Just("/backup/1-a".to_owned()),
            Just("/index/x".to_owned()),
            Just("../".to_owned()),
            Just("%2F".to_owned()),
            Just("\u{0}".to_owned()),
            Just(" ".to_owned()),
            Just("*".to_owned()),
            Just("?".to_owned()),
            Just("\u{430}".to_owned()),
            Just("secret".to_owned()),
            any::<char>().prop_map(String::from),
        ];
        proptest::collection::vec(piece, 0..5).prop_map(|pieces| pieces.concat())
    }

    fn judged(template: &str, resource: &ResourceRef) -> Vec<String> {
        resources(template, Environment::ANY, |_| vec![resource.clone()])
    }

    proptest! {
        #[test]
        fn a_name_is_judged_as_it_is_sent(text in hostile()) {
            let whole = |kind: &str| match text.starts_with("arn:") {
                true => vec![text.clone()],
                false => vec![format!("arn:aws:dynamodb:*:*:{kind}{text}")],
            };
            if let Ok(table) = TableName::parse(&text) {
                prop_assert_eq!(table.as_str(), &text);
                prop_assert_eq!(judged(arns::TABLE, &table.resource()), whole("table/"));
            }
            if let Ok(backup) = BackupArn::parse(&text) {
                prop_assert_eq!(backup.as_str(), &text);
                prop_assert_eq!(judged(arns::BACKUP, &backup.resource()), whole(""));
            }
            if let Ok(name) = Name::parse(&text) {
                prop_assert_eq!(name.as_str(), &text);
                prop_assert!(TableName::parse(&text).is_ok() && !text.contains(':'));
            }
            if let Ok(bucket) = Bucket::parse(&text) {
                let judged = judged(arns::S3_BUCKET, &bucket.resource());
                prop_assert_eq!(judged, vec![format!("arn:aws:s3:::{bucket}")]);
            }
            if let Ok(key) = KmsKey::parse(&text) {
                prop_assert_eq!(key.as_str(), &text);
                let whole = match text.starts_with("arn:") {
                    true => text.clone(),
                    false => format!("arn:aws:kms:*:*:key/{text}"),
                };
                prop_assert_eq!(judged(arns::KMS_KEY, &key.resource()), vec![whole]);
            }
            let (prefix, index) = (TablePrefix::parse(&text), IndexName::parse(&text));
            let read = [prefix.as_ref().map(TablePrefix::as_str), index.as_ref().map(IndexName::as_str)];
            for name in read.into_iter().flatten() {
                prop_assert_eq!(name, &text);
                prop_assert!(!text.contains(|letter: char| ":/*? ".contains(letter) || !letter.is_ascii()));
            }
        }
    }
}
