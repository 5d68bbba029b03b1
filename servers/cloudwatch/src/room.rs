//! How many rows an answer has room for, where what does not fit cannot be asked for with a cursor.

use awsmcp_mcp::{Call, neutral};
use serde::Serialize;
use serde_json::Value;

use crate::CloudWatch;

/// The rows that fit, and whether any did not. At least one is kept: the renderer shortens it.
pub(crate) fn fitting<T: Serialize>(
    cx: &Call<CloudWatch>,
    rows: impl IntoIterator<Item = T>,
) -> (Vec<T>, bool) {
    within(cx.budget(), rows)
}

fn within<T: Serialize>(budget: usize, rows: impl IntoIterator<Item = T>) -> (Vec<T>, bool) {
    // The header, the marks around the rows and the last line want some of it.
    let mut left = budget.saturating_sub(300);
    let mut fits = Vec::new();
    for row in rows {
        let size = serde_json::to_value(&row).map_or(0, |value| characters(&value));
        if size > left && !fits.is_empty() {
            return (fits, true);
        }
        left = left.saturating_sub(size);
        fits.push(row);
    }
    (fits, false)
}

fn characters(row: &Value) -> usize {
    let cell = |value: &Value| match value {
        Value::Null => 1,
        Value::String(text) => neutral(text).chars().count() + 1,
        other => other.to_string().chars().count() + 1,
    };
    row.as_object().map_or_else(|| cell(row), |fields| fields.values().map(cell).sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_counted_as_they_are_shown() {
        let row = |text: &str| serde_json::json!({"text": text, "none": null, "n": 12});
        // 10 tabs are 20 characters.
        assert_eq!(characters(&row(&"\t".repeat(10))), 21 + 1 + 3);
        let rows: Vec<Value> = (0..100).map(|_| row("0123456789")).collect();
        let (fits, more) = within(300 + 75, rows);
        assert_eq!((fits.len(), more), (5, true));
        let (fits, more) = within(0, [row("x")]);
        assert_eq!((fits.len(), more), (1, false));
    }
}
