//! An input before it is written: held to its model, and completed with what nobody has to give.

use serde_json::{Map, Value};

use crate::model::{Kind, Location, Member, Model, Operation, Shape};
use crate::writing::{bytes, fraction, time, whole};

/// What an input says that the operation does not understand, with what it would.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {reason}")]
pub(crate) struct Wrong {
    /// Where in the input, such as `Filters[0].Values`; `input` for the whole of it.
    pub(crate) place: String,
    /// What is wrong there, and what would be right.
    pub(crate) reason: String,
}

/// How deep an input may be: AWS's own are some ten deep.
const DEEPEST: usize = 100;

/// Holds an input to the operation's model: no unknown members, none missing that is required, each of its type.
pub(crate) fn check(model: &Model, operation: &Operation, input: &Map<String, Value>) -> Result<(), Wrong> {
    let place = Place { above: None, step: Step::Member("") };
    match operation.input.as_deref().and_then(|name| model.shape(name)) {
        Some(shape) => Check { model }.structure(shape, input, &place),
        None if input.is_empty() => Ok(()),
        None => Err(place.wrong("this operation takes no input")),
    }
}

/// Puts a token where the model says that AWS knows a repeated request by one, and none is given.
pub(crate) fn complete(
    model: &Model,
    operation: &Operation,
    input: &mut Map<String, Value>,
    token: impl Fn() -> String,
) {
    let Some(shape) = operation.input.as_deref().and_then(|name| model.shape(name)) else { return };
    for (name, _) in shape.members.iter().filter(|(_, member)| member.token) {
        if input.get(name).is_none_or(Value::is_null) {
            input.insert(name.to_owned(), token().into());
        }
    }
}

/// What the operation puts before its host, with its labels filled in.
pub(crate) fn host_prefix(
    operation: &Operation,
    input: &Map<String, Value>,
) -> Result<Option<String>, Wrong> {
    let Some(template) = operation.host_prefix.as_deref() else { return Ok(None) };
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        let value = input.get(name).and_then(Value::as_str).unwrap_or_default();
        let fits = (1..=63).contains(&value.len())
            && value.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-')
            && !value.starts_with('-');
        if !fits {
            let reason =
                format!("{value:?} becomes part of the host, so it is up to 63 letters, digits and hyphens");
            return Err(Wrong { place: name.to_owned(), reason });
        }
        out.push_str(before);
        out.push_str(value);
        rest = after;
    }
    out.push_str(rest);
    Ok(Some(out))
}

/// Where in the input the check is.
struct Place<'p> {
    above: Option<&'p Place<'p>>,
    step: Step<'p>,
}

enum Step<'p> {
    Member(&'p str),
    Element(usize),
}

impl Place<'_> {
    fn wrong(&self, reason: impl Into<String>) -> Wrong {
        let text = self.text();
        Wrong { place: if text.is_empty() { "input".to_owned() } else { text }, reason: reason.into() }
    }

    fn text(&self) -> String {
        let above = self.above.map(Place::text).unwrap_or_default();
        match self.step {
            Step::Element(number) => format!("{above}[{number}]"),
            Step::Member(name) if above.is_empty() => name.to_owned(),
            Step::Member(name) => format!("{above}.{name}"),
        }
    }

    fn depth(&self) -> usize {
        1 + self.above.map_or(0, Place::depth)
    }
}

struct Check<'m> {
    model: &'m Model,
}

impl Check<'_> {
    fn structure(&self, shape: &Shape, value: &Map<String, Value>, at: &Place<'_>) -> Result<(), Wrong> {
        if at.depth() > DEEPEST {
            return Err(at.wrong(format!("more than {DEEPEST} levels deep")));
        }
        for (name, value) in value {
            let place = Place { above: Some(at), step: Step::Member(name) };
            let Some(member) = shape.members.get(name) else { return Err(unknown(shape, name, at)) };
            if !value.is_null() {
                self.member(member, value, &place)?;
            }
        }
        let given = |name: &str| value.get(name).is_some_and(|it| !it.is_null());
        let bound = |member: &Member| member.location.is_some_and(Location::is_of_path);
        let missing: Vec<&str> = shape
            .members
            .iter()
            .filter(|(name, member)| bound(member) || shape.required.iter().any(|it| it == name))
            // AWS knows a repeated request by it, so one is made up.
            .filter(|(name, member)| !member.token && !given(name))
            .map(|(name, _)| name)
            .collect();
        if !missing.is_empty() {
            return Err(at.wrong(format!("{} missing", listed(&missing))));
        }
        if shape.union && value.values().filter(|it| !it.is_null()).count() != 1 {
            let names: Vec<&str> = shape.members.iter().map(|(name, _)| name).collect();
            return Err(at.wrong(format!("exactly one of {} is given", names.join(", "))));
        }
        Ok(())
    }

    fn member(&self, member: &Member, value: &Value, at: &Place<'_>) -> Result<(), Wrong> {
        if member.location.is_some_and(Location::is_of_path) && value == "" {
            // Without it the path would be another thing's: that of the whole bucket, say.
            return Err(at.wrong("it is part of the path, so it cannot be empty"));
        }
        let is_step = |text: &str| text.split('/').any(|step| matches!(step, "." | ".."));
        if member.location == Some(Location::Uri)
            && self.model.name != "s3"
            && value.as_str().is_some_and(is_step)
        {
            // Whoever resolves it on the way makes it the path of another thing. S3 resolves nothing.
            return Err(at.wrong("it is part of the path, so no step of it can be . or .."));
        }
        if matches!(member.location, Some(Location::Header | Location::Headers)) {
            header(value, at)?;
        }
        if member.json {
            return Ok(());
        }
        self.value(&member.shape, value, at)
    }

    fn value(&self, name: &str, value: &Value, at: &Place<'_>) -> Result<(), Wrong> {
        let Some(shape) = self.model.shape(name) else {
            return Err(at.wrong("the model does not say what it is"));
        };
        if shape.document {
            return Ok(());
        }
        if shape.eventstream {
            return Err(at.wrong("a stream of events cannot be sent"));
        }
        match (shape.kind, value) {
            (Kind::Structure, Value::Object(value)) => self.structure(shape, value, at),
            (Kind::List, Value::Array(all)) => {
                let part = shape.member.as_ref();
                all.iter().enumerate().try_for_each(|(number, value)| {
                    let place = Place { above: Some(at), step: Step::Element(number) };
                    self.part(part, shape.sparse, value, &place)
                })
            }
            (Kind::Map, Value::Object(all)) => all.iter().try_for_each(|(key, value)| {
                let place = Place { above: Some(at), step: Step::Member(key) };
                self.part(shape.value.as_ref(), shape.sparse, value, &place)
            }),
            _ if simple(shape.kind, value) => Ok(()),
            (kind, _) => Err(at.wrong(format!("it must be {}", wanted(kind)))),
        }
    }

    fn part(&self, part: Option<&Member>, sparse: bool, value: &Value, at: &Place<'_>) -> Result<(), Wrong> {
        match part {
            _ if value.is_null() && sparse => Ok(()),
            _ if value.is_null() => Err(at.wrong("it cannot be null")),
            Some(part) => self.value(&part.shape, value, at),
            None => Err(at.wrong("the model does not say what it is")),
        }
    }
}

/// What becomes a header holds no line breaks, and a name of one is a name.
fn header(value: &Value, at: &Place<'_>) -> Result<(), Wrong> {
    let texts: Vec<&str> = match value {
        Value::String(text) => vec![text],
        Value::Array(all) => all.iter().filter_map(Value::as_str).collect(),
        Value::Object(all) => {
            let is_name = |it: u8| it.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&it);
            if let Some(name) = all.keys().find(|name| name.is_empty() || !name.bytes().all(is_name)) {
                return Err(at.wrong(format!("{name:?} cannot be the name of a header")));
            }
            all.values().filter_map(Value::as_str).collect()
        }
        _ => Vec::new(),
    };
    match texts.iter().any(|text| text.chars().any(|it| it.is_control() && it != '\t')) {
        true => Err(at.wrong("it becomes a header, so it holds no control characters")),
        false => Ok(()),
    }
}

fn simple(kind: Kind, value: &Value) -> bool {
    match kind {
        Kind::String => value.is_string(),
        Kind::Boolean => value.is_boolean(),
        Kind::Integer => whole(value).is_some_and(|number| i32::try_from(number).is_ok()),
        Kind::Long => whole(value).is_some(),
        Kind::Float | Kind::Double => fraction(value).is_some(),
        Kind::Timestamp => time(value).is_some(),
        Kind::Blob => bytes(value).is_some(),
        Kind::Structure | Kind::List | Kind::Map => false,
    }
}

fn wanted(kind: Kind) -> &'static str {
    match kind {
        Kind::Structure => "an object",
        Kind::List => "a list",
        Kind::Map => "an object of names and values",
        Kind::String => "text",
        Kind::Boolean => "true or false",
        Kind::Integer => "a whole number of 32 bits",
        Kind::Long => "a whole number of 64 bits, as text where it has more than 15 digits",
        Kind::Float | Kind::Double => "a number, or \"NaN\", \"Infinity\" or \"-Infinity\"",
        Kind::Timestamp => "a time such as \"2026-01-31T12:00:00Z\", or seconds since 1970",
        Kind::Blob => "bytes in Base64",
    }
}

fn unknown(shape: &Shape, name: &str, at: &Place<'_>) -> Wrong {
    let alike = |own: &str| strsim::jaro_winkler(&own.to_lowercase(), &name.to_lowercase());
    let nearest =
        shape.members.iter().map(|(own, _)| (alike(own), own)).max_by(|(a, _), (b, _)| a.total_cmp(b));
    let hint = match nearest {
        Some((near, own)) if near > 0.8 => format!("; there is {own}"),
        Some(_) => {
            let names: Vec<&str> = shape.members.iter().map(|(own, _)| own).take(SHOWN).collect();
            let more = if shape.members.len() > SHOWN { ", ..." } else { "" };
            format!("; there is {}{more}", names.join(", "))
        }
        None => "; it takes none".to_owned(),
    };
    at.wrong(format!("there is no member {name:?}{hint}"))
}

/// How many members are named to one who named none of them.
const SHOWN: usize = 20;

fn listed(names: &[&str]) -> String {
    format!("{} {}", names.join(", "), if names.len() == 1 { "is" } else { "are" })
}

#[cfg(test)]
mod tests;
