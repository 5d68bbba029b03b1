//! MCP server for every operation of every AWS service.

use awsmcp_api::ALL;
use awsmcp_mcp::{Server, Service};
use awsmcp_operations::{Operations, with_operations};
use awsmcp_sdk::{SdkConfig, Tap};

/// All of AWS, as the tools use it.
#[derive(Debug)]
pub struct Aws;

impl Service for Aws {
    const ID: &'static str = "aws";
    const TITLE: &'static str = "AWS";
    const SUMMARY: &'static str = "Find, describe and call every operation of every AWS service.";
    const PREFIXES: &'static [(&'static str, &'static str)] = &[];
    const ACTIONS: &'static [(&'static str, &'static [&'static str])] = &[];
    /// A call may name anything of AWS.
    const FORMS: &'static [&'static str] = &["arn:*:*:*:*:*"];
    /// Operations are called by their models.
    type Client = ();

    fn client(_: &SdkConfig, _: Tap) {}
}

impl Operations for Aws {
    const ARE_ALL: bool = true;

    fn services() -> &'static [&'static awsmcp_api::Service] {
        ALL
    }
}

/// The table of contents.
#[must_use]
pub fn server() -> Server<Aws> {
    with_operations(Server::new(
        "find_operations finds an operation by what it does; describe_operation shows what it takes; call_operation calls it, \
         in AWS's own names. Lists come as rows. An operation has a risk of its own: what is not allowed is refused before \
         anything is sent. For S3, DynamoDB, Lambda, SageMaker, Bedrock, CloudWatch and EC2 there are servers with tools of \
         their own, which answer more with fewer calls.",
    ))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_manifest_conforms() {
        awsmcp_testing::conformance(&super::server().manifest(), &[]);
    }
}
