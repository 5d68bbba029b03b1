//! Answers that are not the service's: a proxy's page, a captive portal's, an emulator's silence.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use serde::de::IgnoredAny;

use crate::sender::{WHO_ANSWERS, is_page, is_signed};
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
    let blank = || {
        body.filter(|body| is_blank(response, operation, spoken, body)).map(|_| "nothing at all".to_owned())
    };
    let what = what.or_else(blank);
    match what {
        Some(what) => Err(error(operation, &what)),
        None => Ok(()),
    }
}

/// What the body is, if it is nothing that the service would write.
fn instead_of_an_answer(response: &HttpResponse, body: &[u8], spoken: Protocol) -> Option<String> {
    let first = *body.iter().find(|byte| !byte.is_ascii_whitespace())?;
    let signed = is_signed(response);
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

/// Whether a plain success has nothing of a service, neither in its body nor in its head: AWS writes an empty body only
/// where its head says something. What a HEAD finds has none.
fn is_blank(response: &HttpResponse, operation: &str, spoken: Protocol, body: &[u8]) -> bool {
    let of_a_service = |name: &str| name.starts_with("x-amz") || name == "etag";
    // REST services have other successes without a body, and what stands in for a store may say no more than that.
    let writes_a_body = response.status().as_u16() == 200
        || matches!(spoken, Protocol::Form | Protocol::Json | Protocol::Cbor);
    writes_a_body
        && !operation.starts_with("Head")
        && body.trim_ascii().is_empty()
        && !response.headers().iter().any(|(name, _)| of_a_service(name))
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
    .with_next(WHO_ANSWERS);
    error.operation = Some(operation.to_owned());
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is empty and says nothing of its sender, in every protocol.
    #[test]
    fn an_empty_success_without_a_word_of_the_service_is_nobodys() {
        for spoken in [Protocol::Form, Protocol::Json, Protocol::Cbor, Protocol::Xml, Protocol::Opaque] {
            for body in [&b""[..], b" \r\n"] {
                let silent = refused(spoken, &[("server", "nginx"), ("content-length", "0")], body, &[]);
                assert!(silent.is_some_and(|why| why.ends_with("nothing at all")), "{spoken:?} {body:?}");
                for head in ["x-amzn-requestid", "x-amz-request-id", "x-amz-version-id", "etag"] {
                    assert_eq!(refused(spoken, &[(head, "r")], body, &[]), None, "{spoken:?} {head}");
                }
            }
        }
    }

    #[test]
    fn a_success_without_a_body_is_a_rest_services_only() {
        let answer = || http::Response::builder().status(204).body(Vec::new().into()).unwrap();
        for (spoken, is_refused) in [
            (Protocol::Form, true),
            (Protocol::Json, true),
            (Protocol::Cbor, true),
            (Protocol::Xml, false),
            (Protocol::Opaque, false),
        ] {
            let answer = HttpResponse::try_from(answer()).unwrap();
            assert_eq!(refuse(&answer, "X", spoken, &[]).is_err(), is_refused, "{spoken:?}");
        }
        // What a HEAD finds has no body.
        let found = http::Response::builder().status(200).body(Vec::new().into()).unwrap();
        let found = HttpResponse::try_from(found).unwrap();
        assert!(refuse(&found, "HeadThing", Protocol::Opaque, &[]).is_ok());
    }

    #[test]
    fn a_page_is_known_behind_whatever_may_stand_before_it() {
        for page in [
            &b"\xEF\xBB\xBF<!DOCTYPE html>"[..],
            b"<?xml version=\"1.0\"?>\n<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Strict//EN\"><html/>",
            b"<?xml version=\"1.0\"?><html xmlns=\"http://www.w3.org/1999/xhtml\"/>",
            b"<!-- sign in --> <!-- here --><HTML>",
            b"<script>location = '/login'</script>",
            b"<head><title>Blocked</title>",
            b"<meta http-equiv=refresh>",
        ] {
            for spoken in [Protocol::Form, Protocol::Xml, Protocol::Opaque] {
                let refused = refused(spoken, &[], page, &[]);
                assert!(refused.is_some_and(|why| why.contains("a web page")), "{spoken:?} {page:?}");
            }
        }
        for answer in
            [&b"<?xml version=\"1.0\"?><ListBucketResult/>"[..], b"<!-- x", b"<headers/>", b"<Html5/>"]
        {
            assert_eq!(refused(Protocol::Xml, &[], answer, &[]), None, "{answer:?}");
        }
    }

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
            assert_eq!(refused(spoken, &[("x-amzn-requestid", "r")], body, &[]), None, "{spoken:?} {body:?}");
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
