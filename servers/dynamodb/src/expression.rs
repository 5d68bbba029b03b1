//! Conditions, projections and updates as structure, and the expressions that DynamoDB reads.
//!
//! Every attribute name and value becomes a placeholder, so that reserved words and odd characters need no care.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use awsmcp_mcp::{Error, Result, nearest, plain_string, quoted};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::value::{self, Any, Attributes, Item};

/// One condition; all of a list must hold.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Condition {
    pub(crate) attribute: Path,
    pub(crate) op: Op,
    /// [low, high] for between, a list for in.
    #[serde(default, deserialize_with = "value::given")]
    pub(crate) value: Option<Any>,
}

/// How an attribute is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Op {
    #[serde(rename = "=")]
    Equal,
    #[serde(rename = "<>")]
    NotEqual,
    #[serde(rename = "<")]
    Less,
    #[serde(rename = "<=")]
    AtMost,
    #[serde(rename = ">")]
    More,
    #[serde(rename = ">=")]
    AtLeast,
    Between,
    In,
    BeginsWith,
    Contains,
    NotContains,
    Exists,
    NotExists,
    /// S, N, B, SS, NS, BS, M, L, BOOL or NULL.
    Type,
}

impl Op {
    /// Whether it holds the attribute's value to one of the same type.
    pub(crate) fn compares(self) -> bool {
        !matches!(self, Op::Contains | Op::NotContains | Op::Exists | Op::NotExists | Op::Type)
    }

    pub(crate) fn takes_list(self) -> bool {
        matches!(self, Op::Between | Op::In)
    }

    fn sign(self) -> &'static str {
        match self {
            Op::Equal => "=",
            Op::NotEqual => "<>",
            Op::Less => "<",
            Op::AtMost => "<=",
            Op::More => ">",
            Op::AtLeast => ">=",
            Op::Between => "between",
            Op::In => "in",
            Op::BeginsWith => "begins_with",
            Op::Contains => "contains",
            Op::NotContains => "not_contains",
            Op::Exists => "exists",
            Op::NotExists => "not_exists",
            Op::Type => "type",
        }
    }
}

/// Where a value lies in an item: `status`, `address.city`, `tags[0]`, `"a.b".c`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Path(Vec<Step>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Name(String),
    Index(usize),
}

plain_string!(Path);

impl Path {
    pub(crate) fn parse(text: &str) -> Result<Path, String> {
        let wrong =
            || format!("{text:?} is not a path; good ones are status, address.city, tags[0], \"a.b\".c");
        let mut steps = Vec::new();
        let mut rest = text;
        loop {
            let name = match rest.strip_prefix('"') {
                Some(quoted) => {
                    let (name, behind) = quoted.split_once('"').ok_or_else(wrong)?;
                    rest = behind;
                    name
                }
                None => {
                    let (name, behind) = rest.split_at(rest.find(['.', '[']).unwrap_or(rest.len()));
                    rest = behind;
                    name
                }
            };
            if name.is_empty() {
                return Err(wrong());
            }
            steps.push(Step::Name(name.to_owned()));
            while let Some(inner) = rest.strip_prefix('[') {
                let (index, behind) = inner.split_once(']').ok_or_else(wrong)?;
                steps.push(Step::Index(index.parse().map_err(|_| wrong())?));
                rest = behind;
            }
            match rest.strip_prefix('.') {
                Some(behind) => rest = behind,
                None if rest.is_empty() => return Ok(Path(steps)),
                None => return Err(wrong()),
            }
        }
    }

    /// A whole attribute.
    pub(crate) fn of(attribute: &str) -> Path {
        Path(vec![Step::Name(attribute.to_owned())])
    }

    /// The attribute of the item that it begins with.
    pub(crate) fn attribute(&self) -> &str {
        match self.0.first() {
            Some(Step::Name(name)) => name,
            _ => "",
        }
    }

    /// Whether it is a whole attribute.
    pub(crate) fn is_whole(&self) -> bool {
        self.0.len() == 1
    }

    /// Its names one below the other; none where it reaches into a list.
    pub(crate) fn names(&self) -> Option<Vec<&str>> {
        let mut names = Vec::new();
        for step in &self.0 {
            let Step::Name(name) = step else { return None };
            names.push(name.as_str());
        }
        Some(names)
    }

    /// What lies there.
    pub(crate) fn find<'a>(&self, item: &'a Attributes) -> Option<&'a AttributeValue> {
        let mut steps = self.0.iter();
        let Some(Step::Name(first)) = steps.next() else { return None };
        steps.try_fold(item.get(first)?, |value, step| match (step, value) {
            (Step::Name(name), AttributeValue::M(fields)) => fields.get(name),
            (Step::Index(index), AttributeValue::L(items)) => items.get(*index),
            _ => None,
        })
    }
}

impl std::fmt::Display for Path {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (at, step) in self.0.iter().enumerate() {
            match step {
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Name(name) => {
                    let dot = if at > 0 { "." } else { "" };
                    if name.contains(['.', '[']) {
                        write!(f, "{dot}\"{name}\"")?
                    } else {
                        write!(f, "{dot}{name}")?
                    }
                }
            }
        }
        Ok(())
    }
}

/// Names and values of the expressions of one request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Expressions {
    names: HashMap<String, String>,
    values: Attributes,
}

impl Expressions {
    /// With a caller's own placeholders.
    ///
    /// # Errors
    /// When a placeholder has no sign, or a value cannot be held.
    pub(crate) fn with(names: Option<&Map<String, Value>>, values: Option<&Item>) -> Result<Self> {
        let mut expressions = Expressions::default();
        for (name, attribute) in names.into_iter().flatten() {
            let attribute = attribute.as_str().filter(|_| name.starts_with('#')).ok_or_else(|| {
                Error::invalid(format!(
                    "`names` maps placeholders to attributes, as {{\"#s\": \"status\"}}, not {name}"
                ))
            })?;
            expressions.names.insert(name.clone(), attribute.to_owned());
        }
        for (name, value) in values.map(|values| &values.0).into_iter().flatten() {
            if !name.starts_with(':') {
                return Err(Error::invalid(format!(
                    "`values` maps placeholders to values, as {{\":s\": \"open\"}}, not {name}"
                )));
            }
            expressions.values.insert(name.clone(), value::attribute(value, name)?);
        }
        Ok(expressions)
    }

    pub(crate) fn names(&self) -> Option<HashMap<String, String>> {
        (!self.names.is_empty()).then(|| self.names.clone())
    }

    pub(crate) fn values(&self) -> Option<Attributes> {
        (!self.values.is_empty()).then(|| self.values.clone())
    }

    /// What a raw expression's placeholder stands for; the text itself where it is none.
    pub(crate) fn named<'a>(&'a self, text: &'a str) -> &'a str {
        self.names.get(text).map_or(text, String::as_str)
    }

    /// An attribute's placeholder.
    pub(crate) fn name(&mut self, attribute: &str) -> String {
        if let Some((placeholder, _)) = self.names.iter().find(|(_, name)| *name == attribute) {
            return placeholder.clone();
        }
        let free = (0..).map(|number| format!("#a{number}")).find(|name| !self.names.contains_key(name));
        let placeholder = free.unwrap_or_default();
        self.names.insert(placeholder.clone(), attribute.to_owned());
        placeholder
    }

    pub(crate) fn path(&mut self, path: &Path) -> String {
        let mut out = String::new();
        for step in &path.0 {
            match step {
                Step::Index(index) => out.push_str(&format!("[{index}]")),
                Step::Name(name) => {
                    if !out.is_empty() {
                        out.push('.');
                    }
                    out.push_str(&self.name(name));
                }
            }
        }
        out
    }

    /// A value's placeholder.
    pub(crate) fn value(&mut self, value: AttributeValue) -> String {
        let free = (0..).map(|number| format!(":v{number}")).find(|name| !self.values.contains_key(name));
        let placeholder = free.unwrap_or_default();
        self.values.insert(placeholder.clone(), value);
        placeholder
    }

    pub(crate) fn projection(&mut self, paths: &[Path]) -> Option<String> {
        let paths: Vec<String> = paths.iter().map(|path| self.path(path)).collect();
        (!paths.is_empty()).then(|| paths.join(", "))
    }

    /// A condition of its own, of a list or raw, with its placeholders.
    ///
    /// # Errors
    /// As [`Expressions::with`] and [`Expressions::all`].
    pub(crate) fn condition_of(
        conditions: &[Condition],
        raw: Option<&str>,
        names: Option<&Item>,
        values: Option<&Item>,
    ) -> Result<(Self, Option<String>)> {
        let mut expressions = Expressions::with(names.map(|names| &names.0), values)?;
        let condition = expressions.all(conditions, raw)?;
        Ok((expressions, condition))
    }

    /// All conditions, and the raw expression too where there is one.
    ///
    /// # Errors
    /// When a condition's value does not fit its operator.
    pub(crate) fn all(&mut self, conditions: &[Condition], raw: Option<&str>) -> Result<Option<String>> {
        let mut parts =
            conditions.iter().map(|condition| self.condition(condition)).collect::<Result<Vec<_>>>()?;
        parts.extend(raw.map(|raw| if parts.is_empty() { raw.to_owned() } else { format!("({raw})") }));
        Ok((!parts.is_empty()).then(|| parts.join(" AND ")))
    }

    fn condition(&mut self, condition: &Condition) -> Result<String> {
        let Condition { attribute, op, value } = condition;
        let path = self.path(attribute);
        let wrong = |wanted: &str| {
            let given = value.as_ref().map_or("none".to_owned(), |Any(value)| value.to_string());
            Error::invalid(format!(
                "{} on {attribute} takes {wanted}, not {}",
                op.sign(),
                quoted(&given).trim_matches('"')
            ))
        };
        let one = || -> Result<AttributeValue> {
            value.as_ref().map_or_else(
                || Err(wrong("a value")),
                |Any(value)| value::attribute(value, &attribute.to_string()),
            )
        };
        let list = |wanted: &str, most: usize| -> Result<Vec<AttributeValue>> {
            let items = value.as_ref().and_then(|Any(value)| value.as_array());
            let items =
                items.filter(|items| (1..=most).contains(&items.len())).ok_or_else(|| wrong(wanted))?;
            items.iter().map(|item| value::attribute(item, &attribute.to_string())).collect()
        };
        Ok(match op {
            Op::Equal | Op::NotEqual | Op::Less | Op::AtMost | Op::More | Op::AtLeast => {
                format!("{path} {} {}", op.sign(), self.value(one()?))
            }
            Op::Between => match <[AttributeValue; 2]>::try_from(list("[low, high]", 2)?) {
                Ok([low, high]) => format!("{path} BETWEEN {} AND {}", self.value(low), self.value(high)),
                Err(_) => return Err(wrong("[low, high]")),
            },
            Op::In => {
                let values = list("a list of 1 to 100 values", 100)?;
                let values: Vec<String> = values.into_iter().map(|value| self.value(value)).collect();
                format!("{path} IN ({})", values.join(", "))
            }
            Op::BeginsWith => format!("begins_with({path}, {})", self.value(one()?)),
            Op::Contains => format!("contains({path}, {})", self.value(one()?)),
            Op::NotContains => format!("NOT contains({path}, {})", self.value(one()?)),
            Op::Exists | Op::NotExists if value.is_some() => return Err(wrong("no value")),
            Op::Exists => format!("attribute_exists({path})"),
            Op::NotExists => format!("attribute_not_exists({path})"),
            Op::Type => {
                const TYPES: [&str; 10] = ["S", "N", "B", "SS", "NS", "BS", "M", "L", "BOOL", "NULL"];
                let named = one()?;
                match named.as_s() {
                    Ok(name) if TYPES.contains(&name.as_str()) => {
                        format!("attribute_type({path}, {})", self.value(named))
                    }
                    _ => return Err(wrong(&format!("one of {}", TYPES.join(", ")))),
                }
            }
        })
    }
}

/// The conditions of a key: equality of the partition key, and at most one on the sort key.
///
/// # Errors
/// When an operator is not one for keys.
pub(crate) fn check_key(conditions: &[Condition]) -> Result<()> {
    const GOOD: &str = "key: [{\"attribute\": \"pk\", \"op\": \"=\", \"value\": \"USER#1\"}, {\"attribute\": \"sk\", \"op\": \"begins_with\", \"value\": \"ORDER#\"}]";
    if !conditions.iter().any(|condition| condition.op == Op::Equal) {
        return Err(Error::invalid("`key` has no condition with = on the partition key").with_next(format!(
            "a good one is {GOOD}; describe_table shows the keys; without the partition key it is a scan"
        )));
    }
    let bad = conditions.iter().find(|condition| {
        let sign = matches!(
            condition.op,
            Op::Equal | Op::Less | Op::AtMost | Op::More | Op::AtLeast | Op::Between | Op::BeginsWith
        );
        !sign || !condition.attribute.is_whole()
    });
    if let Some(bad) = bad {
        return Err(Error::invalid(format!(
            "{} on {} cannot be part of `key`: keys take =, <, <=, >, >=, between and begins_with",
            bad.op.sign(),
            bad.attribute
        ))
        .with_next(format!("put it into `filter`; a good key is {GOOD}")));
    }
    Ok(())
}

/// The attributes that conditions hold to one value.
pub(crate) fn fixed(conditions: &[Condition]) -> Vec<&str> {
    let fixed =
        conditions.iter().filter(|condition| condition.op == Op::Equal && condition.attribute.is_whole());
    fixed.map(|condition| condition.attribute.attribute()).collect()
}

/// The attributes that a filter asks about, as far as they are named by conditions, or by the placeholders of a raw one.
pub(crate) fn asked<'a>(
    conditions: &'a [Condition],
    raw: Option<&str>,
    names: Option<&'a Item>,
) -> Vec<&'a str> {
    let placed = names.map(|names| &names.0).into_iter().flatten();
    let placed = placed.filter(|(placeholder, _)| raw.is_some_and(|raw| raw.contains(placeholder.as_str())));
    let conditions = conditions.iter().map(|condition| condition.attribute.attribute());
    conditions.chain(placed.filter_map(|(_, name)| name.as_str())).collect()
}

/// The attributes that a raw expression compares with `=`, as far as its words show.
pub(crate) fn equals(expression: &str, expressions: &Expressions) -> Vec<String> {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ");
    let mut found = Vec::new();
    for (at, _) in spaced.match_indices('=') {
        let (before, after) =
            (spaced.get(..at).unwrap_or_default(), spaced.get(at + 1..).unwrap_or_default());
        if before.ends_with(['<', '>']) || !after.trim_start().starts_with(':') {
            continue;
        }
        if let Some(word) = before.split_whitespace().last() {
            found.push(expressions.named(word).to_owned());
        }
    }
    // What stands under OR or NOT narrows nothing.
    let loose = expression
        .split(|letter: char| !letter.is_alphanumeric())
        .any(|word| word.eq_ignore_ascii_case("or") || word.eq_ignore_ascii_case("not"));
    if loose { Vec::new() } else { found }
}

/// What to say where a name of the key is not one of the table's.
pub(crate) fn meant(word: &str, known: &[String]) -> String {
    nearest(word, known.iter().map(String::as_str))
        .map(|name| format!(" (did you mean {name}?)"))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn conditions(value: Value) -> Vec<Condition> {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn every_name_and_value_is_a_placeholder() {
        let mut expressions = Expressions::default();
        let all = conditions(json!([
            {"attribute": "status", "op": "=", "value": "open"},
            {"attribute": "a.status[2].\"x.y\"", "op": "between", "value": [1, 2]},
            {"attribute": "kind", "op": "in", "value": ["a", "b"]},
            {"attribute": "status", "op": "not_contains", "value": null},
            {"attribute": "gone", "op": "not_exists"},
            {"attribute": "t", "op": "type", "value": "NS"},
        ]));
        let text = expressions.all(&all, Some("size(#raw) > :n")).unwrap().unwrap();
        assert_eq!(
            text,
            "#a0 = :v0 AND #a1.#a0[2].#a2 BETWEEN :v1 AND :v2 AND #a3 IN (:v3, :v4) AND NOT contains(#a0, :v5) \
             AND attribute_not_exists(#a4) AND attribute_type(#a5, :v6) AND (size(#raw) > :n)"
        );
        assert_eq!(expressions.names["#a2"], "x.y");
        assert_eq!(expressions.values[":v5"], AttributeValue::Null(true));
    }

    #[test]
    fn a_callers_own_placeholders_are_kept() {
        let names = json!({"#a0": "mine"});
        let values = Item(json!({":v0": 1}).as_object().unwrap().clone());
        let mut expressions = Expressions::with(names.as_object(), Some(&values)).unwrap();
        let all = conditions(json!([{"attribute": "x", "op": "=", "value": 2}]));
        assert_eq!(expressions.all(&all, Some("#a0 = :v0")).unwrap().unwrap(), "#a1 = :v1 AND (#a0 = :v0)");
        let bad = json!({"status": "x"});
        assert!(Expressions::with(bad.as_object(), None).unwrap_err().message.contains("#s"));
        let bad = Item(json!({"v": 1}).as_object().unwrap().clone());
        assert!(Expressions::with(None, Some(&bad)).unwrap_err().message.contains(":s"));
    }

    #[test]
    fn a_value_that_does_not_fit_is_told() {
        for (bad, words) in [
            (json!({"attribute": "a", "op": "between", "value": [1]}), "[low, high]"),
            (json!({"attribute": "a", "op": "="}), "a value, not none"),
            (json!({"attribute": "a", "op": "exists", "value": 1}), "no value"),
            (json!({"attribute": "a", "op": "type", "value": "string"}), "SS"),
            (json!({"attribute": "a", "op": "in", "value": []}), "1 to 100"),
        ] {
            let error = Expressions::default().all(&conditions(json!([bad])), None).unwrap_err();
            assert!(error.message.contains(words), "{error}");
        }
    }

    #[test]
    fn keys_take_only_what_keys_take() {
        let error = check_key(&conditions(json!([{"attribute": "sk", "op": ">", "value": 1}]))).unwrap_err();
        assert!(error.message.contains("no condition with ="), "{error}");
        let all = json!([{"attribute": "pk", "op": "=", "value": 1}, {"attribute": "sk", "op": "contains", "value": 1}]);
        let error = check_key(&conditions(all)).unwrap_err();
        assert!(
            error.message.starts_with("contains on sk") && error.next.as_ref().unwrap().contains("`filter`")
        );
    }

    #[test]
    fn raw_equality_is_seen() {
        let names = json!({"#p": "pk"});
        let expressions = Expressions::with(names.as_object(), None).unwrap();
        assert_eq!(equals("#p = :a AND (b=:c) AND d >= :e AND f = g", &expressions), ["pk", "b"]);
        assert!(equals("#p = :a or b = :c", &expressions).is_empty());
    }

    proptest! {
        #[test]
        fn no_text_makes_a_path_panic_and_good_ones_come_back(text in ".{0,20}") {
            if let Ok(path) = Path::parse(&text) {
                prop_assert_eq!(Path::parse(&path.to_string()).unwrap(), path);
            }
        }
    }
}
