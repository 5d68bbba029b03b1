//! Each tool needs the IAM actions that it declares, all of them and no other; and operations take what AWS's data says.
#![cfg(test)]

use awsmcp_aws::Aws;
use awsmcp_mcp::Server;
use awsmcp_testing::{Exception, LocalAws, Permissions, Row};
use serde_json::json;

fn permissions() -> Permissions {
    Permissions {
        binary: env!("CARGO_BIN_EXE_awsmcp-aws"),
        aws: LocalAws::shared_with_iam,
        manifest: awsmcp_aws::server().manifest(),
        actions: |operation| Server::<Aws>::actions("STS", operation),
        arns: |name| vec![format!("arn:aws:sqs:*:*:{name}*")],
        rows: ROWS,
        exceptions: EXCEPTIONS,
    }
}

awsmcp_testing::permission_proofs!(permissions);

const ROWS: &[Row] = &[Row::new("whoami", |run| run.call(json!({}), "arn:aws:iam::123456789012:").map(drop))];

const EXCEPTIONS: &[Exception] = &[Exception::of(
    &["whoami"],
    "sts:GetCallerIdentity",
    "AWS answers it to everybody; it is asked for by the session",
)
.unmade()
.unnoticed()];
