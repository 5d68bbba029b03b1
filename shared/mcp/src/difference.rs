//! What a change would change, line by line.

use imara_diff::{Algorithm, BasicLineDiffPrinter, Diff, InternedInput, UnifiedDiffConfig};
use serde_json::Value;

/// How `after` differs from `before`, as `-` and `+` lines with a little around them; empty where nothing differs.
///
/// The order of fields and fields that are `null` make no difference.
#[must_use]
pub fn difference(before: Option<&Value>, after: Option<&Value>) -> Vec<String> {
    let (before, after) = (text(before), text(after));
    let input = InternedInput::new(before.as_str(), after.as_str());
    let mut diff = Diff::compute(Algorithm::Histogram, &input);
    diff.postprocess_lines(&input);
    let printer = BasicLineDiffPrinter(&input.interner);
    let mut around = UnifiedDiffConfig::default();
    around.context_len(2);
    let text = diff.unified_diff(&printer, around, &input).to_string();
    let lines = text.lines().map(|line| if line.starts_with("@@") { "..." } else { line });
    lines.skip_while(|line| *line == "...").map(str::to_owned).collect()
}

/// JSON whose fields are in order, a line each, so that only what differs shows.
fn text(value: Option<&Value>) -> String {
    value.map(|value| format!("{:#}\n", sorted(value))).unwrap_or_default()
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().filter(|(_, value)| !value.is_null()).collect();
            fields.sort_by_key(|(name, _)| *name);
            Value::Object(fields.into_iter().map(|(name, value)| (name.clone(), sorted(value))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
        plain => plain.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_differs_is_shown() {
        let old = json!({"TagSet": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]});
        let new = json!({"TagSet": [{"Value": "1", "Key": "a"}, {"Key": "b", "Value": "3", "Note": null}]});
        let lines = difference(Some(&old), Some(&new));
        let changed: Vec<&String> = lines.iter().filter(|line| line.starts_with(['+', '-'])).collect();
        assert_eq!(changed, ["-      \"Value\": \"2\"", "+      \"Value\": \"3\""]);
        assert!(lines.len() < 8, "{lines:?}");
        assert!(difference(Some(&old), Some(&old)).is_empty());
    }

    #[test]
    fn what_comes_and_what_goes_is_shown_whole() {
        let value = json!({"Days": 3});
        assert_eq!(difference(None, Some(&value)), ["+{", "+  \"Days\": 3", "+}"]);
        assert_eq!(difference(Some(&value), None), ["-{", "-  \"Days\": 3", "-}"]);
    }
}
