//! Which members of an input name the resources that an action is used on: the templates of a need.
//!
//! AWS says of an action on which types of resources it is used, and of a type what its ARNs look like. A variable of that
//! form is filled by the member that is called like it, or like the type; what no member carries stays open.

use std::path::Path;

use anyhow::Result;
use serde_json::Value;

use super::risks::words;
use super::rows::{self, Row, fits};
use crate::iam::{Action, Service};

/// How deep in an input a member may be that names a resource.
const DEEPEST: usize = 3;

/// A member of an input that holds a text, or texts.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    /// From the input down: `Delete.Objects.Key`.
    pub(super) path: String,
    /// Its own name in small letters.
    name: String,
    /// Whether it stands in the input itself.
    is_top: bool,
    is_required: bool,
}

/// The members that are called otherwise than what they name.
pub(super) struct Names(Vec<Row>);

/// The templates of a need.
#[derive(Debug, Default)]
pub(super) struct Templates {
    pub(super) on: Vec<String>,
    pub(super) also: Vec<String>,
}

/// An operation whose resources are looked for.
pub(super) struct Place<'p> {
    pub(super) service: &'p str,
    pub(super) operation: &'p str,
    pub(super) slots: &'p [Slot],
}

impl Place<'_> {
    /// Whether one of the templates is filled by a member that every call gives.
    fn requires_one(&self, templates: &[String]) -> bool {
        let names = |slot: &Slot| templates.iter().any(|it| it.contains(&format!("{{{}}}", slot.path)));
        self.slots.iter().any(|slot| slot.is_required && names(slot))
    }
}

/// Every member of the operation's input that holds texts.
pub(super) fn slots(service: &Value, operation: &Value) -> Vec<Slot> {
    let mut found = Vec::new();
    if let Some(shape) = operation.pointer("/input/shape").and_then(Value::as_str) {
        collect(service, shape, "", 0, &mut found);
    }
    found
}

fn shape_of<'s>(service: &'s Value, name: &str) -> Option<&'s Value> {
    service.get("shapes")?.get(name)
}

fn collect(service: &Value, shape: &str, above: &str, depth: usize, found: &mut Vec<Slot>) {
    let part = |key: &str| shape_of(service, shape).and_then(|it| it.get(key));
    let members = part("members").and_then(Value::as_object);
    let required = part("required").and_then(Value::as_array);
    for (name, member) in members.into_iter().flatten() {
        let path = if above.is_empty() { name.clone() } else { format!("{above}.{name}") };
        let Some(mut of) = member.get("shape").and_then(Value::as_str) else { continue };
        // A list of lists names nothing.
        let kind = |of: &str| shape_of(service, of).and_then(|it| it.get("type")).and_then(Value::as_str);
        if kind(of) == Some("list") {
            let element = shape_of(service, of).and_then(|it| it.pointer("/member/shape"));
            of = element.and_then(Value::as_str).unwrap_or_default();
        }
        match kind(of) {
            Some("string") => {
                let is_required = required.is_some_and(|all| all.iter().any(|it| it == name));
                let is_top = above.is_empty();
                found.push(Slot {
                    name: name.to_lowercase(),
                    is_top,
                    is_required: is_top && is_required,
                    path,
                });
            }
            Some("structure") if depth + 1 < DEEPEST => collect(service, of, &path, depth + 1, found),
            _ => {}
        }
    }
}

impl Names {
    pub(super) fn read(directory: &Path) -> Result<Names> {
        Ok(Names(rows::read(directory, "members.txt")?))
    }

    /// What the table says of a variable: the first of its members that the input has.
    fn of(&self, place: &Place<'_>, variable: &str) -> Option<String> {
        let name = format!("{}.{}", place.service, place.operation);
        let fitting = self.0.iter().filter(|row| row.key == place.service || fits(&row.key, &name));
        let named = fitting.filter(|row| row.left.iter().any(|it| it == variable));
        named.flat_map(|row| &row.right).find(|member| has(place, member)).cloned()
    }

    /// The members of which a call gives one: those that the table says of a variable, where none of them is required.
    fn choices(&self, place: &Place<'_>, variable: &str) -> Vec<String> {
        let own = self.0.iter().filter(|row| row.key == place.service);
        let named = own.filter(|row| row.left.iter().any(|it| it == variable)).flat_map(|row| &row.right);
        let found: Vec<String> = named.filter(|member| has(place, member)).cloned().collect();
        let is_required = |member: &String| place.slots.iter().any(|it| it.is_required && it.path == *member);
        if found.len() < 2 || found.iter().any(is_required) { Vec::new() } else { found }
    }

    /// The templates of an action that the operation takes.
    pub(super) fn templates(&self, place: &Place<'_>, service: &Service, action: &Action) -> Templates {
        let mut found = Templates::default();
        let types = action.required.len() + action.optional.len();
        // Where another type is touched too, what a call does not give must not go unsaid.
        let is_alone = action.required.len() == 1;
        for kind in &action.required {
            if let Some(form) = service.resources.get(kind) {
                let filled = self.filled(place, kind, form, types == 1);
                let choices = last_variable(form).map(|it| self.choices(place, it)).unwrap_or_default();
                if let Some(first) = choices.first() {
                    let other = |it: &String| match is_arn(it) {
                        true => format!("{{{it}}}"),
                        false => filled.template.replace(&format!("{{{first}}}"), &format!("{{{it}}}")),
                    };
                    let into = if is_alone { &mut found.also } else { &mut found.on };
                    into.extend(choices.iter().map(other));
                    continue;
                }
                let alike = if filled.is_open_end { alike(place, kind, form) } else { Vec::new() };
                match alike {
                    none if none.is_empty() => found.on.push(filled.template),
                    // A call gives one of them.
                    several if is_alone && several.len() > 1 && !place.requires_one(&several) => {
                        found.also.extend(several);
                    }
                    alike => found.on.extend(alike),
                }
            }
        }
        for kind in action.optional.iter().filter(|kind| !action.required.contains(kind)) {
            let Some(form) = service.resources.get(kind) else { continue };
            let filled = self.filled(place, kind, form, types == 1);
            if filled.is_whole {
                found.also.push(filled.template);
            }
        }
        if types > 0 && found.on.is_empty() && found.also.is_empty() {
            // It is one of several kinds, and says itself of which.
            let arns = place.slots.iter().filter(|slot| slot.is_required && is_arn(&slot.path));
            found.on.extend(arns.map(|slot| format!("{{{}}}", slot.path)));
        }
        found.on.sort();
        found.on.dedup();
        found.also.sort();
        found.also.dedup();
        found.also.retain(|template| !found.on.contains(template));
        found
    }

    /// The form of a type with its variables filled.
    fn filled(&self, place: &Place<'_>, kind: &str, form: &str, is_only: bool) -> Filled {
        // Of two generations of a service the first form is the newer one's.
        let form = form.split(", ").next().unwrap_or(form);
        // A form without variables that ends with anything has a name there.
        let named = form.strip_suffix('*').filter(|_| !has_variables(form));
        let named = named.map(|before| format!("{before}${{{kind}}}"));
        let form = named.as_deref().unwrap_or(form);
        let parts: Vec<&str> = split(form);
        let [head @ .., resource] = parts.as_slice() else { return Filled::everything() };
        if head.len() != 5 {
            return Filled::everything();
        }
        let pieces = pieces(resource);
        let count = pieces.iter().filter(|piece| matches!(piece, Piece::Variable(_))).count();
        let (mut text, mut at, mut is_whole, mut is_open_end) = (String::new(), 0, count > 0, false);
        let mut used = Vec::new();
        for piece in pieces {
            let Piece::Variable(variable) = piece else {
                if let Piece::Text(own) = piece {
                    text.push_str(own);
                }
                continue;
            };
            at += 1;
            let is_last = at == count;
            match self.member(place, kind, variable, is_last, is_only) {
                Some(member) if is_last && is_arn(&member) => {
                    let template = format!("{{{member}}}");
                    return Filled { template, is_whole: true, is_open_end: false };
                }
                // What names it already does not name it twice: a name is given, and what AWS made of it stays open.
                Some(member) if used.contains(&member) => text.push('*'),
                Some(member) if member.contains('{') => text.push_str(&member),
                Some(member) if !is_arn(&member) => {
                    text.push_str(&format!("{{{member}}}"));
                    used.push(member);
                }
                _ => {
                    text.push('*');
                    is_whole = false;
                    is_open_end = is_last;
                }
            }
        }
        let head: Vec<String> = head.iter().map(|part| filled_head(part)).collect();
        Filled { template: format!("{}:{text}", head.join(":")), is_whole, is_open_end }
    }

    /// The member that fills a variable of a form.
    fn member(
        &self,
        place: &Place<'_>,
        kind: &str,
        variable: &str,
        is_last: bool,
        is_only: bool,
    ) -> Option<String> {
        if let Some(member) = self.of(place, variable) {
            return Some(member);
        }
        let names = candidates(kind, variable, is_last);
        let specific = names.iter().find_map(|name| {
            let called = |slot: &&Slot| slot.name == *name && !is_environment(&slot.path);
            place.slots.iter().filter(called).min_by_key(|slot| (!slot.is_top, slot.path.len()))
        });
        let general = || {
            let names: &[&str] = match (is_last, self.is_noun(place, kind)) {
                (false, _) => &[],
                (true, true) => &GENERAL,
                (true, false) if is_only && place.operation.starts_with("Create") => &ARNS,
                (true, false) if is_only => &GENERAL_ONLY,
                (true, false) => &ARNS,
            };
            names.iter().find_map(|name| place.slots.iter().find(|slot| slot.is_top && slot.name == **name))
        };
        specific.or_else(general).map(|slot| slot.path.clone())
    }

    /// Whether the operation is named after the type: `CreateTopic` and `topic`.
    fn is_noun(&self, place: &Place<'_>, kind: &str) -> bool {
        let noun: String = words(place.operation).iter().skip(1).map(|word| word.to_lowercase()).collect();
        let kind = small(kind);
        !kind.is_empty() && (noun == kind || noun == format!("{kind}s") || noun.starts_with(&kind))
    }
}

/// What a general member says where the operation is named after the type.
const GENERAL: [&str; 12] = [
    "arn",
    "resourcearn",
    "arns",
    "resourcearns",
    "id",
    "identifier",
    "name",
    "ids",
    "identifiers",
    "names",
    "resourceid",
    "resourcename",
];
/// What it says where there is but one type.
const GENERAL_ONLY: [&str; 10] = [
    "resourcearn",
    "resourcearns",
    "arn",
    "arns",
    "resourceid",
    "resourceidentifier",
    "resource",
    "id",
    "identifier",
    "name",
];
/// An ARN says itself of which type it is.
const ARNS: [&str; 6] = ["resourcearn", "resourcearns", "resourcearnlist", "arn", "arns", "resource"];

struct Filled {
    template: String,
    /// Whether every variable has a member.
    is_whole: bool,
    /// Whether the last of them has none.
    is_open_end: bool,
}

impl Filled {
    fn everything() -> Filled {
        Filled { template: "*".to_owned(), is_whole: false, is_open_end: false }
    }
}

fn has(place: &Place<'_>, member: &str) -> bool {
    let inner = member.split_once('{').and_then(|(_, rest)| Some(rest.split_once('}')?.0));
    let member = inner.unwrap_or(member);
    let (path, reader) = member.split_once(':').unwrap_or((member, ""));
    reader == "keys" || place.slots.iter().any(|slot| slot.path == path)
}

/// What stands for the call's own partition, region and account in a template.
fn is_environment(path: &str) -> bool {
    matches!(path, "partition" | "region" | "account")
}

/// Whether a member holds an ARN, going by its name.
fn is_arn(member: &str) -> bool {
    let name = member.rsplit('.').next().unwrap_or(member).to_lowercase();
    name.ends_with("arn") || name.ends_with("arns") || name.ends_with("arnlist") || name == "resource"
}

/// The templates of a type by the members that end like it, or that it ends like: `SourceSnapshotId` of a snapshot, and
/// `PolicyId` of an approval policy.
fn alike(place: &Place<'_>, kind: &str, form: &str) -> Vec<String> {
    let kind = small(kind);
    let kind = kind.strip_suffix('s').unwrap_or(&kind);
    let is_alike = |slot: &&Slot| {
        let name = slot.name.strip_suffix('s').unwrap_or(&slot.name);
        let stem = ENDS.iter().find_map(|end| name.strip_suffix(end)).unwrap_or_default();
        // An ARN of the kind says which of several that are called alike: a rule of a listener.
        let fits = stem.ends_with(kind) || kind.ends_with(stem) || is_arn(&slot.path) && kind.contains(stem);
        slot.is_top && stem.len() > 3 && kind.len() > 3 && fits
    };
    let mut found: Vec<&Slot> = place.slots.iter().filter(is_alike).collect();
    if found.iter().any(|slot| slot.is_required) {
        found.retain(|slot| slot.is_required);
    }
    let single = pieces(form.splitn(6, ':').last().unwrap_or_default());
    let single = single.iter().filter(|piece| matches!(piece, Piece::Variable(_))).count() == 1;
    let fill = |slot: &&Slot| match form
        .rsplit_once("${")
        .and_then(|(before, rest)| Some((before, rest.split_once('}')?.1)))
    {
        _ if is_arn(&slot.path) => Some(format!("{{{}}}", slot.path)),
        Some((before, behind)) if single => {
            let head: Vec<String> = before.splitn(6, ':').map(filled_head).collect();
            Some(format!("{}{{{}}}{behind}", head.join(":"), slot.path))
        }
        _ => None,
    };
    found.iter().filter_map(fill).collect()
}

/// The names of a member that fills the variable, the most certain first.
fn candidates(kind: &str, variable: &str, is_last: bool) -> Vec<String> {
    let mut names = vec![small(variable)];
    let own = small(variable);
    let stem = ENDS.iter().find_map(|end| own.strip_suffix(end).filter(|stem| !stem.is_empty()));
    let mut stems = vec![stem.unwrap_or(&own).to_owned()];
    if is_last {
        let kind = small(kind);
        stems.extend(kind.strip_suffix('s').map(str::to_owned));
        stems.push(kind);
    }
    stems.dedup();
    for stem in stems.iter().filter(|stem| stem.len() > 1) {
        for end in
            ["name", "id", "identifier", "arn", "", "names", "ids", "identifiers", "arns", "s", "arnlist"]
        {
            names.push(format!("{stem}{end}"));
        }
        if let Some(stem) = stem.strip_suffix('y') {
            names.push(format!("{stem}ies"));
        }
    }
    names
}

/// What a variable's name ends with that says nothing of what it names.
const ENDS: [&str; 5] = ["withpath", "identifier", "name", "arn", "id"];

fn small(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
}

/// A part before the resource: what is the call's own, or anything.
fn filled_head(part: &str) -> String {
    match part.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')) {
        Some("Partition") => "{partition}".to_owned(),
        Some("Region") => "{region}".to_owned(),
        Some(name) if name.contains("Account") => "{account}".to_owned(),
        Some(_) => "*".to_owned(),
        None => part.to_owned(),
    }
}

fn last_variable(form: &str) -> Option<&str> {
    let form = form.split(", ").next().unwrap_or(form);
    form.rsplit_once("${").and_then(|(_, rest)| Some(rest.split_once('}')?.0))
}

/// Whether the resource of a form has a variable.
fn has_variables(form: &str) -> bool {
    split(form).last().is_some_and(|resource| resource.contains("${"))
}

enum Piece<'f> {
    Text(&'f str),
    Variable(&'f str),
}

/// The six parts of a form.
fn split(form: &str) -> Vec<&str> {
    form.splitn(6, ':').collect()
}

fn pieces(mut text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    while let Some((before, (variable, behind))) =
        text.split_once("${").and_then(|(before, rest)| Some((before, rest.split_once('}')?)))
    {
        if !before.is_empty() {
            pieces.push(Piece::Text(before));
        }
        pieces.push(Piece::Variable(variable));
        text = behind;
    }
    if !text.is_empty() {
        pieces.push(Piece::Text(text));
    }
    pieces
}

/// The resource of an operation that is named like its path, such as those of API Gateway: the members that fill the path
/// by the names that they have there.
pub(super) fn by_path(prefix: &str, service: &Value, operation: &Value) -> String {
    let path = operation.pointer("/http/requestUri").and_then(Value::as_str).unwrap_or_default();
    let path = path.split('?').next().unwrap_or_default();
    let path = path.strip_prefix("/v2").unwrap_or(path).trim_end_matches('/');
    let shape = operation.pointer("/input/shape").and_then(Value::as_str);
    let members = shape.and_then(|it| shape_of(service, it)).and_then(|it| it.get("members"));
    let members = members.and_then(Value::as_object);
    let called = |wire: &str| {
        let mut all = members.into_iter().flatten();
        let of = |member: &Value| member.get("locationName").and_then(Value::as_str) == Some(wire);
        all.find(|(name, member)| of(member) || name.as_str() == wire).map(|(name, _)| name.clone())
    };
    let mut out = String::new();
    for (number, part) in path.split('{').enumerate() {
        let Some((label, behind)) = part.split_once('}').filter(|_| number > 0) else {
            out.push_str(part);
            continue;
        };
        match called(label.trim_end_matches('+')) {
            Some(member) if is_arn(&member) => return format!("{{{member}}}"),
            Some(member) => out.push_str(&format!("{{{member}}}")),
            None => out.push('*'),
        }
        out.push_str(behind);
    }
    format!("arn:{{partition}}:{prefix}:{{region}}::{out}")
}
