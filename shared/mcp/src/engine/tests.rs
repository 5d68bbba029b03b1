use awsmcp_aws::{SdkConfig, SessionConfig};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::*;
use crate::{One, Page, Spec, Tool};

/// A service that needs no AWS.
struct Fake;

impl Service for Fake {
    const ID: &'static str = "fake";
    const TITLE: &'static str = "Fake";
    const SUMMARY: &'static str = "Lists things.";
    const PREFIXES: &'static [(&'static str, &'static str)] = &[];
    const ACTIONS: &'static [(&'static str, &'static [&'static str])] = &[];
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
    const SPEC: Spec = Spec::list("list_things", "List things").needs("fake:ListThings", "*").regional();

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
    const SPEC: Spec = Spec::read("get_place", "Get place").needs("fake:GetPlace", "*").regional();

    async fn call(self, cx: &Call<Fake>) -> Result<One<Thing>> {
        Ok(One(Thing { name: cx.region().to_owned() }))
    }
}

fn engine(allow: &[&str], settings: Settings) -> Engine<Fake> {
    let config = SessionConfig {
        region: Some("eu-west-1".to_owned()),
        allow_regions: allow.iter().map(|region| (*region).to_owned()).collect(),
        ..SessionConfig::default()
    };
    let server = Server::<Fake>::new("").toolset("things", "").tool::<ListThings>().tool::<GetPlace>();
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
