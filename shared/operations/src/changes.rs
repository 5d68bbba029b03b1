//! Who changed something, by CloudTrail's own record.

use std::marker::PhantomData;

use awsmcp_api::{CLOUDTRAIL, Client};
use awsmcp_mcp::{Call, DAY, Moment, Page, Result, Spec, TimeRange, Tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::Operations;

/// Shows who changed something, newest first: CloudTrail's management events of up to 90 days, of this region (IAM's are in
/// us-east-1).
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, bound = "")]
#[schemars(bound = "S: Operations")]
pub(crate) struct ListChanges<S> {
    /// Name, id or ARN as CloudTrail has it, such as `sg-0123`.
    resource: Option<String>,
    /// An operation, such as `DeleteQueue`.
    event: Option<String>,
    /// The name of a user, or of a role's session.
    user: Option<String>,
    /// Default: a week ago.
    start: Option<Moment>,
    end: Option<Moment>,
    /// Also what only looked.
    #[serde(default)]
    reads: bool,
    #[serde(skip)]
    #[schemars(skip)]
    server: PhantomData<fn() -> S>,
}

/// A change.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Change {
    time: String,
    event: String,
    by: String,
    from: String,
    resources: Vec<String>,
    /// Why it failed, where it did.
    error: String,
}

/// Where the list goes on: the same range, which ends when the list began.
#[derive(Default, Deserialize, Serialize)]
struct At {
    token: Option<String>,
    range: Option<(i64, i64)>,
}

/// The most events of one of CloudTrail's pages.
const PAGE: u32 = 50;
/// How many pages one call reads: CloudTrail answers two in a second.
const PAGES: usize = 10;

impl<S: Operations> ListChanges<S> {
    /// CloudTrail looks up by one thing; what else is asked for is picked from what it finds.
    fn attribute(&self) -> (&'static str, &str) {
        let given = [("ResourceName", &self.resource), ("EventName", &self.event), ("Username", &self.user)];
        let named = given.into_iter().find_map(|(key, value)| Some((key, value.as_deref()?)));
        named.unwrap_or(("ReadOnly", "false"))
    }

    fn picks(&self, event: &Value) -> bool {
        let is = |key: &str, wanted: &Option<String>| {
            wanted.as_deref().is_none_or(|wanted| event.get(key).and_then(Value::as_str) == Some(wanted))
        };
        let looked = event.get("ReadOnly").and_then(Value::as_str) == Some("true");
        is("EventName", &self.event) && is("Username", &self.user) && (self.reads || !looked)
    }
}

impl<S: Operations> Tool for ListChanges<S> {
    type Service = S;
    type Output = Page<Change>;
    const SPEC: Spec = crate::chosen::<S>(
        Spec::list("list_changes", "List changes").regional().quotes().on("*", &["cloudtrail:LookupEvents"]),
    );

    async fn call(self, cx: &Call<S>) -> Result<Page<Change>> {
        let mut at: At = cx.place()?;
        let range = match at.range {
            Some((start, end)) => TimeRange::of_millis(start, end)?,
            None => TimeRange::new(self.start, self.end, 7 * DAY)?,
        };
        at.range = Some((range.start.as_millisecond(), range.end.as_millisecond()));
        let (key, value) = self.attribute();
        let client = Client::new(cx.sdk(), cx.tap().clone());
        let mut changes = Vec::new();
        for _ in 0..PAGES {
            let mut input = Map::from_iter([
                ("LookupAttributes".to_owned(), json!([{"AttributeKey": key, "AttributeValue": value}])),
                ("StartTime".to_owned(), json!(range.start.to_string())),
                ("EndTime".to_owned(), json!(range.end.to_string())),
                ("MaxResults".to_owned(), json!(cx.limit().min(PAGE))),
            ]);
            input.extend(at.token.take().map(|token| ("NextToken".to_owned(), json!(token))));
            let mut answer = client.call(&CLOUDTRAIL, "LookupEvents", input).await?;
            let events = match answer.shift_remove("Events") {
                Some(Value::Array(events)) => events,
                _ => Vec::new(),
            };
            changes.extend(events.iter().filter(|event| self.picks(event)).map(change));
            at.token = answer.get("NextToken").and_then(Value::as_str).map(str::to_owned);
            if at.token.is_none() || changes.len() >= cx.limit() as usize {
                break;
            }
        }
        let next = at.token.is_some().then_some(at);
        if changes.is_empty() && next.is_none() {
            cx.note(format!(
                "no change in {range} of {}; data events, such as of objects and items, are not among them",
                cx.region()
            ));
        }
        cx.page_from(changes, next)
    }
}

fn change(event: &Value) -> Change {
    let text = |of: &Value, key: &str| of.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    // All that is known of it stands in a text of its own.
    let whole = event.get("CloudTrailEvent").and_then(Value::as_str).unwrap_or_default();
    let whole: Value = serde_json::from_str(whole).unwrap_or_default();
    let identity = whole.get("userIdentity").map(|it| text(it, "arn")).filter(|arn| !arn.is_empty());
    let error = [text(&whole, "errorCode"), text(&whole, "errorMessage")];
    Change {
        time: text(event, "EventTime"),
        event: text(event, "EventName"),
        by: identity.unwrap_or_else(|| text(event, "Username")),
        from: text(&whole, "sourceIPAddress"),
        resources: event
            .get("Resources")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .map(|it| text(it, "ResourceName"))
            .collect(),
        error: error.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(": "),
    }
}
