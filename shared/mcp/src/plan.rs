//! What a change would do.

use serde::Serialize;
use serde_json::{Value, json};

use crate::{cursor::canonical, difference, render, text::neutral};

/// What a change would do, and the items that it is made of.
///
/// The items are what `plan` found and `apply` gets: it looks for nothing anew. They are part of what is confirmed, so
/// that a confirmation fits no other items; each carries what makes its change safe (an entity tag, a version, a hash of
/// what was described), so that what has moved since is left alone.
#[derive(Clone, Debug, Default)]
pub struct Plan<Items = ()> {
    headline: String,
    rows: Vec<Value>,
    warnings: Vec<String>,
    state: Value,
    ask: bool,
    items: Items,
}

impl Plan {
    /// A plan in a sentence: `delete 12 objects, 3.4 MiB, under logs/ of bucket b`.
    pub fn new(headline: impl Into<String>) -> Self {
        Plan { headline: headline.into(), ..Plan::default() }
    }

    /// The items that the change is made of.
    #[must_use]
    pub fn items<Items: Serialize>(self, items: Items) -> Plan<Items> {
        let Plan { headline, rows, warnings, state, ask, items: () } = self;
        Plan { headline, rows, warnings, state, ask, items }
    }
}

impl<Items> Plan<Items> {
    /// Adds a row of detail; rows of one plan have the same fields.
    #[must_use]
    pub fn row(mut self, row: Value) -> Self {
        self.rows.push(row);
        self
    }

    /// Adds a row for each line of how `after` differs from `before`.
    #[must_use]
    pub fn difference(mut self, before: Option<&Value>, after: Option<&Value>) -> Self {
        self.rows.extend(difference(before, after).into_iter().map(|line| json!({"diff": line})));
        self
    }

    /// Adds what a reader must not miss.
    #[must_use]
    pub fn warning(mut self, text: impl Into<String>) -> Self {
        self.warnings.push(text.into());
        self
    }

    /// Binds the confirmation to more than what is shown: entity tags, versions, counts.
    #[must_use]
    pub fn state(mut self, state: Value) -> Self {
        self.state = state;
        self
    }

    /// Asks for confirmation although the tool's risk does not: what shrinks or ends something that runs, opens to
    /// others, or replaces what exists nowhere else.
    #[must_use]
    pub fn ask(mut self) -> Self {
        self.ask = true;
        self
    }

    pub(crate) fn asks(&self) -> bool {
        self.ask
    }

    /// The plan without its items, to be shown and confirmed, and the items.
    pub(crate) fn apart(self) -> (Plan, Items)
    where
        Items: Serialize,
    {
        let Plan { headline, rows, warnings, state, ask, items } = self;
        // What cannot be written as JSON is no item; a confirmation of it fits nothing but itself.
        let of_items = serde_json::to_value(&items).unwrap_or_default();
        (Plan { headline, rows, warnings, state: json!([state, of_items]), ask, items: () }, items)
    }

    /// The plan as text.
    pub(crate) fn text(&self, budget: usize) -> String {
        let mut text = neutral(&self.headline).into_owned();
        for warning in &self.warnings {
            text.push_str(&format!("\nwarning: {}", neutral(warning)));
        }
        if !self.rows.is_empty() {
            let table = render::table(&self.rows, budget.saturating_sub(text.len()).max(200));
            text.push('\n');
            text.push_str(&table.text);
            text.push_str(&render::footer(table.shown, Some(self.rows.len() as u64), None));
        }
        text
    }

    /// What a confirmation is bound to: all that is shown, the state behind it and the items.
    pub(crate) fn fingerprint(&self) -> String {
        format!(
            "{}\n{:?}\n{}\n{}",
            self.headline,
            self.warnings,
            canonical(&Value::Array(self.rows.clone())),
            self.state
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_items_are_another_plan() {
        let of = |items: &[&str]| Plan::new("delete 1 object").items(items.to_vec()).apart().0.fingerprint();
        assert_eq!(of(&["a"]), of(&["a"]));
        assert_ne!(of(&["a"]), of(&["b"]));
    }
}
