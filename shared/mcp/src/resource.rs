//! Resources: things that have an address. A resource is read by a tool, so the gate, the needs, the limits and
//! the audit line are that tool's.

use rmcp::model::JsonObject;
use serde_json::Value;

/// A resource template.
#[derive(Clone, Copy, Debug)]
pub struct Resource {
    /// RFC 6570: `{name}` is one segment, `{+name}` is all that is left.
    pub template: &'static str,
    /// The name people read.
    pub name: &'static str,
    /// What it holds.
    pub description: &'static str,
    /// The tool that reads it: the template's variables are its arguments.
    pub tool: &'static str,
    /// How its variables are completed.
    pub complete: &'static [Completion],
}

/// How one variable of a template is completed: by a list tool.
#[derive(Clone, Copy, Debug)]
pub struct Completion {
    /// The variable.
    pub variable: &'static str,
    /// The list tool.
    pub tool: &'static str,
    /// Its argument that takes what was typed so far.
    pub prefix: &'static str,
    /// The variables typed before, which are arguments of the same name.
    pub given: &'static [&'static str],
    /// The column that holds the values.
    pub column: &'static str,
}

impl Resource {
    /// The variables of `uri`, if it is one of this template's.
    pub(crate) fn variables(&self, uri: &str) -> Option<JsonObject> {
        let mut found = JsonObject::new();
        let mut template = self.template;
        let mut uri = uri;
        while let Some((before, after)) = template.split_once('{') {
            uri = uri.strip_prefix(before)?;
            let (name, behind) = after.split_once('}')?;
            let (name, value) = match name.strip_prefix('+') {
                Some(name) => (name, std::mem::take(&mut uri)),
                None => {
                    let end = uri.find('/').unwrap_or(uri.len());
                    let (value, rest) = uri.split_at(end);
                    uri = rest;
                    (name, value)
                }
            };
            if value.is_empty() {
                return None;
            }
            found.insert(name.to_owned(), Value::String(decoded(value)?));
            template = behind;
        }
        (uri == template).then_some(found)
    }
}

/// Percent-decoding; `None` where the bytes are not UTF-8 text.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let pair = [rest.next()?, rest.next()?];
        bytes.push(u8::from_str_radix(std::str::from_utf8(&pair).ok()?, 16).ok()?);
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const OBJECT: Resource = Resource {
        template: "s3://{bucket}/{+key}",
        name: "",
        description: "",
        tool: "get_object",
        complete: &[],
    };

    #[test]
    fn a_template_reads_its_variables() {
        let of = |uri| OBJECT.variables(uri).map(Value::Object);
        assert_eq!(of("s3://b/a/b c.txt"), Some(json!({"bucket": "b", "key": "a/b c.txt"})));
        assert_eq!(of("s3://b/a%20b%2Fc%C3%A9"), Some(json!({"bucket": "b", "key": "a b/cé"})));
        assert_eq!(of("s3://b/"), None);
        assert_eq!(of("s3:///k"), None);
        assert_eq!(of("s3://b"), None);
        assert_eq!(of("http://b/k"), None);
        assert_eq!(of("s3://b/%ff"), None);
        assert_eq!(of("s3://b/%2"), None);
    }
}
