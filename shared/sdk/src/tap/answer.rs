//! What a raw answer says, before the SDK's own types hide it.

use aws_smithy_runtime_api::client::interceptors::context::FinalizerInterceptorContextRef;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

use super::made::Attempt;
use crate::codes::{is_throttle, meaning};
use crate::view::{Members, Protocol};
use crate::{Kind, State};

/// How an attempt ended. `left` says whether its request was handed to a connection.
///
/// It is none where nothing was sent on purpose: a presigned request ends before it is sent, without an error.
pub(super) fn ended(context: &FinalizerInterceptorContextRef<'_>, left: bool) -> Option<Attempt> {
    let Some(response) = context.response() else {
        return context.output_or_error().map(|_| Attempt::unanswered(left));
    };
    let (whole, understood, state) = match context.output_or_error() {
        Some(Ok(_)) => (true, true, State::Answered { ok: true }),
        Some(Err(error)) if error.is_operation_error() => match not_done(response) {
            Some(true) => (true, true, State::Answered { ok: false }),
            Some(false) => (true, true, State::Lost),
            None => (true, false, State::Lost),
        },
        Some(Err(error)) => (error.is_interceptor_error(), false, State::Lost),
        None => (false, false, State::Lost),
    };
    Some(Attempt { left: true, head: true, whole, understood, state })
}

/// Whether an error of the service means that the operation was certainly not done. It is none if the answer does not
/// seem to be the service's at all.
fn not_done(response: &HttpResponse) -> Option<bool> {
    let status = response.status().as_u16();
    let code = code(response);
    let empty = response.body().bytes().is_none_or(<[u8]>::is_empty);
    match (code.as_deref(), status) {
        (Some(code), 200..300 | 500..) => Some(is_definite(code) || status == 501),
        // Bedrock's ModelTimeoutException: the model ran.
        (Some(_), 408) => Some(false),
        (Some(_), _) => Some(true),
        // What a HEAD finds has no body, and a redirect by a portal has none either.
        (None, 301 | 304 | 307 | 308 | 400..=407 | 409..500 | 501) if empty => Some(true),
        (None, 408 | 500..) if empty => Some(false),
        (None, _) => None,
    }
}

/// Whether the code of an error that is called the service's own fault means that nothing was done.
fn is_definite(code: &str) -> bool {
    // EC2 answers 500 where it has no machine to give.
    let no_capacity = code.starts_with("Insufficient") && code.contains("Capacity");
    let kind = meaning(code).map(|row| row.kind);
    no_capacity || !matches!(kind, None | Some(Kind::Service | Kind::Timeout | Kind::Network))
}

/// Whether AWS said that calls come too fast.
pub(super) fn is_throttled(response: &HttpResponse) -> bool {
    match response.status().as_u16() {
        429 => true,
        status if status < 400 => false,
        _ => code(response).is_some_and(|code| is_throttle(&code)),
    }
}

/// The error's code. The SDK keeps it in each operation's own error type, so it is read from the raw answer here.
fn code(response: &HttpResponse) -> Option<String> {
    let header = response.headers().get("x-amzn-errortype").and_then(|code| code.split(':').next());
    let code = match header.filter(|code| !code.is_empty()) {
        Some(code) => code.to_owned(),
        None => {
            let body = response.body().bytes().unwrap_or_default();
            let members =
                Members::read(body, Protocol::of_answer(response.headers().get("content-type"), body));
            ["__type", "code", "Code", "Error.Code", "Errors.Error.Code"]
                .into_iter()
                .find_map(|path| members.texts(path).into_iter().next())?
        }
    };
    // `com.amazonaws.dynamodb#ValidationException`
    let code = code.rsplit('#').next().unwrap_or_default().trim();
    (!code.is_empty()).then(|| code.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, header: &str, body: &[u8]) -> HttpResponse {
        let mut answer = http::Response::builder().status(status);
        if !header.is_empty() {
            answer = answer.header("x-amzn-errortype", header);
        }
        HttpResponse::try_from(answer.body(body.to_vec().into()).unwrap()).unwrap()
    }

    fn cbor(kind: &str) -> Vec<u8> {
        let map = ciborium::Value::Map(vec![("__type".into(), kind.into())]);
        let mut out = Vec::new();
        ciborium::into_writer(&map, &mut out).unwrap();
        out
    }

    #[test]
    fn throttles_are_read_in_every_protocol() {
        let cbor = cbor("com.amazonaws.x#ThrottlingException");
        for (status, header, body, wanted) in [
            (429, "", "".as_bytes(), true),
            (503, "", b"<Error><Code>SlowDown</Code></Error>", true),
            (
                503,
                "",
                b"<Response><Errors><Error><Code>RequestLimitExceeded</Code></Error></Errors></Response>",
                true,
            ),
            (
                400,
                "",
                br#"{"__type":"com.amazonaws.x#ProvisionedThroughputExceededException","message":""}"#,
                true,
            ),
            (400, "", &cbor, true),
            (400, "ThrottlingException:http://x", b"", true),
            (400, "", br#"{"__type":"ValidationException"}"#, false),
            (503, "", b"", false),
            (200, "", b"<Code>SlowDown</Code>", false),
        ] {
            let text = String::from_utf8_lossy(body);
            assert_eq!(is_throttled(&answer(status, header, body)), wanted, "{status} {header} {text}");
        }
    }

    #[test]
    fn a_request_that_was_made_to_be_sent_by_somebody_else_was_no_attempt() {
        use aws_smithy_runtime_api::client::interceptors::context::{
            Error, Input, InterceptorContext, Output,
        };
        let mut context = InterceptorContext::<Input, Output, Error>::new(Input::doesnt_matter());
        assert_eq!(ended(&(&context).into(), true), None);
        context.fail(aws_smithy_runtime_api::client::orchestrator::OrchestratorError::other("lost"));
        assert_eq!(ended(&(&context).into(), true), Some(Attempt::unanswered(true)));
    }

    #[test]
    fn only_an_error_that_says_so_means_that_nothing_was_done() {
        for (status, body, wanted) in [
            (400, r#"{"__type":"ValidationException"}"#, Some(true)),
            (403, "<Error><Code>AccessDenied</Code></Error>", Some(true)),
            (404, "", Some(true)),
            (304, "", Some(true)),
            (412, "", Some(true)),
            (501, "", Some(true)),
            (503, "<Error><Code>SlowDown</Code></Error>", Some(true)),
            (
                500,
                "<Response><Errors><Error><Code>InsufficientInstanceCapacity</Code></Error></Errors></Response>",
                Some(true),
            ),
            (502, r#"{"__type":"InvalidZipFileException"}"#, Some(true)),
            (500, r#"{"__type":"InternalServerError"}"#, Some(false)),
            (503, "<Error><Code>ServiceUnavailable</Code></Error>", Some(false)),
            (500, "", Some(false)),
            (503, "", Some(false)),
            (408, r#"{"__type":"ModelTimeoutException"}"#, Some(false)),
            // An error within a success, as S3's CompleteMultipartUpload has it.
            (200, "<Error><Code>InternalError</Code></Error>", Some(false)),
            // None of these is a word of the service.
            (403, "<html><body>Blocked by policy</body></html>", None),
            (302, "", None),
            (502, "Bad Gateway", None),
            (200, "", None),
            (400, "{", None),
        ] {
            assert_eq!(not_done(&answer(status, "", body.as_bytes())), wanted, "{status} {body}");
        }
    }
}
