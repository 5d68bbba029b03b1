//! What to do next about an error of S3, where the general hint is too weak.

use std::borrow::Cow;

use awsmcp_sdk::{Error, Kind};

use crate::client::is_aws;

pub(crate) fn of(error: &Error) -> Option<Cow<'static, str>> {
    if is_nobodys(error) {
        return Some(Cow::Borrowed(NOBODYS));
    }
    if is_unexplained(error) {
        return Some(Cow::Borrowed(match error.operation.as_deref() {
            Some("HeadObject" | "GetObject") => MISSING,
            _ => ELSEWHERE,
        }));
    }
    if wants_no_checksum(error) {
        return Some(Cow::Borrowed(CHECKSUMS));
    }
    // A HEAD has no body, and so says only that nothing was found.
    let says_more = error.code.as_deref().is_some_and(|code| code.starts_with("NoSuch"));
    if error.operation.as_deref() == Some("HeadObject") && error.kind == Kind::NotFound && !says_more {
        return Some(Cow::Borrowed(
            "list_objects shows the keys, which are matched exactly, case included; list_versions the versions of one",
        ));
    }
    Some(Cow::Borrowed(match (error.code.as_deref()?, error.kind) {
        ("NoSuchBucket", _) => "list_buckets shows the buckets of this account",
        ("NoSuchKey", _) => "list_objects shows the keys; a key is matched exactly, case included",
        ("NoSuchVersion", _) => "list_versions shows the versions of a key",
        ("InvalidObjectState", _) => "the object is archived: restore_object brings it back first",
        ("BucketNotEmpty", _) => "delete_objects empties it, versions included",
        ("PreconditionFailed", _) => "somebody changed the object since: read it again, then decide",
        (_, Kind::NotFound) => "list_buckets and list_objects show what there is",
        _ => return None,
    }))
}

const MISSING: &str = "or else the key does not exist: S3 says so only to credentials that have s3:ListBucket on the \
    bucket; or its requester pays (--requester-pays BUCKET), or it is open only to requests without a signature (--sign never)";

const ELSEWHERE: &str = "or else the bucket's requester pays (--requester-pays BUCKET), or it is open data, which may want \
    requests without a signature (--sign never)";

const NOBODYS: &str = "or nothing at all: S3 puts an id of the request on each of its answers, and this one has none: see whether a proxy, or the \
    sign-in page of a network, answers in AWS's place";

const CHECKSUMS: &str = "this endpoint is not AWS: where it does not know S3's newer checksums, start the server with \
    AWS_REQUEST_CHECKSUM_CALCULATION=when_required";

/// Whether a denial has no id of AWS's, which AWS puts on every answer: then somebody else wrote it.
fn is_nobodys(error: &Error) -> bool {
    error.kind == Kind::AccessDenied
        && error.status.is_some()
        && error.code.is_none()
        && error.request_id.is_none()
        && error.host.as_deref().is_some_and(is_aws)
}

/// Whether a denial may mean that there is nothing to read, or that somebody has to pay: AWS names the action where it is
/// that.
fn is_unexplained(error: &Error) -> bool {
    let is_named = error.denied.as_ref().is_some_and(|denied| denied.action.is_some());
    error.kind == Kind::AccessDenied
        && !is_named
        && matches!(error.operation.as_deref(), Some("HeadObject" | "GetObject" | "ListObjectsV2"))
}

/// Whether a store that only resembles S3 may have refused the checksums that a request carries.
fn wants_no_checksum(error: &Error) -> bool {
    const CARRY: [&str; 5] =
        ["PutObject", "UploadPart", "CreateMultipartUpload", "CompleteMultipartUpload", "DeleteObjects"];
    const SAY: [&str; 8] = [
        "NotImplemented",
        "InvalidRequest",
        "InvalidArgument",
        "InvalidDigest",
        "BadDigest",
        "XAmzContentSHA256Mismatch",
        "MissingContentMD5",
        "UnsupportedHeader",
    ];
    let carries = error.operation.as_deref().is_some_and(|operation| CARRY.contains(&operation));
    let says = error.code.as_deref().is_none_or(|code| SAY.contains(&code));
    let host = error.host.as_deref().unwrap_or_default();
    carries && says && !host.is_empty() && !is_aws(host) && matches!(error.status, Some(400 | 501))
}

#[cfg(test)]
mod tests {
    use awsmcp_sdk::Denied;

    use super::*;

    fn failed(operation: &str, kind: Kind) -> Error {
        let mut error = Error::new(kind, "AWS gave no reason");
        error.operation = Some(operation.to_owned());
        error
    }

    #[test]
    fn a_denied_read_may_mean_a_missing_key_unless_aws_names_the_action() {
        for read in ["HeadObject", "GetObject"] {
            assert_eq!(of(&failed(read, Kind::AccessDenied)).as_deref(), Some(MISSING));
        }
        assert_eq!(of(&failed("ListObjectsV2", Kind::AccessDenied)).as_deref(), Some(ELSEWHERE));
        assert_eq!(of(&failed("PutObject", Kind::AccessDenied)), None);
        let mut named = failed("GetObject", Kind::AccessDenied);
        named.denied = Some(Denied { action: Some("s3:GetObject".to_owned()), ..Denied::default() });
        assert_eq!(of(&named), None);
    }

    #[test]
    fn a_denial_without_an_id_of_awss_is_somebody_elses() {
        let denied = |host: &str, id: Option<&str>| {
            let mut error = failed("HeadObject", Kind::AccessDenied);
            (error.status, error.host) = (Some(403), Some(host.to_owned()));
            error.request_id = id.map(str::to_owned);
            of(&error)
        };
        let aws = "b.s3.us-east-1.amazonaws.com";
        assert_eq!(denied(aws, None).as_deref(), Some(NOBODYS));
        assert_eq!(denied(aws, Some("r")).as_deref(), Some(MISSING));
        assert_eq!(denied("minio.example.org", None).as_deref(), Some(MISSING));
    }

    #[test]
    fn a_store_that_refuses_checksums_is_told_from_aws() {
        let refused = |host: &str, status: u16| {
            let mut error = failed("PutObject", Kind::Service);
            (error.status, error.code) = (Some(status), Some("NotImplemented".to_owned()));
            error.host = Some(host.to_owned());
            of(&error)
        };
        assert_eq!(refused("minio.example.org", 501).as_deref(), Some(CHECKSUMS));
        assert_eq!(refused("b.s3.us-east-1.amazonaws.com", 501), None);
        assert_eq!(refused("minio.example.org", 503), None);
    }
}
