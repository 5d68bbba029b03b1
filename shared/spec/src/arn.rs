//! ARNs, and the templates that say which resource a call touches.

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

/// An Amazon Resource Name, taken apart.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Arn {
    /// `aws`, `aws-cn`, `aws-us-gov`, ...
    pub partition: String,
    /// The service's IAM prefix.
    pub service: String,
    /// The region; empty where the service is global.
    pub region: String,
    /// The account, twelve digits; empty where names are global, `aws` of what AWS owns.
    pub account: String,
    /// All that follows; it may hold colons.
    pub resource: String,
}

impl Arn {
    /// Reads an ARN, strictly: nothing is trimmed, unescaped or guessed.
    ///
    /// # Errors
    /// Shows what a good one looks like.
    pub fn parse(text: &str) -> Result<Arn, String> {
        let wrong = || {
            format!(
                "{text:?} is not an ARN; a good one has six parts between colons, such as \
                 arn:aws:dynamodb:us-east-1:123456789012:table/orders"
            )
        };
        let [arn, partition, service, region, account, resource] = segments(text).ok_or_else(wrong)?;
        let plain = |part: &str| {
            part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        };
        let owner = account.is_empty()
            || account == "aws"
            || account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
        let named = !resource.is_empty()
            && !resource.contains(|letter: char| letter.is_control() || letter.is_whitespace());
        let partition_known = partition == "aws" || partition.starts_with("aws-");
        if arn == "arn"
            && partition_known
            && plain(partition)
            && !service.is_empty()
            && plain(service)
            && plain(region)
            && owner
            && named
        {
            return Ok(Arn {
                partition: partition.to_owned(),
                service: service.to_owned(),
                region: region.to_owned(),
                account: account.to_owned(),
                resource: resource.to_owned(),
            });
        }
        Err(wrong())
    }

    /// Its name, where it is an ARN of `service` whose resource begins with `kind`: of `table/orders` and `table/`, `orders`.
    pub fn name(&self, service: &str, kind: &str) -> Option<&str> {
        (self.service == service)
            .then(|| self.resource.strip_prefix(kind))
            .flatten()
            .filter(|name| !name.is_empty())
    }
}

impl std::fmt::Display for Arn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Arn { partition, service, region, account, resource } = self;
        write!(f, "arn:{partition}:{service}:{region}:{account}:{resource}")
    }
}

/// The six segments of an ARN, of a pattern or of a template.
pub(crate) fn segments(text: &str) -> Option<[&str; 6]> {
    text.splitn(6, ':').collect::<Vec<_>>().try_into().ok()
}

/// The resource that an argument names, as it was parsed: what is judged, and what the request is made of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ResourceRef {
    /// By name, in the call's own account and region.
    Name(String),
    /// By an ARN of which only the name goes into the request: account and region must be the call's own.
    Own {
        /// The ARN.
        arn: Arn,
        /// What the request names.
        name: String,
    },
    /// By an ARN that goes into the request: another account's too. The region must be the call's.
    Arn {
        /// The ARN.
        arn: Arn,
        /// What stands for it in a template.
        name: String,
    },
    /// By an ARN that stands for all of the template up to and with its place, such as an access point for its bucket.
    Whole(Arn),
}

impl ResourceRef {
    /// The ARN, where the argument was one.
    pub fn arn(&self) -> Option<&Arn> {
        match self {
            ResourceRef::Name(_) => None,
            ResourceRef::Own { arn, .. } | ResourceRef::Arn { arn, .. } | ResourceRef::Whole(arn) => {
                Some(arn)
            }
        }
    }

    /// What fills a placeholder.
    fn text(&self) -> String {
        match self {
            ResourceRef::Name(name) | ResourceRef::Own { name, .. } | ResourceRef::Arn { name, .. } => {
                name.clone()
            }
            ResourceRef::Whole(arn) => arn.resource.clone(),
        }
    }
}

/// The resources that `template` names: one for each that a placeholder stands for.
///
/// `named` gives what a placeholder's argument names; none is an argument that is absent, which leaves its place open
/// (`*`). The first placeholder of the resource may be an ARN of its own; those behind it are parts of its name.
pub fn resources(
    template: &str,
    environment: Environment<'_>,
    named: impl Fn(&str) -> Vec<ResourceRef>,
) -> Vec<String> {
    let Some(parts) = segments(template) else {
        // `*`, or an argument that is an ARN as a whole.
        let field = template.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        let whole = |reference: ResourceRef| reference.arn().map_or_else(|| reference.text(), Arn::to_string);
        return field.map_or_else(
            || vec![template.to_owned()],
            |field| open(named(field)).into_iter().map(whole).collect(),
        );
    };
    let [head @ .., resource] = parts;
    let mut found = Vec::new();
    match resource.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?))) {
        Some((before, (field, behind))) => {
            let ends = filled(behind, environment, &named, false);
            for reference in open(named(field)) {
                let beginnings = match &reference {
                    ResourceRef::Whole(arn) => vec![arn.to_string()],
                    ResourceRef::Name(name) => {
                        with(starts(&head, environment, &named), &format!("{before}{name}"))
                    }
                    ResourceRef::Own { arn, name } | ResourceRef::Arn { arn, name } => {
                        let Arn { partition, region, account, .. } = arn;
                        with(
                            starts(&head, Environment { partition, region, account }, &named),
                            &format!("{before}{name}"),
                        )
                    }
                };
                found.extend(
                    beginnings.iter().flat_map(|start| ends.iter().map(move |end| format!("{start}{end}"))),
                );
            }
        }
        None => found = with(starts(&head, environment, &named), resource),
    }
    found.sort();
    found.dedup();
    found
}

/// The segments before the resource, filled, with the colons behind them.
fn starts(
    head: &[&str],
    environment: Environment<'_>,
    named: &impl Fn(&str) -> Vec<ResourceRef>,
) -> Vec<String> {
    head.iter().fold(vec![String::new()], |starts, part| {
        let parts = filled(part, environment, named, true);
        starts.iter().flat_map(|start| parts.iter().map(move |part| format!("{start}{part}:"))).collect()
    })
}

fn with(starts: Vec<String>, end: &str) -> Vec<String> {
    starts.into_iter().map(|start| start + end).collect()
}

/// An argument that is absent leaves its place open.
fn open(references: Vec<ResourceRef>) -> Vec<ResourceRef> {
    if references.is_empty() { vec![ResourceRef::Name("*".to_owned())] } else { references }
}

/// A piece of a template with its placeholders filled; `inner` is one before the resource, where a name has no colon.
fn filled(
    piece: &str,
    environment: Environment<'_>,
    named: &impl Fn(&str) -> Vec<ResourceRef>,
    inner: bool,
) -> Vec<String> {
    let Some((before, (field, behind))) =
        piece.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?)))
    else {
        return vec![piece.to_owned()];
    };
    let values = match field {
        "partition" => vec![environment.partition.to_owned()],
        "region" => vec![environment.region.to_owned()],
        "account" => vec![environment.account.to_owned()],
        field => open(named(field)).iter().map(ResourceRef::text).collect(),
    };
    // What holds a colon would move the segments behind it: it names no region and no account, and fits no pattern.
    let values =
        values.into_iter().map(|value| if inner && value.contains(':') { "?".to_owned() } else { value });
    let ends = filled(behind, environment, named, inner);
    values
        .flat_map(|value| ends.iter().map(move |end| format!("{before}{value}{end}")).collect::<Vec<_>>())
        .collect()
}

/// The texts of a field: `keys.key` reads `key` of each element of `keys`.
pub fn texts(path: &str, fields: &Map<String, Value>) -> Vec<String> {
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    match fields.get(first) {
        Some(Value::Array(items)) => items.iter().flat_map(|item| nested(item, rest)).collect(),
        Some(value) => nested(value, rest),
        None => Vec::new(),
    }
}

fn nested(value: &Value, rest: Option<&str>) -> Vec<String> {
    match (value, rest) {
        (Value::Array(items), rest) => items.iter().flat_map(|item| nested(item, rest)).collect(),
        (Value::Object(fields), Some(rest)) => texts(rest, fields),
        (Value::String(text), None) => vec![text.clone()],
        (Value::Number(number), None) => vec![number.to_string()],
        (Value::Bool(flag), None) => vec![flag.to_string()],
        _ => Vec::new(),
    }
}

/// What a row's field names in `template`: an ARN of the template's own service and kind, or a name.
///
/// A row comes from AWS, which writes an ARN where it means one; a text that is no ARN of this kind is a name.
pub fn in_row(template: &str, field: &str, text: String) -> ResourceRef {
    let of_kind = || {
        let [_, _, service, region, account, resource] = segments(template)?;
        let (kind, behind) = resource.split_once(&format!("{{{field}}}"))?;
        let arn = Arn::parse(&text).ok()?;
        // A template without a place for them cannot say where this one is: an access point stands for its bucket.
        let unlike = |place: &str, own: &str| !place.contains('{') && place != own;
        if unlike(region, &arn.region) || unlike(account, &arn.account) {
            return (arn.service.starts_with(service) && kind.is_empty()).then_some(ResourceRef::Whole(arn));
        }
        let name = arn.name(service, kind)?;
        let name = name.strip_suffix(behind).unwrap_or(name).to_owned();
        Some(ResourceRef::Arn { arn, name })
    };
    of_kind().unwrap_or(ResourceRef::Name(text))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn of(template: &str, fields: Value) -> Vec<String> {
        let fields = fields.as_object().unwrap().clone();
        resources(template, Environment::ANY, |path| {
            texts(path, &fields).into_iter().map(ResourceRef::Name).collect()
        })
    }

    #[test]
    fn a_template_takes_fields_lists_and_gaps() {
        let fields =
            json!({"bucket": "b", "keys": ["x", "y"], "items": [{"key": "p"}, {"key": "q"}], "in": ["eu-1"]});
        let of = |template| of(template, fields.clone());
        assert_eq!(of("arn:{partition}:s3:::{bucket}"), ["arn:aws:s3:::b"]);
        assert_eq!(of("arn:{partition}:s3:::{bucket}/{keys}"), ["arn:aws:s3:::b/x", "arn:aws:s3:::b/y"]);
        assert_eq!(of("arn:{partition}:s3:::{bucket}/{items.key}"), ["arn:aws:s3:::b/p", "arn:aws:s3:::b/q"]);
        assert_eq!(of("arn:{partition}:s3:::{bucket}/{prefix}*"), ["arn:aws:s3:::b/**"]);
        assert_eq!(of("arn:{partition}:x:{region}:{account}:y"), ["arn:aws:x:*:*:y"]);
        assert_eq!(of("arn:{partition}:x:{in}:{account}:y/{bucket}"), ["arn:aws:x:eu-1:*:y/b"]);
        assert_eq!(of("*"), ["*"]);
        assert_eq!(of("{keys}"), ["x", "y"]);
        assert_eq!(of("{absent}"), ["*"]);
    }

    #[test]
    fn an_arn_brings_its_own_account_and_region() {
        let arn = Arn::parse("arn:aws:dynamodb:eu-west-1:123456789012:table/t").unwrap();
        let reference = ResourceRef::Arn { name: arn.name("dynamodb", "table/").unwrap().to_owned(), arn };
        let index = "arn:{partition}:dynamodb:{region}:{account}:table/{table}/index/{index}";
        let found = resources(index, Environment::ANY, |field| match field {
            "table" => vec![reference.clone()],
            _ => Vec::new(),
        });
        assert_eq!(found, ["arn:aws:dynamodb:eu-west-1:123456789012:table/t/index/*"]);
    }

    #[test]
    fn a_name_that_looks_like_an_arn_stays_a_name() {
        assert_eq!(
            of(
                "arn:{partition}:s3:::{bucket}/{key}",
                json!({"bucket": "secret", "key": "arn:aws:s3:::allowed/k"})
            ),
            ["arn:aws:s3:::secret/arn:aws:s3:::allowed/k"]
        );
        assert_eq!(
            of(
                "arn:{partition}:s3:::{bucket}",
                json!({"bucket": "arn:aws:kms:us-east-1:1:key/x:s3:::secret"})
            ),
            ["arn:aws:s3:::arn:aws:kms:us-east-1:1:key/x:s3:::secret"]
        );
    }

    #[test]
    fn a_name_with_a_colon_names_no_region() {
        assert_eq!(of("arn:{partition}:x:{in}:{account}:y", json!({"in": "eu-1:1:z"})), ["arn:aws:x:?:*:y"]);
    }

    #[test]
    fn arns_are_read_strictly() {
        for good in [
            "arn:aws:s3:::bucket/a:b",
            "arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:f:3",
            "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0",
            "arn:aws:ssm:us-east-1:aws:document/x",
        ] {
            assert_eq!(Arn::parse(good).unwrap().to_string(), good);
        }
        for wrong in [
            "",
            "arn",
            "arn:aws:s3:::",
            " arn:aws:s3:::b",
            "arn:aws:s3:::b ",
            "arn:aws:s3:::b\u{0}",
            "arn:aws:s3:::a b",
            "ARN:aws:s3:::b",
            "arn:amazon:s3:::b",
            "arn:aws:s3:US-EAST-1::b",
            "arn:aws:s3::1:b",
            "arn:aws::::b",
            "arn:aws:s3:*:*:b",
        ] {
            assert!(Arn::parse(wrong).unwrap_err().contains("a good one"), "{wrong}");
        }
    }

    #[test]
    fn a_row_names_by_arn_only_what_is_of_its_kind() {
        let template = "arn:{partition}:logs:{region}:{account}:log-group:{name}:*";
        let read = |text: &str| in_row(template, "name", text.to_owned());
        assert_eq!(read("/a"), ResourceRef::Name("/a".to_owned()));
        let arn = "arn:aws:logs:us-east-1:123456789012:log-group:/a:*";
        assert!(matches!(read(arn), ResourceRef::Arn { name, .. } if name == "/a"));
        let point = Arn::parse("arn:aws:s3:us-east-1:123456789012:accesspoint/p").unwrap();
        let bucket = "arn:{partition}:s3:::{bucket}/{key}";
        assert_eq!(in_row(bucket, "bucket", point.to_string()), ResourceRef::Whole(point));
        let other = "arn:aws:kms:us-east-1:123456789012:key/log-group:/a";
        assert_eq!(read(other), ResourceRef::Name(other.to_owned()));
    }

    proptest! {
        #[test]
        fn what_is_read_is_written_as_it_was(text in "arn:aws:[a-z]{1,4}:[a-z0-9-]{0,9}:(|[0-9]{12}):[!-~]{1,20}") {
            prop_assert_eq!(Arn::parse(&text).unwrap().to_string(), text);
        }

        #[test]
        fn no_text_makes_reading_panic(text in ".{0,60}", template in ".{0,60}") {
            let _ = Arn::parse(&text);
            let _ = of(&template, json!({"a": text}));
        }
    }
}
