//! Errors as a model can act on them.

use std::borrow::Cow;

use awsmcp_sdk::{Denied, Error, Identity, Kind, Target};
use awsmcp_spec::{Environment, Need, Spec};

use crate::{
    Deed, Service,
    fence::{continued, is_hidden, neutral},
    gate,
    input::Input,
    shorten,
};

/// What is known about a failed call.
pub(crate) struct Failure<'a> {
    pub(crate) tool: &'a str,
    pub(crate) spec: Option<&'a Spec>,
    /// What the very call may do, where its arguments decided it.
    pub(crate) deed: Option<&'a Deed>,
    pub(crate) input: &'a Input,
    pub(crate) target: Option<&'a Target>,
    pub(crate) identity: Option<&'a Identity>,
    /// The tool that tells which policy decides, where it is on.
    pub(crate) explained_by: Option<&'static str>,
    /// The IAM actions of the operations that were made.
    pub(crate) actions: &'a [String],
}

/// The tool that tells which policy lets a caller do something, or does not, in servers that have it.
pub const EXPLAINS_ACCESS: &str = "explain_access";

/// The most characters of an error: hosts cut at about 11,000.
const LONGEST: usize = 4000;

/// The most characters of what went wrong, so that there is room behind it for what it means and what to do next.
const LONGEST_MESSAGE: usize = 2500;
/// The most characters of a code or an id.
const LONGEST_CODE: usize = 200;

/// The error with AWS's words cut to a length that leaves room for ours.
pub(crate) fn in_short(mut error: Error) -> Error {
    cut(&mut error.message, LONGEST_MESSAGE);
    let details = &mut *error;
    for fact in [&mut details.code, &mut details.request_id].into_iter().flatten() {
        cut(fact, LONGEST_CODE);
    }
    error
}

/// Leaves out the middle of a text that is longer than so many characters, as they are shown: what hides is written out, in
/// six characters or twelve. What a text begins with names a thing, and what it ends with says what is wrong with it.
pub(crate) fn cut(text: &mut String, longest: usize) {
    let width = |letter: char| if is_hidden(letter) { 6 * letter.len_utf16() } else { 1 };
    if text.chars().map(width).sum::<usize>() <= longest {
        return;
    }
    let fitting = |letters: &mut dyn Iterator<Item = char>, most: usize| -> usize {
        let mut used = 0;
        let fits = |letter: &char| {
            used += width(*letter);
            used <= most
        };
        letters.take_while(fits).map(char::len_utf8).sum()
    };
    let of_end = longest / 5;
    let end = fitting(&mut text.chars(), longest - of_end);
    let start = text.len() - fitting(&mut text.chars().rev(), of_end);
    let left_out = text.get(end..start).unwrap_or_default().chars().count();
    text.replace_range(end..start, &shorten::left_out(left_out));
}

/// The text of an error: what failed, where, whether trying again helps, and what to do next.
pub(crate) fn text<S: Service>(error: &Error, failure: &Failure<'_>) -> String {
    let mut out = format!("{} failed: {}", failure.tool, continued(&sentence(error)));
    let facts: Vec<String> = [error.code.clone(), error.status.map(|status| format!("HTTP {status}"))]
        .into_iter()
        .flatten()
        .collect();
    if !facts.is_empty() {
        out.push_str(&format!(" ({})", one_line(&facts.join(", "))));
    }
    if error.code.is_some() || error.status.is_some() || matches!(error.kind, Kind::Network | Kind::Endpoint)
    {
        out.push('\n');
        out.push_str(&one_line(&place(error, failure)));
    }
    if let Some(next) = next::<S>(error, failure) {
        out.push_str("\nnext: ");
        out.push_str(&continued(&next));
    }
    match out.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", out.get(..end).unwrap_or_default()),
        None => out,
    }
}

/// Names of AWS and of this server, where no backslash needs to be told from an escape.
fn one_line(text: &str) -> String {
    neutral(text).replace("\\\\", "\\")
}

fn sentence(error: &Error) -> String {
    let message = error.message.trim();
    let message = if message.is_empty() { "AWS gave no message" } else { message };
    let message = message.trim_end_matches('.');
    // Where AWS was not asked, the sentence may repeat an argument, however long that is.
    if error.status.is_none() { short_words(message) } else { message.to_owned() }
}

/// The text with the end of each very long word left out.
fn short_words(text: &str) -> String {
    const LONGEST: usize = 200;
    let short = |word: &str| match word.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", word.get(..end).unwrap_or_default()),
        None => word.to_owned(),
    };
    text.split(' ').map(short).collect::<Vec<_>>().join(" ")
}

fn place(error: &Error, failure: &Failure<'_>) -> String {
    let mut facts = Vec::new();
    if let Some(identity) = failure.identity {
        facts.push(format!("account {} as {}", identity.account, identity.arn));
    }
    if let Some(target) = failure.target {
        facts.push(target.region.clone());
        facts.extend(target.profile.as_ref().map(|profile| format!("profile {profile}")));
        facts.extend(target.role.as_ref().map(|role| format!("role {role}")));
        let said = |endpoint: &&String| error.message.contains(endpoint.as_str());
        let endpoint = target.endpoint.as_ref().filter(|endpoint| !said(endpoint));
        facts.extend(endpoint.map(|endpoint| format!("endpoint {endpoint}")));
    }
    facts.extend(error.request_id.as_ref().map(|id| format!("request id {id}")));
    facts.push(if error.retryable() { "trying again may help" } else { "not retryable" }.to_owned());
    facts.join(", ")
}

fn next<S: Service>(error: &Error, failure: &Failure<'_>) -> Option<String> {
    // What the tool itself says is nearer than the service's wisdom, and that is nearer than the general hint.
    let own = error.next.clone().filter(|_| error.advised);
    let near = own.or_else(|| S::hint(error).map(std::borrow::Cow::into_owned));
    if error.kind == Kind::AccessDenied {
        let also = near.map(|near| format!("; {near}")).unwrap_or_default();
        let explained = failure.explained_by.map(|tool| format!("; {tool} tells which policy decides"));
        return Some(missing_permission::<S>(error, failure) + &also + &explained.unwrap_or_default());
    }
    near.or_else(|| error.next.clone())
}

/// What the caller's policy lacks, by what AWS says or else by what the tool declares.
fn missing_permission<S: Service>(error: &Error, failure: &Failure<'_>) -> String {
    let Denied { action, resource, why, .. } = error.denied.clone().unwrap_or_default();
    let (action, resource) = match (action, resource) {
        (Some(action), Some(resource)) => (action, resource),
        (Some(action), None) => {
            let resource = failure
                .spec
                .into_iter()
                .flat_map(Spec::declared)
                .find(|need| need.action == action)
                .and_then(|need| arn_of::<S>(need, failure))
                .or_else(|| {
                    let touched = dispatched(failure).into_iter();
                    touched.filter(|(own, _)| *own == action).map(|(_, arn)| arn).next()
                })
                .unwrap_or_else(|| "*".to_owned());
            (action, resource)
        }
        (None, _) => {
            return match declared::<S>(failure).as_slice() {
                [] => "the credentials lack a permission; see the server's iam-policy command".to_owned(),
                [one] => format!("the credentials need {one}; ask whoever manages them to allow it"),
                several => format!(
                    "the credentials need each of: {}; ask whoever manages them to allow what is missing",
                    several.join("; ")
                ),
            };
        }
    };
    let why = why.map(|why| format!(" ({why})")).unwrap_or_default();
    format!("the credentials need {action} on {resource}{why}; ask whoever manages them to allow it")
}

/// `action on arn` of what the operations made so far need; of the whole tool where none was made.
fn declared<S: Service>(failure: &Failure<'_>) -> Vec<String> {
    if failure.deed.is_some() {
        let touched = dispatched(failure).into_iter();
        return touched.map(|(action, arn)| format!("{action} on {arn}")).collect();
    }
    let Some(spec) = failure.spec else { return Vec::new() };
    let given = |need: &Need| need.applies(&failure.input.own);
    let made = |need: &Need| failure.actions.iter().any(|action| action == need.action);
    let mut needs: Vec<Need> = spec.declared().filter(|need| given(need) && made(need)).collect();
    if needs.is_empty() {
        needs = spec.declared().filter(given).collect();
    }
    needs
        .into_iter()
        .filter_map(|need| arn_of::<S>(need, failure).map(|arn| format!("{} on {arn}", need.action)))
        .collect()
}

/// What the operation that the arguments name takes.
fn dispatched(failure: &Failure<'_>) -> Vec<(Cow<'static, str>, String)> {
    failure.deed.map(|deed| (deed.touches)(environment(failure))).unwrap_or_default()
}

/// Where the call went, as far as it is known.
fn environment<'a>(failure: &Failure<'a>) -> Environment<'a> {
    let region = failure.target.map_or("*", |target| target.region.as_str());
    Environment {
        partition: awsmcp_sdk::partition(region),
        region,
        account: failure.identity.map_or("*", |identity| identity.account.as_str()),
    }
}

fn arn_of<S: Service>(need: Need, failure: &Failure<'_>) -> Option<String> {
    let environment = environment(failure);
    let arns = gate::touches::<S>(need.arn, failure.input, environment);
    match arns.as_slice() {
        [] => None,
        [one] => Some(one.clone()),
        [first, ..] => Some(format!("{first} and {} more", arns.len() - 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_words_of_aws_leave_room_for_what_they_mean() {
        let mut error = Error::conflict("é".repeat(100_000));
        error.code = Some("C".repeat(9_000));
        error.request_id = Some("r".repeat(9_000));
        error.status = Some(409);
        let short = in_short(error);
        let sizes = [Some(&short.message), short.code.as_ref(), short.request_id.as_ref()]
            .map(|text| text.map_or(0, |text| text.chars().count()));
        assert!(sizes.iter().sum::<usize>() < LONGEST - 800, "{sizes:?}");
        assert!(short.message.contains("97,500"), "{}", short.message);
        let hidden = in_short(Error::conflict("\u{e0041}\u{202e}".repeat(10_000)));
        assert!(continued(&hidden.message).chars().count() < LONGEST - 800);
        assert_eq!(in_short(Error::invalid("no")), Error::invalid("no"));
        // What is wrong with a long name stands behind it.
        let name = in_short(Error::invalid(format!(
            "{:?} is not a thing's name: a good one is `a`",
            "b".repeat(9_000)
        )));
        assert!(
            name.message.starts_with("\"bbb")
                && name.message.ends_with("is not a thing's name: a good one is `a`")
        );
    }

    #[test]
    fn an_argument_is_repeated_only_in_part() {
        let text = sentence(&Error::invalid(format!("{:?} is no name; a good one is b.", "x".repeat(5000))));
        assert_eq!(text, format!("\"{}… is no name; a good one is b", "x".repeat(199)));
    }
}
