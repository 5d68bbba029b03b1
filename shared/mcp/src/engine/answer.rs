//! Putting pages together, selecting with `query`, and rendering within the budget.

use awsmcp_aws::{Tap, Target};
use rmcp::model::JsonObject;
use serde_json::{Value, json};

use crate::{
    Body, Error, OutputMode, Part, Reply, Result, Service, View,
    cursor::{Binding, Cursor, Place},
    engine::{Answer, look::Fetched, run::Run},
    gate, query, render,
    text::neutral,
};

const CUT: &str =
    "large values were left out to stay within max_chars; select them with `query` or raise max_chars";

/// The rows of all pages that may be shown.
struct Rows {
    all: Vec<Value>,
    pages: Vec<Paged>,
    /// How many there are in all, where AWS says.
    total: Option<u64>,
}

/// One page of them.
struct Paged {
    slot: usize,
    place: Place,
    next: Option<String>,
    /// Where its rows begin among all.
    first: usize,
    /// For each of its rows, where it stood in AWS's page.
    positions: Vec<usize>,
    /// Where the first row stood that was one too many.
    rest: Option<usize>,
}

impl<S: Service> Run<'_, S> {
    /// Puts the pages together, applies `query`, and renders within the budget.
    pub(crate) fn answer(&self, binding: &Binding, cursor: &Cursor, fetched: Vec<Fetched>) -> Result<Answer> {
        let mut notes: Vec<String> = fetched.iter().flat_map(|page| page.notes.clone()).collect();
        let throttled: u32 = self.trace.taps.iter().flat_map(Tap::made).map(|made| made.throttled).sum();
        if throttled > 0 {
            notes.push(format!("AWS throttled {throttled} request(s), which were retried"));
        }
        if let [Fetched { reply: Reply { view: View::Rows(_), .. }, .. }, ..] = fetched.as_slice() {
            return self.rows(binding, cursor, self.together(cursor, fetched), notes);
        }
        // One thing per region becomes one row per region.
        if self.several() {
            let fetched = fetched.into_iter().map(Fetched::into_row).collect();
            return self.rows(binding, cursor, self.together(cursor, fetched), notes);
        }
        let Some(page) = fetched.into_iter().next() else {
            return Err(Error::internal("a call has no answer"));
        };
        match page.reply.view {
            View::Body(body) if self.input.query.is_some() => {
                let value = body.json().ok_or_else(|| {
                    Error::invalid(
                        "`query` is for a body that is JSON and fits as a whole; this one is not or does not",
                    )
                    .with_next("leave `query` out, or raise max_chars")
                })?;
                self.one(&value, notes, true)
            }
            View::Body(body) => Ok(self.body(body, &notes)),
            View::One(value) => self.one(&value, notes, self.entry.spec.quotes),
            View::Rows(_) => Err(Error::internal("rows are rendered as rows")),
        }
    }

    fn several(&self) -> bool {
        self.trace.targets.len() > 1
    }

    fn selected(&self, data: &Value) -> Result<Option<Value>> {
        self.input.query.as_deref().map(|expression| query::apply(expression, data)).transpose()
    }

    fn one(&self, value: &Value, mut notes: Vec<String>, quotes: bool) -> Result<Answer> {
        let selected = self.selected(value)?;
        if let Some(Value::Array(rows)) = &selected {
            let table = render::table(rows, self.budget());
            if table.shown < rows.len() || table.left_out {
                notes.push(CUT.to_owned());
            }
            let footer = render::footer(table.shown, Some(rows.len() as u64), None);
            let text = match quotes {
                true => format!("{}\n{footer}", render::marked(&table.text)),
                false => format!("{}{footer}", table.text),
            };
            let structured = json!({"result": rows.get(..table.shown)});
            return Ok(self.told(text, Vec::new(), structured, &notes));
        }
        if selected == Some(Value::Null) {
            notes.push(nothing(value));
        }
        let shown = selected.as_ref().unwrap_or(value);
        let (text, left_out) = render::one(shown, self.budget());
        if left_out {
            notes.push(CUT.to_owned());
        }
        let item = if left_out { Value::String(text.clone()) } else { shown.clone() };
        let structured =
            if selected.is_some() || left_out { json!({"result": item}) } else { json!({"item": item}) };
        let text = if quotes { render::marked(&text) } else { text };
        Ok(self.told(text, Vec::new(), structured, &notes))
    }

    fn body(&self, body: Body, notes: &[String]) -> Answer {
        let text = render::body(&body, self.budget());
        let texts = body.parts.iter().filter_map(|part| match part {
            Part::Text(text) => Some(text.as_str()),
            _ => None,
        });
        let shown: String = texts.collect::<String>().chars().take(self.budget()).collect();
        let structured = json!({"label": body.label, "text": shown, "rest": body.rest});
        let parts = body.parts.into_iter().filter(|part| !matches!(part, Part::Text(_))).collect();
        self.told(text, parts, structured, notes)
    }

    /// The rows of all pages, less those that the allow-list hides.
    fn together(&self, cursor: &Cursor, fetched: Vec<Fetched>) -> Rows {
        let mut rows = Rows { all: Vec::new(), pages: Vec::new(), total: None };
        for page in fetched {
            let Reply { view, next, total: counted } = page.reply;
            let View::Rows(own) = view else { continue };
            if let Some(counted) = counted {
                rows.total = Some(rows.total.unwrap_or(0) + counted);
            }
            let first = rows.all.len();
            let most = if cursor.limit == 0 { usize::MAX } else { cursor.limit as usize };
            let mut rest = None;
            let mut positions = Vec::new();
            for (at, row) in own.into_iter().enumerate().skip(page.place.skip) {
                if positions.len() == most {
                    // A tool may give more than was asked for: the rest is shown first on the next page.
                    rest = Some(at);
                    break;
                }
                if self.row_allowed(&row, &page.target) {
                    rows.all.push(if self.several() { with_region(row, &page.target.region) } else { row });
                    positions.push(at);
                }
            }
            rows.pages.push(Paged { slot: page.slot, place: page.place, next, first, positions, rest });
        }
        let hides = !self.engine.settings.allow_arns.is_empty() && self.entry.spec.row_arn.is_some();
        if self.several() || hides {
            rows.total = None;
        }
        rows
    }

    fn rows(&self, binding: &Binding, cursor: &Cursor, rows: Rows, mut notes: Vec<String>) -> Result<Answer> {
        let data = Value::Array(rows.all.clone());
        match self.selected(&data)? {
            Some(Value::Array(selected)) => {
                if selected.is_empty() && !rows.all.is_empty() {
                    notes.push(nothing(&data));
                }
                let table = render::table(&selected, self.budget());
                if table.shown < selected.len() {
                    notes.push(format!(
                        "{} selected rows did not fit: narrow `query`, or use a smaller `limit`",
                        selected.len() - table.shown
                    ));
                }
                let next = goes_on(binding, cursor, &rows.pages, usize::MAX);
                Ok(self.table("result", table, selected, None, next, notes))
            }
            Some(value) => {
                if value.is_null() {
                    notes.push(nothing(&data));
                }
                let next = goes_on(binding, cursor, &rows.pages, rows.all.len());
                Ok(self.selected_value(value, next, notes))
            }
            None => {
                let table = render::table(&rows.all, self.budget());
                let next = goes_on(binding, cursor, &rows.pages, table.shown);
                Ok(self.table("rows", table, rows.all, rows.total, next, notes))
            }
        }
    }

    /// What `query` made of rows, where that is no list.
    fn selected_value(&self, value: Value, next: Option<String>, mut notes: Vec<String>) -> Answer {
        let (text, left_out) = render::one(&value, self.budget());
        if left_out {
            notes.push(CUT.to_owned());
        }
        let mut text = if self.entry.spec.quotes { render::marked(&text) } else { text };
        if let Some(next) = &next {
            text.push_str(&format!("\nthis page only, next: {next}"));
        }
        self.told(text, Vec::new(), json!({"result": value, "next": next}), &notes)
    }

    fn table(
        &self,
        key: &str,
        table: render::Table,
        rows: Vec<Value>,
        total: Option<u64>,
        next: Option<String>,
        mut notes: Vec<String>,
    ) -> Answer {
        if table.left_out {
            notes.insert(0, CUT.to_owned());
        }
        if rows.is_empty() && next.is_some() {
            notes.push("this page has no match, but there are more pages".to_owned());
        }
        let mut text = table.text;
        if self.entry.spec.quotes && !text.is_empty() {
            text = format!("{}\n", render::marked(&text));
        }
        text.push_str(&render::footer(table.shown, total, next.as_deref()));
        let rows: Vec<Value> = rows.into_iter().take(table.shown).collect();
        let structured =
            JsonObject::from_iter([("next".to_owned(), json!(next)), (key.to_owned(), rows.into())]);
        self.told(text, Vec::new(), Value::Object(structured), &notes)
    }

    /// Whether a row is of a resource inside the operator's list.
    pub(crate) fn row_allowed(&self, row: &Value, target: &Target) -> bool {
        match self.entry.spec.row_arn {
            Some(template) if !self.engine.settings.allow_arns.is_empty() => {
                let account = self.trace.accounts.get(target).map(String::as_str);
                let environment = awsmcp_aws::environment(target, account);
                gate::row_allowed::<S>(template, row, environment, &self.engine.settings)
            }
            _ => true,
        }
    }

    fn told(&self, mut text: String, parts: Vec<Part>, mut structured: Value, notes: &[String]) -> Answer {
        for note in notes {
            text.push_str("\nnote: ");
            text.push_str(&neutral(note));
        }
        let structured = (self.engine.settings.output == OutputMode::Structured).then(|| {
            if let Some(fields) = structured.as_object_mut() {
                fields.values_mut().for_each(without_nulls);
                fields.retain(|_, value| !value.is_null());
                if !notes.is_empty() {
                    fields.insert("notes".to_owned(), json!(notes));
                }
            }
            structured
        });
        Answer::Done { text, parts, structured }
    }
}

/// The cursor behind the first `consumed` rows, if anything is behind them.
fn goes_on(binding: &Binding, cursor: &Cursor, pages: &[Paged], consumed: usize) -> Option<String> {
    let mut places: Vec<Option<Place>> = cursor.places.iter().map(|_| None).collect();
    for page in pages {
        let shown = consumed.saturating_sub(page.first).min(page.positions.len());
        let place = match page.positions.get(shown).or(page.rest.as_ref()) {
            // Some of its rows did not fit: the same page again, from there.
            Some(at) => Some(Place { token: page.place.token.clone(), skip: *at }),
            None => page.next.clone().map(|token| Place { token: Some(token), skip: 0 }),
        };
        if let Some(slot) = places.get_mut(page.slot) {
            *slot = place;
        }
    }
    places.iter().any(Option::is_some).then(|| Cursor { limit: cursor.limit, places }.seal(binding))
}

/// What a `query` that selected nothing could have named.
fn nothing(data: &Value) -> String {
    match (data.as_array().map(Vec::len), query::fields(data)) {
        (None, fields) => format!("`query` selected nothing; the fields are: {fields}"),
        (Some(0), _) => "`query` had no row to select from".to_owned(),
        (Some(count), fields) => {
            format!("`query` selected nothing of {count} row(s); their fields are: {fields}")
        }
    }
}

/// What is absent is left out: the output schemas know no `null`.
fn without_nulls(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, value| !value.is_null());
            fields.values_mut().for_each(without_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(without_nulls),
        _ => {}
    }
}

fn with_region(row: Value, region: &str) -> Value {
    match row {
        Value::Object(fields) => {
            let mut row = JsonObject::from_iter([("region".to_owned(), json!(region))]);
            row.extend(fields);
            Value::Object(row)
        }
        other => json!({"region": region, "value": other}),
    }
}
