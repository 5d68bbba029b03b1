//! ARN templates and IAM wildcard patterns.

use serde_json::{Map, Value};

/// What fills `{partition}`, `{region}` and `{account}` of an ARN template.
#[derive(Clone, Copy, Debug)]
pub struct Environment<'a> {
    /// `aws`, `aws-cn`, `aws-us-gov`, ...
    pub partition: &'a str,
    /// The region of the call, or `*`.
    pub region: &'a str,
    /// The account, twelve digits, or `*` where it is not known.
    pub account: &'a str,
}

impl Environment<'static> {
    /// Stands for any region and account of the commercial partition.
    pub const ANY: Environment<'static> = Environment { partition: "aws", region: "*", account: "*" };
}

/// The resources that `template` names for these fields: one for each element where a field is a list.
///
/// A field that is absent stands for `*`. The first field, where it is itself an ARN, replaces all that precedes it.
/// `{keys.key}` reads `key` of each element of `keys`.
pub fn resources(template: &str, fields: &Map<String, Value>, environment: Environment<'_>) -> Vec<String> {
    let mut found = vec![String::new()];
    let mut rest = template;
    // Only the first field names a resource of its own: a key that looks like an ARN is still a key of its bucket.
    let mut first = true;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, behind)) = after.split_once('}') else { break };
        let (values, may_replace) = match name {
            "partition" => (vec![environment.partition.to_owned()], false),
            "region" => (vec![environment.region.to_owned()], false),
            "account" => (vec![environment.account.to_owned()], false),
            field => (texts(field, fields), std::mem::take(&mut first)),
        };
        found = found
            .iter()
            .flat_map(|start| {
                values.iter().map(move |value| {
                    if may_replace && value.starts_with("arn:") {
                        value.clone()
                    } else {
                        format!("{start}{before}{value}")
                    }
                })
            })
            .collect();
        rest = behind;
    }
    found.iter_mut().for_each(|arn| arn.push_str(rest));
    found.sort();
    found.dedup();
    found
}

fn texts(path: &str, fields: &Map<String, Value>) -> Vec<String> {
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    let found: Vec<String> = match (fields.get(first), rest) {
        (Some(Value::Array(items)), rest) => items.iter().flat_map(|item| nested(item, rest)).collect(),
        (Some(value), rest) => nested(value, rest),
        (None, _) => Vec::new(),
    };
    if found.is_empty() { vec!["*".to_owned()] } else { found }
}

fn nested(value: &Value, rest: Option<&str>) -> Vec<String> {
    match (value, rest) {
        (Value::Object(fields), Some(rest)) => texts(rest, fields),
        (Value::String(text), _) => vec![text.clone()],
        (Value::Number(number), _) => vec![number.to_string()],
        _ => Vec::new(),
    }
}

/// An ARN with IAM's wildcards: `*` is any text, `?` any one character.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(String);

/// Why a text is not an ARN pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatternError(String);

impl std::fmt::Display for PatternError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} is not an ARN pattern; a good one looks like arn:aws:s3:::team-*", self.0)
    }
}

impl std::error::Error for PatternError {}

impl std::str::FromStr for Pattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = text.splitn(6, ':').count();
        if text == "*" || (text.starts_with("arn:") && parts == 6) {
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
        let (pattern, text): (Vec<char>, Vec<char>) = (self.0.chars().collect(), resource.chars().collect());
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

    /// Whether some resource matches both this pattern and `other`.
    pub fn overlaps(&self, other: &str) -> bool {
        let (left, right): (Vec<char>, Vec<char>) = (self.0.chars().collect(), other.chars().collect());
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
}

impl std::fmt::Display for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pattern(text: &str) -> Pattern {
        text.parse().unwrap()
    }

    fn fields(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn a_template_takes_fields_lists_and_gaps() {
        let fields =
            fields(json!({"bucket": "b", "keys": ["x", "y"], "items": [{"key": "p"}, {"key": "q"}]}));
        let of = |template| resources(template, &fields, Environment::ANY);
        assert_eq!(of("arn:{partition}:s3:::{bucket}"), ["arn:aws:s3:::b"]);
        assert_eq!(of("arn:{partition}:s3:::{bucket}/{keys}"), ["arn:aws:s3:::b/x", "arn:aws:s3:::b/y"]);
        assert_eq!(of("arn:{partition}:s3:::{bucket}/{items.key}"), ["arn:aws:s3:::b/p", "arn:aws:s3:::b/q"]);
        assert_eq!(of("arn:{partition}:s3:::{bucket}/{prefix}*"), ["arn:aws:s3:::b/**"]);
        assert_eq!(of("arn:{partition}:x:{region}:{account}:y"), ["arn:aws:x:*:*:y"]);
        assert_eq!(of("*"), ["*"]);
    }

    #[test]
    fn an_arn_in_a_field_replaces_what_precedes_it() {
        let fields = fields(json!({"bucket": "arn:aws:s3:us-east-1:1:accesspoint/p", "key": "k"}));
        assert_eq!(
            resources("arn:{partition}:s3:::{bucket}/{key}", &fields, Environment::ANY),
            ["arn:aws:s3:us-east-1:1:accesspoint/p/k"]
        );
    }

    #[test]
    fn a_key_that_looks_like_an_arn_stays_in_its_bucket() {
        let fields = fields(json!({"bucket": "secret", "key": "arn:aws:s3:::allowed/k"}));
        assert_eq!(
            resources("arn:{partition}:s3:::{bucket}/{key}", &fields, Environment::ANY),
            ["arn:aws:s3:::secret/arn:aws:s3:::allowed/k"]
        );
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
    fn patterns_overlap_where_some_arn_fits_both() {
        let team = pattern("arn:aws:s3:::team-*");
        assert!(team.overlaps("arn:aws:s3:::*"));
        assert!(team.overlaps("arn:aws:s3:::*/*"));
        assert!(!team.overlaps("arn:aws:dynamodb:*:*:table/*"));
        assert!(!pattern("arn:aws:s3:::bucket").overlaps("arn:aws:s3:::*/*"));
        assert!(pattern("arn:aws:s3:::bucket/*").overlaps("arn:aws:s3:::*/*"));
        assert!(pattern("arn:aws:s3:::b?").overlaps("arn:aws:s3:::*c"));
    }

    #[test]
    fn only_arns_are_patterns() {
        assert!("team-*".parse::<Pattern>().is_err());
        assert!("arn:aws:s3".parse::<Pattern>().is_err());
        assert!("arn:aws:dynamodb:*:*:table/a:b".parse::<Pattern>().is_ok());
    }
}
