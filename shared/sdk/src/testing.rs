//! A stand-in for AWS, for this crate's tests.

mod socket;

use std::sync::{Arc, Mutex};

use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;

pub(crate) use socket::{Server, Then, raw};

/// One request as AWS would see it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) host: String,
    pub(crate) access_key: String,
    pub(crate) region: String,
    pub(crate) body: String,
    pub(crate) user_agent: String,
}

pub(crate) type Log = Arc<Mutex<Vec<Seen>>>;

/// A client that logs each request and answers what `answer` says.
pub(crate) fn wire(
    answer: impl Fn(&Seen) -> http::Response<String> + Send + Sync + 'static,
) -> (SharedHttpClient, Log) {
    let log = Log::default();
    let kept = Arc::clone(&log);
    let connector = SharedHttpConnector::new(Wire(move |request: &HttpRequest| {
        let header = |name: &str| request.headers().get(name).unwrap_or_default().to_owned();
        let authorization = header("authorization");
        let scope: Vec<String> = authorization
            .split_once("Credential=")
            .map(|(_, rest)| rest.split(',').next().unwrap_or_default())
            .unwrap_or_default()
            .split('/')
            .map(str::to_owned)
            .collect();
        let uri: http::Uri = request.uri().parse().unwrap();
        let seen = Seen {
            host: uri.authority().map(ToString::to_string).unwrap_or_default(),
            access_key: scope.first().cloned().unwrap_or_default(),
            region: scope.get(2).cloned().unwrap_or_default(),
            body: String::from_utf8_lossy(request.body().bytes().unwrap_or_default()).into_owned(),
            user_agent: format!("{} {}", header("user-agent"), header("x-amz-user-agent")),
        };
        kept.lock().unwrap().push(seen.clone());
        answer(&seen)
    }));
    (http_client_fn(move |_, _| connector.clone()), log)
}

/// Answers every request at once.
struct Wire<F>(F);

impl<F> std::fmt::Debug for Wire<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Wire")
    }
}

impl<F: Fn(&HttpRequest) -> http::Response<String> + Send + Sync> HttpConnector for Wire<F> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let response = HttpResponse::try_from((self.0)(&request).map(SdkBody::from)).unwrap();
        HttpConnectorFuture::ready(Ok(response))
    }
}

/// A request of nobody in particular.
pub(crate) fn nobody() -> Seen {
    let nothing = String::new;
    Seen {
        host: "sts.test".to_owned(),
        access_key: nothing(),
        region: nothing(),
        body: nothing(),
        user_agent: nothing(),
    }
}

/// STS as it should be: it says who signed, for which region, through which host; a role's keys tell whose they are.
pub(crate) fn sts(seen: &Seen) -> http::Response<String> {
    if seen.host.starts_with("169.254.") {
        return http::Response::builder().status(404).body(String::new()).unwrap();
    }
    let body = if seen.body.contains("Action=AssumeRole") {
        assumed(&format!("ROLE{}", seen.access_key), 3_600)
    } else {
        format!(
            "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
             <Arn>{}|{}|{}</Arn><UserId>AIDA</UserId><Account>123456789012</Account></GetCallerIdentityResult>\
             <ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata></GetCallerIdentityResponse>",
            seen.access_key, seen.region, seen.host
        )
    };
    ok(body)
}

pub(crate) fn assumed(access_key: &str, seconds: i64) -> String {
    let ends = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(seconds);
    format!(
        "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult>\
         <AssumedRoleUser><AssumedRoleId>AROA:s</AssumedRoleId><Arn>arn:aws:sts::1:assumed-role/r/s</Arn></AssumedRoleUser>\
         <Credentials><AccessKeyId>{access_key}</AccessKeyId><SecretAccessKey>s</SecretAccessKey>\
         <SessionToken>t</SessionToken><Expiration>{ends:.0}</Expiration></Credentials></AssumeRoleResult>\
         </AssumeRoleResponse>"
    )
}

pub(crate) fn ok(body: String) -> http::Response<String> {
    http::Response::builder()
        .status(200)
        .header("x-amzn-requestid", "r-1")
        // The metadata service hands out a token with a lifetime; nothing else looks at this.
        .header("x-aws-ec2-metadata-token-ttl-seconds", "60")
        .body(body)
        .unwrap()
}

/// An error as STS's protocol writes it.
pub(crate) fn refusal(status: u16, code: &str, message: &str) -> http::Response<String> {
    let message = message.replace('&', "&amp;").replace('<', "&lt;");
    http::Response::builder()
        .status(status)
        .header("x-amzn-requestid", "r-9")
        .body(format!(
            "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>\
             <Code>{code}</Code><Message>{message}</Message></Error><RequestId>r-9</RequestId></ErrorResponse>"
        ))
        .unwrap()
}
