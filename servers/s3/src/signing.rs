//! Links that let whoever holds them read or write one object for a while. They are signed here: AWS hears of a
//! link only when somebody follows it.

use std::{borrow::Cow, time::Duration};

use aws_sdk_s3::{
    Client,
    config::{Credentials, ProvideCredentials, RequestChecksumCalculation},
    presigning::{PresignedRequest, PresigningConfig},
};
use awsmcp_mcp::{Call, Error, Result};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};
use serde_json::{Map, Value, json};
use sha2::Sha256;

use crate::S3;

/// How long a link is good: 1 second to 7 days, as `15m`, `1h`, `7d` or seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Expiry(Duration);

impl Default for Expiry {
    fn default() -> Self {
        Expiry(Duration::from_secs(3600))
    }
}

impl Expiry {
    const LONGEST: u64 = 7 * 86_400;

    fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is not 1 second to 7 days; good ones are 15m, 1h, 7d and 3600");
        let text = text.trim();
        let (number, unit) =
            text.split_at(text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic()).len());
        let factor = match unit {
            "" | "s" => 1,
            "m" => 60,
            "h" => 3600,
            "d" => 86_400,
            _ => return Err(wrong()),
        };
        let seconds =
            number.parse::<u64>().ok().and_then(|number| number.checked_mul(factor)).ok_or_else(wrong)?;
        if (1..=Self::LONGEST).contains(&seconds) {
            Ok(Expiry(Duration::from_secs(seconds)))
        } else {
            Err(wrong())
        }
    }

    /// When a link that is signed now ends.
    pub(crate) fn ends(self) -> Timestamp {
        Timestamp::now().checked_add(self.0).unwrap_or(Timestamp::MAX)
    }
}

impl std::fmt::Display for Expiry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0.as_secs() {
            seconds if seconds % 86_400 == 0 => write!(f, "{} d", seconds / 86_400),
            seconds if seconds % 3600 == 0 => write!(f, "{} h", seconds / 3600),
            seconds if seconds % 60 == 0 => write!(f, "{} min", seconds / 60),
            seconds => write!(f, "{seconds} s"),
        }
    }
}

impl<'de> Deserialize<'de> for Expiry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = match Value::deserialize(deserializer)? {
            Value::String(text) => text,
            other => other.to_string(),
        };
        Expiry::parse(&text).map_err(de::Error::custom)
    }
}

impl JsonSchema for Expiry {
    fn schema_name() -> Cow<'static, str> {
        "Expiry".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": ["string", "integer"]})
    }
}

/// What the SDK's presigning takes.
pub(crate) fn config(expiry: Expiry) -> Result<PresigningConfig> {
    PresigningConfig::expires_in(expiry.0).map_err(|error| Error::invalid(error.to_string()))
}

/// A client that signs no checksum of a body that it does not know.
pub(crate) fn client(cx: &Call<S3>) -> Client {
    let config = cx.client().config().to_builder();
    Client::from_conf(config.request_checksum_calculation(RequestChecksumCalculation::WhenRequired).build())
}

/// When a link really ends, as RFC 3339: never after the credentials that signed it. Notes it where that is earlier.
pub(crate) async fn end(cx: &Call<S3>, expiry: Expiry) -> Result<String> {
    let asked = expiry.ends();
    let report = cx.session().credentials(cx.target()).await?;
    let end = report.expires.map_or(asked, |expires| expires.min(asked));
    if end < asked {
        cx.note(format!(
            "the credentials ({}) expire before the {expiry} asked for, and the link with them; long-lived keys sign longer links",
            report.source
        ));
    }
    if report.expires.is_none() && credentials(cx).await?.session_token().is_some() {
        cx.note(
            "the credentials are temporary and do not say until when: the link ends with them, if not before",
        );
    }
    let whole = Timestamp::from_second(end.as_second()).unwrap_or(end);
    Ok(whole.to_string())
}

/// The headers that a request must carry because the signature covers them.
pub(crate) fn headers(request: &PresignedRequest) -> Map<String, Value> {
    request.headers().map(|(name, value)| (name.to_owned(), json!(value))).collect()
}

/// The keys behind the call.
pub(crate) async fn credentials(cx: &Call<S3>) -> Result<Credentials> {
    let provider = cx.sdk().credentials_provider();
    let provider = provider
        .ok_or_else(|| Error::new(awsmcp_mcp::Kind::NoCredentials, "no AWS credentials are configured"))?;
    provider.provide_credentials().await.map_err(|error| {
        Error::new(awsmcp_mcp::Kind::NoCredentials, format!("the credentials could not be loaded: {error}"))
    })
}

/// What a form may send.
#[derive(Debug)]
pub(crate) struct Form<'a> {
    pub(crate) bucket: &'a str,
    /// The key, or what keys start with.
    pub(crate) key: &'a str,
    pub(crate) any_below: bool,
    pub(crate) content_type: Option<&'a str>,
    pub(crate) most_bytes: Option<u64>,
    pub(crate) region: &'a str,
    pub(crate) ends: Timestamp,
}

impl Form<'_> {
    /// The fields of the form, in the order to send them; the file follows.
    ///
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html>
    pub(crate) fn fields(&self, keys: &Credentials, now: Timestamp) -> Result<Map<String, Value>> {
        let date = now.strftime("%Y%m%d").to_string();
        let scope = format!("{date}/{}/s3/aws4_request", self.region);
        let mut fields = Map::new();
        let mut field = |name: &str, value: String| fields.insert(name.to_owned(), Value::String(value));
        let key = if self.any_below { format!("{}${{filename}}", self.key) } else { self.key.to_owned() };
        field("key", key);
        if let Some(content_type) = self.content_type {
            field("Content-Type", content_type.to_owned());
        }
        field("x-amz-algorithm", "AWS4-HMAC-SHA256".to_owned());
        field("x-amz-credential", format!("{}/{scope}", keys.access_key_id()));
        field("x-amz-date", now.strftime("%Y%m%dT%H%M%SZ").to_string());
        if let Some(token) = keys.session_token() {
            field("x-amz-security-token", token.to_owned());
        }
        let mut conditions = vec![json!({"bucket": self.bucket})];
        for (name, value) in &fields {
            conditions.push(match name.as_str() {
                "key" if self.any_below => json!(["starts-with", "$key", self.key]),
                _ => Value::Object(Map::from_iter([(name.clone(), value.clone())])),
            });
        }
        if let Some(most) = self.most_bytes {
            conditions.push(json!(["content-length-range", 0, most]));
        }
        let expiration = self.ends.strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string();
        let policy =
            BASE64_STANDARD.encode(json!({"expiration": expiration, "conditions": conditions}).to_string());
        let signature = signature(keys.secret_access_key(), &date, self.region, &policy)?;
        fields.insert("policy".to_owned(), Value::String(policy));
        fields.insert("x-amz-signature".to_owned(), Value::String(signature));
        Ok(fields)
    }
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-authentication-HTTPPOST.html>
fn signature(secret: &str, date: &str, region: &str, policy: &str) -> Result<String> {
    let mut key = format!("AWS4{secret}").into_bytes();
    for part in [date, region, "s3", "aws4_request"] {
        key = mac(&key, part)?;
    }
    Ok(mac(&key, policy)?.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn mac(key: &[u8], text: &str) -> Result<Vec<u8>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).map_err(|error| Error::internal(error.to_string()))?;
    mac.update(text.as_bytes());
    Ok(mac.finalize().into_bytes().to_vec())
}

/// Where a form is sent: the bucket's own address, taken from a link to one of its keys.
pub(crate) fn bucket_url(link: &str, bucket: &str) -> String {
    let plain = link.split('?').next().unwrap_or(link);
    let Some((scheme, rest)) = plain.split_once("://") else { return plain.to_owned() };
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    // An emulator's address has the bucket in its path, AWS's in its host name.
    if path.split('/').next() == Some(bucket) && !host.starts_with(&format!("{bucket}.")) {
        return format!("{scheme}://{host}/{bucket}");
    }
    format!("{scheme}://{host}/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_and_bounded() {
        let read = |text| Expiry::parse(text).map(|expiry| expiry.0.as_secs());
        assert_eq!(read("1"), Ok(1));
        assert_eq!(read("15m"), Ok(900));
        assert_eq!(read("7d"), Ok(604_800));
        for wrong in ["0", "", "8d", "604801", "-1h", "1w", "99999999999999999999d", "1.5h"] {
            assert!(read(wrong).unwrap_err().contains("15m"), "{wrong}");
        }
        assert_eq!(Expiry::parse("90m").unwrap().to_string(), "90 min");
        assert_eq!(serde_json::from_str::<Expiry>("60").unwrap().to_string(), "1 min");
    }

    /// AWS's own example, with its policy as it stands there.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-post-example.html>
    #[test]
    fn a_form_is_signed_as_aws_documents_it() {
        let policy = "eyAiZXhwaXJhdGlvbiI6ICIyMDE1LTEyLTMwVDEyOjAwOjAwLjAwMFoiLA0KICAiY29uZGl0aW9ucyI6IFsNCiAgICB7ImJ1Y2tldCI6ICJzaWd2NGV4YW1wbGVidWNrZXQifSwNCiAgICBbInN0YXJ0cy13aXRoIiwgIiRrZXkiLCAidXNlci91c2VyMS8iXSwNCiAgICB7ImFjbCI6ICJwdWJsaWMtcmVhZCJ9LA0KICAgIHsic3VjY2Vzc19hY3Rpb25fcmVkaXJlY3QiOiAiaHR0cDovL3NpZ3Y0ZXhhbXBsZWJ1Y2tldC5zMy5hbWF6b25hd3MuY29tL3N1Y2Nlc3NmdWxfdXBsb2FkLmh0bWwifSwNCiAgICBbInN0YXJ0cy13aXRoIiwgIiRDb250ZW50LVR5cGUiLCAiaW1hZ2UvIl0sDQogICAgeyJ4LWFtei1tZXRhLXV1aWQiOiAiMTQzNjUxMjM2NTEyNzQifSwNCiAgICB7IngtYW16LXNlcnZlci1zaWRlLWVuY3J5cHRpb24iOiAiQUVTMjU2In0sDQogICAgWyJzdGFydHMtd2l0aCIsICIkeC1hbXotbWV0YS10YWciLCAiIl0sDQoNCiAgICB7IngtYW16LWNyZWRlbnRpYWwiOiAiQUtJQUlPU0ZPRE5ON0VYQU1QTEUvMjAxNTEyMjkvdXMtZWFzdC0xL3MzL2F3czRfcmVxdWVzdCJ9LA0KICAgIHsieC1hbXotYWxnb3JpdGhtIjogIkFXUzQtSE1BQy1TSEEyNTYifSwNCiAgICB7IngtYW16LWRhdGUiOiAiMjAxNTEyMjlUMDAwMDAwWiIgfQ0KICBdDQp9";
        let signed = signature("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "20151229", "us-east-1", policy);
        assert_eq!(signed.unwrap(), "8afdbf4008c03f22c2cd3cdb72e4afbb1f6a588f3255ac628749a66d7f09699e");
    }

    #[test]
    fn a_form_says_what_it_allows() {
        let now: Timestamp = "2026-11-22T10:00:00Z".parse().unwrap();
        let form = Form {
            bucket: "b",
            key: "in/",
            any_below: true,
            content_type: Some("image/png"),
            most_bytes: Some(10),
            region: "eu-west-1",
            ends: "2026-11-22T11:00:00Z".parse().unwrap(),
        };
        let keys = Credentials::new("AKID", "secret", Some("token".to_owned()), None, "test");
        let fields = form.fields(&keys, now).unwrap();
        let names: Vec<&str> = fields.keys().map(String::as_str).collect();
        let first = [
            "key",
            "Content-Type",
            "x-amz-algorithm",
            "x-amz-credential",
            "x-amz-date",
            "x-amz-security-token",
        ];
        assert_eq!(names[..6], first);
        assert_eq!(fields["key"], "in/${filename}");
        let policy = BASE64_STANDARD.decode(fields["policy"].as_str().unwrap()).unwrap();
        let policy: Value = serde_json::from_slice(&policy).unwrap();
        assert_eq!(policy["expiration"], "2026-11-22T11:00:00.000Z");
        let conditions = policy["conditions"].as_array().unwrap();
        for wanted in [
            json!({"bucket": "b"}),
            json!(["starts-with", "$key", "in/"]),
            json!({"Content-Type": "image/png"}),
            json!({"x-amz-security-token": "token"}),
            json!({"x-amz-credential": "AKID/20261122/eu-west-1/s3/aws4_request"}),
            json!(["content-length-range", 0, 10]),
        ] {
            assert!(conditions.contains(&wanted), "{wanted}");
        }
    }

    #[test]
    fn a_form_goes_to_the_bucket() {
        assert_eq!(bucket_url("http://127.0.0.1:9000/b/k?x=1", "b"), "http://127.0.0.1:9000/b");
        assert_eq!(
            bucket_url("https://b.s3.eu-west-1.amazonaws.com/b/k?x=1", "b"),
            "https://b.s3.eu-west-1.amazonaws.com/"
        );
        assert_eq!(bucket_url("https://b.s3.amazonaws.com/k", "b"), "https://b.s3.amazonaws.com/");
    }
}
