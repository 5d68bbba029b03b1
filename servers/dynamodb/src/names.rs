//! Names with rules: parsed at the edge, with an error that shows what a good one looks like.

use aws_sdk_dynamodb::{primitives::DateTime, types::ScalarAttributeType};
use awsmcp_mcp::{Moment, plain_string};
use serde::Serialize;

fn is_name(text: &str) -> bool {
    (3..=255).contains(&text.len())
        && text.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.'))
}

/// A table: its name, or its ARN.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub(crate) struct TableName(String);

plain_string!(TableName);

impl TableName {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The name without the rest of an ARN.
    pub(crate) fn short(&self) -> &str {
        self.0.rsplit_once(":table/").map_or(self.as_str(), |(_, name)| name)
    }

    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let name = match text.rsplit_once(":table/") {
            Some((place, name)) if place.starts_with("arn:") => name,
            _ => text,
        };
        if is_name(name) {
            return Ok(TableName(text.to_owned()));
        }
        Err(format!(
            "{text:?} is not a table: a good one is 3 to 255 letters, digits, underscores, hyphens and dots, such as \
             orders-prod; a table's ARN works too"
        ))
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

plain_string!(Name);

impl Name {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    fn parse(text: &str) -> Result<Self, String> {
        if is_name(text) {
            return Ok(Name(text.to_owned()));
        }
        Err(format!(
            "{text:?} is not a name: a good one is 3 to 255 letters, digits, underscores, hyphens and dots, such as by-date"
        ))
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A backup, by its ARN.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct BackupArn(String);

plain_string!(BackupArn);

impl BackupArn {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    fn parse(text: &str) -> Result<Self, String> {
        if text.starts_with("arn:") && text.contains(":table/") && text.contains("/backup/") {
            return Ok(BackupArn(text.to_owned()));
        }
        Err(format!(
            "{text:?} is not a backup's ARN; list_backups shows them, such as \
             arn:aws:dynamodb:us-east-1:123456789012:table/orders/backup/01489602797149-73d8d5bc"
        ))
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
    use super::*;

    #[test]
    fn table_names_and_arns_are_taken() {
        for good in ["orders", "a.b-c_d", "arn:aws:dynamodb:us-east-1:123456789012:table/orders"] {
            assert!(!TableName::parse(good).unwrap().short().contains(':'), "{good}");
        }
        for bad in ["", "ab", "or ders", "orders/index/x", "arn:aws:s3:::bucket", "\u{1}abc"] {
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
        assert!(BackupArn::parse("nightly").unwrap_err().contains("list_backups"));
    }
}
