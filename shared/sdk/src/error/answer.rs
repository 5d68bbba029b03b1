//! What AWS's own answer says about a failure.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_types::request_id::RequestId;

use super::Error;
use crate::codes::{meaning, status_meaning};
use crate::region::is_region;
use crate::sender::{WHO_ANSWERS, is_page, is_signed};
use crate::words::{cut, plain};
use crate::{Denied, Kind};

/// What AWS answered.
pub(super) struct Answer<'a> {
    pub(super) code: Option<&'a str>,
    pub(super) message: Option<&'a str>,
    pub(super) request_id: Option<&'a str>,
    pub(super) http: Option<&'a HttpResponse>,
}

impl Answer<'_> {
    pub(super) fn explain(self) -> Error {
        if let Some(foreign) = self.foreign() {
            return foreign;
        }
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

    /// A page of a proxy or a captive portal is no refusal of AWS's.
    fn foreign(&self) -> Option<Error> {
        let http = self.http.filter(|http| self.code.is_none() && !http.status().is_success())?;
        let status = http.status().as_u16();
        // Of trouble behind it a load balancer of AWS's own may have no more than a page to say.
        let may_be_aws = (500..=510).contains(&status);
        let body = http.body().bytes().filter(|body| is_page(body))?;
        if may_be_aws || is_signed(http) {
            return None;
        }
        let words = plain(&String::from_utf8_lossy(body));
        let words = if words.is_empty() { String::new() } else { format!(": {}", cut(&words, 200)) };
        let mut error = Error::new(
            Kind::Network,
            format!("A web page came in place of AWS's answer (from a proxy or a captive portal?){words}"),
        )
        .with_next(WHO_ANSWERS);
        error.status = Some(status);
        Some(error)
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
    is_region(region).then(|| region.to_owned())
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
