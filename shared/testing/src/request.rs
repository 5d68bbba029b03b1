//! A request as a server on this side of the wire sees it: which operation of which service it asks for.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::cbor;
use crate::model::{Model, Protocol};

/// A request as it came in.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Such as `GET`.
    pub method: String,
    /// The path and the query, encoded.
    pub target: String,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, whole.
    pub body: Vec<u8>,
    /// 1 for the first request of its operation, 2 for the second.
    pub nth: usize,
    /// See [`Request::operation`].
    pub(crate) operation: String,
    /// The model of its service, where there is one.
    pub(crate) model: Option<Arc<Model>>,
}

impl Request {
    /// AWS's name of the operation, such as `ListObjectsV2`, in whatever protocol it is asked for. Empty where the
    /// request is of no service that botocore has a model of.
    pub fn operation(&self) -> &str {
        &self.operation
    }

    /// The input: the body as JSON, CBOR or a form has it. Null where the body is none of these.
    ///
    /// Of REST operations, what goes in the path, the query and the headers is there: [`Request::path`],
    /// [`Request::query`], [`Request::header`].
    pub fn json(&self) -> Value {
        match self.header("content-type").unwrap_or_default() {
            "application/cbor" => cbor::read(&self.body).unwrap_or_default(),
            kind if kind.starts_with(FORM) => Value::Object(
                self.form().map(|(name, value)| (name, Value::String(value))).collect::<Map<_, _>>(),
            ),
            _ => serde_json::from_slice(&self.body).unwrap_or_default(),
        }
    }

    /// A header's value; `name` in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// The target without its query.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// A parameter of the query, as it was encoded.
    pub fn query(&self, name: &str) -> Option<&str> {
        self.parameters().find(|(found, _)| *found == name).map(|(_, value)| value)
    }

    /// The access key that signed it.
    pub fn key(&self) -> Option<&str> {
        self.credential()?.first().copied()
    }

    /// The region that it was signed for.
    pub fn region(&self) -> Option<&str> {
        self.credential()?.get(2).copied()
    }

    /// The service that it was signed for.
    pub fn service(&self) -> Option<&str> {
        self.credential()?.get(3).copied()
    }

    /// The parameters of the query, as they were encoded.
    pub(crate) fn parameters(&self) -> impl Iterator<Item = (&str, &str)> {
        let query = self.target.split_once('?').map_or("", |(_, query)| query);
        query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
    }

    /// Which protocol the answer has to follow.
    pub(crate) fn protocol(&self) -> Protocol {
        if self.header("smithy-protocol") == Some("rpc-v2-cbor") {
            return Protocol::Cbor;
        }
        if self.header("x-amz-target").is_some() {
            return Protocol::Json;
        }
        self.model.as_ref().map_or(Protocol::RestXml, |model| model.protocol)
    }

    /// The prefix of the target and the operation, of a protocol that names it.
    pub(crate) fn named(&self) -> Option<(String, String)> {
        if let Some((prefix, operation)) = self.header("x-amz-target").and_then(|it| it.rsplit_once('.')) {
            return Some((prefix.to_owned(), operation.to_owned()));
        }
        if let Some((before, operation)) = self.path().rsplit_once("/operation/") {
            let service = before.rsplit_once("/service/")?.1;
            return Some((service.to_owned(), operation.to_owned()));
        }
        let is_form = self.header("content-type").is_some_and(|kind| kind.starts_with(FORM));
        let of_form = || self.form().find(|(name, _)| name == "Action").map(|(_, value)| value);
        let action = if is_form { of_form() } else { self.query("Action").map(str::to_owned) };
        action.map(|action| (String::new(), action))
    }

    fn form(&self) -> impl Iterator<Item = (String, String)> {
        let body = std::str::from_utf8(&self.body).unwrap_or_default();
        let pairs = body.split('&').filter_map(|pair| pair.split_once('='));
        pairs.map(|(name, value)| (decode(name), decode(value)))
    }

    /// The parts of the credential's scope: key, day, region, service.
    fn credential(&self) -> Option<Vec<&str>> {
        if let Some((_, rest)) = self.header("authorization").and_then(|it| it.split_once("Credential=")) {
            return Some(rest.split(',').next()?.split('/').collect());
        }
        // A presigned link has it in its query.
        let scope = self.query("X-Amz-Credential")?;
        Some(if scope.contains('/') { scope.split('/').collect() } else { scope.split("%2F").collect() })
    }
}

const FORM: &str = "application/x-www-form-urlencoded";

/// Undoes percent-encoding, and the plus of forms.
fn decode(text: &str) -> String {
    let spaced = text.replace('+', " ");
    let mut bytes = Vec::new();
    let mut rest: Cow<'_, str> = Cow::Borrowed(&spaced);
    while let Some((before, after)) = rest.split_once('%') {
        bytes.extend(before.as_bytes());
        match after.get(..2).and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = Cow::Owned(after.get(2..).unwrap_or_default().to_owned());
            }
            None => {
                bytes.push(b'%');
                rest = Cow::Owned(after.to_owned());
            }
        }
    }
    bytes.extend(rest.as_bytes());
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{model, routing};

    fn request(method: &str, target: &str, service: &str, headers: &[(&str, &str)], body: &str) -> Request {
        let scope = format!(
            "AWS4-HMAC-SHA256 Credential=K/20261122/us-east-1/{service}/aws4_request, SignedHeaders=host"
        );
        let mut all = vec![("authorization".to_owned(), scope)];
        all.extend(headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let mut request = Request {
            method: method.to_owned(),
            target: target.to_owned(),
            headers: all,
            body: body.into(),
            ..Request::default()
        };
        routing::recognise(&mut request, model::signed_as);
        request
    }

    #[test]
    fn an_operation_is_recognised_in_every_protocol() {
        let json = request(
            "POST",
            "/",
            "dynamodb",
            &[("x-amz-target", "DynamoDB_20120810.GetItem")],
            "{\"TableName\":\"t\"}",
        );
        assert_eq!(
            (json.operation(), json.protocol(), json.json()["TableName"].as_str()),
            ("GetItem", Protocol::Json, Some("t"))
        );
        let streams = request(
            "POST",
            "/",
            "dynamodb",
            &[("x-amz-target", "DynamoDBStreams_20120810.GetRecords")],
            "{}",
        );
        assert_eq!(streams.model.as_ref().unwrap().name, "dynamodbstreams");

        let path = "/service/GraniteServiceVersion20100801/operation/ListMetrics";
        let cbor = request("POST", path, "monitoring", &[("smithy-protocol", "rpc-v2-cbor")], "");
        assert_eq!((cbor.operation(), cbor.protocol()), ("ListMetrics", Protocol::Cbor));
        assert_eq!(cbor.model.as_ref().unwrap().name, "cloudwatch");

        let form = [("content-type", "application/x-www-form-urlencoded")];
        let query = request(
            "POST",
            "/",
            "sts",
            &form,
            "Action=AssumeRole&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fa+b",
        );
        assert_eq!((query.operation(), query.protocol()), ("AssumeRole", Protocol::Query));
        assert_eq!(query.json()["RoleArn"], "arn:aws:iam::1:role/a b");

        let rest = |method, target| request(method, target, "lambda", &[], "").operation().to_owned();
        assert_eq!(rest("GET", "/2015-03-31/functions"), "ListFunctions");
        assert_eq!(rest("GET", "/2015-03-31/functions/?MaxItems=5"), "ListFunctions");
        assert_eq!(rest("GET", "/2015-03-31/functions/arn%3Aaws/configuration"), "GetFunctionConfiguration");
        assert_eq!(rest("POST", "/2015-03-31/functions/f/invocations"), "Invoke");
        assert_eq!(rest("PATCH", "/nowhere"), "");
    }

    #[test]
    fn s3_operations_differ_by_query_and_headers() {
        let s3 = |method, target, headers: &[(&str, &str)]| {
            request(method, target, "s3", headers, "").operation().to_owned()
        };
        assert_eq!(s3("GET", "/", &[]), "ListBuckets");
        assert_eq!(s3("GET", "/b?list-type=2&prefix=a", &[]), "ListObjectsV2");
        assert_eq!(s3("GET", "/b/?prefix=a", &[]), "ListObjects");
        assert_eq!(s3("GET", "/b?tagging", &[]), "GetBucketTagging");
        assert_eq!(s3("GET", "/b?lifecycle=", &[]), "GetBucketLifecycleConfiguration");
        assert_eq!(s3("GET", "/b/k/l?x-id=GetObject", &[]), "GetObject");
        assert_eq!(s3("GET", "/b/k?uploadId=1", &[]), "ListParts");
        assert_eq!(s3("PUT", "/b/k/l", &[]), "PutObject");
        assert_eq!(s3("PUT", "/b/k", &[("x-amz-copy-source", "b/o")]), "CopyObject");
        assert_eq!(s3("PUT", "/b/k?partNumber=1&uploadId=u", &[]), "UploadPart");
        assert_eq!(s3("DELETE", "/b/k?uploadId=u", &[]), "AbortMultipartUpload");
        assert_eq!(s3("POST", "/b?delete", &[]), "DeleteObjects");
    }
}
