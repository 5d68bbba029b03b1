//! Answers that are not the service's: a proxy's page, a captive portal's, an emulator's silence.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_types::request_id::RequestId;
use serde::de::IgnoredAny;

use crate::view::{Members, Protocol};
use crate::{Error, Kind};

/// Refuses a success that cannot be the service's answer to `operation`, whose request was written in `spoken`.
///
/// # Errors
/// Of kind `Network`: whether the operation was done is not known.
pub(super) fn refuse(
    response: &HttpResponse,
    operation: &str,
    spoken: Protocol,
    required: &[&str],
) -> Result<(), Error> {
    if !response.status().is_success() {
        return Ok(());
    }
    // A body that is not in memory is a stream, which may be of any kind.
    let body = response.body().bytes();
    let what = body.and_then(|body| instead_of_an_answer(response, body, spoken));
    let what = what.or_else(|| missing(response, body, required));
    match what {
        Some(what) => Err(error(operation, &what)),
        None => Ok(()),
    }
}

/// What the body is, if it is nothing that the service would write.
fn instead_of_an_answer(response: &HttpResponse, body: &[u8], spoken: Protocol) -> Option<String> {
    let first = *body.iter().find(|byte| !byte.is_ascii_whitespace())?;
    let signed = response.headers().request_id().is_some()
        || ["x-amz-request-id", "x-amz-id-2"].iter().any(|name| response.headers().contains_key(name));
    let page = is_page(body);
    let (fits, due) = match spoken {
        Protocol::Form => (first == b'<' && !page, "XML"),
        Protocol::Cbor => (matches!(first, 0xa0..=0xbf), "CBOR"),
        Protocol::Json => (serde_json::from_slice::<IgnoredAny>(body).is_ok(), "JSON"),
        // REST services answer bodies of the caller's own too, a page among them; then AWS's id stands in the head.
        Protocol::Xml | Protocol::Opaque => (!page || signed, "AWS's answer"),
    };
    (!fits).then(|| format!("{} where {due} was due", if page { "a web page" } else { "something else" }))
}

fn is_page(body: &[u8]) -> bool {
    let start = body.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or(body.len());
    let start = body.get(start..).unwrap_or_default();
    ["<!doctype html", "<html"]
        .iter()
        .any(|sign| start.get(..sign.len()).is_some_and(|head| head.eq_ignore_ascii_case(sign.as_bytes())))
}

/// What a good answer always has and this one has not.
fn missing(response: &HttpResponse, body: Option<&[u8]>, required: &[&str]) -> Option<String> {
    let mut members = None;
    let absent = required.iter().find(|path| match path.split_once(':') {
        Some(("header", name)) => response.headers().get(name).is_none_or(str::is_empty),
        _ => {
            let body = body.unwrap_or_default();
            let kind = response.headers().get("content-type");
            let read = || Members::read(body, Protocol::of_answer(kind, body));
            !members.get_or_insert_with(read).has(path)
        }
    })?;
    Some(format!("it has no {}", absent.trim_start_matches("header:")))
}

fn error(operation: &str, what: &str) -> Error {
    let mut error = Error::new(
        Kind::Network,
        format!("The answer to {operation} is not AWS's (a proxy or a captive portal?): {what}"),
    )
    .with_next("See whether a proxy, or the sign-in page of a network, answers in AWS's place, and whether AWS_ENDPOINT_URL is right.");
    error.operation = Some(operation.to_owned());
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(spoken: Protocol, headers: &[(&str, &str)], body: &[u8], required: &[&str]) -> Option<String> {
        let mut answer = http::Response::builder().status(200);
        for (name, value) in headers {
            answer = answer.header(*name, *value);
        }
        let answer = HttpResponse::try_from(answer.body(body.to_vec().into()).unwrap()).unwrap();
        refuse(&answer, "X", spoken, required).err().map(|error| error.message.clone())
    }

    const PAGE: &[u8] = b"\n<!doctype HTML><title>Sign in</title>";

    #[test]
    fn a_page_is_nobodys_answer_but_a_stored_page_is() {
        for (spoken, due) in [
            (Protocol::Form, "XML"),
            (Protocol::Json, "JSON"),
            (Protocol::Cbor, "CBOR"),
            (Protocol::Opaque, "AWS's answer"),
        ] {
            let refused = refused(spoken, &[], PAGE, &[]).unwrap();
            assert!(refused.ends_with(&format!(": a web page where {due} was due")), "{refused}");
        }
        for id in ["x-amz-request-id", "x-amzn-requestid", "x-amz-id-2"] {
            assert_eq!(refused(Protocol::Opaque, &[(id, "r")], PAGE, &[]), None, "{id}");
        }
    }

    #[test]
    fn what_a_service_answers_is_its_answer() {
        for (spoken, body) in [
            (Protocol::Form, &b"<?xml version=\"1.0\"?><R/>"[..]),
            (Protocol::Form, b""),
            (Protocol::Json, b" {}"),
            // An emulator's answer to an operation without members.
            (Protocol::Json, b"null"),
            (Protocol::Json, b""),
            (Protocol::Cbor, b"\xa0"),
            (Protocol::Cbor, b"\xbf\xff"),
            (Protocol::Cbor, b""),
            (Protocol::Opaque, b"anything"),
            (Protocol::Opaque, b"<R/>"),
        ] {
            assert_eq!(refused(spoken, &[], body, &[]), None, "{spoken:?} {body:?}");
        }
        for (spoken, body) in
            [(Protocol::Form, &b"{}"[..]), (Protocol::Json, b"upstream"), (Protocol::Cbor, b"{}")]
        {
            assert!(refused(spoken, &[], body, &[]).is_some(), "{spoken:?} {body:?}");
        }
    }

    #[test]
    fn what_is_required_may_be_empty_but_must_be_there() {
        let required = &["Items", "Count"];
        assert_eq!(refused(Protocol::Json, &[], br#"{"Items": [], "Count": 0}"#, required), None);
        for body in [&b""[..], b"{}", br#"{"Count": 0}"#, br#"{"x": {"Items": [], "Count": 0}}"#] {
            let refused = refused(Protocol::Json, &[], body, required).unwrap();
            assert!(refused.ends_with(": it has no Items"), "{refused}");
        }
        let etag = &["header:etag"];
        assert_eq!(refused(Protocol::Opaque, &[("ETag", "\"e\"")], b"", etag), None);
        assert!(refused(Protocol::Opaque, &[("ETag", "")], b"", etag).is_some());
    }
}
