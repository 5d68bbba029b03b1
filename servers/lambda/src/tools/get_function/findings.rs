//! What a person should know of a function first.

use crate::{
    names::last_part,
    policy::{Grant, Hold, is_service},
    runtimes::{blocks, deprecation, is_known, not_known, today},
    tools::get_function::card::{Card, Url},
};

/// What a person should know first, the worst first.
pub(super) fn findings(card: &Card) -> Vec<String> {
    let mut found = openings(card);
    if let Some(reason) = card.state_reason.as_deref().filter(|_| card.state.as_deref() == Some("Failed")) {
        found.push(format!("high: the function cannot run: {reason}"));
    }
    if card.last_update.as_deref() == Some("Failed") {
        let reason = card.last_update_reason.as_deref().unwrap_or("no reason was given");
        found.push(format!("high: the last update failed: {reason}"));
    }
    if card.recursive_loop.as_deref() == Some("Allow") {
        found.push(
            "low: AWS does not stop it when it calls itself in a circle (recursive_loop Allow)".to_owned(),
        );
    }
    if card.reserved_concurrency == Some(0) {
        found.push("high: reserved concurrency is 0, so every call is throttled".to_owned());
    }
    let runtime = card.runtime.as_deref().unwrap_or_default();
    if let Some(day) = deprecation(runtime, today(), 0) {
        let blocks =
            blocks(runtime).map(|blocks| format!("; of such functions {blocks}")).unwrap_or_default();
        found.push(format!("medium: AWS deprecated {runtime} on {day}: no more security patches{blocks}"));
    } else if !is_known(runtime) {
        found.push(format!("low: {}", not_known(runtime)));
    } else if let Some(day) = deprecation(runtime, today(), 180) {
        found.push(format!("low: AWS deprecates {runtime} on {day}"));
    }
    if let Some(error) = &card.environment_error {
        found.push(format!("medium: the environment cannot be decrypted: {error}"));
    }
    for grant in card.policy.iter().filter(|grant| grant.principal.split(',').any(is_service)) {
        let (who, id) = (&grant.principal, last_part(&grant.statement_id));
        match grant.hold {
            Hold::Nothing => found.push(format!(
                "medium: {who} may call it for any account ({id}): set a source ARN or account"
            )),
            Hold::Resource => found.push(format!(
                "low: {who} may call it for a resource that may be of another account one day ({id}): set a source account"
            )),
            Hold::Owner => {}
        }
    }
    let has_destination = card.async_settings.iter().any(|settings| settings.on_failure.is_some());
    let is_called_async = card
        .policy
        .iter()
        .any(|grant| ["s3.", "sns.", "events."].iter().any(|service| grant.principal.starts_with(service)));
    if is_called_async && card.dead_letter.is_none() && !has_destination {
        found.push(
            "low: failed asynchronous events are lost: no dead-letter queue, no failure destination"
                .to_owned(),
        );
    }
    found
}

/// Who may call it that nobody would expect.
fn openings(card: &Card) -> Vec<String> {
    let open: Vec<&Grant> = card.policy.iter().filter(|grant| grant.is_public).collect();
    let mut found: Vec<String> = open
        .iter()
        .filter(|grant| !grant.is_by_url())
        .map(|grant| {
            let to = grant.qualifier.as_ref().map(|name| format!(" of {name}")).unwrap_or_default();
            format!(
                "high: anybody with an AWS account may call {}{to} ({})",
                grant.action, grant.statement_id
            )
        })
        .collect();
    let (public, signed): (Vec<&Url>, Vec<&Url>) = card.urls.iter().partition(|url| url.auth == "NONE");
    found.extend(public.into_iter().map(|url| public_url(card, url, &open)));
    found.extend(signed.into_iter().filter_map(|url| signed_url(url, &open)));
    found
}

/// The statements that are open to everybody and about calls of this URL.
fn of_url<'a>(url: &'a Url, open: &'a [&'a Grant]) -> impl Iterator<Item = &'a Grant> {
    let is_of_it = |grant: &&&Grant| {
        grant.qualifier.as_deref().unwrap_or("$LATEST") == url.qualifier && grant.is_for_auth(&url.auth)
    };
    open.iter().filter(is_of_it).copied()
}

/// That a URL whose callers sign in is open to those of every account.
fn signed_url(url: &Url, open: &[&Grant]) -> Option<String> {
    let has = |action: &str| of_url(url, open).any(|grant| covers(&grant.action, action));
    let grant = of_url(url, open).find(|grant| grant.is_by_url())?;
    (has("lambda:InvokeFunctionUrl") && has("lambda:InvokeFunction"))
        .then(|| format!("high: anybody with an AWS account may call {} ({})", url.url, grant.statement_id))
}

/// What becomes of a call of a URL that asks nobody to sign in. AWS answers it where the policy of the very version or alias
/// allows two actions to everybody: <https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html>.
fn public_url(card: &Card, url: &Url, open: &[&Grant]) -> String {
    let address = &url.url;
    if card.unread_policies.contains(&url.qualifier) {
        return format!(
            "medium: {address} has auth NONE, and whether the policy of {} opens it could not be read",
            url.qualifier
        );
    }
    let has = |action: &str| of_url(url, open).any(|grant| covers(&grant.action, action));
    match (has("lambda:InvokeFunctionUrl"), has("lambda:InvokeFunction")) {
        (true, true) => format!("high: anybody may call {address} without signing in"),
        (false, false) => format!(
            "low: a URL has auth NONE, but no policy statement lets the public use it ({})",
            url.qualifier
        ),
        (url_only, _) => format!(
            "medium: {address} has auth NONE, but of the two statements that the public needs only that of {} is \
             there: AWS answers 403",
            if url_only { "lambda:InvokeFunctionUrl" } else { "lambda:InvokeFunction" }
        ),
    }
}

/// Whether a statement's action, which may have a `*` at its end, is or holds this one.
fn covers(given: &str, action: &str) -> bool {
    given.split(',').any(|given| match given.strip_suffix('*') {
        Some(start) => action.starts_with(start),
        None => given == action,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(principal: &str, action: &str, condition: Option<&str>, is_public: bool) -> Grant {
        Grant {
            statement_id: "s".to_owned(),
            principal: principal.to_owned(),
            action: action.to_owned(),
            condition: condition.map(str::to_owned),
            qualifier: None,
            is_public,
            hold: Hold::Nothing,
        }
    }

    #[test]
    fn findings_name_what_is_open_broken_or_old() {
        let url = || Url {
            qualifier: "$LATEST".to_owned(),
            url: "https://x.lambda-url.us-east-1.on.aws/".to_owned(),
            auth: "NONE".to_owned(),
            mode: None,
            origins: Vec::new(),
        };
        let found = |card: Card| findings(&card).join("\n");
        assert_eq!(found(Card::default()), "");
        let closed = Card { urls: vec![url()], ..Card::default() };
        assert!(found(closed).contains("low: a URL has auth NONE"));
        let by_url = grant("*", "lambda:InvokeFunctionUrl", None, true);
        let half = Card { urls: vec![url()], policy: vec![by_url.clone()], ..Card::default() };
        assert!(found(half).contains("only that of lambda:InvokeFunctionUrl is there: AWS answers 403"));
        let invoking = grant("*", "lambda:InvokeFunction", Some("lambda:InvokedViaFunctionUrl=true"), true);
        let open =
            Card { urls: vec![url()], policy: vec![by_url.clone(), invoking.clone()], ..Card::default() };
        assert_eq!(
            found(open),
            "high: anybody may call https://x.lambda-url.us-east-1.on.aws/ without signing in"
        );
        // What is granted on an alias opens its URL, and no other.
        let of_live = |grant: &Grant| Grant { qualifier: Some("live".to_owned()), ..grant.clone() };
        let policy = vec![of_live(&by_url), of_live(&invoking)];
        let elsewhere = Card { urls: vec![url()], policy: policy.clone(), ..Card::default() };
        assert!(found(elsewhere).contains("low: a URL has auth NONE"));
        let live = || Url { qualifier: "live".to_owned(), ..url() };
        assert!(
            found(Card { urls: vec![live()], policy, ..Card::default() }).contains("high: anybody may call")
        );
        let unread = Card { urls: vec![live()], unread_policies: vec!["live".to_owned()], ..Card::default() };
        assert!(found(unread).contains("whether the policy of live opens it could not be read"));
        // Whoever signs in may be of any account.
        let signed = Url { auth: "AWS_IAM".to_owned(), ..url() };
        let of_auth = |auth: &str| {
            grant("*", "lambda:InvokeFunctionUrl", Some(&format!("lambda:FunctionUrlAuthType={auth}")), true)
        };
        let open_to = |auth: &str| Card {
            urls: vec![Url { auth: "AWS_IAM".to_owned(), ..url() }],
            policy: vec![of_auth(auth), invoking.clone()],
            ..Card::default()
        };
        assert!(
            found(open_to("AWS_IAM"))
                .contains("high: anybody with an AWS account may call https://x.lambda-url")
        );
        assert_eq!(found(open_to("NONE")), "");
        assert_eq!(found(Card { urls: vec![signed], ..Card::default() }), "");
        let other =
            Card { urls: vec![url()], policy: vec![of_auth("AWS_IAM"), invoking.clone()], ..Card::default() };
        assert!(found(other).contains("AWS answers 403"));
        let open = grant("*", "lambda:InvokeFunction", None, true);
        assert!(
            found(Card { policy: vec![open], ..Card::default() })
                .contains("high: anybody with an AWS account")
        );
        let s3 = grant("s3.amazonaws.com", "lambda:InvokeFunction", None, false);
        let text = found(Card { policy: vec![s3], ..Card::default() });
        assert!(text.contains("for any account") && text.contains("are lost"), "{text}");
        let old = Card { runtime: Some("python3.6".to_owned()), ..Card::default() };
        assert!(found(old).contains("deprecated python3.6 on 2022-07-18"));
        let stopped = Card { reserved_concurrency: Some(0), ..Card::default() };
        assert!(found(stopped).contains("every call is throttled"));
    }
}
