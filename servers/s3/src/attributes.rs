//! What an object carries beside its contents: type, metadata, tags, storage class, encryption.

use std::{borrow::Cow, collections::BTreeMap};

use aws_sdk_s3::types::{self, ServerSideEncryption, Tag, Tagging};
use awsmcp_mcp::{Error, Result};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};

use crate::names::escaped;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum StorageClass {
    Standard,
    StandardIa,
    OnezoneIa,
    IntelligentTiering,
    GlacierIr,
    Glacier,
    DeepArchive,
}

impl From<StorageClass> for types::StorageClass {
    fn from(class: StorageClass) -> Self {
        match class {
            StorageClass::Standard => types::StorageClass::Standard,
            StorageClass::StandardIa => types::StorageClass::StandardIa,
            StorageClass::OnezoneIa => types::StorageClass::OnezoneIa,
            StorageClass::IntelligentTiering => types::StorageClass::IntelligentTiering,
            StorageClass::GlacierIr => types::StorageClass::GlacierIr,
            StorageClass::Glacier => types::StorageClass::Glacier,
            StorageClass::DeepArchive => types::StorageClass::DeepArchive,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
pub(crate) enum Sse {
    #[serde(rename = "AES256")]
    Aes256,
    #[serde(rename = "aws:kms")]
    Kms,
    #[serde(rename = "aws:kms:dsse")]
    KmsDsse,
}

/// The encryption that is asked for; a key alone means SSE-KMS. None leaves it to the bucket's default.
pub(crate) fn encryption(sse: Option<Sse>, kms_key_id: Option<&str>) -> Result<Option<ServerSideEncryption>> {
    Ok(match (sse, kms_key_id) {
        (Some(Sse::Aes256), Some(_)) => {
            return Err(Error::invalid("sse AES256 takes no kms_key_id")
                .with_next("leave one of them out, or say sse \"aws:kms\""));
        }
        (Some(Sse::Aes256), None) => Some(ServerSideEncryption::Aes256),
        (Some(Sse::KmsDsse), _) => Some(ServerSideEncryption::AwsKmsDsse),
        (Some(Sse::Kms), _) | (None, Some(_)) => Some(ServerSideEncryption::AwsKms),
        (None, None) => None,
    })
}

/// Up to ten tags.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html>
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tags(BTreeMap<String, String>);

impl Tags {
    pub(crate) const MOST: usize = 10;

    pub(crate) fn parse(tags: BTreeMap<String, String>) -> std::result::Result<Self, String> {
        const GOOD: &str = "good ones look like {\"team\": \"data\", \"env\": \"prod\"}";
        if tags.len() > Self::MOST {
            return Err(format!("an object has at most {} tags, not {}", Self::MOST, tags.len()));
        }
        for (key, value) in &tags {
            if key.is_empty() || key.chars().count() > 128 || key.starts_with("aws:") {
                return Err(format!(
                    "a tag's key has 1 to 128 characters and does not start with aws:, unlike {}; {GOOD}",
                    awsmcp_mcp::quoted(key)
                ));
            }
            if value.chars().count() > 256 {
                return Err(format!("the value of tag {key:?} is over 256 characters; {GOOD}"));
            }
        }
        Ok(Tags(tags))
    }

    pub(crate) fn of(set: Vec<Tag>) -> Self {
        Tags(set.into_iter().map(|tag| (tag.key, tag.value)).collect())
    }

    /// What an object with these tags has after `set` is merged in and `remove` taken away.
    pub(crate) fn with(&self, set: &Tags, remove: &[String]) -> std::result::Result<Tags, String> {
        let mut all = self.0.clone();
        all.retain(|key, _| !remove.contains(key));
        all.extend(set.0.clone());
        if all.len() > Self::MOST {
            return Err(format!(
                "the object has {} tags and would have {}; AWS allows {}",
                self.0.len(),
                all.len(),
                Self::MOST
            ));
        }
        Ok(Tags(all))
    }

    pub(crate) fn map(&self) -> &BTreeMap<String, String> {
        &self.0
    }

    /// As the header `x-amz-tagging` takes them.
    pub(crate) fn header(&self) -> String {
        let pairs = self.0.iter().map(|(key, value)| format!("{}={}", escaped(key, ""), escaped(value, "")));
        pairs.collect::<Vec<_>>().join("&")
    }

    pub(crate) fn tagging(&self) -> Result<Tagging> {
        let tags = self.0.iter().map(|(key, value)| Tag::builder().key(key).value(value).build());
        let tags = tags.collect::<std::result::Result<Vec<_>, _>>();
        let tagging = tags.and_then(|tags| Tagging::builder().set_tag_set(Some(tags)).build());
        tagging.map_err(|error| Error::internal(error.to_string()))
    }
}

impl<'de> Deserialize<'de> for Tags {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        Tags::parse(BTreeMap::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

impl JsonSchema for Tags {
    fn schema_name() -> Cow<'static, str> {
        "Tags".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        texts()
    }
}

/// User metadata: names that are HTTP header names, values in ASCII, 2 KB in all.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html>
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Metadata(BTreeMap<String, String>);

impl Metadata {
    fn parse(metadata: BTreeMap<String, String>) -> std::result::Result<Self, String> {
        const GOOD: &str = "good ones look like {\"source\": \"crm\", \"batch-id\": \"17\"}";
        let token = |letter: char| letter.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(letter);
        let mut size = 0;
        for (name, value) in &metadata {
            size += name.len() + value.len();
            if name.is_empty() || !name.chars().all(token) {
                return Err(format!(
                    "{} cannot name metadata: letters, digits and hyphens can; {GOOD}",
                    awsmcp_mcp::quoted(name)
                ));
            }
            if !value.chars().all(|letter| (' '..='~').contains(&letter)) {
                return Err(format!("the value of metadata {name:?} is not plain ASCII on one line; {GOOD}"));
            }
            if value.trim() != value {
                return Err(format!(
                    "a header loses the blanks around the value of metadata {name:?}; {GOOD}"
                ));
            }
            if metadata.keys().any(|other| other != name && other.eq_ignore_ascii_case(name)) {
                return Err(format!(
                    "metadata {name:?} is there twice: S3 writes names in small letters; {GOOD}"
                ));
            }
        }
        if size > 2048 {
            return Err(format!("metadata has at most 2,048 bytes in all, this has {size}"));
        }
        Ok(Metadata(metadata))
    }
}

impl From<Metadata> for std::collections::HashMap<String, String> {
    fn from(metadata: Metadata) -> Self {
        metadata.0.into_iter().collect()
    }
}

impl<'de> Deserialize<'de> for Metadata {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        Metadata::parse(BTreeMap::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

impl JsonSchema for Metadata {
    fn schema_name() -> Cow<'static, str> {
        "Metadata".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        texts()
    }
}

fn texts() -> Schema {
    json_schema!({"type": "object", "additionalProperties": {"type": "string"}})
}

/// The media type that a key's extension stands for.
pub(crate) fn content_type_of(key: &str) -> Option<&'static str> {
    let name = key.rsplit('/').next().unwrap_or_default();
    let (stem, extension) = name.rsplit_once('.')?;
    if stem.is_empty() {
        return None;
    }
    Some(match extension.to_ascii_lowercase().as_str() {
        "txt" | "log" | "text" | "conf" | "ini" => "text/plain",
        "md" | "markdown" => "text/markdown",
        "html" | "htm" => "text/html",
        "css" => "text/css",
        "csv" => "text/csv",
        "tsv" => "text/tab-separated-values",
        "ics" => "text/calendar",
        "js" | "mjs" => "text/javascript",
        "json" | "map" | "ipynb" => "application/json",
        "jsonl" | "ndjson" => "application/x-ndjson",
        "geojson" => "application/geo+json",
        "xml" | "xsd" | "xsl" => "application/xml",
        "yaml" | "yml" => "application/yaml",
        "toml" => "application/toml",
        "sql" => "application/sql",
        "wasm" => "application/wasm",
        "pdf" => "application/pdf",
        "rtf" => "application/rtf",
        "gz" | "tgz" => "application/gzip",
        "zst" => "application/zstd",
        "bz2" => "application/x-bzip2",
        "xz" => "application/x-xz",
        "zip" => "application/zip",
        "tar" => "application/x-tar",
        "7z" => "application/x-7z-compressed",
        "jar" => "application/java-archive",
        "parquet" => "application/vnd.apache.parquet",
        "arrow" | "feather" => "application/vnd.apache.arrow.file",
        "avro" => "application/avro",
        "doc" => "application/msword",
        "docx" => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "xls" => "application/vnd.ms-excel",
        "xlsx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "ppt" => "application/vnd.ms-powerpoint",
        "pptx" => "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "avif" => "image/avif",
        "svg" => "image/svg+xml",
        "ico" => "image/x-icon",
        "bmp" => "image/bmp",
        "tif" | "tiff" => "image/tiff",
        "mp3" => "audio/mpeg",
        "m4a" => "audio/mp4",
        "wav" => "audio/wav",
        "ogg" => "audio/ogg",
        "flac" => "audio/flac",
        "mp4" | "m4v" => "video/mp4",
        "webm" => "video/webm",
        "mov" => "video/quicktime",
        "mkv" => "video/x-matroska",
        "woff" => "font/woff",
        "woff2" => "font/woff2",
        "ttf" => "font/ttf",
        "otf" => "font/otf",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    fn tags(pairs: &[(&str, &str)]) -> Tags {
        Tags::parse(map(pairs)).unwrap()
    }

    #[test]
    fn tags_are_held_to_aws_limits() {
        let many: BTreeMap<String, String> = (0..11).map(|n| (n.to_string(), String::new())).collect();
        assert!(Tags::parse(many).unwrap_err().contains("at most 10"));
        assert!(Tags::parse(map(&[("", "v")])).unwrap_err().contains("1 to 128"));
        assert!(Tags::parse(map(&[("aws:x", "v")])).unwrap_err().contains("aws:"));
        assert!(Tags::parse(map(&[("k", &"v".repeat(257))])).unwrap_err().contains("256"));
        assert!(Tags::parse(map(&[(&"ü".repeat(128), "")])).is_ok());
    }

    #[test]
    fn tags_are_merged_and_removed() {
        let have = tags(&[("a", "1"), ("b", "2")]);
        let after = have.with(&tags(&[("b", "3"), ("c", "4")]), &["a".to_owned()]).unwrap();
        assert_eq!(after, tags(&[("b", "3"), ("c", "4")]));
        let full = Tags((0..10).map(|n| (n.to_string(), String::new())).collect());
        assert!(full.with(&tags(&[("new", "")]), &[]).unwrap_err().contains("would have 11"));
        assert!(full.with(&tags(&[("new", "")]), &["3".to_owned()]).is_ok());
    }

    #[test]
    fn tags_go_into_a_header() {
        assert_eq!(tags(&[("a b", "1/2"), ("ü", "&=")]).header(), "a%20b=1%2F2&%C3%BC=%26%3D");
    }

    #[test]
    fn metadata_fits_into_headers() {
        assert!(Metadata::parse(map(&[("Batch-Id", "17")])).is_ok());
        assert!(Metadata::parse(map(&[("a b", "x")])).unwrap_err().contains("batch-id"));
        assert!(Metadata::parse(map(&[("a", "ü")])).unwrap_err().contains("ASCII"));
        assert!(Metadata::parse(map(&[("a", "x\r\ny: z")])).unwrap_err().contains("one line"));
        assert!(Metadata::parse(map(&[("a", &"x".repeat(2048))])).unwrap_err().contains("2,048"));
        assert!(Metadata::parse(map(&[("a", " x")])).unwrap_err().contains("blanks"));
        assert!(Metadata::parse(map(&[("a", "x"), ("A", "y")])).unwrap_err().contains("twice"));
    }

    #[test]
    fn an_extension_gives_the_type() {
        assert_eq!(content_type_of("a/b/report.CSV"), Some("text/csv"));
        assert_eq!(content_type_of("data.tar.gz"), Some("application/gzip"));
        assert_eq!(content_type_of("a.d/none"), None);
        assert_eq!(content_type_of(".html"), None);
        assert_eq!(content_type_of("x.unknown"), None);
    }

    #[test]
    fn a_key_alone_means_kms() {
        assert_eq!(encryption(None, Some("k")).unwrap(), Some(ServerSideEncryption::AwsKms));
        assert_eq!(encryption(None, None).unwrap(), None);
        assert!(encryption(Some(Sse::Aes256), Some("k")).is_err());
    }
}
