use awsmcp_sdk::{SdkConfig, SessionConfig};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::*;
use std::time::Duration;

use awsmcp_sdk::Tap;

use crate::{Call, Derived, Error, Named, One, Page, Result, Tool};

/// A service that needs no AWS.
struct Fake;

impl Service for Fake {
    const ID: &'static str = "fake";
    const TITLE: &'static str = "Fake";
    const SUMMARY: &'static str = "Lists things.";
    const PREFIXES: &'static [(&'static str, &'static str)] = &[];
    const ACTIONS: &'static [(&'static str, &'static [&'static str])] = &[];
    const NAMES: &'static [Named] = &[Named { argument: "name", tool: "list_names", column: "name" }];
    type Client = ();

    fn client(_: &SdkConfig, _: Tap) {}
}

/// Lists things.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ListThings {
    count: usize,
}

#[derive(Serialize, JsonSchema)]
struct Thing {
    name: String,
}

impl Tool for ListThings {
    type Service = Fake;
    type Output = Page<Thing>;
    const SPEC: Spec = Spec::list("list_things", "List things").on("*", &["fake:ListThings"]).regional();

    async fn call(self, cx: &Call<Fake>) -> Result<Page<Thing>> {
        match cx.region() {
            "ap-south-1" => return Err(Error::not_found("this region is closed").with_next("wait")),
            "sa-east-1" => panic!("on purpose"),
            _ => {}
        }
        let from: usize = cx.token().map_or(0, |token| token.parse().unwrap());
        let until = self.count.min(from + cx.limit() as usize);
        let rows = (from..until).map(|n| Thing { name: format!("{}-{n}", cx.region()) });
        Ok(cx.page(rows, (until < self.count).then(|| until.to_string())))
    }
}

/// Shows the place.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct GetPlace {}

impl Tool for GetPlace {
    type Service = Fake;
    type Output = One<Thing>;
    const SPEC: Spec = Spec::read("get_place", "Get place").on("*", &["fake:GetPlace"]).regional();

    async fn call(self, cx: &Call<Fake>) -> Result<One<Thing>> {
        Ok(One(Thing { name: cx.region().to_owned() }))
    }
}

/// Lists who asks, and for how many rows.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ListAsked {}

impl Tool for ListAsked {
    type Service = Fake;
    type Output = Page<Thing>;
    const SPEC: Spec = Spec::list("list_asked", "List asked").on("*", &["fake:ListAsked"]).optional();

    async fn call(self, cx: &Call<Fake>) -> Result<Page<Thing>> {
        let next = cx.token().is_none().then(|| "more".to_owned());
        Ok(cx.page([Thing { name: format!("{:?} {:?}", cx.caller(), cx.given_limit()) }], next))
    }
}

/// Lists the names of things.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ListNames {}

impl Tool for ListNames {
    type Service = Fake;
    type Output = Page<Thing>;
    const SPEC: Spec = Spec::list("list_names", "List names")
        .on("*", &["fake:ListNames"])
        .rows("arn:{partition}:fake:::{name}");

    async fn call(self, cx: &Call<Fake>) -> Result<Page<Thing>> {
        Ok(cx.page(["orders", "invoices"].map(|name| Thing { name: name.to_owned() }), None))
    }
}

/// Knows nothing.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct GetThing {
    name: String,
}

/// Lists what becomes tools.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ListTools {}

#[derive(Serialize, JsonSchema)]
struct Row {
    name: String,
    description: String,
    schema: Value,
    with: Value,
}

impl Tool for ListTools {
    type Service = Fake;
    type Output = Page<Row>;
    const SPEC: Spec = Spec::list("list_tools", "List tools")
        .on("*", &["fake:ListTools"])
        .rows("arn:{partition}:fake:::{name}")
        .optional();

    async fn call(self, cx: &Call<Fake>) -> Result<Page<Row>> {
        let schema = json!({"properties": {"n": {"type": "integer"}}});
        let row = |name: &str| Row {
            name: name.to_owned(),
            description: "d".to_owned(),
            schema: schema.clone(),
            with: json!({"name": name}),
        };
        Ok(cx.page([row("fn_a"), row("fn_b"), row("whoami")], None))
    }
}

/// Runs a thing.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RunThing {
    name: String,
    payload: Value,
}

impl Tool for RunThing {
    type Service = Fake;
    type Output = One<Thing>;
    const SPEC: Spec =
        Spec::invoke("run_thing", "Run thing").on("arn:{partition}:fake:::{name}", &["fake:RunThing"]);

    async fn call(self, _: &Call<Fake>) -> Result<One<Thing>> {
        Ok(One(Thing { name: format!("{} with {}", self.name, self.payload) }))
    }
}

impl Tool for GetThing {
    type Service = Fake;
    type Output = One<Thing>;
    const SPEC: Spec = Spec::read("get_thing", "Get thing");

    async fn call(self, _: &Call<Fake>) -> Result<One<Thing>> {
        let mut error = Error::not_found(format!("there is no {}.", self.name));
        error.status = Some(404);
        Err(error)
    }
}

fn engine(allow: &[&str], settings: Settings) -> Engine<Fake> {
    let config = SessionConfig {
        region: Some("eu-west-1".to_owned()),
        allow_regions: allow.iter().map(|region| (*region).to_owned()).collect(),
        ..SessionConfig::default()
    };
    let server = Server::<Fake>::new("")
        .toolset("things", "")
        .tool::<ListThings>()
        .tool::<GetPlace>()
        .tool::<ListAsked>()
        .tool::<ListNames>()
        .tool::<GetThing>()
        .tool::<ListTools>()
        .tool::<RunThing>()
        .derived(Derived {
            list: "list_tools",
            call: "run_thing",
            into: "payload",
            failed: |answer| answer["name"].as_str().is_some_and(|name| name.contains("fail")),
            wanted: |settings| settings.extras.get("derive").map(|_| Duration::from_secs(60)),
        });
    Engine::new(server, Session::new(config), settings).unwrap()
}

async fn ask(engine: &Engine<Fake>, tool: &str, arguments: Value) -> Result<String, String> {
    let Value::Object(arguments) = arguments else { panic!("not an object") };
    match engine.call(tool, arguments, &Caller::default()).await.unwrap() {
        Answer::Done { text, .. } => Ok(text),
        Answer::Failed { text, .. } => Err(text),
        other => panic!("{other:?}"),
    }
}

/// The names on all pages, in order, and the notes.
async fn walk(engine: &Engine<Fake>, mut arguments: Value) -> (Vec<String>, Vec<String>) {
    let (mut names, mut notes) = (Vec::new(), Vec::new());
    for _ in 0..200 {
        let text = ask(engine, "list_things", arguments.clone()).await.unwrap();
        let next = text.lines().find_map(|line| line.split_once("next: ")).map(|(_, next)| next.to_owned());
        for line in text.lines() {
            match line.split_once('\t') {
                Some(("region", "name")) => {}
                Some((region, name)) => {
                    assert!(name.starts_with(region), "{text}");
                    names.push(name.to_owned());
                }
                None if line.starts_with("note: ") => notes.push(line.to_owned()),
                None => {}
            }
        }
        match next {
            Some(next) => arguments["cursor"] = json!(next),
            None => return (names, notes),
        }
    }
    panic!("a list without an end: {names:?}");
}

#[tokio::test]
async fn a_tool_knows_who_asks_and_whether_a_number_of_rows_was_named() {
    let engine = engine(&[], Settings { toolsets: vec!["all".to_owned()], ..Settings::default() });
    let ann = Caller { principal: Some(crate::Principal::new("ann")), ..Caller::default() };
    let asked = async |arguments: Value, caller: &Caller| {
        let Value::Object(arguments) = arguments else { panic!("not an object") };
        match engine.call("list_asked", arguments, caller).await.unwrap() {
            Answer::Done { text, .. } => text,
            other => panic!("{other:?}"),
        }
    };
    assert!(asked(json!({}), &Caller::default()).await.contains("None None"));
    let first = asked(json!({"limit": 100}), &ann).await;
    assert!(first.contains("Some(\"ann\") Some(100)"), "{first}");
    let cursor = first.lines().find_map(|line| line.split_once("next: ")).unwrap().1.to_owned();
    assert!(asked(json!({"cursor": cursor}), &ann).await.contains("None"), "a cursor names no number");
}

#[tokio::test]
async fn a_list_of_several_regions_is_one_table_that_goes_on_in_each() {
    let engine = engine(&["eu-west-2", "us-east-1"], Settings::default());
    let regions = ["eu-west-1", "eu-west-2", "us-east-1"];
    let mut expected: Vec<String> =
        regions.iter().flat_map(|region| (0..7).map(move |n| format!("{region}-{n}"))).collect();
    expected.sort();
    for regions in [json!(regions), json!(["*"]), json!("*"), json!(["eu-*", "us-east-1", "eu-west-1"])] {
        // Whether a page ends by `limit`, by `max_chars` in the middle of a region, or not at all.
        for (limit, max_chars) in [(1, 40_000), (3, 40_000), (3, 200), (1000, 200), (1000, 40_000)] {
            let arguments = json!({"count": 7, "regions": regions, "limit": limit, "max_chars": max_chars});
            let (mut names, notes) = walk(&engine, arguments).await;
            names.sort();
            assert_eq!(names, expected, "{regions} {limit} {max_chars}");
            assert!(notes.is_empty(), "{notes:?}");
        }
    }
    let text = ask(&engine, "get_place", json!({"regions": ["eu-west-1", "us-east-1"]})).await.unwrap();
    assert_eq!(text, "region\tname\neu-west-1\teu-west-1\nus-east-1\tus-east-1\n2 rows");
    let text = ask(&engine, "list_things", json!({"count": 2, "regions": ["*"], "query": "[].name"})).await;
    assert_eq!(text.unwrap().lines().count(), 7);
}

#[tokio::test]
async fn a_region_that_fails_is_a_note_and_the_others_go_on() {
    let engine = engine(&["ap-south-1", "sa-east-1"], Settings::default());
    let (names, notes) = walk(&engine, json!({"count": 4, "regions": ["*"], "limit": 2})).await;
    assert_eq!(names, ["eu-west-1-0", "eu-west-1-1", "eu-west-1-2", "eu-west-1-3"]);
    assert_eq!(notes.len(), 2, "a failed region is not asked again: {notes:?}");
    assert!(notes[0].contains("ap-south-1 failed: this region is closed"), "{notes:?}");
    assert!(notes[1].contains("sa-east-1 failed: list_things has a fault"), "{notes:?}");
    // Where nothing worked it is an error.
    let error =
        ask(&engine, "list_things", json!({"count": 4, "regions": ["ap-south-1"]})).await.unwrap_err();
    assert!(error.contains("this region is closed") && error.contains("next: wait"), "{error}");
}

#[tokio::test]
async fn a_fan_out_stays_within_what_is_allowed() {
    let engine = engine(&["eu-west-2"], Settings::default());
    for regions in [json!(["us-east-1"]), json!(["eu-west-1", "us-east-1"]), json!(["us-*"]), json!(["x y"])]
    {
        assert!(
            ask(&engine, "list_things", json!({"count": 1, "regions": regions})).await.is_err(),
            "{regions}"
        );
    }
    let both = json!({"count": 1, "regions": ["eu-west-1"], "region": "eu-west-2"});
    assert!(ask(&engine, "list_things", both).await.unwrap_err().contains("not both"));
    // A cursor of these regions is none of others.
    let text = ask(&engine, "list_things", json!({"count": 9, "regions": ["*"], "limit": 2})).await.unwrap();
    let (_, cursor) = text.split_once("next: ").unwrap();
    let other = json!({"count": 9, "regions": ["eu-west-1"], "limit": 2, "cursor": cursor});
    assert!(ask(&engine, "list_things", other).await.unwrap_err().contains("cursor"));
}

#[tokio::test]
async fn a_name_that_is_not_found_brings_the_nearest_one_that_may_be_shown() {
    let get = async |settings: Settings, name: &str| {
        ask(&engine(&[], settings), "get_thing", json!({"name": name})).await.unwrap_err()
    };
    assert!(get(Settings::default(), "order").await.contains("there is no order; did you mean orders?"));
    assert!(!get(Settings::default(), "zebra").await.contains("did you mean"));
    // A name that exists was not the one that is missing.
    assert!(!get(Settings::default(), "orders").await.contains("did you mean"));
    let allow =
        |pattern: &str| Settings { allow_arns: vec![pattern.parse().unwrap()], ..Settings::default() };
    assert!(get(allow("arn:aws:fake:::ord*"), "order").await.contains("did you mean orders?"));
    assert!(!get(allow("arn:aws:fake:::inv*"), "order").await.contains("did you mean"));
    let hidden = Settings { exclude_tools: vec!["list_names".to_owned()], ..Settings::default() };
    assert!(!get(hidden, "order").await.contains("did you mean"));
}

fn deriving(settings: Settings) -> Settings {
    Settings { extras: [("derive", "yes".to_owned())].into(), ..settings }
}

fn invoking() -> Settings {
    Settings { allow: [Risk::Read, Risk::Invoke].into(), ..Settings::default() }
}

async fn derived(settings: Settings) -> Vec<String> {
    engine(&[], settings).derived().await.iter().map(|made| made.name.clone()).collect()
}

#[tokio::test]
async fn rows_are_tools_where_the_operator_wants_that() {
    assert!(derived(Settings::default()).await.is_empty());
    assert_eq!(derived(deriving(Settings::default())).await, ["fn_a", "fn_b"]);
    let allow = Settings { allow_arns: vec!["arn:aws:fake:::fn_b".parse().unwrap()], ..Settings::default() };
    assert_eq!(derived(deriving(allow)).await, ["fn_b"]);
}

#[tokio::test]
async fn a_derived_tool_is_held_to_all_that_holds_the_tool_behind_it() {
    let run =
        async |settings: Settings, tool: &str, given: Value| ask(&engine(&[], settings), tool, given).await;
    let done = run(deriving(invoking()), "fn_a", json!({"n": 1})).await.unwrap();
    assert_eq!(done, r#"{"name":"fn_a with {\"n\":1}"}"#);
    let wrong = run(deriving(invoking()), "fn_a", json!({"n": "x"})).await.unwrap_err();
    assert!(wrong.starts_with("fn_a failed: `n` takes a whole number"), "{wrong}");
    // Without its risk it is as turned off as the tool itself.
    let off = run(deriving(Settings::default()), "fn_a", json!({})).await.unwrap_err();
    assert!(off.contains("fn_a is turned off: it needs --allow invoke"), "{off}");
    // It may be called although the tool behind it may not be called with anything else.
    let only = Settings { exclude_tools: vec!["run_thing".to_owned()], ..invoking() };
    assert!(run(deriving(only), "fn_b", json!({})).await.is_ok());
    // A thing outside the allow-list is no tool at all.
    let settings = Settings { allow_arns: vec!["arn:aws:fake:::fn_b".parse().unwrap()], ..invoking() };
    let engine = engine(&[], deriving(settings));
    let unknown = engine.call("fn_a", JsonObject::new(), &Caller::default()).await.unwrap_err();
    assert!(unknown.starts_with("unknown tool \"fn_a\""), "{unknown}");
}

#[tokio::test]
async fn a_tool_of_the_account_that_ran_and_failed_answers_an_error() {
    let engine = engine(&[], deriving(invoking()));
    let run = async |tool: &str, arguments: Value| {
        let Value::Object(arguments) = arguments else { panic!("not an object") };
        match engine.call(tool, arguments, &Caller::default()).await.unwrap() {
            Answer::Done { text, failed, .. } => (text, failed),
            other => panic!("{other:?}"),
        }
    };
    let (text, failed) = run("fn_b", json!({"how": "it fails"})).await;
    assert!(failed && text.contains("it fails"), "{text}");
    assert!(!run("fn_b", json!({"how": "well"})).await.1);
    // Of the tool behind it a failure is what was asked for.
    assert!(!run("run_thing", json!({"name": "fn_b", "payload": "it fails"})).await.1);
}

#[test]
fn a_pattern_that_fits_nothing_of_the_server_is_told() {
    let unmatched = |pattern: &str| {
        let settings = Settings { allow_arns: vec![pattern.parse().unwrap()], ..Settings::default() };
        engine(&[], settings).unmatched_arns()
    };
    assert_eq!(unmatched("arn:aws:other:::thing"), ["arn:aws:other:::thing"]);
    assert_eq!(unmatched("arn:aws-cn:fake:::a*"), Vec::<String>::new());
    assert_eq!(unmatched("*"), Vec::<String>::new());
}

#[test]
fn the_permissions_behind_derived_tools_are_needed_too() {
    let names = |settings| -> Vec<&str> {
        let engine = engine(&[], settings);
        let found: Vec<&str> = engine.needed().map(|spec| spec.name).collect();
        found
    };
    assert!(!names(Settings::default()).contains(&"run_thing"));
    let needed = names(deriving(Settings::default()));
    assert!(needed.contains(&"run_thing") && needed.contains(&"list_tools"), "{needed:?}");
}

#[tokio::test]
async fn a_limit_beside_a_cursor_of_another_is_told() {
    let engine = engine(&[], Settings::default());
    let first = ask(&engine, "list_things", json!({"count": 9, "limit": 2})).await.unwrap();
    let cursor = first.split_once("next: ").unwrap().1.lines().next().unwrap();
    let with = |limit: Value| json!({"count": 9, "cursor": cursor, "limit": limit});
    let on = ask(&engine, "list_things", with(json!(5))).await.unwrap();
    assert!(on.contains("2 rows") && on.contains("note: `limit` 5 was not used"), "{on}");
    for same in [with(json!(2)), json!({"count": 9, "cursor": cursor})] {
        let on = ask(&engine, "list_things", same).await.unwrap();
        assert!(on.contains("2 rows") && !on.contains("was not used"), "{on}");
    }
}
