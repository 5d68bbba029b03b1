//! Where an object store's bucket and key stand: in the path, in the host, or behind an access point.

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
            if self.host == *stand_in {
                return Place::Path;
            }
            let bucket = self.host.strip_suffix(stand_in.as_str()).and_then(|rest| rest.strip_suffix('.'));
            if let Some(bucket) = bucket {
                return Place::Host(bucket.to_owned());
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
    let arn = |service: &str, named: &str, resource: &dyn Fn(&str) -> String| match named.rsplit_once('-') {
        Some((name, account)) if account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit()) => {
            let partition = partition(region);
            Place::Host(format!("arn:{partition}:{service}:{region}:{account}:{}", resource(name)))
        }
        _ => Place::Host(named.to_owned()),
    };
    match (*store, before) {
        ("s3-control" | "s3-control-fips", _) => Place::Nowhere,
        (_, []) => Place::Path,
        ("s3-global", [alias @ .., "accesspoint"]) => {
            Place::Host(format!("arn:aws:s3:::accesspoint/{}", alias.join(".")))
        }
        ("s3-accesspoint" | "s3-accesspoint-fips", [named]) => {
            arn("s3", named, &|name| format!("accesspoint/{name}"))
        }
        ("s3-object-lambda" | "s3-object-lambda-fips", [named]) => {
            arn("s3-object-lambda", named, &|name| format!("accesspoint/{name}"))
        }
        ("s3-outposts", [named, outpost]) => {
            arn("s3-outposts", named, &|name| format!("outpost/{outpost}/accesspoint/{name}"))
        }
        (_, before) => Place::Host(before.join(".")),
    }
}
