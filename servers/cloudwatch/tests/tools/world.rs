//! The server as its tests start it.

use awsmcp_testing::{Rig, rig};

/// With every tool, and every risk that this server has.
pub(crate) const CLOUDWATCH: Rig =
    rig!("cloudwatch").flags(&["--toolsets", "all", "--allow", "write,destroy,invoke"]);
