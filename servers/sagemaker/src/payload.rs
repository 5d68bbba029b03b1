//! What an endpoint is sent, and what it answers.

use std::{borrow::Cow, io::Read};

use awsmcp_mcp::{Body, Call, Error, Part, Result, human_size, thousands};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde_json::Value;

use crate::SageMaker;

/// Any JSON.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Json(pub(crate) Value);

impl JsonSchema for Json {
    fn schema_name() -> Cow<'static, str> {
        "Json".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({})
    }
}

/// What is sent.
#[derive(Debug, PartialEq)]
pub(crate) struct Payload {
    pub(crate) bytes: Vec<u8>,
    pub(crate) content_type: String,
}

/// AWS's limit of what is sent at once, and ours of what is kept of an answer.
pub(crate) const MOST: usize = 25 * 1024 * 1024;

impl Payload {
    /// JSON goes as JSON; a text goes as it is, as JSON if it holds an object or a list, else as CSV.
    pub(crate) fn new(value: &Value, content_type: Option<String>) -> Payload {
        let (bytes, usual) = match value {
            Value::String(text) => {
                let is_json = matches!(serde_json::from_str(text), Ok(Value::Object(_) | Value::Array(_)));
                (text.clone().into_bytes(), if is_json { "application/json" } else { "text/csv" })
            }
            other => (other.to_string().into_bytes(), "application/json"),
        };
        Payload { bytes, content_type: content_type.unwrap_or_else(|| usual.to_owned()) }
    }

    /// # Errors
    /// When it is not Base64.
    pub(crate) fn of_base64(text: &str, content_type: Option<String>) -> Result<Payload> {
        let bytes = BASE64_STANDARD.decode(text.trim()).map_err(|error| {
            Error::invalid(format!("`base64`: {error}")).with_next("a good one is aGVsbG8=")
        })?;
        Ok(Payload {
            bytes,
            content_type: content_type.unwrap_or_else(|| "application/octet-stream".to_owned()),
        })
    }

    /// # Errors
    /// When the operator did not allow the file's directory, or it is too large.
    pub(crate) async fn of_file(
        cx: &Call<SageMaker>,
        path: &str,
        content_type: Option<String>,
    ) -> Result<Payload> {
        if cx.settings().allow_dirs.is_empty() {
            return Err(Error::refused("`path` needs a directory that the operator allows").with_next(
                "give the data as `payload` or `base64`, or ask the operator to start with --allow-dir DIRECTORY",
            ));
        }
        let opened = cx.files().open(path).await?;
        let name = opened.path.display().to_string();
        let read = tokio::task::spawn_blocking(move || {
            let mut bytes = Vec::new();
            opened.file.take(MOST as u64 + 1).read_to_end(&mut bytes).map(|_| bytes)
        });
        let bytes = read
            .await
            .map_err(|error| Error::internal(format!("{name} was not read: {error}")))?
            .map_err(|error| Error::invalid(format!("{name}: {error}")))?;
        let usual = match name.rsplit('.').next().unwrap_or_default().to_ascii_lowercase().as_str() {
            "json" => "application/json",
            "jsonl" => "application/jsonlines",
            "csv" => "text/csv",
            "txt" => "text/plain",
            "jpg" | "jpeg" => "image/jpeg",
            "png" => "image/png",
            "wav" => "audio/wav",
            "npy" => "application/x-npy",
            "parquet" => "application/x-parquet",
            _ => "application/octet-stream",
        };
        Ok(Payload { bytes, content_type: content_type.unwrap_or_else(|| usual.to_owned()) })
    }

    /// # Errors
    /// When it is larger than AWS takes.
    pub(crate) fn fits(&self) -> Result<()> {
        if self.bytes.len() <= MOST {
            return Ok(());
        }
        let (size, most) = (thousands(self.bytes.len() as u64), thousands(MOST as u64));
        Err(Error::invalid(format!("the payload has more than {most} bytes ({size}): nothing was sent"))
            .with_next("put it into S3 and give `input_s3` to an endpoint that works asynchronously"))
    }
}

/// What came back: text as itself, an image as one, all else as bytes.
pub(crate) fn answer(label: String, bytes: Vec<u8>, content_type: Option<&str>) -> Body {
    let mime = content_type
        .unwrap_or("application/octet-stream")
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_owned();
    let size = human_size(bytes.len() as u64);
    let label = format!("{label}, {mime}, {size}");
    let part = match String::from_utf8(bytes) {
        Ok(text) => Part::Text(text),
        Err(wrong) if mime.starts_with("image/") => Part::Image { data: wrong.into_bytes(), mime },
        Err(wrong) => Part::Blob { data: wrong.into_bytes(), mime },
    };
    Body { label, parts: vec![part], ..Body::default() }
}

/// The bucket and the key of `s3://bucket/key`.
///
/// # Errors
/// Shows a good one.
pub(crate) fn place(uri: &str) -> Result<(&str, &str)> {
    let found = uri.strip_prefix("s3://").and_then(|rest| rest.split_once('/'));
    found.filter(|(bucket, key)| !bucket.is_empty() && !key.is_empty()).ok_or_else(|| {
        Error::invalid(format!("{uri:?} is not an object in S3"))
            .with_next("a good one is s3://bucket/path/input.csv")
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_payload_is_what_it_looks_like() {
        let of = |value: Value| {
            let payload = Payload::new(&value, None);
            (String::from_utf8(payload.bytes).unwrap(), payload.content_type)
        };
        let json = || "application/json".to_owned();
        assert_eq!(of(json!({"a": 1})), ("{\"a\":1}".to_owned(), json()));
        assert_eq!(of(json!("{\"a\": 1}")), ("{\"a\": 1}".to_owned(), json()));
        assert_eq!(of(json!("1,2,3")), ("1,2,3".to_owned(), "text/csv".to_owned()));
        assert_eq!(of(json!(7)), ("7".to_owned(), json()));
        assert_eq!(Payload::new(&json!("x"), Some("text/plain".to_owned())).content_type, "text/plain");
        assert_eq!(Payload::of_base64("AP8=", None).unwrap().bytes, [0, 255]);
        assert!(Payload::of_base64("?", None).unwrap_err().to_string().contains("aGVsbG8="));
    }

    #[test]
    fn an_answer_is_shown_as_what_it_is() {
        let part = |bytes: &[u8], mime| answer("e".to_owned(), bytes.to_vec(), Some(mime)).parts.pop();
        assert!(matches!(part(b"1,2", "text/csv; charset=utf-8"), Some(Part::Text(text)) if text == "1,2"));
        assert!(
            matches!(part(&[255, 1], "image/png"), Some(Part::Image { mime, .. }) if mime == "image/png")
        );
        assert!(
            matches!(part(&[255, 1], "application/x-npy"), Some(Part::Blob { data, .. }) if data == [255, 1])
        );
        assert_eq!(answer("e".to_owned(), vec![49], None).label, "e, application/octet-stream, 1 B");
    }

    #[test]
    fn a_place_in_s3_has_bucket_and_key() {
        assert_eq!(place("s3://b/k/l").unwrap(), ("b", "k/l"));
        for wrong in ["b/k", "s3://b", "s3:///k", "s3://b/"] {
            assert!(place(wrong).is_err(), "{wrong}");
        }
    }
}
