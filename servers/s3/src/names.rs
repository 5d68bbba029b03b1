//! Names with rules: parsed at the edge, with an error that shows what a good one looks like.

use std::borrow::Cow;

use aws_sdk_s3::primitives::DateTime;
use awsmcp_aws::utc_second;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};

/// A bucket: its name, its ARN, or the ARN or alias of an access point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BucketName(String);

impl BucketName {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is a directory bucket (S3 Express One Zone), which lists without order.
    pub(crate) fn is_directory(&self) -> bool {
        self.0.ends_with("--x-s3")
    }

    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>
    fn parse(text: &str) -> Result<Self, String> {
        let name = match text.split_once(":s3:::") {
            Some((partition, name)) if partition.starts_with("arn:aws") => name,
            _ => text,
        };
        let access_point = name.starts_with("arn:aws") && name.contains(":accesspoint");
        let letters = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '_');
        let plain = (3..=255).contains(&name.len())
            && name.chars().all(letters)
            && name.starts_with(|letter: char| letter.is_ascii_alphanumeric())
            && !name.contains("..");
        if plain || access_point {
            Ok(BucketName(name.to_owned()))
        } else {
            Err(format!(
                "{text:?} is not a bucket name: a good one is 3 to 63 lower-case letters, digits, dots and hyphens, \
                 such as my-logs-2026; a bucket's or an access point's ARN works too"
            ))
        }
    }
}

impl From<BucketName> for String {
    fn from(name: BucketName) -> Self {
        name.0
    }
}

impl std::fmt::Display for BucketName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

awsmcp_mcp::plain_string!(BucketName);

/// AWS's way to write the ARN of a bucket or an object, which is another for those behind an access point.
///
/// # Errors
/// For the alias of an access point, which does not say of which bucket, or of which account.
pub(crate) fn arn(arn: &str) -> Result<Option<String>, String> {
    if let Some((_, name)) = arn.split_once(":s3:::") {
        let bucket = name.split('/').next().unwrap_or(name);
        if ["-s3alias", "--ol-s3"].iter().any(|end| bucket.ends_with(end)) {
            return Err(format!(
                "{bucket} is the alias of an access point, and the operator holds calls to ARNs, which an alias does \
                 not tell: give the access point's ARN, or the bucket's name, as `bucket`"
            ));
        }
        return Ok(None);
    }
    let Some((start, rest)) = arn.split_once("accesspoint/").filter(|_| arn.contains(":s3")) else {
        return Ok(None);
    };
    let Some((point, key)) = rest.split_once('/') else { return Ok(None) };
    // An object lambda is granted as a whole.
    let object = if start.contains(":s3-object-lambda:") { String::new() } else { format!("/object/{key}") };
    Ok(Some(format!("{start}accesspoint/{point}{object}")))
}

/// A key: 1 to 1,024 bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key(String);

impl Key {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn parse(text: String) -> Result<Self, String> {
        if (1..=1024).contains(&text.len()) {
            return Ok(Key(text));
        }
        Err(format!(
            "a key has 1 to 1,024 bytes, this one has {}; good ones look like logs/2026/11/app.log",
            text.len()
        ))
    }
}

impl From<Key> for String {
    fn from(key: Key) -> Self {
        key.0
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Key::parse(String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

impl JsonSchema for Key {
    fn schema_name() -> Cow<'static, str> {
        "Key".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string"})
    }
}

/// An entity tag, with its quotes or without.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Etag(String);

impl Etag {
    /// As headers take it.
    pub(crate) fn header(&self) -> String {
        format!("\"{}\"", self.0)
    }

    pub(crate) fn is(&self, etag: Option<&str>) -> bool {
        etag.is_some_and(|etag| bare(etag) == self.0)
    }
}

impl std::fmt::Display for Etag {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Etag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let tag = bare(&text);
        if !tag.is_empty()
            && tag.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_+/=.:".contains(letter))
        {
            Ok(Etag(tag.to_owned()))
        } else {
            Err(de::Error::custom(format!(
                "{text:?} is not an etag; head_object shows it, such as d41d8cd98f00b204e9800998ecf8427e"
            )))
        }
    }
}

impl JsonSchema for Etag {
    fn schema_name() -> Cow<'static, str> {
        "Etag".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string"})
    }
}

/// An entity tag without its quotes.
pub(crate) fn bare(etag: &str) -> &str {
    etag.trim_matches('"')
}

/// Text as URLs take it; the characters of `keep` stay as they are.
pub(crate) fn escaped(text: &str, keep: &str) -> String {
    let plain =
        |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || keep.as_bytes().contains(&byte);
    text.bytes().fold(String::with_capacity(text.len()), |mut out, byte| {
        if plain(byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
        out
    })
}

/// A day in UTC: `2026-11-22`.
pub(crate) fn day(time: DateTime) -> String {
    utc_second(time).split('T').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_access_point_has_arns_of_its_own() {
        let of = |text: &str| arn(text).unwrap();
        let point = "arn:aws:s3:us-east-1:123456789012:accesspoint/p";
        assert_eq!(of(&format!("{point}/a/b.txt")).unwrap(), format!("{point}/object/a/b.txt"));
        assert_eq!(of(&format!("{point}/object/k")).unwrap(), format!("{point}/object/object/k"));
        assert_eq!(of(&format!("{point}/accesspoint/k")).unwrap(), format!("{point}/object/accesspoint/k"));
        assert_eq!(of(point), None);
        let outpost = "arn:aws:s3-outposts:us-east-1:123456789012:outpost/o/accesspoint/p";
        assert_eq!(of(&format!("{outpost}/k")).unwrap(), format!("{outpost}/object/k"));
        let lambda = "arn:aws:s3-object-lambda:us-east-1:123456789012:accesspoint/p";
        assert_eq!(of(&format!("{lambda}/k")).unwrap(), lambda);
        for plain in ["arn:aws:s3:::b", "arn:aws:s3:::b/accesspoint/k", "arn:aws:kms:*:*:key/k", "*"] {
            assert_eq!(of(plain), None, "{plain}");
        }
    }

    #[test]
    fn an_alias_does_not_say_whose_it_is() {
        for alias in ["p-abc123-s3alias", "o-abc123--ol-s3"] {
            for text in [format!("arn:aws:s3:::{alias}"), format!("arn:aws:s3:::{alias}/k")] {
                assert!(arn(&text).unwrap_err().contains(alias));
            }
        }
        assert_eq!(arn("arn:aws:s3:::b/x-s3alias"), Ok(None), "a key may end so");
    }

    #[test]
    fn bucket_names_and_arns_are_taken() {
        let read = |text| BucketName::parse(text).map(|name| name.0);
        assert_eq!(read("my-logs").unwrap(), "my-logs");
        assert_eq!(read("arn:aws:s3:::my-logs").unwrap(), "my-logs");
        assert_eq!(read("arn:aws-cn:s3:::my-logs").unwrap(), "my-logs");
        assert_eq!(read("b--use1-az4--x-s3").unwrap(), "b--use1-az4--x-s3");
        let point = "arn:aws:s3:us-east-1:123456789012:accesspoint/p";
        assert_eq!(read(point).unwrap(), point);
        for wrong in ["", "ab", "../etc", "a b", "a/b", "a..b", "-ab", "arn:aws:iam::1:role/x", "bucket\u{1}"]
        {
            assert!(read(wrong).unwrap_err().contains("my-logs-2026"), "{wrong}");
        }
    }
}
