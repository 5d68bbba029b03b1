//! Which IAM action each S3 operation stands for, where the names differ.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html>

pub(crate) const TABLE: &[(&str, &[&str])] = &[
    ("AbortMultipartUpload", &["s3:AbortMultipartUpload"]),
    ("CompleteMultipartUpload", &["s3:PutObject"]),
    ("CopyObject", &["s3:PutObject", "s3:GetObject", "s3:GetObjectVersion", "s3:PutObjectTagging", "s3:GetObjectTagging"]),
    ("CreateMultipartUpload", &["s3:PutObject", "s3:PutObjectTagging"]),
    ("CreateSession", &["s3express:CreateSession"]),
    ("DeleteObject", &["s3:DeleteObject", "s3:DeleteObjectVersion"]),
    ("DeleteObjects", &["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:BypassGovernanceRetention"]),
    ("GetBucketEncryption", &["s3:GetEncryptionConfiguration"]),
    ("GetObject", &["s3:GetObject", "s3:GetObjectVersion"]),
    ("HeadBucket", &["s3:ListBucket"]),
    ("HeadObject", &["s3:GetObject", "s3:GetObjectVersion"]),
    ("ListBuckets", &["s3:ListAllMyBuckets"]),
    ("ListObjectVersions", &["s3:ListBucketVersions"]),
    ("ListObjectsV2", &["s3:ListBucket"]),
    ("PutObject", &["s3:PutObject", "s3:PutObjectTagging"]),
    ("UploadPart", &["s3:PutObject"]),
    ("UploadPartCopy", &["s3:PutObject", "s3:GetObject", "s3:GetObjectVersion"]),
];
