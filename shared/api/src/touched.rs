//! What a call touches: the ARNs that its input names, by the templates of its operation and by its own words.
//!
//! Nothing is guessed in the caller's favour. A name is a name of the call's own account, an ARN of the template's own
//! kind stands for itself, and whatever else holds a colon might be read by AWS as anything: it becomes an ARN that only
//! a list of everything covers.

use awsmcp_spec::{Arn, Environment, Risk, texts};
use serde_json::{Map, Value};

use crate::model::Operation;

mod reading;
mod template;

use reading::Named;
use template::{Piece, Reader, Template};

/// The IAM actions that a call with this input takes, each with an ARN that it takes it on; `*` is everything.
///
/// What AWS asks no action for is about nothing where it looks, and about everything else where it does more: no list of
/// ARNs can say which part of it is meant.
///
/// Besides what the templates say, every ARN anywhere in the input is touched: by the operation's first action, or by
/// `iam:PassRole` where it is a role that the call hands on.
pub fn touched(
    operation: &Operation,
    input: &Map<String, Value>,
    environment: Environment<'_>,
) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for need in &operation.needs {
        let given = need.also.iter().filter(|template| is_given(template, input));
        for template in need.on.iter().chain(given) {
            found
                .extend(arns(template, input, environment).into_iter().map(|arn| (need.action.clone(), arn)));
        }
    }
    if let Some(need) = operation.needs.first().filter(|_| found.is_empty()) {
        found.push((need.action.clone(), "*".to_owned()));
    }
    if operation.needs.is_empty() && operation.risk != Risk::Read {
        found.push(("*".to_owned(), "*".to_owned()));
    }
    let first = operation.needs.first().map(|need| need.action.as_str());
    let mut named = Vec::new();
    members(input, &mut |key, text| {
        if let Ok(arn) = Arn::parse(text) {
            let is_role = arn.service == "iam" && arn.resource.starts_with("role/");
            let action = if is_role && is_handed_on(key) { Some("iam:PassRole") } else { first };
            named.extend(action.map(|action| (action.to_owned(), text.to_owned())));
        }
    });
    named.retain(|(_, arn)| !found.iter().any(|(_, known)| known == arn));
    found.extend(named);
    found.sort();
    found.dedup();
    found
}

/// Whether the input gives the last member of a template: what stands before it only says where it is.
fn is_given(template: &str, input: &Map<String, Value>) -> bool {
    let members = Template::new(template).members();
    members.last().is_some_and(|(path, reader)| !values(path, *reader, input).is_empty())
}

/// The texts of a member; an empty one says no more than an absent one.
fn values(path: &str, reader: Reader, input: &Map<String, Value>) -> Vec<String> {
    let mut all = match reader {
        Reader::Keys => keys(path, input),
        _ => texts(path, input),
    };
    all.retain(|text| !text.is_empty());
    all
}

/// The names that a map has, where what they name is a resource each.
fn keys(path: &str, input: &Map<String, Value>) -> Vec<String> {
    match path.split_once('.') {
        Some((first, rest)) => match input.get(first) {
            Some(Value::Object(inner)) => keys(rest, inner),
            _ => Vec::new(),
        },
        None => match input.get(path) {
            Some(Value::Object(map)) => map.keys().cloned().collect(),
            _ => Vec::new(),
        },
    }
}

/// What a template stands for so far: its text, behind the ARN's first parts where an argument brought its own.
#[derive(Clone, Debug, Default)]
struct Draft {
    own: Option<Arn>,
    text: String,
    unknown: bool,
    /// Whether an ARN said all of it: of a stack its name, and what AWS put behind that.
    is_done: bool,
}

/// The ARNs that a template stands for in a call with this input.
fn arns(template: &str, input: &Map<String, Value>, environment: Environment<'_>) -> Vec<String> {
    let template = Template::new(template);
    let Some(head) = &template.head else {
        return whole(&template, input);
    };
    let mut drafts = vec![Draft::default()];
    let last = template.resource.len().saturating_sub(1);
    for (at, piece) in template.resource.iter().enumerate() {
        match piece {
            Piece::Text(text) => {
                for draft in drafts.iter_mut().filter(|draft| !draft.is_done) {
                    // An ARN brings the end of its kind with it: `log-group:name:*`.
                    if !(draft.own.is_some() && at == last && draft.text.ends_with(text)) {
                        draft.text.push_str(text);
                    }
                }
            }
            Piece::Member(path, reader) => {
                let place = reading::Place { template: &template, at, reader: *reader };
                let mut read: Vec<Named> =
                    values(path, *reader, input).into_iter().map(|text| place.read(text)).collect();
                if read.is_empty() {
                    read.push(Named::Name("*".to_owned()));
                }
                let mut behind = template.resource.iter().skip(at + 1);
                let is_last = !behind.any(|piece| matches!(piece, Piece::Member(..)));
                let whole = is_last.then_some(&template);
                let next =
                    |draft: &Draft| read.iter().map(|named| draft.with(named, whole)).collect::<Vec<_>>();
                drafts = drafts.iter().flat_map(next).collect();
            }
        }
    }
    let starts = starts(head, input, environment);
    let arns = drafts.iter().flat_map(|draft| starts.iter().map(|start| draft.arn(start, environment)));
    arns.collect()
}

impl Draft {
    /// What it stands for with a value; `template` where no other member is behind this one.
    fn with(&self, named: &Named, template: Option<&Template<'_>>) -> Draft {
        let mut next = self.clone();
        match named {
            Named::Name(name) => next.text.push_str(name),
            Named::Elsewhere { account, name } => {
                next.own = Some(Arn {
                    partition: String::new(),
                    service: String::new(),
                    region: String::new(),
                    account: account.clone(),
                    resource: String::new(),
                });
                next.text.push_str(name);
            }
            Named::Itself(arn) => {
                next.text.clone_from(&arn.resource);
                next.is_done = template.is_some_and(|template| template.is_all_of(&arn.resource));
                next.own = Some(arn.clone());
            }
            Named::Unknown => next.unknown = true,
        }
        next
    }

    /// `start` is `arn:partition:service:region:account` of the template.
    fn arn(&self, start: &str, environment: Environment<'_>) -> String {
        let text = &self.text;
        match &self.own {
            _ if self.unknown => unknown(environment.partition),
            None => format!("{start}:{text}"),
            // Only the account is known to be another.
            Some(own) if own.service.is_empty() => {
                let before = start.rsplit_once(':').map_or(start, |(before, _)| before);
                format!("{before}:{}:{text}", own.account)
            }
            Some(Arn { partition, service, region, account, .. }) => {
                format!("arn:{partition}:{service}:{region}:{account}:{text}")
            }
        }
    }
}

/// An ARN that only a list of everything covers.
fn unknown(partition: &str) -> String {
    format!("arn:{partition}:?:?:?:?")
}

/// `*`, or a member that is an ARN as a whole.
fn whole(template: &Template<'_>, input: &Map<String, Value>) -> Vec<String> {
    let Some((path, reader)) = template.members().into_iter().next() else {
        return vec!["*".to_owned()];
    };
    let given = values(path, reader, input);
    if given.is_empty() {
        return vec!["*".to_owned()];
    }
    given.into_iter().map(|text| if Arn::parse(&text).is_ok() { text } else { unknown("aws") }).collect()
}

/// The parts before the resource, filled: one for each value that a member in them has.
fn starts(head: &[Vec<Piece<'_>>], input: &Map<String, Value>, environment: Environment<'_>) -> Vec<String> {
    let mut starts = vec![String::new()];
    for (number, part) in head.iter().enumerate() {
        if number > 0 {
            starts.iter_mut().for_each(|start| start.push(':'));
        }
        for piece in part {
            let filled = match piece {
                Piece::Text(text) => vec![(*text).to_owned()],
                Piece::Member("partition", _) => vec![environment.partition.to_owned()],
                Piece::Member("region", _) => vec![environment.region.to_owned()],
                Piece::Member("account", _) => vec![environment.account.to_owned()],
                Piece::Member(path, reader) => match values(path, *reader, input) {
                    none if none.is_empty() => vec!["*".to_owned()],
                    // What holds a colon would move the parts behind it.
                    all => all.into_iter().map(|it| if it.contains(':') { "?".into() } else { it }).collect(),
                },
            };
            starts =
                starts.iter().flat_map(|start| filled.iter().map(move |it| format!("{start}{it}"))).collect();
        }
    }
    starts
}

/// Whether a member of this name takes a role that the service will act as.
fn is_handed_on(key: &str) -> bool {
    let key = key.to_lowercase();
    ["role", "roles", "rolearn", "rolearns"].iter().any(|end| key.ends_with(end))
}

/// Every text of an input, with the name of the member that it is of, the names of maps among them.
fn members(of: &Map<String, Value>, seen: &mut impl FnMut(&str, &str)) {
    for (key, value) in of {
        seen("", key);
        member(key, value, seen);
    }
}

fn member(key: &str, value: &Value, seen: &mut impl FnMut(&str, &str)) {
    match value {
        Value::String(text) => seen(key, text),
        Value::Array(all) => all.iter().for_each(|it| member(key, it, seen)),
        Value::Object(inner) => members(inner, seen),
        _ => {}
    }
}

#[cfg(test)]
mod tests;
