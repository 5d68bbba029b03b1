//! What a tool answered, and what a test asks of it.

use expect_test::Expect;
use serde_json::Value;

use crate::fail;
use crate::fail::OrFail;

/// What a tool answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The text blocks, one below the other.
    pub text: String,
    /// Whether the tool says that it failed.
    pub is_error: bool,
    /// `structuredContent`
    pub structured: Option<Value>,
    /// Every content block.
    pub content: Vec<Value>,
    /// The whole result.
    pub raw: Value,
}

impl Answer {
    /// Reads the result of `tools/call`.
    fn new(raw: Value) -> Answer {
        let content = raw.get("content").and_then(Value::as_array).cloned().unwrap_or_default();
        let texts: Vec<&str> = content.iter().filter_map(|block| block.get("text")?.as_str()).collect();
        Answer {
            text: texts.join("\n"),
            is_error: raw.get("isError").and_then(Value::as_bool).unwrap_or(false),
            structured: raw.get("structuredContent").cloned(),
            content,
            raw,
        }
    }

    /// The text, of a call that must have succeeded.
    #[track_caller]
    pub fn ok(&self) -> &str {
        if self.is_error {
            fail(format!("the tool failed: {}", self.text));
        }
        &self.text
    }

    /// The token of a plan, by which a repeated call confirms it; none if this is no plan.
    pub fn plan_token(&self) -> Option<&str> {
        let (_, rest) = self.text.split_once("\"confirm\":\"")?;
        rest.split('"').next().filter(|_| !self.is_error)
    }

    /// The token of what must be a plan.
    #[track_caller]
    pub fn token(&self) -> &str {
        if !self.text.contains("nothing was done yet") {
            fail(format!("this does not say that nothing was done yet: {}", self.text));
        }
        self.plan_token().unwrap_or_else(|| fail(format!("this is no plan: {}", self.text)))
    }

    /// The text, of a call that must have failed.
    #[track_caller]
    pub fn error(&self) -> &str {
        if !self.is_error {
            fail(format!("the tool succeeded: {}", self.text));
        }
        &self.text
    }

    /// Fails unless the call succeeded and its text holds every one of `parts`; says which it lacks.
    #[track_caller]
    pub fn holds(&self, parts: &[&str]) -> &Answer {
        holds(self.ok(), parts);
        self
    }

    /// Fails unless the call succeeded and its text is `expected`, which stands in the test as [`expect!`](crate::expect):
    /// for plans and explanations, of which a reader of the test should see all. `UPDATE_EXPECT=1` writes it anew.
    #[track_caller]
    pub fn shows(&self, expected: Expect) -> &Answer {
        expected.assert_eq(self.ok());
        self
    }

    /// Fails unless the call failed and its text holds every one of `parts`; says which it lacks.
    #[track_caller]
    pub fn fails(&self, parts: &[&str]) -> &Answer {
        holds(self.error(), parts);
        self
    }

    /// Fails if the text, whether of a success or of a failure, holds any of `parts`; says which.
    #[track_caller]
    pub fn lacks(&self, parts: &[&str]) -> &Answer {
        lacks(&self.text, parts);
        self
    }

    /// The first JSON object that stands on a line of its own: what a tool answers that shows one thing.
    #[track_caller]
    pub fn object(&self) -> Value {
        let objects = self.objects();
        objects.into_iter().next().unwrap_or_else(|| fail(format!("there is no object in: {}", self.text)))
    }

    /// Every JSON object that stands on a line of its own: rows that are objects and not cells.
    #[track_caller]
    pub fn objects(&self) -> Vec<Value> {
        let lines = self.ok().lines().filter(|line| line.starts_with('{'));
        lines.map(|line| serde_json::from_str(line).or_fail(line)).collect()
    }

    /// The cells of one column of the first table that has it, header left out.
    #[track_caller]
    pub fn column(&self, name: &str) -> Vec<&str> {
        let mut lines = self.ok().lines();
        let Some((at, header)) = lines.find_map(|line| {
            let cells: Vec<&str> = line.split('\t').collect();
            Some((cells.iter().position(|cell| *cell == name)?, cells.len()))
        }) else {
            fail(format!("there is no column {name:?} in: {}", self.text))
        };
        // A table ends with the line that counts its rows, which is also the only one where a table of one column does.
        lines
            .take_while(|line| line.split('\t').count() == header && !counts_rows(line))
            .filter_map(|line| line.split('\t').nth(at))
            .collect()
    }

    /// The cursor of the next page; none on the last one.
    #[track_caller]
    pub fn next(&self) -> Option<String> {
        self.ok().lines().find_map(|line| {
            let (before, cursor) = line.split_once("next: ")?;
            let counted = before.is_empty() || (before.ends_with(", ") && counts_rows(before));
            (counted && !cursor.is_empty() && !cursor.contains(' ')).then(|| cursor.to_owned())
        })
    }
}

/// Fails unless `text` holds every one of `parts`; says which it lacks.
#[track_caller]
pub fn holds(text: &str, parts: &[&str]) {
    let missing: Vec<&&str> = parts.iter().filter(|part| !text.contains(**part)).collect();
    if !missing.is_empty() {
        fail(format!("this does not hold {missing:?}:\n{text}"));
    }
}

/// Fails if `text` holds any of `parts`; says which.
#[track_caller]
pub fn lacks(text: &str, parts: &[&str]) {
    let there: Vec<&&str> = parts.iter().filter(|part| text.contains(**part)).collect();
    if !there.is_empty() {
        fail(format!("this holds {there:?}:\n{text}"));
    }
}

/// Whether a line is the one below a table: `3 rows`, `1 row`, `2 of 1,000 rows, next: ...`.
fn counts_rows(line: &str) -> bool {
    let number =
        |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b',');
    let Some((count, rest)) = line.split_once(' ') else { return false };
    let rest = match rest.strip_prefix("of ").and_then(|rest| rest.split_once(' ')) {
        Some((total, rest)) if number(total) => rest,
        _ => rest,
    };
    number(count) && matches!(rest.split(',').next(), Some("row" | "rows"))
}

impl From<Value> for Answer {
    fn from(result: Value) -> Answer {
        Answer::new(result)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn said(text: &str) -> Answer {
        Answer::from(json!({"content": [{"type": "text", "text": text}]}))
    }

    fn failure(what: impl FnOnce() + std::panic::UnwindSafe) -> String {
        let failure = std::panic::catch_unwind(what).unwrap_err();
        failure.downcast_ref::<String>().unwrap().clone()
    }

    #[test]
    fn the_part_that_is_missing_is_named_and_no_other() {
        let answer = said("delete 2 objects\nwarning: one is locked");
        answer.holds(&["2 objects", "locked"]).lacks(&["3 objects"]);
        answer.shows(crate::expect![[r#"
            delete 2 objects
            warning: one is locked"#]]);
        let message = failure(|| drop(said("delete 2 objects").holds(&["2 objects", "locked"]).clone()));
        assert_eq!(message, "this does not hold [\"locked\"]:\ndelete 2 objects");
        let message = failure(|| drop(said("delete 2 objects").lacks(&["2 objects", "locked"]).clone()));
        assert_eq!(message, "this holds [\"2 objects\"]:\ndelete 2 objects");
    }

    #[test]
    fn a_success_does_not_fail_and_a_failure_does_not_hold() {
        let message = failure(|| drop(said("2 objects").fails(&["2 objects"]).clone()));
        assert_eq!(message, "the tool succeeded: 2 objects");
        let failed = json!({"content": [{"type": "text", "text": "no such table"}], "isError": true});
        let failed = Answer::from(failed);
        failed.fails(&["no such"]);
        let message = failure(std::panic::AssertUnwindSafe(|| drop(failed.holds(&["no such"]).clone())));
        assert_eq!(message, "the tool failed: no such table");
    }

    #[test]
    fn tables_have_columns_and_a_cursor() {
        let page = said("name\tsize\na\t1\nb\t\n2 of 1,000 rows, next: CUR\nnote: slow");
        assert_eq!((page.column("name"), page.column("size")), (vec!["a", "b"], vec!["1", ""]));
        assert_eq!(page.next().as_deref(), Some("CUR"));
        assert_eq!(said("table\na\n1 row, next: C").column("table"), ["a"]);
        assert_eq!(said("<data x>\ntext\n</data x>\nnext: C").next().as_deref(), Some("C"));
        assert_eq!(said("name\na\n1 row").next(), None);
        // What a row says is no cursor, nor is a sentence.
        assert_eq!(said("name\nx, next: y\n1 row").next(), None);
        assert_eq!(said("next: correct the name").next(), None);
    }

    #[test]
    fn objects_are_read_off_their_lines() {
        let answer = said("item\n{\"a\":1}\n{\"a\":2}\n2 rows");
        assert_eq!(answer.objects(), [json!({"a": 1}), json!({"a": 2})]);
        assert_eq!(answer.object()["a"], 1);
    }
}
