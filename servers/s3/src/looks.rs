//! Where requests name buckets and objects, for the second look at each request.

use awsmcp_mcp::Look;
use awsmcp_sdk::RequestView;
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
    Look { operations: &["CopyObject", "UploadPartCopy"], arn: "{copy source by ARN}" },
    Look { operations: ENCRYPT, arn: "arn:{partition}:kms:{region}:{account}:key/{key by name}" },
    Look { operations: ENCRYPT, arn: "{key by ARN}" },
    Look { operations: &["PutBucketLogging"], arn: "arn:{partition}:s3:::{LoggingEnabled/TargetBucket}" },
    Look {
        operations: &["PutBucketInventoryConfiguration"],
        arn: "{Destination/S3BucketDestination/Bucket}",
    },
    Look {
        operations: &["PutBucketAnalyticsConfiguration"],
        arn: "{StorageClassAnalysis/DataExport/Destination/S3BucketDestination/Bucket}",
    },
    Look { operations: &["PutBucketNotificationConfiguration"], arn: "{TopicConfiguration/Topic}" },
    Look { operations: &["PutBucketNotificationConfiguration"], arn: "{QueueConfiguration/Queue}" },
    Look {
        operations: &["PutBucketNotificationConfiguration"],
        arn: "{CloudFunctionConfiguration/CloudFunction}",
    },
    Look {
        operations: &[
            "CreateBucket",
            "DeleteBucket",
            "DeleteBucketAnalyticsConfiguration",
            "DeleteBucketCors",
            "DeleteBucketEncryption",
            "DeleteBucketIntelligentTieringConfiguration",
            "DeleteBucketInventoryConfiguration",
            "DeleteBucketLifecycle",
            "DeleteBucketMetricsConfiguration",
            "DeleteBucketOwnershipControls",
            "DeleteBucketPolicy",
            "DeleteBucketReplication",
            "DeleteBucketTagging",
            "DeleteBucketWebsite",
            "DeletePublicAccessBlock",
            "GetBucketAccelerateConfiguration",
            "GetBucketAcl",
            "GetBucketAnalyticsConfiguration",
            "GetBucketCors",
            "GetBucketEncryption",
            "GetBucketIntelligentTieringConfiguration",
            "GetBucketInventoryConfiguration",
            "GetBucketLifecycleConfiguration",
            "GetBucketLocation",
            "GetBucketLogging",
            "GetBucketMetricsConfiguration",
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
            "ListBucketAnalyticsConfigurations",
            "ListBucketIntelligentTieringConfigurations",
            "ListBucketInventoryConfigurations",
            "ListBucketMetricsConfigurations",
            "ListMultipartUploads",
            "ListObjects",
            "ListObjectsV2",
            "ListObjectVersions",
            "PutBucketAccelerateConfiguration",
            "PutBucketAcl",
            "PutBucketAnalyticsConfiguration",
            "PutBucketCors",
            "PutBucketEncryption",
            "PutBucketIntelligentTieringConfiguration",
            "PutBucketInventoryConfiguration",
            "PutBucketLifecycleConfiguration",
            "PutBucketLogging",
            "PutBucketMetricsConfiguration",
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

/// The operations that name a KMS key to encrypt with.
const ENCRYPT: &[&str] = &[
    "CopyObject",
    "CreateMultipartUpload",
    "PutBucketEncryption",
    "PutBucketInventoryConfiguration",
    "PutObject",
];

/// The object that is copied: `bucket/key`, or the ARN of an access point's object, percent-encoded, with a version behind.
/// The KMS keys that an object or a bucket is encrypted with.
pub(crate) fn place(place: &str, request: &RequestView) -> Option<Vec<String>> {
    match place {
        "copy source" => Some(sources(request).filter(|source| !source.starts_with("arn:")).collect()),
        "copy source by ARN" => Some(sources(request).filter(|source| source.starts_with("arn:")).collect()),
        "key by name" => Some(keys(request).filter(|key| !key.starts_with("arn:")).collect()),
        "key by ARN" => Some(keys(request).filter(|key| key.starts_with("arn:")).collect()),
        _ => None,
    }
}

fn keys(request: &RequestView) -> impl Iterator<Item = String> {
    let of_object = request.texts("header:x-amz-server-side-encryption-aws-kms-key-id");
    // A body that is an object's contents has no such members.
    let of_bucket = match request.operation.as_str() {
        "PutBucketEncryption" => request.texts("Rule/ApplyServerSideEncryptionByDefault/KMSMasterKeyID"),
        "PutBucketInventoryConfiguration" => {
            request.texts("Destination/S3BucketDestination/Encryption/SSE-KMS/KeyId")
        }
        _ => Vec::new(),
    };
    of_object.into_iter().chain(of_bucket)
}

fn sources(request: &RequestView) -> impl Iterator<Item = String> {
    request.texts("header:x-amz-copy-source").into_iter().map(|source| copy_source(&source))
}

fn copy_source(source: &str) -> String {
    let path = source.split_once("?versionId=").map_or(source, |(path, _)| path);
    let path = percent_decode_str(path).decode_utf8_lossy().into_owned();
    // Of an access point, the key stands behind its ARN, as it does behind a bucket's.
    if path.starts_with("arn:")
        && let Some((point, key)) = path.split_once("/object/")
    {
        return format!("{point}/{key}");
    }
    path.strip_prefix('/').map(str::to_owned).unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::{config::http::HttpRequest, primitives::SdkBody};

    use super::*;

    #[test]
    fn a_copy_names_its_source() {
        assert_eq!(copy_source("b/a%20b/c%2Bd"), "b/a b/c+d");
        assert_eq!(copy_source("/b/k?versionId=v%2F1"), "b/k");
        let point = "arn:aws:s3:us-east-1:123456789012:accesspoint/p";
        let header = format!("{}/object/a%20b/object/c", point.replace(':', "%3A"));
        assert_eq!(copy_source(&header), format!("{point}/a b/object/c"));
        let judged = crate::names::arn(&copy_source(&header)).unwrap().unwrap();
        assert_eq!(judged, format!("{point}/object/a b/object/c"));
    }

    fn view(operation: &str, header: (&'static str, &'static str), body: &'static str) -> RequestView {
        let mut request = HttpRequest::new(SdkBody::from(body));
        request.set_uri("https://b.s3.us-east-1.amazonaws.com/k").unwrap();
        request.headers_mut().insert(header.0, header.1);
        RequestView::of("S3", operation, &request, None, "us-east-1").unwrap()
    }

    #[test]
    fn what_stands_inside_a_body_or_a_header_is_read() {
        let xml = ("content-type", "application/xml");
        let logs = "<BucketLoggingStatus><LoggingEnabled><TargetBucket>logs</TargetBucket></LoggingEnabled></BucketLoggingStatus>";
        assert_eq!(view("PutBucketLogging", xml, logs).texts("LoggingEnabled/TargetBucket"), ["logs"]);
        let told = "<NotificationConfiguration><QueueConfiguration><Queue>arn:aws:sqs:r:1:q</Queue></QueueConfiguration></NotificationConfiguration>";
        let told = view("PutBucketNotificationConfiguration", xml, told);
        assert_eq!(told.texts("QueueConfiguration/Queue"), ["arn:aws:sqs:r:1:q"]);
        let rule = "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><KMSMasterKeyID>k1</KMSMasterKeyID>\
            </ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>";
        let rule = view("PutBucketEncryption", xml, rule);
        assert_eq!(place("key by name", &rule), Some(vec!["k1".to_owned()]));
        let report = "<InventoryConfiguration><Destination><S3BucketDestination><Bucket>arn:aws:s3:::r</Bucket><Encryption><SSE-KMS>\
            <KeyId>k3</KeyId></SSE-KMS></Encryption></S3BucketDestination></Destination></InventoryConfiguration>";
        let report = view("PutBucketInventoryConfiguration", xml, report);
        assert_eq!(report.texts("Destination/S3BucketDestination/Bucket"), ["arn:aws:s3:::r"]);
        assert_eq!(place("key by name", &report), Some(vec!["k3".to_owned()]));
        let arn = "arn:aws:kms:us-east-1:123456789012:key/k2";
        let put = view("PutObject", ("x-amz-server-side-encryption-aws-kms-key-id", arn), "x");
        assert_eq!(place("key by name", &put), Some(Vec::new()));
        assert_eq!(place("key by ARN", &put), Some(vec![arn.to_owned()]));
        // What a caller stores is no request of ours.
        let stored = view(
            "PutObject",
            xml,
            "<a><Rule><ApplyServerSideEncryptionByDefault><KMSMasterKeyID>k</KMSMasterKeyID>\
            </ApplyServerSideEncryptionByDefault></Rule></a>",
        );
        assert_eq!(place("key by name", &stored), Some(Vec::new()));
    }
}
