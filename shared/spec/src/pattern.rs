//! IAM's patterns of ARNs.

use crate::arn::segments;

/// An ARN with IAM's wildcards: `*` is any text, `?` any one character.
///
/// As in IAM, a wildcard stays inside its segment: `arn:*:s3:::team-*` is about S3 in every partition, not about whatever
/// ends with `:s3:::team-a`. Only the last segment, the resource, may hold colons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(String);

/// Why a text is not an ARN pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatternError(String);

impl std::fmt::Display for PatternError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{:?} is not an ARN pattern; a good one looks like arn:aws:s3:::team-* (six parts between colons, without \
             spaces), or is * alone",
            self.0
        )
    }
}

impl std::error::Error for PatternError {}

impl std::str::FromStr for Pattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let strange = |letter: char| letter.is_whitespace() || letter.is_control();
        let whole = segments(text).is_some_and(|[arn, partition, service, .., resource]| {
            arn == "arn" && ![partition, service, resource].iter().any(|part| part.is_empty())
        });
        if text == "*" || whole && !text.contains(strange) {
            Ok(Pattern(text.to_owned()))
        } else {
            Err(PatternError(text.to_owned()))
        }
    }
}

impl Pattern {
    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether every resource that `resource` stands for is covered.
    ///
    /// A `*` inside `resource` (a field the call leaves open) is only covered by a `*` of the pattern.
    pub fn covers(&self, resource: &str) -> bool {
        self.by_segment(resource, covers)
    }

    /// Whether some resource matches both this pattern and `other`.
    pub fn overlaps(&self, other: &str) -> bool {
        other == "*" || self.by_segment(other, overlap)
    }

    fn by_segment(&self, other: &str, fits: fn(&str, &str) -> bool) -> bool {
        match (segments(&self.0), segments(other)) {
            (Some(own), Some(theirs)) => own.iter().zip(theirs).all(|(own, other)| fits(own, other)),
            _ => self.0 == "*",
        }
    }
}

/// Whether the wildcards of `pattern` reach over all that `text` stands for.
fn covers(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    // Greedy matching with one step back to the last star: linear in memory, no recursion.
    let (mut at, mut seen) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(&letter) = text.get(seen) {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, seen));
                at += 1;
            }
            Some('?') if letter != '*' => (at, seen) = (at + 1, seen + 1),
            Some(&wanted) if wanted == letter => (at, seen) = (at + 1, seen + 1),
            _ => match star {
                Some((back, from)) => {
                    star = Some((back, from + 1));
                    (at, seen) = (back + 1, from + 1);
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(at).all(|&letter| letter == '*')
}

/// Whether some text fits both, each with wildcards of its own.
fn overlap(left: &str, right: &str) -> bool {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    // reach[j]: the letters of `left` so far can be matched with the first j of `right`.
    let mut reach = vec![false; right.len() + 1];
    let open = |row: &mut Vec<bool>| {
        for (j, letter) in right.iter().enumerate() {
            if *letter == '*'
                && row.get(j).copied().unwrap_or(false)
                && let Some(next) = row.get_mut(j + 1)
            {
                *next = true;
            }
        }
    };
    if let Some(first) = reach.first_mut() {
        *first = true;
    }
    open(&mut reach);
    for letter in left {
        let mut next = vec![false; right.len() + 1];
        for (j, reached) in reach.iter().enumerate() {
            if letter == '*' {
                // A star takes nothing, or this and everything after it.
                if *reached {
                    next.iter_mut().skip(j).for_each(|slot| *slot = true);
                }
                continue;
            }
            if !*reached {
                continue;
            }
            match right.get(j) {
                Some('*') => {
                    if let Some(slot) = next.get_mut(j) {
                        *slot = true;
                    }
                }
                Some(&wanted) if wanted == letter || wanted == '?' || letter == '?' => {
                    if let Some(slot) = next.get_mut(j + 1) {
                        *slot = true;
                    }
                }
                _ => {}
            }
        }
        open(&mut next);
        reach = next;
    }
    reach.last().copied().unwrap_or(false)
}

impl std::fmt::Display for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pattern(text: &str) -> Pattern {
        text.parse().unwrap()
    }

    #[test]
    fn a_pattern_covers_what_iam_says() {
        let team = pattern("arn:aws:s3:::team-*");
        assert!(team.covers("arn:aws:s3:::team-a"));
        assert!(team.covers("arn:aws:s3:::team-a/any/key"));
        assert!(team.covers("arn:aws:s3:::team-a/*"));
        assert!(!team.covers("arn:aws:s3:::other"));
        assert!(!team.covers("*"));
        assert!(pattern("*").covers("*"));
        assert!(!pattern("arn:aws:s3:::b/k?").covers("arn:aws:s3:::b/k*"));
        assert!(pattern("arn:aws:s3:::b/k?").covers("arn:aws:s3:::b/k1"));
        assert!(pattern("arn:aws:s3:::*x*y").covers("arn:aws:s3:::axbxcy"));
        assert!(!pattern("arn:aws:s3:::*x*y").covers("arn:aws:s3:::axbxcz"));
    }

    #[test]
    fn a_wildcard_stays_in_its_segment() {
        assert!(!pattern("arn:*:s3:::team-*").covers("arn:aws:s3:::secret/x:s3:::team-a"));
        assert!(pattern("arn:*:s3:::team-*").covers("arn:aws-cn:s3:::team-a/x"));
        assert!(!pattern("arn:aws:*:::team-*").covers("arn:aws:s3:us-east-1:1:x:::team-a"));
        assert!(
            pattern("arn:aws:logs:*:*:log-group:/team/*")
                .covers("arn:aws:logs:eu-west-1:1:log-group:/team/a:*")
        );
        assert!(!pattern("arn:aws:dynamodb:us-*:1:table/*").overlaps("arn:aws:dynamodb:eu-west-1:1:table/t"));
    }

    #[test]
    fn patterns_overlap_where_some_arn_fits_both() {
        let team = pattern("arn:aws:s3:::team-*");
        assert!(team.overlaps("arn:aws:s3:::*"));
        assert!(team.overlaps("arn:aws:s3:::*/*"));
        assert!(team.overlaps("*"));
        assert!(!team.overlaps("arn:aws:dynamodb:*:*:table/*"));
        assert!(!pattern("arn:aws:s3:::bucket").overlaps("arn:aws:s3:::*/*"));
        assert!(pattern("arn:aws:s3:::bucket/*").overlaps("arn:aws:s3:::*/*"));
        assert!(pattern("arn:aws:s3:::b?").overlaps("arn:aws:s3:::*c"));
    }

    #[test]
    fn only_arns_are_patterns() {
        for wrong in [
            "team-*",
            "arn:aws:s3",
            "arn:aws:s3:::",
            "arn:aws:dynamodb:*:table/t",
            "arn:::::x",
            "arn:aws:s3:::a b",
            " arn:aws:s3:::a",
            "",
        ] {
            assert!(wrong.parse::<Pattern>().is_err(), "{wrong}");
        }
        for good in ["*", "arn:aws:dynamodb:*:*:table/a:b", "arn:*:s3:::x"] {
            assert!(good.parse::<Pattern>().is_ok(), "{good}");
        }
    }

    proptest! {
        #[test]
        fn what_is_covered_overlaps(
            pattern in "arn:(aws|\\*):(s3|a\\*):[a-b*]{0,2}:[1*]{0,2}:[a-b:/*?]{1,6}",
            resource in "arn:aws:s3:[a-b]{0,2}:1?:[a-b:/]{1,6}",
        ) {
            let pattern: Pattern = pattern.parse().unwrap();
            if pattern.covers(&resource) {
                prop_assert!(pattern.overlaps(&resource));
            }
        }

        #[test]
        fn a_pattern_never_reaches_over_another_segment(
            before in "[a-z:*]{0,12}",
            pattern in "arn:aws:s3:::team-[a-z]{1,3}\\*",
        ) {
            let pattern: Pattern = pattern.parse().unwrap();
            let tail = format!("arn:aws:kms:::{before}:{}", pattern.as_str());
            prop_assert!(!pattern.covers(&tail));
        }
    }
}
