//! Every failure in plain words.

use std::any::Any;
use std::fmt;
use std::ops::{Deref, DerefMut};

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;

use crate::codes::{meaning, status_meaning};
use crate::{Denied, Tap, failure};

/// What kind of failure it is: it decides what a caller can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// AWS knows the caller and does not let it do this.
    AccessDenied,
    /// There are no credentials, or AWS does not know them.
    NoCredentials,
    /// The credentials were good once.
    ExpiredCredentials,
    /// The thing lives in another region.
    WrongRegion,
    /// Calls come too fast.
    Throttled,
    /// There is no such thing.
    NotFound,
    /// The thing's present state stands in the way, or a quota does.
    Conflict,
    /// The request makes no sense as it is.
    Invalid,
    /// The operator's limits forbid it; AWS was not asked.
    Refused,
    /// AWS could not be reached.
    Network,
    /// The local clock is wrong.
    ClockSkew,
    /// The endpoint is wrong, refuses to talk, or is not trusted.
    Endpoint,
    /// It took too long.
    Timeout,
    /// The client gave up on the call.
    Cancelled,
    /// AWS failed.
    Service,
    /// awsmcp failed.
    Internal,
}

impl Kind {
    /// The kind as a word for logs and answers, such as `access_denied`.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::AccessDenied => "access_denied",
            Kind::NoCredentials => "no_credentials",
            Kind::ExpiredCredentials => "expired_credentials",
            Kind::WrongRegion => "wrong_region",
            Kind::Throttled => "throttled",
            Kind::NotFound => "not_found",
            Kind::Conflict => "conflict",
            Kind::Invalid => "invalid",
            Kind::Refused => "refused",
            Kind::Network => "network",
            Kind::ClockSkew => "clock_skew",
            Kind::Endpoint => "endpoint",
            Kind::Timeout => "timeout",
            Kind::Cancelled => "cancelled",
            Kind::Service => "service",
            Kind::Internal => "internal",
        }
    }

    /// Whether new credentials would help, so that a session should read them anew.
    pub const fn is_about_credentials(self) -> bool {
        matches!(self, Kind::NoCredentials | Kind::ExpiredCredentials)
    }
}

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
    /// The right region, where AWS names one.
    pub region: Option<String>,
    /// Who was denied what.
    pub denied: Option<Denied>,
    /// What to do next.
    pub next: Option<String>,
    /// Whether `next` was said by code that knows more than the error alone tells.
    pub advised: bool,
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
            region: None,
            denied: None,
            next: None,
            advised: false,
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

    /// Adds what the tap saw of the failed operation: its name, its attempts, its host, the clock.
    ///
    /// An error that did not come from a request stays as it is.
    pub fn noted(mut self, tap: &Tap) -> Self {
        let from_a_request =
            self.status.is_some() || matches!(self.kind, Kind::Network | Kind::Endpoint | Kind::Timeout);
        if !from_a_request {
            return self;
        }
        let made = tap.made();
        let failed = made.iter().rev().find(|made| match &self.request_id {
            Some(id) => made.request_id.as_ref() == Some(id),
            None => made.failed,
        });
        let Some(made) = failed else { return self };
        self.operation.get_or_insert_with(|| made.operation.clone());
        self.host = self.host.take().or_else(|| made.host.clone());
        if matches!(self.kind, Kind::Network | Kind::Endpoint | Kind::Timeout)
            && let Some(host) = &self.host
            && !self.message.contains(host.as_str())
        {
            self.message = format!("{} ({host})", self.message.trim_end_matches('.'));
        }
        if self.kind == Kind::ClockSkew
            && let Some(skew) = made.clock_skew
            && !self.message.contains("the local clock")
        {
            let (size, side) = (skew.unsigned_abs(), if skew < 0 { "ahead of" } else { "behind" });
            self.message =
                format!("{} (the local clock is {size} s {side} AWS's)", self.message.trim_end_matches('.'));
        }
        if made.attempts > 0 { self.with_attempts(made.attempts) } else { self }
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

/// What AWS answered.
struct Answer<'a> {
    code: Option<&'a str>,
    message: Option<&'a str>,
    request_id: Option<&'a str>,
    http: Option<&'a HttpResponse>,
}

impl Answer<'_> {
    fn explain(self) -> Error {
        let status = self.http.map(|http| http.status().as_u16());
        let row = self.code.and_then(meaning);
        let kind = row.map(|row| row.kind).or(status.map(status_meaning)).unwrap_or(Kind::Service);
        let mut error = Error::new(kind, self.words(status));
        error.code = self.code.map(str::to_owned);
        error.status = status;
        error.request_id = self.request_id.map(str::to_owned).or_else(|| self.header_request_id());
        error.next = row.and_then(|row| row.next).map(str::to_owned);
        self.look_at_the_clock(&mut error);
        self.look_at_the_region(&mut error);
        self.look_at_the_denial(&mut error);
        if error.next.is_none() {
            error.next = advice(&error, self.is_bare());
        }
        error
    }

    /// AWS's own message, or what the status and the start of the body say.
    fn words(&self, status: Option<u16>) -> String {
        if let Some(message) = self.message.map(plain).filter(|message| !message.is_empty()) {
            return message;
        }
        let unreadable = status.is_some_and(|status| (200..300).contains(&status));
        let status = status.map_or_else(|| "an error".to_owned(), |status| format!("HTTP {status}"));
        let code = self.code.map(|code| format!(" ({code})")).unwrap_or_default();
        let body = self.http.and_then(|http| http.body().bytes()).map(String::from_utf8_lossy);
        match body.map(|body| plain(&body)).filter(|body| !body.is_empty()) {
            Some(body) if unreadable => format!("AWS's answer could not be read: {}", cut(&body, 200)),
            Some(body) => format!("AWS answered {status}{code}: {}", cut(&body, 200)),
            // A HEAD that finds nothing; the status and the code stand behind the sentence anyway.
            None if self.http.is_some_and(|http| http.status().as_u16() == 404) => {
                "It does not exist".to_owned()
            }
            None => "AWS gave no reason".to_owned(),
        }
    }

    /// HEAD answers have neither code nor message.
    fn is_bare(&self) -> bool {
        self.message.is_none()
            && self.http.is_some_and(|http| http.body().bytes().is_none_or(<[u8]>::is_empty))
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.http.and_then(|http| http.headers().get(name))
    }

    fn header_request_id(&self) -> Option<String> {
        self.http.and_then(|http| http.headers().request_id()).map(str::to_owned)
    }

    /// A signature that is too old or too new is a matter of the clock, not of the keys.
    fn look_at_the_clock(&self, error: &mut Error) {
        const SIGNS: [&str; 4] =
            ["Signature expired", "not yet current", "Signature not yet", "time is too skewed"];
        if SIGNS.iter().any(|sign| error.message.contains(sign)) {
            error.kind = Kind::ClockSkew;
        }
        if error.kind == Kind::ClockSkew {
            error.next = Some(
                "Set the local clock: `sudo chronyc makestep` or `sudo timedatectl set-ntp true` on Linux, \
                 `sudo sntp -sS time.apple.com` on macOS, `w32tm /resync` on Windows; restart a container's VM."
                    .to_owned(),
            );
        }
    }

    fn look_at_the_region(&self, error: &mut Error) {
        let named =
            self.header("x-amz-bucket-region").map(str::to_owned).or_else(|| expected_region(&error.message));
        // A HEAD for another region is answered 400 without a body; the header alone gives it away.
        if named.is_some() && error.status == Some(400) && self.is_bare() {
            error.kind = Kind::WrongRegion;
        }
        error.region = named;
        if error.kind == Kind::WrongRegion {
            error.next = Some(match &error.region {
                Some(region) => format!("Call again with region {region}."),
                None => "Find the region that it lives in, and call again with that.".to_owned(),
            });
            if self.is_bare() {
                error.message = match &error.region {
                    Some(region) => format!("It lives in region {region}"),
                    None => "It lives in another region".to_owned(),
                };
            }
        }
    }

    fn look_at_the_denial(&self, error: &mut Error) {
        if error.kind != Kind::AccessDenied {
            return;
        }
        error.denied = Denied::read(&error.message);
        let mut next = match &error.denied {
            Some(denied) if denied.explicit() => {
                "A deny wins over every allow: ask the owner of that policy, or use another role or profile."
                    .to_owned()
            }
            Some(Denied { principal, action: Some(action), resource, why }) => {
                let place = why
                    .as_deref()
                    .and_then(|why| why.strip_prefix("no "))
                    .and_then(|why| why.strip_suffix(" allows it"))
                    .map(|policy| format!(" in the {policy}"))
                    .unwrap_or_default();
                format!(
                    "Allow {action} on {}{}{place}, or use another role or profile.",
                    resource.as_deref().unwrap_or("the resource"),
                    principal.as_deref().map(|principal| format!(" for {principal}")).unwrap_or_default(),
                )
            }
            _ => error.next.take().unwrap_or_default(),
        };
        if error.message.contains("Encoded authorization failure message") {
            next.push_str(
                " `aws sts decode-authorization-message --encoded-message ...` reads the encoded part of the message.",
            );
        }
        error.next = Some(next.trim_start().to_owned()).filter(|next| !next.is_empty());
    }
}

/// `... the region 'us-east-1' is wrong; expecting 'eu-west-1'` names the right one.
fn expected_region(message: &str) -> Option<String> {
    let (_, rest) = message.split_once("expecting '")?;
    let (region, _) = rest.split_once('\'')?;
    crate::region::checked(region).ok().map(str::to_owned)
}

/// What to do where the code itself suggests nothing.
fn advice(error: &Error, bare: bool) -> Option<String> {
    let text = match error.kind {
        Kind::AccessDenied if bare => {
            "Check the name, and that the caller may do this; AWS does not say which, nor whether it exists."
        }
        Kind::AccessDenied => "Check that the caller's policies, and the resource's own, allow it.",
        Kind::NotFound => "Check the name, the region and the account.",
        Kind::Throttled => "Wait a little and call again, with fewer calls at a time.",
        Kind::Invalid if bare => {
            "AWS does not say what is wrong: expired credentials and a wrong region look like this."
        }
        Kind::Service if error.status == Some(501) => "This endpoint does not have the operation.",
        Kind::Service => "Call again in a moment; if it stays, see the AWS Health Dashboard.",
        Kind::Timeout => "Call again.",
        _ => return None,
    };
    Some(text.to_owned())
}

fn http<R: 'static>(raw: &R) -> Option<&HttpResponse> {
    (raw as &dyn Any).downcast_ref::<HttpResponse>()
}

/// One line without markup: emulators and proxies answer in HTML.
pub(crate) fn plain(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let markup = ["<html", "<!doctype", "<?xml"].iter().any(|sign| lower.contains(sign));
    let text = if markup { without_code(text, &lower) } else { text.to_owned() };
    let mut words = String::with_capacity(text.len());
    let mut inside = false;
    for letter in text.chars() {
        match letter {
            '<' if markup => inside = true,
            '>' if markup && inside => {
                inside = false;
                words.push(' ');
            }
            _ if inside => {}
            _ => words.push(letter),
        }
    }
    let line = words.split_whitespace().collect::<Vec<_>>().join(" ");
    if markup { cut(&line, 200) } else { cut(&line, 4_000) }
}

/// A page without its style sheets and scripts. `lower` is the same in lower case.
fn without_code(text: &str, lower: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    let rest = |from: usize| lower.get(from..).unwrap_or_default();
    while let Some((start, name)) = ["style", "script"]
        .iter()
        .filter_map(|name| Some((rest(from).find(&format!("<{name}"))?, name)))
        .min()
    {
        out.push_str(text.get(from..from + start).unwrap_or_default());
        from += start;
        from += rest(from).find(&format!("</{name}")).unwrap_or(rest(from).len());
    }
    out.push_str(text.get(from..).unwrap_or_default());
    out
}

/// At most `limit` characters, and says so.
fn cut(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        Some((end, _)) => format!("{}... (cut)", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// A name as a shell takes it.
fn quoted(name: &str) -> String {
    let safe = |letter: char| letter.is_ascii_alphanumeric() || "-_.@/+:".contains(letter);
    if name.chars().all(safe) { name.to_owned() } else { format!("'{}'", name.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests;
