//! Failures without an answer from AWS: no credentials, no network, a bad endpoint, a refusal of our own.

use std::error::Error as StdError;
use std::io;

use aws_credential_types::provider::error::{CredentialsError, TokenError};
use aws_sdk_sts::error::SdkError;
use aws_sdk_sts::operation::assume_role::AssumeRoleError;
use aws_sdk_sts::operation::assume_role_with_web_identity::AssumeRoleWithWebIdentityError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::error::operation::BuildError;

use crate::client::Silence;
use crate::words::{links, plain, text};
use crate::{Error, Kind};

/// Explains a failure by what lies at the bottom of it.
pub(crate) fn explain(error: &(dyn StdError + 'static)) -> Error {
    if let Some(own) = find::<Error>(error) {
        return own.clone();
    }
    let about_credentials = find::<CredentialsError>(error).is_some() || find::<TokenError>(error).is_some();
    if about_credentials {
        return credentials(error);
    }
    let text = text(error);
    if find::<BuildError>(error).is_some() {
        return Error::invalid(text);
    }
    let lower = text.to_lowercase();
    if lower.contains("identity resolver timed out") {
        return Error::timeout("The credentials took too long to load").with_next(
            "See whether the credential process, SSO or the metadata service of this machine hangs, and call again.",
        );
    }
    if let Some(found) = network(error, &lower) {
        return found;
    }
    if ["invalid configuration", "endpoint"].iter().any(|sign| lower.contains(sign)) {
        return Error::new(Kind::Endpoint, text)
            .with_next("Check the region, AWS_ENDPOINT_URL, and whether the service has such an endpoint (FIPS, dual-stack).");
    }
    Error::internal(text)
}

/// Why there are no credentials. The SDK's own words are the only sign of most causes.
fn credentials(error: &(dyn StdError + 'static)) -> Error {
    if let Some(answer) = find::<SdkError<AssumeRoleError, HttpResponse>>(error) {
        return role(Error::read(answer));
    }
    if let Some(answer) = find::<SdkError<AssumeRoleWithWebIdentityError, HttpResponse>>(error) {
        return role(Error::read(answer));
    }
    let text = text(error);
    let lower = text.to_lowercase();
    let has = |signs: &[&str]| signs.iter().any(|sign| lower.contains(sign));
    if has(&["external process"]) {
        let (_, said) = text.split_once("Stderr:").unwrap_or(("", &text));
        return Error::new(
            Kind::NoCredentials,
            format!("The profile's credential_process failed: {}", said.trim()),
        )
        .with_next("Run the command of credential_process by hand, correct it, and call again.");
    }
    // GetRoleCredentials answers ForbiddenException where the person may not use that account or role.
    if has(&["forbiddenexception"]) {
        return Error::new(
            Kind::AccessDenied,
            "SSO does not give this person the profile's account and role",
        )
        .with_next("Check sso_account_id and sso_role_name of the profile, or ask for the assignment.");
    }
    let nowhere = matches!(find::<CredentialsError>(error), Some(CredentialsError::CredentialsNotLoaded(_)));
    // The metadata service comes last in the chain: if it fails, there was nothing before it.
    if nowhere || has(&["imds"]) {
        return Error::new(Kind::NoCredentials, NOWHERE).with_next(
            "Sign in (`aws sso login`), or choose a profile with --profile or AWS_PROFILE, or set AWS_ACCESS_KEY_ID and \
             AWS_SECRET_ACCESS_KEY.",
        );
    }
    if let Some(mut found) = network(error, &lower) {
        found.message = format!("The credentials could not be loaded: {}", found.message);
        return found;
    }
    // The console's own sign-in; its tokens lie in a cache of that name.
    if has(&["login/cache", "login session", "logincredentialsprovider"]) {
        return Error::new(
            Kind::NoCredentials,
            "Nobody has signed in with `aws login`, or the session is over",
        )
        .with_next("Run `aws login` in a terminal and call again; nothing needs a restart.");
    }
    if has(&["sso", "unauthorizedexception", "invalidgrantexception"])
        && !has(&["invalid sso config", "sso-session named"])
    {
        // A token that cannot be read means that nobody signed in yet; anything else was good once.
        let (kind, what) = match has(&["failed to load the cached sso token", "failed to read"]) {
            true => (Kind::NoCredentials, "Nobody has signed in with SSO"),
            false => (Kind::ExpiredCredentials, "The SSO session has expired"),
        };
        return Error::new(kind, what)
            .with_next("Run `aws sso login` in a terminal and call again; nothing needs a restart.");
    }
    if let Some(CredentialsError::ProviderTimedOut(_)) = find::<CredentialsError>(error) {
        return Error::timeout(text);
    }
    Error::new(Kind::NoCredentials, format!("The credentials could not be loaded: {text}"))
        .with_next("Correct the profile in ~/.aws/config or ~/.aws/credentials and call again.")
}

/// The whole chain came to nothing.
pub(crate) const NOWHERE: &str = "No AWS credentials were found";

fn role(mut error: Error) -> Error {
    error.message = format!("The profile's role could not be taken on: {}", error.message);
    if error.kind == Kind::AccessDenied {
        error.next = Some(
            "Let the role's trust policy name the caller, and allow the caller sts:AssumeRole on the role."
                .to_owned(),
        );
    }
    error
}

/// What went wrong below HTTP, if anything did.
fn network(error: &(dyn StdError + 'static), lower: &str) -> Option<Error> {
    let has = |signs: &[&str]| signs.iter().any(|sign| lower.contains(sign));
    if let Some(silence) = find::<Silence>(error) {
        return Some(
            Error::timeout(silence.to_string())
                .with_next("Call again, asking for less at a time if you can."),
        );
    }
    let connector = find::<ConnectorError>(error);
    let cause = links(error).filter_map(|link| link.downcast_ref::<io::Error>()).map(io::Error::kind).last();
    const OFFLINE: &str = "Check the network, a VPN or a proxy (HTTPS_PROXY), and call again.";
    let found = if has(&[
        "dns error",
        "lookup address",
        "name or service not known",
        "resolving dns",
        "failed to resolve",
    ]) {
        Error::new(Kind::Network, "The endpoint's name could not be resolved")
            .with_next("Check the network and DNS, the region's spelling, and AWS_ENDPOINT_URL if it is set.")
    } else if has(&[
        "certificate",
        "invalidcontenttype",
        "corrupt message",
        "handshake",
        "tls error",
        "peer sent",
    ]) {
        Error::new(Kind::Endpoint, format!("The TLS connection failed: {}", bottom(error))).with_next(
            "If a proxy inspects TLS, trust its CA (AWS_CA_BUNDLE or the system's store); if the endpoint speaks plain HTTP, \
             write http:// in AWS_ENDPOINT_URL.",
        )
    } else {
        match cause {
            Some(io::ErrorKind::ConnectionRefused) => Error::new(Kind::Endpoint, "The endpoint refuses connections")
                .with_next("See that something listens there; AWS's own endpoints never refuse, so look at AWS_ENDPOINT_URL and the proxy."),
            Some(io::ErrorKind::NetworkUnreachable | io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkDown) => {
                Error::new(Kind::Network, "There is no network path to the endpoint").with_next(OFFLINE)
            }
            Some(
                io::ErrorKind::ConnectionReset
                | io::ErrorKind::ConnectionAborted
                | io::ErrorKind::BrokenPipe
                | io::ErrorKind::UnexpectedEof,
            ) => broke_off(),
            Some(io::ErrorKind::TimedOut) => timed_out(lower),
            _ if has(&["closed before message completed", "connection closed", "connection reset"]) => broke_off(),
            _ if connector.is_some_and(ConnectorError::is_timeout) || has(&["timed out", "timeout"]) => timed_out(lower),
            _ if connector.is_some_and(ConnectorError::is_io) => {
                Error::new(Kind::Network, format!("The connection failed: {}", bottom(error))).with_next(OFFLINE)
            }
            _ => return None,
        }
    };
    Some(found)
}

fn broke_off() -> Error {
    Error::new(Kind::Network, "The connection broke off").with_next("Call again.")
}

fn timed_out(lower: &str) -> Error {
    if lower.contains("connect") {
        Error::timeout("The endpoint did not take the connection in time")
            .with_next("Check the network, a VPN, a proxy (HTTPS_PROXY) or the VPC endpoint, and call again.")
    } else {
        Error::timeout("AWS did not answer in time")
            .with_next("Call again, asking for less at a time if you can.")
    }
}

/// The first error of this type in the chain of causes.
fn find<'a, E: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a E> {
    links(error).find_map(|link| link.downcast_ref::<E>())
}

fn bottom(error: &(dyn StdError + 'static)) -> String {
    links(error).last().map(|link| plain(&link.to_string())).unwrap_or_default()
}
