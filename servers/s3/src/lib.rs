//! MCP server for Amazon S3: find, read, write, copy, transfer and remove objects, and look after buckets.

mod actions;
mod arns;
mod attributes;
mod body;
mod client;
mod columnar;
mod config;
mod copying;
mod existing;
mod fetching;
mod filters;
mod grouping;
mod gzip;
mod hints;
mod integrity;
mod listing;
mod looks;
mod names;
mod operations;
mod prompts;
mod removal;
mod signing;
mod span;
mod spelling;
mod stamp;
mod table;
mod text;
mod tools;
mod transfer;
mod uploads;
mod versions;

use std::borrow::Cow;

use aws_sdk_s3::Client;
use awsmcp_mcp::{Completion, Extra, Look, Resource, Server, Service, Settings};
use awsmcp_operations::with_operations;
use awsmcp_sdk::{Error, RequestView, SdkConfig, Tap};
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
    const EXTRAS: &'static [Extra] = client::EXTRAS;
    type Client = Client;

    fn client(sdk: &SdkConfig, tap: Tap) -> Client {
        client::plain(sdk, tap)
    }

    fn client_with(sdk: &SdkConfig, tap: Tap, settings: &Settings) -> Client {
        client::with(sdk, tap, settings)
    }

    fn place(place: &str, request: &RequestView) -> Option<Vec<String>> {
        looks::place(place, request)
    }

    fn arn(arn: &str) -> Result<Option<String>, String> {
        names::arn(arn)
    }

    fn hint(error: &Error) -> Option<Cow<'static, str>> {
        hints::of(error)
    }
}

/// The table of contents.
#[must_use]
pub fn server() -> Server<S3> {
    with_operations(own_tools())
}

/// Its own tools.
fn own_tools() -> Server<S3> {
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
}
