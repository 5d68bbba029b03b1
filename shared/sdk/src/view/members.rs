//! The members of a body, and the paths that lead to them.

use ciborium::Value;

use super::node::Node;
use super::{json, parameters, xml};

/// How a body is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Json,
    Form,
    Cbor,
    Xml,
    /// Bytes that mean nothing here.
    Opaque,
}

impl Protocol {
    pub(crate) fn of_request(content_type: &str) -> Protocol {
        let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match kind.as_str() {
            "application/x-www-form-urlencoded" => Protocol::Form,
            "application/cbor" => Protocol::Cbor,
            "application/xml" | "text/xml" => Protocol::Xml,
            "application/json" => Protocol::Json,
            kind if kind.starts_with("application/x-amz-json") => Protocol::Json,
            _ => Protocol::Opaque,
        }
    }

    /// Emulators are careless with content types, so an answer is known by how it begins.
    pub(crate) fn of_answer(content_type: Option<&str>, body: &[u8]) -> Protocol {
        match body.iter().find(|byte| !byte.is_ascii_whitespace()) {
            Some(b'{' | b'[') => Protocol::Json,
            Some(b'<') => Protocol::Xml,
            Some(0xa0..=0xbf) => Protocol::Cbor,
            _ => Protocol::of_request(content_type.unwrap_or_default()),
        }
    }
}

/// The members of a body.
#[derive(Clone, Debug, PartialEq)]
pub enum Members {
    /// Members within members.
    Tree(Node),
    /// The flat parameters of the query protocol.
    Form(Vec<(String, String)>),
    /// It has no members that can be read: bytes of the caller's, a stream, or something malformed.
    Opaque,
}

impl Members {
    pub(crate) fn read(body: &[u8], protocol: Protocol) -> Members {
        let tree = match protocol {
            Protocol::Form => return Members::Form(parameters(&String::from_utf8_lossy(body))),
            Protocol::Json => json::read(body),
            Protocol::Cbor => ciborium::from_reader(body).ok().map(from_cbor),
            Protocol::Xml => std::str::from_utf8(body).ok().and_then(xml::read),
            Protocol::Opaque => None,
        };
        tree.map_or(Members::Opaque, Members::Tree)
    }

    /// All texts that stand at `path`; [`RequestView::texts`](super::RequestView::texts) says how it is written.
    pub fn texts(&self, path: &str) -> Vec<String> {
        match self {
            Members::Tree(tree) => {
                let mut found = Vec::new();
                walk(tree, &steps(path), &mut |end| match end {
                    End::Node(Node::Text(text)) => found.push(text.clone()),
                    End::Key(key) => found.push(key.to_owned()),
                    End::Node(_) => {}
                });
                found
            }
            Members::Form(pairs) => {
                let steps = steps(path);
                let at = pairs.iter().filter(|(name, _)| is_at(name, &steps));
                at.map(|(_, value)| value.clone()).collect()
            }
            Members::Opaque => Vec::new(),
        }
    }

    /// Whether there is a member at `path`, be it empty.
    pub fn has(&self, path: &str) -> bool {
        match self {
            Members::Tree(tree) => {
                let mut found = false;
                walk(tree, &steps(path), &mut |_| found = true);
                found
            }
            Members::Form(pairs) => pairs.iter().any(|(name, _)| is_at(name, &steps(path))),
            Members::Opaque => false,
        }
    }

    /// The outermost members that are texts, with their names.
    pub(super) fn names(&self) -> impl Iterator<Item = (&str, &str)> {
        let (tree, form) = match self {
            Members::Tree(Node::Map(members)) => (members.as_slice(), &[][..]),
            Members::Form(pairs) => (&[][..], pairs.as_slice()),
            _ => (&[][..], &[][..]),
        };
        let tree = tree.iter().filter_map(|(name, member)| match member {
            Node::Text(text) => Some((name.as_str(), text.as_str())),
            _ => None,
        });
        tree.chain(form.iter().map(|(name, value)| (name.as_str(), value.as_str())))
    }
}

/// What a path ends at.
enum End<'a> {
    Node(&'a Node),
    Key(&'a str),
}

fn steps(path: &str) -> Vec<&str> {
    path.split(['.', '/'])
        .map(|step| step.strip_suffix("[]").unwrap_or(step))
        .filter(|step| !step.is_empty())
        .collect()
}

fn walk<'a>(node: &'a Node, steps: &[&str], found: &mut impl FnMut(End<'a>)) {
    match (node, steps) {
        (Node::List(nodes), _)
            if !steps.is_empty() || nodes.iter().any(|node| !matches!(node, Node::Null)) =>
        {
            nodes.iter().for_each(|node| walk(node, steps, found));
        }
        (node, []) => found(End::Node(node)),
        (Node::Map(members), ["*"]) => members.iter().for_each(|(key, _)| found(End::Key(key))),
        (Node::Map(members), [step, rest @ ..]) => {
            let on = members.iter().filter(|(name, _)| *step == "*" || name == step);
            on.for_each(|(_, node)| walk(node, rest, found));
        }
        _ => {}
    }
}

/// Whether a parameter's name is this path, with a number for each `n`.
fn is_at(name: &str, steps: &[&str]) -> bool {
    let mut parts = name.split('.');
    let fits = |(step, part): (&&str, &str)| match *step {
        "*" => true,
        "n" => !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()),
        step => step == part,
    };
    let all = steps.iter().all(|step| parts.next().is_some_and(|part| fits((step, part))));
    all && parts.next().is_none()
}

fn from_cbor(value: Value) -> Node {
    match value {
        Value::Text(text) => Node::Text(text),
        Value::Bool(truth) => Node::Text(truth.to_string()),
        Value::Integer(number) => Node::Text(i128::from(number).to_string()),
        Value::Float(number) => Node::Text(number.to_string()),
        Value::Tag(_, inner) => from_cbor(*inner),
        Value::Array(values) => Node::List(values.into_iter().map(from_cbor).collect()),
        Value::Map(pairs) => Node::Map(
            pairs
                .into_iter()
                .filter_map(|(key, value)| Some((key.into_text().ok()?, from_cbor(value))))
                .collect(),
        ),
        _ => Node::Null,
    }
}
