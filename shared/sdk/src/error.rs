//! Every failure in plain words.

mod answer;
mod failure;

use std::any::Any;
use std::fmt;
use std::ops::{Deref, DerefMut};

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;

use crate::words::quoted;
use crate::{Denied, Kind, State};
use answer::Answer;
pub(crate) use failure::{NOWHERE, explain};

/// A failure that says what happened and what to do next.
///
/// Its [`Details`] are read and written as if they were its own fields; they are boxed so that a `Result` stays small.
#[derive(Clone, Debug, PartialEq)]
pub struct Error(Box<Details>);

/// What is known about a failure.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Details {
    /// What kind of failure it is.
    pub kind: Kind,
    /// What happened, in one sentence. AWS's own words are kept.
    pub message: String,
    /// AWS's error code.
    pub code: Option<String>,
    /// The HTTP status of AWS's answer.
    pub status: Option<u16>,
    /// AWS's id of the request: its support asks for it.
    pub request_id: Option<String>,
    /// The operation that failed, such as `GetCallerIdentity`.
    pub operation: Option<String>,
    /// How often the request was sent.
    pub attempts: Option<u32>,
    /// The host that the request was for.
    pub host: Option<String>,
    /// What the operation left behind, where the tap was asked.
    pub state: Option<State>,
    /// The right region, where AWS names one.
    pub region: Option<String>,
    /// Who was denied what.
    pub denied: Option<Denied>,
    /// What to do next.
    pub next: Option<String>,
    /// Whether `next` was said by code that knows more than the error alone tells.
    pub advised: bool,
    /// Operations whose work was taken back before the call failed, and those that took it back.
    pub undone: Vec<String>,
}

impl Deref for Error {
    type Target = Details;

    fn deref(&self) -> &Details {
        &self.0
    }
}

impl DerefMut for Error {
    fn deref_mut(&mut self) -> &mut Details {
        &mut self.0
    }
}

impl Error {
    /// A failure of this kind with this sentence.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Error(Box::new(Details {
            kind,
            message: message.into(),
            code: None,
            status: None,
            request_id: None,
            operation: None,
            attempts: None,
            host: None,
            state: None,
            region: None,
            denied: None,
            next: None,
            advised: false,
            undone: Vec::new(),
        }))
    }

    /// The request makes no sense as it is.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(Kind::Invalid, message)
    }

    /// The operator's limits forbid it.
    pub fn refused(message: impl Into<String>) -> Self {
        Self::new(Kind::Refused, message)
    }

    /// There is no such thing.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(Kind::NotFound, message)
    }

    /// The thing's present state stands in the way.
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(Kind::Conflict, message)
    }

    /// awsmcp failed.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(Kind::Internal, message)
    }

    /// It took too long.
    pub fn timeout(message: impl Into<String>) -> Self {
        Self::new(Kind::Timeout, message)
    }

    /// The client gave up on the call.
    pub fn cancelled(message: impl Into<String>) -> Self {
        Self::new(Kind::Cancelled, message)
    }

    /// Says what to do next, in place of what was said before.
    pub fn with_next(mut self, next: impl Into<String>) -> Self {
        self.next = Some(next.into());
        self.advised = true;
        self
    }

    /// Names the profile in the command that signs in.
    pub fn for_profile(mut self, profile: Option<&str>) -> Self {
        if let (Some(profile), Some(next)) = (profile, &self.next) {
            // The command ends with the word `login`, whichever way of signing in it is.
            self.next = Some(next.replace(" login`", &format!(" login --profile {}`", quoted(profile))));
        }
        self
    }

    /// Notes how often the request was sent, and says so where that matters.
    pub fn with_attempts(mut self, attempts: u32) -> Self {
        let first = self.attempts.is_none();
        self.attempts = Some(attempts);
        if first && attempts > 1 && self.retryable() {
            self.message = format!("{} (after {attempts} attempts)", self.message.trim_end_matches('.'));
        }
        self
    }

    /// Whether the same call may succeed a little later.
    pub fn retryable(&self) -> bool {
        match self.kind {
            Kind::Throttled | Kind::Network | Kind::Timeout => true,
            // 501 says that it will never work here.
            Kind::Service => self.status != Some(501),
            _ => false,
        }
    }

    /// Reads an SDK error without taking it.
    pub fn read<E, R>(error: &SdkError<E, R>) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
        R: fmt::Debug + 'static,
    {
        match error {
            SdkError::ServiceError(answer) => {
                let meta = answer.err().meta();
                let answer = Answer {
                    code: meta.code(),
                    message: meta.message(),
                    request_id: meta.request_id(),
                    http: http(answer.raw()),
                };
                answer.explain()
            }
            SdkError::ResponseError(answer) => {
                // What an emulator or a proxy answers is often no answer of AWS's protocols at all.
                let found = failure::explain(error);
                match http(answer.raw()) {
                    Some(raw) if found.kind == Kind::Internal && !raw.status().is_success() => {
                        Answer { code: None, message: None, request_id: None, http: Some(raw) }.explain()
                    }
                    Some(raw) => {
                        let mut found = found;
                        found.status = Some(raw.status().as_u16());
                        found.request_id = raw.headers().request_id().map(str::to_owned);
                        if found.kind == Kind::Internal {
                            found.kind = Kind::Service;
                            found.message = format!("AWS's answer could not be read: {}", found.message);
                        }
                        found
                    }
                    None => found,
                }
            }
            other => failure::explain(other),
        }
    }
}

impl<E, R> From<SdkError<E, R>> for Error
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: fmt::Debug + 'static,
{
    fn from(error: SdkError<E, R>) -> Self {
        Error::read(&error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        let facts = [
            self.operation.clone(),
            self.code.clone(),
            self.status.map(|status| format!("HTTP {status}")),
            self.request_id.as_ref().map(|id| format!("request {id}")),
        ];
        let facts: Vec<String> = facts.into_iter().flatten().collect();
        if !facts.is_empty() {
            write!(f, " [{}]", facts.join(", "))?;
        }
        match &self.next {
            Some(next) => {
                let ends = !facts.is_empty() || self.message.ends_with('.');
                write!(f, "{} Next: {next}", if ends { "" } else { "." })
            }
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {}

fn http<R: 'static>(raw: &R) -> Option<&HttpResponse> {
    (raw as &dyn Any).downcast_ref::<HttpResponse>()
}

#[cfg(test)]
mod tests;
