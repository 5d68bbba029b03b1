//! Names with rules: parsed at the edge, with an error that shows what a good one looks like.

use std::borrow::Cow;

use aws_sdk_s3::primitives::DateTime;
pub(crate) use awsmcp_mcp::KmsKey;
use awsmcp_mcp::{Arn, Error, ResourceArgument, ResourceRef, quoted, resource_string};
use awsmcp_sdk::utc_second;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, de};

resource_string!(BucketName, Key, Prefix, FolderPrefix);

/// A bucket: its name, its ARN, or the ARN of an access point.
#[derive(Clone, Debug)]
pub(crate) struct BucketName {
    /// As requests take it: a bucket's name, or an access point's ARN.
    text: String,
    resource: ResourceRef,
}

/// A name and the ARN of it are the same bucket.
impl PartialEq for BucketName {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for BucketName {}

impl BucketName {
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it is a directory bucket (S3 Express One Zone) or an access point of one, which lists without order.
    pub(crate) fn is_directory(&self) -> bool {
        ["--x-s3", "--xa-s3"].iter().any(|end| self.text.ends_with(end))
    }

    /// Whether it may be the same bucket as another: an access point does not say which bucket lies behind it.
    pub(crate) fn may_be(&self, other: &BucketName) -> bool {
        self == other || self.is_point() || other.is_point()
    }

    fn is_point(&self) -> bool {
        let is_alias = ["-s3alias", "--ol-s3", "--xa-s3", ".mrap"].iter().any(|end| self.text.ends_with(end));
        is_alias || self.text.starts_with("arn:")
    }

    /// The ARN of what lies in it under `key`, as AWS writes it.
    ///
    /// # Errors
    /// For the alias of an access point, which does not say of which bucket.
    pub(crate) fn object_arn(&self, partition: &str, key: &str) -> Result<String, String> {
        let written = match &self.resource {
            ResourceRef::Whole(point) => format!("{point}/{key}"),
            _ => format!("arn:{partition}:s3:::{}/{key}", self.text),
        };
        Ok(arn(&written)?.unwrap_or(written))
    }
}

impl ResourceArgument for BucketName {
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>
    fn parse(text: &str) -> Result<Self, String> {
        let named = match text.starts_with("arn:") {
            true => Arn::parse(text).ok().and_then(in_arn),
            false => is_bucket(text).then(|| ResourceRef::Name(text.to_owned())),
        };
        let resource = named.ok_or_else(|| {
            if let Some((bucket, key)) = object(text) {
                return format!(
                    "{text:?} is not a bucket's name or ARN but an object's: give bucket {bucket:?} and key {key:?}"
                );
            }
            format!(
                "{text:?} is not a bucket's name or ARN: a good name is 3 to 63 lower-case letters, digits, dots and \
                 hyphens, such as my-logs-2026; arn:aws:s3:::my-logs-2026 works too, and an access point's ARN, such as \
                 arn:aws:s3:us-east-1:123456789012:accesspoint/my-point"
            )
        })?;
        let text = match &resource {
            ResourceRef::Whole(point) => point.to_string(),
            ResourceRef::Name(name) | ResourceRef::Own { name, .. } | ResourceRef::Arn { name, .. } => {
                name.clone()
            }
        };
        Ok(BucketName { text, resource })
    }

    fn resource(&self) -> ResourceRef {
        self.resource.clone()
    }
}

/// The bucket and the key of an object's ARN or address, or of a path that begins with its bucket.
fn object(text: &str) -> Option<(&str, &str)> {
    let rest = text.strip_prefix("s3://").or_else(|| {
        let rest = text.strip_prefix("arn:")?;
        let (partition, rest) = rest.split_once(':')?;
        partition.starts_with("aws").then(|| rest.strip_prefix("s3:::"))?
    })?;
    let (bucket, key) = rest.split_once('/')?;
    (is_bucket(bucket) && !key.is_empty() && !key.contains(char::is_control)).then_some((bucket, key))
}

/// The bucket or the access point that an ARN is of.
fn in_arn(arn: Arn) -> Option<ResourceRef> {
    match arn.service.as_str() {
        // The names of buckets are global: their ARNs have no region and no account.
        "s3" if arn.region.is_empty() && arn.account.is_empty() => {
            let name = arn.resource.clone();
            is_bucket(&name).then_some(ResourceRef::Own { arn, name })
        }
        "s3" | "s3-object-lambda" | "s3-outposts" => {
            // Colons separate as slashes do; AWS writes slashes into policies.
            let resource = arn.resource.replace(':', "/");
            let parts: Vec<&str> = resource.split('/').collect();
            let of_account = arn.account.len() == 12;
            let is_point = match (arn.service.as_str(), parts.as_slice()) {
                ("s3-outposts", ["outpost", outpost, "accesspoint", point]) => {
                    !arn.region.is_empty() && is_point(outpost) && is_point(point)
                }
                ("s3-object-lambda", ["accesspoint", point]) => !arn.region.is_empty() && is_point(point),
                // An access point of several regions has an alias for a name, and no region.
                ("s3", ["accesspoint", point]) => {
                    is_point(point) && (!arn.region.is_empty() || point.ends_with(".mrap"))
                }
                _ => false,
            };
            (of_account && is_point).then_some(ResourceRef::Whole(Arn { resource, ..arn }))
        }
        _ => None,
    }
}

fn is_bucket(name: &str) -> bool {
    let letters = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '_');
    (3..=255).contains(&name.len())
        && name.chars().all(letters)
        && name.starts_with(|letter: char| letter.is_ascii_alphanumeric())
        && !name.contains("..")
}

/// The name of an access point or the id of an outpost.
fn is_point(name: &str) -> bool {
    let letters =
        |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || matches!(letter, '.' | '-');
    !name.is_empty()
        && name.len() <= 255
        && name.chars().all(letters)
        && name.starts_with(|letter: char| letter.is_ascii_alphanumeric())
}

impl From<BucketName> for String {
    fn from(name: BucketName) -> Self {
        name.text
    }
}

impl std::fmt::Display for BucketName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

/// AWS's way to write the ARN of a bucket or an object, which is another for those behind an access point.
///
/// # Errors
/// For the alias of an access point, which does not say of which bucket, or of which account.
pub(crate) fn arn(arn: &str) -> Result<Option<String>, String> {
    // Keys hold colons: only the first five separate.
    let parts: Result<[&str; 6], _> = arn.splitn(6, ':').collect::<Vec<_>>().try_into();
    let Ok([_, _, service, region, account, resource]) = parts else {
        return Ok(None);
    };
    if service == "s3" && region.is_empty() && account.is_empty() {
        let bucket = resource.split('/').next().unwrap_or(resource);
        if ["-s3alias", "--ol-s3"].iter().any(|end| bucket.ends_with(end)) {
            return Err(format!(
                "{bucket} is the alias of an access point, and the operator holds calls to ARNs, which an alias does \
                 not tell: give the access point's ARN, or the bucket's name, as `bucket`"
            ));
        }
        return Ok(None);
    }
    let point_and_key = match service {
        "s3" | "s3-object-lambda" => resource.strip_prefix("accesspoint/"),
        "s3-outposts" => resource.strip_prefix("outpost/").and_then(|rest| {
            let (_, rest) = rest.split_once('/')?;
            rest.strip_prefix("accesspoint/")
        }),
        _ => None,
    };
    let Some((_, key)) = point_and_key.and_then(|rest| rest.split_once('/')) else { return Ok(None) };
    let point = arn.strip_suffix(key).unwrap_or(arn);
    // An object lambda is granted as a whole.
    let whole = point.trim_end_matches('/');
    Ok(Some(if service == "s3-object-lambda" { whole.to_owned() } else { format!("{point}object/{key}") }))
}

/// A key: 1 to 1,024 bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Key(String);

impl Key {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// # Errors
    /// When something would be written at a key that names a folder: lists would hide it. `name` is what it could be called.
    pub(crate) fn is_no_folder(&self, name: &str) -> Result<(), Error> {
        if !self.0.ends_with('/') {
            return Ok(());
        }
        Err(Error::invalid(format!("the key {} names a folder", quoted(&self.0)))
            .with_next(format!("write the whole key, such as {self}{name}")))
    }
}

impl ResourceArgument for Key {
    fn parse(text: &str) -> Result<Self, String> {
        if (1..=1024).contains(&text.len()) {
            return Ok(Key(text.to_owned()));
        }
        Err(format!(
            "a key has 1 to 1,024 bytes, this one has {}; good ones look like logs/2026/11/app.log",
            text.len()
        ))
    }

    /// Any text is a key: one that looks like an ARN, too.
    fn resource(&self) -> ResourceRef {
        ResourceRef::Name(self.0.clone())
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

/// What keys begin with; it may be empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Prefix(String);

impl Prefix {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl ResourceArgument for Prefix {
    fn parse(text: &str) -> Result<Self, String> {
        if text.len() <= 1024 {
            return Ok(Prefix(text.to_owned()));
        }
        Err(format!(
            "a prefix has at most 1,024 bytes, as keys do, this one has {}; good ones look like logs/2026/",
            text.len()
        ))
    }

    fn resource(&self) -> ResourceRef {
        ResourceRef::Name(self.0.clone())
    }
}

impl std::fmt::Display for Prefix {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A prefix that is a folder: empty, or with a slash at its end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct FolderPrefix(String);

impl FolderPrefix {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl ResourceArgument for FolderPrefix {
    fn parse(text: &str) -> Result<Self, String> {
        let Prefix(prefix) = Prefix::parse(text)?;
        let is_whole = prefix.is_empty() || prefix.ends_with('/');
        Ok(FolderPrefix(if is_whole { prefix } else { format!("{prefix}/") }))
    }

    fn resource(&self) -> ResourceRef {
        ResourceRef::Name(self.0.clone())
    }
}

impl std::fmt::Display for FolderPrefix {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// An entity tag, with its quotes or without.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Etag(String);

impl Etag {
    /// One that AWS gave.
    pub(crate) fn seen(etag: &str) -> Etag {
        Etag(bare(etag).to_owned())
    }

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

/// The id of one of several configurations of a bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ConfigId(String);

impl ConfigId {
    /// # Errors
    /// Shows what a good one looks like. Which characters it may have differs by kind, and AWS checks it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let fits = (1..=64).contains(&text.chars().count());
        if fits && text.trim() == text && !text.contains(char::is_control) {
            return Ok(ConfigId(text.to_owned()));
        }
        Err(format!(
            "{} is no id of a configuration: it has 1 to 64 characters, such as daily-report",
            quoted(text)
        ))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for ConfigId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for ConfigId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        ConfigId::parse(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

impl JsonSchema for ConfigId {
    fn schema_name() -> Cow<'static, str> {
        "ConfigId".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string"})
    }
}

/// Refuses to put an object where its key would be that of a folder. A key is what the operator's list was held against,
/// so nothing is added to it.
///
/// # Errors
/// When `target` ends with a slash and `source` does not; it shows the whole key.
pub(crate) fn names_no_folder(source: &Key, target: &Key) -> awsmcp_mcp::Result<()> {
    if source.as_str().ends_with('/') {
        return Ok(());
    }
    target.is_no_folder(source.as_str().rsplit('/').next().unwrap_or_default())
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
    use awsmcp_spec::{Environment, resources};
    use proptest::prelude::*;

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
    fn only_the_first_colons_of_an_arn_separate() {
        let point = "arn:aws:s3:us-east-1:123456789012:accesspoint/p";
        for key in ["object/up/x:s3:::y", "a:s3:::p-s3alias/k", "x:accesspoint/q/k", "arn:aws:s3:::b/k"] {
            assert_eq!(arn(&format!("{point}/{key}")).unwrap().unwrap(), format!("{point}/object/{key}"));
            assert_eq!(arn(&format!("arn:aws:s3:::b/{key}")).unwrap(), None);
        }
    }

    fn read(text: &str) -> Result<BucketName, String> {
        BucketName::parse(text)
    }

    #[test]
    fn bucket_names_and_arns_are_taken() {
        let read = |text| read(text).map(|name| name.text);
        assert_eq!(read("my-logs").unwrap(), "my-logs");
        assert_eq!(read("arn:aws:s3:::my-logs").unwrap(), "my-logs");
        assert_eq!(read("arn:aws-cn:s3:::my-logs").unwrap(), "my-logs");
        assert_eq!(read("b--use1-az4--x-s3").unwrap(), "b--use1-az4--x-s3");
        for point in [
            "arn:aws:s3:us-east-1:123456789012:accesspoint/p",
            "arn:aws:s3::123456789012:accesspoint/mfzwi23gnjvgw.mrap",
            "arn:aws:s3-object-lambda:us-east-1:123456789012:accesspoint/p",
            "arn:aws:s3-outposts:us-east-1:123456789012:outpost/op-01ac5d28a6a232904/accesspoint/p",
        ] {
            assert_eq!(read(point).unwrap(), point);
        }
        let colons = "arn:aws:s3-outposts:us-east-1:123456789012:outpost:op-1:accesspoint:p";
        let slashes = "arn:aws:s3-outposts:us-east-1:123456789012:outpost/op-1/accesspoint/p";
        assert_eq!(read(colons).unwrap(), slashes, "what is judged is what is sent");
        for wrong in ["", "ab", "../etc", "a b", "a/b", "a..b", "-ab", "arn:aws:iam::1:role/x", "bucket\u{1}"]
        {
            assert!(read(wrong).unwrap_err().contains("my-logs-2026"), "{wrong}");
        }
    }

    #[test]
    fn an_arn_of_something_else_is_no_bucket() {
        for wrong in [
            "arn:aws:kms:us-east-1:123456789012:key/x:s3:::secret-corp",
            "arn:aws:s3:::secret/corp",
            "arn:aws:s3:::secret:corp",
            "arn:aws:s3:us-east-1:123456789012:secret-corp",
            "arn:aws:s3:us-east-1:123456789012:accesspoint/p/object/k",
            "arn:aws:s3:us-east-1::accesspoint/p",
            "arn:aws:s3::123456789012:accesspoint/p",
            "arn:aws:s3:us-east-1:123456789012:storage-lens/accesspoint/p",
            "arn:aws:sns:us-east-1:123456789012:accesspoint/p",
            "arn:aws:s3:us-east-1:123456789012:accesspoint/*",
            "arn:aws:s3-object-lambda::123456789012:accesspoint/p",
            "arn:aws:s3-outposts:us-east-1:123456789012:accesspoint/p",
            " arn:aws:s3:::my-logs",
            "arn:aws:s3:::my-logs ",
            "arn:aws:s3:::my-logs\u{0}",
            "ARN:aws:s3:::my-logs",
            "arn:aws:s3:::*",
        ] {
            assert!(read(wrong).unwrap_err().contains("not a bucket"), "{wrong}");
        }
    }

    #[test]
    fn an_object_in_place_of_a_bucket_is_taken_apart_for_the_caller() {
        for text in
            ["arn:aws:s3:::my-logs/a/b.txt", "arn:aws-cn:s3:::my-logs/a/b.txt", "s3://my-logs/a/b.txt"]
        {
            let why = read(text).unwrap_err();
            assert!(why.contains("give bucket \"my-logs\" and key \"a/b.txt\""), "{why}");
        }
        assert!(read("s3://my-logs").unwrap_err().contains("my-logs-2026"));
    }

    #[test]
    fn the_arn_of_an_object_is_as_aws_writes_it() {
        let of = |bucket: &str| read(bucket).unwrap().object_arn("aws", "up/*").unwrap();
        assert_eq!(of("my-logs"), "arn:aws:s3:::my-logs/up/*");
        assert_eq!(of("arn:aws:s3:::my-logs"), "arn:aws:s3:::my-logs/up/*");
        let point = "arn:aws:s3:us-east-1:123456789012:accesspoint/p";
        assert_eq!(of(point), format!("{point}/object/up/*"));
        assert!(read("p-abc123-s3alias").unwrap().object_arn("aws", "k").is_err());
    }

    #[test]
    fn kms_keys_are_read_strictly() {
        for good in [
            "1234abcd-12ab-34cd-56ef-1234567890ab",
            "mrk-1234abcd12ab34cd56ef1234567890ab",
            "alias/my-key",
            "alias/aws/s3",
            "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            "arn:aws:kms:us-east-1:123456789012:alias/my-key",
        ] {
            assert_eq!(String::from(KmsKey::parse(good).unwrap()), good);
        }
        for wrong in [
            "",
            "alias/",
            "key/x",
            " alias/my-key",
            "x:y",
            "*",
            "arn:aws:s3:::b",
            "arn:aws:kms:us-east-1:123456789012:key/x:y",
            "arn:aws:kms:us-east-1:123456789012:key/*",
            "arn:aws:kms::123456789012:key/x",
            "arn:aws:sqs:us-east-1:123456789012:key/x",
        ] {
            assert!(KmsKey::parse(wrong).unwrap_err().contains("1234abcd"), "{wrong}");
        }
    }

    /// Texts that try to be read in two ways.
    fn hostile() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            "[a-zA-Z0-9._-]{0,12}",
            Just("arn:aws:s3:::".to_owned()),
            Just("arn:aws:kms:us-east-1:123456789012:key/".to_owned()),
            Just("arn:aws:s3:us-east-1:123456789012:accesspoint/".to_owned()),
            Just(":s3:::".to_owned()),
            Just("accesspoint/".to_owned()),
            Just("/object/".to_owned()),
            Just("../".to_owned()),
            Just("%2F".to_owned()),
            Just("\u{0}".to_owned()),
            Just(" ".to_owned()),
            Just("*".to_owned()),
            Just("?".to_owned()),
            Just("\u{430}".to_owned()),
            Just("secret-corp".to_owned()),
            any::<char>().prop_map(String::from),
        ];
        proptest::collection::vec(piece, 0..5).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn a_bucket_is_judged_by_what_the_request_carries(text in hostile()) {
            let Ok(bucket) = read(&text) else { return Ok(()) };
            let judged = |template: &str| resources(template, Environment::ANY, |_| vec![bucket.resource()]);
            let sent = bucket.as_str();
            let whole = if sent.starts_with("arn:") { sent.to_owned() } else { format!("arn:aws:s3:::{sent}") };
            prop_assert_eq!(judged(crate::arns::BUCKET), vec![whole]);
            prop_assert!(!sent.contains(|letter: char| letter.is_whitespace() || letter.is_control()
                || matches!(letter, '*' | '?' | '%') || !letter.is_ascii()));
            // Read again, it is the same: nothing of it was left out.
            prop_assert_eq!(&read(sent).unwrap().text, sent);
        }

        #[test]
        fn a_key_is_judged_as_it_is_written(text in hostile()) {
            let Ok(key) = Key::parse(&text) else { return Ok(()) };
            let bucket = ResourceRef::Name("team-a".to_owned());
            let judged = resources(crate::arns::OBJECT, Environment::ANY, |field| match field {
                "key" => vec![key.resource()],
                _ => vec![bucket.clone()],
            });
            prop_assert_eq!(judged, vec![format!("arn:aws:s3:::team-a/{text}")]);
        }

        #[test]
        fn a_kms_key_is_judged_as_it_is_sent(text in hostile()) {
            let Ok(key) = KmsKey::parse(&text) else { return Ok(()) };
            let judged = resources(crate::arns::KMS_KEY, Environment::ANY, |_| vec![key.resource()]);
            let sent = key.as_str();
            let whole = if sent.starts_with("arn:") { sent.to_owned() } else { format!("arn:aws:kms:*:*:key/{sent}") };
            prop_assert_eq!(judged, vec![whole]);
            prop_assert_eq!(sent, text);
        }
    }
}
