//! Answers of EC2 as they came, where all of a thing is to be shown: a launch template has some two hundred settings, and
//! AWS adds more.

use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        interceptors::{Intercept, context::AfterDeserializationInterceptorContextRef, dyn_dispatch_hint},
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::config_bag::ConfigBag;
use serde_json::{Map, Value};

/// Keeps the body of an answer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Body(Arc<Mutex<String>>);

impl Body {
    /// The answer as JSON: elements are members in snake case, lists of `item` are arrays, texts stay as they are.
    pub(crate) fn json(&self) -> Value {
        json(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[dyn_dispatch_hint]
impl Intercept for Body {
    fn name(&self) -> &'static str {
        "awsmcp body"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(bytes) = context.response().body().bytes() {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) =
                String::from_utf8_lossy(bytes).into_owned();
        }
        Ok(())
    }
}

/// An element that is not closed yet.
#[derive(Default)]
struct Open {
    name: String,
    text: String,
    members: Map<String, Value>,
    items: Vec<Value>,
    /// Members that came several times: EC2 has lists whose elements have other names than `item`.
    several: Vec<String>,
}

impl Open {
    fn closed(self) -> Value {
        match (self.items.is_empty(), self.members.is_empty()) {
            (false, _) => Value::Array(self.items),
            (true, false) => Value::Object(self.members),
            (true, true) => Value::String(self.text),
        }
    }
}

/// What is inside the outermost element. The SDK has read it already, so that what is no XML need not be told from what is.
fn json(xml: &str) -> Value {
    let mut open = vec![Open::default()];
    for part in xml.split('<').skip(1) {
        let (tag, text) = part.split_once('>').unwrap_or((part, ""));
        let is_empty = tag.ends_with('/');
        if let Some(name) = tag.strip_prefix('/') {
            close(&mut open, name);
        } else if !tag.starts_with(['?', '!']) {
            let name = tag.trim_end_matches('/').split_whitespace().next().unwrap_or_default();
            open.push(Open { name: name.to_owned(), text: plain(text), ..Open::default() });
            if is_empty {
                close(&mut open, name);
            }
        }
    }
    while open.len() > 1 {
        let name = open.last().map(|last| last.name.clone()).unwrap_or_default();
        close(&mut open, &name);
    }
    let outermost = open.pop().and_then(|all| all.members.into_iter().next());
    outermost.map(|(_, inside)| inside).unwrap_or_default()
}

/// Gives the last open element to the one around it.
fn close(open: &mut Vec<Open>, name: &str) {
    if open.len() < 2 || open.last().is_none_or(|last| last.name != name.trim()) {
        return;
    }
    let Some(one) = open.pop() else { return };
    let Some(around) = open.last_mut() else { return };
    let name = one.name.clone();
    let value = one.closed();
    if name == "item" {
        around.items.push(value);
        return;
    }
    let name = snake(&name);
    let is_list = around.several.contains(&name);
    match around.members.get_mut(&name) {
        Some(Value::Array(all)) if is_list => all.push(value),
        Some(first) => {
            *first = Value::Array(vec![first.take(), value]);
            around.several.push(name);
        }
        None => {
            around.members.insert(name, value);
        }
    }
}

/// `image_id` of `imageId`.
fn snake(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    let mut before = '_';
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !(before.is_ascii_uppercase() || before == '_') {
            out.push('_');
        }
        out.push(letter.to_ascii_lowercase());
        before = letter;
    }
    out
}

/// A text with its entities resolved.
fn plain(text: &str) -> String {
    let mut parts = text.split('&');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let resolved = part.split_once(';').and_then(|(name, rest)| {
            let letter = match name {
                "lt" => '<',
                "gt" => '>',
                "amp" => '&',
                "quot" => '"',
                "apos" => '\'',
                _ => {
                    let number = name.strip_prefix('#')?;
                    let code = match number.strip_prefix('x') {
                        Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                        None => number.parse().ok()?,
                    };
                    char::from_u32(code)?
                }
            };
            Some((letter, rest))
        });
        match resolved {
            Some((letter, rest)) => {
                out.push(letter);
                out.push_str(rest);
            }
            None => {
                out.push('&');
                out.push_str(part);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn an_answer_is_read_whole() {
        let xml = "<?xml version=\"1.0\"?>\n<R xmlns=\"http://x/\"><requestId>r</requestId>\n  <dataSet>\n    <item><imageId>\
                   ami-1</imageId><ebsOptimized>true</ebsOptimized><tagSet><item><key>a&amp;b</key><value>&#x41;&lt;</value>\
                   </item><item><key>c</key><value/></item></tagSet><newSetting><howMuch>3</howMuch></newSetting></item>\n\
                   </dataSet></R>";
        assert_eq!(
            json(xml),
            json!({
                "request_id": "r",
                "data_set": [{
                    "image_id": "ami-1",
                    "ebs_optimized": "true",
                    "tag_set": [{"key": "a&b", "value": "A<"}, {"key": "c", "value": ""}],
                    "new_setting": {"how_much": "3"},
                }],
            })
        );
        // Lists whose elements are called otherwise keep all of them.
        let groups =
            "<r><groupSet><groupId>a</groupId><groupId>b</groupId><groupId>c</groupId></groupSet></r>";
        assert_eq!(json(groups), json!({"group_set": {"group_id": ["a", "b", "c"]}}));
        assert_eq!(snake("vCpuCount"), "v_cpu_count");
        assert_eq!(snake("userIdGroupIPs"), "user_id_group_ips");
        assert_eq!(plain("a &nbsp; & b"), "a &nbsp; & b");
    }

    proptest! {
        #[test]
        fn what_is_no_xml_makes_nothing_panic(text in "[<>/a-zA-Z&;#x0-9 \"=?!é]{0,60}") {
            let _ = json(&text);
        }

        #[test]
        fn texts_come_back(text in "\\PC{0,40}") {
            let written = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            prop_assert_eq!(json(&format!("<r><a>{written}</a></r>")), json!({"a": text}));
        }
    }
}
