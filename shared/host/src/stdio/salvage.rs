//! What can still be read of a line that is no JSON, or of which only the ends were kept.

use rmcp::model::RequestId;

/// What the outermost members of a broken message say about it.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Salvaged {
    pub(crate) id: Option<RequestId>,
    /// Whether it is the answer to a question of this server: then the id is one that this server gave.
    pub(crate) is_response: bool,
}

impl Salvaged {
    /// Reads the members of the outermost object, as far as they can be told apart. What stands inside their values does
    /// not matter: a string ends at the next quote that is not escaped, and brackets nest.
    pub(crate) fn read(line: &[u8]) -> Salvaged {
        let mut salvaged = Salvaged::default();
        let mut rest = line.trim_ascii_start().strip_prefix(b"{").unwrap_or_default();
        while let Some((name, after)) = string(rest.trim_ascii_start()) {
            let name: String = serde_json::from_slice(name).unwrap_or_default();
            salvaged.is_response |= matches!(name.as_str(), "result" | "error");
            let Some((value, after)) = after.trim_ascii_start().strip_prefix(b":").and_then(value) else {
                break;
            };
            if name == "id" {
                let id = serde_json::from_slice(value.trim_ascii()).ok();
                if salvaged.id.is_some() && salvaged.id != id {
                    // Two ids are none.
                    return Salvaged { id: None, ..salvaged };
                }
                salvaged.id = id;
            }
            let Some(next) = after.strip_prefix(b",") else { break };
            rest = next;
        }
        salvaged
    }
}

/// The string, quotes included, with which a text begins, and what follows it.
fn string(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut is_escaped = false;
    let end = text.strip_prefix(b"\"")?.iter().position(|byte| {
        let ends = *byte == b'"' && !is_escaped;
        is_escaped = *byte == b'\\' && !is_escaped;
        ends
    })?;
    text.split_at_checked(end + 2)
}

/// The value with which a text begins, and what follows it; `None` if the text ends first.
fn value(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut depth = 0_usize;
    let mut rest = text;
    loop {
        let (first, after) = rest.split_first()?;
        rest = match first {
            b'"' => string(rest)?.1,
            b',' | b'}' | b']' if depth == 0 => return text.split_at_checked(text.len() - rest.len()),
            b'{' | b'[' => {
                depth += 1;
                after
            }
            b'}' | b']' => {
                depth -= 1;
                after
            }
            _ => after,
        };
    }
}

/// The id of a message that ends with it, as the TypeScript and Python SDKs write their requests.
pub(super) fn last_id(tail: &[u8]) -> Option<RequestId> {
    let tail = String::from_utf8_lossy(tail);
    let (before, value) = tail.trim_end().strip_suffix('}')?.rsplit_once(r#""id""#)?;
    // Otherwise it is the end of some string.
    if !before.trim_end().ends_with([',', '{']) {
        return None;
    }
    serde_json::from_str(value.trim_start().strip_prefix(':')?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(line: &str) -> Option<RequestId> {
        Salvaged::read(line.as_bytes()).id
    }

    #[test]
    fn an_id_is_found_wherever_it_stands_in_the_outermost_object() {
        let seven = Some(RequestId::Number(7));
        assert_eq!(id(r#"{"id":7,"x":oops}"#), seven);
        assert_eq!(id(r#"{"x":"\ud800","y":{"id":1,"z":["}",{}]}, "id" : 7 }"#), seven);
        assert_eq!(id(r#"{"x":"a\\","id":"b\"","#), Some(RequestId::String("b\"".into())));
        assert_eq!(id(r#"{"\u0069d":7,"#), seven);
        assert_eq!(id(r#"{"id":7,"id":7,"#), seven);
        for none in [
            "",
            "7",
            "[7]",
            r#"{"id":7"#,
            r#"{"id":"7"#,
            r#"{"id":1.5,"#,
            r#"{"x":{"id":7,"#,
            r#"{"id":7,"id":8,"#,
        ] {
            assert_eq!(id(none), None, "{none}");
        }
    }

    #[test]
    fn an_answer_is_told_from_a_request() {
        assert!(Salvaged::read(br#"{"id":7,"result":{"x":"#).is_response);
        assert!(!Salvaged::read(br#"{"id":7,"method":"x","params":{"error":1}"#).is_response);
    }
}
