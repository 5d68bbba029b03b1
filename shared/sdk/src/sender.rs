//! Who wrote an answer: AWS, or what stands between.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_types::request_id::RequestId;

/// What to do where somebody else answered.
pub(crate) const WHO_ANSWERS: &str = "See whether a proxy, or the sign-in page of a network, answers in AWS's place, and \
    whether AWS_ENDPOINT_URL is right.";

/// Whether the head has an id of AWS's.
pub(crate) fn is_signed(response: &HttpResponse) -> bool {
    response.headers().request_id().is_some()
        || ["x-amz-request-id", "x-amz-id-2"].iter().any(|name| response.headers().contains_key(name))
}

/// Whether a body is a page for people.
pub(crate) fn is_page(body: &[u8]) -> bool {
    const SIGNS: [&str; 7] = ["<!doctype html", "<html", "<head", "<body", "<script", "<meta", "<title"];
    let start = behind_prolog(body);
    SIGNS.iter().any(|sign| {
        let (head, after) = start.split_at_checked(sign.len()).unwrap_or_default();
        head.eq_ignore_ascii_case(sign.as_bytes())
            && after.first().is_none_or(|byte| !byte.is_ascii_alphanumeric())
    })
}

/// What follows the byte order mark, blanks, comments and instructions that may stand before a document.
fn behind_prolog(body: &[u8]) -> &[u8] {
    let mut rest = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body).trim_ascii_start();
    while let Some(end) = [("<?", "?>"), ("<!--", "-->")].iter().find_map(|(open, close)| {
        let inner = rest.strip_prefix(open.as_bytes())?;
        let at = inner.windows(close.len()).position(|window| window == close.as_bytes())?;
        inner.get(at + close.len()..)
    }) {
        rest = end.trim_ascii_start();
    }
    rest
}
