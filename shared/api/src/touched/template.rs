//! A template taken apart: `arn:{partition}:sqs:{region}:{account}:{QueueUrl:url}`.

use awsmcp_spec::Pattern;

/// How a value is read where it is no name and no ARN: what stands behind the colon of `{QueueUrl:url}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reader {
    /// A name or an ARN.
    Plain,
    /// The URL of a queue: its last step is the name, the one before it the account.
    Url,
    /// What S3 copies: a bucket, a slash and a key, in the encoding of URLs.
    Copied,
    /// A function of Lambda by its name, by its ARN, or by a part of it, each with or without a version.
    Function,
    /// A path whose last step is the name: `/hostedzone/Z1`.
    Last,
    /// The names of a map.
    Keys,
    /// A name, or an ARN of whatever kind the service has: a model of Bedrock, or a profile that stands for one.
    Any,
}

impl Reader {
    pub(super) fn of(name: &str) -> Reader {
        match name {
            "url" => Reader::Url,
            "copy" => Reader::Copied,
            "function" => Reader::Function,
            "last" => Reader::Last,
            "keys" => Reader::Keys,
            "any" => Reader::Any,
            _ => Reader::Plain,
        }
    }
}

/// A piece of a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece<'t> {
    /// What stands there as it is.
    Text(&'t str),
    /// The path of a member, such as `Items.Key`, and how its values are read.
    Member(&'t str, Reader),
}

/// A template in its parts.
#[derive(Debug)]
pub(super) struct Template<'t> {
    /// The five parts before the resource; none where the template is one member, or `*`.
    pub(super) head: Option<[Vec<Piece<'t>>; 5]>,
    pub(super) resource: Vec<Piece<'t>>,
}

impl<'t> Template<'t> {
    pub(super) fn new(text: &'t str) -> Template<'t> {
        let mut parts = parts(text);
        match parts.pop() {
            Some(resource) if parts.len() == 5 => {
                let head = parts.into_iter().map(pieces).collect::<Vec<_>>().try_into().ok();
                Template { head, resource: pieces(resource) }
            }
            _ => Template { head: None, resource: pieces(text) },
        }
    }

    /// The members of the resource, in order, then nothing else: those before it do not name what it is.
    pub(super) fn members(&self) -> Vec<(&'t str, Reader)> {
        let of = |piece: &Piece<'t>| match *piece {
            Piece::Member(path, reader) => Some((path, reader)),
            Piece::Text(_) => None,
        };
        self.resource.iter().filter_map(of).collect()
    }

    /// Whether a resource is named from its beginning to its end as the template's is; one member alone might be a part.
    pub(super) fn is_all_of(&self, resource: &str) -> bool {
        let pattern = self.resource.iter().map(|piece| match piece {
            Piece::Text(text) => text,
            Piece::Member(..) => "*",
        });
        let pattern = format!("arn:aws:x:::{}", pattern.collect::<String>());
        pattern.parse::<Pattern>().is_ok_and(|pattern| pattern.covers(&format!("arn:aws:x:::{resource}")))
    }

    /// A part before the resource as it is written, where it has no members: `s3`, or nothing.
    pub(super) fn literal(&self, part: usize) -> Option<&'t str> {
        match self.head.as_ref()?.get(part)?.as_slice() {
            [] => Some(""),
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// What the resource begins with before its first member.
    pub(super) fn kind(&self) -> &'t str {
        match self.resource.first() {
            Some(Piece::Text(text)) => text,
            _ => "",
        }
    }
}

/// The parts between colons; those inside braces part nothing, and the last holds all that is left.
fn parts(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut from, mut depth) = (0, 0_usize);
    for (at, letter) in text.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ':' if depth == 0 && parts.len() < 5 => {
                parts.push(text.get(from..at).unwrap_or_default());
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(text.get(from..).unwrap_or_default());
    parts
}

fn pieces(mut text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    while let Some((before, (inner, behind))) =
        text.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?)))
    {
        if !before.is_empty() {
            pieces.push(Piece::Text(before));
        }
        let (path, reader) = inner.split_once(':').unwrap_or((inner, ""));
        pieces.push(Piece::Member(path, Reader::of(reader)));
        text = behind;
    }
    if !text.is_empty() {
        pieces.push(Piece::Text(text));
    }
    pieces
}
