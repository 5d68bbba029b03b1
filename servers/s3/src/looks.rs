//! Where requests name buckets and objects, for the second look at each request.

use awsmcp_aws::RequestView;
use awsmcp_mcp::Look;
use percent_encoding::percent_decode_str;

pub(crate) const LOOKS: &[Look] = &[
    Look {
        operations: &[
            "AbortMultipartUpload",
            "CompleteMultipartUpload",
            "CopyObject",
            "CreateMultipartUpload",
            "DeleteObject",
            "DeleteObjectTagging",
            "GetObject",
            "GetObjectAcl",
            "GetObjectAttributes",
            "GetObjectLegalHold",
            "GetObjectRetention",
            "GetObjectTagging",
            "HeadObject",
            "ListParts",
            "PutObject",
            "PutObjectLegalHold",
            "PutObjectRetention",
            "PutObjectTagging",
            "RestoreObject",
            "UploadPart",
            "UploadPartCopy",
        ],
        arn: "arn:{partition}:s3:::{bucket}/{key}",
    },
    Look { operations: &["DeleteObjects"], arn: "arn:{partition}:s3:::{bucket}/{Object/Key}" },
    Look { operations: &["CopyObject", "UploadPartCopy"], arn: "arn:{partition}:s3:::{copy source}" },
    Look {
        operations: &[
            "CreateBucket",
            "DeleteBucket",
            "DeleteBucketCors",
            "DeleteBucketEncryption",
            "DeleteBucketLifecycle",
            "DeleteBucketOwnershipControls",
            "DeleteBucketPolicy",
            "DeleteBucketReplication",
            "DeleteBucketTagging",
            "DeleteBucketWebsite",
            "DeletePublicAccessBlock",
            "GetBucketAccelerateConfiguration",
            "GetBucketAcl",
            "GetBucketCors",
            "GetBucketEncryption",
            "GetBucketLifecycleConfiguration",
            "GetBucketLocation",
            "GetBucketLogging",
            "GetBucketNotificationConfiguration",
            "GetBucketOwnershipControls",
            "GetBucketPolicy",
            "GetBucketPolicyStatus",
            "GetBucketReplication",
            "GetBucketRequestPayment",
            "GetBucketTagging",
            "GetBucketVersioning",
            "GetBucketWebsite",
            "GetObjectLockConfiguration",
            "GetPublicAccessBlock",
            "HeadBucket",
            "ListMultipartUploads",
            "ListObjectVersions",
            "ListObjects",
            "ListObjectsV2",
            "PutBucketAccelerateConfiguration",
            "PutBucketAcl",
            "PutBucketCors",
            "PutBucketEncryption",
            "PutBucketLifecycleConfiguration",
            "PutBucketLogging",
            "PutBucketNotificationConfiguration",
            "PutBucketOwnershipControls",
            "PutBucketPolicy",
            "PutBucketReplication",
            "PutBucketRequestPayment",
            "PutBucketTagging",
            "PutBucketVersioning",
            "PutBucketWebsite",
            "PutObjectLockConfiguration",
            "PutPublicAccessBlock",
        ],
        arn: "arn:{partition}:s3:::{bucket}",
    },
];

/// The object that is copied: `bucket/key`, or the ARN of an access point's object, percent-encoded, with a version behind.
pub(crate) fn place(place: &str, request: &RequestView) -> Option<Vec<String>> {
    if place != "copy source" {
        return None;
    }
    let sources = request.texts("header:x-amz-copy-source");
    Some(sources.iter().map(|source| copy_source(source)).collect())
}

fn copy_source(source: &str) -> String {
    let path = source.split_once("?versionId=").map_or(source, |(path, _)| path);
    let path = percent_decode_str(path).decode_utf8_lossy().into_owned();
    path.strip_prefix('/').map(str::to_owned).unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_names_its_source() {
        assert_eq!(copy_source("b/a%20b/c%2Bd"), "b/a b/c+d");
        assert_eq!(copy_source("/b/k?versionId=v%2F1"), "b/k");
    }
}
