//! What the block of public access does on the way to and from the internet.

use super::{Hop, Verdict, Way, hop, net::ShutFor};

/// A way over the internet.
#[derive(Clone, Copy)]
pub(super) struct Over<'a> {
    pub(super) vpc: &'a str,
    pub(super) inward: bool,
    /// By a gateway through which nothing comes in.
    pub(super) only_out: bool,
}

impl Way<'_> {
    /// What it does to what goes by these subnets; none where it lets it pass.
    pub(super) fn shut(&self, over: Over<'_>, subnets: &[&str]) -> Option<Hop> {
        const AT: &str = "VPC Block Public Access";
        let shut = &self.network.shut;
        if let ShutFor::Unread(why) = &shut.ways {
            return Some(hop("there", AT, Verdict::Unknown, format!("it could not be read: {why}")));
        }
        let passes = |subnet: &&&str| {
            let own = [**subnet, over.vpc].into_iter().filter_map(|id| shut.exclusions.get(id)).max();
            match (own, &shut.ways) {
                (_, ShutFor::Nothing | ShutFor::Unread(_)) | (Some(true), _) => true,
                (Some(false), _) => !over.inward,
                (None, ShutFor::ComingIn) => over.only_out && !over.inward,
                (None, ShutFor::BothWays) => false,
            }
        };
        let count = subnets.iter().filter(passes).count();
        if count == subnets.len() {
            return None;
        }
        let (verdict, how) = match count {
            0 => (Verdict::Blocks, ""),
            _ => (Verdict::Unknown, " of some of its subnets, and is left out for others"),
        };
        let what = if over.inward { "in from the internet" } else { "out to the internet" };
        let why = format!("it lets nothing {what}{how}: {} has no exclusion for that", over.vpc);
        Some(hop("there", AT, verdict, why))
    }
}
