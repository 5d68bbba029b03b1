//! MCP server for Amazon S3: find, read, write, copy, transfer and remove objects, and look after buckets.

mod actions;
mod arns;
mod attributes;
mod body;
mod columnar;
mod config;
mod copying;
mod existing;
mod fetching;
mod filters;
mod integrity;
mod listing;
mod looks;
mod names;
mod prompts;
mod removal;
mod signing;
mod span;
mod stamp;
mod table;
mod text;
mod tools;
mod transfer;
mod uploads;
mod versions;

use std::borrow::Cow;

use aws_sdk_s3::{Client, config::Config};
use awsmcp_aws::{Error, Kind, RequestView, SdkConfig, Tap};
use awsmcp_mcp::{Completion, Look, Resource, Server, Service};
use tools::*;

/// Amazon S3, as the tools use it.
#[derive(Debug)]
pub struct S3;

impl Service for S3 {
    const ID: &'static str = "s3";
    const TITLE: &'static str = "Amazon S3";
    const SUMMARY: &'static str = "Find, read, write and look after Amazon S3 buckets and objects.";
    const PREFIXES: &'static [(&'static str, &'static str)] = &[("S3", "s3")];
    const ACTIONS: &'static [(&'static str, &'static [&'static str])] = actions::TABLE;
    const FORMS: &'static [&'static str] = &[
        "arn:{partition}:s3:*:*:accesspoint/*",
        "arn:{partition}:s3-object-lambda:*:*:accesspoint/*",
        "arn:{partition}:s3-outposts:*:*:outpost/*",
        // Who is told of events, which only put_bucket_config names.
        "arn:{partition}:lambda:*:*:function:*",
        "arn:{partition}:sns:*:*:*",
        "arn:{partition}:sqs:*:*:*",
    ];
    const LOOKS: &'static [Look] = looks::LOOKS;
    // The same bytes, tags or parts at the same place, and what is gone stays gone. With versioning a put that is sent twice
    // makes two versions of the same contents.
    const REPEATABLE: &'static [&'static str] = &[
        "AbortMultipartUpload",
        "CopyObject",
        "DeleteObject",
        "DeleteObjects",
        "DeleteObjectTagging",
        "PutObject",
        "PutObjectTagging",
        "UploadPart",
        "UploadPartCopy",
    ];
    const ALWAYS: &'static [(&'static str, &'static [&'static str])] = &[
        ("CreateMultipartUpload", &["UploadId"]),
        ("PutObject", &["header:etag"]),
        ("UploadPart", &["header:etag"]),
    ];
    const PATIENCE: &'static [(&'static str, u64)] =
        &[("CompleteMultipartUpload", 10), ("CopyObject", 10), ("UploadPartCopy", 10)];
    type Client = Client;

    fn client(sdk: &SdkConfig, tap: Tap) -> Client {
        // An access point of another region is reached by a call to that region, which the operator may not have allowed.
        Client::from_conf(Config::from(sdk).to_builder().use_arn_region(false).interceptor(tap).build())
    }

    fn place(place: &str, request: &RequestView) -> Option<Vec<String>> {
        looks::place(place, request)
    }

    fn arn(arn: &str) -> Result<Option<String>, String> {
        names::arn(arn)
    }

    fn hint(error: &Error) -> Option<Cow<'static, str>> {
        if may_be_missing(error) {
            return Some(Cow::Borrowed(MISSING));
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
}

const MISSING: &str =
    "or else the key does not exist: S3 says so only to credentials that have s3:ListBucket on the bucket";

/// Whether a denial may mean that there is nothing to read: AWS names the action where it is that.
fn may_be_missing(error: &Error) -> bool {
    let is_named = error.denied.as_ref().is_some_and(|denied| denied.action.is_some());
    error.kind == Kind::AccessDenied
        && !is_named
        && matches!(error.operation.as_deref(), Some("HeadObject" | "GetObject"))
}

/// The table of contents.
#[must_use]
pub fn server() -> Server<S3> {
    Server::new("Start with list_buckets, then list_objects folder by folder; get_object reads.")
        .toolset("objects", "find and read objects")
        .tool::<ListBuckets>()
        .tool::<ListObjects>()
        .tool::<ListVersions>()
        .tool::<BucketOverview>()
        .tool::<GetObject>()
        .tool::<HeadObject>()
        .tool::<SearchObjects>()
        .tool::<PreviewTable>()
        .toolset("write", "put, copy, move, tag and remove objects")
        .change::<PutObject>()
        .change::<CopyObject>()
        .change::<MoveObject>()
        .change::<TagObject>()
        .change::<RestoreObject>()
        .change::<UndeleteObject>()
        .change::<DeleteObjects>()
        .toolset("transfer", "local files to and from S3")
        .change::<UploadFile>()
        .tool::<DownloadFile>()
        .change::<Sync>()
        .toolset("buckets", "make, configure, empty and remove buckets")
        .tool::<ListUploads>()
        .change::<CreateBucket>()
        .change::<PutBucketConfig>()
        .change::<AbortUploads>()
        .change::<DeleteBucket>()
        .toolset("share", "links that work without credentials")
        .tool::<PresignDownload>()
        .change::<PresignUpload>()
        .prompt(prompts::PUBLIC_BUCKETS)
        .prompt(prompts::STORAGE_COSTS)
        .prompt(prompts::RECOVER_OBJECT)
        .resource(Resource {
            template: "s3://{bucket}/{+key}",
            name: "object",
            description: "An object's contents.",
            tool: "get_object",
            complete: &[
                Completion {
                    variable: "bucket",
                    tool: "list_buckets",
                    prefix: "prefix",
                    given: &[],
                    column: "name",
                },
                Completion {
                    variable: "key",
                    tool: "list_objects",
                    prefix: "prefix",
                    given: &["bucket"],
                    column: "key",
                },
            ],
        })
}

#[cfg(test)]
mod tests {
    use awsmcp_aws::Denied;

    use super::*;

    #[test]
    fn the_manifest_conforms() {
        awsmcp_testing::conformance(&super::server().manifest(), &["delete_marker"]);
    }

    /// The operations that an action of S3 lets through.
    fn operations_of(action: &str) -> Vec<&str> {
        let listed = actions::TABLE.iter().filter(|(_, actions)| actions.contains(&action));
        let mut operations: Vec<&str> = listed.map(|(operation, _)| *operation).collect();
        if operations.is_empty() {
            operations.extend(action.strip_prefix("s3:"));
        }
        operations
    }

    #[test]
    fn every_operation_that_is_declared_on_a_resource_is_looked_at() {
        // S3 itself checks these with the action of another: no operation of ours needs only them.
        const WITH_ANOTHER: [&str; 2] = ["s3:GetObjectRetention", "s3:GetObjectLegalHold"];
        let mut seen = 0;
        for tool in server().manifest().tools {
            for need in tool.needs.iter().filter(|need| need.arn != "*" && need.action.starts_with("s3:")) {
                if WITH_ANOTHER.contains(&need.action.as_str()) {
                    continue;
                }
                let of_object = need.arn.contains('/');
                for operation in operations_of(&need.action) {
                    let looks = looks::LOOKS.iter().filter(|look| look.operations.contains(&operation));
                    let arns: Vec<&str> = looks.map(|look| look.arn).collect();
                    let is_about = |arn: &&str| match of_object {
                        true => {
                            arn.starts_with("arn:{partition}:s3:::{bucket}/") || arn.contains("{copy source}")
                        }
                        false => *arn == "arn:{partition}:s3:::{bucket}",
                    };
                    assert!(
                        arns.iter().any(is_about),
                        "{}: {operation}, which {} on {} lets through, is looked at by {arns:?}",
                        tool.name,
                        need.action,
                        need.arn
                    );
                    seen += 1;
                }
            }
        }
        assert!(seen > 100, "{seen}");
    }

    #[test]
    fn a_denied_read_may_mean_a_missing_key_unless_aws_names_the_action() {
        let denied = |operation: &str| {
            let mut error = Error::new(Kind::AccessDenied, "AWS gave no reason");
            error.operation = Some(operation.to_owned());
            error
        };
        for read in ["HeadObject", "GetObject"] {
            assert_eq!(S3::hint(&denied(read)).as_deref(), Some(MISSING));
        }
        assert_eq!(S3::hint(&denied("ListObjectsV2")), None);
        let mut named = denied("GetObject");
        named.denied = Some(Denied { action: Some("s3:GetObject".to_owned()), ..Denied::default() });
        assert_eq!(S3::hint(&named), None);
    }
}
