//! Which partition a region is of.

use std::sync::LazyLock;

use regex::Regex;
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Partition {
    id: String,
    outputs: Value,
    #[serde(rename = "regionRegex")]
    pattern: String,
    regions: Vec<String>,
}

/// As `cargo xtask gen-models` writes them; a test reads them.
static ALL: LazyLock<Vec<(Partition, Option<Regex>)>> = LazyLock::new(|| {
    let all: Vec<Partition> =
        serde_json::from_str(include_str!("../../models/partitions.json")).unwrap_or_default();
    all.into_iter()
        .map(|it| {
            let pattern = Regex::new(&it.pattern).ok();
            (it, pattern)
        })
        .collect()
});

/// The partition that lists the region, else the one whose regions look like it, else `aws`.
pub(super) fn of(region: &str) -> Value {
    let listed = ALL.iter().find(|(it, _)| it.regions.iter().any(|own| own == region));
    let alike = || ALL.iter().find(|(_, pattern)| pattern.as_ref().is_some_and(|it| it.is_match(region)));
    let aws = || ALL.iter().find(|(it, _)| it.id == "aws");
    listed.or_else(alike).or_else(aws).map_or(Value::Null, |(it, _)| it.outputs.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_partition_is_read() {
        assert!(ALL.len() >= 7, "{}", ALL.len());
        assert!(ALL.iter().all(|(_, pattern)| pattern.is_some()));
        for (region, name) in [
            ("eu-central-1", "aws"),
            ("aws-global", "aws"),
            ("cn-north-1", "aws-cn"),
            ("us-gov-west-7", "aws-us-gov"),
            ("nowhere", "aws"),
        ] {
            assert_eq!(of(region).get("name").and_then(Value::as_str), Some(name), "{region}");
        }
    }
}
