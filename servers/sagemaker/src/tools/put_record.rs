use std::collections::BTreeMap;

use aws_sdk_sagemaker::types::{FeatureDefinition, FeatureType};
use aws_sdk_sagemakerfeaturestoreruntime::types::{
    ExpirationTimeResponse, FeatureValue, TtlDuration, TtlDurationUnit,
};
use awsmcp_mcp::{Call, Change, Error, Kind, One, Plan, Result, Spec, moved, nearest};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{SageMaker, arns, jobs::gone, names::FeatureGroupName};

/// Puts a record into a feature group. AWS replaces the whole record, so what is not named is carried over from the online
/// store; the event time is now unless it is named.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PutRecord {
    feature_group: FeatureGroupName,
    /// `{"id":"7","age":42}`; null takes a feature away.
    record: BTreeMap<String, Value>,
    /// Carries nothing over.
    #[serde(default)]
    replace: bool,
    /// How long the record lives after its event time. Default: as it does, or as the group says.
    #[schemars(range(min = 1))]
    ttl_seconds: Option<i32>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Written {
    id: String,
    features: usize,
    event_time: String,
}

/// A record: values, or lists of them, as texts.
type Features = BTreeMap<String, Value>;

/// What is put, and what was there.
#[derive(Serialize)]
pub(crate) struct Item {
    id: String,
    event_time: String,
    put: Features,
    seen: Option<Features>,
    is_online: bool,
    ttl_seconds: Option<i32>,
}

/// What a group says of its records.
struct Group {
    id: String,
    time: String,
    time_is_text: bool,
    features: Vec<FeatureDefinition>,
    is_online: bool,
}

impl Change for PutRecord {
    type Service = SageMaker;
    type Output = One<Written>;
    type Items = Item;
    const SPEC: Spec = Spec::write("put_record", "Put record")
        .shown_by("get_record")
        .on(
            arns::FEATURE_GROUP,
            &["sagemaker:DescribeFeatureGroup", "sagemaker:GetRecord", "sagemaker:PutRecord"],
        )
        .optional();

    async fn plan(&self, cx: &Call<SageMaker>) -> Result<Plan<Item>> {
        let group = self.group(cx).await?;
        let given = self.given(&group)?;
        let Some(id) = given.get(&group.id).and_then(Value::as_str).filter(|id| !id.is_empty()) else {
            return Err(Error::invalid(format!("`record` has no {}, which identifies records", group.id)));
        };
        let id = id.to_owned();
        let (seen, expires) = match group.is_online {
            true => self.seen(cx, &id).await?,
            false => (None, None),
        };
        let mut put = if self.replace { Features::new() } else { seen.clone().unwrap_or_default() };
        put.remove(&group.time);
        put.extend(given);
        put.retain(|_, value| !value.is_null());
        let is_now = !put.contains_key(&group.time);
        let now = if group.time_is_text { written(Timestamp::now()) } else { seconds(Timestamp::now()) };
        let event_time = put.entry(group.time.clone()).or_insert_with(|| json!(now)).clone();
        let event_time = event_time.as_str().unwrap_or_default().to_owned();
        let name = &self.feature_group;
        let verb = if seen.is_some() { "change" } else { "add" };
        let mut plan = Plan::new(format!("{verb} the record {id} of {name}, as of {event_time}"));
        let before = seen.as_ref().and_then(|seen| seen.get(&group.time)).and_then(Value::as_str);
        if let Some(before) = before
            && moment(before).zip(moment(&event_time)).is_some_and(|(before, now)| now < before)
        {
            if is_now {
                return Err(Error::conflict(format!(
                    "the record's event time {before} is later than now, and AWS keeps the later one"
                ))
                .with_next(format!("name a later `{}` in `record`", group.time)));
            }
            plan = plan.warning(format!(
                "the online store keeps the record of {before}: this one is older, and goes to the offline store only"
            ));
        }
        let lost: Vec<&str> = seen
            .iter()
            .flat_map(|seen| seen.keys())
            .filter(|feature| !put.contains_key(*feature))
            .map(String::as_str)
            .collect();
        if !lost.is_empty() {
            plan = plan.warning(format!("it loses {}", lost.join(", "))).ask();
        }
        if !group.is_online && !self.replace {
            plan = plan.warning("the group has no online store: what is not named is empty in this record");
        }
        let ttl_seconds = self.ttl_seconds.or_else(|| lives(expires.as_deref(), &event_time));
        let shown = |features: &Features| json!(features);
        let plan = plan.difference(seen.as_ref().map(shown).as_ref(), Some(&shown(&put)));
        Ok(plan.items(Item { id, event_time, put, seen, is_online: group.is_online, ttl_seconds }))
    }

    async fn apply(self, item: Item, cx: &Call<SageMaker>) -> Result<Self::Output> {
        if item.is_online && self.seen(cx, &item.id).await?.0 != item.seen {
            return Err(moved(&format!("the record {}", item.id)));
        }
        let texts = |items: &[Value]| items.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        let features = item.put.iter().map(|(name, value)| {
            let feature = FeatureValue::builder().feature_name(name);
            match value {
                Value::Array(items) => feature.set_value_as_string_list(Some(texts(items))).build(),
                value => feature.value_as_string(value.as_str().unwrap_or_default()).build(),
            }
        });
        let request = cx.client().features.put_record().feature_group_name(self.feature_group.as_str());
        let lives = item
            .ttl_seconds
            .map(|value| TtlDuration::builder().unit(TtlDurationUnit::Seconds).value(value).build());
        request.set_record(Some(features.collect())).set_ttl_duration(lives).send().await?;
        Ok(One(Written { features: item.put.len(), id: item.id, event_time: item.event_time }))
    }
}

impl PutRecord {
    async fn group(&self, cx: &Call<SageMaker>) -> Result<Group> {
        let mut features = Vec::new();
        let mut next = None;
        loop {
            let request = cx.client().sagemaker.describe_feature_group();
            let sent =
                request.feature_group_name(self.feature_group.as_str()).set_next_token(next).send().await;
            let found = sent.map_err(|error| gone(Error::from(error)))?;
            let page = found.feature_definitions.unwrap_or_default();
            // AWS's token goes on only where a page was full.
            next = found.next_token.filter(|_| page.len() >= 2500);
            features.extend(page);
            if next.is_some() {
                continue;
            }
            let time = found.event_time_feature_name.unwrap_or_default();
            let of_time =
                features.iter().find(|feature| feature.feature_name.as_deref() == Some(time.as_str()));
            return Ok(Group {
                id: found.record_identifier_feature_name.unwrap_or_default(),
                time_is_text: of_time.and_then(|feature| feature.feature_type.as_ref())
                    == Some(&FeatureType::String),
                time,
                is_online: found
                    .online_store_config
                    .is_some_and(|store| store.enable_online_store == Some(true)),
                features,
            });
        }
    }

    /// What the call gives, as the store takes it.
    fn given(&self, group: &Group) -> Result<Features> {
        let known = || group.features.iter().filter_map(|feature| feature.feature_name.as_deref());
        let mut given = Features::new();
        for (name, value) in &self.record {
            if !known().any(|feature| feature == name) {
                let meant = nearest(name, known());
                let meant = meant.map(|meant| format!("; did you mean {meant}?")).unwrap_or_default();
                let message = format!("{} has no feature {name:?}{meant}", self.feature_group);
                return Err(Error::invalid(message)
                    .with_next("list_features with `feature_group` shows its features"));
            }
            let value = match value {
                Value::Null => Value::Null,
                Value::Array(items) => items.iter().map(|item| text(name, item)).collect::<Result<_>>()?,
                value => text(name, value)?,
            };
            given.insert(name.clone(), value);
        }
        Ok(given)
    }

    /// The record in the online store, and when it expires.
    async fn seen(&self, cx: &Call<SageMaker>, id: &str) -> Result<(Option<Features>, Option<String>)> {
        let request = cx.client().features.get_record().feature_group_name(self.feature_group.as_str());
        let request = request.record_identifier_value_as_string(id);
        let found = match request.expiration_time_response(ExpirationTimeResponse::Enabled).send().await {
            Ok(found) => found,
            Err(error) => match Error::from(error) {
                error if error.kind == Kind::NotFound => return Ok((None, None)),
                error => return Err(error),
            },
        };
        let features = found.record.unwrap_or_default().into_iter().map(|feature| {
            let many = feature.value_as_string_list;
            let value = feature.value_as_string.map_or_else(|| json!(many), Value::from);
            (feature.feature_name.unwrap_or_default(), value)
        });
        let features: Features = features.collect();
        Ok((Some(features).filter(|features| !features.is_empty()), found.expires_at))
    }
}

/// A value as the store holds all of them: as a text.
fn text(name: &str, value: &Value) -> Result<Value> {
    match value {
        Value::String(text) => Ok(json!(text)),
        Value::Number(number) => Ok(json!(number.to_string())),
        Value::Bool(yes) => Ok(json!(yes.to_string())),
        _ => Err(Error::invalid(format!("`record`: {name} is no text, no number and no list of such"))
            .with_next(r#"a good one is {"id":"7","age":42,"tags":["a","b"]}"#)),
    }
}

/// As features of event times have it that are texts.
fn written(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// As features of event times have it that are numbers: seconds since 1970.
fn seconds(time: Timestamp) -> String {
    let millis = time.as_millisecond();
    format!("{}.{:03}", millis.div_euclid(1000), millis.rem_euclid(1000))
}

/// An event time of either form.
fn moment(text: &str) -> Option<Timestamp> {
    let of_seconds = || Timestamp::from_millisecond((text.parse::<f64>().ok()? * 1000.0).round() as i64).ok();
    text.parse().ok().or_else(of_seconds)
}

/// How long a record goes on to live that expires then.
fn lives(expires: Option<&str>, event_time: &str) -> Option<i32> {
    let left = moment(expires?)?.as_second() - moment(event_time)?.as_second();
    i32::try_from(left).ok().filter(|left| *left > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn event_times_are_read_in_either_form_and_written_as_the_store_takes_them() {
        let time: Timestamp = "2026-11-30T20:00:00.25Z".parse().unwrap();
        assert_eq!(written(time), "2026-11-30T20:00:00.250Z");
        for text in [written(time), seconds(time), "2026-11-30T21:00:00.25+01:00".to_owned()] {
            assert_eq!(moment(&text), Some(time), "{text}");
        }
        assert_eq!(moment("yesterday"), None);
        assert_eq!(lives(Some("2026-11-30T20:01:00Z"), &written(time)), Some(60));
        assert_eq!(lives(Some("2026-11-30T19:00:00Z"), &written(time)), None);
    }
}
