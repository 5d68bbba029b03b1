//! Regions, partitions, and the wildcards of the allow-lists.

/// The partition that a region belongs to: `aws`, `aws-cn`, `aws-us-gov`, `aws-iso`, ...
///
/// A region that is not known is judged by its prefix; what has none of these prefixes is commercial.
pub fn partition(region: &str) -> &'static str {
    const PREFIXES: [(&str, &str); 7] = [
        ("cn-", "aws-cn"),
        ("us-gov-", "aws-us-gov"),
        ("us-iso-", "aws-iso"),
        ("us-isob-", "aws-iso-b"),
        ("eu-isoe-", "aws-iso-e"),
        ("us-isof-", "aws-iso-f"),
        ("eusc-", "aws-eusc"),
    ];
    PREFIXES.iter().find(|(prefix, _)| region.starts_with(prefix)).map_or("aws", |(_, name)| name)
}

/// The regions of a partition, as the endpoint rules of aws-sdk-sts 1.124 list them.
pub(crate) fn regions_of(partition_name: &str) -> impl Iterator<Item = &'static str> + '_ {
    REGIONS.iter().copied().filter(move |region| partition(region) == partition_name)
}

/// Every region, grouped by partition. It only serves to spell out `"*"`: a newer region can still be named.
#[rustfmt::skip]
const REGIONS: &[&str] = &[
    "af-south-1", "ap-east-1", "ap-east-2", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1",
    "ap-south-2", "ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-5",
    "ap-southeast-6", "ap-southeast-7", "ca-central-1", "ca-west-1", "eu-central-1", "eu-central-2", "eu-north-1",
    "eu-south-1", "eu-south-2", "eu-west-1", "eu-west-2", "eu-west-3", "il-central-1", "me-central-1", "me-south-1",
    "mx-central-1", "sa-east-1", "us-east-1", "us-east-2", "us-west-1", "us-west-2",
    "cn-north-1", "cn-northwest-1",
    "eusc-de-east-1",
    "us-iso-east-1", "us-iso-west-1",
    "us-isob-east-1", "us-isob-west-1",
    "eu-isoe-west-1",
    "us-isof-east-1", "us-isof-south-1",
    "us-gov-east-1", "us-gov-west-1",
];

/// Whether it can be a region's name. It becomes part of a host name, so nothing else may pass.
pub(crate) fn is_region(region: &str) -> bool {
    (3..=32).contains(&region.len())
        && region.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !region.starts_with('-')
        && !region.ends_with('-')
}

/// Whether a text holds a wildcard.
pub(crate) fn is_glob(text: &str) -> bool {
    text.contains(['*', '?'])
}

/// Matches as IAM does: `*` is any text, `?` any one character.
pub(crate) fn glob(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut at, mut seen) = (0, 0);
    // The last star and the text it has taken so far: one step back is enough, so matching is linear in memory.
    let mut star: Option<(usize, usize)> = None;
    while let Some(&letter) = text.get(seen) {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, seen));
                at += 1;
            }
            Some(&wanted) if wanted == b'?' || wanted == letter => (at, seen) = (at + 1, seen + 1),
            _ => match star {
                Some((back, from)) => {
                    star = Some((back, from + 1));
                    (at, seen) = (back + 1, from + 1);
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(at).all(|&letter| letter == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_has_one_partition() {
        for (region, wanted) in [
            ("us-east-1", "aws"),
            ("eu-central-2", "aws"),
            ("xx-new-9", "aws"),
            ("cn-north-1", "aws-cn"),
            ("us-gov-west-1", "aws-us-gov"),
            ("us-iso-east-1", "aws-iso"),
            ("us-isob-east-1", "aws-iso-b"),
            ("eu-isoe-west-1", "aws-iso-e"),
            ("us-isof-south-1", "aws-iso-f"),
            ("eusc-de-east-1", "aws-eusc"),
        ] {
            assert_eq!(partition(region), wanted, "{region}");
        }
        assert_eq!(regions_of("aws-cn").collect::<Vec<_>>(), ["cn-north-1", "cn-northwest-1"]);
        assert!(regions_of("aws").count() > 30);
    }

    #[test]
    fn only_a_name_that_is_safe_in_a_host_is_a_region() {
        for good in ["us-east-1", "ap-southeast-7", "aws-global"] {
            assert!(is_region(good), "{good}");
        }
        for bad in
            ["", "EU West", "eu-west-1.evil.example", "eu/west", "-eu", "eu-west-1#", "é", "eu-west-1\n"]
        {
            assert!(!is_region(bad), "{bad:?}");
        }
    }

    #[test]
    fn wildcards_match_as_iam_does() {
        for (pattern, text, wanted) in [
            ("*", "anything", true),
            ("eu-*", "eu-west-1", true),
            ("eu-*", "us-west-1", false),
            ("*-west-?", "eu-west-1", true),
            ("*-west-?", "eu-west-", false),
            ("eu-west-1", "eu-west-1", true),
            ("eu-west-1", "eu-west-10", false),
            ("*a*b", "xaxbxab", true),
            ("", "", true),
        ] {
            assert_eq!(glob(pattern, text), wanted, "{pattern} {text}");
        }
    }
}
