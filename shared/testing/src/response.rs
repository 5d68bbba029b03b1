//! What a [`Stub`](crate::Stub) does with a request.

use std::time::Duration;

use serde_json::Value;

use crate::event_stream::Event;

/// What a [`Stub`](crate::Stub) does with a request.
#[derive(Clone, Debug)]
pub enum Response {
    /// Answers with these very bytes.
    Answer {
        /// The status.
        status: u16,
        /// The headers.
        headers: Vec<(String, String)>,
        /// The body.
        body: Vec<u8>,
    },
    /// See [`Response::output`].
    Output(Value),
    /// See [`Response::error`].
    Error {
        /// The status.
        status: u16,
        /// AWS's code.
        code: String,
        /// AWS's words.
        message: String,
    },
    /// See [`Response::denied`].
    Denied(String),
    /// See [`Response::chunks`].
    Chunks(Vec<(Duration, Vec<u8>)>),
    /// See [`Response::events`].
    Events(Vec<Event>),
    /// Hands the request on to the local AWS behind the stub, and its answer back.
    HandOn,
    /// Does something, but with one more header in the answer.
    With(String, String, Box<Response>),
    /// See [`Response::corrupted`].
    Corrupted(Box<Response>),
    /// See [`Response::held`].
    Held(Duration, Box<Response>),
    /// Answers, but hangs up after so many bytes of the body.
    CutOff(usize, Box<Response>),
    /// Does something, but only after a while; whoever hangs up first is counted.
    Late(Duration, Box<Response>),
    /// Never answers; whoever hangs up is counted.
    Never,
    /// Hangs up without an answer.
    HangUp,
}

impl Response {
    /// An answer with a request id and this body.
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Response {
        Response::Answer {
            status,
            headers: vec![("x-amz-request-id".to_owned(), REQUEST_ID.to_owned())],
            body: body.into(),
        }
    }

    /// The operation's output, members named as AWS's API reference names them: what an SDK would parse.
    ///
    /// It is held to the service's model, and written as its protocol wants it: JSON, CBOR, or headers and a body.
    /// Times are RFC 3339 or seconds, bytes Base64, except the payload of a REST operation, which is itself.
    /// A service that speaks XML needs [`Response::new`].
    pub fn output(output: Value) -> Response {
        Response::Output(output)
    }

    /// An error as the service's protocol writes it, whichever that is.
    pub fn error(status: u16, code: &str, message: &str) -> Response {
        Response::Error { status, code: code.to_owned(), message: message.to_owned() }
    }

    /// AWS's "too many requests". Services have codes of their own for it too: [`Response::error`].
    pub fn throttled() -> Response {
        Response::error(400, "ThrottlingException", "Rate exceeded")
    }

    /// AWS's refusal for want of this IAM action, as the service's protocol writes it.
    pub fn denied(action: &str) -> Response {
        Response::Denied(action.to_owned())
    }

    /// A body in pieces, each sent that long after the one before it.
    pub fn chunks<B: Into<Vec<u8>>>(chunks: impl IntoIterator<Item = (Duration, B)>) -> Response {
        Response::Chunks(chunks.into_iter().map(|(after, bytes)| (after, bytes.into())).collect())
    }

    /// An event stream. Events are held to the service's model.
    pub fn events(events: impl IntoIterator<Item = Event>) -> Response {
        Response::Events(events.into_iter().collect())
    }

    /// With one more header.
    #[must_use]
    pub fn with(self, name: &str, value: &str) -> Response {
        Response::With(name.to_owned(), value.to_owned(), Box::new(self))
    }

    /// Only after a while.
    #[must_use]
    pub fn late(self, after: Duration) -> Response {
        Response::Late(after, Box::new(self))
    }

    /// The first byte of the body is another.
    #[must_use]
    pub fn corrupted(self) -> Response {
        Response::Corrupted(Box::new(self))
    }

    /// Done at once, but answered only after a while; whoever hangs up first is counted.
    #[must_use]
    pub fn held(self, during: Duration) -> Response {
        Response::Held(during, Box::new(self))
    }

    /// Hung up after so many bytes of the body.
    #[must_use]
    pub fn cut_off(self, after: usize) -> Response {
        Response::CutOff(after, Box::new(self))
    }

    /// An error as S3 writes it.
    pub fn s3_error(status: u16, code: &str, message: &str) -> Response {
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message>\
             <RequestId>{REQUEST_ID}</RequestId><HostId>host</HostId></Error>"
        );
        Response::new(status, body).with("content-type", "application/xml")
    }

    /// A page of `ListObjectsV2`.
    pub fn objects(keys: &[String], next: Option<&str>) -> Response {
        let contents: String = keys
            .iter()
            .map(|key| {
                format!("<Contents><Key>{key}</Key><LastModified>2026-11-22T10:00:00.000Z</LastModified><ETag>&quot;e&quot;</ETag><Size>1</Size><StorageClass>STANDARD</StorageClass></Contents>")
            })
            .collect();
        let next = match next {
            Some(next) => format!(
                "<IsTruncated>true</IsTruncated><NextContinuationToken>{next}</NextContinuationToken>"
            ),
            None => "<IsTruncated>false</IsTruncated>".to_owned(),
        };
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
             <Name>b</Name><KeyCount>{}</KeyCount><MaxKeys>1000</MaxKeys>{next}{contents}</ListBucketResult>",
            keys.len()
        );
        Response::new(200, body).with("content-type", "application/xml")
    }

    /// A page of `ListBuckets`.
    pub fn buckets(names: &[&str], next: Option<&str>) -> Response {
        let buckets: String = names
            .iter()
            .map(|name| format!("<Bucket><Name>{name}</Name><CreationDate>2026-11-22T10:00:00.000Z</CreationDate></Bucket>"))
            .collect();
        let next =
            next.map(|next| format!("<ContinuationToken>{next}</ContinuationToken>")).unwrap_or_default();
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListAllMyBucketsResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
             <Owner><ID>o</ID></Owner><Buckets>{buckets}</Buckets>{next}</ListAllMyBucketsResult>"
        );
        Response::new(200, body).with("content-type", "application/xml")
    }

    /// What `GetCallerIdentity` answers.
    pub fn identity(account: &str, arn: &str) -> Response {
        let body = format!(
            "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
             <Arn>{arn}</Arn><UserId>AIDA</UserId><Account>{account}</Account></GetCallerIdentityResult>\
             <ResponseMetadata><RequestId>STS1234567890</RequestId></ResponseMetadata></GetCallerIdentityResponse>"
        );
        Response::new(200, body).with("content-type", "text/xml")
    }
}

/// What every scripted answer bears.
pub(crate) const REQUEST_ID: &str = "REQ1234567890";
