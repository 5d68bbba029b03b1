//! The server as its tests start it, and the EC2 that it talks to.

use awsmcp_testing::{LocalAws, Rig, rig};

/// Every tool, and every risk but `reveal`, before a local AWS that refuses dry runs as AWS does.
pub(crate) const EC2: Rig = rig!("ec2")
    .flags(&["--allow", "write,destroy,invoke", "--toolsets", "all"])
    .before(LocalAws::shared_fakecloud_with_iam);

/// Where everything lives.
pub(crate) fn aws() -> &'static LocalAws {
    EC2.aws()
}
