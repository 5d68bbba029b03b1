//! Putting pages together, selecting with `query`, and rendering within the budget.

use std::mem;

use awsmcp_sdk::{Tap, Target};
use rmcp::model::JsonObject;
use serde_json::{Value, json};

use crate::{
    Body, Error, OutputMode, Part, Reply, Result, Risk, Service, View,
    brief::{says_the_same, without_nulls},
    cursor::{Cursor, Place, canonical},
    engine::{Answer, look::Fetched, run::Run},
    fence::{self, neutral},
    gate, kept, query, render,
    shorten::Cut,
};

const CUT: &str =
    "large values were cut to stay within max_chars; select them with `query` or raise max_chars";

/// How to get what was cut, where `max_chars` is as large as it may be, and where it is not.
type Advice = (&'static str, &'static str);

/// Of one thing.
const PARTS: Advice = ("select parts with `query`", "select parts with `query`, or raise max_chars");
/// Of a body.
const RANGE: Advice =
    ("a narrower range shows the rest", "a larger max_chars or a narrower range shows the rest");

/// What was cut of an answer.
pub(crate) struct Rest {
    line: String,
    next: Option<String>,
}

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
    pub(crate) fn answer(&self, cursor: &Cursor, fetched: Vec<Fetched>) -> Result<Answer> {
        let mut notes: Vec<String> = fetched.iter().flat_map(|page| page.notes.clone()).collect();
        let throttled: u32 = self.trace.taps.iter().flat_map(Tap::made).map(|made| made.throttled).sum();
        if throttled > 0 {
            notes.push(format!("AWS throttled {throttled} request(s), which were retried"));
        }
        if let [Fetched { reply: Reply { view: View::Rows(_), .. }, .. }, ..] = fetched.as_slice() {
            return self.rows(cursor, self.together(cursor, fetched), notes);
        }
        // One thing per region becomes one row per region.
        if self.several() {
            let fetched = fetched.into_iter().map(Fetched::into_row).collect();
            return self.rows(cursor, self.together(cursor, fetched), notes);
        }
        let Some(page) = fetched.into_iter().next() else {
            return Err(Error::internal("a call has no answer"));
        };
        match page.reply.view {
            View::Body(body) => self.body(body, notes),
            View::One { whole, brief } => {
                let failed = self.tells_of_failure(&whole);
                Ok(self.one(&whole, &brief, notes, self.entry.spec.quotes)?.about_failure(failed))
            }
            View::Rows(_) => Err(Error::internal("rows are rendered as rows")),
        }
    }

    /// Whether a tool of the account was called, and the answer says that what it stands for failed.
    fn tells_of_failure(&self, answer: &Value) -> bool {
        let derived = self.engine.server.derived.filter(|_| self.name != self.entry.spec.name);
        derived.is_some_and(|derived| (derived.failed)(answer))
    }

    fn several(&self) -> bool {
        self.trace.targets.len() > 1
    }

    /// What `query` selects. Where the tool has run and that cannot be repeated, the answer is shown without it, rather
    /// than lost.
    fn selected(&self, data: &Value, notes: &mut Vec<String>) -> Result<Option<Value>> {
        let Some(expression) = self.input.query.as_deref() else { return Ok(None) };
        match query::apply(expression, data) {
            Ok(found) => Ok(Some(found)),
            Err(error) if self.has_run() => {
                notes.push(self.without_query(&error));
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Whether a call is over and done when its answer is put together, so that asking again is no way to repeat it.
    fn has_run(&self) -> bool {
        !matches!(self.risk(), Risk::Read | Risk::Reveal)
    }

    fn without_query(&self, error: &Error) -> String {
        format!("{} ran; its answer is shown without `query`: {}", self.entry.spec.name, error.message)
    }

    /// What `query` selects of one thing: of its brief form, where that says the same.
    fn selected_of_one(
        &self,
        whole: &Value,
        brief: &Value,
        notes: &mut Vec<String>,
    ) -> Result<Option<Value>> {
        let Some(found) = self.selected(whole, notes)? else { return Ok(None) };
        let expression = self.input.query.as_deref().unwrap_or_default();
        let short = query::apply(expression, brief).ok().filter(|short| says_the_same(&found, short));
        Ok(Some(short.unwrap_or(found)))
    }

    fn one(&self, value: &Value, brief: &Value, mut notes: Vec<String>, quotes: bool) -> Result<Answer> {
        let selected = self.selected_of_one(value, brief, &mut notes)?;
        if let Some(Value::Array(rows)) = &selected {
            let table = render::table(rows, self.budget());
            let rest = self.rest(render::rest(rows, &table).into_iter().collect(), PARTS);
            let footer = render::footer(table.shown, Some(rows.len() as u64), None);
            let text = match quotes {
                true => format!("{}\n{footer}", render::marked(&table.text)),
                false => format!("{}{footer}", table.text),
            };
            let structured = || json!({"result": rows.get(..table.shown)});
            return Ok(self.told(text, Vec::new(), structured, &notes, rest));
        }
        if selected == Some(Value::Null) {
            notes.push(nothing(value));
        }
        let mut thing = render::one(selected.as_ref().unwrap_or(brief), self.budget(), quotes);
        // A beginning that is no object any more is not what the schema of the answer promises.
        let is_item = selected.is_none() && thing.is_like(value);
        let name = if is_item { "item" } else { "result" };
        if thing.is_text {
            notes.extend(fence::note(thing.written_out));
        }
        let rest = self.rest(mem::take(&mut thing.cuts), PARTS);
        let text = mem::take(&mut thing.text);
        let structured = || {
            let whole = selected.unwrap_or_else(|| without_nulls(value, Some(brief)));
            json!({name: thing.structured(&whole)})
        };
        Ok(self.told(text, Vec::new(), structured, &notes, rest))
    }

    fn body(&self, body: Body, mut notes: Vec<String>) -> Result<Answer> {
        if self.input.query.is_some() {
            if let Some(value) = body.json() {
                return self.one(&value, &value, notes, true);
            }
            let error = Error::invalid(
                "`query` is for a body that is JSON and fits as a whole; this one is not or does not",
            )
            .with_next("leave `query` out, or raise max_chars");
            if !self.has_run() {
                return Err(error);
            }
            notes.push(self.without_query(&error));
        }
        let shown = render::body(&body, self.budget());
        notes.extend(fence::note(shown.written_out));
        let parts = body.parts.into_iter().filter(|part| !matches!(part, Part::Text(_))).collect();
        let rest = self.rest(shown.cuts, RANGE);
        let structured = || json!({"label": body.label, "text": shown.contents, "rest": body.rest});
        Ok(self.told(shown.text, parts, structured, &notes, rest))
    }

    /// What to say of what was cut, and how to get it.
    fn rest(&self, cuts: Vec<Cut>, advice: Advice) -> Option<Rest> {
        if cuts.is_empty() || !self.is_kept() {
            return self.cut(&cuts, advice);
        }
        let line = render::cut_line(&cuts, None);
        Some(match self.engine.kept.keep(&self.asked(), cuts) {
            Some(place) => Rest { line, next: Some(place.cursor()) },
            None => Rest { line: format!("{line}; the rest is too large to be kept"), next: None },
        })
    }

    /// What to say of what was cut where it can be asked for again.
    fn cut(&self, cuts: &[Cut], (narrower, raise): Advice) -> Option<Rest> {
        let advice = if self.budget() < self.engine.settings.max_chars { raise } else { narrower };
        (!cuts.is_empty())
            .then(|| Rest { line: format!("{}; {advice}", render::cut_line(cuts, None)), next: None })
    }

    /// Reads on in an answer that is kept; nothing is sent and nothing is run.
    pub(crate) fn read_on(&self, cursor: &str) -> Result<Answer> {
        let place = kept::Place::read(cursor).ok_or_else(|| {
            Error::invalid("`cursor` is not one of this tool's; nothing was run")
                .with_next("pass the text after `next:` as it is, or leave `cursor` out to run the tool")
        })?;
        let read = self.engine.kept.read(&self.asked(), place, self.budget())?;
        let next = read.next.map(|next| next.cursor());
        let structured = || json!({"result": render::marked(&read.text), "next": next});
        Ok(self.told(render::read_on(&read), Vec::new(), structured, &[], None))
    }

    /// All that shapes an answer, but how much of it is shown.
    fn asked(&self) -> kept::Question {
        let input = &self.input;
        let arguments = json!({
            "own": input.own,
            "query": input.query,
            "region": input.region,
            "regions": input.regions,
            "profile": input.profile,
        });
        kept::Question::new(self.caller.name(), self.entry.spec.name, &canonical(&arguments))
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

    fn rows(&self, cursor: &Cursor, mut rows: Rows, mut notes: Vec<String>) -> Result<Answer> {
        let data = Value::Array(mem::take(&mut rows.all));
        let count = data.as_array().map_or(0, Vec::len);
        match self.selected(&data, &mut notes)? {
            Some(Value::Array(selected)) => {
                if selected.is_empty() && count > 0 {
                    notes.push(nothing(&data));
                }
                let table = render::table(&selected, self.budget());
                if table.shown < selected.len() {
                    notes.push(format!(
                        "{} selected rows did not fit: narrow `query`, or use a smaller `limit`",
                        selected.len() - table.shown
                    ));
                }
                let next = self.goes_on(cursor, &rows.pages, usize::MAX);
                Ok(self.table("result", table, selected, None, next, notes))
            }
            Some(value) => {
                if value.is_null() {
                    notes.push(nothing(&data));
                }
                let next = self.goes_on(cursor, &rows.pages, count);
                Ok(self.selected_value(value, next, notes))
            }
            None => {
                let Value::Array(all) = data else { return Err(Error::internal("rows are a list")) };
                let table = render::table(&all, self.budget());
                let next = self.goes_on(cursor, &rows.pages, table.shown);
                Ok(self.table("rows", table, all, rows.total, next, notes))
            }
        }
    }

    /// The cursor behind the first `consumed` rows, if anything is behind them.
    fn goes_on(&self, cursor: &Cursor, pages: &[Paged], consumed: usize) -> Option<String> {
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
        places
            .iter()
            .any(Option::is_some)
            .then(|| Cursor { limit: cursor.limit, places }.seal(&self.binding()))
    }

    /// What `query` made of rows, where that is no list.
    fn selected_value(&self, value: Value, next: Option<String>, mut notes: Vec<String>) -> Answer {
        let mut thing = render::one(&value, self.budget(), self.entry.spec.quotes);
        if thing.is_text {
            notes.extend(fence::note(thing.written_out));
        }
        let rest = self.cut(&thing.cuts, PARTS);
        let mut text = mem::take(&mut thing.text);
        if let Some(next) = &next {
            text.push_str(&format!("\nthis page only, next: {next}"));
        }
        let structured = || json!({"result": thing.structured(&value), "next": next});
        self.told(text, Vec::new(), structured, &notes, rest)
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
        if table.is_cut {
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
        let structured = || {
            let rows = rows.iter().take(table.shown);
            let rows: Vec<Value> = match key {
                "rows" => rows.map(|row| without_nulls(row, None)).collect(),
                _ => rows.cloned().collect(),
            };
            json!({"next": next, key: rows})
        };
        self.told(text, Vec::new(), structured, &notes, None)
    }

    /// Whether a row is of a resource inside the operator's list.
    pub(crate) fn row_allowed(&self, row: &Value, target: &Target) -> bool {
        match self.entry.spec.row_arn {
            Some(template) if !self.engine.settings.allow_arns.is_empty() => {
                let account = self.trace.accounts.get(target).map(String::as_str);
                let environment = awsmcp_sdk::environment(target, account);
                gate::row_allowed::<S>(template, row, environment, &self.engine.settings)
            }
            _ => true,
        }
    }

    /// The answer, with what was cut of it and the notes behind it. Its structured form is made where it is wanted.
    pub(crate) fn told(
        &self,
        mut text: String,
        parts: Vec<Part>,
        structured: impl FnOnce() -> Value,
        notes: &[String],
        rest: Option<Rest>,
    ) -> Answer {
        let mut said: Vec<&str> = Vec::new();
        if let Some(rest) = &rest {
            text.push('\n');
            text.push_str(&rest.line);
            if let Some(next) = &rest.next {
                text.push_str(&format!(", next: {next}"));
            }
            said.push(&rest.line);
        }
        let off = self.engine.gate.off_among(&notes.join("\n"), &self.engine.server, self.name);
        for note in notes.iter().chain(&off) {
            // Several regions may say the same.
            if !said.contains(&note.as_str()) {
                text.push_str("\nnote: ");
                text.push_str(&neutral(note));
                said.push(note);
            }
        }
        let structured = (self.engine.settings.output == OutputMode::Structured).then(|| {
            let mut structured = structured();
            let written_out = fence::structured(&mut structured);
            let mut said: Vec<String> = said.iter().map(|said| neutral(said).into_owned()).collect();
            said.extend(fence::note(written_out));
            if let Some(fields) = structured.as_object_mut() {
                fields.retain(|_, value| !value.is_null());
                if let Some(next) = rest.as_ref().and_then(|rest| rest.next.as_ref()) {
                    fields.insert("next".to_owned(), json!(next));
                }
                if !said.is_empty() {
                    fields.insert("notes".to_owned(), json!(said));
                }
            }
            structured
        });
        Answer::Done { text, parts, structured, failed: false }
    }
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

#[cfg(test)]
mod tests;
