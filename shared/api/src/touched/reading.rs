//! What one value of an input names, in its place of a template.

use awsmcp_spec::Arn;
use percent_encoding::percent_decode_str;

use super::template::{Piece, Reader, Template};

/// What a value names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// By name, in the call's own account and region.
    Name(String),
    /// By name, in an account that the value says.
    Elsewhere { account: String, name: String },
    /// By an ARN, which stands for all of the template up to and with this place.
    Itself(Arn),
    /// AWS might read it as anything.
    Unknown,
}

/// A place in a template.
pub(super) struct Place<'p> {
    pub(super) template: &'p Template<'p>,
    /// Which piece of the resource it is.
    pub(super) at: usize,
    pub(super) reader: Reader,
}

impl Place<'_> {
    pub(super) fn read(&self, text: String) -> Named {
        match self.reader {
            Reader::Url => queue(&text).unwrap_or_else(|| self.plain(text)),
            Reader::Copied => copied(&text),
            Reader::Function => function(&text).unwrap_or_else(|| self.plain(text)),
            Reader::Last if !text.contains(':') => {
                let last = text.rsplit('/').next().unwrap_or_default();
                Named::Name(if last.is_empty() { "*" } else { last }.to_owned())
            }
            Reader::Last | Reader::Plain | Reader::Keys | Reader::Any => self.plain(text),
        }
    }

    fn plain(&self, text: String) -> Named {
        let is_key = self.template.literal(2) == Some("s3") && self.members_before() > 0;
        if is_key {
            return Named::Name(text);
        }
        match Arn::parse(&text) {
            Ok(arn) => self.of_kind(arn).map_or(Named::Unknown, Named::Itself),
            Err(_) if !text.contains(':') || is_versioned(&text) => Named::Name(self.bare(text)),
            Err(_) => Named::Unknown,
        }
    }

    /// A name without what the template says before it: `alias/a` and `/team/a`.
    fn bare(&self, text: String) -> String {
        let kind = self.template.kind();
        if self.at == 0 || self.members_before() > 0 || !kind.ends_with('/') {
            return text;
        }
        let bare = text.strip_prefix(kind).or_else(|| text.strip_prefix('/'));
        bare.filter(|bare| !bare.is_empty()).map(str::to_owned).unwrap_or(text)
    }

    fn members_before(&self) -> usize {
        let before = self.template.resource.iter().take(self.at);
        before.filter(|piece| matches!(piece, Piece::Member(..))).count()
    }

    /// The ARN, where the template might stand for it.
    fn of_kind(&self, mut arn: Arn) -> Option<Arn> {
        let template = self.template;
        let is_bucket = template.literal(2) == Some("s3") && template.kind().is_empty();
        if is_bucket && arn.service.starts_with("s3") && arn.resource != "*" && !arn.region.is_empty() {
            // An access point stands for its bucket, and what is in it is behind `object/`.
            if template.resource.len() > self.at + 1 {
                arn.resource.push_str("/object");
            }
            return Some(arn);
        }
        let fits = |part: usize, own: &str| template.literal(part).is_none_or(|wanted| wanted == own);
        let fitting = fits(1, &arn.partition)
            && fits(2, &arn.service)
            && fits(3, &arn.region)
            && fits(4, &arn.account)
            && (self.reader == Reader::Any || self.is_behind(&arn.resource));
        fitting.then_some(arn)
    }
}

impl Place<'_> {
    /// Whether a resource begins as the template does before this place, and names something behind that.
    fn is_behind(&self, resource: &str) -> bool {
        let mut before = String::new();
        for piece in self.template.resource.iter().take(self.at) {
            match piece {
                Piece::Text(text) => before.push_str(text),
                Piece::Member(..) => before.push('*'),
            }
        }
        begins(&before, resource)
    }
}

/// Whether a text begins as a pattern says, whose `*` is some text without a slash or a colon, and goes on behind it.
fn begins(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => text.strip_prefix(pattern).is_some_and(|rest| !rest.is_empty()),
        Some((before, behind)) => text.strip_prefix(before).is_some_and(|rest| {
            let end = rest.find(['/', ':']).unwrap_or(rest.len());
            end > 0 && rest.get(end..).is_some_and(|rest| begins(behind, rest))
        }),
    }
}

/// A name with a version behind it, such as `web:12` of a task definition or `amazon.nova-lite-v1:0` of a model. No
/// part of an ARN looks like it: those have an account or `arn` before the name.
fn is_versioned(text: &str) -> bool {
    text.split_once(':').is_some_and(|(name, version)| {
        name.starts_with(|letter: char| letter.is_ascii_alphabetic())
            && name != "arn"
            && name.bytes().all(|it| it.is_ascii_alphanumeric() || b"._/-".contains(&it))
            && (1..=9).contains(&version.len())
            && version.bytes().all(|it| it.is_ascii_digit())
    })
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|it| it.is_ascii_digit())
}

/// `https://sqs.eu-west-1.amazonaws.com/123456789012/orders`
fn queue(text: &str) -> Option<Named> {
    let (_, rest) = text.split_once("://")?;
    let mut steps = rest.split('/').skip(1);
    let (account, name) = (steps.next()?, steps.next()?);
    let is_name =
        !name.is_empty() && name.bytes().all(|it| it.is_ascii_alphanumeric() || b"_-.".contains(&it));
    let whole = steps.next().is_none() && is_name && is_account(account);
    Some(match whole {
        true => Named::Elsewhere { account: account.to_owned(), name: name.to_owned() },
        false => Named::Unknown,
    })
}

/// `bucket/key?versionId=1` with or without a slash before it, or the ARN of an access point with `object/key` behind it.
fn copied(text: &str) -> Named {
    let Ok(text) = percent_decode_str(text).decode_utf8() else { return Named::Unknown };
    let text = text.split_once("?versionId=").map_or(&*text, |(before, _)| before);
    if text.starts_with("arn:") {
        let arn = Arn::parse(text).ok().filter(|arn| arn.service.starts_with("s3"));
        return arn.map_or(Named::Unknown, Named::Itself);
    }
    let text = text.strip_prefix('/').unwrap_or(text);
    match text.split_once('/') {
        Some((bucket, key)) if !bucket.is_empty() && !key.is_empty() && !bucket.contains(':') => {
            Named::Name(text.to_owned())
        }
        _ => Named::Unknown,
    }
}

/// `name`, `name:version` and `123456789012:function:name`; what else there is, is an ARN or nothing.
fn function(text: &str) -> Option<Named> {
    let is_name =
        |it: &str| !it.is_empty() && it.bytes().all(|it| it.is_ascii_alphanumeric() || b"_-$".contains(&it));
    match text.split(':').collect::<Vec<_>>().as_slice() {
        ["function", name] if is_name(name) => Some(Named::Name((*name).to_owned())),
        [name, version] if is_name(name) && is_name(version) && *name != "arn" && !is_account(name) => {
            Some(Named::Name(text.to_owned()))
        }
        [account, "function", rest @ ..]
            if is_account(account) && (1..=2).contains(&rest.len()) && rest.iter().all(|it| is_name(it)) =>
        {
            Some(Named::Elsewhere { account: (*account).to_owned(), name: rest.join(":") })
        }
        _ => None,
    }
}
