use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use awsmcp_sdk::{SdkConfig, Session, SessionConfig, Tap};
use awsmcp_spec::Risk;
use rmcp::model::JsonObject;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    Answer, Body, Call, Caller, Change, Consent, Engine, Error, Moment, One, OutputMode, Page, Part, Plan,
    Principal, Result, Server, Service, Settings, Spec, Tool,
    fence::{
        self,
        tests::{HOSTILE, holds},
    },
};

/// A service whose every field holds what its caller gives: what somebody might have stored.
struct Store;

impl Service for Store {
    const ID: &'static str = "store";
    const TITLE: &'static str = "Store";
    const SUMMARY: &'static str = "Gives back what it is given.";
    const PREFIXES: &'static [(&'static str, &'static str)] = &[];
    const ACTIONS: &'static [(&'static str, &'static [&'static str])] = &[];
    type Client = ();

    fn client(_: &SdkConfig, _: Tap) {}
}

#[derive(Serialize, JsonSchema)]
struct Thing {
    name: String,
    more: Value,
}

impl Thing {
    fn of(text: &str) -> Thing {
        Thing { name: text.to_owned(), more: json!({text: [text, {"inner": text}], "plain": text}) }
    }
}

macro_rules! given {
    ($($name:ident)*) => {$(
        /// Gives back.
        #[derive(Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        struct $name {
            text: String,
        }
    )*};
}

given!(ListThings QuoteThings GetThing GetStored ReadThing FailThing RunThing RunBody PutThing DeleteThing);

impl Tool for ListThings {
    type Service = Store;
    type Output = Page<Thing>;
    const SPEC: Spec = Spec::list("list_things", "List things");

    async fn call(self, cx: &Call<Store>) -> Result<Page<Thing>> {
        cx.note(format!("about {}", self.text));
        cx.progress(1, None, format!("reading {}", self.text));
        Ok(cx.page([Thing::of(&self.text), Thing::of("plain")], None))
    }
}

impl Tool for QuoteThings {
    type Service = Store;
    type Output = Page<Thing>;
    const SPEC: Spec = Spec::list("quote_things", "Quote things").quotes();

    async fn call(self, cx: &Call<Store>) -> Result<Page<Thing>> {
        Ok(cx.page([Thing::of(&self.text)], None))
    }
}

impl Tool for GetThing {
    type Service = Store;
    type Output = One<Thing>;
    const SPEC: Spec = Spec::read("get_thing", "Get thing");

    async fn call(self, _: &Call<Store>) -> Result<One<Thing>> {
        Ok(One(Thing::of(&self.text)))
    }
}

/// Fields of ours that say nothing, beside what somebody stored as JSON.
#[derive(Serialize, JsonSchema)]
struct Stored {
    none: Option<u8>,
    text: String,
    list: Vec<String>,
    stored: Value,
}

impl Tool for GetStored {
    type Service = Store;
    type Output = One<Stored>;
    const SPEC: Spec = Spec::read("get_stored", "Get stored");

    async fn call(self, _: &Call<Store>) -> Result<One<Stored>> {
        let stored = serde_json::from_str(&self.text).unwrap();
        Ok(One(Stored { none: None, text: String::new(), list: Vec::new(), stored }))
    }
}

impl Tool for ReadThing {
    type Service = Store;
    type Output = Body;
    const SPEC: Spec = Spec::read("read_thing", "Read thing");

    async fn call(self, _: &Call<Store>) -> Result<Body> {
        let parts =
            vec![Part::Text(self.text.clone()), Part::Image { data: vec![1], mime: self.text.clone() }];
        Ok(Body { label: self.text, parts, ..Body::default() })
    }
}

impl Tool for FailThing {
    type Service = Store;
    type Output = One<Thing>;
    const SPEC: Spec = Spec::read("fail_thing", "Fail thing");

    async fn call(self, _: &Call<Store>) -> Result<One<Thing>> {
        let mut error =
            Error::invalid(format!("AWS says {}", self.text)).with_next(format!("try {}", self.text));
        error.status = Some(400);
        error.code = Some(self.text);
        Err(error)
    }
}

/// How often something long was run, by a test that counts; the others run what is short.
static LONG_RUNS: AtomicUsize = AtomicUsize::new(0);

fn runs(text: &str) {
    if text.len() > 10_000 {
        LONG_RUNS.fetch_add(1, Ordering::SeqCst);
    }
}

impl Tool for RunThing {
    type Service = Store;
    type Output = One<Thing>;
    const SPEC: Spec = Spec::invoke("run_thing", "Run thing");

    async fn call(self, _: &Call<Store>) -> Result<One<Thing>> {
        runs(&self.text);
        Ok(One(Thing { name: self.text, more: json!({"tokens": 5}) }))
    }
}

impl Tool for RunBody {
    type Service = Store;
    type Output = Body;
    const SPEC: Spec = Spec::invoke("run_body", "Run body");

    async fn call(self, _: &Call<Store>) -> Result<Body> {
        runs(&self.text);
        Ok(Body { label: "b".to_owned(), parts: vec![Part::Text(self.text)], ..Body::default() })
    }
}

fn plan(text: &str) -> Plan {
    Plan::new(format!("change {text}")).warning(format!("{text} too")).row(json!({"key": text, text: text}))
}

impl Change for PutThing {
    type Service = Store;
    type Output = One<Thing>;
    type Items = ();
    const SPEC: Spec = Spec::write("put_thing", "Put thing");

    async fn plan(&self, _: &Call<Store>) -> Result<Plan> {
        Ok(plan(&self.text))
    }

    async fn apply(self, (): (), _: &Call<Store>) -> Result<One<Thing>> {
        runs(&self.text);
        Ok(One(Thing::of(&self.text)))
    }
}

impl Change for DeleteThing {
    type Service = Store;
    type Output = One<Thing>;
    type Items = ();
    const SPEC: Spec = Spec::destroy("delete_thing", "Delete thing");

    async fn plan(&self, _: &Call<Store>) -> Result<Plan> {
        Ok(plan(&self.text))
    }

    async fn apply(self, (): (), _: &Call<Store>) -> Result<One<Thing>> {
        Ok(One(Thing::of(&self.text)))
    }
}

/// Lists what happened.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ListEvents {
    since: Option<Moment>,
    until: Option<Moment>,
    seconds: Option<u32>,
}

impl Tool for ListEvents {
    type Service = Store;
    type Output = Page<Value>;
    const SPEC: Spec = Spec::list("list_events", "List events").regional();

    async fn call(self, cx: &Call<Store>) -> Result<Page<Value>> {
        let time = |moment: Option<Moment>| moment.map(|Moment(time)| time.to_string());
        let row = json!({"since": time(self.since), "until": time(self.until), "seconds": self.seconds, "limit": cx.limit()});
        Ok(cx.page([row], None))
    }
}

/// Sets a clock.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SetClock {
    time: Moment,
}

impl Change for SetClock {
    type Service = Store;
    type Output = One<Value>;
    type Items = ();
    const SPEC: Spec = Spec::write("set_clock", "Set clock");

    async fn plan(&self, _: &Call<Store>) -> Result<Plan> {
        Ok(Plan::new(format!("set the clock to {}", self.time.0)))
    }

    async fn apply(self, (): (), _: &Call<Store>) -> Result<One<Value>> {
        Ok(One(json!({"time": self.time.0.to_string()})))
    }
}

fn engine(output: OutputMode) -> Engine<Store> {
    with(Settings { allow: Risk::ALL.into_iter().collect(), output, ..Settings::default() })
}

fn with(settings: Settings) -> Engine<Store> {
    let server = Server::<Store>::new("")
        .toolset("things", "")
        .tool::<ListThings>()
        .tool::<QuoteThings>()
        .tool::<GetThing>()
        .tool::<GetStored>()
        .tool::<ReadThing>()
        .tool::<FailThing>()
        .tool::<RunThing>()
        .tool::<RunBody>()
        .change::<PutThing>()
        .change::<DeleteThing>()
        .tool::<ListEvents>()
        .change::<SetClock>();
    let config = SessionConfig {
        region: Some("eu-west-1".to_owned()),
        allow_regions: vec!["us-east-1".to_owned()],
        ..SessionConfig::default()
    };
    Engine::new(server, Session::new(config), settings).unwrap()
}

/// What a caller sees of an answer: its text, and its structured form.
async fn see(
    engine: &Engine<Store>,
    tool: &str,
    arguments: &Value,
    caller: &Caller,
) -> (String, Option<Value>) {
    let arguments: JsonObject = arguments.as_object().unwrap().clone();
    match engine.call(tool, arguments, caller).await.unwrap() {
        Answer::Done { text, structured, .. } => (text, structured),
        Answer::Failed { text, .. } | Answer::Planned { text } => (text, None),
        Answer::Ask { question, .. } => (question, None),
    }
}

async fn ask(engine: &Engine<Store>, tool: &str, arguments: Value) -> String {
    see(engine, tool, &arguments, &Caller::default()).await.0
}

#[tokio::test]
async fn a_suggested_tool_is_on_or_the_answer_says_what_turns_it_on() {
    let call = json!({"text": "delete_thing"});
    let off = ask(&with(Settings::default()), "fail_thing", call.clone()).await;
    assert!(off.ends_with("\nnote: delete_thing is turned off: it needs --allow destroy"), "{off}");
    let on = ask(&engine(OutputMode::Text), "fail_thing", call).await;
    assert!(!on.contains("turned off"), "{on}");
    // Only what we say is a suggestion.
    let own = ask(&with(Settings::default()), "fail_thing", json!({"text": "fail_thing"})).await;
    assert!(!own.contains("turned off"), "{own}");
    let data = ask(&with(Settings::default()), "get_thing", json!({"text": "delete_thing"})).await;
    assert!(!data.contains("turned off"), "{data}");
}

/// Every string and every name in a value.
fn strings(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| strings(item, found)),
        Value::Object(fields) => fields.iter().for_each(|(name, value)| {
            found.push(name.clone());
            strings(value, found);
        }),
        _ => {}
    }
}

/// The fence holds for every kind of answer, whatever AWS fills its fields with.
#[tokio::test]
async fn no_answer_lets_data_pass_for_words_of_ours_or_hides_anything() {
    let (text, structured) = (engine(OutputMode::Text), engine(OutputMode::Structured));
    let queries = [
        "@",
        "name",
        "[0].name",
        "[].name",
        "[0]",
        "more",
        "[].more",
        "more.plain",
        "{a: name}",
        "[name, name]",
        "keys(@)",
        "nothing",
    ];
    let notes = ["note: about ", "note: ", "2 rows", "1 row", "0 rows", "cut: "];
    for data in HOSTILE {
        for tool in ["list_things", "quote_things", "get_thing", "read_thing", "run_thing", "run_body"] {
            let mut calls = vec![json!({"text": data}), json!({"text": data.repeat(60), "max_chars": 200})];
            calls.extend(queries.map(|query| json!({"text": data, "query": query})));
            for arguments in calls {
                let (shown, _) = see(&text, tool, &arguments, &Caller::default()).await;
                let expected: &[&str] = match shown.contains(" failed: ") {
                    true => &["next: "],
                    false => &notes,
                };
                // A page's rows are counted, and what was cut is said, in lines of ours.
                let counted = |line: &str| line.ends_with(" rows") && !line.contains("next");
                let body: Vec<&str> = shown.lines().collect();
                let body = match body.split_last() {
                    Some((last, rest)) if counted(last) => rest.join("\n"),
                    _ => shown.clone(),
                };
                holds(&body, expected);
                let (_, value) = see(&structured, tool, &arguments, &Caller::default()).await;
                let mut found = Vec::new();
                strings(&value.unwrap_or_default(), &mut found);
                for string in found {
                    assert_eq!(fence::written_out(&string), 0, "{tool} {arguments}: {string:?}");
                }
            }
        }
        // Errors.
        let failed = ask(&text, "fail_thing", json!({"text": data})).await;
        holds(&failed, &["next: try"]);
        // Plans, dry or to be confirmed, and questions.
        for tool in ["put_thing", "delete_thing"] {
            let planned = ask(&text, tool, json!({"text": data, "dry_run": true})).await;
            holds(&planned, &["dry run, nothing was changed. ", "warning: ", "1 row"]);
            let done = ask(&text, tool, json!({"text": data})).await;
            holds(&done, &["nothing was done yet. ", "warning: ", "1 row", "to do it, repeat"]);
        }
        let round = Caller { consent: Consent::Round { answer: None, state: None }, ..Caller::default() };
        let (question, _) = see(&text, "delete_thing", &json!({"text": data}), &round).await;
        holds(&question, &["warning: ", "1 row"]);
        // Progress.
        let told = Arc::new(Mutex::new(Vec::new()));
        let heard = told.clone();
        let progress = Arc::new(move |_, _, message: String| heard.lock().unwrap().push(message));
        let listening = Caller { progress: Some(progress), ..Caller::default() };
        see(&text, "list_things", &json!({"text": data}), &listening).await;
        let told = told.lock().unwrap();
        assert_eq!(told.len(), 1);
        assert!(!told[0].contains('\n'), "{told:?}");
        holds(&told[0], &[]);
    }
}

#[tokio::test]
async fn what_is_stored_is_shown_as_it_is_and_what_is_ours_only_where_it_says_something() {
    const STORED: &str = r#"{"a":null,"b":"","c":[],"d":[{"e":{}}]}"#;
    let (text, structured) = (engine(OutputMode::Text), engine(OutputMode::Structured));
    for (query, shown) in [
        (None, format!(r#"{{"stored":{STORED}}}"#)),
        (Some("@"), format!(r#"{{"stored":{STORED}}}"#)),
        (Some("stored"), STORED.to_owned()),
        (Some("{it: stored, n: length(list)}"), format!(r#"{{"it":{STORED},"n":0}}"#)),
        (Some("keys(@) | join(' ', @)"), "list none stored text".to_owned()),
    ] {
        let call = json!({"text": STORED, "query": query});
        assert_eq!(ask(&text, "get_stored", call).await, shown, "{query:?}");
    }
    let (_, value) = see(&structured, "get_stored", &json!({"text": STORED}), &Caller::default()).await;
    let expected = format!(r#"{{"item":{{"text":"","list":[],"stored":{STORED}}}}}"#);
    assert_eq!(value.unwrap().to_string(), expected);
}

#[tokio::test]
async fn a_body_is_marked_in_its_structured_form_too() {
    let engine = engine(OutputMode::Structured);
    let call = json!({"text": "obey\nnote: me"});
    let (_, value) = see(&engine, "read_thing", &call, &Caller::default()).await;
    let text = value.unwrap()["text"].as_str().unwrap().to_owned();
    assert_eq!(text, fence::marked("obey\nnote: me"));
    let (_, value) = see(&engine, "read_thing", &json!({"text": "a\u{200b}"}), &Caller::default()).await;
    let notes = value.unwrap()["notes"].to_string();
    assert!(notes.contains("1 hidden character of the data is written out"), "{notes}");
}

/// The whole of a name, as it is read on through the cursors of an answer that was cut.
async fn read_on(engine: &Engine<Store>, tool: &str, mut arguments: Value) -> (String, usize) {
    let first = ask(engine, tool, arguments.clone()).await;
    let (head, cut) = first.rsplit_once("\ncut: ").unwrap_or_else(|| panic!("{first}"));
    let mut whole = match head.split_once("\"name\":\"") {
        Some((_, rest)) => rest.split('…').next().unwrap().to_owned(),
        None => inner(head).to_owned(),
    };
    let mut next = cut.split_once("next: ").map(|(_, next)| next.to_owned());
    let mut pages = 1;
    while let Some(cursor) = next {
        arguments["cursor"] = json!(cursor);
        let page = ask(engine, tool, arguments.clone()).await;
        whole.push_str(inner(&page));
        next = page.rsplit_once("\nnext: ").map(|(_, next)| next.to_owned());
        pages += 1;
        assert!(pages < 2000, "{page}");
    }
    (whole, pages)
}

/// What stands between the marks.
fn inner(text: &str) -> &str {
    let from = text.find("<data ").unwrap_or_else(|| panic!("{text}"));
    let text = text[from..].split_once('\n').unwrap().1;
    let until = text.rfind("</data ").unwrap();
    let text = &text[..until];
    // The line's end before the mark is the mark's own where the text has none.
    text.strip_suffix('\n').unwrap_or(text)
}

#[tokio::test]
async fn a_long_answer_of_what_ran_is_read_on_without_running_again() {
    let engine = engine(OutputMode::Text);
    let long: String = (0..12_000).map(|n| format!("{n} ")).collect();
    for tool in ["run_thing", "run_body"] {
        for max_chars in [json!(200), json!(2000), json!(null)] {
            let before = LONG_RUNS.load(Ordering::SeqCst);
            let (whole, pages) = read_on(&engine, tool, json!({"text": long, "max_chars": max_chars})).await;
            assert_eq!(whole, long, "{tool} {max_chars}");
            assert!(pages > 1);
            assert_eq!(LONG_RUNS.load(Ordering::SeqCst) - before, 1, "{tool} {max_chars}");
        }
    }
    // A change has no `max_chars`, and is read on all the same.
    let (whole, _) = read_on(&engine, "put_thing", json!({"text": long.repeat(2)})).await;
    assert!(whole.starts_with(&long), "{}", whole.len());
}

#[tokio::test]
async fn what_is_kept_is_read_by_its_own_caller_with_the_same_arguments() {
    let engine = engine(OutputMode::Text);
    let named = |name: &str| Caller { principal: Some(Principal::new(name)), ..Caller::default() };
    let call = json!({"text": "x".repeat(3000), "max_chars": 500});
    let (first, _) = see(&engine, "run_thing", &call, &named("ann")).await;
    let cursor = first.rsplit_once("next: ").unwrap().1;
    let with = |mut call: Value, name: &str, value: Value| {
        call[name] = value;
        call
    };
    let on = with(call.clone(), "cursor", json!(cursor));
    let (page, _) = see(&engine, "run_thing", &on, &named("ann")).await;
    assert!(page.contains("`name`, characters "), "{page}");
    let (page, _) = see(&engine, "run_thing", &on, &named("eve")).await;
    assert!(page.contains("no longer kept") && page.contains("runs the tool again"), "{page}");
    let other = with(on.clone(), "text", json!("y"));
    let (page, _) = see(&engine, "run_thing", &other, &named("ann")).await;
    assert!(page.contains("with other arguments"), "{page}");
    let (page, _) = see(&engine, "put_thing", &json!({"text": "x", "cursor": cursor}), &named("ann")).await;
    assert!(page.contains("another tool"), "{page}");
    let (page, _) = see(&engine, "put_thing", &json!({"text": "x", "cursor": "abc"}), &named("ann")).await;
    assert!(page.contains("is not one of this tool's; nothing was run"), "{page}");
    // A tool that only looks has no cursor, and says how to get the rest.
    let (page, _) = see(&engine, "get_thing", &call, &named("ann")).await;
    assert!(
        page.contains("select parts with `query`, or raise max_chars") && !page.contains("next: "),
        "{page}"
    );
    let (page, _) = see(&engine, "get_thing", &on, &named("ann")).await;
    assert!(page.contains("unknown argument \"cursor\""), "{page}");
}

#[tokio::test]
async fn a_query_that_fails_costs_nothing_that_was_paid_for() {
    let engine = engine(OutputMode::Text);
    for tool in ["list_things", "get_thing", "read_thing", "run_body"] {
        for query in ["substring(text,0,1000)", "[?", "nope("] {
            let text = ask(&engine, tool, json!({"text": "x", "query": query})).await;
            assert!(text.contains("failed: `query` is not a JMESPath expression"), "{tool}: {text}");
        }
    }
    let text = ask(&engine, "run_thing", json!({"text": "paid for", "query": "length(more.tokens)"})).await;
    assert!(text.starts_with("{\"name\":\"paid for\""), "{text}");
    assert!(
        text.contains("note: run_thing ran; its answer is shown without `query`: `query` cannot be applied"),
        "{text}"
    );
    let text = ask(&engine, "run_body", json!({"text": "no JSON", "query": "a"})).await;
    assert!(text.contains("no JSON") && text.contains("note: run_body ran;"), "{text}");
    let text = ask(&engine, "get_thing", json!({"text": "x", "query": "length(more)[0] | abs(@)"})).await;
    assert!(text.contains(" failed: `query` cannot be applied"), "{text}");
}

#[tokio::test]
async fn a_time_without_a_zone_is_said_once() {
    let engine = engine(OutputMode::Text);
    let note = "note: times without a zone were read as UTC";
    let call = json!({"since": "2026-11-30T23:00", "until": "2026-12-01 01:00", "regions": ["eu-west-1", "us-east-1"]});
    let text = ask(&engine, "list_events", call).await;
    assert!(text.contains("2026-11-30T23:00:00Z\t2026-12-01T01:00:00Z"), "{text}");
    assert_eq!(text.matches(note).count(), 1, "{text}");
    let text =
        ask(&engine, "list_events", json!({"since": "2026-11-30T23:00Z", "until": "2026-12-01"})).await;
    assert_eq!(text.matches(note).count(), 0, "{text}");
    for dry_run in [true, false] {
        let text = ask(&engine, "set_clock", json!({"time": "2026-11-30T23:00", "dry_run": dry_run})).await;
        assert_eq!(text.matches(note).count(), 1, "{text}");
        assert!(text.contains("2026-11-30T23:00:00Z"), "{text}");
    }
}

#[tokio::test]
async fn whole_numbers_may_be_written_with_a_fraction_of_nothing() {
    let engine = engine(OutputMode::Text);
    let arguments = serde_json::from_str(r#"{"seconds": 5.0, "limit": 3.0, "max_chars": 300.0}"#).unwrap();
    let text = ask(&engine, "list_events", arguments).await;
    assert!(text.contains("5\t3"), "{text}");
    let text = ask(&engine, "list_events", json!({"limit": 3.5})).await;
    assert!(text.contains("`limit` takes a whole number from 1 to 1000, not 3.5"), "{text}");
}
