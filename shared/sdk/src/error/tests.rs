use std::time::Duration;

use aws_sdk_sts::config::retry::RetryConfig;
use aws_sdk_sts::config::timeout::TimeoutConfig;
use aws_smithy_types::error::ErrorMetadata;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use super::*;
use crate::testing::{refusal, wire};
use crate::words::plain;
use crate::{Session, SessionConfig, SharedHttpClient, Tap};

fn config() -> SessionConfig {
    SessionConfig { region: Some("us-east-1".to_owned()), max_attempts: Some(1), ..SessionConfig::default() }
}

fn keys() -> aws_credential_types::Credentials {
    aws_credential_types::Credentials::new("KEY", "s", None, None, "test")
}

/// What the real STS client makes of an answer.
async fn through_sts(http: SharedHttpClient) -> Error {
    let session = Session::with_http_client(config(), http).with_credentials(keys());
    let mut target = session.target(None, None).await.unwrap();
    target.endpoint = Some("http://sts.test".to_owned());
    let sdk = session.sdk_config(&target).await.unwrap();
    aws_sdk_sts::Client::new(&sdk).get_caller_identity().send().await.unwrap_err().into()
}

/// What a REST service's error becomes: these name code and message, and the raw answer has the rest.
fn by_hand(
    status: u16,
    code: Option<&str>,
    message: Option<&str>,
    headers: &[(&'static str, &str)],
) -> Error {
    let mut meta = ErrorMetadata::builder();
    if let Some(code) = code {
        meta = meta.code(code);
    }
    if let Some(message) = message {
        meta = meta.message(message);
    }
    let mut raw = http::Response::builder().status(status);
    for (name, value) in headers {
        raw = raw.header(*name, *value);
    }
    let raw = HttpResponse::try_from(raw.body("".into()).unwrap()).unwrap();
    SdkError::service_error(meta.build(), raw).into()
}

#[tokio::test]
async fn codes_become_kinds() {
    use Kind::*;
    for (status, code, kind, retryable) in [
        (403, "AccessDenied", AccessDenied, false),
        (403, "AccessDeniedException", AccessDenied, false),
        (403, "UnauthorizedOperation", AccessDenied, false),
        (401, "OptInRequired", AccessDenied, false),
        (400, "ExpiredToken", ExpiredCredentials, false),
        (400, "ExpiredTokenException", ExpiredCredentials, false),
        (400, "RequestExpired", ExpiredCredentials, false),
        (403, "InvalidClientTokenId", NoCredentials, false),
        (400, "UnrecognizedClientException", NoCredentials, false),
        (403, "InvalidAccessKeyId", NoCredentials, false),
        (401, "AuthFailure", NoCredentials, false),
        (403, "SignatureDoesNotMatch", NoCredentials, false),
        (403, "RequestTimeTooSkewed", ClockSkew, false),
        (400, "Throttling", Throttled, true),
        (400, "ThrottlingException", Throttled, true),
        (429, "TooManyRequestsException", Throttled, true),
        (503, "SlowDown", Throttled, true),
        (503, "RequestLimitExceeded", Throttled, true),
        (400, "ProvisionedThroughputExceededException", Throttled, true),
        (429, "Unheard", Throttled, true),
        (301, "PermanentRedirect", WrongRegion, false),
        (400, "IllegalLocationConstraintException", WrongRegion, false),
        (404, "NoSuchBucket", NotFound, false),
        (404, "NoSuchKey", NotFound, false),
        (400, "ResourceNotFoundException", NotFound, false),
        (400, "InvalidInstanceID.NotFound", NotFound, false),
        (404, "Unheard", NotFound, false),
        (409, "BucketAlreadyOwnedByYou", Conflict, false),
        (409, "BucketAlreadyExists", Conflict, false),
        (409, "BucketNotEmpty", Conflict, false),
        (400, "ConditionalCheckFailedException", Conflict, false),
        (412, "PreconditionFailed", Conflict, false),
        (400, "ResourceInUseException", Conflict, false),
        (400, "DependencyViolation", Conflict, false),
        (400, "LimitExceededException", Conflict, false),
        (400, "ServiceQuotaExceededException", Conflict, false),
        (400, "ValidationException", Invalid, false),
        (400, "ValidationError", Invalid, false),
        (400, "InvalidParameterValue", Invalid, false),
        (400, "MalformedQueryString", Invalid, false),
        (400, "MissingParameter", Invalid, false),
        (400, "Unheard", Invalid, false),
        (400, "RequestTimeout", Timeout, true),
        (500, "InternalFailure", Service, true),
        (500, "InternalServerError", Service, true),
        (503, "ServiceUnavailable", Service, true),
        (500, "InsufficientInstanceCapacity", Service, true),
        (501, "NotImplemented", Service, false),
    ] {
        let (http, _) = wire(move |_| refusal(status, code, "AWS's own words."));
        let error = through_sts(http).await;
        assert_eq!((error.kind, error.retryable()), (kind, retryable), "{status} {code}: {error}");
        assert_eq!(error.message, "AWS's own words.", "{code}");
        assert_eq!((error.code.as_deref(), error.status), (Some(code), Some(status)));
        assert_eq!(error.request_id.as_deref(), Some("r-9"));
        if !matches!(kind, Conflict | Invalid) {
            assert!(error.next.is_some(), "{code}");
        }
    }
}

#[tokio::test]
async fn an_old_signature_is_a_matter_of_the_clock() {
    for (code, message) in [
        ("SignatureDoesNotMatch", "Signature expired: 20260901T000000Z is now earlier than 20260901T010000Z"),
        (
            "InvalidSignatureException",
            "Signature not yet current: 20260901T020000Z is still later than 20260901T011500Z",
        ),
    ] {
        let (http, _) = wire(move |_| refusal(403, code, message));
        let error = through_sts(http).await;
        assert_eq!(error.kind, Kind::ClockSkew, "{message}");
        assert!(error.next.as_deref().unwrap().contains("chronyc"), "{error}");
    }
}

#[tokio::test]
async fn a_denial_says_who_what_and_why() {
    let message = "User: arn:aws:iam::1:user/a is not authorized to perform: sts:GetCallerIdentity on resource: * because no \
                   identity-based policy allows the sts:GetCallerIdentity action";
    let (http, _) = wire(move |_| refusal(403, "AccessDenied", message));
    let error = through_sts(http).await;
    let denied = error.denied.as_ref().unwrap();
    assert_eq!(denied.why.as_deref(), Some("no identity-based policy allows it"));
    assert_eq!(
        error.next.as_deref(),
        Some(
            "Allow sts:GetCallerIdentity on * for arn:aws:iam::1:user/a in the identity-based policy, or use another role or profile."
        )
    );
    let (http, _) = wire(|_| {
        refusal(
            403,
            "AccessDenied",
            "User: u is not authorized to perform: x:Y on resource: z with an explicit deny in a service control policy",
        )
    });
    assert!(through_sts(http).await.next.as_deref().unwrap().starts_with("A deny wins"));
    let (http, _) = wire(|_| {
        refusal(
            403,
            "UnauthorizedOperation",
            "You are not authorized to perform this operation. Encoded authorization failure message: AAA",
        )
    });
    let error = through_sts(http).await;
    assert!(error.message.ends_with("AAA"));
    assert!(error.next.as_deref().unwrap().contains("aws sts decode-authorization-message"), "{error}");
}

#[test]
fn the_right_region_is_named() {
    let malformed =
        "The authorization header is malformed; the region 'us-east-1' is wrong; expecting 'eu-west-1'";
    let header = [("x-amz-bucket-region", "eu-west-1")];
    for error in [
        by_hand(400, Some("AuthorizationHeaderMalformed"), Some(malformed), &[]),
        by_hand(301, Some("PermanentRedirect"), Some("The bucket must be addressed elsewhere."), &header),
        by_hand(301, None, None, &header),
        by_hand(400, None, None, &header),
    ] {
        assert_eq!((error.kind, error.region.as_deref()), (Kind::WrongRegion, Some("eu-west-1")), "{error}");
        assert_eq!(error.next.as_deref(), Some("Call again with region eu-west-1."));
    }
    assert_eq!(by_hand(301, None, None, &header).message, "It lives in region eu-west-1");
    // A denied HEAD also carries the header; that does not make it a matter of the region.
    let denied = by_hand(403, None, None, &header);
    assert_eq!((denied.kind, denied.region.as_deref()), (Kind::AccessDenied, Some("eu-west-1")));
}

#[test]
fn answers_to_head_have_only_a_status() {
    for (status, kind) in [
        (403, Kind::AccessDenied),
        (404, Kind::NotFound),
        (400, Kind::Invalid),
        (412, Kind::Conflict),
        (304, Kind::Conflict),
    ] {
        let error = by_hand(status, None, None, &[("x-amz-request-id", "r-7")]);
        assert_eq!(error.kind, kind);
        assert_eq!(error.message, if status == 404 { "It does not exist" } else { "AWS gave no reason" });
        assert_eq!(error.request_id.as_deref(), Some("r-7"));
    }
    assert!(by_hand(403, None, None, &[]).next.as_deref().unwrap().contains("does not say which"));
    // S3-like clients give HEAD's 404 this code of their own.
    assert_eq!(by_hand(404, Some("NotFound"), None, &[]).kind, Kind::NotFound);
}

#[tokio::test]
async fn an_answer_that_is_no_answer_of_aws_is_cut_short() {
    let page = format!(
        "<!DOCTYPE html><html><head><title>500</title></head><body><h1>Oh no</h1>{}</body></html>",
        "<p>trace</p>".repeat(500)
    );
    let (http, _) = wire(move |_| http::Response::builder().status(500).body(page.clone()).unwrap());
    let error = through_sts(http).await;
    assert_eq!((error.kind, error.status), (Kind::Service, Some(500)));
    assert!(error.message.starts_with("AWS answered HTTP 500: 500 Oh no trace"), "{error}");
    assert!(error.message.len() < 300 && error.message.ends_with("(cut)"), "{error}");

    let (http, _) = wire(|_| http::Response::builder().status(200).body("not xml".to_owned()).unwrap());
    let error = through_sts(http).await;
    assert_eq!((error.kind, error.status), (Kind::Service, Some(200)), "{error}");
    assert!(error.message.starts_with("AWS's answer could not be read: "), "{error}");

    let (http, _) = wire(|_| http::Response::builder().status(502).body(String::new()).unwrap());
    assert_eq!(through_sts(http).await.message, "AWS gave no reason");
}

#[tokio::test]
async fn a_page_of_a_proxy_is_no_refusal_of_awss() {
    let page = "<html><head><title>Blocked</title></head><body>Your company's policy</body></html>";
    let answered = async |status: u16, head: &'static [(&str, &str)], body: &'static str| {
        let (http, _) = wire(move |_| {
            let answer = http::Response::builder().status(status);
            let answer = head.iter().fold(answer, |answer, (name, value)| answer.header(*name, *value));
            answer.body(body.to_owned()).unwrap()
        });
        through_sts(http).await
    };
    for status in [302, 400, 401, 403, 404, 407, 511] {
        let error = answered(status, &[], page).await;
        assert_eq!((error.kind, error.status), (Kind::Network, Some(status)), "{error}");
        assert!(error.message.ends_with("portal?): Blocked Your company's policy"), "{error}");
        assert!(error.next.as_deref().unwrap().contains("whether a proxy"), "{error}");
        assert_eq!(error.denied, None);
    }
    // With an id of AWS's it is AWS's, and so it may be where something behind AWS's own front is down.
    assert_eq!(answered(403, &[("x-amzn-requestid", "r")], page).await.kind, Kind::AccessDenied);
    assert_eq!(answered(503, &[], page).await.kind, Kind::Service);
    // What is no page may be a store's that resembles AWS.
    assert_eq!(answered(403, &[], "Forbidden").await.kind, Kind::AccessDenied);
    let denied =
        "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>";
    assert_eq!(answered(403, &[], denied).await.kind, Kind::AccessDenied);
}

#[test]
fn the_command_to_sign_in_names_the_profile() {
    let error = Error::new(Kind::ExpiredCredentials, "x").with_next("Run `aws sso login` now.");
    assert_eq!(
        error.clone().for_profile(Some("dev")).next.as_deref(),
        Some("Run `aws sso login --profile dev` now.")
    );
    assert_eq!(
        error.clone().for_profile(Some("my $x")).next.as_deref(),
        Some("Run `aws sso login --profile 'my $x'` now.")
    );
    assert_eq!(error.clone().for_profile(None), error);
}

#[test]
fn an_error_is_one_line() {
    let mut error =
        by_hand(404, Some("NoSuchKey"), Some("The key\ndoes not exist."), &[("x-amz-request-id", "r-7")]);
    error.operation = Some("GetThing".to_owned());
    assert_eq!(
        error.to_string(),
        "The key does not exist. [GetThing, NoSuchKey, HTTP 404, request r-7] Next: Check the name, the region and the account."
    );
    assert!(std::mem::size_of::<Result<(), Error>>() <= 16);
}

/// A call over a real socket to `endpoint`.
async fn over_the_network(endpoint: &str) -> Error {
    let session = Session::new(SessionConfig { connect_timeout: Some(Duration::from_secs(3)), ..config() })
        .with_credentials(keys());
    let mut target = session.target(None, None).await.unwrap();
    target.endpoint = Some(endpoint.to_owned());
    let sdk = session.sdk_config(&target).await.unwrap();
    let tap = Tap::open();
    let config = aws_sdk_sts::config::Builder::from(&sdk)
        .interceptor(tap.clone())
        .retry_config(RetryConfig::disabled())
        .timeout_config(TimeoutConfig::builder().read_timeout(Duration::from_secs(3)).build())
        .build();
    let error: Error =
        aws_sdk_sts::Client::from_conf(config).get_caller_identity().send().await.unwrap_err().into();
    session.explain(&target, error.noted(&tap))
}

#[tokio::test]
async fn networks_fail_in_different_ways() {
    let refusing = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let refused = refusing.local_addr().unwrap();
    drop(refusing);
    let error = over_the_network(&format!("http://{refused}")).await;
    assert_eq!(error.kind, Kind::Endpoint, "{error}");
    assert_eq!(
        error.message,
        format!("The endpoint refuses connections; AWS_ENDPOINT_URL is http://{refused}")
    );

    let error = over_the_network("http://no-such-host.invalid").await;
    assert_eq!(error.kind, Kind::Network, "{error}");
    assert!(
        error.message.contains("could not be resolved; AWS_ENDPOINT_URL is http://no-such-host.invalid"),
        "{error}"
    );

    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let error = over_the_network(&format!("http://{}", silent.local_addr().unwrap())).await;
    assert_eq!((error.kind, error.retryable()), (Kind::Timeout, true), "{error}");
    assert!(error.message.starts_with("AWS did not answer in time"), "{error}");

    let plain = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = plain.local_addr().unwrap();
    let server = tokio::spawn(async move {
        while let Ok((mut socket, _)) = plain.accept().await {
            let _ = socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    });
    let error = over_the_network(&format!("https://{address}")).await;
    assert_eq!(error.kind, Kind::Endpoint, "{error}");
    assert!(error.message.starts_with("The TLS connection failed"), "{error}");
    server.abort();

    let rude = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = rude.local_addr().unwrap();
    let server = tokio::spawn(async move {
        while let Ok((socket, _)) = rude.accept().await {
            drop(socket);
        }
    });
    let error = over_the_network(&format!("http://{address}")).await;
    assert_eq!((error.kind, error.retryable()), (Kind::Network, true), "{error}");
    assert!(error.message.starts_with("The connection broke off"), "{error}");
    server.abort();
}

#[tokio::test]
async fn a_request_that_cannot_be_made_is_invalid() {
    let (http, log) = wire(crate::testing::sts);
    let session = Session::with_http_client(config(), http).with_credentials(keys());
    let target = session.target(None, None).await.unwrap();
    let sdk = session.sdk_config(&target).await.unwrap();
    let error =
        aws_smithy_types::error::operation::BuildError::missing_field("role_arn", "role_arn was not given");
    let error: Error = SdkError::<ErrorMetadata, HttpResponse>::construction_failure(error).into();
    assert_eq!(error.kind, Kind::Invalid, "{error}");
    assert!(error.message.contains("role_arn"), "{error}");
    // An endpoint that no rule knows.
    let sdk = sdk.into_builder().use_fips(true).endpoint_url("http://x.test").build();
    let error: Error = aws_sdk_sts::Client::new(&sdk).get_caller_identity().send().await.unwrap_err().into();
    assert_eq!(error.kind, Kind::Endpoint, "{error}");
    assert!(log.lock().unwrap().is_empty());
}

#[test]
fn a_page_is_read_without_its_code() {
    let page = "<!DOCTYPE html><HTML><Style type=x>body { color: red }</STYLE><h1>502 Ünavailable</h1>\
                <script>alert('</p>')</script><p>later</p><style>unfinished";
    assert_eq!(plain(page), "502 Ünavailable later");
    assert_eq!(plain("a < b and <style> is a tag"), "a < b and <style> is a tag");
}
