//! Where an object store's bucket and key stand: in the path, in the host, or behind an access point.

use std::net::IpAddr;

use super::RequestView;
use crate::partition;

/// Where the bucket stands.
enum Place {
    /// It is the path's first segment.
    Path,
    /// The host names it; the path is the key.
    Host(String),
    /// The request names none.
    Nowhere,
}

impl RequestView {
    /// The bucket's name, or the access point's ARN.
    pub(super) fn bucket(&self) -> Option<String> {
        match self.place() {
            Place::Path => self.path_segments.first().filter(|bucket| !bucket.is_empty()).cloned(),
            Place::Host(bucket) => Some(bucket),
            Place::Nowhere => None,
        }
    }

    /// The object's key.
    pub(super) fn key(&self) -> Option<String> {
        let first = match self.place() {
            Place::Path => 1,
            Place::Host(_) => 0,
            Place::Nowhere => return None,
        };
        self.path_segments.get(first..).map(|rest| rest.join("/")).filter(|key| !key.is_empty())
    }

    fn place(&self) -> Place {
        if let Some(stand_in) = &self.stand_in {
            let named = self.host.strip_suffix(stand_in.host.as_str());
            match named.map(|named| named.strip_suffix('.').unwrap_or(named)) {
                Some("") => return Place::Path,
                // The SDK writes a bucket into the path where it cannot be part of a name: what stands before an address,
                // as before an endpoint of access points, is an access point.
                Some(named) if is_address(&stand_in.host) || stand_in.host.starts_with("accesspoint.") => {
                    let point = |name: &str| format!("accesspoint/{name}");
                    return Place::Host(owned("s3", &stand_in.region, named, point));
                }
                Some(bucket) => return Place::Host(bucket.to_owned()),
                None => {}
            }
        }
        of_aws(self.host.split(':').next().unwrap_or_default())
    }
}

/// Reads a host of AWS's: `bucket.s3.region.amazonaws.com` and its kin.
fn of_aws(host: &str) -> Place {
    let labels: Vec<&str> = host.split('.').collect();
    let is_store =
        |label: &&str| *label == "s3" || label.starts_with("s3-") || label.starts_with("s3express-");
    // From the right: a bucket may itself have a label like these.
    let Some(at) = labels.iter().rposition(is_store) else { return Place::Path };
    let (before, rest) = labels.split_at(at);
    let (store, after) = rest.split_first().unwrap_or((&"", &[]));
    let region = after.iter().copied().find(|label| *label != "dualstack").unwrap_or_default();
    match (*store, before) {
        ("s3-control" | "s3-control-fips", _) => Place::Nowhere,
        (_, []) => Place::Path,
        ("s3-global", [alias @ .., "accesspoint"]) => {
            Place::Host(format!("arn:aws:s3:::accesspoint/{}", alias.join(".")))
        }
        ("s3-accesspoint" | "s3-accesspoint-fips", [named]) => {
            Place::Host(owned("s3", region, named, |name| format!("accesspoint/{name}")))
        }
        ("s3-object-lambda" | "s3-object-lambda-fips", [named]) => {
            Place::Host(owned("s3-object-lambda", region, named, |name| format!("accesspoint/{name}")))
        }
        ("s3-outposts", [named, outpost]) => {
            let point = |name: &str| format!("outpost/{outpost}/accesspoint/{name}");
            Place::Host(owned("s3-outposts", region, named, point))
        }
        (_, before) => Place::Host(before.join(".")),
    }
}

/// The ARN of what a host names as `name-account`; the name itself, where no account stands behind it.
fn owned(service: &str, region: &str, named: &str, resource: impl Fn(&str) -> String) -> String {
    match named.rsplit_once('-') {
        Some((name, account)) if account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit()) => {
            format!("arn:{}:{service}:{region}:{account}:{}", partition(region), resource(name))
        }
        _ => named.to_owned(),
    }
}

/// Whether a host, with its port, is an address and no name.
fn is_address(host: &str) -> bool {
    let without_port = host.rsplit_once(':').map_or(host, |(before, _)| before);
    [host, without_port].iter().any(|host| host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok())
}
