//! Where route tables lead: by the longest prefix.

use std::net::IpAddr;

use super::{
    Verdict, Way,
    net::{Destination, Route, Table, Target},
    shown,
    space::{Fit, Space, fit},
};

/// Where a route leads, or why nothing can be said of it.
pub(super) type Lead<'a> = Result<&'a Target, (Verdict, String)>;

impl Way<'_> {
    /// The route table of a subnet, and where it leads; else what there is to say of that.
    pub(super) fn route(&self, subnet: &str, address: Option<IpAddr>) -> (String, Lead<'_>) {
        let Some(table) = self.network.tables.get(subnet) else {
            let why = "its route table could not be looked at".to_owned();
            return (subnet.to_owned(), Err((Verdict::Unknown, why)));
        };
        let lead = match address {
            Some(_) => self.to_address(table, address),
            None => self.to_internet(table),
        };
        (table.id.clone(), lead)
    }

    /// Where one address leads.
    fn to_address<'t>(&self, table: &'t Table, address: Option<IpAddr>) -> Lead<'t> {
        let fitting = table.routes.iter().filter_map(|route| match &route.to {
            Destination::Net(net) if fit(*net, address, self.traffic.v6) == Fit::All => {
                Some((net.prefix_len(), route))
            }
            _ => None,
        });
        // Of two as long, the local one counts.
        let best = fitting.max_by_key(|(length, route)| (*length, route.target == Target::Local));
        let is_local = best.is_some_and(|(_, route)| route.target == Target::Local);
        let wanted = shown(address);
        match best {
            _ if !is_local && !lists(table).is_empty() => Err(by_list(table, &wanted)),
            None => Err((Verdict::Blocks, format!("no route leads to {wanted}"))),
            Some((_, route)) => open(route, &wanted),
        }
    }

    /// Where the internet leads, which is every address that it carries: one route may lead to all of it, or several to its
    /// parts.
    fn to_internet<'t>(&self, table: &'t Table) -> Lead<'t> {
        let wanted = shown(None);
        let mut routes: Vec<_> = table
            .routes
            .iter()
            .filter_map(|route| match &route.to {
                Destination::Net(net) => Some((*net, route)),
                Destination::List(_) => None,
            })
            .collect();
        routes
            .sort_by_key(|(net, route)| (std::cmp::Reverse(net.prefix_len()), route.target != Target::Local));
        let mut rest = Space::internet(self.traffic.v6);
        let mut leading = Vec::new();
        for (net, route) in routes {
            // What is in the VPC itself is no part of the internet.
            if rest.take(net) && route.target != Target::Local {
                leading.push((net, route));
            }
        }
        if !lists(table).is_empty() {
            return Err(by_list(table, &wanted));
        }
        let Some((_, first)) = leading.last() else {
            return Err((Verdict::Blocks, format!("no route leads to {wanted}")));
        };
        let is_one = leading
            .iter()
            .all(|(_, route)| (&route.target, route.blackhole) == (&first.target, first.blackhole));
        if is_one && rest.is_empty() {
            return open(first, &wanted);
        }
        let parts: Vec<String> = leading
            .iter()
            .map(|(net, route)| {
                let dead = if route.blackhole { ", a blackhole" } else { "" };
                format!("{net} leads to {}{dead}", route.target.name())
            })
            .collect();
        let nowhere = if rest.is_empty() { "" } else { ", and no route leads to the rest" };
        Err((
            Verdict::Unknown,
            format!("{wanted} is routed in parts: {}{nowhere}; ask about one address", parts.join(", ")),
        ))
    }
}

/// The prefix lists that a table routes by.
fn lists(table: &Table) -> Vec<&str> {
    let named = table.routes.iter().filter_map(|route| match (&route.to, &route.target) {
        // A gateway endpoint serves its own service alone.
        (Destination::List(_), Target::Other(id)) if id.starts_with("vpce-") => None,
        (Destination::List(id), _) => Some(id.as_str()),
        _ => None,
    });
    named.collect()
}

fn by_list(table: &Table, wanted: &str) -> (Verdict, String) {
    let lists = lists(table).join(", ");
    (
        Verdict::Unknown,
        format!("it routes by {lists}, whose entries were not looked at: {wanted} may be on it"),
    )
}

fn open<'t>(route: &'t Route, wanted: &str) -> Lead<'t> {
    match route.blackhole {
        true => Err((
            Verdict::Blocks,
            format!("its route for {wanted} is a blackhole: {} is gone or detached", route.target.name()),
        )),
        false => Ok(&route.target),
    }
}
