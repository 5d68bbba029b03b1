use std::collections::BTreeMap;

use awsmcp_mcp::{Body, Call, Error, Part, Result, Spec, Tool, thousands};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{CloudWatch, arns};

/// Opens one row of `query_logs` by its `@ptr`: every field of the event, or all of one field's text.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GetLogRecord {
    #[schemars(length(min = 1, max = 8192))]
    pointer: String,
    /// Only this one, such as `@message`, as it is.
    field: Option<String>,
    /// The character to begin with, in a long one; default 0.
    from: Option<usize>,
}

impl Tool for GetLogRecord {
    type Service = CloudWatch;
    type Output = Body;
    const SPEC: Spec = Spec::read("get_log_record", "Get log record")
        // The pointer does not say of which group it is: the record does.
        .on(arns::ANSWERED_LOG_GROUP, &["logs:GetLogRecord"])
        .names_no_resource()
        .optional();

    async fn call(self, cx: &Call<CloudWatch>) -> Result<Self::Output> {
        let out = cx.client().logs.get_log_record().log_record_pointer(&self.pointer).send().await?;
        let record: BTreeMap<String, String> =
            out.log_record.unwrap_or_default().into_iter().filter(|(name, _)| name != "@ptr").collect();
        held(cx, &record).await?;
        let named = |name: &str| record.get(name).map(String::as_str).unwrap_or_default();
        let place = format!("{} {} {}", named("@log"), named("@logStream"), named("@timestamp"));
        let text = match &self.field {
            None => serde_json::to_string(&record).map_err(|error| Error::internal(error.to_string()))?,
            Some(field) => record.get(field).cloned().ok_or_else(|| {
                let fields: Vec<&str> = record.keys().map(String::as_str).collect();
                Error::not_found(format!("the record has no field {field}"))
                    .with_next(format!("its fields are {}", fields.join(", ")))
            })?,
        };
        let what = self.field.as_deref().unwrap_or("record");
        let (shown, label, next) = part(&text, self.from.unwrap_or(0), cx.budget().saturating_sub(500))?;
        Ok(Body {
            label: format!("{what} of {}, {label}", place.split_whitespace().collect::<Vec<_>>().join(" ")),
            parts: vec![Part::Text(shown)],
            rest: next.map(|from| format!("`from` {from} goes on")),
            uri: None,
        })
    }
}

/// Holds the record to the operator's list by the group that it says it is of.
async fn held(cx: &Call<CloudWatch>, record: &BTreeMap<String, String>) -> Result<()> {
    if cx.settings().allow_arns.is_empty() {
        return Ok(());
    }
    const ACTION: &str = "logs:GetLogRecord";
    // `123456789012:/aws/lambda/f`; without an account it is the call's own.
    match record.get("@log").map(|log| log.split_once(':').ok_or(log.as_str())) {
        Some(Ok((owner, name))) => {
            cx.may(ACTION, arns::LINKED_LOG_GROUP, &[("owner", owner), ("name", name)]).await
        }
        Some(Err(name)) => cx.may(ACTION, arns::EACH_LOG_GROUP, &[("name", name)]).await,
        None => Err(Error::refused(
            "AWS does not say of which log group the record is, so that nobody can hold it to the list",
        )),
    }
}

/// The characters of a text from a place on, as many as there is room for: which they are in words, and where the rest begins.
fn part(text: &str, from: usize, room: usize) -> Result<(String, String, Option<usize>)> {
    let count = text.chars().count();
    if from > 0 && from >= count {
        return Err(Error::invalid(format!("it has {count} characters: `from` is less than that")));
    }
    let shown: String = text.chars().skip(from).take(room.max(1)).collect();
    let end = from + shown.chars().count();
    let all = thousands(count as u64);
    let label = match (from, end < count) {
        (0, false) => format!("{all} characters"),
        _ => format!("characters {} to {} of {all}", thousands(from as u64), thousands(end as u64)),
    };
    Ok((shown, label, (end < count).then_some(end)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_read_in_parts_that_make_all_of_it() {
        let text = "aé漢🎈".repeat(300);
        let (mut all, mut from, mut parts) = (String::new(), Some(0), 0);
        while let Some(at) = from {
            let (shown, _, next) = part(&text, at, 500).unwrap();
            all.push_str(&shown);
            (from, parts) = (next, parts + 1);
        }
        assert_eq!((all, parts), (text.clone(), 3));
        assert_eq!(part("short", 0, 500).unwrap(), ("short".to_owned(), "5 characters".to_owned(), None));
        assert_eq!(part(&text, 500, 500).unwrap().1, "characters 500 to 1,000 of 1,200");
        assert!(part(&text, 1200, 500).unwrap_err().message.contains("1200 characters"));
        assert!(part("", 0, 500).is_ok());
    }
}
