//! Shapes as text that a model reads: members with their types, `?` where they may be left out, as deep as fits.

use awsmcp_api::{Kind, Member, Model, Shape};

/// The most characters of a structure on one line.
const LINE: usize = 100;
/// The most values of an enumeration that are named, where it is not what was asked for.
const VALUES: usize = 10;
/// Deeper than any shape of AWS is shown.
const DEEPEST: usize = 8;

/// A shape as deep as it fits into `most` characters, and whether something in it is closed.
pub(crate) fn fitting(model: &Model, shape: &str, most: usize) -> (String, bool) {
    for depth in (0..=DEEPEST).rev() {
        let mut outline = Outline { model, above: Vec::new(), closed: false, values: VALUES };
        let text = outline.whole(shape, depth);
        if text.chars().count() <= most {
            return (text, outline.closed);
        }
    }
    (names(model, shape, most), true)
}

/// Only the names of a structure's members, those that are required first, as many as fit.
fn names(model: &Model, shape: &str, most: usize) -> String {
    let Some(shape) = model.shape(shape) else { return String::new() };
    let required = |name: &str| shape.required.iter().any(|it| it == name);
    let marked = |name: &str| if required(name) { name.to_owned() } else { format!("{name}?") };
    let mut all: Vec<&str> = shape.members.iter().map(|(name, _)| name).collect();
    all.sort_by_key(|name| !required(name));
    let mut text = String::new();
    for (at, name) in all.iter().enumerate() {
        let next = marked(name);
        if text.len() + next.len() + 20 > most {
            return format!("{{ {text}, and {} more }}", all.len() - at);
        }
        if at > 0 {
            text.push_str(", ");
        }
        text.push_str(&next);
    }
    format!("{{ {text} }}")
}

struct Outline<'m> {
    model: &'m Model,
    /// The structures that the one at hand stands in.
    above: Vec<&'m str>,
    /// Whether something is left closed that could be opened.
    closed: bool,
    values: usize,
}

impl<'m> Outline<'m> {
    /// A shape that was asked for: all values of an enumeration are shown.
    fn whole(&mut self, name: &'m str, depth: usize) -> String
    where
        'm: 'm,
    {
        match self.model.shape(name) {
            Some(shape) if !shape.values.is_empty() => {
                self.values = usize::MAX;
                self.of(name, depth, 0)
            }
            _ => self.of(name, depth + 1, 0),
        }
    }

    fn of(&mut self, name: &'m str, depth: usize, indent: usize) -> String {
        let Some(shape) = self.model.shape(name) else { return "unknown".to_owned() };
        if shape.document {
            return "any JSON".to_owned();
        }
        match shape.kind {
            Kind::Structure => self.structure(name, shape, depth, indent),
            Kind::List => {
                let inner = self.part(shape.member.as_ref(), depth, indent);
                if inner.starts_with('"') && inner.contains('|') {
                    format!("({inner})[]")
                } else {
                    format!("{inner}[]")
                }
            }
            Kind::Map => {
                let value = self.part(shape.value.as_ref(), depth, indent);
                let key = shape.key.as_ref().and_then(|key| self.model.shape(&key.shape));
                match key.filter(|key| !key.values.is_empty()) {
                    Some(key) => format!("{{[{}]: {value}}}", choices(key, self.values)),
                    None => format!("{{[name]: {value}}}"),
                }
            }
            Kind::String if !shape.values.is_empty() => choices(shape, self.values),
            kind => simple(kind, shape),
        }
    }

    fn part(&mut self, part: Option<&'m Member>, depth: usize, indent: usize) -> String {
        part.map_or_else(|| "unknown".to_owned(), |part| self.of(&part.shape, depth, indent))
    }

    fn structure(&mut self, name: &'m str, shape: &'m Shape, depth: usize, indent: usize) -> String {
        if shape.members.is_empty() {
            return "{}".to_owned();
        }
        if depth == 0 || self.above.contains(&name) {
            self.closed = true;
            return format!("{name}{{…}}");
        }
        self.above.push(name);
        let members: Vec<String> = shape
            .members
            .iter()
            .filter(|(_, member)| !member.deprecated)
            .map(|(own, member)| {
                let is_required = shape.required.iter().any(|it| it == own);
                let mark = if is_required { "" } else { "?" };
                format!("{own}{mark}: {}", self.of(&member.shape, depth - 1, indent + 1))
            })
            .collect();
        self.above.pop();
        let start = if shape.union { "exactly one of " } else { "" };
        let line = format!("{start}{{ {} }}", members.join(", "));
        if line.chars().count() <= LINE && !line.contains('\n') {
            return line;
        }
        let pad = " ".repeat(indent + 1);
        format!("{start}{{\n{pad}{}\n{}}}", members.join(&format!("\n{pad}")), " ".repeat(indent))
    }
}

/// The values of an enumeration.
fn choices(shape: &Shape, most: usize) -> String {
    let shown: Vec<String> = shape.values.iter().take(most).map(|value| format!("{value:?}")).collect();
    let more = shape.values.len().saturating_sub(most);
    let more = if more > 0 { format!("|… {more} more") } else { String::new() };
    format!("{}{more}", shown.join("|"))
}

fn simple(kind: Kind, shape: &Shape) -> String {
    let name = match kind {
        Kind::Integer | Kind::Long => "int",
        Kind::Float | Kind::Double => "number",
        Kind::Boolean => "bool",
        Kind::Timestamp => "time",
        Kind::Blob => "base64",
        Kind::String | Kind::Structure | Kind::List | Kind::Map => "string",
    };
    let numbers = matches!(kind, Kind::Integer | Kind::Long | Kind::Float | Kind::Double);
    match (shape.min, shape.max) {
        (Some(min), Some(max)) if numbers => format!("{name} {min}..{max}"),
        _ => name.to_owned(),
    }
}
