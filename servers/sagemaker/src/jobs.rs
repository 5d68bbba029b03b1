//! The kinds of jobs, and what is the same of all: they are listed, described, made and stopped.

mod calls;
mod card;
mod log;
mod requests;

use std::borrow::Cow;

use aws_smithy_types::DateTime;
use awsmcp_mcp::{Call, Error, Kind as ErrorKind, Result};
use futures::future::join_all;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde_json::Value;

pub(crate) use calls::{CREATE, FIND, Filter, LIST, STOP, Summary, create, describe, list, stop};
pub(crate) use card::{Card, card};
pub(crate) use log::{Line, Tail, streams, tail, walk};
pub(crate) use requests::{base, checked, effort, named, risks, worded};

pub(crate) use crate::kinds::Kind;
use crate::{SageMaker, fields, names::JobName, times};

// Where jobs may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    InProgress,
    Completed,
    Failed,
    Stopping,
    Stopped,
}

impl Status {
    /// As AWS writes it of this kind of job.
    pub(crate) fn of(self, kind: Kind) -> String {
        let word = match self {
            Status::InProgress => "InProgress",
            Status::Completed => "Completed",
            Status::Failed => "Failed",
            Status::Stopping => "Stopping",
            Status::Stopped => "Stopped",
        };
        if kind == Kind::Compilation { word.to_uppercase() } else { word.to_owned() }
    }
}

/// A job that was found.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) kind: Kind,
    pub(crate) name: String,
    /// All that AWS says of it.
    pub(crate) described: Value,
}

impl Found {
    pub(crate) fn status(&self) -> String {
        fields::text(&self.described, &format!("/{}Status", self.kind.noun())).unwrap_or_default()
    }

    pub(crate) fn arn(&self) -> Option<String> {
        fields::text(&self.described, &format!("/{}Arn", self.kind.noun()))
    }

    /// Whether it will not change any more.
    pub(crate) fn is_over(&self) -> bool {
        is_over(&self.status())
    }

    /// When its work began; of kinds that do not say, when it was made.
    pub(crate) fn started(&self) -> Option<i64> {
        let field = match self.kind {
            Kind::Training => "/TrainingStartTime",
            Kind::Processing => "/ProcessingStartTime",
            Kind::Transform => "/TransformStartTime",
            Kind::Compilation => "/CompilationStartTime",
            Kind::Tuning | Kind::Automl | Kind::Labeling => "/CreationTime",
        };
        fields::time(&self.described, field)
    }

    pub(crate) fn ended(&self) -> Option<i64> {
        let field = match self.kind {
            Kind::Training => "/TrainingEndTime",
            Kind::Processing => "/ProcessingEndTime",
            Kind::Transform => "/TransformEndTime",
            Kind::Compilation => "/CompilationEndTime",
            Kind::Tuning => "/HyperParameterTuningEndTime",
            Kind::Automl => "/EndTime",
            Kind::Labeling if self.is_over() => "/LastModifiedTime",
            Kind::Labeling => return None,
        };
        fields::time(&self.described, field)
    }

    /// How long it has been at work.
    pub(crate) fn seconds(&self) -> Option<i64> {
        let end = self.ended().or_else(|| (!self.is_over()).then(times::now))?;
        Some(end.saturating_sub(self.started()?))
    }
}

pub(crate) fn is_over(status: &str) -> bool {
    ["Completed", "Failed", "Stopped"].iter().any(|over| status.eq_ignore_ascii_case(over))
}

/// The job of this name; of any kind where none is told.
///
/// # Errors
/// When there is none, or there are several.
pub(crate) async fn find(cx: &Call<SageMaker>, kind: Option<Kind>, job: &JobName) -> Result<Found> {
    let name = job.as_str();
    if let Some(kind) = told(kind, job)? {
        let described = describe(cx, kind, name).await?;
        return Ok(Found { kind, name: name.to_owned(), described });
    }
    let all = join_all(Kind::ALL.map(|kind| async move { (kind, describe(cx, kind, name).await) })).await;
    let (mut found, mut failed, mut missing) = (Vec::new(), None, None);
    for (kind, described) in all {
        match described {
            Ok(described) => found.push(Found { kind, name: name.to_owned(), described }),
            Err(error) if error.kind == ErrorKind::NotFound => missing = Some(error),
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    if found.len() > 1 {
        let kinds: Vec<&str> = found.iter().map(|found| found.kind.word()).collect();
        return Err(Error::invalid(format!("{name} is a job of several kinds: {}", kinds.join(", ")))
            .with_next("call again with `kind`"));
    }
    let words = format!("there is no job {name} of any kind");
    match (found.pop(), failed, missing) {
        (Some(found), ..) => Ok(found),
        (None, Some(error), _) => Err(error),
        // An error of AWS's own, so that the nearest name is offered.
        (None, None, Some(mut error)) => {
            error.message = words;
            Err(error)
        }
        (None, None, None) => Err(Error::not_found(words)),
    }
}

/// The kind that an argument or an ARN tells.
pub(crate) fn told(kind: Option<Kind>, job: &JobName) -> Result<Option<Kind>> {
    match (kind, job.kind()) {
        (Some(kind), Some(own)) if kind != own => {
            Err(Error::invalid(format!("`kind` is {kind}, but the ARN is of a {own} job")))
        }
        (kind, own) => Ok(kind.or(own)),
    }
}

/// AWS says with codes of several kinds that there is no such thing.
pub(crate) fn gone(mut error: Error) -> Error {
    let says = ["not found", "could not find", "does not exist", "cannot find"];
    let message = error.message.to_lowercase();
    if error.kind == ErrorKind::Invalid
        && error.code.as_deref() == Some("ValidationException")
        && says.iter().any(|words| message.contains(words))
    {
        error.kind = ErrorKind::NotFound;
    }
    error
}

/// A JSON object of AWS's API reference, or a text that holds one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Object(pub(crate) serde_json::Map<String, Value>);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut value = Value::deserialize(deserializer)?;
        // Models like to write JSON as a text.
        if let Value::String(text) = &value
            && let Ok(inner) = serde_json::from_str(text)
        {
            value = inner;
        }
        match value {
            Value::Object(fields) => Ok(Object(fields)),
            _ => Err(serde::de::Error::custom("give a JSON object, such as {\"RoleArn\": \"...\"}")),
        }
    }
}

impl JsonSchema for Object {
    fn schema_name() -> Cow<'static, str> {
        "Object".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "object"})
    }
}

/// How long something took, where it is over.
pub(crate) fn between(start: Option<&DateTime>, end: Option<&DateTime>) -> Option<i64> {
    Some(end?.secs().saturating_sub(start?.secs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_written_as_the_kind_wants_it() {
        assert_eq!(Status::InProgress.of(Kind::Training), "InProgress");
        assert_eq!(Status::InProgress.of(Kind::Compilation), "INPROGRESS");
        assert!(is_over("COMPLETED") && is_over("Failed") && !is_over("Stopping"));
    }
}
