//! XML as AWS's protocols use it: elements and texts. Attributes mean nothing; document types are refused.

use super::node::Node;

/// An element that is not closed yet.
struct Open<'a> {
    name: &'a str,
    members: Vec<(String, Node)>,
    text: String,
}

/// No message of AWS's is nested deeper.
const DEEPEST: usize = 100;

/// The members of the outermost element.
pub(super) fn read(text: &str) -> Option<Node> {
    let mut open: Vec<Open<'_>> = Vec::new();
    let mut rest = text.trim_start_matches('\u{feff}');
    loop {
        let (before, markup) = rest.split_once('<')?;
        match open.last_mut() {
            Some(top) => top.text.push_str(&unescaped(before)?),
            None if before.trim().is_empty() => {}
            None => return None,
        }
        if let Some(instruction) = markup.strip_prefix('?') {
            rest = instruction.split_once("?>")?.1;
        } else if let Some(comment) = markup.strip_prefix("!--") {
            rest = comment.split_once("-->")?.1;
        } else if let Some(data) = markup.strip_prefix("![CDATA[") {
            let (data, after) = data.split_once("]]>")?;
            open.last_mut()?.text.push_str(data);
            rest = after;
        } else if markup.starts_with('!') || open.len() > DEEPEST {
            return None;
        } else if let Some(closing) = markup.strip_prefix('/') {
            let (name, after) = closing.split_once('>')?;
            let closed = open.pop().filter(|closed| closed.name == name.trim_end())?;
            rest = after;
            if let Some(done) = attach(&mut open, closed) {
                return Some(done);
            }
        } else {
            let (tag, after) = markup.split_at(end_of_tag(markup)?);
            rest = after.strip_prefix('>')?;
            let (tag, empty) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
            let name =
                tag.split(|letter: char| letter.is_ascii_whitespace()).next().filter(|n| !n.is_empty())?;
            let element = Open { name, members: Vec::new(), text: String::new() };
            if !empty {
                open.push(element);
            } else if let Some(done) = attach(&mut open, element) {
                return Some(done);
            }
        }
    }
}

/// Hands an element to the one around it; answers it if there is none.
fn attach(open: &mut [Open<'_>], closed: Open<'_>) -> Option<Node> {
    let node = match closed.members.is_empty() {
        true => Node::Text(closed.text),
        false => Node::Map(closed.members),
    };
    match open.last_mut() {
        Some(outer) => {
            // `ns:Name` is `Name` here: no message of AWS's has two namespaces.
            let name = closed.name.rsplit(':').next().unwrap_or_default();
            outer.members.push((name.to_owned(), node));
            None
        }
        None => Some(node),
    }
}

/// Where the tag ends, past any `>` within an attribute.
fn end_of_tag(markup: &str) -> Option<usize> {
    let mut quote = None;
    markup.char_indices().find_map(|(at, letter)| match (quote, letter) {
        (None, '>') => Some(at),
        (None, '"' | '\'') => {
            quote = Some(letter);
            None
        }
        (Some(open), letter) if open == letter => {
            quote = None;
            None
        }
        _ => None,
    })
}

fn unescaped(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, entity)) = rest.split_once('&') {
        out.push_str(before);
        let (entity, after) = entity.split_once(';')?;
        rest = after;
        out.push(match entity {
            "lt" => '<',
            "gt" => '>',
            "amp" => '&',
            "quot" => '"',
            "apos" => '\'',
            _ => {
                let number = entity.strip_prefix('#')?;
                let number = match number.strip_prefix(['x', 'X']) {
                    Some(digits) => u32::from_str_radix(digits, 16),
                    None => number.parse(),
                };
                char::from_u32(number.ok()?)?
            }
        });
    }
    out.push_str(rest);
    Some(out)
}
