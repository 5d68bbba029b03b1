//! AWS's shapes as the JSON of its API reference, and back: the SDK's own codec reads and writes them.

use aws_sdk_sagemaker::{
    config::{
        ConfigBag, Intercept, RuntimeComponents, interceptors::BeforeSerializationInterceptorContextMut,
    },
    error::BoxError,
};
use aws_smithy_json::codec::{JsonCodec, JsonCodecSettings};
use aws_smithy_schema::{
    codec::Codec,
    serde::{SerdeError, SerializableStruct, ShapeDeserializer, ShapeSerializer},
};
use awsmcp_mcp::{Error, Result, nearest};
use serde_json::Value;

/// How the SDK reads a shape: `CreateTrainingJobInput::deserialize`.
pub(crate) type Reader<T> = fn(&mut dyn ShapeDeserializer) -> Result<T, SerdeError>;

/// A shape as JSON, its times as seconds since 1970.
///
/// # Errors
/// When the codec cannot write it.
pub(crate) fn json(shape: &impl SerializableStruct) -> Result<Value> {
    let unwritable = |why: String| Error::internal(format!("the answer cannot be written as JSON: {why}"));
    let mut to = codec().create_serializer();
    to.write_struct(shape.schema(), shape).map_err(|why| unwritable(why.to_string()))?;
    serde_json::from_slice(&to.finish()).map_err(|why| unwritable(why.to_string()))
}

/// What of `value` a shape takes, as JSON: the rest falls away.
///
/// # Errors
/// When a field is of the wrong type.
pub(crate) fn taken<T: SerializableStruct>(value: &Value, reader: Reader<T>) -> Result<Value> {
    let mut taken = json(&read(value, reader).map_err(|why| wrong(value, reader, &why))?)?;
    keep(&mut taken, value);
    Ok(taken)
}

/// A shape from JSON that must name no field it does not have, and leave out none that it must have.
///
/// # Errors
/// Names the field.
pub(crate) fn strict<T: SerializableStruct>(value: &Value, reader: Reader<T>) -> Result<T> {
    let shape = read(value, reader).map_err(|why| wrong(value, reader, &why))?;
    let understood = json(&shape)?;
    let mut unknown = Vec::new();
    without(value, &understood, "", &mut unknown);
    if let Some(path) = unknown.first() {
        let known: Vec<&str> =
            shape.schema().members().iter().filter_map(|member| member.member_name()).collect();
        // Only the first level's fields are known here.
        let meant = nearest(path, known.into_iter().filter(|_| !path.contains('.')));
        let meant = meant.map(|meant| format!("; did you mean `{meant}`?")).unwrap_or_default();
        return Err(Error::invalid(format!("AWS's request has no field `{path}`{meant}")));
    }
    // What must be there and is not, the SDK fills with nothing.
    let mut missing = Vec::new();
    without(&understood, value, "", &mut missing);
    match missing.first() {
        Some(path) => Err(Error::invalid(format!("`{path}` is missing"))),
        None => Ok(shape),
    }
}

/// Sends this input in place of the one that the operation was begun with.
#[derive(Debug)]
pub(crate) struct Filled<I>(pub(crate) I);

impl<I: Clone + std::fmt::Debug + Send + Sync + 'static> Intercept for Filled<I> {
    fn name(&self) -> &'static str {
        "filled input"
    }

    fn modify_before_serialization(
        &self,
        context: &mut BeforeSerializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        match context.input_mut().downcast_mut::<I>() {
            Some(input) => {
                input.clone_from(&self.0);
                Ok(())
            }
            None => Err("the input is another operation's".into()),
        }
    }
}

fn codec() -> JsonCodec {
    JsonCodec::new(JsonCodecSettings::builder().use_json_name(false).build())
}

fn read<T>(value: &Value, reader: Reader<T>) -> Result<T, String> {
    let bytes = serde_json::to_vec(value).map_err(|why| why.to_string())?;
    reader(&mut codec().create_deserializer(&bytes)).map_err(|why| why.to_string())
}

/// Says which field is of the wrong type: the one without which the rest can be read.
fn wrong<T>(value: &Value, reader: Reader<T>, why: &str) -> Error {
    let mut path: Vec<String> = Vec::new();
    'deeper: loop {
        let children: Vec<String> = match at(value, &path) {
            Some(Value::Object(fields)) => fields.keys().cloned().collect(),
            Some(Value::Array(items)) => (0..items.len()).map(|index| index.to_string()).collect(),
            _ => break,
        };
        for child in children {
            path.push(child);
            let mut less = value.clone();
            remove(&mut less, &path);
            if read(&less, reader).is_ok() {
                continue 'deeper;
            }
            path.pop();
        }
        break;
    }
    let why = why.split_once(": ").map_or(why, |(_, why)| why);
    match path.is_empty() {
        true => Error::invalid(why.to_owned()),
        false => Error::invalid(format!("`{}`: {why}", path.join("."))),
    }
}

fn at<'a>(value: &'a Value, path: &[String]) -> Option<&'a Value> {
    path.iter().try_fold(value, |value, part| match value {
        Value::Object(fields) => fields.get(part),
        Value::Array(items) => items.get(part.parse::<usize>().ok()?),
        _ => None,
    })
}

fn remove(value: &mut Value, path: &[String]) {
    let Some((last, before)) = path.split_last() else { return };
    let mut place = value;
    for part in before {
        let next = match place {
            Value::Object(fields) => fields.get_mut(part),
            Value::Array(items) => part.parse::<usize>().ok().and_then(|index| items.get_mut(index)),
            _ => None,
        };
        match next {
            Some(next) => place = next,
            None => return,
        }
    }
    match place {
        Value::Object(fields) => drop(fields.shift_remove(last)),
        Value::Array(items) => {
            if let Some(index) = last.parse::<usize>().ok().filter(|index| *index < items.len()) {
                items.remove(index);
            }
        }
        _ => {}
    }
}

/// The paths that `value` has and `other` does not; `null` is as good as absent.
pub(crate) fn absent(value: &Value, other: &Value) -> Vec<String> {
    let mut found = Vec::new();
    without(value, other, "", &mut found);
    found
}

fn without(value: &Value, other: &Value, path: &str, found: &mut Vec<String>) {
    let under = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match (value, other) {
        (Value::Object(fields), Value::Object(others)) => {
            for (name, value) in fields.iter().filter(|(_, value)| !value.is_null()) {
                match others.get(name).filter(|other| !other.is_null()) {
                    Some(other) => without(value, other, &under(name), found),
                    None => found.push(under(name)),
                }
            }
        }
        (Value::Array(items), Value::Array(others)) => {
            for (index, (item, other)) in items.iter().zip(others).enumerate() {
                without(item, other, &under(&index.to_string()), found);
            }
        }
        _ => {}
    }
}

/// Takes out of `value` what `original` does not have.
fn keep(value: &mut Value, original: &Value) {
    match (value, original) {
        (Value::Object(fields), Value::Object(originals)) => {
            fields.retain(|name, _| originals.contains_key(name));
            for (name, value) in fields {
                if let Some(original) = originals.get(name) {
                    keep(value, original);
                }
            }
        }
        (Value::Array(items), Value::Array(originals)) => {
            items.iter_mut().zip(originals).for_each(|(item, original)| keep(item, original));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_sagemaker::operation::{
        create_training_job::CreateTrainingJobInput, describe_training_job::DescribeTrainingJobOutput,
    };
    use serde_json::json;

    use super::*;

    fn good() -> Value {
        json!({
            "TrainingJobName": "t", "RoleArn": "r", "HyperParameters": {"lr": "0.1"},
            "AlgorithmSpecification": {"TrainingImage": "i", "TrainingInputMode": "File"},
            "OutputDataConfig": {"S3OutputPath": "s3://b"},
            "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 30},
            "InputDataConfig": [{"ChannelName": "train", "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://b/i"}}}],
            "StoppingCondition": {"MaxRuntimeInSeconds": 60}, "EnableManagedSpotTraining": false,
        })
    }

    #[test]
    fn a_request_is_read_and_written_whole() {
        let input = strict(&good(), CreateTrainingJobInput::deserialize).unwrap();
        assert_eq!(input.resource_config.as_ref().and_then(|config| config.volume_size_in_gb), Some(30));
        let written = json(&input).unwrap();
        assert_eq!(written, good());
    }

    #[test]
    fn unknown_missing_and_wrong_fields_are_named() {
        let error = |change: fn(&mut Value)| {
            let mut value = good();
            change(&mut value);
            strict(&value, CreateTrainingJobInput::deserialize).unwrap_err().message.clone()
        };
        assert_eq!(
            error(|value| value["HyperParameter"] = json!({})),
            "AWS's request has no field `HyperParameter`; did you mean `HyperParameters`?"
        );
        assert_eq!(
            error(|value| value["ResourceConfig"]["Count"] = json!(1)),
            "AWS's request has no field `ResourceConfig.Count`"
        );
        assert_eq!(
            error(|value| value["InputDataConfig"][0]["Mode"] = json!("File")),
            "AWS's request has no field `InputDataConfig.0.Mode`"
        );
        assert_eq!(
            error(|value| drop(value.as_object_mut().unwrap().remove("RoleArn"))),
            "`RoleArn` is missing"
        );
        assert!(
            error(|value| value["ResourceConfig"]["InstanceCount"] = json!("two"))
                .starts_with("`ResourceConfig.InstanceCount`: ")
        );
        assert!(
            error(|value| value["HyperParameters"]["lr"] = json!(0.1)).starts_with("`HyperParameters.lr`: ")
        );
    }

    #[test]
    fn what_a_job_was_made_of_is_taken_from_its_description() {
        let mut described = good();
        described["TrainingJobStatus"] = json!("Completed");
        described["CreationTime"] = json!(1_700_000_000.25);
        let output = read(&described, DescribeTrainingJobOutput::deserialize).unwrap();
        assert_eq!(json(&output).unwrap()["CreationTime"], json!(1_700_000_000.25));
        assert_eq!(taken(&described, CreateTrainingJobInput::deserialize).unwrap(), good());
    }
}
