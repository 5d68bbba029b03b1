//! Values with everything that a shape may hold, for tests that nothing of it is lost on the way.

use serde_json::{Map, Value, json};

use super::{Model, kind, members, of};
use crate::fail;

/// A value of that shape with every member that AWS knows: numbers within their bounds, one item in a list, one entry in a
/// map, the last value of an enum, the first member of a union. A shape within itself is left out.
#[must_use]
#[track_caller]
pub fn model_filled(service: &str, shape: &str) -> Value {
    let model = Model::of(service);
    if model.shape(shape).is_none() {
        fail(format!("{service} has no shape {shape:?}"));
    }
    model.filled(shape, "text", &mut Vec::new()).unwrap_or_default()
}

/// The members of an operation's input, by their names.
#[must_use]
#[track_caller]
pub fn model_input(service: &str, operation: &str) -> Vec<String> {
    let model = Model::of(service);
    let Some(found) = model.operation(operation) else {
        fail(format!("{service} has no operation {operation:?}"))
    };
    let shape = model.shape(of(found.get("input"))).unwrap_or(&Value::Null);
    members(shape).map(|(name, _)| name.to_owned()).collect()
}

impl Model {
    /// `named` is the member that holds it; `within` the shapes around it.
    fn filled<'a>(&'a self, name: &'a str, named: &str, within: &mut Vec<&'a str>) -> Option<Value> {
        if within.contains(&name) {
            return None;
        }
        let shape = self.shape(name)?;
        within.push(name);
        let bound = |bound: &str| shape.get(bound).and_then(Value::as_i64);
        let number = 7.clamp(bound("min").unwrap_or(1), bound("max").unwrap_or(i64::MAX));
        let value = match kind(shape) {
            "structure" if shape.get("document").is_some() => Some(json!({"any": named})),
            "structure" => {
                let is_union = shape.get("union").is_some();
                let each = members(shape).filter_map(|(member, it)| {
                    Some((member.to_owned(), self.filled(of(Some(it)), member, within)?))
                });
                Some(Value::Object(each.take(if is_union { 1 } else { usize::MAX }).collect()))
            }
            "list" => self.filled(of(shape.get("member")), named, within).map(|item| json!([item])),
            "map" => self
                .filled(of(shape.get("value")), named, within)
                .map(|value| Value::Object(Map::from_iter([("key".to_owned(), value)]))),
            "string" | "character" => {
                let values = shape.get("enum").and_then(Value::as_array);
                Some(values.and_then(|values| values.last()).cloned().unwrap_or_else(|| json!(named)))
            }
            "boolean" => Some(json!(true)),
            "blob" => Some(json!("Ynl0ZXM=")),
            "timestamp" => Some(json!(1_700_000_000)),
            "float" | "double" => Some(json!(0.5)),
            _ => Some(json!(number)),
        };
        within.pop();
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model_check;

    #[test]
    fn a_filled_value_is_one_that_aws_may_answer_and_lacks_nothing() {
        let filter = model_filled("logs", "MetricFilter");
        assert_eq!(filter["metricTransformations"][0]["dimensions"], json!({"key": "dimensions"}));
        assert_eq!(filter["applyOnTransformedLogs"], true);
        model_check("logs", "DescribeMetricFilters", &json!({"metricFilters": [filter]}));
        let alarm = model_filled("cloudwatch", "MetricAlarm");
        assert_eq!(alarm["Metrics"][0]["MetricStat"]["Metric"]["Dimensions"][0]["Name"], "Name");
        model_check("cloudwatch", "DescribeAlarms", &json!({"MetricAlarms": [alarm]}));
        assert_eq!(model_filled("bedrock-runtime", "ContentBlock"), json!({"text": "text"}), "it is a union");
    }

    #[test]
    fn the_members_of_an_input_are_the_models() {
        assert!(model_input("logs", "PutRetentionPolicy").contains(&"retentionInDays".to_owned()));
    }
}
